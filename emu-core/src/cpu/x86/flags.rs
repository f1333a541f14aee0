//! The flags register, its status flags kept as the facts that they follow from.
//!
//! Arithmetic stores its result and its carries ([`carries_of_sum`](super::alu::carries_of_sum)); what CF, PF, AF, ZF, SF and OF are is
//! worked out when somebody asks, without a branch and without knowing which operation or width it was.

use super::alu::{Int, flag};
use serde::{Deserialize, Serialize};

/// Bits of EFLAGS above those of [`flag`] (Intel SDM volume 1, 3.4.3).
pub mod system {
    pub const IOPL: u64 = 3 << 12;
    pub const NT: u64 = 1 << 14;
    pub const RF: u64 = 1 << 16;
    pub const VM: u64 = 1 << 17;
    pub const AC: u64 = 1 << 18;
    pub const VIF: u64 = 1 << 19;
    pub const VIP: u64 = 1 << 20;
    pub const ID: u64 = 1 << 21;
    /// Bit 1 reads as one on every member.
    pub const FIXED: u64 = 2;
}

const STATUS: u64 = flag::STATUS as u64;

/// Where the facts lie in [`Flags::carries`].
mod fact {
    /// The carry out of the top bit: CF.
    pub const CARRY: u64 = 1 << 63;
    /// The carry into the top bit; OF is set when it differs from the one out.
    pub const CARRY_IN: u64 = 1 << 62;
    pub const HALF: u64 = 1 << 3;
    /// SF is the opposite of the result's sign.
    pub const SIGN_INVERTED: u64 = 1 << 4;
    /// Eight bits by which the result's low byte is changed before its parity is taken.
    pub const PARITY_CHANGE_SHIFT: u32 = 8;
    /// What arithmetic sets.
    pub const ARITHMETIC: u64 = CARRY | CARRY_IN | HALF;
}

/// EFLAGS, or FLAGS, or RFLAGS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// The last result, sign-extended: ZF, SF and PF follow from it.
    result: u64,
    /// CF, OF and AF, and where the result must be read differently; see [`fact`].
    carries: u64,
    /// All that isn't a status flag.
    rest: u64,
}

impl Flags {
    /// As after RESET: nothing but the fixed bit.
    pub fn new() -> Self {
        let mut flags = Self::default();
        flags.set_word(system::FIXED);
        flags
    }

    /// All bits.
    #[inline]
    pub fn word(&self) -> u64 {
        self.rest | u64::from(self.status())
    }

    /// All but the status flags, which take time to work out.
    #[inline]
    pub fn system(&self) -> u64 {
        self.rest
    }

    /// The status flags alone, as [`flag::STATUS`] has them.
    #[inline]
    pub fn status(&self) -> u16 {
        let bit = |set: bool, bit: u16| u16::from(set) * bit;
        bit(self.carry(), flag::CF)
            | bit(self.parity(), flag::PF)
            | bit(self.half_carry(), flag::AF)
            | bit(self.zero(), flag::ZF)
            | bit(self.sign(), flag::SF)
            | bit(self.overflow(), flag::OF)
    }

    /// Sets every bit as given; what a member lacks the caller has masked away.
    #[inline]
    pub fn set_word(&mut self, word: u64) {
        self.rest = word & !STATUS;
        self.set_status((word & STATUS) as u16);
    }

    /// Sets the status flags, in any combination, also those that no result has.
    #[inline]
    pub fn set_status(&mut self, status: u16) {
        // Each bit is shifted to its place: no comparison, which would have to become a number again.
        let has = |bit: u16| u64::from(status) >> bit.trailing_zeros() & 1;
        let zero = has(flag::ZF);
        self.result = zero ^ 1;
        // Zero has even parity and one has odd; the change makes up for where that is not what is wanted.
        let parity_change = (has(flag::PF) ^ zero) << fact::PARITY_CHANGE_SHIFT;
        self.carries = (has(flag::AF) * fact::HALF)
            | (has(flag::SF) * fact::SIGN_INVERTED)
            | parity_change
            | has(flag::CF) << 63
            | (has(flag::CF) ^ has(flag::OF)) << 62;
    }

    /// The flags of a sum or difference: its result and what [`super::alu::carries_of_sum`] or its like says.
    #[inline(always)]
    pub fn set_arithmetic<T: Int>(&mut self, result: T, carries: u64) {
        self.result = result.signed() as u64;
        self.carries = if T::BITS == 64 {
            carries & fact::ARITHMETIC
        } else {
            carries << (64 - T::BITS) | carries & fact::HALF
        };
    }

    /// As [`Self::set_arithmetic`], but CF stays: INC and DEC.
    #[inline(always)]
    pub fn set_arithmetic_but_carry<T: Int>(&mut self, result: T, carries: u64) {
        let carry = self.carries & fact::CARRY;
        self.set_arithmetic(result, carries);
        let differs = (self.carries ^ self.carries << 1) & fact::CARRY;
        self.carries = self.carries & fact::HALF | carry | (carry ^ differs) >> 1;
    }

    /// The flags of a bitwise result: CF, OF and AF are clear.
    #[inline(always)]
    pub fn set_logic<T: Int>(&mut self, result: T) {
        self.result = result.signed() as u64;
        self.carries = 0;
    }

    /// Sets CF and OF and leaves the others: rotations, and the end of shifts and products.
    #[inline(always)]
    pub fn set_carry_and_overflow(&mut self, carry: bool, overflow: bool) {
        let kept = self.carries & !(fact::CARRY | fact::CARRY_IN);
        self.carries = kept | u64::from(carry) << 63 | u64::from(carry ^ overflow) << 62;
    }

    #[inline(always)]
    pub fn set_carry(&mut self, carry: bool) {
        self.set_carry_and_overflow(carry, self.overflow());
    }

    #[inline(always)]
    pub fn set_half_carry(&mut self, half: bool) {
        self.carries = self.carries & !fact::HALF | u64::from(half) << 3;
    }

    /// Sets ZF and leaves the others.
    pub fn set_zero(&mut self, zero: bool) {
        let status = self.status() & !flag::ZF;
        self.set_status(status | if zero { flag::ZF } else { 0 });
    }

    #[inline(always)]
    pub fn carry(&self) -> bool {
        self.carries & fact::CARRY != 0
    }

    #[inline(always)]
    pub fn overflow(&self) -> bool {
        (self.carries ^ self.carries << 1) & fact::CARRY != 0
    }

    #[inline(always)]
    pub fn zero(&self) -> bool {
        self.result == 0
    }

    #[inline(always)]
    pub fn sign(&self) -> bool {
        (self.result >> 63 != 0) != (self.carries & fact::SIGN_INVERTED != 0)
    }

    #[inline(always)]
    pub fn parity(&self) -> bool {
        let byte = (self.result ^ self.carries >> fact::PARITY_CHANGE_SHIFT) as u8;
        // Not every host has an instruction that counts bits: here, a bit for each value of four.
        const EVEN: u32 = 0x9669;
        EVEN >> ((byte ^ byte >> 4) & 15) & 1 != 0
    }

    #[inline(always)]
    pub fn half_carry(&self) -> bool {
        self.carries & fact::HALF != 0
    }

    /// One of the sixteen conditions, by the low four bits of the opcode (Intel SDM volume 1, appendix B).
    #[inline(always)]
    pub fn condition(&self, number: u8) -> bool {
        let holds = match number >> 1 & 7 {
            0 => self.overflow(),
            1 => self.carry(),
            2 => self.zero(),
            3 => self.carry() | self.zero(),
            4 => self.sign(),
            5 => self.parity(),
            6 => self.sign() != self.overflow(),
            _ => self.zero() | (self.sign() != self.overflow()),
        };
        holds != (number & 1 != 0)
    }

    /// Whether any of these bits is set; none of them a status flag.
    #[inline(always)]
    pub fn has(&self, bits: u64) -> bool {
        debug_assert!(bits & STATUS == 0);
        self.rest & bits != 0
    }

    /// Sets or clears bits, none of them a status flag.
    #[inline(always)]
    pub fn put(&mut self, bits: u64, set: bool) {
        debug_assert!(bits & STATUS == 0);
        self.rest = if set { self.rest | bits } else { self.rest & !bits };
    }

    /// The I/O privilege level.
    pub fn iopl(&self) -> u8 {
        (self.rest >> 12 & 3) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::super::alu::{self, borrows_of_difference, carries_of_sum};
    use super::*;
    use proptest::prelude::*;

    fn agree<T: Int>(a: u64, b: u64, carry: bool) {
        let (a, b) = (T::low(a), T::low(b));
        let mut flags = Flags::new();
        let sum = alu::add(a, b, carry);
        flags.set_arithmetic(sum.value, carries_of_sum(a.wide(), b.wide(), sum.value.wide()));
        assert_eq!(flags.status(), sum.flags, "{a:?} + {b:?}");
        let difference = alu::sub(a, b, carry);
        let borrows = borrows_of_difference(a.wide(), b.wide(), difference.value.wide());
        flags.set_arithmetic(difference.value, borrows);
        assert_eq!(flags.status(), difference.flags, "{a:?} - {b:?}");
        let kept = flags.status();
        let increment = alu::inc(a, kept);
        let carries = carries_of_sum(a.wide(), 1, increment.value.wide());
        flags.set_arithmetic_but_carry(increment.value, carries);
        assert_eq!(flags.status(), increment.flags, "{a:?} + 1 with {kept:#x}");
        for number in 0..16 {
            assert_eq!(flags.condition(number), alu::condition(number, flags.status()), "condition {number}");
        }
        flags.set_logic(a);
        assert_eq!(flags.status(), alu::logic(a).flags);
    }

    proptest! {
        #[test]
        fn facts_and_flags_agree(a: u64, b: u64, carry: bool) {
            agree::<u8>(a, b, carry);
            agree::<u16>(a, b, carry);
            agree::<u32>(a, b, carry);
            agree::<u64>(a, b, carry);
        }
    }

    #[test]
    fn every_combination_can_be_set() {
        for word in 0..=u16::MAX {
            let status = word & flag::STATUS;
            let mut flags = Flags::new();
            flags.set_word(u64::from(word));
            assert_eq!(flags.word(), u64::from(word));
            assert_eq!(flags.status(), status);
            flags.set_carry_and_overflow(true, word & 1 != 0);
            let others = status & !(flag::CF | flag::OF);
            let overflow = if word & 1 != 0 { flag::OF } else { 0 };
            assert_eq!(flags.status(), others | flag::CF | overflow);
            flags.set_zero(true);
            assert_eq!(flags.status(), others | flag::CF | flag::ZF | overflow);
        }
    }
}
