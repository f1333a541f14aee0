//! Firmware: what a machine's ROMs hold, built for exactly that machine, and what builds it.

pub mod asm;
pub mod demo;
pub mod font;
pub mod host;
pub mod xt;
pub mod xt_hdc;
