//! The cache model.

use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Choice, Control, Edit, Row};
use emu_core::cache::presets::presets;
use emu_core::cache::{CacheConfig, FirstLevel};
use machines::profile::{Field, Profile};

/// Memory's latency at the most that can be typed, in cycles.
const SLOWEST_MEMORY: u32 = 1000;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let config = cx.profile.caches.clone().unwrap_or_default();
    let model = cx.board.cpus.iter().find(|cpu| cpu.name == cx.profile.cpu.model);
    let address_bits = model.map_or(32, |cpu| cpu.address_bits.into());
    let mut rows = vec![preset(cx.profile, "Changed beneath"), levels(&config)];
    if config.levels().is_empty() {
        return rows;
    }
    let latency = Control::Number {
        value: config.memory_latency,
        first: 0,
        last: SLOWEST_MEMORY,
        step: 1,
        unit: "cycles",
        set: Box::new(|profile, cycles| {
            if let Some(caches) = &mut profile.caches {
                caches.memory_latency = cycles;
            }
        }),
    };
    let charge = Control::Switch {
        is_on: config.charge,
        set: Box::new(|profile, is_on| {
            if let Some(caches) = &mut profile.caches {
                caches.charge = is_on;
            }
        }),
    };
    rows.extend([
        Row::new(
            "Sets and ways",
            Control::CacheDrawing { config: config.clone(), address_bits },
            "How the cache is laid out, and how an address finds its place in it.",
        )
        .at_once(),
        Row::new("Memory latency", latency, "What an access costs that no cache answers.").at_once(),
        Row::new(
            "Charge latencies to guest time",
            charge,
            "Off, the guest computes and takes the same time as without caches; on, misses cost it cycles.",
        )
        .at_once(),
    ]);
    rows
}

/// Real parts, and some to learn from. `changed` says where the user's own were made.
pub fn preset(profile: &Profile, changed: &'static str) -> Row {
    let config = profile.caches.clone().unwrap_or_default();
    let mut choices: Vec<Choice> = presets()
        .into_iter()
        .map(|preset| {
            let same = CacheConfig { charge: config.charge, ..preset.config.clone() } == config;
            let edit = Edit::of(move |profile| {
                let charge = profile.caches.as_ref().is_some_and(|caches| caches.charge);
                profile.caches = has_any(CacheConfig { charge, ..preset.config });
            });
            Choice::new(preset.name, same, edit).help(preset.summary)
        })
        .collect();
    if !choices.iter().any(|choice| choice.is_chosen) {
        choices.push(Choice::new("Your own", true, Edit::of(|_| ())).help(changed));
    }
    let help = "The caches of a real part. They hold tags only: the guest computes the same with any.";
    Row::new("Preset", Control::Choice(choices), help).at_once()
}

fn levels(config: &CacheConfig) -> Row {
    let help =
        "Sizes can be typed as 512, 8 KB or 1 MB. A latency is what it costs to look there, in cycles.";
    Row::new("Levels", Control::CacheLevels(config.clone()), help).at_once().of(Field::Caches)
}

/// A configuration, if there is any cache in it.
pub fn has_any(config: CacheConfig) -> Option<CacheConfig> {
    let is_empty = matches!(config.l1, FirstLevel::None) && config.l2.is_none() && config.l3.is_none();
    (!is_empty).then_some(config)
}
