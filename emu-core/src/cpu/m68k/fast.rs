//! The executing backend of the threaded engine: what it needs is in the registers and in the software TLB, or it stops
//! without having changed anything.

use super::backend::Meaning;
use super::executing::Executing;
use super::operands::{Operands, Place};
use super::state::State;
use super::watched::watched;
use crate::addr::Linear;
use crate::cpu::describe::CodeAddress;
use crate::cpu::engine::cache::Flow;
use crate::cpu::engine::op::watched::{Tells, telling};
use crate::cpu::engine::op::{self, Family, OpRef, Operation, Outcome, Target};
use crate::cpu::int::Int;
use crate::mem::{BigGuest, Opened, Ways};
use std::marker::PhantomData;

/// The 68000 family, to the engine.
pub enum M68kFamily {}

impl Family for M68kFamily {
    type State = State;
    type Operands = Operands;
    type Order = BigGuest;

    #[inline]
    fn code_address(_: &State, address: u64) -> CodeAddress {
        State::code_address_of(address as u32)
    }

    fn telling(whom: Tells) -> Handler {
        telling(whom)
    }
}

impl Target for Operands {
    fn of(address: u64) -> Self {
        let source = Place { value: address as u32, ..Place::default() };
        Self { source, destination: Place::default(), opcode: 0, clocks: 0, length: 0, detail: 0 }
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.source.value.into()
    }

    fn put_number(&mut self, number: u64) {
        self.source.value = number as u32;
    }
}

pub type Handler = op::Handler<M68kFamily>;

/// The access needs the checked backend.
#[derive(Clone, Copy, Debug)]
pub struct Miss;

/// One instruction in execution, on a processor with `LINES` address lines.
struct Fast<'a, const LINES: u32> {
    s: &'a mut State,
    ways: &'a Ways<BigGuest>,
    op: OpRef<'a, M68kFamily>,
    /// Where it jumps to, if it does.
    target: Option<u32>,
    /// Clock cycles that it takes longer than expected.
    late: u32,
}

/// Where an access of a processor with `LINES` address lines is that wants words at even addresses.
#[inline(always)]
pub(super) fn linear<T: Int, const LINES: u32>(at: u32) -> Result<Linear, Miss> {
    if T::BYTES > 1 && at & 1 != 0 {
        return Err(Miss);
    }
    Ok(Linear((at & u32::MAX >> (32 - LINES)).into()))
}

impl<'a, const LINES: u32> Executing for Fast<'a, LINES> {
    type Place<T: Int> = Opened<'a, T>;
    type Trouble = Miss;

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline(always)]
    fn load_memory<T: Int>(&mut self, at: u32) -> Result<T, Miss> {
        self.ways.read(linear::<T, LINES>(at)?).ok_or(Miss)
    }

    #[inline(always)]
    fn store_memory<T: Int>(&mut self, at: u32, value: T) -> Result<(), Miss> {
        self.ways.write(linear::<T, LINES>(at)?, value).ok_or(Miss)
    }

    #[inline(always)]
    fn open_memory<T: Int>(&mut self, at: u32) -> Result<(Opened<'a, T>, T), Miss> {
        self.ways.open(linear::<T, LINES>(at)?).ok_or(Miss)
    }

    #[inline(always)]
    fn close_memory<T: Int>(&mut self, place: Opened<'a, T>, value: T) -> Result<(), Miss> {
        place.set(value);
        Ok(())
    }

    #[inline(always)]
    fn next_address(&mut self) -> u32 {
        self.op.end_of_trace() as u32
    }

    #[inline(always)]
    fn admit_target(&mut self, to: u32) -> Result<(), Miss> {
        if to & 1 != 0 { Err(Miss) } else { Ok(()) }
    }

    #[inline(always)]
    fn go_to(&mut self, to: u32) -> Result<(), Miss> {
        self.admit_target(to)?;
        self.target = Some(to);
        Ok(())
    }

    #[inline(always)]
    fn charge_clocks(&mut self, clocks: u32) {
        self.late += clocks;
    }
}

/// A meaning as an operation of the threaded engine.
struct Instruction<M, const LINES: u32>(PhantomData<M>);

impl<M: Meaning, const LINES: u32> Operation<M68kFamily> for Instruction<M, LINES> {
    const FLOW: Flow = M::FLOW;

    #[inline(always)]
    fn execute(s: &mut State, op: OpRef<'_, M68kFamily>, ways: &Ways<BigGuest>) -> Outcome {
        Self::execute_timed(s, op, ways).0
    }

    #[inline(always)]
    fn execute_timed(s: &mut State, op: OpRef<'_, M68kFamily>, ways: &Ways<BigGuest>) -> (Outcome, u32) {
        let mut fast = Fast::<LINES> { s, ways, op, target: None, late: 0 };
        let done = M::run(&mut fast, op.operands());
        let outcome = match (done, fast.target) {
            (Err(Miss), _) => Outcome::Leave,
            (Ok(()), Some(target)) => Outcome::To(target.into()),
            (Ok(()), None) => Outcome::On,
        };
        (outcome, fast.late)
    }
}

/// The handlers of one instruction, by the number of address lines.
#[derive(Clone, Copy)]
pub struct Handlers {
    /// 24 of them.
    short: Handler,
    /// The same where a probe watches, of an instruction that accesses memory.
    watched: Option<Handler>,
    pub flow: Flow,
}

impl Handlers {
    pub fn of<M: Meaning>() -> Self {
        let short = op::handler::<M68kFamily, Instruction<M, 24>>();
        Self { short, watched: const { watched::<M, 24>() }, flow: M::FLOW }
    }

    /// An instruction that the checked backend executes.
    pub fn checked() -> Self {
        Self { short: op::for_checked::<M68kFamily>(), watched: None, flow: Flow::On }
    }

    /// The handler for a processor with this number of address lines, which a probe watches or not.
    pub fn choose(&self, lines: u32, watches: bool) -> Handler {
        match self.watched {
            _ if lines != 24 => op::for_checked::<M68kFamily>(),
            Some(handler) if watches => handler,
            _ => self.short,
        }
    }
}
