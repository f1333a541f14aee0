//! The short way against the general one: value, flags and direction, wherever it gives a result.

use super::values::{Random, cases};
use crate::float::quick::{self, Steering};
use crate::float::{self, *};
use std::fmt::Debug;

/// How often the short way must have a result, in percent: otherwise nothing is tested.
const LEAST: u64 = 5;

/// Compares results of the short way with the general one's.
#[derive(Default)]
struct Comparison {
    cases: u64,
    results: u64,
}

impl Comparison {
    fn add<T: PartialEq + Debug>(&mut self, quick: Option<T>, general: impl FnOnce() -> T, what: &dyn Debug) {
        self.cases += 1;
        if let Some(quick) = quick {
            self.results += 1;
            assert_eq!(quick, general(), "{what:x?}");
        }
    }
}

impl Drop for Comparison {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || self.results * 100 >= self.cases * LEAST,
            "{} of {}",
            self.results,
            self.cases
        );
    }
}

/// Runs `test` with many a random control word.
fn each_case(test: impl Fn(&mut Comparison, &mut Random, u16)) {
    let (mut comparison, mut random) = (Comparison::default(), Random(87));
    for _ in 0..cases(300_000) {
        // Half of them to nearest.
        let control = random.x87_control() & if random.one_in(2) { !0xC00 } else { !0 };
        test(&mut comparison, &mut random, control);
    }
}

type Quick = fn(F80, F80, Steering) -> Option<Outcome<F80>>;
type General = fn(F80, F80, &Env) -> Outcome<F80>;

fn compare_operation(quick: Quick, general: General) {
    each_case(|comparison, random, control| {
        let a = random.number();
        let b = random.partner(a);
        let result = Steering::from_x87_control(control).and_then(|steering| quick(a, b, steering));
        comparison.add(result, || general(a, b, &Env::from_x87_control(control)), &(a, b, control));
    });
}

#[test]
fn sums_and_differences() {
    compare_operation(quick::add, float::add);
    compare_operation(quick::sub, float::sub);
}

#[test]
fn products_and_quotients() {
    compare_operation(quick::mul, float::mul);
    compare_operation(quick::div, float::div);
}

/// Exponents that lie up to 130 apart, and significands with few bits: whatever aligning may lose.
#[test]
fn sums_of_distant_numbers() {
    each_case(|comparison, random, control| {
        let number = |random: &mut Random, biased: u16| {
            let sign = if random.one_in(2) { 0x8000 } else { 0 };
            F80::new(sign | biased, random.pattern() | 1 << 63)
        };
        let (near, far) = (0x3FFF, 0x3FFF - random.below(131) as u16);
        let (a, b) = (number(random, near), number(random, far));
        let (a, b) = if random.one_in(2) { (a, b) } else { (b, a) };
        let result = Steering::from_x87_control(control).and_then(|steering| quick::add(a, b, steering));
        comparison.add(result, || float::add(a, b, &Env::from_x87_control(control)), &(a, b, control));
    });
}

#[test]
fn comparisons() {
    each_case(|comparison, random, _| {
        let a: F80 = random.number();
        let b = random.partner(a);
        let result = quick::compare(a, b).map(|order| Outcome {
            value: Some(order),
            flags: Flags::NONE,
            rounded_up: false,
        });
        comparison.add(result, || float::compare(a, b, true, &Env::X87), &(a, b));
    });
}

fn compare_conversion<F: Format>() {
    each_case(|comparison, random, control| {
        let short: F = random.number();
        let widened = quick::widen(short);
        comparison.add(widened, || float::convert(short, &Env::X87).value, &short);
        let a = match random.below(4) {
            // In range, or nearly.
            0..3 => {
                let middle = (F80::BIAS - F::BIAS) as u64;
                let biased = middle + random.below(2 * F::BIAS as u64 + 8);
                F80::new((biased - 3) as u16, random.pattern() | 1 << 63)
            }
            _ => random.number(),
        };
        let result =
            Steering::from_x87_control(control).and_then(|steering| quick::shorten::<F>(a, steering));
        comparison.add(result, || float::convert(a, &Env::from_x87_control(control)), &(a, control));
    });
}

#[test]
fn conversions_to_shorter_formats() {
    compare_conversion::<F32>();
    compare_conversion::<F64>();
}

#[test]
fn integers() {
    each_case(|comparison, random, control| {
        let env = Env::from_x87_control(control);
        let integer = random.pattern() as i64;
        comparison.add(
            Some(quick::from_integer(integer)),
            || float::from_signed(integer, &env).value,
            &integer,
        );
        let bits = [16, 32, 64][random.below(3) as usize];
        let biased = 0x3FFF + random.below(70) as u16 - 4;
        let sign = if random.one_in(2) { 0x8000 } else { 0 };
        let a = if random.one_in(4) {
            random.number()
        } else {
            F80::new(sign | biased, random.pattern() | 1 << 63)
        };
        let result = quick::to_integer(a, bits, env.rounding);
        comparison.add(result, || float::to_signed(a, bits, &env), &(a, bits, control));
    });
}
