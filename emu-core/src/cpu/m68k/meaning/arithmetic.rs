//! Sums, differences, bitwise operations, bits, shifts and products (M68000PM/AD, chapter 4).

use crate::cpu::int::Int;
use crate::cpu::m68k::backend::{Backend, Done, Meaning};
use crate::cpu::m68k::form::{Form, Source};
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::table::Shift as ShiftKind;
use std::marker::PhantomData;

/// What makes one number of two and sets the flags.
pub trait Combine: 'static {
    fn combine<B: Backend, T: Int>(b: &mut B, left: B::Val<T>, right: B::Val<T>) -> B::Val<T>;
}

/// What makes one number of one and sets the flags.
pub trait Change: 'static {
    fn change<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> B::Val<T>;
}

macro_rules! combine {
    ($($(#[$doc:meta])* $name:ident($b:ident, $left:ident, $right:ident) $body:block)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Combine for $name {
            #[inline(always)]
            fn combine<B: Backend, T: Int>($b: &mut B, $left: B::Val<T>, $right: B::Val<T>) -> B::Val<T> $body
        }
    )*};
}

combine! {
    Add(b, left, right) {
        let result = b.add(left, right);
        b.flags_of_sum(left, right, result);
        result
    }
    /// ADDX.
    AddExtended(b, left, right) {
        let extend = b.extend();
        let result = b.add(left, right);
        let result = b.add(result, extend);
        b.flags_of_extended_sum(left, right, result);
        result
    }
    Sub(b, left, right) {
        let result = b.sub(left, right);
        b.flags_of_difference(left, right, result);
        result
    }
    /// SUBX.
    SubExtended(b, left, right) {
        let extend = b.extend();
        let result = b.sub(left, right);
        let result = b.sub(result, extend);
        b.flags_of_extended_difference(left, right, result);
        result
    }
    And(b, left, right) {
        let result = b.and(left, right);
        b.flags_of_logic(result);
        result
    }
    Or(b, left, right) {
        let result = b.or(left, right);
        b.flags_of_logic(result);
        result
    }
    Eor(b, left, right) {
        let result = b.xor(left, right);
        b.flags_of_logic(result);
        result
    }
}

/// `D = D combined with S`.
pub struct Binary<C, T, S, D>(PhantomData<(C, T, S, D)>);

impl<C: Combine, T: Int, S: Source, D: Form> Meaning for Binary<C, T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let (open, left) = D::open::<B, T>(b, o).inspect_err(|_| S::undo(b, o))?;
        let result = C::combine::<B, T>(b, left, right);
        D::close(b, o, open, result)
    }
}

/// CMP, CMPI, CMPM.
pub struct Compare<T, S, D>(PhantomData<(T, S, D)>);

impl<T: Int, S: Source, D: Source> Meaning for Compare<T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let left = D::get::<B, T>(b, o).inspect_err(|_| S::undo(b, o))?;
        let result = b.sub(left, right);
        b.flags_of_comparison(left, right, result);
        Ok(())
    }
}

/// ADDA and SUBA: the whole register, and no flags.
pub struct AddressSum<T, S, const SUBTRACT: bool>(PhantomData<(T, S)>);

impl<T: Int, S: Source, const SUBTRACT: bool> Meaning for AddressSum<T, S, SUBTRACT> {
    const ACCESSES: bool = S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let right = b.sign_extend::<T, u32>(right);
        let left = b.register::<u32>(o.destination.base);
        let result = if SUBTRACT { b.sub(left, right) } else { b.add(left, right) };
        b.set_register(o.destination.base, result);
        Ok(())
    }
}

/// CMPA.
pub struct CompareAddress<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for CompareAddress<T, S> {
    const ACCESSES: bool = S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let right = b.sign_extend::<T, u32>(right);
        let left = b.register::<u32>(o.destination.base);
        let result = b.sub(left, right);
        b.flags_of_comparison(left, right, result);
        Ok(())
    }
}

macro_rules! change {
    ($($(#[$doc:meta])* $name:ident($b:ident, $value:ident) $body:block)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Change for $name {
            #[inline(always)]
            fn change<B: Backend, T: Int>($b: &mut B, $value: B::Val<T>) -> B::Val<T> $body
        }
    )*};
}

change! {
    Negate(b, value) {
        let zero = b.constant(0);
        Sub::combine::<B, T>(b, zero, value)
    }
    /// NEGX.
    NegateExtended(b, value) {
        let zero = b.constant(0);
        SubExtended::combine::<B, T>(b, zero, value)
    }
    Not(b, value) {
        let ones = b.constant(u64::MAX);
        Eor::combine::<B, T>(b, value, ones)
    }
    /// CLR reads before it writes.
    Clear(b, _value) {
        let zero = b.constant(0);
        b.flags_of_logic::<T>(zero);
        zero
    }
    /// TAS.
    TestAndSet(b, value) {
        b.flags_of_logic(value);
        let top = b.constant(1 << (T::BITS - 1));
        b.or(value, top)
    }
}

/// `D = D changed`.
pub struct Unary<C, T, D>(PhantomData<(C, T, D)>);

impl<C: Change, T: Int, D: Form> Meaning for Unary<C, T, D> {
    const ACCESSES: bool = D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (open, value) = D::open::<B, T>(b, o)?;
        let result = C::change::<B, T>(b, value);
        D::close(b, o, open, result)
    }
}

/// TST.
pub struct Test<T, D>(PhantomData<(T, D)>);

impl<T: Int, D: Source> Meaning for Test<T, D> {
    const ACCESSES: bool = D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = D::get::<B, T>(b, o)?;
        b.flags_of_logic(value);
        Ok(())
    }
}

/// BTST: the bit of `D` that `S` names goes, inverted, to Z.
pub struct BitTest<T, S, D>(PhantomData<(T, S, D)>);

impl<T: Int, S: Source, D: Source> Meaning for BitTest<T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let number = S::get::<B, T>(b, o)?;
        let value = D::get::<B, T>(b, o)?;
        test_bit::<B, T>(b, number, value);
        Ok(())
    }
}

#[inline(always)]
fn test_bit<B: Backend, T: Int>(b: &mut B, number: B::Val<T>, value: B::Val<T>) -> B::Val<T> {
    let bit = b.bit(number);
    let found = b.and(value, bit);
    let clear = b.is_zero(found);
    b.set_zero(clear);
    bit
}

/// What becomes of a bit that has been tested.
pub trait NewBit: 'static {
    fn apply<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) -> B::Val<T>;
}

/// BCHG, BCLR, BSET.
pub struct Flip;
pub struct Off;
pub struct On;

impl NewBit for Flip {
    #[inline(always)]
    fn apply<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) -> B::Val<T> {
        b.xor(value, bit)
    }
}

impl NewBit for Off {
    #[inline(always)]
    fn apply<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) -> B::Val<T> {
        let ones = b.constant(u64::MAX);
        let others = b.xor(bit, ones);
        b.and(value, others)
    }
}

impl NewBit for On {
    #[inline(always)]
    fn apply<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) -> B::Val<T> {
        b.or(value, bit)
    }
}

/// [`BitTest`], and the bit gets a new value. In a register, a bit of the upper half takes two clock cycles more.
pub struct BitPut<N, T, S, D>(PhantomData<(N, T, S, D)>);

impl<N: NewBit, T: Int, S: Source, D: Form> Meaning for BitPut<N, T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let number = S::get::<B, T>(b, o)?;
        let (open, value) = D::open::<B, T>(b, o)?;
        let bit = test_bit::<B, T>(b, number, value);
        if T::BITS == 32 {
            let upper = b.constant::<u32>(16);
            let number = b.zero_extend::<T, u32>(number);
            let upper = b.and(number, upper);
            let clocks = b.arithmetic_right(upper, 3);
            b.charge(clocks);
        }
        let result = N::apply::<B, T>(b, value, bit);
        D::close(b, o, open, result)
    }
}

/// What names one of the eight shifts.
pub trait Direction: 'static {
    const KIND: ShiftKind;
}

macro_rules! directions {
    ($($name:ident)*) => {$(
        pub struct $name;

        impl Direction for $name {
            const KIND: ShiftKind = ShiftKind::$name;
        }
    )*};
}

directions! {
    ArithmeticRight ArithmeticLeft LogicalRight LogicalLeft ExtendRight ExtendLeft RotateRight RotateLeft
}

/// A shift of the register `D` by `S`, which counts modulo 64.
pub struct Shift<K, T, S, D>(PhantomData<(K, T, S, D)>);

impl<K: Direction, T: Int, S: Source, D: Form> Meaning for Shift<K, T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let count = S::get::<B, u8>(b, o)?;
        let mask = b.constant::<u8>(63);
        let count = b.and(count, mask);
        let clocks = b.zero_extend::<u8, u32>(count);
        let clocks = b.shifted_left(clocks, 1);
        b.charge(clocks);
        let (open, value) = D::open::<B, T>(b, o)?;
        let result = b.shift(K::KIND, value, count);
        D::close(b, o, open, result)
    }
}

/// A shift of a word in memory by one.
pub struct ShiftMemory<K, D>(PhantomData<(K, D)>);

impl<K: Direction, D: Form> Meaning for ShiftMemory<K, D> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (open, value) = D::open::<B, u16>(b, o)?;
        let one = b.constant::<u8>(1);
        let result = b.shift(K::KIND, value, one);
        D::close(b, o, open, result)
    }
}

/// MULU and MULS.
pub struct Multiply<S, const SIGNED: bool>(PhantomData<S>);

impl<S: Source, const SIGNED: bool> Meaning for Multiply<S, SIGNED> {
    const ACCESSES: bool = S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, u16>(b, o)?;
        let left = b.register::<u16>(o.destination.base);
        let product = b.multiply(left, right, SIGNED);
        b.flags_of_logic(product);
        b.set_register(o.destination.base, product);
        Ok(())
    }
}
