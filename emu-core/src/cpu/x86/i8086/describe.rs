//! What a debugger shows of an 8086, and its registers by name.

use super::state::State;
use crate::cpu::describe::{
    CpuDescription, ExceptionDescription, FlagDescription, RegisterDescription, RegisterError, RegisterGroup,
    RegisterId,
};

const fn register(name: &'static str, group: RegisterGroup, meaning: &'static str) -> RegisterDescription {
    RegisterDescription { name, bits: 16, group, meaning }
}

/// The order of [`State::registers`], then of [`State::segments`], then IP and FLAGS.
static REGISTERS: [RegisterDescription; 14] = [
    register("AX", RegisterGroup::General, "Accumulator"),
    register("CX", RegisterGroup::General, "Counter"),
    register("DX", RegisterGroup::General, "Data"),
    register("BX", RegisterGroup::General, "Base"),
    register("SP", RegisterGroup::Pointer, "Stack pointer"),
    register("BP", RegisterGroup::Pointer, "Base pointer"),
    register("SI", RegisterGroup::Pointer, "Source index"),
    register("DI", RegisterGroup::Pointer, "Destination index"),
    register("ES", RegisterGroup::Segment, "Extra segment"),
    register("CS", RegisterGroup::Segment, "Code segment"),
    register("SS", RegisterGroup::Segment, "Stack segment"),
    register("DS", RegisterGroup::Segment, "Data segment"),
    register("IP", RegisterGroup::Control, "Instruction pointer"),
    register("FLAGS", RegisterGroup::Control, "Flags"),
];

const SEGMENTS: usize = 8;
const IP: usize = 12;
const FLAGS: usize = 13;

const fn flag(name: &'static str, bit: u8, meaning: &'static str) -> FlagDescription {
    FlagDescription { name, bit, meaning }
}

static FLAG_BITS: [FlagDescription; 9] = [
    flag("CF", 0, "Carry"),
    flag("PF", 2, "Parity"),
    flag("AF", 4, "Auxiliary carry"),
    flag("ZF", 6, "Zero"),
    flag("SF", 7, "Sign"),
    flag("TF", 8, "Trap"),
    flag("IF", 9, "Interrupt enable"),
    flag("DF", 10, "Direction"),
    flag("OF", 11, "Overflow"),
];

const fn exception(vector: u8, name: &'static str) -> ExceptionDescription {
    ExceptionDescription { vector, name }
}

static EXCEPTIONS: [ExceptionDescription; 5] = [
    exception(0, "Divide error"),
    exception(1, "Single step"),
    exception(2, "Non-maskable interrupt"),
    exception(3, "Breakpoint"),
    exception(4, "Overflow"),
];

pub(super) static DESCRIPTION: CpuDescription = CpuDescription {
    family: "8086",
    registers: &REGISTERS,
    flags_register: RegisterId(FLAGS as u16),
    flags: &FLAG_BITS,
    stack_pointer: RegisterId(4),
    stack_segment: Some(RegisterId(10)),
    stack_width: 2,
    address_bits: 20,
    has_io_space: true,
    exceptions: &EXCEPTIONS,
};

/// The value of a register; 0 for one that does not exist.
pub(super) fn read(state: &State, id: RegisterId) -> u64 {
    let value = match usize::from(id.0) {
        n @ 0..SEGMENTS => state.registers[n],
        n @ SEGMENTS..IP => state.segments[n - SEGMENTS],
        IP => state.pc().offset as u16,
        FLAGS => state.flags,
        _ => 0,
    };
    u64::from(value)
}

/// Changes a register. With a new CS or IP, execution goes on there with an empty queue.
pub(super) fn write(state: &mut State, id: RegisterId, value: u64) -> Result<(), RegisterError> {
    let description = REGISTERS.get(usize::from(id.0)).ok_or(RegisterError::Unknown)?;
    let too_large = RegisterError::TooLarge { name: description.name, bits: description.bits, value };
    let value = u16::try_from(value).map_err(|_| too_large)?;
    match usize::from(id.0) {
        n @ 0..SEGMENTS => state.registers[n] = value,
        IP => state.jump_to(value),
        FLAGS => state.load_flags(value),
        n => {
            let offset = state.pc().offset as u16;
            state.segments[n - SEGMENTS] = value;
            if n == SEGMENTS + super::state::seg::CS {
                state.jump_to(offset);
            }
        }
    }
    Ok(())
}
