//! The XT's firmware at work on the XT's board.

use emu_core::hal::storage::MemoryMedium;
use emu_core::machine::Machine;
use emu_core::machine::typist::Typist;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::profile::Profile;
use std::path::PathBuf;

/// An XT under test.
struct Xt {
    machine: Machine,
}

impl Xt {
    fn new(change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = (boards::xt::KIND.profile)();
        change(&mut profile);
        let machine = boards::build(&profile, &Catalogue::standard(), Supplies::default());
        Self { machine: machine.unwrap_or_else(|error| panic!("{error}")) }
    }

    fn insert(&mut self, slot: usize, image: Vec<u8>) {
        self.machine.insert("fdc", slot, "test", Box::new(MemoryMedium::new(image))).unwrap();
    }

    /// The 25 rows of the text page, without the spaces at their ends.
    fn screen(&self) -> Vec<String> {
        let base = if self.machine.peek(0x449) == 7 { 0xB_0000 } else { 0xB_8000 };
        let columns = u64::from(self.machine.peek(0x44A));
        let start = u64::from(self.machine.peek(0x44E)) + u64::from(self.machine.peek(0x44F)) * 256;
        let row = |row: u64| {
            let cell = |column| self.machine.peek(base + start + (row * columns + column) * 2);
            let text: String =
                (0..columns).map(|c| char::from(cell(c))).map(|c| if c == '\0' { ' ' } else { c }).collect();
            text.trim_end().to_owned()
        };
        (0..25).map(row).collect()
    }

    fn shows(&self, text: &str) -> bool {
        self.screen().iter().any(|row| row.contains(text))
    }

    /// Runs until the screen shows `text`, for so many seconds of the guest at the most.
    fn wait_for(&mut self, text: &str, seconds: u64) {
        let hz = self.machine.cpu_hz();
        let end = self.machine.now() + hz * seconds;
        while !self.shows(text) {
            assert!(self.machine.now() < end, "no {text:?} on the screen:\n{}", self.screen().join("\n"));
            let next = self.machine.now() + hz / 20;
            self.machine.run_until(next);
        }
    }

    fn type_text(&mut self, text: &str) {
        let mut typist = Typist::new(text).unwrap();
        let end = self.machine.now() + self.machine.cpu_hz() * 60;
        while !typist.is_done(&self.machine) {
            assert!(self.machine.now() < end, "the guest takes no keys");
            typist.advance(&mut self.machine);
            let next = self.machine.now() + self.machine.cpu_hz() / 200;
            self.machine.run_until(next);
        }
    }
}

/// A guest's image, or nothing where the shared files are not there.
fn guest(name: &str) -> Option<Vec<u8>> {
    let default = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let shared = std::env::var_os("ANACHRON_SHARED").map_or(default, PathBuf::from);
    let image = std::fs::read(shared.join("guests").join(name)).ok();
    if image.is_none() {
        eprintln!("skipped: {name} is not there");
    }
    image
}

fn drive(name: &str) -> impl FnOnce(&mut Profile) {
    let name = name.to_owned();
    move |profile| profile.floppies[0].drive = Some(name)
}

#[test]
fn post_counts_the_memory_and_misses_a_disk() {
    let mut xt = Xt::new(|profile| profile.memory_kib = 256);
    xt.wait_for("No bootable disk. Insert a boot disk and press any key", 60);
    assert_eq!(xt.screen()[..3], ["Anachron XT BIOS", "", "256 KB OK"]);
    let word = |at| u16::from_le_bytes([xt.machine.peek(at), xt.machine.peek(at + 1)]);
    assert_eq!(word(0x413), 256, "the memory size");
}

#[test]
fn freedos_reaches_its_prompt_from_each_size_of_disk() {
    for (image, kind) in [
        ("freedos-160k.img", "360k"),
        ("freedos-360k.img", "360k"),
        ("freedos-360k.img", "1.2m"),
        ("freedos-720k.img", "720k"),
        ("freedos-720k.img", "1.44m"),
        ("freedos-1200k.img", "1.2m"),
        ("freedos-1440k.img", "1.44m"),
    ] {
        let Some(bytes) = guest(image) else { return };
        eprintln!("{image} in a {kind} drive");
        let mut xt = Xt::new(drive(kind));
        xt.insert(0, bytes);
        xt.wait_for("A:\\>", 90);
        xt.type_text("ver\\n");
        xt.wait_for("FreeCom version 0.82", 20);
    }
}
