//! Operations on vectors: MMX's successors from SSE to AVX2 (Intel SDM volume 2).
//!
//! An operation is written once, over one block of 128 bits, in a row of a table ([`Row`]): what it is called with and
//! without a VEX prefix, how its operands lie ([`Shape`]), and a function. Which registers or memory the operands are,
//! how many blocks there are, and what becomes of a register's upper half is the business of
//! [`super::meaning::vector`].
//!
//! Rows are grouped by what they do: [`integer`], [`shuffle`], [`number`], [`cipher`]. What guests spend their time in is in
//! [`quick`].

pub mod cipher;
pub mod control;
pub mod cross;
pub mod float;
pub mod integer;
pub mod lanes;
pub mod number;
pub mod quick;
pub mod shuffle;
pub mod text;

use control::Control;
use iced_x86::Mnemonic;

/// What an operation gets.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// The destination's old value; with VEX, the operand that its prefix names.
    pub a: u128,
    /// The operand that may be in memory; its lowest bits where it is shorter.
    pub b: u128,
    /// A third: XMM0 or the destination's old value (where VEX has it as well), or the register in an immediate byte.
    pub c: u128,
}

/// One block's worth of an operation, with the immediate byte.
pub type Apply = fn(&mut Control, &Sources, u8) -> u128;

/// How an operation's operands lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Block by block. Of the immediate, each block takes this many bits; zero: all of them.
    Blocks { immediate: u8 },
    /// As [`Self::Blocks`], but the second operand is one block for all, of which each takes its bits from so many bits
    /// further up: conversions to wider lanes, and (without moving on) counts of shifts.
    Shared { step: u8 },
    /// Two blocks become one: conversions to narrower lanes.
    Narrow,
    /// Into a general register, each block giving so many bits.
    General { bits: u8 },
    /// Into ZF, PF and CF (bits 0 to 2); what several blocks agree on.
    Flags,
}

/// An operation.
pub struct Row {
    pub legacy: Mnemonic,
    pub vex: Mnemonic,
    pub shape: Shape,
    pub apply: Apply,
}

/// A row for each operation: its name, its name with VEX (`INVALID` where there is none), its shape if it is not the
/// usual one, its function.
macro_rules! rows {
    ($(#[$doc:meta])* $table:ident: $($legacy:ident $vex:ident $([$shape:expr])? => $apply:expr;)*) => {
        $(#[$doc])*
        pub const $table: &[$crate::cpu::x86::vector::Row] = &[$(
            $crate::cpu::x86::vector::Row {
                legacy: iced_x86::Mnemonic::$legacy,
                vex: iced_x86::Mnemonic::$vex,
                shape: {
                    #[allow(unused_imports, reason = "not every table has every shape")]
                    use $crate::cpu::x86::vector::Shape::*;
                    let shape = $crate::cpu::x86::vector::Shape::Blocks { immediate: 0 };
                    $(let _ = shape; let shape = $shape;)?
                    shape
                },
                apply: $apply,
            },
        )*];
    };
}
use rows;

/// Every row. A row's number ([`row`]) is its table's place here and its own there.
const TABLES: [&[Row]; 4] = [integer::ROWS, shuffle::ROWS, number::ROWS, cipher::ROWS];
static ROWS: [&[Row]; 4] = TABLES;

/// More than there are mnemonics.
const MNEMONICS: usize = 2048;

/// By mnemonic, the number of its row and whether it is one with VEX; zero for all that are no vector operations.
static NUMBERS: [u16; MNEMONICS] = {
    let mut numbers = [0; MNEMONICS];
    let mut table = 0;
    while table < TABLES.len() {
        let mut i = 0;
        while i < TABLES[table].len() {
            let number = ((table << 8 | i) as u16) << 2 | 1;
            numbers[TABLES[table][i].legacy as usize] = number;
            numbers[TABLES[table][i].vex as usize] = number | 2;
            i += 1;
        }
        table += 1;
    }
    numbers[Mnemonic::INVALID as usize] = 0;
    numbers
};

/// The row with a number that [`find`] has given.
#[inline(always)]
pub fn row(number: u16) -> &'static Row {
    &ROWS[usize::from(number >> 8)][usize::from(number & 0xFF)]
}

/// An instruction's row, by its number, and whether it has a VEX prefix.
pub fn find(mnemonic: Mnemonic) -> Option<(u16, bool)> {
    let found = NUMBERS[mnemonic as usize];
    (found & 1 != 0).then_some((found >> 2, found & 2 != 0))
}

#[cfg(test)]
mod tests;
