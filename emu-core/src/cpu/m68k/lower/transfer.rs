//! Handlers of what moves.

use super::{Kind, Select, View, by_address, by_form, by_source, by_wide_width, by_width};
use crate::cpu::m68k::form::{First, Register};
use crate::cpu::m68k::meaning::transfer::{
    Exchange, Extend, Link, LoadAddress, Move, MoveAddress, Nothing, PushAddress, SetIf, Swap, Unlink,
};
use crate::cpu::m68k::routine::multiple;
use crate::cpu::m68k::table::Operation;

/// What a true condition takes longer, written to a register.
const MORE: u64 = 2;

pub(super) fn select<S: Select>(view: &View) -> Option<S::Handler> {
    let (width, [source, destination]) = (view.width, view.kinds);
    match view.row.operation {
        Operation::Move => move_::<S>(view),
        Operation::MoveAddress => {
            by_source!(source, First, F => by_wide_width!(width, T => Some(S::meaning::<MoveAddress<T, F>>())))
        }
        Operation::LoadAddress => by_address!(source, First, F => Some(S::meaning::<LoadAddress<F>>())),
        Operation::PushAddress => by_address!(source, First, F => Some(S::meaning::<PushAddress<F>>())),
        Operation::Link => Some(S::meaning::<Link>()),
        Operation::Unlink => Some(S::meaning::<Unlink>()),
        Operation::Exchange => Some(S::meaning::<Exchange>()),
        Operation::Swap => Some(S::meaning::<Swap>()),
        Operation::Extend if width == crate::addr::Width::Word => Some(S::meaning::<Extend<u8, u16>>()),
        Operation::Extend => Some(S::meaning::<Extend<u16, u32>>()),
        Operation::SetIf if source == Kind::Register => Some(S::meaning::<SetIf<Register<First>, MORE>>()),
        Operation::SetIf => by_form!(source, First, F => Some(S::meaning::<SetIf<F, 0>>())),
        Operation::Nothing => Some(S::meaning::<Nothing>()),
        Operation::StoreMultiple if destination == Kind::Decrement => {
            by_wide_width!(width, T => Some(S::routine::<multiple::StoreMultipleDown<T>>()))
        }
        Operation::StoreMultiple => by_address!(destination, Second, F => {
            by_wide_width!(width, T => Some(S::routine::<multiple::StoreMultiple<T, F>>()))
        }),
        Operation::LoadMultiple if source == Kind::Increment => {
            by_wide_width!(width, T => Some(S::routine::<multiple::LoadMultipleUp<T>>()))
        }
        Operation::LoadMultiple => by_address!(source, First, F => {
            by_wide_width!(width, T => Some(S::routine::<multiple::LoadMultiple<T, F>>()))
        }),
        Operation::StorePeripheral => {
            by_wide_width!(width, T => Some(S::routine::<multiple::StorePeripheral<T>>()))
        }
        Operation::LoadPeripheral => {
            by_wide_width!(width, T => Some(S::routine::<multiple::LoadPeripheral<T>>()))
        }
        _ => None,
    }
}

fn move_<S: Select>(view: &View) -> Option<S::Handler> {
    let [source, destination] = view.kinds;
    by_source!(source, First, F => by_form!(destination, Second, D => {
        by_width!(view.width, T => Some(S::meaning::<Move<T, F, D>>()))
    }))
}
