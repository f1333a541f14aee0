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
