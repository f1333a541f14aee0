//! One sector's data field, byte by byte: when each is asked for, and what is too late.

use emu_core::time::Tick;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What an event has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Going,
    /// A byte was not served in time.
    Overrun,
    SectorEnd,
}

/// The bytes that pass in a turn, and the ticks that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    start: Tick,
    turn: u64,
    track_bytes: u16,
}

impl Pace {
    pub fn new(start: Tick, (turn, track_bytes): (u64, u16)) -> Self {
        Self { start, turn, track_bytes: track_bytes.max(1) }
    }

    /// When byte `place`, counted from the start, begins to pass. No rounding adds up.
    pub fn at(&self, place: usize) -> Tick {
        self.start + self.ticks(place)
    }

    pub fn ticks(&self, bytes: usize) -> u64 {
        (bytes as u64).saturating_mul(self.turn) / u64::from(self.track_bytes)
    }

    pub fn track_bytes(&self) -> u16 {
        self.track_bytes
    }
}

/// A byte that was asked for. It may be served until the next one would be, and if the asking itself came late (a
/// board calls at the end of an instruction), as much later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request(Option<Tick>);

impl Request {
    pub fn raise(&mut self, now: Tick) {
        self.0 = Some(now);
    }

    /// Takes the request back. Gives whether there was one.
    pub fn serve(&mut self) -> bool {
        self.0.take().is_some()
    }

    pub fn is_raised(self) -> bool {
        self.0.is_some()
    }

    /// The moment from which it is too late.
    pub fn deadline(self, pace: &Pace) -> Option<Tick> {
        self.0.map(|raised| raised + pace.ticks(1).max(1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    /// From the disk to the processor.
    Giving,
    /// From the processor to the disk.
    Taking,
    /// Both are compared.
    Comparing,
}

/// A data field under the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its sector's place on the track.
    sector: usize,
    pace: Pace,
    way: Way,
    /// The bytes of the field on the disk.
    size: usize,
    /// The disk's bytes.
    field: Vec<u8>,
    /// The processor's bytes.
    taken: Vec<u8>,
    /// How many bytes the processor moves, and has moved.
    wanted: usize,
    moved: usize,
    request: Request,
}

const CRC: usize = 2;

/// N = 7.
const LARGEST_SECTOR: usize = 16_384;

impl Transfer {
    /// The data field of `size` bytes that begins to pass at `start`.
    pub fn new(sector: usize, start: Tick, turn: (u64, u16), size: usize) -> Self {
        Self {
            sector,
            pace: Pace::new(start, turn),
            way: Way::Giving,
            size,
            field: Vec::new(),
            taken: Vec::new(),
            wanted: 0,
            moved: 0,
            request: Request::default(),
        }
    }

    pub fn giving(self, field: Vec<u8>, wanted: usize) -> Self {
        Self { field, wanted, ..self }
    }

    pub fn taking(self, wanted: usize) -> Self {
        Self { way: Way::Taking, wanted, ..self }
    }

    pub fn comparing(self, field: Vec<u8>) -> Self {
        Self { way: Way::Comparing, wanted: field.len(), field, ..self }
    }

    pub fn sector(&self) -> usize {
        self.sector
    }

    pub fn wants_byte(&self) -> bool {
        self.request.is_raised()
    }

    pub fn terminal_count(&mut self) {
        self.wanted = self.moved;
        self.request = Request::default();
    }

    /// When the next byte is asked for, or was asked for too long ago, or the field ends.
    pub fn due(&self) -> Tick {
        let next = if self.moved_or_asked() < self.wanted {
            self.pace.at(self.moved_or_asked().saturating_add(self.lead()))
        } else {
            self.pace.at(self.size.saturating_add(CRC))
        };
        self.request.deadline(&self.pace).map_or(next, |deadline| deadline.max(next))
    }

    fn moved_or_asked(&self) -> usize {
        self.moved.saturating_add(usize::from(self.request.is_raised()))
    }

    /// A byte of the disk is there once it has passed; one for the disk is asked for in good time.
    fn lead(&self) -> usize {
        usize::from(self.way != Way::Taking)
    }

    pub fn advance(&mut self, now: Tick) -> Step {
        if self.request.is_raised() {
            return Step::Overrun;
        }
        if self.moved < self.wanted {
            self.request.raise(now);
            return Step::Going;
        }
        Step::SectorEnd
    }

    pub fn give_byte(&mut self) -> Option<u8> {
        if !self.request.serve() {
            return None;
        }
        let byte = self.field.get(self.moved).copied();
        self.moved = self.moved.saturating_add(1);
        byte
    }

    pub fn take_byte(&mut self, byte: u8) {
        if self.request.serve() {
            self.moved = self.moved.saturating_add(1);
            self.taken.push(byte);
        }
    }

    /// What is written: what the processor gave, and zeros behind a terminal count.
    pub fn written_field(&self) -> Vec<u8> {
        let mut bytes = self.taken.clone();
        bytes.resize(self.size.min(LARGEST_SECTOR), 0);
        bytes
    }

    /// The disk's bytes against the processor's: the first pair that differs decides; FFh matches anything.
    pub fn disk_against_processor(&self) -> Ordering {
        let mut pairs = self.field.iter().zip(&self.taken);
        let differing = pairs.find(|(disk, given)| disk != given && **disk != 0xFF && **given != 0xFF);
        differing.map_or(Ordering::Equal, |(disk, given)| disk.cmp(given))
    }
}
