//! Memory in hexadecimal: scrolled over all of the address space, gone to, searched, and changed byte by byte.

use super::{PaneCx, address};
use crate::gui::theme::{self, GRID, Tone};
use egui::{Button, RichText, ScrollArea, TextEdit, TextStyle, Ui};
use emu_core::debug::view::DebugView;
use emu_core::machine::protocol::Command;

const ROW: u64 = 16;
/// Rows asked for beyond those that are seen.
const MARGIN: u64 = 4;
/// Bytes that a search looks through at once; the views carry no more than 64 KB in all.
const SEARCHED: u32 = 48 * 1024;

/// A search under way.
struct Search {
    needle: Vec<u8>,
    at: u64,
}

/// The pane.
#[derive(Default)]
pub struct MemoryPane {
    /// The first row that is seen, and how many are.
    first: u64,
    rows: u64,
    /// The row that is to be scrolled to.
    scroll_to: Option<u64>,
    chosen: Option<u64>,
    place: String,
    needle: String,
    byte: String,
    search: Option<Search>,
    message: Option<String>,
}

impl MemoryPane {
    pub fn go_to(&mut self, linear: u64) {
        self.scroll_to = Some(linear / ROW);
        self.chosen = Some(linear);
        self.byte.clear();
    }

    /// The windows that this pane needs.
    pub fn wanted(&self) -> Vec<(u64, u32)> {
        let start = self.first.saturating_sub(MARGIN);
        let rows = (self.rows + 2 * MARGIN).min(512);
        let mut windows = vec![(start * ROW, (rows * ROW) as u32)];
        windows.extend(self.search.as_ref().map(|search| (search.at, SEARCHED)));
        windows
    }

    pub fn ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        self.search_on(cx);
        ui.horizontal_wrapped(|ui| {
            self.place_ui(ui, cx);
            self.search_ui(ui);
            self.byte_ui(ui, cx);
        });
        if let Some(message) = &self.message {
            ui.colored_label(theme::tone(ui, Tone::Waiting), message);
        }
        let height = ui.text_style_height(&TextStyle::Monospace) + 2.0;
        let all = (address::mask(cx.cpu) / ROW + 1).min(1 << 24) as usize;
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::both().auto_shrink(false);
        if let Some(row) = self.scroll_to.take() {
            area = area.vertical_scroll_offset(row as f32 * height);
        }
        area.show_rows(ui, height, all, |ui, rows| {
            (self.first, self.rows) = (rows.start as u64, rows.len() as u64);
            for row in rows {
                self.row_ui(ui, cx.view, row as u64 * ROW);
            }
        });
    }

    fn place_ui(&mut self, ui: &mut Ui, cx: &PaneCx<'_>) {
        if field(ui, "Go to", &mut self.place, 10.0) {
            match address::parse(&self.place, cx.cpu) {
                Ok(place) => {
                    self.message = None;
                    self.go_to(place.linear);
                }
                Err(mistake) => self.message = Some(mistake),
            }
        }
    }

    fn search_ui(&mut self, ui: &mut Ui) {
        if field(ui, "Find bytes or \"text\"", &mut self.needle, 14.0) {
            match needle(&self.needle) {
                Ok(needle) => {
                    let at = self.chosen.map_or(0, |chosen| chosen + 1);
                    self.message = Some("Searching…".to_owned());
                    self.search = Some(Search { needle, at });
                }
                Err(mistake) => self.message = Some(mistake),
            }
        }
    }

    fn byte_ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        let Some(chosen) = self.chosen else { return };
        if field(ui, &format!("Byte at {chosen:05X}"), &mut self.byte, 4.0) {
            match address::hex(&self.byte).map(u8::try_from) {
                Ok(Ok(byte)) => {
                    cx.commands.push(Command::Poke { linear: chosen, bytes: vec![byte] });
                    self.chosen = Some((chosen + 1) & address::mask(cx.cpu));
                    self.byte.clear();
                    self.message = None;
                }
                Ok(Err(_)) => self.message = Some("A byte is 00 to FF".to_owned()),
                Err(mistake) => self.message = Some(mistake),
            }
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, view: &DebugView, start: u64) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            ui.spacing_mut().button_padding.x = 1.0;
            ui.spacing_mut().interact_size.y = 0.0;
            ui.monospace(format!("{start:05X} "));
            let mut text = String::new();
            for linear in start..start + ROW {
                let byte = byte_at(view, linear);
                let face = byte.map_or("··".to_owned(), |byte| format!("{byte:02X}"));
                let button =
                    Button::selectable(self.chosen == Some(linear), RichText::new(face).monospace()).small();
                if ui.add(button).clicked() {
                    self.chosen = Some(linear);
                    self.byte.clear();
                }
                text.push(byte.map_or('·', printable));
            }
            ui.monospace(format!(" {text}"));
        });
    }

    /// Looks through the window that has come, and goes on to the next.
    fn search_on(&mut self, cx: &PaneCx<'_>) {
        let Some(search) = &mut self.search else { return };
        let window =
            cx.view.memory.iter().find(|w| w.start == search.at && w.bytes.len() == SEARCHED as usize);
        let Some(window) = window else { return };
        let found = window.bytes.windows(search.needle.len()).position(|bytes| bytes == search.needle);
        if let Some(found) = found {
            let linear = (search.at + found as u64) & address::mask(cx.cpu);
            self.search = None;
            self.message = Some(format!("Found at {linear:05X}"));
            self.go_to(linear);
            return;
        }
        search.at += u64::from(SEARCHED) - search.needle.len() as u64 + 1;
        if search.at > address::mask(cx.cpu) {
            self.search = None;
            self.message = Some("Not found from here to the end of memory".to_owned());
        }
    }
}

fn byte_at(view: &DebugView, linear: u64) -> Option<u8> {
    view.memory.iter().find_map(|window| {
        let at = usize::try_from(linear.checked_sub(window.start)?).ok()?;
        window.bytes.get(at).copied()
    })
}

fn printable(byte: u8) -> char {
    if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '.' }
}

/// A labelled field. Gives whether Enter was pressed in it.
fn field(ui: &mut Ui, label: &str, text: &mut String, width: f32) -> bool {
    let label = ui.label(label);
    let response = ui.add(TextEdit::singleline(text).desired_width(width * GRID)).labelled_by(label.id);
    response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

/// What to search for: text in quotes, or hexadecimal bytes.
fn needle(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim();
    if let Some(text) = text.strip_prefix('"') {
        let text = text.strip_suffix('"').unwrap_or(text);
        return if text.is_empty() {
            Err("Type what to find".to_owned())
        } else {
            Ok(text.bytes().collect())
        };
    }
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err("Type bytes as pairs of hexadecimal digits, or text in quotes".to_owned());
    }
    let pairs = digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned());
    pairs.map(|pair| address::hex(&pair).map(|byte| byte as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_text_can_be_searched_for() {
        assert_eq!(needle("55 aa"), Ok(vec![0x55, 0xAA]));
        assert_eq!(needle("\"MZ\""), Ok(b"MZ".to_vec()));
        for mistake in ["", "\"\"", "5", "zz", "é1"] {
            assert!(needle(mistake).is_err(), "{mistake}");
        }
    }
}
