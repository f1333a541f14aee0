//! The control registers and what a change of them brings about (Intel SDM volume 3, 2.5).

use super::{Checked, Fault, vector};
use crate::addr::{Linear, Physical};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::state::{cr0, cr4, efer, seg};

const REFUSED: Fault = Fault::with_code(vector::GENERAL_PROTECTION, 0);

/// The bit of [`State::large_pages`](crate::cpu::x86::state::State::large_pages) for an address.
const fn region_of(at: Linear) -> u64 {
    1 << (at.0 >> 22 & 63)
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Remembers a translation by a page of `1 << shift` bytes, any part of which the TLB may know.
    #[inline(always)]
    pub(super) fn note_page(&mut self, at: Linear, shift: u32) {
        if shift > 12 {
            self.s.large_pages |= if shift > 22 { u64::MAX } else { region_of(at) };
        }
    }

    /// Forgets all translations.
    pub fn flush_pages(&mut self) {
        self.bus.tlb().flush();
        self.s.large_pages = 0;
    }

    /// INVLPG: forgets the translations of a page. Of a large one any part may have been remembered.
    pub fn flush_page(&mut self, at: Linear) {
        if self.s.large_pages & region_of(at) != 0 {
            self.flush_pages();
        } else {
            self.bus.tlb().flush_page(at);
        }
    }

    /// Writes CR0.
    ///
    /// # Errors
    /// General protection for combinations of bits that make no sense.
    pub fn set_cr0(&mut self, value: u64) -> Result<(), Fault> {
        let bits = self.model.cr0_bits();
        let fixed = self.s.cr0 & !bits;
        let new = value & bits | fixed;
        let caches_confused = new & (cr0::NW | cr0::CD) == cr0::NW;
        if new & (cr0::PG | cr0::PE) == cr0::PG || caches_confused {
            return Err(REFUSED);
        }
        let turned_on = new & !self.s.cr0 & cr0::PG != 0;
        let turned_off = !new & self.s.cr0 & cr0::PG != 0;
        if turned_on {
            self.begin_paging()?;
        } else if turned_off {
            self.end_paging()?;
        }
        let changed = new ^ self.s.cr0;
        self.s.cr0 = new;
        if changed & (cr0::PG | cr0::PE | cr0::WP) != 0 {
            self.flush_pages();
        }
        self.s.mode_changed();
        Ok(())
    }

    /// Before CR0.PG is set: long mode begins if LME asks for it.
    fn begin_paging(&mut self) -> Result<(), Fault> {
        if self.s.efer & efer::LME != 0 {
            if self.s.cr4 & cr4::PAE == 0 || self.s.segment(seg::CS).is_long() {
                return Err(REFUSED);
            }
            self.s.efer |= efer::LMA;
        } else if self.s.cr4 & cr4::PAE != 0 {
            self.load_directories(self.s.cr3)?;
        }
        Ok(())
    }

    /// Before CR0.PG is cleared: long mode ends, which 64-bit code cannot do.
    fn end_paging(&mut self) -> Result<(), Fault> {
        if self.s.is_64_bit() || self.s.cr4 & cr4::PCIDE != 0 {
            return Err(REFUSED);
        }
        self.s.efer &= !efer::LMA;
        Ok(())
    }

    /// Reads the four pointers of PAE paging.
    fn load_directories(&mut self, cr3: u64) -> Result<(), Fault> {
        let table = cr3 & 0xFFFF_FFE0;
        let reserved = !self.model.address_mask() | 0x1E6;
        let pointers: [u64; 4] = std::array::from_fn(|i| self.bus.read_table(Physical(table + 8 * i as u64)));
        if pointers.iter().any(|pointer| pointer & 1 != 0 && pointer & reserved != 0) {
            return Err(REFUSED);
        }
        self.s.directories = pointers;
        Ok(())
    }

    /// Writes CR3.
    ///
    /// # Errors
    /// General protection for bits that do not exist, in the register or in the pointers of PAE.
    pub fn set_cr3(&mut self, value: u64) -> Result<(), Fault> {
        let keeps_entries = self.s.cr4 & cr4::PCIDE != 0;
        let value = if keeps_entries { value & !(1 << 63) } else { value };
        if self.s.is_long_mode() {
            if value & !self.model.address_mask() != 0 {
                return Err(REFUSED);
            }
        } else if self.s.is_paging() && self.s.cr4 & cr4::PAE != 0 {
            self.load_directories(value)?;
        }
        self.s.cr3 = value;
        self.flush_pages();
        self.s.mode_changed();
        Ok(())
    }

    /// Writes CR4.
    ///
    /// # Errors
    /// General protection for bits that this member lacks, and for turning off what long mode needs.
    pub fn set_cr4(&mut self, value: u64) -> Result<(), Fault> {
        let changed = value ^ self.s.cr4;
        let long = self.s.is_long_mode();
        let pcid_too_early = changed & value & cr4::PCIDE != 0 && (!long || self.s.cr3 & 0xFFF != 0);
        if value & !self.model.cr4_bits() != 0 || long && value & cr4::PAE == 0 || pcid_too_early {
            return Err(REFUSED);
        }
        let of_paging = cr4::PAE | cr4::PGE | cr4::PSE | cr4::SMEP;
        if self.s.is_paging() && !long && value & cr4::PAE != 0 && changed & of_paging != 0 {
            self.load_directories(self.s.cr3)?;
        }
        self.s.cr4 = value;
        self.flush_pages();
        self.s.mode_changed();
        Ok(())
    }

    /// LMSW: sets PE, MP, EM and TS, and cannot clear PE.
    ///
    /// # Errors
    /// None; as [`Self::set_cr0`].
    pub fn set_machine_status(&mut self, word: u16) -> Result<(), Fault> {
        let bits = cr0::PE | cr0::MP | cr0::EM | cr0::TS;
        let kept = self.s.cr0 & cr0::PE;
        self.set_cr0(self.s.cr0 & !bits | u64::from(word) & bits | kept)
    }

    /// Writes the extended feature enable register.
    ///
    /// # Errors
    /// General protection for bits that this member lacks, and for LME while paging is on.
    pub fn set_efer(&mut self, value: u64) -> Result<(), Fault> {
        let changed = value ^ self.s.efer;
        if value & !self.model.efer_bits() != 0 || changed & efer::LME != 0 && self.s.is_paging() {
            return Err(REFUSED);
        }
        self.s.efer = value & !efer::LMA | self.s.efer & efer::LMA;
        self.flush_pages();
        self.s.mode_changed();
        Ok(())
    }
}
