//! What the members differ in, as data.

mod cpuid;
mod custom;
mod described;
mod feature;
mod members;

use super::checked::vector;
use super::flags::system;
use super::state::{cr0, efer};
pub use cpuid::{CacheLeaf, CpuidLeaf, TypedAnswer};
pub use custom::{CustomModel, Gap, ListedLeaf};
pub use described::{Described, FEATURES, Kind};
use feature::Needs;
pub use feature::{Feature, FeatureSet, Output};
use iced_x86::{CpuidFeature, DecoderOptions};
pub use members::*;
use serde::{Deserialize, Serialize};

/// The generations, each of which has what those before it have. What came later than the 80486 is a [`Feature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    I8086,
    I80186,
    I80286,
    I80386,
    I80486,
    /// The Pentium and the K6.
    P5,
    /// The Pentium Pro and everything after it.
    P6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vendor {
    Intel,
    Amd,
}

/// A member of the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// As the command line has it.
    pub name: &'static str,
    pub title: &'static str,
    pub vendor: Vendor,
    pub generation: Generation,
    pub features: FeatureSet,
    /// Family, model and stepping: (E)DX after RESET, and CPUID's. Zero on members that say nothing.
    pub signature: u32,
    /// CPUID's 48 characters; empty on members that have none.
    pub brand: &'static str,
    /// The highest basic and extended leaves of CPUID.
    pub highest_leaf: u32,
    pub highest_extended_leaf: u32,
    /// What CPUID answers in place of what follows from the rest; none on real members.
    pub typed_answers: &'static [TypedAnswer],
    /// CPUID's descriptors of caches and TLBs (EAX = 2), the low byte of EAX first.
    pub cache_descriptors: [u8; 16],
    /// CPUID's caches (EAX = 4, 80000005h, 80000006h).
    pub cache_leaves: &'static [CacheLeaf],
    /// The cache model's preset that comes closest ([`crate::cache::presets`]).
    pub caches: &'static str,
    /// Address lines.
    pub address_bits: u32,
    /// Bits of a linear address.
    pub linear_bits: u32,
    /// The longest instruction, prefixes included; a longer one is invalid.
    pub longest_instruction: usize,
    /// CR0 (on the 80286, the machine status word) after RESET.
    pub reset_cr0: u64,
    /// The usual clock rate.
    pub clock_hz: u64,
    /// Clock cycles that an instruction takes on the average, memory accesses without wait states included. Engines for
    /// these members count time by it.
    pub clocks_per_instruction: u64,
}

impl Model {
    /// The member that the command line calls `name`.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        MODELS.into_iter().find(|model| model.name == name)
    }

    pub const fn address_mask(&self) -> u64 {
        (1 << self.address_bits) - 1
    }

    /// Whether this member has a feature.
    #[inline(always)]
    pub const fn offers(&self, feature: Feature) -> bool {
        self.features.has(feature)
    }

    /// Whether this member has the instructions of one of the decoder's groups.
    pub fn has(&self, group: CpuidFeature) -> bool {
        match feature::of_instruction(group) {
            Needs::Since(generation) => self.generation >= generation,
            Needs::Feature(feature) => self.offers(feature),
            Needs::Nobody => false,
        }
    }

    /// How the decoder must read what later members have given another meaning.
    pub fn decoder_options(&self) -> u32 {
        let unless = |feature, option| if self.offers(feature) { 0 } else { option };
        let of_vendor = if self.vendor == Vendor::Amd { DecoderOptions::AMD } else { 0 };
        // Later instructions have taken their opcodes; a custom 80386 may have those.
        let umov = unless(Feature::Sse, DecoderOptions::UMOV);
        let loadall = unless(Feature::Syscall, DecoderOptions::LOADALL386);
        let of_generation = match self.generation {
            Generation::I80286 => DecoderOptions::LOADALL286,
            Generation::I80386 => DecoderOptions::MOV_TR | umov | loadall,
            Generation::I80486 => DecoderOptions::MOV_TR | umov,
            _ => 0,
        };
        of_vendor
            | of_generation
            | unless(Feature::Sse2, DecoderOptions::NO_PAUSE)
            | unless(Feature::Bmi1, DecoderOptions::NO_MPFX_0FBC)
            | unless(Feature::Lzcnt, DecoderOptions::NO_MPFX_0FBD)
            | unless(Feature::LahfLong, DecoderOptions::NO_LAHF_SAHF_64)
    }

    /// The bits of EFLAGS that exist.
    pub const fn flag_bits(&self) -> u64 {
        let of_generation = match self.generation {
            Generation::I8086 | Generation::I80186 => 0x0FD5,
            Generation::I80286 => 0x7FD5,
            Generation::I80386 => 0x7FD5 | system::RF | system::VM,
            _ => 0x7FD5 | system::RF | system::VM | system::AC,
        };
        let virtual_interrupts = if self.offers(Feature::Vme) { system::VIF | system::VIP } else { 0 };
        let id = if self.offers(Feature::Cpuid) { system::ID } else { 0 };
        of_generation | virtual_interrupts | id
    }

    /// The bits of FLAGS that real mode can set: the 80286 holds IOPL and NT at zero.
    pub const fn real_mode_flags(&self) -> u64 {
        match self.generation {
            Generation::I80286 => 0x0FD5,
            _ => self.flag_bits() & !(system::RF | system::VM | system::VIF | system::VIP),
        }
    }

    /// The bits of FLAGS that always read as ones.
    pub const fn fixed_flags(&self) -> u64 {
        if self.is_before_protection() { 0xF000 | system::FIXED } else { system::FIXED }
    }

    /// The 8086 and the 80186: offsets wrap around in their segment, where the later ones have an exception; PUSH SP pushes
    /// what SP has become; a divide error's handler returns behind the division; code begins at FFFF:0000 after RESET.
    pub const fn is_before_protection(&self) -> bool {
        matches!(self.generation, Generation::I8086 | Generation::I80186)
    }

    /// The bits of CR0 that can be written.
    pub const fn cr0_bits(&self) -> u64 {
        let machine_status = cr0::PE | cr0::MP | cr0::EM | cr0::TS;
        match self.generation {
            Generation::I8086 | Generation::I80186 => 0,
            Generation::I80286 => machine_status,
            Generation::I80386 => machine_status | cr0::PG,
            _ => machine_status | cr0::PG | cr0::NE | cr0::WP | cr0::AM | cr0::NW | cr0::CD,
        }
    }

    /// The bits of CR4 that exist; none on members that have no CR4.
    pub fn cr4_bits(&self) -> u64 {
        feature::CR4_BITS.iter().filter(|(feature, _)| self.offers(*feature)).map(|(_, bits)| bits).sum()
    }

    pub fn has_cr4(&self) -> bool {
        self.cr4_bits() != 0
    }

    /// The bits of EFER that exist; none on members that have no EFER.
    pub const fn efer_bits(&self) -> u64 {
        let syscall = if self.offers(Feature::Syscall) { efer::SCE } else { 0 };
        let long = if self.offers(Feature::LongMode) { efer::LME | efer::LMA } else { 0 };
        let no_execute = if self.offers(Feature::Nx) { efer::NXE } else { 0 };
        syscall | long | no_execute
    }

    /// The exception of an access that the stack segment does not admit in real mode: the 80286 has one for all
    /// segments (programmer's reference manual 210498, table 5-2).
    pub const fn real_mode_stack_fault(&self) -> u8 {
        match self.generation {
            Generation::I80286 => vector::GENERAL_PROTECTION,
            _ => vector::STACK,
        }
    }

    /// Whether LOCK is invalid before what cannot be locked; the 80286 takes it before anything.
    pub fn checks_lock(&self) -> bool {
        self.generation >= Generation::I80386
    }

    /// How many segment registers there are.
    pub const fn segment_registers(&self) -> u8 {
        match self.generation {
            Generation::I8086 | Generation::I80186 | Generation::I80286 => 4,
            _ => 6,
        }
    }

    /// Whether a prefix byte is none to this member, and no instruction either.
    pub const fn lacks_prefix(&self, byte: u8) -> bool {
        self.segment_registers() == 4 && matches!(byte, 0x64..=0x67)
    }
}
