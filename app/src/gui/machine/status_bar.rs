//! The bar beneath the screen: drives, speed, and where the keyboard goes.

use super::{MachinePage, PageRequest, speed_chip};
use crate::gui::describe;
use crate::gui::theme::{self, Tone};
use crate::session::DrivePlace;
use egui::{Align, Layout, Ui};
use egui_material_icons::icons::{ICON_RADIO_BUTTON_CHECKED, ICON_RADIO_BUTTON_UNCHECKED};
use emu_core::machine::protocol::{Command, MediumSpec, RunState};

/// Shows the bar. Gives what the user asks for in it.
pub fn ui(page: &mut MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let mut wanted = Vec::new();
    ui.horizontal(|ui| {
        let media = page.media.clone();
        for device in &media {
            for (slot, found) in device.slots.iter().enumerate() {
                let place = DrivePlace { device: device.device.clone(), slot, removable: found.removable };
                let image = device.images.get(slot).cloned().flatten();
                let chip = Chip { place, image, slot: found };
                if chip.ui(page, ui) {
                    wanted.push(PageRequest::ChooseImage(chip.place));
                }
            }
        }
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

/// A drive in the bar.
struct Chip<'a> {
    place: DrivePlace,
    image: Option<String>,
    slot: &'a emu_core::board::device::MediaSlot,
}

impl Chip<'_> {
    /// Shows the chip with its menu. Gives whether an image is to be chosen for it.
    fn ui(&self, page: &MachinePage, ui: &mut Ui) -> bool {
        let image = self.image.as_deref().map_or("—".to_owned(), describe::image_name);
        let light = if self.slot.active { ICON_RADIO_BUTTON_CHECKED } else { ICON_RADIO_BUTTON_UNCHECKED };
        let text = format!("{} {image} {}", self.slot.label, light.codepoint);
        if !self.place.removable {
            ui.label(text);
            return false;
        }
        let mut is_wanted = false;
        let menu = ui.menu_button(text, |ui| {
            if ui.button("Open…").clicked() {
                is_wanted = true;
                ui.close();
            }
            if ui.add_enabled(self.slot.loaded, egui::Button::new("Eject")).clicked() {
                page.send(Command::Eject { device: self.place.device.clone(), slot: self.place.slot });
                ui.close();
            }
            self.write_protection(page, ui);
        });
        let spoken = format!("Drive {} {image}", self.slot.label);
        crate::gui::commands::named(&menu.response, &spoken);
        is_wanted
    }

    /// A disk is protected by taking it out, turning the tab, and putting it back.
    fn write_protection(&self, page: &MachinePage, ui: &mut Ui) {
        let Some(image) = &self.image else { return };
        let mut protected = self.slot.write_protected;
        if ui.checkbox(&mut protected, "Write-protected").changed() {
            let (device, slot) = (self.place.device.clone(), self.place.slot);
            page.send(Command::Eject { device: device.clone(), slot });
            let medium = MediumSpec {
                image: image.clone(),
                write_protected: protected,
                disposable: page.is_disposable(),
            };
            page.send(Command::Insert { device, slot, medium });
            ui.close();
        }
    }
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
