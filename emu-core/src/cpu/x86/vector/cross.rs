//! What moves lanes between the halves of a 256-bit register (AVX and AVX2).

use super::lanes::{Lane, lane};
use super::shuffle::{field, halves};
use iced_x86::Mnemonic;

/// Both halves of a register, the lower one first.
pub type Wide = [u128; 2];

/// What a function of [`find`] gets: the register that VEX names, the last operand, the immediate byte.
pub type Apply = fn(Wide, Wide, u8) -> Wide;

/// Every operation. Its number is its place.
static OPERATIONS: [(&[Mnemonic], Apply); 5] = [
    (&[Mnemonic::Vpermq, Mnemonic::Vpermpd], |_, b, immediate| {
        gathered(|i| wide_lane::<u64>(b, field(immediate, i)))
    }),
    (&[Mnemonic::Vpermd, Mnemonic::Vpermps], |a, b, _| {
        let word = |i| wide_lane::<u32>(b, wide_lane::<u32>(a, i) as usize & 7);
        gathered(|i| u64::from(word(2 * i)) | u64::from(word(2 * i + 1)) << 32)
    }),
    (&[Mnemonic::Vperm2f128, Mnemonic::Vperm2i128], |a, b, immediate| {
        [immediate & 15, immediate >> 4].map(|choice| match choice {
            8.. => 0,
            2 | 3 | 6 | 7 => b[usize::from(choice & 1)],
            _ => a[usize::from(choice & 1)],
        })
    }),
    (&[Mnemonic::Vinsertf128, Mnemonic::Vinserti128], |a, b, immediate| match immediate & 1 {
        0 => [b[0], a[1]],
        _ => [a[0], b[0]],
    }),
    (&[Mnemonic::Vextractf128, Mnemonic::Vextracti128], |_, b, immediate| [b[usize::from(immediate & 1)], 0]),
];

/// The number of an instruction's operation.
pub fn find(mnemonic: Mnemonic) -> Option<u16> {
    let found = OPERATIONS.iter().position(|(names, _)| names.contains(&mnemonic));
    found.map(|number| number as u16)
}

/// The operation with a number that [`find`] has given.
pub fn operation(number: u16) -> Apply {
    OPERATIONS[usize::from(number)].1
}

fn wide_lane<T: Lane>(register: Wide, i: usize) -> T {
    let half = 16 / T::BYTES;
    lane(register[i / half], i % half)
}

fn gathered(quad: impl Fn(usize) -> u64) -> Wide {
    [halves(quad(0), quad(1)), halves(quad(2), quad(3))]
}
