use super::*;
use crate::cards::mda::{MEMORY, SWITCH};
use emu_core::board::device::{Device, NoAnswer, ResetKind};
use emu_core::board::testing::{Bench, byte_of};
use emu_core::hal::video::monitor::AMBER;
use emu_core::hal::video::{Frame, FrameViewer, OutputId, latest_frames};
use emu_core::time::Clock;
use proptest::prelude::*;

/// As Hercules' manual sets the 6845 for graphics.
const GRAPHICS: [u8; 16] = [0x35, 0x2D, 0x2E, 7, 0x5B, 2, 0x57, 0x57, 2, 3, 0, 0, 0, 0, 0, 0];
const TEXT: [u8; 16] = [0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 0x0D, 0x0B, 0x0C, 0, 0, 0, 0];

const LINE: u64 = 54 * 16;
const FRAME: u64 = LINE * 370;

fn card() -> Hercules {
    let font = Arc::new(Font::new(14, vec![0xFF; 256 * 14]));
    Hercules::new(MonoConfig { clock: Clock::divided_by(1), output: OutputId(0), font, palette: AMBER })
}

fn bench() -> (Bench<Hercules>, FrameViewer) {
    let mut bench = Bench::new(card());
    let (out, viewer) = latest_frames();
    bench.hal.video = Box::new(out);
    (bench, viewer)
}

fn program(bench: &mut Bench<Hercules>, registers: &[u8], mode: u8) {
    bench.write(8, mode);
    for (at, &value) in registers.iter().enumerate() {
        bench.write(4, at as u8);
        bench.write(5, value);
    }
}

fn configure(bench: &mut Bench<Hercules>, switch: u8) {
    bench.write_at(byte_of(SWITCH, 0), switch.into()).unwrap();
}

fn lit_dots(frame: &Frame) -> Vec<(usize, usize)> {
    let mut rgba = Vec::new();
    frame.render_rgba(&mut rgba);
    let black = AMBER[0].rgba();
    let lit = rgba.chunks(4).enumerate().filter(|(_, dot)| *dot != black);
    lit.map(|(at, _)| (at % 720, at / 720)).collect()
}

#[test]
fn dots_of_both_pages() {
    for (mode, page) in [(0x0A, 0), (0x8A, 0x8000)] {
        let (mut bench, viewer) = bench();
        configure(&mut bench, 3);
        program(&mut bench, &GRAPHICS, mode);
        let dots = [(0, 0), (719, 347), (100, 1), (101, 2), (360, 175)];
        for (x, y) in dots {
            let at = page + (y % 4) * 0x2000 + y / 4 * 90 + x / 8;
            let byte = bench.read_at(byte_of(MEMORY, at)).unwrap() | 0x80 >> (x % 8);
            bench.write_at(byte_of(MEMORY, at), byte).unwrap();
        }
        bench.advance(3 * FRAME);
        let mut lit = lit_dots(&viewer.take(OutputId(0)).expect("a frame"));
        let mut want = dots.map(|(x, y)| (x as usize, y as usize));
        lit.sort_unstable();
        want.sort_unstable();
        assert_eq!(lit, want, "mode {mode:#04x}");
    }
}

#[test]
fn the_switch_guards_graphics_and_the_upper_half() {
    let (mut bench, viewer) = bench();
    let above = byte_of(MEMORY, 0x8000);
    assert_eq!(bench.read_at(above), Err(NoAnswer));
    assert_eq!(bench.write_at(above, 1), Err(NoAnswer));
    assert!(!bench.device.poke(above, 1));
    program(&mut bench, &TEXT, 0x8A);
    bench.advance(3 * FRAME);
    assert!(viewer.take(OutputId(0)).unwrap().text().is_some(), "still text");
    configure(&mut bench, 3);
    assert_eq!(bench.write_at(above, 0x77), Ok(()));
    assert_eq!(bench.read_at(above), Ok(0x77));
    bench.reset(ResetKind::Line);
    assert_eq!(bench.read_at(above), Err(NoAnswer), "RESET clears the switch");
}

#[test]
fn bit_7_is_low_during_vsync() {
    let (mut bench, _) = bench();
    configure(&mut bench, 1);
    program(&mut bench, &GRAPHICS, 0x0A);
    bench.advance(2 * FRAME);
    let mut low = 0;
    for _ in 0..FRAME / 16 {
        let status = bench.read(0xA).unwrap();
        low += u64::from(status & 0x80 == 0);
        assert_eq!(status & 0x70, 0x70);
        bench.advance(16);
    }
    assert_eq!(low, 16 * LINE / 16);
}

#[test]
fn a_restored_card_goes_on_where_it_was() {
    let (mut bench, _) = bench();
    configure(&mut bench, 3);
    program(&mut bench, &GRAPHICS, 0x8A);
    for at in 0..0x1_0000 {
        bench.write_at(byte_of(MEMORY, at), u64::from(at % 251)).unwrap();
    }
    bench.advance(FRAME + 777);
    let mut other = bench.restored_into(card()).unwrap();
    for _ in 0..300 {
        assert_eq!(other.read(0xA), bench.read(0xA));
        other.advance(997);
        bench.advance(997);
    }
    assert!(other.device.save() == bench.device.save());
    assert!(other.device.picture() == bench.device.picture());
    let views = bench.device.registers(bench.now());
    assert_eq!(views[0].meaning, "graphics, page 1");
    assert_eq!(views[2].meaning, "graphics allowed, both pages");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_program_draws_without_harm(
        steps in prop::collection::vec((0u8..5, any::<u16>(), any::<u8>()), 1..150),
    ) {
        let (mut bench, viewer) = bench();
        configure(&mut bench, 3);
        program(&mut bench, &GRAPHICS, 0x0A);
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
                3 => configure(&mut bench, value),
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
