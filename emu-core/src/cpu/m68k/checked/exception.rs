//! Exceptions (MC68000UM/AD, chapter 6).

use super::Checked;
use super::leftover::Leftover;
use crate::cpu::bus::MemoryBus;
use crate::cpu::m68k::operands::Operands;
use crate::cpu::m68k::state::{Activity, reg, sr};
use crate::cpu::probe::Probe;

/// Numbers of the exceptions (table 6-2).
pub mod vector {
    pub const RESET_STACK: u8 = 0;
    pub const RESET_PC: u8 = 1;
    pub const BUS_ERROR: u8 = 2;
    pub const ADDRESS_ERROR: u8 = 3;
    pub const ILLEGAL: u8 = 4;
    pub const ZERO_DIVIDE: u8 = 5;
    pub const CHECK: u8 = 6;
    pub const TRAP_OVERFLOW: u8 = 7;
    pub const PRIVILEGE: u8 = 8;
    pub const TRACE: u8 = 9;
    pub const LINE_A: u8 = 10;
    pub const LINE_F: u8 = 11;
    pub const SPURIOUS: u8 = 24;
    /// The autovector of level 1 is the next.
    pub const AUTOVECTORS: u8 = 24;
    /// TRAP #0.
    pub const TRAPS: u8 = 32;
}

/// An access that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub at: u32,
    pub is_write: bool,
    /// Of an instruction's word, or of what lies at the PC.
    pub is_program: bool,
    /// What was to be written.
    pub value: u32,
}

impl Access {
    pub const fn read(at: u32) -> Self {
        Self { at, is_write: false, is_program: false, value: 0 }
    }

    pub const fn fetch(at: u32) -> Self {
        Self { is_program: true, ..Self::read(at) }
    }

    pub const fn write(at: u32, value: u32) -> Self {
        Self { at, is_write: true, is_program: false, value }
    }
}

/// Why an instruction is followed by an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// By vector: it was not executed, and the stacked PC points to it.
    Refused(u8),
    /// By vector: it was executed, and the stacked PC points behind it.
    Trapped(u8),
    Address(Access),
    Bus(Access),
}

/// What the frame of a bus or address error has above the status register and the PC.
#[derive(Clone, Copy, Debug)]
pub(super) struct BusFrame {
    pub access: Access,
    pub instruction: u16,
    /// An exception was being processed, not an instruction.
    pub in_exception: bool,
}

/// Clock cycles of the entry to an exception (table 8-14), without what an instruction that is executed has taken itself.
fn clocks_of(number: u8) -> u64 {
    match number {
        vector::BUS_ERROR | vector::ADDRESS_ERROR => 50,
        vector::TRAP_OVERFLOW | vector::TRAPS.. => 30,
        vector::CHECK | vector::ZERO_DIVIDE => 28,
        _ => 34,
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Reads the supervisor's stack pointer and where to begin.
    pub fn begin(&mut self) {
        self.s.now += 40;
        self.s.activity = Activity::Running;
        let mut vector_at = |number: u8| self.read::<u32>(u32::from(number) * 4);
        let vectors = vector_at(vector::RESET_STACK).and_then(|s| Ok((s, vector_at(vector::RESET_PC)?)));
        match vectors {
            Ok((stack, pc)) => {
                self.s.put(reg::SP, stack);
                self.s.pc = pc;
            }
            Err(_) => self.s.activity = Activity::Halted,
        }
    }

    /// Enters the exception of an instruction that lies at `start`; the PC is behind it.
    #[cold]
    pub fn fail(&mut self, start: u32, o: &Operands, fault: Fault) {
        match fault {
            Fault::Refused(number) => {
                self.s.pc = start;
                self.s.trace_due = false;
                self.s.now = self.s.now.wrapping_sub(o.clocks.into());
                self.exception(number);
            }
            Fault::Trapped(number) => self.exception(number),
            Fault::Address(access) => self.bus_exception(vector::ADDRESS_ERROR, start, o, access),
            Fault::Bus(access) => self.bus_exception(vector::BUS_ERROR, start, o, access),
        }
    }

    /// An instruction whose words could not all be fetched.
    #[cold]
    pub fn fail_to_fetch(&mut self, start: u32, opcode: u16, fault: Fault) {
        let (number, access) = match fault {
            Fault::Bus(access) => (vector::BUS_ERROR, access),
            Fault::Address(access) => (vector::ADDRESS_ERROR, access),
            Fault::Refused(number) | Fault::Trapped(number) => return self.exception(number),
        };
        self.s.pc = start;
        self.enter_from_bus(number, BusFrame { access, instruction: opcode, in_exception: false });
    }

    fn bus_exception(&mut self, number: u8, start: u32, o: &Operands, access: Access) {
        let begun = self.s.now.wrapping_sub(o.clocks.into());
        let Leftover { pc, instruction, access, clocks } = self.leave_behind(start, o, access);
        self.s.now = begun.wrapping_add(clocks.into());
        self.s.pc = pc;
        self.s.trace_due = false;
        self.enter_from_bus(number, BusFrame { access, instruction, in_exception: false });
    }

    /// Enters an exception; the PC is what its handler returns to.
    pub fn exception(&mut self, number: u8) {
        let done = self.stack_status(number).and_then(|()| self.go_to_vector(number));
        self.settle(done);
    }

    /// Enters an interrupt of a level.
    pub fn interrupt(&mut self, level: u8, number: u8) {
        let before = self.s.status();
        self.enter_supervisor(number, before);
        let masked = self.s.system & !sr::LEVEL | u16::from(level) << sr::LEVEL_SHIFT;
        self.s.system = masked;
        let done = self.push_short(before).and_then(|()| self.go_to_vector(number));
        self.settle(done);
    }

    /// Switches to supervisor mode without trace.
    fn enter_supervisor(&mut self, number: u8, before: u16) {
        if P::ACTIVE {
            let from = self.s.code_address();
            self.probe.interrupt(number, from);
        }
        self.set_status(before & !sr::TRACE | sr::SUPERVISOR);
        self.s.activity = Activity::Running;
        self.s.now += clocks_of(number);
    }

    fn stack_status(&mut self, number: u8) -> Result<(), Fault> {
        let before = self.s.status();
        self.enter_supervisor(number, before);
        self.push_short(before)
    }

    /// The frame that all exceptions have: the PC, and the status register on top.
    fn push_short(&mut self, status: u16) -> Result<(), Fault> {
        let top = self.s.get::<u32>(reg::SP).wrapping_sub(6);
        self.s.put(reg::SP, top);
        self.write(top.wrapping_add(2), self.s.pc)?;
        self.write(top, status)
    }

    fn go_to_vector(&mut self, number: u8) -> Result<(), Fault> {
        let to = self.read::<u32>(u32::from(number) * 4)?;
        self.s.pc = to;
        if to & 1 != 0 { Err(Fault::Address(Access::fetch(to))) } else { Ok(()) }
    }

    /// A fault while an exception is being entered is an exception of its own, but one in that halts the processor.
    fn settle(&mut self, done: Result<(), Fault>) {
        let (number, access) = match done {
            Ok(()) => return,
            Err(Fault::Bus(access)) => (vector::BUS_ERROR, access),
            Err(Fault::Address(access)) => (vector::ADDRESS_ERROR, access),
            Err(_) => return self.s.activity = Activity::Halted,
        };
        self.enter_from_bus(number, BusFrame { access, instruction: 0, in_exception: true });
    }

    /// Enters the exception of a bus or address error (figure 6-7).
    fn enter_from_bus(&mut self, number: u8, frame: BusFrame) {
        let function = self.function_code(frame.access);
        let done = self.stack_status(number).and_then(|()| {
            let top = self.s.get::<u32>(reg::SP).wrapping_sub(8);
            self.s.put(reg::SP, top);
            let kind = u16::from(!frame.access.is_write) << 4 | u16::from(frame.in_exception) << 3 | function;
            self.write(top.wrapping_add(6), frame.instruction)?;
            self.write(top.wrapping_add(2), frame.access.at)?;
            // What else lies in that word is what the instruction register has there.
            self.write(top, frame.instruction & !0x1F | kind)?;
            self.go_to_vector(number)
        });
        if done.is_err() {
            self.s.activity = Activity::Halted;
        }
    }

    /// The function code that an access shows at the pins (table 3-2).
    fn function_code(&self, access: Access) -> u16 {
        let space = if access.is_program { 2 } else { 1 };
        if self.s.is_supervisor() { space | 4 } else { space }
    }
}
