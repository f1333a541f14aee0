//! A machine of an 8088, RAM and one chip that interrupts and steals the bus: whatever way it is run (in one go, in
//! pieces, on two threads, out of a snapshot, out of a recording), it does the same, to the cycle.

use emu_core::board::builder::BoardBuilder;
use emu_core::board::device::{
    BusAccess, Cx, Device, DmaCycle, DmaDirection, LineId, NoAnswer, RegionId, ResetKind,
};
use emu_core::board::domain::CpuPin;
use emu_core::board::external::External;
use emu_core::cache::{CacheProbe, presets};
use emu_core::cpu::bus::{CpuBus, MemoryBus};
use emu_core::cpu::probe::DynamicProbe;
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::debug::breakpoints::{AccessKind, Breakpoint, BreakpointKind};
use emu_core::hal::Hal;
use emu_core::machine::journal::{Input, Journal};
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{Machine, MachineParts, Stop};
use emu_core::mem::{ByteOrder, Changes, CodeLine, LINE_SIZE, Mapping, NodeId, PhysMem, RamBlock, Target};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, Cycle, EventTag, Tick};
use proptest::prelude::*;
use std::sync::Arc;

/// Interrupts every 1,000 ticks or so, takes the bus every 216, and stalls when it is read.
#[derive(Default)]
struct Ticker {
    count: u8,
    heard: u8,
}

impl Ticker {
    const INTERRUPT: LineId = LineId(0);
    const HOLD: LineId = LineId(1);
    const BEAT: EventTag = EventTag(0);
    const REFRESH: EventTag = EventTag(1);
}

impl Device for Ticker {
    fn read(&mut self, _at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        cx.stall(10);
        Ok(u64::from(self.heard) ^ cx.now.0)
    }
    fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.heard = self.heard.wrapping_add(value as u8);
        cx.set_line(Self::INTERRUPT, false);
        Ok(())
    }
    fn on_event(&mut self, tag: EventTag, due: Tick, cx: &mut Cx<'_>) {
        if tag == Self::BEAT {
            self.count = self.count.wrapping_add(1);
            cx.set_line(Self::INTERRUPT, true);
            cx.arm(Self::BEAT, due + 1000 + u64::from(self.count));
        } else {
            cx.set_line(Self::HOLD, true);
            cx.arm(Self::REFRESH, due + 216);
        }
    }
    fn on_hold_acknowledge(&mut self, cx: &mut Cx<'_>) {
        cx.dma(DmaCycle { channel: 0, address: 0, direction: DmaDirection::Read, terminal_count: false });
        cx.stall(12);
        cx.set_line(Self::HOLD, false);
    }
    fn acknowledge_interrupt(&mut self, _cx: &mut Cx<'_>) -> u8 {
        8
    }
    fn on_external(&mut self, input: &External, _cx: &mut Cx<'_>) {
        if let External::Bytes(bytes) = input {
            self.heard = bytes.iter().fold(self.heard, |heard, byte| heard.wrapping_mul(3) ^ byte);
        }
    }
    fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
        *self = Self::default();
        cx.set_line(Self::INTERRUPT, false);
        cx.arm(Self::BEAT, cx.now + 1000);
        cx.arm(Self::REFRESH, cx.now + 216);
    }
    fn save(&self) -> SavedState {
        let Self { count, heard } = self;
        SavedState::new(1, &(count, heard))
    }
    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.count, self.heard) = saved.read(1)?;
        Ok(())
    }
}

/// Starts at FFFF:0000 with a jump to F000:0100; the interrupt handler is at F000:0200.
fn rom() -> Vec<u8> {
    let mut rom = vec![0x90; 0x1_0000];
    let main = [
        0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0, 0x8E, 0xC0, // xor ax, ax; mov ds/ss/es, ax
        0xBC, 0x00, 0x10, // mov sp, 1000h
        0xC7, 0x06, 0x20, 0x00, 0x00, 0x02, // mov word [20h], 200h
        0xC7, 0x06, 0x22, 0x00, 0x00, 0xF0, // mov word [22h], F000h
        0xFB, // sti
        // main loop at 0118h:
        0xBE, 0x00, 0x20, 0xBF, 0x00, 0x30, 0xB9, 0x40, 0x00, // mov si, 2000h; mov di, 3000h; mov cx, 64
        0xF3, 0xA4, // rep movsb
        0xE4, 0x10, // in al, 10h
        0xA2, 0x05, 0x20, // mov [2005h], al
        0xF7, 0xE1, // mul cx
        0xFF, 0x06, 0x00, 0x20, // inc word [2000h]
        0xF4, // hlt
        0xEB, 0xE7, // jmp 0118h
    ];
    rom[0x100..0x100 + main.len()].copy_from_slice(&main);
    let handler = [0x50, 0xFE, 0x06, 0x00, 0x40, 0xE6, 0x10, 0x58, 0xCF]; // push ax; inc byte [4000h]; out 10h, al; pop ax; iret
    rom[0x200..0x200 + handler.len()].copy_from_slice(&handler);
    rom[0xFFF0..0xFFF5].copy_from_slice(&[0xEA, 0x00, 0x01, 0x00, 0xF0]);
    rom
}

fn machine() -> Machine {
    let mut board = BoardBuilder::new(10);
    let ticker = board.add("ticker", Ticker::default());
    board.io(0x10..=0x10, ticker, RegionId(0));
    board.wire_to_cpu((ticker, Ticker::INTERRUPT), CpuPin::Interrupt);
    board.wire_to_cpu((ticker, Ticker::HOLD), CpuPin::Hold(ticker));
    board.interrupt_controller(ticker);
    let domain = board.build(Hal::default()).unwrap();

    let mut memory = PhysMem::new(ByteOrder::Little);
    let ram = Arc::new(RamBlock::new(0x1_0000, ByteOrder::Little, NodeId(0)).unwrap());
    let image = Arc::new(RamBlock::new(0x1_0000, ByteOrder::Little, NodeId(0)).unwrap());
    image.write_bytes(0, &rom());
    memory.map(Mapping::ram(0, &ram)).unwrap();
    memory.map(Mapping::rom(0xF_0000, &image)).unwrap();
    let timing = BusTiming { memory_waits: 0, io_waits: 1 };
    let bus = SystemBus::new(domain, memory, Clock::divided_by(3), timing);
    Machine::new(MachineParts {
        cpu: Box::new(I8086::new(Variant::I8088)),
        bus,
        services: None,
        keyboard: None,
        restarts: false,
        tick_hz: 14_318_180,
        cpu_hz: 14_318_180 / 3,
    })
}

fn bytes(bytes: &[u8]) -> Input {
    Input::Device { device: "ticker".into(), input: External::Bytes(bytes.to_vec()) }
}

const END: Cycle = Cycle(60_000);

#[test]
fn the_machine_gets_somewhere() {
    let mut machine = machine();
    machine.run_until(END);
    let loops = u16::from_le_bytes([machine.peek(0x2000), machine.peek(0x2001)]);
    assert!(loops > 10, "{loops} loops");
    assert!(machine.peek(0x4000) > 100, "{} interrupts", machine.peek(0x4000));
    assert!(machine.now() >= END && machine.now() < END + 200);
}

#[test]
fn two_threads_do_what_one_does() {
    let (mut one, mut two) = (machine(), machine());
    one.run_until(END);
    two.run_until_on_two_threads(END);
    assert_eq!(one.save(), two.save());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_snapshots_and_recordings_make_no_difference(
        pieces in prop::collection::vec((1u64..9_000, 0u8..4), 1..12),
    ) {
        let mut whole = machine();
        whole.record();
        let mut pieced = machine();
        for (length, action) in pieces {
            let target = whole.now() + length;
            whole.run_until(target);
            match action {
                0 => pieced.run_until(target),
                1 => pieced.run_until_on_two_threads(target),
                2 => {
                    let mut restored = machine();
                    restored.restore(&pieced.save()).unwrap();
                    pieced = restored;
                    pieced.run_until(target)
                }
                _ => {
                    pieced.run_until(Cycle(pieced.now().0 + length / 2));
                    pieced.run_until(target)
                }
            };
            prop_assert_eq!(whole.save(), pieced.save());
            whole.input(bytes(&[action, 7])).unwrap();
            pieced.input(bytes(&[action, 7])).unwrap();
        }
        whole.run_until(END + 50_000);
        let Journal::Recording(entries) = whole.journal().clone() else { panic!("it records") };
        let mut replayed = machine();
        replayed.replay(entries, Box::new(|_| None));
        replayed.run_until(END + 50_000);
        prop_assert_eq!(whole.save(), replayed.save());
    }
}

#[test]
fn single_steps_lead_where_a_run_does() {
    let mut stepped = machine();
    while stepped.now() < Cycle(20_000) {
        stepped.step();
    }
    // A repeated instruction is stepped by its iterations, so only what it leaves behind is compared.
    let mut there = machine();
    there.run_until(stepped.now());
    assert_eq!(there.peek(0x2000), stepped.peek(0x2000));
}

/// A machine with these caches, watched.
fn cached(config: &emu_core::cache::CacheConfig, charge: bool) -> Machine {
    let mut machine = machine();
    let mut probe = CacheProbe::new(config.clone()).unwrap();
    probe.set_charge(charge);
    machine.set_probe(Some(DynamicProbe::of(probe)));
    machine
}

#[test]
fn caches_change_nothing_but_time_and_only_when_charged() {
    let mut bare = machine();
    bare.run_until(END);
    for preset in presets::presets() {
        let mut watched = cached(&preset.config, false);
        watched.run_until(END);
        assert!(bare.save() == watched.save(), "{}", preset.name);

        let mut charged = cached(&preset.config, true);
        charged.run_until(END);
        let stats = charged.probe_mut().unwrap().plugin::<CacheProbe>().unwrap().stats();
        assert_eq!(stats.cycles_charged > 0, !stats.levels.is_empty(), "{}", preset.name);
        assert!(
            charged.peek(0x2000) <= bare.peek(0x2000),
            "{}: caches never make a guest faster",
            preset.name
        );
        assert!(charged.peek(0x2000) > 3, "{}: it gets somewhere", preset.name);
    }
}

/// At the loop's `mov [2005h], al`, and at the bytes that the loop and the handler change.
/// Caches that are changed while the machine runs are replayed to the cycle, and lose nothing when the charge alone
/// changes.
#[test]
fn changes_of_the_caches_are_replayed() {
    let mut config = presets::presets()[1].config.clone();
    let mut recorded = machine();
    recorded.record();
    recorded.run_until(Cycle(END.0 / 4));
    config.charge = true;
    recorded.set_caches(Some(&config)).unwrap();
    recorded.run_until(Cycle(END.0 / 2));
    let counted = recorded.cache_stats().unwrap();
    assert!(counted.cycles_charged > 0);
    config.charge = false;
    recorded.set_caches(Some(&config)).unwrap();
    assert_eq!(recorded.cache_stats().unwrap(), counted);
    recorded.run_until(Cycle(END.0 * 3 / 4));
    recorded.set_caches(None).unwrap();
    assert!(recorded.cache_stats().is_none() && !recorded.is_watched());
    recorded.run_until(END);
    let Journal::Recording(entries) = recorded.journal() else { panic!("nothing was recorded") };

    let mut replayed = machine();
    replayed.replay(entries.clone(), Box::new(|_| None));
    replayed.run_until(END);
    assert_eq!(recorded.save(), replayed.save());
}

fn breakpoints(condition: &str) -> Vec<Breakpoint> {
    let kinds = [
        BreakpointKind::ExecuteAt { segment: 0xF000, offset: 0x125 },
        BreakpointKind::Memory { first: 0x2000, last: 0x2001, access: AccessKind::Any },
        BreakpointKind::Memory { first: 0x4000, last: 0x4000, access: AccessKind::Write },
        BreakpointKind::Interrupt { vector: 8 },
    ];
    let breakpoint = |(id, kind)| Breakpoint { condition: condition.to_owned(), ..Breakpoint::new(id, kind) };
    (0..).zip(kinds).map(breakpoint).collect()
}

#[test]
fn breakpoints_whose_conditions_fail_change_nothing() {
    let mut bare = machine();
    bare.run_until(END);
    let (mut one, mut two) = (machine(), machine());
    one.set_breakpoints(breakpoints("ss != 0")).unwrap();
    two.set_breakpoints(breakpoints("word [ss:0FFFFh] == 1234h && 0")).unwrap();
    assert_eq!(one.run_until(END), Stop::Reached);
    assert_eq!(two.run_until_on_two_threads(END), Stop::Reached);
    assert!(bare.save() == one.save());
    assert!(bare.save() == two.save());
    assert!(one.breakpoints().iter().all(|breakpoint| breakpoint.hits == 0));
    one.set_breakpoints(Vec::new()).unwrap();
    assert!(one.probe_mut().is_none(), "nobody watches any more");
}

#[test]
fn stops_say_why_and_lose_nothing() {
    let mut bare = machine();
    bare.run_until(END);
    for threads in [1, 2] {
        let mut machine = machine();
        machine.set_breakpoints(breakpoints("")).unwrap();
        let mut reasons = std::collections::BTreeSet::new();
        let run = [Machine::run_until, Machine::run_until_on_two_threads][threads - 1];
        while run(&mut machine, END) == Stop::Probe {
            let reason = machine.breakpoint_reason().unwrap();
            let at = machine.cpu().pc().offset;
            match reason.as_str() {
                "Breakpoint: at F000:0125" => assert_eq!(at, 0x125, "before the instruction"),
                "Breakpoint: write to 04000 by F000:0201" => assert_eq!(at, 0x205, "behind it"),
                reason if reason.starts_with("Breakpoint: interrupt 08") => {
                    assert_eq!(at, 0x200, "behind the entry")
                }
                _ => {}
            }
            reasons.insert(reason);
        }
        assert!(bare.save() == machine.save());
        for want in ["Breakpoint: at F000:0125", "Breakpoint: write to 04000 by F000:0201"] {
            assert!(reasons.contains(want), "{want} is not in {reasons:?}");
        }
        let loops = u64::from(machine.peek(0x2000));
        let hits = machine.breakpoints()[0].hits;
        assert!(hits == loops || hits == loops + 1, "{hits} stops before what was done {loops} times");
    }
}

#[test]
fn a_step_at_a_breakpoint_passes_it() {
    let mut machine = machine();
    machine.set_breakpoints(breakpoints("")[..1].to_vec()).unwrap();
    assert_eq!(machine.run_until(END), Stop::Probe);
    let before = machine.cpu().pc();
    assert_eq!(machine.step(), Stop::Reached);
    assert_ne!(machine.cpu().pc(), before);
    machine.set_breakpoints(breakpoints("ax == 0FFFFh && !ax")[..1].to_vec()).unwrap();
    let instructions = machine.cpu().counters().instructions;
    for _ in 0..1000 {
        assert_eq!(machine.step(), Stop::Reached);
    }
    assert!(machine.cpu().counters().instructions > instructions + 100, "each step steps");
}

/// The RAM of a machine.
fn ram(machine: &Machine) -> Arc<RamBlock> {
    let mut blocks = machine.bus().memory().mappings().iter().filter_map(|mapping| match &mapping.target {
        Target::Ram { block, .. } => Some(Arc::clone(block)),
        _ => None,
    });
    blocks.next().expect("the machine has RAM")
}

#[test]
fn pages_written_after_the_dirty_marks_were_taken_are_dirty_again() {
    for run in [Machine::run_until, Machine::run_until_on_two_threads] {
        let mut machine = machine();
        run(&mut machine, Cycle(30_000));
        let written = ram(&machine).take_dirty();
        assert!(written.contains(&0x2000) && written.contains(&0x4000), "{written:X?}");
        assert_eq!(ram(&machine).take_dirty(), [0; 0]);
        run(&mut machine, END);
        let again = ram(&machine).take_dirty();
        assert!(again.contains(&0x2000) && again.contains(&0x4000), "{again:X?}");
    }
}

#[test]
fn stores_to_marked_code_are_told() {
    let mut machine = machine();
    machine.run_until(Cycle(30_000));
    machine.bus_mut().take_changes();
    let ram = ram(&machine);
    // The loop counts at 2000h, and nobody stores at 2800h.
    ram.mark_code(0x2000, 1);
    ram.mark_code(0x2800, 1);
    machine.run_until(END);
    let changes = machine.bus_mut().take_changes();
    let line = CodeLine { block: ram.id(), line: 0x2000 / LINE_SIZE };
    assert_eq!(changes, Changes { code: [line].into_iter().collect(), everything: false });
    assert!(ram.line_has_code(0x2800) && !ram.line_has_code(0x2000));
}

/// Slices of a run begin with a look at what was posted. What that finds is still there for the processor to take.
#[test]
fn what_a_slice_found_changed_is_kept_for_the_processor() {
    let mut machine = machine();
    machine.bus_mut().take_changes();
    let ram = ram(&machine);
    ram.mark_code(0x2000, 1);
    machine.bus_mut().take_changes();
    ram.write(0x2000, 1_u8);
    let budget = machine.bus().deadline();
    machine.bus_mut().set_budget(budget);
    assert!(machine.bus_mut().has_changes());
    assert_eq!(machine.bus_mut().take_changes().code.len(), 1);
    assert!(!machine.bus_mut().has_changes());
}
