//! The caches of real parts, and some to learn from. Sizes and shapes are those of the data books; latencies are rounded
//! from them to whole cycles of the processor.

use super::config::{
    CacheConfig, CacheGeometry, FirstLevel, Inclusion, LevelConfig, Replacement, WritePolicy,
};

/// A named choice for the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    /// One line of what it is.
    pub summary: &'static str,
    pub config: CacheConfig,
}

const fn write_through(level: LevelConfig) -> LevelConfig {
    LevelConfig { write: WritePolicy::Through, allocate_on_write: false, ..level }
}

const fn tree(level: LevelConfig) -> LevelConfig {
    LevelConfig { replacement: Replacement::TreePlru, ..level }
}

const fn no_allocate(level: LevelConfig) -> LevelConfig {
    LevelConfig { allocate_on_write: false, ..level }
}

const fn split(code: LevelConfig, data: LevelConfig) -> FirstLevel {
    FirstLevel::Split { code, data }
}

fn config(l1: FirstLevel, l2: Option<LevelConfig>, memory_latency: u32) -> CacheConfig {
    CacheConfig { l1, l2, memory_latency, ..CacheConfig::default() }
}

/// All presets: none, real parts by their age, and some to learn from.
pub fn presets() -> Vec<Preset> {
    let none =
        Preset { name: "No caches", summary: "As an 8086 to 286 PC was", config: CacheConfig::default() };
    let mut presets = vec![none];
    presets.extend(boards_and_486());
    presets.extend(split_first_levels());
    presets.extend(large());
    presets.extend(teaching());
    presets
}

fn teaching() -> Vec<Preset> {
    let tiny = write_through(LevelConfig::usual(CacheGeometry::kib(1, 16, 1), 0));
    let two_way = LevelConfig::usual(CacheGeometry::kib(2, 16, 2), 0);
    vec![
        Preset {
            name: "Teaching: 1 KB direct-mapped",
            summary: "16-byte lines, write-through: small enough to see every conflict",
            config: config(FirstLevel::Unified(tiny), None, 4),
        },
        Preset {
            name: "Teaching: 2 KB code + 2 KB data",
            summary: "2-way, 16-byte lines, write-back: compare with direct-mapped",
            config: config(split(two_way, two_way), None, 4),
        },
    ]
}

fn boards_and_486() -> Vec<Preset> {
    let i82385 = write_through(LevelConfig::usual(CacheGeometry::kib(32, 4, 2), 0));
    let i486 = tree(write_through(LevelConfig::usual(CacheGeometry::kib(8, 16, 4), 0)));
    let board = no_allocate(LevelConfig::usual(CacheGeometry::kib(256, 16, 1), 3));
    vec![
        Preset {
            name: "386 board cache (82385)",
            summary: "32 KB on the board, 2-way, 4-byte lines, write-through",
            config: config(FirstLevel::Unified(i82385), None, 4),
        },
        Preset {
            name: "486DX",
            summary: "8 KB unified, 4-way, 16-byte lines, write-through",
            config: config(FirstLevel::Unified(i486), None, 8),
        },
        Preset {
            name: "486DX2 with board cache",
            summary: "8 KB unified; 256 KB direct-mapped on the board, write-back",
            config: config(FirstLevel::Unified(i486), Some(board), 12),
        },
    ]
}

fn split_first_levels() -> Vec<Preset> {
    let p5 = no_allocate(LevelConfig::usual(CacheGeometry::kib(8, 32, 2), 0));
    let p5_board = no_allocate(LevelConfig::usual(CacheGeometry::kib(256, 32, 1), 6));
    let k6 = LevelConfig::usual(CacheGeometry::kib(32, 32, 2), 0);
    let k6_board = LevelConfig::usual(CacheGeometry::kib(512, 32, 1), 10);
    let p2 = tree(LevelConfig::usual(CacheGeometry::kib(16, 32, 4), 0));
    let p2_module = tree(LevelConfig::usual(CacheGeometry::kib(512, 32, 4), 8));
    vec![
        Preset {
            name: "Pentium",
            summary: "8 KB code + 8 KB data, 2-way, 32-byte lines; 256 KB on the board",
            config: config(split(p5, p5), Some(p5_board), 16),
        },
        Preset {
            name: "K6-2",
            summary: "32 KB code + 32 KB data, 2-way, 32-byte lines; 512 KB on the board",
            config: config(split(k6, k6), Some(k6_board), 35),
        },
        Preset {
            name: "Pentium II",
            summary: "16 KB code + 16 KB data, 4-way, 32-byte lines; 512 KB at half the clock",
            config: config(split(p2, p2), Some(p2_module), 50),
        },
    ]
}

fn large() -> Vec<Preset> {
    let athlon = LevelConfig::usual(CacheGeometry::kib(64, 64, 2), 0);
    let victims = LevelConfig {
        inclusion: Inclusion::Exclusive,
        ..LevelConfig::usual(CacheGeometry::kib(256, 64, 16), 11)
    };
    let core2 = tree(LevelConfig::usual(CacheGeometry::kib(32, 64, 8), 0));
    let core2_shared = tree(LevelConfig::usual(CacheGeometry::kib(4096, 64, 16), 14));
    let nehalem_code = tree(LevelConfig::usual(CacheGeometry::kib(32, 64, 4), 0));
    let nehalem_l2 = tree(LevelConfig::usual(CacheGeometry::kib(256, 64, 8), 10));
    let nehalem_l3 = LevelConfig {
        inclusion: Inclusion::Inclusive,
        ..tree(LevelConfig::usual(CacheGeometry::kib(8192, 64, 16), 29))
    };
    let nehalem = config(split(nehalem_code, core2), Some(nehalem_l2), 150);
    vec![
        Preset {
            name: "Athlon (Thunderbird)",
            summary: "64 KB code + 64 KB data, 2-way; 256 KB exclusive, 16-way",
            config: config(split(athlon, athlon), Some(victims), 100),
        },
        Preset {
            name: "Core 2",
            summary: "32 KB code + 32 KB data, 8-way, 64-byte lines; 4 MB, 16-way",
            config: config(split(core2, core2), Some(core2_shared), 200),
        },
        Preset {
            name: "Core i7 (Nehalem)",
            summary: "32 KB code + 32 KB data; 256 KB; 8 MB inclusive, 16-way",
            config: CacheConfig { l3: Some(nehalem_l3), ..nehalem },
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_built() {
        for preset in presets() {
            assert_eq!(preset.config.problems(), [], "{}", preset.name);
        }
    }
}
