//! The engines of the 68000 against one another: random programs that change themselves, fault, meet a device and nothing,
//! with interrupts at random instants and switches between the engines.

#[path = "../m68k_corpus/bus.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod bus;
mod program;
mod stack;
#[path = "../watcher/mod.rs"]
mod watcher;

use bus::Bus;
use emu_core::addr::Physical;
use emu_core::cpu::m68k::M68k;
use emu_core::cpu::m68k::model::MC68000;
use emu_core::cpu::m68k::state::State;
use emu_core::cpu::probe::DynamicProbe;
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use program::{MEMORY, Program, any_program};
use proptest::prelude::*;
use watcher::{assert_same_told, recording, run_on, told};

/// What happens at the end of a slice.
#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    Interrupt(u8),
    /// The other engine takes over.
    Switch,
}

fn any_schedule() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        2 => Just(Event::Nothing),
        2 => (1u8..8).prop_map(Event::Interrupt),
        1 => Just(Event::Switch),
    ];
    prop::collection::vec((1u64..3000, event), 1..12)
}

/// How a run is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Whole,
    Switching,
    BySteps,
}

#[derive(PartialEq)]
struct Outcome {
    states: Vec<State>,
    written: Vec<(u64, u64)>,
    memory: Vec<u8>,
}

/// The state after each slice, and the memory after the last.
fn run(program: &Program, schedule: &[(u64, Event)], engine: EngineKind, manner: Manner) -> Outcome {
    run_watched(program, schedule, engine, manner, None)
}

/// As [`run`], with a probe.
fn run_watched(
    program: &Program,
    schedule: &[(u64, Event)],
    mut engine: EngineKind,
    manner: Manner,
    mut probe: Option<&mut DynamicProbe>,
) -> Outcome {
    let mut bus = Bus::new(MEMORY);
    bus.memory.write_bytes(Physical(0), &program.image()).expect("memory");
    let mut cpu = M68k::new(&MC68000);
    program.start(&mut cpu.state);
    cpu.set_engine(engine);
    let mut states = Vec::new();
    for &(cycles, event) in schedule {
        bus.deadline = Cycle(cpu.state.now + cycles);
        let steps = manner == Manner::BySteps;
        while cpu.state.now < bus.deadline.0 {
            let was_quiet = Processor::<Bus>::is_quiet(&cpu);
            match &mut probe {
                Some(probe) => run_on(&mut cpu, &mut bus, probe),
                None => _ = Processor::run(&mut cpu, &mut bus, None, steps),
            }
            // A step that stops the processor has not looked for interrupts yet.
            if was_quiet && Processor::<Bus>::is_quiet(&cpu) {
                Processor::<Bus>::idle_until(&mut cpu, bus.deadline);
            }
        }
        states.push(cpu.state.clone());
        match event {
            Event::Interrupt(level) => bus.level = level,
            Event::Switch if manner == Manner::Switching => {
                engine = if engine == EngineKind::Strict { EngineKind::Threaded } else { EngineKind::Strict };
                cpu.set_engine(engine);
            }
            _ => {}
        }
    }
    let mut memory = vec![0; MEMORY as usize];
    bus.memory.read_bytes(Physical(0), &mut memory).expect("memory");
    Outcome { states, written: bus.written, memory }
}

fn assert_same(expected: &Outcome, found: &Outcome) -> Result<(), TestCaseError> {
    for (slice, (a, b)) in expected.states.iter().zip(&found.states).enumerate() {
        prop_assert_eq!(a, b, "after slice {}", slice);
    }
    prop_assert_eq!(&expected.written, &found.written);
    let differs = expected.memory.iter().zip(&found.memory).position(|(a, b)| a != b);
    prop_assert_eq!(differs, None, "the address of a byte that differs");
    Ok(())
}

/// How many programs are run, unless another number is asked for.
fn cases(usual: u32) -> u32 {
    std::env::var("ANACHRON_ENGINE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(500), ..ProptestConfig::default() })]

    #[test]
    fn programs_run_alike(program in any_program(), schedule in any_schedule()) {
        let strict = run(&program, &schedule, EngineKind::Strict, Manner::Whole);
        assert_same(&strict, &run(&program, &schedule, EngineKind::Strict, Manner::BySteps))?;
        assert_same(&strict, &run(&program, &schedule, EngineKind::Threaded, Manner::Whole))?;
        assert_same(&strict, &run(&program, &schedule, EngineKind::Threaded, Manner::Switching))?;
    }

    #[test]
    fn a_probe_is_told_the_same(program in any_program(), schedule in any_schedule(), noise: Option<u64>) {
        let watched = |engine, probe: &mut DynamicProbe| {
            run_watched(&program, &schedule, engine, Manner::Whole, Some(probe))
        };
        let [mut strict, mut threaded] = [recording(noise), recording(noise)];
        let expected = watched(EngineKind::Strict, &mut strict);
        let found = watched(EngineKind::Threaded, &mut threaded);
        assert_same_told(&told(&mut strict), &told(&mut threaded))?;
        assert_same(&expected, &found)?;
        prop_assert_eq!(strict.counter, threaded.counter);
        if noise.is_none() {
            let mut counting = DynamicProbe::counting();
            assert_same(&expected, &watched(EngineKind::Threaded, &mut counting))?;
            prop_assert_eq!(strict.counter, counting.counter);
        }
    }

    /// A processor saved and restored in another goes on as it would have.
    #[test]
    fn a_saved_processor_goes_on(program in any_program()) {
        let schedule = [(500, Event::Nothing), (500, Event::Nothing)];
        let whole = run(&program, &schedule, EngineKind::Threaded, Manner::Whole);
        let mut cpu = M68k::new(&MC68000);
        cpu.state = whole.states[0].clone();
        let saved = Processor::<Bus>::save(&cpu);
        let mut restored = M68k::new(&MC68000);
        prop_assert!(Processor::<Bus>::restore(&mut restored, &saved).is_ok());
        prop_assert_eq!(&restored.state, &cpu.state);
    }
}
