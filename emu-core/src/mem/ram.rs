//! A block of guest RAM or ROM: the bytes, and what is known about each line and page of them.
//!
//! An offset counts bytes from the block's start as the guest sees them. A block of the other byte order lies
//! backwards in host memory, so that a host integer read there is the guest's, at any size and alignment.

use super::bits::AtomicBits;
use super::host::{HostMemory, Scalar};
use super::mailbox::{CodeLine, Mailbox, Notice};
use super::{ByteOrder, LINE_SIZE, PAGE_SIZE};
use crate::snapshot::{RestoreError, SavedState};
use serde::{Deserialize, Serialize};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which block this is, among all of this run of the program. Never saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(u64);

impl BlockId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }

    #[cfg(test)]
    pub(super) fn test(id: u64) -> Self {
        Self(id)
    }
}

/// The NUMA node that a block is at home on. Machines with one node have only node 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u16);

#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    #[error("A block of memory needs at least one byte")]
    Empty,
    #[error("The host cannot set aside {bytes} bytes for the guest's memory")]
    Host {
        bytes: u64,
        #[source]
        source: io::Error,
    },
}

/// Guest memory in one host allocation, shared by all vCPUs and bus masters. Zero at first.
#[derive(Debug)]
pub struct RamBlock {
    id: BlockId,
    size: u64,
    order: ByteOrder,
    home: NodeId,
    memory: HostMemory,
    /// Per line: someone's trace was made from it.
    code: AtomicBits,
    /// Per page: stores must be seen, because it has code, or had some until a store fell on the last of it.
    guarded: AtomicBits,
    /// Per page: written since the dirty marks were last taken.
    dirty: AtomicBits,
    /// Per page: ever written, so that a snapshot need not look at the others.
    touched: AtomicBits,
    /// Of all vCPUs that reach this memory, and have not been given up.
    mailboxes: Mutex<Vec<Arc<Mailbox>>>,
    /// How many they are, or have been until somebody looked.
    attached: AtomicUsize,
}

impl RamBlock {
    /// Sets `size` bytes aside for a guest of byte order `order`.
    ///
    /// # Errors
    /// When `size` is 0 or the host has no room for it.
    pub fn new(size: u64, order: ByteOrder, home: NodeId) -> Result<Self, ReserveError> {
        if size == 0 {
            return Err(ReserveError::Empty);
        }
        Self::reserve(size, order, home).map_err(|source| ReserveError::Host { bytes: size, source })
    }

    fn reserve(size: u64, order: ByteOrder, home: NodeId) -> io::Result<Self> {
        let rounded = size.checked_next_multiple_of(PAGE_SIZE).ok_or(io::ErrorKind::OutOfMemory)?;
        let bytes = usize::try_from(rounded).map_err(io::Error::other)?;
        Ok(Self {
            id: BlockId::next(),
            size,
            order,
            home,
            memory: HostMemory::reserve(bytes)?,
            code: AtomicBits::new(rounded / LINE_SIZE)?,
            guarded: AtomicBits::new(rounded / PAGE_SIZE)?,
            dirty: AtomicBits::new(rounded / PAGE_SIZE)?,
            touched: AtomicBits::new(rounded / PAGE_SIZE)?,
            mailboxes: Mutex::default(),
            attached: AtomicUsize::new(0),
        })
    }

    pub fn id(&self) -> BlockId {
        self.id
    }

    /// Bytes that the guest sees.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn order(&self) -> ByteOrder {
        self.order
    }

    pub fn home(&self) -> NodeId {
        self.home
    }

    /// From now on tells `mailbox`, until it is closed, of changed code and guarded pages.
    pub fn attach(&self, mailbox: &Arc<Mailbox>) {
        let mut mailboxes = self.mailboxes();
        if !mailboxes.iter().any(|known| Arc::ptr_eq(known, mailbox)) {
            mailboxes.push(Arc::clone(mailbox));
            self.attached.store(mailboxes.len(), SeqCst);
        }
    }

    /// Reads a scalar; `None` when it does not lie whole within the block.
    #[inline]
    pub fn read<T: Scalar>(&self, offset: u64) -> Option<T> {
        Some(self.memory.load(self.host_index::<T>(offset)?))
    }

    /// Writes a scalar, marks its page dirty, and posts if it was code. `None` when it does not lie whole within the
    /// block.
    #[inline]
    pub fn write<T: Scalar>(&self, offset: u64, value: T) -> Option<()> {
        self.memory.store(self.host_index::<T>(offset)?, value);
        self.written(offset..offset + T::BYTES);
        Some(())
    }

    /// Puts `new` where `old` is, as one step if the scalar is aligned; what follows is as for [`Self::write`]. Gives
    /// whether it was there; `None` when it does not lie whole within the block.
    pub fn compare_exchange<T: Scalar>(&self, offset: u64, old: T, new: T) -> Option<bool> {
        let done = self.memory.compare_exchange(self.host_index::<T>(offset)?, old, new);
        if done {
            self.written(offset..offset + T::BYTES);
        }
        Some(done)
    }

    /// Puts `new` where `old` is, as one step that no vCPU comes between, however the scalar lies; what follows is as for
    /// [`Self::write`]. `None` when it does not lie whole within the block, else whether it was done, or what is there.
    pub fn exchange<T: Scalar>(&self, offset: u64, old: T, new: T) -> Option<Result<(), T>> {
        let done = self.memory.exchange(self.host_index::<T>(offset)?, old, new);
        if done.is_ok() {
            self.written(offset..offset + T::BYTES);
        }
        Some(done)
    }

    /// As [`Self::exchange`], of 16 bytes at a multiple of 16 in a block that is not stored backwards; `None` of others.
    pub fn exchange_block(&self, offset: u64, old: u128, new: u128) -> Option<Result<(), u128>> {
        let range = self.range(offset, 16)?;
        if self.order.is_backwards() || !offset.is_multiple_of(16) {
            return None;
        }
        let done = self.memory.exchange_block(offset as usize, old, new);
        if done.is_ok() {
            self.written(range);
        }
        Some(done)
    }

    /// Copies guest bytes out, lowest address first. `None`, and nothing copied, when they do not all lie within.
    pub fn read_bytes(&self, offset: u64, to: &mut [u8]) -> Option<()> {
        self.range(offset, to.len() as u64)?;
        let mut at = offset;
        let mut words = to.chunks_exact_mut(8);
        for word in &mut words {
            word.copy_from_slice(&self.order.bytes_of(self.read(at)?));
            at += 8;
        }
        for byte in words.into_remainder() {
            *byte = self.read(at)?;
            at += 1;
        }
        Some(())
    }

    /// Copies guest bytes in, lowest address first, as one write. `None`, and nothing copied, when they do not all
    /// lie within.
    pub fn write_bytes(&self, offset: u64, from: &[u8]) -> Option<()> {
        let range = self.range(offset, from.len() as u64)?;
        let mut at = offset;
        let (words, rest) = from.as_chunks::<8>();
        for word in words {
            self.memory.store(self.host_index::<u64>(at)?, self.order.word_of(*word));
            at += 8;
        }
        for &byte in rest {
            self.memory.store(self.host_index::<u8>(at)?, byte);
            at += 1;
        }
        self.written(range);
        Some(())
    }

    /// Marks the lines of `length` bytes at `offset` as made into traces, and has every vCPU drop its right to write
    /// there unseen. Bytes beyond the block have no marks.
    ///
    /// What was read before may have changed by then: compare it afterwards. And another vCPU honours the notice only between
    /// two runs of traces; until [`Self::is_seen`] it may still store there unseen, which is what [`super::Tlb::doubt`] is for.
    pub fn mark_code(&self, offset: u64, length: u64) {
        let end = offset.saturating_add(length).min(self.size);
        let mut page = offset - offset % PAGE_SIZE;
        while page < end {
            let part = offset.max(page)..end.min(page + PAGE_SIZE);
            self.code.set(lines(&part));
            self.guard(page / PAGE_SIZE);
            page += PAGE_SIZE;
        }
        fence(SeqCst);
    }

    /// Whether every vCPU but the one of `own`, which is attached, has honoured what was posted: none stores unseen where code was
    /// marked.
    pub(super) fn is_seen(&self, own: &Arc<Mailbox>) -> bool {
        if self.attached.load(SeqCst) <= 1 {
            return true;
        }
        !self.mailboxes().iter().any(|mailbox| !Arc::ptr_eq(mailbox, own) && mailbox.lags())
    }

    /// Whether the page around `offset` has lines that were made into traces.
    pub fn page_has_code(&self, offset: u64) -> bool {
        let page = offset - offset % PAGE_SIZE;
        self.code.any(lines(&(page..page + PAGE_SIZE)))
    }

    /// Whether stores into the page around `offset` must be seen.
    pub(super) fn is_guarded(&self, offset: u64) -> bool {
        self.guarded.has(offset / PAGE_SIZE)
    }

    fn guard(&self, page: u64) {
        if self.guarded.set_one(page) {
            self.post(Notice::Guarded { block: self.id, page: page * PAGE_SIZE });
        }
    }

    /// Lets pages be written unseen again that have no code left.
    fn unguard(&self, pages: Range<u64>) {
        for page in pages.filter(|&page| self.guarded.has(page)) {
            if !self.page_has_code(page * PAGE_SIZE) {
                self.guarded.clear_one(page);
                // Whoever has marked code in the meantime may have found the page guarded.
                if self.page_has_code(page * PAGE_SIZE) {
                    self.guard(page);
                }
            }
        }
    }

    /// Whether the line around `offset` was made into a trace.
    pub fn line_has_code(&self, offset: u64) -> bool {
        self.code.has(offset / LINE_SIZE)
    }

    /// The offsets of the pages that may have been written since the last call, in order. A write that goes past the
    /// marks is possible until every attached vCPU has honoured the notice that this posts, so read the pages with
    /// the vCPUs stopped or after that.
    pub fn take_dirty(&self) -> Vec<u64> {
        let mut pages = Vec::new();
        self.dirty.take(0..self.pages(), |page| pages.push(page * PAGE_SIZE));
        if !pages.is_empty() {
            self.post(Notice::Untracked);
        }
        pages
    }

    /// Marks the page around `offset` as written: done when a vCPU gets the right to write there unseen.
    pub(super) fn mark_dirty(&self, offset: u64) {
        let page = offset / PAGE_SIZE;
        self.dirty.set_one(page);
        self.touched.set_one(page);
    }

    /// The host byte with the lowest address of the page at `offset`; `None` when the page does not lie whole within
    /// the block. The pointer may be used for that page for as long as the block lives.
    pub(super) fn host_page(&self, offset: u64) -> Option<*mut u8> {
        if !offset.is_multiple_of(PAGE_SIZE) {
            return None;
        }
        self.range(offset, PAGE_SIZE)?;
        let index = if self.order.is_backwards() {
            self.memory.len() - offset as usize - PAGE_SIZE as usize
        } else {
            offset as usize
        };
        Some(self.memory.base().wrapping_add(index))
    }

    /// What follows each store: its pages are dirty, and the code it fell on is stale.
    ///
    /// The fence keeps the store before the look at the marks, as the one in [`Self::mark_code`] keeps the mark before
    /// the reading of code: one of the two sides sees the other.
    #[inline]
    fn written(&self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        fence(SeqCst);
        let pages = range.start / PAGE_SIZE..range.end.div_ceil(PAGE_SIZE);
        pages.clone().for_each(|page| self.mark_dirty(page * PAGE_SIZE));
        let mut was_code = false;
        self.code.take(lines(&range), |line| {
            was_code = true;
            self.post(Notice::Code(CodeLine { block: self.id, line }));
        });
        // Code that is patched soon runs again: its page stays guarded until something else is stored there.
        if !was_code {
            self.unguard(pages);
        }
    }

    fn post(&self, notice: Notice) {
        let mut mailboxes = self.mailboxes();
        mailboxes.iter().for_each(|mailbox| mailbox.post(notice));
        if mailboxes.iter().any(|mailbox| mailbox.is_closed()) {
            mailboxes.retain(|mailbox| !mailbox.is_closed());
            self.attached.store(mailboxes.len(), SeqCst);
        }
    }

    fn mailboxes(&self) -> MutexGuard<'_, Vec<Arc<Mailbox>>> {
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pages(&self) -> u64 {
        self.size.div_ceil(PAGE_SIZE)
    }

    /// `length` bytes from `offset`, if they lie within the block.
    fn range(&self, offset: u64, length: u64) -> Option<Range<u64>> {
        let end = offset.checked_add(length)?;
        (end <= self.size).then_some(offset..end)
    }

    /// The number of the lowest host byte of a scalar at `offset`.
    #[inline]
    fn host_index<T: Scalar>(&self, offset: u64) -> Option<usize> {
        let end = self.range(offset, T::BYTES)?.end;
        Some(if self.order.is_backwards() { self.memory.len() - end as usize } else { offset as usize })
    }
}

/// The lines that `range` touches.
fn lines(range: &Range<u64>) -> Range<u64> {
    if range.is_empty() { 0..0 } else { range.start / LINE_SIZE..range.end.div_ceil(LINE_SIZE) }
}

/// Version 1 of a saved block: the pages that are not all zero.
#[derive(Serialize, Deserialize)]
struct RamV1 {
    size: u64,
    pages: Vec<PageV1>,
}

/// A page by its number, and its bytes as the guest orders them; the last page of a block may be short.
#[derive(Serialize, Deserialize)]
struct PageV1 {
    number: u64,
    #[serde(with = "crate::snapshot::bytes")]
    bytes: Vec<u8>,
}

impl RamBlock {
    const VERSION: u16 = 1;

    /// Writes down the content, uncompressed and without empty pages. Call it while nobody writes.
    pub fn save(&self) -> SavedState {
        // The rest is the block's wiring, or follows from the content.
        let Self {
            id: _,
            size,
            order: _,
            home: _,
            memory: _,
            code: _,
            guarded: _,
            dirty: _,
            touched,
            mailboxes: _,
            attached: _,
        } = self;
        let mut pages = Vec::new();
        touched.each(0..self.pages(), |number| {
            let bytes = self.page(number);
            if bytes.iter().any(|&byte| byte != 0) {
                pages.push(PageV1 { number, bytes });
            }
        });
        SavedState::new(Self::VERSION, &RamV1 { size: *size, pages })
    }

    /// Makes the content what it was at [`Self::save`]. Code made from what changes is posted as stale. Call it while
    /// nobody writes.
    ///
    /// # Errors
    /// As [`SavedState::read`], or when the state is of a block of another size. Nothing is changed then.
    pub fn restore(&self, saved: &SavedState) -> Result<(), RestoreError> {
        let RamV1 { size, pages } = saved.read(Self::VERSION)?;
        if size != self.size {
            let found = format!("it has {size} bytes of memory here instead of {}", self.size);
            return Err(RestoreError::Foreign(found));
        }
        let fits =
            |page: &PageV1| page.number < self.pages() && page.bytes.len() == self.page_length(page.number);
        if !pages.iter().all(fits) {
            return Err(RestoreError::Damaged("a page of memory has no place".into()));
        }
        self.clear();
        for page in pages {
            self.write_bytes(page.number * PAGE_SIZE, &page.bytes);
        }
        Ok(())
    }

    /// Makes every byte zero again, as at power-on.
    pub fn clear(&self) {
        let mut numbers = Vec::new();
        self.touched.each(0..self.pages(), |number| numbers.push(number));
        for number in numbers {
            self.write_bytes(number * PAGE_SIZE, &vec![0; self.page_length(number)]);
        }
    }

    fn page(&self, number: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.page_length(number)];
        let read = self.read_bytes(number * PAGE_SIZE, &mut bytes);
        debug_assert!(read.is_some(), "the page lies within");
        bytes
    }

    fn page_length(&self, number: u64) -> usize {
        self.size.saturating_sub(number * PAGE_SIZE).min(PAGE_SIZE) as usize
    }
}
