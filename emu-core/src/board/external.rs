//! What reaches a device from outside its machine. All of it goes through the journal.

use crate::hal::input::HostInput;
use serde::{Deserialize, Serialize};

/// One thing from outside, for one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum External {
    /// What the user's hands do.
    Input(HostInput),
    /// Bytes on a line: from a terminal to a serial port.
    Bytes(Vec<u8>),
}
