//! A cache as a grid of sets and ways, and an example address that falls apart into tag, set and place in the line.

use super::cache_levels::written;
use crate::gui::theme::{self, GRID, Tone};
use egui::{Align2, ComboBox, FontId, Frame, Rect, RichText, Sense, StrokeKind, TextEdit, Ui, WidgetInfo};
use egui::{pos2, vec2};
use emu_core::cache::{AddressSplit, CacheConfig, CacheGeometry, LevelName};

/// Sets and ways that are drawn; of more, the ones around the example.
const DRAWN_SETS: u64 = 7;
const DRAWN_WAYS: u32 = 16;
const CELL: egui::Vec2 = vec2(3.0 * GRID, 2.0 * GRID);
const NUMBERS: f32 = 9.0 * GRID;

/// What is being looked at.
#[derive(Clone)]
struct Example {
    level: LevelName,
    address: String,
}

/// Draws one of the caches, which the user picks, with the example address that the user types.
pub fn show(ui: &mut Ui, name: &str, config: &CacheConfig, address_bits: u32) {
    let levels = config.levels();
    let Some(&(first, _)) = levels.first() else { return };
    let id = ui.scope_id().with(name);
    let fresh = Example { level: first, address: "0B8A5".to_owned() };
    let mut example: Example = ui.data(|data| data.get_temp(id)).unwrap_or(fresh);
    let found = levels.iter().find(|(name, _)| *name == example.level).unwrap_or(&levels[0]);
    example.level = found.0;
    let geometry = found.1.geometry;
    let names: Vec<LevelName> = levels.iter().map(|level| level.0).collect();
    choose(ui, &mut example, &names);
    match (geometry.split(address_bits), read(&example.address, address_bits)) {
        (None, _) => {
            ui.weak("The cache cannot be drawn until its numbers fit together.");
        }
        (_, Err(mistake)) => {
            ui.colored_label(theme::tone(ui, Tone::Bad), mistake);
        }
        (Some(split), Ok(address)) => {
            parts(ui, split, address);
            grid(ui, geometry, split, address);
        }
    }
    ui.data_mut(|data| data.insert_temp(id, example));
}

fn choose(ui: &mut Ui, example: &mut Example, names: &[LevelName]) {
    ui.horizontal(|ui| {
        let label = ui.label("Cache");
        let combo = ComboBox::from_id_salt("drawn cache").selected_text(example.level.to_string());
        let response = combo.show_ui(ui, |ui| {
            for &name in names {
                ui.selectable_value(&mut example.level, name, name.to_string());
            }
        });
        response.response.labelled_by(label.id);
        let label = ui.label("Example address");
        let field = TextEdit::singleline(&mut example.address).desired_width(9.0 * GRID);
        ui.add(field.font(egui::TextStyle::Monospace)).labelled_by(label.id);
        ui.weak("hexadecimal");
    });
}

fn read(text: &str, bits: u32) -> Result<u64, String> {
    let digits = text.trim().trim_start_matches("0x").trim_end_matches(['h', 'H']);
    let address = u64::from_str_radix(digits, 16).map_err(|_| "Type a hexadecimal address.".to_owned())?;
    let highest = u64::MAX >> (64 - bits.clamp(1, 64));
    if address <= highest { Ok(address) } else { Err(format!("The highest address is {highest:X}.")) }
}

/// The address in its three parts, with their widths.
fn parts(ui: &mut Ui, split: AddressSplit, address: u64) {
    let (tag, set, offset) = split.split(address);
    let AddressSplit { tag_bits, index_bits, offset_bits } = split;
    ui.horizontal_wrapped(|ui| {
        for (what, value, bits) in
            [("Tag", tag, tag_bits), ("Set", set, index_bits), ("Offset", offset, offset_bits)]
        {
            Frame::group(ui.style()).inner_margin(GRID / 2.0).show(ui, |ui| {
                ui.vertical(|ui| {
                    ui.label(RichText::new(format!("{what}, {bits} bits")).small());
                    let width = bits as usize;
                    let digits =
                        if bits == 0 { "–".to_owned() } else { format!("{value:0width$b} = {value:X}h") };
                    ui.monospace(digits);
                });
            });
        }
    });
}

/// The sets around the example's, each a row of its ways.
fn grid(ui: &mut Ui, geometry: CacheGeometry, split: AddressSplit, address: u64) {
    let (_, set, _) = split.split(address);
    let (sets, ways) = (geometry.sets(), geometry.ways);
    let rows = sets.min(DRAWN_SETS);
    let first = set.saturating_sub(rows / 2).min(sets - rows);
    let columns = ways.min(DRAWN_WAYS);
    let size = vec2(NUMBERS + CELL.x * columns as f32, CELL.y * rows as f32);
    let line = geometry.line;
    let words = format!("{sets} sets × {ways} ways × {line} bytes = {}", written(geometry.size));
    ui.label(&words);
    let (place, response) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter_at(place.expand(1.0));
    let (text, accent) = (ui.visuals().text_color(), ui.visuals().selection.bg_fill);
    let edge = ui.visuals().widgets.inactive.bg_stroke;
    for row in 0..rows {
        let top = place.top() + CELL.y * row as f32;
        let is_chosen = first + row == set;
        let number = format!("set {}", first + row);
        let at = pos2(place.left(), top + CELL.y / 2.0);
        painter.text(at, Align2::LEFT_CENTER, number, FontId::monospace(12.0), text);
        for column in 0..columns {
            let left = place.left() + NUMBERS + CELL.x * column as f32;
            let cell = Rect::from_min_size(pos2(left, top), CELL).shrink(1.0);
            if is_chosen {
                painter.rect_filled(cell, 2.0, accent);
            }
            painter.rect_stroke(cell, 2.0, edge, StrokeKind::Inside);
        }
    }
    let spoken = format!("{words}; address {address:X} goes to set {set}");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &spoken));
    if u64::from(columns) < u64::from(ways) || rows < sets {
        let rest = format!("Drawn: sets {first} to {}, {columns} of {ways} ways.", first + rows - 1);
        ui.weak(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_within_their_bits() {
        assert_eq!(read("0xB8000", 20), Ok(0xB8000));
        assert_eq!(read("fffffh", 20), Ok(0xFFFFF));
        assert!(read("100000", 20).unwrap_err().contains("FFFFF"));
        assert!(read("", 20).is_err());
    }
}
