//! Who goes along with a run: looks at the machine between its slices, and says when the run is over.
//!
//! What drives a session (a loop without a window, a worker's thread with one) asks its companion, so that what a run
//! waits for and leaves behind is written once.

use super::Session;
use emu_core::hal::audio::AudioSink;
use emu_core::machine::Stop;
use emu_core::time::Cycle;

/// What a companion says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    GoOn,
    /// It has come to its end.
    Over,
    /// The host wants the program to end: as if the user had closed the window.
    Interrupted,
}

/// The calls come in the order in which they stand here.
pub trait Companion: Send {
    /// Where the sound goes that would go to `device`. Asked again when a session has to be built again.
    ///
    /// # Errors
    /// A sentence, when it cannot be recorded.
    fn listen(&mut self, device: Box<dyn AudioSink>) -> anyhow::Result<Box<dyn AudioSink>>;

    /// The machine is built and runs next.
    ///
    /// # Errors
    /// A sentence, when the machine does not have what the run needs; it must then not run.
    fn begin(&mut self, session: &mut Session) -> anyhow::Result<()>;

    /// No slice goes further, so that it does not matter to the guest what else cuts slices.
    fn next_look(&self) -> Cycle;

    /// Looks after each slice, and from time to time while a machine is paused (with [`Stop::Reached`]).
    fn look(&mut self, session: &mut Session, stop: Stop) -> Verdict;

    /// The run has ended, by a verdict or from outside. The media are to be made safe here.
    fn end(&mut self, session: &mut Session);
}
