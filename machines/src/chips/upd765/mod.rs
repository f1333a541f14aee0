//! NEC µPD765A / Intel 8272A floppy disk controller (NEC data sheet µPD765A, Intel 8272A 210606).
//!
//! The chip alone: registers, command and result phases ([`command`], [`status`]), seeking ([`seek`]) and what
//! happens while a track passes under the head ([`execution`]). The drives are [`drive`]; the PC's adapter around it
//! all is `cards::fdc`. Bytes move in guest time, at the place of the track where they lie.
//!
//! READY is taken as tied active, as on the PC's adapters: a command without a turning disk waits for index pulses,
//! for ever if need be. Not modelled: the polling of READY between commands (but for the four changes after a
//! reset), and the MFM bit stream itself (gaps hold no data, a format's GPL is not written between known fields).

mod command;
mod drive;
mod execution;
mod format;
mod seek;
mod status;
mod transfer;

pub use drive::{DriveKind, DriveState, FloppyDrive};

use command::{Command, DiskCommand, Modifiers};
use emu_core::board::device::RegisterView;
use emu_core::time::Tick;
use execution::{Ending, Execution};
use seek::Seek;
use serde::{Deserialize, Serialize};
use status::{msr, st0, st3};

/// The bit rate of the data separator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataRate {
    Kbps500,
    Kbps300,
    #[default]
    Kbps250,
    /// Of extra-density drives; no disk here is written at it.
    Mbps1,
}

impl DataRate {
    pub const fn bits_per_second(self) -> u64 {
        match self {
            Self::Kbps500 => 500_000,
            Self::Kbps300 => 300_000,
            Self::Kbps250 => 250_000,
            Self::Mbps1 => 1_000_000,
        }
    }
}

/// What is on the chip's other side: the drive that the adapter selects, and the clock that goes with the data rate.
#[derive(Default)]
pub struct DriveSide<'a> {
    pub selected: Option<&'a mut FloppyDrive>,
    pub rate: DataRate,
}

impl DriveSide<'_> {
    fn step(&mut self, inwards: bool) {
        if let Some(drive) = &mut self.selected {
            drive.step(inwards);
        }
    }

    fn is_at_track_0(&self) -> bool {
        self.selected.as_ref().is_some_and(|d| d.is_at_track_0())
    }
}

/// What SPECIFY sets, in units of the data sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Specify {
    /// SRT: 16 minus the milliseconds between steps (at 500 kbit/s).
    step_rate: u8,
    /// HUT: 16 ms each.
    head_unload: u8,
    /// HLT: 2 ms each.
    head_load: u8,
    non_dma: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// The bytes that have come; none when the chip is idle.
    Command(Vec<u8>),
    Execution(Execution),
    /// The bytes, and how many were read.
    Result(Vec<u8>, usize),
}

const IDLE: Phase = Phase::Command(Vec::new());

/// After a byte was written or read: until RQM comes again, at 500 kbit/s ("12 µs").
const HANDSHAKE_MICROS: u64 = 12;

/// From the end of a reset until the four drives were polled.
const POLL_MICROS: u64 = 1024;

/// The controller.
#[derive(Debug)]
pub struct Upd765 {
    board_hz: u64,
    held_in_reset: bool,
    phase: Phase,
    /// When RQM comes.
    ready_at: Tick,
    specify: Specify,
    seeks: [Seek; 4],
    /// After a reset: when the drives are found ready.
    poll_due: Tick,
    /// The units whose READY change waits for SENSE INTERRUPT STATUS, a bit each.
    ready_changes: u8,
    interrupt: bool,
    /// When the head is lifted after the last command.
    head_unload_at: Tick,
    notices: Vec<String>,
}

/// What a snapshot keeps of the chip.
#[derive(Serialize, Deserialize)]
pub struct ChipState {
    held_in_reset: bool,
    phase: Phase,
    ready_at: Tick,
    specify: Specify,
    seeks: [Seek; 4],
    poll_due: Tick,
    ready_changes: u8,
    interrupt: bool,
    head_unload_at: Tick,
}

impl Upd765 {
    /// A chip held in reset, on a board with ticks of `board_hz`.
    pub fn new(board_hz: u64) -> Self {
        Self {
            board_hz: board_hz.max(1),
            held_in_reset: true,
            phase: IDLE,
            ready_at: Tick(0),
            specify: Specify::default(),
            seeks: [Seek::default(); 4],
            poll_due: Tick::NEVER,
            ready_changes: 0,
            interrupt: false,
            head_unload_at: Tick(0),
            notices: Vec::new(),
        }
    }

    /// Moves the RESET pin. SPECIFY's values survive a reset.
    pub fn set_reset(&mut self, held: bool, now: Tick, rate: DataRate) {
        if self.held_in_reset == held {
            return;
        }
        self.held_in_reset = held;
        self.phase = IDLE;
        self.seeks = [Seek::default(); 4];
        self.ready_changes = 0;
        self.interrupt = false;
        self.ready_at = now;
        self.poll_due = if held { Tick::NEVER } else { now + self.scaled_micros(POLL_MICROS, rate) };
    }

    /// The INT pin.
    pub fn interrupt(&self) -> bool {
        self.interrupt || self.specify.non_dma && self.wants_byte()
    }

    /// The DRQ pin.
    pub fn data_request(&self) -> bool {
        !self.specify.non_dma && self.wants_byte()
    }

    fn wants_byte(&self) -> bool {
        matches!(&self.phase, Phase::Execution(execution) if execution.wants_byte())
    }

    /// Takes a sentence for the user.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// When [`Self::advance`] must be called next. [`Tick::NEVER`] when nothing moves.
    pub fn next_event(&self) -> Tick {
        let execution =
            if let Phase::Execution(execution) = &self.phase { execution.due() } else { Tick::NEVER };
        self.seeks.iter().map(Seek::due).fold(self.poll_due.min(execution), Tick::min)
    }

    /// Lets what is due by `now` happen, one thing of each kind; what is left is due at once.
    pub fn advance(&mut self, now: Tick, side: &mut DriveSide<'_>) {
        if self.poll_due <= now {
            self.poll_due = Tick::NEVER;
            self.ready_changes = 0xF;
            self.interrupt = true;
        }
        for unit in 0..4 {
            let seek = &mut self.seeks[usize::from(unit)];
            if seek.due() <= now && seek.advance(unit, side) {
                self.interrupt = true;
            }
        }
        if let Phase::Execution(execution) = &mut self.phase
            && execution.due() <= now
        {
            let ending = execution.advance(now, side, &mut self.notices);
            self.end_execution(ending, now, side.rate);
        }
    }

    /// The disk, the motor or the selection has changed.
    pub fn drive_changed(&mut self, now: Tick, side: &mut DriveSide<'_>) {
        if let Phase::Execution(execution) = &mut self.phase {
            execution.drive_changed(now, side);
        }
    }

    /// The main status register.
    pub fn main_status(&self, now: Tick) -> u8 {
        if self.held_in_reset {
            return 0;
        }
        let ready = if self.ready_at <= now { msr::RQM } else { 0 };
        let phase = match &self.phase {
            Phase::Command(bytes) if bytes.is_empty() => ready,
            Phase::Command(_) => ready | msr::CB,
            Phase::Result(..) => ready | msr::DIO | msr::CB,
            Phase::Execution(execution) => msr::CB | self.execution_status(execution),
        };
        let busy = (0..4).filter(|&unit| self.seeks[unit].is_busy()).fold(0, |bits, unit| bits | 1 << unit);
        phase | busy
    }

    fn execution_status(&self, execution: &Execution) -> u8 {
        if !self.specify.non_dma {
            return 0;
        }
        let direction = if execution.takes_bytes() { 0 } else { msr::DIO };
        let request = if execution.wants_byte() { msr::RQM } else { 0 };
        msr::NDM | direction | request
    }

    /// What [`Self::read_data`] would give, for the debugger.
    pub fn peek_data(&self) -> u8 {
        match &self.phase {
            Phase::Result(bytes, read) => bytes.get(*read).copied().unwrap_or(0xFF),
            _ => 0xFF,
        }
    }

    /// Reads the data register.
    pub fn read_data(&mut self, now: Tick, side: &mut DriveSide<'_>) -> u8 {
        match &mut self.phase {
            Phase::Result(bytes, read) => {
                let byte = bytes.get(*read).copied().unwrap_or(0xFF);
                *read = read.saturating_add(1);
                let last = *read >= bytes.len();
                self.interrupt = false;
                self.ready_at = now + self.scaled_micros(HANDSHAKE_MICROS, side.rate);
                if last {
                    self.phase = IDLE;
                    self.interrupt = self.seeks.iter().any(Seek::has_ended);
                }
                byte
            }
            Phase::Execution(execution) if self.specify.non_dma && !execution.takes_bytes() => {
                execution.give_byte().unwrap_or(0xFF)
            }
            _ => 0xFF,
        }
    }

    /// Writes the data register.
    pub fn write_data(&mut self, byte: u8, now: Tick, side: &mut DriveSide<'_>) {
        if self.held_in_reset {
            return;
        }
        match &mut self.phase {
            Phase::Command(bytes) => {
                bytes.push(byte);
                self.ready_at = now + self.scaled_micros(HANDSHAKE_MICROS, side.rate);
                self.command_byte_taken(now, side);
            }
            Phase::Execution(execution) if self.specify.non_dma && execution.takes_bytes() => {
                execution.take_byte(byte);
            }
            _ => {}
        }
    }

    /// DACK with a byte for the chip, or (`None`) with the wish for one. Gives the byte that the chip drives.
    pub fn acknowledge(&mut self, data: Option<u8>, terminal_count: bool) -> u8 {
        let Phase::Execution(execution) = &mut self.phase else { return 0xFF };
        if self.specify.non_dma {
            return 0xFF;
        }
        let byte = if execution.takes_bytes() {
            execution.take_byte(data.unwrap_or(0xFF));
            0xFF
        } else {
            execution.give_byte().unwrap_or(0xFF)
        };
        if terminal_count {
            execution.terminal_count();
        }
        byte
    }

    fn command_byte_taken(&mut self, now: Tick, side: &mut DriveSide<'_>) {
        let Phase::Command(bytes) = &self.phase else { return };
        let Some(&first) = bytes.first() else { return };
        let command = Command::of(first);
        if bytes.len() < command.bytes() {
            return;
        }
        let bytes = bytes.clone();
        self.phase = IDLE;
        self.interrupt = false;
        if !matches!(command, Command::SenseInterrupt | Command::Invalid) {
            // The PC's first BIOS asks once after a reset and goes on; the other three changes must not come later.
            self.ready_changes = 0;
            self.poll_due = Tick::NEVER;
        }
        self.start(command, &bytes, now, side);
    }

    fn start(&mut self, command: Command, bytes: &[u8], now: Tick, side: &mut DriveSide<'_>) {
        let unit = bytes.get(1).copied().unwrap_or(0) & 3;
        let step = self.scaled_micros(1000 * u64::from(16 - (self.specify.step_rate & 0xF)), side.rate);
        let seek = &mut self.seeks[usize::from(unit)];
        match command {
            Command::Invalid => self.phase = Phase::Result(vec![st0::INVALID], 0),
            Command::SenseInterrupt => self.phase = Phase::Result(self.sense_interrupt(), 0),
            Command::SenseDrive => self.phase = Phase::Result(vec![sense_drive(bytes[1], side)], 0),
            Command::Recalibrate => seek.begin_recalibrate(now, step),
            Command::Seek => seek.begin(bytes[2], now, step),
            Command::Specify => {
                self.specify = Specify {
                    step_rate: bytes[1] >> 4,
                    head_unload: bytes[1] & 0xF,
                    head_load: bytes[2] >> 1,
                    non_dma: bytes[2] & 1 != 0,
                };
            }
            Command::Disk(disk) => self.start_disk_command(disk, bytes, now, side),
        }
    }

    fn start_disk_command(
        &mut self,
        command: DiskCommand,
        bytes: &[u8],
        now: Tick,
        side: &mut DriveSide<'_>,
    ) {
        let load = if now < self.head_unload_at { 0 } else { u64::from(self.specify.head_load.max(1)) };
        let from = now + self.scaled_micros(2000 * load, side.rate);
        let mut execution = Execution::new(command, Modifiers::of(bytes[0]), &bytes[1..]);
        let ending = execution.begin(from, side);
        self.phase = Phase::Execution(execution);
        self.end_execution(ending, now, side.rate);
    }

    fn end_execution(&mut self, ending: Option<Ending>, now: Tick, rate: DataRate) {
        let Some(ending) = ending else { return };
        let unload = if self.specify.head_unload == 0 { 16 } else { u64::from(self.specify.head_unload) };
        self.head_unload_at = now + self.scaled_micros(16_000 * unload, rate);
        self.phase = Phase::Result(ending.to_vec(), 0);
        self.ready_at = now;
        self.interrupt = true;
    }

    /// SENSE INTERRUPT STATUS: ends of seeks first, then what a reset has brought.
    fn sense_interrupt(&mut self) -> Vec<u8> {
        for seek in &mut self.seeks {
            if let Some(code) = seek.take_end() {
                return vec![code, seek.pcn];
            }
        }
        if self.ready_changes == 0 {
            return vec![st0::INVALID];
        }
        let unit = self.ready_changes.trailing_zeros() as u8;
        self.ready_changes &= self.ready_changes - 1;
        vec![st0::READY_CHANGED | unit, self.seeks[usize::from(unit & 3)].pcn]
    }

    /// Ticks of a time that the data sheet gives for 500 kbit/s; the chip's clock follows the data rate.
    fn scaled_micros(&self, micros: u64, rate: DataRate) -> u64 {
        let at_500k = self.board_hz.saturating_mul(micros) / 1_000_000;
        (at_500k.saturating_mul(500_000) / rate.bits_per_second()).max(1)
    }

    /// What a snapshot keeps.
    pub fn save(&self) -> ChipState {
        let Self {
            board_hz: _,
            held_in_reset,
            phase,
            ready_at,
            specify,
            seeks,
            poll_due,
            ready_changes,
            interrupt,
            head_unload_at,
            notices: _,
        } = self;
        ChipState {
            held_in_reset: *held_in_reset,
            phase: phase.clone(),
            ready_at: *ready_at,
            specify: *specify,
            seeks: *seeks,
            poll_due: *poll_due,
            ready_changes: *ready_changes,
            interrupt: *interrupt,
            head_unload_at: *head_unload_at,
        }
    }

    /// Takes a state back.
    pub fn restore(&mut self, state: ChipState) {
        let ChipState {
            held_in_reset,
            phase,
            ready_at,
            specify,
            seeks,
            poll_due,
            ready_changes,
            interrupt,
            head_unload_at,
        } = state;
        let (board_hz, notices) = (self.board_hz, Vec::new());
        *self = Self {
            board_hz,
            held_in_reset,
            phase,
            ready_at,
            specify,
            seeks,
            poll_due,
            ready_changes,
            interrupt,
            head_unload_at,
            notices,
        };
    }

    /// The registers as a debugger shows them.
    pub fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let phase = match &self.phase {
            _ if self.held_in_reset => "held in reset".to_owned(),
            Phase::Command(bytes) if bytes.is_empty() => "idle".to_owned(),
            Phase::Command(bytes) => format!("command {bytes:02X?}"),
            Phase::Execution(execution) => execution.describe(),
            Phase::Result(bytes, read) => format!("result {bytes:02X?}, {read} read"),
        };
        let mut views = vec![RegisterView::new("MSR", self.main_status(now), 8, phase)];
        for (unit, seek) in self.seeks.iter().enumerate() {
            let meaning = if seek.is_busy() { "seeking" } else { "" };
            views.push(RegisterView::new(format!("PCN{unit}"), seek.pcn, 8, meaning));
        }
        views
    }
}

/// SENSE DRIVE STATUS: ST3. All drives of the PC report ready and two sides.
fn sense_drive(unit: u8, side: &DriveSide<'_>) -> u8 {
    let drive = side.selected.as_deref();
    let protected = if drive.is_some_and(FloppyDrive::is_write_protected) { st3::WP } else { 0 };
    let track_0 = if side.is_at_track_0() { st3::T0 } else { 0 };
    unit & 7 | st3::RY | st3::TS | protected | track_0
}
