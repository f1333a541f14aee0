//! What a processor with a TLB reaches through a machine's bus: values of any width, in memory, in devices, where the two
//! meet, and at ports.

use emu_core::addr::{Linear, Physical, Width};
use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, RegionId, ResetKind};
use emu_core::board::domain::CpuPin;
use emu_core::cpu::bus::{BusStatus, CpuBus, MemoryBus, PageAccess};
use emu_core::hal::Hal;
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::mem::{ByteOrder, Mapping, NodeId, PhysMem, Privilege, RamBlock, Scalar, Table};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, Cycle};
use proptest::prelude::*;
use std::sync::Arc;

/// A20M# as bit 0 of a port, RESET as bit 1.
struct Gate;

const GATE_PORT: u32 = 0x92;

impl Device for Gate {
    fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        cx.set_line(LineId(0), value & 1 != 0);
        cx.set_line(LineId(1), value & 2 != 0);
        Ok(())
    }
    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {}
    fn save(&self) -> SavedState {
        SavedState::new(1, &())
    }
    fn restore(&mut self, _saved: &SavedState) -> Result<(), RestoreError> {
        Ok(())
    }
}

/// 64 bytes that can be read and written.
struct Cells([u8; 64]);

impl Device for Cells {
    fn read(&mut self, at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(u64::from(self.0[at.offset as usize]))
    }
    fn write(&mut self, at: BusAccess, value: u64, _cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.0[at.offset as usize] = value as u8;
        Ok(())
    }
    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {}
    fn save(&self) -> SavedState {
        SavedState::new(1, &self.0.to_vec())
    }
    fn restore(&mut self, _saved: &SavedState) -> Result<(), RestoreError> {
        Ok(())
    }
}

const RAM_END: u64 = 0x2010;
/// Between RAM and the device.
const DEVICE: u64 = 0x2020;
const DEVICE_END: u64 = DEVICE + 64;
/// Directly behind the device.
const ROM_END: u64 = DEVICE_END + 64;
const WAITS: BusTiming = BusTiming { memory_waits: 1, io_waits: 3 };

/// RAM up to 2010h, a device at 2020h and at port 100h, ROM of ones and twos behind it.
fn bus() -> SystemBus {
    let mut board = BoardBuilder::new(16);
    let cells = board.add("cells", Cells(std::array::from_fn(|at| at as u8)));
    board.memory(DEVICE as u32..=DEVICE_END as u32 - 1, cells, RegionId(0));
    board.io(0x100..=0x13F, cells, RegionId(0));
    let gate = board.add("gate", Gate);
    board.io(GATE_PORT as u16..=GATE_PORT as u16, gate, RegionId(0));
    board.wire_to_cpu((gate, LineId(0)), CpuPin::MaskA20).wire_to_cpu((gate, LineId(1)), CpuPin::Reset);
    let mut memory = PhysMem::new(ByteOrder::Little);
    let ram = Arc::new(RamBlock::new(RAM_END, ByteOrder::Little, NodeId(0)).unwrap());
    memory.map(Mapping::ram(0, &ram)).unwrap();
    let rom = Arc::new(RamBlock::new(ROM_END - DEVICE_END, ByteOrder::Little, NodeId(0)).unwrap());
    rom.write_bytes(0, &[1, 2].repeat(32)).unwrap();
    memory.map(Mapping::rom(DEVICE_END, &rom)).unwrap();
    SystemBus::new(board.build(Hal::default()).unwrap(), memory, Clock::divided_by(1), WAITS)
}

fn at(address: u64) -> PageAccess {
    PageAccess { linear: Linear(address), physical: Physical(address), at: Cycle(0) }
}

fn read<T: Scalar>(bus: &mut SystemBus, address: u64) -> u64 {
    let hit = bus.tlb().read::<T>(Privilege::Supervisor, Linear(address));
    hit.unwrap_or_else(|| bus.read_missed(Table::Read, Privilege::Supervisor, at(address)).0).into()
}

fn write<T: Scalar>(bus: &mut SystemBus, address: u64, value: u64) {
    let Ok(value) = T::try_from(value & Width::of::<T>().mask()) else { unreachable!("it was masked") };
    if bus.tlb().write(Privilege::Supervisor, Linear(address), value).is_none() {
        bus.write_missed(Privilege::Supervisor, at(address), value);
    }
}

fn read_as(bus: &mut SystemBus, width: Width, address: u64) -> u64 {
    match width {
        Width::Byte => read::<u8>(bus, address),
        Width::Word => read::<u16>(bus, address),
        Width::Dword => read::<u32>(bus, address),
        Width::Qword => read::<u64>(bus, address),
    }
}

fn write_as(bus: &mut SystemBus, width: Width, address: u64, value: u64) {
    match width {
        Width::Byte => write::<u8>(bus, address, value),
        Width::Word => write::<u16>(bus, address, value),
        Width::Dword => write::<u32>(bus, address, value),
        Width::Qword => write::<u64>(bus, address, value),
    }
}

fn width() -> impl Strategy<Value = Width> {
    prop::sample::select(vec![Width::Byte, Width::Word, Width::Dword, Width::Qword])
}

proptest! {
    /// Byte by byte is what every width must agree with.
    #[test]
    fn every_width_reads_and_writes_as_its_bytes(
        steps in prop::collection::vec((0x1FF0_u64..ROM_END, width(), any::<u64>(), any::<bool>()), 1..60),
    ) {
        let (mut wide, mut narrow) = (bus(), bus());
        for (address, width, value, writes) in steps {
            // Engines split what crosses a page.
            if (address % 0x1000) + width.bytes() > 0x1000 {
                continue;
            }
            let bytes = (0..width.bytes()).map(|i| address + i).zip((0..).step_by(8));
            if writes {
                write_as(&mut wide, width, address, value);
                bytes.for_each(|(at, shift)| write::<u8>(&mut narrow, at, value >> shift));
            } else {
                let want = bytes.map(|(at, shift)| read::<u8>(&mut narrow, at) << shift).sum::<u64>();
                prop_assert_eq!(read_as(&mut wide, width, address), want, "{:#x}", address);
            }
        }
    }

    #[test]
    fn ports_split_into_bytes(port in 0xF8_u32..0x148, value: u32) {
        let mut bus = bus();
        for width in [Width::Dword, Width::Word, Width::Byte] {
            let value = u64::from(value) & width.mask();
            prop_assert_eq!(bus.write(BusStatus::IoWrite, port, width, value, Cycle(0)), WAITS.io_waits);
            let want = (0..width.bytes()).fold(0, |all, i| {
                let claimed = (0x100..0x140).contains(&(port + i as u32));
                all | (if claimed { value >> (8 * i) & 0xFF } else { 0xFF }) << (8 * i)
            });
            prop_assert_eq!(bus.read(BusStatus::IoRead, port, width, Cycle(0)).data, want);
        }
    }
}

#[test]
fn memory_and_devices_charge_the_boards_wait_states() {
    let mut bus = bus();
    for address in [0x100, DEVICE, 0x2018, RAM_END - 4, ROM_END - 8] {
        let (_, waits) = bus.read_missed::<u64>(Table::Read, Privilege::Supervisor, at(address));
        assert_eq!(waits, WAITS.memory_waits, "{address:#x}");
    }
}

#[test]
fn an_address_above_the_bus_is_open() {
    let mut bus = bus();
    let far = (1 << 32) + DEVICE;
    assert_eq!(read::<u32>(&mut bus, far), 0xFFFF_FFFF);
    write::<u64>(&mut bus, far, 0);
    assert_eq!(read::<u64>(&mut bus, DEVICE), 0x0706_0504_0302_0100);
}

#[test]
fn code_that_is_written_over_is_told() {
    let mut bus = bus();
    write::<u32>(&mut bus, 0x1000, 1);
    let emu_core::mem::Place::Ram { block, offset, .. } = bus.place(Physical(0x1000)) else { panic!("RAM") };
    let (block, offset) = (Arc::clone(block), offset);
    block.mark_code(offset, 16);
    assert!(bus.take_changes().code.is_empty());
    write::<u32>(&mut bus, 0x1010, 2);
    assert_eq!(bus.take_changes().code.len(), 1, "the line of 32 bytes has code");
    write::<u32>(&mut bus, 0x1020, 3);
    assert_eq!(bus.take_changes(), emu_core::mem::Changes::default());
}

/// Writes the gate's port.
fn gate(bus: &mut SystemBus, value: u64) {
    bus.write(BusStatus::IoWrite, GATE_PORT, Width::Byte, value, Cycle(0));
}

#[test]
fn the_a20_gate_folds_every_other_megabyte_at_once() {
    const MB: u64 = 1 << 20;
    let mut bus = bus();
    write::<u32>(&mut bus, 0x1000, 0x1111_1111);
    assert_eq!(read::<u32>(&mut bus, MB + 0x1000), 0xFFFF_FFFF);
    assert_eq!(bus.take_changes(), emu_core::mem::Changes::default());
    gate(&mut bus, 1);
    assert!(bus.take_changes().everything, "what was decoded behind the gate is void");
    assert_eq!(read::<u32>(&mut bus, MB + 0x1000), 0x1111_1111);
    assert_eq!(read::<u32>(&mut bus, 3 * MB + 0x1000), 0xFFFF_FFFF, "line 21 is let through");
    write::<u16>(&mut bus, MB + DEVICE, 0xABCD);
    assert_eq!(bus.peek(Physical(MB + DEVICE)), 0xFF, "the device has nothing to peek at");
    assert!(matches!(bus.place(Physical(MB + 0x1000)), emu_core::mem::Place::Ram { offset: 0x1000, .. }));
    gate(&mut bus, 0);
    assert_eq!(read::<u32>(&mut bus, MB + 0x1000), 0xFFFF_FFFF);
    assert_eq!(read::<u16>(&mut bus, DEVICE), 0xABCD);
    gate(&mut bus, 0);
    assert!(bus.take_changes().everything);
    gate(&mut bus, 0);
    assert!(!bus.take_changes().everything, "only a move counts");
}

#[test]
fn a_reset_ends_the_run_once() {
    let mut bus = bus();
    assert!(!bus.exit_requested());
    gate(&mut bus, 2);
    gate(&mut bus, 0);
    assert!(bus.exit_requested(), "the edge is kept");
}

#[test]
fn a_table_of_the_paging_unit_ends_where_its_memory_does() {
    let mut memory = PhysMem::new(ByteOrder::Little);
    let ram = Arc::new(RamBlock::new(0x2000, ByteOrder::Little, NodeId(0)).unwrap());
    // The block goes on behind what is mapped of it.
    memory.map(Mapping { size: 0x1010, ..Mapping::ram(0, &ram) }).unwrap();
    let board = BoardBuilder::new(16).build(Hal::default()).unwrap();
    let mut bus = SystemBus::new(board, memory, Clock::divided_by(1), WAITS);
    for (at, value) in [(0xFFC, 0), (0x100C, 0), (0x1010, u32::MAX), (0x1FFC, u32::MAX)] {
        assert_eq!(bus.read_table::<u32>(Physical(at)), value, "{at:x}");
    }
    assert_eq!(bus.exchange_missed(Privilege::User, at(0x100C), 0_u32, 1), Some(Ok(())));
    assert_eq!(bus.tlb().write(Privilege::User, Linear(0x1010), 1_u32), None);
}
