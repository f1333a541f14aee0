//! The host's gamepads. A computer without any is a normal thing.

use emu_core::hal::input::{Axis, PadButton, PadSource, PadState};
use gilrs::{Button, Gamepad, Gilrs};

/// Buttons by their place.
const BUTTONS: [(Button, PadButton); 16] = [
    (Button::South, PadButton::South),
    (Button::East, PadButton::East),
    (Button::West, PadButton::West),
    (Button::North, PadButton::North),
    (Button::LeftTrigger, PadButton::LeftShoulder),
    (Button::RightTrigger, PadButton::RightShoulder),
    (Button::LeftTrigger2, PadButton::LeftTrigger),
    (Button::RightTrigger2, PadButton::RightTrigger),
    (Button::Select, PadButton::Select),
    (Button::Start, PadButton::Start),
    (Button::LeftThumb, PadButton::LeftStick),
    (Button::RightThumb, PadButton::RightStick),
    (Button::DPadUp, PadButton::Up),
    (Button::DPadDown, PadButton::Down),
    (Button::DPadLeft, PadButton::Left),
    (Button::DPadRight, PadButton::Right),
];

/// The host's pads.
pub struct HostPads {
    gilrs: Gilrs,
    last: Vec<(u8, PadState)>,
}

impl HostPads {
    /// Looks for pads. None where the system has no way to.
    pub fn open() -> Option<Self> {
        match Gilrs::new() {
            Ok(gilrs) => Some(Self { gilrs, last: Vec::new() }),
            Err(error) => {
                tracing::debug!(%error, "no gamepads");
                None
            }
        }
    }
}

impl PadSource for HostPads {
    fn pads(&mut self) -> Vec<(u8, String)> {
        (0..).zip(self.gilrs.gamepads()).map(|(number, (_, pad))| (number, pad.name().to_owned())).collect()
    }

    fn poll(&mut self) -> Vec<(u8, PadState)> {
        while self.gilrs.next_event().is_some() {}
        let now: Vec<(u8, PadState)> =
            (0..).zip(self.gilrs.gamepads()).map(|(number, (_, pad))| (number, state(&pad))).collect();
        let gone = self.last.iter().skip(now.len()).map(|(number, _)| (*number, PadState::default()));
        let changed = now.iter().filter(|pad| !self.last.contains(pad)).copied();
        let changes = changed.chain(gone).collect();
        self.last = now;
        changes
    }
}

fn state(pad: &Gamepad<'_>) -> PadState {
    let axis = |axis| pad.value(axis);
    // The library's axes point up, ours down.
    let axes = [
        axis(gilrs::Axis::LeftStickX),
        -axis(gilrs::Axis::LeftStickY),
        axis(gilrs::Axis::RightStickX),
        -axis(gilrs::Axis::RightStickY),
    ];
    let mut state = PadState { axes: axes.map(Axis::new), buttons: 0 };
    for (button, place) in BUTTONS {
        state.set(place, pad.is_pressed(button));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_without_pads_is_no_failure() {
        if let Some(mut pads) = HostPads::open() {
            let count = pads.pads().len();
            assert_eq!(pads.poll().len(), count);
            assert!(pads.poll().len() <= count);
        }
    }
}
