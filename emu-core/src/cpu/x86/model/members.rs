//! The members.
//!
//! Signatures, features and cache descriptors are those of one stepping each, from Intel's AP-485 (241618), AMD's 20734
//! and 21621, and the parts' specification updates; what is not modelled (thermal monitors, debug stores, hyper-threading)
//! is left out of them.

use super::{CacheLeaf, Feature as F, FeatureSet, Generation, Model, Vendor};
use crate::cpu::x86::state::cr0;

/// All members that this core models, oldest first.
pub static MODELS: [&Model; 19] = [
    &I8086,
    &I80186,
    &I80286,
    &I80386SX,
    &I80386DX,
    &I486SX,
    &I486DX,
    &I486DX2,
    &PENTIUM,
    &PENTIUM_MMX,
    &K6_2,
    &PENTIUM_PRO,
    &PENTIUM_2,
    &PENTIUM_3,
    &PENTIUM_4,
    &CORE_2,
    &X86_64_V2,
    &X86_64_V3,
    &EVERYTHING,
];

/// Data sheet 231455. [`crate::cpu::x86::i8086`] is the one whose bus cycles are exact.
pub static I8086: Model = Model {
    name: "8086",
    title: "Intel 8086",
    generation: Generation::I8086,
    address_bits: 20,
    linear_bits: 20,
    longest_instruction: 15,
    reset_cr0: 0,
    clocks_per_instruction: 15,
    ..I80286
};

/// Data sheet 210451, without what the chip integrates.
pub static I80186: Model = Model {
    name: "80186",
    title: "Intel 80186",
    generation: Generation::I80186,
    clocks_per_instruction: 10,
    ..I8086
};

/// Data sheet 210253.
pub static I80286: Model = Model {
    name: "80286",
    title: "Intel 80286",
    vendor: Vendor::Intel,
    generation: Generation::I80286,
    features: FeatureSet::EMPTY,
    signature: 0,
    brand: "",
    highest_leaf: 0,
    highest_extended_leaf: 0,
    typed_answers: &[],
    cache_descriptors: [0; 16],
    cache_leaves: &[],
    caches: "No caches",
    address_bits: 24,
    linear_bits: 24,
    longest_instruction: 10,
    reset_cr0: 0xFFF0,
    clock_hz: 8_000_000,
    clocks_per_instruction: 5,
};

/// Data sheet 240187: the 80386 with 16 data lines and 24 address lines.
pub static I80386SX: Model = Model {
    name: "386sx",
    title: "Intel 80386SX",
    signature: 0x2308,
    address_bits: 24,
    caches: "No caches",
    clock_hz: 16_000_000,
    clocks_per_instruction: 6,
    ..I80386DX
};

/// Data sheet 231630.
pub static I80386DX: Model = Model {
    name: "386dx",
    title: "Intel 80386DX",
    generation: Generation::I80386,
    signature: 0x0308,
    caches: "386 board cache (82385)",
    address_bits: 32,
    linear_bits: 32,
    longest_instruction: 15,
    reset_cr0: cr0::ET,
    clock_hz: 33_000_000,
    ..I80286
};

/// Data sheet 240950: the 80486 without its floating-point unit.
pub static I486SX: Model =
    Model { name: "486sx", title: "Intel 486SX", features: FeatureSet::EMPTY, signature: 0x0422, ..I486DX };

/// Data sheet 240440.
pub static I486DX: Model = Model {
    name: "486dx",
    title: "Intel 486DX",
    generation: Generation::I80486,
    features: FeatureSet::of(&[F::Fpu]),
    signature: 0x0404,
    caches: "486DX",
    reset_cr0: cr0::ET | cr0::CD | cr0::NW,
    clocks_per_instruction: 2,
    ..I80386DX
};

/// Data sheet 241245, the SL-enhanced part, which has CPUID.
pub static I486DX2: Model = Model {
    name: "486dx2",
    title: "Intel 486DX2",
    features: FeatureSet::of(&[F::Fpu, F::Cpuid, F::Vme, F::Smm]),
    signature: 0x0435,
    highest_leaf: 1,
    caches: "486DX2 with board cache",
    clock_hz: 66_000_000,
    ..I486DX
};

/// Developer's manual 241428; a P54C of step B5.
pub static PENTIUM: Model = Model {
    name: "pentium",
    title: "Intel Pentium",
    generation: Generation::P5,
    features: I486DX2.features.with(&[
        F::DebugExtensions,
        F::Pse,
        F::Tsc,
        F::Msr,
        F::MachineCheckException,
        F::Cx8,
        F::Apic,
    ]),
    signature: 0x0525,
    caches: "Pentium",
    clock_hz: 133_000_000,
    clocks_per_instruction: 1,
    ..I486DX2
};

/// Developer's manual 241428; a P55C.
pub static PENTIUM_MMX: Model = Model {
    name: "pentium-mmx",
    title: "Intel Pentium MMX",
    features: PENTIUM.features.with(&[F::Mmx, F::PerformanceCounters]),
    signature: 0x0543,
    clock_hz: 233_000_000,
    ..PENTIUM
};

/// Data sheet 21850; a model 8 of stepping C.
pub static K6_2: Model = Model {
    name: "k6-2",
    title: "AMD K6-2",
    vendor: Vendor::Amd,
    features: PENTIUM.features.without(&[F::Apic]).with(&[
        F::Mmx,
        F::Pge,
        F::Syscall,
        F::ThreeDNow,
        F::Prefetchw,
    ]),
    signature: 0x058C,
    brand: "AMD-K6(tm) 3D processor",
    highest_extended_leaf: 0x8000_0005,
    cache_leaves: &[CacheLeaf::code(32, 2, 32), CacheLeaf::data(32, 2, 32)],
    caches: "K6-2",
    clock_hz: 350_000_000,
    ..PENTIUM
};

const P6: FeatureSet = PENTIUM.features.with(&[
    F::Pae,
    F::Mtrr,
    F::Pge,
    F::MachineCheck,
    F::Cmov,
    F::LongNop,
    F::PerformanceCounters,
]);

/// Developer's manual 242690; step sB1.
pub static PENTIUM_PRO: Model = Model {
    name: "pentium-pro",
    title: "Intel Pentium Pro",
    generation: Generation::P6,
    features: P6,
    signature: 0x0619,
    highest_leaf: 2,
    cache_descriptors: descriptors([0x01, 0x03, 0x02, 0x42, 0x0A, 0x06, 0x04]),
    caches: "Pentium II",
    address_bits: 36,
    clock_hz: 200_000_000,
    ..PENTIUM
};

/// Data sheet 243657; step dB0.
pub static PENTIUM_2: Model = Model {
    name: "pentium2",
    title: "Intel Pentium II",
    features: P6.with(&[F::Mmx, F::Sep, F::Pat, F::Pse36, F::Fxsr]),
    signature: 0x0652,
    cache_descriptors: descriptors([0x01, 0x03, 0x02, 0x43, 0x0C, 0x08, 0x04]),
    clock_hz: 350_000_000,
    ..PENTIUM_PRO
};

/// Data sheet 245264; step cB0.
pub static PENTIUM_3: Model = Model {
    name: "pentium3",
    title: "Intel Pentium III",
    features: PENTIUM_2.features.with(&[F::Sse]),
    signature: 0x0683,
    cache_descriptors: descriptors([0x01, 0x03, 0x02, 0x82, 0x0C, 0x08, 0x04]),
    clock_hz: 800_000_000,
    ..PENTIUM_2
};

/// Data sheet 302351; step N0, with Intel 64.
pub static PENTIUM_4: Model = Model {
    name: "pentium4",
    title: "Intel Pentium 4 (Intel 64)",
    features: PENTIUM_3.features.with(&[
        F::Clflush,
        F::Sse2,
        F::SelfSnoop,
        F::Sse3,
        F::Monitor,
        F::Cx16,
        F::Syscall,
        F::Nx,
        F::LongMode,
    ]),
    signature: 0x0F43,
    brand: "              Intel(R) Pentium(R) 4 CPU 3.00GHz",
    highest_leaf: 5,
    highest_extended_leaf: 0x8000_0008,
    cache_descriptors: descriptors([0x01, 0x5B, 0x50, 0x60, 0x40, 0x70, 0x7C]),
    cache_leaves: &[CacheLeaf::data(16, 8, 64), CacheLeaf::unified(2, 1024, 8, 64)],
    caches: "Core 2",
    linear_bits: 48,
    clock_hz: 3_000_000_000,
    ..PENTIUM_3
};

/// Data sheet 313278; step G0.
pub static CORE_2: Model = Model {
    name: "core2",
    title: "Intel Core 2 Duo",
    features: PENTIUM_4.features.with(&[F::Ssse3, F::LahfLong, F::InvariantTsc]),
    signature: 0x06FB,
    brand: "Intel(R) Core(TM)2 Duo CPU     E6550  @ 2.33GHz",
    highest_leaf: 10,
    cache_descriptors: descriptors([0x01, 0xB1, 0xB0, 0x05, 0xF0, 0x57, 0x56]),
    cache_leaves: &[
        CacheLeaf::data(32, 8, 64),
        CacheLeaf::code(32, 8, 64),
        CacheLeaf::unified(2, 4096, 16, 64),
    ],
    clock_hz: 2_333_000_000,
    ..PENTIUM_4
};

/// The generation of the psABI's level 2, as a Core i7 of 2008 (data sheet 320834).
pub static X86_64_V2: Model = Model {
    name: "x86-64-v2",
    title: "x86-64-v2 (Core i7, 2008)",
    features: CORE_2.features.with(&[F::Sse41, F::Sse42, F::Popcnt, F::Rdtscp]),
    signature: 0x0001_06A5,
    brand: "Intel(R) Core(TM) i7 CPU         920  @ 2.67GHz",
    highest_leaf: 11,
    cache_descriptors: descriptors([0x01, 0x5A, 0x03, 0x55, 0xE4, 0xB2, 0xF0]),
    cache_leaves: &[
        CacheLeaf::data(32, 8, 64),
        CacheLeaf::code(32, 4, 64),
        CacheLeaf::unified(2, 256, 8, 64),
        CacheLeaf::unified(3, 8192, 16, 64),
    ],
    caches: "Core i7 (Nehalem)",
    clock_hz: 2_667_000_000,
    ..CORE_2
};

/// The generation of the psABI's level 3, as a Core i7 of 2013 (data sheet 328897).
pub static X86_64_V3: Model = Model {
    name: "x86-64-v3",
    title: "x86-64-v3 (Core i7, 2013)",
    features: X86_64_V2.features.with(&[
        F::Pclmulqdq,
        F::Fma,
        F::Pcid,
        F::Movbe,
        F::Aes,
        F::Xsave,
        F::XsaveOpt,
        F::Avx,
        F::F16c,
        F::Rdrand,
        F::FsGsBase,
        F::Bmi1,
        F::Avx2,
        F::Smep,
        F::Bmi2,
        F::Erms,
        F::Invpcid,
        F::Lzcnt,
        F::Page1Gb,
    ]),
    signature: 0x0003_06C3,
    brand: "Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz",
    highest_leaf: 13,
    cache_descriptors: descriptors([0x01, 0xFF, 0xB5, 0xF0, 0xC1, 0x63, 0x76]),
    address_bits: 39,
    clock_hz: 3_400_000_000,
    ..X86_64_V2
};

/// What a custom member may be given: every feature that there is.
pub static EVERYTHING: Model = Model {
    name: "max",
    title: "Every feature",
    features: X86_64_V3.features.with(&[
        F::Rdseed,
        F::Adx,
        F::Smap,
        F::ClflushOpt,
        F::Sha,
        F::Umip,
        F::Rdpid,
        F::XsaveC,
        F::XgetbvEcx1,
        F::Prefetchw,
        F::MmxExtensions,
        F::ThreeDNow,
        F::ThreeDNowExtensions,
    ]),
    ..X86_64_V3
};

/// Descriptors as the part lists them, the number of times that CPUID must be asked first, and nothing behind.
const fn descriptors<const N: usize>(list: [u8; N]) -> [u8; 16] {
    let mut all = [0; 16];
    let mut i = 0;
    while i < N {
        all[i] = list[i];
        i += 1;
    }
    all
}
