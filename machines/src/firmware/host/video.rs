//! INT 10h in text modes, and what all modes share.

use super::call::{Call, Outcome, Register};
use super::graphics;

const EQUIPMENT: u16 = 0x10;
pub const MODE: u16 = 0x49;
const COLUMNS: u16 = 0x4A;
const PAGE_SIZE: u16 = 0x4C;
const START: u16 = 0x4E;
pub const CURSORS: u16 = 0x50;
const SHAPE: u16 = 0x60;
const PAGE: u16 = 0x62;
pub const CRTC: u16 = 0x63;
const MODE_REGISTER: u16 = 0x65;
pub const PALETTE: u16 = 0x66;
/// The tick at which the bell ends, or 0: in the area for communication between programs (40:F0), its last byte.
const BELL: u16 = 0xFF;
const TICK_LOW: u16 = 0x6C;

const ROWS: u8 = 25;
/// The offset of the parameters in the table of INT 1Dh, the bytes of a page, the columns, the mode register.
const MODES: [(u16, u16, u8, u8); 8] = [
    (0, 2048, 40, 0x2C),
    (0, 2048, 40, 0x28),
    (16, 4096, 80, 0x2D),
    (16, 4096, 80, 0x29),
    (32, 16384, 40, 0x2A),
    (32, 16384, 40, 0x2E),
    (32, 16384, 80, 0x1E),
    (48, 4096, 80, 0x29),
];

pub fn serve(call: &mut Call<'_>) -> Outcome {
    let (al, bx, cx) = (call.low(Register::Ax), call.get(Register::Bx), call.get(Register::Cx));
    let (page, bl) = ((bx >> 8) as u8 & 7, bx as u8);
    match call.high(Register::Ax) {
        0x00 => set_mode(call, al & 0x7F),
        0x01 => set_cursor_shape(call, cx),
        0x02 => {
            let place = call.get(Register::Dx);
            set_cursor(call, page, place);
        }
        0x03 => {
            let (place, shape) = (cursor(call, page), call.bda_word(SHAPE));
            call.set(Register::Dx, place);
            call.set(Register::Cx, shape);
        }
        0x04 => call.set_high(Register::Ax, 0),
        0x05 => set_page(call, al & 7),
        0x06 | 0x07 => scroll_window(call),
        0x08 => read_character(call, page),
        0x09 => write_characters(call, page, al, Some(bl), cx),
        0x0A if graphics::is_on(call) => write_characters(call, page, al, Some(bl), cx),
        0x0A => write_characters(call, page, al, None, cx),
        0x0B => graphics::set_palette(call),
        0x0C => graphics::write_dot(call),
        0x0D => graphics::read_dot(call),
        0x0E => return teletype(call, al, bl),
        0x0F => {
            let (mode, columns, active) = (call.bda(MODE), call.bda(COLUMNS), call.bda(PAGE));
            call.set(Register::Ax, u16::from(columns) << 8 | u16::from(mode));
            call.set_high(Register::Bx, active);
        }
        0x13 => write_string(call, page, bl),
        _ => {}
    }
    Outcome::Done
}

fn is_monochrome(call: &mut Call<'_>) -> bool {
    call.bda(EQUIPMENT) & 0x30 == 0x30
}

/// The segment of the display's memory.
pub fn segment(call: &mut Call<'_>) -> u16 {
    if is_monochrome(call) { 0xB000 } else { 0xB800 }
}

fn set_mode(call: &mut Call<'_>, mode: u8) {
    let mono = is_monochrome(call);
    let (mode, crtc) = if mono { (7, 0x3B4) } else { (mode, 0x3D4) };
    if mode > 7 || (mode == 7) != mono {
        return;
    }
    let (table, page_bytes, columns, register) = MODES[usize::from(mode)];
    call.set_bda(MODE, mode);
    call.set_bda_word(CRTC, crtc);
    call.set_bda(MODE_REGISTER, register);
    call.output(crtc + 4, register & 0x37);
    call.set_bda_word(COLUMNS, columns.into());
    call.set_bda_word(PAGE_SIZE, page_bytes);
    program_crtc(call, crtc, table);
    clear(call, mode);
    call.set_bda_word(START, 0);
    call.set_bda(PAGE, 0);
    for page in 0..8 {
        call.set_bda_word(CURSORS + 2 * page, 0);
    }
    call.output(crtc + 4, register);
    let palette = if mode == 6 { 0x3F } else { 0x30 };
    call.output(crtc + 5, palette);
    call.set_bda(PALETTE, palette);
}

fn program_crtc(call: &mut Call<'_>, crtc: u16, table: u16) {
    let (segment, offset) = call.vector(0x1D);
    let from = offset.wrapping_add(table);
    for register in 0..16 {
        let value = call.byte(segment, from.wrapping_add(register));
        call.output(crtc, register as u8);
        call.output(crtc + 1, value);
    }
    let shape = call.word(segment, from.wrapping_add(10)).swap_bytes();
    call.set_bda_word(SHAPE, shape);
}

fn clear(call: &mut Call<'_>, mode: u8) {
    let segment = segment(call);
    let blank = if (4..=6).contains(&mode) { 0 } else { 0x0720 };
    let bytes = if mode == 7 { 0x1000 } else { 0x4000 };
    for offset in (0..bytes).step_by(2) {
        call.set_word(segment, offset, blank);
    }
}

/// A 16-bit value to the CRTC's register `first` and the next.
fn write_crtc(call: &mut Call<'_>, first: u8, value: u16) {
    let port = call.bda_word(CRTC);
    for (register, byte) in [(first, (value >> 8) as u8), (first + 1, value as u8)] {
        call.output(port, register);
        call.output(port + 1, byte);
    }
}

fn set_cursor_shape(call: &mut Call<'_>, shape: u16) {
    call.set_bda_word(SHAPE, shape);
    write_crtc(call, 10, shape);
}

/// Row in the upper byte, column in the lower.
fn cursor(call: &mut Call<'_>, page: u8) -> u16 {
    call.bda_word(CURSORS + 2 * u16::from(page))
}

fn set_cursor(call: &mut Call<'_>, page: u8, place: u16) {
    call.set_bda_word(CURSORS + 2 * u16::from(page), place);
    if page == call.bda(PAGE) {
        let start = call.bda_word(START);
        let at = text_offset(call, place).wrapping_add(start);
        write_crtc(call, 14, at >> 1);
    }
}

fn set_page(call: &mut Call<'_>, page: u8) {
    let start = call.bda_word(PAGE_SIZE).wrapping_mul(page.into());
    call.set_bda(PAGE, page);
    call.set_bda_word(START, start);
    write_crtc(call, 12, start >> 1);
    let place = cursor(call, page);
    set_cursor(call, page, place);
}

/// The offset of a place in its page.
fn text_offset(call: &mut Call<'_>, place: u16) -> u16 {
    let columns = u16::from(call.bda(COLUMNS));
    ((place >> 8) * columns).wrapping_add(place & 0xFF).wrapping_mul(2)
}

fn cell_of_cursor(call: &mut Call<'_>, page: u8) -> u16 {
    let place = cursor(call, page);
    let in_page = text_offset(call, place);
    call.bda_word(PAGE_SIZE).wrapping_mul(page.into()).wrapping_add(in_page)
}

fn read_character(call: &mut Call<'_>, page: u8) {
    if graphics::is_on(call) {
        let found = graphics::read_character(call);
        call.set_low(Register::Ax, found);
        return;
    }
    let (segment, offset) = (segment(call), cell_of_cursor(call, page));
    let cell = call.word(segment, offset);
    call.set(Register::Ax, cell);
}

/// `attribute`: none leaves the old one.
fn write_characters(call: &mut Call<'_>, page: u8, character: u8, attribute: Option<u8>, count: u16) {
    if graphics::is_on(call) {
        graphics::write_characters(call, character, attribute.unwrap_or(0), count);
        return;
    }
    let (segment, offset) = (segment(call), cell_of_cursor(call, page));
    for cell in 0..count {
        let at = offset.wrapping_add(cell.wrapping_mul(2));
        call.set_byte(segment, at, character);
        if let Some(attribute) = attribute {
            call.set_byte(segment, at.wrapping_add(1), attribute);
        }
    }
}

/// A character to the active page; the bell takes a while.
fn teletype(call: &mut Call<'_>, character: u8, colour: u8) -> Outcome {
    if character == 7 {
        return bell(call);
    }
    let page = call.bda(PAGE);
    let place = cursor(call, page);
    let (row, column) = ((place >> 8) as u8, place as u8);
    let (row, column) = match character {
        8 => (row, column.saturating_sub(1)),
        10 => (row.wrapping_add(1), column),
        13 => (row, 0),
        _ => {
            let attribute = graphics::is_on(call).then_some(colour);
            write_characters(call, page, character, attribute, 1);
            let last = column.wrapping_add(1) >= call.bda(COLUMNS);
            if last { (row.wrapping_add(1), 0) } else { (row, column + 1) }
        }
    };
    let below = row >= ROWS;
    let row = row.min(ROWS - 1);
    set_cursor(call, page, u16::from(row) << 8 | u16::from(column));
    if below {
        scroll_screen(call, page);
    }
    Outcome::Done
}

/// The whole screen up by a line, which takes the attribute under the cursor.
fn scroll_screen(call: &mut Call<'_>, page: u8) {
    let filler = if graphics::is_on(call) {
        0
    } else {
        let (segment, offset) = (segment(call), cell_of_cursor(call, page));
        call.byte(segment, offset.wrapping_add(1))
    };
    let right = call.bda(COLUMNS).wrapping_sub(1);
    scroll(call, &Window { top: 0, left: 0, bottom: ROWS - 1, right, lines: 1, up: true, filler });
}

/// 896 Hz for three ticks.
fn bell(call: &mut Call<'_>) -> Outcome {
    let now = call.bda(TICK_LOW) | 1;
    let end = call.bda(BELL);
    let speaker = call.input(0x61);
    if end == 0 {
        call.output(0x43, 0xB6);
        call.output(0x42, 0x33);
        call.output(0x42, 0x05);
        call.output(0x61, speaker | 3);
        call.set_bda(BELL, now.wrapping_add(4));
        return Outcome::Wait;
    }
    if end.wrapping_sub(now) < 0x80 && end != now {
        return Outcome::Wait;
    }
    call.output(0x61, speaker & 0xFC);
    call.set_bda(BELL, 0);
    Outcome::Done
}

/// A part of the screen, to be scrolled.
pub struct Window {
    pub top: u8,
    pub left: u8,
    pub bottom: u8,
    pub right: u8,
    pub lines: u8,
    pub up: bool,
    pub filler: u8,
}

impl Window {
    pub fn rows(&self) -> u8 {
        self.bottom - self.top + 1
    }
}

fn scroll_window(call: &mut Call<'_>) {
    let (from, to) = (call.get(Register::Cx), call.get(Register::Dx));
    let columns = call.bda(COLUMNS);
    let mut window = Window {
        top: (from >> 8) as u8,
        left: from as u8,
        bottom: ((to >> 8) as u8).min(ROWS - 1),
        right: (to as u8).min(columns.saturating_sub(1)),
        lines: call.low(Register::Ax),
        up: call.high(Register::Ax) == 6,
        filler: call.high(Register::Bx),
    };
    if window.top > window.bottom || window.left > window.right {
        return;
    }
    if window.lines == 0 || window.lines > window.rows() {
        window.lines = window.rows();
    }
    scroll(call, &window);
}

fn scroll(call: &mut Call<'_>, window: &Window) {
    if graphics::is_on(call) {
        graphics::scroll(call, window);
        return;
    }
    let segment = segment(call);
    let stride = u16::from(call.bda(COLUMNS)) * 2;
    let start = call.bda_word(START);
    let cell =
        |row: u8, column: u8| start.wrapping_add(u16::from(row) * stride).wrapping_add(u16::from(column) * 2);
    for line in 0..window.rows() {
        let row = if window.up { window.top + line } else { window.bottom - line };
        let is_moved = line < window.rows() - window.lines;
        for column in window.left..=window.right {
            let value = if is_moved {
                let from = if window.up { row + window.lines } else { row - window.lines };
                call.word(segment, cell(from, column))
            } else {
                u16::from(window.filler) << 8 | 0x20
            };
            call.set_word(segment, cell(row, column), value);
        }
    }
}

/// AL bit 0: the cursor moves along; bit 1: attributes stand in the string.
fn write_string(call: &mut Call<'_>, page: u8, attribute: u8) {
    let (mode, count) = (call.low(Register::Ax), call.get(Register::Cx));
    if mode > 3 || count == 0 {
        return;
    }
    let (segment, mut from) = (call.get(Register::Es), call.get(Register::Bp));
    let before = cursor(call, page);
    let place = call.get(Register::Dx);
    set_cursor(call, page, place);
    for _ in 0..count {
        let character = call.byte(segment, from);
        from = from.wrapping_add(1);
        if matches!(character, 7 | 8 | 10 | 13) {
            if character != 7 {
                // Nothing but the bell waits.
                teletype(call, character, attribute);
            }
            continue;
        }
        let mut this = attribute;
        if mode & 2 != 0 {
            this = call.byte(segment, from);
            from = from.wrapping_add(1);
        }
        write_characters(call, page, character, Some(this), 1);
        advance_cursor(call, page);
    }
    if mode & 1 == 0 {
        set_cursor(call, page, before);
    }
}

fn advance_cursor(call: &mut Call<'_>, page: u8) {
    let place = cursor(call, page);
    let (row, column) = ((place >> 8) as u8, place as u8);
    if column.wrapping_add(1) < call.bda(COLUMNS) {
        set_cursor(call, page, place + 1);
    } else if row + 1 < ROWS {
        set_cursor(call, page, u16::from(row + 1) << 8);
    } else {
        scroll_screen(call, page);
        set_cursor(call, page, u16::from(ROWS - 1) << 8);
    }
}
