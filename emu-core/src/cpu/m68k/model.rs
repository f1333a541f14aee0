//! What the members differ in, as data.

/// A member of the family.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// As the command line has it.
    pub name: &'static str,
    pub title: &'static str,
    /// Address lines.
    pub address_bits: u32,
    /// The bits of the status register that exist.
    pub status_bits: u16,
}

impl Model {
    #[inline(always)]
    pub const fn address_mask(&self) -> u32 {
        u32::MAX >> (32 - self.address_bits)
    }
}

/// MC68000UM/AD.
pub static MC68000: Model =
    Model { name: "68000", title: "Motorola MC68000", address_bits: 24, status_bits: 0xA71F };
