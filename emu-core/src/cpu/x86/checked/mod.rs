//! The executing backend that makes every check: the strict engine, and where every other engine goes with an access
//! that its fast path cannot serve.

mod control;
mod exception;
mod interrupt;
mod management;
mod memory;
mod paging;
mod segment;
mod stack;
mod task;
mod transfer;
mod virtual_8086;

use super::alu::{Int, flag};
use super::backend::Meaning;
use super::executing::{Executing, Plain};
use super::flags::system;
use super::model::{Generation, Model};
use super::operands::Operands;
use super::state::{State, seg};
use crate::cpu::bus::MemoryBus;
use crate::cpu::describe::CodeAddress;
use crate::cpu::probe::Probe;
use std::marker::PhantomData;

pub use exception::{Fault, Origin, vector};
pub use memory::{Cell, is_canonical};
pub use segment::{Descriptor, index_of, is_null, kind};
pub use virtual_8086::Sensitive;

/// A processor at work on a bus.
pub struct Checked<'a, B, P> {
    pub s: &'a mut State,
    pub bus: &'a mut B,
    pub probe: &'a mut P,
    pub model: &'static Model,
    /// The run ends after one instruction or iteration.
    pub single_step: bool,
    /// The instruction that causes accesses, for the probe.
    by: CodeAddress,
}

/// An instruction that is rare or long: a plain function, which every engine calls.
pub trait Routine: 'static {
    /// # Errors
    /// When it faults. What it has changed by then must be what the part has changed.
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<(), Fault>;
}

/// A [`Plain`] instruction as a routine.
pub struct Plainly<I>(PhantomData<I>);

impl<I: Plain> Routine for Plainly<I> {
    #[inline]
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<(), Fault> {
        I::run(cpu, o)
    }
}

/// A handler of an engine that executes with every check.
pub type Handler<B, P> = fn(&mut Checked<'_, B, P>, &Operands) -> Result<(), Fault>;

/// [`Meaning::run`] as a [`Handler`].
///
/// # Errors
/// When the instruction faults.
pub fn run_meaning<M: Meaning, B: MemoryBus, P: Probe>(
    cpu: &mut Checked<'_, B, P>,
    o: &Operands,
) -> Result<(), Fault> {
    M::run(cpu, o)
}

impl<'a, B: MemoryBus, P: Probe> Checked<'a, B, P> {
    pub fn new(
        s: &'a mut State,
        bus: &'a mut B,
        probe: &'a mut P,
        model: &'static Model,
        single_step: bool,
    ) -> Self {
        Self { s, bus, probe, model, single_step, by: CodeAddress::default() }
    }

    /// Accesses from now on are those of the instruction at this offset.
    #[inline(always)]
    pub(super) fn blame(&mut self, start: u64) {
        if P::ACTIVE {
            self.by = self.s.code_address(start);
        }
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// As [`State::get`].
    #[inline(always)]
    pub fn get<T: Int>(&self, number: u8) -> T {
        self.s.get(number)
    }

    /// As [`State::put`].
    #[inline(always)]
    pub fn put<T: Int>(&mut self, number: u8, value: T) {
        self.s.put(number, value);
    }

    /// Sets what of FLAGS or EFLAGS a pop can, at this level.
    pub fn set_flags<T: Int>(&mut self, value: T) {
        let settable = self.poppable_flags() & T::MASK;
        let word = self.s.flags.word() & !settable | value.wide() & settable;
        let word = word & !system::RF;
        let changed = word ^ self.s.flags.word();
        self.s.set_flags_word(word);
        if changed & system::AC != 0 {
            self.follow_smap();
        }
    }

    fn poppable_flags(&self) -> u64 {
        if !self.s.is_protected() {
            return self.model.real_mode_flags();
        }
        let cpl = self.s.cpl();
        let fixed = if cpl == 0 {
            0
        } else if cpl <= self.s.flags.iopl() {
            system::IOPL
        } else {
            system::IOPL | u64::from(flag::IF)
        };
        self.model.flag_bits() & !(system::RF | system::VM | system::VIF | system::VIP | fixed)
    }

    /// Makes sure that only the innermost level goes on.
    ///
    /// # Errors
    /// General protection on the others.
    pub fn require_level_0(&self) -> Result<(), Fault> {
        if self.s.cpl() == 0 { Ok(()) } else { Err(Fault::with_code(vector::GENERAL_PROTECTION, 0)) }
    }

    /// Makes sure that an instruction is met in protected mode, virtual-8086 mode not included.
    ///
    /// # Errors
    /// It is invalid in the others.
    pub fn require_protected(&self) -> Result<(), Fault> {
        if self.s.is_real_like() { Err(Fault::plain(vector::INVALID_OPCODE)) } else { Ok(()) }
    }

    /// Whether an instruction that can be left in the middle must be left now.
    pub fn pauses(&self) -> bool {
        self.single_step || self.s.now >= self.bus.deadline().0 || self.bus.exit_requested()
    }

    /// Goes back to the start of the instruction that is being executed, to go on with it later.
    pub fn stand_at_start(&mut self, o: &Operands) {
        self.s.rip = self.s.rip.wrapping_sub(u64::from(o.length)) & self.offset_mask();
        self.s.repeating = true;
    }

    /// The bits that an instruction pointer has: also in 16-bit code, from the 80386 on, it goes on behind FFFF, where most
    /// segments end.
    pub fn offset_mask(&self) -> u64 {
        match self.model.generation {
            _ if self.s.is_64_bit() => u64::MAX,
            Generation::I8086 | Generation::I80186 | Generation::I80286 => 0xFFFF,
            _ => 0xFFFF_FFFF,
        }
    }
}

impl<B: MemoryBus, P: Probe> Executing for Checked<'_, B, P> {
    type Place<T: Int> = Cell;
    type Trouble = Fault;

    const DIVIDE_ERROR: Fault = Fault::plain(vector::DIVIDE);
    const INVALID_OPCODE: Fault = Fault::plain(vector::INVALID_OPCODE);
    const NOT_AVAILABLE: Fault = Fault::plain(vector::NO_COPROCESSOR);
    const MISALIGNED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);
    const VECTOR_ERROR: Fault = Fault::plain(vector::SIMD);

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline]
    fn load_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Fault> {
        self.read(segment, offset)
    }

    #[inline]
    fn store_memory<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Fault> {
        self.write(segment, offset, value)
    }

    #[inline]
    fn open_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<(Cell, T), Fault> {
        let cell = self.writable::<T>(segment, offset)?;
        Ok((cell, self.read_cell(&cell)))
    }

    #[inline]
    fn close_memory<T: Int>(&mut self, cell: Cell, value: T) {
        self.write_cell(&cell, value);
    }

    #[inline]
    fn store_block_memory(&mut self, segment: u8, offset: u64, value: u128) -> Result<(), Fault> {
        let low = self.writable::<u64>(segment, offset)?;
        let high = self.writable::<u64>(segment, offset.wrapping_add(8))?;
        self.write_cell(&low, value as u64);
        self.write_cell(&high, (value >> 64) as u64);
        Ok(())
    }

    #[inline]
    fn exchange_memory<T: Int>(&mut self, cell: Cell, found: T, new: T) -> Result<(), T> {
        self.exchange_cell(&cell, found, new)
    }

    #[inline(always)]
    fn next_offset(&mut self) -> u64 {
        self.s.rip
    }

    #[inline(always)]
    fn admit_target(&mut self, to: u64) -> Result<(), Fault> {
        let code = self.s.segment(seg::CS);
        let outside = if code.is_long() { !is_canonical(to, 1) } else { to > u64::from(code.limit) };
        if outside {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        Ok(())
    }

    #[inline(always)]
    fn go_to(&mut self, to: u64) -> Result<(), Fault> {
        self.admit_target(to)?;
        self.s.rip = to;
        Ok(())
    }
}
