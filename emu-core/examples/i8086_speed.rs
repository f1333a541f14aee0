//! How many guest clocks a second the 8086 engine runs: a loop of mixed instructions on a flat RAM.
//!
//! `cargo run --release -p emu-core --example i8086_speed`

use emu_core::addr::Width;
use emu_core::cpu::bus::{BusStatus, CpuBus, Reply};
use emu_core::cpu::x86::i8086::{I8086, Variant};
use emu_core::cpu::{Exit, Processor};
use emu_core::time::Cycle;
use std::time::Instant;

const SIZE: usize = 1 << 20;

/// Where the program is loaded, and CS.
const SEGMENT: u16 = 0x0100;

/// Loads, stores, arithmetic, stack, calls, jumps and a string instruction.
const MIXED: &[u8] = &[
    0xB9, 0x00, 0x10, // mov cx, 1000h
    0x8B, 0x04, // again: mov ax, [si]
    0x03, 0x41, 0x02, // add ax, [bx+di+2]
    0x89, 0x05, // mov [di], ax
    0x46, 0x46, // inc si; inc si
    0x3B, 0xC3, // cmp ax, bx
    0x75, 0x01, // jnz +1
    0x90, // nop
    0x50, 0x5A, // push ax; pop dx
    0xE8, 0x0C, 0x00, // call sub
    0xD1, 0xE0, // shl ax, 1
    0x32, 0xC4, // xor al, ah
    0xA0, 0x00, 0x20, // mov al, [2000h]
    0xAA, // stosb
    0xE2, 0xE3, // loop again
    0xEB, 0xDE, // jmp start
    0x24, 0x7F, 0xC3, // sub: and al, 7Fh; ret
];

/// Guest clocks between two looks at the host's clock, and how often.
const STRETCH: u64 = 2_000_000;
const STRETCHES: u32 = 150;

struct FlatRam {
    memory: Box<[u8; SIZE]>,
    deadline: Cycle,
}

impl CpuBus for FlatRam {
    #[inline]
    fn read(&mut self, _status: BusStatus, address: u32, width: Width, _at: Cycle) -> Reply {
        let at = address as usize;
        let low = u64::from(self.memory[at % SIZE]);
        let data = match width {
            Width::Byte => low,
            _ => low | u64::from(self.memory[(at + 1) % SIZE]) << 8,
        };
        Reply { data, waits: 0 }
    }

    #[inline]
    fn write(&mut self, _status: BusStatus, address: u32, width: Width, data: u64, _at: Cycle) -> u32 {
        let at = address as usize;
        self.memory[at % SIZE] = data as u8;
        if width != Width::Byte {
            self.memory[(at + 1) % SIZE] = (data >> 8) as u8;
        }
        0
    }

    fn acknowledge_interrupt(&mut self, _at: Cycle) -> u8 {
        0
    }

    #[inline]
    fn next_hold(&self) -> Cycle {
        Cycle::NEVER
    }

    fn hold(&mut self, _at: Cycle) -> u32 {
        0
    }

    #[inline]
    fn deadline(&self) -> Cycle {
        self.deadline
    }

    fn catch_up(&mut self, _at: Cycle) {}

    #[inline]
    fn interrupt_line(&self) -> bool {
        false
    }

    #[inline]
    fn take_nmi(&mut self) -> bool {
        false
    }

    #[inline]
    fn exit_requested(&self) -> bool {
        false
    }
}

fn main() {
    for (name, variant) in [("8088", Variant::I8088), ("8086", Variant::I8086)] {
        measure(name, variant);
    }
}

fn measure(name: &str, variant: Variant) {
    let mut memory = vec![0; SIZE];
    let start = usize::from(SEGMENT) << 4;
    memory[start..start + MIXED.len()].copy_from_slice(MIXED);
    let mut bus = FlatRam { memory: memory.try_into().expect("the size is right"), deadline: Cycle(0) };
    let mut cpu: Box<dyn Processor<FlatRam>> = Box::new(I8086::new(variant));
    for (register, value) in [("CS", SEGMENT), ("IP", 0), ("DS", 0x3000), ("ES", 0x5000), ("SS", 0x7000)] {
        let id = cpu.description().register_named(register).expect("an 8086 has it");
        cpu.set_register(id, u64::from(value)).expect("it has 16 bits");
    }
    // The best of many stretches: what else the host does slows some of them down.
    let stretches = (0..STRETCHES).map(|_| {
        let (cycles, begun) = (cpu.now().0, Instant::now());
        while cpu.now().0 < cycles + STRETCH {
            bus.deadline = Cycle(cpu.now().0 + 10_000);
            assert_eq!(cpu.run(&mut bus, None, false), Exit::Budget);
        }
        (cpu.now().0 - cycles) as f64 / begun.elapsed().as_secs_f64()
    });
    let best = stretches.fold(0.0, f64::max);
    let counters = cpu.counters();
    let clocks = counters.cycles as f64 / counters.instructions as f64;
    println!(
        "{name}: {:.0} million clocks/s, {:.1} million instructions/s, {clocks:.1} clocks an instruction",
        best / 1e6,
        best / clocks / 1e6,
    );
}
