//! MXCSR during one instruction: how its operations round and what they report (Intel SDM volume 1, 10.2.3 and 11.5).

use crate::float::{Env, Flags};

/// MXCSR after RESET: everything masked, rounding to nearest.
pub const RESET: u32 = 0x1F80;
/// The bits that exist; setting another one is a general protection fault.
pub const VALID: u32 = 0xFFFF;

/// Bits of MXCSR.
mod bit {
    pub const INEXACT: u32 = 0x0020;
    pub const DENORMALS_ARE_ZERO: u32 = 0x0040;
    pub const INEXACT_MASKED: u32 = 0x1000;
    pub const ROUNDING: u32 = 0x6000;
}

/// What steers the operations of one instruction and what they have reported.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    mxcsr: u32,
    flags: Flags,
}

impl Control {
    #[inline(always)]
    pub const fn new(mxcsr: u32) -> Self {
        Self { mxcsr, flags: Flags::NONE }
    }

    #[inline(always)]
    pub fn env(&self) -> Env {
        Env::from_mxcsr(self.mxcsr)
    }

    #[inline(always)]
    pub fn report(&mut self, flags: Flags) {
        self.flags |= flags;
    }

    #[inline(always)]
    pub const fn rounds_to_nearest(&self) -> bool {
        self.mxcsr & bit::ROUNDING == 0
    }

    /// Whether it matters that a result is inexact: the flag is not set already, or interrupts.
    #[inline(always)]
    pub const fn minds_inexact(&self) -> bool {
        let idle = bit::INEXACT | bit::INEXACT_MASKED;
        self.mxcsr & idle != idle
    }

    /// Whether denormal operands count as zeros.
    #[inline(always)]
    pub const fn denormals_are_zero(&self) -> bool {
        self.mxcsr & bit::DENORMALS_ARE_ZERO != 0
    }

    #[inline(always)]
    pub const fn is_quiet(&self) -> bool {
        self.flags.is_empty()
    }

    /// MXCSR afterwards, and whether an exception must be raised: the destination stays as it was then. What is found
    /// before computing comes first; when it interrupts, nothing was computed.
    pub fn outcome(&self) -> (u32, bool) {
        let unmasked = Flags((!self.mxcsr >> 7) as u8 & 0x3F);
        let early = (self.flags & Flags::BEFORE_COMPUTATION & unmasked).is_empty();
        let flags = if early { self.flags } else { self.flags & Flags::BEFORE_COMPUTATION };
        (self.mxcsr | u32::from(flags.0), flags.intersects(unmasked))
    }
}
