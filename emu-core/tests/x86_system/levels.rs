//! Gates, privilege levels, interrupts and the ways back.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{I486DX, I80386DX};
use emu_core::cpu::x86::state::{Activity, reg, seg};

const HLT: u8 = 0xF4;
/// CALL FREE:0.
const CALL_GATE: [u8; 7] = [0x9A, 0, 0, 0, 0, FREE as u8 | 3, 0];

fn ring_3(engine: EngineKind) -> Machine {
    let mut m = Machine::protected(&I80386DX, engine);
    m.enter_ring(3);
    m
}

#[test]
fn a_call_gate_to_an_inner_ring_switches_stacks() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_descriptor(FREE, gate(0xEC, CODE_0, HANDLERS) | 2 << 32);
        m.put(STACK_3 - 8, 0x1111_1111_2222_2222_u64);
        m.set(reg::SP, STACK_3 - 8);
        m.run(&CALL_GATE);
        assert_eq!(m.handler(), Some(0));
        assert_eq!((m.state().cpl(), m.register(reg::SP)), (0, STACK_0 - 24));
        let frame: Vec<u32> = (0..6).map(|i| m.stacked(i)).collect();
        // EIP, CS, the two parameters, ESP, SS.
        let want =
            [CODE as u32 + 7, CODE_3.into(), 0x2222_2222, 0x1111_1111, STACK_3 as u32 - 8, DATA_3.into()];
        assert_eq!(frame, want);
    });
}

#[test]
fn a_return_to_an_outer_ring_takes_the_parameters_from_both_stacks() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_descriptor(FREE, gate(0xEC, CODE_0, HANDLERS) | 2 << 32);
        m.bus.put(HANDLERS, &[0xCA, 8, 0]);
        m.set(reg::SP, STACK_3 - 8);
        // DS of ring 0 is not for ring 3.
        m.cpu.state.segments[usize::from(seg::ES)] = emu_core::cpu::x86::state::Segment::flat_data(DATA_0, 0);
        m.run(&[CALL_GATE[0], 0, 0, 0, 0, CALL_GATE[5], 0, HLT]);
        // The HLT behind the call is not for ring 3.
        m.assert_fault(13, 0, 7);
        assert_eq!(m.stacked(4), STACK_3 as u32);
        assert_eq!(m.state().segment(seg::ES).selector, 0);
        assert_eq!(m.state().segment(seg::DS).selector, DATA_3);
    });
}

#[test]
fn a_gate_is_open_to_its_dpl_only() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_descriptor(FREE, gate(0x8C, CODE_0, HANDLERS));
        m.run(&CALL_GATE);
        m.assert_fault(13, FREE.into(), 0);
        let mut m = ring_3(engine);
        m.put_descriptor(FREE, gate(0x6C, CODE_0, HANDLERS));
        m.run(&CALL_GATE);
        m.assert_fault(11, FREE.into(), 0);
    });
}

#[test]
fn a_jump_through_a_gate_keeps_its_level() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_descriptor(FREE, gate(0xEC, CODE_0, HANDLERS));
        m.run(&[0xEA, 0, 0, 0, 0, FREE as u8 | 3, 0]);
        m.assert_fault(13, CODE_0.into(), 0);
        let mut m = Machine::protected(&I80386DX, engine);
        m.put_descriptor(FREE, gate(0xEC, CODE_0, HANDLERS));
        m.run(&[0xEA, 0, 0, 0, 0, FREE as u8, 0]);
        assert_eq!((m.handler(), m.register(reg::SP)), (Some(0), STACK_0));
    });
}

#[test]
fn an_interrupt_from_ring_3_pushes_the_old_stack() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_gate(0x80, gate(0xEE, CODE_0, HANDLERS + 0x800));
        m.cpu.state.flags.set_word(0x0202);
        m.run(&[0xCD, 0x80]);
        assert_eq!(m.handler(), Some(0x80));
        let frame: Vec<u32> = (0..5).map(|i| m.stacked(i)).collect();
        assert_eq!(frame, [CODE as u32 + 2, CODE_3.into(), 0x202, STACK_3 as u32, DATA_3.into()]);
        assert_eq!(m.state().flags.word() & 0x200, 0, "an interrupt gate clears IF");
    });
}

#[test]
fn a_trap_gate_leaves_interrupts_on() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put_gate(0x80, gate(0xEF, CODE_0, HANDLERS + 0x800));
        m.cpu.state.flags.set_word(0x0202);
        m.run(&[0xCD, 0x80]);
        assert_eq!(m.state().flags.word() & 0x200, 0x200);
    });
}

#[test]
fn a_16_bit_gate_pushes_words() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.put_gate(0x80, gate(0x86, CODE_0, 0x1234));
        m.bus.put(0x1234, &[HLT]);
        m.run(&[0xCD, 0x80]);
        assert_eq!((m.state().rip, m.register(reg::SP)), (0x1235, STACK_0 - 6));
    });
}

#[test]
fn a_program_may_not_use_a_gate_of_the_system() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.run(&[0xCD, 0x80]);
        m.assert_fault(13, 0x80 * 8 + 2, 0);
    });
}

#[test]
fn an_exception_passes_a_gate_that_is_closed_to_programs() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.run(&[0x0F, 0x0B]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(6), CODE as u32));
    });
}

#[test]
fn iret_returns_to_an_outer_ring() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        for (i, word) in [CODE as u32 + 0x100, CODE_3.into(), 0x3202, STACK_3 as u32, DATA_3.into()]
            .into_iter()
            .enumerate()
        {
            m.put(STACK_0 - 20 + 4 * i as u64, word);
        }
        m.set(reg::SP, STACK_0 - 20);
        m.bus.put(CODE + 0x100, &[HLT]);
        m.run(&[0xCF]);
        m.assert_fault(13, 0, 0x100);
        // RF is set in what a fault pushes.
        assert_eq!(m.stacked(3), 0x1_3202);
        assert_eq!(m.stacked(4), STACK_3 as u32);
        assert_eq!(m.state().segment(seg::DS).selector, 0, "ring 0's data is taken away");
    });
}

#[test]
fn a_user_cannot_change_iopl_or_if() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        // push 3200h; popfd; pushfd; pop eax; hlt
        m.run(&[0x68, 0, 0x32, 0, 0, 0x9D, 0x9C, 0x58, HLT]);
        m.assert_fault(13, 0, 8);
        assert_eq!(m.register(reg::AX), 2);
    });
}

#[test]
fn privileged_instructions_are_for_ring_0() {
    let privileged: [&[u8]; 12] = [
        &[HLT],
        &[0x0F, 0x06],                   // clts
        &[0x0F, 0x20, 0xC0],             // mov eax, cr0
        &[0x0F, 0x22, 0xD8],             // mov cr3, eax
        &[0x0F, 0x21, 0xC0],             // mov eax, dr0
        &[0x0F, 0x01, 0xF0],             // lmsw ax
        &[0x0F, 0x00, 0xD0],             // lldt ax
        &[0x0F, 0x00, 0xD8],             // ltr ax
        &[0x0F, 0x01, 0x15, 0, 0, 4, 0], // lgdt [40000]
        &[0x0F, 0x01, 0x3D, 0, 0, 4, 0], // invlpg [40000]
        &[0x0F, 0x08],                   // invd
        &[0xFA],                         // cli
    ];
    on_both(|engine| {
        for code in privileged {
            let mut m = Machine::protected(&I486DX, engine);
            m.enter_ring(3);
            m.run(code);
            m.assert_fault(13, 0, 0);
        }
    });
}

#[test]
fn ports_are_open_by_iopl_or_by_the_tasks_bitmap() {
    // IOPL, the bitmap's byte of ports 20h to 27h; whether IN AL, 21h passes.
    for (iopl, bits, open) in [(3, 0xFF, true), (0, 0xFF, false), (0, 0xFD, true), (0, 0x02, false)] {
        on_both(|engine| {
            let mut m = ring_3(engine);
            m.cpu.state.segments[usize::from(seg::TR)].limit = 0x68 + 0x20;
            m.put(TSS + 0x68 + 4, bits as u8);
            m.put(TSS + 0x68 + 5, 0xFF_u8);
            m.cpu.state.set_flags_word(2 | iopl << 12);
            m.run(&[0xE4, 0x21, HLT]);
            m.assert_fault(13, 0, if open { 2 } else { 0 });
        });
    }
}

#[test]
fn a_bad_inner_stack_is_an_invalid_tss() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.put(TSS + 8, u32::from(DATA_3));
        m.put_gate(0x80, gate(0xEE, CODE_0, HANDLERS));
        // The invalid TSS's handler needs a stack, too: its gate leads to conforming code.
        m.put_descriptor(FREE, CODE_32 | 0x0400 << 32);
        m.put_gate(10, gate(0x8E, FREE, HANDLERS + 0xA0));
        m.run(&[0xCD, 0x80]);
        // In ring 3, where HLT is a fault that finds no stack either: a double, and then a triple fault.
        assert_eq!(m.state().activity, Activity::Shutdown);
    });
}

#[test]
fn a_fault_on_the_way_into_a_handler_is_a_double_fault() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        // The general protection's gate is not present.
        m.put_gate(13, gate(0x0E, CODE_0, HANDLERS));
        m.set(reg::AX, 0xF8);
        m.run(&[0x8E, 0xD8]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(8), 0));
    });
}

#[test]
fn a_fault_on_the_way_into_the_double_faults_handler_shuts_down() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.cpu.state.idtr.limit = 0;
        m.run(&[0x0F, 0x0B]);
        assert_eq!(m.state().activity, Activity::Shutdown);
    });
}

#[test]
fn a_benign_exception_whose_gate_is_missing_is_told_as_external() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.put_gate(6, 0);
        m.run(&[0x0F, 0x0B]);
        m.assert_fault(13, 6 * 8 + 3, 0);
    });
}

#[test]
fn an_interrupt_from_outside_comes_between_instructions() {
    on_both(|engine| {
        let mut m = ring_3(engine);
        m.cpu.state.flags.set_word(0x202);
        m.bus.interrupt = Some(0x30);
        m.run(&[0x90, 0x90]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(0x30), CODE as u32));
    });
}

#[test]
fn single_steps_trap_behind_each_instruction() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.cpu.state.flags.set_word(0x102);
        m.run(&[0x40, 0x40]);
        assert_eq!((m.handler(), m.stacked(0)), (Some(1), CODE as u32 + 1));
        assert_eq!(m.state().debug[6] & 0x4000, 0x4000);
    });
}
