//! What the boards of the PC's line have in common: the crystal, cards in slots, drives, doors to the host, memory.

use super::isa::{IsaBus, MonitorSwitch};
use super::{AssemblyError, Supplies};
use crate::catalogue::{Catalogue, Options};
use crate::chips::debug_console::DebugConsole;
use crate::chips::host_call::HostCall;
use crate::chips::i8255::{I8255, Port};
use crate::chips::keyboard_xt::KeyboardXt;
use crate::chips::speaker::Speaker;
use crate::chips::switch_bank::SwitchBank;
use crate::chips::upd765::DriveKind;
use crate::chips::{i8253::I8253, i8259a::I8259A};
use crate::firmware::host::HostFirmware;
use crate::firmware::xt::{self as firmware, FloppyDrive, RomBoard, XtRomConfig};
use crate::profile::{CardProfile, Firmware, FloppyProfile, Profile};
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::{DeviceId, RegionId};
use emu_core::machine::HostServices;
use emu_core::mem::{ByteOrder, NodeId, RamBlock};
use std::sync::Arc;

/// The board's crystal; its period is the tick.
pub const TICK_HZ: u64 = 14_318_180;
/// Ticks of a cycle of the timer (1.193182 MHz).
pub(super) const PIT_TICKS: u64 = 12;
/// Where memory for programs ends and that of cards begins.
pub(super) const CONVENTIONAL_END: u64 = 0xA_0000;
/// The first megabyte's end, where the system's ROM ends.
pub(super) const FIRST_MEGABYTE: u64 = 0x10_0000;

/// A card of a profile without options of its own.
pub(super) fn card(device: &str) -> CardProfile {
    CardProfile { device: device.to_owned(), options: Options::new() }
}

/// Plugs the profile's cards in.
pub(super) fn plug_cards(
    isa: &mut IsaBus<'_>,
    profile: &Profile,
    catalogue: &Catalogue,
) -> Result<(), AssemblyError> {
    for card in &profile.cards {
        let kind = catalogue.find(&card.device).ok_or_else(|| {
            AssemblyError::Profile(format!(
                "This Anachron knows no card named \u{201c}{}\u{201d}",
                card.device
            ))
        })?;
        (kind.mount)(isa, &kind.complete(&card.options)?)?;
    }
    Ok(())
}

/// The timer, the 8255 with keyboard and speaker, and how they are tied (Technical Reference of the XT, "System Board"
/// logic diagrams).
pub(super) struct Peripherals {
    pub pit: DeviceId,
    pub ppi: DeviceId,
    pub keyboard: DeviceId,
}

pub(super) fn peripherals(board: &mut BoardBuilder, pic: DeviceId, timer: I8253) -> Peripherals {
    let pit = board.add("pit", timer.with_rising_edges_only(1).with_driven_gate(2));
    let ppi = board.add("ppi", I8255::default());
    let keyboard = board.add("keyboard", KeyboardXt::new(TICK_HZ));
    let speaker = board.add("speaker", Speaker::default());
    board
        .wire((pit, I8253::out(0)), (pic, I8259A::ir(0)))
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
    Peripherals { pit, ppi, keyboard }
}

/// The switches behind the 8255's port C.
pub(super) fn add_switches(board: &mut BoardBuilder, ppi: DeviceId, switches: u8) {
    let bank = board.add("sw1", SwitchBank::new(switches));
    board.wire((ppi, I8255::out(Port::B, 3)), (bank, SwitchBank::SELECT));
    for bit in 0..4 {
        board.wire((bank, SwitchBank::q(bit)), (ppi, I8255::pin(Port::C, bit)));
    }
}

/// SW1 (Technical Reference, "System Board Switch Settings"): 1 normal POST, 2 no 8087, 3–4 all memory banks
/// in, 5–6 the monitor, 7–8 the number of drives.
pub(super) fn switches(profile: &Profile, monitor: MonitorSwitch) -> u8 {
    let monitor = match monitor {
        MonitorSwitch::None => 0b00,
        MonitorSwitch::Color40 => 0b01,
        MonitorSwitch::Color80 => 0b10,
        MonitorSwitch::Monochrome => 0b11,
    };
    let drives = profile.floppies.len().saturating_sub(1).min(3) as u8;
    0b0000_1101 | monitor << 4 | drives << 6
}

/// What a machine has only when it is asked for.
pub(super) fn add_doors(board: &mut BoardBuilder, profile: &Profile, supplies: &Supplies) {
    if profile.firmware == Firmware::Host {
        let door = board.add("host-call", HostCall);
        board.io(firmware::HOST_CALL_PORT..=firmware::HOST_CALL_PORT, door, HostCall::REGION);
    }
    if supplies.debug_console {
        let console = board.add("debugcon", DebugConsole);
        board.io(0xE9..=0xE9, console, DebugConsole::REGION);
    }
}

/// The types of the profile's drives, for the disks that they are to take.
pub(super) fn drive_kinds(profile: &Profile) -> Vec<DriveKind> {
    profile.floppies.iter().map(drive_kind).collect()
}

fn drive_kind(floppy: &FloppyProfile) -> DriveKind {
    let named = floppy
        .drive
        .as_deref()
        .and_then(|name| DriveKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)));
    named.unwrap_or(DriveKind::Dd360K)
}

/// The system ROM: where it ends is the board's affair.
pub(super) struct SystemRom {
    pub bytes: Vec<u8>,
    /// Those of its services that are functions of the host.
    pub services: Option<Box<dyn HostServices>>,
}

/// The ROM that the profile asks for. `file` is a user's, which `check` may refuse with a sentence.
pub(super) fn system_rom(
    profile: &Profile,
    board: RomBoard,
    file: Option<Vec<u8>>,
    check: impl FnOnce(&str, usize) -> Result<(), String>,
) -> Result<SystemRom, AssemblyError> {
    match &profile.firmware {
        Firmware::Rom => our_rom(profile, board, false),
        Firmware::Host => our_rom(profile, board, true),
        Firmware::File(name) => {
            let bytes = file.unwrap_or_default();
            check(name, bytes.len()).map_err(AssemblyError::Firmware)?;
            Ok(SystemRom { bytes, services: None })
        }
    }
}

fn our_rom(profile: &Profile, board: RomBoard, is_host: bool) -> Result<SystemRom, AssemblyError> {
    let drives = drive_kinds(profile);
    let drive = |at: usize| match drives.get(at) {
        None => FloppyDrive::None,
        Some(DriveKind::Dd360K) => FloppyDrive::Kb360,
        Some(DriveKind::Hd1200K) => FloppyDrive::Mb1_2,
        Some(DriveKind::Dd720K) => FloppyDrive::Kb720,
        Some(DriveKind::Hd1440K) => FloppyDrive::Mb1_44,
    };
    let config = XtRomConfig { floppies: [drive(0), drive(1)], is_host, board };
    let image = firmware::build(&config).map_err(|error| AssemblyError::Firmware(error.to_string()))?;
    let services = is_host.then(|| Box::new(HostFirmware::new(&image.labels)) as Box<dyn HostServices>);
    Ok(SystemRom { bytes: image.bytes, services })
}

/// Memory, all of whose bytes the host provides when they are touched.
pub(super) fn block(size: u64) -> Result<Arc<RamBlock>, AssemblyError> {
    let block = RamBlock::new(size, ByteOrder::Little, NodeId(0));
    block.map(Arc::new).map_err(|error| AssemblyError::Memory(error.to_string()))
}

/// A ROM with these bytes.
pub(super) fn rom_block(bytes: &[u8]) -> Result<Arc<RamBlock>, AssemblyError> {
    let rom = block(bytes.len() as u64)?;
    rom.write_bytes(0, bytes).ok_or_else(|| AssemblyError::Memory("a ROM does not fit".into()))?;
    Ok(rom)
}

/// The region of a chip that has but one.
pub(super) const REGISTERS: RegionId = RegionId(0);
