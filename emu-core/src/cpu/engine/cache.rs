//! Where traces are kept.
//!
//! Memory is bounded: an arena of [`OPS`] operations (40 bytes and what the driver needs of each, 32 MB at the most). When
//! a trace does not fit any more, all are dropped and those in use are made again: their code is what runs now, which
//! is cheaper to find out so than by keeping an order of use.

use super::op::watched::Watcher;
use super::op::{Env, Family, Found, Handler, Op, Target, found_slot, go_on};
use super::tuning::Tuning;
use crate::addr::Physical;
use crate::cpu::probe::NoProbe;
use crate::mem::{BlockId, ByteOrder, CodeLine, GuestOrder, LINE_SIZE, PAGE_SIZE};
use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::fn_addr_eq;

/// Operations that the arena holds.
pub const OPS: usize = 1 << 18;

/// Instructions of a trace at the most.
pub const LONGEST: usize = 48;

/// Bytes of a trace at the most: [`Side::offset`] counts them.
pub const MOST_BYTES: u64 = 240;

/// How a translated instruction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At the next instruction.
    On,
    /// There, or at one fixed other place.
    Branch,
    /// Elsewhere, always.
    Away,
}

/// Where the bytes of an instruction hold a number that is among its operands ([`Target::put_number`]), and on which nothing
/// else depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// From the instruction's first byte.
    pub at: u8,
    /// 1, 2, 4 or 8.
    pub bytes: u8,
    /// Whether it is extended to 64 bits by its sign.
    pub signed: bool,
}

impl Number {
    fn range(self, instruction: u8) -> Range<usize> {
        let start = usize::from(instruction) + usize::from(self.at);
        start..start + usize::from(self.bytes)
    }

    /// The number that these bytes hold, in this order.
    pub(in crate::cpu) fn of(self, bytes: &[u8], order: ByteOrder) -> u64 {
        let push = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        let number = match order {
            ByteOrder::Little => bytes.iter().rev().fold(0, push),
            ByteOrder::Big => bytes.iter().fold(0, push),
        };
        let unused = 64 - 8 * u32::from(self.bytes);
        if self.signed { ((number << unused) as i64 >> unused) as u64 } else { number }
    }
}

/// A translated instruction.
pub struct Translated<F: Family, S> {
    pub handler: Handler<F>,
    pub operands: F::Operands,
    /// The checked backend's handler.
    pub checked: S,
    pub flow: Flow,
    pub length: u8,
    pub cycles: u16,
    pub number: Option<Number>,
}

/// Instructions of a trace in the making, and their bytes.
pub struct Fresh<F: Family, S> {
    pub code: Vec<Translated<F, S>>,
    pub bytes: Vec<u8>,
}

impl<F: Family, S> Default for Fresh<F, S> {
    fn default() -> Self {
        Self { code: Vec::new(), bytes: Vec::new() }
    }
}

impl<F: Family, S> Fresh<F, S> {
    pub fn clear(&mut self) {
        self.code.clear();
        self.bytes.clear();
    }
}

/// What the driver knows of an operation.
#[derive(Clone, Copy)]
pub(super) struct Side<S> {
    pub checked: S,
    pub trace: u32,
    /// Cycles and instructions of the trace before this operation.
    pub cycles: u16,
    pub count: u8,
    /// From the trace's address to the instruction's.
    pub offset: u8,
    pub number: Option<Number>,
}

/// By what a trace is found. The same bytes at two addresses are two traces, because branches know where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub address: u64,
    /// Number of the processor's mode; see [`TraceCache::set_mode`].
    pub mode: u32,
    /// The physical page.
    pub page: u64,
}

/// Where a trace's bytes lie in a block that may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub block: BlockId,
    pub offset: u64,
}

struct Trace {
    key: Key,
    header: u32,
    /// `None`: read-only memory.
    source: Option<Source>,
    /// Its bytes, in [`TraceCache::code`].
    bytes: Range<usize>,
    /// Its code has not been written over since.
    is_alive: bool,
    /// Operations that are linked to it.
    incoming: Vec<u32>,
}

/// What was done and found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    pub translated: u64,
    /// Instructions in them.
    pub instructions: u64,
    /// Because their code was written over.
    pub dropped: u64,
    /// Of these, made good again where they are.
    pub renewed: u64,
    /// Not dropped, since the store has changed no more than a number.
    pub amended: u64,
    /// All at once, for lack of room or because the map changed.
    pub flushes: u64,
    /// Times that the driver looked for a trace.
    pub sought: u64,
    /// Instructions that the checked backend executed for a trace.
    pub checked: u64,
    /// Instructions that were stepped outside of traces.
    pub stepped: u64,
}

/// The traces of one vCPU, whose modes are of type `M` and whose checked handlers are `S`. A probe of type `W` watches them.
pub struct TraceCache<F: Family, S, M, W = NoProbe> {
    pub(super) arena: Vec<Op<F>>,
    pub(super) side: Vec<Side<S>>,
    pub(super) env: Env<F>,
    traces: Vec<Trace>,
    /// The bytes that the traces are made of, one trace's behind the other's.
    code: Vec<u8>,
    by_key: FxHashMap<Key, u32>,
    by_page: FxHashMap<(BlockId, u64), Vec<u32>>,
    modes: Vec<(M, u32)>,
    mode: usize,
    mode_before: usize,
    last_tag: u32,
    capacity: usize,
    pub(super) tuning: Tuning,
    pub counters: CacheCounters,
    watched: PhantomData<fn(&mut W)>,
}

impl<F: Family, S: Copy, M: Copy + Eq, W: Watcher> Default for TraceCache<F, S, M, W> {
    fn default() -> Self {
        Self::with_capacity(OPS)
    }
}

impl<F: Family, S: Copy, M: Copy + Eq, W: Watcher> TraceCache<F, S, M, W> {
    /// Operations of an instruction: if it is watched, what tells of it stands before it.
    pub(super) const EACH: usize = if W::ACTIVE { 2 } else { 1 };

    /// Modes that are told apart before all is dropped.
    const MODES: usize = 256;

    /// A cache as large as a vCPU's, of an engine with this tuning.
    pub fn tuned(tuning: Tuning) -> Self {
        Self { tuning, ..Self::default() }
    }

    /// A cache for `capacity` operations, enough for one trace at the least.
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.max(2 * (LONGEST + 2));
        Self {
            arena: Vec::with_capacity(capacity),
            side: Vec::with_capacity(capacity),
            env: Env::new(),
            traces: Vec::new(),
            code: Vec::new(),
            by_key: FxHashMap::default(),
            by_page: FxHashMap::default(),
            modes: Vec::new(),
            mode: 0,
            mode_before: 0,
            last_tag: 0,
            capacity,
            tuning: Tuning::default(),
            counters: CacheCounters::default(),
            watched: PhantomData,
        }
    }

    /// Traces that are found by their address now.
    pub fn len(&self) -> usize {
        self.by_key.values().filter(|&&trace| self.traces[trace as usize].is_alive).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The processor is in `mode` from now on: all that decides what an instruction's bytes mean.
    pub fn set_mode(&mut self, mode: M) {
        let is_this = |(known, _): &(M, u32)| *known == mode;
        // Most changes lead back to where the last one came from.
        let was_before = self.modes.get(self.mode_before).is_some_and(is_this);
        let number = if was_before { Some(self.mode_before) } else { self.modes.iter().position(is_this) };
        self.mode_before = self.mode;
        self.mode = match number {
            Some(number) => number,
            None => {
                if self.modes.len() == Self::MODES {
                    self.drop_all();
                    self.modes.clear();
                }
                self.modes.push((mode, 0));
                self.modes.len() - 1
            }
        };
        self.take_tag();
    }

    /// Addresses may lie elsewhere from now on.
    pub fn forget_addresses(&mut self) {
        self.modes.iter_mut().for_each(|(_, tag)| *tag = 0);
        if self.mode < self.modes.len() {
            self.take_tag();
        }
    }

    fn take_tag(&mut self) {
        let tag = &mut self.modes[self.mode].1;
        if *tag == 0 {
            self.last_tag = self.last_tag.wrapping_add(1);
            if self.last_tag == 0 {
                self.env.found.fill(Found::NOTHING);
                self.last_tag = 1;
            }
            *tag = self.last_tag;
        }
        self.env.tag = *tag;
    }

    /// Where a trace for `address` would be kept in this mode.
    pub fn key(&self, address: u64, page: u64) -> Key {
        Key { address, mode: self.mode as u32, page }
    }

    /// The trace that a branch to `address` has found last.
    pub(super) fn recall(&self, address: u64) -> Option<u32> {
        let found = self.env.found[found_slot(address)];
        (found.address == address && found.tag == self.env.tag).then_some(found.header)
    }

    pub(super) fn find(&mut self, key: &Key) -> Option<u32> {
        let trace = &self.traces[*self.by_key.get(key)? as usize];
        if !trace.is_alive {
            return None;
        }
        let header = trace.header;
        self.remember(key.address, header);
        Some(header)
    }

    /// The number of a trace whose code was written over.
    pub(super) fn stale(&self, key: &Key) -> Option<usize> {
        let trace = *self.by_key.get(key)? as usize;
        (!self.traces[trace].is_alive).then_some(trace)
    }

    /// How many bytes a trace is made of.
    pub(super) fn length_of(&self, trace: usize) -> usize {
        self.traces[trace].bytes.len()
    }

    /// Makes a stale trace good again whose bytes are now `bytes`. `translate` is given the offset and the bytes of each
    /// instruction that is another one; a trace is good if all of these have the handlers that were there, and so differ in their
    /// operands alone. Gives its header; otherwise it can never be found again.
    pub(super) fn renew(
        &mut self,
        trace: usize,
        bytes: &[u8],
        mut translate: impl FnMut(u8, &[u8]) -> Option<Translated<F, S>>,
    ) -> Option<u32> {
        let Trace { key, header, bytes: ref kept, .. } = self.traces[trace];
        let first = header as usize + Self::EACH;
        for at in (0..usize::from(self.arena[header as usize].count)).map(|i| first + i * Self::EACH) {
            let (from, to) = (self.side[at].offset, self.side[at + 1].offset);
            let range = usize::from(from)..usize::from(to);
            if bytes[range.clone()] == self.code[kept.clone()][range.clone()] {
                continue;
            }
            let same = translate(from, &bytes[range])
                .filter(|one| fn_addr_eq(one.handler, self.arena[at].handler) && one.length == to - from);
            let Some(one) = same else {
                self.by_key.remove(&key);
                return None;
            };
            self.arena[at].operands = one.operands;
            if one.flow != Flow::On {
                // It may lead elsewhere now.
                self.arena[at].link = 0;
            }
            (self.side[at].checked, self.side[at].number) = (one.checked, one.number);
        }
        self.code[kept.clone()].copy_from_slice(bytes);
        self.traces[trace].is_alive = true;
        self.list(trace);
        self.remember(key.address, header);
        self.counters.renewed += 1;
        Some(header)
    }

    /// Makes a trace whose code was written over good again at once, if its bytes, which are now `bytes`, differ in one
    /// instruction's number alone. Gives whether they do.
    pub(super) fn amend(&mut self, trace: usize, bytes: &[u8]) -> bool {
        let Trace { header, bytes: ref kept, is_alive, .. } = self.traces[trace];
        if !is_alive {
            return false;
        }
        let kept = &mut self.code[kept.clone()];
        let Some(changed) = difference(kept, bytes) else { return true };
        let first = header as usize + Self::EACH;
        let mut instructions = (first..).step_by(Self::EACH);
        let at = instructions.find(|&at| usize::from(self.side[at + 1].offset) > changed.start);
        let at = at.expect("the last operation lies behind all bytes");
        let Side { offset, number: Some(number), .. } = self.side[at] else { return false };
        let place = number.range(offset);
        if changed.start < place.start || place.end < changed.end {
            return false;
        }
        self.arena[at].operands.put_number(number.of(&bytes[place], F::Order::ORDER));
        kept.copy_from_slice(bytes);
        self.counters.amended += 1;
        true
    }

    /// Puts the traces that are made from a line into `found`.
    pub(super) fn made_from(&self, line: CodeLine, found: &mut Vec<u32>) {
        found.clear();
        let start = line.line * LINE_SIZE;
        let Some(here) = self.by_page.get(&(line.block, start / PAGE_SIZE)) else { return };
        found.extend(here.iter().filter(|&&trace| {
            let Trace { source, bytes, .. } = &self.traces[trace as usize];
            let Source { offset, .. } = source.expect("read-only code has no page here");
            offset < start + LINE_SIZE && start < offset + bytes.len() as u64
        }));
    }

    /// Where the bytes of a trace lie that is made from memory which may be written. The address is another one if the block is
    /// mapped so that its pages are not the guest's.
    pub(super) fn place_of(&self, trace: usize) -> (Physical, Source) {
        let Trace { key, source, .. } = &self.traces[trace];
        let source = source.expect("it was found by its memory");
        (Physical(key.page * PAGE_SIZE + source.offset % PAGE_SIZE), source)
    }

    /// Lists a trace with its page's.
    fn list(&mut self, trace: usize) {
        if let Some(Source { block, offset }) = self.traces[trace].source {
            self.by_page.entry((block, offset / PAGE_SIZE)).or_default().push(trace as u32);
        }
    }

    fn remember(&mut self, address: u64, header: u32) {
        if self.tuning.targets {
            self.env.found[found_slot(address)] = Found { address, tag: self.env.tag, header };
        }
    }

    /// Keeps a trace, which is not empty. `on` is the address behind it.
    pub(super) fn add(&mut self, key: Key, source: Option<Source>, fresh: &Fresh<F, S>, on: u64) -> u32 {
        let code = &fresh.code;
        if self.arena.len() + Self::EACH * code.len() + 2 > self.capacity {
            self.drop_all();
        }
        let (trace, header) = (self.traces.len() as u32, self.arena.len() as u32);
        let bytes: u64 = code.iter().map(|one| u64::from(one.length)).sum();
        let cycles: u16 = code.iter().map(|one| one.cycles).sum();
        let first = Side { checked: code[0].checked, trace, cycles: 0, count: 0, offset: 0, number: None };
        self.push(
            Op {
                operands: F::Operands::of(key.address),
                link: bytes as i32,
                cost: cycles,
                count: code.len() as u8,
                ..Op::blank()
            },
            first,
        );
        let mut side = first;
        let place = |cache: &Self| (cache.arena.len() - header as usize) as u8;
        for (i, one) in code.iter().enumerate() {
            (side.checked, side.number) = (one.checked, one.number);
            if W::ACTIVE {
                let operands = F::Operands::of(key.address.wrapping_add(side.offset.into()));
                let (cost, place) = (cycles - side.cycles, place(self));
                self.push(Op { handler: F::telling(W::TELLS), operands, cost, place, ..Op::blank() }, side);
            }
            let (cost, count) = (cycles - side.cycles - one.cycles, (code.len() - i - 1) as u8);
            let link = if one.flow == Flow::On { i32::from(side.offset + one.length) } else { 0 };
            let op =
                Op { handler: one.handler, operands: one.operands, link, cost, count, place: place(self) };
            self.push(op, side);
            side.cycles += one.cycles;
            side.count += 1;
            side.offset += one.length;
        }
        let place = place(self);
        self.push(Op { handler: go_on::<F>, operands: F::Operands::of(on), place, ..Op::blank() }, side);
        let bytes = self.code.len()..self.code.len() + fresh.bytes.len();
        self.code.extend_from_slice(&fresh.bytes);
        self.traces.push(Trace { key, header, source, bytes, is_alive: true, incoming: Vec::new() });
        self.by_key.insert(key, trace);
        self.list(trace as usize);
        self.remember(key.address, header);
        self.counters.translated += 1;
        self.counters.instructions += code.len() as u64;
        header
    }

    fn push(&mut self, op: Op<F>, side: Side<S>) {
        self.arena.push(op);
        self.side.push(side);
    }

    /// Lets the branch at `from` lead straight to the trace at `header`.
    pub(super) fn link(&mut self, from: usize, header: u32) {
        self.arena[from].link = header as i32 - from as i32;
        let trace = self.side[header as usize].trace as usize;
        self.traces[trace].incoming.push(from as u32);
    }

    /// Whether the trace that the operation `at` belongs to may still be executed.
    pub(super) fn is_alive(&self, at: usize) -> bool {
        self.traces[self.side[at].trace as usize].is_alive
    }

    /// Drops a trace whose code was written over.
    pub(super) fn drop_trace(&mut self, number: usize) {
        let trace = &mut self.traces[number];
        if !std::mem::take(&mut trace.is_alive) {
            return;
        }
        for from in std::mem::take(&mut trace.incoming) {
            self.arena[from as usize].link = 0;
        }
        if let Some(Source { block, offset }) = trace.source
            && let Some(here) = self.by_page.get_mut(&(block, offset / PAGE_SIZE))
        {
            here.retain(|&listed| listed as usize != number);
        }
        let found = &mut self.env.found[found_slot(trace.key.address)];
        if found.header == trace.header {
            *found = Found::NOTHING;
        }
        self.counters.dropped += 1;
    }

    /// Drops every trace.
    pub fn drop_all(&mut self) {
        self.arena.clear();
        self.side.clear();
        self.traces.clear();
        self.code.clear();
        self.by_key.clear();
        self.by_page.clear();
        self.env.found.fill(Found::NOTHING);
        self.counters.flushes += 1;
    }
}

/// From the first byte that differs to behind the last one; `None` if all are alike. There are as many of both.
fn difference(old: &[u8], new: &[u8]) -> Option<Range<usize>> {
    let differs = |(old, new): (&u8, &u8)| old != new;
    let first = old.iter().zip(new).position(differs)?;
    let last = old.iter().zip(new).rposition(differs)?;
    Some(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::super::op::watched::{self, Tells};
    use super::super::op::{Handler, for_checked};
    use super::*;
    use crate::cpu::describe::CodeAddress;
    use crate::mem::{ByteOrder, LittleGuest, NodeId, RamBlock};

    enum Toy {}

    #[derive(Clone, Copy)]
    struct Address(u64);

    impl Target for Address {
        fn of(address: u64) -> Self {
            Self(address)
        }

        fn address(&self) -> u64 {
            self.0
        }

        fn put_number(&mut self, number: u64) {
            self.0 = number;
        }
    }

    impl Family for Toy {
        type State = ();
        type Operands = Address;
        type Order = LittleGuest;

        fn code_address((): &(), offset: u64) -> CodeAddress {
            CodeAddress { segment: None, offset, linear: offset }
        }

        fn telling(whom: Tells) -> Handler<Self> {
            watched::telling(whom)
        }
    }

    type Cache = TraceCache<Toy, (), u8>;

    /// Keeps a trace of `instructions`, each of a byte, at an address.
    fn keep(cache: &mut Cache, address: u64, instructions: usize) -> u32 {
        let one = || Translated {
            handler: for_checked::<Toy>(),
            operands: Address(0),
            checked: (),
            flow: Flow::On,
            length: 1,
            cycles: 1,
            number: None,
        };
        let code = std::iter::repeat_with(one).take(instructions).collect();
        let key = cache.key(address, address / PAGE_SIZE);
        cache.add(key, None, &Fresh { code, bytes: vec![0; instructions] }, address + instructions as u64)
    }

    fn cache(capacity: usize) -> Cache {
        let mut cache = Cache::with_capacity(capacity);
        cache.set_mode(0);
        cache
    }

    #[test]
    fn what_does_not_fit_drops_everything_and_fits_then() {
        let capacity = 1000;
        let mut cache = cache(capacity);
        for number in 0..500 {
            let (address, before) = (number * 64, cache.len());
            let flushes = cache.counters.flushes;
            let header = keep(&mut cache, address, 10);
            assert!(cache.arena.len() <= capacity && cache.side.len() == cache.arena.len());
            let flushed = cache.counters.flushes != flushes;
            assert_eq!(cache.len(), if flushed { 1 } else { before + 1 });
            assert_eq!(cache.recall(address), Some(header));
            assert_eq!(cache.find(&cache.key(address, address / PAGE_SIZE)), Some(header));
        }
        // Each takes its header, ten operations and the one that goes on.
        assert_eq!(cache.counters.flushes, 500 / (1000 / 12));
    }

    #[test]
    fn a_mode_and_a_change_of_addresses_have_targets_of_their_own() {
        let mut cache = cache(1000);
        let first = keep(&mut cache, 0x100, 3);
        cache.set_mode(1);
        assert_eq!(cache.recall(0x100), None);
        let second = keep(&mut cache, 0x100, 4);
        cache.set_mode(0);
        assert_eq!(cache.find(&cache.key(0x100, 0)), Some(first));
        cache.set_mode(1);
        assert_eq!(cache.find(&cache.key(0x100, 0)), Some(second));
        assert_eq!(cache.recall(0x100), Some(second));
        cache.forget_addresses();
        assert_eq!(cache.recall(0x100), None);
        assert_eq!(cache.find(&cache.key(0x100, 0)), Some(second));
    }

    /// Keeps a trace of two instructions of two bytes each at address 40h of a block, and has its code written over.
    fn stale(cache: &mut Cache) -> (Key, u32) {
        let block = RamBlock::new(PAGE_SIZE, ByteOrder::Little, NodeId::default()).expect("memory").id();
        let one = || Translated {
            handler: for_checked::<Toy>(),
            operands: Address(7),
            checked: (),
            flow: Flow::On,
            length: 2,
            cycles: 1,
            number: None,
        };
        let key = cache.key(0x40, 0);
        let fresh = Fresh { code: vec![one(), one()], bytes: vec![1, 2, 3, 4] };
        let header = cache.add(key, Some(Source { block, offset: 0x40 }), &fresh, 0x44);
        cache.drop_trace(0);
        assert_eq!((cache.find(&key), cache.recall(0x40)), (None, None));
        (key, header)
    }

    #[test]
    fn patched_code_is_made_good_where_it_is() {
        let mut cache = cache(1000);
        let (key, header) = stale(&mut cache);
        let trace = cache.stale(&key).expect("it was written over");
        let renewed = cache.renew(trace, &[1, 2, 3, 9], |offset, bytes| {
            assert_eq!((offset, bytes), (2, &[3, 9][..]));
            Some(Translated {
                handler: for_checked::<Toy>(),
                operands: Address(9),
                checked: (),
                flow: Flow::On,
                length: 2,
                cycles: 1,
                number: None,
            })
        });
        assert_eq!((renewed, cache.find(&key)), (Some(header), Some(header)));
        let operands = |place: u32| cache.arena[(header + place) as usize].operands.0;
        assert_eq!((operands(1), operands(2)), (7, 9));
    }

    #[test]
    fn a_number_is_read_in_its_order_and_with_its_sign() {
        let number = |bytes, signed| Number { at: 0, bytes, signed };
        for (number, bytes, little, big) in [
            (number(1, false), &[0x81][..], 0x81, 0x81),
            (number(1, true), &[0x81], -0x7F_i64 as u64, -0x7F_i64 as u64),
            (number(2, true), &[0x12, 0x83], -0x7CEE_i64 as u64, 0x1283),
            (number(4, false), &[1, 2, 3, 0x84], 0x8403_0201, 0x0102_0384),
            (number(8, false), &[1, 2, 3, 4, 5, 6, 7, 8], 0x0807_0605_0403_0201, 0x0102_0304_0506_0708),
        ] {
            assert_eq!(number.of(bytes, ByteOrder::Little), little);
            assert_eq!(number.of(bytes, ByteOrder::Big), big);
        }
    }

    #[test]
    fn a_trace_is_amended_where_no_more_than_a_number_was_written() {
        let mut cache = cache(1000);
        let one = |number| Translated {
            handler: for_checked::<Toy>(),
            operands: Address(7),
            checked: (),
            flow: Flow::On,
            length: 3,
            cycles: 1,
            number,
        };
        let number = Number { at: 1, bytes: 2, signed: false };
        let key = cache.key(0x40, 0);
        let fresh = Fresh { code: vec![one(None), one(Some(number))], bytes: vec![1, 2, 3, 4, 5, 6] };
        let header = cache.add(key, None, &fresh, 0x46);
        let operands = |cache: &Cache, place: u32| cache.arena[(header + place) as usize].operands.0;
        for refused in [[1, 2, 9, 4, 5, 6], [1, 2, 3, 9, 5, 6], [1, 2, 9, 4, 9, 6]] {
            assert!(!cache.amend(0, &refused), "{refused:?}");
        }
        assert_eq!((operands(&cache, 1), operands(&cache, 2), cache.counters.amended), (7, 7, 0));
        // What was written over with itself, and then one byte and both of the number.
        for (bytes, number) in
            [([1, 2, 3, 4, 5, 6], 7), ([1, 2, 3, 4, 5, 8], 0x0805), ([1, 2, 3, 4, 9, 6], 0x0609)]
        {
            assert!(cache.amend(0, &bytes), "{bytes:?}");
            assert_eq!((operands(&cache, 1), operands(&cache, 2)), (7, number));
        }
        cache.drop_trace(0);
        assert!(!cache.amend(0, &[1, 2, 3, 4, 5, 6]), "it was dropped");
    }

    #[test]
    fn a_patched_branch_is_linked_to_nothing() {
        let mut cache = cache(1000);
        let (key, header) = stale(&mut cache);
        let elsewhere = keep(&mut cache, 0x80, 1);
        let branch = header as usize + 2;
        cache.link(branch, elsewhere);
        let trace = cache.stale(&key).expect("it was written over");
        cache.renew(trace, &[1, 2, 3, 9], |_, _| {
            let handler = for_checked::<Toy>();
            Some(Translated {
                handler,
                operands: Address(9),
                checked: (),
                flow: Flow::Branch,
                length: 2,
                cycles: 1,
                number: None,
            })
        });
        assert_eq!(cache.arena[branch].link, 0);
    }

    #[test]
    fn code_that_was_written_over_with_itself_needs_no_translation() {
        let mut cache = cache(1000);
        let (key, header) = stale(&mut cache);
        let trace = cache.stale(&key).expect("it was written over");
        assert_eq!(cache.renew(trace, &[1, 2, 3, 4], |_, _| unreachable!("nothing differs")), Some(header));
    }

    #[test]
    fn code_of_another_shape_is_never_found_again() {
        let mut cache = cache(1000);
        let (key, _) = stale(&mut cache);
        let trace = cache.stale(&key).expect("it was written over");
        assert_eq!(cache.renew(trace, &[8, 8, 3, 4], |_, _| None), None);
        assert_eq!((cache.find(&key), cache.stale(&key)), (None, None));
    }

    #[test]
    fn the_memory_of_a_cache_is_bounded() {
        let one = size_of::<Op<Toy>>().max(40) + size_of::<Side<usize>>().max(24);
        assert!(OPS * one < 32 << 20, "{} bytes", OPS * one);
    }
}
