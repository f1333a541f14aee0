//! Intel 8255A programmable peripheral interface (data sheet 231308) in mode 0: three ports of eight pins, each an
//! input or an output as the control word says; port C in halves, and bit by bit.
//!
//! Pins are numbered PA0–PA7, PB0–PB7, PC0–PC7 from 0 to 23, the same for input and output. An input that nothing
//! drives reads 0, and a pin that is an input is driven low by nobody.
//!
//! Not modelled: the strobed modes 1 and 2, which no PC uses; choosing one gives mode 0.

use emu_core::board::device::{
    BusAccess, Cx, Device, LineId, NoAnswer, PinId, RegionId, RegisterView, ResetKind,
};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// Bits of the control word ("Mode Definition Format").
mod control {
    pub const MODE_SET: u8 = 0x80;
    pub const A_INPUT: u8 = 0x10;
    pub const C_UPPER_INPUT: u8 = 0x08;
    pub const B_INPUT: u8 = 0x02;
    pub const C_LOWER_INPUT: u8 = 0x01;
    /// What RESET leaves: everything an input.
    pub const RESET: u8 = MODE_SET | A_INPUT | C_UPPER_INPUT | B_INPUT | C_LOWER_INPUT;
}

/// One of the three ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    A,
    B,
    C,
}

/// The chip. See the module's words.
pub struct I8255 {
    control: u8,
    /// Output latches of A, B, C.
    latches: [u8; 3],
    /// What the pins are driven with from outside.
    pins: [u8; 3],
}

impl Default for I8255 {
    fn default() -> Self {
        Self { control: control::RESET, latches: [0; 3], pins: [0; 3] }
    }
}

impl I8255 {
    pub const REGION: RegionId = RegionId(0);

    /// The pin `bit` of `port` as an output.
    pub const fn out(port: Port, bit: u8) -> LineId {
        LineId(port as u8 * 8 + bit)
    }

    /// The pin `bit` of `port` as an input.
    pub const fn pin(port: Port, bit: u8) -> PinId {
        PinId(port as u8 * 8 + bit)
    }

    /// Which pins of A, B, C are outputs.
    fn output_masks(&self) -> [u8; 3] {
        let output = |bit, mask| if self.control & bit == 0 { mask } else { 0 };
        [
            output(control::A_INPUT, 0xFF),
            output(control::B_INPUT, 0xFF),
            output(control::C_UPPER_INPUT, 0xF0) | output(control::C_LOWER_INPUT, 0x0F),
        ]
    }

    fn port(&self, port: usize) -> u8 {
        let outputs = self.output_masks()[port];
        self.latches[port] & outputs | self.pins[port] & !outputs
    }

    /// Drives the pins that changed since `before`.
    fn drive(&self, before: [u8; 3], cx: &mut Cx<'_>) {
        let after = self.driven();
        for port in 0..3 {
            let changed = before[port] ^ after[port];
            for bit in (0..8).filter(|bit| changed >> bit & 1 != 0) {
                cx.set_line(LineId(port as u8 * 8 + bit), after[port] >> bit & 1 != 0);
            }
        }
    }

    fn driven(&self) -> [u8; 3] {
        let masks = self.output_masks();
        [0, 1, 2].map(|port| self.latches[port] & masks[port])
    }

    fn write_control(&mut self, value: u8) {
        if value & control::MODE_SET != 0 {
            self.control = value;
            // "The output registers … will be reset … whenever the mode is changed."
            self.latches = [0; 3];
            return;
        }
        let bit = 1 << (value >> 1 & 7);
        if value & 1 != 0 {
            self.latches[2] |= bit;
        } else {
            self.latches[2] &= !bit;
        }
    }
}

impl Device for I8255 {
    fn read(&mut self, at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        match at.offset & 3 {
            3 => Err(NoAnswer),
            port => Ok(u64::from(self.port(port as usize))),
        }
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let before = self.driven();
        match at.offset & 3 {
            3 => self.write_control(value as u8),
            port => self.latches[port as usize] = value as u8,
        }
        self.drive(before, cx);
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        let port = at.offset & 3;
        (port < 3).then(|| u64::from(self.port(port as usize)))
    }

    fn on_pin(&mut self, pin: PinId, level: bool, _cx: &mut Cx<'_>) {
        if let Some(port) = self.pins.get_mut(usize::from(pin.0 / 8)) {
            let bit = 1 << (pin.0 % 8);
            *port = *port & !bit | if level { bit } else { 0 };
        }
    }

    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        let before = self.driven();
        (self.control, self.latches) = (control::RESET, [0; 3]);
        self.drive(before, cx);
    }

    fn save(&self) -> SavedState {
        let Self { control, latches, pins } = self;
        SavedState::new(1, &(control, latches, pins))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.control, self.latches, self.pins) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let masks = self.output_masks();
        let way = |port: usize| match masks[port] {
            0xFF => "output",
            0 => "input",
            _ => "half output",
        };
        vec![
            RegisterView::new("Port A", self.port(0), 8, way(0)),
            RegisterView::new("Port B", self.port(1), 8, way(1)),
            RegisterView::new("Port C", self.port(2), 8, way(2)),
            RegisterView::new("Control", self.control, 8, "mode 0"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;
    use proptest::prelude::*;

    #[test]
    fn the_pcs_control_word_makes_b_an_output() {
        let mut bench = Bench::new(I8255::default());
        bench.set_pin(I8255::pin(Port::A, 3), true);
        bench.set_pin(I8255::pin(Port::C, 5), true);
        bench.write(3, 0x99);
        bench.write(1, 0x4D);
        assert_eq!([0, 1, 2].map(|port| bench.read(port)), [Some(0x08), Some(0x4D), Some(0x20)]);
        assert_eq!(bench.read(3), None);
        let high: Vec<u8> = (0..24).filter(|&line| bench.line(LineId(line))).collect();
        assert_eq!(high, [8, 10, 11, 14]);
        bench.write(3, 0x99);
        assert!((0..24).all(|line| !bench.line(LineId(line))));
    }

    #[test]
    fn port_c_is_set_bit_by_bit() {
        let mut bench = Bench::new(I8255::default());
        bench.write(3, 0x88);
        for (word, port) in [(0x01, 0x01), (0x07, 0x09), (0x00, 0x08), (0x0F, 0x08)] {
            bench.write(3, word);
            assert_eq!(bench.read(2), Some(port), "{word:#x}");
        }
    }

    proptest! {
        #[test]
        fn lines_follow_the_latches_that_are_outputs(accesses in prop::collection::vec((0u32..4, any::<u8>(), 0u8..24, any::<bool>()), 1..60)) {
            let mut bench = Bench::new(I8255::default());
            for (offset, value, pin, level) in accesses {
                bench.write(offset, value);
                bench.set_pin(PinId(pin), level);
                let driven = bench.device.driven();
                for line in 0..24u8 {
                    prop_assert_eq!(bench.line(LineId(line)), driven[usize::from(line / 8)] >> (line % 8) & 1 != 0);
                }
            }
        }
    }
}
