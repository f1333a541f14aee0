//! Instrumentation: what may watch a processor at work.
//!
//! A [`Probe`] is a compile-time parameter of an engine. [`NoProbe`] costs nothing, [`Counter`] little; [`DynamicProbe`]
//! forwards to a counter and a list of plug-ins, and is the one that a machine hands out at run time.

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

    /// Whether all that it does is so little, calling nothing, that a trace's handlers can have it within.
    const BRIEF: bool = false;

    /// An instruction is about to begin, and no interrupt comes before it. `true` stops the processor before it.
    fn before_instruction(&mut self, _at: &CodeAddress) -> bool {
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
    fn before_instruction(&mut self, _at: &CodeAddress) -> bool {
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

/// Counts instructions and accesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    instructions: u64,
    /// By [`BusStatus`].
    accesses: [u64; 5],
}

impl Counter {
    /// Instructions that were about to begin: as often as a run was stopped there and went on, more than were executed.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Accesses of one kind, as far as the processor tells of them.
    pub fn accesses(&self, status: BusStatus) -> u64 {
        self.accesses[status as usize]
    }
}

impl Probe for Counter {
    const ACTIVE: bool = true;
    const BRIEF: bool = true;

    #[inline(always)]
    fn before_instruction(&mut self, _at: &CodeAddress) -> bool {
        self.instructions += 1;
        false
    }

    #[inline(always)]
    fn access(&mut self, access: &Access) -> u32 {
        self.accesses[access.status as usize] += 1;
        0
    }
}

/// A probe that traces tell by telling `W`: itself, or a part that is all of it for now.
pub trait Holds<W: Probe>: Probe {
    fn held(&mut self) -> &mut W;
}

impl<P: Probe> Holds<P> for P {
    #[inline(always)]
    fn held(&mut self) -> &mut P {
        self
    }
}

/// Forwards to a counter and a list of plug-ins.
#[derive(Default)]
pub struct DynamicProbe {
    pub counter: Option<Counter>,
    pub plugins: Vec<Box<dyn ProbePlugin>>,
}

/// Of a probe that [only counts](DynamicProbe::only_counts).
impl Holds<Counter> for DynamicProbe {
    fn held(&mut self) -> &mut Counter {
        self.counter.get_or_insert_default()
    }
}

impl DynamicProbe {
    /// Counts, and no more.
    pub fn counting() -> Self {
        Self { counter: Some(Counter::default()), plugins: Vec::new() }
    }

    /// A plug-in alone.
    pub fn of(plugin: impl ProbePlugin) -> Self {
        Self { counter: None, plugins: vec![Box::new(plugin)] }
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.counter.is_none() && self.plugins.is_empty()
    }

    /// Whether the counter is all there is.
    pub fn only_counts(&self) -> bool {
        self.counter.is_some() && self.plugins.is_empty()
    }

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

    #[inline(always)]
    fn before_instruction(&mut self, at: &CodeAddress) -> bool {
        if let Some(counter) = &mut self.counter {
            counter.before_instruction(at);
        }
        self.plugins.iter_mut().fold(false, |stop, p| p.before_instruction(at) | stop)
    }

    fn access(&mut self, access: &Access) -> u32 {
        if let Some(counter) = &mut self.counter {
            counter.access(access);
        }
        self.plugins.iter_mut().map(|p| p.access(access)).sum()
    }

    fn interrupt(&mut self, vector: u8, from: CodeAddress) {
        for plugin in &mut self.plugins {
            plugin.interrupt(vector, from);
        }
    }

    #[inline(always)]
    fn stop_requested(&self) -> bool {
        self.plugins.iter().any(|p| p.stop_requested())
    }
}
