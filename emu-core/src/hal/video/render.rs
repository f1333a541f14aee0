//! The software scan-out: what every pixel of a [`Frame`] is. Other back ends must match it.

use super::composite::{self, CompositeSettings};
use super::format::Rgb;
use super::frame::{CellRow, Frame, LineRun, LineStyle, PixelRows, Source};
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
}

/// A line's dots on their way to the screen.
#[derive(Default)]
struct LineBuffer {
    indices: Vec<u8>,
    /// The source's dots before they are placed.
    source: Vec<u8>,
}

impl Frame {
    /// Writes the picture as rows of RGBA bytes, width × height dots, to `out`, which is cleared first.
    pub fn render_rgba(&self, out: &mut Vec<u8>) {
        self.render(Display::Rgb, out);
    }

    /// Writes the picture as `display` shows it. See [`Self::render_rgba`].
    pub fn render(&self, display: Display, out: &mut Vec<u8>) {
        let width = usize::from(self.head().width.min(Self::MAX_SIDE));
        let height = usize::from(self.head().height.min(Self::MAX_SIDE));
        out.clear();
        let mut buffer = LineBuffer::default();
        for (top, run) in self.placed_runs() {
            let visible = height.saturating_sub(usize::from(top)).min(usize::from(run.lines));
            for line in 0..visible {
                self.render_line(run, line as u16, display, width, &mut buffer, out);
            }
        }
        let black = Rgb::BLACK.rgba();
        while out.len() < width * height * 4 {
            out.extend_from_slice(&black);
        }
    }

    fn render_line(
        &self,
        run: &LineRun,
        line: u16,
        display: Display,
        width: usize,
        buffer: &mut LineBuffer,
        out: &mut Vec<u8>,
    ) {
        let palette = self.palette(run.style.palette);
        if let Source::Pixels(rows) = &run.source
            && rows.style.format.is_direct()
        {
            return self.direct_line(&run.style, rows, line, width, out);
        }
        self.index_line(run, line, width, buffer);
        match (display, self.head().color_phase) {
            (Display::Composite(settings), Some(phase)) => {
                composite::decode(&buffer.indices, phase, run.style.burst, settings, out);
            }
            _ => out.extend(buffer.indices.iter().flat_map(|&index| color_of(palette, index).rgba())),
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
        for (dot, &index) in place.iter_mut().zip(shown) {
            *dot = index;
        }
    }

    /// Up to `wanted` dots of an indexed row.
    fn pixel_dots(&self, rows: &PixelRows, line: u16, wanted: usize, dots: &mut Vec<u8>) {
        let row = self.pixel_row(rows, line);
        let style = &rows.style;
        let repeat = usize::from(style.repeat.max(1));
        let pixels = (row.len() * 8 / style.format.bits()).min(wanted.div_ceil(repeat));
        let mapped = style.format.bits() <= 4;
        for x in 0..pixels {
            let value = style.format.get(row, x) as u8;
            let index = if mapped { style.map[usize::from(value & 15)] } else { value };
            dots.extend(std::iter::repeat_n(index, repeat));
        }
        dots.truncate(wanted);
    }

    /// Up to `wanted` dots of a row of cells.
    fn text_dots(&self, row: &CellRow, line: u16, wanted: usize, dots: &mut Vec<u8>) {
        let Some(font) = self.font(row.font) else { return };
        let cells = self.cells(row);
        dots.resize(wanted.min(cells.len() * row.style.cell_dots()), 0);
        let scan = (u16::from(row.first_scan) + line).min(255) as u8;
        row.style.draw_line(cells, font, scan, dots);
    }

    /// A line of direct colours; its border still comes from the palette.
    fn direct_line(&self, style: &LineStyle, rows: &PixelRows, line: u16, width: usize, out: &mut Vec<u8>) {
        let row = self.pixel_row(rows, line);
        let format = rows.style.format;
        let border = color_of(self.palette(style.palette), style.border);
        let repeat = usize::from(rows.style.repeat.max(1));
        let pixels = row.len() / format.row_bytes(1);
        for x in 0..width {
            let dot = x.checked_sub(style.left.into()).filter(|&dot| dot < usize::from(style.shown));
            let pixel =
                dot.map(|dot| (dot + usize::from(style.skipped)) / repeat).filter(|&pixel| pixel < pixels);
            let color = pixel.map_or(border, |pixel| format.to_rgb(format.get(row, pixel)));
            out.extend_from_slice(&color.rgba());
        }
    }
}

/// A palette's colour; black beyond its end.
fn color_of(palette: &[Rgb], index: u8) -> Rgb {
    palette.get(usize::from(index)).copied().unwrap_or(Rgb::BLACK)
}
