//! Memory through segments and pages: every check, then the software TLB.

use super::{Checked, Fault, vector};
use crate::addr::{Linear, Physical, Width};
use crate::cpu::bus::{BusStatus, MemoryBus, PageAccess};
use crate::cpu::probe::{Access, Probe};
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::state::{LastIo, Segment, attribute, seg, wrapped};
use crate::mem::{PAGE_SIZE, Privilege, Table, split_access};
use crate::time::Cycle;

/// A place in memory whose checks are done.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    linear: Linear,
    physical: Physical,
    privilege: Privilege,
    beyond: Option<Beyond>,
}

/// The part of an access that lies apart: behind a page's end, or at the start of a segment whose offsets wrap around.
#[derive(Clone, Copy, Debug)]
struct Beyond {
    linear: Linear,
    physical: Physical,
    /// How many bytes come before it.
    before: u8,
}

impl Cell {
    pub const fn linear(&self) -> Linear {
        self.linear
    }
}

impl Segment {
    /// Whether `bytes` at `offset` may be reached, outside of 64-bit mode.
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
        self.is_present() && allowed && within
    }
}

/// Whether `address` and the `bytes - 1` behind it have bits 63 to 47 alike.
#[inline(always)]
pub const fn is_canonical(address: u64, bytes: u64) -> bool {
    const fn extended(address: u64) -> u64 {
        ((address << 16) as i64 >> 16) as u64
    }
    let last = address.wrapping_add(bytes - 1);
    extended(address) == address && extended(last) == last
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
    /// The linear address of an access of the program, if its segment admits it.
    #[inline]
    pub fn linear(&mut self, segment: u8, offset: u64, bytes: u64, writes: bool) -> Result<Linear, Fault> {
        let part = self.s.segment(segment);
        let linear = if self.s.is_64_bit() {
            let base = if segment >= seg::FS { part.base } else { 0 };
            let address = base.wrapping_add(offset);
            if !is_canonical(address, bytes) {
                return Err(self.outside(segment));
            }
            Linear(address)
        } else {
            if !part.admits(offset, bytes, writes) {
                return Err(self.outside(segment));
            }
            part.linear(offset)
        };
        if linear.0 & (bytes - 1) != 0 && self.s.checks_alignment() {
            return Err(Fault::with_code(vector::ALIGNMENT, 0));
        }
        if self.s.has_breakpoints() {
            let kinds: &[u64] = if writes { &[1, 3] } else { &[3] };
            self.s.breakpoints |= self.s.breakpoints_met(linear.0, bytes, kinds);
        }
        Ok(linear)
    }

    /// The exception of an access that its segment does not admit.
    #[cold]
    fn outside(&self, segment: u8) -> Fault {
        let vector = if segment == seg::SS { self.stack_vector() } else { vector::GENERAL_PROTECTION };
        Fault::with_code(vector, 0)
    }

    /// The exception of an access that the stack segment does not admit.
    pub(super) fn stack_vector(&self) -> u8 {
        if self.s.is_protected() { vector::STACK } else { self.model.real_mode_stack_fault() }
    }

    /// Translates an access of `bytes`, which may run into a second page.
    #[inline]
    fn cell(
        &mut self,
        linear: Linear,
        bytes: u64,
        table: Table,
        privilege: Privilege,
    ) -> Result<Cell, Fault> {
        if let Some(physical) = self.bus.tlb().physical(table, privilege, linear, bytes) {
            return Ok(Cell { linear, physical, privilege, beyond: None });
        }
        let physical = self.translate(linear, table, privilege)?;
        let left = PAGE_SIZE - linear.0 % PAGE_SIZE;
        let beyond = if left < bytes {
            let linear = self.behind(linear, left);
            let physical = self.translate(linear, table, privilege)?;
            Some(Beyond { linear, physical, before: left as u8 })
        } else {
            None
        };
        Ok(Cell { linear, physical, privilege, beyond })
    }

    /// A place that runs over the end of its segment, on members whose offsets wrap around there.
    ///
    /// # Errors
    /// `fault`, on the others.
    #[cold]
    fn around(&mut self, segment: u8, offset: u64, fault: Fault) -> Result<Cell, Fault> {
        if !self.model.is_before_protection() {
            return Err(fault);
        }
        let (part, privilege) = (*self.s.segment(segment), self.s.privilege());
        let (linear, start) = (part.linear(offset), part.linear(0));
        let physical = self.translate(linear, Table::Write, privilege)?;
        let before = (0x1_0000 - (offset & 0xFFFF)) as u8;
        let beyond =
            Beyond { linear: start, physical: self.translate(start, Table::Write, privilege)?, before };
        Ok(Cell { linear, physical, privilege, beyond: Some(beyond) })
    }

    /// The linear address `bytes` further on.
    #[inline]
    pub fn behind(&self, linear: Linear, bytes: u64) -> Linear {
        let sum = linear.0.wrapping_add(bytes);
        if self.s.is_64_bit() { Linear(sum) } else { wrapped(sum) }
    }

    /// Reads memory.
    ///
    /// # Errors
    /// When the segment or the page does not admit the access.
    #[inline]
    pub fn read<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Fault> {
        match self.linear(segment, offset, T::BYTES, false) {
            Ok(linear) => self.read_as(linear, self.s.privilege()),
            Err(fault) => {
                let cell = self.around(segment, offset, fault)?;
                Ok(self.read_cell(&cell))
            }
        }
    }

    /// Writes memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn write<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Fault> {
        match self.linear(segment, offset, T::BYTES, true) {
            Ok(linear) => self.write_as(linear, self.s.privilege(), value),
            Err(fault) => {
                let cell = self.around(segment, offset, fault)?;
                self.write_cell(&cell, value);
                Ok(())
            }
        }
    }

    /// A place that may be read and written.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn writable<T: Int>(&mut self, segment: u8, offset: u64) -> Result<Cell, Fault> {
        match self.linear(segment, offset, T::BYTES, true) {
            Ok(linear) => self.cell(linear, T::BYTES, Table::Write, self.s.privilege()),
            Err(fault) => self.around(segment, offset, fault),
        }
    }

    /// Reads memory past segments.
    ///
    /// # Errors
    /// When the page does not admit the access.
    #[inline(always)]
    pub fn read_as<T: Int>(&mut self, linear: Linear, privilege: Privilege) -> Result<T, Fault> {
        if !P::ACTIVE
            && let Some(value) = self.bus.tlb().read(privilege, linear)
        {
            return Ok(value);
        }
        self.read_as_missed(linear, privilege)
    }

    #[inline(never)]
    fn read_as_missed<T: Int>(&mut self, linear: Linear, privilege: Privilege) -> Result<T, Fault> {
        let cell = self.cell(linear, T::BYTES, Table::Read, privilege)?;
        Ok(self.read_cell(&cell))
    }

    /// Writes memory past segments.
    ///
    /// # Errors
    /// As [`Self::read_as`].
    #[inline(always)]
    pub fn write_as<T: Int>(&mut self, linear: Linear, privilege: Privilege, value: T) -> Result<(), Fault> {
        if !P::ACTIVE && self.bus.tlb().write(privilege, linear, value).is_some() {
            return Ok(());
        }
        self.write_as_missed(linear, privilege, value)
    }

    #[inline(never)]
    fn write_as_missed<T: Int>(
        &mut self,
        linear: Linear,
        privilege: Privilege,
        value: T,
    ) -> Result<(), Fault> {
        let cell = self.cell(linear, T::BYTES, Table::Write, privilege)?;
        self.write_cell(&cell, value);
        Ok(())
    }

    /// Reads a table of the system: descriptors, gates, task states. Always with the supervisor's rights.
    ///
    /// # Errors
    /// As [`Self::read_as`].
    #[inline]
    pub fn read_system<T: Int>(&mut self, linear: Linear) -> Result<T, Fault> {
        self.read_as(linear, Privilege::Supervisor)
    }

    /// Writes a table of the system.
    ///
    /// # Errors
    /// As [`Self::read_as`].
    #[inline]
    pub fn write_system<T: Int>(&mut self, linear: Linear, value: T) -> Result<(), Fault> {
        self.write_as(linear, Privilege::Supervisor, value)
    }

    /// Makes sure that [`Self::write_system`] will not fail.
    ///
    /// # Errors
    /// As [`Self::read_as`].
    pub fn admit_system_write(&mut self, linear: Linear, bytes: u64) -> Result<(), Fault> {
        self.cell(linear, bytes, Table::Write, Privilege::Supervisor).map(drop)
    }

    /// Reads a place opened by [`Self::writable`], or one that was checked for reading.
    #[inline]
    pub fn read_cell<T: Int>(&mut self, cell: &Cell) -> T {
        let value = match cell.beyond {
            None => self.read_page(Table::Read, cell, cell.linear, cell.physical),
            Some(beyond) => self.read_split(cell, beyond),
        };
        self.tell(BusStatus::MemoryRead, cell.physical, value);
        value
    }

    /// Writes a place opened by [`Self::writable`].
    #[inline]
    pub fn write_cell<T: Int>(&mut self, cell: &Cell, value: T) {
        self.tell(BusStatus::MemoryWrite, cell.physical, value);
        match cell.beyond {
            None => self.write_page(cell, cell.linear, cell.physical, value),
            Some(beyond) => self.write_split(cell, beyond, value),
        }
    }

    /// Writes `new` where `found` still is, as one access that no other processor comes between; in devices, as a read and
    /// a write.
    ///
    /// # Errors
    /// With what is there, when it is not `found`.
    #[inline]
    pub fn exchange_cell<T: Int>(&mut self, cell: &Cell, found: T, new: T) -> Result<(), T> {
        let quick = match cell.beyond {
            None => self.bus.tlb().ways(cell.privilege).open::<T>(cell.linear),
            Some(_) => None,
        };
        let result = match quick {
            Some((place, _)) => place.exchange(found, new),
            None => self.exchange_slowly(cell, found, new),
        };
        if result.is_ok() {
            self.tell(BusStatus::MemoryWrite, cell.physical, new);
        }
        result
    }

    #[cold]
    #[inline(never)]
    fn exchange_slowly<T: Int>(&mut self, cell: &Cell, found: T, new: T) -> Result<(), T> {
        let access = self.page_access(cell.linear, cell.physical);
        let follows =
            cell.beyond.is_none_or(|beyond| beyond.physical.0 == cell.physical.0 + u64::from(beyond.before));
        if follows && let Some(result) = self.bus.exchange_missed(cell.privilege, access, found, new) {
            return result;
        }
        let Some(beyond) = cell.beyond else {
            self.write_page(cell, cell.linear, cell.physical, new);
            return Ok(());
        };
        let _one_at_a_time = split_access();
        let now = self.read_split(cell, beyond);
        if now != found {
            return Err(now);
        }
        self.write_split(cell, beyond, new);
        Ok(())
    }

    /// Writes `new` where `found` still is, 16 bytes at a multiple of 16 whose halves are these, as [`Self::exchange_cell`].
    ///
    /// # Errors
    /// With what is there, when it is not `found`.
    pub fn exchange_halves(&mut self, [low, high]: [&Cell; 2], found: u128, new: u128) -> Result<(), u128> {
        if let Some(result) = self.bus.exchange_block(low.physical, found, new) {
            return result;
        }
        self.write_cell(low, new as u64);
        self.write_cell(high, (new >> 64) as u64);
        Ok(())
    }

    /// Fetches bytes of code from `offset` on, as far as the page goes and `bytes` has room. Gives how many; none where
    /// the code segment ends.
    ///
    /// # Errors
    /// When the page may not be executed.
    pub fn fetch(&mut self, offset: u64, bytes: &mut [u8]) -> Result<usize, Fault> {
        let code = *self.s.segment(seg::CS);
        let (linear, in_segment) = if code.is_long() {
            (Linear(offset), if is_canonical(offset, 1) { u64::MAX } else { 0 })
        } else {
            (code.linear(offset), (u64::from(code.limit) + 1).saturating_sub(offset))
        };
        let in_page = PAGE_SIZE - linear.0 % PAGE_SIZE;
        let length = in_page.min(in_segment).min(bytes.len() as u64) as usize;
        if length == 0 {
            return Ok(0);
        }
        let cell = self.cell(linear, 1, Table::Fetch, self.s.privilege())?;
        for (i, byte) in (0..).zip(&mut bytes[..length]) {
            let (linear, physical) = (Linear(linear.0 + i), Physical(cell.physical.0 + i));
            *byte = self.read_page(Table::Fetch, &cell, linear, physical);
        }
        Ok(length)
    }

    #[inline]
    fn page_access(&self, linear: Linear, physical: Physical) -> PageAccess {
        PageAccess { linear, physical, at: Cycle(self.s.now) }
    }

    /// Reads within a page, with the rights of `cell`.
    #[inline]
    fn read_page<T: Int>(&mut self, table: Table, cell: &Cell, linear: Linear, physical: Physical) -> T {
        let (tlb, privilege) = (self.bus.tlb(), cell.privilege);
        let hit =
            if table == Table::Fetch { tlb.fetch(privilege, linear) } else { tlb.read(privilege, linear) };
        hit.unwrap_or_else(|| {
            let (value, waits) = self.bus.read_missed(table, privilege, self.page_access(linear, physical));
            self.s.now += u64::from(waits);
            value
        })
    }

    /// Writes within a page, with the rights of `cell`.
    #[inline]
    fn write_page<T: Int>(&mut self, cell: &Cell, linear: Linear, physical: Physical, value: T) {
        if self.bus.tlb().write(cell.privilege, linear, value).is_none() {
            let waits = self.bus.write_missed(cell.privilege, self.page_access(linear, physical), value);
            self.s.now += u64::from(waits);
        }
    }

    /// The linear and physical addresses of byte `i` of an access over two pages.
    fn byte_of(&self, cell: &Cell, beyond: Beyond, i: u64) -> (Linear, Physical) {
        let before = u64::from(beyond.before);
        if i < before {
            return (self.behind(cell.linear, i), Physical(cell.physical.0 + i));
        }
        (self.behind(beyond.linear, i - before), Physical(beyond.physical.0 + (i - before)))
    }

    #[cold]
    fn read_split<T: Int>(&mut self, cell: &Cell, beyond: Beyond) -> T {
        let mut value = 0;
        for i in 0..T::BYTES {
            let (linear, physical) = self.byte_of(cell, beyond, i);
            value |= u64::from(self.read_page::<u8>(Table::Read, cell, linear, physical)) << (8 * i);
        }
        T::low(value)
    }

    #[cold]
    fn write_split<T: Int>(&mut self, cell: &Cell, beyond: Beyond, value: T) {
        for i in 0..T::BYTES {
            let (linear, physical) = self.byte_of(cell, beyond, i);
            self.write_page(cell, linear, physical, (value.wide() >> (8 * i)) as u8);
        }
    }

    /// Tells the probe of an access, and charges what it asks for.
    #[inline(always)]
    fn tell<T: Int>(&mut self, status: BusStatus, address: Physical, data: T) {
        if !P::ACTIVE {
            return;
        }
        let by = self.by;
        let (width, data, at) = (width_of(T::BYTES), data.wide(), Cycle(self.s.now));
        let access = Access { status, address: address.0 as u32, width, data, at, by };
        self.s.now += u64::from(self.probe.access(&access));
    }

    /// Makes sure that the program may use `bytes` ports from this one on (Intel SDM volume 1, 19.5).
    ///
    /// # Errors
    /// General protection when neither IOPL nor the task's bitmap allows it.
    #[inline]
    pub fn admit_port(&mut self, port: u16, bytes: u64) -> Result<(), Fault> {
        let open = self.s.cpl() <= self.s.flags.iopl() && !self.s.is_virtual_8086();
        if !self.s.is_protected() || open {
            return Ok(());
        }
        self.admit_port_by_bitmap(port, bytes)
    }

    fn admit_port_by_bitmap(&mut self, port: u16, bytes: u64) -> Result<(), Fault> {
        let refused = Fault::with_code(vector::GENERAL_PROTECTION, 0);
        let task = *self.s.segment(seg::TR);
        if task.system_kind() & 8 == 0 || task.limit < 103 {
            return Err(refused);
        }
        let bitmap = self.read_system::<u16>(self.system_address(task.base, 102))?;
        let place = u64::from(bitmap) + u64::from(port / 8);
        if place + 1 > u64::from(task.limit) {
            return Err(refused);
        }
        let bits = self.read_system::<u16>(self.system_address(task.base, place))?;
        let wanted = ((1_u16 << bytes) - 1) << (port % 8);
        if bits & wanted == 0 { Ok(()) } else { Err(refused) }
    }

    /// For an SMI that comes of it.
    fn remember_io<T: Int>(&mut self, port: u16, direction: u32) {
        let kind = u32::from(port) << 16 | (T::BYTES as u32) << 1 | direction;
        let instruction = self.s.counters.instructions;
        self.s.management.io = Some(LastIo { instruction, start: 0, end: 0, kind });
    }

    /// Reads a port.
    ///
    /// # Errors
    /// As [`Self::admit_port`].
    pub fn input<T: Int>(&mut self, port: u16) -> Result<T, Fault> {
        self.admit_port(port, T::BYTES)?;
        self.remember_io::<T>(port, 1 << 4);
        let reply = self.bus.read(BusStatus::IoRead, u32::from(port), width_of(T::BYTES), Cycle(self.s.now));
        self.s.now += u64::from(reply.waits);
        let value = T::low(reply.data);
        self.tell(BusStatus::IoRead, Physical(port.into()), value);
        Ok(value)
    }

    /// Writes a port.
    ///
    /// # Errors
    /// As [`Self::admit_port`].
    pub fn output<T: Int>(&mut self, port: u16, value: T) -> Result<(), Fault> {
        self.admit_port(port, T::BYTES)?;
        self.remember_io::<T>(port, 0);
        self.tell(BusStatus::IoWrite, Physical(port.into()), value);
        let (width, at) = (width_of(T::BYTES), Cycle(self.s.now));
        let waits = self.bus.write(BusStatus::IoWrite, u32::from(port), width, value.wide(), at);
        self.s.now += u64::from(waits);
        Ok(())
    }
}
