//! Control and debug registers, descriptor-table registers, caches and translations.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, First, Form, Memory};
use crate::cpu::x86::checked::{Checked, Fault, is_canonical, vector};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{TableRegister, cr0, cr4, dr6, dr7, seg};

routines! {
    /// SGDT and SIDT ([`Operands::detail`] 0 and 1); `T` is the base's width, 16 for its 24 bits.
    StoreTable = store_table::<T>;
    /// LGDT and LIDT.
    LoadTable = load_table::<T>;
    SmswRegister = smsw_register::<T>;
    SmswMemory = smsw_memory;
    LmswRegister = lmsw_register;
    LmswMemory = lmsw_memory;
    Clts = clts;
    /// MOV from and to a control register, whose number is [`Operands::second`] or [`Operands::first`].
    FromControl = from_control::<T>;
    ToControl = to_control::<T>;
    /// The same with debug registers.
    FromDebug = from_debug::<T>;
    ToDebug = to_debug::<T>;
    InvalidatePage = invlpg;
    /// INVD and WBINVD: no cache has anything that memory has not.
    FlushCaches = flush_caches;
}

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);
const INVALID: Fault = Fault::plain(vector::INVALID_OPCODE);

/// UMIP keeps what tells of the system from user programs.
pub(super) fn admit_store<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    if cpu.s.cr4 & cr4::UMIP != 0 && cpu.s.cpl() > 0 { Err(REFUSED) } else { Ok(()) }
}

/// The bytes of a table's base: three on the 80286, whose store leaves ones above them.
fn base_mask<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> u64 {
    if cpu.model.linear_bits < 32 { cpu.model.address_mask() } else { u64::MAX }
}

fn store_table<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    admit_store(cpu)?;
    let table = if o.detail == 0 { cpu.s.gdtr } else { cpu.s.idtr };
    let base = table.base | !base_mask(cpu);
    let at = cpu.address(o);
    let above = at.wrapping_add(2) & o.offset_size.mask();
    if T::BITS == 64 {
        let cell = cpu.writable::<u64>(o.segment, above)?;
        cpu.write(o.segment, at, table.limit)?;
        cpu.write_cell(&cell, base);
    } else {
        let cell = cpu.writable::<u32>(o.segment, above)?;
        cpu.write(o.segment, at, table.limit)?;
        cpu.write_cell(&cell, base as u32);
    }
    Ok(())
}

fn load_table<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let at = cpu.address(o);
    let above = at.wrapping_add(2) & o.offset_size.mask();
    let limit = cpu.read::<u16>(o.segment, at)?;
    let base = match T::BITS {
        16 => u64::from(cpu.read::<u32>(o.segment, above)?) & 0xFF_FFFF,
        32 => cpu.read::<u32>(o.segment, above)?.into(),
        _ => cpu.read::<u64>(o.segment, above)?,
    };
    if !is_canonical(base, 1) {
        return Err(REFUSED);
    }
    let table = TableRegister { base: base & base_mask(cpu), limit };
    if o.detail == 0 {
        cpu.s.gdtr = table;
    } else {
        cpu.s.idtr = table;
    }
    Ok(())
}

fn smsw_register<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    admit_store(cpu)?;
    cpu.put(o.first, T::low(cpu.s.cr0));
    Ok(())
}

fn smsw_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    admit_store(cpu)?;
    let word = cpu.s.cr0 as u16;
    Memory::write(cpu, o, word)
}

fn lmsw_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let word = First::read::<_, u16>(cpu, o)?;
    cpu.set_machine_status(word)
}

fn lmsw_memory<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let word = Memory::read::<_, u16>(cpu, o)?;
    cpu.set_machine_status(word)
}

fn clts<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    cpu.s.cr0 &= !cr0::TS;
    cpu.s.mode_changed();
    Ok(())
}

/// Makes sure that there is such a control register, and that the program may use it.
fn admit_control<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>, number: u8) -> Outcome {
    let exists = match number {
        0 | 2 | 3 => true,
        4 => cpu.model.has_cr4(),
        8 => cpu.s.is_64_bit(),
        _ => false,
    };
    if !exists {
        return Err(INVALID);
    }
    cpu.require_level_0()
}

fn from_control<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    admit_control(cpu, o.second)?;
    let value = match o.second {
        0 => cpu.s.cr0,
        2 => cpu.s.cr2,
        3 => cpu.s.cr3,
        4 => cpu.s.cr4,
        _ => cpu.s.cr8,
    };
    cpu.put(o.first, T::low(value));
    Ok(())
}

fn to_control<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    admit_control(cpu, o.first)?;
    let value = cpu.get::<T>(o.second).wide();
    match o.first {
        0 if value >> 32 != 0 => Err(REFUSED),
        0 => cpu.set_cr0(value),
        2 => {
            cpu.s.cr2 = value;
            Ok(())
        }
        3 => cpu.set_cr3(value),
        4 => cpu.set_cr4(value),
        _ if value > 15 => Err(REFUSED),
        _ => {
            cpu.s.cr8 = value;
            Ok(())
        }
    }
}

/// The debug register of this number: 4 and 5 are names of 6 and 7, unless debug extensions are on.
fn debug_register<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, number: u8) -> Result<usize, Fault> {
    let number = match number {
        4 | 5 if cpu.s.cr4 & cr4::DE != 0 => return Err(INVALID),
        4 | 5 => number + 2,
        8.. => return Err(INVALID),
        _ => number,
    };
    cpu.require_level_0()?;
    if cpu.s.debug[7] & dr7::GD != 0 {
        cpu.s.debug[6] |= dr6::BD;
        return Err(Fault::plain(vector::DEBUG));
    }
    Ok(number.into())
}

fn from_debug<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let number = debug_register(cpu, o.second)?;
    cpu.put(o.first, T::low(cpu.s.debug[number]));
    Ok(())
}

fn to_debug<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let number = debug_register(cpu, o.first)?;
    let value = cpu.get::<T>(o.second).wide();
    if number >= 6 && value >> 32 != 0 {
        return Err(REFUSED);
    }
    cpu.s.debug[number] = match number {
        6 => value & 0xE00F | dr6::FIXED,
        7 => value & 0xFFFF_2BFF | dr7::FIXED,
        _ => value,
    };
    cpu.s.mode_changed();
    Ok(())
}

fn invlpg<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let offset = cpu.address(o);
    let part = cpu.s.segment(o.segment);
    let linear = if cpu.s.is_64_bit() {
        let base = if o.segment >= seg::FS { part.base } else { 0 };
        crate::addr::Linear(base.wrapping_add(offset))
    } else {
        part.linear(offset)
    };
    cpu.flush_page(linear);
    Ok(())
}

fn flush_caches<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()
}
