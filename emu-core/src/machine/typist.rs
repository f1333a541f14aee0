//! Types a text on a machine's keyboard, as fast as the guest takes the keys and no faster.

use super::Machine;
use crate::board::external::External;
use crate::hal::input::{HostInput, Stroke, TypingError, parse_typed};
use crate::time::Cycle;
use std::collections::VecDeque;

/// Guest time between two things that the hands do, as a fraction of a second.
const HAND_RATE: u64 = 100;

/// The PC BIOS's keyboard buffer (BIOS data area, 40:1A and 40:1C): where its next character is taken from, and where
/// the next one goes. A guest with a driver of its own leaves them alone, and then they are equal.
const BUFFER_HEAD: u64 = 0x41A;
const BUFFER_TAIL: u64 = 0x41C;

/// A text on its way into a machine.
#[derive(Debug)]
pub struct Typist {
    strokes: VecDeque<Stroke>,
    /// What is left to do of the stroke under way.
    hands: VecDeque<HostInput>,
    next_at: Cycle,
}

impl Typist {
    /// Will type a text in the notation of [`parse_typed`].
    ///
    /// # Errors
    /// The first mistake in it, with its position.
    pub fn new(text: &str) -> Result<Self, TypingError> {
        Ok(Self::of_strokes(parse_typed(text)?))
    }

    pub fn of_strokes(strokes: Vec<Stroke>) -> Self {
        Self { strokes: strokes.into(), hands: VecDeque::new(), next_at: Cycle(0) }
    }

    /// Types on. Call it often: at most one thing is done each time.
    pub fn advance(&mut self, machine: &mut Machine) {
        if machine.now() < self.next_at || has_input_pending(machine) {
            return;
        }
        if self.hands.is_empty() {
            if has_characters_waiting(machine) {
                return;
            }
            let Some(stroke) = self.strokes.pop_front() else { return };
            self.hands = stroke.inputs().into();
        }
        if let Some(input) = self.hands.pop_front() {
            machine.keyboard_input(External::Input(input));
            self.next_at = machine.now() + machine.cpu_hz() / HAND_RATE;
        }
    }

    /// Whether all is typed, and taken by the guest.
    pub fn is_done(&self, machine: &Machine) -> bool {
        self.strokes.is_empty()
            && self.hands.is_empty()
            && !has_input_pending(machine)
            && !has_characters_waiting(machine)
    }
}

/// Whether the keyboard still has something that the guest has not read.
fn has_input_pending(machine: &Machine) -> bool {
    let Some(keyboard) = machine.keyboard() else { return false };
    machine.view_domain(|domain| domain.device(keyboard).input_pending())
}

/// Whether the firmware still has characters that no program has asked for.
fn has_characters_waiting(machine: &Machine) -> bool {
    let word = |at| u16::from_le_bytes([machine.peek(at), machine.peek(at + 1)]);
    word(BUFFER_HEAD) != word(BUFFER_TAIL)
}
