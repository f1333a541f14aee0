//! Pixel formats and colours: how a pixel lies in a row of bytes.
//!
//! Packed indexed formats keep their leftmost pixel in the high bits of a byte, as the IBM cards shift them out.
//! Multi-byte pixels lie low byte first. Not modelled: planar surfaces (a card hands its planes over packed) and
//! multi-byte pixels with the high byte first.

use serde::{Deserialize, Serialize};

/// A colour as a monitor shows it, 8 bits a gun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl Rgb {
    pub const BLACK: Self = Self::hex(0);

    /// A colour written as `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Self {
        Self { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8 }
    }

    /// The four bytes of an opaque RGBA pixel.
    pub const fn rgba(self) -> [u8; 4] {
        [self.r, self.g, self.b, 0xFF]
    }
}

/// How the pixels of a surface or of a run of lines are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PixelFormat {
    /// One bit an index, eight to a byte.
    I1,
    /// Two bits an index, four to a byte.
    I2,
    /// Four bits an index, two to a byte.
    I4,
    /// One byte an index.
    I8,
    /// 16 bits: x RRRRR GGGGG BBBBB.
    Rgb555,
    /// 16 bits: RRRRR GGGGGG BBBBB.
    Rgb565,
    /// 24 bits: the bytes blue, green, red.
    Rgb888,
    /// 32 bits: the bytes blue, green, red, alpha.
    Argb8888,
    /// 16 bits of depth, 0 nearest. Never shown.
    Depth16,
}

impl PixelFormat {
    pub const ALL: [Self; 9] = [
        Self::I1,
        Self::I2,
        Self::I4,
        Self::I8,
        Self::Rgb555,
        Self::Rgb565,
        Self::Rgb888,
        Self::Argb8888,
        Self::Depth16,
    ];

    /// Bits that one pixel takes.
    pub const fn bits(self) -> usize {
        match self {
            Self::I1 => 1,
            Self::I2 => 2,
            Self::I4 => 4,
            Self::I8 => 8,
            Self::Rgb555 | Self::Rgb565 | Self::Depth16 => 16,
            Self::Rgb888 => 24,
            Self::Argb8888 => 32,
        }
    }

    /// Whether a pixel is an index into a palette.
    pub const fn is_indexed(self) -> bool {
        self.bits() <= 8
    }

    /// Whether a pixel is a colour of its own.
    pub const fn is_direct(self) -> bool {
        !self.is_indexed() && !matches!(self, Self::Depth16)
    }

    /// The largest value a pixel can have.
    pub const fn max_value(self) -> u32 {
        (u32::MAX as u64 >> (32 - self.bits())) as u32
    }

    /// Bytes that a row of `width` pixels takes, the last byte filled up.
    pub const fn row_bytes(self, width: usize) -> usize {
        (width * self.bits()).div_ceil(8)
    }

    /// The pixel at `x` of `row`; 0 beyond its end.
    #[inline]
    pub fn get(self, row: &[u8], x: usize) -> u32 {
        let bits = self.bits();
        if bits <= 8 {
            let Some(&byte) = row.get(x * bits / 8) else { return 0 };
            let shift = 8 - bits - x * bits % 8;
            return (u32::from(byte) >> shift) & self.max_value();
        }
        let bytes = bits / 8;
        let pixel = row.get(x * bytes..(x + 1) * bytes).unwrap_or(&[]);
        pixel.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
    }

    /// Sets the pixel at `x` of `row` to the low bits of `value`; nothing happens beyond the row's end.
    #[inline]
    pub fn put(self, row: &mut [u8], x: usize, value: u32) {
        let bits = self.bits();
        if bits <= 8 {
            let Some(byte) = row.get_mut(x * bits / 8) else { return };
            let shift = 8 - bits - x * bits % 8;
            let mask = (self.max_value() << shift) as u8;
            *byte = *byte & !mask | (value << shift) as u8 & mask;
            return;
        }
        let bytes = bits / 8;
        let Some(pixel) = row.get_mut(x * bytes..(x + 1) * bytes) else { return };
        pixel.copy_from_slice(&value.to_le_bytes()[..bytes]);
    }

    /// The colour of a direct pixel, five and six bits widened by repeating their high bits. An index or a depth
    /// has no colour of its own and gives the grey of its low byte.
    pub const fn to_rgb(self, value: u32) -> Rgb {
        match self {
            Self::Rgb555 => Rgb { r: widen5(value >> 10), g: widen5(value >> 5), b: widen5(value) },
            Self::Rgb565 => Rgb { r: widen5(value >> 11), g: widen6(value >> 5), b: widen5(value) },
            Self::Rgb888 | Self::Argb8888 => Rgb::hex(value),
            _ => Rgb { r: value as u8, g: value as u8, b: value as u8 },
        }
    }

    /// The direct pixel of a colour, low bits dropped; opaque where the format has alpha. For an index or a depth
    /// the green gun's value.
    pub const fn from_rgb(self, color: Rgb) -> u32 {
        let (r, g, b) = (color.r as u32, color.g as u32, color.b as u32);
        match self {
            Self::Rgb555 => (r >> 3) << 10 | (g >> 3) << 5 | b >> 3,
            Self::Rgb565 => (r >> 3) << 11 | (g >> 2) << 5 | b >> 3,
            Self::Rgb888 => r << 16 | g << 8 | b,
            Self::Argb8888 => 0xFF << 24 | r << 16 | g << 8 | b,
            _ => g & self.max_value(),
        }
    }
}

const fn widen5(value: u32) -> u8 {
    let v = value & 0x1F;
    (v << 3 | v >> 2) as u8
}

const fn widen6(value: u32) -> u8 {
    let v = value & 0x3F;
    (v << 2 | v >> 4) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pixels_lie_where_the_format_says() {
        assert_eq!(PixelFormat::I1.get(&[0b0100_0000], 1), 1);
        assert_eq!(PixelFormat::I2.get(&[0b0001_1011], 3), 3);
        assert_eq!(PixelFormat::I4.get(&[0x12, 0x34], 2), 3);
        assert_eq!(PixelFormat::Rgb888.get(&[0, 0, 0, 0x33, 0x22, 0x11], 1), 0x11_2233);
        assert_eq!(PixelFormat::I8.get(&[], 0), 0);
    }

    #[test]
    fn direct_colours_reach_black_and_white() {
        for format in PixelFormat::ALL.into_iter().filter(|f| f.is_direct()) {
            assert_eq!(format.to_rgb(format.max_value()), Rgb::hex(0xFF_FFFF), "{format:?}");
            assert_eq!(format.to_rgb(0), Rgb::BLACK, "{format:?}");
        }
    }

    proptest! {
        #[test]
        fn a_row_is_as_good_as_an_array(
            format in prop::sample::select(PixelFormat::ALL.to_vec()),
            writes in prop::collection::vec((0usize..40, any::<u32>()), 0..60),
        ) {
            let mut row = vec![0; format.row_bytes(33)];
            let mut model = [0u32; 33];
            for (x, value) in writes {
                format.put(&mut row, x, value);
                if let Some(pixel) = model.get_mut(x) {
                    *pixel = value & format.max_value();
                }
            }
            for (x, &want) in model.iter().enumerate() {
                prop_assert_eq!(format.get(&row, x), want);
            }
        }

        #[test]
        fn a_direct_pixel_survives_the_way_through_rgb(value: u32) {
            for format in [PixelFormat::Rgb555, PixelFormat::Rgb565, PixelFormat::Rgb888] {
                let value = value & format.max_value() & if format == PixelFormat::Rgb555 { 0x7FFF } else { u32::MAX };
                prop_assert_eq!(format.from_rgb(format.to_rgb(value)), value);
            }
        }
    }
}
