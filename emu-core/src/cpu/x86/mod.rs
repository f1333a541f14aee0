//! The x86 family.

pub mod i8086;
