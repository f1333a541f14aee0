//! Several processors on shared memory: order, locked changes, changed code. Each processor is a thread of the host with its own
//! engine and TLB.

mod atomic;
#[allow(dead_code, reason = "made for another test")]
#[path = "../x86_engines/bus.rs"]
mod bus;
mod code_change;
mod litmus;
mod machine;
#[allow(dead_code, reason = "made for another test")]
#[path = "../x86_world/mod.rs"]
mod world;
