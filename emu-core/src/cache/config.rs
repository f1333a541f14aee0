//! What can be set of a processor's caches, and what is wrong with a setting, in a sentence that says which number must
//! change to what.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The shortest and the longest line, in bytes.
const LINE_BYTES: std::ops::RangeInclusive<u32> = 4..=256;
const MOST_WAYS: u32 = 64;
/// Lines of one cache at the most: what a model may cost its host.
const MOST_LINES: u64 = 1 << 20;

/// Size and shape of one cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CacheGeometry {
    /// Bytes of data that it would hold.
    pub size: u64,
    /// Bytes of a line.
    pub line: u32,
    /// Lines in a set; 1 is direct-mapped.
    pub ways: u32,
}

/// Which line of a full set makes room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Replacement {
    /// The one that was not used for longest.
    #[default]
    Lru,
    /// A binary tree of bits per set that point away from what was used last; needs a power of two ways.
    TreePlru,
    /// Any, from a generator that is seeded by the configuration, so that runs repeat.
    Random,
}

/// What a write that hits does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WritePolicy {
    /// Changes the line; memory gets it when the line is evicted.
    #[default]
    Back,
    /// Changes the line and goes on to the next level, through a buffer that costs no time.
    Through,
}

/// How a level's content relates to the levels nearer to the processor. It has no meaning for the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Inclusion {
    /// Both may hold a line or only one.
    #[default]
    Neither,
    /// It holds all that they hold: what it evicts leaves them too.
    Inclusive,
    /// It holds what they have evicted, and nothing else.
    Exclusive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LevelConfig {
    pub geometry: CacheGeometry,
    pub replacement: Replacement,
    pub write: WritePolicy,
    /// Whether a write that misses brings the line in.
    pub allocate_on_write: bool,
    pub inclusion: Inclusion,
    /// Cycles that it takes to look here.
    pub latency: u32,
}

impl LevelConfig {
    /// What most levels are: least recently used lines go, written lines wait, and a write that misses brings its line in.
    pub const fn usual(geometry: CacheGeometry, latency: u32) -> Self {
        Self {
            geometry,
            replacement: Replacement::Lru,
            write: WritePolicy::Back,
            allocate_on_write: true,
            inclusion: Inclusion::Neither,
            latency,
        }
    }
}

/// The level nearest to the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FirstLevel {
    #[default]
    None,
    /// One cache for code and data.
    Unified(LevelConfig),
    Split {
        code: LevelConfig,
        data: LevelConfig,
    },
}

/// A run of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AddressRange {
    pub first: u64,
    pub last: u64,
}

impl AddressRange {
    pub const fn contains(self, address: u64) -> bool {
        self.first <= address && address <= self.last
    }
}

/// The caches of one processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheConfig {
    pub l1: FirstLevel,
    pub l2: Option<LevelConfig>,
    pub l3: Option<LevelConfig>,
    /// Cycles that memory takes beyond the levels.
    pub memory_latency: u32,
    /// Whether latencies are added to guest time.
    pub charge: bool,
    /// Seed of [`Replacement::Random`].
    pub seed: u64,
    /// What no cache holds: device memory.
    pub uncached: Vec<AddressRange>,
}

/// Video memory and adapters of a PC: A0000 to BFFFF.
pub const PC_DEVICE_MEMORY: AddressRange = AddressRange { first: 0xA_0000, last: 0xB_FFFF };

impl Default for CacheConfig {
    /// No caches.
    fn default() -> Self {
        Self {
            l1: FirstLevel::None,
            l2: None,
            l3: None,
            memory_latency: 0,
            charge: false,
            seed: 1,
            uncached: vec![PC_DEVICE_MEMORY],
        }
    }
}

/// A cache by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LevelName {
    L1,
    L1Code,
    L1Data,
    L2,
    L3,
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::L1Code => "L1 code",
            Self::L1Data => "L1 data",
            Self::L2 => "L2",
            Self::L3 => "L3",
        })
    }
}

/// The setting that must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConfigField {
    Size,
    Line,
    Ways,
    Replacement,
    Write,
    Inclusion,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{level}: {sentence}")]
pub struct ConfigProblem {
    pub level: LevelName,
    pub field: ConfigField,
    /// What is wrong and which number must change to what.
    pub sentence: String,
}

/// How an address falls apart: the low bits are the place in the line, the next choose the set, the rest is the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressSplit {
    pub tag_bits: u32,
    pub index_bits: u32,
    pub offset_bits: u32,
}

impl AddressSplit {
    /// The tag, the set's number and the place in the line of an address.
    pub const fn split(self, address: u64) -> (u64, u64, u64) {
        let offset = address & ((1 << self.offset_bits) - 1);
        let line = address >> self.offset_bits;
        (line >> self.index_bits, line & ((1 << self.index_bits) - 1), offset)
    }
}

impl CacheGeometry {
    pub const fn kib(size: u64, line: u32, ways: u32) -> Self {
        Self { size: size * 1024, line, ways }
    }

    /// Sets; 0 when line and ways make no sense.
    pub fn sets(self) -> u64 {
        self.size.checked_div(self.way_row()).unwrap_or(0)
    }

    /// How addresses of `address_bits` bits fall apart; `None` when the geometry is not valid.
    pub fn split(self, address_bits: u32) -> Option<AddressSplit> {
        self.check().ok()?;
        let (offset_bits, index_bits) = (self.line.trailing_zeros(), self.sets().trailing_zeros());
        let tag_bits = address_bits.saturating_sub(offset_bits + index_bits);
        Some(AddressSplit { tag_bits, index_bits, offset_bits })
    }

    /// Whether such a cache can be, and if not, which number must change to what.
    ///
    /// # Errors
    /// The setting and a sentence.
    pub fn check(self) -> Result<(), (ConfigField, String)> {
        self.check_line()?;
        self.check_ways()?;
        self.check_size()
    }

    fn check_line(self) -> Result<(), (ConfigField, String)> {
        let (least, most) = (*LINE_BYTES.start(), *LINE_BYTES.end());
        let line = self.line;
        let remedy = if line < least {
            format!("A line of {line} bytes is too short: change the line to {least} bytes or more")
        } else if line > most {
            format!("A line of {line} bytes is too long: change the line to {most} bytes or less")
        } else if !line.is_power_of_two() {
            let (below, above) = powers_around(line.into());
            format!("A line of {line} bytes is no power of two: change the line to {below} or {above} bytes")
        } else {
            return Ok(());
        };
        Err((ConfigField::Line, remedy))
    }

    fn check_ways(self) -> Result<(), (ConfigField, String)> {
        let remedy = match self.ways {
            0 => "A cache needs at least one way: change the ways to 1".to_owned(),
            ways if ways > MOST_WAYS => {
                format!("{ways} ways are more than are modelled: change the ways to {MOST_WAYS} or less")
            }
            _ => return Ok(()),
        };
        Err((ConfigField::Ways, remedy))
    }

    fn check_size(self) -> Result<(), (ConfigField, String)> {
        let (row, sets) = (self.way_row(), self.sets());
        let (size, line, ways) = (self.size, self.line, self.ways);
        let most = MOST_LINES * u64::from(line);
        let parts = format!("{line} bytes × {}", count(ways.into(), "way"));
        let remedy = if size > most {
            format!("{} are more than is modelled: change the size to {} or less", Bytes(size), Bytes(most))
        } else if sets == 0 {
            format!("{parts} are already {}: change the size to that or more", Bytes(row))
        } else if !sets.is_power_of_two() {
            let (below, above) = powers_around(sets);
            let (below, above) = (Bytes(below * row), Bytes(above * row));
            format!("{parts} × {sets} sets is no power of two: change the size to {below} or {above}")
        } else if !size.is_multiple_of(row) {
            let (below, above) = (Bytes(sets * row), Bytes(sets * 2 * row));
            format!(
                "{size} bytes are no whole number of sets of {parts}: change the size to {below} or {above}"
            )
        } else {
            return Ok(());
        };
        Err((ConfigField::Size, remedy))
    }

    /// Bytes of one set.
    fn way_row(self) -> u64 {
        u64::from(self.line) * u64::from(self.ways)
    }
}

impl fmt::Display for CacheGeometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Bytes(self.size);
        match self.ways {
            1 => write!(f, "{size}, direct-mapped, {}-byte lines", self.line),
            ways => write!(f, "{size}, {ways}-way, {}-byte lines", self.line),
        }
    }
}

impl LevelConfig {
    /// What is wrong with the level by itself.
    fn check(&self) -> Result<(), (ConfigField, String)> {
        self.geometry.check()?;
        let ways = self.geometry.ways;
        if self.replacement == Replacement::TreePlru && !ways.is_power_of_two() {
            let (below, above) = powers_around(ways.into());
            let sentence = format!(
                "Tree-PLRU needs a power of two ways: change the ways from {ways} to {below} or {above}, \
                 or the replacement to LRU"
            );
            return Err((ConfigField::Replacement, sentence));
        }
        Ok(())
    }

    /// What is wrong with the level as the next one below `above`.
    fn check_below(&self, name: LevelName, above: &Self) -> Result<(), (ConfigField, String)> {
        let (line, upper) = (self.geometry.line, above.geometry.line);
        let exclusive = self.inclusion == Inclusion::Exclusive;
        if line < upper || exclusive && line != upper {
            let why =
                if exclusive { "An exclusive level holds the lines of" } else { "A line must hold one of" };
            let sentence = format!("{why} {name}: change the line from {line} to {upper} bytes");
            return Err((ConfigField::Line, sentence));
        }
        if exclusive && above.write == WritePolicy::Through {
            let sentence =
                format!("An exclusive level needs a write-back cache above: change {name} to write-back");
            return Err((ConfigField::Inclusion, sentence));
        }
        Ok(())
    }
}

impl CacheConfig {
    /// The caches by name, from the processor outwards.
    pub fn levels(&self) -> Vec<(LevelName, &LevelConfig)> {
        let mut levels = match &self.l1 {
            FirstLevel::None => Vec::new(),
            FirstLevel::Unified(level) => vec![(LevelName::L1, level)],
            FirstLevel::Split { code, data } => vec![(LevelName::L1Code, code), (LevelName::L1Data, data)],
        };
        levels.extend(self.l2.iter().map(|level| (LevelName::L2, level)));
        levels.extend(self.l3.iter().map(|level| (LevelName::L3, level)));
        levels
    }

    /// Everything that is wrong, at most one problem per level; empty when the caches can be built.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let levels = self.levels();
        for &(level, config) in &levels {
            let result = config.check().and_then(|()| {
                levels
                    .iter()
                    .filter(|(above, _)| is_next_below(level, *above, self.l2.is_some()))
                    .try_for_each(|(name, above)| config.check_below(*name, above))
            });
            if let Err((field, sentence)) = result {
                problems.push(ConfigProblem { level, field, sentence });
            }
        }
        problems
    }
}

/// Whether `above` is what `level` gets its misses from.
fn is_next_below(level: LevelName, above: LevelName, has_l2: bool) -> bool {
    match level {
        LevelName::L1 | LevelName::L1Code | LevelName::L1Data => false,
        LevelName::L2 => above < LevelName::L2,
        LevelName::L3 => above == LevelName::L2 || !has_l2 && above < LevelName::L2,
    }
}

/// The powers of two next to a number of at least 1 that is none.
fn powers_around(number: u64) -> (u64, u64) {
    let above = number.next_power_of_two();
    (above / 2, above)
}

fn count(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// A size in the largest unit that divides it.
pub(super) struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        if bytes > 0 && bytes.is_multiple_of(1 << 20) {
            write!(f, "{} MB", bytes >> 20)
        } else if bytes > 0 && bytes.is_multiple_of(1 << 10) {
            write!(f, "{} KB", bytes >> 10)
        } else {
            write!(f, "{bytes} bytes")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_mistake_is_named_with_its_remedy() {
        let cases = [
            (
                CacheGeometry { size: 25_600, line: 64, ways: 4 },
                "64 bytes × 4 ways × 100 sets is no power of two: change the size to 16 KB or 32 KB",
            ),
            (
                CacheGeometry { size: 8192, line: 24, ways: 4 },
                "A line of 24 bytes is no power of two: change the line to 16 or 32 bytes",
            ),
            (
                CacheGeometry { size: 8192, line: 2, ways: 4 },
                "A line of 2 bytes is too short: change the line to 4 bytes or more",
            ),
            (
                CacheGeometry { size: 8192, line: 512, ways: 4 },
                "A line of 512 bytes is too long: change the line to 256 bytes or less",
            ),
            (
                CacheGeometry { size: 8192, line: 16, ways: 0 },
                "A cache needs at least one way: change the ways to 1",
            ),
            (
                CacheGeometry { size: 8192, line: 16, ways: 65 },
                "65 ways are more than are modelled: change the ways to 64 or less",
            ),
            (
                CacheGeometry { size: 32, line: 16, ways: 4 },
                "16 bytes × 4 ways are already 64 bytes: change the size to that or more",
            ),
            (
                CacheGeometry { size: 8200, line: 16, ways: 1 },
                "8200 bytes are no whole number of sets of 16 bytes × 1 way: change the size to 8 KB or 16 KB",
            ),
            (
                CacheGeometry { size: 1 << 30, line: 16, ways: 1 },
                "1024 MB are more than is modelled: change the size to 16 MB or less",
            ),
        ];
        for (geometry, want) in cases {
            assert_eq!(geometry.check().map_err(|(_, sentence)| sentence), Err(want.to_owned()));
        }
    }

    #[test]
    fn levels_must_fit_each_other() {
        let level = |line, ways| LevelConfig {
            geometry: CacheGeometry { size: u64::from(line * ways * 64), line, ways },
            replacement: Replacement::TreePlru,
            write: WritePolicy::Through,
            allocate_on_write: false,
            inclusion: Inclusion::Exclusive,
            latency: 1,
        };
        let config = CacheConfig {
            l1: FirstLevel::Split { code: level(16, 3), data: level(32, 2) },
            l2: Some(level(16, 2)),
            l3: Some(level(16, 2)),
            ..CacheConfig::default()
        };
        let got: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
        let want = [
            "L1 code: Tree-PLRU needs a power of two ways: change the ways from 3 to 2 or 4, or the replacement to LRU",
            "L2: An exclusive level needs a write-back cache above: change L1 code to write-back",
            "L3: An exclusive level needs a write-back cache above: change L2 to write-back",
        ];
        assert_eq!(got, want);
        let short = CacheConfig { l1: FirstLevel::Unified(level(32, 2)), l2: None, ..config };
        let want = "An exclusive level holds the lines of L1: change the line from 16 to 32 bytes";
        assert_eq!(short.problems().first().map(|p| p.sentence.as_str()), Some(want));
    }

    #[test]
    fn an_address_falls_apart() {
        let split = CacheGeometry::kib(8, 16, 4).split(20);
        assert_eq!(split, Some(AddressSplit { tag_bits: 9, index_bits: 7, offset_bits: 4 }));
        assert_eq!(split.map(|split| split.split(0xB_8765)), Some((0x170, 0x76, 5)));
        assert_eq!(CacheGeometry::kib(9, 16, 4).split(20), None);
    }

    proptest! {
        /// Whatever is typed, the check answers, and doing what it says cures that mistake.
        #[test]
        fn any_numbers_are_checked(size: u64, line: u32, ways: u32, small: bool) {
            let geometry = if small {
                CacheGeometry { size: size % 100_000, line: line % 300, ways: ways % 70 }
            } else {
                CacheGeometry { size, line, ways }
            };
            match geometry.check() {
                Ok(()) => {
                    let split = geometry.split(20);
                    let whole = split.map(|split| (1u64 << (split.index_bits + split.offset_bits)) * u64::from(geometry.ways));
                    prop_assert_eq!(whole, Some(geometry.size));
                }
                Err((_, sentence)) => prop_assert!(sentence.contains("change the")),
            }
        }
    }
}
