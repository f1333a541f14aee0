//! SSE4.2's comparisons of strings: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (Intel SDM volume 2, 4.1).

use super::lanes::{Lane, count, lane};
use std::marker::PhantomData;

/// What a comparison gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// A bit for each character (IntRes2).
    pub bits: u16,
    /// How many characters there are in a block.
    pub characters: u32,
    /// Whether the first or the second string ends within the block.
    pub first_ends: bool,
    pub second_ends: bool,
}

/// Compares `a` and `b` as the control byte says. The lengths are those of explicit strings, in characters and of either
/// sign; without them the strings end at a zero.
pub fn compare(a: u128, b: u128, lengths: Option<(i64, i64)>, control: u8) -> Compared {
    match control & 3 {
        0 => compare_as::<u8>(a, b, lengths, control),
        1 => compare_as::<u16>(a, b, lengths, control),
        2 => compare_as::<i8>(a, b, lengths, control),
        _ => compare_as::<i16>(a, b, lengths, control),
    }
}

fn compare_as<T: Lane + Ord + Default>(
    a: u128,
    b: u128,
    lengths: Option<(i64, i64)>,
    control: u8,
) -> Compared {
    let characters = count::<T>();
    let length = |block, explicit: Option<i64>| match explicit {
        Some(length) => length.unsigned_abs().min(characters as u64) as usize,
        None => (0..characters).find(|&i| lane::<T>(block, i) == T::default()).unwrap_or(characters),
    };
    let first = Text::<T> { block: a, length: length(a, lengths.map(|l| l.0)), character: PhantomData };
    let second = Text::<T> { block: b, length: length(b, lengths.map(|l| l.1)), character: PhantomData };
    let found =
        (0..characters).fold(0, |bits, i| bits | u16::from(matches(&first, &second, i, control)) << i);
    let all = (0xFFFF_u32 >> (16 - characters)) as u16;
    let within = (0xFFFF_u32 >> (16 - second.length)) as u16;
    let bits = match control >> 4 & 3 {
        1 => found ^ all,
        3 => found ^ within,
        _ => found,
    };
    Compared {
        bits: bits & all,
        characters: characters as u32,
        first_ends: first.length < characters,
        second_ends: second.length < characters,
    }
}

struct Text<T> {
    block: u128,
    length: usize,
    character: PhantomData<T>,
}

impl<T: Lane> Text<T> {
    /// `None` behind the end.
    fn at(&self, i: usize) -> Option<T> {
        if i < self.length { Some(lane(self.block, i)) } else { None }
    }
}

/// Whether character `i` of the second string matches (IntRes1). Characters behind an end match or don't, as the kind of
/// comparison wants (Intel SDM volume 2, table 4-7).
fn matches<T: Lane + Ord>(first: &Text<T>, second: &Text<T>, i: usize, control: u8) -> bool {
    match control >> 2 & 3 {
        // Equal to any character of a set.
        0 => second.at(i).is_some_and(|c| (0..first.length).any(|k| first.at(k) == Some(c))),
        // Within one of several ranges.
        1 => second.at(i).is_some_and(|c| {
            (0..first.length / 2).any(|k| {
                first.at(2 * k).is_some_and(|low| low <= c)
                    && first.at(2 * k + 1).is_some_and(|high| c <= high)
            })
        }),
        // Equal, each to each; so are two ends.
        2 => first.at(i) == second.at(i),
        // Where the first string lies within the second, or begins to.
        _ => (0..count::<T>() - i).all(|k| match (first.at(k), second.at(i + k)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(a), Some(b)) => a == b,
        }),
    }
}

impl Compared {
    /// All ones in each character of a block whose bit is set.
    pub fn mask(&self) -> u128 {
        let width = 128 / self.characters;
        let ones = u128::MAX >> (128 - width);
        (0..self.characters)
            .filter(|&i| self.bits >> i & 1 != 0)
            .fold(0, |mask, i| mask | ones << (i * width))
    }
}
