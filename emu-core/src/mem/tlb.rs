//! A vCPU's software TLB: from a linear address to host memory by one compare and one XOR.
//!
//! An entry maps one guest page and is found by the page of an access's **first** byte; its tag must be the page of the
//! **last** byte. So one compare covers the miss, the page crossing (a neighbour never shares a slot) and, because reads,
//! writes and fetches have tables of their own, the permission. An empty tag is a value that no page has.
//!
//! The host address of a scalar of N bytes at G is `G ^ xor`; in a block stored backwards, where the low bits of
//! `xor` are ones, `(G ^ xor) - (N - 1)`.
//!
//! What keeps it sound: an entry's pointer is made by [`RamBlock::host_page`] for one whole page, the block it points
//! into is kept alive in [`Tlb::blocks`] for as long as an entry may point there, and an access that hits lies whole
//! within that page.

use super::host::{Raw, Scalar};
use super::mailbox::{CodeLine, Mailbox, Notice};
use super::ram::{BlockId, RamBlock};
use super::{GuestOrder, LINE_SIZE, LittleGuest, PAGE_BITS, PAGE_SIZE};
use crate::addr::{Linear, Physical};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::marker::PhantomData;
use std::sync::Arc;

/// Entries of one table; a power of two, and more than one, so that neighbouring pages have slots of their own.
/// 1024 pages map 4 MiB: all of an 8086's, and the working set of most 32-bit guests.
pub const TLB_ENTRIES: usize = 1024;

const _: () = assert!(TLB_ENTRIES.is_power_of_two() && TLB_ENTRIES > 1);
const _: () =
    assert!(size_of::<usize>() == size_of::<u64>(), "guest addresses are mapped into a 64-bit host's");

/// One table for each kind of access.
const TABLES: usize = Table::ALL.len();
/// How many filled entries are listed at the most.
const FEW: usize = 512;

const _: () = assert!(2 * TABLES * TLB_ENTRIES <= 1 << 16, "an entry is named by 16 bits");

/// What an access is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Table {
    Read,
    Write,
    Fetch,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Fetch];
}

/// With whose rights an access is made. A processor without such a notion is always [`Self::Supervisor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Privilege {
    User,
    Supervisor,
}

impl Privilege {
    pub const ALL: [Self; 2] = [Self::User, Self::Supervisor];
}

/// How often one table could not answer, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCounters {
    /// The page had no entry and got one.
    pub fills: u64,
    /// The access crossed from one page into the next.
    pub crossings: u64,
    /// The page has code, so that each store must be seen.
    pub guarded: u64,
    /// No memory that an entry could map: devices, holes, memory that ends within the page.
    pub unmapped: u64,
}

impl TableCounters {
    /// Accesses that took the slow path.
    pub fn misses(&self) -> u64 {
        self.fills + self.crossings + self.guarded + self.unmapped
    }

    /// The share of `accesses` that were hits, from 0 to 1; 1 if there were none. The accesses are counted by the
    /// processor, which knows how many its instructions make, so that a hit costs no counting.
    pub fn hit_rate(&self, accesses: u64) -> f64 {
        if accesses == 0 { 1.0 } else { accesses.saturating_sub(self.misses()) as f64 / accesses as f64 }
    }
}

/// What a [`Tlb`] has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlbCounters {
    pub read: TableCounters,
    pub write: TableCounters,
    pub fetch: TableCounters,
}

impl TlbCounters {
    pub fn table(&mut self, table: Table) -> &mut TableCounters {
        match table {
            Table::Read => &mut self.read,
            Table::Write => &mut self.write,
            Table::Fetch => &mut self.fetch,
        }
    }
}

/// What a vCPU must act on after [`Tlb::honour`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Traces made from these lines are stale.
    pub code: SmallVec<[CodeLine; 2]>,
    /// All traces are stale, and nothing known of addresses holds: the map changed, or too much happened to list.
    pub everything: bool,
}

impl Changes {
    /// How many lines are listed before all count as changed.
    const LIMIT: usize = 4096;

    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.everything && self.code.is_empty()
    }

    /// Adds what came after. Bounded, also when nobody takes what is collected.
    pub fn add(&mut self, later: Self) {
        self.everything |= later.everything || self.code.len() + later.code.len() > Self::LIMIT;
        if self.everything {
            self.code.clear();
        } else {
            self.code.extend(later.code);
        }
    }
}

#[derive(Clone, Copy)]
struct Entry {
    /// The address of the page, or [`EMPTY`].
    tag: u64,
    /// The XOR of guest and host addresses; a pointer so that it carries the right to the block's memory.
    xor: *mut u8,
}

/// A tag that no page has: pages start at multiples of [`PAGE_SIZE`].
const EMPTY: u64 = u64::MAX;
/// Added to the tag of a page whose stores must be seen: no access hits, but where the page lies need not be found again.
const GUARDED: u64 = 1;
const EMPTY_ENTRY: Entry = Entry { tag: EMPTY, xor: std::ptr::null_mut() };

impl Entry {
    /// The lowest host byte of `bytes` at a guest address, if they lie whole within the entry's page.
    #[inline(always)]
    fn host(self, at: u64, bytes: u64, backwards: bool) -> Option<*mut u8> {
        if self.tag != page_of(at.wrapping_add(bytes - 1)) {
            return None;
        }
        let host = self.xor.map_addr(|xor| xor ^ at as usize);
        Some(if backwards { host.wrapping_sub(bytes as usize - 1) } else { host })
    }

    /// Maps a guest's page to a host's.
    fn new(page: u64, host: *mut u8, backwards: bool) -> Self {
        let turn = if backwards { PAGE_SIZE - 1 } else { 0 };
        Self { tag: page, xor: host.map_addr(|host| host ^ (page | turn) as usize) }
    }
}

/// Words of [`Tlb::fetched`].
const FETCHED: usize = TLB_ENTRIES.div_ceil(64);
/// Entries for pages that the paging unit's tables lie in.
const WALKS: usize = 64;

/// Bytes that are copied at once.
const WORD: usize = 8;

type Entries = [Entry; TLB_ENTRIES];
/// The physical pages of [`Entries`], apart from them because accesses that hit don't look at them.
type Frames = [u64; TLB_ENTRIES];

/// The part of a [`Tlb`] that serves accesses of one [`Privilege`]: what an engine's handlers look into.
pub struct Ways<O: GuestOrder> {
    /// By [`Table`], by page.
    tables: [Entries; 3],
    frames: [Frames; 3],
    order: PhantomData<O>,
}

/// A scalar in guest memory that may be changed, until the TLB is next changed.
#[derive(Clone, Copy)]
pub struct Opened<'a, T> {
    host: *mut u8,
    lives: PhantomData<(&'a (), T)>,
}

impl<T: Scalar> Opened<'_, T> {
    #[inline(always)]
    pub fn set(self, value: T) {
        // SAFETY: `Ways::open` vouches for the scalar's bytes for as long as the borrow lasts.
        unsafe { T::store(self.host, value) };
    }

    /// Writes `new` where `old` is, if it still is there, as one access that no other processor comes between and that
    /// orders all others of this one.
    ///
    /// # Errors
    /// With what is there instead.
    #[inline(always)]
    pub fn exchange(self, old: T, new: T) -> Result<(), T> {
        // SAFETY: as for `set`.
        unsafe { T::exchange(self.host, old, new) }
    }
}

impl<O: GuestOrder> Ways<O> {
    const BACKWARDS: bool = O::ORDER.is_backwards();

    /// Reads data; `None` is a miss.
    #[inline(always)]
    pub fn read<T: Scalar>(&self, at: Linear) -> Option<T> {
        self.load(Table::Read, at)
    }

    /// Writes data; `None` is a miss, and nothing was written.
    #[inline(always)]
    pub fn write<T: Scalar>(&self, at: Linear, value: T) -> Option<()> {
        let host = self.host::<T>(Table::Write, at)?;
        // SAFETY: `host` vouches for the scalar's bytes.
        unsafe { T::store(host, value) };
        Some(())
    }

    /// Reads data that is about to be changed; `None` is a miss.
    #[inline(always)]
    pub fn open<T: Scalar>(&self, at: Linear) -> Option<(Opened<'_, T>, T)> {
        let host = self.host::<T>(Table::Write, at)?;
        // SAFETY: as for `write`.
        let value = unsafe { T::load(host) };
        Some((Opened { host, lives: PhantomData }, value))
    }

    /// Where the page around an address lies, of accesses that hit.
    #[inline(always)]
    pub fn place_of_hit(&self, table: Table, at: Linear) -> Physical {
        Physical(self.frames[table as usize][slot(at)] | (at.0 & (PAGE_SIZE - 1)))
    }

    /// Copies `times` scalars, each behind the one before and all of them in one page here and one there, in that order: where
    /// they overlap, what was copied is copied again. `None` is a miss, and nothing was copied.
    pub fn copy<T: Scalar>(&self, from: Linear, to: Linear, times: u64) -> Option<()> {
        let bytes = times * T::BYTES;
        let from = self.run(Table::Read, from, bytes)?;
        let to = self.run(Table::Write, to, bytes)?;
        // Where the target begins less than a word behind the source, a word would hold what is yet to be copied.
        let overlaps = (1..WORD).contains(&to.addr().wrapping_sub(from.addr()));
        let words = if overlaps { 0 } else { bytes as usize / WORD };
        for at in (0..words * WORD).step_by(WORD) {
            // SAFETY: `run` vouches for the bytes of both, and this word is among them.
            unsafe { u64::store(to.add(at), u64::load(from.add(at))) };
        }
        for at in (words * WORD..bytes as usize).step_by(T::BYTES as usize) {
            // SAFETY: as above, of a scalar; their number is a multiple of a word's or all of them are left.
            unsafe { T::store(to.add(at), T::load(from.add(at))) };
        }
        Some(())
    }

    /// Writes a scalar `times` times, each behind the one before and all in one page. `None` is a miss, and nothing was
    /// written.
    pub fn fill<T: Scalar>(&self, to: Linear, value: T, times: u64) -> Option<()> {
        let bytes = times * T::BYTES;
        let to = self.run(Table::Write, to, bytes)?;
        let words = bytes as usize / WORD;
        let bits = T::BYTES as u32 * 8;
        let word = (0..64 / bits).fold(0, |word, i| word | value.into() << (i * bits));
        for at in (0..words * WORD).step_by(WORD) {
            // SAFETY: `run` vouches for the bytes, and this word is among them.
            unsafe { u64::store(to.add(at), word) };
        }
        for at in (words * WORD..bytes as usize).step_by(T::BYTES as usize) {
            // SAFETY: as above, of a scalar.
            unsafe { T::store(to.add(at), value) };
        }
        Some(())
    }

    /// Reads scalars, each behind the one before and all of them in one page; `None` is a miss.
    #[inline(always)]
    pub fn read_all<T: Scalar, const N: usize>(&self, at: Linear) -> Option<[T; N]> {
        let host = self.run(Table::Read, at, N as u64 * T::BYTES)?;
        // SAFETY: `run` vouches for the bytes of all.
        Some(std::array::from_fn(|i| unsafe { T::load(host.add(i * T::BYTES as usize)) }))
    }

    /// Writes scalars, each behind the one before and all of them in one page; `None` is a miss, and nothing was written.
    #[inline(always)]
    pub fn write_all<T: Scalar, const N: usize>(&self, at: Linear, values: [T; N]) -> Option<()> {
        let host = self.run(Table::Write, at, N as u64 * T::BYTES)?;
        for (i, value) in values.into_iter().enumerate() {
            // SAFETY: as for `read_all`.
            unsafe { T::store(host.add(i * T::BYTES as usize), value) };
        }
        Some(())
    }

    /// The host's address of `bytes` within one page, at least one. Only where the host's bytes lie as the guest's: whoever runs a
    /// guest of the other byte order goes scalar by scalar.
    #[inline(always)]
    fn run(&self, table: Table, at: Linear, bytes: u64) -> Option<*mut u8> {
        if Self::BACKWARDS || bytes > PAGE_SIZE - at.0 % PAGE_SIZE {
            return None;
        }
        self.host_bytes(table, at, bytes)
    }

    #[inline(always)]
    fn load<T: Scalar>(&self, table: Table, at: Linear) -> Option<T> {
        let host = self.host::<T>(table, at)?;
        // SAFETY: `host` vouches for the scalar's bytes.
        Some(unsafe { T::load(host) })
    }

    /// The lowest host byte of a scalar that lies whole within a mapped page. The pointer is good for that scalar until
    /// the TLB is next changed, which needs it mutably.
    #[inline(always)]
    fn host<T: Scalar>(&self, table: Table, at: Linear) -> Option<*mut u8> {
        self.host_bytes(table, at, T::BYTES)
    }

    /// As [`Self::host`], of so many bytes.
    #[inline(always)]
    fn host_bytes(&self, table: Table, at: Linear, bytes: u64) -> Option<*mut u8> {
        let entry = self.tables[table as usize][slot(at)];
        entry.host(at.0, bytes, Self::BACKWARDS)
    }
}

impl Ways<LittleGuest> {
    /// Reads 16 bytes, as two accesses; `None` is a miss.
    #[inline(always)]
    pub fn read_block(&self, at: Linear) -> Option<u128> {
        let host = self.host_bytes(Table::Read, at, 16)?;
        // SAFETY: `host_bytes` vouches for 16 bytes from there on, as `host` does for a scalar's.
        let (low, high) = unsafe { (u64::load(host), u64::load(host.add(8))) };
        Some(u128::from(high) << 64 | u128::from(low))
    }

    /// Writes 16 bytes, as two accesses; `None` is a miss, and nothing was written.
    #[inline(always)]
    pub fn write_block(&self, at: Linear, value: u128) -> Option<()> {
        let host = self.host_bytes(Table::Write, at, 16)?;
        // SAFETY: as for `read_block`.
        unsafe {
            u64::store(host, value as u64);
            u64::store(host.add(8), (value >> 64) as u64);
        }
        Some(())
    }
}

/// The software TLB of one vCPU of byte order `O`. Answers for RAM and ROM only; everything else is a miss, for the
/// caller to take to [`super::PhysMem`] or the bus.
pub struct Tlb<O: GuestOrder = LittleGuest> {
    /// By [`Privilege`].
    ways: Box<[Ways<O>; 2]>,
    /// The entries that may not be empty, by way, table and slot, as long as they are few: forgetting everything, which
    /// guests do at each change of address space, need not touch the others then.
    filled: Vec<u16>,
    /// What [`Self::read_table`] knows, by physical page.
    walks: [Entry; WALKS],
    /// Every block that an entry may point into.
    blocks: Vec<Arc<RamBlock>>,
    mailbox: Arc<Mailbox>,
    counters: TlbCounters,
    /// How often entries for fetching were dropped.
    generation: u64,
    /// A bit for each slot in which a page was entered for fetching since everything was forgotten, whose entry may have given
    /// way to another.
    fetched: [u64; FETCHED],
    /// Code that this vCPU has decoded and another may still change unseen.
    doubts: Vec<Doubt>,
}

/// Code as it was decoded.
struct Doubt {
    block: Arc<RamBlock>,
    offset: u64,
    bytes: Box<[u8]>,
}

impl Doubt {
    fn is_unchanged(&self) -> bool {
        let mut now = [0; Self::MOST];
        let now = &mut now[..self.bytes.len()];
        self.block.read_bytes(self.offset, now).is_some() && *now == *self.bytes
    }

    /// Bytes of a piece of code at the most.
    const MOST: usize = 256;
}

// SAFETY: the pointers lead into blocks that the TLB owns shares of, and those may be used from any thread.
unsafe impl<O: GuestOrder> Send for Tlb<O> {}

impl<O: GuestOrder> Drop for Tlb<O> {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

impl<O: GuestOrder> Default for Tlb<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: GuestOrder> Tlb<O> {
    const BACKWARDS: bool = Ways::<O>::BACKWARDS;

    /// An empty TLB with a mailbox of its own.
    pub fn new() -> Self {
        let empty = || Ways {
            tables: [[EMPTY_ENTRY; TLB_ENTRIES]; 3],
            frames: [[0; TLB_ENTRIES]; 3],
            order: PhantomData,
        };
        let ways: Box<[Ways<O>]> = std::iter::repeat_with(empty).take(2).collect();
        let Ok(ways) = ways.try_into() else { unreachable!("two were made") };
        Self {
            ways,
            filled: Vec::with_capacity(FEW),
            walks: [EMPTY_ENTRY; WALKS],
            blocks: Vec::new(),
            mailbox: Arc::default(),
            counters: TlbCounters::default(),
            generation: 0,
            fetched: [0; FETCHED],
            doubts: Vec::new(),
        }
    }

    /// Says that this vCPU begins to work or has ended it. While it does not work, nobody waits for it to see what was
    /// posted; where something was, it begins without the right to store unseen.
    pub fn set_working(&mut self, working: bool) {
        self.mailbox.set_working(working);
        if working && self.mailbox.is_waiting() {
            self.flush_table(Table::Write);
        }
    }

    /// Pieces of code that are in doubt at the most; each is compared whenever the vCPU honours its notices.
    const MOST_DOUBTS: usize = 64;

    /// `bytes` were read from `offset` of a block after that was marked as code: [`Self::honour`] tells of their change, also
    /// while another vCPU may still store there unseen. Gives whether there is room for that.
    pub fn doubt(&mut self, block: &Arc<RamBlock>, offset: u64, bytes: &[u8]) -> bool {
        if block.is_seen(&self.mailbox) {
            return true;
        }
        let room = self.doubts.len() < Self::MOST_DOUBTS && bytes.len() <= Doubt::MOST;
        if room {
            self.doubts.push(Doubt { block: Arc::clone(block), offset, bytes: bytes.into() });
        }
        room
    }

    /// Adds what has become of doubtful code to the changes. A doubt ends when the code was changed, or when every other
    /// vCPU had seen that it is code before it was found unchanged.
    fn settle_doubts(&mut self, changes: &mut Changes) {
        let mailbox = &self.mailbox;
        self.doubts.retain(|doubt| {
            let seen = doubt.block.is_seen(mailbox);
            let unchanged = doubt.is_unchanged();
            if !unchanged {
                let lines =
                    doubt.offset / LINE_SIZE..(doubt.offset + doubt.bytes.len() as u64).div_ceil(LINE_SIZE);
                changes.code.extend(lines.map(|line| CodeLine { block: doubt.block.id(), line }));
            }
            unchanged && !seen
        });
    }

    /// Where this vCPU is told of changes; see [`super::PhysMem::attach`].
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    pub fn counters(&self) -> TlbCounters {
        self.counters
    }

    /// Reads data; `None` is a miss.
    #[inline(always)]
    pub fn read<T: Scalar>(&self, privilege: Privilege, at: Linear) -> Option<T> {
        self.ways(privilege).read(at)
    }

    /// Reads code; `None` is a miss.
    #[inline(always)]
    pub fn fetch<T: Scalar>(&self, privilege: Privilege, at: Linear) -> Option<T> {
        self.ways(privilege).load(Table::Fetch, at)
    }

    /// Writes data; `None` is a miss, and nothing was written.
    #[inline(always)]
    pub fn write<T: Scalar>(&self, privilege: Privilege, at: Linear, value: T) -> Option<()> {
        self.ways(privilege).write(at, value)
    }

    /// What serves one kind of access.
    #[inline(always)]
    pub fn ways(&self, privilege: Privilege) -> &Ways<O> {
        &self.ways[privilege as usize]
    }

    /// Changes whenever an entry for fetching may have been dropped: what was looked up before may mean another address.
    #[inline(always)]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entries> {
        self.ways.iter_mut().flat_map(|ways| &mut ways.tables)
    }

    /// The physical address of an access that would hit, or does not because its page is guarded; `None` is a miss.
    #[inline]
    pub fn physical(&self, table: Table, privilege: Privilege, at: Linear, bytes: u64) -> Option<Physical> {
        let ways = self.ways(privilege);
        let tag = ways.tables[table as usize][slot(at)].tag;
        let is_known = tag & !GUARDED == page_of(at.0.wrapping_add(bytes - 1));
        is_known.then(|| ways.place_of_hit(table, at))
    }

    /// Whether an access of `bytes` at `at` crosses into the next page, which no entry serves. Counts it if so.
    pub(super) fn crosses(&mut self, table: Table, at: Linear, bytes: u64) -> bool {
        let crosses = page_of(at.0) != page_of(at.0.wrapping_add(bytes - 1));
        self.counters.table(table).crossings += u64::from(crosses);
        crosses
    }

    /// Counts an access that no entry can serve, and remembers where its page lies, so that this need not be found again.
    pub(super) fn refuse(&mut self, table: Table, privilege: Privilege, at: Linear, physical: Physical) {
        self.counters.table(table).unmapped += 1;
        self.know(table, privilege, at, physical);
    }

    /// Whether a page that was entered as guarded still is one, so that entering it again would change nothing. Counts the
    /// store that was refused for it.
    pub(super) fn is_still_guarded(
        &mut self,
        privilege: Privilege,
        at: Linear,
        bytes: u64,
        block: &RamBlock,
        offset: u64,
    ) -> bool {
        let is_known = self.physical(Table::Write, privilege, at, bytes).is_some();
        let still = is_known && block.is_guarded(offset);
        self.counters.write.guarded += u64::from(still);
        still
    }

    /// Makes an entry that no access hits, and that tells where the page around `at` lies.
    fn know(&mut self, table: Table, privilege: Privilege, at: Linear, physical: Physical) {
        let known = self.physical(table, privilege, at, 1).map(|known| page_of(known.0));
        if known != Some(page_of(physical.0)) {
            let entry = Entry { tag: page_of(at.0) | GUARDED, ..EMPTY_ENTRY };
            self.enter(table, privilege, at, entry, physical);
        }
    }

    /// Maps the page around `at` to the page at `offset` of `block`, which is the one around `physical`, for one kind of
    /// access. The caller has checked that the guest may do that, and, for writes, that the block may be written.
    ///
    /// Gives whether the page is mapped now. It is not where the block has no whole page at `offset` or another byte
    /// order, nor, for writes, where the page has code; then the caller reaches the block itself.
    pub fn fill(
        &mut self,
        table: Table,
        privilege: Privilege,
        at: Linear,
        physical: Physical,
        block: &Arc<RamBlock>,
        offset: u64,
    ) -> bool {
        let page = page_of(at.0);
        let host = if block.order() == O::ORDER { block.host_page(offset) } else { None };
        let Some(host) = host else {
            self.refuse(table, privilege, at, physical);
            return false;
        };
        if table == Table::Write && block.is_guarded(offset) {
            self.counters.write.guarded += 1;
            self.know(table, privilege, at, physical);
            return false;
        }
        if table == Table::Write {
            block.mark_dirty(offset);
        }
        self.keep(block);
        self.enter(table, privilege, at, Entry::new(page, host, Self::BACKWARDS), physical);
        self.counters.table(table).fills += 1;
        true
    }

    /// Reads a scalar of the paging unit's tables, at a multiple of its size; `None` is a miss.
    #[inline(always)]
    pub fn read_table<T: Scalar>(&self, at: Physical) -> Option<T> {
        let host = self.walks[walk_slot(at)].host(at.0, T::BYTES, Self::BACKWARDS)?;
        // SAFETY: `Entry::host` vouches for the scalar's bytes, and `blocks` keeps them alive.
        Some(unsafe { T::load(host) })
    }

    /// Maps the physical page around `at` to the page at `offset` of `block`, for [`Self::read_table`].
    pub fn fill_table(&mut self, at: Physical, block: &Arc<RamBlock>, offset: u64) {
        if block.order() != O::ORDER {
            return;
        }
        if let Some(host) = block.host_page(offset) {
            self.keep(block);
            self.walks[walk_slot(at)] = Entry::new(page_of(at.0), host, Self::BACKWARDS);
        }
    }

    fn enter(&mut self, table: Table, privilege: Privilege, at: Linear, entry: Entry, physical: Physical) {
        let ways = &mut self.ways[privilege as usize];
        ways.tables[table as usize][slot(at)] = entry;
        ways.frames[table as usize][slot(at)] = page_of(physical.0);
        if table == Table::Fetch {
            self.fetched[slot(at) / 64] |= 1 << (slot(at) % 64);
        }
        if self.filled.len() < FEW {
            let table = privilege as usize * TABLES + table as usize;
            self.filled.push((table * TLB_ENTRIES + slot(at)) as u16);
        }
    }

    /// Holds on to a block that an entry is about to point into.
    fn keep(&mut self, block: &Arc<RamBlock>) {
        if !self.blocks.iter().any(|kept| Arc::ptr_eq(kept, block)) {
            self.blocks.push(Arc::clone(block));
        }
    }

    /// Forgets everything that is known of linear addresses.
    pub fn flush(&mut self) {
        self.generation += 1;
        if self.filled.len() < FEW {
            for &place in &self.filled {
                let (table, slot) = (usize::from(place) / TLB_ENTRIES, usize::from(place) % TLB_ENTRIES);
                self.ways[table / TABLES].tables[table % TABLES][slot] = EMPTY_ENTRY;
            }
        } else {
            self.entries_mut().for_each(|entries| entries.fill(EMPTY_ENTRY));
        }
        self.filled.clear();
        self.fetched = [0; FETCHED];
    }

    /// Forgets the page around `at`.
    pub fn flush_page(&mut self, at: Linear) {
        let page = page_of(at.0);
        let has_code = self.fetched[slot(at) / 64] >> (slot(at) % 64) & 1 != 0;
        self.generation += u64::from(has_code);
        for entry in self.entries_mut().map(|entries| &mut entries[slot(at)]) {
            if entry.tag & !GUARDED == page {
                *entry = EMPTY_ENTRY;
            }
        }
    }

    /// Forgets everything that was mapped for `table`.
    pub fn flush_table(&mut self, table: Table) {
        self.ways.iter_mut().for_each(|ways| ways.tables[table as usize].fill(EMPTY_ENTRY));
    }

    /// Whether [`Self::honour`] has something to do. Asked before each trace, and by a vCPU that has just stored
    /// on the slow path before its next instruction.
    #[inline(always)]
    pub fn has_notices(&self) -> bool {
        self.mailbox.is_waiting() || !self.doubts.is_empty()
    }

    /// Carries out what was posted to the mailbox as far as the TLB goes, and gives the rest.
    pub fn honour(&mut self) -> Changes {
        let mut changes = Changes::default();
        let mailbox = Arc::clone(&self.mailbox);
        mailbox.honour(|notice| match notice {
            Some(Notice::Code(line)) => changes.code.push(line),
            Some(Notice::Guarded { block, page }) => self.forbid_writing(block, page),
            Some(Notice::Untracked) => self.flush_table(Table::Write),
            Some(Notice::Remapped) | None => {
                self.flush();
                self.walks = [EMPTY_ENTRY; WALKS];
                self.blocks.clear();
                changes.everything = true;
            }
        });
        self.settle_doubts(&mut changes);
        changes
    }

    /// Makes the write entries, wherever they are mapped, of one page of a block miss.
    fn forbid_writing(&mut self, block: BlockId, page: u64) {
        let host = self.blocks.iter().find(|kept| kept.id() == block).and_then(|kept| kept.host_page(page));
        let Some(host) = host else { return };
        for entry in self.ways.iter_mut().flat_map(|ways| &mut ways.tables[Table::Write as usize]) {
            let maps = entry.tag & GUARDED == 0;
            if maps && page_of(entry.xor.addr() as u64 ^ entry.tag) == host.addr() as u64 {
                *entry = Entry { tag: entry.tag | GUARDED, ..EMPTY_ENTRY };
            }
        }
    }
}

#[inline(always)]
const fn page_of(address: u64) -> u64 {
    address & !(PAGE_SIZE - 1)
}

/// Where a page's entry lies in its table. Neighbouring pages never share a slot.
#[inline(always)]
const fn slot(at: Linear) -> usize {
    (at.0 >> PAGE_BITS) as usize & (TLB_ENTRIES - 1)
}

/// Where a page of the paging unit's tables has its entry. Systems like to place tables at round addresses, so that the lowest
/// bits alone would bring them together.
#[inline(always)]
const fn walk_slot(at: Physical) -> usize {
    let page = at.0 >> PAGE_BITS;
    (page ^ page >> 6 ^ page >> 12) as usize & (WALKS - 1)
}
