//! Conversions: between formats, to and from integers and packed decimals, and to integral values.
//!
//! An integer that does not fit gives the x86's "integer indefinite" and [`Flags::INVALID`].

use super::env::{Env, Flags, Outcome};
use super::format::{Class, F80, Format, INTEGER_BIT, Unpacked, unpack};
use super::nan::{invalid, nan_outcome, quieted, settle_denormals};
use super::round::{Rest, Unrounded, round_and_pack};

/// `a` in another format. An extended result is never rounded by precision control.
#[inline(always)]
pub fn convert<F: Format, G: Format>(a: F, env: &Env) -> Outcome<G> {
    let x = unpack(a);
    if x.is_normal() {
        return convert_finite(&x, env, Flags::NONE);
    }
    convert_special::<F, G>(x, env)
}

#[inline(always)]
fn convert_finite<G: Format>(x: &Unpacked, env: &Env, flags: Flags) -> Outcome<G> {
    let n = Unrounded { negative: x.negative, exponent: x.exponent, high: x.significand, low: 0 };
    let flush_to_zero = env.flush_to_zero && G::FLUSHES_TO_ZERO;
    let wrap_exponent = env.wrap_exponent && G::EXTENDED;
    let outcome = round_and_pack(n, &Env { flush_to_zero, wrap_exponent, ..env.full_precision() }, flags);
    let trapped = (env.unmasked & outcome.flags).intersects(Flags::OVERFLOW | Flags::UNDERFLOW);
    if trapped && env.wrap_exponent {
        // The x87 stores nothing then, and so has rounded nothing (Intel SDM volume 1, 4.9.1.6).
        let flags = Flags(outcome.flags.0 & !Flags::INEXACT.0);
        return Outcome { flags, rounded_up: false, ..outcome };
    }
    outcome
}

#[cold]
fn convert_special<F: Format, G: Format>(x: Unpacked, env: &Env) -> Outcome<G> {
    if x.class == Class::Unsupported {
        return invalid(env);
    }
    if x.class.is_nan() {
        // The 68881 makes extended NaNs of shorter ones without an integer bit.
        let kept = if G::UNNORMALS && !F::EXTENDED { !INTEGER_BIT } else { !0 };
        let nan = Unpacked { significand: x.significand & kept, ..x };
        return Outcome::exact(quieted(&nan), Flags::INVALID.when(x.class == Class::SignalingNan));
    }
    let mut operand = [x];
    let minds = F::CONVERSION_REPORTS_DENORMAL;
    let flags = if minds { settle_denormals(&mut operand, env) } else { Flags::NONE };
    let [x] = operand;
    match x.class {
        Class::Zero => Outcome::exact(G::zero(x.negative), flags),
        Class::Infinity => Outcome::exact(G::infinity(x.negative), flags),
        _ if env.stops(flags) => Outcome::exact(G::zero(false), flags),
        _ => convert_finite(&x, env, flags),
    }
}

/// The magnitude of a finite number rounded to an integer.
struct Magnitude {
    /// `None`: it is 2^64 or more.
    integer: Option<u64>,
    inexact: bool,
    up: bool,
}

#[inline]
fn integer_magnitude(x: &Unpacked, env: &Env) -> Magnitude {
    let (integer, rest) = match x.exponent {
        64.. => return Magnitude { integer: None, inexact: false, up: false },
        63 => (x.significand, 0),
        exponent @ 0.. => (x.significand >> (63 - exponent), x.significand << (exponent + 1)),
        -1 => (0, x.significand),
        _ => (0, u64::from(x.significand != 0)),
    };
    let up = Rest(rest).rounds_up(env.rounding, x.negative, integer & 1 != 0);
    Magnitude { integer: integer.checked_add(u64::from(up)), inexact: rest != 0, up }
}

/// The magnitude of any operand, denormals as the environment says; `None` for what is no finite number.
#[inline]
fn operand_magnitude<F: Format>(a: F, env: &Env) -> Option<(bool, Magnitude)> {
    let mut operand = [unpack(a)];
    settle_denormals(&mut operand, env);
    let [x] = operand;
    x.is_finite().then(|| (x.negative, integer_magnitude(&x, env)))
}

/// To a signed integer of `bits` (1–64) bits.
#[inline]
pub fn to_signed<F: Format>(a: F, bits: u32, env: &Env) -> Outcome<i64> {
    let limit = 1 << (bits - 1);
    let indefinite = Outcome::exact((limit as i64).wrapping_neg(), Flags::INVALID);
    let Some((negative, magnitude)) = operand_magnitude(a, env) else { return indefinite };
    let value = match magnitude.integer {
        Some(integer) if negative && integer <= limit => (integer as i64).wrapping_neg(),
        Some(integer) if !negative && integer < limit => integer as i64,
        _ => return indefinite,
    };
    Outcome { value, flags: Flags::INEXACT.when(magnitude.inexact), rounded_up: magnitude.up }
}

/// To an unsigned integer of `bits` (1–64) bits. The indefinite value is all ones, as AVX-512 has it.
#[inline]
pub fn to_unsigned<F: Format>(a: F, bits: u32, env: &Env) -> Outcome<u64> {
    let most = u64::MAX >> (64 - bits);
    let indefinite = Outcome::exact(most, Flags::INVALID);
    let Some((negative, magnitude)) = operand_magnitude(a, env) else { return indefinite };
    match magnitude.integer {
        Some(value) if value <= most && (!negative || value == 0) => {
            Outcome { value, flags: Flags::INEXACT.when(magnitude.inexact), rounded_up: magnitude.up }
        }
        _ => indefinite,
    }
}

/// From a signed integer. Exact in the extended formats.
#[inline]
pub fn from_signed<F: Format>(value: i64, env: &Env) -> Outcome<F> {
    from_magnitude(value < 0, value.unsigned_abs(), env)
}

/// From an unsigned integer. Exact in the extended formats.
#[inline]
pub fn from_unsigned<F: Format>(value: u64, env: &Env) -> Outcome<F> {
    from_magnitude(false, value, env)
}

#[inline]
fn from_magnitude<F: Format>(negative: bool, magnitude: u64, env: &Env) -> Outcome<F> {
    if magnitude == 0 {
        return Outcome::exact(F::zero(false), Flags::NONE);
    }
    let n = Unrounded::normalized(negative, 63, u128::from(magnitude) << 64);
    round_and_pack(n, &env.full_precision(), Flags::NONE)
}

/// The integral value next to `a` in the environment's direction, in the same format.
pub fn round_to_integral<F: Format>(a: F, env: &Env) -> Outcome<F> {
    let mut operand = [unpack(a)];
    if let Some(outcome) = nan_outcome(&operand, env) {
        return outcome;
    }
    let settled = settle_denormals(&mut operand, env);
    // FRNDINT reports a denormal; ROUNDSD does not.
    let flags = if F::EXTENDED { settled } else { Flags::NONE };
    let [x] = operand;
    match x.class {
        Class::Zero => Outcome::exact(F::zero(x.negative), flags),
        Class::Infinity => Outcome::exact(a, flags),
        _ if x.exponent >= F::PRECISION as i32 - 1 || env.stops(flags) => Outcome::exact(a, flags),
        _ => {
            let Magnitude { integer, inexact, up } = integer_magnitude(&x, env);
            let value = from_magnitude::<F>(false, integer.unwrap_or(0), env).value;
            let value = F::from_fields(super::format::Fields { negative: x.negative, ..value.fields() });
            Outcome { value, flags: flags | Flags::INEXACT.when(inexact), rounded_up: up }
        }
    }
}

/// Eighteen decimal digits, two to a byte, lowest first, and a byte whose bit 7 is the sign: FBLD and FBSTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackedDecimal(pub [u8; 10]);

impl PackedDecimal {
    /// What FBSTP stores when the number does not fit.
    pub const INDEFINITE: Self = Self([0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF]);
    /// The first magnitude that does not fit.
    const LIMIT: u64 = 1_000_000_000_000_000_000;
}

/// From packed decimal: exact. Digits above 9 count as what they are, and the sign byte's other bits don't matter.
pub fn from_packed_decimal(decimal: PackedDecimal) -> F80 {
    let PackedDecimal([digits @ .., sign]) = decimal;
    let magnitude = digits
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 15));
    let value: F80 = from_unsigned(magnitude, &Env::X87).value;
    F80 { sign_exponent: value.sign_exponent | u16::from(sign & 0x80) << 8, ..value }
}

/// To packed decimal.
pub fn to_packed_decimal(a: F80, env: &Env) -> Outcome<PackedDecimal> {
    let indefinite = Outcome::exact(PackedDecimal::INDEFINITE, Flags::INVALID);
    let Some((negative, magnitude)) = operand_magnitude(a, env) else { return indefinite };
    let Some(mut integer) = magnitude.integer.filter(|&integer| integer < PackedDecimal::LIMIT) else {
        return indefinite;
    };
    let mut bytes = [0; 10];
    for byte in &mut bytes[..9] {
        let pair = (integer % 100) as u8;
        *byte = ((pair / 10) << 4) | (pair % 10);
        integer /= 100;
    }
    bytes[9] = u8::from(negative) << 7;
    let flags = Flags::INEXACT.when(magnitude.inexact);
    Outcome { value: PackedDecimal(bytes), flags, rounded_up: magnitude.up }
}
