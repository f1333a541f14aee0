//! What a picture can be shown on.

use super::*;
use egui_kittest::kittest::NodeT;
use machines::profile::CardProfile;

/// Whether the menu offers composite colour for a machine with this display card.
fn offers_composite(card: &str) -> bool {
    let home = tempfile::tempdir().unwrap();
    let mut profile = (xt::KIND.profile)();
    profile.cards.retain(|card| card.device != "cga");
    profile.cards.push(CardProfile { device: card.to_owned(), options: [].into() });
    Library::new(home.path().join("home")).create(&profile).unwrap();
    let mut window = Window::open_in(home);
    window.click("Start");
    window.wait("a picture", |harness| {
        harness.state().machine().is_some_and(|machine| machine.screen.frame().is_some())
    });
    window.click("View");
    window.wait_for_label("Show as composite colour");
    !window.harness.get_by_label("Show as composite colour").accesskit_node().is_disabled()
}

#[test]
fn composite_colour_needs_a_card_with_such_a_signal() {
    for (card, has_signal) in [("cga", true), ("mda", false), ("hercules", false)] {
        assert_eq!(offers_composite(card), has_signal, "{card}");
    }
}

#[test]
fn full_screen_shows_the_tools_when_the_pointer_touches_the_top() {
    let mut window = Window::open();
    window.click("Start");
    window.wait_for_label("Reset");
    window.fill_screen();
    for (y, has_tools) in [(300.0, false), (0.0, true), (20.0, true), (300.0, false)] {
        window.harness.hover_at(egui::pos2(400.0, y));
        window.harness.run_steps(3);
        assert_eq!(window.has("Reset"), has_tools, "at {y}");
        assert_eq!(window.has("Leave full screen"), has_tools, "at {y}");
        assert!(!window.has("Library"));
    }
}
