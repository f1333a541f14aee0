//! What the cards hand over for the lines of a picture: runs of a frame, or the dots of one line in which a register
//! changed; and what their text modes have in common.

use crate::chips::mc6845::{Mc6845, reg};
use emu_core::hal::video::{Cell, Cursor, Font, FontId, Frame, LineStyle, PaletteId, PixelStyle, TextStyle};

/// The cursor in the 6845's row, lit or not. The 6845 may blink it; besides, the cards let it through for 8 fields
/// of 16. A cursor that begins below the last scan line never does.
pub(super) fn cursor(crtc: &Mc6845) -> Option<Cursor> {
    let (start, end) = crtc.cursor_shape();
    let hidden = crtc.register(reg::CURSOR_START) & 0x60 == 0x20 || start >= cell_height(crtc);
    let column = crtc.cursor_column().filter(|_| !hidden)?;
    let lit = crtc.cursor_lit() && crtc.fields() & 8 == 0;
    Some(Cursor { column, lines: Cursor::lines_between(start, end, cell_height(crtc)), lit })
}

/// Whether blinking characters are in the dark half of their 32 fields.
pub(super) fn blink_hidden(crtc: &Mc6845) -> bool {
    crtc.fields() & 16 != 0
}

/// Scan lines of a row.
pub(super) fn cell_height(crtc: &Mc6845) -> u8 {
    crtc.register(reg::MAX_SCAN_LINE) + 1
}

/// The cells of the 6845's row, from a memory of character and attribute bytes.
pub(super) fn cells<'a>(crtc: &Mc6845, memory: &'a [u8]) -> impl ExactSizeIterator<Item = Cell> + 'a {
    let start = usize::from(crtc.line_start());
    (0..crtc.columns_displayed()).map(move |column| {
        let at = (start + usize::from(column)) * 2 % memory.len();
        Cell { glyph: memory[at].into(), attribute: memory[at + 1] }
    })
}

/// Some lines that wait for what they show.
pub(super) struct Lines<'a> {
    pub target: Target<'a>,
    /// Where on the tube the first character is; may lie to the left of it.
    pub left: i32,
    /// Dots of the tube.
    pub width: u16,
    /// The scan line of the row that the first of them shows.
    pub scan: u8,
    pub font: &'a Font,
}

/// Where lines are put down.
pub(super) enum Target<'a> {
    Frame {
        frame: &'a mut Frame,
        palette: PaletteId,
        font: FontId,
        lines: u16,
    },
    /// One line's dots.
    Dots {
        dots: &'a mut [u8],
        burst: &'a mut bool,
    },
}

/// What lines have whatever they show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surround {
    /// Palette index.
    pub border: u8,
    /// Whether there is a colour burst.
    pub burst: bool,
}

impl Lines<'_> {
    /// Nothing but border, on all of them.
    pub fn blank(&mut self, surround: Surround) {
        match &mut self.target {
            Target::Frame { frame, palette, lines, .. } => {
                let line =
                    LineStyle { burst: surround.burst, ..LineStyle::new(*palette, surround.border, 0, 0) };
                frame.push_solid(*lines, line);
            }
            Target::Dots { dots, burst } => {
                dots.fill(surround.border);
                **burst = surround.burst;
            }
        }
    }

    /// A row of cells, on all of them.
    pub fn text(&mut self, surround: Surround, style: TextStyle, cells: impl ExactSizeIterator<Item = Cell>) {
        let shown = cells.len() * style.cell_dots();
        match &mut self.target {
            Target::Frame { frame, palette, font, lines } => {
                let line = line_style(*palette, surround, self.left, self.width, shown);
                frame.push_text(*lines, line, style, *font, self.scan, cells);
            }
            Target::Dots { dots, burst } => {
                let mut source = vec![surround.border; shown];
                let cells: Vec<Cell> = cells.collect();
                style.draw_line(&cells, self.font, self.scan, &mut source);
                place_dots(dots, surround.border, self.left, &source);
                **burst = surround.burst;
            }
        }
    }

    /// Packed pixels of up to 4 bits: for each line, what `row` gives for its scan line.
    pub fn pixels<R: ExactSizeIterator<Item = u8>>(
        &mut self,
        surround: Surround,
        style: PixelStyle,
        row: impl Fn(u8) -> R,
    ) {
        let shown = |row: &R| row.len() * 8 / style.format.bits() * usize::from(style.repeat);
        match &mut self.target {
            Target::Frame { frame, palette, lines, .. } => {
                for line in 0..*lines {
                    let row = row(self.scan.saturating_add(line as u8));
                    let line = line_style(*palette, surround, self.left, self.width, shown(&row));
                    frame.push_pixels(line, style, row);
                }
            }
            Target::Dots { dots, burst } => {
                let row = row(self.scan);
                let shown = shown(&row);
                let row: Vec<u8> = row.collect();
                let value = |dot: usize| style.format.get(&row, dot / usize::from(style.repeat));
                let source: Vec<u8> = (0..shown).map(|dot| style.map[value(dot) as usize & 15]).collect();
                place_dots(dots, surround.border, self.left, &source);
                **burst = surround.burst;
            }
        }
    }
}

fn line_style(palette: PaletteId, surround: Surround, left: i32, width: u16, shown: usize) -> LineStyle {
    let skipped = left.min(0).unsigned_abs() as usize;
    let left = left.clamp(0, width.into()) as u16;
    let shown = shown.saturating_sub(skipped).min((width - left).into());
    LineStyle {
        palette,
        border: surround.border,
        left,
        shown: shown as u16,
        skipped: skipped as u16,
        burst: surround.burst,
    }
}

fn place_dots(dots: &mut [u8], border: u8, left: i32, source: &[u8]) {
    for (x, dot) in dots.iter_mut().enumerate() {
        let at = usize::try_from(x as i32 - left).ok();
        *dot = at.and_then(|at| source.get(at)).copied().unwrap_or(border);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chips::mc6845::Variant;

    #[test]
    fn shapes_of_the_cursor() {
        // R10, R11, the scan lines of eight that are covered
        for (start, end, lines) in [
            (6, 7, Some(0b1100_0000)),
            (0, 31, Some(0b1111_1111)),
            (6, 1, Some(0b1100_0011)),
            (8, 0, None),
            (15, 15, None),
            (0x26, 7, None),
        ] {
            let mut crtc = Mc6845::new(Variant::Mc6845);
            for (at, value) in [(0, 113), (1, 80), (9, 7), (10, start), (11, end)] {
                crtc.write_address(at);
                crtc.write_data(value);
            }
            assert_eq!(cursor(&crtc).map(|cursor| cursor.lines), lines, "{start}, {end}");
        }
    }
}
