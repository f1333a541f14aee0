//! The chosen machine's facts, each the way to its page of the settings, and what can be done with the machine.

use super::{Entry, LibraryRequest, Live, picture};
use crate::gui::commands::{Command, named};
use crate::gui::describe;
use crate::gui::theme::{self, GRID, Tone};
use egui::{Color32, Image, Label, Link, RichText, ScrollArea, Ui, vec2};

/// The panel for one machine.
pub fn ui(ui: &mut Ui, entry: &Entry, live: &[Live]) -> Vec<LibraryRequest> {
    let mut chosen = Vec::new();
    ScrollArea::vertical().show(ui, |ui| {
        ui.add_space(GRID);
        ui.add(Label::new(RichText::new(entry.name()).heading()).truncate());
        ui.colored_label(entry.standing.colour(ui), entry.standing.text());
        if let Some((texture, _)) = picture(entry, live) {
            let width = ui.available_width();
            let size = vec2(width, width * 3.0 / 4.0);
            let image = Image::from_texture((texture, size)).bg_fill(Color32::BLACK);
            ui.add(image.fit_to_exact_size(size).alt_text("The machine's picture"));
        }
        chosen.extend(actions(ui, entry).map(LibraryRequest::Command));
        ui.separator();
        match &entry.profile {
            Ok(profile) => {
                for fact in describe::facts(profile) {
                    chosen.extend(fact_ui(ui, &fact));
                }
                if !profile.tags.is_empty() {
                    ui.weak("Tags");
                    ui.label(profile.tags.join(", "));
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

fn fact_ui(ui: &mut Ui, fact: &describe::Fact) -> Option<LibraryRequest> {
    let mut chosen = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = GRID / 4.0;
        ui.label(RichText::new(&fact.what).small().weak());
        let response = ui.add(Link::new(&fact.value));
        named(&response, &format!("{}: {}", fact.what, fact.value));
        if response.on_hover_text("Shows this page of the settings.").clicked() {
            chosen = Some(LibraryRequest::Settings(fact.page));
        }
    });
    chosen
}

fn actions(ui: &mut Ui, entry: &Entry) -> Option<Command> {
    let mut chosen = None;
    let running = entry.is_live().then_some(super::POWER_OFF_FIRST);
    ui.horizontal_wrapped(|ui| {
        let (icon, face) = entry.standing.start_button();
        if Command::StartMachine.tool_button_as(ui, icon, face, entry.why_no_start()).clicked() {
            chosen = Some(Command::StartMachine);
        }
        let broken = entry.why_no_start();
        for (command, why_not) in [
            (Command::ShowSettings, broken),
            (Command::RenameMachine, broken),
            (Command::EditTags, broken),
            (Command::DeleteMachine, running),
        ] {
            if command.tool_button(ui, why_not).clicked() {
                chosen = Some(command);
            }
        }
    });
    chosen
}

/// The panel for several machines at once.
pub fn several_ui(ui: &mut Ui, entries: &[&Entry]) -> Option<Command> {
    ui.add_space(GRID);
    ui.heading(format!("{} machines", entries.len()));
    ui.weak("What you choose here is done with all of them.");
    let running = entries.iter().any(|entry| entry.is_live());
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        for (command, why_not) in [
            (Command::StartMachine, None),
            (Command::EditTags, None),
            (Command::DeleteMachine, running.then_some("Power off or suspend those that run first.")),
        ] {
            if command.tool_button(ui, why_not).clicked() {
                chosen = Some(command);
            }
        }
    });
    ui.separator();
    ScrollArea::vertical().show(ui, |ui| {
        for entry in entries {
            ui.add(Label::new(entry.name()).truncate());
            ui.label(RichText::new(entry.standing.text()).small().color(entry.standing.colour(ui)));
        }
    });
    chosen
}
