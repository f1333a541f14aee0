//! The saved form of an 8086, version 1. The queue and the bus interface unit are part of it: a restored processor
//! goes on to the clock.

use super::Variant;
use super::biu::{Biu, SavedBiu};
use super::state::{FLAGS_ALWAYS, FLAGS_REAL, Prefixes, Progress, State};
use crate::cpu::CpuCounters;
use crate::snapshot::{RestoreError, SavedState};
use serde::{Deserialize, Serialize};

const VERSION: u16 = 1;

/// Later clocks are taken for damage; at 5 MHz this is after 29,000 years.
const LATEST: u64 = 1 << 62;

#[derive(Serialize, Deserialize)]
struct Form {
    wide: bool,
    registers: [u16; 8],
    segments: [u16; 4],
    flags: u16,
    now: u64,
    progress: Progress,
    prefixes: Prefixes,
    instruction_start: u16,
    shadow: bool,
    trap: bool,
    nmi: bool,
    ind: u16,
    counters: CpuCounters,
    biu: SavedBiu,
}

pub(super) fn save(variant: Variant, state: &State) -> SavedState {
    let &State {
        registers,
        segments,
        flags,
        biu,
        now,
        progress,
        prefixes,
        instruction_start,
        shadow,
        trap,
        nmi,
        ind,
        counters,
    } = state;
    let wide = variant == Variant::I8086;
    let biu = biu.save();
    let form = Form {
        wide,
        registers,
        segments,
        flags,
        now,
        progress,
        prefixes,
        instruction_start,
        shadow,
        trap,
        nmi,
        ind,
        counters,
        biu,
    };
    SavedState::new(VERSION, &form)
}

pub(super) fn restore(variant: Variant, saved: &SavedState) -> Result<State, RestoreError> {
    let form: Form = saved.read(VERSION)?;
    if form.wide != (variant == Variant::I8086) {
        let other = if form.wide { "an 8086" } else { "an 8088" };
        return Err(RestoreError::Foreign(other.to_owned()));
    }
    let biu = Biu::restore(&form.biu, form.wide, form.now).filter(|_| form.now < LATEST);
    let biu = biu.ok_or_else(|| RestoreError::Damaged("its bus interface unit is impossible".to_owned()))?;
    Ok(State {
        registers: form.registers,
        segments: form.segments,
        flags: form.flags & FLAGS_REAL | FLAGS_ALWAYS,
        biu,
        now: form.now,
        progress: form.progress,
        prefixes: form.prefixes,
        instruction_start: form.instruction_start,
        shadow: form.shadow,
        trap: form.trap,
        nmi: form.nmi,
        ind: form.ind,
        counters: form.counters,
    })
}
