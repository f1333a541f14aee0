//! The surroundings of a processor under test: one block of memory, one interrupt line, ports that read as ones. Nothing else
//! happens on it.

use emu_core::addr::{Physical, Width};
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::mem::{
    ByteOrder, Changes, LittleGuest, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use std::sync::Arc;

pub struct QuietBus {
    pub memory: PhysMem,
    pub ram: Arc<RamBlock>,
    tlb: Tlb<LittleGuest>,
    pub deadline: Cycle,
    /// The vector of an interrupt that waits to be acknowledged.
    pub interrupt: Option<u8>,
    /// What was written to ports, and when.
    pub written: Vec<(u32, u64, u64)>,
    /// Whether an access beyond the memory fails the test. Else ones are read there, and what is written is lost.
    pub must_hit: bool,
}

impl QuietBus {
    /// With so many bytes of memory from an address on.
    pub fn new(start: u64, bytes: u64) -> Self {
        let block = RamBlock::new(bytes, ByteOrder::Little, NodeId(0));
        let ram = Arc::new(block.expect("room for the memory"));
        let mut memory = PhysMem::new(ByteOrder::Little);
        memory.map(Mapping::ram(start, &ram)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self {
            memory,
            ram,
            tlb,
            deadline: Cycle::NEVER,
            interrupt: None,
            written: Vec::new(),
            must_hit: false,
        }
    }

    pub fn put(&self, at: u64, bytes: &[u8]) {
        self.memory.write_bytes(Physical(at), bytes).expect("within the memory");
    }

    pub fn get(&self, at: u64, bytes: &mut [u8]) {
        self.memory.read_bytes(Physical(at), bytes).expect("within the memory");
    }
}

impl CpuBus for QuietBus {
    fn read(&mut self, _: BusStatus, _: u32, width: Width, _: Cycle) -> Reply {
        Reply { data: width.mask(), waits: 0 }
    }
    fn write(&mut self, _: BusStatus, address: u32, _: Width, data: u64, at: Cycle) -> u32 {
        self.written.push((address, data, at.0));
        0
    }
    fn acknowledge_interrupt(&mut self, _: Cycle) -> u8 {
        self.interrupt.take().unwrap_or(0xFF)
    }
    fn next_hold(&self) -> Cycle {
        Cycle::NEVER
    }
    fn hold(&mut self, _: Cycle) -> u32 {
        0
    }
    fn deadline(&self) -> Cycle {
        self.deadline
    }
    fn catch_up(&mut self, _: Cycle) {}
    fn interrupt_line(&self) -> bool {
        self.interrupt.is_some()
    }
    fn take_nmi(&mut self) -> bool {
        false
    }
    fn exit_requested(&self) -> bool {
        false
    }
}

impl MemoryBus for QuietBus {
    type Order = LittleGuest;

    fn tlb(&mut self) -> &mut Tlb<LittleGuest> {
        &mut self.tlb
    }

    fn place(&self, at: Physical) -> Place<'_> {
        self.memory.lookup(at)
    }

    fn take_changes(&mut self) -> Changes {
        self.tlb.honour()
    }

    fn read_missed<T: Scalar>(&mut self, table: Table, privilege: Privilege, at: PageAccess) -> (T, u32) {
        let value = self.memory.read_missed(&mut self.tlb, table, privilege, at.linear, at.physical);
        assert!(value.is_ok() || !self.must_hit, "all addresses have memory, but not {:x?}", at.physical);
        (value.unwrap_or_else(|_| ones()), 0)
    }

    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32 {
        let done = self.memory.write_missed(&mut self.tlb, privilege, at.linear, at.physical, value);
        assert!(done.is_ok() || !self.must_hit, "all addresses have memory, but not {:x?}", at.physical);
        0
    }
}

fn ones<T: Scalar>() -> T {
    T::try_from(u64::MAX >> (64 - 8 * T::BYTES)).ok().expect("as many ones as it has bits")
}
