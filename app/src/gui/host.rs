//! What the window knows of its computer: facts for the settings and the menus.

use crate::sound;
use machines::profile::{CpuProfile, Engine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Facts of this computer.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    pub paces: Paces,
    /// The device that plays, or why there is none; `None` until somebody asks.
    pub sound: Option<Result<String, String>>,
    /// The gamepads that are plugged in, by name.
    pub pads: Vec<String>,
}

impl HostFacts {
    /// Looks for the sound device, the first time.
    pub fn ask_for_sound(&mut self) {
        if self.sound.is_none() {
            self.sound = Some(sound::device_name().map_err(|error| error.to_string()));
        }
    }
}

/// How many guest cycles this computer has computed in a second, by processor and engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paces(BTreeMap<String, u64>);

impl Paces {
    /// Takes a measurement; 0 is none. A single one weighs little, as the computer may have had other work.
    pub fn note(&mut self, cpu: &CpuProfile, cycles_per_second: u64) {
        if cycles_per_second > 0 {
            let pace = self.0.entry(key(&cpu.model, cpu.engine)).or_insert(cycles_per_second);
            *pace = (*pace / 8) * 7 + cycles_per_second / 8;
        }
    }

    /// Cycles in a second, once measured.
    pub fn of(&self, model: &str, engine: Engine) -> Option<u64> {
        self.0.get(&key(model, engine)).copied()
    }

    /// The measurement in a sentence.
    pub fn sentence(&self, model: &str, engine: Engine, clock_hz: u64) -> String {
        match self.of(model, engine) {
            Some(pace) => format!(
                "This computer runs {:.0} million cycles a second with it, {:.1} times the clock.",
                pace as f64 / 1e6,
                pace as f64 / clock_hz.max(1) as f64
            ),
            None => {
                "It has not been measured on this computer yet; that happens while a machine runs.".to_owned()
            }
        }
    }
}

fn key(model: &str, engine: Engine) -> String {
    format!("{model} {engine:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_are_remembered_by_processor_and_engine() {
        let cpu = CpuProfile::of("8088", 4_772_727, Engine::Strict);
        let mut paces = Paces::default();
        paces.note(&cpu, 0);
        assert_eq!(paces.of("8088", Engine::Strict), None);
        paces.note(&cpu, 160_000_000);
        paces.note(&cpu, 80_000_000);
        assert_eq!(paces.of("8088", Engine::Strict), Some(150_000_000));
        assert!(paces.sentence("8088", Engine::Strict, cpu.clock_hz).contains("150 million"));
        assert_eq!(paces.of("8086", Engine::Strict), None);
    }
}
