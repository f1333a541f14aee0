//! The IBM PC XT system board (IBM Personal Computer XT Technical Reference, 1983): an 8088 at a third of the
//! 14.31818 MHz crystal, 8259A, 8253, 8237A, 8255, 64 to 640 KB, eight slots.
//!
//! Not modelled: the 8087 socket, parity errors, the cassette port of the PC before it.

use super::isa::{IsaBus, MonitorSwitch};
use super::{AssemblyError, BoardKind, CpuClock, CpuModel, Supplies};
use crate::catalogue::Catalogue;
use crate::chips::debug_console::DebugConsole;
use crate::chips::host_call::HostCall;
use crate::chips::i8237a::I8237A;
use crate::chips::i8253::I8253;
use crate::chips::i8255::XtPpi;
use crate::chips::i8259a::I8259A;
use crate::chips::keyboard_xt::KeyboardXt;
use crate::chips::ls74::Ls74;
use crate::chips::nmi_mask::NmiMask;
use crate::chips::speaker::Speaker;
use crate::firmware::xt as firmware;
use crate::profile::{CardProfile, CpuProfile, Engine, Firmware, FloppyProfile, Options, Profile};
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::DeviceId;
use emu_core::board::domain::CpuPin;
use emu_core::cpu::Processor;
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{Machine, MachineParts};
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
const ROM_END: u64 = 0x10_0000;

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
            help: "16 bits inside, 8 outside: the original, exact to the bus cycle",
            engines: STRICT,
        },
        CpuModel {
            name: "8086",
            label: "Intel 8086",
            help: "The same with a 16-bit bus and a longer queue: a third faster",
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
        caches: None,
        cards: ["cga", "fdc", "xt-hdc", "com1", "lpt1", "game-port"].map(card).to_vec(),
        floppies: vec![FloppyProfile::default(), FloppyProfile::default()],
        disks: Vec::new(),
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
    let system = system_board(&mut board, profile);
    let mut isa = IsaBus::new(&mut board, TICK_HZ, system.pic, system.dmac, profile);
    for card in &profile.cards {
        let kind = catalogue.find(&card.device).ok_or_else(|| {
            AssemblyError::Profile(format!("This Anachron knows no card named \u{201c}{}\u{201d}", card.device))
        })?;
        (kind.mount)(&mut isa, &kind.complete(&card.options)?)?;
    }
    let (roms, monitor) = (std::mem::take(&mut isa.roms), isa.monitor);
    if supplies.debug_console {
        let console = board.add("debugcon", DebugConsole::default());
        board.io(0xE9..=0xE9, console, DebugConsole::REGION);
    }
    let is_host = profile.firmware == Firmware::Host;
    if is_host {
        let door = board.add("host-call", HostCall);
        board.io(firmware::HOST_CALL_PORT..=firmware::HOST_CALL_PORT, door, HostCall::REGION);
    }
    let mut domain = board.build(supplies.hal)?;
    domain.with(system.ppi, |device, _| {
        if let Some(ppi) = device.as_any_mut().downcast_mut::<XtPpi>() {
            ppi.set_switches(switches(profile, monitor));
        }
    });
    let rom = rom_image(profile, supplies.rom_file)?;
    let memory = memory(profile, &rom, &roms)?;
    let ticks = if profile.cpu.clock_hz == TICK_HZ / 2 { 2 } else { 3 };
    let timing = BusTiming { memory_waits: 0, io_waits: 1 };
    let bus = SystemBus::new(domain, memory, Clock::divided_by(ticks), timing);
    let variant = if profile.cpu.model == "8086" { Variant::I8086 } else { Variant::I8088 };
    let cpu: Box<dyn Processor<SystemBus>> = Box::new(I8086::new(variant));
    Ok(Machine::new(MachineParts {
        cpu,
        bus,
        services: None,
        keyboard: Some(system.keyboard),
        tick_hz: TICK_HZ,
        cpu_hz: TICK_HZ / ticks,
    }))
}
