//! Handlers of what reckons.

use super::{Kind, Select, View, by_form, by_memory, by_source, by_value, by_wide_width, by_width};
use crate::cpu::m68k::form::{Decrement, First, Increment, Register, Second};
use crate::cpu::m68k::meaning::arithmetic::{
    self as meaning, AddressSum, Binary, BitPut, BitTest, Change, Combine, Compare, CompareAddress,
    Direction, Multiply, NewBit, Shift, ShiftMemory, Test, Unary,
};
use crate::cpu::m68k::routine::decimal::{Abcd, Nbcd, Sbcd};
use crate::cpu::m68k::table::{Operation, Shift as ShiftKind};

pub(super) fn select<S: Select>(view: &View) -> Option<S::Handler> {
    let (width, source) = (view.width, view.kinds[0]);
    match view.row.operation {
        Operation::Add => binary::<S, meaning::Add>(view),
        Operation::Sub => binary::<S, meaning::Sub>(view),
        Operation::And => binary::<S, meaning::And>(view),
        Operation::Or => binary::<S, meaning::Or>(view),
        Operation::Eor => binary::<S, meaning::Eor>(view),
        Operation::Compare => compare::<S>(view),
        Operation::AddExtended => extended::<S, meaning::AddExtended>(view),
        Operation::SubExtended => extended::<S, meaning::SubExtended>(view),
        Operation::Negate => unary::<S, meaning::Negate>(view),
        Operation::NegateExtended => unary::<S, meaning::NegateExtended>(view),
        Operation::Not => unary::<S, meaning::Not>(view),
        Operation::Clear => unary::<S, meaning::Clear>(view),
        Operation::TestAndSet => by_form!(source, First, F => {
            Some(S::meaning::<Unary<meaning::TestAndSet, u8, F>>())
        }),
        Operation::Test => {
            by_form!(source, First, F => by_width!(width, T => Some(S::meaning::<Test<T, F>>())))
        }
        Operation::BitTest => bit_test::<S>(view),
        Operation::BitChange => bit_put::<S, meaning::Flip>(view),
        Operation::BitClear => bit_put::<S, meaning::Off>(view),
        Operation::BitSet => bit_put::<S, meaning::On>(view),
        Operation::Shift(kind) => shift::<S>(view, kind),
        _ => address::<S>(view).or_else(|| wide::<S>(view)),
    }
}

fn address<S: Select>(view: &View) -> Option<S::Handler> {
    let (width, source) = (view.width, view.kinds[0]);
    match view.row.operation {
        Operation::AddAddress => by_source!(source, First, F => by_wide_width!(width, T => {
            Some(S::meaning::<AddressSum<T, F, false>>())
        })),
        Operation::SubAddress => by_source!(source, First, F => by_wide_width!(width, T => {
            Some(S::meaning::<AddressSum<T, F, true>>())
        })),
        Operation::CompareAddress => by_source!(source, First, F => by_wide_width!(width, T => {
            Some(S::meaning::<CompareAddress<T, F>>())
        })),
        _ => None,
    }
}

/// Products, and decimal digits.
fn wide<S: Select>(view: &View) -> Option<S::Handler> {
    let source = view.kinds[0];
    let in_memory = source == Kind::Decrement;
    match view.row.operation {
        Operation::MultiplyUnsigned => {
            by_source!(source, First, F => Some(S::meaning::<Multiply<F, false>>()))
        }
        Operation::MultiplySigned => {
            by_source!(source, First, F => Some(S::meaning::<Multiply<F, true>>()))
        }
        Operation::Abcd if in_memory => Some(S::routine::<Abcd<Decrement<First>, Decrement<Second>>>()),
        Operation::Abcd => Some(S::routine::<Abcd<Register<First>, Register<Second>>>()),
        Operation::Sbcd if in_memory => Some(S::routine::<Sbcd<Decrement<First>, Decrement<Second>>>()),
        Operation::Sbcd => Some(S::routine::<Sbcd<Register<First>, Register<Second>>>()),
        Operation::Nbcd => by_form!(source, First, F => Some(S::routine::<Nbcd<F>>())),
        _ => None,
    }
}

/// To a register from anywhere, or to memory from a register or an immediate.
fn binary<S: Select, C: Combine>(view: &View) -> Option<S::Handler> {
    let (width, [source, destination]) = (view.width, view.kinds);
    if destination == Kind::Register {
        return by_source!(source, First, F => {
            by_width!(width, T => Some(S::meaning::<Binary<C, T, F, Register<Second>>>()))
        });
    }
    by_value!(source, First, F => by_memory!(destination, Second, D => {
        by_width!(width, T => Some(S::meaning::<Binary<C, T, F, D>>()))
    }))
}

fn compare<S: Select>(view: &View) -> Option<S::Handler> {
    let (width, [source, destination]) = (view.width, view.kinds);
    if destination == Kind::Register {
        return by_source!(source, First, F => {
            by_width!(width, T => Some(S::meaning::<Compare<T, F, Register<Second>>>()))
        });
    }
    if source == Kind::Increment {
        type Pair<T> = Compare<T, Increment<First>, Increment<Second>>;
        return by_width!(width, T => Some(S::meaning::<Pair<T>>()));
    }
    by_value!(source, First, F => by_memory!(destination, Second, D => {
        by_width!(width, T => Some(S::meaning::<Compare<T, F, D>>()))
    }))
}

/// ADDX and SUBX: two registers, or two places in memory.
fn extended<S: Select, C: Combine>(view: &View) -> Option<S::Handler> {
    if view.kinds[0] == Kind::Register {
        return by_width!(view.width, T => {
            Some(S::meaning::<Binary<C, T, Register<First>, Register<Second>>>())
        });
    }
    by_width!(view.width, T => Some(S::meaning::<Binary<C, T, Decrement<First>, Decrement<Second>>>()))
}

fn unary<S: Select, C: Change>(view: &View) -> Option<S::Handler> {
    by_form!(view.kinds[0], First, F => by_width!(view.width, T => Some(S::meaning::<Unary<C, T, F>>())))
}

fn bit_test<S: Select>(view: &View) -> Option<S::Handler> {
    let [source, destination] = view.kinds;
    by_value!(source, First, F => match destination {
        Kind::Register => Some(S::meaning::<BitTest<u32, F, Register<Second>>>()),
        other => by_source!(other, Second, D => Some(S::meaning::<BitTest<u8, F, D>>())),
    })
}

fn bit_put<S: Select, N: NewBit>(view: &View) -> Option<S::Handler> {
    let [source, destination] = view.kinds;
    by_value!(source, First, F => match destination {
        Kind::Register => Some(S::meaning::<BitPut<N, u32, F, Register<Second>>>()),
        other => by_memory!(other, Second, D => Some(S::meaning::<BitPut<N, u8, F, D>>())),
    })
}

fn shift<S: Select>(view: &View, kind: ShiftKind) -> Option<S::Handler> {
    match kind {
        ShiftKind::ArithmeticRight => shift_of::<S, meaning::ArithmeticRight>(view),
        ShiftKind::ArithmeticLeft => shift_of::<S, meaning::ArithmeticLeft>(view),
        ShiftKind::LogicalRight => shift_of::<S, meaning::LogicalRight>(view),
        ShiftKind::LogicalLeft => shift_of::<S, meaning::LogicalLeft>(view),
        ShiftKind::ExtendRight => shift_of::<S, meaning::ExtendRight>(view),
        ShiftKind::ExtendLeft => shift_of::<S, meaning::ExtendLeft>(view),
        ShiftKind::RotateRight => shift_of::<S, meaning::RotateRight>(view),
        ShiftKind::RotateLeft => shift_of::<S, meaning::RotateLeft>(view),
    }
}

fn shift_of<S: Select, K: Direction>(view: &View) -> Option<S::Handler> {
    let [source, destination] = view.kinds;
    if destination == Kind::None {
        return by_memory!(source, First, F => Some(S::meaning::<ShiftMemory<K, F>>()));
    }
    by_value!(source, First, F => {
        by_width!(view.width, T => Some(S::meaning::<Shift<K, T, F, Register<Second>>>()))
    })
}
