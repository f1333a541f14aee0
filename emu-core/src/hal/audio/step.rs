//! Band-limited level steps: what makes a speaker's edges, at any moment between frames, sound without the whistles
//! that plain sampling folds down.
//!
//! A step is drawn whole from its frame on, plus a residue over the next frames that turns it into the step's
//! low-passed shape. The level itself is never summed up, so nothing drifts. The output lags by half the residue
//! (0.5 ms).

use super::kernel::{self, TAPS};
use std::collections::VecDeque;

/// A moment in output frames, in fixed point: [`SUBFRAME_BITS`] bits are the fraction.
pub type FrameTime = u64;
/// Bits of a [`FrameTime`]'s fraction.
pub const SUBFRAME_BITS: u32 = 20;

/// Turns level steps into frames.
#[derive(Clone, Debug, Default)]
pub struct StepSynth {
    /// The next frame to be read.
    frame: u64,
    /// The level at that frame, and the changes after.
    level: [f32; 2],
    changes: VecDeque<(u64, [f32; 2])>,
    newest: [f32; 2],
    /// For the frames from `frame` on; what is not there is 0.
    residue: VecDeque<[f32; 2]>,
}

impl StepSynth {
    /// Sets both channels' level at a moment that is not before an earlier step or a frame already read.
    pub fn step(&mut self, at: FrameTime, level: [f32; 2]) {
        let delta = [level[0] - self.newest[0], level[1] - self.newest[1]];
        if delta == [0.0; 2] {
            return;
        }
        let frame = (at >> SUBFRAME_BITS).max(self.frame);
        let fraction = (at & ((1 << SUBFRAME_BITS) - 1)) as f32 / (1 << SUBFRAME_BITS) as f32;
        self.newest = level;
        self.changes.push_back((frame, level));
        let first = (frame - self.frame) as usize;
        if self.residue.len() < first + TAPS {
            self.residue.resize(first + TAPS, [0.0; 2]);
        }
        let row = kernel::row_at(kernel::step_residue(), fraction);
        for (residue, tap) in self.residue.iter_mut().skip(first).zip(row) {
            residue[0] += delta[0] * tap;
            residue[1] += delta[1] * tap;
        }
    }

    /// Adds the next frames to `out`.
    pub fn read_into(&mut self, out: &mut [[f32; 2]]) {
        for frame in out {
            while let Some((_, level)) = self.changes.pop_front_if(|(at, _)| *at <= self.frame) {
                self.level = level;
            }
            let residue = self.residue.pop_front().unwrap_or([0.0; 2]);
            frame[0] += self.level[0] + residue[0];
            frame[1] += self.level[1] + residue[1];
            self.frame += 1;
        }
    }

    /// Leaves frames out: everything up to `frame` is forgotten, and the level is what it has become.
    pub fn skip_to(&mut self, frame: u64, level: [f32; 2]) {
        self.frame = frame;
        self.level = level;
        self.newest = level;
        self.changes.clear();
        self.residue.clear();
    }
}
