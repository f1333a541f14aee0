//! Handlers of what moves.

use super::{Kind, Select, View, by_form, by_forms, by_wide_width, by_width};
use crate::addr::Width;
use crate::cpu::x86::backend::{First, Immediate, Locked, Memory, Second, Selector};
use crate::cpu::x86::meaning::transfer::{
    Exchange, Extend, Leave, LoadAddress, Move, MoveIf, Nothing, Pop, Push, SetIf, Touch,
};
use crate::cpu::x86::routine::{far, random, string, system};
use crate::cpu::x86::state::seg;
use iced_x86::{Code, ConditionCode, Mnemonic};

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Mov => move_::<S>(view),
        Mnemonic::Movzx => extend::<S, false>(view),
        Mnemonic::Movsx | Mnemonic::Movsxd => extend::<S, true>(view),
        Mnemonic::Lea => by_wide_width!(view.width(0), T => S::meaning::<LoadAddress<T>>()),
        Mnemonic::Xchg => exchange::<S>(view),
        Mnemonic::Push => push::<S>(view),
        Mnemonic::Pop => pop::<S>(view),
        Mnemonic::Xlatb => Some(S::plain::<system::Xlat>()),
        Mnemonic::Les | Mnemonic::Lds | Mnemonic::Lss | Mnemonic::Lfs | Mnemonic::Lgs => {
            by_wide_width!(view.width(0), T => S::routine::<far::LoadPointer<T>>())
        }
        Mnemonic::In | Mnemonic::Out => port::<S>(view),
        _ => frames::<S>(view)
            .or_else(|| strings::<S>(view))
            .or_else(|| conditional::<S>(view))
            .or_else(|| hints::<S>(view)),
    }
}

/// SETcc and CMOVcc.
fn conditional<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    if view.instruction.condition_code() == ConditionCode::None {
        return None;
    }
    match (view.kind(0), view.kind(1)) {
        (Kind::Branch, _) => None,
        (Kind::Register, Kind::None) => Some(S::meaning::<SetIf<First>>()),
        (Kind::Memory, Kind::None) => Some(S::meaning::<SetIf<Memory>>()),
        (_, Kind::Register) => by_wide_width!(view.width(0), T => S::meaning::<MoveIf<T, Second>>()),
        (_, Kind::Memory) => by_wide_width!(view.width(0), T => S::meaning::<MoveIf<T, Memory>>()),
        _ => None,
    }
}

/// What tells the processor something that changes no result: it does nothing here. Accesses are made in order as it is.
fn hints<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    match view.instruction.mnemonic() {
        M::Nop | M::Reservednop | M::Pause | M::Endbr32 | M::Endbr64 => Some(S::meaning::<Nothing>()),
        M::Prefetchnta | M::Prefetcht0 | M::Prefetcht1 | M::Prefetcht2 => Some(S::meaning::<Nothing>()),
        M::Prefetch | M::Prefetchw | M::Prefetchwt1 => Some(S::meaning::<Nothing>()),
        // Loads and stores keep their order among themselves anyhow.
        M::Lfence | M::Sfence => Some(S::meaning::<Nothing>()),
        M::Mfence => Some(S::plain::<system::Fence>()),
        M::Clflush | M::Clflushopt | M::Clwb => Some(S::meaning::<Touch>()),
        M::Movnti => by_forms!(view, D, F => by_width!(view.width(0), T => S::meaning::<Move<T, D, F>>())),
        M::Umov => by_forms!(view, D, F => by_width!(view.width(0), T => S::meaning::<Move<T, D, F>>())),
        M::Rdrand | M::Rdseed => by_wide_width!(view.width(0), T => S::routine::<random::Random<T>>()),
        _ => None,
    }
}

fn frames<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let code = view.instruction.code();
    Some(match view.instruction.mnemonic() {
        Mnemonic::Pusha => S::routine::<system::PushAll<u16>>(),
        Mnemonic::Pushad => S::routine::<system::PushAll<u32>>(),
        Mnemonic::Popa => S::routine::<system::PopAll<u16>>(),
        Mnemonic::Popad => S::routine::<system::PopAll<u32>>(),
        Mnemonic::Pushf => S::routine::<system::PushFlags<u16>>(),
        Mnemonic::Pushfd => S::routine::<system::PushFlags<u32>>(),
        Mnemonic::Pushfq => S::routine::<system::PushFlags<u64>>(),
        Mnemonic::Popf => S::routine::<system::PopFlags<u16>>(),
        Mnemonic::Popfd => S::routine::<system::PopFlags<u32>>(),
        Mnemonic::Popfq => S::routine::<system::PopFlags<u64>>(),
        Mnemonic::Enter if code == Code::Enterw_imm16_imm8 => S::routine::<system::Enter<u16>>(),
        Mnemonic::Enter if code == Code::Enterd_imm16_imm8 => S::routine::<system::Enter<u32>>(),
        Mnemonic::Enter => S::routine::<system::Enter<u64>>(),
        Mnemonic::Leave if code == Code::Leavew => S::meaning::<Leave<u16>>(),
        Mnemonic::Leave if code == Code::Leaved => S::meaning::<Leave<u32>>(),
        Mnemonic::Leave => S::meaning::<Leave<u64>>(),
        _ => return None,
    })
}

fn move_<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.kind(0), view.kind(1)) {
        (Kind::Register, Kind::Segment) => {
            by_wide_width!(width, T => S::meaning::<Move<T, First, Selector>>())
        }
        (Kind::Memory, Kind::Segment) => Some(S::meaning::<Move<u16, Memory, Selector>>()),
        (Kind::Segment, _) if view.operands.second == seg::CS => None,
        (Kind::Segment, Kind::Register) => Some(S::routine::<far::SelectorFromRegister>()),
        (Kind::Segment, Kind::Memory) => Some(S::routine::<far::SelectorFromMemory>()),
        _ => by_forms!(view, D, F => by_width!(width, T => S::meaning::<Move<T, D, F>>())),
    }
}

fn extend<S: Select, const SIGNED: bool>(view: &View<'_>) -> Option<S::Handler> {
    by_forms!(view, D, F => match view.width(1) {
        Some(Width::Byte) => by_wide_width!(view.width(0), U => S::meaning::<Extend<u8, U, D, F, SIGNED>>()),
        Some(Width::Word) => by_wide_width!(view.width(0), U => S::meaning::<Extend<u16, U, D, F, SIGNED>>()),
        Some(Width::Dword) => by_wide_width!(view.width(0), U => S::meaning::<Extend<u32, U, D, F, SIGNED>>()),
        _ => None,
    })
}

fn exchange<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.width(0);
    match (view.kind(0), view.kind(1)) {
        (Kind::Memory, _) | (_, Kind::Memory) => {
            by_width!(width, T => S::meaning::<Exchange<T, Locked, First>>())
        }
        _ => by_width!(width, T => S::meaning::<Exchange<T, First, Second>>()),
    }
}

fn push<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.stack_width();
    match view.kind(0) {
        Kind::Immediate => by_wide_width!(width, T => S::meaning::<Push<T, Immediate>>()),
        Kind::Segment => by_wide_width!(width, T => S::meaning::<Push<T, Selector>>()),
        kind => by_form!(kind, F => by_wide_width!(view.width(0), T => S::meaning::<Push<T, F>>())),
    }
}

fn pop<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.kind(0) {
        Kind::Segment if view.operands.second == seg::CS => None,
        Kind::Segment => by_wide_width!(view.stack_width(), T => S::routine::<far::PopSelector<T>>()),
        Kind::Memory => by_wide_width!(view.width(0), T => S::routine::<system::PopMemory<T>>()),
        _ => by_wide_width!(view.width(0), T => S::meaning::<Pop<T, First>>()),
    }
}

fn port<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let is_in = view.instruction.mnemonic() == Mnemonic::In;
    let (data, port) = if is_in { (0, 1) } else { (1, 0) };
    let width = view.width(data);
    match (is_in, view.kind(port)) {
        (true, Kind::Immediate) => by_width!(width, T => S::routine::<system::In<T>>()),
        (true, _) => by_width!(width, T => S::routine::<system::InDx<T>>()),
        (false, Kind::Immediate) => by_width!(width, T => S::routine::<system::Out<T>>()),
        (false, _) => by_width!(width, T => S::routine::<system::OutDx<T>>()),
    }
}

fn strings<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    // SSE has a MOVSD and a CMPSD, too.
    if !view.instruction.is_string_instruction() {
        return None;
    }
    let mnemonic = view.instruction.mnemonic();
    let width = string_width(mnemonic);
    match mnemonic {
        M::Movsb | M::Movsw | M::Movsd | M::Movsq => by_width!(width, T => S::string::<string::Movs<T>>()),
        M::Cmpsb | M::Cmpsw | M::Cmpsd | M::Cmpsq => by_width!(width, T => S::string::<string::Cmps<T>>()),
        M::Scasb | M::Scasw | M::Scasd | M::Scasq => by_width!(width, T => S::string::<string::Scas<T>>()),
        M::Lodsb | M::Lodsw | M::Lodsd | M::Lodsq => by_width!(width, T => S::string::<string::Lods<T>>()),
        M::Stosb | M::Stosw | M::Stosd | M::Stosq => by_width!(width, T => S::string::<string::Stos<T>>()),
        M::Insb | M::Insw | M::Insd => by_width!(width, T => S::routine::<string::Ins<T>>()),
        _ => by_width!(width, T => S::routine::<string::Outs<T>>()),
    }
}

/// The width of a string instruction, which its name says.
fn string_width(mnemonic: Mnemonic) -> Option<Width> {
    use Mnemonic as M;
    Some(match mnemonic {
        M::Movsb | M::Cmpsb | M::Scasb | M::Lodsb | M::Stosb | M::Insb | M::Outsb => Width::Byte,
        M::Movsw | M::Cmpsw | M::Scasw | M::Lodsw | M::Stosw | M::Insw | M::Outsw => Width::Word,
        M::Movsd | M::Cmpsd | M::Scasd | M::Lodsd | M::Stosd | M::Insd | M::Outsd => Width::Dword,
        M::Movsq | M::Cmpsq | M::Scasq | M::Lodsq | M::Stosq => Width::Qword,
        _ => return None,
    })
}
