//! A probe that notes all it is told, and meddles now and then: charges cycles, stops the processor.

use emu_core::cpu::bus::CpuBus;
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::{Access, Counter, DynamicProbe, ProbePlugin};
use emu_core::cpu::{Exit, Processor};
use proptest::prelude::*;

/// What a probe is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Before(CodeAddress),
    Access(Access),
    Interrupt(u8, CodeAddress),
    /// A run ended.
    End(Exit),
}

#[derive(Default)]
pub struct Recorder {
    pub told: Vec<Told>,
    /// Where random numbers come from; `None`: it does not meddle.
    noise: Option<u64>,
    wants_stop: bool,
}

impl Recorder {
    /// Whether the next of the random numbers is one of so many.
    fn chance(&mut self, one_of: u64) -> bool {
        let Some(noise) = &mut self.noise else { return false };
        *noise = noise.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (*noise >> 33).is_multiple_of(one_of)
    }
}

impl ProbePlugin for Recorder {
    fn before_instruction(&mut self, at: &CodeAddress) -> bool {
        self.told.push(Told::Before(*at));
        self.chance(60)
    }

    fn access(&mut self, access: &Access) -> u32 {
        self.told.push(Told::Access(*access));
        self.wants_stop |= self.chance(60);
        match (self.chance(6), self.chance(3)) {
            (true, true) => 200,
            (true, false) => 3,
            _ => 0,
        }
    }

    fn interrupt(&mut self, vector: u8, from: CodeAddress) {
        self.told.push(Told::Interrupt(vector, from));
        self.wants_stop |= self.chance(10);
    }

    fn stop_requested(&self) -> bool {
        self.wants_stop
    }
}

/// A probe with a counter and a recorder, which meddles by random numbers from `noise` on.
pub fn recording(noise: Option<u64>) -> DynamicProbe {
    let recorder = Recorder { noise, ..Recorder::default() };
    DynamicProbe { counter: Some(Counter::default()), plugins: vec![Box::new(recorder)] }
}

/// Runs until something else than the probe ends the run.
pub fn run_on<B: CpuBus, C: Processor<B>>(cpu: &mut C, bus: &mut B, probe: &mut DynamicProbe) {
    loop {
        let exit = cpu.run(bus, Some(probe), false);
        if let Some(recorder) = probe.plugin::<Recorder>() {
            recorder.told.push(Told::End(exit));
            recorder.wants_stop = false;
        }
        if exit != Exit::Probe {
            return;
        }
    }
}

/// All that a recorder was told.
pub fn told(probe: &mut DynamicProbe) -> Vec<Told> {
    probe.plugin::<Recorder>().map(|recorder| std::mem::take(&mut recorder.told)).unwrap_or_default()
}

pub fn assert_same_told(expected: &[Told], found: &[Told]) -> Result<(), TestCaseError> {
    let differs = expected.iter().zip(found).position(|(a, b)| a != b);
    if let Some(at) = differs {
        let before = &expected[at.saturating_sub(4)..at];
        prop_assert_eq!(expected[at], found[at], "number {} behind {:x?}", at, before);
    }
    prop_assert_eq!(expected.len(), found.len());
    Ok(())
}
