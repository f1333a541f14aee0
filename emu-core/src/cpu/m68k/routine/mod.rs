//! Instructions that are rare or long, as plain functions over the checked processor.

pub mod decimal;
pub mod multiple;
pub mod system;

use super::checked::{Checked, Fault, Routine, vector};
use super::operands::Operands;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use std::marker::PhantomData;

/// Makes a [`Routine`] of each function: a type by which an engine can name it. In brackets are the function's own
/// parameters with what they must be.
macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident = $function:ident $([$($parameter:ident: $bound:path),*])?;)*) => {$(
        $(#[$doc])*
        pub struct $name $(<$($parameter),*>(std::marker::PhantomData<($($parameter,)*)>))?;

        impl $(<$($parameter: $bound),*>)? $crate::cpu::m68k::checked::Routine for $name $(<$($parameter),*>)? {
            #[inline]
            fn run<B: $crate::cpu::bus::MemoryBus, P: $crate::cpu::probe::Probe>(
                cpu: &mut $crate::cpu::m68k::checked::Checked<'_, B, P>,
                o: &$crate::cpu::m68k::operands::Operands,
            ) -> Result<(), $crate::cpu::m68k::checked::Fault> {
                $function::<$($($parameter,)*)? B, P>(cpu, o)
            }
        }
    )*};
}
use routines;

/// What a routine gives.
type Outcome = Result<(), Fault>;

/// A routine that only the supervisor may use.
pub struct Privileged<R>(PhantomData<R>);

impl<R: Routine> Routine for Privileged<R> {
    fn run<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
        if !cpu.s.is_supervisor() {
            return Err(Fault::Refused(vector::PRIVILEGE));
        }
        R::run(cpu, o)
    }
}
