// Drawing commands on surfaces: what `hal::video::software` defines, in whole numbers throughout.
//
// A surface is a buffer: 256 colours of its palette, then its rows, each a whole number of words. A word holds as
// many pixels as fit, the first in its low bits; 24-bit pixels take a word each. An invocation owns a word, so that no
// two write the same one.

struct Sheet {
    format: u32,
    width: u32,
    height: u32,
    // Words of a row; 0 for a surface that does not exist.
    pitch: u32,
}

struct Record {
    // What to draw: a constant below.
    operation: u32,
    // The first word and the first row to be visited, and how many of both.
    first_word: u32,
    first_row: u32,
    words: u32,
    rows: u32,
    // Where the command's data begins in `data`.
    data: u32,
    // The pixel value, or what the operation makes of it.
    value: u32,
    flags: u32,
    // Left, top, right, bottom, the latter two beyond the last.
    area: vec4<i32>,
    onto: Sheet,
    source: Sheet,
    depth: Sheet,
    args: array<vec4<i32>, 8>,
}

const FILL: u32 = 0u;
const UPLOAD: u32 = 1u;
const COPY: u32 = 2u;
const TEXT: u32 = 3u;

@group(0) @binding(0) var<uniform> record: Record;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;
@group(0) @binding(3) var<storage, read> source_words: array<u32>;
@group(0) @binding(4) var<storage, read_write> depth_words: array<u32>;

const PALETTE: u32 = 256u;

// Bits that a pixel takes in a word.
fn stored_bits(format: u32) -> u32 {
    switch format {
        case 0u: { return 1u; }
        case 1u: { return 2u; }
        case 2u: { return 4u; }
        case 3u: { return 8u; }
        case RGB555, RGB565, DEPTH16: { return 16u; }
        default: { return 32u; }
    }
}

// Bits that a pixel takes in a row of bytes.
fn packed_bits(format: u32) -> u32 {
    return select(stored_bits(format), 24u, format == RGB888);
}

fn max_value(format: u32) -> u32 {
    return 0xFFFFFFFFu >> (32u - packed_bits(format));
}

fn word_index(sheet: Sheet, x: u32, y: u32) -> u32 {
    return PALETTE + y * sheet.pitch + x * stored_bits(sheet.format) / 32u;
}

fn pixel_of(word: u32, format: u32, x: u32) -> u32 {
    let bits = stored_bits(format);
    return (word >> (x * bits % 32u)) & max_value(format);
}

fn with_pixel(word: u32, format: u32, x: u32, value: u32) -> u32 {
    let shift = x * stored_bits(format) % 32u;
    let mask = max_value(format);
    return (word & ~(mask << shift)) | ((value & mask) << shift);
}

fn source_color(value: u32) -> vec3<u32> {
    if is_indexed(record.source.format) {
        return to_rgb(RGB888, source_words[value & 0xFFu]);
    }
    return to_rgb(record.source.format, value);
}

fn data_byte(at: u32) -> u32 {
    return byte_of(data[record.data + at / 4u], at % 4u);
}

// What an operation puts at a pixel of its area, if anything.
struct Pixel {
    drawn: bool,
    value: u32,
}

// Args: the first kept byte of a row, bytes kept of each row, rows that are whole, pixels of the row after those; then
// the left and top edge of the data, and the first kept row.
fn uploaded(x: u32, y: u32) -> Pixel {
    let format = record.onto.format;
    let args = bitcast<vec4<u32>>(record.args[0]);
    let right = u32(i32(x) - record.args[1].x);
    let down = u32(i32(y) - record.args[1].y);
    if down > args.z || (down == args.z && right >= args.w) {
        return Pixel(false, 0u);
    }
    let bits = packed_bits(format);
    let at = (down - u32(record.args[1].z)) * args.y + right * bits / 8u - args.x;
    if bits < 8u {
        return Pixel(true, data_byte(at) >> (8u - bits - right * bits % 8u));
    }
    var value = 0u;
    for (var byte = 0u; byte < bits / 8u; byte++) {
        value |= data_byte(at + byte) << (8u * byte);
    }
    return Pixel(true, value);
}

// Args, for either axis: the source's first pixel, the rest of the division that led to it, twice the source's size
// and twice the target's size. `value` is the colour key, `flags` says whether there is one (1) and whether colours
// are copied and not values (2).
fn stretched(steps: u32, args: vec4<i32>) -> i32 {
    return args.x + i32((u32(args.y) + steps * u32(args.z)) / u32(args.w));
}

fn copied(x: u32, y: u32) -> Pixel {
    let from_x = stretched(x - u32(record.area.x), record.args[0]);
    let from_y = stretched(y - u32(record.area.y), record.args[1]);
    if from_x >= i32(record.source.width) || from_y >= i32(record.source.height) {
        return Pixel(false, 0u);
    }
    let word = source_words[word_index(record.source, u32(from_x), u32(from_y))];
    let value = pixel_of(word, record.source.format, u32(from_x));
    if (record.flags & 1u) != 0u && value == record.value {
        return Pixel(false, 0u);
    }
    if (record.flags & 2u) != 0u {
        return Pixel(true, from_rgb(record.onto.format, source_color(value)));
    }
    return Pixel(true, value);
}

// Args: the style's words; then left, top, columns, cells; then font height, bytes of the font, cell height; then the
// values of the 16 indices. Data: the cells, one a word, and the font's bytes from word `value` on.
fn text(x: u32, y: u32) -> Pixel {
    let style = bitcast<vec4<u32>>(record.args[0]);
    let grid = record.args[1];
    let font = bitcast<vec4<u32>>(record.args[2]);
    let right = u32(i32(x) - grid.x);
    let down = u32(i32(y) - grid.y);
    let column = right / cell_dots(style);
    let cell = down / font.z * u32(grid.z) + column;
    if column >= u32(grid.z) || cell >= u32(grid.w) {
        return Pixel(false, 0u);
    }
    let word = data[record.data + cell];
    let scan = down % font.z;
    let at = font_row(word & 0xFFFFu, scan, font.x);
    var font_byte = 0u;
    if at < font.y {
        font_byte = byte_of(data[record.value + at / 4u], at % 4u);
    }
    let dot = right % cell_dots(style) / byte_of(style.x, 1u);
    let index = cell_dot(style, cell, word, font_byte, scan, dot);
    return Pixel(true, bitcast<u32>(record.args[4u + index / 4u][index % 4u]));
}

fn drawn_at(x: u32, y: u32) -> Pixel {
    switch record.operation {
        case UPLOAD: { return uploaded(x, y); }
        case COPY: { return copied(x, y); }
        case TEXT: { return text(x, y); }
        default: { return Pixel(true, record.value); }
    }
}

@compute @workgroup_size(8, 8)
fn draw(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= record.words || id.y >= record.rows {
        return;
    }
    let format = record.onto.format;
    let each = 32u / stored_bits(format);
    let y = record.first_row + id.y;
    let first = (record.first_word + id.x) * each;
    let at = word_index(record.onto, first, y);
    var word = target_words[at];
    for (var x = first; x < first + each; x++) {
        if i32(x) >= record.area.x && i32(x) < record.area.z {
            let pixel = drawn_at(x, y);
            if pixel.drawn {
                word = with_pixel(word, format, x, pixel.value);
            }
        }
    }
    target_words[at] = word;
}

// A line, one invocation for each word column (or row, where it is steeper): a line has one pixel in each column (or
// row). Args: from x, from y, step along, step aside; then: first pixel number, pixels, whether it is steep; then
// steps aside until the first pixel, the rest of that division, what a pixel adds to it, and the divisor.
@compute @workgroup_size(64)
fn line(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= record.words {
        return;
    }
    let steep = record.args[1].z != 0;
    let each = select(32u / stored_bits(record.onto.format), 1u, steep);
    for (var pixel = 0u; pixel < each; pixel++) {
        line_pixel(i32((record.first_word + id.x) * each + pixel), steep);
    }
}

fn line_pixel(along: i32, steep: bool) {
    let from_step = record.args[0];
    let ends = record.args[1];
    let division = bitcast<vec4<u32>>(record.args[2]);
    let start = select(from_step.x, from_step.y, steep);
    let number = (along - start) * from_step.z - ends.x;
    if number < 0 || number >= ends.y {
        return;
    }
    let aside = i32(division.x + (division.y + u32(number) * division.z) / division.w) * from_step.w;
    let other = select(from_step.y, from_step.x, steep) + aside;
    let place = select(vec2<i32>(along, other), vec2<i32>(other, along), steep);
    let size = vec2<i32>(i32(record.onto.width), i32(record.onto.height));
    if any(place < vec2<i32>(0)) || any(place >= size) {
        return;
    }
    let at = word_index(record.onto, u32(place.x), u32(place.y));
    target_words[at] = with_pixel(target_words[at], record.onto.format, u32(place.x), record.value);
}
