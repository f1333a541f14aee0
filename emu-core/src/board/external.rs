//! What reaches a device from outside its machine. All of it goes through the journal.

use serde::{Deserialize, Serialize};

/// One thing from outside, for one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum External {
    /// Bytes on a line: from a terminal to a serial port.
    Bytes(Vec<u8>),
}
