//! Moves, extensions, exchanges, addresses and the stack.

use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{
    self, Backend, Done, Fixed, Form, Meaning, Memory, Place, Source, peek_top, push,
};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;
use std::marker::PhantomData;

/// `D = S`.
pub struct Move<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Int, D: Form, S: Source> Meaning for Move<T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        D::write(b, o, value)
    }
}

/// MOVZX and MOVSX: `D = S`, extended from `T` to `U`.
pub struct Extend<T, U, D, S, const SIGNED: bool>(PhantomData<(T, U, D, S)>);

impl<T: Int, U: Int, D: Form, S: Source, const SIGNED: bool> Meaning for Extend<T, U, D, S, SIGNED> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        let wide = if SIGNED { b.sign_extend::<T, U>(value) } else { b.zero_extend::<T, U>(value) };
        D::write(b, o, wide)
    }
}

/// XCHG.
pub struct Exchange<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Int, D: Place, S: Form> Meaning for Exchange<T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::read::<B, T>(b, o)?;
        let left = D::update::<B, T>(b, o, |_, _| right)?;
        S::write(b, o, left)
    }
}

/// LEA.
pub struct LoadAddress<T>(PhantomData<T>);

impl<T: Int> Meaning for LoadAddress<T> {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let offset = backend::offset(b, o);
        let value = b.zero_extend::<u64, T>(offset);
        b.set_register(o.first, value);
        Ok(())
    }
}

/// PUSH. From the 80286 on, PUSH SP pushes the value before.
pub struct Push<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for Push<T, S> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        push(b, value)
    }
}

/// POP into a register. POP SP leaves the value read.
pub struct Pop<T, D>(PhantomData<(T, D)>);

impl<T: Int, D: Form> Meaning for Pop<T, D> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (value, top) = peek_top::<B, T>(b)?;
        b.set_stack_top(top);
        D::write(b, o, value)
    }
}

/// LEAVE.
pub struct Leave<T>(PhantomData<T>);

impl<T: Int> Meaning for Leave<T> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, _: &Operands) -> Done<B> {
        let frame = b.register::<u64>(reg::BP);
        let frame = b.stack_moved(frame, 0);
        let saved = b.load::<T>(crate::cpu::x86::state::seg::SS, frame)?;
        let top = b.stack_moved(frame, i64::from(T::BITS / 8));
        b.set_stack_top(top);
        b.set_register(reg::BP, saved);
        Ok(())
    }
}

/// CMOVcc; the condition is [`Operands::detail`].
pub struct MoveIf<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for MoveIf<T, S> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        let before = b.register::<T>(o.first);
        let holds = b.condition(o.detail);
        let value = b.select(holds, value, before);
        b.set_register(o.first, value);
        Ok(())
    }
}

/// SETcc; the condition is [`Operands::detail`].
pub struct SetIf<D>(PhantomData<D>);

impl<D: Form> Meaning for SetIf<D> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (one, zero) = (b.constant::<u8>(1), b.constant(0));
        let holds = b.condition(o.detail);
        let value = b.select(holds, one, zero);
        D::write(b, o, value)
    }
}

/// NOP, and what a processor alone takes for one.
pub struct Nothing;

impl Meaning for Nothing {
    const REGISTERS_ONLY: bool = true;

    #[inline(always)]
    fn run<B: Backend>(_: &mut B, _: &Operands) -> Done<B> {
        Ok(())
    }
}

/// CLFLUSH and its kin: the byte is reached as by a read, and that is all.
pub struct Touch;

impl Meaning for Touch {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        Memory::read::<B, u8>(b, o).map(drop)
    }
}

/// The accumulator.
pub type Accumulator = Fixed<{ reg::AX }>;
