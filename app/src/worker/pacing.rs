//! How fast guest time passes, and how fast it did.

use emu_core::machine::protocol::Speed;
use emu_core::time::Cycle;
use std::time::{Duration, Instant};

/// Time of one slice, as a fraction of a second: the host's for a machine that is slowed down, else the guest's.
const SLICES_PER_SECOND: u64 = 250;

/// A machine that is further behind than this does not try to make up for it.
const MOST_BEHIND: Duration = Duration::from_millis(100);

/// How long speed and load are averaged over.
const AVERAGED: Duration = Duration::from_millis(500);

/// Less work than this in a stretch does not measure a host.
const LEAST_WORK: Duration = Duration::from_millis(5);

/// Ties guest cycles to the host's clock.
pub struct Pacing {
    speed: Speed,
    cpu_hz: u64,
    /// A moment, and the cycle that belongs to it.
    anchor: (Instant, Cycle),
    /// Begin of the stretch that is being measured, its first cycle, and the time worked in it.
    stretch: (Instant, Cycle),
    worked: Duration,
    /// Cycles that the processor was halted for when the stretch began.
    idled: u64,
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
            idled: 0,
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
            _ => self.host_time(self.anchor.1, now).saturating_sub(self.anchor.0.elapsed()),
        }
    }

    /// Where the next slice ends.
    pub fn slice_end(&mut self, now: Cycle) -> Cycle {
        if self.speed != Speed::Unlimited {
            let behind = self.anchor.0.elapsed().saturating_sub(self.host_time(self.anchor.1, now));
            if behind > MOST_BEHIND {
                self.anchor = (Instant::now(), now);
            }
        }
        let percent = u64::from(self.speed.percent().unwrap_or(100)).min(100);
        now + (self.cpu_hz * percent / 100 / SLICES_PER_SECOND).max(1)
    }

    /// A slice was run. `idled` are the cycles that the processor has been halted for altogether.
    /// Gives the host's pace when another stretch has shown it.
    pub fn ran(&mut self, to: Cycle, idled: u64, worked: Duration) -> Option<u64> {
        self.worked += worked;
        let passed = self.stretch.0.elapsed();
        if passed < AVERAGED {
            return None;
        }
        let permille = |part: Duration| (part.as_nanos() * 1000 / passed.as_nanos()) as u64;
        self.speed_permille = permille(self.guest_time(self.stretch.1, to));
        self.load_permille = permille(self.worked);
        let pace = self.pace_of_stretch(to, idled);
        self.stretch = (Instant::now(), to);
        (self.worked, self.idled) = (Duration::ZERO, idled);
        pace
    }

    /// Cycles that the thread computed in a second of its work. A processor that was mostly halted says nothing of that.
    fn pace_of_stretch(&self, to: Cycle, idled: u64) -> Option<u64> {
        let all = to.0.saturating_sub(self.stretch.1.0);
        let busy = all.saturating_sub(idled.saturating_sub(self.idled));
        if busy < all / 2 || self.worked < LEAST_WORK {
            return None;
        }
        Some((u128::from(busy) * 1_000_000_000 / self.worked.as_nanos()) as u64)
    }

    /// Guest time against host time over the last stretch, in thousandths.
    pub fn speed_permille(&self) -> u64 {
        self.speed_permille
    }

    /// How much of the host's time was worked in the last stretch, in thousandths.
    pub fn load_permille(&self) -> u64 {
        self.load_permille
    }

    /// How long the host has for these cycles.
    fn host_time(&self, from: Cycle, to: Cycle) -> Duration {
        let percent = self.speed.percent().unwrap_or(100);
        self.guest_time(from, to) * 100 / u32::from(percent)
    }

    fn guest_time(&self, from: Cycle, to: Cycle) -> Duration {
        let cycles = u128::from(to.0.saturating_sub(from.0));
        Duration::from_nanos((cycles * 1_000_000_000 / u128::from(self.cpu_hz)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU16;

    #[test]
    fn a_share_of_the_speed_stretches_the_hosts_time() {
        let mut pacing = Pacing::new(1_000_000);
        let second = Cycle(1_000_000);
        for (percent, millis) in [(100, 1000), (50, 2000), (400, 250)] {
            pacing.set_speed(NonZeroU16::new(percent).map_or(Speed::Real, Speed::Percent), Cycle(0));
            assert_eq!(pacing.host_time(Cycle(0), second), Duration::from_millis(millis), "{percent} %");
        }
        pacing.set_speed(Speed::Unlimited, Cycle(0));
        assert_eq!(pacing.time_to_wait(second), Duration::ZERO);
    }

    #[test]
    fn a_halted_processor_measures_no_host() {
        let mut pacing = Pacing::new(1_000_000);
        pacing.worked = Duration::from_millis(100);
        assert_eq!(pacing.pace_of_stretch(Cycle(1_000_000), 0), Some(10_000_000));
        assert_eq!(pacing.pace_of_stretch(Cycle(1_000_000), 900_000), None);
    }
}
