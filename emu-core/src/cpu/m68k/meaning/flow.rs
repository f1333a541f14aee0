//! Jumps, calls and returns.

use super::transfer::push;
use crate::cpu::engine::cache::Flow;
use crate::cpu::m68k::backend::{Backend, Done, Meaning};
use crate::cpu::m68k::form::Addressed;
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::reg;
use std::marker::PhantomData;

/// The clock cycles of a branch that is taken.
const TAKEN: u16 = 10;
/// Those of one that is not, by the bytes of the instruction.
const PASSED: [u16; 5] = [0, 0, 8, 0, 12];

/// BRA, and JMP to an address known beforehand.
pub struct Branch;

impl Meaning for Branch {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.branch(o)
    }
}

/// Bcc.
pub struct BranchIf<const CONDITION: u8>;

impl<const CONDITION: u8> Meaning for BranchIf<CONDITION> {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let holds = b.condition(CONDITION);
        b.when(holds, |b| b.branch(o))?;
        let more = |clocks: u16| u64::from(clocks.saturating_sub(o.clocks));
        let taken = b.constant::<u32>(more(TAKEN));
        let passed = b.constant::<u32>(more(PASSED[usize::from(o.length).min(4)]));
        let clocks = b.select(holds, taken, passed);
        b.charge(clocks);
        Ok(())
    }
}

/// BSR.
pub struct BranchSub;

impl Meaning for BranchSub {
    const FLOW: Flow = Flow::Branch;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let to = b.constant(o.source.value.into());
        b.check_target(to)?;
        let next = b.next_instruction();
        push(b, next)?;
        b.branch(o)
    }
}

/// DBcc: the counter is [`Operands::destination`].
pub struct DecrementBranch<const CONDITION: u8>;

/// Beyond the clock cycles of a branch taken: when the condition ends the loop, and when the counter does.
const ENDED: u64 = 2;
const EXPIRED: u64 = 4;

impl<const CONDITION: u8> Meaning for DecrementBranch<CONDITION> {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let ended = b.condition(CONDITION);
        let counter = b.register::<u16>(o.destination.base);
        let expired = b.is_zero(counter);
        let (ended_clocks, taken_clocks) = (b.constant::<u32>(ENDED), b.constant::<u32>(0));
        let expired_clocks = b.constant::<u32>(EXPIRED);
        let goes_on = b.not(ended);
        b.when(goes_on, |b| {
            let branches = b.not(expired);
            b.when(branches, |b| b.branch(o))?;
            let one = b.constant::<u16>(1);
            let left = b.sub(counter, one);
            b.set_register(o.destination.base, left);
            Ok(())
        })?;
        let clocks = b.select(expired, expired_clocks, taken_clocks);
        let clocks = b.select(ended, ended_clocks, clocks);
        b.charge(clocks);
        Ok(())
    }
}

/// JMP.
pub struct Jump<S>(PhantomData<S>);

impl<S: Addressed> Meaning for Jump<S> {
    const FLOW: Flow = Flow::Away;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let to = S::address(b, o);
        b.jump(to)
    }
}

/// JSR.
pub struct JumpSub<S>(PhantomData<S>);

impl<S: Addressed> Meaning for JumpSub<S> {
    const FLOW: Flow = Flow::Away;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let to = S::address(b, o);
        b.check_target(to)?;
        let next = b.next_instruction();
        push(b, next)?;
        b.jump(to)
    }
}

/// RTS.
pub struct Return;

impl Meaning for Return {
    const FLOW: Flow = Flow::Away;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, _: &Operands) -> Done<B> {
        let top = b.register::<u32>(reg::SP);
        let to = b.load::<u32>(top)?;
        b.jump(to)?;
        let four = b.constant(4);
        let top = b.add(top, four);
        b.set_register(reg::SP, top);
        Ok(())
    }
}
