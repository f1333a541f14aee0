//! Addressing modes and the categories in which instructions take them (M68000PM/AD, 2.2 and table 2-4).

/// An addressing mode: the six bits of mode and register in an instruction's first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    DataRegister,
    AddressRegister,
    /// (An)
    Indirect,
    /// (An)+
    Increment,
    /// -(An)
    Decrement,
    /// d16(An)
    Displaced,
    /// d8(An,Xn)
    Indexed,
    AbsoluteWord,
    AbsoluteLong,
    /// d16(PC)
    PcDisplaced,
    /// d8(PC,Xn)
    PcIndexed,
    Immediate,
}

impl Mode {
    /// The mode of a three-bit mode and register; five combinations are none.
    pub const fn from_fields(mode: u16, register: u16) -> Option<Self> {
        Some(match (mode & 7, register & 7) {
            (0, _) => Self::DataRegister,
            (1, _) => Self::AddressRegister,
            (2, _) => Self::Indirect,
            (3, _) => Self::Increment,
            (4, _) => Self::Decrement,
            (5, _) => Self::Displaced,
            (6, _) => Self::Indexed,
            (_, 0) => Self::AbsoluteWord,
            (_, 1) => Self::AbsoluteLong,
            (_, 2) => Self::PcDisplaced,
            (_, 3) => Self::PcIndexed,
            (_, 4) => Self::Immediate,
            _ => return None,
        })
    }

    /// The mode in the low six bits of an instruction's first word.
    pub const fn of(opcode: u16) -> Option<Self> {
        Self::from_fields(opcode >> 3, opcode)
    }

    /// The mode of MOVE's destination, whose two fields stand the other way round.
    pub const fn of_move_destination(opcode: u16) -> Option<Self> {
        Self::from_fields(opcode >> 6, opcode >> 9)
    }

    /// Whether its address hangs on the PC, so that it is read as program.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::PcDisplaced | Self::PcIndexed)
    }
}

/// A set of addressing modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes(u16);

impl Modes {
    pub const ALL: Self = Self(0xFFF);
    pub const DATA: Self = Self::ALL.without(Mode::AddressRegister);
    const WRITABLE: Self = Self(0x1FF);
    pub const DATA_ALTERABLE: Self = Self::WRITABLE.without(Mode::AddressRegister);
    pub const MEMORY_ALTERABLE: Self = Self::DATA_ALTERABLE.without(Mode::DataRegister);
    pub const CONTROL: Self = Self::DATA
        .without(Mode::DataRegister)
        .without(Mode::Increment)
        .without(Mode::Decrement)
        .without(Mode::Immediate);
    pub const CONTROL_ALTERABLE: Self = Self::CONTROL.without(Mode::PcDisplaced).without(Mode::PcIndexed);

    pub const fn with(self, mode: Mode) -> Self {
        Self(self.0 | 1 << mode as u16)
    }

    pub const fn without(self, mode: Mode) -> Self {
        Self(self.0 & !(1 << mode as u16))
    }

    pub const fn has(self, mode: Mode) -> bool {
        self.0 & 1 << mode as u16 != 0
    }
}
