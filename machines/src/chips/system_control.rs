//! System control port A, at port 92h (IBM PS/2 Hardware Interface Technical Reference, "System Control Port A"): the
//! gate of address line 20 and a reset of the processor, without the keyboard controller's help.
//!
//! Bits 3 (security lock), 6 and 7 (the disk's light) are kept and do nothing.

use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

const RESET: u8 = 0x01;
const GATE_A20: u8 = 0x02;
/// The bits that are there.
const IMPLEMENTED: u8 = 0xC8 | RESET | GATE_A20;

/// The port. See the module's words.
#[derive(Debug, Default)]
pub struct SystemControlPort {
    value: u8,
}

impl SystemControlPort {
    pub const REGION: RegionId = RegionId(0);
    /// To the processor's RESET: pulsed when bit 0 goes from 0 to 1.
    pub const PROCESSOR_RESET: LineId = LineId(0);
    /// To the processor's A20M#: asserted while bit 1 is 0.
    pub const MASK_A20: LineId = LineId(1);

    fn set(&mut self, value: u8, cx: &mut Cx<'_>) {
        let resets = value & !self.value & RESET != 0;
        self.value = value & IMPLEMENTED;
        cx.set_line(Self::MASK_A20, self.value & GATE_A20 == 0);
        if resets {
            cx.set_line(Self::PROCESSOR_RESET, true);
            cx.set_line(Self::PROCESSOR_RESET, false);
        }
    }
}

impl Device for SystemControlPort {
    fn read(&mut self, _at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(self.value.into())
    }

    fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.set(value as u8, cx);
        Ok(())
    }

    fn peek(&self, _at: BusAccess, _now: Tick) -> Option<u64> {
        Some(self.value.into())
    }

    /// A20 is let through after RESET, or the processor would not find the code at the end of its address space.
    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        self.set(GATE_A20, cx);
    }

    fn save(&self) -> SavedState {
        let Self { value } = self;
        SavedState::new(1, value)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.value = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let meaning = if self.value & GATE_A20 != 0 { "A20 on" } else { "A20 low" };
        vec![RegisterView::new("Port 92h", self.value, 8, meaning)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::{Bench, LineChange};

    fn edges(bench: &Bench<SystemControlPort>) -> usize {
        let rises = |change: &&LineChange| change.line == SystemControlPort::PROCESSOR_RESET && change.level;
        bench.changes.iter().filter(rises).count()
    }

    #[test]
    fn bit_1_opens_the_gate_and_a_reset_does_too() {
        let mut bench = Bench::new(SystemControlPort::default());
        for (value, is_masked) in [(0x00, true), (0x02, false), (0x48, true), (0xCA, false)] {
            bench.write(0, value);
            assert_eq!(bench.line(SystemControlPort::MASK_A20), is_masked, "{value:#04x}");
            assert_eq!(bench.read(0), Some(value));
        }
        bench.write(0, 0x34);
        assert_eq!(bench.read(0), Some(0), "the others do not exist");
        bench.reset(ResetKind::Line);
        assert_eq!(bench.read(0), Some(0x02));
        assert_eq!(edges(&bench), 0);
    }

    #[test]
    fn bit_0_resets_once_for_each_time_that_it_rises() {
        let mut bench = Bench::new(SystemControlPort::default());
        for (value, so_far) in [(0x02, 0), (0x03, 1), (0x03, 1), (0x02, 1), (0x01, 2)] {
            bench.write(0, value);
            assert_eq!(edges(&bench), so_far, "{value:#04x}");
        }
        assert!(!bench.line(SystemControlPort::PROCESSOR_RESET));
    }
}
