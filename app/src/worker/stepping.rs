//! Steps that are more than one instruction: over a call, out of a procedure, to a place.

use emu_core::machine::protocol::Step;
use emu_core::machine::{Machine, Stop};
use emu_core::time::Cycle;

/// Instructions stepped before the thread looks around again.
const STEPS_AT_ONCE: u32 = 20_000;

/// Where a step ends.
enum Goal {
    Next,
    /// At this linear address, with the stack no deeper than this.
    At {
        linear: u64,
        stack: u64,
    },
    /// Behind a return that leaves the stack less deep than this.
    Return {
        stack: u64,
    },
}

/// A step under way.
pub struct Stepping {
    goal: Goal,
}

impl Stepping {
    pub fn new(step: Step, machine: &Machine) -> Self {
        let stack = stack_pointer(machine);
        let goal = match step {
            Step::Into => Goal::Next,
            Step::Over => match machine.cpu().step_over_target(&|linear| machine.peek(linear)) {
                Some(behind) => Goal::At { linear: behind.linear, stack },
                None => Goal::Next,
            },
            Step::Out => Goal::Return { stack },
            Step::To(place) => Goal::At { linear: place.linear, stack: 0 },
        };
        Self { goal }
    }

    /// Steps on, to `last` at most. Gives whether the goal is reached, and if not, why it stopped.
    pub fn advance(&self, machine: &mut Machine, last: Cycle) -> (bool, Stop) {
        for _ in 0..STEPS_AT_ONCE {
            let returns = machine.cpu().is_return(&|linear| machine.peek(linear));
            let stop = machine.step();
            if stop != Stop::Reached {
                return (false, stop);
            }
            let reached = match self.goal {
                Goal::Next => true,
                Goal::At { linear, stack } => {
                    machine.cpu().pc().linear == linear && stack_pointer(machine) >= stack
                }
                Goal::Return { stack } => returns && stack_pointer(machine) > stack,
            };
            if reached {
                return (true, stop);
            }
            if machine.now() >= last {
                break;
            }
        }
        (false, Stop::Reached)
    }
}

fn stack_pointer(machine: &Machine) -> u64 {
    let cpu = machine.cpu();
    cpu.register(cpu.description().stack_pointer)
}
