//! How long instructions take (MC68000UM/AD, chapter 8), as far as that is known when they are decoded. What hangs on data
//! (shift counts, products, quotients, branches taken) is added when they are executed.

use super::mode::Mode;
use super::table::{Operand, Operation, Row};
use crate::addr::Width;

/// How the clock cycles of a row follow from an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    Fixed(u8),
    /// Plus the addressing mode's own ([`of_mode`]); the pairs are short (bytes and words) and long.
    Operand {
        /// With an operand in a register or an immediate.
        register: [u8; 2],
        /// With an operand in memory.
        memory: [u8; 2],
    },
    Move,
    /// Eight when a short one is not taken, else ten or more.
    BranchIf,
    /// By mode: (An), d16(An), d8(An,Xn), abs.w, abs.l, d16(PC), d8(PC,Xn).
    Control([u8; 7]),
}

/// Table 8-1: the time to work out an address and fetch what is there.
pub fn of_mode(mode: Mode, long: bool) -> u16 {
    let short = match mode {
        Mode::DataRegister | Mode::AddressRegister => return 0,
        Mode::Indirect | Mode::Increment | Mode::Immediate => 4,
        Mode::Decrement => 6,
        Mode::Displaced | Mode::AbsoluteWord | Mode::PcDisplaced => 8,
        Mode::Indexed | Mode::PcIndexed => 10,
        Mode::AbsoluteLong => 12,
    };
    if long { short + 4 } else { short }
}

/// What MOVEM takes for the registers of its list, which stands in one of its operands.
pub fn of_list(row: &Row, width: Width, list: u32) -> u16 {
    let each = if width == Width::Dword { 8 } else { 4 };
    let moves = matches!(row.operation, Operation::LoadMultiple | Operation::StoreMultiple);
    if moves { each * (list & 0xFFFF).count_ones() as u16 } else { 0 }
}

/// The clock cycles that an instruction of `row` takes at least.
pub fn of(row: &Row, opcode: u16) -> u16 {
    let long = row.width(opcode) == Width::Dword;
    let has_mode = row.operands.iter().any(|operand| matches!(operand, Operand::Ea(_)));
    let mode = if has_mode { Mode::of(opcode) } else { None };
    match row.clocks {
        Clocks::Fixed(clocks) => clocks.into(),
        Clocks::Operand { register, memory } => {
            let is_register =
                matches!(mode, Some(Mode::DataRegister | Mode::AddressRegister | Mode::Immediate));
            let base = if is_register { register } else { memory };
            // Immediates for the destination are part of the base.
            u16::from(base[usize::from(long)]) + mode.map_or(0, |mode| of_mode(mode, long))
        }
        Clocks::BranchIf => {
            if opcode & 0xFF != 0 {
                8
            } else {
                10
            }
        }
        Clocks::Move => {
            let source = mode.map_or(0, |mode| of_mode(mode, long));
            // Table 8-2: an address is written to without the time to step it back first.
            let destination = match Mode::of_move_destination(opcode) {
                Some(Mode::Decrement) => of_mode(Mode::Indirect, long),
                Some(mode) => of_mode(mode, long),
                None => 0,
            };
            4 + source + destination
        }
        Clocks::Control(by_mode) => {
            let place = match mode {
                Some(Mode::Displaced) => 1,
                Some(Mode::Indexed) => 2,
                Some(Mode::AbsoluteWord) => 3,
                Some(Mode::AbsoluteLong) => 4,
                Some(Mode::PcDisplaced) => 5,
                Some(Mode::PcIndexed) => 6,
                _ => 0,
            };
            by_mode[place].into()
        }
    }
}
