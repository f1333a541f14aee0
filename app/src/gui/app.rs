//! The window's contents and state, apart from how the window came to be.

use super::command_palette::CommandPalette;
use super::commands::{self, Command};
use super::{library, theme};
use egui::{CentralPanel, Context, MenuBar, Panel, ThemePreference, Ui, ViewportCommand};
use egui_material_icons::icons::ICON_SETTINGS;

/// The library's window.
#[derive(Debug, Default)]
pub struct App {
    palette: CommandPalette,
}

impl App {
    pub fn new(cx: &eframe::CreationContext<'_>) -> Self {
        theme::install(&cx.egui_ctx);
        Self::default()
    }

    fn tool_bar(ui: &mut Ui) -> Option<Command> {
        let mut chosen = None;
        MenuBar::new().ui(ui, |ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let menu = ui.menu_button(ICON_SETTINGS.rich_text(), |ui| chosen = settings_menu(ui));
                commands::named(&menu.response.on_hover_text("Settings"), "Settings");
            });
        });
        chosen
    }

    fn carry_out(&mut self, command: Command, ctx: &Context) {
        match command {
            Command::ShowPalette => self.palette.open(),
            Command::ToggleFullScreen => toggle_full_screen(ctx),
            Command::FollowSystemTheme => ctx.set_theme(ThemePreference::System),
            Command::UseLightTheme => ctx.set_theme(ThemePreference::Light),
            Command::UseDarkTheme => ctx.set_theme(ThemePreference::Dark),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut chosen = commands::pressed(&ctx);
        chosen.extend(Panel::top("tools").show(ui, Self::tool_bar).inner);
        CentralPanel::default().show(ui, library::empty);
        chosen.extend(self.palette.show(&ctx));
        for command in chosen {
            self.carry_out(command, &ctx);
        }
    }
}

fn settings_menu(ui: &mut Ui) -> Option<Command> {
    let mut chosen = None;
    for command in Command::ALL {
        if command.button(ui).clicked() {
            chosen = Some(command);
            ui.close();
        }
    }
    chosen
}

fn toggle_full_screen(ctx: &Context) {
    let is_full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!is_full));
}
