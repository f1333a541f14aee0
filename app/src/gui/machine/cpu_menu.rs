//! The menu of the processor: its engine, and how fast it may run, while the guest runs.

use super::{MachinePage, PageRequest};
use crate::gui::commands::{Command, SPEEDS, menu, named_choice};
use egui::{Button, Response, Ui};
use egui_material_icons::icons::{ICON_CHECK, ICON_MEMORY};
use emu_core::cpu::FpuMode;
use machines::boards::CpuModel;
use machines::engines::{self, ENGINES, EngineKind};
use machines::fpu;
use machines::profile::Engine;

/// Shows the menu's button. Gives what was chosen in it.
pub fn ui(page: &MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let mut chosen = Vec::new();
    menu(ui, "CPU", |ui| {
        chosen.extend(engine_entries(page, ui));
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

/// The engines, the one that executes marked, and how the x87 computes where that is not exactly.
fn engine_entries(page: &MachinePage, ui: &mut Ui) -> Option<PageRequest> {
    ui.weak("Engine");
    let model = page.cpu_model()?;
    let mut chosen = None;
    for kind in &ENGINES {
        if engine_entry(page, ui, kind, model).clicked() {
            chosen = command_for(kind.engine).map(PageRequest::Command);
            ui.close();
        }
    }
    let fpu = page.running_cpu().fpu;
    if fpu != FpuMode::default() {
        ui.weak("Floating point").on_hover_text("To be changed in the machine's settings, at any time.");
        ui.label(fpu::describe(fpu).label).on_hover_text(fpu::describe(fpu).help);
    }
    chosen
}

fn engine_entry(page: &MachinePage, ui: &mut Ui, kind: &EngineKind, model: &CpuModel) -> Response {
    let cpu = page.running_cpu();
    let is_on = kind.engine == cpu.engine;
    let mark = if is_on { ICON_CHECK } else { ICON_MEMORY };
    let why_not = engines::why_not(kind.engine, model);
    let entry = Button::selectable(is_on, (mark.rich_text(), kind.label));
    let response = ui.add_enabled(why_not.is_none(), entry);
    named_choice(&response, is_on, kind.label);
    match why_not {
        Some(reason) => response.on_disabled_hover_text(format!("{} {reason}.", kind.help)),
        None => {
            let pace = page.paces.sentence(&cpu.model, kind.engine, cpu.clock_hz);
            response.on_hover_text(format!("{} {pace} {}", kind.help, kept(page)))
        }
    }
}

/// What becomes of a choice at the next power-on.
fn kept(page: &MachinePage) -> String {
    let own = engines::describe(page.profile.cpu.engine).label;
    format!(
        "The machine goes on with it at once; at the next power-on the settings' choice ({own}) counts again."
    )
}

fn command_for(engine: Engine) -> Option<Command> {
    match engine {
        Engine::Strict => Some(Command::UseStrictEngine),
        Engine::Threaded => Some(Command::UseThreadedEngine),
        Engine::Translating | Engine::Hypervisor => None,
    }
}
