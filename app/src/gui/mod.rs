//! The window: the library of machines, and what grows from it.

mod app;
pub mod command_palette;
pub mod commands;
pub mod debugger;
mod describe;
mod desktop_dialogs;
mod file_browser;
mod host;
mod import;
mod library;
pub mod machine;
mod new_floppy;
mod pictures;
mod profile_rows;
mod recent;
mod renderer;
mod settings;
mod standing;
pub mod theme;
mod toasts;
mod wishes;
mod wizard;

pub use app::App;
pub use renderer::draw_screens_with;

use crate::cli::machines::library as user_library;
use crate::home;
use crate::session::{Companion, SessionOptions};
use anyhow::anyhow;
use machines::profile::Profile;
use std::sync::mpsc::channel;
use tracing::debug;

/// What the window's title and the task bar show.
pub const TITLE: &str = "Anachron";

/// Opens the library's window, and returns when it is closed.
///
/// # Errors
/// Says why no window could be opened, and what works without one.
pub fn open() -> anyhow::Result<()> {
    open_wrapped(|app, _| app)
}

/// Opens the window on a machine that is switched on at once, and returns when that has ended.
///
/// # Errors
/// As [`open`], and when the machine cannot be built.
pub fn open_with(
    profile: Profile,
    options: SessionOptions,
    companion: Box<dyn Companion>,
) -> anyhow::Result<()> {
    let (failures, failed) = channel();
    open_wrapped(move |mut app, ctx| {
        if let Err(error) = app.run(profile, options, companion, ctx) {
            // It is told once the window has gone.
            let _ = failures.send(error);
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        app
    })?;
    failed.try_recv().map_or(Ok(()), Err)
}

/// Opens the window with whatever is made of it: for a measurement, something around it.
///
/// # Errors
/// As [`open`].
pub fn open_wrapped<A: eframe::App + 'static>(
    wrap: impl FnOnce(App, &egui::Context) -> A,
) -> anyhow::Result<()> {
    desktop_dialogs::look_for_them();
    let library = user_library()?;
    let viewport = egui::ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id("anachron")
        .with_inner_size([1120.0, 720.0])
        .with_min_inner_size([640.0, 400.0]);
    let options = eframe::NativeOptions {
        viewport,
        renderer: renderer::choose(),
        persistence_path: home::folder().map(|folder| folder.join("window.ron")),
        ..Default::default()
    };
    let app = move |cx: &eframe::CreationContext<'_>| wrap(App::new(cx, library), &cx.egui_ctx);
    eframe::run_native(TITLE, options, Box::new(|cx| Ok(Box::new(app(cx)))))
        .map_err(|error| explained(&error))
}

/// What failed, in a user's words. The windowing library's own words name places in its source: they go to the log.
fn explained(error: &eframe::Error) -> anyhow::Error {
    debug!(%error, "no window");
    let what = match error {
        eframe::Error::WinitEventLoop(_) => "There is no display to open a window on",
        _ => "The window cannot be opened; a newer graphics driver may help",
    };
    anyhow!(
        "{what}. The command line works without one: anachron run xt --headless (anachron run --help explains)"
    )
}
