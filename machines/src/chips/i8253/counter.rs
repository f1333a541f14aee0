//! One counter of the 8253/8254, in clock cycles of its CLK pin.
//!
//! A counter does not step: [`Counter::advance_to`] works out in one go what the cycles since the last call did,
//! and [`Counter::next_edge`] says when OUT will move. A "CLK pulse" of the data sheet ends at a whole cycle; what is
//! written or gated during a cycle takes effect at its end.

use serde::{Deserialize, Serialize};

/// The modes (data sheet 231164, "Mode Definitions").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// 0
    InterruptOnTerminalCount,
    /// 1
    OneShot,
    /// 2
    RateGenerator,
    /// 3
    SquareWave,
    /// 4
    SoftwareStrobe,
    /// 5
    HardwareStrobe,
}

impl Mode {
    /// From M2, M1 and M0: 6 and 7 are 2 and 3.
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::InterruptOnTerminalCount,
            1 => Self::OneShot,
            2 | 6 => Self::RateGenerator,
            3 | 7 => Self::SquareWave,
            4 => Self::SoftwareStrobe,
            _ => Self::HardwareStrobe,
        }
    }

    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Starts again by itself (modes 2 and 3).
    const fn is_periodic(self) -> bool {
        matches!(self, Self::RateGenerator | Self::SquareWave)
    }

    /// Counts only after a rising edge of GATE (modes 1 and 5), which then does not hold it.
    const fn waits_for_trigger(self) -> bool {
        matches!(self, Self::OneShot | Self::HardwareStrobe)
    }
}

/// Which bytes of a count are read and written: RW1 and RW0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bytes {
    Low,
    High,
    LowThenHigh,
}

/// How an odd count of a square wave is counted: the same wave, other values on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddCounts {
    /// 8253: by two, and by one or three just after a reload.
    FullThenTwos,
    /// 8254: from one less by two.
    EvenTwos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub mode: Mode,
    pub bytes: Bytes,
    pub bcd: bool,
    pub gate: bool,
    pub out: bool,
    /// The count register (CR) is full: what was written has not reached the counting element.
    pub null_count: bool,
    /// CR: what was written last, in cycles (1 to 65536); `None` since the control word.
    written: Option<u32>,
    /// The first byte of two.
    low_byte: Option<u8>,
    /// The count that is being counted; `None` until the first load.
    count: Option<u32>,
    /// Cycles to the end: of the count (modes 0, 1, 4, 5), of the period (mode 2), of the half period (mode 3).
    left: u32,
    /// A square wave is in its low half (OUT is high all the same while GATE is low).
    low_half: bool,
    /// Reaching the end still moves OUT (modes 0, 1, 4, 5).
    armed: bool,
    /// The cycle at whose end CR goes to the counting element.
    load_at: Option<u64>,
    /// The cycle up to which everything has happened.
    at: u64,
    /// What the counting element held before the control word.
    stale: u16,
    /// What a latch command caught.
    latched: Option<u16>,
    /// The low byte was read and the high one is next.
    high_is_next: bool,
}

impl Counter {
    /// As at power-on, which the data sheet leaves undefined: OUT low, nothing counts.
    pub fn powered_on(gate: bool, at: u64) -> Self {
        Self {
            mode: Mode::InterruptOnTerminalCount,
            bytes: Bytes::LowThenHigh,
            bcd: false,
            gate,
            out: false,
            null_count: true,
            written: None,
            low_byte: None,
            count: None,
            left: 1,
            low_half: false,
            armed: false,
            load_at: None,
            at,
            stale: 0,
            latched: None,
            high_is_next: false,
        }
    }

    /// A control word. The counter is at the present cycle.
    pub fn set_mode(&mut self, mode: Mode, bytes: Bytes, bcd: bool, odd: OddCounts) {
        let stale = self.element(odd);
        *self = Self {
            mode,
            bytes,
            bcd,
            out: mode != Mode::InterruptOnTerminalCount,
            stale,
            ..Self::powered_on(self.gate, self.at)
        };
    }

    /// A byte of a count.
    pub fn write(&mut self, byte: u8) {
        let value = match (self.bytes, self.low_byte.take()) {
            (Bytes::Low, _) => u16::from(byte),
            (Bytes::High, _) => u16::from(byte) << 8,
            (Bytes::LowThenHigh, Some(low)) => u16::from_le_bytes([low, byte]),
            (Bytes::LowThenHigh, None) => {
                self.low_byte = Some(byte);
                return self.hold_back();
            }
        };
        self.written = Some(self.cycles_of(value));
        self.null_count = true;
        self.hold_back();
        let starts = match self.mode {
            Mode::InterruptOnTerminalCount | Mode::SoftwareStrobe => true,
            Mode::RateGenerator | Mode::SquareWave => self.count.is_none(),
            Mode::OneShot | Mode::HardwareStrobe => false,
        };
        if starts {
            self.load_at = Some(self.at + 1);
        }
    }

    /// In mode 0 a write sets OUT low at once, and the first byte of two stops the count.
    fn hold_back(&mut self) {
        if self.mode == Mode::InterruptOnTerminalCount {
            self.out = false;
            self.armed = false;
            if self.low_byte.is_some() {
                self.load_at = None;
            }
        }
    }

    pub fn set_gate(&mut self, level: bool) {
        let rises = level && !self.gate;
        self.gate = level;
        if !level && self.mode.is_periodic() {
            self.out = true;
        }
        let is_trigger = self.mode.is_periodic() || self.mode.waits_for_trigger();
        if rises && is_trigger && self.written.is_some() {
            self.load_at = Some(self.at + 1);
        }
    }

    /// Lets the cycles up to `cycle` pass.
    pub fn advance_to(&mut self, cycle: u64) {
        if let Some(load_at) = self.load_at
            && load_at <= cycle
        {
            self.count_down((load_at - 1).saturating_sub(self.at));
            self.at = load_at;
            self.load();
        }
        self.count_down(cycle.saturating_sub(self.at));
        self.at = self.at.max(cycle);
    }

    fn load(&mut self) {
        self.load_at = None;
        self.null_count = false;
        let Some(count) = self.written else { return };
        self.count = Some(count);
        self.armed = true;
        self.low_half = false;
        self.out = !matches!(self.mode, Mode::InterruptOnTerminalCount | Mode::OneShot);
        self.left = if self.mode == Mode::SquareWave { half(count, self.low_half) } else { count };
    }

    fn is_counting(&self) -> bool {
        let held = self.mode == Mode::InterruptOnTerminalCount && self.low_byte.is_some();
        self.count.is_some() && !held && (self.gate || self.mode.waits_for_trigger())
    }

    fn count_down(&mut self, cycles: u64) {
        if cycles == 0 || !self.is_counting() {
            return;
        }
        match self.mode {
            Mode::RateGenerator => self.pass_periods(cycles),
            Mode::SquareWave => self.pass_half_periods(cycles),
            Mode::InterruptOnTerminalCount | Mode::OneShot => {
                if self.armed && cycles >= u64::from(self.left) {
                    self.out = true;
                    self.armed = false;
                }
                self.wrap(cycles);
            }
            Mode::SoftwareStrobe | Mode::HardwareStrobe => {
                self.out = !(self.armed && cycles == u64::from(self.left));
                self.armed &= cycles < u64::from(self.left);
                self.wrap(cycles);
            }
        }
    }

    /// Counts on past zero, as modes 0, 1, 4 and 5 do.
    fn wrap(&mut self, cycles: u64) {
        let modulus = self.modulus();
        if cycles < u64::from(self.left) {
            self.left -= cycles as u32;
        } else {
            let past = (cycles - u64::from(self.left)) % u64::from(modulus);
            self.left = modulus - past as u32;
        }
    }

    fn pass_periods(&mut self, cycles: u64) {
        if cycles < u64::from(self.left) {
            self.left -= cycles as u32;
        } else {
            let rest = cycles - u64::from(self.left);
            let count = self.reload();
            self.left = count - fold(rest, count);
        }
        self.out = self.left != 1 || self.count == Some(1);
    }

    fn pass_half_periods(&mut self, cycles: u64) {
        if cycles < u64::from(self.left) {
            self.left -= cycles as u32;
            return;
        }
        let rest = cycles - u64::from(self.left);
        let count = self.reload();
        let rest = fold(rest, count);
        self.low_half = !self.low_half;
        let first_half = half(count, self.low_half);
        if rest < first_half {
            self.left = first_half - rest;
        } else {
            self.low_half = !self.low_half;
            self.left = half(count, self.low_half) - (rest - first_half);
        }
        self.out = !self.low_half;
    }

    /// A period or half period ends: the counting element takes what was written last.
    fn reload(&mut self) -> u32 {
        let count = self.next_count();
        self.count = Some(count);
        self.null_count = false;
        count
    }

    fn next_count(&self) -> u32 {
        self.written.or(self.count).unwrap_or(1).max(1)
    }

    /// The cycle at which OUT moves next if nothing is written or gated; after the present one.
    pub fn next_edge(&self) -> Option<u64> {
        let Some(load_at) = self.load_at else { return self.next_counted_edge() };
        let mut loaded = self.clone();
        loaded.advance_to(load_at);
        if loaded.out == self.out { loaded.next_counted_edge() } else { Some(load_at) }
    }

    fn next_counted_edge(&self) -> Option<u64> {
        if !self.is_counting() {
            return None;
        }
        let end = self.at + u64::from(self.left);
        let next = self.next_count();
        match self.mode {
            Mode::InterruptOnTerminalCount | Mode::OneShot => self.armed.then_some(end),
            Mode::SoftwareStrobe | Mode::HardwareStrobe if !self.out => Some(self.at + 1),
            Mode::SoftwareStrobe | Mode::HardwareStrobe => self.armed.then_some(end),
            Mode::RateGenerator if !self.out => Some(end),
            Mode::RateGenerator if self.count != Some(1) => Some(end - 1),
            // A count of 1 gives no pulse until a longer one takes its place.
            Mode::RateGenerator => (next > 1).then(|| end + u64::from(next) - 1),
            Mode::SquareWave => (!self.out || next > 1).then_some(end),
        }
    }

    /// As [`Self::next_edge`], but for rising edges only.
    pub fn next_rising_edge(&self) -> Option<u64> {
        let steady_rate = self.mode == Mode::RateGenerator && self.load_at.is_none() && self.count > Some(1);
        if steady_rate {
            return self.is_counting().then(|| self.at + u64::from(self.left));
        }
        let edge = self.next_edge()?;
        if !self.out {
            return Some(edge);
        }
        let mut fallen = self.clone();
        fallen.advance_to(edge);
        fallen.next_edge()
    }

    /// Catches the count for the next read. A count that is caught and not yet read stays.
    pub fn latch(&mut self, odd: OddCounts) {
        if self.latched.is_none() {
            self.latched = Some(self.element(odd));
        }
    }

    /// What [`Self::read`] would give.
    pub fn peek(&self, odd: OddCounts) -> u8 {
        let [low, high] = self.latched.unwrap_or_else(|| self.element(odd)).to_le_bytes();
        match self.bytes {
            Bytes::Low => low,
            Bytes::High => high,
            Bytes::LowThenHigh => {
                if self.high_is_next {
                    high
                } else {
                    low
                }
            }
        }
    }

    /// A byte of the latched count, or of the counting element.
    pub fn read(&mut self, odd: OddCounts) -> u8 {
        let byte = self.peek(odd);
        let complete = self.bytes != Bytes::LowThenHigh || self.high_is_next;
        self.high_is_next = !complete;
        if complete {
            self.latched = None;
        }
        byte
    }

    /// The counting element (CE) as it is read.
    pub fn element(&self, odd: OddCounts) -> u16 {
        let Some(count) = self.count else { return self.stale };
        let value = match self.mode {
            Mode::SquareWave => self.square_wave_element(count, odd),
            _ => self.left,
        };
        self.digits(value % self.modulus())
    }

    fn square_wave_element(&self, count: u32, odd: OddCounts) -> u32 {
        let elapsed = half(count, self.low_half).saturating_sub(self.left);
        let first_step = match (count % 2, odd) {
            (0, _) => count,
            (_, OddCounts::EvenTwos) => count - 1,
            (_, OddCounts::FullThenTwos) if elapsed == 0 => count,
            (_, OddCounts::FullThenTwos) if !self.low_half => count + 1,
            (_, OddCounts::FullThenTwos) => count - 1,
        };
        first_step.saturating_sub(2 * elapsed)
    }

    /// The count in play, as it was written.
    pub fn reload_value(&self) -> Option<u16> {
        self.written.map(|count| self.digits(count % self.modulus()))
    }

    fn modulus(&self) -> u32 {
        if self.bcd { 10_000 } else { 0x1_0000 }
    }

    /// How many cycles a written count means: 0 is the most. A BCD digit above 9 counts with its weight.
    fn cycles_of(&self, value: u16) -> u32 {
        let count = if self.bcd {
            (0..4).rev().fold(0, |sum, digit| sum * 10 + u32::from(value >> (4 * digit) & 0xF))
        } else {
            value.into()
        };
        if count == 0 { self.modulus() } else { count }
    }

    fn digits(&self, value: u32) -> u16 {
        if !self.bcd {
            return value as u16;
        }
        (0..4).fold(0, |bcd, digit| bcd | ((value / 10u32.pow(digit) % 10) << (4 * digit)) as u16)
    }

    /// Refuses a saved counter that no counter can be: the counts are divided by.
    pub fn is_sound(&self) -> bool {
        let is_count = |count: Option<u32>| count.is_none_or(|count| (1..=0x1_0000).contains(&count));
        is_count(self.written)
            && is_count(self.count)
            && (1..=0x1_0000).contains(&self.left)
            && self.at < u64::MAX / 2
            && self.load_at.is_none_or(|load_at| load_at > self.at && load_at < u64::MAX / 2)
    }
}

/// The cycles of a half period of a square wave: an odd one goes to the high half.
const fn half(count: u32, low: bool) -> u32 {
    if low { count / 2 } else { count.div_ceil(2) }
}

/// `cycles` modulo `count`, without a division in the usual case.
fn fold(cycles: u64, count: u32) -> u32 {
    if cycles < u64::from(count) { cycles as u32 } else { (cycles % u64::from(count)) as u32 }
}
