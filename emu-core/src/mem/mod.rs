//! Guest memory: blocks of RAM, the map of physical addresses, and the software TLB through which a vCPU reaches
//! them.
//!
//! * [`RamBlock`]: one host allocation, stored forwards or backwards so that a guest of either byte order is read
//!   with host integers; marks which lines were made into traces and which pages were written.
//! * [`Tlb`]: `host = guest ^ entry.xor`; one compare settles a miss, a page crossing and the permission.
//! * [`PhysMem`]: what lies at which physical address, for bus masters and for the TLB's slow path.
//! * [`Mailbox`]: how a vCPU learns that code or the map has changed under it.
//!
//! Every pointer to guest memory is made and used here. `unsafe` is confined to [`host`] (allocation, and the one
//! primitive that loads and stores) and to the fast path of [`tlb`].
//!
//! Locked changes are one instruction of the host wherever the bytes lie together in one block, also across lines, pages and
//! on pages with code. What crosses into a page that lies elsewhere is changed by one vCPU at a time ([`split_access`]): one
//! step to all that lock the same bytes, but not to one that locks only a part of them, for which every access of every
//! vCPU would have to wait.

mod bits;
#[allow(unsafe_code)]
mod host;
mod mailbox;
mod phys;
mod ram;
#[allow(unsafe_code)]
mod tlb;

#[cfg(test)]
mod tests;

pub use host::{Scalar, split_access};
pub use mailbox::{CodeLine, Mailbox};
pub use phys::{MapError, Mapping, MmioId, PhysMem, Place, Target, Unmapped};
pub use ram::{BlockId, NodeId, RamBlock, ReserveError};
pub use tlb::{Changes, Opened, Privilege, TLB_ENTRIES, Table, TableCounters, Tlb, TlbCounters, Ways};

use serde::{Deserialize, Serialize};

/// Bits of an address within a page. Every guest family served here has 4 KiB pages or multiples of them.
pub const PAGE_BITS: u32 = 12;
/// Bytes in a page.
pub const PAGE_SIZE: u64 = 1 << PAGE_BITS;
/// Bytes in a line: the grain in which code is told from data.
pub const LINE_SIZE: u64 = 32;

/// Which end of a number a guest keeps at the lower address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The order of the host.
    pub const HOST: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };

    /// Whether memory of this order is stored backwards on this host.
    pub const fn is_backwards(self) -> bool {
        !matches!((self, Self::HOST), (Self::Little, Self::Little) | (Self::Big, Self::Big))
    }

    /// The bytes of a word, lowest address first.
    pub const fn bytes_of(self, word: u64) -> [u8; 8] {
        match self {
            Self::Little => word.to_le_bytes(),
            Self::Big => word.to_be_bytes(),
        }
    }

    /// The word that these bytes make, lowest address first.
    pub const fn word_of(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// A byte order as a type, for a [`Tlb`] that serves one.
pub trait GuestOrder: Send + Sync + 'static {
    const ORDER: ByteOrder;
}

/// Guests that keep the low byte first (x86).
#[derive(Clone, Copy, Debug)]
pub struct LittleGuest;

/// Guests that keep the high byte first (68000 family).
#[derive(Clone, Copy, Debug)]
pub struct BigGuest;

impl GuestOrder for LittleGuest {
    const ORDER: ByteOrder = ByteOrder::Little;
}

impl GuestOrder for BigGuest {
    const ORDER: ByteOrder = ByteOrder::Big;
}
