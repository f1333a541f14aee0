//! A processor in protected or long mode, with tables that every case finds alike.
//!
//! | physical | what |
//! |---|---|
//! | 01000 | GDT |
//! | 02000 | IDT; each handler is a HLT at 50000 + 16 × vector |
//! | 03000 | TSS, whose ring 0 stack ends at 30000 |
//! | 10000 | page tables, 4 MB mapped to themselves for everyone |
//! | 20000 | code |
//! | 30000, 38000 | ends of the ring 0 and ring 3 stacks |
//! | 40000 | data |

use crate::quiet_bus::{QuietBus, SIZE};
use crate::recording::Recording;
use emu_core::cpu::Processor;
use emu_core::cpu::x86::cpu::{EngineKind, X86};
use emu_core::cpu::x86::model::Model;
use emu_core::cpu::x86::state::{Activity, Segment, State, cr0, cr4, efer, reg, seg};
use emu_core::time::Cycle;

pub const GDT: u64 = 0x1000;
pub const IDT: u64 = 0x2000;
pub const TSS: u64 = 0x3000;
pub const TABLES: u64 = 0x1_0000;
pub const CODE: u64 = 0x2_0000;
pub const STACK_0: u64 = 0x3_0000;
pub const STACK_3: u64 = 0x3_8000;
pub const DATA: u64 = 0x4_0000;
pub const HANDLERS: u64 = 0x5_0000;

/// Selectors.
pub const CODE_0: u16 = 0x08;
pub const DATA_0: u16 = 0x10;
pub const CODE_3: u16 = 0x1B;
pub const DATA_3: u16 = 0x23;
pub const TASK: u16 = 0x28;
/// The first entries that are free: two of 8 bytes, or one of 16.
pub const FREE: u16 = 0x38;

/// No case takes longer.
const LIMIT: u64 = 20_000;

/// Flat descriptors of 32-bit segments.
pub const CODE_32: u64 = 0x00CF_9B00_0000_FFFF;
pub const DATA_32: u64 = 0x00CF_9300_0000_FFFF;
/// Of 64-bit code.
pub const CODE_64: u64 = 0x0020_9B00_0000_0000;
/// What a DPL of 3 adds to a descriptor.
pub const FOR_ALL: u64 = 0x6000 << 32;

/// A gate's descriptor: its type with P and DPL in `rights`.
pub fn gate(rights: u8, selector: u16, offset: u64) -> u64 {
    offset & 0xFFFF | u64::from(selector) << 16 | u64::from(rights) << 40 | (offset >> 16 & 0xFFFF) << 48
}

/// A system descriptor: its type with P and DPL in `rights`.
pub fn descriptor(rights: u8, base: u64, limit: u64) -> u64 {
    limit & 0xFFFF
        | (base & 0xFF_FFFF) << 16
        | u64::from(rights) << 40
        | (limit >> 16 & 0xF) << 48
        | (base >> 24 & 0xFF) << 56
}

pub struct Machine {
    pub cpu: X86,
    pub bus: QuietBus,
    long: bool,
}

impl Machine {
    fn new(model: &'static Model, engine: EngineKind, long: bool) -> Self {
        let mut cpu = X86::new(model);
        cpu.set_engine(engine);
        let machine = Self { cpu, bus: QuietBus::new(0, SIZE), long };
        for vector in 0..256 {
            machine.bus.put(HANDLERS + vector * 16, &[0xF4]);
        }
        machine
    }

    /// In ring 0 of flat 32-bit protected mode, without paging.
    pub fn protected(model: &'static Model, engine: EngineKind) -> Self {
        let mut machine = Self::new(model, engine, false);
        let entries =
            [0, CODE_32, DATA_32, CODE_32 | FOR_ALL, DATA_32 | FOR_ALL, descriptor(0x8B, TSS, 0x67)];
        for (i, entry) in (0..).zip(entries) {
            machine.put_descriptor(i * 8, entry);
        }
        for vector in 0..=255 {
            machine.put_gate(vector, gate(0x8E, CODE_0, HANDLERS + u64::from(vector) * 16));
        }
        machine.put(TSS + 4, STACK_0 as u32);
        machine.put(TSS + 8, u32::from(DATA_0));
        machine.put(TSS + 0x64, 0x0068_0000_u32);
        let s = &mut machine.cpu.state;
        s.cr0 = cr0::ET | cr0::PE;
        s.gdtr.base = GDT;
        s.gdtr.limit = 0xFF;
        s.idtr.base = IDT;
        s.idtr.limit = 0x7FF;
        s.segments[usize::from(seg::TR)] =
            Segment { selector: TASK, attributes: 0x8B, limit: 0x67, base: TSS };
        machine.enter_ring(0);
        machine
    }

    /// The same with paging.
    pub fn paged(model: &'static Model, engine: EngineKind) -> Self {
        let mut machine = Self::protected(model, engine);
        machine.put(TABLES, (TABLES + 0x1000) as u32 | 7);
        for page in 0..1024 {
            machine.set_page(page * 0x1000, (page as u32 * 0x1000) | 7);
        }
        machine.cpu.state.cr3 = TABLES;
        machine.cpu.state.cr0 |= cr0::PG;
        machine
    }

    /// In ring 0 of 64-bit mode: four levels of tables, the lowest 4 MB mapped to themselves by small pages.
    pub fn long(model: &'static Model, engine: EngineKind) -> Self {
        let mut machine = Self::protected(model, engine);
        machine.long = true;
        machine.put_descriptor(CODE_0, CODE_64);
        machine.put_descriptor(CODE_3, CODE_64 | FOR_ALL);
        machine.put_descriptor(TASK + 8, 0);
        for level in 0..2 {
            machine.put(TABLES + level * 0x1000, (TABLES + (level + 1) * 0x1000) | 7);
        }
        for table in 0..2 {
            machine.put(TABLES + 0x2000 + table * 8, (TABLES + 0x3000 + table * 0x1000) | 7);
        }
        for page in 0..1024 {
            machine.set_long_page(page * 0x1000, (page * 0x1000) | 7);
        }
        for vector in 0..=255 {
            machine.put_long_gate(vector, gate(0x8E, CODE_0, HANDLERS + u64::from(vector) * 16));
        }
        machine.put(TSS + 4, STACK_0);
        let s = &mut machine.cpu.state;
        s.idtr.limit = 0xFFF;
        s.cr3 = TABLES;
        s.cr4 = cr4::PAE;
        s.efer = efer::LME | efer::LMA;
        s.cr0 |= cr0::PG;
        machine.enter_ring(0);
        machine
    }

    pub fn put_long_gate(&self, vector: u8, raw: u64) {
        self.put(IDT + u64::from(vector) * 16, raw);
        self.put(IDT + u64::from(vector) * 16 + 8, 0_u64);
    }

    /// The entry of a page of the lowest 4 MB, in long mode.
    pub fn set_long_page(&self, linear: u64, entry: u64) {
        self.put(TABLES + 0x3000 + (linear >> 12) * 8, entry);
    }

    /// Goes to a ring: its code, data and stack segments, IP at the code.
    pub fn enter_ring(&mut self, ring: u8) {
        let (code, data) = if ring == 0 { (CODE_0, DATA_0) } else { (CODE_3, DATA_3) };
        let s = &mut self.cpu.state;
        let data = Segment::flat_data(data, ring);
        for number in [seg::ES, seg::SS, seg::DS, seg::FS, seg::GS] {
            s.set_segment(number, data);
        }
        s.set_segment(seg::CS, Segment::flat_code(code, ring, self.long));
        s.rip = CODE;
        s.registers[usize::from(reg::SP)] = if ring == 0 { STACK_0 } else { STACK_3 };
    }

    pub fn put<T: Bytes>(&self, at: u64, value: T) {
        self.bus.put(at, value.bytes().as_ref());
    }

    pub fn word(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.bus.get(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    pub fn put_descriptor(&self, selector: u16, raw: u64) {
        self.put(GDT + u64::from(selector & 0xFFF8), raw);
    }

    pub fn descriptor(&self, selector: u16) -> u64 {
        let at = GDT + u64::from(selector & 0xFFF8);
        u64::from(self.word(at)) | u64::from(self.word(at + 4)) << 32
    }

    pub fn put_gate(&self, vector: u8, raw: u64) {
        self.put(IDT + u64::from(vector) * 8, raw);
    }

    /// The entry of a page of the lowest 4 MB.
    pub fn set_page(&self, linear: u64, entry: u32) {
        self.put(TABLES + 0x1000 + (linear >> 12) * 4, entry);
    }

    pub fn page(&self, linear: u64) -> u32 {
        self.word(TABLES + 0x1000 + (linear >> 12) * 4)
    }

    /// Runs `code` until the processor halts.
    pub fn run(&mut self, code: &[u8]) {
        self.bus.put(self.cpu.state.rip, code);
        self.go_on();
    }

    pub fn go_on(&mut self) {
        self.cpu.state.activity = Activity::Running;
        self.run_on();
    }

    /// Runs a halted processor for which something waits.
    pub fn wake(&mut self) {
        self.bus.deadline = Cycle(self.cpu.state.now + 1);
        let _ = Processor::run(&mut self.cpu, &mut self.bus, None, false);
        self.run_on();
    }

    fn run_on(&mut self) {
        let end = self.cpu.state.now + LIMIT;
        self.bus.deadline = Cycle(end);
        let recording = self.is_recorded().then(|| Recording::begin(self)).flatten();
        while self.cpu.state.activity == Activity::Running && self.cpu.state.now < end {
            let _ = Processor::run(&mut self.cpu, &mut self.bus, None, false);
        }
        if let Some(recording) = recording {
            recording.end(self);
        }
    }

    /// Both engines end alike; one is enough for other emulators.
    fn is_recorded(&self) -> bool {
        self.cpu.engine() == EngineKind::Strict
    }

    pub fn state(&self) -> &State {
        &self.cpu.state
    }

    pub fn register(&self, number: u8) -> u64 {
        self.cpu.state.registers[usize::from(number)]
    }

    pub fn set(&mut self, number: u8, value: u64) {
        self.cpu.state.registers[usize::from(number)] = value;
    }

    /// The vector in whose handler the processor has halted.
    pub fn handler(&self) -> Option<u64> {
        let s = &self.cpu.state;
        let halted = s.activity == Activity::Halted && s.segment(seg::CS).selector & 0xFFFC == CODE_0;
        let at = s.rip.checked_sub(HANDLERS + 1)?;
        (halted && at % 16 == 0 && at / 16 < 256).then_some(at / 16)
    }

    /// The `place`th doubleword from the top of the stack.
    pub fn stacked(&self, place: u64) -> u32 {
        self.word(self.register(reg::SP) + place * 4)
    }

    /// Asserts that the processor is in a fault's handler, with this error code, and that the instruction at
    /// `offset` of the code can be tried again.
    pub fn assert_fault(&self, vector: u64, code: u32, offset: u64) {
        assert_eq!(self.handler(), Some(vector), "in {:x?}", self.cpu.state);
        assert_eq!(self.stacked(0), code, "error code");
        assert_eq!(u64::from(self.stacked(1)), CODE + offset, "return address");
    }
}

/// Little-endian numbers.
pub trait Bytes {
    fn bytes(self) -> impl AsRef<[u8]>;
}

macro_rules! bytes {
    ($($number:ty)*) => {$(
        impl Bytes for $number {
            fn bytes(self) -> impl AsRef<[u8]> {
                self.to_le_bytes()
            }
        }
    )*};
}
bytes!(u8 u16 u32 u64);

/// A case that both engines must agree with.
pub fn on_both(case: impl Fn(EngineKind)) {
    case(EngineKind::Strict);
    case(EngineKind::Threaded);
}
