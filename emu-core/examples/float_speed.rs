//! How long an operation of the floating-point arithmetic takes, over numbers of like size (the common case).
//!
//! `cargo run --release -p emu-core --example float_speed`

use emu_core::float::quick::{self, Steering};
use emu_core::float::*;
use std::hint::black_box;
use std::time::Instant;

/// Different operands, more than a branch predictor learns by heart.
const OPERANDS: usize = 4096;
/// The best of so many runs counts, each well below a millisecond, so that some are not interrupted.
const RUNS: usize = 300;

/// Numbers from 2^-8 to 2^8 of either sign.
fn operands<F: Format>() -> Vec<F> {
    let mut state = 1u64;
    let mut bits = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ state >> 29
    };
    let number = |bits: &mut dyn FnMut() -> u64| {
        let biased = (F::BIAS - 8) as u32 + (bits() >> 60) as u32;
        F::from_fields(Fields { negative: bits() >> 63 != 0, biased, significand: bits() | 1 << 63 })
    };
    (0..OPERANDS).map(|_| number(&mut bits)).collect()
}

/// Nanoseconds per call.
fn time<F: Format, T>(name: &str, operation: impl Fn(F, F, &Env) -> T) {
    let (operands, env) = (operands::<F>(), black_box(Env::X87));
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        for pair in operands.windows(2) {
            black_box(operation(pair[0], pair[1], &env));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / (OPERANDS - 1) as f64);
    }
    println!("| {name} | {best:.1} |");
}

fn arithmetic<F: Format>(format: &str) {
    time(&format!("{format} add"), |a: F, b, env| add(a, b, env));
    time(&format!("{format} multiply"), |a: F, b, env| mul(a, b, env));
    time(&format!("{format} divide"), |a: F, b, env| div(a, b, env));
    time(&format!("{format} square root"), |a: F, _, env| sqrt(magnitude(a), env));
    time(&format!("{format} compare"), |a: F, b, env| compare(a, b, false, env));
    time(&format!("{format} to 32-bit integer"), |a: F, _, env| to_signed(a, 32, env));
    time(&format!("{format} to integral value"), |a: F, _, env| round_to_integral(a, env));
}

/// The short way of the x87's usual cases.
fn usual() {
    let steering = || Steering::from_x87_control(black_box(0x037F));
    time("extended add, the short way", |a: F80, b, _| quick::add(a, b, steering()?));
    time("extended multiply, the short way", |a: F80, b, _| quick::mul(a, b, steering()?));
    time("extended divide, the short way", |a: F80, b, _| quick::div(a, b, steering()?));
    time("extended compare, the short way", |a: F80, b, _| quick::compare(a, b));
    time("extended to double, the short way", |a: F80, _, _| quick::shorten::<F64>(a, steering()?));
    time("double to extended, the short way", |a: F64, _, _| quick::widen(a));
    time("extended to 32-bit integer, the short way", |a: F80, _, _| {
        quick::to_integer(a, 32, Rounding::NearestEven)
    });
}

fn magnitude<F: Format>(a: F) -> F {
    F::from_fields(Fields { negative: false, ..a.fields() })
}

fn main() {
    println!("| operation | ns |\n|---|---|");
    usual();
    arithmetic::<F80>("extended");
    arithmetic::<F64>("double");
    arithmetic::<F32>("single");
    time("double fused multiply-add", |a: F64, b, env| fma(a, b, a, env));
    time("double to extended", |a: F64, _, env| convert::<F64, F80>(a, env));
    time("extended to double", |a: F80, _, env| convert::<F80, F64>(a, env));
    time("FPREM", |a: F80, b, env| partial_remainder(a, b, Quotient::Truncated, env));
    time("FSIN", |a: F80, _, env| sine(a, env));
    time("FCOS", |a: F80, _, env| cosine(a, env));
    time("FPTAN", |a: F80, _, env| tangent(a, env));
    time("FPATAN", |a: F80, b, env| arc_tangent(a, b, env));
    time("F2XM1", |a: F80, _, env| {
        power_of_2_minus_1(F80 { sign_exponent: a.sign_exponent.min(0x3FFE), ..a }, env)
    });
    time("FYL2X", |a: F80, b, env| y_log2_x(b, magnitude(a), env));
    time("FYL2XP1", |a: F80, b, env| y_log2_x_plus_1(b, magnitude(a), env));
}
