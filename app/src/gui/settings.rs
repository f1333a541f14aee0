//! The settings of a machine: pages to the left, rows to the right, checked while they are changed.

use super::describe;
use super::profile_rows::ProfileRows;
use super::theme::{self, GRID, Tone};
use crate::library::MachineFolder;
use egui::{Button, Context, Id, Modal, ScrollArea, TextEdit, Ui};
use egui_material_icons::icons::ICON_WARNING;
use machines::boards::{self, BoardKind};
use machines::catalogue::Catalogue;
use machines::media::hard_disk::COMMON_DRIVES;
use machines::profile::{Conflict, Field, Profile, check};

/// The height of what lies between title and buttons: it fits into the smallest window.
const HEIGHT: f32 = 32.0 * GRID;

/// A page of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    General,
    Cpu,
    Memory,
    Firmware,
    Cards,
    Floppies,
    Disks,
}

impl Page {
    const ALL: [Self; 7] =
        [Self::General, Self::Cpu, Self::Memory, Self::Firmware, Self::Cards, Self::Floppies, Self::Disks];

    fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Cpu => "CPU",
            Self::Memory => "Memory",
            Self::Firmware => "Firmware",
            Self::Cards => "Display and cards",
            Self::Floppies => "Floppies",
            Self::Disks => "Disks",
        }
    }

    /// Whether a conflict's field is on this page.
    fn has(self, field: &Field) -> bool {
        match field {
            Field::Board => self == Self::General,
            Field::CpuModel | Field::CpuClock | Field::Engine | Field::Caches => self == Self::Cpu,
            Field::Memory => self == Self::Memory,
            Field::Card(_) => self == Self::Cards,
            Field::Floppy(_) => self == Self::Floppies,
            Field::Disks => self == Self::Disks,
        }
    }
}

/// What became of the dialog.
pub enum Outcome {
    Open,
    Closed,
    /// The changes are written.
    Saved,
}

/// The dialog.
pub struct Settings {
    folder: MachineFolder,
    before: Profile,
    draft: Profile,
    tags: String,
    page: Page,
    rows: ProfileRows,
    catalogue: Catalogue,
    problem: Option<String>,
}

impl Settings {
    pub fn new(folder: MachineFolder, profile: Profile, page: Page) -> Self {
        Self {
            folder,
            tags: profile.tags.join(", "),
            before: profile.clone(),
            draft: profile,
            page,
            rows: ProfileRows::default(),
            catalogue: Catalogue::standard(),
            problem: None,
        }
    }

    pub fn show(&mut self, ctx: &Context) -> Outcome {
        let modal = Modal::new(Id::unique("settings")).show(ctx, |ui| self.ui(ui));
        let should_close = modal.should_close();
        self.rows.show_browser(ctx, &mut self.draft);
        if should_close { Outcome::Closed } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui) -> Outcome {
        ui.set_width(90.0 * GRID);
        ui.heading(format!("Settings of {}", self.before.name));
        ui.separator();
        let conflicts = check(&self.draft, &self.catalogue);
        ui.horizontal_top(|ui| {
            ui.set_height(HEIGHT);
            ui.vertical(|ui| {
                ui.set_width(20.0 * GRID);
                self.pages_ui(ui, &conflicts);
            });
            ui.separator();
            ui.vertical(|ui| {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.page_ui(ui, &conflicts));
            });
        });
        ui.separator();
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        if self.folder.is_suspended() && self.draft != self.before {
            let words = "The machine is suspended. Unless only names, notes or floppies change, it will start afresh.";
            ui.colored_label(theme::tone(ui, Tone::Waiting), words);
        }
        self.buttons(ui, &conflicts)
    }

    fn pages_ui(&mut self, ui: &mut Ui, conflicts: &[Conflict]) {
        for page in Page::ALL {
            let is_wrong =
                conflicts.iter().any(|conflict| conflict.fields.iter().any(|field| page.has(field)));
            let face = if is_wrong {
                format!("{} {}", ICON_WARNING.codepoint, page.title())
            } else {
                page.title().to_owned()
            };
            if ui.selectable_label(self.page == page, face).clicked() {
                self.page = page;
            }
        }
    }

    fn page_ui(&mut self, ui: &mut Ui, conflicts: &[Conflict]) {
        let Some(board) = boards::find(&self.draft.board) else {
            ui.label("This Anachron does not know the machine's board.");
            return;
        };
        let page = self.page;
        if page != Page::Cards {
            ProfileRows::conflicts(ui, &mut self.draft, conflicts, |field| page.has(field));
        }
        match page {
            Page::General => self.general(ui, board),
            Page::Cpu => ProfileRows::cpu(ui, &mut self.draft, board),
            Page::Memory => ProfileRows::memory(ui, &mut self.draft, board),
            Page::Firmware => self.rows.firmware(ui, &mut self.draft),
            Page::Cards => ProfileRows::cards(ui, &mut self.draft, conflicts, &self.catalogue),
            Page::Floppies => self.rows.floppies(ui, &mut self.draft),
            Page::Disks => self.rows.disks(ui, &mut self.draft, board),
        }
    }

    fn general(&mut self, ui: &mut Ui, board: &BoardKind) {
        ProfileRows::name(ui, &mut self.draft);
        let label = ui.label("Tags, with commas between");
        let tags = TextEdit::singleline(&mut self.tags).desired_width(40.0 * GRID);
        if ui.add(tags).labelled_by(label.id).changed() {
            let tags = self.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            self.draft.tags = tags.map(str::to_owned).collect();
        }
        let label = ui.label("Notes");
        let notes = TextEdit::multiline(&mut self.draft.notes).desired_width(60.0 * GRID);
        ui.add(notes).labelled_by(label.id);
        ui.separator();
        ui.label(format!("{} ({}). {}", board.label, board.year, board.help));
        ui.weak(describe::fact_line(&self.draft));
    }

    fn buttons(&mut self, ui: &mut Ui, conflicts: &[Conflict]) -> Outcome {
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            let is_nameless = self.draft.name.trim().is_empty();
            let save = ui.add_enabled(conflicts.is_empty() && !is_nameless, Button::new("Save"));
            let save = save.on_disabled_hover_text(match conflicts.first() {
                Some(conflict) => conflict.message.as_str(),
                None => "Give the machine a name first.",
            });
            if save.clicked() {
                match save_to(&self.folder, &self.draft, self.rows.new_disk) {
                    Ok(()) => outcome = Outcome::Saved,
                    Err(problem) => self.problem = Some(problem),
                }
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Closed;
            }
        });
        outcome
    }
}

/// Writes a profile, and the new disk that it may name.
///
/// # Errors
/// A sentence.
pub fn save_to(folder: &MachineFolder, profile: &Profile, new_disk: Option<usize>) -> Result<(), String> {
    if let Some((_, geometry)) = new_disk.and_then(|at| COMMON_DRIVES.get(at)) {
        let path = folder.resolve(super::profile_rows::NEW_DISK);
        let made = std::fs::File::create_new(&path).and_then(|file| file.set_len(geometry.bytes()));
        made.map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
    }
    folder.save_profile(profile).map_err(|error| error.to_string())
}
