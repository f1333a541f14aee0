//! Numbers with 128 bits of significand, in which the transcendental functions are computed before their one
//! rounding: twice what the result keeps, so that an error of many last places here is nothing there.

use super::env::{Env, Flags, Outcome};
use super::format::{F80, Unpacked};
use super::round::{Unrounded, round_and_pack, shift_right_sticky};

/// One as a fraction of [`u128`]s: the value times 2^127.
pub(super) const ONE: u128 = 1 << 127;

/// Reciprocals of the odd numbers, times 2^127: the series of the arc tangent and of artanh.
pub(super) const ODD_RECIPROCALS: [u128; 11] = {
    let mut series = [0; 11];
    let mut k = 0;
    while k < 11 {
        series[k] = ONE / (2 * k as u128 + 1);
        k += 1;
    }
    series
};

/// (-1)^negative × significand / 2^127 × 2^exponent; bit 127 of the significand is set. Not zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub negative: bool,
    pub exponent: i32,
    pub significand: u128,
}

/// The high half of a product of 128-bit numbers, an error of at most 2 below.
pub(super) const fn multiply_high(a: u128, b: u128) -> u128 {
    let (a1, a0) = (a >> 64, a & u64::MAX as u128);
    let (b1, b0) = (b >> 64, b & u64::MAX as u128);
    let low = (a0 * b0) >> 64;
    let middle = a1 * b0;
    let (sum, carry) = middle.overflowing_add(a0 * b1);
    let (sum, more) = sum.overflowing_add(low);
    a1 * b1 + (sum >> 64) + (((carry as u128) + (more as u128)) << 64)
}

impl Wide {
    pub fn from_unpacked(x: &Unpacked) -> Self {
        Self { negative: x.negative, exponent: x.exponent, significand: u128::from(x.significand) << 64 }
    }

    /// `value / 2^point`, which is not zero.
    pub fn from_fixed(value: i128, point: i32) -> Self {
        let magnitude = value.unsigned_abs();
        let shift = magnitude.leading_zeros();
        Self {
            negative: value < 0,
            exponent: 127 - shift as i32 - point,
            significand: magnitude << (shift & 127),
        }
    }

    /// The magnitude times 2^point, without its fraction. It must fit.
    pub fn to_fixed(self, point: i32) -> u128 {
        match 127 - self.exponent - point {
            shift @ 0..128 => self.significand >> shift,
            _ => 0,
        }
    }

    /// As [`Self::to_fixed`], with the sign.
    pub fn to_signed_fixed(self, point: i32) -> i128 {
        let magnitude = self.to_fixed(point) as i128;
        if self.negative { -magnitude } else { magnitude }
    }

    pub fn negated_when(self, negate: bool) -> Self {
        Self { negative: self.negative ^ negate, ..self }
    }

    pub fn multiply(self, other: Self) -> Self {
        let product = multiply_high(self.significand, other.significand);
        let shift = product.leading_zeros();
        Self {
            negative: self.negative ^ other.negative,
            exponent: self.exponent + other.exponent + 1 - shift as i32,
            significand: product << shift,
        }
    }

    /// Times a factor of `scale / 2^127`, which is not zero.
    pub fn scaled(self, scale: u128) -> Self {
        self.multiply(Self::from_fixed((scale >> 1) as i128, 126))
    }

    /// The quotient, the first 64 bits from a division by the divisor's high half, the rest from Newton's correction.
    pub fn divide(self, other: Self) -> Self {
        let reciprocal = reciprocal(other.significand);
        let quotient = multiply_high(self.significand, reciprocal);
        let shift = quotient.leading_zeros();
        Self {
            negative: self.negative ^ other.negative,
            exponent: self.exponent - other.exponent + 1 - shift as i32,
            significand: quotient << shift,
        }
    }

    /// The larger of two magnitudes less the smaller; not equal ones.
    pub fn less(self, smaller: Self) -> Self {
        let aligned =
            shift_right_sticky(smaller.significand, self.exponent.wrapping_sub(smaller.exponent) as u32);
        let difference = self.significand - aligned;
        let shift = difference.leading_zeros();
        Self { exponent: self.exponent - shift as i32, significand: difference << (shift & 127), ..self }
    }

    /// Rounds to the extended format. An inexact value lies between two numbers of that format, whatever its bits say.
    pub fn round(self, is_exact: bool, env: &Env, flags: Flags) -> Outcome<F80> {
        let n = Unrounded::of(self.negative, self.exponent, self.significand | u128::from(!is_exact));
        round_and_pack(n, &env.full_precision(), flags)
    }
}

/// `2^254 / divisor` for a divisor with bit 127 set, an error of a few last places: half of the bits by dividing, and
/// one step of Newton's, r + r × (1 - d × r).
fn reciprocal(divisor: u128) -> u128 {
    let high = divisor >> 64;
    let first = (((1u128 << 127) - 1) / high) << 63;
    // first × divisor is 2^254 × (1 + error), with an error of either sign below 2^-61.
    let product = multiply_high(first, divisor);
    let one = 1u128 << 126;
    if product >= one {
        first - multiply_high(first, (product - one) << 2)
    } else {
        first + multiply_high(first, (one - product) << 2)
    }
}
