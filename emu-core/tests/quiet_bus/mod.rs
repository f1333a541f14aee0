//! The surroundings of a processor under test: one block of memory, interrupts as the test has them, ports that read as ones. Nothing
//! else happens on it.

#![allow(dead_code, reason = "no test needs all of it")]

use emu_core::addr::{Physical, Width};
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::mem::{
    ByteOrder, Changes, LittleGuest, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use std::sync::Arc;

/// Bytes of memory that do for most programs.
pub const SIZE: u64 = 4 << 20;

pub struct QuietBus {
    pub memory: PhysMem,
    pub ram: Arc<RamBlock>,
    tlb: Tlb<LittleGuest>,
    pub deadline: Cycle,
    /// The vector of an interrupt that waits to be acknowledged.
    pub interrupt: Option<u8>,
    /// A non-maskable interrupt waits.
    pub nmi: bool,
    /// A system management interrupt waits, and another one behind it.
    pub smi: bool,
    pub smi_again: bool,
    /// A port that answers a write with a system management interrupt, once.
    pub smi_port: Option<u32>,
    /// What was written to ports, and when.
    pub written: Vec<(u32, u64, u64)>,
    /// Whether an access beyond the memory fails the test. Else ones are read there, and what is written is lost.
    pub must_hit: bool,
}

impl QuietBus {
    /// With so many bytes of memory from an address on.
    pub fn new(start: u64, bytes: u64) -> Self {
        Self::on(start, &Self::ram(bytes))
    }

    /// Memory for [`Self::on`].
    pub fn ram(bytes: u64) -> Arc<RamBlock> {
        let block = RamBlock::new(bytes, ByteOrder::Little, NodeId(0));
        Arc::new(block.expect("room for the memory"))
    }

    /// One of several processors that share memory, which lies from an address on.
    pub fn on(start: u64, ram: &Arc<RamBlock>) -> Self {
        let mut memory = PhysMem::new(ByteOrder::Little);
        memory.map(Mapping::ram(start, ram)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self {
            memory,
            ram: Arc::clone(ram),
            tlb,
            deadline: Cycle::NEVER,
            interrupt: None,
            nmi: false,
            smi: false,
            smi_again: false,
            smi_port: None,
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
        if self.smi_port == Some(address) {
            (self.smi, self.smi_port) = (true, None);
        }
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
        std::mem::take(&mut self.nmi)
    }
    fn nmi_waits(&self) -> bool {
        self.nmi
    }
    fn smi_waits(&self) -> bool {
        self.smi
    }
    fn take_smi(&mut self) -> bool {
        std::mem::replace(&mut self.smi, std::mem::take(&mut self.smi_again))
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
