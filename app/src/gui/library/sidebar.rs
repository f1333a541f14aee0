//! The filters to the left: all machines, those that run, the kinds, the tags, each with how many there are.

use super::Entry;
use crate::gui::commands;
use crate::gui::standing::Standing;
use crate::gui::theme::GRID;
use egui::{Button, RichText, ScrollArea, Ui};
use machines::boards;
use std::collections::BTreeMap;

/// Which machines are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    #[default]
    All,
    Standing(Standing),
    Board(&'static str),
    Tag(String),
}

impl Filter {
    pub fn lets_pass(&self, entry: &Entry) -> bool {
        let profile = entry.profile.as_ref();
        match self {
            Self::All => true,
            Self::Standing(standing) => entry.standing == *standing,
            Self::Board(name) => profile.is_ok_and(|profile| profile.board == *name),
            Self::Tag(tag) => profile.is_ok_and(|profile| profile.tags.contains(tag)),
        }
    }

    fn count(&self, entries: &[Entry]) -> usize {
        entries.iter().filter(|entry| self.lets_pass(entry)).count()
    }
}

/// Shows the filters, and lets one be chosen.
pub fn ui(ui: &mut Ui, filter: &mut Filter, entries: &[Entry]) {
    ScrollArea::vertical().id_salt("filters").show(ui, |ui| {
        ui.add_space(GRID);
        row(ui, filter, Filter::All, "All", entries);
        row(ui, filter, Filter::Standing(Standing::Running), "Running", entries);
        for standing in [Standing::Paused, Standing::Suspended, Standing::Broken] {
            let choice = Filter::Standing(standing);
            if choice.count(entries) > 0 || *filter == choice {
                row(ui, filter, choice, capitalised(standing.word()).as_str(), entries);
            }
        }
        let profiles = || entries.iter().filter_map(|entry| entry.profile.as_ref().ok());
        let kinds: BTreeMap<_, _> = profiles()
            .filter_map(|profile| boards::find(&profile.board))
            .map(|board| (board.label.to_owned(), Filter::Board(board.name)))
            .collect();
        group(ui, "Kinds", filter, kinds, entries);
        let tags: BTreeMap<_, _> = profiles()
            .flat_map(|profile| profile.tags.iter())
            .map(|tag| (tag.clone(), Filter::Tag(tag.clone())))
            .collect();
        group(ui, "Tags", filter, tags, entries);
    });
}

fn group(
    ui: &mut Ui,
    heading: &str,
    filter: &mut Filter,
    choices: BTreeMap<String, Filter>,
    entries: &[Entry],
) {
    if choices.is_empty() {
        return;
    }
    ui.add_space(GRID);
    ui.label(RichText::new(heading).small().weak());
    for (label, choice) in choices {
        row(ui, filter, choice, &label, entries);
    }
}

fn row(ui: &mut Ui, filter: &mut Filter, choice: Filter, label: &str, entries: &[Entry]) {
    let count = choice.count(entries);
    let is_chosen = *filter == choice;
    let button = Button::selectable(is_chosen, label).right_text(RichText::new(count.to_string()).weak());
    let response = ui.add(button.min_size(egui::vec2(ui.available_width(), 0.0)).truncate());
    let machines = if count == 1 { "machine" } else { "machines" };
    commands::named_choice(&response, is_chosen, &format!("{label}, {count} {machines}"));
    if response.clicked() {
        *filter = choice;
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
