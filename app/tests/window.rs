//! Drives the window as a user would, with no display.
#![forbid(unsafe_code)]

#[path = "window/display.rs"]
mod display;
#[path = "window/drives.rs"]
mod drives;
#[path = "window/engine.rs"]
mod engine;
#[path = "window/library.rs"]
mod library;
#[path = "window/pictures.rs"]
mod pictures;
#[path = "window/reach.rs"]
mod reach;

use anachron::gui::App;
use anachron::library::Library;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use emu_core::machine::protocol::RunState;
use machines::boards::xt;
use machines::profile::Profile;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes as long as this, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The window on a new user's library.
struct Window {
    harness: Harness<'static, App>,
    home: TempDir,
}

impl Window {
    fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap())
    }

    /// On the library in `home` of this folder.
    fn open_in(home: TempDir) -> Self {
        let library = Library::new(home.path().join("home"));
        let builder = Harness::builder().with_size(egui::vec2(1120.0, 720.0)).with_theme(Theme::Dark);
        Self { harness: builder.build_eframe(|cx| App::new(cx, library)), home }
    }

    /// On a library of machines with these names, the tags behind each.
    fn open_on(machines: &[(&str, &[&str])]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let library = Library::new(home.path().join("home"));
        for (name, tags) in machines {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let profile = Profile { name: (*name).to_owned(), tags, ..(xt::KIND.profile)() };
            library.create(&profile).unwrap();
        }
        Self::open_in(home)
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

    fn wait_for_label(&mut self, label: &str) {
        self.wait(label, |harness| harness.query_by_label(label).is_some());
    }

    fn click(&mut self, label: &str) {
        self.wait_for_label(label);
        self.harness.get_by_label(label).click();
        self.harness.step();
        self.harness.step();
    }

    /// Types into a field in place of what is in it, and presses Enter.
    fn enter(&mut self, label: &str, text: &str) {
        self.write(label, text);
        self.harness.key_press(Key::Enter);
        self.harness.step();
    }

    /// Puts a text into a field, and does not press Enter.
    fn write(&mut self, label: &str, text: &str) {
        self.wait_for_label(label);
        self.harness.get_by_role_and_label(egui::Role::TextInput, label).focus();
        self.harness.step();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.step();
        self.harness.get_by_role_and_label(egui::Role::TextInput, label).type_text(text);
        self.harness.step();
    }

    fn has(&self, label: &str) -> bool {
        self.harness.query_by_label(label).is_some()
    }

    /// Presses keys together, for a window that may have a text field in it.
    fn press_with(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.step();
        self.harness.step();
    }

    fn press(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.step();
    }

    /// As if the window system had given it the whole screen.
    fn fill_screen(&mut self) {
        let viewports = &mut self.harness.input_mut().viewports;
        viewports.entry(egui::ViewportId::ROOT).or_default().fullscreen = Some(true);
    }

    fn wait_for_state(&mut self, state: RunState) {
        self.wait(&format!("{state:?}"), |harness| {
            harness.state().machine().is_some_and(|machine| machine.state == state)
        });
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait(text, |harness| {
            let machine = harness.state().machine();
            let screen = machine.and_then(|machine| machine.screen.frame()?.text());
            screen.is_some_and(|screen| screen.rows.iter().any(|row| row.text.contains(text)))
        });
    }

    /// A register of the machine as the debugger shows it.
    fn register(harness: &Harness<'static, App>, at: usize) -> Option<u64> {
        let machine = harness.state().machine()?;
        machine.debugger.view()?.registers.get(at).copied()
    }

    /// The moment at which the debugger looks at the machine.
    fn moment(harness: &Harness<'static, App>) -> Option<emu_core::time::Cycle> {
        let machine = harness.state().machine()?;
        machine.debugger.view().map(|view| view.at)
    }
}

#[test]
fn the_theme_is_chosen_from_the_menu() {
    let mut window = Window::open();
    window.click("Window");
    window.click("Use the light theme");
    assert_eq!(window.harness.ctx.theme(), Theme::Light);
}

#[test]
fn the_palette_runs_a_command_by_keyboard() {
    let mut window = Window::open();
    window.harness.step();
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    window.harness.step();
    window.enter("Find a command", "light");
    window.harness.step();
    assert_eq!(window.harness.ctx.theme(), Theme::Light);
    assert!(window.harness.query_by_label("Find a command").is_none(), "the palette is still open");
}

#[test]
fn a_machine_is_made_by_the_wizard_deleted_and_brought_back() {
    let mut window = Window::open();
    window.click("New machine");
    window.enter("Name", "Office XT");
    window.click("Create");
    let machine = window.home.path().join("home/office-xt");
    assert!(machine.join("machine.ron").is_file());
    window.click("Delete");
    assert!(!machine.exists());
    window.click("Undo");
    assert!(machine.join("machine.ron").is_file());
}

#[test]
fn settings_are_checked_and_saved() {
    let mut window = Window::open();
    window.click("Settings");
    window.enter("Name", "Renamed");
    window.harness.get_by_role_and_label(egui::Role::Button, "Cards").click();
    window.harness.step();
    window.click("Add a card");
    window.click("Save");
    let text = std::fs::read_to_string(window.home.path().join("home/first-light/machine.ron")).unwrap();
    assert!(text.contains("Renamed"), "{text}");
}

#[test]
fn a_machine_boots_is_debugged_suspended_and_resumed() {
    let mut window = Window::open();
    window.click("Start");
    window.click("Full speed");
    window.wait_for_text("FIRST LIGHT");
    window.click("Pause");
    window.wait_for_state(RunState::Paused);
    window.click("Debug");
    window.wait("the registers", |harness| Window::register(harness, 0).is_some());

    window.enter("AX", "1234");
    window.wait("AX changed", |harness| Window::register(harness, 0) == Some(0x1234));
    let before = Window::moment(&window.harness);
    window.press(Key::F11);
    window.wait("a step", |harness| Window::moment(harness) > before);

    window.press(Key::F9);
    assert_eq!(window.harness.state().machine().unwrap().debugger.breakpoints.list().len(), 1);
    window.click("Run");
    window.wait("the breakpoint", |harness| {
        harness.state().machine().is_some_and(|machine| machine.stop_reason.contains("Breakpoint"))
    });

    let folder = window.home.path().join("home/first-light");
    window.click("Suspend");
    window.click("Resume");
    window.wait_for_state(RunState::Running);
    assert!(folder.join("state.previous").is_file() && folder.join("picture.png").is_file());
    window.wait_for_text("FIRST LIGHT");
}

#[test]
fn a_floppy_is_ejected_and_inserted() {
    let mut window = Window::open();
    let image = window.home.path().join("blank.img");
    std::fs::write(&image, vec![0xF6; 368_640]).unwrap();
    window.click("Start");
    window.click("Drive A: First Light (demo)");
    window.click("Eject");
    window.click("Drive A: —");
    window.click("Open…");
    window.write("Folder or file", &image.to_string_lossy());
    window.click("Choose");
    window.wait_for_label("Drive A: blank.img");
    let text = std::fs::read_to_string(window.home.path().join("home/first-light/machine.ron")).unwrap();
    assert!(text.contains("blank.img"), "{text}");
}
