//! The journal: everything that reaches a machine from outside, stamped with virtual time. Recording is writing it
//! down; replay is reading it back.

use crate::board::device::ResetKind;
use crate::board::external::External;
use crate::cache::CacheConfig;
use crate::time::Cycle;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// One thing from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// For a device, by its name on the board.
    Device {
        device: String,
        input: External,
    },
    /// A medium, by the label under which the host can find it again.
    Insert {
        device: String,
        slot: usize,
        medium: String,
    },
    Eject {
        device: String,
        slot: usize,
    },
    Reset(ResetKind),
    /// Other caches, or none. Charged latencies are guest time, so a replay needs them at the same moment.
    Caches(Option<CacheConfig>),
}

/// An input, and the instruction boundary at which it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Cycle,
    pub input: Input,
}

/// What a machine does with its inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Journal {
    #[default]
    Off,
    Recording(Vec<Entry>),
    /// What is still to come. Inputs from outside are refused meanwhile.
    Replaying(VecDeque<Entry>),
}

impl Journal {
    /// When the next recorded input comes.
    pub fn next_at(&self) -> Cycle {
        match self {
            Self::Replaying(entries) => entries.front().map_or(Cycle::NEVER, |entry| entry.at),
            _ => Cycle::NEVER,
        }
    }

    /// Takes the next recorded input, if its time has come.
    pub fn take_due(&mut self, now: Cycle) -> Option<Input> {
        match self {
            Self::Replaying(entries) if entries.front().is_some_and(|entry| entry.at <= now) => {
                entries.pop_front().map(|entry| entry.input)
            }
            _ => None,
        }
    }

    pub fn is_replaying(&self) -> bool {
        matches!(self, Self::Replaying(_))
    }

    /// Writes an input down, when recording.
    pub fn note(&mut self, at: Cycle, input: &Input) {
        if let Self::Recording(entries) = self {
            entries.push(Entry { at, input: input.clone() });
        }
    }
}
