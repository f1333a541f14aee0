//! Loads and stores, and what moves registers about.

use super::arithmetic::{Short, Widened};
use super::{Fpu, indefinite, status};
use crate::float::{self, Env, F80, Flags, Outcome, PackedDecimal, Rounding};

/// The bits of the control word that a store depends on: masks and rounding.
const ROUNDING_AND_MASKS: u16 = 0x0C3F;
/// Of these: to nearest, everything masked.
const NEAREST_AND_MASKED: u16 = 0x003F;

/// What a store does.
#[derive(Clone, Copy, Debug)]
pub struct Store<T> {
    /// What goes to memory; `None`: an unmasked exception keeps it back, and nothing is popped.
    pub value: Option<T>,
    flags: Flags,
    rounded_up: bool,
    stack_fault: bool,
}

impl Fpu {
    /// Pushes what a load brings.
    #[inline(always)]
    pub fn load(&mut self, loaded: Outcome<F80>) {
        if !self.is_empty(7) {
            self.overflow_push();
        } else if self.report(loaded.flags, false) || !loaded.flags.intersects(Flags::INVALID) {
            // A denormal is loaded even if that is reported unmasked.
            self.push(loaded.value);
        }
    }

    #[cold]
    fn overflow_push(&mut self) {
        if self.overflow() {
            self.push(indefinite());
        }
    }

    /// FLD of a single or double.
    #[inline(always)]
    pub fn load_short<F: Short>(&mut self, number: F) {
        let Widened { value, denormal } = number.widened();
        if value.sign_exponent & 0x7FFF == 0x7FFF {
            let loaded = float::convert(number, &self.env());
            return self.load(loaded);
        }
        let flags = if denormal { Flags::DENORMAL } else { Flags::NONE };
        self.load(Outcome { value, flags, rounded_up: false });
    }

    /// FLD of an extended number, FILD and FBLD.
    #[inline(always)]
    pub fn load_exactly(&mut self, value: F80) {
        self.load(Outcome { value, flags: Flags::NONE, rounded_up: false });
    }

    /// FLD of a register.
    #[inline(always)]
    pub fn load_register(&mut self, i: u8) {
        if self.is_empty(i) {
            if self.underflow() {
                self.push(indefinite());
            }
        } else {
            self.load_exactly(self.st(i));
        }
    }

    /// FXCH.
    #[inline(always)]
    pub fn exchange(&mut self, i: u8) {
        if self.is_empty(0) || self.is_empty(i) {
            return self.exchange_empty(i);
        }
        let (top, other) = (self.st(0), self.st(i));
        self.set_st(0, other);
        self.set_st(i, top);
        self.status &= !status::C1;
    }

    #[cold]
    fn exchange_empty(&mut self, i: u8) {
        if !self.underflow() {
            return;
        }
        let filled = |fpu: &Self, i| if fpu.is_empty(i) { indefinite() } else { fpu.st(i) };
        let (top, other) = (filled(self, 0), filled(self, i));
        self.set_st(0, other);
        self.set_st(i, top);
    }

    /// FCMOVcc.
    pub fn move_if(&mut self, holds: bool, i: u8) {
        if self.is_empty(0) || self.is_empty(i) {
            if self.underflow() {
                self.set_st(0, indefinite());
            }
            return;
        }
        if holds {
            self.set_st(0, self.st(i));
        }
    }

    /// FST and FSTP into a register.
    #[inline(always)]
    pub fn copy_to<const POP: bool>(&mut self, i: u8) {
        if self.is_empty(0) {
            if !self.underflow() {
                return;
            }
            self.set_st(i, indefinite());
        } else {
            self.status &= !status::C1;
            self.set_st(i, self.st(0));
        }
        if POP {
            self.pop();
        }
    }

    /// FSTPNCE: as FSTP of a register, but an empty register is only popped.
    pub fn copy_unchecked(&mut self, i: u8) {
        if !self.is_empty(0) {
            self.set_st(i, self.st(0));
        }
        self.status &= !status::C1;
        self.pop();
    }

    /// FFREE.
    pub fn release(&mut self, i: u8) {
        self.free(i);
        self.status &= !status::C1;
    }

    /// FINCSTP (1) and FDECSTP (7).
    pub fn turn(&mut self, by: u8) {
        self.status &= !status::C1;
        self.rotate(by);
    }

    /// What storing ST(0) does. Nothing has happened yet: memory comes first ([`Self::complete`]).
    #[inline(always)]
    fn prepare<T>(&self, indefinite: T, of: impl Fn(F80) -> Outcome<T>) -> Store<T> {
        if self.is_empty(0) {
            let value = (self.control & 1 != 0).then_some(indefinite);
            return Store { value, flags: Flags::INVALID, rounded_up: false, stack_fault: true };
        }
        let Outcome { value, flags, rounded_up } = of(self.st(0));
        let unmasked = flags & Flags(!self.control as u8);
        // A store that overflows or underflows unmasked stores nothing (SDM volume 1, 8.5.4 and 8.5.5).
        let stopping = Flags(Flags::BEFORE_COMPUTATION.0 | Flags::OVERFLOW.0 | Flags::UNDERFLOW.0);
        let value = (!unmasked.intersects(stopping)).then_some(value);
        Store { value, flags, rounded_up, stack_fault: false }
    }

    /// FST of a single or double. The usual settings are constants, which makes shorter code of it.
    #[inline(always)]
    pub fn prepare_short<F: Short>(&self) -> Store<u64> {
        if self.control & ROUNDING_AND_MASKS == NEAREST_AND_MASKED && !self.is_empty(0) {
            let Outcome { value, flags, rounded_up } = float::convert::<F80, F>(self.st(0), &Env::X87);
            return Store { value: Some(value.bits()), flags, rounded_up, stack_fault: false };
        }
        self.prepare_short_otherwise::<F>()
    }

    #[cold]
    #[inline(never)]
    fn prepare_short_otherwise<F: Short>(&self) -> Store<u64> {
        let nan: F = float::default_nan(float::NanRule::X87);
        self.prepare(nan.bits(), |a| float::convert::<F80, F>(a, &self.env()).map(F::bits))
    }

    /// FSTP of an extended number.
    #[inline(always)]
    pub fn prepare_extended(&self) -> Store<F80> {
        self.prepare(indefinite(), |value| Outcome { value, flags: Flags::NONE, rounded_up: false })
    }

    /// FIST, or FISTTP, of so many bits.
    #[inline(never)]
    pub fn prepare_integer<const TRUNCATE: bool>(&self, bits: u32) -> Store<u64> {
        let mut env = self.env();
        if TRUNCATE {
            env = Env { rounding: Rounding::TowardZero, ..env };
        }
        self.prepare(1 << (bits - 1), |a| float::to_signed(a, bits, &env).map(|value| value as u64))
    }

    /// FBSTP.
    pub fn prepare_decimal(&self) -> Store<PackedDecimal> {
        self.prepare(PackedDecimal::INDEFINITE, |a| float::to_packed_decimal(a, &self.env()))
    }

    /// What else a store does once memory has taken its value: reports, and pops.
    #[inline(always)]
    pub fn complete<const POP: bool, T>(&mut self, store: &Store<T>) {
        self.report(store.flags, store.rounded_up);
        if store.stack_fault {
            self.status |= status::STACK_FAULT;
        }
        if POP && store.value.is_some() {
            self.pop();
        }
    }
}
