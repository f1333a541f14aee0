//! The executing backend that makes every check: the strict engine, and where every other engine goes with an access
//! that its fast path cannot serve.

mod exception;
mod memory;

use super::alu::{self, Int, Shift, borrows_of_difference, carries_of_sum};
use super::backend::{Backend, Meaning};
use super::model::Model;
use super::operands::Operands;
use super::state::{State, reg, seg};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
pub use exception::{Fault, vector};
pub use memory::Cell;

/// A processor at work on a bus.
pub struct Checked<'a, B, P> {
    pub s: &'a mut State,
    pub bus: &'a mut B,
    pub probe: &'a mut P,
    pub model: &'static Model,
    /// The run ends after one instruction or iteration.
    pub single_step: bool,
}

/// An instruction that is rare or long: a plain function, which every engine calls.
pub trait Routine: 'static {
    /// # Errors
    /// When it faults. What it has changed by then must be what the part has changed.
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Result<(), Fault>;
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

/// The bits of a register by which bytes are told apart; see [`reg::HIGH`].
#[inline(always)]
const fn byte_shift(number: u8) -> u32 {
    ((number & reg::HIGH) >> 4) as u32
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// The register `number`, or for `u8` perhaps its second byte.
    #[inline(always)]
    pub fn get<T: Int>(&self, number: u8) -> T {
        let value = self.s.registers[usize::from(number & 31)];
        T::low(if T::BITS == 8 { value >> byte_shift(number) } else { value })
    }

    /// Sets a register. Bytes and words leave its other bits; doublewords clear the upper half.
    #[inline(always)]
    pub fn put<T: Int>(&mut self, number: u8, value: T) {
        let shift = if T::BITS == 8 { byte_shift(number) } else { 0 };
        let register = &mut self.s.registers[usize::from(number & 31)];
        let kept = if T::BITS >= 32 { 0 } else { *register & !(T::MASK << shift) };
        *register = kept | value.wide() << shift;
    }

    /// Sets what of FLAGS or EFLAGS a pop can.
    pub fn set_flags<T: Int>(&mut self, value: T) {
        let settable = self.model.real_mode_flags() & T::MASK;
        let word = self.s.flags.word() & !settable | value.wide() & settable;
        self.s.flags.set_word(word);
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

    /// The bits that an instruction pointer has.
    pub fn offset_mask(&self) -> u64 {
        self.s.segment(seg::CS).offset_mask()
    }

    /// The bits that a stack pointer has.
    #[inline(always)]
    pub fn stack_mask(&self) -> u64 {
        self.s.segment(seg::SS).offset_mask()
    }
}

impl<B: MemoryBus, P: Probe> Backend for Checked<'_, B, P> {
    type Val<T: Int> = T;
    type Truth = bool;
    type Cell<T: Int> = Cell;
    type Stop = Fault;

    #[inline(always)]
    fn constant<T: Int>(&mut self, value: u64) -> T {
        T::low(value)
    }

    #[inline(always)]
    fn register<T: Int>(&mut self, number: u8) -> T {
        self.get(number)
    }

    #[inline(always)]
    fn set_register<T: Int>(&mut self, number: u8, value: T) {
        self.put(number, value);
    }

    fn selector(&mut self, number: u8) -> u16 {
        self.s.segment(number).selector
    }

    #[inline]
    fn load<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Fault> {
        self.read(segment, offset)
    }

    #[inline]
    fn store<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Fault> {
        self.write(segment, offset, value)
    }

    #[inline]
    fn open<T: Int>(&mut self, segment: u8, offset: u64) -> Result<(Cell, T), Fault> {
        let cell = self.writable::<T>(segment, offset)?;
        Ok((cell, self.read_cell(&cell)))
    }

    #[inline]
    fn close<T: Int>(&mut self, cell: Cell, value: T) {
        self.write_cell(&cell, value);
    }

    #[inline(always)]
    fn add<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide().wrapping_add(b.wide()))
    }

    #[inline(always)]
    fn sub<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide().wrapping_sub(b.wide()))
    }

    #[inline(always)]
    fn and<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() & b.wide())
    }

    #[inline(always)]
    fn or<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() | b.wide())
    }

    #[inline(always)]
    fn xor<T: Int>(&mut self, a: T, b: T) -> T {
        T::low(a.wide() ^ b.wide())
    }

    #[inline(always)]
    fn shifted_left<T: Int>(&mut self, a: T, bits: u8) -> T {
        T::low(a.wide() << (bits & 63))
    }

    #[inline(always)]
    fn arithmetic_right<T: Int>(&mut self, a: T, bits: u8) -> T {
        T::low((a.signed() >> (bits & 63)) as u64)
    }

    #[inline(always)]
    fn zero_extend<T: Int, U: Int>(&mut self, a: T) -> U {
        U::low(a.wide())
    }

    #[inline(always)]
    fn sign_extend<T: Int, U: Int>(&mut self, a: T) -> U {
        U::low(a.signed() as u64)
    }

    #[inline(always)]
    fn multiply<T: Int>(&mut self, a: T, b: T, signed: bool) -> (T, T) {
        let product = if signed {
            (i128::from(a.signed()) * i128::from(b.signed())) as u128
        } else {
            u128::from(a.wide()) * u128::from(b.wide())
        };
        (T::low(product as u64), T::low((product >> T::BITS) as u64))
    }

    #[inline]
    fn shift<T: Int>(&mut self, kind: Shift, a: T, count: u8) -> T {
        if count == 0 {
            return a;
        }
        let flags = &mut self.s.flags;
        let (value, carry, overflow) = kind.by(a, u32::from(count), flags.carry());
        if !matches!(kind, Shift::Rol | Shift::Ror | Shift::Rcl | Shift::Rcr) {
            flags.set_logic(value);
        }
        flags.set_carry_and_overflow(carry, overflow);
        value
    }

    #[inline(always)]
    fn carry<T: Int>(&mut self) -> T {
        T::low(u64::from(self.s.flags.carry()))
    }

    #[inline(always)]
    fn condition(&mut self, number: u8) -> bool {
        self.s.flags.condition(number)
    }

    #[inline(always)]
    fn flags_of_sum<T: Int>(&mut self, a: T, b: T, result: T) {
        self.s.flags.set_arithmetic(result, carries_of_sum(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_difference<T: Int>(&mut self, a: T, b: T, result: T) {
        self.s.flags.set_arithmetic(result, borrows_of_difference(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_increment<T: Int>(&mut self, a: T, result: T) {
        self.s.flags.set_arithmetic_but_carry(result, carries_of_sum(a.wide(), 1, result.wide()));
    }

    #[inline(always)]
    fn flags_of_decrement<T: Int>(&mut self, a: T, result: T) {
        self.s.flags.set_arithmetic_but_carry(result, borrows_of_difference(a.wide(), 1, result.wide()));
    }

    #[inline(always)]
    fn flags_of_logic<T: Int>(&mut self, result: T) {
        self.s.flags.set_logic(result);
    }

    #[inline(always)]
    fn set_carry_and_overflow(&mut self, both: bool) {
        self.s.flags.set_carry_and_overflow(both, both);
    }

    #[inline(always)]
    fn is_zero<T: Int>(&mut self, a: T) -> bool {
        a.wide() == 0
    }

    #[inline(always)]
    fn equal<T: Int>(&mut self, a: T, b: T) -> bool {
        a == b
    }

    #[inline(always)]
    fn not(&mut self, a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn both(&mut self, a: bool, b: bool) -> bool {
        a & b
    }

    #[inline(always)]
    fn select<T: Int>(&mut self, truth: bool, a: T, b: T) -> T {
        if truth { a } else { b }
    }

    #[inline(always)]
    fn when(&mut self, truth: bool, then: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        if truth { then(self) } else { Ok(()) }
    }

    fn divide<T: Int>(&mut self, high: T, low: T, divisor: T, signed: bool) -> Result<(T, T), Fault> {
        alu::divide(high, low, divisor, signed).ok_or(Fault::plain(vector::DIVIDE))
    }

    #[inline(always)]
    fn stack_top(&mut self) -> u64 {
        self.s.registers[usize::from(reg::SP)] & self.stack_mask()
    }

    #[inline(always)]
    fn stack_moved(&mut self, top: u64, bytes: i64) -> u64 {
        top.wrapping_add_signed(bytes) & self.stack_mask()
    }

    #[inline(always)]
    fn set_stack_top(&mut self, top: u64) {
        let mask = self.stack_mask();
        let register = &mut self.s.registers[usize::from(reg::SP)];
        *register = *register & !mask | top & mask;
    }

    #[inline(always)]
    fn next_instruction(&mut self) -> u64 {
        self.s.rip
    }

    #[inline(always)]
    fn check_target(&mut self, to: u64) -> Result<(), Fault> {
        if to > u64::from(self.s.segment(seg::CS).limit) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        Ok(())
    }

    #[inline(always)]
    fn jump(&mut self, to: u64) -> Result<(), Fault> {
        self.check_target(to)?;
        self.s.rip = to;
        Ok(())
    }
}
