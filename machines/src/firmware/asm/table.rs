//! The instruction table (8086 Family User's Manual, table 4-12; for the 80286's four, its programmer's reference manual
//! 210498), one row per form, in the notation of Intel's manuals. The first row that fits is taken, so shorter forms
//! stand first.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an operand of a form may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Al,
    Ax,
    Cl,
    Dx,
    Reg8,
    Reg16,
    Segment,
    Rm8,
    Rm16,
    /// A word in a register or in memory, where memory needs no `word`.
    Near16,
    /// Memory of any size.
    Memory,
    /// Memory that holds a far pointer, called `far` or `dword`.
    FarMemory,
    /// A plain address of a byte or word.
    Offset8,
    Offset16,
    Imm8,
    Imm16,
    /// A constant that a sign-extended byte can hold.
    SignedImm8,
    One,
    Rel8,
    Rel16,
    /// A target called `near`.
    ExplicitNear,
    FarPointer,
}

/// One step of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Byte(u8),
    /// An opcode plus the register's number.
    PlusRegister(u8),
    /// An opcode plus eight times the segment register's number.
    PlusSegment(u8),
    /// A ModRM byte whose reg field is the other operand.
    ModRm,
    /// A ModRM byte whose reg field extends the opcode.
    ModRmDigit(u8),
    ImmByte,
    ImmWord,
    RelByte,
    RelWord,
    /// The displacement of a plain address.
    Offset,
    /// Offset, then segment.
    FarPointer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub kinds: Vec<Kind>,
    pub parts: Vec<Part>,
}

const KINDS: [(&str, Kind); 22] = [
    ("al", Kind::Al),
    ("ax", Kind::Ax),
    ("cl", Kind::Cl),
    ("dx", Kind::Dx),
    ("r8", Kind::Reg8),
    ("r16", Kind::Reg16),
    ("sreg", Kind::Segment),
    ("rm8", Kind::Rm8),
    ("rm16", Kind::Rm16),
    ("near16", Kind::Near16),
    ("m", Kind::Memory),
    ("mfar", Kind::FarMemory),
    ("moffs8", Kind::Offset8),
    ("moffs16", Kind::Offset16),
    ("imm8", Kind::Imm8),
    ("imm16", Kind::Imm16),
    ("simm8", Kind::SignedImm8),
    ("1", Kind::One),
    ("rel8", Kind::Rel8),
    ("rel16", Kind::Rel16),
    ("near", Kind::ExplicitNear),
    ("ptr", Kind::FarPointer),
];

/// Mnemonic, operands, encoding.
type Row = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("mov", "al, moffs8", "A0 mo"), ("mov", "ax, moffs16", "A1 mo"),
    ("mov", "moffs8, al", "A2 mo"), ("mov", "moffs16, ax", "A3 mo"),
    ("mov", "rm8, r8", "88 /r"), ("mov", "rm16, r16", "89 /r"),
    ("mov", "r8, rm8", "8A /r"), ("mov", "r16, rm16", "8B /r"),
    ("mov", "rm16, sreg", "8C /r"), ("mov", "sreg, rm16", "8E /r"),
    ("mov", "r8, imm8", "B0+r ib"), ("mov", "r16, imm16", "B8+r iw"),
    ("mov", "rm8, imm8", "C6 /0 ib"), ("mov", "rm16, imm16", "C7 /0 iw"),
    ("push", "r16", "50+r"), ("push", "sreg", "06+s"), ("push", "rm16", "FF /6"),
    ("pop", "r16", "58+r"), ("pop", "sreg", "07+s"), ("pop", "rm16", "8F /0"),
    ("xchg", "ax, r16", "90+r"), ("xchg", "r16, ax", "90+r"),
    ("xchg", "rm8, r8", "86 /r"), ("xchg", "r8, rm8", "86 /r"),
    ("xchg", "rm16, r16", "87 /r"), ("xchg", "r16, rm16", "87 /r"),
    ("in", "al, imm8", "E4 ib"), ("in", "ax, imm8", "E5 ib"), ("in", "al, dx", "EC"), ("in", "ax, dx", "ED"),
    ("out", "imm8, al", "E6 ib"), ("out", "imm8, ax", "E7 ib"), ("out", "dx, al", "EE"), ("out", "dx, ax", "EF"),
    ("xlat", "", "D7"), ("xlatb", "", "D7"),
    ("lea", "r16, m", "8D /r"), ("les", "r16, m", "C4 /r"), ("lds", "r16, m", "C5 /r"),
    ("lahf", "", "9F"), ("sahf", "", "9E"), ("pushf", "", "9C"), ("popf", "", "9D"),
    ("inc", "r16", "40+r"), ("inc", "rm8", "FE /0"), ("inc", "rm16", "FF /0"),
    ("dec", "r16", "48+r"), ("dec", "rm8", "FE /1"), ("dec", "rm16", "FF /1"),
    ("test", "rm8, r8", "84 /r"), ("test", "rm16, r16", "85 /r"),
    ("test", "r8, rm8", "84 /r"), ("test", "r16, rm16", "85 /r"),
    ("test", "al, imm8", "A8 ib"), ("test", "ax, imm16", "A9 iw"),
    ("test", "rm8, imm8", "F6 /0 ib"), ("test", "rm16, imm16", "F7 /0 iw"),
    ("not", "rm8", "F6 /2"), ("not", "rm16", "F7 /2"), ("neg", "rm8", "F6 /3"), ("neg", "rm16", "F7 /3"),
    ("mul", "rm8", "F6 /4"), ("mul", "rm16", "F7 /4"), ("imul", "rm8", "F6 /5"), ("imul", "rm16", "F7 /5"),
    ("div", "rm8", "F6 /6"), ("div", "rm16", "F7 /6"), ("idiv", "rm8", "F6 /7"), ("idiv", "rm16", "F7 /7"),
    ("aaa", "", "37"), ("aas", "", "3F"), ("daa", "", "27"), ("das", "", "2F"),
    ("aam", "", "D4 0A"), ("aam", "imm8", "D4 ib"), ("aad", "", "D5 0A"), ("aad", "imm8", "D5 ib"),
    ("cbw", "", "98"), ("cwd", "", "99"), ("salc", "", "D6"),
    ("movsb", "", "A4"), ("movsw", "", "A5"), ("cmpsb", "", "A6"), ("cmpsw", "", "A7"),
    ("stosb", "", "AA"), ("stosw", "", "AB"), ("lodsb", "", "AC"), ("lodsw", "", "AD"),
    ("scasb", "", "AE"), ("scasw", "", "AF"),
    ("call", "rel16", "E8 cw"), ("call", "ptr", "9A cd"), ("call", "mfar", "FF /3"), ("call", "near16", "FF /2"),
    ("jmp", "rel8", "EB cb"), ("jmp", "rel16", "E9 cw"), ("jmp", "ptr", "EA cd"),
    ("jmp", "mfar", "FF /5"), ("jmp", "near16", "FF /4"),
    ("ret", "", "C3"), ("ret", "imm16", "C2 iw"), ("retn", "", "C3"), ("retn", "imm16", "C2 iw"),
    ("retf", "", "CB"), ("retf", "imm16", "CA iw"),
    ("int", "imm8", "CD ib"), ("int3", "", "CC"), ("into", "", "CE"), ("iret", "", "CF"),
    ("loopne", "rel8", "E0 cb"), ("loopnz", "rel8", "E0 cb"), ("loope", "rel8", "E1 cb"),
    ("loopz", "rel8", "E1 cb"), ("loop", "rel8", "E2 cb"), ("jcxz", "rel8", "E3 cb"),
    ("clc", "", "F8"), ("stc", "", "F9"), ("cmc", "", "F5"), ("cld", "", "FC"), ("std", "", "FD"),
    ("lgdt", "m", "0F 01 /2"), ("lidt", "m", "0F 01 /3"), ("smsw", "rm16", "0F 01 /4"), ("lmsw", "rm16", "0F 01 /6"),
    ("cli", "", "FA"), ("sti", "", "FB"), ("hlt", "", "F4"), ("wait", "", "9B"), ("nop", "", "90"),
];

/// ADD to CMP: the operation is bits 3–5 of the opcode or the digit of group 1.
const ARITHMETIC: [&str; 8] = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];

/// ROL to SAR; `sal` is another name of `shl`.
const SHIFTS: [(&str, u8); 8] =
    [("rol", 0), ("ror", 1), ("rcl", 2), ("rcr", 3), ("shl", 4), ("sal", 4), ("shr", 5), ("sar", 7)];

/// The condition codes and their other names.
const CONDITIONS: [(&str, u8); 30] = [
    ("o", 0),
    ("no", 1),
    ("b", 2),
    ("c", 2),
    ("nae", 2),
    ("ae", 3),
    ("nc", 3),
    ("nb", 3),
    ("e", 4),
    ("z", 4),
    ("ne", 5),
    ("nz", 5),
    ("be", 6),
    ("na", 6),
    ("a", 7),
    ("nbe", 7),
    ("s", 8),
    ("ns", 9),
    ("p", 10),
    ("pe", 10),
    ("np", 11),
    ("po", 11),
    ("l", 12),
    ("nge", 12),
    ("ge", 13),
    ("nl", 13),
    ("le", 14),
    ("ng", 14),
    ("g", 15),
    ("nle", 15),
];

/// Prefix bytes by name.
const PREFIXES: [(&str, u8); 11] = [
    ("rep", 0xF3),
    ("repe", 0xF3),
    ("repz", 0xF3),
    ("repne", 0xF2),
    ("repnz", 0xF2),
    ("lock", 0xF0),
    ("es", 0x26),
    ("cs", 0x2E),
    ("ss", 0x36),
    ("ds", 0x3E),
    ("o32", 0x66),
];

static FORMS: LazyLock<HashMap<String, Vec<Form>>> = LazyLock::new(build);

/// All forms of a mnemonic (in lower case).
pub(super) fn forms(mnemonic: &str) -> Option<&'static [Form]> {
    FORMS.get(mnemonic).map(Vec::as_slice)
}

/// The prefix byte of this name (in lower case).
pub(super) fn prefix(word: &str) -> Option<u8> {
    PREFIXES.iter().find(|(name, _)| *name == word).map(|(_, byte)| *byte)
}

/// Every mnemonic with its forms, for tests.
#[cfg(test)]
pub(super) fn all() -> &'static HashMap<String, Vec<Form>> {
    &FORMS
}

fn build() -> HashMap<String, Vec<Form>> {
    let mut forms: HashMap<String, Vec<Form>> = HashMap::new();
    let mut add = |mnemonic: &str, kinds: &str, parts: &str| {
        forms.entry(mnemonic.to_owned()).or_default().push(form(kinds, parts));
    };
    for (mnemonic, kinds, parts) in ROWS {
        add(mnemonic, kinds, parts);
    }
    for (digit, name) in ARITHMETIC.into_iter().enumerate() {
        let base = digit * 8;
        add(name, "rm8, r8", &format!("{base:02X} /r"));
        add(name, "rm16, r16", &format!("{:02X} /r", base + 1));
        add(name, "r8, rm8", &format!("{:02X} /r", base + 2));
        add(name, "r16, rm16", &format!("{:02X} /r", base + 3));
        add(name, "al, imm8", &format!("{:02X} ib", base + 4));
        add(name, "rm16, simm8", &format!("83 /{digit} ib"));
        add(name, "ax, imm16", &format!("{:02X} iw", base + 5));
        add(name, "rm8, imm8", &format!("80 /{digit} ib"));
        add(name, "rm16, imm16", &format!("81 /{digit} iw"));
    }
    for (name, digit) in SHIFTS {
        for (kinds, opcode) in [("rm8, 1", "D0"), ("rm16, 1", "D1"), ("rm8, cl", "D2"), ("rm16, cl", "D3")] {
            add(name, kinds, &format!("{opcode} /{digit}"));
        }
    }
    for (condition, code) in CONDITIONS {
        let name = format!("j{condition}");
        add(&name, "rel8", &format!("{:02X} cb", 0x70 + code));
        add(&name, "near", &format!("{:02X} 03 E9 cw", 0x70 + (code ^ 1)));
    }
    forms
}

fn form(kinds: &str, parts: &str) -> Form {
    let kinds = kinds.split(", ").filter(|k| !k.is_empty()).map(kind).collect();
    Form { kinds, parts: parts.split(' ').map(part).collect() }
}

/// # Panics
/// When a row of the table is misspelt.
fn kind(name: &str) -> Kind {
    let row = KINDS.iter().find(|(spelling, _)| *spelling == name);
    row.unwrap_or_else(|| panic!("the instruction table names the operand {name}")).1
}

/// # Panics
/// When a row of the table is misspelt.
fn part(text: &str) -> Part {
    let hex =
        |digits: &str| u8::from_str_radix(digits, 16).expect("the instruction table has hexadecimal opcodes");
    match text {
        "/r" => Part::ModRm,
        "ib" => Part::ImmByte,
        "iw" => Part::ImmWord,
        "cb" => Part::RelByte,
        "cw" => Part::RelWord,
        "cd" => Part::FarPointer,
        "mo" => Part::Offset,
        _ => match (text.strip_prefix('/'), text.strip_suffix("+r"), text.strip_suffix("+s")) {
            (Some(digit), ..) => Part::ModRmDigit(hex(digit)),
            (_, Some(opcode), _) => Part::PlusRegister(hex(opcode)),
            (.., Some(opcode)) => Part::PlusSegment(hex(opcode)),
            _ => Part::Byte(hex(text)),
        },
    }
}
