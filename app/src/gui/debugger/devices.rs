//! The devices' registers, by the data sheets' names.

use super::PaneCx;
use egui::{CollapsingHeader, Grid, RichText, Ui};

pub fn ui(ui: &mut Ui, cx: &PaneCx<'_>) {
    if cx.view.devices.is_empty() {
        ui.weak("No device shows registers.");
    }
    for device in &cx.view.devices {
        let before = cx.before.and_then(|view| view.devices.iter().find(|old| old.name == device.name));
        CollapsingHeader::new(&device.name).id_salt(&device.name).show(ui, |ui| {
            Grid::new(("device", &device.name)).num_columns(3).show(ui, |ui| {
                for (at, register) in device.registers.iter().enumerate() {
                    let old = before.and_then(|view| view.registers.get(at));
                    let has_changed = old.is_some_and(|old| old.value != register.value);
                    let digits = usize::from(register.bits).div_ceil(4);
                    let value = RichText::new(format!("{:0digits$X}", register.value)).monospace();
                    ui.label(&register.name);
                    ui.label(if has_changed { value.strong().underline() } else { value });
                    ui.label(&register.meaning);
                    ui.end_row();
                }
            });
        });
    }
}
