//! What the x87 has beside arithmetic: remainder steps (FPREM, FPREM1), FSCALE, FXTRACT, and its constants.
//! Intel SDM volume 2, under those names.

use super::arith::{divide_128_by_64, round_unpacked};
use super::env::{Env, Flags, Outcome};
use super::format::{Class, F80, Format, Unpacked, unpack};
use super::nan::{invalid, nan_outcome, special_operands};
use super::round::{Unrounded, round_and_pack};

/// What a remainder step gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remainder<F> {
    pub value: F,
    /// The low bits of the quotient, 0 while the reduction is not complete.
    pub quotient: u64,
    /// `false`: the value was only made smaller, and the step is to be repeated (C2).
    pub complete: bool,
}

/// Which integer the quotient of a remainder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotient {
    /// FPREM, and FMOD of the 68881.
    Truncated,
    /// FPREM1, and FREM of the 68881: the IEEE remainder.
    Nearest,
}

/// Takes multiples of `b` from `a`: all of them when their exponents differ by less than 64, else the leading 32 to
/// 63 bits of the quotient.
pub fn partial_remainder<F: Format>(a: F, b: F, quotient: Quotient, env: &Env) -> Outcome<Remainder<F>> {
    let done = |value| Remainder { value, quotient: 0, complete: true };
    let ([x, y], flags) = match special_operands([unpack(a), unpack(b)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome.map(done),
    };
    match (x.class, y.class) {
        (Class::Infinity, _) | (_, Class::Zero) => invalid(env).map(done),
        _ if env.stops(flags) => Outcome::exact(done(a), flags),
        (Class::Zero, _) => Outcome::exact(done(a), flags),
        (_, Class::Infinity) => round_unpacked(&x, &env.full_precision(), flags).map(done),
        _ => reduce(&x, &y, quotient, env, flags),
    }
}

fn reduce<F: Format>(
    x: &Unpacked,
    y: &Unpacked,
    rule: Quotient,
    env: &Env,
    flags: Flags,
) -> Outcome<Remainder<F>> {
    let difference = x.exponent - y.exponent;
    if difference < -1 || (difference == -1 && rule == Quotient::Truncated) {
        let value = round_unpacked(x, &env.full_precision(), flags);
        return value.map(|value| Remainder { value, quotient: 0, complete: true });
    }
    let complete = difference < 64;
    let bits = if complete { difference.max(0) } else { difference & 31 | 32 };
    // The remainder is counted in halves of the divisor's last place, as `x` is one place lower when `difference`
    // is -1.
    let (quotient, rest) =
        if difference < 0 { (0, u128::from(x.significand)) } else { divide_step(x, y, bits as u32) };
    let divisor = u128::from(y.significand) << 1;
    let above_half = 2 * rest > divisor || (2 * rest == divisor && quotient & 1 != 0);
    let (negative, rest, quotient) = match complete && rule == Quotient::Nearest && above_half {
        true => (!x.negative, divisor - rest, quotient.wrapping_add(1)),
        false => (x.negative, rest, quotient),
    };
    let step = |value| Remainder { value, quotient: if complete { quotient } else { 0 }, complete };
    if rest == 0 {
        return Outcome::exact(step(F::zero(x.negative)), flags);
    }
    let place = y.exponent + difference.max(0) - bits;
    round_and_pack(Unrounded::normalized(negative, place + 63, rest), &env.full_precision(), flags).map(step)
}

/// Quotient, and remainder doubled, of `x × 2^bits / y`, of the significands.
fn divide_step(x: &Unpacked, y: &Unpacked, bits: u32) -> (u64, u128) {
    let first = u64::from(x.significand >= y.significand);
    let rest = x.significand - if first != 0 { y.significand } else { 0 };
    let wide = u128::from(rest) << bits;
    let (quotient, rest) = divide_128_by_64((wide >> 64) as u64, wide as u64, y.significand);
    (first.wrapping_shl(bits).wrapping_add(quotient), u128::from(rest) << 1)
}

/// `a × 2^n`, where n is `b` without its fraction.
pub fn scale<F: Format>(a: F, b: F, env: &Env) -> Outcome<F> {
    let ([x, y], flags) = match special_operands([unpack(a), unpack(b)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    match (x.class, y.class) {
        (Class::Zero, Class::Infinity) if !y.negative => invalid(env),
        (Class::Infinity, Class::Infinity) if y.negative => invalid(env),
        _ if env.stops(flags) => Outcome::exact(a, flags),
        (Class::Infinity | Class::Zero, _) => Outcome::exact(a, flags),
        (_, Class::Infinity) if y.negative => Outcome::exact(F::zero(x.negative), flags),
        (_, Class::Infinity) => Outcome::exact(F::infinity(x.negative), flags),
        _ => {
            let scaled = Unpacked { exponent: x.exponent + scale_factor(&y), ..x };
            round_unpacked(&scaled, &env.full_precision(), flags)
        }
    }
}

/// A finite number without its fraction, kept within ±2^16 (twice the range of exponents and more).
fn scale_factor(y: &Unpacked) -> i32 {
    let magnitude = match y.exponent {
        ..0 => 0,
        exponent @ 0..16 => (y.significand >> (63 - exponent)) as i32,
        16.. => 1 << 16,
    };
    if y.negative { -magnitude } else { magnitude }
}

/// Exponent and significand of a number, each as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extracted<F> {
    pub exponent: F,
    /// At least 1 and less than 2, with the number's sign; a zero, infinity or NaN is itself.
    pub significand: F,
}

/// Takes `a` apart. A zero's exponent is minus infinity, and reported as a division by zero.
pub fn extract<F: Format>(a: F, env: &Env) -> Outcome<Extracted<F>> {
    let x = unpack(a);
    if let Some(outcome) = nan_outcome(&[x], env) {
        return outcome.map(|nan| Extracted { exponent: nan, significand: nan });
    }
    match x.class {
        Class::Infinity => {
            Outcome::exact(Extracted { exponent: F::infinity(false), significand: a }, Flags::NONE)
        }
        Class::Zero => {
            Outcome::exact(Extracted { exponent: F::infinity(true), significand: a }, Flags::DIVIDE_BY_ZERO)
        }
        _ => {
            let exponent = super::convert::from_signed(i64::from(x.exponent), env).value;
            let one = Unpacked { exponent: 0, ..x };
            let significand = round_unpacked(&one, &env.full_precision(), Flags::NONE).value;
            Outcome::exact(
                Extracted { exponent, significand },
                Flags::DENORMAL.when(x.class == Class::Denormal),
            )
        }
    }
}

/// The numbers that the x87 loads by name. Their further bits make the rounding mode matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// FLD1
    One,
    /// FLDL2T: the binary logarithm of 10.
    Log2Of10,
    /// FLDL2E: the binary logarithm of e.
    Log2OfE,
    /// FLDPI
    Pi,
    /// FLDLG2: the decimal logarithm of 2.
    Log10Of2,
    /// FLDLN2: the natural logarithm of 2.
    LnOf2,
    /// FLDZ
    Zero,
}

impl Constant {
    /// The constant rounded to 64 bits.
    pub fn value(self, env: &Env) -> F80 {
        let (exponent, high, low) = match self {
            Self::Zero => return F80::zero(false),
            Self::One => (0, 0x8000_0000_0000_0000, 0),
            Self::Log2Of10 => (1, 0xD49A_784B_CD1B_8AFE, 0x492B_F6FF_4DAF_DB4C),
            Self::Log2OfE => (0, 0xB8AA_3B29_5C17_F0BB, 0xBE87_FED0_691D_3E88),
            Self::Pi => (1, 0xC90F_DAA2_2168_C234, 0xC4C6_628B_80DC_1CD1),
            Self::Log10Of2 => (-2, 0x9A20_9A84_FBCF_F798, 0x8F89_59AC_0B7C_9178),
            Self::LnOf2 => (-1, 0xB172_17F7_D1CF_79AB, 0xC9E3_B398_03F2_F6AF),
        };
        let n = Unrounded { negative: false, exponent, high, low };
        round_and_pack(n, &env.full_precision(), Flags::NONE).value
    }
}
