//! Instructions that are rare or long, as plain functions over the checked processor.

pub mod control;
pub mod decimal;
pub mod descriptor;
pub mod early;
pub mod exchange;
pub mod extended;
pub mod far;
pub mod loadall;
pub mod management;
pub mod mmx;
pub mod model_specific;
pub mod random;
pub mod string;
pub mod system;
pub mod system_call;
pub mod three_d_now;
pub mod vector;
pub mod wait;
pub mod x87;

/// Makes a [`Routine`](super::checked::Routine) of each function: a type by which an engine can name it.
macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident = $function:ident $(::<$($parameter:ident),*>)?;)*) => {$(
        $(#[$doc])*
        pub struct $name $(<$($parameter),*>(std::marker::PhantomData<($($parameter,)*)>))?;

        impl $(<$($parameter: $crate::cpu::x86::alu::Int),*>)? $crate::cpu::x86::checked::Routine
            for $name $(<$($parameter),*>)?
        {
            #[inline]
            fn run<B: $crate::cpu::bus::MemoryBus, P: $crate::cpu::probe::Probe>(
                cpu: &mut $crate::cpu::x86::checked::Checked<'_, B, P>,
                o: &$crate::cpu::x86::operands::Operands,
            ) -> Result<(), $crate::cpu::x86::checked::Fault> {
                $function::<$($($parameter,)*)? B, P>(cpu, o)
            }
        }
    )*};
}
use routines;

/// What a routine gives.
type Outcome = Result<(), super::checked::Fault>;
