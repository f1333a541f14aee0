//! The software scan-out: what every pixel of a [`Frame`] is. Other back ends must match it.

use super::composite::{self, CompositeSettings};
use super::format::Rgb;
use super::frame::{CellRow, Frame, LineRun, LineStyle, PaletteId, PixelRows, PixelStyle, Source};
use super::monitor::Phosphor;
use serde::{Deserialize, Serialize};

/// What the card's signal is shown on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Display {
    /// A monitor that shows the palette's colours.
    #[default]
    Rgb,
    /// A composite monitor, for frames that say at which colour clock phase their dots leave; their palette
    /// indices are then RGBI signals. Other frames are shown as on [`Display::Rgb`].
    Composite(CompositeSettings),
    /// A monochrome monitor.
    Mono(Phosphor),
}

/// A line's dots on their way to the screen.
#[derive(Default)]
struct LineBuffer {
    indices: Vec<u8>,
    /// The source's dots before they are placed.
    source: Vec<u8>,
}

/// The RGBA bytes of each palette index; black beyond the palette's end.
type Colors = [[u8; 4]; 256];

impl Frame {
    /// Writes the picture as rows of RGBA bytes, width × height dots, to `out`, in place of what was there.
    pub fn render_rgba(&self, out: &mut Vec<u8>) {
        self.render(Display::Rgb, out);
    }

    /// Writes the picture as `display` shows it. See [`Self::render_rgba`].
    pub fn render(&self, display: Display, out: &mut Vec<u8>) {
        let width = usize::from(self.head().width.min(Self::MAX_SIDE));
        let height = usize::from(self.head().height.min(Self::MAX_SIDE));
        out.resize(width * height * 4, 0);
        let mut lines = out.as_chunks_mut::<4>().0.chunks_exact_mut(width.max(1));
        let mut buffer = LineBuffer::default();
        for run in self.runs() {
            let colors = self.colors_of(run.style.palette);
            for (line, out) in (0..run.lines).zip(&mut lines) {
                self.render_line(run, line, display, &colors, &mut buffer, out);
                if let Display::Mono(phosphor) = display {
                    out.iter_mut().for_each(|dot| *dot = glow(phosphor, *dot));
                }
            }
        }
        lines.for_each(|line| line.fill(Rgb::BLACK.rgba()));
    }

    fn colors_of(&self, palette: PaletteId) -> Colors {
        let mut colors = [Rgb::BLACK.rgba(); 256];
        colors.iter_mut().zip(self.palette(palette)).for_each(|(rgba, color)| *rgba = color.rgba());
        colors
    }

    fn render_line(
        &self,
        run: &LineRun,
        line: u16,
        display: Display,
        colors: &Colors,
        buffer: &mut LineBuffer,
        out: &mut [[u8; 4]],
    ) {
        if let Source::Pixels(rows) = &run.source
            && rows.style.format.is_direct()
        {
            return self.direct_line(&run.style, rows, line, colors, out);
        }
        self.index_line(run, line, out.len(), buffer);
        match (display, self.head().color_phase) {
            (Display::Composite(settings), Some(phase)) => {
                composite::decode(&buffer.indices, phase, run.style.burst, settings, out);
            }
            _ => {
                for (dot, &index) in out.iter_mut().zip(&buffer.indices) {
                    *dot = colors[usize::from(index)];
                }
            }
        }
    }

    /// The palette index of each dot of a line.
    fn index_line(&self, run: &LineRun, line: u16, width: usize, buffer: &mut LineBuffer) {
        let LineBuffer { indices, source } = buffer;
        indices.clear();
        indices.resize(width, run.style.border);
        source.clear();
        let wanted = usize::from(run.style.skipped) + usize::from(run.style.shown);
        match &run.source {
            Source::Solid => return,
            Source::Pixels(rows) => self.pixel_dots(rows, line, wanted, source),
            Source::Text(row) => self.text_dots(row, line, wanted, source),
        }
        let shown = source.get(usize::from(run.style.skipped)..).unwrap_or(&[]);
        let place = indices.get_mut(usize::from(run.style.left)..).unwrap_or(&mut []);
        let count = place.len().min(shown.len());
        place[..count].copy_from_slice(&shown[..count]);
    }

    /// Up to `wanted` dots of an indexed row.
    fn pixel_dots(&self, rows: &PixelRows, line: u16, wanted: usize, dots: &mut Vec<u8>) {
        let (row, style) = (self.pixel_row(rows, line), &rows.style);
        if !style.format.is_indexed() {
            return;
        }
        let repeat = usize::from(style.repeat.max(1));
        let pixels = (row.len() * 8 / style.format.bits()).min(wanted.div_ceil(repeat));
        dots.resize(pixels * repeat, 0);
        match repeat {
            1 => spread(row, style, dots.as_chunks_mut::<1>().0.iter_mut()),
            2 => spread(row, style, dots.as_chunks_mut::<2>().0.iter_mut()),
            _ => spread(row, style, dots.chunks_mut(repeat)),
        }
        dots.truncate(wanted);
    }

    /// Up to `wanted` dots of a row of cells.
    fn text_dots(&self, row: &CellRow, line: u16, wanted: usize, dots: &mut Vec<u8>) {
        let Some(font) = self.font(row.font) else { return };
        let cells = self.cells(row);
        dots.resize(wanted.min(cells.len() * row.style.cell_dots()), 0);
        let scan = u16::from(row.first_scan).saturating_add(line).min(255) as u8;
        row.style.draw_line(cells, font, scan, dots);
    }

    /// A line of direct colours; its border still comes from the palette.
    fn direct_line(
        &self,
        style: &LineStyle,
        rows: &PixelRows,
        line: u16,
        colors: &Colors,
        out: &mut [[u8; 4]],
    ) {
        let row = self.pixel_row(rows, line);
        let format = rows.style.format;
        let repeat = usize::from(rows.style.repeat.max(1));
        let pixels = row.len() / format.row_bytes(1);
        out.fill(colors[usize::from(style.border)]);
        let place = out.get_mut(usize::from(style.left)..).unwrap_or(&mut []);
        for (dot, out) in place.iter_mut().take(style.shown.into()).enumerate() {
            let pixel = (dot + usize::from(style.skipped)) / repeat;
            if pixel < pixels {
                *out = format.to_rgb(format.get(row, pixel)).rgba();
            }
        }
    }
}

fn glow(phosphor: Phosphor, [r, g, b, _]: [u8; 4]) -> [u8; 4] {
    phosphor.glow(Rgb { r, g, b }).rgba()
}

/// The dots of one pixel.
trait Dots {
    fn set(&mut self, index: u8);
}

impl Dots for &mut [u8] {
    fn set(&mut self, index: u8) {
        self.fill(index);
    }
}

/// A known number of dots needs no loop.
impl<const N: usize> Dots for &mut [u8; N] {
    fn set(&mut self, index: u8) {
        **self = [index; N];
    }
}

/// Unpacks as many pixels of an indexed row as there are places for.
fn spread(row: &[u8], style: &PixelStyle, mut places: impl Iterator<Item = impl Dots>) {
    let bits = style.format.bits();
    for &byte in row {
        for pixel in 0..8 / bits {
            let Some(mut dots) = places.next() else { return };
            let value = byte << (pixel * bits) >> (8 - bits);
            dots.set(if bits <= 4 { style.map[usize::from(value)] } else { value });
        }
    }
}
