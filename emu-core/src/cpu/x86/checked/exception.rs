//! Exceptions and interrupts: real mode's way through the vector table (80286 programmer's reference manual 210498,
//! chapter 5; Intel SDM volume 3, 20.1.4).

use super::Checked;
use crate::addr::Linear;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::backend::{Backend, push};
use crate::cpu::x86::flags::system;
use crate::cpu::x86::state::{Activity, Segment, seg};

/// Numbers of the exceptions.
pub mod vector {
    pub const DIVIDE: u8 = 0;
    pub const DEBUG: u8 = 1;
    pub const NMI: u8 = 2;
    pub const BREAKPOINT: u8 = 3;
    pub const OVERFLOW: u8 = 4;
    pub const BOUND: u8 = 5;
    pub const INVALID_OPCODE: u8 = 6;
    pub const NO_COPROCESSOR: u8 = 7;
    pub const DOUBLE_FAULT: u8 = 8;
    pub const STACK: u8 = 12;
    pub const GENERAL_PROTECTION: u8 = 13;
    pub const FLOATING_POINT: u8 = 16;
}

/// Why an instruction could not be completed. It is as if it had not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub vector: u8,
    /// What protected mode pushes above the return address.
    pub code: Option<u16>,
}

impl Fault {
    pub const fn plain(vector: u8) -> Self {
        Self { vector, code: None }
    }

    pub const fn with_code(vector: u8, code: u16) -> Self {
        Self { vector, code: Some(code) }
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Enters the handler of a fault; if that faults, the double fault's; if that does too, the processor shuts down.
    pub fn raise(&mut self, fault: Fault) {
        if self.interrupt(fault.vector).is_err() && self.interrupt(vector::DOUBLE_FAULT).is_err() {
            self.s.activity = Activity::Shutdown;
        }
    }

    /// Enters an interrupt's handler, which returns to the instruction at RIP.
    ///
    /// # Errors
    /// When the vector table or the stack does not admit it. Nothing has been changed then.
    pub fn interrupt(&mut self, vector: u8) -> Result<(), Fault> {
        let entry = u64::from(vector) * 4;
        if entry + 3 > u64::from(self.s.idtr.limit) {
            return Err(Fault::with_code(vector::DOUBLE_FAULT, 0));
        }
        if P::ACTIVE {
            let from = self.s.code_address(self.s.rip);
            self.probe.interrupt(vector, from);
        }
        let top = self.stack_top();
        self.push_return().inspect_err(|_| self.set_stack_top(top))?;
        let base = self.s.idtr.base;
        let offset = self.read_linear::<u16>(Linear(base.wrapping_add(entry)));
        let selector = self.read_linear::<u16>(Linear(base.wrapping_add(entry + 2)));
        self.s.flags.put(u64::from(flag::IF | flag::TF) | system::AC | system::RF, false);
        self.load_real(seg::CS, selector);
        self.s.rip = u64::from(offset);
        self.s.activity = Activity::Running;
        Ok(())
    }

    fn push_return(&mut self) -> Result<(), Fault> {
        let flags = self.s.flags.word() as u16;
        let (selector, offset) = (self.s.segment(seg::CS).selector, self.s.rip as u16);
        push::<Self, u16>(self, flags)?;
        push::<Self, u16>(self, selector)?;
        push::<Self, u16>(self, offset)
    }

    /// Loads a segment register as real mode does: limit and rights stay.
    pub fn load_real(&mut self, number: u8, selector: u16) {
        let part = self.s.segment_mut(number);
        *part = Segment { selector, base: u64::from(selector) << 4, ..*part };
    }
}
