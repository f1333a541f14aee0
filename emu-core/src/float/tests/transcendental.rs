//! The transcendental functions against a library of arbitrary precision (`dashu-float`), in units of the result's last
//! place.

use super::values::{Random, cases};
use crate::float::*;
use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

type Big = FBig<HalfEven, 2>;

/// Bits that the reference is computed with.
const BITS: usize = 256;

/// The format's number of the smallest unit in the last place.
const SMALLEST_PLACE: isize = -16_382 - 63;

fn big(x: F80) -> Big {
    let Fields { negative, biased, significand } = x.fields();
    let magnitude = dashu_float::Repr::new(significand.into(), biased.max(1) as isize - 16_383 - 63);
    let magnitude = Big::from_repr(magnitude, dashu_float::Context::new(BITS));
    if negative { -magnitude } else { magnitude }
}

fn ln_2() -> Big {
    Big::from(2).with_precision(BITS).value().ln()
}

/// How far `ours` is from the truth, in units of the truth's last place.
fn error(ours: F80, truth: &Big) -> f64 {
    let difference = big(ours) - truth;
    let exponent = truth.repr().exponent() + truth.repr().digits() as isize - 1;
    let place = (exponent - 63).max(SMALLEST_PLACE);
    (difference >> place).to_f64().value().abs()
}

/// The worst errors seen: rounding to nearest, and in a direction.
#[derive(Debug, Default)]
struct Worst {
    nearest: f64,
    directed: f64,
}

/// Computes `ours` and the truth for random operands (two, for all functions alike) in every rounding mode.
fn check(
    name: &str,
    seed: u64,
    operands: impl Fn(&mut Random) -> (F80, F80),
    ours: impl Fn(F80, F80, &Env) -> Outcome<F80>,
    truth: impl Fn(Big, Big) -> Big,
) {
    let mut random = Random(seed);
    let mut worst = Worst::default();
    for _ in 0..cases(1_500).min(1_000_000) {
        let (a, b) = operands(&mut random);
        let expected = truth(big(a), big(b));
        for rounding in Rounding::ALL {
            let ours = ours(a, b, &Env { rounding, ..Env::X87 });
            if matches!(ours.value.class(), Class::Infinity) || ours.flags.intersects(Flags::OVERFLOW) {
                continue;
            }
            let error = error(ours.value, &expected);
            let is_nearest = rounding == Rounding::NearestEven;
            let limit = if is_nearest { 0.5001 } else { 1.0 };
            assert!(error <= limit, "{name} {a:x?} {b:x?} {rounding:?}: {ours:x?} is off by {error}");
            let worst = if is_nearest { &mut worst.nearest } else { &mut worst.directed };
            *worst = worst.max(error);
        }
    }
    println!("{name}: {worst:?}");
}

/// A number of an exponent from `low` to `high`.
fn number(random: &mut Random, low: i32, high: i32) -> F80 {
    let exponent = low + random.below((high - low + 1) as u64) as i32;
    let significand = 1 << 63 | random.pattern();
    F80::from_fields(Fields { negative: random.one_in(2), biased: (exponent + 16_383) as u32, significand })
}

/// Angles of all sizes, among them the numbers nearest to multiples of π/4, and denormals.
fn angle(random: &mut Random) -> (F80, F80) {
    let angle = match random.below(8) {
        0..2 => {
            let multiple = from_signed(random.bits() as i64 >> (random.below(62) + 1) | 1, &Env::X87).value;
            let quarter =
                scale(Constant::Pi.value(&Env::X87), from_signed(-2, &Env::X87).value, &Env::X87).value;
            mul(multiple, quarter, &Env::X87).value
        }
        2 => number(random, -16_382, -1),
        3 => F80::new(0, random.pattern() >> 1 | 1),
        4..6 => number(random, -70, 3),
        _ => number(random, -4, 62),
    };
    if angle.fields().biased >= 0x3FFF + 63 { (F80::one(false), angle) } else { (angle, angle) }
}

#[test]
fn sine_is_right() {
    check("FSIN", 1, angle, |a, _, env| sine(a, env).expect("in range"), |a, _| a.sin());
}

#[test]
fn cosine_is_right() {
    check("FCOS", 2, angle, |a, _, env| cosine(a, env).expect("in range"), |a, _| a.cos());
}

#[test]
fn tangent_is_right() {
    check("FPTAN", 3, angle, |a, _, env| tangent(a, env).expect("in range"), |a, _| a.tan());
}

/// Coordinates: of about one size, of any, and denormals.
fn point(random: &mut Random) -> (F80, F80) {
    match random.below(4) {
        0 => (number(random, -16_382, 16_383), number(random, -16_382, 16_383)),
        1 => (F80::new(0, random.pattern() | 1), number(random, -16_382, -16_300)),
        2 => (number(random, -70, 70), number(random, -70, 70)),
        _ => (number(random, -5, 5), number(random, -5, 5)),
    }
}

#[test]
fn arc_tangent_is_right() {
    check("FPATAN", 4, point, arc_tangent, |y, x| y.atan2(&x));
}

#[test]
fn power_of_2_minus_1_is_right() {
    let ln_2 = ln_2();
    let operand = |random: &mut Random| {
        let low = if random.one_in(4) { -16_382 } else { -70 };
        let x = if random.one_in(4) { number(random, -5, -1) } else { number(random, low, -1) };
        (x, x)
    };
    check("F2XM1", 5, operand, |a, _, env| power_of_2_minus_1(a, env), |a, _| (a * &ln_2).exp_m1());
}

/// A factor, and a positive number of any size or near 1.
fn factor_and_number(random: &mut Random) -> (F80, F80) {
    let x = match random.below(4) {
        0 => number(random, -16_382, 16_383),
        1 => {
            let near = random.pattern() >> random.below(64);
            let (biased, significand) =
                if random.one_in(2) { (0x3FFF, 1 << 63 | near) } else { (0x3FFE, !near | 1 << 63) };
            F80::from_fields(Fields { negative: false, biased, significand })
        }
        _ => number(random, -3, 3),
    };
    (number(random, -64, 64), F80 { sign_exponent: x.sign_exponent & 0x7FFF, ..x })
}

#[test]
fn y_log2_x_is_right() {
    let ln_2 = ln_2();
    check("FYL2X", 6, factor_and_number, y_log2_x, |y, x| y * x.ln() / &ln_2);
}

#[test]
fn y_log2_x_plus_1_is_right() {
    let ln_2 = ln_2();
    let operands = |random: &mut Random| {
        let low = if random.one_in(4) { -16_300 } else { -80 };
        let x = if random.one_in(8) { number(random, 0, 100) } else { number(random, low, -1) };
        let x = if x.fields().biased >= 0x3FFF {
            F80 { sign_exponent: x.sign_exponent & 0x7FFF, ..x }
        } else {
            x
        };
        (number(random, -64, 64), x)
    };
    check("FYL2XP1", 7, operands, y_log2_x_plus_1, |y, x| y * x.ln_1p() / &ln_2);
}
