//! 3DNow! and its extensions (AMD manuals 21928 and 22466): two single-precision numbers in an MMX register.
//!
//! Results are rounded to nearest; denormals count as zeros and become zeros; what is too large becomes the largest number;
//! nothing is reported. The parts' tables for PFRCP and PFRSQRT are not published: here these give the number rounded
//! to single precision, which lies within the accuracy that the manual promises (14 and 15 bits), and the steps of the
//! iteration keep it. Infinities and NaNs, which the manual leaves undefined, are as in IEEE 754.

use crate::float::{self, Env, F32, Format, Rounding};
use std::cmp::Ordering;

const ENV: Env = Env { flush_to_zero: true, denormals_are_zero: true, ..Env::SSE };
const LARGEST: u32 = 0x7F7F_FFFF;

/// The two numbers of a register, the lower first.
fn numbers(register: u64) -> [F32; 2] {
    [F32(register as u32), F32((register >> 32) as u32)]
}

fn register([low, high]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// A result, the largest number instead of an infinity.
fn saturated(number: F32) -> u32 {
    let is_infinite = number.0 & 0x7FFF_FFFF == 0x7F80_0000;
    if is_infinite { number.0 & 0x8000_0000 | LARGEST } else { number.0 }
}

fn add(a: F32, b: F32) -> u32 {
    saturated(float::add(a, b, &ENV).value)
}

fn subtract(a: F32, b: F32) -> u32 {
    saturated(float::sub(a, b, &ENV).value)
}

fn multiply(a: F32, b: F32) -> u32 {
    saturated(float::mul(a, b, &ENV).value)
}

fn reciprocal(a: F32) -> u32 {
    saturated(float::div(F32::one(false), a, &ENV).value)
}

/// Of the magnitude, with the number's sign.
fn reciprocal_root(a: F32) -> u32 {
    let root = float::sqrt(F32(a.0 & 0x7FFF_FFFF), &ENV).value;
    reciprocal(root) & 0x7FFF_FFFF | a.0 & 0x8000_0000
}

fn order(a: F32, b: F32) -> Option<Ordering> {
    float::compare(a, b, false, &ENV).value
}

/// To an integer of so many bits, without the fraction; too large a number gives the nearest.
fn integer(a: F32, bits: u32) -> u32 {
    let env = Env { rounding: Rounding::TowardZero, ..ENV };
    let wide = float::to_signed(a, 64, &env);
    let limit = 1_i64 << (bits - 1);
    let value = if wide.value == i64::MIN && !a.is_negative() { i64::MAX } else { wide.value };
    value.clamp(-limit, limit - 1) as u32
}

fn from_integer(value: i32) -> u32 {
    float::from_signed::<F32>(value.into(), &Env { rounding: Rounding::TowardZero, ..ENV }).value.0
}

/// What an instruction with this suffix gives. The decoder knows no others.
pub fn operation(opcode: u8, a: u64, b: u64) -> u64 {
    let (x, y) = (numbers(a), numbers(b));
    let each = |of: fn(F32, F32) -> u32| register([of(x[0], y[0]), of(x[1], y[1])]);
    let of_source = |of: fn(F32) -> u32| register([of(y[0]), of(y[1])]);
    let mask = |holds: fn(Option<Ordering>) -> bool| {
        let one = |i: usize| if holds(order(x[i], y[i])) { u32::MAX } else { 0 };
        register([one(0), one(1)])
    };
    match opcode {
        0x9E => each(add),
        0x9A => each(subtract),
        0xAA => each(|a, b| subtract(b, a)),
        0xB4 => each(multiply),
        0xAE => register([add(x[0], x[1]), add(y[0], y[1])]),
        0x8A => register([subtract(x[0], x[1]), subtract(y[0], y[1])]),
        0x8E => register([subtract(x[0], x[1]), add(y[0], y[1])]),
        0xB0 => mask(|order| order == Some(Ordering::Equal)),
        0x90 => mask(|order| matches!(order, Some(Ordering::Greater | Ordering::Equal))),
        0xA0 => mask(|order| order == Some(Ordering::Greater)),
        0xA4 => each(|a, b| if order(a, b) == Some(Ordering::Less) { zeroed(b) } else { zeroed(a) }),
        0x94 => each(|a, b| if order(a, b) == Some(Ordering::Greater) { zeroed(b) } else { zeroed(a) }),
        0x96 => register([reciprocal(y[0]); 2]),
        0x97 => register([reciprocal_root(y[0]); 2]),
        // PFRCPIT1, PFRSQIT1, PFRCPIT2: the first estimate is exact already, and is the second step's second operand.
        0xA6 | 0xA7 | 0xB6 => b,
        0x1D => of_source(|a| integer(a, 32)),
        0x1C => of_source(|a| integer(a, 16) as i16 as i32 as u32),
        0x0D => of_source(|a| from_integer(a.0 as i32)),
        0x0C => of_source(|a| from_integer((a.0 as i16).into())),
        0xB7 => words(a, b, |a, b| ((i32::from(a as i16) * i32::from(b as i16) + 0x8000) >> 16) as u16),
        0xBF => bytes(a, b, |a, b| (u16::from(a) + u16::from(b)).div_ceil(2) as u8),
        // PSWAPD
        _ => b.rotate_left(32),
    }
}

/// A number that is no denormal.
fn zeroed(a: F32) -> u32 {
    if a.0 & 0x7F80_0000 == 0 { 0 } else { a.0 }
}

fn words(a: u64, b: u64, of: impl Fn(u16, u16) -> u16) -> u64 {
    (0..4).fold(0, |all, i| all | u64::from(of((a >> (16 * i)) as u16, (b >> (16 * i)) as u16)) << (16 * i))
}

fn bytes(a: u64, b: u64, of: impl Fn(u8, u8) -> u8) -> u64 {
    (0..8).fold(0, |all, i| all | u64::from(of((a >> (8 * i)) as u8, (b >> (8 * i)) as u8)) << (8 * i))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(low: f32, high: f32) -> u64 {
        register([low.to_bits(), high.to_bits()])
    }

    #[test]
    fn operations_as_the_manual_has_them() {
        for (opcode, a, b, result) in [
            (0x9E, pair(1.0, 2.5), pair(0.5, -2.5), pair(1.5, 0.0)),
            (0x9A, pair(1.0, 2.5), pair(0.5, 1.0), pair(0.5, 1.5)),
            (0xAA, pair(1.0, 2.5), pair(0.5, 1.0), pair(-0.5, -1.5)),
            (0xB4, pair(3.0, f32::MAX), pair(0.5, 4.0), pair(1.5, f32::MAX)),
            (0xAE, pair(1.0, 2.0), pair(3.0, 4.0), pair(3.0, 7.0)),
            (0x8E, pair(1.0, 2.0), pair(3.0, 4.0), pair(-1.0, 7.0)),
            (0x90, pair(1.0, 2.0), pair(1.0, 3.0), 0x0000_0000_FFFF_FFFF),
            (0xA4, pair(1.0, -2.0), pair(3.0, -4.0), pair(3.0, -2.0)),
            (0x94, pair(1.0, -2.0), pair(3.0, -4.0), pair(1.0, -4.0)),
            (0x96, 0, pair(4.0, 9.0), pair(0.25, 0.25)),
            (0x97, 0, pair(4.0, 9.0), pair(0.5, 0.5)),
            (0x1D, 0, pair(-1.75, 3.0e10), 0x7FFF_FFFF_FFFF_FFFF),
            (0x0D, 0, register([5, u32::MAX]), pair(5.0, -1.0)),
            (0xBF, 0x0102, 0x0303, 0x0203),
            (0xBB, 0, 0x0000_0001_0000_0002, 0x0000_0002_0000_0001),
        ] {
            assert_eq!(operation(opcode, a, b), result, "{opcode:#x} {a:#x} {b:#x}");
        }
    }

    #[test]
    fn the_iteration_gives_the_quotient() {
        let b = pair(3.0, 3.0);
        let estimate = operation(0x96, 0, b);
        let step = operation(0xA6, b, estimate);
        assert_eq!(operation(0xB6, step, estimate), pair(1.0 / 3.0, 1.0 / 3.0));
    }
}
