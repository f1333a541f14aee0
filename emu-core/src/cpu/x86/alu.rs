//! Arithmetic and flags of the x86 family: numbers in, number and flags out. Nothing here sees registers, memory
//! or time.
//!
//! Results include what the data sheets leave undefined, as the 8086's own ALU gives it (a result is passed through
//! the shifter, the adder sets all six flags).

/// Bits of FLAGS (8086 family user's manual 9800722, figure 2-11).
pub mod flag {
    pub const CF: u16 = 0x0001;
    pub const PF: u16 = 0x0004;
    pub const AF: u16 = 0x0010;
    pub const ZF: u16 = 0x0040;
    pub const SF: u16 = 0x0080;
    pub const TF: u16 = 0x0100;
    pub const IF: u16 = 0x0200;
    pub const DF: u16 = 0x0400;
    pub const OF: u16 = 0x0800;
    /// What arithmetic changes.
    pub const STATUS: u16 = CF | PF | AF | ZF | SF | OF;
}

pub use crate::cpu::int::{Int, borrows_of_difference, carries_of_sum};
use flag::{AF, CF, OF, PF, SF, STATUS, ZF};

/// SF, ZF and PF of every byte.
const SIGN_ZERO_PARITY: [u8; 256] = {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let byte = value as u8;
        let parity = if byte.count_ones().is_multiple_of(2) { PF as u8 } else { 0 };
        let zero = if byte == 0 { ZF as u8 } else { 0 };
        table[value] = parity | zero | (byte & 0x80);
        value += 1;
    }
    table
};

/// SF, ZF and PF of a value. PF looks at the low byte only, whatever the width.
#[inline(always)]
fn sign_zero_parity<T: Int>(value: T) -> u16 {
    let wide = value.wide();
    if T::BITS == 8 {
        return SIGN_ZERO_PARITY[wide as usize & 0xFF].into();
    }
    let parity = u16::from(SIGN_ZERO_PARITY[wide as usize & 0xFF]) & PF;
    let zero = if wide == 0 { ZF } else { 0 };
    parity | zero | ((wide >> (T::BITS - 8)) as u16 & SF)
}

/// A result and the status flags that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AluOut<T> {
    pub value: T,
    /// All of [`flag::STATUS`]; other bits are clear.
    pub flags: u16,
}

/// The eight operations of opcodes 00–3F and of the immediate group, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
}

impl Operation {
    /// The operation of a three-bit field.
    #[inline(always)]
    pub const fn from_field(field: u8) -> Self {
        match field & 7 {
            0 => Self::Add,
            1 => Self::Or,
            2 => Self::Adc,
            3 => Self::Sbb,
            4 => Self::And,
            5 => Self::Sub,
            6 => Self::Xor,
            _ => Self::Cmp,
        }
    }

    /// `a` and `b` combined; `flags` gives the carry in.
    #[inline(always)]
    pub fn apply<T: Int>(self, a: T, b: T, flags: u16) -> AluOut<T> {
        match self {
            Self::Add => add(a, b, false),
            Self::Or => logic(T::low(a.wide() | b.wide())),
            Self::Adc => add(a, b, flags & CF != 0),
            Self::Sbb => sub(a, b, flags & CF != 0),
            Self::And => logic(T::low(a.wide() & b.wide())),
            Self::Sub | Self::Cmp => sub(a, b, false),
            Self::Xor => logic(T::low(a.wide() ^ b.wide())),
        }
    }
}

/// CF, AF and OF of a result whose carries these are.
#[inline(always)]
fn carry_flags<T: Int>(carries: u64) -> u16 {
    let carry = (carries >> (T::BITS - 1)) as u16 & CF;
    let overflow = if (carries ^ carries << 1) >> (T::BITS - 1) & 1 != 0 { OF } else { 0 };
    carry | overflow | (carries << 1) as u16 & AF
}

#[inline(always)]
pub fn add<T: Int>(a: T, b: T, carry: bool) -> AluOut<T> {
    let (a, b) = (a.wide(), b.wide());
    let value = T::low(a.wrapping_add(b).wrapping_add(u64::from(carry)));
    let flags = carry_flags::<T>(carries_of_sum(a, b, value.wide()));
    AluOut { value, flags: flags | sign_zero_parity(value) }
}

#[inline(always)]
pub fn sub<T: Int>(a: T, b: T, borrow: bool) -> AluOut<T> {
    let (a, b) = (a.wide(), b.wide());
    let value = T::low(a.wrapping_sub(b).wrapping_sub(u64::from(borrow)));
    let flags = carry_flags::<T>(borrows_of_difference(a, b, value.wide()));
    AluOut { value, flags: flags | sign_zero_parity(value) }
}

/// A bitwise result: only SF, ZF and PF can be set.
#[inline(always)]
pub fn logic<T: Int>(value: T) -> AluOut<T> {
    AluOut { value, flags: sign_zero_parity(value) }
}

/// INC and DEC keep CF, which comes from `flags`.
#[inline(always)]
pub fn inc<T: Int>(a: T, flags: u16) -> AluOut<T> {
    let out = add(a, T::low(1), false);
    AluOut { value: out.value, flags: out.flags & !CF | flags & CF }
}

#[inline(always)]
pub fn dec<T: Int>(a: T, flags: u16) -> AluOut<T> {
    let out = sub(a, T::low(1), false);
    AluOut { value: out.value, flags: out.flags & !CF | flags & CF }
}

/// The eight operations of the shift group (D0–D3), in the order of their numbers. `SetMinusOne` is the 8086's
/// undocumented number 6, which later members decode as SHL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Rol,
    Ror,
    Rcl,
    Rcr,
    Shl,
    Shr,
    SetMinusOne,
    Sar,
}

impl Shift {
    /// The operation of a three-bit field.
    #[inline(always)]
    pub const fn from_field(field: u8) -> Self {
        match field & 7 {
            0 => Self::Rol,
            1 => Self::Ror,
            2 => Self::Rcl,
            3 => Self::Rcr,
            4 => Self::Shl,
            5 => Self::Shr,
            6 => Self::SetMinusOne,
            _ => Self::Sar,
        }
    }

    /// `a` shifted by `count`, at least 1, as members from the 80186 on do it. Gives CF and OF too; OF is defined for
    /// a count of one, and else what the same rule gives.
    #[inline]
    pub fn by<T: Int>(self, a: T, count: u32, carry_in: bool) -> (T, bool, bool) {
        let (wide, bits) = (u128::from(a.wide()), T::BITS);
        let turn = count % bits;
        let (value, carry) = match self {
            Self::Rol => {
                let value = wide << turn | wide >> (bits - turn);
                (value, value & 1 != 0)
            }
            Self::Ror => {
                let value = wide >> turn | wide << (bits - turn);
                (value, value >> (bits - 1) & 1 != 0)
            }
            Self::Rcl | Self::Rcr => self.through_carry::<T>(wide, count, carry_in),
            Self::Shl | Self::SetMinusOne => (wide << count, wide << count >> bits & 1 != 0),
            Self::Shr => (wide >> count, wide >> (count - 1) & 1 != 0),
            Self::Sar => {
                let signed = i128::from(a.signed());
                ((signed >> count) as u128, signed >> (count - 1) & 1 != 0)
            }
        };
        let value = T::low(value as u64);
        let overflow = match self {
            Self::Rol | Self::Rcl | Self::Shl | Self::SetMinusOne => value.is_negative() != carry,
            Self::Ror | Self::Rcr => (value.wide() ^ value.wide() << 1) >> (bits - 1) & 1 != 0,
            Self::Shr => a.is_negative() && count == 1,
            Self::Sar => false,
        };
        (value, carry, overflow)
    }

    /// RCL and RCR: a rotation of one bit more, the topmost of which is the carry.
    fn through_carry<T: Int>(self, wide: u128, count: u32, carry_in: bool) -> (u128, bool) {
        let ring_bits = T::BITS + 1;
        let ring = wide | u128::from(carry_in) << T::BITS;
        let turn = if self == Self::Rcl { count % ring_bits } else { ring_bits - count % ring_bits };
        let turned = ring << (turn % ring_bits) | ring >> ((ring_bits - turn) % ring_bits);
        let turned = if turn % ring_bits == 0 { ring } else { turned };
        (turned, turned >> T::BITS & 1 != 0)
    }

    /// One step of the shifter. Rotations change CF and OF only; the other bits of [`flag::STATUS`] come from
    /// `flags`.
    #[inline(always)]
    pub fn once<T: Int>(self, a: T, flags: u16) -> AluOut<T> {
        let wide = a.wide();
        let top = T::BITS - 1;
        let carry_in = u64::from(flags & CF);
        let (value, carry) = match self {
            Self::Rol => (wide << 1 | wide >> top, wide >> top),
            Self::Ror => (wide >> 1 | wide << top, wide & 1),
            Self::Rcl => (wide << 1 | carry_in, wide >> top),
            Self::Rcr => (wide >> 1 | carry_in << top, wide & 1),
            Self::Shl => (wide << 1, wide >> top),
            Self::Shr => (wide >> 1, wide & 1),
            Self::SetMinusOne => (T::MASK, 0),
            Self::Sar => (wide >> 1 | wide & 1 << top, wide & 1),
        };
        let value = T::low(value);
        let overflow = if (value.wide() ^ wide) >> top != 0 { OF } else { 0 };
        let carry = carry as u16 & CF;
        let rest = match self {
            Self::Rol | Self::Ror | Self::Rcl | Self::Rcr => flags & (STATUS & !(CF | OF)),
            Self::Shl => sign_zero_parity(value) | (wide << 1) as u16 & AF,
            Self::Shr | Self::Sar => sign_zero_parity(value) | (wide >> 1) as u16 & AF,
            Self::SetMinusOne => sign_zero_parity(value),
        };
        AluOut { value, flags: carry | overflow | rest }
    }
}

/// How a member decides that the upper digit of DAA and DAS is to be adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalRule {
    /// The 8086: from A0 on if AF is set, else from 9A on; the adjustment of the lower digit carries nothing.
    I8086,
    /// The manuals, and the 80286: from 9A on; the adjustment of the lower digit may set CF.
    Manual,
}

/// DAA: adjusts the sum `al` of two packed decimal bytes.
pub fn daa(al: u8, flags: u16, rule: DecimalRule) -> AluOut<u8> {
    let (low, high) = digits_to_adjust(al, flags, rule);
    let step = if low { al.wrapping_add(6) } else { al };
    let value = if high { step.wrapping_add(0x60) } else { step };
    let overflow = low && step & !al & 0x80 != 0 || high && value & !step & 0x80 != 0;
    adjusted(value, low, high, overflow)
}

/// DAS: adjusts the difference `al` of two packed decimal bytes.
pub fn das(al: u8, flags: u16, rule: DecimalRule) -> AluOut<u8> {
    let (low, high) = digits_to_adjust(al, flags, rule);
    let step = if low { al.wrapping_sub(6) } else { al };
    let value = if high { step.wrapping_sub(0x60) } else { step };
    let overflow = low && al & !step & 0x80 != 0 || high && step & !value & 0x80 != 0;
    let borrows = rule == DecimalRule::Manual && low && al < 6;
    adjusted(value, low, high || borrows, overflow)
}

fn digits_to_adjust(al: u8, flags: u16, rule: DecimalRule) -> (bool, bool) {
    let limit = if rule == DecimalRule::I8086 && flags & AF != 0 { 0x9F } else { 0x99 };
    (flags & AF != 0 || al & 0x0F > 9, flags & CF != 0 || al > limit)
}

/// The low digit of AAA, before its upper half is cleared; CF says whether AH is to change.
pub fn aaa(al: u8, flags: u16) -> AluOut<u8> {
    let carry = flags & AF != 0 || al & 0x0F > 9;
    let value = if carry { al.wrapping_add(6) } else { al };
    adjusted(value, carry, carry, value & !al & 0x80 != 0)
}

/// As [`aaa`], for AAS.
pub fn aas(al: u8, flags: u16) -> AluOut<u8> {
    let carry = flags & AF != 0 || al & 0x0F > 9;
    let value = if carry { al.wrapping_sub(6) } else { al };
    adjusted(value, carry, carry, al & !value & 0x80 != 0)
}

fn adjusted(value: u8, half: bool, carry: bool, overflow: bool) -> AluOut<u8> {
    let half = if half { AF } else { 0 };
    let carry = if carry { CF } else { 0 };
    let overflow = if overflow { OF } else { 0 };
    AluOut { value, flags: half | carry | overflow | sign_zero_parity(value) }
}

/// `high:low` divided by `divisor`: quotient and remainder. `None` when the divisor is zero or the quotient does not
/// fit.
pub fn divide<T: Int>(high: T, low: T, divisor: T, signed: bool) -> Option<(T, T)> {
    let dividend = u128::from(high.wide()) << T::BITS | u128::from(low.wide());
    if divisor.wide() == 0 {
        return None;
    }
    if signed {
        let unused = 128 - 2 * T::BITS;
        let dividend = (dividend << unused) as i128 >> unused;
        let divisor = i128::from(divisor.signed());
        let (quotient, remainder) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
        let fits = i128::from(T::low(quotient as u64).signed()) == quotient;
        return fits.then(|| (T::low(quotient as u64), T::low(remainder as u64)));
    }
    let divisor = u128::from(divisor.wide());
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    (quotient >> T::BITS == 0).then(|| (T::low(quotient as u64), T::low(remainder as u64)))
}

/// The sixteen conditions of the conditional jumps, by the low four bits of the opcode.
#[inline(always)]
pub fn condition(number: u8, flags: u16) -> bool {
    let less = (flags & SF != 0) != (flags & OF != 0);
    let holds = match number >> 1 & 7 {
        0 => flags & OF != 0,
        1 => flags & CF != 0,
        2 => flags & ZF != 0,
        3 => flags & (CF | ZF) != 0,
        4 => flags & SF != 0,
        5 => flags & PF != 0,
        6 => less,
        _ => less || flags & ZF != 0,
    };
    holds != (number & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_set_the_flags_of_the_manual() {
        for (a, b, carry, value, flags) in [
            (0x7Fu8, 0x01u8, false, 0x80u8, OF | SF | AF),
            (0xFF, 0x01, false, 0x00, CF | ZF | PF | AF),
            (0x0F, 0x00, true, 0x10, AF),
            (0x80, 0x80, false, 0x00, CF | OF | ZF | PF),
        ] {
            assert_eq!(add(a, b, carry), AluOut { value, flags }, "{a:#x}+{b:#x}");
        }
        assert_eq!(sub(0u16, 1, false), AluOut { value: 0xFFFF, flags: CF | AF | SF | PF });
        assert_eq!(sub(0x8000u16, 1, false), AluOut { value: 0x7FFF, flags: OF | AF | PF });
    }

    #[test]
    fn every_operation_agrees_with_wide_arithmetic() {
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                let sum = add(a, b, false);
                assert_eq!((sum.value, sum.flags & CF != 0), a.overflowing_add(b));
                assert_eq!(sum.flags & OF != 0, (a as i8).overflowing_add(b as i8).1);
                let difference = sub(a, b, false);
                assert_eq!((difference.value, difference.flags & CF != 0), a.overflowing_sub(b));
                assert_eq!(difference.flags & OF != 0, (a as i8).overflowing_sub(b as i8).1);
                assert_eq!(difference.flags & AF != 0, a & 15 < b & 15);
            }
        }
    }

    #[test]
    fn decimal_sums_come_out_decimal() {
        let packed = |n: u8| ((n / 10) << 4) | (n % 10);
        for a in 0..100u8 {
            for b in 0..100u8 {
                let sum = add(packed(a), packed(b), false);
                let adjusted = daa(sum.value, sum.flags, DecimalRule::Manual);
                assert_eq!(adjusted, daa(sum.value, sum.flags, DecimalRule::I8086));
                assert_eq!(adjusted.value, packed((a + b) % 100));
                assert_eq!(adjusted.flags & CF != 0, a + b >= 100);
            }
        }
    }

    #[test]
    fn conditions_come_in_pairs() {
        for flags in [0, CF, ZF, SF, OF, PF, SF | OF, ZF | SF] {
            for number in (0..16).step_by(2) {
                assert_ne!(condition(number, flags), condition(number + 1, flags));
            }
        }
        assert!(condition(0xC, SF));
        assert!(condition(0xE, SF | OF | ZF));
    }
}
