//! The IBM Game Control Adapter (IBM Options and Adapters Technical Reference): an NE558's four one-shots, each timed
//! by a potentiometer of a stick, and four buttons.
//!
//! A write to its port starts all four; a read gives bits 0 to 3 high while they run (stick A right–left and up–down,
//! stick B the same) and bits 4 to 7 low while a button is pressed. Without a stick a one-shot never ends.
//!
//! Stick A is the first gamepad's left stick or directional pad. Stick B is the second gamepad's, or with only one the
//! first one's right stick. Not modelled: a stick that moves while a one-shot runs (the next start sees it).

use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::board::external::External;
use emu_core::hal::input::{HostInput, PadButton, PadState};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;

/// A one-shot's time: 24.2 µs and 0.011 µs for each ohm ("Interface Description").
const BASE_NANOS: u64 = 24_200;
const NANOS_PER_OHM: u64 = 11;
/// The whole way of a stick's potentiometer, from left or up to right or down.
const MAX_OHMS: u64 = 100_000;

/// Both ends of an axis.
const AXIS_END: i16 = 32_767;

/// The card. See the module's words.
#[derive(Clone, Debug)]
pub struct GamePort {
    tick_hz: u64,
    pads: [Option<PadState>; 2],
    /// When each one-shot ends.
    ends: [Tick; 4],
}

impl GamePort {
    pub const REGION: RegionId = RegionId(0);

    /// A card on a board with so many ticks in a second, with nothing plugged in.
    pub fn new(tick_hz: u64) -> Self {
        Self { tick_hz, pads: [None; 2], ends: [Tick(0); 4] }
    }

    /// The axes of sticks A and B, right and down; none without a stick.
    fn axes(&self) -> [Option<i16>; 4] {
        let [right, down] = left_stick(self.pads[0]);
        let [b_right, b_down] = match self.pads {
            [Some(only), None] => [Some(only.axes[2].raw()), Some(only.axes[3].raw())],
            [_, second] => left_stick(second),
        };
        [right, down, b_right, b_down]
    }

    /// The four buttons, by bit.
    fn buttons(&self) -> u8 {
        use PadButton::{East, North, South, West};
        let [first, second] = self.pads.map(Option::unwrap_or_default);
        let of_b = match self.pads[1] {
            None => [first.is_pressed(West), first.is_pressed(North)],
            Some(_) => [second.is_pressed(South), second.is_pressed(East)],
        };
        let pressed = [first.is_pressed(South), first.is_pressed(East), of_b[0], of_b[1]];
        (0..4).fold(0, |bits, at| bits | u8::from(pressed[at]) << at)
    }

    /// When a one-shot ends that starts now.
    fn end_of_shot(&self, axis: Option<i16>, now: Tick) -> Tick {
        let Some(axis) = axis else { return Tick::NEVER };
        let ohms = way_of(axis) * MAX_OHMS / (2 * u64::from(AXIS_END.unsigned_abs()));
        let nanos = BASE_NANOS + NANOS_PER_OHM * ohms;
        now + (u128::from(nanos) * u128::from(self.tick_hz)).div_ceil(1_000_000_000) as u64
    }

    fn value(&self, now: Tick) -> u8 {
        let running = (0..4).fold(0, |bits, at| bits | u8::from(now < self.ends[at]) << at);
        !self.buttons() << 4 | running
    }
}

/// The way of an axis from its left or upper end.
fn way_of(axis: i16) -> u64 {
    (i32::from(axis) + i32::from(AXIS_END)).max(0) as u64
}

/// A pad's left stick, or its directional pad where that is pressed.
fn left_stick(pad: Option<PadState>) -> [Option<i16>; 2] {
    let Some(pad) = pad else { return [None; 2] };
    let axis = |stick: i16, low, high| match (pad.is_pressed(low), pad.is_pressed(high)) {
        (true, false) => -AXIS_END,
        (false, true) => AXIS_END,
        _ => stick,
    };
    [
        Some(axis(pad.axes[0].raw(), PadButton::Left, PadButton::Right)),
        Some(axis(pad.axes[1].raw(), PadButton::Up, PadButton::Down)),
    ]
}

impl Device for GamePort {
    fn read(&mut self, _at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(self.value(cx.now).into())
    }

    /// Starts the one-shots that have ended; the data does not matter.
    fn write(&mut self, _at: BusAccess, _value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let axes = self.axes();
        for (at, axis) in axes.into_iter().enumerate() {
            if self.ends[at] <= cx.now || self.ends[at] == Tick::NEVER {
                self.ends[at] = self.end_of_shot(axis, cx.now);
            }
        }
        Ok(())
    }

    fn peek(&self, _at: BusAccess, now: Tick) -> Option<u64> {
        Some(self.value(now).into())
    }

    fn on_external(&mut self, input: &External, _cx: &mut Cx<'_>) {
        if let External::Input(HostInput::Pad { pad, state }) = input
            && let Some(place) = self.pads.get_mut(usize::from(*pad))
        {
            *place = Some(*state);
        }
    }

    fn reset(&mut self, kind: ResetKind, _cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            self.ends = [Tick(0); 4];
        }
    }

    fn save(&self) -> SavedState {
        let Self { tick_hz: _, pads, ends } = self;
        SavedState::new(1, &(pads, ends))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.pads, self.ends) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let sticks = match self.pads {
            [None, None] => "no stick",
            [_, None] => "one gamepad",
            _ => "two gamepads",
        };
        vec![RegisterView::new("Port", self.value(now), 8, sticks)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;
    use emu_core::hal::input::Axis;
    use proptest::prelude::*;

    /// A tick is 100 ns.
    const HZ: u64 = 10_000_000;

    fn pad(bench: &mut Bench<GamePort>, pad: u8, axes: [f32; 4], pressed: &[PadButton]) {
        let mut state = PadState { axes: axes.map(Axis::new), buttons: 0 };
        pressed.iter().for_each(|&button| state.set(button, true));
        bench.external(&External::Input(HostInput::Pad { pad, state }));
    }

    /// Starts the one-shots; after how many ticks each is low again.
    fn measure(bench: &mut Bench<GamePort>) -> [Option<u64>; 4] {
        bench.write(0, 0);
        let start = bench.now();
        let mut low = [None; 4];
        for _ in 0..12_000 {
            let value = bench.read(0).unwrap();
            for (at, low) in low.iter_mut().enumerate() {
                if value & (1 << at) == 0 {
                    low.get_or_insert(bench.now().since(start));
                }
            }
            bench.advance(1);
        }
        low
    }

    #[test]
    fn one_shots_last_as_the_potentiometers_say() {
        let mut bench = Bench::new(GamePort::new(HZ));
        pad(&mut bench, 0, [-1.0, 1.0, 0.0, 0.5], &[]);
        assert_eq!(measure(&mut bench), [Some(242), Some(11_242), Some(5742), Some(8492)]);
    }

    #[test]
    fn without_a_stick_a_one_shot_never_ends() {
        let mut bench = Bench::new(GamePort::new(HZ));
        assert_eq!(bench.read(0), Some(0xF0));
        assert_eq!(measure(&mut bench), [None; 4]);
        assert_eq!(bench.read(0), Some(0xFF));
        pad(&mut bench, 1, [0.0; 4], &[]);
        assert_eq!(measure(&mut bench), [None, None, Some(5742), Some(5742)]);
    }

    #[test]
    fn buttons_are_low_while_pressed() {
        use PadButton::{East, North, Right, South, Start, West};
        let mut bench = Bench::new(GamePort::new(HZ));
        for (at, pressed, want) in [
            (0, &[][..], 0xF0),
            (0, &[South], 0xE0),
            (0, &[East, Start, Right], 0xD0),
            (0, &[West, North], 0x30),
            (1, &[South, East], 0x30),
            (1, &[], 0xF0),
        ] {
            pad(&mut bench, at, [0.0; 4], pressed);
            assert_eq!(bench.read(0), Some(want), "{pressed:?}");
        }
    }

    #[test]
    fn the_directional_pad_is_a_stick_at_its_end() {
        use PadButton::{Down, Left, Right, Up};
        let mut bench = Bench::new(GamePort::new(HZ));
        pad(&mut bench, 0, [0.0; 4], &[Left, Down]);
        pad(&mut bench, 1, [0.0; 4], &[Right, Up]);
        assert_eq!(measure(&mut bench), [Some(242), Some(11_242), Some(11_242), Some(242)]);
    }

    proptest! {
        #[test]
        fn a_shot_that_runs_is_not_started_again(wait in 0u64..20_000) {
            let mut bench = Bench::new(GamePort::new(HZ));
            pad(&mut bench, 0, [0.0; 4], &[]);
            bench.write(0, 0);
            bench.advance(wait);
            bench.write(0, 0xFF);
            let mut other = bench.restored_into(GamePort::new(HZ)).unwrap();
            let end = if wait < 5742 { 5742 } else { wait + 5742 };
            for bench in [&mut bench, &mut other] {
                bench.run_until(Tick(end - 1));
                prop_assert_eq!(bench.read(0), Some(0xFF));
                bench.advance(1);
                prop_assert_eq!((bench.peek(0), bench.read(0)), (Some(0xF0), Some(0xF0)));
            }
        }
    }
}
