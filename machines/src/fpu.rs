//! The ways to compute with floating-point numbers, as a user chooses among them.

use crate::boards::CpuModel;
use crate::profile::CpuProfile;
use emu_core::cpu::FpuMode;
use emu_core::cpu::x86::model::{CustomModel, Feature};

/// A way in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FpuKind {
    pub mode: FpuMode,
    pub label: &'static str,
    /// What it does and what it costs, in a sentence.
    pub help: &'static str,
}

/// Both, the default first.
pub const FPU_KINDS: [FpuKind; 2] = [
    FpuKind {
        mode: FpuMode::Exact,
        label: "Exact (80 bits)",
        help: "Every result to the last bit, as the chip gives it.",
    },
    FpuKind {
        mode: FpuMode::Fast,
        label: "Fast (53 bits)",
        help: "Sums, products, quotients and roots of the x87 by this computer's own arithmetic, which can be quicker: where a \
               chip would keep 64 bits, the last 11 are lost.",
    },
];

/// A way in words.
pub fn describe(mode: FpuMode) -> &'static FpuKind {
    FPU_KINDS.iter().find(|kind| kind.mode == mode).unwrap_or(&FPU_KINDS[0])
}

/// Why a processor cannot compute so, if it cannot.
pub fn why_not(mode: FpuMode, cpu: &CpuProfile, model: &CpuModel) -> Option<String> {
    let is_custom = cpu.model == CustomModel::NAME;
    let custom = cpu.custom.as_ref().filter(|_| is_custom);
    let has_fpu = custom.map_or(model.has_fpu, |custom| custom.features.has(Feature::Fpu));
    (mode == FpuMode::Fast && !has_fpu).then(|| {
        let exact = describe(FpuMode::Exact).label;
        format!("The {} has no floating-point unit that could be fast; choose {exact}", model.label)
    })
}
