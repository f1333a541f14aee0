//! What an 80286 and its successors hold: plain data that every engine shares, so that a running guest can change
//! engines at any instruction.

use super::alu::Int;
use super::flags::{Flags, system};
use super::x87::Fpu;
use crate::addr::Linear;
use crate::cpu::CpuCounters;
use crate::cpu::describe::CodeAddress;
use serde::{Deserialize, Serialize};

/// Numbers of the general registers, as instructions encode them.
pub mod reg {
    pub const AX: u8 = 0;
    pub const CX: u8 = 1;
    pub const DX: u8 = 2;
    pub const BX: u8 = 3;
    pub const SP: u8 = 4;
    pub const BP: u8 = 5;
    pub const SI: u8 = 6;
    pub const DI: u8 = 7;
    /// A register that is always zero: an address without a base or an index.
    pub const NONE: u8 = 16;
    /// What RIP-relative addresses are relative to: set by the engine, which lowers displacements to go with it.
    pub const IP: u8 = 17;
    /// Added to 0–3, the registers' second bytes: AH, CH, DH, BH.
    pub const HIGH: u8 = 0x80;
}

/// The bits of a register by which bytes are told apart; see [`reg::HIGH`].
#[inline(always)]
const fn byte_shift(number: u8) -> u32 {
    ((number & reg::HIGH) >> 4) as u32
}

/// Numbers of the segment registers, as instructions encode them, and of the two that are loaded by others.
pub mod seg {
    pub const ES: u8 = 0;
    pub const CS: u8 = 1;
    pub const SS: u8 = 2;
    pub const DS: u8 = 3;
    pub const FS: u8 = 4;
    pub const GS: u8 = 5;
    pub const LDTR: u8 = 6;
    pub const TR: u8 = 7;
}

/// Bits of CR0 (Intel SDM volume 3, 2.5); the lowest four are the 80286's machine status word.
pub mod cr0 {
    pub const PE: u64 = 1 << 0;
    pub const MP: u64 = 1 << 1;
    pub const EM: u64 = 1 << 2;
    pub const TS: u64 = 1 << 3;
    pub const ET: u64 = 1 << 4;
    pub const NE: u64 = 1 << 5;
    pub const WP: u64 = 1 << 16;
    pub const AM: u64 = 1 << 18;
    pub const NW: u64 = 1 << 29;
    pub const CD: u64 = 1 << 30;
    pub const PG: u64 = 1 << 31;
}

/// Bits of CR4 (Intel SDM volume 3, 2.5).
pub mod cr4 {
    pub const VME: u64 = 1 << 0;
    pub const PVI: u64 = 1 << 1;
    pub const TSD: u64 = 1 << 2;
    pub const DE: u64 = 1 << 3;
    pub const PSE: u64 = 1 << 4;
    pub const PAE: u64 = 1 << 5;
    pub const MCE: u64 = 1 << 6;
    pub const PGE: u64 = 1 << 7;
    pub const PCE: u64 = 1 << 8;
    pub const OSFXSR: u64 = 1 << 9;
    pub const OSXMMEXCPT: u64 = 1 << 10;
    pub const UMIP: u64 = 1 << 11;
    pub const FSGSBASE: u64 = 1 << 16;
    pub const PCIDE: u64 = 1 << 17;
    pub const OSXSAVE: u64 = 1 << 18;
    pub const SMEP: u64 = 1 << 20;
    pub const SMAP: u64 = 1 << 21;
}

/// Bits of the extended feature enable register (Intel SDM volume 3, 2.2.1).
pub mod efer {
    pub const SCE: u64 = 1 << 0;
    pub const LME: u64 = 1 << 8;
    pub const LMA: u64 = 1 << 10;
    pub const NXE: u64 = 1 << 11;
}

/// A linear address: 32 bits, which wrap.
#[inline(always)]
pub const fn wrapped(address: u64) -> Linear {
    Linear(address & 0xFFFF_FFFF)
}

/// A segment register with its hidden part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub selector: u16,
    /// Bytes 5 and 6 of the descriptor: access rights, and G, D/B, L, AVL in bits 12–15.
    pub attributes: u16,
    /// The offset of the last byte, in bytes whatever the granularity.
    pub limit: u32,
    pub base: u64,
}

impl Segment {
    /// A segment of real mode: 64 KiB, readable, writable and executable.
    pub const fn real(selector: u16) -> Self {
        Self { selector, attributes: 0x93, limit: 0xFFFF, base: (selector as u64) << 4 }
    }

    /// D of a code segment, B of a stack segment.
    pub const fn is_big(&self) -> bool {
        self.attributes & 0x4000 != 0
    }

    /// The default width of instructions in this code segment.
    pub const fn default_bits(&self) -> u32 {
        if self.is_big() { 32 } else { 16 }
    }

    /// The bits that an offset into this segment has: an instruction pointer, a stack pointer.
    #[inline(always)]
    pub const fn offset_mask(&self) -> u64 {
        if self.is_big() { 0xFFFF_FFFF } else { 0xFFFF }
    }

    /// Where an offset lies.
    #[inline(always)]
    pub const fn linear(&self, offset: u64) -> Linear {
        wrapped(self.base.wrapping_add(offset))
    }
}

/// GDTR or IDTR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRegister {
    pub base: u64,
    pub limit: u16,
}

/// What the processor is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    #[default]
    Running,
    /// HLT: until an interrupt.
    Halted,
    /// After a triple fault: until RESET or NMI.
    Shutdown,
}

/// The architectural state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By [`reg`]; those from [`reg::NONE`] on are zero between instructions.
    pub registers: [u64; 32],
    pub rip: u64,
    pub flags: Flags,
    pub fpu: Fpu,
    /// The level of FERR (of a 387, ERROR), which boards make an interrupt of.
    pub fpu_error: bool,
    /// By [`seg`].
    pub segments: [Segment; 8],
    pub gdtr: TableRegister,
    pub idtr: TableRegister,
    pub cr0: u64,
    pub cr2: u64,
    pub cr3: u64,
    pub cr4: u64,
    pub debug: [u64; 8],
    pub activity: Activity,
    /// No interrupt comes before the next instruction has been executed: after STI, MOV SS and POP SS.
    pub shadow: bool,
    /// The instruction at RIP is a repeated one that has begun.
    pub repeating: bool,
    /// The clock cycle at which the next instruction begins.
    pub now: u64,
    pub counters: CpuCounters,
}

impl State {
    /// As after RESET (80286: data sheet 210253, "Processor Reset"; 80386 and later: Intel SDM volume 3, 10.1).
    /// Code begins 16 bytes below the end of the address space of `address_mask`.
    pub fn reset(now: u64, counters: CpuCounters, cr0: u64, address_mask: u64) -> Self {
        let mut segments = [Segment::real(0); 8];
        segments[usize::from(seg::CS)] = Segment { base: address_mask & !0xFFFF, ..Segment::real(0xF000) };
        Self {
            registers: [0; 32],
            rip: 0xFFF0,
            flags: Flags::new(),
            fpu: Fpu::reset(),
            fpu_error: false,
            segments,
            gdtr: TableRegister { base: 0, limit: 0xFFFF },
            idtr: TableRegister { base: 0, limit: 0x3FF },
            cr0,
            cr2: 0,
            cr3: 0,
            cr4: 0,
            debug: [0; 8],
            activity: Activity::Running,
            shadow: false,
            repeating: false,
            now,
            counters,
        }
    }

    /// The register `number`, or for `u8` perhaps its second byte.
    #[inline(always)]
    pub fn get<T: Int>(&self, number: u8) -> T {
        let value = self.registers[usize::from(number & 31)];
        T::low(if T::BITS == 8 { value >> byte_shift(number) } else { value })
    }

    /// Sets a register. Bytes and words leave its other bits; doublewords clear the upper half.
    #[inline(always)]
    pub fn put<T: Int>(&mut self, number: u8, value: T) {
        let shift = if T::BITS == 8 { byte_shift(number) } else { 0 };
        let register = &mut self.registers[usize::from(number & 31)];
        let kept = if T::BITS >= 32 { 0 } else { *register & !(T::MASK << shift) };
        *register = kept | value.wide() << shift;
    }

    #[inline(always)]
    pub fn segment(&self, number: u8) -> &Segment {
        &self.segments[usize::from(number & 7)]
    }

    #[inline(always)]
    pub fn segment_mut(&mut self, number: u8) -> &mut Segment {
        &mut self.segments[usize::from(number & 7)]
    }

    /// An offset in the code segment as the user reads it.
    pub fn code_address(&self, offset: u64) -> CodeAddress {
        let code = self.segment(seg::CS);
        CodeAddress { segment: Some(code.selector), offset, linear: code.linear(offset).0 }
    }

    pub fn is_protected(&self) -> bool {
        self.cr0 & cr0::PE != 0
    }

    pub fn is_paging(&self) -> bool {
        self.cr0 & cr0::PG != 0
    }

    /// Whether accesses are made with a user's rights: at privilege level 3.
    #[inline]
    pub fn is_user(&self) -> bool {
        self.is_protected() && (self.segment(seg::CS).selector & 3 == 3 || self.flags.has(system::VM))
    }

    /// Whether the code is of 64-bit mode.
    pub fn is_long_code(&self) -> bool {
        false
    }
}
