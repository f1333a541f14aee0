//! What would mend a cache's settings: one number changed to the nearest that fits.

use super::config::{
    Bytes, CacheConfig, CacheGeometry, ConfigField, ConfigProblem, FirstLevel, Inclusion, LevelConfig,
    LevelName, Replacement,
};

impl CacheConfig {
    /// These caches with the one setting changed that a problem is about, and that change in words. `None` when no
    /// change of it alone helps.
    pub fn remedy(&self, problem: &ConfigProblem) -> Option<(String, Self)> {
        let level = self.levels().into_iter().find(|(name, _)| *name == problem.level)?.1;
        let longest = self.levels().iter().map(|(_, level)| level.geometry.line).max().unwrap_or(0);
        candidates(level, problem.field, longest).into_iter().find_map(|(words, mended)| {
            let mut config = self.clone();
            *config.level_mut(problem.level)? = mended;
            let stays = config.problems().iter().any(|other| other.level == problem.level);
            (!stays).then(|| (format!("Make the {} {words}", problem.level), config))
        })
    }

    fn level_mut(&mut self, name: LevelName) -> Option<&mut LevelConfig> {
        match (name, &mut self.l1) {
            (LevelName::L1, FirstLevel::Unified(level)) => Some(level),
            (LevelName::L1Code, FirstLevel::Split { code, .. }) => Some(code),
            (LevelName::L1Data, FirstLevel::Split { data, .. }) => Some(data),
            (LevelName::L2, _) => self.l2.as_mut(),
            (LevelName::L3, _) => self.l3.as_mut(),
            _ => None,
        }
    }
}

/// Changes of one setting, the nearest first. `longest` is the longest line of all levels.
fn candidates(level: &LevelConfig, field: ConfigField, longest: u32) -> Vec<(String, LevelConfig)> {
    let geometry = level.geometry;
    let shaped = |words: String, geometry| (words, LevelConfig { geometry, ..*level });
    match field {
        ConfigField::Size => sizes(geometry)
            .into_iter()
            .map(|size| shaped(format!("size {}", Bytes(size)), CacheGeometry { size, ..geometry }))
            .collect(),
        ConfigField::Line => {
            let above = geometry.line.checked_next_power_of_two().unwrap_or(1 << 31);
            let lines = [above / 2, above, longest, 4, 256];
            let shape = |line| shaped(format!("line {line} bytes"), CacheGeometry { line, ..geometry });
            lines.map(shape).to_vec()
        }
        ConfigField::Ways => {
            [1, 64].map(|ways| shaped(format!("ways {ways}"), CacheGeometry { ways, ..geometry })).to_vec()
        }
        ConfigField::Replacement => {
            vec![("replacement LRU".to_owned(), LevelConfig { replacement: Replacement::Lru, ..*level })]
        }
        ConfigField::Write | ConfigField::Inclusion => {
            vec![("hold anything".to_owned(), LevelConfig { inclusion: Inclusion::Neither, ..*level })]
        }
    }
}

/// Sizes of a power of two sets around one that is none.
fn sizes(geometry: CacheGeometry) -> [u64; 3] {
    let row = (u64::from(geometry.line) * u64::from(geometry.ways)).max(1);
    let above = (geometry.size / row).checked_next_power_of_two().unwrap_or(1);
    [above / 2, above, 1 << 10].map(|sets| sets.saturating_mul(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::presets::presets;
    use proptest::prelude::*;

    proptest! {
        /// Whatever a remedy changes, the level has no problem afterwards, and the others have no new one.
        #[test]
        fn a_remedy_mends(size in 0u64..1 << 22, line in 0u32..600, ways in 0u32..100, plru: bool, at in 0usize..20) {
            let mut config = presets()[at % presets().len()].config.clone();
            let Some(level) = config.levels().first().map(|level| level.0) else { return Ok(()) };
            let replacement = if plru { Replacement::TreePlru } else { Replacement::Lru };
            let Some(broken) = config.level_mut(level) else { return Ok(()) };
            *broken = LevelConfig { geometry: CacheGeometry { size, line, ways }, replacement, ..*broken };
            for problem in config.problems() {
                if let Some((words, mended)) = config.remedy(&problem) {
                    prop_assert!(mended.problems().iter().all(|other| other.level != problem.level));
                    prop_assert!(words.starts_with("Make the L"));
                }
            }
        }
    }

    #[test]
    fn the_nearest_number_is_taken() {
        let mut config =
            presets().into_iter().find(|preset| preset.name == "486DX").map(|one| one.config).unwrap();
        let FirstLevel::Unified(level) = &mut config.l1 else { panic!("a 486DX has one cache") };
        level.geometry.size = 9 << 10;
        let (words, mended) = config.remedy(&config.problems()[0]).unwrap();
        assert_eq!(words, "Make the L1 size 8 KB");
        assert_eq!(mended.levels()[0].1.geometry.size, 8 << 10);
    }
}
