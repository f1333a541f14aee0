//! The bar beneath the screen: drives, speed, and where the keyboard goes.

use super::{MachinePage, PageRequest, drives, speed_chip};
use crate::gui::theme::{self, Tone};
use egui::{Align, Layout, Ui};
use emu_core::machine::protocol::RunState;

/// Shows the bar. Gives what the user asks for in it.
pub fn ui(page: &mut MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let mut wanted = Vec::new();
    ui.horizontal(|ui| {
        drives::chips(page, ui);
        ui.separator();
        wanted.extend(speed_chip::ui(page, ui));
        ui.separator();
        if let Some(reason) = page.silence() {
            ui.weak("No sound device").on_hover_text(reason);
            ui.separator();
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| keyboard(page, ui));
    });
    wanted
}

fn keyboard(page: &MachinePage, ui: &mut Ui) {
    if page.screen.has_focus() {
        ui.colored_label(theme::tone(ui, Tone::Good), "Keys go to the guest; Ctrl+Alt frees them");
    } else if page.state == RunState::Running {
        ui.weak("Click the screen to type into the guest");
    } else if !page.stop_reason.is_empty() {
        ui.label(&page.stop_reason);
    }
}
