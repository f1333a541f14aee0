use super::*;
use emu_core::board::device::RegionId;
use emu_core::board::testing::{Bench, byte_of};
use proptest::prelude::*;

/// A single 8259A as a PC sets it up: edge triggered, vectors from 08h, nothing masked.
fn pc() -> Bench<I8259A> {
    started(0x13, &[0x08, 0x09])
}

fn started(icw1: u8, rest: &[u8]) -> Bench<I8259A> {
    let mut bench = Bench::new(I8259A::primary());
    bench.write(0, icw1);
    for &word in rest {
        bench.write(1, word);
    }
    bench.write(1, 0);
    bench
}

fn raise(bench: &mut Bench<I8259A>, level: u8) {
    bench.set_pin(I8259A::ir(level), true);
}

fn lower(bench: &mut Bench<I8259A>, level: u8) {
    bench.set_pin(I8259A::ir(level), false);
}

fn isr(bench: &mut Bench<I8259A>) -> u8 {
    bench.write(0, 0x0B);
    bench.read(0).unwrap()
}

#[test]
fn ocw2_commands() {
    for (byte, want) in [
        (0x00, Ocw2::ClearRotateOnAutoEoi),
        (0x20, Ocw2::Eoi),
        (0x40, Ocw2::Nop),
        (0x63, Ocw2::SpecificEoi(3)),
        (0x80, Ocw2::SetRotateOnAutoEoi),
        (0xA0, Ocw2::RotateOnEoi),
        (0xC1, Ocw2::SetPriority(1)),
        (0xE7, Ocw2::RotateOnSpecificEoi(7)),
    ] {
        assert_eq!(Ocw2::from(byte), want, "{byte:#04x}");
    }
}

#[test]
fn ocw3_commands() {
    let nothing = Ocw3 { special_mask: None, poll: false, read: None };
    for (byte, want) in [
        (0x08, nothing),
        (0x0A, Ocw3 { read: Some(Readable::Irr), ..nothing }),
        (0x0B, Ocw3 { read: Some(Readable::Isr), ..nothing }),
        (0x0C, Ocw3 { poll: true, ..nothing }),
        (0x28, nothing),
        (0x48, Ocw3 { special_mask: Some(false), ..nothing }),
        (0x68, Ocw3 { special_mask: Some(true), ..nothing }),
    ] {
        assert_eq!(Ocw3::from(byte), want, "{byte:#04x}");
    }
}

#[test]
fn a_request_is_served_once_per_edge() {
    let mut bench = pc();
    raise(&mut bench, 3);
    assert!(bench.line(I8259A::INT));
    assert_eq!(bench.acknowledge_interrupt(), 0x0B);
    assert!(!bench.line(I8259A::INT));
    bench.write(0, 0x20);
    assert!(!bench.line(I8259A::INT), "the pin is still high, but there was no new edge");
    lower(&mut bench, 3);
    raise(&mut bench, 3);
    assert!(bench.line(I8259A::INT));
}

#[test]
fn a_level_is_served_as_long_as_it_lasts() {
    let mut bench = started(0x1B, &[0x08, 0x01]);
    raise(&mut bench, 3);
    assert_eq!(bench.acknowledge_interrupt(), 0x0B);
    bench.write(0, 0x20);
    assert!(bench.line(I8259A::INT));
}

#[test]
fn a_pin_that_is_high_at_icw1_needs_a_new_edge() {
    let mut bench = Bench::new(I8259A::primary());
    raise(&mut bench, 0);
    for (offset, value) in [(0, 0x13), (1, 0x08), (1, 0x09), (1, 0)] {
        bench.write(offset, value);
    }
    assert!(!bench.line(I8259A::INT));
}

#[test]
fn a_request_that_went_away_ends_as_ir7_without_service() {
    let mut bench = pc();
    raise(&mut bench, 2);
    lower(&mut bench, 2);
    assert_eq!(bench.acknowledge_interrupt(), 0x0F);
    assert_eq!(isr(&mut bench), 0);
}

#[test]
fn a_higher_level_interrupts_a_lower_one_and_not_the_other_way() {
    let mut bench = pc();
    raise(&mut bench, 4);
    bench.acknowledge_interrupt();
    raise(&mut bench, 5);
    assert!(!bench.line(I8259A::INT));
    raise(&mut bench, 1);
    assert_eq!(bench.acknowledge_interrupt(), 0x09);
    assert_eq!(isr(&mut bench), 0x12);
    bench.write(0, 0x20);
    assert_eq!(isr(&mut bench), 0x10);
    bench.write(0, 0x64);
    assert_eq!(bench.acknowledge_interrupt(), 0x0D);
}

#[test]
fn a_mask_hides_a_request_without_forgetting_it() {
    let mut bench = pc();
    bench.write(1, 0x40);
    raise(&mut bench, 6);
    assert!(!bench.line(I8259A::INT));
    assert_eq!(bench.read(1), Some(0x40));
    bench.write(0, 0x0A);
    assert_eq!(bench.read(0), Some(0x40));
    bench.write(1, 0);
    assert!(bench.line(I8259A::INT));
}

#[test]
fn rotation_puts_the_level_last_that_was_served() {
    for (command, lowest) in [(0xA0, 2), (0xE2, 2), (0xC5, 5)] {
        let mut bench = pc();
        raise(&mut bench, 2);
        bench.acknowledge_interrupt();
        bench.write(0, command);
        bench.write(0, 0x62);
        for level in 0..8 {
            lower(&mut bench, level);
            raise(&mut bench, level);
        }
        assert_eq!(bench.acknowledge_interrupt(), 0x08 + (lowest + 1) % 8, "after {command:02X}h");
    }
}

#[test]
fn automatic_eoi_leaves_nothing_in_service_and_may_rotate() {
    let mut bench = started(0x13, &[0x08, 0x03]);
    bench.write(0, 0x80);
    raise(&mut bench, 0);
    raise(&mut bench, 1);
    assert_eq!(bench.acknowledge_interrupt(), 0x08);
    assert_eq!(isr(&mut bench), 0);
    lower(&mut bench, 0);
    raise(&mut bench, 0);
    assert_eq!(bench.acknowledge_interrupt(), 0x09, "level 0 is the lowest now");
}

#[test]
fn in_special_mask_mode_a_masked_service_lets_lower_levels_through() {
    let mut bench = pc();
    raise(&mut bench, 3);
    bench.acknowledge_interrupt();
    raise(&mut bench, 6);
    bench.write(1, 0x08);
    assert!(!bench.line(I8259A::INT));
    bench.write(0, 0x68);
    assert_eq!(bench.acknowledge_interrupt(), 0x0E);
    bench.write(0, 0x20);
    assert_eq!(isr(&mut bench), 0x08, "a masked level is not ended without its number");
}

#[test]
fn a_poll_is_an_acknowledge() {
    let mut bench = pc();
    raise(&mut bench, 5);
    bench.write(0, 0x0C);
    assert_eq!(bench.peek(0), Some(0x85));
    assert_eq!(bench.read(0), Some(0x85));
    assert!(!bench.line(I8259A::INT));
    assert_eq!(isr(&mut bench), 0x20);
    bench.write(0, 0x0C);
    assert_eq!(bench.read(1), Some(0), "a poll is read at either address");
}

#[test]
fn initialisation_takes_as_many_words_as_icw1_says() {
    for (icw1, words) in
        [(0x12, &[0x40][..]), (0x13, &[0x40, 1]), (0x10, &[0x40, 0x04]), (0x11, &[0x40, 0x04, 1])]
    {
        let mut bench = Bench::new(I8259A::primary());
        bench.write(0, icw1);
        words.iter().for_each(|&word| assert!(bench.write(1, word)));
        bench.write(1, 0xA5);
        assert_eq!(bench.read(1), Some(0xA5), "OCW1 after ICW1 = {icw1:02X}h");
    }
}

#[test]
fn mcs_80_vectors_are_spaced_by_4_or_8() {
    for (icw1, level, want) in [(0x16 | 0xE0, 3, 0xEC), (0x12 | 0xE0, 3, 0xD8)] {
        let mut bench = started(icw1, &[0x12]);
        raise(&mut bench, level);
        assert_eq!(bench.acknowledge_interrupt(), want);
    }
}

/// A master and a slave on its IR2, wired as an AT has them.
struct Cascade {
    master: Bench<I8259A>,
    slave: Bench<I8259A>,
}

impl Cascade {
    fn new(icw4: u8) -> Self {
        let mut slave = Bench::new(I8259A::secondary());
        for (offset, value) in [(0, 0x11), (1, 0x70), (1, 0x02), (1, 0x01), (1, 0)] {
            slave.write(offset, value);
        }
        Self { master: started(0x11, &[0x08, 0x04, icw4]), slave }
    }

    fn raise(&mut self, level: u8) {
        raise(&mut self.slave, level);
        self.wire();
    }

    fn wire(&mut self) {
        let int = self.slave.line(I8259A::INT);
        self.master.set_pin(I8259A::ir(2), int);
    }

    fn acknowledge(&mut self) -> u8 {
        let from_master = self.master.acknowledge_interrupt();
        for bit in 0..3 {
            let level = self.master.line(I8259A::cas(bit));
            self.slave.set_pin(I8259A::cas_pin(bit), level);
        }
        let vector = from_master & self.slave.acknowledge_interrupt();
        self.wire();
        vector
    }
}

#[test]
fn the_slave_that_the_master_names_gives_the_vector() {
    let mut pics = Cascade::new(0x01);
    raise(&mut pics.master, 1);
    assert_eq!(pics.acknowledge(), 0x09);
    pics.master.write(0, 0x20);
    pics.raise(4);
    assert_eq!(pics.acknowledge(), 0x74);
    assert_eq!((isr(&mut pics.master), isr(&mut pics.slave)), (0x04, 0x10));
    pics.raise(1);
    assert!(!pics.master.line(I8259A::INT), "IR2 is in service");
}

#[test]
fn a_special_fully_nested_master_hears_a_slave_that_it_serves() {
    let mut pics = Cascade::new(0x11);
    pics.raise(4);
    assert_eq!(pics.acknowledge(), 0x74);
    pics.raise(1);
    assert_eq!(pics.acknowledge(), 0x71);
}

/// The chip as the data sheet's sentences tell it, level by level, for a single one in 8086 mode.
#[derive(Default)]
struct Model {
    pins: [bool; 8],
    latched: [bool; 8],
    in_service: [bool; 8],
    masked: [bool; 8],
    order: Vec<usize>,
}

impl Model {
    fn new() -> Self {
        Self { order: (0..8).collect(), ..Self::default() }
    }

    fn set(&mut self, level: usize, high: bool) {
        self.latched[level] = high && (self.latched[level] || !self.pins[level]);
        self.pins[level] = high;
    }

    fn winner(&self) -> Option<usize> {
        for &level in &self.order {
            if self.in_service[level] {
                return None;
            }
            if self.latched[level] && !self.masked[level] {
                return Some(level);
            }
        }
        None
    }

    fn acknowledge(&mut self) -> usize {
        let Some(level) = self.winner() else { return 7 };
        self.latched[level] = false;
        self.in_service[level] = true;
        level
    }

    fn end(&mut self, level: usize) {
        self.in_service[level] = false;
    }

    fn put_last(&mut self, level: usize) {
        while self.order[7] != level {
            self.order.rotate_left(1);
        }
    }

    fn command(&mut self, byte: u8) {
        let named = usize::from(byte & 7);
        let first = self.order.iter().copied().find(|&level| self.in_service[level]);
        match byte & 0xE0 {
            0x20 => first.into_iter().for_each(|level| self.end(level)),
            0x60 => self.end(named),
            0xA0 => first.into_iter().for_each(|level| {
                self.end(level);
                self.put_last(level);
            }),
            0xC0 => self.put_last(named),
            0xE0 => {
                self.end(named);
                self.put_last(named);
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn it_serves_as_the_model_does(ops in prop::collection::vec((0u8..6, any::<u8>()), 1..120)) {
        let mut bench = pc();
        let mut model = Model::new();
        for (op, byte) in ops {
            match op {
                0 | 1 => {
                    bench.set_pin(I8259A::ir(byte & 7), byte & 8 != 0);
                    model.set(usize::from(byte & 7), byte & 8 != 0);
                }
                2 => prop_assert_eq!(usize::from(bench.acknowledge_interrupt()), 8 + model.acknowledge()),
                3 => {
                    bench.write(1, byte);
                    model.masked = std::array::from_fn(|level| byte & (1 << level) != 0);
                }
                _ => {
                    bench.write(0, byte & 0xE7);
                    model.command(byte & 0xE7);
                }
            }
            prop_assert_eq!(bench.line(I8259A::INT), model.winner().is_some());
        }
    }

    #[test]
    fn any_access_is_survived_and_any_moment_restored(
        before in prop::collection::vec((0u8..6, 0u32..2, any::<u8>()), 0..60),
        after in prop::collection::vec((0u8..6, 0u32..2, any::<u8>()), 0..60),
    ) {
        let mut bench = Bench::new(I8259A::secondary());
        before.into_iter().for_each(|op| { touch(&mut bench, op); });
        let mut other = bench.restored_into(I8259A::secondary()).unwrap();
        for op in after {
            prop_assert_eq!(touch(&mut bench, op), touch(&mut other, op));
            prop_assert_eq!(bench.line(I8259A::INT), other.line(I8259A::INT));
        }
        prop_assert_eq!(bench.device.save(), other.device.save());
    }
}

fn touch(bench: &mut Bench<I8259A>, (op, offset, byte): (u8, u32, u8)) -> u8 {
    match op {
        0 => bench.acknowledge_interrupt(),
        1 | 2 => {
            let seen = bench.device.peek(byte_of(RegionId(0), offset), bench.now());
            let read = bench.read(offset).unwrap();
            assert_eq!(seen, Some(read.into()));
            read
        }
        3 => {
            bench.set_pin(PinId(byte & 15), byte & 16 != 0);
            0
        }
        _ => bench.write(offset, byte).into(),
    }
}
