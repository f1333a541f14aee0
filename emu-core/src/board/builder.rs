//! Putting a board together: devices, then the address map, then the wires.

use super::address_map::{AddressMap, Target};
use super::device::{Device, DeviceId, LineId, PinId, RegionId};
use super::domain::{CpuPin, Domain, Slot};
use super::wires::{Sink, WireList};
use crate::hal::Hal;
use std::ops::RangeInclusive;

/// Why a board cannot be built.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BuildError {
    #[error("{first} and {second} both want the {space} address {address:X}h; move one of them")]
    Overlap { space: &'static str, address: u32, first: String, second: String },
    #[error("Two devices are named {0}; rename one of them")]
    SameName(String),
}

/// A board in the making. Mistakes are kept, and said by [`Self::build`].
#[derive(Default)]
pub struct BoardBuilder {
    slots: Vec<Slot>,
    ports: AddressMap,
    memory: AddressMap,
    wires: WireList,
    dma_peers: Vec<((DeviceId, u8), DeviceId)>,
    interrupt_controllers: Vec<DeviceId>,
    coprocessor_error: Option<(DeviceId, PinId)>,
    port_mask: u16,
    error: Option<BuildError>,
}

impl BoardBuilder {
    /// A board that decodes `port_lines` (1 to 16) address lines for its ports.
    pub fn new(port_lines: u32) -> Self {
        let port_mask = u16::MAX >> (16 - port_lines.clamp(1, 16));
        Self { port_mask, ..Self::default() }
    }

    /// Adds a device. Its name is unique on the board, and what snapshots and the debugger call it.
    pub fn add(&mut self, name: &str, device: impl Device) -> DeviceId {
        self.add_boxed(name, Box::new(device))
    }

    /// As [`Self::add`], for a device from a catalogue.
    pub fn add_boxed(&mut self, name: &str, device: Box<dyn Device>) -> DeviceId {
        if self.slots.iter().any(|s| s.name == name) {
            self.fail(BuildError::SameName(name.to_owned()));
        }
        self.slots.push(Slot::new(name, device));
        DeviceId((self.slots.len() - 1) as u16)
    }

    /// Lets a region of a device answer at these ports.
    pub fn io(&mut self, ports: RangeInclusive<u16>, device: DeviceId, region: RegionId) -> &mut Self {
        let (first, last) = (u32::from(*ports.start()), u32::from(*ports.end()));
        let put = self.ports.insert(first, last, Target { device, region, base: first });
        self.note("I/O", put)
    }

    /// Lets a region of a device answer at these memory addresses.
    pub fn memory(&mut self, range: RangeInclusive<u32>, device: DeviceId, region: RegionId) -> &mut Self {
        let (first, last) = (*range.start(), *range.end());
        let put = self.memory.insert(first, last, Target { device, region, base: first });
        self.note("memory", put)
    }

    /// Ties an output to an input. Several outputs on one input are ORed; one output may feed several inputs.
    pub fn wire(&mut self, from: (DeviceId, LineId), to: (DeviceId, PinId)) -> &mut Self {
        self.connect(from, Sink::Pin(to.0, to.1))
    }

    /// Ties an output to a pin of the processor.
    pub fn wire_to_cpu(&mut self, from: (DeviceId, LineId), pin: CpuPin) -> &mut Self {
        self.connect(from, Sink::Cpu(pin))
    }

    /// Lets a device answer the processor's interrupt acknowledge. Of several that are cascaded, the master comes
    /// first; the cascade lines between them are wires.
    pub fn interrupt_controller(&mut self, device: DeviceId) -> &mut Self {
        self.interrupt_controllers.push(device);
        self
    }

    /// Ties the coprocessor's error pin to an input.
    pub fn coprocessor_error(&mut self, to: (DeviceId, PinId)) -> &mut Self {
        self.coprocessor_error = Some(to);
        self
    }

    /// Ties a DMA channel to the device whose bytes it moves. (Its request and acknowledge lines are wires.)
    pub fn dma_channel(&mut self, controller: DeviceId, channel: u8, peer: DeviceId) -> &mut Self {
        self.dma_peers.push(((controller, channel), peer));
        self
    }

    /// The finished board.
    ///
    /// # Errors
    /// The first mistake that was made on the way.
    pub fn build(self, hal: Hal) -> Result<Domain, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(Domain::new(super::domain::Parts {
            slots: self.slots,
            ports: self.ports,
            memory: self.memory,
            wires: self.wires,
            dma_peers: self.dma_peers,
            interrupt_controllers: self.interrupt_controllers,
            coprocessor_error: self.coprocessor_error,
            port_mask: self.port_mask,
            hal,
        }))
    }

    fn connect(&mut self, (device, line): (DeviceId, LineId), sink: Sink) -> &mut Self {
        self.wires.connect(device, line, sink);
        self
    }

    fn note(&mut self, space: &'static str, put: Result<(), super::address_map::Overlap>) -> &mut Self {
        if let Err(overlap) = put {
            let name = |id: DeviceId| self.slots.get(id.0 as usize).map_or(String::new(), |s| s.name.clone());
            let (first, second) = (name(overlap.first), name(overlap.second));
            self.fail(BuildError::Overlap { space, address: overlap.address, first, second });
        }
        self
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }
}
