//! The breakpoints: a list, and a line to add one.

use super::{Goto, PaneCx, address};
use crate::gui::theme::{self, GRID, Tone};
use egui::{ComboBox, TextEdit, Ui};
use emu_core::addr::Port;
use emu_core::cpu::describe::CpuDescription;
use emu_core::debug::breakpoints::{AccessKind, Breakpoint, BreakpointKind};
use emu_core::debug::condition::Condition;
use emu_core::machine::protocol::Command;

/// What a new breakpoint waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Awaited {
    #[default]
    Execution,
    MemoryRead,
    MemoryWrite,
    PortRead,
    PortWrite,
    Interrupt,
}

impl Awaited {
    const ALL: [Self; 6] = [
        Self::Execution,
        Self::MemoryRead,
        Self::MemoryWrite,
        Self::PortRead,
        Self::PortWrite,
        Self::Interrupt,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Execution => "Instruction at",
            Self::MemoryRead => "Read of memory",
            Self::MemoryWrite => "Write to memory",
            Self::PortRead => "Read of port",
            Self::PortWrite => "Write to port",
            Self::Interrupt => "Interrupt",
        }
    }

    fn kind(self, place: &str, cpu: &CpuDescription) -> Result<BreakpointKind, String> {
        let memory = |access| {
            let linear = address::parse(place, cpu)?.linear;
            Ok(BreakpointKind::Memory { first: linear, last: linear, access })
        };
        let port = |access| {
            let port =
                u16::try_from(address::hex(place)?).map_err(|_| "The highest port is FFFF".to_owned())?;
            Ok(BreakpointKind::Port { first: Port(port), last: Port(port), access })
        };
        match self {
            Self::Execution => Ok(BreakpointKind::Execute { linear: address::parse(place, cpu)?.linear }),
            Self::MemoryRead => memory(AccessKind::Read),
            Self::MemoryWrite => memory(AccessKind::Write),
            Self::PortRead => port(AccessKind::Read),
            Self::PortWrite => port(AccessKind::Write),
            Self::Interrupt => {
                let vector = u8::try_from(address::hex(place)?);
                vector
                    .map(|vector| BreakpointKind::Interrupt { vector })
                    .map_err(|_| "The highest interrupt is FF".to_owned())
            }
        }
    }
}

/// The pane, and the list that the machine was told.
#[derive(Default)]
pub struct BreakpointsPane {
    list: Vec<Breakpoint>,
    next_id: u32,
    awaited: Awaited,
    place: String,
    condition: String,
    mistake: Option<String>,
}

impl BreakpointsPane {
    pub fn list(&self) -> &[Breakpoint] {
        &self.list
    }

    /// Takes the hits that the machine has counted.
    pub fn take_counts(&mut self, counted: Vec<Breakpoint>) {
        for counted in counted {
            if let Some(ours) = self.list.iter_mut().find(|ours| ours.id == counted.id) {
                ours.hits = counted.hits;
            }
        }
    }

    /// Sets a breakpoint at an instruction, or takes it away.
    pub fn toggle_at(&mut self, linear: u64, commands: &mut Vec<Command>) {
        let kind = BreakpointKind::Execute { linear };
        let count = self.list.len();
        self.list.retain(|point| point.kind != kind);
        if self.list.len() == count {
            self.add(kind, String::new());
        }
        self.tell(commands);
    }

    fn add(&mut self, kind: BreakpointKind, condition: String) {
        self.next_id += 1;
        self.list.push(Breakpoint { condition, ..Breakpoint::new(self.next_id, kind) });
    }

    fn tell(&self, commands: &mut Vec<Command>) {
        commands.push(Command::SetBreakpoints(self.list.clone()));
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        ui.style_mut().wrap_mode = None;
        self.add_ui(ui, cx);
        if let Some(mistake) = &self.mistake {
            ui.colored_label(theme::tone(ui, Tone::Bad), mistake);
        }
        ui.separator();
        if self.list.is_empty() {
            ui.weak("No breakpoints yet; F9 sets one at the chosen line.");
        }
        let (mut removed, mut has_changed) = (None, false);
        for (at, point) in self.list.iter_mut().enumerate() {
            ui.push_id(point.id, |ui| {
                ui.horizontal(|ui| {
                    has_changed |= ui.checkbox(&mut point.enabled, point.kind.to_string()).changed();
                    if !point.condition.is_empty() {
                        ui.label(format!("when {}", point.condition));
                    }
                    ui.weak(if point.hits == 1 {
                        "1 hit".to_owned()
                    } else {
                        format!("{} hits", point.hits)
                    });
                    if let BreakpointKind::Execute { linear } = point.kind
                        && ui.link("Show").clicked()
                    {
                        cx.links.push(Goto::Code(address::of_linear(linear, cx.cpu)));
                    }
                    if ui.button("Remove").clicked() {
                        removed = Some(at);
                    }
                });
            });
        }
        if let Some(at) = removed {
            self.list.remove(at);
        }
        if has_changed || removed.is_some() {
            self.tell(cx.commands);
        }
    }

    fn add_ui(&mut self, ui: &mut Ui, cx: &mut PaneCx<'_>) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Stop at");
            let awaited = ComboBox::from_id_salt("awaited").selected_text(self.awaited.label());
            let shown = awaited.show_ui(ui, |ui| {
                for awaited in Awaited::ALL {
                    ui.selectable_value(&mut self.awaited, awaited, awaited.label());
                }
            });
            shown.response.labelled_by(label.id);
            let label = ui.label("Place");
            ui.add(TextEdit::singleline(&mut self.place).desired_width(10.0 * GRID)).labelled_by(label.id);
            let label = ui.label("When");
            let field =
                TextEdit::singleline(&mut self.condition).hint_text("always").desired_width(14.0 * GRID);
            ui.add(field).labelled_by(label.id).on_hover_text("A condition, such as ax == 5 && zf");
            if ui.button("Add breakpoint").clicked() {
                self.mistake = self.add_typed(cx).err();
            }
        });
    }

    fn add_typed(&mut self, cx: &mut PaneCx<'_>) -> Result<(), String> {
        let kind = self.awaited.kind(&self.place, cx.cpu)?;
        if !self.condition.trim().is_empty() {
            Condition::parse(&self.condition, cx.cpu).map_err(|error| error.to_string())?;
        }
        let condition = std::mem::take(&mut self.condition);
        self.add(kind, condition);
        self.place.clear();
        self.tell(cx.commands);
        Ok(())
    }
}
