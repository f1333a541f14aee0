//! Sizes of memories, as people write them.

/// Reads a size: a whole number with a K, M or G (powers of 1024). Gives bytes.
///
/// # Errors
/// Says what a size looks like.
pub fn parse(text: &str) -> Result<u64, String> {
    let unit_of = |letter| match letter {
        'k' | 'K' => Some(1_u64 << 10),
        'm' | 'M' => Some(1 << 20),
        'g' | 'G' => Some(1 << 30),
        _ => None,
    };
    let unit = text.chars().next_back().and_then(unit_of).ok_or("a size ends in K, M or G, as in 640K")?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a size is a whole number and a K, M or G, as in 640K".to_owned());
    }
    let number: u64 = digits.parse().map_err(|_| "this size is too large")?;
    match number.checked_mul(unit) {
        Some(0) => Err("a size is above zero".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("this size is too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_numbers_with_a_unit() {
        for (text, bytes) in [
            ("640K", Some(640 << 10)),
            ("16m", Some(16 << 20)),
            ("4G", Some(4 << 30)),
            ("0064K", Some(64 << 10)),
            ("17179869183G", Some(17_179_869_183 << 30)),
            ("17179869184G", None),
            ("99999999999999999999999K", None),
            ("0K", None),
            ("640", None),
            ("K", None),
            ("", None),
            ("1.5M", None),
            ("+1M", None),
            ("-1M", None),
            ("64KB", None),
            ("64 K", None),
            ("6４K", None),
        ] {
            assert_eq!(parse(text).ok(), bytes, "{text:?}");
        }
    }
}
