//! F2XM1, FYL2X and FYL2XP1 (Intel SDM volume 2, under those names), each within one unit in the last place of the
//! true value. Precision control doesn't apply; the rounding mode does.

use super::env::{Env, Flags, Outcome};
use super::format::{Class, F80, Format, INTEGER_BIT, Unpacked, unpack};
use super::nan::{invalid, special_operands};
use super::wide::{ODD_RECIPROCALS, ONE, Wide, multiply_high};

/// The natural logarithm of 2.
const LN_2: Wide =
    Wide { negative: false, exponent: -1, significand: 0xB172_17F7_D1CF_79AB_C9E3_B398_03F2_F6AF };

/// The binary logarithm of e.
const LOG2_E: Wide =
    Wide { negative: false, exponent: 0, significand: 0xB8AA_3B29_5C17_F0BB_BE87_FED0_691D_3E88 };

/// The square root of 2, times 2^63: significands above are halved, so that they lie around 1.
const SQUARE_ROOT_OF_2: u64 = 0xB504_F333_F9DE_6484;

/// The binary point of a logarithm: above it, room for any exponent.
const LOG_POINT: i32 = 110;

/// Centers of the table of logarithms, 32nds around 1: from 1 + `FIRST_CENTER`/32 on.
const FIRST_CENTER: i128 = -10;

/// The binary logarithms of 1 + k/32, times 2^110.
const LOGARITHMS: [i128; 25] = {
    let mut table = [0; 25];
    let mut i = 0;
    while i < 25 {
        // ln(1 + k/32) = 2 artanh(k / (64 + k))
        let k = FIRST_CENTER + i as i128;
        let (p, q) = (k.unsigned_abs(), (64 + k).unsigned_abs());
        let mut power = (1u128 << 120) * p / q;
        let (mut sum, mut n) = (0, 1);
        while power != 0 {
            sum += power / n;
            power = power * p / q * p / q;
            n += 2;
        }
        // The sum counts halves of the natural logarithm in 2^120ths; 128 - 127 + 9 bits less are 2^110ths.
        let magnitude = (multiply_high(sum << 1, LOG2_E.significand) >> 9) as i128;
        table[i] = if k < 0 { -magnitude } else { magnitude };
        i += 1;
    }
    table
};

/// A binary logarithm.
enum Logarithm {
    Zero,
    /// Of a power of two.
    Exact(Wide),
    Inexact(Wide),
}

/// log2(2^exponent × (1 + d)), where 1 + d is between the roots of 1/2 and 2; `None` for a `d` of 0.
fn logarithm(exponent: i32, d: Option<Wide>) -> Logarithm {
    let Some(d) = d else {
        let whole = i128::from(exponent);
        return if whole == 0 { Logarithm::Zero } else { Logarithm::Exact(Wide::from_fixed(whole, 0)) };
    };
    let fixed = d.to_signed_fixed(125);
    let k = ((fixed >> 119) + 1) >> 1;
    // log2(1 + d) = log2(c) + 2 log2(e) artanh((1 + d - c) / (1 + d + c)), where c = 1 + k/32.
    let sum = Wide::from_fixed((1 << 126) + fixed + (k << 120), 125);
    let difference = fixed - (k << 120);
    let rest = match k {
        0 => Some(d),
        _ => (difference != 0).then(|| Wide::from_fixed(difference, 125)),
    };
    let correction = rest.map(|rest| {
        let artanh = area_tangent(rest.divide(sum)).multiply(LOG2_E);
        Wide { exponent: artanh.exponent + 1, ..artanh }
    });
    match (exponent, k, correction) {
        (0, 0, Some(correction)) => Logarithm::Inexact(correction),
        _ => {
            let center = LOGARITHMS[(k - FIRST_CENTER) as usize];
            let correction = correction.map_or(0, |correction| correction.to_signed_fixed(LOG_POINT));
            let total = (i128::from(exponent) << LOG_POINT) + center + correction;
            Logarithm::Inexact(Wide::from_fixed(total, LOG_POINT))
        }
    }
}

/// The area hyperbolic tangent of a small number.
fn area_tangent(t: Wide) -> Wide {
    let z = t.multiply(t).to_fixed(128);
    // The sum less its first term, which alone would not leave room for the carry.
    let rest = ODD_RECIPROCALS[1..].iter().rev().fold(0, |sum, &c| multiply_high(z, sum) + c);
    let sum = (1 << 126) + (multiply_high(z, rest) >> 1);
    t.multiply(Wide::from_fixed(sum as i128, 126))
}

/// The binary logarithm of a positive number.
fn logarithm_of(x: Wide) -> Logarithm {
    let is_high = (x.significand >> 64) as u64 > SQUARE_ROOT_OF_2;
    let exponent = x.exponent + i32::from(is_high);
    // The significand, halved or not, less 1; halving loses nothing, as no significand uses its last bits.
    let fixed = (x.significand >> (1 + u32::from(is_high))) as i128 - (1 << 126);
    logarithm(exponent, (fixed != 0).then(|| Wide::from_fixed(fixed, 126)))
}

/// `y × log2(x)`.
pub fn y_log2_x(y: F80, x: F80, env: &Env) -> Outcome<F80> {
    let ([x, y], flags) = match special_operands([unpack(x), unpack(y)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    let above_one = x.exponent >= 0;
    let is_one = x.exponent == 0 && x.significand == INTEGER_BIT;
    match (x.class, y.class) {
        (Class::Zero, Class::Zero) | (Class::Infinity, Class::Zero) => invalid(env),
        (Class::Zero, Class::Infinity) => Outcome::exact(F80::infinity(!y.negative), flags),
        (Class::Zero, _) => Outcome::exact(F80::infinity(!y.negative), Flags::DIVIDE_BY_ZERO),
        _ if x.negative => invalid(env),
        (Class::Infinity, _) => Outcome::exact(F80::infinity(y.negative), flags),
        (_, Class::Infinity) if is_one => invalid(env),
        (_, Class::Infinity) => Outcome::exact(F80::infinity(y.negative == above_one), flags),
        _ if env.stops(flags) => Outcome::exact(F80::zero(false), flags),
        (_, Class::Zero) => Outcome::exact(F80::zero(y.negative == above_one), flags),
        _ => times(&y, logarithm_of(Wide::from_unpacked(&x)), env, flags),
    }
}

fn times(y: &Unpacked, logarithm: Logarithm, env: &Env, flags: Flags) -> Outcome<F80> {
    let y = Wide::from_unpacked(y);
    match logarithm {
        Logarithm::Zero => Outcome::exact(F80::zero(y.negative), flags),
        Logarithm::Exact(logarithm) => as_if_inexact(y.multiply(logarithm).round(true, env, flags)),
        Logarithm::Inexact(logarithm) => y.multiply(logarithm).round(false, env, flags),
    }
}

/// The parts report these functions' results as inexact even where they are not.
fn as_if_inexact(outcome: Outcome<F80>) -> Outcome<F80> {
    let is_tiny = outcome.value.class() == Class::Denormal;
    let flags = outcome.flags | Flags::INEXACT | Flags::UNDERFLOW.when(is_tiny);
    Outcome { flags, ..outcome }
}

/// `y × log2(x + 1)`. The manual wants |x| below 1 - √½. Greater arguments give what they should; those of -1 and below
/// come back as they are, as from the parts.
pub fn y_log2_x_plus_1(y: F80, x: F80, env: &Env) -> Outcome<F80> {
    let operand = x;
    let ([x, y], flags) = match special_operands([unpack(x), unpack(y)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    let is_negative = x.negative != y.negative;
    match (x.class, y.class) {
        (Class::Infinity, _) if x.negative => invalid(env),
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => invalid(env),
        (Class::Infinity, _) | (_, Class::Infinity) => Outcome::exact(F80::infinity(is_negative), flags),
        _ if env.stops(flags) => Outcome::exact(F80::zero(false), flags),
        (Class::Zero, _) | (_, Class::Zero) => Outcome::exact(F80::zero(is_negative), flags),
        _ if x.negative && x.exponent >= 0 => Outcome::exact(operand, flags | Flags::INEXACT),
        _ => times(&y, logarithm_of_successor(Wide::from_unpacked(&x)), env, flags),
    }
}

/// log2(1 + x) for an x above -1.
fn logarithm_of_successor(x: Wide) -> Logarithm {
    if x.exponent < -2 {
        return logarithm(0, Some(x));
    }
    if x.exponent > 100 {
        return match logarithm_of(x) {
            Logarithm::Exact(logarithm) => Logarithm::Inexact(logarithm),
            other => other,
        };
    }
    let point = 125 - x.exponent.max(0);
    logarithm_of(Wide::from_fixed((1 << point) + x.to_signed_fixed(point), point))
}

/// The binary point of the table of powers and of what is added to them.
const POWER_POINT: i32 = 125;

/// 2^(k/32) × 2^125, each from the one before.
const POWERS: [u128; 33] = {
    // The root, from the exponential series of ln(2)/32.
    let x = LN_2.significand >> 5;
    let (mut term, mut root, mut n) = (ONE, 0, 1);
    while term != 0 {
        root += term;
        term = multiply_high(term, x) / n;
        n += 1;
    }
    let mut table = [ONE >> 2; 33];
    let mut k = 1;
    while k < 32 {
        table[k] = multiply_high(table[k - 1], root) << 1;
        k += 1;
    }
    table[32] = ONE >> 1;
    table
};

/// 2^(k/32) for k from -32 to 32.
fn power(k: i128) -> i128 {
    let shift = i128::from(k < 0);
    (POWERS[(k + 32 * shift) as usize] >> shift) as i128
}

/// Reciprocals of (k + 1)!, times 2^125: the series of (e^g - 1) / g.
const EXPONENTIAL: [i128; 15] = {
    let mut series = [1 << 125; 15];
    let mut k = 1;
    while k < 15 {
        series[k] = series[k - 1] / (k as i128 + 1);
        k += 1;
    }
    series
};

/// `2^a - 1` for an `a` from -1 to 1. Greater arguments, of which the manual says nothing, come
/// back as they are, as from the parts.
pub fn power_of_2_minus_1(a: F80, env: &Env) -> Outcome<F80> {
    let ([x], flags) = match special_operands([unpack(a)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    let is_one = x.exponent == 0 && x.significand == INTEGER_BIT;
    match x.class {
        Class::Infinity if x.negative => Outcome::exact(F80::one(true), flags),
        Class::Infinity | Class::Zero => Outcome::exact(a, flags),
        _ if env.stops(flags) => Outcome::exact(a, flags),
        _ if x.exponent >= 0 && !is_one => Outcome::exact(a, flags | Flags::INEXACT),
        _ if is_one => as_if_inexact(power_minus_1(Wide::from_unpacked(&x)).round(true, env, flags)),
        _ => power_minus_1(Wide::from_unpacked(&x)).round(false, env, flags),
    }
}

fn power_minus_1(x: Wide) -> Wide {
    let fixed = x.to_signed_fixed(POWER_POINT);
    let k = ((fixed >> 119) + 1) >> 1;
    if k == 0 {
        return exponential_minus_1(x.multiply(LN_2));
    }
    // 2^x - 1 = (2^(k/32) - 1) + 2^(k/32) (2^f - 1)
    let whole = power(k);
    let fraction = fixed - (k << 120);
    let correction = if fraction == 0 {
        0
    } else {
        let rest = exponential_minus_1(Wide::from_fixed(fraction, POWER_POINT).multiply(LN_2));
        rest.multiply(Wide::from_fixed(whole, POWER_POINT)).to_signed_fixed(POWER_POINT)
    };
    Wide::from_fixed(whole - (1 << POWER_POINT) + correction, POWER_POINT)
}

/// e^g - 1 for a small g.
fn exponential_minus_1(g: Wide) -> Wide {
    let (magnitude, negative) = (g.to_fixed(128), g.negative);
    let sum = EXPONENTIAL.iter().rev().fold(0i128, |sum, &coefficient| {
        let product = multiply_high(magnitude, sum as u128) as i128;
        if negative { coefficient - product } else { coefficient + product }
    });
    g.multiply(Wide::from_fixed(sum, 125))
}
