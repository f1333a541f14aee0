//! Handlers of vector instructions.

use super::{Kind, Select, View};
use crate::cpu::int::Int;
use crate::cpu::x86::meaning::vector::{
    Compute, ComputeFlags, ComputeFlagsQuickly, ComputeGeneral, ComputeGeneralQuickly, ComputeNarrow,
    ComputeQuickly, Constant, Extract, FromGeneral, General, LoadNumber, LowBlock, MoveQuad, MoveVector,
    Number, Operation, Packed, Part, Registers, StoreNumber, StoreVector, Tabled, ToGeneral, Whole,
};
use crate::cpu::x86::vector::float::{Add, Div, Mul, Sqrt, Sub};
use crate::cpu::x86::vector::quick::{self, Quick, Scalar};
use crate::cpu::x86::vector::{self, Shape, shuffle};
use crate::float::{F32, F64};
use iced_x86::{Mnemonic, OpKind};

/// Names a constant for whether there is a VEX prefix.
macro_rules! by_vex {
    ($vex:expr, $v:ident => $handler:expr) => {
        if $vex {
            const $v: bool = true;
            $handler
        } else {
            const $v: bool = false;
            $handler
        }
    };
}

pub(super) fn select<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    if (0..view.instruction.op_count()).any(|i| view.instruction.op_register(i).is_mm()) {
        return None;
    }
    moves::<S>(view).or_else(|| computes::<S>(view))
}

/// How an instruction moves a whole vector: whether with VEX, and only to aligned addresses.
fn whole_move(mnemonic: Mnemonic) -> Option<(bool, bool)> {
    use Mnemonic as M;
    Some(match mnemonic {
        M::Movaps | M::Movapd | M::Movdqa => (false, true),
        M::Movntps | M::Movntpd | M::Movntdq | M::Movntdqa => (false, true),
        M::Movups | M::Movupd | M::Movdqu | M::Lddqu => (false, false),
        M::Vmovaps | M::Vmovapd | M::Vmovdqa => (true, true),
        M::Vmovntps | M::Vmovntpd | M::Vmovntdq | M::Vmovntdqa => (true, true),
        M::Vmovups | M::Vmovupd | M::Vmovdqu | M::Vlddqu => (true, false),
        _ => return None,
    })
}

fn moves<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    if let Some((vex, aligned)) = whole_move(view.instruction.mnemonic()) {
        view.operands.base = if view.has_memory() { view.operands.base } else { view.operands.second };
        return Some(match (vex, aligned) {
            (false, false) => move_vector::<S, false, false, 1>(view),
            (false, true) => move_vector::<S, true, false, 1>(view),
            (true, false) if is_wide(view) => move_vector::<S, false, true, 2>(view),
            (true, false) => move_vector::<S, false, true, 1>(view),
            (true, true) if is_wide(view) => move_vector::<S, true, true, 2>(view),
            (true, true) => move_vector::<S, true, true, 1>(view),
        });
    }
    number_moves::<S>(view)
}

fn move_vector<S: Select, const ALIGNED: bool, const VEX: bool, const N: usize>(
    view: &View<'_>,
) -> S::Handler {
    match (view.kind(0), view.kind(1)) {
        (Kind::Memory, _) => S::meaning::<StoreVector<ALIGNED, VEX, N>>(),
        (_, Kind::Memory) => S::meaning::<MoveVector<Whole<ALIGNED>, VEX, N>>(),
        _ => S::meaning::<MoveVector<Registers, VEX, N>>(),
    }
}

/// Moves of less than a vector, but for those between registers that leave the rest of the destination.
fn number_moves<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let mnemonic = view.instruction.mnemonic();
    let vex = matches!(
        mnemonic,
        M::Vmovss | M::Vmovsd | M::Vmovd | M::Vmovq | M::Vmovlps | M::Vmovlpd | M::Vmovhps | M::Vmovhpd
    );
    by_vex!(vex, VEX => match (mnemonic, view.kind(0), view.kind(1)) {
        (M::Movss | M::Vmovss | M::Movd | M::Vmovd, Kind::Register, Kind::Memory) => {
            Some(S::meaning::<LoadNumber<u32, VEX>>())
        }
        (M::Movsd | M::Vmovsd | M::Movq | M::Vmovq, Kind::Register, Kind::Memory) => {
            Some(S::meaning::<LoadNumber<u64, VEX>>())
        }
        (M::Movss | M::Vmovss | M::Movd | M::Vmovd, Kind::Memory, _) => {
            Some(S::meaning::<StoreNumber<u32, false, VEX>>())
        }
        (M::Movsd | M::Vmovsd | M::Movq | M::Vmovq, Kind::Memory, Kind::Register)
        | (M::Movlps | M::Movlpd | M::Vmovlps | M::Vmovlpd, Kind::Memory, _) => {
            Some(S::meaning::<StoreNumber<u64, false, VEX>>())
        }
        (M::Movhps | M::Movhpd | M::Vmovhps | M::Vmovhpd, Kind::Memory, _) => {
            Some(S::meaning::<StoreNumber<u64, true, VEX>>())
        }
        (M::Movd | M::Vmovd, ..) if is_general(view, 1) => Some(S::meaning::<FromGeneral<u32, VEX>>()),
        (M::Movd | M::Vmovd, ..) => Some(S::meaning::<ToGeneral<u32, VEX>>()),
        (M::Movq | M::Vmovq, ..) if is_general(view, 1) => Some(S::meaning::<FromGeneral<u64, VEX>>()),
        (M::Movq | M::Vmovq, ..) if is_general(view, 0) => Some(S::meaning::<ToGeneral<u64, VEX>>()),
        (M::Movq | M::Vmovq, ..) => Some(S::meaning::<MoveQuad<VEX>>()),
        _ => None,
    })
}

fn is_general(view: &View<'_>, i: u32) -> bool {
    view.instruction.op_kind(i) == OpKind::Register && view.instruction.op_register(i).is_gpr()
}

/// Whether vectors of 256 bits are among the operands.
fn is_wide(view: &View<'_>) -> bool {
    (0..view.instruction.op_count()).any(|i| view.instruction.op_register(i).is_ymm())
        || memory_bytes(view) == 32
}

/// Bytes of a memory operand; zero without one.
fn memory_bytes(view: &View<'_>) -> usize {
    if view.has_memory() { view.instruction.memory_size().size() } else { 0 }
}

/// Where the second source is, by the forms that handlers exist for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Registers,
    LowBlock,
    Whole,
    Part,
    General,
    Constant,
}

/// An instruction's operands in the order in which [`crate::cpu::x86::meaning::vector`] wants them.
struct Order {
    from: From,
    vex: bool,
    wide: bool,
    shape: Shape,
}

fn computes<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    let (row, vex) = find(view)?;
    let order = arrange(view, row, vex)?;
    if let Some(handler) = hot::<S>(view, &order) {
        return Some(handler);
    }
    let wide = order.wide;
    match order.shape {
        Shape::General { .. } if view.kind(0) == Kind::Memory => extract::<S>(view, vex),
        Shape::General { .. } => general::<S>(&order),
        Shape::Flags => flags::<S>(&order),
        Shape::Narrow if wide && order.from == From::Whole => {
            Some(S::meaning::<ComputeNarrow<Whole<false>>>())
        }
        Shape::Narrow if wide => Some(S::meaning::<ComputeNarrow<Registers>>()),
        _ if !vex => legacy::<S, Tabled>(&order),
        _ if wide => wide_vex::<S>(&order),
        _ => vex_128::<S>(&order),
    }
}

/// The row of an instruction's operation.
fn find(view: &View<'_>) -> Option<(u16, bool)> {
    use Mnemonic as M;
    let mnemonic = view.instruction.mnemonic();
    let (row, vex) = vector::find(mnemonic)?;
    let by_immediate = view.kind(2) == Kind::Immediate;
    let is_long = (0..3).any(|i| view.instruction.op_register(i).is_gpr64()) || memory_bytes(view) == 8;
    Some(match mnemonic {
        M::Vpermilps if by_immediate => (vector::find(M::Pshufd)?.0, true),
        M::Vpermilpd if by_immediate => (shuffle::SELECT_DOUBLES, true),
        // The next row is for a 64-bit number.
        M::Cvtsi2ss | M::Cvtsi2sd | M::Vcvtsi2ss | M::Vcvtsi2sd if is_long => (row + 1, vex),
        M::Cvtss2si | M::Cvttss2si | M::Cvtsd2si | M::Cvttsd2si if is_long_result(view) => (row + 1, vex),
        M::Vcvtss2si | M::Vcvttss2si | M::Vcvtsd2si | M::Vcvttsd2si if is_long_result(view) => (row + 1, vex),
        _ => (row, vex),
    })
}

fn is_long_result(view: &View<'_>) -> bool {
    view.instruction.op0_register().is_gpr64()
}

/// Puts the operands into order.
fn arrange(view: &mut View<'_>, row: u16, vex: bool) -> Option<Order> {
    let shape = vector::row(row).shape;
    let count = view.instruction.op_count();
    let last_is_immediate = view.kinds.get(count as usize - 1) == Some(&Kind::Immediate);
    let by_constant = last_is_immediate && shape == Shape::Shared { step: 0 };
    // Operands but for an immediate byte, and the register that one can name.
    let plain = (count - u32::from(last_is_immediate)).min(3);
    let number = |i: u32| super::number_of(view.instruction.op_register(i));
    let second = if by_constant { count - 1 } else { plain - 1 };
    let first = match (by_constant, vex, shape) {
        (true, ..) => plain - 1,
        (_, true, Shape::Blocks { .. } | Shape::Shared { .. }) if plain == 3 => 1,
        _ => 0,
    };
    let from = source(view, second, shape)?;
    let third = match (vex, count) {
        (true, 4) if !last_is_immediate => number(3),
        (true, _) => number(0),
        (false, _) => 0,
    };
    let mut immediate = if last_is_immediate { view.instruction.immediate8() } else { 0 };
    if view.instruction.mnemonic() == Mnemonic::Insertps || view.instruction.mnemonic() == Mnemonic::Vinsertps
    {
        // From memory there is one number to choose from.
        immediate &= if view.has_memory() { 0x3F } else { 0xFF };
    }
    let packed = Packed { immediate, row, bytes: memory_bytes(view).clamp(1, 16) as u8, third };
    let (destination, first) = (number(0), number(first));
    let base = if view.has_memory() { None } else { Some(number(second)) };
    let wide = is_wide(view);
    view.pack(packed.pack());
    let o = &mut view.operands;
    (o.first, o.second) = (destination, first);
    o.base = base.unwrap_or(o.base);
    Some(Order { from, vex, wide, shape })
}

fn source(view: &View<'_>, i: u32, shape: Shape) -> Option<From> {
    let is_shared = matches!(shape, Shape::Shared { .. });
    let whole = if is_wide(view) { 32 } else { 16 };
    Some(match view.kind(i as usize) {
        Kind::Immediate => From::Constant,
        Kind::Register if is_general(view, i) => From::General,
        Kind::Register if is_shared => From::LowBlock,
        Kind::Register => From::Registers,
        Kind::Memory if memory_bytes(view) == whole && !is_shared => From::Whole,
        Kind::Memory => From::Part,
        _ => return None,
    })
}

fn legacy<S: Select, O: Operation>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers | From::LowBlock => S::meaning::<Compute<O, Registers, false, 1>>(),
        From::Whole => S::meaning::<Compute<O, Whole<true>, false, 1>>(),
        From::Part => S::meaning::<Compute<O, Part<true>, false, 1>>(),
        From::General => S::meaning::<Compute<O, General, false, 1>>(),
        From::Constant => S::meaning::<Compute<O, Constant, false, 1>>(),
    })
}

fn vex_128<S: Select>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers | From::LowBlock => S::meaning::<Compute<Tabled, Registers, true, 1>>(),
        From::Whole => S::meaning::<Compute<Tabled, Whole<false>, true, 1>>(),
        From::Part => S::meaning::<Compute<Tabled, Part<false>, true, 1>>(),
        From::General => S::meaning::<Compute<Tabled, General, true, 1>>(),
        From::Constant => S::meaning::<Compute<Tabled, Constant, true, 1>>(),
    })
}

fn wide_vex<S: Select>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers => S::meaning::<Compute<Tabled, Registers, true, 2>>(),
        From::LowBlock => S::meaning::<Compute<Tabled, LowBlock, true, 2>>(),
        From::Whole => S::meaning::<Compute<Tabled, Whole<false>, true, 2>>(),
        From::Part => S::meaning::<Compute<Tabled, Part<false>, true, 2>>(),
        From::Constant => S::meaning::<Compute<Tabled, Constant, true, 2>>(),
        From::General => return None,
    })
}

fn general<S: Select>(order: &Order) -> Option<S::Handler> {
    by_vex!(order.vex, VEX => Some(match (order.from, order.wide) {
        (From::Part | From::Whole, _) => S::meaning::<ComputeGeneral<Part<false>, VEX, 1>>(),
        (_, true) => S::meaning::<ComputeGeneral<Registers, VEX, 2>>(),
        _ => S::meaning::<ComputeGeneral<Registers, VEX, 1>>(),
    }))
}

fn flags<S: Select>(order: &Order) -> Option<S::Handler> {
    Some(match (order.vex, order.from, order.wide) {
        (_, From::Part, _) => {
            by_vex!(order.vex, VEX => S::meaning::<ComputeFlags<Tabled, Part<false>, VEX, 1>>())
        }
        (false, From::Whole, _) => S::meaning::<ComputeFlags<Tabled, Whole<true>, false, 1>>(),
        (false, ..) => S::meaning::<ComputeFlags<Tabled, Registers, false, 1>>(),
        (true, From::Whole, false) => S::meaning::<ComputeFlags<Tabled, Whole<false>, true, 1>>(),
        (true, From::Whole, true) => S::meaning::<ComputeFlags<Tabled, Whole<false>, true, 2>>(),
        (true, _, false) => S::meaning::<ComputeFlags<Tabled, Registers, true, 1>>(),
        (true, _, true) => S::meaning::<ComputeFlags<Tabled, Registers, true, 2>>(),
    })
}

/// PEXTRB and its kin to memory.
fn extract<S: Select>(view: &mut View<'_>, vex: bool) -> Option<S::Handler> {
    view.operands.second = super::number_of(view.instruction.op1_register());
    let bytes = memory_bytes(view);
    by_vex!(vex, VEX => Some(match bytes {
        1 => S::meaning::<Extract<u8, VEX>>(),
        2 => S::meaning::<Extract<u16, VEX>>(),
        4 => S::meaning::<Extract<u32, VEX>>(),
        _ => S::meaning::<Extract<u64, VEX>>(),
    }))
}

/// Handlers without the table between, of what guests spend their time in.
fn hot<S: Select>(view: &View<'_>, order: &Order) -> Option<S::Handler> {
    let mnemonic = view.instruction.mnemonic();
    let from_long = view.instruction.op1_register().is_gpr64() || memory_bytes(view) == 8;
    if order.vex {
        return None;
    }
    hot_numbers::<S>(mnemonic, order)
        .or_else(|| hot_conversions::<S>(mnemonic, order, from_long, is_long_result(view)))
        .or_else(|| hot_integers::<S>(mnemonic, order))
        .or_else(|| hot_shifts::<S>(mnemonic, order))
        .or_else(|| hot_shuffles::<S>(mnemonic, order))
}

fn hot_numbers<S: Select>(mnemonic: Mnemonic, order: &Order) -> Option<S::Handler> {
    use Mnemonic as M;
    match mnemonic {
        M::Addsd => scalar::<S, Scalar<Add, F64>, u64>(order),
        M::Subsd => scalar::<S, Scalar<Sub, F64>, u64>(order),
        M::Mulsd => scalar::<S, Scalar<Mul, F64>, u64>(order),
        M::Divsd => scalar::<S, Scalar<Div, F64>, u64>(order),
        M::Sqrtsd => scalar::<S, Scalar<Sqrt, F64>, u64>(order),
        M::Addss => scalar::<S, Scalar<Add, F32>, u32>(order),
        M::Subss => scalar::<S, Scalar<Sub, F32>, u32>(order),
        M::Mulss => scalar::<S, Scalar<Mul, F32>, u32>(order),
        M::Divss => scalar::<S, Scalar<Div, F32>, u32>(order),
        M::Sqrtss => scalar::<S, Scalar<Sqrt, F32>, u32>(order),
        M::Addpd => whole::<S, quick::Packed<Add, F64>>(order),
        M::Subpd => whole::<S, quick::Packed<Sub, F64>>(order),
        M::Mulpd => whole::<S, quick::Packed<Mul, F64>>(order),
        M::Divpd => whole::<S, quick::Packed<Div, F64>>(order),
        M::Addps => whole::<S, quick::Packed<Add, F32>>(order),
        M::Subps => whole::<S, quick::Packed<Sub, F32>>(order),
        M::Mulps => whole::<S, quick::Packed<Mul, F32>>(order),
        M::Divps => whole::<S, quick::Packed<Div, F32>>(order),
        M::Comisd => comparison::<S, quick::Compare<F64, true>, u64>(order),
        M::Ucomisd => comparison::<S, quick::Compare<F64, false>, u64>(order),
        M::Comiss => comparison::<S, quick::Compare<F32, true>, u32>(order),
        M::Ucomiss => comparison::<S, quick::Compare<F32, false>, u32>(order),
        _ => None,
    }
}

/// `from_long` and `to_long`: the integer is one of 64 bits.
fn hot_conversions<S: Select>(
    mnemonic: Mnemonic,
    order: &Order,
    from_long: bool,
    to_long: bool,
) -> Option<S::Handler> {
    use Mnemonic as M;
    match mnemonic {
        M::Cvtss2sd => scalar::<S, quick::Widen, u32>(order),
        M::Cvtsd2ss => scalar::<S, quick::Shorten, u64>(order),
        M::Cvtsi2sd if from_long => scalar::<S, quick::FromInteger<F64, true>, u64>(order),
        M::Cvtsi2sd => scalar::<S, quick::FromInteger<F64, false>, u32>(order),
        M::Cvtsi2ss if from_long => scalar::<S, quick::FromInteger<F32, true>, u64>(order),
        M::Cvtsi2ss => scalar::<S, quick::FromInteger<F32, false>, u32>(order),
        M::Cvttsd2si if to_long => truncation::<S, quick::Truncate<F64, 64>, u64>(order),
        M::Cvttsd2si => truncation::<S, quick::Truncate<F64, 32>, u64>(order),
        M::Cvttss2si if to_long => truncation::<S, quick::Truncate<F32, 64>, u32>(order),
        M::Cvttss2si => truncation::<S, quick::Truncate<F32, 32>, u32>(order),
        _ => None,
    }
}

fn hot_integers<S: Select>(mnemonic: Mnemonic, order: &Order) -> Option<S::Handler> {
    use Mnemonic as M;
    match mnemonic {
        M::Pand | M::Andps | M::Andpd => whole::<S, quick::And>(order),
        M::Pandn | M::Andnps | M::Andnpd => whole::<S, quick::AndNot>(order),
        M::Por | M::Orps | M::Orpd => whole::<S, quick::Or>(order),
        M::Pxor | M::Xorps | M::Xorpd => whole::<S, quick::ExclusiveOr>(order),
        M::Paddb => whole::<S, quick::AddBytes>(order),
        M::Paddw => whole::<S, quick::AddWords>(order),
        M::Paddd => whole::<S, quick::AddDwords>(order),
        M::Paddq => whole::<S, quick::AddQuads>(order),
        M::Psubb => whole::<S, quick::SubBytes>(order),
        M::Psubw => whole::<S, quick::SubWords>(order),
        M::Psubd => whole::<S, quick::SubDwords>(order),
        M::Psubq => whole::<S, quick::SubQuads>(order),
        M::Pmullw => whole::<S, quick::MulWords>(order),
        M::Pmuludq => whole::<S, quick::MulDwords>(order),
        M::Pcmpeqb => whole::<S, quick::EqualBytes>(order),
        M::Pcmpeqw => whole::<S, quick::EqualWords>(order),
        M::Pcmpeqd => whole::<S, quick::EqualDwords>(order),
        M::Pcmpgtd => whole::<S, quick::GreaterDwords>(order),
        M::Pminub => whole::<S, quick::LeastBytes>(order),
        M::Pmaxub => whole::<S, quick::MostBytes>(order),
        M::Pmovmskb => Some(S::quick::<
            ComputeGeneralQuickly<quick::ByteSigns, Registers>,
            ComputeGeneral<Registers, false, 1>,
        >()),
        _ => None,
    }
}

/// By a constant.
fn hot_shifts<S: Select>(mnemonic: Mnemonic, order: &Order) -> Option<S::Handler> {
    use Mnemonic as M;
    if order.from != From::Constant {
        return None;
    }
    match mnemonic {
        M::Psllw => shift::<S, quick::ShiftWordsLeft>(),
        M::Pslld => shift::<S, quick::ShiftDwordsLeft>(),
        M::Psllq => shift::<S, quick::ShiftQuadsLeft>(),
        M::Psrlw => shift::<S, quick::ShiftWordsRight>(),
        M::Psrld => shift::<S, quick::ShiftDwordsRight>(),
        M::Psrlq => shift::<S, quick::ShiftQuadsRight>(),
        M::Pslldq => shift::<S, quick::ShiftBytesLeft>(),
        M::Psrldq => shift::<S, quick::ShiftBytesRight>(),
        _ => None,
    }
}

fn hot_shuffles<S: Select>(mnemonic: Mnemonic, order: &Order) -> Option<S::Handler> {
    use Mnemonic as M;
    match mnemonic {
        M::Punpcklbw => whole::<S, quick::LowBytes>(order),
        M::Punpcklwd => whole::<S, quick::LowWords>(order),
        M::Punpckldq | M::Unpcklps => whole::<S, quick::LowDwords>(order),
        M::Punpcklqdq | M::Unpcklpd => whole::<S, quick::LowQuads>(order),
        M::Punpckhbw => whole::<S, quick::HighBytes>(order),
        M::Punpckhwd => whole::<S, quick::HighWords>(order),
        M::Punpckhdq | M::Unpckhps => whole::<S, quick::HighDwords>(order),
        M::Punpckhqdq | M::Unpckhpd => whole::<S, quick::HighQuads>(order),
        M::Packuswb => whole::<S, quick::PackBytes>(order),
        M::Pshufd => whole::<S, quick::Shuffle>(order),
        M::Shufps => whole::<S, quick::ShuffleSingles>(order),
        M::Shufpd => whole::<S, quick::ShuffleDoubles>(order),
        M::Movhlps => scalar::<S, quick::HighToLow, u64>(order),
        M::Movlhps | M::Movhps | M::Movhpd => scalar::<S, quick::LowToHigh, u64>(order),
        M::Movlps | M::Movlpd | M::Movsd => scalar::<S, quick::MoveLowHalf, u64>(order),
        M::Movss => scalar::<S, quick::MoveSingle, u32>(order),
        _ => None,
    }
}

/// An operation on whole vectors.
fn whole<S: Select, O: Quick>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers => S::quick::<ComputeQuickly<O, Registers>, Compute<Tabled, Registers, false, 1>>(),
        From::Whole => S::quick::<ComputeQuickly<O, Whole<true>>, Compute<Tabled, Whole<true>, false, 1>>(),
        _ => return None,
    })
}

/// An operation whose second source is a number.
fn scalar<S: Select, O: Quick, T: Int>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers => S::quick::<ComputeQuickly<O, Registers>, Compute<Tabled, Registers, false, 1>>(),
        From::General => S::quick::<ComputeQuickly<O, General>, Compute<Tabled, General, false, 1>>(),
        From::Part => S::quick::<ComputeQuickly<O, Number<T>>, Compute<Tabled, Part<true>, false, 1>>(),
        _ => return None,
    })
}

fn shift<S: Select, O: Quick>() -> Option<S::Handler> {
    Some(S::quick::<ComputeQuickly<O, Constant>, Compute<Tabled, Constant, false, 1>>())
}

fn truncation<S: Select, O: Quick, T: Int>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers => {
            S::quick::<ComputeGeneralQuickly<O, Registers>, ComputeGeneral<Registers, false, 1>>()
        }
        From::Part => {
            S::quick::<ComputeGeneralQuickly<O, Number<T>>, ComputeGeneral<Part<false>, false, 1>>()
        }
        _ => return None,
    })
}

fn comparison<S: Select, O: Quick, T: Int>(order: &Order) -> Option<S::Handler> {
    Some(match order.from {
        From::Registers => {
            S::quick::<ComputeFlagsQuickly<O, Registers>, ComputeFlags<Tabled, Registers, false, 1>>()
        }
        From::Part => {
            S::quick::<ComputeFlagsQuickly<O, Number<T>>, ComputeFlags<Tabled, Part<false>, false, 1>>()
        }
        _ => return None,
    })
}
