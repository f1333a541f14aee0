//! The 8086's instructions as data: what each opcode is called and which operands follow. For the disassembler.
//!
//! Operands are named with the letters of Intel's opcode maps: E is the ModR/M operand, G a register by the reg
//! field, S a segment register by it, M memory, I immediate, J a displacement from the next instruction, O a direct
//! offset, A a direct far address; b is a byte, w a word.

/// An operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Eb,
    Ew,
    /// A ModR/M operand of no size of its own (LEA, LES, LDS, ESC).
    M,
    /// A far pointer in memory.
    Mp,
    Gb,
    Gw,
    Sw,
    Ib,
    Iw,
    /// A byte that is extended to a word with its sign.
    Isb,
    Jb,
    Jw,
    Ap,
    Ob,
    Ow,
    /// A byte or word register by its number.
    Rb(u8),
    Rw(u8),
    /// A segment register by its number.
    Seg(u8),
    /// The number 1 of a shift.
    One,
    /// The base of AAM and AAD, which is left out when it is ten.
    Base,
    /// The six bits of an ESC.
    EscNumber,
}

use Operand::{
    Ap, Base, Eb, EscNumber, Ew, Gb, Gw, Ib, Isb, Iw, Jb, Jw, M, Mp, Ob, One, Ow, Rb, Rw, Seg, Sw,
};

/// What an opcode (with its reg field, in groups) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub name: &'static str,
    pub operands: &'static [Operand],
}

/// What a byte in the place of an opcode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Instruction(Row),
    /// The reg field of the ModR/M byte chooses the row.
    Group(&'static [Row; 8]),
    Prefix(&'static str),
}

const fn row(name: &'static str, operands: &'static [Operand]) -> Row {
    Row { name, operands }
}

const fn one(name: &'static str, operands: &'static [Operand]) -> Entry {
    Entry::Instruction(row(name, operands))
}

const ALU: [&str; 8] = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];
const SHIFTS: [&str; 8] = ["rol", "ror", "rcl", "rcr", "shl", "shr", "setmo", "sar"];
const SHIFTS_BY_CL: [&str; 8] = ["rol", "ror", "rcl", "rcr", "shl", "shr", "setmoc", "sar"];

/// A group whose rows differ in the name only.
const fn named(names: [&'static str; 8], operands: &'static [Operand]) -> [Row; 8] {
    let mut rows = [row("", operands); 8];
    let mut at = 0;
    while at < 8 {
        rows[at].name = names[at];
        at += 1;
    }
    rows
}

static GROUP_80: [Row; 8] = named(ALU, &[Eb, Ib]);
static GROUP_81: [Row; 8] = named(ALU, &[Ew, Iw]);
static GROUP_83: [Row; 8] = named(ALU, &[Ew, Isb]);
static GROUP_D0: [Row; 8] = named(SHIFTS, &[Eb, One]);
static GROUP_D1: [Row; 8] = named(SHIFTS, &[Ew, One]);
static GROUP_D2: [Row; 8] = named(SHIFTS_BY_CL, &[Eb, Rb(1)]);
static GROUP_D3: [Row; 8] = named(SHIFTS_BY_CL, &[Ew, Rb(1)]);

/// Groups F6 and F7.
const fn arithmetic(test: &'static [Operand], rest: &'static [Operand]) -> [Row; 8] {
    let names = ["test", "test", "not", "neg", "mul", "imul", "div", "idiv"];
    let mut rows = named(names, rest);
    rows[0].operands = test;
    rows[1].operands = test;
    rows
}

static GROUP_F6: [Row; 8] = arithmetic(&[Eb, Ib], &[Eb]);
static GROUP_F7: [Row; 8] = arithmetic(&[Ew, Iw], &[Ew]);

/// Groups FE and FF. The byte forms of the jumps are undocumented.
const fn miscellaneous(operand: &'static [Operand]) -> [Row; 8] {
    let mut rows = named(["inc", "dec", "call", "call", "jmp", "jmp", "push", "push"], operand);
    rows[3].operands = &[Mp];
    rows[5].operands = &[Mp];
    rows
}

static GROUP_FE: [Row; 8] = miscellaneous(&[Eb]);
static GROUP_FF: [Row; 8] = miscellaneous(&[Ew]);

const CONDITIONAL: [&str; 16] =
    ["jo", "jno", "jb", "jae", "je", "jne", "jbe", "ja", "js", "jns", "jp", "jnp", "jl", "jge", "jle", "jg"];

/// The operand lists of opcodes that hold a register's number.
const WORD_REGISTER: [&[Operand]; 8] =
    [&[Rw(0)], &[Rw(1)], &[Rw(2)], &[Rw(3)], &[Rw(4)], &[Rw(5)], &[Rw(6)], &[Rw(7)]];
const WORD_REGISTER_IMMEDIATE: [&[Operand]; 8] = [
    &[Rw(0), Iw],
    &[Rw(1), Iw],
    &[Rw(2), Iw],
    &[Rw(3), Iw],
    &[Rw(4), Iw],
    &[Rw(5), Iw],
    &[Rw(6), Iw],
    &[Rw(7), Iw],
];
const BYTE_REGISTER_IMMEDIATE: [&[Operand]; 8] = [
    &[Rb(0), Ib],
    &[Rb(1), Ib],
    &[Rb(2), Ib],
    &[Rb(3), Ib],
    &[Rb(4), Ib],
    &[Rb(5), Ib],
    &[Rb(6), Ib],
    &[Rb(7), Ib],
];
const EXCHANGE: [&[Operand]; 8] = [
    &[],
    &[Rw(0), Rw(1)],
    &[Rw(0), Rw(2)],
    &[Rw(0), Rw(3)],
    &[Rw(0), Rw(4)],
    &[Rw(0), Rw(5)],
    &[Rw(0), Rw(6)],
    &[Rw(0), Rw(7)],
];
const SEGMENT: [&[Operand]; 4] = [&[Seg(0)], &[Seg(1)], &[Seg(2)], &[Seg(3)]];

/// What `opcode` is.
pub(super) const fn entry(opcode: u8) -> Entry {
    match opcode {
        0x00..=0x3F => first_quarter(opcode),
        0x40..=0x7F => second_quarter(opcode),
        0x80..=0xBF => third_quarter(opcode),
        _ => last_quarter(opcode),
    }
}

const fn first_quarter(opcode: u8) -> Entry {
    let field = (opcode >> 3) as usize;
    match opcode & 7 {
        0 => one(ALU[field], &[Eb, Gb]),
        1 => one(ALU[field], &[Ew, Gw]),
        2 => one(ALU[field], &[Gb, Eb]),
        3 => one(ALU[field], &[Gw, Ew]),
        4 => one(ALU[field], &[Rb(0), Ib]),
        5 => one(ALU[field], &[Rw(0), Iw]),
        6 if field < 4 => one("push", SEGMENT[field]),
        7 if field < 4 => one("pop", SEGMENT[field]),
        6 => Entry::Prefix(["es", "cs", "ss", "ds"][field & 3]),
        _ => one(["daa", "das", "aaa", "aas"][field & 3], &[]),
    }
}

const fn second_quarter(opcode: u8) -> Entry {
    let number = (opcode & 7) as usize;
    match opcode {
        0x40..=0x47 => one("inc", WORD_REGISTER[number]),
        0x48..=0x4F => one("dec", WORD_REGISTER[number]),
        0x50..=0x57 => one("push", WORD_REGISTER[number]),
        0x58..=0x5F => one("pop", WORD_REGISTER[number]),
        _ => one(CONDITIONAL[(opcode & 15) as usize], &[Jb]),
    }
}

const fn third_quarter(opcode: u8) -> Entry {
    let number = (opcode & 7) as usize;
    match opcode {
        0x80 | 0x82 => Entry::Group(&GROUP_80),
        0x81 => Entry::Group(&GROUP_81),
        0x83 => Entry::Group(&GROUP_83),
        0x84 => one("test", &[Eb, Gb]),
        0x85 => one("test", &[Ew, Gw]),
        0x86 => one("xchg", &[Eb, Gb]),
        0x87 => one("xchg", &[Ew, Gw]),
        0x88 => one("mov", &[Eb, Gb]),
        0x89 => one("mov", &[Ew, Gw]),
        0x8A => one("mov", &[Gb, Eb]),
        0x8B => one("mov", &[Gw, Ew]),
        0x8C => one("mov", &[Ew, Sw]),
        0x8D => one("lea", &[Gw, M]),
        0x8E => one("mov", &[Sw, Ew]),
        0x8F => one("pop", &[Ew]),
        0x90 => one("nop", &[]),
        0x91..=0x97 => one("xchg", EXCHANGE[number]),
        0x98 => one("cbw", &[]),
        0x99 => one("cwd", &[]),
        0x9A => one("call", &[Ap]),
        0x9B => one("wait", &[]),
        0x9C => one("pushf", &[]),
        0x9D => one("popf", &[]),
        0x9E => one("sahf", &[]),
        0x9F => one("lahf", &[]),
        0xA0 => one("mov", &[Rb(0), Ob]),
        0xA1 => one("mov", &[Rw(0), Ow]),
        0xA2 => one("mov", &[Ob, Rb(0)]),
        0xA3 => one("mov", &[Ow, Rw(0)]),
        0xA4 => one("movsb", &[]),
        0xA5 => one("movsw", &[]),
        0xA6 => one("cmpsb", &[]),
        0xA7 => one("cmpsw", &[]),
        0xA8 => one("test", &[Rb(0), Ib]),
        0xA9 => one("test", &[Rw(0), Iw]),
        0xAA => one("stosb", &[]),
        0xAB => one("stosw", &[]),
        0xAC => one("lodsb", &[]),
        0xAD => one("lodsw", &[]),
        0xAE => one("scasb", &[]),
        0xAF => one("scasw", &[]),
        0xB0..=0xB7 => one("mov", BYTE_REGISTER_IMMEDIATE[number]),
        _ => one("mov", WORD_REGISTER_IMMEDIATE[number]),
    }
}

const fn last_quarter(opcode: u8) -> Entry {
    match opcode {
        0xC0 | 0xC2 => one("ret", &[Iw]),
        0xC1 | 0xC3 => one("ret", &[]),
        0xC4 => one("les", &[Gw, M]),
        0xC5 => one("lds", &[Gw, M]),
        0xC6 => one("mov", &[Eb, Ib]),
        0xC7 => one("mov", &[Ew, Iw]),
        0xC8 | 0xCA => one("retf", &[Iw]),
        0xC9 | 0xCB => one("retf", &[]),
        0xCC => one("int3", &[]),
        0xCD => one("int", &[Ib]),
        0xCE => one("into", &[]),
        0xCF => one("iret", &[]),
        0xD0 => Entry::Group(&GROUP_D0),
        0xD1 => Entry::Group(&GROUP_D1),
        0xD2 => Entry::Group(&GROUP_D2),
        0xD3 => Entry::Group(&GROUP_D3),
        0xD4 => one("aam", &[Base]),
        0xD5 => one("aad", &[Base]),
        0xD6 => one("salc", &[]),
        0xD7 => one("xlatb", &[]),
        0xD8..=0xDF => one("esc", &[EscNumber, M]),
        0xE0 => one("loopne", &[Jb]),
        0xE1 => one("loope", &[Jb]),
        0xE2 => one("loop", &[Jb]),
        0xE3 => one("jcxz", &[Jb]),
        0xE4 => one("in", &[Rb(0), Ib]),
        0xE5 => one("in", &[Rw(0), Ib]),
        0xE6 => one("out", &[Ib, Rb(0)]),
        0xE7 => one("out", &[Ib, Rw(0)]),
        0xE8 => one("call", &[Jw]),
        0xE9 => one("jmp", &[Jw]),
        0xEA => one("jmp", &[Ap]),
        0xEB => one("jmp", &[Jb]),
        0xEC => one("in", &[Rb(0), Rw(2)]),
        0xED => one("in", &[Rw(0), Rw(2)]),
        0xEE => one("out", &[Rw(2), Rb(0)]),
        0xEF => one("out", &[Rw(2), Rw(0)]),
        0xF0 | 0xF1 => Entry::Prefix("lock"),
        0xF2 => Entry::Prefix("repne"),
        0xF3 => Entry::Prefix("rep"),
        0xF4 => one("hlt", &[]),
        0xF5 => one("cmc", &[]),
        0xF6 => Entry::Group(&GROUP_F6),
        0xF7 => Entry::Group(&GROUP_F7),
        0xF8 => one("clc", &[]),
        0xF9 => one("stc", &[]),
        0xFA => one("cli", &[]),
        0xFB => one("sti", &[]),
        0xFC => one("cld", &[]),
        0xFD => one("std", &[]),
        0xFE => Entry::Group(&GROUP_FE),
        _ => Entry::Group(&GROUP_FF),
    }
}
