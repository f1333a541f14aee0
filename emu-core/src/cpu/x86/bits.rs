//! What the instructions on bits compute, as functions of numbers: double shifts, scattering and gathering, CRC-32C
//! (Intel SDM volume 2).

use crate::cpu::int::Int;

/// `a` shifted by `count` (1–63), the bits of `filler` coming in. Gives CF, too.
///
/// A 16-bit operand can be shifted by more than its width, which is undefined: the parts then go on with its own bits.
pub fn shift_double<T: Int>(left: bool, a: T, filler: T, count: u32) -> (T, bool) {
    let (a, filler, bits) = (u128::from(a.wide()), u128::from(filler.wide()), T::BITS);
    let (ring, width) = match (bits, left) {
        (64, true) => (a << 64 | filler, 128),
        (64, false) => (filler << 64 | a, 128),
        _ => (a << (2 * bits) | filler << bits | a, 3 * bits),
    };
    if left {
        (T::low((ring << count >> (width - bits)) as u64), ring >> (width - count) & 1 != 0)
    } else {
        (T::low((ring >> count) as u64), ring >> (count - 1) & 1 != 0)
    }
}

/// The low bits of `value`, one to each set bit of `mask`: PDEP.
pub fn deposit(value: u64, mask: u64) -> u64 {
    let (mut left, mut value, mut result) = (mask, value, 0);
    while left != 0 {
        let lowest = left & left.wrapping_neg();
        result |= if value & 1 != 0 { lowest } else { 0 };
        value >>= 1;
        left ^= lowest;
    }
    result
}

/// The bits of `value` under the set bits of `mask`, packed: PEXT.
pub fn gather(value: u64, mask: u64) -> u64 {
    let (mut left, mut place, mut result) = (mask, 0, 0);
    while left != 0 {
        let lowest = left & left.wrapping_neg();
        result |= u64::from(value & lowest != 0) << place;
        place += 1;
        left ^= lowest;
    }
    result
}

/// What a byte makes of a CRC-32C, lowest bit first: the polynomial 11EDC6F41h, reflected.
const CRC_OF_BYTE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = crc >> 1 ^ if crc & 1 != 0 { 0x82F6_3B78 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// A CRC-32C that goes on with the bytes of `data`.
pub fn crc32<T: Int>(crc: u32, data: T) -> u32 {
    let bytes = data.wide().to_le_bytes();
    bytes[..T::BYTES as usize]
        .iter()
        .fold(crc, |crc, &byte| crc >> 8 ^ CRC_OF_BYTE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_value_of_crc_32c_comes_out() {
        let crc = b"123456789".iter().fold(!0, |crc, &byte| crc32(crc, byte));
        assert_eq!(!crc, 0xE306_9283);
        assert_eq!(
            crc32(0x1234_5678, 0x89AB_CDEFu32),
            b"\xEF\xCD\xAB\x89".iter().fold(0x1234_5678, |c, &b| crc32(c, b))
        );
    }

    #[test]
    fn double_shifts_of_the_manual() {
        for (left, a, filler, count, value, carry) in [
            (true, 0x8000_0001u32, 0xF000_0000, 4, 0x0000_001F, false),
            (true, 0x1000_0001, 0xF000_0000, 4, 0x0000_001F, true),
            (false, 0x0000_0018, 0x0000_000F, 4, 0xF000_0001, true),
        ] {
            assert_eq!(shift_double(left, a, filler, count), (value, carry), "{a:#x} {filler:#x} {count}");
        }
        assert_eq!(shift_double(true, 0x8000_0000_0000_0001u64, 1 << 63, 1), (3, true));
        assert_eq!(shift_double(false, 0x8000_0000_0000_0001u64, 1, 63), (3, false));
    }

    proptest! {
        #[test]
        fn what_is_deposited_is_gathered(value: u64, mask: u64) {
            let kept = u64::MAX.checked_shr(mask.count_zeros()).unwrap_or(0);
            prop_assert_eq!(gather(deposit(value, mask), mask), value & kept);
            prop_assert_eq!(deposit(value, mask) & !mask, 0);
            prop_assert_eq!(deposit(gather(value, mask), mask), value & mask);
        }
    }
}
