//! The commands: one enum gives label, tooltip, icon and shortcut, and feeds menus, toolbar, palette and keyboard.

use egui::{Button, Context, Key, KeyboardShortcut, Modifiers, Response, Ui, WidgetInfo};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;

/// Something a user can do. [`App`](super::App) carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    ShowPalette,
    ToggleFullScreen,
    FollowSystemTheme,
    UseLightTheme,
    UseDarkTheme,
    Quit,
}

/// What a command looks like, wherever it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// A verb first, in sentence case.
    pub label: &'static str,
    /// One sentence on what will happen.
    pub tooltip: &'static str,
    pub icon: MaterialIcon,
    pub shortcut: Option<KeyboardShortcut>,
}

impl Command {
    /// All commands, in the palette's order.
    pub const ALL: [Self; 6] = [
        Self::ShowPalette,
        Self::ToggleFullScreen,
        Self::FollowSystemTheme,
        Self::UseLightTheme,
        Self::UseDarkTheme,
        Self::Quit,
    ];

    pub const fn describe(self) -> Description {
        match self {
            Self::ShowPalette => Description {
                label: "Find a command",
                tooltip: "Lists every command and runs the one you pick.",
                icon: icons::ICON_SEARCH,
                shortcut: Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P)),
            },
            Self::ToggleFullScreen => Description {
                label: "Switch full screen",
                tooltip: "Lets the window fill the screen, or gives it its frame back.",
                icon: icons::ICON_FULLSCREEN,
                shortcut: Some(KeyboardShortcut::new(Modifiers::ALT, Key::Enter)),
            },
            Self::FollowSystemTheme => Description {
                label: "Follow the system's theme",
                tooltip: "Light or dark, as the rest of the desktop.",
                icon: icons::ICON_CONTRAST,
                shortcut: None,
            },
            Self::UseLightTheme => Description {
                label: "Use the light theme",
                tooltip: "Dark text on a light ground.",
                icon: icons::ICON_LIGHT_MODE,
                shortcut: None,
            },
            Self::UseDarkTheme => Description {
                label: "Use the dark theme",
                tooltip: "Light text on a dark ground.",
                icon: icons::ICON_DARK_MODE,
                shortcut: None,
            },
            Self::Quit => Description {
                label: "Quit",
                tooltip: "Closes Anachron.",
                icon: icons::ICON_POWER_SETTINGS_NEW,
                shortcut: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::Q)),
            },
        }
    }

    /// A button with icon, label and shortcut, for menus and lists.
    pub fn button(self, ui: &mut Ui) -> Response {
        let Description { label, tooltip, icon, shortcut } = self.describe();
        let mut button = Button::new((icon.rich_text(), label)).frame_when_inactive(false);
        if let Some(shortcut) = shortcut {
            button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
        }
        let response = ui.add(button).on_hover_text(tooltip);
        named(&response, label);
        response
    }
}

/// Gives a button whose face holds an icon its plain name, for screen readers and tests.
pub fn named(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, response.enabled(), name));
}

/// The commands whose shortcuts were just pressed. A shortcut with more modifiers is looked for first, as egui lets
/// one with fewer match too.
pub fn pressed(ctx: &Context) -> Vec<Command> {
    let mut candidates: Vec<(Command, KeyboardShortcut)> =
        Command::ALL.iter().filter_map(|command| Some((*command, command.describe().shortcut?))).collect();
    candidates.sort_by_key(|(_, shortcut)| std::cmp::Reverse(modifier_count(shortcut.modifiers)));
    ctx.input_mut(|input| {
        candidates.retain(|(_, shortcut)| input.consume_shortcut(shortcut));
    });
    candidates.into_iter().map(|(command, _)| command).collect()
}

fn modifier_count(modifiers: Modifiers) -> usize {
    [modifiers.alt, modifiers.shift, modifiers.command || modifiers.ctrl].iter().filter(|held| **held).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn commands_are_worded_alike_and_told_apart() {
        let mut labels = HashSet::new();
        for command in Command::ALL {
            let Description { label, tooltip, .. } = command.describe();
            assert!(labels.insert(label), "two commands are called {label:?}");
            assert!(label.starts_with(char::is_uppercase) && !label.ends_with('.'), "{label:?}");
            assert!(tooltip.ends_with('.') && !tooltip.contains('!'), "{tooltip:?}");
        }
    }

    #[test]
    fn no_shortcut_is_taken_twice() {
        let mut taken = HashSet::new();
        for shortcut in Command::ALL.iter().filter_map(|command| command.describe().shortcut) {
            assert!(taken.insert(shortcut), "{shortcut:?} is taken twice");
        }
    }
}
