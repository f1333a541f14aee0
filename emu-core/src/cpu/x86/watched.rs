//! The executing backend of traces that a probe watches: as the threaded engine's other one, and notes what it accesses. One
//! handler of an instruction serves all modes: which one it is, the operands say.

use super::executing::Executing;
use super::fast::{Body, Handler, Kind, Miss, X86Family};
use super::operands::Operands;
use super::state::State;
use crate::addr::{Linear, Physical};
use crate::cpu::bus::BusStatus;
use crate::cpu::engine::cache::Flow;
use crate::cpu::engine::op::watched::{Watched, watched_handler};
use crate::cpu::engine::op::{OpRef, Outcome};
use crate::cpu::engine::watch::Seen;
use crate::cpu::int::Int;
use crate::mem::{LittleGuest, Opened, Table, Ways};
use std::marker::PhantomData;

/// The handler of a body in watched traces, if it can access memory.
pub(super) const fn watched<I: Body>(accesses: bool) -> Option<Handler> {
    if accesses { Some(watched_handler::<X86Family, Instruction<I>>()) } else { None }
}

/// A body as an operation of watched traces.
struct Instruction<I>(PhantomData<I>);

impl<I: Body> Watched<X86Family> for Instruction<I> {
    const FLOW: Flow = I::FLOW;
    const CALLS: bool = I::CALLS;

    #[inline(always)]
    fn execute(
        s: &mut State,
        op: OpRef<'_, X86Family>,
        ways: &Ways<LittleGuest>,
        seen: &mut Seen,
    ) -> Outcome {
        let mut watching = Watching { s, ways, op, seen, target: None };
        match (I::run(&mut watching, op.operands()), watching.target) {
            (Err(miss), _) => miss.outcome(),
            (Ok(()), Some(target)) => Outcome::To(target),
            (Ok(()), None) => Outcome::On,
        }
    }
}

/// One instruction in execution.
struct Watching<'a> {
    s: &'a mut State,
    ways: &'a Ways<LittleGuest>,
    op: OpRef<'a, X86Family>,
    seen: &'a mut Seen,
    /// Where it jumps to, if it does.
    target: Option<u64>,
}

/// As [`Kind::linear`] in segments: too long for each handler to have it.
#[inline(never)]
fn admitted(s: &State, segment: u8, offset: u64, bytes: u64, writes: bool) -> Option<u64> {
    Kind::Segmented.linear(s, segment, offset, bytes, writes).map(|linear| linear.0)
}

impl Watching<'_> {
    #[inline(always)]
    fn kind(&self) -> Kind {
        self.op.operands().kind
    }

    #[inline(always)]
    fn linear(&self, segment: u8, offset: u64, bytes: u64, writes: bool) -> Result<Linear, Miss> {
        let linear = match self.kind() {
            Kind::Segmented => admitted(self.s, segment, offset, bytes, writes).map(Linear),
            kind => kind.linear(self.s, segment, offset, bytes, writes),
        };
        linear.ok_or(Miss::Unusual)
    }

    #[inline(always)]
    fn note<T: Int>(&mut self, status: BusStatus, at: Physical, data: T) {
        self.seen.note(status, at, data);
    }
}

impl<'a> Executing for Watching<'a> {
    type Place<T: Int> = (Opened<'a, T>, Physical);
    type Trouble = Miss;

    const DIVIDE_ERROR: Miss = Miss::Unusual;
    const INVALID_OPCODE: Miss = Miss::Unusual;
    const NOT_AVAILABLE: Miss = Miss::Unusual;
    const MISALIGNED: Miss = Miss::Unusual;
    const VECTOR_ERROR: Miss = Miss::Unusual;

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline(always)]
    fn load_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Miss> {
        let at = self.linear(segment, offset, T::BYTES, false)?;
        if !self.seen.has_room() {
            return Err(Miss::Unusual);
        }
        let value = self.ways.read(at).ok_or_else(|| Miss::of(Table::Read, at, T::BYTES))?;
        self.note(BusStatus::MemoryRead, self.ways.place_of_hit(Table::Read, at), value);
        Ok(value)
    }

    #[inline(always)]
    fn store_memory<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Miss> {
        let at = self.linear(segment, offset, T::BYTES, true)?;
        if !self.seen.has_room() {
            return Err(Miss::Unusual);
        }
        self.ways.write(at, value).ok_or_else(|| Miss::of(Table::Write, at, T::BYTES))?;
        self.note(BusStatus::MemoryWrite, self.ways.place_of_hit(Table::Write, at), value);
        Ok(())
    }

    #[inline(always)]
    fn open_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<(Self::Place<T>, T), Miss> {
        let at = self.linear(segment, offset, T::BYTES, true)?;
        if !self.seen.has_room_to_open() {
            return Err(Miss::Unusual);
        }
        let (place, value) = self.ways.open::<T>(at).ok_or_else(|| Miss::of(Table::Write, at, T::BYTES))?;
        let physical = self.ways.place_of_hit(Table::Write, at);
        self.note(BusStatus::MemoryRead, physical, value);
        Ok(((place, physical), value))
    }

    #[inline(always)]
    fn close_memory<T: Int>(&mut self, (place, physical): Self::Place<T>, value: T) {
        place.set(value);
        self.note(BusStatus::MemoryWrite, physical, value);
    }

    #[inline(always)]
    fn store_block_memory(&mut self, segment: u8, offset: u64, value: u128) -> Result<(), Miss> {
        let at = self.linear(segment, offset, 8, true)?;
        self.linear(segment, offset.wrapping_add(8), 8, true)?;
        if !self.seen.has_room() {
            return Err(Miss::Unusual);
        }
        self.ways.write_block(at, value).ok_or_else(|| Miss::of(Table::Write, at, 16))?;
        let Physical(physical) = self.ways.place_of_hit(Table::Write, at);
        self.note(BusStatus::MemoryWrite, Physical(physical), value as u64);
        self.note(BusStatus::MemoryWrite, Physical(physical + 8), (value >> 64) as u64);
        Ok(())
    }

    #[inline(always)]
    fn exchange_memory<T: Int>(
        &mut self,
        (place, physical): Self::Place<T>,
        found: T,
        new: T,
    ) -> Result<(), T> {
        place.exchange(found, new)?;
        self.note(BusStatus::MemoryWrite, physical, new);
        Ok(())
    }

    #[inline(always)]
    fn next_offset(&mut self) -> u64 {
        self.kind().next_offset(self.op.end_of_trace())
    }

    #[inline(always)]
    fn admit_target(&mut self, to: u64) -> Result<(), Miss> {
        if self.kind().admits_target(self.s, to) { Ok(()) } else { Err(Miss::Unusual) }
    }

    #[inline(always)]
    fn go_to(&mut self, to: u64) -> Result<(), Miss> {
        self.admit_target(to)?;
        self.target = Some(to);
        Ok(())
    }

    #[inline(always)]
    fn address_of(&mut self, o: &Operands) -> u64 {
        let base = (o.kind == Kind::LongRelative).then(|| self.op.trace_address());
        o.sum(&self.s.registers, base) & o.offset_size.mask()
    }

    #[inline(always)]
    fn stack_mask(&mut self) -> u64 {
        self.kind().stack_mask(self.s)
    }
}
