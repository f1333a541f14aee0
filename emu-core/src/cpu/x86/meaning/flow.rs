//! Jumps, calls and returns within the code segment.

use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, Done, Flow, Immediate, Meaning, Source, address_register, peek_top};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{reg, seg};
use std::marker::PhantomData;

/// JMP to `S`, an offset of `T`'s width.
pub struct Jump<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for Jump<T, S> {
    const FLOW: Flow = flow_to::<S>();
    const ACCESSES: bool = S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let target = target::<B, T, S>(b, o)?;
        b.jump(target)
    }
}

const fn flow_to<S: Source>() -> Flow {
    if S::KNOWN { Flow::Branch } else { Flow::Away }
}

#[inline(always)]
fn target<B: Backend, T: Int, S: Source>(b: &mut B, o: &Operands) -> Result<B::Val<u64>, B::Stop> {
    let offset = S::get::<B, T>(b, o)?;
    Ok(b.zero_extend::<T, u64>(offset))
}

/// Jcc, by the condition's number.
pub struct JumpIf<T, const CONDITION: u8>(PhantomData<T>);

impl<T: Int, const CONDITION: u8> Meaning for JumpIf<T, CONDITION> {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;
    const CONDITION: Option<(u8, u32)> = Some((CONDITION, T::BITS));

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let holds = b.condition(CONDITION);
        b.when(holds, |b| Jump::<T, Immediate>::run(b, o))
    }
}

/// What LOOP, LOOPE and LOOPNE add to the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LoopKind {
    Always,
    WhileEqual,
    WhileNotEqual,
}

/// LOOP and its kin ([`LoopKind`] in [`Operands::detail`]); the counter is as wide as addresses.
pub struct Loop<T>(PhantomData<T>);

impl<T: Int> Meaning for Loop<T> {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let counter = address_register(b, o, reg::CX);
        let one = b.constant::<u64>(1);
        let mask = b.constant::<u64>(o.offset_size.mask());
        let left = b.sub(counter, one);
        let left = b.and(left, mask);
        let ended = b.is_zero(left);
        let goes_on = b.not(ended);
        let goes_on = match o.detail {
            1 | 2 => {
                let equal = b.condition(ZERO ^ (o.detail - 1));
                b.both(goes_on, equal)
            }
            _ => goes_on,
        };
        b.when(goes_on, |b| Jump::<T, Immediate>::run(b, o))?;
        super::super::backend::set_address_register(b, o, reg::CX, left);
        Ok(())
    }
}

/// The number of the condition "ZF is set".
const ZERO: u8 = 4;

/// JCXZ, JECXZ, JRCXZ.
pub struct JumpIfCounterZero<T>(PhantomData<T>);

impl<T: Int> Meaning for JumpIfCounterZero<T> {
    const FLOW: Flow = Flow::Branch;
    const ACCESSES: bool = false;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let counter = address_register(b, o, reg::CX);
        let zero = b.is_zero(counter);
        b.when(zero, |b| Jump::<T, Immediate>::run(b, o))
    }
}

/// CALL of `S`.
pub struct Call<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for Call<T, S> {
    const FLOW: Flow = flow_to::<S>();

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let target = target::<B, T, S>(b, o)?;
        let next = b.next_instruction();
        let next = b.zero_extend::<u64, T>(next);
        let top = b.stack_top();
        let top = b.stack_moved(top, -i64::from(T::BITS / 8));
        // The target's check comes before the push is visible: a fault leaves nothing behind.
        b.check_target(target)?;
        b.store(seg::SS, top, next)?;
        b.set_stack_top(top);
        b.jump(target)
    }
}

/// RET, which also takes [`Operands::immediate`] bytes of arguments away.
pub struct Return<T>(PhantomData<T>);

impl<T: Int> Meaning for Return<T> {
    const FLOW: Flow = Flow::Away;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let (target, top) = peek_top::<B, T>(b)?;
        let target = b.zero_extend::<T, u64>(target);
        b.jump(target)?;
        let top = b.stack_moved(top, i64::from(o.immediate as u16));
        b.set_stack_top(top);
        Ok(())
    }
}
