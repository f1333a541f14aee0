//! What a debugger sees of a machine, as plain data.

pub mod view;
