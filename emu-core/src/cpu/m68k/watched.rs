//! The executing backend of traces that a probe watches: as the threaded engine's other one, and notes what it accesses.

use super::backend::Meaning;
use super::executing::Executing;
use super::fast::{Handler, M68kFamily, Miss, linear};
use super::state::State;
use crate::addr::{Linear, Physical};
use crate::cpu::bus::BusStatus;
use crate::cpu::engine::cache::Flow;
use crate::cpu::engine::op::watched::{Watched, watched_handler};
use crate::cpu::engine::op::{OpRef, Outcome};
use crate::cpu::engine::watch::Seen;
use crate::cpu::int::Int;
use crate::mem::{BigGuest, Opened, Ways};
use std::marker::PhantomData;

/// The handler of a meaning in watched traces, if it can access memory.
pub(super) const fn watched<M: Meaning, const LINES: u32>() -> Option<Handler> {
    if M::ACCESSES { Some(watched_handler::<M68kFamily, Instruction<M, LINES>>()) } else { None }
}

/// A meaning as an operation of watched traces.
struct Instruction<M, const LINES: u32>(PhantomData<M>);

impl<M: Meaning, const LINES: u32> Watched<M68kFamily> for Instruction<M, LINES> {
    const FLOW: Flow = M::FLOW;
    const OUTLASTS: bool = true;

    #[inline(always)]
    fn execute(s: &mut State, op: OpRef<'_, M68kFamily>, ways: &Ways<BigGuest>, seen: &mut Seen) -> Outcome {
        let mut watching = Watching::<LINES> { s, ways, op, seen, target: None, late: 0 };
        let done = M::run(&mut watching, op.operands());
        let Watching { target, late, seen, .. } = watching;
        seen.outlast(late);
        match (done, target) {
            (Err(Miss), _) => Outcome::Leave,
            (Ok(()), Some(target)) => Outcome::To(target.into()),
            (Ok(()), None) => Outcome::On,
        }
    }
}

/// One instruction in execution, on a processor with `LINES` address lines.
struct Watching<'a, const LINES: u32> {
    s: &'a mut State,
    ways: &'a Ways<BigGuest>,
    op: OpRef<'a, M68kFamily>,
    seen: &'a mut Seen,
    /// Where it jumps to, if it does.
    target: Option<u32>,
    /// Clock cycles that it takes longer than expected. No instruction accesses memory after it has found out.
    late: u32,
}

impl<const LINES: u32> Watching<'_, LINES> {
    #[inline(always)]
    fn note<T: Int>(&mut self, status: BusStatus, at: Linear, data: T) {
        self.seen.note(status, Physical(at.0), data);
    }
}

impl<'a, const LINES: u32> Executing for Watching<'a, LINES> {
    type Place<T: Int> = (Opened<'a, T>, Linear);
    type Trouble = Miss;

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline(always)]
    fn load_memory<T: Int>(&mut self, at: u32) -> Result<T, Miss> {
        let at = linear::<T, LINES>(at)?;
        let value = self.ways.read(at).filter(|_| self.seen.has_room()).ok_or(Miss)?;
        self.note(BusStatus::MemoryRead, at, value);
        Ok(value)
    }

    #[inline(always)]
    fn store_memory<T: Int>(&mut self, at: u32, value: T) -> Result<(), Miss> {
        let at = linear::<T, LINES>(at)?;
        if !self.seen.has_room() {
            return Err(Miss);
        }
        self.ways.write(at, value).ok_or(Miss)?;
        self.note(BusStatus::MemoryWrite, at, value);
        Ok(())
    }

    #[inline(always)]
    fn open_memory<T: Int>(&mut self, at: u32) -> Result<(Self::Place<T>, T), Miss> {
        let at = linear::<T, LINES>(at)?;
        let (place, value) = self.ways.open::<T>(at).filter(|_| self.seen.has_room_to_open()).ok_or(Miss)?;
        self.note(BusStatus::MemoryRead, at, value);
        Ok(((place, at), value))
    }

    #[inline(always)]
    fn close_memory<T: Int>(&mut self, (place, at): Self::Place<T>, value: T) -> Result<(), Miss> {
        place.set(value);
        self.note(BusStatus::MemoryWrite, at, value);
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
