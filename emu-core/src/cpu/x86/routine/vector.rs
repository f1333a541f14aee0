//! Vector instructions that are rare or reach memory in their own way: masked moves, gathers, comparisons of strings,
//! moves between halves, MXCSR.
//!
//! Operands lie as in [`crate::cpu::x86::meaning::vector`]; [`Operands::detail`] is 1 when the last one is in memory.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::int::Int;
use crate::cpu::probe::Probe;
use crate::cpu::x86::backend::{Backend, Form, Memory, address_register};
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::executing::Executing;
use crate::cpu::x86::meaning::vector::Packed;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;
use crate::cpu::x86::vector::control::{Control, VALID};
use crate::cpu::x86::vector::cross::{self, Wide};
use crate::cpu::x86::vector::number::to_halves;
use crate::cpu::x86::vector::text::{self, Compared};

routines! {
    LoadMxcsr = load_mxcsr;
    StoreMxcsr = store_mxcsr;
    /// VLDMXCSR and VSTMXCSR.
    LoadMxcsrVex = load_mxcsr_vex;
    StoreMxcsrVex = store_mxcsr_vex;
    ZeroUpper = zero_upper;
    ZeroAll = zero_all;
    /// VPERMQ and its kin ([`cross`]); [`Packed::row`] is the operation.
    Cross = cross;
    /// VEXTRACTF128 and VEXTRACTI128 to memory.
    StoreHalf = store_half;
    /// VCVTPS2PH to a register and to memory, from 128 or 256 bits.
    ToHalves = convert_to_halves;
    /// MASKMOVDQU and VMASKMOVDQU.
    MaskedBytes = masked_bytes;
    MaskedBytesVex = masked_bytes_vex;
    /// VMASKMOVPS and its kin.
    MaskedLoad = masked_load::<T>;
    MaskedStore = masked_store::<T>;
    /// Gathers of data `T` by indices `U`.
    Gather = gather::<T, U>;
    CompareText = compare_text;
}

/// The blocks of a register.
fn register<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>, number: u8) -> Wide {
    [cpu.s.block(number, 0), cpu.s.block(number, 1)]
}

/// Sets a register of 256 bits.
fn set_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, number: u8, [low, high]: Wide) {
    cpu.s.set_block(number, 0, low);
    cpu.s.set_block(number, 1, high);
}

/// The last operand: a register, or as many bytes of memory as it has (the rest is zero).
fn last<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<Wide, Fault> {
    if o.detail == 0 {
        return Ok(register(cpu, o.base));
    }
    let at = cpu.address_of(o);
    let low = cpu.load_block(o.segment, at)?;
    let high = if Packed::of(o).bytes > 16 { cpu.load_block(o.segment, at.wrapping_add(16))? } else { 0 };
    Ok([low, high])
}

fn load_mxcsr<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    let value = Memory::read::<_, u32>(cpu, o)?;
    if value & !VALID != 0 {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
    }
    cpu.s.mxcsr = value;
    Ok(())
}

fn store_mxcsr<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    let value = cpu.s.mxcsr;
    Memory::write(cpu, o, value)
}

fn load_mxcsr_vex<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    load_mxcsr(cpu, o)
}

fn store_mxcsr_vex<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    store_mxcsr(cpu, o)
}

/// How many vector registers there are in the mode that the code is for.
fn registers<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> u8 {
    if cpu.s.is_64_bit() { 16 } else { 8 }
}

fn zero_upper<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    (0..registers(cpu)).for_each(|number| cpu.s.set_block(number, 1, 0));
    Ok(())
}

fn zero_all<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    (0..registers(cpu)).for_each(|number| set_register(cpu, number, [0; 2]));
    Ok(())
}

fn cross<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    let b = last(cpu, o)?;
    let packed = Packed::of(o);
    let result = cross::operation(packed.row)(register(cpu, o.second), b, packed.immediate);
    set_register(cpu, o.first, result);
    Ok(())
}

fn store_half<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    let half = cpu.s.block(o.second, Packed::of(o).immediate & 1);
    let at = cpu.address_of(o);
    cpu.store_block(o.segment, at, half)
}

/// [`Packed::bytes`] is the result's length.
fn convert_to_halves<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    let Packed { immediate, bytes, .. } = Packed::of(o);
    let [low, high] = register(cpu, o.second);
    let mut control = Control::new(cpu.s.mxcsr);
    let mut result = to_halves(&mut control, low, immediate);
    if bytes == 16 {
        result |= to_halves(&mut control, high, immediate) << 64;
    }
    if !control.is_quiet() {
        cpu.settle(control)?;
    }
    if o.detail == 0 {
        set_register(cpu, o.first, [result, 0]);
        return Ok(());
    }
    let at = cpu.address_of(o);
    if bytes == 16 { cpu.store_block(o.segment, at, result) } else { cpu.write(o.segment, at, result as u64) }
}

/// Bytes of the first register where the second one's have their top bits set, to where DI points.
fn masked_bytes<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(false)?;
    store_masked_bytes(cpu, o)
}

fn masked_bytes_vex<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    store_masked_bytes(cpu, o)
}

fn store_masked_bytes<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let at = address_register(cpu, o, reg::DI);
    let (data, mask) = (cpu.s.block(o.first, 0), cpu.s.block(o.second, 0));
    store_where::<u8, B, P>(cpu, o, at, [data, 0], [mask, 0], 1)
}

/// Number `i` of `T`'s width.
fn element<T: Int>(register: Wide, i: usize) -> T {
    let bit = i * T::BITS as usize;
    T::low((register[bit / 128] >> (bit % 128)) as u64)
}

/// Stores the elements of `blocks` blocks whose masks' top bits are set, all or none.
fn store_where<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    at: u64,
    data: Wide,
    mask: Wide,
    blocks: usize,
) -> Outcome {
    let mut cells = [None; 32];
    for (i, cell) in cells.iter_mut().enumerate().take(blocks * 128 / T::BITS as usize) {
        if element::<T>(mask, i).is_negative() {
            let at = at.wrapping_add(i as u64 * T::BYTES) & o.offset_size.mask();
            *cell = Some(cpu.writable::<T>(o.segment, at)?);
        }
    }
    for (i, cell) in cells.iter().enumerate() {
        if let Some(cell) = cell {
            cpu.write_cell(cell, element::<T>(data, i));
        }
    }
    Ok(())
}

/// How many blocks the memory operand has.
fn blocks(o: &Operands) -> usize {
    usize::from(Packed::of(o).bytes / 16)
}

fn masked_load<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    let (at, mask) = (cpu.address_of(o), register(cpu, o.second));
    let mut result = [0; 2];
    for i in 0..blocks(o) * 128 / T::BITS as usize {
        if element::<T>(mask, i).is_negative() {
            let at = at.wrapping_add(i as u64 * T::BYTES) & o.offset_size.mask();
            let bit = i * T::BITS as usize;
            result[bit / 128] |= u128::from(cpu.read::<T>(o.segment, at)?.wide()) << (bit % 128);
        }
    }
    set_register(cpu, o.first, result);
    Ok(())
}

/// The data is the first register, the mask the second.
fn masked_store<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    let at = cpu.address_of(o);
    store_where::<T, B, P>(cpu, o, at, register(cpu, o.first), register(cpu, o.second), blocks(o))
}

/// Each element whose mask's top bit is set is loaded, and its mask cleared: after a fault, the instruction goes on where
/// it was. [`Operands::second`] is the mask, [`Operands::index`] the register of indices, [`Packed::third`] the number
/// of elements.
fn gather<T: Int, U: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.check_vectors(true)?;
    if o.first == o.second || o.first == o.index || o.second == o.index {
        return Err(Fault::plain(vector::INVALID_OPCODE));
    }
    let count = usize::from(Packed::of(o).third);
    let bits = T::BITS as usize;
    for i in 0..count {
        let (mask, indices) = (register(cpu, o.second), register(cpu, o.index));
        if !element::<T>(mask, i).is_negative() {
            continue;
        }
        let index = (element::<U>(indices, i).signed() as u64).wrapping_mul(o.scale.into());
        let at = cpu.get::<u64>(o.base).wrapping_add(index).wrapping_add_signed(o.displacement.into());
        let value = cpu.read::<T>(o.segment, at & o.offset_size.mask())?;
        let (half, bit) = ((i * bits / 128) as u8, i * bits % 128);
        let field = u128::from(T::MASK) << bit;
        let kept = cpu.s.block(o.first, half) & !field;
        cpu.s.set_block(o.first, half, kept | u128::from(value.wide()) << bit);
        let left = cpu.s.block(o.second, half) & !field;
        cpu.s.set_block(o.second, half, left);
    }
    set_register(cpu, o.second, [0; 2]);
    let result = register(cpu, o.first);
    let within = |half: usize| match (count * bits).saturating_sub(128 * half) {
        0 => 0,
        bits @ 1..128 => result[half] & !(u128::MAX << bits),
        _ => result[half],
    };
    set_register(cpu, o.first, [within(0), within(1)]);
    Ok(())
}

/// Bits of [`Packed::row`] of a comparison of strings.
pub mod text_form {
    /// The result is a mask in XMM0, else an index in ECX.
    pub const MASK: u16 = 1;
    /// Lengths are in EAX and EDX.
    pub const EXPLICIT: u16 = 2;
    /// In RAX and RDX.
    pub const LONG: u16 = 4;
    pub const VEX: u16 = 8;
}

/// PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM.
fn compare_text<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let Packed { immediate, row: form, .. } = Packed::of(o);
    let vex = form & text_form::VEX != 0;
    cpu.check_vectors(vex)?;
    let [b, _] = last(cpu, o)?;
    let length = |cpu: &Checked<'_, B, P>, number| match form & text_form::LONG {
        0 => cpu.get::<u32>(number).signed(),
        _ => cpu.get::<u64>(number).signed(),
    };
    let explicit = form & text_form::EXPLICIT != 0;
    let lengths = explicit.then(|| (length(cpu, reg::AX), length(cpu, reg::DX)));
    let compared = text::compare(cpu.s.block(o.second, 0), b, lengths, immediate);
    let Compared { bits, characters, first_ends, second_ends } = compared;
    if form & text_form::MASK != 0 {
        cpu.s.set_block(0, 0, if immediate & 0x40 != 0 { compared.mask() } else { bits.into() });
        if vex {
            cpu.s.set_block(0, 1, 0);
        }
    } else {
        let lowest = bits.trailing_zeros().min(characters);
        let highest = if bits == 0 { characters } else { 15 - bits.leading_zeros() };
        cpu.put(reg::CX, if immediate & 0x40 != 0 { highest } else { lowest });
    }
    set_text_flags(cpu, [bits != 0, second_ends, first_ends, bits & 1 != 0]);
    Ok(())
}

/// CF, ZF, SF, OF; the others are clear.
fn set_text_flags<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, holds: [bool; 4]) {
    use crate::cpu::x86::alu::flag::{CF, OF, SF, ZF};
    let pairs = holds.into_iter().zip([CF, ZF, SF, OF]);
    let status = pairs.filter(|(holds, _)| *holds).fold(0, |status, (_, bit)| status | bit);
    cpu.s.flags.set_status(status);
}
