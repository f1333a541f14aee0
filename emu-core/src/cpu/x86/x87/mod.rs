//! The floating-point unit, from the 387 on (Intel SDM volume 1, chapter 8; 387 DX data sheet 240448).
//!
//! [`Fpu`] holds the registers; what instructions do to them are its methods, which know nothing of a processor:
//! operands in, operands out. [`transfer`]: loads, stores and the control of the stack; [`arithmetic`]: what computes;
//! [`quick`]: the usual cases of both, the short way; [`double`]: the fast mode, in which registers hold doubles;
//! [`image`]: the forms in which the unit is written to memory. The numbers themselves are [`crate::float`]'s.
//!
//! An instruction that reports an unmasked exception has done what it does then, and leaves the summary bit
//! ([`Fpu::has_error`]) to the next one that waits.
//!
//! Not modelled: the 8087's and 80287's projective infinity and their readings of unnormals; a 287 or 387 that works
//! beside its processor (all is done when the instruction ends).

pub mod arithmetic;
mod double;
pub mod image;
pub mod quick;
pub mod transfer;

#[cfg(test)]
mod tests;

use crate::cpu::FpuMode;
use crate::float::{Env, F80, Flags, NanRule, default_nan};
use serde::{Deserialize, Serialize};

/// Bits of the status word (SDM volume 1, 8.1.3). The exceptions' are [`Flags`].
pub mod status {
    /// A register was empty or full that must not be: told apart by C1.
    pub const STACK_FAULT: u16 = 1 << 6;
    /// An exception is unmasked and set.
    pub const ERROR: u16 = 1 << 7;
    pub const C0: u16 = 1 << 8;
    pub const C1: u16 = 1 << 9;
    pub const C2: u16 = 1 << 10;
    pub const TOP: u16 = 7 << 11;
    pub const C3: u16 = 1 << 14;
    /// Follows [`ERROR`] since the 80287.
    pub const BUSY: u16 = 1 << 15;
    /// What a comparison sets.
    pub const CONDITION: u16 = C0 | C2 | C3;
    /// Both that say that an exception waits.
    pub const SUMMARY: u16 = ERROR | BUSY;
}

/// The bits of the control word that can be set; bit 6 always is.
const CONTROL: u16 = 0x1F3F;
const CONTROL_FIXED: u16 = 0x0040;
/// The exceptions' bits in control and status words.
const EXCEPTIONS: u16 = 0x3F;

/// Where the last instruction or its operand was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    pub selector: u16,
    pub offset: u64,
}

/// The last instruction that was none of control (SDM volume 1, 8.1.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastInstruction {
    pub at: Pointer,
    pub operand: Pointer,
    /// The low three bits of its first byte and all of its second.
    pub opcode: u16,
}

/// The unit's registers, and how it computes. ST(0) to ST(7) are counted from [`Self::top`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Registers", from = "Registers")]
pub struct Fpu {
    /// By their own numbers; the lower 64 bits are the MMX registers. Of one that holds a double, they are that double, and the
    /// others mean nothing.
    registers: [F80; 8],
    /// Bit n: register n holds a double ([`double`]). None does unless [`Self::is_hosted`].
    doubles: u8,
    mode: FpuMode,
    top: u8,
    /// Bit n: register n is not empty.
    used: u8,
    control: u16,
    /// Without TOP, in whose place there is [`HOSTED`].
    status: u16,
    last: LastInstruction,
    /// Where an instruction was that has been executed since, as [`place_of`] packs it, but for the selector: one word, which
    /// decoding has made ready, is all that each instruction writes. Zero: none has.
    recent: u64,
}

/// In [`Fpu::status`]: the mode and the control word allow registers to hold doubles. It stands where every instruction looks for
/// exceptions that wait.
const HOSTED: u16 = 1 << 11;

/// What of [`Fpu`] a program can see. How it computes belongs to the processor, not to its state.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Registers {
    numbers: [F80; 8],
    top: u8,
    used: u8,
    control: u16,
    status: u16,
    last: LastInstruction,
    recent: u64,
}

impl From<Fpu> for Registers {
    fn from(fpu: Fpu) -> Self {
        Self::of(&fpu)
    }
}

impl Registers {
    fn of(fpu: &Fpu) -> Self {
        let numbers = std::array::from_fn(|place| fpu.number(place));
        let &Fpu { registers: _, doubles: _, mode: _, top, used, control, status, last, recent } = fpu;
        let status = status & !HOSTED;
        Self { numbers, top, used, control, status, last, recent }
    }
}

impl From<Registers> for Fpu {
    fn from(saved: Registers) -> Self {
        let Registers { numbers, top, used, control, status, last, recent } = saved;
        let status = status & !status::TOP;
        Self { registers: numbers, top, used, control, status, last, recent, ..Self::reset() }
    }
}

impl PartialEq for Fpu {
    fn eq(&self, other: &Self) -> bool {
        Registers::of(self) == Registers::of(other)
    }
}

impl Eq for Fpu {}

/// The offset of an instruction and its opcode ([`LastInstruction::opcode`]) in one word other than zero. Of an offset,
/// the lowest 48 bits decide the others, as in every address of code.
pub const fn place_of(offset: u64, opcode: u16) -> u64 {
    offset << 16 | PLACED | opcode as u64
}

/// Above the opcode.
const PLACED: u64 = 1 << 15;

impl Default for Fpu {
    fn default() -> Self {
        Self::reset()
    }
}

impl Fpu {
    /// As after RESET (SDM volume 3, table 10-1): all registers zero and in use. Programs begin with FNINIT.
    pub fn reset() -> Self {
        let mut fpu = Self {
            registers: [F80::default(); 8],
            doubles: 0,
            mode: FpuMode::Exact,
            top: 0,
            used: 0xFF,
            control: 0,
            status: 0,
            last: LastInstruction::default(),
            recent: 0,
        };
        fpu.set_control(0);
        fpu
    }

    /// FNINIT: the registers keep their numbers, but count as empty.
    pub fn initialize(&mut self) {
        let &mut Self { registers, doubles, mode, status, .. } = self;
        *self = Self { registers, doubles, mode, status: status & HOSTED, used: 0, ..Self::reset() };
        self.set_control(0x037F);
    }

    /// The register that ST(`i`) is.
    #[inline(always)]
    fn place(&self, i: u8) -> usize {
        usize::from(self.top.wrapping_add(i) & 7)
    }

    /// ST(`i`), empty or not.
    #[inline(always)]
    pub fn st(&self, i: u8) -> F80 {
        self.number(self.place(i))
    }

    #[inline(always)]
    pub fn is_empty(&self, i: u8) -> bool {
        self.used >> self.place(i) & 1 == 0
    }

    /// Sets ST(`i`), which then is in use.
    #[inline(always)]
    pub fn set_st(&mut self, i: u8, value: F80) {
        let place = self.place(i);
        self.put(place, value);
        self.used |= 1 << place;
    }

    /// Makes ST(`i`) empty.
    #[inline(always)]
    pub fn free(&mut self, i: u8) {
        self.used &= !(1 << self.place(i));
    }

    /// Turns the stack by `by` registers.
    #[inline(always)]
    pub fn rotate(&mut self, by: u8) {
        self.top = self.top.wrapping_add(by) & 7;
    }

    #[inline(always)]
    pub fn push(&mut self, value: F80) {
        self.rotate(7);
        self.set_st(0, value);
    }

    #[inline(always)]
    pub fn pop(&mut self) {
        self.free(0);
        self.rotate(1);
    }

    #[inline(always)]
    pub fn top(&self) -> u8 {
        self.top
    }

    #[inline(always)]
    pub fn control(&self) -> u16 {
        self.control
    }

    /// FLDCW: an exception that is set and no longer masked then waits.
    pub fn set_control(&mut self, word: u16) {
        self.control = word & CONTROL | CONTROL_FIXED;
        self.choose_form();
        self.summarize();
    }

    /// The status word.
    #[inline(always)]
    pub fn status(&self) -> u16 {
        self.status & !HOSTED | u16::from(self.top) << 11
    }

    /// Sets the status word, but for the bits that follow from others.
    pub fn set_status(&mut self, word: u16) {
        self.top = (word >> 11) as u8 & 7;
        self.status = word & !status::TOP | self.status & HOSTED;
        self.summarize();
    }

    fn summarize(&mut self) {
        let waits = self.status & !self.control & EXCEPTIONS != 0;
        self.status = self.status & !status::SUMMARY | if waits { status::SUMMARY } else { 0 };
    }

    /// FNCLEX.
    pub fn clear_exceptions(&mut self) {
        self.status &= !(EXCEPTIONS | status::STACK_FAULT | status::SUMMARY);
    }

    /// Whether an unmasked exception waits.
    #[inline(always)]
    pub fn has_error(&self) -> bool {
        self.status & status::ERROR != 0
    }

    /// Whether an instruction can be done the short way in this form ([`quick`]): no unmasked exception waits.
    #[inline(always)]
    pub fn is_ready_in<const DOUBLES: bool>(&self) -> bool {
        self.status & (status::ERROR | HOSTED) == if DOUBLES { HOSTED } else { 0 }
    }

    /// The last instruction.
    pub fn last(&self) -> LastInstruction {
        if self.recent == 0 {
            return self.last;
        }
        let offset = (self.recent as i64 >> 16) as u64;
        let at = Pointer { offset, ..self.last.at };
        LastInstruction { at, opcode: (self.recent & 0x7FF) as u16, ..self.last }
    }

    pub fn set_last(&mut self, last: LastInstruction) {
        (self.last, self.recent) = (last, 0);
    }

    /// Makes an instruction the last one, by its code segment and [`place_of`] its offset and opcode.
    #[inline(always)]
    pub fn remember(&mut self, selector: u16, place: u64) {
        self.last.at.selector = selector;
        self.recent = place;
    }

    /// Makes an operand in memory the last one.
    #[inline(always)]
    pub fn remember_operand(&mut self, operand: Pointer) {
        self.last.operand = operand;
    }

    /// What the control word says, and the mode.
    #[inline]
    pub fn env(&self) -> Env {
        Env::from_x87_control(self.steering_word())
    }

    #[inline(always)]
    fn set_condition(&mut self, bits: u16) {
        self.status = self.status & !status::CONDITION | bits;
    }

    /// Notes what an operation reports. Gives whether its result is to be kept: not if an exception that is found
    /// before computing is unmasked.
    #[inline(always)]
    fn report(&mut self, flags: Flags, rounded_up: bool) -> bool {
        let c1 = u16::from(rounded_up && !self.is_hosted()) << 9;
        self.status = self.status & !status::C1 | u16::from(flags.0) | c1;
        if u16::from(flags.0) & !self.control & EXCEPTIONS == 0 { true } else { self.trap(flags) }
    }

    #[cold]
    fn trap(&mut self, flags: Flags) -> bool {
        self.status |= status::SUMMARY;
        let unmasked = flags & Flags(!self.control as u8);
        let stops = unmasked.intersects(Flags::BEFORE_COMPUTATION);
        if stops {
            self.status &= !status::C1;
        }
        !stops
    }

    /// An operand's register is empty. Gives whether that is masked: the result is then [`indefinite`].
    #[cold]
    fn underflow(&mut self) -> bool {
        self.report(Flags::INVALID, false);
        self.status |= status::STACK_FAULT;
        self.control & 1 != 0
    }

    /// The register for a new number is in use. Gives whether that is masked: [`indefinite`] is then put there.
    #[cold]
    fn overflow(&mut self) -> bool {
        self.report(Flags::INVALID, false);
        self.status |= status::STACK_FAULT | status::C1;
        self.control & 1 != 0
    }

    /// The MMX register `number`.
    #[inline(always)]
    pub fn mmx(&self, number: u8) -> u64 {
        self.number(usize::from(number & 7)).mantissa
    }

    /// Sets an MMX register; the exponent above it becomes all ones (SDM volume 1, 9.2.1).
    #[inline(always)]
    pub fn set_mmx(&mut self, number: u8, value: u64) {
        self.put(usize::from(number & 7), F80::new(0xFFFF, value));
    }

    /// What every MMX instruction does to the stack (SDM volume 3, 13.2): TOP is 0, and nothing is empty.
    #[inline(always)]
    pub fn enter_mmx(&mut self) {
        self.top = 0;
        self.used = 0xFF;
    }

    /// EMMS.
    pub fn leave_mmx(&mut self) {
        self.top = 0;
        self.used = 0;
    }
}

/// The NaN that stands for no result: "real indefinite".
pub fn indefinite() -> F80 {
    default_nan(NanRule::X87)
}
