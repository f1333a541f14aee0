//! The paging unit: from linear to physical addresses through tables in memory (Intel SDM volume 3, chapter 4).
//!
//! A walk reads the tables past the software TLB and sets their accessed and dirty marks; what it finds goes into the
//! TLB with the access that asked. A page is entered for writing only by a write, so that its dirty mark has been set by
//! then. Global pages are forgotten like the others when CR3 is loaded.

use super::{Checked, Fault, vector};
use crate::addr::{Linear, Physical};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::{Feature, Model};
use crate::cpu::x86::state::{State, cr0, cr4, efer};
use crate::mem::{PAGE_SIZE, Privilege, Table};

/// Bits of an entry, of 32 or 64 bits.
mod entry {
    pub const PRESENT: u64 = 1 << 0;
    pub const WRITABLE: u64 = 1 << 1;
    pub const USER: u64 = 1 << 2;
    pub const ACCESSED: u64 = 1 << 5;
    pub const DIRTY: u64 = 1 << 6;
    /// Of an entry above the lowest level: it maps a large page.
    pub const LARGE: u64 = 1 << 7;
    pub const NO_EXECUTE: u64 = 1 << 63;
}

/// Bits of a page fault's error code.
mod code {
    pub const PRESENT: u16 = 1 << 0;
    pub const WRITE: u16 = 1 << 1;
    pub const USER: u16 = 1 << 2;
    pub const RESERVED: u16 = 1 << 3;
    pub const FETCH: u16 = 1 << 4;
}

/// More levels than any format has; another processor may make a walk begin anew, but not for ever.
const MOST_WALKS: usize = 64;

/// The formats of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Two levels of 32-bit entries.
    Narrow,
    /// Four pointers in registers, then two levels of 64-bit entries.
    Pae,
    /// Four levels of 64-bit entries.
    Long,
}

impl Format {
    fn of(s: &State) -> Self {
        match (s.cr4 & cr4::PAE != 0, s.is_long_mode()) {
            (false, _) => Self::Narrow,
            (true, false) => Self::Pae,
            (true, true) => Self::Long,
        }
    }

    /// The lowest bit of the linear address that the highest table's index has.
    #[inline(always)]
    const fn top_shift(self) -> u32 {
        match self {
            Self::Narrow => 22,
            Self::Pae => 21,
            Self::Long => 39,
        }
    }

    /// Bits of an index.
    #[inline(always)]
    const fn index_bits(self) -> u32 {
        match self {
            Self::Narrow => 10,
            Self::Pae | Self::Long => 9,
        }
    }
}

/// What a walk is made for.
#[derive(Clone, Copy, Debug)]
struct Request {
    linear: Linear,
    table: Table,
    privilege: Privilege,
}

/// The entries of a walk: where they lie and what they were.
#[derive(Default)]
struct Path {
    entries: [(u64, u64); 4],
    length: usize,
}

impl Path {
    fn push(&mut self, at: u64, entry: u64) {
        self.entries[self.length] = (at, entry);
        self.length += 1;
    }
}

/// How a walk ends that finds a page.
struct Leaf {
    entry: u64,
    /// Bits of the offset in the page.
    shift: u32,
    /// What all levels allow together: [`entry::WRITABLE`], [`entry::USER`]; forbidding, [`entry::NO_EXECUTE`].
    rights: u64,
}

impl Model {
    /// The bits of a 64-bit entry that must be zero at the level whose index begins at `shift`.
    fn reserved_bits(&self, s: &State, format: Format, shift: u32, large: bool) -> u64 {
        let no_execute = if s.efer & efer::NXE != 0 { 0 } else { entry::NO_EXECUTE };
        let top = if format == Format::Pae { 63 } else { 52 };
        let addresses = (1_u64 << top) - (1_u64 << self.address_bits);
        // Between the PAT bit and the address of a large page.
        let gap = if large { (1_u64 << shift) - (1 << 13) } else { 0 };
        no_execute | addresses | gap
    }

    /// Whether an entry at this level can map a page itself.
    fn has_large_pages(&self, s: &State, format: Format, shift: u32) -> bool {
        match (format, shift) {
            (Format::Narrow, 22) => s.cr4 & cr4::PSE != 0,
            (_, 21) => true,
            (Format::Long, 30) => self.offers(Feature::Page1Gb),
            _ => false,
        }
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// The physical address of a linear one, for an access of this kind.
    ///
    /// # Errors
    /// A page fault; CR2 has the address then.
    #[inline]
    pub fn translate(
        &mut self,
        linear: Linear,
        table: Table,
        privilege: Privilege,
    ) -> Result<Physical, Fault> {
        if !self.s.is_paging() {
            return Ok(Physical(linear.0 & self.model.address_mask()));
        }
        self.walk(Request { linear, table, privilege })
    }

    #[cold]
    #[inline(never)]
    fn walk(&mut self, request: Request) -> Result<Physical, Fault> {
        // The format is known where a walk is made, so that its arithmetic is done when this is built.
        match Format::of(self.s) {
            Format::Narrow => self.walk_through(request, Format::Narrow),
            Format::Pae => self.walk_through(request, Format::Pae),
            Format::Long => self.walk_through(request, Format::Long),
        }
    }

    #[inline(always)]
    fn walk_through(&mut self, request: Request, format: Format) -> Result<Physical, Fault> {
        for _ in 0..MOST_WALKS {
            let mut path = Path::default();
            let leaf = self.descend(request, format, &mut path)?;
            self.check_rights(request, &leaf)?;
            if self.mark(request, format, &path) {
                self.note_page(request.linear, leaf.shift);
                let page = (1_u64 << leaf.shift) - 1;
                let base = self.page_base(format, &leaf);
                return Ok(Physical((base | request.linear.0 & page) & self.model.address_mask()));
            }
        }
        Err(self.page_fault(request, 0))
    }

    /// Goes down the tables to the entry that maps the page.
    #[inline(always)]
    fn descend(&mut self, request: Request, format: Format, path: &mut Path) -> Result<Leaf, Fault> {
        let mut shift = format.top_shift();
        let mut table = self.first_table(request, format)?;
        let mut rights = entry::WRITABLE | entry::USER;
        loop {
            let index = request.linear.0 >> shift & ((1 << format.index_bits()) - 1);
            let (at, found) = self.entry(format, table, index);
            if found & entry::PRESENT == 0 {
                return Err(self.page_fault(request, 0));
            }
            let large = found & entry::LARGE != 0 && self.model.has_large_pages(self.s, format, shift);
            if found & self.reserved(format, shift, found, large) != 0 {
                return Err(self.page_fault(request, code::PRESENT | code::RESERVED));
            }
            rights = (rights & found) | (rights | found) & entry::NO_EXECUTE;
            path.push(at, found);
            if large || shift == 12 {
                return Ok(Leaf { entry: found, shift, rights });
            }
            table = match format {
                Format::Narrow => found & 0xFFFF_F000,
                _ => found & self.model.address_mask() & !(PAGE_SIZE - 1),
            };
            shift -= format.index_bits();
        }
    }

    /// The table at which a walk begins.
    #[inline(always)]
    fn first_table(&mut self, request: Request, format: Format) -> Result<u64, Fault> {
        match format {
            Format::Narrow => Ok(self.s.cr3 & 0xFFFF_F000),
            Format::Long => Ok(self.s.cr3 & self.model.address_mask() & !(PAGE_SIZE - 1)),
            Format::Pae => {
                let pointer = self.s.directories[(request.linear.0 >> 30 & 3) as usize];
                if pointer & entry::PRESENT == 0 {
                    return Err(self.page_fault(request, 0));
                }
                Ok(pointer & self.model.address_mask() & !(PAGE_SIZE - 1))
            }
        }
    }

    #[inline(always)]
    fn entry(&mut self, format: Format, table: u64, index: u64) -> (u64, u64) {
        match format {
            Format::Narrow => {
                let at = table + index * 4;
                (at, self.bus.read_table::<u32>(Physical(at)).into())
            }
            _ => {
                let at = table + index * 8;
                (at, self.bus.read_table::<u64>(Physical(at)))
            }
        }
    }

    /// The bits of an entry that must be zero.
    #[inline(always)]
    fn reserved(&self, format: Format, shift: u32, found: u64, large: bool) -> u64 {
        match format {
            Format::Narrow if large && !self.model.offers(Feature::Pse36) => 0x003F_E000,
            Format::Narrow if large => {
                // Bits 13 to 20 are bits 32 to 39 of the address.
                let beyond = (0xFF_0000_0000 & !self.model.address_mask()) >> 19;
                1 << 21 | beyond
            }
            Format::Narrow => 0,
            _ => {
                let not_large =
                    if shift > 12 && !large && found & entry::LARGE != 0 { entry::LARGE } else { 0 };
                self.model.reserved_bits(self.s, format, shift, large) | not_large
            }
        }
    }

    /// The physical address that the entry of a page has.
    #[inline(always)]
    fn page_base(&self, format: Format, leaf: &Leaf) -> u64 {
        let page = (1_u64 << leaf.shift) - 1;
        match format {
            Format::Narrow if leaf.shift == 22 => leaf.entry & 0xFFC0_0000 | (leaf.entry & 0x001F_E000) << 19,
            Format::Narrow => leaf.entry & 0xFFFF_F000,
            _ => leaf.entry & ((1 << 52) - 1) & !page,
        }
    }

    /// Whether the page may be used so (Intel SDM volume 3, 4.6.1).
    #[inline(always)]
    fn check_rights(&mut self, request: Request, leaf: &Leaf) -> Result<(), Fault> {
        let Request { table, privilege, .. } = request;
        let user_page = leaf.rights & entry::USER != 0;
        let as_user = privilege == Privilege::User;
        let writes = table == Table::Write;
        let protected = leaf.rights & entry::WRITABLE == 0 && (as_user || self.s.cr0 & cr0::WP != 0);
        let allowed = match table {
            Table::Fetch => {
                let guarded = !as_user && user_page && self.s.cr4 & cr4::SMEP != 0;
                leaf.rights & entry::NO_EXECUTE == 0 && !guarded
            }
            Table::Read | Table::Write => {
                let exempt = self.s.flags.has(system::AC) && self.s.cpl() < 3;
                let guarded = !as_user && user_page && self.s.cr4 & cr4::SMAP != 0 && !exempt;
                !(guarded || writes && protected)
            }
        };
        if allowed && (user_page || !as_user) { Ok(()) } else { Err(self.page_fault(request, code::PRESENT)) }
    }

    /// Sets the accessed marks of all levels, and for a write the dirty mark of the page. Gives whether the entries were
    /// still what they had been.
    #[inline(always)]
    fn mark(&mut self, request: Request, format: Format, path: &Path) -> bool {
        let last = path.length - 1;
        (0..path.length).all(|level| {
            let (at, found) = path.entries[level];
            let dirty = if level == last && request.table == Table::Write { entry::DIRTY } else { 0 };
            let marked = found | entry::ACCESSED | dirty;
            marked == found
                || match format {
                    Format::Narrow => self.bus.update_table(Physical(at), found as u32, marked as u32),
                    _ => self.bus.update_table(Physical(at), found, marked),
                }
        })
    }

    #[cold]
    fn page_fault(&mut self, request: Request, cause: u16) -> Fault {
        let Request { linear, table, privilege } = request;
        let write = if table == Table::Write { code::WRITE } else { 0 };
        let user = if privilege == Privilege::User { code::USER } else { 0 };
        let tells_fetches =
            self.s.cr4 & cr4::SMEP != 0 || self.s.efer & efer::NXE != 0 && self.s.cr4 & cr4::PAE != 0;
        let fetch = if table == Table::Fetch && tells_fetches { code::FETCH } else { 0 };
        self.s.cr2 = linear.0;
        Fault::with_code(vector::PAGE, cause | write | user | fetch)
    }
}
