//! The hardware abstraction: what a machine draws on, sounds through and is typed into.
