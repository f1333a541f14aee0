//! A processor of the family.

use super::checked::{Checked, Handler};
use super::describe;
use super::disassemble;
use super::fast::M68kFamily;
use super::model::Model;
use super::state::{Activity, State};
use super::threaded::Mode;
use crate::cpu::bus::MemoryBus;
use crate::cpu::describe::{CodeAddress, CpuDescription, Disassembled, RegisterError, RegisterId};
use crate::cpu::engine::cache::CacheCounters;
use crate::cpu::engine::driver::Engine;
use crate::cpu::engine::slot::Slot;
use crate::cpu::probe::{DynamicProbe, NoProbe, Probe};
use crate::cpu::{CpuCounters, EngineKind, Exit, Processor};
use crate::mem::BigGuest;
use crate::snapshot::{RestoreError, SavedState};
use crate::time::Cycle;

const SAVED_VERSION: u16 = 1;

/// A processor: a model and what it holds.
#[derive(Clone, Debug)]
pub struct M68k {
    model: &'static Model,
    pub state: State,
    engine: EngineKind,
    threaded: Slot,
}

type Threaded<B> = Engine<M68kFamily, Handler<B, NoProbe>, Mode>;

impl M68k {
    /// A processor that has just been reset.
    pub fn new(model: &'static Model) -> Self {
        let state = State::reset(0, CpuCounters::default());
        Self { model, state, engine: EngineKind::default(), threaded: Slot::default() }
    }

    pub fn model(&self) -> &'static Model {
        self.model
    }

    /// As [`Processor::set_engine`].
    pub fn set_engine(&mut self, engine: EngineKind) {
        self.engine = engine;
        self.threaded = Slot::default();
    }

    pub fn engine(&self) -> EngineKind {
        self.engine
    }

    fn run_threaded<B: MemoryBus<Order = BigGuest>>(&mut self, bus: &mut B) -> Exit {
        let Self { model, state, threaded, .. } = self;
        let mut checked = Checked { s: state, bus, probe: &mut NoProbe, model, single_step: false };
        threaded.engine::<Threaded<B>>().run(&mut checked)
    }

    /// As [`Processor::run`] of the strict engine, with any probe.
    pub fn run_with<B: MemoryBus, P: Probe>(
        &mut self,
        bus: &mut B,
        probe: &mut P,
        single_step: bool,
    ) -> Exit {
        Checked { s: &mut self.state, bus, probe, model: self.model, single_step }.run_strictly()
    }
}

impl<B: MemoryBus<Order = BigGuest>> Processor<B> for M68k {
    fn description(&self) -> &'static CpuDescription {
        &describe::DESCRIPTION
    }

    fn run(&mut self, bus: &mut B, probe: Option<&mut DynamicProbe>, single_step: bool) -> Exit {
        match probe {
            Some(probe) => self.run_with(bus, probe, single_step),
            None if self.engine == EngineKind::Threaded && !single_step => self.run_threaded(bus),
            None => self.run_with(bus, &mut NoProbe, single_step),
        }
    }

    fn set_engine(&mut self, engine: EngineKind) -> bool {
        Self::set_engine(self, engine);
        true
    }

    fn now(&self) -> Cycle {
        Cycle(self.state.now)
    }

    fn idle_until(&mut self, cycle: Cycle) {
        if Processor::<B>::is_quiet(self) {
            self.state.now = self.state.now.max(cycle.0);
        }
    }

    fn is_quiet(&self) -> bool {
        self.state.is_quiet()
    }

    fn is_shut_down(&self) -> bool {
        self.state.activity == Activity::Halted
    }

    fn counters(&self) -> CpuCounters {
        CpuCounters { cycles: self.state.now, ..self.state.counters }
    }

    fn trace_counters(&self) -> Option<CacheCounters> {
        Some(self.threaded.peek::<Threaded<B>>()?.cache().counters)
    }

    fn reset(&mut self) {
        self.state = State::reset(self.state.now, self.state.counters);
    }

    fn register(&self, id: RegisterId) -> u64 {
        describe::read(&self.state, id)
    }

    fn set_register(&mut self, id: RegisterId, value: u64) -> Result<(), RegisterError> {
        describe::write(self.model, &mut self.state, id, value)
    }

    fn pc(&self) -> CodeAddress {
        self.state.code_address()
    }

    fn disassemble(&self, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled {
        disassemble::at(self.model, at, peek)
    }

    fn step_over_target(&self, peek: &dyn Fn(u64) -> u8) -> Option<CodeAddress> {
        let at = Processor::<B>::pc(self);
        let length = disassemble::call_length(self.model, at, peek)?;
        Some(Processor::<B>::code_address_after(self, at, length))
    }

    fn is_return(&self, peek: &dyn Fn(u64) -> u8) -> bool {
        disassemble::is_return(self.model, self.state.code_address(), peek)
    }

    fn save(&self) -> SavedState {
        SavedState::new(SAVED_VERSION, &self.state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.state = saved.read(SAVED_VERSION)?;
        Ok(())
    }
}
