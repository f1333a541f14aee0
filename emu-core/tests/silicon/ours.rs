//! Our engines in the host's place: the same registers, the same memory at the same addresses.

use crate::host::{BASE, BRANCH_DISTANCE, CODE, DATA, DATA_BYTES, Extended, Registers, SIZE, Size};
use crate::quiet_bus::QuietBus;
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::engine::cache::CacheCounters;
use emu_core::cpu::probe::Probe;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::Model;
use emu_core::cpu::x86::state::{Activity, Segment, State, TableRegister, cr0, cr4, efer, seg, xcr0};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::float::F80;
use emu_core::time::Cycle;

/// Where the tables of the system lie in the arena: far from all that a case touches.
const GDT: u64 = BASE + 0x8000;
const IDT: u64 = BASE + 0x8100;
const TSS: u64 = BASE + 0x8400;
/// Each exception's handler is a HLT.
const HANDLERS: u64 = BASE + 0x8800;
const STACK_END: u64 = BASE + 0x9800;

const HANDLER_CODE: u16 = 0x08;
const HANDLER_DATA: u16 = 0x10;
const EXCEPTIONS: u64 = 32;

/// A jump to itself: where the processor waits once the instruction is done.
const WAIT: [u8; 2] = [0xEB, 0xFE];

/// Cycles in which every instruction ends.
const TIME: u64 = 64;

/// Remembers the first exception.
#[derive(Default)]
struct FirstException(Option<u8>);

impl Probe for FirstException {
    const ACTIVE: bool = true;

    fn interrupt(&mut self, vector: u8, _: CodeAddress) {
        self.0.get_or_insert(vector);
    }
}

/// What our engine left.
pub struct Left {
    pub registers: Registers,
    pub exception: Option<u8>,
    /// Where it would go on.
    pub ip: u64,
}

/// Our processor for code of a size. One serves any number of cases.
pub struct Ours {
    cpu: X86,
    bus: QuietBus,
    size: Size,
}

impl Ours {
    pub fn new(model: &'static Model, size: Size) -> Self {
        let mut cpu = X86::new(model);
        cpu.set_engine(EngineKind::Threaded);
        let bus = QuietBus::new(BASE, SIZE as u64);
        make_tables(&bus, size);
        Self { cpu, bus, size }
    }

    pub fn write_data(&self, bytes: &[u8; DATA_BYTES]) {
        self.bus.put(BASE + DATA as u64, bytes);
    }

    pub fn read_data(&self) -> [u8; DATA_BYTES] {
        let mut bytes = [0; DATA_BYTES];
        self.bus.get(BASE + DATA as u64, &mut bytes);
        bytes
    }

    /// What the threaded engine has counted.
    pub fn counters(&self) -> CacheCounters {
        Processor::<QuietBus>::trace_counters(&self.cpu).unwrap_or_default()
    }

    fn prepare(&mut self, code: &[u8], before: &Registers) {
        let start = BASE + CODE as u64;
        self.bus.put(start, code);
        self.bus.put(start + code.len() as u64, &WAIT);
        self.bus.put(start + BRANCH_DISTANCE as u64, &WAIT);
        let s = &mut self.cpu.state;
        set_mode(s, self.size);
        s.rip = start - self.size.segment_base();
        load(s, before);
    }

    /// Executes one instruction by the strict engine.
    pub fn run_strict(&mut self, code: &[u8], before: &Registers) -> Left {
        self.prepare(code, before);
        self.bus.deadline = Cycle::NEVER;
        let mut probe = FirstException::default();
        loop {
            self.cpu.run_with(&mut self.bus, &mut probe, true);
            if !self.cpu.state.repeating || probe.0.is_some() {
                break;
            }
        }
        let registers = store(&self.cpu.state, before);
        Left { registers, exception: probe.0, ip: self.cpu.state.rip }
    }

    /// Executes one instruction as a trace of the threaded engine, with what waits behind it.
    pub fn run_threaded(&mut self, code: &[u8], before: &Registers) -> Left {
        self.prepare(code, before);
        self.bus.deadline = Cycle(TIME);
        Processor::run(&mut self.cpu, &mut self.bus, None, false);
        let s = &self.cpu.state;
        let exception = (s.activity == Activity::Halted).then(|| ((s.rip - 1 - HANDLERS) / 16) as u8);
        Left { registers: store(s, before), exception, ip: s.rip }
    }
}

/// Descriptors, gates and a task state, with which exceptions end in their handlers.
fn make_tables(bus: &QuietBus, size: Size) {
    const CODE_32: u64 = 0x00CF_9B00_0000_FFFF;
    const CODE_64: u64 = 0x0020_9B00_0000_0000;
    const DATA_32: u64 = 0x00CF_9300_0000_FFFF;
    let long = size == Size::Bits64;
    let put = |at: u64, value: u64| bus.put(at, &value.to_le_bytes());
    put(GDT + u64::from(HANDLER_CODE), if long { CODE_64 } else { CODE_32 });
    put(GDT + u64::from(HANDLER_DATA), DATA_32);
    if long {
        put(TSS + 4, STACK_END);
    } else {
        put(TSS + 4, STACK_END | u64::from(HANDLER_DATA) << 32);
    }
    // No port is open to the program.
    bus.put(TSS + 0x66, &[0xFF, 0xFF]);
    for vector in 0..EXCEPTIONS {
        let handler = HANDLERS + vector * 16;
        let gate = handler & 0xFFFF | u64::from(HANDLER_CODE) << 16 | 0x8E00 << 32 | (handler >> 16) << 48;
        put(IDT + vector * if long { 16 } else { 8 }, gate);
        bus.put(handler, &[0xF4]);
    }
}

/// The mode of a user program under an operating system: code and data segments of a size, without paging.
fn set_mode(s: &mut State, size: Size) {
    let (base, limit, bits) = match size {
        Size::Bits16 => (BASE, 0xFFFF, 0),
        Size::Bits32 => (0, u32::MAX, 0xC000),
        Size::Bits64 => (0, u32::MAX, 0xA000),
    };
    for segment in &mut s.segments {
        *segment = Segment { selector: 0x2B, attributes: bits & !0x2000 | 0xF3, limit, base };
    }
    s.segments[usize::from(seg::CS)] = Segment { selector: 0x33, attributes: bits | 0xFB, limit, base };
    s.segments[usize::from(seg::TR)] = Segment { selector: 0x28, attributes: 0x8B, limit: 0x67, base: TSS };
    s.cr0 = cr0::PE | cr0::MP | cr0::ET | cr0::NE;
    s.cr4 = cr4::OSFXSR | cr4::OSXMMEXCPT | cr4::OSXSAVE;
    s.efer = if size == Size::Bits64 { efer::LME | efer::LMA } else { 0 };
    s.gdtr = TableRegister { base: GDT, limit: 0x17 };
    s.idtr = TableRegister { base: IDT, limit: 0x1FF };
    s.mode_changed();
    s.activity = Activity::Running;
    s.repeating = false;
    s.shadow = false;
    s.now = 0;
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

/// Where MXCSR lies in an image.
const MXCSR: usize = 24;

/// Where the quadwords of YMM number `i` lie in an image.
fn quad_places(i: usize) -> [usize; 4] {
    let (low, high) = (160 + 16 * i, 576 + 16 * i);
    [low, low + 8, high, high + 8]
}

fn load(s: &mut State, from: &Registers) {
    s.registers[..16].copy_from_slice(&from.general);
    s.flags.set_word(from.flags);
    let Extended(image) = &from.extended;
    s.mxcsr = quad(image, MXCSR) as u32;
    s.xcr0 = xcr0::X87 | xcr0::SSE | xcr0::AVX;
    for (i, quads) in s.vectors.iter_mut().enumerate() {
        *quads = quad_places(i).map(|at| quad(image, at));
    }
    s.fpu.initialize();
    s.fpu.set_used(image[4]);
    s.fpu.set_status(half(image, 2));
    s.fpu.set_control(half(image, 0));
    for i in 0..8 {
        let at = 32 + 16 * usize::from(i);
        s.fpu.set_number(i, F80::new(half(image, at + 8), quad(image, at)));
    }
}

/// What the state is, in the host's form. What has no place in ours is as `before`.
fn store(s: &State, before: &Registers) -> Registers {
    let mut to = *before;
    to.general.copy_from_slice(&s.registers[..16]);
    to.flags = s.flags.word();
    let Extended(image) = &mut to.extended;
    image[..2].copy_from_slice(&s.fpu.control().to_le_bytes());
    image[2..4].copy_from_slice(&s.fpu.status().to_le_bytes());
    image[4] = s.fpu.used();
    image[MXCSR..MXCSR + 4].copy_from_slice(&s.mxcsr.to_le_bytes());
    for (i, quads) in s.vectors.iter().enumerate() {
        for (at, value) in quad_places(i).into_iter().zip(quads) {
            image[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
    for i in 0..8 {
        let at = 32 + 16 * usize::from(i);
        let number = s.fpu.st(i);
        image[at..at + 8].copy_from_slice(&number.mantissa.to_le_bytes());
        image[at + 8..at + 10].copy_from_slice(&number.sign_exponent.to_le_bytes());
    }
    to
}
