//! The floating-point unit's instructions: when they run, and where their operands come from. What they do is
//! [`Fpu`]'s.
//!
//! What computes or moves numbers is written over any [`Executing`] backend ([`Instruction`]), so that an engine may call
//! it with its own way to memory; what controls the unit is rare, and written over the checked processor ([`Control`]).

pub mod compute;
pub mod control;
pub mod transfer;

use super::Outcome;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::checked::{Checked, Fault, Routine, vector};
use crate::cpu::x86::executing::{Executing, Plain};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{State, cr0, seg};
use crate::cpu::x86::x87::arithmetic::{Operand, Widened};
use crate::cpu::x86::x87::{Fpu, Pointer};
use crate::float::{F32, F64};
use std::marker::PhantomData;

/// What an instruction that computes or moves does once the unit is there and has no exception waiting.
pub trait Instruction: 'static {
    /// Whether it can have an operand in memory.
    const HAS_ADDRESS: bool = true;

    /// The usual case, where it calls nothing, in one of its two forms ([`crate::cpu::x86::x87::quick`]). `None`: it is another
    /// case, and nothing has been changed.
    #[inline(always)]
    fn quick<const DOUBLES: bool, E: Executing>(_: &mut E, _: &Operands) -> Option<()> {
        None
    }

    /// # Errors
    /// When memory cannot be reached; then the unit is as it was.
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble>;
}

/// What an instruction of control does.
pub trait Control: 'static {
    /// # Errors
    /// When it faults; then the unit is as it was.
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome;
}

/// An [`Instruction`] with what comes before and after it. [`Operands::immediate`] is where it is
/// ([`place_of`](crate::cpu::x86::x87::place_of)).
pub struct Computes<I>(PhantomData<I>);

/// A [`Control`] instruction that waits for exceptions.
pub struct Waits<C>(PhantomData<C>);

/// A [`Control`] instruction that does not.
pub struct NoWait<C>(PhantomData<C>);

impl<I: Instruction> Routine for Computes<I> {
    #[inline]
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if !is_ready(cpu.s) && !wait(cpu, o)? {
            return Ok(());
        }
        I::run(cpu, o)?;
        remember(cpu.s, o);
        Ok(())
    }
}

/// Notes where the unit's last instruction was.
#[inline(always)]
pub fn remember(s: &mut State, o: &Operands) {
    let selector = s.segment(seg::CS).selector;
    s.fpu.remember(selector, o.immediate);
}

/// A [`Plain`] instruction that controls the unit, and whether it waits for exceptions.
pub struct Controls<I, const WAITS: bool>(PhantomData<I>);

impl<I: Plain, const WAITS: bool> Routine for Controls<I, WAITS> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if cpu.s.cr0 & ABSENT != 0 {
            return Err(Fault::plain(vector::NO_COPROCESSOR));
        }
        if !WAITS || !cpu.s.fpu.has_error() || pending_error(cpu, o)? { I::run(cpu, o) } else { Ok(()) }
    }
}

impl<C: Control> Routine for Waits<C> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if is_ready(cpu.s) || wait(cpu, o)? { C::run(cpu, o) } else { Ok(()) }
    }
}

impl<C: Control> Routine for NoWait<C> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if cpu.s.cr0 & ABSENT != 0 {
            return Err(Fault::plain(vector::NO_COPROCESSOR));
        }
        C::run(cpu, o)
    }
}

/// The bits of CR0 with which no instruction of the unit runs.
const ABSENT: u64 = cr0::EM | cr0::TS;

/// Whether an [`Instruction`] can run at once.
#[inline(always)]
pub fn is_ready(s: &State) -> bool {
    s.cr0 & ABSENT == 0 && !s.fpu.has_error()
}

/// Whether its usual case can be tried in this form.
#[inline(always)]
pub fn is_ready_in<const DOUBLES: bool>(s: &State) -> bool {
    s.cr0 & ABSENT == 0 && s.fpu.is_ready_in::<DOUBLES>()
}

/// What keeps a waiting instruction from running. Gives whether it runs after all.
///
/// An exception that waits is a fault with CR0.NE (and a member that has it), else the signal FERR, which boards make an
/// interrupt of: the instruction lets it pass first, if it can, and runs as if IGNNE were given if not (SDM volume
/// 1, appendix D.2).
#[cold]
fn wait<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<bool, Fault> {
    if cpu.s.cr0 & ABSENT != 0 {
        return Err(Fault::plain(vector::NO_COPROCESSOR));
    }
    pending_error(cpu, o)
}

/// [`wait`] where the unit is there.
pub(super) fn pending_error<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Result<bool, Fault> {
    if cpu.s.cr0 & cr0::NE != 0 {
        return Err(Fault::plain(vector::FLOATING_POINT));
    }
    set_error_pin(cpu, true);
    let interrupted = cpu.bus.interrupt_line() && cpu.s.flags.has(flag::IF.into());
    if interrupted {
        cpu.stand_at_start(o);
    }
    Ok(!interrupted)
}

/// Drives FERR (of a 387, ERROR).
fn set_error_pin<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, level: bool) {
    if cpu.s.fpu_error != level {
        cpu.s.fpu_error = level;
        cpu.bus.set_coprocessor_error(level);
    }
}

/// Notes where the last operand in memory was.
#[inline(always)]
fn remember_operand(s: &mut State, o: &Operands, offset: u64) {
    let selector = s.segment(o.segment).selector;
    s.fpu.remember_operand(Pointer { selector, offset });
}

/// An operand in memory, of a kind of number.
pub trait MemoryOperand: Operand + 'static {
    /// It is frequent enough for [`Instruction::quick`] to compute with.
    const IS_USUAL: bool = false;

    /// # Errors
    /// When it cannot be read.
    fn get<E: Executing>(cpu: &mut E, o: &Operands, at: u64) -> Result<Self, E::Trouble>;
}

macro_rules! memory_operand {
    ($($type:ty as $bits:ty $({ $usual:item })?: |$value:ident| $number:expr;)*) => {$(
        impl MemoryOperand for $type {
            $($usual)?

            #[inline(always)]
            fn get<E: Executing>(cpu: &mut E, o: &Operands, at: u64) -> Result<Self, E::Trouble> {
                let $value = cpu.load_memory::<$bits>(o.segment, at)?;
                Ok($number)
            }
        }
    )*};
}

memory_operand! {
    F32 as u32 { const IS_USUAL: bool = true; }: |bits| F32(bits);
    F64 as u64 { const IS_USUAL: bool = true; }: |bits| F64(bits);
    i16 as u16: |bits| bits as i16;
    i32 as u32: |bits| bits as i32;
    i64 as u64: |bits| bits as i64;
}

/// Does `then` with the operand in memory.
#[inline(always)]
fn quickly<M: MemoryOperand, E: Executing>(
    cpu: &mut E,
    o: &Operands,
    then: impl FnOnce(&mut Fpu, M) -> Option<()>,
) -> Option<()> {
    let at = cpu.address_of(o);
    let value = M::get(cpu, o, at).ok()?;
    then(&mut cpu.state().fpu, value)?;
    remember_operand(cpu.state(), o, at);
    Some(())
}

/// Reads the operand in memory.
#[inline(always)]
fn memory<M: MemoryOperand, E: Executing>(cpu: &mut E, o: &Operands) -> Result<Widened, E::Trouble> {
    let at = cpu.address_of(o);
    let value = M::get(cpu, o, at)?;
    remember_operand(cpu.state(), o, at);
    Ok(value.widened())
}

/// An [`Instruction`] without parameters of each body.
macro_rules! instructions {
    ($($(#[$doc:meta])* $name:ident $({ $($more:item)* })? = |$cpu:ident, $o:pat_param| $body:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $crate::cpu::x86::routine::x87::Instruction for $name {
            $($($more)*)?

            fn run<E: $crate::cpu::x86::executing::Executing>(
                $cpu: &mut E,
                $o: &$crate::cpu::x86::operands::Operands,
            ) -> Result<(), E::Trouble> {
                $body
            }
        }
    )*};
}
use instructions;

/// The body of [`Instruction::run`].
macro_rules! run {
    (|$cpu:ident, $o:pat_param| $body:expr) => {
        #[inline(always)]
        fn run<E: $crate::cpu::x86::executing::Executing>(
            $cpu: &mut E,
            $o: &$crate::cpu::x86::operands::Operands,
        ) -> Result<(), E::Trouble> {
            $body
        }
    };
}
use run;

/// The body of [`Instruction::quick`].
macro_rules! usually {
    (|$cpu:ident, $o:pat_param| $body:expr) => {
        #[inline(always)]
        fn quick<const DOUBLES: bool, E: $crate::cpu::x86::executing::Executing>(
            $cpu: &mut E,
            $o: &$crate::cpu::x86::operands::Operands,
        ) -> Option<()> {
            $body
        }
    };
}
use usually;
