//! The IBM Fixed Disk Adapter of the PC XT (Xebec 1210), with up to two drives.
//!
//! IBM Technical Reference, "IBM Fixed Disk Drive Adapter": ports 320h–323h, device control blocks of six bytes
//! ([`dcb`]), four sense bytes. Data moves by DMA channel 3 or through the data register, the end is told by IRQ 5.
//! Seeking, rotation and interleave take guest time ([`mechanics`]).
//!
//! Not modelled: the ECC (READ LONG gives zeros for its four bytes), retries, and step pulses that a drive could lose.
//! The drives' geometry comes from their images; firmware is built for it, and tells it to the controller as IBM's
//! does. Before that (and where IBM's has switches) the controller goes by the images.

mod dcb;
mod mechanics;
mod registers;
#[cfg(test)]
mod tests;

use crate::media::hard_disk::{Geometry, geometry_of};
use dcb::{Address, Command, ControlBlock, Fault, SECTOR_BYTES};
use emu_core::board::device::{
    BusAccess, Cx, Device, LineId, MediaError, MediaHost, MediaSlot, NoAnswer, RegionId, RegisterView,
    ResetKind,
};
use emu_core::hal::storage::Medium;
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{EventTag, Tick};
use mechanics::{Drive, DriveState};
use registers::{mask, status};
use serde::{Deserialize, Serialize};

/// The output to IRQ 5.
pub const INTERRUPT: LineId = LineId(0);
/// The output to DREQ 3.
pub const DATA_REQUEST: LineId = LineId(1);
/// Ports 320h–323h.
pub const REGISTERS: RegionId = RegionId(0);

const STATE_VERSION: u16 = 1;
const PHASE_EVENT: EventTag = EventTag(0);

/// What FORMAT fills sectors with.
const FORMAT_FILL: u8 = 0x6C;

/// From the last byte of a control block to what follows: the controller's own processor.
const COMMAND_MICROS: u64 = 100;

/// What the controller does when the drive is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Next {
    Complete(Option<Fault>),
    /// The sector under the head goes to the buffer and to the processor.
    Read,
    /// The sector under the head is written from the buffer.
    Write,
    /// The sector under the head is only read.
    Verify,
    /// The track under the head is formatted.
    FormatTrack,
    /// Bytes for the processor.
    Give(Vec<u8>),
    /// So many bytes from the processor.
    Take(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Idle,
    /// Selected: the bytes of the control block so far.
    Command(Vec<u8>),
    Busy {
        due: Tick,
        next: Next,
    },
    /// To the processor: the bytes, and how many it has taken.
    DataIn(Vec<u8>, usize),
    /// From the processor: the bytes so far, and how many it must give.
    DataOut(Vec<u8>, usize),
    /// The completion byte.
    Status(u8),
}

/// A command under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Job {
    block: ControlBlock,
    at: Address,
    /// Sectors (of FORMAT DRIVE: tracks) that are left, this one included.
    left: u32,
}

/// The adapter.
pub struct XtHdc {
    drives: [Drive; 2],
    phase: Phase,
    job: Job,
    mask: u8,
    /// The controller's sector buffer.
    buffer: Vec<u8>,
    /// What REQUEST SENSE STATUS tells, by drive.
    sense: [[u8; 4]; 2],
    board_hz: u64,
}

#[derive(Serialize, Deserialize)]
struct State {
    drives: Vec<DriveState>,
    phase: Phase,
    job: Job,
    mask: u8,
    buffer: Vec<u8>,
    sense: [[u8; 4]; 2],
}

impl XtHdc {
    /// An adapter without drives, on a board with ticks of `board_hz`.
    pub fn new(board_hz: u64) -> Self {
        let board_hz = board_hz.max(1);
        Self {
            drives: [Drive::new(board_hz), Drive::new(board_hz)],
            phase: Phase::Idle,
            job: Job { block: ControlBlock::default(), at: Address::default(), left: 0 },
            mask: 0,
            buffer: vec![0; SECTOR_BYTES],
            sense: [[0; 4]; 2],
            board_hz,
        }
    }

    /// The geometry of a drive's image: what its firmware must be told.
    pub fn geometry(&self, slot: usize) -> Option<Geometry> {
        self.drives.get(slot)?.geometry()
    }

    fn drive(&mut self) -> &mut Drive {
        &mut self.drives[self.job.block.drive()]
    }

    fn micros(&self, micros: u64) -> u64 {
        (self.board_hz.saturating_mul(micros) / 1_000_000).max(1)
    }

    fn status(&self) -> u8 {
        use status::{BUSY, COMMAND, DRQ, INPUT, IRQ, REQ};
        let phase = match &self.phase {
            Phase::Idle => 0,
            Phase::Command(_) => BUSY | COMMAND | REQ,
            Phase::Busy { .. } => BUSY,
            Phase::DataIn(..) => BUSY | INPUT | REQ,
            Phase::DataOut(..) => BUSY | REQ,
            Phase::Status(_) => BUSY | COMMAND | INPUT | REQ,
        };
        let request = if self.data_request() { DRQ } else { 0 };
        let interrupt = if self.interrupt() { IRQ } else { 0 };
        phase | request | interrupt
    }

    fn data_request(&self) -> bool {
        self.mask & mask::DMA != 0 && matches!(self.phase, Phase::DataIn(..) | Phase::DataOut(..))
    }

    fn interrupt(&self) -> bool {
        self.mask & mask::INTERRUPT != 0 && matches!(self.phase, Phase::Status(_))
    }

    /// Drives the lines and arms the event that the present phase waits for.
    fn drive_outputs(&self, cx: &mut Cx<'_>) {
        cx.set_line(INTERRUPT, self.interrupt());
        cx.set_line(DATA_REQUEST, self.data_request());
        match self.phase {
            Phase::Busy { due, .. } => cx.arm(PHASE_EVENT, due),
            _ => cx.disarm(PHASE_EVENT),
        }
    }

    fn read_data(&mut self, now: Tick) -> u8 {
        match &mut self.phase {
            Phase::Status(byte) => {
                let byte = *byte;
                self.phase = Phase::Idle;
                byte
            }
            Phase::DataIn(bytes, taken) => {
                let byte = bytes.get(*taken).copied().unwrap_or(0xFF);
                *taken = taken.saturating_add(1);
                if *taken >= bytes.len() {
                    self.data_given(now);
                }
                byte
            }
            _ => 0xFF,
        }
    }

    fn write_data(&mut self, byte: u8, now: Tick) {
        match &mut self.phase {
            Phase::Command(bytes) => {
                bytes.push(byte);
                if let Some(block) = ControlBlock::of(bytes) {
                    self.start(block, now);
                }
            }
            Phase::DataOut(bytes, wanted) => {
                bytes.push(byte);
                if bytes.len() >= *wanted {
                    let bytes = std::mem::take(bytes);
                    self.data_taken(bytes, now);
                }
            }
            _ => {}
        }
    }

    fn busy(&mut self, due: Tick, next: Next) {
        self.phase = Phase::Busy { due, next };
    }

    fn complete(&mut self, fault: Option<Fault>) {
        let drive = self.job.block.drive();
        if let Some(fault) = fault {
            self.sense[drive] = fault.sense(self.job.block.drive_bit(), self.job.at);
        }
        self.phase = Phase::Status(self.job.block.drive_bit() | if fault.is_some() { 2 } else { 0 });
    }

    /// A whole control block has come.
    fn start(&mut self, block: ControlBlock, now: Tick) {
        let command = block.command();
        let at = block.address();
        self.job = Job { block, at, left: block.blocks() };
        if command != Command::RequestSense {
            self.sense[block.drive()] = [0; 4];
        }
        let soon = now + self.micros(COMMAND_MICROS);
        let sense = self.sense[block.drive()];
        let next = match command {
            Command::Invalid => Next::Complete(Some(Fault::InvalidCommand)),
            Command::RequestSense => Next::Give(sense.to_vec()),
            Command::RamDiagnostic | Command::ControllerDiagnostic => Next::Complete(None),
            Command::ReadBurstLength => Next::Give(vec![0]),
            Command::ReadBuffer => Next::Give(self.buffer.clone()),
            Command::WriteBuffer => Next::Take(SECTOR_BYTES),
            Command::Initialize => Next::Take(8),
            _ => return self.start_on_drive(command, now, soon),
        };
        self.busy(soon, next);
    }

    /// The commands that need the drive.
    fn start_on_drive(&mut self, command: Command, now: Tick, soon: Tick) {
        let (at, block) = (self.job.at, self.job.block);
        if !self.drive().is_ready() {
            return self.busy(soon, Next::Complete(Some(Fault::NotReady)));
        }
        match command {
            Command::TestReady => self.busy(soon, Next::Complete(None)),
            Command::Recalibrate => {
                let due = self.drive().seek(0, block.step_option(), soon);
                self.busy(due, Next::Complete(None));
            }
            Command::DriveDiagnostic => {
                let last = self.drive().last_cylinder();
                let there = self.drive().seek(last, block.step_option(), soon);
                let due = self.drive().seek(0, block.step_option(), there);
                self.busy(due, Next::Complete(None));
            }
            _ => match self.drive().check(at) {
                Err(fault) => self.busy(soon, Next::Complete(Some(fault))),
                Ok(()) => self.start_at_address(command, now, soon),
            },
        }
    }

    /// The commands that go to an address.
    fn start_at_address(&mut self, command: Command, now: Tick, soon: Tick) {
        let (at, step) = (self.job.at, self.job.block.step_option());
        match command {
            Command::Seek => {
                let due = self.drive().seek(at.cylinder, step, soon);
                self.busy(due, Next::Complete(None));
            }
            Command::Write => self.busy(soon, Next::Take(SECTOR_BYTES)),
            Command::WriteLong => self.busy(soon, Next::Take(SECTOR_BYTES + dcb::ECC_BYTES)),
            Command::Read | Command::ReadLong => self.go_to_sector(Next::Read, soon),
            Command::Verify => self.go_to_sector(Next::Verify, soon),
            Command::FormatDrive => {
                self.job.left = self.drive().tracks_from(at);
                self.go_to_track(soon);
            }
            _ => {
                self.job.left = 1;
                self.go_to_track(now.max(soon));
            }
        }
    }

    /// Seeks, and waits until the sector has passed under the head.
    fn go_to_sector(&mut self, next: Next, from: Tick) {
        let (at, step) = (self.job.at, self.job.block.step_option());
        let drive = self.drive();
        let there = drive.seek(at.cylinder, step, from);
        let due = drive.sector_passed(at.sector, there);
        self.busy(due, next);
    }

    /// Seeks, and waits until the whole track has passed.
    fn go_to_track(&mut self, from: Tick) {
        let (at, step, interleave) = (self.job.at, self.job.block.step_option(), self.job.block.interleave());
        let drive = self.drive();
        drive.set_interleave(interleave);
        let due = drive.seek(at.cylinder, step, from) + drive.turn();
        self.busy(due, Next::FormatTrack);
    }

    /// The time of the present phase is over.
    fn advance(&mut self, now: Tick, notices: &mut Vec<String>) {
        let Phase::Busy { due, next } = &self.phase else { return };
        if *due > now {
            return;
        }
        let next = next.clone();
        let outcome = match next {
            Next::Complete(fault) => {
                self.complete(fault);
                return;
            }
            Next::Give(bytes) => {
                self.phase = Phase::DataIn(bytes, 0);
                return;
            }
            Next::Take(count) => {
                self.phase = Phase::DataOut(Vec::new(), count);
                return;
            }
            Next::Read => self.read_sector(notices).map(|()| false),
            Next::Verify => self.read_sector(notices).map(|()| true),
            Next::Write => self.write_sector(notices).map(|()| true),
            Next::FormatTrack => self.format_track(notices).map(|()| true),
        };
        match outcome {
            Err(fault) => self.complete(Some(fault)),
            Ok(false) => self.give_sector(),
            Ok(true) => self.go_on(now),
        }
    }

    fn read_sector(&mut self, notices: &mut Vec<String>) -> Result<(), Fault> {
        let at = self.job.at;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(SECTOR_BYTES, 0);
        let done = self.drive().read(at, &mut buffer, notices);
        self.buffer = buffer;
        done
    }

    fn write_sector(&mut self, notices: &mut Vec<String>) -> Result<(), Fault> {
        let at = self.job.at;
        let buffer = std::mem::take(&mut self.buffer);
        let done = self.drive().write(at, &buffer, notices);
        self.buffer = buffer;
        done
    }

    fn format_track(&mut self, notices: &mut Vec<String>) -> Result<(), Fault> {
        let at = self.job.at;
        let bad = self.job.block.command() == Command::FormatBadTrack;
        self.drive().format_track(at, FORMAT_FILL, bad, notices)
    }

    fn give_sector(&mut self) {
        let mut bytes = self.buffer.clone();
        if self.job.block.command() == Command::ReadLong {
            bytes.resize(SECTOR_BYTES + dcb::ECC_BYTES, 0);
        }
        self.phase = Phase::DataIn(bytes, 0);
    }

    /// The processor has taken all bytes.
    fn data_given(&mut self, now: Tick) {
        match self.job.block.command() {
            Command::Read | Command::ReadLong => self.go_on(now),
            _ => self.complete(None),
        }
    }

    /// The processor has given all bytes.
    fn data_taken(&mut self, mut bytes: Vec<u8>, now: Tick) {
        match self.job.block.command() {
            Command::Initialize => {
                self.drive().initialize(&bytes);
                self.complete(None);
            }
            Command::Write | Command::WriteLong => {
                bytes.truncate(SECTOR_BYTES);
                self.buffer = bytes;
                self.go_to_sector(Next::Write, now);
            }
            _ => {
                self.buffer = bytes;
                self.complete(None);
            }
        }
    }

    /// One sector (or track) is done: on to the next, or the end.
    fn go_on(&mut self, now: Tick) {
        self.job.left = self.job.left.saturating_sub(1);
        if self.job.left == 0 {
            return self.complete(None);
        }
        let command = self.job.block.command();
        let at = self.job.at;
        self.job.at = match command {
            Command::FormatDrive => self.drive().next_track(at),
            _ => self.drive().next_sector(at),
        };
        let at = self.job.at;
        if let Err(fault) = self.drive().check(at) {
            return self.complete(Some(fault));
        }
        match command {
            Command::Read | Command::ReadLong => self.go_to_sector(Next::Read, now),
            Command::Write => self.phase = Phase::DataOut(Vec::new(), SECTOR_BYTES),
            Command::WriteLong => self.phase = Phase::DataOut(Vec::new(), SECTOR_BYTES + dcb::ECC_BYTES),
            Command::FormatDrive => self.go_to_track(now),
            _ => self.go_to_sector(Next::Verify, now),
        }
    }

    /// A write to port 321h: everything is forgotten but the buffer.
    fn reset_controller(&mut self) {
        self.phase = Phase::Idle;
        self.mask = 0;
        self.sense = [[0; 4]; 2];
        for drive in &mut self.drives {
            drive.forget_characteristics();
        }
    }
}

impl Device for XtHdc {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        let byte = match at.offset {
            0 => self.read_data(cx.now),
            1 => self.status(),
            // The switches: they choose no table here.
            2 => 0xFF,
            _ => return Err(NoAnswer),
        };
        self.drive_outputs(cx);
        Ok(byte.into())
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let byte = value as u8;
        match at.offset {
            0 => self.write_data(byte, cx.now),
            1 => self.reset_controller(),
            2 if self.phase == Phase::Idle => self.phase = Phase::Command(Vec::new()),
            2 => {}
            3 => self.mask = byte & (mask::DMA | mask::INTERRUPT),
            _ => return Err(NoAnswer),
        }
        self.drive_outputs(cx);
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        match at.offset {
            0 => match &self.phase {
                Phase::Status(byte) => Some((*byte).into()),
                Phase::DataIn(bytes, taken) => bytes.get(*taken).map(|&b| b.into()),
                _ => Some(0xFF),
            },
            1 => Some(self.status().into()),
            2 => Some(0xFF),
            _ => None,
        }
    }

    fn on_event(&mut self, _tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        let mut notices = Vec::new();
        self.advance(cx.now, &mut notices);
        notices.into_iter().for_each(|notice| cx.notice(notice));
        self.drive_outputs(cx);
    }

    fn dma_read(&mut self, _terminal_count: bool, cx: &mut Cx<'_>) -> u8 {
        let takes = matches!(self.phase, Phase::DataIn(..)) && self.data_request();
        let byte = if takes { self.read_data(cx.now) } else { 0xFF };
        self.drive_outputs(cx);
        byte
    }

    fn dma_write(&mut self, data: Option<u8>, _terminal_count: bool, cx: &mut Cx<'_>) {
        if self.data_request() {
            match self.phase {
                Phase::DataOut(..) => self.write_data(data.unwrap_or(0xFF), cx.now),
                _ => {
                    self.read_data(cx.now);
                }
            }
        }
        self.drive_outputs(cx);
    }

    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        self.reset_controller();
        self.drive_outputs(cx);
    }

    fn save(&self) -> SavedState {
        let Self { drives, phase, job, mask, buffer, sense, board_hz: _ } = self;
        let state = State {
            drives: drives.iter().map(Drive::save).collect(),
            phase: phase.clone(),
            job: *job,
            mask: *mask,
            buffer: buffer.clone(),
            sense: *sense,
        };
        SavedState::new(STATE_VERSION, &state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let State { drives, phase, job, mask, buffer, sense } = saved.read(STATE_VERSION)?;
        for (drive, state) in self.drives.iter_mut().zip(drives) {
            drive.restore(state);
        }
        (self.phase, self.job, self.mask, self.buffer, self.sense) = (phase, job, mask, buffer, sense);
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let phase = match &self.phase {
            Phase::Idle => "idle".to_owned(),
            Phase::Command(bytes) => format!("command {bytes:02X?}"),
            Phase::DataIn(bytes, taken) => {
                format!("{:?}: {taken} of {} bytes read", self.job.block.command(), bytes.len())
            }
            Phase::DataOut(bytes, wanted) => {
                format!("{:?}: {} of {wanted} bytes written", self.job.block.command(), bytes.len())
            }
            Phase::Busy { .. } => format!("{:?}, {}", self.job.block.command(), self.job.at),
            Phase::Status(_) => "completed".to_owned(),
        };
        vec![
            RegisterView::new("Status", self.status(), 8, phase),
            RegisterView::new("Mask", self.mask, 2, ""),
            RegisterView::new("Drive 0 cylinder", self.drives[0].cylinder(), 16, ""),
            RegisterView::new("Drive 1 cylinder", self.drives[1].cylinder(), 16, ""),
        ]
    }

    fn media(&mut self) -> Option<&mut dyn MediaHost> {
        Some(self)
    }
}

impl MediaHost for XtHdc {
    fn slots(&self) -> Vec<MediaSlot> {
        let busy = !matches!(self.phase, Phase::Idle | Phase::Command(_));
        let slot = |(at, drive): (usize, &Drive)| MediaSlot {
            label: format!("Hard disk {}", at + 1),
            removable: false,
            loaded: drive.is_ready(),
            write_protected: drive.is_write_protected(),
            active: busy && self.job.block.drive() == at,
        };
        self.drives.iter().enumerate().map(slot).collect()
    }

    fn insert(
        &mut self,
        slot: usize,
        mut medium: Box<dyn Medium>,
        _cx: &mut Cx<'_>,
    ) -> Result<(), MediaError> {
        let drive = self.drives.get_mut(slot).ok_or(MediaError::NoSuchSlot(slot))?;
        let geometry = geometry_of(medium.as_mut())?;
        drive.insert(medium, geometry);
        Ok(())
    }

    fn eject(&mut self, slot: usize, _cx: &mut Cx<'_>) -> Result<Option<Box<dyn Medium>>, MediaError> {
        Ok(self.drives.get_mut(slot).ok_or(MediaError::NoSuchSlot(slot))?.eject())
    }

    fn medium(&mut self, slot: usize) -> Option<&mut dyn Medium> {
        self.drives.get_mut(slot)?.medium()
    }
}
