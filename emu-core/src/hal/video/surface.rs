//! Surfaces: pixels in memory that commands draw on and a guest may read back.

use super::format::{PixelFormat, Rgb};
use super::frame::Rect;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A picture in memory, with the palette that gives its indices a colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surface {
    format: PixelFormat,
    width: u16,
    height: u16,
    /// Bytes from a row to the next.
    pitch: u32,
    data: Vec<u8>,
    palette: Vec<Rgb>,
    /// The rows changed since [`Surface::take_dirty`].
    dirty: Option<(u16, u16)>,
}

impl Surface {
    /// The most pixels of a row, and the most rows.
    pub const MAX_SIDE: u16 = 4096;

    /// A surface of zeroes. Rows begin at whole multiples of four bytes. Sides beyond [`Self::MAX_SIDE`] are cut.
    pub fn new(format: PixelFormat, width: u16, height: u16) -> Self {
        let (width, height) = (width.min(Self::MAX_SIDE), height.min(Self::MAX_SIDE));
        let pitch = Self::pitch_of(format, width);
        let palette = if format.is_indexed() { vec![Rgb::BLACK; 256] } else { Vec::new() };
        Self {
            format,
            width,
            height,
            pitch,
            data: vec![0; pitch as usize * usize::from(height)],
            palette,
            dirty: None,
        }
    }

    fn pitch_of(format: PixelFormat, width: u16) -> u32 {
        format.row_bytes(width.into()).next_multiple_of(4) as u32
    }

    /// Bytes that a surface of this format and size takes.
    pub fn bytes_of(format: PixelFormat, width: u16, height: u16) -> usize {
        Self::pitch_of(format, width) as usize * usize::from(height)
    }

    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    pub const fn width(&self) -> u16 {
        self.width
    }

    pub const fn height(&self) -> u16 {
        self.height
    }

    /// Bytes from a row to the next.
    pub const fn pitch(&self) -> u32 {
        self.pitch
    }

    /// The colours of the indices; empty for formats that have none.
    pub fn palette(&self) -> &[Rgb] {
        &self.palette
    }

    /// Changes colours of the palette from index `first` on.
    pub fn set_palette(&mut self, first: u8, colors: &[Rgb]) {
        let range = self.palette.iter_mut().skip(first.into());
        range.zip(colors).for_each(|(old, new)| *old = *new);
    }

    /// A row's pixels; none beyond the last row.
    pub fn row(&self, y: u16) -> &[u8] {
        self.data.get(self.row_range(y)).unwrap_or(&[])
    }

    /// Gives the rows `rows` for writing, until the lock is dropped. They count as changed.
    pub fn lock(&mut self, rows: Range<u16>) -> SurfaceLock<'_> {
        let rows = rows.start.min(self.height)..rows.end.min(self.height);
        if rows.start < rows.end {
            self.mark_dirty(rows.start, rows.end);
        }
        SurfaceLock { surface: self, rows }
    }

    /// The rows changed since the last call, as one range.
    pub fn take_dirty(&mut self) -> Option<Range<u16>> {
        self.dirty.take().map(|(start, end)| start..end)
    }

    /// The pixel at (`x`, `y`); none outside.
    pub fn get(&self, x: i32, y: i32) -> Option<u32> {
        let (x, y) = self.inside(x, y)?;
        Some(self.format.get(self.row(y), x))
    }

    /// Sets the pixel at (`x`, `y`); nothing happens outside.
    pub fn put(&mut self, x: i32, y: i32, value: u32) {
        let Some((x, y)) = self.inside(x, y) else { return };
        self.mark_dirty(y, y + 1);
        let range = self.row_range(y);
        if let Some(row) = self.data.get_mut(range) {
            self.format.put(row, x, value);
        }
    }

    /// The colour that a pixel value of this surface shows.
    pub fn color(&self, value: u32) -> Rgb {
        if self.format.is_indexed() {
            return self.palette.get(value as usize).copied().unwrap_or(Rgb::BLACK);
        }
        self.format.to_rgb(value)
    }

    /// The pixels of an area, each row packed from its first pixel and filled up to a whole byte: what a guest reads
    /// back. The area is cut to the surface.
    pub fn read(&self, area: Rect) -> Vec<u8> {
        let left = area.left.min(self.width);
        let width = area.width.min(self.width - left);
        let rows = area.top.min(self.height)..area.top.saturating_add(area.height).min(self.height);
        let row_bytes = self.format.row_bytes(width.into());
        let mut out = vec![0; row_bytes * rows.len()];
        if row_bytes > 0 {
            for (y, packed) in rows.zip(out.chunks_mut(row_bytes)) {
                for x in 0..usize::from(width) {
                    self.format.put(packed, x, self.format.get(self.row(y), usize::from(left) + x));
                }
            }
        }
        out
    }

    /// The whole surface as RGBA bytes, row after row.
    pub fn to_rgba(&self) -> Vec<u8> {
        let pixels = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        pixels.flat_map(|(x, y)| self.color(self.format.get(self.row(y), x.into())).rgba()).collect()
    }

    fn inside(&self, x: i32, y: i32) -> Option<(usize, u16)> {
        let (x, y) = (u16::try_from(x).ok()?, u16::try_from(y).ok()?);
        (x < self.width && y < self.height).then_some((x.into(), y))
    }

    fn row_range(&self, y: u16) -> Range<usize> {
        let start = usize::from(y) * self.pitch as usize;
        start..start + self.pitch as usize
    }

    fn mark_dirty(&mut self, start: u16, end: u16) {
        let (old_start, old_end) = self.dirty.unwrap_or((start, end));
        self.dirty = Some((start.min(old_start), end.max(old_end)));
    }
}

/// Rows of a surface held for writing.
pub struct SurfaceLock<'a> {
    surface: &'a mut Surface,
    rows: Range<u16>,
}

impl SurfaceLock<'_> {
    /// The rows that are held.
    pub fn rows(&self) -> Range<u16> {
        self.rows.clone()
    }

    /// A row's bytes; none outside of the locked rows.
    pub fn row_mut(&mut self, y: u16) -> &mut [u8] {
        if !self.rows.contains(&y) {
            return &mut [];
        }
        let range = self.surface.row_range(y);
        self.surface.data.get_mut(range).unwrap_or(&mut [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_marks_its_rows() {
        let mut surface = Surface::new(PixelFormat::I8, 5, 4);
        assert_eq!(surface.pitch(), 8);
        assert_eq!(surface.take_dirty(), None);
        surface.lock(1..2).row_mut(1)[4] = 9;
        surface.put(0, 3, 7);
        surface.put(5, 3, 7);
        assert!(surface.lock(1..2).row_mut(2).is_empty());
        assert_eq!(surface.take_dirty(), Some(1..4));
        assert_eq!(surface.take_dirty(), None);
        assert_eq!(surface.get(4, 1), Some(9));
        assert_eq!(surface.lock(9..12).rows(), 4..4);
    }

    #[test]
    fn reading_back_packs_from_the_area_s_left_edge() {
        let mut surface = Surface::new(PixelFormat::I1, 10, 2);
        surface.lock(0..2).row_mut(1).copy_from_slice(&[0b0110_0000, 0b0100_0000, 0, 0]);
        assert_eq!(surface.read(Rect { left: 2, top: 1, width: 99, height: 99 }), [0b1000_0001]);
        assert_eq!(surface.read(Rect { left: 10, top: 0, width: 1, height: 1 }), [0u8; 0]);
    }

    #[test]
    fn indices_have_the_palette_s_colours() {
        let mut surface = Surface::new(PixelFormat::I4, 2, 1);
        surface.set_palette(15, &[Rgb::hex(0x10_2030)]);
        surface.put(1, 0, 15);
        assert_eq!(surface.to_rgba(), [0, 0, 0, 255, 0x10, 0x20, 0x30, 255]);
    }
}
