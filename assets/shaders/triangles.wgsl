// One triangle: what `hal::video::triangle` defines. Weights are products of two coordinates and need 64 bits.
//
// An invocation owns two pixels side by side, so that it owns whole words of the target and of the depth surface.
// Record: args[2 * n] is corner n's x, y, u, v, args[2 * n + 1] its z, q, rgba; args[6] whether there is a texture,
// whether it repeats, the depth test (0 none, else 1 + DepthTest), whether depths are written; args[7].x the blend.

fn side(from_corner: vec2<i32>, to_corner: vec2<i32>, at: vec2<i32>) -> vec2<u32> {
    let way = to_corner - from_corner;
    let point = at - from_corner;
    return sub64(mul_signed(way.x, point.y), mul_signed(way.y, point.x));
}

fn corner(n: u32) -> vec2<i32> {
    return record.args[2u * n].xy;
}

// Whether a pixel whose side of an edge is `weight` lies on the inner side of it.
fn is_inside(weight: vec2<u32>, from_corner: vec2<i32>, to_corner: vec2<i32>) -> bool {
    let top_or_left = to_corner.y < from_corner.y || (to_corner.y == from_corner.y && to_corner.x > from_corner.x);
    return bitcast<i32>(weight.y) >= 0 && (any(weight != vec2<u32>(0u)) || top_or_left);
}

// (`high` × 2^32 + `low`) / `divisor`, where it is known to be less than 2^steps; `low` has its `steps` bits on top.
fn divided(high: vec2<u32>, low: u32, divisor: vec2<u32>, steps: u32) -> u32 {
    var rest = high;
    var quotient = 0u;
    for (var step = 0u; step < steps; step++) {
        rest = vec2<u32>((rest.x << 1u) | ((low >> (31u - step)) & 1u), (rest.y << 1u) | (rest.x >> 31u));
        quotient <<= 1u;
        if at_least64(rest, divisor) {
            rest = sub64(rest, divisor);
            quotient |= 1u;
        }
    }
    return quotient;
}

struct Weights {
    a: vec2<u32>,
    b: vec2<u32>,
    c: vec2<u32>,
    sum: vec2<u32>,
}

// A value of 16 bits between the corners' values.
fn mixed(weights: Weights, values: vec3<u32>) -> u32 {
    let sum = add64(
        add64(mul64(weights.a, i32(values.x)), mul64(weights.b, i32(values.y))),
        mul64(weights.c, i32(values.z)),
    );
    return divided(vec2<u32>((sum.x >> 16u) | (sum.y << 16u), sum.y >> 16u), sum.x << 16u, weights.sum, 16u);
}

// A signed value of 32 bits between the corners' values. Half the range is added, and the quotient is less by it.
fn mixed_signed(weights: Weights, values: vec3<i32>) -> i32 {
    var low = 0u;
    var high = vec2<u32>(0u);
    for (var n = 0u; n < 3u; n++) {
        let weight = select(select(weights.c, weights.b, n == 1u), weights.a, n == 0u);
        let value = bitcast<u32>(values[n]) ^ 0x80000000u;
        let first = mul32(weight.x, value);
        let second = add64(mul32(weight.y, value), vec2<u32>(first.y, 0u));
        low += first.x;
        high = add64(add64(high, second), vec2<u32>(select(0u, 1u, low < first.x), 0u));
    }
    return bitcast<i32>(divided(high, low, weights.sum, 32u) ^ 0x80000000u);
}

fn wrapped(texel: i32, size: i32) -> u32 {
    if record.args[6].y == 0 {
        return u32(clamp(texel, 0, size - 1));
    }
    let rest = texel % size;
    return u32(select(rest, rest + size, rest < 0));
}

fn texel_at(weights: Weights) -> vec4<u32> {
    let q = vec3<i32>(record.args[1].y, record.args[3].y, record.args[5].y);
    var near = Weights(mul64(weights.a, q.x), mul64(weights.b, q.y), mul64(weights.c, q.z), vec2<u32>(0u));
    near.sum = add64(add64(near.a, near.b), near.c);
    let u = mixed_signed(near, vec3<i32>(record.args[0].z, record.args[2].z, record.args[4].z)) >> 8u;
    let v = mixed_signed(near, vec3<i32>(record.args[0].w, record.args[2].w, record.args[4].w)) >> 8u;
    let x = wrapped(u, i32(record.source.width));
    let y = wrapped(v, i32(record.source.height));
    let value = pixel_of(source_words[word_index(record.source, x, y)], record.source.format, x);
    return vec4<u32>(source_color(value), select(255u, value >> 24u, record.source.format == ARGB8888));
}

fn passes_depth(x: u32, y: u32, weights: Weights) -> bool {
    let test = record.args[6].z;
    if test == 0 {
        return true;
    }
    if x >= record.depth.width || y >= record.depth.height {
        return false;
    }
    let at = word_index(record.depth, x, y);
    let there = pixel_of(depth_words[at], DEPTH16, x);
    let z = mixed(weights, vec3<u32>(vec3<i32>(record.args[1].x, record.args[3].x, record.args[5].x)));
    let passes = test == 1 || (test == 2 && z < there) || (test == 3 && z <= there);
    if passes && record.args[6].w != 0 {
        depth_words[at] = with_pixel(depth_words[at], DEPTH16, x, z);
    }
    return passes;
}

fn blended(color: vec4<u32>, under: vec3<u32>) -> vec3<u32> {
    switch record.args[7].x {
        case 0: { return color.rgb; }
        case 1: { return (color.rgb * color.a + under * (255u - color.a) + 127u) / 255u; }
        default: { return min((color.rgb * color.a + 127u) / 255u + under, vec3<u32>(255u)); }
    }
}

fn triangle_pixel(x: u32, y: u32) {
    let centre = vec2<i32>(i32(x), i32(y)) * 16 + 8;
    let a = corner(0u);
    let b = corner(1u);
    let c = corner(2u);
    var weights = Weights(side(b, c, centre), side(c, a, centre), side(a, b, centre), side(a, b, c));
    if !is_inside(weights.a, b, c) || !is_inside(weights.b, c, a) || !is_inside(weights.c, a, b) {
        return;
    }
    if !passes_depth(x, y, weights) {
        return;
    }
    var color = vec4<u32>(0u);
    for (var gun = 0u; gun < 4u; gun++) {
        let corners = bitcast<vec3<u32>>(vec3<i32>(record.args[1].z, record.args[3].z, record.args[5].z));
        color[gun] = mixed(weights, (corners >> vec3<u32>(8u * gun)) & vec3<u32>(0xFFu));
    }
    if record.args[6].x != 0 {
        if record.source.width == 0u || record.source.height == 0u {
            return;
        }
        color = (texel_at(weights) * color + 127u) / 255u;
    }
    let format = record.onto.format;
    let at = word_index(record.onto, x, y);
    let under = to_rgb(format, pixel_of(target_words[at], format, x));
    target_words[at] = with_pixel(target_words[at], format, x, from_rgb(format, blended(color, under)));
}

// The record's words count pairs of pixels here.
@compute @workgroup_size(8, 8)
fn triangle(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= record.words || id.y >= record.rows {
        return;
    }
    for (var n = 0u; n < 2u; n++) {
        let x = (record.first_word + id.x) * 2u + n;
        if i32(x) >= record.area.x && i32(x) < record.area.z {
            triangle_pixel(x, record.first_row + id.y);
        }
    }
}
