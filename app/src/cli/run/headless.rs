//! The loop of a headless run.

use super::conditions::Conditions;
use super::results;
use crate::cli::{ExitStatus, Port, RunOptions, Speed, Step};
use crate::session::{ByteSource, Session, SessionOptions, WriterSink};
use crate::wav::{self, WavFile};
use anyhow::{Context, bail};
use cpu_time::ProcessTime;
use emu_core::hal::audio::{AudioSink, NullSink};
use emu_core::hal::video::Demand;
use emu_core::machine::Stop;
use emu_core::time::Cycle;
use machines::profile::Profile;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a second of guest time the script and the host are looked at.
const LOOKS_PER_SECOND: u64 = 200;

/// How far a guest at real speed may run ahead of the host's clock. A sleep costs more than the guest that waits
/// beneath it, so there are few; nobody watches a headless run closely enough to notice.
const LEAD: Duration = Duration::from_millis(20);

/// When the run began, by the host's clocks.
pub struct Started {
    pub wall: Instant,
    pub cpu: ProcessTime,
}

/// Builds the machine and runs it to its end.
pub fn run(profile: &Profile, session: &SessionOptions, options: &RunOptions) -> anyhow::Result<ExitStatus> {
    let started = Started { wall: Instant::now(), cpu: ProcessTime::now() };
    let terminated = watch_for_termination();
    let (sink, recording) = recording(options)?;
    let mut session = Session::open_playing_to(sink, profile, session)?;
    session.frames.set_demand(Demand::Never);
    connect_ports(&mut session, options)?;
    let mut conditions = Conditions::new(&options.script, &mut session);
    let status = drive(&mut session, &mut conditions, options, &started, &terminated);
    // Each of them is done, whatever becomes of the others; the first failure is told.
    let safe = session.flush_media().map_err(anyhow::Error::from);
    let written = results::write(&mut session, options, &started);
    let recorded = recording.map_or(Ok(()), WavFile::finish);
    let status = status?;
    safe.and(written).and(recorded)?;
    Ok(status)
}

/// Where the sound goes: into a file, when that is asked for.
fn recording(options: &RunOptions) -> anyhow::Result<(Box<dyn AudioSink>, Option<WavFile>)> {
    let Some(path) = &options.record_audio else { return Ok((Box::new(NullSink), None)) };
    let (sink, file) = wav::create(path)?;
    Ok((Box::new(sink), Some(file)))
}

/// Set when the host asks the program to end.
fn watch_for_termination() -> Arc<AtomicBool> {
    let terminated = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&terminated);
    // A second handler in one process (a test's) is refused; the first one serves.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    terminated
}

fn drive(
    session: &mut Session,
    conditions: &mut Conditions,
    options: &RunOptions,
    started: &Started,
    terminated: &AtomicBool,
) -> anyhow::Result<ExitStatus> {
    let has_conditions = !options.script.0.is_empty();
    let last = options.for_cycles.map_or(Cycle::NEVER, |cycles| Cycle(cycles.get()));
    let look = session.machine.cpu_hz() / LOOKS_PER_SECOND;
    loop {
        let target = (session.machine.now() + look).min(last);
        let stop = session.run_until(target);
        say_notices(session);
        conditions.advance(session)?;
        if has_conditions && conditions.are_met() {
            return Ok(ExitStatus::Success);
        }
        if stop == Stop::PowerOff {
            return Ok(ended_by_guest(conditions, has_conditions));
        }
        if session.machine.now() >= last {
            return Ok(ExitStatus::Success);
        }
        if terminated.load(Ordering::Relaxed) {
            return Ok(if has_conditions { ExitStatus::Failure } else { ExitStatus::Success });
        }
        if options.timeout.is_some_and(|timeout| started.wall.elapsed() >= timeout) {
            eprintln!("anachron: time is up; the run waited for {}", conditions.waiting_for());
            return Ok(ExitStatus::TimedOut);
        }
        if options.speed() == Speed::Real {
            wait_for_host(session, started);
        }
    }
}

fn ended_by_guest(conditions: &Conditions, has_conditions: bool) -> ExitStatus {
    if !has_conditions {
        return ExitStatus::Success;
    }
    eprintln!("anachron: the guest switched itself off; the run waited for {}", conditions.waiting_for());
    ExitStatus::Failure
}

fn say_notices(session: &mut Session) {
    for notice in session.take_notices() {
        eprintln!("anachron: {}", notice.text);
    }
}

/// Sleeps until the host's clock has caught up with the guest's.
fn wait_for_host(session: &Session, started: &Started) {
    let guest = guest_time(session);
    let ahead = guest.saturating_sub(started.wall.elapsed());
    if ahead > LEAD {
        std::thread::sleep(ahead);
    }
}

fn guest_time(session: &Session) -> Duration {
    let (cycles, hz) = (session.machine.now().0, session.machine.cpu_hz());
    Duration::from_nanos((u128::from(cycles) * 1_000_000_000 / u128::from(hz)) as u64)
}

/// The first serial port, as boards call it.
const SERIAL: &str = "com1";

fn connect_ports(session: &mut Session, options: &RunOptions) -> anyhow::Result<()> {
    let waits_for_serial = options.script.0.iter().any(|step| matches!(step, Step::UntilSerial(_)));
    if (options.serial.is_some() || waits_for_serial) && !session.has_device(SERIAL) {
        bail!("the machine has no serial port; add the card {SERIAL} to it, or leave the serial line out");
    }
    for (device, port) in [(SERIAL, &options.serial), ("debugcon", &options.debugcon)] {
        if let Some(port) = port {
            let (name, writer) = open_port(port)?;
            session.ports.connect(device, Box::new(WriterSink::new(name, writer)));
        }
    }
    if options.serial == Some(Port::Stdio) {
        let source = ByteSource::new(SERIAL, "standard input", std::io::stdin());
        session.connect_source(source.context("standard input cannot be read")?);
    }
    Ok(())
}

fn open_port(port: &Port) -> anyhow::Result<(String, Box<dyn Write + Send>)> {
    match port {
        Port::Stdio => Ok(("standard output".to_owned(), Box::new(std::io::stdout()))),
        Port::File(path) => Ok((path.display().to_string(), Box::new(create(path)?))),
    }
}

/// Makes a file for results.
pub fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))
}
