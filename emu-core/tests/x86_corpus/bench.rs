//! A processor with memory around it, and ports that read as ones: what the records were taken with.

use crate::quiet_bus::QuietBus;
use emu_core::cpu::probe::NoProbe;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::{Generation, Model};
use emu_core::cpu::x86::state::{Segment, State};
use emu_core::cpu::{EngineKind, Exit, Processor};
use emu_core::mem::PAGE_SIZE;
use emu_core::time::Cycle;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

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

const HLT: u8 = 0xF4;

/// How the end of a record is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The record has a HLT of its own.
    OwnHalt,
    /// A HLT is put where the next instruction would be.
    HaltAt(u64),
    /// There is no room for one.
    Steps,
}

/// Cycles. No record takes as long: a processor that loses its way is caught.
const LONGEST_RECORD: u64 = 50_000;

/// A processor on its bench; one serves any number of records.
pub struct Bench {
    model: &'static Model,
    cpu: X86,
    bus: QuietBus,
}

impl Bench {
    /// All the memory that the address lines reach, as far as records of real mode go.
    pub fn new(model: &'static Model, engine: EngineKind) -> Self {
        let mut bus = QuietBus::new(0, 16 << 20);
        bus.must_hit = true;
        let mut cpu = X86::new(model);
        cpu.set_engine(engine);
        Self { model, cpu, bus }
    }

    /// Runs a record. Gives what differs.
    pub fn run(&mut self, record: &Record) -> Option<String> {
        for &(address, byte) in &record.initial.ram {
            self.bus.put(address, &[byte]);
        }
        Processor::<QuietBus>::reset(&mut self.cpu);
        load(self.model, &mut self.cpu.state, &record.initial.regs);
        self.bus.deadline = Cycle(self.cpu.state.now + LONGEST_RECORD);
        let end = self.end_of(record);
        if let End::HaltAt(address) = end {
            self.bus.put(address, &[HLT]);
        }
        let exit = self.run_until(end);
        let wrong_memory = self.judge_and_clear_memory(record, end);
        self.judge(record, exit, end).or(wrong_memory)
    }

    /// The 8086's records end where the next instruction begins, the others with a HLT.
    fn end_of(&self, record: &Record) -> End {
        if self.model.generation != Generation::I8086 {
            return End::OwnHalt;
        }
        let before = &record.initial.regs;
        let linear = |cs: u64, ip: u64| (cs << 4).wrapping_add(ip) & 0xF_FFFF;
        let start = linear(before["cs"], before["ip"]);
        let last = |name| record.last.regs.get(name).copied().unwrap_or(before[name]);
        let address = linear(last("cs"), last("ip"));
        // Behind the instruction stand NOPs that were only fetched; all else may be an operand.
        let behind = start + record.bytes.len() as u64 / 2;
        let is_used = record.initial.ram.iter().chain(&record.last.ram).any(|&(at, _)| at == address);
        if is_used && !(behind..behind + 6).contains(&address) { End::Steps } else { End::HaltAt(address) }
    }

    fn run_until(&mut self, end: End) -> Exit {
        if end != End::Steps {
            return Processor::run(&mut self.cpu, &mut self.bus, None, false);
        }
        loop {
            let exit = Processor::run(&mut self.cpu, &mut self.bus, None, true);
            if !self.cpu.state.repeating {
                return exit;
            }
        }
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
            self.bus.put(address, &[byte]);
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
        self.bus.get(0, &mut memory);
        let sum = memory.iter().fold(0_u64, |sum, &byte| sum.wrapping_mul(0x100_0000_01B3) ^ u64::from(byte));
        (cpu.state, sum)
    }

    fn judge(&self, record: &Record, exit: Exit, end: End) -> Option<String> {
        if exit != Exit::Halted && end != End::Steps {
            return Some(format!("the run ended with {exit:?}"));
        }
        let registers = store(&self.cpu.state, &record.initial.regs);
        for (name, &before) in &record.initial.regs {
            let want = record.last.regs.get(name).copied().unwrap_or(before);
            let behind_halt = name == "ip" && matches!(end, End::HaltAt(_));
            let want = if behind_halt { (want + 1) & 0xFFFF } else { want };
            let mask = mask(self.model, record, name);
            let got = registers[name];
            if (want ^ got) & mask != 0 {
                return Some(format!("{name} is {got:#x}, not {want:#x} (mask {mask:#x})"));
            }
        }
        None
    }

    /// Looks at every page that was written since the last record, or should have been, and clears it.
    fn judge_and_clear_memory(&self, record: &Record, end: End) -> Option<String> {
        let mut expected: BTreeMap<u64, u8> = record.initial.ram.iter().copied().collect();
        expected.extend(record.last.ram.iter().copied());
        if let End::HaltAt(address) = end {
            expected.insert(address, HLT);
        }
        let mut pages: BTreeSet<u64> = self.bus.ram.take_dirty().into_iter().collect();
        pages.extend(expected.keys().map(|address| address - address % PAGE_SIZE));
        let pushed =
            record.exception.as_ref().and_then(|e| Some((pushed_flags(record, e)?, record.flags_mask?)));
        let mask_of = |address| match pushed {
            Some((at, mask)) if address == at => mask as u8,
            Some((at, mask)) if address == at + 1 => (mask >> 8) as u8,
            _ => 0xFF,
        };
        let mut wrong = None;
        for page in pages {
            let mut bytes = [0; PAGE_SIZE as usize];
            self.bus.get(page, &mut bytes);
            self.bus.put(page, &[0; PAGE_SIZE as usize]);
            for (&address, &want) in expected.range(page..page + PAGE_SIZE) {
                let got = std::mem::take(&mut bytes[(address - page) as usize]);
                if (want ^ got) & mask_of(address) != 0 {
                    wrong.get_or_insert(format!("the byte at {address:#x} is {got:#04x}, not {want:#04x}"));
                }
            }
            if let Some(stray) = bytes.iter().position(|&byte| byte != 0) {
                wrong.get_or_insert(format!("a stray write to {:#x}", page + stray as u64));
            }
        }
        let _ = self.bus.ram.take_dirty();
        wrong
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
            state.flags.set_word(value & model.real_mode_flags() | model.fixed_flags());
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
    let known = if model.generation <= Generation::I80286 { 0xFFFF } else { 0x3_FFFF };
    given & known & (record.flags_mask.map_or(u64::MAX, |mask| u64::from(mask) | !0xFFFF))
}
