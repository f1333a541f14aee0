//! How fast the engines run small loops of flat 32-bit code, in million guest instructions a second of processor time.
//! Arguments: a loop's name, an engine's; by default all of both.

#[path = "../tests/quiet_bus/mod.rs"]
mod quiet_bus;

use cpu_time::ThreadTime;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::I80386DX;
use emu_core::cpu::x86::state::{Segment, seg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use quiet_bus::{QuietBus, SIZE};

/// Loops at 10000h: the body is repeated, then DEC ECX and a branch back.
const LOOPS: [(&str, &[u8], usize); 8] = [
    // ADD EAX, EBX; SBB EDX, 5; XOR ESI, EAX; ADD EDI, EDX
    ("alu", &[0x01, 0xD8, 0x83, 0xDA, 0x05, 0x31, 0xC6, 0x01, 0xD7], 8),
    // MOV EAX, EBX; MOV EDX, EAX; MOVSX ESI, DX; MOV EBX, ESI
    ("mov", &[0x89, 0xD8, 0x89, 0xC2, 0x0F, 0xBF, 0xF2, 0x89, 0xF3], 8),
    // MOV EAX, [EBP+8]; MOV [EBP+EDX*4+64], EAX
    ("ldst", &[0x8B, 0x45, 0x08, 0x89, 0x44, 0x95, 0x40], 8),
    // ADD [EBP+8], EAX
    ("rmw", &[0x01, 0x45, 0x08], 8),
    // PUSH EAX; PUSH EBX; POP EAX; POP EBX
    ("stack", &[0x50, 0x53, 0x58, 0x5B], 8),
    // CALL +0 jumps over a JMP to the RET behind: CALL f; JMP +1; f: RET
    ("call", &[0xE8, 0x02, 0x00, 0x00, 0x00, 0xEB, 0x01, 0xC3], 4),
    // CMP EAX, EBX; JB +0; TEST ESI, ESI; JNZ +0
    ("branch", &[0x39, 0xD8, 0x72, 0x00, 0x85, 0xF6, 0x75, 0x00], 8),
    // SHL EAX, 3; SHR EDX, 1; LEA EBX, [EAX+EDX*2+5]; IMUL ESI, EBX
    ("shift", &[0xC1, 0xE0, 0x03, 0xD1, 0xEA, 0x8D, 0x5C, 0x50, 0x05, 0x0F, 0xAF, 0xF3], 4),
];

fn main() {
    let mut args = std::env::args().skip(1);
    let (only, engine_only) = (args.next(), args.next());
    for (name, body, times) in LOOPS {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        for (engine, cycles) in [(EngineKind::Strict, 20_000_000), (EngineKind::Threaded, 600_000_000)] {
            if engine_only.as_ref().is_some_and(|only| format!("{engine:?}") != *only) {
                continue;
            }
            println!("{name:8} {engine:8?} {:8.1}", speed(body, times, engine, cycles));
        }
    }
}

fn speed(body: &[u8], times: usize, engine: EngineKind, cycles: u64) -> f64 {
    let mut code = body.repeat(times);
    // DEC ECX; JNZ back; JMP back
    code.push(0x49);
    let back = |from: usize| (-(from as i64 + 6)) as i32;
    let at = code.len();
    code.extend([0x0F, 0x85]);
    code.extend(back(at).to_le_bytes());
    code.push(0xE9);
    code.extend((-(code.len() as i32 + 4)).to_le_bytes());
    let mut bus = QuietBus::new(0, SIZE);
    bus.put(0x1_0000, &code);
    let mut cpu = X86::new(&I80386DX);
    for number in [seg::ES, seg::CS, seg::SS, seg::DS] {
        let attributes = if number == seg::CS { 0xC09B } else { 0xC093 };
        *cpu.state.segment_mut(number) = Segment { selector: 8, attributes, limit: u32::MAX, base: 0 };
    }
    cpu.state.rip = 0x1_0000;
    cpu.state.registers[4] = 0x8_0000;
    cpu.state.registers[5] = 0x9_0000;
    Processor::<QuietBus>::set_engine(&mut cpu, engine);
    let mut best = f64::MAX;
    for _ in 0..3 {
        let before = cpu.state.counters.instructions;
        bus.deadline = Cycle(cpu.state.now + cycles);
        let start = ThreadTime::now();
        Processor::run(&mut cpu, &mut bus, None, false);
        let count = cpu.state.counters.instructions - before;
        best = best.min(start.elapsed().as_secs_f64() / count as f64);
    }
    1e-6 / best
}
