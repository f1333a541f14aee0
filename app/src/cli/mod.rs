//! The command line. Scripts rely on it: its names, meanings and exit statuses stay as `--help` says.

pub mod machines;
mod options;
pub mod run;
mod script;
mod size;

pub use options::{Machine, Port, RunOptions, Speed};
pub use script::{Script, Step};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// The last condition was met; with none, the guest switched itself off or the window was closed.
    Success = 0,
    /// Something failed, or the guest or its user ended before the last condition.
    Failure = 1,
    /// The command line was wrong.
    Usage = 2,
    /// `--timeout` passed first.
    TimedOut = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// What a checked command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Open the library's window.
    Window,
    /// Run one machine, in a window or without.
    Run(Box<RunOptions>),
    /// List the user's machines.
    List,
    /// Describe one of the user's machines.
    Show { machine: String },
    /// Make a machine from a profile.
    Create { profile: String, name: String },
    /// List the profiles.
    Profiles,
}

/// Anachron: a manager of emulated machines, from the first PC on.
#[derive(Debug, Parser)]
#[command(
    name = "anachron",
    version,
    about = "A manager of emulated machines, from the first PC on",
    after_help = AFTER_HELP,
    max_term_width = 100
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command, the library's window opens.

Machines live under the folder that ANACHRON_HOME names, or else under the platform's data folder.
Messages go to stderr; ANACHRON_LOG=debug asks for more of them.";

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = "Run a machine, in a window or headless", long_about = RUN_ABOUT, after_long_help = RUN_AFTER_HELP)]
    Run(Box<RunOptions>),
    /// List your machines
    List,
    /// Describe one of your machines
    Show {
        /// Its name, as `list` gives it, or its folder
        machine: String,
    },
    /// Make a machine from a profile
    Create {
        /// The profile's name, as `profiles` gives it
        profile: String,
        /// The new machine's name
        name: String,
    },
    /// List the profiles that a machine can be made from
    Profiles,
}

const RUN_ABOUT: &str = "\
Run a machine, in a window or headless.

A profile's name runs a fresh machine, of which nothing is kept. A machine's folder is told from it by a path \
separator (`./xt` is a folder, `xt` a profile).";

const RUN_AFTER_HELP: &str = "\
Script:
  --until-screen, --until-serial, --until-debugcon and --type form a script in the order given:
    --until-screen 'A:\\>' --type 'ver\\n' --until-screen FreeCom
  Matches on the serial line and the debug console consume what they matched. A match on the screen
  after a --type waits until the guest has taken all its keys and the screen has changed since.

Exit status:
  0  the last condition was met, or, with none, the guest switched itself off or the window was closed
  1  something failed, or the guest or its user ended before the last condition
  2  wrong usage
  3  --timeout passed first

The screenshot, the text screen and the statistics are written when the run ends, and on SIGTERM.";

/// Reads a command line, its first word being the program's name.
///
/// # Errors
/// Gives the message for the user, which `--help` and `--version` are as well; `exit` on it prints it and ends with
/// the right status.
pub fn parse(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Request, clap::Error> {
    let matches = CommandLine::command().try_get_matches_from(words)?;
    let command_line = CommandLine::from_arg_matches(&matches)?;
    Ok(match command_line.command {
        None => Request::Window,
        Some(Command::Run(options)) => Request::Run(options),
        Some(Command::List) => Request::List,
        Some(Command::Show { machine }) => Request::Show { machine },
        Some(Command::Create { profile, name }) => Request::Create { profile, name },
        Some(Command::Profiles) => Request::Profiles,
    })
}

#[cfg(test)]
mod tests;
