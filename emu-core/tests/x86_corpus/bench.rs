//! A processor with memory around it, and ports that read as ones: what the records were taken with.

use emu_core::addr::{Physical, Width};
use emu_core::cpu::Exit;
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::cpu::probe::{Access, NoProbe, Probe};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{Generation, Model};
use emu_core::cpu::x86::state::{Segment, State};
use emu_core::mem::{
    ByteOrder, Changes, LittleGuest, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
pub struct Record {
    pub name: String,
    pub idx: u32,
    pub bytes: String,
    pub initial: Snapshot,
    #[serde(rename = "final")]
    pub last: Snapshot,
    pub flags_mask: Option<u16>,
    #[serde(default)]
    pub reg_masks: BTreeMap<String, u64>,
    pub exception: Option<Exception>,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub regs: BTreeMap<String, u64>,
    pub ram: Vec<(u64, u8)>,
}

#[derive(Deserialize)]
pub struct Exception {
    pub flag_addr: Option<u64>,
}

/// No record takes as long: a processor that loses its way is caught.
const RECORD_DEADLINE: Cycle = Cycle(50_000);

struct Bus {
    memory: PhysMem,
    tlb: Tlb<LittleGuest>,
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
            self.0.extend((0..access.width.bytes()).map(|i| u64::from(access.address) + i));
        }
        0
    }
}

/// A processor on its bench; one serves any number of records.
pub struct Bench {
    model: &'static Model,
    bus: Bus,
}

impl Bench {
    /// All the memory that the address lines reach, as far as records of real mode go.
    pub fn new(model: &'static Model) -> Self {
        let block = RamBlock::new(16 << 20, ByteOrder::Little, NodeId(0));
        let block = Arc::new(block.expect("16 MB of address space"));
        let mut memory = PhysMem::new(ByteOrder::Little);
        memory.map(Mapping::ram(0, &block)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self { model, bus: Bus { memory, tlb, deadline: RECORD_DEADLINE } }
    }

    /// Runs a record until the processor halts. Gives what differs.
    pub fn run(&mut self, record: &Record) -> Option<String> {
        for &(address, byte) in &record.initial.ram {
            self.poke(address, byte);
        }
        let mut cpu = X86::new(self.model);
        load(self.model, &mut cpu.state, &record.initial.regs);
        let mut writes = Writes::default();
        let exit = cpu.run_with(&mut self.bus, &mut writes, false);
        let mismatch = self.judge(record, &cpu, exit, &writes);
        let touched = record.initial.ram.iter().chain(&record.last.ram).map(|&(address, _)| address);
        for address in touched.chain(writes.0.iter().copied()) {
            self.poke(address, 0);
        }
        mismatch
    }

    /// Runs code of 0000:0600 for some thousand clocks, with the given registers (but IP), in one go or by single steps.
    /// Gives the state and what lies in the lowest megabyte, as a sum.
    pub fn run_program(
        &mut self,
        code: &[u8],
        registers: [u16; 8],
        segments: [u16; 4],
        by_steps: bool,
    ) -> (State, u64) {
        for (address, &byte) in (0x600..).zip(code) {
            self.poke(address, byte);
        }
        let mut cpu = X86::new(self.model);
        for (register, value) in cpu.state.registers.iter_mut().zip(registers) {
            *register = value.into();
        }
        for (segment, selector) in cpu.state.segments.iter_mut().zip(segments) {
            (segment.selector, segment.base) = (selector, u64::from(selector) << 4);
        }
        cpu.state.segments[1] = Segment::real(0);
        cpu.state.rip = 0x600;
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

    fn judge(&self, record: &Record, cpu: &X86, exit: Exit, writes: &Writes) -> Option<String> {
        if exit != Exit::Halted {
            return Some(format!("the run ended with {exit:?}"));
        }
        let registers = store(&cpu.state, &record.initial.regs);
        for (name, &before) in &record.initial.regs {
            let want = record.last.regs.get(name).copied().unwrap_or(before);
            let mask = mask(self.model, record, name);
            let got = registers[name];
            if (want ^ got) & mask != 0 {
                return Some(format!("{name} is {got:#x}, not {want:#x} (mask {mask:#x})"));
            }
        }
        self.judge_memory(record, writes)
    }

    fn judge_memory(&self, record: &Record, writes: &Writes) -> Option<String> {
        let mut expected: BTreeMap<u64, u8> = record.initial.ram.iter().copied().collect();
        expected.extend(record.last.ram.iter().copied());
        let pushed =
            record.exception.as_ref().and_then(|e| Some((pushed_flags(record, e)?, record.flags_mask?)));
        for (&address, &want) in &expected {
            let mask = match pushed {
                Some((at, mask)) if address == at => mask as u8,
                Some((at, mask)) if address == at + 1 => (mask >> 8) as u8,
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

/// Where the flags lie that an exception has pushed. The corpus has the address of the bus cycle, which is even also
/// where the stack is not.
fn pushed_flags(record: &Record, exception: &Exception) -> Option<u64> {
    let top = record.last.regs.get("sp").or(record.last.regs.get("esp"))?;
    Some(exception.flag_addr? | top & 1)
}

const GENERAL: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const SEGMENTS: [&str; 6] = ["es", "cs", "ss", "ds", "fs", "gs"];

fn load(model: &Model, state: &mut State, registers: &BTreeMap<String, u64>) {
    for (name, &value) in registers {
        let short = name.trim_start_matches('e');
        if let Some(i) = GENERAL.iter().position(|&n| n == short) {
            state.registers[i] = value;
        } else if let Some(i) = SEGMENTS.iter().position(|n| n == name) {
            state.segments[i].selector = value as u16;
            state.segments[i].base = value << 4;
        } else if short == "ip" {
            state.rip = value;
        } else if name.ends_with("flags") {
            state.flags.set_word(value & model.real_mode_flags() | 2);
        }
    }
}

fn store(state: &State, registers: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    registers
        .iter()
        .map(|(name, &before)| {
            let short = name.trim_start_matches('e');
            let general = GENERAL.iter().position(|&n| n == short).map(|i| state.registers[i]);
            let segment = SEGMENTS.iter().position(|n| n == name);
            let value =
                general.or(segment.map(|i| state.segments[i].selector.into())).unwrap_or_else(
                    || match name {
                        _ if short == "ip" => state.rip,
                        _ if name.ends_with("flags") => state.flags.word(),
                        _ => before,
                    },
                );
            (name.clone(), value)
        })
        .collect()
}

/// The bits of a register that count.
fn mask(model: &Model, record: &Record, name: &str) -> u64 {
    let given = record.reg_masks.get(name).copied().unwrap_or(u64::MAX);
    if !name.ends_with("flags") {
        return given;
    }
    let known = if model.generation == Generation::I80286 { 0xFFFF } else { 0x3_FFFF };
    given & known & (record.flags_mask.map_or(u64::MAX, |mask| u64::from(mask) | !0xFFFF))
}
