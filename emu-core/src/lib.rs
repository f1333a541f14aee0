//! Everything that is true of any machine: addresses, time, memory, the bus, CPUs and their engines,
//! the HAL and debugging.
//!
//! Names no chip and no window. `unsafe` is allowed only in [`mem`], where each block carries its reason (and in tests
//! of [`float`]).

pub mod addr;
pub mod board;
pub mod cache;
pub mod cpu;
pub mod debug;
pub mod float;
pub mod hal;
pub mod machine;
pub mod mem;
pub mod snapshot;
pub mod time;
