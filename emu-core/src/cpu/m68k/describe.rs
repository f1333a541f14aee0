//! What a debugger shows of the family.

use super::model::Model;
use super::state::{State, reg, sr};
use crate::cpu::describe::{
    CpuDescription, ExceptionDescription, FlagDescription, RegisterDescription, RegisterError, RegisterGroup,
    RegisterId,
};

/// The places in the list of registers: D0–D7, A0–A7, then these.
const PC: usize = 16;
const SR: usize = 17;
const USP: usize = 18;
const SSP: usize = 19;

const fn register(
    name: &'static str,
    bits: u8,
    group: RegisterGroup,
    meaning: &'static str,
) -> RegisterDescription {
    RegisterDescription { name, bits, group, meaning }
}

const fn data(name: &'static str) -> RegisterDescription {
    register(name, 32, RegisterGroup::General, "Data register")
}

const fn address(name: &'static str) -> RegisterDescription {
    register(name, 32, RegisterGroup::Pointer, "Address register")
}

static REGISTERS: [RegisterDescription; 20] = [
    data("D0"),
    data("D1"),
    data("D2"),
    data("D3"),
    data("D4"),
    data("D5"),
    data("D6"),
    data("D7"),
    address("A0"),
    address("A1"),
    address("A2"),
    address("A3"),
    address("A4"),
    address("A5"),
    address("A6"),
    register("A7", 32, RegisterGroup::Pointer, "Stack pointer"),
    register("PC", 32, RegisterGroup::Control, "Program counter"),
    register("SR", 16, RegisterGroup::Control, "Status register"),
    register("USP", 32, RegisterGroup::Control, "User stack pointer"),
    register("SSP", 32, RegisterGroup::Control, "Supervisor stack pointer"),
];

const fn flag(name: &'static str, bit: u8, meaning: &'static str) -> FlagDescription {
    FlagDescription { name, bit, meaning }
}

static FLAGS: [FlagDescription; 7] = [
    flag("C", 0, "Carry"),
    flag("V", 1, "Overflow"),
    flag("Z", 2, "Zero"),
    flag("N", 3, "Negative"),
    flag("X", 4, "Extend"),
    flag("S", 13, "Supervisor"),
    flag("T", 15, "Trace"),
];

const fn exception(vector: u8, name: &'static str) -> ExceptionDescription {
    ExceptionDescription { vector, name }
}

static EXCEPTIONS: [ExceptionDescription; 20] = [
    exception(2, "Bus error"),
    exception(3, "Address error"),
    exception(4, "Illegal instruction"),
    exception(5, "Zero divide"),
    exception(6, "CHK instruction"),
    exception(7, "TRAPV instruction"),
    exception(8, "Privilege violation"),
    exception(9, "Trace"),
    exception(10, "Line A"),
    exception(11, "Line F"),
    exception(15, "Uninitialized interrupt"),
    exception(24, "Spurious interrupt"),
    exception(25, "Interrupt of level 1"),
    exception(26, "Interrupt of level 2"),
    exception(27, "Interrupt of level 3"),
    exception(28, "Interrupt of level 4"),
    exception(29, "Interrupt of level 5"),
    exception(30, "Interrupt of level 6"),
    exception(31, "Interrupt of level 7"),
    exception(32, "TRAP #0"),
];

pub(super) static DESCRIPTION: CpuDescription = CpuDescription {
    family: "m68k",
    registers: &REGISTERS,
    flags_register: RegisterId(SR as u16),
    flags: &FLAGS,
    stack_pointer: RegisterId(reg::SP as u16),
    stack_segment: None,
    stack_width: 2,
    address_bits: 32,
    has_io_space: false,
    exceptions: &EXCEPTIONS,
};

pub(super) fn read(s: &State, id: RegisterId) -> u64 {
    match usize::from(id.0) {
        i @ 0..16 => s.registers[i].into(),
        PC => s.pc.into(),
        SR => s.status().into(),
        USP => s.stack(false).into(),
        SSP => s.stack(true).into(),
        _ => 0,
    }
}

pub(super) fn write(model: &Model, s: &mut State, id: RegisterId, value: u64) -> Result<(), RegisterError> {
    let register = REGISTERS.get(usize::from(id.0)).ok_or(RegisterError::Unknown)?;
    let RegisterDescription { name, bits, .. } = *register;
    if value >> bits != 0 {
        return Err(RegisterError::TooLarge { name, bits, value });
    }
    match usize::from(id.0) {
        i @ 0..16 => s.registers[i] = value as u32,
        PC => s.pc = value as u32,
        SR => s.set_status(value as u16, model.status_bits | sr::CCR),
        USP => s.set_stack(false, value as u32),
        _ => s.set_stack(true, value as u32),
    }
    Ok(())
}
