//! What a guest's frame costs the window's thread, by either renderer: `cargo run --release --example screen_cost`.
//!
//! A text screen of a CGA is drawn into 960 × 720 pixels. The figures are CPU time: of the thread until the work is
//! submitted, and of the whole process until it is done, which on a graphics card is the card's business.
#![forbid(unsafe_code)]

use anachron::gpu::{Gpu, Picture, Presenter, ScanOut};
use cpu_time::{ProcessTime, ThreadTime};
use emu_core::hal::video::monitor::RGBI;
use emu_core::hal::video::{
    Cell, Display, Filter, Font, Frame, FrameHead, LineStyle, Scaler, TextStyle, TubeSettings,
};
use std::sync::Arc;
use std::time::Duration;

const FRAMES: u32 = 20;
const PIXELS: (u16, u16) = (960, 720);

fn main() {
    let frame = text_frame();
    let displays = [
        ("sharp", Display::Rgb, Filter::Sharp),
        ("tube", Display::Rgb, Filter::Tube(TubeSettings::default())),
        ("composite", Display::Composite(Default::default()), Filter::Sharp),
    ];
    for (name, display, filter) in displays {
        let scaler = Scaler::new((frame.head().width, frame.head().height), PIXELS, filter);
        report(name, "software", software(&frame, display, &scaler), None);
        let Some((gpu, kind)) = Gpu::open() else { continue };
        let (thread, process) = on_gpu(&gpu, &frame, display, &scaler);
        report(name, &format!("wgpu ({kind:?})"), thread, Some(process));
    }
}

fn report(look: &str, by: &str, thread: Duration, process: Option<Duration>) {
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(FRAMES);
    let process = process.map_or(String::new(), |time| format!(", {:.2} ms with the drawing", each(time)));
    println!("{look:9} {by:16} {:.2} ms{process}", each(thread));
}

fn software(frame: &Frame, display: Display, scaler: &Scaler) -> Duration {
    let (mut dots, mut pixels) = (Vec::new(), Vec::new());
    let begun = ThreadTime::now();
    for _ in 0..FRAMES {
        frame.render(display, &mut dots);
        scaler.scale(&dots, frame.head().width.into(), &mut pixels);
    }
    begun.elapsed()
}

fn on_gpu(gpu: &Gpu, frame: &Frame, display: Display, scaler: &Scaler) -> (Duration, Duration) {
    let presenter = Presenter::new(gpu, ScanOut::FORMAT);
    let mut scan_out = ScanOut::new(gpu);
    scan_out.draw(gpu, frame, display);
    let Some(dots) = scan_out.texture().cloned() else { return Default::default() };
    let picture = Picture::new(gpu, &presenter, &dots, scaler, (0, 0));
    let target = presenter.target(gpu, (PIXELS.0.into(), PIXELS.1.into()));
    let (mut thread, whole) = (Duration::ZERO, ProcessTime::now());
    for _ in 0..FRAMES {
        let begun = ThreadTime::now();
        scan_out.draw(gpu, frame, display);
        presenter.draw(gpu, &picture, &target);
        thread += begun.elapsed();
        // A lost device draws nothing more, and the figures say so.
        let _ = gpu.device.poll(wgpu::PollType::wait_indefinitely());
    }
    (thread, whole.elapsed())
}

/// 80 × 25 cells of all characters and colours.
fn text_frame() -> Frame {
    let mut frame = Frame::default();
    frame.begin(FrameHead { color_phase: Some(0), ..FrameHead::of_size(640, 200, (5, 12)) });
    let line = LineStyle::new(frame.add_palette(&RGBI), 0, 0, 640);
    let font = frame.add_font(&Arc::new(Font::new(8, (0..2048u32).map(|n| (n * 37) as u8).collect())));
    for row in 0..25u16 {
        let cells = (0..80u16).map(|n| Cell { glyph: (row * 80 + n) & 0xFF, attribute: (row * 3 + n) as u8 });
        frame.push_text(8, line, TextStyle::color(8, 1, true), font, 0, cells);
    }
    frame
}
