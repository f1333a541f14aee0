//! What the cache model has counted, as plain data for whoever shows it. Bounded, whatever the guest does.

use super::config::{AddressRange, LevelName};
use crate::cpu::describe::CodeAddress;
use serde::{Deserialize, Serialize};

/// Addresses that a table of the worst remembers.
const WORST: usize = 64;
/// Buckets of the heat strip.
pub const HEAT_BUCKETS: usize = 256;

/// Whether restored counters leave room to count on: a damaged state could hold anything.
pub(super) fn can_count_on(counters: &[u64]) -> bool {
    counters.iter().all(|&counter| counter < 1 << 62)
}

/// One cache's counters since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelCounters {
    pub read_hits: u64,
    pub read_misses: u64,
    pub write_hits: u64,
    pub write_misses: u64,
    /// Lines that left to make room.
    pub evictions: u64,
    /// Changed lines that went on to the next level or to memory.
    pub write_backs: u64,
    /// Lines that left because another cache or a bus master wanted them so.
    pub invalidations: u64,
    /// Cycles that its misses cost below it.
    pub cycles_lost: u64,
}

impl LevelCounters {
    pub fn accesses(&self) -> u64 {
        self.read_hits + self.read_misses + self.write_hits + self.write_misses
    }

    pub fn misses(&self) -> u64 {
        self.read_misses + self.write_misses
    }

    pub(super) fn can_count_on(&self) -> bool {
        let Self { read_hits, read_misses, write_hits, write_misses, evictions, write_backs, .. } = *self;
        let Self { invalidations, cycles_lost, .. } = *self;
        can_count_on(&[read_hits, read_misses, write_hits, write_misses, evictions, write_backs])
            && can_count_on(&[invalidations, cycles_lost])
    }

    /// From 0 to 1; 1 when nothing was accessed.
    pub fn hit_rate(&self) -> f64 {
        match self.accesses() {
            0 => 1.0,
            all => (all - self.misses()) as f64 / all as f64,
        }
    }
}

/// What reached memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryCounters {
    pub reads: u64,
    pub writes: u64,
    /// Accesses to addresses that no cache holds.
    pub uncached: u64,
}

/// A place that misses much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offender<A> {
    pub at: A,
    /// First-level misses, at most: a place that came late takes over the count of the one it replaced.
    pub misses: u64,
    /// By how much [`Self::misses`] may be too high.
    pub surplus: u64,
    pub cycles_lost: u64,
}

/// The places that miss most, found in bounded space (Metwally et al., "Space-Saving", 2005): whoever has more than a
/// 64th of all misses is among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Worst<A> {
    places: Vec<Offender<A>>,
}

impl<A> Default for Worst<A> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<A: Copy + Eq> Worst<A> {
    pub fn note(&mut self, at: A, cycles: u64) {
        if let Some(place) = self.places.iter_mut().find(|place| place.at == at) {
            place.misses += 1;
            place.cycles_lost += cycles;
        } else if self.places.len() < WORST {
            self.places.push(Offender { at, misses: 1, surplus: 0, cycles_lost: cycles });
        } else if let Some(place) = self.places.iter_mut().min_by_key(|place| place.misses) {
            let surplus = place.misses;
            *place = Offender { at, misses: surplus + 1, surplus, cycles_lost: cycles };
        }
    }

    /// The worst first.
    pub fn table(&self) -> Vec<Offender<A>> {
        let mut table = self.places.clone();
        table.sort_by_key(|place| std::cmp::Reverse(place.misses));
        table
    }

    /// Whether a restored table is one that could have come to be.
    pub fn is_sound(&self) -> bool {
        let counts = |place: &Offender<A>| can_count_on(&[place.misses, place.surplus, place.cycles_lost]);
        self.places.len() <= WORST && self.places.iter().all(counts)
    }
}

/// First-level misses by address, in [`HEAT_BUCKETS`] equal parts of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatStrip {
    pub range: AddressRange,
    pub misses: Vec<u64>,
}

impl HeatStrip {
    pub fn new(range: AddressRange) -> Self {
        Self { range, misses: vec![0; HEAT_BUCKETS] }
    }

    /// Bytes that a bucket stands for; the last may stand for less.
    pub fn bucket_bytes(&self) -> u64 {
        (self.range.last.saturating_sub(self.range.first) / HEAT_BUCKETS as u64).saturating_add(1)
    }

    /// Whether a restored strip is one that could have come to be.
    pub(super) fn is_sound(&self) -> bool {
        self.misses.len() == HEAT_BUCKETS && can_count_on(&self.misses)
    }

    pub(super) fn note(&mut self, address: u64) {
        if self.range.contains(address) {
            let bucket = (address - self.range.first) / self.bucket_bytes();
            if let Some(misses) = self.misses.get_mut(bucket as usize) {
                *misses += 1;
            }
        }
    }
}

/// Everything counted, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheStats {
    /// From the processor outwards.
    pub levels: Vec<(LevelName, LevelCounters)>,
    pub memory: MemoryCounters,
    /// Cycles that were added to guest time.
    pub cycles_charged: u64,
    /// The instructions whose data missed most, the worst first.
    pub worst_instructions: Vec<Offender<CodeAddress>>,
    /// The lines that were missed most, the worst first; by the address of their first byte.
    pub worst_lines: Vec<Offender<u64>>,
    pub heat: HeatStrip,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// No count is too low or too high by more than its surplus, and who has more than a 64th is listed.
        #[test]
        fn the_worst_are_found(places in prop::collection::vec(prop_oneof![0u64..4, 0u64..500], 0..3000)) {
            let (mut worst, mut counts) = (Worst::default(), HashMap::<u64, u64>::new());
            for &place in &places {
                worst.note(place, 1);
                *counts.entry(place).or_default() += 1;
            }
            let table = worst.table();
            prop_assert!(table.is_sorted_by(|a, b| a.misses >= b.misses) && worst.is_sound());
            for place in &table {
                let count = counts[&place.at];
                prop_assert!(count <= place.misses && place.misses - place.surplus <= count);
            }
            for (at, count) in counts {
                prop_assert!(count <= places.len() as u64 / 64 || table.iter().any(|place| place.at == at));
            }
        }

        #[test]
        fn every_address_of_the_range_has_a_bucket(first: u64, length: u64, at: u64) {
            let range = AddressRange { first, last: first.saturating_add(length) };
            let mut heat = HeatStrip::new(range);
            heat.note(at);
            heat.note(range.last);
            prop_assert_eq!(heat.misses.iter().sum::<u64>(), 1 + u64::from(range.contains(at)));
        }
    }
}
