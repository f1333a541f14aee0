//! How fast an XT computes, without the program around it: runs a floppy image for so many CPU cycles from power-on,
//! and prints the speed and a fingerprint of the state it ends in, so that a faster version shows that it is the same.
//!
//! `cargo run --release -p machines --example xt_speed -- IMAGE CYCLES`

use emu_core::hal::storage::MemoryMedium;
use emu_core::machine::Machine;
use emu_core::time::Cycle;
use machines::boards::{self, Supplies, xt};
use machines::catalogue::Catalogue;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, cycles] = arguments.as_slice() else {
        return Err("say which image, and how many cycles".into());
    };
    let image = std::fs::read(image)?;
    let end = Cycle(cycles.parse()?);
    let mut machine = boards::build(&(xt::KIND.profile)(), &Catalogue::standard(), Supplies::default())?;
    machine.insert("fdc", 0, "image", Box::new(MemoryMedium::new(image)))?;
    let begun = Instant::now();
    machine.run_until(end);
    let seconds = begun.elapsed().as_secs_f64();
    let speed = machine.now().0 as f64 / seconds / 1e6;
    println!("{speed:.1} million cycles a second, fingerprint {:016x}", fingerprint(&machine));
    Ok(())
}

fn fingerprint(machine: &Machine) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", machine.save()).hash(&mut hasher);
    hasher.finish()
}
