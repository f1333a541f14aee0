//! What a processor of the family holds: plain data that every engine shares, so that a running guest can change
//! engines at any instruction.

use super::flags::Flags;
use crate::cpu::CpuCounters;
use crate::cpu::describe::CodeAddress;
use crate::cpu::int::Int;
use serde::{Deserialize, Serialize};

/// Numbers of the registers, as the first word of an indexed address has them: D0–D7, then A0–A7.
pub mod reg {
    pub const D0: u8 = 0;
    pub const A0: u8 = 8;
    /// A7, the stack pointer of the current mode.
    pub const SP: u8 = 15;
    /// A register that is always zero: an address without a base or an index.
    pub const NONE: u8 = 16;
}

/// Bits of the status register (MC68000UM/AD, 2.1.3).
pub mod sr {
    pub const CARRY: u16 = 1 << 0;
    pub const OVERFLOW: u16 = 1 << 1;
    pub const ZERO: u16 = 1 << 2;
    pub const NEGATIVE: u16 = 1 << 3;
    pub const EXTEND: u16 = 1 << 4;
    /// The condition codes, which user programs may set.
    pub const CCR: u16 = 0x1F;
    /// The interrupt mask.
    pub const LEVEL: u16 = 7 << 8;
    pub const LEVEL_SHIFT: u32 = 8;
    pub const SUPERVISOR: u16 = 1 << 13;
    pub const TRACE: u16 = 1 << 15;
}

/// What the processor is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    #[default]
    Running,
    /// STOP: until an interrupt.
    Stopped,
    /// After a fault while one was being entered: until RESET.
    Halted,
    /// RESET's vectors have not been read yet.
    Resetting,
}

/// The architectural state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By [`reg`]; those from [`reg::NONE`] on are zero.
    pub registers: [u32; 32],
    /// The stack pointers of user and supervisor mode; that of the current mode is A7, and its place here is stale.
    pub stacks: [u32; 2],
    pub pc: u32,
    pub flags: Flags,
    /// The status register without its condition codes.
    pub system: u16,
    pub activity: Activity,
    /// The last instruction was executed with the trace bit set, and the exception has not been entered yet.
    pub trace_due: bool,
    /// The interrupt level last seen at the pins: level 7 interrupts when it appears, whatever the mask.
    pub level_seen: u8,
    /// The clock cycle at which the next instruction begins.
    pub now: u64,
    pub counters: CpuCounters,
}

impl State {
    /// As after RESET; the processor reads its stack pointer and where to begin from memory when it first runs
    /// (MC68000UM/AD, 6.3.1).
    pub fn reset(now: u64, counters: CpuCounters) -> Self {
        Self {
            registers: [0; 32],
            stacks: [0; 2],
            pc: 0,
            flags: Flags::default(),
            system: sr::SUPERVISOR | sr::LEVEL,
            activity: Activity::Resetting,
            trace_due: false,
            level_seen: 0,
            now,
            counters,
        }
    }

    #[inline(always)]
    pub fn get<T: Int>(&self, number: u8) -> T {
        T::low(self.registers[usize::from(number & 31)].into())
    }

    /// Sets a register; bytes and words leave its other bits.
    #[inline(always)]
    pub fn put<T: Int>(&mut self, number: u8, value: T) {
        let register = &mut self.registers[usize::from(number & 31)];
        *register = *register & !(T::MASK as u32) | value.wide() as u32;
    }

    #[inline(always)]
    pub fn is_supervisor(&self) -> bool {
        self.system & sr::SUPERVISOR != 0
    }

    /// The status register.
    pub fn status(&self) -> u16 {
        self.system | u16::from(self.flags.ccr())
    }

    /// Sets the status register, of which `settable` bits exist; A7 changes with the mode.
    pub fn set_status(&mut self, word: u16, settable: u16) {
        self.flags.set_ccr(word as u8);
        let before = self.is_supervisor();
        self.system = word & settable & !sr::CCR;
        if self.is_supervisor() != before {
            let a7 = &mut self.registers[usize::from(reg::SP)];
            self.stacks[usize::from(before)] = *a7;
            *a7 = self.stacks[usize::from(!before)];
        }
    }

    /// A stack pointer: the user's or the supervisor's.
    pub fn stack(&self, supervisor: bool) -> u32 {
        if supervisor == self.is_supervisor() {
            self.get(reg::SP)
        } else {
            self.stacks[usize::from(supervisor)]
        }
    }

    pub fn set_stack(&mut self, supervisor: bool, value: u32) {
        if supervisor == self.is_supervisor() {
            self.put(reg::SP, value);
        } else {
            self.stacks[usize::from(supervisor)] = value;
        }
    }

    /// The interrupt mask.
    pub fn level(&self) -> u8 {
        ((self.system & sr::LEVEL) >> sr::LEVEL_SHIFT) as u8
    }

    /// Whether only an interrupt or RESET makes anything happen.
    pub fn is_quiet(&self) -> bool {
        matches!(self.activity, Activity::Stopped | Activity::Halted) && !self.trace_due
    }

    /// Where the next instruction lies, as the user reads it.
    pub fn code_address(&self) -> CodeAddress {
        Self::code_address_of(self.pc)
    }

    pub fn code_address_of(pc: u32) -> CodeAddress {
        CodeAddress { segment: None, offset: pc.into(), linear: pc.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a7_follows_the_mode() {
        let mut state = State::reset(0, CpuCounters::default());
        state.set_stack(true, 0x1000);
        state.set_stack(false, 0x2000);
        assert_eq!(state.get::<u32>(reg::SP), 0x1000);
        state.set_status(0x001F, 0xA71F);
        assert_eq!((state.get::<u32>(reg::SP), state.status()), (0x2000, 0x001F));
        state.put::<u32>(reg::SP, 0x3000);
        state.set_status(0xFFFF, 0xA71F);
        assert_eq!((state.get::<u32>(reg::SP), state.stack(false), state.status()), (0x1000, 0x3000, 0xA71F));
    }
}
