//! A dialog to create a floppy image.

use super::theme::{self, GRID, Tone};
use crate::library::write_atomically;
use egui::{Button, ComboBox, Context, Id, Modal, TextEdit, Ui};
use machines::media::create;
use machines::media::floppy::{FORMATS, FloppyFormat};
use std::path::{Path, PathBuf};

/// What became of the dialog.
pub enum Outcome {
    Open,
    Cancelled,
    Created(PathBuf),
}

/// The dialog.
pub struct NewFloppy {
    drive: String,
    format: &'static FloppyFormat,
    is_formatted: bool,
    name: String,
    folder: String,
    problem: Option<String>,
}

impl NewFloppy {
    /// For a drive; the image goes into a folder, or else into the user's own.
    pub fn new(drive: &str, folder: Option<PathBuf>) -> Self {
        let home = || directories::UserDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        let folder = folder.or_else(home).unwrap_or_default();
        Self {
            drive: drive.to_owned(),
            format: FloppyFormat::named("360K").unwrap_or(&FORMATS[0]),
            is_formatted: true,
            name: free_name(&folder),
            folder: folder.to_string_lossy().into_owned(),
            problem: None,
        }
    }

    pub fn show(&mut self, ctx: &Context) -> Outcome {
        let modal = Modal::new(Id::unique("new floppy")).show(ctx, |ui| self.ui(ui));
        if modal.should_close() { Outcome::Cancelled } else { modal.inner }
    }

    fn ui(&mut self, ui: &mut Ui) -> Outcome {
        ui.set_width(56.0 * GRID);
        ui.heading(format!("New floppy for {}", self.drive));
        ComboBox::from_label("Size").width(30.0 * GRID).selected_text(face(self.format)).show_ui(ui, |ui| {
            for format in &FORMATS {
                ui.selectable_value(&mut self.format, format, face(format));
            }
        });
        ui.checkbox(&mut self.is_formatted, "Formatted for DOS");
        ui.label(
            egui::RichText::new(match self.is_formatted {
                true => "An empty disk that DOS reads and writes at once; it does not boot.",
                false => "The guest's own FORMAT prepares it.",
            })
            .small()
            .weak(),
        );
        let label = ui.label("Name");
        ui.add(TextEdit::singleline(&mut self.name).desired_width(40.0 * GRID)).labelled_by(label.id);
        let label = ui.label("In the folder");
        ui.add(TextEdit::singleline(&mut self.folder).desired_width(f32::INFINITY)).labelled_by(label.id);
        if let Some(problem) = &self.problem {
            ui.colored_label(theme::tone(ui, Tone::Bad), problem);
        }
        ui.separator();
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            let is_named = !self.name.trim().is_empty();
            let create = ui.add_enabled(is_named, Button::new("Create and insert"));
            if create.on_disabled_hover_text("Give the image a name first.").clicked() {
                match self.create() {
                    Ok(path) => outcome = Outcome::Created(path),
                    Err(problem) => self.problem = Some(problem),
                }
            }
            if ui.button("Cancel").clicked() {
                outcome = Outcome::Cancelled;
            }
        });
        outcome
    }

    /// Writes the image. Nothing that is there already is written over.
    fn create(&self) -> Result<PathBuf, String> {
        let path = Path::new(self.folder.trim()).join(with_ending(self.name.trim()));
        if path.exists() {
            return Err(format!("{} is there already; choose another name", path.display()));
        }
        let bytes = match self.is_formatted {
            true => create::fat12_floppy(self.format),
            false => create::unformatted_floppy(self.format),
        };
        write_atomically(&path, &bytes)
            .map(|()| path.clone())
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

fn face(format: &FloppyFormat) -> String {
    format!("{}, {}", format.name, format.form.words())
}

fn with_ending(name: &str) -> String {
    if Path::new(name).extension().is_some() { name.to_owned() } else { format!("{name}.img") }
}

/// "floppy 1.img", or the first number that is free.
fn free_name(folder: &Path) -> String {
    let names = (1..1000).map(|number| format!("floppy {number}.img"));
    names.into_iter().find(|name| !folder.join(name).exists()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_is_written_and_nothing_written_over() {
        let folder = tempfile::tempdir().unwrap();
        for format in &FORMATS {
            for is_formatted in [true, false] {
                let new = NewFloppy::new("A:", Some(folder.path().to_path_buf()));
                let path = NewFloppy { format, is_formatted, ..new }.create().unwrap();
                assert_eq!(std::fs::metadata(&path).unwrap().len(), format.image_bytes());
                let again = NewFloppy {
                    name: path.file_name().unwrap().to_string_lossy().into_owned(),
                    ..NewFloppy::new("A:", Some(folder.path().to_path_buf()))
                };
                assert!(again.create().unwrap_err().contains("already"));
            }
        }
    }
}
