//! Our engine in the host's place: the same registers, the same memory at the same addresses.

use crate::host::{BASE, CODE, DATA, DATA_BYTES, Extended, Registers, SIZE, Size};
use emu_core::addr::{Physical, Width};
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::Probe;
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::Model;
use emu_core::cpu::x86::state::{Activity, Segment, State, cr0, cr4, seg, xcr0};
use emu_core::float::F80;
use emu_core::mem::{
    ByteOrder, Changes, LittleGuest, Mapping, NodeId, PhysMem, Place, Privilege, RamBlock, Scalar, Table, Tlb,
};
use emu_core::time::Cycle;
use std::sync::Arc;

/// Memory where the host's arena is, and nothing elsewhere.
struct Bus {
    memory: PhysMem,
    tlb: Tlb<LittleGuest>,
}

impl CpuBus for Bus {
    fn read(&mut self, _: BusStatus, _: u32, width: Width, _: Cycle) -> Reply {
        Reply { data: width.mask(), waits: 0 }
    }
    fn write(&mut self, _: BusStatus, _: u32, _: Width, _: u64, _: Cycle) -> u32 {
        0
    }
    fn acknowledge_interrupt(&mut self, _: Cycle) -> u8 {
        0
    }
    fn next_hold(&self) -> Cycle {
        Cycle::NEVER
    }
    fn hold(&mut self, _: Cycle) -> u32 {
        0
    }
    fn deadline(&self) -> Cycle {
        Cycle::NEVER
    }
    fn catch_up(&mut self, _: Cycle) {}
    fn interrupt_line(&self) -> bool {
        false
    }
    fn take_nmi(&mut self) -> bool {
        false
    }
    fn exit_requested(&self) -> bool {
        false
    }
}

impl MemoryBus for Bus {
    type Order = LittleGuest;

    fn tlb(&mut self) -> &mut Tlb<LittleGuest> {
        &mut self.tlb
    }

    fn place(&self, at: Physical) -> Place<'_> {
        self.memory.lookup(at)
    }

    fn take_changes(&mut self) -> Changes {
        self.tlb.honour()
    }

    fn read_missed<T: Scalar>(&mut self, table: Table, privilege: Privilege, at: PageAccess) -> (T, u32) {
        let Self { memory, tlb, .. } = self;
        let value = memory.read_missed(tlb, table, privilege, at.linear, at.physical);
        (value.unwrap_or_else(|_| T::try_from(0).unwrap_or_else(|_| unreachable!("zero fits"))), 0)
    }

    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32 {
        let Self { memory, tlb, .. } = self;
        let _ = memory.write_missed(tlb, privilege, at.linear, at.physical, value);
        0
    }
}

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

/// Our processor. One serves any number of cases.
pub struct Ours {
    cpu: X86,
    bus: Bus,
    arena: Arc<RamBlock>,
}

impl Ours {
    pub fn new(model: &'static Model) -> Self {
        let block = RamBlock::new(SIZE as u64, ByteOrder::Little, NodeId(0));
        let arena = Arc::new(block.expect("64 KiB of address space"));
        let mut memory = PhysMem::new(ByteOrder::Little);
        memory.map(Mapping::ram(BASE, &arena)).expect("an empty map");
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Self { cpu: X86::new(model), bus: Bus { memory, tlb }, arena }
    }

    pub fn write_data(&self, bytes: &[u8; DATA_BYTES]) {
        self.arena.write_bytes(DATA as u64, bytes).expect("within the arena");
    }

    pub fn read_data(&self) -> [u8; DATA_BYTES] {
        let mut bytes = [0; DATA_BYTES];
        self.arena.read_bytes(DATA as u64, &mut bytes).expect("within the arena");
        bytes
    }

    /// Executes one instruction.
    pub fn run(&mut self, size: Size, code: &[u8], before: &Registers) -> Left {
        self.arena.write_bytes(CODE as u64, code).expect("within the arena");
        let s = &mut self.cpu.state;
        set_mode(s, size);
        s.rip = BASE + CODE as u64 - size.segment_base();
        load(s, before);
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
    s.cr0 = cr0::PE | cr0::MP | cr0::ET | cr0::NE;
    s.cr4 = cr4::OSFXSR | cr4::OSXMMEXCPT | cr4::OSXSAVE;
    s.idtr.limit = 0xFFFF;
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
