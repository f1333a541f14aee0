//! Handlers of MMX and 3DNow!.

use super::{Kind, Select, View};
use crate::cpu::x86::meaning::vector::Packed;
use crate::cpu::x86::routine::mmx::{
    Align, Compute, EightBytes, Extract, FromDoubles, FromSingles, FromVector, Insert, Lanes, Layout, Leave,
    Load, MaskedBytes, MoveMask, Place, Row, Store, ThreeDNow, ToDoubles, ToGeneral, ToSingles, ToVector,
    Upper,
};
use crate::cpu::x86::vector;
use iced_x86::{CpuidFeature, Mnemonic};

pub(super) fn select<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    let mnemonic = view.instruction.mnemonic();
    if matches!(mnemonic, Mnemonic::Emms | Mnemonic::Femms) {
        return Some(S::mmx::<Leave>());
    }
    // With an operand in memory, these name no MMX register.
    let converts = matches!(mnemonic, Mnemonic::Cvtpi2ps | Mnemonic::Cvtpi2pd);
    if !converts && !(0..view.instruction.op_count()).any(|i| view.instruction.op_register(i).is_mm()) {
        return None;
    }
    arrange(view, 0);
    let features = view.instruction.cpuid_features();
    if features.iter().any(|feature| matches!(feature, CpuidFeature::D3NOW | CpuidFeature::D3NOWEXT)) {
        return Some(S::mmx::<ThreeDNow>());
    }
    moves::<S>(view).or_else(|| conversions::<S>(view)).or_else(|| computes::<S>(view))
}

/// Where the last operand is and how wide, and the row and immediate byte.
fn arrange(view: &mut View<'_>, row: u16) {
    let i = view.instruction;
    let constant = view.kind(1) == Kind::Immediate;
    let immediate = match i.op_count() {
        3 => i.immediate8(),
        _ if constant => i.immediate8(),
        _ => suffix(i),
    };
    let bytes = match i.memory_size().size() {
        0 if i.op1_register().is_gpr32() => 4,
        bytes @ (2 | 4 | 8 | 16) => bytes as u8,
        _ => 8,
    };
    view.operands.detail = match (view.kind(1), bytes) {
        _ if constant => Place::Constant,
        (Kind::Memory, 4) => Place::Dword,
        (Kind::Memory, 2) => Place::Word,
        (Kind::Memory, _) => Place::Quad,
        _ if i.op1_register().is_gpr() => Place::General,
        _ => Place::Register,
    } as u8;
    view.pack(Packed { immediate, row, bytes, third: 0 }.pack());
}

/// The last byte of a 3DNow! instruction.
fn suffix(i: &iced_x86::Instruction) -> u8 {
    use Mnemonic as M;
    match i.mnemonic() {
        M::Pfadd => 0x9E,
        M::Pfsub => 0x9A,
        M::Pfsubr => 0xAA,
        M::Pfmul => 0xB4,
        M::Pfacc => 0xAE,
        M::Pfnacc => 0x8A,
        M::Pfpnacc => 0x8E,
        M::Pfcmpeq => 0xB0,
        M::Pfcmpge => 0x90,
        M::Pfcmpgt => 0xA0,
        M::Pfmax => 0xA4,
        M::Pfmin => 0x94,
        M::Pfrcp => 0x96,
        M::Pfrsqrt => 0x97,
        M::Pfrcpit1 => 0xA6,
        M::Pfrsqit1 => 0xA7,
        M::Pfrcpit2 => 0xB6,
        M::Pf2id => 0x1D,
        M::Pf2iw => 0x1C,
        M::Pi2fd => 0x0D,
        M::Pi2fw => 0x0C,
        M::Pmulhrw => 0xB7,
        M::Pavgusb => 0xBF,
        M::Pswapd => 0xBB,
        _ => 0,
    }
}

fn moves<S: Select>(view: &View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let i = view.instruction;
    let is_load = i.op0_register().is_mm();
    Some(match i.mnemonic() {
        M::Movq | M::Movd if is_load => S::mmx::<Load>(),
        M::Movq if i.op0_register().is_gpr() => S::mmx::<ToGeneral<u64>>(),
        M::Movd if i.op0_register().is_gpr() => S::mmx::<ToGeneral<u32>>(),
        M::Movq | M::Movntq => S::mmx::<Store<u64>>(),
        M::Movd => S::mmx::<Store<u32>>(),
        M::Movq2dq => S::routine::<ToVector>(),
        M::Movdq2q => S::routine::<FromVector>(),
        M::Maskmovq => S::routine::<MaskedBytes>(),
        M::Pextrw => S::mmx::<Extract>(),
        M::Pmovmskb => S::mmx::<MoveMask>(),
        M::Pinsrw => S::mmx::<Insert>(),
        M::Palignr => S::mmx::<Align>(),
        _ => return None,
    })
}

fn conversions<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let (of, handler) = match view.instruction.mnemonic() {
        M::Cvtpi2ps => (M::Cvtdq2ps, S::routine::<ToSingles>()),
        M::Cvtpi2pd => (M::Cvtdq2pd, S::routine::<ToDoubles>()),
        M::Cvtps2pi => (M::Cvtps2dq, S::routine::<FromSingles>()),
        M::Cvttps2pi => (M::Cvttps2dq, S::routine::<FromSingles>()),
        M::Cvtpd2pi => (M::Cvtpd2dq, S::routine::<FromDoubles>()),
        M::Cvttpd2pi => (M::Cvttpd2dq, S::routine::<FromDoubles>()),
        _ => return None,
    };
    arrange(view, vector::find(of)?.0);
    Some(handler)
}

fn computes<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let mnemonic = view.instruction.mnemonic();
    match mnemonic {
        M::Punpckhbw => of::<S, Upper>(view, M::Punpcklbw),
        M::Punpckhwd => of::<S, Upper>(view, M::Punpcklwd),
        M::Punpckhdq => of::<S, Upper>(view, M::Punpckldq),
        M::Packsswb | M::Packuswb | M::Packssdw => of::<S, Row>(view, mnemonic),
        M::Phaddw | M::Phaddd | M::Phaddsw | M::Phsubw | M::Phsubd | M::Phsubsw => {
            of::<S, Row>(view, mnemonic)
        }
        M::Pshufb => of::<S, EightBytes>(view, mnemonic),
        M::Pshufw => of::<S, Lanes>(view, M::Pshuflw),
        _ => of::<S, Lanes>(view, mnemonic),
    }
}

/// The operation that is called `mnemonic` on vectors.
fn of<S: Select, L: Layout>(view: &mut View<'_>, mnemonic: Mnemonic) -> Option<S::Handler> {
    let (row, _) = vector::find(mnemonic)?;
    arrange(view, row);
    Some(S::mmx::<Compute<L>>())
}
