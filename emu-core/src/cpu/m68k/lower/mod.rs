//! From an instruction's words to its operands and its handler: once for each instruction of a trace, or each time in the
//! strict engine.

mod arithmetic;
mod control;
mod transfer;

use super::backend::Meaning;
use super::checked::{Routine, vector};
use super::clocks;
use super::mode::Mode;
use super::operands::{Operands, Place};
use super::routine::Privileged;
use super::routine::system::Illegal;
use super::state::reg;
use super::table::{self, Operand, Operation, Row};
use crate::addr::Width;

/// What an engine makes of a meaning.
pub trait Select {
    type Handler;

    fn meaning<M: Meaning>() -> Self::Handler;
    fn routine<R: Routine>() -> Self::Handler;
}

/// An instruction ready to be executed.
#[derive(Clone, Copy, Debug)]
pub struct Lowered<H> {
    pub operands: Operands,
    pub handler: H,
}

/// Lowers the instruction that begins with `opcode` at `at`; `words` gives those behind it, one after the other. What is no
/// instruction becomes one that is refused.
///
/// # Errors
/// What `words` gives.
pub fn lower<S: Select, E>(
    opcode: u16,
    at: u32,
    words: impl FnMut() -> Result<u16, E>,
) -> Result<Lowered<S::Handler>, E> {
    let view = View::read(opcode, at, words)?;
    Ok(Lowered { operands: view.operands, handler: view.select::<S>() })
}

/// The [form](super::form) of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Register,
    Immediate,
    Based,
    Indexed,
    Increment,
    Decrement,
    /// None, or one that the operation implies.
    None,
}

/// A decoded instruction, as selecting its handler looks at it.
pub struct View {
    row: &'static Row,
    width: Width,
    pub operands: Operands,
    kinds: [Kind; 2],
}

/// The row of what is no instruction.
static REFUSED: Row = Row { operation: Operation::Illegal, ..Row::NOTHING };

impl View {
    /// Reads an instruction, as [`lower`] does.
    ///
    /// # Errors
    /// What `words` gives.
    pub fn read<E>(opcode: u16, at: u32, words: impl FnMut() -> Result<u16, E>) -> Result<Self, E> {
        let row = table::find(opcode).unwrap_or(&REFUSED);
        let width = row.width(opcode);
        let mut reader = Reader { opcode, width, at, length: 2, words };
        // A list of registers stands before the words of an address, whichever way the move goes.
        let swapped = row.operands[1] == Operand::RegisterList;
        let [first, second] = row.operands;
        let (source, destination) = if swapped {
            let destination = reader.operand(row, second)?;
            (reader.operand(row, first)?, destination)
        } else {
            (reader.operand(row, first)?, reader.operand(row, second)?)
        };
        let list = if swapped { destination.1.value } else { source.1.value };
        // A branch's target is its source, also where a counter is written before it.
        let (source, destination) =
            if second == Operand::Displacement { (destination, source) } else { (source, destination) };
        let operands = Operands {
            source: source.1,
            destination: destination.1,
            opcode,
            clocks: clocks::of(row, opcode) + clocks::of_list(row, width, list),
            length: reader.length,
            detail: detail(row, opcode),
        };
        Ok(Self { row, width, operands, kinds: [source.0, destination.0] })
    }

    /// The handler of an engine.
    pub fn select<S: Select>(&self) -> S::Handler {
        transfer::select::<S>(self)
            .or_else(|| arithmetic::select::<S>(self))
            .or_else(|| control::select::<S>(self))
            .unwrap_or_else(|| S::routine::<Illegal>())
    }

    /// Whether the next instruction is never, or hardly ever, executed after this one.
    pub fn ends_trace(&self) -> bool {
        matches!(
            self.row.operation,
            Operation::Branch
                | Operation::BranchSub
                | Operation::Illegal
                | Operation::Jump
                | Operation::JumpSub
                | Operation::Return
                | Operation::ReturnFromException
                | Operation::ReturnRestore
                | Operation::Stop
        )
    }

    /// The routine as an engine's handler; one that only the supervisor may use if the row says so.
    fn routine<S: Select, R: Routine>(&self) -> S::Handler {
        if self.row.is_privileged { S::routine::<Privileged<R>>() } else { S::routine::<R>() }
    }
}

/// What the opcode says besides its operands: see [`Operands::detail`].
fn detail(row: &Row, opcode: u16) -> u8 {
    match row.operation {
        Operation::Trap => opcode as u8 & 0xF,
        Operation::Illegal => match opcode >> 12 {
            0xA => vector::LINE_A,
            0xF => vector::LINE_F,
            _ => vector::ILLEGAL,
        },
        _ => (opcode >> 8) as u8 & 0xF,
    }
}

/// Reads operands and the words that they need.
struct Reader<W> {
    opcode: u16,
    width: Width,
    at: u32,
    /// Bytes read.
    length: u8,
    words: W,
}

impl<E, W: FnMut() -> Result<u16, E>> Reader<W> {
    fn word(&mut self) -> Result<u16, E> {
        let word = (self.words)()?;
        self.length += 2;
        Ok(word)
    }

    fn long(&mut self) -> Result<u32, E> {
        Ok(u32::from(self.word()?) << 16 | u32::from(self.word()?))
    }

    /// The next word, sign-extended.
    fn displacement(&mut self) -> Result<u32, E> {
        Ok(self.word()? as i16 as u32)
    }

    /// Where the next word lies.
    fn here(&self) -> u32 {
        self.at.wrapping_add(self.length.into())
    }

    fn operand(&mut self, row: &Row, operand: Operand) -> Result<(Kind, Place), E> {
        let (upper, lower) = ((self.opcode >> 9 & 7) as u8, (self.opcode & 7) as u8);
        Ok(match operand {
            Operand::None | Operand::Ccr | Operand::Sr | Operand::Usp => (Kind::None, Place::default()),
            Operand::Ea(_) => return self.address(Mode::of(self.opcode), lower),
            Operand::MoveEa(_) => return self.address(Mode::of_move_destination(self.opcode), upper),
            Operand::DataUpper => register(reg::D0 + upper),
            Operand::DataLower => register(reg::D0 + lower),
            Operand::AddressUpper => register(reg::A0 + upper),
            Operand::AddressLower => register(reg::A0 + lower),
            Operand::IncrementUpper => return self.address(Some(Mode::Increment), upper),
            Operand::IncrementLower => return self.address(Some(Mode::Increment), lower),
            Operand::DecrementUpper => return self.address(Some(Mode::Decrement), upper),
            Operand::DecrementLower => return self.address(Some(Mode::Decrement), lower),
            Operand::DisplacedLower => return self.address(Some(Mode::Displaced), lower),
            // The number of a bit is as long as a byte, whatever it is a bit of.
            Operand::Immediate if row.size == table::Size::Bit => immediate(self.word()?.into()),
            Operand::Immediate => return self.address(Some(Mode::Immediate), 0),
            Operand::Quick => immediate(u32::from(if upper == 0 { 8 } else { upper })),
            Operand::Small => immediate(self.opcode as i8 as u32),
            Operand::Vector => immediate((self.opcode & 0xF).into()),
            Operand::Branch => immediate(self.branch_target()?),
            Operand::Displacement => {
                let here = self.here();
                immediate(here.wrapping_add(self.displacement()?))
            }
            Operand::RegisterList => immediate(self.word()?.into()),
        })
    }

    fn branch_target(&mut self) -> Result<u32, E> {
        let here = self.here();
        let short = self.opcode as i8;
        let displacement = if short == 0 { self.displacement()? } else { short as u32 };
        Ok(here.wrapping_add(displacement))
    }

    /// An operand of an addressing mode.
    fn address(&mut self, mode: Option<Mode>, number: u8) -> Result<(Kind, Place), E> {
        let base = reg::A0 + number;
        let plain = Place::default();
        let step = match self.width {
            // The stack pointer stays even.
            Width::Byte if base == reg::SP => 2,
            width => width.bytes() as u32,
        };
        Ok(match mode {
            None => (Kind::None, plain),
            Some(Mode::DataRegister) => register(reg::D0 + number),
            Some(Mode::AddressRegister) => register(base),
            Some(Mode::Indirect) => (Kind::Based, Place { base, ..plain }),
            Some(Mode::Increment) => (Kind::Increment, Place { base, value: step, ..plain }),
            Some(Mode::Decrement) => (Kind::Decrement, Place { base, value: step, ..plain }),
            Some(Mode::Displaced) => (Kind::Based, Place { base, value: self.displacement()?, ..plain }),
            Some(Mode::Indexed) => (Kind::Indexed, self.indexed(base, 0)?),
            Some(Mode::AbsoluteWord) => (Kind::Based, Place { value: self.displacement()?, ..plain }),
            Some(Mode::AbsoluteLong) => (Kind::Based, Place { value: self.long()?, ..plain }),
            Some(Mode::PcDisplaced) => {
                let here = self.here();
                let value = here.wrapping_add(self.displacement()?);
                (Kind::Based, Place { value, ..plain })
            }
            Some(Mode::PcIndexed) => {
                let here = self.here();
                (Kind::Indexed, self.indexed(reg::NONE, here)?)
            }
            Some(Mode::Immediate) => match self.width {
                Width::Dword => immediate(self.long()?),
                _ => immediate(self.word()?.into()),
            },
        })
    }

    /// The word of an indexed address (M68000PM/AD, figure 2-2, brief format): the scale is the 68020's, and ignored.
    fn indexed(&mut self, base: u8, from: u32) -> Result<Place, E> {
        let word = self.word()?;
        let value = from.wrapping_add(word as i8 as u32);
        let index_shift = if word & 0x800 != 0 { 0 } else { 16 };
        Ok(Place { value, base, index: (word >> 12) as u8, index_shift })
    }
}

fn register(base: u8) -> (Kind, Place) {
    (Kind::Register, Place { base, ..Place::default() })
}

fn immediate(value: u32) -> (Kind, Place) {
    (Kind::Immediate, Place { value, ..Place::default() })
}

/// Names a type for an operation's width, in an expression that may use it.
macro_rules! by_width {
    ($width:expr, $t:ident => $handler:expr) => {
        match $width {
            $crate::addr::Width::Byte => {
                type $t = u8;
                $handler
            }
            other => $crate::cpu::m68k::lower::by_wide_width!(other, $t => $handler),
        }
    };
}

/// As [`by_width`], for operations without a byte form.
macro_rules! by_wide_width {
    ($width:expr, $t:ident => $handler:expr) => {
        match $width {
            $crate::addr::Width::Word => {
                type $t = u16;
                $handler
            }
            $crate::addr::Width::Dword => {
                type $t = u32;
                $handler
            }
            _ => None,
        }
    };
}

/// Names a type for the form of an operand in memory; `$which` says which operand it is.
macro_rules! by_memory {
    ($kind:expr, $which:ident, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::m68k::lower::Kind::Increment => {
                type $f = $crate::cpu::m68k::form::Increment<$crate::cpu::m68k::form::$which>;
                $handler
            }
            $crate::cpu::m68k::lower::Kind::Decrement => {
                type $f = $crate::cpu::m68k::form::Decrement<$crate::cpu::m68k::form::$which>;
                $handler
            }
            other => $crate::cpu::m68k::lower::by_address!(other, $which, $f => $handler),
        }
    };
}

/// As [`by_memory`], for what can be addressed without being read.
macro_rules! by_address {
    ($kind:expr, $which:ident, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::m68k::lower::Kind::Based => {
                type $f = $crate::cpu::m68k::form::Based<$crate::cpu::m68k::form::$which>;
                $handler
            }
            $crate::cpu::m68k::lower::Kind::Indexed => {
                type $f = $crate::cpu::m68k::form::Indexed<$crate::cpu::m68k::form::$which>;
                $handler
            }
            _ => None,
        }
    };
}

/// As [`by_memory`], registers too.
macro_rules! by_form {
    ($kind:expr, $which:ident, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::m68k::lower::Kind::Register => {
                type $f = $crate::cpu::m68k::form::Register<$crate::cpu::m68k::form::$which>;
                $handler
            }
            other => $crate::cpu::m68k::lower::by_memory!(other, $which, $f => $handler),
        }
    };
}

/// As [`by_form`], immediates too.
macro_rules! by_source {
    ($kind:expr, $which:ident, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::m68k::lower::Kind::Immediate => {
                type $f = $crate::cpu::m68k::form::Immediate<$crate::cpu::m68k::form::$which>;
                $handler
            }
            other => $crate::cpu::m68k::lower::by_form!(other, $which, $f => $handler),
        }
    };
}

/// Names a type for a source that is a register or an immediate.
macro_rules! by_value {
    ($kind:expr, $which:ident, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::m68k::lower::Kind::Register => {
                type $f = $crate::cpu::m68k::form::Register<$crate::cpu::m68k::form::$which>;
                $handler
            }
            $crate::cpu::m68k::lower::Kind::Immediate => {
                type $f = $crate::cpu::m68k::form::Immediate<$crate::cpu::m68k::form::$which>;
                $handler
            }
            _ => None,
        }
    };
}

use {by_address, by_form, by_memory, by_source, by_value, by_wide_width, by_width};
