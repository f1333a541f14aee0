//! Arithmetic of the family that is more than a sum: shifts, decimal digits, quotients. Numbers in, number and flags out.

use super::table::Shift;
use crate::cpu::int::Int;

/// What a shift makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shifted<T> {
    pub value: T,
    pub carry: bool,
    pub overflow: bool,
    /// X, if it changes.
    pub extend: Option<bool>,
}

/// `a` shifted by `count`, below 64 (M68000PM/AD: ASL, LSL, ROL, ROXL and their like).
#[inline(always)]
pub fn shift<T: Int>(kind: Shift, a: T, count: u32, extend: bool) -> Shifted<T> {
    if let Shift::ExtendLeft | Shift::ExtendRight = kind {
        return through_extend(kind == Shift::ExtendLeft, a, count, extend);
    }
    if count == 0 {
        return Shifted { value: a, carry: false, overflow: false, extend: None };
    }
    let (wide, bits) = (a.wide(), T::BITS);
    let turn = count % bits;
    // Beyond that, nothing is left.
    let count = count.min(bits + 1);
    let (value, carry) = match kind {
        Shift::ArithmeticLeft | Shift::LogicalLeft => (wide << count, wide << count >> bits),
        Shift::LogicalRight => (wide >> count, wide >> (count - 1)),
        Shift::ArithmeticRight => ((a.signed() >> count) as u64, (a.signed() >> (count - 1)) as u64),
        Shift::RotateLeft => {
            let value = wide << turn | wide >> (bits - turn);
            (value, value)
        }
        _ => {
            let value = wide >> turn | wide << (bits - turn);
            (value, value >> (bits - 1))
        }
    };
    let (value, carry) = (T::low(value), carry & 1 != 0);
    let overflow = kind == Shift::ArithmeticLeft && loses_sign(a, count);
    let rotates = matches!(kind, Shift::RotateLeft | Shift::RotateRight);
    Shifted { value, carry, overflow, extend: (!rotates).then_some(carry) }
}

/// Whether the sign of `a` changes on its way `count` bits to the left.
#[inline(always)]
fn loses_sign<T: Int>(a: T, count: u32) -> bool {
    if count >= T::BITS {
        return a.wide() != 0;
    }
    let passed = a.signed() >> (T::BITS - 1 - count);
    passed != 0 && passed != -1
}

/// A rotation of one bit more, the topmost of which is X.
#[inline(always)]
fn through_extend<T: Int>(left: bool, a: T, count: u32, extend: bool) -> Shifted<T> {
    let ring_bits = T::BITS + 1;
    let ring = a.wide() | u64::from(extend) << T::BITS;
    let turn = count % ring_bits;
    let up = if left || turn == 0 { turn } else { ring_bits - turn };
    let turned = if up == 0 { ring } else { ring << up | ring >> (ring_bits - up) };
    let carry = turned >> T::BITS & 1 != 0;
    Shifted { value: T::low(turned), carry, overflow: false, extend: Some(carry) }
}

/// The sum of two bytes of two decimal digits each, and its carry; what aren't digits go through the same adders.
pub fn decimal_sum(a: u8, b: u8, carry: bool) -> (u8, bool) {
    let (a, b) = (u16::from(a), u16::from(b));
    let sum = a + b + u16::from(carry);
    let binary = (a & b | !sum & a | !sum & b) & 0x88;
    let decimal = ((sum + 0x66) ^ sum) & 0x110;
    let digits = binary | decimal >> 1;
    let corrected = sum.wrapping_add(digits - (digits >> 2));
    (corrected as u8, (binary | sum & !corrected) & 0x80 != 0)
}

/// `a` minus `b`, as [`decimal_sum`] adds.
pub fn decimal_difference(a: u8, b: u8, borrow: bool) -> (u8, bool) {
    let (a, b) = (u16::from(a), u16::from(b));
    let difference = a.wrapping_sub(b).wrapping_sub(u16::from(borrow));
    let digits = (!a & b | difference & !a | difference & b) & 0x88;
    let corrected = difference.wrapping_sub(digits - (digits >> 2));
    (corrected as u8, (digits | !difference & corrected) & 0x80 != 0)
}

/// The quotient and remainder of a long by a word; `None` when the quotient is more than a word.
pub fn divide(dividend: u32, divisor: u16, signed: bool) -> Option<(u16, u16)> {
    if signed {
        let (dividend, divisor) = (dividend as i32, i32::from(divisor as i16));
        let (quotient, remainder) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
        return Some((i16::try_from(quotient).ok()? as u16, remainder as u16));
    }
    let divisor = u32::from(divisor);
    let (quotient, remainder) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
    Some((u16::try_from(quotient).ok()?, remainder as u16))
}

/// The clock cycles that any division takes.
pub const DIVIDE_CLOCKS: u32 = 10;

/// The clock cycles of DIVU: the part subtracts or not, bit by bit, and gives up at once when the quotient cannot fit.
pub fn divide_unsigned_clocks(dividend: u32, divisor: u16) -> u32 {
    let aligned = u32::from(divisor) << 16;
    if dividend >= aligned {
        return DIVIDE_CLOCKS;
    }
    let (mut clocks, mut rest) = (76, dividend);
    for _ in 0..15 {
        let carry = rest >> 31 != 0;
        rest <<= 1;
        if carry {
            rest = rest.wrapping_sub(aligned);
        } else if rest >= aligned {
            rest -= aligned;
            clocks += 2;
        } else {
            clocks += 4;
        }
    }
    clocks
}

/// The clock cycles of DIVS: it works with magnitudes, and every zero bit of their quotient but the last costs more.
pub fn divide_signed_clocks(dividend: u32, divisor: u16) -> u32 {
    let (dividend, divisor) = (dividend as i32, divisor as i16);
    let negative = u32::from(dividend < 0);
    let (magnitude, by) = (dividend.unsigned_abs(), u32::from(divisor.unsigned_abs()));
    if magnitude >> 16 >= by {
        return 16 + 2 * negative;
    }
    let quotient = magnitude / by;
    let zeros = (1..16).filter(|bit| quotient >> bit & 1 == 0).count() as u32;
    let signs = match (divisor < 0, dividend < 0) {
        (true, _) => 0,
        (false, false) => -2i32,
        (false, true) => 2,
    };
    (122 + 2 * negative + 2 * zeros).wrapping_add_signed(signs)
}

/// The clock cycles that a factor adds to a product: for each bit that is set or, signed, differs from the one below.
#[inline(always)]
pub fn multiply_clocks(factor: u16, signed: bool) -> u32 {
    let steps = if signed { factor ^ factor << 1 } else { factor };
    2 * steps.count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One bit after the other, as the manual says it.
    fn slowly(kind: Shift, a: u8, count: u32, mut extend: bool) -> Shifted<u8> {
        let (mut value, mut carry, mut overflow) = (a, false, false);
        let with_extend = matches!(kind, Shift::ExtendLeft | Shift::ExtendRight);
        if with_extend {
            carry = extend;
        }
        for _ in 0..count {
            let (out, next) = match kind {
                Shift::ArithmeticLeft | Shift::LogicalLeft => (value & 0x80, value << 1),
                Shift::ArithmeticRight => (value & 1, value >> 1 | value & 0x80),
                Shift::LogicalRight => (value & 1, value >> 1),
                Shift::ExtendLeft => (value & 0x80, value << 1 | u8::from(extend)),
                Shift::ExtendRight => (value & 1, value >> 1 | u8::from(extend) << 7),
                Shift::RotateLeft => (value & 0x80, value.rotate_left(1)),
                Shift::RotateRight => (value & 1, value.rotate_right(1)),
            };
            overflow |= kind == Shift::ArithmeticLeft && (value ^ next) & 0x80 != 0;
            (value, carry) = (next, out != 0);
            extend = carry;
        }
        let rotates = matches!(kind, Shift::RotateLeft | Shift::RotateRight);
        let changes = !rotates && (count != 0 || with_extend);
        Shifted { value, carry, overflow, extend: changes.then_some(extend) }
    }

    proptest! {
        #[test]
        fn shifts_are_steps_by_one(a: u8, count in 0u32..64, extend: bool) {
            for kind in [
                Shift::ArithmeticLeft, Shift::ArithmeticRight, Shift::LogicalLeft, Shift::LogicalRight,
                Shift::ExtendLeft, Shift::ExtendRight, Shift::RotateLeft, Shift::RotateRight,
            ] {
                prop_assert_eq!(shift(kind, a, count, extend), slowly(kind, a, count, extend), "{:?}", kind);
            }
        }
    }

    #[test]
    fn decimal_digits_add_and_subtract() {
        let packed = |n: u8| ((n / 10) << 4) | (n % 10);
        for a in 0..100u8 {
            for b in 0..100u8 {
                for carry in [false, true] {
                    let c = u8::from(carry);
                    let sum = (packed((a + b + c) % 100), a + b + c >= 100);
                    assert_eq!(decimal_sum(packed(a), packed(b), carry), sum, "{a}+{b}+{c}");
                    let difference = (packed((100 + a - b - c) % 100), a < b + c);
                    assert_eq!(decimal_difference(packed(a), packed(b), carry), difference, "{a}-{b}-{c}");
                }
            }
        }
    }

    #[test]
    fn quotients_that_do_not_fit_are_none() {
        for (dividend, divisor, signed, want) in [
            (100, 7, false, Some((14, 2))),
            (0x0001_0000, 1, false, None),
            (0xFFFF_FF9C, 7, true, Some((0xFFF2, 0xFFFE))),
            (0x8000_0000, 0xFFFF, true, None),
            (0xFFFF_8000, 1, true, Some((0x8000, 0))),
            (1, 0, true, None),
        ] {
            assert_eq!(divide(dividend, divisor, signed), want);
        }
    }
}
