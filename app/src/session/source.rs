//! Bytes of the host on their way to a port: read on a thread of its own, and handed on as fast as the guest takes
//! them, so that nothing is lost and little waits.

use emu_core::board::external::External;
use emu_core::machine::Machine;
use emu_core::machine::journal::Input;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes that are handed on at once.
const CHUNK: usize = 4096;
/// Chunks that are read ahead.
const AHEAD: usize = 2;

/// What a reader gives, for one device.
pub struct ByteSource {
    device: String,
    chunks: Receiver<Vec<u8>>,
}

impl ByteSource {
    /// Begins to read. `name` is what a message calls the reader; its end is no error, the line is then quiet.
    ///
    /// # Errors
    /// When the host has no thread left.
    pub fn new(device: &str, name: &str, reader: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(AHEAD);
        let name = name.to_owned();
        // The thread may wait in its reader when the machine ends; it ends with the program then.
        std::thread::Builder::new().name(name.clone()).spawn(move || {
            if let Err(error) = pump(reader, &sender) {
                tracing::error!("{name} cannot be read: {error}; the guest receives no more");
            }
        })?;
        Ok(Self { device: device.to_owned(), chunks })
    }

    /// Hands the next bytes on, at this instruction boundary, once the guest has taken those before.
    pub(super) fn advance(&mut self, machine: &mut Machine) {
        let pending = machine.view_domain(|domain| {
            domain.find(&self.device).is_some_and(|device| domain.device(device).input_pending())
        });
        if pending || machine.journal().is_replaying() {
            return;
        }
        if let Ok(bytes) = self.chunks.try_recv() {
            let input = Input::Device { device: self.device.clone(), input: External::Bytes(bytes) };
            // Only media can be refused.
            let _ = machine.input(input);
        }
    }
}

/// Reads to the end, or until nobody wants more.
fn pump(mut reader: impl Read, to: &SyncSender<Vec<u8>>) -> io::Result<()> {
    let mut buffer = [0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) if to.send(buffer[..count].to_vec()).is_err() => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
