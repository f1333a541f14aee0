//! A handler ends in a jump to the next one. Where the compiler makes a call of it, the stack grows with every instruction:
//! here each instruction of flat 32-bit code is repeated until a small stack would be full.

use super::quiet_bus::{QuietBus, SIZE};
use emu_core::cpu::probe::{DynamicProbe, ProbePlugin};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::X86_64_V3;
use emu_core::cpu::x86::state::{Segment, State, cr0, cr4, seg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::time::Cycle;

/// Bytes; the least frame has eight.
const STACK: usize = 256 << 10;
const CYCLES: u64 = 100_000;
const CODE: u64 = 0x1_0000;

fn flat(state: &mut State) {
    state.cr0 |= cr0::PE;
    state.cr4 |= cr4::OSFXSR | cr4::OSXSAVE;
    state.xcr0 = 7;
    for number in [seg::ES, seg::CS, seg::SS, seg::DS] {
        let attributes = if number == seg::CS { 0xC09B } else { 0xC093 };
        *state.segment_mut(number) = Segment { selector: 8, attributes, limit: u32::MAX, base: 0 };
    }
    // Within memory, whatever is added or multiplied: and apart from the code.
    state.registers[..8].fill(0x2_0000);
    state.rip = CODE;
}

fn repeat(bytes: &[u8], probe: Option<&mut DynamicProbe>) {
    let mut code = bytes.to_vec();
    code.extend([0x90; 12]);
    code.push(0xE9);
    code.extend((-(code.len() as i32 + 4)).to_le_bytes());
    let mut bus = QuietBus::new(0, SIZE);
    bus.put(CODE, &code);
    let mut cpu = X86::new(&X86_64_V3);
    flat(&mut cpu.state);
    Processor::<QuietBus>::set_engine(&mut cpu, EngineKind::Threaded);
    bus.deadline = Cycle(cpu.state.now + CYCLES);
    Processor::run(&mut cpu, &mut bus, probe, false);
}

/// Repeats each instruction, watched by what `probe` gives.
fn repeat_all(mut probe: impl FnMut() -> Option<DynamicProbe> + Send + 'static) {
    let all = move || {
        let mut repeat = |bytes: &[u8]| repeat(bytes, probe().as_mut());
        for opcode in 0..=0xFF_u8 {
            for modrm in [0x06, 0x44, 0xC1, 0xD9, 0xFA] {
                repeat(&[opcode, modrm]);
                for prefix in [&[][..], &[0x66], &[0xF2], &[0xF3]] {
                    repeat(&[prefix, &[0x0F, opcode, modrm]].concat());
                }
                repeat(&[0xC5, 0xF9, opcode, modrm]);
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(all).expect("a thread");
    thread.join().expect("every instruction runs");
}

#[test]
fn no_instruction_grows_the_stack() {
    repeat_all(|| None);
}

#[test]
fn no_instruction_grows_the_stack_while_it_is_counted() {
    repeat_all(|| Some(DynamicProbe::counting()));
}

/// A plug-in that wants nothing.
struct Bystander;

impl ProbePlugin for Bystander {}

#[test]
fn no_instruction_grows_the_stack_while_a_plug_in_watches() {
    repeat_all(|| Some(DynamicProbe::of(Bystander)));
}
