//! Device control blocks, and the sense bytes that answer them (Technical Reference, "Device Control Block", "Sense
//! Bytes").

use serde::{Deserialize, Serialize};
use std::fmt;

pub const SECTOR_BYTES: usize = 512;
/// The check bytes that READ LONG and WRITE LONG move behind a sector.
pub const ECC_BYTES: usize = 4;

/// A control block's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    TestReady,
    Recalibrate,
    RequestSense,
    FormatDrive,
    Verify,
    FormatTrack,
    FormatBadTrack,
    Read,
    Write,
    Seek,
    /// INITIALIZE DRIVE CHARACTERISTICS, with eight bytes of data.
    Initialize,
    ReadBurstLength,
    ReadBuffer,
    WriteBuffer,
    RamDiagnostic,
    DriveDiagnostic,
    ControllerDiagnostic,
    ReadLong,
    WriteLong,
    Invalid,
}

impl Command {
    const fn of(code: u8) -> Self {
        match code {
            0x00 => Self::TestReady,
            0x01 => Self::Recalibrate,
            0x03 => Self::RequestSense,
            0x04 => Self::FormatDrive,
            0x05 => Self::Verify,
            0x06 => Self::FormatTrack,
            0x07 => Self::FormatBadTrack,
            0x08 => Self::Read,
            0x0A => Self::Write,
            0x0B => Self::Seek,
            0x0C => Self::Initialize,
            0x0D => Self::ReadBurstLength,
            0x0E => Self::ReadBuffer,
            0x0F => Self::WriteBuffer,
            0xE0 => Self::RamDiagnostic,
            0xE3 => Self::DriveDiagnostic,
            0xE4 => Self::ControllerDiagnostic,
            0xE5 => Self::ReadLong,
            0xE6 => Self::WriteLong,
            _ => Self::Invalid,
        }
    }
}

/// A place on a disk; sectors count from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    pub cylinder: u16,
    pub head: u8,
    pub sector: u8,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cylinder {}, head {}, sector {}", self.cylinder, self.head, self.sector)
    }
}

/// The six bytes of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlBlock([u8; 6]);

impl ControlBlock {
    /// The block, once all its bytes have come.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(*bytes.first_chunk()?))
    }

    pub const fn command(self) -> Command {
        Command::of(self.0[0])
    }

    pub fn drive(self) -> usize {
        usize::from(self.0[1] >> 5 & 1)
    }

    /// The drive's number where the completion byte and the sense bytes have it.
    pub const fn drive_bit(self) -> u8 {
        self.0[1] & 0x20
    }

    pub fn address(self) -> Address {
        let cylinder = u16::from(self.0[2] & 0xC0) << 2 | u16::from(self.0[3]);
        Address { cylinder, head: self.0[1] & 0x1F, sector: self.0[2] & 0x3F }
    }

    /// The number of sectors; 0 means 256.
    pub fn blocks(self) -> u32 {
        if self.0[4] == 0 { 256 } else { self.0[4].into() }
    }

    /// Where a sector count is not needed, the interleave.
    pub const fn interleave(self) -> u8 {
        self.0[4] & 0x1F
    }

    /// The step option of the control byte.
    pub const fn step_option(self) -> u8 {
        self.0[5] & 7
    }
}

/// An error: its type and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// "Write fault".
    CannotWrite = 0x03,
    NotReady = 0x04,
    /// Uncorrectable data error.
    DataError = 0x11,
    SectorNotFound = 0x14,
    SeekError = 0x15,
    BadTrack = 0x19,
    InvalidCommand = 0x20,
    IllegalAddress = 0x21,
}

impl Fault {
    /// The four sense bytes. The address is valid when the error came from a place on the disk.
    pub fn sense(self, drive_bit: u8, at: Address) -> [u8; 4] {
        let has_address = !matches!(self, Self::NotReady | Self::InvalidCommand);
        if !has_address {
            return [self as u8, drive_bit, 0, 0];
        }
        let [high, low] = at.cylinder.to_be_bytes();
        [self as u8 | 0x80, drive_bit | at.head & 0x1F, high << 6 | at.sector & 0x3F, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_block_is_taken_apart() {
        assert_eq!(ControlBlock::of(&[8, 0, 0, 0, 0]), None);
        let block = ControlBlock::of(&[0x08, 0x23, 0x50, 0x31, 0x11, 0x05]).unwrap();
        assert_eq!((block.command(), block.drive(), block.drive_bit()), (Command::Read, 1, 0x20));
        assert_eq!(block.address(), Address { cylinder: 0x131, head: 3, sector: 16 });
        assert_eq!((block.blocks(), block.step_option()), (17, 5));
        assert_eq!(ControlBlock::of(&[0; 6]).map(ControlBlock::blocks), Some(256));
    }

    #[test]
    fn sense_bytes_carry_the_address() {
        let at = Address { cylinder: 0x131, head: 3, sector: 16 };
        assert_eq!(Fault::DataError.sense(0x20, at), [0x91, 0x23, 0x50, 0x31]);
        assert_eq!(Fault::NotReady.sense(0, at), [0x04, 0, 0, 0]);
    }
}
