//! Random programs that get somewhere: loops, calls, stores into themselves, and now and then nonsense.

use super::quiet_bus::QuietBus;
use emu_core::cpu::x86::state::{Segment, State, seg};
use proptest::prelude::*;

/// Where the code begins, and how many bytes it may have; what jumps jumps into this.
pub const CODE: u64 = 0x1_0000;
const CODE_BYTES: usize = 512;

#[derive(Clone, Debug)]
pub struct Program {
    code: Vec<u8>,
    registers: [u16; 8],
    data: u64,
    flags: u16,
}

impl Program {
    pub fn load(&self, bus: &QuietBus) {
        let mut noise = self.data | 1;
        let fill: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (noise >> 56) as u8
        })
        .take(0x3_0000)
        .collect();
        bus.put(0x2_0000, &fill);
        bus.put(CODE, &self.code);
        // Each handler is an IRET, or an INC and an IRET.
        bus.put(0x600, &[0xCF, 0x46, 0xCF]);
        for vector in 0..256u64 {
            let offset = if vector < 0x20 { 0x600 } else { 0x601 };
            bus.put(vector * 4, &u32::to_le_bytes(offset));
        }
        // Nonsense ends in a loop.
        bus.put(CODE + CODE_BYTES as u64, &[0xE9, 0xFD, 0xFD]);
    }

    pub fn start(&self, state: &mut State) {
        for (register, value) in state.registers.iter_mut().zip(self.registers) {
            *register = value.into();
        }
        let segments = [(seg::CS, 0x1000), (seg::DS, 0x2000), (seg::ES, 0x2000), (seg::SS, 0x3000)];
        for (number, selector) in segments {
            *state.segment_mut(number) = Segment::real(selector);
        }
        state.rip = 0;
        state.flags.set_word(u64::from(self.flags & 0x0ED5 | 0x0202));
    }
}

pub fn any_program() -> impl Strategy<Value = Program> {
    let code = prop::collection::vec(any_instruction(), 8..80).prop_map(|all| {
        let mut code: Vec<u8> = all.concat();
        code.truncate(CODE_BYTES);
        code
    });
    // Offsets at the end of a segment, where some members go on at its beginning.
    let register = prop_oneof![4 => any::<u16>(), 1 => 0xFFF8u16..=0xFFFF];
    (code, prop::array::uniform8(register), any::<u64>(), any::<u16>())
        .prop_map(|(code, registers, data, flags)| Program { code, registers, data, flags })
}

/// Bytes that mostly are one instruction.
pub fn any_instruction() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => arithmetic(),
        2 => any_shift(),
        3 => prop::collection::vec(prop::sample::select(&ONE_BYTE[..]), 1),
        3 => (0x70u8..0x80, any::<i8>()).prop_map(|(opcode, to)| vec![opcode, (to / 2) as u8]),
        1 => (0xE0u8..0xE4, -40i8..0).prop_map(|(opcode, to)| vec![opcode, to as u8]),
        1 => (-200i16..200).prop_map(|to| [&[0xE8][..], &to.to_le_bytes()].concat()),
        1 => (0u8..8, any::<u16>()).prop_map(|(r, value)| [&[0xB8 + r][..], &value.to_le_bytes()].concat()),
        // A store into the code: MOV CS:[near], imm8.
        1 => (0u16..600, any::<u8>()).prop_map(|(at, byte)| {
            [&[0x2E, 0xC6, 0x06][..], &at.to_le_bytes(), &[byte]].concat()
        }),
        // An immediate of an instruction that is nearby and often executed: ADD AX, imm16, patched as in a loop.
        1 => (0u16..500).prop_map(|at| [&[0x2E, 0xFE, 0x06][..], &at.to_le_bytes()].concat()),
        1 => (prop::option::of(prop::sample::select(&[0xF2u8, 0xF3][..])), prop::sample::select(&STRINGS[..]))
            .prop_map(|(prefix, opcode)| prefix.into_iter().chain([opcode]).collect()),
        1 => (prop::sample::select(&[0x66u8, 0x67, 0x26, 0x36, 0x64][..]), arithmetic())
            .prop_map(|(prefix, rest)| [&[prefix][..], &rest].concat()),
        1 => (0x20u8..0x30).prop_map(|vector| vec![0xCD, vector]),
        2 => (0xD8u8..=0xDF, any::<u8>(), any::<[u8; 2]>()).prop_map(|(opcode, modrm, at)| {
            if modrm < 0xC0 { vec![opcode, modrm & 0x38 | 0x06, at[0], at[1]] } else { vec![opcode, modrm] }
        }),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ]
}

/// ALU operations, moves, LEA, XCHG, multiplications, with any ModR/M byte and its displacement.
fn arithmetic() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop::sample::select(&MODRM[..]);
    (opcode, any::<u8>(), any::<[u8; 6]>()).prop_map(|(opcode, modrm, rest)| {
        let displacement = match (modrm >> 6, modrm & 7) {
            (0, 6) | (2, _) => 2,
            (1, _) => 1,
            _ => 0,
        };
        let immediate = match opcode {
            0x80 | 0x83 | 0xC6 | 0x6B => 1,
            0x81 | 0xC7 | 0x69 => 2,
            _ => 0,
        };
        [&[opcode, modrm][..], &rest[..displacement + immediate]].concat()
    })
}

pub fn any_shift() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(&[0xC0u8, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3][..]), 0xC0u8..=0xFF, any::<u8>()).prop_map(
        |(opcode, modrm, count)| if opcode < 0xD0 { vec![opcode, modrm, count] } else { vec![opcode, modrm] },
    )
}

const MODRM: [u8; 41] = [
    0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x13, 0x18, 0x19, 0x1B, 0x20, 0x21, 0x23,
    0x28, 0x29, 0x2B, 0x30, 0x31, 0x33, 0x38, 0x39, 0x3B, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
    0x89, 0x8A, 0x8B, 0x8D, 0xC6, 0xC7, 0x69,
];

const ONE_BYTE: [u8; 47] = [
    0x40, 0x41, 0x42, 0x43, 0x46, 0x47, 0x48, 0x4A, 0x4B, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0x53, 0x56, 0x57,
    0x58, 0x5A, 0x5B, 0x5E, 0x5F, 0x90, 0x91, 0x92, 0x98, 0x99, 0x9C, 0x9D, 0x9E, 0x9F, 0xC3, 0xC9, 0xD7,
    0xF5, 0xF8, 0xF9, 0xFC, 0xFD, 0xFA, 0xFB, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61,
];

const STRINGS: [u8; 12] = [0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0x6C, 0x6E];
