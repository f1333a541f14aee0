//! Sampled sound: formats, and samples as levels.

use serde::{Deserialize, Serialize};

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SampleFormat {
    /// 80h is silence.
    U8,
    I8,
    I16Le,
    I16Be,
    /// Little-endian, −1 to 1.
    F32Le,
}

impl SampleFormat {
    /// Bytes of a sample.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16Le | Self::I16Be => 2,
            Self::F32Le => 4,
        }
    }

    /// The level of a sample, −1 to 1. Missing bytes and nonsense are silence.
    fn level(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::U8, &[byte]) => (f32::from(byte) - 128.0) / 128.0,
            (Self::I8, &[byte]) => f32::from(byte as i8) / 128.0,
            (Self::I16Le, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32768.0,
            (Self::I16Be, &[a, b]) => f32::from(i16::from_be_bytes([a, b])) / 32768.0,
            (Self::F32Le, &[a, b, c, d]) => clean(f32::from_le_bytes([a, b, c, d]), 1.0),
            _ => 0.0,
        }
    }
}

/// A number within ±`limit`; nonsense is 0.
pub(super) fn clean(value: f32, limit: f32) -> f32 {
    if value.is_finite() { value.clamp(-limit, limit) } else { 0.0 }
}

/// How frames of samples are stored and played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PcmFormat {
    /// Frames a second; taken within 1 to [`Self::MAX_RATE`].
    pub rate_hz: u32,
    pub sample: SampleFormat,
    /// Left and right in turn, or one for both.
    pub stereo: bool,
}

impl PcmFormat {
    pub const MAX_RATE: u32 = 1_000_000;

    /// Bytes of a frame.
    pub const fn frame_bytes(self) -> usize {
        self.sample.bytes() * if self.stereo { 2 } else { 1 }
    }

    /// The levels of the whole frames in `bytes`.
    pub fn frames(self, bytes: &[u8]) -> impl Iterator<Item = [f32; 2]> {
        let size = self.sample.bytes();
        bytes.chunks_exact(self.frame_bytes()).map(move |frame| {
            let left = self.sample.level(&frame[..size]);
            [left, if self.stereo { self.sample.level(&frame[size..]) } else { left }]
        })
    }
}
