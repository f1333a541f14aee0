//! The cache model: which accesses a processor's caches would have answered, and what the others cost.
//!
//! It watches as a probe ([`CacheProbe`]) and holds tags, not data, so that a guest computes the same with it and
//! without. What it costs is a switch: [`CacheConfig::charge`] has the latencies added to guest time. A bus cycle takes
//! its own time anyway, so a modelled cache never makes a guest faster than its board.
//!
//! * [`config`]: what can be set, and what is wrong with it in a sentence; [`presets`]: real parts.
//! * [`level`]: one cache: sets, ways, replacement, MESI states.
//! * [`hierarchy`]: the levels of one processor, and what passes between them.
//! * [`stats`]: the counters as plain data, per level and per address, in bounded space.
//!
//! One processor for now. Coherence between several goes through [`hierarchy::Hierarchy::snoop`]: a directory that
//! they share asks each of the others before one gets a line. Not modelled: write buffers that fill up, prefetchers,
//! sectored lines, the time of snoops.

pub mod config;
pub mod hierarchy;
pub mod level;
pub mod presets;
mod probe;
mod remedy;
pub mod stats;

#[cfg(test)]
mod tests;

pub use config::{
    AddressSplit, CacheConfig, CacheGeometry, ConfigField, ConfigProblem, FirstLevel, Inclusion, LevelConfig,
    LevelName, Replacement, WritePolicy,
};
pub use probe::CacheProbe;
pub(crate) use probe::plug_in;
pub use stats::CacheStats;
