//! A board: devices, the address maps and lines that tie them, and the queue of their events.

pub mod address_map;
pub mod builder;
pub mod device;
pub mod domain;
pub mod external;
pub mod testing;
mod wires;

#[cfg(test)]
mod tests;
