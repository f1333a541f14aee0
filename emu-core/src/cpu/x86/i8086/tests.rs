//! What the corpus of single instructions does not reach: interrupts, HLT, slices of a run, wait states and holds,
//! saved states, and programs that make no sense.

use super::{I8086, Variant};
use crate::addr::Width;
use crate::cpu::bus::{BusStatus, CpuBus, Reply};
use crate::cpu::{Exit, Processor};
use crate::time::Cycle;
use proptest::prelude::*;

/// A bus cycle: status, address, data, and T1.
type Logged = (BusStatus, u32, u64, u64);

/// A megabyte of RAM, ports that read as ones, and everything else as a test sets it.
#[derive(Clone)]
struct Bus {
    memory: Vec<u8>,
    log: Vec<Logged>,
    deadline: u64,
    interrupt: bool,
    nmi: bool,
    vector: u8,
    /// Wait states of the bus cycles to come, over and over.
    waits: Vec<u32>,
    /// When somebody asks for the bus, and for how long; in order.
    holds: Vec<(u64, u32)>,
    granted: Vec<u64>,
}

impl Bus {
    fn new() -> Self {
        Self {
            memory: vec![0x90; 1 << 20],
            log: Vec::new(),
            deadline: u64::MAX,
            interrupt: false,
            nmi: false,
            vector: 0x20,
            waits: vec![0],
            holds: Vec::new(),
            granted: Vec::new(),
        }
    }

    /// RAM with `code` at 0000:0500, the stack below it, and vectors n at 0000:1000 + 10h n.
    fn with(code: &[u8]) -> Self {
        let mut bus = Self::new();
        bus.memory[0x500..0x500 + code.len()].copy_from_slice(code);
        for vector in 0..256 {
            let offset = (0x1000 + 0x10 * vector) as u16;
            bus.memory[vector * 4..vector * 4 + 2].copy_from_slice(&offset.to_le_bytes());
            bus.memory[vector * 4 + 2..vector * 4 + 4].fill(0);
        }
        bus
    }

    fn word(&self, address: usize) -> u16 {
        u16::from_le_bytes([self.memory[address], self.memory[address + 1]])
    }

    fn next_waits(&self) -> u32 {
        self.waits[self.log.len() % self.waits.len()]
    }
}

impl CpuBus for Bus {
    fn read(&mut self, status: BusStatus, address: u32, width: Width, at: Cycle) -> Reply {
        let waits = self.next_waits();
        let byte = |at: u32| match status {
            BusStatus::IoRead => 0xFF,
            _ => u64::from(self.memory[at as usize]),
        };
        assert!(address < 1 << 20 && (width == Width::Byte || address & 1 == 0));
        let data = if width == Width::Word { byte(address) | byte(address + 1) << 8 } else { byte(address) };
        self.log.push((status, address, data, at.0));
        Reply { data, waits }
    }

    fn write(&mut self, status: BusStatus, address: u32, width: Width, data: u64, at: Cycle) -> u32 {
        let waits = self.next_waits();
        assert!(address < 1 << 20 && (width == Width::Byte || address & 1 == 0));
        self.log.push((status, address, data, at.0));
        if status == BusStatus::MemoryWrite {
            for byte in 0..width.bytes() {
                self.memory[address as usize + byte as usize] = (data >> (8 * byte)) as u8;
            }
        }
        waits
    }

    fn acknowledge_interrupt(&mut self, _at: Cycle) -> u8 {
        self.interrupt = false;
        self.vector
    }

    fn next_hold(&self) -> Cycle {
        self.holds.first().map_or(Cycle::NEVER, |&(at, _)| Cycle(at))
    }

    fn hold(&mut self, at: Cycle) -> u32 {
        self.granted.push(at.0);
        self.holds.remove(0).1
    }

    fn deadline(&self) -> Cycle {
        Cycle(self.deadline)
    }

    fn catch_up(&mut self, at: Cycle) {
        self.deadline = self.deadline.max(at.0 + 1);
    }

    fn interrupt_line(&self) -> bool {
        self.interrupt
    }

    fn take_nmi(&mut self) -> bool {
        std::mem::take(&mut self.nmi)
    }

    fn exit_requested(&self) -> bool {
        false
    }
}

fn processor(variant: Variant) -> I8086 {
    let mut cpu = I8086::new(variant);
    for (name, value) in [("CS", 0), ("IP", 0x500), ("SP", 0x500), ("DS", 0), ("ES", 0), ("SS", 0)] {
        set(&mut cpu, name, value);
    }
    cpu
}

fn set(cpu: &mut I8086, name: &str, value: u16) {
    let id = Processor::<Bus>::description(cpu).register_named(name).unwrap();
    Processor::<Bus>::set_register(cpu, id, u64::from(value)).unwrap();
}

fn get(cpu: &I8086, name: &str) -> u16 {
    let id = Processor::<Bus>::description(cpu).register_named(name).unwrap();
    Processor::<Bus>::register(cpu, id) as u16
}

fn now(cpu: &I8086) -> u64 {
    Processor::<Bus>::now(cpu).0
}

fn step(cpu: &mut I8086, bus: &mut Bus) -> Exit {
    cpu.run(bus, None, true)
}

/// Steps and gives IP after each.
fn steps(cpu: &mut I8086, bus: &mut Bus, count: usize) -> Vec<u16> {
    (0..count)
        .map(|_| {
            step(cpu, bus);
            get(cpu, "IP")
        })
        .collect()
}

#[test]
fn reset_starts_at_ffff_0000() {
    let cpu = I8086::new(Variant::I8088);
    let pc = Processor::<Bus>::pc(&cpu);
    assert_eq!((pc.segment, pc.offset, pc.linear), (Some(0xFFFF), 0, 0xFFFF0));
    assert_eq!(get(&cpu, "FLAGS"), 0xF002);
}

#[test]
fn an_interrupt_waits_for_the_instruction_after_sti() {
    let mut bus = Bus::with(&[0xFB, 0x40, 0x41]);
    let mut cpu = processor(Variant::I8086);
    bus.interrupt = true;
    assert_eq!(steps(&mut cpu, &mut bus, 3), [0x501, 0x502, 0x1200]);
    assert_eq!((bus.word(0x4FE) & 0x200, bus.word(0x4FC), bus.word(0x4FA)), (0x200, 0, 0x502));
    assert_eq!(get(&cpu, "FLAGS") & 0x300, 0);
}

#[test]
fn no_interrupt_comes_between_a_load_of_ss_and_one_of_sp() {
    let mut bus = Bus::with(&[0x8E, 0xD0, 0xBC, 0x00, 0x04]);
    let mut cpu = processor(Variant::I8088);
    set(&mut cpu, "FLAGS", 0x200);
    set(&mut cpu, "AX", 0x10);
    step(&mut cpu, &mut bus);
    bus.nmi = true;
    assert_eq!(steps(&mut cpu, &mut bus, 2), [0x505, 0x1020]);
    assert_eq!(bus.word(0x100 + 0x3FA), 0x505);
}

#[test]
fn the_trap_flag_traps_after_the_instruction_behind_the_one_that_set_it() {
    // push ax; popf; nop; nop
    let mut bus = Bus::with(&[0x50, 0x9D, 0x90, 0x90]);
    let mut cpu = processor(Variant::I8086);
    set(&mut cpu, "AX", 0x100);
    assert_eq!(steps(&mut cpu, &mut bus, 4), [0x501, 0x502, 0x503, 0x1010]);
    assert_eq!(bus.word(0x4FE) & 0x100, 0x100);
    assert_eq!(bus.word(0x4FA), 0x503);
}

#[test]
fn a_halted_processor_wakes_for_an_interrupt() {
    let mut bus = Bus::with(&[0xF4, 0x40]);
    let mut cpu = processor(Variant::I8088);
    set(&mut cpu, "FLAGS", 0x200);
    assert_eq!(cpu.run(&mut bus, None, false), Exit::Halted);
    let halted = now(&cpu);
    assert_eq!(cpu.run(&mut bus, None, false), Exit::Halted);
    assert_eq!(now(&cpu), halted);
    Processor::<Bus>::idle_until(&mut cpu, Cycle(halted + 1000));
    bus.interrupt = true;
    step(&mut cpu, &mut bus);
    assert_eq!((get(&cpu, "IP"), bus.word(0x4FA)), (0x1200, 0x501));
    assert!(now(&cpu) > halted + 1000);
}

#[test]
fn a_divide_error_returns_behind_the_instruction() {
    let mut bus = Bus::with(&[0xF6, 0xF1]);
    let mut cpu = processor(Variant::I8086);
    step(&mut cpu, &mut bus);
    assert_eq!((get(&cpu, "IP"), bus.word(0x4FA)), (0x1000, 0x502));
}

#[test]
fn an_interrupted_string_instruction_goes_on_from_its_last_prefix() {
    // es rep stosb, with STOSB's own segment
    let mut bus = Bus::with(&[0x26, 0xF3, 0xAA, 0x90]);
    // The handler is IRET.
    bus.memory[0x1200] = 0xCF;
    let mut cpu = processor(Variant::I8088);
    for (name, value) in [("CX", 5), ("DI", 0x6000), ("AX", 0x55), ("FLAGS", 0x200)] {
        set(&mut cpu, name, value);
    }
    assert_eq!(steps(&mut cpu, &mut bus, 2), [0x500, 0x500]);
    bus.interrupt = true;
    assert_eq!(steps(&mut cpu, &mut bus, 3), [0x501, 0x1200, 0x501]);
    assert_eq!((get(&cpu, "CX"), bus.word(0x4FA)), (2, 0x501));
    assert_eq!(steps(&mut cpu, &mut bus, 2), [0x501, 0x503]);
    assert_eq!((get(&cpu, "CX"), get(&cpu, "DI")), (0, 0x6005));
    assert_eq!(bus.memory[0x6000..0x6006], [0x55, 0x55, 0x55, 0x55, 0x55, 0x90]);
    assert_eq!(Processor::<Bus>::counters(&cpu).string_iterations, 5);
}

#[test]
fn a_register_that_does_not_exist_or_fit_is_refused() {
    use crate::cpu::describe::{RegisterError, RegisterId};
    let mut cpu = processor(Variant::I8086);
    let unknown = Processor::<Bus>::set_register(&mut cpu, RegisterId(14), 0);
    assert_eq!(unknown, Err(RegisterError::Unknown));
    let large = Processor::<Bus>::set_register(&mut cpu, RegisterId(0), 0x1_0000);
    assert_eq!(large, Err(RegisterError::TooLarge { name: "AX", bits: 16, value: 0x1_0000 }));
}

#[test]
fn each_wait_state_of_an_operand_costs_a_clock() {
    let clocks = |waits| {
        // mov ax, [2000h], from a full queue
        let mut bus = Bus::with(&[0xA1, 0x00, 0x20]);
        bus.waits = vec![waits];
        let mut cpu = processor(Variant::I8086);
        cpu.preset_queue(&[0xA1, 0x00, 0x20, 0x90, 0x90, 0x90]);
        step(&mut cpu, &mut bus);
        now(&cpu)
    };
    assert_eq!((clocks(0), clocks(1), clocks(3)), (10, 11, 13));
}

#[test]
fn a_hold_costs_nothing_while_the_bus_is_idle_and_its_length_when_it_is_busy() {
    let clocks = |holds: &[(u64, u32)]| {
        // mul bl with a full queue: 70 clocks without the bus; then push ax
        let mut bus = Bus::with(&[0xF6, 0xE3, 0x50]);
        bus.holds = holds.to_vec();
        let mut cpu = processor(Variant::I8088);
        cpu.preset_queue(&[0xF6, 0xE3, 0x50, 0x90]);
        steps(&mut cpu, &mut bus, 2);
        (now(&cpu), bus.granted)
    };
    let (free, _) = clocks(&[]);
    assert_eq!(clocks(&[(40, 10)]), (free, vec![40]));
    assert_eq!(clocks(&[(40, 10), (41, 4)]), (free, vec![40, 50]));
    let (late, granted) = clocks(&[(free - 6, 10)]);
    assert!(late > free && late <= free + 10, "{free} {late} {granted:?}");
}

#[test]
fn an_8088_is_bound_by_its_bus_where_an_8086_is_not() {
    let clocks = |variant, code: &[u8], count: u64| {
        let mut bus = Bus::with(&code.repeat(count as usize + 40));
        let mut cpu = processor(variant);
        // Until the queue has found its steady state.
        steps(&mut cpu, &mut bus, 40);
        let begun = now(&cpu);
        steps(&mut cpu, &mut bus, count as usize);
        (now(&cpu) - begun) as f64 / count as f64
    };
    // nop; mov ax, bx; push ax: a byte takes an 8088 four clocks to fetch, and a word eight to write.
    for (code, narrow, wide) in [(&[0x90][..], 4.0, 3.0), (&[0x8B, 0xC3], 8.0, 4.0), (&[0x50], 14.0, 10.0)] {
        let (slow, fast) = (clocks(Variant::I8088, code, 64), clocks(Variant::I8086, code, 64));
        assert!((slow - narrow).abs() < 0.6 && (fast - wide).abs() < 0.6, "{code:02X?}: {slow} {fast}");
    }
}

/// Code in which most bytes mean something: opcodes at random, low addresses, and everything in RAM.
fn any_memory() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 4096)
}

fn any_variant() -> impl Strategy<Value = Variant> {
    prop_oneof![Just(Variant::I8086), Just(Variant::I8088)]
}

/// A machine full of random bytes.
fn random_machine(variant: Variant, pattern: &[u8], waits: Vec<u32>) -> (I8086, Bus) {
    let mut bus = Bus::new();
    for chunk in bus.memory.chunks_mut(pattern.len()) {
        chunk.copy_from_slice(&pattern[..chunk.len()]);
    }
    bus.waits = waits;
    (processor(variant), bus)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nonsense_runs_to_its_deadline(
        variant in any_variant(),
        pattern in any_memory(),
        waits in prop::collection::vec(0u32..5, 1..8),
        signals in prop::collection::vec((any::<bool>(), any::<bool>(), 1u64..3000), 1..30),
    ) {
        let (mut cpu, mut bus) = random_machine(variant, &pattern, waits);
        for (interrupt, nmi, length) in signals {
            bus.interrupt = interrupt;
            bus.nmi = nmi;
            let begun = now(&cpu);
            bus.deadline = begun + length;
            bus.holds = vec![(begun + length / 2, 5)];
            match cpu.run(&mut bus, None, false) {
                // The longest instruction is a shift of a word in memory by 255, or a repeated string: those look
                // at the deadline, which this bus moves on each time.
                Exit::Budget => prop_assert!(now(&cpu) >= begun + length),
                Exit::Halted => Processor::<Bus>::idle_until(&mut cpu, Cycle(begun + length)),
                exit => prop_assert!(false, "{exit:?}"),
            }
            let at: Vec<u64> = bus.log.iter().map(|l| l.3).collect();
            prop_assert!(at.is_sorted_by(|a, b| a + 4 <= *b), "bus cycles overlap");
        }
    }

    #[test]
    fn how_a_run_is_sliced_and_saved_makes_no_difference(
        variant in any_variant(),
        pattern in any_memory(),
        waits in prop::collection::vec(0u32..3, 1..4),
        slices in prop::collection::vec(1u64..200, 1..40),
    ) {
        let (mut whole, mut whole_bus) = random_machine(variant, &pattern, waits);
        let (mut sliced, mut sliced_bus) = (whole.clone(), whole_bus.clone());
        for slice in slices {
            sliced_bus.deadline = now(&sliced) + slice;
            if sliced.run(&mut sliced_bus, None, slice % 3 == 0) == Exit::Halted {
                break;
            }
            let saved = Processor::<Bus>::save(&sliced);
            sliced = I8086::new(variant);
            Processor::<Bus>::restore(&mut sliced, &saved).unwrap();
        }
        while now(&whole) < now(&sliced) {
            whole_bus.deadline = now(&sliced);
            if whole.run(&mut whole_bus, None, false) == Exit::Halted {
                break;
            }
        }
        let common = whole_bus.log.len().min(sliced_bus.log.len());
        prop_assert!(common > 0);
        prop_assert_eq!(&whole_bus.log[..common], &sliced_bus.log[..common]);
        if now(&whole) == now(&sliced) {
            let (a, b) = (Processor::<Bus>::save(&whole), Processor::<Bus>::save(&sliced));
            prop_assert_eq!(a.body, b.body);
        }
    }

    #[test]
    fn a_damaged_state_is_refused_or_runs(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        variant in any_variant(),
    ) {
        let mut bus = Bus::with(&[0xF3, 0xA4]);
        let mut cpu = processor(variant);
        let mut saved = Processor::<Bus>::save(&cpu);
        for (index, value) in flips {
            let at = index.index(saved.body.len());
            saved.body[at] = value;
        }
        if Processor::<Bus>::restore(&mut cpu, &saved).is_ok() {
            bus.deadline = now(&cpu).saturating_add(2000);
            cpu.run(&mut bus, None, false);
        }
    }
}
