//! Seeking: step pulses at the step rate, for up to four drives at once, and what SENSE INTERRUPT STATUS tells of it.

use super::DriveSide;
use super::status::st0;
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};

/// Step pulses of a RECALIBRATE before it gives up (data sheet, "Recalibrate").
const RECALIBRATE_STEPS: u8 = 77;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Target {
    Cylinder(u8),
    /// Track 0, with this many pulses left.
    Track0(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Motion {
    target: Target,
    due: Tick,
    /// Ticks between step pulses.
    step: u64,
}

/// What the controller knows of one unit's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seek {
    /// The present cylinder number, as the controller counts it.
    pub pcn: u8,
    motion: Option<Motion>,
    /// ST0 of a seek that has ended and was not asked for yet.
    ended: Option<u8>,
}

impl Seek {
    pub fn begin(&mut self, cylinder: u8, now: Tick, step: u64) {
        self.start(Target::Cylinder(cylinder), now, step);
    }

    pub fn begin_recalibrate(&mut self, now: Tick, step: u64) {
        self.start(Target::Track0(RECALIBRATE_STEPS), now, step);
    }

    fn start(&mut self, target: Target, now: Tick, step: u64) {
        self.ended = None;
        self.motion = Some(Motion { target, due: now + 1, step });
    }

    /// When the next step pulse, or the end, is due.
    pub fn due(&self) -> Tick {
        self.motion.map_or(Tick::NEVER, |m| m.due)
    }

    /// The unit's busy bit of the main status register: until its end was asked for.
    pub fn is_busy(&self) -> bool {
        self.motion.is_some() || self.ended.is_some()
    }

    /// Whether the end waits for SENSE INTERRUPT STATUS.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub fn take_end(&mut self) -> Option<u8> {
        self.ended.take()
    }

    /// The pulse that is due. Gives whether the seek has ended with it.
    pub fn advance(&mut self, unit: u8, side: &mut DriveSide<'_>) -> bool {
        let Some(Motion { target, due, step }) = self.motion else { return false };
        let (end, target) = match target {
            Target::Cylinder(wanted) if wanted == self.pcn => (Some(st0::SE), target),
            Target::Cylinder(wanted) => {
                let inwards = wanted > self.pcn;
                self.pcn = if inwards { self.pcn + 1 } else { self.pcn - 1 };
                side.step(inwards);
                (None, target)
            }
            Target::Track0(left) => self.recalibrate_pulse(left, side),
        };
        match end {
            Some(code) => {
                self.motion = None;
                self.ended = Some(code | unit);
                true
            }
            None => {
                self.motion = Some(Motion { target, due: due + step, step });
                false
            }
        }
    }

    fn recalibrate_pulse(&mut self, left: u8, side: &mut DriveSide<'_>) -> (Option<u8>, Target) {
        self.pcn = 0;
        if side.is_at_track_0() {
            return (Some(st0::SE), Target::Track0(left));
        }
        match left.checked_sub(1) {
            None => (Some(st0::ABNORMAL | st0::SE | st0::EC), Target::Track0(0)),
            Some(left) => {
                side.step(false);
                (None, Target::Track0(left))
            }
        }
    }
}
