//! The PC's 83-key keyboard with the shift register that receives it (IBM PC XT Technical Reference, "Keyboard" and
//! the system board's 74LS322): scan codes of set 1, repetition, a buffer of 20 codes, self-test.
//!
//! The board gives a held-low clock and a clear; the register gives eight data lines and the interrupt. A key that the
//! 83-key keyboard lacks acts as the one that does its work there: the arrows as those of the numeric pad.

use emu_core::board::device::{Cx, Device, LineId, PinId, RegisterView, ResetKind};
use emu_core::board::external::External;
use emu_core::hal::input::{HostInput, KeyCode};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Codes that wait in the keyboard; the code after the last one that fits tells of the loss.
const BUFFER: usize = 20;
const OVERRUN: u8 = 0xFF;
/// What the self-test says when all is well.
const SELF_TEST_PASSED: u8 = 0xAA;
const BREAK: u8 = 0x80;

const SEND: EventTag = EventTag(0);
const REPEAT: EventTag = EventTag(1);

/// Durations in ticks of the board's clock.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// A scan code on the line: nine bits at about 10 kHz.
    code: u64,
    /// Until a held key repeats, and between repetitions ("typematic": 0.5 s, 10 a second).
    first_repeat: u64,
    repeat: u64,
    /// The clock held low for so long asks for a self-test.
    reset_hold: u64,
    self_test: u64,
}

/// All that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    waiting: VecDeque<u8>,
    /// The shift register, and whether it is full: then the interrupt is up and the line is blocked.
    register: u8,
    full: bool,
    /// The code on the line.
    sending: Option<u8>,
    clear: bool,
    clock: bool,
    clock_fell: Tick,
    /// The key that repeats.
    held: Option<u8>,
}

/// The keyboard and its register. See the module's words.
pub struct KeyboardXt {
    times: Times,
    state: State,
}

impl KeyboardXt {
    /// The interrupt.
    pub const IRQ: LineId = LineId(8);
    /// Low holds the keyboard back (the 8255's PB6).
    pub const CLOCK: PinId = PinId(0);
    /// High empties the register (the 8255's PB7).
    pub const CLEAR: PinId = PinId(1);

    /// A keyboard on a board of this tick rate.
    pub fn new(tick_hz: u64) -> Self {
        let times = Times {
            code: tick_hz / 1100,
            first_repeat: tick_hz / 2,
            repeat: tick_hz / 10,
            reset_hold: tick_hz / 80,
            self_test: tick_hz / 100,
        };
        Self { times, state: State::default() }
    }

    /// The register's output `bit`.
    pub const fn data(bit: u8) -> LineId {
        LineId(bit)
    }

    fn key(&mut self, code: u8, pressed: bool, cx: &mut Cx<'_>) {
        if pressed {
            self.state.held = Some(code);
            cx.arm(REPEAT, cx.now + self.times.first_repeat);
            self.queue(code, cx);
        } else {
            if self.state.held == Some(code) {
                self.state.held = None;
                cx.disarm(REPEAT);
            }
            self.queue(code | BREAK, cx);
        }
    }

    fn queue(&mut self, code: u8, cx: &mut Cx<'_>) {
        match self.state.waiting.len() {
            BUFFER.. => {}
            19 => self.state.waiting.push_back(OVERRUN),
            _ => self.state.waiting.push_back(code),
        }
        self.send(cx);
    }

    /// Puts the next code on the line, if that is free.
    fn send(&mut self, cx: &mut Cx<'_>) {
        let State { full, sending, clear, clock, .. } = self.state;
        if full || sending.is_some() || clear || !clock {
            return;
        }
        if let Some(code) = self.state.waiting.pop_front() {
            self.state.sending = Some(code);
            cx.arm(SEND, cx.now + self.times.code);
        }
    }

    fn show(&mut self, value: u8, full: bool, cx: &mut Cx<'_>) {
        (self.state.register, self.state.full) = (value, full);
        for bit in 0..8 {
            cx.set_line(Self::data(bit), value >> bit & 1 != 0);
        }
        cx.set_line(Self::IRQ, full);
    }

    fn set_clock(&mut self, level: bool, cx: &mut Cx<'_>) {
        if level == self.state.clock {
            return;
        }
        self.state.clock = level;
        if !level {
            self.state.clock_fell = cx.now;
            // What was on the line is sent again.
            if let Some(code) = self.state.sending.take() {
                self.state.waiting.push_front(code);
                cx.disarm(SEND);
            }
        } else if cx.now.since(self.state.clock_fell) >= self.times.reset_hold {
            self.state.waiting.clear();
            self.state.held = None;
            cx.disarm(REPEAT);
            self.state.sending = Some(SELF_TEST_PASSED);
            cx.arm(SEND, cx.now + self.times.self_test);
        } else {
            self.send(cx);
        }
    }

    fn set_clear(&mut self, level: bool, cx: &mut Cx<'_>) {
        self.state.clear = level;
        if level {
            self.show(0, false, cx);
        } else {
            self.send(cx);
        }
    }
}

impl Device for KeyboardXt {
    fn on_event(&mut self, tag: EventTag, due: Tick, cx: &mut Cx<'_>) {
        match tag {
            SEND => {
                if let Some(code) = self.state.sending.take()
                    && !self.state.clear
                {
                    self.show(code, true, cx);
                }
            }
            _ => {
                if let Some(code) = self.state.held {
                    // A guest that does not read gets no flood of repetitions.
                    if self.state.waiting.is_empty() {
                        self.queue(code, cx);
                    }
                    cx.arm(REPEAT, due + self.times.repeat);
                }
            }
        }
    }

    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        match pin {
            Self::CLOCK => self.set_clock(level, cx),
            _ => self.set_clear(level, cx),
        }
    }

    fn on_external(&mut self, input: &External, cx: &mut Cx<'_>) {
        if let External::Input(HostInput::Key { key, pressed }) = input
            && let Some(code) = scan_code(*key)
        {
            self.key(code, *pressed, cx);
        }
    }

    fn input_pending(&self) -> bool {
        !self.state.waiting.is_empty() || self.state.sending.is_some() || self.state.full
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            let State { clear, clock, .. } = self.state;
            self.state = State { clear, clock, clock_fell: cx.now, ..State::default() };
            cx.disarm(SEND);
            cx.disarm(REPEAT);
            self.show(0, false, cx);
        }
    }

    fn save(&self) -> SavedState {
        let Self { times: _, state } = self;
        SavedState::new(1, state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.state = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let waiting = format!("{} codes wait", self.state.waiting.len());
        vec![
            RegisterView::new("Shift register", self.state.register, 8, waiting),
            RegisterView::new("Full", self.state.full, 1, ""),
        ]
    }
}

/// Scan codes 1 to 83 in order ("Keyboard Scan Codes"), as the keys of today that lie there.
const KEYS: [KeyCode; 83] = {
    use KeyCode::*;
    [
        Escape,
        Digit1,
        Digit2,
        Digit3,
        Digit4,
        Digit5,
        Digit6,
        Digit7,
        Digit8,
        Digit9,
        Digit0,
        Minus,
        Equal,
        Backspace,
        Tab,
        KeyQ,
        KeyW,
        KeyE,
        KeyR,
        KeyT,
        KeyY,
        KeyU,
        KeyI,
        KeyO,
        KeyP,
        BracketLeft,
        BracketRight,
        Enter,
        ControlLeft,
        KeyA,
        KeyS,
        KeyD,
        KeyF,
        KeyG,
        KeyH,
        KeyJ,
        KeyK,
        KeyL,
        Semicolon,
        Quote,
        Backquote,
        ShiftLeft,
        Backslash,
        KeyZ,
        KeyX,
        KeyC,
        KeyV,
        KeyB,
        KeyN,
        KeyM,
        Comma,
        Period,
        Slash,
        ShiftRight,
        NumpadMultiply,
        AltLeft,
        Space,
        CapsLock,
        F1,
        F2,
        F3,
        F4,
        F5,
        F6,
        F7,
        F8,
        F9,
        F10,
        NumLock,
        ScrollLock,
        Numpad7,
        Numpad8,
        Numpad9,
        NumpadSubtract,
        Numpad4,
        Numpad5,
        Numpad6,
        NumpadAdd,
        Numpad1,
        Numpad2,
        Numpad3,
        Numpad0,
        NumpadDecimal,
    ]
};

/// Keys that the 83-key keyboard lacks, and those that do their work there.
const STAND_INS: [(KeyCode, KeyCode); 16] = [
    (KeyCode::ArrowUp, KeyCode::Numpad8),
    (KeyCode::ArrowDown, KeyCode::Numpad2),
    (KeyCode::ArrowLeft, KeyCode::Numpad4),
    (KeyCode::ArrowRight, KeyCode::Numpad6),
    (KeyCode::Home, KeyCode::Numpad7),
    (KeyCode::End, KeyCode::Numpad1),
    (KeyCode::PageUp, KeyCode::Numpad9),
    (KeyCode::PageDown, KeyCode::Numpad3),
    (KeyCode::Insert, KeyCode::Numpad0),
    (KeyCode::Delete, KeyCode::NumpadDecimal),
    (KeyCode::NumpadEnter, KeyCode::Enter),
    (KeyCode::NumpadDivide, KeyCode::Slash),
    (KeyCode::ControlRight, KeyCode::ControlLeft),
    (KeyCode::AltRight, KeyCode::AltLeft),
    (KeyCode::PrintScreen, KeyCode::NumpadMultiply),
    (KeyCode::IntlBackslash, KeyCode::Backslash),
];

/// The scan code of a key, or of its stand-in.
fn scan_code(key: KeyCode) -> Option<u8> {
    let stand_in = STAND_INS.iter().find(|pair| pair.0 == key).map_or(key, |pair| pair.1);
    KEYS.iter().position(|&known| known == stand_in).map(|at| at as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;
    use proptest::prelude::*;

    const HZ: u64 = 1_000_000;

    fn keyboard() -> Bench<KeyboardXt> {
        let mut bench = Bench::new(KeyboardXt::new(HZ));
        bench.set_pin(KeyboardXt::CLOCK, true);
        bench
    }

    fn key(bench: &mut Bench<KeyboardXt>, key: KeyCode, pressed: bool) {
        bench.external(&External::Input(HostInput::Key { key, pressed }));
    }

    fn shown(bench: &Bench<KeyboardXt>) -> u8 {
        (0..8).fold(0, |sum, bit| sum | u8::from(bench.line(KeyboardXt::data(bit))) << bit)
    }

    /// What a guest reads, acknowledging each code.
    fn read_all(bench: &mut Bench<KeyboardXt>) -> Vec<u8> {
        let mut codes = Vec::new();
        loop {
            bench.advance(2_000);
            if !bench.line(KeyboardXt::IRQ) {
                return codes;
            }
            codes.push(shown(bench));
            bench.set_pin(KeyboardXt::CLEAR, true);
            bench.set_pin(KeyboardXt::CLEAR, false);
        }
    }

    #[test]
    fn known_scan_codes() {
        for (key, code) in [
            (KeyCode::Escape, 0x01),
            (KeyCode::KeyA, 0x1E),
            (KeyCode::Space, 0x39),
            (KeyCode::F1, 0x3B),
            (KeyCode::F10, 0x44),
            (KeyCode::Numpad7, 0x47),
            (KeyCode::NumpadDecimal, 0x53),
            (KeyCode::ArrowUp, 0x48),
        ] {
            assert_eq!(scan_code(key), Some(code), "{key:?}");
        }
        assert_eq!(scan_code(KeyCode::F11), None);
    }

    #[test]
    fn a_stroke_is_a_make_and_a_break_code() {
        let mut bench = keyboard();
        bench.advance(50_000);
        read_all(&mut bench);
        key(&mut bench, KeyCode::KeyA, true);
        key(&mut bench, KeyCode::KeyA, false);
        assert!(bench.device.input_pending());
        assert_eq!(read_all(&mut bench), [0x1E, 0x9E]);
        assert!(!bench.device.input_pending());
    }

    #[test]
    fn a_held_key_repeats_after_half_a_second() {
        let mut bench = keyboard();
        key(&mut bench, KeyCode::KeyB, true);
        assert_eq!(read_all(&mut bench), [0x30]);
        bench.advance(480_000);
        assert_eq!(read_all(&mut bench), []);
        bench.advance(30_000);
        assert_eq!(read_all(&mut bench), [0x30]);
        key(&mut bench, KeyCode::KeyB, false);
        assert_eq!(read_all(&mut bench), [0xB0]);
        bench.advance(2_000_000);
        assert_eq!(read_all(&mut bench), []);
    }

    #[test]
    fn a_clock_held_low_for_long_is_answered_by_the_self_test() {
        let mut bench = keyboard();
        bench.set_pin(KeyboardXt::CLOCK, false);
        bench.advance(20_000);
        bench.set_pin(KeyboardXt::CLOCK, true);
        bench.advance(11_000);
        assert_eq!(read_all(&mut bench), [0xAA]);
    }

    #[test]
    fn the_buffer_overruns_by_the_book() {
        let mut bench = keyboard();
        for _ in 0..30 {
            key(&mut bench, KeyCode::KeyC, false);
        }
        let codes = read_all(&mut bench);
        // One is on the line, nineteen wait, and the last one tells of the loss.
        assert_eq!(codes.len(), 21);
        assert_eq!(codes.last(), Some(&0xFF));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_by_a_snapshot(steps in prop::collection::vec((0usize..83, any::<bool>(), 0u64..3_000, 0u8..4), 1..60)) {
            let mut bench = keyboard();
            for (at, pressed, wait, pins) in steps {
                key(&mut bench, KEYS[at], pressed);
                bench.advance(wait);
                bench.set_pin(KeyboardXt::CLEAR, pins & 1 != 0);
                bench.set_pin(KeyboardXt::CLOCK, pins & 2 != 0);
                let saved = bench.device.save();
                let mut other = KeyboardXt::new(HZ);
                other.restore(&saved).unwrap();
                prop_assert_eq!(other.save(), saved);
                prop_assert!(bench.device.state.waiting.len() <= BUFFER + 1);
            }
        }
    }
}
