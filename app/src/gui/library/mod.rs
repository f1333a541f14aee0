//! The library's page: the user's machines as cards, a filter to their left, the chosen one's facts to their right.

mod card;
mod facts;

use super::commands::Command;
use super::pictures;
use super::standing::Standing;
use super::theme::{self, GRID, Tone};
use crate::library::{Library, MachineFolder};
use crate::session::media::DEMO_DISK;
use card::Card;
use egui::{CentralPanel, Context, Panel, ScrollArea, TextEdit, TextureId, Ui, Vec2};
use machines::boards;
use machines::profile::{FloppyProfile, Profile};
use std::collections::BTreeMap;

/// The name of the machine that a new user finds.
pub const FIRST_MACHINE: &str = "First light";

/// A machine on the page.
pub struct Entry {
    pub folder: MachineFolder,
    /// What it is made of, or why that cannot be read.
    pub profile: Result<Profile, String>,
    pub standing: Standing,
    picture: Option<egui::TextureHandle>,
}

impl Entry {
    pub fn name(&self) -> String {
        self.profile.as_ref().map_or_else(|_| self.folder.name(), |profile| profile.name.clone())
    }
}

/// A machine that runs, as the page needs to know it.
pub struct Live {
    pub folder: MachineFolder,
    pub standing: Standing,
    pub picture: Option<(TextureId, Vec2)>,
}

/// Which machines are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Filter {
    #[default]
    All,
    Standing(Standing),
    Board(&'static str),
    Tag(String),
}

impl Filter {
    fn lets_pass(&self, entry: &Entry) -> bool {
        let profile = entry.profile.as_ref();
        match self {
            Self::All => true,
            Self::Standing(standing) => entry.standing == *standing,
            Self::Board(name) => profile.is_ok_and(|profile| profile.board == *name),
            Self::Tag(tag) => profile.is_ok_and(|profile| profile.tags.contains(tag)),
        }
    }
}

/// The page.
pub struct LibraryPage {
    pub library: Library,
    entries: Vec<Entry>,
    /// Why the library cannot be read.
    problem: Option<String>,
    search: String,
    filter: Filter,
    selected: Option<MachineFolder>,
}

impl LibraryPage {
    /// Reads the library. A new user's gets a machine that one click boots.
    pub fn new(library: Library, ctx: &Context) -> Self {
        let mut page = Self {
            library,
            entries: Vec::new(),
            problem: None,
            search: String::new(),
            filter: Filter::All,
            selected: None,
        };
        if is_new(&page.library) {
            page.problem = page.library.create(&first_machine()).err().map(|error| error.to_string());
        }
        page.refresh(ctx);
        page
    }

    /// Reads the library again.
    pub fn refresh(&mut self, ctx: &Context) {
        match self.library.machines() {
            Ok(machines) => {
                let entry = |entry: crate::library::MachineEntry| Entry {
                    standing: standing_on_disk(&entry),
                    picture: pictures::load(ctx, &entry.folder.picture()),
                    profile: entry.profile.map_err(|error| error.to_string()),
                    folder: entry.folder,
                };
                self.entries = machines.into_iter().map(entry).collect();
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
        if self.selected().is_none() {
            self.selected = self.entries.first().map(|entry| entry.folder.clone());
        }
    }

    pub fn select(&mut self, folder: MachineFolder) {
        self.selected = Some(folder);
    }

    pub fn selected(&self) -> Option<&Entry> {
        let folder = self.selected.as_ref()?;
        self.entries.iter().find(|entry| entry.folder == *folder)
    }

    /// Shows the page. Gives what was chosen, for the selected machine.
    pub fn ui(&mut self, ui: &mut Ui, live: &[Live]) -> Vec<Command> {
        self.take_standings(live);
        let mut chosen = Vec::new();
        Panel::left("library filter")
            .resizable(false)
            .exact_size(18.0 * GRID)
            .show(ui, |ui| self.filter_ui(ui));
        Panel::right("library facts").resizable(false).exact_size(32.0 * GRID).show(ui, |ui| {
            match self.selected() {
                Some(entry) => chosen.extend(facts::ui(ui, entry, live)),
                None => _ = ui.weak("Choose a machine to see what it is made of."),
            }
        });
        CentralPanel::default().show(ui, |ui| chosen.extend(self.cards_ui(ui, live)));
        chosen
    }

    fn take_standings(&mut self, live: &[Live]) {
        for entry in &mut self.entries {
            if let Some(live) = live.iter().find(|live| live.folder == entry.folder) {
                entry.standing = live.standing;
            }
        }
    }

    fn filter_ui(&mut self, ui: &mut Ui) {
        ui.add_space(GRID);
        let mut filters: BTreeMap<(u8, String), Filter> = BTreeMap::new();
        filters.insert((0, "All".to_owned()), Filter::All);
        for entry in &self.entries {
            filters.insert((1, entry.standing.word().to_owned()), Filter::Standing(entry.standing));
            let Ok(profile) = &entry.profile else { continue };
            if let Some(board) = boards::find(&profile.board) {
                filters.insert((2, board.label.to_owned()), Filter::Board(board.name));
            }
            for tag in &profile.tags {
                filters.insert((3, tag.clone()), Filter::Tag(tag.clone()));
            }
        }
        for ((_, label), filter) in filters {
            let count = self.entries.iter().filter(|entry| filter.lets_pass(entry)).count();
            let mut label = label;
            label[..1].make_ascii_uppercase();
            if ui.selectable_label(self.filter == filter, format!("{label}  {count}")).clicked() {
                self.filter = filter;
            }
        }
    }

    fn cards_ui(&mut self, ui: &mut Ui, live: &[Live]) -> Vec<Command> {
        let label = ui.label("Search name, year, tag");
        ui.add(TextEdit::singleline(&mut self.search).desired_width(40.0 * GRID)).labelled_by(label.id);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        ui.add_space(GRID);
        if self.entries.is_empty() {
            return empty(ui);
        }
        let shown: Vec<usize> =
            (0..self.entries.len()).filter(|&at| self.is_shown(&self.entries[at])).collect();
        if shown.is_empty() {
            ui.weak("No machine fits the search and the filter.");
        }
        let mut chosen = Vec::new();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for at in shown {
                    chosen.extend(self.card_ui(ui, at, live));
                }
            });
        });
        chosen
    }

    fn card_ui(&mut self, ui: &mut Ui, at: usize, live: &[Live]) -> Option<Command> {
        let entry = &self.entries[at];
        let is_selected = self.selected.as_ref() == Some(&entry.folder);
        let response = Card { entry, is_selected, picture: picture(entry, live) }.show(ui);
        if response.clicked() || response.gained_focus() {
            self.selected = Some(entry.folder.clone());
        }
        let (enter, delete) =
            ui.input(|input| (input.key_pressed(egui::Key::Enter), input.key_pressed(egui::Key::Delete)));
        if response.double_clicked() || response.has_focus() && enter {
            return Some(Command::StartMachine);
        }
        (response.has_focus() && delete).then_some(Command::DeleteMachine)
    }

    /// Whether the filter and all words of the search let a machine pass.
    fn is_shown(&self, entry: &Entry) -> bool {
        let mut about = entry.name().to_lowercase();
        if let Ok(profile) = &entry.profile {
            about += &profile.tags.join(" ").to_lowercase();
            if let Some(board) = boards::find(&profile.board) {
                about += &format!(" {} {} {}", board.year, board.label, board.purpose).to_lowercase();
            }
        }
        let search = self.search.to_lowercase();
        self.filter.lets_pass(entry) && search.split_whitespace().all(|word| about.contains(word))
    }
}

/// A running machine's picture as it is, or the last one.
fn picture(entry: &Entry, live: &[Live]) -> Option<(TextureId, Vec2)> {
    let now = live.iter().find(|live| live.folder == entry.folder).and_then(|live| live.picture);
    now.or_else(|| entry.picture.as_ref().map(|texture| (texture.id(), texture.size_vec2())))
}

fn empty(ui: &mut Ui) -> Vec<Command> {
    let mut chosen = Vec::new();
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() / 3.0);
        ui.heading("No machines yet");
        ui.label("A machine is put together in a minute.");
        if Command::NewMachine.tool_button(ui, None).clicked() {
            chosen.push(Command::NewMachine);
        }
    });
    chosen
}

fn standing_on_disk(entry: &crate::library::MachineEntry) -> Standing {
    match &entry.profile {
        Err(_) => Standing::Broken,
        Ok(_) if entry.folder.is_suspended() => Standing::Suspended,
        Ok(_) => Standing::Off,
    }
}

/// Whether there was never a machine here.
fn is_new(library: &Library) -> bool {
    std::fs::read_dir(library.home()).map_or(true, |mut entries| entries.next().is_none())
}

/// The machine that a new user finds, with the demo in its drive.
fn first_machine() -> Profile {
    let xt = (boards::xt::KIND.profile)();
    let demo = FloppyProfile { image: Some(DEMO_DISK.to_owned()), ..FloppyProfile::default() };
    Profile {
        name: FIRST_MACHINE.to_owned(),
        floppies: vec![demo, FloppyProfile::default()],
        notes: "A PC XT with the demo disk that comes with Anachron.".to_owned(),
        ..xt
    }
}
