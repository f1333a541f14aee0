//! A board of toy devices: order, wired-OR lines, DMA, what happens to a circle, and coming back from a snapshot.

use super::builder::{BoardBuilder, BuildError};
use super::device::{
    BusAccess, Cx, Device, DmaCycle, DmaDirection, LineId, NoAnswer, PinId, RegionId, ResetKind,
};
use super::domain::{CpuPin, Domain, PhysBus};
use crate::addr::{Port, Width};
use crate::hal::Hal;
use crate::snapshot::{RestoreError, SavedState};
use crate::time::{EventTag, Tick};
use std::sync::{Arc, Mutex};

/// Drives line 0 as written, counts edges on its pins, and beeps after a written number of ticks.
#[derive(Default)]
struct Toy {
    pins_seen: Vec<(u8, bool)>,
    events: Vec<Tick>,
    ring: bool,
    dma_bytes: Vec<Option<u8>>,
}

const OUT: LineId = LineId(0);
const IN: PinId = PinId(3);

impl Device for Toy {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        cx.stall(7);
        if at.offset == 3 { Err(NoAnswer) } else { Ok(self.pins_seen.len() as u64) }
    }
    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        match at.offset {
            0 => cx.set_line(OUT, value & 1 != 0),
            1 => cx.arm(EventTag(1), cx.now + value),
            2 => cx.emit(value as u8),
            _ => {
                let direction = if value & 1 == 0 { DmaDirection::Read } else { DmaDirection::Write };
                cx.dma(DmaCycle { channel: 2, address: 5, direction, terminal_count: true });
            }
        }
        Ok(())
    }
    fn on_event(&mut self, _tag: EventTag, due: Tick, _cx: &mut Cx<'_>) {
        self.events.push(due);
    }
    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        self.pins_seen.push((pin.0, level));
        if self.ring {
            cx.set_line(OUT, !level);
        }
    }
    fn dma_read(&mut self, _terminal_count: bool, _cx: &mut Cx<'_>) -> u8 {
        0x5A
    }
    fn dma_write(&mut self, data: Option<u8>, _terminal_count: bool, _cx: &mut Cx<'_>) {
        self.dma_bytes.push(data);
    }
    fn reset(&mut self, _kind: ResetKind, _cx: &mut Cx<'_>) {
        *self = Self::default();
    }
    fn save(&self) -> SavedState {
        let Self { pins_seen, events, ring, dma_bytes } = self;
        SavedState::new(1, &(pins_seen, events, ring, dma_bytes))
    }
    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.pins_seen, self.events, self.ring, self.dma_bytes) = saved.read(1)?;
        Ok(())
    }
}

/// Two toys whose lines both lead to the third one's pin and to INTR.
fn board() -> Domain {
    let mut board = BoardBuilder::new(10);
    let [a, b, c] = ["a", "b", "c"].map(|name| board.add(name, Toy::default()));
    board.io(0x10..=0x13, a, RegionId(0)).io(0x20..=0x23, b, RegionId(0)).io(0x30..=0x33, c, RegionId(0));
    for device in [a, b] {
        board.wire((device, OUT), (c, IN)).wire_to_cpu((device, OUT), CpuPin::Interrupt);
    }
    board.dma_channel(a, 2, c).memory(0xB0..=0xBF, a, RegionId(0));
    board.build(Hal::default()).unwrap()
}

fn seen(domain: &Domain, name: &str) -> Vec<(u8, bool)> {
    domain.get::<Toy>(domain.find(name).unwrap()).unwrap().pins_seen.clone()
}

fn write(domain: &mut Domain, port: u16, value: u64, at: u64) {
    domain.write_port(Port(port), Width::Byte, value, Tick(at));
}

#[test]
fn lines_on_one_net_are_ored() {
    let mut domain = board();
    write(&mut domain, 0x10, 1, 1);
    write(&mut domain, 0x20, 1, 2);
    write(&mut domain, 0x10, 0, 3);
    assert_eq!(seen(&domain, "c"), [(3, true)]);
    assert!(domain.pins.interrupt);
    write(&mut domain, 0x20, 0, 4);
    assert_eq!(seen(&domain, "c"), [(3, true), (3, false)]);
    assert!(!domain.pins.interrupt);
}

#[test]
fn accesses_see_what_was_due_before_and_open_bus_where_nobody_is() {
    let mut domain = board();
    write(&mut domain, 0x11, 10, 100);
    domain.read_port(Port(0x410), Width::Byte, Tick(109));
    assert_eq!(domain.next_due(), Tick(110));
    let answer = domain.read_port(Port(0x10), Width::Word, Tick(110));
    assert_eq!((answer.data, answer.stall), (Some(0), 14));
    assert_eq!(domain.get::<Toy>(domain.find("a").unwrap()).unwrap().events, [Tick(110)]);
    assert_eq!(domain.read_port(Port(0x13), Width::Byte, Tick(111)).data, None);
    assert_eq!(domain.read_port(Port(0x13), Width::Word, Tick(111)).data, None);
    assert_eq!(domain.read_port(Port(0x0F), Width::Word, Tick(111)).data, Some(0x00FF));
    assert_eq!(domain.read_memory(0xBF, Width::Byte, Tick(112)).data, Some(0));
}

#[test]
fn a_board_wired_in_a_circle_comes_to_an_end() {
    let mut board = BoardBuilder::new(10);
    let toy = board.add("ring", Toy { ring: true, ..Toy::default() });
    board.io(0..=3, toy, RegionId(0)).wire((toy, OUT), (toy, IN));
    let mut domain = board.build(Hal::default()).unwrap();
    write(&mut domain, 0, 1, 1);
    assert!(seen(&domain, "ring").len() > 100);
}

struct Ram(Arc<Mutex<[u8; 16]>>);

impl PhysBus for Ram {
    fn read(&self, address: u32) -> u8 {
        self.0.lock().unwrap()[address as usize]
    }
    fn write(&self, address: u32, byte: u8) {
        self.0.lock().unwrap()[address as usize] = byte;
    }
}

#[test]
fn dma_moves_bytes_between_memory_and_the_wired_device() {
    let mut domain = board();
    let ram = Arc::new(Mutex::new([0x77; 16]));
    domain.connect_memory(Box::new(Ram(Arc::clone(&ram))));
    write(&mut domain, 0x13, 0, 1);
    write(&mut domain, 0x13, 1, 2);
    assert_eq!(domain.get::<Toy>(domain.find("c").unwrap()).unwrap().dma_bytes, [Some(0x77)]);
    assert_eq!(ram.lock().unwrap()[5], 0x5A);
}

#[test]
fn a_restored_board_goes_on_as_the_saved_one() {
    let mut domain = board();
    write(&mut domain, 0x10, 1, 1);
    write(&mut domain, 0x21, 50, 2);
    write(&mut domain, 0x11, 50, 2);
    let saved = domain.save();
    let mut other = board();
    other.restore(&saved).unwrap();
    assert_eq!(other.save(), saved);
    for domain in [&mut domain, &mut other] {
        write(domain, 0x20, 1, 60);
        write(domain, 0x10, 0, 61);
    }
    assert_eq!(other.save(), domain.save());

    let mut foreign = BoardBuilder::new(10);
    foreign.add("x", Toy::default());
    let mut foreign = foreign.build(Hal::default()).unwrap();
    assert!(matches!(foreign.restore(&saved), Err(RestoreError::Foreign(_))));
}

#[test]
fn two_devices_at_one_port_are_refused_by_name() {
    let mut board = BoardBuilder::new(10);
    let [a, b] = ["first", "second"].map(|name| board.add(name, Toy::default()));
    board.io(0..=7, a, RegionId(0)).io(4..=9, b, RegionId(0));
    let error = board.build(Hal::default()).err().unwrap();
    assert_eq!(
        error,
        BuildError::Overlap { space: "I/O", address: 4, first: "first".into(), second: "second".into() }
    );
}
