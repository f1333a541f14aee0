//! A large set of bits that several threads change, committed by the host where it is used.

use super::host::HostMemory;
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering::SeqCst;

const WORD: u64 = 64;

/// Bits numbered from 0, all clear at first.
#[derive(Debug)]
pub struct AtomicBits {
    words: HostMemory,
}

impl AtomicBits {
    /// A set of at least `bits` bits.
    pub fn new(bits: u64) -> io::Result<Self> {
        let bytes = usize::try_from(bits.div_ceil(WORD) * 8).map_err(io::Error::other)?;
        Ok(Self { words: HostMemory::reserve(bytes)? })
    }

    /// Sets the bits in `range`.
    pub fn set(&self, range: Range<u64>) {
        for (word, mask) in masks(range) {
            let bits = self.words.word(word);
            if bits.load(SeqCst) & mask != mask {
                bits.fetch_or(mask, SeqCst);
            }
        }
    }

    /// Sets one bit; gives whether it was clear.
    pub fn set_one(&self, bit: u64) -> bool {
        let (word, mask) = one(bit);
        let bits = self.words.word(word);
        bits.load(SeqCst) & mask == 0 && bits.fetch_or(mask, SeqCst) & mask == 0
    }

    /// Clears one bit.
    pub fn clear_one(&self, bit: u64) {
        let (word, mask) = one(bit);
        self.words.word(word).fetch_and(!mask, SeqCst);
    }

    /// Whether one bit is set.
    #[inline]
    pub fn has(&self, bit: u64) -> bool {
        let (word, mask) = one(bit);
        self.words.word(word).load(SeqCst) & mask != 0
    }

    /// Whether any bit in `range` is set.
    pub fn any(&self, range: Range<u64>) -> bool {
        masks(range).any(|(word, mask)| self.words.word(word).load(SeqCst) & mask != 0)
    }

    /// Clears the bits in `range` and hands those that were set, in order, to `found`.
    pub fn take(&self, range: Range<u64>, mut found: impl FnMut(u64)) {
        for (word, mask) in masks(range) {
            let bits = self.words.word(word);
            if bits.load(SeqCst) & mask != 0 {
                each(word, bits.fetch_and(!mask, SeqCst) & mask, &mut found);
            }
        }
    }

    /// Hands the bits of `range` that are set, in order, to `found`.
    pub fn each(&self, range: Range<u64>, mut found: impl FnMut(u64)) {
        for (word, mask) in masks(range) {
            each(word, self.words.word(word).load(SeqCst) & mask, &mut found);
        }
    }
}

/// The word of a bit, and the bit in it.
const fn one(bit: u64) -> (usize, u64) {
    ((bit / WORD) as usize, 1 << (bit % WORD))
}

/// The words that `range` touches, each with the mask of its bits in there.
fn masks(range: Range<u64>) -> impl Iterator<Item = (usize, u64)> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let left = range.end.checked_sub(start).filter(|&left| left > 0)?;
        let (word, first) = (start / WORD, start % WORD);
        let bits = left.min(WORD - first);
        start += bits;
        Some((word as usize, u64::MAX >> (WORD - bits) << first))
    })
}

fn each(word: usize, mut bits: u64, found: &mut impl FnMut(u64)) {
    while bits != 0 {
        found(word as u64 * WORD + u64::from(bits.trailing_zeros()));
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((0u64..300, 0u64..150, 0u8..3), 1..60)) {
            let bits = AtomicBits::new(450).expect("450 bits");
            let mut want = BTreeSet::new();
            for (start, length, step) in steps {
                let range = start..start + length;
                let inside: Vec<u64> = want.range(range.clone()).copied().collect();
                prop_assert_eq!(bits.any(range.clone()), !inside.is_empty());
                let mut got = Vec::new();
                match step {
                    0 => { bits.set(range.clone()); want.extend(range); continue; }
                    1 => bits.each(range, |bit| got.push(bit)),
                    _ => { bits.take(range.clone(), |bit| got.push(bit)); want.retain(|bit| !range.contains(bit)); }
                }
                prop_assert_eq!(got, inside);
            }
        }
    }

    #[test]
    fn one_bit_is_set_once() {
        let bits = AtomicBits::new(256).expect("256 bits");
        assert!(bits.set_one(100) && !bits.set_one(100) && bits.set_one(101));
        bits.clear_one(100);
        assert!(!bits.has(100) && bits.has(101) && bits.set_one(100));
    }
}
