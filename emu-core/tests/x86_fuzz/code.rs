//! Bytes that somebody might execute.

use super::random::Random;
use crate::world::kernel::SERVICE_VECTOR;

/// Registers that code of the system reads and writes: what is often in them is no use to anybody.
const MSRS: [u32; 24] = [
    0x10,
    0x1B,
    0x8B,
    0xFE,
    0x174,
    0x175,
    0x176,
    0x179,
    0x1D9,
    0x200,
    0x20F,
    0x250,
    0x26F,
    0x277,
    0x2FF,
    0xC000_0080,
    0xC000_0081,
    0xC000_0082,
    0xC000_0083,
    0xC000_0084,
    0xC000_0100,
    0xC000_0101,
    0xC000_0102,
    0xC000_0103,
];

/// Fills `code` with one of several kinds of nonsense.
pub fn fill(random: &mut Random, code: &mut [u8]) {
    let kind = random.below(4);
    let mut at = 0;
    while at < code.len() {
        let mut one = [0; 24];
        let length = match kind {
            0 => {
                one[0] = random.next() as u8;
                1
            }
            _ => instruction(random, &mut one),
        };
        for &byte in &one[..length] {
            if at < code.len() {
                code[at] = byte;
                at += 1;
            }
        }
    }
}

/// Bytes that mostly are an instruction, or a few that belong together. Gives how many.
fn instruction(random: &mut Random, one: &mut [u8; 24]) -> usize {
    let mut length = 0;
    let mut put = |bytes: &[u8]| {
        one[length..length + bytes.len()].copy_from_slice(bytes);
        length += bytes.len();
    };
    match random.below(32) {
        0 => put(&[0xCD, SERVICE_VECTOR + random.below(16) as u8]),
        1 => put(&[0xCD, random.next() as u8]),
        2..4 => {
            // MOV EAX, value; MOV CRn or DRn, EAX.
            put(&[0xB8]);
            put(&(random.number() as u32).to_le_bytes());
            let number = random.of(&[0, 2, 3, 4, 7, 8]);
            put(&[0x0F, random.of(&[0x20, 0x21, 0x22, 0x23]), 0xC0 | number << 3 & 0x38]);
        }
        4 => {
            put(&[0xB9]);
            put(&random.of(&MSRS).to_le_bytes());
            put(&[0xB8]);
            put(&(random.number() as u32).to_le_bytes());
            put(&[0xBA]);
            put(&(random.number() as u32 >> random.of(&[0, 16, 31])).to_le_bytes());
            put(&[0x0F, random.of(&[0x30, 0x32])]);
        }
        5 => {
            // A far jump or call; a segment register.
            put(&[random.of(&[0x9A, 0xEA])]);
            put(&(random.number() as u32 & 0x3_FFFF).to_le_bytes());
            put(&(random.below(0x140) as u16).to_le_bytes());
        }
        6 => {
            put(&[0xB8]);
            put(&(random.below(0x140) as u32).to_le_bytes());
            put(&[random.of(&[0x8E, 0x8E, 0x8E, 0x0F]), random.next() as u8]);
        }
        7 => put(&[0x0F, random.of(&[0x00, 0x01, 0x02, 0x03, 0xAE, 0xC7]), random.next() as u8]),
        8 => put(&[random.of(&[0xFB, 0xFA, 0x9D, 0xCF, 0xCB, 0xF4, 0xCE, 0xF1, 0xCC, 0x6D, 0xEC, 0xEE])]),
        9 => put(&[
            random.of(&[0xF2, 0xF3]),
            random.of(&[0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAE, 0x6C, 0x6E]),
        ]),
        10 => put(&[0xE8 + random.below(4) as u8, random.next() as u8, random.next() as u8, 0, 0]),
        11 => put(&[0x70 + random.below(16) as u8, random.next() as u8]),
        12..15 => {
            put(&[random.of(&[0xC4, 0xC5, 0x62, 0x8F]), random.next() as u8, random.next() as u8]);
            put(&random.bytes::<4>());
        }
        15..20 => {
            prefixes(random, &mut put);
            put(&[0x0F, random.next() as u8, random.next() as u8]);
            put(&random.bytes::<2>());
        }
        20..22 => {
            prefixes(random, &mut put);
            put(&[0x0F, random.of(&[0x38, 0x3A]), random.next() as u8, random.next() as u8]);
            put(&random.bytes::<2>());
        }
        22..24 => put(&[0xD8 + random.below(8) as u8, random.next() as u8]),
        _ => {
            prefixes(random, &mut put);
            // Memory at a fixed place, or any operand.
            let modrm = if random.one_in(3) { random.next() as u8 } else { random.next() as u8 & 0x38 | 5 };
            put(&[random.next() as u8, modrm]);
            put(&(0x3_0000 | random.next() as u32 & 0x1F_FFFF).to_le_bytes());
        }
    }
    length
}

fn prefixes(random: &mut Random, put: &mut impl FnMut(&[u8])) {
    const ALL: [u8; 20] = [
        0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x40, 0x41, 0x44, 0x48, 0x48,
        0x49, 0x4C, 0x4F,
    ];
    for _ in 0..random.below(3) {
        put(&[random.of(&ALL)]);
    }
}
