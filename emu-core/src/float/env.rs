//! What steers an operation (rounding, precision, responses) and what it reports (value, exception flags).

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// Exception flags, with the bits where the x87 status word and MXCSR have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    pub const NONE: Self = Self(0);
    pub const INVALID: Self = Self(0x01);
    /// An operand was denormal (x86 only; other families ignore it).
    pub const DENORMAL: Self = Self(0x02);
    pub const DIVIDE_BY_ZERO: Self = Self(0x04);
    pub const OVERFLOW: Self = Self(0x08);
    pub const UNDERFLOW: Self = Self(0x10);
    pub const INEXACT: Self = Self(0x20);
    /// What is found before anything is computed: unmasked, it leaves the destination as it was, and nothing
    /// else is reported.
    pub const BEFORE_COMPUTATION: Self = Self(0x07);

    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(super) const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NONE }
    }
}

impl BitOr for Flags {
    type Output = Self;
    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Flags {
    type Output = Self;
    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// IEEE 754 rounding directions, numbered as the RC fields of the x87 control word and MXCSR number them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    #[default]
    NearestEven,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    TowardZero,
}

impl Rounding {
    pub const ALL: [Self; 4] = [Self::NearestEven, Self::Down, Self::Up, Self::TowardZero];

    /// The mode that the low two bits of an RC field select.
    #[inline]
    pub const fn from_rc(rc: u16) -> Self {
        Self::ALL[(rc & 3) as usize]
    }
}

/// To how many bits an extended significand is rounded: the x87's precision control. The range of exponents stays
/// that of the extended format. Single and double formats always use all of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    Bits24,
    Bits53,
    #[default]
    Bits64,
}

impl Precision {
    pub const ALL: [Self; 3] = [Self::Bits24, Self::Bits53, Self::Bits64];

    #[inline]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits24 => 24,
            Self::Bits53 => 53,
            Self::Bits64 => 64,
        }
    }

    /// The precision that a PC field of the x87 control word selects. The reserved value 1 works as 3 does.
    #[inline]
    pub const fn from_pc(pc: u16) -> Self {
        match pc & 3 {
            0 => Self::Bits24,
            2 => Self::Bits53,
            _ => Self::Bits64,
        }
    }
}

/// When a result counts as tiny (IEEE 754-2008, 7.5): its magnitude is below the smallest normal number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tininess {
    /// The exact result is (68881).
    BeforeRounding,
    /// The result rounded as if its exponent had no bounds is (x86).
    #[default]
    AfterRounding,
}

/// Which NaN comes out when NaNs go in, and which one an invalid operation makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NanRule {
    /// Of a signalling and a quiet one the quiet one; else the one with the larger significand, of equal ones the
    /// positive (Intel SDM volume 1, table 4-7). An invalid operation makes the negative default NaN.
    #[default]
    X87,
    /// The first operand, if it is a NaN (same table). The default NaN is negative.
    Sse,
    /// The destination, if it is a NaN (M68000PRM, 1.6.5): the destination is the first operand of these functions.
    /// The default NaN is positive, all ones.
    M68k,
}

/// How operations round, and how they respond to exceptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Env {
    pub rounding: Rounding,
    pub precision: Precision,
    pub tininess: Tininess,
    pub nan: NanRule,
    /// The exceptions whose unmasked response is wanted. An unmasked underflow is reported for every tiny result,
    /// a masked one only when it is inexact too.
    pub unmasked: Flags,
    /// An unmasked overflow or underflow gives the rounded result with its exponent moved into range, as the x87 has
    /// it in its registers; its stores ([`super::convert()`] to a shorter format) then store nothing. Elsewhere the
    /// destination stays, and the value doesn't matter.
    pub wrap_exponent: bool,
    /// A tiny result becomes zero while underflow is masked (MXCSR.FZ).
    pub flush_to_zero: bool,
    /// Denormal operands count as zeros, and are not reported (MXCSR.DAZ).
    pub denormals_are_zero: bool,
}

impl Env {
    /// An x87 with control word 037Fh: nearest even, 64 bits, everything masked.
    pub const X87: Self = Self {
        rounding: Rounding::NearestEven,
        precision: Precision::Bits64,
        tininess: Tininess::AfterRounding,
        nan: NanRule::X87,
        unmasked: Flags::NONE,
        wrap_exponent: true,
        flush_to_zero: false,
        denormals_are_zero: false,
    };
    /// SSE with MXCSR 1F80h: nearest even, everything masked.
    pub const SSE: Self = Self { nan: NanRule::Sse, wrap_exponent: false, ..Self::X87 };
    /// A 68881 with FPCR 0.
    pub const M68K: Self =
        Self { nan: NanRule::M68k, tininess: Tininess::BeforeRounding, wrap_exponent: false, ..Self::X87 };

    /// What an x87 control word says.
    #[inline]
    pub const fn from_x87_control(word: u16) -> Self {
        Self {
            rounding: Rounding::from_rc(word >> 10),
            precision: Precision::from_pc(word >> 8),
            unmasked: Flags(!word as u8 & 0x3F),
            ..Self::X87
        }
    }

    /// What MXCSR says.
    #[inline]
    pub const fn from_mxcsr(mxcsr: u32) -> Self {
        Self {
            rounding: Rounding::from_rc((mxcsr >> 13) as u16),
            unmasked: Flags((!mxcsr >> 7) as u8 & 0x3F),
            flush_to_zero: mxcsr & 0x8000 != 0,
            denormals_are_zero: mxcsr & 0x0040 != 0,
            ..Self::SSE
        }
    }

    /// Whether one of these exceptions ends the operation before it computes anything.
    #[inline]
    pub(super) const fn stops(&self, flags: Flags) -> bool {
        self.unmasked.0 & flags.0 & Flags::BEFORE_COMPUTATION.0 != 0
    }

    /// The same, without precision control.
    #[inline]
    pub(super) const fn full_precision(&self) -> Self {
        Self { precision: Precision::Bits64, ..*self }
    }
}

/// What an operation gives. When an exception of [`Flags::BEFORE_COMPUTATION`] is unmasked and among `flags`, the
/// value is not to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    pub value: T,
    pub flags: Flags,
    /// Rounding made the magnitude larger: C1 of the x87's status word.
    pub rounded_up: bool,
}

impl<T> Outcome<T> {
    #[inline]
    pub(super) const fn exact(value: T, flags: Flags) -> Self {
        Self { value, flags, rounded_up: false }
    }

    /// The same with another value.
    #[inline]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome { value: f(self.value), flags: self.flags, rounded_up: self.rounded_up }
    }
}
