//! Several processors on shared memory: order, locked changes, changed code. Each processor is a thread of the host with its own
//! engine and TLB.

mod atomic;
mod code_change;
mod litmus;
mod machine;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
#[allow(dead_code, reason = "made for another test")]
#[path = "../x86_world/mod.rs"]
mod world;
