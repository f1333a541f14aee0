//! Handlers of what computes.

use super::{Kind, Select, View, by_form, by_forms, by_number, by_place, by_wide_width, by_width};
use crate::cpu::x86::alu::Shift as ShiftKind;
use crate::cpu::x86::backend::{First, Immediate, Locked, Memory, Second};
use crate::cpu::x86::meaning::arithmetic::{
    Adc, Add, And, Binary, Change, Combine, Compare, Count, Dec, Divide, ExtendAccumulator, Inc, Multiply,
    MultiplyWide, Neg, Not, Or, Sbb, Shift, SignIntoDx, Sub, Unary, Xor,
};
use crate::cpu::x86::routine::decimal;
use iced_x86::Mnemonic;

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Add => binary::<S, Add>(view),
        Mnemonic::Or => binary::<S, Or>(view),
        Mnemonic::Adc => binary::<S, Adc>(view),
        Mnemonic::Sbb => binary::<S, Sbb>(view),
        Mnemonic::And => binary::<S, And>(view),
        Mnemonic::Sub => binary::<S, Sub>(view),
        Mnemonic::Xor => binary::<S, Xor>(view),
        Mnemonic::Cmp => compare::<S, Sub>(view),
        Mnemonic::Test => compare::<S, And>(view),
        Mnemonic::Inc => unary::<S, Inc>(view),
        Mnemonic::Dec => unary::<S, Dec>(view),
        Mnemonic::Neg => unary::<S, Neg>(view),
        Mnemonic::Not => unary::<S, Not>(view),
        Mnemonic::Mul => multiply_wide::<S, false>(view),
        Mnemonic::Imul if view.kind(1) == Kind::None => multiply_wide::<S, true>(view),
        Mnemonic::Imul => multiply::<S>(view),
        Mnemonic::Div => divide::<S, false>(view),
        Mnemonic::Idiv => divide::<S, true>(view),
        _ => rest::<S>(view),
    }
}

fn rest<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Rol | Mnemonic::Ror | Mnemonic::Rcl | Mnemonic::Rcr => shift::<S>(view),
        Mnemonic::Shl | Mnemonic::Sal | Mnemonic::Shr | Mnemonic::Sar => shift::<S>(view),
        Mnemonic::Cbw => Some(S::meaning::<ExtendAccumulator<u8, u16>>()),
        Mnemonic::Cwde => Some(S::meaning::<ExtendAccumulator<u16, u32>>()),
        Mnemonic::Cdqe => Some(S::meaning::<ExtendAccumulator<u32, u64>>()),
        Mnemonic::Cwd => Some(S::meaning::<SignIntoDx<u16>>()),
        Mnemonic::Cdq => Some(S::meaning::<SignIntoDx<u32>>()),
        Mnemonic::Cqo => Some(S::meaning::<SignIntoDx<u64>>()),
        Mnemonic::Daa => Some(S::routine::<decimal::Daa>()),
        Mnemonic::Das => Some(S::routine::<decimal::Das>()),
        Mnemonic::Aaa => Some(S::routine::<decimal::Aaa>()),
        Mnemonic::Aas => Some(S::routine::<decimal::Aas>()),
        Mnemonic::Aam => Some(S::routine::<decimal::Aam>()),
        Mnemonic::Aad => Some(S::routine::<decimal::Aad>()),
        Mnemonic::Salc => Some(S::routine::<decimal::Salc>()),
        _ => None,
    }
}

fn binary<S: Select, C: Combine>(view: &View<'_>) -> Option<S::Handler> {
    match (view.place(), view.kind(1)) {
        (Kind::Locked, Kind::Immediate) => {
            by_width!(view.width(0), T => S::meaning::<Binary<C, T, Locked, Immediate>>())
        }
        (Kind::Locked, _) => by_width!(view.width(0), T => S::meaning::<Binary<C, T, Locked, First>>()),
        _ => by_forms!(view, D, F => by_width!(view.width(0), T => S::meaning::<Binary<C, T, D, F>>())),
    }
}

fn compare<S: Select, C: Combine>(view: &View<'_>) -> Option<S::Handler> {
    by_forms!(view, D, F => by_width!(view.width(0), T => S::meaning::<Compare<C, T, D, F>>()))
}

fn unary<S: Select, C: Change>(view: &View<'_>) -> Option<S::Handler> {
    by_place!(view, D => by_width!(view.width(0), T => S::meaning::<Unary<C, T, D>>()))
}

fn multiply_wide<S: Select, const SIGNED: bool>(view: &View<'_>) -> Option<S::Handler> {
    by_form!(view.kind(0), F => by_width!(view.width(0), T => S::meaning::<MultiplyWide<T, F, SIGNED>>()))
}

fn divide<S: Select, const SIGNED: bool>(view: &View<'_>) -> Option<S::Handler> {
    by_form!(view.kind(0), F => by_width!(view.width(0), T => S::meaning::<Divide<T, F, SIGNED>>()))
}

/// IMUL with two operands, or three.
fn multiply<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.kind(1), view.kind(2)) {
        (Kind::Register, Kind::Immediate) => {
            by_wide_width!(width, T => S::meaning::<Multiply<T, First, Second, Immediate>>())
        }
        (Kind::Memory, Kind::Immediate) => {
            by_wide_width!(width, T => S::meaning::<Multiply<T, First, Memory, Immediate>>())
        }
        (Kind::Register, _) => by_wide_width!(width, T => S::meaning::<Multiply<T, First, First, Second>>()),
        (Kind::Memory, _) => by_wide_width!(width, T => S::meaning::<Multiply<T, First, First, Memory>>()),
        _ => None,
    }
}

fn shift<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    by_number!(shift_kind(view.instruction.mnemonic())? as u8, KIND in [0 1 2 3 4 5 7] => shift_by::<S, KIND>(view))
}

fn shift_by<S: Select, const KIND: u8>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match view.kind(1) {
        Kind::Immediate => {
            by_form!(view.kind(0), D => by_width!(width, T => S::meaning::<Shift<T, D, Immediate, KIND>>()))
        }
        _ => by_form!(view.kind(0), D => by_width!(width, T => S::meaning::<Shift<T, D, Count, KIND>>())),
    }
}

/// Which one of the shift group.
pub(super) fn shift_kind(mnemonic: Mnemonic) -> Option<ShiftKind> {
    Some(match mnemonic {
        Mnemonic::Rol => ShiftKind::Rol,
        Mnemonic::Ror => ShiftKind::Ror,
        Mnemonic::Rcl => ShiftKind::Rcl,
        Mnemonic::Rcr => ShiftKind::Rcr,
        Mnemonic::Shl | Mnemonic::Sal => ShiftKind::Shl,
        Mnemonic::Shr => ShiftKind::Shr,
        Mnemonic::Sar => ShiftKind::Sar,
        _ => return None,
    })
}
