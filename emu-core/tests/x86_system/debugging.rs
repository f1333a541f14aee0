//! Debug registers, and LOADALL.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{I486DX, I80286};
use emu_core::cpu::x86::state::{Segment, reg, seg};

const HLT: u8 = 0xF4;

fn watching(engine: EngineKind, at: u64, kind: u64, length: u64) -> Machine {
    let mut m = Machine::protected(&I486DX, engine);
    m.cpu.state.debug[1] = at;
    m.cpu.state.debug[7] = 0x400 | 4 | (kind | length << 2) << 20;
    m
}

#[test]
fn an_instruction_breakpoint_comes_before_the_instruction_and_only_once() {
    on_both(|engine| {
        let mut m = watching(engine, CODE + 1, 0, 0);
        m.run(&[0x40, 0x40, HLT]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(1), CODE as u32 + 1));
        assert_eq!((m.register(reg::AX), m.state().debug[6] & 0xF), (1, 2));
        // RF is set in what was pushed, so that IRET goes on with the instruction.
        m.bus.put(HANDLERS + 0x11, &[0xCF]);
        m.go_on();
        assert_eq!((m.state().rip, m.register(reg::AX)), (CODE + 3, 2));
        assert_eq!(m.state().flags.word() >> 16 & 1, 0);
    });
}

#[test]
fn a_data_breakpoint_comes_behind_the_instruction() {
    // Kind and length of what is watched, code; whether it is met.
    let cases: [(u64, u64, &[u8], bool); 5] = [
        (1, 3, &[0xA2, 2, 0, 4, 0], true),  // mov [40002], al
        (1, 3, &[0xA0, 2, 0, 4, 0], false), // mov al, [40002]
        (3, 3, &[0xA0, 2, 0, 4, 0], true),
        (3, 3, &[0xA0, 4, 0, 4, 0], false),
        (3, 0, &[0xA1, 0xFD, 0xFF, 3, 0], true), // mov eax, [3FFFD]
    ];
    on_both(|engine| {
        for (kind, length, code, met) in cases {
            let mut m = watching(engine, DATA, kind, length);
            let mut code = code.to_vec();
            code.push(HLT);
            m.run(&code);
            assert_eq!(m.handler().is_some(), met, "{code:x?}");
            if met {
                assert_eq!((m.stacked(0), m.state().debug[6] & 0xF), (CODE as u32 + 5, 2));
            }
        }
    });
}

#[test]
fn general_detect_guards_the_debug_registers() {
    on_both(|engine| {
        let mut m = Machine::protected(&I486DX, engine);
        m.cpu.state.debug[7] |= 1 << 13;
        m.run(&[0x0F, 0x21, 0xC0]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(1), CODE as u32));
        assert_eq!(m.state().debug[6] >> 13 & 1, 1);
    });
}

#[test]
fn loadall_of_an_80286_loads_what_no_selector_says() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80286, engine);
        m.cpu.state.cr0 = 0xFFF0;
        m.cpu.state.set_segment(seg::CS, Segment::real(0x2000));
        m.cpu.state.rip = 0;
        for at in 0..51 {
            m.put(0x800 + 2 * at, 0_u16);
        }
        // IP and AX; CS's and DS's caches: base, rights, limit.
        m.put(0x81A, 0x100_u16);
        m.put(0x834, 0x1234_u16);
        for (at, base) in [(0x83C, CODE), (0x848, 0xA_BCDE)] {
            m.put(at, base as u32 | 0x93 << 24);
            m.put(at + 4, 0xFFFF_u16);
        }
        m.bus.put(CODE + 0x100, &[HLT]);
        m.bus.put(CODE, &[0x0F, 0x05]);
        m.go_on();
        let s = m.state();
        assert_eq!((s.rip, s.registers[0], s.segment(seg::DS).base), (0x101, 0x1234, 0xA_BCDE));
    });
}
