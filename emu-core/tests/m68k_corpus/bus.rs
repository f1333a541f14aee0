//! A bus with memory from address 0 on, and where that ends a device, and then nothing.

use emu_core::addr::{Physical, Width};
use emu_core::cpu::bus::{Acknowledge, BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::mem::{
    BigGuest, ByteOrder, Changes, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use std::sync::Arc;

/// Where nothing answers: a bus error.
pub const NOTHING: u64 = 0xF0_0000;

pub struct Bus {
    pub memory: PhysMem,
    tlb: Tlb<BigGuest>,
    pub deadline: Cycle,
    /// Who asks for an interrupt, until it is acknowledged.
    pub level: u8,
    /// What was written to the device.
    pub written: Vec<(u64, u64)>,
    bus_error: bool,
}

impl Bus {
    /// A bus with `size` bytes of memory.
    pub fn new(size: u64) -> Self {
        let block = Arc::new(RamBlock::new(size, ByteOrder::Big, NodeId(0)).expect("address space"));
        let mut memory = PhysMem::new(ByteOrder::Big);
        memory.map(Mapping::ram(0, &block)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self { memory, tlb, deadline: Cycle::NEVER, level: 0, written: Vec::new(), bus_error: false }
    }

    pub fn poke(&self, address: u64, byte: u8) {
        self.memory.write(Physical(address), byte).expect("memory");
    }

    pub fn peek(&self, address: u64) -> u8 {
        self.memory.peek(Physical(address)).expect("memory")
    }
}

impl CpuBus for Bus {
    fn read(&mut self, _status: BusStatus, _address: u32, width: Width, _at: Cycle) -> Reply {
        Reply { data: width.mask(), waits: 0 }
    }
    fn write(&mut self, _status: BusStatus, _address: u32, _width: Width, _data: u64, _at: Cycle) -> u32 {
        0
    }
    fn acknowledge_interrupt(&mut self, _at: Cycle) -> u8 {
        0
    }
    fn next_hold(&self) -> Cycle {
        Cycle::NEVER
    }
    fn hold(&mut self, _at: Cycle) -> u32 {
        0
    }
    fn deadline(&self) -> Cycle {
        self.deadline
    }
    fn catch_up(&mut self, _at: Cycle) {}
    fn interrupt_line(&self) -> bool {
        self.level > 0
    }
    fn interrupt_level(&self) -> u8 {
        self.level
    }
    fn acknowledge_level(&mut self, level: u8, _at: Cycle) -> Acknowledge {
        self.level = 0;
        if level & 1 != 0 { Acknowledge::Autovector } else { Acknowledge::Vector(0x40 + level) }
    }
    fn take_nmi(&mut self) -> bool {
        false
    }
    fn exit_requested(&self) -> bool {
        false
    }
}

impl MemoryBus for Bus {
    type Order = BigGuest;

    fn tlb(&mut self) -> &mut Tlb<BigGuest> {
        &mut self.tlb
    }

    fn place(&self, at: Physical) -> Place<'_> {
        self.memory.lookup(at)
    }

    fn take_changes(&mut self) -> Changes {
        self.tlb.honour()
    }

    fn read_missed<T: Scalar>(&mut self, table: Table, privilege: Privilege, at: PageAccess) -> (T, u32) {
        let Self { memory, tlb, .. } = self;
        if let Ok(value) = memory.read_missed(tlb, table, privilege, at.linear, at.physical) {
            return (value, 0);
        }
        self.bus_error = at.physical.0 >= NOTHING;
        // A device that takes its time, and shows what it was asked.
        let shown = at.physical.0 & (u64::MAX >> (64 - 8 * T::BYTES));
        let Ok(value) = T::try_from(shown) else { unreachable!("as many bits as there are") };
        (value, 2)
    }

    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32 {
        let Self { memory, tlb, .. } = self;
        if memory.write_missed(tlb, privilege, at.linear, at.physical, value).is_ok() {
            return 0;
        }
        self.bus_error = at.physical.0 >= NOTHING;
        if !self.bus_error {
            self.written.push((at.physical.0, value.into()));
            // Writing to the device is asking for an interrupt.
            self.level = (at.physical.0 >> 1 & 7) as u8;
        }
        2
    }

    fn take_bus_error(&mut self) -> bool {
        std::mem::take(&mut self.bus_error)
    }
}
