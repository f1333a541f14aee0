//! The IBM PC XT system board (IBM Personal Computer XT Technical Reference, 1983): an 8088 at a third of the
//! 14.31818 MHz crystal, 8259A, 8253, 8237A, 8255, 64 to 640 KB, eight slots.
//!
//! Not modelled: the 8087 socket, parity errors, the cassette port of the PC before it.

use super::isa::{Drives, IsaBus, MonitorSwitch};
use super::{AssemblyError, BoardKind, CpuClock, CpuModel, Supplies};
use crate::catalogue::{Catalogue, Options};
use crate::chips::debug_console::DebugConsole;
use crate::chips::host_call::HostCall;
use crate::chips::i8237a::I8237A;
use crate::chips::i8253::I8253;
use crate::chips::i8255::{I8255, Port};
use crate::chips::i8259a::I8259A;
use crate::chips::keyboard_xt::KeyboardXt;
use crate::chips::nmi_mask::NmiMask;
use crate::chips::speaker::Speaker;
use crate::chips::switch_bank::SwitchBank;
use crate::chips::upd765::DriveKind;
use crate::firmware::host::HostFirmware;
use crate::firmware::xt::{self as firmware, FloppyDrive, XtRomConfig};
use crate::profile::{CardProfile, CpuProfile, Engine, Firmware, FloppyProfile, Profile, SoundProfile};
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::{DeviceId, RegionId};
use emu_core::board::domain::CpuPin;
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{HostServices, Machine, MachineParts};
use emu_core::mem::{ByteOrder, Mapping, NodeId, PhysMem, RamBlock};
use emu_core::time::Clock;
use std::sync::Arc;

/// The board's crystal; its period is the tick.
pub const TICK_HZ: u64 = 14_318_180;
/// Ticks of a cycle of the 8253 (1.193182 MHz).
const PIT_TICKS: u64 = 12;
/// The XT decodes ten address lines for ports.
const PORT_LINES: u32 = 10;
/// Where the ROM sockets end: the first megabyte.
const ROM_END: u32 = 0x10_0000;
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
            engines: STRICT,
        },
        CpuModel {
            name: "8086",
            label: "Intel 8086",
            generation: FIRST_GENERATION,
            help: "The same with a 16-bit bus and a longer queue: a third faster",
            address_bits: 20,
            engines: STRICT,
        },
    ],
    clocks: &[
        CpuClock { hz: TICK_HZ / 3, label: "4.77 MHz" },
        CpuClock { hz: TICK_HZ / 2, label: "7.16 MHz (turbo)" },
    ],
    memory_steps: &[64, 128, 192, 256, 320, 384, 448, 512, 576, 640],
    floppy_drives: 2,
    disks: 2,
    profile,
    build,
};

/// The machine that an office would have bought, with colour.
fn profile() -> Profile {
    let card = |device: &str| CardProfile { device: device.to_owned(), options: Options::new() };
    Profile {
        name: "PC XT".to_owned(),
        board: KIND.name.to_owned(),
        cpu: CpuProfile { model: "8088".to_owned(), clock_hz: TICK_HZ / 3, engine: Engine::Strict },
        memory_kib: 640,
        firmware: Firmware::Rom,
        cards: ["cga", "fdc", "com1", "lpt1", "game-port"].map(card).to_vec(),
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
    let floppies: Vec<_> = profile.floppies.iter().map(drive_kind).collect();
    let drives = Drives { floppies: floppies.clone(), disks: supplies.disks.clone() };
    let mut isa = IsaBus::new(&mut board, TICK_HZ, system.pic, system.dmac, drives);
    for card in &profile.cards {
        let kind = catalogue.find(&card.device).ok_or_else(|| {
            AssemblyError::Profile(format!(
                "This Anachron knows no card named \u{201c}{}\u{201d}",
                card.device
            ))
        })?;
        (kind.mount)(&mut isa, &kind.complete(&card.options)?)?;
    }
    let (roms, monitor) = (std::mem::take(&mut isa.roms), isa.monitor);
    add_switches(&mut board, &system, switches(profile, monitor));
    add_doors(&mut board, profile, &supplies);
    let domain = board.build(supplies.hal)?;
    let system_rom = system_rom(profile, &floppies, supplies.rom_file)?;
    let memory = memory(profile, &system_rom, roms)?;
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
    let timer = I8253::new(Clock::divided_by(PIT_TICKS)).with_rising_edges_only(1).with_driven_gate(2);
    let pit = board.add("pit", timer);
    let dmac = board.add("dmac", dma_controller(ticks));
    let ppi = board.add("ppi", I8255::default());
    let keyboard = board.add("keyboard", KeyboardXt::new(TICK_HZ));
    let speaker = board.add("speaker", Speaker::default());
    let nmi_mask = board.add("nmi-mask", NmiMask::default());

    // A 74LS138 selects them by A5 to A7, so that each repeats through its 32 ports; the last one's upper half is
    // left to the door of host firmware.
    board
        .io(0x00..=0x1F, dmac, RegionId(0))
        .io(0x20..=0x3F, pic, RegionId(0))
        .io(0x40..=0x5F, pit, RegionId(0))
        .io(0x60..=0x7F, ppi, I8255::REGION)
        .io(0x80..=0x9F, dmac, I8237A::PAGE_REGION)
        .io(0xA0..=0xAF, nmi_mask, NmiMask::REGION);

    board
        .interrupt_controller(pic)
        .wire_to_cpu((pic, I8259A::INT), CpuPin::Interrupt)
        .wire_to_cpu((nmi_mask, NmiMask::NMI), CpuPin::NonMaskableInterrupt)
        .wire_to_cpu((dmac, I8237A::HRQ), CpuPin::Hold(dmac))
        .wire((pit, I8253::out(0)), (pic, I8259A::ir(0)))
        .wire((pit, I8253::out(1)), (dmac, I8237A::dreq(0)))
        .wire((pit, I8253::out(2)), (speaker, Speaker::TIMER))
        .wire((pit, I8253::out(2)), (ppi, I8255::pin(Port::C, 5)))
        .wire((ppi, I8255::out(Port::B, 0)), (pit, I8253::gate(2)))
        .wire((ppi, I8255::out(Port::B, 1)), (speaker, Speaker::DATA))
        .wire((ppi, I8255::out(Port::B, 6)), (keyboard, KeyboardXt::CLOCK))
        .wire((ppi, I8255::out(Port::B, 7)), (keyboard, KeyboardXt::CLEAR))
        .wire((keyboard, KeyboardXt::IRQ), (pic, I8259A::ir(1)));
    for bit in 0..8 {
        board.wire((keyboard, KeyboardXt::data(bit)), (ppi, I8255::pin(Port::A, bit)));
    }
    SystemBoard { pic, dmac, keyboard, ppi }
}

/// The DMA controller runs at the processor's clock; the board adds a wait state to each cycle but the refresh,
/// whose requests it remembers in a flip-flop.
fn dma_controller(ticks: u64) -> I8237A {
    let dmac = I8237A::new(Clock::divided_by(ticks)).with_request_latch(0);
    (1..4).fold(dmac, |dmac, channel| dmac.with_wait_states(channel, 1))
}

fn add_switches(board: &mut BoardBuilder, system: &SystemBoard, switches: u8) {
    let bank = board.add("sw1", SwitchBank::new(switches));
    board.wire((system.ppi, I8255::out(Port::B, 3)), (bank, SwitchBank::SELECT));
    for bit in 0..4 {
        board.wire((bank, SwitchBank::q(bit)), (system.ppi, I8255::pin(Port::C, bit)));
    }
}

/// What a machine has only when it is asked for.
fn add_doors(board: &mut BoardBuilder, profile: &Profile, supplies: &Supplies) {
    if profile.firmware == Firmware::Host {
        let door = board.add("host-call", HostCall);
        board.io(firmware::HOST_CALL_PORT..=firmware::HOST_CALL_PORT, door, HostCall::REGION);
    }
    if supplies.debug_console {
        let console = board.add("debugcon", DebugConsole);
        board.io(0xE9..=0xE9, console, DebugConsole::REGION);
    }
}

/// SW1 (Technical Reference, "System Board Switch Settings"): 1 normal POST, 2 no 8087, 3–4 all memory banks
/// in, 5–6 the monitor, 7–8 the number of drives.
fn switches(profile: &Profile, monitor: MonitorSwitch) -> u8 {
    let monitor = match monitor {
        MonitorSwitch::None => 0b00,
        MonitorSwitch::Color40 => 0b01,
        MonitorSwitch::Color80 => 0b10,
        MonitorSwitch::Monochrome => 0b11,
    };
    let drives = profile.floppies.len().saturating_sub(1).min(3) as u8;
    0b0000_1101 | monitor << 4 | drives << 6
}

/// The type of a drive, for the disk that it is to take.
fn drive_kind(floppy: &FloppyProfile) -> DriveKind {
    let named = floppy
        .drive
        .as_deref()
        .and_then(|name| DriveKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)));
    named.unwrap_or(DriveKind::Dd360K)
}

/// A ROM: where it begins, and its bytes.
type Rom = (u32, Vec<u8>);

/// The system ROM, and those of its services that are functions of the host.
struct SystemRom {
    rom: Rom,
    services: Option<Box<dyn HostServices>>,
}

fn system_rom(
    profile: &Profile,
    drives: &[DriveKind],
    file: Option<Vec<u8>>,
) -> Result<SystemRom, AssemblyError> {
    match &profile.firmware {
        Firmware::Rom => our_rom(drives, false),
        Firmware::Host => our_rom(drives, true),
        Firmware::File(name) => {
            Ok(SystemRom { rom: users_rom(name, file.unwrap_or_default())?, services: None })
        }
    }
}

fn our_rom(drives: &[DriveKind], is_host: bool) -> Result<SystemRom, AssemblyError> {
    let drive = |at: usize| match drives.get(at) {
        None => FloppyDrive::None,
        Some(DriveKind::Dd360K) => FloppyDrive::Kb360,
        Some(DriveKind::Hd1200K) => FloppyDrive::Mb1_2,
        Some(DriveKind::Dd720K) => FloppyDrive::Kb720,
        Some(DriveKind::Hd1440K) => FloppyDrive::Mb1_44,
    };
    let config = XtRomConfig { floppies: [drive(0), drive(1)], is_host };
    let image = firmware::build(&config).map_err(|error| AssemblyError::Firmware(error.to_string()))?;
    let services = is_host.then(|| Box::new(HostFirmware::new(&image.labels)) as Box<dyn HostServices>);
    Ok(SystemRom { rom: (image.base, image.bytes), services })
}

/// A user's ROM ends at the top of the first megabyte.
fn users_rom(name: &str, bytes: Vec<u8>) -> Result<Rom, AssemblyError> {
    let size = bytes.len();
    if size == 0 || size > MAX_ROM || !size.is_multiple_of(ROM_GRAIN) {
        return Err(AssemblyError::Firmware(format!(
            "The ROM image {name} has {size} bytes; an XT takes a whole number of KB, up to 256 KB"
        )));
    }
    Ok((ROM_END - size as u32, bytes))
}

fn memory(profile: &Profile, system_rom: &SystemRom, roms: Vec<Rom>) -> Result<PhysMem, AssemblyError> {
    let mut memory = PhysMem::new(ByteOrder::Little);
    let failed = |error: &dyn std::fmt::Display| AssemblyError::Memory(error.to_string());
    let ram = block(u64::from(profile.memory_kib) * 1024)?;
    memory.map(Mapping::ram(0, &ram)).map_err(|error| failed(&error))?;
    for (base, bytes) in roms.iter().chain(std::iter::once(&system_rom.rom)) {
        let rom = block(bytes.len() as u64)?;
        rom.write_bytes(0, bytes).ok_or_else(|| failed(&"a ROM does not fit"))?;
        memory.map(Mapping::rom(u64::from(*base), &rom)).map_err(|error| failed(&error))?;
    }
    Ok(memory)
}

fn block(size: u64) -> Result<Arc<RamBlock>, AssemblyError> {
    let block = RamBlock::new(size, ByteOrder::Little, NodeId(0));
    block.map(Arc::new).map_err(|error| AssemblyError::Memory(error.to_string()))
}
