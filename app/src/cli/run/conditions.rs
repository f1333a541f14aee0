//! The script of a run while it runs: what it waits for, and what it types.

use crate::cli::{Script, Step};
use crate::session::{ByteSink, Session};
use emu_core::board::device::Device;
use emu_core::hal::video::TextScreen;
use emu_core::machine::typist::Typist;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that a stream keeps for a match to come.
const MAX_KEPT: usize = 1 << 20;

/// What a port has sent and no match has consumed yet.
#[derive(Default)]
pub struct Stream {
    bytes: VecDeque<u8>,
}

impl ByteSink for Stream {
    fn byte(&mut self, byte: u8) {
        if self.bytes.len() == MAX_KEPT {
            self.bytes.pop_front();
        }
        self.bytes.push_back(byte);
    }
}

impl Stream {
    /// Looks for `text`, and consumes it with all before it.
    fn take(&mut self, text: &str) -> bool {
        let bytes = self.bytes.make_contiguous();
        let Some(at) = bytes.windows(text.len()).position(|window| window == text.as_bytes()) else {
            return false;
        };
        self.bytes.drain(..at + text.len());
        true
    }
}

type SharedStream = Arc<Mutex<Stream>>;

/// The script's state.
pub struct Conditions {
    steps: VecDeque<Step>,
    typist: Option<Typist>,
    /// The screen at the moment of the last `--type`: a later match needs another one.
    screen_at_typing: Option<Option<String>>,
    serial: SharedStream,
    debugcon: SharedStream,
}

impl Conditions {
    /// Begins a script.
    pub fn new(script: &Script) -> Self {
        let (serial, debugcon) = (SharedStream::default(), SharedStream::default());
        Self { steps: script.0.clone().into(), typist: None, screen_at_typing: None, serial, debugcon }
    }

    /// Lets the script hear the session's ports.
    pub fn connect(&self, session: &mut Session) {
        session.ports.connect("com1", Box::new(Arc::clone(&self.serial)));
        session.ports.connect("debugcon", Box::new(Arc::clone(&self.debugcon)));
    }

    /// Whether all has been met.
    pub fn are_met(&self) -> bool {
        self.steps.is_empty() && self.typist.is_none()
    }

    /// Goes on as far as possible.
    ///
    /// # Errors
    /// When a text to type has a mistake.
    pub fn advance(&mut self, session: &mut Session) -> anyhow::Result<()> {
        loop {
            if let Some(typist) = &mut self.typist {
                typist.advance(&mut session.machine);
                if !typist.is_done(&session.machine) {
                    return Ok(());
                }
                self.typist = None;
            }
            let Some(step) = self.steps.front() else { return Ok(()) };
            let met = match step {
                Step::UntilScreen(text) => self.screen_shows(session, text),
                Step::UntilSerial(text) => take(&self.serial, text),
                Step::UntilDebugcon(text) => take(&self.debugcon, text),
                Step::Type(strokes) => {
                    self.screen_at_typing = Some(screen_text(session));
                    self.typist = Some(Typist::of_strokes(strokes.clone()));
                    true
                }
            };
            if !met {
                return Ok(());
            }
            self.steps.pop_front();
        }
    }

    /// What is being waited for, for the message when it did not come.
    pub fn waiting_for(&self) -> String {
        match self.steps.front() {
            _ if self.typist.is_some() => "the guest to take the typed keys".to_owned(),
            Some(Step::UntilScreen(text)) => format!("the screen to show {text:?}"),
            Some(Step::UntilSerial(text)) => format!("the serial line to send {text:?}"),
            Some(Step::UntilDebugcon(text)) => format!("the debug console to print {text:?}"),
            Some(Step::Type(_)) | None => "the end of the script".to_owned(),
        }
    }

    fn screen_shows(&self, session: &Session, text: &str) -> bool {
        let Some(screen) = text_screen(session) else { return false };
        screen.contains(text)
            && self.screen_at_typing.as_ref().is_none_or(|old| *old != Some(screen.to_string()))
    }
}

fn take(stream: &SharedStream, text: &str) -> bool {
    stream.lock().unwrap_or_else(PoisonError::into_inner).take(text)
}

/// The text on the first screen that has some.
pub fn text_screen(session: &Session) -> Option<TextScreen> {
    session.machine.view_domain(|domain| {
        domain.devices().find_map(|(_, _, device): (_, _, &dyn Device)| device.text_screen())
    })
}

fn screen_text(session: &Session) -> Option<String> {
    text_screen(session).map(|screen| screen.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_consumes_what_was_matched() {
        let mut stream = Stream::default();
        b"login: root\r\nlogin: ".iter().for_each(|&byte| stream.byte(byte));
        assert!(stream.take("login:"));
        assert!(stream.take("login:"));
        assert!(!stream.take("login:"));
    }
}
