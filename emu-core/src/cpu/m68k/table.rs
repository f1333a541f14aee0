//! What an instruction is made of, and which row of the [table](super::rows) an opcode belongs to: decoder and disassembler
//! both begin here.

use super::clocks::Clocks;
use super::mode::{Mode, Modes};
use super::rows::ROWS;
use crate::addr::Width;
use std::sync::LazyLock;

/// What an instruction does, whatever its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Abcd,
    Add,
    /// ADDA, and ADDQ to an address register: no flags, always the whole register.
    AddAddress,
    AddExtended,
    And,
    BitTest,
    BitChange,
    BitClear,
    BitSet,
    Branch,
    BranchIf,
    BranchSub,
    Check,
    Clear,
    Compare,
    CompareAddress,
    DecrementBranch,
    DivideSigned,
    DivideUnsigned,
    Eor,
    Exchange,
    Extend,
    Illegal,
    Jump,
    JumpSub,
    LoadAddress,
    Link,
    Move,
    MoveAddress,
    /// MOVE to and from CCR, SR and USP.
    MoveToCcr,
    MoveToSr,
    MoveFromSr,
    MoveToUsp,
    MoveFromUsp,
    /// MOVEM to memory and from it.
    StoreMultiple,
    LoadMultiple,
    /// MOVEP to memory and from it.
    StorePeripheral,
    LoadPeripheral,
    MultiplySigned,
    MultiplyUnsigned,
    Nbcd,
    Negate,
    NegateExtended,
    Nothing,
    Not,
    Or,
    PushAddress,
    Reset,
    Return,
    ReturnFromException,
    ReturnRestore,
    Sbcd,
    SetIf,
    Shift(Shift),
    Stop,
    Sub,
    SubAddress,
    SubExtended,
    Swap,
    Test,
    TestAndSet,
    Trap,
    TrapOverflow,
    Unlink,
}

/// The eight shifts and rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    ArithmeticRight,
    ArithmeticLeft,
    LogicalRight,
    LogicalLeft,
    ExtendRight,
    ExtendLeft,
    RotateRight,
    RotateLeft,
}

/// How wide an instruction works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// By bits 6 and 7: byte, word, long.
    Field,
    /// A word for the suffix to say.
    Is(Width),
    /// Only ever this, so that there is no suffix.
    Implied(Width),
    /// Of the bit instructions: registers have 32 bits, memory bytes.
    Bit,
}

/// Where an operand comes from. Upper and lower are the register fields in bits 9–11 and 0–2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    None,
    /// The addressing mode in bits 0–5, one of these.
    Ea(Modes),
    /// The addressing mode in bits 6–11, register field first.
    MoveEa(Modes),
    DataUpper,
    DataLower,
    AddressUpper,
    AddressLower,
    /// (An)+
    IncrementUpper,
    IncrementLower,
    /// -(An)
    DecrementUpper,
    DecrementLower,
    /// d16(An), lower
    DisplacedLower,
    /// The words behind the first, as many as the size needs.
    Immediate,
    /// Bits 9–11, of which 0 means 8.
    Quick,
    /// Bits 0–7, sign-extended.
    Small,
    /// Bits 0–3.
    Vector,
    /// Bits 0–7 from the next word on, or the word there if they are 0.
    Branch,
    /// The next word, from its own place on.
    Displacement,
    /// The word that says which registers are meant.
    RegisterList,
    Ccr,
    Sr,
    Usp,
}

/// A row of the table: one instruction in one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The first word from bit 15 on. Letters name fields: `m` an addressing mode, `M` MOVE's destination, `x` and `y`
    /// upper and lower register, `s` the size, `c` a condition, `b` one that isn't true or false, `q` quick data, `d` data
    /// or displacement, `v` a vector.
    pub bits: &'static str,
    /// Which bits are fixed, and what they are.
    pub fixed: (u16, u16),
    pub mnemonic: &'static str,
    pub operation: Operation,
    pub size: Size,
    /// Source and destination. Of an instruction with one operand the destination is [`Operand::None`].
    pub operands: [Operand; 2],
    pub is_privileged: bool,
    pub clocks: Clocks,
}

impl Row {
    /// An instruction without operands.
    pub const NOTHING: Self = Self {
        bits: "",
        fixed: (0, 0),
        mnemonic: "",
        operation: Operation::Nothing,
        size: Size::Implied(Width::Word),
        operands: [Operand::None; 2],
        is_privileged: false,
        clocks: Clocks::Fixed(4),
    };

    /// Whether an opcode is an instruction of this row.
    fn matches(&self, opcode: u16) -> bool {
        let (mask, value) = self.fixed;
        opcode & mask == value
            && (self.size != Size::Field || opcode >> 6 & 3 != 3)
            && (!self.bits.contains('b') || opcode >> 8 & 0xF > 1)
            && self.operands.iter().all(|&operand| self.admits(operand, opcode))
    }

    /// Whether an opcode's addressing mode is one that the operand takes. Bytes are never taken from address registers.
    fn admits(&self, operand: Operand, opcode: u16) -> bool {
        let (modes, mode) = match operand {
            Operand::Ea(modes) => (modes, Mode::of(opcode)),
            Operand::MoveEa(modes) => (modes, Mode::of_move_destination(opcode)),
            _ => return true,
        };
        mode.is_some_and(|mode| {
            modes.has(mode) && (mode != Mode::AddressRegister || self.width(opcode) != Width::Byte)
        })
    }

    /// The width of an instruction of this row.
    pub fn width(&self, opcode: u16) -> Width {
        match self.size {
            Size::Is(width) | Size::Implied(width) => width,
            Size::Field => match opcode >> 6 & 3 {
                0 => Width::Byte,
                1 => Width::Word,
                _ => Width::Dword,
            },
            Size::Bit if Mode::of(opcode) == Some(Mode::DataRegister) => Width::Dword,
            Size::Bit => Width::Byte,
        }
    }
}

/// The bits of a row's first word that are fixed: a mask, and what they are.
pub(super) const fn fixed_bits(bits: &str) -> (u16, u16) {
    let bytes = bits.as_bytes();
    let (mut mask, mut value, mut i) = (0, 0, 0);
    while i < bytes.len() {
        mask = mask << 1 | matches!(bytes[i], b'0' | b'1') as u16;
        value = value << 1 | (bytes[i] == b'1') as u16;
        i += 1;
    }
    (mask, value)
}

/// By opcode, one more than the number of its row; 0 where there is none.
static BY_OPCODE: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut table = vec![0; 1 << 16].into_boxed_slice();
    for (row, number) in ROWS.iter().zip(1..) {
        let opcodes = (0..=u16::MAX).filter(|&opcode| row.matches(opcode));
        opcodes.for_each(|opcode| table[usize::from(opcode)] = number);
    }
    table
});

/// The row of an opcode; `None`: it is illegal.
pub fn find(opcode: u16) -> Option<&'static Row> {
    let number = usize::from(BY_OPCODE[usize::from(opcode)]);
    ROWS.get(number.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spelt_right_and_fit_the_table() {
        assert!(ROWS.len() <= usize::from(u8::MAX));
        for row in ROWS {
            assert_eq!(row.bits.len(), 16, "{}", row.mnemonic);
            assert!(row.bits.bytes().all(|letter| b"01mMxyscbqdv".contains(&letter)), "{}", row.bits);
            assert_eq!(row.bits.contains('s'), row.size == Size::Field, "{}", row.mnemonic);
        }
    }

    #[test]
    fn no_opcode_has_two_rows() {
        for opcode in 0..=u16::MAX {
            let rows = ROWS.iter().filter(|row| row.matches(opcode)).collect::<Vec<_>>();
            assert!(rows.len() <= 1, "{opcode:04X} is {rows:?}");
            assert_eq!(rows.first().copied(), find(opcode));
        }
    }

    #[test]
    fn the_table_knows_so_many_opcodes() {
        let known = (0..=u16::MAX).filter(|&opcode| find(opcode).is_some()).count();
        // ILLEGAL among them; the lines A and F have none. Whoever changes a row sees here what that adds or takes.
        assert_eq!(known, 45_816);
        for opcode in (0xA000..=0xAFFF).chain(0xF000..=0xFFFF) {
            assert_eq!(find(opcode), None);
        }
    }
}
