//! The wgpu back end against the software renderer: the same command lists and frames, and the same pixels to the bit.
//!
//! Without a graphics adapter (Mesa's lavapipe is one) these tests say that they were skipped; where `CI` is set, they
//! fail instead.
#![forbid(unsafe_code)]

use anachron::gpu::{Gpu, GpuRenderer, Picture, Presenter, ScanOut, read_texture};
use emu_core::hal::video::composite::CompositeSettings;
use emu_core::hal::video::testing::{self, Repertoire, SURFACES, Tolerance};
use emu_core::hal::video::{
    CommandList, Display, Filter, Frame, NullRenderer, Phosphor, Rect, Renderer, Scaler, SoftwareRenderer,
    SurfaceId, TubeSettings,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;

/// An adapter, or none and words about it.
fn gpu() -> Option<Gpu> {
    let gpu = Gpu::open().map(|(gpu, _)| gpu);
    if gpu.is_none() {
        let words = "no graphics adapter: the wgpu back end is not tested";
        assert!(std::env::var_os("CI").is_none(), "{words}");
        println!("skipped: {words}");
    }
    gpu
}

/// Runs a property over random values, each of which costs some submissions.
fn check<S: Strategy>(cases: u32, values: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&values, test).unwrap_or_else(|error| panic!("{error}"));
}

/// Compares what a list makes of the surfaces that it creates.
fn compare_lists(renderer: &RefCell<GpuRenderer>, list: &CommandList) -> Result<(), TestCaseError> {
    let wanted = testing::pictures(&mut SoftwareRenderer::default(), list);
    let got = testing::pictures(&mut *renderer.borrow_mut(), list);
    for (surface, (wanted, got)) in wanted.iter().zip(&got).enumerate() {
        let [a, b] = [wanted, got].map(|picture| testing::picture_rgba(surface, picture));
        let compared = testing::compare(&a, &b, Tolerance::EXACT);
        prop_assert!(compared.is_ok(), "{:?}: {}", SURFACES[surface].1, compared.unwrap_err());
        prop_assert_eq!(wanted, got);
    }
    Ok(())
}

#[test]
fn flat_commands_draw_the_same_pixels() {
    let Some(gpu) = gpu() else { return };
    let renderer = RefCell::new(GpuRenderer::new(gpu));
    check(24, any::<u64>(), |seed| {
        compare_lists(&renderer, &testing::command_list(seed, 30, Repertoire::Flat))
    });
}

#[test]
fn triangles_draw_the_same_pixels() {
    let Some(gpu) = gpu() else { return };
    let renderer = RefCell::new(GpuRenderer::new(gpu));
    check(24, any::<u64>(), |seed| {
        compare_lists(&renderer, &testing::command_list(seed, 20, Repertoire::Triangles))
    });
}

/// A failing list names the command at fault.
#[test]
fn each_command_alone_draws_the_same_pixels() {
    let Some(gpu) = gpu() else { return };
    let renderer = RefCell::new(GpuRenderer::new(gpu));
    for seed in 0..60 {
        let list = testing::command_list(seed, 1, Repertoire::Triangles);
        let last = list.commands.last().cloned();
        if let Err(error) = compare_lists(&renderer, &list) {
            panic!("seed {seed}, {last:?}: {error}");
        }
    }
}

fn displays() -> impl Strategy<Value = Display> {
    let composite = any::<(i8, u8, u8, bool)>().prop_map(|(tint, saturation, contrast, smooth)| {
        Display::Composite(CompositeSettings { tint, saturation, contrast, smooth })
    });
    prop_oneof![
        Just(Display::Rgb),
        composite,
        Just(Display::Composite(CompositeSettings::default())),
        Just(Display::Mono(Phosphor::Green)),
        Just(Display::Mono(Phosphor::Amber)),
    ]
}

#[test]
fn frames_have_the_same_dots_on_every_display() {
    let Some(gpu) = gpu() else { return };
    let scan_out = RefCell::new(ScanOut::new(&gpu));
    check(150, (any::<u64>(), displays()), |(seed, display)| {
        let frame = testing::frame(seed);
        let mut wanted = Vec::new();
        frame.render(display, &mut wanted);
        scan_out.borrow_mut().draw(&gpu, &frame, display);
        let scan_out = scan_out.borrow();
        let got = scan_out.texture().and_then(|texture| read_texture(&gpu, texture)).unwrap_or_default();
        let compared = testing::compare(&wanted, &got, Tolerance::EXACT);
        prop_assert!(compared.is_ok(), "{} dots wide: {}", frame.head().width, compared.unwrap_err());
        Ok(())
    });
}

fn filters() -> impl Strategy<Value = Filter> {
    let tube = any::<(u8, u8, u8)>()
        .prop_map(|(gap, mask, brightness)| Filter::Tube(TubeSettings { gap, mask, brightness }));
    prop_oneof![Just(Filter::Sharp), Just(Filter::Tube(TubeSettings::default())), tube]
}

#[test]
fn a_window_shows_the_same_pixels() {
    let Some(gpu) = gpu() else { return };
    let presenter = Presenter::new(&gpu, ScanOut::FORMAT);
    let scan_out = RefCell::new(ScanOut::new(&gpu));
    check(60, (any::<u64>(), filters(), (1u16..260, 1u16..200)), |(seed, filter, size)| {
        let frame = testing::frame(seed);
        let head = *frame.head();
        let (mut dots, mut wanted) = (Vec::new(), Vec::new());
        frame.render_rgba(&mut dots);
        let scaler = Scaler::new((head.width, head.height), size, filter);
        scaler.scale(&dots, head.width.into(), &mut wanted);
        scan_out.borrow_mut().draw(&gpu, &frame, Display::Rgb);
        let scan_out = scan_out.borrow();
        let texture = scan_out.texture().expect("a texture");
        let picture = Picture::new(&gpu, &presenter, texture, &scaler, (0, 0));
        let target = presenter.target(&gpu, (size.0.into(), size.1.into()));
        presenter.draw(&gpu, &picture, &target);
        let got = read_texture(&gpu, &target).unwrap_or_default();
        let compared = testing::compare(&wanted, &got, Tolerance::EXACT);
        prop_assert!(compared.is_ok(), "{head:?}: {}", compared.unwrap_err());
        Ok(())
    });
}

/// A frame from another process may be forged.
#[test]
fn a_forged_frame_does_no_harm() {
    let Some(gpu) = gpu() else { return };
    let changes = prop::collection::vec((any::<u16>(), any::<u8>()), 1..6);
    let scan_out = RefCell::new(ScanOut::new(&gpu));
    check(60, (any::<u64>(), changes), |(seed, changes)| {
        let mut bytes = postcard::to_stdvec(&testing::frame(seed)).unwrap();
        let len = bytes.len();
        changes.into_iter().for_each(|(at, value)| bytes[usize::from(at) % len] = value);
        let Ok(frame) = postcard::from_bytes::<Frame>(&bytes) else { return Ok(()) };
        if frame.head().width <= 200 && frame.head().height <= 200 {
            scan_out.borrow_mut().draw(&gpu, &frame, Display::Composite(CompositeSettings::default()));
            prop_assert!(!gpu.is_lost());
        }
        Ok(())
    });
}

#[test]
fn the_null_back_end_takes_every_list() {
    let list = testing::command_list(1, 50, Repertoire::Triangles);
    NullRenderer.execute(&list);
    assert!(NullRenderer.read(SurfaceId(3), Rect { left: 0, top: 0, width: 9, height: 9 }).is_empty());
}
