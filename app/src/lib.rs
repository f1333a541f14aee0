//! Anachron, the program: its window, its command line, and the host side of the HAL.
//!
//! A library so that tests reach all of it; `main.rs` is only the way in.
#![forbid(unsafe_code)]

pub mod cli;
pub mod gpu;
pub mod gui;
pub mod home;
pub mod library;
pub mod pads;
pub mod picture;
pub mod session;
pub mod sound;
pub mod wav;
pub mod worker;

use cli::{ExitStatus, Request};
use std::io::{IsTerminal, Write};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Does what the command line asked for.
///
/// # Errors
/// Says in a sentence what could not be done.
pub fn carry_out(request: Request) -> anyhow::Result<ExitStatus> {
    match request {
        Request::Window => gui::open().map(|()| ExitStatus::Success),
        Request::Run(options) if options.headless => cli::run::headless(&options),
        Request::Run(options) => cli::run::windowed(&options),
        Request::List => print(&cli::machines::list(&cli::machines::library()?)?),
        Request::Show { machine } => print(&cli::machines::show(&cli::machines::library()?, &machine)?),
        Request::Create { profile, name } => {
            print(&cli::machines::create(&cli::machines::library()?, &profile, &name)?)
        }
        Request::Profiles => print(&cli::machines::profiles()),
    }
}

/// Prints an answer. Whoever reads it may stop reading.
fn print(text: &str) -> anyhow::Result<ExitStatus> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitStatus::Success),
    }
}

/// Our warnings and everybody's errors go to stderr; `ANACHRON_LOG` asks for more (`ANACHRON_LOG=debug`, `ANACHRON_LOG=machines=trace`).
pub fn log_to_stderr() {
    let asked = std::env::var("ANACHRON_LOG").ok().and_then(|asked| asked.parse::<Targets>().ok());
    let targets = asked.unwrap_or_else(|| {
        let ours = ["anachron", "machines", "emu_core"].map(|name| (name, Level::WARN));
        Targets::new().with_default(Level::ERROR).with_targets(ours)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A test may have set a subscriber of its own before; then that one stays.
    let _ = tracing_subscriber::registry().with(lines.with_filter(targets)).try_init();
}
