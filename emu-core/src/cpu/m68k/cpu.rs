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
use crate::cpu::engine::op::watched::Watcher;
use crate::cpu::engine::slot::Slot;
use crate::cpu::engine::tuning::Tuning;
use crate::cpu::probe::{Counter, DynamicProbe, Holds, NoProbe, Probe};
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

/// The threaded engine that a probe of type `P` watches, whose traces tell `W`.
type Threaded<B, P, W> = Engine<M68kFamily, Handler<B, P>, Mode, W>;

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
        self.threaded.forget();
    }

    pub fn engine(&self) -> EngineKind {
        self.engine
    }

    /// As [`Processor::run`] of the strict engine, with any probe.
    pub fn run_with<B: MemoryBus, P: Probe>(
        &mut self,
        bus: &mut B,
        probe: &mut P,
        single_step: bool,
    ) -> Exit {
        Checked::new(&mut self.state, bus, probe, self.model, single_step).run_strictly()
    }

    /// As [`Processor::run`] of the threaded engine, with a probe of which traces tell `W`.
    fn run_threaded<B, P, W>(&mut self, bus: &mut B, probe: &mut P) -> Exit
    where
        B: MemoryBus<Order = BigGuest>,
        P: Holds<W> + 'static,
        W: Watcher,
    {
        let Self { model, state, threaded, .. } = self;
        let mut checked = Checked::new(state, bus, probe, model, false);
        threaded.engine::<Threaded<B, P, W>>().run(&mut checked)
    }
}

impl<B: MemoryBus<Order = BigGuest>> Processor<B> for M68k {
    fn description(&self) -> &'static CpuDescription {
        &describe::DESCRIPTION
    }

    fn run(&mut self, bus: &mut B, probe: Option<&mut DynamicProbe>, single_step: bool) -> Exit {
        match (probe, self.engine == EngineKind::Threaded && !single_step) {
            (None, true) => self.run_threaded::<B, _, NoProbe>(bus, &mut NoProbe),
            (None, false) => self.run_with(bus, &mut NoProbe, single_step),
            (Some(probe), true) if probe.only_counts() => self.run_threaded::<B, _, Counter>(bus, probe),
            (Some(probe), true) => self.run_threaded::<B, _, DynamicProbe>(bus, probe),
            (Some(probe), false) => self.run_with(bus, probe, single_step),
        }
    }

    fn set_engine(&mut self, engine: EngineKind) -> bool {
        Self::set_engine(self, engine);
        true
    }

    fn set_tuning(&mut self, tuning: Tuning) -> bool {
        self.threaded.tune(tuning);
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
        self.threaded.counters()
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
