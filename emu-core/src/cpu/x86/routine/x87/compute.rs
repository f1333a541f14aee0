//! What computes and compares.

use super::{Instruction, MemoryOperand, instructions, memory, quickly, run, usually};
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::x87::arithmetic::{Function, Operation, Widened, tangent_and_one};
use crate::float::{self, F64, F80, Quotient};
use std::cmp::Ordering;
use std::marker::PhantomData;

/// FADD and its kin between the registers `first` and `second`, into `first`.
pub struct Combine<O, const POP: bool>(PhantomData<O>);

impl<O: Operation, const POP: bool> Instruction for Combine<O, POP> {
    const HAS_ADDRESS: bool = false;

    usually!(|cpu, o| cpu.state().fpu.combine_quickly::<O, POP, DOUBLES>(o.first, o.second));

    run!(|cpu, o| {
        cpu.state().fpu.combine::<O, POP>(o.first, o.second);
        Ok(())
    });
}

/// FADD, FIADD and their kin with an operand in memory.
pub struct CombineWith<O, M>(PhantomData<(O, M)>);

impl<O: Operation, M: MemoryOperand> Instruction for CombineWith<O, M> {
    usually!(|cpu, o| {
        if M::IS_USUAL {
            quickly::<M, E>(cpu, o, |fpu, operand| fpu.combine_quickly_with::<O, DOUBLES>(operand))
        } else {
            None
        }
    });

    run!(|cpu, o| {
        let operand = memory::<M, E>(cpu, o)?;
        cpu.state().fpu.combine_with::<O>(operand);
        Ok(())
    });
}

/// FPATAN, FYL2X, FYL2XP1: ST(1) combined with ST(0), which is popped.
pub struct CombineBelow<O>(PhantomData<O>);

impl<O: Operation> Instruction for CombineBelow<O> {
    const HAS_ADDRESS: bool = false;

    run!(|cpu, _| {
        cpu.state().fpu.combine::<O, true>(1, 0);
        Ok(())
    });
}

/// FSCALE: ST(0) combined with ST(1).
pub struct CombineWithNext<O>(PhantomData<O>);

impl<O: Operation> Instruction for CombineWithNext<O> {
    const HAS_ADDRESS: bool = false;

    run!(|cpu, _| {
        cpu.state().fpu.combine::<O, false>(0, 1);
        Ok(())
    });
}

/// FSQRT and its kin: a function of ST(0).
pub struct Apply<F>(PhantomData<F>);

impl<F: Function> Instruction for Apply<F> {
    const HAS_ADDRESS: bool = false;

    usually!(|cpu, _| cpu.state().fpu.apply_quickly::<F, DOUBLES>());

    run!(|cpu, _| {
        cpu.state().fpu.apply::<F>();
        Ok(())
    });
}

/// FCOM, FUCOM (`QUIET`) with the register `second`, and how many numbers are popped then.
pub struct Compare<const QUIET: bool, const POPS: u8>;

impl<const QUIET: bool, const POPS: u8> Instruction for Compare<QUIET, POPS> {
    const HAS_ADDRESS: bool = false;

    usually!(|cpu, o| {
        let fpu = &mut cpu.state().fpu;
        fpu.compare_register_quickly::<DOUBLES>(if POPS == 2 { 1 } else { o.second })?;
        for _ in 0..POPS {
            fpu.pop();
        }
        Some(())
    });

    run!(|cpu, o| {
        let fpu = &mut cpu.state().fpu;
        // FCOMPP names no register.
        let other = if POPS == 2 { 1 } else { o.second };
        if fpu.compare_register(other, !QUIET) {
            for _ in 0..POPS {
                fpu.pop();
            }
        }
        Ok(())
    });
}

/// FCOM and FICOM with an operand in memory.
pub struct CompareWith<M, const POP: bool>(PhantomData<M>);

impl<M: MemoryOperand, const POP: bool> Instruction for CompareWith<M, POP> {
    usually!(|cpu, o| {
        quickly::<M, E>(cpu, o, |fpu, operand| {
            fpu.compare_quickly::<DOUBLES>(operand)?;
            if POP {
                fpu.pop();
            }
            Some(())
        })
    });

    run!(|cpu, o| {
        let operand = memory::<M, E>(cpu, o)?;
        let fpu = &mut cpu.state().fpu;
        if fpu.compare(operand) && POP {
            fpu.pop();
        }
        Ok(())
    });
}

/// FCOMI and FUCOMI (`QUIET`): into the processor's flags.
pub struct CompareFlags<const QUIET: bool, const POP: bool>;

impl<const QUIET: bool, const POP: bool> Instruction for CompareFlags<QUIET, POP> {
    const HAS_ADDRESS: bool = false;

    usually!(|cpu, o| {
        let order = cpu.state().fpu.order_quickly::<DOUBLES>(o.second)?;
        // A table: which way a comparison goes is hard to foretell.
        const FLAGS: [u16; 3] = [flag::CF, flag::ZF, 0];
        cpu.state().flags.set_status(FLAGS[(order as i8 + 1) as usize]);
        if POP {
            cpu.state().fpu.pop();
        }
        Some(())
    });

    run!(|cpu, o| {
        let compared = cpu.state().fpu.order_register(o.second, !QUIET);
        if let Some(order) = compared.order {
            cpu.state().flags.set_status(match order {
                Some(Ordering::Greater) => 0,
                Some(Ordering::Less) => flag::CF,
                Some(Ordering::Equal) => flag::ZF,
                None => flag::ZF | flag::PF | flag::CF,
            });
        }
        if POP && compared.pops {
            cpu.state().fpu.pop();
        }
        Ok(())
    });
}

instructions! {
    Test {
        const HAS_ADDRESS: bool = false;

        usually!(|cpu, _| cpu.state().fpu.compare_quickly::<DOUBLES>(F64::default()));
    } = |cpu, _| {
        cpu.state().fpu.compare(Widened::exactly(F80::default()));
        Ok(())
    };
    Examine = |cpu, _| {
        cpu.state().fpu.examine();
        Ok(())
    };
    PartialRemainder = |cpu, _| {
        cpu.state().fpu.remainder(Quotient::Truncated);
        Ok(())
    };
    NearestRemainder = |cpu, _| {
        cpu.state().fpu.remainder(Quotient::Nearest);
        Ok(())
    };
    Sine = |cpu, _| {
        cpu.state().fpu.angle(float::sine);
        Ok(())
    };
    Cosine = |cpu, _| {
        cpu.state().fpu.angle(float::cosine);
        Ok(())
    };
    SineAndCosine = |cpu, _| {
        cpu.state().fpu.angle_to_two(float::sine_cosine);
        Ok(())
    };
    Tangent = |cpu, _| {
        cpu.state().fpu.angle_to_two(tangent_and_one);
        Ok(())
    };
    Extract = |cpu, _| {
        cpu.state().fpu.extract();
        Ok(())
    };
}
