//! One call of a service: the processor's registers, memory, and ports, as ROM code would reach them.

use emu_core::addr::{Physical, Width};
use emu_core::cpu::Processor;
use emu_core::cpu::bus::{BusStatus, CpuBus};
use emu_core::cpu::describe::RegisterId;
use emu_core::machine::system_bus::SystemBus;
use emu_core::time::Cycle;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Back to the caller.
    Done,
    /// Ask again after the next interrupt.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    Ax,
    Bx,
    Cx,
    Dx,
    Sp,
    Bp,
    Di,
    Es,
    Cs,
    Ss,
    Ip,
}

impl Register {
    /// What processors of 16, 32 and 64 bits call the register that it is, or is the lower part of.
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Ax => ["AX", "EAX", "RAX"],
            Self::Bx => ["BX", "EBX", "RBX"],
            Self::Cx => ["CX", "ECX", "RCX"],
            Self::Dx => ["DX", "EDX", "RDX"],
            Self::Sp => ["SP", "ESP", "RSP"],
            Self::Bp => ["BP", "EBP", "RBP"],
            Self::Di => ["DI", "EDI", "RDI"],
            Self::Es => ["ES"; 3],
            Self::Cs => ["CS"; 3],
            Self::Ss => ["SS"; 3],
            Self::Ip => ["IP", "EIP", "RIP"],
        }
    }
}

/// Flags of the caller.
pub const CARRY: u16 = 0x0001;
pub const ZERO: u16 = 0x0040;

/// The segment of the BIOS data area.
const BDA: u16 = 0x40;

pub struct Call<'a> {
    cpu: &'a mut dyn Processor<SystemBus>,
    pub bus: &'a mut SystemBus,
}

impl<'a> Call<'a> {
    pub fn new(cpu: &'a mut dyn Processor<SystemBus>, bus: &'a mut SystemBus) -> Self {
        Self { cpu, bus }
    }

    pub fn now(&self) -> Cycle {
        self.cpu.now()
    }

    fn id(&self, register: Register) -> Option<RegisterId> {
        register.names().iter().find_map(|name| self.cpu.description().register_named(name))
    }

    /// A register's value; 0 on a processor that lacks it.
    pub fn get(&self, register: Register) -> u16 {
        self.id(register).map_or(0, |id| self.cpu.register(id) as u16)
    }

    /// Sets a register, or the lower 16 bits of it.
    pub fn set(&mut self, register: Register, value: u16) {
        if let Some(id) = self.id(register) {
            let upper = self.cpu.register(id) & !0xFFFF;
            // What was in a register and a 16-bit value fit into it.
            let _ = self.cpu.set_register(id, upper | u64::from(value));
        }
    }

    pub fn low(&self, register: Register) -> u8 {
        self.get(register) as u8
    }

    pub fn high(&self, register: Register) -> u8 {
        (self.get(register) >> 8) as u8
    }

    pub fn set_low(&mut self, register: Register, value: u8) {
        self.set(register, self.get(register) & 0xFF00 | u16::from(value));
    }

    pub fn set_high(&mut self, register: Register, value: u8) {
        self.set(register, self.get(register) & 0x00FF | u16::from(value) << 8);
    }

    /// Sets or clears flags that the caller finds after the service's IRET.
    pub fn set_flags(&mut self, flags: u16, on: bool) {
        let (segment, offset) = (self.get(Register::Ss), self.get(Register::Sp).wrapping_add(4));
        let old = self.word(segment, offset);
        self.set_word(segment, offset, if on { old | flags } else { old & !flags });
    }

    pub fn byte(&mut self, segment: u16, offset: u16) -> u8 {
        self.bus.read_byte(self.physical(segment, offset), self.cpu.now())
    }

    pub fn set_byte(&mut self, segment: u16, offset: u16, value: u8) {
        self.bus.write_byte(self.physical(segment, offset), value, self.cpu.now());
    }

    /// A physical address in real mode, as many bits as the processor has lines: the A20 gate is the bus's affair.
    fn physical(&self, segment: u16, offset: u16) -> Physical {
        let lines = u32::from(self.cpu.description().address_bits.min(63));
        Physical(((u64::from(segment) << 4) + u64::from(offset)) & ((1 << lines) - 1))
    }

    pub fn word(&mut self, segment: u16, offset: u16) -> u16 {
        u16::from_le_bytes([self.byte(segment, offset), self.byte(segment, offset.wrapping_add(1))])
    }

    pub fn set_word(&mut self, segment: u16, offset: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.set_byte(segment, offset, low);
        self.set_byte(segment, offset.wrapping_add(1), high);
    }

    /// A byte of the BIOS data area.
    pub fn bda(&mut self, offset: u16) -> u8 {
        self.byte(BDA, offset)
    }

    pub fn set_bda(&mut self, offset: u16, value: u8) {
        self.set_byte(BDA, offset, value);
    }

    pub fn bda_word(&mut self, offset: u16) -> u16 {
        self.word(BDA, offset)
    }

    pub fn set_bda_word(&mut self, offset: u16, value: u16) {
        self.set_word(BDA, offset, value);
    }

    pub fn input(&mut self, port: u16) -> u8 {
        let at = self.cpu.now();
        self.bus.read(BusStatus::IoRead, port.into(), Width::Byte, at).data as u8
    }

    pub fn output(&mut self, port: u16, value: u8) {
        let at = self.cpu.now();
        self.bus.write(BusStatus::IoWrite, port.into(), Width::Byte, value.into(), at);
    }

    /// The far pointer that an interrupt vector is: segment and offset.
    pub fn vector(&mut self, number: u16) -> (u16, u16) {
        (self.word(0, number * 4 + 2), self.word(0, number * 4))
    }
}
