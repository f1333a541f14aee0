//! One cache: sets of ways that hold line numbers and MESI states, no data.

use super::config::{CacheGeometry, LevelConfig, Replacement};
use super::stats::can_count_on;
use crate::snapshot::RestoreError;
use serde::{Deserialize, Serialize};

/// What a cache knows of a line and of the other caches' copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mesi {
    /// Not here.
    #[default]
    Invalid,
    /// As in memory; others may have it.
    Shared,
    /// As in memory, and nobody else has it.
    Exclusive,
    /// Newer than memory, and nobody else has it.
    Modified,
}

/// A line that has left, by the address of its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evicted {
    pub address: u64,
    pub state: Mesi,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// The address without the place in the line.
    number: u64,
    state: Mesi,
}

/// What the choice of a victim needs to remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Memory {
    /// When each line was last used.
    Lru { clock: u64, used: Vec<u64> },
    /// Per set, a bit per node of the tree: node 1 is the root, the children of `n` are `2n` and `2n + 1`. A bit that is
    /// set has the victim among the upper ways.
    TreePlru { nodes: Vec<u64> },
    /// The generator's state, never 0.
    Random { state: u64 },
}

/// One cache.
#[derive(Clone, Debug)]
pub struct Cache {
    config: LevelConfig,
    offset_bits: u32,
    set_mask: u64,
    ways: usize,
    lines: Vec<Line>,
    memory: Memory,
}

/// The place of a line that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

impl Cache {
    /// An empty cache. `config` has no problems ([`super::CacheConfig::problems`]).
    pub(super) fn new(config: LevelConfig, seed: u64) -> Self {
        let CacheGeometry { line, ways, .. } = config.geometry;
        let (sets, ways) = (config.geometry.sets(), ways as usize);
        let lines = sets as usize * ways;
        let memory = match config.replacement {
            Replacement::Lru => Memory::Lru { clock: 0, used: vec![0; lines] },
            Replacement::TreePlru => Memory::TreePlru { nodes: vec![0; sets as usize] },
            Replacement::Random => Memory::Random { state: seed | 1 },
        };
        let offset_bits = line.trailing_zeros();
        Self { config, offset_bits, set_mask: sets - 1, ways, lines: vec![Line::default(); lines], memory }
    }

    pub fn config(&self) -> &LevelConfig {
        &self.config
    }

    /// The state of the line around `address`. Changes nothing.
    pub fn state(&self, address: u64) -> Mesi {
        self.find(address).map_or(Mesi::Invalid, |slot| self.lines[slot.0].state)
    }

    /// The lines that are here, by the address of their first byte.
    pub fn content(&self) -> impl Iterator<Item = (u64, Mesi)> {
        let valid = self.lines.iter().filter(|line| line.state != Mesi::Invalid);
        valid.map(|line| (line.number << self.offset_bits, line.state))
    }

    /// Finds the line around `address`, without noting a use.
    pub(super) fn find(&self, address: u64) -> Option<Slot> {
        let number = address >> self.offset_bits;
        let first = self.first_way(number);
        let set = &self.lines[first..first + self.ways];
        let way = set.iter().position(|line| line.number == number && line.state != Mesi::Invalid)?;
        Some(Slot(first + way))
    }

    /// Notes a use of a line.
    pub(super) fn touch(&mut self, slot: Slot) {
        match &mut self.memory {
            Memory::Lru { clock, used } => {
                *clock += 1;
                used[slot.0] = *clock;
            }
            Memory::TreePlru { nodes } => {
                point_away(&mut nodes[slot.0 / self.ways], slot.0 % self.ways, self.ways)
            }
            Memory::Random { .. } => {}
        }
    }

    pub(super) fn state_mut(&mut self, slot: Slot) -> &mut Mesi {
        &mut self.lines[slot.0].state
    }

    /// Brings in the line around `address`, which is not here, and gives what had to leave for it.
    pub(super) fn install(&mut self, address: u64, state: Mesi) -> Option<Evicted> {
        let number = address >> self.offset_bits;
        let slot = self.room(number);
        let old = std::mem::replace(&mut self.lines[slot.0], Line { number, state });
        self.touch(slot);
        let left = Evicted { address: old.number << self.offset_bits, state: old.state };
        (old.state != Mesi::Invalid).then_some(left)
    }

    /// Takes the line around `address` away, if it is here, and gives its state.
    pub(super) fn remove(&mut self, address: u64) -> Mesi {
        match self.find(address) {
            Some(slot) => std::mem::take(&mut self.lines[slot.0]).state,
            None => Mesi::Invalid,
        }
    }

    /// An empty way of a line's set, or the one that the replacement gives up.
    fn room(&mut self, number: u64) -> Slot {
        let first = self.first_way(number);
        let set = first..first + self.ways;
        if let Some(way) = self.lines[set.clone()].iter().position(|line| line.state == Mesi::Invalid) {
            return Slot(first + way);
        }
        Slot(match &mut self.memory {
            Memory::Lru { used, .. } => set.min_by_key(|&slot| used[slot]).unwrap_or(first),
            Memory::TreePlru { nodes } => first + follow(nodes[first / self.ways], self.ways),
            Memory::Random { state } => first + (xorshift(state) % self.ways as u64) as usize,
        })
    }

    fn first_way(&self, number: u64) -> usize {
        (number & self.set_mask) as usize * self.ways
    }
}

/// Sets the bits on the way to `way` so that they lead to the other half each time.
fn point_away(nodes: &mut u64, way: usize, ways: usize) {
    let mut node = 1;
    for level in (0..ways.trailing_zeros()).rev() {
        let upper = way >> level & 1;
        *nodes = *nodes & !(1 << node) | ((upper ^ 1) as u64) << node;
        node = 2 * node + upper;
    }
}

/// The way to which the bits lead.
fn follow(nodes: u64, ways: usize) -> usize {
    let mut node = 1;
    while node < ways {
        node = 2 * node + (nodes >> node & 1) as usize;
    }
    node - ways
}

/// Marsaglia's xorshift64: deterministic, and good enough to choose a way.
fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A saved cache: which lines are here, and the replacement's memory. The shape comes from the configuration.
#[derive(Serialize, Deserialize)]
pub(super) struct CacheV1 {
    lines: Vec<Line>,
    memory: Memory,
}

impl Cache {
    pub(super) fn save(&self) -> CacheV1 {
        let Self { config: _, offset_bits: _, set_mask: _, ways: _, lines, memory } = self;
        CacheV1 { lines: lines.clone(), memory: memory.clone() }
    }

    pub(super) fn restore(&mut self, saved: CacheV1) -> Result<(), RestoreError> {
        let fits = match (&self.memory, &saved.memory) {
            (Memory::Lru { used: own, .. }, Memory::Lru { used, clock }) => {
                own.len() == used.len() && can_count_on(&[*clock])
            }
            (Memory::TreePlru { nodes: own }, Memory::TreePlru { nodes }) => own.len() == nodes.len(),
            (Memory::Random { .. }, Memory::Random { state }) => *state != 0,
            _ => false,
        };
        if !fits || saved.lines.len() != self.lines.len() {
            return Err(RestoreError::Damaged("a cache has another shape".into()));
        }
        CacheV1 { lines: self.lines, memory: self.memory } = saved;
        Ok(())
    }
}
