//! Single bits, counts of bits, double shifts, and the rest of what works on the bits of one number: the 80386's, POPCNT
//! and LZCNT, BMI1, BMI2, MOVBE, CRC32 (Intel SDM volume 2, under their names).

use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, Done, Form, Meaning, Place, Source, offset};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::reg;
use std::marker::PhantomData;

/// What becomes of a bit that was tested: BTS, BTR, BTC.
pub trait BitChange: 'static {
    fn change<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) -> B::Val<T>;
}

/// What makes one number of one, flags and all: scans, counts, BLSR and its kin.
pub trait Count: 'static {
    fn count<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> B::Val<T>;
}

/// What makes one number of a source and a control: BEXTR, BZHI, PDEP, PEXT, SHLX and its kin.
pub trait Extract: 'static {
    fn extract<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, control: B::Val<T>) -> B::Val<T>;
}

macro_rules! operations {
    ($trait:ident :: $function:ident ($($argument:ident),*):
     $($(#[$doc:meta])* $name:ident($b:ident, $($bound:ident),*) $body:block)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $trait for $name {
            #[inline(always)]
            fn $function<B: Backend, T: Int>($b: &mut B, $($bound: B::Val<T>),*) -> B::Val<T> $body
        }
    )*};
}

operations! { BitChange::change(value, bit):
    SetBit(b, value, bit) { b.or(value, bit) }
    ResetBit(b, value, bit) {
        let ones = b.constant(u64::MAX);
        let others = b.xor(bit, ones);
        b.and(value, others)
    }
    ComplementBit(b, value, bit) { b.xor(value, bit) }
}

/// The bit of a number that an index names modulo the width, as a mask.
#[inline(always)]
fn bit_of<B: Backend, T: Int>(b: &mut B, index: B::Val<T>) -> B::Val<T> {
    let mask = b.constant(u64::from(T::BITS) - 1);
    let index = b.and(index, mask);
    let one = b.constant(1);
    b.shift_left(one, index)
}

/// CF becomes the bit. The other flags are undefined, and stay.
#[inline(always)]
fn carry_of_bit<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, bit: B::Val<T>) {
    let found = b.and(value, bit);
    let clear = b.is_zero(found);
    let set = b.not(clear);
    b.set_carry(set);
}

/// BT.
pub struct TestBit<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Int, D: Source, S: Source> Meaning for TestBit<T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let index = S::get::<B, T>(b, o)?;
        let value = D::get::<B, T>(b, o)?;
        let bit = bit_of::<B, T>(b, index);
        carry_of_bit::<B, T>(b, value, bit);
        Ok(())
    }
}

/// BTS, BTR and BTC.
pub struct ChangeBit<K, T, D, S>(PhantomData<(K, T, D, S)>);

impl<K: BitChange, T: Int, D: Place, S: Source> Meaning for ChangeBit<K, T, D, S> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let index = S::get::<B, T>(b, o)?;
        let bit = bit_of::<B, T>(b, index);
        let before = D::update::<B, T>(b, o, |b, value| K::change::<B, T>(b, value, bit))?;
        carry_of_bit::<B, T>(b, before, bit);
        Ok(())
    }
}

/// Where the bit lies that a register names, which counts from the memory operand's on, either way.
#[inline(always)]
fn far_offset<B: Backend, T: Int>(b: &mut B, o: &Operands) -> B::Val<u64> {
    let near = offset(b, o);
    let index = b.register::<T>(o.first);
    let index = b.sign_extend::<T, u64>(index);
    let numbers = b.arithmetic_right(index, T::BITS.trailing_zeros() as u8);
    let bytes = b.shifted_left(numbers, T::BYTES.trailing_zeros() as u8);
    let sum = b.add(near, bytes);
    let mask = b.constant(o.offset_size.mask());
    b.and(sum, mask)
}

/// BT of memory with the bit's number in a register.
pub struct TestFarBit<T>(PhantomData<T>);

impl<T: Int> Meaning for TestFarBit<T> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let at = far_offset::<B, T>(b, o);
        let value = b.load::<T>(o.segment, at)?;
        let index = b.register::<T>(o.first);
        let bit = bit_of::<B, T>(b, index);
        carry_of_bit::<B, T>(b, value, bit);
        Ok(())
    }
}

/// BTS, BTR and BTC of memory with the bit's number in a register.
pub struct ChangeFarBit<K, T, const LOCKED: bool>(PhantomData<(K, T)>);

impl<K: BitChange, T: Int, const LOCKED: bool> Meaning for ChangeFarBit<K, T, LOCKED> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let at = far_offset::<B, T>(b, o);
        let index = b.register::<T>(o.first);
        let bit = bit_of::<B, T>(b, index);
        let before = if LOCKED {
            b.update_locked::<T>(o.segment, at, |b, value| K::change::<B, T>(b, value, bit))?
        } else {
            let (cell, value) = b.open::<T>(o.segment, at)?;
            let changed = K::change::<B, T>(b, value, bit);
            b.close(cell, changed);
            value
        };
        carry_of_bit::<B, T>(b, before, bit);
        Ok(())
    }
}

/// BSF and BSR. A source of zero leaves the destination as it was. Flags other than ZF are undefined.
pub struct Scan<T, S, const REVERSE: bool>(PhantomData<(T, S)>);

impl<T: Int, S: Source, const REVERSE: bool> Meaning for Scan<T, S, REVERSE> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        b.flags_of_logic(value);
        let none = b.is_zero(value);
        let some = b.not(none);
        b.when(some, |b| {
            let place = if REVERSE {
                let zeros = b.leading_zeros(value);
                let top = b.constant(u64::from(T::BITS) - 1);
                b.sub(top, zeros)
            } else {
                b.trailing_zeros(value)
            };
            b.set_register(o.first, place);
            Ok(())
        })
    }
}

/// A count of zeros, with ZF from the result and CF from the source.
#[inline(always)]
fn counted<B: Backend, T: Int>(b: &mut B, value: B::Val<T>, zeros: B::Val<T>) -> B::Val<T> {
    b.flags_of_logic(zeros);
    let none = b.is_zero(value);
    b.set_carry(none);
    zeros
}

/// `value - 1`
#[inline(always)]
fn less_one<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> B::Val<T> {
    let one = b.constant(1);
    b.sub(value, one)
}

operations! { Count::count(value):
    LeadingZeros(b, value) {
        let zeros = b.leading_zeros(value);
        counted::<B, T>(b, value, zeros)
    }
    TrailingZeros(b, value) {
        let zeros = b.trailing_zeros(value);
        counted::<B, T>(b, value, zeros)
    }
    /// POPCNT: all flags but ZF are cleared.
    Population(b, value) {
        let none = b.is_zero(value);
        let some = b.not(none);
        let never = b.both(none, some);
        b.set_comparison(none, never, never);
        b.ones(value)
    }
    /// BLSR.
    ResetLowest(b, value) {
        let less = less_one::<B, T>(b, value);
        let result = b.and(value, less);
        counted::<B, T>(b, value, result)
    }
    /// BLSMSK.
    MaskToLowest(b, value) {
        let less = less_one::<B, T>(b, value);
        let result = b.xor(value, less);
        counted::<B, T>(b, value, result)
    }
    /// BLSI; CF is set when there is a bit.
    IsolateLowest(b, value) {
        let zero = b.constant(0);
        let negated = b.sub(zero, value);
        let result = b.and(value, negated);
        b.flags_of_logic(result);
        let none = b.is_zero(value);
        let some = b.not(none);
        b.set_carry(some);
        result
    }
}

/// `D = C of S`.
pub struct CountInto<C, T, S>(PhantomData<(C, T, S)>);

impl<C: Count, T: Int, S: Source> Meaning for CountInto<C, T, S> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        let result = C::count::<B, T>(b, value);
        b.set_register(o.first, result);
        Ok(())
    }
}

/// The low byte of a control, and whether it is below the width.
#[inline(always)]
fn index_in<B: Backend, T: Int>(b: &mut B, control: B::Val<T>) -> (B::Val<T>, B::Truth) {
    let byte = b.constant(0xFF);
    let index = b.and(control, byte);
    let width = b.constant(u64::from(T::BITS));
    let inside = b.less(index, width);
    (index, inside)
}

/// The bits of `value` below the one that `index` names; all, where `inside` doesn't hold.
#[inline(always)]
fn bits_below<B: Backend, T: Int>(
    b: &mut B,
    value: B::Val<T>,
    (index, inside): (B::Val<T>, B::Truth),
) -> B::Val<T> {
    let bit = bit_of::<B, T>(b, index);
    let mask = less_one::<B, T>(b, bit);
    let below = b.and(value, mask);
    b.select(inside, below, value)
}

/// The count of a shift that reads no flags: modulo the width.
#[inline(always)]
fn count_of<B: Backend, T: Int>(b: &mut B, control: B::Val<T>) -> B::Val<T> {
    let mask = b.constant(u64::from(T::BITS) - 1);
    b.and(control, mask)
}

operations! { Extract::extract(value, control):
    /// BEXTR: from the bit that the control's low byte names, as many as its second byte says.
    BitField(b, value, control) {
        let (start, inside) = index_in::<B, T>(b, control);
        let start = count_of::<B, T>(b, start);
        let zero = b.constant(0);
        let shifted = b.shift_right(value, start);
        let shifted = b.select(inside, shifted, zero);
        let eight = b.constant(8);
        let length = b.shift_right(control, eight);
        let length = index_in::<B, T>(b, length);
        let result = bits_below::<B, T>(b, shifted, length);
        b.flags_of_logic(result);
        result
    }
    /// BZHI; CF says that the index lies outside.
    ZeroHigh(b, value, control) {
        let (index, inside) = index_in::<B, T>(b, control);
        let result = bits_below::<B, T>(b, value, (index, inside));
        b.flags_of_logic(result);
        let outside = b.not(inside);
        b.set_carry(outside);
        result
    }
    /// SHLX.
    ShiftLeft(b, value, control) {
        let count = count_of::<B, T>(b, control);
        b.shift_left(value, count)
    }
    /// SHRX.
    ShiftRight(b, value, control) {
        let count = count_of::<B, T>(b, control);
        b.shift_right(value, count)
    }
    /// SARX.
    ShiftRightSigned(b, value, control) {
        let count = count_of::<B, T>(b, control);
        b.shift_right_signed(value, count)
    }
    /// RORX.
    RotateRight(b, value, control) {
        let right = count_of::<B, T>(b, control);
        let low = b.shift_right(value, right);
        let zero = b.constant(0);
        let left = b.sub(zero, right);
        let left = count_of::<B, T>(b, left);
        let high = b.shift_left(value, left);
        b.or(low, high)
    }
    /// PDEP: the value's low bits, one to each bit of the control.
    Deposit(b, value, control) { b.deposit(value, control) }
    /// PEXT: the value's bits where the control has ones, packed.
    Gather(b, value, control) { b.gather(value, control) }
    /// ANDN, whose first source is inverted.
    AndNot(b, value, control) {
        let ones = b.constant(u64::MAX);
        let others = b.xor(value, ones);
        let result = b.and(others, control);
        b.flags_of_logic(result);
        result
    }
}

/// `first register = X of V by C`.
pub struct ExtractInto<X, T, V, C>(PhantomData<(X, T, V, C)>);

impl<X: Extract, T: Int, V: Source, C: Source> Meaning for ExtractInto<X, T, V, C> {
    const REGISTERS_ONLY: bool = !V::IN_MEMORY && !C::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = V::get::<B, T>(b, o)?;
        let control = C::get::<B, T>(b, o)?;
        let result = X::extract::<B, T>(b, value, control);
        b.set_register(o.first, result);
        Ok(())
    }
}

/// MULX: DX times `S`, without flags. Of one register for both halves, the high one stays.
pub struct MultiplyApart<T, S>(PhantomData<(T, S)>);

impl<T: Int, S: Source> Meaning for MultiplyApart<T, S> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let left = b.register::<T>(reg::DX);
        let right = S::get::<B, T>(b, o)?;
        let (low, high) = b.multiply(left, right, false);
        b.set_register(o.second, low);
        b.set_register(o.first, high);
        Ok(())
    }
}

/// SHLD and SHRD by `C` bits: `D` shifted, the first or second register's bits coming in.
pub struct ShiftDouble<T, D, S, C, const LEFT: bool>(PhantomData<(T, D, S, C)>);

impl<T: Int, D: Form, S: Source, C: Source, const LEFT: bool> Meaning for ShiftDouble<T, D, S, C, LEFT> {
    const REGISTERS_ONLY: bool = !D::IN_MEMORY && !S::IN_MEMORY && !C::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let count = C::get::<B, u8>(b, o)?;
        let mask = b.constant::<u8>(if T::BITS == 64 { 63 } else { 31 });
        let count = b.and(count, mask);
        let filler = S::get::<B, T>(b, o)?;
        let (open, value) = D::open::<B, T>(b, o)?;
        let result = b.shift_double(LEFT, value, filler, count);
        D::close(b, o, open, result);
        Ok(())
    }
}

/// BSWAP. Of a 16-bit register, which is undefined, zero comes out.
pub struct SwapBytes<T>(PhantomData<T>);

impl<T: Int> Meaning for SwapBytes<T> {
    const REGISTERS_ONLY: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let swapped = if T::BITS == 16 {
            b.constant(0)
        } else {
            let value = b.register::<T>(o.first);
            b.swapped_bytes(value)
        };
        b.set_register(o.first, swapped);
        Ok(())
    }
}

/// MOVBE.
pub struct MoveSwapped<T, D, S>(PhantomData<(T, D, S)>);

impl<T: Int, D: Form, S: Source> Meaning for MoveSwapped<T, D, S> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let value = S::get::<B, T>(b, o)?;
        let value = b.swapped_bytes(value);
        D::write(b, o, value)
    }
}

/// CRC32: the first register's low half and `S`, into a register as wide as `U`.
pub struct Crc32<T, U, S>(PhantomData<(T, U, S)>);

impl<T: Int, U: Int, S: Source> Meaning for Crc32<T, U, S> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let data = S::get::<B, T>(b, o)?;
        let before = b.register::<u32>(o.first);
        let after = b.crc32(before, data);
        let wide = b.zero_extend::<u32, U>(after);
        b.set_register(o.first, wide);
        Ok(())
    }
}

/// ADCX, whose carry is CF, and ADOX, whose carry is OF. The other flags stay.
pub struct AddCarrying<T, S, const OVERFLOW: bool>(PhantomData<(T, S)>);

impl<T: Int, S: Source, const OVERFLOW: bool> Meaning for AddCarrying<T, S, OVERFLOW> {
    const REGISTERS_ONLY: bool = !S::IN_MEMORY;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = S::get::<B, T>(b, o)?;
        let left = b.register::<T>(o.first);
        let comes_in = b.condition(if OVERFLOW { 0 } else { 2 });
        let (one, zero) = (b.constant(1), b.constant(0));
        let carry = b.select(comes_in, one, zero);
        let first = b.add(left, right);
        let sum = b.add(first, carry);
        let over = b.less(first, left);
        let over_too = b.less(sum, first);
        let goes_out = either(b, over, over_too);
        if OVERFLOW {
            b.set_overflow(goes_out);
        } else {
            b.set_carry(goes_out);
        }
        b.set_register(o.first, sum);
        Ok(())
    }
}

#[inline(always)]
fn either<B: Backend>(b: &mut B, left: B::Truth, right: B::Truth) -> B::Truth {
    let (no_left, no_right) = (b.not(left), b.not(right));
    let neither = b.both(no_left, no_right);
    b.not(neither)
}

/// XADD with memory.
pub struct ExchangeAdd<T, D>(PhantomData<(T, D)>);

impl<T: Int, D: Place> Meaning for ExchangeAdd<T, D> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let right = b.register::<T>(o.first);
        let before = D::update::<B, T>(b, o, |b, left| sum::<B, T>(b, left, right))?;
        b.set_register(o.first, before);
        Ok(())
    }
}

/// XADD of two registers; of the same one twice, the sum stays.
pub struct ExchangeAddRegisters<T>(PhantomData<T>);

impl<T: Int> Meaning for ExchangeAddRegisters<T> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let left = b.register::<T>(o.first);
        let right = b.register::<T>(o.second);
        let sum = sum::<B, T>(b, left, right);
        b.set_register(o.second, left);
        b.set_register(o.first, sum);
        Ok(())
    }
}

#[inline(always)]
fn sum<B: Backend, T: Int>(b: &mut B, left: B::Val<T>, right: B::Val<T>) -> B::Val<T> {
    let sum = b.add(left, right);
    b.flags_of_sum(left, right, sum);
    sum
}

/// CMPXCHG with memory, which is written in any case.
pub struct CompareExchange<T, D>(PhantomData<(T, D)>);

impl<T: Int, D: Place> Meaning for CompareExchange<T, D> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let expected = b.register::<T>(reg::AX);
        let new = b.register::<T>(o.first);
        let found = D::update::<B, T>(b, o, |b, found| {
            let equal = matches::<B, T>(b, expected, found);
            b.select(equal, new, found)
        })?;
        let equal = b.equal(expected, found);
        let differs = b.not(equal);
        b.when(differs, |b| {
            b.set_register(reg::AX, found);
            Ok(())
        })
    }
}

/// CMPXCHG of registers: one of the two that could be written is, the other not touched at all.
pub struct CompareExchangeRegisters<T>(PhantomData<T>);

impl<T: Int> Meaning for CompareExchangeRegisters<T> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        let expected = b.register::<T>(reg::AX);
        let new = b.register::<T>(o.second);
        let found = b.register::<T>(o.first);
        let equal = matches::<B, T>(b, expected, found);
        let differs = b.not(equal);
        b.when(equal, |b| {
            b.set_register(o.first, new);
            Ok(())
        })?;
        b.when(differs, |b| {
            b.set_register(reg::AX, found);
            Ok(())
        })
    }
}

/// Compares as CMP does, flags and all.
#[inline(always)]
fn matches<B: Backend, T: Int>(b: &mut B, expected: B::Val<T>, found: B::Val<T>) -> B::Truth {
    let difference = b.sub(expected, found);
    b.flags_of_difference(expected, found, difference);
    b.is_zero(difference)
}
