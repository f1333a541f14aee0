//! What only the 8086 and the 80186 do so: see [`crate::cpu::x86::lower`] for when.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, Shift};
use crate::cpu::x86::backend::{Backend, Form};
use crate::cpu::x86::checked::{Checked, Fault, Routine, vector};
use crate::cpu::x86::operands::{Operands, Repeat};
use crate::cpu::x86::state::{reg, seg};
use std::marker::PhantomData;

routines! {
    /// PUSH SP: what it has become is pushed.
    PushNewPointer = push_new_pointer;
}

fn push_new_pointer<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    let top = cpu.stack_top();
    let top = cpu.stack_moved(top, -2);
    cpu.write(seg::SS, top, top as u16)?;
    cpu.set_stack_top(top);
    Ok(())
}

/// A shift by all of CL, one step after another; its number is [`Operands::detail`].
pub struct ShiftByCl<T, F>(PhantomData<(T, F)>);

impl<T: Int, F: Form> Routine for ShiftByCl<T, F> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        shift::<T, F, B, P>(cpu, o, cpu.get(reg::CX))
    }
}

/// The shift group's seventh by one: all bits become ones.
pub struct SetMinusOne<T, F>(PhantomData<(T, F)>);

impl<T: Int, F: Form> Routine for SetMinusOne<T, F> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        shift::<T, F, B, P>(cpu, o, 1)
    }
}

fn shift<T: Int, F: Form, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    count: u8,
) -> Outcome {
    let (open, mut value) = F::open::<_, T>(cpu, o)?;
    let shift = Shift::from_field(o.detail);
    for _ in 0..count {
        let out = shift.once(value, cpu.s.flags.status());
        cpu.s.flags.set_status(out.flags);
        value = out.value;
    }
    F::close(cpu, o, open, value);
    Ok(())
}

/// DX, or of bytes AH.
const fn upper<T: Int>() -> u8 {
    if T::BITS == 8 { reg::AX + reg::HIGH } else { reg::DX }
}

/// IDIV: divides magnitudes, so that the most negative quotient does not fit. A repeat prefix negates the quotient.
pub struct SignedDivide<T, F>(PhantomData<(T, F)>);

impl<T: Int, F: Form> Routine for SignedDivide<T, F> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let divisor = F::read::<_, T>(cpu, o)?.signed();
        let (high, low): (T, T) = (cpu.get(upper::<T>()), cpu.get(reg::AX));
        let dividend = high.signed() << T::BITS | low.wide() as i64;
        let overflow = Fault::plain(vector::DIVIDE);
        let quotient = dividend.unsigned_abs().checked_div(divisor.unsigned_abs()).ok_or(overflow)?;
        if quotient >> (T::BITS - 1) != 0 {
            return Err(overflow);
        }
        let negative = (dividend < 0) ^ (divisor < 0) ^ (o.repeat != Repeat::Once);
        let remainder = dividend % divisor;
        cpu.put(reg::AX, T::low(if negative { quotient.wrapping_neg() } else { quotient }));
        cpu.put(upper::<T>(), T::low(remainder as u64));
        Ok(())
    }
}

/// MUL, or IMUL if [`Operands::detail`] is 1, behind a repeat prefix, which negates the product.
pub struct NegatedProduct<T, F>(PhantomData<(T, F)>);

impl<T: Int, F: Form> Routine for NegatedProduct<T, F> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let (a, b) = (cpu.get::<T>(reg::AX), F::read::<_, T>(cpu, o)?);
        let signed = o.detail == 1;
        let product =
            if signed { a.signed() * b.signed() } else { (a.wide() * b.wide()) as i64 }.wrapping_neg();
        let (low, high) = (T::low(product as u64), T::low((product >> T::BITS) as u64));
        let plain = if signed && low.is_negative() { T::MASK } else { 0 };
        cpu.s.flags.set_logic(low);
        let matters = high.wide() != plain;
        cpu.s.flags.set_carry_and_overflow(matters, matters);
        cpu.put(reg::AX, low);
        cpu.put(upper::<T>(), high);
        Ok(())
    }
}
