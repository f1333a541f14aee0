//! Handlers of what changes the course of things: jumps, calls, flags, the processor itself.

use super::{Kind, Select, View, by_form, by_number, by_wide_width};
use crate::addr::Width;
use crate::cpu::x86::backend::Immediate;
use crate::cpu::x86::meaning::flow::{Call, Jump, JumpIf, JumpIfCounterZero, Loop, Return};
use crate::cpu::x86::routine::{far, system, x87};
use crate::cpu::x86::state::seg;
use iced_x86::{Code, FlowControl, Mnemonic};

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.flow_control() {
        FlowControl::ConditionalBranch => conditional::<S>(view),
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch => jump::<S>(view),
        FlowControl::Call | FlowControl::IndirectCall => call::<S>(view),
        FlowControl::Return => return_::<S>(view),
        FlowControl::Interrupt => interrupt::<S>(view),
        _ => flags::<S>(view).or_else(|| system::<S>(view)),
    }
}

fn conditional<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let width = view.branch_width();
    match view.instruction.mnemonic() {
        Mnemonic::Loop | Mnemonic::Loope | Mnemonic::Loopne => {
            by_wide_width!(width, T => S::meaning::<Loop<T>>())
        }
        Mnemonic::Jcxz | Mnemonic::Jecxz | Mnemonic::Jrcxz => {
            by_wide_width!(width, T => S::meaning::<JumpIfCounterZero<T>>())
        }
        _ => jump_if::<S>(view, width),
    }
}

fn jump_if<S: Select>(view: &View<'_>, width: Option<Width>) -> Option<S::Handler> {
    by_number!(view.operands.detail, C in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] => {
        by_wide_width!(width, T => S::meaning::<JumpIf<T, C>>())
    })
}

/// The width of the offset of a far pointer in memory.
fn pointer_width(code: Code) -> Option<Width> {
    match code {
        Code::Jmp_m1616 | Code::Call_m1616 => Some(Width::Word),
        Code::Jmp_m1632 | Code::Call_m1632 => Some(Width::Dword),
        Code::Jmp_m1664 | Code::Call_m1664 => Some(Width::Qword),
        _ => None,
    }
}

fn jump<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let pointer = pointer_width(view.instruction.code());
    match view.kind(0) {
        Kind::Branch => by_wide_width!(view.branch_width(), T => S::meaning::<Jump<T, Immediate>>()),
        Kind::FarBranch => by_wide_width!(view.branch_width(), T => S::routine::<far::JumpFar<T>>()),
        Kind::Memory if pointer.is_some() => {
            by_wide_width!(pointer, T => S::routine::<far::JumpFarMemory<T>>())
        }
        kind => by_form!(kind, F => by_wide_width!(view.width(0), T => S::meaning::<Jump<T, F>>())),
    }
}

fn call<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let pointer = pointer_width(view.instruction.code());
    match view.kind(0) {
        Kind::Branch => by_wide_width!(view.branch_width(), T => S::meaning::<Call<T, Immediate>>()),
        Kind::FarBranch => by_wide_width!(view.branch_width(), T => S::routine::<far::CallFar<T>>()),
        Kind::Memory if pointer.is_some() => {
            by_wide_width!(pointer, T => S::routine::<far::CallFarMemory<T>>())
        }
        kind => by_form!(kind, F => by_wide_width!(view.width(0), T => S::meaning::<Call<T, F>>())),
    }
}

fn return_<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.code() {
        Code::Retnw | Code::Retnw_imm16 => S::meaning::<Return<u16>>(),
        Code::Retnd | Code::Retnd_imm16 => S::meaning::<Return<u32>>(),
        Code::Retnq | Code::Retnq_imm16 => S::meaning::<Return<u64>>(),
        Code::Retfw | Code::Retfw_imm16 => S::routine::<far::ReturnFar<u16>>(),
        Code::Retfd | Code::Retfd_imm16 => S::routine::<far::ReturnFar<u32>>(),
        Code::Retfq | Code::Retfq_imm16 => S::routine::<far::ReturnFar<u64>>(),
        Code::Iretw => S::routine::<far::Iret<u16>>(),
        Code::Iretd => S::routine::<far::Iret<u32>>(),
        Code::Iretq => S::routine::<far::Iret<u64>>(),
        _ => return None,
    })
}

fn interrupt<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.mnemonic() {
        Mnemonic::Int | Mnemonic::Int3 => S::routine::<far::SoftwareInterrupt>(),
        Mnemonic::Into => S::routine::<far::Into>(),
        _ => return None,
    })
}

fn flags<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.mnemonic() {
        Mnemonic::Clc | Mnemonic::Stc | Mnemonic::Cmc => S::plain::<system::Carry>(),
        Mnemonic::Cld | Mnemonic::Std => S::plain::<system::Direction>(),
        Mnemonic::Cli | Mnemonic::Sti => S::routine::<system::Interrupts>(),
        Mnemonic::Lahf => S::plain::<system::Lahf>(),
        Mnemonic::Sahf => S::plain::<system::Sahf>(),
        _ => return None,
    })
}

fn system<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Hlt => Some(S::routine::<system::Hlt>()),
        Mnemonic::Wait => Some(S::routine::<x87::control::Wait>()),
        Mnemonic::Bound => by_wide_width!(view.width(0), T => S::routine::<system::Bound<T>>()),
        _ => None,
    }
}

/// What the opcode says besides its operands: a condition's number, which of a group.
pub(super) fn detail(mnemonic: Mnemonic) -> u8 {
    match mnemonic {
        Mnemonic::Loope | Mnemonic::Stc | Mnemonic::Std | Mnemonic::Sti => 1,
        Mnemonic::Loopne | Mnemonic::Cmc => 2,
        Mnemonic::Lss => seg::SS,
        Mnemonic::Lds => seg::DS,
        Mnemonic::Lfs => seg::FS,
        Mnemonic::Lgs => seg::GS,
        _ => super::system::detail(mnemonic).unwrap_or(0),
    }
}
