//! Exceptions and interrupts: which there are, and what becomes of one that its handler's way in does not admit.

use super::Checked;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::state::{Activity, dr7};

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
    pub const INVALID_TSS: u8 = 10;
    pub const NOT_PRESENT: u8 = 11;
    pub const STACK: u8 = 12;
    pub const GENERAL_PROTECTION: u8 = 13;
    pub const PAGE: u8 = 14;
    pub const FLOATING_POINT: u8 = 16;
    pub const ALIGNMENT: u8 = 17;
    /// An exception of a vector instruction that MXCSR does not mask.
    pub const SIMD: u8 = 19;
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

    /// The same, met while an event was delivered that the program had not asked for: EXT is set in error codes that
    /// are about a selector.
    fn external(self) -> Self {
        let has_selector = (vector::INVALID_TSS..=vector::GENERAL_PROTECTION).contains(&self.vector);
        Self { code: self.code.map(|code| if has_selector { code | 1 } else { code }), ..self }
    }

    /// How a second fault joins this one (Intel SDM volume 3, table 6-5).
    const fn severity(self) -> Severity {
        match self.vector {
            vector::DIVIDE | vector::INVALID_TSS..=vector::GENERAL_PROTECTION => Severity::Contributory,
            vector::PAGE => Severity::Page,
            vector::DOUBLE_FAULT => Severity::Double,
            _ => Severity::Benign,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Benign,
    Contributory,
    Page,
    Double,
}

/// Where an interrupt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// INT n, INT 3 and INTO: the gate must be open to the program.
    Program,
    /// An interrupt from outside, an exception, or INT 1.
    Event,
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Enters the handler of a fault; if that faults, that one's or the double fault's; if that does too, the processor
    /// shuts down.
    pub fn raise(&mut self, fault: Fault) {
        let mut current = fault;
        // Benign faults may follow one another only a few times: each is met on the way into another's handler.
        for _ in 0..8 {
            let Err(next) = self.deliver(current) else { return };
            if !self.s.is_protected() && current.vector != vector::DOUBLE_FAULT {
                current = Fault::plain(vector::DOUBLE_FAULT);
                continue;
            }
            current = match (current.severity(), next.severity()) {
                (Severity::Double, _) => break,
                (Severity::Contributory, Severity::Contributory)
                | (Severity::Page, Severity::Contributory | Severity::Page) => {
                    Fault::with_code(vector::DOUBLE_FAULT, 0)
                }
                _ => next,
            };
        }
        self.s.activity = Activity::Shutdown;
    }

    /// Enters a fault's handler. RF is set in the flags that a fault's handler returns with, so that no instruction
    /// breakpoint stops the instruction twice.
    fn deliver(&mut self, fault: Fault) -> Result<(), Fault> {
        let flags = self.s.flags;
        let is_trap = matches!(
            fault.vector,
            vector::DEBUG | vector::NMI | vector::BREAKPOINT | vector::OVERFLOW | vector::DOUBLE_FAULT
        );
        if !is_trap && self.model.flag_bits() & system::RF != 0 {
            self.s.flags.put(system::RF, true);
        }
        let done = self.enter(fault.vector, fault.code, Origin::Event);
        done.inspect_err(|_| self.s.flags = flags)
    }

    /// Enters an interrupt's handler, which returns to the instruction at RIP.
    ///
    /// # Errors
    /// When the vector table or the stack does not admit it. Nothing has been changed then.
    pub fn interrupt(&mut self, vector: u8, origin: Origin) -> Result<(), Fault> {
        self.enter(vector, None, origin)
    }

    fn enter(&mut self, vector: u8, code: Option<u16>, origin: Origin) -> Result<(), Fault> {
        if P::ACTIVE {
            let from = self.s.code_address(self.s.rip);
            self.probe.interrupt(vector, from);
        }
        let done = if self.s.is_protected() {
            self.enter_through_gate(vector, code, origin)
        } else {
            self.enter_through_vector(vector)
        };
        done.map_err(|fault| if origin == Origin::Event { fault.external() } else { fault })?;
        self.s.activity = Activity::Running;
        if vector == vector::DEBUG && origin == Origin::Event {
            self.s.debug[7] &= !dr7::GD;
        }
        if vector == vector::NMI && origin == Origin::Event {
            self.s.nmi_blocked = true;
        }
        Ok(())
    }
}
