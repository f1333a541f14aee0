//! What the operations of the intermediate code compute, from their definitions and by no code of the engines: bit by
//! bit where that is plainest.

use emu_core::addr::Width;
use emu_core::cpu::x86::alu::Shift;
use emu_core::cpu::x86::alu::flag::{AF, CF, OF, PF, SF, ZF};

/// The bits of a width.
pub fn bits(width: Width) -> u32 {
    8 * width.bytes() as u32
}

/// The top bit of a number.
pub fn is_negative(width: Width, a: u64) -> bool {
    a >> (bits(width) - 1) & 1 != 0
}

pub fn sign_extended(width: Width, a: u64) -> u64 {
    if is_negative(width, a) { a | !width.mask() } else { a }
}

/// A flag that is set or not.
pub fn flag(set: bool, flag: u16) -> u16 {
    if set { flag } else { 0 }
}

/// SF, ZF and PF of a result; the others are clear.
pub fn of_logic(width: Width, result: u64) -> u16 {
    flag(is_negative(width, result), SF)
        | flag(result == 0, ZF)
        | flag((result as u8).count_ones().is_multiple_of(2), PF)
}

/// The flags of `result`, which is the sum of `a` and `b` and perhaps a carry.
pub fn of_sum(width: Width, a: u64, b: u64, result: u64) -> u16 {
    let carry = result.wrapping_sub(a).wrapping_sub(b) & width.mask();
    let wide = u128::from(a) + u128::from(b) + u128::from(carry);
    let [a_negative, b_negative, negative] = [a, b, result].map(|number| is_negative(width, number));
    of_logic(width, result)
        | flag(wide > u128::from(width.mask()), CF)
        | flag((a & 15) + (b & 15) + carry > 15, AF)
        | flag(a_negative == b_negative && a_negative != negative, OF)
}

/// The flags of `result`, which is `a` less `b` and perhaps a borrow.
pub fn of_difference(width: Width, a: u64, b: u64, result: u64) -> u16 {
    let borrow = a.wrapping_sub(b).wrapping_sub(result) & width.mask();
    let [a_negative, b_negative, negative] = [a, b, result].map(|number| is_negative(width, number));
    of_logic(width, result)
        | flag(u128::from(a) < u128::from(b) + u128::from(borrow), CF)
        | flag((a & 15) < (b & 15) + borrow, AF)
        | flag(a_negative != b_negative && a_negative != negative, OF)
}

/// A number that is shifted bit by bit, and the bit that left it last.
struct Shifter {
    width: Width,
    value: u64,
    carry: bool,
}

impl Shifter {
    fn left(&mut self, comes_in: bool) {
        self.carry = is_negative(self.width, self.value);
        self.value = (self.value << 1 | u64::from(comes_in)) & self.width.mask();
    }

    fn right(&mut self, comes_in: bool) {
        self.carry = self.value & 1 != 0;
        self.value = self.value >> 1 | u64::from(comes_in) << (bits(self.width) - 1);
    }

    fn step(&mut self, kind: Shift) {
        let top = is_negative(self.width, self.value);
        match kind {
            Shift::Rol => self.left(top),
            Shift::Ror => self.right(self.value & 1 != 0),
            Shift::Rcl => self.left(self.carry),
            Shift::Rcr => self.right(self.carry),
            Shift::Shl | Shift::SetMinusOne => self.left(false),
            Shift::Shr => self.right(false),
            Shift::Sar => self.right(top),
        }
    }
}

/// `a` shifted by a count, and the flags afterwards. Where OF is undefined, it is what the rule for one bit gives.
pub fn shift(width: Width, kind: Shift, a: u64, count: u64, flags: u16) -> (u64, u16) {
    if count == 0 {
        return (a, flags);
    }
    let mut shifter = Shifter { width, value: a, carry: flags & CF != 0 };
    (0..count).for_each(|_| shifter.step(kind));
    let Shifter { value, carry, .. } = shifter;
    let negative = is_negative(width, value);
    let overflow = match kind {
        Shift::Rol | Shift::Rcl | Shift::Shl | Shift::SetMinusOne => negative != carry,
        Shift::Ror | Shift::Rcr => negative != is_negative(width, value << 1),
        Shift::Shr => count == 1 && is_negative(width, a),
        Shift::Sar => false,
    };
    let others = match kind {
        Shift::Rol | Shift::Ror | Shift::Rcl | Shift::Rcr => flags & !(CF | OF),
        _ => of_logic(width, value),
    };
    (value, others | flag(carry, CF) | flag(overflow, OF))
}

/// `a` shifted by a count, the bits of `filler` coming in and then its own, and the flags afterwards.
pub fn shift_double(width: Width, left: bool, a: u64, filler: u64, count: u64, flags: u16) -> (u64, u16) {
    if count == 0 {
        return (a, flags);
    }
    let mut shifter = Shifter { width, value: a, carry: false };
    for i in 0..count as u32 {
        let (turn, within) = (i / bits(width), i % bits(width));
        let source = if turn == 0 { filler } else { a };
        let place = if left { bits(width) - 1 - within } else { within };
        let comes_in = source >> place & 1 != 0;
        if left { shifter.left(comes_in) } else { shifter.right(comes_in) }
    }
    let Shifter { value, carry, .. } = shifter;
    let overflow = is_negative(width, value) != is_negative(width, a);
    (value, of_logic(width, value) | flag(carry, CF) | flag(overflow, OF))
}

/// The low and the high half of a product.
pub fn multiply(width: Width, a: u64, b: u64, signed: bool) -> (u64, u64) {
    let wide = |number| match signed {
        true => i128::from(sign_extended(width, number) as i64) as u128,
        false => u128::from(number),
    };
    let product = wide(a).wrapping_mul(wide(b));
    (product as u64 & width.mask(), (product >> bits(width)) as u64 & width.mask())
}

/// Quotient and remainder, by shifting and subtracting; `None` for a quotient that does not fit.
pub fn divide(width: Width, high: u64, low: u64, divisor: u64, signed: bool) -> Option<(u64, u64)> {
    let dividend = u128::from(high) << bits(width) | u128::from(low);
    let negative = signed && is_negative(width, high);
    let divisor_negative = signed && is_negative(width, divisor);
    let magnitude = if negative { dividend.wrapping_neg() & double_mask(width) } else { dividend };
    let by = if divisor_negative { divisor.wrapping_neg() & width.mask() } else { divisor };
    if by == 0 {
        return None;
    }
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..2 * bits(width)).rev() {
        rest = rest << 1 | magnitude >> bit & 1;
        quotient <<= 1;
        if rest >= u128::from(by) {
            rest -= u128::from(by);
            quotient |= 1;
        }
    }
    let half = 1 << (bits(width) - 1);
    let most = match (signed, negative != divisor_negative) {
        (false, _) => u128::from(width.mask()),
        (true, true) => half,
        (true, false) => half - 1,
    };
    let with_sign = |number: u128, negative: bool| {
        let number = number as u64;
        (if negative { number.wrapping_neg() } else { number }) & width.mask()
    };
    (quotient <= most).then(|| (with_sign(quotient, negative != divisor_negative), with_sign(rest, negative)))
}

fn double_mask(width: Width) -> u128 {
    u128::MAX >> (128 - 2 * bits(width))
}

/// The places of the set bits of a mask, the lowest first.
fn places(mask: u64) -> impl Iterator<Item = u32> {
    (0..64).filter(move |place| mask >> place & 1 != 0)
}

/// PDEP.
pub fn deposit(a: u64, mask: u64) -> u64 {
    places(mask).enumerate().fold(0, |sum, (i, place)| sum | (a >> i & 1) << place)
}

/// PEXT.
pub fn gather(a: u64, mask: u64) -> u64 {
    places(mask).enumerate().fold(0, |sum, (i, place)| sum | (a >> place & 1) << i)
}

/// A CRC-32C that goes on with so many bits of data, the lowest first.
pub fn crc32(width: Width, crc: u64, data: u64) -> u64 {
    (0..bits(width)).fold(crc, |crc, i| {
        let odd = (crc ^ data >> i) & 1 != 0;
        crc >> 1 ^ if odd { 0x82F6_3B78 } else { 0 }
    })
}
