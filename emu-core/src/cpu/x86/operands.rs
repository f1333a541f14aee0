//! An instruction's operands, as decoding leaves them: small and plain, so that a trace of them stays in the cache.

use super::fast::Kind;
use super::state::{REGISTERS, reg, seg};

/// How many bits of an address count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum OffsetSize {
    #[default]
    Bits16,
    Bits32,
    Bits64,
}

impl OffsetSize {
    #[inline(always)]
    pub const fn mask(self) -> u64 {
        const MASKS: [u64; 3] = [0xFFFF, 0xFFFF_FFFF, u64::MAX];
        MASKS[self as usize]
    }
}

/// A repeat prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Repeat {
    #[default]
    Once,
    /// F3: REP, REPE.
    WhileEqual,
    /// F2: REPNE.
    WhileNotEqual,
}

/// The operands of one instruction. What a field means depends on the form that it was decoded for; see
/// [`super::backend::Form`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    /// The immediate, sign-extended to 64 bits; of a direct branch the target's offset, of a far one also the
    /// selector, in bits 32–47.
    pub immediate: u64,
    /// Part of a memory operand's address, sign-extended when used.
    pub displacement: i32,
    /// Registers by [`reg`].
    pub first: u8,
    pub second: u8,
    pub base: u8,
    pub index: u8,
    /// The index is multiplied by this: 1, 2, 4 or 8. Hosts multiply more readily than they shift by what is in memory.
    pub scale: u8,
    /// The memory operand's, by [`seg`].
    pub segment: u8,
    pub offset_size: OffsetSize,
    pub repeat: Repeat,
    /// Bytes of the whole instruction.
    pub length: u8,
    /// What is left of the opcode: a condition's number, a shift's, a small immediate.
    pub detail: u8,
    /// What the mode promises, to a handler that serves all modes.
    pub kind: Kind,
}

impl Operands {
    /// The sum that is a memory operand's offset, before it is cut to [`Self::offset_size`]; `base` instead of what is in the base
    /// register, where that is given.
    #[inline(always)]
    pub fn sum(&self, registers: &[u64; REGISTERS], base: Option<u64>) -> u64 {
        let register = |number: u8| registers[usize::from(number) % REGISTERS];
        let base = base.unwrap_or_else(|| register(self.base));
        let index = register(self.index).wrapping_mul(self.scale.into());
        base.wrapping_add(index).wrapping_add_signed(self.displacement.into())
    }
}

impl Default for Operands {
    fn default() -> Self {
        Self {
            immediate: 0,
            displacement: 0,
            first: 0,
            second: 0,
            base: reg::NONE,
            index: reg::NONE,
            scale: 1,
            segment: seg::DS,
            offset_size: OffsetSize::Bits16,
            repeat: Repeat::Once,
            length: 1,
            detail: 0,
            kind: Kind::Segmented,
        }
    }
}
