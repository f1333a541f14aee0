//! Task switches.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::I80386DX;
use emu_core::cpu::x86::state::{cr0, reg, seg};

const HLT: u8 = 0xF4;
const OTHER: u64 = 0x3800;
const OTHER_TASK: u16 = FREE + 8;

/// A machine with a second task, which begins at `CODE + 0x100` in ring 0.
fn two_tasks(engine: EngineKind) -> Machine {
    let m = Machine::protected(&I80386DX, engine);
    m.put_descriptor(OTHER_TASK, descriptor(0x89, OTHER, 0x67));
    m.put(OTHER + 0x20, CODE as u32 + 0x100);
    m.put(OTHER + 0x24, 2_u32);
    m.put(OTHER + 0x28, 0xAAAA_AAAA_u32);
    m.put(OTHER + 0x38, STACK_3 as u32);
    for (i, selector) in (0..).zip([DATA_0, CODE_0, DATA_0, DATA_0, 0, 0]) {
        m.put(OTHER + 0x48 + 4 * i, u32::from(selector));
    }
    m
}

/// CALL and JMP to the other task's state.
const CALL: [u8; 7] = [0x9A, 0, 0, 0, 0, OTHER_TASK as u8, 0];
const JUMP: [u8; 7] = [0xEA, 0, 0, 0, 0, OTHER_TASK as u8, 0];

#[test]
fn a_call_to_a_task_nests_it() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.bus.put(CODE + 0x100, &[HLT]);
        m.set(reg::BX, 0x1234);
        m.run(&CALL);
        let s = m.state();
        assert_eq!((s.rip, s.registers[0]), (CODE + 0x101, 0xAAAA_AAAA), "{s:x?}");
        assert_eq!(s.flags.word() & 0x4000, 0x4000, "NT");
        assert_eq!(s.cr0 & cr0::TS, cr0::TS);
        assert_eq!(s.segment(seg::TR).selector, OTHER_TASK);
        assert_eq!(m.word(OTHER), TASK.into(), "the link");
        assert_eq!((m.word(TSS + 0x20), m.word(TSS + 0x34)), (CODE as u32 + 7, 0x1234));
        // Both are busy now.
        assert_eq!(m.descriptor(OTHER_TASK) >> 40 & 0xF, 0xB);
    });
}

#[test]
fn iret_returns_from_a_nested_task() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.bus.put(CODE + 0x100, &[0xCF]);
        m.set(reg::BX, 0x1234);
        let mut code = CALL.to_vec();
        code.push(HLT);
        m.run(&code);
        let s = m.state();
        assert_eq!((s.rip, s.registers[3]), (CODE + 8, 0x1234), "{s:x?}");
        assert_eq!(s.segment(seg::TR).selector, TASK);
        assert_eq!(m.descriptor(OTHER_TASK) >> 40 & 0xF, 9, "free again");
        // It goes on behind its IRET, without NT.
        assert_eq!((m.word(OTHER + 0x20), m.word(OTHER + 0x24) & 0x4000), (CODE as u32 + 0x101, 0));
    });
}

#[test]
fn a_jump_to_a_task_frees_the_old_one() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.bus.put(CODE + 0x100, &[HLT]);
        m.run(&JUMP);
        assert_eq!(m.state().flags.word() & 0x4000, 0);
        assert_eq!(m.descriptor(TASK) >> 40 & 0xF, 9);
        assert_eq!(m.descriptor(OTHER_TASK) >> 40 & 0xF, 0xB);
    });
}

#[test]
fn a_busy_task_cannot_be_entered() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.put_descriptor(OTHER_TASK, descriptor(0x8B, OTHER, 0x67));
        m.run(&CALL);
        m.assert_fault(13, OTHER_TASK.into(), 0);
    });
}

#[test]
fn an_exception_through_a_task_gate_leaves_its_code_on_the_new_stack() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.bus.put(CODE + 0x100, &[HLT]);
        m.put_gate(13, gate(0x85, OTHER_TASK, 0));
        m.set(reg::AX, 0xF8);
        m.run(&[0x8E, 0xD8]);
        assert_eq!((m.state().rip, m.stacked(0)), (CODE + 0x101, 0xF8));
        assert_eq!(m.word(TSS + 0x20), CODE as u32, "the instruction can be tried again");
    });
}

#[test]
fn a_fault_in_a_new_tasks_segments_is_its_own() {
    on_both(|engine| {
        let mut m = two_tasks(engine);
        m.put(OTHER + 0x50, 0_u32);
        m.run(&JUMP);
        // Its stack is what is missing, so there is none for the handler either.
        assert_eq!(m.state().activity, emu_core::cpu::x86::state::Activity::Shutdown);
        assert_eq!(m.state().segment(seg::TR).selector, OTHER_TASK);
    });
}
