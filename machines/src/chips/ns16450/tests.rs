use super::*;
use emu_core::board::testing::Bench;
use proptest::prelude::*;

const BOARD_HZ: u64 = 14_318_180;

fn uart() -> Bench<Ns16450> {
    Bench::new(Ns16450::new(Model::Ns16450, Clock::of_hz(1_843_200, BOARD_HZ)))
}

fn write(bench: &mut Bench<Ns16450>, offset: u32, value: u8) {
    assert!(bench.write(offset, value));
}

fn read(bench: &mut Bench<Ns16450>, offset: u32) -> u8 {
    bench.read(offset).unwrap()
}

/// 9600 baud, eight bits, no parity, interrupts through OUT2.
fn set_up(bench: &mut Bench<Ns16450>) {
    for (offset, value) in [(3, 0x80), (0, 12), (1, 0), (3, 3), (4, 0x0B)] {
        write(bench, offset, value);
    }
}

#[test]
fn reset_values_are_the_data_sheets() {
    let mut bench = uart();
    for (offset, value) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 0x60)] {
        assert_eq!(read(&mut bench, offset), value, "register {offset}");
    }
}

#[test]
fn a_character_takes_ten_bits_at_its_rate() {
    let mut bench = uart();
    set_up(&mut bench);
    write(&mut bench, 0, b'x');
    write(&mut bench, 0, b'y');
    assert_eq!(read(&mut bench, 5) & 0x60, 0);
    let character = BOARD_HZ * 10 / 9600;
    bench.run_until(Tick(character - 2));
    assert_eq!(bench.emitted, b"");
    bench.run_until(Tick(character + 2));
    assert_eq!(bench.emitted, b"x");
    assert_eq!(read(&mut bench, 5) & 0x60, 0x20);
    bench.run_until(Tick(2 * character + 4));
    assert_eq!(bench.emitted, b"xy");
    assert_eq!(read(&mut bench, 5) & 0x60, 0x60);
}

#[test]
fn received_bytes_come_at_line_rate_as_they_are_read() {
    let mut bench = uart();
    set_up(&mut bench);
    write(&mut bench, 1, 5);
    bench.external(&External::Bytes(b"abc".to_vec()));
    let character = BOARD_HZ * 10 / 9600;
    for byte in *b"abc" {
        assert!(bench.device.input_pending());
        bench.advance(character - 5);
        assert_eq!(read(&mut bench, 2), 1, "its last bit is not in");
        bench.advance(10);
        assert_eq!(read(&mut bench, 2), 4);
        // However long the guest takes, nothing comes over it.
        bench.advance(3 * character);
        assert_eq!(read(&mut bench, 5) & 0x03, 0x01);
        assert_eq!(read(&mut bench, 0), byte);
        assert_eq!(read(&mut bench, 2), 1);
    }
    assert!(!bench.device.input_pending());
}

#[test]
fn nobody_sends_to_a_guest_that_is_not_there() {
    let mut bench = uart();
    set_up(&mut bench);
    write(&mut bench, 4, 0);
    bench.external(&External::Bytes(b"a".to_vec()));
    bench.advance(BOARD_HZ);
    assert_eq!(read(&mut bench, 5) & 1, 0);
    write(&mut bench, 4, 1);
    bench.advance(BOARD_HZ / 900);
    assert_eq!((read(&mut bench, 5) & 1, read(&mut bench, 0)), (1, b'a'));
}

#[test]
fn characters_in_the_loop_overrun_when_nobody_reads() {
    let mut bench = uart();
    set_up(&mut bench);
    write(&mut bench, 1, 4);
    write(&mut bench, 4, 0x1B);
    for byte in *b"ab" {
        write(&mut bench, 0, byte);
        bench.advance(BOARD_HZ / 900);
    }
    assert_eq!(read(&mut bench, 2), 6);
    assert_eq!(read(&mut bench, 5) & 0x03, 0x03);
    assert_eq!(read(&mut bench, 5) & 0x02, 0);
    assert_eq!(read(&mut bench, 0), b'b');
}

#[test]
fn reading_iir_takes_the_transmitters_interrupt_back() {
    let mut bench = uart();
    set_up(&mut bench);
    write(&mut bench, 1, 2);
    assert!(bench.changes.last().is_some_and(|change| change.level));
    assert_eq!(read(&mut bench, 2), 2);
    assert_eq!(read(&mut bench, 2), 1);
    assert!(bench.changes.last().is_some_and(|change| !change.level));
}

#[test]
fn the_loop_ties_outputs_to_inputs() {
    let mut bench = uart();
    set_up(&mut bench);
    for (mcr, msr) in [(0x10, 0x00), (0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1F, 0xF0)] {
        write(&mut bench, 4, mcr);
        assert_eq!(read(&mut bench, 6) & 0xF0, msr, "MCR {mcr:#x}");
    }
    write(&mut bench, 0, 0x5A);
    bench.run_until(Tick(BOARD_HZ));
    assert_eq!(read(&mut bench, 0), 0x5A);
    assert!(bench.emitted.is_empty());
}

proptest! {
    #[test]
    fn nonsense_does_no_harm_and_snapshots_go_on(accesses in prop::collection::vec((0u32..8, any::<u8>(), any::<bool>(), 0u64..50_000), 1..200)) {
        let mut bench = uart();
        let mut now = 0;
        for (offset, value, is_write, wait) in accesses {
            if is_write { write(&mut bench, offset, value) } else { read(&mut bench, offset); }
            if value == 7 {
                bench.external(&External::Bytes(vec![value; 9]));
            }
            let saved = bench.device.save();
            bench.device.restore(&saved).unwrap();
            prop_assert_eq!(&bench.device.save(), &saved);
            now += wait;
            bench.run_until(Tick(now));
        }
    }
}
