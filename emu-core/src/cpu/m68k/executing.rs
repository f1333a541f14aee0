//! What every backend that executes at once has in common: the arithmetic of a meaning, done on the processor's own
//! registers and flags.

use super::alu;
use super::backend::Backend;
use super::operands::Operands;
use super::state::State;
use super::table::Shift;
use crate::cpu::int::{Int, borrows_of_difference, carries_of_sum};

/// A backend that executes. What is left to it is how memory is reached and where the instructions are.
pub trait Executing: Sized {
    /// [`Backend::Cell`].
    type Place<T: Int>: Copy;
    /// [`Backend::Stop`].
    type Trouble;

    fn state(&mut self) -> &mut State;

    /// [`Backend::load`].
    ///
    /// # Errors
    /// As there.
    fn load_memory<T: Int>(&mut self, at: u32) -> Result<T, Self::Trouble>;

    /// [`Backend::store`].
    ///
    /// # Errors
    /// As there.
    fn store_memory<T: Int>(&mut self, at: u32, value: T) -> Result<(), Self::Trouble>;

    /// [`Backend::open`].
    ///
    /// # Errors
    /// As there.
    fn open_memory<T: Int>(&mut self, at: u32) -> Result<(Self::Place<T>, T), Self::Trouble>;

    /// [`Backend::close`].
    ///
    /// # Errors
    /// As there.
    fn close_memory<T: Int>(&mut self, place: Self::Place<T>, value: T) -> Result<(), Self::Trouble>;

    /// [`Backend::next_instruction`].
    fn next_address(&mut self) -> u32;

    /// [`Backend::check_target`].
    ///
    /// # Errors
    /// As there.
    fn admit_target(&mut self, to: u32) -> Result<(), Self::Trouble>;

    /// [`Backend::jump`].
    ///
    /// # Errors
    /// As there.
    fn go_to(&mut self, to: u32) -> Result<(), Self::Trouble>;

    /// [`Backend::branch`].
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    fn branch_away(&mut self, o: &Operands) -> Result<(), Self::Trouble> {
        self.go_to(o.source.value)
    }

    /// [`Backend::charge`].
    fn charge_clocks(&mut self, clocks: u32);
}

impl<E: Executing> Backend for E {
    type Val<T: Int> = T;
    type Truth = bool;
    type Cell<T: Int> = E::Place<T>;
    type Stop = E::Trouble;

    #[inline(always)]
    fn constant<T: Int>(&mut self, value: u64) -> T {
        T::low(value)
    }

    #[inline(always)]
    fn register<T: Int>(&mut self, number: u8) -> T {
        self.state().get(number)
    }

    #[inline(always)]
    fn set_register<T: Int>(&mut self, number: u8, value: T) {
        self.state().put(number, value);
    }

    #[inline(always)]
    fn load<T: Int>(&mut self, at: u32) -> Result<T, E::Trouble> {
        self.load_memory(at)
    }

    #[inline(always)]
    fn store<T: Int>(&mut self, at: u32, value: T) -> Result<(), E::Trouble> {
        self.store_memory(at, value)
    }

    #[inline(always)]
    fn open<T: Int>(&mut self, at: u32) -> Result<(E::Place<T>, T), E::Trouble> {
        self.open_memory(at)
    }

    #[inline(always)]
    fn close<T: Int>(&mut self, cell: E::Place<T>, value: T) -> Result<(), E::Trouble> {
        self.close_memory(cell, value)
    }

    #[inline(always)]
    fn add<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide().wrapping_add(b.wide()))
    }

    #[inline(always)]
    fn sub<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide().wrapping_sub(b.wide()))
    }

    #[inline(always)]
    fn and<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() & b.wide())
    }

    #[inline(always)]
    fn or<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() | b.wide())
    }

    #[inline(always)]
    fn xor<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() ^ b.wide())
    }

    #[inline(always)]
    fn shifted_left<T: Int>(&mut self, a: T, bits: u8) -> T {
        T::low(a.wide() << (bits & 63))
    }

    #[inline(always)]
    fn arithmetic_right<T: Int>(&mut self, a: T, bits: u8) -> T {
        T::low((a.signed() >> (bits & 63)) as u64)
    }

    #[inline(always)]
    fn rotated_left<T: Int>(&mut self, a: T, bits: u8) -> T {
        T::low(a.wide() << (bits & 63) | a.wide() >> ((T::BITS - u32::from(bits)) & 63))
    }

    #[inline(always)]
    fn bit<T: Int>(&mut self, number: T) -> T {
        T::low(1 << (number.wide() & u64::from(T::BITS - 1)))
    }

    #[inline(always)]
    fn zero_extend<T: Int, U: Int>(&mut self, a: T) -> U {
        U::low(a.wide())
    }

    #[inline(always)]
    fn sign_extend<T: Int, U: Int>(&mut self, a: T) -> U {
        U::low(a.signed() as u64)
    }

    #[inline(always)]
    fn multiply(&mut self, a: u16, b: u16, signed: bool) -> u32 {
        self.charge_clocks(alu::multiply_clocks(b, signed));
        if signed { (i32::from(a as i16) * i32::from(b as i16)) as u32 } else { u32::from(a) * u32::from(b) }
    }

    #[inline(always)]
    fn shift<T: Int>(&mut self, kind: Shift, a: T, count: u8) -> T {
        let flags = &mut self.state().flags;
        let out = alu::shift(kind, a, u32::from(count), flags.extend());
        flags.set_shift(out.value, out.carry, out.overflow, out.extend);
        out.value
    }

    #[inline(always)]
    fn extend<T: Int>(&mut self) -> T {
        T::low(u64::from(self.state().flags.extend()))
    }

    #[inline(always)]
    fn condition(&mut self, number: u8) -> bool {
        self.state().flags.condition(number)
    }

    #[inline(always)]
    fn flags_of_sum<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_arithmetic(result, carries_of_sum(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_difference<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_arithmetic(result, borrows_of_difference(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_comparison<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_comparison(result, borrows_of_difference(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_extended_sum<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_part(result, carries_of_sum(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_extended_difference<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_part(result, borrows_of_difference(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_logic<T: Int>(&mut self, result: T) {
        self.state().flags.set_logic(result);
    }

    #[inline(always)]
    fn set_zero(&mut self, zero: bool) {
        self.state().flags.set_zero(zero);
    }

    #[inline(always)]
    fn is_zero<T: Int>(&mut self, a: T) -> bool {
        a.wide() == 0
    }

    #[inline(always)]
    fn not(&mut self, a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn select<T: Int>(&mut self, truth: bool, a: T, b: T) -> T {
        if truth { a } else { b }
    }

    #[inline(always)]
    fn when(
        &mut self,
        truth: bool,
        then: impl FnOnce(&mut Self) -> Result<(), E::Trouble>,
    ) -> Result<(), E::Trouble> {
        if truth { then(self) } else { Ok(()) }
    }

    #[inline(always)]
    fn next_instruction(&mut self) -> u32 {
        self.next_address()
    }

    #[inline(always)]
    fn check_target(&mut self, to: u32) -> Result<(), E::Trouble> {
        self.admit_target(to)
    }

    #[inline(always)]
    fn jump(&mut self, to: u32) -> Result<(), E::Trouble> {
        self.go_to(to)
    }

    #[inline(always)]
    fn branch(&mut self, o: &Operands) -> Result<(), E::Trouble> {
        self.branch_away(o)
    }

    #[inline(always)]
    fn charge(&mut self, clocks: u32) {
        self.charge_clocks(clocks);
    }
}
