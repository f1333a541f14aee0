//! The engines against one another in protected and long mode.

use super::quiet_bus::{QuietBus, SIZE};
use super::system_code::{FAR_POINTERS, FAR_TABLE, Piece, any_code};
use super::{Event, Outcome, cases};
use crate::world::kernel;
use crate::world::{
    CODE, CODE_BYTES, DATA, DATA_BYTES, Paging, Start, TABLE, WIDE_TABLE, World, physical_page,
};
use emu_core::cpu::engine::cache::LONGEST;
use emu_core::cpu::engine::tuning::Tuning;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{
    Feature, Generation, I486DX, I80286, I80386DX, MODELS, Model, PENTIUM, PENTIUM_4, PENTIUM_PRO, X86_64_V3,
};
use emu_core::cpu::x86::state::{State, cr0, seg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt;

#[derive(Clone)]
pub struct Program {
    model: &'static str,
    start: Start,
    code: [Vec<Piece>; 3],
    registers: [u32; 8],
    data: u64,
    /// Pages of data that begin with other rights than all of them.
    pages: Vec<(u64, u64)>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, start, code, registers, data, pages } = self;
        writeln!(f, "{model} {start:?} {registers:x?} {data:x} {pages:x?}")?;
        for (bits, pieces) in [16, 32, 64].into_iter().zip(code) {
            writeln!(f, "{bits} bits: {pieces:02x?}")?;
        }
        Ok(())
    }
}

fn model(name: &str) -> &'static Model {
    MODELS.into_iter().find(|model| model.name == name).expect("one of the models")
}

fn worlds(model: &Model) -> Vec<World> {
    let exists = |world: World| match world {
        World::Near0 | World::Near3 => true,
        World::Real => model.generation >= Generation::I80386,
        _ if world.is_long() => model.offers(Feature::LongMode),
        _ => model.generation >= Generation::I80386,
    };
    World::ALL.into_iter().filter(|&world| exists(world)).collect()
}

fn any_start(model: &'static Model) -> impl Strategy<Value = Start> {
    let pagings: Vec<_> = Paging::ALL.into_iter().filter(|paging| paging.exists_on(model)).collect();
    let protection = select(vec![0, cr0::WP, cr0::AM | cr0::WP, cr0::NE, cr0::MP]);
    let cr4 = select(vec![0_u64, 0, 1, 0x80, 0x600, 0x4_0600, 0x10_0000, 0x20_0000, 0x800]);
    (select(worlds(model)), select(pagings), protection, cr4, select(vec![0_u8, 3]))
        .prop_map(|(world, paging, cr0, cr4, iopl)| Start { world, paging, cr0, cr4, iopl })
}

pub fn any_program() -> impl Strategy<Value = Program> {
    let models = [&I80286, &I80386DX, &I486DX, &PENTIUM, &PENTIUM_PRO, &PENTIUM_4, &X86_64_V3, &X86_64_V3];
    let pages = prop::collection::vec((0u64..16, any::<bool>(), 0u64..8), 0..6);
    let register = prop_oneof![2 => 0x3_0000u32..0x4_0000, 1 => 0u32..0x100, 1 => any::<u32>()];
    select(models.to_vec()).prop_flat_map(move |model| {
        let code = (any_code(16), any_code(32), any_code(64));
        (any_start(model), code, prop::array::uniform8(register.clone()), any::<u64>(), pages.clone())
            .prop_map(move |(start, (a, b, c), registers, data, pages)| {
                let pages = pages
                    .into_iter()
                    .map(|(page, alias, rights)| (page + if alias { 0x100 } else { 0x30 }, rights))
                    .collect();
                Program { model: model.name, start, code: [a, b, c], registers, data, pages }
            })
    })
}

impl Program {
    pub fn model(&self) -> &'static Model {
        model(self.model)
    }

    pub fn load(&self, bus: &QuietBus) {
        kernel::build(bus, model(self.model), &self.start);
        for (at, pieces) in CODE.into_iter().zip(&self.code) {
            let mut bytes = pieces.concat();
            bytes.truncate(CODE_BYTES);
            let mut round = bytes.len() as u64;
            bus.put(at, &bytes);
            // From the end back to the start, and from what lies behind too.
            while round < CODE_BYTES as u64 + 0x400 {
                let back = (round as i32 + if at == CODE[0] { 3 } else { 5 }).wrapping_neg();
                bus.put(at + round, &[0xE9]);
                bus.put(at + round + 1, &back.to_le_bytes()[..if at == CODE[0] { 2 } else { 4 }]);
                round += if at == CODE[0] { 3 } else { 5 };
            }
        }
        for (i, (offset, selector)) in (0..).zip(FAR_POINTERS) {
            let at = FAR_TABLE + 16 * i;
            bus.put(at, &(offset as u32).to_le_bytes());
            bus.put(at + 4, &selector.to_le_bytes());
        }
        let mut noise = self.data | 1;
        let next = || {
            noise = noise.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (noise >> 56) as u8
        };
        let fill: Vec<u8> = std::iter::repeat_with(next).take(DATA_BYTES as usize).collect();
        bus.put(DATA, &fill);
        for &(page, rights) in &self.pages {
            let entry = physical_page(page) << 12 | rights;
            bus.put(TABLE + 4 * page, &(entry as u32).to_le_bytes());
            bus.put(WIDE_TABLE + 8 * page, &entry.to_le_bytes());
        }
    }

    pub fn start(&self, s: &mut State) {
        let model = model(self.model);
        self.start.enter(model, s);
        for number in [0, 1, 2, 3, 5, 6, 7] {
            s.registers[number] = self.registers[number].into();
        }
        if model.offers(Feature::Sep) {
            (s.msrs.sysenter_cs, s.msrs.sysenter_esp, s.msrs.sysenter_eip) =
                (crate::world::CODE_0.into(), crate::world::STACK_0, CODE[1]);
        }
        if model.offers(Feature::Syscall) {
            s.msrs.star = 0x0018_0070_0000_0000 | CODE[1];
            (s.msrs.lstar, s.msrs.cstar) = (CODE[2], CODE[2]);
        }
    }
}

/// How a program is run.
#[derive(Clone, Copy, Debug)]
struct Manner {
    /// The engine that begins.
    engine: EngineKind,
    /// Whether others follow.
    switches: bool,
    tuning: Tuning,
}

impl Manner {
    fn of(engine: EngineKind) -> Self {
        Self { engine, switches: false, tuning: Tuning::default() }
    }
}

fn any_tuning() -> impl Strategy<Value = Tuning> {
    let some = (1..=LONGEST, any::<[bool; 4]>()).prop_map(|(longest, [split, targets, links, joins])| {
        Tuning { longest, split, targets, links, joins }
    });
    prop_oneof![Just(Tuning::default()), some]
}

/// The state after each slice, and the memory after the last. Ends at cycle `end` at the latest.
fn run(program: &Program, schedule: &[(u64, Event)], manner: Manner, end: u64) -> Outcome {
    let Manner { mut engine, switches, tuning } = manner;
    let mut bus = QuietBus::new(0, SIZE);
    program.load(&bus);
    let mut cpu = X86::new(model(program.model));
    program.start(&mut cpu.state);
    Processor::<QuietBus>::set_engine(&mut cpu, engine);
    Processor::<QuietBus>::set_tuning(&mut cpu, tuning);
    let mut states = Vec::new();
    for &(cycles, event) in schedule {
        bus.deadline = Cycle((cpu.state.now + cycles).min(end));
        Processor::run(&mut cpu, &mut bus, None, false);
        Processor::<QuietBus>::idle_until(&mut cpu, bus.deadline);
        states.push(cpu.state.clone());
        if cpu.state.now >= end {
            break;
        }
        match event {
            Event::Interrupt(vector) => bus.interrupt = Some(vector),
            Event::NonMaskable => bus.nmi = true,
            Event::Dma(at, byte) => bus.put(CODE[0] + u64::from(at), &[byte]),
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

fn any_schedule() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        2 => Just(Event::Nothing),
        3 => (0x20u8..0x28).prop_map(Event::Interrupt),
        1 => Just(Event::NonMaskable),
        2 => (0u16..0x2180, any::<u8>()).prop_map(|(at, byte)| Event::Dma(at & 0x31FF, byte)),
        3 => Just(Event::Switch),
    ];
    prop::collection::vec((1u64..4000, event), 1..12)
}

/// Nothing if two runs are alike, else where they part.
fn compare(program: &Program, schedule: &[(u64, Event)], manner: Manner) -> Result<(), TestCaseError> {
    let strict = Manner::of(EngineKind::Strict);
    let (expected, found) =
        (run(program, schedule, strict, u64::MAX), run(program, schedule, manner, u64::MAX));
    if expected == found {
        return Ok(());
    }
    // The first cycle after which the states differ.
    let (mut same, mut differ) = (0, expected.states.last().map_or(0, |state| state.now));
    while differ - same > 1 {
        let middle = same.midpoint(differ);
        let alike = run(program, schedule, strict, middle) == run(program, schedule, manner, middle);
        *(if alike { &mut same } else { &mut differ }) = middle;
    }
    let [mut a, mut b] = [strict, manner].map(|manner| run(program, schedule, manner, differ));
    let bytes = a.memory.iter().zip(&b.memory).enumerate().filter(|(_, (a, b))| a != b).take(16);
    let bytes: String = bytes.map(|(at, (a, b))| format!("{at:x}: {a:02x} / {b:02x}\n")).collect();
    let [a, b] = [a.states.pop(), b.states.pop()].map(|state| format!("{:#x?}", state.expect("a slice")));
    let lines = a.lines().zip(b.lines()).enumerate().filter(|(_, (a, b))| a != b);
    let lines: String =
        lines.map(|(line, (a, b))| format!("{line}: {} / {}\n", a.trim(), b.trim())).collect();
    let before: String =
        (same.saturating_sub(50)..=differ).map(|end| place(program, schedule, end)).collect();
    Err(TestCaseError::fail(format!(
        "{manner:?} differs in\n{lines}{bytes}at cycle {differ}, after\n{before}"
    )))
}

/// Where the strict engine is at a cycle.
fn place(program: &Program, schedule: &[(u64, Event)], end: u64) -> String {
    let Outcome { mut states, memory, .. } = run(program, schedule, Manner::of(EngineKind::Strict), end);
    let Some(s) = states.pop() else { return String::new() };
    let (code, linear) = (s.segment(seg::CS), s.code_address(s.rip).linear);
    let bytes = memory.get(linear as usize..linear as usize + 12).unwrap_or_default();
    let (bits, paging) = (code.default_bits(), s.is_paging());
    let registers = &s.registers[..8];
    let at = format!("{end}: {:04x}:{:x} ({bits} bits, paging {paging})", code.selector, s.rip);
    format!("{at} {bytes:02x?} {registers:x?}\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(250), ..ProptestConfig::default() })]

    #[test]
    fn programs_of_protected_and_long_mode_run_alike(
        program in any_program(),
        schedule in any_schedule(),
        tuning in any_tuning(),
    ) {
        compare(&program, &schedule, Manner::of(EngineKind::Threaded))?;
        compare(&program, &schedule, Manner { switches: true, tuning, ..Manner::of(EngineKind::Threaded) })?;
    }
}
