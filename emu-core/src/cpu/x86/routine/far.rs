//! What loads segment registers: far jumps, calls and returns, interrupts by instruction, pointers.

use super::{Outcome, routines};
use crate::addr::Width;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, First, Form, Memory, peek_top};
use crate::cpu::x86::checked::{Checked, Fault, Origin, vector};
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
    /// INT n and INT 3.
    SoftwareInterrupt = int;
    /// INT 1, to which no gate is closed.
    IceBreakpoint = int1;
    Into = into;
    Iret = iret::<T>;
}

/// The width of `T` as a frame's.
pub(super) const fn width_of<T: Int>() -> Width {
    match T::BITS {
        16 => Width::Word,
        32 => Width::Dword,
        _ => Width::Qword,
    }
}

/// MOV SS and POP SS let no interrupt pass before the next instruction, which usually loads SP.
fn load_selector<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    number: u8,
    selector: u16,
    shadows: bool,
) -> Outcome {
    cpu.load_segment(number, selector)?;
    cpu.s.shadow |= shadows && number == seg::SS;
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
    let at = cpu.address(o);
    let target = cpu.read::<T>(o.segment, at)?;
    let selector = cpu.read::<u16>(o.segment, at.wrapping_add(T::BYTES) & o.offset_size.mask())?;
    Ok((selector, target.wide()))
}

fn jump_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = immediate_pointer::<T>(o);
    cpu.jump_far(selector, offset)
}

fn jump_far_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = memory_pointer::<T, B, P>(cpu, o)?;
    cpu.jump_far(selector, offset)
}

fn call_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = immediate_pointer::<T>(o);
    cpu.call_far(width_of::<T>(), selector, offset)
}

fn call_far_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = memory_pointer::<T, B, P>(cpu, o)?;
    cpu.call_far(width_of::<T>(), selector, offset)
}

/// Also takes [`Operands::immediate`] bytes of arguments away.
fn return_far<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.return_far(width_of::<T>(), o.immediate as u16)
}

fn load_pointer<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, offset) = memory_pointer::<T, B, P>(cpu, o)?;
    load_selector(cpu, o.detail, selector, false)?;
    cpu.put(o.first, T::low(offset));
    Ok(())
}

fn selector_from_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let selector = First::read::<_, u16>(cpu, o)?;
    load_selector(cpu, o.second, selector, true)
}

fn selector_from_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let selector = Memory::read::<_, u16>(cpu, o)?;
    load_selector(cpu, o.second, selector, true)
}

/// The stack pointer moves by the old stack segment's size, also when SS is what is popped.
fn pop_selector<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (selector, top) = peek_top::<_, T>(cpu)?;
    let mask = cpu.s.stack_mask();
    load_selector(cpu, o.second, selector.wide() as u16, true)?;
    cpu.s.set_stack_pointer(top, mask);
    Ok(())
}

fn int<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let short = o.length == 1;
    if !short && cpu.redirect_interrupt(o.immediate as u8)? {
        return Ok(());
    }
    cpu.interrupt(o.immediate as u8, Origin::Program)
}

fn int1<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.interrupt(vector::DEBUG, Origin::Event)
}

fn into<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.flags.overflow() { cpu.interrupt(vector::OVERFLOW, Origin::Program) } else { Ok(()) }
}

fn iret<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.interrupt_return(width_of::<T>())
}
