//! From the guest's clock to the host's: a short queue that a machine fills and a sound device's callback empties.
//!
//! The two clocks are never quite equal. The fill level of the queue steers the reading speed within ±0.5 %
//! (proportional and integral, slow enough not to be heard), so that the delay stays near [`TARGET_FRAMES`]. A
//! machine that falls behind for a while is not answered with gaps: as the queue drains the sound slows down, and
//! when nothing is left the last level is held and faded out; when there is sound again it is faded in. No step of
//! that makes a jump in the signal.

use super::OUTPUT_HZ;
use super::kernel::{self, TAPS};
use super::sink::AudioSink;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames of delay that the queue is steered to: 50 ms.
pub const TARGET_FRAMES: usize = OUTPUT_HZ as usize / 20;
/// Below this fill the sound slows down.
const LOW_FRAMES: usize = TARGET_FRAMES / 4;
/// The most frames that wait; a machine that runs faster than time loses the rest.
const MAX_FRAMES: usize = TARGET_FRAMES * 4;
/// The most that drift control changes the speed by.
pub const MAX_DRIFT: f64 = 0.005;
/// The controller's gains, for a fill error in units of the target: it settles within some ten seconds.
const PROPORTIONAL: f64 = 0.02;
const INTEGRAL_PER_SECOND: f64 = 0.0017;
/// How fast the measured fill follows the true one.
const FILL_SMOOTHING_SECONDS: f64 = 0.2;
/// Seconds for a fade, and for the speed to change from stop to full.
const FADE_SECONDS: f64 = 0.01;
const GLIDE_SECONDS: f64 = 0.05;
/// Frames over which a join across lost frames is smoothed.
const JOIN_FRAMES: usize = 256;

/// The two ends of a queue, for a host device of `host_hz` frames a second (at least 1).
pub fn ring(host_hz: u32) -> (RingSink, HostStream) {
    let shared = Arc::new(Mutex::new(Queue::default()));
    (RingSink(Arc::clone(&shared)), HostStream::new(shared, host_hz))
}

/// What waits between the two clocks.
#[derive(Default)]
struct Queue {
    frames: VecDeque<[f32; 2]>,
    /// The last frame queued, and what is added to the next ones after a loss, so that they join it.
    last: [f32; 2],
    join: [f32; 2],
    join_left: usize,
    lost: bool,
    dropped: u64,
}

/// The machine's end.
pub struct RingSink(Arc<Mutex<Queue>>);

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AudioSink for RingSink {
    fn push(&mut self, frames: &[[f32; 2]]) {
        lock(&self.0).push(frames);
    }
}

impl RingSink {
    /// Frames that wait to be played.
    pub fn fill(&self) -> usize {
        lock(&self.0).frames.len()
    }
}

impl Queue {
    fn push(&mut self, frames: &[[f32; 2]]) {
        let room = MAX_FRAMES.saturating_sub(self.frames.len()).min(frames.len());
        if let (true, Some(first)) = (self.lost && room > 0, frames.first()) {
            self.join = [self.last[0] - first[0], self.last[1] - first[1]];
            self.join_left = JOIN_FRAMES;
            self.lost = false;
        }
        for frame in &frames[..room] {
            let share = self.join_left as f32 / JOIN_FRAMES as f32;
            self.join_left = self.join_left.saturating_sub(1);
            self.last = [frame[0] + self.join[0] * share, frame[1] + self.join[1] * share];
            self.frames.push_back(self.last);
        }
        self.lost |= room < frames.len();
        self.dropped += (frames.len() - room) as u64;
    }
}

/// What the host's end has met.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostStatus {
    /// Frames that wait in the queue.
    pub fill: usize,
    /// How often nothing was left to play.
    pub underruns: u64,
    /// Frames that found no room.
    pub dropped: u64,
    /// By how much drift control changes the speed at present.
    pub drift: f64,
}

/// The host's end: fills the sound device's buffers at its rate.
pub struct HostStream {
    queue: Arc<Mutex<Queue>>,
    host_hz: f64,
    /// The frames around the reading position, oldest first.
    window: [[f32; 2]; TAPS],
    /// The reading position between the window's middle frames, 0 to 1.
    fraction: f64,
    /// Frames taken out of the queue at the beginning of a callback.
    taken: VecDeque<[f32; 2]>,
    controller: DriftController,
    /// The speed at present, in units of the full one, and the volume.
    speed: f64,
    volume: f64,
    starved: bool,
    underruns: u64,
}

impl HostStream {
    fn new(queue: Arc<Mutex<Queue>>, host_hz: u32) -> Self {
        Self {
            queue,
            host_hz: f64::from(host_hz.max(1)),
            window: [[0.0; 2]; TAPS],
            fraction: 0.0,
            taken: VecDeque::new(),
            controller: DriftController::default(),
            speed: 0.0,
            volume: 0.0,
            starved: true,
            underruns: 0,
        }
    }

    /// Fills a device's buffer. Holds the queue's lock only while it takes out what it needs.
    pub fn fill(&mut self, out: &mut [[f32; 2]]) {
        let step = f64::from(OUTPUT_HZ) / self.host_hz;
        let left = self.take_frames((out.len() as f64 * step * (1.0 + MAX_DRIFT)) as usize + 2);
        let fill = left + self.taken.len();
        if !self.starved {
            self.controller.update(fill, out.len() as f64 / self.host_hz);
        } else if fill >= TARGET_FRAMES {
            self.starved = false;
        }
        let full_speed = 1.0 + self.controller.drift;
        for frame in out {
            self.glide(left + self.taken.len());
            self.advance(step * self.speed * full_speed);
            *frame = self.sample();
        }
    }

    /// What has happened so far.
    pub fn status(&self) -> HostStatus {
        let queue = lock(&self.queue);
        HostStatus {
            fill: queue.frames.len() + self.taken.len(),
            underruns: self.underruns,
            dropped: queue.dropped,
            drift: self.controller.drift,
        }
    }

    /// Moves frames from the queue to `taken` until there are `wanted`; gives how many stay in the queue.
    fn take_frames(&mut self, wanted: usize) -> usize {
        let mut queue = lock(&self.queue);
        let count = wanted.saturating_sub(self.taken.len()).min(queue.frames.len());
        self.taken.extend(queue.frames.drain(..count));
        queue.frames.len()
    }

    /// Lets speed and volume follow what the fill allows.
    fn glide(&mut self, fill: usize) {
        let (speed, volume) =
            if self.starved { (0.0, 0.0) } else { ((fill as f64 / LOW_FRAMES as f64).min(1.0), 1.0) };
        self.speed = towards(self.speed, speed, 1.0 / (GLIDE_SECONDS * self.host_hz));
        self.volume = towards(self.volume, volume, 1.0 / (FADE_SECONDS * self.host_hz));
    }

    /// Moves the reading position on by `frames`. With nothing left it stays and starves.
    fn advance(&mut self, frames: f64) {
        self.fraction += frames;
        while self.fraction >= 1.0 {
            let Some(next) = self.taken.pop_front() else {
                self.underruns += u64::from(!self.starved);
                self.starved = true;
                self.speed = 0.0;
                self.fraction = JUST_BELOW_ONE;
                return;
            };
            self.window.rotate_left(1);
            self.window[TAPS - 1] = next;
            self.fraction -= 1.0;
        }
    }

    /// The signal at the reading position.
    fn sample(&self) -> [f32; 2] {
        let row = kernel::row_at(kernel::impulse(), self.fraction as f32);
        let mut sum = [0.0; 2];
        for (frame, tap) in self.window.iter().zip(row) {
            sum[0] += frame[0] * tap;
            sum[1] += frame[1] * tap;
        }
        sum.map(|level| level * self.volume as f32)
    }
}

const JUST_BELOW_ONE: f64 = 1.0 - 1e-6;

fn towards(value: f64, goal: f64, step: f64) -> f64 {
    value + (goal - value).clamp(-step, step)
}

/// Keeps the fill near its target by small changes of the speed.
#[derive(Default)]
struct DriftController {
    /// The measured fill, in units of the target; none before the first measurement.
    fill: Option<f64>,
    integral: f64,
    drift: f64,
}

impl DriftController {
    fn update(&mut self, fill: usize, seconds: f64) {
        let measured = fill as f64 / TARGET_FRAMES as f64;
        let smoothed = self
            .fill
            .map_or(measured, |fill| fill + (measured - fill) * (seconds / FILL_SMOOTHING_SECONDS).min(1.0));
        self.fill = Some(smoothed);
        let error = smoothed - 1.0;
        let wanted = PROPORTIONAL * error + self.integral;
        self.drift = wanted.clamp(-MAX_DRIFT, MAX_DRIFT);
        // At its limit the integral would only run away.
        if self.drift == wanted {
            let integral = self.integral + INTEGRAL_PER_SECOND * error * seconds;
            self.integral = integral.clamp(-MAX_DRIFT, MAX_DRIFT);
        }
    }
}
