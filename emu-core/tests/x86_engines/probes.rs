//! A probe is told the same by both engines, and what it asks for has the same effect.

use super::program::{self, any_program};
use super::quiet_bus::{QuietBus, SIZE};
use super::watcher::{Told, assert_same_told, recording, run_on, told};
use super::{Event, Outcome, any_schedule, assert_same, system};
use emu_core::addr::Width;
use emu_core::cpu::bus::BusStatus;
use emu_core::cpu::probe::{Access, DynamicProbe};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{I486DX, I80286, Model};
use emu_core::cpu::x86::state::{Segment, State, seg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use proptest::prelude::*;

/// A guest: its processor, its memory and its beginning.
struct Guest<'a> {
    model: &'static Model,
    load: &'a dyn Fn(&QuietBus),
    start: &'a dyn Fn(&mut State),
}

impl Guest<'_> {
    /// The state after each slice, and the memory after the last.
    fn run(&self, schedule: &[(u64, Event)], engine: EngineKind, probe: &mut DynamicProbe) -> Outcome {
        let mut bus = QuietBus::new(0, SIZE);
        (self.load)(&bus);
        let mut cpu = X86::new(self.model);
        (self.start)(&mut cpu.state);
        Processor::<QuietBus>::set_engine(&mut cpu, engine);
        let mut states = Vec::new();
        for &(cycles, event) in schedule {
            bus.deadline = Cycle(cpu.state.now + cycles);
            run_on(&mut cpu, &mut bus, probe);
            Processor::<QuietBus>::idle_until(&mut cpu, bus.deadline);
            states.push(cpu.state.clone());
            match event {
                Event::Interrupt(vector) => bus.interrupt = Some(vector),
                Event::NonMaskable => bus.nmi = true,
                Event::Dma(..) | Event::Switch | Event::Nothing => {}
            }
        }
        let mut memory = vec![0; SIZE as usize];
        bus.get(0, &mut memory);
        Outcome { states, written: bus.written, memory }
    }

    fn compare(&self, schedule: &[(u64, Event)], noise: Option<u64>) -> Result<(), TestCaseError> {
        let [mut strict, mut threaded] = [recording(noise), recording(noise)];
        let expected = self.run(schedule, EngineKind::Strict, &mut strict);
        let found = self.run(schedule, EngineKind::Threaded, &mut threaded);
        assert_same_told(&told(&mut strict), &told(&mut threaded))?;
        assert_same(&expected, &found)?;
        prop_assert_eq!(strict.counter, threaded.counter);
        if noise.is_none() {
            let mut counting = DynamicProbe::counting();
            assert_same(&expected, &self.run(schedule, EngineKind::Threaded, &mut counting))?;
            prop_assert_eq!(strict.counter, counting.counter);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_probe_is_told_the_same_in_real_mode(
        program in any_program(),
        schedule in any_schedule(),
        old: bool,
        noise: Option<u64>,
    ) {
        let model = if old { &I80286 } else { &I486DX };
        let guest = Guest { model, load: &|bus| program.load(bus), start: &|state| program.start(state) };
        guest.compare(&schedule, noise)?;
    }

    #[test]
    fn a_probe_is_told_the_same_in_protected_and_long_mode(
        program in system::any_program(),
        schedule in any_schedule(),
        noise: Option<u64>,
    ) {
        let model = program.model();
        let guest = Guest { model, load: &|bus| program.load(bus), start: &|state| program.start(state) };
        guest.compare(&schedule, noise)?;
    }
}

/// The accesses of `code` at 1000:0000, with DS at 20000h.
fn accesses_of(code: &[u8], engine: EngineKind) -> Vec<Access> {
    let load = |bus: &QuietBus| bus.put(program::CODE, code);
    let start = |state: &mut State| {
        *state.segment_mut(seg::CS) = Segment::real(0x1000);
        *state.segment_mut(seg::DS) = Segment::real(0x2000);
        state.rip = 0;
    };
    let mut probe = recording(None);
    Guest { model: &I486DX, load: &load, start: &start }.run(&[(30, Event::Nothing)], engine, &mut probe);
    let access = |told| if let Told::Access(access) = told { Some(access) } else { None };
    told(&mut probe).into_iter().filter_map(access).collect()
}

/// NOP; MOV AX, [10h]; ADD [12h], AL; JMP back.
const ACCESSES: [u8; 10] = [0x90, 0xA1, 0x10, 0x00, 0x00, 0x06, 0x12, 0x00, 0xEB, 0xF6];

#[test]
fn an_access_is_told_with_its_instruction_place_and_time() {
    for engine in [EngineKind::Strict, EngineKind::Threaded] {
        let accesses = accesses_of(&ACCESSES, engine);
        // The first of several rounds may be another way than those behind it.
        for round in accesses.chunks_exact(3) {
            let found = |access: &Access| (access.status, access.address, access.width, access.by.offset);
            let (byte, word) = (Width::Byte, Width::Word);
            assert_eq!(found(&round[0]), (BusStatus::MemoryRead, 0x2_0010, word, 1), "{engine:?}");
            assert_eq!(found(&round[1]), (BusStatus::MemoryRead, 0x2_0012, byte, 4), "{engine:?}");
            assert_eq!(found(&round[2]), (BusStatus::MemoryWrite, 0x2_0012, byte, 4), "{engine:?}");
            assert_eq!(round[1].at.0 - round[0].at.0, I486DX.clocks_per_instruction, "{engine:?}");
            assert_eq!(round[0].by.linear, program::CODE + 1);
        }
        assert!(accesses.len() >= 9, "{engine:?}");
    }
}

#[test]
fn ports_are_told() {
    // IN AL, 60h; OUT 62h, AX; JMP back.
    let code = [0xE4, 0x60, 0xE7, 0x62, 0xEB, 0xFA];
    for engine in [EngineKind::Strict, EngineKind::Threaded] {
        let accesses = accesses_of(&code, engine);
        let found = |access: &Access| (access.status, access.address, access.width, access.by.offset);
        assert_eq!(found(&accesses[0]), (BusStatus::IoRead, 0x60, Width::Byte, 0), "{engine:?}");
        assert_eq!(found(&accesses[1]), (BusStatus::IoWrite, 0x62, Width::Word, 2), "{engine:?}");
    }
}

#[test]
fn traces_are_used_with_a_probe() {
    for mut probe in [recording(None), DynamicProbe::counting()] {
        let mut bus = QuietBus::new(0, SIZE);
        bus.put(program::CODE, &ACCESSES);
        let mut cpu = X86::new(&I486DX);
        *cpu.state.segment_mut(seg::CS) = Segment::real(0x1000);
        cpu.state.rip = 0;
        Processor::<QuietBus>::set_engine(&mut cpu, EngineKind::Threaded);
        bus.deadline = Cycle(10_000);
        run_on(&mut cpu, &mut bus, &mut probe);
        let counters = Processor::<QuietBus>::trace_counters(&cpu).expect("a threaded engine");
        let alone = counters.checked + counters.stepped;
        assert!(alone < 20, "of {} instructions: {counters:?}", cpu.state.counters.instructions);
        assert_eq!(
            probe.counter.map(|counter| counter.instructions()),
            Some(cpu.state.counters.instructions)
        );
    }
}
