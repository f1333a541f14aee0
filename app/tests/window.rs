//! Drives the library's window as a user would, with no display.
#![forbid(unsafe_code)]

use anachron::gui::App;
use egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

fn window() -> Harness<'static, App> {
    Harness::builder()
        .with_size(egui::vec2(640.0, 400.0))
        .with_theme(Theme::Dark)
        .wgpu()
        .build_eframe(|cx| App::new(cx))
}

#[test]
fn an_empty_library_says_so() {
    let mut window = window();
    window.run();
    window.get_by_label("No machines yet");
    window.snapshot("library_empty");
}

#[test]
fn the_theme_is_chosen_from_the_menu() {
    let mut window = window();
    window.get_by_label("Settings").click();
    window.run();
    window.get_by_label("Use the light theme").click();
    window.run();
    assert_eq!(window.ctx.theme(), Theme::Light);
}

#[test]
fn the_palette_runs_a_command_by_keyboard() {
    let mut window = window();
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    window.run();
    window.get_by_role(egui::Role::TextInput).type_text("light");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(window.ctx.theme(), Theme::Light);
    assert!(window.query_by_role(egui::Role::TextInput).is_none(), "the palette is still open");
}
