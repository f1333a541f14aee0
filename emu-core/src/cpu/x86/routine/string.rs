//! String instructions, with and without a repeat prefix.
//!
//! A repeated one can be interrupted between iterations: it then stands again at its start, its registers as far as it
//! has come.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, flag};
use crate::cpu::x86::backend::{address_register, set_address_register};
use crate::cpu::x86::checked::{Checked, Fault};
use crate::cpu::x86::meaning::arithmetic::{Combine, Sub};
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::operands::{Operands, Repeat};
use crate::cpu::x86::state::{reg, seg};

routines! {
    Movs = movs::<T>;
    Cmps = cmps::<T>;
    Scas = scas::<T>;
    Lods = lods::<T>;
    Stos = stos::<T>;
    Ins = ins::<T>;
    Outs = outs::<T>;
}

/// Repeats `once` as the prefix says. It counts down itself, with [`count_down`].
///
/// A fault leaves the iteration undone, except on the 80286, whose registers have moved on by then.
fn repeat<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    mut once: impl FnMut(&mut Checked<'_, B, P>) -> Outcome,
    compares: bool,
) -> Outcome {
    if o.repeat == Repeat::Once {
        return undoable(cpu, &mut once);
    }
    while address_register(cpu, o, reg::CX) != 0 {
        undoable(cpu, &mut once)?;
        cpu.s.counters.string_iterations += 1;
        let goes_on = !compares || cpu.s.flags.zero() == (o.repeat == Repeat::WhileEqual);
        if address_register(cpu, o, reg::CX) == 0 || !goes_on {
            break;
        }
        if cpu.pauses() {
            cpu.stand_at_start(o);
            break;
        }
        cpu.s.now += cpu.model.clocks_per_instruction;
    }
    Ok(())
}

fn undoable<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    once: &mut impl FnMut(&mut Checked<'_, B, P>) -> Outcome,
) -> Outcome {
    let registers = cpu.s.registers;
    once(cpu).inspect_err(|_| {
        if cpu.model.generation > Generation::I80286 {
            cpu.s.registers = registers;
        }
    })
}

/// One iteration less, of a repeated instruction.
fn count_down<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) {
    if o.repeat != Repeat::Once {
        let left = address_register(cpu, o, reg::CX).wrapping_sub(1) & o.offset_size.mask();
        set_address_register(cpu, o, reg::CX, left);
    }
}

/// The 80286 has counted the next iteration down, too, when it learns that the destination cannot be written.
fn counted_ahead<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) {
    if address_register(cpu, o, reg::CX) != 0 {
        count_down(cpu, o);
    }
}

/// The offset in an index register, which moves on.
fn index<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, register: u8) -> u64 {
    let back = cpu.s.flags.has(u64::from(flag::DF));
    let offset = address_register(cpu, o, register);
    let step = T::BYTES as i64;
    let moved = offset.wrapping_add_signed(if back { -step } else { step }) & o.offset_size.mask();
    set_address_register(cpu, o, register, moved);
    offset
}

/// Reads at the source index, which a prefix may put into another segment.
fn source<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<T, Fault> {
    let offset = index::<T, B, P>(cpu, o, reg::SI);
    cpu.read(o.segment, offset)
}

/// Reads at the destination index.
fn compared<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<T, Fault> {
    let offset = index::<T, B, P>(cpu, o, reg::DI);
    cpu.read(seg::ES, offset)
}

fn movs<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let value = source::<T, B, P>(cpu, o)?;
        let to = index::<T, B, P>(cpu, o, reg::DI);
        cpu.write(seg::ES, to, value).inspect_err(|_| counted_ahead(cpu, o))
    };
    repeat(cpu, o, once, false)
}

/// The destination is read first, and only then is it counted down.
fn cmps<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        let right = compared::<T, B, P>(cpu, o)?;
        count_down(cpu, o);
        let left = source::<T, B, P>(cpu, o)?;
        Sub::combine::<Checked<'_, B, P>, T>(cpu, left, right);
        Ok(())
    };
    repeat(cpu, o, once, true)
}

fn scas<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let right = compared::<T, B, P>(cpu, o)?;
        let left = cpu.get::<T>(reg::AX);
        Sub::combine::<Checked<'_, B, P>, T>(cpu, left, right);
        Ok(())
    };
    repeat(cpu, o, once, true)
}

fn lods<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let value = source::<T, B, P>(cpu, o)?;
        cpu.put(reg::AX, value);
        Ok(())
    };
    repeat(cpu, o, once, false)
}

fn stos<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let to = index::<T, B, P>(cpu, o, reg::DI);
        cpu.write(seg::ES, to, cpu.get::<T>(reg::AX)).inspect_err(|_| counted_ahead(cpu, o))
    };
    repeat(cpu, o, once, false)
}

/// The port is read only when its value can be stored.
fn ins<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        cpu.admit_port(cpu.get(reg::DX), T::BYTES)?;
        count_down(cpu, o);
        let to = index::<T, B, P>(cpu, o, reg::DI);
        let cell = cpu.writable::<T>(seg::ES, to).inspect_err(|_| counted_ahead(cpu, o))?;
        let value = cpu.input::<T>(cpu.get(reg::DX))?;
        cpu.write_cell(&cell, value);
        Ok(())
    };
    repeat(cpu, o, once, false)
}

fn outs<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let once = |cpu: &mut Checked<'_, B, P>| {
        cpu.admit_port(cpu.get(reg::DX), T::BYTES)?;
        count_down(cpu, o);
        let value = source::<T, B, P>(cpu, o)?;
        cpu.output(cpu.get(reg::DX), value)
    };
    repeat(cpu, o, once, false)
}
