//! The threaded engine does what the strict one does, instruction by instruction.

mod floating;
mod patches;
mod probes;
mod program;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
mod stack;
mod system;
mod system_code;
#[path = "../watcher/mod.rs"]
mod watcher;
#[allow(dead_code, reason = "the fuzzer uses more of it")]
#[path = "../x86_world/mod.rs"]
mod world;

use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{I486DX, I8086, I80186, I80286, Model};
use emu_core::cpu::x86::state::State;
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use program::{Program, any_program};
use proptest::prelude::*;
use quiet_bus::{QuietBus, SIZE};

/// What happens at the end of a slice.
#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    Interrupt(u8),
    NonMaskable,
    /// A byte of the code is written by somebody else.
    Dma(u16, u8),
    /// The other engine takes over.
    Switch,
}

fn any_schedule() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        2 => Just(Event::Nothing),
        1 => (0x20u8..0x28).prop_map(Event::Interrupt),
        1 => Just(Event::Switch),
    ];
    prop::collection::vec((1u64..3000, event), 1..12)
}

/// A processor, what is put into its memory and how it starts.
struct Beginning<'a> {
    model: &'static Model,
    load: &'a dyn Fn(&QuietBus),
    start: &'a dyn Fn(&mut X86),
}

fn run(
    model: &'static Model,
    program: &Program,
    schedule: &[(u64, Event)],
    engine: EngineKind,
    switches: bool,
) -> Outcome {
    let (load, start) = (&|bus: &QuietBus| program.load(bus), &|cpu: &mut X86| program.start(&mut cpu.state));
    run_from(&Beginning { model, load, start }, schedule, engine, switches)
}

/// The state and the memory after each slice.
fn run_from(
    beginning: &Beginning<'_>,
    schedule: &[(u64, Event)],
    mut engine: EngineKind,
    switches: bool,
) -> Outcome {
    let mut bus = QuietBus::new(0, SIZE);
    (beginning.load)(&bus);
    let mut cpu = X86::new(beginning.model);
    (beginning.start)(&mut cpu);
    Processor::<QuietBus>::set_engine(&mut cpu, engine);
    let mut states = Vec::new();
    for &(cycles, event) in schedule {
        bus.deadline = Cycle(cpu.state.now + cycles);
        Processor::run(&mut cpu, &mut bus, None, false);
        Processor::<QuietBus>::idle_until(&mut cpu, bus.deadline);
        states.push(cpu.state.clone());
        match event {
            Event::Interrupt(vector) => bus.interrupt = Some(vector),
            Event::Switch if switches => {
                engine = if engine == EngineKind::Strict { EngineKind::Threaded } else { EngineKind::Strict };
                Processor::<QuietBus>::set_engine(&mut cpu, engine);
            }
            _ => {}
        }
    }
    let mut memory = vec![0; SIZE as usize];
    bus.get(0, &mut memory);
    Outcome { states, written: bus.written, memory }
}

#[derive(PartialEq)]
struct Outcome {
    states: Vec<State>,
    written: Vec<(u32, u64, u64)>,
    memory: Vec<u8>,
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
    #![proptest_config(ProptestConfig { cases: cases(400), ..ProptestConfig::default() })]

    #[test]
    fn programs_of_real_mode_run_alike(
        model in prop::sample::select(vec![&I8086, &I80186, &I80286, &I486DX]),
        program in any_program(),
        schedule in any_schedule(),
    ) {
        let strict = run(model, &program, &schedule, EngineKind::Strict, false);
        assert_same(&strict, &run(model, &program, &schedule, EngineKind::Threaded, false))?;
        assert_same(&strict, &run(model, &program, &schedule, EngineKind::Threaded, true))?;
    }
}
