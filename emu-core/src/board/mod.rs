//! A board: devices, the address maps and lines that tie them, and the queue of their events.

pub mod address_map;
pub mod builder;
pub mod device;
pub mod domain;
pub mod external;
pub mod testing;

#[cfg(test)]
mod tests;
