//! The caches of a processor as a table, a line for each.

use crate::gui::theme::{self, GRID, Tone};
use egui::{Checkbox, ComboBox, DragValue, Grid, Response, RichText, Ui};
use egui_material_icons::icons::ICON_WARNING;
use emu_core::cache::{
    CacheConfig, CacheGeometry, FirstLevel, Inclusion, LevelConfig, LevelName, Replacement, WritePolicy,
};

const HEADS: [&str; 9] =
    ["", "Size", "Line", "Ways", "Replacement", "Write policy", "Write miss", "Holds", "Latency"];

const REPLACEMENTS: [(Replacement, &str); 3] =
    [(Replacement::Lru, "LRU"), (Replacement::TreePlru, "Tree-PLRU"), (Replacement::Random, "Random")];
const WRITE_POLICIES: [(WritePolicy, &str); 2] =
    [(WritePolicy::Back, "Back"), (WritePolicy::Through, "Through")];
const ALLOCATIONS: [(bool, &str); 2] = [(true, "Fills"), (false, "Passes")];
const INCLUSIONS: [(Inclusion, &str); 3] = [
    (Inclusion::Neither, "Anything"),
    (Inclusion::Inclusive, "All above"),
    (Inclusion::Exclusive, "The evicted"),
];

/// What can be typed; what makes no sense is said, not prevented.
const LARGEST: u64 = 1 << 30;
const MOST: u32 = 4096;
const SLOWEST: u32 = 1000;

/// The form of the first level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    None,
    Unified,
    Split,
}

const FIRSTS: [(First, &str); 3] = [
    (First::None, "None"),
    (First::Unified, "One for code and data"),
    (First::Split, "One for code, one for data"),
];

/// Draws the table. Gives the caches as they were just changed; the inner `None` is a machine without any.
pub fn show(ui: &mut Ui, config: CacheConfig) -> Option<Option<CacheConfig>> {
    let mut changed = config.clone();
    let problems = config.problems();
    first_level(ui, &mut changed);
    Grid::new("levels").num_columns(HEADS.len()).spacing([GRID, GRID]).show(ui, |ui| {
        HEADS.iter().for_each(|head| _ = ui.label(RichText::new(*head).small().weak()));
        ui.end_row();
        let is_wrong = |name| problems.iter().any(|problem| problem.level == name);
        match &mut changed.l1 {
            FirstLevel::None => {}
            FirstLevel::Unified(level) => line(ui, LevelName::L1, level, is_wrong(LevelName::L1)),
            FirstLevel::Split { code, data } => {
                line(ui, LevelName::L1Code, code, is_wrong(LevelName::L1Code));
                line(ui, LevelName::L1Data, data, is_wrong(LevelName::L1Data));
            }
        }
        let usual = usual_lines(&config);
        for (name, level, usual) in
            [(LevelName::L2, &mut changed.l2, usual[0]), (LevelName::L3, &mut changed.l3, usual[1])]
        {
            outer_level(ui, name, level, usual, is_wrong(name));
        }
    });
    (changed != config).then(|| super::pages::caches::has_any(changed))
}

fn first_level(ui: &mut Ui, config: &mut CacheConfig) {
    let form = match config.l1 {
        FirstLevel::None => First::None,
        FirstLevel::Unified(_) => First::Unified,
        FirstLevel::Split { .. } => First::Split,
    };
    let mut chosen = form;
    ui.horizontal(|ui| {
        ui.label("First level");
        pick(ui, "First level", &mut chosen, &FIRSTS, 24.0 * GRID);
    });
    if chosen == form {
        return;
    }
    let level = match config.l1 {
        FirstLevel::None => LevelConfig::usual(CacheGeometry::kib(8, 16, 4), 0),
        FirstLevel::Unified(level) | FirstLevel::Split { data: level, .. } => level,
    };
    config.l1 = match chosen {
        First::None => FirstLevel::None,
        First::Unified => FirstLevel::Unified(level),
        First::Split => FirstLevel::Split { code: level, data: level },
    };
}

/// A second and a third level that fit the first one's lines.
fn usual_lines(config: &CacheConfig) -> [LevelConfig; 2] {
    let longest = config.levels().iter().map(|(_, level)| level.geometry.line).max().unwrap_or(16);
    let line = longest.clamp(4, 256).next_power_of_two();
    [
        LevelConfig::usual(CacheGeometry::kib(256, line, 4), 6),
        LevelConfig::usual(CacheGeometry::kib(4096, line, 16), 20),
    ]
}

/// The second or third level, with its switch.
fn outer_level(
    ui: &mut Ui,
    name: LevelName,
    level: &mut Option<LevelConfig>,
    usual: LevelConfig,
    is_wrong: bool,
) {
    let mut is_on = level.is_some();
    ui.horizontal(|ui| {
        let response = ui.add(Checkbox::new(&mut is_on, name.to_string()));
        warn(ui, is_wrong);
        if response.changed() {
            *level = is_on.then_some(usual);
        }
    });
    match level {
        Some(level) => settings(ui, name, level),
        None => {
            ui.weak("off");
        }
    }
    ui.end_row();
}

/// A first-level cache.
fn line(ui: &mut Ui, name: LevelName, level: &mut LevelConfig, is_wrong: bool) {
    ui.horizontal(|ui| {
        ui.label(name.to_string());
        warn(ui, is_wrong);
    });
    settings(ui, name, level);
    ui.end_row();
}

fn warn(ui: &mut Ui, is_wrong: bool) {
    if is_wrong {
        ui.colored_label(theme::tone(ui, Tone::Bad), ICON_WARNING.codepoint);
    }
}

fn settings(ui: &mut Ui, name: LevelName, level: &mut LevelConfig) {
    let LevelConfig { geometry, replacement, write, allocate_on_write, inclusion, latency } = level;
    let CacheGeometry { size, line, ways } = geometry;
    let sizes = DragValue::new(size).range(0..=LARGEST).speed(64.0);
    let sizes = sizes.custom_formatter(|bytes, _| written(bytes as u64)).custom_parser(read);
    named(ui.add(sizes), &format!("{name} size"));
    named(ui.add(DragValue::new(line).range(0..=MOST).suffix(" B")), &format!("{name} line"));
    named(ui.add(DragValue::new(ways).range(0..=MOST).speed(0.1)), &format!("{name} ways"));
    pick(ui, &format!("{name} replacement"), replacement, &REPLACEMENTS, 10.0 * GRID);
    pick(ui, &format!("{name} write policy"), write, &WRITE_POLICIES, 8.0 * GRID);
    pick(ui, &format!("{name} write miss"), allocate_on_write, &ALLOCATIONS, 7.0 * GRID);
    if matches!(name, LevelName::L2 | LevelName::L3) {
        pick(ui, &format!("{name} holds"), inclusion, &INCLUSIONS, 10.0 * GRID);
    } else {
        ui.weak("–");
    }
    named(ui.add(DragValue::new(latency).range(0..=SLOWEST).speed(0.1)), &format!("{name} latency"));
}

/// One of a few values.
fn pick<T: Copy + PartialEq>(ui: &mut Ui, name: &str, value: &mut T, values: &[(T, &str)], width: f32) {
    let shown = values.iter().find(|(one, _)| one == value).map_or("", |(_, label)| label);
    let combo = ComboBox::from_id_salt(name).width(width).selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        for (one, label) in values {
            ui.selectable_value(value, *one, *label);
        }
    });
    named(response.response, name);
}

/// Gives a control its name for screen readers; the table's heads are for the eye.
fn named(response: Response, name: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// A size as it is written: in the largest unit that divides it.
pub fn written(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KB", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// Reads `512`, `8 KB`, `1.5 MB`.
fn read(text: &str) -> Option<f64> {
    let text = text.trim().to_uppercase();
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace());
    let number: f64 = digits.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let factor = match text[digits.len()..].trim() {
        "" | "B" | "BYTES" => 1.0,
        "K" | "KB" | "KIB" => 1024.0,
        "M" | "MB" | "MIB" => 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number * factor).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for bytes in [0, 512, 1000, 8 << 10, 3 << 20] {
            assert_eq!(read(&written(bytes)), Some(bytes as f64), "{}", written(bytes));
        }
        assert_eq!(read("1.5 kb"), Some(1536.0));
        assert_eq!((read("8 GB"), read("-1"), read("x"), read("")), (None, None, None, None));
    }
}
