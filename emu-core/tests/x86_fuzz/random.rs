//! A generator whose numbers follow from a case's number (SplitMix64).

#[derive(Clone, Copy)]
pub struct Random(u64);

impl Random {
    pub fn new(case: u64) -> Self {
        Self(case.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// A number that is often one that matters: small, a power of two, near the end of something, an address.
    pub fn number(&mut self) -> u64 {
        let any = self.next();
        match any >> 60 {
            0..4 => any & 0xFF,
            4..6 => 1_u64 << (any & 63),
            6..8 => (1_u64 << (any & 63)).wrapping_sub(any >> 8 & 15),
            8..12 => any & 0x3F_FFFF,
            12..14 => any & 0xFFFF_FFFF,
            _ => any,
        }
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}
