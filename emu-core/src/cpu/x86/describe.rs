//! What a debugger shows of an 80286 and its successors.

use super::alu::flag;
use super::flags::system;
use super::lower::{Undecodable, decode};
use super::model::{Generation, Model};
use super::state::{State, seg};
use crate::cpu::describe::{
    CodeAddress, CpuDescription, Disassembled, ExceptionDescription, FlagDescription, RegisterDescription,
    RegisterError, RegisterGroup, RegisterId,
};
use iced_x86::{FlowControl, Formatter, Instruction, Mnemonic, NasmFormatter, OpKind};

/// The places in the list of registers: eight general, six segment, then these.
const IP: usize = 14;
const FLAGS: usize = 15;
const CR0: usize = 16;
const SMM: usize = 17;
/// How many a list has.
const COUNT: usize = 18;

const fn registers(names: [&'static str; COUNT], bits: u8) -> [RegisterDescription; COUNT] {
    const MEANINGS: [&str; COUNT] = [
        "Accumulator",
        "Counter",
        "Data",
        "Base",
        "Stack pointer",
        "Base pointer",
        "Source index",
        "Destination index",
        "Extra segment",
        "Code segment",
        "Stack segment",
        "Data segment",
        "Extra segment",
        "Extra segment",
        "Instruction pointer",
        "Flags",
        "Machine status and control",
        "In system management mode",
    ];
    let none = RegisterDescription { name: "", bits: 16, group: RegisterGroup::General, meaning: "" };
    let mut list = [none; COUNT];
    let mut i = 0;
    while i < COUNT {
        let group = match i {
            0..4 => RegisterGroup::General,
            4..8 => RegisterGroup::Pointer,
            8..14 => RegisterGroup::Segment,
            _ => RegisterGroup::Control,
        };
        let is_segment = matches!(group, RegisterGroup::Segment);
        let bits = if is_segment { 16 } else { bits };
        let bits = if i == SMM { 1 } else { bits };
        list[i] = RegisterDescription { name: names[i], bits, group, meaning: MEANINGS[i] };
        i += 1;
    }
    list
}

static REGISTERS_16: [RegisterDescription; COUNT] = registers(
    [
        "AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "ES", "CS", "SS", "DS", "FS", "GS", "IP", "FLAGS",
        "MSW", "SMM",
    ],
    16,
);

static REGISTERS_32: [RegisterDescription; COUNT] = registers(
    [
        "EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI", "ES", "CS", "SS", "DS", "FS", "GS", "EIP",
        "EFLAGS", "CR0", "SMM",
    ],
    32,
);

const fn flag_bit(name: &'static str, bit: u8, meaning: &'static str) -> FlagDescription {
    FlagDescription { name, bit, meaning }
}

static FLAG_BITS: [FlagDescription; 10] = [
    flag_bit("CF", 0, "Carry"),
    flag_bit("PF", 2, "Parity"),
    flag_bit("AF", 4, "Auxiliary carry"),
    flag_bit("ZF", 6, "Zero"),
    flag_bit("SF", 7, "Sign"),
    flag_bit("TF", 8, "Trap"),
    flag_bit("IF", 9, "Interrupt enable"),
    flag_bit("DF", 10, "Direction"),
    flag_bit("OF", 11, "Overflow"),
    flag_bit("NT", 14, "Nested task"),
];

const fn exception(vector: u8, name: &'static str) -> ExceptionDescription {
    ExceptionDescription { vector, name }
}

static EXCEPTIONS: [ExceptionDescription; 14] = [
    exception(0, "Divide error"),
    exception(1, "Debug"),
    exception(2, "Non-maskable interrupt"),
    exception(3, "Breakpoint"),
    exception(4, "Overflow"),
    exception(5, "Bound range exceeded"),
    exception(6, "Invalid opcode"),
    exception(7, "No coprocessor"),
    exception(8, "Double fault"),
    exception(9, "Coprocessor segment overrun"),
    exception(10, "Invalid task state segment"),
    exception(11, "Segment not present"),
    exception(12, "Stack fault"),
    exception(13, "General protection"),
];

const fn family(
    registers: &'static [RegisterDescription],
    stack_width: u8,
    address_bits: u8,
) -> CpuDescription {
    CpuDescription {
        family: "x86",
        registers,
        flags_register: RegisterId(FLAGS as u16),
        flags: &FLAG_BITS,
        stack_pointer: RegisterId(4),
        stack_segment: Some(RegisterId(8 + seg::SS as u16)),
        stack_width,
        address_bits,
        has_io_space: true,
        exceptions: &EXCEPTIONS,
    }
}

static DESCRIPTION_8086: CpuDescription = family(REGISTERS_16.split_at(SMM).0, 2, 20);
static DESCRIPTION_16: CpuDescription = family(REGISTERS_16.split_at(SMM).0, 2, 24);
static DESCRIPTION_32: CpuDescription = family(&REGISTERS_32, 4, 32);

pub(super) fn description(model: &Model) -> &'static CpuDescription {
    match model.generation {
        Generation::I8086 | Generation::I80186 => &DESCRIPTION_8086,
        Generation::I80286 => &DESCRIPTION_16,
        _ => &DESCRIPTION_32,
    }
}

pub(super) fn read(s: &State, id: RegisterId) -> u64 {
    match usize::from(id.0) {
        i @ 0..8 => s.registers[i],
        i @ 8..14 => s.segments[i - 8].selector.into(),
        IP => s.rip,
        FLAGS => s.flags.word(),
        CR0 => s.cr0,
        SMM => s.management.active.into(),
        _ => 0,
    }
}

pub(super) fn write(model: &Model, s: &mut State, id: RegisterId, value: u64) -> Result<(), RegisterError> {
    let registers = description(model).registers;
    let register = registers.get(usize::from(id.0)).ok_or(RegisterError::Unknown)?;
    let RegisterDescription { name, bits, .. } = *register;
    if value >> bits != 0 {
        return Err(RegisterError::TooLarge { name, bits, value });
    }
    match usize::from(id.0) {
        i @ 0..8 => s.registers[i] = value,
        i @ 8..14 => {
            s.segments[i - 8].selector = value as u16;
            s.segments[i - 8].base = value << 4;
        }
        IP => s.rip = value,
        FLAGS => {
            let settable =
                u64::from(flag::STATUS | flag::TF | flag::IF | flag::DF) | system::IOPL | system::NT;
            s.flags.set_word(value & settable | model.fixed_flags());
        }
        CR0 => s.cr0 = value,
        _ => s.management.active = value != 0,
    }
    Ok(())
}

fn bytes_at(at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> [u8; 15] {
    std::array::from_fn(|i| peek(at.linear + i as u64))
}

fn decoded(
    model: &Model,
    s: &State,
    at: CodeAddress,
    peek: &dyn Fn(u64) -> u8,
) -> Result<Instruction, Undecodable> {
    decode(model, s.segment(seg::CS).default_bits(), &bytes_at(at, peek), at.offset)
}

pub(super) fn disassemble(
    model: &Model,
    s: &State,
    at: CodeAddress,
    peek: &dyn Fn(u64) -> u8,
    address: impl Fn(u64) -> CodeAddress,
) -> Disassembled {
    let Ok(instruction) = decoded(model, s, at, peek) else {
        let byte = peek(at.linear);
        return Disassembled { at, bytes: vec![byte], text: format!("db {byte:02X}h"), target: None };
    };
    let mut formatter = NasmFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(false);
    let mut text = String::new();
    formatter.format(&instruction, &mut text);
    let near = matches!(instruction.op0_kind(), OpKind::NearBranch16 | OpKind::NearBranch32);
    let target = near.then(|| address(instruction.near_branch_target()));
    let bytes = bytes_at(at, peek)[..instruction.len()].to_vec();
    Disassembled { at, bytes, text, target }
}

pub(super) fn is_return(model: &Model, s: &State, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> bool {
    decoded(model, s, at, peek).is_ok_and(|i| i.flow_control() == FlowControl::Return)
}

/// The length of an instruction that calls, or that repeats.
pub(super) fn call_length(
    model: &Model,
    s: &State,
    at: CodeAddress,
    peek: &dyn Fn(u64) -> u8,
) -> Option<u64> {
    let instruction = decoded(model, s, at, peek).ok()?;
    let calls = matches!(
        instruction.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall | FlowControl::Interrupt
    );
    let repeats =
        instruction.is_string_instruction() && instruction.has_rep_prefix() | instruction.has_repne_prefix();
    let loops = matches!(instruction.mnemonic(), Mnemonic::Loop | Mnemonic::Loope | Mnemonic::Loopne);
    (calls || repeats || loops).then(|| instruction.len() as u64)
}
