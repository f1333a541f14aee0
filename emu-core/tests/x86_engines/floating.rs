//! Programs that compute with floating-point numbers, on both engines and in both modes of the unit.

use super::quiet_bus::QuietBus;
use super::{Beginning, Event, Outcome, any_schedule, assert_same, cases, run_from};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::I486DX;
use emu_core::cpu::x86::state::{Segment, seg};
use emu_core::cpu::x86::x87::Fpu;
use emu_core::cpu::{EngineKind, FpuMode, Processor};
use emu_core::float::F80;
use proptest::prelude::*;
use proptest::sample::select;

/// Where code and data begin, and within the data, control words and an image of the unit.
const CODE: u64 = 0x1_0000;
const DATA: u64 = 0x2_0000;
const NUMBERS: usize = 64;
const CONTROL_WORDS: u16 = 0x400;
const IMAGE: u16 = 0x500;

/// Mostly as programs have it, then other precisions and directions, and with inexactness unmasked.
const CONTROLS: [u16; 8] = [0x37F, 0x37F, 0x37F, 0x27F, 0x07F, 0xF7F, 0x77F, 0x35F];

#[derive(Clone, Debug)]
struct Program {
    /// What is done several times over.
    body: Vec<u8>,
    numbers: Vec<u64>,
}

impl Program {
    fn load(&self, bus: &QuietBus) {
        let near = IMAGE.to_le_bytes();
        // FNINIT, FNSAVE, MOV CX, 9
        let mut code = vec![0xDB, 0xE3, 0xDD, 0x36, near[0], near[1], 0xB9, 9, 0];
        let back = -(self.body.len() as i16 + 5);
        code.extend(&self.body);
        // DEC CX, JNZ, and a loop at the end.
        code.extend([0x49, 0x0F, 0x85]);
        code.extend(back.to_le_bytes());
        code.extend([0xEB, 0xFE]);
        bus.put(CODE, &code);
        for (i, number) in (0..).zip(&self.numbers) {
            bus.put(DATA + 8 * i, &number.to_le_bytes());
        }
        for (i, word) in (0..).zip(CONTROLS) {
            bus.put(DATA + u64::from(CONTROL_WORDS) + 2 * i, &word.to_le_bytes());
        }
        for vector in 0..256_u64 {
            bus.put(vector * 4, &0x600_u32.to_le_bytes());
        }
        bus.put(0x600, &[0xCF]);
    }

    fn start(cpu: &mut X86, mode: FpuMode) {
        let segments = [(seg::CS, 0x1000), (seg::DS, 0x2000), (seg::ES, 0x2000), (seg::SS, 0x3000)];
        for (number, selector) in segments {
            *cpu.state.segment_mut(number) = Segment::real(selector);
        }
        cpu.state.rip = 0;
        cpu.state.registers[4] = 0xF000;
        assert!(Processor::<QuietBus>::set_fpu_mode(cpu, mode));
    }

    fn run(&self, mode: FpuMode, schedule: &[(u64, Event)], engine: EngineKind, switches: bool) -> Outcome {
        let (load, start) = (&|bus: &QuietBus| self.load(bus), &|cpu: &mut X86| Self::start(cpu, mode));
        run_from(&Beginning { model: &I486DX, load, start }, schedule, engine, switches)
    }
}

/// An instruction with an operand in memory: its opcode, what ModR/M's middle field may say, the last operand's place.
const MEMORY_FORMS: [(u8, &[u8], u16); 11] = [
    (0xD8, &[0, 1, 2, 3, 4, 5, 6, 7], 2 * NUMBERS as u16),
    (0xDC, &[0, 1, 2, 3, 4, 5, 6, 7], NUMBERS as u16),
    (0xDA, &[0, 1, 2, 3, 4, 5, 6, 7], 2 * NUMBERS as u16),
    (0xDE, &[0, 1, 2, 3, 4, 5, 6, 7], 4 * NUMBERS as u16),
    (0xDD, &[0, 0, 0, 0, 2, 3, 3], NUMBERS as u16),
    (0xD9, &[0, 0, 2, 3], 2 * NUMBERS as u16),
    (0xDB, &[0, 2, 3, 5, 7], NUMBERS as u16),
    (0xDF, &[0, 2, 3, 4, 5, 6, 7], NUMBERS as u16),
    // FLDCW, FNSTCW and FNSTSW.
    (0xD9, &[5], 0),
    (0xD9, &[7], 1),
    (0xDD, &[7], 1),
];

fn with_memory() -> impl Strategy<Value = Vec<u8>> {
    (select(&MEMORY_FORMS[..]), any::<u16>(), any::<u8>()).prop_map(
        |((opcode, fields, places), place, field)| {
            let field = fields[usize::from(field) % fields.len()];
            let at = match places {
                0 => CONTROL_WORDS + 2 * (place % CONTROLS.len() as u16),
                places => place % places * (8 * NUMBERS as u16 / places),
            };
            [&[opcode, field << 3 | 6][..], &at.to_le_bytes()].concat()
        },
    )
}

fn any_instruction() -> impl Strategy<Value = Vec<u8>> {
    let whole = |opcode, field: u8| vec![opcode, field << 3 | 6, IMAGE as u8, (IMAGE >> 8) as u8];
    prop_oneof![
        8 => with_memory(),
        // FLD of a double.
        4 => (0..NUMBERS as u16).prop_map(|i| [&[0xDD, 6][..], &(8 * i).to_le_bytes()].concat()),
        // Operations of registers near the top, those that pop among them.
        5 => (select(&[0xD8_u8, 0xDC, 0xDE][..]), 0_u8..8, 0_u8..4)
            .prop_map(|(opcode, operation, i)| vec![opcode, 0xC0 | operation << 3 | i]),
        3 => (0xD8_u8..=0xDF, 0xC0_u8..=0xFF).prop_map(|(opcode, modrm)| vec![opcode, modrm]),
        // FXCH, FSQRT, FLD1 and other constants, FNCLEX, FNSTSW AX.
        2 => (0_u8..4).prop_map(|i| vec![0xD9, 0xC8 | i]),
        1 => Just(vec![0xD9, 0xFA]),
        1 => (0xE8_u8..0xEF).prop_map(|constant| vec![0xD9, constant]),
        1 => Just(vec![0xDB, 0xE2]),
        1 => Just(vec![0xDF, 0xE0]),
        1 => select(vec![whole(0xDD, 6), whole(0xDD, 4)]),
    ]
}

/// Numbers of about one, and some at the ends of what a double can be.
fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => (any::<u64>(), 0_u32..53).prop_map(|(bits, zeros)| {
            let fraction = bits >> 12 >> zeros << zeros;
            bits & 1 << 63 | (0x3FC + (bits >> 52 & 7)) << 52 | fraction
        }),
        1 => any::<u64>(),
        1 => (-9_i32..9).prop_map(|number| f64::from(number).to_bits()),
    ]
}

fn any_program() -> impl Strategy<Value = Program> {
    let body = prop::collection::vec(any_instruction(), 5..60).prop_map(|all| all.concat());
    (body, prop::collection::vec(any_number(), NUMBERS)).prop_map(|(body, numbers)| Program { body, numbers })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(400), ..ProptestConfig::default() })]

    #[test]
    fn floating_point_runs_alike(
        program in any_program(),
        schedule in any_schedule(),
        mode in select(&[FpuMode::Exact, FpuMode::Fast, FpuMode::Fast][..]),
    ) {
        let strict = program.run(mode, &schedule, EngineKind::Strict, false);
        assert_same(&strict, &program.run(mode, &schedule, EngineKind::Threaded, false))?;
        assert_same(&strict, &program.run(mode, &schedule, EngineKind::Threaded, true))?;
    }
}

#[test]
fn the_mode_outlasts_a_reset_and_a_saved_state() {
    let mut cpu = X86::new(&I486DX);
    Program::start(&mut cpu, FpuMode::Fast);
    cpu.state.fpu.initialize();
    let numbers = [F80::new(0x4000, 3 << 62), F80::new(0x4000, 0xC90F_DAA2_2168_C235), F80::new(0, 0)];
    numbers.iter().for_each(|&number| cpu.state.fpu.push(number));
    let held = |fpu: &Fpu| [fpu.st(2), fpu.st(1), fpu.st(0)];
    let saved = Processor::<QuietBus>::save(&cpu);
    let mut exact = X86::new(&I486DX);
    Processor::<QuietBus>::restore(&mut exact, &saved).unwrap();
    assert_eq!((held(&exact.state.fpu), exact.state.fpu.mode()), (numbers, FpuMode::Exact));
    assert_eq!(Processor::<QuietBus>::save(&exact), saved, "a state does not say how it was computed");
    Processor::<QuietBus>::reset(&mut cpu);
    Processor::<QuietBus>::restore(&mut cpu, &saved).unwrap();
    assert_eq!((held(&cpu.state.fpu), cpu.state.fpu.mode()), (numbers, FpuMode::Fast));
    assert_eq!(cpu.state, exact.state);
}
