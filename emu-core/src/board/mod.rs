//! A board: devices, the address maps and lines that tie them, and the queue of their events.

pub mod device;
pub mod external;
pub mod testing;
