//! A new machine in three steps, with a summary beside them. It can be made from the first step on.

use super::describe;
use super::profile_rows::ProfileRows;
use super::settings::save_to;
use super::theme::{self, GRID, Tone};
use crate::library::{Library, MachineFolder};
use egui::{
    Button, ComboBox, Context, Frame, Id, Modal, ScrollArea, Sense, TextStyle, Ui, UiBuilder, WidgetInfo,
};
use machines::boards::{self, BOARDS, BoardKind};
use machines::catalogue::Catalogue;
use machines::profile::{Profile, check};
use std::collections::BTreeSet;

/// The height of what lies between title and buttons: it fits into the smallest window.
const HEIGHT: f32 = 32.0 * GRID;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Kind,
    Size,
    Drives,
}

impl Step {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Kind, "1. What do you have in mind?"),
        (Self::Size, "2. How big?"),
        (Self::Drives, "3. What is in the drives?"),
    ];
}

/// What became of the dialog.
pub enum Outcome {
    Open,
    Cancelled,
    Created(MachineFolder),
}

/// The dialog.
pub struct Wizard {
    step: Step,
    draft: Profile,
    /// What should run on the machine; empty: anything.
    runs: String,
    rows: ProfileRows,
    catalogue: Catalogue,
    problem: Option<String>,
}

impl Wizard {
    /// Begins with the first kind of board.
    pub fn new() -> Self {
        Self {
            step: Step::Kind,
            draft: (BOARDS[0].profile)(),
            runs: String::new(),
            rows: ProfileRows::default(),
            catalogue: Catalogue::standard(),
            problem: None,
        }
    }

    pub fn show(&mut self, ctx: &Context, library: &Library) -> Outcome {
        let modal = Modal::new(Id::unique("new machine")).show(ctx, |ui| self.ui(ui, library));
        let should_close = modal.should_close();
        self.rows.show_browser(ctx, &mut self.draft);
        if should_close { Outcome::Cancelled } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui, library: &Library) -> Outcome {
        let room = ui.ctx().content_rect().width() - 6.0 * GRID;
        ui.set_width(room.min(96.0 * GRID));
        ui.heading("New machine");
        ui.horizontal(|ui| {
            for (step, title) in Step::ALL {
                ui.selectable_value(&mut self.step, step, title);
            }
        });
        ui.separator();
        ui.horizontal_top(|ui| {
            ui.set_height(HEIGHT);
            ui.vertical(|ui| {
                ui.set_width((room - 34.0 * GRID).min(62.0 * GRID));
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.step_ui(ui));
            });
            ui.separator();
            ui.vertical(|ui| ScrollArea::vertical().id_salt("summary").show(ui, |ui| self.summary(ui)));
        });
        ui.separator();
        self.buttons(ui, library)
    }

    fn step_ui(&mut self, ui: &mut Ui) {
        match (self.step, boards::find(&self.draft.board)) {
            (Step::Size, Some(board)) => {
                self.rows.memory(ui, &mut self.draft, board);
                self.rows.cpu(ui, &mut self.draft, board);
            }
            (Step::Drives, Some(board)) => {
                self.rows.floppies(ui, &mut self.draft, board);
                ui.separator();
                self.rows.disks(ui, &mut self.draft, board);
            }
            _ => self.kinds(ui),
        }
    }

    fn kinds(&mut self, ui: &mut Ui) {
        let systems: BTreeSet<&str> = BOARDS.iter().flat_map(|board| board.runs.iter().copied()).collect();
        let shown = if self.runs.is_empty() { "anything" } else { &self.runs };
        ComboBox::from_label("What should run on it?").selected_text(shown.to_owned()).show_ui(ui, |ui| {
            ui.selectable_value(&mut self.runs, String::new(), "anything");
            for system in systems {
                ui.selectable_value(&mut self.runs, system.to_owned(), system);
            }
        });
        let fits = |board: &&BoardKind| self.runs.is_empty() || board.runs.contains(&self.runs.as_str());
        for board in BOARDS.iter().filter(fits).collect::<Vec<_>>() {
            if kind_ui(ui, board, self.draft.board == board.name) && self.draft.board != board.name {
                self.draft = (board.profile)();
                self.rows = ProfileRows::default();
            }
        }
    }

    fn summary(&mut self, ui: &mut Ui) {
        ProfileRows::name(ui, &mut self.draft);
        for fact in describe::facts(&self.draft) {
            ui.weak(fact.what);
            ui.label(fact.value);
        }
        let conflicts = check(&self.draft, &self.catalogue);
        ProfileRows::conflicts(ui, &mut self.draft, &conflicts, |_| true);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
    }

    fn buttons(&mut self, ui: &mut Ui, library: &Library) -> Outcome {
        let mut outcome = Outcome::Open;
        let is_fine = check(&self.draft, &self.catalogue).is_empty() && !self.draft.name.trim().is_empty();
        ui.horizontal(|ui| {
            let place = Step::ALL.iter().position(|(step, _)| *step == self.step).unwrap_or(0);
            if ui.add_enabled(place > 0, Button::new("Back")).clicked() {
                self.step = Step::ALL[place - 1].0;
            }
            if ui.add_enabled(place + 1 < Step::ALL.len(), Button::new("Next")).clicked() {
                self.step = Step::ALL[place + 1].0;
            }
            let create = ui.add_enabled(is_fine, Button::new("Create"));
            let create =
                create.on_disabled_hover_text("Mend what the summary says, and give the machine a name.");
            if create.clicked() {
                match self.create(library) {
                    Ok(folder) => outcome = Outcome::Created(folder),
                    Err(problem) => self.problem = Some(problem),
                }
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Cancelled;
            }
        });
        outcome
    }

    fn create(&self, library: &Library) -> Result<MachineFolder, String> {
        let folder = library.create(&self.draft).map_err(|error| error.to_string())?;
        save_to(&folder, &self.draft, self.rows.new_disk)?;
        Ok(folder)
    }
}

/// A kind of board as a card of its own. Gives whether it was chosen.
fn kind_ui(ui: &mut Ui, board: &BoardKind, is_chosen: bool) -> bool {
    let builder = UiBuilder::new().id_salt(board.name).sense(Sense::click());
    let response = ui
        .scope_builder(builder, |ui| {
            let stroke = if is_chosen { ui.visuals().selection.stroke } else { ui.visuals().window_stroke() };
            Frame::group(ui.style()).stroke(stroke).show(ui, |ui| {
                ui.set_width(ui.available_width());
                let title = format!("{} · {} ({})", board.year, board.label, board.purpose);
                let style = TextStyle::Body;
                ui.add(
                    egui::Label::new(egui::RichText::new(title).strong().text_style(style)).selectable(false),
                );
                ui.add(egui::Label::new(board.help).selectable(false));
                let runs = format!("Runs {}", board.runs.join(", "));
                ui.add(egui::Label::new(egui::RichText::new(runs).small().weak()).selectable(false));
            });
        })
        .response;
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_chosen, board.label));
    response.clicked()
}
