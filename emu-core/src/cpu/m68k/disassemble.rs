//! Disassembly in Motorola's syntax, from the same table as decoding.

use super::mode::Mode;
use super::model::Model;
use super::state::reg;
use super::table::{self, Operand, Operation, Row, Size};
use crate::addr::Width;
use crate::cpu::describe::{CodeAddress, Disassembled};
use std::fmt::Write;

const CONDITIONS: [&str; 16] =
    ["t", "f", "hi", "ls", "cc", "cs", "ne", "eq", "vc", "vs", "pl", "mi", "ge", "lt", "gt", "le"];

/// A disassembled instruction before it meets the debugger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// Words of the whole instruction.
    pub words: usize,
    /// Where a direct jump or call leads.
    pub target: Option<u32>,
}

/// Disassembles the instruction whose words are `words`, which lies at `at`; five words are enough for any.
pub fn text_of(words: [u16; 5], at: u32) -> Text {
    let opcode = words[0];
    let Some(row) = table::find(opcode) else {
        return Text { text: format!("dc.w ${opcode:04x}"), words: 1, target: None };
    };
    let mut reader = Reader { words, next: 1, at, width: row.width(opcode), target: None };
    let [first, second] = row.operands;
    // A list of registers stands before the words of an address.
    let list = if second == Operand::RegisterList { reader.operand(row, second) } else { None };
    let first = reader.operand(row, first);
    let second = if list.is_some() { list } else { reader.operand(row, second) };
    let mut text = mnemonic(row, opcode);
    for (operand, separator) in [first, second].into_iter().flatten().zip([' ', ',']) {
        text.push(separator);
        text.push_str(&operand);
    }
    Text { text, words: reader.next, target: reader.target }
}

fn mnemonic(row: &Row, opcode: u16) -> String {
    let condition = CONDITIONS[usize::from(opcode >> 8 & 0xF)];
    let suffix = match (row.size, row.width(opcode)) {
        (Size::Implied(_) | Size::Bit, _) => "",
        (_, Width::Byte) => ".b",
        (_, Width::Word) => ".w",
        _ => ".l",
    };
    match row.operation {
        Operation::SetIf | Operation::BranchIf => format!("{}{condition}", row.mnemonic),
        // As assemblers have it: a loop that only the counter ends.
        Operation::DecrementBranch if condition == "f" => "dbra".to_owned(),
        Operation::DecrementBranch => format!("{}{condition}", row.mnemonic),
        _ => format!("{}{suffix}", row.mnemonic),
    }
}

fn register_name(number: u8) -> String {
    match number {
        0..8 => format!("d{number}"),
        15 => "sp".to_owned(),
        _ => format!("a{}", number & 7),
    }
}

/// A signed displacement.
fn signed(value: i32) -> String {
    if value < 0 { format!("-${:x}", value.unsigned_abs()) } else { format!("${value:x}") }
}

struct Reader {
    words: [u16; 5],
    /// The next word to read.
    next: usize,
    at: u32,
    width: Width,
    target: Option<u32>,
}

impl Reader {
    /// The next word. There are never more than five, the longest being a move of a long immediate to a long address.
    fn word(&mut self) -> u16 {
        let word = self.words.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        word
    }

    fn long(&mut self) -> u32 {
        u32::from(self.word()) << 16 | u32::from(self.word())
    }

    fn here(&self) -> u32 {
        self.at.wrapping_add(2 * self.next as u32)
    }

    fn operand(&mut self, row: &Row, operand: Operand) -> Option<String> {
        let opcode = self.words[0];
        let (upper, lower) = ((opcode >> 9 & 7) as u8, (opcode & 7) as u8);
        let address = |number: u8| register_name(reg::A0 + number);
        Some(match operand {
            Operand::None => return None,
            Operand::Ea(_) => {
                let jumps = matches!(row.operation, Operation::Jump | Operation::JumpSub);
                self.mode(Mode::of(opcode)?, lower, jumps)
            }
            Operand::MoveEa(_) => self.mode(Mode::of_move_destination(opcode)?, upper, false),
            Operand::DataUpper => register_name(upper),
            Operand::DataLower => register_name(lower),
            Operand::AddressUpper => address(upper),
            Operand::AddressLower => address(lower),
            Operand::IncrementUpper => self.mode(Mode::Increment, upper, false),
            Operand::IncrementLower => self.mode(Mode::Increment, lower, false),
            Operand::DecrementUpper => self.mode(Mode::Decrement, upper, false),
            Operand::DecrementLower => self.mode(Mode::Decrement, lower, false),
            Operand::DisplacedLower => self.mode(Mode::Displaced, lower, false),
            Operand::Immediate if row.size == Size::Bit => format!("#{}", self.word() & 0xFF),
            Operand::Immediate if row.operation == Operation::Link => {
                format!("#{}", signed((self.word() as i16).into()))
            }
            Operand::Immediate => self.mode(Mode::Immediate, 0, false),
            Operand::Quick => format!("#{}", if upper == 0 { 8 } else { upper }),
            Operand::Small => format!("#{}", signed((opcode as i8).into())),
            Operand::Vector => format!("#{}", opcode & 0xF),
            Operand::Branch => self.branch(opcode as i8),
            Operand::Displacement => self.branch(0),
            Operand::RegisterList => {
                let goes_down = Mode::of(opcode) == Some(Mode::Decrement);
                let list = self.word();
                register_list(if goes_down { list.reverse_bits() } else { list })
            }
            Operand::Ccr => "ccr".to_owned(),
            Operand::Sr => "sr".to_owned(),
            Operand::Usp => "usp".to_owned(),
        })
    }

    /// The target of a branch, whose displacement is the next word if it isn't in the opcode.
    fn branch(&mut self, short: i8) -> String {
        let here = self.here();
        let displacement = if short == 0 { i32::from(self.word() as i16) } else { short.into() };
        self.known(here.wrapping_add_signed(displacement), true)
    }

    /// An address known beforehand.
    fn known(&mut self, address: u32, jumps: bool) -> String {
        if jumps {
            self.target = Some(address);
        }
        format!("${address:x}")
    }

    fn mode(&mut self, mode: Mode, number: u8, jumps: bool) -> String {
        let base = register_name(reg::A0 + number);
        match mode {
            Mode::DataRegister => register_name(number),
            Mode::AddressRegister => base,
            Mode::Indirect => format!("({base})"),
            Mode::Increment => format!("({base})+"),
            Mode::Decrement => format!("-({base})"),
            Mode::Displaced => format!("{}({base})", signed((self.word() as i16).into())),
            Mode::Indexed => self.indexed(&base, None),
            Mode::AbsoluteWord => {
                let address = self.word() as i16 as u32;
                format!("{}.w", self.known(address, jumps))
            }
            Mode::AbsoluteLong => {
                let address = self.long();
                self.known(address, jumps)
            }
            Mode::PcDisplaced => {
                let here = self.here();
                let address = here.wrapping_add(self.word() as i16 as u32);
                format!("{}(pc)", self.known(address, jumps))
            }
            Mode::PcIndexed => {
                let here = self.here();
                self.indexed("pc", Some(here))
            }
            Mode::Immediate => match self.width {
                Width::Byte => format!("#${:x}", self.word() & 0xFF),
                Width::Word => format!("#${:x}", self.word()),
                _ => format!("#${:x}", self.long()),
            },
        }
    }

    /// An indexed address; one from the PC is shown as where it leads without the index.
    fn indexed(&mut self, base: &str, from: Option<u32>) -> String {
        let word = self.word();
        let displacement = i32::from(word as i8);
        let start = match from {
            Some(here) => format!("${:x}", here.wrapping_add_signed(displacement)),
            None => signed(displacement),
        };
        let size = if word & 0x800 != 0 { 'l' } else { 'w' };
        format!("{start}({base},{}.{size})", register_name((word >> 12) as u8))
    }
}

/// Registers, lowest bit D0: `d0-d3/a6`.
fn register_list(list: u16) -> String {
    let mut text = String::new();
    for run_of in [0..8, 8..16] {
        let mut number = run_of.start;
        while number < run_of.end {
            if list >> number & 1 == 0 {
                number += 1;
                continue;
            }
            let last = (number..run_of.end).take_while(|&n| list >> n & 1 != 0).last().unwrap_or(number);
            let separator = if text.is_empty() { "" } else { "/" };
            // Writing to a string does not fail.
            let _ = write!(text, "{separator}{}", register_name(number));
            if last > number {
                let _ = write!(text, "-{}", register_name(last));
            }
            number = last + 1;
        }
    }
    if text.is_empty() { "#0".to_owned() } else { text }
}

fn words_at(model: &Model, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> [u16; 5] {
    let byte = |i: u64| u16::from(peek((at.linear + i) & u64::from(model.address_mask())));
    std::array::from_fn(|i| byte(2 * i as u64) << 8 | byte(2 * i as u64 + 1))
}

/// Disassembles the instruction at `at`; `peek` reads a byte of memory without side effects.
pub(super) fn at(model: &Model, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled {
    let words = words_at(model, at, peek);
    let Text { text, words: count, target } = text_of(words, at.offset as u32);
    let bytes = words.iter().take(count).flat_map(|word| word.to_be_bytes()).collect();
    let target = target.map(|to| CodeAddress { segment: None, offset: to.into(), linear: to.into() });
    Disassembled { at, bytes, text, target }
}

/// The length of an instruction that calls, traps or loops.
pub(super) fn call_length(model: &Model, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Option<u64> {
    let words = words_at(model, at, peek);
    let operation = table::find(words[0]).map(|row| row.operation);
    let calls = match operation {
        // What is no instruction is a call of the system on many a machine.
        None => matches!(words[0] >> 12, 0xA | 0xF),
        Some(operation) => matches!(
            operation,
            Operation::BranchSub | Operation::JumpSub | Operation::Trap | Operation::DecrementBranch
        ),
    };
    calls.then(|| 2 * text_of(words, at.offset as u32).words as u64)
}

pub(super) fn is_return(model: &Model, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> bool {
    let row = table::find(words_at(model, at, peek)[0]);
    row.is_some_and(|row| {
        matches!(row.operation, Operation::Return | Operation::ReturnFromException | Operation::ReturnRestore)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_read_as_motorola_writes_them() {
        for (words, text, count) in [
            ([0x23FC, 0x1234, 0x5678, 0x00FF, 0x0000], "move.l #$12345678,$ff0000", 5),
            ([0x2F0A, 0, 0, 0, 0], "move.l a2,-(sp)", 1),
            ([0x48E7, 0x3F3E, 0, 0, 0], "movem.l d2-d7/a2-a6,-(sp)", 2),
            ([0x4CDF, 0x7CFC, 0, 0, 0], "movem.l (sp)+,d2-d7/a2-a6", 2),
            ([0x51C8, 0xFFFC, 0, 0, 0], "dbra d0,$ffe", 2),
            ([0x6600, 0x0100, 0, 0, 0], "bne $1102", 2),
            ([0x6702, 0, 0, 0, 0], "beq $1004", 1),
            ([0x303B, 0x1804, 0, 0, 0], "move.w $1006(pc,d1.l),d0", 2),
            ([0x4EBA, 0xFFFE, 0, 0, 0], "jsr $1000(pc)", 2),
            ([0x0829, 0x0007, 0xFFF0, 0, 0], "btst #7,-$10(a1)", 3),
            ([0x4E55, 0xFFF8, 0, 0, 0], "link a5,#-$8", 2),
            ([0xE588, 0, 0, 0, 0], "lsl.l #2,d0", 1),
            ([0x4E4F, 0, 0, 0, 0], "trap #15", 1),
            ([0x007C, 0x0700, 0, 0, 0], "ori #$700,sr", 2),
            ([0xA9F4, 0, 0, 0, 0], "dc.w $a9f4", 1),
            ([0x70FF, 0, 0, 0, 0], "moveq #-$1,d0", 1),
            ([0x57C0, 0, 0, 0, 0], "seq d0", 1),
            ([0xC348, 0, 0, 0, 0], "exg a1,a0", 1),
        ] {
            let found = text_of(words, 0x1000);
            assert_eq!((found.text.as_str(), found.words), (text, count));
        }
        assert_eq!(text_of([0x4EF8, 0x8000, 0, 0, 0], 0).target, Some(0xFFFF_8000));
    }

    #[test]
    fn every_opcode_disassembles_to_as_many_words_as_it_is_executed_with() {
        use super::super::lower::{Select, lower};
        struct Nothing;
        impl Select for Nothing {
            type Handler = ();
            fn meaning<M: super::super::backend::Meaning>() {}
            fn routine<R: super::super::checked::Routine>() {}
        }
        for opcode in 0..=u16::MAX {
            for rest in [0, 0x0101, 0x8FFE, 0xFFFF] {
                let text = text_of([opcode, rest, rest, rest, rest], 0x1000);
                let lowered = lower::<Nothing, ()>(opcode, 0x1000, || Ok(rest)).unwrap();
                assert_eq!(text.words * 2, usize::from(lowered.operands.length), "{}", text.text);
                assert!(text.words <= 5 && !text.text.is_empty());
            }
        }
    }
}
