//! The caches of one processor, and what passes between them: fills, evictions, write-backs, snoops.
//!
//! A level is asked only when all nearer ones have missed. Exclusive levels hold what the level above has evicted; from
//! inclusive ones nothing leaves without leaving the levels above.

use super::config::{CacheConfig, ConfigProblem, FirstLevel, Inclusion, LevelName, WritePolicy};
use super::level::{Cache, CacheV1, Evicted, Mesi};
use super::stats::{LevelCounters, MemoryCounters, can_count_on};
use crate::snapshot::RestoreError;
use serde::{Deserialize, Serialize};

/// What is accessed: code goes by the first level's code cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Code,
    Data,
}

/// What another processor or a bus master does with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snoop {
    /// It reads: a changed line goes to memory, and ours is shared from now on.
    Read,
    /// It writes: a changed line goes to memory, and ours is gone.
    Write,
}

/// What an access cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Cycles of all levels that were asked, and of memory.
    pub cycles: u64,
    /// If the first level missed: the cycles beyond it.
    pub lost: Option<u64>,
}

#[derive(Clone, Debug)]
struct Level {
    name: LevelName,
    cache: Cache,
    counters: LevelCounters,
}

/// The caches of one processor.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// From the processor outwards.
    levels: Vec<Level>,
    /// The numbers of the levels that code and data pass.
    code: Vec<usize>,
    data: Vec<usize>,
    memory_latency: u64,
    memory: MemoryCounters,
}

impl Hierarchy {
    /// Empty caches.
    ///
    /// # Errors
    /// The first of the configuration's problems.
    pub fn new(config: &CacheConfig) -> Result<Self, ConfigProblem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        let level = |(number, (name, level)): (usize, (LevelName, &_))| Level {
            name,
            cache: Cache::new(*level, config.seed.wrapping_add(number as u64 * 2)),
            counters: LevelCounters::default(),
        };
        let levels: Vec<Level> = config.levels().into_iter().enumerate().map(level).collect();
        let all = 0..levels.len();
        let (code, data) = match config.l1 {
            FirstLevel::Split { .. } => (all.clone().filter(|&n| n != 1).collect(), all.skip(1).collect()),
            FirstLevel::None | FirstLevel::Unified(_) => (all.clone().collect(), all.collect()),
        };
        let memory_latency = config.memory_latency.into();
        Ok(Self { levels, code, data, memory_latency, memory: MemoryCounters::default() })
    }

    /// A read of the line around `address`.
    pub fn read(&mut self, side: Side, address: u64) -> Cost {
        let first = self.first_miss(side, address);
        let (cycles, _) = self.fetch(side, 0, address);
        Cost { cycles, lost: first.map(|latency| cycles.saturating_sub(latency)) }
    }

    /// A write to the line around `address`.
    pub fn write(&mut self, address: u64) -> Cost {
        let first = self.first_miss(Side::Data, address);
        let cycles = self.store(0, address);
        Cost { cycles, lost: first.map(|latency| cycles.saturating_sub(latency)) }
    }

    /// Another processor or a bus master is about to use the line around `address`, the longest if levels have lines of
    /// several lengths. Gives the strongest that we had of it, so that a directory knows whether the line is shared and
    /// whether memory was stale.
    pub fn snoop(&mut self, what: Snoop, address: u64) -> Mesi {
        let lengths = self.levels.iter().map(|level| u64::from(level.cache.config().geometry.line));
        let longest = lengths.max().unwrap_or(1);
        let first = address - address % longest;
        let mut strongest = Mesi::Invalid;
        for number in 0..self.levels.len() {
            let step = self.levels[number].cache.config().geometry.line as usize;
            for part in (first..=first + (longest - 1)).step_by(step) {
                strongest = stronger(strongest, self.snoop_level(number, what, part));
            }
        }
        strongest
    }

    fn snoop_level(&mut self, number: usize, what: Snoop, address: u64) -> Mesi {
        let level = &mut self.levels[number];
        let Some(slot) = level.cache.find(address) else { return Mesi::Invalid };
        let state = std::mem::replace(level.cache.state_mut(slot), Mesi::Shared);
        if state == Mesi::Modified {
            level.counters.write_backs += 1;
            self.memory.writes += 1;
        }
        if what == Snoop::Write {
            level.cache.remove(address);
            level.counters.invalidations += 1;
        }
        state
    }

    /// Counts an access that no cache may hold.
    pub fn pass_by(&mut self) {
        self.memory.uncached += 1;
    }

    pub fn counters(&self) -> Vec<(LevelName, LevelCounters)> {
        self.levels.iter().map(|level| (level.name, level.counters)).collect()
    }

    pub fn memory(&self) -> MemoryCounters {
        self.memory
    }

    /// The caches, from the processor outwards.
    pub fn caches(&self) -> impl Iterator<Item = (LevelName, &Cache)> {
        self.levels.iter().map(|level| (level.name, &level.cache))
    }

    /// Bytes of a line nearest to the processor; 1 when there are no caches.
    pub fn line_bytes(&self, side: Side) -> u64 {
        self.path(side, 0).map_or(1, |first| self.levels[first].cache.config().geometry.line.into())
    }

    /// The latency of the first level, if there is one and it will miss.
    fn first_miss(&self, side: Side, address: u64) -> Option<u64> {
        let cache = &self.levels[self.path(side, 0)?].cache;
        cache.find(address).is_none().then_some(cache.config().latency.into())
    }

    /// The number of the cache that is `depth` levels away.
    fn path(&self, side: Side, depth: usize) -> Option<usize> {
        let path = if side == Side::Code { &self.code } else { &self.data };
        path.get(depth).copied()
    }

    /// Gets the line around `address` from `depth` on outwards, and brings it in on the way. Gives the cycles and the
    /// state in which the asking level gets it.
    fn fetch(&mut self, side: Side, depth: usize, address: u64) -> (u64, Mesi) {
        let Some(number) = self.path(side, depth) else {
            self.memory.reads += 1;
            return (self.memory_latency, Mesi::Exclusive);
        };
        let level = &mut self.levels[number];
        let latency = u64::from(level.cache.config().latency);
        if let Some(slot) = level.cache.find(address) {
            level.counters.read_hits += 1;
            return (latency, self.give(number, slot, address));
        }
        level.counters.read_misses += 1;
        let (below, state) = self.fetch(side, depth + 1, address);
        self.levels[number].counters.cycles_lost += below;
        if self.holds_victims(number) {
            return (latency + below, state);
        }
        (latency + below, self.bring_in(number, address, state))
    }

    /// Gives a line that is in cache `number` to the level above it: an exclusive cache gives it away.
    fn give(&mut self, number: usize, slot: super::level::Slot, address: u64) -> Mesi {
        if self.holds_victims(number) {
            return self.levels[number].cache.remove(address);
        }
        let cache = &mut self.levels[number].cache;
        cache.touch(slot);
        clean(*cache.state_mut(slot))
    }

    /// Writes to the line around `address` from `depth` on. Gives the cycles.
    fn store(&mut self, depth: usize, address: u64) -> u64 {
        let Some(number) = self.path(Side::Data, depth) else {
            self.memory.writes += 1;
            return self.memory_latency;
        };
        let level = &mut self.levels[number];
        let config = *level.cache.config();
        let latency = u64::from(config.latency);
        if level.cache.find(address).is_some() {
            level.counters.write_hits += 1;
            self.change(depth, address);
            return latency;
        }
        level.counters.write_misses += 1;
        let allocates = config.allocate_on_write && !self.holds_victims(number);
        let below = if allocates {
            let (below, state) = self.fetch(Side::Data, depth + 1, address);
            self.bring_in(number, address, state);
            self.change(depth, address);
            below
        } else {
            self.store(depth + 1, address)
        };
        self.levels[number].counters.cycles_lost += below;
        latency + below
    }

    /// Changes a line that is in the data cache `depth` levels away. Written through, it goes on at no cost.
    fn change(&mut self, depth: usize, address: u64) {
        let Some(number) = self.path(Side::Data, depth) else { return };
        let cache = &mut self.levels[number].cache;
        let through = cache.config().write == WritePolicy::Through;
        if let Some(slot) = cache.find(address) {
            cache.touch(slot);
            if !through {
                *cache.state_mut(slot) = Mesi::Modified;
            }
        }
        if through {
            self.write_down(number, address);
        }
    }

    /// Brings a line into cache `number`, which has not got it, and gives what the level above gets it as.
    fn bring_in(&mut self, number: usize, address: u64, state: Mesi) -> Mesi {
        if let Some(evicted) = self.levels[number].cache.install(address, state) {
            self.levels[number].counters.evictions += 1;
            self.evict(number, evicted);
        }
        clean(state)
    }

    /// Sees a line off that cache `number` has evicted.
    fn evict(&mut self, number: usize, evicted: Evicted) {
        let mut state = evicted.state;
        if self.levels[number].cache.config().inclusion == Inclusion::Inclusive && !self.is_first(number) {
            state = stronger(state, self.invalidate_above(number, evicted.address));
        }
        let modified = state == Mesi::Modified;
        self.levels[number].counters.write_backs += u64::from(modified);
        match self.below(number) {
            Some(below) if self.holds_victims(below) => self.take_victim(below, evicted.address, state),
            _ if modified => self.write_down(number, evicted.address),
            _ => {}
        }
    }

    /// Takes a line that leaves an inclusive cache away from the levels above. Gives the strongest state it had there.
    fn invalidate_above(&mut self, number: usize, address: u64) -> Mesi {
        let bytes = u64::from(self.levels[number].cache.config().geometry.line);
        let mut strongest = Mesi::Invalid;
        for above in &mut self.levels[..number] {
            let step = above.cache.config().geometry.line as usize;
            for part in (address..=address + (bytes - 1)).step_by(step) {
                let state = above.cache.remove(part);
                above.counters.invalidations += u64::from(state != Mesi::Invalid);
                strongest = stronger(strongest, state);
            }
        }
        strongest
    }

    /// A changed line, or a write, goes from cache `number` to what is below it.
    fn write_down(&mut self, number: usize, address: u64) {
        let Some(below) = self.below(number) else {
            self.memory.writes += 1;
            return;
        };
        let level = &mut self.levels[below];
        let slot = level.cache.find(address);
        *(if slot.is_some() { &mut level.counters.write_hits } else { &mut level.counters.write_misses }) +=
            1;
        match slot {
            Some(slot) if level.cache.config().write == WritePolicy::Back => {
                *level.cache.state_mut(slot) = Mesi::Modified;
            }
            _ => self.write_down(below, address),
        }
    }

    /// An exclusive cache takes what the level above has evicted.
    fn take_victim(&mut self, number: usize, address: u64, state: Mesi) {
        match self.levels[number].cache.find(address) {
            // The other first-level cache had evicted it before.
            Some(slot) => {
                let own = self.levels[number].cache.state_mut(slot);
                *own = stronger(*own, state);
            }
            None => _ = self.bring_in(number, address, state),
        }
    }

    fn holds_victims(&self, number: usize) -> bool {
        self.levels[number].cache.config().inclusion == Inclusion::Exclusive && !self.is_first(number)
    }

    fn is_first(&self, number: usize) -> bool {
        self.code.first() == Some(&number) || self.data.first() == Some(&number)
    }

    /// The cache below number `number`.
    fn below(&self, number: usize) -> Option<usize> {
        let path = if self.data.contains(&number) { &self.data } else { &self.code };
        path.iter().copied().find(|&next| next > number)
    }
}

/// What a level above gets of a line whose changes stay where they are.
fn clean(state: Mesi) -> Mesi {
    if state == Mesi::Modified { Mesi::Exclusive } else { state }
}

fn stronger(a: Mesi, b: Mesi) -> Mesi {
    if a as u8 >= b as u8 { a } else { b }
}

/// A saved hierarchy, for one of the same configuration.
#[derive(Serialize, Deserialize)]
pub(super) struct HierarchyV1 {
    levels: Vec<(CacheV1, LevelCounters)>,
    memory: MemoryCounters,
}

impl Hierarchy {
    pub(super) fn save(&self) -> HierarchyV1 {
        let Self { levels, code: _, data: _, memory_latency: _, memory } = self;
        let save = |level: &Level| {
            let Level { name: _, cache, counters } = level;
            (cache.save(), *counters)
        };
        HierarchyV1 { levels: levels.iter().map(save).collect(), memory: *memory }
    }

    /// Nothing may be used of a hierarchy that was half restored.
    pub(super) fn restore(&mut self, saved: HierarchyV1) -> Result<(), RestoreError> {
        if saved.levels.len() != self.levels.len() {
            return Err(RestoreError::Damaged("a cache is missing".into()));
        }
        let MemoryCounters { reads, writes, uncached } = saved.memory;
        let sound = saved.levels.iter().all(|(_, counters)| counters.can_count_on());
        if !sound || !can_count_on(&[reads, writes, uncached]) {
            return Err(RestoreError::Damaged("a cache has counted too far".into()));
        }
        for (level, (cache, counters)) in self.levels.iter_mut().zip(saved.levels) {
            level.cache.restore(cache)?;
            level.counters = counters;
        }
        self.memory = saved.memory;
        Ok(())
    }
}
