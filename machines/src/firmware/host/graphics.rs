//! INT 10h in modes 4 and 5 (320 by 200, two bits for a dot) and 6 (640 by 200, one bit). Even lines lie at B800:0000,
//! odd ones at B800:2000, 80 bytes each.

use super::call::{Call, Register};
use super::video::{CRTC, CURSORS, MODE, PALETTE, Window, segment};

const ODD_LINES: u16 = 0x2000;
const LINE_BYTES: u16 = 80;
const SYSTEM_SEGMENT: u16 = crate::firmware::xt::SYSTEM_SEGMENT;
/// Where the lower half of the font lies in the system ROM.
const FONT_LOWER: u16 = 0xFA6E;

pub fn is_on(call: &mut Call<'_>) -> bool {
    (4..=6).contains(&call.bda(MODE))
}

fn is_fine(call: &mut Call<'_>) -> bool {
    call.bda(MODE) == 6
}

fn line_offset(line: u16) -> u16 {
    (line / 2).wrapping_mul(LINE_BYTES).wrapping_add(if line % 2 == 1 { ODD_LINES } else { 0 })
}

/// The eight rows of a character: from the ROM, or where INT 1Fh points for codes from 80h on.
fn glyph(call: &mut Call<'_>, character: u8) -> [u8; 8] {
    let (segment, offset) = if character < 0x80 { (SYSTEM_SEGMENT, FONT_LOWER) } else { call.vector(0x1F) };
    let from = offset.wrapping_add(u16::from(character & 0x7F) * 8);
    std::array::from_fn(|row| call.byte(segment, from.wrapping_add(row as u16)))
}

/// Eight bits, each twice.
fn widen(bits: u8) -> u16 {
    (0..8).fold(0, |wide, bit| wide | (u16::from(bits >> bit & 1) * (3 << (2 * bit))))
}

/// The first line of the cursor's cell, and the byte in its lines.
fn place(call: &mut Call<'_>) -> (u16, u16) {
    let cursor = call.bda_word(CURSORS);
    let width = if is_fine(call) { 1 } else { 2 };
    ((cursor >> 8) * 8, (cursor & 0xFF) * width)
}

/// Bit 7 of the colour mixes with what is there.
pub fn write_characters(call: &mut Call<'_>, character: u8, colour: u8, count: u16) {
    let rows = glyph(call, character);
    let (line, mut column) = place(call);
    let (segment, fine) = (segment(call), is_fine(call));
    for _ in 0..count {
        for (row, dots) in (line..).zip(rows) {
            let at = line_offset(row).wrapping_add(column);
            let mix = |call: &mut Call<'_>, at, byte| {
                let old = if colour & 0x80 != 0 { call.byte(segment, at) } else { 0 };
                call.set_byte(segment, at, old ^ byte);
            };
            if fine {
                mix(call, at, dots);
            } else {
                let [left, right] = (widen(dots) & (u16::from(colour & 3) * 0x5555)).to_be_bytes();
                mix(call, at, left);
                mix(call, at.wrapping_add(1), right);
            }
        }
        column = column.wrapping_add(if fine { 1 } else { 2 });
    }
}

/// The character at the cursor, found by its dots; 0 if there is none.
pub fn read_character(call: &mut Call<'_>) -> u8 {
    let (line, column) = place(call);
    let (segment, fine) = (segment(call), is_fine(call));
    let mut rows = [0; 8];
    for (dots, row) in rows.iter_mut().zip(line..) {
        let at = line_offset(row).wrapping_add(column);
        let left = call.byte(segment, at);
        *dots = if fine {
            left
        } else {
            let wide = u16::from_be_bytes([left, call.byte(segment, at.wrapping_add(1))]);
            (0..8).fold(0, |bits, bit| bits | u8::from(wide >> (2 * bit) & 3 != 0) << bit)
        };
    }
    (0..=255).find(|character| glyph(call, *character) == rows).unwrap_or(0)
}

/// Scrolls by lines of dots, both halves alike.
pub fn scroll(call: &mut Call<'_>, window: &Window) {
    let (segment, width) = (segment(call), if is_fine(call) { 1 } else { 2 });
    let (left, right) = (u16::from(window.left) * width, (u16::from(window.right) + 1) * width);
    let (top, rows) = (u16::from(window.top) * 8, u16::from(window.rows()) * 8);
    let distance = u16::from(window.lines) * 8;
    for step in 0..rows {
        let line = if window.up { top + step } else { top + rows - 1 - step };
        for column in left..right {
            let byte = if step < rows - distance {
                let from = if window.up { line + distance } else { line - distance };
                call.byte(segment, line_offset(from).wrapping_add(column))
            } else {
                window.filler
            };
            call.set_byte(segment, line_offset(line).wrapping_add(column), byte);
        }
    }
}

/// BH=0: BL is the border's colour, or with a graphics mode the background's; BH=1: BL is the palette.
pub fn set_palette(call: &mut Call<'_>) {
    let (bh, bl) = (call.high(Register::Bx), call.low(Register::Bx));
    let old = call.bda(PALETTE);
    let new = if bh == 0 { old & 0xE0 | bl & 0x1F } else { old & 0xDF | (bl & 1) << 5 };
    call.set_bda(PALETTE, new);
    let port = call.bda_word(CRTC).wrapping_add(5);
    call.output(port, new);
}

/// Where a dot lies: the byte, how far from bit 0, and the mask of a dot there.
fn dot(call: &mut Call<'_>) -> (u16, u8, u8) {
    let (column, line) = (call.get(Register::Cx), call.get(Register::Dx) & 0xFF);
    let at = line_offset(line);
    if is_fine(call) {
        (at.wrapping_add(column >> 3), !(column as u8) & 7, 1)
    } else {
        (at.wrapping_add(column >> 2), (!(column as u8) & 3) * 2, 3)
    }
}

pub fn write_dot(call: &mut Call<'_>) {
    let (at, shift, mask) = dot(call);
    let (segment, colour) = (segment(call), call.low(Register::Ax));
    let old = call.byte(segment, at);
    let value = (colour & mask) << shift;
    let new = if colour & 0x80 != 0 { old ^ value } else { old & !(mask << shift) | value };
    call.set_byte(segment, at, new);
}

pub fn read_dot(call: &mut Call<'_>) {
    let (at, shift, mask) = dot(call);
    let segment = segment(call);
    let value = call.byte(segment, at) >> shift & mask;
    call.set_low(Register::Ax, value);
}
