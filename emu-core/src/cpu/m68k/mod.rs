//! The Motorola 68000 family.
//!
//! One [table](rows) drives decoder and disassembler. What an instruction does is written once, as a [meaning] over any
//! [`Backend`](backend::Backend), with the forms of its operands ([form]) and their width as types; the rare and the long are
//! [routines](routine) over the [checked] processor. [`lower`] makes operands and a handler of an instruction's words. What
//! a fault on the bus leaves behind, which the part does not undo, stands apart from the meanings (`checked/leftover.rs`).
//!
//! So far: the integer set of the 68000 with its exceptions. Its prefetch is modelled as far as exceptions show it.

pub mod alu;
pub mod backend;
pub mod checked;
mod clocks;
pub mod cpu;
mod describe;
pub mod disassemble;
pub mod executing;
pub mod fast;
pub mod flags;
pub mod form;
pub mod lower;
pub mod meaning;
pub mod mode;
pub mod model;
pub mod operands;
pub mod routine;
mod rows;
pub mod state;
pub mod strict;
pub mod table;
mod threaded;
mod watched;

pub use cpu::M68k;
