//! AES, carry-less products and SHA (FIPS 197, FIPS 180-4; Intel SDM volume 2).

use super::lanes::{from_lanes, lane, map};
use super::{Sources, rows};

rows! { ROWS:
    Aesenc Vaesenc => |_, s, _| mix_columns(shift_rows(map(s.a, |b: u8| FORWARD[usize::from(b)]), 1)) ^ s.b;
    Aesenclast Vaesenclast => |_, s, _| shift_rows(map(s.a, |b: u8| FORWARD[usize::from(b)]), 1) ^ s.b;
    Aesdec Vaesdec => |_, s, _| unmix_columns(shift_rows(map(s.a, |b: u8| INVERSE[usize::from(b)]), 3)) ^ s.b;
    Aesdeclast Vaesdeclast => |_, s, _| shift_rows(map(s.a, |b: u8| INVERSE[usize::from(b)]), 3) ^ s.b;
    Aesimc Vaesimc => |_, s, _| unmix_columns(s.b);
    Aeskeygenassist Vaeskeygenassist => |_, s, immediate| key_words(s.b, immediate);
    Pclmulqdq Vpclmulqdq => |_, s, immediate| carryless_product(
        lane(s.a, usize::from(immediate & 1)),
        lane(s.b, usize::from(immediate >> 4 & 1)),
    );
    Sha1nexte INVALID => |_, s, _| {
        s.b & !(0xFFFF_FFFF << 96) | u128::from(lane::<u32>(s.b, 3).wrapping_add(lane::<u32>(s.a, 3).rotate_left(30))) << 96
    };
    Sha1msg1 INVALID => |_, s, _| s.a ^ (s.a << 64 | s.b >> 64);
    Sha1msg2 INVALID => |_, s, _| sha1_schedule(s);
    Sha1rnds4 INVALID => |_, s, immediate| sha1_rounds(s, immediate & 3);
    Sha256msg1 INVALID =>
        |_, s, _| from_lanes(|i| lane::<u32>(s.a, i).wrapping_add(small_sigma(next_word(s, i), [7, 18, 3])));
    Sha256msg2 INVALID => |_, s, _| sha256_schedule(s);
    Sha256rnds2 INVALID => |_, s, _| sha256_rounds(s);
}

/// A byte times x in AES's field: modulo x^8 + x^4 + x^3 + x + 1.
const fn doubled(byte: u8) -> u8 {
    byte << 1 ^ if byte & 0x80 != 0 { 0x1B } else { 0 }
}

const fn times(a: u8, b: u8) -> u8 {
    let (mut a, mut product, mut bit) = (a, 0, 0);
    while bit < 8 {
        product ^= if b >> bit & 1 != 0 { a } else { 0 };
        a = doubled(a);
        bit += 1;
    }
    product
}

/// The S-box: a byte's inverse in the field, and an affine change of its bits.
const FORWARD: [u8; 256] = {
    let (mut table, mut power, mut inverse) = ([0x63; 256], 1_u8, 1_u8);
    let mut i = 0;
    while i < 255 {
        // 3 is a generator; F6h is its inverse.
        let x = inverse;
        let spread = x ^ x.rotate_left(1) ^ x.rotate_left(2) ^ x.rotate_left(3) ^ x.rotate_left(4);
        table[power as usize] = spread ^ 0x63;
        power = times(power, 3);
        inverse = times(inverse, 0xF6);
        i += 1;
    }
    table
};

const INVERSE: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[FORWARD[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Each row of the state, which lies in columns, turned by its number times `columns`.
fn shift_rows(state: u128, columns: usize) -> u128 {
    from_lanes(|i| lane::<u8>(state, (i + 4 * columns * (i & 3)) & 15))
}

/// Every column times a polynomial with these coefficients.
fn columns_times(state: u128, factors: [u8; 4]) -> u128 {
    from_lanes(|i| {
        let column = i & !3;
        (0..4).fold(0, |sum, k| sum ^ times(lane(state, column + ((i + k) & 3)), factors[k]))
    })
}

fn mix_columns(state: u128) -> u128 {
    columns_times(state, [2, 3, 1, 1])
}

fn unmix_columns(state: u128) -> u128 {
    columns_times(state, [14, 11, 13, 9])
}

/// AESKEYGENASSIST.
fn key_words(b: u128, constant: u8) -> u128 {
    let substituted = map(b, |byte: u8| FORWARD[usize::from(byte)]);
    from_lanes(|i| {
        let word = lane::<u32>(substituted, i | 1);
        if i & 1 == 0 { lane::<u32>(substituted, i + 1) } else { word.rotate_right(8) ^ u32::from(constant) }
    })
}

/// A product of polynomials over bits.
fn carryless_product(a: u64, b: u64) -> u128 {
    (0..64).filter(|&bit| b >> bit & 1 != 0).fold(0, |sum, bit| sum ^ u128::from(a) << bit)
}

/// SHA1MSG2: four words, of which the last needs the first.
fn sha1_schedule(s: &Sources) -> u128 {
    let word = |block, i| lane::<u32>(block, i);
    let w16 = (word(s.a, 3) ^ word(s.b, 2)).rotate_left(1);
    let w17 = (word(s.a, 2) ^ word(s.b, 1)).rotate_left(1);
    let w18 = (word(s.a, 1) ^ word(s.b, 0)).rotate_left(1);
    let w19 = (word(s.a, 0) ^ w16).rotate_left(1);
    let words = [w19, w18, w17, w16];
    from_lanes(|i| words[i])
}

/// SHA1RNDS4: A to D in the first operand from the top; E is in the first word of the second.
fn sha1_rounds(s: &Sources, group: u8) -> u128 {
    const CONSTANTS: [u32; 4] = [0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC, 0xCA62_C1D6];
    let [mut d, mut c, mut b, mut a]: [u32; 4] = std::array::from_fn(|i| lane(s.a, i));
    let mut e = 0;
    for round in 0..4 {
        let f = match group {
            0 => b & c | !b & d,
            2 => b & c | b & d | c & d,
            _ => b ^ c ^ d,
        };
        let word = lane::<u32>(s.b, 3 - round);
        let sum = f.wrapping_add(a.rotate_left(5)).wrapping_add(word).wrapping_add(e);
        let next = sum.wrapping_add(CONSTANTS[usize::from(group)]);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    let words = [d, c, b, a];
    from_lanes(|i| words[i])
}

/// The word after number `i` of the first operand, the last of which the second begins with.
fn next_word(s: &Sources, i: usize) -> u32 {
    if i < 3 { lane(s.a, i + 1) } else { lane(s.b, 0) }
}

/// Two rotations and a shift.
fn small_sigma(word: u32, [first, second, shift]: [u32; 3]) -> u32 {
    word.rotate_right(first) ^ word.rotate_right(second) ^ word >> shift
}

/// SHA256MSG2: the last two words need the first two.
fn sha256_schedule(s: &Sources) -> u128 {
    let add = |i, from| lane::<u32>(s.a, i).wrapping_add(small_sigma(from, [17, 19, 10]));
    let w16 = add(0, lane(s.b, 2));
    let w17 = add(1, lane(s.b, 3));
    let words = [w16, w17, add(2, w16), add(3, w17)];
    from_lanes(|i| words[i])
}

/// SHA256RNDS2: C, D, G, H are in the first operand from the top, A, B, E, F in the second, words with constants added in
/// XMM0.
fn sha256_rounds(s: &Sources) -> u128 {
    let [mut h, mut g, mut d, mut c]: [u32; 4] = std::array::from_fn(|i| lane(s.a, i));
    let [mut f, mut e, mut b, mut a]: [u32; 4] = std::array::from_fn(|i| lane(s.b, i));
    let three = |x: u32, [i, j, k]: [u32; 3]| x.rotate_right(i) ^ x.rotate_right(j) ^ x.rotate_right(k);
    for round in 0..2 {
        let chosen = e & f ^ !e & g;
        let common = a & b ^ a & c ^ b & c;
        let first =
            chosen.wrapping_add(three(e, [6, 11, 25])).wrapping_add(lane::<u32>(s.c, round)).wrapping_add(h);
        let second = common.wrapping_add(three(a, [2, 13, 22]));
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
    }
    let words = [f, e, b, a];
    from_lanes(|i| words[i])
}
