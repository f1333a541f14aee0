//! What came late: waiting on memory, the supervisor's access to user pages, translations by context, the counter with the
//! processor's number (Intel SDM volume 2, MONITOR, MWAIT, STAC, INVPCID, RDTSCP).

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, flag};
use crate::cpu::x86::backend::Backend;
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::flags::system;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{Activity, cr4, reg};
use crate::mem::Table;

routines! {
    /// MONITOR; `T` is the width of its address.
    Monitor = monitor::<T>;
    Mwait = mwait;
    /// CLAC and STAC ([`Operands::detail`] 0 and 1).
    AlignmentCheck = alignment_check;
    Invpcid = invpcid::<T>;
    Rdtscp = rdtscp;
}

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);

/// Both are invalid, not forbidden, for programs.
fn require_system<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>) -> Outcome {
    cpu.require_level_0().map_err(|_| Fault::plain(vector::INVALID_OPCODE))
}

/// The address is only read: MWAIT does not wait for a store.
fn monitor<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    require_system(cpu)?;
    if cpu.get::<u32>(reg::CX) != 0 {
        return Err(REFUSED);
    }
    let at = cpu.get::<T>(reg::AX).wide();
    cpu.read::<u8>(o.segment, at).map(drop)
}

/// Waits for an interrupt, as HLT does, and not at all where none could come: it may end for any reason.
fn mwait<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    require_system(cpu)?;
    if cpu.get::<u32>(reg::CX) > 1 {
        return Err(REFUSED);
    }
    if cpu.s.flags.has(flag::IF.into()) {
        cpu.s.activity = Activity::Halted;
    }
    Ok(())
}

fn alignment_check<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    require_system(cpu)?;
    cpu.s.put_flags(system::AC, o.detail != 0);
    cpu.follow_smap();
    Ok(())
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// AC may have changed, which opens user pages to the supervisor under SMAP: what was looked up may not hold.
    pub fn follow_smap(&mut self) {
        if self.s.cr4 & cr4::SMAP != 0 {
            let tlb = self.bus.tlb();
            tlb.flush_table(Table::Read);
            tlb.flush_table(Table::Write);
        }
    }
}

/// All contexts are forgotten, whichever was meant: translations are not kept by context.
fn invpcid<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let at = cpu.address(o);
    let context = cpu.read::<u64>(o.segment, at)?;
    cpu.read::<u64>(o.segment, at.wrapping_add(8) & o.offset_size.mask())?;
    if cpu.get::<T>(o.first).wide() > 3 || context >> 12 != 0 {
        return Err(REFUSED);
    }
    cpu.flush_pages();
    Ok(())
}

fn rdtscp<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.cr4 & cr4::TSD != 0 {
        cpu.require_level_0()?;
    }
    let counter = cpu.s.now.wrapping_add(cpu.s.msrs.tsc_offset);
    cpu.put(reg::AX, counter as u32);
    cpu.put(reg::DX, (counter >> 32) as u32);
    cpu.put(reg::CX, cpu.s.msrs.tsc_aux as u32);
    Ok(())
}
