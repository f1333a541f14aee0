//! How an AT hears of the coprocessor's errors (IBM Personal Computer AT Technical Reference, "Coprocessor"): the error
//! pin sets a latch that asks for IRQ13, and a write to port F0h clears it.
//!
//! Not modelled: BUSY, which the latch also holds on an 80287, and IGNNE of the i486.

use emu_core::board::device::{
    BusAccess, Cx, Device, LineId, NoAnswer, PinId, RegionId, RegisterView, ResetKind,
};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// The latch. See the module's words.
#[derive(Debug, Default)]
pub struct CoprocessorError {
    latched: bool,
}

impl CoprocessorError {
    /// Where any write clears the latch.
    pub const CLEAR: RegionId = RegionId(0);
    /// The error pin: a rising edge sets the latch.
    pub const ERROR: PinId = PinId(0);
    /// The interrupt request.
    pub const INTERRUPT: LineId = LineId(0);

    fn latch(&mut self, latched: bool, cx: &mut Cx<'_>) {
        self.latched = latched;
        cx.set_line(Self::INTERRUPT, latched);
    }
}

impl Device for CoprocessorError {
    fn write(&mut self, _at: BusAccess, _value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.latch(false, cx);
        Ok(())
    }

    fn on_pin(&mut self, _pin: PinId, level: bool, cx: &mut Cx<'_>) {
        if level {
            self.latch(true, cx);
        }
    }

    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        self.latch(false, cx);
    }

    fn save(&self) -> SavedState {
        let Self { latched } = self;
        SavedState::new(1, latched)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.latched = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        vec![RegisterView::new("IRQ13", self.latched, 1, "")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;

    #[test]
    fn an_error_is_kept_until_port_f0h_is_written() {
        let mut bench = Bench::new(CoprocessorError::default());
        bench.set_pin(CoprocessorError::ERROR, true);
        bench.set_pin(CoprocessorError::ERROR, false);
        assert!(bench.line(CoprocessorError::INTERRUPT));
        bench.write(0, 0);
        assert!(!bench.line(CoprocessorError::INTERRUPT));
    }
}
