//! The arrangement of two threads: devices, events and virtual time on the calling thread, the processor on one of
//! its own. It is slower for one processor, and there to keep the shape honest: nothing is shared but the domain,
//! behind its lock, and both arrangements give the same run, bit for bit.

use super::system_bus::{SystemBus, lock};
use super::{HostServices, Machine, Served, Stop};
use crate::board::domain::Domain;
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::DynamicProbe;
use crate::cpu::{Exit, Processor};
use crate::debug::breakpoints::Verdict;
use crate::time::Cycle;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What the I/O thread tells the processor's.
enum Order {
    /// Run until this cycle, or the next event.
    Run(Cycle),
    /// Let time pass while halted.
    Idle(Cycle),
}

/// What the processor's thread answers.
struct Report {
    now: Cycle,
    /// `None` after [`Order::Idle`].
    exit: Option<Exit>,
    powered_off: bool,
}

/// The processor's side.
struct VirtualCpu<'a> {
    cpu: &'a mut dyn Processor<SystemBus>,
    bus: &'a mut SystemBus,
    probe: Option<&'a mut DynamicProbe>,
    services: Option<&'a mut Box<dyn HostServices>>,
    restarts: bool,
}

impl VirtualCpu<'_> {
    fn serve(mut self, orders: &Receiver<Order>, reports: &Sender<Report>) {
        while let Ok(order) = orders.recv() {
            let report = match order {
                Order::Run(until) => self.run(until),
                Order::Idle(until) => {
                    self.cpu.idle_until(until);
                    Report { now: self.cpu.now(), exit: None, powered_off: false }
                }
            };
            if reports.send(report).is_err() {
                return;
            }
        }
    }

    fn run(&mut self, until: Cycle) -> Report {
        self.bus.set_budget(until);
        if self.bus.take_reset() {
            self.cpu.reset();
        }
        let exit = self.cpu.run(self.bus, self.probe.as_deref_mut(), false);
        let mut powered_off = exit == Exit::BusRequest && self.bus.is_switched_off();
        if exit == Exit::BusRequest && self.bus.take_exit(self.cpu.now()) {
            let served = self.services.as_mut().map_or(Served::GoOn, |s| s.serve(self.cpu, self.bus));
            powered_off |= served == Served::PowerOff;
        }
        if exit == Exit::Halted && self.restarts && self.cpu.is_shut_down() {
            self.cpu.reset();
            return Report { now: self.cpu.now(), exit: Some(Exit::Budget), powered_off };
        }
        Report { now: self.cpu.now(), exit: Some(exit), powered_off }
    }
}

/// The devices' side: the master of time.
struct IoThread<'a> {
    domain: &'a Mutex<Domain>,
    clock: crate::time::Clock,
    orders: Sender<Order>,
    reports: Receiver<Report>,
    now: Cycle,
}

impl IoThread<'_> {
    /// Runs to `target` or another reason to stop. `None` when the processor's thread is gone.
    fn run(&mut self, target: Cycle) -> Option<Stop> {
        while self.now < target {
            let report = self.order(Order::Run(target))?;
            if report.powered_off {
                return Some(Stop::PowerOff);
            }
            match report.exit {
                Some(Exit::Probe) => return Some(Stop::Probe),
                Some(Exit::Halted) => self.idle(target)?,
                _ => {}
            }
        }
        Some(Stop::Reached)
    }

    /// Sends an order, and lets everything happen that was due by its end.
    fn order(&mut self, order: Order) -> Option<Report> {
        self.orders.send(order).ok()?;
        let report = self.reports.recv().ok()?;
        self.now = report.now;
        lock(self.domain).catch_up(self.clock.tick_of(self.now.0));
        Some(report)
    }

    /// A halted processor: time passes to the next event. The bus is free meanwhile.
    fn idle(&mut self, target: Cycle) -> Option<()> {
        let due = lock(self.domain).next_due();
        let to = self.clock.first_cycle_at(due).min(target).max(self.now + 1);
        self.order(Order::Idle(to))?;
        let mut domain = lock(self.domain);
        if domain.pins.hold {
            domain.grant_hold(self.clock.tick_of(to.0));
        }
        Some(())
    }
}

impl Machine {
    /// As [`Machine::run_until`], with the processor on a thread of its own. Recorded inputs are applied between two
    /// such runs only, so a replay asks for each in turn.
    pub fn run_until_on_two_threads(&mut self, target: Cycle) -> Stop {
        loop {
            self.replay_due();
            if self.cpu.now() >= target {
                return Stop::Reached;
            }
            let until = target.min(self.journal.next_at());
            match self.run_apart(until) {
                Stop::Reached => {}
                Stop::Probe if self.judge_probe_stop() != Verdict::Stop => {}
                stop => return stop,
            }
        }
    }

    fn run_apart(&mut self, target: Cycle) -> Stop {
        let domain = self.bus.share_domain();
        let (clock, now) = (self.bus.clock(), self.cpu.now());
        let (orders, incoming) = channel();
        let (outgoing, reports) = channel();
        let vcpu = VirtualCpu {
            cpu: self.cpu.as_mut(),
            bus: &mut self.bus,
            probe: self.probe.as_mut(),
            services: self.services.as_mut(),
            restarts: self.restarts,
        };
        let stop = std::thread::scope(|scope| {
            scope.spawn(move || vcpu.serve(&incoming, &outgoing));
            let mut io = IoThread { domain: &domain, clock, orders, reports, now };
            io.run(target)
        });
        self.bus.catch_up(self.cpu.now());
        // A scope ends with the panic of its thread, so a missing answer never comes here.
        stop.unwrap_or(Stop::PowerOff)
    }
}
