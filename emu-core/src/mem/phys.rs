//! The map of physical addresses: which block, device or hole answers where.
//!
//! Bus masters read and write through it in guest byte order; a vCPU comes here when its [`Tlb`] has missed. Ranges are
//! sorted and never overlap; what no range covers is a hole.

use super::host::Scalar;
use super::mailbox::Mailbox;
use super::ram::RamBlock;
use super::tlb::{Privilege, Table, Tlb};
use super::{ByteOrder, GuestOrder, PAGE_SIZE};
use crate::addr::{Linear, Physical};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// A device's range of memory addresses, by the number that the board gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MmioId(pub u32);

/// What answers in a range.
#[derive(Clone, Debug)]
pub enum Target {
    /// Memory from `offset` of `block` on.
    Ram { block: Arc<RamBlock>, offset: u64 },
    /// The same, but writes change nothing.
    Rom { block: Arc<RamBlock>, offset: u64 },
    /// A device, which the board reaches.
    Mmio(MmioId),
}

/// A range of physical addresses and what answers there.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub start: Physical,
    /// Bytes, at least one.
    pub size: u64,
    pub target: Target,
}

impl Mapping {
    /// All of `block` as RAM at `start`.
    pub fn ram(start: u64, block: &Arc<RamBlock>) -> Self {
        let target = Target::Ram { block: Arc::clone(block), offset: 0 };
        Self { start: Physical(start), size: block.size(), target }
    }

    /// All of `block` as ROM at `start`.
    pub fn rom(start: u64, block: &Arc<RamBlock>) -> Self {
        let target = Target::Rom { block: Arc::clone(block), offset: 0 };
        Self { start: Physical(start), size: block.size(), target }
    }

    /// A device's range.
    pub fn mmio(start: u64, size: u64, region: MmioId) -> Self {
        Self { start: Physical(start), size, target: Target::Mmio(region) }
    }

    fn block(&self) -> Option<(&Arc<RamBlock>, u64)> {
        match &self.target {
            Target::Ram { block, offset } | Target::Rom { block, offset } => Some((block, *offset)),
            Target::Mmio(_) => None,
        }
    }

    /// The address of the last byte. Checked when the mapping was made.
    fn last(&self) -> u64 {
        self.start.0 + (self.size - 1)
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MapError {
    #[error("The range at {0} is empty")]
    Empty(Physical),
    #[error("The range of {size:#X} bytes at {start} runs past the end of the address space")]
    TooLong { start: Physical, size: u64 },
    #[error("The range at {start} runs into the one at {other}")]
    Overlap { start: Physical, other: Physical },
    #[error("The range at {start} needs {needed:#X} bytes of a memory that has {size:#X}")]
    BlockTooSmall { start: Physical, needed: u64, size: u64 },
    #[error("The memory at {0} has not the byte order of the machine")]
    Order(Physical),
}

/// What answers at an address, and for how many bytes from there on (`left`, at least 1).
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    Ram { block: &'a Arc<RamBlock>, offset: u64, left: u64 },
    Rom { block: &'a Arc<RamBlock>, offset: u64, left: u64 },
    Mmio { region: MmioId, offset: u64, left: u64 },
    Hole { left: u64 },
}

/// An access that met something other than memory. `region` is the device there and the offset in its range; none for
/// a hole.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("There is no memory at {at}")]
pub struct Unmapped {
    pub at: Physical,
    pub region: Option<(MmioId, u64)>,
}

/// The map of one machine's physical addresses.
#[derive(Debug)]
pub struct PhysMem {
    order: ByteOrder,
    /// Sorted by start.
    mappings: Vec<Mapping>,
    mailboxes: Vec<Weak<Mailbox>>,
    /// The mapping that was found last: most often it is the next one, too.
    last_found: AtomicUsize,
}

impl PhysMem {
    /// An empty map for memory of the given byte order.
    pub fn new(order: ByteOrder) -> Self {
        Self { order, mappings: Vec::new(), mailboxes: Vec::new(), last_found: AtomicUsize::new(0) }
    }

    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Adds a range. Everyone attached forgets what was looked up before.
    ///
    /// # Errors
    /// When the range makes no sense or overlaps another. Nothing is changed then.
    pub fn map(&mut self, mapping: Mapping) -> Result<(), MapError> {
        let place = self.check(&mapping)?;
        if let Some((block, _)) = mapping.block() {
            self.mailboxes.iter().filter_map(Weak::upgrade).for_each(|mailbox| block.attach(&mailbox));
        }
        self.mappings.insert(place, mapping);
        self.post_remap();
        Ok(())
    }

    /// Takes the range that starts at `start` away. Everyone attached forgets what was looked up before.
    pub fn unmap(&mut self, start: Physical) -> Option<Mapping> {
        let index = self.mappings.binary_search_by_key(&start, |mapping| mapping.start).ok()?;
        let mapping = self.mappings.remove(index);
        self.post_remap();
        Some(mapping)
    }

    /// From now on tells a vCPU, for as long as its mailbox lives, of changes to the map and to code in memory.
    pub fn attach(&mut self, mailbox: &Arc<Mailbox>) {
        self.mailboxes.push(Arc::downgrade(mailbox));
        for (block, _) in self.mappings.iter().filter_map(Mapping::block) {
            block.attach(mailbox);
        }
    }

    /// What answers at `at`.
    #[inline]
    pub fn lookup(&self, at: Physical) -> Place<'_> {
        if let Some(place) = self.place_in(self.last_found.load(Relaxed), at) {
            return place;
        }
        let next = self.mappings.partition_point(|mapping| mapping.start <= at);
        if let Some(index) = next.checked_sub(1)
            && let Some(place) = self.place_in(index, at)
        {
            self.last_found.store(index, Relaxed);
            return place;
        }
        let end = self.mappings.get(next).map_or(u64::MAX, |mapping| mapping.start.0);
        Place::Hole { left: (end - at.0).max(1) }
    }

    /// What answers at `at` if a mapping's range has it.
    #[inline]
    fn place_in(&self, index: usize, at: Physical) -> Option<Place<'_>> {
        let mapping = self.mappings.get(index)?;
        let (into, last) = (at.0.checked_sub(mapping.start.0)?, mapping.last());
        (at.0 <= last).then(|| place(mapping, into, last - at.0 + 1))
    }

    /// Reads a scalar in the guest's byte order, also from where two blocks meet.
    ///
    /// # Errors
    /// When not all of it is memory.
    #[inline]
    pub fn read<T: Scalar>(&self, at: Physical) -> Result<T, Unmapped> {
        if let Place::Ram { block, offset, left } | Place::Rom { block, offset, left } = self.lookup(at)
            && left >= T::BYTES
            && let Some(value) = block.read(offset)
        {
            return Ok(value);
        }
        self.read_split(at)
    }

    /// Writes a scalar in the guest's byte order. ROM ignores it.
    ///
    /// # Errors
    /// When not all of it goes to memory; what comes before has been written.
    #[inline]
    pub fn write<T: Scalar>(&self, at: Physical, value: T) -> Result<(), Unmapped> {
        if let Place::Ram { block, offset, left } = self.lookup(at)
            && left >= T::BYTES
            && block.write(offset, value).is_some()
        {
            return Ok(());
        }
        self.write_split(at, value)
    }

    /// A byte of memory, for a debugger; `None` where there is none.
    pub fn peek(&self, at: Physical) -> Option<u8> {
        self.read(at).ok()
    }

    /// Copies memory out, lowest address first.
    ///
    /// # Errors
    /// At the first address that has no memory; what comes before has been copied.
    pub fn read_bytes(&self, at: Physical, to: &mut [u8]) -> Result<(), Unmapped> {
        let mut done = 0;
        while done < to.len() {
            let (block, offset, run, _) = self.run(at, done, to.len())?;
            block.read_bytes(offset, &mut to[done..done + run]);
            done += run;
        }
        Ok(())
    }

    /// Copies into memory, lowest address first. ROM ignores it.
    ///
    /// # Errors
    /// As [`Self::read_bytes`].
    pub fn write_bytes(&self, at: Physical, from: &[u8]) -> Result<(), Unmapped> {
        self.copy_in(at, from, false)
    }

    /// Copies into memory, ROM too: for a debugger and for loading.
    ///
    /// # Errors
    /// As [`Self::read_bytes`].
    pub fn poke_bytes(&self, at: Physical, from: &[u8]) -> Result<(), Unmapped> {
        self.copy_in(at, from, true)
    }

    /// Reads what a TLB could not, and gives it an entry for the page if there can be one. `at` is translated to
    /// `physical`; an access that crosses pages must also be contiguous physically, or be made in pieces.
    ///
    /// # Errors
    /// When not all of it is memory: the access goes to the bus.
    pub fn read_missed<T: Scalar, O: GuestOrder>(
        &self,
        tlb: &mut Tlb<O>,
        table: Table,
        privilege: Privilege,
        at: Linear,
        physical: Physical,
    ) -> Result<T, Unmapped> {
        self.fill_for(tlb, table, privilege, at, physical, T::BYTES)?;
        self.read(physical)
    }

    /// Writes what a TLB could not; otherwise as [`Self::read_missed`].
    ///
    /// # Errors
    /// As [`Self::read_missed`].
    pub fn write_missed<T: Scalar, O: GuestOrder>(
        &self,
        tlb: &mut Tlb<O>,
        privilege: Privilege,
        at: Linear,
        physical: Physical,
        value: T,
    ) -> Result<(), Unmapped> {
        if let Place::Ram { block, offset, left } = self.lookup(physical)
            && left >= T::BYTES
            && tlb.is_still_guarded(privilege, at, T::BYTES, block, offset)
            && block.write(offset, value).is_some()
        {
            return Ok(());
        }
        self.fill_for(tlb, Table::Write, privilege, at, physical, T::BYTES)?;
        self.write(physical, value)
    }

    /// Fills the TLB for an access that has missed, unless that crosses pages. Fails at once for what begins in no
    /// memory, so that a device's access looks the map up once.
    fn fill_for<O: GuestOrder>(
        &self,
        tlb: &mut Tlb<O>,
        table: Table,
        privilege: Privilege,
        at: Linear,
        physical: Physical,
        bytes: u64,
    ) -> Result<(), Unmapped> {
        if let Err(unmapped) = self.memory_at(physical) {
            tlb.refuse(table, privilege, at, physical);
            return Err(unmapped);
        }
        if !tlb.crosses(table, at, bytes) {
            self.fill(tlb, table, privilege, at, physical);
        }
        Ok(())
    }

    /// Gives the TLB an entry for the page around `at`, which is translated to the one around `physical`, if memory that
    /// allows such accesses covers the whole page. Gives whether it did.
    pub fn fill<O: GuestOrder>(
        &self,
        tlb: &mut Tlb<O>,
        table: Table,
        privilege: Privilege,
        at: Linear,
        physical: Physical,
    ) -> bool {
        let page = Physical(physical.0 - physical.0 % PAGE_SIZE);
        match self.lookup(page) {
            Place::Ram { block, offset, left } if left >= PAGE_SIZE => {
                tlb.fill(table, privilege, at, page, block, offset)
            }
            Place::Rom { block, offset, left } if left >= PAGE_SIZE && table != Table::Write => {
                tlb.fill(table, privilege, at, page, block, offset)
            }
            _ => {
                tlb.refuse(table, privilege, at, page);
                false
            }
        }
    }

    /// Where `mapping` belongs in the list.
    fn check(&self, mapping: &Mapping) -> Result<usize, MapError> {
        let Mapping { start, size, .. } = *mapping;
        if size == 0 {
            return Err(MapError::Empty(start));
        }
        if start.0.checked_add(size - 1).is_none() {
            return Err(MapError::TooLong { start, size });
        }
        if let Some((block, offset)) = mapping.block() {
            let needed = offset.saturating_add(size);
            if needed > block.size() {
                return Err(MapError::BlockTooSmall { start, needed, size: block.size() });
            }
            if block.order() != self.order {
                return Err(MapError::Order(start));
            }
        }
        let place = self.mappings.partition_point(|other| other.start <= start);
        let before = place.checked_sub(1).and_then(|index| self.mappings.get(index));
        let runs_in = before.filter(|other| other.last() >= start.0);
        let runs_out = self.mappings.get(place).filter(|other| mapping.last() >= other.start.0);
        match runs_in.or(runs_out) {
            Some(other) => Err(MapError::Overlap { start, other: other.start }),
            None => Ok(place),
        }
    }

    /// The memory for the bytes from number `done` of `length` at `at`: block, offset, how many of them, and whether
    /// they can be written.
    fn run(
        &self,
        at: Physical,
        done: usize,
        length: usize,
    ) -> Result<(&RamBlock, u64, usize, bool), Unmapped> {
        let (block, offset, left, writable) = self.memory_at(Physical(at.0.wrapping_add(done as u64)))?;
        Ok((block, offset, left.min((length - done) as u64) as usize, writable))
    }

    /// The memory at `at`: block, offset, how many bytes of it are left, and whether they can be written.
    #[inline]
    fn memory_at(&self, at: Physical) -> Result<(&RamBlock, u64, u64, bool), Unmapped> {
        match self.lookup(at) {
            Place::Ram { block, offset, left } => Ok((block, offset, left, true)),
            Place::Rom { block, offset, left } => Ok((block, offset, left, false)),
            Place::Mmio { region, offset, .. } => Err(Unmapped { at, region: Some((region, offset)) }),
            Place::Hole { .. } => Err(Unmapped { at, region: None }),
        }
    }

    fn copy_in(&self, at: Physical, from: &[u8], also_rom: bool) -> Result<(), Unmapped> {
        let mut done = 0;
        while done < from.len() {
            let (block, offset, run, writable) = self.run(at, done, from.len())?;
            if writable || also_rom {
                block.write_bytes(offset, &from[done..done + run]);
            }
            done += run;
        }
        Ok(())
    }

    #[cold]
    fn read_split<T: Scalar>(&self, at: Physical) -> Result<T, Unmapped> {
        let mut bytes = [0; 8];
        self.read_bytes(at, &mut bytes[self.bytes_within_word::<T>()])?;
        T::try_from(self.order.word_of(bytes)).map_err(|_| Unmapped { at, region: None })
    }

    #[cold]
    fn write_split<T: Scalar>(&self, at: Physical, value: T) -> Result<(), Unmapped> {
        self.write_bytes(at, &self.order.bytes_of(value.into())[self.bytes_within_word::<T>()])
    }

    /// Where a scalar's bytes stand among those of a word of the same value.
    fn bytes_within_word<T: Scalar>(&self) -> Range<usize> {
        match self.order {
            ByteOrder::Little => 0..T::BYTES as usize,
            ByteOrder::Big => 8 - T::BYTES as usize..8,
        }
    }

    fn post_remap(&self) {
        self.mailboxes.iter().filter_map(Weak::upgrade).for_each(|mailbox| mailbox.post_remap());
    }
}

/// What `mapping` has `into` bytes from its start, with `left` bytes left.
#[inline]
fn place(mapping: &Mapping, into: u64, left: u64) -> Place<'_> {
    match &mapping.target {
        Target::Ram { block, offset } => Place::Ram { block, offset: offset + into, left },
        Target::Rom { block, offset } => Place::Rom { block, offset: offset + into, left },
        Target::Mmio(region) => Place::Mmio { region: *region, offset: into, left },
    }
}
