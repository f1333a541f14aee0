// Scan-out: a frame's line runs to dots, as `hal::video::render` defines them.
//
// `words` is a frame as the program packs it: a head, tables, then what the runs are drawn from. Places in it count
// words from its first. The head:

const WIDTH: u32 = 0u;
const DISPLAY: u32 = 1u;       // 0 RGB, 1 composite, 2 monochrome
const PHASE: u32 = 2u;         // the sample of the colour clock with which each line begins
const CHROMA_HALF: u32 = 3u;
const LINES: u32 = 4u;         // how many lines have a run
const LINE_TABLE: u32 = 5u;    // the place of: for each line its run's number << 16 | line of the run
const RUN_TABLE: u32 = 6u;
const ROWS: u32 = 7u;          // the place of the bytes of all rows
const ROW_BYTES: u32 = 8u;     // how many they are
const CELLS: u32 = 9u;
const PHOSPHOR: u32 = 10u;     // the brightest colour, 0xRRGGBB
const MATRIX: u32 = 12u;       // 3 × 3 numbers of 64 bits with a burst; then without
const AXIS: u32 = 48u;         // 8 numbers
const LEVELS: u32 = 56u;       // 16 × 8 numbers

// A run:
const RUN_WORDS: u32 = 20u;
const KIND: u32 = 0u;          // 0 solid, 1 indexed pixels, 2 direct pixels, 3 text
const PALETTE: u32 = 1u;       // the place of its palette
const COLORS: u32 = 2u;        // how many colours it has
const BORDER: u32 = 3u;
const LEFT: u32 = 4u;
const SHOWN: u32 = 5u;
const SKIPPED: u32 = 6u;
const BURST: u32 = 7u;
// of pixels:
const FORMAT: u32 = 8u;
const REPEAT: u32 = 9u;
const LINE_REPEAT: u32 = 10u;
const START: u32 = 11u;
const PITCH: u32 = 12u;
const MAP: u32 = 13u;          // 16 bytes
// of text:
const STYLE: u32 = 8u;         // 4 words
const FONT: u32 = 12u;         // the place of its bytes
const FONT_BYTES: u32 = 13u;
const FONT_HEIGHT: u32 = 14u;
const FIRST_CELL: u32 = 15u;
const COLUMNS: u32 = 16u;
const FIRST_SCAN: u32 = 17u;

@group(0) @binding(0) var<storage, read> words: array<u32>;

fn byte_at(place: u32, at: u32) -> u32 {
    return byte_of(words[place + at / 4u], at % 4u);
}

fn color_of(run: u32, index: u32) -> vec3<u32> {
    if index >= words[run + COLORS] {
        return vec3<u32>(0u);
    }
    return to_rgb(RGB888, words[words[run + PALETTE] + index]);
}

// The bits that a pixel takes in a row.
fn bits_of(format: u32) -> u32 {
    switch format {
        case 0u: { return 1u; }
        case 1u: { return 2u; }
        case 2u: { return 4u; }
        case 3u: { return 8u; }
        case RGB555, RGB565: { return 16u; }
        case RGB888: { return 24u; }
        default: { return 32u; }
    }
}

// A pixel of the row that a line of a run shows.
fn pixel_value(run: u32, row: u32, format: u32, pixel: u32) -> u32 {
    let bits = bits_of(format);
    let at = row + pixel * bits / 8u;
    if bits < 8u {
        return (byte_at(words[ROWS], at) >> (8u - bits - pixel * bits % 8u)) & ((1u << bits) - 1u);
    }
    var value = 0u;
    for (var byte = 0u; byte < bits / 8u; byte++) {
        value |= byte_at(words[ROWS], at + byte) << (8u * byte);
    }
    return value;
}

// The first byte of the row that a line shows, in x, and how many bytes it has, in y.
fn row_of(run: u32, line: u32) -> vec2<u32> {
    let pitch = words[run + PITCH];
    let start = words[run + START] + line / words[run + LINE_REPEAT] * pitch;
    return vec2<u32>(start, select(0u, pitch, start + pitch <= words[ROW_BYTES]));
}

fn text_index(run: u32, line: u32, dot: u32, border: u32) -> u32 {
    let style = vec4<u32>(words[run + STYLE], words[run + STYLE + 1u], words[run + STYLE + 2u], words[run + STYLE + 3u]);
    let column = dot / cell_dots(style);
    if column >= words[run + COLUMNS] {
        return border;
    }
    let cell = words[words[CELLS] + words[run + FIRST_CELL] + column];
    let scan = min(words[run + FIRST_SCAN] + line, 255u);
    let at = font_row(cell & 0xFFFFu, scan, words[run + FONT_HEIGHT]);
    var font_byte = 0u;
    if at < words[run + FONT_BYTES] {
        font_byte = byte_at(words[run + FONT], at);
    }
    return cell_dot(style, column, cell, font_byte, scan, dot % cell_dots(style) / byte_of(style.x, 1u));
}

// The palette index of a line's dot.
fn index_at(run: u32, line: u32, x: u32) -> u32 {
    let border = words[run + BORDER];
    let left = words[run + LEFT];
    if x < left || x - left >= words[run + SHOWN] {
        return border;
    }
    let dot = x - left + words[run + SKIPPED];
    switch words[run + KIND] {
        case 1u: {
            let format = words[run + FORMAT];
            let row = row_of(run, line);
            let pixel = dot / words[run + REPEAT];
            if pixel >= row.y * 8u / bits_of(format) {
                return border;
            }
            let value = pixel_value(run, row.x, format, pixel);
            return select(byte_at(run + MAP, value & 15u), value, format == 3u);
        }
        case 3u: { return text_index(run, line, dot, border); }
        default: { return border; }
    }
}

fn direct_color(run: u32, line: u32, x: u32) -> vec3<u32> {
    let left = words[run + LEFT];
    if x >= left && x - left < words[run + SHOWN] {
        let format = words[run + FORMAT];
        let row = row_of(run, line);
        let pixel = (x - left + words[run + SKIPPED]) / words[run + REPEAT];
        if pixel < row.y / (bits_of(format) / 8u) {
            return to_rgb(format, pixel_value(run, row.x, format, pixel));
        }
    }
    return color_of(run, words[run + BORDER]);
}

fn number64(at: u32) -> vec2<u32> {
    return vec2<u32>(words[at], words[at + 1u]);
}

// What a composite monitor shows: see `hal::video::composite`.
fn composite_color(run: u32, line: u32, x: u32) -> vec3<u32> {
    let half = i32(words[CHROMA_HALF]);
    let reach = half / 2;
    var sums = vec3<i32>(0);
    for (var step = -reach; step <= reach; step++) {
        let dot = i32(x) + step;
        if dot < 0 || dot >= i32(words[WIDTH]) {
            continue;
        }
        let signal = index_at(run, line, u32(dot)) & 15u;
        for (var n = 0; n < 2; n++) {
            // From the middle of the dot in question, which lies between its two samples.
            let distance = 2 * step + n - 1;
            let sample = (words[PHASE] + 2u * u32(dot) + u32(n)) % 8u;
            let level = bitcast<i32>(words[LEVELS + signal * 8u + sample]);
            if distance >= -half && distance < half {
                sums.y += level * bitcast<i32>(words[AXIS + sample]);
                sums.z += level * bitcast<i32>(words[AXIS + (sample + 2u) % 8u]);
            }
            if distance >= -4 && distance < 4 {
                sums.x += level;
            }
        }
    }
    let matrix = MATRIX + select(18u, 0u, words[run + BURST] != 0u);
    var color = vec3<u32>(0u);
    for (var gun = 0u; gun < 3u; gun++) {
        let row = matrix + gun * 6u;
        // Half of a gun's unit, 2^40, rounds it.
        var light = vec2<u32>(0u, 128u);
        for (var n = 0u; n < 3u; n++) {
            light = add64(light, mul64(number64(row + 2u * n), sums[n]));
        }
        color[gun] = u32(clamp(bitcast<i32>(light.y) >> 8u, 0, 255));
    }
    return color;
}

fn dot_color(x: u32, y: u32) -> vec3<u32> {
    if y >= words[LINES] {
        return vec3<u32>(0u);
    }
    let entry = words[words[LINE_TABLE] + y];
    let run = words[RUN_TABLE] + (entry >> 16u) * RUN_WORDS;
    let line = entry & 0xFFFFu;
    if words[run + KIND] == 2u {
        return direct_color(run, line, x);
    }
    if words[DISPLAY] == 1u {
        return composite_color(run, line, x);
    }
    return color_of(run, index_at(run, line, x));
}

// What a phosphor makes of a colour: see `hal::video::monitor`.
fn glow(color: vec3<u32>) -> vec3<u32> {
    let luma = (77u * color.x + 150u * color.y + 29u * color.z + 128u) >> 8u;
    return (to_rgb(RGB888, words[PHOSPHOR]) * luma + 127u) / 255u;
}

@vertex
fn whole_target(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4<f32> {
    // One triangle that reaches beyond the target on two sides.
    return vec4<f32>(f32(corner & 1u) * 4.0 - 1.0, f32(corner & 2u) * 2.0 - 1.0, 0.0, 1.0);
}

@fragment
fn scan_out(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    var color = dot_color(u32(position.x), u32(position.y));
    if words[DISPLAY] == 2u {
        color = glow(color);
    }
    return vec4<f32>(vec3<f32>(color) / 255.0, 1.0);
}
