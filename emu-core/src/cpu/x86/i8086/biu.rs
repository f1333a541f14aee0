//! The bus interface unit: prefetch queue, bus cycles, and who gets the bus.
//!
//! The unit is not ticked. It holds the next thing that it will do by itself and when ([`Next`]), and catches up when
//! the execution unit comes to it: to take a byte from the queue, to ask for the bus, to suspend or flush. Between
//! those moments nothing that the execution unit does can change what the bus interface unit decides, so whole bus
//! cycles are done in one go.
//!
//! A bus cycle is T1 T2 T3 (Tw…) T4. It is preceded by three clocks in which address and status are prepared; these
//! may overlap with the bus cycle before it. So, with a free bus, a request in clock `c` has its T1 in `c + 3`:
//!
//! - In T2 the unit decides whether a code fetch follows. If so it is prepared at once and its T1 comes right after
//!   T4. A request of the execution unit in T1 or T2 comes before that, and its T1 follows T4.
//! - A request while a code fetch is prepared makes the unit give that fetch up. In the last two clocks of the
//!   preparation (with no wait states, T3 and T4 of the bus cycle before) this costs two clocks more.
//! - A code fetch after which the queue would be nearly full (queue length in T2: 3 on the 8088; 3 or 4 on the 8086)
//!   is not followed at once: the decision is put off to the clock after T4.
//! - With a full queue the unit waits until a byte is taken.
//!
//! Evidence: data sheets 231455 and 231456 ("Bus operation"); bus traces of a real 8086, which the tests compare with.

use super::engine::Engine;
use crate::addr::Width;
use crate::cpu::bus::{BusStatus, CpuBus, Reply};
use crate::cpu::probe::{Access, Probe, QueueEvent, QueueOperation};
use crate::time::Cycle;
use serde::{Deserialize, Serialize};

/// What the unit does next by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// Nothing: the queue is full, or prefetching is suspended.
    #[default]
    Nothing,
    /// T1 of a code fetch.
    Start,
    /// T2 of a code fetch: is it followed by another?
    Decide,
    /// T4 of a code fetch: its bytes enter the queue.
    Complete,
    /// The decision that was put off.
    Resume,
}

/// No event.
const NEVER: u64 = u64::MAX;

/// The clocks in which address and status of a bus cycle are prepared.
const PREPARATION: u64 = 3;

/// By how many clocks an operand's T1 comes after that of the code fetch that was given up for it.
const GIVING_UP: u64 = 2;

/// How far from the present clock a sound unit's moments can be: a bus cycle with all the wait states there are, and
/// holds.
const MOST_AHEAD: u64 = 1 << 34;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Biu {
    /// The queue's bytes, the oldest lowest.
    queue: u64,
    length: u8,
    /// The bytes that a code fetch has read and that enter the queue in its T4, and how many.
    incoming: u16,
    incoming_length: u8,
    /// Offset of the next code fetch (the chip's PC).
    pub fetch_pointer: u16,
    next: Next,
    /// When `next` is; `NEVER` with [`Next::Nothing`].
    at: u64,
    /// What follows the code fetch under way.
    after: Next,
    /// T2 and T4 of the latest bus cycle.
    t2: u64,
    t4: u64,
    /// Since when nobody else has the bus.
    free: u64,
    suspended: bool,
}

/// The unit as it is saved (version 1 of the processor's form).
#[derive(Serialize, Deserialize)]
pub(super) struct SavedBiu {
    queue: Vec<u8>,
    incoming: Vec<u8>,
    fetch_pointer: u16,
    next: Next,
    at: u64,
    after: Next,
    t2: u64,
    t4: u64,
    free: u64,
    suspended: bool,
}

impl Default for Biu {
    fn default() -> Self {
        Self {
            queue: 0,
            length: 0,
            incoming: 0,
            incoming_length: 0,
            fetch_pointer: 0,
            next: Next::Nothing,
            at: NEVER,
            after: Next::Nothing,
            t2: 0,
            t4: 0,
            free: 0,
            suspended: true,
        }
    }
}

impl Biu {
    /// Bytes in the queue, oldest first.
    pub fn queue(&self) -> ([u8; 8], usize) {
        (self.queue.to_le_bytes(), self.length as usize)
    }

    /// Replaces the queue by bytes from `pointer` on. The bus is idle, and the next fetch follows when there is room.
    pub fn preset_queue(&mut self, pointer: u16, bytes: &[u8], now: u64) {
        *self = Self { suspended: false, fetch_pointer: pointer, t4: now, ..Self::default() };
        for &byte in bytes {
            self.push(u16::from(byte), 1);
            self.fetch_pointer = self.fetch_pointer.wrapping_add(1);
        }
    }

    /// Empties the queue and fetches from `pointer` on.
    pub fn restart(&mut self, pointer: u16, now: u64) {
        self.queue = 0;
        self.length = 0;
        self.fetch_pointer = pointer;
        self.suspended = false;
        self.schedule(Next::Start, now.max(self.t4) + PREPARATION);
    }

    /// Offset of the next byte that leaves the queue.
    #[inline(always)]
    pub fn instruction_pointer(&self) -> u16 {
        self.fetch_pointer.wrapping_sub(u16::from(self.length))
    }

    pub fn save(&self) -> SavedBiu {
        let &Self {
            queue,
            length,
            incoming,
            incoming_length,
            fetch_pointer,
            next,
            at,
            after,
            t2,
            t4,
            free,
            suspended,
        } = self;
        let queue = queue.to_le_bytes()[..usize::from(length)].to_vec();
        let incoming = incoming.to_le_bytes()[..usize::from(incoming_length)].to_vec();
        SavedBiu { queue, incoming, fetch_pointer, next, at, after, t2, t4, free, suspended }
    }

    /// The unit that was saved, or nothing when no unit can have been so at clock `now`.
    pub fn restore(saved: &SavedBiu, wide: bool, now: u64) -> Option<Self> {
        let (room, transfer) = if wide { (6, 2) } else { (4, 1) };
        let scheduled = (saved.next == Next::Nothing) == (saved.at == NEVER);
        let latest = now.saturating_add(MOST_AHEAD);
        let soon = [saved.t2, saved.t4, saved.free].iter().all(|&at| at < latest);
        let due = saved.at == NEVER || (saved.at < latest && saved.at.saturating_add(MOST_AHEAD) > now);
        let under_way = matches!(saved.next, Next::Decide | Next::Complete);
        let held = saved.queue.len() + if under_way { saved.incoming.len() } else { 0 };
        let fits = saved.incoming.len() <= transfer && held <= room;
        let after = matches!(saved.after, Next::Nothing | Next::Start | Next::Resume);
        if !(scheduled && soon && due && fits && after) {
            return None;
        }
        let mut biu = Self {
            next: saved.next,
            at: saved.at,
            after: saved.after,
            t2: saved.t2,
            t4: saved.t4,
            free: saved.free,
            suspended: saved.suspended,
            ..Self::default()
        };
        for &byte in saved.queue.iter() {
            biu.push(u16::from(byte), 1);
        }
        biu.incoming = saved.incoming.iter().rev().fold(0, |word, &byte| word << 8 | u16::from(byte));
        biu.incoming_length = saved.incoming.len() as u8;
        biu.fetch_pointer = saved.fetch_pointer;
        Some(biu)
    }

    #[inline(always)]
    fn push(&mut self, bytes: u16, count: u8) {
        let clean = self.queue & !(!0 << ((8 * self.length as u32) & 63));
        self.queue = clean | u64::from(bytes) << ((8 * self.length as u32) & 63);
        self.length += count;
    }

    #[inline(always)]
    fn schedule(&mut self, next: Next, at: u64) {
        self.next = next;
        self.at = at;
    }

    /// Whether no code fetch is under way or planned.
    pub(super) fn is_quiet(&self) -> bool {
        self.next == Next::Nothing
    }

    #[inline(always)]
    fn schedule_nothing(&mut self) {
        self.schedule(Next::Nothing, NEVER);
    }
}

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    #[inline(always)]
    fn has_room(&self) -> bool {
        self.s.biu.length <= if WIDE { 4 } else { 3 }
    }

    #[inline(always)]
    fn delays_prefetch(&self) -> bool {
        self.s.biu.length == 3 || WIDE && self.s.biu.length == 4
    }

    /// Lets the unit do everything that comes before clock `cycle`.
    #[inline(always)]
    fn catch_up(&mut self, cycle: u64) {
        if self.s.biu.at < cycle {
            self.advance_to(cycle);
        }
    }

    #[inline(never)]
    fn advance_to(&mut self, cycle: u64) {
        while self.s.biu.at < cycle {
            self.advance(cycle);
        }
    }

    /// Does the next thing, and what follows from it before clock `cycle`.
    #[inline(always)]
    fn advance(&mut self, cycle: u64) {
        let at = self.s.biu.at;
        match self.s.biu.next {
            Next::Nothing => self.s.biu.schedule_nothing(),
            Next::Start => self.fetch_code(at, cycle),
            Next::Decide => self.decide_or_wait(cycle),
            Next::Complete => self.complete_fetch(),
            Next::Resume if self.has_room() && !self.s.biu.suspended => {
                self.s.biu.schedule(Next::Start, at + PREPARATION);
            }
            Next::Resume => self.s.biu.schedule_nothing(),
        }
    }

    /// A code fetch from T1 on, as far as it comes before clock `cycle`.
    #[inline(always)]
    fn fetch_code(&mut self, t1: u64, cycle: u64) {
        self.start_fetch(t1);
        if self.s.biu.t2 < cycle {
            self.decide_or_wait(cycle);
        }
    }

    #[inline(always)]
    fn decide_or_wait(&mut self, cycle: u64) {
        self.s.biu.after = self.decide();
        let t4 = self.s.biu.t4;
        if t4 < cycle {
            self.complete_fetch();
        } else {
            self.s.biu.schedule(Next::Complete, t4);
        }
    }

    /// T2 of a code fetch. There is room, or it would not have begun.
    #[inline(always)]
    fn decide(&self) -> Next {
        if self.s.biu.suspended {
            Next::Nothing
        } else if self.delays_prefetch() {
            Next::Resume
        } else {
            Next::Start
        }
    }

    #[inline(always)]
    fn start_fetch(&mut self, at: u64) {
        let offset = self.s.biu.fetch_pointer;
        let address = self.s.linear(self.s.segments[1], offset);
        let (width, count) = if WIDE && offset & 1 == 0 { (Width::Word, 2) } else { (Width::Byte, 1) };
        let data = self.read_cycle(BusStatus::CodeFetch, address, width, at);
        let biu = &mut self.s.biu;
        biu.incoming = data as u16;
        biu.incoming_length = count;
        biu.schedule(Next::Decide, biu.t2);
    }

    #[inline(always)]
    fn complete_fetch(&mut self) {
        let biu = &mut self.s.biu;
        biu.push(biu.incoming, biu.incoming_length);
        biu.fetch_pointer = biu.fetch_pointer.wrapping_add(u16::from(biu.incoming_length));
        if biu.after == Next::Nothing {
            biu.schedule_nothing();
        } else {
            biu.schedule(biu.after, biu.t4 + 1);
        }
    }

    /// Takes a byte from the queue, waiting for it if need be. The clock is then the one after.
    #[inline(always)]
    pub(super) fn take_byte(&mut self, operation: QueueOperation) -> u8 {
        self.catch_up(self.s.now);
        if self.s.biu.length == 0 {
            self.wait_for_byte();
        }
        let biu = &mut self.s.biu;
        let byte = biu.queue as u8;
        biu.queue >>= 8;
        biu.length -= 1;
        if biu.next == Next::Nothing {
            self.prefetch_if_room();
        }
        if P::ACTIVE {
            self.report_queue(operation, byte);
        }
        self.s.now += 1;
        byte
    }

    #[cold]
    fn report_queue(&mut self, operation: QueueOperation, byte: u8) {
        let left = self.s.biu.length;
        self.probe.queue(&QueueEvent { operation, byte, left, at: Cycle(self.s.now) });
    }

    #[inline(never)]
    fn wait_for_byte(&mut self) {
        while self.s.biu.length == 0 {
            if self.s.biu.next == Next::Nothing {
                self.s.biu.suspended = false;
                self.prefetch_if_room();
            }
            // The execution unit waits, so nothing can come between.
            self.advance(NEVER);
        }
        self.s.now = self.s.now.max(self.s.biu.t4 + 1);
    }

    #[inline(always)]
    fn prefetch_if_room(&mut self) {
        if self.has_room() && !self.s.biu.suspended {
            let at = self.s.now.max(self.s.biu.t4) + PREPARATION;
            self.s.biu.schedule(Next::Start, at);
        }
    }

    /// Gets the bus for the execution unit. Gives T1.
    #[inline(always)]
    fn request_bus(&mut self) -> u64 {
        let now = self.s.now;
        self.catch_up(now);
        if self.s.biu.next == Next::Start && self.s.biu.at == now {
            self.start_fetch(now);
        }
        let t4 = self.s.biu.t4;
        let t1 = match self.s.biu.next {
            Next::Nothing | Next::Resume => now.max(t4) + PREPARATION,
            Next::Start => (now + PREPARATION).max(self.s.biu.at + GIVING_UP),
            Next::Decide => {
                self.s.biu.after = Next::Nothing;
                self.complete_fetch();
                t4 + 1
            }
            Next::Complete => {
                self.complete_fetch();
                t4 + PREPARATION
            }
        };
        self.s.biu.schedule_nothing();
        t1
    }

    /// After the execution unit's last bus cycle of an operand: T2's decision about a code fetch, and the clock is T4.
    #[inline(always)]
    fn release_bus(&mut self) {
        let t4 = self.s.biu.t4;
        if self.has_room() && !self.s.biu.suspended {
            self.s.biu.schedule(Next::Start, t4 + 1);
        }
        self.s.now = t4;
    }

    /// A bus cycle that reads, from T1 on. Sets `t4`.
    #[inline(always)]
    fn read_cycle(&mut self, status: BusStatus, address: u32, width: Width, t1: u64) -> u64 {
        let t1 = self.after_hold(t1);
        let Reply { data, waits } = self.bus.read(status, address, width, Cycle(t1));
        let waits = u64::from(waits) + self.report(status, address, width, data, t1);
        self.finish_cycle(t1, waits);
        data
    }

    #[inline(always)]
    fn write_cycle(&mut self, status: BusStatus, address: u32, width: Width, data: u64, t1: u64) {
        let t1 = self.after_hold(t1);
        let waits = self.bus.write(status, address, width, data, Cycle(t1));
        let waits = u64::from(waits) + self.report(status, address, width, data, t1);
        self.finish_cycle(t1, waits);
    }

    #[inline(always)]
    fn finish_cycle(&mut self, t1: u64, waits: u64) {
        self.s.biu.t2 = t1 + 1;
        self.s.biu.t4 = t1 + 3 + waits;
    }

    #[inline(always)]
    fn report(&mut self, status: BusStatus, address: u32, width: Width, data: u64, t1: u64) -> u64 {
        if !P::ACTIVE {
            return 0;
        }
        let by = self.s.instruction_address();
        u64::from(self.probe.access(&Access { status, address, width, data, at: Cycle(t1), by }))
    }

    /// T1, if it must wait until somebody else gives the bus back.
    #[inline(always)]
    fn after_hold(&mut self, t1: u64) -> u64 {
        if t1 < self.bus.next_hold().0 {
            return t1;
        }
        self.grant_holds(t1);
        t1.max(self.s.biu.free)
    }

    /// Gives the bus to whoever wants it by clock `until`: at once where it was idle, and again after each.
    #[cold]
    fn grant_holds(&mut self, until: u64) {
        // The status lines are passive from T4 on, so that the board may grant in it.
        let mut at = self.s.biu.free.max(self.s.biu.t4);
        loop {
            let asked = self.bus.next_hold();
            at = at.max(asked.0);
            if at > until {
                return;
            }
            let taken = u64::from(self.bus.hold(Cycle(at)));
            at += taken;
            self.s.biu.free = self.s.biu.free.max(at);
            if taken == 0 && self.bus.next_hold() <= asked {
                return;
            }
        }
    }

    /// At the end of a run: does everything that comes before the present clock, so that the bus sees no access
    /// that is older than the events that it handles next.
    pub(super) fn settle(&mut self) {
        let now = self.s.now;
        self.catch_up(now);
        if self.s.biu.t4 < now && self.bus.next_hold().0 <= now {
            self.grant_holds(now);
        }
    }

    /// Reads a byte or a word of memory or an I/O port. The clock is then T4.
    #[inline(never)]
    pub(super) fn read_byte_at(&mut self, status: BusStatus, address: u32) -> u8 {
        let t1 = self.request_bus();
        let data = self.read_cycle(status, address, Width::Byte, t1);
        self.release_bus();
        data as u8
    }

    /// Reads the word whose bytes lie at `low` and `high`.
    #[inline(never)]
    pub(super) fn read_word_at(&mut self, status: BusStatus, low: u32, high: u32) -> u16 {
        let t1 = self.request_bus();
        let data = if WIDE && low & 1 == 0 {
            self.read_cycle(status, low, Width::Word, t1)
        } else {
            let first = self.read_cycle(status, low, Width::Byte, t1);
            let t1 = self.s.biu.t4 + 1;
            first & 0xFF | self.read_cycle(status, high, Width::Byte, t1) << 8
        };
        self.release_bus();
        data as u16
    }

    #[inline(never)]
    pub(super) fn write_byte_at(&mut self, status: BusStatus, address: u32, value: u8) {
        let t1 = self.request_bus();
        self.write_cycle(status, address, Width::Byte, u64::from(value), t1);
        self.release_bus();
    }

    #[inline(never)]
    pub(super) fn write_word_at(&mut self, status: BusStatus, low: u32, high: u32, value: u16) {
        let t1 = self.request_bus();
        if WIDE && low & 1 == 0 {
            self.write_cycle(status, low, Width::Word, u64::from(value), t1);
        } else {
            self.write_cycle(status, low, Width::Byte, u64::from(value & 0xFF), t1);
            let t1 = self.s.biu.t4 + 1;
            self.write_cycle(status, high, Width::Byte, u64::from(value >> 8), t1);
        }
        self.release_bus();
    }

    /// Two interrupt acknowledge cycles; on an 8086 with two idle clocks between (as the manual has it; not among what
    /// was measured). Gives the vector.
    pub(super) fn acknowledge(&mut self) -> u8 {
        let first = self.request_bus();
        let t1 = self.after_hold(first);
        let idle = if WIDE { 2 } else { 0 };
        let second = t1 + 4 + idle;
        let vector = self.bus.acknowledge_interrupt(Cycle(second));
        self.finish_cycle(second, 0);
        self.release_bus();
        vector
    }

    /// The microcode's SUSP: no more prefetching; a code fetch under way is waited for.
    #[inline]
    pub(super) fn suspend_prefetch(&mut self) {
        let now = self.s.now;
        self.catch_up(now);
        self.s.biu.suspended = true;
        if self.s.biu.next == Next::Start && self.s.biu.at == now {
            self.start_fetch(now);
        }
        if matches!(self.s.biu.next, Next::Decide | Next::Complete) {
            self.s.biu.after = Next::Nothing;
            self.complete_fetch();
            self.s.now = now.max(self.s.biu.t4);
        }
        self.s.biu.schedule_nothing();
    }

    /// Waits for T4 of the code fetch that is under way or about to begin.
    pub(super) fn wait_for_fetch(&mut self) {
        self.catch_up(self.s.now);
        if self.s.biu.next == Next::Start {
            let at = self.s.biu.at;
            self.start_fetch(at);
        }
        if matches!(self.s.biu.next, Next::Decide | Next::Complete) {
            self.s.now = self.s.now.max(self.s.biu.t4);
        } else {
            self.spend(1);
        }
    }

    /// The microcode's FLUSH, with the new PC: empties the queue and fetches from there.
    #[inline]
    pub(super) fn flush_queue(&mut self, pointer: u16) {
        let now = self.s.now;
        self.s.biu.restart(pointer, now);
        if P::ACTIVE {
            self.report_queue(QueueOperation::Empty, 0);
        }
        self.s.now += 1;
    }
}
