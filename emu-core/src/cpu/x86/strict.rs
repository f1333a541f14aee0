//! The strict engine: fetches, decodes and executes one instruction at a time, with every check.

use super::backend::Meaning;
use super::checked::{Checked, Fault, Handler, Origin, Routine, run_meaning, vector};
use super::flags::system;
use super::lower::{Lowered, Select, Undecodable, lower};
use super::model::Feature;
use super::state::{Activity, dr6, reg, seg};
use crate::cpu::Exit;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::mem::Changes;
use crate::time::Cycle;
use std::marker::PhantomData;

/// The longest instruction of any model.
pub(super) const LONGEST: usize = 15;

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

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// See [`crate::cpu::Processor::run`]. Code that has changed is no matter here; it is added to `changes`, for who keeps
    /// code decoded.
    pub fn run_strictly(&mut self, changes: &mut Changes) -> Exit {
        loop {
            if self.bus.tlb().has_notices() {
                changes.add(self.bus.take_changes());
            }
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

    /// Tells the probe of the next instruction, unless it is one that goes on. Gives whether it stops the processor there.
    #[inline]
    pub fn stops_before(&mut self) -> bool {
        P::ACTIVE && !self.s.repeating && self.probe.before_instruction(&self.s.code_address(self.s.rip))
    }

    /// What comes before an instruction: the deadline, whoever wants the bus, interrupts, being halted.
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
            if !self.take_interrupt() {
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
            Some(if self.s.activity == Activity::Running { Exit::Budget } else { Exit::Halted })
        } else {
            None
        }
    }

    /// Enters an interrupt's handler if one is due between two instructions.
    fn take_interrupt(&mut self) -> bool {
        if self.s.shadow || self.s.activity == Activity::Shutdown {
            return false;
        }
        self.blame(self.s.rip);
        if !self.s.management.active && self.model.offers(Feature::Smm) && self.bus.take_smi() {
            self.s.now += self.model.clocks_per_instruction;
            self.enter_management();
            return true;
        }
        let number = if !self.s.nmi_blocked && self.bus.take_nmi() {
            vector::NMI
        } else if self.s.flags.has(flag::IF.into()) && self.bus.interrupt_line() {
            self.bus.acknowledge_interrupt(Cycle(self.s.now))
        } else {
            return false;
        };
        self.s.activity = Activity::Running;
        self.s.repeating = false;
        self.s.now += self.model.clocks_per_instruction;
        if let Err(fault) = self.interrupt(number, Origin::Event) {
            self.raise(fault);
        }
        true
    }

    /// One instruction, or as many iterations of one as there is time for.
    pub fn step(&mut self) {
        let start = self.s.rip;
        self.execute_at(start, |cpu| {
            let Lowered { operands, handler } = cpu.next()?;
            cpu.s.rip = start.wrapping_add(u64::from(operands.length)) & cpu.offset_mask();
            cpu.s.registers[usize::from(reg::IP)] = cpu.s.rip;
            handler(cpu, &operands)
        });
    }

    /// Does what `instruction` says as the instruction at `start`, with what comes before and after each: time, counting, a
    /// fault's way back, the trap of a single step.
    #[inline(always)]
    pub fn execute_at(&mut self, start: u64, instruction: impl FnOnce(&mut Self) -> Result<(), Fault>) {
        let traps = self.s.flags.has(flag::TF.into());
        self.s.shadow = false;
        self.s.counters.instructions += u64::from(!self.s.repeating);
        self.s.repeating = false;
        self.s.now += self.model.clocks_per_instruction;
        self.blame(start);
        if self.s.has_breakpoints() && self.breaks_at(start) {
            return;
        }
        let done = instruction(self);
        self.s.registers[usize::from(reg::IP)] = 0;
        if let Some(io) = &mut self.s.management.io
            && io.instruction == self.s.counters.instructions
        {
            (io.start, io.end) = (start, self.s.rip);
        }
        let met = std::mem::take(&mut self.s.breakpoints);
        if let Err(fault) = done {
            if !(fault.vector == vector::DIVIDE && self.model.is_before_protection()) {
                self.s.rip = start;
            }
            self.raise(fault);
        } else if (traps || met != 0) && !self.s.shadow && self.s.activity != Activity::Shutdown {
            self.s.debug[6] |= met | if traps { dr6::BS } else { 0 };
            self.raise(Fault::plain(vector::DEBUG));
        }
    }

    /// Raises the exception of an instruction breakpoint at `start`, if there is one and RF does not hold it back this time.
    fn breaks_at(&mut self, start: u64) -> bool {
        let held_back = self.s.flags.has(system::RF);
        self.s.flags.put(system::RF, false);
        let met = self.s.breakpoints_met(self.s.code_address(start).linear, 1, &[0]);
        if held_back || met == 0 {
            return false;
        }
        self.s.debug[6] |= met;
        self.s.flags.put(system::RF, true);
        self.raise(Fault::plain(vector::DEBUG));
        true
    }

    /// Fetches and decodes the instruction at RIP.
    fn next(&mut self) -> Result<Lowered<Handler<B, P>>, Fault> {
        let mut bytes = [0; LONGEST];
        let mut fetched = 0;
        let bits = self.s.segment(seg::CS).default_bits();
        let mut offset = self.s.rip;
        loop {
            // Most instructions are short: no more than that is touched for them, and no page that has none of them.
            let wanted = (fetched + 4).min(LONGEST);
            let got = self.fetch(offset, &mut bytes[fetched..wanted])?;
            fetched += got;
            offset = offset.wrapping_add(got as u64);
            if self.model.is_before_protection() {
                offset &= self.offset_mask();
            }
            match lower::<CheckedHandlers<B, P>>(self.model, bits, &bytes[..fetched], self.s.rip) {
                Ok(lowered) => return Ok(lowered),
                Err(Undecodable::Invalid) => return Err(Fault::plain(vector::INVALID_OPCODE)),
                Err(Undecodable::Incomplete) if got > 0 && fetched < LONGEST => {}
                Err(Undecodable::Incomplete | Undecodable::TooLong) => {
                    return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
                }
            }
        }
    }
}
