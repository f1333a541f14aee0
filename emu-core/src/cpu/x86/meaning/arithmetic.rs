//! Sums, differences, bitwise operations, shifts and products (Intel SDM volume 2).

use crate::cpu::x86::alu::{Int, Shift as ShiftKind};
use crate::cpu::x86::backend::{Backend, Done, Fixed, Form, Meaning, Place, Source};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;
use std::marker::PhantomData;

/// What makes one number of two and sets the flags.
pub trait Combine: 'static {
    fn combine<B: Backend, T: Int>(b: &mut B, left: B::Val<T>, right: B::Val<T>) -> B::Val<T>;
}

/// What makes one number of one.
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
    /// ADD, and XADD's sum.
    Add(b, left, right) {
        let result = b.add(left, right);
        b.flags_of_sum(left, right, result);
        result
    }
    Adc(b, left, right) {
        let carry = b.carry();
        let result = b.add(left, right);
        let result = b.add(result, carry);
        b.flags_of_sum(left, right, result);
        result
    }
    /// SUB and CMP.
    Sub(b, left, right) {
        let result = b.sub(left, right);
        b.flags_of_difference(left, right, result);
        result
    }
    Sbb(b, left, right) {
        let borrow = b.carry();
        let result = b.sub(left, right);
        let result = b.sub(result, borrow);
        b.flags_of_difference(left, right, result);
        result
    }
    /// AND and TEST.
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
    Xor(b, left, right) {
        let result = b.xor(left, right);
        b.flags_of_logic(result);
        result
    }
}

/// `D = D combined with S`.
pub struct Binary<C, T, D, S>(PhantomData<(C, T, D, S)>);

impl<C: Combine, T: Int, D: Place, S: Source> Meaning for Binary<C, T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        D::update::<B, T>(b, o, |b, left| C::combine::<B, T>(b, left, right))?;
        Ok(())
    }
}

/// `D combined with S`, for the flags only: CMP and TEST.
pub struct Compare<C, T, D, S>(PhantomData<(C, T, D, S)>);

impl<C: Combine, T: Int, D: Form, S: Source> Meaning for Compare<C, T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;
    const COMPARES: bool = T::BITS != 16;
    const WIDEST: bool = T::BITS == 64;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let left = D::read::<B, T>(b, o)?;
        C::combine::<B, T>(b, left, right);
        Ok(())
    }
}

macro_rules! change {
    ($($name:ident($b:ident, $value:ident) $body:block)*) => {$(
        pub struct $name;

        impl Change for $name {
            #[inline(always)]
            fn change<B: Backend, T: Int>($b: &mut B, $value: B::Val<T>) -> B::Val<T> $body
        }
    )*};
}

change! {
    Inc(b, value) {
        let one = b.constant(1);
        let result = b.add(value, one);
        b.flags_of_increment(value, result);
        result
    }
    Dec(b, value) {
        let one = b.constant(1);
        let result = b.sub(value, one);
        b.flags_of_decrement(value, result);
        result
    }
    Neg(b, value) {
        let zero = b.constant(0);
        let result = b.sub(zero, value);
        b.flags_of_difference(zero, value, result);
        result
    }
    Not(b, value) {
        let ones = b.constant(u64::MAX);
        b.xor(value, ones)
    }
}

/// `D = D changed`.
pub struct Unary<C, T, D>(PhantomData<(C, T, D)>);

impl<C: Change, T: Int, D: Place> Meaning for Unary<C, T, D> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        D::update::<B, T>(b, o, C::change::<B, T>)?;
        Ok(())
    }
}

/// The shift group; `KIND` is its number in the opcode, `S` by how many bits. Counts are taken modulo 32, or 64 for
/// 64-bit operands, from the 80186 on.
pub struct Shift<T, D, S, const KIND: u8>(PhantomData<(T, D, S)>);

impl<T: Int, D: Form, S: Source, const KIND: u8> Meaning for Shift<T, D, S, KIND> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let count = S::get::<B, u8>(b, o)?;
        let mask = b.constant::<u8>(if T::BITS == 64 { 63 } else { 31 });
        let count = b.and(count, mask);
        let (open, value) = D::open::<B, T>(b, o)?;
        let result = b.shift(ShiftKind::from_field(KIND), value, count);
        D::close(b, o, open, result);
        Ok(())
    }
}

/// MUL and IMUL with one operand: the accumulator times `S`, into AX or into DX and the accumulator.
pub struct MultiplyWide<T, S, const SIGNED: bool>(PhantomData<(T, S)>);

impl<T: Int, S: Source, const SIGNED: bool> Meaning for MultiplyWide<T, S, SIGNED> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let factor = S::get::<B, T>(b, o)?;
        let accumulator = b.register::<T>(reg::AX);
        let (low, high) = product::<B, T>(b, accumulator, factor, SIGNED);
        b.set_register(reg::AX, low);
        b.set_register(if T::BITS == 8 { reg::AX + reg::HIGH } else { reg::DX }, high);
        Ok(())
    }
}

/// IMUL with two or three operands: `D` = `L` times `R`.
pub struct Multiply<T, D, L, R>(PhantomData<(T, D, L, R)>);

impl<T: Int, D: Form, L: Source, R: Source> Meaning for Multiply<T, D, L, R> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !L::IN_MEMORY && !R::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let left = L::get::<B, T>(b, o)?;
        let right = R::get::<B, T>(b, o)?;
        let (low, _) = product::<B, T>(b, left, right, true);
        D::write(b, o, low)
    }
}

/// A product with its flags: CF and OF say whether the high half matters; the others are undefined, and taken from
/// the low half.
#[inline(always)]
fn product<B: Backend, T: Int>(
    b: &mut B,
    left: B::Val<T>,
    right: B::Val<T>,
    signed: bool,
) -> (B::Val<T>, B::Val<T>) {
    let (low, high) = b.multiply(left, right, signed);
    let plain = if signed { sign_of::<B, T>(b, low) } else { b.constant(0) };
    let fits = b.equal(high, plain);
    let matters = b.not(fits);
    b.flags_of_logic(low);
    b.set_carry_and_overflow(matters);
    (low, high)
}

/// All bits as the top one.
#[inline(always)]
fn sign_of<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> B::Val<T> {
    let wide = b.sign_extend::<T, u64>(value);
    let shifted = b.arithmetic_right(wide, 63);
    b.zero_extend(shifted)
}

/// DIV and IDIV by `S`: AX, or DX and the accumulator, into quotient and remainder. The flags are undefined, and stay.
pub struct Divide<T, S, const SIGNED: bool>(PhantomData<(T, S)>);

impl<T: Int, S: Source, const SIGNED: bool> Meaning for Divide<T, S, SIGNED> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let upper = if T::BITS == 8 { reg::AX + reg::HIGH } else { reg::DX };
        let divisor = S::get::<B, T>(b, o)?;
        let (high, low) = (b.register::<T>(upper), b.register::<T>(reg::AX));
        let (quotient, remainder) = b.divide(high, low, divisor, SIGNED)?;
        b.set_register(reg::AX, quotient);
        b.set_register(upper, remainder);
        Ok(())
    }
}

/// CBW, CWDE, CDQE: the accumulator's sign extended from `T` to `U`.
pub struct ExtendAccumulator<T, U>(PhantomData<(T, U)>);

impl<T: Int, U: Int> Meaning for ExtendAccumulator<T, U> {
    const REGISTERS_ONLY: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, _: &Operands) -> Done<B> {
        let value = b.register::<T>(reg::AX);
        let wide = b.sign_extend::<T, U>(value);
        b.set_register(reg::AX, wide);
        Ok(())
    }
}

/// CWD, CDQ, CQO: DX becomes the accumulator's sign.
pub struct SignIntoDx<T>(PhantomData<T>);

impl<T: Int> Meaning for SignIntoDx<T> {
    const REGISTERS_ONLY: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, _: &Operands) -> Done<B> {
        let value = b.register::<T>(reg::AX);
        let sign = sign_of::<B, T>(b, value);
        b.set_register(reg::DX, sign);
        Ok(())
    }
}

/// CL, the count of shifts.
pub type Count = Fixed<{ reg::CX }>;
