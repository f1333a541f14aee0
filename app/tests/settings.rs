//! Drives the settings as a user would, with no display: by name, by keyboard, and while the machine runs.
#![forbid(unsafe_code)]

use anachron::gui::App;
use anachron::library::Library;
use egui::accesskit::{Action, NodeId};
use egui::{Key, Modifiers, Role, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, NodeT, Queryable};
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
        let home = tempfile::tempdir().unwrap();
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
        let controls = window.controls();
        for (id, role, name) in &controls {
            let is_named = name.as_ref().is_some_and(|name| !name.trim().is_empty());
            assert!(is_named, "{page}: a {role:?} ({id:?}) has no name");
        }
        let mut reached = BTreeSet::new();
        for _ in 0..MOST_CONTROLS {
            window.harness.key_press(Key::Tab);
            window.harness.step();
            if window.focus().is_some_and(|focus| !reached.insert(focus.0)) && reached.len() >= controls.len()
            {
                break;
            }
        }
        for (id, role, name) in &controls {
            assert!(reached.contains(&id.0), "{page}: Tab does not reach the {role:?} {name:?}");
        }
    }
}

fn choose_preset(window: &mut Window, name: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, "Preset").click();
    window.harness.step();
    window.harness.step();
    window.click(name);
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
