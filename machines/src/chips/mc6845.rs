//! Motorola MC6845 CRT controller (data sheet DS9838, "Register File Description", "CRTC Operation"), and the
//! Hitachi HD6845S (HD46505S), which is pin for pin the same and differs as [`Variant`] says.
//!
//! The chip counts characters: [`Mc6845::advance`] moves it on by as many as have passed since it was last looked
//! at, a line at a time, and by whole frames where nothing changes from one to the next. All comparisons are for
//! equality, as in the chip, so a total that is set below its counter lets the counter run round.
//!
//! ```text
//!  HCC  0 … R1 … R2 … R0      characters of a line; hdisp ends at R1, HSYNC begins at R2 for R3 characters
//!  RA   0 … R9                scan lines of a row
//!  VCC  0 … R6 … R7 … R4 (+R5 lines)   rows of a field; vdisp ends at R6, VSYNC begins at R7
//! ```
//!
//! Not modelled: the half line by which VSYNC moves in odd fields when interlaced, the skew bits of the HD6845S,
//! and the exact character of a line's end at which the chip samples R4, R5 and R9 (here: the last one).

use serde::{Deserialize, Serialize};

mod views;

/// Which maker's chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// Motorola: VSYNC is 16 lines, a sync width of 0 means 16 characters, the start address is write-only.
    Mc6845,
    /// Hitachi: the upper half of R3 is the lines of VSYNC (0: 16), a sync width of 0 means no HSYNC, the start
    /// address can be read.
    Hd6845s,
}

/// The registers by their numbers.
pub mod reg {
    pub const HORIZONTAL_TOTAL: usize = 0;
    pub const HORIZONTAL_DISPLAYED: usize = 1;
    pub const HORIZONTAL_SYNC_POSITION: usize = 2;
    pub const SYNC_WIDTH: usize = 3;
    pub const VERTICAL_TOTAL: usize = 4;
    pub const VERTICAL_TOTAL_ADJUST: usize = 5;
    pub const VERTICAL_DISPLAYED: usize = 6;
    pub const VERTICAL_SYNC_POSITION: usize = 7;
    pub const INTERLACE_MODE: usize = 8;
    pub const MAX_SCAN_LINE: usize = 9;
    pub const CURSOR_START: usize = 10;
    pub const CURSOR_END: usize = 11;
    pub const START_ADDRESS_HIGH: usize = 12;
    pub const START_ADDRESS_LOW: usize = 13;
    pub const CURSOR_HIGH: usize = 14;
    pub const CURSOR_LOW: usize = 15;
    pub const LIGHT_PEN_HIGH: usize = 16;
    pub const LIGHT_PEN_LOW: usize = 17;
}

/// How many registers there are.
pub const REGISTERS: usize = 18;

/// The bits that each register has.
const WIDTHS: [u8; REGISTERS] = [8, 8, 8, 4, 7, 5, 7, 7, 2, 5, 7, 5, 6, 8, 6, 8, 6, 8];

/// The bits of the memory address pins MA0–MA13.
const ADDRESS_MASK: u16 = 0x3FFF;

/// What the counters and flip-flops of the chip hold at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counters {
    /// Horizontal character counter.
    hcc: u8,
    /// Vertical character (row) counter, 7 bits.
    vcc: u8,
    /// Row address: the scan line within the row, 5 bits.
    ra: u8,
    /// Within the vertical total adjust: which of its lines this is, from 1.
    adjust_line: Option<u8>,
    /// The horizontal half of display enable.
    h_display: bool,
    /// The vertical half of display enable.
    v_display: bool,
    /// Characters of HSYNC to come, this one included.
    hsync_left: u8,
    /// Lines of VSYNC to come, this one included.
    vsync_left: u8,
    /// Memory address of the first character of this row.
    row_start: u16,
    /// What the row after this one will begin with: latched at the end of the displayed part of the last scan line.
    next_row_start: u16,
    odd_field: bool,
    /// Lines since VSYNC began; stops at its maximum.
    lines_since_vsync: u16,
    /// VSYNCs so far; the cursor blinks by them.
    fields: u32,
}

/// The controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mc6845 {
    variant: Variant,
    /// The address register, 5 bits.
    address: u8,
    registers: [u8; REGISTERS],
    counters: Counters,
}

/// The saved form of [`Mc6845`], version 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mc6845State {
    address: u8,
    registers: [u8; REGISTERS],
    counters: Counters,
}

impl Mc6845 {
    /// A chip at power-on: all registers 0 (the data sheet leaves them undefined), which makes the shortest frames.
    pub fn new(variant: Variant) -> Self {
        let counters = Counters {
            hcc: 0,
            vcc: 0,
            ra: 0,
            adjust_line: None,
            h_display: false,
            v_display: false,
            hsync_left: 0,
            vsync_left: 0,
            row_start: 0,
            next_row_start: 0,
            odd_field: false,
            lines_since_vsync: 0,
            fields: 0,
        };
        Self { variant, address: 0, registers: [0; REGISTERS], counters }
    }

    /// RESET: the counters are cleared, the registers stay.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.variant);
        self.counters = Counters { fields: self.counters.fields, ..fresh.counters };
    }

    /// Writes the address register.
    pub fn write_address(&mut self, value: u8) {
        self.address = value & 0x1F;
    }

    /// The register that the address register points at, if it is one.
    pub fn addressed(&self) -> Option<usize> {
        Some(usize::from(self.address)).filter(|&at| at < REGISTERS)
    }

    /// Writes the addressed register. The light pen's registers cannot be written.
    pub fn write_data(&mut self, value: u8) {
        if let Some(at) = self.addressed().filter(|&at| at < reg::LIGHT_PEN_HIGH) {
            self.registers[at] = value & self.mask(at);
        }
    }

    /// Reads the addressed register: cursor and light pen; others read as 0.
    pub fn read_data(&self) -> u8 {
        let first = match self.variant {
            Variant::Mc6845 => reg::CURSOR_HIGH,
            Variant::Hd6845s => reg::START_ADDRESS_HIGH,
        };
        self.addressed().filter(|&at| at >= first).map_or(0, |at| self.registers[at])
    }

    /// What register `at` (0–17) holds.
    pub fn register(&self, at: usize) -> u8 {
        self.registers[at]
    }

    fn mask(&self, at: usize) -> u8 {
        match (self.variant, at) {
            (Variant::Hd6845s, reg::SYNC_WIDTH | reg::INTERLACE_MODE) => 0xFF,
            _ => (0xFFu16 >> (8 - WIDTHS[at])) as u8,
        }
    }

    /// A rising edge of the light pen strobe: latches the address of the character at the beam.
    pub fn strobe_light_pen(&mut self) {
        let [high, low] = self.memory_address().to_be_bytes();
        self.registers[reg::LIGHT_PEN_HIGH] = high;
        self.registers[reg::LIGHT_PEN_LOW] = low;
    }

    // The pins, at this moment.

    /// Display enable (DE).
    #[inline]
    pub fn display_enabled(&self) -> bool {
        self.counters.h_display && self.counters.v_display
    }

    /// Horizontal sync (HS).
    #[inline]
    pub fn hsync(&self) -> bool {
        self.counters.hsync_left > 0
    }

    /// Vertical sync (VS).
    #[inline]
    pub fn vsync(&self) -> bool {
        self.counters.vsync_left > 0
    }

    /// Refresh memory address (MA0–MA13).
    #[inline]
    pub fn memory_address(&self) -> u16 {
        self.counters.row_start.wrapping_add(self.counters.hcc.into()) & ADDRESS_MASK
    }

    /// Row address (RA0–RA4).
    #[inline]
    pub fn row_address(&self) -> u8 {
        if self.interlaced_video() {
            (self.counters.ra << 1 | u8::from(self.counters.odd_field)) & 0x1F
        } else {
            self.counters.ra
        }
    }

    /// The character of the line that the beam is at (HCC).
    #[inline]
    pub fn column(&self) -> u8 {
        self.counters.hcc
    }

    // What a scan-out needs to know of the line.

    /// Memory address of the first character of the line.
    pub fn line_start(&self) -> u16 {
        self.counters.row_start
    }

    /// Whether the line is one that shows characters.
    pub fn line_displays(&self) -> bool {
        self.counters.v_display
    }

    /// Characters that a line shows.
    pub fn columns_displayed(&self) -> u16 {
        u16::from(self.registers[reg::HORIZONTAL_DISPLAYED]).min(self.line_length())
    }

    /// Characters of a line, blanked ones included.
    pub fn line_length(&self) -> u16 {
        u16::from(self.registers[reg::HORIZONTAL_TOTAL]) + 1
    }

    /// Characters from the beginning of HSYNC to the next line's first character; none without HSYNC.
    pub fn sync_to_line(&self) -> Option<u16> {
        self.line_length()
            .checked_sub(self.registers[reg::HORIZONTAL_SYNC_POSITION].into())
            .filter(|&chars| chars > 0)
    }

    /// Lines since VSYNC began.
    pub fn lines_since_vsync(&self) -> u16 {
        self.counters.lines_since_vsync
    }

    /// Lines from here on, this one included, that are of one row and drawn alike; this one alone where the row
    /// address is not a plain count.
    pub fn lines_left_in_row(&self) -> u16 {
        let Counters { ra, adjust_line, .. } = self.counters;
        if adjust_line.is_some() || self.interlaced_video() {
            return 1;
        }
        u16::from(self.last_scan_line().saturating_sub(ra)) + 1
    }

    /// VSYNCs since power-on; the cards blink by them.
    pub fn fields(&self) -> u32 {
        self.counters.fields
    }

    /// The cursor's column in this row, if it is in it.
    pub fn cursor_column(&self) -> Option<u16> {
        let column = self.cursor_address().wrapping_sub(self.counters.row_start) & ADDRESS_MASK;
        Some(column).filter(|&column| column < self.columns_displayed())
    }

    /// R14 and R15: the address of the cursor.
    pub fn cursor_address(&self) -> u16 {
        u16::from_be_bytes([self.registers[reg::CURSOR_HIGH], self.registers[reg::CURSOR_LOW]])
    }

    /// R12 and R13: the address that the next frame begins with.
    pub fn start_address(&self) -> u16 {
        u16::from_be_bytes([self.registers[reg::START_ADDRESS_HIGH], self.registers[reg::START_ADDRESS_LOW]])
    }

    /// First and last scan line of the cursor.
    pub fn cursor_shape(&self) -> (u8, u8) {
        (self.registers[reg::CURSOR_START] & 0x1F, self.registers[reg::CURSOR_END])
    }

    /// Whether the chip shows its cursor in this field: R10's blink and rate bits.
    pub fn cursor_lit(&self) -> bool {
        match self.registers[reg::CURSOR_START] >> 5 & 3 {
            0 => true,
            1 => false,
            2 => self.counters.fields & 8 == 0,
            _ => self.counters.fields & 16 == 0,
        }
    }

    // Time.

    /// Characters until the next line begins, at least 1. A counter beyond the total runs round.
    #[inline]
    pub fn chars_left_in_line(&self) -> u64 {
        let (hcc, total) = (self.counters.hcc, self.registers[reg::HORIZONTAL_TOTAL]);
        u64::from(total.wrapping_sub(hcc)) + 1
    }

    /// Lets `chars` characters pass.
    pub fn advance(&mut self, mut chars: u64) {
        let mut mark = None;
        loop {
            chars -= self.skip_plain_rows(chars);
            let left = self.chars_left_in_line();
            if chars < left {
                return self.run_in_line(chars as u16);
            }
            chars -= left;
            self.finish_line();
            if self.at_frame_start() {
                chars = self.skip_equal_frames(chars, &mut mark);
            }
        }
    }

    /// Passes the rest of the line, to the first character of the next one.
    pub fn finish_line(&mut self) {
        self.run_in_line(self.chars_left_in_line() as u16 - 1);
        self.tick_syncs();
        self.next_line();
    }

    /// Characters until VSYNC begins and at least `min` have passed; `None` if it does not within `max`.
    pub fn chars_to_vsync(&self, min: u64, max: u64) -> Option<u64> {
        let mut ahead = self.clone();
        let mut chars = 0;
        while chars < max {
            chars += ahead.skip_plain_rows(max - chars);
            chars += ahead.chars_left_in_line();
            ahead.finish_line();
            if ahead.counters.lines_since_vsync == 0 && chars >= min {
                return Some(chars);
            }
        }
        None
    }

    /// Passes rows in which nothing happens but counting, as many as fit in `chars`. Gives the characters passed.
    /// They end before the next row that R4, R6 or R7 names, and are passed only from the beginning of one, with
    /// display and HSYNC beginning and ending within each line.
    fn skip_plain_rows(&mut self, chars: u64) -> u64 {
        let Counters { hcc, vcc, ra, adjust_line, h_display, hsync_left, .. } = self.counters;
        let [total, displayed, sync, ..] = self.registers.map(u16::from);
        let sync_fits = sync > total || sync > 0 && sync + u16::from(self.hsync_width()) <= total;
        // The line that the chip powers up in shows nothing, unlike every later one.
        let plain = hcc == 0 && ra == 0 && adjust_line.is_none() && h_display && hsync_left == 0;
        let vertical_total = self.registers[reg::VERTICAL_TOTAL];
        if !plain || !sync_fits || displayed == 0 || displayed > total || vcc == vertical_total {
            return 0;
        }
        if self.interlaced_video() {
            return 0;
        }
        let named = [reg::VERTICAL_TOTAL, reg::VERTICAL_DISPLAYED, reg::VERTICAL_SYNC_POSITION]
            .map(|at| self.registers[at]);
        let next_named = named.into_iter().filter(|&row| row > vcc).min().unwrap_or(0x80);
        let lines_of_row = u16::from(self.last_scan_line()) + 1;
        let chars_of_row = u64::from(total + 1) * u64::from(lines_of_row);
        let rows = u64::from(next_named - vcc - 1).min(chars / chars_of_row) as u16;
        self.count_rows(rows, rows * lines_of_row, displayed);
        u64::from(rows) * chars_of_row
    }

    /// Counts `rows` plain rows, `lines` lines, of `displayed` characters each.
    fn count_rows(&mut self, rows: u16, lines: u16, displayed: u16) {
        if rows == 0 {
            return;
        }
        let counters = &mut self.counters;
        counters.vcc += rows as u8;
        counters.row_start = counters.row_start.wrapping_add(rows * displayed) & ADDRESS_MASK;
        counters.next_row_start = counters.row_start;
        counters.vsync_left = counters.vsync_left.saturating_sub(lines.min(16) as u8);
        counters.lines_since_vsync = counters.lines_since_vsync.saturating_add(lines);
    }

    fn at_frame_start(&self) -> bool {
        self.counters.vcc == 0 && self.counters.ra == 0 && self.counters.adjust_line.is_none()
    }

    /// Where this frame begins exactly as the marked one did, whole repetitions are left out of `chars`.
    fn skip_equal_frames(&mut self, chars: u64, mark: &mut Option<FrameMark>) -> u64 {
        match mark {
            Some(old) if old.frames < FrameMark::PATIENCE => {
                old.frames += 1;
                let as_marked = Counters { fields: old.counters.fields, ..self.counters };
                if as_marked != old.counters {
                    return chars;
                }
                let period = old.chars_left - chars;
                let fields = self.counters.fields.wrapping_sub(old.counters.fields);
                let times = chars / period;
                self.counters.fields = self.counters.fields.wrapping_add(fields.wrapping_mul(times as u32));
                chars % period
            }
            _ => {
                *mark = Some(FrameMark { counters: self.counters, chars_left: chars, frames: 0 });
                chars
            }
        }
    }

    /// Moves on within the line: `chars` does not reach its end, but may pass 255 to 0.
    fn run_in_line(&mut self, chars: u16) {
        let to_wrap = 256 - u16::from(self.counters.hcc);
        if chars < to_wrap {
            return self.run_straight(chars as u8);
        }
        self.run_straight((to_wrap - 1) as u8);
        self.tick_syncs();
        self.begin_line();
        self.run_straight((chars - to_wrap) as u8);
    }

    /// Moves on by `chars` characters with no wrap between.
    fn run_straight(&mut self, chars: u8) {
        let from = self.counters.hcc;
        let to = from + chars;
        let passes = |at: u8| at > from && at <= to;
        self.counters.hcc = to;
        self.counters.hsync_left = self.counters.hsync_left.saturating_sub(chars);
        let displayed = self.registers[reg::HORIZONTAL_DISPLAYED];
        if passes(displayed) {
            self.end_display();
        }
        let sync = self.registers[reg::HORIZONTAL_SYNC_POSITION];
        if passes(sync) {
            self.counters.hsync_left = self.hsync_width().saturating_sub(to - sync);
        }
    }

    fn tick_syncs(&mut self) {
        self.counters.hsync_left = self.counters.hsync_left.saturating_sub(1);
    }

    /// The horizontal counter is at R1: display ends, and a row's last line hands its address on.
    fn end_display(&mut self) {
        self.counters.h_display = false;
        if self.counters.ra == self.last_scan_line() {
            self.counters.next_row_start =
                self.counters.row_start.wrapping_add(self.registers[reg::HORIZONTAL_DISPLAYED].into())
                    & ADDRESS_MASK;
        }
    }

    /// The horizontal counter is at 0.
    fn begin_line(&mut self) {
        self.counters.hcc = 0;
        self.counters.h_display = true;
        if self.registers[reg::HORIZONTAL_DISPLAYED] == 0 {
            self.end_display();
        }
        if self.registers[reg::HORIZONTAL_SYNC_POSITION] == 0 {
            self.counters.hsync_left = self.hsync_width();
        }
    }

    fn next_line(&mut self) {
        self.counters.vsync_left = self.counters.vsync_left.saturating_sub(1);
        self.counters.lines_since_vsync = self.counters.lines_since_vsync.saturating_add(1);
        self.count_line();
        if self.counters.ra == 0 {
            self.begin_row();
        }
        self.begin_line();
    }

    /// Row address, row and adjust counters at the end of a line.
    fn count_line(&mut self) {
        let row_ends = self.counters.ra == self.last_scan_line();
        let total = self.registers[reg::VERTICAL_TOTAL];
        let adjust_begins = self.counters.adjust_line.is_none() && row_ends && self.counters.vcc == total;
        if self.counters.adjust_line == Some(self.adjust_lines()) || adjust_begins && self.adjust_lines() == 0
        {
            return self.begin_field();
        }
        self.counters.adjust_line = match self.counters.adjust_line {
            Some(line) => Some(line.wrapping_add(1) & 0x1F),
            None => adjust_begins.then_some(1),
        };
        if row_ends {
            self.counters.ra = 0;
            self.counters.vcc = (self.counters.vcc + 1) & 0x7F;
            self.counters.row_start = self.counters.next_row_start;
        } else {
            self.counters.ra = (self.counters.ra + 1) & 0x1F;
        }
    }

    fn begin_field(&mut self) {
        let start = self.start_address();
        let interlaced = self.registers[reg::INTERLACE_MODE] & 1 != 0;
        let counters = &mut self.counters;
        counters.adjust_line = None;
        counters.ra = 0;
        counters.vcc = 0;
        counters.row_start = start;
        counters.next_row_start = start;
        counters.v_display = true;
        counters.odd_field = interlaced && !counters.odd_field;
    }

    fn begin_row(&mut self) {
        if self.counters.vcc == self.registers[reg::VERTICAL_DISPLAYED] {
            self.counters.v_display = false;
        }
        let syncs = self.counters.vcc == self.registers[reg::VERTICAL_SYNC_POSITION];
        if syncs && self.counters.vsync_left == 0 {
            self.counters.vsync_left = self.vsync_lines();
            self.counters.lines_since_vsync = 0;
            self.counters.fields = self.counters.fields.wrapping_add(1);
        }
    }

    /// Lines that the vertical total adjust adds; an interlaced odd field has one more.
    fn adjust_lines(&self) -> u8 {
        let extra = u8::from(self.counters.odd_field && self.registers[reg::INTERLACE_MODE] & 1 != 0);
        (self.registers[reg::VERTICAL_TOTAL_ADJUST] + extra) & 0x1F
    }

    /// "Interlace sync and video": each field shows every other scan line.
    fn interlaced_video(&self) -> bool {
        self.registers[reg::INTERLACE_MODE] & 3 == 3
    }

    /// The value of RA on a row's last line.
    fn last_scan_line(&self) -> u8 {
        let max = self.registers[reg::MAX_SCAN_LINE];
        if self.interlaced_video() { max >> 1 } else { max }
    }

    fn hsync_width(&self) -> u8 {
        match (self.variant, self.registers[reg::SYNC_WIDTH] & 0x0F) {
            (Variant::Mc6845, 0) => 16,
            (_, width) => width,
        }
    }

    fn vsync_lines(&self) -> u8 {
        match (self.variant, self.registers[reg::SYNC_WIDTH] >> 4) {
            (Variant::Mc6845, _) | (_, 0) => 16,
            (_, lines) => lines,
        }
    }

    /// The state, as the card that carries the chip saves it.
    pub fn save(&self) -> Mc6845State {
        let Self { variant: _, address, registers, counters } = self.clone();
        Mc6845State { address, registers, counters }
    }

    /// Takes a saved state back; values that no register can hold are cut to size.
    pub fn restore(&mut self, saved: Mc6845State) {
        let Mc6845State { address, registers, counters } = saved;
        self.address = address & 0x1F;
        for (at, value) in registers.into_iter().enumerate() {
            self.registers[at] = value & self.mask(at);
        }
        self.counters = Counters {
            vcc: counters.vcc & 0x7F,
            ra: counters.ra & 0x1F,
            adjust_line: counters.adjust_line.map(|line| line & 0x1F),
            hsync_left: counters.hsync_left.min(16),
            vsync_left: counters.vsync_left.min(16),
            row_start: counters.row_start & ADDRESS_MASK,
            next_row_start: counters.next_row_start & ADDRESS_MASK,
            ..counters
        };
    }
}

/// A frame's beginning to which later ones are compared.
struct FrameMark {
    counters: Counters,
    /// What was left to pass at that moment.
    chars_left: u64,
    frames: u8,
}

impl FrameMark {
    /// How many frames a mark waits for its like before another is set.
    const PATIENCE: u8 = 40;
}

#[cfg(test)]
mod tests;
