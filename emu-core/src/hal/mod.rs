//! The hardware abstraction: what a machine draws on, sounds through and is typed into.
//!
//! A device sees primitives, never the host: no window, sound device, file or wall clock is named here. Each group
//! has its software back end, which defines the result, and a null one, which consumes at the same guest times, so
//! that nothing a guest can notice depends on who looks or listens.

pub mod storage;
pub mod video;

use video::{NullVideo, VideoOut};

/// The host's services, as a machine is given them.
pub struct Hal {
    pub video: Box<dyn VideoOut>,
}

impl Default for Hal {
    /// Nobody looks and nobody listens.
    fn default() -> Self {
        Self { video: Box::new(NullVideo) }
    }
}
