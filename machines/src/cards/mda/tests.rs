use super::*;
use emu_core::board::testing::{Bench, byte_of};
use emu_core::hal::video::monitor::GREEN;
use emu_core::hal::video::{FrameViewer, latest_frames};
use proptest::prelude::*;

/// The board's clock of an XT.
const BOARD_HZ: u64 = 14_318_180;
/// As IBM's firmware sets the 6845.
const TEXT: [u8; 16] = [0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0];

const LINE: u64 = 882;
const FRAME: u64 = LINE * 370;

fn font() -> Arc<Font> {
    let rows = (0..=255u8).flat_map(|glyph| (0..14).map(move |scan| glyph.rotate_left(scan))).collect();
    Arc::new(Font::new(14, rows))
}

/// A card whose dots are the board's ticks, or one on an XT's board.
fn card(clock: Clock) -> Mda {
    Mda::new(MonoConfig { clock, output: OutputId(0), font: font(), palette: GREEN })
}

fn bench() -> (Bench<Mda>, FrameViewer) {
    let mut bench = Bench::new(card(Clock::divided_by(1)));
    let (out, viewer) = latest_frames();
    bench.hal.video = Box::new(out);
    (bench, viewer)
}

fn program(bench: &mut Bench<Mda>, mode: u8) {
    bench.write(8, mode);
    for (at, &value) in TEXT.iter().enumerate() {
        bench.write(4, at as u8);
        bench.write(5, value);
    }
}

fn put(bench: &mut Bench<Mda>, cell: u32, glyph: u8, attribute: u8) {
    bench.write_at(byte_of(MEMORY, cell * 2), glyph.into()).unwrap();
    bench.write_at(byte_of(MEMORY, cell * 2 + 1), attribute.into()).unwrap();
}

/// The monitor's signals by line.
fn signals(frame: &Frame) -> Vec<Vec<u8>> {
    let mut rgba = Vec::new();
    frame.render_rgba(&mut rgba);
    let signal = |dot: &[u8]| GREEN.iter().position(|color| color.rgba() == dot).expect("a signal") as u8;
    let dots: Vec<u8> = rgba.chunks(4).map(signal).collect();
    dots.chunks(frame.head().width.into()).map(<[u8]>::to_vec).collect()
}

/// Runs to the first dot of HSYNC.
fn to_hsync(bench: &mut Bench<Mda>) {
    while bench.read(0xA).unwrap() & 1 != 0 {
        bench.advance(1);
    }
    while bench.read(0xA).unwrap() & 1 == 0 {
        bench.advance(1);
    }
}

#[test]
fn hsync_every_882_dots() {
    let (mut bench, _) = bench();
    program(&mut bench, 0x29);
    to_hsync(&mut bench);
    for dot in 0..3 * LINE {
        let sync = dot % LINE < 15 * 9;
        assert_eq!(bench.read(0xA), Some(0xF0 | u8::from(sync)), "dot {dot}");
        bench.advance(1);
    }
}

#[test]
fn fifty_frames_a_second_on_an_xt() {
    let mut bench = Bench::new(card(Clock::of_hz(DOT_HZ, BOARD_HZ)));
    program(&mut bench, 0x29);
    bench.advance(BOARD_HZ);
    let before = bench.device.raster.crtc_at(bench.now(), 9).fields();
    bench.advance(BOARD_HZ * 100);
    let frames = bench.device.raster.crtc_at(bench.now(), 9).fields() - before;
    let want = DOT_HZ * 100 / FRAME;
    assert!((want..=want + 1).contains(&frames.into()), "{frames} in 100 seconds, not 4981 or 4982");
}

#[test]
fn text_with_attributes_and_the_ninth_dot() {
    let (mut bench, viewer) = bench();
    program(&mut bench, 0x29);
    for (cell, (glyph, attribute)) in
        [(0x81, 0x07), (0xC3, 0x0F), (0x81, 0x70), (0, 0x01), (0xFF, 0x00)].into_iter().enumerate()
    {
        put(&mut bench, cell as u32 + 80, glyph, attribute);
    }
    bench.advance(3 * FRAME);
    let frame = viewer.take(OutputId(0)).unwrap();
    assert_eq!(frame.runs().len(), 25);
    let dots = signals(&frame);
    assert_eq!((dots.len(), dots[0].len()), (350, 720));
    let cell = |column: usize, scan: usize| &dots[14 + scan][column * 9..column * 9 + 9];
    assert_eq!(cell(0, 0), [1, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(cell(1, 0), [3, 3, 0, 0, 0, 0, 3, 3, 3], "a line-drawing glyph");
    assert_eq!(cell(2, 0), [0, 1, 1, 1, 1, 1, 1, 0, 1], "reversed");
    assert_eq!((cell(3, 12), cell(3, 11)), (&[1; 9][..], &[0; 9][..]), "underlined");
    assert_eq!(cell(4, 0), [0; 9], "invisible");
}

#[test]
fn the_cursor_blinks_by_16_fields() {
    let (mut bench, viewer) = bench();
    program(&mut bench, 0x29);
    put(&mut bench, 0, 0, 0x07);
    let mut lit = String::new();
    bench.advance(3 * FRAME);
    for _ in 0..64 {
        bench.advance(FRAME);
        let dots = signals(&viewer.take(OutputId(0)).unwrap());
        assert_eq!(dots[10][0], 0);
        assert_eq!(dots[11][..9], dots[12][..9]);
        lit.push(if dots[11][..9] == [1; 9] { '#' } else { '.' });
    }
    assert!(lit.contains(&"........########".repeat(3)), "{lit}");
}

#[test]
fn the_video_bit_is_the_dot_at_the_beam() {
    let (mut bench, viewer) = bench();
    program(&mut bench, 0x09);
    for cell in 0..2000 {
        put(&mut bench, cell, (cell * 3) as u8, if cell % 5 == 0 { 0x70 } else { 0x07 });
    }
    bench.advance(3 * FRAME);
    while viewer.take(OutputId(0)).is_some() {}
    // The picture's first dot comes 20 lines and 144 dots after VSYNC begins at the end of a line.
    let due = bench.next_due();
    bench.run_until(due);
    bench.advance(20 * LINE);
    let mut seen = vec![vec![0; 720]; 350];
    for line in &mut seen {
        for dot in line.iter_mut() {
            *dot = bench.read(0xA).unwrap() >> 3 & 1;
            bench.advance(1);
        }
        bench.advance(LINE - 720);
    }
    bench.advance(2 * LINE);
    let drawn = signals(&viewer.take(OutputId(0)).expect("a frame"));
    assert!(seen == drawn);
}

#[test]
fn memory_repeats_and_ports_answer_as_decoded() {
    let (mut bench, _) = bench();
    bench.write_at(byte_of(MEMORY, 0x7001), 0x55).unwrap();
    assert_eq!(bench.read_at(byte_of(MEMORY, 1)), Ok(0x55));
    assert_eq!(bench.device.peek(byte_of(MEMORY, 0x2001), Tick(0)), Some(0x55));
    assert_eq!(bench.read_at(byte_of(MEMORY, 0x8001)), Err(NoAnswer));
    assert_eq!(bench.write_at(byte_of(SWITCH, 0), 3), Err(NoAnswer));
    bench.write(2, 15);
    bench.write(7, 0x34);
    assert_eq!(bench.read(1), Some(0x34));
    for write_only in [0, 8, 9, 0xB] {
        assert_eq!(bench.read(write_only), None);
    }
}

#[test]
fn video_off_is_dark() {
    let (mut bench, viewer) = bench();
    program(&mut bench, 0x21);
    put(&mut bench, 0, 0xFF, 0x0F);
    bench.advance(3 * FRAME);
    assert!(signals(&viewer.take(OutputId(0)).unwrap()).iter().flatten().all(|&dot| dot == 0));
}

#[test]
fn a_restored_card_goes_on_where_it_was() {
    let mut bench = Bench::new(card(Clock::of_hz(DOT_HZ, BOARD_HZ)));
    program(&mut bench, 0x29);
    put(&mut bench, 5, 0xB1, 0x0F);
    bench.advance(FRAME + 12_345);
    let mut other = bench.restored_into(card(Clock::of_hz(DOT_HZ, BOARD_HZ))).unwrap();
    for _ in 0..500 {
        assert_eq!(other.read(0xA), bench.read(0xA));
        other.advance(1_001);
        bench.advance(1_001);
    }
    assert!(other.device.save() == bench.device.save());
    assert!(other.device.text_screen() == bench.device.text_screen());
    assert!(other.device.restore(&SavedState::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_program_draws_without_harm(
        steps in prop::collection::vec((0u8..4, any::<u16>(), any::<u8>()), 1..150),
    ) {
        let (mut bench, viewer) = bench();
        program(&mut bench, 0x29);
        let mut rgba = Vec::new();
        for (kind, at, value) in steps {
            match kind {
                0 => bench.advance(u64::from(at) * 2),
                1 => {
                    bench.write(4, at as u8 % 18);
                    bench.write(5, value);
                }
                2 => {
                    bench.write(u32::from(at % 16), value);
                }
                _ => {
                    let _ = bench.write_at(byte_of(MEMORY, at.into()), value.into());
                }
            }
            bench.read(0xA);
            if let Some(frame) = viewer.take(OutputId(0)) {
                frame.render_rgba(&mut rgba);
            }
        }
        let _ = (bench.device.text_screen(), bench.device.registers(bench.now()));
    }
}
