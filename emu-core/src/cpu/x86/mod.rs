//! The x86 family.

pub mod alu;
pub mod i8086;
