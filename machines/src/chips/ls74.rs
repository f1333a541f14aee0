//! Half of a 74LS74: a D flip-flop with its D input high. A rising clock sets it, a level on clear resets it.
//! The PC remembers with one that memory wants refreshing, until the DMA controller acknowledges.

use emu_core::board::device::{Cx, Device, LineId, PinId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;
use std::any::Any;

/// The flip-flop. See the module's words.
#[derive(Debug, Default)]
pub struct Ls74 {
    set: bool,
    clock: bool,
    clear: bool,
}

impl Ls74 {
    pub const CLOCK: PinId = PinId(0);
    /// Taken as active high: the wire to it is the inverted one.
    pub const CLEAR: PinId = PinId(1);
    pub const Q: LineId = LineId(0);
}

impl Device for Ls74 {
    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        let before = self.set;
        if pin == Self::CLOCK {
            self.set |= level && !self.clock && !self.clear;
            self.clock = level;
        } else {
            self.clear = level;
            self.set &= !level;
        }
        if self.set != before {
            cx.set_line(Self::Q, self.set);
        }
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            self.set = false;
        }
        cx.set_line(Self::Q, self.set);
    }

    fn save(&self) -> SavedState {
        let Self { set, clock, clear } = self;
        SavedState::new(1, &(set, clock, clear))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.set, self.clock, self.clear) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        vec![RegisterView::new("Q", self.set, 1, "")]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;

    #[test]
    fn an_edge_sets_and_clear_wins() {
        let mut bench = Bench::new(Ls74::default());
        for (pin, level, q) in [
            (Ls74::CLOCK, true, true),
            (Ls74::CLEAR, true, false),
            (Ls74::CLOCK, false, false),
            (Ls74::CLOCK, true, false),
            (Ls74::CLEAR, false, false),
            (Ls74::CLOCK, false, false),
            (Ls74::CLOCK, true, true),
        ] {
            bench.set_pin(pin, level);
            assert_eq!(bench.line(Ls74::Q), q, "{pin:?} {level}");
        }
    }
}
