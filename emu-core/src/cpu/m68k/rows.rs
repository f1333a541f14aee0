//! The instructions of the 68000: the one table from which decoder and disassembler are made (M68000PM/AD, chapters 4, 6
//! and 8; clock cycles from MC68000UM/AD, chapter 8).

use super::clocks::Clocks;
use super::mode::{Mode, Modes};
use super::table::Operand::{
    AddressLower, AddressUpper, Branch, Ccr, DataLower, DataUpper, DecrementLower, DecrementUpper,
    DisplacedLower, Displacement, Ea, Immediate, IncrementLower, IncrementUpper, MoveEa, None, Quick,
    RegisterList, Small, Sr, Usp, Vector,
};
use super::table::Size::{self, Bit, Field, Implied, Is};
use super::table::{Operand, Operation, Row, Shift, fixed_bits};
use crate::addr::Width::{Byte, Dword as Long, Word};

const fn row(
    bits: &'static str,
    mnemonic: &'static str,
    operation: Operation,
    size: Size,
    operands: [Operand; 2],
    clocks: Clocks,
) -> Row {
    let fixed = fixed_bits(bits);
    Row { bits, fixed, mnemonic, operation, size, operands, is_privileged: false, clocks }
}

const fn privileged(row: Row) -> Row {
    Row { is_privileged: true, ..row }
}

/// Always as long.
const fn fixed(clocks: u8) -> Clocks {
    Clocks::Fixed(clocks)
}

/// With an addressing mode's own time added: for registers and immediates, and for memory, each short and long.
const fn operand(register: [u8; 2], memory: [u8; 2]) -> Clocks {
    Clocks::Operand { register, memory }
}

/// Short and long.
const fn sized(short: u8, long: u8) -> Clocks {
    operand([short, long], [short, long])
}

/// By mode: (An), d16(An), d8(An,Xn), abs.w, abs.l, d16(PC), d8(PC,Xn).
const fn control(clocks: [u8; 7]) -> Clocks {
    Clocks::Control(clocks)
}

const ALL: Operand = Ea(Modes::ALL);
const DATA: Operand = Ea(Modes::DATA);
const CHANGED: Operand = Ea(Modes::DATA_ALTERABLE);
const MEMORY: Operand = Ea(Modes::MEMORY_ALTERABLE);
const CONTROL: Operand = Ea(Modes::CONTROL);

/// ADD, SUB, AND and OR to a data register; to memory; with an immediate.
const TO_DATA: Clocks = operand([4, 8], [4, 6]);
const TO_MEMORY: Clocks = operand([8, 12], [8, 12]);
const IMMEDIATE: Clocks = operand([8, 16], [12, 20]);
const QUICK: Clocks = operand([4, 8], [8, 12]);
const UNARY: Clocks = operand([4, 6], [8, 12]);
const PARTS: Clocks = sized(4, 8);
const PARTS_IN_MEMORY: Clocks = sized(18, 30);
const SHIFT: Clocks = sized(6, 8);

const STORED: Operand = Ea(Modes::CONTROL_ALTERABLE.with(Mode::Decrement));
const LOADED: Operand = Ea(Modes::CONTROL.with(Mode::Increment));

use Operation as O;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Immediates, bits, MOVEP.
    row("0000000000111100", "ori", O::Or, Implied(Byte), [Immediate, Ccr], fixed(20)),
    privileged(row("0000000001111100", "ori", O::Or, Implied(Word), [Immediate, Sr], fixed(20))),
    row("00000000ssmmmmmm", "ori", O::Or, Field, [Immediate, CHANGED], IMMEDIATE),
    row("0000001000111100", "andi", O::And, Implied(Byte), [Immediate, Ccr], fixed(20)),
    privileged(row("0000001001111100", "andi", O::And, Implied(Word), [Immediate, Sr], fixed(20))),
    row("00000010ssmmmmmm", "andi", O::And, Field, [Immediate, CHANGED], IMMEDIATE),
    row("00000100ssmmmmmm", "subi", O::Sub, Field, [Immediate, CHANGED], IMMEDIATE),
    row("00000110ssmmmmmm", "addi", O::Add, Field, [Immediate, CHANGED], IMMEDIATE),
    row("0000101000111100", "eori", O::Eor, Implied(Byte), [Immediate, Ccr], fixed(20)),
    privileged(row("0000101001111100", "eori", O::Eor, Implied(Word), [Immediate, Sr], fixed(20))),
    row("00001010ssmmmmmm", "eori", O::Eor, Field, [Immediate, CHANGED], IMMEDIATE),
    row("00001100ssmmmmmm", "cmpi", O::Compare, Field, [Immediate, CHANGED], operand([8, 14], [8, 12])),
    row("0000100000mmmmmm", "btst", O::BitTest, Bit, [Immediate, Ea(Modes::DATA.without(Mode::Immediate))],
        operand([10, 10], [8, 8])),
    row("0000100001mmmmmm", "bchg", O::BitChange, Bit, [Immediate, CHANGED], operand([10, 10], [12, 12])),
    row("0000100010mmmmmm", "bclr", O::BitClear, Bit, [Immediate, CHANGED], operand([12, 12], [12, 12])),
    row("0000100011mmmmmm", "bset", O::BitSet, Bit, [Immediate, CHANGED], operand([10, 10], [12, 12])),
    row("0000xxx100mmmmmm", "btst", O::BitTest, Bit, [DataUpper, DATA], operand([6, 6], [4, 4])),
    row("0000xxx101mmmmmm", "bchg", O::BitChange, Bit, [DataUpper, CHANGED], operand([6, 6], [8, 8])),
    row("0000xxx110mmmmmm", "bclr", O::BitClear, Bit, [DataUpper, CHANGED], operand([8, 8], [8, 8])),
    row("0000xxx111mmmmmm", "bset", O::BitSet, Bit, [DataUpper, CHANGED], operand([6, 6], [8, 8])),
    row("0000xxx100001yyy", "movep", O::LoadPeripheral, Is(Word), [DisplacedLower, DataUpper], fixed(16)),
    row("0000xxx101001yyy", "movep", O::LoadPeripheral, Is(Long), [DisplacedLower, DataUpper], fixed(24)),
    row("0000xxx110001yyy", "movep", O::StorePeripheral, Is(Word), [DataUpper, DisplacedLower], fixed(16)),
    row("0000xxx111001yyy", "movep", O::StorePeripheral, Is(Long), [DataUpper, DisplacedLower], fixed(24)),
    // Moves.
    row("0001MMMMMMmmmmmm", "move", O::Move, Is(Byte), [ALL, MoveEa(Modes::DATA_ALTERABLE)], Clocks::Move),
    row("0011MMMMMMmmmmmm", "move", O::Move, Is(Word), [ALL, MoveEa(Modes::DATA_ALTERABLE)], Clocks::Move),
    row("0010MMMMMMmmmmmm", "move", O::Move, Is(Long), [ALL, MoveEa(Modes::DATA_ALTERABLE)], Clocks::Move),
    row("0011xxx001mmmmmm", "movea", O::MoveAddress, Is(Word), [ALL, AddressUpper], sized(4, 4)),
    row("0010xxx001mmmmmm", "movea", O::MoveAddress, Is(Long), [ALL, AddressUpper], sized(4, 4)),
    row("0111xxx0dddddddd", "moveq", O::Move, Implied(Long), [Small, DataUpper], fixed(4)),
    // One operand, and what controls the processor.
    row("0100000011mmmmmm", "move", O::MoveFromSr, Implied(Word), [Sr, CHANGED], operand([6, 6], [8, 8])),
    row("0100010011mmmmmm", "move", O::MoveToCcr, Implied(Word), [DATA, Ccr], sized(12, 12)),
    privileged(row("0100011011mmmmmm", "move", O::MoveToSr, Implied(Word), [DATA, Sr], sized(12, 12))),
    row("01000000ssmmmmmm", "negx", O::NegateExtended, Field, [CHANGED, None], UNARY),
    row("01000010ssmmmmmm", "clr", O::Clear, Field, [CHANGED, None], UNARY),
    row("01000100ssmmmmmm", "neg", O::Negate, Field, [CHANGED, None], UNARY),
    row("01000110ssmmmmmm", "not", O::Not, Field, [CHANGED, None], UNARY),
    row("01001010ssmmmmmm", "tst", O::Test, Field, [CHANGED, None], sized(4, 4)),
    row("0100100000mmmmmm", "nbcd", O::Nbcd, Implied(Byte), [CHANGED, None], operand([6, 6], [8, 8])),
    row("0100101011mmmmmm", "tas", O::TestAndSet, Implied(Byte), [CHANGED, None], operand([4, 4], [10, 10])),
    row("0100101011111100", "illegal", O::Illegal, Implied(Word), [None, None], fixed(4)),
    row("0100100001000yyy", "swap", O::Swap, Implied(Long), [DataLower, None], fixed(4)),
    row("0100100010000yyy", "ext", O::Extend, Is(Word), [DataLower, None], fixed(4)),
    row("0100100011000yyy", "ext", O::Extend, Is(Long), [DataLower, None], fixed(4)),
    row("0100100001mmmmmm", "pea", O::PushAddress, Implied(Long), [CONTROL, None],
        control([12, 16, 20, 16, 20, 16, 20])),
    row("0100xxx111mmmmmm", "lea", O::LoadAddress, Implied(Long), [CONTROL, AddressUpper],
        control([4, 8, 12, 8, 12, 8, 12])),
    row("0100xxx110mmmmmm", "chk", O::Check, Implied(Word), [DATA, DataUpper], sized(10, 10)),
    row("0100100010mmmmmm", "movem", O::StoreMultiple, Is(Word), [RegisterList, STORED],
        control([8, 12, 14, 12, 16, 0, 0])),
    row("0100100011mmmmmm", "movem", O::StoreMultiple, Is(Long), [RegisterList, STORED],
        control([8, 12, 14, 12, 16, 0, 0])),
    row("0100110010mmmmmm", "movem", O::LoadMultiple, Is(Word), [LOADED, RegisterList],
        control([12, 16, 18, 16, 20, 16, 18])),
    row("0100110011mmmmmm", "movem", O::LoadMultiple, Is(Long), [LOADED, RegisterList],
        control([12, 16, 18, 16, 20, 16, 18])),
    row("010011100100vvvv", "trap", O::Trap, Implied(Word), [Vector, None], fixed(4)),
    row("0100111001010yyy", "link", O::Link, Implied(Word), [AddressLower, Immediate], fixed(16)),
    row("0100111001011yyy", "unlk", O::Unlink, Implied(Long), [AddressLower, None], fixed(12)),
    privileged(row("0100111001100yyy", "move", O::MoveToUsp, Implied(Long), [AddressLower, Usp], fixed(4))),
    privileged(row("0100111001101yyy", "move", O::MoveFromUsp, Implied(Long), [Usp, AddressLower], fixed(4))),
    privileged(row("0100111001110000", "reset", O::Reset, Implied(Word), [None, None], fixed(132))),
    row("0100111001110001", "nop", O::Nothing, Implied(Word), [None, None], fixed(4)),
    privileged(row("0100111001110010", "stop", O::Stop, Implied(Word), [Immediate, None], fixed(4))),
    privileged(row("0100111001110011", "rte", O::ReturnFromException, Implied(Word), [None, None], fixed(20))),
    row("0100111001110101", "rts", O::Return, Implied(Word), [None, None], fixed(16)),
    row("0100111001110110", "trapv", O::TrapOverflow, Implied(Word), [None, None], fixed(4)),
    row("0100111001110111", "rtr", O::ReturnRestore, Implied(Word), [None, None], fixed(20)),
    row("0100111010mmmmmm", "jsr", O::JumpSub, Implied(Long), [CONTROL, None],
        control([16, 18, 22, 18, 20, 18, 22])),
    row("0100111011mmmmmm", "jmp", O::Jump, Implied(Long), [CONTROL, None],
        control([8, 10, 14, 10, 12, 10, 14])),
    // Quick sums, conditions, branches.
    row("0101qqq0ssmmmmmm", "addq", O::Add, Field, [Quick, CHANGED], QUICK),
    row("0101qqq001001yyy", "addq", O::AddAddress, Is(Word), [Quick, AddressLower], fixed(8)),
    row("0101qqq010001yyy", "addq", O::AddAddress, Is(Long), [Quick, AddressLower], fixed(8)),
    row("0101qqq1ssmmmmmm", "subq", O::Sub, Field, [Quick, CHANGED], QUICK),
    row("0101qqq101001yyy", "subq", O::SubAddress, Is(Word), [Quick, AddressLower], fixed(8)),
    row("0101qqq110001yyy", "subq", O::SubAddress, Is(Long), [Quick, AddressLower], fixed(8)),
    row("0101cccc11mmmmmm", "s", O::SetIf, Implied(Byte), [CHANGED, None], operand([4, 4], [8, 8])),
    row("0101cccc11001yyy", "db", O::DecrementBranch, Implied(Word), [DataLower, Displacement], fixed(10)),
    row("01100000dddddddd", "bra", O::Branch, Implied(Word), [Branch, None], fixed(10)),
    row("01100001dddddddd", "bsr", O::BranchSub, Implied(Word), [Branch, None], fixed(18)),
    row("0110bbbbdddddddd", "b", O::BranchIf, Implied(Word), [Branch, None], Clocks::BranchIf),
    // Two operands.
    row("1000xxx0ssmmmmmm", "or", O::Or, Field, [DATA, DataUpper], TO_DATA),
    row("1000xxx1ssmmmmmm", "or", O::Or, Field, [DataUpper, MEMORY], TO_MEMORY),
    row("1000xxx011mmmmmm", "divu", O::DivideUnsigned, Implied(Word), [DATA, DataUpper], sized(10, 10)),
    row("1000xxx111mmmmmm", "divs", O::DivideSigned, Implied(Word), [DATA, DataUpper], sized(10, 10)),
    row("1000xxx100000yyy", "sbcd", O::Sbcd, Implied(Byte), [DataLower, DataUpper], fixed(6)),
    row("1000xxx100001yyy", "sbcd", O::Sbcd, Implied(Byte), [DecrementLower, DecrementUpper], fixed(18)),
    row("1001xxx0ssmmmmmm", "sub", O::Sub, Field, [ALL, DataUpper], TO_DATA),
    row("1001xxx1ssmmmmmm", "sub", O::Sub, Field, [DataUpper, MEMORY], TO_MEMORY),
    row("1001xxx011mmmmmm", "suba", O::SubAddress, Is(Word), [ALL, AddressUpper], sized(8, 8)),
    row("1001xxx111mmmmmm", "suba", O::SubAddress, Is(Long), [ALL, AddressUpper], operand([8, 8], [6, 6])),
    row("1001xxx1ss000yyy", "subx", O::SubExtended, Field, [DataLower, DataUpper], PARTS),
    row("1001xxx1ss001yyy", "subx", O::SubExtended, Field, [DecrementLower, DecrementUpper], PARTS_IN_MEMORY),
    row("1011xxx0ssmmmmmm", "cmp", O::Compare, Field, [ALL, DataUpper], sized(4, 6)),
    row("1011xxx011mmmmmm", "cmpa", O::CompareAddress, Is(Word), [ALL, AddressUpper], sized(6, 6)),
    row("1011xxx111mmmmmm", "cmpa", O::CompareAddress, Is(Long), [ALL, AddressUpper], sized(6, 6)),
    row("1011xxx1ssmmmmmm", "eor", O::Eor, Field, [DataUpper, CHANGED], QUICK),
    row("1011xxx1ss001yyy", "cmpm", O::Compare, Field, [IncrementLower, IncrementUpper], sized(12, 20)),
    row("1100xxx0ssmmmmmm", "and", O::And, Field, [DATA, DataUpper], TO_DATA),
    row("1100xxx1ssmmmmmm", "and", O::And, Field, [DataUpper, MEMORY], TO_MEMORY),
    row("1100xxx011mmmmmm", "mulu", O::MultiplyUnsigned, Implied(Word), [DATA, DataUpper], sized(38, 38)),
    row("1100xxx111mmmmmm", "muls", O::MultiplySigned, Implied(Word), [DATA, DataUpper], sized(38, 38)),
    row("1100xxx100000yyy", "abcd", O::Abcd, Implied(Byte), [DataLower, DataUpper], fixed(6)),
    row("1100xxx100001yyy", "abcd", O::Abcd, Implied(Byte), [DecrementLower, DecrementUpper], fixed(18)),
    row("1100xxx101000yyy", "exg", O::Exchange, Implied(Long), [DataUpper, DataLower], fixed(6)),
    row("1100xxx101001yyy", "exg", O::Exchange, Implied(Long), [AddressUpper, AddressLower], fixed(6)),
    row("1100xxx110001yyy", "exg", O::Exchange, Implied(Long), [DataUpper, AddressLower], fixed(6)),
    row("1101xxx0ssmmmmmm", "add", O::Add, Field, [ALL, DataUpper], TO_DATA),
    row("1101xxx1ssmmmmmm", "add", O::Add, Field, [DataUpper, MEMORY], TO_MEMORY),
    row("1101xxx011mmmmmm", "adda", O::AddAddress, Is(Word), [ALL, AddressUpper], sized(8, 8)),
    row("1101xxx111mmmmmm", "adda", O::AddAddress, Is(Long), [ALL, AddressUpper], operand([8, 8], [6, 6])),
    row("1101xxx1ss000yyy", "addx", O::AddExtended, Field, [DataLower, DataUpper], PARTS),
    row("1101xxx1ss001yyy", "addx", O::AddExtended, Field, [DecrementLower, DecrementUpper], PARTS_IN_MEMORY),
    // Shifts: by a count in the opcode, by a register, by one in memory.
    row("1110qqq0ss000yyy", "asr", O::Shift(Shift::ArithmeticRight), Field, [Quick, DataLower], SHIFT),
    row("1110qqq1ss000yyy", "asl", O::Shift(Shift::ArithmeticLeft), Field, [Quick, DataLower], SHIFT),
    row("1110qqq0ss001yyy", "lsr", O::Shift(Shift::LogicalRight), Field, [Quick, DataLower], SHIFT),
    row("1110qqq1ss001yyy", "lsl", O::Shift(Shift::LogicalLeft), Field, [Quick, DataLower], SHIFT),
    row("1110qqq0ss010yyy", "roxr", O::Shift(Shift::ExtendRight), Field, [Quick, DataLower], SHIFT),
    row("1110qqq1ss010yyy", "roxl", O::Shift(Shift::ExtendLeft), Field, [Quick, DataLower], SHIFT),
    row("1110qqq0ss011yyy", "ror", O::Shift(Shift::RotateRight), Field, [Quick, DataLower], SHIFT),
    row("1110qqq1ss011yyy", "rol", O::Shift(Shift::RotateLeft), Field, [Quick, DataLower], SHIFT),
    row("1110xxx0ss100yyy", "asr", O::Shift(Shift::ArithmeticRight), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx1ss100yyy", "asl", O::Shift(Shift::ArithmeticLeft), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx0ss101yyy", "lsr", O::Shift(Shift::LogicalRight), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx1ss101yyy", "lsl", O::Shift(Shift::LogicalLeft), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx0ss110yyy", "roxr", O::Shift(Shift::ExtendRight), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx1ss110yyy", "roxl", O::Shift(Shift::ExtendLeft), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx0ss111yyy", "ror", O::Shift(Shift::RotateRight), Field, [DataUpper, DataLower], SHIFT),
    row("1110xxx1ss111yyy", "rol", O::Shift(Shift::RotateLeft), Field, [DataUpper, DataLower], SHIFT),
    row("1110000011mmmmmm", "asr", O::Shift(Shift::ArithmeticRight), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110000111mmmmmm", "asl", O::Shift(Shift::ArithmeticLeft), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110001011mmmmmm", "lsr", O::Shift(Shift::LogicalRight), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110001111mmmmmm", "lsl", O::Shift(Shift::LogicalLeft), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110010011mmmmmm", "roxr", O::Shift(Shift::ExtendRight), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110010111mmmmmm", "roxl", O::Shift(Shift::ExtendLeft), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110011011mmmmmm", "ror", O::Shift(Shift::RotateRight), Is(Word), [MEMORY, None], sized(8, 8)),
    row("1110011111mmmmmm", "rol", O::Shift(Shift::RotateLeft), Is(Word), [MEMORY, None], sized(8, 8)),
];
