//! Everything has a name, and Tab gets to it.

use super::*;
use egui::accesskit::Action;
use egui_kittest::kittest::NodeT;
use std::collections::BTreeMap;

/// What can have the focus, by where it is in the tree. The lines between the debugger's panes have no role; they are
/// dragged with the mouse alone.
fn focusable(window: &Window) -> BTreeMap<String, String> {
    let nodes = window.harness.root().children_recursive();
    let nodes = nodes.map(|node| node.accesskit_node());
    let can_focus = nodes.filter(|node| {
        let is_control = node.role() != egui::Role::Unknown;
        is_control && node.data().supports_action(Action::Focus) && !node.is_disabled() && !node.is_hidden()
    });
    can_focus
        .map(|node| {
            let place = format!("{:?} at {:?}", node.role(), node.bounding_box());
            (format!("{:?}", node.id()), format!("{:?}: {place}", node.label().unwrap_or_default()))
        })
        .collect()
}

fn focused(window: &Window) -> Option<String> {
    let mut nodes = window.harness.root().children_recursive().map(|node| node.accesskit_node());
    nodes.find(|node| node.is_focused()).map(|node| format!("{:?}", node.id()))
}

/// Asserts that what is new on the screen has names, and that Tab gets to all of it.
fn assert_reachable(window: &mut Window, what: &str, before: &BTreeMap<String, String>) {
    window.harness.step();
    window.harness.step();
    assert_eq!(window.harness.unnamed_widgets(), Vec::<String>::new(), "{what}");
    let mut missing = focusable(window);
    missing.retain(|id, _| !before.contains_key(id));
    assert!(!missing.is_empty(), "{what} has nothing to reach");
    for (id, described) in &missing {
        assert!(!described.starts_with("\"\""), "{what}: {id} has no name: {described}");
    }
    for _ in 0..2 * missing.len() + before.len() + 20 {
        window.press(Key::Tab);
        if let Some(id) = focused(window) {
            missing.remove(&id);
        }
        if missing.is_empty() {
            return;
        }
    }
    let still_there = focusable(window);
    missing.retain(|id, _| still_there.contains_key(id));
    assert!(missing.is_empty(), "{what}: Tab does not get to {:#?}", missing.values());
}

#[test]
fn the_library_is_reached() {
    let mut window = Window::open_on(&[("Alpha", &["games"]), ("Beta", &[])]);
    assert_reachable(&mut window, "library", &BTreeMap::new());
    let before = focusable(&window);
    window.press_with(Modifiers::COMMAND, Key::T);
    assert_reachable(&mut window, "tags", &before);
}

#[test]
fn the_wizard_is_reached() {
    let mut window = Window::open();
    window.harness.step();
    let before = focusable(&window);
    window.click("New machine");
    assert_reachable(&mut window, "first step", &before);
    window.click("Next");
    assert_reachable(&mut window, "second step", &before);
    window.click("Next");
    assert_reachable(&mut window, "third step", &before);
}

#[test]
fn the_file_browser_is_reached() {
    let mut window = Window::open();
    window.harness.step();
    let before = focusable(&window);
    std::fs::write(window.home.path().join("a.img"), "x").unwrap();
    window.click("Import…");
    let home = window.home.path().to_string_lossy().into_owned();
    window.enter("Folder or file", &home);
    assert_reachable(&mut window, "file browser", &before);
}

#[test]
fn the_machine_and_the_debugger_are_reached() {
    let mut window = Window::open();
    window.click("Start");
    window.wait_for_state(RunState::Running);
    window.click("Pause");
    window.wait_for_state(RunState::Paused);
    assert_reachable(&mut window, "machine", &BTreeMap::new());
    let before = focusable(&window);
    window.click("Debug");
    window.wait("the registers", |harness| Window::register(harness, 0).is_some());
    assert_reachable(&mut window, "debugger", &before);
}
