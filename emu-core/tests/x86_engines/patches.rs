//! Code that patches the numbers in it, as inner loops of the nineties do.

use super::program;
use super::quiet_bus::{QuietBus, SIZE};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::I486DX;
use emu_core::cpu::x86::state::{Segment, State, reg, seg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;

/// At 1000:0000; DS has the same memory.
///
/// ```text
/// again: INC WORD [number+1]   ; ahead, in the same trace
/// number: MOV AX, 1234h
///         ADD BX, AX
///         ADD [back+2], AL     ; behind, at the next round
/// back:   ADD CL, 5
///         JMP again
/// ```
const CODE: [u8; 18] = [
    0xFF, 0x06, 0x05, 0x00, 0xB8, 0x34, 0x12, 0x01, 0xC3, 0x00, 0x06, 0x0F, 0x00, 0x80, 0xC1, 0x05, 0xEB,
    0xEE,
];

/// Runs it with memory from `start` on.
fn run(start: u64, engine: EngineKind) -> (X86, State) {
    let mut bus = QuietBus::new(start, SIZE);
    for at in [0, 0x800] {
        bus.put(program::CODE + at, &CODE);
    }
    let mut cpu = X86::new(&I486DX);
    for number in [seg::CS, seg::DS] {
        *cpu.state.segment_mut(number) = Segment::real(0x1000);
    }
    cpu.state.rip = 0;
    Processor::<QuietBus>::set_engine(&mut cpu, engine);
    bus.deadline = Cycle(10_000);
    Processor::run(&mut cpu, &mut bus, None, false);
    let state = cpu.state.clone();
    (cpu, state)
}

#[test]
fn patched_numbers_are_put_into_their_traces() {
    let (_, strict) = run(0, EngineKind::Strict);
    let (cpu, threaded) = run(0, EngineKind::Threaded);
    assert_eq!(strict, threaded);
    assert_ne!(threaded.get::<u8>(reg::CX), 0);
    let counters = Processor::<QuietBus>::trace_counters(&cpu).expect("a threaded engine");
    let rounds = threaded.counters.instructions / 6;
    assert!(counters.amended > rounds && counters.translated < 20, "{rounds} rounds: {counters:?}");
}

#[test]
fn numbers_are_found_where_the_pages_of_memory_are_not_those_of_the_guest() {
    // What lies half a page on is the same code, which nobody patches.
    let [strict, threaded] = [EngineKind::Strict, EngineKind::Threaded].map(|engine| run(0x800, engine).1);
    assert_eq!(strict, threaded);
}
