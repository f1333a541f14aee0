//! Handlers of the vector instructions that are routines.

use super::{Kind, Select, View, number_of};
use crate::cpu::x86::meaning::vector::Packed;
use crate::cpu::x86::routine::extended::{Fxrstor, Fxsave, Xgetbv, Xrstor, Xsave, Xsavec, Xsetbv};
use crate::cpu::x86::routine::vector::{
    CompareText, Cross, Gather, LoadMxcsr, LoadMxcsrVex, MaskedBytes, MaskedBytesVex, MaskedLoad,
    MaskedStore, StoreHalf, StoreMxcsr, StoreMxcsrVex, ToHalves, ZeroAll, ZeroUpper, text_form,
};
use crate::cpu::x86::vector::cross;
use iced_x86::Mnemonic;

pub(super) fn select<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    match view.instruction.mnemonic() {
        M::Ldmxcsr => Some(S::routine::<LoadMxcsr>()),
        M::Stmxcsr => Some(S::routine::<StoreMxcsr>()),
        M::Vldmxcsr => Some(S::routine::<LoadMxcsrVex>()),
        M::Vstmxcsr => Some(S::routine::<StoreMxcsrVex>()),
        M::Vzeroupper => Some(S::routine::<ZeroUpper>()),
        M::Vzeroall => Some(S::routine::<ZeroAll>()),
        M::Maskmovdqu => Some(S::routine::<MaskedBytes>()),
        M::Vmaskmovdqu => Some(S::routine::<MaskedBytesVex>()),
        M::Vcvtps2ph => to_halves::<S>(view),
        M::Xgetbv => Some(S::routine::<Xgetbv>()),
        M::Xsetbv => Some(S::routine::<Xsetbv>()),
        _ => images::<S>(view)
            .or_else(|| crossing::<S>(view))
            .or_else(|| masked::<S>(view))
            .or_else(|| gathering::<S>(view))
            .or_else(|| text::<S>(view)),
    }
}

/// FXSAVE, XSAVE and their kin.
fn images<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let mnemonic = view.instruction.mnemonic();
    view.operands.detail = u8::from(matches!(
        mnemonic,
        M::Fxsave64 | M::Fxrstor64 | M::Xsave64 | M::Xsaveopt64 | M::Xsavec64 | M::Xrstor64
    ));
    Some(match mnemonic {
        M::Fxsave | M::Fxsave64 => S::routine::<Fxsave>(),
        M::Fxrstor | M::Fxrstor64 => S::routine::<Fxrstor>(),
        M::Xsave | M::Xsave64 | M::Xsaveopt | M::Xsaveopt64 => S::routine::<Xsave>(),
        M::Xsavec | M::Xsavec64 => S::routine::<Xsavec>(),
        M::Xrstor | M::Xrstor64 => S::routine::<Xrstor>(),
        _ => return None,
    })
}

/// Bytes of the memory operand; of registers only, 32.
fn memory_bytes(view: &View<'_>) -> u8 {
    if view.has_memory() { view.instruction.memory_size().size().clamp(1, 32) as u8 } else { 32 }
}

/// Puts the operands into order: the destination, the source that VEX names, the last one with how it lies.
fn arrange(view: &mut View<'_>, row: u16, third: u8) {
    let i = view.instruction;
    let has_immediate = view.kinds[i.op_count() as usize - 1] == Kind::Immediate;
    let last = i.op_count() - u32::from(has_immediate) - 1;
    let immediate = if has_immediate { i.immediate8() } else { 0 };
    let bytes = memory_bytes(view);
    view.pack(Packed { immediate, row, bytes, third }.pack());
    let o = &mut view.operands;
    (o.first, o.second) = (number_of(i.op0_register()), number_of(i.op1_register()));
    o.detail = u8::from(view.kinds.contains(&Kind::Memory));
    if o.detail == 0 {
        o.base = number_of(i.op_register(last));
    }
}

fn crossing<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    let row = cross::find(view.instruction.mnemonic())?;
    arrange(view, row, 0);
    if view.kind(0) == Kind::Memory {
        return Some(S::routine::<StoreHalf>());
    }
    Some(S::routine::<Cross>())
}

fn to_halves<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    arrange(view, 0, 0);
    let bytes = if view.instruction.op1_register().is_ymm() { 16 } else { 8 };
    let packed = Packed { bytes, ..Packed::of(&view.operands) };
    view.pack(packed.pack());
    Some(S::routine::<ToHalves>())
}

fn masked<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let wide = match view.instruction.mnemonic() {
        M::Vmaskmovps | M::Vpmaskmovd => false,
        M::Vmaskmovpd | M::Vpmaskmovq => true,
        _ => return None,
    };
    arrange(view, 0, 0);
    if view.kind(0) == Kind::Memory {
        // Here the mask comes first, then the data.
        view.operands.first = number_of(view.instruction.op2_register());
        return Some(if wide { S::routine::<MaskedStore<u64>>() } else { S::routine::<MaskedStore<u32>>() });
    }
    Some(if wide { S::routine::<MaskedLoad<u64>>() } else { S::routine::<MaskedLoad<u32>>() })
}

fn gathering<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    let (data, index) = match view.instruction.mnemonic() {
        M::Vpgatherdd | M::Vgatherdps => (4, 4),
        M::Vpgatherdq | M::Vgatherdpd => (8, 4),
        M::Vpgatherqd | M::Vgatherqps => (4, 8),
        M::Vpgatherqq | M::Vgatherqpd => (8, 8),
        _ => return None,
    };
    let i = view.instruction;
    let count = (i.op0_register().size() / data).min(i.memory_index().size() / index);
    arrange(view, 0, count as u8);
    view.operands.second = number_of(i.op2_register());
    Some(match (data, index) {
        (4, 4) => S::routine::<Gather<u32, u32>>(),
        (8, 4) => S::routine::<Gather<u64, u32>>(),
        (4, _) => S::routine::<Gather<u32, u64>>(),
        _ => S::routine::<Gather<u64, u64>>(),
    })
}

fn text<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    use Mnemonic as M;
    use text_form::{EXPLICIT, LONG, MASK, VEX};
    let form = match view.instruction.mnemonic() {
        M::Pcmpistri => 0,
        M::Pcmpistrm => MASK,
        M::Pcmpestri => EXPLICIT,
        M::Pcmpestrm => EXPLICIT | MASK,
        M::Pcmpestri64 => EXPLICIT | LONG,
        M::Pcmpestrm64 => EXPLICIT | LONG | MASK,
        M::Vpcmpistri => VEX,
        M::Vpcmpistrm => VEX | MASK,
        M::Vpcmpestri => VEX | EXPLICIT,
        M::Vpcmpestrm => VEX | EXPLICIT | MASK,
        M::Vpcmpestri64 => VEX | EXPLICIT | LONG,
        M::Vpcmpestrm64 => VEX | EXPLICIT | LONG | MASK,
        _ => return None,
    };
    arrange(view, form, 0);
    view.operands.second = number_of(view.instruction.op0_register());
    Some(S::routine::<CompareText>())
}
