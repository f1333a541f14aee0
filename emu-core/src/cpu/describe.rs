//! What a debugger shows of a processor, as data: each family describes itself once, and panes, the command line
//! and remote debuggers draw from that.

use serde::{Deserialize, Serialize};

/// A register by its place in [`CpuDescription::registers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegisterId(pub u16);

/// How registers are grouped on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RegisterGroup {
    General,
    Pointer,
    Segment,
    Control,
}

#[derive(Clone, Copy, Debug)]
pub struct RegisterDescription {
    pub name: &'static str,
    pub bits: u8,
    pub group: RegisterGroup,
    pub meaning: &'static str,
}

/// A flag: a bit of the register [`CpuDescription::flags_register`].
#[derive(Clone, Copy, Debug)]
pub struct FlagDescription {
    pub name: &'static str,
    pub bit: u8,
    pub meaning: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct ExceptionDescription {
    pub vector: u8,
    pub name: &'static str,
}

/// A family, as a debugger sees it.
#[derive(Clone, Copy, Debug)]
pub struct CpuDescription {
    pub family: &'static str,
    pub registers: &'static [RegisterDescription],
    pub flags_register: RegisterId,
    pub flags: &'static [FlagDescription],
    /// The register that, with its segment if there is one, says where the stack's top is.
    pub stack_pointer: RegisterId,
    pub stack_segment: Option<RegisterId>,
    /// Bytes of one stack entry.
    pub stack_width: u8,
    /// Bits of a linear address.
    pub address_bits: u8,
    pub has_io_space: bool,
    pub exceptions: &'static [ExceptionDescription],
}

impl CpuDescription {
    /// Finds a register by its name, in any case of letters.
    pub fn register_named(&self, name: &str) -> Option<RegisterId> {
        self.registers.iter().position(|r| r.name.eq_ignore_ascii_case(name)).map(|i| RegisterId(i as u16))
    }
}

/// Where code lies: as the user reads it (segment and offset, if the family has segments) and linearly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeAddress {
    pub segment: Option<u16>,
    pub offset: u64,
    pub linear: u64,
}

impl std::fmt::Display for CodeAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.segment {
            Some(segment) => write!(f, "{segment:04X}:{:04X}", self.offset),
            None => write!(f, "{:08X}", self.offset),
        }
    }
}

/// One disassembled instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disassembled {
    pub at: CodeAddress,
    pub bytes: Vec<u8>,
    pub text: String,
    /// Where a direct jump or call leads.
    pub target: Option<CodeAddress>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RegisterError {
    #[error("This CPU has no such register")]
    Unknown,
    #[error("The value {value:#X} does not fit into {name}, which has {bits} bits")]
    TooLarge { name: &'static str, bits: u8, value: u64 },
}
