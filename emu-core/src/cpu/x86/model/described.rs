//! The features in words, and what each builds on: for a member that a user puts together.

use super::Feature;

/// A kind of features, as a list of them is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    System,
    Memory,
    Integer,
    FloatingPoint,
    Vectors,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::System, Self::Memory, Self::Integer, Self::FloatingPoint, Self::Vectors];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Memory => "Paging and protection",
            Self::Integer => "Integer instructions",
            Self::FloatingPoint => "Floating point and MMX",
            Self::Vectors => "SSE and AVX",
        }
    }
}

/// A feature in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub feature: Feature,
    pub kind: Kind,
    /// As manuals write it.
    pub label: &'static str,
    /// What it brings, in a line.
    pub help: &'static str,
    /// What it makes no sense without.
    pub needs: &'static [Feature],
}

impl Feature {
    /// The feature in words.
    pub fn described(self) -> &'static Described {
        &FEATURES[self as usize]
    }

    /// Those that name it among their needs.
    pub fn above(self) -> impl Iterator<Item = Self> {
        FEATURES.iter().filter(move |row| row.needs.contains(&self)).map(|row| row.feature)
    }
}

const fn row(
    feature: Feature,
    kind: Kind,
    label: &'static str,
    help: &'static str,
    needs: &'static [Feature],
) -> Described {
    Described { feature, kind, label, help, needs }
}

/// All features, in the order of the enumeration.
#[rustfmt::skip]
pub static FEATURES: [Described; 72] = {
    use Feature as F;
    use Kind::{FloatingPoint as Float, Integer, Memory, System, Vectors};
    [
        row(F::Fpu, Float, "x87", "The coprocessor", &[]),
        row(F::Cpuid, System, "CPUID", "The instruction by which software finds all others", &[]),
        row(F::Vme, System, "VME", "Virtual-8086 mode with an interrupt flag of its own", &[]),
        row(F::DebugExtensions, System, "DE", "Breakpoints at ports", &[]),
        row(F::Pse, Memory, "PSE", "Pages of 4 MB", &[]),
        row(F::Tsc, System, "TSC", "A counter of clock cycles", &[]),
        row(F::Msr, System, "MSR", "Model-specific registers", &[]),
        row(F::Pae, Memory, "PAE", "Physical addresses of more than 32 bits", &[]),
        row(F::MachineCheckException, System, "MCE", "The machine check's exception", &[]),
        row(F::Cx8, Integer, "CMPXCHG8B", "An exchange of 8 bytes at once", &[]),
        row(F::Apic, System, "APIC", "A local interrupt controller is announced", &[F::Msr]),
        row(F::Sep, System, "SYSENTER", "Intel's quick way into the system", &[F::Msr]),
        row(F::Mtrr, Memory, "MTRR", "Memory types by range", &[F::Msr]),
        row(F::Pge, Memory, "PGE", "Pages that stay in the TLB", &[]),
        row(F::MachineCheck, System, "MCA", "The machine check's registers", &[F::MachineCheckException, F::Msr]),
        row(F::Cmov, Integer, "CMOV", "Moves on a condition", &[]),
        row(F::Pat, Memory, "PAT", "Memory types by page", &[F::Msr]),
        row(F::Pse36, Memory, "PSE-36", "Large pages beyond 4 GB", &[F::Pse]),
        row(F::Clflush, Memory, "CLFLUSH", "A cache line is written back", &[]),
        row(F::Mmx, Float, "MMX", "Integers side by side in the coprocessor's registers", &[F::Fpu]),
        row(F::Fxsr, Float, "FXSAVE", "All floating-point state is saved at once", &[F::Fpu]),
        row(F::Sse, Vectors, "SSE", "Four floats at once", &[F::Fxsr]),
        row(F::Sse2, Vectors, "SSE2", "Two doubles, or 16 bytes, at once", &[F::Sse]),
        row(F::SelfSnoop, Memory, "SS", "The processor watches its own accesses", &[]),
        row(F::Sse3, Vectors, "SSE3", "Sums across a register", &[F::Sse2]),
        row(F::Pclmulqdq, Vectors, "PCLMULQDQ", "Multiplication without carries", &[F::Sse2]),
        row(F::Monitor, System, "MONITOR", "Sleep until memory is written", &[]),
        row(F::Ssse3, Vectors, "SSSE3", "Shuffles of bytes", &[F::Sse3]),
        row(F::Fma, Vectors, "FMA", "Multiply and add with one rounding", &[F::Avx]),
        row(F::Cx16, Integer, "CMPXCHG16B", "An exchange of 16 bytes at once", &[F::LongMode]),
        row(F::Pcid, Memory, "PCID", "Address spaces side by side in the TLB", &[F::LongMode]),
        row(F::Sse41, Vectors, "SSE4.1", "Blends, roundings, scalar products", &[F::Ssse3]),
        row(F::Sse42, Vectors, "SSE4.2", "Searches in strings, CRC32", &[F::Sse41]),
        row(F::Movbe, Integer, "MOVBE", "Moves that turn the bytes around", &[]),
        row(F::Popcnt, Integer, "POPCNT", "Counts ones", &[]),
        row(F::Aes, Vectors, "AES", "Rounds of the Advanced Encryption Standard", &[F::Sse2]),
        row(F::Xsave, Vectors, "XSAVE", "All vector state is saved at once", &[F::Fxsr]),
        row(F::Avx, Vectors, "AVX", "Eight floats at once, three operands", &[F::Xsave, F::Sse42]),
        row(F::F16c, Vectors, "F16C", "Floats of 16 bits", &[F::Avx]),
        row(F::Rdrand, Integer, "RDRAND", "Random numbers", &[]),
        row(F::FsGsBase, System, "FSGSBASE", "The bases of FS and GS by instructions of their own", &[F::LongMode]),
        row(F::Bmi1, Integer, "BMI1", "Bits are found and taken out", &[]),
        row(F::Avx2, Vectors, "AVX2", "32 bytes at once", &[F::Avx]),
        row(F::Smep, Memory, "SMEP", "The system executes no page of a program", &[]),
        row(F::Bmi2, Integer, "BMI2", "Bits are gathered and spread", &[]),
        row(F::Erms, Integer, "ERMS", "REP MOVSB and STOSB are announced as fast", &[]),
        row(F::Invpcid, Memory, "INVPCID", "The TLB forgets by address space", &[F::Pcid]),
        row(F::Rdseed, Integer, "RDSEED", "Seeds for random numbers", &[]),
        row(F::Adx, Integer, "ADX", "Additions with two chains of carries", &[]),
        row(F::Smap, Memory, "SMAP", "The system reads no page of a program unless it says so", &[]),
        row(F::ClflushOpt, Memory, "CLFLUSHOPT", "A cache line is written back, out of order", &[F::Clflush]),
        row(F::Sha, Vectors, "SHA", "Rounds of SHA-1 and SHA-256", &[F::Ssse3]),
        row(F::Umip, Memory, "UMIP", "Programs do not see the system's tables", &[]),
        row(F::Rdpid, Integer, "RDPID", "The processor's number", &[F::Rdtscp]),
        row(F::XsaveOpt, Vectors, "XSAVEOPT", "XSAVE that leaves out what is as it was", &[F::Xsave]),
        row(F::XsaveC, Vectors, "XSAVEC", "XSAVE in a compact form", &[F::Xsave]),
        row(F::XgetbvEcx1, Vectors, "XGETBV 1", "Which vector state is in use", &[F::Xsave]),
        row(F::LahfLong, Integer, "LAHF in 64-bit mode", "LAHF and SAHF there, too", &[F::LongMode]),
        row(F::Lzcnt, Integer, "LZCNT", "Counts leading zeros", &[]),
        row(F::Prefetchw, Memory, "PREFETCHW", "Fetches a cache line to be written", &[]),
        row(F::Syscall, System, "SYSCALL", "AMD's quick way into the system", &[F::Msr]),
        row(F::Nx, Memory, "NX", "Pages without code", &[F::Pae, F::Msr]),
        row(F::MmxExtensions, Float, "MMX extensions", "AMD's additions to MMX", &[F::Mmx]),
        row(F::Page1Gb, Memory, "1 GB pages", "Pages of 1 GB", &[F::LongMode]),
        row(F::Rdtscp, System, "RDTSCP", "The time stamp with the processor's number", &[F::Tsc]),
        row(F::LongMode, System, "Long mode", "64 bits", &[F::Pae, F::Msr, F::Syscall, F::Cx8, F::Cmov, F::Sse2]),
        row(F::ThreeDNowExtensions, Float, "3DNow! extensions", "AMD's additions to 3DNow!", &[F::ThreeDNow]),
        row(F::ThreeDNow, Float, "3DNow!", "Two floats in an MMX register", &[F::Mmx]),
        row(F::InvariantTsc, System, "Invariant TSC", "The counter always runs at one rate", &[F::Tsc]),
        row(F::LongNop, Integer, "Long NOP", "NOP with an operand", &[]),
        row(F::Smm, System, "SMM", "System management mode", &[]),
        row(F::PerformanceCounters, System, "RDPMC", "Performance counters can be read", &[F::Msr]),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::x86::model::MODELS;

    #[test]
    fn each_feature_has_its_row() {
        for (at, row) in FEATURES.iter().enumerate() {
            assert_eq!(row.feature as usize, at, "{row:?}");
        }
        assert_eq!(FEATURES.len(), Feature::PerformanceCounters as usize + 1);
    }

    #[test]
    fn labels_are_told_apart() {
        let mut labels: Vec<&str> = FEATURES.iter().map(|row| row.label).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), FEATURES.len());
    }

    #[test]
    fn real_members_have_what_their_features_need() {
        for model in MODELS {
            for row in FEATURES.iter().filter(|row| model.offers(row.feature)) {
                for need in row.needs {
                    assert!(model.offers(*need), "{}: {:?} needs {need:?}", model.name, row.feature);
                }
            }
        }
    }
}
