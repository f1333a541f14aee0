//! Text cells: fonts, attributes, cursor and blink, and how one scan line of a row of cells becomes dots.
//!
//! One drawing of cells serves scan-outs (an MDA's or CGA's text mode) and the text-grid drawing command alike.

use serde::{Deserialize, Serialize};

/// The glyphs of a character generator, 8 dots wide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Font {
    /// Scan lines of a glyph, at least 1.
    height: u8,
    /// One byte a scan line, leftmost dot in bit 7; a glyph's bytes follow one another.
    rows: Vec<u8>,
}

impl Font {
    /// A font of glyphs `height` scan lines high (at least 1 is taken), from `rows` as described above.
    pub fn new(height: u8, rows: Vec<u8>) -> Self {
        Self { height: height.max(1), rows }
    }

    /// Scan lines of a glyph.
    pub const fn height(&self) -> u8 {
        self.height
    }

    /// The bytes of all glyphs.
    pub fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Changes one scan line of a glyph, as a write to character generator RAM does.
    pub fn set_row(&mut self, glyph: u16, scan: u8, dots: u8) {
        let at = self.index(glyph, scan);
        if let Some(row) = self.rows.get_mut(at) {
            *row = dots;
        }
    }

    /// The dots of a glyph's scan line. A scan line beyond the glyph's height wraps round, because a character
    /// generator sees only the low row-address lines; a glyph that the font lacks is blank.
    #[inline]
    pub fn row(&self, glyph: u16, scan: u8) -> u8 {
        self.rows.get(self.index(glyph, scan)).copied().unwrap_or(0)
    }

    fn index(&self, glyph: u16, scan: u8) -> usize {
        let height = self.height.max(1);
        usize::from(glyph) * usize::from(height) + usize::from(scan % height)
    }
}

/// One character position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Which glyph of the font. Codes above 255 are a second set of glyphs with the same meaning.
    pub glyph: u16,
    pub attribute: u8,
}

/// What an attribute byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AttributeStyle {
    /// CGA and its heirs: bits 0–3 foreground, 4–6 background, bit 7 blink (`blink`) or background intensity.
    Color { blink: bool },
    /// MDA: the signals are those of [`super::monitor::MonoPalette`]. 00h, 08h, 80h, 88h show nothing, 70h, 78h,
    /// F0h, F8h are reversed, every other value is plain; bits 0–2 = 1 underline, bit 3 intensity, bit 7 blink
    /// (`blink`) or a bright background.
    Mono { blink: bool },
}

/// What an attribute byte asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellLook {
    /// Palette index of the glyph's dots.
    pub foreground: u8,
    /// Palette index of the other dots.
    pub background: u8,
    pub underlined: bool,
    pub blinking: bool,
}

impl AttributeStyle {
    /// What `attribute` looks like.
    #[inline]
    pub const fn look(self, attribute: u8) -> CellLook {
        match self {
            Self::Color { blink } => CellLook {
                foreground: attribute & 0x0F,
                background: if blink { attribute >> 4 & 7 } else { attribute >> 4 },
                underlined: false,
                blinking: blink && attribute & 0x80 != 0,
            },
            Self::Mono { blink } => mono_look(attribute, blink),
        }
    }
}

const fn mono_look(attribute: u8, blink: bool) -> CellLook {
    const VIDEO: u8 = 1;
    let intensity = if attribute & 0x08 != 0 { 2 } else { 0 };
    let bright_background = if !blink && attribute & 0x80 != 0 { 2 } else { 0 };
    let (foreground, background) = match attribute & 0x77 {
        0x00 => (0, 0),
        0x70 => (intensity, VIDEO | bright_background),
        _ => (VIDEO | intensity, bright_background),
    };
    CellLook {
        foreground,
        background,
        underlined: attribute & 0x07 == 1,
        blinking: blink && attribute & 0x80 != 0,
    }
}

/// Where the cursor is in a row of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    pub column: u16,
    /// Bit n: the cursor covers scan line n of the cell (so that a 6845's split cursor has a shape too).
    pub lines: u32,
    /// Whether the blink phase shows it at this moment.
    pub lit: bool,
}

impl Cursor {
    /// A cursor's lines from a 6845's start and end scan line, in a cell of `height` lines: start to end, or, with
    /// the end above the start, a block split in two.
    pub const fn lines_between(start: u8, end: u8, height: u8) -> u32 {
        let mut lines = 0;
        let mut scan = 0;
        while scan < height && scan < 32 {
            let inside =
                if start <= end { scan >= start && scan <= end } else { scan >= start || scan <= end };
            if inside {
                lines |= 1 << scan;
            }
            scan += 1;
        }
        lines
    }
}

/// The dots of a cell beyond the eighth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NinthDot {
    /// Always background.
    #[default]
    Blank,
    /// The eighth dot again for the line-drawing glyphs C0h–DFh, background for the others.
    RepeatLineGraphics,
}

/// How a row of cells is drawn, apart from its cells and its font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextStyle {
    /// Dots of a cell, before `repeat`: 8 or 9.
    pub cell_width: u8,
    /// Scan lines of a cell.
    pub cell_height: u8,
    /// Dots of the frame for each dot of a cell: 2 for 40 columns on a CGA.
    pub repeat: u8,
    pub attributes: AttributeStyle,
    pub ninth: NinthDot,
    /// The scan line on which underlined cells have their line.
    pub underline: Option<u8>,
    /// The phase of blinking cells: hidden at this moment.
    pub blink_hidden: bool,
    pub cursor: Option<Cursor>,
}

impl TextStyle {
    /// 8-dot cells with CGA attributes, no cursor.
    pub const fn color(cell_height: u8, repeat: u8, blink: bool) -> Self {
        Self {
            cell_width: 8,
            cell_height,
            repeat,
            attributes: AttributeStyle::Color { blink },
            ninth: NinthDot::Blank,
            underline: None,
            blink_hidden: false,
            cursor: None,
        }
    }

    /// 9-dot cells with MDA attributes, underlined on the last line but one of the glyph (line 12 of 14), no cursor.
    pub const fn mono(cell_height: u8, blink: bool) -> Self {
        Self {
            cell_width: 9,
            cell_height,
            repeat: 1,
            attributes: AttributeStyle::Mono { blink },
            ninth: NinthDot::RepeatLineGraphics,
            underline: Some(12),
            blink_hidden: false,
            cursor: None,
        }
    }

    /// Dots of the frame that a cell is wide. Nonsense widths count as the nearest of 1 to 16, a repeat of 0 as 1.
    pub fn cell_dots(&self) -> usize {
        usize::from(self.cell_width.clamp(1, 16)) * usize::from(self.repeat.max(1))
    }

    /// Writes scan line `scan` of `cells` to `out`, a palette index for each dot, as far as either reaches.
    pub fn draw_line(&self, cells: &[Cell], font: &Font, scan: u8, out: &mut [u8]) {
        let repeat = usize::from(self.repeat.max(1));
        for (column, (cell, dots)) in cells.iter().zip(out.chunks_mut(self.cell_dots())).enumerate() {
            let (pattern, look) = self.cell_line(column, *cell, font, scan);
            let colors = spread(pattern, look);
            if repeat == 1 {
                let count = dots.len();
                dots.copy_from_slice(&colors[..count]);
            } else {
                dots.chunks_mut(repeat).zip(colors).for_each(|(target, color)| target.fill(color));
            }
        }
    }

    /// The dots of one cell's scan line, the leftmost in bit 15, and their colours.
    #[inline]
    fn cell_line(&self, column: usize, cell: Cell, font: &Font, scan: u8) -> (u16, CellLook) {
        let look = self.attributes.look(cell.attribute);
        if self.cursor_covers(column, scan) {
            return (0xFFFF, look);
        }
        if look.blinking && self.blink_hidden {
            return (0, look);
        }
        if look.underlined && self.underline == Some(scan) {
            return (0xFFFF, look);
        }
        let row = font.row(cell.glyph, scan);
        let repeats = self.ninth == NinthDot::RepeatLineGraphics && cell.glyph & 0xE0 == 0xC0;
        (u16::from(row) << 8 | if repeats && row & 1 != 0 { 0x80 } else { 0 }, look)
    }

    #[inline]
    fn cursor_covers(&self, column: usize, scan: u8) -> bool {
        self.cursor.is_some_and(|c| {
            c.lit && usize::from(c.column) == column && c.lines.checked_shr(scan.into()).unwrap_or(0) & 1 != 0
        })
    }
}

/// A palette index for each of 16 dots, of which bit 15 is the first: eight at a time, as bytes of one number.
#[inline]
fn spread(pattern: u16, look: CellLook) -> [u8; 16] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let [first, second] = pattern.to_be_bytes().map(|dots| {
        let set = DOT_MASKS[usize::from(dots)];
        ((u64::from(look.foreground) * EACH) & set) | ((u64::from(look.background) * EACH) & !set)
    });
    (u128::from(second) << 64 | u128::from(first)).to_le_bytes()
}

/// For each pattern of eight dots, FFh in the bytes of those set; bit 7's is the lowest byte.
const DOT_MASKS: [u64; 256] = {
    let mut masks = [0; 256];
    let mut dots = 0;
    while dots < 256 {
        let mut dot = 0;
        while dot < 8 {
            if dots << dot & 0x80 != 0 {
                masks[dots] |= 0xFF << (8 * dot);
            }
            dot += 1;
        }
        dots += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn font() -> Font {
        let mut font = Font::new(8, vec![0; 256 * 8]);
        font.set_row(0x41, 0, 0b1000_0001);
        font.set_row(0xC4, 0, 0b1111_1111);
        font
    }

    fn line(style: TextStyle, scan: u8, cells: &[(u16, u8)]) -> Vec<u8> {
        let cells: Vec<_> = cells.iter().map(|&(glyph, attribute)| Cell { glyph, attribute }).collect();
        let mut out = vec![0xEE; cells.len() * style.cell_dots()];
        style.draw_line(&cells, &font(), scan, &mut out);
        out
    }

    #[test]
    fn colour_attributes() {
        let style = |blink| AttributeStyle::Color { blink };
        let look = style(true).look(0x9E);
        assert_eq!((look.foreground, look.background, look.blinking), (14, 1, true));
        let look = style(false).look(0x9E);
        assert_eq!((look.foreground, look.background, look.blinking), (14, 9, false));
    }

    #[test]
    fn mono_attributes() {
        // attribute, blink enabled → foreground, background, underlined, blinking
        let table = [
            (0x07, true, (1, 0, false, false)),
            (0x0F, true, (3, 0, false, false)),
            (0x01, true, (1, 0, true, false)),
            (0x89, true, (3, 0, true, true)),
            (0x00, true, (0, 0, false, false)),
            (0x88, true, (0, 0, false, true)),
            (0x70, true, (0, 1, false, false)),
            (0x78, true, (2, 1, false, false)),
            (0xF0, false, (0, 3, false, false)),
            (0x57, true, (1, 0, false, false)),
            (0x71, true, (1, 0, true, false)),
        ];
        for (attribute, blink, want) in table {
            let look = AttributeStyle::Mono { blink }.look(attribute);
            let got = (look.foreground, look.background, look.underlined, look.blinking);
            assert_eq!(got, want, "{attribute:#04x}");
        }
    }

    #[test]
    fn dots_of_a_cell() {
        let style = TextStyle::color(8, 1, true);
        assert_eq!(line(style, 0, &[(0x41, 0x17)]), [7, 1, 1, 1, 1, 1, 1, 7]);
        let wide = TextStyle::color(8, 2, true);
        assert_eq!(line(wide, 0, &[(0x41, 0x17)])[..4], [7, 7, 1, 1]);
        let mono = TextStyle::mono(14, true);
        assert_eq!(line(mono, 0, &[(0xC4, 0x07), (0x41, 0x07)])[8..], [1, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(line(mono, 12, &[(0x20, 0x01)]), [1; 9], "underline");
    }

    #[test]
    fn cursor_and_blink() {
        let cursor = Cursor { column: 1, lines: Cursor::lines_between(6, 7, 8), lit: true };
        let style = TextStyle { cursor: Some(cursor), ..TextStyle::color(8, 1, true) };
        let cells = [(0x20, 0x07), (0x20, 0x07)];
        assert_eq!(line(style, 7, &cells)[7..], [0, 7, 7, 7, 7, 7, 7, 7, 7]);
        assert_eq!(line(style, 5, &cells), [0; 16]);
        let hidden = TextStyle { blink_hidden: true, ..TextStyle::color(8, 1, true) };
        assert_eq!(line(hidden, 0, &[(0x41, 0x87), (0x41, 0x07)])[..9], [0, 0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(Cursor::lines_between(6, 1, 8), 0b1100_0011, "a split cursor");
    }

    proptest! {
        #[test]
        fn any_style_draws_any_cells(
            (cell_width, cell_height, repeat, column, scan) in any::<(u8, u8, u8, u16, u8)>(),
            (glyph, attribute, mono, lines) in any::<(u16, u8, bool, u32)>(),
            room in 0usize..400,
        ) {
            let attributes =
                if mono { AttributeStyle::Mono { blink: true } } else { AttributeStyle::Color { blink: false } };
            let cursor = Some(Cursor { column, lines, lit: true });
            let style =
                TextStyle { cell_width, repeat, attributes, cursor, ..TextStyle::color(cell_height, 1, true) };
            let mut out = vec![0; room];
            style.draw_line(&[Cell { glyph, attribute }; 3], &font(), scan, &mut out);
            prop_assert!(out.iter().all(|&dot| dot < 16));
        }
    }
}
