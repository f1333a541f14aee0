//! The executing backend that makes every check: the strict engine, and where every other engine goes with an access
//! that its fast path cannot serve.

mod exception;
mod leftover;
mod memory;

use super::backend::Meaning;
use super::executing::Executing;
use super::model::Model;
use super::operands::Operands;
use super::state::State;
use crate::cpu::bus::MemoryBus;
use crate::cpu::describe::CodeAddress;
use crate::cpu::int::Int;
use crate::cpu::probe::Probe;
pub use exception::{Access, Fault, vector};

/// A processor at work on a bus.
pub struct Checked<'a, B, P> {
    pub s: &'a mut State,
    pub bus: &'a mut B,
    pub probe: &'a mut P,
    pub model: &'static Model,
    /// The run ends after one instruction.
    pub single_step: bool,
    /// The instruction that causes accesses, for the probe.
    by: CodeAddress,
}

/// An instruction that is rare or long: a plain function, which every engine calls.
pub trait Routine: 'static {
    /// # Errors
    /// When it faults. What it has changed by then must be what the part has changed.
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<(), Fault>;
}

/// A handler of an engine that executes with every check.
pub type Handler<B, P> = fn(&mut Checked<'_, B, P>, &Operands) -> Result<(), Fault>;

/// [`Meaning::run`] as a [`Handler`].
///
/// # Errors
/// When the instruction faults.
pub fn run_meaning<M: Meaning, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Result<(), Fault> {
    M::run(cpu, o)
}

impl<'a, B: MemoryBus, P: Probe> Checked<'a, B, P> {
    pub fn new(
        s: &'a mut State,
        bus: &'a mut B,
        probe: &'a mut P,
        model: &'static Model,
        single_step: bool,
    ) -> Self {
        Self { s, bus, probe, model, single_step, by: CodeAddress::default() }
    }

    /// Accesses from now on are those of the instruction at the PC.
    #[inline(always)]
    pub(super) fn blame(&mut self) {
        if P::ACTIVE {
            self.by = self.s.code_address();
        }
    }

    /// Sets the status register, as far as this model has its bits.
    pub fn set_status(&mut self, word: u16) {
        self.s.set_status(word, self.model.status_bits);
    }
}

impl<B: MemoryBus, P: Probe> Executing for Checked<'_, B, P> {
    /// Its address.
    type Place<T: Int> = u32;
    type Trouble = Fault;

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline]
    fn load_memory<T: Int>(&mut self, at: u32) -> Result<T, Fault> {
        self.read(at)
    }

    #[inline]
    fn store_memory<T: Int>(&mut self, at: u32, value: T) -> Result<(), Fault> {
        self.write(at, value)
    }

    #[inline]
    fn open_memory<T: Int>(&mut self, at: u32) -> Result<(u32, T), Fault> {
        Ok((at, self.read(at)?))
    }

    #[inline]
    fn close_memory<T: Int>(&mut self, at: u32, value: T) -> Result<(), Fault> {
        self.write(at, value)
    }

    #[inline(always)]
    fn next_address(&mut self) -> u32 {
        self.s.pc
    }

    #[inline(always)]
    fn admit_target(&mut self, to: u32) -> Result<(), Fault> {
        if to & 1 != 0 { Err(Fault::Address(Access::fetch(to))) } else { Ok(()) }
    }

    #[inline(always)]
    fn go_to(&mut self, to: u32) -> Result<(), Fault> {
        self.admit_target(to)?;
        self.s.pc = to;
        Ok(())
    }

    #[inline(always)]
    fn charge_clocks(&mut self, clocks: u32) {
        self.s.now += u64::from(clocks);
    }
}
