//! What a member may have or lack: instructions, bits of registers, bits of CPUID.
//!
//! Each fact about a feature is one row here: how the decoder's crate calls its instructions ([`of_instruction`]), where
//! CPUID shows it ([`CPUID_BITS`]), which bits of CR4 it brings ([`CR4_BITS`]).

use super::Generation;
use super::described::FEATURES;
use crate::cpu::x86::state::cr4;
use iced_x86::CpuidFeature;
use serde::{Deserialize, Serialize};

/// Named as in the Intel SDM (volume 2, CPUID) and, for AMD's, the AMD APM (volume 3, appendix E).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Feature {
    /// A coprocessor, on the chip or beside it.
    Fpu,
    /// CPUID itself, and the ID flag by which software finds it.
    Cpuid,
    /// Virtual-8086 extensions, and protected-mode virtual interrupts.
    Vme,
    DebugExtensions,
    Pse,
    Tsc,
    Msr,
    Pae,
    MachineCheckException,
    /// CMPXCHG8B.
    Cx8,
    Apic,
    Sep,
    Mtrr,
    /// Global pages.
    Pge,
    MachineCheck,
    Cmov,
    Pat,
    Pse36,
    Clflush,
    Mmx,
    Fxsr,
    Sse,
    Sse2,
    SelfSnoop,
    Sse3,
    Pclmulqdq,
    Monitor,
    Ssse3,
    Fma,
    /// CMPXCHG16B.
    Cx16,
    Pcid,
    Sse41,
    Sse42,
    Movbe,
    Popcnt,
    Aes,
    Xsave,
    Avx,
    F16c,
    Rdrand,
    FsGsBase,
    Bmi1,
    Avx2,
    Smep,
    Bmi2,
    /// Fast REP MOVSB and STOSB.
    Erms,
    Invpcid,
    Rdseed,
    Adx,
    Smap,
    ClflushOpt,
    Sha,
    Umip,
    Rdpid,
    XsaveOpt,
    XsaveC,
    /// XGETBV with ECX = 1.
    XgetbvEcx1,
    /// LAHF and SAHF in 64-bit mode.
    LahfLong,
    Lzcnt,
    Prefetchw,
    Syscall,
    Nx,
    /// AMD's additions to MMX, which SSE brings along.
    MmxExtensions,
    Page1Gb,
    Rdtscp,
    LongMode,
    ThreeDNowExtensions,
    ThreeDNow,
    /// A time-stamp counter that always runs at one rate.
    InvariantTsc,
    /// NOP with a ModR/M byte (0F 1F).
    LongNop,
    /// System management mode and RSM.
    Smm,
    /// RDPMC.
    PerformanceCounters,
}

/// A set of [`Feature`]s. Written down, it is a list of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Feature>", into = "Vec<Feature>")]
pub struct FeatureSet(u128);

impl From<Vec<Feature>> for FeatureSet {
    fn from(features: Vec<Feature>) -> Self {
        Self::of(&features)
    }
}

impl From<FeatureSet> for Vec<Feature> {
    fn from(set: FeatureSet) -> Self {
        FEATURES.iter().map(|row| row.feature).filter(|feature| set.has(*feature)).collect()
    }
}

impl FeatureSet {
    pub const EMPTY: Self = Self(0);

    pub const fn of(features: &[Feature]) -> Self {
        Self::EMPTY.with(features)
    }

    #[must_use]
    pub const fn with(self, features: &[Feature]) -> Self {
        let (mut set, mut i) = (self.0, 0);
        while i < features.len() {
            set |= 1 << features[i] as u8;
            i += 1;
        }
        Self(set)
    }

    #[must_use]
    pub const fn without(self, features: &[Feature]) -> Self {
        Self(self.0 & !Self::of(features).0)
    }

    /// How many they are.
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    pub const fn has(self, feature: Feature) -> bool {
        self.0 >> feature as u8 & 1 != 0
    }
}

/// What an instruction asks of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Since(Generation),
    Feature(Feature),
    /// No member modelled here has it.
    Nobody,
}

/// What the instructions of one of the decoder's groups ask for.
pub(super) fn of_instruction(group: CpuidFeature) -> Needs {
    use CpuidFeature as C;
    use Feature as F;
    Needs::Feature(match group {
        C::INTEL8086 => return Needs::Since(Generation::I8086),
        C::INTEL186 => return Needs::Since(Generation::I80186),
        C::INTEL286 | C::INTEL286_ONLY => return Needs::Since(Generation::I80286),
        C::INTEL386 | C::INTEL386_ONLY | C::UMOV => return Needs::Since(Generation::I80386),
        C::INTEL486 => return Needs::Since(Generation::I80486),
        C::X64 => F::LongMode,
        C::FPU | C::FPU287 | C::FPU387 => F::Fpu,
        C::CPUID => F::Cpuid,
        C::TSC => F::Tsc,
        C::MSR => F::Msr,
        C::CX8 => F::Cx8,
        C::SEP => F::Sep,
        C::CMOV => F::Cmov,
        C::CLFSH => F::Clflush,
        C::MMX => F::Mmx,
        C::FXSR => F::Fxsr,
        C::SSE => F::Sse,
        C::SSE2 | C::PAUSE => F::Sse2,
        C::SSE3 => F::Sse3,
        C::PCLMULQDQ => F::Pclmulqdq,
        C::MONITOR => F::Monitor,
        C::SSSE3 => F::Ssse3,
        C::FMA => F::Fma,
        C::CMPXCHG16B => F::Cx16,
        C::SSE4_1 => F::Sse41,
        C::SSE4_2 => F::Sse42,
        C::MOVBE => F::Movbe,
        C::POPCNT => F::Popcnt,
        C::AES => F::Aes,
        C::XSAVE => F::Xsave,
        C::XSAVEOPT => F::XsaveOpt,
        C::XSAVEC => F::XsaveC,
        C::AVX => F::Avx,
        C::AVX2 => F::Avx2,
        C::F16C => F::F16c,
        C::RDRAND => F::Rdrand,
        C::RDSEED => F::Rdseed,
        C::FSGSBASE => F::FsGsBase,
        C::BMI1 => F::Bmi1,
        C::BMI2 => F::Bmi2,
        C::INVPCID => F::Invpcid,
        C::ADX => F::Adx,
        C::SMAP => F::Smap,
        C::CLFLUSHOPT => F::ClflushOpt,
        C::SHA => F::Sha,
        C::RDPID => F::Rdpid,
        C::LZCNT => F::Lzcnt,
        C::PREFETCHW => F::Prefetchw,
        C::SYSCALL => F::Syscall,
        C::RDTSCP => F::Rdtscp,
        C::D3NOW => F::ThreeDNow,
        C::D3NOWEXT => F::ThreeDNowExtensions,
        // ENDBR is a NOP of those before it.
        C::MULTIBYTENOP | C::CET_IBT => F::LongNop,
        C::SMM => F::Smm,
        C::RDPMC => F::PerformanceCounters,
        _ => return Needs::Nobody,
    })
}

/// A register that CPUID fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    Eax,
    Ebx,
    Ecx,
    Edx,
}

impl Output {
    pub const ALL: [Self; 4] = [Self::Eax, Self::Ebx, Self::Ecx, Self::Edx];

    /// As manuals write it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Eax => "EAX",
            Self::Ebx => "EBX",
            Self::Ecx => "ECX",
            Self::Edx => "EDX",
        }
    }
}

/// Features that CPUID's answer to EAX = `leaf`, ECX = `subleaf` shows, each with its bit.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuidBits {
    pub leaf: u32,
    pub subleaf: u32,
    pub output: Output,
    pub bits: &'static [(Feature, u8)],
}

/// Where CPUID shows features.
pub(super) static CPUID_BITS: [CpuidBits; 8] = {
    use Feature as F;
    const fn row(leaf: u32, subleaf: u32, output: Output, bits: &'static [(Feature, u8)]) -> CpuidBits {
        CpuidBits { leaf, subleaf, output, bits }
    }
    [
        row(
            1,
            0,
            Output::Edx,
            &[
                (F::Fpu, 0),
                (F::Vme, 1),
                (F::DebugExtensions, 2),
                (F::Pse, 3),
                (F::Tsc, 4),
                (F::Msr, 5),
                (F::Pae, 6),
                (F::MachineCheckException, 7),
                (F::Cx8, 8),
                (F::Apic, 9),
                (F::Sep, 11),
                (F::Mtrr, 12),
                (F::Pge, 13),
                (F::MachineCheck, 14),
                (F::Cmov, 15),
                (F::Pat, 16),
                (F::Pse36, 17),
                (F::Clflush, 19),
                (F::Mmx, 23),
                (F::Fxsr, 24),
                (F::Sse, 25),
                (F::Sse2, 26),
                (F::SelfSnoop, 27),
            ],
        ),
        row(
            1,
            0,
            Output::Ecx,
            &[
                (F::Sse3, 0),
                (F::Pclmulqdq, 1),
                (F::Monitor, 3),
                (F::Ssse3, 9),
                (F::Fma, 12),
                (F::Cx16, 13),
                (F::Pcid, 17),
                (F::Sse41, 19),
                (F::Sse42, 20),
                (F::Movbe, 22),
                (F::Popcnt, 23),
                (F::Aes, 25),
                (F::Xsave, 26),
                (F::Avx, 28),
                (F::F16c, 29),
                (F::Rdrand, 30),
            ],
        ),
        row(
            7,
            0,
            Output::Ebx,
            &[
                (F::FsGsBase, 0),
                (F::Bmi1, 3),
                (F::Avx2, 5),
                (F::Smep, 7),
                (F::Bmi2, 8),
                (F::Erms, 9),
                (F::Invpcid, 10),
                (F::Rdseed, 18),
                (F::Adx, 19),
                (F::Smap, 20),
                (F::ClflushOpt, 23),
                (F::Sha, 29),
            ],
        ),
        row(7, 0, Output::Ecx, &[(F::Umip, 2), (F::Rdpid, 22)]),
        row(13, 1, Output::Eax, &[(F::XsaveOpt, 0), (F::XsaveC, 1), (F::XgetbvEcx1, 2)]),
        row(0x8000_0001, 0, Output::Ecx, &[(F::LahfLong, 0), (F::Lzcnt, 5), (F::Prefetchw, 8)]),
        row(
            0x8000_0001,
            0,
            Output::Edx,
            &[
                (F::Syscall, 11),
                (F::Nx, 20),
                (F::MmxExtensions, 22),
                (F::Page1Gb, 26),
                (F::Rdtscp, 27),
                (F::LongMode, 29),
                (F::ThreeDNowExtensions, 30),
                (F::ThreeDNow, 31),
            ],
        ),
        row(0x8000_0007, 0, Output::Edx, &[(F::InvariantTsc, 8)]),
    ]
};

/// Bits of CR4 that come with a feature (Intel SDM volume 3, 2.5).
pub(super) static CR4_BITS: [(Feature, u64); 16] = [
    (Feature::Vme, cr4::VME | cr4::PVI),
    (Feature::Tsc, cr4::TSD),
    (Feature::DebugExtensions, cr4::DE),
    (Feature::Pse, cr4::PSE),
    (Feature::Pae, cr4::PAE),
    (Feature::MachineCheckException, cr4::MCE),
    (Feature::Pge, cr4::PGE),
    (Feature::PerformanceCounters, cr4::PCE),
    (Feature::Fxsr, cr4::OSFXSR),
    (Feature::Sse, cr4::OSXMMEXCPT),
    (Feature::Umip, cr4::UMIP),
    (Feature::FsGsBase, cr4::FSGSBASE),
    (Feature::Pcid, cr4::PCIDE),
    (Feature::Xsave, cr4::OSXSAVE),
    (Feature::Smep, cr4::SMEP),
    (Feature::Smap, cr4::SMAP),
];
