//! A domain: the devices of a board with one event queue, carrying out what they ask for.
//!
//! Order is everything here. An access first lets all events happen that are due by then, then calls the device,
//! then carries out its effects in the order in which they were asked for, and those that follow from them, until
//! nothing is left. So a line's level has reached every receiver before the access completes.

use super::address_map::{AddressMap, Target};
use super::device::{
    BusAccess, Cx, Device, DeviceId, DmaCycle, DmaDirection, Effect, Effects, LineId, NoAnswer, PinId,
    ResetKind,
};
use super::external::External;
use super::wires::{Sink, WireList, Wires};
use crate::addr::{Port, Width};
use crate::hal::Hal;
use crate::snapshot::{RestoreError, SavedState};
use crate::time::{EventQueue, EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// How many effects one access may lead to. A board that rings for longer is wired in a circle; the rest is dropped.
const MAX_EFFECTS: usize = 10_000;

/// A data bus that nobody drives.
const FLOATING: u8 = 0xFF;

/// Bytes kept for a device whose output nobody collects.
const MAX_EMITTED: usize = 1 << 20;

/// A pin of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuPin {
    /// INTR, a level.
    Interrupt,
    /// NMI, a rising edge.
    NonMaskableInterrupt,
    /// HOLD, a level, of this bus master.
    Hold(DeviceId),
    /// A20M#, a level: while it is asserted, address line 20 stays low (i486 data sheet 240440, "A20M#"). What came
    /// before the i486 has the gate on the board.
    MaskA20,
    /// RESET of the processor alone, a rising edge.
    Reset,
}

/// A device on the board.
pub(super) struct Slot {
    pub(super) name: String,
    device: Box<dyn Device>,
}

impl Slot {
    pub(super) fn new(name: &str, device: Box<dyn Device>) -> Self {
        Self { name: name.to_owned(), device }
    }
}

/// What the processor's pins see of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuPins {
    pub interrupt: bool,
    /// A rising edge of NMI that the processor has not taken yet.
    pub nmi_edge: bool,
    pub hold: bool,
    /// Address line 20 stays low.
    pub a20_masked: bool,
    /// A rising edge of RESET that the machine has not served yet.
    pub reset_edge: bool,
    /// A device asked for the machine's attention ([`Cx::request_exit`]).
    pub exit: bool,
    /// A device has switched the machine off ([`Cx::switch_off`]).
    pub switched_off: bool,
}

/// Memory, as bus masters reach it.
pub trait PhysBus: Send {
    fn read(&self, address: u32) -> u8;
    fn write(&self, address: u32, byte: u8);
}

/// What an access gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `None` when nothing drives the bus.
    pub data: Option<u64>,
    /// Ticks by which the device held the access back.
    pub stall: u64,
}

pub(super) struct Parts {
    pub slots: Vec<Slot>,
    pub ports: AddressMap,
    pub memory: AddressMap,
    pub wires: WireList,
    pub dma_peers: Vec<((DeviceId, u8), DeviceId)>,
    pub interrupt_controllers: Vec<DeviceId>,
    pub coprocessor_error: Option<(DeviceId, PinId)>,
    pub port_mask: u16,
    pub hal: Hal,
}

/// The devices of a board. See the module's words.
pub struct Domain {
    slots: Vec<Slot>,
    /// By port as decoded: the target's place in `targets` plus 1, or 0.
    port_table: Vec<u8>,
    targets: Vec<Target>,
    memory: AddressMap,
    wires: Wires,
    dma_peers: Vec<((DeviceId, u8), DeviceId)>,
    /// The master first.
    interrupt_controllers: Vec<DeviceId>,
    coprocessor_error: Option<(DeviceId, PinId)>,
    hold_master: Option<DeviceId>,
    port_mask: u16,
    queue: EventQueue,
    effects: Effects,
    emitted: Vec<(DeviceId, u8)>,
    phys: Option<Box<dyn PhysBus>>,
    pub pins: CpuPins,
    pub hal: Hal,
    now: Tick,
}

impl Domain {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { slots, ports, memory, wires, dma_peers, port_mask, hal, .. } = parts;
        let (interrupt_controllers, coprocessor_error) =
            (parts.interrupt_controllers, parts.coprocessor_error);
        let wires = wires.finish(slots.len());
        let mut port_table = vec![0; usize::from(port_mask) + 1];
        let mut targets = Vec::new();
        for (first, last, target) in ports.iter() {
            targets.push(target);
            for port in first..=last.min(u32::from(port_mask)) {
                port_table[port as usize] = targets.len() as u8;
            }
        }
        let effects = Effects::default();
        let (queue, emitted) = (EventQueue::default(), Vec::new());
        Self {
            slots,
            port_table,
            targets,
            memory,
            wires,
            dma_peers,
            interrupt_controllers,
            coprocessor_error,
            hold_master: None,
            port_mask,
            queue,
            effects,
            emitted,
            phys: None,
            pins: CpuPins::default(),
            hal,
            now: Tick::default(),
        }
    }

    /// A board with nothing on it.
    pub(crate) fn empty() -> Self {
        Self::new(Parts {
            slots: Vec::new(),
            ports: AddressMap::default(),
            memory: AddressMap::default(),
            wires: WireList::default(),
            dma_peers: Vec::new(),
            interrupt_controllers: Vec::new(),
            coprocessor_error: None,
            port_mask: 0,
            hal: Hal::default(),
        })
    }

    /// Connects the memory that DMA reaches.
    pub fn connect_memory(&mut self, phys: Box<dyn PhysBus>) {
        self.phys = Some(phys);
    }

    /// The moment up to which everything has happened.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// When the next event is due.
    #[inline]
    pub fn next_due(&self) -> Tick {
        self.queue.next_due()
    }

    /// Lets everything happen that is due by `now`.
    #[inline]
    pub fn catch_up(&mut self, now: Tick) {
        while let Some(event) = self.queue.pop_due(now) {
            self.now = self.now.max(event.due);
            self.with(DeviceId(event.owner), |device, cx| device.on_event(event.tag, event.due, cx));
        }
        self.now = self.now.max(now);
    }

    /// Reads from a port. Wider accesses than a byte reach the device as bytes, low address first: the 8-bit
    /// bus of the XT's slots.
    pub fn read_port(&mut self, port: Port, width: Width, now: Tick) -> Answer {
        self.catch_up(now);
        self.effects.stall = 0;
        let mut data = None;
        for byte in 0..width.bytes() {
            let Some((target, offset)) = self.port_target(port.0.wrapping_add(byte as u16)) else { continue };
            if let Some(value) = self.read_target(target, offset) {
                data = Some(data.unwrap_or(open_bus(width)) & !(0xFF << (8 * byte)) | value << (8 * byte));
            }
        }
        Answer { data, stall: self.effects.stall }
    }

    /// Writes to a port. Gives the stall in ticks.
    pub fn write_port(&mut self, port: Port, width: Width, data: u64, now: Tick) -> u64 {
        self.catch_up(now);
        self.effects.stall = 0;
        for byte in 0..width.bytes() {
            if let Some((target, offset)) = self.port_target(port.0.wrapping_add(byte as u16)) {
                self.write_target(target, offset, data >> (8 * byte) & 0xFF);
            }
        }
        self.effects.stall
    }

    /// Reads device memory.
    pub fn read_memory(&mut self, address: u32, width: Width, now: Tick) -> Answer {
        self.catch_up(now);
        self.effects.stall = 0;
        let mut data = None;
        for byte in 0..width.bytes() {
            let Some((target, offset)) = self.memory.find(address.wrapping_add(byte as u32)) else {
                continue;
            };
            if let Some(value) = self.read_target(target, offset) {
                data = Some(data.unwrap_or(open_bus(width)) & !(0xFF << (8 * byte)) | value << (8 * byte));
            }
        }
        Answer { data, stall: self.effects.stall }
    }

    /// Writes device memory. Gives the stall in ticks.
    pub fn write_memory(&mut self, address: u32, width: Width, data: u64, now: Tick) -> u64 {
        self.catch_up(now);
        self.effects.stall = 0;
        for byte in 0..width.bytes() {
            if let Some((target, offset)) = self.memory.find(address.wrapping_add(byte as u32)) {
                self.write_target(target, offset, data >> (8 * byte) & 0xFF);
            }
        }
        self.effects.stall
    }

    /// A byte of device memory without side effects.
    pub fn peek_memory(&self, address: u32) -> Option<u8> {
        let (target, offset) = self.memory.find(address)?;
        self.peek_target(target, offset)
    }

    /// A port without side effects.
    pub fn peek_port(&self, port: Port) -> Option<u8> {
        let (target, offset) = self.port_target(port.0)?;
        self.peek_target(target, offset)
    }

    /// Writes a byte of device memory past all side effects.
    pub fn poke_memory(&mut self, address: u32, byte: u8) -> bool {
        let Some((target, offset)) = self.memory.find(address) else { return false };
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        self.slots[usize::from(target.device.0)].device.poke(at, u64::from(byte))
    }

    /// Whether a device answers at any address of `first..=last`.
    pub fn claims_memory(&self, first: u32, last: u32) -> bool {
        self.memory.touches(first, last)
    }

    /// The processor's interrupt acknowledge: the vector. It reaches every controller, the master first, whose cascade
    /// lines have settled before the next one is asked; who is not concerned leaves the data bus high.
    pub fn acknowledge_interrupt(&mut self, now: Tick) -> u8 {
        self.catch_up(now);
        (0..self.interrupt_controllers.len()).fold(FLOATING, |vector, number| {
            let controller = self.interrupt_controllers[number];
            vector & self.with(controller, |device, cx| device.acknowledge_interrupt(cx))
        })
    }

    /// The coprocessor's error pin has another level.
    pub fn set_coprocessor_error(&mut self, level: bool) {
        if let Some((device, pin)) = self.coprocessor_error {
            self.with(device, |device, cx| device.on_pin(pin, level, cx));
        }
    }

    /// The processor gives the bus away. Gives for how many ticks it is taken; 0 when nobody wants it.
    pub fn grant_hold(&mut self, now: Tick) -> u64 {
        self.catch_up(now);
        let Some(master) = self.hold_master.filter(|_| self.pins.hold) else { return 0 };
        self.effects.stall = 0;
        self.with(master, |device, cx| device.on_hold_acknowledge(cx));
        self.effects.stall
    }

    /// Something from outside reaches a device.
    pub fn external(&mut self, device: DeviceId, input: &External, now: Tick) {
        self.catch_up(now);
        self.with(device, |device, cx| device.on_external(input, cx));
    }

    /// Resets every device.
    pub fn reset(&mut self, kind: ResetKind, now: Tick) {
        self.catch_up(now);
        for number in 0..self.slots.len() {
            self.with(DeviceId(number as u16), |device, cx| device.reset(kind, cx));
        }
        (self.pins.nmi_edge, self.pins.reset_edge, self.pins.switched_off) = (false, false, false);
    }

    /// Calls a device, and carries out what it asks for.
    pub fn with<R>(&mut self, id: DeviceId, call: impl FnOnce(&mut dyn Device, &mut Cx<'_>) -> R) -> R {
        let result = self.quietly(id, call);
        if self.effects.is_waiting() {
            self.settle();
        }
        result
    }

    /// The device of this name.
    pub fn find(&self, name: &str) -> Option<DeviceId> {
        self.slots.iter().position(|s| s.name == name).map(|at| DeviceId(at as u16))
    }

    /// All devices, in the order in which they were added.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &str, &dyn Device)> {
        self.slots.iter().enumerate().map(|(at, s)| (DeviceId(at as u16), s.name.as_str(), s.device.as_ref()))
    }

    pub fn name(&self, id: DeviceId) -> &str {
        &self.slots[usize::from(id.0)].name
    }

    pub fn device(&self, id: DeviceId) -> &dyn Device {
        self.slots[usize::from(id.0)].device.as_ref()
    }

    /// A device as what it is.
    pub fn get<T: Device>(&self, id: DeviceId) -> Option<&T> {
        let device: &dyn Any = self.slots.get(usize::from(id.0))?.device.as_ref();
        device.downcast_ref()
    }

    /// The level of an output pin.
    pub fn line(&self, device: DeviceId, line: LineId) -> bool {
        self.wires.level(device, line)
    }

    /// Takes the bytes that devices have sent out.
    pub fn take_emitted(&mut self) -> Vec<(DeviceId, u8)> {
        std::mem::take(&mut self.emitted)
    }

    /// Takes the sentences that devices have for the user.
    pub fn take_notices(&mut self) -> Vec<(DeviceId, String)> {
        std::mem::take(&mut self.effects.notices)
    }

    /// Whether any byte was sent out.
    #[inline]
    pub fn has_emitted(&self) -> bool {
        !self.emitted.is_empty()
    }

    fn port_target(&self, port: u16) -> Option<(Target, u32)> {
        let port = port & self.port_mask;
        let target = self.targets[usize::from(self.port_table[usize::from(port)]).checked_sub(1)?];
        Some((target, u32::from(port) - target.base))
    }

    fn read_target(&mut self, target: Target, offset: u32) -> Option<u64> {
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        self.with(target.device, |device, cx| device.read(at, cx)).ok().map(|value| value & 0xFF)
    }

    fn write_target(&mut self, target: Target, offset: u32, value: u64) {
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        let answer = self.with(target.device, |device, cx| device.write(at, value, cx));
        if answer == Err(NoAnswer) {
            tracing::debug!(device = self.name(target.device), offset, value, "write that nobody heard");
        }
    }

    fn peek_target(&self, target: Target, offset: u32) -> Option<u8> {
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        self.slots[usize::from(target.device.0)].device.peek(at, self.now).map(|value| value as u8)
    }

    /// Carries out all effects and what follows from them.
    fn settle(&mut self) {
        for _ in 0..MAX_EFFECTS {
            let Some((from, effect)) = self.effects.next() else { return };
            match effect {
                Effect::Line(line, level) => self.move_line(from, line, level),
                // An event is never due at once, so that time always moves on.
                Effect::Arm(tag, due) => self.queue.arm(from.0, tag, due.max(self.now + 1)),
                Effect::Disarm(tag) => self.queue.disarm(from.0, tag),
                Effect::Dma(cycle) => self.dma(from, cycle),
                Effect::Emit(byte) => {
                    if self.emitted.len() < MAX_EMITTED {
                        self.emitted.push((from, byte));
                    }
                }
                Effect::RequestExit => self.pins.exit = true,
                Effect::SwitchOff => self.pins.switched_off = true,
            }
        }
        self.effects.forget();
        tracing::warn!("the board's lines do not come to rest");
    }

    #[inline]
    fn move_line(&mut self, from: DeviceId, line: LineId, level: bool) {
        for tie in self.wires.set(from, line, level) {
            if let Some(sink) = self.wires.pull(tie, level) {
                self.move_sink(sink, level);
            }
        }
    }

    fn move_sink(&mut self, sink: Sink, level: bool) {
        match sink {
            Sink::Pin(device, pin) => self.quietly(device, |device, cx| device.on_pin(pin, level, cx)),
            Sink::Cpu(CpuPin::Interrupt) => self.pins.interrupt = level,
            Sink::Cpu(CpuPin::NonMaskableInterrupt) => self.pins.nmi_edge |= level,
            Sink::Cpu(CpuPin::Hold(master)) => {
                self.pins.hold = level;
                self.hold_master = Some(master);
            }
            Sink::Cpu(CpuPin::MaskA20) => self.pins.a20_masked = level,
            Sink::Cpu(CpuPin::Reset) => self.pins.reset_edge |= level,
        }
    }

    /// One byte between a DMA channel's device and memory. A channel without a device only reads memory (refresh).
    fn dma(&mut self, controller: DeviceId, cycle: DmaCycle) {
        let Some(&(_, peer)) = self.dma_peers.iter().find(|p| p.0 == (controller, cycle.channel)) else {
            return;
        };
        let terminal_count = cycle.terminal_count;
        match cycle.direction {
            DmaDirection::Verify => {
                self.quietly(peer, |device, cx| device.dma_write(None, terminal_count, cx))
            }
            DmaDirection::Read => {
                let byte = self.dma_load(cycle.address);
                self.quietly(peer, |device, cx| device.dma_write(Some(byte), terminal_count, cx));
            }
            DmaDirection::Write => {
                let byte = self.quietly(peer, |device, cx| device.dma_read(terminal_count, cx));
                self.dma_store(cycle.address, byte);
            }
        }
    }

    fn dma_load(&mut self, address: u32) -> u8 {
        let Some((target, offset)) = self.memory.find(address) else {
            return self.phys.as_ref().map_or(0xFF, |phys| phys.read(address));
        };
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        self.quietly(target.device, |device, cx| device.read(at, cx)).map_or(0xFF, |value| value as u8)
    }

    fn dma_store(&mut self, address: u32, byte: u8) {
        let Some((target, offset)) = self.memory.find(address) else {
            if let Some(phys) = &self.phys {
                phys.write(address, byte);
            }
            return;
        };
        let at = BusAccess { region: target.region, offset, width: Width::Byte };
        // Where nothing listens, the byte is lost.
        let _ = self.quietly(target.device, |device, cx| device.write(at, u64::from(byte), cx));
    }

    /// Calls a device while effects are being carried out: its own wait in the queue.
    fn quietly<R>(&mut self, id: DeviceId, call: impl FnOnce(&mut dyn Device, &mut Cx<'_>) -> R) -> R {
        let mut cx = Cx { now: self.now, hal: &mut self.hal, me: id, effects: &mut self.effects };
        call(self.slots[usize::from(id.0)].device.as_mut(), &mut cx)
    }
}

fn open_bus(width: Width) -> u64 {
    width.mask()
}

/// A board's state: names, not places, so that a change of wiring does not break it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDomain {
    now: Tick,
    pins: CpuPins,
    devices: Vec<(String, SavedState)>,
    /// Levels of output pins, by device and line.
    lines: Vec<(String, u64)>,
    /// In the order in which they will happen.
    events: Vec<(String, EventTag, Tick)>,
}

impl Domain {
    /// Everything that the board would need to go on.
    pub fn save(&self) -> SavedDomain {
        let named = |id: u16| self.slots[usize::from(id)].name.clone();
        SavedDomain {
            now: self.now,
            pins: self.pins,
            devices: self.slots.iter().map(|s| (s.name.clone(), s.device.save())).collect(),
            lines: (0..)
                .zip(&self.slots)
                .map(|(at, s)| (s.name.clone(), self.wires.levels(DeviceId(at))))
                .collect(),
            events: self.queue.list().into_iter().map(|e| (named(e.owner), e.tag, e.due)).collect(),
        }
    }

    /// Takes a saved state back into a board that was built from the same profile.
    ///
    /// # Errors
    /// [`RestoreError::Foreign`] when the devices are not the same, or what a device says. The board is then in no
    /// defined state.
    pub fn restore(&mut self, saved: &SavedDomain) -> Result<(), RestoreError> {
        let SavedDomain { now, pins, devices, lines, events } = saved;
        if devices.len() != self.slots.len() {
            return Err(RestoreError::Foreign(format!(
                "it has {} devices where this one has {}",
                devices.len(),
                self.slots.len()
            )));
        }
        for (name, state) in devices {
            let id = self.named(name)?;
            self.slots[usize::from(id.0)].device.restore(state)?;
        }
        self.restore_lines(lines)?;
        let mut armed = Vec::new();
        for (name, tag, due) in events {
            armed.push((self.named(name)?.0, *tag, *due));
        }
        self.queue.replace(armed);
        (self.now, self.pins) = (*now, *pins);
        self.effects.forget();
        self.hal.audio.jump_to(*now);
        self.emitted.clear();
        Ok(())
    }

    fn named(&self, name: &str) -> Result<DeviceId, RestoreError> {
        self.find(name)
            .ok_or_else(|| RestoreError::Foreign(format!("it has a device named {name}, which is not here")))
    }

    /// Sets levels without telling the receivers, which restore what they have seen themselves.
    fn restore_lines(&mut self, lines: &[(String, u64)]) -> Result<(), RestoreError> {
        let mut by_device = vec![0; self.slots.len()];
        for (name, levels) in lines {
            by_device[usize::from(self.named(name)?.0)] = *levels;
        }
        self.wires.restore(&by_device);
        for sink in self.wires.held() {
            if let Sink::Cpu(CpuPin::Hold(master)) = sink {
                self.hold_master = Some(master);
            }
        }
        Ok(())
    }
}
