//! Text as key strokes on a US keyboard: what `--type` and pasting need.
//!
//! [`parse_typed`] reads the command line's notation: `\n` is Enter, `\t` Tab, `\\` a backslash; `{F1}`, `{Ctrl+C}`,
//! `{Esc}` name keys, and `{{` is a brace. Any other backslash is an error. [`type_text`] takes text as it is.

use super::{HostInput, KeyCode};
use serde::{Deserialize, Serialize};

/// A key pressed and let go, with modifier keys held meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stroke {
    pub key: KeyCode,
    pub shift: bool,
    pub control: bool,
    pub alt: bool,
}

impl Stroke {
    /// The key alone.
    pub const fn new(key: KeyCode) -> Self {
        Self { key, shift: false, control: false, alt: false }
    }

    /// What the hands do: modifiers down, the key down and up, modifiers up in reverse order.
    pub fn inputs(self) -> Vec<HostInput> {
        let held = [
            (self.control, KeyCode::ControlLeft),
            (self.alt, KeyCode::AltLeft),
            (self.shift, KeyCode::ShiftLeft),
        ];
        let mut keys: Vec<KeyCode> = held.into_iter().filter(|(held, _)| *held).map(|(_, key)| key).collect();
        keys.push(self.key);
        let input = |pressed| move |&key: &KeyCode| HostInput::Key { key, pressed };
        keys.iter().map(input(true)).chain(keys.iter().rev().map(input(false))).collect()
    }
}

/// Why a text cannot be typed. Positions count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypingError {
    #[error("The backslash at position {position} is followed by neither n, t nor another backslash")]
    Escape { position: usize },
    #[error("The brace at position {position} is not closed; {{{{ types a brace")]
    OpenBrace { position: usize },
    #[error("There is no key named {name:?} (at position {position})")]
    UnknownKey { position: usize, name: String },
    #[error("No key of a US keyboard types {character:?} (at position {position})")]
    NoKey { position: usize, character: char },
}

/// The strokes for a text in the notation above. A line end or tab in the text itself is Enter or Tab too.
///
/// # Errors
/// The first thing that is no such notation, with its position.
pub fn parse_typed(text: &str) -> Result<Vec<Stroke>, TypingError> {
    let characters: Vec<char> = text.chars().collect();
    let mut strokes = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let position = at + 1;
        let next = characters.get(at + 1);
        let (stroke, length) = match (character, next) {
            ('\\', next) => (escaped(next, position)?, 2),
            ('{', Some('{')) => (typed('{', position)?, 2),
            ('{', _) => named(&characters[at + 1..], position)?,
            _ => (typed(character, position)?, 1),
        };
        strokes.push(stroke);
        at += length;
    }
    Ok(strokes)
}

/// The strokes for a text in which no character has a special meaning.
///
/// # Errors
/// [`TypingError::NoKey`] for the first character that a US keyboard lacks.
pub fn type_text(text: &str) -> Result<Vec<Stroke>, TypingError> {
    // A line end of two characters is one Enter.
    let text = text.replace("\r\n", "\n");
    text.chars().enumerate().map(|(at, character)| typed(character, at + 1)).collect()
}

fn escaped(next: Option<&char>, position: usize) -> Result<Stroke, TypingError> {
    match next {
        Some('n') => Ok(Stroke::new(KeyCode::Enter)),
        Some('t') => Ok(Stroke::new(KeyCode::Tab)),
        Some('\\') => Ok(Stroke::new(KeyCode::Backslash)),
        _ => Err(TypingError::Escape { position }),
    }
}

fn typed(character: char, position: usize) -> Result<Stroke, TypingError> {
    stroke_for(character).ok_or(TypingError::NoKey { position, character })
}

/// The stroke named between braces, and the length of the whole; `rest` begins after the opening brace.
fn named(rest: &[char], position: usize) -> Result<(Stroke, usize), TypingError> {
    // A brace may itself be the key: {Ctrl+}}.
    let close = rest.iter().position(|&c| c == '}').ok_or(TypingError::OpenBrace { position })?;
    let closes_later = rest.get(close + 1) == Some(&'}') && close > 0 && rest[close - 1] == '+';
    let close = if closes_later { close + 1 } else { close };
    let name: String = rest[..close].iter().collect();
    match chord(&name) {
        Some(stroke) => Ok((stroke, close + 2)),
        None => Err(TypingError::UnknownKey { position, name }),
    }
}

/// The stroke for a name like `Ctrl+Alt+Del`, in capitals or not.
fn chord(name: &str) -> Option<Stroke> {
    // The key follows the last plus sign, unless it is one.
    let plus = name.char_indices().rev().skip(1).find(|(_, c)| *c == '+').map(|(at, _)| at);
    let (modifiers, key) = plus.map_or(("", name), |at| (&name[..at], &name[at + 1..]));
    let mut stroke = named_key(key)?;
    for modifier in modifiers.split('+').filter(|_| plus.is_some()) {
        match modifier.to_ascii_lowercase().as_str() {
            "ctrl" | "control" => stroke.control = true,
            "alt" => stroke.alt = true,
            "shift" => stroke.shift = true,
            _ => return None,
        }
    }
    Some(stroke)
}

/// A key by its name on the cap, its [`KeyCode::name`], or the one character that it types. A capital is just its
/// key: Ctrl+C holds no shift.
fn named_key(name: &str) -> Option<Stroke> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return stroke_for(character.to_ascii_lowercase());
    }
    let lower = name.to_ascii_lowercase();
    let by_cap = CAPS.iter().find(|(cap, _)| *cap == lower).map(|(_, key)| *key);
    let by_name = || KeyCode::ALL.iter().copied().find(|key| key.name().eq_ignore_ascii_case(name));
    by_cap.or_else(by_name).map(Stroke::new)
}

/// What stands on key caps, where it differs from the key's name.
const CAPS: [(&str, KeyCode); 22] = [
    ("esc", KeyCode::Escape),
    ("return", KeyCode::Enter),
    ("bksp", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("up", KeyCode::ArrowUp),
    ("down", KeyCode::ArrowDown),
    ("left", KeyCode::ArrowLeft),
    ("right", KeyCode::ArrowRight),
    ("prtsc", KeyCode::PrintScreen),
    ("print", KeyCode::PrintScreen),
    ("break", KeyCode::Pause),
    ("caps", KeyCode::CapsLock),
    ("num", KeyCode::NumLock),
    ("scroll", KeyCode::ScrollLock),
    ("ctrl", KeyCode::ControlLeft),
    ("control", KeyCode::ControlLeft),
    ("alt", KeyCode::AltLeft),
    ("shift", KeyCode::ShiftLeft),
    ("menu", KeyCode::ContextMenu),
];

/// The keys of a US keyboard that type characters, as they are and with shift.
const US_KEYS: [(KeyCode, char, char); 22] = [
    (KeyCode::Digit1, '1', '!'),
    (KeyCode::Digit2, '2', '@'),
    (KeyCode::Digit3, '3', '#'),
    (KeyCode::Digit4, '4', '$'),
    (KeyCode::Digit5, '5', '%'),
    (KeyCode::Digit6, '6', '^'),
    (KeyCode::Digit7, '7', '&'),
    (KeyCode::Digit8, '8', '*'),
    (KeyCode::Digit9, '9', '('),
    (KeyCode::Digit0, '0', ')'),
    (KeyCode::Minus, '-', '_'),
    (KeyCode::Equal, '=', '+'),
    (KeyCode::BracketLeft, '[', '{'),
    (KeyCode::BracketRight, ']', '}'),
    (KeyCode::Backslash, '\\', '|'),
    (KeyCode::Semicolon, ';', ':'),
    (KeyCode::Quote, '\'', '"'),
    (KeyCode::Backquote, '`', '~'),
    (KeyCode::Comma, ',', '<'),
    (KeyCode::Period, '.', '>'),
    (KeyCode::Slash, '/', '?'),
    (KeyCode::Space, ' ', ' '),
];

/// The stroke that types a character on a US keyboard.
fn stroke_for(character: char) -> Option<Stroke> {
    let shifted = |key, shift| Stroke { shift, ..Stroke::new(key) };
    match character {
        '\n' | '\r' => return Some(Stroke::new(KeyCode::Enter)),
        '\t' => return Some(Stroke::new(KeyCode::Tab)),
        'a'..='z' | 'A'..='Z' => {
            let letter = character.to_ascii_lowercase() as u8 - b'a';
            let key = KeyCode::from_hid_usage(KeyCode::KeyA.hid_usage() + letter)?;
            return Some(shifted(key, character.is_ascii_uppercase()));
        }
        _ => {}
    }
    let plain =
        US_KEYS.iter().find(|(_, plain, _)| *plain == character).map(|(key, ..)| shifted(*key, false));
    plain.or_else(|| {
        US_KEYS.iter().find(|(.., upper)| *upper == character).map(|(key, ..)| shifted(*key, true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// Strokes as `C-A-S-Key`.
    fn spelled(strokes: &[Stroke]) -> Vec<String> {
        let spell = |stroke: &Stroke| {
            let held = [(stroke.control, "C-"), (stroke.alt, "A-"), (stroke.shift, "S-")];
            let held: String = held.iter().filter(|(held, _)| *held).map(|(_, name)| *name).collect();
            held + stroke.key.name()
        };
        strokes.iter().map(spell).collect()
    }

    #[test]
    fn the_notation_of_the_command_line() {
        for (text, want) in [
            (r"Hi\n", vec!["S-KeyH", "KeyI", "Enter"]),
            (r"a:\\\t", vec!["KeyA", "S-Semicolon", "Backslash", "Tab"]),
            ("{F1}{Esc}{Ctrl+C}", vec!["F1", "Escape", "C-KeyC"]),
            ("{{x}", vec!["S-BracketLeft", "KeyX", "S-BracketRight"]),
            ("{{{F2}", vec!["S-BracketLeft", "F2"]),
            ("{Ctrl+Alt+Del}", vec!["C-A-Delete"]),
            ("{ctrl++}{+}{Shift+up}", vec!["C-S-Equal", "S-Equal", "S-ArrowUp"]),
            ("{Ctrl+}}", vec!["C-S-BracketRight"]),
            ("{numpad7}{KeyQ}{PgDn}{Alt}", vec!["Numpad7", "KeyQ", "PageDown", "AltLeft"]),
            ("\n\t", vec!["Enter", "Tab"]),
            ("", vec![]),
        ] {
            assert_eq!(
                parse_typed(text).map(|strokes| spelled(&strokes)),
                Ok(want.iter().map(|s| s.to_string()).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let unknown = |position, name: &str| TypingError::UnknownKey { position, name: name.into() };
        for (text, want) in [
            (r"dir\r", TypingError::Escape { position: 4 }),
            (r"\", TypingError::Escape { position: 1 }),
            (r"\\\x", TypingError::Escape { position: 3 }),
            ("ab{F1", TypingError::OpenBrace { position: 3 }),
            ("{", TypingError::OpenBrace { position: 1 }),
            ("é{F1}", TypingError::NoKey { position: 1, character: 'é' }),
            ("aß", TypingError::NoKey { position: 2, character: 'ß' }),
            ("x{F99}", unknown(2, "F99")),
            ("{}", unknown(1, "")),
            ("{Hyper+C}", unknown(1, "Hyper+C")),
            ("{Ctrl+}", unknown(1, "Ctrl+")),
            ("{+C}", unknown(1, "+C")),
        ] {
            assert_eq!(parse_typed(text), Err(want), "{text}");
        }
        assert_eq!(
            TypingError::OpenBrace { position: 3 }.to_string(),
            "The brace at position 3 is not closed; {{ types a brace"
        );
    }

    #[test]
    fn plain_text_has_no_special_characters() {
        let strokes = type_text("{\\n}\r\nA").unwrap();
        assert_eq!(
            spelled(&strokes),
            ["S-BracketLeft", "Backslash", "KeyN", "S-BracketRight", "Enter", "S-KeyA"]
        );
    }

    #[test]
    fn each_printable_character_has_a_stroke_of_its_own() {
        let strokes: HashSet<_> = (' '..='~').map(|c| stroke_for(c).unwrap()).collect();
        assert_eq!(strokes.len(), 95);
    }

    #[test]
    fn hands_let_go_in_reverse_order() {
        let stroke = Stroke { control: true, shift: true, ..Stroke::new(KeyCode::KeyC) };
        let names: Vec<_> = stroke
            .inputs()
            .into_iter()
            .map(|input| match input {
                HostInput::Key { key, pressed } => (key.name(), pressed),
                _ => panic!("a key"),
            })
            .collect();
        let order = ["ControlLeft", "ShiftLeft", "KeyC"];
        assert_eq!(names[..3], order.map(|name| (name, true)));
        assert_eq!(names[3..], [order[2], order[1], order[0]].map(|name| (name, false)));
    }

    proptest! {
        #[test]
        fn any_text_is_typed_or_refused(text in ".*") {
            let _ = parse_typed(&text);
            let _ = type_text(&text);
        }

        #[test]
        fn escaping_makes_any_text_plain(text in "[ -~\n\t]*") {
            let escaped = text.replace('\\', r"\\").replace('{', "{{").replace('\n', r"\n").replace('\t', r"\t");
            prop_assert_eq!(parse_typed(&escaped), type_text(&text));
        }
    }
}
