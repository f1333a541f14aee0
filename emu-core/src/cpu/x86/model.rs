//! What the members differ in, as data.

use super::checked::vector;
use super::state::cr0;
use iced_x86::CpuidFeature;

/// The generations, each of which has what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    I80286,
    I80386,
}

/// A member of the family.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// As the command line has it.
    pub name: &'static str,
    pub title: &'static str,
    pub generation: Generation,
    /// Address lines.
    pub address_bits: u32,
    /// The longest instruction, prefixes included; a longer one is invalid.
    pub longest_instruction: usize,
    /// CR0 (on the 80286, the machine status word) after RESET.
    pub reset_cr0: u64,
    /// Clock cycles that an instruction takes on the average, memory accesses without wait states included. Engines for
    /// these members count time by it.
    pub clocks_per_instruction: u64,
}

impl Model {
    pub const fn address_mask(&self) -> u64 {
        (1 << self.address_bits) - 1
    }

    /// The bits of FLAGS that real mode can set: the 80286 holds IOPL and NT at zero.
    pub const fn real_mode_flags(&self) -> u64 {
        match self.generation {
            Generation::I80286 => 0x0FD5,
            Generation::I80386 => 0x7FD5,
        }
    }

    /// The exception of an access that the stack segment does not admit in real mode: the 80286 has one for all
    /// segments (programmer's reference manual 210498, table 5-2).
    pub const fn real_mode_stack_fault(&self) -> u8 {
        match self.generation {
            Generation::I80286 => vector::GENERAL_PROTECTION,
            Generation::I80386 => vector::STACK,
        }
    }

    /// Whether LOCK is invalid before what cannot be locked; the 80286 takes it before anything.
    pub fn checks_lock(&self) -> bool {
        self.generation >= Generation::I80386
    }

    /// How many segment registers there are.
    pub const fn segment_registers(&self) -> u8 {
        match self.generation {
            Generation::I80286 => 4,
            Generation::I80386 => 6,
        }
    }

    /// Whether a prefix byte is none to this member.
    pub const fn lacks_prefix(&self, byte: u8) -> bool {
        matches!(self.generation, Generation::I80286) && matches!(byte, 0x64..=0x67)
    }

    /// Whether this member has the instructions of a feature.
    pub fn has(&self, feature: CpuidFeature) -> bool {
        use CpuidFeature as F;
        let since = match feature {
            F::INTEL8086 | F::INTEL8086_ONLY | F::INTEL186 | F::INTEL286 | F::INTEL286_ONLY => {
                Generation::I80286
            }
            F::INTEL386 => Generation::I80386,
            _ => return false,
        };
        self.generation >= since
    }
}

/// Data sheet 210253.
pub static I80286: Model = Model {
    name: "80286",
    title: "Intel 80286",
    generation: Generation::I80286,
    address_bits: 24,
    longest_instruction: 10,
    reset_cr0: 0xFFF0,
    clocks_per_instruction: 5,
};

/// Data sheet 231630. With 16 data lines and 24 address lines it is the 80386SX (240187).
pub static I80386DX: Model = Model {
    name: "386dx",
    title: "Intel 80386DX",
    generation: Generation::I80386,
    address_bits: 32,
    longest_instruction: 15,
    reset_cr0: cr0::ET,
    clocks_per_instruction: 5,
};
