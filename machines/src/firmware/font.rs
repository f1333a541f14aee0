//! The characters of code page 437, drawn for this project, for the character generators of the display cards and
//! for the BIOS's drawing in graphics modes.
//!
//! Letters and signs are pictures in text files (`assets/fonts`); shades, boxes and blocks (B0 to DF) follow a
//! rule, so that they meet exactly whatever the height of the cell.

use std::sync::LazyLock;

/// A font whose cells are 8 dots wide and `H` high: rows from the top, the leftmost dot in bit 7.
pub type Font<const H: usize> = [[u8; H]; 256];

/// For CGA, and for the BIOS in graphics modes.
pub static CGA_8X8: LazyLock<Font<8>> =
    LazyLock::new(|| embedded(include_str!("../../../assets/fonts/cp437-8x8.txt")));

/// For MDA and Hercules. Their cells are 9 wide; the card adds the ninth dot, which repeats the eighth for codes
/// C0 to DF and is dark otherwise.
pub static MDA_8X14: LazyLock<Font<14>> =
    LazyLock::new(|| embedded(include_str!("../../../assets/fonts/cp437-8x14.txt")));

/// What is wrong with a font's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    #[error(
        "Line {line}: {text:?} begins no glyph; write its code as two hexadecimal digits, then the character"
    )]
    Header { line: usize, text: String },
    #[error("Line {line}: a row of a glyph has eight of . and #")]
    Row { line: usize },
    #[error("The glyph {code:02X} has {rows} rows instead of {wanted}")]
    Height { code: u8, rows: usize, wanted: usize },
}

/// # Panics
/// When a font that is part of the program is damaged, which the tests of this module rule out.
fn embedded<const H: usize>(text: &str) -> Font<H> {
    parse(text).expect("the program's own fonts are well-formed")
}

/// Reads a font's text: comments begin with `# `; a glyph is a line `41 A`, then its rows of `.` and `#`.
/// Glyphs that the text lacks are blank or, from B0 to DF, made by rule.
///
/// # Errors
/// The first line that is neither.
pub fn parse<const H: usize>(text: &str) -> Result<Font<H>, FontError> {
    let mut font = [[0; H]; 256];
    for code in 0xB0..=0xDF {
        font[usize::from(code)] = ruled(code);
    }
    let mut current: Option<(u8, usize)> = None;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        match (current, row(line)) {
            (Some((code, rows)), Some(dots)) if rows < H => {
                font[usize::from(code)][rows] = dots;
                current = Some((code, rows + 1));
            }
            (_, Some(_)) => return Err(FontError::Row { line: line_number }),
            (_, None) if line.starts_with(['.', '#']) => return Err(FontError::Row { line: line_number }),
            (_, None) => {
                complete::<H>(current)?;
                let code = line.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let code =
                    code.ok_or_else(|| FontError::Header { line: line_number, text: line.to_owned() })?;
                current = Some((code, 0));
            }
        }
    }
    complete::<H>(current)?;
    Ok(font)
}

fn complete<const H: usize>(current: Option<(u8, usize)>) -> Result<(), FontError> {
    match current {
        Some((code, rows)) if rows != H => Err(FontError::Height { code, rows, wanted: H }),
        _ => Ok(()),
    }
}

/// `##..##..` as the byte CC.
fn row(line: &str) -> Option<u8> {
    let is_row = line.len() == 8 && line.bytes().all(|b| b == b'.' || b == b'#');
    is_row.then(|| line.bytes().fold(0, |dots, b| dots << 1 | u8::from(b == b'#')))
}

/// A glyph from B0 to DF.
fn ruled<const H: usize>(code: u8) -> [u8; H] {
    let shade = |even, odd| std::array::from_fn(|y| if y % 2 == 0 { even } else { odd });
    match code {
        0xB0 => shade(0x22, 0x88),
        0xB1 => shade(0x55, 0xAA),
        0xB2 => shade(0xDD, 0x77),
        0xDB => [0xFF; H],
        0xDC => std::array::from_fn(|y| if y < H / 2 { 0 } else { 0xFF }),
        0xDD => [0xF0; H],
        0xDE => [0x0F; H],
        0xDF => std::array::from_fn(|y| if y < H / 2 { 0xFF } else { 0 }),
        _ => joint(BOXES[usize::from(code - 0xB3)]),
    }
}

/// The lines that leave the middle of a cell: none, a single or a double one to each side.
#[derive(Clone, Copy)]
struct Joint {
    up: u8,
    down: u8,
    left: u8,
    right: u8,
}

const fn lines(up: u8, down: u8, left: u8, right: u8) -> Joint {
    Joint { up, down, left, right }
}

/// Codes B3 to DA.
#[rustfmt::skip]
const BOXES: [Joint; 40] = [
    lines(1, 1, 0, 0), lines(1, 1, 1, 0), lines(1, 1, 2, 0), lines(2, 2, 1, 0), lines(0, 2, 1, 0),
    lines(0, 1, 2, 0), lines(2, 2, 2, 0), lines(2, 2, 0, 0), lines(0, 2, 2, 0), lines(2, 0, 2, 0),
    lines(2, 0, 1, 0), lines(1, 0, 2, 0), lines(0, 1, 1, 0), lines(1, 0, 0, 1), lines(1, 0, 1, 1),
    lines(0, 1, 1, 1), lines(1, 1, 0, 1), lines(0, 0, 1, 1), lines(1, 1, 1, 1), lines(1, 1, 0, 2),
    lines(2, 2, 0, 1), lines(2, 0, 0, 2), lines(0, 2, 0, 2), lines(2, 0, 2, 2), lines(0, 2, 2, 2),
    lines(2, 2, 0, 2), lines(0, 0, 2, 2), lines(2, 2, 2, 2), lines(1, 0, 2, 2), lines(2, 0, 1, 1),
    lines(0, 1, 2, 2), lines(0, 2, 1, 1), lines(2, 0, 0, 1), lines(1, 0, 0, 2), lines(0, 1, 0, 2),
    lines(0, 2, 0, 1), lines(2, 2, 1, 1), lines(1, 1, 2, 2), lines(1, 0, 1, 0), lines(0, 1, 0, 1),
];

/// Where a line runs across its axis: from the first to the last dot.
type Band = (usize, usize);

/// The bands of one axis: of a single line, of a double one from edge to edge, and of the gap in the double one.
struct Axis {
    single: Band,
    double: Band,
    gap: Band,
    length: usize,
}

impl Axis {
    fn outer(&self, weight: u8) -> Band {
        if weight == 2 { self.double } else { self.single }
    }

    /// How far along this axis the two arms of the crossing lines let an arm reach: from the edge of the cell to the
    /// far side of the crossing line, or to its near side where a single line meets a double one that passes.
    fn reach(&self, towards_end: bool, arm: u8, crossing: (u8, u8), opposite: u8) -> Band {
        let band = self.outer(crossing.0.max(crossing.1));
        let meets = arm == 1 && crossing == (2, 2) && opposite == 0;
        match (towards_end, meets) {
            (false, false) => (0, band.1),
            (false, true) => (0, band.0),
            (true, false) => (band.0, self.length - 1),
            (true, true) => (band.1, self.length - 1),
        }
    }
}

/// One arm of a joint: its weight, the arm opposite, the two that cross, and where it goes.
struct Arm {
    weight: u8,
    opposite: u8,
    crossing: (u8, u8),
    horizontal: bool,
    towards_end: bool,
}

/// Draws the double lines as bands, cuts their gaps out, then draws the single lines over them.
fn joint<const H: usize>(joint: Joint) -> [u8; H] {
    let columns = Axis { single: (3, 4), double: (1, 6), gap: (3, 4), length: 8 };
    let middle = H.div_ceil(2) - usize::from(H == 8);
    let rows =
        Axis { single: (middle, middle), double: (middle - 1, middle + 1), gap: (middle, middle), length: H };
    let Joint { up, down, left, right } = joint;
    let arm = |weight, opposite, crossing, horizontal, towards_end| Arm {
        weight,
        opposite,
        crossing,
        horizontal,
        towards_end,
    };
    let arms = [
        arm(up, down, (left, right), false, false),
        arm(down, up, (left, right), false, true),
        arm(left, right, (up, down), true, false),
        arm(right, left, (up, down), true, true),
    ];
    let mut cell = [0; H];
    let mut paint = |weight: u8, gap: bool| {
        for arm in arms.iter().filter(|arm| arm.weight == weight) {
            let (along, across) = if arm.horizontal { (&columns, &rows) } else { (&rows, &columns) };
            let band = if gap { across.gap } else { across.outer(weight) };
            let mut reach = along.reach(arm.towards_end, arm.weight, arm.crossing, arm.opposite);
            if gap {
                let stop = along.gap;
                reach = if arm.towards_end { (stop.0, along.length - 1) } else { (0, stop.1) };
            }
            let (x, y) = if arm.horizontal { (reach, band) } else { (band, reach) };
            for row in &mut cell[y.0..=y.1] {
                let dots = (x.0..=x.1).fold(0, |dots, x| dots | 0x80 >> x);
                *row = if gap { *row & !dots } else { *row | dots };
            }
        }
    };
    paint(2, false);
    paint(2, true);
    paint(1, false);
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture<const H: usize>(cell: &[u8; H]) -> String {
        let row = |dots: &u8| format!("{dots:08b}").replace('0', ".").replace('1', "#");
        cell.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_printable_character_has_its_own_picture() {
        for first in 0x01..=0xFE_usize {
            for second in first + 1..=0xFE {
                assert_ne!(CGA_8X8[first], CGA_8X8[second], "{first:02X} and {second:02X}, 8x8");
                assert_ne!(MDA_8X14[first], MDA_8X14[second], "{first:02X} and {second:02X}, 8x14");
            }
        }
    }

    #[test]
    fn boxes_join_at_the_edges_of_their_cells() {
        for (index, joint) in BOXES.iter().enumerate() {
            let cell = CGA_8X8[0xB3 + index];
            let vertical = |weight| [0, 0x18, 0x66][usize::from(weight)];
            assert_eq!(
                (cell[0], cell[7]),
                (vertical(joint.up), vertical(joint.down)),
                "{:02X}",
                0xB3 + index
            );
            let side = |bit: u8| cell.iter().filter(|row| **row & bit != 0).count();
            assert_eq!(
                (side(0x80), side(1)),
                (joint.left.into(), joint.right.into()),
                "{:02X}",
                0xB3 + index
            );
        }
    }

    #[test]
    fn corners_and_crossings_look_right() {
        let rows = [
            (0xBB, "........\n........\n#######.\n.....##.\n###..##.\n.##..##.\n.##..##.\n.##..##."),
            (0xCE, ".##..##.\n.##..##.\n###..###\n........\n###..###\n.##..##.\n.##..##.\n.##..##."),
            (0xB6, ".##..##.\n.##..##.\n.##..##.\n###..##.\n.##..##.\n.##..##.\n.##..##.\n.##..##."),
            (0xB8, "........\n........\n#####...\n...##...\n#####...\n...##...\n...##...\n...##..."),
        ];
        for (code, want) in rows {
            assert_eq!(picture(&CGA_8X8[code]), want);
        }
    }

    #[test]
    fn damaged_fonts_are_refused() {
        let parse = |text: &str| parse::<8>(text).unwrap_err().to_string();
        assert_eq!(parse("41 A\n#"), "Line 2: a row of a glyph has eight of . and #");
        assert_eq!(parse("41 A\n........\n42 B"), "The glyph 41 has 1 rows instead of 8");
        assert!(parse("A").starts_with("Line 1: \"A\" begins no glyph"));
    }
}
