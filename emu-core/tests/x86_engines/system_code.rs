//! Random code of protected and long mode: loops and calls, accesses near page ends, stores into the code by its own address
//! and by another, page tables, control and debug registers, segments, gates, and services that go to another world.

use super::program::{any_instruction as any_16_bit, any_shift};
use crate::world::kernel::SERVICE_VECTOR;
use crate::world::{CODE, CODE_ALIAS, DATA, DATA_ALIAS, POINTERS, TABLE, WIDE_TABLE, physical_page};
use proptest::prelude::*;
use proptest::sample::select;

/// An instruction, or some that belong together.
pub type Piece = Vec<u8>;

/// Code of 16, 32 or 64 bits.
pub fn any_code(bits: u32) -> BoxedStrategy<Vec<Piece>> {
    let piece = match bits {
        16 => prop_oneof![10 => any_16_bit(), 2 => shared_piece(), 1 => system_piece_16()].boxed(),
        _ => any_piece(bits),
    };
    prop::collection::vec(piece, 6..60).boxed()
}

fn any_piece(bits: u32) -> BoxedStrategy<Piece> {
    let simple = prop_oneof![
        10 => at_place(bits),
        4 => of_registers(bits),
        2 => any_shift(),
        2 => one_byte(bits),
        1 => two_byte(),
        1 => strings(),
        1 => (0xD8u8..=0xDF, any::<u8>(), any_address()).prop_map(|(opcode, modrm, at)| {
            if modrm < 0xC0 { absolute(&[opcode], modrm >> 3 & 7, at) } else { vec![opcode, modrm] }
        }),
        1 => self_change(),
    ]
    .boxed();
    // MOV ECX, n; the body; LOOP.
    let around = (prop::collection::vec(simple.clone(), 1..5), 2u32..40).prop_map(|(body, times)| {
        let body = body.concat();
        let back = (-(body.len() as i32) - 2) as i8 as u8;
        [&[0xB9][..], &times.to_le_bytes(), &body, &[0xE2, back]].concat()
    });
    prop_oneof![
        16 => simple,
        3 => around,
        2 => branches(),
        3 => shared_piece(),
        4 => system_piece(bits),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ]
    .boxed()
}

/// An opcode whose ModR/M byte is followed by a SIB byte and an absolute address.
fn absolute(opcode: &[u8], field: u8, address: u32) -> Piece {
    [opcode, &[field << 3 | 4, 0x25], &address.to_le_bytes()].concat()
}

/// Linear addresses of which most can be used in some worlds.
fn any_address() -> impl Strategy<Value = u32> {
    let near_end = prop_oneof![2 => 0u32..0x1000, 1 => 0xFF0u32..0x1000, 1 => 0u32..0x40];
    prop_oneof![
        8 => (0u32..16, near_end.clone()).prop_map(|(page, at)| DATA as u32 + page * 0x1000 + at),
        4 => (0u32..16, near_end.clone()).prop_map(|(page, at)| DATA_ALIAS as u32 + page * 0x1000 + at),
        2 => (0u32..16, near_end).prop_map(|(page, at)| 0x40_0000 + DATA as u32 + page * 0x1000 + at),
        2 => 0u32..0x5000,
        1 => 0x1F_FFF0u32..0x20_0010,
        1 => any::<u32>(),
    ]
}

fn rex(bits: u32) -> BoxedStrategy<Piece> {
    if bits == 64 {
        prop_oneof![2 => Just(vec![]), 3 => Just(vec![0x48]), 1 => (0x40u8..0x50).prop_map(|rex| vec![rex])]
            .boxed()
    } else {
        prop_oneof![9 => Just(vec![]), 1 => Just(vec![0x66])].boxed()
    }
}

fn at_place(bits: u32) -> impl Strategy<Value = Piece> {
    let lock = prop_oneof![
        14 => Just(vec![]),
        1 => Just(vec![0xF0]),
        1 => select(vec![0x26, 0x2E, 0x36, 0x64, 0x65, 0x67]).prop_map(|prefix| vec![prefix]),
    ];
    (lock, rex(bits), select(&MEMORY[..]), 0u8..8, any_address(), any::<[u8; 4]>()).prop_map(
        |(lock, rex, (opcode, immediate), field, at, rest)| {
            [&lock, &rex, &absolute(opcode, field, at), &rest[..immediate]].concat()
        },
    )
}

fn of_registers(bits: u32) -> impl Strategy<Value = Piece> {
    (rex(bits), select(&MEMORY[..]), any::<u8>(), any::<[u8; 4]>()).prop_map(
        |(rex, (opcode, immediate), modrm, rest)| {
            // Mostly registers; else memory at EBX, EBP, ESI or EDI with a displacement of one byte.
            let modrm = if modrm & 7 == 0 { 0x43 | modrm & 0x3C } else { modrm | 0xC0 };
            let displacement = usize::from(modrm < 0xC0) * (1 + usize::from(modrm & 7 == 4));
            [&rex, opcode, &[modrm][..], &rest[..displacement], &rest[..immediate]].concat()
        },
    )
}

fn one_byte(bits: u32) -> impl Strategy<Value = Piece> {
    let opcodes = if bits == 64 { &ONE_BYTE[..ONE_BYTE_64] } else { &ONE_BYTE[..] };
    select(opcodes).prop_map(|opcode| vec![opcode])
}

fn two_byte() -> impl Strategy<Value = Piece> {
    let prefix = select(vec![vec![], vec![0x66_u8], vec![0xF2], vec![0xF3]]);
    prop_oneof![
        (prefix, select(&VECTOR[..]), 0u8..8, any_address()).prop_map(|(prefix, opcode, field, at)| [
            prefix,
            absolute(&[0x0F, opcode], field, at)
        ]
        .concat()),
        (0xC8u8..0xD0).prop_map(|opcode| vec![0x0F, opcode]),
        (0x40u8..0x50, 0xC0u8..=0xFF).prop_map(|(opcode, modrm)| vec![0x0F, opcode, modrm]),
    ]
}

fn strings() -> impl Strategy<Value = Piece> {
    let opcode = select(&[0xA4u8, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0x6C, 0x6E][..]);
    (any_address(), any_address(), 0u32..0x1800, select(&[0xF2u8, 0xF3][..]), opcode).prop_map(
        |(from, to, times, prefix, opcode)| {
            let set = |register: u8, value: u32| [&[0xB8 + register][..], &value.to_le_bytes()].concat();
            [set(6, from), set(7, to), set(1, times), vec![prefix, opcode]].concat()
        },
    )
}

/// A store into code: by its own address, by another, by the large pages' way.
fn self_change() -> impl Strategy<Value = Piece> {
    let way = select(&[CODE[0], CODE[0], CODE_ALIAS, 0x40_0000 + CODE[0]][..]);
    (way, 0u32..3, 0u32..0x180, any::<u8>(), 0u8..3).prop_map(|(way, page, at, byte, how)| {
        let at = way as u32 + page * 0x1000 + at;
        match how {
            0 => [absolute(&[0xC6], 0, at), vec![byte]].concat(),
            1 => absolute(&[0xFE], 0, at),
            _ => [absolute(&[0x80], 6, at), vec![byte & 0x11]].concat(),
        }
    })
}

fn branches() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (0x70u8..0x80, any::<i8>()).prop_map(|(opcode, to)| vec![opcode, (to / 2) as u8]),
        1 => (-120i32..120, select(&[0xE8u8, 0xE9][..]))
            .prop_map(|(to, opcode)| [&[opcode][..], &to.to_le_bytes()].concat()),
        1 => (0x80u8..0x90, -120i32..120)
            .prop_map(|(opcode, to)| [&[0x0F, opcode][..], &to.to_le_bytes()].concat()),
        // CALL and JMP through a register that has just been set.
        1 => (0u32..3, 0u32..0x100, select(&[0xD0u8, 0xE0][..])).prop_map(|(code, at, field)| {
            [&[0xB8][..], &(CODE[code as usize] as u32 + at).to_le_bytes(), &[0xFF, field]].concat()
        }),
    ]
}

/// What reads alike in code of every size: interrupts, services, returns.
fn shared_piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (0u8..16).prop_map(|number| vec![0xCD, SERVICE_VECTOR + number]),
        3 => (0x20u8..0x30).prop_map(|vector| vec![0xCD, vector]),
        4 => select(&SHARED[..]).prop_map(<[u8]>::to_vec),
    ]
}

/// Selectors, good and bad.
fn any_selector() -> impl Strategy<Value = u16> {
    prop_oneof![3 => (0u16..0x23, 0u16..4).prop_map(|(index, rpl)| index << 3 | rpl), 1 => (0u16..5, 4u16..8).prop_map(|(i, r)| i << 3 | r), 1 => Just(0)]
}

fn system_piece_16() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (any_selector(), 0u8..6).prop_map(|(selector, number)| {
            let [low, high] = selector.to_le_bytes();
            vec![0xB8, low, high, 0x8E, 0xC0 | number << 3]
        }),
        (any_selector(), select(&[0x9Au8, 0xEA][..]), 0u16..0x200).prop_map(|(selector, opcode, at)| {
            [&[opcode][..], &at.to_le_bytes(), &selector.to_le_bytes()].concat()
        }),
        (select(&[0x00u8, 0x01, 0x02, 0x03][..]), 0xC0u8..=0xFF)
            .prop_map(|(opcode, modrm)| vec![0x0F, opcode, modrm]),
        (any_selector(), 0xC0u8..=0xFF).prop_map(|(selector, modrm)| {
            let [low, high] = selector.to_le_bytes();
            vec![0x68, low, high, 0x63, modrm]
        }),
    ]
}

fn system_piece(bits: u32) -> BoxedStrategy<Piece> {
    let set = |value: u32| [&[0xB8][..], &value.to_le_bytes()].concat();
    let segment = (any_selector(), 0u8..6)
        .prop_map(move |(selector, number)| [set(selector.into()), vec![0x8E, 0xC0 | number << 3]].concat());
    let control = (0u32..20, any::<bool>()).prop_map(|(bit, of_cr4)| {
        let (number, bit) = if of_cr4 {
            (0xE0, [0, 1, 2, 3, 7, 9, 10, 11, 16, 18, 20, 21][bit as usize % 12])
        } else {
            (0xC0, [1, 2, 3, 5, 16, 18, 29, 30][bit as usize % 8])
        };
        [&[0x0F, 0x20, number, 0x35][..], &(1_u32 << bit).to_le_bytes(), &[0x0F, 0x22, number]].concat()
    });
    let debug =
        (any_address(), 0u8..4, any::<u16>(), any::<bool>()).prop_map(move |(at, number, control, off)| {
            let at = if control & 3 == 0 { CODE[usize::from(number) % 3] as u32 + (at & 0xFF) } else { at };
            let control = if off { 0 } else { u32::from(control) << 16 | 0x400 | 2 << (2 * number) };
            [set(at), vec![0x0F, 0x23, 0xC0 | number << 3], set(control), vec![0x0F, 0x23, 0xF8]].concat()
        });
    let flags = (any::<u32>(), 0u32..8).prop_map(|(flags, trap)| {
        let flags = flags & 0x0024_4EFF | u32::from(trap == 0) << 8;
        [&[0x68][..], &flags.to_le_bytes(), &[0x9D]].concat()
    });
    let far = (0u32..FAR_POINTERS.len() as u32, select(&[3u8, 5][..])).prop_map(move |(number, field)| {
        let rex: &[u8] = if bits == 64 { &[0x48] } else { &[] };
        [rex, &absolute(&[0xFF], field, FAR_TABLE as u32 + 16 * number + if bits == 64 { 8 } else { 0 })]
            .concat()
    });
    let asks = (any_selector(), select(&[0x02u8, 0x03][..]), any::<[u8; 2]>()).prop_map(
        move |(selector, opcode, other)| {
            let group = [0x0F, 0x00, 0xC0 | other[1] & 0x3F];
            [set(selector.into()), vec![0x0F, opcode, 0xC0 | other[0] & 0x38], group.to_vec()].concat()
        },
    );
    prop_oneof![
        3 => segment,
        2 => control,
        1 => debug,
        2 => flags,
        2 => far,
        1 => asks,
        4 => change_of_page(bits),
        1 => select(&[[0x0F_u8, 0x20, 0xD8, 0x0F, 0x22, 0xD8]][..]).prop_map(|reload| reload.to_vec()),
    ]
    .boxed()
}

/// Pages whose entries change: data by both ways, code by the other one.
fn change_of_page(bits: u32) -> impl Strategy<Value = Piece> {
    let page = prop_oneof![
        3 => 0x30u32..0x40,
        2 => 0x100u32..0x110,
        1 => 0x140u32..0x143,
    ];
    let target = prop_oneof![3 => Just(None), 1 => (0x30u32..0x40).prop_map(Some)];
    (page, target, 0u32..8, any::<bool>(), 0u8..8, any::<bool>()).prop_map(
        move |(page, target, rights, wide, no_execute, by_page)| {
            let frame = target.unwrap_or(physical_page(page.into()) as u32);
            let entry = frame << 12 | rights;
            let wide = wide || bits == 64;
            let at = if wide { WIDE_TABLE as u32 + 8 * page } else { TABLE as u32 + 4 * page };
            let mut code = [absolute(&[0xC7], 0, at), entry.to_le_bytes().to_vec()].concat();
            if wide && no_execute == 0 {
                code.extend(absolute(&[0xC7], 0, at + 4));
                code.extend(0x8000_0000_u32.to_le_bytes());
            }
            if by_page {
                code.extend(absolute(&[0x0F, 0x01], 7, page << 12));
            }
            // Models without INVLPG only have this; it does no harm on others.
            code.extend([0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8]);
            code
        },
    )
}

/// Where far pointers lie, 16 bytes apart: an offset of 32 bits and a selector, and behind it one of 64.
pub const FAR_TABLE: u64 = POINTERS as u64 + 0x40;

pub const FAR_POINTERS: [(u64, u16); 12] = [
    (CODE[1], 0x08),
    (CODE[1], 0x1B),
    (0, 0x17),
    (0, 0x1F),
    (0, 0x07),
    (CODE[2], 0x70),
    (CODE[2], 0x7B),
    (CODE[1], 0x98),
    (0, 0xA0),
    (0, 0xC8),
    (0, 0x4B),
    (0, 0x5B),
];

/// Opcodes with a ModR/M byte, and the bytes of immediate that follow.
const MEMORY: [(&[u8], usize); 58] = [
    (&[0x00], 0),
    (&[0x01], 0),
    (&[0x02], 0),
    (&[0x03], 0),
    (&[0x09], 0),
    (&[0x0B], 0),
    (&[0x11], 0),
    (&[0x13], 0),
    (&[0x19], 0),
    (&[0x1B], 0),
    (&[0x21], 0),
    (&[0x23], 0),
    (&[0x29], 0),
    (&[0x2B], 0),
    (&[0x31], 0),
    (&[0x33], 0),
    (&[0x38], 0),
    (&[0x39], 0),
    (&[0x3A], 0),
    (&[0x3B], 0),
    (&[0x80], 1),
    (&[0x81], 4),
    (&[0x83], 1),
    (&[0x84], 0),
    (&[0x85], 0),
    (&[0x86], 0),
    (&[0x87], 0),
    (&[0x88], 0),
    (&[0x89], 0),
    (&[0x8A], 0),
    (&[0x8B], 0),
    (&[0x8D], 0),
    (&[0x8F], 0),
    (&[0xC6], 1),
    (&[0xC7], 4),
    (&[0xD1], 0),
    (&[0xD3], 0),
    (&[0xC1], 1),
    (&[0x69], 4),
    (&[0x6B], 1),
    (&[0xF6], 1),
    (&[0xF7], 4),
    (&[0xFE], 0),
    (&[0xFF], 0),
    (&[0x0F, 0xAF], 0),
    (&[0x0F, 0xB6], 0),
    (&[0x0F, 0xB7], 0),
    (&[0x0F, 0xBE], 0),
    (&[0x0F, 0xBF], 0),
    (&[0x0F, 0xA3], 0),
    (&[0x0F, 0xAB], 0),
    (&[0x0F, 0xBA], 1),
    (&[0x0F, 0xA4], 1),
    (&[0x0F, 0xB1], 0),
    (&[0x0F, 0xC1], 0),
    (&[0x0F, 0xC7], 0),
    (&[0x0F, 0x94], 0),
    (&[0x62], 0),
];

/// Those behind [`ONE_BYTE_64`] are prefixes or invalid in 64-bit code.
const ONE_BYTE: [u8; 58] = [
    0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x5B, 0x5E, 0x5F, 0x90, 0x91, 0x92, 0x93,
    0x96, 0x98, 0x99, 0x9C, 0x9E, 0x9F, 0xC3, 0xC9, 0xD7, 0xF5, 0xF8, 0xF9, 0xFC, 0xFC, 0xFD, 0xFA, 0xFB,
    0xF4, 0xCC, 0x9B, 0x40, 0x41, 0x42, 0x43, 0x46, 0x47, 0x48, 0x4A, 0x4B, 0x27, 0x2F, 0x37, 0x3F, 0x60,
    0x61, 0x06, 0x1E, 0x07, 0x1F, 0xCE, 0x16,
];
const ONE_BYTE_64: usize = 37;

const VECTOR: [u8; 20] = [
    0x10, 0x11, 0x28, 0x29, 0x2A, 0x2D, 0x2E, 0x51, 0x54, 0x57, 0x58, 0x59, 0x5C, 0x5E, 0x6F, 0x7F, 0xEF,
    0xFE, 0xD4, 0xC6,
];

const SHARED: [&[u8]; 26] = [
    &[0xF4],
    &[0xCF],
    &[0x48, 0xCF],
    &[0xCB],
    &[0xCA, 8, 0],
    &[0xCC],
    &[0xF1],
    &[0x0F, 0xA2],
    &[0x0F, 0x31],
    &[0x0F, 0x32],
    &[0x0F, 0x05],
    &[0x0F, 0x07],
    &[0x48, 0x0F, 0x07],
    &[0x0F, 0x34],
    &[0x0F, 0x35],
    &[0x0F, 0x01, 0xF8],
    &[0x0F, 0x06],
    &[0x0F, 0x08],
    &[0x0F, 0x09],
    &[0xEC],
    &[0xEE],
    &[0xED],
    &[0xEF],
    &[0x0F, 0x0B],
    &[0x0F, 0x01, 0xE0],
    &[0x0F, 0x77],
];
