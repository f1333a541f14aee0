//! The formats: how their bits make sign, exponent and significand, and what kind of number that is.
//!
//! All are seen through [`Fields`], which has the 80-bit format's shape: a 64-bit significand with an explicit
//! integer bit on top. The interchange formats gain that bit on the way in and lose it on the way out.

use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// IEEE 754 binary16, as bits. For conversions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct F16(pub u16);

/// IEEE 754 binary32, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct F32(pub u32);

/// IEEE 754 binary64, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct F64(pub u64);

/// The double extended format of the 8087 family, as the 387 and later understand it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct F80 {
    /// Sign in bit 15, biased exponent below.
    pub sign_exponent: u16,
    /// The significand, integer bit on top.
    pub mantissa: u64,
}

/// The extended format of the 68881 family (without the 16 bits of padding in memory). Unlike the x87's, exponent 0
/// is one below exponent 1, unnormals are numbers, and the integer bit of infinities and NaNs doesn't matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct M80 {
    /// Sign in bit 15, biased exponent below.
    pub sign_exponent: u16,
    /// The significand, integer bit on top.
    pub mantissa: u64,
}

/// Sign, biased exponent, and the significand with its integer bit in bit 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub negative: bool,
    pub biased: u32,
    pub significand: u64,
}

/// The integer bit of a significand.
pub(super) const INTEGER_BIT: u64 = 1 << 63;
/// The bit that makes a NaN quiet.
pub(super) const QUIET_BIT: u64 = 1 << 62;

/// A binary floating-point format.
pub trait Format: Copy + Eq + Debug {
    /// Bits of the significand, the integer bit among them.
    const PRECISION: u32;
    const EXPONENT_BITS: u32;
    /// The exponent of the smallest normal number.
    const MIN_EXPONENT: i32 = 1 - Self::BIAS;
    /// A set exponent with a clear integer bit is a number like any other, not an invalid operand.
    const UNNORMALS: bool = false;
    /// The significand that an infinity is made with.
    const INFINITE_SIGNIFICAND: u64 = INTEGER_BIT;
    /// Precision control applies.
    const EXTENDED: bool = false;
    /// Converting a denormal of this format to another is reported ([`super::Flags::DENORMAL`]).
    const CONVERSION_REPORTS_DENORMAL: bool = true;
    /// MXCSR.FZ applies to results of this format.
    const FLUSHES_TO_ZERO: bool = true;

    const BIAS: i32 = (1 << (Self::EXPONENT_BITS - 1)) - 1;
    /// The exponent of the largest numbers.
    const MAX_EXPONENT: i32 = Self::BIAS;
    /// The biased exponent of infinities and NaNs.
    const SPECIAL: u32 = (1 << Self::EXPONENT_BITS) - 1;
    /// By how much an unmasked overflow or underflow moves the exponent (24,576 for the extended formats).
    const WRAP: i32 = 3 << (Self::EXPONENT_BITS - 2);

    fn fields(self) -> Fields;
    fn from_fields(fields: Fields) -> Self;

    /// What kind of number this is.
    fn class(self) -> Class {
        unpack(self).class
    }

    fn is_negative(self) -> bool {
        self.fields().negative
    }

    fn zero(negative: bool) -> Self {
        Self::from_fields(Fields { negative, biased: 0, significand: 0 })
    }

    fn infinity(negative: bool) -> Self {
        Self::from_fields(Fields { negative, biased: Self::SPECIAL, significand: Self::INFINITE_SIGNIFICAND })
    }

    fn one(negative: bool) -> Self {
        Self::from_fields(Fields { negative, biased: Self::BIAS as u32, significand: INTEGER_BIT })
    }
}

macro_rules! interchange {
    ($name:ident, $bits:ty, $precision:expr, $exponent_bits:expr) => {
        impl Format for $name {
            const PRECISION: u32 = $precision;
            const EXPONENT_BITS: u32 = $exponent_bits;
            const CONVERSION_REPORTS_DENORMAL: bool = $precision != 11;
            const FLUSHES_TO_ZERO: bool = $precision != 11;

            #[inline(always)]
            fn fields(self) -> Fields {
                let biased = (self.0 >> (Self::PRECISION - 1)) as u32 & Self::SPECIAL;
                let fraction = (self.0 as u64) << (64 - Self::PRECISION) & !INTEGER_BIT;
                let integer = ((biased != 0) as u64) << 63;
                Fields {
                    negative: self.0 >> (<$bits>::BITS - 1) != 0,
                    biased,
                    significand: fraction | integer,
                }
            }

            #[inline(always)]
            fn from_fields(fields: Fields) -> Self {
                let sign = (fields.negative as $bits) << (<$bits>::BITS - 1);
                let exponent = (fields.biased as $bits) << (Self::PRECISION - 1);
                let fraction = ((fields.significand & !INTEGER_BIT) >> (64 - Self::PRECISION)) as $bits;
                Self(sign | exponent | fraction)
            }
        }
    };
}

interchange!(F16, u16, 11, 5);
interchange!(F32, u32, 24, 8);
interchange!(F64, u64, 53, 11);

macro_rules! extended {
    ($name:ident, $min_exponent:expr, $unnormals:expr) => {
        impl Format for $name {
            const PRECISION: u32 = 64;
            const EXPONENT_BITS: u32 = 15;
            const EXTENDED: bool = true;
            const CONVERSION_REPORTS_DENORMAL: bool = false;
            const MIN_EXPONENT: i32 = $min_exponent;
            const UNNORMALS: bool = $unnormals;
            const INFINITE_SIGNIFICAND: u64 = if $unnormals { 0 } else { INTEGER_BIT };

            #[inline(always)]
            fn fields(self) -> Fields {
                Fields {
                    negative: self.sign_exponent >> 15 != 0,
                    biased: u32::from(self.sign_exponent & 0x7FFF),
                    significand: self.mantissa,
                }
            }

            #[inline(always)]
            fn from_fields(fields: Fields) -> Self {
                let sign_exponent = u16::from(fields.negative) << 15 | fields.biased as u16;
                Self { sign_exponent, mantissa: fields.significand }
            }
        }

        impl $name {
            pub const fn new(sign_exponent: u16, mantissa: u64) -> Self {
                Self { sign_exponent, mantissa }
            }
        }
    };
}

extended!(F80, -16_382, false);
extended!(M80, -16_383, true);

/// The kinds of numbers (FXAM tells them apart but for the two kinds of NaN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Normal,
    /// Pseudo-denormals among them.
    Denormal,
    Zero,
    Infinity,
    QuietNan,
    SignalingNan,
    /// An unnormal, pseudo-infinity or pseudo-NaN of the x87: an invalid operand since the 387.
    Unsupported,
}

impl Class {
    #[inline]
    pub const fn is_nan(self) -> bool {
        matches!(self, Self::QuietNan | Self::SignalingNan)
    }
}

/// A number taken apart: (-1)^negative × significand / 2^63 × 2^exponent where it is finite and not zero, and then
/// bit 63 of the significand is set. Of a NaN, the significand is kept as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    pub class: Class,
    pub negative: bool,
    pub exponent: i32,
    pub significand: u64,
}

impl Unpacked {
    #[inline(always)]
    pub fn is_normal(&self) -> bool {
        self.class == Class::Normal
    }

    pub fn is_finite(&self) -> bool {
        matches!(self.class, Class::Normal | Class::Denormal | Class::Zero)
    }
}

#[inline(always)]
pub(super) fn unpack<F: Format>(number: F) -> Unpacked {
    let fields = number.fields();
    let Fields { negative, biased, significand } = fields;
    if biased.wrapping_sub(1) < F::SPECIAL - 1 && significand & INTEGER_BIT != 0 {
        return Unpacked { class: Class::Normal, negative, exponent: biased as i32 - F::BIAS, significand };
    }
    unpack_special::<F>(fields)
}

#[cold]
fn unpack_special<F: Format>(fields: Fields) -> Unpacked {
    let Fields { negative, biased, significand } = fields;
    let has_integer_bit = significand & INTEGER_BIT != 0;
    if biased == F::SPECIAL {
        let class = match significand & !INTEGER_BIT {
            _ if !has_integer_bit && !F::UNNORMALS => Class::Unsupported,
            0 => Class::Infinity,
            fraction if fraction & QUIET_BIT != 0 => Class::QuietNan,
            _ => Class::SignalingNan,
        };
        return Unpacked { class, negative, exponent: 0, significand };
    }
    if biased != 0 && !has_integer_bit && !F::UNNORMALS {
        return Unpacked { class: Class::Unsupported, negative, exponent: 0, significand };
    }
    if significand == 0 {
        return Unpacked { class: Class::Zero, negative, exponent: 0, significand };
    }
    let shift = significand.leading_zeros();
    let exponent = (biased as i32 - F::BIAS).max(F::MIN_EXPONENT) - shift as i32;
    let is_normal = F::UNNORMALS && exponent >= F::MIN_EXPONENT;
    let class = if is_normal { Class::Normal } else { Class::Denormal };
    Unpacked { class, negative, exponent, significand: significand << shift }
}
