//! The machine that a new user finds.

use crate::library::Library;
use crate::session::media::DEMO_DISK;
use machines::boards;
use machines::profile::{FloppyProfile, Profile};

/// What it is called.
pub const FIRST_MACHINE: &str = "First light";

/// Makes it where there was never a machine. Gives why it cannot be made.
pub fn prepare(library: &Library) -> Option<String> {
    let is_new = std::fs::read_dir(library.home()).map_or(true, |mut entries| entries.next().is_none());
    if !is_new {
        return None;
    }
    library.create(&machine()).err().map(|error| error.to_string())
}

/// A PC XT with the demo in its drive.
pub fn machine() -> Profile {
    let xt = (boards::xt::KIND.profile)();
    let demo = FloppyProfile { image: Some(DEMO_DISK.to_owned()), ..FloppyProfile::default() };
    Profile {
        name: FIRST_MACHINE.to_owned(),
        floppies: vec![demo, FloppyProfile::default()],
        notes: "A PC XT with the demo disk that comes with Anachron.".to_owned(),
        ..xt
    }
}
