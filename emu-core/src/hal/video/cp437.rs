//! Code page 437, the character set of the IBM PC's character generator, as Unicode.

/// The characters 80h–FFh; FFh is blank.
const HIGH: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";
/// The characters 00h–1Fh as the screen shows them; 00h is blank.
const LOW: &str = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";

/// The character that a glyph shows. Blank glyphs (0, 255) are spaces; glyphs from 256 on count again from 0.
pub fn to_char(glyph: u16) -> char {
    let code = usize::from(glyph & 0xFF);
    let found = match code {
        0..=0x1F => LOW.chars().nth(code),
        0x7F => Some('⌂'),
        0x20..=0x7E => Some(code as u8 as char),
        _ => HIGH.chars().nth(code - 0x80),
    };
    found.unwrap_or(' ')
}

/// The glyph that shows a character, if one does.
pub fn from_char(character: char) -> Option<u8> {
    match character {
        ' '..='~' => Some(character as u8),
        '⌂' => Some(0x7F),
        _ => {
            let low = LOW.chars().position(|c| c == character).map(|at| at as u8);
            low.or_else(|| HIGH.chars().position(|c| c == character).map(|at| at as u8 + 0x80))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_has_a_character_and_back() {
        for code in 0..=255u8 {
            let character = to_char(code.into());
            let blank = code == 0 || code == 255;
            assert_eq!(from_char(character), Some(if blank { 32 } else { code }), "{code:#04x}");
        }
    }

    #[test]
    fn well_known_places() {
        for (glyph, character) in [
            (0x01, '☺'),
            (0x1B, '←'),
            (0x41, 'A'),
            (0x82, 'é'),
            (0xB0, '░'),
            (0xC4, '─'),
            (0xDB, '█'),
            (0xE1, 'ß'),
            (0xFE, '■'),
            (0x141, 'A'),
        ] {
            assert_eq!(to_char(glyph), character, "{glyph:#x}");
        }
    }
}
