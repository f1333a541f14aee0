//! The bus that a processor drives.

use super::int::Int;
use crate::addr::{Linear, Physical, Width};
use crate::mem::{Changes, GuestOrder, PAGE_SIZE, Place, Privilege, RamBlock, Scalar, Table, Tlb};
use crate::time::Cycle;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a bus cycle is for: the status lines S2–S0 of an 8086 (data sheet 231455, table 1) without HALT and PASV,
/// which move nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BusStatus {
    IoRead,
    IoWrite,
    CodeFetch,
    MemoryRead,
    MemoryWrite,
}

/// What a read bus cycle brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The data in the low bits, whatever the address's parity.
    pub data: u64,
    /// Clock cycles by which READY was late (Tw).
    pub waits: u32,
}

/// How an interrupt is answered by whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    Vector(u8),
    /// The processor has a vector for the level.
    Autovector,
    /// Nobody answers.
    Nobody,
}

/// What a processor's pins reach. One call is one bus cycle; `at` is the CPU clock cycle of its T1.
///
/// Memory addresses are physical and already wrapped to the processor's address lines.
pub trait CpuBus {
    /// A bus cycle that reads: [`BusStatus::IoRead`], [`BusStatus::CodeFetch`] or [`BusStatus::MemoryRead`].
    /// [`Width::Word`] only on a 16-bit bus at an even address.
    fn read(&mut self, status: BusStatus, address: u32, width: Width, at: Cycle) -> Reply;

    /// A bus cycle that writes: [`BusStatus::IoWrite`] or [`BusStatus::MemoryWrite`]. Gives the wait states.
    fn write(&mut self, status: BusStatus, address: u32, width: Width, data: u64, at: Cycle) -> u32;

    /// The second of two interrupt acknowledge cycles, from its T1 on: the vector.
    fn acknowledge_interrupt(&mut self, at: Cycle) -> u8;

    /// The first cycle at which [`Self::hold`] must be asked before a bus cycle may begin.
    fn next_hold(&self) -> Cycle;

    /// Somebody may want the bus (HOLD, RQ/GT): the bus is free from `at` on. Gives for how many cycles it is
    /// taken, and moves [`Self::next_hold`] on.
    fn hold(&mut self, at: Cycle) -> u32;

    /// The run ends at the first instruction boundary at or after this cycle. May come nearer by any access.
    fn deadline(&self) -> Cycle;

    /// Lets everything that is due by `at` happen: for instructions that outlast the deadline (REP).
    fn catch_up(&mut self, at: Cycle);

    /// The level of the INTR line.
    fn interrupt_line(&self) -> bool;

    /// Takes a rising edge of NMI, if there was one since the last call.
    fn take_nmi(&mut self) -> bool;

    /// Whether there was a rising edge of NMI that has not been taken: engines that ask for it seldom ask this often.
    fn nmi_waits(&self) -> bool {
        false
    }

    /// Whether there was a falling edge of SMI# that has not been taken.
    fn smi_waits(&self) -> bool {
        false
    }

    /// Takes a falling edge of SMI#, if there was one since the last call.
    fn take_smi(&mut self) -> bool {
        false
    }

    /// The level of SMIACT#: boards show other memory to a processor in system management mode.
    fn set_management_mode(&mut self, _active: bool) {}

    /// The level at the interrupt lines of a processor that tells levels apart; 0 is none. A bus with one line has one
    /// level.
    fn interrupt_level(&self) -> u8 {
        u8::from(self.interrupt_line())
    }

    /// As [`Self::acknowledge_interrupt`], for a processor that tells levels apart.
    fn acknowledge_level(&mut self, _level: u8, at: Cycle) -> Acknowledge {
        Acknowledge::Vector(self.acknowledge_interrupt(at))
    }

    /// The processor resets what is around it, and itself goes on.
    fn reset_devices(&mut self, _at: Cycle) {}

    /// The run must end after this instruction with [`super::Exit::BusRequest`].
    fn exit_requested(&self) -> bool;
}

/// What a bus offers to an engine that does not step bus cycles: memory through the software TLB, whose misses it
/// serves.
pub trait MemoryBus: CpuBus + 'static {
    type Order: GuestOrder;

    fn tlb(&mut self) -> &mut Tlb<Self::Order>;

    /// What answers at an address on the processor's pins, the board's A20 gate being behind them: where an engine finds
    /// the block whose code it marks.
    fn place(&self, at: Physical) -> Place<'_>;

    /// Whether [`Self::take_changes`] has something to tell; asked after each slow access.
    fn has_changes(&mut self) -> bool {
        self.tlb().has_notices()
    }

    /// Which memory has got another meaning since the last call. An engine that remembers what it has decoded asks
    /// before it uses that again, and whenever it has marked code ([`crate::mem::RamBlock::mark_code`]).
    fn take_changes(&mut self) -> Changes;

    /// Reads what the TLB could not, whole within a page, and maps the page for the next time if it can be. Gives the
    /// value and the wait states.
    fn read_missed<T: Scalar>(&mut self, table: Table, privilege: Privilege, at: PageAccess) -> (T, u32);

    /// Writes what the TLB could not; otherwise as [`Self::read_missed`].
    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32;

    /// Gives the TLB an entry for the page around a linear address, which is translated to the one around `physical`, if memory
    /// that allows such accesses covers the whole page. Gives whether it did.
    fn map(&mut self, table: Table, privilege: Privilege, linear: Linear, physical: Physical) -> bool {
        let Some((block, offset)) = self.whole_page(table, physical) else { return false };
        self.tlb().fill(table, privilege, linear, physical, &block, offset)
    }

    /// The memory that covers the whole page around an address and allows such accesses, and where in its block the page lies.
    fn whole_page(&self, table: Table, at: Physical) -> Option<(Arc<RamBlock>, u64)> {
        match self.place(Physical(at.0 - at.0 % PAGE_SIZE)) {
            Place::Ram { block, offset, left } if left >= PAGE_SIZE => Some((Arc::clone(block), offset)),
            Place::Rom { block, offset, left } if left >= PAGE_SIZE && table != Table::Write => {
                Some((Arc::clone(block), offset))
            }
            _ => None,
        }
    }

    /// Puts `new` where `old` is, in one step that no other processor comes between, where the TLB could not; maps the page
    /// for the next time if it can be. `None` where there is no such step: in devices and holes, and at the end of a block.
    fn exchange_missed<T: Int>(
        &mut self,
        privilege: Privilege,
        at: PageAccess,
        old: T,
        new: T,
    ) -> Option<Result<(), T>> {
        let Place::Ram { block, offset, left } = self.place(at.physical) else { return None };
        if left < T::BYTES {
            return None;
        }
        let block = Arc::clone(block);
        self.map(Table::Write, privilege, at.linear, at.physical);
        block.exchange(offset, old, new)
    }

    /// The same past the TLB, of 16 bytes at a multiple of 16.
    fn exchange_block(&mut self, at: Physical, old: u128, new: u128) -> Option<Result<(), u128>> {
        match self.place(at) {
            Place::Ram { block, offset, .. } => block.exchange_block(offset, old, new),
            _ => None,
        }
    }

    /// The coprocessor's error pin (FERR of an 80486, ERROR of an 80387) has another level: PCs make IRQ 13 of it.
    fn set_coprocessor_error(&mut self, _level: bool) {}

    /// Reads a table of the paging unit, past what the TLB knows of linear addresses. One that lies in no memory reads as ones.
    #[inline]
    fn read_table<T: Int>(&mut self, at: Physical) -> T {
        self.tlb().read_table(at).unwrap_or_else(|| self.read_table_missed(at))
    }

    #[cold]
    fn read_table_missed<T: Int>(&mut self, at: Physical) -> T {
        if let Some((block, offset)) = self.whole_page(Table::Read, at) {
            self.tlb().fill_table(at, &block, offset);
        }
        match self.place(at) {
            Place::Ram { block, offset, .. } | Place::Rom { block, offset, .. } => block.read(offset),
            _ => None,
        }
        .unwrap_or(T::low(u64::MAX))
    }

    /// Puts `new` where `old` is in a table of the paging unit, in one step that no other processor comes between. Gives
    /// whether `old` was there; what is no RAM pretends so.
    fn update_table<T: Int>(&mut self, at: Physical, old: T, new: T) -> bool {
        match self.place(at) {
            Place::Ram { block, offset, .. } => block.compare_exchange(offset, old, new),
            _ => None,
        }
        .unwrap_or(true)
    }

    /// Whether the access that the TLB could not serve ended in a bus error; asked after each by processors that have
    /// such an exception.
    fn take_bus_error(&mut self) -> bool {
        false
    }
}

/// An access whose address has been translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAccess {
    pub linear: Linear,
    pub physical: Physical,
    pub at: Cycle,
}
