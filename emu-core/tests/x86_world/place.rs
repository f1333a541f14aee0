//! Where things lie, and what a processor is in when it begins.

use emu_core::cpu::x86::model::{Feature, Generation, Model};
use emu_core::cpu::x86::state::{Segment, State, attribute, cr0, cr4, efer, reg, seg};

pub const GDT: u64 = 0x1000;
pub const GDT_LIMIT: u16 = 0x11F;
pub const LDT: u64 = 0x1800;
/// What LGDT and LIDT read: GDTR, IDTR of protected, long and real mode.
pub const POINTERS: u32 = 0x1900;
pub const IDT: u64 = 0x2000;
pub const LONG_IDT: u64 = 0x4000;
pub const TSS: u64 = 0x3000;
pub const LONG_TSS: u64 = 0x3200;
pub const FAULT_TSS: u64 = 0x3400;
pub const OTHER_TSS: u64 = 0x3600;
/// How [`TSS`] was at first.
pub const FRESH_TSS: u64 = 0x3800;
pub const COUNTER: u32 = 0x3900;

/// Code of the test: 16-, 32- and 64-bit.
pub const CODE: [u64; 3] = [0x2_0000, 0x2_1000, 0x2_2000];
pub const CODE_BYTES: usize = 0x800;
pub const STACK_0: u64 = 0x2_8000;
pub const STACK_3: u64 = 0x2_C000;
pub const FAULT_STACK: u64 = 0x2_E000;
pub const DATA: u64 = 0x3_0000;
pub const DATA_BYTES: u64 = 0x1_0000;
/// Linear addresses of more ways to the data and the code.
pub const DATA_ALIAS: u64 = 0x10_0000;
pub const CODE_ALIAS: u64 = 0x14_0000;

pub const DIRECTORY: u64 = 0x3E_0000;
pub const TABLE: u64 = 0x3E_1000;
pub const POINTER_TABLE: u64 = 0x3E_2000;
pub const WIDE_DIRECTORY: u64 = 0x3E_3000;
pub const WIDE_TABLE: u64 = 0x3E_4000;
pub const LEVEL_4: u64 = 0x3E_8000;
pub const LEVEL_3: u64 = 0x3E_9000;

/// Selectors.
pub const CODE_0: u16 = 0x08;
pub const DATA_0: u16 = 0x10;
pub const CODE_3: u16 = 0x1B;
pub const DATA_3: u16 = 0x23;
/// 16 bytes, the upper half being zero.
pub const TASK: u16 = 0x28;
pub const CODE16_0: u16 = 0x38;
pub const DATA16_0: u16 = 0x40;
pub const CODE16_3: u16 = 0x4B;
pub const DATA16_3: u16 = 0x53;
/// 32-bit segments with a base and a limit.
pub const PART_CODE: u16 = 0x5B;
pub const PART_DATA: u16 = 0x63;
pub const DOWN_DATA: u16 = 0x6B;
pub const LONG_CODE_0: u16 = 0x70;
pub const LONG_CODE_3: u16 = 0x7B;
pub const LOCAL: u16 = 0x80;
pub const LONG_TASK: u16 = 0xA8;
pub const FAULT_TASK: u16 = 0xB8;
pub const REAL_CODE: u16 = 0xC0;
/// The first of those that each test makes its own.
pub const FREE: u16 = 0xE0;
pub const FREE_COUNT: u16 = 8;

/// A mode, a privilege level and segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    Flat0,
    Flat3,
    Near0,
    Near3,
    Part3,
    Virtual,
    Real,
    Long0,
    Long3,
    Compatible32,
    Compatible16,
}

impl World {
    pub const ALL: [Self; 11] = [
        Self::Flat0,
        Self::Flat3,
        Self::Near0,
        Self::Near3,
        Self::Part3,
        Self::Virtual,
        Self::Real,
        Self::Long0,
        Self::Long3,
        Self::Compatible32,
        Self::Compatible16,
    ];

    pub const fn is_long(self) -> bool {
        matches!(self, Self::Long0 | Self::Long3 | Self::Compatible32 | Self::Compatible16)
    }

    /// Which of [`CODE`] it runs.
    pub const fn code(self) -> usize {
        match self {
            Self::Near0 | Self::Near3 | Self::Virtual | Self::Real | Self::Compatible16 => 0,
            Self::Flat0 | Self::Flat3 | Self::Part3 | Self::Compatible32 => 1,
            Self::Long0 | Self::Long3 => 2,
        }
    }

    pub const fn level(self) -> u8 {
        match self {
            Self::Flat0 | Self::Near0 | Self::Long0 | Self::Real => 0,
            _ => 3,
        }
    }

    /// Selectors of code, stack and data; outside of real and virtual-8086 mode.
    pub const fn selectors(self) -> [u16; 3] {
        match self {
            Self::Flat0 => [CODE_0, DATA_0, DATA_0],
            Self::Near0 => [CODE16_0, DATA16_0, DATA16_0],
            Self::Flat3 | Self::Compatible32 => [CODE_3, DATA_3, DATA_3],
            Self::Near3 | Self::Compatible16 => [CODE16_3, DATA16_3, DATA16_3],
            Self::Part3 => [PART_CODE, DATA_3, PART_DATA],
            Self::Long0 => [LONG_CODE_0, DATA_0, DATA_0],
            Self::Long3 => [LONG_CODE_3, DATA_3, DATA_3],
            Self::Virtual | Self::Real => [(CODE[0] >> 4) as u16, (DATA >> 4) as u16, (DATA >> 4) as u16],
        }
    }

    /// The offset in its code segment of a place in its code.
    pub const fn entry(self, place: u64) -> u64 {
        match self {
            Self::Flat0 | Self::Flat3 | Self::Compatible32 | Self::Long0 | Self::Long3 => {
                CODE[self.code()] + place
            }
            _ => place,
        }
    }

    pub const fn stack(self) -> u64 {
        match self {
            Self::Flat0 | Self::Long0 => STACK_0,
            Self::Near0 | Self::Near3 | Self::Compatible16 | Self::Virtual | Self::Real => 0x8000,
            _ => STACK_3,
        }
    }
}

/// What maps linear addresses in protected mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    Off,
    Small,
    Large,
    Pae,
}

impl Paging {
    pub const ALL: [Self; 4] = [Self::Off, Self::Small, Self::Large, Self::Pae];

    pub fn exists_on(self, model: &Model) -> bool {
        match self {
            Self::Off => true,
            Self::Small => model.generation >= Generation::I80386,
            Self::Large => model.offers(Feature::Pse),
            Self::Pae => model.offers(Feature::Pae),
        }
    }

    pub const fn directory(self) -> u64 {
        if matches!(self, Self::Pae) { POINTER_TABLE } else { DIRECTORY }
    }

    pub const fn cr4(self) -> u64 {
        match self {
            Self::Off | Self::Small => 0,
            Self::Large => cr4::PSE,
            Self::Pae => cr4::PAE,
        }
    }
}

/// What a processor begins with.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub world: World,
    pub paging: Paging,
    /// Bits of CR0 and CR4 besides those that the mode needs, if the model has them.
    pub cr0: u64,
    pub cr4: u64,
    pub iopl: u8,
}

impl Start {
    /// The control registers in long mode, or in protected mode.
    pub fn control(&self, model: &Model, long: bool) -> (u64, u64, u64) {
        let paging = if long || self.paging != Paging::Off { cr0::PG } else { 0 };
        let cr0 = cr0::PE | paging | self.cr0 & model.cr0_bits();
        let (cr3, cr4) =
            if long { (LEVEL_4, cr4::PAE) } else { (self.paging.directory(), self.paging.cr4()) };
        (cr0, cr3, cr4 | self.cr4 & model.cr4_bits())
    }

    pub fn flags(&self) -> u64 {
        0x0202 | u64::from(self.iopl) << 12
    }

    pub fn enter(&self, model: &Model, s: &mut State) {
        let long = self.world.is_long();
        (s.cr0, s.cr3, s.cr4) = self.control(model, long);
        s.cr0 |= cr0::ET;
        s.efer = if long { efer::LME | efer::LMA } else { 0 } | efer::NXE & model.efer_bits();
        if self.paging == Paging::Pae {
            s.directories = [WIDE_DIRECTORY | 1, 0, 0, 0];
        }
        (s.gdtr.base, s.gdtr.limit) = (GDT, GDT_LIMIT);
        (s.idtr.base, s.idtr.limit) = if long { (LONG_IDT, 0xFFF) } else { (IDT, 0x7FF) };
        let (task, selector) = if long { (LONG_TSS, LONG_TASK) } else { (TSS, TASK) };
        *s.segment_mut(seg::TR) = Segment { selector, attributes: 0x8B, limit: 0x8F, base: task };
        *s.segment_mut(seg::LDTR) = Segment { selector: LOCAL, attributes: 0x82, limit: 0x3F, base: LDT };
        self.enter_segments(s);
        s.rip = self.world.entry(0);
        s.registers[usize::from(reg::SP)] = self.world.stack();
        let vm = if self.world == World::Virtual { 1 << 17 } else { 0 };
        s.flags.set_word(self.flags() | vm);
        if self.world == World::Real {
            (s.cr0, s.idtr.base, s.idtr.limit) = (s.cr0 & !(cr0::PE | cr0::PG), 0, 0x3FF);
        }
    }

    fn enter_segments(&self, s: &mut State) {
        let world = self.world;
        let [code, stack, data] = world.selectors();
        let of = |selector: u16, base: u64, limit: u32, attributes: u16| Segment {
            selector,
            attributes: attributes | u16::from(world.level()) << attribute::DPL_SHIFT,
            limit,
            base,
        };
        let (code, stack, data) = match world {
            World::Virtual => {
                (Segment::virtual_8086(code), Segment::virtual_8086(stack), Segment::virtual_8086(data))
            }
            World::Real => (Segment::real(code), Segment::real(stack), Segment::real(data)),
            World::Near0 | World::Near3 | World::Compatible16 => {
                (of(code, CODE[0], 0xFFFF, 0x9B), of(stack, DATA, 0xFFFF, 0x93), of(data, DATA, 0xFFFF, 0x93))
            }
            World::Part3 => (
                of(code, CODE[1], 0xFFF, 0x409B),
                of(stack, 0, u32::MAX, 0xC093),
                of(data, DATA, 0x4FFF, 0x4093),
            ),
            World::Long0 | World::Long3 => {
                (of(code, 0, u32::MAX, 0xA09B), of(stack, 0, u32::MAX, 0xC093), of(data, 0, u32::MAX, 0xC093))
            }
            World::Flat0 | World::Flat3 | World::Compatible32 => {
                (of(code, 0, u32::MAX, 0xC09B), of(stack, 0, u32::MAX, 0xC093), of(data, 0, u32::MAX, 0xC093))
            }
        };
        *s.segment_mut(seg::CS) = code;
        *s.segment_mut(seg::SS) = stack;
        for number in [seg::ES, seg::DS, seg::FS, seg::GS] {
            *s.segment_mut(number) = data;
        }
    }
}

/// The physical page of a linear one below 2 MB.
pub const fn physical_page(page: u64) -> u64 {
    match page {
        0x100..0x110 => (DATA >> 12) + ((page & 15) * 5 + 3) % 16,
        0x140..0x143 => (CODE[0] >> 12) + (page - 0x140),
        _ => page,
    }
}
