//! The tags of the chosen machines, to be given and taken away.

use super::Entry;
use crate::gui::theme::GRID;
use crate::library::MachineFolder;
use egui::{Button, Context, Id, Key, Modal, ScrollArea, TextEdit, Ui};
use std::collections::BTreeMap;

/// Which of the chosen machines shall have a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    None,
    /// Those that have it now.
    AsTheyAre,
}

/// What became of the dialog.
pub enum Outcome {
    Open,
    Cancelled,
    Done,
}

/// The dialog.
pub struct TagDialog {
    pub folders: Vec<MachineFolder>,
    tags: BTreeMap<String, Wanted>,
    typed: String,
}

impl TagDialog {
    /// For some machines, offering the tags of all.
    pub fn new(folders: Vec<MachineFolder>, entries: &[Entry]) -> Self {
        let tags_of = |entry: &Entry| entry.profile.as_ref().map(|p| p.tags.clone()).unwrap_or_default();
        let chosen: Vec<_> = entries.iter().filter(|entry| folders.contains(&entry.folder)).collect();
        let wanted = |tag: &String| match chosen.iter().filter(|entry| tags_of(entry).contains(tag)).count() {
            0 => Wanted::None,
            count if count == chosen.len() => Wanted::All,
            _ => Wanted::AsTheyAre,
        };
        let tags = entries.iter().flat_map(tags_of).map(|tag| (tag.clone(), wanted(&tag))).collect();
        Self { folders, tags, typed: String::new() }
    }

    /// A machine's tags after the dialog, from those before.
    pub fn applied(&self, before: &[String]) -> Vec<String> {
        let goes = |tag: &String| self.tags.get(tag) == Some(&Wanted::None);
        let mut after: Vec<_> = before.iter().filter(|tag| !goes(tag)).cloned().collect();
        for (tag, _) in self.tags.iter().filter(|(_, wanted)| **wanted == Wanted::All) {
            if !after.contains(tag) {
                after.push(tag.clone());
            }
        }
        after
    }

    pub fn show(&mut self, ctx: &Context) -> Outcome {
        let modal = Modal::new(Id::unique("tags")).show(ctx, |ui| self.ui(ui));
        if modal.should_close() { Outcome::Cancelled } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui) -> Outcome {
        ui.set_width(40.0 * GRID);
        let machines = match self.folders.len() {
            1 => "the chosen machine".to_owned(),
            count => format!("{count} machines"),
        };
        ui.heading(format!("Tags of {machines}"));
        if self.tags.is_empty() {
            ui.weak("No machine has a tag yet. A tag is a word to find machines by, such as \u{201c}games\u{201d}.");
        }
        ScrollArea::vertical().max_height(30.0 * GRID).show(ui, |ui| {
            for (tag, wanted) in &mut self.tags {
                let mut is_on = *wanted == Wanted::All;
                let mixed = *wanted == Wanted::AsTheyAre;
                let face = if mixed { format!("{tag} (some of them)") } else { tag.clone() };
                if ui.add(egui::Checkbox::new(&mut is_on, face).indeterminate(mixed)).changed() {
                    *wanted = if is_on { Wanted::All } else { Wanted::None };
                }
            }
        });
        self.new_tag(ui);
        ui.separator();
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            if ui.button("Save").clicked() {
                self.take_typed();
                outcome = Outcome::Done;
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Cancelled;
            }
        });
        outcome
    }

    fn new_tag(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let label = ui.label("New tag");
            let field = ui.add(TextEdit::singleline(&mut self.typed).desired_width(20.0 * GRID));
            let field = field.labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let can_add = !self.typed.trim().is_empty();
            if ui.add_enabled(can_add, Button::new("Add")).clicked() || entered {
                self.take_typed();
            }
        });
    }

    fn take_typed(&mut self) {
        for tag in std::mem::take(&mut self.typed).split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            self.tags.insert(tag.to_owned(), Wanted::All);
        }
    }
}
