//! `list`, `show`, `create` and `profiles`: the library on the command line. Each prints one machine or fact a line,
//! words first, so that scripts can cut it.

use crate::home;
use crate::library::{Library, MachineEntry, MachineFolder};
use anyhow::{Context, bail};
use emu_core::cpu::FpuMode;
use machines::boards::{self, BOARDS};
use machines::fpu;
use machines::profile::{Firmware, Profile};
use std::fmt::Write;

/// The user's library.
///
/// # Errors
/// When the system knows no home of its user.
pub fn library() -> anyhow::Result<Library> {
    let home = home::folder().with_context(|| {
        format!("this system names no home for your machines; set {} to a folder", home::VARIABLE)
    })?;
    Ok(Library::new(home))
}

/// `list`: a machine a line: its folder, its state, its name.
///
/// # Errors
/// When the library cannot be read.
pub fn list(library: &Library) -> anyhow::Result<String> {
    let mut text = String::new();
    for MachineEntry { folder, profile } in library.machines()? {
        let state = if folder.is_suspended() { "suspended" } else { "off" };
        match profile {
            Ok(profile) => writeln!(text, "{}\t{state}\t{}", folder.name(), profile.name)?,
            Err(error) => writeln!(text, "{}\tbroken\t{error}", folder.name())?,
        }
    }
    Ok(text)
}

/// `show`: what a machine is made of.
///
/// # Errors
/// When there is no such machine, or its file cannot be read.
pub fn show(library: &Library, machine: &str) -> anyhow::Result<String> {
    let folder = if machine.contains(std::path::is_separator) {
        MachineFolder(machine.into())
    } else {
        library.find(machine)?.folder
    };
    let profile = folder.profile()?;
    Ok(describe(&folder, &profile)?)
}

fn describe(folder: &MachineFolder, profile: &Profile) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let board = boards::find(&profile.board).map_or(profile.board.as_str(), |board| board.label);
    writeln!(text, "name\t{}", profile.name)?;
    writeln!(text, "folder\t{}", folder.0.display())?;
    writeln!(text, "board\t{board}")?;
    writeln!(text, "cpu\t{} at {:.2} MHz", profile.cpu.model, profile.cpu.clock_hz as f64 / 1e6)?;
    writeln!(text, "engine\t{:?}", profile.cpu.engine)?;
    if profile.cpu.fpu != FpuMode::default() {
        writeln!(text, "floating point\t{}", fpu::describe(profile.cpu.fpu).label)?;
    }
    writeln!(text, "memory\t{} KB", profile.memory_kib)?;
    writeln!(text, "firmware\t{}", firmware(&profile.firmware))?;
    for card in &profile.cards {
        writeln!(text, "card\t{}", card.device)?;
    }
    for (letter, floppy) in ('A'..).zip(&profile.floppies) {
        writeln!(text, "floppy {letter}:\t{}", floppy.image.as_deref().unwrap_or("empty"))?;
    }
    for disk in &profile.disks {
        writeln!(text, "disk\t{}", disk.image)?;
    }
    Ok(text)
}

fn firmware(firmware: &Firmware) -> String {
    match firmware {
        Firmware::Rom => "ROM code".to_owned(),
        Firmware::Host => "host functions".to_owned(),
        Firmware::File(path) => path.clone(),
    }
}

/// `create`: a machine from a profile. Gives the words to print: its folder.
///
/// # Errors
/// When there is no such profile, or the machine cannot be written.
pub fn create(library: &Library, profile: &str, name: &str) -> anyhow::Result<String> {
    let Some(board) = boards::find(profile) else {
        bail!("there is no profile named {profile}; `anachron profiles` lists them");
    };
    let profile = Profile { name: name.to_owned(), ..(board.profile)() };
    let folder = library.create(&profile)?;
    Ok(format!("{}\n", folder.0.display()))
}

/// `profiles`: a profile a line: its name, its year, what it is.
pub fn profiles() -> String {
    BOARDS
        .iter()
        .map(|board| format!("{}\t{}\t{} ({})\n", board.name, board.year, board.label, board.purpose))
        .collect()
}
