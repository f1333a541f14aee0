//! A dialog to choose a file: everywhere the same, whatever the host's desktop offers.

use super::theme::{self, GRID, Tone};
use egui::{Button, Context, Id, Key, Modal, ScrollArea, TextEdit, Ui};
use egui_material_icons::icons::{ICON_ALBUM, ICON_FOLDER};
use std::path::{Path, PathBuf};

/// More entries than these are not listed.
const MOST: usize = 5000;
/// What disk images are called.
const IMAGE_ENDINGS: [&str; 8] = ["img", "ima", "dsk", "flp", "vfd", "360", "hdd", "bin"];

struct Entry {
    name: String,
    path: PathBuf,
    is_folder: bool,
    is_image: bool,
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
    folder: PathBuf,
    typed: String,
    entries: Vec<Entry>,
    problem: Option<String>,
    only_images: bool,
    chosen: Option<PathBuf>,
}

impl FileBrowser {
    /// Opens in a folder, or else in the user's own.
    pub fn new(title: impl Into<String>, folder: Option<PathBuf>) -> Self {
        let home = || directories::UserDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        let folder =
            folder.filter(|folder| folder.is_dir()).or_else(home).unwrap_or_else(|| PathBuf::from("/"));
        let mut browser = Self {
            title: title.into(),
            folder: PathBuf::new(),
            typed: String::new(),
            entries: Vec::new(),
            problem: None,
            only_images: true,
            chosen: None,
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
        let modal = Modal::new(Id::unique("file browser")).show(ctx, |ui| self.ui(ui));
        if modal.should_close() { Outcome::Cancelled } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui) -> Outcome {
        ui.set_width(70.0 * GRID);
        ui.heading(&self.title);
        self.place_ui(ui);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        let mut outcome = self.list_ui(ui);
        ui.checkbox(&mut self.only_images, "Show disk images only");
        ui.separator();
        ui.horizontal(|ui| {
            if ui.add_enabled(self.chosen.is_some(), Button::new("Choose")).clicked()
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
            if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                let path = PathBuf::from(self.typed.trim());
                if path.is_file() {
                    self.chosen = Some(path);
                } else {
                    self.enter(path);
                }
            }
        });
    }

    fn list_ui(&mut self, ui: &mut Ui) -> Outcome {
        let (mut entered, mut outcome) = (None, Outcome::Open);
        ScrollArea::vertical().auto_shrink(false).max_height(36.0 * GRID).show(ui, |ui| {
            ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
                let shown = self.entries.iter().filter(|e| e.is_folder || e.is_image || !self.only_images);
                for entry in shown {
                    let icon = if entry.is_folder { ICON_FOLDER } else { ICON_ALBUM };
                    let face = format!("{} {}", icon.codepoint, entry.name);
                    let is_chosen = self.chosen.as_ref() == Some(&entry.path);
                    let response = ui.add(Button::selectable(is_chosen, face));
                    super::commands::named(&response, &entry.name);
                    if response.clicked() && entry.is_folder {
                        entered = Some(entry.path.clone());
                    } else if response.double_clicked() {
                        outcome = Outcome::Chosen(entry.path.clone());
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
}

/// Folders first, then files, each by name. Hidden ones are left out.
fn read(folder: &Path) -> std::io::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = std::fs::read_dir(folder)?
        .flatten()
        .take(MOST)
        .map(|entry| {
            let path = entry.path();
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_folder: path.is_dir(),
                is_image: ending.is_some_and(|ending| IMAGE_ENDINGS.contains(&ending.as_str())),
                path,
            }
        })
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    entries.sort_by_key(|entry| (!entry.is_folder, entry.name.to_lowercase()));
    Ok(entries)
}
