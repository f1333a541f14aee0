//! Operands: registers, addresses in brackets, immediates and jump targets.

use super::expr::{Cursor, Expr};
use super::lexer::Token;
use emu_core::addr::Width;

/// `short`, `near` or `far` in front of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distance {
    Short,
    Near,
    Far,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// AL, CL, DL, BL, AH, CH, DH, BH by their numbers in the encoding.
    Reg8(u8),
    /// AX, CX, DX, BX, SP, BP, SI, DI.
    Reg16(u8),
    /// ES, CS, SS, DS.
    Segment(u8),
    Memory(Memory),
    Immediate {
        value: Expr,
        width: Option<Width>,
        distance: Option<Distance>,
    },
    /// `segment:offset`.
    FarPointer {
        segment: Expr,
        offset: Expr,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub width: Option<Width>,
    pub distance: Option<Distance>,
    pub segment: Option<u8>,
    /// The r/m field, or none for a plain address.
    pub base: Option<u8>,
    pub displacement: Option<Expr>,
}

const REGISTERS_8: [&str; 8] = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
const REGISTERS_16: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const SEGMENTS: [&str; 4] = ["es", "cs", "ss", "ds"];

/// The r/m field by the registers in brackets, sorted by name.
const BASES: [(&[&str], u8); 8] = [
    (&["bx", "si"], 0),
    (&["bx", "di"], 1),
    (&["bp", "si"], 2),
    (&["bp", "di"], 3),
    (&["si"], 4),
    (&["di"], 5),
    (&["bp"], 6),
    (&["bx"], 7),
];

fn index_in(names: &[&str], word: &str) -> Option<u8> {
    names.iter().position(|name| *name == word).map(|i| i as u8)
}

/// The segment register of this name.
pub(super) fn segment_register(word: &str) -> Option<u8> {
    index_in(&SEGMENTS, word)
}

fn register(word: &str) -> Option<Operand> {
    index_in(&REGISTERS_8, word)
        .map(Operand::Reg8)
        .or_else(|| index_in(&REGISTERS_16, word).map(Operand::Reg16))
        .or_else(|| segment_register(word).map(Operand::Segment))
}

/// A name that no label may have.
pub(super) fn is_register(word: &str) -> bool {
    register(&word.to_ascii_lowercase()).is_some()
}

fn width_word(word: &str) -> Option<Width> {
    [("byte", Width::Byte), ("word", Width::Word), ("dword", Width::Dword)]
        .into_iter()
        .find_map(|(name, width)| (name == word).then_some(width))
}

fn distance_word(word: &str) -> Option<Distance> {
    [("short", Distance::Short), ("near", Distance::Near), ("far", Distance::Far)]
        .into_iter()
        .find_map(|(name, distance)| (name == word).then_some(distance))
}

/// Reads the operands of an instruction, separated by commas.
///
/// # Errors
/// A sentence about the operand that cannot be read.
pub(super) fn operands(cursor: &mut Cursor<'_>) -> Result<Vec<Operand>, String> {
    let mut found = Vec::new();
    if cursor.peek().is_none() {
        return Ok(found);
    }
    loop {
        found.push(operand(cursor)?);
        if !cursor.take(",") {
            return Ok(found);
        }
    }
}

fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, String> {
    let (mut width, mut distance) = (None, None);
    loop {
        if let Some(found) = cursor.take_word(width_word) {
            width = Some(found);
        } else if let Some(found) = cursor.take_word(distance_word) {
            distance = Some(found);
        } else {
            break;
        }
    }
    if let Some(found) = cursor.take_word(register) {
        return Ok(found);
    }
    if cursor.take("[") {
        let memory = Memory { width, distance, segment: None, base: None, displacement: None };
        return address(cursor, memory).map(Operand::Memory);
    }
    let value = cursor.expr()?;
    if cursor.take(":") {
        return Ok(Operand::FarPointer { segment: value, offset: cursor.expr()? });
    }
    Ok(Operand::Immediate { value, width, distance })
}

/// Reads what stands behind `[`.
fn address(cursor: &mut Cursor<'_>, mut memory: Memory) -> Result<Memory, String> {
    if matches!(cursor.peek_second(), Some(Token::Punct(":"))) {
        memory.segment = cursor.take_word(segment_register);
        if memory.segment.is_none() || !cursor.take(":") {
            return Err("Only es, cs, ss or ds can stand in front of : in an address".to_owned());
        }
    }
    let mut registers = Vec::new();
    let mut minus = cursor.take("-");
    loop {
        match cursor.take_word(|word| REGISTERS_16.iter().find(|r| **r == word).copied()) {
            Some(_) if minus => return Err("A register cannot be subtracted in an address".to_owned()),
            Some(name) => registers.push(name),
            None => memory.displacement = Some(sum(memory.displacement.take(), cursor.term()?, minus)),
        }
        if cursor.take("]") {
            break;
        }
        minus = cursor.take("-");
        if !minus && !cursor.take("+") {
            return Err("A closing ] is missing".to_owned());
        }
    }
    memory.base = base(registers)?;
    Ok(memory)
}

fn sum(so_far: Option<Expr>, term: Expr, minus: bool) -> Expr {
    let operator = if minus { "-" } else { "+" };
    match so_far {
        None if !minus => term,
        so_far => Expr::Binary(operator, Box::new(so_far.unwrap_or(Expr::Number(0))), Box::new(term)),
    }
}

fn base(mut registers: Vec<&str>) -> Result<Option<u8>, String> {
    if registers.is_empty() {
        return Ok(None);
    }
    registers.sort_unstable();
    let found = BASES.iter().find(|(names, _)| *names == registers.as_slice());
    found.map(|(_, field)| Some(*field)).ok_or_else(|| {
        format!(
            "[{}] is no address of the 8086; it knows bx or bp, plus si or di, plus a number",
            registers.join("+")
        )
    })
}
