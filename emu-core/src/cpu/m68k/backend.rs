//! The one form in which an instruction's meaning is written, for every engine.
//!
//! A meaning ([`Meaning`]) is a function over a [`Backend`]. With an executing backend it is an instruction's handler;
//! with one that records, what it leaves is that instruction's translation. Two rules keep one text valid for both:
//!
//! * an access or a check that may fail gives a `Result`, and the meaning uses `?`. When one fails, registers, flags and
//!   memory are as they were before the instruction: what was changed on the way (a register stepped by the first of two
//!   operands) is put back. What the part itself leaves behind is the business of [leftover](super::checked);
//! * a choice that depends on the guest's data is [`Backend::select`] or [`Backend::when`], never a Rust `if`. What
//!   is known of the instruction ([`Operands`], a width) may be tested freely.
//!
//! One thing is exempt: [`Backend::close`], the last step of an instruction, fails only where the bus refuses to write
//! what it has just let be read.
//!
//! Instructions that are rare or long are [routines](super::checked::Routine): plain functions over the checked processor, which every
//! engine calls.

#![allow(clippy::type_complexity, reason = "a number of a width of a backend needs a long name")]

use super::operands::Operands;
use super::table::Shift;
use crate::cpu::engine::cache::Flow;
use crate::cpu::int::Int;

/// What a meaning works with. Addresses are 32 bits wide; what of them reaches the pins is the backend's business.
pub trait Backend: Sized {
    /// A number of a width.
    type Val<T: Int>: Copy;
    /// A condition.
    type Truth: Copy;
    /// A place in memory that was read and is about to be written.
    type Cell<T: Int>: Copy;
    /// Why an instruction cannot be completed here.
    type Stop;

    fn constant<T: Int>(&mut self, value: u64) -> Self::Val<T>;

    /// A register by [`reg`](super::state::reg): its low bits.
    fn register<T: Int>(&mut self, number: u8) -> Self::Val<T>;
    /// Sets the low bits of a register and leaves the others.
    fn set_register<T: Int>(&mut self, number: u8, value: Self::Val<T>);

    /// Reads memory.
    ///
    /// # Errors
    /// When the access is not allowed, or cannot be made here.
    fn load<T: Int>(&mut self, at: Self::Val<u32>) -> Try<Self, Self::Val<T>>;

    /// Writes memory.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn store<T: Int>(&mut self, at: Self::Val<u32>, value: Self::Val<T>) -> Done<Self>;

    /// Reads memory that is about to be changed; its address is translated once.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn open<T: Int>(&mut self, at: Self::Val<u32>) -> Try<Self, (Self::Cell<T>, Self::Val<T>)>;

    /// Writes what [`Self::open`] has read: the last step of an instruction.
    ///
    /// # Errors
    /// When the bus refuses it.
    fn close<T: Int>(&mut self, cell: Self::Cell<T>, value: Self::Val<T>) -> Done<Self>;

    fn add<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn sub<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn and<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn or<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn xor<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    /// Shifted left by a known number of bits below the width.
    fn shifted_left<T: Int>(&mut self, a: Self::Val<T>, bits: u8) -> Self::Val<T>;
    /// Shifted right, the sign coming in, by a known number of bits below the width.
    fn arithmetic_right<T: Int>(&mut self, a: Self::Val<T>, bits: u8) -> Self::Val<T>;
    /// Rotated left by a known number of bits below the width.
    fn rotated_left<T: Int>(&mut self, a: Self::Val<T>, bits: u8) -> Self::Val<T>;
    /// One bit set, by its number.
    fn bit<T: Int>(&mut self, number: Self::Val<T>) -> Self::Val<T>;
    /// The low bits, or with zeros above.
    fn zero_extend<T: Int, U: Int>(&mut self, a: Self::Val<T>) -> Self::Val<U>;
    fn sign_extend<T: Int, U: Int>(&mut self, a: Self::Val<T>) -> Self::Val<U>;
    /// The product, 32 bits of 16. Charges what the bits of `b` make it take longer.
    fn multiply(&mut self, a: Self::Val<u16>, b: Self::Val<u16>, signed: bool) -> Self::Val<u32>;
    /// One of the shifts by a count below 64, with its flags.
    fn shift<T: Int>(&mut self, kind: Shift, a: Self::Val<T>, count: Self::Val<u8>) -> Self::Val<T>;

    /// X as 0 or 1.
    fn extend<T: Int>(&mut self) -> Self::Val<T>;
    /// One of the sixteen conditions.
    fn condition(&mut self, number: u8) -> Self::Truth;
    /// The flags of `result`, which is `a` plus `b`: all five.
    fn flags_of_sum<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// The flags of `result`, which is `a` minus `b`: all five.
    fn flags_of_difference<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// As [`Self::flags_of_difference`], but X stays.
    fn flags_of_comparison<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// The flags of `a` plus `b` plus X: a zero leaves Z as it is.
    fn flags_of_extended_sum<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// The flags of `a` minus `b` minus X: a zero leaves Z as it is.
    fn flags_of_extended_difference<T: Int>(
        &mut self,
        a: Self::Val<T>,
        b: Self::Val<T>,
        result: Self::Val<T>,
    );
    /// N and Z of a value; V and C are clear, X stays.
    fn flags_of_logic<T: Int>(&mut self, result: Self::Val<T>);
    /// Sets Z and leaves the others.
    fn set_zero(&mut self, zero: Self::Truth);

    fn is_zero<T: Int>(&mut self, a: Self::Val<T>) -> Self::Truth;
    fn not(&mut self, a: Self::Truth) -> Self::Truth;
    fn select<T: Int>(&mut self, truth: Self::Truth, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    /// Does `then` if `truth` holds.
    ///
    /// # Errors
    /// What `then` gives.
    fn when(&mut self, truth: Self::Truth, then: impl FnOnce(&mut Self) -> Done<Self>) -> Done<Self>;

    /// The address of the next instruction.
    fn next_instruction(&mut self) -> Self::Val<u32>;
    /// Makes sure that [`Self::jump`] to this address will not fail.
    ///
    /// # Errors
    /// When no instruction can lie there.
    fn check_target(&mut self, to: Self::Val<u32>) -> Done<Self>;
    /// Goes on at an address.
    ///
    /// # Errors
    /// As [`Self::check_target`].
    fn jump(&mut self, to: Self::Val<u32>) -> Done<Self>;
    /// Goes on at the address that is known when the instruction is decoded, of [`Operands::source`].
    ///
    /// # Errors
    /// As [`Self::check_target`].
    fn branch(&mut self, o: &Operands) -> Done<Self>;

    /// More clock cycles pass than [`Operands::clocks`] says.
    fn charge(&mut self, clocks: Self::Val<u32>);
}

/// A value, or why there is none.
pub type Try<B, V> = Result<V, <B as Backend>::Stop>;

/// What becomes of an instruction.
pub type Done<B> = Try<B, ()>;

/// The meaning of one instruction in one form.
pub trait Meaning: 'static {
    /// Where the instruction leads.
    const FLOW: Flow = Flow::On;
    /// Whether it can access memory.
    const ACCESSES: bool = true;

    /// # Errors
    /// When it cannot be completed; nothing has been changed then.
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B>;
}
