//! A handler ends in a jump to the next one. Where the compiler makes a call of it, the stack grows with every instruction:
//! here each instruction of the table is repeated until a small stack would be full.

use super::bus::Bus;
use super::program::{CODE, MEMORY};
use emu_core::addr::Physical;
use emu_core::cpu::m68k::M68k;
use emu_core::cpu::m68k::disassemble::text_of;
use emu_core::cpu::m68k::model::MC68000;
use emu_core::cpu::m68k::state::Activity;
use emu_core::cpu::m68k::table;
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;

/// Bytes; the least frame has eight.
const STACK: usize = 256 << 10;
/// Enough for 40,000 short instructions, and for 2,500 divisions, whose frames are large.
const CYCLES: u64 = 400_000;
const COPIES: usize = 8;

/// The words of the table, one of each handful that differ in registers only.
fn opcodes() -> impl Iterator<Item = u16> {
    let tells_register_apart = |word: &u16| match word >> 12 {
        // Bits 9 to 11 tell instructions apart.
        0x0 | 0x4 | 0xE => true,
        _ => word >> 9 & 7 == 1,
    };
    let is_first_register = |word: &u16| word & 7 == 1 || (0o70..=0o74).contains(&(word & 0o77));
    let alike =
        move |word: &u16| word >> 12 == 0x6 || (tells_register_apart(word) && is_first_register(word));
    (0..=u16::MAX).filter(alike).filter(|&word| table::find(word).is_some())
}

/// Gives how many instructions were executed.
fn repeat(opcode: u16) -> u64 {
    let one = [&[opcode][..], &vec![0; text_of([opcode, 0, 0, 0, 0], 0).words - 1]].concat();
    let mut code = one.repeat(COPIES);
    // BRA back to the start.
    code.extend([0x6000, (-2 * (code.len() as i16 + 1)) as u16]);
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut bus = Bus::new(MEMORY);
    bus.memory.write_bytes(Physical(CODE.into()), &bytes).expect("memory");
    let mut cpu = M68k::new(&MC68000);
    let state = &mut cpu.state;
    state.activity = Activity::Running;
    state.set_status(0x2000, 0xA71F);
    // In the middle of memory, wherever it is stepped.
    state.registers.fill(0x8_0000);
    state.pc = CODE;
    cpu.set_engine(EngineKind::Threaded);
    bus.deadline = Cycle(cpu.state.now + CYCLES);
    Processor::run(&mut cpu, &mut bus, None, false);
    Processor::<Bus>::counters(&cpu).instructions
}

#[test]
fn no_instruction_grows_the_stack() {
    let all = || {
        let executed: Vec<u64> = opcodes().map(repeat).collect();
        assert!(executed.len() > 2000, "{} instructions", executed.len());
        let long = executed.iter().filter(|&&count| count > 1000).count();
        assert!(long * 4 > executed.len() * 3, "{long} of {} were repeated", executed.len());
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(all).expect("a thread");
    thread.join().expect("every instruction runs");
}
