//! The x87's arithmetic on its own format, the short way: normal operands and a normal result, rounded to nearest, where nothing
//! can be reported but that the result is inexact. Everything else is `None`, and left to the general way ([`super::add`]
//! and its like), with which a test compares value, flags and direction of every result.
//!
//! Whether a result is rounded up, carries or has its leading bit one place lower is as good as random; so none of that is
//! a branch here.

use super::arith::{divide_128_by_64, fraction_of_remainder};
use super::env::{Flags, Outcome, Rounding};
use super::format::{F80, Fields, Format, INTEGER_BIT};
use super::round::HALF;
use std::cmp::Ordering;

/// The sign's bit of [`F80::sign_exponent`].
const SIGN: i32 = 0x8000;
const BIAS: i32 = F80::BIAS;
/// The exponents of normal numbers are from 1 to one below this.
const SPECIAL: u32 = F80::SPECIAL;

/// To how many bits results are rounded, to the nearest.
#[derive(Clone, Copy, Debug)]
pub struct Steering {
    /// Bits of a significand that are not kept.
    dropped: u32,
}

impl Steering {
    /// As an x87 control word says, if it rounds to nearest and masks what is inexact.
    #[inline(always)]
    pub const fn from_x87_control(word: u16) -> Option<Self> {
        /// By the field PC.
        const DROPPED: [u8; 4] = [40, 0, 11, 0];
        const ROUNDING: u16 = 3 << 10;
        const MASK: u16 = Flags::INEXACT.0 as u16;
        if word & (ROUNDING | MASK) == MASK {
            Some(Self { dropped: DROPPED[(word >> 8 & 3) as usize] as u32 })
        } else {
            None
        }
    }
}

#[inline(always)]
const fn exponent(a: F80) -> i32 {
    a.sign_exponent as i32 & !SIGN
}

/// Of a biased exponent: neither 0 nor [`F80::SPECIAL`]. A sign above it doesn't matter.
#[inline(always)]
const fn is_in_range(exponent: i32) -> bool {
    (exponent + 1) & 0x7FFE != 0
}

#[inline(always)]
const fn are_normal(a: F80, b: F80) -> bool {
    (a.mantissa & b.mantissa) & INTEGER_BIT != 0
        && is_in_range(a.sign_exponent as i32)
        && is_in_range(b.sign_exponent as i32)
}

/// Zero, of either sign; not a denormal.
#[inline(always)]
const fn is_zero(a: F80) -> bool {
    a.mantissa == 0 && exponent(a) == 0
}

#[inline(always)]
const fn exactly<T>(value: T) -> Outcome<T> {
    Outcome { value, flags: Flags::NONE, rounded_up: false }
}

#[inline(always)]
fn rounded<T>(value: T, inexact: bool, rounded_up: bool) -> Outcome<T> {
    Outcome { value, flags: Flags::INEXACT.when(inexact), rounded_up }
}

/// A significand of which bit 63 of `high` is set, rounded; `None` if it becomes as large as two, which is rare.
#[inline(always)]
fn round(high: u64, low: u64, Steering { dropped }: Steering) -> Option<Outcome<u64>> {
    let (kept, rest, odd) = if dropped == 0 {
        (high, low, high & 1)
    } else {
        let kept = high >> dropped;
        (kept << dropped, high << (64 - dropped) | u64::from(low != 0), kept & 1)
    };
    let up = rest > HALF - odd;
    let sum = kept.wrapping_add(u64::from(up) << dropped);
    (sum != 0).then_some(rounded(sum, rest != 0, up))
}

/// The result with this biased exponent, if it is normal.
#[inline(always)]
fn packed(sign: i32, exponent: i32, high: u64, low: u64, steering: Steering) -> Option<Outcome<F80>> {
    let outcome = round(high, low, steering)?;
    let is_in_range = (exponent as u32).wrapping_sub(1) < SPECIAL - 1;
    is_in_range.then(|| outcome.map(|mantissa| F80 { sign_exponent: (sign | exponent) as u16, mantissa }))
}

/// `a + b`
#[inline(always)]
pub fn add(a: F80, b: F80, steering: Steering) -> Option<Outcome<F80>> {
    if !are_normal(a, b) {
        return None;
    }
    let (x, y) = if exponent(a) >= exponent(b) { (a, b) } else { (b, a) };
    let distance = (exponent(x) - exponent(y)) as u32;
    let (high, low) = aligned(y.mantissa, distance);
    let sign = i32::from(x.sign_exponent) & SIGN;
    if i32::from(x.sign_exponent ^ y.sign_exponent) & SIGN != 0 {
        return difference(sign, x, high, low, steering);
    }
    let (sum, carry) = x.mantissa.overflowing_add(high);
    let carry = u64::from(carry);
    // What the shift loses stays in bit 0.
    let low = low >> carry | (sum & carry) << 63 | low & carry;
    packed(sign, exponent(x) + carry as i32, sum >> carry | carry << 63, low, steering)
}

/// A significand moved down by so many bits. Bit 0 of the second word stands for itself and all below, as far as rounding
/// of a sum or difference depends on it.
#[inline(always)]
const fn aligned(significand: u64, distance: u32) -> (u64, u64) {
    if distance < 64 {
        return (significand >> distance, significand << 1 << (63 - distance));
    }
    let distance = distance - 64;
    // By 66 and more, all that matters is that there is something; by 65, one bit is lost.
    (0, significand >> (if distance < 63 { distance } else { 63 }) | significand & 1)
}

/// `x` less what is aligned to it.
#[inline(always)]
fn difference(sign: i32, x: F80, high: u64, low: u64, steering: Steering) -> Option<Outcome<F80>> {
    let (below, borrow) = 0_u64.overflowing_sub(low);
    // With equal exponents it may be negative; then nothing is below.
    let is_negative = x.mantissa < high;
    let above = x.mantissa.wrapping_sub(high).wrapping_sub(u64::from(borrow));
    let above = if is_negative { above.wrapping_neg() } else { above };
    if above == 0 {
        return (below == 0).then_some(exactly(F80::default()));
    }
    let shift = above.leading_zeros();
    let sign = sign ^ i32::from(is_negative) << 15;
    let high = above << shift | below >> 1 >> (63 - shift);
    packed(sign, exponent(x) - shift as i32, high, below << shift, steering)
}

/// `a - b`
#[inline(always)]
pub fn sub(a: F80, b: F80, steering: Steering) -> Option<Outcome<F80>> {
    add(a, F80 { sign_exponent: b.sign_exponent ^ SIGN as u16, ..b }, steering)
}

/// `a × b`
#[inline(always)]
pub fn mul(a: F80, b: F80, steering: Steering) -> Option<Outcome<F80>> {
    if !are_normal(a, b) {
        return None;
    }
    let product = u128::from(a.mantissa) * u128::from(b.mantissa);
    let (high, low) = ((product >> 64) as u64, product as u64);
    let two_or_more = high >> 63;
    let shift = 1 - two_or_more;
    let high = high << shift | low >> 63 & shift;
    let sign = i32::from(a.sign_exponent ^ b.sign_exponent) & SIGN;
    let exponent = exponent(a) + exponent(b) - BIAS + two_or_more as i32;
    packed(sign, exponent, high, low << shift, steering)
}

/// `a / b`
#[inline(always)]
pub fn div(a: F80, b: F80, steering: Steering) -> Option<Outcome<F80>> {
    if !are_normal(a, b) {
        return None;
    }
    let is_less = u64::from(a.mantissa < b.mantissa);
    let shift = 1 - is_less;
    let (quotient, remainder) = divide_128_by_64(a.mantissa >> shift, (a.mantissa & shift) << 63, b.mantissa);
    let sign = i32::from(a.sign_exponent ^ b.sign_exponent) & SIGN;
    let exponent = exponent(a) - exponent(b) + BIAS - is_less as i32;
    packed(sign, exponent, quotient, fraction_of_remainder(remainder, b.mantissa), steering)
}

/// How two numbers compare that are normal or zero.
#[inline(always)]
pub fn compare(a: F80, b: F80) -> Option<Ordering> {
    let is_plain =
        |x: F80| is_zero(x) || x.mantissa & INTEGER_BIT != 0 && is_in_range(i32::from(x.sign_exponent));
    if !(is_plain(a) && is_plain(b)) {
        return None;
    }
    Some(key(a).cmp(&key(b)))
}

/// Orders as the numbers do.
#[inline(always)]
fn key(x: F80) -> i128 {
    let magnitude = (i128::from(exponent(x)) << 64) + i128::from(x.mantissa);
    let negative = -i128::from(x.sign_exponent >> 15);
    (magnitude ^ negative) - negative
}

/// A number in a shorter format. Of `steering`, the precision doesn't matter.
#[inline(always)]
pub fn shorten<F: Format>(a: F80, _: Steering) -> Option<Outcome<F>> {
    let sign = i32::from(a.sign_exponent) & SIGN;
    if is_zero(a) {
        return Some(exactly(F::zero(sign != 0)));
    }
    let biased = (exponent(a) - (BIAS - F::BIAS)) as u32;
    if a.mantissa & INTEGER_BIT == 0 || biased.wrapping_sub(1) >= F::SPECIAL - 1 {
        return None;
    }
    let outcome = round(a.mantissa, 0, Steering { dropped: 64 - F::PRECISION })?;
    Some(outcome.map(|significand| F::from_fields(Fields { negative: sign != 0, biased, significand })))
}

/// A number of a shorter format that is normal or zero: exact.
#[inline(always)]
pub fn widen<F: Format>(a: F) -> Option<F80> {
    let Fields { negative, biased, significand } = a.fields();
    let sign = i32::from(negative) << 15;
    if biased.wrapping_sub(1) < F::SPECIAL - 1 {
        let biased = biased as i32 + (BIAS - F::BIAS);
        return Some(F80 { sign_exponent: (sign | biased) as u16, mantissa: significand });
    }
    (biased == 0 && significand == 0).then_some(F80 { sign_exponent: sign as u16, mantissa: 0 })
}

/// An integer: exact.
#[inline(always)]
pub fn from_integer(value: i64) -> F80 {
    let magnitude = value.unsigned_abs();
    if magnitude == 0 {
        return F80::default();
    }
    let shift = magnitude.leading_zeros();
    let sign = i32::from(value < 0) << 15;
    F80 { sign_exponent: (sign | (BIAS + 63 - shift as i32)) as u16, mantissa: magnitude << shift }
}

/// To a signed integer of `bits` (1–64) bits, of a number that is normal or zero, and fits for sure.
#[inline(always)]
pub fn to_integer(a: F80, bits: u32, rounding: Rounding) -> Option<Outcome<i64>> {
    if is_zero(a) {
        return Some(exactly(0));
    }
    let places = exponent(a) - BIAS;
    let is_normal = a.mantissa & INTEGER_BIT != 0 && is_in_range(i32::from(a.sign_exponent));
    if !is_normal || places >= bits as i32 - 1 {
        return None;
    }
    // The integer part above the point, and the fraction below it.
    let (whole, rest) = match places {
        0.. => (a.mantissa >> (63 - places), a.mantissa << 1 << places),
        -1 => (0, a.mantissa),
        _ => (0, 1),
    };
    let is_negative = i32::from(a.sign_exponent) & SIGN != 0;
    let up = match rounding {
        Rounding::NearestEven => rest > HALF - (whole & 1),
        rounding => rest != 0 && AWAY[rounding as usize] & 1 << u8::from(is_negative) != 0,
    };
    let magnitude = whole + u64::from(up);
    let value = if is_negative { magnitude.wrapping_neg() } else { magnitude } as i64;
    // Rounding up may have brought it to the first that does not fit.
    (magnitude >> (bits - 1) == 0).then_some(rounded(value, rest != 0, up))
}

/// By rounding: whether that is away from zero of positive (bit 0) and of negative (bit 1) numbers.
const AWAY: [u8; 4] = [0, 2, 1, 0];
