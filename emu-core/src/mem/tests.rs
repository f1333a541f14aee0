//! The memory as a whole against plain byte arrays: random blocks, mappings, translations and accesses, in both byte
//! orders; and vCPUs racing on one block.

use super::*;
use crate::addr::{Linear, Physical};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pages of linear and of physical address space that the random guest knows.
const PAGES: u64 = 8;
const SPACE: u64 = PAGES * PAGE_SIZE;

#[derive(Clone, Debug)]
struct Layout {
    sizes: Vec<u64>,
    /// Gap before each mapping, its block, offset into it and size; `true` for ROM.
    mappings: Vec<(u64, usize, u64, u64, bool)>,
    /// Physical page of each linear page.
    translation: Vec<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Read { table: Table, at: u64, bytes: u64 },
    Write { at: u64, bytes: u64, value: u64 },
    MasterWrite { at: u64, bytes: Vec<u8> },
    MasterRead { at: u64, length: usize },
    MarkCode { block: usize, offset: u64, length: u64 },
    Honour,
    FlushPage { at: u64 },
    Swap { linear: usize, with: usize },
    Unmap { index: usize },
    Reload,
}

fn layouts() -> impl Strategy<Value = Layout> {
    // Mostly whole pages, sometimes any number of bytes.
    let amount = |most: u64| prop_oneof![3 => (0..=most).prop_map(|pages| pages * PAGE_SIZE), 1 => 0..most * PAGE_SIZE];
    let mapping = (amount(1), 0usize..3, amount(1), amount(3), prop::bool::weighted(0.2));
    (
        prop::collection::vec(amount(4).prop_map(|size| size.max(1)), 3),
        prop::collection::vec(mapping, 1..6),
        prop::collection::vec(0..PAGES, PAGES as usize),
    )
        .prop_map(|(sizes, mappings, translation)| Layout { sizes, mappings, translation })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || {
        prop_oneof![
            0..SPACE,
            (0..PAGES, 0u64..16).prop_map(|(page, near)| (page * PAGE_SIZE + near).saturating_sub(8))
        ]
    };
    let bytes = || prop::sample::select(vec![1u64, 2, 4, 8]);
    let table = prop::sample::select(vec![Table::Read, Table::Fetch]);
    let step = prop_oneof![
        8 => (table, at(), bytes()).prop_map(|(table, at, bytes)| Step::Read { table, at, bytes }),
        8 => (at(), bytes(), any::<u64>()).prop_map(|(at, bytes, value)| Step::Write { at, bytes, value }),
        2 => (at(), prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(at, bytes)| Step::MasterWrite { at, bytes }),
        2 => (at(), 0usize..100).prop_map(|(at, length)| Step::MasterRead { at, length }),
        2 => (0usize..3, at(), 0u64..100)
            .prop_map(|(block, offset, length)| Step::MarkCode { block, offset: offset % (4 * PAGE_SIZE), length }),
        2 => Just(Step::Honour),
        1 => at().prop_map(|at| Step::FlushPage { at }),
        1 => (0..PAGES as usize, 0..PAGES as usize).prop_map(|(linear, with)| Step::Swap { linear, with }),
        1 => (0usize..6).prop_map(|index| Step::Unmap { index }),
        1 => Just(Step::Reload),
    ];
    prop::collection::vec(step, 1..if cfg!(miri) { 20 } else { 200 })
}

/// What the memory should be: byte arrays, and one lookup per byte.
struct Model {
    blocks: Vec<Vec<u8>>,
    /// Start, size, block, offset, ROM.
    mappings: Vec<(u64, u64, usize, u64, bool)>,
    code: BTreeSet<(usize, u64)>,
    stale: BTreeSet<(usize, u64)>,
}

impl Model {
    fn place(&self, physical: u64) -> Option<(usize, u64, bool)> {
        let inside = |m: &&(u64, u64, usize, u64, bool)| physical >= m.0 && physical - m.0 < m.1;
        self.mappings
            .iter()
            .find(inside)
            .map(|&(start, _, block, offset, rom)| (block, offset + physical - start, rom))
    }

    fn read(&self, physical: u64) -> Option<u8> {
        self.place(physical).map(|(block, offset, _)| self.blocks[block][offset as usize])
    }

    /// Gives whether there was memory.
    fn write(&mut self, physical: u64, byte: u8) -> bool {
        let Some((block, offset, rom)) = self.place(physical) else { return false };
        if !rom {
            self.blocks[block][offset as usize] = byte;
            self.overwritten(block, offset);
        }
        true
    }

    fn overwritten(&mut self, block: usize, offset: u64) {
        let line = (block, offset / LINE_SIZE);
        if self.code.remove(&line) {
            self.stale.insert(line);
        }
    }
}

struct Guest<O: GuestOrder> {
    model: Model,
    blocks: Vec<Arc<RamBlock>>,
    memory: PhysMem,
    tlb: Tlb<O>,
    translation: Vec<u64>,
}

impl<O: GuestOrder> Guest<O> {
    fn new(layout: Layout) -> Self {
        let new = |size: &u64| Arc::new(RamBlock::new(*size, O::ORDER, NodeId(0)).expect("a small block"));
        let blocks: Vec<Arc<RamBlock>> = layout.sizes.iter().map(new).collect();
        let mut model = Model {
            blocks: layout.sizes.iter().map(|size| vec![0; *size as usize]).collect(),
            mappings: Vec::new(),
            code: BTreeSet::new(),
            stale: BTreeSet::new(),
        };
        let mut memory = PhysMem::new(O::ORDER);
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        let mut start = 0;
        for (gap, block, offset, size, rom) in layout.mappings {
            let offset = offset % layout.sizes[block];
            let size = size.clamp(1, layout.sizes[block] - offset);
            start += gap;
            let shared = Arc::clone(&blocks[block]);
            let target = if rom {
                Target::Rom { block: shared, offset }
            } else {
                Target::Ram { block: shared, offset }
            };
            assert_eq!(memory.map(Mapping { start: Physical(start), size, target }), Ok(()));
            model.mappings.push((start, size, block, offset, rom));
            start += size;
        }
        Self { model, blocks, memory, tlb, translation: layout.translation }
    }

    fn physical(&self, linear: u64) -> u64 {
        let page = (linear / PAGE_SIZE % PAGES) as usize;
        self.translation[page] * PAGE_SIZE + linear % PAGE_SIZE
    }

    /// Reads as a vCPU does: by the TLB, then by the slow path, in pieces where pages are crossed.
    fn read<T: Scalar>(&mut self, table: Table, at: u64) -> Option<T> {
        let linear = Linear(at);
        let hit = if table == Table::Fetch {
            self.tlb.fetch::<T>(Privilege::User, linear)
        } else {
            self.tlb.read::<T>(Privilege::User, linear)
        };
        if hit.is_some() {
            return hit;
        }
        let physical = Physical(self.physical(at));
        if at / PAGE_SIZE == (at + T::BYTES - 1) / PAGE_SIZE {
            return self.memory.read_missed(&mut self.tlb, table, Privilege::User, linear, physical).ok();
        }
        let bytes: Option<Vec<u8>> = (at..at + T::BYTES).map(|at| self.read::<u8>(table, at)).collect();
        T::try_from(join::<O>(&bytes?)).ok()
    }

    fn write<T: Scalar>(&mut self, at: u64, value: T) {
        if self.tlb.write(Privilege::User, Linear(at), value).is_some() {
            return;
        }
        if at / PAGE_SIZE == (at + T::BYTES - 1) / PAGE_SIZE {
            let physical = Physical(self.physical(at));
            // Where there is no memory, a vCPU would go to the bus.
            _ = self.memory.write_missed(&mut self.tlb, Privilege::User, Linear(at), physical, value);
            return;
        }
        for (i, byte) in split::<O>(value.into(), T::BYTES).into_iter().enumerate() {
            self.write::<u8>(at + i as u64, byte);
        }
    }

    fn check_read<T: Scalar>(&mut self, table: Table, at: u64) {
        let want: Option<Vec<u8>> =
            (at..at + T::BYTES).map(|at| self.model.read(self.physical(at))).collect();
        let got = self.read::<T>(table, at).map(Into::into);
        assert_eq!(got, want.map(|bytes| join::<O>(&bytes)), "{table:?} of {} bytes at {at:#x}", T::BYTES);
    }

    /// Writes at most up to the first address without memory, as the slow path does within a page.
    fn check_write<T: Scalar>(&mut self, at: u64, value: u64) {
        let bytes = split::<O>(value, T::BYTES);
        let crosses = at / PAGE_SIZE != (at + T::BYTES - 1) / PAGE_SIZE;
        for (i, byte) in bytes.into_iter().enumerate() {
            if !self.model.write(self.physical(at + i as u64), byte) && !crosses {
                break;
            }
        }
        let Ok(value) = T::try_from(value & (u64::MAX >> (64 - 8 * T::BYTES))) else {
            panic!("it was masked")
        };
        self.write(at, value);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Read { table, at, bytes: 1 } => self.check_read::<u8>(table, at),
            Step::Read { table, at, bytes: 2 } => self.check_read::<u16>(table, at),
            Step::Read { table, at, bytes: 4 } => self.check_read::<u32>(table, at),
            Step::Read { table, at, .. } => self.check_read::<u64>(table, at),
            Step::Write { at, bytes: 1, value } => self.check_write::<u8>(at, value),
            Step::Write { at, bytes: 2, value } => self.check_write::<u16>(at, value),
            Step::Write { at, bytes: 4, value } => self.check_write::<u32>(at, value),
            Step::Write { at, value, .. } => self.check_write::<u64>(at, value),
            Step::MasterWrite { at, bytes } => {
                let written =
                    (at..).zip(&bytes).take_while(|&(at, &byte)| self.model.write(at, byte)).count();
                assert_eq!(self.memory.write_bytes(Physical(at), &bytes).is_ok(), written == bytes.len());
            }
            Step::MasterRead { at, length } => {
                let want: Option<Vec<u8>> = (at..at + length as u64).map(|at| self.model.read(at)).collect();
                let mut got = vec![0; length];
                assert_eq!(self.memory.read_bytes(Physical(at), &mut got).ok().map(|()| got), want);
            }
            Step::MarkCode { block, offset, length } => self.mark_code(block, offset, length),
            Step::Honour => self.honour(),
            Step::FlushPage { at } => self.tlb.flush_page(Linear(at)),
            Step::Swap { linear, with } => {
                self.translation.swap(linear, with);
                self.tlb.flush_page(Linear(linear as u64 * PAGE_SIZE));
                self.tlb.flush_page(Linear(with as u64 * PAGE_SIZE));
            }
            Step::Unmap { index } => self.unmap(index),
            Step::Reload => self.reload(),
        }
    }

    /// Marks, and honours at once as a vCPU does before its next trace.
    fn mark_code(&mut self, block: usize, offset: u64, length: u64) {
        self.blocks[block].mark_code(offset, length);
        for at in offset..(offset + length).min(self.blocks[block].size()) {
            self.model.code.insert((block, at / LINE_SIZE));
        }
        self.honour();
    }

    fn honour(&mut self) {
        let number =
            |block: BlockId| self.blocks.iter().position(|known| known.id() == block).expect("a known block");
        let changes = self.tlb.honour();
        let got: BTreeSet<_> = changes.code.iter().map(|line| (number(line.block), line.line)).collect();
        assert_eq!(got, std::mem::take(&mut self.model.stale));
        assert!(!self.tlb.has_notices());
    }

    fn unmap(&mut self, index: usize) {
        if index < self.model.mappings.len() {
            let (start, ..) = self.model.mappings.remove(index);
            assert!(self.memory.unmap(Physical(start)).is_some());
            self.honour();
        }
    }

    /// Saves and restores each block: the content stays, and code that was restored over is stale.
    fn reload(&mut self) {
        for (number, block) in self.blocks.iter().enumerate() {
            let saved = block.save();
            block.write_bytes(0, &[0xEE]);
            block.restore(&saved).expect("just saved");
            let mut bytes = vec![0; block.size() as usize];
            block.read_bytes(0, &mut bytes).expect("it is as large");
            assert_eq!(bytes, self.model.blocks[number]);
        }
        // Which lines a restore writes over follows from the pages ever touched; only their content counts here.
        self.tlb.honour();
        self.model.stale.clear();
        let blocks = &self.blocks;
        self.model.code.retain(|&(block, line)| {
            let (first, mut found) = (line * LINE_SIZE, false);
            for byte in first..(first + LINE_SIZE).min(blocks[block].size()) {
                found |= blocks[block].line_has_code(byte);
            }
            found
        });
    }

    fn check_marks(&self) {
        for (number, block) in self.blocks.iter().enumerate() {
            for page in (0..block.size()).step_by(PAGE_SIZE as usize) {
                let lines = (number, page / LINE_SIZE)..(number, (page + PAGE_SIZE) / LINE_SIZE);
                assert_eq!(block.page_has_code(page), self.model.code.range(lines).next().is_some());
            }
        }
    }
}

fn join<O: GuestOrder>(bytes: &[u8]) -> u64 {
    let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    match O::ORDER {
        ByteOrder::Big => bytes.iter().fold(0, append),
        ByteOrder::Little => bytes.iter().rev().fold(0, append),
    }
}

fn split<O: GuestOrder>(value: u64, bytes: u64) -> Vec<u8> {
    match O::ORDER {
        ByteOrder::Big => value.to_be_bytes()[8 - bytes as usize..].to_vec(),
        ByteOrder::Little => value.to_le_bytes()[..bytes as usize].to_vec(),
    }
}

fn run<O: GuestOrder>(layout: Layout, steps: Vec<Step>) {
    let mut guest = Guest::<O>::new(layout);
    guest.honour();
    for step in steps {
        guest.step(step);
        guest.check_marks();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 150 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_little_guest_sees_plain_bytes(layout in layouts(), steps in steps()) {
        run::<LittleGuest>(layout, steps);
    }

    #[test]
    fn a_big_guest_sees_plain_bytes(layout in layouts(), steps in steps()) {
        run::<BigGuest>(layout, steps);
    }
}

fn block(size: u64) -> Arc<RamBlock> {
    Arc::new(RamBlock::new(size, ByteOrder::Little, NodeId(0)).expect("a small block"))
}

const ROOT: Privilege = Privilege::Supervisor;

#[test]
fn the_map_refuses_what_makes_no_sense() {
    let ram = block(0x2000);
    let mut memory = PhysMem::new(ByteOrder::Little);
    assert_eq!(memory.map(Mapping::ram(0x1000, &ram)), Ok(()));
    let overlap = |start| Err(MapError::Overlap { start: Physical(start), other: Physical(0x1000) });
    let target = Target::Ram { block: Arc::clone(&ram), offset: 0x1001 };
    let cases = [
        (Mapping::ram(0x1000, &ram), overlap(0x1000)),
        (Mapping::mmio(0x2FFF, 1, MmioId(0)), overlap(0x2FFF)),
        (Mapping::mmio(0, 0x1001, MmioId(0)), overlap(0)),
        (Mapping::mmio(0, 0x9000, MmioId(0)), overlap(0)),
        (Mapping::mmio(5, 0, MmioId(0)), Err(MapError::Empty(Physical(5)))),
        (
            Mapping::mmio(u64::MAX, 2, MmioId(0)),
            Err(MapError::TooLong { start: Physical(u64::MAX), size: 2 }),
        ),
        (
            Mapping { start: Physical(0), size: 0x1000, target },
            Err(MapError::BlockTooSmall { start: Physical(0), needed: 0x2001, size: 0x2000 }),
        ),
        (Mapping::mmio(0, 0x1000, MmioId(0)), Ok(())),
        (Mapping::mmio(0x3000, 1, MmioId(0)), Ok(())),
        (Mapping::mmio(u64::MAX, 1, MmioId(0)), Ok(())),
    ];
    for (mapping, want) in cases {
        assert_eq!(memory.map(mapping.clone()), want, "{mapping:?}");
    }
    let big = Arc::new(RamBlock::new(1, ByteOrder::Big, NodeId(0)).expect("a byte"));
    assert_eq!(memory.map(Mapping::ram(0x9000, &big)), Err(MapError::Order(Physical(0x9000))));
}

#[test]
fn devices_and_holes_are_named() {
    let mut memory = PhysMem::new(ByteOrder::Little);
    memory.map(Mapping::ram(0, &block(0x1000))).expect("free");
    memory.map(Mapping::mmio(0xB8000, 0x4000, MmioId(7))).expect("free");
    let hole = Err(Unmapped { at: Physical(0x1000), region: None });
    assert_eq!(memory.read::<u8>(Physical(0x1000)), hole);
    assert_eq!(memory.read::<u16>(Physical(0xFFF)), Err(Unmapped { at: Physical(0x1000), region: None }));
    let device = Err(Unmapped { at: Physical(0xB8002), region: Some((MmioId(7), 2)) });
    assert_eq!(memory.write(Physical(0xB8002), 0u8), device);
    assert!(matches!(memory.lookup(Physical(0x1000)), Place::Hole { left: 0xB7000 }));
    assert_eq!(memory.peek(Physical(0xB8000)), None);
}

#[test]
fn rom_is_read_and_fetched_and_never_written() {
    let rom = block(PAGE_SIZE);
    let mut memory = PhysMem::new(ByteOrder::Little);
    memory.map(Mapping::rom(0xFF000, &rom)).expect("free");
    memory.poke_bytes(Physical(0xFF000), &[1, 2, 3]).expect("ROM can be loaded");
    let mut tlb = Tlb::<LittleGuest>::new();
    let at = Linear(0xFF000);
    for table in [Table::Read, Table::Fetch] {
        assert_eq!(memory.read_missed(&mut tlb, table, ROOT, at, Physical(at.0)), Ok(0x0201u16));
    }
    assert_eq!(tlb.read(ROOT, at), Some(1u8));
    assert_eq!(tlb.fetch(ROOT, Linear(0xFF002)), Some(3u8));
    assert_eq!(tlb.read::<u8>(Privilege::User, at), None, "the user has a table of his own");
    assert_eq!(memory.write_missed(&mut tlb, ROOT, at, Physical(at.0), 9u8), Ok(()));
    assert_eq!(tlb.write(ROOT, at, 9u8), None);
    assert_eq!(memory.peek(Physical(0xFF000)), Some(1));
}

#[test]
fn misses_are_counted_by_cause() {
    let ram = block(2 * PAGE_SIZE + 5);
    let mut memory = PhysMem::new(ByteOrder::Little);
    memory.map(Mapping::ram(0, &ram)).expect("free");
    let mut tlb = Tlb::<LittleGuest>::new();
    memory.attach(tlb.mailbox());
    let write = |tlb: &mut Tlb, at: u64| {
        if tlb.write(ROOT, Linear(at), 0x55AAu16).is_none() {
            assert_eq!(memory.write_missed(tlb, ROOT, Linear(at), Physical(at), 0x55AAu16), Ok(()));
        }
    };
    for at in [0, 8, 0xFFF, 0x2000] {
        write(&mut tlb, at);
    }
    ram.mark_code(0x40, 1);
    tlb.honour();
    write(&mut tlb, 0);
    write(&mut tlb, 0x40);
    assert_eq!(tlb.honour().code.as_slice(), [CodeLine { block: ram.id(), line: 2 }]);
    write(&mut tlb, 0x40);
    write(&mut tlb, 0x42);
    // The first store where there is no code any more is still seen.
    let want = TableCounters { fills: 2, crossings: 1, guarded: 3, unmapped: 1 };
    assert_eq!(tlb.counters().write, want);
    assert_eq!((want.misses(), want.hit_rate(8)), (7, 0.125));
}

#[test]
fn dirty_pages_are_told_once_and_again_after_new_writes() {
    let ram = block(4 * PAGE_SIZE);
    let mut tlb = Tlb::<LittleGuest>::new();
    ram.attach(tlb.mailbox());
    assert_eq!(ram.take_dirty(), []);
    assert!(tlb.fill(Table::Write, ROOT, Linear(0), Physical(PAGE_SIZE), &ram, PAGE_SIZE));
    tlb.write(ROOT, Linear(0), 1u8);
    ram.write(3 * PAGE_SIZE - 1, 1u16);
    assert_eq!(ram.take_dirty(), [PAGE_SIZE, 2 * PAGE_SIZE, 3 * PAGE_SIZE]);
    assert_eq!(ram.take_dirty(), []);
    tlb.honour();
    assert_eq!(tlb.write(ROOT, Linear(0), 1u8), None, "the next store must be seen");
}

#[test]
fn tables_of_the_paging_unit_are_known_by_page_until_the_map_changes() {
    let ram = block(0x100 * PAGE_SIZE);
    let mut tlb = Tlb::<LittleGuest>::new();
    let page = |number: u64| Physical(number * PAGE_SIZE);
    for number in 0..0x100 {
        ram.write(number * PAGE_SIZE + 8, number);
        assert_eq!(tlb.read_table::<u64>(page(number)), None);
        tlb.fill_table(page(number), &ram, number * PAGE_SIZE);
        assert_eq!(tlb.read_table::<u64>(Physical(page(number).0 + 8)), Some(number));
        tlb.flush();
        assert_eq!(tlb.read_table::<u64>(Physical(page(number).0 + 8)), Some(number), "no address changed");
    }
    tlb.mailbox().post_remap();
    tlb.honour();
    assert!((0..0x100).all(|number| tlb.read_table::<u64>(page(number)).is_none()));
}

#[test]
fn where_a_page_lies_that_no_entry_can_serve_is_found_once() {
    let memory = PhysMem::new(ByteOrder::Little);
    let mut tlb = Tlb::<LittleGuest>::new();
    let (at, physical) = (Linear(0x5123), Physical(0xB_8123));
    assert!(memory.read_missed::<u8, _>(&mut tlb, Table::Read, ROOT, at, physical).is_err());
    assert_eq!(tlb.physical(Table::Read, ROOT, at, 1), Some(physical));
    assert_eq!(tlb.read::<u8>(ROOT, at), None);
}

#[test]
fn only_a_page_that_code_was_fetched_from_moves_code() {
    let ram = block(2 * PAGE_SIZE);
    let mut tlb = Tlb::<LittleGuest>::new();
    assert!(tlb.fill(Table::Read, ROOT, Linear(0), Physical(0), &ram, 0));
    assert!(tlb.fill(Table::Fetch, ROOT, Linear(PAGE_SIZE), Physical(PAGE_SIZE), &ram, PAGE_SIZE));
    let before = tlb.generation();
    tlb.flush_page(Linear(0));
    assert_eq!((tlb.generation(), tlb.read::<u8>(ROOT, Linear(0))), (before, None));
    // Its entry may have given way to that of another page.
    let far = Linear((TLB_ENTRIES as u64 + 1) * PAGE_SIZE);
    assert!(tlb.fill(Table::Fetch, ROOT, far, Physical(0), &ram, 0));
    tlb.flush_page(Linear(PAGE_SIZE));
    assert_ne!(tlb.generation(), before);
}

#[test]
fn a_block_outlives_everyone_but_the_tlb() {
    let mut tlb = Tlb::<LittleGuest>::new();
    let ram = block(PAGE_SIZE);
    ram.write(4, 0x1234u16);
    assert!(tlb.fill(Table::Read, ROOT, Linear(0x5000), Physical(0), &ram, 0));
    let weak = Arc::downgrade(&ram);
    drop(ram);
    assert_eq!(tlb.read(ROOT, Linear(0x5004)), Some(0x1234u16));
    tlb.mailbox().post_remap();
    tlb.honour();
    assert!(weak.upgrade().is_none());
}

#[test]
fn the_ends_of_the_address_space_are_no_neighbours() {
    let ram = block(2 * PAGE_SIZE);
    let mut tlb = Tlb::<LittleGuest>::new();
    let top = u64::MAX - (PAGE_SIZE - 1);
    assert!(tlb.fill(Table::Read, ROOT, Linear(top), Physical(0), &ram, 0));
    assert!(tlb.fill(Table::Read, ROOT, Linear(0), Physical(PAGE_SIZE), &ram, PAGE_SIZE));
    assert_eq!(tlb.read(ROOT, Linear(u64::MAX)), Some(0u8));
    assert_eq!(tlb.read::<u16>(ROOT, Linear(u64::MAX)), None);
    assert_eq!(tlb.read::<u64>(ROOT, Linear(u64::MAX - 6)), None);
    assert_eq!(tlb.read::<u64>(ROOT, Linear(u64::MAX - 7)), Some(0));
}

#[test]
fn a_damaged_or_foreign_snapshot_changes_nothing() {
    let ram = block(PAGE_SIZE + 10);
    ram.write(PAGE_SIZE + 8, 7u16);
    let saved = ram.save();
    assert!(saved.body.len() < 40, "only the short page with content is written down");
    let mut cut = saved.clone();
    cut.body.pop();
    assert!(matches!(ram.restore(&cut), Err(crate::snapshot::RestoreError::Damaged(_))));
    assert!(matches!(block(5).restore(&saved), Err(crate::snapshot::RestoreError::Foreign(_))));
    assert_eq!(ram.read(PAGE_SIZE + 8), Some(7u16));
    let other = block(PAGE_SIZE + 10);
    assert_eq!(other.restore(&saved), Ok(()));
    assert_eq!(other.read(PAGE_SIZE + 8), Some(7u16));
}

/// One vCPU of a race: does `round` again and again, with the block's first page mapped where that is allowed.
fn race(ram: &Arc<RamBlock>, stop: &AtomicBool, mut round: impl FnMut(&mut Tlb, u32)) {
    let mut tlb = Tlb::<LittleGuest>::new();
    ram.attach(tlb.mailbox());
    let mut i = 0;
    while !stop.load(Ordering::Relaxed) {
        tlb.honour();
        tlb.fill(Table::Read, ROOT, Linear(0), Physical(0), ram, 0);
        tlb.fill(Table::Write, ROOT, Linear(0), Physical(0), ram, 0);
        round(&mut tlb, i);
        i = i.wrapping_add(1);
    }
}

/// Writers store words whose bytes are all equal, at an aligned address; a reader must never see a torn one. Meanwhile
/// the main thread marks code and stores on it, and each of its stores must be told.
#[test]
fn vcpus_race_on_one_block() {
    let rounds: u32 = if cfg!(miri) { 3 } else { 20_000 };
    let ram = block(2 * PAGE_SIZE);
    let stop = AtomicBool::new(false);
    let spread = |byte: u32| (byte & 0xFF) * 0x0101_0101;
    std::thread::scope(|scope| {
        let (ram, stop) = (&ram, &stop);
        for factor in [1, 3] {
            scope.spawn(move || {
                let value = |i: u32| spread(i.wrapping_mul(factor));
                race(ram, stop, |tlb, i| _ = tlb.write(ROOT, Linear(64), value(i)));
            });
        }
        scope.spawn(|| {
            race(ram, stop, |tlb, _| {
                let seen = tlb.read::<u32>(ROOT, Linear(64)).expect("nobody takes the page away");
                assert_eq!(seen, spread(seen), "a torn word");
            });
        });
        let mut watcher = Tlb::<LittleGuest>::new();
        ram.attach(watcher.mailbox());
        for i in 0..rounds {
            ram.mark_code(PAGE_SIZE, 1);
            ram.write(PAGE_SIZE, i as u8);
            let told = watcher.honour().code;
            assert_eq!(told.as_slice(), [CodeLine { block: ram.id(), line: PAGE_SIZE / LINE_SIZE }]);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// A vCPU that finds no entry stores on the slow path while another marks and reads: whoever marks after the store sees
/// the new byte, or is told.
#[test]
fn a_store_is_seen_or_told() {
    let rounds: u32 = if cfg!(miri) { 10 } else { 500 };
    let ram = block(PAGE_SIZE);
    let mut watcher = Tlb::<LittleGuest>::new();
    ram.attach(watcher.mailbox());
    for round in 1..=rounds {
        let value = (round & 0xFF) as u8;
        let start = std::sync::Barrier::new(2);
        let seen = std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                ram.write(0, value);
            });
            start.wait();
            ram.mark_code(0, 1);
            ram.read(0) == Some(value)
        });
        let told = !watcher.honour().code.is_empty();
        assert!(seen || told);
        ram.write(0, 0u8);
        watcher.honour();
    }
}
