use super::*;
use emu_core::board::testing::{Bench, byte_of};
use proptest::prelude::*;

/// As an XT has it: its CPU's clock, a third of the board's, and a wait state for all but the refresh.
fn controller() -> I8237A {
    (1..4).fold(I8237A::new(Clock::divided_by(3)), |dmac, channel| dmac.with_wait_states(channel, 1))
}

fn bench() -> Bench<I8237A> {
    Bench::new(controller())
}

fn program(bench: &mut Bench<I8237A>, channel: u8, mode: u8, address: u16, count: u16) {
    bench.write(CLEAR_FLIP_FLOP, 0);
    for (register, word) in [(0, address), (1, count)] {
        for byte in word.to_le_bytes() {
            bench.write(u32::from(2 * channel) + register, byte);
        }
    }
    bench.write(MODE, mode | channel);
    bench.write(SINGLE_MASK, channel);
}

fn word(bench: &mut Bench<I8237A>, register: u32) -> u16 {
    bench.write(CLEAR_FLIP_FLOP, 0);
    u16::from_le_bytes([bench.read(register).unwrap(), bench.read(register).unwrap()])
}

#[test]
fn a_single_transfer_takes_one_byte_per_grant() {
    let mut bench = bench();
    bench.write_at(byte_of(I8237A::PAGE_REGION, 1), 0x7).unwrap();
    program(&mut bench, 2, 0x44, 0x1234, 1);
    bench.set_pin(I8237A::dreq(2), true);
    assert!(bench.line(I8237A::HRQ));
    bench.changes.clear();
    assert_eq!(bench.hold_acknowledge(), 7 * 3, "S0 to S4, a wait state and READY");
    let lines: Vec<_> = bench.changes.iter().map(|change| (change.line, change.level)).collect();
    assert_eq!(lines, [(I8237A::dack(2), true), (I8237A::dack(2), false)]);
    bench.hold_acknowledge();
    assert!(!bench.line(I8237A::HRQ), "masked at the terminal count");
    let cycle = |address, terminal_count| DmaCycle {
        channel: 2,
        address,
        direction: DmaDirection::Write,
        terminal_count,
    };
    assert_eq!(bench.dma_cycles, [cycle(0x71234, false), cycle(0x71235, true)]);
    assert_eq!(bench.edges(I8237A::TC, true).len(), 1);
    assert_eq!(bench.read(STATUS_COMMAND), Some(0x44));
    assert_eq!(bench.read(STATUS_COMMAND), Some(0x40), "reading clears what was reached");
    assert_eq!((word(&mut bench, 4), word(&mut bench, 5)), (0x1236, 0xFFFF));
}

#[test]
fn autoinitialize_starts_over_and_decrement_goes_down() {
    let mut bench = bench();
    program(&mut bench, 0, 0x78, 0x0001, 2);
    bench.set_pin(I8237A::dreq(0), true);
    for _ in 0..4 {
        assert_eq!(bench.hold_acknowledge(), 6 * 3);
    }
    let addresses: Vec<_> = bench.dma_cycles.iter().map(|cycle| cycle.address).collect();
    assert_eq!(addresses, [0x0001, 0x0000, 0xFFFF, 0x0001]);
    assert_eq!(bench.device.masks, 0xE);
}

#[test]
fn a_block_goes_on_without_its_request_and_a_demand_does_not() {
    for (mode, transfers) in [(0x88, 3), (0x08, 1)] {
        let mut bench = bench();
        program(&mut bench, 1, mode, 0, 2);
        bench.set_pin(I8237A::dreq(1), true);
        bench.hold_acknowledge();
        bench.set_pin(I8237A::dreq(1), false);
        let mut grants = 1;
        while bench.line(I8237A::HRQ) {
            bench.hold_acknowledge();
            grants += 1;
        }
        assert_eq!((grants, bench.dma_cycles.len()), (transfers, transfers), "mode {mode:02X}h");
    }
}

#[test]
fn a_software_request_passes_the_mask_and_ends_with_the_count() {
    let mut bench = bench();
    program(&mut bench, 3, 0x84, 0, 0);
    bench.write(ALL_MASK, 0xF);
    bench.write(REQUEST, 0x07);
    assert!(bench.line(I8237A::HRQ));
    bench.hold_acknowledge();
    assert!(!bench.line(I8237A::HRQ));
    assert_eq!(bench.device.requests, 0);
}

#[test]
fn priority_is_fixed_or_rotates() {
    for (command, served) in [(0x00, [0, 0, 0, 0, 0]), (0x10, [0, 1, 2, 3, 0])] {
        let mut bench = bench();
        bench.write(STATUS_COMMAND, command);
        for channel in 0..4 {
            program(&mut bench, channel, 0x58, 0, 100);
            bench.set_pin(I8237A::dreq(channel), true);
        }
        (0..5).for_each(|_| assert!(bench.hold_acknowledge() > 0));
        let channels: Vec<_> = bench.dma_cycles.iter().map(|cycle| cycle.channel).collect();
        assert_eq!(channels, served);
    }
}

#[test]
fn the_command_register_disables_shortens_and_turns_the_requests_over() {
    for (command, hrq, clocks) in [(0x00, true, 6), (0x04, false, 0), (0x08, true, 5), (0x40, false, 0)] {
        let mut bench = bench();
        program(&mut bench, 0, 0x58, 0, 100);
        bench.write(STATUS_COMMAND, command);
        bench.set_pin(I8237A::dreq(0), true);
        assert_eq!((bench.line(I8237A::HRQ), bench.hold_acknowledge()), (hrq, clocks * 3), "{command:02X}h");
    }
}

#[test]
fn commands_without_data() {
    let mut bench = bench();
    bench.write(STATUS_COMMAND, 0x10);
    bench.write(CLEAR_MASK, 0);
    bench.write(0, 0x55);
    assert_eq!((bench.device.masks, bench.device.flip_flop), (0, true));
    bench.write(TEMPORARY_MASTER_CLEAR, 0);
    assert_eq!((bench.device.masks, bench.device.flip_flop, bench.device.command), (0xF, false, Command(0)));
    assert_eq!(bench.read(REQUEST), None);
    assert!(bench.read_at(byte_of(I8237A::PAGE_REGION, 1)).is_err());
}

#[test]
fn the_xt_shares_a_page_between_channels_0_and_1() {
    let mut bench = bench();
    for page in 0..4 {
        bench.write_at(byte_of(I8237A::PAGE_REGION, page), 0xA0 | u64::from(page + 8)).unwrap();
    }
    for (channel, page) in [(0, 0xB), (1, 0xB), (2, 0x9), (3, 0xA)] {
        program(&mut bench, channel, 0x44, 0, 10);
        bench.write(REQUEST, 4 | channel);
        bench.hold_acknowledge();
        bench.write(REQUEST, channel);
        assert_eq!(bench.dma_cycles.last().unwrap().address, page << 16, "channel {channel}");
    }
}

#[test]
fn a_latched_request_lasts_until_its_acknowledge_and_shows_no_cycle() {
    let mut bench = Bench::new(controller().with_request_latch(0));
    program(&mut bench, 0, 0x58, 0x100, 0xFFFF);
    let dreq = I8237A::dreq(0);
    bench.set_pin(dreq, true);
    bench.set_pin(dreq, false);
    assert!(bench.line(I8237A::HRQ));
    bench.set_pin(dreq, true);
    assert_eq!(bench.hold_acknowledge(), 6 * 3);
    assert!(!bench.line(I8237A::HRQ), "the pin is still high, but there was no new edge");
    bench.set_pin(dreq, false);
    assert!(!bench.line(I8237A::HRQ));
    bench.set_pin(dreq, true);
    bench.hold_acknowledge();
    assert_eq!((word(&mut bench, 0), bench.dma_cycles.len()), (0x102, 0));
    assert!(bench.edges(I8237A::dack(0), true).is_empty());
}

#[test]
fn a_cascaded_controller_is_served_through_the_other_ones_dack() {
    let (mut first, mut second) = (bench(), bench());
    program(&mut first, 0, 0xC0, 0, 0);
    program(&mut second, 2, 0x44, 0x100, 1);
    second.set_pin(I8237A::dreq(2), true);
    let hrq = second.line(I8237A::HRQ);
    first.set_pin(I8237A::dreq(0), hrq);
    first.hold_acknowledge();
    assert!(first.dma_cycles.is_empty());
    for change in first.changes.iter().filter(|change| change.line == I8237A::dack(0)) {
        second.set_pin(I8237A::HLDA, change.level);
    }
    assert_eq!(second.dma_cycles.len(), 1);
}

/// One channel in single mode by the data sheet's words: what its transfers are.
fn expected(mode: u8, address: u16, count: u16, transfers: usize) -> Vec<(u32, bool)> {
    let (mut at, mut left) = (address, u32::from(count) + 1);
    let mut all = Vec::new();
    while all.len() < transfers && left > 0 {
        left -= 1;
        all.push((at.into(), left == 0));
        at = if mode & 0x20 != 0 { at.wrapping_sub(1) } else { at.wrapping_add(1) };
        if left == 0 && mode & 0x10 != 0 {
            (at, left) = (address, u32::from(count) + 1);
        }
    }
    all
}

proptest! {
    #[test]
    fn addresses_and_counts_run_as_the_model_does(
        channel in 0u8..4, mode in 0u8..16, address: u16, count in 0u16..20, grants in 0usize..50,
    ) {
        let mode = mode << 2 & 0x3C | 0x40;
        let mut bench = bench();
        program(&mut bench, channel, mode, address, count);
        bench.set_pin(I8237A::dreq(channel), true);
        for _ in 0..grants {
            if bench.line(I8237A::HRQ) {
                bench.hold_acknowledge();
            }
        }
        let seen: Vec<_> = bench.dma_cycles.iter().map(|c| (c.address, c.terminal_count)).collect();
        prop_assert_eq!(seen, expected(mode, address, count, grants));
    }

    #[test]
    fn any_access_is_survived_and_any_moment_restored(
        before in prop::collection::vec((0u8..8, 0u32..16, any::<u8>()), 0..60),
        after in prop::collection::vec((0u8..8, 0u32..16, any::<u8>()), 0..60),
    ) {
        let mut bench = bench();
        before.into_iter().for_each(|op| { touch(&mut bench, op); });
        let mut other = bench.restored_into(controller()).unwrap();
        bench.changes.clear();
        bench.dma_cycles.clear();
        for op in after {
            prop_assert_eq!(touch(&mut bench, op), touch(&mut other, op));
        }
        prop_assert_eq!(&bench.changes, &other.changes);
        prop_assert_eq!(&bench.dma_cycles, &other.dma_cycles);
        prop_assert_eq!(bench.device.save(), other.device.save());
    }
}

fn touch(bench: &mut Bench<I8237A>, (op, offset, byte): (u8, u32, u8)) -> Option<u8> {
    match op {
        0 => {
            let seen = bench.peek(offset);
            let read = bench.read(offset);
            assert_eq!(seen, read);
            return read;
        }
        1 => bench.set_pin(PinId(byte & 7), byte & 16 != 0),
        2 | 3 => return Some(bench.hold_acknowledge() as u8),
        4 => {
            let _ = bench.write_at(byte_of(I8237A::PAGE_REGION, offset), byte.into());
        }
        _ => {
            bench.write(offset, byte);
        }
    }
    None
}
