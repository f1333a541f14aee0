//! What frames look like, dot by dot.

use super::composite::CompositeSettings;
use super::frame::{Frame, FrameHead, LineStyle, PixelStyle};
use super::monitor::RGBI;
use super::render::Display;
use super::testing;
use super::text::{Cell, Font, TextStyle};
use super::{PixelFormat, Rgb};
use proptest::prelude::*;
use std::sync::Arc;

fn begun(width: u16, height: u16) -> (Frame, LineStyle) {
    let mut frame = Frame::default();
    frame.begin(FrameHead::of_size(width, height, (1, 1)));
    let palette = frame.add_palette(&RGBI);
    (frame, LineStyle::new(palette, 0, 0, width))
}

/// The picture with each RGBI colour as a hexadecimal digit, a line of text for each line.
fn digits(frame: &Frame) -> Vec<String> {
    let mut out = Vec::new();
    frame.render_rgba(&mut out);
    let digit = |dot: &[u8]| {
        let index = RGBI.iter().position(|color| color.rgba() == dot);
        index.and_then(|index| char::from_digit(index as u32, 16)).unwrap_or('?')
    };
    let width = usize::from(frame.head().width);
    out.chunks(4).map(digit).collect::<Vec<_>>().chunks(width).map(|line| line.iter().collect()).collect()
}

#[test]
fn borders_pixels_and_text_in_one_frame() {
    let (mut frame, line) = begun(12, 5);
    let mut font = Font::new(8, vec![0; 2048]);
    font.set_row(1, 2, 0b1010_0000);
    let font = frame.add_font(&Arc::new(font));
    frame.push_solid(1, LineStyle { border: 4, ..line });
    let inner = LineStyle { border: 1, left: 2, shown: 8, ..line };
    let mut map = PixelStyle::DIRECT_MAP;
    map[3] = 0xF;
    let style = PixelStyle { repeat: 2, map, ..PixelStyle::new(PixelFormat::I2) };
    frame.push_pixels(inner, style, [0b00_01_10_11]);
    frame.push_text(1, inner, TextStyle::color(8, 1, true), font, 2, [Cell { glyph: 1, attribute: 0x2E }]);
    frame.push_pixels(LineStyle { skipped: 3, ..inner }, style, [0b00_01_10_11]);
    assert_eq!(
        digits(&frame),
        ["444444444444", "11001122ff11", "11e2e2222211", "11122ff11111", "000000000000"]
    );
}

#[test]
fn rows_repeat_downwards() {
    let (mut frame, line) = begun(8, 4);
    let style = PixelStyle { line_repeat: 2, ..PixelStyle::new(PixelFormat::I1) };
    frame.push_pixels(line, style, [0xF0]);
    frame.push_pixels(line, style, [0x0F]);
    assert_eq!(digits(&frame), ["11110000", "11110000", "00001111", "00001111"]);
    assert_eq!(frame.runs().len(), 1);
}

#[test]
fn a_palette_changed_in_mid_frame_stays_where_it_was() {
    let (mut frame, line) = begun(8, 2);
    frame.push_pixels(line, PixelStyle::new(PixelFormat::I1), [0xFF]);
    let other = frame.add_palette(&[Rgb::BLACK, RGBI[12]]);
    frame.push_pixels(LineStyle { palette: other, ..line }, PixelStyle::new(PixelFormat::I1), [0xFF]);
    assert_eq!(digits(&frame), ["11111111", "cccccccc"]);
}

#[test]
fn direct_colours_need_no_palette() {
    let (mut frame, line) = begun(4, 1);
    let line = LineStyle { left: 1, border: 2, ..line };
    let pixels = [0x7C00u16, 0x03E0].into_iter().flat_map(u16::to_le_bytes);
    frame.push_pixels(line, PixelStyle::new(PixelFormat::Rgb555), pixels);
    let mut out = Vec::new();
    frame.render_rgba(&mut out);
    let green = RGBI[2].rgba();
    assert_eq!(out, [green, [0xFF, 0, 0, 0xFF], [0, 0xFF, 0, 0xFF], green].concat());
}

proptest! {
    #[test]
    fn any_frame_renders_whole_on_any_display(seed: u64, smooth: bool, tint: i8) {
        let frame = testing::frame(seed);
        let settings = CompositeSettings { smooth, tint, ..CompositeSettings::default() };
        let dots = usize::from(frame.head().width) * usize::from(frame.head().height);
        let mut out = vec![1, 2, 3];
        for display in [Display::Rgb, Display::Composite(settings)] {
            frame.render(display, &mut out);
            prop_assert_eq!(out.len(), dots * 4);
            prop_assert!(out.chunks(4).all(|dot| dot[3] == 0xFF));
        }
        let _ = frame.text();
    }

    /// A frame that came from another process may be damaged or forged.
    #[test]
    fn a_forged_frame_does_no_harm(seed: u64, changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut bytes = postcard::to_stdvec(&testing::frame(seed)).unwrap();
        let len = bytes.len();
        changes.into_iter().for_each(|(at, value)| bytes[usize::from(at) % len] = value);
        if let Ok(frame) = postcard::from_bytes::<Frame>(&bytes) {
            let _ = frame.text();
            if frame.head().width <= 200 && frame.head().height <= 200 {
                frame.render(Display::Composite(CompositeSettings::default()), &mut Vec::new());
            }
        }
    }

    #[test]
    fn a_frame_pushed_line_by_line_looks_the_same(seed: u64) {
        let frame = testing::frame(seed);
        let again = testing::line_by_line(&frame);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        frame.render_rgba(&mut a);
        again.render_rgba(&mut b);
        prop_assert_eq!(a, b);
    }
}
