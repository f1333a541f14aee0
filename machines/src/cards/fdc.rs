//! The diskette drive adapter: a µPD765A, its digital output register, and the drives on its cable.
//!
//! IBM PC/XT Technical Reference, "IBM 5-1/4" Diskette Drive Adapter" (ports 3F0h–3F7h), and the PC AT's "Fixed Disk
//! and Diskette Drive Adapter" for the data rate register and the digital input register (3F7h), which make
//! high-density drives work.
//!
//! Region [`REGISTERS`] is 3F0h–3F5h, region [`HIGH_DENSITY`] is 3F7h. Not modelled: the AT's precompensation.

use crate::chips::upd765::{ChipState, DataRate, DriveKind, DriveSide, DriveState, FloppyDrive, Upd765};
use crate::media::floppy::{FloppyDisk, identify, unpack};
use emu_core::board::device::{
    BusAccess, Cx, Device, LineId, MediaError, MediaHost, MediaSlot, NoAnswer, RegionId, RegisterView,
    ResetKind,
};
use emu_core::hal::storage::Medium;
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{EventTag, Tick};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod driver;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// The output to IRQ 6.
pub const INTERRUPT: LineId = LineId(0);
/// The output to DREQ 2.
pub const DATA_REQUEST: LineId = LineId(1);

/// 3F0h–3F5h: digital output register, main status register, data register.
pub const REGISTERS: RegionId = RegionId(0);
/// 3F7h: data rate (write) and disk change (read).
pub const HIGH_DENSITY: RegionId = RegionId(1);

const STATE_VERSION: u16 = 1;
const CHIP_EVENT: EventTag = EventTag(0);

/// A register of the adapter, by region and offset.
#[derive(Clone, Copy)]
enum Register {
    DigitalOutput,
    MainStatus,
    Data,
    /// The data rate register, and when read the digital input register.
    DataRate,
}

impl Register {
    fn of(at: BusAccess) -> Option<Self> {
        match (at.region, at.offset) {
            (REGISTERS, 2) => Some(Self::DigitalOutput),
            (REGISTERS, 4) => Some(Self::MainStatus),
            (REGISTERS, 5) => Some(Self::Data),
            (HIGH_DENSITY, 0) => Some(Self::DataRate),
            _ => None,
        }
    }
}

/// The digital output register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DigitalOutput(u8);

impl DigitalOutput {
    fn drive(self) -> usize {
        usize::from(self.0 & 3)
    }

    fn chip_runs(self) -> bool {
        self.0 & 4 != 0
    }

    /// Whether interrupts and DMA requests reach the bus.
    fn gate(self) -> bool {
        self.0 & 8 != 0
    }

    fn motor(self, drive: usize) -> bool {
        self.0 >> 4 >> drive & 1 != 0
    }
}

/// The adapter with up to four drives, A: first.
pub struct FloppyAdapter {
    chip: Upd765,
    drives: Vec<FloppyDrive>,
    board_hz: u64,
    output: DigitalOutput,
    rate: DataRate,
    /// The level of the lines as last driven, and the event as last armed.
    driven: Driven,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Driven {
    interrupt: bool,
    data_request: bool,
    armed: Tick,
}

const UNDRIVEN: Driven = Driven { interrupt: false, data_request: false, armed: Tick::NEVER };

#[derive(Serialize, Deserialize)]
struct State {
    chip: ChipState,
    drives: Vec<DriveState>,
    output: DigitalOutput,
    rate: DataRate,
    driven: Driven,
}

impl FloppyAdapter {
    /// An adapter with empty drives (the first four of `kinds`), on a board with ticks of `board_hz`.
    pub fn new(kinds: &[DriveKind], board_hz: u64) -> Self {
        Self {
            chip: Upd765::new(board_hz),
            drives: kinds.iter().take(4).map(|&kind| FloppyDrive::new(kind, board_hz)).collect(),
            board_hz,
            output: DigitalOutput(0),
            rate: DataRate::default(),
            driven: UNDRIVEN,
        }
    }

    /// The drives' types, A: first.
    pub fn kinds(&self) -> Vec<DriveKind> {
        self.drives.iter().map(FloppyDrive::kind).collect()
    }

    /// Puts a drive of another type in an empty one's place, before the machine starts: for a drive that follows
    /// the image that it is given.
    ///
    /// # Errors
    /// When there is no such drive, or a disk is in it.
    pub fn set_kind(&mut self, slot: usize, kind: DriveKind) -> Result<(), MediaError> {
        let board_hz = self.board_hz;
        let drive = self.drives.get_mut(slot).ok_or(MediaError::NoSuchSlot(slot))?;
        if drive.disk().is_some() {
            return Err(MediaError::Unsuitable("Eject the disk before changing the drive's type".to_owned()));
        }
        *drive = FloppyDrive::new(kind, board_hz);
        Ok(())
    }

    /// A drive, for firmware of host functions, which goes past the controller.
    pub fn drive_mut(&mut self, slot: usize) -> Option<&mut FloppyDrive> {
        self.drives.get_mut(slot)
    }

    fn selected(&self) -> Option<usize> {
        let drive = self.output.drive();
        (self.output.motor(drive) && drive < self.drives.len()).then_some(drive)
    }

    /// Calls the chip with the drive that is selected (if its motor is on), then drives the lines.
    fn with_chip<R>(
        &mut self,
        cx: &mut Cx<'_>,
        call: impl FnOnce(&mut Upd765, &mut DriveSide<'_>) -> R,
    ) -> R {
        let selected = self.selected();
        let selected = selected.and_then(|at| self.drives.get_mut(at));
        let result = call(&mut self.chip, &mut DriveSide { selected, rate: self.rate });
        self.drive_outputs(cx);
        result
    }

    /// What the chip sees of the drives' state: which one, turning since when, at which rate.
    fn view(&self) -> (Option<(usize, Option<Tick>)>, DataRate) {
        (self.selected().map(|at| (at, self.drives[at].turning_from())), self.rate)
    }

    /// Changes something about the drives. The chip is told only if it can notice: a motor of another drive, or the
    /// same value written again, disturbs no transfer.
    fn change<R>(&mut self, cx: &mut Cx<'_>, change: impl FnOnce(&mut Self) -> R) -> R {
        let (before, now) = (self.view(), cx.now);
        let result = change(self);
        if self.view() != before {
            self.with_chip(cx, |chip, side| chip.drive_changed(now, side));
        }
        self.drive_outputs(cx);
        result
    }

    fn drive_outputs(&mut self, cx: &mut Cx<'_>) {
        let gate = self.output.gate();
        let outputs = Driven {
            interrupt: gate && self.chip.interrupt(),
            data_request: gate && self.chip.data_request(),
            armed: self.chip.next_event(),
        };
        let before = std::mem::replace(&mut self.driven, outputs);
        if before.interrupt != outputs.interrupt {
            cx.set_line(INTERRUPT, outputs.interrupt);
        }
        if before.data_request != outputs.data_request {
            cx.set_line(DATA_REQUEST, outputs.data_request);
        }
        if before.armed != outputs.armed {
            match outputs.armed {
                Tick::NEVER => cx.disarm(CHIP_EVENT),
                due => cx.arm(CHIP_EVENT, due),
            }
        }
        for notice in self.chip.take_notices() {
            cx.notice(notice);
        }
    }

    fn write_output(&mut self, value: u8, cx: &mut Cx<'_>) {
        let now = cx.now;
        self.change(cx, |card| {
            card.output = DigitalOutput(value);
            for (at, drive) in card.drives.iter_mut().enumerate() {
                drive.set_motor(card.output.motor(at), now);
            }
            card.chip.set_reset(!card.output.chip_runs(), now, card.rate);
        });
    }

    fn write_rate(&mut self, value: u8, cx: &mut Cx<'_>) {
        self.change(cx, |card| {
            card.rate = match value & 3 {
                0 => DataRate::Kbps500,
                1 => DataRate::Kbps300,
                2 => DataRate::Kbps250,
                _ => DataRate::Mbps1,
            };
        });
    }

    /// The digital input register: bit 7 is the selected drive's disk change line.
    fn digital_input(&self) -> u8 {
        let changed = self.selected().is_some_and(|at| self.drives[at].is_changed());
        if changed { 0xFF } else { 0x7F }
    }
}

impl Device for FloppyAdapter {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        let now = cx.now;
        match Register::of(at) {
            Some(Register::MainStatus) => Ok(self.chip.main_status(now).into()),
            Some(Register::Data) => Ok(self.with_chip(cx, |chip, side| chip.read_data(now, side)).into()),
            Some(Register::DataRate) => Ok(self.digital_input().into()),
            Some(Register::DigitalOutput) | None => Err(NoAnswer),
        }
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let (now, byte) = (cx.now, value as u8);
        match Register::of(at) {
            Some(Register::DigitalOutput) => self.write_output(byte, cx),
            Some(Register::Data) => self.with_chip(cx, |chip, side| chip.write_data(byte, now, side)),
            Some(Register::DataRate) => self.write_rate(byte, cx),
            Some(Register::MainStatus) | None => return Err(NoAnswer),
        }
        Ok(())
    }

    fn peek(&self, at: BusAccess, now: Tick) -> Option<u64> {
        match Register::of(at)? {
            Register::DigitalOutput => None,
            Register::MainStatus => Some(self.chip.main_status(now).into()),
            Register::Data => Some(self.chip.peek_data().into()),
            Register::DataRate => Some(self.digital_input().into()),
        }
    }

    fn on_event(&mut self, _tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        let now = cx.now;
        // The event has left the queue: what comes next is armed anew, even at the same tick.
        self.driven.armed = Tick::NEVER;
        self.with_chip(cx, |chip, side| chip.advance(now, side));
    }

    fn dma_read(&mut self, terminal_count: bool, cx: &mut Cx<'_>) -> u8 {
        self.with_chip(cx, |chip, _| chip.acknowledge(None, terminal_count))
    }

    fn dma_write(&mut self, data: Option<u8>, terminal_count: bool, cx: &mut Cx<'_>) {
        self.with_chip(cx, |chip, _| chip.acknowledge(data, terminal_count));
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            self.chip = Upd765::new(self.board_hz);
            self.rate = DataRate::default();
        }
        self.write_output(0, cx);
    }

    fn save(&self) -> SavedState {
        let Self { chip, drives, board_hz: _, output, rate, driven } = self;
        let drives = drives.iter().map(FloppyDrive::save).collect();
        let state = State { chip: chip.save(), drives, output: *output, rate: *rate, driven: *driven };
        SavedState::new(STATE_VERSION, &state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let State { chip, drives, output, rate, driven } = saved.read(STATE_VERSION)?;
        if drives.len() != self.drives.len() {
            let there = self.drives.len();
            let words = format!("it has {} floppy drives, and this machine {there}", drives.len());
            return Err(RestoreError::Foreign(words));
        }
        for (drive, state) in self.drives.iter_mut().zip(drives) {
            drive.restore(state);
        }
        self.chip.restore(chip);
        (self.output, self.rate, self.driven) = (output, rate, driven);
        Ok(())
    }

    fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let output = self.output;
        let motors: String = (0..4).filter(|&d| output.motor(d)).map(|d| (b'A' + d as u8) as char).collect();
        let meaning = format!("drive {}, motors {motors}", (b'A' + output.drive() as u8) as char);
        let mut views = vec![
            RegisterView::new("DOR", output.0, 8, meaning),
            RegisterView::new("DIR", self.digital_input(), 8, format!("{:?}", self.rate)),
        ];
        views.extend(self.chip.registers(now));
        for (at, drive) in self.drives.iter().enumerate() {
            let label = format!("{} track", slot_label(at));
            views.push(RegisterView::new(label, drive.position(), 8, drive.kind().name()));
        }
        views
    }

    fn media(&mut self) -> Option<&mut dyn MediaHost> {
        Some(self)
    }
}

fn slot_label(at: usize) -> String {
    format!("{}:", (b'A' + (at & 3) as u8) as char)
}

impl MediaHost for FloppyAdapter {
    fn slots(&self) -> Vec<MediaSlot> {
        let slot = |(at, drive): (usize, &FloppyDrive)| MediaSlot {
            label: slot_label(at),
            removable: true,
            loaded: drive.disk().is_some(),
            write_protected: drive.is_write_protected(),
            active: self.selected() == Some(at),
        };
        self.drives.iter().enumerate().map(slot).collect()
    }

    fn insert(
        &mut self,
        slot: usize,
        mut medium: Box<dyn Medium>,
        cx: &mut Cx<'_>,
    ) -> Result<(), MediaError> {
        let now = cx.now;
        let drive = self.drives.get(slot).ok_or(MediaError::NoSuchSlot(slot))?;
        medium = unpack(medium)?;
        let format = identify(medium.as_mut())?;
        drive.kind().accepts(format)?;
        self.change(cx, |card| card.drives[slot].insert(FloppyDisk::new(medium, format), now));
        Ok(())
    }

    fn eject(&mut self, slot: usize, cx: &mut Cx<'_>) -> Result<Option<Box<dyn Medium>>, MediaError> {
        self.drives.get(slot).ok_or(MediaError::NoSuchSlot(slot))?;
        let disk = self.change(cx, |card| card.drives[slot].eject());
        Ok(disk.map(FloppyDisk::into_medium))
    }

    fn medium(&mut self, slot: usize) -> Option<&mut dyn Medium> {
        self.drives.get_mut(slot)?.disk_mut().map(FloppyDisk::medium)
    }
}
