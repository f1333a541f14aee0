//! Memory through segments: every check, then the software TLB.

use super::{Checked, Fault, vector};
use crate::addr::{Linear, Physical, Width};
use crate::cpu::bus::{BusStatus, MemoryBus, PageAccess};
use crate::cpu::probe::{Access, Probe};
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::state::{Segment, seg, wrapped};
use crate::mem::{PAGE_SIZE, Privilege, Table};
use crate::time::Cycle;

/// Real mode has one kind of access.
const PRIVILEGE: Privilege = Privilege::Supervisor;

/// Bits of [`Segment::attributes`] (Intel SDM volume 3, 3.4.5).
mod attribute {
    pub const PRESENT: u16 = 0x80;
    pub const CODE: u16 = 0x08;
    /// Of data: it ends at 0 and begins above the limit.
    pub const EXPAND_DOWN: u16 = 0x04;
    /// Of code readable, of data writable.
    pub const ACCESSIBLE: u16 = 0x02;
}

/// A place in memory whose checks are done.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    linear: Linear,
    physical: Physical,
    /// Where the bytes behind a page's end lie, and how many come before them.
    beyond: Option<(Physical, u8)>,
}

impl Segment {
    /// Whether `bytes` at `offset` may be reached.
    #[inline(always)]
    pub fn admits(&self, offset: u64, bytes: u64, writes: bool) -> bool {
        let last = offset + (bytes - 1);
        let limit = u64::from(self.limit);
        let code = self.attributes & attribute::CODE != 0;
        let accessible = self.attributes & attribute::ACCESSIBLE != 0;
        let allowed = if writes { !code && accessible } else { !code || accessible };
        let expands_down =
            self.attributes & (attribute::CODE | attribute::EXPAND_DOWN) == attribute::EXPAND_DOWN;
        let within = if expands_down { offset > limit && last <= self.offset_mask() } else { last <= limit };
        self.attributes & attribute::PRESENT != 0 && allowed && within
    }
}

fn width_of(bytes: u64) -> Width {
    match bytes {
        1 => Width::Byte,
        2 => Width::Word,
        4 => Width::Dword,
        _ => Width::Qword,
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    #[inline]
    fn linear(&self, segment: u8, offset: u64, bytes: u64, writes: bool) -> Result<Linear, Fault> {
        let part = self.s.segment(segment);
        if !part.admits(offset, bytes, writes) {
            let of_stack = self.model.real_mode_stack_fault();
            let vector = if segment == seg::SS { of_stack } else { vector::GENERAL_PROTECTION };
            return Err(Fault::with_code(vector, 0));
        }
        Ok(part.linear(offset))
    }

    /// The physical address of a linear one: the same without paging, as many bits as there are lines.
    #[inline]
    pub fn physical(&self, at: Linear) -> Physical {
        Physical(at.0 & self.model.address_mask())
    }

    /// Translates an access of `bytes`, which may run into a second page.
    #[inline]
    fn cell(&self, linear: Linear, bytes: u64) -> Cell {
        let physical = self.physical(linear);
        let left = PAGE_SIZE - linear.0 % PAGE_SIZE;
        let beyond = (left < bytes).then(|| (self.physical(Linear(linear.0.wrapping_add(left))), left as u8));
        Cell { linear, physical, beyond }
    }

    /// Reads memory.
    ///
    /// # Errors
    /// When the segment does not admit the access.
    #[inline]
    pub fn read<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Fault> {
        let linear = self.linear(segment, offset, T::BYTES, false)?;
        Ok(self.read_cell(&self.cell(linear, T::BYTES)))
    }

    /// Writes memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn write<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Fault> {
        let cell = self.writable::<T>(segment, offset)?;
        self.write_cell(&cell, value);
        Ok(())
    }

    /// A place that may be read and written.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn writable<T: Int>(&mut self, segment: u8, offset: u64) -> Result<Cell, Fault> {
        let linear = self.linear(segment, offset, T::BYTES, true)?;
        Ok(self.cell(linear, T::BYTES))
    }

    #[inline]
    pub fn read_cell<T: Int>(&mut self, cell: &Cell) -> T {
        let value = match cell.beyond {
            None => self.read_page(Table::Read, cell.linear, cell.physical),
            Some(beyond) => self.read_split(cell, beyond),
        };
        self.tell(BusStatus::MemoryRead, cell.physical, value);
        value
    }

    #[inline]
    pub fn write_cell<T: Int>(&mut self, cell: &Cell, value: T) {
        self.tell(BusStatus::MemoryWrite, cell.physical, value);
        match cell.beyond {
            None => self.write_page(cell.linear, cell.physical, value),
            Some(beyond) => self.write_split(cell, beyond, value),
        }
    }

    /// Writes `new` where `found` still is, as one access that no other processor comes between.
    ///
    /// What crosses a page, and what the write table does not map (devices, pages with code), is compared and written
    /// by two accesses.
    ///
    /// # Errors
    /// With what is there, when it is not `found`.
    #[inline]
    pub fn exchange_cell<T: Int>(&mut self, cell: &Cell, found: T, new: T) -> Result<(), T> {
        if cell.beyond.is_none()
            && let Some((place, _)) = self.bus.tlb().ways(PRIVILEGE).open::<T>(cell.linear)
        {
            let result = place.exchange(found, new);
            if result.is_ok() {
                self.tell(BusStatus::MemoryWrite, cell.physical, new);
            }
            return result;
        }
        self.write_cell(cell, new);
        Ok(())
    }

    /// Reads memory past segments: descriptor and vector tables.
    pub fn read_linear<T: Int>(&mut self, linear: Linear) -> T {
        self.read_cell(&self.cell(linear, T::BYTES))
    }

    /// A byte of code. `None`: the code segment ends before it.
    #[inline]
    pub fn fetch(&mut self, offset: u64) -> Option<u8> {
        let code = self.s.segment(seg::CS);
        if offset > u64::from(code.limit) {
            return None;
        }
        let linear = code.linear(offset);
        Some(self.read_page(Table::Fetch, linear, self.physical(linear)))
    }

    #[inline]
    fn page_access(&self, linear: Linear, physical: Physical) -> PageAccess {
        PageAccess { linear, physical, at: Cycle(self.s.now) }
    }

    #[inline]
    fn read_page<T: Int>(&mut self, table: Table, linear: Linear, physical: Physical) -> T {
        let tlb = self.bus.tlb();
        let hit =
            if table == Table::Fetch { tlb.fetch(PRIVILEGE, linear) } else { tlb.read(PRIVILEGE, linear) };
        hit.unwrap_or_else(|| {
            let (value, waits) = self.bus.read_missed(table, PRIVILEGE, self.page_access(linear, physical));
            self.s.now += u64::from(waits);
            value
        })
    }

    #[inline]
    fn write_page<T: Int>(&mut self, linear: Linear, physical: Physical, value: T) {
        if self.bus.tlb().write(PRIVILEGE, linear, value).is_none() {
            let waits = self.bus.write_missed(PRIVILEGE, self.page_access(linear, physical), value);
            self.s.now += u64::from(waits);
        }
    }

    /// The linear and physical addresses of the bytes of an access over two pages.
    fn bytes_of(cell: &Cell, (beyond, before): (Physical, u8)) -> impl Fn(u64) -> (Linear, Physical) {
        let (linear, physical, before) = (cell.linear.0, cell.physical.0, u64::from(before));
        move |i| {
            let physical = if i < before { physical + i } else { beyond.0 + (i - before) };
            (wrapped(linear.wrapping_add(i)), Physical(physical))
        }
    }

    #[cold]
    fn read_split<T: Int>(&mut self, cell: &Cell, beyond: (Physical, u8)) -> T {
        let at = Self::bytes_of(cell, beyond);
        let mut value = 0;
        for i in 0..T::BYTES {
            let (linear, physical) = at(i);
            value |= u64::from(self.read_page::<u8>(Table::Read, linear, physical)) << (8 * i);
        }
        T::low(value)
    }

    #[cold]
    fn write_split<T: Int>(&mut self, cell: &Cell, beyond: (Physical, u8), value: T) {
        let at = Self::bytes_of(cell, beyond);
        for i in 0..T::BYTES {
            let (linear, physical) = at(i);
            self.write_page(linear, physical, (value.wide() >> (8 * i)) as u8);
        }
    }

    /// Tells the probe of an access, and charges what it asks for.
    #[inline(always)]
    fn tell<T: Int>(&mut self, status: BusStatus, address: Physical, data: T) {
        if !P::ACTIVE {
            return;
        }
        let by = self.s.code_address(self.s.rip);
        let (width, data, at) = (width_of(T::BYTES), data.wide(), Cycle(self.s.now));
        let access = Access { status, address: address.0 as u32, width, data, at, by };
        self.s.now += u64::from(self.probe.access(&access));
    }

    /// Reads a port.
    pub fn input<T: Int>(&mut self, port: u16) -> T {
        let reply = self.bus.read(BusStatus::IoRead, u32::from(port), width_of(T::BYTES), Cycle(self.s.now));
        self.s.now += u64::from(reply.waits);
        T::low(reply.data)
    }

    /// Writes a port.
    pub fn output<T: Int>(&mut self, port: u16, value: T) {
        let (width, at) = (width_of(T::BYTES), Cycle(self.s.now));
        let waits = self.bus.write(BusStatus::IoWrite, u32::from(port), width, value.wide(), at);
        self.s.now += u64::from(waits);
    }
}
