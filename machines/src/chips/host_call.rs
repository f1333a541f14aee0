//! The door by which firmware calls the host: a port with no effect of its own that ends the processor's run, so that
//! the machine can serve the call between two instructions. It is on a board only when its firmware is host functions.

use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};

/// The door. See the module's words.
#[derive(Debug, Default)]
pub struct HostCall;

impl HostCall {
    pub const REGION: RegionId = RegionId(0);
}

impl Device for HostCall {
    fn write(&mut self, _at: BusAccess, _value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        cx.request_exit();
        Ok(())
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
    use emu_core::board::testing::Bench;

    #[test]
    fn a_write_ends_the_run() {
        let mut bench = Bench::new(HostCall);
        assert_eq!(bench.exits, 0);
        let at = BusAccess { region: HostCall::REGION, offset: 0, width: emu_core::addr::Width::Byte };
        bench.with(|device, cx| device.write(at, 3, cx)).unwrap();
        assert_eq!(bench.exits, 1);
    }
}
