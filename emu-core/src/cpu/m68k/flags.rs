//! The condition codes, kept as the facts that they follow from.
//!
//! Arithmetic stores its result and its carries ([`carries_of_sum`](crate::cpu::int::carries_of_sum)); what N, Z, V and C are is
//! worked out when somebody asks. X is the carry of the last operation that sets it, and kept as that operation's carries.

use super::state::sr;
use crate::cpu::int::Int;
use serde::{Deserialize, Serialize};

/// The carry out of the top bit: C.
const CARRY: u32 = 1 << 31;
/// The carry into the top bit; V is set when it differs from the one out.
const CARRY_IN: u32 = 1 << 30;
/// N is the opposite of the result's sign.
const SIGN_INVERTED: u32 = 1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// The last result, sign-extended: Z and N follow from it.
    result: u32,
    carries: u32,
    /// Its top bit is X.
    extend: u32,
}

/// The two facts of a result's carries, in the top bits.
#[inline(always)]
fn top_carries<T: Int>(carries: u64) -> u32 {
    (carries << (32 - T::BITS)) as u32 & (CARRY | CARRY_IN)
}

impl Flags {
    /// All five, as the low byte of the status register has them.
    pub fn ccr(&self) -> u8 {
        let bit = |set: bool, bit: u16| if set { bit as u8 } else { 0 };
        bit(self.carry(), sr::CARRY)
            | bit(self.overflow(), sr::OVERFLOW)
            | bit(self.zero(), sr::ZERO)
            | bit(self.negative(), sr::NEGATIVE)
            | bit(self.extend(), sr::EXTEND)
    }

    /// Sets all five, in any combination.
    pub fn set_ccr(&mut self, ccr: u8) {
        let has = |bit: u16| u16::from(ccr) & bit != 0;
        self.extend = u32::from(has(sr::EXTEND)) << 31;
        self.set_all(has(sr::NEGATIVE), has(sr::ZERO), has(sr::OVERFLOW), has(sr::CARRY));
    }

    /// Sets all but X.
    pub fn set_all(&mut self, negative: bool, zero: bool, overflow: bool, carry: bool) {
        self.result = u32::from(!zero);
        let inverted = if negative { SIGN_INVERTED } else { 0 };
        self.carries = u32::from(carry) << 31 | u32::from(carry != overflow) << 30 | inverted;
    }

    /// The flags of a sum or difference: its result and carries. All five are set.
    #[inline(always)]
    pub fn set_arithmetic<T: Int>(&mut self, result: T, carries: u64) {
        self.set_comparison(result, carries);
        self.extend = self.carries;
    }

    /// As [`Self::set_arithmetic`], but X stays.
    #[inline(always)]
    pub fn set_comparison<T: Int>(&mut self, result: T, carries: u64) {
        self.result = result.signed() as u32;
        self.carries = top_carries::<T>(carries);
    }

    /// As [`Self::set_arithmetic`], but a result of zero leaves Z as it is: numbers of more than one part.
    #[inline(always)]
    pub fn set_part<T: Int>(&mut self, result: T, carries: u64) {
        // Any result that isn't zero will do, as long as it isn't negative.
        let before = u32::from(!self.zero());
        self.set_arithmetic(result, carries);
        self.result = if self.result == 0 { before } else { self.result };
    }

    /// The flags of a value moved or a bitwise result: V and C are clear, X stays.
    #[inline(always)]
    pub fn set_logic<T: Int>(&mut self, result: T) {
        self.result = result.signed() as u32;
        self.carries = 0;
    }

    /// The flags of a shift: X stays unless `extend` says.
    #[inline(always)]
    pub fn set_shift<T: Int>(&mut self, result: T, carry: bool, overflow: bool, extend: Option<bool>) {
        self.result = result.signed() as u32;
        self.carries = u32::from(carry) << 31 | u32::from(carry != overflow) << 30;
        if let Some(extend) = extend {
            self.extend = u32::from(extend) << 31;
        }
    }

    /// Sets Z and leaves the others.
    #[inline(always)]
    pub fn set_zero(&mut self, zero: bool) {
        let inverted = if self.negative() { SIGN_INVERTED } else { 0 };
        self.carries = self.carries & !SIGN_INVERTED | inverted;
        self.result = u32::from(!zero);
    }

    #[inline(always)]
    pub fn carry(&self) -> bool {
        self.carries & CARRY != 0
    }

    #[inline(always)]
    pub fn overflow(&self) -> bool {
        (self.carries ^ self.carries << 1) & CARRY != 0
    }

    #[inline(always)]
    pub fn zero(&self) -> bool {
        self.result == 0
    }

    #[inline(always)]
    pub fn negative(&self) -> bool {
        (self.result >> 31 != 0) != (self.carries & SIGN_INVERTED != 0)
    }

    #[inline(always)]
    pub fn extend(&self) -> bool {
        self.extend & CARRY != 0
    }

    /// One of the sixteen conditions, by its number (M68000PM/AD, table 3-19).
    #[inline(always)]
    pub fn condition(&self, number: u8) -> bool {
        let holds = match number >> 1 & 7 {
            0 => false,
            1 => self.carry() | self.zero(),
            2 => self.carry(),
            3 => self.zero(),
            4 => self.overflow(),
            5 => self.negative(),
            6 => self.negative() != self.overflow(),
            _ => self.zero() | (self.negative() != self.overflow()),
        };
        holds == (number & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::int::{borrows_of_difference, carries_of_sum};
    use proptest::prelude::*;

    fn facts(flags: &Flags) -> (bool, bool, bool, bool) {
        (flags.negative(), flags.zero(), flags.overflow(), flags.carry())
    }

    proptest! {
        #[test]
        fn sums_and_differences_agree_with_the_hosts(a: u16, b: u16, ccr in 0u8..32) {
            let mut flags = Flags::default();
            flags.set_ccr(ccr);
            prop_assert_eq!(flags.ccr(), ccr);
            let (sum, carry) = a.overflowing_add(b);
            let overflow = (a as i16).overflowing_add(b as i16).1;
            flags.set_arithmetic(sum, carries_of_sum(a.wide(), b.wide(), sum.wide()));
            prop_assert_eq!(facts(&flags), ((sum as i16) < 0, sum == 0, overflow, carry));
            prop_assert_eq!(flags.extend(), carry);
            let (difference, borrow) = a.overflowing_sub(b);
            let overflow = (a as i16).overflowing_sub(b as i16).1;
            flags.set_comparison(difference, borrows_of_difference(a.wide(), b.wide(), difference.wide()));
            prop_assert_eq!(facts(&flags), ((difference as i16) < 0, difference == 0, overflow, borrow));
            prop_assert_eq!(flags.extend(), carry);
            for (number, holds) in [(0xC, (a as i16) >= b as i16), (0xE, a as i16 > b as i16), (2, a > b), (4, a >= b)] {
                prop_assert_eq!(flags.condition(number), holds);
                prop_assert_eq!(flags.condition(number + 1), !holds);
            }
        }

        #[test]
        fn zero_can_be_set_alone(ccr in 0u8..32, zero: bool) {
            let mut flags = Flags::default();
            flags.set_ccr(ccr);
            flags.set_zero(zero);
            let without = u16::from(ccr) & !sr::ZERO;
            prop_assert_eq!(u16::from(flags.ccr()), if zero { without | sr::ZERO } else { without });
        }
    }

    #[test]
    fn parts_of_zero_leave_z() {
        let mut flags = Flags::default();
        for (before, result, after) in [(true, 0u8, true), (false, 0, false), (true, 0x80, false)] {
            flags.set_zero(before);
            flags.set_part(result, 0);
            assert_eq!((flags.zero(), flags.negative()), (after, result > 0x7F));
        }
    }
}
