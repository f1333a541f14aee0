//! Boots an XT from a floppy image and prints what is on its screen after some guest seconds.
use emu_core::hal::storage::MemoryMedium;
use emu_core::time::Cycle;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::profile::Profile;
fn main() {
    let image = std::env::args().nth(1);
    let seconds: u64 = std::env::args().nth(2).map_or(5, |s| s.parse().unwrap());
    let mut profile: Profile = (boards::xt::KIND.profile)();
    let bytes = image.map(|p| std::fs::read(p).unwrap());
    if let Some(b) = &bytes {
        profile.floppies[0].drive = Some(
            match b.len() {
                368640 | 163840 | 327680 | 184320 => "360k",
                737280 => "720k",
                1228800 => "1.2m",
                _ => "1.44m",
            }
            .into(),
        );
    }
    let mut machine = boards::build(&profile, &Catalogue::standard(), Supplies::default()).unwrap();
    if let Some(b) = bytes {
        machine.insert("fdc", 0, "a", Box::new(MemoryMedium::new(b))).unwrap();
    }
    let begun = std::time::Instant::now();
    for _ in 0..seconds {
        machine.run_until(Cycle(machine.now().0 + machine.cpu_hz()));
        let text = machine.view_domain(|d| d.devices().find_map(|(_, _, dev)| dev.text_screen()));
        let c = machine.cpu().counters();
        println!(
            "--- {} pc {} cycles {} instr {} wall {:?}",
            machine.now().0 / machine.cpu_hz(),
            machine.cpu().pc(),
            c.cycles,
            c.instructions,
            begun.elapsed()
        );
        if let Some(t) = text {
            for l in t.to_string().lines().filter(|l| !l.is_empty()) {
                println!("{l}");
            }
        }
    }
    for (_, name, text) in machine.with_domain(|d, _| d.take_notices()).iter().map(|(i, t)| (i, "", t)) {
        println!("{name}{text}");
    }
}
