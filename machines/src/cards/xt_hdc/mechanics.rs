//! A fixed disk drive: where its heads are, when a sector passes under them, and the image behind it.
//!
//! 3600 turns a minute. Times are those of a Seagate ST-412 (OEM manual 1982, "Performance"): 3 ms from track to
//! track, 85 ms on average with buffered steps.

use super::dcb::{Address, Fault, SECTOR_BYTES};
use crate::media::hard_disk::Geometry;
use emu_core::hal::storage::Medium;
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const TURNS_PER_MINUTE: u64 = 3600;

/// How IBM's low-level format lays sectors out.
const DEFAULT_INTERLEAVE: u8 = 6;

/// Between step pulses without buffering.
const STEP_MICROS: u64 = 3000;
/// With buffered steps: per track, and until the heads rest.
const BUFFERED_STEP_MICROS: u64 = 680;
const SETTLE_MICROS: u64 = 15_000;

/// What INITIALIZE DRIVE CHARACTERISTICS sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Characteristics {
    cylinders: u16,
    heads: u8,
}

struct Disk {
    medium: Box<dyn Medium>,
    geometry: Geometry,
}

/// One drive, or the place for one.
pub struct Drive {
    board_hz: u64,
    disk: Option<Disk>,
    cylinder: u16,
    interleave: u8,
    /// Tracks that FORMAT BAD TRACK has marked: a raw image has no place for that.
    bad_tracks: BTreeSet<(u16, u8)>,
    characteristics: Option<Characteristics>,
    /// Whether the user knows that the host's file fails.
    told: bool,
}

/// What a snapshot keeps of a drive beside its image.
#[derive(Serialize, Deserialize)]
pub struct DriveState {
    cylinder: u16,
    interleave: u8,
    bad_tracks: BTreeSet<(u16, u8)>,
    characteristics: Option<Characteristics>,
}

impl Drive {
    pub fn new(board_hz: u64) -> Self {
        Self {
            board_hz,
            disk: None,
            cylinder: 0,
            interleave: DEFAULT_INTERLEAVE,
            bad_tracks: BTreeSet::new(),
            characteristics: None,
            told: false,
        }
    }

    pub fn insert(&mut self, medium: Box<dyn Medium>, geometry: Geometry) {
        self.disk = Some(Disk { medium, geometry });
        self.bad_tracks.clear();
        self.told = false;
    }

    pub fn eject(&mut self) -> Option<Box<dyn Medium>> {
        self.disk.take().map(|d| d.medium)
    }

    pub fn medium(&mut self) -> Option<&mut dyn Medium> {
        match &mut self.disk {
            Some(disk) => Some(disk.medium.as_mut()),
            None => None,
        }
    }

    pub fn geometry(&self) -> Option<Geometry> {
        self.disk.as_ref().map(|d| d.geometry)
    }

    pub fn is_ready(&self) -> bool {
        self.disk.is_some()
    }

    pub fn is_write_protected(&self) -> bool {
        self.disk.as_ref().is_some_and(|d| d.medium.is_write_protected())
    }

    /// Where the heads are.
    pub fn cylinder(&self) -> u16 {
        self.cylinder
    }

    /// The data of INITIALIZE: cylinders (high, low), heads; the rest concerns writing.
    pub fn initialize(&mut self, bytes: &[u8]) {
        if let &[high, low, heads, ..] = bytes {
            self.characteristics =
                Some(Characteristics { cylinders: u16::from_be_bytes([high, low]), heads });
        }
    }

    pub fn forget_characteristics(&mut self) {
        self.characteristics = None;
    }

    /// What the controller believes of the drive: what it was told, or else the truth.
    fn believed(&self) -> Characteristics {
        let truth = self.geometry().map_or((0, 0), |g| (g.cylinders, g.heads));
        self.characteristics.unwrap_or(Characteristics { cylinders: truth.0, heads: truth.1 })
    }

    fn sectors(&self) -> u8 {
        self.geometry().map_or(1, |g| g.sectors)
    }

    pub fn last_cylinder(&self) -> u16 {
        self.geometry().map_or(0, |g| g.cylinders - 1)
    }

    /// Whether an address is one: first by what the controller was told, then by what the drive has.
    ///
    /// # Errors
    /// The fault that the controller reports.
    pub fn check(&self, at: Address) -> Result<(), Fault> {
        let Some(Geometry { cylinders, heads, sectors }) = self.geometry() else {
            return Err(Fault::NotReady);
        };
        let believed = self.believed();
        if at.cylinder >= believed.cylinders || at.head >= believed.heads || at.sector >= sectors {
            return Err(Fault::IllegalAddress);
        }
        if at.cylinder >= cylinders {
            return Err(Fault::SeekError);
        }
        if at.head >= heads { Err(Fault::SectorNotFound) } else { Ok(()) }
    }

    /// The sector after this one, as the controller counts.
    pub fn next_sector(&self, at: Address) -> Address {
        if at.sector + 1 < self.sectors() {
            return Address { sector: at.sector + 1, ..at };
        }
        self.next_track(at)
    }

    /// The first sector of the track after this one.
    pub fn next_track(&self, at: Address) -> Address {
        let head = at.head.saturating_add(1);
        if head < self.believed().heads {
            return Address { head, sector: 0, ..at };
        }
        Address { cylinder: at.cylinder.saturating_add(1), head: 0, sector: 0 }
    }

    /// The tracks from here to the end of the disk.
    pub fn tracks_from(&self, at: Address) -> u32 {
        let Characteristics { cylinders, heads } = self.believed();
        let all = u32::from(cylinders) * u32::from(heads);
        all.saturating_sub(u32::from(at.cylinder) * u32::from(heads) + u32::from(at.head))
    }

    /// Ticks of a turn.
    pub fn turn(&self) -> u64 {
        (self.board_hz * 60 / TURNS_PER_MINUTE).max(1)
    }

    /// Moves the heads. Gives when they are there.
    pub fn seek(&mut self, cylinder: u16, step_option: u8, from: Tick) -> Tick {
        let steps = u64::from(cylinder.abs_diff(self.cylinder));
        self.cylinder = cylinder;
        let micros = match (steps, step_option) {
            (0, _) => 0,
            // Options 4 to 7 are pulses of 200 µs and less, which the drive collects.
            (_, 4..=7) => SETTLE_MICROS + steps * BUFFERED_STEP_MICROS,
            _ => steps * STEP_MICROS,
        };
        from + self.board_hz * micros / 1_000_000
    }

    pub fn set_interleave(&mut self, interleave: u8) {
        let last = self.sectors().saturating_sub(1).max(1);
        self.interleave = if interleave == 0 { DEFAULT_INTERLEAVE.min(last) } else { interleave.min(last) };
    }

    /// When a sector has passed under the head for the first time, from `from` on.
    pub fn sector_passed(&self, sector: u8, from: Tick) -> Tick {
        let (turn, count) = (self.turn(), u64::from(self.sectors()));
        let place = u64::from(self.place_of(sector));
        let (start, length) = (place * turn / count, turn / count);
        let here = from.0 % turn;
        let wait = if start >= here { start - here } else { turn - here + start };
        from + wait + length
    }

    /// Where on the track a sector lies: each next one `interleave` places on, or in the first free place after.
    fn place_of(&self, sector: u8) -> u8 {
        let count = self.sectors().clamp(1, 63);
        let (mut taken, mut place) = (0u64, 0u8);
        for _ in 0..sector.min(count - 1) {
            taken |= 1 << place;
            place = (place + self.interleave % count) % count;
            while taken >> place & 1 != 0 {
                place = (place + 1) % count;
            }
        }
        place
    }

    fn offset(&self, at: Address) -> u64 {
        let number = self.geometry().map_or(0, |g| g.sector_number(at.cylinder, at.head, at.sector));
        number * SECTOR_BYTES as u64
    }

    /// Reads the sector at `at` into `buffer`.
    ///
    /// # Errors
    /// What the controller reports.
    pub fn read(&mut self, at: Address, buffer: &mut [u8], notices: &mut Vec<String>) -> Result<(), Fault> {
        if self.bad_tracks.contains(&(at.cylinder, at.head)) {
            return Err(Fault::BadTrack);
        }
        let offset = self.offset(at);
        let disk = self.disk.as_mut().ok_or(Fault::NotReady)?;
        disk.medium.read_at(offset, buffer).map_err(|error| {
            self.tell(
                notices,
                format!("The hard disk image cannot be read: {error}. The guest sees a bad sector"),
            );
            Fault::DataError
        })
    }

    /// Writes the sector at `at`.
    ///
    /// # Errors
    /// What the controller reports.
    pub fn write(&mut self, at: Address, data: &[u8], notices: &mut Vec<String>) -> Result<(), Fault> {
        if self.bad_tracks.contains(&(at.cylinder, at.head)) {
            return Err(Fault::BadTrack);
        }
        let offset = self.offset(at);
        let disk = self.disk.as_mut().ok_or(Fault::NotReady)?;
        disk.medium.write_at(offset, data).map_err(|error| self.write_failed(&error, notices))
    }

    /// Fills a track, or marks it as bad.
    ///
    /// # Errors
    /// What the controller reports.
    pub fn format_track(
        &mut self,
        at: Address,
        fill: u8,
        bad: bool,
        notices: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let track = (at.cylinder, at.head);
        if bad {
            self.bad_tracks.insert(track);
            let words = "The guest has marked a track of the hard disk as bad; a raw image cannot hold that, and it is \
                         forgotten when the machine ends";
            self.tell(notices, words.to_owned());
            return Ok(());
        }
        self.bad_tracks.remove(&track);
        let offset = self.offset(Address { sector: 0, ..at });
        let data = vec![fill; usize::from(self.sectors()) * SECTOR_BYTES];
        let disk = self.disk.as_mut().ok_or(Fault::NotReady)?;
        disk.medium.write_at(offset, &data).map_err(|error| self.write_failed(&error, notices))
    }

    fn write_failed(&mut self, error: &std::io::Error, notices: &mut Vec<String>) -> Fault {
        let words = format!(
            "The hard disk image cannot be written: {error}. The guest is told of a write fault; make room or free the \
             file, and write again"
        );
        self.tell(notices, words);
        Fault::CannotWrite
    }

    /// One notice for a drive is enough: a guest tries again and again.
    fn tell(&mut self, notices: &mut Vec<String>, words: String) {
        if !self.told {
            self.told = true;
            notices.push(words);
        }
    }

    pub fn save(&self) -> DriveState {
        let Self { board_hz: _, disk: _, cylinder, interleave, bad_tracks, characteristics, told: _ } = self;
        DriveState {
            cylinder: *cylinder,
            interleave: *interleave,
            bad_tracks: bad_tracks.clone(),
            characteristics: *characteristics,
        }
    }

    /// Takes a state back; the disk that was in then is in by now.
    pub fn restore(&mut self, state: DriveState) {
        let DriveState { cylinder, interleave, bad_tracks, characteristics } = state;
        self.cylinder = cylinder.min(self.last_cylinder());
        self.interleave = interleave;
        self.bad_tracks = bad_tracks;
        self.characteristics = characteristics;
    }
}
