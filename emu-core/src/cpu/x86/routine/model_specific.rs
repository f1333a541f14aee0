//! CPUID, the time-stamp counter and the model-specific registers (Intel SDM volumes 2 and 4; AMD APM volume 2, 3.2).

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::checked::{Checked, Fault, is_canonical, vector};
use crate::cpu::x86::model::{Feature, Generation, Vendor};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{cr4, reg, seg};

routines! {
    Cpuid = cpuid;
    Rdtsc = rdtsc;
    Rdmsr = rdmsr;
    Wrmsr = wrmsr;
    Rdpmc = rdpmc;
}

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);

/// The local APIC's base register: the bit that turns it on, and the bits that can be written.
const APIC_ENABLED: u64 = 1 << 11;

fn cpuid<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let (leaf, subleaf) = (cpu.get::<u32>(reg::AX), cpu.get::<u32>(reg::CX));
    let mut answer = cpu.model.cpuid_with_state(leaf, subleaf, cpu.s.xcr0);
    if leaf == 1 {
        if cpu.s.msrs.apic_base & APIC_ENABLED == 0 {
            answer.edx &= !(1 << 9);
        }
        if cpu.s.cr4 & cr4::OSXSAVE != 0 {
            answer.ecx |= 1 << 27;
        }
    }
    // Intel's parts know SYSCALL in 64-bit mode only, and say so.
    if leaf == 0x8000_0001 && cpu.model.vendor == Vendor::Intel && !cpu.s.is_64_bit() {
        answer.edx &= !(1 << 11);
    }
    cpu.put(reg::AX, answer.eax);
    cpu.put(reg::BX, answer.ebx);
    cpu.put(reg::CX, answer.ecx);
    cpu.put(reg::DX, answer.edx);
    Ok(())
}

fn put_pair<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, value: u64) {
    cpu.put(reg::AX, value as u32);
    cpu.put(reg::DX, (value >> 32) as u32);
}

fn rdtsc<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr4 & cr4::TSD != 0 {
        cpu.require_level_0()?;
    }
    put_pair(cpu, cpu.s.now.wrapping_add(cpu.s.msrs.tsc_offset));
    Ok(())
}

/// The performance counters count nothing.
fn rdpmc<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr4 & cr4::PCE == 0 {
        cpu.require_level_0()?;
    }
    if cpu.get::<u32>(reg::CX) > 1 {
        return Err(REFUSED);
    }
    put_pair(cpu, 0);
    Ok(())
}

fn rdmsr<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let value = read(cpu, cpu.get(reg::CX)).ok_or(REFUSED)?;
    put_pair(cpu, value);
    Ok(())
}

fn wrmsr<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let value = u64::from(cpu.get::<u32>(reg::DX)) << 32 | u64::from(cpu.get::<u32>(reg::AX));
    write(cpu, cpu.get(reg::CX), value)
}

/// The variable ranges of the MTRRs, and the fixed ones by their places in the list of them.
fn fixed_range(number: u32) -> Option<usize> {
    match number {
        0x250 => Some(0),
        0x258 | 0x259 => Some(number as usize - 0x257),
        0x268..=0x26F => Some(number as usize - 0x268 + 3),
        _ => None,
    }
}

/// The feature without which this member has no such register; `None` when no member has it.
fn needed(number: u32) -> Option<Feature> {
    Some(match number {
        0x00 | 0x01 => Feature::MachineCheckException,
        0x10 => Feature::Tsc,
        0x1B => Feature::Apic,
        0x174..=0x176 => Feature::Sep,
        0x179 | 0x17A => Feature::MachineCheck,
        0xFE | 0x200..=0x20F | 0x2FF => Feature::Mtrr,
        0x277 => Feature::Pat,
        0x1A0 => Feature::Sse3,
        0xC000_0080 | 0xC000_0081 => Feature::Syscall,
        0xC000_0082..=0xC000_0084 | 0xC000_0100..=0xC000_0102 => Feature::LongMode,
        0xC000_0103 => Feature::Rdtscp,
        _ if fixed_range(number).is_some() => Feature::Mtrr,
        _ => return None,
    })
}

fn read<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>, number: u32) -> Option<u64> {
    let (s, msrs) = (&*cpu.s, &cpu.s.msrs);
    // The update signature: no microcode was loaded.
    if matches!(number, 0x8B | 0x17) && cpu.model.generation >= Generation::P6 {
        return Some(0);
    }
    if !cpu.model.offers(needed(number)?) {
        return None;
    }
    Some(match number {
        0x10 => s.now.wrapping_add(msrs.tsc_offset),
        0x1B => msrs.apic_base,
        0x174 => msrs.sysenter_cs,
        0x175 => msrs.sysenter_esp,
        0x176 => msrs.sysenter_eip,
        // Eight variable ranges, the fixed ones, and write combining.
        0xFE => 0x508,
        0x200..=0x20F => msrs.mtrr_variable[number as usize & 15],
        0x2FF => msrs.mtrr_default,
        0x277 => msrs.pat,
        // Fast strings.
        0x1A0 => 1,
        0xC000_0080 => s.efer,
        0xC000_0081 => msrs.star,
        0xC000_0082 => msrs.lstar,
        0xC000_0083 => msrs.cstar,
        0xC000_0084 => msrs.sfmask,
        0xC000_0100 => s.segment(seg::FS).base,
        0xC000_0101 => s.segment(seg::GS).base,
        0xC000_0102 => msrs.kernel_gs_base,
        0xC000_0103 => msrs.tsc_aux,
        _ => fixed_range(number).map_or(0, |place| msrs.mtrr_fixed[place]),
    })
}

fn write<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, number: u32, value: u64) -> Outcome {
    // A microcode update is taken and forgotten.
    if matches!(number, 0x79 | 0x8B) && cpu.model.generation >= Generation::P6 {
        return Ok(());
    }
    if !needed(number).is_some_and(|feature| cpu.model.offers(feature)) {
        return Err(REFUSED);
    }
    let is_address = matches!(number, 0x175 | 0x176 | 0xC000_0082 | 0xC000_0083 | 0xC000_0100..=0xC000_0102);
    if is_address && cpu.model.offers(Feature::LongMode) && !is_canonical(value, 1) {
        return Err(REFUSED);
    }
    let now = cpu.s.now;
    let msrs = &mut cpu.s.msrs;
    match number {
        0x10 => msrs.tsc_offset = value.wrapping_sub(now),
        0x1B => msrs.apic_base = value & (cpu.model.address_mask() & !0x7FF),
        0x174 => msrs.sysenter_cs = value,
        0x175 => msrs.sysenter_esp = value,
        0x176 => msrs.sysenter_eip = value,
        0xFE | 0x179 => return Err(REFUSED),
        0x200..=0x20F => msrs.mtrr_variable[number as usize & 15] = value,
        0x2FF => msrs.mtrr_default = value,
        0x277 if value.to_le_bytes().iter().any(|kind| !matches!(kind, 0 | 1 | 4..=7)) => {
            return Err(REFUSED);
        }
        0x277 => msrs.pat = value,
        0xC000_0080 => return cpu.set_efer(value),
        0xC000_0081 => msrs.star = value,
        0xC000_0082 => msrs.lstar = value,
        0xC000_0083 => msrs.cstar = value,
        0xC000_0084 => msrs.sfmask = value & 0xFFFF_FFFF,
        0xC000_0100 | 0xC000_0101 => cpu.set_segment_base(number as u8 & 1, value),
        0xC000_0102 => msrs.kernel_gs_base = value,
        0xC000_0103 => msrs.tsc_aux = value & 0xFFFF_FFFF,
        _ => {
            if let Some(place) = fixed_range(number) {
                msrs.mtrr_fixed[place] = value;
            }
        }
    }
    Ok(())
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Sets the base of FS (0) or GS (1).
    pub fn set_segment_base(&mut self, which: u8, base: u64) {
        let number = seg::FS + which;
        let segment = super::super::state::Segment { base, ..*self.s.segment(number) };
        self.s.set_segment(number, segment);
    }
}
