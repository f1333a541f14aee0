//! The host's transcendental instructions. Their values differ between makers, within a unit in the last place (and
//! more where they reduce by a short π), so that only this is compared: special operands, the exceptions found
//! before anything is computed, the range, and the value but for that unit.

use super::x87::{Image, X87, is_stopped, tbyte, x87};
use crate::float::tests::values::{Random, cases};
use crate::float::*;
use std::arch::asm;

x87!(fsin, "fsin");
x87!(fcos, "fcos");
x87!(fptan, "fptan");
x87!(fpatan, "fpatan");
x87!(f2xm1, "f2xm1");
x87!(fyl2x, "fyl2x");
x87!(fyl2xp1, "fyl2xp1");

/// Whether two results are the same, or neighbours (the exponent counts as the significand's upper bits).
fn are_near(a: F80, b: F80) -> bool {
    let place =
        |x: F80| i128::from(x.sign_exponent & 0x7FFF) << 63 | i128::from(x.mantissa & (u64::MAX >> 1));
    a.is_negative() == b.is_negative() && (place(a) - place(b)).abs() <= 1
}

/// Compares an instruction whose result is `st` of the stack afterwards. Where `is_comparable` says no, values are left
/// out.
fn check(
    instruction: X87,
    ours: impl Fn(F80, F80, &Env) -> InRange<F80>,
    st: usize,
    is_comparable: fn(F80) -> bool,
) {
    let mut random = Random(1);
    for case in 0..cases(50_000) {
        let a: F80 = random.number();
        let b = random.partner(a);
        let (a, b) = if random.one_in(2) { (a, b) } else { (b, a) };
        let control = random.x87_control() | 0x38;
        let env = Env::from_x87_control(control);
        let theirs = instruction(a, b, &mut [0; 10], control);
        let what = || format!("case {case}: {a:x?} {b:x?} {control:#x} st {:x?}", theirs.st(0));
        let Some(ours) = ours(a, b, &env) else {
            assert_eq!((theirs.status() & 0x0400, theirs.st(0)), (0x0400, a), "{}", what());
            continue;
        };
        let before = |flags: Flags| flags & Flags::BEFORE_COMPUTATION;
        assert_eq!(before(theirs.flags()), before(ours.flags), "{}", what());
        if is_stopped(&env, ours.flags) {
            continue;
        }
        // FPTAN pushes no 1.0 after a NaN.
        let theirs = theirs.st(if ours.value.class().is_nan() { 0 } else { st });
        if ours.flags.intersects(Flags::INEXACT) {
            assert!(!is_comparable(a) || are_near(theirs, ours.value), "{}, ours {:x?}", what(), ours.value);
        } else {
            assert_eq!(theirs, ours.value, "{}", what());
        }
    }
}

/// Below π/4, so that nothing is reduced.
fn is_small(angle: F80) -> bool {
    angle.fields().biased < 0x3FFE
}

#[test]
fn angles_as_the_host() {
    check(fsin, |a, _, env| sine(a, env), 0, is_small);
    check(fcos, |a, _, env| cosine(a, env), 0, is_small);
    check(fptan, |a, _, env| tangent(a, env), 1, is_small);
}

#[test]
fn others_as_the_host() {
    check(fpatan, |a, b, env| Some(arc_tangent(b, a, env)), 0, |_| true);
    check(f2xm1, |a, _, env| Some(power_of_2_minus_1(a, env)), 0, |_| true);
    check(fyl2x, |a, b, env| Some(y_log2_x(b, a, env)), 0, |_| true);
    check(fyl2xp1, |a, b, env| Some(y_log2_x_plus_1(b, a, env)), 0, |_| true);
}
