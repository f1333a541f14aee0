use super::*;
use emu_core::board::testing::{Bench, byte_of};
use emu_core::hal::video::composite::CompositeSettings;
use emu_core::hal::video::{Display, FrameViewer, latest_frames};
use proptest::prelude::*;

const TEXT_80: [u8; 16] = [0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0];
const TEXT_40: [u8; 16] = [0x38, 0x28, 0x2D, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0];
const GRAPHICS: [u8; 16] = [0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0];
/// 80 columns of cells two lines high: 160 × 100 blocks of 16 colours.
const BLOCKS: [u8; 16] = [0x71, 0x50, 0x5A, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 0x26, 7, 0, 0, 0, 0];

const LINE: u64 = 912;
const FRAME: u64 = LINE * 262;
/// Where the first line's first dot lies in the frame.
const LEFT: usize = 32;
const TOP: usize = 12;

/// The dots of a glyph's scan line in the tests' font.
fn glyph_row(glyph: u8, scan: u8) -> u8 {
    glyph.rotate_left(scan.into())
}

fn font() -> Arc<Font> {
    let rows = (0..=255).flat_map(|glyph| (0..8).map(move |scan| glyph_row(glyph, scan))).collect();
    Arc::new(Font::new(8, rows))
}

fn card(snow: bool) -> Cga {
    Cga::new(CgaConfig { clock: Clock::divided_by(1), output: OutputId(0), font: font(), snow })
}

fn bench() -> (Bench<Cga>, FrameViewer) {
    let mut bench = Bench::new(card(false));
    let (out, viewer) = latest_frames();
    bench.hal.video = Box::new(out);
    (bench, viewer)
}

fn program(bench: &mut Bench<Cga>, registers: &[u8], mode: u8, color: u8) {
    bench.write(8, mode);
    bench.write(9, color);
    for (at, &value) in registers.iter().enumerate() {
        set(bench, at as u8, value);
    }
}

fn set(bench: &mut Bench<Cga>, register: u8, value: u8) {
    bench.write(4, register);
    bench.write(5, value);
}

fn fill(bench: &mut Bench<Cga>, byte: impl Fn(u32) -> u8) {
    for offset in 0..0x4000 {
        bench.write_at(byte_of(MEMORY, offset), byte(offset).into()).unwrap();
    }
}

/// Lets frames pass until one has been made from beginning to end, and gives its RGBI signals by line.
fn picture(bench: &mut Bench<Cga>, viewer: &FrameViewer) -> Vec<Vec<u8>> {
    bench.advance(3 * FRAME);
    signals(&viewer.take(OutputId(0)).expect("a frame"))
}

fn signals(frame: &Frame) -> Vec<Vec<u8>> {
    let mut rgba = Vec::new();
    frame.render_rgba(&mut rgba);
    let signal =
        |dot: &[u8]| RGBI.iter().position(|color| color.rgba() == dot).expect("an RGBI colour") as u8;
    let dots: Vec<u8> = rgba.chunks(4).map(signal).collect();
    dots.chunks(frame.head().width.into()).map(<[u8]>::to_vec).collect()
}

/// Runs to the first dot of a frame's first displayed line.
fn to_frame_start(bench: &mut Bench<Cga>) {
    let in_sync = |bench: &mut Bench<Cga>| bench.read(0xA).unwrap() & 8 != 0;
    while in_sync(bench) {
        bench.advance(8);
    }
    while !in_sync(bench) {
        bench.advance(8);
    }
    bench.advance(38 * LINE);
    assert_eq!(bench.read(0xA).unwrap() & 9, 0);
}

#[test]
fn status_of_an_ordinary_frame_dot_by_dot() {
    for (registers, mode) in [(TEXT_80, 0x29), (TEXT_40, 0x28), (GRAPHICS, 0x0A), (BLOCKS, 0x09)] {
        let (mut bench, _) = bench();
        program(&mut bench, &registers, mode, 0);
        to_frame_start(&mut bench);
        for dot in 0..FRAME {
            let (line, in_line) = (dot / LINE, dot % LINE);
            let blanked = line >= 200 || in_line >= 640;
            let want = u8::from(blanked) | u8::from((224..240).contains(&line)) << 3;
            assert_eq!(bench.read(0xA).unwrap() & 9, want, "mode {mode:#04x} line {line} dot {in_line}");
            bench.advance(1);
        }
    }
}

#[test]
fn accesses_wait_for_the_next_lchar() {
    let mut bench = Bench::new(card(false));
    let mut by_cycles = [0; 9];
    let mut grants = Vec::new();
    for _ in 0..16 {
        bench.read_at(byte_of(MEMORY, 0)).unwrap();
        grants.push((bench.now().0 + bench.stalled) % 16);
        by_cycles[bench.stalled.div_ceil(3) as usize] += 1;
        assert!((9..=24).contains(&bench.stalled));
        bench.advance(3);
    }
    assert_eq!(by_cycles, [0, 0, 0, 1, 3, 3, 3, 3, 3], "accesses by wait states");
    assert!(grants.iter().all(|&grant| grant == grants[0]), "always the same slot");
    assert!(bench.write(8, 1));
    assert_eq!(bench.stalled, 0, "ports do not wait");
}

#[test]
fn nobody_looks_and_a_frame_costs_one_event() {
    let mut bench = Bench::new(card(false));
    program(&mut bench, &TEXT_80, 0x29, 0);
    bench.advance(2 * FRAME);
    assert_eq!(bench.armed().len(), 1);
    let due = bench.next_due();
    bench.run_until(due);
    assert_eq!(bench.next_due(), due + FRAME);
    assert!(!bench.device.raster.is_recording());
}

#[test]
fn text_with_cursor_and_border() {
    for (registers, mode, columns) in [(TEXT_80, 0x09, 80), (TEXT_40, 0x08, 40)] {
        let (mut bench, viewer) = bench();
        program(&mut bench, &registers, mode, 0x05);
        set(&mut bench, 15, 3);
        fill(&mut bench, |offset| (offset * 7 + offset / 160) as u8);
        let dots = picture(&mut bench, &viewer);
        assert_eq!((dots.len(), dots[0].len()), (224, 704));
        assert_eq!(dots[0], [5; 704]);
        let repeat = 80 / columns;
        let lit = bench.device.raster.crtc.fields() & 8 == 0;
        for (y, line) in dots.iter().enumerate().skip(TOP).take(200) {
            let (row, scan) = ((y - TOP) / 8, ((y - TOP) % 8) as u8);
            for (x, &dot) in line.iter().enumerate().skip(LEFT).take(640) {
                let (column, bit) = ((x - LEFT) / repeat / 8, (x - LEFT) / repeat % 8);
                let cell = (row * columns + column) * 2;
                let glyph = glyph_row(bench.device.screen.memory[cell], scan);
                let attribute = bench.device.screen.memory[cell + 1];
                let cursor = lit && cell == 6 && scan >= 6;
                let set = glyph & 0x80 >> bit != 0 || cursor;
                assert_eq!(dot, if set { attribute & 15 } else { attribute >> 4 }, "{x} {y}");
            }
            assert!(line[..LEFT].iter().chain(&line[LEFT + 640..]).all(|&dot| dot == 5));
        }
    }
}

#[test]
fn graphics_in_two_and_four_colours() {
    // mode, colour select, the signals of pixel values 0–3
    let table = [
        (0x0A, 0x01, [1, 2, 4, 6]),
        (0x0A, 0x11, [1, 10, 12, 14]),
        (0x0A, 0x20, [0, 3, 5, 7]),
        (0x0A, 0x3F, [15, 11, 13, 15]),
        (0x0E, 0x00, [0, 3, 4, 7]),
        (0x0E, 0x30, [0, 11, 12, 15]),
        (0x1A, 0x0E, [0, 14, 0, 0]),
        (0x1E, 0x0F, [0, 15, 0, 0]),
    ];
    for (mode, color, colors) in table {
        let (mut bench, viewer) = bench();
        program(&mut bench, &GRAPHICS, mode, color);
        fill(&mut bench, |offset| (offset * 5 + offset / 80) as u8);
        let dots = picture(&mut bench, &viewer);
        for y in 0..200 {
            for x in 0..640 {
                let byte = bench.device.screen.memory[(y & 1) * 0x2000 + y / 2 * 80 + x / 8];
                let value =
                    if mode & 0x10 != 0 { byte >> (7 - x % 8) & 1 } else { byte >> (6 - x % 8 / 2 * 2) & 3 };
                let want = colors[usize::from(value)];
                assert_eq!(dots[TOP + y][LEFT + x], want, "mode {mode:#04x} {color:#04x} at {x}, {y}");
            }
        }
        assert_eq!(dots[0][0], if mode & 0x10 != 0 { 0 } else { color & 15 }, "border");
    }
}

#[test]
fn blocks_of_sixteen_colours() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &BLOCKS, 0x09, 0);
    // Glyph F0h is the left half on its first line here; DEh on the real card.
    fill(&mut bench, |offset| if offset & 1 == 0 { 0xF0 } else { (offset / 2) as u8 });
    let dots = picture(&mut bench, &viewer);
    for (row, column) in [(0, 0), (0, 79), (50, 33), (99, 79)] {
        let attribute = (row * 80 + column) as u8;
        let line = &dots[TOP + row * 2][LEFT + column * 8..];
        assert_eq!(line[..8], [[attribute & 15; 4], [attribute >> 4; 4]].concat()[..]);
    }
}

#[test]
fn video_off_leaves_the_border() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &TEXT_80, 0x01, 0x02);
    fill(&mut bench, |_| 0xFF);
    assert!(picture(&mut bench, &viewer).iter().flatten().all(|&dot| dot == 2));
}

#[test]
fn a_palette_changed_in_mid_frame_and_in_mid_line() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &GRAPHICS, 0x0A, 0x01);
    bench.advance(2 * FRAME);
    to_frame_start(&mut bench);
    bench.advance(100 * LINE - 50);
    bench.write(9, 0x02);
    bench.advance(50 + 20 * LINE + 320);
    bench.write(9, 0x03);
    bench.advance(10 * LINE);
    bench.write(9, 0x01);
    while viewer.take(OutputId(0)).is_some() {}
    bench.advance(FRAME / 2 + 4 * LINE);
    let dots = signals(&viewer.take(OutputId(0)).expect("a frame"));
    let line = |y: usize| &dots[TOP + y];
    assert_eq!((line(99)[0], line(99)[703]), (1, 1));
    assert_eq!((line(100)[0], line(119)[703]), (2, 2));
    assert_eq!((line(120)[0], line(120)[LEFT + 319]), (2, 2));
    assert_eq!((line(120)[LEFT + 320], line(120)[703], line(121)[0]), (3, 3, 3));
    assert_eq!((line(130)[LEFT + 319], line(130)[LEFT + 320], line(131)[0]), (3, 1, 1));
}

#[test]
fn a_mode_changed_in_mid_frame_splits_the_screen() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &GRAPHICS, 0x0A, 0x00);
    fill(&mut bench, |_| 0b0001_1011);
    to_frame_start(&mut bench);
    bench.advance(100 * LINE - 50);
    bench.write(8, 0x1A);
    bench.write(9, 0x0F);
    bench.advance(100 * LINE);
    bench.write(8, 0x0A);
    bench.write(9, 0x00);
    bench.advance(FRAME / 4);
    let dots = signals(&viewer.take(OutputId(0)).expect("a frame"));
    assert_eq!(dots[TOP + 99][LEFT..LEFT + 8], [0, 0, 2, 2, 4, 4, 6, 6]);
    assert_eq!(dots[TOP + 100][LEFT..LEFT + 8], [0, 0, 0, 15, 15, 0, 15, 15]);
}

#[test]
fn memory_changed_behind_the_beam_shows_in_the_next_frame() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &TEXT_80, 0x09, 0);
    fill(&mut bench, |offset| if offset & 1 == 0 { 0 } else { 0x10 });
    bench.advance(FRAME);
    to_frame_start(&mut bench);
    bench.advance(80 * LINE);
    for cell in [5 * 80, 15 * 80] {
        bench.write_at(byte_of(MEMORY, cell * 2 + 1), 0x20).unwrap();
    }
    bench.advance(150 * LINE);
    let dots = signals(&viewer.take(OutputId(0)).expect("a frame"));
    assert_eq!((dots[TOP + 40][LEFT], dots[TOP + 120][LEFT]), (1, 2));
    bench.advance(FRAME);
    let dots = signals(&viewer.take(OutputId(0)).expect("a frame"));
    assert_eq!((dots[TOP + 40][LEFT], dots[TOP + 120][LEFT]), (2, 2));
}

#[test]
fn the_start_address_moves_the_picture_by_whole_frames() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &TEXT_80, 0x09, 0);
    fill(&mut bench, |offset| if offset & 1 == 0 { 0 } else { (offset / 160 * 16) as u8 });
    set(&mut bench, 13, 80);
    assert_eq!(picture(&mut bench, &viewer)[TOP][LEFT], 1);
    set(&mut bench, 12, 0x1F);
    set(&mut bench, 13, 0xB0);
    let dots = picture(&mut bench, &viewer);
    assert_eq!(dots[TOP + 8][LEFT + 8], 0, "text wraps at the end of memory");
}

#[test]
fn text_screen_reads_what_is_shown_with_nobody_looking() {
    let mut bench = Bench::new(card(false));
    program(&mut bench, &TEXT_80, 0x29, 0);
    for (column, glyph) in b"A:\\>dir".iter().enumerate() {
        let offset = (24 * 80 + column as u32) * 2;
        bench.write_at(byte_of(MEMORY, offset), (*glyph).into()).unwrap();
    }
    let screen = bench.device.text_screen().expect("text");
    assert_eq!((screen.rows.len(), screen.rows[0].attributes.len()), (25, 80));
    assert!(screen.contains("A:\\>dir"));
    assert!(screen.cursor.is_some());
    program(&mut bench, &GRAPHICS, 0x0A, 0);
    assert!(bench.device.text_screen().is_none());
}

#[test]
fn a_frame_is_made_of_few_runs() {
    let (mut bench, viewer) = bench();
    program(&mut bench, &TEXT_80, 0x29, 0);
    bench.advance(3 * FRAME);
    let frame = viewer.take(OutputId(0)).unwrap();
    assert_eq!(frame.runs().len(), 25 + 2);
    assert_eq!(frame.head().active, Rect { left: 32, top: 12, width: 640, height: 200 });
    program(&mut bench, &GRAPHICS, 0x0A, 0);
    bench.advance(3 * FRAME);
    assert_eq!(viewer.take(OutputId(0)).unwrap().runs().len(), 1 + 2);
}

#[test]
fn artifact_colours_of_640_dots() {
    // A pattern of four dots, leftmost in bit 3, and the gun that is strongest on a composite monitor.
    for (pattern, strongest) in [(0b0100u8, 0), (0b1001, 1), (0b0010, 2), (0b1100, 0), (0b0011, 2)] {
        let (mut bench, viewer) = bench();
        program(&mut bench, &GRAPHICS, 0x1A, 0x0F);
        fill(&mut bench, |_| pattern * 0x11);
        bench.advance(3 * FRAME);
        let frame = viewer.take(OutputId(0)).unwrap();
        let mut rgba = Vec::new();
        frame.render(Display::Composite(CompositeSettings::default()), &mut rgba);
        let at = ((TOP + 100) * 704 + LEFT + 320) * 4;
        let color = &rgba[at..at + 3];
        let gun = (0..3).max_by_key(|&gun| color[gun]).unwrap();
        assert_eq!(gun, strongest, "pattern {pattern:04b} gives {color:?}");
    }
}

#[test]
fn snow_falls_only_where_it_is_turned_on() {
    for snow in [false, true] {
        let mut bench = Bench::new(card(snow));
        let (out, viewer) = latest_frames();
        bench.hal.video = Box::new(out);
        program(&mut bench, &TEXT_80, 0x09, 0);
        bench.advance(FRAME);
        to_frame_start(&mut bench);
        bench.advance(50 * LINE + 320);
        bench.write_at(byte_of(MEMORY, 0x3FFF), 0xF3).unwrap();
        bench.advance(200 * LINE);
        let dots = signals(&viewer.take(OutputId(0)).expect("a frame"));
        let disturbed: Vec<_> = (0..224).filter(|&y| dots[y].iter().any(|&dot| dot != 0)).collect();
        assert_eq!(disturbed, if snow { vec![TOP + 50] } else { vec![] });
    }
}

#[test]
fn ports_answer_as_decoded() {
    let mut bench = Bench::new(card(false));
    for alias in [0, 2, 4, 6] {
        bench.write(alias, 14);
        bench.write(alias + 1, 0x12);
        assert_eq!(bench.read(alias + 1), Some(0x12));
        assert_eq!(bench.peek(alias + 1), Some(0x12));
        assert_eq!(bench.read(alias), None);
    }
    for write_only in [8, 9, 0xD, 0xE, 0xF] {
        assert_eq!(bench.read(write_only), None);
    }
    bench.write_at(byte_of(MEMORY, 0x4001), 0x55).unwrap();
    assert_eq!(bench.read_at(byte_of(MEMORY, 1)), Ok(0x55));
    assert!(bench.device.poke(byte_of(MEMORY, 0x7FFF), 0x66));
    assert_eq!(bench.device.peek(byte_of(MEMORY, 0x3FFF), Tick(0)), Some(0x66));
}

#[test]
fn the_light_pen_latch() {
    let mut bench = Bench::new(card(false));
    program(&mut bench, &TEXT_80, 0x29, 0);
    to_frame_start(&mut bench);
    bench.advance(LINE * 8 + 40);
    assert_eq!(bench.read(0xA).unwrap() & 6, 4);
    bench.write(0xC, 0);
    assert_eq!(bench.read(0xA).unwrap() & 6, 6);
    bench.write(4, 17);
    assert_eq!(bench.read(5), Some(85));
    bench.advance(16);
    bench.read(0xC);
    assert_eq!(bench.read(5), Some(85), "it latches once");
    bench.read(0xB);
    assert_eq!(bench.read(0xA).unwrap() & 6, 4);
}

#[test]
fn registers_are_named_and_decoded() {
    let mut bench = Bench::new(card(false));
    program(&mut bench, &TEXT_80, 0x29, 0x30);
    let views = bench.device.registers(bench.now());
    let meaning = |name: &str| views.iter().find(|view| view.name == name).unwrap().meaning.clone();
    assert_eq!(meaning("Mode control"), "80 columns, blink");
    assert_eq!(meaning("R0"), "horizontal total: 114 characters");
}

#[test]
fn a_restored_card_goes_on_where_it_was() {
    let (mut bench, _) = bench();
    program(&mut bench, &GRAPHICS, 0x0A, 0x21);
    fill(&mut bench, |offset| offset as u8);
    bench.advance(FRAME + 12_345);
    let mut other = bench.restored_into(card(false)).unwrap();
    let (out, viewer) = latest_frames();
    other.hal.video = Box::new(out);
    for _ in 0..500 {
        assert_eq!(other.read(0xA), bench.read(0xA));
        other.advance(1_001);
        bench.advance(1_001);
    }
    assert_eq!(other.next_due(), bench.next_due());
    assert!(other.device.save() == bench.device.save(), "the same state");
    assert!(other.device.picture() == bench.device.picture(), "the same picture");
    assert!(viewer.presented() > 0);
    assert!(other.device.restore(&SavedState::new(1, &0u8)).is_err());
    assert!(other.device.restore(&SavedState::default()).is_err());
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Port(u32, u8),
    Register(u8, u8),
    Memory(u32, u8),
    Status,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u64..40).prop_map(Step::Wait),
        (0u64..60_000).prop_map(Step::Wait),
        (0u32..16, any::<u8>()).prop_map(|(port, value)| Step::Port(port, value)),
        (0u8..18, any::<u8>()).prop_map(|(register, value)| Step::Register(register, value)),
        (0u8..18, 0u8..40).prop_map(|(register, value)| Step::Register(register, value)),
        (0u32..0x8000, any::<u8>()).prop_map(|(offset, value)| Step::Memory(offset, value)),
        Just(Step::Status),
    ]
}

fn carry_out(bench: &mut Bench<Cga>, step: &Step) {
    match *step {
        Step::Wait(ticks) => bench.advance(ticks),
        Step::Port(port, value) => {
            bench.write(port, value);
        }
        Step::Register(register, value) => set(bench, register, value),
        Step::Memory(offset, value) => bench.write_at(byte_of(MEMORY, offset), value.into()).unwrap(),
        Step::Status => {
            bench.read(0xA);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_program_draws_without_harm(steps in prop::collection::vec(any_step(), 1..120), snow: bool) {
        let mut bench = Bench::new(card(snow));
        let (out, viewer) = latest_frames();
        bench.hal.video = Box::new(out);
        program(&mut bench, &TEXT_80, 0x29, 0);
        let mut rgba = Vec::new();
        for step in &steps {
            carry_out(&mut bench, step);
            if let Some(frame) = viewer.take(OutputId(0)) {
                frame.render_rgba(&mut rgba);
                prop_assert_eq!(rgba.len(), 704 * 224 * 4);
            }
        }
        let _ = (bench.device.text_screen(), bench.device.registers(bench.now()));
    }

    #[test]
    fn who_looks_changes_nothing_that_a_guest_sees(steps in prop::collection::vec(any_step(), 1..120)) {
        let (mut seen, _viewer) = bench();
        let mut unseen = Bench::new(card(false));
        for step in &steps {
            carry_out(&mut seen, step);
            carry_out(&mut unseen, step);
            prop_assert_eq!(seen.stalled, unseen.stalled);
            prop_assert_eq!(seen.read(0xA), unseen.read(0xA));
        }
    }

    #[test]
    fn the_beam_is_where_a_count_of_dots_puts_it(
        polls in prop::collection::vec((0u64..3_000, any::<bool>()), 1..40),
    ) {
        let mut bench = Bench::new(card(false));
        program(&mut bench, &TEXT_80, 0x09, 0);
        let mut crtc = bench.device.raster.crtc.clone();
        let mut columns_80 = true;
        for (wait, switch) in polls {
            for _ in 0..wait {
                bench.advance(1);
                let char_dots = if columns_80 { HCHAR } else { LCHAR };
                crtc.advance(u64::from(bench.now().0.is_multiple_of(char_dots)));
            }
            prop_assert_eq!(bench.read(0xA), Some(bench.device.status(&crtc)));
            columns_80 ^= switch;
            bench.write(8, 0x08 | u8::from(columns_80));
        }
    }
}
