//! What an 80286 and its successors hold: plain data that every engine shares, so that a running guest can change
//! engines at any instruction.

use super::alu::Int;
use super::flags::{Flags, system};
pub use super::msr::Msrs;
use super::x87::Fpu;
use crate::addr::Linear;
use crate::cpu::CpuCounters;
use crate::cpu::describe::CodeAddress;
use crate::mem::Privilege;
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

/// Places in [`State::registers`]; a power of two.
pub const REGISTERS: usize = 32;

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

/// Bits of XCR0 (Intel SDM volume 3, 2.6).
pub mod xcr0 {
    pub const X87: u64 = 1 << 0;
    pub const SSE: u64 = 1 << 1;
    pub const AVX: u64 = 1 << 2;
}

/// Whether a group of instructions can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    Yes,
    /// When the task's registers have been loaded (CR0.TS).
    NotNow,
    No,
}

/// Bits of the extended feature enable register (Intel SDM volume 3, 2.2.1).
pub mod efer {
    pub const SCE: u64 = 1 << 0;
    pub const LME: u64 = 1 << 8;
    pub const LMA: u64 = 1 << 10;
    pub const NXE: u64 = 1 << 11;
}

/// Bits of [`Segment::attributes`] (Intel SDM volume 3, 3.4.5).
pub mod attribute {
    pub const ACCESSED: u16 = 0x01;
    /// Of code readable, of data writable.
    pub const ACCESSIBLE: u16 = 0x02;
    /// Of data: it ends at 0 and begins above the limit.
    pub const EXPAND_DOWN: u16 = 0x04;
    /// Of code: it runs with its caller's privilege.
    pub const CONFORMING: u16 = 0x04;
    pub const CODE: u16 = 0x08;
    /// No system segment and no gate.
    pub const USER: u16 = 0x10;
    pub const DPL_SHIFT: u32 = 5;
    pub const DPL: u16 = 3 << DPL_SHIFT;
    pub const PRESENT: u16 = 0x80;
    /// 64-bit code.
    pub const LONG: u16 = 0x2000;
    pub const BIG: u16 = 0x4000;
    pub const GRANULAR: u16 = 0x8000;
    /// What a segment of real mode has; with a DPL of 3, of virtual-8086 mode.
    pub const REAL: u16 = 0x93;
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
    /// Bytes 5 and 6 of the descriptor: access rights ([`attribute`]), and G, D/B, L, AVL in bits 12–15.
    pub attributes: u16,
    /// The offset of the last byte, in bytes whatever the granularity.
    pub limit: u32,
    pub base: u64,
}

impl Segment {
    /// A segment of real mode: 64 KiB, readable, writable and executable.
    pub const fn real(selector: u16) -> Self {
        Self { selector, attributes: attribute::REAL, limit: 0xFFFF, base: (selector as u64) << 4 }
    }

    /// A segment of virtual-8086 mode.
    pub const fn virtual_8086(selector: u16) -> Self {
        Self { attributes: attribute::REAL | attribute::DPL, ..Self::real(selector) }
    }

    /// All of memory as 32-bit or 64-bit code of a privilege level, past descriptors: SYSENTER and its like.
    pub const fn flat_code(selector: u16, level: u8, long: bool) -> Self {
        let size = if long { attribute::LONG } else { attribute::BIG };
        let attributes = 0x9B | (level as u16) << attribute::DPL_SHIFT | attribute::GRANULAR | size;
        Self { selector, attributes, limit: u32::MAX, base: 0 }
    }

    /// All of memory as data.
    pub const fn flat_data(selector: u16, level: u8) -> Self {
        let attributes = 0x93 | (level as u16) << attribute::DPL_SHIFT | attribute::GRANULAR | attribute::BIG;
        Self { selector, attributes, limit: u32::MAX, base: 0 }
    }

    /// D of a code segment, B of a stack segment.
    #[inline(always)]
    pub const fn is_big(&self) -> bool {
        self.attributes & attribute::BIG != 0
    }

    /// Of the code segment: 64-bit mode. Never set outside of long mode.
    #[inline(always)]
    pub const fn is_long(&self) -> bool {
        self.attributes & attribute::LONG != 0
    }

    /// The default width of instructions in this code segment.
    pub const fn default_bits(&self) -> u32 {
        match (self.is_long(), self.is_big()) {
            (true, _) => 64,
            (false, true) => 32,
            (false, false) => 16,
        }
    }

    #[inline]
    pub const fn is_present(&self) -> bool {
        self.attributes & attribute::PRESENT != 0
    }

    /// Code or data; not a system segment.
    #[inline]
    pub const fn is_code_or_data(&self) -> bool {
        self.attributes & attribute::USER != 0
    }

    #[inline]
    pub const fn is_code(&self) -> bool {
        self.attributes & (attribute::USER | attribute::CODE) == attribute::USER | attribute::CODE
    }

    #[inline]
    pub const fn is_conforming_code(&self) -> bool {
        self.is_code() && self.attributes & attribute::CONFORMING != 0
    }

    #[inline]
    pub const fn is_writable_data(&self) -> bool {
        let kind = attribute::USER | attribute::CODE | attribute::ACCESSIBLE;
        self.attributes & kind == attribute::USER | attribute::ACCESSIBLE
    }

    /// Data, or code that may be read.
    pub const fn is_readable(&self) -> bool {
        self.is_code_or_data() && (!self.is_code() || self.attributes & attribute::ACCESSIBLE != 0)
    }

    /// The type of a system segment or gate.
    pub const fn system_kind(&self) -> u8 {
        (self.attributes & 0xF) as u8
    }

    /// The descriptor's privilege level.
    #[inline(always)]
    pub const fn dpl(&self) -> u8 {
        ((self.attributes & attribute::DPL) >> attribute::DPL_SHIFT) as u8
    }

    /// Whether offsets are linear addresses, and all of them may be used.
    #[inline]
    pub const fn is_flat(&self) -> bool {
        let kind = attribute::PRESENT | attribute::USER | attribute::BIG;
        let expands_down =
            self.attributes & (attribute::CODE | attribute::EXPAND_DOWN) == attribute::EXPAND_DOWN;
        self.base == 0 && self.limit == u32::MAX && self.attributes & kind == kind && !expands_down
    }

    /// Whether it is data that [`Self::is_flat`], and may be written.
    #[inline]
    pub const fn is_flat_data(&self) -> bool {
        use attribute::{ACCESSIBLE, BIG, CODE, EXPAND_DOWN, PRESENT, USER};
        let wanted = PRESENT | USER | BIG | ACCESSIBLE;
        self.base == 0 && self.limit == u32::MAX && self.attributes & (wanted | CODE | EXPAND_DOWN) == wanted
    }

    /// The bits that an offset into this segment has: an instruction pointer, a stack pointer.
    #[inline(always)]
    pub const fn offset_mask(&self) -> u64 {
        if self.is_long() {
            u64::MAX
        } else if self.is_big() {
            0xFFFF_FFFF
        } else {
            0xFFFF
        }
    }

    /// Where an offset lies, outside of 64-bit mode.
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

/// Fixed bits of DR6 and DR7 (Intel SDM volume 3, 17.2).
pub mod dr6 {
    pub const FIXED: u64 = 0xFFFF_0FF0;
    pub const BD: u64 = 1 << 13;
    pub const BS: u64 = 1 << 14;
    pub const BT: u64 = 1 << 15;
}

pub mod dr7 {
    pub const FIXED: u64 = 0x400;
    /// General detect: an access to a debug register is an exception.
    pub const GD: u64 = 1 << 13;
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

/// System management mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Management {
    /// The processor is in it.
    pub active: bool,
    /// SMBASE.
    pub base: u32,
    /// The last I/O instruction.
    pub io: Option<LastIo>,
}

impl Default for Management {
    fn default() -> Self {
        Self { active: false, base: 0x3_0000, io: None }
    }
}

/// An I/O instruction, for an SMI that follows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastIo {
    /// [`CpuCounters::instructions`] with this one.
    pub instruction: u64,
    /// Its offset, and that of the instruction behind.
    pub start: u64,
    pub end: u64,
    /// As the state save map tells it: the width in bytes in bits 1 to 3, the direction in bit 4, the port above bit 15.
    pub kind: u32,
}

/// The architectural state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By [`reg`]; those from [`reg::NONE`] on are zero between instructions.
    pub registers: [u64; REGISTERS],
    pub rip: u64,
    pub flags: Flags,
    pub fpu: Fpu,
    /// The level of FERR (of a 387, ERROR), which boards make an interrupt of.
    pub fpu_error: bool,
    /// YMM0 to YMM15, the lowest quadword first; XMM0 to XMM15 are their lower halves.
    pub vectors: [[u64; 4]; 16],
    pub mxcsr: u32,
    /// Which registers XSAVE knows ([`xcr0`]).
    pub xcr0: u64,
    /// By [`seg`].
    pub segments: [Segment; 8],
    pub gdtr: TableRegister,
    pub idtr: TableRegister,
    pub cr0: u64,
    pub cr2: u64,
    pub cr3: u64,
    pub cr4: u64,
    /// The task priority, in bits 0 to 3.
    pub cr8: u64,
    pub efer: u64,
    /// The PAE page directory pointers, read when CR3 is loaded.
    pub directories: [u64; 4],
    pub msrs: Msrs,
    pub debug: [u64; 8],
    pub activity: Activity,
    /// No interrupt comes before the next instruction has been executed: after STI, MOV SS and POP SS.
    pub shadow: bool,
    /// The instruction at RIP is a repeated one that has begun.
    pub repeating: bool,
    /// Data breakpoints that the present instruction has met, as DR6 tells them.
    pub breakpoints: u64,
    /// An NMI's handler is at work: no other comes before IRET.
    pub nmi_blocked: bool,
    pub management: Management,
    /// Where pages larger than 4 KiB have been translated since all translations were last forgotten: a bit for each 4 MiB, by
    /// the linear address's bits 27 to 22.
    pub large_pages: u64,
    /// Counts changes of what engines may have built into what they remember of code: see [`State::set_segment`],
    /// [`State::mode_changed`].
    #[serde(skip)]
    pub mode_changes: u32,
    /// The clock cycle at which the next instruction begins.
    pub now: u64,
    pub counters: CpuCounters,
}

impl State {
    /// As after RESET (80286: data sheet 210253, "Processor Reset"; 80386 and later: Intel SDM volume 3, 10.1).
    /// EDX has the processor's signature. Code begins 16 bytes below the end of the address space of `address_mask`.
    pub fn reset(now: u64, counters: CpuCounters, cr0: u64, address_mask: u64, signature: u32) -> Self {
        let mut registers = [0; 32];
        registers[usize::from(reg::DX)] = signature.into();
        let mut segments = [Segment::real(0); 8];
        segments[usize::from(seg::CS)] = Segment { base: address_mask & !0xFFFF, ..Segment::real(0xF000) };
        Self {
            registers,
            rip: 0xFFF0,
            flags: Flags::new(),
            fpu: Fpu::reset(),
            fpu_error: false,
            vectors: [[0; 4]; 16],
            mxcsr: super::vector::control::RESET,
            xcr0: xcr0::X87,
            segments,
            gdtr: TableRegister { base: 0, limit: 0xFFFF },
            idtr: TableRegister { base: 0, limit: 0x3FF },
            cr0,
            cr2: 0,
            cr3: 0,
            cr4: 0,
            cr8: 0,
            efer: 0,
            directories: [0; 4],
            msrs: Msrs { tsc_offset: now.wrapping_neg(), ..Msrs::default() },
            debug: [0, 0, 0, 0, 0, 0, dr6::FIXED, dr7::FIXED],
            activity: Activity::Running,
            shadow: false,
            repeating: false,
            breakpoints: 0,
            nmi_blocked: false,
            management: Management::default(),
            large_pages: 0,
            mode_changes: 0,
            now,
            counters,
        }
    }

    /// The register `number`, or for `u8` perhaps its second byte.
    #[inline(always)]
    pub fn get<T: Int>(&self, number: u8) -> T {
        let value = self.registers[usize::from(number) % REGISTERS];
        T::low(if T::BITS == 8 { value >> byte_shift(number) } else { value })
    }

    /// Sets a register. Bytes and words leave its other bits; doublewords clear the upper half.
    #[inline(always)]
    pub fn put<T: Int>(&mut self, number: u8, value: T) {
        let shift = if T::BITS == 8 { byte_shift(number) } else { 0 };
        let register = &mut self.registers[usize::from(number) % REGISTERS];
        let kept = if T::BITS >= 32 { 0 } else { *register & !(T::MASK << shift) };
        *register = kept | value.wide() << shift;
    }

    /// Half of a vector register.
    #[inline(always)]
    pub fn block(&self, register: u8, half: u8) -> u128 {
        let quads = &self.vectors[usize::from(register & 15)];
        let first = usize::from(half & 1) * 2;
        u128::from(quads[first + 1]) << 64 | u128::from(quads[first])
    }

    /// Sets half of a vector register.
    #[inline(always)]
    pub fn set_block(&mut self, register: u8, half: u8, value: u128) {
        let quads = &mut self.vectors[usize::from(register & 15)];
        let first = usize::from(half & 1) * 2;
        quads[first] = value as u64;
        quads[first + 1] = (value >> 64) as u64;
    }

    /// Whether vector instructions can be used, or those with a VEX prefix (Intel SDM volume 3, 13.1, and volume 1, 14.3).
    #[inline(always)]
    pub fn vectors_usable(&self, vex: bool) -> Usable {
        let enabled = if vex {
            let registers = xcr0::SSE | xcr0::AVX;
            self.cr4 & cr4::OSXSAVE != 0 && self.xcr0 & registers == registers && !self.is_real_like()
        } else {
            self.cr4 & cr4::OSFXSR != 0 && self.cr0 & cr0::EM == 0
        };
        match (enabled, self.cr0 & cr0::TS != 0) {
            (true, false) => Usable::Yes,
            (true, true) => Usable::NotNow,
            (false, _) => Usable::No,
        }
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
    #[inline]
    pub fn code_address(&self, offset: u64) -> CodeAddress {
        let code = self.segment(seg::CS);
        let linear = if code.is_long() { offset } else { code.linear(offset).0 };
        CodeAddress { segment: Some(code.selector), offset, linear }
    }

    #[inline]
    pub fn is_protected(&self) -> bool {
        self.cr0 & cr0::PE != 0
    }

    /// Virtual-8086 mode.
    #[inline]
    pub fn is_virtual_8086(&self) -> bool {
        self.flags.has(system::VM)
    }

    /// Real mode, or what looks like it to a program.
    #[inline]
    pub fn is_real_like(&self) -> bool {
        !self.is_protected() || self.is_virtual_8086()
    }

    /// Long mode, 64-bit or compatibility.
    #[inline]
    pub fn is_long_mode(&self) -> bool {
        self.efer & efer::LMA != 0
    }

    /// 64-bit mode.
    #[inline(always)]
    pub fn is_64_bit(&self) -> bool {
        self.segments[seg::CS as usize].is_long()
    }

    #[inline]
    pub fn is_paging(&self) -> bool {
        self.cr0 & cr0::PG != 0
    }

    /// The current privilege level: the stack segment's, which every change of it loads.
    #[inline(always)]
    pub fn cpl(&self) -> u8 {
        self.segments[seg::SS as usize].dpl()
    }

    /// With whose rights the program's accesses are made.
    #[inline(always)]
    pub fn privilege(&self) -> Privilege {
        if self.cpl() == 3 { Privilege::User } else { Privilege::Supervisor }
    }

    /// Whether the debug registers watch anything.
    #[inline(always)]
    pub fn has_breakpoints(&self) -> bool {
        self.debug[7] & 0xFF != 0
    }

    /// The breakpoints that an access of `bytes` meets, as DR6 tells them: at first byte `linear`, of one of these `kinds`
    /// (R/W of DR7: 0 execution, 1 writes, 3 reads and writes).
    pub fn breakpoints_met(&self, linear: u64, bytes: u64, kinds: &[u64]) -> u64 {
        let met = |i: usize| {
            let control = self.debug[7] >> (16 + 4 * i);
            let length = [1, 2, 8, 4][(control >> 2 & 3) as usize];
            let start = self.debug[i] & !(length - 1);
            let enabled = self.debug[7] >> (2 * i) & 3 != 0;
            let overlaps = linear.wrapping_sub(start) < length || start.wrapping_sub(linear) < bytes;
            enabled && kinds.contains(&(control & 3)) && overlaps
        };
        (0..4).filter(|&i| met(i)).fold(0, |bits, i| bits | 1 << i)
    }

    /// The bits that a stack pointer has.
    #[inline(always)]
    pub fn stack_mask(&self) -> u64 {
        if self.is_64_bit() { u64::MAX } else { self.segments[seg::SS as usize].offset_mask() }
    }

    /// Sets the bits of the stack pointer that `mask` has.
    pub fn set_stack_pointer(&mut self, top: u64, mask: u64) {
        let register = &mut self.registers[reg::SP as usize];
        *register = *register & !mask | top & mask;
    }

    /// Whether accesses must be aligned.
    #[inline]
    pub fn checks_alignment(&self) -> bool {
        self.cr0 & cr0::AM != 0 && self.flags.has(system::AC) && self.cpl() == 3
    }

    /// Loads a segment register. Counts as a change of mode when more than a data segment's base changes.
    #[inline]
    pub fn set_segment(&mut self, number: u8, segment: Segment) {
        let old = std::mem::replace(self.segment_mut(number), segment);
        let same = old.attributes == segment.attributes
            && old.limit == segment.limit
            && (old.base == 0) == (segment.base == 0)
            && (number != seg::CS || old.base == segment.base);
        self.mode_changes = self.mode_changes.wrapping_add(u32::from(!same));
    }

    /// Something has changed that tells what instructions mean: a control register, a hidden part of a segment, VM,
    /// IOPL, the privilege level. Whoever changes one past [`Self::set_segment`] and [`Self::set_flags_word`] says so.
    #[inline]
    pub fn mode_changed(&mut self) {
        self.mode_changes = self.mode_changes.wrapping_add(1);
    }

    /// Sets or clears bits of EFLAGS, none of them a status flag.
    #[inline]
    pub fn put_flags(&mut self, bits: u64, set: bool) {
        let modes = bits & (system::VM | system::IOPL | system::AC);
        let changed = if set { self.flags.word() & modes != modes } else { self.flags.has(modes) };
        self.flags.put(bits, set);
        self.mode_changes = self.mode_changes.wrapping_add(u32::from(changed));
    }

    /// Sets all of EFLAGS, of bits that exist.
    #[inline]
    pub fn set_flags_word(&mut self, word: u64) {
        let modes = system::VM | system::IOPL | system::AC;
        let changed = (self.flags.system() ^ word) & modes != 0;
        self.flags.set_word(word);
        self.mode_changes = self.mode_changes.wrapping_add(u32::from(changed));
    }
}
