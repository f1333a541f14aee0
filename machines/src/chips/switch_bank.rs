//! Eight DIP switches behind a 74LS157, which shows four of them at a time: the XT's SW1, as port C of its 8255 sees
//! it (IBM PC XT Technical Reference, "System Board Switch Settings"). A switch that is off reads 1.

use emu_core::board::device::{Cx, Device, LineId, PinId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// The switches. See the module's words.
#[derive(Debug)]
pub struct SwitchBank {
    /// Bit 0 is switch 1.
    switches: u8,
    upper: bool,
}

impl SwitchBank {
    /// Shows switches 5–8 while high, else 1–4.
    pub const SELECT: PinId = PinId(0);

    /// Switches as they were set by hand.
    pub const fn new(switches: u8) -> Self {
        Self { switches, upper: false }
    }

    /// The output `bit`, 0 to 3.
    pub const fn q(bit: u8) -> LineId {
        LineId(bit)
    }

    fn drive(&self, cx: &mut Cx<'_>) {
        let shown = if self.upper { self.switches >> 4 } else { self.switches & 0x0F };
        for bit in 0..4 {
            cx.set_line(Self::q(bit), shown >> bit & 1 != 0);
        }
    }
}

impl Device for SwitchBank {
    fn on_pin(&mut self, _pin: PinId, level: bool, cx: &mut Cx<'_>) {
        self.upper = level;
        self.drive(cx);
    }

    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        self.drive(cx);
    }

    fn save(&self) -> SavedState {
        // The switches belong to the profile.
        let Self { switches: _, upper } = self;
        SavedState::new(1, upper)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.upper = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        vec![RegisterView::new("SW1", self.switches, 8, "")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;

    #[test]
    fn both_halves_are_shown() {
        let mut bench = Bench::new(SwitchBank::new(0xA6));
        let shown = |bench: &Bench<SwitchBank>| {
            (0..4).fold(0, |sum, bit| sum | u8::from(bench.line(SwitchBank::q(bit))) << bit)
        };
        assert_eq!(shown(&bench), 0x6);
        bench.set_pin(SwitchBank::SELECT, true);
        assert_eq!(shown(&bench), 0xA);
    }
}
