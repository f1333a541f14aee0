//! The commands: one enum gives label, tooltip, icon and shortcut, and feeds menus, toolbar, palette and keyboard.

use egui::{Button, Context, Key, KeyboardShortcut, Modifiers, Response, Ui, WidgetInfo};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;
use emu_core::machine::protocol::Speed;
use std::num::NonZeroU16;

/// Something a user can do. [`App`](super::App) carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    ShowPalette,
    NewMachine,
    ImportMachine,
    StartDemo,
    StartMachine,
    PreviewMachine,
    ShowSettings,
    RenameMachine,
    EditTags,
    DeleteMachine,
    SelectAll,
    PauseOrRun,
    Reset,
    PowerOff,
    Suspend,
    CopyText,
    FindText,
    PasteAsKeys,
    SendCtrlAltDel,
    ToggleSpeed,
    SetSpeed(Speed),
    UseStrictEngine,
    UseThreadedEngine,
    ToggleSound,
    TakeScreenshot,
    ScaleWhole,
    ScaleTrue,
    ScaleToFill,
    ShowSharp,
    ShowTube,
    ShowComposite,
    ShowGreen,
    ShowAmber,
    ToggleDebugger,
    StepInto,
    StepOver,
    StepOut,
    RunToCursor,
    ToggleBreakpoint,
    ToggleFullScreen,
    ToggleOwnWindow,
    UseOwnWindows,
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

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn key(modifiers: Modifiers, key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(modifiers, key))
}

/// The speeds that can be chosen while a guest runs.
pub const SPEEDS: [Speed; 6] =
    [Speed::Real, percent(25), percent(50), percent(200), percent(400), Speed::Unlimited];

const fn percent(percent: u16) -> Speed {
    match NonZeroU16::new(percent) {
        Some(percent) => Speed::Percent(percent),
        None => Speed::Real,
    }
}

/// A row of the table.
type Row = (Command, MaterialIcon, Option<KeyboardShortcut>, &'static str, &'static str);

/// All commands, in the palette's order: icon, shortcut, label, tooltip.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Command::ShowPalette, icons::ICON_SEARCH, key(CTRL_SHIFT, Key::P), "Find a command",
        "Lists every command and runs the one you pick."),
    (Command::NewMachine, icons::ICON_ADD, key(CTRL, Key::N), "New machine",
        "Puts a new machine together."),
    (Command::ImportMachine, icons::ICON_DOWNLOAD, None, "Import…",
        "Takes a copy of a machine's folder from elsewhere into the library."),
    (Command::StartDemo, icons::ICON_LIGHTBULB, None, "Start the demo",
        "Makes a PC XT with the demo disk in its drive, and starts it."),
    (Command::StartMachine, icons::ICON_PLAY_ARROW, None, "Start",
        "Switches the chosen machine on, or goes on where it was suspended."),
    (Command::PreviewMachine, icons::ICON_VISIBILITY, None, "Look closer",
        "Shows the chosen machine's picture large; the space bar does the same."),
    (Command::ShowSettings, icons::ICON_TUNE, key(CTRL, Key::Comma), "Settings",
        "Shows and changes what the machine is made of."),
    (Command::RenameMachine, icons::ICON_EDIT, key(Modifiers::NONE, Key::F2), "Rename",
        "Changes the chosen machine's name where it stands."),
    (Command::EditTags, icons::ICON_SELL, key(CTRL, Key::T), "Tags",
        "Gives the chosen machines words to find them by, or takes them away."),
    (Command::DeleteMachine, icons::ICON_DELETE, key(Modifiers::NONE, Key::Delete), "Delete",
        "Moves the chosen machines to the trash; this can be undone."),
    (Command::SelectAll, icons::ICON_SELECT_ALL, key(CTRL, Key::A), "Choose all",
        "Chooses every machine that the library shows."),
    (Command::PauseOrRun, icons::ICON_PAUSE, key(Modifiers::NONE, Key::F5), "Pause or run",
        "Stops the machine where it is, or lets it go on."),
    (Command::Reset, icons::ICON_RESTART_ALT, None, "Reset",
        "Presses the machine's reset button; what was not saved in it is lost."),
    (Command::PowerOff, icons::ICON_POWER_SETTINGS_NEW, None, "Power off",
        "Cuts the machine's power; what was not saved in it is lost."),
    (Command::Suspend, icons::ICON_BEDTIME, None, "Suspend",
        "Writes the machine's state down and closes it; the next start goes on from there."),
    (Command::CopyText, icons::ICON_CONTENT_COPY, key(CTRL_SHIFT, Key::C), "Copy the screen's text",
        "Copies what is selected, or all text on the screen; Shift and the mouse select."),
    (Command::FindText, icons::ICON_FIND_IN_PAGE, key(CTRL_SHIFT, Key::F), "Find on the screen",
        "Marks a text wherever it stands on the machine's screen."),
    (Command::PasteAsKeys, icons::ICON_CONTENT_PASTE, key(CTRL_SHIFT, Key::V), "Paste as keys",
        "Types the clipboard's text on the machine's keyboard."),
    (Command::SendCtrlAltDel, icons::ICON_KEYBOARD, None, "Send Ctrl+Alt+Del",
        "Presses these three keys on the machine's keyboard."),
    (Command::ToggleSpeed, icons::ICON_SPEED, None, "Switch full speed",
        "Lets the machine run as fast as this computer can, or at its own speed again."),
    (Command::SetSpeed(SPEEDS[0]), icons::ICON_SPEED, None, "Run at its own speed",
        "Holds the guest to its own clock."),
    (Command::SetSpeed(SPEEDS[1]), icons::ICON_SPEED, None, "Run at a quarter of its speed",
        "Four seconds pass here while one passes for the guest."),
    (Command::SetSpeed(SPEEDS[2]), icons::ICON_SPEED, None, "Run at half its speed",
        "Two seconds pass here while one passes for the guest."),
    (Command::SetSpeed(SPEEDS[3]), icons::ICON_SPEED, None, "Run at twice its speed",
        "Two seconds pass for the guest while one passes here, if this computer is fast enough."),
    (Command::SetSpeed(SPEEDS[4]), icons::ICON_SPEED, None, "Run at four times its speed",
        "Four seconds pass for the guest while one passes here, if this computer is fast enough."),
    (Command::SetSpeed(SPEEDS[5]), icons::ICON_SPEED, None, "Run at full speed",
        "Lets the guest run as fast as this computer can."),
    (Command::UseStrictEngine, icons::ICON_MEMORY, None, "Use the strict engine",
        "Goes on one instruction at a time with every check: the reference."),
    (Command::UseThreadedEngine, icons::ICON_MEMORY, None, "Use the threaded engine",
        "Goes on with instructions that were decoded before: several times quicker."),
    (Command::ToggleSound, icons::ICON_VOLUME_UP, None, "Switch the sound",
        "Lets this computer be silent or play what the machine plays; the guest notices nothing."),
    (Command::TakeScreenshot, icons::ICON_PHOTO_CAMERA, None, "Take a screenshot",
        "Saves the machine's picture as a PNG file."),
    (Command::ScaleWhole, icons::ICON_GRID_VIEW, None, "Scale by whole steps",
        "Shows each dot as a block of whole pixels."),
    (Command::ScaleTrue, icons::ICON_ASPECT_RATIO, None, "Scale true to the tube",
        "Shows the picture as large as fits, in its tube's proportions."),
    (Command::ScaleToFill, icons::ICON_FIT_SCREEN, None, "Scale to fill",
        "Stretches the picture over the whole area."),
    (Command::ShowSharp, icons::ICON_MONITOR, None, "Show sharp dots",
        "Draws the dots plainly, without a tube's marks."),
    (Command::ShowTube, icons::ICON_TV, None, "Show as on a colour tube",
        "Draws the lines and stripes of a colour monitor."),
    (Command::ShowComposite, icons::ICON_SETTINGS_INPUT_COMPOSITE, None, "Show as composite colour",
        "Draws a colour card's picture as a composite monitor or a television set does."),
    (Command::ShowGreen, icons::ICON_CIRCLE, None, "Show in green",
        "Draws the picture as on a green monochrome monitor."),
    (Command::ShowAmber, icons::ICON_CIRCLE, None, "Show in amber",
        "Draws the picture as on an amber monochrome monitor."),
    (Command::ToggleDebugger, icons::ICON_BUG_REPORT, key(Modifiers::NONE, Key::F12), "Switch the debugger",
        "Shows or hides the debugger's panes around the screen."),
    (Command::StepInto, icons::ICON_STEP_INTO, key(Modifiers::NONE, Key::F11), "Step into",
        "Runs one instruction."),
    (Command::StepOver, icons::ICON_STEP_OVER, key(Modifiers::NONE, Key::F10), "Step over",
        "Runs one instruction, a call or interrupt as a whole."),
    (Command::StepOut, icons::ICON_STEP_OUT, key(Modifiers::SHIFT, Key::F11), "Step out",
        "Runs until this procedure has returned."),
    (Command::RunToCursor, icons::ICON_LINE_START_CIRCLE, key(CTRL, Key::F10), "Run to the chosen line",
        "Runs until the line that is chosen in the disassembly."),
    (Command::ToggleBreakpoint, icons::ICON_STOP_CIRCLE, key(Modifiers::NONE, Key::F9), "Switch a breakpoint",
        "Sets a breakpoint at the chosen line, or takes it away."),
    (Command::ToggleFullScreen, icons::ICON_FULLSCREEN, key(Modifiers::ALT, Key::Enter), "Switch full screen",
        "Lets the window fill the screen, or gives it its frame back."),
    (Command::ToggleOwnWindow, icons::ICON_OPEN_IN_NEW, None, "Switch the window of its own",
        "Shows the machine in a window of its own, or as a page of the library's window again."),
    (Command::UseOwnWindows, icons::ICON_DESKTOP_WINDOWS, None, "Open machines in their own windows",
        "Gives each machine that is started from the library a window of its own, or none."),
    (Command::FollowSystemTheme, icons::ICON_CONTRAST, None, "Follow the system's theme",
        "Light or dark, as the rest of the desktop."),
    (Command::UseLightTheme, icons::ICON_LIGHT_MODE, None, "Use the light theme",
        "Dark text on a light ground."),
    (Command::UseDarkTheme, icons::ICON_DARK_MODE, None, "Use the dark theme",
        "Light text on a dark ground."),
    (Command::Quit, icons::ICON_CLOSE, key(CTRL, Key::Q), "Quit",
        "Suspends the running machines and closes Anachron."),
];

impl Command {
    /// All commands, in the palette's order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    pub fn describe(self) -> Description {
        let row = TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0]);
        let &(_, icon, shortcut, label, tooltip) = row;
        Description { label, tooltip, icon, shortcut }
    }

    /// Whether the window takes the shortcut even while the keyboard is the guest's. No PC of the guests' time had
    /// these keys, or used them so.
    fn works_over_guest(self) -> bool {
        matches!(
            self,
            Self::ToggleFullScreen
                | Self::ToggleDebugger
                | Self::ShowPalette
                | Self::CopyText
                | Self::FindText
                | Self::PasteAsKeys
        )
    }

    /// Whether it is about the machines that are chosen in the library.
    pub fn is_for_chosen(self) -> bool {
        matches!(
            self,
            Self::StartMachine
                | Self::PreviewMachine
                | Self::ShowSettings
                | Self::RenameMachine
                | Self::EditTags
                | Self::DeleteMachine
                | Self::SelectAll
        )
    }

    /// Whether a text field that is being typed into has the shortcut for itself.
    fn yields_to_text(self) -> bool {
        matches!(self, Self::DeleteMachine | Self::SelectAll | Self::RenameMachine)
    }

    /// A button with icon, label and shortcut, for menus and lists. Disabled, with the reason, where there is one.
    pub fn button(self, ui: &mut Ui, why_not: Option<&str>) -> Response {
        let Description { label, tooltip, icon, shortcut } = self.describe();
        let mut button = Button::new((icon.rich_text(), label)).frame_when_inactive(false);
        if let Some(shortcut) = shortcut {
            button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
        }
        let response = ui.add_enabled(why_not.is_none(), button);
        finish(response, label, tooltip, why_not)
    }

    /// A menu's entry for one of several choices, marked where it is the one taken.
    pub fn choice(self, ui: &mut Ui, is_on: bool, why_not: Option<&str>) -> Response {
        let Description { label, tooltip, icon, .. } = self.describe();
        let mark = if is_on { icons::ICON_CHECK.rich_text() } else { icon.rich_text() };
        let response = ui.add_enabled(why_not.is_none(), Button::selectable(is_on, (mark, label)));
        named_choice(&response, is_on, label);
        response.on_disabled_hover_text(why_not.unwrap_or_default()).on_hover_text(tooltip)
    }

    /// A button with icon and a short label, for toolbars.
    pub fn tool_button(self, ui: &mut Ui, why_not: Option<&str>) -> Response {
        let Description { label, icon, .. } = self.describe();
        self.tool_button_as(ui, icon, label, why_not)
    }

    /// The same with another face, for a command that goes two ways.
    pub fn tool_button_as(
        self,
        ui: &mut Ui,
        icon: MaterialIcon,
        face: &str,
        why_not: Option<&str>,
    ) -> Response {
        let Description { tooltip, shortcut, .. } = self.describe();
        let response = ui.add_enabled(why_not.is_none(), Button::new((icon.rich_text(), face)));
        match shortcut {
            Some(shortcut) => {
                let tooltip = format!("{tooltip} ({})", ui.ctx().format_shortcut(&shortcut));
                finish(response, face, &tooltip, why_not)
            }
            None => finish(response, face, tooltip, why_not),
        }
    }
}

fn finish(response: Response, name: &str, tooltip: &str, why_not: Option<&str>) -> Response {
    named(&response, name);
    match why_not {
        Some(reason) => response.on_disabled_hover_text(reason),
        None => response.on_hover_text(tooltip),
    }
}

/// A button that unfolds a menu, and looks like it.
pub fn menu(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui)) {
    let menu = ui.menu_button((name, icons::ICON_ARROW_DROP_DOWN.rich_text()), contents);
    named(&menu.response, name);
}

/// Gives a button whose face holds an icon its plain name, for screen readers and tests.
pub fn named(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, response.enabled(), name));
}

/// The same for one of several choices, of which one is taken.
pub fn named_choice(response: &Response, is_chosen: bool, name: &str) {
    let info = || WidgetInfo::selected(egui::Role::Button, response.enabled(), is_chosen, name);
    response.widget_info(info);
}

/// The commands whose shortcuts were just pressed. A shortcut with more modifiers is looked for first, as egui lets
/// one with fewer match too. While the keyboard is the guest's, only a few are looked for; under a dialog, none.
pub fn pressed(ctx: &Context, guest_has_keys: bool) -> Vec<Command> {
    if ctx.memory(|memory| memory.top_modal_layer().is_some()) {
        return Vec::new();
    }
    let is_typing = ctx.text_edit_focused();
    let mut candidates: Vec<(Command, KeyboardShortcut)> = Command::all()
        .filter(|command| !guest_has_keys || command.works_over_guest())
        .filter(|command| !is_typing || !command.yields_to_text())
        .filter_map(|command| Some((command, command.describe().shortcut?)))
        .collect();
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
        let (mut labels, mut commands) = (HashSet::new(), HashSet::new());
        for command in Command::all() {
            assert!(commands.insert(command), "{command:?} stands twice in the table");
            let Description { label, tooltip, .. } = command.describe();
            assert!(labels.insert(label), "two commands are called {label:?}");
            assert!(label.starts_with(char::is_uppercase) && !label.ends_with('.'), "{label:?}");
            assert!(tooltip.ends_with('.') && !tooltip.contains('!'), "{tooltip:?}");
        }
    }

    #[test]
    fn no_shortcut_is_taken_twice() {
        let mut taken = HashSet::new();
        for shortcut in Command::all().filter_map(|command| command.describe().shortcut) {
            assert!(taken.insert(shortcut), "{shortcut:?} is taken twice");
        }
    }
}
