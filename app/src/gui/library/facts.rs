//! The chosen machine's facts, and what can be done with it.

use super::{Entry, Live, picture};
use crate::gui::commands::Command;
use crate::gui::describe;
use crate::gui::standing::Standing;
use crate::gui::theme::{self, GRID, Tone};
use egui::{Color32, Image, ScrollArea, Ui, vec2};
use egui_material_icons::icons::{ICON_OPEN_IN_FULL, ICON_PLAY_ARROW};

pub fn ui(ui: &mut Ui, entry: &Entry, live: &[Live]) -> Vec<Command> {
    let mut chosen = Vec::new();
    ScrollArea::vertical().show(ui, |ui| {
        ui.add_space(GRID);
        ui.heading(entry.name());
        ui.colored_label(entry.standing.colour(ui), entry.standing.text());
        if let Some((texture, _)) = picture(entry, live) {
            let width = ui.available_width();
            let size = vec2(width, width * 3.0 / 4.0);
            let image = Image::from_texture((texture, size)).bg_fill(Color32::BLACK);
            ui.add(image.fit_to_exact_size(size).alt_text("The machine's picture"));
        }
        chosen.extend(actions(ui, entry));
        ui.separator();
        match &entry.profile {
            Ok(profile) => {
                for (what, value) in describe::facts(profile) {
                    ui.weak(what);
                    ui.label(value);
                }
                if !profile.notes.is_empty() {
                    ui.separator();
                    ui.label(&profile.notes);
                }
            }
            Err(problem) => _ = ui.colored_label(theme::tone(ui, Tone::Bad), problem),
        }
    });
    chosen
}

fn actions(ui: &mut Ui, entry: &Entry) -> Option<Command> {
    let mut chosen = None;
    let is_live = matches!(entry.standing, Standing::Running | Standing::Paused);
    let broken = entry.profile.is_err().then_some("The machine's file cannot be read.");
    let running = is_live.then_some("Power the machine off or suspend it first.");
    ui.horizontal_wrapped(|ui| {
        let (icon, face) = match entry.standing {
            Standing::Running | Standing::Paused => (ICON_OPEN_IN_FULL, "Show"),
            Standing::Suspended => (ICON_PLAY_ARROW, "Resume"),
            _ => (ICON_PLAY_ARROW, "Start"),
        };
        if Command::StartMachine.tool_button_as(ui, icon, face, broken).clicked() {
            chosen = Some(Command::StartMachine);
        }
        if Command::ShowSettings.tool_button(ui, broken.or(running)).clicked() {
            chosen = Some(Command::ShowSettings);
        }
        if Command::DeleteMachine.tool_button(ui, running).clicked() {
            chosen = Some(Command::DeleteMachine);
        }
    });
    chosen
}
