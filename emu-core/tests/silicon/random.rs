//! Random numbers that lean towards the interesting ones: runs of bits, edges, numbers of every floating-point format.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// 64 bits: random, a run, few bits, near all zeros or ones, or a floating-point number.
    pub fn pattern(&mut self) -> u64 {
        let run = |at: u64| u64::MAX.checked_shr(at as u32).unwrap_or(0);
        match self.below(12) {
            0 => run(self.below(65)) ^ run(self.below(65)),
            1 => 1 << self.below(64) | 1 << self.below(64),
            2 => !(1 << self.below(64) | 1 << self.below(64)),
            3 => self.below(8).wrapping_sub(4),
            4 => self.bits() << self.below(64),
            5 | 6 => self.float(11, 52),
            7 | 8 => self.float(8, 23) << 32 | self.float(8, 23),
            _ => self.bits(),
        }
    }

    /// A number with so many bits of exponent and fraction.
    fn float(&mut self, exponent_bits: u32, fraction_bits: u32) -> u64 {
        let special = (1 << exponent_bits) - 1;
        let exponent = self.exponent(special);
        let fraction = self.fraction() >> (64 - fraction_bits);
        (self.bits() & 1) << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction
    }

    fn exponent(&mut self, special: u64) -> u64 {
        let near = |center: u64, r: &mut Self| (center + r.below(7)).saturating_sub(3);
        let exponent = match self.below(8) {
            0 => near(0, self),
            1 => near(special, self),
            2 | 3 => near(special / 2, self),
            4 => special / 2 + self.below(70),
            _ => self.bits(),
        };
        if exponent > special { exponent & special } else { exponent }
    }

    /// The bits of a fraction, at the top.
    fn fraction(&mut self) -> u64 {
        match self.below(5) {
            0 => 0,
            1 => u64::MAX << self.below(64),
            2 => 1 << self.below(64),
            _ => self.bits(),
        }
    }

    /// An extended number of the x87: sign and exponent, significand; one in 32 has the wrong integer bit.
    pub fn extended(&mut self) -> (u16, u64) {
        let exponent = self.exponent(0x7FFF);
        let odd = self.one_in(32);
        let integer = u64::from((exponent != 0) != odd) << 63;
        ((self.bits() as u16 & 0x8000) | exponent as u16, integer | self.fraction() >> 1)
    }
}
