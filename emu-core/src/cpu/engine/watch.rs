//! What a watched trace notes of an instruction's accesses, until it is known that the instruction was executed: one that has to
//! leave half-way is executed by the checked backend, which tells of all of them.

use crate::addr::{Physical, Width};
use crate::cpu::bus::BusStatus;
use crate::cpu::describe::CodeAddress;
use crate::cpu::int::Int;
use crate::cpu::probe::{Access, Probe};
use crate::time::Cycle;

/// Accesses that are noted at the most; a power of two.
const MOST: usize = 32;
/// So many may be there already where a place is opened: each of these is then closed without being asked.
const MOST_TO_OPEN: usize = 7;
/// So many may be there already where something is read or written, a block being two.
const MOST_TO_GO: usize = MOST - 2 - (MOST_TO_OPEN + 1);

/// The accesses of one instruction.
pub struct Seen {
    /// The instruction's address.
    pub(super) by: u64,
    /// Cycles that it took longer than its trace was charged for, after its accesses.
    pub(super) late: u32,
    count: usize,
    made: [Made; MOST],
}

#[derive(Clone, Copy)]
struct Made {
    data: u64,
    address: u32,
    status: BusStatus,
    width: Width,
}

impl Default for Seen {
    fn default() -> Self {
        let nothing = Made { data: 0, address: 0, status: BusStatus::MemoryRead, width: Width::Byte };
        Self { by: 0, late: 0, count: 0, made: [nothing; MOST] }
    }
}

impl Seen {
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there is room for an access. An instruction with more is the checked backend's.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        self.count <= MOST_TO_GO
    }

    /// Whether there is room for reading a place, and for writing it whenever that may be.
    #[inline(always)]
    pub fn has_room_to_open(&self) -> bool {
        self.count <= MOST_TO_OPEN
    }

    /// Notes an access for which there was room.
    #[inline(always)]
    pub fn note<T: Int>(&mut self, status: BusStatus, at: Physical, data: T) {
        let made = Made { data: data.wide(), address: at.0 as u32, status, width: Width::of::<T>() };
        self.made[self.count % MOST] = made;
        self.count += 1;
    }

    /// The instruction takes so many cycles longer than its trace was charged for, all of them after its accesses.
    #[inline(always)]
    pub fn outlast(&mut self, cycles: u32) {
        self.late = cycles;
    }

    /// The instruction has not been executed.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.count = 0;
    }

    /// Tells of the accesses of the instruction at `by`, which has ended at `now`. Gives the cycles that they are to take
    /// longer. There is one at least.
    #[inline(always)]
    pub(super) fn tell<W: Probe>(&mut self, probe: &mut W, by: CodeAddress, now: u64) -> u32 {
        let began = now - u64::from(self.late);
        let mut charged = 0_u32;
        let mut tell = |&Made { data, address, status, width }: &Made| {
            let at = Cycle(began + u64::from(charged));
            charged = charged.saturating_add(probe.access(&Access { status, address, width, data, at, by }));
        };
        // Most instructions make but one, which needs no loop.
        tell(&self.made[0]);
        if self.count > 1 {
            self.made[1..self.count.min(MOST)].iter().for_each(tell);
        }
        self.count = 0;
        charged
    }
}
