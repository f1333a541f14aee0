//! The bits of the status registers (µPD765A data sheet, "Main Status Register", "Status Register Identification").

/// Main status register.
pub mod msr {
    /// A byte may be written or read.
    pub const RQM: u8 = 0x80;
    /// The byte goes from the controller to the processor.
    pub const DIO: u8 = 0x40;
    /// Execution phase without DMA.
    pub const NDM: u8 = 0x20;
    /// A command is in progress.
    pub const CB: u8 = 0x10;
}

pub mod st0 {
    /// Interrupt code: abnormal termination.
    pub const ABNORMAL: u8 = 0x40;
    /// Interrupt code: invalid command.
    pub const INVALID: u8 = 0x80;
    /// Interrupt code: a drive's READY changed.
    pub const READY_CHANGED: u8 = 0xC0;
    /// Seek end.
    pub const SE: u8 = 0x20;
    /// Equipment check.
    pub const EC: u8 = 0x10;
    /// Head address.
    pub const HD: u8 = 0x04;
}

pub mod st1 {
    /// End of cylinder: a sector beyond EOT was wanted.
    pub const EN: u8 = 0x80;
    /// Data error: a CRC is wrong.
    pub const DE: u8 = 0x20;
    /// Overrun.
    pub const OR: u8 = 0x10;
    /// No data: no such sector.
    pub const ND: u8 = 0x04;
    /// Not writable.
    pub const NW: u8 = 0x02;
    /// Missing address mark.
    pub const MA: u8 = 0x01;
}

pub mod st2 {
    /// Control mark: the data field is of the other kind (deleted or not).
    pub const CM: u8 = 0x40;
    /// Data error in the data field.
    pub const DD: u8 = 0x20;
    /// Wrong cylinder.
    pub const WC: u8 = 0x10;
    /// Scan equal hit.
    pub const SH: u8 = 0x08;
    /// Scan not satisfied.
    pub const SN: u8 = 0x04;
    /// Bad cylinder: the address says FFh.
    pub const BC: u8 = 0x02;
}

pub mod st3 {
    /// Write protected.
    pub const WP: u8 = 0x40;
    /// Ready.
    pub const RY: u8 = 0x20;
    /// Track 0.
    pub const T0: u8 = 0x10;
    /// Two sides.
    pub const TS: u8 = 0x08;
}
