//! Operations, and the way from one to the next.
//!
//! # Safety
//! What keeps the pointers sound, everywhere in this module:
//!
//! * operations lie in one allocation, the arena of a [`TraceCache`](super::cache::TraceCache), which neither moves nor changes while
//!   handlers run: [`enter`] borrows it for as long;
//! * every trace is a header, at least one operation, and as its last one an operation whose handler never goes to the
//!   operation behind it (the cache appends [`go_on`] or [`leave_for_checked`] where the family's own last one could). So
//!   there is a next operation wherever [`next`] is used;
//! * a link is the distance to a header in the same arena, or zero; the cache undoes the links to what it drops;
//! * operations that tell a probe of type `W` are only in the arena of a cache for that type, which [`enter`] is given the probe
//!   for: a family's [`Family::telling`] is [`watched::telling`].

#![allow(unsafe_code)]

pub mod watched;

use super::cache::Flow;
use super::watch::Seen;
use crate::addr::Linear;
use crate::cpu::describe::CodeAddress;
use crate::mem::{GuestOrder, PAGE_SIZE, Table, Ways};
use std::marker::PhantomData;
use watched::{Tells, Watcher};

/// A family of processors, as far as operations know it.
pub trait Family: Sized + 'static {
    /// What a processor holds.
    type State;
    /// An instruction's operands as its handlers read them; 24 bytes at the most keep an operation in 40.
    type Operands: Copy + Target;
    type Order: GuestOrder;

    /// Where the code at an address lies, for a probe.
    fn code_address(state: &Self::State, address: u64) -> CodeAddress;

    /// [`watched::telling`], made with the family's other handlers: where code is optimised, whoever uses it.
    fn telling(whom: Tells) -> Handler<Self>;
}

/// Operands that can hold an address of code.
pub trait Target {
    fn of(address: u64) -> Self;
    fn address(&self) -> u64;

    /// Puts in the number that a [`Number`](super::cache::Number) tells the place of.
    fn put_number(&mut self, number: u64);
}

/// One operation of a trace, or the header in front of them.
pub struct Op<F: Family> {
    pub(super) handler: Handler<F>,
    pub(super) operands: F::Operands,
    /// Of a branch, the distance to the header that it leads to, in operations; 0 if it is not known. Of a header,
    /// the bytes of code that the trace is made of. Of all others, the bytes of code up to their end.
    pub(super) link: i32,
    /// Cycles: of a header, the trace's; of a branch, those of the operations behind it.
    pub(super) cost: u16,
    /// Instructions, likewise.
    pub(super) count: u8,
    /// The distance back to the header.
    pub(super) place: u8,
}

impl<F: Family> Clone for Op<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for Op<F> {}

impl<F: Family> Op<F> {
    /// What the arena is filled with.
    pub(super) fn blank() -> Self {
        let operands = F::Operands::of(0);
        Self { handler: leave_for_checked::<F>, operands, link: 0, cost: 0, count: 0, place: 0 }
    }
}

/// Executes an operation and all that follow until one leaves; gives that one.
///
/// All handlers have this one signature, whose arguments stay in registers from one to the next.
///
/// # Safety
/// The pointer is to an operation that is not a header, under the conditions of the module.
pub type Handler<F> =
    unsafe fn(&mut <F as Family>::State, OpRef<'_, F>, Account, &mut Env<F>) -> *const Op<F>;

/// What is left of the budget, in cycles, and how many instructions were charged: one register for both. The upper 40 bits are
/// the cycles, signed, and the lower 24 the count, which stays below the [`Account::MOST`] cycles that a run begins with, an
/// instruction taking a cycle or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(i64);

impl Account {
    /// Cycles that an account can hold.
    pub const MOST: i64 = 1 << 23;
    const COUNT_BITS: u32 = 24;

    pub(super) fn new(budget: i64, count: u64) -> Self {
        Self((budget.min(Self::MOST) << Self::COUNT_BITS) + count as i64)
    }

    pub(super) fn budget(self) -> i64 {
        self.0 >> Self::COUNT_BITS
    }

    pub(super) fn count(self) -> u64 {
        (self.0 & ((1 << Self::COUNT_BITS) - 1)) as u64
    }

    /// Charges instructions and their cycles; `None` if there are not as many.
    #[inline(always)]
    fn charged(self, cost: u16, count: u8) -> Option<Self> {
        let left = self.0.wrapping_sub(i64::from(cost) << Self::COUNT_BITS);
        (left >= 0).then_some(Self(left.wrapping_add(count.into())))
    }

    /// Charges more cycles than were known before; there may not be as many.
    #[inline(always)]
    fn charged_late(self, cycles: u32) -> Self {
        Self(self.0.wrapping_sub(i64::from(cycles) << Self::COUNT_BITS))
    }

    /// Gives back what was charged and not executed.
    #[inline(always)]
    pub(super) fn refunded(self, cost: u16, count: u8) -> Self {
        Self(self.0.wrapping_add((i64::from(cost) << Self::COUNT_BITS) - i64::from(count)))
    }
}

/// Why a handler has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// This operation needs the checked backend; it has changed nothing.
    Checked,
    /// As `Checked`, or an entry of the TLB for [`Env::missed`].
    Missed,
    /// The trace at [`Env::target`] does not fit into the budget any more.
    Budget,
    /// The operation before this one took longer than was known, and the rest of the trace does not fit any more.
    Late,
    /// No trace is known at [`Env::target`]; the operation may be linked to one.
    Unlinked,
    /// No trace is known at [`Env::target`], which the operation has worked out.
    Unknown,
    /// The probe stops the processor before the instruction that this operation tells of.
    Stopped,
}

/// What handlers share besides their arguments.
pub struct Env<F: Family> {
    pub(super) leave: Leave,
    /// The trace in execution being charged in full.
    pub(super) account: Account,
    /// The address at which execution goes on.
    pub(super) target: u64,
    /// The access because of which a handler has left.
    pub(super) missed: Missed,
    /// What addresses mean now; see [`Found::tag`].
    pub(super) tag: u32,
    /// The arena's first operation.
    base: *const Op<F>,
    /// The processor's memory.
    ways: *const Ways<F::Order>,
    pub(super) found: Box<[Found; FOUND]>,
    /// What watches.
    probe: *mut (),
    /// Of a watched trace, when the budget will have been used up.
    pub(super) used_up: u64,
    /// What the last instruction of a watched trace has accessed, and the probe was not told of yet.
    pub(super) seen: Seen,
}

// SAFETY: the pointers are only used while `enter` borrows what they are set from.
unsafe impl<F: Family> Send for Env<F> {}

/// A trace found by its address before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) address: u64,
    /// The processor's mode, and between which two changes of the map; no two share a tag.
    pub(super) tag: u32,
    pub(super) header: u32,
}

impl Found {
    /// Tag 0 is never used.
    pub(super) const NOTHING: Self = Self { address: 0, tag: 0, header: 0 };
}

/// Entries of the table of branch targets; a power of two.
const FOUND: usize = 4096;

/// Where an address has its entry in [`Env::found`].
#[inline(always)]
pub(super) const fn found_slot(address: u64) -> usize {
    (address ^ address >> 12) as usize & (FOUND - 1)
}

impl<F: Family> Env<F> {
    pub(super) fn new() -> Self {
        let Ok(found) = vec![Found::NOTHING; FOUND].into_boxed_slice().try_into() else {
            unreachable!("as many were made")
        };
        Self {
            leave: Leave::Unknown,
            account: Account::new(0, 0),
            target: 0,
            missed: Missed(0),
            tag: 0,
            base: std::ptr::null(),
            ways: std::ptr::null(),
            found,
            probe: std::ptr::null_mut(),
            used_up: 0,
            seen: Seen::default(),
        }
    }

    #[inline(always)]
    fn left(&mut self, why: Leave, account: Account) {
        self.leave = why;
        self.account = account;
    }
}

/// An operation being executed.
pub struct OpRef<'a, F: Family> {
    at: *const Op<F>,
    lives: PhantomData<&'a Op<F>>,
}

impl<F: Family> Clone for OpRef<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for OpRef<'_, F> {}

impl<'a, F: Family> OpRef<'a, F> {
    #[inline(always)]
    fn get(self) -> &'a Op<F> {
        // SAFETY: made from operations that live for 'a only.
        unsafe { &*self.at }
    }

    #[inline(always)]
    pub fn operands(self) -> &'a F::Operands {
        &self.get().operands
    }

    #[inline(always)]
    fn header(self) -> &'a Op<F> {
        // SAFETY: every operation of a trace has its header this far in front.
        unsafe { &*self.at.sub(usize::from(self.get().place)) }
    }

    /// The address of the trace's first instruction.
    #[inline(always)]
    pub fn trace_address(self) -> u64 {
        self.header().operands.address()
    }

    /// The address behind the trace's code: of its last instruction, where the next one lies.
    #[inline(always)]
    pub fn end_of_trace(self) -> u64 {
        let header = self.header();
        header.operands.address().wrapping_add(header.link as u64)
    }
}

/// What a handler does: as much of an instruction as meets nothing unusual.
pub trait Operation<F: Family>: 'static {
    const FLOW: Flow;

    /// Whether it is long enough for calls. It is a function of its own then: a handler whose own variables are lent to
    /// somebody could not end in a jump, and the stack would grow with every instruction.
    const CALLS: bool = false;

    /// Inlined into the handler if it calls nothing.
    fn execute(s: &mut F::State, op: OpRef<'_, F>, ways: &Ways<F::Order>) -> Outcome;

    /// As [`Self::execute`], and gives the cycles by which the operation takes longer than its trace was charged for. Not for
    /// one that [calls](Self::CALLS); one that leaves for the checked backend has not taken any.
    #[inline(always)]
    fn execute_timed(s: &mut F::State, op: OpRef<'_, F>, ways: &Ways<F::Order>) -> (Outcome, u32) {
        (Self::execute(s, op, ways), 0)
    }
}

/// The usual case of an operation that goes on with the next instruction: it calls nothing, and is inlined into the handler.
pub trait Quick<F: Family>: 'static {
    /// `None`: the case is another one; nothing has been changed.
    fn execute(s: &mut F::State, op: OpRef<'_, F>, ways: &Ways<F::Order>) -> Option<()>;
}

/// Where an operation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At the next instruction.
    On,
    /// At this address. Only where the flow says so.
    To(u64),
    /// In the checked backend; nothing has been changed.
    Leave,
    /// Here again, once the TLB has an entry for this access; nothing has been changed.
    Missed(Missed),
}

/// An access that the TLB had no entry for: a canonical address, a table and a size, in one word, so that an outcome needs
/// no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed(u64);

impl Missed {
    const TABLE_BITS: u32 = 8;
    const BYTES_BITS: u32 = 8;
    const BELOW: u32 = Self::TABLE_BITS + Self::BYTES_BITS;

    /// `None` for an address whose upper 17 bits are not alike.
    #[inline(always)]
    pub fn new(table: Table, at: Linear, bytes: u64) -> Option<Self> {
        let shifted = at.0 << Self::BELOW;
        let is_canonical = (shifted as i64 >> Self::BELOW) as u64 == at.0;
        is_canonical.then_some(Self(shifted | bytes << Self::TABLE_BITS | table as u64))
    }

    pub fn table(self) -> Table {
        match self.0 & ((1 << Self::TABLE_BITS) - 1) {
            place if place == Table::Read as u64 => Table::Read,
            place if place == Table::Write as u64 => Table::Write,
            _ => Table::Fetch,
        }
    }

    pub fn at(self) -> Linear {
        Linear((self.0 as i64 >> Self::BELOW) as u64)
    }

    /// Whether it runs into a second page, which no entry serves.
    pub fn crosses(self) -> bool {
        let bytes = self.0 >> Self::TABLE_BITS & ((1 << Self::BYTES_BITS) - 1);
        self.at().0 % PAGE_SIZE + bytes > PAGE_SIZE
    }
}

/// An operation's handler.
pub const fn handler<F: Family, O: Operation<F>>() -> Handler<F> {
    run::<F, O>
}

/// An operation's handler that does its usual case itself.
pub const fn quick_handler<F: Family, Q: Quick<F>, O: Operation<F>>() -> Handler<F> {
    run_quickly::<F, Q, O>
}

/// The same where the usual case has two forms, of which `A` is tried first.
pub const fn twice_quick_handler<F: Family, A: Quick<F>, B: Quick<F>, O: Operation<F>>() -> Handler<F> {
    run_in_either_form::<F, A, B, O>
}

/// The handler of an operation that goes on with `B`, the one behind it, without a look at that one's handler. That one stays
/// where it is: it is what leaves, and what is linked.
pub const fn joined<F: Family, A: Operation<F>, B: Operation<F>>() -> Handler<F> {
    assert!(matches!(A::FLOW, Flow::On) && !A::CALLS, "the first one always goes on, and calls nothing");
    run_both::<F, A, B>
}

/// The handler of an instruction that is always left to the checked backend.
pub const fn for_checked<F: Family>() -> Handler<F> {
    leave_for_checked::<F>
}

#[inline(never)]
fn execute_apart<F: Family, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    ways: &Ways<F::Order>,
) -> Outcome {
    O::execute(s, op, ways)
}

unsafe fn run<F: Family, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the caller's promise.
    unsafe { perform::<F, O>(s, op, account, env) }
}

unsafe fn run_both<F: Family, A: Operation<F>, B: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the conditions of the module; an operation that always goes on is not the last one of its trace.
    unsafe {
        let (outcome, late) = A::execute_timed(s, op, &*env.ways);
        if outcome != Outcome::On {
            return leave(op, account, env, outcome);
        }
        let charged = account.charged_late(late);
        if late != 0 && charged.budget() < 0 {
            return leave_late(op, charged, env);
        }
        perform::<F, B>(s, OpRef { at: op.at.add(1), lives: PhantomData }, charged, env)
    }
}

/// What the handler of an operation does.
///
/// # Safety
/// See [`Handler`].
#[inline(always)]
unsafe fn perform<F: Family, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the conditions of the module; an operation that may go on is not the last one of its trace.
    unsafe {
        let ways = &*env.ways;
        let (outcome, late) =
            if O::CALLS { (execute_apart::<F, O>(s, op, ways), 0) } else { O::execute_timed(s, op, ways) };
        let charged = account.charged_late(late);
        match (outcome, O::FLOW) {
            (Outcome::On, Flow::On | Flow::Branch) if late != 0 && charged.budget() < 0 => {
                leave_late(op, charged, env)
            }
            (Outcome::On, Flow::On | Flow::Branch) => next(s, op, charged, env),
            (Outcome::To(target), Flow::Branch) => branch(s, op, charged, env, target),
            (Outcome::To(target), Flow::Away) => indirect(s, op, charged, env, target),
            _ => leave(op, account, env, outcome),
        }
    }
}

unsafe fn run_quickly<F: Family, Q: Quick<F>, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the conditions of the module; an operation that always goes on is not the last one of its trace.
    unsafe {
        match Q::execute(s, op, &*env.ways) {
            Some(()) => next(s, op, account, env),
            None => run_otherwise::<F, O>(s, op, account, env),
        }
    }
}

unsafe fn run_in_either_form<F: Family, A: Quick<F>, B: Quick<F>, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: as for `run_quickly`.
    unsafe {
        match A::execute(s, op, &*env.ways) {
            Some(()) => next(s, op, account, env),
            None => run_in_other_form::<F, B, O>(s, op, account, env),
        }
    }
}

/// [`run_quickly`], kept out of the handler that jumps here, so that each form has the registers that it needs.
#[inline(never)]
unsafe fn run_in_other_form<F: Family, B: Quick<F>, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: as for `run_quickly`.
    unsafe { run_quickly::<F, B, O>(s, op, account, env) }
}

/// [`run`], kept out of the handler that jumps here: only this way saves registers then.
#[inline(never)]
unsafe fn run_otherwise<F: Family, O: Operation<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: as for `run`.
    unsafe { run::<F, O>(s, op, account, env) }
}

/// Goes on with the next operation of the trace.
///
/// # Safety
/// `op` is not the last one.
#[inline(always)]
unsafe fn next<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the caller's promise.
    unsafe {
        let op = OpRef { at: op.at.add(1), lives: PhantomData };
        (op.get().handler)(s, op, account, env)
    }
}

/// Leaves before `op`, for the driver to have it executed, or to find what it has missed.
#[inline(always)]
fn leave<F: Family>(op: OpRef<'_, F>, account: Account, env: &mut Env<F>, outcome: Outcome) -> *const Op<F> {
    match outcome {
        Outcome::Missed(missed) => {
            env.missed = missed;
            env.left(Leave::Missed, account);
        }
        _ => env.left(Leave::Checked, account),
    }
    op.at
}

/// Leaves behind `op`, which has been executed.
///
/// # Safety
/// `op` is not the last one.
#[cold]
unsafe fn leave_late<F: Family>(op: OpRef<'_, F>, account: Account, env: &mut Env<F>) -> *const Op<F> {
    env.left(Leave::Late, account);
    // SAFETY: the caller's promise.
    unsafe { op.at.add(1) }
}

/// Goes on where the branch `op` leads, at `target`.
///
/// # Safety
/// The conditions of the module.
#[inline(always)]
unsafe fn branch<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
    target: u64,
) -> *const Op<F> {
    let Op { link, cost, count: unused, .. } = *op.get();
    let account = account.refunded(cost, unused);
    if link == 0 {
        // SAFETY: as here.
        return unsafe { seek(s, op, account, env, target, Leave::Unlinked) };
    }
    // SAFETY: a link leads to a header.
    unsafe { into_trace(s, op, op.at.offset(link as isize), account, env) }
}

/// Goes on at an address that `op`, the last of its trace, has worked out.
///
/// # Safety
/// The conditions of the module.
#[inline(always)]
unsafe fn indirect<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
    target: u64,
) -> *const Op<F> {
    // SAFETY: as here.
    unsafe { seek(s, op, account, env, target, Leave::Unknown) }
}

#[inline(always)]
unsafe fn seek<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
    target: u64,
    otherwise: Leave,
) -> *const Op<F> {
    let found = env.found[found_slot(target)];
    if found.address != target || found.tag != env.tag {
        env.target = target;
        env.left(otherwise, account);
        return op.at;
    }
    // SAFETY: the table names headers of the arena.
    unsafe {
        let header = env.base.add(found.header as usize);
        into_trace(s, op, header, account, env)
    }
}

#[inline(always)]
unsafe fn into_trace<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    header: *const Op<F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: `header` is one, and has an operation behind it.
    unsafe {
        let Some(left) = account.charged((*header).cost, (*header).count) else {
            env.target = (*header).operands.address();
            env.left(Leave::Budget, account);
            return op.at;
        };
        let first = OpRef { at: header.add(1), lives: PhantomData };
        (first.get().handler)(s, first, left, env)
    }
}

/// The handler of what ends a trace that no branch ends: goes on at the operands' address.
///
/// # Safety
/// See [`Handler`].
pub(super) unsafe fn go_on<F: Family>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the caller's promise.
    unsafe { branch(s, op, account, env, op.operands().address()) }
}

/// The handler of an instruction that is always left to the checked backend.
///
/// # Safety
/// See [`Handler`].
unsafe fn leave_for_checked<F: Family>(
    _: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    leave(op, account, env, Outcome::Leave)
}

/// Executes the operations of `arena` from number `first` on, which is not a header and whose trace is charged for already.
/// Gives the number of the operation that has left. The arena is of a cache for the type of `probe`.
pub(super) fn enter<F: Family, W: Watcher>(
    arena: &[Op<F>],
    first: usize,
    (s, ways, probe): (&mut F::State, &Ways<F::Order>, &mut W),
    env: &mut Env<F>,
) -> usize {
    env.base = arena.as_ptr();
    env.ways = ways;
    if W::ACTIVE {
        env.probe = std::ptr::from_mut(probe).cast();
    }
    let op = OpRef { at: &arena[first], lives: PhantomData };
    let account = env.account;
    // SAFETY: the arena is borrowed until this returns, and the cache upholds the rest.
    unsafe {
        let last = (op.get().handler)(s, op, account, env);
        last.offset_from_unsigned(arena.as_ptr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_missed_access_is_told_whole_or_not_at_all(at: u64, near: bool, table in 0..3_usize, size in 0..5_u32) {
            let at = if near { (at as i64 >> 17) as u64 } else { at };
            let (table, bytes) = (Table::ALL[table], 1 << size);
            let is_canonical = matches!(at >> 47, 0 | 0x1_FFFF);
            let missed = Missed::new(table, Linear(at), bytes);
            prop_assert_eq!(missed.is_some(), is_canonical);
            if let Some(missed) = missed {
                prop_assert_eq!((missed.table(), missed.at()), (table, Linear(at)));
                prop_assert_eq!(missed.crosses(), at / PAGE_SIZE != at.wrapping_add(bytes - 1) / PAGE_SIZE);
            }
        }
    }
}
