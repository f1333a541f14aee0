//! From an exact result to a number of the format: rounding, overflow and underflow, in one place for all.

use super::env::{Env, Flags, Outcome, Rounding, Tininess};
use super::format::{Fields, Format, INTEGER_BIT};

/// Half a unit of what [`Rest`] counts.
pub(super) const HALF: u64 = 1 << 63;

/// A finite result other than zero, before rounding: (-1)^negative × (high + low / 2^64) / 2^63 × 2^exponent.
/// Bit 63 of `high` is set. Bit 0 of `low` is sticky: it stands for itself and anything below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unrounded {
    pub negative: bool,
    pub exponent: i32,
    pub high: u64,
    pub low: u64,
}

impl Unrounded {
    /// Moves the leading bit of `value` to the top.
    #[inline(always)]
    pub fn normalized(negative: bool, exponent: i32, value: u128) -> Self {
        let shift = value.leading_zeros();
        Self::of(negative, exponent - shift as i32, value << shift)
    }

    #[inline(always)]
    pub fn of(negative: bool, exponent: i32, value: u128) -> Self {
        Self { negative, exponent, high: (value >> 64) as u64, low: value as u64 }
    }
}

/// What is left of a number below its last place, as a fraction of that place times 2^64; bit 0 is sticky.
#[derive(Clone, Copy)]
pub(super) struct Rest(pub u64);

impl Rest {
    /// Whether to go to the next larger magnitude.
    #[inline(always)]
    pub fn rounds_up(self, rounding: Rounding, negative: bool, is_odd: bool) -> bool {
        match rounding {
            Rounding::NearestEven => self.0 > HALF || (self.0 == HALF && is_odd),
            Rounding::Down => negative && self.0 != 0,
            Rounding::Up => !negative && self.0 != 0,
            Rounding::TowardZero => false,
        }
    }
}

/// `value >> shift`, with every bit that falls out kept in bit 0.
#[inline(always)]
pub(super) fn shift_right_sticky(value: u128, shift: u32) -> u128 {
    if shift < 128 {
        let lost = value & ((1 << shift) - 1);
        value >> shift | u128::from(lost != 0)
    } else {
        u128::from(value != 0)
    }
}

/// A significand rounded to its first `precision` bits.
struct Rounded {
    significand: u64,
    /// The carry out of bit 63: the significand is then 2^63, and the exponent one more.
    carry: bool,
    inexact: bool,
    up: bool,
}

#[inline(always)]
fn round(n: &Unrounded, precision: u32, rounding: Rounding) -> Rounded {
    let (kept, rest) = if precision == 64 {
        (n.high, n.low)
    } else {
        let dropped = n.high << precision | u64::from(n.low != 0);
        (n.high & !(u64::MAX >> precision), dropped)
    };
    let place = INTEGER_BIT >> (precision - 1);
    let up = Rest(rest).rounds_up(rounding, n.negative, kept & place != 0);
    let (sum, carry) = kept.overflowing_add(if up { place } else { 0 });
    let significand = if carry { INTEGER_BIT } else { sum };
    Rounded { significand, carry, inexact: rest != 0, up }
}

#[inline(always)]
fn precision<F: Format>(env: &Env) -> u32 {
    if F::EXTENDED { env.precision.bits() } else { F::PRECISION }
}

/// Rounds a result and puts it together; adds what that raises to `flags`.
#[inline(always)]
pub(super) fn round_and_pack<F: Format>(n: Unrounded, env: &Env, flags: Flags) -> Outcome<F> {
    let rounded = round(&n, precision::<F>(env), env.rounding);
    let exponent = n.exponent + i32::from(rounded.carry);
    if n.exponent < F::MIN_EXPONENT || exponent > F::MAX_EXPONENT {
        return out_of_range(n, &rounded, env, flags);
    }
    pack(n.negative, exponent, &rounded, flags)
}

/// The value is in range: only its inexactness is left to report.
#[inline(always)]
fn pack<F: Format>(negative: bool, exponent: i32, rounded: &Rounded, flags: Flags) -> Outcome<F> {
    let biased = (exponent + F::BIAS) as u32;
    let value = F::from_fields(Fields { negative, biased, significand: rounded.significand });
    let flags = flags | Flags::INEXACT.when(rounded.inexact);
    Outcome { value, flags, rounded_up: rounded.up }
}

#[cold]
fn out_of_range<F: Format>(n: Unrounded, rounded: &Rounded, env: &Env, flags: Flags) -> Outcome<F> {
    let exponent = n.exponent + i32::from(rounded.carry);
    if exponent > F::MAX_EXPONENT {
        return overflow(n.negative, exponent, rounded, env, flags);
    }
    if exponent >= F::MIN_EXPONENT && env.tininess == Tininess::AfterRounding {
        return pack(n.negative, exponent, rounded, flags);
    }
    if env.unmasked.intersects(Flags::UNDERFLOW) && env.wrap_exponent {
        let wrapped = exponent + F::WRAP;
        let flags = flags | Flags::UNDERFLOW;
        if wrapped < F::MIN_EXPONENT {
            return Outcome::exact(F::zero(n.negative), flags | Flags::INEXACT);
        }
        return pack(n.negative, wrapped, rounded, flags);
    }
    underflow(n, env, flags)
}

fn overflow<F: Format>(
    negative: bool,
    exponent: i32,
    rounded: &Rounded,
    env: &Env,
    flags: Flags,
) -> Outcome<F> {
    let flags = flags | Flags::OVERFLOW;
    let wraps = env.unmasked.intersects(Flags::OVERFLOW) && env.wrap_exponent;
    if wraps && exponent - F::WRAP <= F::MAX_EXPONENT {
        return pack(negative, exponent - F::WRAP, rounded, flags);
    }
    let to_infinity = match env.rounding {
        // FSCALE can leave the range even so; then it gives infinity or zero (Intel SDM volume 1, 8.5.4 and 8.5.5).
        _ if wraps => true,
        Rounding::NearestEven => true,
        Rounding::Down => negative,
        Rounding::Up => !negative,
        Rounding::TowardZero => false,
    };
    let value = if to_infinity {
        F::infinity(negative)
    } else {
        let significand = !(u64::MAX.checked_shr(precision::<F>(env)).unwrap_or(0));
        F::from_fields(Fields { negative, biased: F::SPECIAL - 1, significand })
    };
    Outcome { value, flags: flags | Flags::INEXACT, rounded_up: to_infinity }
}

/// A tiny result: rounded again, at the place that the smallest exponent allows.
fn underflow<F: Format>(n: Unrounded, env: &Env, flags: Flags) -> Outcome<F> {
    let unmasked = env.unmasked.intersects(Flags::UNDERFLOW);
    if env.flush_to_zero && !unmasked {
        let flags = flags | Flags::UNDERFLOW | Flags::INEXACT;
        return Outcome { value: F::zero(n.negative), flags, rounded_up: false };
    }
    let value = u128::from(n.high) << 64 | u128::from(n.low);
    let shifted = shift_right_sticky(value, (F::MIN_EXPONENT - n.exponent) as u32);
    let shifted = Unrounded::of(n.negative, F::MIN_EXPONENT, shifted);
    let rounded = round(&shifted, precision::<F>(env), env.rounding);
    let became_normal = rounded.significand & INTEGER_BIT != 0;
    let biased = if became_normal { (F::MIN_EXPONENT + F::BIAS) as u32 } else { 0 };
    let value = F::from_fields(Fields { negative: n.negative, biased, significand: rounded.significand });
    let flags = flags | (Flags::UNDERFLOW | Flags::INEXACT).when(rounded.inexact);
    Outcome { value, flags: flags | Flags::UNDERFLOW.when(unmasked), rounded_up: rounded.up }
}
