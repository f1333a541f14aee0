use super::*;
use proptest::prelude::*;

/// The registers as IBM's firmware sets them for a CGA's 80 columns.
const TEXT_80: [u8; 16] = [0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0];
/// And for its graphics modes.
const GRAPHICS: [u8; 16] = [0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0];
/// And for an MDA.
const MONO: [u8; 16] = [0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0];

fn chip(registers: &[u8]) -> Mc6845 {
    let mut chip = Mc6845::new(Variant::Mc6845);
    program(&mut chip, registers);
    chip
}

fn program(chip: &mut Mc6845, registers: &[u8]) {
    for (at, &value) in registers.iter().enumerate() {
        chip.write_address(at as u8);
        chip.write_data(value);
    }
}

/// Moves on to the first character of a frame.
fn to_frame_start(chip: &mut Mc6845) {
    for _ in 0..100_000 {
        chip.finish_line();
        if chip.at_frame_start() {
            return;
        }
    }
    panic!("no frame begins");
}

/// The chip's counters one character at a time, as the data sheet's block diagram has them.
struct Naive {
    r: [u8; 16],
    hcc: u8,
    vcc: u8,
    ra: u8,
    adjust: Option<u8>,
    h_display: bool,
    v_display: bool,
    hsync: u8,
    vsync: u8,
    start: u16,
    latched: u16,
}

impl Naive {
    fn new(r: &[u8]) -> Self {
        let mut all = [0; 16];
        for (at, &value) in r.iter().enumerate().take(16) {
            all[at] = value & (0xFFu16 >> (8 - WIDTHS[at])) as u8;
        }
        Self {
            r: all,
            hcc: 0,
            vcc: 0,
            ra: 0,
            adjust: None,
            h_display: false,
            v_display: false,
            hsync: 0,
            vsync: 0,
            start: 0,
            latched: 0,
        }
    }

    fn step(&mut self) {
        self.hsync = self.hsync.saturating_sub(1);
        let line_ends = self.hcc == self.r[0];
        self.hcc = if line_ends { 0 } else { self.hcc.wrapping_add(1) };
        if line_ends {
            self.end_line();
        }
        if self.hcc == 0 {
            self.h_display = true;
        }
        if self.hcc == self.r[1] {
            self.h_display = false;
            if self.ra == self.r[9] {
                self.latched = (self.start + u16::from(self.r[1])) & 0x3FFF;
            }
        }
        if self.hcc == self.r[2] {
            self.hsync = if self.r[3] == 0 { 16 } else { self.r[3] };
        }
    }

    fn end_line(&mut self) {
        self.vsync = self.vsync.saturating_sub(1);
        let row_ends = self.ra == self.r[9];
        let frame_ends = match self.adjust {
            Some(line) => line == self.r[5],
            None => row_ends && self.vcc == self.r[4] && self.r[5] == 0,
        };
        if frame_ends {
            self.adjust = None;
            (self.ra, self.vcc) = (0, 0);
            self.start = u16::from_be_bytes([self.r[12], self.r[13]]);
            self.latched = self.start;
            self.v_display = true;
        } else {
            self.adjust = match self.adjust {
                Some(line) => Some((line + 1) % 32),
                None if row_ends && self.vcc == self.r[4] => Some(1),
                None => None,
            };
            if row_ends {
                self.ra = 0;
                self.vcc = (self.vcc + 1) % 128;
                self.start = self.latched;
            } else {
                self.ra = (self.ra + 1) % 32;
            }
        }
        if self.ra == 0 && self.vcc == self.r[6] {
            self.v_display = false;
        }
        if self.ra == 0 && self.vcc == self.r[7] && self.vsync == 0 {
            self.vsync = 16;
        }
    }

    fn pins(&self) -> (bool, bool, bool, u16, u8) {
        let address = (self.start + u16::from(self.hcc)) & 0x3FFF;
        (self.h_display && self.v_display, self.hsync > 0, self.vsync > 0, address, self.ra)
    }
}

fn pins(chip: &Mc6845) -> (bool, bool, bool, u16, u8) {
    (chip.display_enabled(), chip.hsync(), chip.vsync(), chip.memory_address(), chip.row_address())
}

#[test]
fn frames_of_the_ibm_cards() {
    // registers, characters of a line, lines of a frame, lines from the frame's beginning to VSYNC
    for (registers, line, lines, sync_line) in
        [(TEXT_80, 114, 262, 224), (GRAPHICS, 57, 262, 224), (MONO, 98, 370, 350)]
    {
        let mut chip = chip(&registers);
        to_frame_start(&mut chip);
        let begun = chip.clone();
        assert_eq!(chip.chars_to_vsync(0, 100_000), Some(line * sync_line));
        chip.advance(line * sync_line - 1);
        assert!(!chip.vsync());
        chip.advance(1);
        assert!(chip.vsync());
        chip.advance(line * 16 - 1);
        assert!(chip.vsync());
        chip.advance(1);
        assert!(!chip.vsync());
        chip.advance(line * (lines - sync_line - 16));
        assert!(chip.at_frame_start());
        assert_eq!(Counters { fields: 0, lines_since_vsync: 0, ..chip.counters }, {
            Counters { fields: 0, lines_since_vsync: 0, ..begun.counters }
        });
    }
}

#[test]
fn the_first_characters_of_a_text_frame() {
    let mut chip = chip(&TEXT_80);
    to_frame_start(&mut chip);
    assert!(chip.display_enabled() && !chip.hsync());
    chip.advance(79);
    assert!(chip.display_enabled());
    chip.advance(1);
    assert!(!chip.display_enabled());
    chip.advance(10);
    assert!(chip.hsync());
    chip.advance(10);
    assert!(!chip.hsync());
    chip.advance(14 + 7 * 114);
    assert_eq!((chip.memory_address(), chip.row_address()), (80, 0), "the second row");
}

#[test]
fn the_start_address_waits_for_the_frame() {
    let mut chip = chip(&TEXT_80);
    to_frame_start(&mut chip);
    chip.write_address(13);
    chip.write_data(5);
    chip.advance(1);
    assert_eq!(chip.memory_address(), 1);
    to_frame_start(&mut chip);
    assert_eq!(chip.memory_address(), 5);
}

#[test]
fn registers_read_and_write_as_the_data_sheet_says() {
    let mut chip = Mc6845::new(Variant::Mc6845);
    let mut hitachi = Mc6845::new(Variant::Hd6845s);
    for at in 0..32 {
        for chip in [&mut chip, &mut hitachi] {
            chip.write_address(at);
            chip.write_data(0xFF);
        }
        let want = match at {
            14 => 0x3F,
            15 => 0xFF,
            _ => 0,
        };
        assert_eq!(chip.read_data(), want, "R{at}");
        let hitachi_start = if at == 12 { 0x3F } else { 0xFF };
        assert_eq!(hitachi.read_data(), if at == 12 || at == 13 { hitachi_start } else { want }, "R{at}");
    }
    assert_eq!(chip.register(reg::VERTICAL_TOTAL), 0x7F);
    assert_eq!(chip.register(reg::SYNC_WIDTH), 0x0F);
    assert_eq!(chip.register(reg::MAX_SCAN_LINE), 0x1F);
}

#[test]
fn the_light_pen_latches_the_beam() {
    let mut chip = chip(&TEXT_80);
    to_frame_start(&mut chip);
    chip.advance(114 * 8 * 4 + 3);
    chip.strobe_light_pen();
    chip.write_address(17);
    let low = chip.read_data();
    chip.write_address(16);
    assert_eq!(u16::from_be_bytes([chip.read_data(), low]), 4 * 80 + 3);
}

#[test]
fn the_cursor_blinks_by_fields() {
    // R10, whether it is lit in fields 0, 8, 16, 24
    for (start, lit) in [
        (0x06, [true, true, true, true]),
        (0x26, [false, false, false, false]),
        (0x46, [true, false, true, false]),
        (0x66, [true, true, false, false]),
    ] {
        let mut registers = TEXT_80;
        registers[10] = start;
        let mut chip = chip(&registers);
        for (eighth, want) in lit.into_iter().enumerate() {
            chip.counters.fields = eighth as u32 * 8 + 3;
            assert_eq!(chip.cursor_lit(), want, "{start:#04x} {eighth}");
        }
    }
}

#[test]
fn the_cursor_is_found_in_its_row() {
    let mut registers = TEXT_80;
    (registers[14], registers[15]) = (0, 83);
    let mut chip = chip(&registers);
    to_frame_start(&mut chip);
    assert_eq!(chip.cursor_column(), None);
    chip.advance(114 * 8);
    assert_eq!(chip.cursor_column(), Some(3));
}

#[test]
fn hitachi_chooses_the_lines_of_vsync() {
    let mut chip = Mc6845::new(Variant::Hd6845s);
    program(&mut chip, &TEXT_80);
    chip.write_address(3);
    chip.write_data(0x4A);
    to_frame_start(&mut chip);
    chip.advance(114 * 224 + 114 * 4 - 1);
    assert!(chip.vsync());
    chip.advance(1);
    assert!(!chip.vsync());
}

#[test]
fn an_interlaced_pair_of_fields_has_an_odd_line() {
    let mut registers = TEXT_80;
    registers[8] = 1;
    let mut chip = chip(&registers);
    to_frame_start(&mut chip);
    chip.advance(114 * 525 - 1);
    assert!(!chip.at_frame_start());
    chip.advance(1);
    assert!(chip.at_frame_start());
}

fn any_registers() -> impl Strategy<Value = Vec<u8>> {
    let small = prop::collection::vec(0u8..12, 16);
    let wild = prop::collection::vec(any::<u8>(), 16);
    prop_oneof![3 => small, 1 => wild].prop_map(|mut registers| {
        registers[8] = 2;
        registers
    })
}

#[test]
fn the_line_of_power_up_is_no_pattern_for_the_next() {
    let registers = [107, 1, 108, 0, 32, 0, 32, 32, 2, 25, 0, 0, 0, 0, 0, 0];
    let mut by_lines = chip(&registers);
    let mut at_once = by_lines.clone();
    at_once.advance(108 * 806);
    (0..806).for_each(|_| by_lines.finish_line());
    assert_eq!(at_once, by_lines);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_agree_with_the_naive_model(
        registers in any_registers(),
        steps in prop::collection::vec(prop_oneof![0u64..4, 0u64..300, 0u64..20_000], 1..30),
        changes in prop::collection::vec((0usize..14, any::<u8>()), 0..4),
    ) {
        let mut chip = chip(&registers);
        let mut naive = Naive::new(&registers);
        let mut changes = changes.into_iter();
        for step in steps {
            chip.advance(step);
            (0..step).for_each(|_| naive.step());
            prop_assert_eq!(pins(&chip), naive.pins());
            if let Some((at, value)) = changes.next().filter(|change| change.0 != 8) {
                chip.write_address(at as u8);
                chip.write_data(value);
                naive.r[at] = chip.register(at);
            }
        }
    }

    #[test]
    fn a_long_way_is_the_sum_of_its_lines(registers in any_registers(), lines in 1u64..5_000) {
        let mut by_lines = chip(&registers);
        let mut at_once = by_lines.clone();
        let mut chars = 0;
        for _ in 0..lines {
            chars += by_lines.chars_left_in_line();
            by_lines.finish_line();
        }
        at_once.advance(chars);
        prop_assert_eq!(at_once, by_lines);
    }

    #[test]
    fn years_pass_in_no_time(registers in any_registers(), chars: u64) {
        chip(&registers).advance(chars % 10_u64.pow(12));
    }
}

#[test]
fn a_saved_chip_goes_on_where_it_was() {
    let mut chip = chip(&MONO);
    chip.advance(12_345);
    let mut other = Mc6845::new(Variant::Mc6845);
    other.restore(chip.save());
    assert_eq!(other, chip);
    other.advance(777);
    chip.advance(777);
    assert_eq!(other, chip);
}
