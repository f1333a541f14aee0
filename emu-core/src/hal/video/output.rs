//! Where finished frames go: the trait that cards see, and its doubles for windows, tests and no screen at all.

use super::frame::Frame;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// One of a machine's monitor sockets, numbered by the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutputId(pub u8);

/// Takes the pictures of a machine's cards. Nothing here may change what the guest sees: a card asks, hands over
/// and goes on.
pub trait VideoOut: Send {
    /// Whether a frame begun now would be looked at. A card that is told no need not make one.
    fn wants_frame(&self, output: OutputId) -> bool;

    /// Hands over a finished frame.
    fn present(&mut self, output: OutputId, frame: Frame);

    /// A spent frame, for its allocations.
    fn recycle(&mut self) -> Option<Frame> {
        None
    }

    /// A frame to fill: a spent one, or a new one.
    fn blank_frame(&mut self) -> Frame {
        self.recycle().unwrap_or_default()
    }
}

/// No screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullVideo;

impl VideoOut for NullVideo {
    fn wants_frame(&self, _output: OutputId) -> bool {
        false
    }

    fn present(&mut self, _output: OutputId, _frame: Frame) {}
}

/// Keeps the last frame of each output, for headless runs and tests.
#[derive(Clone, Debug, Default)]
pub struct FrameRecorder {
    last: BTreeMap<OutputId, Frame>,
    spare: Option<Frame>,
    presented: u64,
}

impl FrameRecorder {
    /// The newest frame of an output.
    pub fn last(&self, output: OutputId) -> Option<&Frame> {
        self.last.get(&output)
    }

    /// How many frames were handed over, over all outputs.
    pub const fn presented(&self) -> u64 {
        self.presented
    }
}

impl VideoOut for FrameRecorder {
    fn wants_frame(&self, _output: OutputId) -> bool {
        true
    }

    fn present(&mut self, output: OutputId, frame: Frame) {
        self.presented += 1;
        self.spare = self.last.insert(output, frame);
    }

    fn recycle(&mut self) -> Option<Frame> {
        self.spare.take()
    }
}

/// When a viewer wants frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nobody looks.
    Never = 0,
    /// When the last one was taken: a machine that runs flat out then makes no frame in vain.
    WhenTaken = 1,
    /// Every one, so that the newest is always there.
    Always = 2,
}

/// The machine's end of a slot per output in which the newest frame wins. Frames are swapped, never copied, and
/// the lock is held for no longer than a swap.
pub struct LatestFrames(Arc<Shared>);

/// The viewer's end of [`LatestFrames`].
#[derive(Clone)]
pub struct FrameViewer(Arc<Shared>);

struct Shared {
    slots: Mutex<Slots>,
    demand: AtomicU8,
    /// Called after each frame; see [`FrameViewer::on_frame`].
    waker: OnceLock<Waker>,
}

type Waker = Box<dyn Fn(OutputId) + Send + Sync>;

#[derive(Default)]
struct Slots {
    newest: BTreeMap<OutputId, Frame>,
    spare: Vec<Frame>,
    presented: u64,
}

/// Frames kept for their allocations: one under way and one in flight for each of two outputs.
const MAX_SPARE: usize = 4;

impl Shared {
    /// A panic elsewhere leaves the slots whole: every change to them is a move.
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn keep_spare(&mut self, frame: Frame) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(frame);
        }
    }
}

/// Both ends of a set of slots, with the demand [`Demand::Always`].
pub fn latest_frames() -> (LatestFrames, FrameViewer) {
    let demand = AtomicU8::new(Demand::Always as u8);
    let shared = Arc::new(Shared { slots: Mutex::default(), demand, waker: OnceLock::new() });
    (LatestFrames(Arc::clone(&shared)), FrameViewer(shared))
}

impl VideoOut for LatestFrames {
    fn wants_frame(&self, output: OutputId) -> bool {
        match self.0.demand.load(Ordering::Relaxed) {
            0 => false,
            1 => !self.0.lock().newest.contains_key(&output),
            _ => true,
        }
    }

    fn present(&mut self, output: OutputId, frame: Frame) {
        let mut slots = self.0.lock();
        slots.presented += 1;
        if let Some(unseen) = slots.newest.insert(output, frame) {
            slots.keep_spare(unseen);
        }
        drop(slots);
        if let Some(wake) = self.0.waker.get() {
            wake(output);
        }
    }

    fn recycle(&mut self) -> Option<Frame> {
        self.0.lock().spare.pop()
    }
}

impl FrameViewer {
    /// Says when frames are wanted.
    pub fn set_demand(&self, demand: Demand) {
        self.0.demand.store(demand as u8, Ordering::Relaxed);
    }

    /// Has `wake` called on the machine's thread after each frame, so that a window which sleeps draws it. It must
    /// return at once. Only the first call of this counts.
    pub fn on_frame(&self, wake: impl Fn(OutputId) + Send + Sync + 'static) {
        let _ = self.0.waker.set(Box::new(wake));
    }

    /// Takes the newest frame of an output, if there is one since the last call.
    pub fn take(&self, output: OutputId) -> Option<Frame> {
        self.0.lock().newest.remove(&output)
    }

    /// Gives a frame back for its allocations.
    pub fn give_back(&self, frame: Frame) {
        self.0.lock().keep_spare(frame);
    }

    /// How many frames were handed over, over all outputs.
    pub fn presented(&self) -> u64 {
        self.0.lock().presented
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::FrameHead;
    use super::*;

    const OUT: OutputId = OutputId(0);

    fn numbered(mut frame: Frame, number: u64) -> Frame {
        frame.begin(FrameHead { number, ..FrameHead::of_size(8, 8, (1, 1)) });
        frame
    }

    #[test]
    fn the_newest_frame_wins_and_the_others_come_back() {
        let (mut out, viewer) = latest_frames();
        for number in 1..=3 {
            let frame = numbered(out.blank_frame(), number);
            out.present(OUT, frame);
        }
        assert_eq!(viewer.take(OUT).unwrap().head().number, 3);
        assert!(viewer.take(OUT).is_none());
        assert!(out.recycle().is_some(), "an unseen frame");
        assert_eq!(viewer.presented(), 3);
    }

    #[test]
    fn a_sleeping_window_is_woken() {
        let (mut out, viewer) = latest_frames();
        let woken = Arc::new(AtomicU8::new(0));
        let counter = Arc::clone(&woken);
        let looking = viewer.clone();
        viewer.on_frame(move |output| {
            assert!(looking.take(output).is_some(), "the frame is there, and no lock is held");
            counter.fetch_add(1, Ordering::Relaxed);
        });
        (0..3).for_each(|_| out.present(OUT, Frame::default()));
        assert_eq!(woken.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn demand_is_heard() {
        let (mut out, viewer) = latest_frames();
        for (demand, empty, full) in
            [(Demand::Never, false, false), (Demand::WhenTaken, true, false), (Demand::Always, true, true)]
        {
            viewer.set_demand(demand);
            assert_eq!(out.wants_frame(OUT), empty, "{demand:?}");
            out.present(OUT, Frame::default());
            assert_eq!(out.wants_frame(OUT), full, "{demand:?}");
            viewer.take(OUT);
        }
    }

    #[test]
    fn spares_are_bounded() {
        let (mut out, viewer) = latest_frames();
        (0..100).for_each(|_| viewer.give_back(Frame::default()));
        assert_eq!(std::iter::from_fn(|| out.recycle()).count(), MAX_SPARE);
    }

    #[test]
    fn frames_cross_threads() {
        let (mut out, viewer) = latest_frames();
        let maker = std::thread::spawn(move || {
            for number in 1..=1000 {
                let frame = numbered(out.blank_frame(), number);
                out.present(OUT, frame);
            }
        });
        let mut last = 0;
        while last < 1000 {
            let Some(frame) = viewer.take(OUT) else {
                std::thread::yield_now();
                continue;
            };
            assert!(frame.head().number > last);
            last = frame.head().number;
            viewer.give_back(frame);
        }
        maker.join().unwrap();
    }

    #[test]
    fn a_recorder_keeps_the_last_frame() {
        let mut recorder = FrameRecorder::default();
        recorder.present(OUT, numbered(Frame::default(), 1));
        recorder.present(OUT, numbered(Frame::default(), 2));
        assert_eq!(recorder.last(OUT).unwrap().head().number, 2);
        assert_eq!(recorder.recycle().unwrap().head().number, 1);
    }
}
