//! The loop around the handlers.

use super::cache::{CacheCounters, Fresh, Key, Side, Source, TraceCache, Translated};
use super::op::watched::Watcher;
use super::op::{Account, Family, Leave, Missed, Op, Target, enter};
use super::slot::Kept;
use super::tuning::Tuning;
use crate::addr::Physical;
use crate::cpu::Exit;
use crate::cpu::probe::{Holds, NoProbe, Probe};
use crate::mem::{self, Changes, PAGE_SIZE, Ways};

/// What the handlers of a processor at work get, which a probe of type `P` watches.
pub type Hands<'a, F, P> = (&'a mut <F as Family>::State, &'a Ways<<F as Family>::Order>, &'a mut P);

/// Where an address of code lies.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: Physical,
    /// Where in a block that may be written; `None` in read-only memory.
    source: Option<Source>,
}

/// A processor at work with its checked backend, as the driver sees it.
pub trait Guest {
    type Family: Family;
    /// A handler of the checked backend.
    type Checked: Copy;
    /// All that decides what an instruction's bytes mean, and with whose rights its accesses are made.
    type Mode: Copy + Eq;
    type Probe: Probe;

    /// The handlers' view of the processor in its present mode.
    fn hands(&mut self) -> Hands<'_, Self::Family, Self::Probe>;

    /// The present mode; `None` in one that is only ever stepped.
    fn mode(&mut self) -> Option<Self::Mode>;

    /// What comes before an instruction: the deadline, interrupts, a processor that is halted.
    ///
    /// # Errors
    /// Why the run ends.
    fn between(&mut self) -> Result<(), Exit>;

    /// Tells the probe of the next instruction, unless it goes on with one that it was told of. Gives whether it stops the
    /// processor there.
    fn stops_before(&mut self) -> bool;

    /// Whether nothing but the next instruction of its trace may follow: what [`Self::between`] looks at has not changed, and
    /// [`Self::after`] ends nothing.
    fn goes_on(&self) -> bool;

    /// Changes whenever [`Self::mode`] may have.
    fn mode_changes(&self) -> u32;

    /// Fetches, decodes and executes one instruction with every check.
    fn step(&mut self);

    /// Gives the TLB an entry for an access that had none. `false`: there can be none, or the access would fault.
    fn fill(&mut self, _missed: Missed) -> bool {
        false
    }

    /// What ends the run after an instruction.
    fn after(&mut self) -> Option<Exit>;

    /// The address of the next instruction.
    fn address(&self) -> u64;
    fn set_address(&mut self, address: u64);

    fn now(&self) -> u64;
    /// Cycles left until the deadline.
    fn budget(&self) -> i64;
    /// Lets cycles of the budget pass, in which this many instructions were executed.
    fn spend(&mut self, cycles: u64, instructions: u64);

    /// Where the instruction at `address` lies, if there can be one.
    fn code_physical(&mut self, address: u64) -> Option<Physical>;

    /// What answers there.
    fn memory(&self, at: Physical) -> mem::Place<'_>;

    /// Whether these bytes, which lie at a physical address and are marked as code, can be kept: their change will be told.
    fn keeps(&mut self, _at: Physical, _bytes: &[u8]) -> bool {
        true
    }

    /// Translates what lies at `address` and can be kept in one trace. Gives the address behind.
    fn translate(
        &mut self,
        address: u64,
        tuning: &Tuning,
        into: &mut Fresh<Self::Family, Self::Checked>,
    ) -> u64;

    /// Translates the one instruction of these bytes, at `address` in the trace at `trace`; `None` if they are not just one.
    fn translate_again(
        &mut self,
        trace: u64,
        address: u64,
        tuning: &Tuning,
        bytes: &[u8],
    ) -> Option<Translated<Self::Family, Self::Checked>>;

    /// Executes one translated instruction of the trace at `trace`, which lies at [`Self::address`], with every check: counts it,
    /// and its time.
    fn execute(&mut self, checked: Self::Checked, operands: &<Self::Family as Family>::Operands, trace: u64);

    /// Whether memory has got another meaning.
    fn has_changes(&mut self) -> bool;
    /// Which memory.
    fn take_changes(&mut self) -> Changes;

    /// Changes whenever an address may lie elsewhere.
    fn generation(&mut self) -> u64;

    /// Whether two addresses of code lie elsewhere together or not at all, so that a branch between them may be linked.
    fn move_together(&self, a: u64, b: u64) -> bool;
}

/// A vCPU's threaded engine: its traces, which a probe of type `W` watches, and what it knows of the processor's mode.
pub struct Engine<F: Family, S, M, W = NoProbe> {
    cache: TraceCache<F, S, M, W>,
    mode: Option<M>,
    mode_changes: u32,
    generation: u64,
    /// The budget that the handlers were given.
    granted: i64,
    /// Which operation missed an entry of the TLB last, and with what account: one that has made no progress since is the same.
    filled: (usize, Account),
    fresh: Fresh<F, S>,
    /// The bytes of code as they were read last.
    seen: Vec<u8>,
    /// The traces that a change of memory has met.
    touched: Vec<u32>,
}

/// What the handlers come back with.
enum Came {
    /// The instruction after the last one must be looked for.
    Elsewhere,
    /// Go on within a trace, at this operation.
    At(usize),
    /// The probe stops the processor before the next instruction.
    Stopped,
}

/// A processor whose instructions an engine can execute: [`Guest`] with all types told.
pub trait GuestOf<F: Family, S, M, W: Watcher>:
    Guest<Family = F, Checked = S, Mode = M, Probe: Holds<W>>
{
}

impl<F: Family, S, M, W: Watcher, G: Guest<Family = F, Checked = S, Mode = M, Probe: Holds<W>>>
    GuestOf<F, S, M, W> for G
{
}

impl<F: Family, S: Copy, M: Copy + Eq, W: Watcher> Engine<F, S, M, W> {
    fn new(cache: TraceCache<F, S, M, W>) -> Self {
        Self {
            cache,
            mode: None,
            mode_changes: 0,
            generation: 0,
            granted: 0,
            filled: (0, Account::new(0, 0)),
            fresh: Fresh::default(),
            seen: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Runs until the bus's deadline or another exit.
    pub fn run<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G) -> Exit {
        loop {
            if let Err(exit) = guest.between() {
                return exit;
            }
            // Whatever has happened to the processor between two runs, or two instructions that were stepped.
            self.take_mode(guest);
            if self.has_changed(guest) {
                self.take_changes(guest);
            }
            match self.entrance(guest) {
                Some(header) => {
                    if self.run_traces(guest, header) {
                        return Exit::Probe;
                    }
                }
                None => {
                    if W::ACTIVE && guest.stops_before() {
                        return Exit::Probe;
                    }
                    self.cache.counters.stepped += 1;
                    guest.step();
                }
            }
            if let Some(exit) = guest.after() {
                return exit;
            }
        }
    }

    #[inline(always)]
    fn has_changed<G: GuestOf<F, S, M, W>>(&self, guest: &mut G) -> bool {
        guest.has_changes()
            || guest.generation() != self.generation
            || guest.mode_changes() != self.mode_changes
    }

    /// Takes note of what has changed: memory, what addresses mean, the processor's mode. Gives whether code means what it
    /// meant.
    fn take_changes<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G) -> bool {
        let mut same = true;
        if guest.has_changes() {
            let changes = guest.take_changes();
            self.honour(&changes, |engine, trace| engine.amend(guest, trace));
            same &= !changes.everything;
        }
        let generation = guest.generation();
        if generation != self.generation {
            self.generation = generation;
            self.cache.forget_addresses();
            same = false;
        }
        if guest.mode_changes() != self.mode_changes {
            same &= !self.take_mode(guest);
        }
        same
    }

    /// Takes note of the processor's mode. Gives whether it is another one.
    fn take_mode<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G) -> bool {
        self.mode_changes = guest.mode_changes();
        let mode = guest.mode();
        let is_other = mode != self.mode;
        if is_other {
            self.mode = mode;
            if let Some(mode) = mode {
                self.cache.set_mode(mode);
            }
        }
        is_other
    }

    /// Drops the traces whose code was written over, but for those that `amend` can make good at once.
    fn honour(&mut self, changes: &Changes, mut amend: impl FnMut(&mut Self, usize) -> bool) {
        if changes.everything {
            self.cache.drop_all();
            return;
        }
        let flushes = self.cache.counters.flushes;
        let mut touched = std::mem::take(&mut self.touched);
        for &line in &changes.code {
            self.cache.made_from(line, &mut touched);
            for &trace in &touched {
                let is_good = amend(self, trace as usize);
                if self.cache.counters.flushes != flushes {
                    return;
                }
                if !is_good {
                    self.cache.drop_trace(trace as usize);
                }
            }
        }
        self.touched = touched;
    }

    /// Makes a trace good whose code was written over, if no more than a number in it has changed.
    fn amend<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, trace: usize) -> bool {
        let (at, source) = self.cache.place_of(trace);
        let spot = Spot { at, source: Some(source) };
        self.mark_and_read(guest, &spot, self.cache.length_of(trace)) && self.cache.amend(trace, &self.seen)
    }

    /// The trace to go on with; `None`: this instruction must be stepped.
    fn entrance<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G) -> Option<u32> {
        self.mode?;
        let header = self.seek(guest, guest.address())?;
        let fits = i64::from(self.cache.arena[header as usize].cost) <= guest.budget();
        fits.then_some(header)
    }

    /// The trace for an address, made if there is none.
    fn seek<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, address: u64) -> Option<u32> {
        self.cache.counters.sought += 1;
        if let Some(header) = self.cache.recall(address) {
            return Some(header);
        }
        let spot = spot(guest, address)?;
        let key = self.cache.key(address, spot.at.0 / PAGE_SIZE);
        if let Some(header) = self.cache.find(&key) {
            return Some(header);
        }
        if let Some(trace) = self.cache.stale(&key)
            && let Some(header) = self.renew(guest, trace, key, &spot)
        {
            return Some(header);
        }
        self.translate(guest, key, &spot)
    }

    /// Makes a trace good again whose code was written over.
    fn renew<G: GuestOf<F, S, M, W>>(
        &mut self,
        guest: &mut G,
        trace: usize,
        key: Key,
        spot: &Spot,
    ) -> Option<u32> {
        if !self.mark_and_read(guest, spot, self.cache.length_of(trace)) {
            return None;
        }
        let tuning = self.cache.tuning;
        self.cache.renew(trace, &self.seen, |offset, bytes| {
            guest.translate_again(key.address, key.address.wrapping_add(offset.into()), &tuning, bytes)
        })
    }

    fn translate<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, key: Key, spot: &Spot) -> Option<u32> {
        self.fresh.clear();
        let on = guest.translate(key.address, &self.cache.tuning, &mut self.fresh);
        // Another processor may have written there before it could be told that this is code now.
        let length = self.fresh.bytes.len();
        if length == 0 || !self.mark_and_read(guest, spot, length) || self.seen != self.fresh.bytes {
            return None;
        }
        Some(self.cache.add(key, spot.source, &self.fresh, on))
    }

    /// Marks code, then reads it. Gives whether it could, and all that is known of memory still holds.
    fn mark_and_read<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, spot: &Spot, length: usize) -> bool {
        let flushes = self.cache.counters.flushes;
        self.seen.resize(length, 0);
        let mut read = read_marked(guest, spot, &mut self.seen);
        // Marking takes from everyone, this processor too, the right to write there unseen. What was told until now may be about
        // what was read; what is written behind that is told when there is a trace to drop.
        if guest.has_changes() {
            self.honour(&guest.take_changes(), |_, _| false);
            read = read_marked(guest, spot, &mut self.seen);
        }
        read.is_some() && self.cache.counters.flushes == flushes && guest.keeps(spot.at, &self.seen)
    }

    /// Runs the trace at `header` and those that follow, until something must be looked at first. Gives whether that is the
    /// probe's stop.
    fn run_traces<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, header: u32) -> bool {
        let mut came = self.go_into(guest, header);
        loop {
            let at = match came {
                Came::At(op) => op,
                Came::Elsewhere => return false,
                Came::Stopped => return true,
            };
            let env = &mut self.cache.env;
            let (state, ways, probe) = guest.hands();
            let last = enter(&self.cache.arena, at, (state, ways, probe.held()), env);
            came = match self.cache.env.leave {
                Leave::Checked => self.execute(guest, last),
                Leave::Missed => self.try_again(guest, last),
                Leave::Budget => {
                    self.settle(guest);
                    Came::Elsewhere
                }
                Leave::Late => {
                    self.stand_at(guest, last);
                    Came::Elsewhere
                }
                Leave::Stopped => {
                    self.stand_at(guest, last);
                    Came::Stopped
                }
                Leave::Unlinked => self.follow(guest, Some(last)),
                Leave::Unknown => self.follow(guest, None),
            };
        }
    }

    /// Charges what a trace has from an operation on.
    #[inline(always)]
    fn charge<G: GuestOf<F, S, M, W>>(&mut self, guest: &G, cost: u16, count: u8) {
        self.granted = guest.budget().min(Account::MOST);
        self.cache.env.account = Account::new(self.granted - i64::from(cost), count.into());
        if W::ACTIVE {
            self.cache.env.used_up = guest.now().wrapping_add_signed(self.granted);
        }
    }

    /// Takes over where the handlers have left between two instructions.
    fn settle<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G) {
        let account = self.cache.env.account;
        guest.spend((self.granted - account.budget()) as u64, account.count());
        guest.set_address(self.cache.env.target);
        let seen = &mut self.cache.env.seen;
        if W::ACTIVE && !seen.is_empty() {
            let now = guest.now();
            let (state, _, probe) = guest.hands();
            let late = seen.tell(probe.held(), F::code_address(state, seen.by), now);
            guest.spend(late.into(), 0);
        }
    }

    /// Goes on at an address for which the handlers knew no trace.
    fn follow<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, link: Option<usize>) -> Came {
        self.settle(guest);
        let target = self.cache.env.target;
        let flushes = self.cache.counters.flushes;
        let Some(header) = self.seek(guest, target) else { return Came::Elsewhere };
        let moved = self.cache.counters.flushes != flushes;
        if let Some(from) = link.filter(|_| !moved)
            && self.cache.tuning.links
            && self.cache.is_alive(from)
            && guest.move_together(self.branch_address(from), target)
        {
            self.cache.link(from, header);
        }
        if guest.goes_on() { self.go_into(guest, header) } else { Came::Elsewhere }
    }

    /// Goes on in a trace, if it fits into the budget.
    #[inline(always)]
    fn go_into<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, header: u32) -> Came {
        let Op { cost, count, .. } = self.cache.arena[header as usize];
        if i64::from(cost) > guest.budget() {
            return Came::Elsewhere;
        }
        if W::ACTIVE {
            if guest.stops_before() {
                return Came::Stopped;
            }
            self.cache.env.seen.by = guest.address();
        }
        self.charge(guest, cost, count);
        Came::At(header as usize + TraceCache::<F, S, M, W>::EACH)
    }

    fn branch_address(&self, at: usize) -> u64 {
        self.trace_of(at).operands.address().wrapping_add(self.cache.side[at].offset.into())
    }

    /// The header of an operation's trace.
    #[inline(always)]
    fn trace_of(&self, at: usize) -> &Op<F> {
        &self.cache.arena[at - usize::from(self.cache.arena[at].place)]
    }

    /// Takes over in front of an operation within a trace.
    fn stand_at<G: GuestOf<F, S, M, W>>(&self, guest: &mut G, at: usize) {
        self.stand(guest, self.trace_of(at), &self.cache.side[at]);
    }

    #[inline(always)]
    fn stand<G: GuestOf<F, S, M, W>>(&self, guest: &mut G, header: &Op<F>, here: &Side<S>) {
        let account = self.cache.env.account.refunded(header.cost - here.cycles, header.count - here.count);
        guest.spend((self.granted - account.budget()) as u64, account.count());
        guest.set_address(header.operands.address().wrapping_add(here.offset.into()));
    }

    /// Goes on with an operation whose access the TLB can serve now; the checked backend has it if that is not so, or if it
    /// misses a second time.
    fn try_again<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, at: usize) -> Came {
        let stand = (at, self.cache.env.account);
        let tried = std::mem::replace(&mut self.filled, stand) == stand;
        if !tried && guest.fill(self.cache.env.missed) && !guest.has_changes() {
            return Came::At(at);
        }
        self.execute(guest, at)
    }

    /// Has the checked backend execute an operation, and goes on behind it, or where it has led, if nothing else has come up.
    fn execute<G: GuestOf<F, S, M, W>>(&mut self, guest: &mut G, at: usize) -> Came {
        self.cache.counters.checked += 1;
        let header = self.trace_of(at);
        let (here, behind) = (&self.cache.side[at], &self.cache.side[at + 1]);
        self.stand(guest, header, here);
        let trace = header.operands.address();
        let next = trace.wrapping_add(behind.offset.into());
        let (cost, count) = (header.cost - behind.cycles, header.count - behind.count);
        guest.execute(here.checked, &self.cache.arena[at].operands, trace);
        if !guest.goes_on() {
            return Came::Elsewhere;
        }
        let quiet = !self.has_changed(guest);
        let same = quiet || self.take_changes(guest);
        if same && guest.address() == next && (quiet || self.cache.is_alive(at)) {
            if i64::from(cost) > guest.budget() {
                return Came::Elsewhere;
            }
            self.charge(guest, cost, count);
            return Came::At(at + 1);
        }
        if self.mode.is_none() {
            return Came::Elsewhere;
        }
        match self.seek(guest, guest.address()) {
            Some(header) => self.go_into(guest, header),
            None => Came::Elsewhere,
        }
    }
}

impl<F: Family, S, M, W> Kept for Engine<F, S, M, W>
where
    F: Family<Operands: Send>,
    S: Copy + Send + 'static,
    M: Copy + Eq + Send + 'static,
    W: Watcher + 'static,
{
    fn tuned(tuning: Tuning) -> Self {
        Self::new(TraceCache::tuned(tuning))
    }

    fn counters(&self) -> CacheCounters {
        self.cache.counters
    }
}

/// Marks code and reads it, if it lies where it is said to.
fn read_marked<G: Guest>(guest: &G, spot: &Spot, bytes: &mut [u8]) -> Option<()> {
    match guest.memory(spot.at) {
        mem::Place::Ram { block, offset, .. }
            if spot.source == Some(Source { block: block.id(), offset }) =>
        {
            block.mark_code(offset, bytes.len() as u64);
            block.read_bytes(offset, bytes)
        }
        mem::Place::Rom { block, offset, .. } => block.read_bytes(offset, bytes),
        _ => None,
    }
}

/// Where the instruction at `address` lies, if its whole page is memory.
fn spot<G: Guest>(guest: &mut G, address: u64) -> Option<Spot> {
    let at = guest.code_physical(address)?;
    let whole = |left: u64| left >= PAGE_SIZE - at.0 % PAGE_SIZE;
    match guest.memory(at) {
        mem::Place::Ram { block, offset, left } if whole(left) => {
            Some(Spot { at, source: Some(Source { block: block.id(), offset }) })
        }
        mem::Place::Rom { left, .. } if whole(left) => Some(Spot { at, source: None }),
        _ => None,
    }
}
