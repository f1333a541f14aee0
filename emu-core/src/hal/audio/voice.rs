//! One voice: what it plays and how far it has come, as a function of guest time.

use super::pcm::{PcmFormat, clean};
use super::player::Player;
use super::step::{FrameTime, StepSynth};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a voice plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VoiceKind {
    /// Levels that change when the device says so: a speaker behind a gate.
    Edges,
    /// A tone of full height.
    Tone(Waveform),
    /// Samples that the device sends as it goes.
    Stream(PcmFormat),
    /// Samples that are there from the beginning, played from [`VoiceEvent::Play`] on. At their end they go on from
    /// the frame `again_from`, or end there.
    Sample { format: PcmFormat, data: Arc<[u8]>, again_from: Option<u32> },
}

/// A tone's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waveform {
    /// Equal halves of +1 and −1.
    Square,
    /// A new ±1 each half wave, from a 17-bit shift register (taps 17 and 14).
    Noise,
}

/// What happens to a voice. An event that its kind does not know changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VoiceEvent {
    /// [`VoiceKind::Edges`]: the level from now on, −1 to 1.
    Level(f32),
    /// [`VoiceKind::Tone`]: the frequency; 0 stops. Above half the output's rate only silence is left of it.
    Frequency { millihertz: u64 },
    /// [`VoiceKind::Stream`]: more bytes, whole frames. What exceeds the queue is dropped and counted.
    Samples(Vec<u8>),
    /// Streams and samples: another rate from the next frame on.
    Rate { hz: u32 },
    /// [`VoiceKind::Sample`]: plays from the beginning.
    Play,
    /// Silence, and nothing left to play.
    Stop,
    /// The voice's volume, 0 to 4, and its place from −1 (left) to 1 (right).
    Gain { gain: f32, pan: f32 },
}

/// How far a voice has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceStatus {
    /// Frames of samples, or half waves of a tone, begun so far.
    pub played: u64,
    /// Frames that wait.
    pub queued: u64,
    /// How often a stream had nothing to play when a frame was due.
    pub underruns: u64,
    /// Frames of a stream that were dropped because its queue was full.
    pub dropped: u64,
}

/// The most frames that wait in a stream's queue.
pub const MAX_QUEUED_FRAMES: usize = 1 << 20;
/// The most events that wait; the mixer plays on before there are more.
pub(super) const MAX_EVENTS: usize = 1 << 14;

/// A voice as the mixer keeps it.
#[derive(Debug)]
pub(super) struct Voice {
    player: Player,
    events: VecDeque<(FrameTime, VoiceEvent)>,
    /// What the player plays, before the gains.
    levels: [f32; 2],
    gains: [f32; 2],
    synth: StepSynth,
    status: VoiceStatus,
}

impl Voice {
    /// A silent voice whose first frame is `frame`.
    pub fn new(kind: VoiceKind, frame: u64) -> Self {
        let mut synth = StepSynth::default();
        synth.skip_to(frame, [0.0; 2]);
        Self {
            player: Player::new(kind),
            events: VecDeque::new(),
            levels: [0.0; 2],
            gains: [1.0; 2],
            synth,
            status: VoiceStatus::default(),
        }
    }

    /// Queues an event, not before the ones that wait. Gives how many wait.
    pub fn queue(&mut self, at: FrameTime, event: VoiceEvent) -> usize {
        let last = self.events.back().map_or(0, |(at, _)| *at);
        self.events.push_back((at.max(last), event));
        self.events.len()
    }

    /// Plays everything before `until`; in silence, if nobody listens.
    pub fn run(&mut self, until: FrameTime, listening: bool) {
        loop {
            let event_at = self.events.front().map_or(FrameTime::MAX, |(at, _)| *at);
            let own_at = self.player.next_step();
            let at = event_at.min(own_at);
            if at >= until {
                return;
            }
            if event_at > own_at {
                self.levels = self.player.step(&mut self.status).unwrap_or(self.levels);
            } else if let Some((_, event)) = self.events.pop_front() {
                self.happen(at, event);
            }
            if listening {
                self.synth.step(at, self.output());
            }
        }
    }

    /// Adds the frames before the last [`Self::run`]'s end to `out`.
    pub fn read_into(&mut self, out: &mut [[f32; 2]]) {
        self.synth.read_into(out);
    }

    /// Leaves out all frames before `frame`.
    pub fn skip_to(&mut self, frame: u64) {
        let output = self.output();
        self.synth.skip_to(frame, output);
    }

    /// Forgets all that waits, and is silent from `frame` on.
    pub fn restart(&mut self, frame: u64) {
        self.events.clear();
        self.player.stop();
        self.levels = [0.0; 2];
        self.synth.skip_to(frame, [0.0; 2]);
    }

    pub fn status(&self) -> VoiceStatus {
        VoiceStatus { queued: self.player.queued(), ..self.status }
    }

    fn output(&self) -> [f32; 2] {
        [self.levels[0] * self.gains[0], self.levels[1] * self.gains[1]]
    }

    fn happen(&mut self, at: FrameTime, event: VoiceEvent) {
        match event {
            VoiceEvent::Gain { gain, pan } => {
                let (gain, pan) = (clean(gain, 4.0).max(0.0), clean(pan, 1.0));
                self.gains = [gain * (1.0 - pan).min(1.0), gain * (1.0 + pan).min(1.0)];
            }
            VoiceEvent::Level(level) if matches!(self.player, Player::Edges) => {
                self.levels = [clean(level, 1.0); 2];
            }
            VoiceEvent::Stop => {
                self.player.stop();
                self.levels = [0.0; 2];
            }
            VoiceEvent::Frequency { millihertz } => {
                if !self.player.set_frequency(at, millihertz) {
                    self.levels = [0.0; 2];
                }
            }
            VoiceEvent::Samples(bytes) => self.player.take_samples(at, &bytes, &mut self.status),
            VoiceEvent::Rate { hz } => self.player.set_rate(at, hz),
            VoiceEvent::Play => self.player.play(at),
            VoiceEvent::Level(_) => {}
        }
    }
}
