//! Rows of the settings in another dialog: the wizard asks for a few of them.

use super::file_browser::{FileBrowser, Outcome};
use super::host::HostFacts;
use super::settings::page::RowCx;
use super::settings::row::{Draft, Edit, Row, Target};
use super::settings::row_ui::{self, Live};
use super::settings::{cpu, drives, memory, take_file};
use egui::{Context, TextEdit, Ui};
use machines::boards::BoardKind;
use machines::catalogue::Catalogue;
use machines::profile::{Conflict, Field, Profile};

/// The rows, with what they keep between frames.
#[derive(Default)]
pub struct ProfileRows {
    browser: Option<(Target, FileBrowser)>,
    /// The size of a hard disk that is made with the machine, as its place among the common drives.
    pub new_disk: Option<usize>,
}

impl ProfileRows {
    /// Shows the conflicts of these fields, each with its Fix.
    pub fn conflicts(
        ui: &mut Ui,
        profile: &mut Profile,
        conflicts: &[Conflict],
        is_of: impl Fn(&Field) -> bool,
    ) {
        for conflict in conflicts.iter().filter(|conflict| conflict.fields.iter().any(&is_of)) {
            if let Some(edit) = row_ui::conflict_ui(ui, conflict) {
                Self::default().carry_out(edit, profile);
            }
        }
    }

    /// The name, below its label: it stands in a narrow column.
    pub fn name(ui: &mut Ui, profile: &mut Profile) {
        let label = ui.weak("Name");
        let field = TextEdit::singleline(&mut profile.name).desired_width(f32::INFINITY);
        ui.add(field).labelled_by(label.id);
    }

    pub fn cpu(&mut self, ui: &mut Ui, profile: &mut Profile, board: &'static BoardKind) {
        self.show(ui, profile, board, cpu::model_and_clock);
    }

    pub fn memory(&mut self, ui: &mut Ui, profile: &mut Profile, board: &'static BoardKind) {
        self.show(ui, profile, board, memory::rows);
    }

    pub fn floppies(&mut self, ui: &mut Ui, profile: &mut Profile, board: &'static BoardKind) {
        self.show(ui, profile, board, drives::images);
    }

    pub fn disks(&mut self, ui: &mut Ui, profile: &mut Profile, board: &'static BoardKind) {
        self.show(ui, profile, board, drives::disks);
    }

    fn show(
        &mut self,
        ui: &mut Ui,
        profile: &mut Profile,
        board: &'static BoardKind,
        rows: fn(RowCx<'_>) -> Vec<Row>,
    ) {
        let (catalogue, host) = (Catalogue::standard(), HostFacts::default());
        let rows = rows(RowCx { profile, board, catalogue: &catalogue, host: &host });
        let edits: Vec<Edit> =
            rows.into_iter().flat_map(|row| row_ui::show(ui, row, &[], Live::Off, None)).collect();
        edits.into_iter().for_each(|edit| self.carry_out(edit, profile));
    }

    fn carry_out(&mut self, edit: Edit, profile: &mut Profile) {
        match edit {
            Edit::Change(change) => {
                let mut draft = Draft { profile: profile.clone(), new_disk: self.new_disk };
                change(&mut draft);
                Draft { profile: *profile, new_disk: self.new_disk } = draft;
            }
            Edit::Browse(target) => {
                self.browser = Some((target, FileBrowser::new("Choose an image", None)));
            }
        }
    }

    /// Shows the file dialog, if one is open.
    pub fn show_browser(&mut self, ctx: &Context, profile: &mut Profile) {
        let Some((target, browser)) = &mut self.browser else { return };
        let target = *target;
        match browser.show(ctx) {
            Outcome::Open => {}
            Outcome::Cancelled => self.browser = None,
            Outcome::Chosen(path) => {
                self.browser = None;
                take_file(profile, target, &path);
            }
        }
    }
}
