//! How fast guest time passes, and how fast it did.

use emu_core::machine::protocol::Speed;
use emu_core::time::Cycle;
use std::time::{Duration, Instant};

/// Guest time of one slice, as a fraction of a second.
const SLICES_PER_SECOND: u64 = 250;

/// A machine that is further behind than this does not try to make up for it.
const MOST_BEHIND: Duration = Duration::from_millis(100);

/// How long speed and load are averaged over.
const AVERAGED: Duration = Duration::from_millis(500);

/// Ties guest cycles to the host's clock.
pub struct Pacing {
    speed: Speed,
    cpu_hz: u64,
    /// A moment, and the cycle that belongs to it.
    anchor: (Instant, Cycle),
    /// Begin of the stretch that is being measured, its first cycle, and the time worked in it.
    stretch: (Instant, Cycle),
    worked: Duration,
    speed_permille: u64,
    load_permille: u64,
}

impl Pacing {
    pub fn new(cpu_hz: u64) -> Self {
        let now = (Instant::now(), Cycle(0));
        Self {
            speed: Speed::Real,
            cpu_hz,
            anchor: now,
            stretch: now,
            worked: Duration::ZERO,
            speed_permille: 0,
            load_permille: 0,
        }
    }

    /// Guest and host time are in step here.
    pub fn restart(&mut self, now: Cycle) {
        self.anchor = (Instant::now(), now);
        self.stretch = self.anchor;
        self.worked = Duration::ZERO;
    }

    pub fn set_speed(&mut self, speed: Speed, now: Cycle) {
        self.speed = speed;
        self.restart(now);
    }

    /// How long the next slice can wait.
    pub fn time_to_wait(&self, now: Cycle) -> Duration {
        match self.speed {
            Speed::Unlimited => Duration::ZERO,
            Speed::Real => self.guest_time(self.anchor.1, now).saturating_sub(self.anchor.0.elapsed()),
        }
    }

    /// Where the next slice ends.
    pub fn slice_end(&mut self, now: Cycle) -> Cycle {
        if self.speed == Speed::Real {
            let behind = self.anchor.0.elapsed().saturating_sub(self.guest_time(self.anchor.1, now));
            if behind > MOST_BEHIND {
                self.anchor = (Instant::now(), now);
            }
        }
        now + self.cpu_hz / SLICES_PER_SECOND
    }

    /// A slice was run.
    pub fn ran(&mut self, to: Cycle, worked: Duration) {
        self.worked += worked;
        let passed = self.stretch.0.elapsed();
        if passed < AVERAGED {
            return;
        }
        let permille = |part: Duration| (part.as_nanos() * 1000 / passed.as_nanos()) as u64;
        self.speed_permille = permille(self.guest_time(self.stretch.1, to));
        self.load_permille = permille(self.worked);
        self.stretch = (Instant::now(), to);
        self.worked = Duration::ZERO;
    }

    /// Guest time against host time over the last stretch, in thousandths.
    pub fn speed_permille(&self) -> u64 {
        self.speed_permille
    }

    /// How much of the host's time was worked in the last stretch, in thousandths.
    pub fn load_permille(&self) -> u64 {
        self.load_permille
    }

    fn guest_time(&self, from: Cycle, to: Cycle) -> Duration {
        let cycles = u128::from(to.0.saturating_sub(from.0));
        Duration::from_nanos((cycles * 1_000_000_000 / u128::from(self.cpu_hz)) as u64)
    }
}
