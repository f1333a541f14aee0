//! The window's keys as positions on a guest's keyboard.
//!
//! egui does not tell the keypad's digits from those above the letters; both are the latter here.

use egui::Key;
use emu_core::hal::input::KeyCode;

/// The position that a physical key has, if the guest's keyboards have it.
pub fn position(key: Key) -> Option<KeyCode> {
    letter(key).or_else(|| printing(key)).or_else(|| control(key))
}

fn letter(key: Key) -> Option<KeyCode> {
    use KeyCode as C;
    const LETTERS: [KeyCode; 26] = [
        C::KeyA,
        C::KeyB,
        C::KeyC,
        C::KeyD,
        C::KeyE,
        C::KeyF,
        C::KeyG,
        C::KeyH,
        C::KeyI,
        C::KeyJ,
        C::KeyK,
        C::KeyL,
        C::KeyM,
        C::KeyN,
        C::KeyO,
        C::KeyP,
        C::KeyQ,
        C::KeyR,
        C::KeyS,
        C::KeyT,
        C::KeyU,
        C::KeyV,
        C::KeyW,
        C::KeyX,
        C::KeyY,
        C::KeyZ,
    ];
    let name = key.name().as_bytes();
    match name {
        [letter @ b'A'..=b'Z'] => Some(LETTERS[usize::from(letter - b'A')]),
        [b'F', digits @ ..] if !digits.is_empty() => KeyCode::from_name(key.name()),
        _ => None,
    }
}

fn printing(key: Key) -> Option<KeyCode> {
    Some(match key {
        Key::Num0 => KeyCode::Digit0,
        Key::Num1 | Key::Exclamationmark => KeyCode::Digit1,
        Key::Num2 => KeyCode::Digit2,
        Key::Num3 => KeyCode::Digit3,
        Key::Num4 => KeyCode::Digit4,
        Key::Num5 => KeyCode::Digit5,
        Key::Num6 => KeyCode::Digit6,
        Key::Num7 => KeyCode::Digit7,
        Key::Num8 => KeyCode::Digit8,
        Key::Num9 => KeyCode::Digit9,
        Key::Minus => KeyCode::Minus,
        Key::Equals | Key::Plus => KeyCode::Equal,
        Key::OpenBracket | Key::OpenCurlyBracket => KeyCode::BracketLeft,
        Key::CloseBracket | Key::CloseCurlyBracket => KeyCode::BracketRight,
        Key::Backslash | Key::Pipe => KeyCode::Backslash,
        Key::IntlBackslash => KeyCode::IntlBackslash,
        Key::Semicolon | Key::Colon => KeyCode::Semicolon,
        Key::Quote => KeyCode::Quote,
        Key::Backtick => KeyCode::Backquote,
        Key::Comma => KeyCode::Comma,
        Key::Period => KeyCode::Period,
        Key::Slash | Key::Questionmark => KeyCode::Slash,
        Key::Space => KeyCode::Space,
        _ => return None,
    })
}

fn control(key: Key) -> Option<KeyCode> {
    Some(match key {
        Key::Enter => KeyCode::Enter,
        Key::Escape => KeyCode::Escape,
        Key::Backspace => KeyCode::Backspace,
        Key::Tab => KeyCode::Tab,
        Key::CapsLock => KeyCode::CapsLock,
        Key::NumLock => KeyCode::NumLock,
        Key::ScrollLock => KeyCode::ScrollLock,
        Key::PrintScreen => KeyCode::PrintScreen,
        Key::Pause => KeyCode::Pause,
        Key::Insert => KeyCode::Insert,
        Key::Delete => KeyCode::Delete,
        Key::Home => KeyCode::Home,
        Key::End => KeyCode::End,
        Key::PageUp => KeyCode::PageUp,
        Key::PageDown => KeyCode::PageDown,
        Key::ArrowLeft => KeyCode::ArrowLeft,
        Key::ArrowRight => KeyCode::ArrowRight,
        Key::ArrowUp => KeyCode::ArrowUp,
        Key::ArrowDown => KeyCode::ArrowDown,
        Key::ShiftLeft => KeyCode::ShiftLeft,
        Key::ShiftRight => KeyCode::ShiftRight,
        Key::ControlLeft => KeyCode::ControlLeft,
        Key::ControlRight => KeyCode::ControlRight,
        Key::AltLeft => KeyCode::AltLeft,
        Key::AltRight => KeyCode::AltRight,
        Key::SuperLeft => KeyCode::MetaLeft,
        Key::SuperRight => KeyCode::MetaRight,
        Key::Menu => KeyCode::ContextMenu,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_function_keys_have_their_positions() {
        for (key, position_of) in [
            (Key::A, KeyCode::KeyA),
            (Key::Z, KeyCode::KeyZ),
            (Key::Num5, KeyCode::Digit5),
            (Key::F1, KeyCode::F1),
            (Key::F, KeyCode::KeyF),
            (Key::F12, KeyCode::F12),
            (Key::Enter, KeyCode::Enter),
        ] {
            assert_eq!(position(key), Some(position_of), "{key:?}");
        }
        assert_eq!(position(Key::F35), None);
    }
}
