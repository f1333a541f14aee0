//! What the cache model costs its host: nanoseconds for each access that it watches, by preset.
//!
//! `cargo run --release -p emu-core --example cache_speed`

use emu_core::addr::Width;
use emu_core::cache::{CacheProbe, presets::presets};
use emu_core::cpu::bus::BusStatus;
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::{Access, ProbePlugin};
use emu_core::time::Cycle;
use std::time::Instant;

const ACCESSES: u32 = 5_000_000;

/// A loop's worth of code, a table that is walked, and now and then something far away.
fn access(number: u32) -> Access {
    let (status, address) = match number % 4 {
        0 | 1 => (BusStatus::CodeFetch, 0x1_0000 + number / 2 % 300),
        2 => (BusStatus::MemoryRead, 0x2_0000 + number % 5_000),
        _ => (BusStatus::MemoryWrite, 0x3_0000 + number.wrapping_mul(0x9E37_79B9) % 0x8000),
    };
    let offset = u64::from(number / 4 % 75 * 4);
    let by = CodeAddress { segment: Some(0x1000), offset, linear: 0x1_0000 + offset };
    Access { status, address, width: Width::Byte, data: 0, at: Cycle(0), by }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<34} {:>9} {:>12}", "Preset", "L1 hits", "ns/access");
    for preset in presets() {
        let mut probe = CacheProbe::new(preset.config)?;
        let begun = Instant::now();
        let cycles: u64 = (0..ACCESSES).map(|number| u64::from(probe.access(&access(number)))).sum();
        let nanos = begun.elapsed().as_secs_f64() * 1e9 / f64::from(ACCESSES);
        assert_eq!(cycles, 0, "nothing is charged unless asked for");
        let stats = probe.stats();
        let (mut hits, mut all) = (0, 0);
        for (_, counters) in stats.levels.iter().filter(|(name, _)| *name < emu_core::cache::LevelName::L2) {
            hits += counters.accesses() - counters.misses();
            all += counters.accesses();
        }
        let share = if all == 0 { 0.0 } else { hits as f64 * 100.0 / all as f64 };
        println!("{:<34} {share:>7.1} % {nanos:>12.1}", preset.name);
    }
    Ok(())
}
