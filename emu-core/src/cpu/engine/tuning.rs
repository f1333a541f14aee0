//! What the threaded engine does to be fast.

use super::cache::LONGEST;

/// What an engine does to be fast, all of it unless told otherwise. Each can be left out, to see what it is worth, and to test that
/// none of it changes what a guest sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Instructions of a trace at the most: from 1, each instruction for itself, to [`LONGEST`].
    pub longest: usize,
    /// Handlers that know what the processor's mode promises, in place of those that find out.
    pub split: bool,
    /// A table by which branches find the trace at an address themselves.
    pub targets: bool,
    /// Links from branches to the traces that they lead to.
    pub links: bool,
    /// One handler for a comparison and the conditional jump behind it.
    pub joins: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { longest: LONGEST, split: true, targets: true, links: true, joins: true }
    }
}
