// The last step to the screen: dots to a window's pixels by the tables of `hal::video::scale`.
//
// `tables`: the head below, then for each column its first dot and `ACROSS_TAPS` weights, then for each row its
// first line and `DOWN_TAPS` weights.

const LEFT: u32 = 0u;          // where the picture begins on the target; signed
const TOP: u32 = 1u;
const COLUMNS: u32 = 2u;
const ROWS: u32 = 3u;
const ACROSS_TAPS: u32 = 4u;
const DOWN_TAPS: u32 = 5u;
const LINEAR: u32 = 6u;        // whether the target takes linear light
const GAINS: u32 = 8u;         // 3 × 3
const ACROSS: u32 = 20u;

@group(0) @binding(0) var dots: texture_2d<f32>;
@group(0) @binding(1) var<storage, read> tables: array<u32>;

@vertex
fn whole_target(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(corner & 1u) * 4.0 - 1.0, f32(corner & 2u) * 2.0 - 1.0, 0.0, 1.0);
}

// A line's colour at a column.
fn stretched(line: u32, across: u32) -> vec3<u32> {
    var sum = vec3<u32>(128u);
    for (var tap = 0u; tap < tables[ACROSS_TAPS]; tap++) {
        let weight = tables[across + 1u + tap];
        if weight != 0u {
            let dot = textureLoad(dots, vec2<u32>(tables[across] + tap, line), 0).rgb;
            sum += vec3<u32>(dot * 255.0 + 0.5) * weight;
        }
    }
    return sum >> vec3<u32>(8u);
}

fn to_linear(color: vec3<f32>) -> vec3<f32> {
    return select(pow((color + 0.055) / 1.055, vec3<f32>(2.4)), color / 12.92, color <= vec3<f32>(0.04045));
}

@fragment
fn present(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let place = vec2<i32>(position.xy) - vec2<i32>(bitcast<i32>(tables[LEFT]), bitcast<i32>(tables[TOP]));
    let size = vec2<i32>(i32(tables[COLUMNS]), i32(tables[ROWS]));
    if any(place < vec2<i32>(0)) || any(place >= size) {
        discard;
    }
    let column = u32(place.x);
    let across = ACROSS + column * (1u + tables[ACROSS_TAPS]);
    let down = ACROSS + tables[COLUMNS] * (1u + tables[ACROSS_TAPS]) + u32(place.y) * (1u + tables[DOWN_TAPS]);
    var sum = vec3<u32>(128u);
    for (var tap = 0u; tap < tables[DOWN_TAPS]; tap++) {
        let weight = tables[down + 1u + tap];
        if weight != 0u {
            sum += stretched(tables[down] + tap, across) * weight;
        }
    }
    let gains = GAINS + column % 3u * 3u;
    let gain = vec3<u32>(tables[gains], tables[gains + 1u], tables[gains + 2u]);
    let guns = min(((sum >> vec3<u32>(8u)) * gain + 128u) >> vec3<u32>(8u), vec3<u32>(255u));
    let color = vec3<f32>(guns) / 255.0;
    return vec4<f32>(select(color, to_linear(color), tables[LINEAR] != 0u), 1.0);
}
