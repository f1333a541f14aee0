//! The registers, each to be edited where it stands, and the flags as switches.

use super::{PaneCx, address};
use crate::gui::theme::{self, GRID, Tone};
use egui::{Grid, RichText, TextEdit, TextStyle, Ui};
use emu_core::cpu::describe::RegisterId;
use emu_core::machine::protocol::Command;

/// The pane.
#[derive(Default)]
pub struct RegistersPane {
    /// The register that is being edited, and what was typed so far.
    edited: Option<(usize, String)>,
    mistake: Option<String>,
}

impl RegistersPane {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        if cx.view.registers.len() != cx.cpu.registers.len() {
            ui.weak("The machine's state is on its way.");
            return;
        }
        Grid::new("registers").num_columns(4).spacing([GRID, 4.0]).show(ui, |ui| {
            for at in 0..cx.cpu.registers.len() {
                self.register(ui, cx, at);
                if at % 2 == 1 {
                    ui.end_row();
                }
            }
        });
        if let Some(mistake) = &self.mistake {
            ui.colored_label(theme::tone(ui, Tone::Bad), mistake);
        }
        ui.separator();
        flags(ui, cx);
        if !cx.stands {
            ui.weak("Pause the machine to change values.");
        }
    }

    fn register(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>, at: usize) {
        let description = &cx.cpu.registers[at];
        let value = cx.view.registers[at];
        let digits = usize::from(description.bits).div_ceil(4);
        let has_changed = cx.before.is_some_and(|before| before.registers.get(at) != Some(&value));
        let name = RichText::new(description.name).monospace();
        let label = ui.label(if has_changed { name.strong().underline() } else { name });
        let label = label.on_hover_text(description.meaning);
        let mut text = match &self.edited {
            Some((edited, text)) if *edited == at => text.clone(),
            _ => format!("{value:0digits$X}"),
        };
        let width = digits as f32 * 9.0 + 3.0 * GRID;
        let field = TextEdit::singleline(&mut text)
            .font(TextStyle::Monospace)
            .desired_width(width)
            .min_size(egui::vec2(width, 0.0))
            .interactive(cx.stands);
        let response = ui.add(field).labelled_by(label.id);
        if response.changed() {
            self.edited = Some((at, text.clone()));
        }
        if response.lost_focus() && self.edited.take().is_some() {
            self.mistake = set(cx, at, &text).err();
        }
    }
}

fn set(cx: &mut PaneCx<'_>, at: usize, text: &str) -> Result<(), String> {
    let description = &cx.cpu.registers[at];
    let value = address::hex(text)?;
    if description.bits < 64 && value >> description.bits != 0 {
        return Err(format!(
            "{value:X} does not fit into {}, which has {} bits",
            description.name, description.bits
        ));
    }
    cx.commands.push(Command::SetRegister { register: RegisterId(at as u16), value });
    Ok(())
}

fn flags(ui: &mut Ui, cx: &mut PaneCx<'_>) {
    let register = cx.cpu.flags_register;
    let Some(&value) = cx.view.registers.get(usize::from(register.0)) else { return };
    ui.style_mut().wrap_mode = None;
    ui.horizontal_wrapped(|ui| {
        for flag in cx.cpu.flags {
            let mask = 1 << flag.bit;
            let is_set = value & mask != 0;
            let button = egui::Button::selectable(is_set, RichText::new(flag.name).monospace());
            let response = ui.add_enabled(cx.stands, button).on_hover_text(flag.meaning);
            if response.clicked() {
                cx.commands.push(Command::SetRegister { register, value: value ^ mask });
            }
        }
    });
}
