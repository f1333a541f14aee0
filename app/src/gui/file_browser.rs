//! A dialog to choose a file or a folder: the desktop's where it has one, else one of our own.

use super::desktop_dialogs::{self, Answer, DesktopDialog};
use super::theme::{self, GRID, Tone};
use egui::{Button, Context, Id, Key, Modal, ScrollArea, TextEdit, Ui};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_ALBUM, ICON_COMPUTER, ICON_DESCRIPTION, ICON_FOLDER};
use std::path::{Path, PathBuf};

/// More entries than these are not listed.
const MOST: usize = 5000;
/// What disk images are called.
const IMAGE_ENDINGS: [&str; 9] = ["img", "ima", "imd", "dsk", "flp", "vfd", "360", "hdd", "bin"];
const MACHINE_FILE: &str = "machine.ron";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    /// A folder that is a machine.
    Machine,
    Image,
    Other,
}

impl Kind {
    fn icon(self) -> MaterialIcon {
        match self {
            Self::Folder => ICON_FOLDER,
            Self::Machine => ICON_COMPUTER,
            Self::Image => ICON_ALBUM,
            Self::Other => ICON_DESCRIPTION,
        }
    }
}

struct Entry {
    name: String,
    path: PathBuf,
    kind: Kind,
}

/// What is to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Image,
    MachineFolder,
}

/// What became of the dialog.
pub enum Outcome {
    Open,
    Cancelled,
    Chosen(PathBuf),
}

/// The dialog.
pub struct FileBrowser {
    title: String,
    wanted: Wanted,
    folder: PathBuf,
    typed: String,
    entries: Vec<Entry>,
    problem: Option<String>,
    only_images: bool,
    chosen: Option<PathBuf>,
    desktop: Option<DesktopDialog>,
    has_begun: bool,
}

impl FileBrowser {
    /// To choose a disk image. Opens in a folder, or else in the user's own.
    pub fn new(title: impl Into<String>, folder: Option<PathBuf>) -> Self {
        Self::for_any(title.into(), folder, Wanted::Image)
    }

    /// To choose the folder of a machine.
    pub fn for_machine(title: impl Into<String>) -> Self {
        Self::for_any(title.into(), None, Wanted::MachineFolder)
    }

    fn for_any(title: String, folder: Option<PathBuf>, wanted: Wanted) -> Self {
        let home = || directories::UserDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        let folder =
            folder.filter(|folder| folder.is_dir()).or_else(home).unwrap_or_else(|| PathBuf::from("/"));
        let mut browser = Self {
            title,
            wanted,
            folder: PathBuf::new(),
            typed: String::new(),
            entries: Vec::new(),
            problem: None,
            only_images: true,
            chosen: None,
            desktop: None,
            has_begun: false,
        };
        browser.enter(folder);
        browser
    }

    fn enter(&mut self, folder: PathBuf) {
        self.chosen = None;
        match read(&folder) {
            Ok(entries) => {
                self.entries = entries;
                self.problem = None;
                self.typed = folder.to_string_lossy().into_owned();
                self.folder = folder;
            }
            Err(error) => self.problem = Some(format!("{} cannot be read: {error}", folder.display())),
        }
    }

    /// Shows the dialog.
    pub fn show(&mut self, ctx: &Context) -> Outcome {
        if !std::mem::replace(&mut self.has_begun, true) && desktop_dialogs::are_there() {
            let endings: &[&str] = if self.wanted == Wanted::Image { &IMAGE_ENDINGS } else { &[] };
            self.desktop = Some(DesktopDialog::open(&self.title, &self.folder, endings, ctx));
        }
        match self.desktop.as_ref().map(DesktopDialog::poll) {
            Some(Answer::Chosen(path)) => return Outcome::Chosen(path),
            Some(Answer::Cancelled) => return Outcome::Cancelled,
            Some(Answer::NeverShown) => self.desktop = None,
            Some(Answer::Open) => return self.show_waiting(ctx),
            None => {}
        }
        let modal = Modal::new(Id::unique("file browser")).show(ctx, |ui| self.ui(ui));
        if modal.should_close() { Outcome::Cancelled } else { modal.inner }
    }

    /// While the desktop's dialog is open, wherever it is.
    fn show_waiting(&mut self, ctx: &Context) -> Outcome {
        let mut outcome = Outcome::Open;
        Modal::new(Id::unique("desktop dialog")).show(ctx, |ui| {
            ui.heading(&self.title);
            ui.label("Choose in the desktop's dialog.");
            ui.horizontal(|ui| {
                if ui.button("Choose here instead").clicked() {
                    self.desktop = None;
                }
                if ui.button("Cancel").clicked() {
                    outcome = Outcome::Cancelled;
                }
            });
        });
        outcome
    }

    fn ui(&mut self, ui: &mut Ui) -> Outcome {
        ui.set_width(70.0 * GRID);
        ui.heading(&self.title);
        self.place_ui(ui);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        let mut outcome = self.list_ui(ui);
        match self.wanted {
            Wanted::Image => _ = ui.checkbox(&mut self.only_images, "Show disk images only"),
            Wanted::MachineFolder => _ = ui.weak("A machine is a folder with a machine.ron in it."),
        }
        ui.separator();
        ui.horizontal(|ui| {
            let choose = ui.add_enabled(self.chosen.is_some(), Button::new("Choose"));
            if choose.on_disabled_hover_text("Choose something in the list first.").clicked()
                && let Some(chosen) = self.chosen.take()
            {
                outcome = Outcome::Chosen(chosen);
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Cancelled;
            }
        });
        outcome
    }

    fn place_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            if ui.button("Up").on_hover_text("Goes to the folder above.").clicked()
                && let Some(above) = self.folder.parent()
            {
                self.enter(above.to_owned());
            }
            let label = ui.label("Folder or file");
            let field = TextEdit::singleline(&mut self.typed).desired_width(f32::INFINITY);
            let response = ui.add(field).labelled_by(label.id);
            if response.changed() {
                self.chosen = self.typed_choice();
            }
            if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                self.take_typed();
            }
        });
    }

    /// What is typed, if it names something to choose.
    fn typed_choice(&self) -> Option<PathBuf> {
        let path = PathBuf::from(self.typed.trim());
        let is_choice = self.wanted == Wanted::Image && path.is_file() || path.join(MACHINE_FILE).is_file();
        is_choice.then_some(path)
    }

    fn take_typed(&mut self) {
        if let Some(path) = self.typed_choice() {
            self.chosen = Some(path);
            self.problem = None;
        } else {
            self.enter(PathBuf::from(self.typed.trim()));
        }
    }

    fn is_shown(&self, entry: &Entry) -> bool {
        match (self.wanted, entry.kind) {
            (_, Kind::Folder | Kind::Machine) => true,
            (Wanted::Image, Kind::Image) => true,
            (Wanted::Image, Kind::Other) => !self.only_images,
            (Wanted::MachineFolder, _) => false,
        }
    }

    fn list_ui(&mut self, ui: &mut Ui) -> Outcome {
        let (mut entered, mut outcome) = (None, Outcome::Open);
        let shown: Vec<usize> =
            (0..self.entries.len()).filter(|&at| self.is_shown(&self.entries[at])).collect();
        ScrollArea::vertical().auto_shrink(false).max_height(36.0 * GRID).show(ui, |ui| {
            if shown.is_empty() {
                ui.weak("Nothing here to choose.");
            }
            ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
                for at in shown {
                    let entry = &self.entries[at];
                    let is_chosen = self.chosen.as_ref() == Some(&entry.path);
                    let face = (entry.kind.icon().rich_text(), entry.name.as_str());
                    let response = ui.add(Button::selectable(is_chosen, face).right_text(""));
                    super::commands::named(&response, &entry.name);
                    let is_choice = self.is_choice(entry.kind);
                    if response.double_clicked() && is_choice && self.wanted == Wanted::Image {
                        outcome = Outcome::Chosen(entry.path.clone());
                    } else if response.double_clicked() || response.clicked() && !is_choice {
                        entered = Some(entry.path.clone());
                    } else if response.clicked() {
                        self.chosen = Some(entry.path.clone());
                    }
                }
            });
        });
        if let Some(folder) = entered {
            self.enter(folder);
        }
        outcome
    }

    /// Whether a click chooses such an entry; else it goes into it.
    fn is_choice(&self, kind: Kind) -> bool {
        match self.wanted {
            Wanted::Image => matches!(kind, Kind::Image | Kind::Other),
            Wanted::MachineFolder => kind == Kind::Machine,
        }
    }
}

/// Folders first, then files, each by name. Hidden ones are left out.
fn read(folder: &Path) -> std::io::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = std::fs::read_dir(folder)?
        .flatten()
        .take(MOST)
        .map(|entry| {
            let path = entry.path();
            Entry { name: entry.file_name().to_string_lossy().into_owned(), kind: kind_of(&path), path }
        })
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    let is_file = |kind| matches!(kind, Kind::Image | Kind::Other);
    entries.sort_by_key(|entry| (is_file(entry.kind), entry.name.to_lowercase()));
    Ok(entries)
}

fn kind_of(path: &Path) -> Kind {
    if path.is_dir() {
        return if path.join(MACHINE_FILE).is_file() { Kind::Machine } else { Kind::Folder };
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending {
        Some(ending) if IMAGE_ENDINGS.contains(&ending.as_str()) => Kind::Image,
        _ => Kind::Other,
    }
}
