//! Where the bytes go that a machine's ports send out.

use std::io::Write;

/// Takes a port's bytes.
pub trait ByteSink: Send {
    fn byte(&mut self, byte: u8);
    /// Everything so far is to be seen now.
    fn flush(&mut self) {}
}

/// A sink that writes to a file or to standard output. When the host can take no more, that is said once.
pub struct WriterSink {
    name: String,
    buffer: Vec<u8>,
    writer: Option<Box<dyn Write + Send>>,
}

impl WriterSink {
    /// `name` is what a message calls it.
    pub fn new(name: impl Into<String>, writer: Box<dyn Write + Send>) -> Self {
        Self { name: name.into(), buffer: Vec::new(), writer: Some(writer) }
    }
}

impl ByteSink for WriterSink {
    fn byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.write_all(&self.buffer).and_then(|()| writer.flush())
        {
            tracing::error!("{} takes no more: {error}; what the port sends from here on is lost", self.name);
            self.writer = None;
        }
        self.buffer.clear();
    }
}

impl<S: ByteSink> ByteSink for std::sync::Arc<std::sync::Mutex<S>> {
    fn byte(&mut self, byte: u8) {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).byte(byte);
    }

    fn flush(&mut self) {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).flush();
    }
}

/// The sinks of a machine's ports, by the device's name on the board.
#[derive(Default)]
pub struct Ports {
    sinks: Vec<(String, Box<dyn ByteSink>)>,
}

impl Ports {
    /// Lets a device's bytes go to one more sink.
    pub fn connect(&mut self, device: &str, sink: Box<dyn ByteSink>) {
        self.sinks.push((device.to_owned(), sink));
    }

    pub(super) fn byte(&mut self, device: &str, byte: u8) {
        for (_, sink) in self.sinks.iter_mut().filter(|(name, _)| name == device) {
            sink.byte(byte);
        }
    }

    pub(super) fn flush(&mut self) {
        for (_, sink) in &mut self.sinks {
            sink.flush();
        }
    }
}
