//! The PC's NMI mask register (IBM PC XT Technical Reference, "System Board I/O Channel": port A0h): bit 7 lets
//! parity errors and the I/O channel check through to the processor's NMI. It can only be written.

use emu_core::board::device::{
    BusAccess, Cx, Device, LineId, NoAnswer, PinId, RegionId, RegisterView, ResetKind,
};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// The register and its gate.
#[derive(Debug, Default)]
pub struct NmiMask {
    enabled: bool,
    check: bool,
}

impl NmiMask {
    pub const REGION: RegionId = RegionId(0);
    /// What wants an NMI.
    pub const CHECK: PinId = PinId(0);
    /// The NMI line.
    pub const NMI: LineId = LineId(0);

    fn drive(&self, cx: &mut Cx<'_>) {
        cx.set_line(Self::NMI, self.enabled && self.check);
    }
}

impl Device for NmiMask {
    fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.enabled = value & 0x80 != 0;
        self.drive(cx);
        Ok(())
    }

    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        if pin == Self::CHECK {
            self.check = level;
            self.drive(cx);
        }
    }

    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        self.enabled = false;
        self.drive(cx);
    }

    fn save(&self) -> SavedState {
        let Self { enabled, check } = self;
        SavedState::new(1, &(enabled, check))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.enabled, self.check) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let meaning = if self.enabled { "NMI enabled" } else { "NMI masked" };
        vec![RegisterView::new("NMI mask", u64::from(self.enabled) << 7, 8, meaning)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::{Bench, LineChange};

    #[test]
    fn only_an_enabled_check_becomes_an_nmi() {
        let mut bench = Bench::new(NmiMask::default());
        let at = BusAccess { region: NmiMask::REGION, offset: 0, width: emu_core::addr::Width::Byte };
        bench.with(|device, cx| device.on_pin(NmiMask::CHECK, true, cx));
        assert!(bench.changes.is_empty());
        bench.with(|device, cx| device.write(at, 0x80, cx)).unwrap();
        let edge = LineChange { line: NmiMask::NMI, level: true, at: Tick(0) };
        assert_eq!(bench.changes, [edge]);
    }
}
