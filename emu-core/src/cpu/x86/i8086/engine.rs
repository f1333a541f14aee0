//! The execution unit: running instructions, fetching them from the queue, and reaching their operands.
//!
//! Time is counted as the microcode spends it: every microinstruction one clock, every jump, call or return in the
//! microcode one more; a bus microinstruction ends in T3 of its (last) bus cycle. The first byte of the next
//! instruction leaves the queue in the clock of the microinstruction marked RNI, or in that of the one before if it
//! is marked NX; a clock later the execution unit has it. So a handler counts the clocks *before* that one, and
//! leaves the clock at it.

use super::state::{Prefixes, Progress, Repeat, State, reg, seg};
use crate::cpu::Exit;
use crate::cpu::bus::{BusStatus, CpuBus};
use crate::cpu::probe::{Probe, QueueOperation};
use crate::cpu::x86::alu::{Int, flag};

/// An 8086 (`WIDE`) or 8088 at work on a bus.
pub(super) struct Engine<'a, B, P, const WIDE: bool> {
    pub s: &'a mut State,
    pub bus: &'a mut B,
    pub probe: &'a mut P,
    /// [`Self::run`] ends after one instruction or iteration.
    pub single_step: bool,
}

/// The operand of a ModR/M byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModRm {
    /// The reg field.
    pub reg: u8,
    pub place: Place,
}

/// Where an operand lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Register(u8),
    Memory { segment: u16, offset: u16 },
}

/// An operand that lies in a register or in memory: `u8` or `u16`.
pub(super) trait Operand: Int {
    fn register(registers: &[u16; 8], number: u8) -> Self;
    fn set_register(registers: &mut [u16; 8], number: u8, value: Self);
    fn read<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
    ) -> Self;
    fn write<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
        value: Self,
    );
    /// An immediate operand, from the queue. A byte costs the jump over the second read.
    fn immediate<B: CpuBus, P: Probe, const WIDE: bool>(engine: &mut Engine<'_, B, P, WIDE>) -> Self;
}

impl Operand for u8 {
    #[inline(always)]
    fn register(registers: &[u16; 8], number: u8) -> Self {
        (registers[number as usize & 3] >> ((number & 4) * 2)) as u8
    }

    #[inline(always)]
    fn set_register(registers: &mut [u16; 8], number: u8, value: Self) {
        let shift = (number & 4) * 2;
        let register = &mut registers[number as usize & 3];
        *register = *register & !(0xFF << shift) | u16::from(value) << shift;
    }

    #[inline(always)]
    fn read<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
    ) -> Self {
        engine.s.ind = offset;
        engine.read_byte_at(BusStatus::MemoryRead, engine.s.linear(segment, offset))
    }

    #[inline(always)]
    fn write<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
        value: Self,
    ) {
        engine.s.ind = offset;
        engine.write_byte_at(BusStatus::MemoryWrite, engine.s.linear(segment, offset), value);
    }

    #[inline(always)]
    fn immediate<B: CpuBus, P: Probe, const WIDE: bool>(engine: &mut Engine<'_, B, P, WIDE>) -> Self {
        let value = engine.next_byte();
        engine.spend(1);
        value
    }
}

impl Operand for u16 {
    #[inline(always)]
    fn register(registers: &[u16; 8], number: u8) -> Self {
        registers[number as usize & 7]
    }

    #[inline(always)]
    fn set_register(registers: &mut [u16; 8], number: u8, value: Self) {
        registers[number as usize & 7] = value;
    }

    #[inline(always)]
    fn read<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
    ) -> Self {
        engine.s.ind = offset;
        let low = engine.s.linear(segment, offset);
        let high = engine.s.linear(segment, offset.wrapping_add(1));
        engine.read_word_at(BusStatus::MemoryRead, low, high)
    }

    #[inline(always)]
    fn write<B: CpuBus, P: Probe, const WIDE: bool>(
        engine: &mut Engine<'_, B, P, WIDE>,
        segment: u16,
        offset: u16,
        value: Self,
    ) {
        engine.s.ind = offset;
        let low = engine.s.linear(segment, offset);
        let high = engine.s.linear(segment, offset.wrapping_add(1));
        engine.write_word_at(BusStatus::MemoryWrite, low, high, value);
    }

    #[inline(always)]
    fn immediate<B: CpuBus, P: Probe, const WIDE: bool>(engine: &mut Engine<'_, B, P, WIDE>) -> Self {
        engine.next_word()
    }
}

/// Clocks of the effective address microcode before a displacement, by the r/m field.
const BASE_CLOCKS: [u8; 8] = [4, 5, 5, 4, 2, 2, 2, 2];

/// After so many prefixes a run may end within an instruction.
const PREFIXES_AT_ONCE: u32 = 64;

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// See [`crate::cpu::Processor::run`].
    pub fn run(&mut self) -> Exit {
        let exit = self.run_on();
        self.settle();
        exit
    }

    #[inline(always)]
    fn run_on(&mut self) -> Exit {
        loop {
            if self.s.now >= self.bus.deadline().0 && self.is_due() {
                return Exit::Budget;
            }
            if self.s.progress == Progress::Halted && !self.wake() {
                return Exit::Halted;
            }
            if P::ACTIVE
                && self.s.progress == Progress::Boundary
                && !self.interrupt_comes()
                && self.probe.before_instruction(&self.s.pc())
            {
                return Exit::Probe;
            }
            self.step();
            if self.bus.exit_requested() {
                return Exit::BusRequest;
            }
            if P::ACTIVE && self.probe.stop_requested() {
                return Exit::Probe;
            }
            if self.single_step && self.s.progress != Progress::Prefixed {
                return if self.s.progress == Progress::Halted { Exit::Halted } else { Exit::Budget };
            }
        }
    }

    /// Whether the deadline stands when the bus has caught up. Most are a DRAM refresh, which is done then: the bus
    /// was given away for it, and nobody else is concerned.
    #[inline(never)]
    fn is_due(&mut self) -> bool {
        self.settle();
        self.s.now >= self.bus.deadline().0
    }

    /// One instruction, one interrupt entry, or a part of either that can be left in the middle.
    #[inline(always)]
    fn step(&mut self) {
        match self.s.progress {
            Progress::Boundary | Progress::Halted => {
                if !self.take_interrupt() {
                    self.begin();
                }
            }
            Progress::Prefixed => self.fetch(),
            Progress::Repeating(opcode) => self.repeat_string(opcode),
        }
    }

    #[inline(always)]
    fn begin(&mut self) {
        self.s.trap = self.s.has(flag::TF);
        self.s.shadow = false;
        self.s.prefixes = Prefixes::default();
        self.s.instruction_start = self.s.biu.instruction_pointer();
        self.s.counters.instructions += 1;
        self.fetch();
    }

    /// Takes prefixes and an opcode, and executes it. Within very many prefixes the instruction may be left, so that
    /// a memory full of them cannot keep a run from ending; interrupts wait.
    #[inline(always)]
    fn fetch(&mut self) {
        self.s.progress = Progress::Boundary;
        let mut opcode = self.take_byte(QueueOperation::First);
        let mut prefixes = 0;
        while self.prefix(opcode) {
            self.spend(1);
            prefixes += 1;
            if prefixes >= PREFIXES_AT_ONCE && self.s.now >= self.bus.deadline().0 {
                self.s.progress = Progress::Prefixed;
                return;
            }
            opcode = self.take_byte(QueueOperation::First);
        }
        self.execute(opcode);
    }

    #[inline(always)]
    fn prefix(&mut self, opcode: u8) -> bool {
        match opcode {
            0x26 | 0x2E | 0x36 | 0x3E => self.s.prefixes.segment = Some(opcode >> 3 & 3),
            0xF0 | 0xF1 => {}
            0xF2 => self.s.prefixes.repeat = Repeat::WhileNotEqual,
            0xF3 => self.s.prefixes.repeat = Repeat::WhileEqual,
            _ => return false,
        }
        true
    }

    /// Lets `clocks` pass.
    #[inline(always)]
    pub fn spend(&mut self, clocks: u64) {
        self.s.now += clocks;
    }

    /// The next byte of the instruction.
    #[inline(always)]
    pub fn next_byte(&mut self) -> u8 {
        self.take_byte(QueueOperation::Subsequent)
    }

    #[inline(always)]
    pub fn next_word(&mut self) -> u16 {
        let low = self.next_byte();
        u16::from_le_bytes([low, self.next_byte()])
    }

    /// Reads the ModR/M byte and works out the effective address.
    #[inline(never)]
    pub fn mod_rm(&mut self) -> ModRm {
        let byte = self.next_byte();
        let reg = byte >> 3 & 7;
        if byte >= 0xC0 {
            return ModRm { reg, place: Place::Register(byte & 7) };
        }
        self.spend(1);
        ModRm { reg, place: self.effective_address(byte) }
    }

    #[inline(always)]
    fn effective_address(&mut self, byte: u8) -> Place {
        let rm = byte & 7;
        if byte & 0xC7 == 0x06 {
            let offset = self.next_word();
            self.spend(1);
            return self.memory(seg::DS, offset);
        }
        self.spend(u64::from(BASE_CLOCKS[rm as usize]));
        let displacement = self.displacement(byte >> 6);
        let r = &self.s.registers;
        let (segment, base) = match rm {
            0 => (seg::DS, r[reg::BX].wrapping_add(r[reg::SI])),
            1 => (seg::DS, r[reg::BX].wrapping_add(r[reg::DI])),
            2 => (seg::SS, r[reg::BP].wrapping_add(r[reg::SI])),
            3 => (seg::SS, r[reg::BP].wrapping_add(r[reg::DI])),
            4 => (seg::DS, r[reg::SI]),
            5 => (seg::DS, r[reg::DI]),
            6 => (seg::SS, r[reg::BP]),
            _ => (seg::DS, r[reg::BX]),
        };
        self.memory(segment, base.wrapping_add(displacement))
    }

    #[inline(always)]
    fn displacement(&mut self, mode: u8) -> u16 {
        match mode {
            0 => 0,
            1 => {
                let byte = self.next_byte();
                self.spend(3);
                byte as i8 as u16
            }
            _ => {
                let word = self.next_word();
                self.spend(2);
                word
            }
        }
    }

    #[inline(always)]
    fn memory(&mut self, segment: usize, offset: u16) -> Place {
        self.s.ind = offset;
        Place::Memory { segment: self.data_segment(segment), offset }
    }

    /// The value of the segment register that a data access uses: `default`, or what a prefix says.
    #[inline(always)]
    pub fn data_segment(&self, default: usize) -> u16 {
        self.s.segments[self.s.prefixes.segment.map_or(default, usize::from) & 3]
    }

    #[inline(always)]
    pub fn register<T: Operand>(&self, number: u8) -> T {
        T::register(&self.s.registers, number)
    }

    #[inline(always)]
    pub fn set_register<T: Operand>(&mut self, number: u8, value: T) {
        T::set_register(&mut self.s.registers, number, value);
    }

    /// Reads the operand of a ModR/M byte (EALOAD: the read and two clocks).
    #[inline(always)]
    pub fn load<T: Operand>(&mut self, place: Place) -> T {
        match place {
            Place::Register(number) => self.register(number),
            Place::Memory { segment, offset } => {
                let value = T::read(self, segment, offset);
                self.spend(2);
                value
            }
        }
    }

    /// What an instruction that only writes its ModR/M operand spends instead of [`Self::load`] (EADONE).
    #[inline(always)]
    pub fn address_done(&mut self, place: Place) {
        if let Place::Memory { .. } = place {
            self.spend(2);
        }
    }

    /// Writes the operand of a ModR/M byte as the last thing of an instruction. Memory costs `clocks` before.
    #[inline(always)]
    pub fn store<T: Operand>(&mut self, place: Place, value: T, clocks: u64) {
        match place {
            Place::Register(number) => self.set_register(number, value),
            Place::Memory { segment, offset } => {
                self.spend(clocks);
                T::write(self, segment, offset, value);
                self.last_write();
            }
        }
    }

    /// A write that ends an instruction: the next one is fetched in its T3, not in T4.
    #[inline(always)]
    pub fn last_write(&mut self) {
        self.s.now -= 1;
    }

    /// Pushes a word (a byte, in the byte forms of group FE: SP moves by two all the same).
    #[inline(always)]
    pub fn push<T: Operand>(&mut self, value: T) {
        let top = self.s.registers[reg::SP].wrapping_sub(2);
        self.s.registers[reg::SP] = top;
        T::write(self, self.s.segments[seg::SS], top, value);
    }

    #[inline(always)]
    pub fn pop(&mut self) -> u16 {
        let top = self.s.registers[reg::SP];
        let value = u16::read(self, self.s.segments[seg::SS], top);
        let above = top.wrapping_add(2);
        self.s.registers[reg::SP] = above;
        self.s.ind = above;
        value
    }

    /// The microcode's CORR, and its extra clock: PC becomes the offset of the next byte of the queue.
    #[inline(always)]
    pub fn corrected_pc(&mut self) -> u16 {
        self.spend(2);
        self.s.biu.instruction_pointer()
    }
}
