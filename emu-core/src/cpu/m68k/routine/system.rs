//! The status register, exceptions by instruction, and control of the processor.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::m68k::alu;
use crate::cpu::m68k::backend::Backend;
use crate::cpu::m68k::checked::{Checked, Fault, vector};
use crate::cpu::m68k::form::{Form, Source};
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::{Activity, reg, sr};
use crate::cpu::probe::Probe;
use crate::time::Cycle;

routines! {
    /// What is no instruction; the exception is [`Operands::detail`].
    Illegal = illegal;
    /// TRAP, whose number is [`Operands::detail`].
    Trap = trap;
    TrapOverflow = trap_overflow;
    Check = check[S: Source];
    DivideUnsigned = divide_unsigned[S: Source];
    DivideSigned = divide_signed[S: Source];
    /// ORI, ANDI and EORI to CCR or SR.
    OrStatus = or_status[R: StatusPart];
    AndStatus = and_status[R: StatusPart];
    EorStatus = eor_status[R: StatusPart];
    /// MOVE to CCR or SR.
    MoveToStatus = move_to_status[R: StatusPart, S: Source];
    MoveFromSr = move_from_sr[D: Form];
    MoveToUsp = move_to_usp;
    MoveFromUsp = move_from_usp;
    Stop = stop;
    Reset = reset;
    ReturnFromException = return_from_exception;
    ReturnRestore = return_restore;
}

/// CCR or all of SR.
pub trait StatusPart: 'static {
    const MASK: u16;
}

pub struct Ccr;
pub struct Sr;

impl StatusPart for Ccr {
    const MASK: u16 = sr::CCR;
}

impl StatusPart for Sr {
    const MASK: u16 = u16::MAX;
}

fn illegal<B: MemoryBus, P: Probe>(_: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    Err(Fault::Refused(o.detail))
}

fn trap<B: MemoryBus, P: Probe>(_: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    Err(Fault::Trapped(vector::TRAPS + o.detail))
}

fn trap_overflow<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    if cpu.s.flags.overflow() { Err(Fault::Trapped(vector::TRAP_OVERFLOW)) } else { Ok(()) }
}

/// CHK. Z, V and C are undefined, and clear; N says on which side the value was out of bounds.
fn check<S: Source, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let bound = S::get::<_, u16>(cpu, o)? as i16;
    let value = cpu.s.get::<u16>(o.destination.base) as i16;
    cpu.s.flags.set_all(value < 0, value == 0, false, false);
    if value >= 0 && value <= bound {
        return Ok(());
    }
    // The part first looks whether the difference is positive, and then at the sign.
    cpu.charge(if value.wrapping_sub(bound) > 0 { 0 } else { 2 });
    Err(Fault::Trapped(vector::CHECK))
}

fn divide_unsigned<S: Source, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    divide::<S, B, P>(cpu, o, false, alu::divide_unsigned_clocks)
}

fn divide_signed<S: Source, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    divide::<S, B, P>(cpu, o, true, alu::divide_signed_clocks)
}

fn divide<S: Source, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    signed: bool,
    clocks: fn(u32, u16) -> u32,
) -> Outcome {
    let divisor = S::get::<_, u16>(cpu, o)?;
    let dividend = cpu.s.get::<u32>(o.destination.base);
    if divisor == 0 {
        cpu.s.flags.set_all(false, false, false, false);
        return Err(Fault::Trapped(vector::ZERO_DIVIDE));
    }
    cpu.charge(clocks(dividend, divisor) - alu::DIVIDE_CLOCKS);
    match alu::divide(dividend, divisor, signed) {
        Some((quotient, remainder)) => {
            cpu.s.flags.set_logic(quotient);
            cpu.s.put(o.destination.base, u32::from(remainder) << 16 | u32::from(quotient));
        }
        // N and Z are undefined.
        None => cpu.s.flags.set_all(true, false, true, false),
    }
    Ok(())
}

fn put_status<R: StatusPart, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, word: u16) {
    let word = cpu.s.status() & !R::MASK | word & R::MASK;
    cpu.set_status(word);
}

fn or_status<R: StatusPart, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let word = cpu.s.status() | o.source.value as u16;
    put_status::<R, B, P>(cpu, word);
    Ok(())
}

fn and_status<R: StatusPart, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let word = cpu.s.status() & o.source.value as u16;
    put_status::<R, B, P>(cpu, word);
    Ok(())
}

fn eor_status<R: StatusPart, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let word = cpu.s.status() ^ o.source.value as u16;
    put_status::<R, B, P>(cpu, word);
    Ok(())
}

fn move_to_status<R: StatusPart, S: Source, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Outcome {
    let word = S::get::<_, u16>(cpu, o)?;
    put_status::<R, B, P>(cpu, word);
    Ok(())
}

/// It reads before it writes.
fn move_from_sr<D: Form, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (open, _) = D::open::<_, u16>(cpu, o)?;
    let status = cpu.s.status();
    D::close(cpu, o, open, status)
}

fn move_to_usp<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let value = cpu.s.get(o.source.base);
    cpu.s.set_stack(false, value);
    Ok(())
}

fn move_from_usp<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let value = cpu.s.stack(false);
    cpu.s.put(o.destination.base, value);
    Ok(())
}

fn stop<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.set_status(o.source.value as u16);
    cpu.s.activity = Activity::Stopped;
    Ok(())
}

fn reset<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.bus.reset_devices(Cycle(cpu.s.now));
    Ok(())
}

/// What lies on top of the stack: a status word and an address; both are off it then.
fn pop_frame<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>) -> Result<(u16, u32), Fault> {
    let top = cpu.s.get::<u32>(reg::SP);
    let status = cpu.read::<u16>(top)?;
    let to = cpu.read::<u32>(top.wrapping_add(2))?;
    cpu.s.put(reg::SP, top.wrapping_add(6));
    Ok((status, to))
}

/// RTE. The status register has been loaded by the time an odd address is found out.
fn return_from_exception<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let (status, to) = pop_frame(cpu)?;
    cpu.set_status(status);
    cpu.jump(to)
}

/// RTR.
fn return_restore<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let (status, to) = pop_frame(cpu)?;
    put_status::<Ccr, B, P>(cpu, status);
    cpu.jump(to)
}
