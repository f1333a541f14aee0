//! The fast mode: the unit as if its control word always said "53 bits" where it says "64 bits", and the host's doubles for
//! most of it.
//!
//! What it means is said by the control word alone ([`Fpu::steering_word`]): add, subtract, multiply, divide and square root
//! round to 53 bits, range of exponents and all exceptions being the unit's own. While it rounds to nearest and
//! masks what is inexact ([`Fpu::is_hosted`]), C1 says nothing about the direction of rounding, and registers may hold
//! doubles. A register holds one exactly when its number is a double's, normal or zero: so how a register holds its number
//! can never be seen, and what is not done here is done by the general text, with the same result.
//!
//! The arithmetic is the one that SSE's instructions use ([`crate::cpu::x86::vector::float`]), and is held to the same
//! tests. It leaves to the general text whatever is not sure to be a normal number or zero.

use super::{Fpu, HOSTED};
use crate::cpu::FpuMode;
use crate::cpu::x86::vector::float::{Arithmetic, Number};
use crate::float::quick::{self, Steering};
use crate::float::{F32, F64, F80, Flags, Outcome};

/// The field PC of the control word, and "53 bits" in it. Zero is "24 bits", which stays.
const PRECISION: u16 = 3 << 8;
const DOUBLE_PRECISION: u16 = 2 << 8;
/// The field RC, of which zero is "to nearest", and the mask of what is inexact.
const ROUNDING: u16 = 3 << 10;
const INEXACT: u16 = Flags::INEXACT.0 as u16;

/// What the host makes of two plain numbers. `is_known`: that something was inexact has been noted already.
#[inline(always)]
pub fn computed<A: Arithmetic>(a: F64, b: F64, is_known: bool) -> Option<Outcome<F64>> {
    let value = A::of_plain(a, b)?;
    let is_inexact = !is_known && !A::is_exact(a, b, value);
    Some(outcome(value, is_inexact))
}

#[inline(always)]
fn outcome<T>(value: T, is_inexact: bool) -> Outcome<T> {
    let flags = if is_inexact { Flags::INEXACT } else { Flags::NONE };
    Outcome { value, flags, rounded_up: false }
}

/// A double as a single, if that surely is a normal number or zero.
#[inline(always)]
pub fn narrowed(double: F64) -> Option<Outcome<F32>> {
    let single = F32((double.host() as f32).to_bits());
    let is_sure = single.is_safe() || double.is_zero();
    is_sure.then(|| outcome(single, f64::from(single.host()).to_bits() != double.0))
}

/// A single as a double, if it is a normal number or zero.
#[inline(always)]
pub fn widened(single: F32) -> Option<F64> {
    single.is_plain().then(|| F64(f64::from(single.host()).to_bits()))
}

/// An integer as a double, if that surely is exact.
#[inline(always)]
pub fn from_integer(value: i64) -> Option<F64> {
    (value.unsigned_abs() >> F64_BITS == 0).then(|| F64((value as f64).to_bits()))
}

const F64_BITS: u32 = f64::MANTISSA_DIGITS;

/// The same number as an extended one.
#[inline]
fn extended(double: u64) -> F80 {
    quick::widen(F64(double)).unwrap_or_default()
}

/// The same number as a double, if it is one that is normal or zero.
#[inline]
fn double_of(number: F80) -> Option<F64> {
    const NEAREST: u16 = 0x037F;
    let outcome = quick::shorten::<F64>(number, Steering::from_x87_control(NEAREST)?)?;
    outcome.flags.is_empty().then_some(outcome.value)
}

impl Fpu {
    /// How it computes.
    pub fn mode(&self) -> FpuMode {
        self.mode
    }

    /// Has it compute otherwise from the next instruction on.
    pub fn set_mode(&mut self, mode: FpuMode) {
        self.mode = mode;
        self.choose_form();
    }

    /// Whether registers may hold doubles.
    #[inline(always)]
    pub(super) fn is_hosted(&self) -> bool {
        self.status & HOSTED != 0
    }

    /// The control word by which the unit computes.
    #[inline(always)]
    pub(super) fn steering_word(&self) -> u16 {
        let is_fast = self.mode == FpuMode::Fast && self.control & PRECISION != 0;
        if is_fast { self.control & !PRECISION | DOUBLE_PRECISION } else { self.control }
    }

    /// Has the registers hold what they are to hold under this control word.
    pub(super) fn choose_form(&mut self) {
        let nearest = self.control & (ROUNDING | INEXACT) == INEXACT;
        let hosted = self.mode == FpuMode::Fast && nearest && self.control & PRECISION != 0;
        if hosted != self.is_hosted() {
            self.status ^= HOSTED;
            self.change_form();
        }
    }

    #[cold]
    fn change_form(&mut self) {
        for place in 0..self.registers.len() {
            self.put(place, self.number(place));
        }
    }

    /// The number in a register.
    #[inline]
    pub(super) fn number(&self, place: usize) -> F80 {
        let held = self.registers[place];
        if self.doubles >> place & 1 == 0 { held } else { extended(held.mantissa) }
    }

    /// Puts a number into a register. Whether it is in use stays.
    #[inline]
    pub(super) fn put(&mut self, place: usize, number: F80) {
        let bit = 1 << place;
        if self.is_hosted()
            && let Some(double) = double_of(number)
        {
            self.registers[place].mantissa = double.0;
            self.doubles |= bit;
        } else {
            self.registers[place] = number;
            self.doubles &= !bit;
        }
    }

    /// The double in ST(`i`), if it is in use and holds one.
    #[inline(always)]
    pub(super) fn double(&self, i: u8) -> Option<F64> {
        let place = self.place(i);
        let holds = (self.used & self.doubles) >> place & 1 != 0;
        holds.then(|| F64(self.registers[place].mantissa))
    }

    /// Those in two registers.
    #[inline(always)]
    pub(super) fn two_doubles(&self, i: u8, j: u8) -> Option<(F64, F64)> {
        let (first, second) = (self.place(i), self.place(j));
        let both = 1 << first | 1 << second;
        let hold = self.used & self.doubles & both == both;
        hold.then(|| (F64(self.registers[first].mantissa), F64(self.registers[second].mantissa)))
    }

    /// Whether it has been noted already that something was inexact.
    #[inline(always)]
    pub(super) fn knows_inexact(&self) -> bool {
        self.status & INEXACT != 0
    }

    /// Sets the double that ST(`i`) holds.
    #[inline(always)]
    pub(super) fn replace_double(&mut self, i: u8, value: F64) {
        let place = self.place(i);
        self.registers[place].mantissa = value.0;
    }

    /// Pushes a double that is normal or zero.
    #[inline(always)]
    pub(super) fn push_double(&mut self, value: F64) {
        self.rotate(7);
        let place = self.place(0);
        self.registers[place].mantissa = value.0;
        self.used |= 1 << place;
        self.doubles |= 1 << place;
    }

    /// Which of two registers hold doubles, where they have exchanged what they hold.
    #[inline(always)]
    pub(super) fn exchange_forms(&mut self, a: usize, b: usize) {
        let differ = (self.doubles >> a ^ self.doubles >> b) & 1;
        self.doubles ^= differ << a | differ << b;
    }

    /// A register holds what another one does.
    #[inline(always)]
    pub(super) fn copy_form(&mut self, from: usize, to: usize) {
        let form = self.doubles >> from & 1;
        self.doubles = self.doubles & !(1 << to) | form << to;
    }
}
