//! RSM.

use super::{Outcome, routines};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::checked::Checked;
use crate::cpu::x86::operands::Operands;

routines! {
    Resume = resume;
}

fn resume<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.resume()
}
