//! What model-specific registers hold; who may have them, and what writing them does, is in [`super::routine::model_specific`].

use serde::{Deserialize, Serialize};

/// Model-specific registers that hold what is written to them (Intel SDM volume 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Msrs {
    /// Added to the clock for the time-stamp counter.
    pub tsc_offset: u64,
    pub apic_base: u64,
    pub pat: u64,
    /// Base and mask of each variable range.
    pub mtrr_variable: [u64; 16],
    pub mtrr_fixed: [u64; 11],
    pub mtrr_default: u64,
    pub tsc_aux: u64,
    pub sysenter_cs: u64,
    pub sysenter_esp: u64,
    pub sysenter_eip: u64,
    pub star: u64,
    pub lstar: u64,
    pub cstar: u64,
    pub sfmask: u64,
    pub kernel_gs_base: u64,
}

impl Default for Msrs {
    /// As after RESET.
    fn default() -> Self {
        Self {
            tsc_offset: 0,
            apic_base: 0,
            pat: 0x0007_0406_0007_0406,
            mtrr_variable: [0; 16],
            mtrr_fixed: [0; 11],
            mtrr_default: 0,
            tsc_aux: 0,
            sysenter_cs: 0,
            sysenter_esp: 0,
            sysenter_eip: 0,
            star: 0,
            lstar: 0,
            cstar: 0,
            sfmask: 0,
            kernel_gs_base: 0,
        }
    }
}
