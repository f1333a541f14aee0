//! The debug console: a port (E9h by custom, after Bochs' "port E9 hack") whose bytes go to the outside.
//! A read gives E9h, by which a guest knows that it is there.

use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// What a read gives.
const SIGNATURE: u64 = 0xE9;

/// The console. See the module's words.
#[derive(Debug, Default)]
pub struct DebugConsole;

impl DebugConsole {
    pub const REGION: RegionId = RegionId(0);
}

impl Device for DebugConsole {
    fn read(&mut self, _at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(SIGNATURE)
    }

    fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        cx.emit(value as u8);
        Ok(())
    }

    fn peek(&self, _at: BusAccess, _now: Tick) -> Option<u64> {
        Some(SIGNATURE)
    }

    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {}

    fn save(&self) -> SavedState {
        let Self = self;
        SavedState::new(1, &())
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        saved.read(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::addr::Width;
    use emu_core::board::testing::Bench;

    #[test]
    fn bytes_go_out_and_the_signature_comes_back() {
        let mut bench = Bench::new(DebugConsole);
        let at = BusAccess { region: DebugConsole::REGION, offset: 0, width: Width::Byte };
        for byte in *b"hi" {
            bench.with(|device, cx| device.write(at, u64::from(byte), cx)).unwrap();
        }
        assert_eq!(bench.emitted, b"hi");
        assert_eq!(bench.with(|device, cx| device.read(at, cx)), Ok(0xE9));
    }
}
