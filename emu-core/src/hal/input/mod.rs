//! Input: what a user's hands do, as plain data that a machine's journal records.
//!
//! Keys are physical positions, never characters: a guest has its own layout. Media and serial bytes are not input
//! in this sense; they are the machine's.

pub mod keys;
pub mod pad;
pub mod typing;

pub use keys::{HeldKeys, KeyCode};
pub use pad::{Axis, FakePads, PadButton, PadSource, PadState};
pub use typing::{Stroke, TypingError, parse_typed, type_text};

use serde::{Deserialize, Serialize};

/// One thing that a user did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HostInput {
    /// A key went down or up. A host's own repetition of held keys is not passed on; keyboards do that themselves.
    Key {
        key: KeyCode,
        pressed: bool,
    },
    /// A captured pointer moved by so many counts, to the right and down.
    PointerMoved {
        dx: i16,
        dy: i16,
    },
    /// A free pointer is at this place of the picture: 0 is its left or top edge, 65535 its right or bottom one.
    PointerAt {
        x: u16,
        y: u16,
    },
    PointerButton {
        button: PointerButton,
        pressed: bool,
    },
    /// The wheel turned by so many notches, to the right and away from the user.
    Wheel {
        right: i8,
        up: i8,
    },
    /// All of a gamepad's axes and buttons.
    Pad {
        pad: u8,
        state: PadState,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PointerButton {
    Left,
    Right,
    Middle,
    Back,
    Forward,
}
