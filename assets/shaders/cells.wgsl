// Character cells: what `TextStyle::draw_line` draws. The words are of `TextStyle` as the program packs it:
// x: bytes: cell width, repeat, attribute style (0 colour, 1 mono), blink; y: bytes: the flags below, the underline's
// scan line; z: the cursor's column; w: the cursor's lines.

const NINTH_REPEATS: u32 = 1u;
const BLINKING_HIDDEN: u32 = 2u;
const CURSOR_LIT: u32 = 4u;
const UNDERLINES: u32 = 8u;

struct Look {
    foreground: u32,
    background: u32,
    underlined: bool,
    blinking: bool,
}

fn byte_of(word: u32, at: u32) -> u32 {
    return (word >> (8u * at)) & 0xFFu;
}

fn cell_dots(style: vec4<u32>) -> u32 {
    return byte_of(style.x, 0u) * byte_of(style.x, 1u);
}

fn look_of(style: vec4<u32>, bits: u32) -> Look {
    let blink = byte_of(style.x, 3u) != 0u;
    let blinking = blink && (bits & 0x80u) != 0u;
    if byte_of(style.x, 2u) == 0u {
        return Look(bits & 15u, (bits >> 4u) & select(15u, 7u, blink), false, blinking);
    }
    let intensity = select(0u, 2u, (bits & 8u) != 0u);
    let bright = select(0u, 2u, !blink && (bits & 0x80u) != 0u);
    let underlined = (bits & 7u) == 1u;
    switch bits & 0x77u {
        case 0x00u: { return Look(0u, 0u, underlined, blinking); }
        case 0x70u: { return Look(intensity, 1u | bright, underlined, blinking); }
        default: { return Look(1u | intensity, bright, underlined, blinking); }
    }
}

// Which dot of the font a cell's scan line begins with, in bytes from the font's first.
fn font_row(glyph: u32, scan: u32, height: u32) -> u32 {
    return glyph * height + scan % height;
}

// The palette index of a dot of a cell (before the style's repeat), from the font's byte for its scan line.
fn cell_dot(style: vec4<u32>, column: u32, cell: u32, font_byte: u32, scan: u32, dot: u32) -> u32 {
    let glyph = cell & 0xFFFFu;
    let look = look_of(style, cell >> 16u);
    var pattern = font_byte << 8u;
    let at_cursor = (style.y & CURSOR_LIT) != 0u && style.z == column && scan < 32u;
    if at_cursor && ((style.w >> (scan & 31u)) & 1u) != 0u {
        pattern = 0xFFFFu;
    } else if look.blinking && (style.y & BLINKING_HIDDEN) != 0u {
        pattern = 0u;
    } else if look.underlined && (style.y & UNDERLINES) != 0u && byte_of(style.y, 1u) == scan {
        pattern = 0xFFFFu;
    } else if (style.y & NINTH_REPEATS) != 0u && (glyph & 0xE0u) == 0xC0u && (font_byte & 1u) != 0u {
        pattern |= 0x80u;
    }
    return select(look.background, look.foreground, ((pattern >> (15u - dot)) & 1u) != 0u);
}
