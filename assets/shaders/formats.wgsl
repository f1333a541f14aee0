// Pixel formats, numbered as in `PixelFormat::ALL`: 1, 2, 4 and 8 bits, 555, 565, 888, 8888, depth.

const RGB555: u32 = 4u;
const RGB565: u32 = 5u;
const RGB888: u32 = 6u;
const ARGB8888: u32 = 7u;
const DEPTH16: u32 = 8u;

fn is_indexed(format: u32) -> bool {
    return format < RGB555;
}

fn is_direct(format: u32) -> bool {
    return format >= RGB555 && format <= ARGB8888;
}

fn widen5(value: u32) -> u32 {
    let v = value & 31u;
    return (v << 3u) | (v >> 2u);
}

fn widen6(value: u32) -> u32 {
    let v = value & 63u;
    return (v << 2u) | (v >> 4u);
}

// A direct pixel's colour; the grey of an index's or a depth's low byte.
fn to_rgb(format: u32, value: u32) -> vec3<u32> {
    switch format {
        case RGB555: { return vec3<u32>(widen5(value >> 10u), widen5(value >> 5u), widen5(value)); }
        case RGB565: { return vec3<u32>(widen5(value >> 11u), widen6(value >> 5u), widen5(value)); }
        case RGB888, ARGB8888: { return vec3<u32>(value >> 16u, value >> 8u, value) & vec3<u32>(0xFFu); }
        default: { return vec3<u32>(value & 0xFFu); }
    }
}

fn from_rgb(format: u32, color: vec3<u32>) -> u32 {
    switch format {
        case RGB555: { return ((color.x >> 3u) << 10u) | ((color.y >> 3u) << 5u) | (color.z >> 3u); }
        case RGB565: { return ((color.x >> 3u) << 11u) | ((color.y >> 2u) << 5u) | (color.z >> 3u); }
        case RGB888: { return (color.x << 16u) | (color.y << 8u) | color.z; }
        case ARGB8888: { return 0xFF000000u | (color.x << 16u) | (color.y << 8u) | color.z; }
        default: { return color.y; }
    }
}
