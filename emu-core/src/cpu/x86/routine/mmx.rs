//! MMX (Intel SDM volume 1, chapter 9) and 3DNow!: operations on the numbers' lower 64 bits.
//!
//! An operation is the one of [`vector`] that SSE2 has of it, applied to a block of 128 bits; a [`Layout`] says how 64 bits
//! become such a block and come out of it.
//!
//! [`Operands::first`] and [`Operands::second`] are registers; [`Operands::detail`] is where the last operand is ([`Place`]).
//!
//! Most are written over any [`Executing`] backend, so that an engine can call them with its own way to memory ([`Ready`]).

use super::x87::pending_error;
use super::{Outcome, routines, three_d_now};
use crate::cpu::bus::MemoryBus;
use crate::cpu::int::Int;
use crate::cpu::probe::Probe;
use crate::cpu::x86::backend::{Backend, address_register};
use crate::cpu::x86::checked::{Cell, Checked, Fault, Routine, vector as exception};
use crate::cpu::x86::executing::{Executing, Plain, plain};
use crate::cpu::x86::meaning::vector::Packed;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{cr0, reg};
use crate::cpu::x86::vector::control::Control;
use crate::cpu::x86::vector::{self, Apply, Sources};
use std::marker::PhantomData;

/// Where the last operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    Register,
    /// 64 bits of memory.
    Quad,
    /// 32 bits of memory.
    Dword,
    /// 16 bits of memory.
    Word,
    /// The immediate byte itself.
    Constant,
    /// A general register.
    General,
}

/// How an operation on 64 bits is one on a block.
pub trait Layout: 'static {
    fn of(apply: Apply, control: &mut Control, a: u64, b: u64, immediate: u8) -> u64;
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident = |$a:ident, $b:ident, $immediate:ident| $sources:expr, >> $shift:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Layout for $name {
            fn of(apply: Apply, control: &mut Control, $a: u64, $b: u64, $immediate: u8) -> u64 {
                let (a, b): (u128, u128) = $sources;
                (apply(control, &Sources { a, b, c: a }, $immediate) >> $shift) as u64
            }
        }
    )*};
}

layouts! {
    /// Lane by lane.
    Lanes = |a, b, immediate| (a.into(), b.into()), >> 0;
    /// The upper halves interleaved: what the lower ones of a block become in its upper half.
    Upper = |a, b, immediate| (a.into(), b.into()), >> 64;
    /// Both operands' lanes in a row: they make one block.
    Row = |a, b, immediate| (joined(a, b), joined(a, b)), >> 0;
    /// PSHUFB: eight bytes to choose from.
    EightBytes = |a, b, immediate| (a.into(), (b & 0x8787_8787_8787_8787).into()), >> 0;
}

fn joined(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// A [`Plain`] instruction with what comes before it.
pub struct Ready<I>(PhantomData<I>);

impl<I: Plain> Routine for Ready<I> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if is_ready(cpu, o)? { I::run(cpu, o) } else { Ok(()) }
    }
}

/// An operation of [`Packed::row`].
pub struct Compute<L>(PhantomData<L>);

impl<L: Layout> Plain for Compute<L> {
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble> {
        let Packed { row, immediate, .. } = Packed::of(o);
        let apply = vector::row(row).apply;
        // Operations on integers have no use for MXCSR.
        let mut control = Control::new(vector::control::RESET);
        compute(cpu, o, |a, b| L::of(apply, &mut control, a, b, immediate))
    }
}

/// MOVD and MOVQ out of an MMX register, into a general one.
pub struct ToGeneral<T>(PhantomData<T>);

impl<T: Int> Plain for ToGeneral<T> {
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble> {
        into_general::<T, E>(cpu, o, |value| value);
        Ok(())
    }
}

/// MOVD and MOVQ out of an MMX register, [`Operands::first`], into memory.
pub struct Store<T>(PhantomData<T>);

impl<T: Int> Plain for Store<T> {
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble> {
        let at = cpu.address_of(o);
        let value = cpu.state().fpu.mmx(o.first);
        cpu.store_memory(o.segment, at, T::low(value))?;
        cpu.state().fpu.enter_mmx();
        Ok(())
    }
}

plain! {
    /// PALIGNR and PINSRW.
    Align = |cpu, o| {
        let bits = u32::from(Packed::of(o).immediate) * 8;
        compute(cpu, o, |a, b| joined(b, a).checked_shr(bits).unwrap_or(0) as u64)
    };
    Insert = |cpu, o| {
        let bit = u32::from(Packed::of(o).immediate & 3) * 16;
        compute(cpu, o, |a, b| a & !(0xFFFF << bit) | (b & 0xFFFF) << bit)
    };
    /// PEXTRW and PMOVMSKB, into a general register.
    Extract = |cpu, o| {
        let bit = u32::from(Packed::of(o).immediate & 3) * 16;
        into_general::<u32, E>(cpu, o, |value| value >> bit & 0xFFFF);
        Ok(())
    };
    MoveMask = |cpu, o| {
        into_general::<u32, E>(cpu, o, |value| {
            let signs = value.to_le_bytes().map(|byte| u64::from(byte >> 7));
            signs.iter().rev().fold(0, |mask, sign| mask << 1 | sign)
        });
        Ok(())
    };
    /// MOVQ and MOVD into an MMX register: [`Packed::bytes`] is how many count.
    Load = |cpu, o| {
        let is_short = Packed::of(o).bytes == 4;
        compute(cpu, o, |_, b| if is_short { u64::from(b as u32) } else { b })
    };
    /// EMMS and FEMMS.
    Leave = |cpu, _| {
        cpu.state().fpu.leave_mmx();
        Ok(())
    };
    /// 3DNow!: [`Packed::immediate`] is the opcode.
    ThreeDNow = |cpu, o| {
        let opcode = Packed::of(o).immediate;
        compute(cpu, o, |a, b| three_d_now::operation(opcode, a, b))
    };
}

routines! {
    /// MOVQ2DQ and MOVDQ2Q.
    ToVector = to_vector;
    FromVector = from_vector;
    /// MASKMOVQ.
    MaskedBytes = masked_bytes;
    /// CVTPI2PS and CVTPI2PD, CVT(T)PS2PI and CVT(T)PD2PI: [`Packed::row`] is the operation on integers in vectors.
    ToSingles = to_singles;
    ToDoubles = to_doubles;
    FromSingles = from_singles;
    FromDoubles = from_doubles;
}

/// What comes before. Gives whether the instruction runs.
fn is_ready<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<bool, Fault> {
    if cpu.s.cr0 & cr0::EM != 0 {
        return Err(Fault::plain(exception::INVALID_OPCODE));
    }
    if cpu.s.cr0 & cr0::TS != 0 {
        return Err(Fault::plain(exception::NO_COPROCESSOR));
    }
    if cpu.s.fpu.has_error() { pending_error(cpu, o) } else { Ok(true) }
}

/// The last operand.
fn source<E: Executing>(cpu: &mut E, o: &Operands) -> Result<u64, E::Trouble> {
    let at = cpu.address_of(o);
    Ok(match o.detail {
        detail if detail == Place::Register as u8 => cpu.state().fpu.mmx(o.second),
        detail if detail == Place::Quad as u8 => cpu.load_memory::<u64>(o.segment, at)?,
        detail if detail == Place::Dword as u8 => cpu.load_memory::<u32>(o.segment, at)?.into(),
        detail if detail == Place::Word as u8 => cpu.load_memory::<u16>(o.segment, at)?.into(),
        detail if detail == Place::Constant as u8 => Packed::of(o).immediate.into(),
        _ => cpu.state().get(o.second),
    })
}

/// `first` becomes `of` itself and the last operand.
#[inline]
fn compute<E: Executing>(
    cpu: &mut E,
    o: &Operands,
    of: impl FnOnce(u64, u64) -> u64,
) -> Result<(), E::Trouble> {
    let b = source(cpu, o)?;
    let fpu = &mut cpu.state().fpu;
    let result = of(fpu.mmx(o.first), b);
    fpu.enter_mmx();
    fpu.set_mmx(o.first, result);
    Ok(())
}

/// A general register becomes `of` an MMX register.
fn into_general<T: Int, E: Executing>(cpu: &mut E, o: &Operands, of: impl FnOnce(u64) -> u64) {
    let state = cpu.state();
    let value = of(state.fpu.mmx(o.second));
    state.fpu.enter_mmx();
    state.put(o.first, T::low(value));
}

fn to_vector<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    if is_ready(cpu, o)? {
        let value = cpu.s.fpu.mmx(o.second);
        cpu.s.fpu.enter_mmx();
        cpu.s.set_block(o.first, 0, value.into());
    }
    Ok(())
}

fn from_vector<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    if is_ready(cpu, o)? {
        let value = cpu.s.block(o.second, 0) as u64;
        cpu.s.fpu.enter_mmx();
        cpu.s.fpu.set_mmx(o.first, value);
    }
    Ok(())
}

/// Bytes of `first` where `second`'s have their top bits set, to where DI points; all or none.
fn masked_bytes<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    if !is_ready(cpu, o)? {
        return Ok(());
    }
    let at = address_register(cpu, o, reg::DI);
    let (data, mask) = (cpu.s.fpu.mmx(o.first).to_le_bytes(), cpu.s.fpu.mmx(o.second).to_le_bytes());
    let mut cells: [Option<Cell>; 8] = [None; 8];
    for (i, cell) in cells.iter_mut().enumerate().filter(|(i, _)| mask[*i] & 0x80 != 0) {
        *cell = Some(cpu.writable::<u8>(o.segment, at.wrapping_add(i as u64) & o.offset_size.mask())?);
    }
    for (cell, byte) in cells.iter().zip(data) {
        if let Some(cell) = cell {
            cpu.write_cell(cell, byte);
        }
    }
    cpu.s.fpu.enter_mmx();
    Ok(())
}

/// Two integers become numbers of a vector register, whose upper bits `keep` are kept.
fn to_numbers<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, keep: u128) -> Outcome {
    cpu.check_vectors(false)?;
    // With an operand in memory, nothing of this is MMX's.
    let from_register = o.detail == Place::Register as u8;
    if from_register && !is_ready(cpu, o)? {
        return Ok(());
    }
    let b = u128::from(source(cpu, o)?);
    let mut control = Control::new(cpu.s.mxcsr);
    let result = (vector::row(Packed::of(o).row).apply)(&mut control, &Sources { a: 0, b, c: 0 }, 0);
    if !control.is_quiet() {
        cpu.settle(control)?;
    }
    if from_register {
        cpu.s.fpu.enter_mmx();
    }
    let old = cpu.s.block(o.first, 0);
    cpu.s.set_block(o.first, 0, old & keep | result & !keep);
    Ok(())
}

fn to_singles<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    to_numbers(cpu, o, u128::MAX << 64)
}

fn to_doubles<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    to_numbers(cpu, o, 0)
}

/// Two numbers become integers.
fn from_numbers<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, b: u128) -> Outcome {
    let mut control = Control::new(cpu.s.mxcsr);
    let result = (vector::row(Packed::of(o).row).apply)(&mut control, &Sources { a: 0, b, c: 0 }, 0);
    if !control.is_quiet() {
        cpu.settle(control)?;
    }
    cpu.s.fpu.enter_mmx();
    cpu.s.fpu.set_mmx(o.first, result as u64);
    Ok(())
}

fn from_singles<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    if !is_ready(cpu, o)? {
        return Ok(());
    }
    let b = if o.detail == Place::Register as u8 { cpu.s.block(o.second, 0) as u64 } else { source(cpu, o)? };
    from_numbers(cpu, o, b.into())
}

fn from_doubles<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    if !is_ready(cpu, o)? {
        return Ok(());
    }
    let b = if o.detail == Place::Register as u8 {
        cpu.s.block(o.second, 0)
    } else {
        let at = cpu.address_of(o);
        cpu.check_alignment(o.segment, at, 16)?;
        cpu.load_block(o.segment, at)?
    };
    from_numbers(cpu, o, b)
}
