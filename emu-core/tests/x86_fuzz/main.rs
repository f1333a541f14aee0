//! Nonsense of every kind for every member: bytes as code, descriptors, gates, task states, page tables, control registers
//! and model-specific ones, in every mode and with both engines. Nothing may panic, hang or leave the guest's memory.
//!
//! `ANACHRON_FUZZ` is how many seconds it goes on; without, it is a number of cases. `ANACHRON_FUZZ_CASE` is one case alone.

mod code;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
mod random;
#[allow(dead_code, reason = "made for another test")]
#[path = "../x86_world/mod.rs"]
mod world;

use emu_core::cpu::describe::RegisterId;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{Feature, Generation, MODELS, Model};
use emu_core::cpu::{EngineKind, Exit, Processor};
use emu_core::time::Cycle;
use quiet_bus::{QuietBus, SIZE};
use random::Random;
use std::time::{Duration, Instant};
use world::{
    CODE, DATA, DIRECTORY, GDT, IDT, LDT, LEVEL_4, LONG_IDT, Paging, Start, TABLE, TSS, WIDE_TABLE, World,
};

const CASES: u64 = 1000;
const SLICES: usize = 8;

/// Says which case it was, should it panic.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in case {}: ANACHRON_FUZZ_CASE={} repeats it", self.0, self.0);
        }
    }
}

fn any_start(random: &mut Random, model: &'static Model) -> Start {
    let exists = |world: World| match world {
        World::Real => true,
        World::Near0 | World::Near3 => model.generation >= Generation::I80286,
        _ if world.is_long() => model.offers(Feature::LongMode),
        _ => model.generation >= Generation::I80386,
    };
    let worlds: Vec<World> = World::ALL.into_iter().filter(|&world| exists(world)).collect();
    let pagings: Vec<Paging> = Paging::ALL.into_iter().filter(|paging| paging.exists_on(model)).collect();
    Start {
        world: random.of(&worlds),
        paging: random.of(&pagings),
        cr0: random.next() & 0x0005_002E & if random.one_in(2) { !0xC } else { !0 },
        cr4: random.next() & 0x0037_0F9F | if random.one_in(2) { 0x4_0600 } else { 0 },
        iopl: random.below(4) as u8,
    }
}

/// A descriptor that may be one.
fn any_descriptor(random: &mut Random) -> u64 {
    let any = random.next();
    let near = world::kernel::descriptor(any >> 48, random.number() & 0x3F_FFFF, any & 0xF_FFFF);
    let gate = world::kernel::gate(any & 0xFF, random.below(0x140) as u16, random.number());
    let entries = [any, near, near, gate, gate];
    random.of(&entries)
}

/// Writes nonsense over tables and memory.
fn spoil(random: &mut Random, bus: &QuietBus) {
    for _ in 0..random.below(12) {
        let eights = |base: u64, count: u64, random: &mut Random| base + 8 * random.below(count);
        let (at, value) = match random.below(10) {
            0 => (eights(GDT, 0x24, random), any_descriptor(random)),
            1 => (eights(LDT, 8, random), any_descriptor(random)),
            2 => (eights(IDT, 0x100, random), any_descriptor(random)),
            3 => (eights(LONG_IDT, 0x200, random), any_descriptor(random)),
            4 => (TSS + 4 * random.below(0x200), random.number()),
            5 => (eights(TABLE, 0x200, random), random.number() << 12 | random.next() & 0x1FF),
            6 => (eights(WIDE_TABLE, 0x400, random), random.next() & random.next() & random.next()),
            7 => (eights(DIRECTORY, 0x1000, random), random.number() << 12 | random.next() & 0x1FF),
            8 => (eights(LEVEL_4, 0x400, random), random.number() << 12 | random.next() & 0x1FF),
            _ => (random.below(0x3F_FFF8), random.next()),
        };
        bus.put(at, &value.to_le_bytes());
    }
}

fn fill_code(random: &mut Random, bus: &QuietBus) {
    for at in CODE {
        let mut bytes = [0; 0x200];
        code::fill(random, &mut bytes);
        bus.put(at, &bytes);
        bus.put(at + bytes.len() as u64, &[0xCD, 0x30 + random.below(16) as u8]);
    }
    bus.put(DATA, &random.bytes::<256>());
}

/// Runs one case. Gives how many instructions were executed.
fn run(number: u64) -> u64 {
    let _case = Case(number);
    let mut random = Random::new(number);
    let model = random.of(&MODELS);
    let start = any_start(&mut random, model);
    let mut bus = QuietBus::new(0, SIZE);
    world::kernel::build(&bus, model, &start);
    fill_code(&mut random, &bus);
    if random.one_in(2) {
        spoil(&mut random, &bus);
    }
    let mut cpu = X86::new(model);
    start.enter(model, &mut cpu.state);
    for register in [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
        let value = random.number();
        let wide = start.world.code() == 2;
        cpu.state.registers[register] = if wide { value } else { value & 0xFFFF_FFFF };
    }
    for _ in 0..SLICES {
        let engine = random.of(&[EngineKind::Strict, EngineKind::Threaded, EngineKind::Threaded]);
        Processor::<QuietBus>::set_engine(&mut cpu, engine);
        slice(&mut random, &mut cpu, &mut bus);
        between_slices(&mut random, &mut cpu, &mut bus);
    }
    cpu.state.counters.instructions
}

fn slice(random: &mut Random, cpu: &mut X86, bus: &mut QuietBus) {
    let end = Cycle(cpu.state.now + random.below(6000));
    bus.deadline = end;
    let step = random.one_in(8);
    // As many steps as there are cycles: each takes at least one.
    for _ in 0..6000 {
        match Processor::run(cpu, bus, None, step) {
            Exit::Budget if cpu.state.now >= end.0 => break,
            Exit::Halted => {
                Processor::<QuietBus>::idle_until(cpu, end);
                break;
            }
            _ => {}
        }
    }
    assert!(cpu.state.now >= end.0, "a slice ends");
}

/// What others do meanwhile: interrupts, DMA, a debugger, a snapshot, a reset.
fn between_slices(random: &mut Random, cpu: &mut X86, bus: &mut QuietBus) {
    match random.below(12) {
        0..3 => bus.interrupt = Some(random.next() as u8),
        3 => bus.nmi = true,
        4 => spoil(random, bus),
        5 => fill_code(random, bus),
        6 => {
            let id = RegisterId(random.below(20) as u16);
            let _ = Processor::<QuietBus>::set_register(cpu, id, random.number());
        }
        7 => {
            let saved = Processor::<QuietBus>::save(cpu);
            assert!(Processor::<QuietBus>::restore(cpu, &saved).is_ok());
        }
        8 if random.one_in(4) => Processor::<QuietBus>::reset(cpu),
        9 => look(cpu, bus),
        _ => {}
    }
    bus.written.clear();
}

/// What a debugger asks.
fn look(cpu: &X86, bus: &QuietBus) {
    let peek = |at: u64| {
        let mut byte = [0xFF];
        if at < SIZE {
            bus.get(at, &mut byte);
        }
        byte[0]
    };
    let pc = Processor::<QuietBus>::pc(cpu);
    let one = Processor::<QuietBus>::disassemble(cpu, pc, &peek);
    assert!(!one.text.is_empty());
    let _ = Processor::<QuietBus>::step_over_target(cpu, &peek);
    let _ = Processor::<QuietBus>::is_return(cpu, &peek);
}

#[test]
fn nothing_that_a_guest_does_is_fatal() {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    if let Some(case) = number("ANACHRON_FUZZ_CASE") {
        run(case);
        return;
    }
    let limit = number("ANACHRON_FUZZ").map(Duration::from_secs);
    let (begun, mut told) = (Instant::now(), Duration::ZERO);
    let first = if limit.is_some() { u64::from(std::process::id()) << 32 } else { 0 };
    let (mut cases, mut instructions) = (0, 0);
    while limit.map_or(cases < CASES, |limit| begun.elapsed() < limit) {
        instructions += run(first + cases);
        cases += 1;
        if begun.elapsed() > told + Duration::from_secs(60) {
            told = begun.elapsed();
            println!("{} s, {cases} cases, {instructions} instructions", told.as_secs());
        }
    }
    println!("{cases} cases, {instructions} instructions in {:?}", begun.elapsed());
}
