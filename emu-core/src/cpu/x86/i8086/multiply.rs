//! Multiplication and division, whose clocks depend on the operands: the microcode works bit by bit (routines CORX,
//! CORD, NEGATE, PREIMUL, IMULCOF, MULCOF, PREIDIV, POSTIDIV at 17F–1D3).

use super::engine::{Engine, Operand};
use super::state::{Repeat, reg};
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{self, flag};

/// A number of `T`'s bits.
#[inline(always)]
fn bits<T: Operand>(value: u64) -> u64 {
    value & T::MASK
}

#[inline(always)]
fn negative<T: Operand>(value: u64) -> bool {
    value >> (T::BITS - 1) & 1 != 0
}

/// A signed operation's numbers without their signs: TMPA:TMPC, TMPB, and whether the result is to be negated (F1).
struct Magnitudes {
    high: u64,
    low: u64,
    other: u64,
    negate: bool,
}

/// The quotient does not fit.
struct DivideError;

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// A repeat prefix sets F1, which negates a product or a signed quotient.
    fn f1(&self) -> bool {
        self.s.prefixes.repeat != Repeat::None
    }

    /// CORX: the product of `a` and `b`. One clock more for each one in `a`.
    fn corx<T: Operand>(&mut self, a: u64, b: u64) -> u64 {
        let (a, b) = (bits::<T>(a), bits::<T>(b));
        self.spend(u64::from(2 + T::BITS * 6 + a.count_ones() - 1 + 2));
        a * b
    }

    /// NEGATE from line 1BB: the sign of TMPB.
    fn negate_other<T: Operand>(&mut self, m: &mut Magnitudes) {
        if negative::<T>(m.other) {
            m.other = bits::<T>(m.other.wrapping_neg());
            m.negate = !m.negate;
            self.spend(5);
        } else {
            self.spend(6);
        }
    }

    /// NEGATE from its beginning: TMPA:TMPC too.
    fn negate_all<T: Operand>(&mut self, m: &mut Magnitudes) {
        let borrow = m.low != 0;
        m.low = bits::<T>(m.low.wrapping_neg());
        m.high = bits::<T>(if borrow { !m.high } else { m.high.wrapping_neg() });
        m.negate = !m.negate;
        self.spend(5);
        self.negate_other::<T>(m);
    }

    /// MUL and IMUL. `accumulator` times `operand`, as low and high half.
    pub fn multiply<T: Operand>(&mut self, operand: T, signed: bool) {
        let accumulator: T = self.register(0);
        let mut m = Magnitudes { high: 0, low: accumulator.wide(), other: operand.wide(), negate: self.f1() };
        self.spend(2);
        if signed {
            self.absolute_factors::<T>(&mut m);
        }
        self.spend(2);
        let product = self.corx::<T>(m.low, m.other);
        (m.low, m.high) = (bits::<T>(product), bits::<T>(product >> T::BITS));
        self.spend(1);
        if m.negate {
            self.spend(1);
            self.negate_all::<T>(&mut m);
        }
        self.spend(1);
        self.product_flags::<T>(&m, signed);
        self.set_low_and_high::<T>(m.low, m.high);
    }

    /// PREIMUL.
    fn absolute_factors<T: Operand>(&mut self, m: &mut Magnitudes) {
        self.spend(3);
        if negative::<T>(m.low) {
            m.low = bits::<T>(m.low.wrapping_neg());
            m.negate = !m.negate;
            self.spend(3);
        } else {
            self.spend(1);
        }
        self.negate_other::<T>(m);
    }

    /// IMULCOF or MULCOF, and the lines around them: CF and OF say whether the high half matters.
    fn product_flags<T: Operand>(&mut self, m: &Magnitudes, signed: bool) {
        let high = T::low(m.high);
        let out = if signed {
            self.spend(4);
            let out = alu::add(high, T::low(0), negative::<T>(m.low));
            self.spend(2);
            out
        } else {
            self.spend(6);
            alu::logic(high)
        };
        let fits = out.value.wide() == 0;
        let overflow = if fits { 0 } else { flag::CF | flag::OF };
        self.s.set_status(out.flags & !(flag::CF | flag::OF) | overflow);
        // 1D0, 1D1 and its return; or a jump to 1CC between.
        self.spend(if fits { 4 } else { 3 });
    }

    fn set_low_and_high<T: Operand>(&mut self, low: u64, high: u64) {
        if T::BITS == 8 {
            self.s.registers[reg::AX] = (high << 8 | low) as u16;
        } else {
            self.s.registers[reg::AX] = low as u16;
            self.s.registers[reg::DX] = high as u16;
        }
    }

    /// DIV and IDIV: AX by a byte, DX:AX by a word.
    pub fn divide<T: Operand>(&mut self, operand: T, signed: bool) {
        let ax = u64::from(self.s.registers[reg::AX]);
        let dx = u64::from(self.s.registers[reg::DX]);
        let (high, low) = if T::BITS == 8 { (ax >> 8, ax & 0xFF) } else { (dx, ax) };
        let mut m = Magnitudes { high, low, other: operand.wide(), negate: self.f1() };
        self.spend(3);
        if signed {
            self.absolute_dividend::<T>(&mut m);
        }
        self.spend(2);
        let Ok((quotient, remainder)) = self.cord::<T>(m.high, m.low, m.other) else {
            return self.divide_error();
        };
        self.spend(2);
        if !signed {
            self.set_low_and_high::<T>(quotient, remainder);
            return;
        }
        match self.signed_quotient::<T>(quotient, remainder, high, m.negate) {
            Ok((quotient, remainder)) => self.set_low_and_high::<T>(quotient, remainder),
            Err(DivideError) => self.divide_error(),
        }
    }

    /// INT0, and the jump to it. (A clock more than its lines, as measured.)
    fn divide_error(&mut self) {
        self.spend(2);
        self.fixed_vector(super::interrupt::vector::DIVIDE_ERROR);
    }

    /// PREIDIV.
    fn absolute_dividend<T: Operand>(&mut self, m: &mut Magnitudes) {
        self.spend(3);
        if negative::<T>(m.high) {
            self.negate_all::<T>(m);
        } else {
            self.spend(1);
            self.negate_other::<T>(m);
        }
    }

    /// POSTIDIV: gives quotient and remainder their signs.
    fn signed_quotient<T: Operand>(
        &mut self,
        quotient: u64,
        remainder: u64,
        dividend_high: u64,
        negate: bool,
    ) -> Result<(u64, u64), DivideError> {
        self.spend(2);
        if negative::<T>(quotient) {
            return Err(DivideError);
        }
        self.spend(4);
        let remainder =
            if negative::<T>(dividend_high) { bits::<T>(remainder.wrapping_neg()) } else { remainder };
        self.spend(2);
        let quotient = if negate { bits::<T>(quotient.wrapping_neg()) } else { quotient };
        self.spend(3);
        self.s.flags &= !(flag::CF | flag::OF);
        Ok((quotient, remainder))
    }

    /// CORD: divides `high:low` by `divisor`, bit by bit. Gives quotient and remainder.
    fn cord<T: Operand>(&mut self, high: u64, low: u64, divisor: u64) -> Result<(u64, u64), DivideError> {
        let first = alu::sub(T::low(high), T::low(divisor), false);
        self.s.set_status(first.flags);
        self.spend(3);
        if bits::<T>(high) >= bits::<T>(divisor) {
            return Err(DivideError);
        }
        let mut remainder = high;
        let mut quotient = 0;
        for bit in (0..T::BITS).rev() {
            let carry = negative::<T>(remainder);
            remainder = bits::<T>(remainder << 1 | low >> bit & 1);
            quotient <<= 1;
            if carry || remainder >= divisor {
                quotient |= 1;
            }
            self.divide_clocks::<T>(carry, remainder, divisor, bit == 0);
            if quotient & 1 != 0 {
                remainder = bits::<T>(remainder.wrapping_sub(divisor));
            }
        }
        self.spend(4);
        Ok((quotient, remainder))
    }

    /// The clocks (and flags) of one round of CORD.
    #[inline(always)]
    fn divide_clocks<T: Operand>(&mut self, carry: bool, remainder: u64, divisor: u64, last: bool) {
        if carry {
            // 18B–18E, a jump, 195, 196; then a jump back, or 197 and its jump.
            self.spend(if last { 9 } else { 8 });
            return;
        }
        self.s.set_status(alu::sub(T::low(remainder), T::low(divisor), false).flags);
        if remainder >= divisor {
            self.spend(if last { 10 } else { 9 });
        } else {
            self.spend(if last { 7 } else { 8 });
        }
    }

    /// AAM: AL by an immediate byte. Quotient to AH, remainder to AL.
    pub fn adjust_after_multiply(&mut self, base: u8) {
        let al: u8 = self.register(0);
        self.spend(3);
        let Ok((quotient, remainder)) = self.cord::<u8>(0, u64::from(al), u64::from(base)) else {
            return self.divide_error();
        };
        self.spend(1);
        self.s.registers[reg::AX] = (quotient << 8 | remainder) as u16;
        self.s.set_status(alu::logic(remainder as u8).flags);
    }

    /// AAD: AH times an immediate byte, added to AL.
    pub fn adjust_before_divide(&mut self, base: u8) {
        let [al, ah] = self.s.registers[reg::AX].to_le_bytes();
        self.spend(2);
        let product = self.corx::<u8>(u64::from(base), u64::from(ah));
        self.spend(3);
        let out = alu::add(al, product as u8, false);
        self.s.registers[reg::AX] = u16::from(out.value);
        self.s.set_status(out.flags);
    }
}
