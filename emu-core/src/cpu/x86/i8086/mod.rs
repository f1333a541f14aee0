//! The Intel 8086 and 8088 (data sheets 231455 and 231456, 8086 family user's manual 9800722).
//!
//! Two units at work apart: the bus interface unit ([`biu`]) fetches code ahead into its queue, the execution unit
//! ([`engine`], [`execute`]) takes instructions from it and asks for the bus when it needs an operand. Clocks are
//! those of the chip's microcode, so that not only an instruction's length but each bus cycle's place in it is right;
//! `docs/8086-accuracy.md` says how far that is measured against a real chip.
//!
//! Not modelled: the LOCK pin, the 8087 (TEST is tied active, ESC reads its operand and nothing more), HOLD or RQ/GT
//! between the bus cycles of a locked instruction, and the stale internal registers that JMP FAR and CALL FAR take
//! their offset from when given a register operand (the register itself is used).

mod biu;
mod control;
mod describe;
mod disassemble;
mod engine;
mod execute;
mod interrupt;
mod multiply;
mod saved;
mod state;
mod string;
mod table;
#[cfg(test)]
mod tests;
mod transfer;

use crate::cpu::bus::CpuBus;
use crate::cpu::describe::{CodeAddress, CpuDescription, Disassembled, RegisterError, RegisterId};
use crate::cpu::probe::{DynamicProbe, NoProbe, Probe};
use crate::cpu::{CpuCounters, Exit, Processor};
use crate::snapshot::{RestoreError, SavedState};
use crate::time::Cycle;
use engine::Engine;
use state::{Progress, State, seg};

/// Which of the two: they share everything but the bus and the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// 16-bit data bus, six bytes of queue.
    I8086,
    /// 8-bit data bus, four bytes of queue.
    I8088,
}

/// An 8086 or 8088.
#[derive(Clone, Debug)]
pub struct I8086 {
    variant: Variant,
    state: State,
}

impl I8086 {
    /// A processor that has just been reset.
    pub fn new(variant: Variant) -> Self {
        let mut state = State::default();
        state.reset();
        Self { variant, state }
    }

    /// As [`Processor::run`], with any probe.
    pub fn run_with<B: CpuBus, P: Probe>(&mut self, bus: &mut B, probe: &mut P, single_step: bool) -> Exit {
        let s = &mut self.state;
        match self.variant {
            Variant::I8086 => Engine::<B, P, true> { s, bus, probe, single_step }.run(),
            Variant::I8088 => Engine::<B, P, false> { s, bus, probe, single_step }.run(),
        }
    }

    /// The bytes in the prefetch queue, the oldest first, and how many they are.
    pub fn queue(&self) -> ([u8; 8], usize) {
        self.state.biu.queue()
    }

    /// Fills the prefetch queue with `bytes` (at most six, or four on an 8088), as if they had been fetched from
    /// CS:IP on and the bus were idle.
    pub fn preset_queue(&mut self, bytes: &[u8]) {
        let room = if self.variant == Variant::I8086 { 6 } else { 4 };
        let ip = self.state.pc().offset as u16;
        self.state.biu.preset_queue(ip, &bytes[..bytes.len().min(room)], self.state.now);
    }
}

impl<B: CpuBus> Processor<B> for I8086 {
    fn description(&self) -> &'static CpuDescription {
        &describe::DESCRIPTION
    }

    fn run(&mut self, bus: &mut B, probe: Option<&mut DynamicProbe>, single_step: bool) -> Exit {
        match probe {
            None => self.run_with(bus, &mut NoProbe, single_step),
            Some(probe) => self.run_with(bus, probe, single_step),
        }
    }

    fn now(&self) -> Cycle {
        Cycle(self.state.now)
    }

    fn idle_until(&mut self, cycle: Cycle) {
        if self.state.progress == Progress::Halted {
            self.state.now = self.state.now.max(cycle.0);
        }
    }

    fn is_quiet(&self) -> bool {
        self.state.progress == Progress::Halted && self.state.biu.is_quiet()
    }

    fn counters(&self) -> CpuCounters {
        CpuCounters { cycles: self.state.now, ..self.state.counters }
    }

    fn reset(&mut self) {
        self.state.reset();
    }

    fn register(&self, id: RegisterId) -> u64 {
        describe::read(&self.state, id)
    }

    fn set_register(&mut self, id: RegisterId, value: u64) -> Result<(), RegisterError> {
        describe::write(&mut self.state, id, value)
    }

    fn pc(&self) -> CodeAddress {
        self.state.pc()
    }

    fn disassemble(&self, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled {
        disassemble::disassemble(at, peek)
    }

    fn code_address(&self, segment: Option<u16>, offset: u64) -> CodeAddress {
        self.state.address_in(segment.unwrap_or(self.state.segments[seg::CS]), offset as u16)
    }

    fn is_return(&self, peek: &dyn Fn(u64) -> u8) -> bool {
        disassemble::is_return(&disassemble::disassemble(self.state.pc(), peek))
    }

    fn step_over_target(&self, peek: &dyn Fn(u64) -> u8) -> Option<CodeAddress> {
        let line = disassemble::disassemble(self.state.pc(), peek);
        let next = line.at.offset.wrapping_add(line.bytes.len() as u64);
        disassemble::is_call(&line).then(|| self.state.code_address(next as u16))
    }

    fn save(&self) -> SavedState {
        saved::save(self.variant, &self.state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.state = saved::restore(self.variant, saved)?;
        Ok(())
    }
}
