//! FORMAT TRACK: from index hole to index hole, asking for the four bytes of each address field.

use super::transfer::{Pace, Request, Step};
use crate::media::floppy::SectorId;
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};

/// A track that is being formatted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formatting {
    pace: Pace,
    end: Tick,
    /// Where the address marks go.
    places: Vec<u16>,
    /// C, H, R, N of each sector so far.
    bytes: Vec<u8>,
    request: Request,
    /// Terminal count: no more sectors.
    ended: bool,
}

/// How many bytes before its place on the track a byte of an address field is asked for.
const LEAD: usize = 8;

impl Formatting {
    /// From the index hole at `index` on; `places` are where the address marks go.
    pub fn new(index: Tick, turn: (u64, u16), places: Vec<u16>) -> Self {
        let (pace, end) = (Pace::new(index, turn), index + turn.0);
        Self { pace, end, places, bytes: Vec::new(), request: Request::default(), ended: false }
    }

    pub fn track_bytes(&self) -> u16 {
        self.pace.track_bytes()
    }

    pub fn wants_byte(&self) -> bool {
        self.request.is_raised()
    }

    pub fn terminal_count(&mut self) {
        self.ended = true;
        self.request = Request::default();
    }

    pub fn take_byte(&mut self, byte: u8) {
        if self.request.serve() {
            self.bytes.push(byte);
        }
    }

    /// The place of the next byte that is wanted.
    fn next_place(&self) -> Option<usize> {
        let next = self.bytes.len() + usize::from(self.request.is_raised());
        let mark = self.places.get(next / 4).filter(|_| !self.ended)?;
        Some((usize::from(*mark) + next % 4).saturating_sub(LEAD))
    }

    pub fn due(&self) -> Tick {
        let next = self.next_place().map_or(self.end, |place| self.pace.at(place));
        self.request.deadline(&self.pace).map_or(next, |deadline| deadline.max(next))
    }

    pub fn advance(&mut self, now: Tick) -> Step {
        if self.request.is_raised() {
            return Step::Overrun;
        }
        if self.next_place().is_some() {
            self.request.raise(now);
            return Step::Going;
        }
        Step::SectorEnd
    }

    /// The address fields that were written.
    pub fn ids(&self) -> Vec<SectorId> {
        self.bytes.chunks_exact(4).map(|b| SectorId { c: b[0], h: b[1], r: b[2], n: b[3] }).collect()
    }
}
