//! Add, subtract, multiply, divide, square root and fused multiply-add.
//!
//! Each takes two normal operands the short way; anything else goes through its `…_special`.

use super::env::{Env, Flags, Outcome, Rounding};
use super::format::{Class, Format, Unpacked, unpack};
use super::nan::{invalid, nan_outcome, settle_denormals, special_operands};
use super::round::{HALF, Unrounded, round_and_pack, shift_right_sticky};

/// `a + b`
#[inline(always)]
pub fn add<F: Format>(a: F, b: F, env: &Env) -> Outcome<F> {
    add_signed(a, b, false, env)
}

/// `a - b`
#[inline(always)]
pub fn sub<F: Format>(a: F, b: F, env: &Env) -> Outcome<F> {
    add_signed(a, b, true, env)
}

#[inline(always)]
fn add_signed<F: Format>(a: F, b: F, subtract: bool, env: &Env) -> Outcome<F> {
    let (x, y) = (unpack(a), unpack(b));
    if x.is_normal() && y.is_normal() {
        let y = Unpacked { negative: y.negative ^ subtract, ..y };
        return add_finite(x, y, env, Flags::NONE);
    }
    add_special(x, y, subtract, env)
}

#[cold]
fn add_special<F: Format>(x: Unpacked, y: Unpacked, subtract: bool, env: &Env) -> Outcome<F> {
    // Zeros are frequent among what is no normal number.
    match (x.class, y.class) {
        (Class::Normal, Class::Zero) => return round_unpacked(&x, env, Flags::NONE),
        (Class::Zero, Class::Normal) => {
            let y = Unpacked { negative: y.negative ^ subtract, ..y };
            return round_unpacked(&y, env, Flags::NONE);
        }
        _ => {}
    }
    let ([x, mut y], flags) = match special_operands([x, y], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    y.negative ^= subtract;
    match (x.class, y.class) {
        (Class::Infinity, Class::Infinity) if x.negative != y.negative => invalid(env),
        (Class::Infinity, _) => Outcome::exact(F::infinity(x.negative), flags),
        (_, Class::Infinity) => Outcome::exact(F::infinity(y.negative), flags),
        _ if env.stops(flags) => Outcome::exact(F::zero(false), flags),
        (Class::Zero, Class::Zero) if x.negative == y.negative => Outcome::exact(F::zero(x.negative), flags),
        (Class::Zero, Class::Zero) => exact_zero(env, flags),
        (Class::Zero, _) => round_unpacked(&y, env, flags),
        (_, Class::Zero) => round_unpacked(&x, env, flags),
        _ => add_finite(x, y, env, flags),
    }
}

/// The zero that a difference of equal numbers is.
fn exact_zero<F: Format>(env: &Env, flags: Flags) -> Outcome<F> {
    Outcome::exact(F::zero(env.rounding == Rounding::Down), flags)
}

/// A finite operand as the result: precision control still rounds it.
pub(super) fn round_unpacked<F: Format>(x: &Unpacked, env: &Env, flags: Flags) -> Outcome<F> {
    let n = Unrounded { negative: x.negative, exponent: x.exponent, high: x.significand, low: 0 };
    round_and_pack(n, env, flags)
}

#[inline(always)]
fn add_finite<F: Format>(x: Unpacked, y: Unpacked, env: &Env, flags: Flags) -> Outcome<F> {
    let (wide_x, wide_y) = (u128::from(x.significand) << 64, u128::from(y.significand) << 64);
    match add_wide((x.negative, x.exponent, wide_x), (y.negative, y.exponent, wide_y)) {
        Some(sum) => round_and_pack(sum, env, flags),
        None => exact_zero(env, flags),
    }
}

/// The sum of two values (sign, exponent, significand with bit 127 set), exact but for its sticky bit; `None` when
/// it is zero.
#[inline(always)]
fn add_wide(x: (bool, i32, u128), y: (bool, i32, u128)) -> Option<Unrounded> {
    let x_is_larger = (x.1, x.2) >= (y.1, y.2);
    let (x, y) = if x_is_larger { (x, y) } else { (y, x) };
    let aligned = shift_right_sticky(y.2, (x.1 - y.1) as u32);
    if x.0 == y.0 {
        let (sum, carry) = x.2.overflowing_add(aligned);
        let carried = sum >> 1 | sum & 1 | 1 << 127;
        return Some(if carry { Unrounded::of(x.0, x.1 + 1, carried) } else { Unrounded::of(x.0, x.1, sum) });
    }
    let difference = x.2 - aligned;
    (difference != 0).then(|| Unrounded::normalized(x.0, x.1, difference))
}

/// `a × b`
#[inline(always)]
pub fn mul<F: Format>(a: F, b: F, env: &Env) -> Outcome<F> {
    let (x, y) = (unpack(a), unpack(b));
    if x.is_normal() && y.is_normal() {
        return round_and_pack(product(&x, &y), env, Flags::NONE);
    }
    mul_special(x, y, env)
}

#[inline(always)]
fn product(x: &Unpacked, y: &Unpacked) -> Unrounded {
    let product = u128::from(x.significand) * u128::from(y.significand);
    Unrounded::normalized(x.negative ^ y.negative, x.exponent + y.exponent + 1, product)
}

#[cold]
fn mul_special<F: Format>(x: Unpacked, y: Unpacked, env: &Env) -> Outcome<F> {
    if let (Class::Normal | Class::Zero, Class::Zero) | (Class::Zero, Class::Normal) = (x.class, y.class) {
        return Outcome::exact(F::zero(x.negative ^ y.negative), Flags::NONE);
    }
    let ([x, y], flags) = match special_operands([x, y], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    let negative = x.negative ^ y.negative;
    match (x.class, y.class) {
        (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => invalid(env),
        (Class::Infinity, _) | (_, Class::Infinity) => Outcome::exact(F::infinity(negative), flags),
        (Class::Zero, _) | (_, Class::Zero) => Outcome::exact(F::zero(negative), flags),
        _ if env.stops(flags) => Outcome::exact(F::zero(false), flags),
        _ => round_and_pack(product(&x, &y), env, flags),
    }
}

/// `a / b`
#[inline(always)]
pub fn div<F: Format>(a: F, b: F, env: &Env) -> Outcome<F> {
    let (x, y) = (unpack(a), unpack(b));
    if x.is_normal() && y.is_normal() {
        return round_and_pack(quotient(&x, &y), env, Flags::NONE);
    }
    div_special(x, y, env)
}

#[inline(always)]
fn quotient(x: &Unpacked, y: &Unpacked) -> Unrounded {
    let divisor = y.significand;
    let is_less = x.significand < divisor;
    let (high, low) = if is_less { (x.significand, 0) } else { (x.significand >> 1, x.significand << 63) };
    let (quotient, remainder) = divide_128_by_64(high, low, divisor);
    Unrounded {
        negative: x.negative ^ y.negative,
        exponent: x.exponent - y.exponent - i32::from(is_less),
        high: quotient,
        low: fraction_of_remainder(remainder, divisor),
    }
}

/// Whether a remainder is nothing, less than half of the divisor, half, or more, as [`Unrounded::low`] has it.
#[inline(always)]
pub(super) fn fraction_of_remainder(remainder: u64, divisor: u64) -> u64 {
    let is_half_or_more = remainder >= divisor - remainder;
    let is_sticky = remainder != 0 && remainder != divisor - remainder;
    u64::from(is_half_or_more) << 63 | u64::from(is_sticky)
}

/// Quotient and remainder of `(high × 2^64 + low) / divisor`, digit by digit of 32 bits (Knuth, The Art of Computer
/// Programming volume 2, 4.3.1, algorithm D). The divisor's bit 63 is set, and `high < divisor`.
#[inline(always)]
pub(super) fn divide_128_by_64(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    let (first, rest) = divide_digit(high, low >> 32, divisor);
    let (second, rest) = divide_digit(rest, low & 0xFFFF_FFFF, divisor);
    (first << 32 | second, rest)
}

/// One digit of 32 bits: `(high × 2^32 + next) / divisor`.
#[inline(always)]
fn divide_digit(high: u64, next: u64, divisor: u64) -> (u64, u64) {
    let (top, bottom) = (divisor >> 32, divisor & 0xFFFF_FFFF);
    let mut digit = high / top;
    let mut rest = high - digit * top;
    while digit >> 32 != 0 || digit * bottom > (rest << 32 | next) {
        digit -= 1;
        rest += top;
        if rest >> 32 != 0 {
            break;
        }
    }
    let remainder = (high << 32 | next).wrapping_sub(digit.wrapping_mul(divisor));
    (digit, remainder)
}

#[cold]
fn div_special<F: Format>(x: Unpacked, y: Unpacked, env: &Env) -> Outcome<F> {
    if let (Class::Zero, Class::Normal) = (x.class, y.class) {
        return Outcome::exact(F::zero(x.negative ^ y.negative), Flags::NONE);
    }
    let ([x, y], flags) = match special_operands([x, y], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    let negative = x.negative ^ y.negative;
    match (x.class, y.class) {
        (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => invalid(env),
        (Class::Infinity, _) => Outcome::exact(F::infinity(negative), flags),
        (_, Class::Infinity) | (Class::Zero, _) => Outcome::exact(F::zero(negative), flags),
        // A division by zero comes before a denormal operand, which then is not reported.
        (_, Class::Zero) => Outcome::exact(F::infinity(negative), Flags::DIVIDE_BY_ZERO),
        _ if env.stops(flags) => Outcome::exact(F::zero(false), flags),
        _ => round_and_pack(quotient(&x, &y), env, flags),
    }
}

/// The square root.
#[inline]
pub fn sqrt<F: Format>(a: F, env: &Env) -> Outcome<F> {
    let x = unpack(a);
    if x.is_normal() && !x.negative {
        return round_and_pack(root(&x), env, Flags::NONE);
    }
    sqrt_special(x, env)
}

/// The root of the significand, shifted so that it has 64 bits and the exponent halves exactly.
#[inline(always)]
fn root(x: &Unpacked) -> Unrounded {
    let radicand = u128::from(x.significand) << (63 + (x.exponent & 1));
    let root = radicand.isqrt();
    let remainder = radicand - root * root;
    // (root + ½)² is root² + root + ¼: a remainder above root means a rest above one half, and it never is one half.
    let low = if remainder > root { HALF | 1 } else { u64::from(remainder != 0) };
    Unrounded { negative: false, exponent: x.exponent >> 1, high: root as u64, low }
}

#[cold]
fn sqrt_special<F: Format>(x: Unpacked, env: &Env) -> Outcome<F> {
    let ([x], flags) = match special_operands([x], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    match x.class {
        Class::Zero => Outcome::exact(F::zero(x.negative), flags),
        _ if x.negative => invalid(env),
        Class::Infinity => Outcome::exact(F::infinity(false), flags),
        _ if env.stops(flags) => Outcome::exact(F::zero(false), flags),
        _ => round_and_pack(root(&x), env, flags),
    }
}

/// `a × b + c`, rounded once. For single and double formats: the sum of a product of extended ones has more bits than
/// are kept here. Of several NaNs, the first in this order comes out ([`super::NanRule::Sse`]).
#[inline]
pub fn fma<F: Format>(a: F, b: F, c: F, env: &Env) -> Outcome<F> {
    const { assert!(F::PRECISION <= 53) };
    let operands = [unpack(a), unpack(b), unpack(c)];
    if operands.iter().all(Unpacked::is_normal) {
        return fma_finite(&operands, env, Flags::NONE);
    }
    fma_special(operands, env)
}

#[inline(always)]
fn fma_finite<F: Format>([x, y, z]: &[Unpacked; 3], env: &Env, flags: Flags) -> Outcome<F> {
    // A product's 106 bits are all kept; where the other operand loses bits it is far smaller, and the sticky bit
    // is enough.
    let product = product(x, y);
    let wide = u128::from(product.high) << 64 | u128::from(product.low);
    let addend = (z.negative, z.exponent, u128::from(z.significand) << 64);
    match add_wide((product.negative, product.exponent, wide), addend) {
        Some(sum) => round_and_pack(sum, env, flags),
        None => exact_zero(env, flags),
    }
}

#[cold]
fn fma_special<F: Format>(mut operands: [Unpacked; 3], env: &Env) -> Outcome<F> {
    if let Some(outcome) = nan_outcome(&operands, env) {
        return outcome;
    }
    let flags = settle_denormals(&mut operands, env);
    let [x, y, z] = operands;
    let negative = x.negative ^ y.negative;
    let product_is_infinite = x.class == Class::Infinity || y.class == Class::Infinity;
    let product_is_zero = x.class == Class::Zero || y.class == Class::Zero;
    if product_is_infinite && (product_is_zero || (z.class == Class::Infinity && z.negative != negative)) {
        return invalid(env);
    }
    if product_is_infinite || z.class == Class::Infinity {
        return Outcome::exact(F::infinity(if product_is_infinite { negative } else { z.negative }), flags);
    }
    if env.stops(flags) {
        return Outcome::exact(F::zero(false), flags);
    }
    match (product_is_zero, z.class == Class::Zero) {
        (true, true) if negative == z.negative => Outcome::exact(F::zero(negative), flags),
        (true, true) => exact_zero(env, flags),
        (true, false) => round_unpacked(&z, env, flags),
        (false, true) => round_and_pack(product(&x, &y), env, flags),
        (false, false) => fma_finite(&operands, env, flags),
    }
}
