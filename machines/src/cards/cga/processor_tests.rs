//! What the card's wait states make of an 8088's string instructions, on a board with nothing else on it.

use super::*;
use emu_core::board::builder::BoardBuilder;
use emu_core::cpu::x86::i8086::I8086;
use emu_core::hal::Hal;
use emu_core::machine::system_bus::{BusTiming, SystemBus};
use emu_core::machine::{Machine, MachineParts};
use emu_core::mem::{ByteOrder, Mapping, NodeId, PhysMem, RamBlock};

/// Where the program lies.
const PROGRAM: u64 = 0x7C00;
/// Bytes or words that it moves.
const COUNT: u64 = 160;

fn machine() -> Machine {
    let mut board = BoardBuilder::new(10);
    let font = Arc::new(Font::new(8, vec![0; 2048]));
    let config = CgaConfig { clock: Clock::divided_by(1), output: OutputId(0), font, snow: false };
    let card = board.add("cga", Cga::new(config));
    board.io(0x3D0..=0x3DF, card, PORTS).memory(0xB_8000..=0xB_FFFF, card, MEMORY);
    let domain = board.build(Hal::default()).unwrap();
    let mut memory = PhysMem::new(ByteOrder::Little);
    for start in [0, 0xF_0000] {
        let block = Arc::new(RamBlock::new(0x1_0000, ByteOrder::Little, NodeId(0)).unwrap());
        memory.map(Mapping::ram(start, &block)).unwrap();
    }
    let timing = BusTiming { memory_waits: 0, io_waits: 1 };
    let bus = SystemBus::new(domain, memory, Clock::divided_by(3), timing);
    let cpu = Box::new(I8086::new(emu_core::cpu::x86::i8086::Variant::I8088));
    let (tick_hz, cpu_hz) = (DOT_HZ, DOT_HZ / 3);
    Machine::new(MachineParts { cpu, bus, services: None, keyboard: None, restarts: false, tick_hz, cpu_hz })
}

/// The CPU cycles of `instruction`, with `source` in DS and `target` in ES, `delay` NOPs after all registers are set.
fn cycles_of(instruction: &[u8], source: u16, target: u16, delay: usize) -> u64 {
    let mut machine = machine();
    let [s, t, count] = [source, target, COUNT as u16].map(u16::to_le_bytes);
    let mut program = vec![0xB8, s[0], s[1], 0x8E, 0xD8]; // MOV AX,source; MOV DS,AX
    program.extend([0xB8, t[0], t[1], 0x8E, 0xC0]); // MOV AX,target; MOV ES,AX
    program.extend([0x31, 0xF6, 0x31, 0xFF, 0xB9, count[0], count[1], 0xFC]); // SI = DI = 0; CX = count; CLD
    program.extend(vec![0x90; delay]);
    let start = PROGRAM + program.len() as u64;
    program.extend(instruction);
    let end = PROGRAM + program.len() as u64;
    program.extend([0x90; 8]);
    let jump = [0xEA, 0x00, 0x7C, 0x00, 0x00]; // JMP 0000:7C00
    for (base, bytes) in [(PROGRAM, &program[..]), (0xF_FFF0, &jump)] {
        for (at, byte) in (base..).zip(bytes) {
            assert!(machine.poke(at, *byte));
        }
    }
    let mut reach = |linear: u64| {
        let arrived = (0..10_000).any(|_| {
            machine.step();
            machine.cpu().pc().linear == linear
        });
        assert!(arrived, "the program went astray");
        machine.now().0
    };
    let begun = reach(start);
    reach(end) - begun
}

/// Every access ends with a slot of the card, so a loop settles to a whole number of lchars (16/3 cycles): the word
/// of REP MOVSW, 25 cycles elsewhere, takes 7; that of REP STOSW, 14, takes 5 ("almost the worst possible",
/// reenigne, "The CGA wait states"); the byte of REP STOSB, 10, takes 3.
#[test]
fn strings_move_in_step_with_the_character_clock() {
    for (name, instruction, source, target, lchars) in [
        ("MOVSW from the card", [0xF3, 0xA5], 0xB800, 0x0000, 7),
        ("MOVSW to the card", [0xF3, 0xA5], 0x0000, 0xB800, 7),
        ("STOSW to the card", [0xF3, 0xAB], 0x0000, 0xB800, 5),
        ("STOSB to the card", [0xF3, 0xAA], 0x0000, 0xB800, 3),
    ] {
        for delay in 0..4 {
            let cycles = cycles_of(&instruction, source, target, delay);
            let settled = COUNT * lchars * LCHAR / 3;
            assert!(
                (settled..settled + 40).contains(&cycles),
                "{name}: {cycles} cycles, not {settled} and a few"
            );
        }
    }
}
