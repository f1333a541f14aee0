//! Random numbers that lean towards the interesting ones: edges of the range, runs of bits, near neighbours.

use crate::float::{Fields, Format};

/// How many random cases a test takes: `ANACHRON_FLOAT_CASES`, or `usual`.
pub fn cases(usual: u64) -> u64 {
    std::env::var("ANACHRON_FLOAT_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

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
        self.bits() % limit
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A pattern of 64 bits: random, a run, few bits, or near all zeros or ones.
    pub fn pattern(&mut self) -> u64 {
        let run = |at: u64| u64::MAX.checked_shr(at as u32).unwrap_or(0);
        match self.below(8) {
            0 => run(self.below(65)) ^ run(self.below(65)),
            1 => 1 << self.below(64) | 1 << self.below(64),
            2 => !(1 << self.below(64) | 1 << self.below(64)),
            3 => (self.below(8)).wrapping_sub(4),
            4 => self.bits() << self.below(64),
            _ => self.bits(),
        }
    }

    fn exponent<F: Format>(&mut self) -> u32 {
        let middle = F::BIAS as u32;
        let near = |center: u32, width: u64, r: &mut Self| {
            (u64::from(center) + r.below(2 * width + 1)).saturating_sub(width) as u32
        };
        let exponent = match self.below(8) {
            0 => near(0, 3, self),
            1 => near(F::SPECIAL, 3, self),
            2 => near(middle, 4, self),
            3 => near(middle, 70, self),
            4 => near(0, 70, self),
            5 => near(middle / 2, 70, self),
            6 => near(middle + middle / 2, 70, self),
            _ => self.bits() as u32,
        };
        if exponent > F::SPECIAL { exponent & F::SPECIAL } else { exponent }
    }

    /// Any encoding of the format; one in 32 of the extended ones has the wrong integer bit.
    pub fn number<F: Format>(&mut self) -> F {
        let biased = self.exponent::<F>();
        self.with_exponent(biased)
    }

    fn with_exponent<F: Format>(&mut self, biased: u32) -> F {
        let fraction = self.pattern() & (u64::MAX >> 1);
        let odd = self.one_in(32);
        let integer = u64::from((biased != 0) != odd) << 63;
        F::from_fields(Fields { negative: self.one_in(2), biased, significand: integer | fraction })
    }

    /// A number whose relation to `other` matters: of about its size, or its neighbour, or anything.
    pub fn partner<F: Format>(&mut self, other: F) -> F {
        let fields = other.fields();
        match self.below(8) {
            0 => other,
            1 => {
                let place = 1 << (64 - F::PRECISION);
                let significand = fields.significand.wrapping_add(place) | fields.significand & 1 << 63;
                F::from_fields(Fields { negative: self.one_in(2), significand, ..fields })
            }
            2..5 => {
                let biased = (u64::from(fields.biased) + self.below(140)).saturating_sub(70) as u32;
                self.with_exponent(biased.min(F::SPECIAL))
            }
            _ => self.number(),
        }
    }

    /// An x87 control word: any rounding and precision; nothing unmasked, or one, or anything.
    pub fn x87_control(&mut self) -> u16 {
        let masks = match self.below(4) {
            0 => 0x3F & !(1 << self.below(6)),
            1 => self.below(64) as u16,
            _ => 0x3F,
        };
        let precision = [0u16, 2, 3][self.below(3) as usize];
        let rounding = self.below(4) as u16;
        0x40 | masks | precision << 8 | rounding << 10
    }

    /// MXCSR with everything masked.
    pub fn masked_mxcsr(&mut self) -> u32 {
        let usual = 0x1F80 | (self.below(4) as u32) << 13;
        let zeros = if self.one_in(4) { self.below(4) as u32 } else { 0 };
        usual | (zeros & 1) << 15 | (zeros & 2) << 5
    }
}
