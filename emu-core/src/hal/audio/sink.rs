//! Where the mixer's frames go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes frames at [`super::OUTPUT_HZ`], as guest time goes on.
pub trait AudioSink: Send {
    /// Whether frames are wanted. If not, the mixer only counts.
    fn is_listening(&self) -> bool {
        true
    }

    /// Takes the next frames, left and right, −1 to 1 but for peaks.
    fn push(&mut self, frames: &[[f32; 2]]);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullSink;

impl AudioSink for NullSink {
    fn is_listening(&self) -> bool {
        false
    }

    fn push(&mut self, _frames: &[[f32; 2]]) {}
}

/// Collects frames for a recording; [`Captured`] is the other end.
pub struct CaptureSink {
    captured: Captured,
    limit: usize,
}

/// What a [`CaptureSink`] has collected.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<[f32; 2]>>>);

impl CaptureSink {
    /// Collects until `limit` frames wait to be taken; more are dropped.
    pub fn new(limit: usize) -> (Self, Captured) {
        let captured = Captured::default();
        (Self { captured: captured.clone(), limit }, captured)
    }
}

impl AudioSink for CaptureSink {
    fn push(&mut self, frames: &[[f32; 2]]) {
        let mut kept = self.captured.lock();
        let room = self.limit.saturating_sub(kept.len());
        kept.extend_from_slice(&frames[..frames.len().min(room)]);
    }
}

impl Captured {
    /// Takes what was collected since the last call.
    pub fn take(&self) -> Vec<[f32; 2]> {
        std::mem::take(&mut *self.lock())
    }

    /// Frames that wait to be taken.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<[f32; 2]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Several sinks at once: a host's speakers and a recording.
#[derive(Default)]
pub struct TeeSink(pub Vec<Box<dyn AudioSink>>);

impl AudioSink for TeeSink {
    fn is_listening(&self) -> bool {
        self.0.iter().any(|sink| sink.is_listening())
    }

    fn push(&mut self, frames: &[[f32; 2]]) {
        self.0.iter_mut().for_each(|sink| sink.push(frames));
    }
}
