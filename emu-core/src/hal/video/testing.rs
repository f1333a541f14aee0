//! Random frames and command lists, and the comparison of what two back ends made of them, for conformance tests.
//!
//! Everything follows from a seed, so a failure is repeated by its seed alone.

use super::command::{
    Area, Blend, Command, CommandList, Depth, DepthTest, PixelCopy, Point, Renderer, SurfaceId, TextGrid,
    Texture, TriangleState, Vertex,
};
use super::format::{PixelFormat, Rgb};
use super::frame::{Frame, FrameHead, LineStyle, PixelStyle, Rect, Source};
use super::text::{AttributeStyle, Cell, Cursor, Font, NinthDot, TextStyle};
use std::sync::Arc;

/// A stream of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end` − 1; `end` is at least 1.
    pub fn below(&mut self, end: u32) -> u32 {
        (self.next_u64() % u64::from(end.max(1))) as u32
    }

    /// A number from `first` to `last`.
    pub fn between(&mut self, first: i32, last: i32) -> i32 {
        first + self.below((last - first + 1) as u32) as i32
    }

    pub fn chance(&mut self, one_in: u32) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize].clone()
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next_u64() as u8).collect()
    }
}

/// A random frame of up to 100 × 80 dots with all kinds of runs, a few of them out of bounds.
pub fn frame(seed: u64) -> Frame {
    let random = &mut Random::new(seed);
    let mut frame = Frame::default();
    let (width, height) = (random.between(1, 100) as u16, random.between(1, 80) as u16);
    let color_phase = random.chance(2).then(|| random.below(4) as u8);
    frame.begin(FrameHead { number: seed, color_phase, ..FrameHead::of_size(width, height, (1, 1)) });
    let font = frame.add_font(&Arc::new(random_font(random)));
    while frame.lines() < height {
        let line = random_line(&mut frame, random, width);
        match random.below(3) {
            0 => frame.push_solid(random.between(1, 9) as u16, line),
            1 => push_random_rows(&mut frame, line, random),
            _ => {
                let style = random_text_style(random);
                let columns = random.between(1, 14) as usize;
                let cells = random_cells(random, columns);
                let (lines, first_scan) = (random.between(1, 16) as u16, random.below(16) as u8);
                frame.push_text(lines, line, style, font, first_scan, cells);
            }
        }
    }
    frame
}

fn random_line(frame: &mut Frame, random: &mut Random, width: u16) -> LineStyle {
    let size = random.pick(&[2, 4, 16, 256]);
    let colors: Vec<_> = (0..size).map(|_| Rgb::hex(random.next_u64() as u32)).collect();
    let palette = frame.add_palette(&colors);
    let left = random.below(u32::from(width) + 4) as u16;
    let border = random.below(16) as u8;
    let skipped = random.pick(&[0, 0, 0, 3, 8]);
    let burst = random.chance(2);
    LineStyle { skipped, burst, ..LineStyle::new(palette, border, left, random.below(120) as u16) }
}

fn push_random_rows(frame: &mut Frame, line: LineStyle, random: &mut Random) {
    let style = PixelStyle {
        repeat: random.between(1, 3) as u8,
        line_repeat: random.between(1, 2) as u8,
        map: std::array::from_fn(|_| random.below(16) as u8),
        ..PixelStyle::new(random.pick(&PixelFormat::ALL[..8]))
    };
    let bytes = random.below(40) as usize;
    for _ in 0..random.between(1, 4) {
        let row = random.bytes(bytes);
        frame.push_pixels(line, style, row);
    }
}

fn random_font(random: &mut Random) -> Font {
    let height = random.pick(&[8, 14, 16]);
    let glyphs = random.pick(&[256, 512]);
    Font::new(height, random.bytes(usize::from(height) * glyphs))
}

fn random_cells(random: &mut Random, count: usize) -> Vec<Cell> {
    (0..count).map(|_| Cell { glyph: random.below(512) as u16, attribute: random.next_u64() as u8 }).collect()
}

fn random_text_style(random: &mut Random) -> TextStyle {
    let blink = random.chance(2);
    let cursor = random.chance(2).then(|| Cursor {
        column: random.below(14) as u16,
        lines: random.next_u64() as u32,
        lit: random.chance(2),
    });
    TextStyle {
        cell_width: random.pick(&[8, 9]),
        cell_height: random.pick(&[2, 8, 14, 16]),
        repeat: random.pick(&[1, 1, 2]),
        attributes: random.pick(&[AttributeStyle::Color { blink }, AttributeStyle::Mono { blink }]),
        ninth: random.pick(&[NinthDot::Blank, NinthDot::RepeatLineGraphics]),
        underline: random.pick(&[None, Some(1), Some(12)]),
        blink_hidden: random.chance(2),
        cursor,
    }
}

/// The same picture, pushed in the smallest pieces.
pub fn line_by_line(frame: &Frame) -> Frame {
    let mut again = Frame::default();
    again.begin(*frame.head());
    for run in frame.runs() {
        let palette = again.add_palette(frame.palette(run.style.palette));
        let style = LineStyle { palette, ..run.style };
        match &run.source {
            Source::Solid => (0..run.lines).for_each(|_| again.push_solid(1, style)),
            Source::Pixels(rows) => {
                let step = usize::from(rows.style.line_repeat.max(1));
                for line in (0..run.lines).step_by(step) {
                    again.push_pixels(style, rows.style, frame.pixel_row(rows, line).iter().copied());
                }
            }
            Source::Text(row) => {
                let Some(font) = frame.font(row.font).map(|font| again.add_font(font)) else { continue };
                for line in 0..run.lines {
                    let scan = row.first_scan + line as u8;
                    again.push_text(1, style, row.style, font, scan, frame.cells(row).iter().copied());
                }
            }
        }
    }
    again
}

/// Which commands a random list may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repertoire {
    /// Without triangles.
    Flat,
    /// With triangles.
    Triangles,
}

/// The surfaces of random command lists: their name, format and size.
pub const SURFACES: [(SurfaceId, PixelFormat, u16, u16); 9] = [
    (SurfaceId(0), PixelFormat::I1, 37, 20),
    (SurfaceId(1), PixelFormat::I2, 32, 21),
    (SurfaceId(2), PixelFormat::I4, 41, 33),
    (SurfaceId(3), PixelFormat::I8, 64, 48),
    (SurfaceId(4), PixelFormat::Rgb555, 40, 30),
    (SurfaceId(5), PixelFormat::Rgb565, 40, 30),
    (SurfaceId(6), PixelFormat::Rgb888, 40, 30),
    (SurfaceId(7), PixelFormat::Argb8888, 40, 30),
    (SurfaceId(8), PixelFormat::Depth16, 40, 30),
];

/// A list that makes and fills [`SURFACES`] and then draws `length` random commands on them, some of them beyond
/// their edges or on surfaces that do not exist.
pub fn command_list(seed: u64, length: usize, repertoire: Repertoire) -> CommandList {
    let random = &mut Random::new(seed);
    let mut commands = Vec::new();
    for (surface, format, width, height) in SURFACES {
        commands.push(Command::Create { surface, format, width, height });
        let area = Area { at: Point::default(), width, height };
        let bytes = format.row_bytes(width.into()) * usize::from(height);
        commands.push(Command::Upload { surface, area, data: random.bytes(bytes) });
        let colors = (0..256).map(|_| Rgb::hex(random.next_u64() as u32)).collect();
        commands.push(Command::SetPalette { surface, first: 0, colors });
    }
    commands.extend((0..length).map(|_| random_command(random, repertoire)));
    CommandList { commands }
}

fn random_command(random: &mut Random, repertoire: Repertoire) -> Command {
    let surface = SurfaceId(random.below(10) as u16);
    let value = random.next_u64() as u32;
    match random.below(if repertoire == Repertoire::Flat { 7 } else { 10 }) {
        0 => Command::Fill { surface, area: random_area(random), value },
        1 => Command::Line { surface, from: random_point(random), to: random_point(random), value },
        2 => Command::Blit { copy: random_copy(random), to: random_point(random) },
        3 => Command::StretchBlit { copy: random_copy(random), to: random_area(random) },
        4 => Command::Text(random_grid(random, surface)),
        5 => {
            let colors = (0..random.below(20)).map(|_| Rgb::hex(random.next_u64() as u32)).collect();
            Command::SetPalette { surface, first: random.next_u64() as u8, colors }
        }
        6 => {
            let bytes = random.below(600) as usize;
            Command::Upload { surface, area: random_area(random), data: random.bytes(bytes) }
        }
        _ => random_triangles(random),
    }
}

fn random_point(random: &mut Random) -> Point {
    Point { x: random.between(-20, 70) as i16, y: random.between(-20, 50) as i16 }
}

fn random_area(random: &mut Random) -> Area {
    Area { at: random_point(random), width: random.below(60) as u16, height: random.below(40) as u16 }
}

fn random_copy(random: &mut Random) -> PixelCopy {
    let source = Rect {
        left: random.below(50) as u16,
        top: random.below(40) as u16,
        width: random.below(50) as u16,
        height: random.below(40) as u16,
    };
    let color_key = random.chance(2).then(|| random.below(4));
    PixelCopy {
        from: SurfaceId(random.below(9) as u16),
        source,
        to: SurfaceId(random.below(9) as u16),
        color_key,
    }
}

fn random_grid(random: &mut Random, surface: SurfaceId) -> TextGrid {
    let cells = random.below(12) as usize;
    TextGrid {
        surface,
        at: random_point(random),
        style: random_text_style(random),
        font: Arc::new(random_font(random)),
        columns: random.between(1, 4) as u16,
        cells: random_cells(random, cells),
        values: std::array::from_fn(|_| random.next_u64() as u32),
    }
}

fn random_triangles(random: &mut Random) -> Command {
    let texture = random
        .chance(2)
        .then(|| Texture { surface: SurfaceId(random.below(9) as u16), repeat: random.chance(2) });
    let depth = random.chance(2).then(|| Depth {
        surface: SurfaceId(8),
        pass: random.pick(&[DepthTest::Always, DepthTest::Less, DepthTest::LessOrEqual]),
        write: random.chance(2),
    });
    let blend = random.pick(&[Blend::Opaque, Blend::Alpha, Blend::Add]);
    let state = TriangleState { target: SurfaceId(random.between(4, 7) as u16), texture, depth, blend };
    let count = random.between(1, 7) as usize;
    let vertices = (0..count).map(|_| random_vertex(random)).collect();
    Command::Triangles { state, vertices }
}

fn random_vertex(random: &mut Random) -> Vertex {
    Vertex {
        x: random.between(-200, 900),
        y: random.between(-200, 700),
        z: random.next_u64() as u16,
        q: random.between(1, 65535) as u16,
        u: random.between(-5000, 20_000),
        v: random.between(-5000, 20_000),
        rgba: std::array::from_fn(|_| random.next_u64() as u8),
    }
}

/// Draws a list of [`command_list`] and reads all of [`SURFACES`] back.
pub fn pictures(renderer: &mut dyn Renderer, list: &CommandList) -> Vec<Vec<u8>> {
    renderer.execute(list);
    let whole = |width, height| Rect { left: 0, top: 0, width, height };
    SURFACES.iter().map(|&(id, _, width, height)| renderer.read(id, whole(width, height))).collect()
}

/// One of [`pictures`] as RGBA dots, for [`compare`]: indices and depths as greys.
pub fn picture_rgba(surface: usize, picture: &[u8]) -> Vec<u8> {
    let (_, format, width, height) = SURFACES[surface];
    let row_bytes = format.row_bytes(width.into());
    let dots = (0..usize::from(height)).flat_map(|y| (0..usize::from(width)).map(move |x| (x, y)));
    let color = |(x, y)| {
        let value = format.get(picture.get(y * row_bytes..).unwrap_or(&[]), x);
        // A depth that is off by little must not look off by much: its high byte counts.
        format.to_rgb(if format == PixelFormat::Depth16 { value >> 8 } else { value }).rgba()
    };
    dots.flat_map(color).collect()
}

/// How far two pictures may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// By how much a gun's value may be off.
    pub gun: u8,
    /// Of a million dots, how many may be off by more.
    pub dots_per_million: u32,
}

impl Tolerance {
    pub const EXACT: Self = Self { gun: 0, dots_per_million: 0 };
}

/// Where two pictures differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("The pictures have {0} and {1} bytes")]
    Size(usize, usize),
    #[error("{dots} dots differ, the worst by {worst}, the first at dot {first}: {a:?} and {b:?}")]
    Dots { dots: usize, worst: u8, first: usize, a: [u8; 4], b: [u8; 4] },
}

/// Compares two pictures of RGBA dots.
///
/// # Errors
/// When more dots than allowed differ by more than allowed.
pub fn compare(a: &[u8], b: &[u8], tolerance: Tolerance) -> Result<(), Mismatch> {
    if a.len() != b.len() {
        return Err(Mismatch::Size(a.len(), b.len()));
    }
    let (dots_a, dots_b) = (a.as_chunks::<4>().0, b.as_chunks::<4>().0);
    let distance =
        |(a, b): (&[u8; 4], &[u8; 4])| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
    let off: Vec<_> = dots_a
        .iter()
        .zip(dots_b)
        .map(distance)
        .enumerate()
        .filter(|(_, distance)| *distance > tolerance.gun)
        .collect();
    let allowed = dots_a.len() as u64 * u64::from(tolerance.dots_per_million) / 1_000_000;
    match off.first() {
        Some(&(first, _)) if off.len() as u64 > allowed => Err(Mismatch::Dots {
            dots: off.len(),
            worst: off.iter().map(|&(_, distance)| distance).max().unwrap_or(0),
            first,
            a: dots_a[first],
            b: dots_b[first],
        }),
        _ => Ok(()),
    }
}
