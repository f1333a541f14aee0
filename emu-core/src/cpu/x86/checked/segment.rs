//! Descriptors, and the loading of segment registers with every check of protected mode (80286 programmer's reference
//! manual 210498, chapter 7; Intel SDM volume 3, chapters 3 and 5).

use super::{Checked, Fault, vector};
use crate::addr::Linear;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::state::{Segment, attribute, seg};

/// Types of system segments and gates; 64-bit ones have the numbers of the 32-bit ones.
pub mod kind {
    pub const TSS_16: u8 = 1;
    pub const LDT: u8 = 2;
    pub const BUSY_TSS_16: u8 = 3;
    pub const CALL_GATE_16: u8 = 4;
    pub const TASK_GATE: u8 = 5;
    pub const INTERRUPT_GATE_16: u8 = 6;
    pub const TRAP_GATE_16: u8 = 7;
    pub const TSS_32: u8 = 9;
    pub const BUSY_TSS_32: u8 = 11;
    pub const CALL_GATE_32: u8 = 12;
    pub const INTERRUPT_GATE_32: u8 = 14;
    pub const TRAP_GATE_32: u8 = 15;
    /// What tells a busy TSS from one that is not.
    pub const BUSY: u8 = 2;
}

/// What an error code has of a selector: all but the RPL.
pub const fn index_of(selector: u16) -> u16 {
    selector & 0xFFFC
}

/// A selector that names no segment.
pub const fn is_null(selector: u16) -> bool {
    index_of(selector) == 0
}

const fn rpl(selector: u16) -> u8 {
    (selector & 3) as u8
}

/// A descriptor, and where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    pub at: Linear,
    pub raw: u64,
}

impl Descriptor {
    /// As a segment register has it.
    #[inline]
    pub const fn segment(&self, selector: u16) -> Segment {
        let raw = self.raw;
        let attributes = (raw >> 40) as u16 & 0xF0FF;
        let limit = (raw & 0xFFFF) as u32 | (raw >> 32) as u32 & 0xF_0000;
        let limit = if attributes & attribute::GRANULAR != 0 { limit << 12 | 0xFFF } else { limit };
        let base = raw >> 16 & 0xFF_FFFF | raw >> 32 & 0xFF00_0000;
        Segment { selector, attributes, limit, base }
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// The descriptor that a selector names; `None` beyond its table's end.
    ///
    /// # Errors
    /// When the table's page cannot be read.
    #[inline(always)]
    pub fn descriptor(&mut self, selector: u16) -> Result<Option<Descriptor>, Fault> {
        let offset = u64::from(selector & 0xFFF8);
        let (base, limit) = if selector & 4 == 0 {
            (self.s.gdtr.base, u32::from(self.s.gdtr.limit))
        } else {
            let table = self.s.segment(seg::LDTR);
            if !table.is_present() {
                return Ok(None);
            }
            (table.base, table.limit)
        };
        if offset + 7 > u64::from(limit) {
            return Ok(None);
        }
        let at = self.system_address(base, offset);
        let raw = self.read_system::<u64>(at)?;
        // The 80286 has 24 bits of base and no fourth word.
        let raw = if self.model.generation > Generation::I80286 { raw } else { raw & 0xFFFF_FFFF_FFFF };
        Ok(Some(Descriptor { at, raw }))
    }

    /// As [`Self::descriptor`]; a selector that names none is the exception `vector`.
    ///
    /// # Errors
    /// As there, or `vector`.
    #[inline]
    pub fn descriptor_or(&mut self, selector: u16, vector: u8) -> Result<Descriptor, Fault> {
        self.descriptor(selector)?.ok_or(Fault::with_code(vector, index_of(selector)))
    }

    /// An address in a table of the system.
    #[inline]
    pub fn system_address(&self, base: u64, offset: u64) -> Linear {
        let address = base.wrapping_add(offset);
        if self.s.is_long_mode() { Linear(address) } else { Linear(address & 0xFFFF_FFFF) }
    }

    /// The segment of a code or data descriptor, which is marked as accessed.
    ///
    /// # Errors
    /// When the mark cannot be written.
    #[inline(always)]
    pub fn accessed(&mut self, descriptor: &Descriptor, selector: u16) -> Result<Segment, Fault> {
        let mut segment = descriptor.segment(selector);
        if !(segment.is_code() && self.s.is_long_mode()) {
            segment.attributes &= !attribute::LONG;
        }
        if segment.attributes & attribute::ACCESSED == 0 {
            segment.attributes |= attribute::ACCESSED;
            let at = self.behind(descriptor.at, 5);
            self.write_system(at, segment.attributes as u8)?;
        }
        Ok(segment)
    }

    /// The segment of a system descriptor, whose base has 64 bits in long mode.
    ///
    /// # Errors
    /// When it cannot be read, or is not a whole one.
    pub fn system_segment(&mut self, descriptor: &Descriptor, selector: u16) -> Result<Segment, Fault> {
        let segment = descriptor.segment(selector);
        if !self.s.is_long_mode() || segment.is_code_or_data() {
            return Ok(segment);
        }
        let upper = self.upper_half(descriptor, selector)?;
        Ok(Segment { base: segment.base | (upper & 0xFFFF_FFFF) << 32, ..segment })
    }

    /// The second eight bytes of a system descriptor of long mode.
    ///
    /// # Errors
    /// When they lie beyond the table, or have a type.
    pub fn upper_half(&mut self, descriptor: &Descriptor, selector: u16) -> Result<u64, Fault> {
        let refused = Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector));
        if self.descriptor(selector.wrapping_add(8))?.is_none() {
            return Err(refused);
        }
        let upper = self.read_system::<u64>(self.behind(descriptor.at, 8))?;
        if upper >> 40 & 0x1F == 0 { Ok(upper) } else { Err(refused) }
    }

    /// Loads DS, ES, FS, GS or SS as an instruction does.
    ///
    /// # Errors
    /// When the descriptor does not admit it. Nothing has been changed then.
    pub fn load_segment(&mut self, number: u8, selector: u16) -> Result<(), Fault> {
        if self.s.is_real_like() {
            self.load_real(number, selector);
            return Ok(());
        }
        let segment = if number == seg::SS {
            let may_be_null = self.s.is_64_bit();
            self.stack_segment(selector, self.s.cpl(), vector::GENERAL_PROTECTION, may_be_null)?
        } else {
            self.data_segment(number, selector, self.s.cpl(), vector::GENERAL_PROTECTION)?
        };
        self.s.set_segment(number, segment);
        Ok(())
    }

    /// Loads a segment register as real and virtual-8086 mode do. In real mode, limit and size stay.
    pub fn load_real(&mut self, number: u8, selector: u16) {
        let segment = if self.s.is_virtual_8086() {
            Segment::virtual_8086(selector)
        } else {
            let old = self.s.segment(number);
            let attributes = old.attributes & 0xFF00 | attribute::REAL;
            Segment { attributes, limit: old.limit, ..Segment::real(selector) }
        };
        self.s.set_segment(number, segment);
    }

    /// What a data segment register holds after a selector that names nothing: no access is allowed.
    pub fn null_segment(&self, number: u8, selector: u16) -> Segment {
        let old = self.s.segment(number);
        Segment { selector, attributes: old.attributes & !attribute::PRESENT, limit: old.limit, base: 0 }
    }

    /// A segment for DS, ES, FS or GS at a privilege level; `vector` as for [`Self::stack_segment`].
    ///
    /// # Errors
    /// When it is not fit, or not present.
    pub fn data_segment(&mut self, number: u8, selector: u16, cpl: u8, vector: u8) -> Result<Segment, Fault> {
        if is_null(selector) {
            return Ok(self.null_segment(number, selector));
        }
        let descriptor = self.descriptor_or(selector, vector)?;
        let segment = descriptor.segment(selector);
        let privileged =
            !segment.is_conforming_code() && (rpl(selector) > segment.dpl() || cpl > segment.dpl());
        if !segment.is_readable() || privileged {
            return Err(Fault::with_code(vector, index_of(selector)));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        self.accessed(&descriptor, selector)
    }

    /// A segment for SS at a privilege level. `vector` is the exception of one that is not fit: general protection, or
    /// an invalid TSS when the selector came from there. In 64-bit code that is no user's it may be null.
    ///
    /// # Errors
    /// When it is not fit, or not present.
    pub fn stack_segment(
        &mut self,
        selector: u16,
        cpl: u8,
        vector: u8,
        may_be_null: bool,
    ) -> Result<Segment, Fault> {
        if is_null(selector) {
            let admitted = may_be_null && cpl < 3 && rpl(selector) == cpl;
            return if admitted { Ok(null_stack(selector, cpl)) } else { Err(Fault::with_code(vector, 0)) };
        }
        let descriptor = self.descriptor_or(selector, vector)?;
        let segment = descriptor.segment(selector);
        if rpl(selector) != cpl || segment.dpl() != cpl || !segment.is_writable_data() {
            return Err(Fault::with_code(vector, index_of(selector)));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::STACK, index_of(selector)));
        }
        self.accessed(&descriptor, selector)
    }

    /// Makes the data segment registers useless that a less privileged level may not use.
    pub fn drop_inner_segments(&mut self, cpl: u8) {
        for number in [seg::ES, seg::DS, seg::FS, seg::GS] {
            let segment = self.s.segment(number);
            if segment.is_present() && segment.dpl() < cpl && !segment.is_conforming_code() {
                let null = self.null_segment(number, 0);
                self.s.set_segment(number, null);
            }
        }
    }
}

/// A null SS of a privilege level.
pub const fn null_stack(selector: u16, cpl: u8) -> Segment {
    let level = (cpl as u16) << attribute::DPL_SHIFT;
    Segment { selector, attributes: attribute::USER | attribute::ACCESSIBLE | level, limit: 0, base: 0 }
}
