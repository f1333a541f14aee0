//! Decimal adjustments, and the bytes of AX that they work on.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{self, AluOut, DecimalRule, flag};
use crate::cpu::x86::checked::{Checked, Fault, vector};
use crate::cpu::x86::model::{Generation, Model};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;

routines! {
    Daa = daa;
    Das = das;
    Aaa = aaa;
    Aas = aas;
    Aam = aam;
    Aad = aad;
    /// SALC, undocumented: AL becomes ones or zeros as CF says.
    Salc = salc;
}

const AL: u8 = reg::AX;
const AH: u8 = reg::AX + reg::HIGH;

fn adjust<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    adjusted: impl FnOnce(u8, u16) -> AluOut<u8>,
) -> AluOut<u8> {
    let out = adjusted(cpu.get(AL), cpu.s.flags.status());
    cpu.s.flags.set_status(out.flags);
    cpu.put(AL, out.value);
    out
}

fn rule(model: &Model) -> DecimalRule {
    if model.generation == Generation::I8086 { DecimalRule::I8086 } else { DecimalRule::Manual }
}

fn daa<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let rule = rule(cpu.model);
    adjust(cpu, |al, flags| alu::daa(al, flags, rule));
    Ok(())
}

fn das<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let rule = rule(cpu.model);
    adjust(cpu, |al, flags| alu::das(al, flags, rule));
    Ok(())
}

fn aaa<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    unpacked(cpu, alu::aaa, 0x106);
    Ok(())
}

fn aas<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    unpacked(cpu, alu::aas, 0x106_u16.wrapping_neg());
    Ok(())
}

fn unpacked<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    adjusted: fn(u8, u16) -> AluOut<u8>,
    step: u16,
) {
    let ax: u16 = cpu.get(reg::AX);
    let out = adjust(cpu, adjusted);
    let stepped = if cpu.model.is_before_protection() {
        let upward = step < 0x8000;
        ax.wrapping_add(if upward { 0x100 } else { 0xFF00 }) & 0xFF00 | u16::from(out.value)
    } else {
        // From the 80286 on, the step is made on AX as a whole.
        ax.wrapping_add(step)
    };
    let ax = if out.flags & flag::CF != 0 { stepped } else { ax };
    cpu.put(reg::AX, ax & 0xFF0F);
}

fn aam<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (al, base): (u8, u8) = (cpu.get(AL), o.immediate as u8);
    let (high, low) = match (al.checked_div(base), al.checked_rem(base)) {
        (Some(high), Some(low)) => (high, low),
        _ => {
            if cpu.model.generation == Generation::I8086 {
                // Its division begins with a comparison, here of zero with zero.
                cpu.s.flags.set_logic(0_u8);
            }
            return Err(Fault::plain(vector::DIVIDE));
        }
    };
    cpu.put(AL, low);
    cpu.put(AH, high);
    cpu.s.flags.set_logic(low);
    Ok(())
}

fn aad<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (al, ah): (u8, u8) = (cpu.get(AL), cpu.get(AH));
    let value = al.wrapping_add(ah.wrapping_mul(o.immediate as u8));
    cpu.put::<u16>(reg::AX, value.into());
    cpu.s.flags.set_logic(value);
    Ok(())
}

fn salc<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.put::<u8>(AL, if cpu.s.flags.carry() { 0xFF } else { 0 });
    Ok(())
}
