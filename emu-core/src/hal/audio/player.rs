//! What makes a voice's levels change by themselves: tones, streams and samples in memory.

use super::OUTPUT_HZ;
use super::pcm::PcmFormat;
use super::step::{FrameTime, SUBFRAME_BITS};
use super::voice::{MAX_QUEUED_FRAMES, VoiceKind, VoiceStatus, Waveform};
use std::collections::VecDeque;
use std::sync::Arc;

/// Evenly spaced moments, without rounding errors that add up: the n-th is at `start` + n × `frames` / `per`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    start: FrameTime,
    count: u64,
    frames: u64,
    per: u64,
}

impl Pace {
    const STOPPED: Self = Self { start: FrameTime::MAX, count: 0, frames: 0, per: 1 };

    const fn is_stopped(&self) -> bool {
        self.start == FrameTime::MAX
    }

    const fn next(&self) -> FrameTime {
        if self.is_stopped() {
            return FrameTime::MAX;
        }
        let passed = ((self.count as u128 * self.frames as u128) << SUBFRAME_BITS) / self.per as u128;
        let at = self.start as u128 + passed;
        if at >= FrameTime::MAX as u128 { FrameTime::MAX - 1 } else { at as u64 }
    }

    /// Goes on at another pace from the next moment on, or earlier, if a new period that began now ends earlier.
    fn change(&mut self, now: FrameTime, frames: u64, per: u64) {
        let fresh = Self { start: now, count: 1, frames, per };
        let start = if self.is_stopped() { now } else { self.next().min(fresh.next()) };
        *self = Self { start, count: 0, frames, per };
    }
}

/// A voice's own clockwork.
#[derive(Debug)]
pub(super) enum Player {
    Edges,
    Tone(Tone),
    Stream { format: PcmFormat, pace: Pace, queue: VecDeque<[f32; 2]> },
    Sample(Sample),
}

#[derive(Debug)]
pub(super) struct Tone {
    waveform: Waveform,
    pace: Pace,
    /// The noise's shift register, 17 bits.
    register: u32,
    high: bool,
}

#[derive(Debug)]
pub(super) struct Sample {
    format: PcmFormat,
    data: Arc<[u8]>,
    again_from: Option<u32>,
    pace: Pace,
    next: usize,
}

impl Player {
    pub fn new(kind: VoiceKind) -> Self {
        let pace = Pace::STOPPED;
        match kind {
            VoiceKind::Edges => Self::Edges,
            VoiceKind::Tone(waveform) => Self::Tone(Tone { waveform, pace, register: 1, high: false }),
            VoiceKind::Stream(format) => Self::Stream { format, pace, queue: VecDeque::new() },
            VoiceKind::Sample { format, data, again_from } => {
                Self::Sample(Sample { format, data, again_from, pace, next: 0 })
            }
        }
    }

    /// When [`Self::step`] is due; [`FrameTime::MAX`] if never.
    pub fn next_step(&self) -> FrameTime {
        match self {
            Self::Edges => FrameTime::MAX,
            Self::Stream { pace, .. } => pace.next(),
            Self::Tone(tone) => tone.pace.next(),
            Self::Sample(sample) => sample.pace.next(),
        }
    }

    /// Frames that wait.
    pub fn queued(&self) -> u64 {
        match self {
            Self::Stream { queue, .. } => queue.len() as u64,
            _ => 0,
        }
    }

    /// Begins the next half wave or frame. Gives the levels from then on, unless they stay.
    pub fn step(&mut self, status: &mut VoiceStatus) -> Option<[f32; 2]> {
        match self {
            Self::Edges => None,
            Self::Tone(tone) => Some(tone.step(status)),
            Self::Stream { pace, queue, .. } => step_stream(pace, queue, status),
            Self::Sample(sample) => Some(sample.step(status)),
        }
    }

    /// Ends everything.
    pub fn stop(&mut self) {
        match self {
            Self::Edges => {}
            Self::Tone(tone) => tone.pace = Pace::STOPPED,
            Self::Sample(sample) => sample.pace = Pace::STOPPED,
            Self::Stream { pace, queue, .. } => {
                *pace = Pace::STOPPED;
                queue.clear();
            }
        }
    }

    /// Changes a tone's frequency; gives whether there is anything to hear of it.
    pub fn set_frequency(&mut self, at: FrameTime, millihertz: u64) -> bool {
        let Self::Tone(tone) = self else { return true };
        /// Output frames of a half wave of 1 mHz.
        const HALF_WAVE: u64 = OUTPUT_HZ as u64 * 500;
        let audible = (1..HALF_WAVE).contains(&millihertz);
        if audible {
            tone.pace.change(at, HALF_WAVE, millihertz);
        } else {
            tone.pace = Pace::STOPPED;
        }
        audible
    }

    /// Queues a stream's bytes.
    pub fn take_samples(&mut self, at: FrameTime, bytes: &[u8], status: &mut VoiceStatus) {
        let Self::Stream { format, pace, queue } = self else { return };
        let room = MAX_QUEUED_FRAMES.saturating_sub(queue.len());
        let frames = bytes.len() / format.frame_bytes();
        queue.extend(format.frames(bytes).take(room));
        status.dropped += frames.saturating_sub(room) as u64;
        if pace.is_stopped() && !queue.is_empty() {
            *pace = pcm_pace(at, format);
        }
    }

    /// Changes the rate of a stream or sample.
    pub fn set_rate(&mut self, at: FrameTime, hz: u32) {
        let (Self::Stream { format, pace, .. } | Self::Sample(Sample { format, pace, .. })) = self else {
            return;
        };
        format.rate_hz = hz;
        if !pace.is_stopped() {
            let Pace { frames, per, .. } = pcm_pace(at, format);
            pace.change(at, frames, per);
        }
    }

    /// Plays a sample from its beginning.
    pub fn play(&mut self, at: FrameTime) {
        let Self::Sample(sample) = self else { return };
        sample.next = 0;
        sample.pace = pcm_pace(at, &sample.format);
    }
}

fn pcm_pace(start: FrameTime, format: &PcmFormat) -> Pace {
    let rate = format.rate_hz.clamp(1, PcmFormat::MAX_RATE);
    Pace { start, count: 0, frames: OUTPUT_HZ.into(), per: rate.into() }
}

/// The next frame of a stream. One that has run dry holds its level and begins anew with the next samples.
fn step_stream(
    pace: &mut Pace,
    queue: &mut VecDeque<[f32; 2]>,
    status: &mut VoiceStatus,
) -> Option<[f32; 2]> {
    let frame = queue.pop_front();
    if frame.is_some() {
        pace.count += 1;
        status.played += 1;
    } else {
        *pace = Pace::STOPPED;
        status.underruns += 1;
    }
    frame
}

impl Tone {
    fn step(&mut self, status: &mut VoiceStatus) -> [f32; 2] {
        self.pace.count += 1;
        status.played += 1;
        self.high = match self.waveform {
            Waveform::Square => !self.high,
            Waveform::Noise => {
                let feedback = (self.register ^ self.register >> 3) & 1;
                self.register = self.register >> 1 | feedback << 16;
                self.register & 1 != 0
            }
        };
        [if self.high { 1.0 } else { -1.0 }; 2]
    }
}

impl Sample {
    fn step(&mut self, status: &mut VoiceStatus) -> [f32; 2] {
        let frame = self.frame_at(self.next).or_else(|| {
            self.next = self.again_from? as usize;
            self.frame_at(self.next)
        });
        if frame.is_some() {
            self.next += 1;
            self.pace.count += 1;
            status.played += 1;
        } else {
            self.pace = Pace::STOPPED;
        }
        frame.unwrap_or([0.0; 2])
    }

    fn frame_at(&self, frame: usize) -> Option<[f32; 2]> {
        let size = self.format.frame_bytes();
        let start = frame.checked_mul(size)?;
        self.format.frames(self.data.get(start..start + size)?).next()
    }
}
