//! The XT's firmware at work on the XT's board: what holds must hold for ROM code and for host functions.

use emu_core::hal::storage::{Medium, MemoryMedium};
use emu_core::machine::Machine;
use emu_core::machine::typist::Typist;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::firmware::asm::Program;
use machines::media::hard_disk::geometry_for;
use machines::profile::{CardProfile, Firmware, Profile};
use std::path::PathBuf;

/// An XT under test.
struct Xt {
    machine: Machine,
}

impl Xt {
    fn new(firmware: &Firmware, change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = (boards::xt::KIND.profile)();
        profile.firmware = firmware.clone();
        change(&mut profile);
        Self::with_supplies(&profile, Supplies::default())
    }

    fn with_supplies(profile: &Profile, supplies: Supplies) -> Self {
        let machine = boards::build(profile, &Catalogue::standard(), supplies);
        Self { machine: machine.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// An XT with these images as its hard disks.
    fn with_hard_disks(firmware: &Firmware, images: Vec<Vec<u8>>) -> Self {
        let mut profile = (boards::xt::KIND.profile)();
        profile.firmware = firmware.clone();
        profile.cards.retain(|card| card.device != "xt-hdc");
        profile.cards.push(CardProfile { device: "xt-hdc".to_owned(), options: Default::default() });
        let disks = images.iter().map(|image| geometry_for(image.len() as u64).unwrap()).collect();
        let mut xt = Self::with_supplies(&profile, Supplies { disks, ..Supplies::default() });
        for (slot, image) in images.into_iter().enumerate() {
            xt.machine.insert("hdc", slot, "test", Box::new(MemoryMedium::new(image))).unwrap();
        }
        xt
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

    fn word(&self, at: u64) -> u16 {
        u16::from_le_bytes([self.machine.peek(at), self.machine.peek(at + 1)])
    }

    fn poke(&mut self, at: u64, bytes: &[u8]) {
        for (at, byte) in (at..).zip(bytes) {
            assert!(self.machine.poke(at, *byte));
        }
    }

    fn reg(&self, name: &str) -> u16 {
        self.machine.register(name).unwrap() as u16
    }

    fn set_reg(&mut self, name: &str, value: u16) {
        let id = self.machine.cpu().description().register_named(name).unwrap();
        self.machine.cpu_mut().set_register(id, value.into()).unwrap();
    }

    fn run_millis(&mut self, millis: u64) {
        let end = self.machine.now() + self.machine.cpu_hz() * millis / 1000;
        self.machine.run_until(end);
    }

    /// Calls an interrupt from a little program at 0:4000, which then waits for ever.
    fn call(&mut self, interrupt: u8, registers: &[(&str, u16)]) {
        const PROGRAM: u16 = 0x4000;
        self.poke(PROGRAM.into(), &[0xCD, interrupt, 0xEB, 0xFE]);
        let place = [("CS", 0), ("IP", PROGRAM), ("SS", 0), ("SP", 0x7000), ("DS", 0x40), ("FLAGS", 0xF202)];
        for (name, value) in place.iter().chain(registers) {
            self.set_reg(name, *value);
        }
        let end = self.machine.now() + self.machine.cpu_hz() * 30;
        while (self.reg("CS"), self.reg("IP")) != (0, PROGRAM + 2) {
            assert!(self.machine.now() < end, "INT {interrupt:02X}h does not come back: {registers:X?}");
            let next = self.machine.now() + self.machine.cpu_hz() / 2000;
            self.machine.run_until(next);
        }
    }

    /// Types while nobody takes the keys.
    fn press(&mut self, text: &str) {
        self.call(0x11, &[]);
        let mut typist = Typist::new(text).unwrap();
        for _ in 0..60 {
            typist.advance(&mut self.machine);
            self.run_millis(5);
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

const BOTH: [Firmware; 2] = [Firmware::Rom, Firmware::Host];

fn drive(name: &str) -> impl FnOnce(&mut Profile) {
    let name = name.to_owned();
    move |profile| profile.floppies[0].drive = Some(name)
}

const NO_DISK: &str = "No bootable disk. Insert a boot disk and press any key";

#[test]
fn post_counts_the_memory_and_misses_a_disk() {
    for firmware in &BOTH {
        let mut xt = Xt::new(firmware, |profile| profile.memory_kib = 256);
        xt.wait_for(NO_DISK, 60);
        assert_eq!(xt.screen()[..3], ["Anachron XT BIOS", "", "256 KB OK"]);
        assert_eq!(xt.word(0x413), 256, "the memory size");
    }
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
        for firmware in &BOTH {
            eprintln!("{image} in a {kind} drive, {firmware:?}");
            let mut xt = Xt::new(firmware, drive(kind));
            xt.insert(0, bytes.clone());
            xt.wait_for("A:\\>", 90);
            xt.type_text("ver\\n");
            xt.wait_for("FreeCom version 0.82", 20);
        }
    }
}

#[test]
fn the_demo_disk_shows_its_menu() {
    for firmware in &BOTH {
        let mut xt = Xt::new(firmware, |_| {});
        xt.insert(0, machines::firmware::demo::floppy_image().unwrap());
        xt.wait_for("FIRST LIGHT", 60);
        xt.type_text("4");
        xt.wait_for("What the keyboard says", 10);
        xt.type_text("A{Esc}");
        xt.wait_for("FIRST LIGHT", 10);
    }
}

/// An XT that has passed its self-test and lets its services be called.
fn started(firmware: &Firmware, change: impl FnOnce(&mut Profile)) -> Xt {
    let mut xt = Xt::new(firmware, change);
    xt.wait_for(NO_DISK, 60);
    xt
}

fn with_mda(profile: &mut Profile) {
    profile.cards.retain(|card| card.device != "cga");
    profile.cards.push(CardProfile { device: "mda".to_owned(), options: Default::default() });
}

#[test]
fn both_firmwares_leave_the_same_display() {
    for mode in 0..=7_u16 {
        let mut shown = Vec::new();
        for firmware in &BOTH {
            let mut xt = started(firmware, |profile| {
                if mode == 7 {
                    with_mda(profile)
                }
            });
            let width = if mode < 2 || (4..6).contains(&mode) { 40 } else { 80 };
            let calls: &[[u16; 4]] = &[
                [mode, 0, 0, 0],
                [0x0200, 0, 0, 0x0510], // cursor to row 5, column 16
                [0x0941, 0x0002, 3, 0], // three As
                [0x0200, 0, 0, 0x0700 + width - 1],
                [0x0E62, 0x0001, 0, 0], // wraps
                [0x0E0D, 0, 0, 0],
                [0x0E0A, 0, 0, 0],
                [0x0EC9, 0x0003, 0, 0],
                [0x0E08, 0, 0, 0],
                [0x0601, 0x1700, 0x0204, 0x0A14], // a window up by a line
                [0x0702, 0x5500, 0x0402, 0x0C18], // and down by two
                [0x0200, 0, 0, 0x1800],
                [0x0E0A, 0, 0, 0], // the screen up
                [0x0B00, 0x0004, 0, 0],
                [0x0B00, 0x0101, 0, 0],
            ];
            for &[ax, bx, cx, dx] in calls {
                xt.call(0x10, &[("AX", ax), ("BX", bx), ("CX", cx), ("DX", dx)]);
            }
            if (4..=6).contains(&mode) {
                for (x, y, colour) in [(0, 0, 1), (17, 33, 2), (319, 199, 3), (17, 33, 0x83)] {
                    xt.call(0x10, &[("AX", 0x0C00 | colour), ("CX", x), ("DX", y)]);
                }
                xt.call(0x10, &[("AX", 0x0D00), ("CX", 319), ("DX", 199)]);
                assert_eq!(xt.reg("AX") & 0xFF, if mode == 6 { 1 } else { 3 }, "a dot in mode {mode}");
            }
            xt.call(0x10, &[("AX", 0x0200), ("BX", 0), ("DX", 0x0510)]);
            xt.call(0x10, &[("AX", 0x0800), ("BX", 0)]);
            assert_eq!(xt.reg("AX") & 0xFF, 0x41, "the character in mode {mode}, {firmware:?}");
            xt.call(0x10, &[("AX", 0x0F00)]);
            assert_eq!(xt.reg("AX"), width << 8 | mode);
            let base = if mode == 7 { 0xB_0000 } else { 0xB_8000 };
            let size = if mode == 7 { 0x1000 } else { 0x4000 };
            let memory: Vec<u8> = (base..base + size).map(|at| xt.machine.peek(at)).collect();
            let area: Vec<u8> = (0x449..0x467).map(|at| xt.machine.peek(at)).collect();
            shown.push((memory, area));
        }
        assert!(shown[0].0 == shown[1].0, "the memory differs in mode {mode}");
        assert_eq!(shown[0].1, shown[1].1, "the BIOS data area differs in mode {mode}");
    }
}

#[test]
fn strings_are_written_with_and_without_attributes() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.call(0x10, &[("AX", 3)]);
        xt.poke(0x5000, b"Hi\x1F!\x2E");
        let common = [("BX", 0x0007), ("DX", 0x0302), ("ES", 0), ("BP", 0x5000)];
        let with = |ax, cx| [[("AX", ax), ("CX", cx)].as_slice(), &common].concat();
        xt.call(0x10, &with(0x1301, 2));
        assert_eq!(&xt.screen()[3], "  Hi");
        assert_eq!(xt.word(0x450), 0x0304, "the cursor moves along");
        xt.poke(0x5000, b"A\x1FB\x2E");
        xt.call(0x10, &with(0x1302, 2));
        let cells: Vec<u8> = (0..4).map(|at| xt.machine.peek(0xB_8000 + 3 * 160 + 4 + at)).collect();
        assert_eq!(cells, b"A\x1FB\x2E");
        assert_eq!(xt.word(0x450), 0x0304, "the cursor stays");
    }
}

#[test]
fn keys_wait_in_their_buffer() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.call(0x16, &[("AX", 0x0100)]);
        assert_eq!(xt.reg("FLAGS") & 0x40, 0x40, "no key");
        xt.call(0x16, &[("AX", 0x0500), ("CX", 0x1E61)]);
        assert_eq!(xt.reg("AX") & 0xFF, 0);
        xt.call(0x16, &[("AX", 0x0100)]);
        assert_eq!((xt.reg("FLAGS") & 0x40, xt.reg("AX")), (0, 0x1E61));
        xt.call(0x16, &[("AX", 0x0000)]);
        assert_eq!(xt.reg("AX"), 0x1E61);
        for count in 0..16 {
            xt.call(0x16, &[("AX", 0x0500), ("CX", 0x3042)]);
            assert_eq!(xt.reg("AX") & 0xFF, u16::from(count == 15), "the buffer holds 15 keys");
        }
    }
}

#[test]
fn equipment_memory_and_time() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.call(0x11, &[]);
        assert_eq!(
            xt.reg("AX") & 0x0EFD,
            0x0200 | 0x40 | 0x20 | 0x0D,
            "one COM, two drives, CGA with 80 columns"
        );
        xt.call(0x12, &[]);
        assert_eq!(xt.reg("AX"), 640);
        xt.call(0x1A, &[("AX", 0x0100), ("CX", 0x0018), ("DX", 0x00AE)]);
        xt.run_millis(300);
        xt.call(0x1A, &[("AX", 0)]);
        assert_eq!((xt.reg("AX") & 0xFF, xt.reg("CX")), (1, 0), "midnight has passed");
        xt.call(0x15, &[("AX", 0x8800)]);
        assert_eq!((xt.reg("AX") >> 8, xt.reg("FLAGS") & 1), (0x86, 1));
    }
}

/// A disk whose sectors begin with their number.
fn numbered(sectors: u32) -> Vec<u8> {
    (0..sectors).flat_map(|number| [&number.to_le_bytes()[..], &[0xA5; 508]].concat()).collect()
}

#[test]
fn floppies_are_read_written_and_found_out() {
    for firmware in &BOTH {
        for (kind, sectors, per_track) in
            [("360k", 720, 9), ("1.2m", 720, 9), ("1.2m", 2400, 15), ("1.44m", 2880, 18)]
        {
            let case = format!("{sectors} sectors in a {kind} drive, {firmware:?}");
            let mut xt = started(firmware, drive(kind));
            xt.insert(0, numbered(sectors));
            let at = |ax: u16, cylinder: u16, head: u16, sector: u16| {
                [("AX", ax), ("BX", 0x5000), ("CX", cylinder << 8 | sector), ("DX", head << 8), ("ES", 0)]
            };
            xt.call(0x13, &at(0, 0, 0, 0));
            xt.call(0x13, &at(0x0203, 5, 1, 2));
            if xt.reg("AX") >> 8 == 6 {
                xt.call(0x13, &at(0x0203, 5, 1, 2));
            }
            assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (3, 0), "{case}");
            let first = 11 * per_track + 1;
            assert_eq!(
                [xt.word(0x5000), xt.word(0x5200), xt.word(0x5400)],
                [first, first + 1, first + 2],
                "{case}"
            );
            xt.poke(0x5000, &[0x77; 512]);
            xt.call(0x13, &at(0x0301, 39, 0, 1));
            assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (1, 0), "{case}");
            xt.poke(0x5000, &[0; 512]);
            xt.call(0x13, &at(0x0201, 39, 0, 1));
            assert_eq!(xt.word(0x5000), 0x7777, "{case}");
            xt.call(0x13, &at(0x0401, 1, 0, 1));
            assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (1, 0), "{case}");
            xt.call(0x13, &at(0x0201, 0, 0, 40));
            assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (0x0400, 1), "no such sector, {case}");
            xt.call(0x13, &at(0x0100, 0, 0, 0));
            assert_eq!(xt.reg("AX"), 0x0404, "{case}");
            xt.call(0x13, &[("AX", 0x0201), ("BX", 0xFF00), ("CX", 1), ("DX", 0), ("ES", 0)]);
            assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (0x0900, 1), "64 KB are crossed, {case}");
            xt.call(0x13, &at(0x0800, 0, 0, 0));
            let (last, most, number) = match kind {
                "360k" => (39, 9, 1),
                "1.2m" => (79, 15, 2),
                _ => (79, 18, 4),
            };
            assert_eq!(
                (xt.reg("CX"), xt.reg("DX"), xt.reg("BX")),
                (last << 8 | most, 0x0102, number),
                "{case}"
            );
            xt.call(0x13, &at(0x1500, 0, 0, 0));
            assert_eq!(xt.reg("AX") >> 8, if kind == "360k" { 1 } else { 2 }, "{case}");
        }
    }
}

#[test]
fn an_empty_drive_and_a_protected_disk_say_so() {
    for firmware in &BOTH {
        let mut xt = started(firmware, drive("1.44m"));
        let write = [("AX", 0x0301), ("BX", 0x5000), ("CX", 1), ("DX", 0), ("ES", 0)];
        xt.call(0x13, &write);
        assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (0x8000, 1), "no disk, {firmware:?}");
        let mut medium = MemoryMedium::new(numbered(2880));
        medium.write_protected = true;
        xt.machine.insert("fdc", 0, "test", Box::new(medium)).unwrap();
        xt.call(0x13, &write);
        assert_eq!((xt.reg("AX"), xt.reg("FLAGS") & 1), (0x0300, 1), "write-protected, {firmware:?}");
    }
}

#[test]
fn a_track_can_be_formatted() {
    for firmware in &BOTH {
        let mut xt = started(firmware, drive("360k"));
        xt.insert(0, numbered(720));
        let ids: Vec<u8> = (1..=9).flat_map(|sector| [3, 1, sector, 2]).collect();
        xt.poke(0x5000, &ids);
        xt.call(0x13, &[("AX", 0x0500), ("BX", 0x5000), ("CX", 3 << 8 | 1), ("DX", 0x0100), ("ES", 0)]);
        assert_eq!((xt.reg("AX") >> 8, xt.reg("FLAGS") & 1), (0, 0), "{firmware:?}");
        xt.call(0x13, &[("AX", 0x0209), ("BX", 0x5000), ("CX", 3 << 8 | 1), ("DX", 0x0100), ("ES", 0)]);
        assert_eq!((xt.reg("AX"), xt.word(0x5000), xt.word(0x5000 + 9 * 512 - 2)), (9, 0xF6F6, 0xF6F6));
    }
}

/// Says how it was started.
const BOOT_SECTOR: &str = "
        org 7C00h
        mov si, text
        push cs
        pop ds
        cld
next:   lodsb
        or al, al
        jz next_key
        mov ah, 0Eh
        int 10h
        jmp next
next_key:
        hlt
        jmp next_key
text:   db 'Started from the hard disk', 0
        at 7DFEh, 0
        dw 0AA55h
";

#[test]
fn hard_disks_boot_and_keep_sectors() {
    const TEN_MB: usize = 306 * 4 * 17;
    for firmware in &BOTH {
        let mut first = numbered(TEN_MB as u32);
        let boot = Program::new().source("boot", BOOT_SECTOR).assemble("boot").unwrap();
        first[..512].copy_from_slice(&boot.bytes);
        let mut xt = Xt::with_hard_disks(firmware, vec![first, numbered(615 * 4 * 17)]);
        xt.wait_for("Started from the hard disk", 90);
        let call =
            |ax: u16, cx: u16, dx: u16| [("AX", ax), ("BX", 0x5000), ("CX", cx), ("DX", dx), ("ES", 0)];
        // Cylinder 300 of 306, head 3, sectors 16 and 17.
        xt.call(0x13, &call(0x0202, (300 & 0xFF) << 8 | (300 >> 8) << 6 | 16, 0x0380));
        assert_eq!(xt.reg("FLAGS") & 1, 0, "{firmware:?}, AX {:04X}", xt.reg("AX"));
        let number = (300 * 4 + 3) * 17 + 15;
        assert_eq!([xt.word(0x5000), xt.word(0x5200)], [number, number + 1]);
        xt.poke(0x5000, &[0x33; 512]);
        xt.call(0x13, &call(0x0301, 5 << 8 | 1, 0x0081));
        assert_eq!((xt.reg("AX") >> 8, xt.reg("FLAGS") & 1), (0, 0));
        xt.poke(0x5000, &[0; 512]);
        xt.call(0x13, &call(0x0201, 5 << 8 | 1, 0x0081));
        assert_eq!(xt.word(0x5000), 0x3333);
        xt.call(0x13, &call(0x0800, 0, 0x0080));
        assert_eq!((xt.reg("CX"), xt.reg("DX")), ((305 & 0xFF) << 8 | 0x40 | 17, 0x0302), "{firmware:?}");
        xt.call(0x13, &call(0x1500, 0, 0x0081));
        let sectors = u32::from(xt.reg("CX")) << 16 | u32::from(xt.reg("DX"));
        assert_eq!((xt.reg("AX") >> 8, sectors), (3, 615 * 4 * 17));
        xt.call(0x13, &call(0x0201, 1, 0x0480));
        assert_eq!(xt.reg("FLAGS") & 1, 1, "there is no head 4");
        xt.call(0x13, &call(0x0201, 1, 0x0082));
        assert_eq!((xt.reg("AX") >> 8, xt.reg("FLAGS") & 1), (1, 1), "there is no third disk");
    }
}

/// Scan code and character of each stroke, as IBM's table has them (Technical Reference, "Keyboard Encoding").
#[test]
fn keys_become_characters_and_scan_codes() {
    let mut xt = started(&Firmware::Rom, |_| {});
    let rows = [
        ("a", 0x1E61),
        ("A", 0x1E41),
        ("1", 0x0231),
        ("!", 0x0221),
        ("\\n", 0x1C0D),
        ("\\t", 0x0F09),
        ("{Shift+Tab}", 0x0F00),
        ("{Esc}", 0x011B),
        ("{Bksp}", 0x0E08),
        ("{Ctrl+C}", 0x2E03),
        ("{Ctrl+Bksp}", 0x0E7F),
        ("{Ctrl+Return}", 0x1C0A),
        ("{Ctrl+2}", 0x0300),
        ("{Alt+X}", 0x2D00),
        ("{Alt+1}", 0x7800),
        ("{F1}", 0x3B00),
        ("{Shift+F1}", 0x5400),
        ("{Ctrl+F10}", 0x6700),
        ("{Alt+F10}", 0x7100),
        ("{Up}", 0x4800),
        ("{Home}", 0x4700),
        ("{Ctrl+Home}", 0x7700),
        ("{Ctrl+Left}", 0x7300),
        ("{PgDn}", 0x5100),
        ("{Del}", 0x5300),
        ("{Ins}", 0x5200),
        ("~", 0x297E),
        ("\\\\", 0x2B5C),
        ("|", 0x2B7C),
    ];
    for (typed, want) in rows {
        xt.press(typed);
        xt.call(0x16, &[("AX", 0x0100)]);
        assert_eq!(xt.reg("FLAGS") & 0x40, 0, "no key from {typed}");
        xt.call(0x16, &[("AX", 0)]);
        assert_eq!(xt.reg("AX"), want, "{typed} gives {:04X}", xt.reg("AX"));
        xt.call(0x16, &[("AX", 0x0100)]);
        assert_eq!(xt.reg("FLAGS") & 0x40, 0x40, "one key from {typed}");
    }
    xt.press("{Caps}");
    xt.press("a");
    xt.call(0x16, &[("AX", 0)]);
    assert_eq!(xt.reg("AX"), 0x1E41, "Caps Lock");
    xt.call(0x16, &[("AX", 0x0200)]);
    assert_eq!(xt.reg("AX") & 0x4F, 0x40, "only Caps Lock is on");
}

#[test]
fn ctrl_alt_del_starts_again() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.call(0x10, &[("AX", 3)]);
        assert!(!xt.shows("KB OK"));
        xt.press("{Ctrl+Alt+Del}");
        xt.wait_for(NO_DISK, 30);
    }
}

#[test]
fn the_bell_rings_a_while() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        let before = xt.machine.now();
        xt.call(0x10, &[("AX", 0x0E07)]);
        let millis = (xt.machine.now().0 - before.0) * 1000 / xt.machine.cpu_hz();
        assert!((100..300).contains(&millis), "{millis} ms, {firmware:?}");
        assert_eq!(xt.reg("AX"), 0x0E07);
    }
}

#[test]
fn a_key_that_is_waited_for_arrives() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        // The self-test waits in INT 16h; a key makes it try to boot again.
        xt.type_text("x");
        xt.run_millis(6000);
        assert!(xt.screen().iter().filter(|row| row.contains(NO_DISK)).count() >= 2, "{firmware:?}");
    }
}

#[test]
fn printer_and_serial_port_answer() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.call(0x17, &[("AX", 0x0041), ("DX", 0)]);
        assert_eq!(xt.reg("AX") & 0x29FF, 0x0041, "no error and no time-out, {firmware:?}");
        xt.call(0x14, &[("AX", 0x00E3), ("DX", 0)]);
        assert_eq!(xt.reg("AX") & 0x6000, 0x6000, "the transmitter is empty, {firmware:?}");
        xt.call(0x17, &[("AX", 0x1234), ("DX", 2)]);
        assert_eq!(xt.reg("AX"), 0x1234, "there is no third printer, {firmware:?}");
    }
}

/// A medium whose host fails at some offsets, as a worn disk or a full file system does.
struct BadSpots {
    base: MemoryMedium,
    reads: std::ops::Range<u64>,
    writes: std::ops::Range<u64>,
}

impl BadSpots {
    fn check(bad: &std::ops::Range<u64>, offset: u64, size: usize) -> std::io::Result<()> {
        if offset < bad.end && bad.start < offset + size as u64 {
            return Err(std::io::Error::other("the host fails here"));
        }
        Ok(())
    }
}

impl Medium for BadSpots {
    fn len(&self) -> u64 {
        self.base.len()
    }
    fn is_write_protected(&self) -> bool {
        false
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        Self::check(&self.reads, offset, buffer.len())?;
        self.base.read_at(offset, buffer)
    }
    fn write_at(&mut self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        Self::check(&self.writes, offset, data.len())?;
        self.base.write_at(offset, data)
    }
}

/// A medium of numbered sectors of which the sixth cannot be read, nor the seventh written.
fn worn(sectors: u32) -> Box<BadSpots> {
    let base = MemoryMedium::new(numbered(sectors));
    Box::new(BadSpots { base, reads: 5 * 512..6 * 512, writes: 6 * 512..7 * 512 })
}

/// Reads and writes the fifth to the seventh sector: what fails does so by the BIOS's own status, the user hears of it,
/// and the sectors beside are as good as ever.
fn check_worn(xt: &mut Xt, disk: u16, read_fault: u16, write_fault: u16, firmware: &Firmware) {
    let mut access = |function: u16, sector: u16| {
        let registers = [("AX", function), ("BX", 0x8000), ("CX", sector), ("DX", disk), ("ES", 0)];
        xt.call(0x13, &registers);
        let status = (xt.reg("FLAGS") & 1, xt.reg("AX") >> 8);
        let notices = xt.machine.with_domain(|domain, _| domain.take_notices());
        (status, notices.into_iter().map(|(_, text)| text).collect::<String>())
    };
    let (status, told) = access(0x0201, 6);
    assert_eq!(status, (1, read_fault), "reading from disk {disk:02X}, {firmware:?}");
    assert!(told.contains("cannot be read") && told.contains("the host fails here"), "{told}");
    assert_eq!(access(0x0201, 5), ((0, 0), String::new()), "{firmware:?}");
    let (status, told) = access(0x0301, 7);
    assert_eq!(status, (1, write_fault), "writing to disk {disk:02X}, {firmware:?}");
    assert!(disk >= 0x80 || told.contains("cannot be written") && told.contains("make room"), "{told}");
    assert_eq!(access(0x0301, 8), ((0, 0), String::new()), "{firmware:?}");
    assert_eq!(access(0x0201, 7).0, (0, 0), "{firmware:?}");
}

#[test]
fn a_host_that_fails_beneath_a_disk_is_the_disk_s_fault_to_the_guest() {
    for firmware in &BOTH {
        let mut xt = started(firmware, |_| {});
        xt.machine.insert("fdc", 0, "worn", worn(720)).unwrap();
        xt.call(0x13, &[("AX", 0), ("DX", 0)]);
        // Data error; a fault of the drive is a fault of the controller to a BIOS.
        check_worn(&mut xt, 0, 0x10, 0x20, firmware);

        let mut xt = Xt::with_hard_disks(firmware, vec![numbered(615 * 4 * 17)]);
        xt.wait_for(NO_DISK, 60);
        xt.machine.insert("hdc", 0, "worn", worn(615 * 4 * 17)).unwrap();
        check_worn(&mut xt, 0x80, 0x10, 0x20, firmware);
    }
}
