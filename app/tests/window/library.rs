//! The library's page: choosing one and several, tags, names, search, looking closer, import.

use super::*;

const MACHINES: [(&str, &[&str]); 3] = [("Alpha", &["games"]), ("Beta", &["games", "old"]), ("Gamma", &[])];

impl Window {
    /// The card or row of a machine.
    fn click_machine(&mut self, name: &str, modifiers: Modifiers) {
        let is_it = |label: String| label.starts_with(&format!("{name}, "));
        let node = self.harness.get_by(|node| node.label().is_some_and(is_it));
        node.click_modifiers(modifiers);
        self.harness.step();
        self.harness.step();
    }

    fn shows_machine(&self, name: &str) -> bool {
        let is_it = |label: String| label.starts_with(&format!("{name}, "));
        self.harness.query_by(|node| node.label().is_some_and(is_it)).is_some()
    }

    fn on_disk(&self, file: &str) -> String {
        std::fs::read_to_string(self.home.path().join("home").join(file)).unwrap_or_default()
    }
}

#[test]
fn several_machines_are_deleted_and_brought_back_together() {
    let mut window = Window::open_on(&MACHINES);
    window.click_machine("Alpha", Modifiers::NONE);
    window.click_machine("Gamma", Modifiers::COMMAND);
    assert!(window.has("2 machines"));
    window.press(Key::Delete);
    window.wait_for_label("2 machines are in the trash");
    assert!(!window.shows_machine("Alpha") && window.shows_machine("Beta"));
    window.click("Undo");
    assert!(window.shows_machine("Alpha") && window.shows_machine("Gamma"));
    assert!(window.has("2 machines"), "what came back is chosen");
}

#[test]
fn all_machines_get_a_tag_and_the_tag_becomes_a_filter() {
    let mut window = Window::open_on(&MACHINES);
    window.click_machine("Alpha", Modifiers::NONE);
    window.press_with(Modifiers::COMMAND, Key::A);
    assert!(window.has("3 machines"));
    window.press_with(Modifiers::COMMAND, Key::T);
    window.enter("New tag", "museum");
    // The dialog has grown, and finds its middle again.
    window.harness.run_steps(3);
    window.click("games (some of them)");
    window.click("Save");
    for folder in ["alpha", "beta", "gamma"] {
        let text = window.on_disk(&format!("{folder}/machine.ron"));
        assert!(text.contains("museum") && text.contains("games"), "{text}");
    }
    assert!(window.on_disk("beta/machine.ron").contains("old"), "other tags stay");
    window.click("old, 1 machine");
    assert!(window.shows_machine("Beta") && !window.shows_machine("Alpha"));
}

#[test]
fn a_machine_is_renamed_where_it_stands() {
    let mut window = Window::open_on(&MACHINES);
    window.click_machine("Beta", Modifiers::NONE);
    window.press(Key::F2);
    window.harness.step();
    window.enter("New name", "Bravo");
    window.harness.step();
    assert!(window.shows_machine("Bravo") && window.on_disk("beta/machine.ron").contains("Bravo"));
    // Escape leaves the name as it was.
    window.press(Key::F2);
    window.harness.step();
    window.harness.get_by_label("New name").type_text("X");
    window.harness.step();
    window.press(Key::Escape);
    assert!(window.shows_machine("Bravo"));
}

#[test]
fn search_looks_at_names_years_and_tags_in_both_views() {
    let mut window = Window::open_on(&MACHINES);
    for view in ["Show as a list", "Show as cards"] {
        window.click(view);
        for (search, shown) in
            [("gam", &["Alpha", "Beta", "Gamma"][..]), ("1983 old", &["Beta"]), ("alp", &["Alpha"])]
        {
            window.enter("Search name, year, tag", search);
            window.harness.step();
            for (name, _) in MACHINES {
                assert_eq!(window.shows_machine(name), shown.contains(&name), "{search}: {name}");
            }
        }
        window.enter("Search name, year, tag", "nothing like it");
        window.harness.step();
        window.click("Show all machines");
        assert!(window.shows_machine("Gamma"));
    }
}

#[test]
fn the_space_bar_looks_closer() {
    let mut window = Window::open_on(&MACHINES);
    window.click_machine("Beta", Modifiers::NONE);
    window.press(Key::Space);
    window.harness.step();
    assert!(window.has("Close"));
    window.press(Key::Space);
    window.harness.step();
    assert!(!window.has("Close"));
}

#[test]
fn a_fact_leads_to_its_page_of_the_settings() {
    let mut window = Window::open_on(&MACHINES);
    window.click_machine("Alpha", Modifiers::NONE);
    window.click("Memory: 640 KB");
    assert!(window.has("Settings of Alpha") && window.has("640 KB is the usual choice for the PC XT."));
}

#[test]
fn a_machine_from_elsewhere_is_imported_and_a_foreign_one_named() {
    let mut window = Window::open_on(&MACHINES);
    let elsewhere = window.home.path().join("elsewhere");
    let profile = Profile { name: "Traveller".to_owned(), ..(xt::KIND.profile)() };
    Library::new(elsewhere.clone()).create(&profile).unwrap();
    let foreign = window.home.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("86box.cfg"), "").unwrap();

    window.click("Import…");
    window.enter("Folder or file", &elsewhere.join("traveller").to_string_lossy());
    window.click("Choose");
    window.wait("the machine", |harness| {
        harness.query_by(|node| node.label().is_some_and(|label| label.starts_with("Traveller, "))).is_some()
    });
    assert!(elsewhere.join("traveller/machine.ron").is_file(), "the original stays");

    let library = Library::new(window.home.path().join("home"));
    assert!(library.import(&foreign).unwrap_err().to_string().contains("86Box"));
}
