//! What a bus or address error leaves behind on the 68000, which does not undo an instruction that it cannot complete:
//! registers stepped, flags set, and a PC that says how far the prefetch had come.
//!
//! Meanings leave nothing behind when they fail. So what the part does leave follows here, from the state before the
//! instruction, its opcode and the access that failed. As the microcode does it; what the manual says (MC68000UM/AD, 6.3.9.1)
//! is that the stacked PC lies two to ten bytes behind the instruction's start.

use super::{Access, Checked};
use crate::addr::Width;
use crate::cpu::bus::MemoryBus;
use crate::cpu::m68k::clocks;
use crate::cpu::m68k::meaning::transfer::push;
use crate::cpu::m68k::mode::Mode;
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::reg;
use crate::cpu::m68k::table::{self, Operand, Operation, Row};
use crate::cpu::probe::Probe;

/// What the frame shows.
pub(super) struct Leftover {
    pub pc: u32,
    /// What the instruction register holds.
    pub instruction: u16,
    pub access: Access,
    /// The clock cycles that the instruction has taken by then.
    pub clocks: u16,
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Leaves behind what an instruction at `start` has done when `access` fails.
    pub(super) fn leave_behind(&mut self, start: u32, o: &Operands, access: Access) -> Leftover {
        let next = start.wrapping_add(o.length.into());
        let plain = Leftover { pc: next, instruction: o.opcode, access, clocks: o.clocks };
        let Some(row) = table::find(o.opcode) else { return plain };
        let after = |bytes: u32| start.wrapping_add(bytes);
        match row.operation {
            Operation::BranchSub => {
                // The return address is on the stack by then.
                self.s.pc = next;
                let _ = push(self, next);
                Leftover { pc: access.at, ..plain }
            }
            Operation::BranchIf => Leftover { pc: after(2), clocks: 10, ..plain },
            Operation::Branch | Operation::Jump => Leftover { pc: after(2), ..plain },
            Operation::Return => {
                self.step_register(reg::SP, if access.is_program { 4 } else { 0 });
                Leftover { pc: after(2), ..plain }
            }
            Operation::ReturnFromException | Operation::ReturnRestore => Leftover { pc: after(2), ..plain },
            Operation::JumpSub | Operation::DecrementBranch | Operation::PushAddress | Operation::Link => {
                plain
            }
            Operation::Unlink => Leftover { pc: after(4), ..plain },
            Operation::LoadMultiple | Operation::StoreMultiple => self.leave_multiple(o, plain),
            Operation::Move if access.is_write => self.leave_move(row, o, plain),
            _ if matches!(row.operands[0], Operand::IncrementLower | Operand::DecrementLower) => {
                self.leave_pair(row, o, Leftover { pc: after(4), ..plain })
            }
            _ => self.leave_operand(row, o, start, plain),
        }
    }

    fn step_register(&mut self, register: u8, by: i32) {
        let value = self.s.get::<u32>(register);
        self.s.put(register, value.wrapping_add_signed(by));
    }

    /// MOVEM: the first of its words is the one that fails, and nothing has been done.
    fn leave_multiple(&mut self, o: &Operands, plain: Leftover) -> Leftover {
        let steps_back = Mode::of(o.opcode) == Some(Mode::Decrement);
        // Longs go out lower word first when addresses go down.
        let is_long = o.opcode & 0x40 != 0;
        let at = plain.access.at.wrapping_add(if steps_back && is_long { 2 } else { 0 });
        let access = Access { at, is_program: reads_program(o.opcode), ..plain.access };
        let mode = Mode::of(o.opcode).filter(|&mode| mode != Mode::Decrement).unwrap_or(Mode::Indirect);
        let clocks = 8 + clocks::of_mode(mode, false);
        Leftover { pc: plain.pc.wrapping_add(2), access, clocks, ..plain }
    }

    /// Two operands in memory, both -(An) or both (An)+.
    fn leave_pair(&mut self, row: &Row, o: &Operands, plain: Leftover) -> Leftover {
        let is_long = row.width(o.opcode) == Width::Dword;
        let goes_up = row.operands[0] == Operand::IncrementLower;
        let (source, destination) = (o.source.base, o.destination.base);
        let before = self.s.get::<u32>(source);
        let source_at = if goes_up { before } else { before.wrapping_sub(o.source.value) };
        let of_source = source_at & 1 != 0;
        match (goes_up, is_long, of_source) {
            (true, _, true) => self.step_register(source, 2),
            (true, false, false) => self.step_register(source, 2),
            (true, true, false) => self.step_register(source, 4),
            (false, false, true) => self.step_register(source, -2),
            (false, false, false) => {
                self.step_register(source, -2);
                self.step_register(destination, -2);
            }
            (false, true, true) => {}
            (false, true, false) => self.step_register(source, -4),
        }
        // Longs are read lower word first when addresses go down.
        let at = plain.access.at.wrapping_add(if is_long && !goes_up { 2 } else { 0 });
        let first = if goes_up { 8 } else { 10 };
        let second = if is_long { 8 } else { 4 };
        let clocks = if of_source { first } else { first + second };
        Leftover { access: Access { at, ..plain.access }, clocks, ..plain }
    }

    /// An operand that cannot be read.
    fn leave_operand(&mut self, row: &Row, o: &Operands, start: u32, plain: Leftover) -> Leftover {
        let Some(mode) = Mode::of(o.opcode) else { return plain };
        let is_long = row.width(o.opcode) == Width::Dword;
        let immediate = match (row.operands[0], is_long) {
            (Operand::Immediate, true) => 4,
            (Operand::Immediate, false) => 2,
            _ => 0,
        };
        // Only (An)+ steps late, and only longs show it.
        let place = if matches!(row.operands[0], Operand::Ea(_)) { o.source } else { o.destination };
        match (mode, is_long) {
            (Mode::Increment, false) => self.step_register(place.base, 2),
            (Mode::Decrement, _) => self.step_register(place.base, (place.value as i32).wrapping_neg()),
            _ => {}
        }
        let fetched = match mode {
            Mode::Decrement if !is_long => 2,
            Mode::AbsoluteWord => 2,
            Mode::AbsoluteLong => 4,
            _ => 0,
        };
        let access = Access { is_program: mode.is_program(), ..plain.access };
        let clocks = 4 + 2 * immediate as u16 + clocks::of_mode(mode, false);
        Leftover { pc: start.wrapping_add(2 + immediate + fetched), access, clocks, ..plain }
    }

    /// MOVE that has read its source and cannot write.
    fn leave_move(&mut self, row: &Row, o: &Operands, plain: Leftover) -> Leftover {
        let (Some(from), Some(to)) = (Mode::of(o.opcode), Mode::of_move_destination(o.opcode)) else {
            return plain;
        };
        let is_long = row.width(o.opcode) == Width::Dword;
        match from {
            Mode::Increment => self.step_register(o.source.base, o.source.value as i32),
            Mode::Decrement => self.step_register(o.source.base, (o.source.value as i32).wrapping_neg()),
            _ => {}
        }
        self.leave_flags(is_long, from, to, plain.access.value);
        // Modes without words of their own are found out with the next instruction's words already asked for.
        let is_short = matches!(to, Mode::Indirect | Mode::Increment | Mode::Decrement);
        let pc = plain.pc.wrapping_add(if is_short { 2 } else { 0 });
        let last = if to == Mode::Decrement { 8 } else { clocks::of_mode(to, false) };
        let plain = Leftover { clocks: 4 + clocks::of_mode(from, is_long) + last, ..plain };
        if to != Mode::Decrement {
            return Leftover { pc, ..plain };
        }
        if is_long {
            let at = plain.access.at.wrapping_add(2);
            return Leftover { pc, access: Access { at, ..plain.access }, ..plain };
        }
        // The word is written while the next instruction already stands in the instruction register.
        self.step_register(o.destination.base, -2);
        let instruction = self.fetch(plain.pc).unwrap_or(plain.instruction);
        Leftover { pc, instruction, ..plain }
    }

    /// The flags of a MOVE that could not write: all of them for words; for longs as far as the microcode had come.
    fn leave_flags(&mut self, is_long: bool, from: Mode, to: Mode, value: u32) {
        let in_memory = !matches!(from, Mode::DataRegister | Mode::AddressRegister | Mode::Immediate);
        let flags = &mut self.s.flags;
        match to {
            _ if !is_long => flags.set_logic(value as u16),
            Mode::Decrement => flags.set_logic(value),
            // Read word by word: the lower one was the last.
            _ if in_memory => flags.set_logic(value as u16),
            Mode::Indirect | Mode::Increment => {}
            _ => flags.set_all((value as i32) < 0, value == 0, flags.overflow(), flags.carry()),
        }
    }
}

/// Whether an opcode's addressing mode hangs on the PC.
fn reads_program(opcode: u16) -> bool {
    Mode::of(opcode).is_some_and(Mode::is_program)
}
