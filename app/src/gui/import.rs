//! Taking a machine from elsewhere into the library: choosing its folder, then copying it with the window alive.

use super::file_browser::{FileBrowser, Outcome as Browsed};
use super::theme::GRID;
use crate::library::{Library, LibraryError, MachineFolder, Progress};
use egui::{Context, Id, Modal, ProgressBar};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

/// What became of the import.
pub enum Outcome {
    Open,
    Cancelled,
    Imported(MachineFolder),
    /// Why it cannot be done.
    Failed(String),
}

type Copied = Result<Option<MachineFolder>, LibraryError>;

enum Stage {
    Choosing(Box<FileBrowser>),
    Copying { progress: Arc<Progress>, total: u64, result: Receiver<Copied> },
    Failed(String),
}

/// An import.
pub struct ImportDialog {
    stage: Stage,
}

impl ImportDialog {
    /// Asks for the machine's folder.
    pub fn new() -> Self {
        Self { stage: Stage::Choosing(Box::new(FileBrowser::for_machine("Import a machine"))) }
    }

    /// Takes the machine at this place.
    pub fn of(path: &Path, library: &Library, ctx: &Context) -> Self {
        Self { stage: copying(path, library, ctx).unwrap_or_else(Stage::Failed) }
    }

    pub fn show(&mut self, ctx: &Context, library: &Library) -> Outcome {
        let chosen: PathBuf = match &mut self.stage {
            Stage::Choosing(browser) => match browser.show(ctx) {
                Browsed::Open => return Outcome::Open,
                Browsed::Cancelled => return Outcome::Cancelled,
                Browsed::Chosen(path) => path,
            },
            Stage::Copying { progress, total, result } => return show_copying(ctx, progress, *total, result),
            Stage::Failed(problem) => return Outcome::Failed(std::mem::take(problem)),
        };
        *self = Self::of(&chosen, library, ctx);
        Outcome::Open
    }
}

/// Begins to copy, on a thread of its own.
fn copying(path: &Path, library: &Library, ctx: &Context) -> Result<Stage, String> {
    let import = library.import(path).map_err(|error| error.to_string())?;
    let (sender, result) = channel();
    let (progress, total) = (Arc::new(Progress::default()), import.total);
    let shared = Arc::clone(&progress);
    let ctx = ctx.clone();
    let copy = move || {
        // A window that has gone need not hear it.
        let _ = sender.send(import.run(&shared));
        ctx.request_repaint();
    };
    let thread = std::thread::Builder::new().name("import".to_owned()).spawn(copy);
    thread.map_err(|error| format!("The machine cannot be copied: {error}"))?;
    Ok(Stage::Copying { progress, total, result })
}

fn show_copying(ctx: &Context, progress: &Progress, total: u64, result: &Receiver<Copied>) -> Outcome {
    match result.try_recv() {
        Ok(Ok(Some(folder))) => return Outcome::Imported(folder),
        Ok(Ok(None)) => return Outcome::Cancelled,
        Ok(Err(error)) => return Outcome::Failed(error.to_string()),
        Err(TryRecvError::Disconnected) => return Outcome::Failed("The machine cannot be copied".to_owned()),
        Err(TryRecvError::Empty) => {}
    }
    ctx.request_repaint_after(Duration::from_millis(100));
    Modal::new(Id::unique("import")).show(ctx, |ui| {
        ui.set_width(40.0 * GRID);
        ui.heading("Import a machine");
        let done = progress.done.load(Ordering::Relaxed);
        ui.add(ProgressBar::new(done as f32 / total.max(1) as f32).show_percentage());
        if ui.button("Cancel").clicked() {
            progress.is_cancelled.store(true, Ordering::Relaxed);
        }
    });
    Outcome::Open
}
