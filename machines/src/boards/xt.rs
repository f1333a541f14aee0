//! The IBM PC XT system board (IBM Personal Computer XT Technical Reference, 1983): an 8088 at a third of the
//! 14.31818 MHz crystal, 8259A, 8253, 8237A, 8255, 64 to 640 KB, eight slots.
//!
//! Not modelled: the 8087 socket, parity errors, the cassette port of the PC before it.

use super::isa::{Drives, IsaBus};
use super::pc::{self, REGISTERS, SystemRom};
use super::{AssemblyError, BoardKind, CpuClock, CpuModel, Supplies};
use crate::catalogue::Catalogue;
use crate::chips::i8237a::I8237A;
use crate::chips::i8253::I8253;
use crate::chips::i8255::I8255;
use crate::chips::i8259a::I8259A;
use crate::chips::nmi_mask::NmiMask;
use crate::firmware::xt::RomBoard;
use crate::profile::{CpuProfile, Engine, Firmware, FloppyProfile, Profile, SoundProfile};
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::DeviceId;
use emu_core::board::domain::CpuPin;
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{Machine, MachineParts};
use emu_core::mem::{ByteOrder, Mapping, PhysMem};
use emu_core::time::Clock;

pub use super::pc::TICK_HZ;

/// The XT decodes ten address lines for ports.
const PORT_LINES: u32 = 10;
/// A user's ROM is at most this large, and a multiple of that.
const MAX_ROM: usize = 256 * 1024;
const ROM_GRAIN: usize = 1024;

const FIRST_GENERATION: &str = "First generation (1978): 16 bits, segments, 1 MB";
const STRICT: &[Engine] = &[Engine::Strict];

/// What may be chosen for it.
pub const KIND: BoardKind = BoardKind {
    name: "xt",
    label: "PC XT",
    year: 1983,
    purpose: "office PC",
    help: "The machine that DOS grew up on: an 8088, two floppy drives, colour or monochrome text.",
    runs: &["DOS", "ELKS", "CP/M-86"],
    cpus: &[
        CpuModel {
            name: "8088",
            label: "Intel 8088",
            generation: FIRST_GENERATION,
            help: "16 bits inside, 8 outside: the original, exact to the bus cycle",
            address_bits: 20,
            clock_hz: TICK_HZ / 3,
            engines: STRICT,
            has_fpu: false,
        },
        CpuModel {
            name: "8086",
            label: "Intel 8086",
            generation: FIRST_GENERATION,
            help: "The same with a 16-bit bus and a longer queue: a third faster",
            address_bits: 20,
            clock_hz: TICK_HZ / 3,
            engines: STRICT,
            has_fpu: false,
        },
    ],
    clocks: &[
        CpuClock { hz: TICK_HZ / 3, label: "4.77 MHz" },
        CpuClock { hz: TICK_HZ / 2, label: "7.16 MHz (turbo)" },
    ],
    memory_steps: &[64, 128, 192, 256, 320, 384, 448, 512, 576, 640],
    freedom: None,
    floppy_drives: 2,
    disks: 2,
    profile,
    build,
};

/// The machine that an office would have bought, with colour.
fn profile() -> Profile {
    Profile {
        name: "PC XT".to_owned(),
        board: KIND.name.to_owned(),
        cpu: CpuProfile::of("8088", TICK_HZ / 3, Engine::Strict),
        memory_kib: 640,
        firmware: Firmware::Rom,
        cards: ["cga", "fdc", "com1", "lpt1", "game-port"].map(pc::card).to_vec(),
        floppies: vec![FloppyProfile::default(), FloppyProfile::default()],
        disks: Vec::new(),
        sound: SoundProfile::default(),
        caches: None,
        tags: Vec::new(),
        notes: String::new(),
    }
}

/// The chips that cards and the processor are wired to.
struct SystemBoard {
    pic: DeviceId,
    dmac: DeviceId,
    keyboard: DeviceId,
    ppi: DeviceId,
}

fn build(profile: &Profile, catalogue: &Catalogue, supplies: Supplies) -> Result<Machine, AssemblyError> {
    let mut board = BoardBuilder::new(PORT_LINES);
    let ticks = ticks_per_cycle(profile);
    let system = system_board(&mut board, ticks);
    let drives = Drives { floppies: pc::drive_kinds(profile), disks: supplies.disks.clone() };
    let mut isa = IsaBus::new(&mut board, TICK_HZ, system.pic, system.dmac, drives);
    pc::plug_cards(&mut isa, profile, catalogue)?;
    let (roms, monitor) = (std::mem::take(&mut isa.roms), isa.monitor);
    pc::add_switches(&mut board, system.ppi, pc::switches(profile, monitor));
    pc::add_doors(&mut board, profile, &supplies);
    let domain = board.build(supplies.hal)?;
    let system_rom = pc::system_rom(profile, RomBoard::Xt, supplies.rom_file, check_rom)?;
    let memory = memory(profile, &system_rom, &roms)?;
    let timing = BusTiming { memory_waits: 0, io_waits: 1 };
    let bus = SystemBus::new(domain, memory, Clock::divided_by(ticks), timing);
    let variant = if profile.cpu.model == "8086" { Variant::I8086 } else { Variant::I8088 };
    Ok(Machine::new(MachineParts {
        cpu: Box::new(I8086::new(variant)),
        bus,
        services: system_rom.services,
        keyboard: Some(system.keyboard),
        restarts: false,
        tick_hz: TICK_HZ,
        cpu_hz: TICK_HZ / ticks,
    }))
}

/// Ticks of the crystal in a cycle of the processor.
fn ticks_per_cycle(profile: &Profile) -> u64 {
    (TICK_HZ / profile.cpu.clock_hz.max(1)).clamp(1, 3)
}

/// The system board's own chips (Technical Reference, "System Board" data flow and logic diagrams).
fn system_board(board: &mut BoardBuilder, ticks: u64) -> SystemBoard {
    let pic = board.add("pic", I8259A::primary());
    let pc::Peripherals { pit, ppi, keyboard } =
        pc::peripherals(board, pic, I8253::new(Clock::divided_by(pc::PIT_TICKS)));
    let dmac = board.add("dmac", dma_controller(ticks));
    let nmi_mask = board.add("nmi-mask", NmiMask::default());

    // A 74LS138 selects them by A5 to A7, so that each repeats through its 32 ports; the last one's upper half is
    // left to the door of host firmware.
    board
        .io(0x00..=0x1F, dmac, REGISTERS)
        .io(0x20..=0x3F, pic, REGISTERS)
        .io(0x40..=0x5F, pit, REGISTERS)
        .io(0x60..=0x7F, ppi, I8255::REGION)
        .io(0x80..=0x9F, dmac, I8237A::PAGE_REGION)
        .io(0xA0..=0xAF, nmi_mask, NmiMask::REGION);

    board
        .interrupt_controller(pic)
        .wire_to_cpu((pic, I8259A::INT), CpuPin::Interrupt)
        .wire_to_cpu((nmi_mask, NmiMask::NMI), CpuPin::NonMaskableInterrupt)
        .wire_to_cpu((dmac, I8237A::HRQ), CpuPin::Hold(dmac))
        .wire((pit, I8253::out(1)), (dmac, I8237A::dreq(0)));
    SystemBoard { pic, dmac, keyboard, ppi }
}

/// The DMA controller runs at the processor's clock; the board adds a wait state to each cycle but the refresh,
/// whose requests it remembers in a flip-flop.
fn dma_controller(ticks: u64) -> I8237A {
    let dmac = I8237A::new(Clock::divided_by(ticks)).with_request_latch(0);
    (1..4).fold(dmac, |dmac, channel| dmac.with_wait_states(channel, 1))
}

/// Whether a user's ROM can be this machine's.
fn check_rom(name: &str, size: usize) -> Result<(), String> {
    if size == 0 || size > MAX_ROM || !size.is_multiple_of(ROM_GRAIN) {
        return Err(format!(
            "The ROM image {name} has {size} bytes; an XT takes a whole number of KB, up to 256 KB"
        ));
    }
    Ok(())
}

/// RAM from the bottom, the system ROM at the top of the first megabyte, option ROMs between.
fn memory(
    profile: &Profile,
    system: &SystemRom,
    option_roms: &[(u32, Vec<u8>)],
) -> Result<PhysMem, AssemblyError> {
    let mut memory = PhysMem::new(ByteOrder::Little);
    memory.map(Mapping::ram(0, &pc::block(u64::from(profile.memory_kib) * 1024)?))?;
    for (base, bytes) in option_roms {
        memory.map(Mapping::rom(u64::from(*base), &pc::rom_block(bytes)?))?;
    }
    let rom = pc::rom_block(&system.bytes)?;
    memory.map(Mapping::rom(pc::FIRST_MEGABYTE - rom.size(), &rom))?;
    Ok(memory)
}
