//! A processor with memory all around it: what the records were taken with.

use crate::bus::Bus;
use emu_core::cpu::bus::BusStatus;
use emu_core::cpu::m68k::M68k;
use emu_core::cpu::m68k::disassemble::text_of;
use emu_core::cpu::m68k::model::MC68000;
use emu_core::cpu::m68k::state::{Activity, State, sr};
use emu_core::cpu::m68k::table;
use emu_core::cpu::probe::{Access, Probe};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub struct Record {
    pub name: String,
    pub idx: u32,
    pub initial: Snapshot,
    #[serde(rename = "final")]
    pub last: Snapshot,
    pub cycles: u64,
    pub flags_mask: Option<u16>,
    pub exception: Option<Exception>,
}

#[derive(Deserialize)]
pub struct Exception {
    pub number: u8,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub regs: BTreeMap<String, u32>,
    pub ram: Vec<(u64, u8)>,
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
        Self { bus: Bus::new(16 << 20) }
    }

    /// Runs one instruction of a record in the strict engine.
    pub fn run(&mut self, record: &Record) -> Outcome {
        self.prepare(record);
        let mut cpu = M68k::new(&MC68000);
        load(&mut cpu.state, &record.initial.regs);
        let mut writes = Writes::default();
        self.bus.deadline = Cycle::NEVER;
        cpu.run_with(&mut self.bus, &mut writes, true);
        let mismatch = self.judge(record, &cpu.state, Some(&writes), 0);
        self.clean(record, &writes.0);
        Outcome { mismatch, cycles_agree: cpu.state.now == record.cycles }
    }

    /// Runs a record in the threaded engine, with nothing but a jump to itself behind its instruction, wherever that leads. The
    /// trace bit stays clear. `None`: it cannot be run so.
    pub fn run_in_traces(&mut self, record: &Record) -> Option<Option<String>> {
        let end = record.last.regs.get("pc").unwrap_or(&record.initial.regs["pc"]);
        let end = u64::from(*end) & 0xFF_FFFF;
        let start = u64::from(record.initial.regs["pc"]) & 0xFF_FFFF;
        self.prepare(record);
        let byte = |i: usize| u16::from(self.bus.peek((start + i as u64) & 0xFF_FFFF));
        let words: [u16; 5] = std::array::from_fn(|i| byte(2 * i) << 8 | byte(2 * i + 1));
        let length = 2 * text_of(words, start as u32).words as u64;
        let overlaps = (start..start + length).contains(&end)
            || record.last.ram.iter().any(|&(at, _)| at == end || at == end + 1);
        let traces = |status: u32| status & u32::from(sr::TRACE) != 0;
        let (before, after) = (record.initial.regs["sr"], record.last.regs.get("sr"));
        let changes = after.is_some_and(|&after| traces(before) != traces(after));
        // MOVE from SR shows the bit, and the privileged instructions may set it.
        let privileged = table::find(words[0]).is_some_and(|row| row.is_privileged);
        let shows = words[0] & 0xFFC0 == 0x40C0 && traces(before)
            || privileged && traces(*after.unwrap_or(&before)) && record.exception.is_none();
        if overlaps || shows || changes && record.exception.is_none() {
            return None;
        }
        let mut cpu = M68k::new(&MC68000);
        cpu.set_engine(EngineKind::Threaded);
        // Once to find everything in memory, and once more with all of it known.
        for _ in 0..2 {
            self.prepare(record);
            let before = [self.bus.peek(end), self.bus.peek(end + 1)];
            self.bus.poke(end, 0x60);
            self.bus.poke(end + 1, 0xFE);
            cpu.state = M68k::new(&MC68000).state;
            load(&mut cpu.state, &record.initial.regs);
            cpu.state.system &= !sr::TRACE;
            self.bus.deadline = Cycle(600);
            Processor::run(&mut cpu, &mut self.bus, None, false);
            self.bus.poke(end, before[0]);
            self.bus.poke(end + 1, before[1]);
        }
        let mismatch = self.judge(record, &cpu.state, None, sr::TRACE);
        self.clean(record, &[]);
        Some(mismatch)
    }

    fn prepare(&self, record: &Record) {
        let written = record.last.ram.iter().map(|&(address, _)| (address, 0));
        for (address, byte) in written.chain(record.initial.ram.iter().copied()) {
            self.bus.poke(address, byte);
        }
    }

    fn clean(&self, record: &Record, written: &[u64]) {
        let touched = record.initial.ram.iter().chain(&record.last.ram).map(|&(address, _)| address);
        for address in touched.chain(written.iter().copied()) {
            self.bus.poke(address, 0);
        }
    }

    /// What is not as the record has it. Bits of `ignored` don't count in the status register.
    fn judge(&self, record: &Record, state: &State, writes: Option<&Writes>, ignored: u16) -> Option<String> {
        let stops = record.name.contains("STOP") && record.exception.is_none();
        let expected = if stops { Activity::Stopped } else { Activity::Running };
        if state.activity != expected {
            return Some(format!("the processor is {:?}", state.activity));
        }
        let status_mask = record.flags_mask.unwrap_or(0xFFFF) & !ignored;
        let registers = store(state);
        for (name, &before) in &record.initial.regs {
            let want = record.last.regs.get(name).copied().unwrap_or(before);
            let mask = if name == "sr" { status_mask.into() } else { u32::MAX };
            let got = registers[name];
            if (want ^ got) & mask != 0 {
                return Some(format!("{name} is {got:#x}, not {want:#x} (mask {mask:#x})"));
            }
        }
        self.judge_memory(record, state, writes, status_mask)
    }

    fn judge_memory(
        &self,
        record: &Record,
        state: &State,
        writes: Option<&Writes>,
        status_mask: u16,
    ) -> Option<String> {
        let mut expected: BTreeMap<u64, u8> = record.initial.ram.iter().copied().collect();
        expected.extend(record.last.ram.iter().copied());
        // The status register on the stack is masked as the register is; address errors have four words above it.
        let status_at = record.exception.as_ref().map(|exception| {
            let above = if exception.number == 3 { 8 } else { 0 };
            u64::from(state.stack(true).wrapping_add(above) & 0xFF_FFFF)
        });
        for (&address, &want) in &expected {
            let mask = match status_at {
                Some(at) if address == at => (status_mask >> 8) as u8,
                Some(at) if address == at + 1 => status_mask as u8,
                _ => 0xFF,
            };
            let got = self.bus.peek(address);
            if (want ^ got) & mask != 0 {
                return Some(format!("the byte at {address:#x} is {got:#04x}, not {want:#04x}"));
            }
        }
        let stray = writes?.0.iter().find(|address| !expected.contains_key(address))?;
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
    state.activity = Activity::Running;
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
