//! The wires of a board: which inputs an output leads to, and the levels of all.
//!
//! Line changes are most of what a board does (a refresh cycle has ten), so the ties lie flat.

use super::device::{DeviceId, LineId, PinId};
use super::domain::CpuPin;
use std::ops::Range;

/// How many outputs a device may have.
const LINES: usize = 64;

/// What a wire leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sink {
    Pin(DeviceId, PinId),
    Cpu(CpuPin),
}

/// An input with all outputs that drive it, ORed.
#[derive(Debug)]
struct Net {
    sink: Sink,
    /// How many of the outputs are high.
    holders: u16,
}

/// An output tied to an input.
#[derive(Clone, Copy, Debug)]
struct Tie {
    device: DeviceId,
    line: LineId,
    net: u16,
}

/// The outputs of a device.
#[derive(Clone, Debug)]
struct Outputs {
    /// By line: its level.
    levels: u64,
    /// By line: its ties, as a range of [`Wires::ties`].
    ties: [Range<u16>; LINES],
}

/// Wires in the making.
#[derive(Debug, Default)]
pub(super) struct WireList {
    nets: Vec<Net>,
    ties: Vec<Tie>,
}

impl WireList {
    /// Ties an output to an input.
    pub fn connect(&mut self, device: DeviceId, line: LineId, sink: Sink) {
        let net = self.nets.iter().position(|n| n.sink == sink).unwrap_or_else(|| {
            self.nets.push(Net { sink, holders: 0 });
            self.nets.len() - 1
        });
        self.ties.push(Tie { device, line: LineId(line.0 % LINES as u8), net: net as u16 });
    }

    /// The wires of a board with so many devices, all low. The ties of a line keep their order.
    pub fn finish(mut self, devices: usize) -> Wires {
        self.ties.sort_by_key(|tie| (tie.device, tie.line.0));
        let none = Outputs { levels: 0, ties: std::array::from_fn(|_| 0..0) };
        let mut outputs = vec![none; devices];
        for (at, tie) in (0u16..).zip(&self.ties) {
            if let Some(of_device) = outputs.get_mut(usize::from(tie.device.0)) {
                let range = &mut of_device.ties[usize::from(tie.line.0)];
                *range = if range.start == range.end { at..at + 1 } else { range.start..at + 1 };
            }
        }
        Wires { nets: self.nets, ties: self.ties.iter().map(|tie| tie.net).collect(), outputs }
    }
}

/// See the module's words.
#[derive(Debug)]
pub(super) struct Wires {
    nets: Vec<Net>,
    /// The nets that outputs lead to.
    ties: Vec<u16>,
    outputs: Vec<Outputs>,
}

impl Wires {
    /// Sets the level of an output. Gives its ties, each to be [`Self::pull`]ed; none when nothing changes.
    #[inline]
    pub fn set(&mut self, device: DeviceId, line: LineId, level: bool) -> Range<u16> {
        let outputs = &mut self.outputs[usize::from(device.0)];
        let line = usize::from(line.0) % LINES;
        if (outputs.levels >> line & 1 != 0) == level {
            return 0..0;
        }
        outputs.levels ^= 1 << line;
        outputs.ties[line].clone()
    }

    /// Lets a tie's output go to `level`. Gives what it leads to, if the level changes there.
    #[inline]
    pub fn pull(&mut self, tie: u16, level: bool) -> Option<Sink> {
        let net = &mut self.nets[usize::from(self.ties[usize::from(tie)])];
        let before = net.holders > 0;
        net.holders = if level { net.holders + 1 } else { net.holders.saturating_sub(1) };
        (before != (net.holders > 0)).then_some(net.sink)
    }

    /// The level of an output.
    pub fn level(&self, device: DeviceId, line: LineId) -> bool {
        self.levels(device) >> (usize::from(line.0) % LINES) & 1 != 0
    }

    /// The levels of a device's outputs, by bit.
    pub fn levels(&self, device: DeviceId) -> u64 {
        self.outputs[usize::from(device.0)].levels
    }

    /// Sets all levels without telling the receivers. `levels` are by device; what is missing is low.
    pub fn restore(&mut self, levels: &[u64]) {
        self.nets.iter_mut().for_each(|net| net.holders = 0);
        for (at, outputs) in self.outputs.iter_mut().enumerate() {
            outputs.levels = levels.get(at).copied().unwrap_or(0);
            for line in (0..LINES).filter(|line| outputs.levels >> line & 1 != 0) {
                for tie in outputs.ties[line].clone() {
                    self.nets[usize::from(self.ties[usize::from(tie)])].holders += 1;
                }
            }
        }
    }

    /// What is held high.
    pub fn held(&self) -> impl Iterator<Item = Sink> {
        self.nets.iter().filter(|net| net.holders > 0).map(|net| net.sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pin(number: u8) -> Sink {
        Sink::Pin(DeviceId(u16::from(number)), PinId(number))
    }

    /// All that changes when an output moves.
    fn moved(wires: &mut Wires, device: u16, line: u8, level: bool) -> Vec<Sink> {
        let ties = wires.set(DeviceId(device), LineId(line), level);
        ties.filter_map(|tie| wires.pull(tie, level)).collect()
    }

    #[test]
    fn an_output_may_feed_many_and_keeps_their_order() {
        let mut list = WireList::default();
        for (device, line, sink) in [(1, 0, 7), (0, 63, 5), (0, 2, 4), (0, 63, 3), (0, 63, 9)] {
            list.connect(DeviceId(device), LineId(line), pin(sink));
        }
        let mut wires = list.finish(2);
        assert_eq!(moved(&mut wires, 0, 63, true), [pin(5), pin(3), pin(9)]);
        assert_eq!(moved(&mut wires, 0, 63, true), []);
        assert_eq!(moved(&mut wires, 0, 1, true), []);
        assert_eq!(moved(&mut wires, 1, 0, true), [pin(7)]);
        assert!(wires.level(DeviceId(0), LineId(63)) && !wires.level(DeviceId(0), LineId(2)));
    }

    proptest! {
        #[test]
        fn an_input_is_the_or_of_its_outputs(
            ties in prop::collection::vec((0u16..3, 0u8..4, 0u8..3), 0..12),
            moves in prop::collection::vec((0u16..3, 0u8..4, any::<bool>()), 0..40),
        ) {
            let mut ties = ties;
            ties.sort_unstable();
            ties.dedup();
            let build = || {
                let mut list = WireList::default();
                ties.iter().for_each(|&(device, line, sink)| list.connect(DeviceId(device), LineId(line), pin(sink)));
                list.finish(3)
            };
            let mut wires = build();
            let mut inputs = [false; 3];
            for (device, line, level) in moves {
                for sink in moved(&mut wires, device, line, level) {
                    let Sink::Pin(_, PinId(number)) = sink else { unreachable!() };
                    inputs[usize::from(number)] ^= true;
                }
                for (number, &input) in (0u8..).zip(&inputs) {
                    let mut drivers = ties.iter().filter(|tie| tie.2 == number);
                    prop_assert_eq!(input, drivers.any(|tie| wires.level(DeviceId(tie.0), LineId(tie.1))));
                }
            }
            let mut other = build();
            other.restore(&[0, 1, 2].map(|device| wires.levels(DeviceId(device))));
            prop_assert_eq!(format!("{other:?}"), format!("{wires:?}"));
            prop_assert_eq!(other.held().count(), inputs.iter().filter(|&&input| input).count());
        }
    }
}
