//! The PC's speaker: a cone behind a gate that ANDs the timer's output with a bit of the 8255 (IBM PC XT Technical
//! Reference, "Speaker Drive"). Its level steps go out with their ticks, so a tone and pulse-width samples both sound.

use emu_core::board::device::{Cx, Device, PinId, RegisterView, ResetKind};
use emu_core::hal::audio::{VoiceEvent, VoiceId, VoiceKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// How far the cone moves, of full scale: a square wave at half scale is loud.
const SWING: f32 = 0.5;

/// The speaker. See the module's words.
#[derive(Debug, Default)]
pub struct Speaker {
    timer: bool,
    data: bool,
    /// Opened when it first sounds: where the sound goes is no state of the machine's.
    voice: Option<VoiceId>,
}

impl Speaker {
    /// The 8253's OUT2.
    pub const TIMER: PinId = PinId(0);
    /// The 8255's PB1.
    pub const DATA: PinId = PinId(1);

    fn level(&self) -> bool {
        self.timer && self.data
    }

    fn voice(&mut self, cx: &mut Cx<'_>) -> VoiceId {
        *self.voice.get_or_insert_with(|| {
            let source = cx.hal.audio.add_source("PC speaker");
            cx.hal.audio.open(source, VoiceKind::Edges)
        })
    }

    fn sound(&mut self, cx: &mut Cx<'_>) {
        let level = if self.level() { SWING } else { 0.0 };
        let voice = self.voice(cx);
        cx.hal.audio.send(voice, cx.now, VoiceEvent::Level(level));
    }
}

impl Device for Speaker {
    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        let before = self.level();
        match pin {
            Self::TIMER => self.timer = level,
            _ => self.data = level,
        }
        if before != self.level() {
            self.sound(cx);
        }
    }

    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {}

    fn save(&self) -> SavedState {
        let Self { timer, data, voice: _ } = self;
        SavedState::new(1, &(timer, data))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.timer, self.data) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        vec![RegisterView::new("Cone", self.level(), 1, "")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;
    use emu_core::hal::Hal;
    use emu_core::hal::audio::{CaptureSink, Mixer};

    const BOARD_HZ: u64 = 14_318_180;

    #[test]
    fn a_gated_square_has_its_pitch() {
        let mut bench = Bench::new(Speaker::default());
        let (sink, captured) = CaptureSink::new(1 << 20);
        bench.hal = Hal { audio: Box::new(Mixer::new(BOARD_HZ, Box::new(sink))), ..Hal::silent(BOARD_HZ) };
        bench.set_pin(Speaker::DATA, true);
        let half = BOARD_HZ / 2000;
        for edge in 0..2000 {
            bench.run_until(Tick(edge * half));
            bench.set_pin(Speaker::TIMER, edge % 2 == 0);
        }
        bench.hal.audio.advance_to(Tick(BOARD_HZ));
        let samples: Vec<f32> = captured.take().iter().map(|frame| frame[0]).collect();
        let mean = samples.iter().sum::<f32>() / samples.len() as f32;
        let rising = samples.windows(2).filter(|pair| pair[0] < mean && pair[1] >= mean).count();
        assert!((995..=1005).contains(&rising), "{rising} periods");
    }
}
