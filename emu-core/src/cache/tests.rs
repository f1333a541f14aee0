//! The cache model against naive ones, and what must hold between levels whatever the guest does.

use super::hierarchy::{Hierarchy, Side, Snoop};
use super::level::{Cache, Mesi};
use super::presets::presets;
use super::*;
use crate::addr::Width;
use crate::cpu::bus::BusStatus;
use crate::cpu::describe::CodeAddress;
use crate::cpu::probe::{Access, ProbePlugin};
use crate::time::Cycle;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

/// Few enough lines that everything collides.
const SPACE: u64 = 4096;

fn level(line: u32, ways: u32, sets: u32) -> LevelConfig {
    LevelConfig {
        geometry: CacheGeometry { size: u64::from(line * ways * sets), line, ways },
        replacement: Replacement::Lru,
        write: WritePolicy::Back,
        allocate_on_write: true,
        inclusion: Inclusion::Neither,
        latency: 1,
    }
}

/// Which way of a set a naive model gives up.
trait NaiveSet {
    /// A line is used: `true` if it was there.
    fn access(&mut self, line: u64, ways: usize) -> bool;
}

/// Lines in the order of their use.
#[derive(Default)]
struct NaiveLru(Vec<u64>);

impl NaiveSet for NaiveLru {
    fn access(&mut self, line: u64, ways: usize) -> bool {
        let hit = self.0.contains(&line);
        self.0.retain(|&other| other != line);
        self.0.push(line);
        if self.0.len() > ways {
            self.0.remove(0);
        }
        hit
    }
}

/// A tree of halves, each remembering which of its two was used last, written as it is drawn in books.
enum Half {
    Way(Option<u64>),
    Both { used_upper: bool, halves: Box<[Half; 2]> },
}

impl Half {
    fn new(ways: usize) -> Self {
        if ways == 1 {
            return Self::Way(None);
        }
        // A fresh tree gives up its lowest way first, as if the upper halves had just been used.
        Self::Both { used_upper: true, halves: Box::new([Self::new(ways / 2), Self::new(ways / 2)]) }
    }

    /// Uses the first way for which `wanted` holds.
    fn touch(&mut self, wanted: &dyn Fn(Option<u64>) -> bool, line: u64) -> bool {
        match self {
            Self::Way(way) => {
                let found = wanted(*way);
                if found {
                    *way = Some(line);
                }
                found
            }
            Self::Both { used_upper, halves } => {
                let found = (0..2).find(|&half| halves[half].touch(wanted, line));
                if let Some(half) = found {
                    *used_upper = half == 1;
                }
                found.is_some()
            }
        }
    }

    fn replace(&mut self, line: u64) {
        match self {
            Self::Way(way) => *way = Some(line),
            Self::Both { used_upper, halves } => {
                let upper = !*used_upper;
                halves[usize::from(upper)].replace(line);
                *used_upper = upper;
            }
        }
    }
}

#[derive(Default)]
struct NaivePlru(Option<Half>);

impl NaiveSet for NaivePlru {
    fn access(&mut self, line: u64, ways: usize) -> bool {
        let tree = self.0.get_or_insert_with(|| Half::new(ways));
        if tree.touch(&|way| way == Some(line), line) {
            return true;
        }
        if !tree.touch(&|way| way.is_none(), line) {
            tree.replace(line);
        }
        false
    }
}

fn check_against<S: NaiveSet + Default>(config: LevelConfig, addresses: &[u64]) {
    let CacheGeometry { line, ways, .. } = config.geometry;
    let mut cache = Cache::new(config, 1);
    let mut naive: HashMap<u64, S> = HashMap::new();
    for &address in addresses {
        let number = address / u64::from(line);
        let want = naive.entry(number % config.geometry.sets()).or_default().access(number, ways as usize);
        let slot = cache.find(address);
        assert_eq!(slot.is_some(), want, "{address:#x}");
        match slot {
            Some(slot) => cache.touch(slot),
            None => _ = cache.install(address, Mesi::Exclusive),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(Side, u64),
    Write(u64),
    Snoop(Snoop, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (prop::bool::ANY, 0..SPACE)
            .prop_map(|(code, at)| Step::Read(if code { Side::Code } else { Side::Data }, at)),
        4 => (0..SPACE).prop_map(Step::Write),
        1 => (prop::bool::ANY, 0..SPACE)
            .prop_map(|(write, at)| Step::Snoop(if write { Snoop::Write } else { Snoop::Read }, at)),
    ];
    prop::collection::vec(step, 1..400)
}

fn configs() -> impl Strategy<Value = CacheConfig> {
    let policy = (prop::bool::ANY, prop::bool::ANY, 0usize..3, 0usize..3);
    let level = (2u32..5, 0u32..3, 0u32..3, policy).prop_map(
        |(line, ways, sets, (through, allocate, inclusion, replace))| LevelConfig {
            replacement: [Replacement::Lru, Replacement::TreePlru, Replacement::Random][replace],
            write: if through { WritePolicy::Through } else { WritePolicy::Back },
            allocate_on_write: allocate,
            inclusion: [Inclusion::Neither, Inclusion::Inclusive, Inclusion::Exclusive][inclusion],
            ..level(1 << line, 1 << ways, 1 << sets)
        },
    );
    let first = prop_oneof![
        level.clone().prop_map(FirstLevel::Unified),
        (level.clone(), level.clone()).prop_map(|(code, data)| FirstLevel::Split { code, data }),
        Just(FirstLevel::None),
    ];
    let build = |(l1, l2, l3)| CacheConfig { l1, l2, l3, memory_latency: 10, ..CacheConfig::default() };
    (first, prop::option::of(level.clone()), prop::option::of(level))
        .prop_map(build)
        .prop_filter("the levels fit each other", |config| config.problems().is_empty())
}

fn run(hierarchy: &mut Hierarchy, step: Step) {
    match step {
        Step::Read(side, at) => _ = hierarchy.read(side, at),
        Step::Write(at) => _ = hierarchy.write(at),
        Step::Snoop(what, at) => _ = hierarchy.snoop(what, at),
    }
}

/// The 4-byte pieces of memory whose newest content is only in caches.
fn modified(hierarchy: &Hierarchy) -> HashSet<u64> {
    let pieces = |(_, cache): (LevelName, &Cache)| {
        let line = u64::from(cache.config().geometry.line);
        let lines: Vec<u64> = cache
            .content()
            .filter(|(_, state)| *state == Mesi::Modified)
            .map(|(address, _)| address)
            .collect();
        lines.into_iter().flat_map(move |address| (address..address + line).step_by(4)).collect::<Vec<_>>()
    };
    hierarchy.caches().flat_map(pieces).collect()
}

fn addresses(cache: &Cache) -> HashSet<u64> {
    cache.content().map(|(address, _)| address).collect()
}

/// No line twice in a cache; inclusive levels hold all of the lines above.
fn check_content(hierarchy: &Hierarchy) {
    let caches: Vec<_> = hierarchy.caches().collect();
    for (number, (name, cache)) in caches.iter().enumerate() {
        assert_eq!(cache.content().count(), addresses(cache).len(), "{name} has a line twice");
        if cache.config().inclusion == Inclusion::Inclusive && *name >= LevelName::L2 {
            for (above, content) in &caches[..number] {
                // A level that only takes victims has what the inclusive one below was never asked for.
                let passes = *above < LevelName::L2 || content.config().inclusion != Inclusion::Exclusive;
                let missing = content.content().find(|(address, _)| cache.state(*address) == Mesi::Invalid);
                assert!(!passes || missing.is_none(), "{name} lacks a line of {above}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lru_is_as_naive(addresses in prop::collection::vec(0..SPACE, 0..500), ways in 1u32..9) {
        check_against::<NaiveLru>(level(16, ways, 4), &addresses);
    }

    #[test]
    fn tree_plru_is_as_naive(addresses in prop::collection::vec(0..SPACE, 0..500), ways in 0u32..7) {
        let config = LevelConfig { replacement: Replacement::TreePlru, ..level(16, 1 << ways, 2) };
        check_against::<NaivePlru>(config, &addresses);
    }

    /// Whatever the levels and the accesses: what was changed in a cache is not lost, only memory writes clean it.
    #[test]
    fn changes_reach_memory(config in configs(), steps in steps()) {
        let mut hierarchy = Hierarchy::new(&config).expect("no problems");
        for step in steps {
            let (before, writes) = (modified(&hierarchy), hierarchy.memory().writes);
            run(&mut hierarchy, step);
            check_content(&hierarchy);
            let cleaned = before.difference(&modified(&hierarchy)).count() as u64;
            // A write to memory carries the longest line, of 16 bytes, at the most.
            prop_assert!(cleaned <= (hierarchy.memory().writes - writes) * 4, "{cleaned} pieces lost by {step:?}");
        }
    }

    /// Counting twice over: what a level misses is what the next is asked for, and nothing is both hit and missed.
    #[test]
    fn reads_add_up(config in configs(), reads in prop::collection::vec(0..SPACE, 0..300)) {
        let mut hierarchy = Hierarchy::new(&config).expect("no problems");
        let mut cycles = 0;
        for &at in &reads {
            cycles += hierarchy.read(Side::Data, at).cycles;
        }
        let mut asked = reads.len() as u64;
        let mut want = 0;
        for (name, counters) in hierarchy.counters().into_iter().filter(|(name, _)| *name != LevelName::L1Code) {
            prop_assert_eq!(counters.read_hits + counters.read_misses, asked, "{}", name);
            want += asked;
            asked = counters.read_misses;
        }
        prop_assert_eq!(hierarchy.memory().reads, asked);
        prop_assert_eq!(hierarchy.memory().writes, 0);
        prop_assert_eq!(cycles, want + asked * 10, "each level costs 1 and memory 10");
    }

    /// A line is in an exclusive cache or above it, never in both.
    #[test]
    fn an_exclusive_cache_holds_victims_only(steps in steps()) {
        let victims = LevelConfig { inclusion: Inclusion::Exclusive, ..level(16, 4, 2) };
        let config = CacheConfig {
            l1: FirstLevel::Unified(level(16, 2, 2)), l2: Some(victims), ..CacheConfig::default()
        };
        let mut hierarchy = Hierarchy::new(&config).expect("no problems");
        for step in steps {
            run(&mut hierarchy, step);
            let content: Vec<_> = hierarchy.caches().map(|(_, cache)| addresses(cache)).collect();
            prop_assert!(content[0].is_disjoint(&content[1]));
        }
    }

    /// A saved probe goes on exactly as the one that was not.
    #[test]
    fn a_saved_model_goes_on(config in configs(), first in steps(), then in steps()) {
        let mut one = CacheProbe::new(config).expect("no problems");
        first.iter().for_each(|step| _ = feed(&mut one, *step));
        let mut other = CacheProbe::restored(&one.save()).expect("just saved");
        for step in then {
            feed(&mut one, step);
            feed(&mut other, step);
        }
        prop_assert_eq!(one.save(), other.save());
        prop_assert_eq!(one.stats(), other.stats());
    }
}

fn feed(probe: &mut CacheProbe, step: Step) -> u32 {
    let (status, at) = match step {
        Step::Read(Side::Code, at) => (BusStatus::CodeFetch, at),
        Step::Read(Side::Data, at) => (BusStatus::MemoryRead, at),
        Step::Write(at) | Step::Snoop(_, at) => (BusStatus::MemoryWrite, at),
    };
    access(probe, status, at as u32, 0x1000 + at % 7)
}

fn access(probe: &mut CacheProbe, status: BusStatus, address: u32, by: u64) -> u32 {
    let by = CodeAddress { segment: Some(0), offset: by, linear: by };
    probe.access(&Access { status, address, width: Width::Byte, data: 0, at: Cycle(0), by })
}

fn teaching(charge: bool) -> CacheProbe {
    let preset =
        presets().into_iter().find(|preset| preset.name.starts_with("Teaching: 1 KB")).expect("a preset");
    CacheProbe::new(CacheConfig { charge, ..preset.config }).expect("no problems")
}

#[test]
fn two_addresses_that_collide_are_the_worst() {
    let mut probe = teaching(true);
    let mut charged = 0;
    for _ in 0..10 {
        charged += access(&mut probe, BusStatus::MemoryRead, 0x1000, 1);
        charged += access(&mut probe, BusStatus::MemoryRead, 0x1400, 2);
        charged += access(&mut probe, BusStatus::MemoryRead, 0x1010, 3);
    }
    let stats = probe.stats();
    let (_, l1) = stats.levels[0];
    assert_eq!((l1.read_hits, l1.read_misses, l1.evictions, l1.cycles_lost), (9, 21, 19, 84));
    assert_eq!((charged, stats.cycles_charged), (84, 84));
    let worst: Vec<_> = stats.worst_lines.iter().map(|line| (line.at, line.misses)).collect();
    assert_eq!(worst, [(0x1000, 10), (0x1400, 10), (0x1010, 1)]);
    let by: Vec<_> =
        stats.worst_instructions.iter().map(|place| (place.at.linear, place.cycles_lost)).collect();
    assert_eq!(by, [(1, 40), (2, 40), (3, 4)]);
    assert_eq!(stats.heat.misses[1], 21);
}

#[test]
fn uncharged_it_counts_but_costs_nothing() {
    let mut probe = teaching(false);
    assert_eq!(access(&mut probe, BusStatus::CodeFetch, 0xF_E05B, 1), 0);
    assert_eq!(access(&mut probe, BusStatus::MemoryWrite, 0xB_8000, 1), 0);
    assert_eq!(access(&mut probe, BusStatus::IoWrite, 0x20, 1), 0);
    let stats = probe.stats();
    assert_eq!((stats.levels[0].1.accesses(), stats.memory.uncached, stats.cycles_charged), (1, 1, 0));
    assert_eq!(stats.worst_instructions, [], "a fetch is nobody's data");
}

#[test]
fn an_access_over_two_lines_asks_twice() {
    let mut probe = teaching(true);
    let by = CodeAddress::default();
    let access = Access {
        status: BusStatus::MemoryRead,
        address: 0x1E,
        width: Width::Dword,
        data: 0,
        at: Cycle(0),
        by,
    };
    assert_eq!(probe.access(&access), 8);
    assert_eq!(probe.access(&access), 0);
}

#[test]
fn another_processor_finds_what_we_changed() {
    let config = CacheConfig { l1: FirstLevel::Unified(level(16, 2, 4)), ..CacheConfig::default() };
    let mut hierarchy = Hierarchy::new(&config).expect("no problems");
    hierarchy.write(0x40);
    assert_eq!(hierarchy.snoop(Snoop::Read, 0x4F), Mesi::Modified);
    assert_eq!(hierarchy.snoop(Snoop::Read, 0x40), Mesi::Shared);
    assert_eq!(hierarchy.snoop(Snoop::Write, 0x40), Mesi::Shared);
    assert_eq!(hierarchy.snoop(Snoop::Write, 0x40), Mesi::Invalid);
    let (_, counters) = hierarchy.counters()[0];
    assert_eq!((counters.write_backs, counters.invalidations, hierarchy.memory().writes), (1, 1, 1));
}

#[test]
fn random_replacement_repeats() {
    let config = CacheConfig {
        l1: FirstLevel::Unified(LevelConfig { replacement: Replacement::Random, ..level(16, 4, 4) }),
        ..CacheConfig::default()
    };
    let run = |seed| {
        let mut hierarchy = Hierarchy::new(&CacheConfig { seed, ..config.clone() }).expect("no problems");
        (0..5000u64).for_each(|i| _ = hierarchy.read(Side::Data, i * i % SPACE));
        hierarchy.counters()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(9));
}

#[test]
fn a_damaged_state_is_refused() {
    let saved = teaching(true).save();
    for cut in 0..saved.body.len() {
        let mut damaged = saved.clone();
        damaged.body.truncate(cut);
        assert!(CacheProbe::restored(&damaged).is_err());
    }
    for at in 0..60 {
        let mut damaged = saved.clone();
        damaged.body[at] ^= 0xFF;
        // Whatever it says, it is refused or usable.
        if let Ok(mut probe) = CacheProbe::restored(&damaged) {
            access(&mut probe, BusStatus::MemoryRead, 0x1234, 0);
        }
    }
}
