// Whole numbers of 64 bits, as pairs of words, low word first: WGSL has none of its own.

fn add64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn sub64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn at_least64(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y > b.y || (a.y == b.y && a.x >= b.x);
}

// The whole product of two words.
fn mul32(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xFFFFu) * (b & 0xFFFFu);
    let cross = (a >> 16u) * (b & 0xFFFFu) + (low >> 16u);
    let other = (a & 0xFFFFu) * (b >> 16u) + (cross & 0xFFFFu);
    return vec2<u32>((other << 16u) | (low & 0xFFFFu), (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u));
}

// The product of two signed words.
fn mul_signed(a: i32, b: i32) -> vec2<u32> {
    var product = mul32(bitcast<u32>(a), bitcast<u32>(b));
    product.y -= select(0u, bitcast<u32>(b), a < 0) + select(0u, bitcast<u32>(a), b < 0);
    return product;
}

// The low 64 bits of a signed product.
fn mul64(a: vec2<u32>, b: i32) -> vec2<u32> {
    let factor = bitcast<u32>(b);
    var product = mul32(a.x, factor);
    product.y += a.y * factor - select(0u, a.x, b < 0);
    return product;
}
