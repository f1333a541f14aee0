//! The settings of a machine: a search over everything, pages to the left, rows to the right, checked while they are
//! changed.
//!
//! * [`row`]: a row as data. * [`page`]: which pages there are, and which rows stand on each (`pages/`).
//! * [`row_ui`]: how rows are drawn; [`cache_levels`], [`cache_drawing`], [`feature_list`] and [`cpuid_table`] are the
//!   large controls.
//! * [`history`]: what Undo takes back.

mod cache_drawing;
mod cache_levels;
mod cpuid_table;
mod feature_list;
mod history;
pub mod page;
mod pages;
pub mod row;
pub mod row_ui;

use super::commands;
use super::file_browser::{self, FileBrowser};
use super::host::HostFacts;
use super::theme::{self, GRID, Tone};
use crate::library::MachineFolder;
use egui::{Button, Context, Id, Modal, RichText, ScrollArea, TextEdit, Ui};
use egui_material_icons::icons::ICON_WARNING;
use history::History;
use machines::boards;
use machines::catalogue::Catalogue;
use machines::media::hard_disk::COMMON_DRIVES;
use machines::profile::{Conflict, DiskProfile, Firmware, Profile, check};
pub use page::Page;
use page::RowCx;
pub use pages::{cpu, drives, general, memory};
use row::{Control, Draft, Edit, Row, Target, When};
use row_ui::Live;
use std::path::Path;

const WIDTH: f32 = 112.0 * GRID;
const PAGES_WIDTH: f32 = 16.0 * GRID;
/// What title, search and buttons need of the window's height.
const AROUND: f32 = 28.0 * GRID;
const LEAST_HEIGHT: f32 = 24.0 * GRID;
const MOST_HEIGHT: f32 = 64.0 * GRID;

/// What became of the dialog.
pub enum Outcome {
    Open,
    Closed,
    /// The changes are written.
    Saved(Box<Profile>),
}

/// The dialog.
pub struct Settings {
    folder: MachineFolder,
    before: Profile,
    /// What the machine was switched on with, if it is on.
    live: Option<Profile>,
    draft: Draft,
    history: History,
    page: Page,
    search: String,
    browser: Option<(Target, FileBrowser)>,
    catalogue: Catalogue,
    problem: Option<String>,
}

impl Settings {
    /// The settings of a machine that is off or, with the profile that it was switched on with, live.
    pub fn new(folder: MachineFolder, profile: Profile, page: Page, live: Option<Profile>) -> Self {
        Self {
            folder,
            before: profile.clone(),
            live,
            draft: Draft::new(profile),
            history: History::default(),
            page,
            search: String::new(),
            browser: None,
            catalogue: Catalogue::standard(),
            problem: None,
        }
    }

    /// The machine whose settings these are.
    pub fn folder(&self) -> &MachineFolder {
        &self.folder
    }

    pub fn show(&mut self, ctx: &Context, host: &mut HostFacts) -> Outcome {
        if self.page == Page::Sound || !self.search.is_empty() {
            host.ask_for_sound();
        }
        let modal = Modal::new(Id::unique("settings")).show(ctx, |ui| self.ui(ui, host));
        let should_close = modal.should_close() && self.browser.is_none();
        self.show_browser(ctx);
        if should_close { Outcome::Closed } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui, host: &HostFacts) -> Outcome {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 6.0 * GRID));
        ui.heading(format!("Settings of {}", self.before.name));
        ui.horizontal(|ui| {
            let label = ui.label("Search all pages");
            let search = TextEdit::singleline(&mut self.search).desired_width(32.0 * GRID);
            ui.add(search).labelled_by(label.id);
        });
        ui.separator();
        let conflicts = check(&self.draft.profile, &self.catalogue);
        let mut edits = Vec::new();
        ui.horizontal_top(|ui| {
            ui.set_height((window.y - AROUND).clamp(LEAST_HEIGHT, MOST_HEIGHT));
            ui.vertical(|ui| {
                ui.set_width(PAGES_WIDTH);
                ScrollArea::vertical().id_salt("pages").show(ui, |ui| self.pages_ui(ui, &conflicts, host));
            });
            ui.separator();
            ui.vertical(|ui| {
                // What is found by other words begins at the top again.
                let rows = ScrollArea::both().id_salt(("rows", self.page.title(), &self.search));
                let rows = rows.auto_shrink(false);
                rows.show(ui, |ui| edits = self.rows_ui(ui, &conflicts, host));
            });
        });
        edits.into_iter().for_each(|edit| self.carry_out(edit));
        ui.separator();
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        let is_resumable = self.live.is_none() && self.folder.is_suspended();
        if is_resumable && self.before.with_news_of(&self.draft.profile) != self.draft.profile {
            let words = "The machine is suspended: with these changes it will start afresh.";
            ui.colored_label(theme::tone(ui, Tone::Waiting), words);
        }
        self.buttons(ui, &conflicts)
    }

    fn carry_out(&mut self, RowEdit { row, is_typed, edit }: RowEdit) {
        match edit {
            Edit::Change(change) => {
                self.history.note(&row, is_typed, self.draft.clone());
                change(&mut self.draft);
            }
            Edit::Browse(target) => {
                let title = match target {
                    Target::Floppy(_) => "Choose a floppy image",
                    Target::Disk => "Choose a hard disk image",
                    Target::Rom => "Choose a ROM image",
                };
                self.browser = Some((target, FileBrowser::new(title, None)));
            }
        }
    }

    fn show_browser(&mut self, ctx: &Context) {
        let Some((target, browser)) = &mut self.browser else { return };
        let target = *target;
        match browser.show(ctx) {
            file_browser::Outcome::Open => {}
            file_browser::Outcome::Cancelled => self.browser = None,
            file_browser::Outcome::Chosen(path) => {
                self.browser = None;
                self.history.note("", false, self.draft.clone());
                take_file(&mut self.draft.profile, target, &path);
            }
        }
    }

    /// The pages; each says whether something on it does not fit.
    fn pages_ui(&mut self, ui: &mut Ui, conflicts: &[Conflict], host: &HostFacts) {
        let draft = self.draft.profile.clone();
        ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
            for page in Page::all() {
                let rows = rows_for(page, &draft, &self.catalogue, host);
                let is_wrong = rows.iter().any(|row| is_wrong(row, conflicts));
                let icon = if is_wrong { ICON_WARNING } else { page.icon() };
                let is_shown = self.page == page && self.search.trim().is_empty();
                let button = Button::selectable(is_shown, (icon.rich_text(), page.title()));
                let response = ui.add(button.right_text(""));
                commands::named(&response, page.title());
                if is_wrong {
                    response.clone().on_hover_text("Something on this page does not fit.");
                }
                if response.clicked() {
                    self.page = page;
                    self.search.clear();
                }
            }
        });
    }

    /// The rows of the page, or those of all pages that are searched for.
    fn rows_ui(&self, ui: &mut Ui, conflicts: &[Conflict], host: &HostFacts) -> Vec<RowEdit> {
        if boards::find(&self.draft.profile.board).is_none() {
            let words = conflicts.first().map_or("", |conflict| conflict.message.as_str());
            ui.colored_label(theme::tone(ui, Tone::Bad), words);
            return Vec::new();
        }
        let words = self.search.trim().to_lowercase();
        let mut edits = Vec::new();
        let mut has_any = false;
        for page in Page::all().filter(|page| *page == self.page || !words.is_empty()) {
            let is_found = |row: &Row| words.is_empty() || row.has_words(page.title(), &words);
            let rows = rows_for(page, &self.draft.profile, &self.catalogue, host);
            let rows: Vec<Row> = rows.into_iter().filter(is_found).collect();
            if rows.is_empty() {
                continue;
            }
            has_any = true;
            ui.push_id(page.title(), |ui| {
                ui.add_space(GRID);
                ui.label(RichText::new(page.title()).heading());
                ui.add_space(GRID);
                let now = self.live.as_ref().map(|live| rows_for(page, live, &self.catalogue, host));
                // Two cards may have options of the same name.
                for (at, row) in rows.into_iter().enumerate() {
                    let now = now.as_ref().and_then(|now| waiting(&row, now));
                    let live = if self.live.is_some() { Live::On } else { Live::Off };
                    let (label, is_typed) = (row.label.clone(), matches!(row.control, Control::Text { .. }));
                    let made = ui.push_id(at, |ui| row_ui::show(ui, row, conflicts, live, now)).inner;
                    edits.extend(made.into_iter().map(|edit| RowEdit { row: label.clone(), is_typed, edit }));
                }
            });
        }
        if !has_any {
            ui.weak("No setting has these words.");
        }
        edits
    }

    fn buttons(&mut self, ui: &mut Ui, conflicts: &[Conflict]) -> Outcome {
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            let is_nameless = self.draft.profile.name.trim().is_empty();
            let save = ui.add_enabled(conflicts.is_empty() && !is_nameless, Button::new("Save"));
            let save = save.on_disabled_hover_text(match conflicts.first() {
                Some(conflict) => conflict.message.as_str(),
                None => "Give the machine a name first.",
            });
            if save.clicked() {
                general::tidy(&mut self.draft.profile.tags);
                match save_to(&self.folder, &self.draft.profile, self.draft.new_disk) {
                    Ok(()) => outcome = Outcome::Saved(Box::new(self.draft.profile.clone())),
                    Err(problem) => self.problem = Some(problem),
                }
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Closed;
            }
            let undo = ui.add_enabled(self.history.has_any(), Button::new("Undo"));
            let undo = undo.on_hover_text("Takes the last change back.");
            if undo.on_disabled_hover_text("Nothing was changed yet.").clicked() {
                self.history.undo(&mut self.draft);
            }
            if self.live.is_some() {
                ui.weak("The machine is on: what waits for the next power-on says so.");
            }
        });
        outcome
    }
}

/// An edit, and the row that it came from.
struct RowEdit {
    row: String,
    /// It is one letter of what is being typed.
    is_typed: bool,
    edit: Edit,
}

/// The rows of a page; none on a board that this Anachron does not know.
fn rows_for(page: Page, profile: &Profile, catalogue: &Catalogue, host: &HostFacts) -> Vec<Row> {
    let board = boards::find(&profile.board);
    board.map_or_else(Vec::new, |board| page.rows(RowCx { profile, board, catalogue, host }))
}

fn is_wrong(row: &Row, conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.fields.iter().any(|field| row.fields.contains(field)))
}

/// What a row's value is in the live machine, if the row waits for the next power-on and says something else.
fn waiting(row: &Row, now: &[Row]) -> Option<String> {
    if row.when != When::PowerOn {
        return None;
    }
    match now.iter().find(|was| was.label == row.label) {
        Some(was) => was.control.unlike(&row.control),
        None => Some("not there".to_owned()),
    }
}

/// Puts a chosen file where it belongs.
pub fn take_file(profile: &mut Profile, target: Target, path: &Path) {
    let image = path.to_string_lossy().into_owned();
    match target {
        Target::Floppy(at) => {
            if let Some(floppy) = profile.floppies.get_mut(at) {
                floppy.image = Some(image);
            }
        }
        Target::Disk => profile.disks.push(DiskProfile { image }),
        Target::Rom => profile.firmware = Firmware::File(image),
    }
}

/// Writes a profile, and the new disk that it may name.
///
/// # Errors
/// A sentence.
pub fn save_to(folder: &MachineFolder, profile: &Profile, new_disk: Option<usize>) -> Result<(), String> {
    if let Some((_, geometry)) = new_disk.and_then(|at| COMMON_DRIVES.get(at)) {
        let path = folder.resolve(drives::NEW_DISK);
        let made = std::fs::File::create_new(&path).and_then(|file| file.set_len(geometry.bytes()));
        made.map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
    }
    folder.save_profile(profile).map_err(|error| error.to_string())
}
