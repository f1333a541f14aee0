//! The fast mode against the exact one with a control word that says "53 bits", and its short way against its long one.

use super::super::arithmetic::{
    Add, ChangeSign, Divide, DivideInto, Function, Magnitude, Multiply, Operand, Operation, RoundToInteger,
    Scale, Short, SquareRoot, Subtract, SubtractFrom, Widened,
};
use super::super::{EXCEPTIONS, Fpu, status};
use crate::cpu::FpuMode;
use crate::float::{Constant, F32, F64, F80, Quotient};
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Copy, Debug)]
enum Number {
    Single(u32),
    Double(u64),
    Word(i16),
    Dword(i32),
    Qword(i64),
    Extended(u16, u64),
    Constant(u8),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Load(Number),
    LoadRegister(u8),
    /// Operation, destination, other, whether it pops.
    Combine(u8, u8, u8, bool),
    CombineWith(u8, Number),
    Apply(u8),
    Compare(u8),
    CompareWith(Number),
    Exchange(u8),
    CopyTo(u8, bool),
    /// Which kind of number, and whether it pops.
    Store(u8, bool),
    SetControl(u16),
    ClearExceptions,
    Initialize,
    Free(u8),
    Remainder,
    SetMmx(u8, u64),
    /// An image of the whole is stored and loaded again.
    Reload,
}

const CONSTANTS: [Constant; 4] = [Constant::One, Constant::Zero, Constant::Pi, Constant::LnOf2];

/// The short way, in the form that is right and if it is tried at all, as an engine does it.
macro_rules! shortly {
    ($unit:ident.$method:ident[$($parameter:tt),*]($($argument:expr),*)) => {{
        let result = match () {
            () if !$unit.quick => None,
            () if $unit.fpu.is_ready_in::<false>() => $unit.fpu.$method::<$($parameter,)* false>($($argument),*),
            () if $unit.fpu.is_ready_in::<true>() => $unit.fpu.$method::<$($parameter,)* true>($($argument),*),
            () => None,
        };
        $unit.done += u64::from(result.is_some());
        result
    }};
}

/// A unit, and whether it tries the short way before the long one.
struct Unit {
    fpu: Fpu,
    quick: bool,
    /// How many operations the short way has done.
    done: u64,
}

impl Unit {
    fn new(mode: FpuMode, quick: bool) -> Self {
        let mut fpu = Fpu::reset();
        fpu.set_mode(mode);
        fpu.initialize();
        Self { fpu, quick, done: 0 }
    }

    fn combine<O: Operation>(&mut self, destination: u8, other: u8, pops: bool) {
        if pops {
            let done = shortly!(self.combine_quickly[O, true](destination, other));
            done.unwrap_or_else(|| self.fpu.combine::<O, true>(destination, other));
        } else {
            let done = shortly!(self.combine_quickly[O, false](destination, other));
            done.unwrap_or_else(|| self.fpu.combine::<O, false>(destination, other));
        }
    }

    fn combine_with<O: Operation>(&mut self, operand: impl Operand) {
        let done = shortly!(self.combine_quickly_with[O](operand));
        done.unwrap_or_else(|| self.fpu.combine_with::<O>(operand.widened()));
    }

    fn combine_with_number(&mut self, operation: u8, operand: impl Operand) {
        match operation % 6 {
            0 => self.combine_with::<Add>(operand),
            1 => self.combine_with::<Multiply>(operand),
            2 => self.combine_with::<Subtract>(operand),
            3 => self.combine_with::<SubtractFrom>(operand),
            4 => self.combine_with::<Divide>(operand),
            _ => self.combine_with::<DivideInto>(operand),
        }
    }

    fn compare_with(&mut self, operand: impl Operand) {
        if shortly!(self.compare_quickly[](operand)).is_none() {
            self.fpu.compare(operand.widened());
        }
    }

    fn load_integer(&mut self, operand: impl Operand) {
        let done = shortly!(self.load_quickly[](operand));
        done.unwrap_or_else(|| self.fpu.load_exactly(operand.widened().value));
    }

    fn load_short<F: Short>(&mut self, number: F) {
        shortly!(self.load_quickly[](number)).unwrap_or_else(|| self.fpu.load_short(number));
    }

    fn load(&mut self, number: Number) {
        match number {
            Number::Single(bits) => self.load_short(F32(bits)),
            Number::Double(bits) => self.load_short(F64(bits)),
            Number::Word(value) => self.load_integer(value),
            Number::Dword(value) => self.load_integer(value),
            Number::Qword(value) => self.load_integer(value),
            Number::Extended(sign_exponent, mantissa) => {
                self.fpu.load_exactly(F80::new(sign_exponent, mantissa));
            }
            Number::Constant(which) => self.fpu.load_constant(CONSTANTS[usize::from(which % 4)]),
        }
    }

    fn store_short<F: Short>(&mut self, pops: bool) -> Option<u64> {
        if let Some(store) = shortly!(self.prepare_short_quickly[F]()) {
            if pops {
                self.fpu.complete_quickly::<true, _>(&store);
            } else {
                self.fpu.complete_quickly::<false, _>(&store);
            }
            return Some(store.value);
        }
        let store = self.fpu.prepare_short::<F>();
        if pops {
            self.fpu.complete::<true, _>(&store);
        } else {
            self.fpu.complete::<false, _>(&store);
        }
        store.value
    }

    fn store_integer<const TRUNCATE: bool>(&mut self, bits: u32) -> Option<u64> {
        if let Some(store) = shortly!(self.prepare_integer_quickly[TRUNCATE](bits)) {
            self.fpu.complete_quickly::<true, _>(&store);
            return Some(store.value & (!0 >> (64 - bits)));
        }
        let store = self.fpu.prepare_integer::<TRUNCATE>(bits);
        self.fpu.complete::<true, _>(&store);
        store.value.map(|value| value & (!0 >> (64 - bits)))
    }

    /// Does a step. Gives what it has stored.
    fn step(&mut self, step: Step) -> Option<u64> {
        match step {
            Step::Store(0, pops) => return self.store_short::<F32>(pops),
            Step::Store(1, pops) => return self.store_short::<F64>(pops),
            Step::Store(2, false) => return self.store_integer::<false>(16),
            Step::Store(2, true) => return self.store_integer::<true>(32),
            Step::Store(_, false) => return self.store_integer::<false>(64),
            Step::Store(_, true) => {
                let store = self.fpu.prepare_extended();
                self.fpu.complete::<true, _>(&store);
                return store.value.map(|number| number.mantissa ^ u64::from(number.sign_exponent));
            }
            Step::Load(number) => self.load(number),
            Step::CombineWith(..) | Step::Combine(..) | Step::Apply(_) => self.compute(step),
            Step::CompareWith(_) | Step::Compare(_) => self.compare(step),
            _ => self.control(step),
        }
        None
    }

    fn compute(&mut self, step: Step) {
        match step {
            Step::CombineWith(operation, operand) => match operand {
                Number::Single(bits) => self.combine_with_number(operation, F32(bits)),
                Number::Double(bits) => self.combine_with_number(operation, F64(bits)),
                Number::Word(value) => self.combine_with_number(operation, value),
                Number::Dword(value) => self.combine_with_number(operation, value),
                Number::Qword(value) => self.combine_with_number(operation, value),
                Number::Extended(..) | Number::Constant(_) => self.combine_with_number(operation, 1_i16),
            },
            Step::Combine(operation, destination, other, pops) => match operation {
                0 => self.combine::<Add>(destination, other, pops),
                1 => self.combine::<Multiply>(destination, other, pops),
                2 => self.combine::<Subtract>(destination, other, pops),
                3 => self.combine::<SubtractFrom>(destination, other, pops),
                4 => self.combine::<Divide>(destination, other, pops),
                5 => self.combine::<DivideInto>(destination, other, pops),
                _ => self.combine::<Scale>(destination, other, pops),
            },
            Step::Apply(which) => self.apply(which),
            _ => {}
        }
    }

    fn apply(&mut self, which: u8) {
        match which {
            0 => self.apply_one::<SquareRoot>(),
            1 => self.apply_one::<ChangeSign>(),
            2 => self.apply_one::<Magnitude>(),
            _ => self.apply_one::<RoundToInteger>(),
        }
    }

    fn apply_one<F: Function>(&mut self) {
        shortly!(self.apply_quickly[F]()).unwrap_or_else(|| self.fpu.apply::<F>());
    }

    fn compare(&mut self, step: Step) {
        match step {
            Step::CompareWith(operand) => match operand {
                Number::Single(bits) => self.compare_with(F32(bits)),
                Number::Double(bits) => self.compare_with(F64(bits)),
                Number::Word(value) => self.compare_with(value),
                Number::Dword(value) => self.compare_with(value),
                _ => {}
            },
            Step::Compare(i) => {
                shortly!(self.compare_register_quickly[](i)).unwrap_or_else(|| {
                    self.fpu.compare_register(i, true);
                });
            }
            _ => {}
        }
    }

    fn control(&mut self, step: Step) {
        match step {
            Step::LoadRegister(i) => {
                shortly!(self.load_register_quickly[](i)).unwrap_or_else(|| self.fpu.load_register(i));
            }
            Step::Exchange(i) => {
                shortly!(self.exchange_quickly[](i)).unwrap_or_else(|| self.fpu.exchange(i));
            }
            Step::CopyTo(i, true) => {
                shortly!(self.copy_quickly_to[true](i)).unwrap_or_else(|| self.fpu.copy_to::<true>(i));
            }
            _ => self.control_whole(step),
        }
    }

    /// What has no short way.
    fn control_whole(&mut self, step: Step) {
        let fpu = &mut self.fpu;
        match step {
            Step::CopyTo(i, false) => fpu.copy_to::<false>(i),
            Step::SetControl(word) => fpu.set_control(word),
            Step::ClearExceptions => fpu.clear_exceptions(),
            Step::Initialize => fpu.initialize(),
            Step::Free(i) => fpu.release(i),
            Step::Remainder => fpu.remainder(Quotient::Nearest),
            Step::SetMmx(number, value) => {
                let old = fpu.mmx(number ^ 1);
                fpu.enter_mmx();
                fpu.set_mmx(number, value ^ old);
            }
            Step::Reload => {
                let layout = super::Layout { wide: true, linear: false };
                let image = fpu.full_image(layout);
                fpu.set_full(layout, &image);
            }
            _ => {}
        }
    }
}

/// Doubles as programs have them, and such that their results lie near the edges of what a double can be.
fn any_double() -> impl Strategy<Value = u64> {
    let near = |exponent: u64| {
        (any::<bool>(), 0..8_u64, any::<u64>(), 0_u32..53).prop_map(
            move |(negative, more, fraction, zeros)| {
                u64::from(negative) << 63 | (exponent + more) << 52 | (fraction >> 12 >> zeros << zeros)
            },
        )
    };
    prop_oneof![
        8 => near(1020),
        2 => near(510),
        2 => near(1530),
        1 => near(0),
        1 => near(2040),
        1 => any::<u64>(),
        2 => (-100_i32..100).prop_map(|n| f64::from(n).to_bits()),
    ]
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        8 => any_double().prop_map(Number::Double),
        2 => any::<u32>().prop_map(Number::Single),
        2 => (any::<u32>(), 0_u32..24).prop_map(|(bits, zeros)| {
            Number::Single(bits & 0x807F_FFFF >> zeros << zeros | 0x3F80_0000)
        }),
        1 => any::<i16>().prop_map(Number::Word),
        1 => any::<i32>().prop_map(Number::Dword),
        1 => (any::<i64>(), 0_u32..64).prop_map(|(value, by)| Number::Qword(value >> by)),
        1 => (any::<u16>(), any::<u64>()).prop_map(|(above, mantissa)| Number::Extended(above, mantissa)),
        1 => (0x3FF0_u16..0x4010, any::<u64>(), 0_u32..64).prop_map(|(above, mantissa, zeros)| {
            Number::Extended(above, (mantissa | 1 << 63) >> zeros << zeros)
        }),
        1 => (0_u8..4).prop_map(Number::Constant),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let register = || 0_u8..4;
    prop_oneof![
        12 => any_number().prop_map(Step::Load),
        2 => register().prop_map(Step::LoadRegister),
        16 => (0_u8..7, register(), register(), prop::bool::weighted(0.3))
            .prop_map(|(operation, a, b, pops)| Step::Combine(operation, a, b, pops)),
        10 => (0_u8..6, any_number()).prop_map(|(operation, number)| Step::CombineWith(operation, number)),
        4 => (0_u8..4).prop_map(Step::Apply),
        2 => register().prop_map(Step::Compare),
        2 => any_number().prop_map(Step::CompareWith),
        3 => register().prop_map(Step::Exchange),
        3 => (register(), any::<bool>()).prop_map(|(i, pops)| Step::CopyTo(i, pops)),
        8 => (0_u8..4, prop::bool::weighted(0.7)).prop_map(|(kind, pops)| Step::Store(kind, pops)),
        2 => select(vec![0x37F, 0x27F, 0x17F, 0x7F, 0xF7F, 0x77F, 0x340, 0x35F, 0x37E, 0x360])
            .prop_map(Step::SetControl),
        3 => Just(Step::SetControl(0x37F)),
        2 => Just(Step::ClearExceptions),
        1 => Just(Step::Initialize),
        1 => register().prop_map(Step::Free),
        1 => Just(Step::Remainder),
        1 => (0_u8..8, any::<u64>()).prop_map(|(number, value)| Step::SetMmx(number, value)),
        1 => Just(Step::Reload),
    ]
}

/// A control word with "53 bits" for "64 bits".
fn shortened(word: u16) -> u16 {
    if word & 0x300 == 0 { word } else { word & !0x300 | 0x200 }
}

/// What a program sees of a unit, C1 apart.
fn seen(fpu: &Fpu) -> ([F80; 8], u8, u16, u16) {
    let numbers = std::array::from_fn(|i| fpu.st(i as u8));
    (numbers, fpu.used(), fpu.status() & !status::C1, shortened(fpu.control()))
}

/// Whether C1 says in the fast mode what it says in the exact one.
fn tells_direction(control: u16) -> bool {
    control & 0xC20 != 0x20 || control & 0x300 == 0
}

fn assert_alike(steps: &[Step]) -> Result<u64, TestCaseError> {
    let mut quick = Unit::new(FpuMode::Fast, true);
    let mut long = Unit::new(FpuMode::Fast, false);
    let mut exact = Unit::new(FpuMode::Exact, false);
    exact.fpu.set_control(shortened(exact.fpu.control()));
    for &step in steps {
        let exact_step = match step {
            Step::SetControl(word) => Step::SetControl(shortened(word)),
            Step::Initialize => Step::Initialize,
            other => other,
        };
        let stored = [quick.step(step), long.step(step), exact.step(exact_step)];
        exact.fpu.set_control(shortened(exact.fpu.control()));
        prop_assert_eq!(stored, [stored[2]; 3], "what {:?} stores", step);
        prop_assert_eq!(&quick.fpu, &long.fpu, "after {:?}", step);
        prop_assert_eq!(seen(&quick.fpu), seen(&exact.fpu), "after {:?}", step);
        if tells_direction(quick.fpu.control()) && !matches!(step, Step::SetControl(_)) {
            let c1 = |fpu: &Fpu| fpu.status() & status::C1;
            let is_new = matches!(step, Step::Combine(..) | Step::CombineWith(..) | Step::Store(..));
            prop_assert!(!is_new || c1(&quick.fpu) == c1(&exact.fpu), "C1 after {:?}", step);
        }
    }
    Ok(quick.done)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Numbers, exceptions and stack; and the short way does the same as the long one, C1 included.
    #[test]
    fn it_is_the_exact_mode_with_53_bits(steps in prop::collection::vec(any_step(), 1..60)) {
        assert_alike(&steps)?;
    }

    #[test]
    fn doubles_are_the_hosts_business(
        a in 0x3000_0000_0000_0000_u64..0x4FFF_FFFF_FFFF_FFFF,
        b in 0x3000_0000_0000_0000_u64..0x4FFF_FFFF_FFFF_FFFF,
        operation in 0_u8..6,
        known: bool,
    ) {
        let third = Step::CombineWith(4, Number::Word(3));
        let load = |bits| Step::Load(Number::Double(bits));
        let noted = if known { vec![Step::Load(Number::Word(1)), third] } else { vec![] };
        let combined = Step::Combine(operation, 1, 0, true);
        let rest = [load(a), load(b), combined, Step::Apply(2), Step::Apply(0), Step::Store(1, true)];
        let steps: Vec<Step> = noted.into_iter().chain(rest).collect();
        let done = assert_alike(&steps)?;
        prop_assert!(done + 1 >= steps.len() as u64, "{} of {:?}", done, steps);
    }
}

#[test]
fn the_mode_can_change_at_any_time() {
    let mut unit = Unit::new(FpuMode::Exact, true);
    for step in [Step::Load(Number::Word(1)), Step::CombineWith(4, Number::Word(3))] {
        unit.step(step);
    }
    let third = F80::new(0x3FFD, 0xAAAA_AAAA_AAAA_AAAB);
    assert_eq!(unit.fpu.st(0), third);
    unit.fpu.set_mode(FpuMode::Fast);
    assert_eq!((unit.fpu.st(0), unit.fpu.mode()), (third, FpuMode::Fast), "what is there stays");
    unit.step(Step::CombineWith(1, Number::Word(1)));
    let rounded = F80::new(0x3FFD, 0xAAAA_AAAA_AAAA_A800);
    assert_eq!(unit.fpu.st(0), rounded, "and is rounded when it is computed with");
    unit.fpu.set_mode(FpuMode::Exact);
    assert_eq!(unit.fpu.st(0), rounded);
    assert_eq!(unit.fpu.status() & EXCEPTIONS, 0x20);
}

#[test]
fn widened_operands_of_both_kinds_are_the_same_number() {
    for bits in [0, 1 << 63, 1.5_f64.to_bits(), (-3e300_f64).to_bits()] {
        let number = F64(bits);
        let Widened { value, denormal } = number.widened();
        assert_eq!(
            (Operand::extended(number), number.double(), denormal),
            (Some(value), Some(number), false)
        );
    }
}
