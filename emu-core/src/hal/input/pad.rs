//! Gamepads and joysticks: their state as plain data, and where it comes from.

use serde::{Deserialize, Serialize};

/// An axis, −32767 (left, up) to 32767 (right, down).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Axis(i16);

impl Axis {
    /// From −1 to 1; what lies beyond is cut, nonsense is the middle.
    pub fn new(value: f32) -> Self {
        // A cast from a float saturates and makes NaN 0.
        Self((value.clamp(-1.0, 1.0) * 32767.0).round() as i16)
    }

    /// −1 to 1.
    pub fn value(self) -> f32 {
        f32::from(self.0) / 32767.0
    }

    /// −32767 to 32767, for arithmetic that must come out the same everywhere.
    pub const fn raw(self) -> i16 {
        if self.0 == i16::MIN { -i16::MAX } else { self.0 }
    }
}

/// Buttons by their place, as on most pads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum PadButton {
    South,
    East,
    West,
    North,
    LeftShoulder,
    RightShoulder,
    LeftTrigger,
    RightTrigger,
    Select,
    Start,
    LeftStick,
    RightStick,
    Up,
    Down,
    Left,
    Right,
}

/// All of a pad at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PadState {
    /// Left stick right and down, right stick right and down.
    pub axes: [Axis; 4],
    /// Bit n: the [`PadButton`] of number n is pressed.
    pub buttons: u16,
}

impl PadState {
    pub const fn is_pressed(&self, button: PadButton) -> bool {
        self.buttons >> button as u8 & 1 != 0
    }

    pub const fn set(&mut self, button: PadButton, pressed: bool) {
        let bit = 1 << button as u8;
        self.buttons = if pressed { self.buttons | bit } else { self.buttons & !bit };
    }
}

/// Where pads come from.
pub trait PadSource: Send {
    /// The names of the pads that are there, by their numbers.
    fn pads(&mut self) -> Vec<(u8, String)>;

    /// The pads whose state has changed since the last call. One that was unplugged has come to rest.
    fn poll(&mut self) -> Vec<(u8, PadState)>;
}

/// Pads that a test moves. Without any it is the source for a host that has none.
#[derive(Clone, Debug, Default)]
pub struct FakePads {
    pads: Vec<(PadState, bool)>,
}

impl FakePads {
    /// Plugs a pad in, if need be all up to it, and sets its state.
    pub fn set(&mut self, pad: u8, state: PadState) {
        let pad = usize::from(pad);
        if self.pads.len() <= pad {
            self.pads.resize(pad + 1, (PadState::default(), false));
        }
        let changed = self.pads[pad].0 != state;
        self.pads[pad] = (state, changed || self.pads[pad].1);
    }
}

impl PadSource for FakePads {
    fn pads(&mut self) -> Vec<(u8, String)> {
        (0..self.pads.len() as u8).map(|pad| (pad, format!("Test pad {}", pad + 1))).collect()
    }

    fn poll(&mut self) -> Vec<(u8, PadState)> {
        let numbered = (0u8..).zip(&mut self.pads);
        let changed =
            numbered.filter_map(|(pad, (state, changed))| std::mem::take(changed).then_some((pad, *state)));
        changed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pads_report_what_changed_once() {
        let mut pads = FakePads::default();
        assert!(pads.poll().is_empty() && pads.pads().is_empty());
        let mut state = PadState {
            axes: [Axis::new(-1.0), Axis::new(0.5), Axis::default(), Axis::default()],
            buttons: 0,
        };
        state.set(PadButton::Right, true);
        assert!(state.is_pressed(PadButton::Right) && !state.is_pressed(PadButton::South));
        pads.set(1, state);
        assert_eq!(pads.poll(), [(1, state)]);
        pads.set(1, state);
        assert!(pads.poll().is_empty());
        assert_eq!(pads.pads().len(), 2);
    }

    proptest! {
        #[test]
        fn an_axis_keeps_its_value(value in -2.0f32..2.0) {
            let axis = Axis::new(value);
            prop_assert!((axis.value() - value.clamp(-1.0, 1.0)).abs() < 1e-4);
            prop_assert_eq!(Axis::new(-value).raw(), -axis.raw());
        }
    }

    #[test]
    fn nonsense_is_the_middle() {
        assert_eq!(Axis::new(f32::NAN).raw(), 0);
        assert_eq!(Axis::new(f32::INFINITY).raw(), 32767);
    }
}
