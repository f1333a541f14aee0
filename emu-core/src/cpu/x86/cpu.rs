//! A processor of the family from the 80286 on.

use super::checked::Checked;
use super::describe;
use super::model::Model;
use super::state::{Activity, Segment, State, seg};
use crate::cpu::bus::MemoryBus;
use crate::cpu::describe::{CodeAddress, CpuDescription, Disassembled, RegisterError, RegisterId};
use crate::cpu::probe::{DynamicProbe, NoProbe, Probe};
use crate::cpu::{CpuCounters, Exit, Processor};
use crate::snapshot::{RestoreError, SavedState};
use crate::time::Cycle;

const SAVED_VERSION: u16 = 1;

/// A processor: a model and what it holds.
#[derive(Clone, Debug)]
pub struct X86 {
    model: &'static Model,
    pub state: State,
}

impl X86 {
    /// A processor that has just been reset.
    pub fn new(model: &'static Model) -> Self {
        Self { model, state: reset_state(model, 0, CpuCounters::default()) }
    }

    pub fn model(&self) -> &'static Model {
        self.model
    }

    /// As [`Processor::run`], with any probe.
    pub fn run_with<B: MemoryBus, P: Probe>(
        &mut self,
        bus: &mut B,
        probe: &mut P,
        single_step: bool,
    ) -> Exit {
        Checked { s: &mut self.state, bus, probe, model: self.model, single_step }.run_strictly()
    }

    fn address_in(&self, selector: u16, offset: u64) -> CodeAddress {
        if selector == self.state.segment(seg::CS).selector {
            return self.state.code_address(offset);
        }
        CodeAddress { segment: Some(selector), offset, linear: Segment::real(selector).linear(offset).0 }
    }
}

fn reset_state(model: &Model, now: u64, counters: CpuCounters) -> State {
    State::reset(now, counters, model.reset_cr0, model.address_mask())
}

impl<B: MemoryBus> Processor<B> for X86 {
    fn description(&self) -> &'static CpuDescription {
        describe::description(self.model)
    }

    fn run(&mut self, bus: &mut B, probe: Option<&mut DynamicProbe>, single_step: bool) -> Exit {
        match probe {
            Some(probe) => self.run_with(bus, probe, single_step),
            None => self.run_with(bus, &mut NoProbe, single_step),
        }
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

    fn reset(&mut self) {
        self.state = reset_state(self.model, self.state.now, self.state.counters);
    }

    fn register(&self, id: RegisterId) -> u64 {
        describe::read(&self.state, id)
    }

    fn set_register(&mut self, id: RegisterId, value: u64) -> Result<(), RegisterError> {
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
        self.state = saved.read(SAVED_VERSION)?;
        Ok(())
    }
}
