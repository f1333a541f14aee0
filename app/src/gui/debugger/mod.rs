//! The debugger: panes around the guest's screen. They read a copy of the machine's state and give commands.

pub mod address;
mod breakpoints;
mod caches;
mod devices;
mod disassembly;
mod memory;
mod registers;
mod stack;

use super::machine::screen::Screen;
use crate::worker::MachineHandle;
use breakpoints::BreakpointsPane;
use caches::CachesPane;
use disassembly::DisassemblyPane;
use egui::{Id, ScrollArea, TextWrapMode, Ui, WidgetText};
use egui_tiles::{Behavior, SimplificationOptions, TileId, Tiles, Tree, UiResponse};
use emu_core::cpu::describe::{CodeAddress, CpuDescription};
use emu_core::debug::view::{DebugView, ViewRequest};
use emu_core::machine::protocol::Command;
use memory::MemoryPane;
use registers::RegistersPane;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entries of the stack that are shown.
const STACK_ENTRIES: usize = 24;

/// A pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    Screen,
    Disassembly,
    Registers,
    Memory,
    Stack,
    Breakpoints,
    Devices,
    Caches,
}

impl Pane {
    const ALL: [Self; 8] = [
        Self::Screen,
        Self::Disassembly,
        Self::Registers,
        Self::Memory,
        Self::Stack,
        Self::Breakpoints,
        Self::Devices,
        Self::Caches,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Screen => "Screen",
            Self::Disassembly => "Disassembly",
            Self::Registers => "Registers",
            Self::Memory => "Memory",
            Self::Stack => "Stack",
            Self::Breakpoints => "Breakpoints",
            Self::Devices => "Devices",
            Self::Caches => "Caches",
        }
    }
}

/// How the panes are arranged.
pub type Layout = Tree<Pane>;

/// What a link in a pane leads to.
enum Goto {
    Code(CodeAddress),
    Memory(u64),
    /// Switches a breakpoint at this linear address.
    Breakpoint(u64),
}

/// What every pane is given.
struct PaneCx<'a> {
    cpu: &'static CpuDescription,
    cpu_hz: u64,
    view: &'a DebugView,
    /// The view at the stop before, to mark what has changed.
    before: Option<&'a DebugView>,
    /// Whether the machine stands, so that its state can be changed.
    stands: bool,
    commands: &'a mut Vec<Command>,
    links: &'a mut Vec<Goto>,
}

/// The debugger of one machine.
pub struct Debugger {
    cpu: &'static CpuDescription,
    cpu_hz: u64,
    open: bool,
    layout: Option<Layout>,
    view: Option<Arc<DebugView>>,
    at_stop: Option<Arc<DebugView>>,
    before: Option<Arc<DebugView>>,
    /// The machine has stopped; the view of that moment is on its way.
    stop_is_news: bool,
    asked: Option<ViewRequest>,
    commands: Vec<Command>,
    disassembly: DisassemblyPane,
    registers: RegistersPane,
    memory: MemoryPane,
    pub breakpoints: BreakpointsPane,
    pub caches: CachesPane,
}

impl Debugger {
    pub fn new(cpu: &'static CpuDescription, cpu_hz: u64) -> Self {
        Self {
            cpu,
            cpu_hz,
            open: false,
            layout: None,
            view: None,
            at_stop: None,
            before: None,
            stop_is_news: false,
            asked: None,
            commands: Vec::new(),
            disassembly: DisassemblyPane::default(),
            registers: RegistersPane::default(),
            memory: MemoryPane::default(),
            breakpoints: BreakpointsPane::default(),
            caches: CachesPane::default(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn toggle(&mut self) {
        self.open = !self.open;
        if !self.open {
            self.asked = None;
            self.commands.push(Command::Watch(None));
            self.caches.ask(false, &mut self.commands);
        } else {
            self.ask();
        }
    }

    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// Arranges the panes as they were at another time, if they are still the same.
    pub fn set_layout(&mut self, layout: Layout) {
        if Pane::ALL.iter().all(|pane| layout.tiles.find_pane(pane).is_some()) {
            self.layout = Some(layout);
        }
    }

    /// The state as it was copied last.
    pub fn view(&self) -> Option<&DebugView> {
        self.view.as_deref()
    }

    /// Takes the newest view.
    pub fn look(&mut self, handle: &MachineHandle) {
        let Some(view) = handle.view() else { return };
        if self.view.as_ref().is_some_and(|old| Arc::ptr_eq(old, &view)) {
            return;
        }
        if std::mem::take(&mut self.stop_is_news) {
            self.before = self.at_stop.replace(Arc::clone(&view));
            self.disassembly.follow();
        }
        self.view = Some(view);
    }

    /// The machine has stopped.
    pub fn stopped(&mut self) {
        self.stop_is_news = true;
    }

    /// The line that is chosen in the disassembly, or else the next instruction.
    pub fn cursor(&self) -> Option<CodeAddress> {
        self.disassembly.cursor().or_else(|| self.view.as_ref().map(|view| view.pc))
    }

    pub fn toggle_breakpoint(&mut self) {
        if let Some(place) = self.cursor() {
            self.breakpoints.toggle_at(place.linear, &mut self.commands);
        }
    }

    /// What the machine is to be told.
    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// Asks for what the panes show now, if that has changed.
    fn ask(&mut self) {
        let (disassembly, lines_before, lines) = self.disassembly.wanted();
        let request = ViewRequest {
            disassembly,
            lines_before,
            lines,
            memory: self.memory.wanted(),
            stack: STACK_ENTRIES,
            devices: true,
        };
        if self.asked.as_ref() != Some(&request) {
            self.commands.push(Command::Watch(Some(request.clone())));
            self.asked = Some(request);
        }
    }

    /// Shows the panes, the screen among them. Gives what goes to the guest.
    pub fn ui(&mut self, ui: &mut Ui, screen: &mut Screen, screen_id: Id, runs: bool) -> Vec<Command> {
        ui.painter().rect_filled(ui.max_rect(), 0.0, ui.visuals().panel_fill);
        let mut layout = self.layout.take().unwrap_or_else(default_layout);
        let view = self.view.clone().unwrap_or_default();
        let (mut links, mut told) = (Vec::new(), Vec::new());
        let before = self.before.clone();
        let cx = PaneCx {
            cpu: self.cpu,
            cpu_hz: self.cpu_hz,
            view: &view,
            before: before.as_deref(),
            stands: !runs,
            commands: &mut self.commands,
            links: &mut links,
        };
        let mut panes = Panes {
            cx,
            screen,
            screen_id,
            told: &mut told,
            disassembly: &mut self.disassembly,
            registers: &mut self.registers,
            memory: &mut self.memory,
            breakpoints: &mut self.breakpoints,
            caches: &mut self.caches,
        };
        layout.ui(&mut panes, ui);
        self.layout = Some(layout);
        for link in links {
            self.follow(link);
        }
        self.ask();
        self.caches.ask(true, &mut self.commands);
        told
    }

    fn follow(&mut self, link: Goto) {
        match link {
            Goto::Code(place) => self.disassembly.go_to(place),
            Goto::Memory(linear) => self.memory.go_to(linear),
            Goto::Breakpoint(linear) => self.breakpoints.toggle_at(linear, &mut self.commands),
        }
    }
}

/// The panes while they are shown.
struct Panes<'a> {
    cx: PaneCx<'a>,
    screen: &'a mut Screen,
    screen_id: Id,
    told: &'a mut Vec<Command>,
    disassembly: &'a mut DisassemblyPane,
    registers: &'a mut RegistersPane,
    memory: &'a mut MemoryPane,
    breakpoints: &'a mut BreakpointsPane,
    caches: &'a mut CachesPane,
}

impl Behavior<Pane> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        if *pane == Pane::Screen {
            self.told.extend(self.screen.ui(ui, self.screen_id, !self.cx.stands));
            return UiResponse::None;
        }
        egui::Frame::new().inner_margin(4.0).show(ui, |ui| {
            ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
            match pane {
                Pane::Screen => {}
                Pane::Disassembly => self.disassembly.ui(ui, &mut self.cx, self.breakpoints.list()),
                Pane::Registers => scrolled(ui, |ui| self.registers.ui(ui, &mut self.cx)),
                Pane::Memory => self.memory.ui(ui, &mut self.cx),
                Pane::Stack => scrolled(ui, |ui| stack::ui(ui, &mut self.cx)),
                Pane::Breakpoints => scrolled(ui, |ui| self.breakpoints.ui(ui, &mut self.cx)),
                Pane::Devices => scrolled(ui, |ui| devices::ui(ui, &self.cx)),
                Pane::Caches => scrolled(ui, |ui| self.caches.ui(ui, &mut self.cx)),
            }
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }
}

fn scrolled(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ScrollArea::both().auto_shrink(false).show(ui, contents);
}

fn default_layout() -> Layout {
    let mut tiles = Tiles::default();
    let upper = [Pane::Disassembly, Pane::Screen, Pane::Registers].map(|pane| tiles.insert_pane(pane));
    let upper = row(&mut tiles, &upper, &[1.0, 1.3, 0.8]);
    let wide = [Pane::Memory, Pane::Caches].map(|pane| tiles.insert_pane(pane)).to_vec();
    let wide = tiles.insert_tab_tile(wide);
    let [stack, breakpoints, devices] =
        [Pane::Stack, Pane::Breakpoints, Pane::Devices].map(|pane| tiles.insert_pane(pane));
    let lower = row(&mut tiles, &[wide, stack, breakpoints, devices], &[1.7, 0.5, 1.0, 0.8]);
    let root = tiles.insert_vertical_tile(vec![upper, lower]);
    Tree::new(Id::unique("debugger"), root, tiles)
}

/// Tiles side by side, with their shares of the width.
fn row(tiles: &mut Tiles<Pane>, children: &[TileId], shares: &[f32]) -> TileId {
    let mut linear = egui_tiles::Linear::new(egui_tiles::LinearDir::Horizontal, children.to_vec());
    for (child, share) in children.iter().zip(shares) {
        linear.shares.set_share(*child, *share);
    }
    tiles.insert_container(linear)
}
