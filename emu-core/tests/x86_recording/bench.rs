//! One instruction by the strict engine and by what was recorded of it, from the same state.

use crate::evaluate::evaluate;
use crate::quiet_bus::QuietBus;
use crate::recorder::{Translation, translate};
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::Probe;
use emu_core::cpu::x86::checked::Checked;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::Model;
use emu_core::cpu::x86::state::{Segment, State, cr0, cr4, efer, seg, xcr0};
use proptest::prelude::*;

/// Bytes of memory, from address 0 on.
pub const SIZE: u64 = 16 << 10;
/// Where the instruction lies.
pub const CODE: u64 = 0x2000;

/// Real mode, 32-bit protected mode, 64-bit mode: by the bits of their code.
pub const MODES: [u32; 3] = [16, 32, 64];

/// What an instruction finds.
#[derive(Clone, Debug)]
pub struct Situation {
    pub registers: [u64; 16],
    pub flags: u64,
    pub vectors: [[u64; 4]; 16],
    pub mxcsr: u32,
    /// Vector instructions wait for the task's registers.
    pub switched: bool,
    /// Segments end within the memory.
    pub small_segments: bool,
    /// What follows the opcode and the ModR/M byte: displacement and immediates.
    pub tail: [u8; 10],
    /// Comes before the opcode.
    pub prefix: Option<u8>,
    /// Which one of several ways to write an instruction.
    pub choice: usize,
}

/// Boxed, as the next one, because many of them within each other would not fit on a test's stack.
fn any_number() -> BoxedStrategy<u64> {
    prop_oneof![
        4 => 0..SIZE,
        2 => any::<u64>(),
        1 => prop::sample::select(vec![0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF]),
        1 => prop::sample::select(vec![0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, i64::MAX as u64, 1 << 63, u64::MAX]),
    ]
    .boxed()
}

/// A quadword of lanes, often the same one twice, sometimes ordinary floating-point numbers.
fn any_lanes() -> BoxedStrategy<u64> {
    let doubles = any::<i16>().prop_map(|number| (f64::from(number) / 8.0).to_bits());
    let singles = any::<[i8; 2]>()
        .prop_map(|[a, b]| u64::from(f32::from(a).to_bits()) << 32 | u64::from(f32::from(b).to_bits()));
    prop_oneof![3 => any::<u64>(), 1 => doubles, 1 => singles, 1 => any_number()].boxed()
}

prop_compose! {
    pub fn any_situation()(
        registers in prop::array::uniform16(any_number()),
        status in any::<u16>(),
        vectors in prop::array::uniform16(prop::array::uniform4(any_lanes())),
        mxcsr in prop_oneof![3 => Just(0x1F80), 1 => any::<u16>().prop_map(u32::from)],
        switched in prop::bool::weighted(0.1),
        small_segments: bool,
        (tail, choice) in any::<([u8; 10], usize)>(),
        prefix in prop_oneof![
            2 => Just(None), 1 => Just(Some(0x67)), 1 => prop::sample::select(vec![Some(0x26), Some(0x65)]),
        ],
    ) -> Situation {
        let flags = u64::from(status & 0x8D5) | 2;
        Situation { registers, flags, vectors, mxcsr, switched, small_segments, tail, prefix, choice }
    }
}

impl Situation {
    fn enter(&self, bits: u32, s: &mut State) {
        let limit = if bits == 16 || self.small_segments { SIZE as u32 - 1 } else { u32::MAX };
        let size = match bits {
            16 => 0,
            32 => 0xC000,
            _ => 0xA000,
        };
        for (number, segment) in (0..).zip(&mut s.segments) {
            // Those that 64-bit mode adds have a base in each mode.
            let base = if number == seg::FS || number == seg::GS { 0x1230 } else { 0 };
            *segment = Segment { selector: 0x28, attributes: size & !0x2000 | 0x93, limit, base };
        }
        s.segments[usize::from(seg::CS)] =
            Segment { selector: 0x30, attributes: size | 0x9B, limit, base: 0 };
        s.cr0 = if bits == 16 { cr0::ET } else { cr0::PE | cr0::ET };
        s.cr0 |= if self.switched { cr0::TS } else { 0 };
        s.efer = if bits == 64 { efer::LME | efer::LMA } else { 0 };
        s.cr4 = cr4::OSFXSR | cr4::OSXMMEXCPT | cr4::OSXSAVE;
        s.xcr0 = xcr0::X87 | xcr0::SSE | xcr0::AVX;
        // In real mode exceptions have their handlers, in the others none: the processor gives up.
        s.idtr.limit = if bits == 16 { 0x3FF } else { 0 };
        let mask = if bits == 64 { u64::MAX } else { 0xFFFF_FFFF };
        s.registers[..16].copy_from_slice(&self.registers.map(|number| number & mask));
        s.flags.set_word(self.flags);
        s.vectors = self.vectors;
        s.mxcsr = self.mxcsr;
        s.rip = CODE;
    }
}

/// Remembers the first exception.
#[derive(Default)]
pub struct FirstException(Option<u8>);

impl Probe for FirstException {
    const ACTIVE: bool = true;

    fn interrupt(&mut self, vector: u8, _: CodeAddress) {
        self.0.get_or_insert(vector);
    }
}

/// A processor with its memory.
struct Machine {
    cpu: X86,
    bus: QuietBus,
}

/// What an instruction has left.
#[derive(Debug, PartialEq)]
struct Left {
    state: State,
    exception: Option<u8>,
}

impl Machine {
    fn new(model: &'static Model) -> Self {
        let bus = QuietBus::new(0, SIZE);
        let pattern: Vec<u8> = (0..SIZE as u32).map(|i| (i.wrapping_mul(0x9E37_79B1) >> 23) as u8).collect();
        bus.put(0, &pattern);
        Self { cpu: X86::new(model), bus }
    }

    /// From a situation on, what `work` leaves. How the flags are kept is not compared, but what they are.
    fn run(
        &mut self,
        bits: u32,
        before: &Situation,
        work: impl FnOnce(&mut Checked<'_, QuietBus, FirstException>),
    ) -> Left {
        let Self { cpu, bus } = self;
        let model = cpu.model();
        cpu.state = X86::new(model).state;
        before.enter(bits, &mut cpu.state);
        let mut probe = FirstException::default();
        work(&mut Checked::new(&mut cpu.state, bus, &mut probe, model, true));
        let mut state = cpu.state.clone();
        state.flags.set_word(state.flags.word());
        Left { state, exception: probe.0 }
    }

    fn memory(&self) -> Vec<u8> {
        let mut bytes = vec![0; SIZE as usize];
        self.bus.get(0, &mut bytes);
        bytes
    }
}

/// Two processors, one of each kind.
pub struct Bench {
    model: &'static Model,
    strict: Machine,
    recorded: Machine,
}

/// How a comparison went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bytes are no instruction that has a meaning.
    Passed,
    /// Both came to the next instruction, or jumped.
    Done,
    /// Both met this exception.
    Exception,
}

impl Bench {
    pub fn new(model: &'static Model) -> Self {
        Self { model, strict: Machine::new(model), recorded: Machine::new(model) }
    }

    /// Does one instruction both ways, in code of `bits`.
    ///
    /// # Errors
    /// When what they leave is not the same.
    pub fn compare(
        &mut self,
        bits: u32,
        opcode: &[u8],
        situation: &Situation,
    ) -> Result<Outcome, TestCaseError> {
        let bytes: Vec<u8> =
            situation.prefix.iter().chain(opcode).chain(&situation.tail).copied().take(15).collect();
        let Some(Translation::Steps { operands, recorder }) = translate(self.model, bits, &bytes, CODE)
        else {
            return Ok(Outcome::Passed);
        };
        self.strict.bus.put(CODE, &bytes);
        self.recorded.bus.put(CODE, &bytes);
        let expected = self.strict.run(bits, situation, |cpu| cpu.step());
        let found = self.recorded.run(bits, situation, |cpu| {
            cpu.execute_at(CODE, |cpu| {
                cpu.s.rip = CODE + u64::from(operands.length);
                evaluate(&recorder, cpu)
            });
        });
        let what = || format!("{bits} bits: {bytes:02x?} as {:#?}", recorder.steps);
        let exception = expected.exception;
        prop_assert_eq!(&expected, &found, "{}", what());
        let (expected, found) = (self.strict.memory(), self.recorded.memory());
        let differs = || expected.iter().zip(&found).position(|(a, b)| a != b);
        prop_assert!(expected == found, "the byte at {:x?} differs: {}", differs(), what());
        Ok(if exception.is_some() { Outcome::Exception } else { Outcome::Done })
    }
}
