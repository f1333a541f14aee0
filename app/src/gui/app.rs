//! The window's contents and state, apart from how the window came to be.

mod actions;

use super::command_palette::CommandPalette;
use super::commands::{self, Command};
use super::debugger::Layout;
use super::file_browser::{FileBrowser, Outcome};
use super::host::{HostFacts, Paces};
use super::import::ImportDialog;
use super::library::{LibraryPage, LibraryRequest, Live, View};
use super::machine::screen::Scaling;
use super::machine::{MachinePage, PageRequest};
use super::renderer;
use super::settings::{Page as SettingsPage, Settings};
use super::theme;
use super::toasts::Toasts;
use super::wizard::Wizard;
use crate::library::{Library, MachineFolder};
use crate::pads::HostPads;
use crate::session::{DrivePlace, SessionOptions};
use egui::{Context, MenuBar, Panel, ThemePreference, Ui, ViewportCommand};
use egui_material_icons::icons::ICON_SETTINGS;
use emu_core::hal::input::PadSource;
use machines::profile::Profile;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Under which name the window's choices are stored.
const STORED: &str = "window";

/// What the window remembers from one time to the next.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    scaling: Scaling,
    view: View,
    layout: Option<Layout>,
    /// Where an image was chosen last.
    images: Option<PathBuf>,
    /// How fast this computer has run machines.
    paces: Paces,
}

/// Which page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Library,
    /// By its place among the running machines.
    Machine(usize),
}

/// An image is being chosen for a drive of a machine.
struct Choosing {
    machine: usize,
    place: DrivePlace,
    browser: FileBrowser,
}

/// The window.
pub struct App {
    page: Page,
    library: LibraryPage,
    machines: Vec<MachinePage>,
    palette: CommandPalette,
    toasts: Toasts,
    choosing: Option<Choosing>,
    wizard: Option<Wizard>,
    settings: Option<Settings>,
    import: Option<ImportDialog>,
    /// Looked for when the first machine starts.
    pads: Option<Box<dyn PadSource>>,
    remembered: Remembered,
    host: HostFacts,
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
            page: Page::Library,
            library: page,
            machines: Vec::new(),
            palette: CommandPalette::default(),
            toasts: Toasts::default(),
            choosing: None,
            wizard: None,
            settings: None,
            import: None,
            pads: None,
            remembered,
            host,
        }
    }

    /// Switches a machine on and shows it.
    pub fn start(&mut self, profile: Profile, options: SessionOptions, ctx: &Context) {
        match MachinePage::start(profile, options, self.remembered.scaling, ctx) {
            Ok(mut page) => {
                if let Some(layout) = &self.remembered.layout {
                    page.debugger.set_layout(layout.clone());
                }
                if self.pads.is_none() {
                    self.pads = HostPads::open().map(|pads| Box::new(pads) as Box<dyn PadSource>);
                }
                self.machines.push(page);
                self.page = Page::Machine(self.machines.len() - 1);
            }
            Err(error) => self.toasts.complain(format!("{error:#}")),
        }
    }

    /// The page of the machine that is shown, for tests.
    pub fn machine(&self) -> Option<&MachinePage> {
        match self.page {
            Page::Library => None,
            Page::Machine(at) => self.machines.get(at),
        }
    }

    /// The pages of all machines that are switched on.
    pub fn machines(&self) -> &[MachinePage] {
        &self.machines
    }

    fn shown_machine(&mut self) -> Option<&mut MachinePage> {
        match self.page {
            Page::Library => None,
            Page::Machine(at) => self.machines.get_mut(at),
        }
    }

    /// Shows a machine if it is switched on. Gives whether it is.
    fn show_machine(&mut self, folder: &MachineFolder) -> bool {
        let at = self.machines.iter().position(|page| page.folder() == Some(folder));
        if let Some(at) = at {
            self.page = Page::Machine(at);
        }
        at.is_some()
    }

    fn show_library(&mut self) {
        self.page = Page::Library;
    }

    /// Why a command cannot be carried out now, if it cannot.
    fn why_not(&self, command: Command) -> Option<&'static str> {
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
            C::StartMachine
            | C::PreviewMachine
            | C::ShowSettings
            | C::RenameMachine
            | C::EditTags
            | C::DeleteMachine
            | C::SelectAll => self.why_not_chosen(command),
            _ if self.page == Page::Library => Some("Show a running machine first."),
            _ => None,
        }
    }

    fn why_not_chosen(&self, command: Command) -> Option<&'static str> {
        if self.page != Page::Library {
            let is_kept = self.machine().is_some_and(|page| page.folder().is_some());
            return match command {
                Command::ShowSettings if is_kept => None,
                Command::ShowSettings => Some("This machine is not kept, and has no settings."),
                _ => Some("Show the library first."),
            };
        }
        let chosen = self.library.chosen();
        let is_live = chosen.iter().any(|entry| self.is_live(&entry.folder));
        match command {
            Command::SelectAll => None,
            _ if chosen.is_empty() => Some("Choose a machine in the library first."),
            Command::DeleteMachine if is_live => Some("Power the machine off or suspend it first."),
            _ => None,
        }
    }

    fn is_live(&self, folder: &MachineFolder) -> bool {
        self.machines.iter().any(|page| page.folder() == Some(folder))
    }

    fn carry_out(&mut self, command: Command, ctx: &Context) {
        if self.why_not(command).is_some() {
            return;
        }
        if let Some(machine) = self.shown_machine()
            && machine.carry_out(command, ctx)
        {
            self.remembered.scaling = machine.screen.options.scaling;
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
            Command::ToggleFullScreen => toggle_full_screen(ctx),
            Command::FollowSystemTheme => ctx.set_theme(ThemePreference::System),
            Command::UseLightTheme => ctx.set_theme(ThemePreference::Light),
            Command::UseDarkTheme => ctx.set_theme(ThemePreference::Dark),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            _ => {}
        }
    }

    /// Moves of the pads go to the machine that is shown.
    fn poll_pads(&mut self) {
        let Some(pads) = &mut self.pads else { return };
        if self.settings.is_some() {
            self.host.pads = pads.pads().into_iter().map(|(_, name)| name).collect();
        }
        let changes = pads.poll();
        if let Some(machine) = self.shown_machine() {
            machine.move_pads(changes);
        }
    }

    /// Takes in what all machines have told; those that have ended go.
    fn poll_machines(&mut self, ctx: &Context) {
        let mut has_ended = false;
        for page in &mut self.machines {
            page.poll(ctx);
            let pace = page.take_pace();
            if pace > 0 {
                self.host.paces.note(&page.profile.cpu, pace);
                page.paces.clone_from(&self.host.paces);
            }
            for (is_error, text) in page.messages.drain(..) {
                if is_error { self.toasts.complain(text) } else { self.toasts.say(text) }
            }
            if page.has_ended() {
                has_ended = true;
                self.remembered.layout = page.debugger.layout().cloned().or(self.remembered.layout.take());
            }
        }
        if !has_ended {
            return;
        }
        let shown = self.machine().filter(|page| !page.has_ended()).and_then(MachinePage::folder).cloned();
        self.machines.retain(|page| !page.has_ended());
        let at =
            shown.and_then(|folder| self.machines.iter().position(|page| page.folder() == Some(&folder)));
        self.page = at.map_or(Page::Library, Page::Machine);
        self.choosing = None;
        self.library.refresh(ctx);
    }

    fn tool_bar(&mut self, ui: &mut Ui) -> Vec<Command> {
        let mut chosen = Vec::new();
        MenuBar::new().ui(ui, |ui| {
            self.tabs(ui);
            if self.page == Page::Library {
                for command in [Command::NewMachine, Command::ImportMachine] {
                    if command.tool_button(ui, None).clicked() {
                        chosen.push(command);
                    }
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let menu = ui.menu_button(ICON_SETTINGS.rich_text(), |ui| {
                    chosen.extend(window_menu(ui));
                });
                commands::named(&menu.response.on_hover_text("Window"), "Window");
            });
        });
        chosen
    }

    fn tabs(&mut self, ui: &mut Ui) {
        if ui.selectable_label(self.page == Page::Library, "Library").clicked() {
            self.page = Page::Library;
        }
        let mut shown = None;
        for (at, machine) in self.machines.iter().enumerate() {
            let text = format!("{}  {}", machine.profile.name, machine.standing().text());
            if ui.selectable_label(self.page == Page::Machine(at), text).clicked() {
                shown = Some(at);
            }
        }
        if let Some(at) = shown {
            self.page = Page::Machine(at);
            self.machines[at].screen.take_focus();
        }
        ui.separator();
    }

    fn page_ui(&mut self, ui: &mut Ui) -> Vec<LibraryRequest> {
        match self.page {
            Page::Library => {
                let live = self.machines.iter().filter_map(|page| {
                    Some(Live {
                        folder: page.folder()?.clone(),
                        standing: page.standing(),
                        picture: page.screen.picture(),
                    })
                });
                self.library.ui(ui, &live.collect::<Vec<_>>())
            }
            Page::Machine(at) => {
                let requests = self.machines.get_mut(at).map(|page| page.ui(ui)).unwrap_or_default();
                let mut chosen = Vec::new();
                for request in requests {
                    match request {
                        PageRequest::Command(command) => chosen.push(LibraryRequest::Command(command)),
                        PageRequest::ChooseImage(place) => self.choose_image(at, place),
                    }
                }
                chosen
            }
        }
    }

    fn choose_image(&mut self, machine: usize, place: DrivePlace) {
        let browser = FileBrowser::new("Insert a disk image", self.remembered.images.clone());
        self.choosing = Some(Choosing { machine, place, browser });
    }

    fn show_choosing(&mut self, ctx: &Context) {
        let Some(choosing) = &mut self.choosing else { return };
        match choosing.browser.show(ctx) {
            Outcome::Open => {}
            Outcome::Cancelled => self.choosing = None,
            Outcome::Chosen(path) => {
                self.remembered.images = path.parent().map(Path::to_path_buf);
                if let Some(Choosing { machine, place, .. }) = self.choosing.take()
                    && let Some(page) = self.machines.get_mut(machine)
                {
                    page.insert(Some(place), path);
                }
            }
        }
    }

    /// A file dropped on a machine's page goes into its first floppy drive.
    fn take_dropped(&mut self, ctx: &Context) {
        let dropped =
            ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_path_buf()));
        let Some(path) = dropped else { return };
        match self.shown_machine() {
            Some(page) => page.insert(None, path),
            None if path.is_dir() || path.file_name().is_some_and(|name| name == "machine.ron") => {
                self.import = Some(ImportDialog::of(&path, &self.library.library, ctx));
            }
            None => self.toasts.say("Show a running machine first, then drop the image on it"),
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.poll_machines(&ctx);
        self.poll_pads();
        self.take_dropped(&ctx);
        let guest_has_keys = self.machine().is_some_and(|page| page.screen.has_focus());
        let mut chosen = commands::pressed(&ctx, guest_has_keys);
        chosen.extend(Panel::top("tools").show(ui, |ui| self.tool_bar(ui)).inner);
        for request in self.page_ui(ui) {
            self.grant(request, &ctx);
        }
        self.show_dialogs(&ctx);
        let mut palette = std::mem::take(&mut self.palette);
        chosen.extend(palette.show(&ctx, &|command| self.why_not(command)));
        self.palette = palette;
        if let Some(undo) = self.toasts.show(&ctx) {
            self.undo(&undo, &ctx);
        }
        for command in chosen {
            self.carry_out(command, &ctx);
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if let Some(layout) = self.machines.iter().find_map(|page| page.debugger.layout()) {
            self.remembered.layout = Some(layout.clone());
        }
        self.remembered.view = self.library.view;
        self.remembered.paces.clone_from(&self.host.paces);
        eframe::set_value(storage, STORED, &self.remembered);
    }

    /// Machines outlive the window as suspended ones.
    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        for page in &mut self.machines {
            page.close();
        }
    }
}

/// The commands that are about the window.
fn window_menu(ui: &mut Ui) -> Option<Command> {
    let theme = ui.ctx().options(|options| options.theme_preference);
    let groups: [&[(Command, Option<bool>)]; 3] = [
        &[(Command::ShowPalette, None), (Command::ToggleFullScreen, None)],
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
            let response = match is_on {
                Some(is_on) => command.choice(ui, is_on),
                None => command.button(ui, None),
            };
            if response.clicked() {
                chosen = Some(command);
                ui.close();
            }
        }
    }
    chosen
}

fn toggle_full_screen(ctx: &Context) {
    let is_full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!is_full));
}
