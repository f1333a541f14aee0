//! What the tests of the whole XT share.

use emu_core::hal::storage::{Medium, MemoryMedium};
use emu_core::machine::Machine;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::firmware::demo;
use machines::profile::{CardProfile, Firmware, Profile};

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
