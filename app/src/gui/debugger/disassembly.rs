//! The disassembly: instructions around the next one, or from a place that was gone to.

use super::{Goto, PaneCx, address};
use crate::gui::theme::{self, GRID, Tone};
use egui::{Button, RichText, ScrollArea, TextEdit, Ui};
use emu_core::cpu::describe::{CodeAddress, Disassembled};
use emu_core::debug::breakpoints::{Breakpoint, BreakpointKind};
use emu_core::machine::protocol::{Command, Step};

const LINES_BEFORE: usize = 6;
const LINES: usize = 60;

/// The pane.
#[derive(Default)]
pub struct DisassemblyPane {
    /// Where the listing begins; absent: around the next instruction.
    at: Option<CodeAddress>,
    cursor: Option<CodeAddress>,
    typed: String,
    mistake: Option<String>,
}

impl DisassemblyPane {
    pub fn cursor(&self) -> Option<CodeAddress> {
        self.cursor
    }

    /// Shows the next instruction again.
    pub fn follow(&mut self) {
        self.at = None;
        self.cursor = None;
    }

    pub fn go_to(&mut self, place: CodeAddress) {
        self.at = Some(place);
        self.cursor = Some(place);
    }

    /// The place, and how many lines before it and from it on.
    pub fn wanted(&self) -> (Option<CodeAddress>, usize, usize) {
        (self.at, LINES_BEFORE, LINES)
    }

    pub fn ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>, breakpoints: &[Breakpoint]) {
        ui.horizontal(|ui| {
            let label = ui.label("Go to");
            let field = TextEdit::singleline(&mut self.typed).desired_width(12.0 * GRID);
            let response = ui.add(field).labelled_by(label.id);
            if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                match address::parse(&self.typed, cx.cpu) {
                    Ok(place) => {
                        self.mistake = None;
                        self.go_to(place);
                    }
                    Err(mistake) => self.mistake = Some(mistake),
                }
            }
            if ui.button("Next instruction").clicked() {
                self.follow();
            }
        });
        if let Some(mistake) = &self.mistake {
            ui.colored_label(theme::tone(ui, Tone::Bad), mistake);
        }
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for line in &cx.view.disassembly {
                let is_break = breakpoints
                    .iter()
                    .any(|point| point.kind == BreakpointKind::Execute { linear: line.at.linear });
                line_ui(ui, cx.commands, cx.links, &mut self.cursor, line, cx.view.pc, is_break);
            }
        });
    }
}

fn line_ui(
    ui: &mut Ui,
    commands: &mut Vec<Command>,
    links: &mut Vec<Goto>,
    cursor: &mut Option<CodeAddress>,
    line: &Disassembled,
    pc: CodeAddress,
    is_break: bool,
) {
    let is_next = line.at.linear == pc.linear;
    let marks = format!("{}{}", if is_break { '●' } else { ' ' }, if is_next { '▶' } else { ' ' });
    let bytes: String = line.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let text = RichText::new(format!("{marks} {}  {bytes:<14} {}", line.at, line.text)).monospace();
    let text = if is_next { text.strong() } else { text };
    ui.horizontal(|ui| {
        let is_chosen = cursor.is_some_and(|cursor| cursor.linear == line.at.linear);
        let response = ui.add(Button::selectable(is_chosen, text));
        if response.clicked() {
            *cursor = Some(line.at);
        }
        if response.double_clicked() {
            links.push(Goto::Breakpoint(line.at.linear));
        }
        response.context_menu(|ui| {
            if ui.button("Run to here").clicked() {
                commands.push(Command::Step(Step::To(line.at)));
                ui.close();
            }
            if ui.button("Switch a breakpoint here").clicked() {
                links.push(Goto::Breakpoint(line.at.linear));
                ui.close();
            }
            if ui.button("Show in memory").clicked() {
                links.push(Goto::Memory(line.at.linear));
                ui.close();
            }
        });
        if let Some(target) = line.target
            && ui.link(RichText::new(format!("→ {target}")).monospace()).clicked()
        {
            links.push(Goto::Code(target));
        }
    });
}
