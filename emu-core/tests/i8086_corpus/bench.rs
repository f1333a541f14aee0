//! A test bench: memory, ports and a logic analyser around one processor, as the corpus was recorded.

use super::record::{Record, Row, hex};
use emu_core::addr::Width;
use emu_core::cpu::Processor;
use emu_core::cpu::bus::{BusStatus, CpuBus, Reply};
use emu_core::cpu::describe::Disassembled;
use emu_core::cpu::probe::{Access, Probe, QueueEvent, QueueOperation};
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::time::Cycle;
use std::collections::BTreeMap;

/// What every byte is that the processor fetches outside the instruction.
const NOP: u8 = 0x90;

/// Memory of one test; ports read as ones.
#[derive(Default)]
pub struct Bench {
    memory: BTreeMap<u32, u8>,
    deadline: Cycle,
}

impl CpuBus for Bench {
    fn read(&mut self, status: BusStatus, address: u32, width: Width, _at: Cycle) -> Reply {
        let byte = |address| match status {
            BusStatus::IoRead => 0xFF,
            BusStatus::CodeFetch => self.memory.get(&address).copied().unwrap_or(NOP),
            _ => self.memory.get(&address).copied().unwrap_or(0),
        };
        let low = u64::from(byte(address));
        let data = if width == Width::Word { low | u64::from(byte(address + 1)) << 8 } else { low };
        Reply { data, waits: 0 }
    }

    fn write(&mut self, status: BusStatus, address: u32, width: Width, data: u64, _at: Cycle) -> u32 {
        if status == BusStatus::MemoryWrite {
            self.memory.insert(address, data as u8);
            if width == Width::Word {
                self.memory.insert(address + 1, (data >> 8) as u8);
            }
        }
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

/// Watches bus cycles and queue operations.
#[derive(Default)]
pub struct Analyser {
    pub accesses: Vec<Access>,
    pub queue: Vec<QueueEvent>,
}

impl Probe for Analyser {
    const ACTIVE: bool = true;

    fn access(&mut self, access: &Access) -> u32 {
        self.accesses.push(*access);
        0
    }

    fn queue(&mut self, event: &QueueEvent) {
        self.queue.push(*event);
    }
}

/// How one record was met.
pub struct Outcome {
    /// What is wrong with registers, flags or memory.
    pub mismatch: Option<String>,
    pub cycles: u64,
    pub cycles_match: bool,
    pub queue_match: bool,
    /// Bytes of the instruction that left the queue.
    pub length: usize,
    /// As it was disassembled before.
    pub listing: Disassembled,
    analyser: Analyser,
}

/// Runs one record.
pub fn run(record: &Record) -> Outcome {
    let mut bench = Bench { memory: record.initial.ram.iter().copied().collect(), deadline: Cycle(1) };
    let mut cpu = I8086::new(Variant::I8086);
    for (name, &value) in &record.initial.regs {
        set(&mut cpu, name, value);
    }
    cpu.preset_queue(&hex(&record.initial.queue));
    let peek = |linear| bench.memory.get(&(linear as u32)).copied().unwrap_or(NOP);
    let listing = Processor::<Bench>::disassemble(&cpu, Processor::<Bench>::pc(&cpu), &peek);
    let mut analyser = Analyser::default();
    cpu.run_with(&mut bench, &mut analyser, false);
    let length = analyser.queue.iter().filter(|e| e.operation != QueueOperation::Empty).count();
    let mismatch = compare(record, &cpu, &bench);
    let seen = analyser.queue.len();
    bench.deadline = Cycle(now(&cpu).0 + 20);
    cpu.run_with(&mut bench, &mut analyser, false);
    let next = analyser.queue[seen];
    // The record counts a fetch that ends in this clock.
    let ending = analyser.accesses.iter().filter(|a| a.status == BusStatus::CodeFetch && a.at + 3 == next.at);
    let queue = usize::from(next.left) + ending.map(|a| a.width.bytes() as usize).sum::<usize>();
    Outcome {
        mismatch,
        length,
        listing,
        cycles: next.at.0,
        cycles_match: next.at.0 == record.cycles,
        queue_match: queue == hex(&record.last.queue).len(),
        analyser,
    }
}

fn now(cpu: &I8086) -> Cycle {
    Processor::<Bench>::now(cpu)
}

fn set(cpu: &mut I8086, name: &str, value: u16) {
    let id = Processor::<Bench>::description(cpu).register_named(name).expect("a register");
    Processor::<Bench>::set_register(cpu, id, u64::from(value)).expect("16 bits");
}

fn get(cpu: &I8086, name: &str) -> u16 {
    let id = Processor::<Bench>::description(cpu).register_named(name).expect("a register");
    Processor::<Bench>::register(cpu, id) as u16
}

fn compare(record: &Record, cpu: &I8086, bench: &Bench) -> Option<String> {
    let mask = record.flags_mask.unwrap_or(0xFFFF);
    for (name, &before) in &record.initial.regs {
        let want = record.last.regs.get(name).copied().unwrap_or(before);
        let mask = if name == "flags" { mask } else { 0xFFFF };
        let got = get(cpu, name);
        if (got ^ want) & mask != 0 {
            return Some(format!("{name} is {got:04X}, not {want:04X}"));
        }
    }
    let flag_word = record.exception.as_ref().and_then(|e| e.flag_addr);
    let mut want: BTreeMap<u32, u8> = record.initial.ram.iter().copied().collect();
    want.extend(record.last.ram.iter().copied());
    for (&address, &got) in &bench.memory {
        let mask = match flag_word {
            Some(at) if address == at => mask as u8,
            Some(at) if address == at + 1 => (mask >> 8) as u8,
            _ => 0xFF,
        };
        match want.get(&address) {
            Some(&value) if (value ^ got) & mask == 0 => {}
            Some(&value) => return Some(format!("[{address:05X}] is {got:02X}, not {value:02X}")),
            None => return Some(format!("[{address:05X}] was written")),
        }
    }
    None
}

/// One clock of the logic analyser, with what the engine claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Clock {
    pub state: &'static str,
    pub status: &'static str,
    /// In T1.
    pub address: Option<u32>,
    pub queue: &'static str,
    pub byte: u8,
}

impl Outcome {
    /// The clocks of the instruction, in the form of the corpus's traces.
    pub fn clocks(&self) -> Vec<Clock> {
        let idle = Clock { state: "Ti", status: "PASV", address: None, queue: "-", byte: 0 };
        let mut clocks = vec![idle; self.cycles as usize];
        for access in &self.analyser.accesses {
            let status = status_name(access.status);
            for (offset, (state, status)) in
                [("T1", status), ("T2", status), ("T3", "PASV"), ("T4", "PASV")].into_iter().enumerate()
            {
                if let Some(clock) = clocks.get_mut(access.at.0 as usize + offset - 1) {
                    (clock.state, clock.status) = (state, status);
                    clock.address = (offset == 0).then_some(access.address);
                }
            }
        }
        for event in &self.analyser.queue {
            if let Some(clock) = clocks.get_mut(event.at.0 as usize) {
                (clock.queue, clock.byte) = match event.operation {
                    QueueOperation::First => ("F", event.byte),
                    QueueOperation::Subsequent => ("S", event.byte),
                    QueueOperation::Empty => ("E", 0),
                };
            }
        }
        clocks
    }

    /// Whether the clocks are those of the trace.
    pub fn matches(&self, rows: &[Row]) -> bool {
        let clocks = self.clocks();
        clocks.len() == rows.len() && clocks.iter().zip(rows).all(|(clock, row)| clock.matches(row))
    }
}

impl Clock {
    /// The first row of a trace often lacks the byte that left the queue before it.
    pub fn matches(&self, row: &Row) -> bool {
        let address_fits = self.address.is_none_or(|address| row.0 & 1 != 0 && address == row.1);
        self.state == row.8 && self.status == row.7 && self.queue == row.9 && address_fits
    }
}

fn status_name(status: BusStatus) -> &'static str {
    match status {
        BusStatus::IoRead => "IOR",
        BusStatus::IoWrite => "IOW",
        BusStatus::CodeFetch => "CODE",
        BusStatus::MemoryRead => "MEMR",
        BusStatus::MemoryWrite => "MEMW",
    }
}
