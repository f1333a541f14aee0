//! One call of a service: the processor's registers, memory, and ports, as ROM code would reach them.

use super::physical;
use emu_core::addr::Width;
use emu_core::cpu::Processor;
use emu_core::cpu::bus::{BusStatus, CpuBus};
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
    const fn name(self) -> &'static str {
        match self {
            Self::Ax => "AX",
            Self::Bx => "BX",
            Self::Cx => "CX",
            Self::Dx => "DX",
            Self::Sp => "SP",
            Self::Bp => "BP",
            Self::Di => "DI",
            Self::Es => "ES",
            Self::Cs => "CS",
            Self::Ss => "SS",
            Self::Ip => "IP",
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

    /// A register's value; 0 on a processor that lacks it.
    pub fn get(&self, register: Register) -> u16 {
        let id = self.cpu.description().register_named(register.name());
        id.map_or(0, |id| self.cpu.register(id) as u16)
    }

    pub fn set(&mut self, register: Register, value: u16) {
        if let Some(id) = self.cpu.description().register_named(register.name()) {
            // A 16-bit value fits into every register that a call names.
            let _ = self.cpu.set_register(id, value.into());
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
        let at = self.cpu.now();
        let address = physical(segment, offset).0 as u32;
        self.bus.read(BusStatus::MemoryRead, address, Width::Byte, at).data as u8
    }

    pub fn set_byte(&mut self, segment: u16, offset: u16, value: u8) {
        let at = self.cpu.now();
        let address = physical(segment, offset).0 as u32;
        self.bus.write(BusStatus::MemoryWrite, address, Width::Byte, value.into(), at);
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
