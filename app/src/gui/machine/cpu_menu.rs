//! The menu of the processor: its engine, and how fast it may run, while the guest runs.

use super::{MachinePage, PageRequest};
use crate::gui::commands::{Command, SPEEDS, menu};
use egui::{Button, Ui};
use machines::boards;
use machines::engines::{self, ENGINES};

/// Shows the menu's button. Gives what was chosen in it.
pub fn ui(page: &MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let mut chosen = Vec::new();
    menu(ui, "CPU", |ui| {
        engine_entries(page, ui);
        ui.separator();
        ui.weak("Speed");
        for speed in SPEEDS {
            let command = Command::SetSpeed(speed);
            if command.choice(ui, page.speed == speed, None).clicked() {
                chosen.push(PageRequest::Command(command));
                ui.close();
            }
        }
    });
    chosen
}

/// The engines. One that a board's processor takes is changed in the settings, with a power-on.
fn engine_entries(page: &MachinePage, ui: &mut Ui) {
    ui.weak("Engine");
    let cpu = &page.profile.cpu;
    let board = boards::find(&page.profile.board);
    let Some(model) = board.and_then(|board| board.cpus.iter().find(|model| model.name == cpu.model)) else {
        return;
    };
    for kind in &ENGINES {
        let why_not = engines::why_not(kind.engine, model);
        let entry = Button::selectable(kind.engine == cpu.engine, kind.label);
        let response = ui.add_enabled(why_not.is_none(), entry);
        match why_not {
            Some(reason) => response.on_disabled_hover_text(format!("{} {reason}.", kind.help)),
            None => {
                let pace = page.paces.sentence(&cpu.model, kind.engine, cpu.clock_hz);
                response.on_hover_text(format!("{} {pace}", kind.help))
            }
        };
    }
}
