//! What stands on each page.

pub mod caches;
pub mod cards;
pub mod cpu;
pub mod custom_cpu;
pub mod drives;
pub mod firmware;
pub mod general;
pub mod input;
pub mod memory;
pub mod sound;
