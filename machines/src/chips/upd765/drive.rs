//! A floppy drive: its motor, its head, and the disk that turns under it.
//!
//! The track layout says where each mark and byte lies; a turn takes 60 s / rpm. Not modelled: the head's settling
//! (software waits it out), and a motor's run-down (data ends when the motor is switched off).

use crate::media::floppy::{
    Encoding, FloppyDisk, FloppyFormat, FormFactor, OddTracks, Track, is_same_density,
};
use emu_core::board::device::MediaError;
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// From motor on to full speed.
const SPIN_UP_MILLIS: u64 = 250;

/// A drive's type, as the set-up of an AT names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DriveKind {
    /// 5.25 inch, 40 tracks, double density: the PC's and XT's own.
    Dd360K,
    /// 5.25 inch, 80 tracks, high density, 360 turns a minute.
    Hd1200K,
    /// 3.5 inch, double density.
    Dd720K,
    /// 3.5 inch, high density.
    Hd1440K,
}

impl DriveKind {
    pub const ALL: [Self; 4] = [Self::Dd360K, Self::Hd1200K, Self::Dd720K, Self::Hd1440K];

    /// The plainest drive that reads and writes a format.
    pub fn for_format(format: &FloppyFormat) -> Self {
        match (format.form, format.is_high_density()) {
            (FormFactor::Minidisk, false) => Self::Dd360K,
            (FormFactor::Minidisk, true) => Self::Hd1200K,
            (FormFactor::Microdisk, false) => Self::Dd720K,
            (FormFactor::Microdisk, true) => Self::Hd1440K,
        }
    }

    /// What a user calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dd360K => "360K",
            Self::Hd1200K => "1.2M",
            Self::Dd720K => "720K",
            Self::Hd1440K => "1.44M",
        }
    }

    pub const fn form(self) -> FormFactor {
        match self {
            Self::Dd360K | Self::Hd1200K => FormFactor::Minidisk,
            Self::Dd720K | Self::Hd1440K => FormFactor::Microdisk,
        }
    }

    pub const fn is_high_density(self) -> bool {
        matches!(self, Self::Hd1200K | Self::Hd1440K)
    }

    /// Turns of the disk per minute.
    pub const fn rpm(self) -> u64 {
        if matches!(self, Self::Hd1200K) { 360 } else { 300 }
    }

    /// Tracks of a side.
    pub const fn cylinders(self) -> u8 {
        if matches!(self, Self::Dd360K) { 40 } else { 80 }
    }

    /// The PC's and XT's 360K drive does not tell that its door was opened.
    pub const fn has_change_line(self) -> bool {
        !matches!(self, Self::Dd360K)
    }

    /// The innermost position that the head reaches: a little beyond the last track.
    const fn last_position(self) -> u8 {
        self.cylinders() + 2
    }

    /// Why a disk of this format does no good in the drive, if so.
    ///
    /// # Errors
    /// [`MediaError::Unsuitable`] in a sentence with the remedy.
    pub fn accepts(self, format: &FloppyFormat) -> Result<(), MediaError> {
        let fits = format.form == self.form() && (!format.is_high_density() || self.is_high_density());
        if fits {
            return Ok(());
        }
        Err(MediaError::Unsuitable(format!(
            "A {} disk ({}) cannot be read in a {} drive ({}); put it into a {} drive, or change this drive's type",
            format.name,
            format.form.words(),
            self.name(),
            self.form().words(),
            Self::for_format(format).name(),
        )))
    }
}

/// A drive on the controller's cable.
pub struct FloppyDrive {
    kind: DriveKind,
    /// Ticks of one turn.
    turn: u64,
    spin_up: u64,
    disk: Option<FloppyDisk>,
    /// The head's place, counted in this drive's tracks.
    position: u8,
    motor: bool,
    /// Since when the disk turns at full speed (may lie ahead): the index hole passed then.
    turning_from: Option<Tick>,
    /// The door was opened since the last step pulse.
    changed: bool,
}

/// What a drive holds beside its disk.
#[derive(Serialize, Deserialize)]
pub struct DriveState {
    position: u8,
    motor: bool,
    turning_from: Option<Tick>,
    changed: bool,
    odd_tracks: OddTracks,
}

impl FloppyDrive {
    /// An empty drive on a board with ticks of `board_hz`.
    pub fn new(kind: DriveKind, board_hz: u64) -> Self {
        Self {
            kind,
            turn: (board_hz * 60 / kind.rpm()).max(1),
            spin_up: board_hz * SPIN_UP_MILLIS / 1000,
            disk: None,
            position: 0,
            motor: false,
            turning_from: None,
            changed: true,
        }
    }

    pub fn kind(&self) -> DriveKind {
        self.kind
    }

    pub fn disk(&self) -> Option<&FloppyDisk> {
        self.disk.as_ref()
    }

    pub fn disk_mut(&mut self) -> Option<&mut FloppyDisk> {
        self.disk.as_mut()
    }

    /// Puts a disk in, in place of what was there.
    pub fn insert(&mut self, disk: FloppyDisk, now: Tick) {
        self.disk = Some(disk);
        self.changed = true;
        self.spin(now);
    }

    pub fn eject(&mut self) -> Option<FloppyDisk> {
        self.changed = true;
        self.turning_from = None;
        self.disk.take()
    }

    pub fn set_motor(&mut self, on: bool, now: Tick) {
        if self.motor != on {
            self.motor = on;
            self.spin(now);
        }
    }

    pub fn is_motor_on(&self) -> bool {
        self.motor
    }

    fn spin(&mut self, now: Tick) {
        self.turning_from = (self.motor && self.disk.is_some()).then(|| now + self.spin_up);
    }

    /// Moves the head by one track.
    pub fn step(&mut self, inwards: bool) {
        self.position = if inwards {
            (self.position + 1).min(self.kind.last_position())
        } else {
            self.position.saturating_sub(1)
        };
        if self.disk.is_some() {
            self.changed = false;
        }
    }

    /// The head's place, counted in this drive's tracks.
    pub fn position(&self) -> u8 {
        self.position
    }

    pub fn is_at_track_0(&self) -> bool {
        self.position == 0
    }

    /// The level of the disk change line, asserted or not.
    pub fn is_changed(&self) -> bool {
        self.changed && self.kind.has_change_line()
    }

    /// The write-protect sensor: without a disk, nothing covers it.
    pub fn is_write_protected(&self) -> bool {
        self.disk.as_ref().is_some_and(FloppyDisk::is_write_protected)
    }

    /// Since when a disk turns at full speed, or from when on it will. `None` when nothing turns.
    pub fn turning_from(&self) -> Option<Tick> {
        self.turning_from
    }

    /// Ticks of a turn.
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// The first moment from `from` on when byte `place` of `track_bytes` passes under the head. `None` when
    /// nothing turns.
    pub fn next_pass(&self, from: Tick, place: u16, track_bytes: u16) -> Option<Tick> {
        let origin = self.turning_from?;
        let from = from.max(origin);
        let here = from.since(origin) % self.turn;
        let there = u64::from(place) * self.turn / u64::from(track_bytes.max(1));
        let wait = if there >= here { there - here } else { self.turn - here + there };
        Some(from + wait)
    }

    /// The cylinder of the disk under the head. A 96-tpi head between the tracks of a 48-tpi disk sees none.
    pub fn disk_cylinder(&self) -> Option<u8> {
        let format = self.disk.as_ref()?.format();
        let double_step = self.kind.cylinders() == 80 && format.cylinders == 40;
        match (double_step, self.position % 2) {
            (false, _) => Some(self.position),
            (true, 0) => Some(self.position / 2),
            (true, _) => None,
        }
    }

    /// What a controller sees that reads `bits_per_second` in this encoding: nothing when the track was written at
    /// another rate.
    pub fn track(&self, head: u8, encoding: Encoding, bits_per_second: u64) -> Option<Cow<'_, Track>> {
        let track = self.disk.as_ref()?.track(self.disk_cylinder()?, head)?;
        let readable = track.encoding == encoding
            && is_same_density(self.track_bytes(encoding, bits_per_second), track.bytes);
        readable.then_some(track)
    }

    /// The bytes that a controller writes in one turn.
    pub fn track_bytes(&self, encoding: Encoding, bits_per_second: u64) -> u16 {
        let mfm = bits_per_second * 60 / (self.kind.rpm() * 8);
        let bytes = if encoding == Encoding::Fm { mfm / 2 } else { mfm };
        bytes.clamp(1, u64::from(u16::MAX)) as u16
    }

    /// What a snapshot keeps of the drive. The disk itself is the machine's concern.
    pub fn save(&self) -> DriveState {
        let Self { kind: _, turn: _, spin_up: _, disk, position, motor, turning_from, changed } = self;
        DriveState {
            position: *position,
            motor: *motor,
            turning_from: *turning_from,
            changed: *changed,
            odd_tracks: disk.as_ref().map(|d| d.odd_tracks().clone()).unwrap_or_default(),
        }
    }

    /// Takes a state back; the disk that was in then is in by now.
    pub fn restore(&mut self, state: DriveState) {
        let DriveState { position, motor, turning_from, changed, odd_tracks } = state;
        self.position = position.min(self.kind.last_position());
        self.motor = motor;
        self.turning_from = turning_from.filter(|_| self.disk.is_some());
        self.changed = changed;
        if let Some(disk) = &mut self.disk {
            disk.set_odd_tracks(odd_tracks);
        }
    }
}
