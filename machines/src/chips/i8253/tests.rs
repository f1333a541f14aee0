use super::*;
use emu_core::board::testing::Bench;
use proptest::prelude::*;

/// Board ticks in a cycle of the timer.
const TICKS: u64 = 4;

fn bench(variant: Variant) -> Bench<I8253> {
    Bench::new(I8253::of(variant, Clock::divided_by(TICKS)))
}

fn program(bench: &mut Bench<I8253>, n: u8, mode: u8, count: u16) {
    bench.write(CONTROL, n << 6 | 0x30 | mode << 1);
    let [low, high] = count.to_le_bytes();
    bench.write(n.into(), low);
    bench.write(n.into(), high);
}

fn latched(bench: &mut Bench<I8253>, n: u8) -> u16 {
    bench.write(CONTROL, n << 6);
    let low = bench.read(n.into()).unwrap();
    let high = bench.read(n.into()).unwrap();
    u16::from_le_bytes([low, high])
}

/// OUT and the counting element at the end of each cycle, as the figures of the data sheet draw them.
#[test]
fn the_figures_of_the_modes() {
    use Variant::{I8253, I8254};
    type Cycles = &'static [(u8, u16)];
    let figures: [(Variant, u8, u16, Cycles); 7] = [
        (I8254, 0, 4, &[(0, 4), (0, 3), (0, 2), (0, 1), (1, 0), (1, 0xFFFF), (1, 0xFFFE)]),
        (I8254, 2, 3, &[(1, 3), (1, 2), (0, 1), (1, 3), (1, 2), (0, 1), (1, 3)]),
        (I8254, 2, 4, &[(1, 4), (1, 3), (1, 2), (0, 1), (1, 4), (1, 3), (1, 2)]),
        (I8254, 3, 4, &[(1, 4), (1, 2), (0, 4), (0, 2), (1, 4), (1, 2), (0, 4)]),
        (I8254, 3, 5, &[(1, 4), (1, 2), (1, 0), (0, 4), (0, 2), (1, 4), (1, 2)]),
        (I8253, 3, 5, &[(1, 5), (1, 4), (1, 2), (0, 5), (0, 2), (1, 5), (1, 4)]),
        (I8254, 4, 3, &[(1, 3), (1, 2), (1, 1), (0, 0), (1, 0xFFFF), (1, 0xFFFE)]),
    ];
    for (variant, mode, count, cycles) in figures {
        let mut bench = bench(variant);
        program(&mut bench, 0, mode, count);
        for (cycle, &(out, element)) in cycles.iter().enumerate() {
            bench.advance(TICKS);
            let seen = (u8::from(bench.line(super::I8253::out(0))), latched(&mut bench, 0));
            assert_eq!(seen, (out, element), "{variant:?} mode {mode}, count {count}, cycle {cycle}");
        }
    }
}

#[test]
fn triggered_modes_wait_for_the_gate() {
    for (mode, outs) in [(1, &[0, 0, 0, 1, 1][..]), (5, &[1, 1, 1, 0, 1])] {
        let mut bench = bench(Variant::I8254);
        bench.set_pin(I8253::gate(2), false);
        program(&mut bench, 2, mode, 3);
        bench.advance(20 * TICKS);
        assert!(bench.line(I8253::out(2)));
        bench.set_pin(I8253::gate(2), true);
        for &out in outs {
            bench.advance(TICKS);
            assert_eq!(u8::from(bench.line(I8253::out(2))), out, "mode {mode}");
        }
    }
}

#[test]
fn a_gate_that_the_board_drives_begins_low() {
    let mut bench = Bench::new(I8253::new(Clock::divided_by(TICKS)).with_driven_gate(2));
    bench.reset(ResetKind::PowerOn);
    program(&mut bench, 0, 0, 3);
    program(&mut bench, 2, 0, 3);
    bench.advance(20 * TICKS);
    assert_eq!([0, 2].map(|n| bench.line(I8253::out(n))), [true, false]);
    bench.set_pin(I8253::gate(2), true);
    bench.advance(3 * TICKS);
    assert!(bench.line(I8253::out(2)));
}

#[test]
fn a_refresh_request_costs_one_event_per_period() {
    let mut bench = Bench::new(I8253::new(Clock::divided_by(TICKS)).with_rising_edges_only(1));
    program(&mut bench, 1, 2, 18);
    bench.changes.clear();
    bench.advance(TICKS * (1 + 18 * 3));
    assert_eq!(bench.edges(I8253::out(1), true), [19, 37, 55].map(|cycle| Tick(cycle * TICKS)));
    assert_eq!(bench.edges(I8253::out(1), false), bench.edges(I8253::out(1), true));
    assert_eq!(bench.next_due(), Tick(73 * TICKS));
}

#[test]
fn reads_alternate_and_a_latch_holds_until_it_is_read() {
    let mut bench = bench(Variant::I8253);
    program(&mut bench, 0, 0, 0x1234);
    bench.advance(TICKS);
    bench.write(CONTROL, 0x00);
    bench.advance(0x10 * TICKS);
    bench.write(CONTROL, 0x00);
    assert_eq!((bench.peek(0), bench.read(0), bench.read(0)), (Some(0x34), Some(0x34), Some(0x12)));
    assert_eq!((bench.read(0), bench.read(0)), (Some(0x24), Some(0x12)), "not latched any more");
    assert_eq!(bench.read(CONTROL), None);
}

#[test]
fn bcd_counts_have_ten_digits() {
    let mut bench = bench(Variant::I8254);
    bench.write(CONTROL, 0x31);
    bench.write(0, 0x00);
    bench.write(0, 0x10);
    bench.advance(2 * TICKS);
    assert_eq!(latched(&mut bench, 0), 0x0999);
    bench.advance(1000 * TICKS);
    assert_eq!(latched(&mut bench, 0), 0x9999);
}

#[test]
fn the_8254_reads_back_count_and_status_and_the_8253_does_not() {
    let mut new = bench(Variant::I8254);
    program(&mut new, 1, 3, 100);
    new.write(CONTROL, 0b1100_0100);
    assert_eq!(new.read(1), Some(0xF6), "OUT, null count, both bytes, mode 3");
    assert_eq!((new.read(1), new.read(1)), (Some(0), Some(0)));
    new.advance(TICKS);
    new.write(CONTROL, 0b1110_0100);
    assert_eq!(new.read(1), Some(0xB6));
    let mut old = bench(Variant::I8253);
    program(&mut old, 1, 3, 100);
    old.advance(TICKS);
    old.write(CONTROL, 0b1110_0100);
    assert_eq!(old.read(1), Some(100));
}

/// A counter as the data sheet's sentences tell it, one CLK pulse at a time.
#[derive(Debug)]
struct Model {
    variant: Variant,
    mode: u8,
    bytes: u8,
    bcd: bool,
    gate: bool,
    out: bool,
    null_count: bool,
    first_byte: Option<u8>,
    cr: Option<u32>,
    /// The count that was loaded into the counting element.
    loaded: Option<u32>,
    ce: u32,
    just_loaded: bool,
    armed: bool,
    load: bool,
}

impl Model {
    fn new(variant: Variant) -> Self {
        Self {
            variant,
            mode: 0,
            bytes: 3,
            bcd: false,
            gate: true,
            out: false,
            null_count: true,
            first_byte: None,
            cr: None,
            loaded: None,
            ce: 0,
            just_loaded: false,
            armed: false,
            load: false,
        }
    }

    fn modulus(&self) -> u32 {
        if self.bcd { 10_000 } else { 65_536 }
    }

    fn program(&mut self, mode: u8, bytes: u8, bcd: bool) {
        // The counting element keeps what it showed; a change of base is not compared.
        let ce = if bcd == self.bcd { self.ce } else { u32::MAX };
        *self = Self { mode, bytes, bcd, ce, gate: self.gate, out: mode != 0, ..Self::new(self.variant) };
    }

    fn write(&mut self, byte: u8) {
        if self.mode == 0 {
            self.out = false;
            self.armed = false;
        }
        let value = match (self.bytes, self.first_byte.take()) {
            (1, _) => u16::from(byte),
            (2, _) => u16::from(byte) << 8,
            (_, Some(low)) => u16::from_le_bytes([low, byte]),
            (_, None) => {
                self.first_byte = Some(byte);
                self.load &= self.mode != 0;
                return;
            }
        };
        let value = if self.bcd { format!("{value:x}").parse().unwrap_or(0) } else { u32::from(value) };
        self.cr = Some(if value == 0 { self.modulus() } else { value });
        self.null_count = true;
        self.load |= matches!(self.mode, 0 | 4) || (matches!(self.mode, 2 | 3) && self.loaded.is_none());
    }

    fn set_gate(&mut self, level: bool) {
        if level && !self.gate && !matches!(self.mode, 0 | 4) && self.cr.is_some() {
            self.load = true;
        }
        if !level && matches!(self.mode, 2 | 3) {
            self.out = true;
        }
        self.gate = level;
    }

    fn reload(&mut self) {
        self.loaded = self.cr;
        self.ce = self.cr.unwrap();
        if self.mode == 3 && self.variant == Variant::I8254 {
            self.ce &= !1;
        }
        self.just_loaded = true;
        self.null_count = false;
        self.load = false;
    }

    fn pulse(&mut self) {
        if self.load {
            self.reload();
            self.armed = true;
            self.out = self.mode > 1;
            return;
        }
        let held = self.mode == 0 && self.first_byte.is_some();
        if self.loaded.is_none() || held || (!self.gate && !matches!(self.mode, 1 | 5)) {
            return;
        }
        match self.mode {
            2 if self.ce == 1 => {
                self.reload();
                self.out = true;
            }
            3 => self.square_wave(),
            _ => {
                self.ce = (self.ce + self.modulus() - 1) % self.modulus();
                self.reach();
            }
        }
    }

    fn reach(&mut self) {
        match self.mode {
            0 | 1 if self.ce == 0 && self.armed => {
                self.out = true;
                self.armed = false;
            }
            4 | 5 => {
                self.out = !(self.ce == 0 && self.armed);
                self.armed &= self.ce != 0;
            }
            2 => self.out = self.ce != 1,
            _ => {}
        }
    }

    fn square_wave(&mut self) {
        let odd = self.loaded.unwrap() % 2 == 1;
        let step = match (odd && self.just_loaded && self.variant == Variant::I8253, self.out) {
            (false, _) => 2,
            (true, true) => 1,
            (true, false) => 3,
        };
        self.just_loaded = false;
        let extra_pulse = odd && self.out && self.variant == Variant::I8254;
        let expired = if extra_pulse { self.ce == 0 } else { self.ce == step };
        if expired {
            self.out = !self.out;
            self.reload();
        } else {
            self.ce -= step;
        }
    }

    fn read(&self) -> u32 {
        let value = self.ce % self.modulus();
        if self.bcd { u32::from_str_radix(&format!("{value:04}"), 16).unwrap() } else { value }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Program { mode: u8, bytes: u8, bcd: bool },
    Write(u8),
    Gate(bool),
    Latch,
    Wait(u64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        1 => (0u8..6, 1u8..4, prop::bool::weighted(0.2)).prop_map(|(mode, bytes, bcd)| Op::Program { mode, bytes, bcd }),
        4 => prop_oneof![4 => 2u8..10, 1 => Just(0u8)].prop_map(Op::Write),
        2 => any::<bool>().prop_map(Op::Gate),
        2 => Just(Op::Latch),
        4 => prop_oneof![6 => 0u64..60, 1 => 0u64..9000].prop_map(Op::Wait),
    ];
    prop::collection::vec(op, 1..60)
}

/// The timer and the model side by side, on counter 0.
struct Pair {
    bench: Bench<I8253>,
    model: Model,
    edges: Vec<(u64, bool)>,
}

impl Pair {
    fn wait(&mut self, ticks: u64) {
        let before = self.bench.now().0 / TICKS;
        self.bench.advance(ticks);
        for cycle in before + 1..=self.bench.now().0 / TICKS {
            let was = self.model.out;
            self.model.pulse();
            if self.model.out != was {
                self.edges.push((cycle * TICKS, self.model.out));
            }
        }
    }

    fn apply(&mut self, op: Op) -> Result<(), TestCaseError> {
        let was = self.model.out;
        match op {
            Op::Program { mode, bytes, bcd } => {
                self.bench.write(CONTROL, bytes << 4 | mode << 1 | u8::from(bcd));
                self.model.program(mode, bytes, bcd);
            }
            Op::Write(byte) => {
                self.bench.write(0, byte);
                self.model.write(byte);
            }
            Op::Gate(level) => {
                self.bench.set_pin(I8253::gate(0), level);
                self.model.set_gate(level);
            }
            Op::Latch => self.compare_counts()?,
            Op::Wait(ticks) => {
                return {
                    self.wait(ticks);
                    Ok(())
                };
            }
        }
        if self.model.out != was {
            self.edges.push((self.bench.now().0, self.model.out));
        }
        Ok(())
    }

    fn compare_counts(&mut self) -> Result<(), TestCaseError> {
        let counter = self.bench.device.counter_at(self.bench.now(), 0);
        prop_assert_eq!(counter.null_count, self.model.null_count);
        if self.model.ce != u32::MAX && self.model.loaded.is_some() {
            prop_assert_eq!(u32::from(counter.element(self.bench.device.odd_counts())), self.model.read());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn it_counts_as_the_model_does(ops in ops(), old in any::<bool>()) {
        let variant = if old { Variant::I8253 } else { Variant::I8254 };
        let mut pair = Pair { bench: bench(variant), model: Model::new(variant), edges: Vec::new() };
        for op in ops {
            pair.apply(op)?;
            let seen: Vec<_> = pair.bench.changes.iter().map(|change| (change.at.0, change.level)).collect();
            prop_assert_eq!(&seen, &pair.edges);
        }
    }

    #[test]
    fn any_access_is_survived_and_any_moment_restored(
        before in prop::collection::vec((0u8..8, 0u32..4, any::<u8>()), 0..60),
        after in prop::collection::vec((0u8..8, 0u32..4, any::<u8>()), 0..60),
    ) {
        let fresh = || I8253::i8254(Clock::of_hz(1_193_182, 14_318_180)).with_rising_edges_only(1);
        let mut bench = Bench::new(fresh());
        before.into_iter().for_each(|op| { touch(&mut bench, op); });
        let mut other = bench.restored_into(fresh()).unwrap();
        bench.changes.clear();
        for op in after {
            prop_assert_eq!(touch(&mut bench, op), touch(&mut other, op));
        }
        prop_assert_eq!(&bench.changes, &other.changes);
        prop_assert_eq!(bench.device.save(), other.device.save());
    }
}

fn touch(bench: &mut Bench<I8253>, (op, offset, byte): (u8, u32, u8)) -> Option<u8> {
    match op {
        0 | 1 => {
            let seen = bench.peek(offset);
            let read = bench.read(offset);
            assert_eq!(seen, read);
            return read;
        }
        2 => bench.set_pin(PinId(byte & 3), byte & 16 != 0),
        3 => bench.advance(u64::from(byte) * 50),
        _ => {
            bench.write(offset, byte);
        }
    }
    None
}
