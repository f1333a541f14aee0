//! Disassembly in NASM's notation, from the 8086's own [`table`](super::table): later processors read the
//! undocumented and aliased opcodes differently.

use super::table::{Entry, Operand, Row, entry};
use crate::cpu::describe::{CodeAddress, Disassembled};
use std::fmt::Write;

/// An instruction with more prefixes than this is shown as one prefix, and what follows as the next instruction.
const PREFIXES_SHOWN: usize = 8;

const BYTE_REGISTERS: [&str; 8] = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
const WORD_REGISTERS: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const SEGMENTS: [&str; 4] = ["es", "cs", "ss", "ds"];
const BASES: [&str; 8] = ["bx+si", "bx+di", "bp+si", "bp+di", "si", "di", "bp", "bx"];

/// Reads the bytes of one instruction.
struct Reader<'a> {
    at: CodeAddress,
    peek: &'a dyn Fn(u64) -> u8,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        let byte = (self.peek)(self.linear(self.bytes.len() as u64));
        self.bytes.push(byte);
        byte
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// The linear address of the byte `ahead` of the first one.
    fn linear(&self, ahead: u64) -> u64 {
        match self.at.segment {
            Some(segment) => ((u64::from(segment) << 4) + ((self.at.offset + ahead) & 0xFFFF)) & 0xF_FFFF,
            None => (self.at.linear + ahead) & 0xF_FFFF,
        }
    }
}

/// One instruction read and put into words.
struct Listing<'a> {
    reader: Reader<'a>,
    opcode: u8,
    mod_rm: u8,
    /// The displacement of the ModR/M operand.
    displacement: u16,
    /// The segment prefix that counts, until an operand has shown it.
    segment: Option<&'static str>,
    target: Option<CodeAddress>,
}

/// Disassembles the instruction at `at`.
pub(super) fn disassemble(at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled {
    let mut listing = Listing {
        reader: Reader { at, peek, bytes: Vec::with_capacity(6) },
        opcode: 0,
        mod_rm: 0,
        displacement: 0,
        segment: None,
        target: None,
    };
    let text = listing.text();
    Disassembled { at, bytes: listing.reader.bytes, text, target: listing.target }
}

impl Listing<'_> {
    fn text(&mut self) -> String {
        let Some((prefixes, row)) = self.head() else { return self.lone_prefix() };
        let operands: Vec<String> = row.operands.iter().filter_map(|&o| self.operand(o, row)).collect();
        let mut text = String::new();
        for prefix in prefixes.iter().filter(|p| !self.is_shown(p, &operands)) {
            let _ = write!(text, "{} ", spelled(prefix, row.name));
        }
        text.push_str(row.name);
        if !operands.is_empty() {
            let _ = write!(text, " {}", operands.join(", "));
        }
        text
    }

    /// Reads prefixes, opcode, and ModR/M byte with its displacement.
    fn head(&mut self) -> Option<(Vec<&'static str>, Row)> {
        let mut prefixes = Vec::new();
        let row = loop {
            self.opcode = self.reader.byte();
            match entry(self.opcode) {
                Entry::Prefix(_) if prefixes.len() == PREFIXES_SHOWN => return None,
                Entry::Prefix(name) => prefixes.push(name),
                Entry::Instruction(row) => break row,
                Entry::Group(rows) => {
                    self.read_mod_rm();
                    return Some((self.noting_segment(prefixes), rows[usize::from(self.mod_rm >> 3 & 7)]));
                }
            }
        };
        if row.operands.iter().any(|o| needs_mod_rm(*o)) {
            self.read_mod_rm();
        }
        Some((self.noting_segment(prefixes), row))
    }

    fn noting_segment(&mut self, prefixes: Vec<&'static str>) -> Vec<&'static str> {
        self.segment = prefixes.iter().rev().find(|p| SEGMENTS.contains(p)).copied();
        prefixes
    }

    /// Whether the segment prefix is written inside an operand instead of before the instruction.
    fn is_shown(&self, prefix: &str, operands: &[String]) -> bool {
        self.segment == Some(prefix) && operands.iter().any(|o| o.contains('['))
    }

    fn lone_prefix(&mut self) -> String {
        self.reader.bytes.truncate(1);
        match entry(self.reader.bytes[0]) {
            Entry::Prefix(name) => name.to_owned(),
            _ => String::new(),
        }
    }

    fn read_mod_rm(&mut self) {
        self.mod_rm = self.reader.byte();
        self.displacement = match self.mod_rm >> 6 {
            1 => self.reader.byte() as i8 as u16,
            2 => self.reader.word(),
            0 if self.mod_rm & 7 == 6 => self.reader.word(),
            _ => 0,
        };
    }

    fn operand(&mut self, operand: Operand, row: Row) -> Option<String> {
        let reg = usize::from(self.mod_rm >> 3 & 7);
        Some(match operand {
            Operand::Eb => self.mod_rm_operand(&BYTE_REGISTERS, size_of_operand("byte ", row)),
            Operand::Ew => self.mod_rm_operand(&WORD_REGISTERS, size_of_operand("word ", row)),
            Operand::M => self.mod_rm_operand(&WORD_REGISTERS, ""),
            Operand::Mp => self.mod_rm_operand(&WORD_REGISTERS, "far "),
            Operand::Gb => BYTE_REGISTERS[reg].to_owned(),
            Operand::Gw => WORD_REGISTERS[reg].to_owned(),
            Operand::Sw => SEGMENTS[reg & 3].to_owned(),
            Operand::Ib => number(self.reader.byte().into()),
            Operand::Iw => number(self.reader.word()),
            Operand::Isb => signed(self.reader.byte() as i8, ""),
            Operand::Jb => {
                let displacement = self.reader.byte() as i8 as u16;
                self.near_target(displacement)
            }
            Operand::Jw => {
                let displacement = self.reader.word();
                self.near_target(displacement)
            }
            Operand::Ap => self.far_target(),
            Operand::Ob | Operand::Ow => {
                let offset = self.reader.word();
                self.memory(&number(offset))
            }
            Operand::Rb(n) => BYTE_REGISTERS[usize::from(n)].to_owned(),
            Operand::Rw(n) => WORD_REGISTERS[usize::from(n)].to_owned(),
            Operand::Seg(n) => SEGMENTS[usize::from(n)].to_owned(),
            Operand::One => "1".to_owned(),
            Operand::Base => return Some(self.reader.byte()).filter(|&b| b != 10).map(|b| number(b.into())),
            Operand::EscNumber => number(u16::from(self.opcode & 7) << 3 | reg as u16),
        })
    }

    fn mod_rm_operand(&self, registers: &[&str; 8], size: &str) -> String {
        let rm = usize::from(self.mod_rm & 7);
        let inside = match self.mod_rm >> 6 {
            3 => return registers[rm].to_owned(),
            0 if rm == 6 => number(self.displacement),
            0 => BASES[rm].to_owned(),
            1 => format!("{}{}", BASES[rm], signed(self.displacement as i8, "+")),
            _ => format!("{}+{}", BASES[rm], number(self.displacement)),
        };
        format!("{size}{}", self.memory(&inside))
    }

    fn memory(&self, inside: &str) -> String {
        match self.segment {
            Some(segment) => format!("[{segment}:{inside}]"),
            None => format!("[{inside}]"),
        }
    }

    fn near_target(&mut self, displacement: u16) -> String {
        let length = self.reader.bytes.len() as u64;
        let offset = (self.reader.at.offset + length + u64::from(displacement)) & 0xFFFF;
        let segment = self.reader.at.segment;
        let linear = self.reader.linear((offset.wrapping_sub(self.reader.at.offset)) & 0xFFFF);
        self.target = Some(CodeAddress { segment, offset, linear });
        number(offset as u16)
    }

    fn far_target(&mut self) -> String {
        let offset = self.reader.word();
        let segment = self.reader.word();
        let linear = ((u64::from(segment) << 4) + u64::from(offset)) & 0xF_FFFF;
        self.target = Some(CodeAddress { segment: Some(segment), offset: u64::from(offset), linear });
        format!("{segment:#x}:{}", number(offset))
    }
}

fn needs_mod_rm(operand: Operand) -> bool {
    use Operand::{Eb, Ew, Gb, Gw, M, Mp, Sw};
    matches!(operand, Eb | Ew | M | Mp | Gb | Gw | Sw)
}

/// A register beside a memory operand says how wide it is; the count of a shift does not.
fn size_of_operand(size: &'static str, row: Row) -> &'static str {
    use Operand::{Gb, Gw, Sw};
    if row.operands.iter().any(|o| matches!(o, Gb | Gw | Sw)) { "" } else { size }
}

/// A repeat prefix is called after what it repeats.
fn spelled(prefix: &'static str, instruction: &str) -> &'static str {
    let compares = instruction.starts_with("cmps") || instruction.starts_with("scas");
    if prefix == "rep" && compares { "repe" } else { prefix }
}

fn number(value: u16) -> String {
    if value < 10 { value.to_string() } else { format!("{value:#x}") }
}

fn signed(value: i8, plus: &str) -> String {
    let sign = if value < 0 { "-" } else { plus };
    format!("{sign}{}", number(value.unsigned_abs().into()))
}

/// Whether the instruction at `at` comes back to the one behind it: a call, a software interrupt, or a repeated
/// string instruction.
pub(super) fn is_call(line: &Disassembled) -> bool {
    let word = |w: &str| line.text.split(' ').any(|part| part == w);
    let repeated = ["rep", "repe", "repne"].iter().any(|w| word(w));
    let string = line.bytes.last().is_some_and(|last| matches!(last, 0xA4..=0xA7 | 0xAA..=0xAF));
    word("call") || word("int") || word("int3") || word("into") || repeated && string
}

/// Whether the instruction goes back to where a call or an interrupt came from.
pub(super) fn is_return(line: &Disassembled) -> bool {
    line.text.split(' ').any(|part| matches!(part, "ret" | "retf" | "iret"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(bytes: &[u8]) -> Disassembled {
        let at = CodeAddress { segment: Some(0x100), offset: 0xFFF0, linear: 0x10FF0 };
        disassemble(at, &|linear| bytes.get((linear - 0x10FF0) as usize).copied().unwrap_or(0x90))
    }

    #[test]
    fn instructions_read_as_nasm_writes_them() {
        for (bytes, text) in [
            (&[0x8B, 0x40, 0x05][..], "mov ax, [bx+si+5]"),
            (&[0x26, 0x8A, 0x46, 0xFC], "mov al, [es:bp-4]"),
            (&[0x8E, 0xD8], "mov ds, ax"),
            (&[0xC6, 0x06, 0x34, 0x12, 0x07], "mov byte [0x1234], 7"),
            (&[0x83, 0x87, 0x00, 0x80, 0xFF], "add word [bx+0x8000], -1"),
            (&[0xF3, 0xA4], "rep movsb"),
            (&[0xF3, 0x2E, 0xA6], "repe cs cmpsb"),
            (&[0x26, 0x2E, 0x8B, 0x07], "es mov ax, [cs:bx]"),
            (&[0xF1, 0xFE, 0x07], "lock inc byte [bx]"),
            (&[0xD3, 0x27], "shl word [bx], cl"),
            (&[0xD0, 0x37], "setmo byte [bx], 1"),
            (&[0xD3, 0xF5], "setmoc bp, cl"),
            (&[0xD6], "salc"),
            (&[0x0F], "pop cs"),
            (&[0x90], "nop"),
            (&[0x93], "xchg ax, bx"),
            (&[0xD4, 0x0A], "aam"),
            (&[0xD4, 0x10], "aam 0x10"),
            (&[0xFF, 0x1E, 0x10, 0x00], "call far [0x10]"),
            (&[0xFF, 0xE3], "jmp bx"),
            (&[0xFE, 0x37], "push byte [bx]"),
            (&[0x9A, 0x34, 0x12, 0x00, 0xF0], "call 0xf000:0x1234"),
            (&[0xEB, 0xFE], "jmp 0xfff0"),
            (&[0x60, 0x10], "jo 2"),
            (&[0xDB, 0xE3], "esc 0x1c, bx"),
            (&[0xA3, 0x34, 0x12], "mov [0x1234], ax"),
            (&[0xE5, 0x60], "in ax, 0x60"),
            (&[0xEE], "out dx, al"),
            (&[0xC0, 0x04, 0x00], "ret 4"),
            (&[0x8D, 0x3E, 0x0A, 0x00], "lea di, [0xa]"),
        ] {
            let line = line(bytes);
            assert_eq!((line.text.as_str(), line.bytes.as_slice()), (text, bytes));
        }
    }

    #[test]
    fn direct_jumps_have_targets() {
        assert_eq!(line(&[0xEB, 0x0E]).target.map(|t| (t.offset, t.linear)), Some((0, 0x1000)));
        assert_eq!(line(&[0xEA, 1, 0, 0xFF, 0xFF]).target.map(|t| t.linear), Some(0xFFFF1));
        assert_eq!(line(&[0xFF, 0xE3]).target, None);
    }

    #[test]
    fn calls_are_stepped_over() {
        for (bytes, call) in [
            (&[0xE8, 0, 0][..], true),
            (&[0xFF, 0x17], true),
            (&[0xCD, 0x21], true),
            (&[0x36, 0xF2, 0xAE], true),
            (&[0xF3, 0x90], false),
            (&[0xA4], false),
            (&[0xEB, 0], false),
        ] {
            assert_eq!(is_call(&line(bytes)), call, "{bytes:02X?}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_disassembled(bytes in prop::array::uniform16(any::<u8>())) {
            let line = line(&bytes);
            prop_assert!(!line.text.is_empty());
            prop_assert!((1..=14).contains(&line.bytes.len()));
        }
    }
}
