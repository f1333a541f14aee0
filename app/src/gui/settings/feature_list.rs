//! The features of a custom processor, by kind, with a field that finds them.

use crate::gui::theme::{self, GRID, Tone};
use egui::{Checkbox, Grid, Label, RichText, TextEdit, Ui};
use egui_material_icons::icons::ICON_WARNING;
use emu_core::cpu::x86::model::{Described, FEATURES, FeatureSet, Kind};

const COLUMN: f32 = 20.0 * GRID;
const MOST_COLUMNS: f32 = 4.0;
const GAP: f32 = 2.0 * GRID;
const FIELD_WIDTH: f32 = 24.0 * GRID;
/// How many features a sentence names.
const MOST_NAMED: usize = 6;

/// Draws the list. Gives the features as they were just changed.
pub fn show(ui: &mut Ui, features: FeatureSet) -> Option<FeatureSet> {
    let words = filter(ui);
    let mut changed = features;
    let mut is_empty = true;
    for kind in Kind::ALL {
        let rows: Vec<&Described> =
            FEATURES.iter().filter(|row| row.kind == kind && has_words(row, &words)).collect();
        if rows.is_empty() {
            continue;
        }
        is_empty = false;
        ui.add_space(GRID);
        ui.label(RichText::new(kind.title()).strong());
        if words.trim().is_empty() {
            columns(ui, kind, &rows, &mut changed);
        } else {
            explained(ui, kind, &rows, &mut changed);
        }
    }
    if is_empty {
        ui.weak("No feature has these words.");
    }
    (changed != features).then_some(changed)
}

/// All features of a kind, in as many columns as there is room for; what each brings is said when the pointer is over it.
fn columns(ui: &mut Ui, kind: Kind, rows: &[&Described], changed: &mut FeatureSet) {
    let columns = ((ui.available_width() + GAP) / (COLUMN + GAP)).clamp(1.0, MOST_COLUMNS) as usize;
    let grid = Grid::new((kind.title(), columns)).num_columns(columns).min_col_width(COLUMN);
    grid.spacing([GAP, GRID / 2.0]).show(ui, |ui| {
        for line in rows.chunks(columns) {
            line.iter().for_each(|row| feature(ui, row, changed));
            ui.end_row();
        }
    });
}

/// The features that were looked for, each with what it brings.
fn explained(ui: &mut Ui, kind: Kind, rows: &[&Described], changed: &mut FeatureSet) {
    Grid::new((kind.title(), "found")).num_columns(2).spacing([GAP, GRID / 2.0]).show(ui, |ui| {
        for row in rows {
            feature(ui, row, changed);
            ui.add(Label::new(RichText::new(hint(row)).small().weak()).extend());
            ui.end_row();
        }
    });
}

/// The field, and what is in it in lower case.
fn filter(ui: &mut Ui) -> String {
    let id = ui.scope_id().with("feature filter");
    let mut words: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        let label = ui.label("Find a feature");
        ui.add(TextEdit::singleline(&mut words).desired_width(FIELD_WIDTH)).labelled_by(label.id);
    });
    ui.data_mut(|data| data.insert_temp(id, words.clone()));
    words.to_lowercase()
}

fn has_words(row: &Described, words: &str) -> bool {
    let text = format!("{} {} {}", row.label, row.help, row.kind.title()).to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
}

fn feature(ui: &mut Ui, row: &Described, features: &mut FeatureSet) {
    let mut is_on = features.has(row.feature);
    let is_missing = !is_on && row.feature.above().any(|above| features.has(above));
    let response = ui.horizontal(|ui| {
        let response = ui.add(Checkbox::new(&mut is_on, row.label)).on_hover_text(hint(row));
        if is_missing {
            ui.colored_label(theme::tone(ui, Tone::Bad), ICON_WARNING.codepoint);
        }
        response
    });
    let response = response.inner;
    if response.changed() {
        let one = [row.feature];
        *features = if is_on { features.with(&one) } else { features.without(&one) };
    }
}

/// What it brings, and what it builds on.
fn hint(row: &Described) -> String {
    let needs: Vec<&str> = row.needs.iter().map(|need| need.described().label).collect();
    match needs.as_slice() {
        [] => format!("{}.", row.help),
        needs => format!("{}. It builds on {}.", row.help, needs.join(", ")),
    }
}

/// What a processor has otherwise than a newer one, as "with SHA, without ADX"; `None`: nothing.
pub fn difference(now: FeatureSet, new: FeatureSet) -> Option<String> {
    let only = |word: &str, these: FeatureSet, others: FeatureSet| {
        let rows = FEATURES.iter().filter(|row| these.has(row.feature) && !others.has(row.feature));
        let labels: Vec<&str> = rows.map(|row| row.label).collect();
        match labels.len() {
            0 => None,
            1..=MOST_NAMED => Some(format!("{word} {}", labels.join(", "))),
            many => Some(format!("{word} {many} of these")),
        }
    };
    let parts: Vec<String> =
        [only("with", now, new), only("without", new, now)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::cpu::x86::model::{EVERYTHING, Feature, PENTIUM};

    #[test]
    fn features_are_found_by_name_and_by_what_they_do() {
        let found = |words: &str| -> Vec<&str> {
            FEATURES.iter().filter(|row| has_words(row, words)).map(|row| row.label).collect()
        };
        assert_eq!(found("sse4"), ["SSE4.1", "SSE4.2"]);
        assert_eq!(found("leading zeros"), ["LZCNT"]);
        assert!(found("avx").contains(&"FMA"), "by its kind");
    }

    #[test]
    fn a_difference_is_said_in_few_words() {
        let now = PENTIUM.features;
        assert_eq!(difference(now, now), None);
        let new = now.with(&[Feature::Sha]).without(&[Feature::Tsc]);
        assert_eq!(difference(now, new).as_deref(), Some("with TSC, without SHA"));
        assert!(difference(now, EVERYTHING.features).is_some_and(|words| words.len() < 40));
    }
}
