//! String instructions, with and without a repeat prefix.
//!
//! A repeated one can be interrupted between iterations: it then stands again at its start, its registers as far as it
//! has come.

use super::{Outcome, routines};
use crate::addr::Linear;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{Int, flag};
use crate::cpu::x86::backend::{address_register, set_address_register};
use crate::cpu::x86::checked::{Checked, Routine};
use crate::cpu::x86::executing::Executing;
use crate::cpu::x86::meaning::arithmetic::{Combine, Sub};
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::operands::{Operands, Repeat};
use crate::cpu::x86::state::{State, reg, seg};
use crate::mem::PAGE_SIZE;
use std::marker::PhantomData;

routines! {
    Ins = ins::<T>;
    Outs = outs::<T>;
}

/// A string instruction that stays within memory.
pub trait StringInstruction: 'static {
    /// Whether a repeat prefix looks at ZF.
    const COMPARES: bool;

    /// One iteration. Registers move on first, as on the 80286; a caller who has something to undo puts [`Moved`] back.
    ///
    /// # Errors
    /// When memory cannot be reached.
    fn once<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble>;

    /// As many iterations at once as are sure to be like one after another, `most` of them at the most. Gives how many.
    fn in_bulk<B: MemoryBus, P: Probe>(_cpu: &mut Checked<'_, B, P>, _o: &Operands, _most: u64) -> u64 {
        0
    }
}

/// The registers that an iteration moves on.
pub struct Moved {
    count: u64,
    source: u64,
    destination: u64,
}

impl Moved {
    #[inline(always)]
    pub fn of(s: &State) -> Self {
        let [count, source, destination] = [reg::CX, reg::SI, reg::DI].map(|number| s.get(number));
        Self { count, source, destination }
    }

    #[inline(always)]
    pub fn put_back(self, s: &mut State) {
        s.put(reg::CX, self.count);
        s.put(reg::SI, self.source);
        s.put(reg::DI, self.destination);
    }
}

/// A [`StringInstruction`], as often as its prefix says.
pub struct Repeated<I>(PhantomData<I>);

impl<I: StringInstruction> Routine for Repeated<I> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        let mut tries = if P::ACTIVE { 0 } else { TRIES };
        let ahead = |cpu: &mut Checked<'_, B, P>| {
            if tries > 0 {
                let done = bulk::<I, B, P>(cpu, o);
                tries = if done { TRIES } else { tries - 1 };
            }
        };
        repeat(cpu, o, ahead, |cpu| I::once(cpu, o), I::COMPARES)
    }
}

/// Iterations that may follow one another one by one before nothing more is tried in bulk: the first meets a page that the TLB
/// has yet to learn of, or runs from one page into the next, here and then there.
const TRIES: u32 = 3;

/// Does as many iterations at once as surely come before the run's end. Gives whether it did any.
fn bulk<I: StringInstruction, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> bool {
    let each = cpu.model.clocks_per_instruction.max(1);
    let start = cpu.s.counters.string_iterations;
    while !cpu.pauses() {
        let in_time = (cpu.bus.deadline().0 - cpu.s.now - 1) / each;
        let left = address_register(cpu, o, reg::CX);
        // The last one's time is the instruction's own.
        let most = if in_time + 1 >= left { left } else { in_time };
        let done = I::in_bulk(cpu, o, most);
        if done == 0 {
            break;
        }
        cpu.s.now += (done - u64::from(done == left)) * each;
        cpu.s.counters.string_iterations += done;
    }
    cpu.s.counters.string_iterations != start
}

/// Repeats `once` as the prefix says. It counts down itself, with [`count_down`]; `ahead` may do some of the iterations before
/// each.
///
/// A fault leaves the iteration undone, except on the 80286, whose registers have moved on by then.
fn repeat<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    mut ahead: impl FnMut(&mut Checked<'_, B, P>),
    mut once: impl FnMut(&mut Checked<'_, B, P>) -> Outcome,
    compares: bool,
) -> Outcome {
    if o.repeat == Repeat::Once {
        return undoable(cpu, &mut once);
    }
    loop {
        ahead(cpu);
        if address_register(cpu, o, reg::CX) == 0 {
            break;
        }
        undoable(cpu, &mut once)?;
        cpu.s.counters.string_iterations += 1;
        let goes_on = !compares || cpu.s.flags.zero() == (o.repeat == Repeat::WhileEqual);
        if address_register(cpu, o, reg::CX) == 0 || !goes_on {
            break;
        }
        if cpu.pauses() {
            cpu.stand_at_start(o);
            break;
        }
        cpu.s.now += cpu.model.clocks_per_instruction;
    }
    Ok(())
}

fn undoable<B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    once: &mut impl FnMut(&mut Checked<'_, B, P>) -> Outcome,
) -> Outcome {
    let before = Moved::of(cpu.s);
    once(cpu).inspect_err(|_| {
        if cpu.model.generation > Generation::I80286 {
            before.put_back(cpu.s);
        }
    })
}

/// One iteration less, of a repeated instruction.
fn count_down<E: Executing>(cpu: &mut E, o: &Operands) {
    if o.repeat != Repeat::Once {
        let left = address_register(cpu, o, reg::CX).wrapping_sub(1) & o.offset_size.mask();
        set_address_register(cpu, o, reg::CX, left);
    }
}

/// The 80286 has counted the next iteration down, too, when it learns that the destination cannot be written.
fn counted_ahead<E: Executing>(cpu: &mut E, o: &Operands) {
    if address_register(cpu, o, reg::CX) != 0 {
        count_down(cpu, o);
    }
}

/// The offset in an index register, which moves on.
fn index<T: Int, E: Executing>(cpu: &mut E, o: &Operands, register: u8) -> u64 {
    let back = cpu.state().flags.has(u64::from(flag::DF));
    let offset = address_register(cpu, o, register);
    let step = T::BYTES as i64;
    let moved = offset.wrapping_add_signed(if back { -step } else { step }) & o.offset_size.mask();
    set_address_register(cpu, o, register, moved);
    offset
}

/// Reads at the source index, which a prefix may put into another segment.
fn source<T: Int, E: Executing>(cpu: &mut E, o: &Operands) -> Result<T, E::Trouble> {
    let offset = index::<T, E>(cpu, o, reg::SI);
    cpu.load_memory(o.segment, offset)
}

/// Reads at the destination index.
fn compared<T: Int, E: Executing>(cpu: &mut E, o: &Operands) -> Result<T, E::Trouble> {
    let offset = index::<T, E>(cpu, o, reg::DI);
    cpu.load_memory(seg::ES, offset)
}

/// A [`StringInstruction`] of each body, of any width.
macro_rules! strings {
    ($($(#[$doc:meta])* $name:ident<$t:ident>(compares: $compares:literal) = |$cpu:ident, $o:ident| $body:block
        $([in bulk: $bulk:ident])?)*) => {$(
        $(#[$doc])*
        pub struct $name<$t>(PhantomData<$t>);

        impl<$t: Int> StringInstruction for $name<$t> {
            const COMPARES: bool = $compares;

            #[inline(always)]
            fn once<E: Executing>($cpu: &mut E, $o: &Operands) -> Result<(), E::Trouble> $body

            $(fn in_bulk<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, most: u64) -> u64 {
                $bulk::<$t, B, P>(cpu, o, most)
            })?
        }
    )*};
}

strings! {
    Movs<T>(compares: false) = |cpu, o| {
        count_down(cpu, o);
        let value = source::<T, E>(cpu, o)?;
        let to = index::<T, E>(cpu, o, reg::DI);
        cpu.store_memory(seg::ES, to, value).inspect_err(|_| counted_ahead(cpu, o))
    } [in bulk: copy]
    /// The destination is read first, and only then is it counted down.
    Cmps<T>(compares: true) = |cpu, o| {
        let right = compared::<T, E>(cpu, o)?;
        count_down(cpu, o);
        let left = source::<T, E>(cpu, o)?;
        Sub::combine::<E, T>(cpu, left, right);
        Ok(())
    }
    Scas<T>(compares: true) = |cpu, o| {
        count_down(cpu, o);
        let right = compared::<T, E>(cpu, o)?;
        let left = cpu.state().get::<T>(reg::AX);
        Sub::combine::<E, T>(cpu, left, right);
        Ok(())
    }
    Lods<T>(compares: false) = |cpu, o| {
        count_down(cpu, o);
        let value = source::<T, E>(cpu, o)?;
        cpu.state().put(reg::AX, value);
        Ok(())
    }
    Stos<T>(compares: false) = |cpu, o| {
        count_down(cpu, o);
        let to = index::<T, E>(cpu, o, reg::DI);
        let value = cpu.state().get::<T>(reg::AX);
        cpu.store_memory(seg::ES, to, value).inspect_err(|_| counted_ahead(cpu, o))
    } [in bulk: fill]
}

/// How many iterations of `T` upwards from the offset in an index register stay in its segment, its page and its offset's
/// bits; and where they begin. `None`: not even one, or they go downwards.
fn run_of<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    (segment, register): (u8, u8),
    most: u64,
    writes: bool,
) -> Option<(Linear, u64)> {
    if cpu.s.flags.has(u64::from(flag::DF)) {
        return None;
    }
    let offset = address_register(cpu, o, register);
    let start = cpu.linear(segment, offset, T::BYTES, writes).ok()?;
    let in_page = PAGE_SIZE - start.0 % PAGE_SIZE;
    // One less than all that could be: the last byte of the offsets' range is left to a single iteration.
    let in_range = o.offset_size.mask() - offset;
    let times = (in_page.min(in_range) / T::BYTES).min(most);
    if times == 0 {
        return None;
    }
    let end = cpu.linear(segment, offset + (times - 1) * T::BYTES, T::BYTES, writes).ok()?;
    (end.0 == start.0 + (times - 1) * T::BYTES).then_some((start, times))
}

/// REP MOVS, upwards.
fn copy<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, most: u64) -> u64 {
    let source = run_of::<T, B, P>(cpu, o, (o.segment, reg::SI), most, false);
    let Some((from, times)) = source else { return 0 };
    let Some((to, times)) = run_of::<T, B, P>(cpu, o, (seg::ES, reg::DI), times, true) else { return 0 };
    let privilege = cpu.s.privilege();
    if cpu.bus.tlb().ways(privilege).copy::<T>(from, to, times).is_none() {
        return 0;
    }
    moved_on::<T, B, P>(cpu, o, &[reg::SI, reg::DI], times);
    times
}

/// REP STOS, upwards.
fn fill<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands, most: u64) -> u64 {
    let Some((to, times)) = run_of::<T, B, P>(cpu, o, (seg::ES, reg::DI), most, true) else { return 0 };
    let (privilege, value) = (cpu.s.privilege(), cpu.get::<T>(reg::AX));
    if cpu.bus.tlb().ways(privilege).fill::<T>(to, value, times).is_none() {
        return 0;
    }
    moved_on::<T, B, P>(cpu, o, &[reg::DI], times);
    times
}

/// Counts `times` iterations, which moved these index registers upwards.
fn moved_on<T: Int, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
    indices: &[u8],
    times: u64,
) {
    for &register in indices {
        let moved = address_register(cpu, o, register) + times * T::BYTES;
        set_address_register(cpu, o, register, moved & o.offset_size.mask());
    }
    let left = address_register(cpu, o, reg::CX) - times;
    set_address_register(cpu, o, reg::CX, left);
}

/// The port is read only when its value can be stored. It must be open to the program even if nothing is to be moved.
fn ins<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.admit_port(cpu.get(reg::DX), T::BYTES)?;
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let to = index::<T, _>(cpu, o, reg::DI);
        let cell = cpu.writable::<T>(seg::ES, to).inspect_err(|_| counted_ahead(cpu, o))?;
        let value = cpu.input::<T>(cpu.get(reg::DX))?;
        cpu.write_cell(&cell, value);
        Ok(())
    };
    repeat(cpu, o, |_| (), once, false)
}

fn outs<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    cpu.admit_port(cpu.get(reg::DX), T::BYTES)?;
    let once = |cpu: &mut Checked<'_, B, P>| {
        count_down(cpu, o);
        let value = source::<T, _>(cpu, o)?;
        cpu.output(cpu.get(reg::DX), value)
    };
    repeat(cpu, o, |_| (), once, false)
}
