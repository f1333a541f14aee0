//! The library's page: the user's machines.

use super::theme::GRID;
use egui::Ui;

/// The page while there are no machines.
pub fn empty(ui: &mut Ui) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() / 3.0);
        ui.heading("No machines yet");
        ui.add_space(GRID);
        ui.label("Machines will be listed here.");
    });
}
