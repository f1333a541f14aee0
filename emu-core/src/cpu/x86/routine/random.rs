//! RDRAND and RDSEED. A run is a function of its inputs: what they give follows from the time and the number of
//! instructions before, so that it looks random to a guest and is the same in each replay. It is no secret.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::int::Int;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::checked::Checked;
use crate::cpu::x86::operands::Operands;

routines! {
    Random = random::<T>;
}

/// There always is a number: CF is set, the other flags are clear.
fn random<T: Int, B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, o: &Operands) -> Outcome {
    let seed = cpu.s.counters.instructions.rotate_left(32) ^ cpu.s.now;
    cpu.put(o.first, T::low(mixed(seed)));
    cpu.s.flags.set_status(flag::CF);
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood, 2014): neighbouring seeds give numbers that have nothing in common.
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}
