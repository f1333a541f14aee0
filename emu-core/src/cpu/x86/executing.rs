//! What every backend that executes at once has in common: the arithmetic of a meaning, done on the processor's own
//! registers and flags.

use super::alu::{self, Int, Shift, borrows_of_difference, carries_of_sum, flag};
use super::backend::Backend;
use super::bits;
use super::meaning::vector::Operation;
use super::operands::Operands;
use super::state::{State, Usable, cr4, reg, seg};
use super::vector::Sources;
use super::vector::control::Control;

/// An instruction that needs nothing but registers, flags and memory, and is too long or too rare for a
/// [`Meaning`](super::backend::Meaning).
pub trait Plain: 'static {
    /// # Errors
    /// When memory cannot be reached; nothing has been changed then.
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Result<(), E::Trouble>;
}

/// The usual case of an instruction: it calls nothing, so that an engine can have all of it within a handler.
pub trait Quick: 'static {
    /// Whether it can have an operand in memory.
    const HAS_ADDRESS: bool;

    /// `None`: the case is another one. Nothing has been changed, and the instruction's long way is to do it.
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Option<()>;
}

/// A [`Plain`] instruction of each body.
macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident = |$cpu:ident, $o:pat_param| $body:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $crate::cpu::x86::executing::Plain for $name {
            fn run<E: $crate::cpu::x86::executing::Executing>(
                $cpu: &mut E,
                $o: &$crate::cpu::x86::operands::Operands,
            ) -> Result<(), E::Trouble> {
                $body
            }
        }
    )*};
}
pub(super) use plain;

/// A backend that executes. What is left to it is how memory is reached and where the instructions are.
pub trait Executing: Sized {
    /// [`Backend::Cell`].
    type Place<T: Int>: Copy;
    /// [`Backend::Stop`].
    type Trouble;

    /// A quotient that does not fit, or a divisor of zero.
    const DIVIDE_ERROR: Self::Trouble;

    /// An instruction that does not exist, as things stand.
    const INVALID_OPCODE: Self::Trouble;
    /// Vector instructions that are switched off for now.
    const NOT_AVAILABLE: Self::Trouble;
    /// An address that is not aligned.
    const MISALIGNED: Self::Trouble;
    /// An unmasked exception of a vector instruction.
    const VECTOR_ERROR: Self::Trouble;

    fn state(&mut self) -> &mut State;

    /// [`Backend::load_block`].
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    fn load_block_memory(&mut self, segment: u8, offset: u64) -> Result<u128, Self::Trouble> {
        let low = self.load_memory::<u64>(segment, offset)?;
        let high = self.load_memory::<u64>(segment, offset.wrapping_add(8))?;
        Ok(u128::from(high) << 64 | u128::from(low))
    }

    /// [`Backend::store_block`].
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    fn store_block_memory(&mut self, segment: u8, offset: u64, value: u128) -> Result<(), Self::Trouble> {
        let (low, _) = self.open_memory::<u64>(segment, offset)?;
        self.store_memory(segment, offset.wrapping_add(8), (value >> 64) as u64)?;
        self.close_memory(low, value as u64);
        Ok(())
    }

    /// [`Backend::load`].
    ///
    /// # Errors
    /// As there.
    fn load_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Self::Trouble>;

    /// [`Backend::store`].
    ///
    /// # Errors
    /// As there.
    fn store_memory<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Self::Trouble>;

    /// [`Backend::open`].
    ///
    /// # Errors
    /// As there.
    fn open_memory<T: Int>(&mut self, segment: u8, offset: u64)
    -> Result<(Self::Place<T>, T), Self::Trouble>;

    /// [`Backend::close`].
    fn close_memory<T: Int>(&mut self, place: Self::Place<T>, value: T);

    /// Writes `new` to an opened place where `found` still is, as one access that no other processor comes between.
    ///
    /// # Errors
    /// With what is there, when it is not `found`.
    fn exchange_memory<T: Int>(&mut self, place: Self::Place<T>, found: T, new: T) -> Result<(), T>;

    /// [`Backend::next_instruction`].
    fn next_offset(&mut self) -> u64;

    /// [`Backend::check_target`].
    ///
    /// # Errors
    /// As there.
    fn admit_target(&mut self, to: u64) -> Result<(), Self::Trouble>;

    /// [`Backend::jump`].
    ///
    /// # Errors
    /// As there.
    fn go_to(&mut self, to: u64) -> Result<(), Self::Trouble>;

    /// The offset of a memory operand.
    #[inline(always)]
    fn address_of(&mut self, o: &Operands) -> u64 {
        o.sum(&self.state().registers, None) & o.offset_size.mask()
    }

    /// Puts into MXCSR what operations have reported.
    ///
    /// # Errors
    /// When they must be interrupted for it.
    #[cold]
    fn settle(&mut self, control: Control) -> Result<(), Self::Trouble> {
        let (mxcsr, interrupts) = control.outcome();
        self.state().mxcsr = mxcsr;
        match (interrupts, self.state().cr4 & cr4::OSXMMEXCPT != 0) {
            (false, _) => Ok(()),
            (true, true) => Err(Self::VECTOR_ERROR),
            (true, false) => Err(Self::INVALID_OPCODE),
        }
    }

    /// The bits that a stack pointer has.
    #[inline(always)]
    fn stack_mask(&mut self) -> u64 {
        self.state().stack_mask()
    }
}

impl<E: Executing> Backend for E {
    type Val<T: Int> = T;
    type Truth = bool;
    type Cell<T: Int> = E::Place<T>;
    type Block = u128;
    type Stop = E::Trouble;

    #[inline(always)]
    fn constant<T: Int>(&mut self, value: u64) -> T {
        T::low(value)
    }

    #[inline(always)]
    fn address(&mut self, o: &Operands) -> u64 {
        self.address_of(o)
    }

    #[inline(always)]
    fn register<T: Int>(&mut self, number: u8) -> T {
        self.state().get(number)
    }

    #[inline(always)]
    fn set_register<T: Int>(&mut self, number: u8, value: T) {
        self.state().put(number, value);
    }

    fn selector(&mut self, number: u8) -> u16 {
        self.state().segment(number).selector
    }

    #[inline]
    fn load<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, E::Trouble> {
        self.load_memory(segment, offset)
    }

    #[inline]
    fn store<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), E::Trouble> {
        self.store_memory(segment, offset, value)
    }

    #[inline]
    fn open<T: Int>(&mut self, segment: u8, offset: u64) -> Result<(E::Place<T>, T), E::Trouble> {
        self.open_memory(segment, offset)
    }

    #[inline]
    fn close<T: Int>(&mut self, cell: E::Place<T>, value: T) {
        self.close_memory(cell, value);
    }

    #[inline]
    fn update_locked<T: Int>(
        &mut self,
        segment: u8,
        offset: u64,
        change: impl Fn(&mut Self, T) -> T,
    ) -> Result<T, E::Trouble> {
        let (place, mut found) = self.open_memory::<T>(segment, offset)?;
        let flags = self.state().flags;
        loop {
            let changed = change(self, found);
            match self.exchange_memory(place, found, changed) {
                Ok(()) => return Ok(found),
                Err(now) => found = now,
            }
            self.state().flags = flags;
        }
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
    fn shift_left<T: Int>(&mut self, a: T, count: T) -> T {
        T::low(a.wide() << (count.wide() & 63))
    }

    #[inline(always)]
    fn shift_right<T: Int>(&mut self, a: T, count: T) -> T {
        T::low(a.wide() >> (count.wide() & 63))
    }

    #[inline(always)]
    fn shift_right_signed<T: Int>(&mut self, a: T, count: T) -> T {
        T::low((a.signed() >> (count.wide() & 63)) as u64)
    }

    #[inline(always)]
    fn leading_zeros<T: Int>(&mut self, a: T) -> T {
        T::low(u64::from(a.wide().leading_zeros() - (64 - T::BITS)))
    }

    #[inline(always)]
    fn trailing_zeros<T: Int>(&mut self, a: T) -> T {
        T::low(u64::from(a.wide().trailing_zeros().min(T::BITS)))
    }

    #[inline(always)]
    fn ones<T: Int>(&mut self, a: T) -> T {
        T::low(u64::from(a.wide().count_ones()))
    }

    #[inline(always)]
    fn swapped_bytes<T: Int>(&mut self, a: T) -> T {
        T::low(a.wide().swap_bytes() >> (64 - T::BITS))
    }

    fn deposit<T: Int>(&mut self, a: T, mask: T) -> T {
        T::low(bits::deposit(a.wide(), mask.wide()))
    }

    fn gather<T: Int>(&mut self, a: T, mask: T) -> T {
        T::low(bits::gather(a.wide(), mask.wide()))
    }

    fn crc32<T: Int>(&mut self, crc: u32, data: T) -> u32 {
        bits::crc32(crc, data)
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
        let flags = &mut self.state().flags;
        let (value, carry, overflow) = kind.by(a, u32::from(count), flags.carry());
        if !matches!(kind, Shift::Rol | Shift::Ror | Shift::Rcl | Shift::Rcr) {
            flags.set_logic(value);
        }
        flags.set_carry_and_overflow(carry, overflow);
        value
    }

    #[inline]
    fn shift_double<T: Int>(&mut self, left: bool, a: T, filler: T, count: u8) -> T {
        if count == 0 {
            return a;
        }
        let (value, carry) = bits::shift_double(left, a, filler, u32::from(count));
        self.state().flags.set_logic(value);
        self.state().flags.set_carry_and_overflow(carry, value.is_negative() != a.is_negative());
        value
    }

    #[inline(always)]
    fn carry<T: Int>(&mut self) -> T {
        T::low(u64::from(self.state().flags.carry()))
    }

    #[inline(always)]
    fn condition(&mut self, number: u8) -> bool {
        self.state().flags.condition(number)
    }

    #[inline(always)]
    fn flags_of_sum<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_arithmetic(result, carries_of_sum(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_difference<T: Int>(&mut self, a: T, b: T, result: T) {
        self.state().flags.set_arithmetic(result, borrows_of_difference(a.wide(), b.wide(), result.wide()));
    }

    #[inline(always)]
    fn flags_of_increment<T: Int>(&mut self, a: T, result: T) {
        self.state().flags.set_arithmetic_but_carry(result, carries_of_sum(a.wide(), 1, result.wide()));
    }

    #[inline(always)]
    fn flags_of_decrement<T: Int>(&mut self, a: T, result: T) {
        self.state()
            .flags
            .set_arithmetic_but_carry(result, borrows_of_difference(a.wide(), 1, result.wide()));
    }

    #[inline(always)]
    fn flags_of_logic<T: Int>(&mut self, result: T) {
        self.state().flags.set_logic(result);
    }

    #[inline(always)]
    fn set_carry_and_overflow(&mut self, both: bool) {
        self.state().flags.set_carry_and_overflow(both, both);
    }

    #[inline(always)]
    fn set_carry(&mut self, carry: bool) {
        self.state().flags.set_carry(carry);
    }

    #[inline(always)]
    fn set_overflow(&mut self, overflow: bool) {
        let carry = self.state().flags.carry();
        self.state().flags.set_carry_and_overflow(carry, overflow);
    }

    #[inline(always)]
    fn set_comparison(&mut self, zero: bool, parity: bool, carry: bool) {
        let bit = |set: bool, bit: u16| if set { bit } else { 0 };
        self.state().flags.set_status(bit(zero, flag::ZF) | bit(parity, flag::PF) | bit(carry, flag::CF));
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
    fn less<T: Int>(&mut self, a: T, b: T) -> bool {
        a.wide() < b.wide()
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
    fn when(
        &mut self,
        truth: bool,
        then: impl FnOnce(&mut Self) -> Result<(), E::Trouble>,
    ) -> Result<(), E::Trouble> {
        if truth { then(self) } else { Ok(()) }
    }

    fn divide<T: Int>(&mut self, high: T, low: T, divisor: T, signed: bool) -> Result<(T, T), E::Trouble> {
        alu::divide(high, low, divisor, signed).ok_or(E::DIVIDE_ERROR)
    }

    #[inline(always)]
    fn stack_top(&mut self) -> u64 {
        self.state().registers[usize::from(reg::SP)] & self.stack_mask()
    }

    #[inline(always)]
    fn stack_moved(&mut self, top: u64, bytes: i64) -> u64 {
        top.wrapping_add_signed(bytes) & self.stack_mask()
    }

    #[inline(always)]
    fn set_stack_top(&mut self, top: u64) {
        let mask = self.stack_mask();
        let register = &mut self.state().registers[usize::from(reg::SP)];
        *register = *register & !mask | top & mask;
    }

    #[inline(always)]
    fn next_instruction(&mut self) -> u64 {
        self.next_offset()
    }

    #[inline(always)]
    fn check_target(&mut self, to: u64) -> Result<(), E::Trouble> {
        self.admit_target(to)
    }

    #[inline(always)]
    fn check_vectors(&mut self, vex: bool) -> Result<(), E::Trouble> {
        match self.state().vectors_usable(vex) {
            Usable::Yes => Ok(()),
            Usable::NotNow => Err(E::NOT_AVAILABLE),
            Usable::No => Err(E::INVALID_OPCODE),
        }
    }

    #[inline(always)]
    fn block(&mut self, register: u8, half: u8) -> u128 {
        self.state().block(register, half)
    }

    #[inline(always)]
    fn set_block(&mut self, register: u8, half: u8, value: u128) {
        self.state().set_block(register, half, value);
    }

    #[inline(always)]
    fn join(&mut self, low: u64, high: u64) -> u128 {
        u128::from(high) << 64 | u128::from(low)
    }

    #[inline(always)]
    fn quad(&mut self, block: u128, number: u8) -> u64 {
        (block >> (64 * u32::from(number & 1))) as u64
    }

    #[inline(always)]
    fn check_alignment(&mut self, segment: u8, offset: u64, bytes: u8) -> Result<(), E::Trouble> {
        let s = self.state();
        let base = if segment < seg::FS && s.is_64_bit() { 0 } else { s.segment(segment).base };
        let at = base.wrapping_add(offset);
        if at & u64::from(bytes - 1) != 0 { Err(E::MISALIGNED) } else { Ok(()) }
    }

    #[inline(always)]
    fn load_block(&mut self, segment: u8, offset: u64) -> Result<u128, E::Trouble> {
        self.load_block_memory(segment, offset)
    }

    #[inline(always)]
    fn store_block(&mut self, segment: u8, offset: u64, value: u128) -> Result<(), E::Trouble> {
        self.store_block_memory(segment, offset, value)
    }

    #[inline(always)]
    fn store_two_blocks(
        &mut self,
        segment: u8,
        offset: u64,
        [low, high]: [u128; 2],
    ) -> Result<(), E::Trouble> {
        let (first, _) = self.open_memory::<u64>(segment, offset)?;
        let (second, _) = self.open_memory::<u64>(segment, offset.wrapping_add(8))?;
        self.store_block_memory(segment, offset.wrapping_add(16), high)?;
        self.close_memory(first, low as u64);
        self.close_memory(second, (low >> 64) as u64);
        Ok(())
    }

    #[inline(always)]
    fn operate<O: Operation, const N: usize>(
        &mut self,
        o: &Operands,
        [a, b, c]: [[u128; N]; 3],
    ) -> Result<[u128; N], E::Trouble> {
        let mut control = Control::new(self.state().mxcsr);
        let results = std::array::from_fn(|i| {
            let sources = Sources { a: a[i], b: b[i], c: c[i] };
            O::apply(&mut control, sources, o, i as u32)
        });
        if !control.is_quiet() {
            self.settle(control)?;
        }
        Ok(results)
    }

    #[inline(always)]
    fn jump(&mut self, to: u64) -> Result<(), E::Trouble> {
        self.go_to(to)
    }
}
