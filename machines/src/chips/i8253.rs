//! Intel 8253 and 8254 programmable interval timers (data sheets 231306 and 231164).
//!
//! Counts are derived from the present tick when they are read; an event is armed only for an edge of OUT.
//! Not modelled: the half cycles of CLK (a write takes effect at the end of the cycle in which it falls), and BCD
//! digits above 9, which count with their weight. The chips have no RESET pin; at power-on OUT is low.

mod counter;

use counter::{Bytes, Counter, Mode, OddCounts};
use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, PinId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, EventTag, Tick};

const CONTROL: u32 = 3;

/// What was made of the same counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    I8253,
    /// Has the read-back command.
    I8254,
}

/// What a counter's OUT pin is good for on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OutputUse {
    /// Both edges happen at their time.
    Level,
    /// Only rising edges happen at their time; the falling one is made up for just before.
    RisingEdges,
}

/// A control word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Latch(usize),
    Program {
        counter: usize,
        bytes: Bytes,
        mode: Mode,
        bcd: bool,
    },
    /// Counters by bit. 8254 only.
    ReadBack {
        counters: u8,
        count: bool,
        status: bool,
    },
}

impl From<u8> for Control {
    fn from(word: u8) -> Self {
        let counter = usize::from(word >> 6);
        if counter == 3 {
            return Self::ReadBack {
                counters: word >> 1 & 7,
                count: word & 0x20 == 0,
                status: word & 0x10 == 0,
            };
        }
        let bytes = match word >> 4 & 3 {
            0 => return Self::Latch(counter),
            1 => Bytes::Low,
            2 => Bytes::High,
            _ => Bytes::LowThenHigh,
        };
        Self::Program { counter, bytes, mode: Mode::from_bits(word >> 1), bcd: word & 1 != 0 }
    }
}

/// The timer. Region 0 has its four addresses: counters 0 to 2, and the control word.
#[derive(Clone, Debug)]
pub struct I8253 {
    variant: Variant,
    clock: Clock,
    uses: [OutputUse; 3],
    counters: [Counter; 3],
    /// Status bytes that a read-back command caught.
    latched_status: [Option<u8>; 3],
    /// Levels of the OUT lines as the board has seen them.
    outs: [bool; 3],
    /// For which cycle each counter's event is armed.
    armed: [Option<u64>; 3],
}

impl I8253 {
    /// An 8253 whose three CLK pins have this clock.
    pub fn new(clock: Clock) -> Self {
        Self::of(Variant::I8253, clock)
    }

    /// An 8254.
    pub fn i8254(clock: Clock) -> Self {
        Self::of(Variant::I8254, clock)
    }

    fn of(variant: Variant, clock: Clock) -> Self {
        Self {
            variant,
            clock,
            uses: [OutputUse::Level; 3],
            counters: std::array::from_fn(|_| Counter::powered_on(true, 0)),
            latched_status: [None; 3],
            outs: [false; 3],
            armed: [None; 3],
        }
    }

    /// The board says that whoever is wired to `out(counter)` looks at rising edges only. The falling edge is then
    /// delivered late, together with the next rising one: half the events for a refresh request.
    #[must_use]
    pub fn with_rising_edges_only(mut self, counter: u8) -> Self {
        self.uses[usize::from(counter)] = OutputUse::RisingEdges;
        self
    }

    /// The board drives `gate(counter)`, and begins with a low level, as its lines do. A gate that is not driven is
    /// high.
    #[must_use]
    pub fn with_driven_gate(mut self, counter: u8) -> Self {
        self.counters[usize::from(counter)] = Counter::powered_on(false, 0);
        self
    }

    /// The OUT pin of counter `n`, 0 to 2.
    pub const fn out(n: u8) -> LineId {
        LineId(n)
    }

    /// The GATE pin of counter `n`, 0 to 2. See [`Self::with_driven_gate`].
    pub const fn gate(n: u8) -> PinId {
        PinId(n)
    }

    fn odd_counts(&self) -> OddCounts {
        match self.variant {
            Variant::I8253 => OddCounts::FullThenTwos,
            Variant::I8254 => OddCounts::EvenTwos,
        }
    }

    /// Brings counter `n` up to date, lets `change` happen to it, and tells the board what follows.
    fn with_counter<R>(&mut self, n: usize, cx: &mut Cx<'_>, change: impl FnOnce(&mut Counter) -> R) -> R {
        self.counters[n].advance_to(self.clock.cycles_at(cx.now));
        let result = change(&mut self.counters[n]);
        self.publish(n, cx);
        result
    }

    fn publish(&mut self, n: usize, cx: &mut Cx<'_>) {
        let counter = &self.counters[n];
        let line = Self::out(n as u8);
        if self.outs[n] != counter.out {
            self.outs[n] = counter.out;
            cx.set_line(line, counter.out);
        }
        let next = match self.uses[n] {
            OutputUse::Level => counter.next_edge(),
            OutputUse::RisingEdges => counter.next_rising_edge(),
        };
        if next == self.armed[n] {
            return;
        }
        self.armed[n] = next;
        match next {
            Some(cycle) => cx.arm(EventTag(n as u8), self.clock.tick_of(cycle)),
            None => cx.disarm(EventTag(n as u8)),
        }
    }

    fn control(&mut self, control: Control, cx: &mut Cx<'_>) {
        let odd = self.odd_counts();
        match control {
            Control::Latch(n) => self.with_counter(n, cx, |counter| counter.latch(odd)),
            Control::Program { counter, bytes, mode, bcd } => {
                self.latched_status[counter] = None;
                self.with_counter(counter, cx, |counter| counter.set_mode(mode, bytes, bcd, odd));
            }
            Control::ReadBack { .. } if self.variant == Variant::I8253 => {}
            Control::ReadBack { counters, count, status } => {
                for n in (0..3).filter(|n| counters & (1 << n) != 0) {
                    self.read_back(n, count, status, cx);
                }
            }
        }
    }

    fn read_back(&mut self, n: usize, count: bool, status: bool, cx: &mut Cx<'_>) {
        let odd = self.odd_counts();
        let byte = self.with_counter(n, cx, |counter| {
            if count {
                counter.latch(odd);
            }
            status_byte(counter)
        });
        if status {
            self.latched_status[n].get_or_insert(byte);
        }
    }

    fn counter_at(&self, now: Tick, n: usize) -> Counter {
        let mut counter = self.counters[n].clone();
        counter.advance_to(self.clock.cycles_at(now));
        counter
    }
}

/// The status byte of the read-back command.
fn status_byte(counter: &Counter) -> u8 {
    let bytes = match counter.bytes {
        Bytes::Low => 1,
        Bytes::High => 2,
        Bytes::LowThenHigh => 3,
    };
    u8::from(counter.out) << 7
        | u8::from(counter.null_count) << 6
        | bytes << 4
        | counter.mode.number() << 1
        | u8::from(counter.bcd)
}

impl Device for I8253 {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        let n = match at.offset & 3 {
            CONTROL => return Err(NoAnswer),
            n => n as usize,
        };
        if let Some(status) = self.latched_status[n].take() {
            return Ok(status.into());
        }
        let odd = self.odd_counts();
        self.counters[n].advance_to(self.clock.cycles_at(cx.now));
        Ok(self.counters[n].read(odd).into())
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let byte = value as u8;
        match at.offset & 3 {
            CONTROL => self.control(byte.into(), cx),
            n => self.with_counter(n as usize, cx, |counter| counter.write(byte)),
        }
        Ok(())
    }

    fn peek(&self, at: BusAccess, now: Tick) -> Option<u64> {
        let n = match at.offset & 3 {
            CONTROL => return None,
            n => n as usize,
        };
        let count = || self.counter_at(now, n).peek(self.odd_counts());
        Some(self.latched_status[n].unwrap_or_else(count).into())
    }

    fn on_event(&mut self, tag: EventTag, due: Tick, cx: &mut Cx<'_>) {
        let n = usize::from(tag.0);
        let Some(armed) = self.armed.get_mut(n) else { return };
        *armed = None;
        self.counters[n].advance_to(self.clock.cycles_at(due));
        if self.uses[n] == OutputUse::RisingEdges && self.outs[n] && self.counters[n].out {
            self.outs[n] = false;
            cx.set_line(Self::out(tag.0), false);
        }
        self.publish(n, cx);
    }

    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        let n = usize::from(pin.0);
        if n < 3 {
            self.with_counter(n, cx, |counter| counter.set_gate(level));
        }
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::Line {
            return;
        }
        for n in 0..3 {
            self.counters[n] = Counter::powered_on(self.counters[n].gate, self.clock.cycles_at(cx.now));
            self.outs[n] = false;
            self.armed[n] = None;
            self.latched_status[n] = None;
            cx.set_line(Self::out(n as u8), false);
            cx.disarm(EventTag(n as u8));
        }
    }

    fn save(&self) -> SavedState {
        let Self { variant: _, clock: _, uses: _, counters, latched_status, outs, armed } = self;
        SavedState::new(1, &(counters, latched_status, outs, armed))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.counters, self.latched_status, self.outs, self.armed) = saved.read(1)?;
        if self.counters.iter().all(Counter::is_sound) {
            Ok(())
        } else {
            Err(RestoreError::Damaged("a timer's count is out of range".into()))
        }
    }

    fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let mut views = Vec::new();
        for n in 0..3 {
            let counter = self.counter_at(now, n);
            let bytes = match counter.bytes {
                Bytes::Low => "LSB",
                Bytes::High => "MSB",
                Bytes::LowThenHigh => "LSB then MSB",
            };
            let bcd = if counter.bcd { ", BCD" } else { "" };
            let meaning = format!("mode {}, {bytes}{bcd}", counter.mode.number());
            views.push(RegisterView::new(format!("CE{n}"), counter.element(self.odd_counts()), 16, meaning));
            views.push(RegisterView::new(format!("CR{n}"), counter.reload_value().unwrap_or(0), 16, ""));
            views.push(RegisterView::new(format!("OUT{n}"), counter.out, 1, ""));
            views.push(RegisterView::new(format!("GATE{n}"), counter.gate, 1, ""));
        }
        views
    }
}

#[cfg(test)]
mod tests;
