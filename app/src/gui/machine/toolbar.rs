//! The bar of tools above a machine's screen.

use super::screen::DisplayOptions;
use super::{LOOKS, MachinePage, PageRequest, SCALINGS, cpu_menu, full_screen};
use crate::gui::commands::{Command as UserCommand, menu};
use egui::Ui;
use egui_material_icons::icons::{
    ICON_FULLSCREEN_EXIT, ICON_PAUSE, ICON_PLAY_ARROW, ICON_VOLUME_OFF, ICON_VOLUME_UP,
};
use emu_core::machine::protocol::{RunState, Speed};

/// Shows the bar. Gives what was chosen in it.
pub fn ui(page: &MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let mut chosen = Vec::new();
    let runs = page.state == RunState::Running;
    ui.horizontal_wrapped(|ui| {
        if full_screen::is_on(ui.ctx()) {
            let leave = UserCommand::ToggleFullScreen;
            if leave.tool_button_as(ui, ICON_FULLSCREEN_EXIT, "Leave full screen", None).clicked() {
                chosen.push(PageRequest::Command(leave));
            }
            ui.separator();
        }
        let (icon, face) = if runs { (ICON_PAUSE, "Pause") } else { (ICON_PLAY_ARROW, "Run") };
        if UserCommand::PauseOrRun.tool_button_as(ui, icon, face, None).clicked() {
            chosen.push(PageRequest::Command(UserCommand::PauseOrRun));
        }
        for command in
            [UserCommand::Reset, UserCommand::PowerOff, UserCommand::Suspend, UserCommand::ShowSettings]
        {
            chosen.extend(tool(ui, command));
        }
        ui.separator();
        chosen.extend(cpu_menu::ui(page, ui));
        menu(ui, "View", |ui| {
            chosen.extend(display_choices(page, ui));
            ui.separator();
            chosen.extend(menu_entry(ui, UserCommand::ToggleFullScreen));
            chosen.extend(menu_entry(ui, UserCommand::ToggleOwnWindow));
        });
        menu(ui, "Keys", |ui| {
            use UserCommand as C;
            for command in [C::CopyText, C::FindText, C::PasteAsKeys, C::SendCtrlAltDel] {
                chosen.extend(menu_entry(ui, command));
            }
        });
        let face = if page.speed == Speed::Unlimited { "Own speed" } else { "Full speed" };
        let icon = UserCommand::ToggleSpeed.describe().icon;
        if UserCommand::ToggleSpeed.tool_button_as(ui, icon, face, None).clicked() {
            chosen.push(PageRequest::Command(UserCommand::ToggleSpeed));
        }
        let (icon, face) =
            if page.profile.sound.muted { (ICON_VOLUME_OFF, "Unmute") } else { (ICON_VOLUME_UP, "Mute") };
        if UserCommand::ToggleSound.tool_button_as(ui, icon, face, None).clicked() {
            chosen.push(PageRequest::Command(UserCommand::ToggleSound));
        }
        for (command, face) in
            [(UserCommand::TakeScreenshot, "Screenshot"), (UserCommand::ToggleDebugger, "Debug")]
        {
            if command.tool_button_as(ui, command.describe().icon, face, None).clicked() {
                chosen.push(PageRequest::Command(command));
            }
        }
    });
    chosen
}

fn display_choices(page: &MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let DisplayOptions { scaling, look, .. } = page.screen.options;
    let scalings = SCALINGS.map(|(command, of)| (command, of == scaling));
    let looks = LOOKS.map(|(command, of)| (command, of == look));
    let mut chosen = Vec::new();
    for (command, is_on) in scalings.into_iter().chain(looks) {
        if command == UserCommand::ShowSharp {
            ui.separator();
        }
        if command.choice(ui, is_on, page.why_not(command)).clicked() {
            chosen.push(PageRequest::Command(command));
            ui.close();
        }
    }
    chosen
}

fn tool(ui: &mut Ui, command: UserCommand) -> Option<PageRequest> {
    command.tool_button(ui, None).clicked().then_some(PageRequest::Command(command))
}

fn menu_entry(ui: &mut Ui, command: UserCommand) -> Option<PageRequest> {
    let clicked = command.button(ui, None).clicked();
    if clicked {
        ui.close();
    }
    clicked.then_some(PageRequest::Command(command))
}
