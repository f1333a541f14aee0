//! What the 8086 and the 80186 read or do differently from their successors (8086 family user's manual 9800722; what is
//! undocumented is as in [`crate::cpu::x86::i8086`]).
//!
//! The 8086 has no invalid opcodes: 60–6F are 70–7F, C0 C1 C8 C9 are C2 C3 CA CB, 0F is POP CS, F1 is LOCK, and the reg field of
//! a ModR/M byte is not looked at where one value is defined. What has no meaning at all does nothing here: far pointers, and
//! addresses for LEA, in registers; FE with a reg field above 1.

use super::{Kind, Select, Undecodable, View, arithmetic, by_form, by_width, is_prefix, is_short};
use crate::cpu::x86::alu::Shift;
use crate::cpu::x86::model::{Generation, Model};
use crate::cpu::x86::operands::Repeat;
use crate::cpu::x86::routine::{early, far};
use crate::cpu::x86::state::{reg, seg};
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, Register};

const POP_CS: u8 = 0x0F;
const POP_DS: u8 = 0x1F;

/// The lock prefix's other opcode.
pub(super) const LOCK_ALIAS: u8 = 0xF1;

/// Decodes as the 8086 does.
///
/// # Errors
/// When there are too few bytes.
pub(super) fn decode(model: &Model, bytes: &[u8], ip: u64) -> Result<Instruction, Undecodable> {
    let longest = model.longest_instruction;
    let mut later = bytes[..bytes.len().min(longest)].to_vec();
    let prefixes = later.iter().take_while(|&&byte| is_prefix(model, byte)).count();
    if prefixes == longest {
        // More prefixes than are kept: the first one is passed over.
        return Ok(nothing(1, ip));
    }
    for byte in later.iter_mut().take(prefixes).filter(|byte| **byte == LOCK_ALIAS) {
        *byte = 0xF0;
    }
    let pops_cs = later.get(prefixes) == Some(&POP_CS);
    if let Some(opcode) = later.get_mut(prefixes..) {
        as_later(opcode);
    }
    // LES and LDS of a register, which became the prefixes of AVX.
    let is_pointer = matches!(later.get(prefixes..), Some([0xC4 | 0xC5, 0xC0..=0xFF, ..]));
    let options = DecoderOptions::NO_INVALID_CHECK;
    let mut instruction = Decoder::with_ip(16, &later, ip, options).decode();
    if instruction.is_invalid() || is_pointer {
        if !is_pointer && is_short(16, &later, ip, options) {
            return if later.len() == longest { Ok(nothing(1, ip)) } else { Err(Undecodable::Incomplete) };
        }
        // As long as a move with the same operand.
        later[prefixes] = 0x8B;
        let like = Decoder::with_ip(16, &later, ip, options).decode();
        return if like.is_invalid() { Err(Undecodable::Incomplete) } else { Ok(nothing(like.len(), ip)) };
    }
    if pops_cs {
        instruction.set_op0_register(Register::CS);
    }
    Ok(instruction)
}

/// A NOP of a length.
fn nothing(length: usize, ip: u64) -> Instruction {
    let mut instruction = Decoder::with_ip(16, &[0x90], ip, DecoderOptions::NONE).decode();
    instruction.set_len(length);
    instruction.set_next_ip(ip + length as u64);
    instruction
}

/// Makes an 8086's opcode and ModR/M byte what later members have for the same.
fn as_later(bytes: &mut [u8]) {
    let [opcode, rest @ ..] = bytes else { return };
    *opcode = match *opcode {
        POP_CS => POP_DS,
        jump @ 0x60..=0x6F => jump | 0x10,
        return_ @ (0xC0 | 0xC1 | 0xC8 | 0xC9) => return_ | 2,
        other => other,
    };
    let Some(modrm) = rest.first_mut() else { return };
    match *opcode {
        0x8F | 0xC6 | 0xC7 => *modrm &= 0xC7,
        0x8C | 0x8E => *modrm &= 0xDF,
        // The eighth of the group is PUSH, as the seventh.
        0xFF if *modrm & 0x38 == 0x38 => *modrm &= 0xF7,
        _ => {}
    }
}

/// The handler of an instruction that does something else than on later members.
pub(super) fn select<S: Select>(view: &mut View<'_>) -> Option<S::Handler> {
    let mnemonic = view.instruction.mnemonic();
    match mnemonic {
        Mnemonic::Push if view.kind(0) == Kind::Register && view.operands.first == reg::SP => {
            Some(S::routine::<early::PushNewPointer>())
        }
        _ if view.generation == Generation::I8086 => select_8086::<S>(view, mnemonic),
        _ => None,
    }
}

fn select_8086<S: Select>(view: &mut View<'_>, mnemonic: Mnemonic) -> Option<S::Handler> {
    let width = view.width(0);
    let to_code_segment = view.kind(0) == Kind::Segment && view.operands.second == seg::CS;
    match mnemonic {
        Mnemonic::Pop if to_code_segment => Some(S::routine::<far::PopSelector<u16>>()),
        Mnemonic::Mov if to_code_segment && view.kind(1) == Kind::Memory => {
            Some(S::routine::<far::SelectorFromMemory>())
        }
        Mnemonic::Mov if to_code_segment => Some(S::routine::<far::SelectorFromRegister>()),
        Mnemonic::Idiv => {
            by_form!(view.kind(0), F => by_width!(width, T => S::routine::<early::SignedDivide<T, F>>()))
        }
        Mnemonic::Mul | Mnemonic::Imul if view.operands.repeat != Repeat::Once => {
            view.operands.detail = u8::from(mnemonic == Mnemonic::Imul);
            by_form!(view.kind(0), F => by_width!(width, T => S::routine::<early::NegatedProduct<T, F>>()))
        }
        _ => shift::<S>(view, mnemonic),
    }
}

/// The 8086 counts all of CL, and has an operation more.
fn shift<S: Select>(view: &mut View<'_>, mnemonic: Mnemonic) -> Option<S::Handler> {
    let kind = match mnemonic {
        Mnemonic::Sal => Shift::SetMinusOne,
        _ => arithmetic::shift_kind(mnemonic)?,
    };
    let width = view.width(0);
    view.operands.detail = kind as u8;
    match view.kind(1) {
        Kind::Immediate if kind != Shift::SetMinusOne => None,
        Kind::Immediate => {
            by_form!(view.kind(0), F => by_width!(width, T => S::routine::<early::SetMinusOne<T, F>>()))
        }
        _ => by_form!(view.kind(0), F => by_width!(width, T => S::routine::<early::ShiftByCl<T, F>>())),
    }
}
