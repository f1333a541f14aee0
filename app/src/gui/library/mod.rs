//! The library's page: the user's machines as cards or in a list, filters to their left, the chosen one's facts to
//! their right.

mod facts;
mod first;
mod item;
mod preview;
mod selection;
mod sidebar;
mod tags;

pub use first::machine as first_machine;

use super::commands::Command;
use super::pictures;
use super::settings;
use super::standing::Standing;
use super::theme::{self, GRID, Tone};
use crate::library::{Library, MachineEntry, MachineFolder};
use egui::{
    Button, CentralPanel, Context, Key, Modifiers, Panel, Response, ScrollArea, TextEdit, TextureId, Ui, Vec2,
};
use egui_material_icons::icons::{ICON_GRID_VIEW, ICON_SEARCH, ICON_VIEW_LIST};
use item::{Item, Renamed, Renaming};
use machines::boards;
use machines::profile::Profile;
use selection::Selection;
use serde::{Deserialize, Serialize};
use sidebar::Filter;
use tags::TagDialog;

/// Why a running machine's parts stay as they are.
const POWER_OFF_FIRST: &str = "Power the machine off or suspend it first.";

/// A machine on the page.
pub struct Entry {
    pub folder: MachineFolder,
    /// What it is made of, or why that cannot be read.
    pub profile: Result<Profile, String>,
    pub standing: Standing,
    picture: Option<egui::TextureHandle>,
}

impl Entry {
    fn read(ctx: &Context, entry: MachineEntry) -> Self {
        let standing = match &entry.profile {
            Err(_) => Standing::Broken,
            Ok(_) if entry.folder.is_suspended() => Standing::Suspended,
            Ok(_) => Standing::Off,
        };
        Self {
            standing,
            picture: pictures::load(ctx, &entry.folder.picture()),
            profile: entry.profile.map_err(|error| error.to_string()),
            folder: entry.folder,
        }
    }

    pub fn name(&self) -> String {
        self.profile.as_ref().map_or_else(|_| self.folder.name(), |profile| profile.name.clone())
    }

    pub fn is_live(&self) -> bool {
        matches!(self.standing, Standing::Running | Standing::Paused)
    }

    fn why_no_start(&self) -> Option<&'static str> {
        self.profile.is_err().then_some("The machine's file cannot be read.")
    }

    /// What the search looks at: name, tags, the board's year and words.
    fn about(&self) -> String {
        let mut about = self.name();
        if let Ok(profile) = &self.profile {
            about += &format!(" {} {}", profile.tags.join(" "), profile.cpu.model);
            if let Some(board) = boards::find(&profile.board) {
                about += &format!(" {} {} {}", board.year, board.label, board.purpose);
            }
        }
        about.to_lowercase()
    }
}

/// A machine that is switched on, as the page needs to know it.
pub struct Live {
    pub folder: MachineFolder,
    pub standing: Standing,
    pub picture: Option<(TextureId, Vec2)>,
}

/// How the machines are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    #[default]
    Cards,
    List,
}

/// What the page asks of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryRequest {
    Command(Command),
    /// The leading machine's settings, at this page.
    Settings(settings::Page),
    Rename {
        folder: MachineFolder,
        name: String,
    },
    /// Each of these machines gets these tags.
    Tag(Vec<(MachineFolder, Vec<String>)>),
}

/// The page.
pub struct LibraryPage {
    pub library: Library,
    pub view: View,
    entries: Vec<Entry>,
    /// Why the library cannot be read.
    problem: Option<String>,
    search: String,
    filter: Filter,
    selection: Selection,
    renaming: Option<Renaming>,
    tagging: Option<TagDialog>,
    is_previewing: bool,
}

impl LibraryPage {
    /// Reads the library. A new user's gets a machine that one click boots.
    pub fn new(library: Library, ctx: &Context) -> Self {
        let mut page = Self {
            problem: first::prepare(&library),
            library,
            view: View::Cards,
            entries: Vec::new(),
            search: String::new(),
            filter: Filter::All,
            selection: Selection::default(),
            renaming: None,
            tagging: None,
            is_previewing: false,
        };
        page.refresh(ctx);
        page
    }

    /// Reads the library again.
    pub fn refresh(&mut self, ctx: &Context) {
        match self.library.machines() {
            Ok(machines) => {
                self.entries = machines.into_iter().map(|entry| Entry::read(ctx, entry)).collect();
                self.problem = None;
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
        let entries = &self.entries;
        self.selection.retain(|folder| entries.iter().any(|entry| entry.folder == *folder));
        if let (None, Some(first)) = (self.selection.lead(), self.entries.first()) {
            self.selection.choose(first.folder.clone());
        }
    }

    pub fn select(&mut self, folder: MachineFolder) {
        self.selection.choose(folder);
    }

    /// These machines and no others.
    pub fn select_these(&mut self, folders: Vec<MachineFolder>) {
        self.selection.choose_all(folders);
    }

    /// All machines that the filter and the search show.
    pub fn select_all(&mut self) {
        let shown = self.shown();
        self.selection.choose_all(shown);
    }

    /// The machine that was chosen last.
    pub fn selected(&self) -> Option<&Entry> {
        self.entry(self.selection.lead()?)
    }

    /// All chosen machines.
    pub fn chosen(&self) -> Vec<&Entry> {
        self.selection.iter().filter_map(|folder| self.entry(folder)).collect()
    }

    fn entry(&self, folder: &MachineFolder) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.folder == *folder)
    }

    /// Lets the leading machine's name be changed where it stands.
    pub fn begin_renaming(&mut self) {
        if let Some(entry) = self.selected().filter(|entry| entry.profile.is_ok()) {
            self.renaming = Some(Renaming::new(entry.folder.clone(), entry.name()));
        }
    }

    /// Opens the tags of the chosen machines.
    pub fn begin_tagging(&mut self) {
        let readable = self.chosen().into_iter().filter(|entry| entry.profile.is_ok());
        let folders: Vec<_> = readable.map(|entry| entry.folder.clone()).collect();
        if !folders.is_empty() {
            self.tagging = Some(TagDialog::new(folders, &self.entries));
        }
    }

    /// Shows or hides the large picture of the leading machine.
    pub fn toggle_preview(&mut self) {
        self.is_previewing = !self.is_previewing && self.selected().is_some();
    }

    /// Shows the page. Gives what was chosen.
    pub fn ui(&mut self, ui: &mut Ui, live: &[Live]) -> Vec<LibraryRequest> {
        self.take_standings(live);
        let mut chosen = Vec::new();
        Panel::left("library filter").resizable(false).exact_size(18.0 * GRID).show(ui, |ui| {
            sidebar::ui(ui, &mut self.filter, &self.entries);
        });
        Panel::right("library facts").resizable(false).exact_size(32.0 * GRID).show(ui, |ui| {
            chosen.extend(self.facts_ui(ui, live));
        });
        CentralPanel::default().show(ui, |ui| chosen.extend(self.machines_ui(ui, live)));
        chosen.extend(self.dialogs(ui.ctx(), live));
        chosen
    }

    fn facts_ui(&self, ui: &mut Ui, live: &[Live]) -> Vec<LibraryRequest> {
        let chosen = self.chosen();
        match (self.selected(), chosen.len()) {
            (Some(entry), 1) => facts::ui(ui, entry, live),
            (Some(_), _) => facts::several_ui(ui, &chosen).into_iter().map(LibraryRequest::Command).collect(),
            (None, _) => {
                ui.add_space(GRID);
                ui.weak("Choose a machine to see what it is made of.");
                Vec::new()
            }
        }
    }

    fn dialogs(&mut self, ctx: &Context, live: &[Live]) -> Vec<LibraryRequest> {
        let mut chosen = Vec::new();
        if let Some(dialog) = &mut self.tagging {
            match dialog.show(ctx) {
                tags::Outcome::Open => {}
                tags::Outcome::Cancelled => self.tagging = None,
                tags::Outcome::Done => chosen.extend(self.take_tags().map(LibraryRequest::Tag)),
            }
        }
        if self.is_previewing {
            let (closes, command) =
                self.selected().map_or((true, None), |entry| preview::show(ctx, entry, live));
            self.is_previewing = !closes;
            chosen.extend(command.map(LibraryRequest::Command));
        }
        chosen
    }

    fn take_tags(&mut self) -> Option<Vec<(MachineFolder, Vec<String>)>> {
        let dialog = self.tagging.take()?;
        let entries = dialog.folders.iter().filter_map(|folder| self.entry(folder));
        let tagged = entries.filter_map(|entry| {
            let before = &entry.profile.as_ref().ok()?.tags;
            Some((entry.folder.clone(), dialog.applied(before)))
        });
        Some(tagged.collect())
    }

    fn take_standings(&mut self, live: &[Live]) {
        for entry in &mut self.entries {
            if let Some(live) = live.iter().find(|live| live.folder == entry.folder) {
                entry.standing = live.standing;
            }
        }
    }

    fn machines_ui(&mut self, ui: &mut Ui, live: &[Live]) -> Vec<LibraryRequest> {
        self.search_ui(ui);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        ui.add_space(GRID);
        if self.entries.is_empty() {
            return empty(ui);
        }
        let shown = self.shown();
        if shown.is_empty() {
            self.nothing_fits(ui);
        }
        let mut chosen = Vec::new();
        let mut show = |page: &mut Self, ui: &mut Ui| {
            for folder in &shown {
                chosen.extend(page.item_ui(ui, folder, &shown, live));
            }
        };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match self.view {
            View::Cards => _ = ui.horizontal_wrapped(|ui| show(self, ui)),
            View::List => {
                ui.spacing_mut().item_spacing.y = GRID / 2.0;
                show(self, ui);
            }
        });
        chosen
    }

    fn search_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.label(ICON_SEARCH.rich_text());
            // The buttons at the right end need some room, too.
            let width = (ui.available_width() - 12.0 * GRID).clamp(8.0 * GRID, 36.0 * GRID);
            let field = TextEdit::singleline(&mut self.search)
                .hint_text("Search name, year, tag")
                .desired_width(width);
            theme::name_field(&ui.add(field), "Search name, year, tag");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                for (view, icon, name) in [
                    (View::List, ICON_VIEW_LIST, "Show as a list"),
                    (View::Cards, ICON_GRID_VIEW, "Show as cards"),
                ] {
                    let is_on = self.view == view;
                    let response = ui.add(Button::selectable(is_on, icon.rich_text()));
                    super::commands::named_choice(&response, is_on, name);
                    if response.on_hover_text(name).clicked() {
                        self.view = view;
                    }
                }
            });
        });
    }

    fn nothing_fits(&mut self, ui: &mut Ui) {
        ui.weak("No machine fits the search and the filter.");
        if ui.button("Show all machines").clicked() {
            self.search.clear();
            self.filter = Filter::All;
        }
    }

    fn item_ui(
        &mut self,
        ui: &mut Ui,
        folder: &MachineFolder,
        order: &[MachineFolder],
        live: &[Live],
    ) -> Option<LibraryRequest> {
        let entry = self.entries.iter().find(|entry| entry.folder == *folder)?;
        let item = Item {
            entry,
            is_selected: self.selection.contains(folder),
            picture: picture(entry, live),
            renaming: self.renaming.as_mut().filter(|renaming| renaming.folder == *folder),
        };
        let (response, renamed) = match self.view {
            View::Cards => item.card(ui),
            View::List => item.row(ui),
        };
        let finished = self.finish_renaming(renamed);
        if self.renaming.is_some() {
            return finished;
        }
        let modifiers = ui.input(|input| input.modifiers);
        if response.clicked() {
            response.request_focus();
            self.selection.click(folder.clone(), modifiers, order);
        } else if response.gained_focus() && modifiers.is_none() {
            self.selection.choose(folder.clone());
        }
        finished.or_else(|| self.context_menu(&response, folder)).or_else(|| self.opened(ui, &response))
    }

    /// Double click and Enter start or show; Space looks closer.
    fn opened(&mut self, ui: &Ui, response: &Response) -> Option<LibraryRequest> {
        let has_focus = response.has_focus();
        if has_focus && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Space)) {
            self.toggle_preview();
        }
        let enter = has_focus && ui.input(|input| input.key_pressed(Key::Enter));
        (response.double_clicked() || enter).then_some(LibraryRequest::Command(Command::StartMachine))
    }

    fn context_menu(&mut self, response: &Response, folder: &MachineFolder) -> Option<LibraryRequest> {
        if response.secondary_clicked() && !self.selection.contains(folder) {
            self.selection.choose(folder.clone());
        }
        let is_live = self.chosen().iter().any(|entry| entry.is_live());
        let running = is_live.then_some(POWER_OFF_FIRST);
        let mut chosen = None;
        response.context_menu(|ui| {
            for (command, why_not) in [
                (Command::StartMachine, None),
                (Command::PreviewMachine, None),
                (Command::ShowSettings, None),
                (Command::RenameMachine, None),
                (Command::EditTags, None),
                (Command::DeleteMachine, running),
            ] {
                if command.button(ui, why_not).clicked() {
                    chosen = Some(LibraryRequest::Command(command));
                    ui.close();
                }
            }
        });
        chosen
    }

    fn finish_renaming(&mut self, renamed: Renamed) -> Option<LibraryRequest> {
        if renamed == Renamed::Typing {
            return None;
        }
        let Renaming { folder, typed, .. } = self.renaming.take()?;
        let name = typed.trim().to_owned();
        let is_new = self.entry(&folder).is_some_and(|entry| entry.name() != name);
        (renamed == Renamed::Done && !name.is_empty() && is_new)
            .then_some(LibraryRequest::Rename { folder, name })
    }

    /// The machines that the filter and all words of the search let pass.
    fn shown(&self) -> Vec<MachineFolder> {
        let search = self.search.to_lowercase();
        let fits = |entry: &&Entry| {
            let about = entry.about();
            self.filter.lets_pass(entry) && search.split_whitespace().all(|word| about.contains(word))
        };
        self.entries.iter().filter(fits).map(|entry| entry.folder.clone()).collect()
    }
}

/// A running machine's picture as it is, or the last one.
fn picture(entry: &Entry, live: &[Live]) -> Option<(TextureId, Vec2)> {
    let now = live.iter().find(|live| live.folder == entry.folder).and_then(|live| live.picture);
    now.or_else(|| entry.picture.as_ref().map(|texture| (texture.id(), texture.size_vec2())))
}

fn empty(ui: &mut Ui) -> Vec<LibraryRequest> {
    let mut chosen = Vec::new();
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() / 3.0);
        ui.heading("No machines yet");
        ui.label("Put one together in a minute, or begin with the demo.");
        for command in [Command::NewMachine, Command::StartDemo] {
            if command.tool_button(ui, None).clicked() {
                chosen.push(LibraryRequest::Command(command));
            }
        }
    });
    chosen
}
