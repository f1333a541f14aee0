//! Keys by their physical position, named as in the W3C's "UI Events KeyboardEvent code Values" and numbered as in the
//! "USB HID Usage Tables", page 7 (Keyboard/Keypad).

use super::HostInput;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

macro_rules! keys {
    ($($name:ident = $usage:literal),* $(,)?) => {
        /// A key of a keyboard by its position; the name is what a US keyboard has there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum KeyCode {
            $($name = $usage),*
        }

        impl KeyCode {
            /// All keys.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The W3C's name: `KeyA`, `Digit1`, `Numpad7`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

keys! {
    KeyA = 0x04, KeyB = 0x05, KeyC = 0x06, KeyD = 0x07, KeyE = 0x08, KeyF = 0x09, KeyG = 0x0A, KeyH = 0x0B,
    KeyI = 0x0C, KeyJ = 0x0D, KeyK = 0x0E, KeyL = 0x0F, KeyM = 0x10, KeyN = 0x11, KeyO = 0x12, KeyP = 0x13,
    KeyQ = 0x14, KeyR = 0x15, KeyS = 0x16, KeyT = 0x17, KeyU = 0x18, KeyV = 0x19, KeyW = 0x1A, KeyX = 0x1B,
    KeyY = 0x1C, KeyZ = 0x1D,
    Digit1 = 0x1E, Digit2 = 0x1F, Digit3 = 0x20, Digit4 = 0x21, Digit5 = 0x22,
    Digit6 = 0x23, Digit7 = 0x24, Digit8 = 0x25, Digit9 = 0x26, Digit0 = 0x27,
    Enter = 0x28, Escape = 0x29, Backspace = 0x2A, Tab = 0x2B, Space = 0x2C,
    Minus = 0x2D, Equal = 0x2E, BracketLeft = 0x2F, BracketRight = 0x30, Backslash = 0x31,
    Semicolon = 0x33, Quote = 0x34, Backquote = 0x35, Comma = 0x36, Period = 0x37, Slash = 0x38,
    CapsLock = 0x39,
    F1 = 0x3A, F2 = 0x3B, F3 = 0x3C, F4 = 0x3D, F5 = 0x3E, F6 = 0x3F,
    F7 = 0x40, F8 = 0x41, F9 = 0x42, F10 = 0x43, F11 = 0x44, F12 = 0x45,
    PrintScreen = 0x46, ScrollLock = 0x47, Pause = 0x48,
    Insert = 0x49, Home = 0x4A, PageUp = 0x4B, Delete = 0x4C, End = 0x4D, PageDown = 0x4E,
    ArrowRight = 0x4F, ArrowLeft = 0x50, ArrowDown = 0x51, ArrowUp = 0x52,
    NumLock = 0x53, NumpadDivide = 0x54, NumpadMultiply = 0x55, NumpadSubtract = 0x56, NumpadAdd = 0x57,
    NumpadEnter = 0x58,
    Numpad1 = 0x59, Numpad2 = 0x5A, Numpad3 = 0x5B, Numpad4 = 0x5C, Numpad5 = 0x5D,
    Numpad6 = 0x5E, Numpad7 = 0x5F, Numpad8 = 0x60, Numpad9 = 0x61, Numpad0 = 0x62, NumpadDecimal = 0x63,
    IntlBackslash = 0x64, ContextMenu = 0x65, Power = 0x66, NumpadEqual = 0x67,
    F13 = 0x68, F14 = 0x69, F15 = 0x6A, F16 = 0x6B, F17 = 0x6C, F18 = 0x6D,
    F19 = 0x6E, F20 = 0x6F, F21 = 0x70, F22 = 0x71, F23 = 0x72, F24 = 0x73,
    Help = 0x75, NumpadComma = 0x85,
    IntlRo = 0x87, KanaMode = 0x88, IntlYen = 0x89, Convert = 0x8A, NonConvert = 0x8B, Lang1 = 0x90, Lang2 = 0x91,
    ControlLeft = 0xE0, ShiftLeft = 0xE1, AltLeft = 0xE2, MetaLeft = 0xE3,
    ControlRight = 0xE4, ShiftRight = 0xE5, AltRight = 0xE6, MetaRight = 0xE7,
}

impl KeyCode {
    /// The usage number on HID page 7.
    pub const fn hid_usage(self) -> u8 {
        self as u8
    }

    /// The key with this usage number.
    pub fn from_hid_usage(usage: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.hid_usage() == usage)
    }

    /// The key with this W3C name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }
}

/// Which keys are down, so that a key a host repeats goes down once, and none stays down when the window loses the
/// focus.
#[derive(Clone, Debug, Default)]
pub struct HeldKeys(BTreeSet<KeyCode>);

impl HeldKeys {
    /// Takes a key event from the host; gives what the machine is to see of it.
    pub fn change(&mut self, key: KeyCode, pressed: bool) -> Option<HostInput> {
        let changed = if pressed { self.0.insert(key) } else { self.0.remove(&key) };
        changed.then_some(HostInput::Key { key, pressed })
    }

    /// Lets go of everything.
    pub fn release_all(&mut self) -> Vec<HostInput> {
        std::mem::take(&mut self.0).into_iter().map(|key| HostInput::Key { key, pressed: false }).collect()
    }

    pub fn is_held(&self, key: KeyCode) -> bool {
        self.0.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &key in KeyCode::ALL {
            assert_eq!(KeyCode::from_name(key.name()), Some(key));
            assert_eq!(KeyCode::from_hid_usage(key.hid_usage()), Some(key));
        }
        assert_eq!(KeyCode::from_name("IntlBackslash").map(KeyCode::hid_usage), Some(0x64));
        assert_eq!((KeyCode::from_name("Any"), KeyCode::from_hid_usage(0)), (None, None));
    }

    #[test]
    fn a_repeated_key_goes_down_once_and_comes_up() {
        let mut held = HeldKeys::default();
        let key = |key, pressed| Some(HostInput::Key { key, pressed });
        assert_eq!(held.change(KeyCode::KeyA, true), key(KeyCode::KeyA, true));
        assert_eq!(held.change(KeyCode::KeyA, true), None);
        assert_eq!(held.change(KeyCode::KeyA, false), key(KeyCode::KeyA, false));
        assert_eq!(held.change(KeyCode::KeyA, false), None);
        held.change(KeyCode::ShiftLeft, true);
        assert!(held.is_held(KeyCode::ShiftLeft));
        assert_eq!(held.release_all().into_iter().next(), key(KeyCode::ShiftLeft, false));
        assert!(held.release_all().is_empty());
    }
}
