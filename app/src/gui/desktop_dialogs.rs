//! The desktop's own file dialogs, where there are any.
//!
//! On Linux they come from a portal. Asked for one where no portal answers, the dialog library says the same as for a
//! user who cancels, so the portal is looked for first, in the background: until it has answered, and where it does
//! not, the window shows a [browser of its own](super::file_browser).

use rfd::AsyncFileDialog;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

/// Nobody cancels a dialog as fast as this: then none came up.
const NEVER_SHOWN: Duration = Duration::from_millis(300);

static AVAILABLE: OnceLock<bool> = OnceLock::new();

/// Looks whether the desktop has file dialogs, without waiting for the answer. Until this is called there are none:
/// tests shall not open windows.
pub fn look_for_them() {
    if cfg!(not(all(unix, not(target_os = "macos")))) {
        let _ = AVAILABLE.set(true);
        return;
    }
    let look = || {
        let answer = pollster::block_on(portal::answers());
        tracing::debug!(?answer, "file dialogs of the desktop");
        let _ = AVAILABLE.set(answer.is_ok());
    };
    if let Err(error) = std::thread::Builder::new().name("portal".to_owned()).spawn(look) {
        tracing::debug!(%error, "the desktop is not asked for its file dialogs");
    }
}

/// Whether the desktop has file dialogs, as far as is known.
pub fn are_there() -> bool {
    AVAILABLE.get().copied().unwrap_or(false)
}

#[cfg(all(unix, not(target_os = "macos")))]
mod portal {
    use std::time::Duration;
    use zbus::Proxy;
    use zbus::connection::Builder;

    const PATIENCE: Duration = Duration::from_secs(3);

    /// The version of the portal's file chooser. The interface is there only where a back end can show one.
    pub async fn answers() -> zbus::Result<u32> {
        let bus = Builder::session()?.method_timeout(PATIENCE).build().await?;
        let chooser = Proxy::new(
            &bus,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.FileChooser",
        );
        chooser.await?.get_property("version").await
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod portal {
    pub async fn answers() -> Result<u32, ()> {
        Ok(0)
    }
}

/// What became of a dialog.
pub enum Answer {
    Open,
    Chosen(PathBuf),
    Cancelled,
    /// None came up after all.
    NeverShown,
}

/// A dialog of the desktop that is open.
pub struct DesktopDialog {
    answer: Receiver<Option<PathBuf>>,
    opened: Instant,
}

impl DesktopDialog {
    /// Opens one for a file with one of these endings, or any; without endings, for a folder.
    pub fn open(title: &str, folder: &Path, endings: &[&str], ctx: &egui::Context) -> Self {
        let (sender, answer) = channel();
        let dialog = AsyncFileDialog::new().set_title(title).set_directory(folder);
        let dialog = match endings {
            [] => dialog,
            _ => dialog.add_filter("Disk images", endings).add_filter("All files", &["*"]),
        };
        // macOS wants dialogs to be made on the window's thread, and nobody wants it to wait for them.
        let chosen: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> =
            if endings.is_empty() { Box::pin(dialog.pick_folder()) } else { Box::pin(dialog.pick_file()) };
        let ctx = ctx.clone();
        let wait = move || {
            let chosen = pollster::block_on(chosen).map(|file| file.path().to_path_buf());
            // Nobody may be waiting for it any more.
            let _ = sender.send(chosen);
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("file dialog".to_owned()).spawn(wait) {
            tracing::debug!(%error, "no thread for the desktop's file dialog");
        }
        Self { answer, opened: Instant::now() }
    }

    /// What became of it so far.
    pub fn poll(&self) -> Answer {
        match self.answer.try_recv() {
            Ok(Some(path)) => Answer::Chosen(path),
            Ok(None) if self.opened.elapsed() >= NEVER_SHOWN => Answer::Cancelled,
            Ok(None) | Err(TryRecvError::Disconnected) => Answer::NeverShown,
            Err(TryRecvError::Empty) => Answer::Open,
        }
    }
}
