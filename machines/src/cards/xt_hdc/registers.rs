//! The bits of the controller's registers (Technical Reference, "Programming Interface").

/// The status register.
pub mod status {
    /// The controller is ready for the next byte.
    pub const REQ: u8 = 0x01;
    /// Towards the processor.
    pub const INPUT: u8 = 0x02;
    /// A command or completion byte, not data.
    pub const COMMAND: u8 = 0x04;
    pub const BUSY: u8 = 0x08;
    pub const DRQ: u8 = 0x10;
    pub const IRQ: u8 = 0x20;
}

/// The mask register.
pub mod mask {
    pub const DMA: u8 = 1;
    pub const INTERRUPT: u8 = 2;
}
