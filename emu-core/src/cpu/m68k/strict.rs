//! The strict engine: fetches, decodes and executes one instruction at a time, with every check.

use super::backend::Meaning;
use super::checked::{Checked, Fault, Handler, Routine, run_meaning, vector};
use super::lower::{Lowered, Select, lower};
use super::state::{Activity, sr};
use crate::cpu::Exit;
use crate::cpu::bus::{Acknowledge, MemoryBus};
use crate::cpu::probe::Probe;
use crate::time::Cycle;
use std::marker::PhantomData;

/// Handlers that make every check.
struct CheckedHandlers<B, P>(PhantomData<(B, P)>);

impl<B: MemoryBus, P: Probe> Select for CheckedHandlers<B, P> {
    type Handler = Handler<B, P>;

    fn meaning<M: Meaning>() -> Handler<B, P> {
        run_meaning::<M, B, P>
    }

    fn routine<R: Routine>() -> Handler<B, P> {
        R::run::<B, P>
    }
}

/// The level that no mask keeps out.
const UNMASKABLE: u8 = 7;

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// See [`crate::cpu::Processor::run`].
    pub fn run_strictly(&mut self) -> Exit {
        loop {
            if self.s.now >= self.bus.deadline().0 {
                return Exit::Budget;
            }
            if self.enter_what_is_due() {
                if self.single_step {
                    return Exit::Budget;
                }
                continue;
            }
            if self.s.activity != Activity::Running {
                return Exit::Halted;
            }
            if P::ACTIVE && self.probe.before_instruction(self.s.code_address()) {
                return Exit::Probe;
            }
            self.step();
            if self.bus.exit_requested() {
                return Exit::BusRequest;
            }
            if P::ACTIVE && self.probe.stop_requested() {
                return Exit::Probe;
            }
            if self.single_step {
                return if self.s.is_quiet() { Exit::Halted } else { Exit::Budget };
            }
        }
    }

    /// Enters RESET's start, a trace exception or an interrupt, if one is due between two instructions.
    pub fn enter_what_is_due(&mut self) -> bool {
        match self.s.activity {
            Activity::Resetting => {
                self.begin();
                return true;
            }
            Activity::Halted => return false,
            Activity::Running | Activity::Stopped => {}
        }
        if self.s.trace_due {
            self.s.trace_due = false;
            self.exception(vector::TRACE);
            return true;
        }
        self.take_interrupt()
    }

    fn take_interrupt(&mut self) -> bool {
        let level = self.bus.interrupt_level();
        let appears = level == UNMASKABLE && self.s.level_seen != UNMASKABLE;
        self.s.level_seen = level;
        if level <= self.s.level() && !appears {
            return false;
        }
        let number = match self.bus.acknowledge_level(level, Cycle(self.s.now)) {
            Acknowledge::Vector(number) => number,
            Acknowledge::Autovector => vector::AUTOVECTORS + level,
            Acknowledge::Nobody => vector::SPURIOUS,
        };
        self.interrupt(level, number);
        true
    }

    /// One instruction.
    fn step(&mut self) {
        let start = self.s.pc;
        let traces = self.s.system & sr::TRACE != 0;
        self.s.counters.instructions += 1;
        let opcode = match self.fetch(start) {
            Ok(opcode) => opcode,
            Err(fault) => return self.fail_to_fetch(start, 0, fault),
        };
        let Lowered { operands, handler } = match self.next(start, opcode) {
            Ok(lowered) => lowered,
            Err(fault) => return self.fail_to_fetch(start, opcode, fault),
        };
        self.s.pc = start.wrapping_add(operands.length.into());
        self.s.now += u64::from(operands.clocks);
        self.s.trace_due = traces;
        if let Err(fault) = handler(self, &operands) {
            self.fail(start, &operands, fault);
        }
    }

    /// Decodes the instruction that begins with `opcode` at `start`.
    fn next(&mut self, start: u32, opcode: u16) -> Result<Lowered<Handler<B, P>>, Fault> {
        let mut at = start;
        lower::<CheckedHandlers<B, P>, Fault>(opcode, start, || {
            at = at.wrapping_add(2);
            self.fetch(at)
        })
    }
}
