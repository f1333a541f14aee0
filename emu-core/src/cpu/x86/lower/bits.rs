//! Handlers of what works on bits, and of exchanges that compare or add.

use super::{Kind, Select, View, by_place, by_wide_width, by_width};
use crate::addr::Width;
use crate::cpu::x86::backend::{First, Immediate, Memory, Second, Third};
use crate::cpu::x86::meaning::arithmetic::Count as ShiftCount;
use crate::cpu::x86::meaning::bits::{
    self, AddCarrying, AndNot, BitField, ChangeBit, ChangeFarBit, CompareExchange, CompareExchangeRegisters,
    ComplementBit, CountInto, Crc32, Deposit, ExchangeAdd, ExchangeAddRegisters, Extract, ExtractInto,
    Gather, IsolateLowest, LeadingZeros, MaskToLowest, MoveSwapped, MultiplyApart, Population, ResetBit,
    ResetLowest, RotateRight, Scan, SetBit, ShiftDouble, ShiftLeft, ShiftRight, ShiftRightSigned, SwapBytes,
    TestBit, TestFarBit, TrailingZeros, ZeroHigh,
};
use crate::cpu::x86::routine::exchange::{CompareExchange8, CompareExchange16};
use iced_x86::Mnemonic;

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Bt => test_bit::<S>(view),
        Mnemonic::Bts => change_bit::<S, SetBit>(view),
        Mnemonic::Btr => change_bit::<S, ResetBit>(view),
        Mnemonic::Btc => change_bit::<S, ComplementBit>(view),
        Mnemonic::Shld => shift_double::<S, true>(view),
        Mnemonic::Shrd => shift_double::<S, false>(view),
        Mnemonic::Bswap => by_wide_width!(view.width(0), T => S::meaning::<SwapBytes<T>>()),
        Mnemonic::Movbe => swapped_move::<S>(view),
        Mnemonic::Crc32 => crc::<S>(view),
        _ => counts::<S>(view).or_else(|| extracts::<S>(view)).or_else(|| exchanges::<S>(view)),
    }
}

fn counts<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Bsf => scan::<S, false>(view),
        Mnemonic::Bsr => scan::<S, true>(view),
        Mnemonic::Lzcnt => count::<S, LeadingZeros>(view),
        Mnemonic::Tzcnt => count::<S, TrailingZeros>(view),
        Mnemonic::Popcnt => count::<S, Population>(view),
        Mnemonic::Blsr => count::<S, ResetLowest>(view),
        Mnemonic::Blsmsk => count::<S, MaskToLowest>(view),
        Mnemonic::Blsi => count::<S, IsolateLowest>(view),
        _ => None,
    }
}

fn extracts<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Bextr => controlled::<S, BitField>(view),
        Mnemonic::Bzhi => controlled::<S, ZeroHigh>(view),
        Mnemonic::Shlx => controlled::<S, ShiftLeft>(view),
        Mnemonic::Shrx => controlled::<S, ShiftRight>(view),
        Mnemonic::Sarx => controlled::<S, ShiftRightSigned>(view),
        Mnemonic::Rorx => rotate::<S>(view),
        Mnemonic::Pdep => controlling::<S, Deposit>(view),
        Mnemonic::Pext => controlling::<S, Gather>(view),
        Mnemonic::Andn => controlling::<S, AndNot>(view),
        Mnemonic::Mulx => match view.kind(2) {
            Kind::Register => by_wide_width!(view.width(0), T => S::meaning::<MultiplyApart<T, Third>>()),
            _ => by_wide_width!(view.width(0), T => S::meaning::<MultiplyApart<T, Memory>>()),
        },
        Mnemonic::Adcx => add_carrying::<S, false>(view),
        Mnemonic::Adox => add_carrying::<S, true>(view),
        _ => None,
    }
}

fn exchanges<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    let in_memory = view.kind(0) != Kind::Register;
    match view.instruction.mnemonic() {
        Mnemonic::Xadd if in_memory => {
            by_place!(view, D => by_width!(width, T => S::meaning::<ExchangeAdd<T, D>>()))
        }
        Mnemonic::Xadd => by_width!(width, T => S::meaning::<ExchangeAddRegisters<T>>()),
        Mnemonic::Cmpxchg if in_memory => {
            by_place!(view, D => by_width!(width, T => S::meaning::<CompareExchange<T, D>>()))
        }
        Mnemonic::Cmpxchg => {
            by_width!(width, T => S::meaning::<CompareExchangeRegisters<T>>())
        }
        Mnemonic::Cmpxchg8b => Some(S::routine::<CompareExchange8>()),
        Mnemonic::Cmpxchg16b => Some(S::routine::<CompareExchange16>()),
        _ => None,
    }
}

fn test_bit<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.kind(0), view.kind(1)) {
        (Kind::Register, Kind::Register) => {
            by_wide_width!(width, T => S::meaning::<TestBit<T, First, Second>>())
        }
        (Kind::Register, _) => by_wide_width!(width, T => S::meaning::<TestBit<T, First, Immediate>>()),
        (_, Kind::Register) => by_wide_width!(width, T => S::meaning::<TestFarBit<T>>()),
        _ => by_wide_width!(width, T => S::meaning::<TestBit<T, Memory, Immediate>>()),
    }
}

fn change_bit<S: Select, K: bits::BitChange>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.place(), view.kind(1)) {
        (Kind::Register, Kind::Register) => {
            by_wide_width!(width, T => S::meaning::<ChangeBit<K, T, First, Second>>())
        }
        (Kind::Locked, Kind::Register) => {
            by_wide_width!(width, T => S::meaning::<ChangeFarBit<K, T, true>>())
        }
        (_, Kind::Register) => by_wide_width!(width, T => S::meaning::<ChangeFarBit<K, T, false>>()),
        _ => by_place!(view, D => by_wide_width!(width, T => S::meaning::<ChangeBit<K, T, D, Immediate>>())),
    }
}

fn shift_double<S: Select, const LEFT: bool>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.kind(0), view.kind(2)) {
        (Kind::Register, Kind::Immediate) => {
            by_wide_width!(width, T => S::meaning::<ShiftDouble<T, First, Second, Immediate, LEFT>>())
        }
        (Kind::Register, _) => {
            by_wide_width!(width, T => S::meaning::<ShiftDouble<T, First, Second, ShiftCount, LEFT>>())
        }
        (_, Kind::Immediate) => {
            by_wide_width!(width, T => S::meaning::<ShiftDouble<T, Memory, First, Immediate, LEFT>>())
        }
        _ => by_wide_width!(width, T => S::meaning::<ShiftDouble<T, Memory, First, ShiftCount, LEFT>>()),
    }
}

/// A source that is the second register or memory.
macro_rules! by_source {
    ($view:expr, $f:ident => $handler:expr) => {
        match $view.kind(1) {
            Kind::Register => {
                type $f = Second;
                $handler
            }
            Kind::Memory => {
                type $f = Memory;
                $handler
            }
            _ => None,
        }
    };
}

fn scan<S: Select, const REVERSE: bool>(view: &View<'_>) -> Option<S::Handler> {
    by_source!(view, F => by_wide_width!(view.width(0), T => S::meaning::<Scan<T, F, REVERSE>>()))
}

fn count<S: Select, C: bits::Count>(view: &View<'_>) -> Option<S::Handler> {
    by_source!(view, F => by_wide_width!(view.width(0), T => S::meaning::<CountInto<C, T, F>>()))
}

fn add_carrying<S: Select, const OVERFLOW: bool>(view: &View<'_>) -> Option<S::Handler> {
    by_source!(view, F => by_wide_width!(view.width(0), T => S::meaning::<AddCarrying<T, F, OVERFLOW>>()))
}

fn rotate<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    by_source!(view, F => by_wide_width!(view.width(0), T => {
        S::meaning::<ExtractInto<RotateRight, T, F, Immediate>>()
    }))
}

/// The control is the last operand.
fn controlled<S: Select, X: Extract>(view: &View<'_>) -> Option<S::Handler> {
    match view.kind(1) {
        Kind::Register => {
            by_wide_width!(view.width(0), T => S::meaning::<ExtractInto<X, T, Second, Third>>())
        }
        _ => by_wide_width!(view.width(0), T => S::meaning::<ExtractInto<X, T, Memory, Second>>()),
    }
}

/// The last operand, which may lie in memory, is the control of the one before.
fn controlling<S: Select, X: Extract>(view: &View<'_>) -> Option<S::Handler> {
    match view.kind(2) {
        Kind::Register => {
            by_wide_width!(view.width(0), T => S::meaning::<ExtractInto<X, T, Second, Third>>())
        }
        _ => by_wide_width!(view.width(0), T => S::meaning::<ExtractInto<X, T, Second, Memory>>()),
    }
}

fn swapped_move<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.kind(0) {
        Kind::Register => {
            by_wide_width!(view.width(0), T => S::meaning::<MoveSwapped<T, First, Memory>>())
        }
        _ => by_wide_width!(view.width(0), T => S::meaning::<MoveSwapped<T, Memory, First>>()),
    }
}

fn crc<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let data = view.width(1);
    match view.width(0) {
        Some(Width::Qword) => by_source!(view, F => by_width!(data, T => S::meaning::<Crc32<T, u64, F>>())),
        _ => by_source!(view, F => by_width!(data, T => S::meaning::<Crc32<T, u32, F>>())),
    }
}
