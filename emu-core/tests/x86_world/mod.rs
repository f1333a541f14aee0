//! A small guest of protected and long mode, in which any code can run: tables for every mode, handlers that mend pages and
//! step over what faults, and services (INT 30h to 3Fh) that go to any mode from any other.
//!
//! | physical | what |
//! |---|---|
//! | 00000 | real mode's vectors, their handlers and ways to protected mode |
//! | 01000 | GDT, LDT, pseudo-descriptors |
//! | 02000, 04000 | the IDTs of protected and of long mode |
//! | 03000 | task states, a counter |
//! | 08000 | handlers and services |
//! | 20000, 21000, 22000 | 16-, 32- and 64-bit code of the test |
//! | 28000, 2C000, 2E000 | ends of the stacks of ring 0, of ring 3, of the double fault's task |
//! | 30000 | 64 KB of data |
//! | 3E0000 | page tables: of two levels, of PAE, and the two above for long mode |
//!
//! Linear addresses below 2 MB are these, but for other ways to the data (100000) and to the code (140000); from there to the
//! tables nothing is; with large pages, 400000 to 5FFFFF is all of it again.

mod asm;
pub mod kernel;
mod kernel16;
mod place;

pub use place::*;
