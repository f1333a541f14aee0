//! The catalogue's entries: what each card is called, what it occupies, and how it goes on the bus.

use super::cga::{self, Cga, CgaConfig};
use super::fdc::{self, FloppyAdapter};
use super::hercules::Hercules;
use super::mda::{self, Mda, MonoConfig};
use super::xt_hdc::{self, XtHdc};
use crate::boards::isa::{IsaBus, MonitorSwitch, choice, switch};
use crate::catalogue::{Category, DeviceKind, MountError, OptionDescription, OptionKind, Options, Resources};
use crate::chips::game_port::GamePort;
use crate::chips::ns16450::{Model, Ns16450};
use crate::chips::parallel_port::ParallelPort;
use crate::firmware::font;
use crate::firmware::xt_hdc as hdc_rom;
use crate::profile::OptionValue;
use emu_core::board::device::DeviceId;
use emu_core::hal::video::Font;
use emu_core::hal::video::monitor;
use emu_core::time::Clock;
use std::sync::Arc;

/// The crystal of the PC's serial adapters.
const UART_HZ: u64 = 1_843_200;

fn ports(first: u16, last: u16) -> Resources {
    Resources { ports: vec![(first, last)], ..Resources::default() }
}

fn choice_option(
    options: &[(&'static str, &'static str)],
    name: &'static str,
    label: &'static str,
    help: &'static str,
) -> OptionDescription {
    let default = OptionValue::Text(options.first().map_or("", |choice| choice.0).to_owned());
    OptionDescription { name, label, help, kind: OptionKind::Choice(options.to_vec()), default }
}

/// IBM's Color/Graphics Adapter.
pub fn cga() -> DeviceKind {
    DeviceKind {
        name: "cga",
        label: "CGA (IBM Color/Graphics Adapter)",
        help: "16 colours in text, 320 × 200 in four, 640 × 200 in two",
        category: Category::Display,
        options: vec![OptionDescription {
            name: "snow",
            label: "Snow",
            help: "Disturbs the picture in 80 columns when a program writes to it, as the real card does",
            kind: OptionKind::Switch,
            default: OptionValue::Bool(false),
        }],
        resources: |_| Resources { memory: vec![(0xB_8000, 0xB_FFFF)], ..ports(0x3D0, 0x3DF) },
        mount: mount_cga,
    }
}

fn mount_cga(isa: &mut IsaBus<'_>, options: &Options) -> Result<(), MountError> {
    let output = isa.monitor_output();
    let font = Arc::new(Font::new(8, font::CGA_8X8.as_flattened().to_vec()));
    let clock = Clock::of_hz(cga::DOT_HZ, isa.tick_hz);
    let card =
        isa.board.add("cga", Cga::new(CgaConfig { clock, output, font, snow: switch(options, "snow") }));
    isa.board.io(0x3D0..=0x3DF, card, cga::PORTS).memory(0xB_8000..=0xB_FFFF, card, cga::MEMORY);
    isa.set_monitor(MonitorSwitch::Color80);
    Ok(())
}

const PHOSPHORS: [(&str, &str); 3] = [("green", "Green"), ("amber", "Amber"), ("white", "White")];

fn phosphor_option() -> OptionDescription {
    choice_option(&PHOSPHORS, "phosphor", "Monitor", "The colour of the monochrome monitor")
}

fn mono_config(isa: &mut IsaBus<'_>, options: &Options) -> MonoConfig {
    let palette = match choice(options, "phosphor") {
        "amber" => monitor::AMBER,
        "white" => monitor::WHITE,
        _ => monitor::GREEN,
    };
    let font = Arc::new(Font::new(14, font::MDA_8X14.as_flattened().to_vec()));
    let clock = Clock::of_hz(mda::DOT_HZ, isa.tick_hz);
    MonoConfig { clock, output: isa.monitor_output(), font, palette }
}

/// IBM's Monochrome Display Adapter.
pub fn mda() -> DeviceKind {
    DeviceKind {
        name: "mda",
        label: "MDA (IBM Monochrome Display Adapter)",
        help: "Crisp text in one colour, 80 × 25, no graphics",
        category: Category::Display,
        options: vec![phosphor_option()],
        resources: |_| Resources { memory: vec![(0xB_0000, 0xB_7FFF)], ..ports(0x3B0, 0x3BB) },
        mount: mount_mda,
    }
}

fn mount_mda(isa: &mut IsaBus<'_>, options: &Options) -> Result<(), MountError> {
    let config = mono_config(isa, options);
    let card = isa.board.add("mda", Mda::new(config));
    isa.board.io(0x3B0..=0x3BB, card, mda::PORTS).memory(0xB_0000..=0xB_7FFF, card, mda::MEMORY);
    isa.set_monitor(MonitorSwitch::Monochrome);
    Ok(())
}

/// Hercules' graphics card.
pub fn hercules() -> DeviceKind {
    DeviceKind {
        name: "hercules",
        label: "Hercules Graphics Card",
        help: "The MDA's text, and 720 × 348 graphics in one colour",
        category: Category::Display,
        options: vec![phosphor_option()],
        resources: |_| Resources {
            ports: vec![(0x3B0, 0x3BB), (0x3BF, 0x3BF)],
            memory: vec![(0xB_0000, 0xB_FFFF)],
            ..Resources::default()
        },
        mount: mount_hercules,
    }
}

fn mount_hercules(isa: &mut IsaBus<'_>, options: &Options) -> Result<(), MountError> {
    let config = mono_config(isa, options);
    let card = isa.board.add("hercules", Hercules::new(config));
    isa.board.io(0x3B0..=0x3BB, card, mda::PORTS).io(0x3BF..=0x3BF, card, mda::SWITCH).memory(
        0xB_0000..=0xB_FFFF,
        card,
        mda::MEMORY,
    );
    isa.set_monitor(MonitorSwitch::Monochrome);
    Ok(())
}

/// The diskette adapter, able to high density.
pub fn fdc() -> DeviceKind {
    DeviceKind {
        name: "fdc",
        label: "Diskette adapter (µPD765A)",
        help: "Drives A: and B:, from 360K to 1.44M",
        category: Category::Floppies,
        options: Vec::new(),
        resources: |_| Resources {
            ports: vec![(0x3F0, 0x3F5), (0x3F7, 0x3F7)],
            interrupts: vec![6],
            dma_channels: vec![2],
            ..Resources::default()
        },
        mount: mount_fdc,
    }
}

fn mount_fdc(isa: &mut IsaBus<'_>, _options: &Options) -> Result<(), MountError> {
    let adapter = FloppyAdapter::new(&isa.floppies, isa.tick_hz);
    let card = isa.board.add("fdc", adapter);
    isa.board.io(0x3F0..=0x3F5, card, fdc::REGISTERS).io(0x3F7..=0x3F7, card, fdc::HIGH_DENSITY);
    isa.interrupt(6, card, fdc::INTERRUPT)?;
    isa.dma(2, card, fdc::DATA_REQUEST)
}

fn serial(
    name: &'static str,
    label: &'static str,
    resources: fn(&Options) -> Resources,
    mount: fn(&mut IsaBus<'_>, &Options) -> Result<(), MountError>,
) -> DeviceKind {
    let help = "An RS-232 port of up to 115,200 baud";
    DeviceKind { name, label, help, category: Category::Ports, options: Vec::new(), resources, mount }
}

fn mount_serial(isa: &mut IsaBus<'_>, name: &str, first: u16, irq: u8) -> Result<(), MountError> {
    let clock = Clock::of_hz(UART_HZ, isa.tick_hz);
    let card: DeviceId = isa.board.add(name, Ns16450::new(Model::Ns16450, clock));
    isa.board.io(first..=first + 7, card, Ns16450::REGION);
    isa.interrupt(irq, card, Ns16450::INTRPT)
}

/// The first serial port.
pub fn com1() -> DeviceKind {
    let resources = |_: &Options| Resources { interrupts: vec![4], ..ports(0x3F8, 0x3FF) };
    serial("com1", "Serial port COM1 (16450)", resources, |isa, _| mount_serial(isa, "com1", 0x3F8, 4))
}

/// The second serial port.
pub fn com2() -> DeviceKind {
    let resources = |_: &Options| Resources { interrupts: vec![3], ..ports(0x2F8, 0x2FF) };
    serial("com2", "Serial port COM2 (16450)", resources, |isa, _| mount_serial(isa, "com2", 0x2F8, 3))
}

/// The first parallel port, with a printer.
pub fn lpt1() -> DeviceKind {
    DeviceKind {
        name: "lpt1",
        label: "Parallel port LPT1",
        help: "A printer that writes to a file",
        category: Category::Ports,
        options: Vec::new(),
        resources: |_| Resources { interrupts: vec![7], ..ports(0x378, 0x37B) },
        mount: mount_lpt1,
    }
}

fn mount_lpt1(isa: &mut IsaBus<'_>, _options: &Options) -> Result<(), MountError> {
    let card = isa.board.add("lpt1", ParallelPort::new(isa.tick_hz));
    isa.board.io(0x378..=0x37B, card, ParallelPort::REGION);
    isa.interrupt(7, card, ParallelPort::IRQ)
}

/// IBM's Fixed Disk Adapter.
pub fn xt_hdc() -> DeviceKind {
    DeviceKind {
        name: "xt-hdc",
        label: "Fixed Disk Adapter (Xebec)",
        help: "Two hard disks, with a boot ROM of its own",
        category: Category::Disks,
        options: Vec::new(),
        resources: |_| Resources {
            ports: vec![(0x320, 0x323)],
            memory: vec![(0xC_8000, 0xC_9FFF)],
            interrupts: vec![5],
            dma_channels: vec![3],
        },
        mount: mount_xt_hdc,
    }
}

fn mount_xt_hdc(isa: &mut IsaBus<'_>, _options: &Options) -> Result<(), MountError> {
    let rom = hdc_rom::build(&isa.disks).map_err(|error| MountError(error.to_string()))?;
    isa.roms.push((rom.base, rom.bytes));
    let card = isa.board.add("hdc", XtHdc::new(isa.tick_hz));
    isa.board.io(0x320..=0x323, card, xt_hdc::REGISTERS);
    isa.interrupt(5, card, xt_hdc::INTERRUPT)?;
    isa.dma(3, card, xt_hdc::DATA_REQUEST)
}

/// IBM's Game Control Adapter.
pub fn game_port() -> DeviceKind {
    DeviceKind {
        name: "game-port",
        label: "Game port",
        help: "Two joysticks with two buttons each, from the host's gamepads",
        category: Category::Input,
        options: Vec::new(),
        resources: |_| ports(0x200, 0x207),
        mount: mount_game_port,
    }
}

fn mount_game_port(isa: &mut IsaBus<'_>, _options: &Options) -> Result<(), MountError> {
    let card = isa.board.add("game-port", GamePort::new(isa.tick_hz));
    isa.board.io(0x200..=0x207, card, GamePort::REGION);
    Ok(())
}
