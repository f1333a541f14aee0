//! The architectural state of an 8086, and what its microcode keeps between instructions.

use super::biu::Biu;
use crate::cpu::CpuCounters;
use crate::cpu::describe::CodeAddress;
use crate::cpu::x86::alu::flag;
use serde::{Deserialize, Serialize};

/// Bits of FLAGS that always read as ones (12–15 and 1).
pub(super) const FLAGS_ALWAYS: u16 = 0xF002;
/// Bits of FLAGS that exist.
pub(super) const FLAGS_REAL: u16 = flag::STATUS | flag::TF | flag::IF | flag::DF;

/// Places of the general registers, as instructions number them.
pub(super) mod reg {
    pub const AX: usize = 0;
    pub const CX: usize = 1;
    pub const DX: usize = 2;
    pub const BX: usize = 3;
    pub const SP: usize = 4;
    pub const BP: usize = 5;
    pub const SI: usize = 6;
    pub const DI: usize = 7;
}

/// Places of the segment registers, as instructions number them.
pub(super) mod seg {
    pub const ES: usize = 0;
    pub const CS: usize = 1;
    pub const SS: usize = 2;
    pub const DS: usize = 3;
}

/// The prefixes before an opcode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Prefixes {
    /// The segment register that replaces DS or SS.
    pub segment: Option<u8>,
    pub repeat: Repeat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Repeat {
    #[default]
    None,
    /// F2: REPNE.
    WhileNotEqual,
    /// F3: REP, REPE.
    WhileEqual,
}

/// What the processor is in the middle of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Progress {
    /// Nothing: the next byte of the queue begins an instruction.
    #[default]
    Boundary,
    /// Prefixes were read; the next byte is another or the opcode.
    Prefixed,
    /// A repeated string instruction of this opcode goes on with its next iteration.
    Repeating(u8),
    /// HLT was executed.
    Halted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub registers: [u16; 8],
    pub segments: [u16; 4],
    pub flags: u16,
    pub biu: Biu,
    /// The clock cycle in which the execution unit is.
    pub now: u64,
    pub progress: Progress,
    pub prefixes: Prefixes,
    /// Offset of the first byte (or prefix) of the instruction under way.
    pub instruction_start: u16,
    /// No interrupt is taken before the next instruction (a segment register was loaded, or IF was set).
    pub shadow: bool,
    /// TF was set when the instruction before began: it traps.
    pub trap: bool,
    /// NMI was seen and not yet taken.
    pub nmi: bool,
    /// The microcode's IND: the latest offset on the address bus. Undocumented forms (LEA of a register) use it.
    pub ind: u16,
    pub counters: CpuCounters,
}

impl Default for State {
    /// As after power-on; [`State::reset`] makes it ready to run.
    fn default() -> Self {
        Self {
            registers: [0; 8],
            segments: [0; 4],
            flags: FLAGS_ALWAYS,
            biu: Biu::default(),
            now: 0,
            progress: Progress::Boundary,
            prefixes: Prefixes::default(),
            instruction_start: 0,
            shadow: false,
            trap: false,
            nmi: false,
            ind: 0,
            counters: CpuCounters::default(),
        }
    }
}

impl State {
    /// RESET: CS is FFFF, everything else that it touches is 0 (user's manual, table 4-9).
    pub fn reset(&mut self) {
        self.segments = [0, 0xFFFF, 0, 0];
        self.flags = FLAGS_ALWAYS;
        self.progress = Progress::Boundary;
        self.prefixes = Prefixes::default();
        self.instruction_start = 0;
        (self.shadow, self.trap, self.nmi) = (false, false, false);
        self.biu.restart(0, self.now);
    }

    /// Goes on at another offset with an empty queue; what was under way is dropped.
    pub fn jump_to(&mut self, offset: u16) {
        self.progress = Progress::Boundary;
        self.instruction_start = offset;
        self.trap = false;
        self.biu.restart(offset, self.now);
    }

    /// A physical address; the address lines are 20.
    #[inline(always)]
    pub fn linear(&self, segment: u16, offset: u16) -> u32 {
        ((u32::from(segment) << 4) + u32::from(offset)) & 0xF_FFFF
    }

    /// Where the instruction under way began; between instructions, where the next one does.
    pub fn pc(&self) -> CodeAddress {
        match self.progress {
            Progress::Prefixed | Progress::Repeating(_) => self.instruction_address(),
            Progress::Boundary | Progress::Halted => self.code_address(self.biu.instruction_pointer()),
        }
    }

    /// Where the instruction under way began.
    pub fn instruction_address(&self) -> CodeAddress {
        self.code_address(self.instruction_start)
    }

    /// An offset in the code segment.
    pub fn code_address(&self, offset: u16) -> CodeAddress {
        self.address_in(self.segments[seg::CS], offset)
    }

    /// An offset in any segment.
    pub fn address_in(&self, segment: u16, offset: u16) -> CodeAddress {
        CodeAddress {
            segment: Some(segment),
            offset: u64::from(offset),
            linear: u64::from(self.linear(segment, offset)),
        }
    }

    #[inline(always)]
    pub fn set_status(&mut self, flags: u16) {
        self.flags = self.flags & !flag::STATUS | flags;
    }

    /// Loads FLAGS; bits that do not exist keep their fixed values.
    pub fn load_flags(&mut self, value: u16) {
        self.flags = value & FLAGS_REAL | FLAGS_ALWAYS;
    }

    #[inline(always)]
    pub fn has(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }
}
