//! CPUID's answers (Intel SDM volume 2; AMD APM volume 3, appendix E).

use super::feature::CPUID_BITS;
use super::{Feature, Model, Output, Vendor};
use crate::cpu::x86::state::xcr0;
use serde::{Deserialize, Serialize};

/// EAX, EBX, ECX and EDX.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuidLeaf {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
}

impl CpuidLeaf {
    /// A register of the answer.
    pub fn output(&mut self, output: Output) -> &mut u32 {
        match output {
            Output::Eax => &mut self.eax,
            Output::Ebx => &mut self.ebx,
            Output::Ecx => &mut self.ecx,
            Output::Edx => &mut self.edx,
        }
    }
}

/// A register of one of CPUID's answers, as a user has typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedAnswer {
    /// EAX before.
    pub leaf: u32,
    /// ECX before, where the leaf looks at it.
    #[serde(default)]
    pub subleaf: u32,
    pub output: Output,
    pub value: u32,
}

impl TypedAnswer {
    /// Puts it in, if it belongs to the answer.
    pub(super) fn put_in(self, answer: &mut CpuidLeaf, leaf: u32, subleaf: u32) {
        if self.leaf == leaf && (self.subleaf == subleaf || !has_subleaves(leaf)) {
            *answer.output(self.output) = self.value;
        }
    }
}

/// A cache as CPUID describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLeaf {
    pub level: u32,
    /// 1 data, 2 code, 3 both.
    pub kind: u32,
    pub kib: u32,
    pub ways: u32,
    /// Bytes.
    pub line: u32,
}

impl CacheLeaf {
    pub const fn data(kib: u32, ways: u32, line: u32) -> Self {
        Self { level: 1, kind: 1, kib, ways, line }
    }

    pub const fn code(kib: u32, ways: u32, line: u32) -> Self {
        Self { level: 1, kind: 2, kib, ways, line }
    }

    pub const fn unified(level: u32, kib: u32, ways: u32, line: u32) -> Self {
        Self { level, kind: 3, kib, ways, line }
    }

    /// As EAX = 4 has it, for one processor in its package.
    const fn deterministic(&self) -> CpuidLeaf {
        let sets = self.kib * 1024 / (self.ways * self.line);
        CpuidLeaf {
            eax: self.kind | self.level << 5 | 1 << 8,
            ebx: (self.line - 1) | (self.ways - 1) << 22,
            ecx: sets - 1,
            edx: 0,
        }
    }

    /// As AMD's EAX = 80000005h has it.
    const fn first_level(&self) -> u32 {
        self.kib << 24 | self.ways << 16 | 1 << 8 | self.line
    }

    /// As EAX = 80000006h has it.
    const fn second_level(&self) -> u32 {
        let ways = match self.ways {
            1 => 1,
            2 => 2,
            4 => 4,
            8 => 6,
            _ => 8,
        };
        self.kib << 16 | ways << 12 | 1 << 8 | self.line
    }
}

/// Bytes of XSAVE's image: with SSE's registers at the most, and what AVX adds (SDM volume 1, 13.4).
const XSAVE_BASE: u32 = 576;
const XSAVE_AVX: u32 = 256;

/// What EDX of EAX = 80000001h repeats of EAX = 1 on AMD's parts.
const REPEATED_BY_AMD: u32 = 0x0183_F3FF;

impl Model {
    /// What CPUID answers on a processor that has just been reset: no feature shows that the operating system has yet to
    /// turn on. Above the highest leaf the answer is that of the highest basic one.
    pub fn cpuid(&self, leaf: u32, subleaf: u32) -> CpuidLeaf {
        let extended = leaf >> 16 == 0x8000;
        let highest = if extended { self.highest_extended_leaf } else { self.highest_leaf };
        let leaf = if leaf > highest { self.highest_leaf } else { leaf };
        let mut answer = self.data_leaf(leaf, subleaf);
        self.typed_answers.iter().for_each(|typed| typed.put_in(&mut answer, leaf, subleaf));
        answer
    }

    /// What CPUID answers when registers have been turned on in XCR0: the length of XSAVE's image follows them.
    pub fn cpuid_with_state(&self, leaf: u32, subleaf: u32, enabled: u64) -> CpuidLeaf {
        let mut answer = self.cpuid(leaf, subleaf);
        if leaf == 13 && subleaf <= 1 && answer.ebx == XSAVE_BASE && enabled & xcr0::AVX != 0 {
            answer.ebx += XSAVE_AVX;
        }
        answer
    }

    fn data_leaf(&self, leaf: u32, subleaf: u32) -> CpuidLeaf {
        let mut answer = match leaf {
            0 => self.vendor_leaf(self.highest_leaf),
            1 => CpuidLeaf { eax: self.signature, ebx: (self.cache_line() / 8) << 8, ..CpuidLeaf::default() },
            2 => self.descriptor_leaf(),
            4 => self.cache_leaves.get(subleaf as usize).map(CacheLeaf::deterministic).unwrap_or_default(),
            // MONITOR works on lines of this many bytes.
            5 if self.offers(Feature::Monitor) => {
                CpuidLeaf { eax: self.cache_line(), ebx: self.cache_line(), ecx: 3, edx: 0 }
            }
            13 => self.state_leaf(subleaf),
            0x8000_0000 => self.extended_vendor_leaf(),
            0x8000_0001 if self.vendor == Vendor::Amd => {
                let repeated = self.feature_bits(1, 0, Output::Edx) & REPEATED_BY_AMD;
                CpuidLeaf { eax: self.signature + 0x100, edx: repeated, ..CpuidLeaf::default() }
            }
            0x8000_0002..=0x8000_0004 => self.brand_leaf(leaf - 0x8000_0002),
            0x8000_0005 if self.vendor == Vendor::Amd => self.first_level_leaf(),
            0x8000_0006 => {
                CpuidLeaf { ecx: self.cache_of(2, CacheLeaf::second_level), ..CpuidLeaf::default() }
            }
            0x8000_0008 => {
                CpuidLeaf { eax: self.address_bits | self.linear_bits << 8, ..CpuidLeaf::default() }
            }
            _ => CpuidLeaf::default(),
        };
        for output in Output::ALL {
            *answer.output(output) |= self.feature_bits(leaf, subleaf, output);
        }
        answer
    }

    fn feature_bits(&self, leaf: u32, subleaf: u32, output: Output) -> u32 {
        let row = CPUID_BITS
            .iter()
            .filter(|row| (row.leaf, row.output) == (leaf, output))
            .find(|row| row.subleaf == subleaf || !has_subleaves(leaf));
        let bits = row.map_or(&[][..], |row| row.bits);
        bits.iter().filter(|(feature, _)| self.offers(*feature)).fold(0, |word, (_, bit)| word | 1 << bit)
    }

    /// Bytes of the line that CLFLUSH flushes; 0 without it.
    fn cache_line(&self) -> u32 {
        if !self.offers(Feature::Clflush) {
            return 0;
        }
        self.cache_leaves.first().map_or(64, |cache| cache.line)
    }

    fn cache_of(&self, level: u32, as_word: fn(&CacheLeaf) -> u32) -> u32 {
        self.cache_leaves.iter().find(|cache| cache.level == level).map_or(0, as_word)
    }

    fn vendor_leaf(&self, highest: u32) -> CpuidLeaf {
        let name = match self.vendor {
            Vendor::Intel => b"GenuineIntel",
            Vendor::Amd => b"AuthenticAMD",
        };
        let [ebx, edx, ecx] = [0, 4, 8].map(|at| word_at(name, at));
        CpuidLeaf { eax: highest, ebx, ecx, edx }
    }

    /// AMD's extended leaf repeats the vendor, Intel's has nothing else.
    fn extended_vendor_leaf(&self) -> CpuidLeaf {
        let highest = self.highest_extended_leaf;
        match self.vendor {
            Vendor::Intel => CpuidLeaf { eax: highest, ..CpuidLeaf::default() },
            Vendor::Amd => self.vendor_leaf(highest),
        }
    }

    fn descriptor_leaf(&self) -> CpuidLeaf {
        let [eax, ebx, ecx, edx] = [0, 4, 8, 12].map(|at| word_at(&self.cache_descriptors, at));
        CpuidLeaf { eax, ebx, ecx, edx }
    }

    /// What XSAVE knows, and how long its image is.
    fn state_leaf(&self, subleaf: u32) -> CpuidLeaf {
        let (known, avx) = match (self.offers(Feature::Xsave), self.offers(Feature::Avx)) {
            (false, _) => return CpuidLeaf::default(),
            (true, false) => (xcr0::X87 | xcr0::SSE, 0),
            (true, true) => (xcr0::X87 | xcr0::SSE | xcr0::AVX, XSAVE_AVX),
        };
        match subleaf {
            0 => CpuidLeaf { eax: known as u32, ebx: XSAVE_BASE, ecx: XSAVE_BASE + avx, edx: 0 },
            1 if self.offers(Feature::XsaveC) => CpuidLeaf { ebx: XSAVE_BASE, ..CpuidLeaf::default() },
            2 if avx != 0 => CpuidLeaf { eax: avx, ebx: XSAVE_BASE, ..CpuidLeaf::default() },
            _ => CpuidLeaf::default(),
        }
    }

    fn brand_leaf(&self, third: u32) -> CpuidLeaf {
        let mut brand = [0; 48];
        let length = self.brand.len().min(47);
        brand[..length].copy_from_slice(&self.brand.as_bytes()[..length]);
        let start = third as usize * 16;
        let [eax, ebx, ecx, edx] = [0, 4, 8, 12].map(|at| word_at(&brand, start + at));
        CpuidLeaf { eax, ebx, ecx, edx }
    }

    fn first_level_leaf(&self) -> CpuidLeaf {
        let of_kind = |kind| {
            let cache = self.cache_leaves.iter().find(|cache| (cache.level, cache.kind) == (1, kind));
            cache.map_or(0, CacheLeaf::first_level)
        };
        // 128 entries for data and 64 for code, as on the K6-2 (20734, table 15).
        CpuidLeaf { eax: 0, ebx: 0x0280_0140, ecx: of_kind(1), edx: of_kind(2) }
    }
}

/// Whether the answer depends on ECX.
pub(super) fn has_subleaves(leaf: u32) -> bool {
    matches!(leaf, 4 | 7 | 11 | 13)
}

fn word_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].iter().take(4).rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::cpu::x86::state::xcr0;

    #[test]
    fn known_parts_answer_as_their_data_sheets_say() {
        // EAX = 1: signature and EDX, less what is not modelled.
        for (model, eax, edx) in [
            (&PENTIUM, 0x0525, 0x0000_03BF),
            (&PENTIUM_MMX, 0x0543, 0x0080_03BF),
            (&K6_2, 0x058C, 0x0080_21BF),
            (&PENTIUM_PRO, 0x0619, 0x0000_F3FF),
            (&PENTIUM_2, 0x0652, 0x0183_FBFF),
            (&PENTIUM_3, 0x0683, 0x0383_FBFF),
            (&PENTIUM_4, 0x0F43, 0x0F8B_FBFF),
        ] {
            let answer = model.cpuid(1, 0);
            assert_eq!((answer.eax, answer.edx), (eax, edx), "{}: {:#x}", model.name, answer.edx);
        }
        assert_eq!(K6_2.cpuid(0x8000_0001, 0).edx, 0x8080_29BF);
        assert_eq!(CORE_2.cpuid(1, 0).ecx, 0x0000_2209);
        assert_eq!(X86_64_V3.cpuid(7, 0).ebx, 0x0000_07A9);
    }

    #[test]
    fn a_leaf_above_the_highest_answers_like_the_highest() {
        assert_eq!(PENTIUM_PRO.cpuid(3, 0), PENTIUM_PRO.cpuid(2, 0));
        assert_eq!(PENTIUM.cpuid(0x8000_0000, 0), PENTIUM.cpuid(1, 0));
    }

    #[test]
    fn the_brand_comes_in_three_parts() {
        let words: Vec<u32> = (0x8000_0002..=0x8000_0004)
            .map(|leaf| CORE_2.cpuid(leaf, 0))
            .flat_map(|answer| [answer.eax, answer.ebx, answer.ecx, answer.edx])
            .collect();
        let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(bytes.strip_suffix(b"\0"), Some(CORE_2.brand.as_bytes()));
    }

    #[test]
    fn the_length_of_saved_state_follows_what_is_turned_on() {
        let (all, x87) = (xcr0::X87 | xcr0::SSE | xcr0::AVX, xcr0::X87);
        assert_eq!(X86_64_V3.cpuid_with_state(13, 0, x87), CpuidLeaf { eax: 7, ebx: 576, ecx: 832, edx: 0 });
        assert_eq!(X86_64_V3.cpuid_with_state(13, 0, all).ebx, 832);
        assert_eq!(X86_64_V3.cpuid(13, 2), CpuidLeaf { eax: 256, ebx: 576, ecx: 0, edx: 0 });
        assert_eq!(X86_64_V3.cpuid_with_state(13, 1, all), CpuidLeaf { eax: 1, ..CpuidLeaf::default() });
        assert_eq!(EVERYTHING.cpuid_with_state(13, 1, all), CpuidLeaf { eax: 7, ebx: 832, ecx: 0, edx: 0 });
    }

    #[test]
    fn names_find_their_members() {
        for name in ["80286", "386sx", "486dx2", "k6-2", "pentium4", "x86-64-v3"] {
            assert_eq!(Model::by_name(name).map(|model| model.name), Some(name));
        }
        assert_eq!(Model::by_name("z80"), None);
    }

    #[test]
    fn caches_come_from_presets_that_exist() {
        let presets = crate::cache::presets::presets();
        for model in MODELS {
            assert!(presets.iter().any(|preset| preset.name == model.caches), "{}", model.name);
        }
    }
}
