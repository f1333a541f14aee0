//! Comparing exchanges of more than one register: CMPXCHG8B and CMPXCHG16B.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::backend::offset;
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;

routines! {
    CompareExchange8 = compare_exchange_8;
    CompareExchange16 = compare_exchange_16;
}

/// Two registers as one number, the first its upper half.
fn pair<B: MemoryBus, P: Probe>(cpu: &Checked<'_, B, P>, high: u8, low: u8) -> u64 {
    u64::from(cpu.get::<u32>(high)) << 32 | u64::from(cpu.get::<u32>(low))
}

fn compare_exchange_8<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let at = offset(cpu, o);
    let cell = cpu.writable::<u64>(o.segment, at)?;
    let (expected, new) = (pair(cpu, reg::DX, reg::AX), pair(cpu, reg::CX, reg::BX));
    let mut found = cpu.read_cell::<u64>(&cell);
    loop {
        let wanted = if found == expected { new } else { found };
        match cpu.exchange_cell(&cell, found, wanted) {
            Ok(()) => break,
            Err(now) => found = now,
        }
    }
    cpu.s.flags.set_zero(found == expected);
    if found != expected {
        cpu.put(reg::AX, found as u32);
        cpu.put(reg::DX, (found >> 32) as u32);
    }
    Ok(())
}

fn compare_exchange_16<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let at = offset(cpu, o);
    let low = cpu.writable::<u64>(o.segment, at)?;
    if low.linear().0 & 15 != 0 {
        return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
    }
    let high = cpu.writable::<u64>(o.segment, at.wrapping_add(8))?;
    let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
    let expected = wide(cpu.get(reg::DX), cpu.get(reg::AX));
    let new = wide(cpu.get(reg::CX), cpu.get(reg::BX));
    let mut found = wide(cpu.read_cell(&high), cpu.read_cell(&low));
    loop {
        let wanted = if found == expected { new } else { found };
        match cpu.exchange_halves([&low, &high], found, wanted) {
            Ok(()) => break,
            Err(now) => found = now,
        }
    }
    cpu.s.flags.set_zero(found == expected);
    if found != expected {
        cpu.put(reg::AX, found as u64);
        cpu.put(reg::DX, (found >> 64) as u64);
    }
    Ok(())
}
