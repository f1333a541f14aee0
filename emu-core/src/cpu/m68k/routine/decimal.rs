//! Decimal digits: ABCD, SBCD, NBCD. N and V are undefined; N shows the result's sign, V is clear.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::m68k::alu;
use crate::cpu::m68k::checked::Checked;
use crate::cpu::m68k::form::{Form, Source};
use crate::cpu::m68k::operands::Operands;
use crate::cpu::probe::Probe;

routines! {
    Abcd = abcd[S: Source, D: Form];
    Sbcd = sbcd[S: Source, D: Form];
    Nbcd = nbcd[D: Form];
}

/// Sets the flags of a decimal result: as of all numbers of several parts, a zero leaves Z as it is.
fn set_flags<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, value: u8, carry: bool) {
    let zero = cpu.s.flags.zero() && value == 0;
    cpu.s.flags.set_shift(value, carry, false, Some(carry));
    let negative = value & 0x80 != 0;
    cpu.s.flags.set_all(negative, zero, false, carry);
}

fn combine<S: Source, D: Form, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    combined: fn(u8, u8, bool) -> (u8, bool),
) -> Outcome {
    let right = S::get::<_, u8>(cpu, o)?;
    let (open, left) = D::open::<_, u8>(cpu, o).inspect_err(|_| S::undo(cpu, o))?;
    let (value, carry) = combined(left, right, cpu.s.flags.extend());
    set_flags(cpu, value, carry);
    D::close(cpu, o, open, value)
}

fn abcd<S: Source, D: Form, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    combine::<S, D, B, P>(cpu, o, alu::decimal_sum)
}

fn sbcd<S: Source, D: Form, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    combine::<S, D, B, P>(cpu, o, alu::decimal_difference)
}

fn nbcd<D: Form, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let (open, right) = D::open::<_, u8>(cpu, o)?;
    let (value, carry) = alu::decimal_difference(0, right, cpu.s.flags.extend());
    set_flags(cpu, value, carry);
    D::close(cpu, o, open, value)
}
