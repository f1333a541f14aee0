//! Drives the settings as a user would, with no display: by name, by keyboard, and while the machine runs.
#![forbid(unsafe_code)]

use anachron::gui::App;
use anachron::library::Library;
use egui::accesskit::{Action, NodeId};
use egui::{Key, Modifiers, Role, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, NodeT, Queryable};
use emu_core::cpu::FpuMode;
use emu_core::cpu::x86::model::{CustomModel, Feature, Output, PENTIUM};
use machines::boards::bare;
use machines::profile::Profile;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes as long as this, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// No page has as many controls.
const MOST_CONTROLS: usize = 400;
const PAGES: [&str; 12] = [
    "General", "CPU", "Caches", "Memory", "Firmware", "Display", "Sound", "Input", "Floppies", "Disks",
    "Ports", "Cards",
];

struct Window {
    harness: Harness<'static, App>,
    home: TempDir,
}

impl Window {
    fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap())
    }

    /// On a plain PC.
    fn open_on_plain_pc(change: impl FnOnce(&mut Profile)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut profile = Profile { name: "First Light".to_owned(), ..(bare::KIND.profile)() };
        change(&mut profile);
        Library::new(home.path().join("home")).create(&profile).unwrap();
        Self::open_in(home)
    }

    fn open_in(home: TempDir) -> Self {
        let library = Library::new(home.path().join("home"));
        let builder = Harness::builder().with_size(egui::vec2(1120.0, 720.0)).with_theme(Theme::Dark);
        Self { harness: builder.build_eframe(|cx| App::new(cx, library)), home }
    }

    fn wait(&mut self, what: &str, is_so: impl Fn(&Harness<'static, App>) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.harness) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    fn has(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    fn click(&mut self, label: &str) {
        self.wait(label, |harness| harness.query_by_label(label).is_some());
        self.harness.get_by_label(label).click();
        self.harness.step();
        self.harness.step();
    }

    /// Clicks, wherever the page is scrolled to.
    fn press(&mut self, label: &str) {
        self.wait(label, |harness| harness.query_by_label(label).is_some());
        self.harness.get_by_label(label).click_accesskit();
        self.harness.step();
        self.harness.step();
    }

    /// Opens a page of the settings.
    fn open_page(&mut self, page: &str) {
        self.wait(page, |harness| harness.query_by_role_and_label(Role::Button, page).is_some());
        self.harness.get_by_role_and_label(Role::Button, page).click();
        self.harness.step();
        self.harness.step();
    }

    /// Types into a field in place of what is in it.
    fn enter(&mut self, role: Role, label: &str, text: &str) {
        self.wait(label, |harness| harness.query_by_role_and_label(role, label).is_some());
        self.harness.get_by_role_and_label(role, label).focus();
        self.harness.step();
        self.harness.step();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.harness.step();
        self.harness.key_press(Key::Enter);
        self.harness.step();
        self.harness.step();
    }

    fn kept(&self) -> Profile {
        let path = self.home.path().join("home/first-light/machine.ron");
        Profile::from_ron(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// The controls of the dialog that can have the focus: their ids, roles and names.
    fn controls(&self) -> Vec<(NodeId, Role, Option<String>)> {
        let heading = self.harness.get_by_label_contains("Settings of");
        let mut dialog = heading.accesskit_node();
        while !descendants(dialog).any(|node| node.label().as_deref() == Some("Save")) {
            dialog = dialog.parent().expect("the dialog has a Save button");
        }
        let can_focus = |node: &AccessKitNode<'_>| {
            let role = node.role();
            let is_container =
                matches!(role, Role::Label | Role::GenericContainer | Role::ScrollView | Role::Pane);
            !is_container && !node.is_disabled() && node.data().supports_action(Action::Focus)
        };
        let facts = |node: AccessKitNode<'_>| (node.locate().0, node.role(), node.label());
        descendants(dialog).filter(can_focus).map(facts).collect()
    }

    fn focus(&self) -> Option<NodeId> {
        let focused = self.harness.root().accesskit_node().tree_state.focus();
        focused.map(|node| node.locate().0)
    }
}

fn descendants<'a>(node: AccessKitNode<'a>) -> Box<dyn Iterator<Item = AccessKitNode<'a>> + 'a> {
    Box::new(node.children().flat_map(|child| std::iter::once(child).chain(descendants(child))))
}

#[test]
fn a_search_finds_rows_of_all_pages() {
    let mut window = Window::open();
    window.click("Settings");
    window.enter(Role::TextInput, "Search all pages", "volume");
    assert!(window.harness.query_by_role_and_label(Role::Slider, "Volume").is_some());
    assert!(window.harness.query_by_role_and_label(Role::TextInput, "Name").is_none());
    window.enter(Role::TextInput, "Search all pages", "no such thing");
    assert!(window.has("No setting has these words."));
    window.open_page("General");
    assert!(window.harness.query_by_role_and_label(Role::TextInput, "Name").is_some());
}

#[test]
fn every_control_has_a_name_and_is_reached_by_tab() {
    let mut window = Window::open();
    window.click("Settings");
    for page in PAGES {
        window.open_page(page);
        if page == "Caches" && window.harness.query_by_label("L2 size").is_none() {
            choose_preset(&mut window, "Pentium II");
        }
        assert_reached(&mut window, page);
    }
}

#[test]
fn a_custom_processors_controls_have_names_and_are_reached_by_tab() {
    let mut window = Window::open_on_plain_pc(make_custom);
    window.click("Settings");
    window.open_page("CPU");
    assert!(window.controls().len() > 100);
    assert_reached(&mut window, "CPU");
}

/// Fails unless each control of the dialog has a name and is reached by Tab.
fn assert_reached(window: &mut Window, page: &str) {
    let controls = window.controls();
    for (id, role, name) in &controls {
        let is_named = name.as_ref().is_some_and(|name| !name.trim().is_empty());
        assert!(is_named, "{page}: a {role:?} ({id:?}) has no name");
    }
    let mut reached = BTreeSet::new();
    for _ in 0..MOST_CONTROLS {
        window.harness.key_press(Key::Tab);
        window.harness.step();
        if window.focus().is_some_and(|focus| !reached.insert(focus.0)) && reached.len() >= controls.len() {
            break;
        }
    }
    for (id, role, name) in &controls {
        assert!(reached.contains(&id.0), "{page}: Tab does not reach the {role:?} {name:?}");
    }
}

fn choose_preset(window: &mut Window, name: &str) {
    choose_from(window, "Preset", name);
}

fn choose_from(window: &mut Window, list: &str, name: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, list).click_accesskit();
    window.harness.step();
    window.harness.step();
    window.harness.get_by_role_and_label(Role::Button, name).click();
    window.harness.step();
    window.harness.step();
}

#[test]
fn an_invalid_geometry_says_which_number_must_change_to_what() {
    let mut window = Window::open();
    window.click("Settings");
    window.open_page("Caches");
    choose_preset(&mut window, "486DX");
    window.enter(Role::SpinButton, "L1 size", "9 KB");
    assert!(window.has("change the size to 8 KB or 16 KB"), "the sentence is missing");
    assert!(window.harness.get_by_label("Save").accesskit_node().is_disabled());
    window.click("Fix: Make the L1 size 8 KB");
    assert!(window.has("128 sets × 4 ways × 16 bytes = 8 KB"), "the Fix mends it");
    window.enter(Role::SpinButton, "L1 size", "16 KB");
    assert!(!window.has("change the size"));
    assert!(window.has("256 sets × 4 ways × 16 bytes = 16 KB"), "the drawing follows");
    window.click("Save");
    let level = window.kept().caches.unwrap().levels()[0].1.geometry;
    assert_eq!((level.size, level.line, level.ways), (16 << 10, 16, 4));
}

#[test]
fn caches_are_changed_while_the_machine_runs_and_their_counters_follow() {
    let mut window = Window::open();
    window.click("Start");
    window.click("Settings");
    window.open_page("Caches");
    choose_preset(&mut window, "486DX");
    window.click("Save");
    window.click("Debug");
    window.click("Caches");
    let levels = |harness: &Harness<'static, App>| {
        let stats = harness.state().machine()?.debugger.caches.stats()?.clone();
        stats.levels.iter().all(|level| level.1.accesses() > 0).then_some(stats.levels.len())
    };
    window.wait("one level's counters", |harness| levels(harness) == Some(1));
    window.click("Settings");
    // The debugger's tab has the same name.
    window.enter(Role::TextInput, "Search all pages", "preset");
    choose_preset(&mut window, "486DX2 with board cache");
    window.click("Save");
    window.wait("two levels' counters", |harness| levels(harness) == Some(2));
}

#[test]
fn what_needs_power_off_is_kept_for_next_time_and_says_so() {
    let mut window = Window::open();
    window.click("Start");
    window.click("Settings");
    window.open_page("Memory");
    assert!(window.has("at power-on"));
    window.enter(Role::SpinButton, "Memory", "256");
    assert!(window.has("Kept for the next power-on; until then: 640 KB"));
    window.click("Save");
    assert_eq!(window.kept().memory_kib, 256);
    let running = window.harness.state().machine().unwrap().profile.memory_kib;
    assert_eq!(running, 640);
}

#[test]
fn how_the_x87_computes_is_found_and_changes_while_the_machine_runs() {
    let fpu = |harness: &Harness<'static, App>| harness.state().machine().unwrap().running_cpu().fpu;
    let mut window = Window::open_on_plain_pc(|_| ());
    window.click("Start");
    window.click("Settings");
    window.enter(Role::TextInput, "Search all pages", "53 bits");
    window.press("Fast (53 bits)");
    assert!(!window.has("Kept for the next power-on"));
    window.click("Save");
    assert_eq!((window.kept().cpu.fpu, fpu(&window.harness)), (FpuMode::Fast, FpuMode::Fast));
    window.click("CPU");
    assert!(window.has("Fast (53 bits)"), "the machine's window says so");
}

/// A Pentium that is the user's own.
fn make_custom(profile: &mut Profile) {
    CustomModel::NAME.clone_into(&mut profile.cpu.model);
    profile.cpu.custom = Some(CustomModel::of(&PENTIUM));
}

#[test]
fn a_processor_is_put_together() {
    let mut window = Window::open_on_plain_pc(|_| ());
    window.click("Settings");
    window.open_page("CPU");
    window.press("Custom processor");
    choose_from(&mut window, "Begin with", "Intel Pentium");
    for feature in ["CMOV", "AVX2"] {
        tick(&mut window, feature);
    }
    assert!(window.has("AVX2 builds on AVX, which is not there"), "the sentence is missing");
    assert!(window.harness.get_by_label("Save").accesskit_node().is_disabled());
    window.press("Fix: Add AVX");
    window.enter(Role::TextInput, "Brand string", "Mine");
    window.enter(Role::SpinButton, "EBX of leaf 00000001", "12345678");
    window.enter(Role::SpinButton, "EBX of leaf 00000000", "no number");
    window.enter(Role::SpinButton, "Clock", "75");
    window.click("Save");
    let cpu = window.kept().cpu;
    let custom = cpu.custom.unwrap();
    assert_eq!((cpu.model.as_str(), cpu.clock_hz), ("custom", 75_000_000));
    assert!([Feature::Cmov, Feature::Avx2, Feature::Sse3].iter().all(|one| custom.features.has(*one)));
    assert_eq!((custom.base.as_str(), custom.brand.as_str()), ("pentium", "Mine"));
    let typed = custom.typed_answers.iter().map(|typed| (typed.leaf, typed.output, typed.value));
    assert_eq!(typed.collect::<Vec<_>>(), [(1, Output::Ebx, 0x1234_5678)]);
}

#[test]
fn what_was_put_together_stays_while_other_models_are_tried() {
    let mut window = Window::open_on_plain_pc(make_custom);
    window.click("Settings");
    window.open_page("CPU");
    tick(&mut window, "SHA");
    window.press("Fix: Add SSSE3");
    window.enter(Role::TextInput, "Brand string", "Mine");
    window.press("Intel Pentium Pro");
    assert!(window.harness.query_by_role_and_label(Role::CheckBox, "SHA").is_none());
    window.press("Custom processor");
    choose_from(&mut window, "Begin with", "Intel 486DX2");
    assert_eq!(is_checked(&window, "SHA"), Some(false));
    window.click("Undo");
    assert_eq!(is_checked(&window, "SHA"), Some(true));
    for _ in 0..3 {
        window.click("Undo");
    }
    assert_eq!(is_checked(&window, "SHA"), Some(true), "the brand string was typed and taken back at once");
    window.click("Undo");
    window.click("Undo");
    assert_eq!(is_checked(&window, "SHA"), Some(false));
    assert!(window.harness.get_by_label("Undo").accesskit_node().is_disabled());
}

/// Ticks a feature, wherever the page is scrolled to.
fn tick(window: &mut Window, feature: &str) {
    window.harness.get_by_role_and_label(Role::CheckBox, feature).click_accesskit();
    window.harness.step();
    window.harness.step();
}

fn is_checked(window: &Window, feature: &str) -> Option<bool> {
    let node = window.harness.get_by_role_and_label(Role::CheckBox, feature);
    node.accesskit_node().toggled().map(|toggled| toggled == egui::accesskit::Toggled::True)
}

#[test]
fn a_feature_is_found_by_what_it_does() {
    let mut window = Window::open_on_plain_pc(make_custom);
    window.click("Settings");
    window.open_page("CPU");
    window.enter(Role::TextInput, "Find a feature", "leading zeros");
    assert!(window.has("Counts leading zeros."));
    assert!(window.harness.query_by_role_and_label(Role::CheckBox, "SHA").is_none());
    window.enter(Role::TextInput, "Find a feature", "no such thing");
    assert!(window.has("No feature has these words."));
}

#[test]
fn a_machine_that_is_on_keeps_its_processor_until_the_next_power_on() {
    let mut window = Window::open_on_plain_pc(make_custom);
    window.click("Start");
    window.click("Settings");
    window.enter(Role::TextInput, "Search all pages", "features");
    tick(&mut window, "CMOV");
    assert!(window.has("Kept for the next power-on; until then: without CMOV"));
    window.click("Save");
    assert!(window.kept().cpu.custom.unwrap().features.has(Feature::Cmov));
    let running = window.harness.state().machine().unwrap().profile.cpu.custom.clone().unwrap();
    assert!(!running.features.has(Feature::Cmov));
}
