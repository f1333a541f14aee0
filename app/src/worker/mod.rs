//! A machine's own thread, and the handle by which everyone else commands and watches it.
//!
//! The handle never waits: commands go through a channel, events come back through one; frames, views and counters
//! are read where the thread last left them. A panic in a machine ends that machine with a message, nothing else.

mod pacing;
mod showing;
mod stepping;

use crate::session::{Companion, DrivePlace, SavedSession, Session, Verdict};
use emu_core::board::external::External;
use emu_core::cache::CacheConfig;
use emu_core::cpu::EngineKind;
use emu_core::cpu::describe::CpuDescription;
use emu_core::debug::view::{DebugView, ViewRequest};
use emu_core::hal::audio::MixerControl;
use emu_core::hal::input::HostInput;
use emu_core::hal::video::FrameViewer;
use emu_core::machine::Stop;
use emu_core::machine::journal::Input;
use emu_core::machine::protocol::{Command, DeviceMedia, Event, MediumSpec, Notice, RunState, Speed, Step};
use emu_core::machine::typist::Typist;
use emu_core::time::Cycle;
use pacing::Pacing;
use showing::Showing;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use stepping::Stepping;

/// What boards call the card that pads are plugged into.
const GAME_PORT: &str = "game-port";

/// How often a running machine's views are made.
const VIEW_PERIOD: Duration = Duration::from_millis(100);

/// How long a machine that does nothing sleeps before it looks around.
const IDLE: Duration = Duration::from_millis(50);

/// Counters that change all the time.
#[derive(Debug, Default)]
pub struct Counters {
    /// CPU cycles since power-on.
    pub cycles: AtomicU64,
    /// Guest time against host time, in thousandths: 1000 is the machine's own speed.
    pub speed: AtomicU64,
    /// Of the host's time, how much the machine's thread works, in thousandths.
    pub load: AtomicU64,
    /// See [`MachineHandle::take_pace`].
    pace: AtomicU64,
}

/// What the thread leaves for whoever looks.
#[derive(Default)]
struct Board {
    counters: Counters,
    view: Mutex<Option<Arc<DebugView>>>,
    saved: Mutex<Option<SavedSession>>,
}

/// Called from the machine's thread when there is something new to see.
pub type Waker = Box<dyn Fn() + Send>;

/// A machine on its thread.
pub struct MachineHandle {
    commands: Sender<Command>,
    events: Receiver<Event>,
    pub frames: FrameViewer,
    /// The volume, and what each source plays.
    pub sound: MixerControl,
    board: Arc<Board>,
    thread: Option<JoinHandle<()>>,
    pub cpu_description: &'static CpuDescription,
    pub cpu_hz: u64,
}

impl MachineHandle {
    /// Gives a session a thread of its own. It begins paused. A companion decides when it has run enough.
    ///
    /// # Errors
    /// When the host has no thread left.
    pub fn start(
        name: &str,
        session: Session,
        companion: Option<Box<dyn Companion>>,
        waker: Waker,
    ) -> std::io::Result<Self> {
        let (commands, incoming) = channel();
        let (outgoing, events) = channel();
        let board = Arc::new(Board::default());
        let (showing, frames) = Showing::new(session.frames.clone());
        let sound = session.sound.clone();
        let cpu_description = session.machine.cpu().description();
        let cpu_hz = session.machine.cpu_hz();
        let shared = Arc::clone(&board);
        let thread = std::thread::Builder::new().name(format!("machine {name}")).spawn(move || {
            lower_priority();
            let worker = Worker::new(session, showing, incoming, outgoing, shared, waker);
            Worker { companion, ..worker }.run_guarded();
        })?;
        Ok(Self { commands, events, frames, sound, board, thread: Some(thread), cpu_description, cpu_hz })
    }

    /// Tells the machine something. A machine that has ended hears nothing.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// What the machine has told since the last call.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    pub fn counters(&self) -> &Counters {
        &self.board.counters
    }

    /// The newest view of those asked for with [`Command::Watch`].
    pub fn view(&self) -> Option<Arc<DebugView>> {
        self.board.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many cycles this host has computed in a second of work, once for each measurement; 0: none is new.
    pub fn take_pace(&self) -> u64 {
        self.board.counters.pace.swap(0, Ordering::Relaxed)
    }

    /// The state that [`Command::Suspend`] left, once [`RunState::Suspended`] was told.
    pub fn take_saved(&self) -> Option<SavedSession> {
        self.board.saved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until the thread has ended, after [`Command::PowerOff`] or [`Command::Suspend`].
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // Its panic was caught and told.
            let _ = thread.join();
        }
    }
}

/// The window's own thread goes first.
fn lower_priority() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
    let below_normal = ThreadPriorityValue::try_from(30u8).map(ThreadPriority::Crossplatform);
    if let Ok(priority) = below_normal
        && let Err(error) = set_current_thread_priority(priority)
    {
        tracing::debug!(?error, "the machine's thread keeps its priority");
    }
}

/// What a machine is about.
enum Mode {
    Paused,
    Running,
    Stepping(Stepping),
    Ended,
}

struct Worker {
    session: Session,
    showing: Showing,
    companion: Option<Box<dyn Companion>>,
    commands: Receiver<Command>,
    events: Sender<Event>,
    board: Arc<Board>,
    waker: Waker,
    mode: Mode,
    pacing: Pacing,
    typists: std::collections::VecDeque<Typist>,
    watch: Option<ViewRequest>,
    watches_caches: bool,
    view_due: Instant,
    /// The drives as they were told last.
    media: Vec<DeviceMedia>,
}

impl Worker {
    fn new(
        session: Session,
        showing: Showing,
        commands: Receiver<Command>,
        events: Sender<Event>,
        board: Arc<Board>,
        waker: Waker,
    ) -> Self {
        let pacing = Pacing::new(session.machine.cpu_hz());
        Self {
            session,
            showing,
            companion: None,
            commands,
            events,
            board,
            waker,
            mode: Mode::Paused,
            pacing,
            typists: std::collections::VecDeque::new(),
            watch: None,
            watches_caches: false,
            view_due: Instant::now(),
            media: Vec::new(),
        }
    }

    /// Runs to the machine's end; a panic is one.
    fn run_guarded(mut self) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run()));
        if let Err(panic) = outcome {
            let what = panic.downcast_ref::<String>().cloned();
            let what = what.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let text = format!(
                "The machine ended by a mistake in Anachron ({}). Its disks are as it left them; start it again.",
                what.unwrap_or_else(|| "no details".to_owned())
            );
            self.tell(Event::Notice(Notice { is_error: true, text }));
            self.tell(Event::RunStateChanged(RunState::Failed));
        }
    }

    fn run(&mut self) {
        self.tell_media();
        while !matches!(self.mode, Mode::Ended) {
            let patience = match self.mode {
                Mode::Running => self.pacing.time_to_wait(self.session.machine.now()),
                Mode::Stepping(_) => Duration::ZERO,
                Mode::Paused | Mode::Ended => IDLE,
            };
            self.obey_for(patience);
            match &mut self.mode {
                Mode::Running => self.run_slice(),
                Mode::Stepping(_) => self.step_slice(),
                Mode::Paused => self.after(Stop::Reached),
                Mode::Ended => {}
            }
            self.publish();
        }
    }

    /// Obeys commands until there is none, waiting for the first one at most so long.
    fn obey_for(&mut self, patience: Duration) {
        let mut patience = patience;
        loop {
            match self.commands.recv_timeout(patience) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => return,
                // Nobody is left who could command it.
                Err(RecvTimeoutError::Disconnected) => {
                    self.end(RunState::Off);
                    return;
                }
            }
            patience = Duration::ZERO;
        }
    }

    fn run_slice(&mut self) {
        let now = self.session.machine.now();
        let target = self.pacing.slice_end(now).min(self.next_look());
        let begun = Instant::now();
        let stop = self.session.run_until(target);
        let machine = &self.session.machine;
        let pace = self.pacing.ran(machine.now(), machine.idled(), begun.elapsed());
        // A watched processor is slower.
        if let Some(pace) = pace.filter(|_| !machine.is_watched()) {
            self.board.counters.pace.store(pace, Ordering::Relaxed);
        }
        self.advance_typing();
        self.after(stop);
    }

    fn step_slice(&mut self) {
        let last = self.next_look();
        let Mode::Stepping(stepping) = &mut self.mode else { return };
        let (reached, stop) = stepping.advance(&mut self.session.machine, last);
        self.session.serve_ports();
        if reached {
            self.stopped(String::new());
        }
        self.after(stop);
    }

    /// The companion wants no slice to go further.
    fn next_look(&self) -> Cycle {
        self.companion.as_ref().map_or(Cycle::NEVER, |companion| companion.next_look())
    }

    fn after(&mut self, stop: Stop) {
        let companion = self.companion.as_mut();
        match companion.map_or(Verdict::GoOn, |companion| companion.look(&mut self.session, stop)) {
            Verdict::GoOn => self.obey_stop(stop),
            Verdict::Over => self.end(RunState::Off),
            Verdict::Interrupted => self.suspend(),
        }
    }

    fn obey_stop(&mut self, stop: Stop) {
        match stop {
            Stop::Reached => {}
            Stop::Probe => {
                let why = self.session.machine.breakpoint_reason();
                self.stopped(why.unwrap_or_else(|| "Breakpoint".to_owned()));
            }
            Stop::PowerOff => self.end(RunState::Off),
        }
    }

    fn advance_typing(&mut self) {
        if let Some(typist) = self.typists.front_mut() {
            typist.advance(&mut self.session.machine);
            if typist.is_done(&self.session.machine) {
                self.typists.pop_front();
            }
        }
    }

    fn stopped(&mut self, why: String) {
        self.mode = Mode::Paused;
        self.view_due = Instant::now();
        self.tell(Event::RunStateChanged(RunState::Paused));
        self.tell(Event::Stopped(why));
        self.tell_breakpoints();
    }

    fn end(&mut self, state: RunState) {
        self.mode = Mode::Ended;
        match self.companion.take() {
            Some(mut companion) => companion.end(&mut self.session),
            None => self.flush_media(),
        }
        self.tell(Event::RunStateChanged(state));
    }

    fn flush_media(&mut self) {
        if let Err(error) = self.session.flush_media() {
            self.complain(error.to_string());
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Run => self.go(),
            Command::Pause => self.stopped("Paused".to_owned()),
            Command::Step(step) => self.begin_step(step),
            Command::Reset(kind) => self.input(Input::Reset(kind)),
            Command::PowerOff => self.end(RunState::Off),
            Command::Suspend => self.suspend(),
            Command::SetSpeed(speed) => self.set_speed(speed),
            Command::SetEngine(engine) => self.set_engine(engine),
            Command::SetFpu(mode) => {
                if !self.session.machine.cpu_mut().set_fpu_mode(mode) {
                    self.complain("The machine's processor has no floating-point unit.".to_owned());
                }
            }
            Command::Input(input) => self.take_hands(input),
            Command::Type(text) => self.type_text(&text),
            Command::Insert { device, slot, medium } => self.insert(device, slot, &medium),
            Command::Eject { device, slot } => self.eject(&device, slot),
            Command::SetRegister { register, value } => {
                if let Err(error) = self.session.machine.cpu_mut().set_register(register, value) {
                    self.complain(error.to_string());
                }
                self.view_due = Instant::now();
            }
            Command::Poke { linear, bytes } => self.poke(linear, &bytes),
            Command::SetBreakpoints(breakpoints) => {
                if let Err(error) = self.session.machine.set_breakpoints(breakpoints) {
                    self.complain(error.to_string());
                }
                self.tell_breakpoints();
            }
            Command::Watch(request) => {
                self.watch = request;
                self.view_due = Instant::now();
            }
            Command::SetCaches(config) => self.set_caches(config.as_ref()),
            Command::WatchCaches(wanted) => {
                self.watches_caches = wanted;
                self.view_due = Instant::now();
            }
        }
    }

    fn go(&mut self) {
        self.session.machine.pass_breakpoint_here();
        self.pacing.restart(self.session.machine.now());
        self.mode = Mode::Running;
        self.tell(Event::RunStateChanged(RunState::Running));
    }

    fn begin_step(&mut self, step: Step) {
        self.session.machine.pass_breakpoint_here();
        self.mode = Mode::Stepping(Stepping::new(step, &self.session.machine));
    }

    fn set_speed(&mut self, speed: Speed) {
        self.pacing.set_speed(speed, self.session.machine.now());
    }

    fn set_engine(&mut self, engine: EngineKind) {
        if self.session.machine.cpu_mut().set_engine(engine) {
            self.tell(Event::Engine(engine));
        } else {
            self.complain("The machine's processor has one engine only.".to_owned());
        }
    }

    fn suspend(&mut self) {
        let saved = self.session.save();
        *self.board.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(saved);
        self.end(RunState::Suspended);
    }

    /// Pads are plugged into the game port, all else goes to the keyboard.
    fn take_hands(&mut self, input: External) {
        match input {
            External::Input(HostInput::Pad { .. }) => {
                self.input(Input::Device { device: GAME_PORT.to_owned(), input });
            }
            _ => self.session.machine.keyboard_input(input),
        }
    }

    fn type_text(&mut self, text: &str) {
        match Typist::new(text) {
            Ok(typist) => self.typists.push_back(typist),
            Err(error) => self.complain(error.to_string()),
        }
    }

    fn insert(&mut self, device: String, slot: usize, medium: &MediumSpec) {
        let place = DrivePlace { device, slot, removable: true };
        if let Err(error) = self.session.insert(&place, medium) {
            self.complain(error.to_string());
        }
        self.tell_media();
    }

    fn eject(&mut self, device: &str, slot: usize) {
        if let Err(error) = self.session.eject(device, slot) {
            self.complain(error.to_string());
        }
        self.tell_media();
    }

    fn poke(&mut self, linear: u64, bytes: &[u8]) {
        for (at, &byte) in bytes.iter().enumerate() {
            if !self.session.machine.poke(linear.wrapping_add(at as u64), byte) {
                self.complain(format!("There is no memory to write to at {:05X}h", linear + at as u64));
                break;
            }
        }
        self.view_due = Instant::now();
    }

    fn input(&mut self, input: Input) {
        if let Err(error) = self.session.machine.input(input) {
            self.complain(error.to_string());
        }
    }

    fn set_caches(&mut self, config: Option<&CacheConfig>) {
        if let Err(problem) = self.session.machine.set_caches(config) {
            self.complain(problem.to_string());
        }
        self.view_due = Instant::now();
    }

    fn complain(&self, text: String) {
        self.tell(Event::Notice(Notice { is_error: true, text }));
    }

    /// Tells what is in the drives, if that has changed.
    fn tell_media(&mut self) {
        let media = self.session.media();
        if media != self.media {
            self.media.clone_from(&media);
            self.tell(Event::Media(media));
        }
    }

    fn tell_caches(&mut self) {
        let (at, stats) = (self.session.machine.now(), self.session.machine.cache_stats());
        self.tell(Event::Caches { at, stats });
    }

    fn tell_breakpoints(&mut self) {
        let breakpoints = self.session.machine.breakpoints();
        self.tell(Event::Breakpoints(breakpoints));
    }

    fn tell(&self, event: Event) {
        // A window that has gone need not hear it.
        let _ = self.events.send(event);
        (self.waker)();
    }

    /// Leaves what has changed where others look.
    fn publish(&mut self) {
        self.showing.advance();
        let counters = &self.board.counters;
        counters.cycles.store(self.session.machine.now().0, Ordering::Relaxed);
        counters.speed.store(self.pacing.speed_permille(), Ordering::Relaxed);
        counters.load.store(self.pacing.load_permille(), Ordering::Relaxed);
        for notice in self.session.take_notices() {
            self.tell(Event::Notice(notice));
        }
        if self.view_due <= Instant::now() {
            self.publish_view();
        }
    }

    fn publish_view(&mut self) {
        let paused = matches!(self.mode, Mode::Paused);
        self.view_due = Instant::now() + if paused { Duration::from_secs(3600) } else { VIEW_PERIOD };
        if let Some(request) = &self.watch {
            let view = Arc::new(self.session.machine.debug_view(request));
            *self.board.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(view);
            (self.waker)();
        }
        if self.watches_caches {
            self.tell_caches();
        }
        self.tell_media();
    }
}
