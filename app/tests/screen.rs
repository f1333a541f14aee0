//! The guest's screen in the window: its text read out, found and copied, and its picture by either renderer.
#![forbid(unsafe_code)]

use anachron::gpu::Gpu;
use anachron::gui::{App, draw_screens_with};
use anachron::library::Library;
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, Rect, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use emu_core::hal::video::Scaler;
use emu_core::hal::video::testing::{self, Tolerance};
use emu_core::machine::protocol::RunState;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes as long as this, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The window on the demo machine, which is switched on.
struct Window {
    harness: Harness<'static, App>,
    home: TempDir,
}

impl Window {
    fn open(with_gpu: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let library = Library::new(home.path().join("home"));
        let builder = Harness::builder().with_size(egui::vec2(1120.0, 720.0)).with_theme(Theme::Dark);
        let builder = if with_gpu { builder.wgpu() } else { builder };
        let mut window = Self {
            harness: builder.build_eframe(|cx| {
                if let Some(state) = &cx.wgpu_render_state {
                    draw_screens_with(&cx.egui_ctx, state);
                }
                App::new(cx, library)
            }),
            home,
        };
        window.click("Start");
        window.click("Full speed");
        window.wait("the demo's menu", |harness| spoken(harness).contains("FIRST LIGHT"));
        window
    }

    /// Draws until something is so.
    fn wait(&mut self, what: &str, is_so: impl Fn(&Harness<'static, App>) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.harness) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    fn click(&mut self, label: &str) {
        self.wait(label, |harness| harness.query_by_label(label).is_some());
        self.harness.get_by_label(label).click();
        self.harness.step();
        self.harness.step();
    }

    fn pause(&mut self) {
        self.click("Pause");
        self.wait("the pause", |harness| {
            harness.state().machine().is_some_and(|machine| machine.state == RunState::Paused)
        });
    }

    fn screen(&self) -> Rect {
        self.harness.get_by_label("Guest screen").rect()
    }

    fn drag(&mut self, from: Pos2, to: Pos2) {
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        for event in
            [Event::PointerMoved(from), button(from, true), Event::PointerMoved(to), button(to, false)]
        {
            self.harness.event(event);
            self.harness.step();
        }
    }

    fn copied(&self) -> Option<String> {
        let commands = &self.harness.output().platform_output.commands;
        commands.iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    }
}

/// An adapter is there; or CI is not, and the test says that it is skipped.
fn has_adapter() -> bool {
    let is_there = Gpu::open().is_some();
    assert!(is_there || std::env::var_os("CI").is_none(), "no graphics adapter");
    if !is_there {
        println!("skipped: no graphics adapter");
    }
    is_there
}

/// What a screen reader reads of the guest's screen.
fn spoken(harness: &Harness<'static, App>) -> String {
    let screen = harness.query_by_label("Guest screen");
    screen.and_then(|screen| screen.accesskit_node().value()).unwrap_or_default()
}

#[test]
fn the_text_is_copied_whole_or_as_selected() {
    let mut window = Window::open(false);
    let modifiers = Modifiers::COMMAND | Modifiers::SHIFT;
    window.harness.event(Event::Key {
        key: Key::C,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    });
    window.harness.step();
    let whole = window.copied().expect("all text");
    assert!(whole.contains("FIRST LIGHT") && whole.lines().count() > 5, "{whole}");

    window.pause();
    let screen = window.screen();
    window.drag(screen.left_top() + egui::vec2(120.0, 40.0), screen.right_bottom() - egui::vec2(120.0, 40.0));
    window.harness.event(Event::Copy);
    window.harness.step();
    let selected = window.copied().expect("the selection");
    assert!(
        !selected.is_empty() && whole.contains(selected.lines().next().unwrap_or_default()),
        "{selected}"
    );
}

#[test]
fn a_text_is_found_on_the_screen() {
    let mut window = Window::open(false);
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    window.harness.step();
    window.harness.step();
    for (typed, told) in [("no such words", "Not on the screen"), ("first light", "1 place")] {
        let field = window.harness.get_by_role_and_label(egui::Role::TextInput, "Find on the screen");
        field.focus();
        window.harness.step();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.harness.step();
        window.harness.get_by_role_and_label(egui::Role::TextInput, "Find on the screen").type_text(typed);
        window.harness.step();
        window.wait(told, |harness| harness.query_by_label(told).is_some());
    }
    window.click("Close");
    assert!(window.harness.query_by_label("Find on the screen").is_none());
}

/// The window's own pixels against the software renderer's, on a look that takes every step there is.
#[test]
fn the_gpu_shows_the_picture_that_software_shows() {
    if !has_adapter() {
        return;
    }
    let mut window = Window::open(true);
    window.pause();
    window.click("View");
    window.click("Show in amber");
    let kept = window.home.path().join("home/first-light/display.ron");
    assert!(std::fs::read_to_string(kept).unwrap().contains("Amber"));
    window.harness.remove_cursor();
    window.harness.step();
    let got = window.harness.render().expect("a picture");

    let screen = &window.harness.state().machine().expect("a machine").screen;
    let (frame, place) = (screen.frame().expect("a frame"), screen.shown_at().expect("a place"));
    let head = frame.head();
    let size = (place.width().round() as u16, place.height().round() as u16);
    let (mut dots, mut wanted) = (Vec::new(), Vec::new());
    frame.render(screen.options.display(), &mut dots);
    let scaler = Scaler::new((head.width, head.height), size, screen.options.filter());
    scaler.scale(&dots, head.width.into(), &mut wanted);
    let (left, top) = (place.left().round() as u32, place.top().round() as u32);
    let pixels =
        (0..u32::from(size.1)).flat_map(|y| (0..u32::from(size.0)).map(move |x| (left + x, top + y)));
    let got: Vec<u8> = pixels.flat_map(|(x, y)| got.get_pixel(x, y).0).collect();
    assert_eq!(testing::compare(&wanted, &got, Tolerance::EXACT), Ok(()));
}
