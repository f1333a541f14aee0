//! The forms that operands have: the addressing modes, as far as executing them differs. All that is known when an
//! instruction is decoded is one number in its [`Place`], so that the twelve modes become six.

#![allow(clippy::type_complexity, reason = "a number of a width of a backend needs a long name")]

use super::backend::{Backend, Done, Try};
use super::operands::{Operands, Place};
use crate::cpu::int::Int;
use std::marker::PhantomData;

/// Which operand.
pub trait Which: 'static {
    fn of(o: &Operands) -> &Place;
}

/// [`Operands::source`].
pub struct First;
/// [`Operands::destination`].
pub struct Second;

impl Which for First {
    #[inline(always)]
    fn of(o: &Operands) -> &Place {
        &o.source
    }
}

impl Which for Second {
    #[inline(always)]
    fn of(o: &Operands) -> &Place {
        &o.destination
    }
}

/// The register [`Place::base`].
pub struct Register<W>(PhantomData<W>);
/// [`Place::value`]. Read only.
pub struct Immediate<W>(PhantomData<W>);
/// Memory at base and value: (An), d16(An), absolute addresses, d16(PC).
pub struct Based<W>(PhantomData<W>);
/// Memory at base, value and index: d8(An,Xn), d8(PC,Xn).
pub struct Indexed<W>(PhantomData<W>);
/// Memory at the base, which then goes up by the value: (An)+.
pub struct Increment<W>(PhantomData<W>);
/// The base goes down by the value, and there is the operand: -(An).
pub struct Decrement<W>(PhantomData<W>);

/// Where an operand that is only read may be.
pub trait Source: 'static {
    /// Whether it is neither a register nor in the instruction.
    const IN_MEMORY: bool = true;

    /// Reads the operand, and steps the register that leads to it.
    ///
    /// # Errors
    /// As [`Backend::load`].
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>>;

    /// Puts a register back that [`Self::get`] has stepped.
    #[inline(always)]
    fn undo<B: Backend>(_: &mut B, _: &Operands) {}
}

/// Where an operand is.
pub trait Form: Source {
    /// What [`Self::close`] needs of an opened operand.
    type Open<B: Backend, T: Int>: Copy;

    /// # Errors
    /// As [`Backend::store`].
    fn put<B: Backend, T: Int>(b: &mut B, o: &Operands, value: B::Val<T>) -> Done<B>;

    /// Reads an operand that is about to be changed.
    ///
    /// # Errors
    /// As [`Backend::open`].
    fn open<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, (Self::Open<B, T>, B::Val<T>)>;

    /// # Errors
    /// As [`Backend::close`].
    fn close<B: Backend, T: Int>(
        b: &mut B,
        o: &Operands,
        open: Self::Open<B, T>,
        value: B::Val<T>,
    ) -> Done<B>;
}

/// A form whose address can be worked out without reading: for LEA and jumps.
pub trait Addressed: 'static {
    fn address<B: Backend>(b: &mut B, o: &Operands) -> B::Val<u32>;
}

impl<W: Which> Source for Immediate<W> {
    const IN_MEMORY: bool = false;

    #[inline(always)]
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        Ok(b.constant(W::of(o).value.into()))
    }
}

impl<W: Which> Source for Register<W> {
    const IN_MEMORY: bool = false;

    #[inline(always)]
    fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
        Ok(b.register(W::of(o).base))
    }
}

impl<W: Which> Form for Register<W> {
    type Open<B: Backend, T: Int> = ();

    #[inline(always)]
    fn put<B: Backend, T: Int>(b: &mut B, o: &Operands, value: B::Val<T>) -> Done<B> {
        b.set_register(W::of(o).base, value);
        Ok(())
    }

    #[inline(always)]
    fn open<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, ((), B::Val<T>)> {
        Ok(((), b.register(W::of(o).base)))
    }

    #[inline(always)]
    fn close<B: Backend, T: Int>(b: &mut B, o: &Operands, (): (), value: B::Val<T>) -> Done<B> {
        b.set_register(W::of(o).base, value);
        Ok(())
    }
}

impl<W: Which> Addressed for Based<W> {
    #[inline(always)]
    fn address<B: Backend>(b: &mut B, o: &Operands) -> B::Val<u32> {
        let place = W::of(o);
        let base = b.register::<u32>(place.base);
        let displacement = b.constant::<u32>(place.value.into());
        b.add(base, displacement)
    }
}

impl<W: Which> Addressed for Indexed<W> {
    #[inline(always)]
    fn address<B: Backend>(b: &mut B, o: &Operands) -> B::Val<u32> {
        let based = Based::<W>::address(b, o);
        let place = W::of(o);
        let index = b.register::<u32>(place.index);
        let index = b.shifted_left(index, place.index_shift);
        let index = b.arithmetic_right(index, place.index_shift);
        b.add(based, index)
    }
}

/// Steps the base register of a place up or down.
#[inline(always)]
fn step<B: Backend, W: Which>(b: &mut B, o: &Operands, up: bool) -> B::Val<u32> {
    let place = W::of(o);
    let base = b.register::<u32>(place.base);
    let by = b.constant::<u32>(place.value.into());
    if up { b.add(base, by) } else { b.sub(base, by) }
}

/// A form whose address is worked out and nothing else.
macro_rules! plain_memory {
    ($($form:ident)*) => {$(
        impl<W: Which> Source for $form<W> {
            #[inline(always)]
            fn get<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, B::Val<T>> {
                let at = Self::address(b, o);
                b.load(at)
            }
        }

        impl<W: Which> Form for $form<W> {
            type Open<B: Backend, T: Int> = B::Cell<T>;

            #[inline(always)]
            fn put<B: Backend, T: Int>(b: &mut B, o: &Operands, value: B::Val<T>) -> Done<B> {
                let at = Self::address(b, o);
                b.store(at, value)
            }

            #[inline(always)]
            fn open<B: Backend, T: Int>(b: &mut B, o: &Operands) -> Try<B, (B::Cell<T>, B::Val<T>)> {
                let at = Self::address(b, o);
                b.open(at)
            }

            #[inline(always)]
            fn close<B: Backend, T: Int>(b: &mut B, _: &Operands, cell: B::Cell<T>, value: B::Val<T>) -> Done<B> {
                b.close(cell, value)
            }
        }
    )*};
}

plain_memory! { Based Indexed }

/// A form that steps its register: `address` and then, when the access has been made, the register's new value.
macro_rules! stepping_memory {
    ($form:ident, $undo_up:literal, $b:ident, $o:ident => $address:expr, $next:expr) => {
        impl<W: Which> Source for $form<W> {
            #[inline(always)]
            fn get<B: Backend, T: Int>($b: &mut B, $o: &Operands) -> Try<B, B::Val<T>> {
                let at = $address;
                let value = $b.load(at)?;
                let next = $next;
                $b.set_register(W::of($o).base, next);
                Ok(value)
            }

            #[inline(always)]
            fn undo<B: Backend>($b: &mut B, $o: &Operands) {
                let before = step::<B, W>($b, $o, $undo_up);
                $b.set_register(W::of($o).base, before);
            }
        }

        impl<W: Which> Form for $form<W> {
            type Open<B: Backend, T: Int> = B::Cell<T>;

            #[inline(always)]
            fn put<B: Backend, T: Int>($b: &mut B, $o: &Operands, value: B::Val<T>) -> Done<B> {
                let at = $address;
                $b.store(at, value)?;
                let next = $next;
                $b.set_register(W::of($o).base, next);
                Ok(())
            }

            #[inline(always)]
            fn open<B: Backend, T: Int>($b: &mut B, $o: &Operands) -> Try<B, (B::Cell<T>, B::Val<T>)> {
                let at = $address;
                let opened = $b.open(at)?;
                let next = $next;
                $b.set_register(W::of($o).base, next);
                Ok(opened)
            }

            #[inline(always)]
            fn close<B: Backend, T: Int>(
                b: &mut B,
                _: &Operands,
                cell: B::Cell<T>,
                value: B::Val<T>,
            ) -> Done<B> {
                b.close(cell, value)
            }
        }
    };
}

stepping_memory!(Increment, false, b, o => b.register::<u32>(W::of(o).base), step::<B, W>(b, o, true));
stepping_memory!(Decrement, true, b, o => step::<B, W>(b, o, false), step::<B, W>(b, o, false));
