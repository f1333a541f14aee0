//! Audio: voices that devices play in guest time, their mixture, and how it reaches a host that has another clock.
//!
//! A device opens a voice and sends it events stamped with ticks; nothing is sampled on the device's side. The
//! [`Mixer`] plays all voices as guest time goes on and hands 48 kHz stereo frames to an [`AudioSink`]. Whether
//! somebody listens changes nothing a guest can notice: the null sink consumes at the same guest times.
//!
//! Every voice is made of level steps (a speaker's edges, a tone's half waves, the held samples of a converter), and
//! all steps are band-limited alike, see [`step`].
//!
//! Not modelled: the analogue filters behind a converter; samples are held as the converter holds them.

pub mod host;
pub mod mixer;
pub mod pcm;
pub mod sink;
pub mod step;
pub mod voice;

mod kernel;
mod player;
#[cfg(test)]
mod tests;

pub use host::{HostStream, RingSink, ring};
pub use mixer::{Mixer, MixerControl, SourceLevel};
pub use pcm::{PcmFormat, SampleFormat};
pub use sink::{AudioSink, CaptureSink, Captured, NullSink, TeeSink};
pub use voice::{VoiceEvent, VoiceKind, VoiceStatus, Waveform};

use crate::time::Tick;
use serde::{Deserialize, Serialize};

/// Frames of a second that leave the mixer.
pub const OUTPUT_HZ: u32 = 48_000;

/// What a user sees as one source of sound, with a level and a volume of its own: "PC speaker".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub(crate) u16);

/// One voice of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VoiceId(pub(crate) u16);

/// Where devices play. Ids that were never given out or are closed do nothing.
pub trait AudioOut: Send {
    /// Names a source. The same name gives the same source.
    fn add_source(&mut self, name: &str) -> SourceId;

    /// Opens a voice, silent until its first event.
    fn open(&mut self, source: SourceId, kind: VoiceKind) -> VoiceId;

    /// Closes a voice at once.
    fn close(&mut self, voice: VoiceId);

    /// Tells a voice what happens at a tick. Events of a voice come in order; one that is stamped before what has
    /// been played counts as happening now.
    fn send(&mut self, voice: VoiceId, at: Tick, event: VoiceEvent);

    /// How far a voice has come by `at`, which is not before any event or query so far. A function of guest time
    /// alone. It is not part of a saved state: a device whose guest can see a position keeps count itself.
    fn status(&mut self, voice: VoiceId, at: Tick) -> VoiceStatus;

    /// Plays everything before `at`. Whoever runs a machine calls this as guest time goes on, many times a second.
    fn advance_to(&mut self, at: Tick);

    /// Goes on from another moment, as after a saved state was loaded: what lies between is not played, what waited
    /// is forgotten, and all voices are silent until their next event.
    fn jump_to(&mut self, at: Tick);
}
