//! Ports by which a guest without power management ends an emulator's run: a write to 501h (QEMU's `isa-debug-exit` at
//! its usual place), or the bytes of "Shutdown" to 8900h (Bochs). No real board has them.

use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};

const WORD: &[u8] = b"Shutdown";

/// The two ports. See the module's words.
#[derive(Debug, Default)]
pub struct PowerSwitch {
    /// How much of the word has come.
    matched: u8,
}

impl PowerSwitch {
    /// Any write switches off.
    pub const AT_ONCE: RegionId = RegionId(0);
    /// The word switches off.
    pub const BY_WORD: RegionId = RegionId(1);
}

impl Device for PowerSwitch {
    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        if at.region == Self::AT_ONCE {
            cx.switch_off();
            return Ok(());
        }
        let matched = usize::from(self.matched);
        // No letter but the first begins the word anew.
        self.matched = match value as u8 {
            byte if WORD.get(matched) == Some(&byte) => self.matched + 1,
            byte => u8::from(byte == WORD[0]),
        };
        if usize::from(self.matched) == WORD.len() {
            self.matched = 0;
            cx.switch_off();
        }
        Ok(())
    }

    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {
        self.matched = 0;
    }

    fn save(&self) -> SavedState {
        let Self { matched } = self;
        SavedState::new(1, matched)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.matched = saved.read(1)?;
        if usize::from(self.matched) < WORD.len() {
            Ok(())
        } else {
            Err(RestoreError::Damaged("the power switch has heard too much".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::addr::Width;
    use emu_core::board::testing::Bench;

    fn hears(region: RegionId, bytes: &[u8]) -> bool {
        let mut bench = Bench::new(PowerSwitch::default());
        let at = BusAccess { region, offset: 0, width: Width::Byte };
        for &byte in bytes {
            bench.with(|device, cx| device.write(at, byte.into(), cx)).unwrap();
        }
        bench.is_switched_off
    }

    #[test]
    fn a_byte_or_the_word_switches_off() {
        assert!(hears(PowerSwitch::AT_ONCE, &[0x31]));
        for (text, is_off) in [
            ("Shutdown", true),
            ("ShutShutdown", true),
            ("shutdown", false),
            ("Shut down", false),
            ("SSShutdown", true),
        ] {
            assert_eq!(hears(PowerSwitch::BY_WORD, text.as_bytes()), is_off, "{text}");
        }
    }
}
