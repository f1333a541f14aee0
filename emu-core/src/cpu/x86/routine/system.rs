//! Flags, ports, the stack in bulk, and waiting.

use super::far::width_of;
use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, flag};
use crate::cpu::x86::backend::{Backend, Form, Memory, offset, peek_top, push};
use crate::cpu::x86::checked::{Checked, Fault, Sensitive, vector};
use crate::cpu::x86::executing::plain;
use crate::cpu::x86::flags;
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{Activity, cr0, reg, seg};

routines! {
    PushFlags = push_flags::<T>;
    PopFlags = pop_flags::<T>;
    /// CLI, STI.
    Interrupts = interrupts;
    Hlt = hlt;
    /// IN and OUT with the port in the instruction, and in DX.
    In = input::<T>;
    InDx = input_dx::<T>;
    Out = output::<T>;
    OutDx = output_dx::<T>;
    PushAll = push_all::<T>;
    PopAll = pop_all::<T>;
    PopMemory = pop_memory::<T>;
    Enter = enter::<T>;
    Bound = bound::<T>;
    /// An instruction of the coprocessor that is not there.
    Escape = escape;
    EscapeMemory = escape_memory;
}

plain! {
    /// MFENCE: the stores before it are seen by all before the loads behind it are made. Of the host's, too.
    Fence = |_cpu, _| {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        Ok(())
    };
    Lahf = |cpu, _| {
        let word = cpu.state().flags.word();
        cpu.state().put(AH, word as u8);
        Ok(())
    };
    Sahf = |cpu, _| {
        let s = cpu.state();
        let low = u16::from(s.get::<u8>(AH)) & flag::STATUS;
        let status = s.flags.status() & flag::OF | low;
        s.flags.set_status(status);
        Ok(())
    };
    /// CLC, STC, CMC: [`Operands::detail`] is 0, 1 or 2.
    Carry = |cpu, o| {
        let flags = &mut cpu.state().flags;
        let carry = if o.detail == 2 { !flags.carry() } else { o.detail == 1 };
        flags.set_carry(carry);
        Ok(())
    };
    /// CLD, STD: [`Operands::detail`] is the flag's new value.
    Direction = |cpu, o| {
        cpu.state().flags.put(flag::DF.into(), o.detail != 0);
        Ok(())
    };
    Xlat = |cpu, o| {
        let (table, index) = (cpu.state().get::<u64>(reg::BX), cpu.state().get::<u8>(reg::AX));
        let at = table.wrapping_add(index.into()) & o.offset_size.mask();
        let value = cpu.load_memory::<u8>(o.segment, at)?;
        cpu.state().put(reg::AX, value);
        Ok(())
    };
}

fn push_flags<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let word = match cpu.sensitive(width_of::<T>())? {
        Sensitive::Plain => cpu.s.flags.word() & !(flags::system::RF | flags::system::VM),
        Sensitive::Virtual => cpu.virtual_flags(),
    };
    push(cpu, T::low(word))
}

fn pop_flags<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let sensitive = cpu.sensitive(width_of::<T>())?;
    let (value, top) = peek_top::<_, T>(cpu)?;
    if sensitive == Sensitive::Virtual {
        cpu.admit_virtual_flags(value.wide())?;
    }
    cpu.set_stack_top(top);
    match sensitive {
        Sensitive::Plain => cpu.set_flags(value),
        Sensitive::Virtual => cpu.set_virtual_flags(value.wide()),
    }
    Ok(())
}

const AH: u8 = reg::AX + reg::HIGH;

/// STI lets one more instruction pass before an interrupt, if there was none to be had before.
fn interrupts<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.set_interrupts(o.detail != 0)
}

fn hlt<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    cpu.s.activity = Activity::Halted;
    Ok(())
}

fn input<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let value = cpu.input::<T>(u16::from(o.immediate as u8))?;
    cpu.put(reg::AX, value);
    Ok(())
}

fn input_dx<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let value = cpu.input::<T>(cpu.get(reg::DX))?;
    cpu.put(reg::AX, value);
    Ok(())
}

fn output<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.output(u16::from(o.immediate as u8), cpu.get::<T>(reg::AX))
}

fn output_dx<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.output(cpu.get(reg::DX), cpu.get::<T>(reg::AX))
}

/// PUSHA. A fault on the way leaves SP where it was.
fn push_all<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let top = cpu.stack_top();
    let before = cpu.get::<T>(reg::SP);
    for number in reg::AX..=reg::DI {
        let value = if number == reg::SP { before } else { cpu.get(number) };
        push::<_, T>(cpu, value).inspect_err(|_| cpu.set_stack_top(top))?;
    }
    Ok(())
}

/// POPA; SP's place on the stack is passed over.
fn pop_all<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let mut values = [T::low(0); 8];
    let mut top = cpu.stack_top();
    for value in values.iter_mut().rev() {
        *value = cpu.read(seg::SS, top)?;
        top = cpu.stack_moved(top, T::BYTES as i64);
    }
    for (number, value) in (reg::AX..).zip(values).filter(|&(number, _)| number != reg::SP) {
        cpu.put(number, value);
    }
    cpu.set_stack_top(top);
    Ok(())
}

/// POP into memory: an address with SP in it is worked out after SP has moved. The 80286 leaves it moved when the
/// write faults.
fn pop_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let before = cpu.stack_top();
    let (value, top) = peek_top::<_, T>(cpu)?;
    cpu.set_stack_top(top);
    Memory::write(cpu, o, value).inspect_err(|_| {
        if cpu.model.generation > Generation::I80286 {
            cpu.set_stack_top(before);
        }
    })
}

/// ENTER: bytes of locals in the immediate's low word, the nesting level above it.
fn enter<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (locals, level) = (o.immediate as u16, (o.immediate >> 16) as u8 & 31);
    let before = cpu.stack_top();
    let built = build_frame::<T, B, P>(cpu, level, locals);
    let frame = built.inspect_err(|_| cpu.set_stack_top(before))?;
    cpu.put(reg::BP, T::low(frame));
    Ok(())
}

fn build_frame<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    level: u8,
    locals: u16,
) -> Result<u64, Fault> {
    let old = cpu.get::<T>(reg::BP);
    push(cpu, old)?;
    let frame = cpu.stack_top();
    let mut display = cpu.s.get::<u64>(reg::BP);
    for _ in 1..level {
        display = cpu.stack_moved(display, -(T::BYTES as i64));
        let link = cpu.read::<T>(seg::SS, display)?;
        push(cpu, link)?;
    }
    if level > 0 {
        push(cpu, T::low(frame))?;
    }
    let top = cpu.stack_top();
    let top = cpu.stack_moved(top, -i64::from(locals));
    cpu.set_stack_top(top);
    Ok(frame)
}

fn bound<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let at = offset(cpu, o);
    let lower = cpu.read::<T>(o.segment, at)?.signed();
    let upper = cpu.read::<T>(o.segment, at.wrapping_add(T::BYTES) & o.offset_size.mask())?.signed();
    let index = cpu.get::<T>(o.first).signed();
    if index < lower || index > upper { Err(Fault::plain(vector::BOUND)) } else { Ok(()) }
}

fn escape<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr0 & (cr0::EM | cr0::TS) != 0 { Err(Fault::plain(vector::NO_COPROCESSOR)) } else { Ok(()) }
}

/// The operand's first word is read, whether a coprocessor wants it or not.
fn escape_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    escape(cpu, o)?;
    Memory::read::<_, u16>(cpu, o).map(drop)
}
