//! The threaded engine, whatever the family: instructions decoded once into traces of small operations, each of which
//! ends by jumping to the next one's handler.
//!
//! * [`op`]: an operation, and how one goes on to the next. The only `unsafe` code of the engines.
//! * [`cache`]: where traces are kept, how they are found by address, linked, and dropped when their code is written over.
//! * [`driver`]: the loop around: interrupts, events, translation, and the instructions that no handler executes.
//! * [`tuning`]: what of all this is to be left out, for measuring.
//! * [`watch`]: what a watched trace notes of its accesses.
//!
//! A handler executes an instruction that meets nothing unusual: its memory is in the software TLB and its segment
//! admits it. Otherwise it *leaves*, having changed nothing, and the driver has the family's checked backend execute
//! the same instruction. So hot handlers call nothing, and everything rare is written once.
//!
//! A trace's whole time is charged when it is entered, and what was not executed is given back when it is left early.
//! One that does not fit before the bus's deadline isn't entered; the driver steps up to the deadline instead. So
//! every event takes place between the same two instructions as in a strict engine.
//!
//! An engine with a probe has traces of its own, in which an operation stands before each instruction and tells the probe
//! what the one before has done and that this one is to begin ([`op::watched`]).

pub mod cache;
pub mod driver;
pub mod op;
pub mod slot;
pub mod tuning;
pub mod watch;
