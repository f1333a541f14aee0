//! The ISA bus, as a card sees it when it is plugged in: address ranges, interrupt and DMA lines, room for an option ROM.
//! The slots of the PC and XT have 8 data lines (IBM Personal Computer XT Technical Reference, "I/O Channel"); the AT's
//! lead to a second interrupt controller, too (IBM Personal Computer AT Technical Reference, "I/O Channel").

use crate::catalogue::MountError;
use crate::chips::i8237a::I8237A;
use crate::chips::i8259a::I8259A;
use crate::chips::upd765::DriveKind;
use crate::media::hard_disk::Geometry;
use crate::profile::OptionValue;
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::{DeviceId, LineId};
use emu_core::hal::video::OutputId;

/// The monitor that the board's switches tell of (Technical Reference, "System Board Switch Settings").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MonitorSwitch {
    /// No card, or one that brings its own BIOS.
    #[default]
    None,
    Color40,
    Color80,
    Monochrome,
}

/// A board's slots while cards are plugged in.
pub struct IsaBus<'a> {
    pub board: &'a mut BoardBuilder,
    /// Ticks of the board's clock in a second.
    pub tick_hz: u64,
    pic: DeviceId,
    second_pic: Option<DeviceId>,
    dmac: DeviceId,
    /// Option ROMs: where they begin, and their bytes.
    pub roms: Vec<(u32, Vec<u8>)>,
    /// What the switches say of the first display card.
    pub monitor: MonitorSwitch,
    /// The types of the floppy drives that the profile asks for, A: first.
    pub floppies: Vec<DriveKind>,
    /// What the hard disks look like, in their order.
    pub disks: Vec<Geometry>,
    outputs: u8,
}

/// What cards are told of the drives in the machine.
#[derive(Clone, Debug, Default)]
pub struct Drives {
    pub floppies: Vec<DriveKind>,
    pub disks: Vec<Geometry>,
}

impl<'a> IsaBus<'a> {
    /// Empty slots of a board whose interrupt and DMA controllers are these.
    pub fn new(
        board: &'a mut BoardBuilder,
        tick_hz: u64,
        pic: DeviceId,
        dmac: DeviceId,
        drives: Drives,
    ) -> Self {
        let (roms, monitor) = (Vec::new(), MonitorSwitch::None);
        let Drives { floppies, disks } = drives;
        Self { board, tick_hz, pic, second_pic: None, dmac, roms, monitor, floppies, disks, outputs: 0 }
    }

    /// Leads IRQ8 to IRQ15 to a second controller, and the 8-bit slots' IRQ2 to IRQ9: the second controller has taken
    /// its place.
    #[must_use]
    pub fn with_second_pic(mut self, pic: DeviceId) -> Self {
        self.second_pic = Some(pic);
        self
    }

    /// Ties a card's output to an interrupt line: IRQ2 to IRQ7, with a second controller up to IRQ15.
    ///
    /// # Errors
    /// When the bus has no such line.
    pub fn interrupt(&mut self, irq: u8, card: DeviceId, line: LineId) -> Result<(), MountError> {
        let (pic, level) = match (irq, self.second_pic) {
            (2, Some(second)) => (second, 1),
            (2..=7, _) => (self.pic, irq),
            (8..=15, Some(second)) => (second, irq - 8),
            (_, second) => {
                let last = if second.is_some() { 15 } else { 7 };
                return Err(MountError(format!("The bus has no IRQ{irq}; choose IRQ2 to IRQ{last}")));
            }
        };
        self.board.wire((card, line), (pic, I8259A::ir(level)));
        Ok(())
    }

    /// Ties a card to a DMA channel, 1 to 3: its request line, and its bytes.
    ///
    /// # Errors
    /// When the bus has no such channel.
    pub fn dma(&mut self, channel: u8, card: DeviceId, request: LineId) -> Result<(), MountError> {
        if !(1..=3).contains(&channel) {
            return Err(MountError(format!("The bus has no DMA channel {channel}; choose 1 to 3")));
        }
        self.board.wire((card, request), (self.dmac, I8237A::dreq(channel)));
        self.board.dma_channel(self.dmac, channel, card);
        Ok(())
    }

    /// A socket for a monitor.
    pub fn monitor_output(&mut self) -> OutputId {
        let output = OutputId(self.outputs);
        self.outputs += 1;
        output
    }

    /// Says which monitor hangs on a display card; the first card's counts.
    pub fn set_monitor(&mut self, monitor: MonitorSwitch) {
        if self.monitor == MonitorSwitch::None {
            self.monitor = monitor;
        }
    }
}

/// Reads a switch of a card's completed options.
pub fn switch(options: &crate::catalogue::Options, name: &str) -> bool {
    matches!(options.get(name), Some(OptionValue::Bool(true)))
}

/// Reads a choice of a card's completed options; empty if there is none.
pub fn choice<'a>(options: &'a crate::catalogue::Options, name: &str) -> &'a str {
    match options.get(name) {
        Some(OptionValue::Text(text)) => text,
        _ => "",
    }
}
