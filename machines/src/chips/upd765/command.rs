//! The command phase: what a first byte asks for, and how many bytes belong to it (data sheet, "Instruction Set").

use crate::media::floppy::Encoding;
use serde::{Deserialize, Serialize};

/// What a scan looks for: the disk's sector against the processor's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scan {
    Equal,
    LowOrEqual,
    HighOrEqual,
}

/// The commands that wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskCommand {
    Read { deleted: bool },
    Write { deleted: bool },
    ReadTrack,
    ReadId,
    FormatTrack,
    Scan(Scan),
}

impl DiskCommand {
    /// Whether the processor's bytes go to the controller.
    pub const fn takes_bytes(self) -> bool {
        matches!(self, Self::Write { .. } | Self::FormatTrack | Self::Scan(_))
    }

    pub const fn writes_the_disk(self) -> bool {
        matches!(self, Self::Write { .. } | Self::FormatTrack)
    }
}

/// A first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Disk(DiskCommand),
    Specify,
    SenseDrive,
    SenseInterrupt,
    Recalibrate,
    Seek,
    Invalid,
}

/// The bits above a disk command's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modifiers {
    /// MT: go on at the other side.
    pub multi_track: bool,
    /// MF.
    pub encoding: Encoding,
    /// SK: pass over sectors with the other data mark.
    pub skip: bool,
}

impl Modifiers {
    pub const fn of(first: u8) -> Self {
        let encoding = if first & 0x40 != 0 { Encoding::Mfm } else { Encoding::Fm };
        Self { multi_track: first & 0x80 != 0, encoding, skip: first & 0x20 != 0 }
    }
}

impl Command {
    /// What a first byte asks for. Codes of later chips are invalid here, by which software tells them apart.
    pub const fn of(first: u8) -> Self {
        match first {
            0x03 => return Self::Specify,
            0x04 => return Self::SenseDrive,
            0x07 => return Self::Recalibrate,
            0x08 => return Self::SenseInterrupt,
            0x0F => return Self::Seek,
            _ => {}
        }
        Self::Disk(match first & 0x1F {
            0x02 => DiskCommand::ReadTrack,
            0x05 => DiskCommand::Write { deleted: false },
            0x06 => DiskCommand::Read { deleted: false },
            0x09 => DiskCommand::Write { deleted: true },
            0x0A => DiskCommand::ReadId,
            0x0C => DiskCommand::Read { deleted: true },
            0x0D => DiskCommand::FormatTrack,
            0x11 => DiskCommand::Scan(Scan::Equal),
            0x19 => DiskCommand::Scan(Scan::LowOrEqual),
            0x1D => DiskCommand::Scan(Scan::HighOrEqual),
            _ => return Self::Invalid,
        })
    }

    /// The bytes of its command phase, the first included.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Disk(DiskCommand::ReadId) => 2,
            Self::Disk(DiskCommand::FormatTrack) => 6,
            Self::Disk(_) => 9,
            Self::Specify | Self::Seek => 3,
            Self::SenseDrive | Self::Recalibrate => 2,
            Self::SenseInterrupt | Self::Invalid => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes() {
        let read = Command::Disk(DiskCommand::Read { deleted: false });
        let rows = [
            (0xE6, read, 9),
            (0x46, read, 9),
            (0xC5, Command::Disk(DiskCommand::Write { deleted: false }), 9),
            (0x4D, Command::Disk(DiskCommand::FormatTrack), 6),
            (0x4A, Command::Disk(DiskCommand::ReadId), 2),
            (0xDD, Command::Disk(DiskCommand::Scan(Scan::HighOrEqual)), 9),
            (0x03, Command::Specify, 3),
            (0x08, Command::SenseInterrupt, 1),
            (0x8F, Command::Invalid, 1),
            (0x10, Command::Invalid, 1),
            (0x0E, Command::Invalid, 1),
        ];
        for (first, command, bytes) in rows {
            assert_eq!((Command::of(first), Command::of(first).bytes()), (command, bytes), "{first:#04x}");
        }
        let invalid = (0..=255).filter(|&b| Command::of(b) == Command::Invalid).count();
        assert_eq!(invalid, 256 - 5 - 10 * 8);
    }
}
