//! `anachron run`: a machine from the command line's options, and how its run ends.

mod conditions;
mod headless;
mod results;
mod scripted_run;

use super::{ExitStatus, Machine, RunOptions, Speed};
use crate::gui;
use crate::library::MachineFolder;
use crate::session::SessionOptions;
use anyhow::{Context, bail};
use emu_core::machine::protocol::{self, MediumSpec};
use machines::boards;
use machines::profile::{Firmware, Profile};
use scripted_run::ScriptedRun;
use std::path::Path;

/// Profiles that will come, so that a script's author learns that the name is right.
const LATER_PROFILES: [&str; 6] = ["at-286", "pc-386", "pc-486", "pc-pentium", "pc-440fx", "quadra-800"];

/// Runs a machine without a window.
///
/// # Errors
/// A sentence, when the machine cannot be built or its results cannot be written.
pub fn headless(options: &RunOptions) -> anyhow::Result<ExitStatus> {
    let (profile, session) = prepare(options)?;
    headless::run(&profile, &session, options)
}

/// Runs a machine in a window, which closes when the run is over.
///
/// # Errors
/// As [`headless`], and when there is no display for a window.
pub fn windowed(options: &RunOptions) -> anyhow::Result<ExitStatus> {
    let (profile, session) = prepare(options)?;
    let (companion, outcome) = ScriptedRun::new(options);
    gui::open_with(profile, session, Box::new(companion))?;
    outcome.take()
}

/// The profile and the session that the options ask for.
///
/// # Errors
/// A sentence that names what cannot be.
pub fn prepare(options: &RunOptions) -> anyhow::Result<(Profile, SessionOptions)> {
    let (mut profile, folder) = base(&options.machine)?;
    if options.cpus.is_some_and(|cpus| cpus.get() > 1) {
        bail!("the {} has one CPU; leave --cpus out", profile.board);
    }
    if let Some(model) = &options.cpu {
        use_cpu(&mut profile, model);
    }
    if let Some(engine) = options.engine {
        profile.cpu.engine = engine;
    }
    if let Some(mode) = options.fpu {
        profile.cpu.fpu = mode;
    }
    if let Some(bytes) = options.memory {
        profile.memory_kib = memory_kib(bytes)?;
    }
    if let Some(firmware) = &options.firmware {
        profile.firmware = absolute(firmware)?;
    }
    let session = SessionOptions {
        floppies: options.floppies.iter().map(|path| spec(path, options.disposable)).collect(),
        disks: options.disks.iter().map(|path| spec(path, options.disposable)).collect(),
        debug_console: options.has_debugcon(),
        folder,
        disposable: options.disposable,
        speed: match options.speed() {
            Speed::Real => protocol::Speed::Real,
            Speed::Unlimited => protocol::Speed::Unlimited,
        },
    };
    Ok((profile, session))
}

/// Puts another CPU in, with its own clock where the board's does not decide, and no more memory than it reaches. The one
/// that the machine has stays as it is.
fn use_cpu(profile: &mut Profile, name: &str) {
    if profile.cpu.model == name {
        return;
    }
    name.clone_into(&mut profile.cpu.model);
    let Some(board) = boards::find(&profile.board) else { return };
    let Some((model, freedom)) = board.cpus.iter().find(|cpu| cpu.name == name).zip(board.freedom) else {
        return;
    };
    profile.cpu.clock_hz = model.clock_hz;
    profile.memory_kib = profile.memory_kib.min(freedom.memory_of(model.address_bits));
}

/// What the options name: a fresh machine of a profile, or one of the user's.
fn base(machine: &Machine) -> anyhow::Result<(Profile, Option<MachineFolder>)> {
    match machine {
        Machine::Profile(name) => match boards::find(name) {
            Some(board) => Ok(((board.profile)(), None)),
            None if LATER_PROFILES.contains(&name.as_str()) => {
                bail!(
                    "this version does not have the profile {name} yet; `anachron profiles` lists those it has"
                )
            }
            None => bail!("there is no profile named {name}; `anachron profiles` lists them"),
        },
        Machine::Folder(path) => {
            let folder = MachineFolder(path.clone());
            Ok((folder.profile()?, Some(folder)))
        }
    }
}

fn memory_kib(bytes: u64) -> anyhow::Result<u32> {
    if !bytes.is_multiple_of(1024) {
        bail!("--memory must be a whole number of KB");
    }
    u32::try_from(bytes / 1024).ok().context("--memory is more than any machine takes")
}

/// A ROM file's path on the command line begins in the present folder, not in the machine's.
fn absolute(firmware: &Firmware) -> anyhow::Result<Firmware> {
    let Firmware::File(path) = firmware else { return Ok(firmware.clone()) };
    let whole = std::path::absolute(path).with_context(|| format!("{path} is no path"))?;
    Ok(Firmware::File(whole.to_string_lossy().into_owned()))
}

fn spec(path: &Path, disposable: bool) -> MediumSpec {
    MediumSpec { image: path.to_string_lossy().into_owned(), write_protected: false, disposable }
}
