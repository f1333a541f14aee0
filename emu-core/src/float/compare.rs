//! Comparison.

use super::env::{Env, Flags, Outcome};
use super::format::{Class, Format, Unpacked, unpack};
use super::nan::{nan_outcome, settle_denormals};
use std::cmp::Ordering;

/// How `a` compares with `b`; `None` when they are unordered. A signalling comparison (x87 FCOM, COMISD) reports
/// any NaN as invalid, a quiet one (FUCOM, UCOMISD) only a signalling NaN or an unsupported operand.
pub fn compare<F: Format>(a: F, b: F, signalling: bool, env: &Env) -> Outcome<Option<Ordering>> {
    let mut operands = [unpack(a), unpack(b)];
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
