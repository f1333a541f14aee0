//! MOVEM and MOVEP.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::int::Int;
use crate::cpu::m68k::checked::Checked;
use crate::cpu::m68k::form::Addressed;
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::reg;
use crate::cpu::probe::Probe;

routines! {
    /// MOVEM to memory, and to -(An). The list is the source's value.
    StoreMultiple = store_multiple[T: Int, D: Addressed];
    StoreMultipleDown = store_multiple_down[T: Int];
    /// MOVEM from memory, and from (An)+. The list is the destination's value.
    LoadMultiple = load_multiple[T: Int, S: Addressed];
    LoadMultipleUp = load_multiple_up[T: Int];
    /// MOVEP: every other byte.
    StorePeripheral = store_peripheral[T: Int];
    LoadPeripheral = load_peripheral[T: Int];
}

/// The registers of a list, lowest bit first.
fn listed(list: u32) -> impl Iterator<Item = u8> {
    (0..16).filter(move |bit| list >> bit & 1 != 0)
}

fn store_multiple<T: Int, D: Addressed, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Outcome {
    let mut at = D::address(cpu, o);
    for register in listed(o.source.value) {
        let value = cpu.s.get::<T>(register);
        cpu.write(at, value)?;
        at = at.wrapping_add(T::BYTES as u32);
    }
    Ok(())
}

/// The list stands the other way round; the base is stored as it was.
fn store_multiple_down<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let mut at = cpu.s.get::<u32>(o.destination.base);
    for bit in listed(o.source.value) {
        let value = cpu.s.get::<T>(reg::SP - bit);
        at = at.wrapping_sub(T::BYTES as u32);
        cpu.write(at, value)?;
    }
    cpu.s.put(o.destination.base, at);
    Ok(())
}

/// Loads the registers of the list from `at` on. Gives the address behind.
fn load<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    mut at: u32,
) -> Result<u32, crate::cpu::m68k::checked::Fault> {
    let mut values = [0_u32; 16];
    for register in listed(o.destination.value) {
        values[usize::from(register)] = cpu.read::<T>(at)?.signed() as u32;
        at = at.wrapping_add(T::BYTES as u32);
    }
    for register in listed(o.destination.value) {
        cpu.s.put(register, values[usize::from(register)]);
    }
    Ok(at)
}

fn load_multiple<T: Int, S: Addressed, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Outcome {
    let at = S::address(cpu, o);
    load::<T, B, P>(cpu, o, at).map(drop)
}

/// The base is what it was stepped to, also when it is in the list.
fn load_multiple_up<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let at = cpu.s.get::<u32>(o.source.base);
    let behind = load::<T, B, P>(cpu, o, at)?;
    cpu.s.put(o.source.base, behind);
    Ok(())
}

fn store_peripheral<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let value = cpu.s.get::<T>(o.source.base).wide();
    let mut at = cpu.s.get::<u32>(o.destination.base).wrapping_add(o.destination.value);
    for i in (0..T::BYTES).rev() {
        cpu.write(at, (value >> (8 * i)) as u8)?;
        at = at.wrapping_add(2);
    }
    Ok(())
}

fn load_peripheral<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let mut at = cpu.s.get::<u32>(o.source.base).wrapping_add(o.source.value);
    let mut value = 0_u64;
    for _ in 0..T::BYTES {
        value = value << 8 | u64::from(cpu.read::<u8>(at)?);
        at = at.wrapping_add(2);
    }
    cpu.s.put(o.destination.base, T::low(value));
    Ok(())
}
