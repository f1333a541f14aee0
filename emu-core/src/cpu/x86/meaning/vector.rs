//! What is done with vector registers: moves, and operations of [`crate::cpu::x86::vector`].
//!
//! Lowering puts a vector instruction's operands into one order, whatever the encoding: the destination is
//! [`Operands::first`], the first source [`Operands::second`], the second source memory or [`Operands::base`]; what else
//! there is lies in the immediate ([`Packed`]). With VEX, what lies above a result becomes zero, without it stays.

use crate::cpu::x86::alu::Int;
use crate::cpu::x86::backend::{Backend, Done, Meaning, Try};
use crate::cpu::x86::executing::{self, Executing};
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::vector::control::Control;
use crate::cpu::x86::vector::quick::Quick;
use crate::cpu::x86::vector::{self, Shape, Sources};
use std::array;
use std::marker::PhantomData;

/// What a vector instruction has in [`Operands::immediate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The immediate byte.
    pub immediate: u8,
    /// The number of its row ([`vector::row`]), below 1024.
    pub row: u16,
    /// How many bytes a memory operand has that is no whole vector: a power of two up to 16.
    pub bytes: u8,
    /// The third source.
    pub third: u8,
}

impl Packed {
    pub const fn pack(self) -> u64 {
        self.immediate as u64
            | (self.row as u64) << 8
            | (self.bytes.trailing_zeros() as u64 & 7) << 18
            | (self.third as u64) << 21
    }

    #[inline(always)]
    pub const fn of(o: &Operands) -> Self {
        Self {
            immediate: o.immediate as u8,
            row: (o.immediate >> 8) as u16 & 0x3FF,
            bytes: 1 << (o.immediate >> 18 & 7),
            third: (o.immediate >> 21) as u8 & 15,
        }
    }
}

/// An operation on blocks, named by a type.
pub trait Operation: 'static {
    /// What comes of block number `half` of its operands.
    fn apply(control: &mut Control, sources: Sources, o: &Operands, half: u32) -> u128;
}

/// The operation whose row's number is among the operands.
pub struct Tabled;

impl Operation for Tabled {
    #[inline(always)]
    fn apply(control: &mut Control, mut sources: Sources, o: &Operands, half: u32) -> u128 {
        let packed = Packed::of(o);
        let row = vector::row(packed.row);
        let mut immediate = packed.immediate;
        match row.shape {
            Shape::Blocks { immediate: bits } => immediate >>= u32::from(bits) * half,
            Shape::Shared { step } => sources.b >>= u32::from(step) * half,
            _ => {}
        }
        (row.apply)(control, &sources, immediate)
    }
}

/// Where the second source is.
pub trait VectorSource: 'static {
    /// # Errors
    /// As [`Backend::load`].
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]>;
}

/// A vector register.
pub struct Registers;
/// The lowest block of a vector register, for all blocks.
pub struct LowBlock;
/// A vector in memory, perhaps one that must be aligned.
pub struct Whole<const ALIGNED: bool>;
/// Less than a vector in memory, for all blocks. Where it is a block, perhaps one that must be aligned.
pub struct Part<const ALIGNED: bool>;
/// A general register, for all blocks.
pub struct General;
/// The immediate byte.
pub struct Constant;

impl VectorSource for Registers {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        Ok(register_blocks(b, o.base))
    }
}

impl VectorSource for LowBlock {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        Ok([b.block(o.base, 0); N])
    }
}

impl<const ALIGNED: bool> VectorSource for Whole<ALIGNED> {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        let at = b.address(o);
        if ALIGNED {
            b.check_alignment(o.segment, at, 16 * N as u8)?;
        }
        load_blocks(b, o, at)
    }
}

#[inline(always)]
fn load_blocks<B: Backend, const N: usize>(
    b: &mut B,
    o: &Operands,
    at: B::Val<u64>,
) -> Try<B, [B::Block; N]> {
    let mut blocks = [b.load_block(o.segment, at)?; N];
    if N == 2 {
        let distance = b.constant::<u64>(16);
        let at = b.add(at, distance);
        blocks[N - 1] = b.load_block(o.segment, at)?;
    }
    Ok(blocks)
}

/// The one or two blocks of a register. No loop: the compiler keeps the array of one in memory, and a handler that has something in
/// memory of its own ends in no jump.
#[inline(always)]
fn register_blocks<B: Backend, const N: usize>(b: &mut B, register: u8) -> [B::Block; N] {
    let mut blocks = [b.block(register, 0); N];
    if N == 2 {
        blocks[N - 1] = b.block(register, 1);
    }
    blocks
}

impl<const ALIGNED: bool> VectorSource for Part<ALIGNED> {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        let at = b.address(o);
        let low = match Packed::of(o).bytes {
            1 => load_low::<B, u8>(b, o, at)?,
            2 => load_low::<B, u16>(b, o, at)?,
            4 => load_low::<B, u32>(b, o, at)?,
            8 => load_low::<B, u64>(b, o, at)?,
            _ => {
                if ALIGNED {
                    b.check_alignment(o.segment, at, 16)?;
                }
                b.load_block(o.segment, at)?
            }
        };
        Ok([low; N])
    }
}

/// A number from memory as the lowest bits of a block.
#[inline(always)]
fn load_low<B: Backend, T: Int>(b: &mut B, o: &Operands, at: B::Val<u64>) -> Try<B, B::Block> {
    let value = b.load::<T>(o.segment, at)?;
    Ok(low_block::<B, T>(b, value))
}

/// A number as the lowest bits of a block.
#[inline(always)]
fn low_block<B: Backend, T: Int>(b: &mut B, value: B::Val<T>) -> B::Block {
    let low = b.zero_extend::<T, u64>(value);
    let high = b.constant::<u64>(0);
    b.join(low, high)
}

impl VectorSource for General {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        let value = b.register::<u64>(o.base);
        Ok([low_block::<B, u64>(b, value); N])
    }
}

impl VectorSource for Constant {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        let value = b.constant::<u64>(Packed::of(o).immediate.into());
        Ok([low_block::<B, u64>(b, value); N])
    }
}

/// Computes all blocks of an operation.
#[inline(always)]
fn compute<B: Backend, O: Operation, S: VectorSource, const N: usize>(
    b: &mut B,
    o: &Operands,
) -> Try<B, [B::Block; N]> {
    let second = S::blocks::<B, N>(b, o)?;
    let first = register_blocks(b, o.second);
    let third = register_blocks(b, Packed::of(o).third);
    b.operate::<O, N>(o, [first, second, third])
}

/// Makes blocks the lowest ones of the destination.
#[inline(always)]
fn write<B: Backend, const VEX: bool, const N: usize>(b: &mut B, o: &Operands, blocks: [B::Block; N]) {
    b.set_block(o.first, 0, blocks[0]);
    if N == 2 {
        b.set_block(o.first, 1, blocks[N - 1]);
    }
    if VEX && N == 1 {
        let zero = b.constant::<u64>(0);
        let zeros = b.join(zero, zero);
        b.set_block(o.first, 1, zeros);
    }
}

/// `D = O(A, B, C)`, in N blocks.
pub struct Compute<O, S, const VEX: bool, const N: usize>(PhantomData<(O, S)>);

impl<O: Operation, S: VectorSource, const VEX: bool, const N: usize> Meaning for Compute<O, S, VEX, N> {
    const CALLS: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let blocks = compute::<B, O, S, N>(b, o)?;
        write::<B, VEX, N>(b, o, blocks);
        Ok(())
    }
}

/// As [`Compute`], the lower halves of two blocks becoming one ([`Shape::Narrow`]). With VEX.
pub struct ComputeNarrow<S>(PhantomData<S>);

impl<S: VectorSource> Meaning for ComputeNarrow<S> {
    const CALLS: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(true)?;
        let [low, high] = compute::<B, Tabled, S, 2>(b, o)?;
        let (low, high) = (b.quad(low, 0), b.quad(high, 0));
        let block = b.join(low, high);
        write::<B, true, 1>(b, o, [block]);
        Ok(())
    }
}

/// An operation whose result goes to a general register ([`Shape::General`]).
pub struct ComputeGeneral<S, const VEX: bool, const N: usize>(PhantomData<S>);

impl<S: VectorSource, const VEX: bool, const N: usize> Meaning for ComputeGeneral<S, VEX, N> {
    const CALLS: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let blocks = compute::<B, Tabled, S, N>(b, o)?;
        let mut value = b.quad(blocks[0], 0);
        if let (Some(&upper), Shape::General { bits }) = (blocks.get(1), vector::row(Packed::of(o).row).shape)
        {
            let upper = b.quad(upper, 0);
            let upper = b.shifted_left(upper, bits);
            value = b.or(value, upper);
        }
        b.set_register(o.first, value);
        Ok(())
    }
}

/// An operation whose result, as long as a number, goes to memory: PEXTRB and its kin. The source is
/// [`Operands::second`].
pub struct Extract<T, const VEX: bool>(PhantomData<T>);

impl<T: Int, const VEX: bool> Meaning for Extract<T, VEX> {
    const CALLS: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let source = [b.block(o.second, 0)];
        let [block] = b.operate::<Tabled, 1>(o, [source; 3])?;
        let value = b.quad(block, 0);
        let value = b.zero_extend::<u64, T>(value);
        let at = b.address(o);
        b.store(o.segment, at, value)
    }
}

/// An operation whose result is flags ([`Shape::Flags`]).
pub struct ComputeFlags<O, S, const VEX: bool, const N: usize>(PhantomData<(O, S)>);

impl<O: Operation, S: VectorSource, const VEX: bool, const N: usize> Meaning for ComputeFlags<O, S, VEX, N> {
    const CALLS: bool = true;

    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let blocks = compute::<B, O, S, N>(b, o)?;
        let mut bits = b.quad(blocks[0], 0);
        if let Some(&upper) = blocks.get(1) {
            let upper = b.quad(upper, 0);
            bits = b.and(bits, upper);
        }
        let [zero, parity, carry] = array::from_fn(|i| {
            let bit = b.constant::<u64>(1 << i);
            let bit = b.and(bits, bit);
            let clear = b.is_zero(bit);
            b.not(clear)
        });
        b.set_comparison(zero, parity, carry);
        Ok(())
    }
}

/// A whole vector from a register or memory to a register.
pub struct MoveVector<S, const VEX: bool, const N: usize>(PhantomData<S>);

impl<S: VectorSource, const VEX: bool, const N: usize> Meaning for MoveVector<S, VEX, N> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let blocks = S::blocks::<B, N>(b, o)?;
        write::<B, VEX, N>(b, o, blocks);
        Ok(())
    }
}

/// A whole vector, [`Operands::first`], to memory.
pub struct StoreVector<const ALIGNED: bool, const VEX: bool, const N: usize>;

impl<const ALIGNED: bool, const VEX: bool, const N: usize> Meaning for StoreVector<ALIGNED, VEX, N> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let at = b.address(o);
        if ALIGNED {
            b.check_alignment(o.segment, at, 16 * N as u8)?;
        }
        let low = b.block(o.first, 0);
        if N == 1 {
            return b.store_block(o.segment, at, low);
        }
        let high = b.block(o.first, 1);
        b.store_two_blocks(o.segment, at, [low, high])
    }
}

/// The lowest number of a register, [`Operands::first`], or its second quadword, to memory: MOVSS, MOVSD, MOVD, MOVQ,
/// MOVLPS, MOVHPS.
pub struct StoreNumber<T, const HIGH: bool, const VEX: bool>(PhantomData<T>);

impl<T: Int, const HIGH: bool, const VEX: bool> Meaning for StoreNumber<T, HIGH, VEX> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let at = b.address(o);
        let block = b.block(o.first, 0);
        let quad = b.quad(block, u8::from(HIGH));
        let value = b.zero_extend::<u64, T>(quad);
        b.store(o.segment, at, value)
    }
}

/// A number from memory, zeros above it: MOVSS, MOVSD, MOVD, MOVQ.
pub struct LoadNumber<T, const VEX: bool>(PhantomData<T>);

impl<T: Int, const VEX: bool> Meaning for LoadNumber<T, VEX> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let at = b.address(o);
        let block = load_low::<B, T>(b, o, at)?;
        write::<B, VEX, 1>(b, o, [block]);
        Ok(())
    }
}

/// A number from a general register, zeros above it: MOVD, MOVQ.
pub struct FromGeneral<T, const VEX: bool>(PhantomData<T>);

impl<T: Int, const VEX: bool> Meaning for FromGeneral<T, VEX> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let value = b.register::<T>(o.second);
        let block = low_block::<B, T>(b, value);
        write::<B, VEX, 1>(b, o, [block]);
        Ok(())
    }
}

/// A register's lowest number to a general register: MOVD, MOVQ.
pub struct ToGeneral<T, const VEX: bool>(PhantomData<T>);

impl<T: Int, const VEX: bool> Meaning for ToGeneral<T, VEX> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let block = b.block(o.second, 0);
        let quad = b.quad(block, 0);
        let value = b.zero_extend::<u64, T>(quad);
        b.set_register(o.first, value);
        Ok(())
    }
}

/// MOVQ between registers: zeros above the quadword.
pub struct MoveQuad<const VEX: bool>;

impl<const VEX: bool> Meaning for MoveQuad<VEX> {
    #[inline(always)]
    fn run<B: Backend>(b: &mut B, o: &Operands) -> Done<B> {
        b.check_vectors(VEX)?;
        let block = b.block(o.second, 0);
        let quad = b.quad(block, 0);
        let block = low_block::<B, u64>(b, quad);
        write::<B, VEX, 1>(b, o, [block]);
        Ok(())
    }
}

/// Where the second source of an operation without VEX and without the table is, as [`VectorSource`].
pub trait QuickSource: VectorSource {
    const HAS_ADDRESS: bool;
}

/// A number in memory.
pub struct Number<T>(PhantomData<T>);

impl<T: Int> VectorSource for Number<T> {
    #[inline(always)]
    fn blocks<B: Backend, const N: usize>(b: &mut B, o: &Operands) -> Try<B, [B::Block; N]> {
        let at = b.address(o);
        let low = load_low::<B, T>(b, o, at)?;
        Ok([low; N])
    }
}

macro_rules! quick_source {
    ($($source:ty $([$parameter:ident])?: $has_address:literal;)*) => {$(
        impl $(<$parameter: Int>)? QuickSource for $source {
            const HAS_ADDRESS: bool = $has_address;
        }
    )*};
}

quick_source! {
    Registers: false;
    General: false;
    Constant: false;
    Whole<true>: true;
    Number<T> [T]: true;
}

/// The result of the usual case of an operation.
#[inline(always)]
fn quick_result<O: Quick, S: QuickSource, E: Executing>(cpu: &mut E, o: &Operands) -> Option<u128> {
    cpu.check_vectors(false).ok()?;
    let [b] = S::blocks::<E, 1>(cpu, o).ok()?;
    let a = cpu.block(o.second, 0);
    O::quick(Control::new(cpu.state().mxcsr), &Sources { a, b, c: 0 }, Packed::of(o).immediate)
}

/// The usual case of a [`Compute`] without VEX.
pub struct ComputeQuickly<O, S>(PhantomData<(O, S)>);

impl<O: Quick, S: QuickSource> executing::Quick for ComputeQuickly<O, S> {
    const HAS_ADDRESS: bool = S::HAS_ADDRESS;

    #[inline(always)]
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Option<()> {
        let block = quick_result::<O, S, E>(cpu, o)?;
        cpu.set_block(o.first, 0, block);
        Some(())
    }
}

/// The usual case of a [`ComputeGeneral`] without VEX.
pub struct ComputeGeneralQuickly<O, S>(PhantomData<(O, S)>);

impl<O: Quick, S: QuickSource> executing::Quick for ComputeGeneralQuickly<O, S> {
    const HAS_ADDRESS: bool = S::HAS_ADDRESS;

    #[inline(always)]
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Option<()> {
        let block = quick_result::<O, S, E>(cpu, o)?;
        cpu.set_register(o.first, block as u64);
        Some(())
    }
}

/// The usual case of a [`ComputeFlags`] without VEX.
pub struct ComputeFlagsQuickly<O, S>(PhantomData<(O, S)>);

impl<O: Quick, S: QuickSource> executing::Quick for ComputeFlagsQuickly<O, S> {
    const HAS_ADDRESS: bool = S::HAS_ADDRESS;

    #[inline(always)]
    fn run<E: Executing>(cpu: &mut E, o: &Operands) -> Option<()> {
        let bits = quick_result::<O, S, E>(cpu, o)? as u64;
        let [zero, parity, carry] = array::from_fn(|i| bits >> i & 1 != 0);
        cpu.set_comparison(zero, parity, carry);
        Some(())
    }
}
