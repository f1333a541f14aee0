//! The linear intermediate code: what is left of an instruction when its meaning has been recorded.
//!
//! A recording is a list of steps. Each has one operation of a width and gives one value, or several with successive
//! numbers; a value is set before it is used. Nothing in it knows the meanings, or Rust's control flow: a region that is
//! done on a condition is a number of steps to skip, a locked access is a way back.

use emu_core::addr::Width;
use emu_core::cpu::x86::alu::Shift;
use emu_core::cpu::x86::operands::Operands;
use emu_core::cpu::x86::vector::Sources;
use emu_core::cpu::x86::vector::control::Control;

/// The number of a virtual value: of a number, a condition, a place in memory or a block of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub u32);

/// An operation.
#[derive(Clone, Debug)]
pub enum Code {
    Pure(Pure),
    Registers(Registers),
    Memory(Memory),
    Flags(Flags),
    Flow(Flow),
    Vector(Vector),
}

/// What depends on values and nothing else.
#[derive(Clone, Copy, Debug)]
pub enum Pure {
    Constant(u64),
    Unary(Unary, Value),
    Binary(Binary, Value, Value),
    /// The low bits, or with zeros above, of a number of another width.
    ZeroExtend(Width, Value),
    SignExtend(Width, Value),
    /// A CRC-32C that goes on with data of the step's width.
    Crc32 {
        crc: Value,
        data: Value,
    },
    /// Gives the low and the high half.
    Multiply {
        a: Value,
        b: Value,
        signed: bool,
    },
    IsZero(Value),
    Equal(Value, Value),
    Less(Value, Value),
    Not(Value),
    Both(Value, Value),
    Select {
        truth: Value,
        a: Value,
        b: Value,
    },
    Join {
        low: Value,
        high: Value,
    },
    Quad {
        block: Value,
        number: u8,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Unary {
    LeadingZeros,
    TrailingZeros,
    Ones,
    SwappedBytes,
}

#[derive(Clone, Copy, Debug)]
pub enum Binary {
    Add,
    Sub,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    ShiftRightSigned,
    Deposit,
    Gather,
}

/// What reads or sets a register.
#[derive(Clone, Copy, Debug)]
pub enum Registers {
    Get(u8),
    Set(u8, Value),
    Selector(u8),
    StackTop,
    StackMoved { top: Value, bytes: i64 },
    SetStackTop(Value),
    NextInstruction,
    Block { register: u8, half: u8 },
    SetBlock { register: u8, half: u8, value: Value },
}

/// What reaches memory. All but [`Self::Close`] and [`Self::Exchange`] may leave the code with an exception.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    Load {
        segment: u8,
        offset: Value,
    },
    Store {
        segment: u8,
        offset: Value,
        value: Value,
    },
    /// Gives the place, and what is there.
    Open {
        segment: u8,
        offset: Value,
    },
    Close {
        place: Value,
        value: Value,
    },
    /// As [`Self::Open`], for an [`Self::Exchange`] that follows. The flags are kept for it.
    OpenLocked {
        segment: u8,
        offset: Value,
    },
    /// Writes `new` where `found` still is. Else `found` becomes what is there now, the flags what they were, and the
    /// code goes on at step number `again`.
    Exchange {
        place: Value,
        found: Value,
        new: Value,
        again: usize,
    },
    LoadBlock {
        segment: u8,
        offset: Value,
    },
    StoreBlock {
        segment: u8,
        offset: Value,
        value: Value,
    },
    StoreTwoBlocks {
        segment: u8,
        offset: Value,
        values: [Value; 2],
    },
}

/// What reads or sets the status flags.
#[derive(Clone, Copy, Debug)]
pub enum Flags {
    Carry,
    Condition(u8),
    OfSum { a: Value, b: Value, result: Value },
    OfDifference { a: Value, b: Value, result: Value },
    OfIncrement { a: Value, result: Value },
    OfDecrement { a: Value, result: Value },
    OfLogic(Value),
    SetCarryAndOverflow(Value),
    SetCarry(Value),
    SetOverflow(Value),
    SetComparison { zero: Value, parity: Value, carry: Value },
    Shift { kind: Shift, a: Value, count: Value },
    ShiftDouble { left: bool, a: Value, filler: Value, count: Value },
}

/// Where the code goes on, and the ways out of it.
#[derive(Clone, Copy, Debug)]
pub enum Flow {
    /// Passes over so many steps if the condition does not hold.
    SkipUnless {
        truth: Value,
        steps: usize,
    },
    CheckTarget(Value),
    Jump(Value),
    CheckVectors {
        vex: bool,
    },
    CheckAlignment {
        segment: u8,
        offset: Value,
        bytes: u8,
    },
    /// Gives quotient and remainder.
    Divide {
        high: Value,
        low: Value,
        divisor: Value,
        signed: bool,
    },
}

/// A call of a vector operation's function, for each block of its result.
#[derive(Clone, Debug)]
pub struct Vector {
    pub apply: fn(&mut Control, Sources, &Operands, u32) -> u128,
    pub operands: Operands,
    pub sources: Vec<[Value; 3]>,
}

/// One operation, how wide its numbers are, and the number of the first value that it gives.
#[derive(Clone, Debug)]
pub struct Step {
    pub code: Code,
    pub width: Width,
    pub into: Value,
}

impl Code {
    /// Whether it may leave the code with an exception.
    pub fn may_exit(&self) -> bool {
        match self {
            Self::Memory(memory) => !matches!(memory, Memory::Close { .. } | Memory::Exchange { .. }),
            Self::Flow(flow) => !matches!(flow, Flow::SkipUnless { .. }),
            Self::Vector(_) => true,
            _ => false,
        }
    }

    /// Whether it changes what the guest can see.
    pub fn changes(&self) -> bool {
        match self {
            Self::Pure(_) | Self::Vector(_) => false,
            Self::Registers(registers) => matches!(
                registers,
                Registers::Set(..) | Registers::SetStackTop(_) | Registers::SetBlock { .. }
            ),
            Self::Memory(memory) => !matches!(
                memory,
                Memory::Load { .. }
                    | Memory::Open { .. }
                    | Memory::OpenLocked { .. }
                    | Memory::LoadBlock { .. }
            ),
            Self::Flags(flags) => !matches!(flags, Flags::Carry | Flags::Condition(_)),
            Self::Flow(flow) => matches!(flow, Flow::Jump(_)),
        }
    }
}
