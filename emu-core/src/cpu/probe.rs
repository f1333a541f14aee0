//! Instrumentation: what may watch a processor at work.
//!
//! A [`Probe`] is a compile-time parameter of an engine. [`NoProbe`] costs nothing; [`DynamicProbe`] forwards to a
//! list of plug-ins and is the only one a machine hands out at run time.

use super::bus::BusStatus;
use super::describe::CodeAddress;
use crate::addr::Width;
use crate::time::Cycle;
use std::any::Any;

/// One access as a probe sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub status: BusStatus,
    pub address: u32,
    pub width: Width,
    pub data: u64,
    pub at: Cycle,
    /// The instruction that caused it; for code fetches the one being executed meanwhile.
    pub by: CodeAddress,
}

/// What a prefetch queue reports on its status lines (QS1, QS0 of an 8086).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueOperation {
    /// The first byte of an instruction (each prefix counts as one) left the queue.
    First,
    /// Another byte of the instruction left the queue.
    Subsequent,
    /// The queue was emptied.
    Empty,
}

/// One operation of a prefetch queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEvent {
    pub operation: QueueOperation,
    /// The byte that left; 0 when the queue was emptied.
    pub byte: u8,
    /// Bytes that are left in the queue.
    pub left: u8,
    pub at: Cycle,
}

pub trait Probe {
    /// Whether anything is watched at all; a constant, so that an unwatched engine has no code for it.
    const ACTIVE: bool;

    /// An instruction is about to begin, and no interrupt comes before it. `true` stops the processor before it.
    fn before_instruction(&mut self, _at: CodeAddress) -> bool {
        false
    }

    /// A bus cycle took place. Gives cycles to be charged to guest time (a cache model's latency), usually 0.
    fn access(&mut self, _access: &Access) -> u32 {
        0
    }

    /// An interrupt or exception is being entered.
    fn interrupt(&mut self, _vector: u8, _from: CodeAddress) {}

    /// A prefetch queue gave a byte or was emptied. Only engines that model a queue tell.
    fn queue(&mut self, _event: &QueueEvent) {}

    /// Whether the processor is to stop after the current instruction.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    const ACTIVE: bool = false;
}

/// A probe that can be added and removed while the machine runs.
pub trait ProbePlugin: Any + Send {
    fn before_instruction(&mut self, _at: CodeAddress) -> bool {
        false
    }
    fn access(&mut self, _access: &Access) -> u32 {
        0
    }
    fn interrupt(&mut self, _vector: u8, _from: CodeAddress) {}
    fn stop_requested(&self) -> bool {
        false
    }
}

impl dyn ProbePlugin {
    /// Whether this plug-in is a `T`.
    pub fn is<T: ProbePlugin>(&self) -> bool {
        (self as &dyn Any).is::<T>()
    }
}

/// Forwards to a list of plug-ins.
#[derive(Default)]
pub struct DynamicProbe {
    pub plugins: Vec<Box<dyn ProbePlugin>>,
}

impl DynamicProbe {
    /// The first plug-in of type `T`.
    pub fn plugin<T: ProbePlugin>(&mut self) -> Option<&mut T> {
        self.plugins.iter_mut().find_map(|plugin| {
            let plugin: &mut dyn Any = plugin.as_mut();
            plugin.downcast_mut()
        })
    }
}

impl Probe for DynamicProbe {
    const ACTIVE: bool = true;

    fn before_instruction(&mut self, at: CodeAddress) -> bool {
        self.plugins.iter_mut().fold(false, |stop, p| p.before_instruction(at) | stop)
    }

    fn access(&mut self, access: &Access) -> u32 {
        self.plugins.iter_mut().map(|p| p.access(access)).sum()
    }

    fn interrupt(&mut self, vector: u8, from: CodeAddress) {
        for plugin in &mut self.plugins {
            plugin.interrupt(vector, from);
        }
    }

    fn stop_requested(&self) -> bool {
        self.plugins.iter().any(|p| p.stop_requested())
    }
}
