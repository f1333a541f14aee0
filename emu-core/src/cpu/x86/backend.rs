//! The one form in which an instruction's meaning is written, for every engine.
//!
//! A meaning ([`Meaning`]) is a function over a [`Backend`]. With an executing backend it is an instruction's handler;
//! with one that records, what it leaves is that instruction's translation. Two rules keep one text valid for both:
//!
//! * an access or a check that may fail gives a `Result`, and the meaning uses `?`. All of them come before the first
//!   change of a register, flag or byte, so that a failed instruction can be tried again from its start;
//! * a choice that depends on the guest's data is [`Backend::select`] or [`Backend::when`], never a Rust `if`. What
//!   is known of the instruction ([`Operands`], a width) may be tested freely.
//!
//! Instructions that are rare or long are [routines](super::checked::Routine): plain functions over the checked processor, which every
//! engine calls.

#![allow(clippy::type_complexity, reason = "a number of a width of a backend needs a long name")]

use super::alu::{Int, Shift};
use super::meaning::vector::Operation;
use super::operands::{OffsetSize, Operands};
use super::state::reg;
pub use crate::cpu::engine::cache::Flow;

/// What a meaning works with.
pub trait Backend: Sized {
    /// A number of a width.
    type Val<T: Int>: Copy;
    /// A condition.
    type Truth: Copy;
    /// A place in memory whose access was checked for reading and writing.
    type Cell<T: Int>: Copy;
    /// Half of a vector register of 256 bits.
    type Block: Copy;
    /// Why an instruction cannot be completed here.
    type Stop;

    fn constant<T: Int>(&mut self, value: u64) -> Self::Val<T>;

    /// The offset of a memory operand: base, scaled index and displacement.
    fn address(&mut self, o: &Operands) -> Self::Val<u64>;

    fn register<T: Int>(&mut self, number: u8) -> Self::Val<T>;
    fn set_register<T: Int>(&mut self, number: u8, value: Self::Val<T>);

    /// What a segment register shows.
    fn selector(&mut self, number: u8) -> Self::Val<u16>;

    /// Reads memory.
    ///
    /// # Errors
    /// When the access is not allowed, or cannot be made here.
    fn load<T: Int>(&mut self, segment: u8, offset: Self::Val<u64>) -> Try<Self, Self::Val<T>>;

    /// Writes memory.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn store<T: Int>(&mut self, segment: u8, offset: Self::Val<u64>, value: Self::Val<T>) -> Done<Self>;

    /// Reads memory that is about to be changed; its address is translated once.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn open<T: Int>(
        &mut self,
        segment: u8,
        offset: Self::Val<u64>,
    ) -> Try<Self, (Self::Cell<T>, Self::Val<T>)>;

    /// Writes what [`Self::open`] has read.
    fn close<T: Int>(&mut self, cell: Self::Cell<T>, value: Self::Val<T>);

    /// Reads memory and writes what `change` makes of it, as one access that no other processor comes between. Gives
    /// what was there. `change` may set flags and nothing else; it may be asked more than once.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn update_locked<T: Int>(
        &mut self,
        segment: u8,
        offset: Self::Val<u64>,
        change: impl Fn(&mut Self, Self::Val<T>) -> Self::Val<T>,
    ) -> Try<Self, Self::Val<T>>;

    fn add<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn sub<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn and<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn or<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    fn xor<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    /// Shifted left by a known number of bits below the width.
    fn shifted_left<T: Int>(&mut self, a: Self::Val<T>, bits: u8) -> Self::Val<T>;
    /// Shifted right, the sign coming in, by a known number of bits below the width.
    fn arithmetic_right<T: Int>(&mut self, a: Self::Val<T>, bits: u8) -> Self::Val<T>;
    /// Shifted by a number below the width: left, right with zeros coming in, right with the sign coming in.
    fn shift_left<T: Int>(&mut self, a: Self::Val<T>, count: Self::Val<T>) -> Self::Val<T>;
    fn shift_right<T: Int>(&mut self, a: Self::Val<T>, count: Self::Val<T>) -> Self::Val<T>;
    fn shift_right_signed<T: Int>(&mut self, a: Self::Val<T>, count: Self::Val<T>) -> Self::Val<T>;
    /// How many zeros come before the first one from the top, or from the bottom; of zero, the width.
    fn leading_zeros<T: Int>(&mut self, a: Self::Val<T>) -> Self::Val<T>;
    fn trailing_zeros<T: Int>(&mut self, a: Self::Val<T>) -> Self::Val<T>;
    /// How many bits are set.
    fn ones<T: Int>(&mut self, a: Self::Val<T>) -> Self::Val<T>;
    fn swapped_bytes<T: Int>(&mut self, a: Self::Val<T>) -> Self::Val<T>;
    /// The low bits of `a`, one to each set bit of `mask`: PDEP.
    fn deposit<T: Int>(&mut self, a: Self::Val<T>, mask: Self::Val<T>) -> Self::Val<T>;
    /// The bits of `a` under the set bits of `mask`, packed: PEXT.
    fn gather<T: Int>(&mut self, a: Self::Val<T>, mask: Self::Val<T>) -> Self::Val<T>;
    /// A CRC-32C that goes on with `data`.
    fn crc32<T: Int>(&mut self, crc: Self::Val<u32>, data: Self::Val<T>) -> Self::Val<u32>;
    /// The low bits, or with zeros above.
    fn zero_extend<T: Int, U: Int>(&mut self, a: Self::Val<T>) -> Self::Val<U>;
    fn sign_extend<T: Int, U: Int>(&mut self, a: Self::Val<T>) -> Self::Val<U>;
    /// The product's low and high halves.
    fn multiply<T: Int>(
        &mut self,
        a: Self::Val<T>,
        b: Self::Val<T>,
        signed: bool,
    ) -> (Self::Val<T>, Self::Val<T>);

    /// `high:low` divided: quotient and remainder.
    ///
    /// # Errors
    /// When the divisor is zero or the quotient does not fit.
    fn divide<T: Int>(
        &mut self,
        high: Self::Val<T>,
        low: Self::Val<T>,
        divisor: Self::Val<T>,
        signed: bool,
    ) -> Try<Self, (Self::Val<T>, Self::Val<T>)>;

    /// One of the shift group by a count (already reduced to five or six bits), with its flags; a count of zero
    /// changes nothing.
    fn shift<T: Int>(&mut self, kind: Shift, a: Self::Val<T>, count: Self::Val<u8>) -> Self::Val<T>;

    /// `a` shifted by a count of at most 63, the bits of `filler` coming in, with its flags; a count of zero changes
    /// nothing.
    fn shift_double<T: Int>(
        &mut self,
        left: bool,
        a: Self::Val<T>,
        filler: Self::Val<T>,
        count: Self::Val<u8>,
    ) -> Self::Val<T>;

    /// CF as 0 or 1.
    fn carry<T: Int>(&mut self) -> Self::Val<T>;
    /// One of the sixteen conditions.
    fn condition(&mut self, number: u8) -> Self::Truth;
    /// The flags of `result`, which is `a` plus `b` (and a carry, perhaps).
    fn flags_of_sum<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// The flags of `result`, which is `a` minus `b` (and a borrow, perhaps).
    fn flags_of_difference<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>, result: Self::Val<T>);
    /// As [`Self::flags_of_sum`] with 1, and CF stays.
    fn flags_of_increment<T: Int>(&mut self, a: Self::Val<T>, result: Self::Val<T>);
    /// As [`Self::flags_of_difference`] with 1, and CF stays.
    fn flags_of_decrement<T: Int>(&mut self, a: Self::Val<T>, result: Self::Val<T>);
    fn flags_of_logic<T: Int>(&mut self, result: Self::Val<T>);
    /// Sets CF and OF together and leaves the others.
    fn set_carry_and_overflow(&mut self, both: Self::Truth);

    /// Sets CF and leaves the others.
    fn set_carry(&mut self, carry: Self::Truth);
    /// Sets OF and leaves the others.
    fn set_overflow(&mut self, overflow: Self::Truth);
    /// Sets ZF, PF and CF, and clears the others.
    fn set_comparison(&mut self, zero: Self::Truth, parity: Self::Truth, carry: Self::Truth);

    fn is_zero<T: Int>(&mut self, a: Self::Val<T>) -> Self::Truth;
    fn equal<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Truth;
    /// Whether `a` is the smaller one, both without a sign.
    fn less<T: Int>(&mut self, a: Self::Val<T>, b: Self::Val<T>) -> Self::Truth;
    fn not(&mut self, a: Self::Truth) -> Self::Truth;
    fn both(&mut self, a: Self::Truth, b: Self::Truth) -> Self::Truth;
    fn select<T: Int>(&mut self, truth: Self::Truth, a: Self::Val<T>, b: Self::Val<T>) -> Self::Val<T>;
    /// Does `then` if `truth` holds.
    ///
    /// # Errors
    /// What `then` gives.
    fn when(&mut self, truth: Self::Truth, then: impl FnOnce(&mut Self) -> Done<Self>) -> Done<Self>;

    /// The stack pointer, as wide as the stack segment says.
    fn stack_top(&mut self) -> Self::Val<u64>;
    /// `top` moved by a known number of bytes, wrapped as the stack segment says.
    fn stack_moved(&mut self, top: Self::Val<u64>, bytes: i64) -> Self::Val<u64>;
    /// Makes `top` the stack pointer; of its register, what the stack segment doesn't use stays.
    fn set_stack_top(&mut self, top: Self::Val<u64>);

    /// The offset of the next instruction.
    fn next_instruction(&mut self) -> Self::Val<u64>;
    /// Makes sure that [`Self::jump`] to this offset will not fail.
    ///
    /// # Errors
    /// When the offset lies outside of the code segment.
    fn check_target(&mut self, to: Self::Val<u64>) -> Done<Self>;
    /// Goes on at an offset in the code segment.
    ///
    /// # Errors
    /// When the offset lies outside.
    fn jump(&mut self, to: Self::Val<u64>) -> Done<Self>;

    /// Makes sure that vector instructions, or those with a VEX prefix, can be used now.
    ///
    /// # Errors
    /// When they cannot.
    fn check_vectors(&mut self, vex: bool) -> Done<Self>;
    /// Half (0 or 1) of a vector register.
    fn block(&mut self, register: u8, half: u8) -> Self::Block;
    fn set_block(&mut self, register: u8, half: u8, value: Self::Block);
    fn join(&mut self, low: Self::Val<u64>, high: Self::Val<u64>) -> Self::Block;
    /// A block's low (0) or high (1) quadword.
    fn quad(&mut self, block: Self::Block, number: u8) -> Self::Val<u64>;

    /// Makes sure that an address is a multiple of `bytes`.
    ///
    /// # Errors
    /// When it is not.
    fn check_alignment(&mut self, segment: u8, offset: Self::Val<u64>, bytes: u8) -> Done<Self>;

    /// Reads 16 bytes.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn load_block(&mut self, segment: u8, offset: Self::Val<u64>) -> Try<Self, Self::Block>;

    /// Writes 16 bytes.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn store_block(&mut self, segment: u8, offset: Self::Val<u64>, value: Self::Block) -> Done<Self>;

    /// Writes 32 bytes.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn store_two_blocks(
        &mut self,
        segment: u8,
        offset: Self::Val<u64>,
        values: [Self::Block; 2],
    ) -> Done<Self>;

    /// What a vector operation makes of the blocks of its three sources.
    ///
    /// # Errors
    /// When it raises an exception that MXCSR does not mask.
    fn operate<O: Operation, const N: usize>(
        &mut self,
        o: &Operands,
        sources: [[Self::Block; N]; 3],
    ) -> Try<Self, [Self::Block; N]>;
}

/// A value, or why there is none.
pub type Try<B, V> = Result<V, <B as Backend>::Stop>;

/// What becomes of an instruction.
pub type Done<B> = Try<B, ()>;

/// The meaning of one instruction in one form.
pub trait Meaning: 'static {
    /// Where it goes on.
    const FLOW: Flow = Flow::On;
    /// Whether it is long enough for calls; else all of it is inlined into each handler.
    const CALLS: bool = false;
    /// Whether registers and flags are all that it reads and changes: no memory, no stack, no jump.
    const REGISTERS_ONLY: bool = false;
    /// Whether it can access memory.
    const ACCESSES: bool = !Self::REGISTERS_ONLY;
    /// Whether it mostly stands before a conditional jump, so that one handler for both pays.
    const COMPARES: bool = false;
    /// Of these, whether there are such operands in 64-bit mode only.
    const WIDEST: bool = false;
    /// Of a conditional jump, its condition's number and its target's width in bits.
    const CONDITION: Option<(u8, u32)> = None;

    /// # Errors
    /// When it cannot be completed; nothing has been changed then.
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B>;
}

/// Where an operand is.
pub trait Form: 'static {
    /// Whether it is no register.
    const IN_MEMORY: bool = false;

    /// What [`Self::close`] needs of an opened operand.
    type Open<B: Backend, T: Int>: Copy;

    /// # Errors
    /// As [`Backend::load`].
    fn read<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>>;

    /// # Errors
    /// As [`Backend::store`].
    fn write<B: Backend, T: Int>(b: &mut B, o: &Operands, value: B::Val<T>) -> Done<B>;

    /// Reads an operand that is about to be changed.
    ///
    /// # Errors
    /// As [`Backend::open`].
    fn open<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, (Self::Open<B, T>, B::Val<T>)>;

    fn close<B: Backend, T: Int>(b: &mut B, o: &Operands, open: Self::Open<B, T>, value: B::Val<T>);
}

/// The register [`Operands::first`].
pub struct First;
/// The register [`Operands::second`].
pub struct Second;
/// The third register, of instructions without a memory operand: [`Operands::base`].
pub struct Third;
/// The accumulator and the other implied registers, by number.
pub struct Fixed<const REGISTER: u8>;
/// Memory at the address of base, index and displacement.
pub struct Memory;
/// [`Operands::immediate`]. Read only.
pub struct Immediate;

/// The offset of a memory operand.
#[inline(always)]
pub fn offset<B: Backend>(b: &mut B, o: &Operands) -> B::Val<u64> {
    b.address(o)
}

/// A form that is a register, whose number `number` gives.
macro_rules! register_form {
    ($form:ty, [$($parameter:tt)*], $operands:ident => $number:expr) => {
        impl<$($parameter)*> Form for $form {
            type Open<B: Backend, T: Int> = ();

            #[inline(always)]
            fn read<B: Backend, T: Int>(b: &mut B, $operands: &Operands) -> Try<B, B::Val<T>> {
                Ok(b.register($number))
            }

            #[inline(always)]
            fn write<B: Backend, T: Int>(b: &mut B, $operands: &Operands, value: B::Val<T>) -> Done<B> {
                b.set_register($number, value);
                Ok(())
            }

            #[inline(always)]
            fn open<B: Backend, T: Int>(b: &mut B, $operands: &Operands) -> Try<B, ((), B::Val<T>)> {
                Ok(((), b.register($number)))
            }

            #[inline(always)]
            fn close<B: Backend, T: Int>(b: &mut B, $operands: &Operands, (): (), value: B::Val<T>) {
                b.set_register($number, value);
            }
        }
    };
}

register_form!(First, [], o => o.first);
register_form!(Second, [], o => o.second);
register_form!(Third, [], o => o.base);
register_form!(Fixed<REGISTER>, [const REGISTER: u8], _o => REGISTER);

impl Form for Memory {
    const IN_MEMORY: bool = true;

    type Open<B: Backend, T: Int> = B::Cell<T>;

    #[inline(always)]
    fn read<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        let offset = offset(b, o);
        b.load(o.segment, offset)
    }

    #[inline(always)]
    fn write<B: Backend, T: Int>(b: &mut B, o: &Operands, value: B::Val<T>) -> Done<B> {
        let offset = offset(b, o);
        b.store(o.segment, offset, value)
    }

    #[inline(always)]
    fn open<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, (B::Cell<T>, B::Val<T>)> {
        let offset = offset(b, o);
        b.open(o.segment, offset)
    }

    #[inline(always)]
    fn close<B: Backend, T: Int>(b: &mut B, _: &Operands, cell: B::Cell<T>, value: B::Val<T>) {
        b.close(cell, value);
    }
}

/// Where an operand that is read and changed may be; every [`Form`] is one.
pub trait Place: 'static {
    /// As [`Form::IN_MEMORY`].
    const IN_MEMORY: bool;

    /// Changes the operand, and gives what it was. `change` may set flags and nothing else.
    ///
    /// # Errors
    /// As [`Backend::open`].
    fn update<B: Backend, T: Int>(
        b: &mut B,
        o: &Operands,
        change: impl Fn(&mut B, B::Val<T>) -> B::Val<T>,
    ) -> Try<B, B::Val<T>>;
}

impl<F: Form> Place for F {
    const IN_MEMORY: bool = F::IN_MEMORY;

    #[inline(always)]
    fn update<B: Backend, T: Int>(
        b: &mut B,
        o: &Operands,
        change: impl Fn(&mut B, B::Val<T>) -> B::Val<T>,
    ) -> Try<B, B::Val<T>> {
        let (open, before) = F::open::<B, T>(b, o)?;
        let after = change(b, before);
        F::close(b, o, open, after);
        Ok(before)
    }
}

/// [`Memory`] that no other processor reaches between reading and writing: behind a LOCK prefix, and XCHG's.
pub struct Locked;

impl Place for Locked {
    const IN_MEMORY: bool = true;

    #[inline(always)]
    fn update<B: Backend, T: Int>(
        b: &mut B,
        o: &Operands,
        change: impl Fn(&mut B, B::Val<T>) -> B::Val<T>,
    ) -> Try<B, B::Val<T>> {
        let offset = offset(b, o);
        b.update_locked(o.segment, offset, change)
    }
}

/// The selector of the segment register [`Operands::second`], with zeros above. Read only.
pub struct Selector;

impl Source for Selector {
    #[inline(always)]
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        let selector = b.selector(o.second);
        Ok(b.zero_extend(selector))
    }
}

/// Where an operand that is only read may be; every [`Form`] is one.
pub trait Source: 'static {
    /// Whether the value stands in the instruction.
    const KNOWN: bool = false;
    /// As [`Form::IN_MEMORY`].
    const IN_MEMORY: bool = false;

    /// # Errors
    /// As [`Backend::load`].
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>>;
}

impl<F: Form> Source for F {
    const IN_MEMORY: bool = F::IN_MEMORY;

    #[inline(always)]
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        F::read(b, o)
    }
}

impl Source for Immediate {
    const KNOWN: bool = true;

    #[inline(always)]
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        Ok(b.constant(o.immediate))
    }
}

/// Pushes a value.
///
/// # Errors
/// As [`Backend::store`].
#[inline(always)]
pub fn push<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> Done<B> {
    let top = b.stack_top();
    let top = b.stack_moved(top, -i64::from(T::BITS / 8));
    b.store(super::state::seg::SS, top, value)?;
    b.set_stack_top(top);
    Ok(())
}

/// The value on top of the stack, and where the stack's top is without it.
///
/// # Errors
/// As [`Backend::load`].
#[inline(always)]
pub fn peek_top<B: Backend, T: Int>(b: &mut B) -> Try<B, (B::Val<T>, B::Val<u64>)> {
    let top = b.stack_top();
    let value = b.load(super::state::seg::SS, top)?;
    Ok((value, b.stack_moved(top, i64::from(T::BITS / 8))))
}

/// The register that counts and the one for addresses of strings, in the width of the instruction's addresses.
#[inline(always)]
pub fn address_register<B: Backend>(b: &mut B, o: &Operands, number: u8) -> B::Val<u64> {
    debug_assert!(number < reg::NONE);
    let value = b.register::<u64>(number);
    let mask = b.constant::<u64>(o.offset_size.mask());
    b.and(value, mask)
}

/// Sets a register that [`address_register`] has read; of 16-bit addresses the upper bits stay, of 32-bit ones they
/// become zero.
#[inline(always)]
pub fn set_address_register<B: Backend>(b: &mut B, o: &Operands, number: u8, value: B::Val<u64>) {
    match o.offset_size {
        OffsetSize::Bits16 => {
            let low = b.zero_extend::<u64, u16>(value);
            b.set_register(number, low);
        }
        OffsetSize::Bits32 => {
            let low = b.zero_extend::<u64, u32>(value);
            b.set_register(number, low);
        }
        OffsetSize::Bits64 => b.set_register(number, value),
    }
}
