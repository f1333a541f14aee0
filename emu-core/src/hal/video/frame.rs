//! Scan-out: the picture that a card hands over, as runs of lines with what the beam drew them from.
//!
//! A card fills a [`Frame`] from top to bottom while its beam passes, line by line or in larger pieces; equal
//! neighbours melt into one run. The frame owns copies of the rows, cells, palettes and fonts of that moment, so a
//! palette or start address changed in mid-frame, a split screen and a text mode all survive to whoever draws it.
//! What a frame looks like is defined by [`Frame::render`](super::render).
//!
//! Not modelled yet: sprites and overlays above the runs, interlaced fields.

use super::format::{PixelFormat, Rgb};
use super::text::{Cell, Font, TextStyle};
use crate::time::Tick;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is true of a whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameHead {
    /// Counts the output's frames.
    pub number: u64,
    /// When the frame was complete.
    pub at: Tick,
    /// Guest dots of a line and lines, border included; at most [`Frame::MAX_SIDE`].
    pub width: u16,
    pub height: u16,
    /// The part within the border. A picture may leave it when the guest moves its timings in mid-frame.
    pub active: Rect,
    /// Width to height of a guest dot on the tube: (5, 12) for 640 × 200 on a 4:3 screen.
    pub pixel_aspect: (u16, u16),
    /// Set when the dots leave at four times the NTSC colour clock (14.318 MHz), so that a composite monitor can
    /// show them: the quarter of the colour clock in which the first dot of each line lies, 0–3.
    pub color_phase: Option<u8>,
}

/// An area in dots and lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rect {
    pub left: u16,
    pub top: u16,
    pub width: u16,
    pub height: u16,
}

impl FrameHead {
    /// The head of a frame without border.
    pub const fn of_size(width: u16, height: u16, pixel_aspect: (u16, u16)) -> Self {
        let active = Rect { left: 0, top: 0, width, height };
        Self { number: 0, at: Tick(0), width, height, active, pixel_aspect, color_phase: None }
    }
}

/// Names a palette of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PaletteId(pub(super) u16);

/// Names a font of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FontId(pub(super) u16);

impl PaletteId {
    /// The palette's place among [`FrameParts::palettes`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl FontId {
    /// The font's place among [`FrameParts::fonts`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All that a frame's runs are drawn from, as it lies in the frame: for back ends that take it whole.
pub struct FrameParts<'a> {
    /// The colours of all palettes one after another.
    pub colors: &'a [Rgb],
    /// For each palette its first colour and how many it has. May reach beyond the colours in a forged frame.
    pub palettes: Vec<(u32, u16)>,
    pub fonts: &'a [Arc<Font>],
    /// What [`PixelRows::start`] counts in.
    pub rows: &'a [u8],
    /// What [`CellRow::start`] counts in.
    pub cells: &'a [Cell],
}

/// What lines have in common whatever their source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LineStyle {
    pub palette: PaletteId,
    /// Palette index of all dots that the source does not reach.
    pub border: u8,
    /// The frame's dot at which the source begins.
    pub left: u16,
    /// Dots of the source that are shown.
    pub shown: u16,
    /// Dots of the source left out at its beginning (horizontal panning).
    pub skipped: u16,
    /// Whether the lines carry a colour burst: without it a composite monitor shows greys.
    pub burst: bool,
}

impl LineStyle {
    /// `shown` dots of the source from the dot `left` on, with a colour burst.
    pub const fn new(palette: PaletteId, border: u8, left: u16, shown: u16) -> Self {
        Self { palette, border, left, shown, skipped: 0, burst: true }
    }
}

/// How rows of pixels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PixelStyle {
    pub format: PixelFormat,
    /// Dots of the frame for each pixel: 2 for 320 pixels on a line of 640 dots.
    pub repeat: u8,
    /// Lines of the frame for each row.
    pub line_repeat: u8,
    /// For formats of up to 4 bits: the palette index of each pixel value (a CGA's or EGA's palette registers).
    pub map: [u8; 16],
}

impl PixelStyle {
    /// Every pixel value is its own palette index.
    pub const DIRECT_MAP: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// One dot a pixel, one line a row, every value its own palette index.
    pub const fn new(format: PixelFormat) -> Self {
        Self { format, repeat: 1, line_repeat: 1, map: Self::DIRECT_MAP }
    }
}

/// Lines that are drawn alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRun {
    /// How many, at least 1.
    pub lines: u16,
    pub style: LineStyle,
    pub source: Source,
}

/// What a run of lines is drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Nothing: blanked, or above and below the picture. All dots have the border's colour.
    Solid,
    /// Rows of packed pixels.
    Pixels(PixelRows),
    /// One row of character cells, or some scan lines of it.
    Text(CellRow),
}

/// Rows in the frame's store of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelRows {
    pub style: PixelStyle,
    /// The first row's first byte.
    pub start: u32,
    /// Bytes of a row.
    pub pitch: u32,
}

/// A row of cells in the frame's store of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellRow {
    pub style: TextStyle,
    pub font: FontId,
    /// The first cell.
    pub start: u32,
    pub columns: u16,
    /// The cell's scan line that the first line shows.
    pub first_scan: u8,
}

/// A picture as a list of line runs with all they are drawn from. See the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    head: FrameHead,
    lines: u16,
    runs: Vec<LineRun>,
    palettes: Vec<PaletteSpan>,
    colors: Vec<Rgb>,
    fonts: Vec<Arc<Font>>,
    rows: Vec<u8>,
    cells: Vec<Cell>,
}

/// A palette in the frame's store of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PaletteSpan {
    start: u32,
    len: u16,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            head: FrameHead::of_size(0, 0, (1, 1)),
            lines: 0,
            runs: Vec::new(),
            palettes: Vec::new(),
            colors: Vec::new(),
            fonts: Vec::new(),
            rows: Vec::new(),
            cells: Vec::new(),
        }
    }
}

impl Frame {
    /// The most dots of a line and the most lines.
    pub const MAX_SIDE: u16 = 4096;
    /// The most palettes and fonts; a card that names more gets the last one again.
    const MAX_TABLE: usize = Self::MAX_SIDE as usize;

    /// Empties the frame, keeping its allocations, to begin another.
    pub fn begin(&mut self, head: FrameHead) {
        let Self { head: old, lines, runs, palettes, colors, fonts, rows, cells } = self;
        *old = FrameHead {
            width: head.width.min(Self::MAX_SIDE),
            height: head.height.min(Self::MAX_SIDE),
            ..head
        };
        *lines = 0;
        runs.clear();
        palettes.clear();
        colors.clear();
        fonts.clear();
        rows.clear();
        cells.clear();
    }

    /// What is true of the whole frame.
    pub const fn head(&self) -> &FrameHead {
        &self.head
    }

    /// Changes what only the end of a frame tells: number, time, visible area, aspect.
    pub fn set_head(&mut self, head: FrameHead) {
        self.head = FrameHead {
            width: head.width.min(Self::MAX_SIDE),
            height: head.height.min(Self::MAX_SIDE),
            ..head
        };
    }

    /// Lines pushed so far.
    pub const fn lines(&self) -> u16 {
        self.lines
    }

    /// The runs from top to bottom. Lines of the frame below the last run are black.
    pub fn runs(&self) -> &[LineRun] {
        &self.runs
    }

    /// Adds a palette; the newest one again if its colours are the same. At most 256 colours are taken.
    pub fn add_palette(&mut self, colors: &[Rgb]) -> PaletteId {
        let colors = &colors[..colors.len().min(256)];
        let newest = PaletteId(self.palettes.len().saturating_sub(1) as u16);
        let full = self.palettes.len() >= Self::MAX_TABLE;
        if full || !self.palettes.is_empty() && self.palette(newest) == colors {
            return newest;
        }
        let span = PaletteSpan { start: self.colors.len() as u32, len: colors.len() as u16 };
        self.palettes.push(span);
        self.colors.extend_from_slice(colors);
        PaletteId(self.palettes.len() as u16 - 1)
    }

    /// The colours of a palette; none if the frame has no such palette.
    pub fn palette(&self, id: PaletteId) -> &[Rgb] {
        let Some(span) = self.palettes.get(usize::from(id.0)) else { return &[] };
        let start = span.start as usize;
        self.colors.get(start..start + usize::from(span.len)).unwrap_or(&[])
    }

    /// Adds a font; the same one again if it is the one added last. A card that lets the guest change its font
    /// keeps it in an [`Arc`] and changes it by [`Arc::make_mut`]: frames under way keep the old glyphs.
    pub fn add_font(&mut self, font: &Arc<Font>) -> FontId {
        let known = self.fonts.last().is_some_and(|last| Arc::ptr_eq(last, font));
        if !known && self.fonts.len() < Self::MAX_TABLE {
            self.fonts.push(Arc::clone(font));
        }
        FontId(self.fonts.len() as u16 - 1)
    }

    /// A font of the frame.
    pub fn font(&self, id: FontId) -> Option<&Arc<Font>> {
        self.fonts.get(usize::from(id.0))
    }

    /// Adds `lines` lines of the border's colour.
    pub fn push_solid(&mut self, lines: u16, style: LineStyle) {
        self.push_run(lines, style, Source::Solid);
    }

    /// Adds one row of packed pixels, shown on `style.line_repeat` lines.
    pub fn push_pixels(&mut self, line: LineStyle, style: PixelStyle, row: impl IntoIterator<Item = u8>) {
        let start = self.rows.len();
        let widest = usize::from(Self::MAX_SIDE) * 4;
        self.rows.extend(row.into_iter().take(widest));
        let pitch = (self.rows.len() - start) as u32;
        let lines = u16::from(style.line_repeat.max(1));
        let source = PixelRows { style, start: start as u32, pitch };
        if self.lines_left() == 0 {
            self.rows.truncate(start);
        } else if !self.extends_last_pixels(line, &source) {
            self.push_run(lines, line, Source::Pixels(source));
        } else {
            self.grow_last_run(lines);
        }
    }

    /// Adds `lines` lines of a row of cells, beginning with the cell's scan line `first_scan`. A card may push a
    /// row whole or line by line; while cells and style stay the same, it is one run.
    pub fn push_text(
        &mut self,
        lines: u16,
        line: LineStyle,
        style: TextStyle,
        font: FontId,
        first_scan: u8,
        cells: impl IntoIterator<Item = Cell>,
    ) {
        let start = self.cells.len();
        self.cells.extend(cells.into_iter().take(usize::from(Self::MAX_SIDE)));
        let columns = (self.cells.len() - start) as u16;
        let row = CellRow { style, font, start: start as u32, columns, first_scan };
        if self.extends_last_text(line, &row) {
            self.cells.truncate(start);
            self.grow_last_run(lines);
        } else if self.lines_left() == 0 || lines == 0 {
            self.cells.truncate(start);
        } else {
            self.push_run(lines, line, Source::Text(row));
        }
    }

    /// The bytes of the row that line `line` of a run shows.
    pub fn pixel_row(&self, rows: &PixelRows, line: u16) -> &[u8] {
        let row = usize::from(line / u16::from(rows.style.line_repeat.max(1)));
        let pitch = rows.pitch as usize;
        let start = rows.start as usize + row * pitch;
        self.rows.get(start..start + pitch).unwrap_or(&[])
    }

    /// The cells of a run.
    pub fn cells(&self, row: &CellRow) -> &[Cell] {
        let start = row.start as usize;
        self.cells.get(start..start + usize::from(row.columns)).unwrap_or(&[])
    }

    /// All that the runs are drawn from.
    pub fn parts(&self) -> FrameParts<'_> {
        FrameParts {
            colors: &self.colors,
            palettes: self.palettes.iter().map(|span| (span.start, span.len)).collect(),
            fonts: &self.fonts,
            rows: &self.rows,
            cells: &self.cells,
        }
    }

    /// Whether it looks the same as another one on every display: all but number and time are equal.
    pub fn looks_like(&self, other: &Self) -> bool {
        let Self { head, lines, runs, palettes, colors, fonts, rows, cells } = self;
        *head == (FrameHead { number: head.number, at: head.at, ..other.head })
            && *lines == other.lines
            && *runs == other.runs
            && *palettes == other.palettes
            && *colors == other.colors
            && *rows == other.rows
            && *cells == other.cells
            && *fonts == other.fonts
    }

    /// All runs with the line at which each begins.
    pub fn placed_runs(&self) -> impl Iterator<Item = (u16, &LineRun)> {
        self.runs.iter().scan(0u16, |top, run| {
            let at = *top;
            *top = top.saturating_add(run.lines);
            Some((at, run))
        })
    }

    fn lines_left(&self) -> u16 {
        Self::MAX_SIDE.saturating_sub(self.lines)
    }

    fn push_run(&mut self, lines: u16, style: LineStyle, source: Source) {
        let lines = lines.min(self.lines_left());
        if lines == 0 {
            return;
        }
        if let (Source::Solid, Some(last)) = (&source, self.runs.last())
            && last.source == Source::Solid
            && last.style == style
        {
            return self.grow_last_run(lines);
        }
        self.lines += lines;
        self.runs.push(LineRun { lines, style, source });
    }

    fn grow_last_run(&mut self, lines: u16) {
        let lines = lines.min(self.lines_left());
        if let Some(last) = self.runs.last_mut() {
            last.lines += lines;
            self.lines += lines;
        }
    }

    /// Whether `next` goes on where the last run of rows ends.
    fn extends_last_pixels(&self, line: LineStyle, next: &PixelRows) -> bool {
        let Some(LineRun { lines, style, source: Source::Pixels(last) }) = self.runs.last() else {
            return false;
        };
        let rows = u32::from(*lines / u16::from(last.style.line_repeat.max(1)));
        *style == line
            && last.style == next.style
            && last.pitch == next.pitch
            && last.start + rows * last.pitch == next.start
    }

    /// Whether `next` is the same row of cells as the last run's, at the scan line after it.
    fn extends_last_text(&self, line: LineStyle, next: &CellRow) -> bool {
        let Some(LineRun { lines, style, source: Source::Text(last) }) = self.runs.last() else {
            return false;
        };
        *style == line
            && last.style == next.style
            && last.font == next.font
            && u16::from(last.first_scan) + lines == u16::from(next.first_scan)
            && self.cells(last) == self.cells(next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::monitor::RGBI;
    use super::*;

    fn begun() -> (Frame, LineStyle, FontId) {
        let mut frame = Frame::default();
        frame.begin(FrameHead::of_size(640, 200, (5, 12)));
        let palette = frame.add_palette(&RGBI);
        let font = frame.add_font(&Arc::new(Font::new(8, vec![0; 2048])));
        (frame, LineStyle::new(palette, 0, 0, 640), font)
    }

    #[test]
    fn equal_neighbours_melt_into_one_run() {
        let (mut frame, line, font) = begun();
        let cells = [Cell { glyph: 65, attribute: 7 }; 80];
        for scan in 0..8 {
            frame.push_text(1, line, TextStyle::color(8, 1, true), font, scan, cells);
        }
        frame.push_text(1, line, TextStyle::color(8, 1, true), font, 0, cells);
        for byte in 0..4 {
            frame.push_pixels(line, PixelStyle::new(PixelFormat::I1), [byte; 80]);
        }
        frame.push_solid(3, line);
        frame.push_solid(2, line);
        let lines: Vec<_> = frame.placed_runs().map(|(top, run)| (top, run.lines)).collect();
        assert_eq!(lines, [(0, 8), (8, 1), (9, 4), (13, 5)]);
        assert_eq!(frame.cells.len(), 160);
        let Source::Pixels(rows) = &frame.runs()[2].source else { panic!("pixels") };
        assert_eq!(frame.pixel_row(rows, 3), [3; 80]);
    }

    #[test]
    fn a_change_in_mid_row_begins_another_run() {
        let (mut frame, line, font) = begun();
        let style = TextStyle::color(8, 1, true);
        frame.push_text(3, line, style, font, 0, [Cell::default(); 2]);
        frame.push_text(5, line, style, font, 3, [Cell { glyph: 1, attribute: 0 }; 2]);
        assert_eq!(frame.runs().len(), 2);
        frame.push_text(1, LineStyle { border: 1, ..line }, style, font, 0, [Cell::default(); 2]);
        assert_eq!(frame.runs().len(), 3);
    }

    #[test]
    fn palettes_and_fonts_are_kept_once() {
        let (mut frame, line, font) = begun();
        assert_eq!(frame.add_palette(&RGBI), line.palette);
        assert_ne!(frame.add_palette(&RGBI[..4]), line.palette);
        let shared = Arc::clone(frame.font(font).unwrap());
        assert_eq!(frame.add_font(&shared), font);
    }

    #[test]
    fn an_endless_beam_stops_at_the_limit() {
        let (mut frame, line, font) = begun();
        for _ in 0..3 {
            frame.push_solid(u16::MAX, line);
            frame.push_pixels(line, PixelStyle::new(PixelFormat::I8), std::iter::repeat_n(1, 100_000));
            frame.push_text(u16::MAX, line, TextStyle::color(8, 1, true), font, 0, [Cell::default(); 9]);
        }
        assert_eq!(frame.lines(), Frame::MAX_SIDE);
        assert!(frame.rows.is_empty() && frame.cells.is_empty());
    }

    #[test]
    fn a_frame_is_plain_data() {
        let (mut frame, line, font) = begun();
        frame.push_text(8, line, TextStyle::mono(14, true), font, 0, [Cell::default(); 80]);
        let bytes = postcard::to_stdvec(&frame).unwrap();
        assert_eq!(postcard::from_bytes::<Frame>(&bytes).unwrap(), frame);
    }
}
