//! The boards that this program knows, each with what may be chosen for it.

pub mod bare;
pub mod isa;
mod pc;
pub mod xt;

use crate::catalogue::Catalogue;
use crate::media::hard_disk::Geometry;
use crate::profile::{Engine, Profile};
use emu_core::board::builder::BuildError;
use emu_core::hal::Hal;
use emu_core::machine::Machine;

/// A processor that a board takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuModel {
    /// What a profile and the command line call it.
    pub name: &'static str,
    pub label: &'static str,
    /// Of which parts it is one: "8086, 1978".
    pub generation: &'static str,
    /// What it adds, in a line.
    pub help: &'static str,
    /// Bits of its addresses.
    pub address_bits: u8,
    /// The clock that a machine gets with it.
    pub clock_hz: u64,
    pub engines: &'static [Engine],
    pub has_fpu: bool,
}

/// A clock that a board's processor may run at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuClock {
    pub hz: u64,
    pub label: &'static str,
}

/// A board that no factory has made takes more than a list of clocks and memory sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freedom {
    /// The slowest and the fastest clock, in Hz.
    pub clocks: (u64, u64),
    /// Memory is a multiple of this, in KiB, up to the last of [`BoardKind::memory_steps`].
    pub memory_grain: u32,
    /// What processors of 24 address lines reach, in KiB.
    pub memory_of_24_lines: u32,
}

impl Freedom {
    /// What a processor with so many address lines reaches, in KiB.
    pub const fn memory_of(&self, address_bits: u8) -> u32 {
        match address_bits {
            0..=20 => 1024,
            21..=24 => self.memory_of_24_lines,
            _ => u32::MAX,
        }
    }
}

/// A kind of board.
#[derive(Clone, Copy)]
pub struct BoardKind {
    /// What a profile calls it.
    pub name: &'static str,
    pub label: &'static str,
    pub year: u16,
    /// What it was bought for: "office PC".
    pub purpose: &'static str,
    pub help: &'static str,
    /// What runs on it, for the wizard's filter.
    pub runs: &'static [&'static str],
    pub cpus: &'static [CpuModel],
    pub clocks: &'static [CpuClock],
    /// In KiB, ascending.
    pub memory_steps: &'static [u32],
    /// What goes beyond those lists.
    pub freedom: Option<Freedom>,
    pub floppy_drives: usize,
    pub disks: usize,
    /// The machine that the era would have chosen.
    pub profile: fn() -> Profile,
    pub build: fn(&Profile, &Catalogue, Supplies) -> Result<Machine, AssemblyError>,
}

/// What the host provides for a machine.
#[derive(Default)]
pub struct Supplies {
    pub hal: Hal,
    /// The content of a user's ROM file, where the profile names one.
    pub rom_file: Option<Vec<u8>>,
    /// What the hard disks in the machine look like, in their order.
    pub disks: Vec<Geometry>,
    /// Bytes that go to port E9h are wanted.
    pub debug_console: bool,
}

/// Why a machine cannot be built from its profile.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    #[error("There is no board named \u{201c}{0}\u{201d}; choose one of: {1}")]
    NoSuchBoard(String, String),
    #[error("{0}")]
    Profile(String),
    #[error("{0}")]
    Mount(#[from] crate::catalogue::MountError),
    #[error("{0}")]
    Wiring(#[from] BuildError),
    #[error("The memory cannot be had from this computer: {0}")]
    Memory(String),
    #[error("{0}")]
    Map(#[from] emu_core::mem::MapError),
    #[error("{0}")]
    Firmware(String),
}

/// All boards that a user chooses among, oldest first; the one that no factory has made is the last.
pub const BOARDS: &[BoardKind] = &[xt::KIND, bare::KIND];

/// The board of this name.
pub fn find(name: &str) -> Option<&'static BoardKind> {
    BOARDS.iter().find(|board| board.name == name)
}

/// Builds the machine of a profile.
///
/// # Errors
/// The first reason why it cannot be, as a sentence.
pub fn build(profile: &Profile, catalogue: &Catalogue, supplies: Supplies) -> Result<Machine, AssemblyError> {
    let board = find(&profile.board).ok_or_else(|| {
        let names: Vec<_> = BOARDS.iter().map(|b| b.name).collect();
        AssemblyError::NoSuchBoard(profile.board.clone(), names.join(", "))
    })?;
    if let Some(conflict) = crate::profile::check(profile, catalogue).into_iter().next() {
        return Err(AssemblyError::Profile(conflict.message));
    }
    (board.build)(profile, catalogue, supplies)
}
