//! What a processor's pins reach on a board: RAM and ROM through the TLB, devices through their domain.

use crate::addr::{Linear, Physical, Port, Width};
use crate::board::domain::{CpuPins, Domain, PhysBus};
use crate::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess, Reply};
use crate::mem::{Changes, LittleGuest, PhysMem, Place, Privilege, Scalar, Table, Tlb, TlbCounters};
use crate::time::{Clock, Cycle, Tick};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// CPU cycles from T1 to the moment at which a device is strobed and READY is sampled: the start of T3
/// (8086 data sheet 231455, "Basic System Timing").
const STROBE: u64 = 2;

/// A processor without paging has one kind of access.
const PRIVILEGE: Privilege = Privilege::Supervisor;

/// A domain, owned by the only thread that uses it, or behind the lock that several threads take.
pub enum DomainRef {
    Owned(Box<Domain>),
    Shared(Arc<Mutex<Domain>>),
}

impl DomainRef {
    #[inline]
    pub fn with<R>(&mut self, call: impl FnOnce(&mut Domain) -> R) -> R {
        match self {
            Self::Owned(domain) => call(domain),
            Self::Shared(domain) => call(&mut lock(domain)),
        }
    }

    pub fn view<R>(&self, call: impl FnOnce(&Domain) -> R) -> R {
        match self {
            Self::Owned(domain) => call(domain),
            Self::Shared(domain) => call(&lock(domain)),
        }
    }
}

/// A domain whose thread panicked ends its machine anyway; what is left of it may still be looked at.
pub(super) fn lock(domain: &Mutex<Domain>) -> MutexGuard<'_, Domain> {
    domain.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wait states that the board's own logic adds to every bus cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusTiming {
    pub memory_waits: u32,
    pub io_waits: u32,
}

/// Memory, as DMA reaches it.
struct DmaMemory(Arc<PhysMem>);

impl PhysBus for DmaMemory {
    fn read(&self, address: u32) -> u8 {
        self.0.peek(Physical(u64::from(address))).unwrap_or(0xFF)
    }

    fn write(&self, address: u32, byte: u8) {
        // Where no memory is, the byte is lost, as on the bus.
        let _ = self.0.write(Physical(u64::from(address)), byte);
    }
}

/// The bus of a processor without paging, and of one whose paging unit has done its work.
pub struct SystemBus {
    pub(super) domain: DomainRef,
    memory: Arc<PhysMem>,
    tlb: Tlb<LittleGuest>,
    /// What was honoured since an engine last asked.
    changes: Changes,
    clock: Clock,
    timing: BusTiming,
    /// When the machine wants its processor back.
    budget: Cycle,
    deadline: Cycle,
    next_hold: Cycle,
    pins: CpuPins,
    /// The address lines that are let through: all, or all but A20.
    address_mask: u64,
    accesses: Accesses,
}

/// Address line 20.
const A20: u64 = 1 << 20;

/// Bus cycles to memory, by what they were for: the TLB's accesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    pub reads: u64,
    pub writes: u64,
    pub fetches: u64,
}

impl SystemBus {
    /// A bus for a processor of this clock.
    pub fn new(mut domain: Domain, mut memory: PhysMem, clock: Clock, timing: BusTiming) -> Self {
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        let memory = Arc::new(memory);
        domain.connect_memory(Box::new(DmaMemory(Arc::clone(&memory))));
        let domain = DomainRef::Owned(Box::new(domain));
        let mut bus = Self {
            domain,
            memory,
            tlb,
            changes: Changes::default(),
            clock,
            timing,
            budget: Cycle::NEVER,
            deadline: Cycle::NEVER,
            next_hold: Cycle::NEVER,
            pins: CpuPins::default(),
            address_mask: u64::MAX,
            accesses: Accesses::default(),
        };
        bus.refresh();
        bus
    }

    pub fn memory(&self) -> &Arc<PhysMem> {
        &self.memory
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn tlb_counters(&self) -> TlbCounters {
        self.tlb.counters()
    }

    pub fn accesses(&self) -> Accesses {
        self.accesses
    }

    /// Drops the TLB's entries that somebody's notice has made void: a changed map, dirty marks that were taken, pages
    /// whose stores must be seen.
    fn honour_notices(&mut self) {
        if self.tlb.has_notices() {
            let news = self.tlb.honour();
            self.changes.add(news);
        }
    }

    /// The processor is wanted back at `budget`. Every slice begins here, so that what was done to the memory between
    /// two of them is known before the first access.
    pub fn set_budget(&mut self, budget: Cycle) {
        self.honour_notices();
        self.budget = budget;
        self.refresh();
    }

    /// The first cycle at which an event is due.
    pub fn next_event(&mut self) -> Cycle {
        let due = self.domain.with(|domain| domain.next_due());
        self.clock.first_cycle_at(due)
    }

    /// Lets everything happen that is due by `at`, and gives the bus, which is free, to whoever wants it then.
    pub(super) fn pass_to(&mut self, at: Cycle) {
        let now = self.clock.tick_of(at.0);
        self.domain.with(|domain| {
            domain.catch_up(now);
            if domain.pins.hold {
                domain.grant_hold(now);
            }
        });
        self.refresh();
    }

    /// Takes a rising edge of RESET, if there was one since the last call.
    pub(super) fn take_reset(&mut self) -> bool {
        if !self.pins.reset_edge {
            return false;
        }
        self.pins.reset_edge = false;
        self.domain.with(|domain| domain.pins.reset_edge = false);
        true
    }

    /// Whether the guest has switched the machine off.
    pub(super) fn is_switched_off(&self) -> bool {
        self.pins.switched_off
    }

    /// Takes a device's wish for the machine's attention, everything having happened that is due by `at`.
    pub(super) fn take_exit(&mut self, at: Cycle) -> bool {
        self.with_domain(at, |domain, _| std::mem::take(&mut domain.pins.exit))
    }

    /// Whether anything at its pins could keep a halted processor from idling on.
    pub(super) fn concerns_processor(&self, at: Cycle) -> bool {
        let CpuPins { interrupt, nmi_edge, hold, a20_masked: _, reset_edge, exit, switched_off } = self.pins;
        interrupt
            || nmi_edge
            || hold
            || reset_edge
            || exit
            || switched_off
            || at >= self.budget
            || at >= self.next_hold
    }

    /// Calls the domain, everything having happened that is due by `at`, and looks at its pins again.
    pub fn with_domain<R>(&mut self, at: Cycle, call: impl FnOnce(&mut Domain, Tick) -> R) -> R {
        let now = self.clock.tick_of(at.0);
        let result = self.domain.with(|domain| {
            domain.catch_up(now);
            call(domain, now)
        });
        self.refresh();
        result
    }

    /// Reads a byte as the processor would, past its TLB: for who knows physical addresses only.
    pub fn read_byte(&mut self, address: Physical, at: Cycle) -> u8 {
        let address = self.gated(address);
        self.memory.peek(address).unwrap_or_else(|| self.read_devices::<u8>(address, at).0 as u8)
    }

    /// Writes a byte; otherwise as [`Self::read_byte`].
    pub fn write_byte(&mut self, address: Physical, byte: u8, at: Cycle) {
        let address = self.gated(address);
        if self.memory.write(address, byte).is_err() {
            self.write_devices::<u8>(address, byte.into(), at);
        }
    }

    /// A byte as the processor would read it, without side effects.
    pub fn peek(&self, address: Physical) -> u8 {
        let address = self.gated(address);
        self.memory
            .peek(address)
            .or_else(|| self.domain.view(|domain| domain.peek_memory(address.0 as u32)))
            .unwrap_or(0xFF)
    }

    /// Changes a byte past all side effects, for a debugger. Gives whether that was possible: not in ROM or holes.
    pub fn poke(&mut self, address: Physical, byte: u8) -> bool {
        let address = self.gated(address);
        match self.memory.lookup(address) {
            Place::Ram { .. } => self.memory.write(address, byte).is_ok(),
            Place::Rom { .. } => false,
            _ => self.domain.with(|domain| domain.poke_memory(address.0 as u32, byte)),
        }
    }

    /// Puts the domain behind a lock, for an arrangement of several threads.
    pub fn share_domain(&mut self) -> Arc<Mutex<Domain>> {
        if let DomainRef::Shared(shared) = &self.domain {
            return Arc::clone(shared);
        }
        let empty = DomainRef::Shared(Arc::new(Mutex::new(Domain::empty())));
        let DomainRef::Owned(domain) = std::mem::replace(&mut self.domain, empty) else {
            unreachable!("a shared domain was handed out above")
        };
        let shared = Arc::new(Mutex::new(*domain));
        self.domain = DomainRef::Shared(Arc::clone(&shared));
        shared
    }

    /// Looks at the pins and the event queue again, after anything that may have changed them.
    #[inline]
    fn refresh(&mut self) {
        let (pins, due) = self.domain.with(|domain| (domain.pins, domain.next_due()));
        let gate_moves = self.pins.a20_masked != pins.a20_masked;
        self.pins = pins;
        self.follow(due);
        if gate_moves {
            self.move_a20_gate();
        }
    }

    /// Every other megabyte has got another meaning.
    #[cold]
    fn move_a20_gate(&mut self) {
        self.address_mask = if self.pins.a20_masked { !A20 } else { u64::MAX };
        self.tlb.mailbox().post_remap();
        self.honour_notices();
    }

    /// An address behind the A20 gate.
    #[inline]
    fn gated(&self, at: Physical) -> Physical {
        Physical(at.0 & self.address_mask)
    }

    #[inline]
    fn follow(&mut self, due: Tick) {
        let event = self.clock.first_cycle_at(due);
        self.deadline = event.min(self.budget);
        self.next_hold = if self.pins.hold { Cycle(0) } else { event };
    }

    #[inline]
    fn strobe(&self, at: Cycle) -> Tick {
        self.clock.tick_of(at.0 + STROBE)
    }

    fn waits(&self, own: u32, stall: u64) -> u32 {
        if stall == 0 {
            return own;
        }
        // A device that stalls longer than the board's own wait states hides them: READY is one line.
        own.max(self.clock.cycles_covering(stall).min(u64::from(u32::MAX)) as u32)
    }

    #[inline]
    fn load(&mut self, table: Table, address: u32, width: Width) -> Option<u64> {
        let at = Linear(u64::from(address));
        match (table, width) {
            (Table::Fetch, Width::Byte) => self.tlb.fetch::<u8>(PRIVILEGE, at).map(u64::from),
            (Table::Fetch, _) => self.tlb.fetch::<u16>(PRIVILEGE, at).map(u64::from),
            (_, Width::Byte) => self.tlb.read::<u8>(PRIVILEGE, at).map(u64::from),
            (_, _) => self.tlb.read::<u16>(PRIVILEGE, at).map(u64::from),
        }
    }

    /// A read that the TLB could not serve.
    #[cold]
    #[inline(never)]
    fn read_slowly(&mut self, table: Table, address: u32, width: Width, at: Cycle) -> Reply {
        let at = unpaged(address, at);
        match width {
            Width::Byte => reply(self.read_missed::<u8>(table, PRIVILEGE, at)),
            _ => reply(self.read_missed::<u16>(table, PRIVILEGE, at)),
        }
    }

    /// A write that the TLB could not serve.
    #[cold]
    #[inline(never)]
    fn write_slowly(&mut self, address: u32, width: Width, data: u64, at: Cycle) -> u32 {
        let at = unpaged(address, at);
        match width {
            Width::Byte => self.write_missed(PRIVILEGE, at, data as u8),
            _ => self.write_missed(PRIVILEGE, at, data as u16),
        }
    }

    /// Reads where not all is memory.
    fn read_devices<T: Scalar>(&mut self, first: Physical, at: Cycle) -> (u64, u32) {
        let now = self.strobe(at);
        let piece = self.piece_width::<T>(first);
        let (mut data, mut stall) = (u64::MAX, 0);
        for into in (0..T::BYTES).step_by(piece.bytes() as usize) {
            let address = Physical(first.0.wrapping_add(into));
            let value = self.memory.peek(address).map(u64::from).or_else(|| {
                let address = u32::try_from(address.0).ok()?;
                let answer = self.domain.with(|domain| domain.read_memory(address, piece, now));
                stall += answer.stall;
                answer.data
            });
            if let Some(value) = value {
                data = data & !(piece.mask() << (8 * into)) | value << (8 * into);
            }
        }
        self.refresh();
        (data, self.waits(self.timing.memory_waits, stall))
    }

    /// Writes where not all is memory.
    fn write_devices<T: Scalar>(&mut self, first: Physical, data: u64, at: Cycle) -> u32 {
        let now = self.strobe(at);
        let piece = self.piece_width::<T>(first);
        let mut stall = 0;
        for into in (0..T::BYTES).step_by(piece.bytes() as usize) {
            let address = Physical(first.0.wrapping_add(into));
            let value = data >> (8 * into) & piece.mask();
            // Where a byte is memory, that is the piece.
            if self.memory.write(address, value as u8).is_err()
                && let Ok(address) = u32::try_from(address.0)
            {
                stall += self.domain.with(|domain| domain.write_memory(address, piece, value, now));
            }
        }
        self.refresh();
        self.waits(self.timing.memory_waits, stall)
    }

    /// In which pieces an access reaches devices: at once, or by bytes where some of them are memory.
    fn piece_width<T: Scalar>(&self, first: Physical) -> Width {
        match self.memory.lookup(first) {
            Place::Hole { left } | Place::Mmio { left, .. } if left >= T::BYTES => Width::of::<T>(),
            _ => Width::Byte,
        }
    }
}

/// An access of a processor without paging.
fn unpaged(address: u32, at: Cycle) -> PageAccess {
    let (linear, physical) = (Linear(u64::from(address)), Physical(u64::from(address)));
    PageAccess { linear, physical, at }
}

fn reply<T: Scalar>((data, waits): (T, u32)) -> Reply {
    Reply { data: data.into(), waits }
}

/// The low bits of a value.
fn narrowed<T: Scalar>(value: u64) -> T {
    let Ok(narrow) = T::try_from(value & Width::of::<T>().mask()) else {
        unreachable!("the mask made it fit")
    };
    narrow
}

impl CpuBus for SystemBus {
    #[inline]
    fn read(&mut self, status: BusStatus, address: u32, width: Width, at: Cycle) -> Reply {
        let table = match status {
            BusStatus::CodeFetch => {
                self.accesses.fetches += 1;
                Table::Fetch
            }
            BusStatus::IoRead => {
                let now = self.strobe(at);
                let answer = self.domain.with(|domain| domain.read_port(Port(address as u16), width, now));
                self.refresh();
                let waits = self.waits(self.timing.io_waits, answer.stall);
                return Reply { data: answer.data.unwrap_or(width.mask()), waits };
            }
            _ => {
                self.accesses.reads += 1;
                Table::Read
            }
        };
        match self.load(table, address, width) {
            Some(data) => Reply { data, waits: self.timing.memory_waits },
            None => self.read_slowly(table, address, width, at),
        }
    }

    #[inline]
    fn write(&mut self, status: BusStatus, address: u32, width: Width, data: u64, at: Cycle) -> u32 {
        if status == BusStatus::IoWrite {
            let now = self.strobe(at);
            let stall = self.domain.with(|domain| domain.write_port(Port(address as u16), width, data, now));
            self.refresh();
            return self.waits(self.timing.io_waits, stall);
        }
        self.accesses.writes += 1;
        let to = Linear(u64::from(address));
        let done = match width {
            Width::Byte => self.tlb.write(PRIVILEGE, to, data as u8),
            _ => self.tlb.write(PRIVILEGE, to, data as u16),
        };
        match done {
            Some(()) => self.timing.memory_waits,
            None => self.write_slowly(address, width, data, at),
        }
    }

    fn acknowledge_interrupt(&mut self, at: Cycle) -> u8 {
        let now = self.strobe(at);
        let vector = self.domain.with(|domain| domain.acknowledge_interrupt(now));
        self.refresh();
        vector
    }

    #[inline]
    fn next_hold(&self) -> Cycle {
        self.next_hold
    }

    fn hold(&mut self, at: Cycle) -> u32 {
        let now = self.clock.tick_of(at.0);
        let taken = self.domain.with(|domain| domain.grant_hold(now));
        self.refresh();
        self.clock.cycles_covering(taken).min(u64::from(u32::MAX)) as u32
    }

    #[inline]
    fn deadline(&self) -> Cycle {
        self.deadline
    }

    fn catch_up(&mut self, at: Cycle) {
        let now = self.clock.tick_of(at.0);
        self.domain.with(|domain| domain.catch_up(now));
        self.refresh();
    }

    #[inline]
    fn interrupt_line(&self) -> bool {
        self.pins.interrupt
    }

    #[inline]
    fn take_nmi(&mut self) -> bool {
        if !self.pins.nmi_edge {
            return false;
        }
        self.pins.nmi_edge = false;
        self.domain.with(|domain| domain.pins.nmi_edge = false);
        true
    }

    #[inline]
    fn nmi_waits(&self) -> bool {
        self.pins.nmi_edge
    }

    #[inline]
    fn exit_requested(&self) -> bool {
        self.pins.exit || self.pins.reset_edge || self.pins.switched_off
    }
}

impl MemoryBus for SystemBus {
    type Order = LittleGuest;

    #[inline(always)]
    fn tlb(&mut self) -> &mut Tlb<LittleGuest> {
        &mut self.tlb
    }

    fn place(&self, at: Physical) -> Place<'_> {
        self.memory.lookup(self.gated(at))
    }

    #[inline]
    fn has_changes(&mut self) -> bool {
        self.tlb.has_notices() || !self.changes.is_empty()
    }

    fn take_changes(&mut self) -> Changes {
        if self.changes.is_empty() {
            return self.tlb.honour();
        }
        self.honour_notices();
        std::mem::take(&mut self.changes)
    }

    fn map(&mut self, table: Table, privilege: Privilege, linear: Linear, physical: Physical) -> bool {
        let physical = self.gated(physical);
        self.memory.fill(&mut self.tlb, table, privilege, linear, physical)
    }

    #[cold]
    #[inline(never)]
    fn read_missed<T: Scalar>(&mut self, table: Table, privilege: Privilege, at: PageAccess) -> (T, u32) {
        let PageAccess { linear, physical, at } = at;
        let physical = self.gated(physical);
        match self.memory.read_missed(&mut self.tlb, table, privilege, linear, physical) {
            Ok(data) => (data, self.timing.memory_waits),
            Err(_) => {
                let (data, waits) = self.read_devices::<T>(physical, at);
                (narrowed(data), waits)
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn write_missed<T: Scalar>(&mut self, privilege: Privilege, at: PageAccess, value: T) -> u32 {
        let PageAccess { linear, physical, at } = at;
        let physical = self.gated(physical);
        match self.memory.write_missed(&mut self.tlb, privilege, linear, physical, value) {
            Ok(()) => self.timing.memory_waits,
            Err(_) => self.write_devices::<T>(physical, value.into(), at),
        }
    }

    fn set_coprocessor_error(&mut self, level: bool) {
        self.domain.with(|domain| domain.set_coprocessor_error(level));
        self.refresh();
    }
}
