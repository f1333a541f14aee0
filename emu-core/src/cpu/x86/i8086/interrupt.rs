//! Interrupts: when they are taken, and the microcode that enters one (INTR, INT0–INT2, FARCALL2, NEARCALL).

use super::engine::{Engine, Operand};
use super::state::{Progress, seg};
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;

/// Exceptions of the 8086 that have a fixed vector.
pub(super) mod vector {
    pub const DIVIDE_ERROR: u8 = 0;
    pub const SINGLE_STEP: u8 = 1;
    pub const NMI: u8 = 2;
    pub const BREAKPOINT: u8 = 3;
    pub const OVERFLOW: u8 = 4;
}

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// Whether NMI, or INTR while IF is set, asks for attention.
    #[inline(always)]
    pub fn interrupt_pending(&mut self) -> bool {
        if self.bus.take_nmi() {
            self.s.nmi = true;
        }
        self.s.nmi || self.s.has(flag::IF) && self.bus.interrupt_line()
    }

    /// Ends HLT if an interrupt is there.
    pub fn wake(&mut self) -> bool {
        let pending = self.interrupt_pending();
        if pending {
            self.s.progress = Progress::Boundary;
        }
        pending
    }

    /// Whether an interrupt is to be taken now, before the next instruction.
    #[inline(always)]
    pub fn interrupt_comes(&mut self) -> bool {
        let pending = self.interrupt_pending();
        (pending || self.s.trap) && !self.s.shadow
    }

    /// Enters an interrupt if one is to be taken now.
    #[inline(always)]
    pub fn take_interrupt(&mut self) -> bool {
        let comes = self.interrupt_comes();
        if comes {
            self.enter_interrupt();
        }
        comes
    }

    #[cold]
    fn enter_interrupt(&mut self) {
        self.s.instruction_start = self.s.biu.instruction_pointer();
        self.spend(2);
        if self.s.trap {
            self.fixed_vector(vector::SINGLE_STEP);
        } else if self.s.nmi {
            self.s.nmi = false;
            self.fixed_vector(vector::NMI);
        } else {
            let vector = self.acknowledge();
            self.suspend_prefetch();
            self.spend(2);
            self.interrupt(vector);
        }
    }

    /// The entries at 198, 199 and 1A7: INT1, INT2 and INT0.
    pub fn fixed_vector(&mut self, vector: u8) {
        self.spend(2);
        self.interrupt_from_19e(vector);
    }

    /// The microcode routine INTR, at 19D.
    pub fn interrupt(&mut self, vector: u8) {
        self.spend(1);
        self.interrupt_from_19e(vector);
    }

    fn interrupt_from_19e(&mut self, vector: u8) {
        if P::ACTIVE {
            let from = self.s.instruction_address();
            self.probe.interrupt(vector, from);
        }
        (self.s.trap, self.s.shadow) = (false, false);
        self.spend(2);
        let entry = u16::from(vector) * 4;
        let offset = u16::read(self, 0, entry);
        self.spend(1);
        let segment = u16::read(self, 0, entry + 2);
        self.suspend_prefetch();
        self.spend(2);
        self.push(self.s.flags);
        self.s.flags &= !(flag::IF | flag::TF);
        self.spend(2);
        self.far_call_from_06c(segment, offset);
    }

    /// FARCALL from its second line on; prefetching is suspended.
    pub fn far_call_from_06c(&mut self, segment: u16, offset: u16) {
        let return_offset = self.corrected_pc();
        self.push(self.s.segments[seg::CS]);
        self.s.segments[seg::CS] = segment;
        self.spend(3);
        self.near_call_from_077(return_offset, offset);
    }

    /// NEARCALL from its FLUSH on.
    pub fn near_call_from_077(&mut self, return_offset: u16, offset: u16) {
        self.flush_queue(offset);
        self.spend(2);
        self.push(return_offset);
        self.last_write();
    }
}
