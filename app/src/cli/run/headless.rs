//! The loop of a headless run.

use super::scripted_run::ScriptedRun;
use crate::cli::{ExitStatus, RunOptions, Speed};
use crate::session::{Companion, Session, SessionOptions, Verdict};
use emu_core::hal::audio::NullSink;
use emu_core::hal::video::Demand;
use machines::profile::Profile;
use std::time::{Duration, Instant};

/// How far a guest at real speed may run ahead of the host's clock. A sleep costs more than the guest that waits
/// beneath it, so there are few; nobody watches a headless run closely enough to notice.
const LEAD: Duration = Duration::from_millis(20);

/// Builds the machine and runs it to its end.
pub fn run(profile: &Profile, session: &SessionOptions, options: &RunOptions) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let (mut companion, outcome) = ScriptedRun::new(options);
    let sink = companion.listen(Box::new(NullSink))?;
    let mut session = Session::open_playing_to(sink, profile, session)?;
    session.frames.set_demand(Demand::Never);
    companion.begin(&mut session)?;
    loop {
        let stop = session.run_until(companion.next_look());
        say_notices(&mut session);
        if companion.look(&mut session, stop) != Verdict::GoOn {
            break;
        }
        if options.speed() == Speed::Real {
            wait_for_host(&session, started);
        }
    }
    companion.end(&mut session);
    outcome.take()
}

fn say_notices(session: &mut Session) {
    for notice in session.take_notices() {
        eprintln!("anachron: {}", notice.text);
    }
}

/// Sleeps until the host's clock has caught up with the guest's.
fn wait_for_host(session: &Session, started: Instant) {
    let guest = guest_time(session);
    let ahead = guest.saturating_sub(started.elapsed());
    if ahead > LEAD {
        std::thread::sleep(ahead);
    }
}

fn guest_time(session: &Session) -> Duration {
    let (cycles, hz) = (session.machine.now().0, session.machine.cpu_hz());
    Duration::from_nanos((u128::from(cycles) * 1_000_000_000 / u128::from(hz)) as u64)
}
