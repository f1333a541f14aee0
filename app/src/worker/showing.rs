//! Frames on their way from a machine to whoever looks at it. A card makes each one anew, sixty a second; only one that
//! looks different is handed on, so that an unchanged picture wakes no window.

use emu_core::hal::video::{Frame, FrameViewer, LatestFrames, OutputId, VideoOut, latest_frames};

/// The display that windows show.
const OUTPUT: OutputId = OutputId(0);

/// Between the card's frames and the window's.
pub struct Showing {
    made: FrameViewer,
    shown: LatestFrames,
    /// As it was handed on last.
    last: Option<Frame>,
}

impl Showing {
    /// With the end that the window looks at.
    pub fn new(made: FrameViewer) -> (Self, FrameViewer) {
        let (shown, viewer) = latest_frames();
        (Self { made, shown, last: None }, viewer)
    }

    /// Hands the newest frame on, if there is one that looks different.
    pub fn advance(&mut self) {
        while let Some(unseen) = self.shown.recycle() {
            self.made.give_back(unseen);
        }
        let Some(frame) = self.made.take(OUTPUT) else { return };
        if self.last.as_ref().is_some_and(|last| last.looks_like(&frame)) {
            self.made.give_back(frame);
            return;
        }
        if let Some(old) = self.last.replace(frame.clone()) {
            self.made.give_back(old);
        }
        self.shown.present(OUTPUT, frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::video::FrameHead;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn an_unchanged_picture_wakes_nobody() {
        let (mut card, made) = latest_frames();
        let (mut showing, viewer) = Showing::new(made);
        let woken = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&woken);
        viewer.on_frame(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        for (number, width) in (0..).zip([8, 8, 8, 16, 16, 8]) {
            let mut frame = card.blank_frame();
            frame.begin(FrameHead { number, ..FrameHead::of_size(width, 8, (1, 1)) });
            card.present(OUTPUT, frame);
            showing.advance();
        }
        showing.advance();
        assert_eq!(woken.load(Ordering::Relaxed), 3);
        assert_eq!(viewer.take(OUTPUT).map(|frame| frame.head().number), Some(5));
    }
}
