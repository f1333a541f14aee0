//! Pictures of the window. They are drawn by a processor, not a graphics card, so that they come out alike everywhere;
//! without such a driver (`cargo xtask setup` gets one) they are left out.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p anachron --test window` takes those anew that have changed.

use super::*;
use eframe::egui_wgpu::RendererOptions;
use egui_kittest::SnapshotResults;
use egui_kittest::wgpu::{create_render_state, default_wgpu_setup};
use emu_core::cache::presets::presets;
use emu_core::cpu::x86::model::{CustomModel, Feature, Output, PENTIUM};
use machines::boards::bare;
use machines::profile::CardProfile;
use std::path::Path;

/// A window whose picture is taken.
struct Look {
    theme: Theme,
    size: egui::Vec2,
    scale: f32,
}

const DARK: Look = Look { theme: Theme::Dark, size: egui::vec2(960.0, 600.0), scale: 1.0 };
const LIGHT: Look = Look { theme: Theme::Light, ..DARK };
/// As on a screen with twice the density.
const FINE: Look = Look { size: egui::vec2(720.0, 450.0), scale: 2.0, ..DARK };

fn can_take_pictures() -> bool {
    let state = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
    let is_software = state.adapter.get_info().device_type == eframe::wgpu::DeviceType::Cpu;
    if !is_software {
        eprintln!("skipped: there is no Vulkan driver that draws in software");
    }
    is_software
}

impl Look {
    /// The window on a library, or none where no pictures can be taken.
    fn open(self, furnish: impl FnOnce(&Library)) -> Option<Window> {
        if !can_take_pictures() {
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let library = Library::new(home.path().join("home"));
        furnish(&library);
        let builder = Harness::builder()
            .with_size(self.size)
            .with_pixels_per_point(self.scale)
            .with_theme(self.theme)
            .wgpu();
        let mut harness = builder.build_eframe(|cx| App::new(cx, library));
        harness.run_steps(4);
        Some(Window { harness, home })
    }
}

impl Window {
    fn picture(&mut self, name: &str) {
        self.picture_without(name, &[]);
    }

    /// A picture in which some places are painted over.
    fn picture_without(&mut self, name: &str, places: &[egui::Rect]) {
        self.harness.remove_cursor();
        self.harness.run_steps(4);
        for place in places {
            self.harness.mask(*place);
        }
        self.harness.snapshot(name);
    }
}

/// Machines of every standing.
fn furnish(library: &Library) {
    for (name, tags) in
        [("Office XT", &["work"][..]), ("Quake box", &["games"]), ("Museum piece", &["games", "loan"])]
    {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let profile = Profile { name: name.to_owned(), tags, ..(xt::KIND.profile)() };
        library.create(&profile).unwrap();
    }
    let home = library.home();
    std::fs::write(home.join("office-xt/state.anachron"), "x").unwrap();
    std::fs::write(home.join("museum-piece/machine.ron"), "V9((name: \"Museum piece\"))").unwrap();
    paint(&home.join("quake-box/picture.png"));
}

/// A guest's picture: stripes.
fn paint(path: &Path) {
    let (width, height) = (160, 100);
    let dots = (0..height).flat_map(|y| (0..width).map(move |x| ((x / 20) * 32, (y / 25) * 60)));
    let rgba: Vec<u8> = dots.flat_map(|(red, green)| [red as u8, green as u8, 120, 255]).collect();
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&rgba).unwrap();
}

#[test]
fn library() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(DARK, "library_dark"), (LIGHT, "library_light"), (FINE, "library_fine")] {
        let Some(mut window) = look.open(furnish) else { return };
        // The message on a broken machine names a folder that differs from run to run; another one is chosen.
        window
            .harness
            .get_by(|node| node.label().is_some_and(|label| label.starts_with("Office XT, ")))
            .click();
        window.picture(name);
        results.extend_harness(&mut window.harness);
    }
}

#[test]
fn library_of_a_new_user() {
    let Some(mut window) = DARK.open(|_| {}) else { return };
    window.picture("library_new_user");
    window.click("Delete");
    window.picture("library_empty_with_undo");
}

#[test]
fn library_as_a_list_with_several_chosen() {
    let Some(mut window) = LIGHT.open(furnish) else { return };
    window.click("Show as a list");
    window.harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("Office XT, "))).click();
    window.harness.step();
    let quake =
        window.harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("Quake box, ")));
    quake.click_modifiers(Modifiers::COMMAND);
    window.picture("library_list");
    window.press_with(Modifiers::COMMAND, Key::T);
    window.picture("tags");
}

#[test]
fn wizard() {
    let mut results = SnapshotResults::new();
    for (look, theme) in [(DARK, "dark"), (LIGHT, "light")] {
        let Some(mut window) = look.open(|_| {}) else { return };
        window.click("New machine");
        for step in 1..=3 {
            window.picture(&format!("wizard_{step}_{theme}"));
            if step < 3 {
                window.click("Next");
            }
        }
        results.extend_harness(&mut window.harness);
    }
}

/// A machine with caches, and two display cards that claim the same ports.
fn furnish_with_conflict(library: &Library) {
    let mut profile = Profile { name: "Two monitors".to_owned(), ..(xt::KIND.profile)() };
    let preset = presets().into_iter().find(|preset| preset.name.starts_with("Teaching: 1 KB"));
    profile.caches = Some(preset.unwrap().config);
    let cards = ["mda", "hercules"].map(|card| CardProfile { device: card.to_owned(), options: [].into() });
    profile.cards.extend(cards);
    library.create(&profile).unwrap();
}

#[test]
fn settings() {
    let mut results = SnapshotResults::new();
    for (look, theme, pages) in
        [(DARK, "dark", &["CPU", "Caches", "Memory", "Display"][..]), (LIGHT, "light", &["Display"])]
    {
        let Some(mut window) = look.open(furnish_with_conflict) else { return };
        window.click("Settings");
        for page in pages {
            window.harness.get_by_role_and_label(egui::Role::Button, page).click();
            window.picture(&format!("settings_{}_{theme}", page.to_lowercase()));
        }
        results.extend_harness(&mut window.harness);
    }
}

/// A Pentium with a feature whose foundation is missing, and a typed answer of CPUID.
fn furnish_with_custom_processor(library: &Library) {
    let mut profile = Profile { name: "My own".to_owned(), ..(bare::KIND.profile)() };
    let mut custom = CustomModel { brand: "Mine".to_owned(), ..CustomModel::of(&PENTIUM) };
    custom.features = custom.features.with(&[Feature::Avx]);
    let leaf = custom.leaves()[1];
    custom.type_answer(&leaf, Output::Ebx, 0x1234_5678);
    CustomModel::NAME.clone_into(&mut profile.cpu.model);
    profile.cpu.custom = Some(custom);
    library.create(&profile).unwrap();
}

#[test]
fn custom_processor() {
    let mut results = SnapshotResults::new();
    for (look, theme) in [(DARK, "dark"), (LIGHT, "light"), (FINE, "fine")] {
        let Some(mut window) = look.open(furnish_with_custom_processor) else { return };
        window.click("Settings");
        window.harness.get_by_role_and_label(egui::Role::Button, "CPU").click();
        window.picture(&format!("custom_model_{theme}"));
        for (row, name) in [("features", "features"), ("cpuid hexadecimal", "cpuid")] {
            window.harness.get_by_label("Search all pages").focus();
            window.harness.run_steps(2);
            window.press_with(Modifiers::COMMAND, Key::A);
            window.harness.event(egui::Event::Text(row.to_owned()));
            window.picture(&format!("custom_{name}_{theme}"));
        }
        results.extend_harness(&mut window.harness);
    }
}

#[test]
fn command_palette() {
    let Some(mut window) = DARK.open(|_| {}) else { return };
    window.press_with(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    window.picture("command_palette");
}

#[test]
fn file_browser() {
    let folder = Path::new("/tmp/anachron picture tests");
    for place in ["disks", "games", "office"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
    }
    std::fs::write(folder.join("freedos.img"), "x").unwrap();
    std::fs::write(folder.join("office/machine.ron"), "x").unwrap();
    let Some(mut window) = DARK.open(|_| {}) else { return };
    window.click("New machine");
    window.click("3. What is in the drives?");
    window.click("Choose for A:");
    window.enter("Folder or file", &folder.to_string_lossy());
    window.click("freedos.img");
    window.picture("file_browser");
}

/// Stopped behind the boot sector's first instruction, after a reset: always the same.
#[test]
fn debugger() {
    let look = Look { size: egui::vec2(1120.0, 720.0), ..DARK };
    let Some(mut window) = look.open(|_| {}) else { return };
    window.click("Start");
    window.wait_for_state(RunState::Running);
    window.click("Pause");
    window.wait_for_state(RunState::Paused);
    window.click("Debug");
    window.wait("the registers", |harness| Window::register(harness, 0).is_some());
    window.enter("Place", "0:7C00");
    window.click("Add breakpoint");
    window.click("Reset");
    window.click("Full speed");
    window.click("Run");
    window.wait("the breakpoint", |harness| {
        harness.state().machine().is_some_and(|machine| machine.stop_reason.contains("Breakpoint"))
    });
    let stands_at = |harness: &Harness<'static, App>, linear| {
        let machine = harness.state().machine();
        machine.is_some_and(|machine| machine.debugger.view().is_some_and(|view| view.pc.linear == linear))
    };
    window.wait("the boot sector", |harness| stands_at(harness, 0x7C00));
    // What has changed since the last stop is marked; a step away from a known stop makes that the same each time.
    window.press(Key::F11);
    window.wait("the step", |harness| !stands_at(harness, 0x7C00));
    // The panes ask for what they show then, and the machine answers in its own time.
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(10));
        window.harness.step();
    }
    // The cursor may be on or off, and a computer may have sound or none.
    let screen = window.harness.get_by_role(egui::Role::Terminal).rect();
    let status = egui::Rect::from_min_max(egui::pos2(0.0, 690.0), egui::pos2(1120.0, 720.0));
    window.picture_without("debugger", &[screen, status]);
}

#[test]
fn new_floppy() {
    let Some(mut window) = DARK.open(|_| {}) else { return };
    window.click("Start");
    window.wait_for_label("Drive B: —");
    window.click("Pause");
    window.wait_for_state(RunState::Paused);
    window.click("Drive B: —");
    window.click("Create…");
    window.enter("In the folder", "/disks");
    // Only the dialog is looked at, not the machine around it.
    let heading = window.harness.get_by_label("New floppy for B:").rect();
    let left = egui::Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(heading.left() - 20.0, 600.0));
    let right = left.translate(egui::vec2(960.0 - left.width(), 0.0));
    let above = egui::Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(960.0, heading.top() - 20.0));
    let beneath = egui::Rect::from_min_max(egui::pos2(0.0, 470.0), egui::pos2(960.0, 600.0));
    window.picture_without("new_floppy", &[left, right, above, beneath]);
}

/// The tools over the picture, as the pointer at the top edge brings them.
#[test]
fn full_screen() {
    let Some(mut window) = DARK.open(|_| {}) else { return };
    window.click("Start");
    window.wait_for_state(RunState::Running);
    window.click("Pause");
    window.wait_for_state(RunState::Paused);
    window.fill_screen();
    window.harness.hover_at(egui::pos2(400.0, 0.0));
    window.harness.run_steps(4);
    // The guest has come as far as this computer's speed lets it.
    window.harness.mask(egui::Rect::from_min_max(egui::pos2(0.0, 80.0), egui::pos2(960.0, 600.0)));
    window.harness.snapshot("full_screen");
}
