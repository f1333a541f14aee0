//! Splits one line into tokens.

/// A word, a number, a string, or punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name: label, mnemonic, register, directive.
    Word(String),
    Number(i64),
    Text(String),
    /// An operator or separator, one or two characters.
    Punct(&'static str),
}

/// Longer ones first, so that `<<` is not two `<`.
const PUNCTUATION: [&str; 28] = [
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "$$", "$", "+", "-", "*", "/", "%", "&", "|", "^", "~",
    "!", "(", ")", "[", "]", ",", ":", "<", ">",
];

/// Splits a line; a comment (`;`) ends it.
///
/// # Errors
/// A sentence about the character or number that cannot be read.
pub(super) fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == ';' {
            break;
        }
        let (token, length) = next_token(rest, first)?;
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn next_token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if first == '\'' || first == '"' {
        let body = &rest[1..];
        let end = body.find(first).ok_or_else(|| format!("This string has no closing {first}"))?;
        return Ok((Token::Text(body[..end].to_owned()), end + 2));
    }
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let value = number(&rest[..end]).ok_or_else(|| bad_number(&rest[..end]))?;
        return Ok((Token::Number(value), end));
    }
    if is_word_start(first) {
        let end = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
        return Ok((Token::Word(rest[..end].to_owned()), end));
    }
    PUNCTUATION
        .iter()
        .find(|p| rest.starts_with(**p))
        .map(|p| (Token::Punct(p), p.len()))
        .ok_or_else(|| format!("The character {first:?} has no meaning here; put it in quotes or remove it"))
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '@' | '?')
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit()
}

fn bad_number(text: &str) -> String {
    format!("{text} is no number; write 255, 0xFF, 0FFh or 1111_1111b")
}

/// Reads 255, 0xFF, 0FFh, 0b11, 11b, with `_` between digits.
fn number(text: &str) -> Option<i64> {
    let text = text.replace('_', "").to_ascii_lowercase();
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_suffix('h')) {
        return radix(hex, 16);
    }
    if let Some(binary) = text.strip_suffix('b').or_else(|| text.strip_prefix("0b")) {
        return radix(binary, 2);
    }
    radix(&text, 10)
}
