//! A run as the command line asks for it, in a window and without: its script, its limits, its ports, its results.

use super::conditions::Conditions;
use super::results;
use crate::cli::{ExitStatus, Port, RunOptions, Step};
use crate::session::{ByteSource, Companion, Session, Verdict, WriterSink};
use crate::wav::WavFile;
use anyhow::{Context, anyhow, bail};
use cpu_time::ProcessTime;
use emu_core::hal::audio::AudioSink;
use emu_core::machine::Stop;
use emu_core::time::Cycle;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// How often a second of guest time the script looks at the machine. In guest time, so that keys are typed at the same
/// cycles however the run is sliced.
const LOOKS_PER_SECOND: u64 = 200;

/// The first serial port, as boards call it.
const SERIAL: &str = "com1";

/// When the run began, by the host's clocks.
pub struct Started {
    pub wall: Instant,
    pub cpu: ProcessTime,
}

/// The companion of a run.
pub struct ScriptedRun {
    options: RunOptions,
    started: Started,
    /// Set when the host asks the program to end.
    terminated: Arc<AtomicBool>,
    conditions: Conditions,
    recording: Option<WavFile>,
    next_look: Cycle,
    last: Cycle,
    /// Known once a verdict was given.
    status: Option<anyhow::Result<ExitStatus>>,
    outcome: Sender<anyhow::Result<ExitStatus>>,
}

/// How a run has ended, for whoever waits for it.
pub struct Outcome(Receiver<anyhow::Result<ExitStatus>>);

impl Outcome {
    /// The status, once the run has ended.
    ///
    /// # Errors
    /// What failed; also when the machine ended without a word.
    pub fn take(&self) -> anyhow::Result<ExitStatus> {
        self.0
            .try_recv()
            .unwrap_or_else(|_| Err(anyhow!("The machine did not come to its end; there are no results")))
    }
}

impl ScriptedRun {
    pub fn new(options: &RunOptions) -> (Self, Outcome) {
        let (sender, receiver) = channel();
        let run = Self {
            options: options.clone(),
            started: Started { wall: Instant::now(), cpu: ProcessTime::now() },
            terminated: watch_for_termination(),
            conditions: Conditions::new(&options.script),
            recording: None,
            next_look: Cycle(0),
            last: Cycle::NEVER,
            status: None,
            outcome: sender,
        };
        (run, Outcome(receiver))
    }

    fn has_conditions(&self) -> bool {
        !self.options.script.0.is_empty()
    }

    /// The status, if the run has come to its end.
    fn judge(&mut self, session: &mut Session, stop: Stop) -> anyhow::Result<Option<ExitStatus>> {
        let now = session.machine.now();
        if now >= self.next_look() || stop == Stop::PowerOff {
            self.next_look = now + look_period(session);
            self.conditions.advance(session)?;
            if self.has_conditions() && self.conditions.are_met() {
                return Ok(Some(ExitStatus::Success));
            }
        }
        if stop == Stop::PowerOff {
            return Ok(Some(self.status_before_the_end("the guest switched itself off")));
        }
        if now >= self.last {
            return Ok(Some(ExitStatus::Success));
        }
        if self.options.timeout.is_some_and(|timeout| self.started.wall.elapsed() >= timeout) {
            self.say_what_was_awaited("time is up");
            return Ok(Some(ExitStatus::TimedOut));
        }
        Ok(None)
    }

    /// The status of a run that ended by itself or by its user: a script has not come to its end.
    fn status_before_the_end(&self, why: &str) -> ExitStatus {
        if !self.has_conditions() {
            return ExitStatus::Success;
        }
        self.say_what_was_awaited(why);
        ExitStatus::Failure
    }

    fn say_what_was_awaited(&self, why: &str) {
        eprintln!("anachron: {why}; the run waited for {}", self.conditions.waiting_for());
    }

    fn connect_ports(&self, session: &mut Session) -> anyhow::Result<()> {
        let options = &self.options;
        let waits_for_serial = options.script.0.iter().any(|step| matches!(step, Step::UntilSerial(_)));
        if (options.serial.is_some() || waits_for_serial) && !session.has_device(SERIAL) {
            bail!(
                "the machine has no serial port; add the card {SERIAL} to it, or leave the serial line out"
            );
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
}

impl Companion for ScriptedRun {
    fn listen(&mut self, device: Box<dyn AudioSink>) -> anyhow::Result<Box<dyn AudioSink>> {
        let Some(path) = &self.options.record_audio else { return Ok(device) };
        let file = match self.recording.take() {
            Some(file) => file,
            None => WavFile::create(path)?,
        };
        let sink = file.sink(device);
        self.recording = Some(file);
        Ok(Box::new(sink))
    }

    fn begin(&mut self, session: &mut Session) -> anyhow::Result<()> {
        let now = session.machine.now();
        self.next_look = now + look_period(session);
        self.last = self.options.for_cycles.map_or(Cycle::NEVER, |cycles| now + cycles.get());
        self.connect_ports(session)?;
        self.conditions.connect(session);
        Ok(())
    }

    fn next_look(&self) -> Cycle {
        self.next_look.min(self.last)
    }

    fn look(&mut self, session: &mut Session, stop: Stop) -> Verdict {
        self.status = self.judge(session, stop).transpose();
        if self.status.is_some() {
            Verdict::Over
        } else if self.terminated.load(Ordering::Relaxed) {
            Verdict::Interrupted
        } else {
            Verdict::GoOn
        }
    }

    fn end(&mut self, session: &mut Session) {
        // Each of them is done, whatever becomes of the others; the first failure is told.
        let safe = session.flush_media().map_err(anyhow::Error::from);
        let written = results::write(session, &self.options, &self.started);
        let recorded = self.recording.take().map_or(Ok(()), WavFile::finish);
        let status =
            self.status.take().unwrap_or_else(|| Ok(self.status_before_the_end("the end came early")));
        let outcome = status.and_then(|status| safe.and(written).and(recorded).map(|()| status));
        // Whoever waited may have given up.
        let _ = self.outcome.send(outcome);
    }
}

fn look_period(session: &Session) -> u64 {
    session.machine.cpu_hz() / LOOKS_PER_SECOND
}

/// Set when the host asks the program to end.
fn watch_for_termination() -> Arc<AtomicBool> {
    let terminated = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&terminated);
    // A second handler in one process (a test's) is refused; the first one serves.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    terminated
}

fn open_port(port: &Port) -> anyhow::Result<(String, Box<dyn Write + Send>)> {
    match port {
        Port::Stdio => Ok(("standard output".to_owned(), Box::new(std::io::stdout()))),
        Port::File(path) => Ok((path.display().to_string(), Box::new(create(path)?))),
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Request, parse};
    use crate::session::SessionOptions;
    use crate::worker::MachineHandle;
    use emu_core::cpu::describe::CodeAddress;
    use emu_core::machine::protocol::{Command, Event, RunState, Speed, Step};
    use std::time::Duration;

    /// Runs an XT with its companion on a worker's thread, no window before it; gives the outcome and its last cycle.
    fn run(words: &[&str], commands: Vec<Command>) -> (anyhow::Result<ExitStatus>, u64) {
        let words = [&["anachron", "run", "xt"], words].concat();
        let Ok(Request::Run(options)) = parse(words) else { panic!("a right command line") };
        let (profile, session) = crate::cli::run::prepare(&options).unwrap();
        let mut session =
            Session::open(&profile, &SessionOptions { speed: Speed::Unlimited, ..session }).unwrap();
        let (mut companion, outcome) = ScriptedRun::new(&options);
        companion.begin(&mut session).unwrap();
        let handle =
            MachineHandle::start("test", session, Some(Box::new(companion)), Box::new(|| {})).unwrap();
        commands.into_iter().for_each(|command| handle.send(command));
        let begun = Instant::now();
        while !handle.events().any(|event| event == Event::RunStateChanged(RunState::Off)) {
            assert!(begun.elapsed() < Duration::from_secs(120), "the run does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
        let cycles = handle.counters().cycles.load(Ordering::Relaxed);
        handle.join();
        (outcome.take(), cycles)
    }

    #[test]
    fn the_user_ends_a_run_before_its_script() {
        let end = || vec![Command::Run, Command::PowerOff];
        assert_eq!(run(&[], end()).0.unwrap(), ExitStatus::Success);
        assert_eq!(run(&["--until-screen", "never"], end()).0.unwrap(), ExitStatus::Failure);
    }

    #[test]
    fn time_passes_for_a_paused_machine() {
        let (outcome, cycles) = run(&["--timeout", "0.1"], Vec::new());
        assert_eq!((outcome.unwrap(), cycles), (ExitStatus::TimedOut, 0));
    }

    #[test]
    fn a_step_goes_no_further_than_the_run() {
        let nowhere = CodeAddress { segment: None, offset: 0, linear: 0xDEAD };
        let (outcome, cycles) = run(&["--for-cycles", "5000"], vec![Command::Step(Step::To(nowhere))]);
        assert_eq!(outcome.unwrap(), ExitStatus::Success);
        assert!((5000..5300).contains(&cycles), "{cycles}");
    }
}
