//! The usual instructions the short way: operands are in registers in use, a load finds a free one, numbers are normal or
//! zero, and nothing unmasked is reported. Each calls nothing, so that an engine can have all of it within a handler.
//!
//! `None`: the case is another one. Nothing has been changed then, and the method of the same purpose in
//! [`super::arithmetic`] or [`super::transfer`] does the instruction.

use super::arithmetic::{Function, Operation, Short, condition};
use super::{Fpu, status};
use crate::float::quick::{self, Steering};
use crate::float::{F80, Outcome, Rounding};
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

    /// ST(`i`), if it is in use.
    #[inline(always)]
    fn in_use(&self, i: u8) -> Option<F80> {
        (!self.is_empty(i)).then(|| self.st(i))
    }

    /// Sets ST(`i`), which is in use.
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

    /// [`Fpu::combine`].
    #[inline(always)]
    pub fn combine_quickly<O: Operation, const POP: bool>(
        &mut self,
        destination: u8,
        other: u8,
    ) -> Option<()> {
        let (a, b) = (self.in_use(destination)?, self.in_use(other)?);
        let outcome = O::quick(a, b, self.steering()?)?;
        self.keep_quickly(destination, outcome);
        if POP {
            self.pop();
        }
        Some(())
    }

    /// [`Fpu::combine_with`].
    #[inline(always)]
    pub fn combine_quickly_with<O: Operation>(&mut self, operand: F80) -> Option<()> {
        let outcome = O::quick(self.in_use(0)?, operand, self.steering()?)?;
        self.keep_quickly(0, outcome);
        Some(())
    }

    /// [`Fpu::apply`].
    #[inline(always)]
    pub fn apply_quickly<F: Function>(&mut self) -> Option<()> {
        let value = F::quick(self.in_use(0)?)?;
        self.status &= !status::C1;
        self.replace(0, value);
        Some(())
    }

    /// How ST(0) compares with ST(`i`).
    #[inline(always)]
    pub fn order_quickly(&mut self, i: u8) -> Option<Ordering> {
        let order = quick::compare(self.in_use(0)?, self.in_use(i)?)?;
        self.status &= !status::C1;
        Some(order)
    }

    /// [`Fpu::compare_register`].
    #[inline(always)]
    pub fn compare_register_quickly(&mut self, i: u8) -> Option<()> {
        let order = self.order_quickly(i)?;
        self.set_condition(condition(Some(order)));
        Some(())
    }

    /// [`Fpu::compare`].
    #[inline(always)]
    pub fn compare_quickly(&mut self, other: F80) -> Option<()> {
        let order = quick::compare(self.in_use(0)?, other)?;
        self.status &= !status::C1;
        self.set_condition(condition(Some(order)));
        Some(())
    }

    /// [`Fpu::load_exactly`].
    #[inline(always)]
    pub fn load_quickly(&mut self, value: F80) -> Option<()> {
        if !self.is_empty(7) {
            return None;
        }
        self.status &= !status::C1;
        self.push(value);
        Some(())
    }

    /// [`Fpu::load_register`].
    #[inline(always)]
    pub fn load_register_quickly(&mut self, i: u8) -> Option<()> {
        let value = self.in_use(i)?;
        self.load_quickly(value)
    }

    /// [`Fpu::exchange`].
    #[inline(always)]
    pub fn exchange_quickly(&mut self, i: u8) -> Option<()> {
        let (top, other) = (self.in_use(0)?, self.in_use(i)?);
        self.replace(0, other);
        self.replace(i, top);
        self.status &= !status::C1;
        Some(())
    }

    /// [`Fpu::copy_to`].
    #[inline(always)]
    pub fn copy_quickly_to<const POP: bool>(&mut self, i: u8) -> Option<()> {
        let value = self.in_use(0)?;
        self.status &= !status::C1;
        self.set_st(i, value);
        if POP {
            self.pop();
        }
        Some(())
    }

    /// [`Fpu::prepare_short`].
    #[inline(always)]
    pub fn prepare_short_quickly<F: Short>(&self) -> Option<QuickStore<u64>> {
        let outcome = quick::shorten::<F>(self.in_use(0)?, self.steering()?)?;
        Some(QuickStore { status: self.status_after(&outcome), value: outcome.value.bits() })
    }

    /// [`Fpu::prepare_integer`].
    #[inline(always)]
    pub fn prepare_integer_quickly<const TRUNCATE: bool>(&self, bits: u32) -> Option<QuickStore<u64>> {
        let rounding = if TRUNCATE { Rounding::TowardZero } else { Rounding::from_rc(self.control >> 10) };
        let outcome = quick::to_integer(self.in_use(0)?, bits, rounding)?;
        let is_masked = u16::from(outcome.flags.0) & !self.control == 0;
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
