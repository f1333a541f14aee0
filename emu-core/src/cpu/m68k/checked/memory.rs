//! Memory: the check of the address, then the software TLB.
//!
//! The bus is 16 bits wide: what the TLB does not serve of a long is two words, the upper one first.

use super::{Access, Checked, Fault};
use crate::addr::{Linear, Physical, Width};
use crate::cpu::bus::{BusStatus, MemoryBus, PageAccess};
use crate::cpu::int::Int;
use crate::cpu::probe::{self, Probe};
use crate::mem::{Privilege, Table};
use crate::time::Cycle;

fn width_of(bytes: u64) -> Width {
    match bytes {
        1 => Width::Byte,
        2 => Width::Word,
        _ => Width::Dword,
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// What of an address reaches the pins.
    #[inline(always)]
    fn linear(&self, at: u32) -> Linear {
        Linear((at & self.model.address_mask()).into())
    }

    #[inline(always)]
    pub fn privilege(&self) -> Privilege {
        if self.s.is_supervisor() { Privilege::Supervisor } else { Privilege::User }
    }

    /// Reads memory.
    ///
    /// # Errors
    /// When a word or long lies at an odd address, or the bus refuses.
    #[inline]
    pub fn read<T: Int>(&mut self, at: u32) -> Result<T, Fault> {
        if T::BYTES > 1 && at & 1 != 0 {
            return Err(Fault::Address(Access::read(at)));
        }
        let (linear, privilege) = (self.linear(at), self.privilege());
        let value = match self.bus.tlb().read(privilege, linear) {
            Some(value) => value,
            None => self.read_missed(Table::Read, at)?,
        };
        self.tell(BusStatus::MemoryRead, at, value);
        Ok(value)
    }

    /// Writes memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn write<T: Int>(&mut self, at: u32, value: T) -> Result<(), Fault> {
        if T::BYTES > 1 && at & 1 != 0 {
            return Err(Fault::Address(Access::write(at, value.wide() as u32)));
        }
        self.tell(BusStatus::MemoryWrite, at, value);
        let (linear, privilege) = (self.linear(at), self.privilege());
        match self.bus.tlb().write(privilege, linear, value) {
            Some(()) => Ok(()),
            None => self.write_missed(at, value),
        }
    }

    /// A word of an instruction.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    pub fn fetch(&mut self, at: u32) -> Result<u16, Fault> {
        if at & 1 != 0 {
            return Err(Fault::Address(Access::fetch(at)));
        }
        let (linear, privilege) = (self.linear(at), self.privilege());
        match self.bus.tlb().fetch(privilege, linear) {
            Some(word) => Ok(word),
            None => self.read_missed(Table::Fetch, at),
        }
    }

    fn page_access(&self, at: u32) -> PageAccess {
        let linear = self.linear(at);
        PageAccess { linear, physical: Physical(linear.0), at: Cycle(self.s.now) }
    }

    #[cold]
    fn read_missed<T: Int>(&mut self, table: Table, at: u32) -> Result<T, Fault> {
        if T::BYTES == 4 {
            let upper = self.read_part::<u16>(table, at)?;
            let lower = self.read_part::<u16>(table, at.wrapping_add(2))?;
            return Ok(T::low(u64::from(upper) << 16 | u64::from(lower)));
        }
        self.read_part(table, at)
    }

    /// Reads what fits the bus.
    fn read_part<T: Int>(&mut self, table: Table, at: u32) -> Result<T, Fault> {
        let (access, privilege) = (self.page_access(at), self.privilege());
        if let Some(value) = self.bus.tlb().read(privilege, access.linear)
            && table == Table::Read
        {
            return Ok(value);
        }
        let (value, waits) = self.bus.read_missed(table, privilege, access);
        self.s.now += u64::from(waits);
        if self.bus.take_bus_error() {
            let access = if table == Table::Fetch { Access::fetch(at) } else { Access::read(at) };
            return Err(Fault::Bus(access));
        }
        Ok(value)
    }

    #[cold]
    fn write_missed<T: Int>(&mut self, at: u32, value: T) -> Result<(), Fault> {
        if T::BYTES == 4 {
            self.write_part(at, (value.wide() >> 16) as u16)?;
            return self.write_part(at.wrapping_add(2), value.wide() as u16);
        }
        self.write_part(at, value)
    }

    /// Writes what fits the bus.
    fn write_part<T: Int>(&mut self, at: u32, value: T) -> Result<(), Fault> {
        let (access, privilege) = (self.page_access(at), self.privilege());
        if self.bus.tlb().write(privilege, access.linear, value).is_some() {
            return Ok(());
        }
        let waits = self.bus.write_missed(privilege, access, value);
        self.s.now += u64::from(waits);
        if self.bus.take_bus_error() {
            return Err(Fault::Bus(Access::write(at, value.wide() as u32)));
        }
        Ok(())
    }

    /// Tells the probe of an access, and charges what it asks for.
    #[inline(always)]
    fn tell<T: Int>(&mut self, status: BusStatus, at: u32, data: T) {
        if !P::ACTIVE {
            return;
        }
        let (width, data, by) = (width_of(T::BYTES), data.wide(), self.by);
        let address = at & self.model.address_mask();
        let access = probe::Access { status, address, width, data, at: Cycle(self.s.now), by };
        self.s.now += u64::from(self.probe.access(&access));
    }
}
