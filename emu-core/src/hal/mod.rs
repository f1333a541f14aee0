//! The hardware abstraction: what a machine draws on, sounds through and is typed into.

pub mod storage;

/// The host's services, as a machine is given them.
#[derive(Default)]
pub struct Hal {}
