//! Numbers of the widths that instructions work with.

use crate::mem::Scalar;

/// An operand width: `u8` to `u64`.
pub trait Int: Scalar {
    const BITS: u32;
    const MASK: u64 = u64::MAX >> (64 - Self::BITS);

    /// The low bits of `value`.
    fn low(value: u64) -> Self;

    #[inline(always)]
    fn wide(self) -> u64 {
        self.into()
    }

    /// The value as a signed number.
    #[inline(always)]
    fn signed(self) -> i64 {
        (self.wide() << (64 - Self::BITS)) as i64 >> (64 - Self::BITS)
    }

    #[inline(always)]
    fn is_negative(self) -> bool {
        self.wide() >> (Self::BITS - 1) != 0
    }
}

macro_rules! int {
    ($($type:ty)*) => {$(
        impl Int for $type {
            const BITS: u32 = <$type>::BITS;

            #[inline(always)]
            fn low(value: u64) -> Self {
                value as $type
            }
        }
    )*};
}

int! { u8 u16 u32 u64 }

/// The carries out of each bit of `a + b` (and a carry, perhaps), from its result.
#[inline(always)]
pub const fn carries_of_sum(a: u64, b: u64, result: u64) -> u64 {
    a & b | (a | b) & !result
}

/// The borrows out of each bit of `a - b` (and a borrow, perhaps), from its result.
#[inline(always)]
pub const fn borrows_of_difference(a: u64, b: u64, result: u64) -> u64 {
    !a & b | (!a | b) & result
}
