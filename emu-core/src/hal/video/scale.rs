//! From a picture's dots to the pixels of a window: the last step to the screen, and the law for it.
//!
//! Either axis is a table: for each pixel the first dot that it is made of, and how much of it and of those after it.
//! Who draws by the tables (this module, or a shader that is given them) draws the same. Weights are in 1/256, and
//! are applied to the colours as they are stored, across first, rounded, then down.
//!
//! [`Filter::Tube`] is a sketch of a colour tube: the beam's soft dots, dark gaps between the lines, and the stripes
//! of the mask. Not modelled: the tube's curvature, glow around bright dots, and the slot mask's rows.

use super::frame::Frame;
use serde::{Deserialize, Serialize};

/// How a picture is enlarged or reduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Dots with hard edges; a pixel on an edge is a mixture, so that all dots come out equally wide.
    #[default]
    Sharp,
    /// A colour tube.
    Tube(TubeSettings),
}

/// The knobs of [`Filter::Tube`], in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TubeSettings {
    /// How much darker the gaps between lines are, where there are pixels enough to show them.
    pub gap: u8,
    /// How much of the other two guns each stripe of the mask takes away.
    pub mask: u8,
    /// What makes up for both.
    pub brightness: u8,
}

impl Default for TubeSettings {
    fn default() -> Self {
        Self { gap: 55, mask: 20, brightness: 165 }
    }
}

/// One whole.
const ONE: u32 = 256;

/// The tables that turn a picture into one of another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaler {
    pub across: Axis,
    pub down: Axis,
    /// For pixels at 3n, 3n + 1, 3n + 2 of a row: the gain of each gun, in 1/256.
    pub gains: [[u16; 3]; 3],
}

/// Of which dots each pixel along an axis is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Weights that each pixel has; at least 1.
    pub taps: usize,
    /// For each pixel its first dot. That dot and the `taps` − 1 after it exist.
    pub first: Vec<u16>,
    /// `taps` for each pixel, in 1/256. They add up to no more than 256.
    pub weights: Vec<u16>,
}

impl Scaler {
    /// The most pixels of a side.
    pub const MAX_SIDE: u16 = 8192;

    /// From `from` dots (width, height) to `to` pixels; each side counts as at least 1, and is cut to what a frame
    /// ([`Frame::MAX_SIDE`]) or a window ([`Self::MAX_SIDE`]) may have.
    pub fn new(from: (u16, u16), to: (u16, u16), filter: Filter) -> Self {
        let [width, height] = [from.0, from.1].map(|side| side.clamp(1, Frame::MAX_SIDE));
        let (columns, rows) = (to.0.clamp(1, Self::MAX_SIDE), to.1.clamp(1, Self::MAX_SIDE));
        match filter {
            Filter::Sharp => Self {
                across: Axis::covering(width, columns),
                down: Axis::covering(height, rows),
                gains: [[ONE as u16; 3]; 3],
            },
            Filter::Tube(settings) => Self {
                across: Axis::beam(width, columns, 0),
                down: Axis::beam(height, rows, visible_gap(settings.gap, height, rows)),
                gains: settings.gains(),
            },
        }
    }

    /// The size that it makes, in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.across.first.len(), self.down.first.len())
    }

    /// Writes the picture `dots`, rows of RGBA bytes `width` dots wide, in the new size to `out`, in place of what
    /// was there. Dots that are missing are black.
    pub fn scale(&self, dots: &[u8], width: usize, out: &mut Vec<u8>) {
        let (columns, rows) = self.size();
        out.clear();
        out.resize(columns * rows * 4, 0);
        let mut lines = Lines::default();
        let mut last = None;
        for row in 0..rows {
            let (first, weights) = self.down.at(row);
            let start = row * columns * 4;
            if last == Some((first, weights)) {
                // Rows of one line look alike.
                out.copy_within(start - columns * 4..start, start);
                continue;
            }
            last = Some((first, weights));
            for (tap, line) in (first..).take(weights.len()).enumerate() {
                lines.load(tap, line, |stretched| self.stretch(dots, width, line, stretched));
            }
            self.blend(&lines, weights, &mut out[start..start + columns * 4]);
        }
    }

    /// A line in the new width.
    fn stretch(&self, dots: &[u8], width: usize, line: u16, out: &mut Vec<u8>) {
        let row = dots.get(usize::from(line) * width * 4..).unwrap_or(&[]);
        let row = row.as_chunks::<4>().0;
        let row = &row[..row.len().min(width)];
        let dot = |at: usize| row.get(at).copied().unwrap_or_default();
        out.clear();
        for column in 0..self.across.first.len() {
            let (first, weights) = self.across.at(column);
            let first = usize::from(first);
            if weights[0] == ONE as u16 {
                let [r, g, b, _] = dot(first);
                out.extend([r, g, b, 0xFF]);
                continue;
            }
            let mut sums = [ONE / 2; 3];
            for (tap, &weight) in weights.iter().enumerate() {
                let dot = dot(first + tap);
                (0..3).for_each(|gun| sums[gun] += u32::from(dot[gun]) * u32::from(weight));
            }
            let [r, g, b] = sums.map(|sum| (sum >> 8) as u8);
            out.extend([r, g, b, 0xFF]);
        }
    }

    /// A row of pixels from the stretched lines.
    fn blend(&self, lines: &Lines, weights: &[u16], out: &mut [u8]) {
        let plain = self.gains == [[ONE as u16; 3]; 3];
        if plain && weights[0] == ONE as u16 {
            out.copy_from_slice(&lines.stretched[0].1);
            return;
        }
        let mut sums = vec![ONE / 2; out.len()];
        for (tap, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let line = &lines.stretched[tap].1;
            sums.iter_mut().zip(line).for_each(|(sum, gun)| *sum += u32::from(*gun) * u32::from(weight));
        }
        for (column, (out, sums)) in
            out.as_chunks_mut::<4>().0.iter_mut().zip(sums.as_chunks::<4>().0).enumerate()
        {
            let gains = &self.gains[column % 3];
            let gun = |gun: usize| (((sums[gun] >> 8) * u32::from(gains[gun]) + ONE / 2) >> 8).min(255) as u8;
            *out = [gun(0), gun(1), gun(2), 0xFF];
        }
    }
}

/// The stretched lines that the taps of a row need, by tap.
#[derive(Default)]
struct Lines {
    stretched: Vec<(Option<u16>, Vec<u8>)>,
}

impl Lines {
    /// Has `line` stretched to the place of `tap`, unless it is there or at another tap.
    fn load(&mut self, tap: usize, line: u16, stretch: impl FnOnce(&mut Vec<u8>)) {
        if self.stretched.len() <= tap {
            self.stretched.resize_with(tap + 1, Default::default);
        }
        if let Some(at) = self.stretched[tap..].iter().position(|(known, _)| *known == Some(line)) {
            self.stretched.swap(tap, tap + at);
            return;
        }
        self.stretched[tap].0 = Some(line);
        stretch(&mut self.stretched[tap].1);
    }
}

impl Axis {
    /// The first dot and the weights of a pixel.
    pub fn at(&self, pixel: usize) -> (u16, &[u16]) {
        (self.first[pixel], &self.weights[pixel * self.taps..(pixel + 1) * self.taps])
    }

    /// Each pixel is a mixture of the dots that it covers, by how much of it each fills.
    fn covering(dots: u16, pixels: u16) -> Self {
        let (dots, pixels) = (u32::from(dots), u32::from(pixels));
        // In units of which a pixel covers `dots` and a dot `pixels`.
        let taps = ((dots - 1) / pixels + 2).min(dots);
        let mut axis = Self::with_taps(taps);
        for pixel in 0..pixels {
            let start = pixel * dots;
            let first = (start / pixels).min(dots - taps);
            let share = |unit: u32| ((unit.clamp(start, start + dots) - start) * ONE + dots / 2) / dots;
            let weight = |dot: u32| share((dot + 1) * pixels) - share(dot * pixels);
            axis.push(first, (first..first + taps).map(weight));
        }
        axis
    }

    /// Each pixel takes the beam's light at its centre: of the dots on either side of it, by an S-shaped curve, and
    /// less of it by `gap` of 256 in the middle between them.
    fn beam(dots: u16, pixels: u16, gap: u32) -> Self {
        let (dots, pixels) = (u32::from(dots), u32::from(pixels));
        let taps = dots.min(2);
        let mut axis = Self::with_taps(taps);
        for pixel in 0..pixels {
            // The centre in 1/256 dot from the middle of dot −1 on, so that it is never negative.
            let units = (2 * pixel + 1) * dots;
            let centre = units / (2 * pixels) * ONE + units % (2 * pixels) * (ONE / 2) / pixels + ONE / 2;
            let (left, way) = (centre / ONE, centre % ONE);
            let right_share = (way * way * (3 * ONE - 2 * way)) >> 16;
            let light = ONE - ((gap * 4 * way * (ONE - way)) >> 16);
            // Beyond the edges the outermost dots go on.
            let [left, right] = [left, left + 1].map(|dot| dot.clamp(1, dots) - 1);
            let share = |dot: u32, of: u32, share: u32| if dot == of { share } else { 0 };
            let weight = |dot: u32| {
                (share(dot, left, ONE - right_share) + share(dot, right, right_share)) * light / ONE
            };
            let first = left.min(dots - taps);
            axis.push(first, (first..first + taps).map(weight));
        }
        axis
    }

    fn with_taps(taps: u32) -> Self {
        Self { taps: taps as usize, first: Vec::new(), weights: Vec::new() }
    }

    fn push(&mut self, first: u32, weights: impl Iterator<Item = u32>) {
        self.first.push(first as u16);
        self.weights.extend(weights.map(|weight| weight as u16));
    }
}

/// The gap between lines in 1/256: less of it, or none, where a line has fewer than three pixels.
fn visible_gap(percent: u8, lines: u16, rows: u16) -> u32 {
    let pixels = u32::from(rows) * ONE / u32::from(lines);
    let strength = (pixels.saturating_sub(ONE) / 2).min(ONE);
    u32::from(percent.min(100)) * strength / 100
}

impl TubeSettings {
    fn gains(self) -> [[u16; 3]; 3] {
        let own = u32::from(self.brightness) * ONE / 100;
        let other = own * u32::from(100 - self.mask.min(100)) / 100;
        std::array::from_fn(|stripe| {
            std::array::from_fn(|gun| if gun == stripe { own } else { other } as u16)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scaled(dots: &[u32], width: usize, to: (u16, u16), filter: Filter) -> Vec<u32> {
        let bytes: Vec<u8> = dots.iter().flat_map(|dot| (dot << 8 | 0xFF).to_be_bytes()).collect();
        let height = dots.len() / width;
        let scaler = Scaler::new((width as u16, height as u16), to, filter);
        let mut out = Vec::new();
        scaler.scale(&bytes, width, &mut out);
        out.as_chunks::<4>().0.iter().map(|dot| u32::from_be_bytes(*dot) >> 8).collect()
    }

    #[test]
    fn whole_steps_keep_every_dot() {
        let dots = [0xFF_0000, 0x00_00FF, 0x12_3456, 0x00_FF00];
        assert_eq!(scaled(&dots, 2, (2, 2), Filter::Sharp), dots);
        let twice = scaled(&dots, 2, (4, 6), Filter::Sharp);
        assert_eq!(twice[..4], [0xFF_0000, 0xFF_0000, 0x00_00FF, 0x00_00FF]);
        assert_eq!(twice[8..12], twice[..4]);
        assert_eq!(twice[12..16], [0x12_3456, 0x12_3456, 0x00_FF00, 0x00_FF00]);
    }

    #[test]
    fn a_pixel_on_an_edge_is_a_mixture() {
        assert_eq!(scaled(&[0, 0xFF_FFFF], 2, (3, 1), Filter::Sharp), [0, 0x80_8080, 0xFF_FFFF]);
        assert_eq!(scaled(&[0, 0xFF_FFFF, 0xFF_FFFF, 0], 4, (1, 1), Filter::Sharp), [0x80_8080]);
    }

    #[test]
    fn a_tube_has_gaps_and_stripes() {
        let tube = Filter::Tube(TubeSettings { gap: 80, mask: 50, brightness: 100 });
        let column: Vec<_> = scaled(&[0x80_8080; 3], 1, (1, 12), tube).iter().map(|dot| dot >> 16).collect();
        assert!(column[5] > column[3] && column[6] > column[8], "{column:?}");
        let row = scaled(&[0x80_8080], 1, (3, 1), tube);
        assert!(row[0] >> 16 > row[1] >> 16 && row[2] & 0xFF > row[1] & 0xFF, "{row:x?}");
    }

    #[test]
    fn sizes_without_sense_do_no_harm() {
        for (from, to, width) in [((0, 0), (7, 0), 0), ((u16::MAX, 3), (2, 5), 9), ((3, 9), (70, 1), 1000)] {
            let mut out = Vec::new();
            Scaler::new(from, to, Filter::default()).scale(&[1, 2, 3, 4, 5], width, &mut out);
            assert_eq!(out.len(), usize::from(to.0) * usize::from(to.1.max(1)) * 4);
        }
    }

    proptest! {
        #[test]
        fn any_size_to_any_size(
            (width, height) in (1u16..60, 1u16..40),
            to in (1u16..200, 1u16..150),
            gap in 0u8..120,
            is_sharp: bool,
        ) {
            let filter = if is_sharp {
                Filter::Sharp
            } else {
                Filter::Tube(TubeSettings { gap, mask: 0, brightness: 100 })
            };
            let scaler = Scaler::new((width, height), to, filter);
            for (axis, dots) in [(&scaler.across, width), (&scaler.down, height)] {
                for pixel in 0..axis.first.len() {
                    let (first, weights) = axis.at(pixel);
                    prop_assert!(usize::from(first) + weights.len() <= usize::from(dots));
                    let sum: u16 = weights.iter().sum();
                    let is_whole = sum == 256;
                    prop_assert!(is_whole || sum < 256 && !is_sharp);
                }
            }
            let grey = vec![100; usize::from(width) * usize::from(height) * 4];
            let mut out = Vec::new();
            scaler.scale(&grey, width.into(), &mut out);
            prop_assert_eq!(out.len(), usize::from(to.0) * usize::from(to.1) * 4);
            prop_assert!(!is_sharp || out.as_chunks::<4>().0.iter().all(|dot| *dot == [100, 100, 100, 255]));
        }
    }
}
