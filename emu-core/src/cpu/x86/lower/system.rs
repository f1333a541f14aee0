//! Handlers of what belongs to the system: control registers, descriptor tables, the processor's own questions.

use super::{Kind, Select, View, by_wide_width};
use crate::addr::Width;
use crate::cpu::x86::routine::{
    control, descriptor, far, loadall, management, model_specific, system_call, wait,
};
use crate::cpu::x86::state::seg;
use iced_x86::{Code, Mnemonic, Register};

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Mov => move_::<S>(view),
        Mnemonic::Invlpg => Some(S::routine::<control::InvalidatePage>()),
        Mnemonic::Invd | Mnemonic::Wbinvd => Some(S::routine::<control::FlushCaches>()),
        Mnemonic::Cpuid => Some(S::routine::<model_specific::Cpuid>()),
        Mnemonic::Rdtsc => Some(S::routine::<model_specific::Rdtsc>()),
        Mnemonic::Rdmsr => Some(S::routine::<model_specific::Rdmsr>()),
        Mnemonic::Wrmsr => Some(S::routine::<model_specific::Wrmsr>()),
        Mnemonic::Rdpmc => Some(S::routine::<model_specific::Rdpmc>()),
        Mnemonic::Int1 => Some(S::routine::<far::IceBreakpoint>()),
        _ => tables::<S>(view).or_else(|| descriptors::<S>(view)).or_else(|| calls::<S>(view)),
    }
}

fn calls<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.code() {
        Code::Syscall => S::routine::<system_call::Syscall>(),
        Code::Sysretd => S::routine::<system_call::Sysret<u32>>(),
        Code::Sysretq => S::routine::<system_call::Sysret<u64>>(),
        Code::Sysenter => S::routine::<system_call::Sysenter>(),
        Code::Sysexitd => S::routine::<system_call::Sysexit<u32>>(),
        Code::Sysexitq => S::routine::<system_call::Sysexit<u64>>(),
        Code::Loadall286 => S::routine::<loadall::Loadall286>(),
        Code::Loadall386 => S::routine::<loadall::Loadall386>(),
        Code::Rsm => S::routine::<management::Resume>(),
        Code::Monitorw => S::routine::<wait::Monitor<u16>>(),
        Code::Monitord => S::routine::<wait::Monitor<u32>>(),
        Code::Monitorq => S::routine::<wait::Monitor<u64>>(),
        Code::Mwait => S::routine::<wait::Mwait>(),
        Code::Clac | Code::Stac => S::routine::<wait::AlignmentCheck>(),
        Code::Invpcid_r32_m128 => S::routine::<wait::Invpcid<u32>>(),
        Code::Invpcid_r64_m128 => S::routine::<wait::Invpcid<u64>>(),
        Code::Rdtscp => S::routine::<wait::Rdtscp>(),
        Code::Swapgs => S::routine::<system_call::Swapgs>(),
        Code::Rdfsbase_r32 | Code::Rdgsbase_r32 => S::routine::<system_call::ReadBase<u32>>(),
        Code::Rdfsbase_r64 | Code::Rdgsbase_r64 => S::routine::<system_call::ReadBase<u64>>(),
        Code::Wrfsbase_r32 | Code::Wrgsbase_r32 => S::routine::<system_call::WriteBase<u32>>(),
        Code::Wrfsbase_r64 | Code::Wrgsbase_r64 => S::routine::<system_call::WriteBase<u64>>(),
        _ => return None,
    })
}

/// MOV with a control or debug register.
fn move_<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let i = view.instruction;
    let width = |operand| if i.op_register(operand).size() == 8 { Width::Qword } else { Width::Dword };
    let (to, from): (Register, Register) = (i.op0_register(), i.op1_register());
    match () {
        () if from.is_cr() => by_wide_width!(Some(width(0)), T => S::routine::<control::FromControl<T>>()),
        () if to.is_cr() => by_wide_width!(Some(width(1)), T => S::routine::<control::ToControl<T>>()),
        () if from.is_dr() => by_wide_width!(Some(width(0)), T => S::routine::<control::FromDebug<T>>()),
        () if to.is_dr() => by_wide_width!(Some(width(1)), T => S::routine::<control::ToDebug<T>>()),
        () => None,
    }
}

fn tables<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let in_memory = view.kind(0) == Kind::Memory;
    Some(match view.instruction.mnemonic() {
        Mnemonic::Sgdt | Mnemonic::Sidt => {
            return by_wide_width!(Some(base_width(view)), T => S::routine::<control::StoreTable<T>>());
        }
        Mnemonic::Lgdt | Mnemonic::Lidt => {
            return by_wide_width!(Some(base_width(view)), T => S::routine::<control::LoadTable<T>>());
        }
        Mnemonic::Smsw if in_memory => S::routine::<control::SmswMemory>(),
        Mnemonic::Smsw => return by_wide_width!(view.width(0), T => S::routine::<control::SmswRegister<T>>()),
        Mnemonic::Lmsw if in_memory => S::routine::<control::LmswMemory>(),
        Mnemonic::Lmsw => S::routine::<control::LmswRegister>(),
        Mnemonic::Clts => S::routine::<control::Clts>(),
        _ => return None,
    })
}

/// The width of the base that LGDT and its like move: 16 stands for 24 bits.
fn base_width(view: &View<'_>) -> Width {
    match view.instruction.code() {
        Code::Lgdt_m1632_16 | Code::Lidt_m1632_16 | Code::Sgdt_m1632_16 | Code::Sidt_m1632_16 => Width::Word,
        Code::Lgdt_m1664 | Code::Lidt_m1664 | Code::Sgdt_m1664 | Code::Sidt_m1664 => Width::Qword,
        _ => Width::Dword,
    }
}

fn descriptors<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let in_memory = view.kind(0) == Kind::Memory;
    Some(match view.instruction.mnemonic() {
        Mnemonic::Sldt | Mnemonic::Str if in_memory => S::routine::<descriptor::StoreSystemMemory>(),
        Mnemonic::Sldt | Mnemonic::Str => {
            return by_wide_width!(view.width(0), T => S::routine::<descriptor::StoreSystemRegister<T>>());
        }
        Mnemonic::Lldt | Mnemonic::Ltr if in_memory => S::routine::<descriptor::LoadSystemMemory>(),
        Mnemonic::Lldt | Mnemonic::Ltr => S::routine::<descriptor::LoadSystemRegister>(),
        Mnemonic::Verr | Mnemonic::Verw if in_memory => S::routine::<descriptor::VerifyMemory>(),
        Mnemonic::Verr | Mnemonic::Verw => S::routine::<descriptor::VerifyRegister>(),
        Mnemonic::Lar | Mnemonic::Lsl if view.kind(1) == Kind::Memory => {
            return by_wide_width!(view.width(0), T => S::routine::<descriptor::AskMemory<T>>());
        }
        Mnemonic::Lar | Mnemonic::Lsl => {
            return by_wide_width!(view.width(0), T => S::routine::<descriptor::AskRegister<T>>());
        }
        Mnemonic::Arpl if in_memory => S::routine::<descriptor::ArplMemory>(),
        Mnemonic::Arpl => S::routine::<descriptor::ArplRegister>(),
        _ => return None,
    })
}

/// What of [`crate::cpu::x86::operands::Operands::detail`] these instructions use.
pub(super) const fn detail(mnemonic: Mnemonic) -> Option<u8> {
    Some(match mnemonic {
        Mnemonic::Sidt | Mnemonic::Lidt | Mnemonic::Verw | Mnemonic::Lsl => 1,
        Mnemonic::Rdgsbase | Mnemonic::Wrgsbase | Mnemonic::Stac => 1,
        Mnemonic::Sldt | Mnemonic::Lldt => seg::LDTR,
        Mnemonic::Str | Mnemonic::Ltr => seg::TR,
        _ => return None,
    })
}
