//! A processor of the family, whose instructions are executed by an engine.

use super::checked::{Checked, Handler};
use super::describe;
use super::fast::X86Family;
use super::model::{Feature, Model};
use super::state::{Activity, Segment, State, seg};
use super::threaded::Mode;
pub use crate::cpu::EngineKind;
use crate::cpu::bus::MemoryBus;
use crate::cpu::describe::{CodeAddress, CpuDescription, Disassembled, RegisterError, RegisterId};
use crate::cpu::engine::cache::CacheCounters;
use crate::cpu::engine::driver::Engine;
use crate::cpu::engine::op::watched::Watcher;
use crate::cpu::engine::slot::Slot;
use crate::cpu::engine::tuning::Tuning;
use crate::cpu::probe::{Counter, DynamicProbe, Holds, NoProbe, Probe};
use crate::cpu::{CpuCounters, Exit, FpuMode, Processor};
use crate::mem::{Changes, LittleGuest};
use crate::snapshot::{RestoreError, SavedState};
use crate::time::Cycle;

const SAVED_VERSION: u16 = 3;

/// A processor: a model and what it holds.
#[derive(Clone, Debug)]
pub struct X86 {
    model: &'static Model,
    pub state: State,
    engine: EngineKind,
    threaded: Slot,
    /// The bus's TLB has translations of another state: of before a reset, or of another processor.
    forgets_pages: bool,
}

/// The threaded engine that a probe of type `P` watches, whose traces tell `W`.
type Threaded<B, P, W> = Engine<X86Family, Handler<B, P>, Mode, W>;

impl X86 {
    /// A processor that has just been reset.
    pub fn new(model: &'static Model) -> Self {
        let state = reset_state(model, 0, CpuCounters::default());
        Self { model, state, engine: EngineKind::default(), threaded: Slot::default(), forgets_pages: true }
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
    pub fn run_with<B: MemoryBus<Order = LittleGuest>, P: Probe>(
        &mut self,
        bus: &mut B,
        probe: &mut P,
        single_step: bool,
    ) -> Exit {
        self.begin(bus);
        let mut changes = Changes::default();
        let exit =
            Checked::new(&mut self.state, bus, probe, self.model, single_step).run_strictly(&mut changes);
        bus.tlb().set_working(false);
        if changes != Changes::default() {
            self.threaded.forget();
        }
        exit
    }

    /// How the floating-point unit computes is the processor's, and stays.
    fn replace_state(&mut self, state: State) {
        let mode = self.state.fpu.mode();
        self.state = state;
        self.state.fpu.set_mode(mode);
        self.forgets_pages = true;
    }

    fn begin<B: MemoryBus>(&mut self, bus: &mut B) {
        bus.tlb().set_working(true);
        if std::mem::take(&mut self.forgets_pages) {
            bus.tlb().flush();
        }
    }

    /// As [`Processor::run`] of the threaded engine, with a probe of which traces tell `W`.
    fn run_threaded<B, P, W>(&mut self, bus: &mut B, probe: &mut P) -> Exit
    where
        B: MemoryBus<Order = LittleGuest>,
        P: Holds<W> + 'static,
        W: Watcher,
    {
        self.begin(bus);
        let Self { model, state, threaded, .. } = self;
        let mut checked = Checked::new(state, bus, probe, model, false);
        let exit = threaded.engine::<Threaded<B, P, W>>().run(&mut checked);
        bus.tlb().set_working(false);
        exit
    }

    fn address_in(&self, selector: u16, offset: u64) -> CodeAddress {
        if selector == self.state.segment(seg::CS).selector {
            return self.state.code_address(offset);
        }
        CodeAddress { segment: Some(selector), offset, linear: Segment::real(selector).linear(offset).0 }
    }
}

fn reset_state(model: &Model, now: u64, counters: CpuCounters) -> State {
    let mask = model.address_mask() & 0xFFFF_FFFF;
    let mut state = State::reset(now, counters, model.reset_cr0, mask, model.signature);
    state.flags.put(model.fixed_flags(), true);
    if model.is_before_protection() {
        *state.segment_mut(seg::CS) = Segment::real(0xFFFF);
        state.rip = 0;
    }
    state
}

impl<B: MemoryBus<Order = LittleGuest>> Processor<B> for X86 {
    fn description(&self) -> &'static CpuDescription {
        describe::description(self.model)
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

    fn set_fpu_mode(&mut self, mode: FpuMode) -> bool {
        let is_there = self.model.features.has(Feature::Fpu);
        if is_there {
            self.state.fpu.set_mode(mode);
        }
        is_there || mode == FpuMode::Exact
    }

    fn now(&self) -> Cycle {
        Cycle(self.state.now)
    }

    fn idle_until(&mut self, cycle: Cycle) {
        if self.state.activity != Activity::Running {
            self.state.now = self.state.now.max(cycle.0);
        }
    }

    fn is_quiet(&self) -> bool {
        self.state.activity != Activity::Running
    }

    fn is_shut_down(&self) -> bool {
        self.state.activity == Activity::Shutdown
    }

    fn counters(&self) -> CpuCounters {
        CpuCounters { cycles: self.state.now, ..self.state.counters }
    }

    fn trace_counters(&self) -> Option<CacheCounters> {
        self.threaded.counters()
    }

    fn reset(&mut self) {
        self.replace_state(reset_state(self.model, self.state.now, self.state.counters));
    }

    fn register(&self, id: RegisterId) -> u64 {
        describe::read(&self.state, id)
    }

    fn set_register(&mut self, id: RegisterId, value: u64) -> Result<(), RegisterError> {
        self.forgets_pages = true;
        self.state.mode_changed();
        describe::write(self.model, &mut self.state, id, value)
    }

    fn pc(&self) -> CodeAddress {
        self.state.code_address(self.state.rip)
    }

    fn disassemble(&self, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled {
        describe::disassemble(self.model, &self.state, at, peek, |target| {
            self.address_in(at.segment.unwrap_or_default(), target)
        })
    }

    fn code_address(&self, segment: Option<u16>, offset: u64) -> CodeAddress {
        self.address_in(segment.unwrap_or(self.state.segment(seg::CS).selector), offset)
    }

    fn is_return(&self, peek: &dyn Fn(u64) -> u8) -> bool {
        let at = Processor::<B>::pc(self);
        describe::is_return(self.model, &self.state, at, peek)
    }

    fn step_over_target(&self, peek: &dyn Fn(u64) -> u8) -> Option<CodeAddress> {
        let at = Processor::<B>::pc(self);
        let length = describe::call_length(self.model, &self.state, at, peek)?;
        Some(Processor::<B>::code_address_after(self, at, length))
    }

    fn save(&self) -> SavedState {
        SavedState::new(SAVED_VERSION, &self.state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.replace_state(saved.read(SAVED_VERSION)?);
        Ok(())
    }
}
