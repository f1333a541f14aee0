//! What loads segment registers: far jumps, calls and returns, interrupts by instruction, pointers.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, First, Form, Memory, offset, peek_top, push};
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::seg;

routines! {
    /// JMP and CALL with the pointer in the instruction; RET; JMP and CALL with the pointer in memory.
    JumpFar = jump_far::<T>;
    CallFar = call_far::<T>;
    ReturnFar = return_far::<T>;
    JumpFarMemory = jump_far_memory::<T>;
    CallFarMemory = call_far_memory::<T>;
    /// LES, LDS, LSS, LFS, LGS; the segment register is [`Operands::detail`].
    LoadPointer = load_pointer::<T>;
    /// MOV and POP to a segment register, [`Operands::second`].
    SelectorFromRegister = selector_from_register;
    SelectorFromMemory = selector_from_memory;
    PopSelector = pop_selector::<T>;
    SoftwareInterrupt = int;
    Into = into;
    Iret = iret::<T>;
}

fn load_selector<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, number: u8, selector: u16) {
    cpu.load_real(number, selector);
    if number == seg::SS {
        cpu.s.shadow = true;
    }
}

fn go<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, selector: u16, offset: u64) -> Outcome {
    cpu.check_target(offset)?;
    cpu.load_real(seg::CS, selector);
    cpu.s.rip = offset;
    Ok(())
}

/// The selector and offset of a pointer that stands in the instruction.
fn immediate_pointer<T: Int>(o: &Operands) -> (u16, u64) {
    ((o.immediate >> 32) as u16, T::low(o.immediate & 0xFFFF_FFFF).wide())
}

fn memory_pointer<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Result<(u16, u64), Fault> {
    let at = offset(cpu, o);
    let target = cpu.read::<T>(o.segment, at)?;
    let selector = cpu.read::<u16>(o.segment, at.wrapping_add(T::BYTES) & o.offset_size.mask())?;
    Ok((selector, target.wide()))
}

fn jump_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = immediate_pointer::<T>(o);
    go(cpu, selector, offset)
}

fn jump_far_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = memory_pointer::<T, B, P>(cpu, o)?;
    go(cpu, selector, offset)
}

fn call_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    call::<T, B, P>(cpu, immediate_pointer::<T>(o))
}

fn call_far_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let pointer = memory_pointer::<T, B, P>(cpu, o)?;
    call::<T, B, P>(cpu, pointer)
}

fn call<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    (selector, offset): (u16, u64),
) -> Outcome {
    let top = cpu.stack_top();
    let (own, next) = (cpu.s.segment(seg::CS).selector, cpu.s.rip);
    cpu.check_target(offset)?;
    push::<_, T>(cpu, T::low(own.into()))?;
    push::<_, T>(cpu, T::low(next)).inspect_err(|_| cpu.set_stack_top(top))?;
    go(cpu, selector, offset)
}

/// Also takes [`Operands::immediate`] bytes of arguments away.
fn return_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let top = cpu.stack_top();
    let back = |cpu: &mut Checked<'_, B, P>| {
        let offset = pop::<T, B, P>(cpu)?;
        let selector = pop::<T, B, P>(cpu)?;
        go(cpu, selector.wide() as u16, offset.wide())
    };
    back(cpu).inspect_err(|_| cpu.set_stack_top(top))?;
    let top = cpu.stack_top();
    let top = cpu.stack_moved(top, i64::from(o.immediate as u16));
    cpu.set_stack_top(top);
    Ok(())
}

fn pop<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>) -> Result<T, Fault> {
    let (value, top) = peek_top::<_, T>(cpu)?;
    cpu.set_stack_top(top);
    Ok(value)
}

fn load_pointer<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = memory_pointer::<T, B, P>(cpu, o)?;
    load_selector(cpu, o.detail, selector);
    cpu.put(o.first, T::low(offset));
    Ok(())
}

fn selector_from_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let selector = First::read::<_, u16>(cpu, o)?;
    load_selector(cpu, o.second, selector);
    Ok(())
}

fn selector_from_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let selector = Memory::read::<_, u16>(cpu, o)?;
    load_selector(cpu, o.second, selector);
    Ok(())
}

fn pop_selector<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let selector = pop::<T, B, P>(cpu)?;
    load_selector(cpu, o.second, selector.wide() as u16);
    Ok(())
}

/// INT n, and INT 3 in its short form.
fn int<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.interrupt(o.immediate as u8)
}

fn into<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.flags.overflow() { cpu.interrupt(vector::OVERFLOW) } else { Ok(()) }
}

fn iret<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let top = cpu.stack_top();
    let back = |cpu: &mut Checked<'_, B, P>| {
        let offset = pop::<T, B, P>(cpu)?;
        let selector = pop::<T, B, P>(cpu)?;
        let flags = pop::<T, B, P>(cpu)?;
        go(cpu, selector.wide() as u16, offset.wide())?;
        cpu.set_flags::<T>(flags);
        Ok(())
    };
    back(cpu).inspect_err(|_| cpu.set_stack_top(top))
}
