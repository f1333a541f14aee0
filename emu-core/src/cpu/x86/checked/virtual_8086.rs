//! Virtual-8086 mode's sensitive instructions, with the extensions that give its programs an interrupt flag of their own
//! (Intel SDM volume 3, 20.3; VIF and VIP stand for IF there).

use super::{Checked, Fault, vector};
use crate::addr::{Linear, Width};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::state::{Segment, cr4, seg};

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);
const IF: u64 = flag::IF as u64;

/// Who decides on a sensitive instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitive {
    /// The program: it does what it always does.
    Plain,
    /// The program, but VIF is its interrupt flag.
    Virtual,
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Who decides on PUSHF, POPF and IRET here.
    ///
    /// # Errors
    /// General protection: the monitor does.
    pub fn sensitive(&self, width: Width) -> Result<Sensitive, Fault> {
        if !self.s.is_virtual_8086() || self.s.flags.iopl() == 3 {
            return Ok(Sensitive::Plain);
        }
        let extended = self.s.cr4 & cr4::VME != 0 && width == Width::Word;
        if extended { Ok(Sensitive::Virtual) } else { Err(REFUSED) }
    }

    /// CLI and STI.
    ///
    /// # Errors
    /// General protection, where neither IOPL nor a virtual flag allows it.
    pub fn set_interrupts(&mut self, on: bool) -> Result<(), Fault> {
        if !self.s.is_protected() || self.s.cpl() <= self.s.flags.iopl() {
            let before = self.s.flags.has(IF);
            self.s.flags.put(IF, on);
            self.s.shadow = on && !before;
            return Ok(());
        }
        let extension = if self.s.is_virtual_8086() { cr4::VME } else { cr4::PVI };
        let pending = on && self.s.flags.has(system::VIP);
        if self.s.cr4 & extension == 0 || self.s.cpl() < 3 || pending {
            return Err(REFUSED);
        }
        self.s.flags.put(system::VIF, on);
        Ok(())
    }

    /// FLAGS as PUSHF and the 8086's way into an interrupt push them.
    pub fn virtual_flags(&self) -> u64 {
        let interrupts = if self.s.flags.has(system::VIF) { IF } else { 0 };
        self.s.flags.word() & !IF | interrupts | system::IOPL
    }

    /// Makes sure that POPF or IRET may bring these flags.
    ///
    /// # Errors
    /// General protection: a single step, or an interrupt that waits, is the monitor's business.
    pub fn admit_virtual_flags(&self, flags: u64) -> Result<(), Fault> {
        let waits = flags & IF != 0 && self.s.flags.has(system::VIP);
        if waits || flags & u64::from(flag::TF) != 0 { Err(REFUSED) } else { Ok(()) }
    }

    /// Sets what POPF and IRET bring: IF becomes VIF.
    pub fn set_virtual_flags(&mut self, flags: u64) {
        let settable = u64::from(flag::STATUS | flag::DF) | system::NT;
        let word = self.s.flags.word() & !(settable | system::VIF) | flags & settable;
        let interrupts = if flags & IF != 0 { system::VIF } else { 0 };
        self.s.set_flags_word(word | interrupts);
    }

    /// INT n of virtual-8086 mode, if its program handles it itself: as an 8086 does. Gives whether it does.
    ///
    /// # Errors
    /// General protection where the monitor handles it but its gates are not open; stack and page faults.
    pub fn redirect_interrupt(&mut self, number: u8) -> Result<bool, Fault> {
        if !self.s.is_virtual_8086() {
            return Ok(false);
        }
        if self.s.cr4 & cr4::VME == 0 || self.is_monitors(number)? {
            return if self.s.flags.iopl() < 3 { Err(REFUSED) } else { Ok(false) };
        }
        let own_flag = self.s.flags.iopl() < 3;
        let flags = if own_flag { self.virtual_flags() } else { self.s.flags.word() };
        let at = Linear(u64::from(number) * 4);
        let target = self.read_as::<u32>(at, self.s.privilege())?;
        let mut stack = self.own_stack();
        let code = self.s.segment(seg::CS).selector;
        for word in [flags, code.into(), self.s.rip] {
            self.push_on(&mut stack, Width::Word, word)?;
        }
        self.take_stack(&stack);
        let interrupts = if own_flag { system::VIF } else { IF };
        self.s.put_flags(u64::from(flag::TF) | interrupts, false);
        self.s.set_segment(seg::CS, Segment::virtual_8086((target >> 16) as u16));
        self.s.rip = (target & 0xFFFF).into();
        Ok(true)
    }

    /// Whether the task's redirection bitmap, the 32 bytes below that of the ports, leaves an interrupt to the monitor.
    fn is_monitors(&mut self, number: u8) -> Result<bool, Fault> {
        let task = *self.s.segment(seg::TR);
        if task.limit < 103 {
            return Ok(true);
        }
        let ports = self.read_system::<u16>(self.system_address(task.base, 102))?;
        let place = u64::from(ports).wrapping_sub(32).wrapping_add(u64::from(number / 8));
        if place > u64::from(task.limit) {
            return Ok(true);
        }
        let bits = self.read_system::<u8>(self.system_address(task.base, place))?;
        Ok(bits >> (number % 8) & 1 != 0)
    }
}
