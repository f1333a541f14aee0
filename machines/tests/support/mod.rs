//! What the tests of whole machines share.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod bench;

use emu_core::hal::storage::{Medium, MemoryMedium};
use emu_core::machine::Machine;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::firmware::demo;
use machines::profile::{CardProfile, Firmware, Profile};
use std::path::PathBuf;

/// A file of what the project's developers share, which lies beside the repository or where `ANACHRON_SHARED` says.
pub fn shared(name: &str) -> PathBuf {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").into();
    std::env::var_os("ANACHRON_SHARED").map_or_else(beside, PathBuf::from).join(name)
}

/// A plain board with this processor and a debug console.
pub fn bare(cpu: &str, memory_mib: u32, change: impl FnOnce(&mut Profile)) -> Machine {
    let mut profile = (boards::bare::KIND.profile)();
    cpu.clone_into(&mut profile.cpu.model);
    profile.memory_kib = memory_mib * 1024;
    change(&mut profile);
    let supplies = Supplies { debug_console: true, ..Supplies::default() };
    boards::build(&profile, &Catalogue::standard(), supplies).unwrap_or_else(|error| panic!("{error}"))
}

pub fn demo_disk() -> Box<dyn Medium> {
    Box::new(MemoryMedium::new(demo::floppy_image().expect("the demo assembles")))
}

/// An XT with every card that fits beside one another, and the demo in A:.
pub fn xt(firmware: Firmware) -> Machine {
    let mut profile: Profile = (boards::xt::KIND.profile)();
    profile.firmware = firmware;
    for device in ["mda", "com2", "xt-hdc"] {
        profile.cards.push(CardProfile { device: device.to_owned(), options: Default::default() });
    }
    let mut machine = boards::build(&profile, &Catalogue::standard(), Supplies::default()).unwrap();
    machine.insert("fdc", 0, "demo", demo_disk()).unwrap();
    machine
}
