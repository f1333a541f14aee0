//! The local descriptor table and the task register, and what programs may ask of descriptors (Intel SDM volume 2, LLDT,
//! LTR, LAR, LSL, VERR, ARPL).

use super::control::admit_store;
use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{First, Form, Memory, Second};
use crate::cpu::x86::checked::{Checked, Descriptor, Fault, index_of, is_null, kind, vector};
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{Segment, seg};

routines! {
    /// SLDT and STR ([`Operands::detail`] is the register) into a register and into memory.
    StoreSystemRegister = store_register::<T>;
    StoreSystemMemory = store_memory;
    /// LLDT and LTR.
    LoadSystemRegister = load_register;
    LoadSystemMemory = load_memory;
    /// VERR and VERW ([`Operands::detail`] 0 and 1).
    VerifyRegister = verify_register;
    VerifyMemory = verify_memory;
    /// LAR and LSL ([`Operands::detail`] 0 and 1).
    AskRegister = ask_register::<T>;
    AskMemory = ask_memory::<T>;
    ArplRegister = arpl_register;
    ArplMemory = arpl_memory;
}

fn store_register<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    admit_store(cpu)?;
    let selector = cpu.s.segment(o.detail).selector;
    cpu.put(o.first, T::low(selector.into()));
    Ok(())
}

fn store_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    admit_store(cpu)?;
    let selector = cpu.s.segment(o.detail).selector;
    Memory::write(cpu, o, selector)
}

fn load_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    cpu.require_level_0()?;
    let selector = First::read::<_, u16>(cpu, o)?;
    load(cpu, o.detail, selector)
}

fn load_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    cpu.require_level_0()?;
    let selector = Memory::read::<_, u16>(cpu, o)?;
    load(cpu, o.detail, selector)
}

fn load<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, number: u8, selector: u16) -> Outcome {
    if number == seg::TR { load_task(cpu, selector) } else { load_local_table(cpu, selector) }
}

/// A descriptor of the global table; there is no other place for LDTs and task states.
fn global_descriptor<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    selector: u16,
) -> Result<Descriptor, Fault> {
    if selector & 4 != 0 {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
    }
    cpu.descriptor_or(selector, vector::GENERAL_PROTECTION)
}

fn load_local_table<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, selector: u16) -> Outcome {
    if is_null(selector) {
        let null = cpu.null_segment(seg::LDTR, selector);
        cpu.s.set_segment(seg::LDTR, null);
        return Ok(());
    }
    let descriptor = global_descriptor(cpu, selector)?;
    let segment = cpu.system_segment(&descriptor, selector)?;
    if segment.is_code_or_data() || segment.system_kind() != kind::LDT {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
    }
    if !segment.is_present() {
        return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
    }
    cpu.s.set_segment(seg::LDTR, segment);
    Ok(())
}

fn load_task<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, selector: u16) -> Outcome {
    if is_null(selector) {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
    }
    let descriptor = global_descriptor(cpu, selector)?;
    let segment = cpu.system_segment(&descriptor, selector)?;
    let available = match segment.system_kind() {
        kind::TSS_16 => !cpu.s.is_long_mode(),
        kind::TSS_32 => cpu.model.generation > Generation::I80286,
        _ => false,
    };
    if segment.is_code_or_data() || !available {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
    }
    if !segment.is_present() {
        return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
    }
    let busy = Segment { attributes: segment.attributes | u16::from(kind::BUSY), ..segment };
    let at = cpu.behind(descriptor.at, 5);
    cpu.write_system(at, busy.attributes as u8)?;
    cpu.s.set_segment(seg::TR, busy);
    Ok(())
}

/// The segment of a selector, if the program may know of it.
fn visible<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    selector: u16,
) -> Result<Option<Descriptor>, Fault> {
    if is_null(selector) {
        return Ok(None);
    }
    let Some(descriptor) = cpu.descriptor(selector)? else { return Ok(None) };
    let segment = descriptor.segment(selector);
    let level = cpu.s.cpl().max((selector & 3) as u8);
    let known = segment.is_conforming_code() || segment.dpl() >= level;
    Ok(known.then_some(descriptor))
}

fn verify_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let selector = First::read::<_, u16>(cpu, o)?;
    verify(cpu, selector, o.detail != 0)
}

fn verify_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let selector = Memory::read::<_, u16>(cpu, o)?;
    verify(cpu, selector, o.detail != 0)
}

fn verify<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, selector: u16, writes: bool) -> Outcome {
    let segment = visible(cpu, selector)?.map(|descriptor| descriptor.segment(selector));
    let fit = |segment: Segment| if writes { segment.is_writable_data() } else { segment.is_readable() };
    cpu.s.flags.set_zero(segment.is_some_and(fit));
    Ok(())
}

fn ask_register<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let selector = Second::read::<_, u16>(cpu, o)?;
    ask::<T, B, P>(cpu, o, selector)
}

fn ask_memory<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let selector = Memory::read::<_, u16>(cpu, o)?;
    ask::<T, B, P>(cpu, o, selector)
}

fn ask<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, selector: u16) -> Outcome {
    let descriptor = visible(cpu, selector)?;
    let answer = descriptor.and_then(|descriptor| {
        let segment = descriptor.segment(selector);
        let asks_limit = o.detail != 0;
        let known =
            segment.is_code_or_data() || has_answer(segment.system_kind(), asks_limit, cpu.s.is_long_mode());
        let rights = descriptor.raw >> 32 & 0x00FF_FF00;
        known.then_some(if asks_limit { segment.limit.into() } else { rights })
    });
    cpu.s.flags.set_zero(answer.is_some());
    if let Some(value) = answer {
        let value = if T::BITS == 16 && o.detail == 0 { value & 0xFF00 } else { value };
        cpu.put(o.first, T::low(value));
    }
    Ok(())
}

/// Whether LAR or LSL know a type of system segment; gates have no limit.
fn has_answer(system_kind: u8, asks_limit: bool, long: bool) -> bool {
    match system_kind {
        kind::TSS_16 | kind::BUSY_TSS_16 => !long,
        kind::LDT | kind::TSS_32 | kind::BUSY_TSS_32 => true,
        kind::CALL_GATE_16 | kind::TASK_GATE => !asks_limit && !long,
        kind::CALL_GATE_32 => !asks_limit,
        _ => false,
    }
}

/// The destination's RPL is raised to the source's.
fn raised(destination: u16, source: u16) -> Option<u16> {
    (destination & 3 < source & 3).then_some(destination & !3 | source & 3)
}

fn arpl_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let raised = raised(cpu.get(o.first), cpu.get(o.second));
    cpu.s.flags.set_zero(raised.is_some());
    if let Some(selector) = raised {
        cpu.put(o.first, selector);
    }
    Ok(())
}

fn arpl_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_protected()?;
    let (cell, destination) = Memory::open::<_, u16>(cpu, o)?;
    let raised = raised(destination, cpu.get(o.first));
    cpu.s.flags.set_zero(raised.is_some());
    if let Some(selector) = raised {
        cpu.write_cell(&cell, selector);
    }
    Ok(())
}
