//! The stack: its top entries, each a link to the memory where it lies.

use super::{Goto, PaneCx};
use egui::{RichText, Ui};

pub fn ui(ui: &mut Ui, cx: &mut PaneCx<'_>) {
    let digits = usize::from(cx.cpu.stack_width) * 2;
    for entry in &cx.view.stack {
        ui.horizontal(|ui| {
            if ui.link(RichText::new(entry.at.to_string()).monospace()).clicked() {
                cx.links.push(Goto::Memory(entry.at.linear));
            }
            ui.monospace(format!("{:0digits$X}", entry.value));
        });
    }
}
