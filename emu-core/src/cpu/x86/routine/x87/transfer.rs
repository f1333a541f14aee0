//! Loads, stores and exchanges.

use super::{Instruction, MemoryOperand, instructions, memory, quickly, remember_operand, run, usually};
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::executing::Executing;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::x87::arithmetic::Short;
use crate::cpu::x86::x87::image::{extended_bytes, extended_from};
use crate::cpu::x86::x87::quick::QuickStore;
use crate::cpu::x86::x87::transfer::Store;
use crate::float::{Constant, F32, F64, PackedDecimal, from_packed_decimal};
use std::marker::PhantomData;

/// A format of numbers in memory that is loaded and stored with rounding.
pub trait ShortFormat: Short {
    type Bits: Int;
}

impl ShortFormat for F32 {
    type Bits = u32;
}

impl ShortFormat for F64 {
    type Bits = u64;
}

/// FLD of a single or double.
pub struct Load<F>(PhantomData<F>);

impl<F: ShortFormat + 'static> Instruction for Load<F> {
    usually!(|cpu, o| {
        let at = cpu.address_of(o);
        let bits = cpu.load_memory::<F::Bits>(o.segment, at).ok()?;
        cpu.state().fpu.load_quickly::<DOUBLES>(F::from_bits(bits.wide()))?;
        remember_operand(cpu.state(), o, at);
        Some(())
    });

    run!(|cpu, o| {
        let at = cpu.address_of(o);
        let bits = cpu.load_memory::<F::Bits>(o.segment, at)?;
        remember_operand(cpu.state(), o, at);
        cpu.state().fpu.load_short(F::from_bits(bits.wide()));
        Ok(())
    });
}

/// FILD.
pub struct LoadInteger<M>(PhantomData<M>);

impl<M: MemoryOperand> Instruction for LoadInteger<M> {
    usually!(|cpu, o| quickly::<M, E>(cpu, o, |fpu, operand| fpu.load_quickly::<DOUBLES>(operand)));

    run!(|cpu, o| {
        let operand = memory::<M, E>(cpu, o)?;
        cpu.state().fpu.load_exactly(operand.value);
        Ok(())
    });
}

/// FST and FSTP of a single or double.
pub struct StoreShort<F, const POP: bool>(PhantomData<F>);

impl<F: ShortFormat + 'static, const POP: bool> Instruction for StoreShort<F, POP> {
    usually!(|cpu, o| {
        let store = cpu.state().fpu.prepare_short_quickly::<F, DOUBLES>()?;
        finish_quickly::<F::Bits, POP, E>(cpu, o, &store)
    });

    run!(|cpu, o| {
        let store = cpu.state().fpu.prepare_short::<F>();
        finish::<F::Bits, POP, E>(cpu, o, &store)
    });
}

/// FIST, FISTP, and FISTTP (`TRUNCATE`).
pub struct StoreInteger<T, const TRUNCATE: bool, const POP: bool>(PhantomData<T>);

impl<T: Int, const TRUNCATE: bool, const POP: bool> Instruction for StoreInteger<T, TRUNCATE, POP> {
    usually!(|cpu, o| {
        let store = cpu.state().fpu.prepare_integer_quickly::<TRUNCATE, DOUBLES>(T::BITS)?;
        finish_quickly::<T, POP, E>(cpu, o, &store)
    });

    run!(|cpu, o| {
        let store = cpu.state().fpu.prepare_integer::<TRUNCATE>(T::BITS);
        finish::<T, POP, E>(cpu, o, &store)
    });
}

/// Writes what a store gives, and only then lets it happen.
#[inline(always)]
fn finish<T: Int, const POP: bool, E: Executing>(
    cpu: &mut E,
    o: &Operands,
    store: &Store<u64>,
) -> Result<(), E::Trouble> {
    let at = cpu.address_of(o);
    if let Some(value) = store.value {
        cpu.store_memory(o.segment, at, T::low(value))?;
    }
    remember_operand(cpu.state(), o, at);
    cpu.state().fpu.complete::<POP, _>(store);
    Ok(())
}

/// [`finish`] of the usual case.
#[inline(always)]
fn finish_quickly<T: Int, const POP: bool, E: Executing>(
    cpu: &mut E,
    o: &Operands,
    store: &QuickStore<u64>,
) -> Option<()> {
    let at = cpu.address_of(o);
    cpu.store_memory(o.segment, at, T::low(store.value)).ok()?;
    remember_operand(cpu.state(), o, at);
    cpu.state().fpu.complete_quickly::<POP, _>(store);
    Some(())
}

/// Reads ten bytes.
fn read_ten<E: Executing>(cpu: &mut E, o: &Operands) -> Result<[u8; 10], E::Trouble> {
    let at = cpu.address_of(o);
    let low = cpu.load_memory::<u64>(o.segment, at)?;
    let high = cpu.load_memory::<u16>(o.segment, at.wrapping_add(8) & o.offset_size.mask())?;
    remember_operand(cpu.state(), o, at);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&low.to_le_bytes());
    bytes[8..].copy_from_slice(&high.to_le_bytes());
    Ok(bytes)
}

/// Writes ten bytes if there are any, and lets the store happen.
fn finish_ten<T, E: Executing>(
    cpu: &mut E,
    o: &Operands,
    store: &Store<T>,
    bytes: Option<[u8; 10]>,
) -> Result<(), E::Trouble> {
    let at = cpu.address_of(o);
    if let Some([low @ .., a, b]) = bytes {
        let above = at.wrapping_add(8) & o.offset_size.mask();
        let (above, _) = cpu.open_memory::<u16>(o.segment, above)?;
        cpu.store_memory(o.segment, at, u64::from_le_bytes(low))?;
        cpu.close_memory(above, u16::from_le_bytes([a, b]));
    }
    remember_operand(cpu.state(), o, at);
    cpu.state().fpu.complete::<true, _>(store);
    Ok(())
}

/// FST and FSTP into the register `first`.
pub struct CopyTo<const POP: bool>;

impl<const POP: bool> Instruction for CopyTo<POP> {
    const HAS_ADDRESS: bool = false;

    usually!(|cpu, o| cpu.state().fpu.copy_quickly_to::<POP, DOUBLES>(o.first));

    run!(|cpu, o| {
        cpu.state().fpu.copy_to::<POP>(o.first);
        Ok(())
    });
}

/// FFREE, and FFREEP (`POP`).
pub struct Free<const POP: bool>;

impl<const POP: bool> Instruction for Free<POP> {
    const HAS_ADDRESS: bool = false;

    run!(|cpu, o| {
        cpu.state().fpu.release(o.first);
        if POP {
            cpu.state().fpu.pop();
        }
        Ok(())
    });
}

instructions! {
    LoadExtended = |cpu, o| {
        let bytes = read_ten(cpu, o)?;
        cpu.state().fpu.load_exactly(extended_from(bytes));
        Ok(())
    };
    StoreExtended = |cpu, o| {
        let store = cpu.state().fpu.prepare_extended();
        finish_ten(cpu, o, &store, store.value.map(extended_bytes))
    };
    LoadDecimal = |cpu, o| {
        let bytes = read_ten(cpu, o)?;
        cpu.state().fpu.load_exactly(from_packed_decimal(PackedDecimal(bytes)));
        Ok(())
    };
    StoreDecimal = |cpu, o| {
        let store = cpu.state().fpu.prepare_decimal();
        finish_ten(cpu, o, &store, store.value.map(|decimal| decimal.0))
    };
    LoadRegister {
        const HAS_ADDRESS: bool = false;

        usually!(|cpu, o| cpu.state().fpu.load_register_quickly::<DOUBLES>(o.first));
    } = |cpu, o| {
        cpu.state().fpu.load_register(o.first);
        Ok(())
    };
    /// FLD1 and its kin: [`Operands::detail`] is its place among them.
    LoadConstant {
        const HAS_ADDRESS: bool = false;

        usually!(|cpu, o| {
            // The others depend on how results are rounded.
            const EXACT: [Option<F64>; 8] = {
                let mut exact = [None; 8];
                exact[0] = Some(F64(1_f64.to_bits()));
                exact[6] = Some(F64(0));
                exact
            };
            cpu.state().fpu.load_quickly::<DOUBLES>(EXACT[usize::from(o.detail & 7)]?)
        });
    } = |cpu, o| {
        const CONSTANTS: [Constant; 8] = [
            Constant::One,
            Constant::Log2Of10,
            Constant::Log2OfE,
            Constant::Pi,
            Constant::Log10Of2,
            Constant::LnOf2,
            Constant::Zero,
            Constant::Zero,
        ];
        cpu.state().fpu.load_constant(CONSTANTS[usize::from(o.detail & 7)]);
        Ok(())
    };
    Exchange {
        const HAS_ADDRESS: bool = false;

        usually!(|cpu, o| cpu.state().fpu.exchange_quickly::<DOUBLES>(o.second));
    } = |cpu, o| {
        cpu.state().fpu.exchange(o.second);
        Ok(())
    };
    /// FCMOVcc: [`Operands::detail`] is the condition.
    MoveIf { const HAS_ADDRESS: bool = false; } = |cpu, o| {
        let holds = cpu.state().flags.condition(o.detail);
        cpu.state().fpu.move_if(holds, o.second);
        Ok(())
    };
    /// FINCSTP and FDECSTP: [`Operands::detail`] registers on.
    Turn { const HAS_ADDRESS: bool = false; } = |cpu, o| {
        cpu.state().fpu.turn(o.detail);
        Ok(())
    };
    /// FSTPNCE.
    CopyUnchecked { const HAS_ADDRESS: bool = false; } = |cpu, o| {
        cpu.state().fpu.copy_unchecked(o.first);
        Ok(())
    };
    /// FNOP, and what only earlier members do something for.
    Nothing { const HAS_ADDRESS: bool = false; } = |_cpu, _| Ok(());
}
