//! The window's contents and state, apart from how the window came to be.

mod actions;

use super::command_palette::CommandPalette;
use super::commands::{self, Command};
use super::debugger::Layout;
use super::host::{HostFacts, Paces};
use super::import::ImportDialog;
use super::library::{LibraryPage, LibraryRequest, Live, View};
use super::machine::full_screen;
use super::machine::screen::Scaling;
use super::machine::window::{MachineGuard, SharedMachine, WindowPlace};
use super::machine::{MachinePage, PageRequest, Repainter};
use super::recent::{RecentImages, SharedRecents};
use super::renderer;
use super::settings::{Page as SettingsPage, Settings};
use super::theme;
use super::toasts::Toasts;
use super::wishes::Wishes;
use super::wizard::Wizard;
use crate::library::{Library, MachineFolder};
use crate::pads::HostPads;
use crate::session::{Companion, SessionOptions};
use egui::{Context, MenuBar, Panel, ThemePreference, Ui, ViewportCommand, ViewportId};
use egui_material_icons::icons::ICON_SETTINGS;
use emu_core::hal::input::PadSource;
use machines::profile::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Under which name the window's choices are stored.
const STORED: &str = "window";

/// How often the pictures of machines in windows of their own are renewed on the cards.
const CARD_PERIOD: Duration = Duration::from_millis(250);

/// What the window remembers from one time to the next. Machines go by their folders' names.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    scaling: Scaling,
    view: View,
    /// Machines open as pages of the library's window, not in windows of their own.
    opens_pages: bool,
    layouts: BTreeMap<String, Layout>,
    places: BTreeMap<String, WindowPlace>,
    recent: RecentImages,
    /// How fast this computer has run machines.
    paces: Paces,
}

/// The window.
pub struct App {
    library: LibraryPage,
    machines: Vec<SharedMachine>,
    /// The machine whose page is shown in place of the library.
    shown: Option<SharedMachine>,
    /// The machine that the program was started for, if it was: the window closes when it ends.
    run: Option<SharedMachine>,
    palette: CommandPalette,
    toasts: Toasts,
    wizard: Option<Wizard>,
    settings: Option<Settings>,
    import: Option<ImportDialog>,
    /// Looked for when the first machine starts.
    pads: Option<Box<dyn PadSource>>,
    remembered: Remembered,
    host: HostFacts,
    recent: SharedRecents,
    wishes: Wishes,
}

impl App {
    /// The window on a library.
    pub fn new(cx: &eframe::CreationContext<'_>, library: Library) -> Self {
        theme::install(&cx.egui_ctx);
        renderer::install(&cx.egui_ctx, cx.wgpu_render_state.as_ref());
        let stored = cx.storage.and_then(|storage| eframe::get_value(storage, STORED));
        let remembered: Remembered = stored.unwrap_or_default();
        let host = HostFacts { paces: remembered.paces.clone(), ..HostFacts::default() };
        let mut page = LibraryPage::new(library, &cx.egui_ctx);
        page.view = remembered.view;
        Self {
            library: page,
            machines: Vec::new(),
            shown: None,
            run: None,
            palette: CommandPalette::default(),
            toasts: Toasts::default(),
            wizard: None,
            settings: None,
            import: None,
            pads: None,
            recent: SharedRecents::new(remembered.recent.clone()),
            remembered,
            host,
            wishes: Wishes::default(),
        }
    }

    /// Switches a machine on and shows it as a page.
    pub fn start(&mut self, profile: Profile, options: SessionOptions, ctx: &Context) {
        if let Err(error) = self.switch_on(profile, options, None, ctx) {
            self.toasts.complain(format!("{error:#}"));
        }
    }

    /// [`Self::start`] for a machine that the program is started for: the window closes when it ends.
    ///
    /// # Errors
    /// A sentence: why it cannot be built.
    pub fn run(
        &mut self,
        profile: Profile,
        options: SessionOptions,
        companion: Box<dyn Companion>,
        ctx: &Context,
    ) -> anyhow::Result<()> {
        self.run = Some(self.switch_on(profile, options, Some(companion), ctx)?);
        Ok(())
    }

    fn switch_on(
        &mut self,
        profile: Profile,
        options: SessionOptions,
        companion: Option<Box<dyn Companion>>,
        ctx: &Context,
    ) -> anyhow::Result<SharedMachine> {
        let repainter = Repainter::new(ctx);
        let (scaling, recent) = (self.remembered.scaling, self.recent.clone());
        let mut page = MachinePage::start(profile, options, companion, scaling, recent, &repainter)?;
        let name = page.machine_name().unwrap_or_default();
        if let Some(layout) = self.remembered.layouts.get(&name) {
            page.debugger.set_layout(layout.clone());
        }
        self.look_for_pads();
        let place = self.remembered.places.get(&name).copied();
        let machine = SharedMachine::new(page, repainter, place, self.wishes.clone());
        self.machines.push(machine.clone());
        self.shown = Some(machine.clone());
        Ok(machine)
    }

    fn look_for_pads(&mut self) {
        if self.pads.is_none() {
            self.pads = HostPads::open().map(|pads| Box::new(pads) as Box<dyn PadSource>);
        }
        let has_pads = self.pads.as_mut().is_some_and(|pads| !pads.pads().is_empty());
        self.wishes.set_has_pads(has_pads);
    }

    /// The machine whose page is shown.
    pub fn machine(&self) -> Option<MachineGuard<'_>> {
        self.shown.as_ref().map(SharedMachine::page)
    }

    /// All machines that are switched on.
    pub fn machines(&self) -> impl Iterator<Item = MachineGuard<'_>> {
        self.machines.iter().map(SharedMachine::page)
    }

    fn find_machine(&self, folder: Option<&MachineFolder>) -> Option<SharedMachine> {
        self.machines.iter().find(|machine| machine.page().folder() == folder).cloned()
    }

    /// Shows a machine if it is switched on. Gives whether it is.
    fn show_machine(&mut self, folder: &MachineFolder, ctx: &Context) -> bool {
        let Some(machine) = self.find_machine(Some(folder)) else { return false };
        match machine.own_window() {
            Some(window) => ctx.send_viewport_cmd_to(window, ViewportCommand::Focus),
            None => self.show_page(machine),
        }
        true
    }

    fn show_page(&mut self, machine: SharedMachine) {
        machine.page().screen.take_focus();
        self.shown = Some(machine);
    }

    /// Why a command cannot be carried out now, if it cannot.
    fn why_not(&self, command: Command, ctx: &Context) -> Option<&'static str> {
        use Command as C;
        match command {
            C::ShowPalette
            | C::NewMachine
            | C::ImportMachine
            | C::StartDemo
            | C::ToggleFullScreen
            | C::FollowSystemTheme
            | C::UseLightTheme
            | C::UseDarkTheme
            | C::Quit => None,
            C::ToggleOwnWindow | C::UseOwnWindows if ctx.embed_viewports() => {
                Some("This system shows one window only.")
            }
            C::UseOwnWindows => None,
            _ if command.is_for_chosen() => self.why_not_chosen(command),
            _ => match self.machine() {
                Some(page) => page.why_not(command),
                None => Some("Show a running machine first."),
            },
        }
    }

    fn why_not_chosen(&self, command: Command) -> Option<&'static str> {
        if self.shown.is_some() {
            let is_kept = self.machine().is_some_and(|page| page.folder().is_some());
            return match command {
                Command::ShowSettings if is_kept => None,
                Command::ShowSettings => Some("This machine is not kept, and has no settings."),
                _ => Some("Show the library first."),
            };
        }
        let chosen = self.library.chosen();
        let is_live = chosen.iter().any(|entry| self.find_machine(Some(&entry.folder)).is_some());
        match command {
            Command::SelectAll => None,
            _ if chosen.is_empty() => Some("Choose a machine in the library first."),
            Command::DeleteMachine if is_live => Some("Power the machine off or suspend it first."),
            _ => None,
        }
    }

    fn carry_out(&mut self, command: Command, ctx: &Context) {
        if self.why_not(command, ctx).is_some() {
            return;
        }
        if let Some(machine) = self.shown.clone()
            && machine.page().carry_out(command, ctx)
        {
            self.remembered.scaling = machine.page().screen.options.scaling;
            return;
        }
        match command {
            Command::ShowPalette => self.palette.open(),
            Command::NewMachine => self.wizard = Some(Wizard::new()),
            Command::ImportMachine => self.begin_import(),
            Command::StartDemo => self.start_demo(ctx),
            Command::StartMachine => self.start_chosen(ctx),
            Command::PreviewMachine => self.library.toggle_preview(),
            Command::ShowSettings => self.show_settings(SettingsPage::General),
            Command::RenameMachine => self.library.begin_renaming(),
            Command::EditTags => self.library.begin_tagging(),
            Command::DeleteMachine => self.trash_chosen(ctx),
            Command::SelectAll => self.library.select_all(),
            Command::ToggleFullScreen => full_screen::toggle(ctx, &mut self.toasts),
            Command::ToggleOwnWindow => self.move_to_own_window(),
            Command::UseOwnWindows => self.remembered.opens_pages = !self.remembered.opens_pages,
            Command::FollowSystemTheme => ctx.set_theme(ThemePreference::System),
            Command::UseLightTheme => ctx.set_theme(ThemePreference::Light),
            Command::UseDarkTheme => ctx.set_theme(ThemePreference::Dark),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            _ => {}
        }
    }

    fn move_to_own_window(&mut self) {
        if let Some(machine) = self.shown.take() {
            machine.set_own_window(true);
        }
    }

    /// Does what machines' own windows have asked for.
    fn grant_wishes(&mut self, ctx: &Context) {
        for (from, command) in self.wishes.take() {
            let machine = self.find_machine(from.as_ref());
            match (command, machine) {
                (Command::ToggleOwnWindow, Some(machine)) => {
                    machine.set_own_window(false);
                    self.show_page(machine);
                }
                (Command::ShowSettings, _) => {
                    if let Some(folder) = from {
                        self.show_settings_of(folder, SettingsPage::General);
                    }
                }
                _ => self.carry_out(command, ctx),
            }
            ctx.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Focus);
        }
    }

    /// Moves of the pads go to the machine that the user works with.
    fn poll_pads(&mut self) {
        let Some(pads) = &mut self.pads else { return };
        if self.settings.is_some() {
            self.host.pads = pads.pads().into_iter().map(|(_, name)| name).collect();
        }
        let changes = pads.poll();
        let focused = || self.find_machine(self.wishes.focused().as_ref());
        if let Some(machine) = self.shown.clone().or_else(focused) {
            machine.page().move_pads(changes);
        }
    }

    /// Takes in what all machines have told; those that have ended go.
    fn poll_machines(&mut self, ctx: &Context) {
        for machine in &self.machines {
            let mut page = machine.page();
            page.poll(ctx);
            let pace = page.take_pace();
            if pace > 0 {
                self.host.paces.note(&page.running_cpu(), pace);
                page.paces.clone_from(&self.host.paces);
            }
            drop(page);
            for (is_error, text) in machine.take_messages() {
                if is_error { self.toasts.complain(text) } else { self.toasts.say(text) }
            }
        }
        self.remember_machines();
        let count = self.machines.len();
        self.machines.retain(|machine| !machine.page().has_ended());
        if self.machines.len() != count {
            self.shown.take_if(|machine| machine.page().has_ended());
            self.library.refresh(ctx);
        }
        if self.machines.iter().any(|machine| machine.own_window().is_some()) {
            ctx.request_repaint_after(CARD_PERIOD);
        }
    }

    /// Remembers how the windows of machines look that have ended.
    fn remember_machines(&mut self) {
        for machine in self.machines.iter().filter(|machine| machine.page().has_ended()) {
            self.remembered.remember(machine);
        }
    }

    fn tool_bar(&mut self, ui: &mut Ui) -> Vec<Command> {
        let mut chosen = Vec::new();
        MenuBar::new().ui(ui, |ui| {
            self.tabs(ui);
            if self.shown.is_none() {
                for command in [Command::NewMachine, Command::ImportMachine] {
                    if command.tool_button(ui, None).clicked() {
                        chosen.push(command);
                    }
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let menu = ui.menu_button(ICON_SETTINGS.rich_text(), |ui| {
                    chosen.extend(self.window_menu(ui));
                });
                commands::named(&menu.response.on_hover_text("Window"), "Window");
            });
        });
        chosen
    }

    /// The library and the machines that are pages of this window.
    fn tabs(&mut self, ui: &mut Ui) {
        let pages: Vec<_> =
            self.machines.iter().filter(|machine| machine.own_window().is_none()).cloned().collect();
        if pages.is_empty() {
            return;
        }
        if ui.selectable_label(self.shown.is_none(), "Library").clicked() {
            self.shown = None;
        }
        for machine in pages {
            let text = {
                let page = machine.page();
                format!("{}  {}", page.profile.name, page.standing().text())
            };
            if ui.selectable_label(self.shown.as_ref() == Some(&machine), text).clicked() {
                self.show_page(machine);
            }
        }
        ui.separator();
    }

    fn page_ui(&mut self, ui: &mut Ui) -> Vec<LibraryRequest> {
        if let Some(machine) = self.shown.clone() {
            let requests = machine.page().ui(ui).into_iter();
            return requests.map(|PageRequest::Command(command)| LibraryRequest::Command(command)).collect();
        }
        let live = self.machines().filter_map(|page| {
            Some(Live {
                folder: page.folder()?.clone(),
                standing: page.standing(),
                picture: page.screen.picture(),
            })
        });
        let live: Vec<_> = live.collect();
        self.library.ui(ui, &live)
    }

    /// A file dropped on a machine's page goes into a drive, a machine's folder on the library into that.
    fn take_dropped(&mut self, ctx: &Context) {
        let Some((path, at)) = dropped_file(ctx) else { return };
        match &self.shown {
            Some(machine) => machine.page().take_dropped(path, at),
            None if path.is_dir() || path.file_name().is_some_and(|name| name == "machine.ron") => {
                self.import = Some(ImportDialog::of(&path, &self.library.library, ctx));
            }
            None => self.toasts.say("Show a running machine first, then drop the image on it"),
        }
    }

    /// The commands that are about the window.
    fn window_menu(&self, ui: &mut Ui) -> Option<Command> {
        let theme = ui.ctx().options(|options| options.theme_preference);
        let groups: [&[(Command, Option<bool>)]; 3] = [
            &[
                (Command::ShowPalette, None),
                (Command::ToggleFullScreen, None),
                (Command::UseOwnWindows, Some(!self.remembered.opens_pages)),
            ],
            &[
                (Command::FollowSystemTheme, Some(theme == ThemePreference::System)),
                (Command::UseLightTheme, Some(theme == ThemePreference::Light)),
                (Command::UseDarkTheme, Some(theme == ThemePreference::Dark)),
            ],
            &[(Command::Quit, None)],
        ];
        let mut chosen = None;
        for (place, group) in groups.iter().enumerate() {
            if place > 0 {
                ui.separator();
            }
            for &(command, is_on) in *group {
                let why_not = self.why_not(command, ui.ctx());
                let response = match is_on {
                    Some(is_on) => command.choice(ui, is_on, why_not),
                    None => command.button(ui, why_not),
                };
                if response.clicked() {
                    chosen = Some(command);
                    ui.close();
                }
            }
        }
        chosen
    }
}

impl Remembered {
    fn remember(&mut self, machine: &SharedMachine) {
        let place = machine.place();
        let page = machine.page();
        let name = page.machine_name().unwrap_or_default();
        if let Some(layout) = page.debugger.layout() {
            self.layouts.insert(name.clone(), layout.clone());
        }
        self.places.insert(name, place);
    }
}

impl eframe::App for App {
    /// A hidden window is not drawn, and closes with its run all the same.
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        if let Some(run) = &self.run {
            run.page().poll(ctx);
        }
        if self.run.take_if(|machine| machine.page().has_ended()).is_some() {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.poll_machines(&ctx);
        self.poll_pads();
        self.grant_wishes(&ctx);
        self.take_dropped(&ctx);
        let guest_has_keys = self.machine().is_some_and(|page| page.screen.has_focus());
        let mut chosen = commands::pressed(&ctx, guest_has_keys);
        let page_fills_screen = self.machine().is_some_and(|page| page.fills_screen(&ctx));
        if !page_fills_screen {
            chosen.extend(Panel::top("tools").show(ui, |ui| self.tool_bar(ui)).inner);
        }
        for request in self.page_ui(ui) {
            self.grant(request, &ctx);
        }
        self.show_dialogs(&ctx);
        let mut palette = std::mem::take(&mut self.palette);
        chosen.extend(palette.show(&ctx, &|command| self.why_not(command, &ctx)));
        self.palette = palette;
        if let Some(undo) = self.toasts.show(&ctx) {
            self.undo(&undo, &ctx);
        }
        for command in chosen {
            self.carry_out(command, &ctx);
        }
        for machine in &self.machines {
            machine.keep_open(&ctx);
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        for machine in &self.machines {
            self.remembered.remember(machine);
        }
        self.remembered.view = self.library.view;
        self.remembered.paces.clone_from(&self.host.paces);
        self.remembered.recent = self.recent.lock().clone();
        eframe::set_value(storage, STORED, &self.remembered);
    }

    /// Machines outlive the window as suspended ones, all at the same time.
    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        for machine in &self.machines {
            machine.page().begin_to_close();
        }
        for machine in &self.machines {
            machine.page().close();
        }
    }
}

/// A file that was just dropped on the window that is drawn, and where, if that is known.
pub(super) fn dropped_file(ctx: &Context) -> Option<(std::path::PathBuf, Option<egui::Pos2>)> {
    ctx.input(|input| {
        let file = input.raw.dropped_files.first()?;
        Some((file.path().to_path_buf(), input.pointer.latest_pos()))
    })
}
