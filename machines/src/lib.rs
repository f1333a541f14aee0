//! Everything that is true of one machine: chips, cards, boards, firmware and profiles.
//!
//! Knows `emu-core`; knows nothing of windows, sound devices or files picked by a user.
#![forbid(unsafe_code)]

pub mod boards;
pub mod cards;
pub mod catalogue;
pub mod chips;
pub mod engines;
pub mod firmware;
pub mod fpu;
pub mod media;
pub mod profile;
