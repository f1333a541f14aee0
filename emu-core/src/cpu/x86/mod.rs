//! The x86 family.
//!
//! [`i8086`] is stepped by bus cycles. All members, an 8086 without its bus among them ([`cpu::X86`]), share one state ([`state`]), one form in
//! which each instruction's meaning is written ([`backend`], [`meaning`], [`routine`]) and one way from bytes to handlers
//! ([`lower`]); engines differ in what executes them. What protected and long mode add lies in
//! [`checked`]: segments, gates, tasks, pages. What members differ in is data ([`model`]).
//!
//! Not modelled: system management mode, performance counters, machine checks, translations by context (PCID).

pub mod alu;
pub mod backend;
pub mod bits;
pub mod checked;
pub mod cpu;
mod describe;
pub mod executing;
pub mod fast;
pub mod flags;
pub mod i8086;
pub mod lower;
pub mod meaning;
pub mod model;
pub mod msr;
pub mod operands;
pub mod routine;
pub mod state;
pub mod strict;
mod threaded;
pub mod vector;
mod watched;
pub mod x87;
