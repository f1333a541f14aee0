//! Another engine for a guest that runs.

use super::*;
use egui_kittest::kittest::NodeT;
use machines::boards::bare;
use machines::engines;
use machines::profile::Engine;

fn engine(harness: &Harness<'static, App>) -> Option<Engine> {
    harness.state().machine().map(|machine| machine.running_cpu().engine)
}

#[test]
fn the_engine_is_switched_while_the_guest_runs() {
    let home = tempfile::tempdir().unwrap();
    let library = Library::new(home.path().join("home"));
    let profile = Profile { name: "Plain".to_owned(), ..(bare::KIND.profile)() };
    assert_eq!(profile.cpu.engine, Engine::Threaded);
    library.create(&profile).unwrap();
    let mut window = Window::open_in(home);
    window.click("Start");
    window.wait_for_state(RunState::Running);
    for wanted in [Engine::Strict, Engine::Threaded] {
        window.click("CPU");
        window.click(engines::describe(wanted).label);
        window.wait("the engine", |harness| engine(harness) == Some(wanted));
        let before = window.harness.state().machine().unwrap().cycles();
        window.wait("cycles", |harness| harness.state().machine().unwrap().cycles() > before);
    }
    window.click("CPU");
    window.click(engines::describe(Engine::Strict).label);
    window.wait("the engine", |harness| engine(harness) == Some(Engine::Strict));
    let text = std::fs::read_to_string(window.home.path().join("home/plain/machine.ron")).unwrap();
    assert!(text.contains("Threaded"), "the settings keep their own choice: {text}");
}

#[test]
fn an_xt_has_one_engine() {
    let mut window = Window::open();
    window.click("Start");
    window.wait_for_state(RunState::Running);
    window.click("CPU");
    assert!(window.harness.get_by_label("Threaded").accesskit_node().is_disabled());
    window.click("Strict");
    assert_eq!(engine(&window.harness), Some(Engine::Strict));
}
