//! The fast ways into the system and back, past descriptors (Intel SDM volume 2, SYSCALL, SYSENTER; AMD's 21086 for the
//! K6), and the bases of FS and GS.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, flag};
use crate::cpu::x86::checked::{Checked, Fault, is_canonical, vector};
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::Vendor;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{Segment, cr4, efer, reg, seg};

routines! {
    Syscall = syscall;
    /// SYSRET; `T` is the width of the code returned to, 32 or 64.
    Sysret = sysret::<T>;
    Sysenter = sysenter;
    Sysexit = sysexit::<T>;
    Swapgs = swapgs;
    /// RDFSBASE and RDGSBASE ([`Operands::detail`] 0 and 1).
    ReadBase = read_base::<T>;
    WriteBase = write_base::<T>;
}

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);
const INVALID: Fault = Fault::plain(vector::INVALID_OPCODE);
const R11: u8 = 11;

/// SYSCALL and SYSRET must have been turned on, and Intel's parts know them in 64-bit mode only.
fn require_enabled<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    let known = cpu.model.vendor == Vendor::Amd || cpu.s.is_64_bit();
    if known && cpu.s.efer & efer::SCE != 0 { Ok(()) } else { Err(INVALID) }
}

fn go<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    code: Segment,
    stack: Segment,
    offset: u64,
) -> Outcome {
    cpu.s.set_segment(seg::CS, code);
    cpu.s.set_segment(seg::SS, stack);
    cpu.s.rip = offset;
    Ok(())
}

fn syscall<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    require_enabled(cpu)?;
    let msrs = cpu.s.msrs;
    let selector = (msrs.star >> 32) as u16 & 0xFFFC;
    let stack = Segment::flat_data(selector.wrapping_add(8), 0);
    let next = cpu.s.rip;
    if !cpu.s.is_long_mode() {
        cpu.put(reg::CX, next as u32);
        cpu.s.put_flags(u64::from(flag::IF) | system::VM | system::RF, false);
        return go(cpu, Segment::flat_code(selector, 0, false), stack, msrs.star & 0xFFFF_FFFF);
    }
    let target = if cpu.s.is_64_bit() { msrs.lstar } else { msrs.cstar };
    let flags = cpu.s.flags.word() & !system::RF;
    cpu.put(reg::CX, next);
    cpu.put(R11, flags);
    cpu.s.set_flags_word(flags & !msrs.sfmask | system::FIXED);
    go(cpu, Segment::flat_code(selector, 0, true), stack, target)
}

fn sysret<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    require_enabled(cpu)?;
    cpu.require_level_0()?;
    let selector = (cpu.s.msrs.star >> 48) as u16 | 3;
    let stack = Segment::flat_data(selector.wrapping_add(8), 3);
    let long = T::BITS == 64;
    let target = cpu.get::<T>(reg::CX).wide();
    if long && !is_canonical(target, 1) {
        return Err(REFUSED);
    }
    if cpu.s.is_long_mode() {
        let kept = cpu.model.flag_bits() & !(system::RF | system::VM);
        let flags = cpu.get::<u64>(R11) & kept | system::FIXED;
        cpu.s.set_flags_word(flags);
    } else {
        cpu.s.put_flags(flag::IF.into(), true);
    }
    let selector = if long { selector.wrapping_add(16) } else { selector };
    go(cpu, Segment::flat_code(selector, 3, long), stack, target)
}

fn sysenter<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let msrs = cpu.s.msrs;
    let selector = msrs.sysenter_cs as u16 & 0xFFFC;
    if !cpu.s.is_protected() || selector == 0 {
        return Err(REFUSED);
    }
    let long = cpu.s.is_long_mode();
    let mask = if long { u64::MAX } else { 0xFFFF_FFFF };
    cpu.s.put_flags(u64::from(flag::IF) | system::VM | system::RF, false);
    cpu.put(reg::SP, msrs.sysenter_esp & mask);
    let stack = Segment::flat_data(selector.wrapping_add(8), 0);
    go(cpu, Segment::flat_code(selector, 0, long), stack, msrs.sysenter_eip & mask)
}

fn sysexit<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let selector = cpu.s.msrs.sysenter_cs as u16 & 0xFFFC;
    if !cpu.s.is_protected() || selector == 0 {
        return Err(REFUSED);
    }
    cpu.require_level_0()?;
    let long = T::BITS == 64;
    let (target, pointer) = (cpu.get::<T>(reg::DX).wide(), cpu.get::<T>(reg::CX).wide());
    if !is_canonical(target, 1) || !is_canonical(pointer, 1) {
        return Err(REFUSED);
    }
    let selector = selector.wrapping_add(if long { 32 } else { 16 }) | 3;
    cpu.put(reg::SP, pointer);
    let stack = Segment::flat_data(selector.wrapping_add(8), 3);
    go(cpu, Segment::flat_code(selector, 3, long), stack, target)
}

fn swapgs<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if !cpu.s.is_64_bit() {
        return Err(INVALID);
    }
    cpu.require_level_0()?;
    let base = cpu.s.segment(seg::GS).base;
    cpu.set_segment_base(1, cpu.s.msrs.kernel_gs_base);
    cpu.s.msrs.kernel_gs_base = base;
    Ok(())
}

fn require_bases<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    if cpu.s.is_64_bit() && cpu.s.cr4 & cr4::FSGSBASE != 0 { Ok(()) } else { Err(INVALID) }
}

fn read_base<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    require_bases(cpu)?;
    let base = cpu.s.segment(seg::FS + o.detail).base;
    cpu.put(o.first, T::low(base));
    Ok(())
}

fn write_base<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    require_bases(cpu)?;
    let base = cpu.get::<T>(o.first).wide();
    if !is_canonical(base, 1) {
        return Err(REFUSED);
    }
    cpu.set_segment_base(o.detail, base);
    Ok(())
}
