//! A processor with memory all around it: what the records were taken with.

use emu_core::addr::{Physical, Width};
use emu_core::cpu::Exit;
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::cpu::m68k::M68k;
use emu_core::cpu::m68k::model::MC68000;
use emu_core::cpu::m68k::state::{Activity, State};
use emu_core::cpu::probe::{Access, NoProbe, Probe};
use emu_core::mem::{
    BigGuest, ByteOrder, Changes, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
pub struct Record {
    pub name: String,
    pub idx: u32,
    pub initial: Snapshot,
    #[serde(rename = "final")]
    pub last: Snapshot,
    pub cycles: u64,
    pub flags_mask: Option<u16>,
    pub exception: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub regs: BTreeMap<String, u32>,
    pub ram: Vec<(u64, u8)>,
}

pub struct Bus {
    memory: PhysMem,
    tlb: Tlb<BigGuest>,
    deadline: Cycle,
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
        false
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
        let value = memory.read_missed(tlb, table, privilege, at.linear, at.physical);
        (value.expect("all addresses have memory"), 0)
    }

    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32 {
        let Self { memory, tlb, .. } = self;
        let done = memory.write_missed(tlb, privilege, at.linear, at.physical, value);
        done.expect("all addresses have memory");
        0
    }
}

/// Every byte written, so that a stray one is found.
#[derive(Default)]
struct Writes(Vec<u64>);

impl Probe for Writes {
    const ACTIVE: bool = true;

    fn access(&mut self, access: &Access) -> u32 {
        if access.status == BusStatus::MemoryWrite {
            let at = u64::from(access.address);
            self.0.extend((0..access.width.bytes()).map(|i| (at + i) & 0xFF_FFFF));
        }
        0
    }
}

/// A processor on its bench; one serves any number of records.
pub struct Bench {
    bus: Bus,
}

/// What becomes of a record.
pub struct Outcome {
    pub mismatch: Option<String>,
    pub cycles_agree: bool,
}

impl Bench {
    /// All the memory that the address lines reach.
    pub fn new() -> Self {
        let block = RamBlock::new(16 << 20, ByteOrder::Big, NodeId(0));
        let block = Arc::new(block.expect("16 MB of address space"));
        let mut memory = PhysMem::new(ByteOrder::Big);
        memory.map(Mapping::ram(0, &block)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self { bus: Bus { memory, tlb, deadline: Cycle::NEVER } }
    }

    /// Runs one instruction of a record.
    pub fn run(&mut self, record: &Record) -> Outcome {
        for &(address, byte) in &record.initial.ram {
            self.poke(address, byte);
        }
        let mut cpu = M68k::new(&MC68000);
        cpu.state.activity = Activity::Running;
        load(&mut cpu.state, &record.initial.regs);
        let mut writes = Writes::default();
        cpu.run_with(&mut self.bus, &mut writes, true);
        let mismatch = self.judge(record, &cpu.state, &writes);
        let touched = record.initial.ram.iter().chain(&record.last.ram).map(|&(address, _)| address);
        for address in touched.chain(writes.0.iter().copied()) {
            self.poke(address, 0);
        }
        Outcome { mismatch, cycles_agree: cpu.state.now == record.cycles }
    }

    /// On a fresh bench: runs code of address 1000h for some thousand clocks, with the given registers, in one go or by single steps. Gives
    /// the state and what lies in the lowest megabyte, as a sum.
    pub fn run_program(
        mut self,
        code: &[u8],
        registers: [u32; 15],
        status: u16,
        by_steps: bool,
    ) -> (State, u64) {
        for (address, &byte) in (0x1000..).zip(code) {
            self.poke(address, byte);
        }
        for vector in 0..64 {
            // Handlers lie within the program, so that it goes on after an exception.
            let handler = 0x1000 + ((vector * 14 % code.len() as u32) & !1);
            self.bus
                .memory
                .write(Physical(u64::from(vector) * 4), handler)
                .expect("all addresses have memory");
        }
        let mut cpu = M68k::new(&MC68000);
        cpu.state.activity = Activity::Running;
        cpu.state.registers[..15].copy_from_slice(&registers);
        cpu.state.set_stack(true, 0x8000);
        cpu.state.set_stack(false, 0x6000);
        cpu.state.set_status(status, 0xA71F);
        cpu.state.pc = 0x1000;
        self.bus.deadline = Cycle(5_000);
        while cpu.run_with(&mut self.bus, &mut NoProbe, by_steps) != Exit::Halted
            && cpu.state.now < self.bus.deadline.0
        {}
        let mut memory = vec![0; 1 << 20];
        self.bus.memory.read_bytes(Physical(0), &mut memory).expect("all addresses have memory");
        let sum = memory.iter().fold(0_u64, |sum, &byte| sum.wrapping_mul(0x100_0000_01B3) ^ u64::from(byte));
        (cpu.state, sum)
    }

    fn poke(&self, address: u64, byte: u8) {
        self.bus.memory.write(Physical(address), byte).expect("all addresses have memory");
    }

    fn peek(&self, address: u64) -> u8 {
        self.bus.memory.peek(Physical(address)).expect("all addresses have memory")
    }

    fn judge(&self, record: &Record, state: &State, writes: &Writes) -> Option<String> {
        let stops = record.name.contains("STOP") && record.exception.is_none();
        let expected = if stops { Activity::Stopped } else { Activity::Running };
        if state.activity != expected {
            return Some(format!("the processor is {:?}", state.activity));
        }
        let registers = store(state);
        for (name, &before) in &record.initial.regs {
            let want = record.last.regs.get(name).copied().unwrap_or(before);
            let mask = if name == "sr" { record.flags_mask.map_or(0xFFFF, u32::from) } else { u32::MAX };
            let got = registers[name];
            if (want ^ got) & mask != 0 {
                return Some(format!("{name} is {got:#x}, not {want:#x} (mask {mask:#x})"));
            }
        }
        self.judge_memory(record, state, writes)
    }

    fn judge_memory(&self, record: &Record, state: &State, writes: &Writes) -> Option<String> {
        let mut expected: BTreeMap<u64, u8> = record.initial.ram.iter().copied().collect();
        expected.extend(record.last.ram.iter().copied());
        // The low byte of a status register on the stack is masked as the register is.
        let status_at =
            record.exception.as_ref().map(|_| u64::from(state.stack(true).wrapping_add(1) & 0xFF_FFFF));
        for (&address, &want) in &expected {
            let mask = match record.flags_mask {
                Some(mask) if Some(address) == status_at => mask as u8,
                _ => 0xFF,
            };
            let got = self.peek(address);
            if (want ^ got) & mask != 0 {
                return Some(format!("the byte at {address:#x} is {got:#04x}, not {want:#04x}"));
            }
        }
        let stray = writes.0.iter().find(|address| !expected.contains_key(address))?;
        Some(format!("a stray write to {stray:#x}"))
    }
}

fn load(state: &mut State, registers: &BTreeMap<String, u32>) {
    for (name, &value) in registers {
        match name.as_str() {
            "pc" => state.pc = value,
            "usp" => state.set_stack(false, value),
            "ssp" => state.set_stack(true, value),
            "sr" => {}
            _ => state.registers[number_of(name)] = value,
        }
    }
    state.set_status(registers["sr"] as u16, 0xA71F);
}

/// The place of a register called `d0` to `a6`.
fn number_of(name: &str) -> usize {
    let (bank, number) = name.split_at(1);
    number.parse::<usize>().expect("a register's number") + if bank == "a" { 8 } else { 0 }
}

fn store(state: &State) -> BTreeMap<String, u32> {
    let general =
        (0..15).map(|i| (format!("{}{}", if i < 8 { 'd' } else { 'a' }, i % 8), state.registers[i]));
    let others = [
        ("pc", state.pc),
        ("usp", state.stack(false)),
        ("ssp", state.stack(true)),
        ("sr", state.status().into()),
    ];
    general.chain(others.map(|(name, value)| (name.to_owned(), value))).collect()
}
