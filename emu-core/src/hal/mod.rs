//! The hardware abstraction: what a machine draws on, sounds through and is typed into.
//!
//! A device sees primitives, never the host: no window, sound device, file or wall clock is named here. Each group
//! has its software back end, which defines the result, and a null one, which consumes at the same guest times, so
//! that nothing a guest can notice depends on who looks or listens.

pub mod audio;
pub mod input;
pub mod storage;
pub mod video;

use audio::{AudioOut, Mixer};
use video::{NullVideo, VideoOut};

/// The host's services, as a machine is given them.
pub struct Hal {
    pub video: Box<dyn VideoOut>,
    pub audio: Box<dyn AudioOut>,
}

impl Hal {
    /// The services of a host where nobody looks and nobody listens, for a board of `tick_hz` ticks a second.
    pub fn silent(tick_hz: u64) -> Self {
        Self { video: Box::new(NullVideo), audio: Box::new(Mixer::silent(tick_hz)) }
    }
}

impl Default for Hal {
    /// [`Self::silent`] at the PC's 14.318 MHz, for tests.
    fn default() -> Self {
        Self::silent(14_318_180)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a machine's thread and a host's thread share must be able to move between them.
    #[test]
    fn services_move_between_threads() {
        fn moves<T: Send>() {}
        moves::<Hal>();
        moves::<audio::HostStream>();
        moves::<audio::MixerControl>();
        moves::<video::FrameViewer>();
        moves::<video::SoftwareRenderer>();
        moves::<input::FakePads>();
    }
}
