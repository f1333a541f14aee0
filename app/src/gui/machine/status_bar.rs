//! The bar beneath the screen: drives, speed, and where the keyboard goes.

use super::{MachinePage, PageRequest, drives, speed_chip};
use crate::gui::theme::{self, Tone};
use egui::{Align, Label, Layout, RichText, Ui};
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
    let (text, tone) = if page.screen.has_focus() {
        ("Keys go to the guest; Ctrl+Alt frees them", Tone::Good)
    } else if page.state == RunState::Running {
        ("Click the screen to type into the guest", Tone::Quiet)
    } else {
        (page.stop_reason.as_str(), Tone::Quiet)
    };
    // In a narrow window it is cut, and its tooltip has all of it.
    ui.add(Label::new(RichText::new(text).color(theme::tone(ui, tone))).truncate());
}
