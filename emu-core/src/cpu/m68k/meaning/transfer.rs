//! Moves, extensions, exchanges, addresses and the stack.

use crate::cpu::int::Int;
use crate::cpu::m68k::backend::{Backend, Done, Meaning};
use crate::cpu::m68k::form::{Addressed, Form, Source};
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::reg;
use std::marker::PhantomData;

/// MOVE, MOVEQ.
pub struct Move<T, S, D>(PhantomData<(T, S, D)>);

impl<T: Int, S: Source, D: Form> Meaning for Move<T, S, D> {
    const ACCESSES: bool = S::IN_MEMORY || D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        D::put(b, o, value).inspect_err(|_| S::undo(b, o))?;
        b.flags_of_logic(value);
        Ok(())
    }
}

/// MOVEA: the whole register, and no flags.
pub struct MoveAddress<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for MoveAddress<T, S> {
    const ACCESSES: bool = S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        let value = b.sign_extend::<T, u32>(value);
        b.set_register(o.destination.base, value);
        Ok(())
    }
}

/// LEA.
pub struct LoadAddress<S>(PhantomData<S>);

impl<S: Addressed> Meaning for LoadAddress<S> {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let address = S::address(b, o);
        b.set_register(o.destination.base, address);
        Ok(())
    }
}

/// Pushes a long.
///
/// # Errors
/// As [`Backend::store`].
#[inline(always)]
pub fn push<B: Backend>(b: &mut B, value: B::Val<u32>) -> Done<B> {
    let top = b.register::<u32>(reg::SP);
    let four = b.constant(4);
    let top = b.sub(top, four);
    b.store(top, value)?;
    b.set_register(reg::SP, top);
    Ok(())
}

/// PEA.
pub struct PushAddress<S>(PhantomData<S>);

impl<S: Addressed> Meaning for PushAddress<S> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let address = S::address(b, o);
        push(b, address)
    }
}

/// LINK. A7 itself is pushed as it was.
pub struct Link;

impl Meaning for Link {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = b.register::<u32>(o.source.base);
        push(b, value)?;
        let frame = b.register::<u32>(reg::SP);
        b.set_register(o.source.base, frame);
        let locals = b.constant::<u16>(o.destination.value.into());
        let locals = b.sign_extend::<u16, u32>(locals);
        let top = b.add(frame, locals);
        b.set_register(reg::SP, top);
        Ok(())
    }
}

/// UNLK.
pub struct Unlink;

impl Meaning for Unlink {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let frame = b.register::<u32>(o.source.base);
        let value = b.load::<u32>(frame)?;
        let four = b.constant(4);
        let top = b.add(frame, four);
        b.set_register(reg::SP, top);
        b.set_register(o.source.base, value);
        Ok(())
    }
}

/// EXG.
pub struct Exchange;

impl Meaning for Exchange {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let first = b.register::<u32>(o.source.base);
        let second = b.register::<u32>(o.destination.base);
        b.set_register(o.source.base, second);
        b.set_register(o.destination.base, first);
        Ok(())
    }
}

/// SWAP.
pub struct Swap;

impl Meaning for Swap {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = b.register::<u32>(o.source.base);
        let swapped = b.rotated_left(value, 16);
        b.flags_of_logic(swapped);
        b.set_register(o.source.base, swapped);
        Ok(())
    }
}

/// EXT: the sign extended from `T` to `U`.
pub struct Extend<T, U>(PhantomData<(T, U)>);

impl<T: Int, U: Int> Meaning for Extend<T, U> {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = b.register::<T>(o.source.base);
        let wide = b.sign_extend::<T, U>(value);
        b.flags_of_logic(wide);
        b.set_register(o.source.base, wide);
        Ok(())
    }
}

/// Scc; the condition is [`Operands::detail`]. It reads before it writes; where it is true it takes `MORE` clock cycles
/// more.
pub struct SetIf<D, const MORE: u64>(PhantomData<D>);

impl<D: Form, const MORE: u64> Meaning for SetIf<D, MORE> {
    const ACCESSES: bool = D::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (open, _) = D::open::<B, u8>(b, o)?;
        let (ones, zeros) = (b.constant::<u8>(0xFF), b.constant::<u8>(0));
        let holds = b.condition(o.detail);
        let value = b.select(holds, ones, zeros);
        if MORE != 0 {
            let (more, same) = (b.constant::<u32>(MORE), b.constant::<u32>(0));
            let clocks = b.select(holds, more, same);
            b.charge(clocks);
        }
        D::close(b, o, open, value)
    }
}

/// NOP.
pub struct Nothing;

impl Meaning for Nothing {
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(_: &mut B, _: &Operands) -> Done<B> {
        Ok(())
    }
}
