//! Composite colour: what an NTSC monitor makes of a CGA's dots.
//!
//! The dots leave at 14.318 MHz, four to a colour clock, so a pattern of dots is also a colour signal. The card's
//! colour generator (IBM Technical Reference, Color/Graphics Monitor Adapter, sheet 6 "composite color generator")
//! derives six square waves of the colour clock in steps of half a dot (45°) and lets the dot's R, G and B choose
//! one of them, or a constant level for black and white; intensity adds a step. The burst is the wave of yellow.
//!
//! The signal is sampled twice a dot. Brightness is its mean over one colour clock; colour is its product with the
//! burst's sine and cosine, as a mean over one colour clock (two, at a smoother setting). All arithmetic is in whole
//! numbers, so that every back end finds the same picture. Not modelled: the monitor's band limits beyond those two
//! means, the rounding of the real card's edges, and the levels of the first revision of the card (whose colours
//! add no brightness of their own).

use serde::{Deserialize, Serialize};

/// The knobs of a composite monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositeSettings {
    /// Tint: turns all hues, in units of 1/8 colour clock (45°).
    pub tint: i8,
    /// Colour, in percent; 0 gives greys.
    pub saturation: u8,
    /// Contrast, in percent.
    pub contrast: u8,
    /// Whether colour is averaged over two colour clocks: fewer fringes, softer edges.
    pub smooth: bool,
}

impl Default for CompositeSettings {
    fn default() -> Self {
        Self { tint: 0, saturation: 100, contrast: 100, smooth: false }
    }
}

/// Samples in a colour clock, two a dot.
const CLOCK: usize = 8;
/// The level of a white dot without intensity, and the step that intensity adds.
const VIDEO_LEVEL: i32 = 670;
const INTENSITY_LEVEL: i32 = 330;
/// Chroma samples whose mean is taken, at most.
const MARGIN: usize = 2 * CLOCK;

/// For signals 1–6 (blue, green, cyan, red, magenta, yellow): by how many half dots the wave lags behind blue's.
const LAG: [usize; 8] = [0, 0, 6, 7, 3, 2, 4, 0];

/// The brightness that each wave has besides its swing: the weights of the guns in NTSC's Y, as the resistors of the
/// later card give them, of [`VIDEO_LEVEL`].
const WAVE_LEVEL: [i32; 8] = [0, 130, 360, 420, 250, 310, 540, VIDEO_LEVEL];

/// Half the swing of a wave.
const SWING: i32 = 220;

/// cos(n · 45°) × 4096.
const COS: [i32; CLOCK] = [4096, 2896, 0, -2896, -4096, -2896, 0, 2896];

/// Appends the RGBA dots that a composite monitor shows for a line of RGBI signals (0–15; higher bits are ignored),
/// the first of which leaves in quarter `phase` of a colour clock. Without a `burst` the monitor shows greys.
pub fn decode(signals: &[u8], phase: u8, burst: bool, settings: CompositeSettings, out: &mut Vec<u8>) {
    let phase = usize::from(phase & 3) * 2;
    let samples = Samples::of(signals, phase);
    let saturation = if burst { i32::from(settings.saturation) } else { 0 };
    let half = if settings.smooth { CLOCK } else { CLOCK / 2 };
    for dot in 0..signals.len() {
        let at = MARGIN + dot * 2 + 1;
        let y = samples.sum(at, CLOCK / 2) / CLOCK as i32;
        let (u, v) = samples.chroma(at, half, settings.tint);
        let y = y * i32::from(settings.contrast) / 100;
        out.extend_from_slice(&to_rgba(y, u * saturation / 100, v * saturation / 100));
    }
}

/// The composite signal of a line, with [`MARGIN`] black samples on either side.
struct Samples {
    levels: Vec<i32>,
    /// Where in the colour clock (0–7) `levels[0]` lies.
    phase: usize,
}

impl Samples {
    fn of(signals: &[u8], phase: usize) -> Self {
        let mut levels = vec![0; MARGIN];
        for (dot, &signal) in signals.iter().enumerate() {
            for half in 0..2 {
                levels.push(level(signal, phase + dot * 2 + half));
            }
        }
        levels.resize(levels.len() + MARGIN, 0);
        // MARGIN is a whole number of colour clocks, so the phase of levels[0] is that of the first dot.
        Self { levels, phase }
    }

    /// The sum of the `2 * half` samples around `at`.
    fn sum(&self, at: usize, half: usize) -> i32 {
        self.levels[at - half..at + half].iter().sum()
    }

    /// The colour difference signals B−Y and R−Y around `at`, in units of a level.
    fn chroma(&self, at: usize, half: usize, tint: i8) -> (i32, i32) {
        let (mut u, mut v) = (0, 0);
        for (offset, level) in self.levels[at - half..at + half].iter().enumerate() {
            let turn = self.phase + at - half + offset;
            let angle = (turn as i64 + i64::from(tint)).rem_euclid(CLOCK as i64) as usize;
            u += level * COS[angle];
            v += level * COS[(angle + 6) % CLOCK];
        }
        let scale = 4096 * half as i32;
        (u / scale, v / scale)
    }
}

/// The level of RGBI `signal` at sample `turn` of the colour clock.
fn level(signal: u8, turn: usize) -> i32 {
    let color = usize::from(signal & 7);
    let intensity = if signal & 8 != 0 { INTENSITY_LEVEL } else { 0 };
    let swing = match color {
        0 | 7 => 0,
        _ if (turn + 2 * CLOCK + 2 - LAG[color]) % CLOCK < CLOCK / 2 => SWING,
        _ => -SWING,
    };
    WAVE_LEVEL[color] + swing + intensity
}

/// Y, B−Y and R−Y to RGB (the NTSC weights, × 1000), a level of 1000 being full scale.
fn to_rgba(y: i32, u: i32, v: i32) -> [u8; 4] {
    let gun = |level: i32| (level * 255 / 1000).clamp(0, 255) as u8;
    let red = y + v * 1140 / 1000;
    let green = y - (u * 395 + v * 581) / 1000;
    let blue = y + u * 2032 / 1000;
    [gun(red), gun(green), gun(blue), 0xFF]
}
