//! A copy of a machine's state for the debugger's panes, made when the machine stops and a few times a second while
//! it runs. Panes read the copy; they never reach into a machine.

use crate::board::device::RegisterView;
use crate::cpu::describe::{CodeAddress, Disassembled};
use crate::machine::Machine;
use crate::time::Cycle;
use serde::{Deserialize, Serialize};

/// Bytes that one view copies at the most, all windows together.
const MAX_MEMORY: usize = 64 * 1024;
/// Lines of disassembly in one view at the most.
const MAX_LINES: usize = 512;
/// How far before an address the disassembly tries to begin, so that its lines fall into step.
const RUN_UP: u64 = 24;

/// What the panes want to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRequest {
    /// Where the listing is; absent: around the next instruction.
    pub disassembly: Option<CodeAddress>,
    /// Lines before that place, and from it on.
    pub lines_before: usize,
    pub lines: usize,
    /// Windows of linear memory: start and length.
    pub memory: Vec<(u64, u32)>,
    /// Entries of the stack.
    pub stack: usize,
    /// Whether devices' registers are shown.
    pub devices: bool,
}

/// A device's registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    pub name: String,
    pub registers: Vec<RegisterView>,
}

/// An entry of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEntry {
    pub at: CodeAddress,
    pub value: u64,
}

/// A window of linear memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryWindow {
    pub start: u64,
    pub bytes: Vec<u8>,
}

/// The copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebugView {
    pub at: Cycle,
    pub pc: CodeAddress,
    /// In the order of the CPU's description.
    pub registers: Vec<u64>,
    pub disassembly: Vec<Disassembled>,
    pub stack: Vec<StackEntry>,
    pub memory: Vec<MemoryWindow>,
    pub devices: Vec<DeviceView>,
}

impl Machine {
    /// Copies what the panes want to see.
    pub fn debug_view(&self, request: &ViewRequest) -> DebugView {
        let cpu = self.cpu();
        let registers = (0..cpu.description().registers.len() as u16)
            .map(|at| cpu.register(crate::cpu::describe::RegisterId(at)))
            .collect();
        DebugView {
            at: self.now(),
            pc: cpu.pc(),
            registers,
            disassembly: self.listing(request),
            stack: self.stack(request.stack.min(MAX_LINES)),
            memory: self.windows(&request.memory),
            devices: if request.devices { self.device_views() } else { Vec::new() },
        }
    }

    /// Lines before and after a place. Instructions have no fixed length, so the lines before are those of the
    /// longest run-up that falls into step with it.
    fn listing(&self, request: &ViewRequest) -> Vec<Disassembled> {
        let at = request.disassembly.unwrap_or(self.cpu().pc());
        let before = request.lines_before.min(MAX_LINES);
        let mut listing = self.lines_leading_to(at, before);
        listing.extend(self.disassemble(at, request.lines.min(MAX_LINES)));
        listing
    }

    fn lines_leading_to(&self, at: CodeAddress, count: usize) -> Vec<Disassembled> {
        let longest = (count as u64 * RUN_UP / 4).max(RUN_UP).min(at.offset);
        for back in (1..=longest).rev() {
            let start = CodeAddress { offset: at.offset - back, linear: at.linear.wrapping_sub(back), ..at };
            let mut lines = Vec::new();
            let mut next = start;
            while next.offset < at.offset {
                let line = self.disassemble(next, 1).remove(0);
                next.offset += line.bytes.len().max(1) as u64;
                next.linear = start.linear.wrapping_add(next.offset - start.offset);
                lines.push(line);
            }
            if next.offset == at.offset {
                let skip = lines.len().saturating_sub(count);
                return lines.split_off(skip);
            }
        }
        Vec::new()
    }

    fn stack(&self, entries: usize) -> Vec<StackEntry> {
        let description = self.cpu().description();
        let segment = description.stack_segment.map(|id| self.cpu().register(id) as u16);
        let top = self.cpu().register(description.stack_pointer);
        let bits = description.registers[usize::from(description.stack_pointer.0)].bits;
        let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
        let width = u64::from(description.stack_width);
        let entry = |number: usize| {
            let offset = top.wrapping_add(number as u64 * width) & mask;
            let place = |offset: u64| self.cpu().code_address(segment, offset & mask);
            let byte = |at: u64| u64::from(self.peek(place(at).linear));
            let value = (0..width).fold(0, |value, at| value | byte(offset + at) << (8 * at));
            StackEntry { at: place(offset), value }
        };
        (0..entries).map(entry).collect()
    }

    fn windows(&self, wanted: &[(u64, u32)]) -> Vec<MemoryWindow> {
        let mut left = MAX_MEMORY;
        let mut windows = Vec::new();
        for &(start, length) in wanted {
            let length = (length as usize).min(left);
            left -= length;
            let bytes = (0..length as u64).map(|at| self.peek(start.wrapping_add(at))).collect();
            windows.push(MemoryWindow { start, bytes });
        }
        windows
    }

    fn device_views(&self) -> Vec<DeviceView> {
        self.view_domain(|domain| {
            let now = domain.now();
            let view = |(_, name, device): (_, &str, &dyn crate::board::device::Device)| DeviceView {
                name: name.to_owned(),
                registers: device.registers(now),
            };
            domain.devices().map(view).filter(|view| !view.registers.is_empty()).collect()
        })
    }
}
