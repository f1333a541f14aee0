//! String instructions, with and without a repeat prefix (microcode 112–133 and 1F0–1F9).

use super::engine::{Engine, Operand};
use super::state::{Progress, Repeat, reg, seg};
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Operation, flag};
use crate::time::Cycle;

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Iteration {
    /// The instruction is complete, or an interrupt has sent it back to its prefix.
    Last,
    Another,
}

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// Opcodes A4–A7 and AA–AF from their first line on.
    pub fn string(&mut self, opcode: u8) {
        self.spend(1);
        if self.is_repeated() {
            self.spend(4);
            if self.s.registers[reg::CX] == 0 {
                return;
            }
            self.spend(3);
        }
        self.repeat_string(opcode);
    }

    #[inline(always)]
    fn is_repeated(&self) -> bool {
        self.s.prefixes.repeat != Repeat::None
    }

    /// Iterates until the end, or until the run has to end first: then the state says where to go on.
    pub fn repeat_string(&mut self, opcode: u8) {
        self.s.progress = Progress::Boundary;
        while self.iterate(opcode) == Iteration::Another {
            if self.s.now >= self.bus.deadline().0 {
                self.settle();
                self.bus.catch_up(Cycle(self.s.now));
            }
            if self.single_step || self.bus.exit_requested() || P::ACTIVE && self.probe.stop_requested() {
                self.s.progress = Progress::Repeating(opcode);
                return;
            }
        }
    }

    #[inline(always)]
    fn iterate(&mut self, opcode: u8) -> Iteration {
        if self.is_repeated() {
            self.s.counters.string_iterations += 1;
        }
        match opcode {
            0xA4 => self.move_string::<u8>(),
            0xA5 => self.move_string::<u16>(),
            0xA6 => self.compare_string::<u8>(),
            0xA7 => self.compare_string::<u16>(),
            0xAA => self.store_string::<u8>(),
            0xAB => self.store_string::<u16>(),
            0xAC => self.load_string::<u8>(),
            0xAD => self.load_string::<u16>(),
            0xAE => self.scan_string::<u8>(),
            _ => self.scan_string::<u16>(),
        }
    }

    /// Moves SI or DI on by one element.
    #[inline(always)]
    fn step_index<T: Operand>(&mut self, index: usize) {
        let size = (T::BITS / 8) as u16;
        let old = self.s.registers[index];
        let new = if self.s.has(flag::DF) { old.wrapping_sub(size) } else { old.wrapping_add(size) };
        self.s.registers[index] = new;
        self.s.ind = new;
    }

    #[inline(always)]
    fn read_source<T: Operand>(&mut self) -> T {
        let value = T::read(self, self.data_segment(seg::DS), self.s.registers[reg::SI]);
        self.step_index::<T>(reg::SI);
        value
    }

    #[inline(always)]
    fn read_destination<T: Operand>(&mut self) -> T {
        let value = T::read(self, self.s.segments[seg::ES], self.s.registers[reg::DI]);
        self.step_index::<T>(reg::DI);
        value
    }

    #[inline(always)]
    fn write_destination<T: Operand>(&mut self, value: T) {
        T::write(self, self.s.segments[seg::ES], self.s.registers[reg::DI], value);
        self.step_index::<T>(reg::DI);
    }

    #[inline(always)]
    fn count_down(&mut self) -> bool {
        let count = self.s.registers[reg::CX].wrapping_sub(1);
        self.s.registers[reg::CX] = count;
        count != 0
    }

    fn move_string<T: Operand>(&mut self) -> Iteration {
        let value: T = self.read_source();
        self.spend(1);
        self.write_destination(value);
        self.spend(1);
        if !self.is_repeated() {
            self.spend(1);
            return Iteration::Last;
        }
        self.end_of_move()
    }

    /// Lines 131 and 132: interrupt, or count and go round.
    #[inline(always)]
    fn end_of_move(&mut self) -> Iteration {
        let again = self.count_down();
        self.spend(1);
        if self.interrupt_pending() {
            return self.interrupt_string();
        }
        self.spend(1);
        self.go_round(again)
    }

    #[inline(always)]
    fn go_round(&mut self, again: bool) -> Iteration {
        if !again {
            return Iteration::Last;
        }
        self.spend(1);
        Iteration::Another
    }

    fn load_string<T: Operand>(&mut self) -> Iteration {
        let value: T = self.read_source();
        self.set_register(0, value);
        self.spend(3);
        if !self.is_repeated() {
            return Iteration::Last;
        }
        self.spend(1);
        self.end_of_move()
    }

    fn store_string<T: Operand>(&mut self) -> Iteration {
        let value: T = self.register(0);
        self.write_destination(value);
        self.spend(1);
        if !self.is_repeated() {
            self.spend(1);
            return Iteration::Last;
        }
        let again = self.count_down();
        self.spend(1);
        if self.interrupt_pending() {
            return self.interrupt_string();
        }
        self.spend(1);
        self.go_round(again)
    }

    fn compare_string<T: Operand>(&mut self) -> Iteration {
        self.spend(1);
        let source: T = self.read_source();
        self.spend(2);
        let destination: T = self.read_destination();
        self.end_of_compare(source, destination)
    }

    fn scan_string<T: Operand>(&mut self) -> Iteration {
        self.spend(2);
        let destination: T = self.read_destination();
        let accumulator: T = self.register(0);
        self.end_of_compare(accumulator, destination)
    }

    #[inline(always)]
    fn end_of_compare<T: Operand>(&mut self, a: T, b: T) -> Iteration {
        let out = Operation::Cmp.apply(a, b, 0);
        self.s.set_status(out.flags);
        self.spend(3);
        if !self.is_repeated() {
            self.spend(1);
            return Iteration::Last;
        }
        let again = self.count_down();
        self.spend(1);
        if self.s.has(flag::ZF) != (self.s.prefixes.repeat == Repeat::WhileEqual) {
            self.spend(1);
            return Iteration::Last;
        }
        self.spend(1);
        if self.interrupt_pending() {
            return self.interrupt_string();
        }
        self.spend(1);
        self.go_round(again)
    }

    /// The microcode routine RPTI: back to the last prefix, for the interrupt to be taken there. (Earlier prefixes
    /// are lost, as on the chip.)
    #[cold]
    fn interrupt_string(&mut self) -> Iteration {
        self.spend(1);
        self.suspend_prefetch();
        self.spend(1);
        let next = self.corrected_pc();
        self.spend(1);
        self.flush_queue(next.wrapping_sub(2));
        Iteration::Last
    }
}
