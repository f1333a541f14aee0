//! The window's contents and state, apart from how the window came to be.

use super::command_palette::CommandPalette;
use super::commands::{self, Command};
use super::debugger::Layout;
use super::file_browser::{FileBrowser, Outcome};
use super::library::{LibraryPage, Live};
use super::machine::screen::Scaling;
use super::machine::{MachinePage, PageRequest};
use super::settings::{self, Settings};
use super::theme;
use super::toasts::{Toasts, Undo};
use super::wizard::{self, Wizard};
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
    layout: Option<Layout>,
    /// Where an image was chosen last.
    images: Option<PathBuf>,
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
    /// Looked for when the first machine starts.
    pads: Option<Box<dyn PadSource>>,
    remembered: Remembered,
}

impl App {
    /// The window on a library.
    pub fn new(cx: &eframe::CreationContext<'_>, library: Library) -> Self {
        theme::install(&cx.egui_ctx);
        let stored = cx.storage.and_then(|storage| eframe::get_value(storage, STORED));
        Self {
            page: Page::Library,
            library: LibraryPage::new(library, &cx.egui_ctx),
            machines: Vec::new(),
            palette: CommandPalette::default(),
            toasts: Toasts::default(),
            choosing: None,
            wizard: None,
            settings: None,
            pads: None,
            remembered: stored.unwrap_or_default(),
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

    fn shown_machine(&mut self) -> Option<&mut MachinePage> {
        match self.page {
            Page::Library => None,
            Page::Machine(at) => self.machines.get_mut(at),
        }
    }

    fn start_selected(&mut self, ctx: &Context) {
        let Some(entry) = self.library.selected() else { return };
        let folder = entry.folder.clone();
        if let Some(at) = self.machines.iter().position(|page| page.folder() == Some(&folder)) {
            self.page = Page::Machine(at);
            return;
        }
        match &entry.profile {
            Ok(profile) => {
                let options = SessionOptions { folder: Some(folder), ..SessionOptions::default() };
                self.start(profile.clone(), options, ctx);
            }
            Err(problem) => self.toasts.complain(problem.clone()),
        }
    }

    fn trash_selected(&mut self, ctx: &Context) {
        let Some(entry) = self.library.selected() else { return };
        let (name, folder) = (entry.name(), entry.folder.clone());
        match self.library.library.trash(&folder) {
            Ok(trashed) => {
                self.toasts.offer_undo(format!("{name} is in the trash"), Undo::Restore(trashed));
            }
            Err(error) => self.toasts.complain(error.to_string()),
        }
        self.library.refresh(ctx);
    }

    fn undo(&mut self, undo: &Undo, ctx: &Context) {
        let Undo::Restore(trashed) = undo;
        match self.library.library.restore(trashed) {
            Ok(folder) => {
                self.library.refresh(ctx);
                self.library.select(folder);
            }
            Err(error) => self.toasts.complain(error.to_string()),
        }
    }

    /// Why a command cannot be carried out now, if it cannot.
    fn why_not(&self, command: Command) -> Option<&'static str> {
        use Command as C;
        let selected = matches!(self.page, Page::Library).then(|| self.library.selected()).flatten();
        match command {
            C::ShowPalette
            | C::NewMachine
            | C::ToggleFullScreen
            | C::FollowSystemTheme
            | C::UseLightTheme
            | C::UseDarkTheme
            | C::Quit => None,
            C::StartMachine | C::ShowSettings | C::DeleteMachine => {
                let Some(entry) = selected else { return Some("Choose a machine in the library first.") };
                let is_live = self.is_live(&entry.folder);
                (is_live && command != C::StartMachine)
                    .then_some("Power the machine off or suspend it first.")
            }
            _ if matches!(self.page, Page::Library) => Some("Show a running machine first."),
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
            self.remembered.scaling = machine.screen.scaling;
            return;
        }
        match command {
            Command::ShowPalette => self.palette.open(),
            Command::StartMachine => self.start_selected(ctx),
            Command::NewMachine => self.wizard = Some(Wizard::new()),
            Command::ShowSettings => self.show_settings(),
            Command::DeleteMachine => self.trash_selected(ctx),
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
            if Command::NewMachine.tool_button(ui, None).clicked() {
                chosen.push(Command::NewMachine);
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

    fn page_ui(&mut self, ui: &mut Ui) -> Vec<Command> {
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
                        PageRequest::Command(command) => chosen.push(command),
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

    fn show_settings(&mut self) {
        let Some(entry) = self.library.selected() else { return };
        match &entry.profile {
            Ok(profile) => self.settings = Some(Settings::new(entry.folder.clone(), profile.clone())),
            Err(problem) => self.toasts.complain(problem.clone()),
        }
    }

    fn show_dialogs(&mut self, ctx: &Context) {
        if let Some(wizard) = &mut self.wizard {
            match wizard.show(ctx, &self.library.library) {
                wizard::Outcome::Open => {}
                wizard::Outcome::Cancelled => self.wizard = None,
                wizard::Outcome::Created(folder) => {
                    self.wizard = None;
                    self.page = Page::Library;
                    self.library.refresh(ctx);
                    self.library.select(folder);
                }
            }
        }
        if let Some(dialog) = &mut self.settings {
            match dialog.show(ctx) {
                settings::Outcome::Open => {}
                settings::Outcome::Closed => self.settings = None,
                settings::Outcome::Saved => {
                    self.settings = None;
                    self.library.refresh(ctx);
                }
            }
        }
        self.show_choosing(ctx);
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
        chosen.extend(self.page_ui(ui));
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
    let commands = [
        Command::ShowPalette,
        Command::ToggleFullScreen,
        Command::FollowSystemTheme,
        Command::UseLightTheme,
        Command::UseDarkTheme,
        Command::Quit,
    ];
    let mut chosen = None;
    for command in commands {
        if command.button(ui, None).clicked() {
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
