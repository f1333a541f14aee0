//! A profile in a user's words.

use super::settings::Page;
use crate::session::media::DEMO_DISK;
use machines::boards::{self, BoardKind};
use machines::catalogue::{Catalogue, Category};
use machines::profile::{Firmware, Profile};
use std::path::Path;

/// One line for a card: "8088 · 640 KB · CGA".
pub fn fact_line(profile: &Profile) -> String {
    let mut facts = vec![profile.cpu.model.clone(), memory(profile)];
    let catalogue = Catalogue::standard();
    let displays = profile.cards.iter().filter_map(|card| catalogue.find(&card.device));
    facts.extend(
        displays.filter(|kind| kind.category == Category::Display).map(|kind| kind.name.to_uppercase()),
    );
    facts.join(" · ")
}

/// Something that a machine is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub what: String,
    pub value: String,
    /// Where it is changed.
    pub page: Page,
}

/// What a machine is made of.
pub fn facts(profile: &Profile) -> Vec<Fact> {
    let board = boards::find(&profile.board);
    let kind = board.map_or(profile.board.clone(), |board| format!("{} ({})", board.label, board.year));
    let fact = |what: &str, value: String, page: Page| Fact { what: what.to_owned(), value, page };
    let mut facts = vec![
        fact("Board", kind, Page::General),
        fact("CPU", cpu(profile, board), Page::Cpu),
        fact("Memory", memory(profile), Page::Memory),
        fact("Firmware", firmware(&profile.firmware), Page::Firmware),
    ];
    let catalogue = Catalogue::standard();
    let label = |device: &str| catalogue.find(device).map_or(device.to_owned(), |kind| kind.label.to_owned());
    let cards: Vec<_> = profile.cards.iter().map(|card| label(&card.device)).collect();
    facts.push(fact("Cards", cards.join(", "), Page::Cards));
    for (letter, floppy) in ('A'..).zip(&profile.floppies) {
        let image = floppy.image.as_deref().map_or("empty".to_owned(), image_name);
        facts.push(fact(&format!("Drive {letter}:"), image, Page::Floppies));
    }
    for (number, disk) in (1..).zip(&profile.disks) {
        facts.push(fact(&format!("Hard disk {number}"), image_name(&disk.image), Page::Disks));
    }
    facts
}

fn cpu(profile: &Profile, board: Option<&BoardKind>) -> String {
    let model = board.and_then(|board| board.cpus.iter().find(|cpu| cpu.name == profile.cpu.model));
    let label = model.map_or(profile.cpu.model.as_str(), |cpu| cpu.label);
    format!("{label} at {}", clock(profile.cpu.clock_hz))
}

/// "4.77 MHz".
pub fn clock(hz: u64) -> String {
    format!("{:.2} MHz", hz as f64 / 1e6)
}

fn memory(profile: &Profile) -> String {
    match profile.memory_kib {
        kib if kib >= 1024 && kib.is_multiple_of(1024) => format!("{} MB", kib / 1024),
        kib => format!("{kib} KB"),
    }
}

fn firmware(firmware: &Firmware) -> String {
    match firmware {
        Firmware::Rom => "Anachron's own, as ROM code".to_owned(),
        Firmware::Host => "Anachron's own, as host functions".to_owned(),
        Firmware::File(path) => image_name(path),
    }
}

/// An image's name without its folder.
pub fn image_name(image: &str) -> String {
    if image == DEMO_DISK {
        return "First Light (demo)".to_owned();
    }
    Path::new(image).file_name().map_or(image.to_owned(), |name| name.to_string_lossy().into_owned())
}
