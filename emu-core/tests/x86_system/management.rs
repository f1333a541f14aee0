//! System management mode: SMI, what the handler finds, RSM.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{I486DX, PENTIUM, X86_64_V3};
use emu_core::cpu::x86::state::{Activity, cr0, reg, seg};

const HLT: u8 = 0xF4;
const NOP: u8 = 0x90;
const RSM: [u8; 2] = [0x0F, 0xAA];
/// Where the handler lies after RESET, and the end of the state save map.
const HANDLER: u64 = 0x3_8000;
const MAP: u64 = 0x3_0000;

/// A machine whose SMI is taken before `code`, by `handler`.
fn interrupted(mut m: Machine, handler: &[u8], code: &[u8]) -> Machine {
    m.bus.put(HANDLER, handler);
    m.bus.smi = true;
    m.run(code);
    m
}

fn pentium(engine: EngineKind) -> Machine {
    Machine::paged(&PENTIUM, engine)
}

#[test]
fn an_smi_saves_the_state_and_begins_at_smbase_and_8000h() {
    on_both(|engine| {
        let mut m = pentium(engine);
        m.set(reg::AX, 0x1234_5678);
        m.set(reg::DI, 0x8765_4321);
        // HLT within the handler.
        let m = interrupted(m, &[HLT], &[NOP]);
        let s = m.state();
        assert!(s.management.active && s.nmi_blocked && s.activity == Activity::Halted);
        assert_eq!((s.rip, s.segment(seg::CS).base, s.segment(seg::CS).selector), (0x8001, 0x3_0000, 0x3000));
        assert_eq!((s.cr0 & (cr0::PE | cr0::PG), s.flags.word(), s.debug[7]), (0, 2, 0x400));
        assert_eq!((s.segment(seg::DS).base, s.segment(seg::DS).limit), (0, u32::MAX));
        let field = |place: u64| m.word(MAP + 0x8000 + place);
        assert_eq!((field(0x7FD0), field(0x7FEC)), (0x1234_5678, 0x8765_4321));
        assert_eq!((u64::from(field(0x7FF0)), u64::from(field(0x7FF8))), (CODE, TABLES));
        assert_eq!(field(0x7FFC) & 1, 1);
        assert_eq!((field(0x7FAC), field(0x7FB4)), (CODE_0.into(), DATA_0.into()));
        assert_eq!((field(0x7EF8), field(0x7EFC)), (0x3_0000, 0x3_0000));
    });
}

#[test]
fn rsm_goes_on_where_the_smi_came() {
    on_both(|engine| {
        for machine in [pentium(engine), Machine::long(&X86_64_V3, engine)] {
            let mut m = machine;
            m.enter_ring(3);
            m.set(reg::BX, 7);
            let before = m.state().clone();
            // mov ebx, 0 (of 16-bit code); RSM.
            let handler = [&[0x66, 0xBB, 0, 0, 0, 0][..], &RSM].concat();
            // A loop until BX is 0: inc ebx's answer is seen afterwards.
            let m = interrupted(m, &handler, &[0x83, 0xC3, 1, HLT]);
            let s = m.state();
            assert_eq!(m.register(reg::BX), 8);
            assert!(!s.management.active && !s.nmi_blocked);
            // HLT in ring 3: its handler is the one of general protection.
            assert_eq!(m.handler(), Some(13), "{s:x?}");
            assert_eq!((s.cr0, s.cr3, s.cr4, s.efer), (before.cr0, before.cr3, before.cr4, before.efer));
            assert_eq!((s.gdtr, s.idtr), (before.gdtr, before.idtr));
        }
    });
}

#[test]
fn registers_of_64_bits_come_back_whole() {
    on_both(|engine| {
        let mut m = Machine::long(&X86_64_V3, engine);
        m.set(15, 0x0123_4567_89AB_CDEF);
        m.set(reg::CX, 0xFEDC_BA98_7654_3210);
        let m = interrupted(m, &[&[0x66, 0xB9, 0, 0, 0, 0][..], &RSM].concat(), &[HLT]);
        assert_eq!((m.register(15), m.register(reg::CX)), (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210));
        assert_eq!((m.state().rip, m.word(MAP + 0x8000 + 0x7EFC)), (CODE + 1, 0x3_0064));
        assert_eq!(m.word(MAP + 0x8000 + 0x7F1C), 0x89AB_CDEF);
    });
}

#[test]
fn rsm_is_invalid_outside_and_where_there_is_no_such_mode() {
    on_both(|engine| {
        for machine in [Machine::protected(&PENTIUM, engine), Machine::protected(&I486DX, engine)] {
            let mut m = machine;
            m.run(&RSM);
            assert_eq!(m.handler(), Some(6));
        }
        let m = interrupted(Machine::protected(&I486DX, engine), &[HLT], &[HLT]);
        assert!(!m.state().management.active);
    });
}

#[test]
fn the_handler_may_move_smbase_and_change_the_state() {
    on_both(|engine| {
        // mov dword cs:[fef8], 50000 would lie over the handlers: 60000; mov dword cs:[ffd0], 99 (EAX).
        let handler = [
            &[0x66, 0x2E, 0xC7, 0x06, 0xF8, 0xFE][..],
            &0x6_0000_u32.to_le_bytes(),
            &[0x66, 0x2E, 0xC7, 0x06, 0xD0, 0xFF],
            &99_u32.to_le_bytes(),
            &RSM,
        ];
        let mut m = interrupted(pentium(engine), &handler.concat(), &[NOP, HLT]);
        assert_eq!((m.register(reg::AX), m.state().management.base), (99, 0x6_0000));
        // The next one goes there.
        m.bus.put(0x6_8000, &[HLT]);
        m.bus.smi = true;
        m.go_on();
        assert_eq!((m.state().segment(seg::CS).base, m.state().rip), (0x6_0000, 0x8001));
    });
}

#[test]
fn a_halted_processor_halts_again_unless_the_handler_says_no() {
    on_both(|engine| {
        // and byte cs:[ff02], FE; RSM
        let wakes = [&[0x2E, 0x80, 0x26, 0x02, 0xFF, 0xFE][..], &RSM].concat();
        for (handler, goes_on) in [(&RSM[..], false), (&wakes[..], true)] {
            let mut m = pentium(engine);
            m.bus.put(HANDLER, handler);
            m.run(&[HLT, 0x40, HLT]);
            assert_eq!((m.state().rip, m.register(reg::AX)), (CODE + 1, 0));
            m.bus.smi = true;
            m.wake();
            assert_eq!(m.state().activity, Activity::Halted);
            assert_eq!(m.register(reg::AX), u64::from(goes_on));
        }
    });
}

#[test]
fn an_io_instruction_is_executed_again_if_the_handler_asks() {
    on_both(|engine| {
        // mov word cs:[ff00], FF; RSM
        let again = [&[0x2E, 0xC7, 0x06, 0x00, 0xFF, 0xFF, 0][..], &RSM].concat();
        for (handler, times) in [(&RSM[..], 1), (&again[..], 2)] {
            let mut m = pentium(engine);
            m.bus.put(HANDLER, handler);
            m.bus.smi_port = Some(0x77);
            m.set(reg::DX, 0x77);
            m.run(&[0xEE, HLT]);
            assert_eq!(m.bus.written.len(), times);
            assert_eq!(m.state().rip, CODE + 2);
            // Port, OUT, one byte, valid.
            assert_eq!(m.word(MAP + 0x8000 + 0x7FA4), 0x77_0003);
        }
    });
}

#[test]
fn nmi_waits_for_the_end_or_for_an_iret_within() {
    on_both(|engine| {
        let mut m = pentium(engine);
        m.bus.nmi = true;
        let m = interrupted(m, &[&[NOP, NOP][..], &RSM].concat(), &[NOP, HLT]);
        // Taken behind RSM, before the first instruction.
        assert_eq!((m.handler(), m.state().management.active), (Some(2), false));
        assert_eq!(u64::from(m.stacked(0)), CODE);
        let mut m = pentium(engine);
        m.bus.nmi = true;
        // The vector of NMI in real mode's table, where IDTR is left; pushf; push cs; push next; iret; next: nop; nop
        m.put(IDT + 8, 0x0000_0700_u32);
        m.bus.put(0x700, &[HLT]);
        let handler = [0xBC, 0x00, 0x70, 0x9C, 0x0E, 0x68, 0x09, 0x80, 0xCF, NOP, NOP];
        let m = interrupted(m, &handler, &[NOP]);
        assert!(m.state().management.active);
        assert_eq!((m.state().segment(seg::CS).base, m.state().rip), (0, 0x701));
    });
}

#[test]
fn a_second_smi_waits_for_rsm() {
    on_both(|engine| {
        let m = pentium(engine);
        m.bus.put(HANDLER, &[0x2E, 0xFE, 0x06, 0x00, 0x90]);
        m.bus.put(HANDLER + 5, &RSM);
        let mut m = m;
        m.bus.smi = true;
        m.bus.smi_again = true;
        m.run(&[NOP, HLT]);
        assert_eq!(m.word(MAP + 0x9000), 2);
        assert_eq!(m.state().rip, CODE + 2);
    });
}

#[test]
fn nonsense_in_the_map_shuts_the_processor_down() {
    on_both(|engine| {
        // mov dword cs:[fffc], 80000000: paging without protection.
        let handler = [&[0x66, 0x2E, 0xC7, 0x06, 0xFC, 0xFF, 0, 0, 0, 0x80][..], &RSM].concat();
        let m = interrupted(pentium(engine), &handler, &[HLT]);
        assert_eq!(m.state().activity, Activity::Shutdown);
    });
}
