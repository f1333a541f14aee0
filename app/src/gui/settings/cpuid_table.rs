//! What CPUID answers on a custom processor, as a table of registers that can be typed over.

use crate::gui::commands;
use crate::gui::theme::{self, GRID};
use egui::{DragValue, Grid, Label, RichText, TextStyle, Ui, vec2};
use egui_material_icons::icons::ICON_UNDO;
use emu_core::cpu::x86::model::{CustomModel, ListedLeaf, Output};

const REGISTER: egui::Vec2 = vec2(11.0 * GRID, 3.0 * GRID);

/// Draws the table. Gives the processor as it was just changed.
pub fn show(ui: &mut Ui, custom: &CustomModel) -> Option<CustomModel> {
    let leaves = custom.leaves();
    if leaves.is_empty() {
        ui.label("This processor has no CPUID. The feature of that name adds it.");
        return None;
    }
    let mut changed = custom.clone();
    ui.style_mut().drag_value_text_style = TextStyle::Monospace;
    Grid::new("leaves").num_columns(6).spacing([GRID, GRID / 2.0]).show(ui, |ui| {
        ui.label(RichText::new("Leaf").small().weak());
        Output::ALL.iter().for_each(|output| _ = ui.label(RichText::new(output.label()).small().weak()));
        ui.end_row();
        for listed in &leaves {
            leaf(ui, listed, &mut changed);
            ui.end_row();
        }
    });
    (changed != *custom).then_some(changed)
}

fn leaf(ui: &mut Ui, listed: &ListedLeaf, changed: &mut CustomModel) {
    let name = match listed.subleaf {
        Some(subleaf) => format!("{:08X}.{subleaf}", listed.leaf),
        None => format!("{:08X}", listed.leaf),
    };
    ui.add(Label::new(RichText::new(&name).monospace()).extend());
    let mut answer = listed.answer;
    for output in Output::ALL {
        let value = answer.output(output);
        let before = *value;
        let field = DragValue::new(value).hexadecimal(8, false, true).speed(0.0).update_while_editing(false);
        let response = ui.add_sized(REGISTER, field);
        theme::name_field(&response, &format!("{} of leaf {name}", output.label()));
        if *value != before {
            changed.type_answer(listed, output, *value);
        }
    }
    if listed.answer != listed.own && take_back(ui, &name) {
        let mut own = listed.own;
        Output::ALL.iter().for_each(|output| changed.type_answer(listed, *output, *own.output(*output)));
    }
}

/// The mark of a leaf with typed registers, which removes them.
fn take_back(ui: &mut Ui, name: &str) -> bool {
    let response = ui.button((ICON_UNDO.rich_text(), "typed"));
    let response =
        response.on_hover_text("Answers again what follows from the processor's identity and features.");
    commands::named(&response, &format!("Take back what was typed in leaf {name}"));
    response.clicked()
}
