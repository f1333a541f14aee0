//! What the real window costs: its thread's time per frame, the way from a click to the guest's first pixel, the
//! memory that a machine adds, and how fast two machines run beside each other.
//!
//! `cargo xtask bench` runs it under a virtual screen and reads the lines that it prints, one a figure:
//! `window_cost library|demo|flat-out [FLOPPY]`. The window closes by itself.
#![forbid(unsafe_code)]

use anachron::gui::{self, App};
use anachron::session::SessionOptions;
use anachron::session::media::DEMO_DISK;
use cpu_time::ThreadTime;
use eframe::{Frame, Storage, glow};
use egui::{Context, RawInput, Ui, ViewportCommand};
use emu_core::machine::protocol::{MediumSpec, Speed};
use machines::boards::xt;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A frame of a usual screen.
const FRAME: Duration = Duration::from_micros(16_667);

/// How long a started machine may take to show something.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done in turn.
enum Act {
    /// Draws for so long without measuring.
    Settle(Duration),
    /// Switches a machine on as a click would, and waits for its first pixel.
    Start { floppy: String, speed: Speed },
    /// Says how much memory the process has.
    Memory(&'static str),
    /// Measures frames, and the speed of the machines that run, for so long.
    Measure { what: &'static str, length: Duration },
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let floppy = arguments.next().unwrap_or_else(|| DEMO_DISK.to_owned());
    let plan = plan(&scenario, &floppy);
    anyhow::ensure!(!plan.is_empty(), "say what to measure: library, demo or flat-out");
    gui::open_wrapped(|app, _| Rehearsal::new(app, plan))
}

fn plan(scenario: &str, floppy: &str) -> VecDeque<Act> {
    let settle = |seconds| Act::Settle(Duration::from_secs(seconds));
    let measure = |what| Act::Measure { what, length: Duration::from_secs(5) };
    let start = |speed| Act::Start { floppy: floppy.to_owned(), speed };
    let acts = match scenario {
        "library" => vec![settle(2), measure("library")],
        "demo" => vec![
            settle(2),
            Act::Memory("bare"),
            start(Speed::Real),
            settle(4),
            Act::Memory("running"),
            measure("demo"),
        ],
        "flat-out" => vec![
            settle(2),
            start(Speed::Unlimited),
            settle(2),
            measure("one"),
            start(Speed::Unlimited),
            settle(2),
            measure("two"),
        ],
        _ => Vec::new(),
    };
    acts.into()
}

/// The window with a plan of what happens in it.
struct Rehearsal {
    app: App,
    plan: VecDeque<Act>,
    /// When the present act began.
    begun: Instant,
    pass_began: Instant,
    thread: ThreadTime,
    frames: Vec<FrameCost>,
    /// The machines' cycles when the present act began.
    cycles: Vec<u64>,
    start: Option<Starting>,
}

/// What a frame took, in milliseconds.
#[derive(Clone, Copy)]
struct FrameCost {
    /// Of the thread's processor time, from the frame's begin to the next one's.
    cpu: f64,
    /// Of the clock's time, without waiting for the screen.
    wall: f64,
}

/// A machine that was switched on and has shown nothing yet.
struct Starting {
    clicked: Instant,
    /// When a frame with a lit pixel in it began to be drawn.
    lit: Option<Instant>,
}

impl Rehearsal {
    fn new(app: App, plan: VecDeque<Act>) -> Self {
        let now = Instant::now();
        Self {
            app,
            plan,
            begun: now,
            pass_began: now,
            thread: ThreadTime::now(),
            frames: Vec::new(),
            cycles: Vec::new(),
            start: None,
        }
    }

    /// Notes what the frame before this one took.
    fn note_frame(&mut self, frame: &Frame) {
        let thread = ThreadTime::now();
        let cpu = thread.duration_since(self.thread).as_secs_f64() * 1e3;
        self.thread = thread;
        let wall = frame.info().cpu_usage.map_or(0.0, |seconds| f64::from(seconds) * 1e3);
        self.frames.push(FrameCost { cpu, wall });
        self.pass_began = Instant::now();
        if let Some(Starting { clicked, lit: Some(lit) }) = self.start {
            println!("start_ms {:.1}", (lit - clicked).as_secs_f64() * 1e3 + wall);
            self.start = None;
            self.next_act();
        }
    }

    fn next_act(&mut self) {
        self.plan.pop_front();
        self.begun = Instant::now();
        self.frames.clear();
        self.cycles = self.machines_cycles();
    }

    fn machines_cycles(&self) -> Vec<u64> {
        self.app.machines().map(|page| page.cycles().unwrap_or(0)).collect()
    }

    fn act(&mut self, ctx: &Context) {
        match self.plan.front() {
            None => ctx.send_viewport_cmd(ViewportCommand::Close),
            Some(&Act::Settle(length)) if self.begun.elapsed() >= length => self.next_act(),
            Some(&Act::Settle(_)) => {}
            Some(Act::Memory(what)) => {
                println!("memory_kib {what} {}", memory_kib());
                self.next_act();
            }
            Some(Act::Measure { what, length }) if self.begun.elapsed() >= *length => {
                self.report(what);
                self.next_act();
            }
            Some(Act::Measure { .. }) => {}
            Some(Act::Start { floppy, speed }) => {
                let (floppy, speed) = (floppy.clone(), *speed);
                self.start_machine(floppy, speed, ctx);
            }
        }
    }

    fn start_machine(&mut self, image: String, speed: Speed, ctx: &Context) {
        if self.start.is_none() {
            let floppy = MediumSpec { image, write_protected: false, disposable: true };
            let options =
                SessionOptions { floppies: vec![floppy], disposable: true, speed, ..Default::default() };
            self.app.start((xt::KIND.profile)(), options, ctx);
            self.start = Some(Starting { clicked: self.pass_began, lit: None });
        } else if self.begun.elapsed() > PATIENCE {
            eprintln!("the machine shows nothing");
            self.plan.clear();
        } else if self.shows_something()
            && let Some(start) = &mut self.start
        {
            start.lit.get_or_insert(self.pass_began);
        }
    }

    /// Whether the machine that is shown has lit a pixel.
    fn shows_something(&self) -> bool {
        let is_there = self.app.machines().count() > self.cycles.len();
        let Some(page) = self.app.machine().filter(|_| is_there) else { return false };
        let Some(frame) = page.screen.frame() else { return false };
        let mut rgba = Vec::new();
        frame.render_rgba(&mut rgba);
        rgba.as_chunks::<4>().0.iter().any(|[red, green, blue, _]| red | green | blue != 0)
    }

    fn report(&self, what: &str) {
        let (cpu, wall) = (self.sorted(|frame| frame.cpu), self.sorted(|frame| frame.wall));
        let at = |sorted: &[f64], percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        for (name, costs) in [("cpu", &cpu), ("wall", &wall)] {
            if let (Some(median), Some(p99)) = (at(costs, 50), at(costs, 99)) {
                println!("frame_{name}_ms {what} {median:.2} {p99:.2} of {}", costs.len());
            }
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        for (before, after) in self.cycles.iter().zip(self.machines_cycles()) {
            println!("cycles_per_second {what} {:.0}", (after - before) as f64 / seconds);
        }
    }

    fn sorted(&self, cost: impl Fn(&FrameCost) -> f64) -> Vec<f64> {
        let mut costs: Vec<f64> = self.frames.iter().map(cost).collect();
        costs.sort_by(f64::total_cmp);
        costs
    }
}

/// What the process has of memory, its share of what it shares with others (Linux: PSS).
fn memory_kib() -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    pss.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

impl eframe::App for Rehearsal {
    fn logic(&mut self, ctx: &Context, frame: &mut Frame) {
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        self.note_frame(frame);
        self.app.ui(ui, frame);
        let ctx = ui.ctx().clone();
        self.act(&ctx);
        ctx.request_repaint_after(FRAME);
    }

    fn raw_input_hook(&mut self, ctx: &Context, raw_input: &mut RawInput) {
        self.app.raw_input_hook(ctx, raw_input);
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        self.app.save(storage);
    }

    fn on_exit(&mut self, gl: Option<&glow::Context>) {
        self.app.on_exit(gl);
    }
}
