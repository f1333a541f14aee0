//! A machine: a processor on a board, with its memory, its journal and its state.
//!
//! A machine knows virtual time only. Whoever owns it calls [`Machine::run_until`] as fast as it likes.

pub mod journal;
pub mod protocol;
mod state;
pub mod system_bus;
pub mod threads;
pub mod typist;

use crate::addr::Physical;
use crate::board::device::{DeviceId, MediaError, ResetKind};
use crate::board::domain::Domain;
use crate::board::external::External;
use crate::cache::{self, CacheConfig, CacheProbe, CacheStats, ConfigProblem};
use crate::cpu::bus::CpuBus;
use crate::cpu::describe::{CodeAddress, Disassembled, RegisterId};
use crate::cpu::probe::DynamicProbe;
use crate::cpu::{Exit, Processor};
use crate::debug::breakpoints::Verdict;
use crate::hal::storage::Medium;
use crate::time::{Cycle, Tick};
use journal::{Input, Journal};
pub use state::SavedMachine;
use system_bus::SystemBus;

/// Finds the medium of a recorded insertion again.
pub type MediumFinder = Box<dyn FnMut(&str) -> Option<Box<dyn Medium>> + Send>;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The cycle that was asked for is reached.
    Reached,
    /// The probe asked for it.
    Probe,
    /// The guest switched the machine off.
    PowerOff,
}

/// Services that firmware leaves to the host. Called between two instructions.
pub trait HostServices: Send {
    /// Serves the call that the processor has just made.
    fn serve(&mut self, cpu: &mut dyn Processor<SystemBus>, bus: &mut SystemBus) -> Served;
}

/// What became of a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    GoOn,
    PowerOff,
}

/// A machine. Built by a board's own code, from a profile.
pub struct Machine {
    cpu: Box<dyn Processor<SystemBus>>,
    bus: SystemBus,
    journal: Journal,
    medium_finder: Option<MediumFinder>,
    probe: Option<DynamicProbe>,
    services: Option<Box<dyn HostServices>>,
    keyboard: Option<DeviceId>,
    restarts: bool,
    /// Ticks of the board's clock in a second.
    tick_hz: u64,
    cpu_hz: u64,
    /// Cycles that the processor was halted for since the machine was made. The host's statistics, no state.
    idled: u64,
}

/// What a board hands over.
pub struct MachineParts {
    pub cpu: Box<dyn Processor<SystemBus>>,
    pub bus: SystemBus,
    pub services: Option<Box<dyn HostServices>>,
    /// Where keys go.
    pub keyboard: Option<DeviceId>,
    /// Whether the board resets a processor that has shut down (a triple fault), as every board from the AT on does.
    pub restarts: bool,
    pub tick_hz: u64,
    pub cpu_hz: u64,
}

impl Machine {
    /// A machine with its power just switched on.
    pub fn new(parts: MachineParts) -> Self {
        let MachineParts { cpu, bus, services, keyboard, restarts, tick_hz, cpu_hz } = parts;
        let mut machine = Self {
            cpu,
            bus,
            journal: Journal::Off,
            medium_finder: None,
            probe: None,
            services,
            keyboard,
            restarts,
            tick_hz,
            cpu_hz,
            idled: 0,
        };
        machine.reset_now(ResetKind::PowerOn);
        machine
    }

    pub fn cpu(&self) -> &dyn Processor<SystemBus> {
        self.cpu.as_ref()
    }

    pub fn cpu_mut(&mut self) -> &mut dyn Processor<SystemBus> {
        self.cpu.as_mut()
    }

    pub fn bus(&self) -> &SystemBus {
        &self.bus
    }

    pub fn bus_mut(&mut self) -> &mut SystemBus {
        &mut self.bus
    }

    /// CPU cycles in a second.
    pub fn cpu_hz(&self) -> u64 {
        self.cpu_hz
    }

    pub fn tick_hz(&self) -> u64 {
        self.tick_hz
    }

    pub fn now(&self) -> Cycle {
        self.cpu.now()
    }

    /// Cycles that the processor was halted for since the machine was made, which cost the host nothing.
    pub fn idled(&self) -> u64 {
        self.idled
    }

    /// The present moment on the board's clock.
    pub fn tick(&self) -> Tick {
        self.bus.clock().tick_of(self.cpu.now().0)
    }

    /// Calls the domain at the present moment.
    pub fn with_domain<R>(&mut self, call: impl FnOnce(&mut Domain, Tick) -> R) -> R {
        self.bus.with_domain(self.cpu.now(), call)
    }

    /// Looks at the domain.
    pub fn view_domain<R>(&self, call: impl FnOnce(&Domain) -> R) -> R {
        self.bus.domain.view(call)
    }

    /// Swaps the probe: with one, the engine's probed instance runs.
    pub fn set_probe(&mut self, probe: Option<DynamicProbe>) -> Option<DynamicProbe> {
        std::mem::replace(&mut self.probe, probe)
    }

    /// Whether a probe watches the processor, which costs the host time.
    pub fn is_watched(&self) -> bool {
        self.probe.is_some()
    }

    pub fn probe_mut(&mut self) -> Option<&mut DynamicProbe> {
        self.probe.as_mut()
    }

    /// Runs to the first instruction boundary at or after `target`.
    pub fn run_until(&mut self, target: Cycle) -> Stop {
        loop {
            self.replay_due();
            if self.cpu.now() >= target {
                return Stop::Reached;
            }
            self.bus.set_budget(target.min(self.journal.next_at()));
            match self.run_slice(false) {
                Some(Stop::Probe) if self.judge_probe_stop() != Verdict::Stop => {}
                Some(stop) => return stop,
                None => {}
            }
        }
    }

    /// Runs one instruction (of a repeated string instruction, one iteration). A halted processor waits for the
    /// next event.
    pub fn step(&mut self) -> Stop {
        self.replay_due();
        self.bus.set_budget(Cycle::NEVER);
        loop {
            match self.run_slice(true) {
                Some(Stop::Probe) => match self.judge_probe_stop() {
                    Verdict::Stop => return Stop::Probe,
                    Verdict::GoOnBefore => {}
                    Verdict::GoOnAfter => return Stop::Reached,
                },
                stop => return stop.unwrap_or(Stop::Reached),
            }
        }
    }

    /// Something from outside, at this instruction boundary.
    ///
    /// # Errors
    /// When a medium is not taken. Nothing is accepted during a replay.
    pub fn input(&mut self, input: Input) -> Result<(), MediaError> {
        if self.journal.is_replaying() {
            return Ok(());
        }
        self.journal.note(self.cpu.now(), &input);
        self.apply(&input)
    }

    /// A medium goes in. `label` is what the journal calls it.
    ///
    /// # Errors
    /// What the drive says; what was in it stays.
    pub fn insert(
        &mut self,
        device: &str,
        slot: usize,
        label: &str,
        medium: Box<dyn Medium>,
    ) -> Result<(), MediaError> {
        let (device, medium_label) = (device.to_owned(), label.to_owned());
        let input = Input::Insert { device: device.clone(), slot, medium: medium_label };
        self.insert_now(&device, slot, medium)?;
        self.journal.note(self.cpu.now(), &input);
        Ok(())
    }

    /// Keys and the like, for the machine's keyboard.
    pub fn keyboard_input(&mut self, input: External) {
        let Some(keyboard) = self.keyboard else { return };
        let device = self.view_domain(|domain| domain.name(keyboard).to_owned());
        // Only media can be refused.
        let _ = self.input(Input::Device { device, input });
    }

    pub fn keyboard(&self) -> Option<DeviceId> {
        self.keyboard
    }

    /// Starts writing all inputs down, from here.
    pub fn record(&mut self) {
        self.journal = Journal::Recording(Vec::new());
    }

    /// Replays a recording that was begun in this state. Media are found by their labels.
    pub fn replay(&mut self, entries: Vec<journal::Entry>, finder: MediumFinder) {
        self.journal = Journal::Replaying(entries.into());
        self.medium_finder = Some(finder);
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// A byte of linear memory, without side effects. (This family has no paging: linear is physical.)
    pub fn peek(&self, linear: u64) -> u8 {
        let wrapped = linear & ((1 << self.cpu.description().address_bits) - 1);
        self.bus.peek(Physical(wrapped))
    }

    /// Changes a byte of memory past all side effects.
    pub fn poke(&mut self, linear: u64, byte: u8) -> bool {
        let wrapped = linear & ((1 << self.cpu.description().address_bits) - 1);
        self.bus.poke(Physical(wrapped), byte)
    }

    /// A register by its name; `None` when this family has no such register.
    pub fn register(&self, name: &str) -> Option<u64> {
        let id: RegisterId = self.cpu.description().register_named(name)?;
        Some(self.cpu.register(id))
    }

    /// Disassembles `count` instructions from `at`.
    pub fn disassemble(&self, at: CodeAddress, count: usize) -> Vec<Disassembled> {
        let peek = |linear| self.peek(linear);
        let mut listing = Vec::with_capacity(count);
        let mut next = at;
        for _ in 0..count {
            let line = self.cpu.disassemble(next, &peek);
            next = self.cpu.code_address_after(next, line.bytes.len() as u64);
            listing.push(line);
        }
        listing
    }

    /// One stretch of the processor's run. `None`: go on.
    fn run_slice(&mut self, single_step: bool) -> Option<Stop> {
        if self.bus.take_reset() {
            self.cpu.reset();
        }
        let exit = self.cpu.run(&mut self.bus, self.probe.as_mut(), single_step);
        let now = self.cpu.now();
        match exit {
            Exit::Budget => self.bus.catch_up(now),
            Exit::Halted if self.restarts && self.cpu.is_shut_down() => self.cpu.reset(),
            Exit::Halted => self.idle(single_step),
            Exit::Probe => {
                self.bus.catch_up(now);
                return Some(Stop::Probe);
            }
            Exit::BusRequest if self.bus.is_switched_off() => {
                self.bus.catch_up(now);
                return Some(Stop::PowerOff);
            }
            Exit::BusRequest if self.bus.take_exit(now) => {
                let services = self.services.as_mut();
                let served = services.map_or(Served::GoOn, |s| s.serve(self.cpu.as_mut(), &mut self.bus));
                if served == Served::PowerOff {
                    return Some(Stop::PowerOff);
                }
            }
            // A reset, which comes before the next instruction.
            Exit::BusRequest => {}
        }
        None
    }

    /// Lets time pass for a halted processor, from event to event until one may concern it or the budget ends;
    /// `once`: to the next event only. The bus is free meanwhile.
    fn idle(&mut self, once: bool) {
        let only_once = once || !self.cpu.is_quiet();
        let mut now = self.cpu.now();
        loop {
            let to = self.bus.deadline().max(now + 1);
            if to == Cycle::NEVER {
                return;
            }
            self.idled += to.0.saturating_sub(now.0);
            self.cpu.idle_until(to);
            self.bus.pass_to(to);
            now = to;
            if only_once || self.bus.concerns_processor(now) {
                return;
            }
        }
    }

    /// Applies the recorded inputs whose time has come.
    fn replay_due(&mut self) {
        while let Some(input) = self.journal.take_due(self.cpu.now()) {
            if let Err(error) = self.apply(&input) {
                tracing::warn!(%error, "a recorded input could not be repeated");
            }
        }
    }

    fn apply(&mut self, input: &Input) -> Result<(), MediaError> {
        match input {
            Input::Device { device, input } => {
                self.with_domain(|domain, now| {
                    if let Some(id) = domain.find(device) {
                        domain.external(id, input, now);
                    }
                });
                Ok(())
            }
            Input::Insert { device, slot, medium } => {
                let found = self.medium_finder.as_mut().and_then(|find| find(medium));
                let found = found.ok_or_else(|| MediaError::Unreadable(format!("{medium} is not there")))?;
                self.insert_now(device, *slot, found)
            }
            Input::Eject { device, slot } => {
                self.with_drives(device, |host, cx| host.eject(*slot, cx)).map(drop)
            }
            Input::Reset(kind) => {
                self.reset_now(*kind);
                Ok(())
            }
            Input::Caches(config) => {
                if let Err(problem) = self.set_caches_now(config.as_ref()) {
                    tracing::warn!(%problem, "recorded caches could not be set");
                }
                Ok(())
            }
        }
    }

    /// Puts the cache model before the memory from now on, in place of one that is there, or takes it away. While only
    /// the charge changes, the model keeps what it has counted.
    ///
    /// # Errors
    /// The first problem of the configuration; nothing has changed then. Nothing is accepted during a replay.
    pub fn set_caches(&mut self, config: Option<&CacheConfig>) -> Result<(), ConfigProblem> {
        if self.journal.is_replaying() {
            return Ok(());
        }
        self.set_caches_now(config)?;
        self.journal.note(self.cpu.now(), &Input::Caches(config.cloned()));
        Ok(())
    }

    /// What the cache model has counted, while there is one.
    pub fn cache_stats(&mut self) -> Option<CacheStats> {
        self.probe_mut()?.plugin::<CacheProbe>().map(|plugin| plugin.stats())
    }

    fn set_caches_now(&mut self, config: Option<&CacheConfig>) -> Result<(), ConfigProblem> {
        let mut probe = self.probe.take().unwrap_or_default();
        let result = cache::plug_in(&mut probe, config);
        self.probe = (!probe.is_empty()).then_some(probe);
        result
    }

    fn insert_now(&mut self, device: &str, slot: usize, medium: Box<dyn Medium>) -> Result<(), MediaError> {
        self.with_drives(device, |host, cx| host.insert(slot, medium, cx))
    }

    fn with_drives<R>(
        &mut self,
        device: &str,
        call: impl FnOnce(
            &mut dyn crate::board::device::MediaHost,
            &mut crate::board::device::Cx<'_>,
        ) -> Result<R, MediaError>,
    ) -> Result<R, MediaError> {
        self.with_domain(|domain, _| {
            let id = domain.find(device).ok_or(MediaError::NoSuchSlot(0))?;
            domain.with(id, |device, cx| match device.media() {
                Some(host) => call(host, cx),
                None => Err(MediaError::NoSuchSlot(0)),
            })
        })
    }

    fn reset_now(&mut self, kind: ResetKind) {
        self.with_domain(|domain, now| domain.reset(kind, now));
        self.cpu.reset();
        if kind == ResetKind::PowerOn {
            self.clear_ram();
        }
        self.bus.catch_up(self.cpu.now());
    }
}
