//! The usual instructions the short way: operands are in registers in use, a load finds a free one, numbers are normal or
//! zero, and nothing unmasked is reported. Each calls nothing, so that an engine can have all of it within a handler.
//!
//! Each has two forms: one where no register can hold a double, and (`DOUBLES`) one for the fast mode, with the doubles that registers
//! hold then ([`super::double`]). [`Fpu::is_ready_in`] says which is right; the other must not be called.
//!
//! `None`: the case is another one. Nothing has been changed then, and the method of the same purpose in
//! [`super::arithmetic`] or [`super::transfer`] does the instruction.

use super::arithmetic::{Function, Operand, Operation, Short, condition};
use super::{Fpu, status};
use crate::cpu::x86::vector::float::Number;
use crate::float::quick::{self, Steering};
use crate::float::{F64, F80, Outcome, Rounding};
use std::cmp::Ordering;

/// What a store writes, and the status word after it.
#[derive(Clone, Copy, Debug)]
pub struct QuickStore<T> {
    pub value: T,
    status: u16,
}

impl Fpu {
    #[inline(always)]
    fn steering(&self) -> Option<Steering> {
        Steering::from_x87_control(self.control)
    }

    /// The status word with what an outcome reports, which is masked.
    #[inline(always)]
    fn status_after<T>(&self, outcome: &Outcome<T>) -> u16 {
        self.status & !status::C1 | u16::from(outcome.flags.0) | u16::from(outcome.rounded_up) << 9
    }

    /// ST(`i`), if it is in use, where no register holds a double.
    #[inline(always)]
    fn in_use(&self, i: u8) -> Option<F80> {
        (!self.is_empty(i)).then(|| self.registers[self.place(i)])
    }

    /// Sets ST(`i`), which is in use, where no register holds a double.
    #[inline(always)]
    fn replace(&mut self, i: u8, value: F80) {
        let place = self.place(i);
        self.registers[place] = value;
    }

    #[inline(always)]
    fn keep_quickly(&mut self, i: u8, outcome: Outcome<F80>) {
        self.status = self.status_after(&outcome);
        self.replace(i, outcome.value);
    }

    #[inline(always)]
    fn keep_double(&mut self, i: u8, outcome: Outcome<F64>) {
        self.status = self.status_after(&outcome);
        self.replace_double(i, outcome.value);
    }

    /// [`Fpu::combine`].
    #[inline(always)]
    pub fn combine_quickly<O: Operation, const POP: bool, const DOUBLES: bool>(
        &mut self,
        destination: u8,
        other: u8,
    ) -> Option<()> {
        if DOUBLES {
            let (a, b) = self.two_doubles(destination, other)?;
            let outcome = O::double(a, b, self.knows_inexact())?;
            self.keep_double(destination, outcome);
        } else {
            let (a, b) = (self.in_use(destination)?, self.in_use(other)?);
            let outcome = O::quick(a, b, self.steering()?)?;
            self.keep_quickly(destination, outcome);
        }
        if POP {
            self.pop();
        }
        Some(())
    }

    /// [`Fpu::combine_with`].
    #[inline(always)]
    pub fn combine_quickly_with<O: Operation, const DOUBLES: bool>(
        &mut self,
        operand: impl Operand,
    ) -> Option<()> {
        if DOUBLES {
            let outcome = O::double(self.double(0)?, operand.double()?, self.knows_inexact())?;
            self.keep_double(0, outcome);
        } else {
            let outcome = O::quick(self.in_use(0)?, operand.extended()?, self.steering()?)?;
            self.keep_quickly(0, outcome);
        }
        Some(())
    }

    /// [`Fpu::apply`].
    #[inline(always)]
    pub fn apply_quickly<F: Function, const DOUBLES: bool>(&mut self) -> Option<()> {
        if DOUBLES {
            let outcome = F::double(self.double(0)?, self.knows_inexact())?;
            self.keep_double(0, outcome);
        } else {
            let value = F::quick(self.in_use(0)?)?;
            self.status &= !status::C1;
            self.replace(0, value);
        }
        Some(())
    }

    /// How ST(0) compares with ST(`i`).
    #[inline(always)]
    pub fn order_quickly<const DOUBLES: bool>(&mut self, i: u8) -> Option<Ordering> {
        let order = if DOUBLES {
            let (a, b) = self.two_doubles(0, i)?;
            a.host().partial_cmp(&b.host())?
        } else {
            quick::compare(self.in_use(0)?, self.in_use(i)?)?
        };
        self.status &= !status::C1;
        Some(order)
    }

    /// [`Fpu::compare_register`].
    #[inline(always)]
    pub fn compare_register_quickly<const DOUBLES: bool>(&mut self, i: u8) -> Option<()> {
        let order = self.order_quickly::<DOUBLES>(i)?;
        self.set_condition(condition(Some(order)));
        Some(())
    }

    /// [`Fpu::compare`].
    #[inline(always)]
    pub fn compare_quickly<const DOUBLES: bool>(&mut self, other: impl Operand) -> Option<()> {
        let order = if DOUBLES {
            self.double(0)?.host().partial_cmp(&other.double()?.host())?
        } else {
            quick::compare(self.in_use(0)?, other.extended()?)?
        };
        self.status &= !status::C1;
        self.set_condition(condition(Some(order)));
        Some(())
    }

    /// [`Fpu::load_exactly`], or [`Fpu::load_short`].
    #[inline(always)]
    pub fn load_quickly<const DOUBLES: bool>(&mut self, operand: impl Operand) -> Option<()> {
        if !self.is_empty(7) {
            return None;
        }
        if DOUBLES {
            self.push_double(operand.double()?);
        } else {
            let value = operand.extended()?;
            self.rotate(7);
            self.replace(0, value);
            self.used |= 1 << self.place(0);
        }
        self.status &= !status::C1;
        Some(())
    }

    /// [`Fpu::load_register`].
    #[inline(always)]
    pub fn load_register_quickly<const DOUBLES: bool>(&mut self, i: u8) -> Option<()> {
        if self.is_empty(i) || !self.is_empty(7) {
            return None;
        }
        let from = self.place(i);
        self.rotate(7);
        self.copy_register::<DOUBLES>(from, 0);
        Some(())
    }

    /// ST(`to`) becomes what a register in use holds.
    #[inline(always)]
    fn copy_register<const DOUBLES: bool>(&mut self, from: usize, to: u8) {
        let to = self.place(to);
        self.registers[to] = self.registers[from];
        self.used |= 1 << to;
        if DOUBLES {
            self.copy_form(from, to);
        }
        self.status &= !status::C1;
    }

    /// [`Fpu::exchange`].
    #[inline(always)]
    pub fn exchange_quickly<const DOUBLES: bool>(&mut self, i: u8) -> Option<()> {
        if self.is_empty(0) || self.is_empty(i) {
            return None;
        }
        let (top, other) = (self.place(0), self.place(i));
        self.registers.swap(top, other);
        if DOUBLES {
            self.exchange_forms(top, other);
        }
        self.status &= !status::C1;
        Some(())
    }

    /// [`Fpu::copy_to`].
    #[inline(always)]
    pub fn copy_quickly_to<const POP: bool, const DOUBLES: bool>(&mut self, i: u8) -> Option<()> {
        if self.is_empty(0) {
            return None;
        }
        self.copy_register::<DOUBLES>(self.place(0), i);
        if POP {
            self.pop();
        }
        Some(())
    }

    /// [`Fpu::prepare_short`].
    #[inline(always)]
    pub fn prepare_short_quickly<F: Short, const DOUBLES: bool>(&self) -> Option<QuickStore<u64>> {
        let outcome = if DOUBLES {
            F::nearest(self.double(0)?)?
        } else {
            quick::shorten::<F>(self.in_use(0)?, self.steering()?)?
        };
        Some(QuickStore { status: self.status_after(&outcome), value: outcome.value.bits() })
    }

    /// [`Fpu::prepare_integer`].
    #[inline(always)]
    pub fn prepare_integer_quickly<const TRUNCATE: bool, const DOUBLES: bool>(
        &self,
        bits: u32,
    ) -> Option<QuickStore<u64>> {
        let rounding = if TRUNCATE { Rounding::TowardZero } else { Rounding::from_rc(self.control >> 10) };
        let number = if DOUBLES { self.double(0)?.extended()? } else { self.in_use(0)? };
        let outcome = quick::to_integer(number, bits, rounding)?;
        let is_masked = u16::from(outcome.flags.0) & !self.control == 0;
        let rounded_up = outcome.rounded_up && !DOUBLES;
        let outcome = Outcome { rounded_up, ..outcome };
        is_masked.then(|| QuickStore { status: self.status_after(&outcome), value: outcome.value as u64 })
    }

    /// [`Fpu::complete`].
    #[inline(always)]
    pub fn complete_quickly<const POP: bool, T>(&mut self, store: &QuickStore<T>) {
        self.status = store.status;
        if POP {
            self.pop();
        }
    }
}
