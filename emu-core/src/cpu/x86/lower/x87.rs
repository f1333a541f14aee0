//! Handlers of the floating-point unit's instructions.

use super::{Kind, Select, View};
use crate::cpu::x86::routine::x87::compute::{
    Apply, Combine, CombineBelow, CombineWith, CombineWithNext, Compare, CompareFlags, CompareWith, Cosine,
    Examine, Extract, NearestRemainder, PartialRemainder, Sine, SineAndCosine, Tangent, Test,
};
use crate::cpu::x86::routine::x87::control::{
    ClearExceptions, Ignored, Initialize, LoadControl, LoadEnvironment, Restore, Save, StatusToAccumulator,
    StoreControl, StoreEnvironment, StoreStatus,
};
use crate::cpu::x86::routine::x87::transfer::{
    CopyTo, CopyUnchecked, Exchange, Free, Load, LoadConstant, LoadDecimal, LoadExtended, LoadInteger,
    LoadRegister, MoveIf, Nothing, StoreDecimal, StoreExtended, StoreInteger, StoreShort, Turn,
};
use crate::cpu::x86::routine::x87::{Instruction, NoWait, Waits};
use crate::cpu::x86::x87::arithmetic::{
    Add, ArcTangent, ChangeSign, Divide, DivideInto, Magnitude, Multiply, Operation, PowerOf2Minus1,
    RoundToInteger, Scale, SquareRoot, Subtract, SubtractFrom, YLog2X, YLog2XPlus1,
};
use crate::float::{F32, F64};
use iced_x86::{Code, MemorySize, Mnemonic};

/// The opcode as the unit remembers it.
pub(super) fn opcode(bytes: &[u8]) -> u16 {
    match bytes {
        [first, second, ..] => u16::from(first & 7) << 8 | u16::from(*second),
        _ => 0,
    }
}

pub(super) fn select<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    basic::<S>(view)
        .or_else(|| compare::<S>(view))
        .or_else(|| transfer::<S>(view))
        .or_else(|| function::<S>(view))
        .or_else(|| control::<S>(view))
}

fn computes<S: Select, I: Instruction>() -> S::Handler {
    S::computes::<I>()
}

fn basic<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    match view.instruction.mnemonic() {
        Mnemonic::Fadd | Mnemonic::Faddp | Mnemonic::Fiadd => combine::<S, Add>(view),
        Mnemonic::Fmul | Mnemonic::Fmulp | Mnemonic::Fimul => combine::<S, Multiply>(view),
        Mnemonic::Fsub | Mnemonic::Fsubp | Mnemonic::Fisub => combine::<S, Subtract>(view),
        Mnemonic::Fsubr | Mnemonic::Fsubrp | Mnemonic::Fisubr => combine::<S, SubtractFrom>(view),
        Mnemonic::Fdiv | Mnemonic::Fdivp | Mnemonic::Fidiv => combine::<S, Divide>(view),
        Mnemonic::Fdivr | Mnemonic::Fdivrp | Mnemonic::Fidivr => combine::<S, DivideInto>(view),
        _ => None,
    }
}

fn combine<S: Select, O: Operation>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    if view.kind(0) == Kind::Register {
        let pops = matches!(
            view.instruction.mnemonic(),
            M::Faddp | M::Fmulp | M::Fsubp | M::Fsubrp | M::Fdivp | M::Fdivrp
        );
        return Some(if pops {
            computes::<S, Combine<O, true>>()
        } else {
            computes::<S, Combine<O, false>>()
        });
    }
    Some(match view.instruction.memory_size() {
        MemorySize::Float32 => computes::<S, CombineWith<O, F32>>(),
        MemorySize::Float64 => computes::<S, CombineWith<O, F64>>(),
        MemorySize::Int16 => computes::<S, CombineWith<O, i16>>(),
        MemorySize::Int32 => computes::<S, CombineWith<O, i32>>(),
        _ => return None,
    })
}

fn compare<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.mnemonic() {
        Mnemonic::Fcom | Mnemonic::Ficom if view.kind(0) == Kind::Memory => {
            return compare_with::<S, false>(view);
        }
        Mnemonic::Fcomp | Mnemonic::Ficomp if view.kind(0) == Kind::Memory => {
            return compare_with::<S, true>(view);
        }
        Mnemonic::Fcom => computes::<S, Compare<false, 0>>(),
        Mnemonic::Fcomp => computes::<S, Compare<false, 1>>(),
        Mnemonic::Fcompp => computes::<S, Compare<false, 2>>(),
        Mnemonic::Fucom => computes::<S, Compare<true, 0>>(),
        Mnemonic::Fucomp => computes::<S, Compare<true, 1>>(),
        Mnemonic::Fucompp => computes::<S, Compare<true, 2>>(),
        Mnemonic::Fcomi => computes::<S, CompareFlags<false, false>>(),
        Mnemonic::Fcomip => computes::<S, CompareFlags<false, true>>(),
        Mnemonic::Fucomi => computes::<S, CompareFlags<true, false>>(),
        Mnemonic::Fucomip => computes::<S, CompareFlags<true, true>>(),
        Mnemonic::Ftst => computes::<S, Test>(),
        Mnemonic::Fxam => computes::<S, Examine>(),
        _ => return None,
    })
}

fn compare_with<S: Select, const POP: bool>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.memory_size() {
        MemorySize::Float32 => computes::<S, CompareWith<F32, POP>>(),
        MemorySize::Float64 => computes::<S, CompareWith<F64, POP>>(),
        MemorySize::Int16 => computes::<S, CompareWith<i16, POP>>(),
        MemorySize::Int32 => computes::<S, CompareWith<i32, POP>>(),
        _ => return None,
    })
}

fn transfer<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    Some(match view.instruction.mnemonic() {
        M::Fld | M::Fild => return load::<S>(view),
        M::Fst | M::Fist => return store::<S, false>(view),
        M::Fstp | M::Fistp => return store::<S, true>(view),
        M::Fstpnce => computes::<S, CopyUnchecked>(),
        M::Fisttp => return store_truncated::<S>(view),
        M::Fbld => computes::<S, LoadDecimal>(),
        M::Fbstp => computes::<S, StoreDecimal>(),
        M::Fxch => computes::<S, Exchange>(),
        M::Fcmovb | M::Fcmovbe | M::Fcmove | M::Fcmovu => computes::<S, MoveIf>(),
        M::Fcmovnb | M::Fcmovnbe | M::Fcmovne | M::Fcmovnu => computes::<S, MoveIf>(),
        M::Fld1 | M::Fldl2t | M::Fldl2e | M::Fldpi | M::Fldlg2 | M::Fldln2 | M::Fldz => {
            computes::<S, LoadConstant>()
        }
        M::Ffree => computes::<S, Free<false>>(),
        M::Ffreep => computes::<S, Free<true>>(),
        M::Fincstp | M::Fdecstp => computes::<S, Turn>(),
        M::Fnop => computes::<S, Nothing>(),
        _ => return None,
    })
}

fn load<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.memory_size() {
        _ if view.kind(0) == Kind::Register => computes::<S, LoadRegister>(),
        MemorySize::Float32 => computes::<S, Load<F32>>(),
        MemorySize::Float64 => computes::<S, Load<F64>>(),
        MemorySize::Float80 => computes::<S, LoadExtended>(),
        MemorySize::Int16 => computes::<S, LoadInteger<i16>>(),
        MemorySize::Int32 => computes::<S, LoadInteger<i32>>(),
        MemorySize::Int64 => computes::<S, LoadInteger<i64>>(),
        _ => return None,
    })
}

fn store<S: Select, const POP: bool>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.memory_size() {
        _ if view.kind(0) == Kind::Register => computes::<S, CopyTo<POP>>(),
        MemorySize::Float32 => computes::<S, StoreShort<F32, POP>>(),
        MemorySize::Float64 => computes::<S, StoreShort<F64, POP>>(),
        MemorySize::Float80 => computes::<S, StoreExtended>(),
        MemorySize::Int16 => computes::<S, StoreInteger<u16, false, POP>>(),
        MemorySize::Int32 => computes::<S, StoreInteger<u32, false, POP>>(),
        MemorySize::Int64 => computes::<S, StoreInteger<u64, false, POP>>(),
        _ => return None,
    })
}

fn store_truncated<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.memory_size() {
        MemorySize::Int16 => computes::<S, StoreInteger<u16, true, true>>(),
        MemorySize::Int32 => computes::<S, StoreInteger<u32, true, true>>(),
        MemorySize::Int64 => computes::<S, StoreInteger<u64, true, true>>(),
        _ => return None,
    })
}

fn function<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    Some(match view.instruction.mnemonic() {
        Mnemonic::Fchs => computes::<S, Apply<ChangeSign>>(),
        Mnemonic::Fabs => computes::<S, Apply<Magnitude>>(),
        Mnemonic::Fsqrt => computes::<S, Apply<SquareRoot>>(),
        Mnemonic::Frndint => computes::<S, Apply<RoundToInteger>>(),
        Mnemonic::F2xm1 => computes::<S, Apply<PowerOf2Minus1>>(),
        Mnemonic::Fscale => computes::<S, CombineWithNext<Scale>>(),
        Mnemonic::Fpatan => computes::<S, CombineBelow<ArcTangent>>(),
        Mnemonic::Fyl2x => computes::<S, CombineBelow<YLog2X>>(),
        Mnemonic::Fyl2xp1 => computes::<S, CombineBelow<YLog2XPlus1>>(),
        Mnemonic::Fprem => computes::<S, PartialRemainder>(),
        Mnemonic::Fprem1 => computes::<S, NearestRemainder>(),
        Mnemonic::Fxtract => computes::<S, Extract>(),
        Mnemonic::Fsin => computes::<S, Sine>(),
        Mnemonic::Fcos => computes::<S, Cosine>(),
        Mnemonic::Fsincos => computes::<S, SineAndCosine>(),
        Mnemonic::Fptan => computes::<S, Tangent>(),
        _ => return None,
    })
}

fn control<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    let wide = !matches!(view.instruction.memory_size(), MemorySize::FpuEnv14 | MemorySize::FpuState94);
    Some(match view.instruction.mnemonic() {
        Mnemonic::Fninit => S::routine::<NoWait<Initialize>>(),
        Mnemonic::Fnclex => S::routine::<NoWait<ClearExceptions>>(),
        Mnemonic::Fldcw => S::controls::<LoadControl, true>(),
        Mnemonic::Fnstcw => S::controls::<StoreControl, false>(),
        Mnemonic::Fnstsw if view.kind(0) == Kind::Memory => S::controls::<StoreStatus, false>(),
        Mnemonic::Fnstsw => S::controls::<StatusToAccumulator, false>(),
        Mnemonic::Fnstenv if wide => S::routine::<NoWait<StoreEnvironment<true>>>(),
        Mnemonic::Fnstenv => S::routine::<NoWait<StoreEnvironment<false>>>(),
        Mnemonic::Fldenv if wide => S::routine::<Waits<LoadEnvironment<true>>>(),
        Mnemonic::Fldenv => S::routine::<Waits<LoadEnvironment<false>>>(),
        Mnemonic::Fnsave if wide => S::routine::<NoWait<Save<true>>>(),
        Mnemonic::Fnsave => S::routine::<NoWait<Save<false>>>(),
        Mnemonic::Frstor if wide => S::routine::<Waits<Restore<true>>>(),
        Mnemonic::Frstor => S::routine::<Waits<Restore<false>>>(),
        Mnemonic::Fneni | Mnemonic::Fndisi | Mnemonic::Fnsetpm => S::routine::<NoWait<Ignored>>(),
        _ => return None,
    })
}

/// The condition of an FCMOVcc, the place of a constant, how far FINCSTP turns.
pub(super) fn detail(code: Code) -> u8 {
    match code {
        Code::Fcmovb_st0_sti => 2,
        Code::Fcmovnb_st0_sti => 3,
        Code::Fcmove_st0_sti => 4,
        Code::Fcmovne_st0_sti => 5,
        Code::Fcmovbe_st0_sti => 6,
        Code::Fcmovnbe_st0_sti => 7,
        Code::Fcmovu_st0_sti => 10,
        Code::Fcmovnu_st0_sti => 11,
        Code::Fldl2t | Code::Fincstp => 1,
        Code::Fldl2e => 2,
        Code::Fldpi => 3,
        Code::Fldlg2 => 4,
        Code::Fldln2 => 5,
        Code::Fldz => 6,
        Code::Fdecstp => 7,
        _ => 0,
    }
}
