//! The strict engine: fetches, decodes and executes one instruction at a time, with every check.

use super::backend::Meaning;
use super::checked::{Checked, Fault, Handler, Routine, run_meaning, vector};
use super::lower::{Lowered, Select, lower};
use super::operands::Operands;
use super::state::{Activity, sr};
use crate::cpu::Exit;
use crate::cpu::bus::{Acknowledge, MemoryBus};
use crate::cpu::probe::Probe;
use crate::time::Cycle;
use std::marker::PhantomData;

/// Handlers that make every check.
pub(super) struct CheckedHandlers<B, P>(PhantomData<(B, P)>);

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
            if let Err(exit) = self.before_instruction() {
                return exit;
            }
            if self.stops_before() {
                return Exit::Probe;
            }
            self.step();
            if let Some(exit) = self.after_instruction() {
                return exit;
            }
        }
    }

    /// Tells the probe of the next instruction. Gives whether it stops the processor there.
    #[inline]
    pub fn stops_before(&mut self) -> bool {
        P::ACTIVE && self.probe.before_instruction(&self.s.code_address())
    }

    /// What comes before an instruction: the deadline, whoever wants the bus, RESET's start, a trace exception, interrupts,
    /// being stopped.
    ///
    /// # Errors
    /// Why the run ends.
    pub fn before_instruction(&mut self) -> Result<(), Exit> {
        loop {
            if self.s.now >= self.bus.deadline().0 {
                return Err(Exit::Budget);
            }
            if self.s.now >= self.bus.next_hold().0 {
                self.s.now += u64::from(self.bus.hold(Cycle(self.s.now)));
                continue;
            }
            if !self.enter_what_is_due() {
                break;
            }
            if self.single_step {
                return Err(Exit::Budget);
            }
        }
        if self.s.activity == Activity::Running { Ok(()) } else { Err(Exit::Halted) }
    }

    /// Why the run ends after an instruction.
    pub fn after_instruction(&mut self) -> Option<Exit> {
        if self.bus.exit_requested() {
            Some(Exit::BusRequest)
        } else if P::ACTIVE && self.probe.stop_requested() {
            Some(Exit::Probe)
        } else if self.single_step {
            Some(if self.s.is_quiet() { Exit::Halted } else { Exit::Budget })
        } else {
            None
        }
    }

    /// Enters RESET's start, a trace exception or an interrupt, if one is due between two instructions.
    fn enter_what_is_due(&mut self) -> bool {
        self.blame();
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
    pub fn step(&mut self) {
        self.blame();
        let start = self.s.pc;
        let opcode = match self.fetch(start) {
            Ok(opcode) => opcode,
            Err(fault) => return self.fail_to_fetch(start, 0, fault),
        };
        match self.next(start, opcode) {
            Ok(Lowered { operands, handler }) => self.execute_at(start, &operands, handler),
            Err(fault) => self.fail_to_fetch(start, opcode, fault),
        }
    }

    /// Executes an instruction that lies at `start`, with what comes before and after each: time, counting, exceptions.
    pub fn execute_at(&mut self, start: u32, operands: &Operands, handler: Handler<B, P>) {
        self.blame();
        self.s.counters.instructions += 1;
        self.s.pc = start.wrapping_add(operands.length.into());
        self.s.now += u64::from(operands.clocks);
        self.s.trace_due = self.s.system & sr::TRACE != 0;
        if let Err(fault) = handler(self, operands) {
            self.fail(start, operands, fault);
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
