//! Operations of traces that a probe watches: [`watched_handler`] of an instruction that accesses memory, and what stands before
//! each instruction.
//!
//! # Safety
//! As in the module above.

use super::{Account, Env, Family, Handler, Leave, Op, OpRef, Outcome, branch, indirect, leave, next};
use crate::cpu::engine::cache::Flow;
use crate::cpu::engine::watch::Seen;
use crate::cpu::probe::{Counter, DynamicProbe, NoProbe, Probe};
use crate::mem::Ways;

/// As [`Operation`](super::Operation), of an instruction that notes its accesses.
pub trait Watched<F: Family>: 'static {
    const FLOW: Flow;

    /// As [`Operation::CALLS`](super::Operation::CALLS).
    const CALLS: bool = false;

    /// Whether it may take longer than its trace was charged for, which it notes ([`Seen::outlast`]).
    const OUTLASTS: bool = false;

    /// Inlined into the handler if it calls nothing.
    fn execute(s: &mut F::State, op: OpRef<'_, F>, ways: &Ways<F::Order>, seen: &mut Seen) -> Outcome;
}

/// A probe that traces can tell.
pub trait Watcher: Probe + 'static {
    const TELLS: Tells;
}

/// Which [`Watcher`] there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    Nobody,
    Counter,
    Dynamic,
}

impl Watcher for NoProbe {
    const TELLS: Tells = Tells::Nobody;
}

impl Watcher for Counter {
    const TELLS: Tells = Tells::Counter;
}

impl Watcher for DynamicProbe {
    const TELLS: Tells = Tells::Dynamic;
}

/// The handler of what stands before an instruction, where there is a watcher.
pub const fn telling<F: Family>(whom: Tells) -> Handler<F> {
    match whom {
        Tells::Nobody => super::leave_for_checked::<F>,
        Tells::Counter => between::<F, Counter>,
        Tells::Dynamic => between::<F, DynamicProbe>,
    }
}

/// The handler, in a watched trace, of an instruction that accesses memory.
pub const fn watched_handler<F: Family, O: Watched<F>>() -> Handler<F> {
    run_watched::<F, O>
}

#[inline(never)]
fn execute_apart<F: Family, O: Watched<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    ways: &Ways<F::Order>,
    seen: &mut Seen,
) -> Outcome {
    O::execute(s, op, ways, seen)
}

unsafe fn run_watched<F: Family, O: Watched<F>>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the conditions of the module; an operation that may go on is not the last one of its trace.
    unsafe {
        let (ways, seen) = (&*env.ways, &mut env.seen);
        let outcome =
            if O::CALLS { execute_apart::<F, O>(s, op, ways, seen) } else { O::execute(s, op, ways, seen) };
        // What stands before the next instruction finds out if that was more than there is.
        let charged = if O::OUTLASTS { account.charged_late(env.seen.late) } else { account };
        match (outcome, O::FLOW) {
            (Outcome::On, Flow::On | Flow::Branch) => next(s, op, charged, env),
            (Outcome::To(target), Flow::Branch) => branch(s, op, charged, env, target),
            (Outcome::To(target), Flow::Away) => indirect(s, op, charged, env, target),
            _ => {
                env.seen.forget();
                leave(op, account, env, outcome)
            }
        }
    }
}

/// The handler of what stands before an instruction, whose address it has as its operands: an instruction has been executed, and
/// this one comes next. Tells a probe of type `W`.
///
/// # Safety
/// See [`Handler`].
unsafe fn between<F: Family, W: Probe>(
    s: &mut F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> *const Op<F> {
    // SAFETY: the conditions of the module.
    unsafe {
        let (account, why) = if W::BRIEF {
            tell::<F, W>(s, op, account, env)
        } else {
            tell_apart::<F, W>(s, op, account, env)
        };
        match why {
            None => next(s, op, account, env),
            Some(why) => {
                env.left(why, account);
                op.at
            }
        }
    }
}

#[inline(never)]
unsafe fn tell_apart<F: Family, W: Probe>(
    s: &F::State,
    op: OpRef<'_, F>,
    account: Account,
    env: &mut Env<F>,
) -> (Account, Option<Leave>) {
    // SAFETY: as for `between`.
    unsafe { tell::<F, W>(s, op, account, env) }
}

/// Tells the probe, charges what it asks for, and gives why the instruction does not follow at once, if it does not.
///
/// # Safety
/// See [`Handler`].
#[inline(always)]
unsafe fn tell<F: Family, W: Probe>(
    s: &F::State,
    op: OpRef<'_, F>,
    mut account: Account,
    env: &mut Env<F>,
) -> (Account, Option<Leave>) {
    // SAFETY: this is in the arena of a cache for `W`, so that `enter` was given one, which is borrowed until it returns.
    let probe = unsafe { &mut *env.probe.cast::<W>() };
    let Op { operands, cost, .. } = op.get();
    if !env.seen.is_empty() {
        let left = account.budget() + i64::from(*cost);
        let by = F::code_address(s, env.seen.by);
        account = account.charged_late(env.seen.tell(probe, by, env.used_up.wrapping_add_signed(-left)));
    }
    if probe.stop_requested() {
        return (account, Some(Leave::Stopped));
    }
    if account.budget() < 0 {
        return (account, Some(Leave::Late));
    }
    env.seen.by = super::Target::address(operands);
    let stops = probe.before_instruction(&F::code_address(s, env.seen.by));
    (account, stops.then_some(Leave::Stopped))
}
