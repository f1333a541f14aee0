//! Virtual time: board ticks, the clocks that divide from them, and the queue of events.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// A moment, in ticks of the board's own clock since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub u64);

impl Tick {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The ticks from `earlier` to here; none if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Tick {
    type Output = Self;
    fn add(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }
}

impl Sub for Tick {
    type Output = u64;
    fn sub(self, earlier: Self) -> u64 {
        self.since(earlier)
    }
}

/// A moment, in clock cycles of one CPU since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cycle(pub u64);

impl Cycle {
    pub const NEVER: Self = Self(u64::MAX);
}

impl Add<u64> for Cycle {
    type Output = Self;
    fn add(self, cycles: u64) -> Self {
        Self(self.0.saturating_add(cycles))
    }
}

/// A clock of a chip, as a fraction of the board's clock: `cycles` of the chip pass in `ticks` of the board.
/// Conversions are whole-number and start from power-on, so that no rounding adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    cycles: u64,
    ticks: u64,
}

impl Clock {
    /// A clock that divides the board's: one cycle in `ticks` ticks. `ticks` is at least 1.
    pub const fn divided_by(ticks: u64) -> Self {
        assert!(ticks > 0);
        Self { cycles: 1, ticks }
    }

    /// A clock of `hz` on a board whose tick is `board_hz`. Both are at least 1.
    pub const fn of_hz(hz: u64, board_hz: u64) -> Self {
        assert!(hz > 0 && board_hz > 0);
        let mut a = hz;
        let mut b = board_hz;
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { cycles: hz / a, ticks: board_hz / a }
    }

    /// The whole cycles that have passed by `at`.
    #[inline]
    pub const fn cycles_at(self, at: Tick) -> u64 {
        if self.cycles == 1 {
            return at.0 / self.ticks;
        }
        (at.0 as u128 * self.cycles as u128 / self.ticks as u128) as u64
    }

    /// The first tick at which `cycle` cycles have passed.
    #[inline]
    pub const fn tick_of(self, cycle: u64) -> Tick {
        if self.cycles == 1 {
            return Tick(cycle.saturating_mul(self.ticks));
        }
        let ticks = (cycle as u128 * self.ticks as u128).div_ceil(self.cycles as u128);
        if ticks > u64::MAX as u128 { Tick::NEVER } else { Tick(ticks as u64) }
    }

    /// How many cycles are needed to cover `ticks` ticks, rounded up.
    #[inline]
    pub const fn cycles_covering(self, ticks: u64) -> u64 {
        if self.cycles == 1 {
            return ticks.div_ceil(self.ticks);
        }
        (ticks as u128 * self.cycles as u128).div_ceil(self.ticks as u128) as u64
    }
}

impl Clock {
    /// The first cycle that begins at or after `at`; never for a moment that never comes.
    #[inline]
    pub const fn first_cycle_at(self, at: Tick) -> Cycle {
        if at.0 == u64::MAX { Cycle::NEVER } else { Cycle(self.cycles_covering(at.0)) }
    }
}

/// Names an event to its device. The device gives it a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTag(pub u8);

/// Events by due time. Equal times leave in the order in which they were armed. Each (owner, tag) has at most
/// one armed event: arming it again moves it.
///
/// A board has few armed events (a dozen), so a flat list with the earliest one remembered beats a heap.
#[derive(Clone, Debug, Default)]
pub struct EventQueue {
    armed: Vec<Armed>,
    next_order: u64,
    earliest: Option<usize>,
}

/// An armed event: what leaves the queue, and what a snapshot lists (with the owner's name in place of its number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed {
    pub due: Tick,
    pub order: u64,
    pub owner: u16,
    pub tag: EventTag,
}

impl EventQueue {
    /// Arms (or moves) the event `tag` of `owner`.
    pub fn arm(&mut self, owner: u16, tag: EventTag, due: Tick) {
        let armed = Armed { due, order: self.next_order, owner, tag };
        self.next_order += 1;
        let found = self.armed.iter().position(|e| e.owner == owner && e.tag == tag);
        let at = match found {
            Some(at) => {
                self.armed[at] = armed;
                at
            }
            None => {
                self.armed.push(armed);
                self.armed.len() - 1
            }
        };
        match self.earliest {
            Some(first) if first == at => self.find_earliest(),
            Some(first) if self.armed[first].due <= due => {}
            _ => self.earliest = Some(at),
        }
    }

    /// Forgets the event `tag` of `owner`, if it is armed.
    pub fn disarm(&mut self, owner: u16, tag: EventTag) {
        if let Some(at) = self.armed.iter().position(|e| e.owner == owner && e.tag == tag) {
            self.armed.swap_remove(at);
            self.find_earliest();
        }
    }

    /// When the next event is due; [`Tick::NEVER`] with none.
    #[inline]
    pub fn next_due(&self) -> Tick {
        self.earliest.map_or(Tick::NEVER, |at| self.armed[at].due)
    }

    /// Takes the earliest event that is due by `now`.
    pub fn pop_due(&mut self, now: Tick) -> Option<Armed> {
        let at = self.earliest?;
        if self.armed[at].due > now {
            return None;
        }
        let event = self.armed.swap_remove(at);
        self.find_earliest();
        Some(event)
    }

    /// All armed events, in the order in which they will leave.
    pub fn list(&self) -> Vec<Armed> {
        let mut all = self.armed.clone();
        all.sort_by_key(|e| (e.due, e.order));
        all
    }

    /// Replaces everything by `events`, in their given order.
    pub fn replace(&mut self, events: impl IntoIterator<Item = (u16, EventTag, Tick)>) {
        self.armed.clear();
        self.earliest = None;
        self.next_order = 0;
        for (owner, tag, due) in events {
            self.arm(owner, tag, due);
        }
    }

    fn find_earliest(&mut self) {
        self.earliest = (0..self.armed.len()).min_by_key(|&at| (self.armed[at].due, self.armed[at].order));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clocks_convert_without_drift() {
        let cpu = Clock::divided_by(3);
        assert_eq!(cpu.cycles_at(Tick(8)), 2);
        assert_eq!(cpu.tick_of(2), Tick(6));
        let uart = Clock::of_hz(1_843_200, 14_318_180);
        for cycle in 0..10_000 {
            assert_eq!(uart.cycles_at(uart.tick_of(cycle)), cycle);
        }
        assert_eq!(uart.cycles_at(Tick(14_318_180)), 1_843_200);
        assert_eq!(cpu.cycles_covering(7), 3);
    }

    proptest! {
        #[test]
        fn the_queue_leaves_as_a_sorted_list_does(ops in prop::collection::vec((0u8..3, 0u16..4, 0u8..3, 0u64..50), 1..80)) {
            let mut queue = EventQueue::default();
            let mut model: Vec<(u64, u64, u16, u8)> = Vec::new();
            for (order, (op, owner, tag, due)) in ops.into_iter().enumerate() {
                match op {
                    0 | 1 => {
                        queue.arm(owner, EventTag(tag), Tick(due));
                        model.retain(|e| (e.2, e.3) != (owner, tag));
                        model.push((due, order as u64, owner, tag));
                    }
                    _ => {
                        queue.disarm(owner, EventTag(tag));
                        model.retain(|e| (e.2, e.3) != (owner, tag));
                    }
                }
                model.sort_unstable();
                prop_assert_eq!(queue.next_due(), model.first().map_or(Tick::NEVER, |e| Tick(e.0)));
            }
            for (due, _, owner, tag) in model {
                let event = queue.pop_due(Tick(60)).unwrap();
                prop_assert_eq!((event.due.0, event.owner, event.tag.0), (due, owner, tag));
            }
            prop_assert!(queue.pop_due(Tick::NEVER).is_none());
        }
    }
}
