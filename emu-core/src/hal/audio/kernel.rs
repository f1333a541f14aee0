//! The low-pass that everything between sampled and continuous time goes through: a sinc with a Kaiser window.
//!
//! 48 taps at 48 kHz: even to 18.5 kHz, 80 dB down from 24 kHz on. Between its 256 phases it is interpolated.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// Output frames that one input moment touches.
pub const TAPS: usize = 48;
/// Table rows for the fraction of a frame.
pub const PHASES: usize = 256;
/// The half-level frequency in cycles per frame.
const CUTOFF: f64 = 21_250.0 / 48_000.0;
/// The Kaiser window's β for 80 dB.
const BETA: f64 = 7.86;

/// One row for each phase, and one more, which is the first shifted by a frame, to interpolate towards.
pub type Table = Vec<[f32; TAPS]>;

/// The response to an impulse at fraction `phase` / [`PHASES`] of frame 0, at frames 0 to [`TAPS`] − 1. It lags by
/// ([`TAPS`] − 1) / 2 frames. Each row adds up to 1.
pub fn impulse() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| (0..=PHASES).map(|phase| impulse_row(phase).map(|tap| tap as f32)).collect())
}

/// What is missing from a unit step at fraction `phase` / [`PHASES`] of frame 0, if the step were drawn with all its
/// height from frame 0 on: −1 at first, 0 in the end.
pub fn step_residue() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| (0..=PHASES).map(|phase| running_sum(impulse_row(phase))).collect())
}

fn running_sum(impulse: [f64; TAPS]) -> [f32; TAPS] {
    let mut sum = -1.0;
    impulse.map(|tap| {
        sum += tap;
        sum as f32
    })
}

fn impulse_row(phase: usize) -> [f64; TAPS] {
    let fraction = phase as f64 / PHASES as f64;
    let row: [f64; TAPS] = std::array::from_fn(|tap| tap_at(tap as f64 - fraction - (TAPS / 2) as f64 + 0.5));
    let sum: f64 = row.iter().sum();
    row.map(|tap| tap / sum)
}

fn tap_at(time: f64) -> f64 {
    let edge = time / (TAPS as f64 / 2.0);
    if edge.abs() >= 1.0 {
        return 0.0;
    }
    let x = 2.0 * CUTOFF * time;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) };
    2.0 * CUTOFF * sinc * bessel_i0(BETA * (1.0 - edge * edge).sqrt()) / bessel_i0(BETA)
}

/// The modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// A row between two of a table's. `fraction` is 0 to 1, 1 excluded.
pub fn row_at(table: &Table, fraction: f32) -> impl Iterator<Item = f32> {
    let place = fraction * PHASES as f32;
    let phase = (place as usize).min(PHASES - 1);
    let blend = place - phase as f32;
    table[phase].iter().zip(&table[phase + 1]).map(move |(a, b)| a + (b - a) * blend)
}
