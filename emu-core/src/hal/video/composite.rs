//! Composite colour: what an NTSC monitor makes of a CGA's dots.
//!
//! The dots leave at 14.318 MHz, four to a colour clock, so a pattern of dots is also a colour signal. The card's
//! colour generator (IBM Technical Reference, Color/Graphics Monitor Adapter, logic diagrams) derives six square
//! waves of the colour clock in steps of half a dot (45°) and lets the dot's R, G and B choose one of them, or a
//! constant level for black and white; intensity adds a step. The burst is the wave of yellow.
//!
//! The signal is sampled twice a dot. Brightness is its mean over one colour clock; colour is its product with the
//! two axes of the colour clock, as a mean over one colour clock (two, at the smoother setting). All arithmetic is
//! in whole numbers, so that every back end finds the same picture. Not modelled: the monitor's band limits beyond
//! those means, the slopes of the card's edges, and the later revision of the card, whose resistors give each wave a
//! brightness of its own.

use serde::{Deserialize, Serialize};

/// The knobs of a composite monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositeSettings {
    /// Tint: turns all hues, in degrees.
    pub tint: i8,
    /// Colour, in percent; 0 gives greys.
    pub saturation: u8,
    /// Contrast, in percent.
    pub contrast: u8,
    /// Whether colour is averaged over two colour clocks: fewer fringes, softer edges.
    pub smooth: bool,
}

impl CompositeSettings {
    /// Half the samples over which colour is averaged.
    pub const fn chroma_half(&self) -> usize {
        if self.smooth { CLOCK } else { CLOCK / 2 }
    }
}

impl Default for CompositeSettings {
    fn default() -> Self {
        Self { tint: 0, saturation: 100, contrast: 100, smooth: false }
    }
}

/// Samples in a colour clock, two a dot.
pub const CLOCK: usize = 8;
/// Black samples on either side of a line: a whole number of colour clocks, and half the longest mean.
const MARGIN: usize = CLOCK;
/// The level of a white dot without intensity, and the step that intensity adds.
const VIDEO_LEVEL: i32 = 700;
const INTENSITY_LEVEL: i32 = 300;

/// For signals 1–6 (blue, green, cyan, red, magenta, yellow): the sample of the colour clock at which the wave
/// rises; it falls four samples later. Sample 0 begins with the first dot of a nibble in 640-dot graphics.
const RISE: [usize; 8] = [0, 3, 6, 5, 1, 2, 7, 0];

/// The B−Y axis at each sample, × 4096: opposite to the middle of the burst, so greatest between samples 4 and 5.
/// The R−Y axis leads it by two samples.
pub const AXIS: [i32; CLOCK] = [-3784, -3784, -1567, 1567, 3784, 3784, 1567, -1567];

/// Writes the RGBA dots that a composite monitor shows for a line of RGBI signals (0–15; higher bits are ignored),
/// the first of which leaves in quarter `phase` of a colour clock. Without a `burst` the monitor shows greys.
pub fn decode(signals: &[u8], phase: u8, burst: bool, settings: CompositeSettings, out: &mut [[u8; 4]]) {
    let sums = Sums::of(signals, usize::from(phase & 3) * 2);
    let matrix = Matrix::new(burst, settings);
    let half = settings.chroma_half();
    for (dot, out) in out.iter_mut().take(signals.len()).enumerate() {
        let at = MARGIN + dot * 2 + 1;
        let [y, ..] = sums.around(at, CLOCK / 2);
        let [_, u, v] = sums.around(at, half);
        *out = matrix.rgba(y, u, v);
    }
}

/// Running sums over a line's signal, with [`MARGIN`] black samples on either side: what any stretch of it adds up
/// to is a difference of two. They may wrap round; the differences don't.
struct Sums {
    /// Level, and level times either axis, of all samples before.
    before: Vec<[i32; 3]>,
}

impl Sums {
    /// The sums of a line whose first sample is sample `phase` of a colour clock.
    fn of(signals: &[u8], phase: usize) -> Self {
        let samples = signals.len() * 2 + 2 * MARGIN;
        let mut before = Vec::with_capacity(samples + 1);
        before.resize(MARGIN + 1, [0; 3]);
        let mut sum = [0i32; 3];
        for (dot, &signal) in signals.iter().enumerate() {
            for sample in [0, 1].map(|half| (phase + dot * 2 + half) % CLOCK) {
                let level = LEVELS[usize::from(signal & 15)][sample];
                let terms = [level, level * AXIS[sample], level * AXIS[(sample + 2) % CLOCK]];
                sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum = sum.wrapping_add(term));
                before.push(sum);
            }
        }
        before.resize(samples + 1, sum);
        Self { before }
    }

    /// The sums of the `2 * half` samples around `at`.
    fn around(&self, at: usize, half: usize) -> [i32; 3] {
        let (end, start) = (self.before[at + half], self.before[at - half]);
        std::array::from_fn(|n| end[n].wrapping_sub(start[n]))
    }
}

/// The level of each RGBI signal at each sample of the colour clock.
pub const LEVELS: [[i32; CLOCK]; 16] = {
    let mut levels = [[0; CLOCK]; 16];
    let mut signal = 0;
    while signal < 16 {
        let mut sample = 0;
        while sample < CLOCK {
            levels[signal][sample] = level(signal, sample);
            sample += 1;
        }
        signal += 1;
    }
    levels
};

/// The level of RGBI `signal` at a sample of the colour clock.
const fn level(signal: usize, sample: usize) -> i32 {
    let high = match signal & 7 {
        0 => false,
        7 => true,
        color => (sample + CLOCK - RISE[color]) % CLOCK < CLOCK / 2,
    };
    let intensity = if signal & 8 != 0 { INTENSITY_LEVEL } else { 0 };
    intensity + if high { VIDEO_LEVEL } else { 0 }
}

/// Cosine and sine of an angle in degrees, × 4096, by Bhaskara's formula (right to 0.2 %), which whole numbers can
/// do the same everywhere.
fn turn(degrees: i8) -> (i32, i32) {
    let cos = |degrees: i32| {
        let folded = (degrees + 180).rem_euclid(360) - 180;
        let (near, sign) = if folded.abs() > 90 { (180 - folded.abs(), -1) } else { (folded.abs(), 1) };
        sign * 4096 * (32_400 - 4 * near * near) / (32_400 + near * near)
    };
    (cos(degrees.into()), cos(i32::from(degrees) - 90))
}

/// From the sums around a dot (of levels, and of levels times either axis) to guns: all scales, the settings and
/// NTSC's weights in one, in units of 2^−40: for each gun what it takes of brightness, B−Y and R−Y.
pub struct Matrix(pub [[i64; 3]; 3]);

impl Matrix {
    pub fn new(burst: bool, settings: CompositeSettings) -> Self {
        let (cos, sin) = turn(settings.tint);
        let saturation = if burst { i128::from(settings.saturation) } else { 0 };
        let brightness = ((i128::from(settings.contrast) * 255) << 40) / (100 * 1000 * CLOCK as i128);
        // R, G and B from B−Y and R−Y, × 1000.
        let weights = [[0, 1140], [-395, -581], [2032, 0]];
        Self(weights.map(|[from_u, from_v]| {
            // The axes are turned by the tint before they are weighted.
            let turned = [from_u * cos + from_v * sin, from_v * cos - from_u * sin];
            let full_scale = 1000 * 1000 * 100 * 4096 * 4096 * settings.chroma_half() as i128;
            let [u, v] = turned.map(|weight| ((i128::from(weight) * saturation * 255) << 40) / full_scale);
            [brightness as i64, u as i64, v as i64]
        }))
    }

    fn rgba(&self, y: i32, u: i32, v: i32) -> [u8; 4] {
        let [r, g, b] = self.0.map(|[of_y, of_u, of_v]| {
            let gun = of_y * i64::from(y) + of_u * i64::from(u) + of_v * i64::from(v);
            ((gun + (1 << 39)) >> 40).clamp(0, 255) as u8
        });
        [r, g, b, 0xFF]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(signals: &[u8], phase: u8, burst: bool) -> Vec<[u8; 4]> {
        let mut out = vec![[0; 4]; signals.len()];
        decode(signals, phase, burst, CompositeSettings::default(), &mut out);
        out
    }

    /// The colour in the middle of a line of repeated dots.
    fn color_of(pattern: &[u8], phase: u8) -> [i32; 3] {
        let line: Vec<_> = pattern.iter().copied().cycle().take(64).collect();
        let [r, g, b, _] = decoded(&line, phase, true)[32];
        [r.into(), g.into(), b.into()]
    }

    /// The 16 colours of 640-dot graphics, as photographs of composite monitors show them: pattern, then whether
    /// red, green and blue are to be the strong (2), middle (1) or weak (0) gun.
    #[test]
    fn patterns_of_white_dots_are_colours() {
        for (nibble, [r, g, b]) in [
            (0b0001, [0, 2, 1]),
            (0b0010, [1, 0, 2]),
            (0b0011, [0, 1, 2]),
            (0b0100, [2, 0, 1]),
            (0b0110, [2, 0, 2]),
            (0b1000, [1, 2, 0]),
            (0b1001, [0, 2, 0]),
            (0b1100, [2, 1, 0]),
            (0b1101, [1, 2, 0]),
            (0b1110, [2, 0, 1]),
        ] {
            let pattern: Vec<u8> = (0..4).rev().map(|bit| 15 * (nibble >> bit & 1)).collect();
            let color = color_of(&pattern, 0);
            let guns = [(r, color[0]), (g, color[1]), (b, color[2])];
            for ((rank_a, a), (rank_b, b)) in guns.iter().flat_map(|a| guns.iter().map(move |b| (*a, *b))) {
                assert!(rank_a <= rank_b || a > b, "{nibble:04b}: {color:?}");
            }
        }
        assert_eq!(color_of(&[0, 15], 0), color_of(&[15, 0], 0), "both greys");
    }

    #[test]
    fn solid_colours_have_the_hue_of_their_name_at_any_phase() {
        for (signal, strong) in
            [(1, vec![2]), (2, vec![1]), (3, vec![1, 2]), (4, vec![0]), (5, vec![0, 2]), (6, vec![0, 1])]
        {
            let color = color_of(&[signal], 0);
            for gun in 0..3 {
                for other in (0..3).filter(|other| strong.contains(&gun) && !strong.contains(other)) {
                    assert!(color[gun] > color[other], "{signal}: {color:?}");
                }
            }
            // A line that begins later in the colour clock shows the same colour.
            let shifted = color_of(&[signal], 3);
            assert!((0..3).all(|gun| (color[gun] - shifted[gun]).abs() <= 2), "{color:?} {shifted:?}");
        }
    }

    #[test]
    fn black_white_and_greys() {
        assert_eq!(color_of(&[0], 0), [0, 0, 0]);
        assert_eq!(color_of(&[15], 0), [255, 255, 255]);
        let grey =
            |signal| color_of(&[signal], 1).iter().all(|&gun| (gun - color_of(&[signal], 1)[0]).abs() <= 1);
        assert!(grey(7) && grey(8));
        for dot in decoded(&[1, 2, 3, 4, 5, 6, 15, 0, 15, 0, 9], 0, false) {
            assert!(dot[0] == dot[1] && dot[1] == dot[2], "no burst, no colour");
        }
    }

    #[test]
    fn a_full_turn_of_tint_is_none() {
        for degrees in [-120i8, -45, 0, 30, 90, 127] {
            let (cos, sin) = turn(degrees);
            let angle = f64::from(degrees).to_radians();
            assert!((f64::from(cos) / 4096.0 - angle.cos()).abs() < 0.003, "{degrees}");
            assert!((f64::from(sin) / 4096.0 - angle.sin()).abs() < 0.003, "{degrees}");
        }
    }

    proptest! {
        #[test]
        fn any_line_at_any_setting(
            signals: Vec<u8>,
            (phase, burst, tint, saturation, contrast, smooth) in any::<(u8, bool, i8, u8, u8, bool)>(),
        ) {
            let mut out = vec![[0; 4]; signals.len()];
            decode(&signals, phase, burst, CompositeSettings { tint, saturation, contrast, smooth }, &mut out);
            prop_assert!(out.iter().all(|dot| dot[3] == 0xFF));
        }
    }
}
