//! Comparison.

use super::env::{Env, Flags, Outcome};
use super::format::{Class, Format, Unpacked, unpack};
use super::nan::{nan_outcome, settle_denormals};
use std::cmp::Ordering;

/// How `a` compares with `b`; `None` when they are unordered. A signalling comparison (x87 FCOM, COMISD) reports
/// any NaN as invalid, a quiet one (FUCOM, UCOMISD) only a signalling NaN or an unsupported operand.
#[inline]
pub fn compare<F: Format>(a: F, b: F, signalling: bool, env: &Env) -> Outcome<Option<Ordering>> {
    let (x, y) = (unpack(a), unpack(b));
    if x.is_normal() && y.is_normal() {
        return Outcome::exact(Some(normal_order(&x, &y)), Flags::NONE);
    }
    compare_special::<F>([x, y], signalling, env)
}

/// How normal numbers compare.
#[inline(always)]
fn normal_order(x: &Unpacked, y: &Unpacked) -> Ordering {
    let magnitude = |n: &Unpacked| u128::from(n.exponent as u32 ^ 1 << 31) << 64 | u128::from(n.significand);
    let order = magnitude(x).cmp(&magnitude(y));
    match (x.negative, y.negative) {
        (false, false) => order,
        (true, true) => order.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

#[cold]
fn compare_special<F: Format>(
    mut operands: [Unpacked; 2],
    signalling: bool,
    env: &Env,
) -> Outcome<Option<Ordering>> {
    if let Some(nan) = nan_outcome::<F>(&operands, env) {
        return Outcome::exact(None, nan.flags | Flags::INVALID.when(signalling));
    }
    let flags = settle_denormals(&mut operands, env);
    let [x, y] = operands;
    Outcome::exact(Some(key(&x).cmp(&key(&y))), flags)
}

/// Orders as the numbers do.
fn key(x: &Unpacked) -> (i8, i32, i128) {
    let sign = if x.negative { -1 } else { 1 };
    match x.class {
        Class::Zero => (0, 0, 0),
        Class::Infinity => (2 * sign, 0, 0),
        _ => (sign, i32::from(sign) * x.exponent, i128::from(sign) * i128::from(x.significand)),
    }
}
