//! What a debugger sees of a machine, as plain data, and where it has the machine stop.

pub mod breakpoints;
pub mod condition;
pub mod view;
