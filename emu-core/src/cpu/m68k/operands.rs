//! An instruction's operands, as decoding leaves them: small and plain, so that a trace of them stays in the cache.

use super::state::reg;

/// One operand. What a field means depends on the form that it was decoded for; see [`super::form`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// An immediate; of an address the part that is known when the instruction is decoded (displacement, absolute
    /// address, all that hangs on the PC); by how much a register steps.
    pub value: u32,
    /// A register by [`reg`]: the operand itself, or an address's base.
    pub base: u8,
    /// The register added to an address.
    pub index: u8,
    /// Of the index, the bits that remain when as many have been shifted out at the top count, sign-extended.
    pub index_shift: u8,
}

/// The operands of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    pub source: Place,
    pub destination: Place,
    /// The instruction's first word.
    pub opcode: u16,
    /// Clock cycles that it takes at least.
    pub clocks: u16,
    /// Bytes of the whole instruction.
    pub length: u8,
    /// What is left of the opcode: a condition's number, an exception's.
    pub detail: u8,
}

impl Default for Place {
    fn default() -> Self {
        Self { value: 0, base: reg::NONE, index: reg::NONE, index_shift: 0 }
    }
}

const _: () = assert!(size_of::<Operands>() <= 24);
