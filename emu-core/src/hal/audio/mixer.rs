//! The mixer: all voices of a machine, played in guest time.

use super::sink::{AudioSink, NullSink};
use super::step::{FrameTime, SUBFRAME_BITS};
use super::voice::{MAX_EVENTS, Voice, VoiceEvent, VoiceKind, VoiceStatus};
use super::{AudioOut, OUTPUT_HZ, SourceId, VoiceId};
use crate::time::Tick;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames mixed at once, at most.
const BLOCK: usize = 512;
/// The most voices and sources; more are given ids that do nothing.
const MAX_VOICES: usize = 1024;
const MAX_SOURCES: usize = 64;
/// The pole of the coupling capacitor at the end of every sound card: 10 Hz.
const COUPLING: f32 = 1.0 - 2.0 * std::f32::consts::PI * 10.0 / OUTPUT_HZ as f32;

/// Mixes voices in guest time. See the module's text.
pub struct Mixer {
    tick_hz: u64,
    sink: Box<dyn AudioSink>,
    control: MixerControl,
    voices: Vec<Option<(SourceId, Voice)>>,
    /// Frames mixed so far.
    frame: u64,
    /// Scratch: one source's frames, and the mixture.
    part: Vec<[f32; 2]>,
    mixture: Vec<[f32; 2]>,
    /// The source gains at the end of the last block.
    gains: Vec<f32>,
    coupling: Coupling,
}

/// What a user turns and sees while the mixer plays.
#[derive(Clone)]
pub struct MixerControl(Arc<Mutex<Board>>);

struct Board {
    master: f32,
    sources: Vec<SourceLevel>,
}

/// One source as a user sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceLevel {
    pub name: String,
    /// The user's volume, 1 at first.
    pub gain: f32,
    /// The highest level of each channel since it was last read.
    pub peak: [f32; 2],
}

impl Mixer {
    /// A mixer for a board of `tick_hz` ticks a second (at least 1) that plays to `sink`.
    pub fn new(tick_hz: u64, sink: Box<dyn AudioSink>) -> Self {
        Self {
            tick_hz: tick_hz.max(1),
            sink,
            control: MixerControl(Arc::new(Mutex::new(Board { master: 1.0, sources: Vec::new() }))),
            voices: Vec::new(),
            frame: 0,
            part: Vec::with_capacity(BLOCK),
            mixture: Vec::with_capacity(BLOCK),
            gains: Vec::new(),
            coupling: Coupling::default(),
        }
    }

    /// A mixer that nobody listens to.
    pub fn silent(tick_hz: u64) -> Self {
        Self::new(tick_hz, Box::new(NullSink))
    }

    /// The user's end.
    pub fn control(&self) -> MixerControl {
        self.control.clone()
    }

    /// Plays to another sink from the next frame on.
    pub fn set_sink(&mut self, sink: Box<dyn AudioSink>) {
        self.sink = sink;
    }

    /// Frames played so far.
    pub const fn frames(&self) -> u64 {
        self.frame
    }

    fn frame_time(&self, at: Tick) -> FrameTime {
        let time = ((u128::from(at.0) * u128::from(OUTPUT_HZ)) << SUBFRAME_BITS) / u128::from(self.tick_hz);
        u64::try_from(time).unwrap_or(FrameTime::MAX)
    }

    fn voice(&mut self, id: VoiceId) -> Option<&mut Voice> {
        self.voices.get_mut(usize::from(id.0))?.as_mut().map(|(_, voice)| voice)
    }

    /// Plays the next `count` frames, at most [`BLOCK`].
    fn mix(&mut self, count: usize) {
        let end = self.frame + count as u64;
        for (_, voice) in self.voices.iter_mut().flatten() {
            voice.run(end << SUBFRAME_BITS, true);
        }
        self.sum_sources(count);
        self.coupling.pass(&mut self.mixture);
        self.sink.push(&self.mixture);
        self.frame = end;
    }

    /// Lets the frames before `end` pass in silence: nobody listens.
    fn pass(&mut self, end: u64) {
        for (_, voice) in self.voices.iter_mut().flatten() {
            voice.run(end << SUBFRAME_BITS, false);
            voice.skip_to(end);
        }
        self.frame = end;
    }

    fn sum_sources(&mut self, count: usize) {
        self.mixture.clear();
        self.mixture.resize(count, [0.0; 2]);
        let mut board = self.control.lock();
        let master = board.master;
        self.gains.resize(board.sources.len(), master);
        for (index, (source, last_gain)) in board.sources.iter_mut().zip(&mut self.gains).enumerate() {
            self.part.clear();
            self.part.resize(count, [0.0; 2]);
            let own = self.voices.iter_mut().flatten().filter(|(id, _)| usize::from(id.0) == index);
            own.for_each(|(_, voice)| voice.read_into(&mut self.part));
            let gain = source.gain * master;
            add_with_gain(&self.part, *last_gain, gain, &mut self.mixture, &mut source.peak);
            *last_gain = gain;
        }
    }
}

impl AudioOut for Mixer {
    fn add_source(&mut self, name: &str) -> SourceId {
        let mut board = self.control.lock();
        let known = board.sources.iter().position(|source| source.name == name);
        let index = known.unwrap_or(board.sources.len());
        if known.is_none() && index < MAX_SOURCES {
            board.sources.push(SourceLevel { name: name.to_owned(), gain: 1.0, peak: [0.0; 2] });
        }
        SourceId(index as u16)
    }

    fn open(&mut self, source: SourceId, kind: VoiceKind) -> VoiceId {
        let index = self.voices.iter().position(Option::is_none).unwrap_or(self.voices.len());
        let voice = Some((source, Voice::new(kind, self.frame)));
        match self.voices.get_mut(index) {
            Some(slot) => *slot = voice,
            None if index < MAX_VOICES => self.voices.push(voice),
            None => {}
        }
        VoiceId(index as u16)
    }

    fn close(&mut self, voice: VoiceId) {
        if let Some(slot) = self.voices.get_mut(usize::from(voice.0)) {
            *slot = None;
        }
    }

    fn send(&mut self, voice: VoiceId, at: Tick, event: VoiceEvent) {
        let time = self.frame_time(at).max(self.frame << SUBFRAME_BITS);
        let waiting = self.voice(voice).map_or(0, |voice| voice.queue(time, event));
        if waiting > MAX_EVENTS {
            self.advance_to(at);
            // Events of one frame, or stamped with a time that is yet to come, are not played by advancing.
            let listening = self.sink.is_listening();
            if let Some(voice) = self.voice(voice) {
                voice.run(time, listening);
            }
        }
    }

    fn status(&mut self, voice: VoiceId, at: Tick) -> VoiceStatus {
        self.advance_to(at);
        let until = self.frame_time(at).saturating_add(1);
        let listening = self.sink.is_listening();
        let Some(voice) = self.voice(voice) else { return VoiceStatus::default() };
        voice.run(until, listening);
        voice.status()
    }

    fn advance_to(&mut self, at: Tick) {
        if at == Tick::NEVER {
            return;
        }
        let target = self.frame_time(at) >> SUBFRAME_BITS;
        while self.frame < target {
            if self.sink.is_listening() {
                self.mix((target - self.frame).min(BLOCK as u64) as usize);
            } else {
                self.pass(target);
            }
        }
    }

    fn jump_to(&mut self, at: Tick) {
        let frame = self.frame_time(at) >> SUBFRAME_BITS;
        self.frame = frame;
        self.voices.iter_mut().flatten().for_each(|(_, voice)| voice.restart(frame));
    }
}

/// Adds a source's frames, its gain gliding from one block's to the next, and keeps its peaks.
fn add_with_gain(part: &[[f32; 2]], from: f32, to: f32, mixture: &mut [[f32; 2]], peak: &mut [f32; 2]) {
    let slope = (to - from) / part.len().max(1) as f32;
    for (at, (frame, sum)) in part.iter().zip(mixture).enumerate() {
        let gain = from + slope * at as f32;
        for channel in 0..2 {
            let level = frame[channel] * gain;
            sum[channel] += level;
            peak[channel] = peak[channel].max(level.abs());
        }
    }
}

impl MixerControl {
    /// The sources with their peaks since the last call.
    pub fn levels(&self) -> Vec<SourceLevel> {
        let mut board = self.lock();
        let levels = board.sources.clone();
        board.sources.iter_mut().for_each(|source| source.peak = [0.0; 2]);
        levels
    }

    /// Sets a source's volume, 0 to 4, by its place in [`Self::levels`].
    pub fn set_gain(&self, source: usize, gain: f32) {
        if let Some(source) = self.lock().sources.get_mut(source) {
            source.gain = super::pcm::clean(gain, 4.0).max(0.0);
        }
    }

    /// Sets the volume of everything, 0 to 4.
    pub fn set_master(&self, gain: f32) {
        self.lock().master = super::pcm::clean(gain, 4.0).max(0.0);
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A high-pass of first order.
#[derive(Debug, Default)]
struct Coupling {
    last_in: [f32; 2],
    last_out: [f32; 2],
}

impl Coupling {
    fn pass(&mut self, frames: &mut [[f32; 2]]) {
        for (frame, channel) in frames.iter_mut().flat_map(|frame| frame.iter_mut().zip(0..2)) {
            let out = COUPLING * (self.last_out[channel] + *frame - self.last_in[channel]);
            self.last_in[channel] = *frame;
            // Ever smaller numbers would cost some processors dearly and are heard by nobody.
            self.last_out[channel] = if out.abs() < 1e-9 { 0.0 } else { out };
            *frame = self.last_out[channel];
        }
    }
}
