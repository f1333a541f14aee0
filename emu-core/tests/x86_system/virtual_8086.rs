//! Virtual-8086 mode.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{I80386DX, Model, PENTIUM};
use emu_core::cpu::x86::state::{Segment, cr4, reg, seg};

const HLT: u8 = 0xF4;
const VM: u64 = 1 << 17;
const VIF: u64 = 1 << 19;
const VIP: u64 = 1 << 20;
const IF: u64 = 0x200;

/// A program of virtual-8086 mode at 2000:0000, its stack below 3000:8000.
fn virtual_8086(model: &'static Model, engine: EngineKind, flags: u64) -> Machine {
    let mut m = Machine::protected(model, engine);
    m.cpu.state.set_flags_word(2 | VM | flags);
    for number in seg::ES..=seg::GS {
        m.cpu.state.set_segment(number, Segment::virtual_8086(0x2000));
    }
    m.cpu.state.set_segment(seg::SS, Segment::virtual_8086(0x3000));
    m.cpu.state.rip = 0;
    m.set(reg::SP, 0x8000);
    m
}

fn run(m: &mut Machine, code: &[u8]) {
    m.bus.put(CODE, code);
    m.go_on();
}

#[test]
fn iret_of_the_system_enters_virtual_8086_mode() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        let frame = [0x10, 0x2000, 0x2_3002, 0x8000, 0x3000, 1, 2, 3, 4_u32];
        for (i, word) in frame.into_iter().enumerate() {
            m.put(STACK_0 - 36 + 4 * i as u64, word);
        }
        m.set(reg::SP, STACK_0 - 36);
        m.bus.put(CODE + 0x10, &[HLT]);
        m.run(&[0xCF]);
        // HLT is the monitor's: general protection, with all of the frame on the ring 0 stack.
        assert_eq!(m.handler(), Some(13), "{:x?}", m.state());
        let pushed: Vec<u32> = (0..10).map(|i| m.stacked(i)).collect();
        assert_eq!(pushed, [0, 0x10, 0x2000, 0x3_3002, 0x8000, 0x3000, 1, 2, 3, 4]);
        assert_eq!(m.state().segment(seg::DS).selector, 0);
    });
}

#[test]
fn sensitive_instructions_are_the_monitors_below_iopl_3() {
    let sensitive: [&[u8]; 6] = [&[0xFA], &[0xFB], &[0x9C], &[0x9D], &[0xCF], &[0xCD, 0x21]];
    on_both(|engine| {
        for code in sensitive {
            let mut m = virtual_8086(&I80386DX, engine, 0);
            run(&mut m, code);
            assert_eq!((m.handler(), m.stacked(0), m.stacked(1)), (Some(13), 0, 0), "{code:x?}");
        }
    });
}

#[test]
fn an_open_interrupt_of_virtual_8086_mode_goes_through_the_idt() {
    on_both(|engine| {
        let mut m = virtual_8086(&I80386DX, engine, 0x3000);
        m.put_gate(0x21, gate(0xEE, CODE_0, HANDLERS + 0x210));
        run(&mut m, &[0xCD, 0x21]);
        assert_eq!((m.handler(), m.stacked(0), m.stacked(1)), (Some(0x21), 2, 0x2000));
    });
}

#[test]
fn virtual_8086_mode_knows_no_selectors() {
    on_both(|engine| {
        let mut m = virtual_8086(&I80386DX, engine, 0x3000);
        // sldt ax
        run(&mut m, &[0x0F, 0x00, 0xC0]);
        assert_eq!(m.handler(), Some(6));
    });
}

#[test]
fn with_vme_a_program_has_an_interrupt_flag_of_its_own() {
    on_both(|engine| {
        let mut m = virtual_8086(&PENTIUM, engine, IF);
        m.cpu.state.cr4 = cr4::VME;
        // sti; pushf; pop ax; cli; pushf; pop bx; hlt
        run(&mut m, &[0xFB, 0x9C, 0x58, 0xFA, 0x9C, 0x5B, HLT]);
        assert_eq!((m.handler(), m.stacked(1)), (Some(13), 6));
        let (on, off) = (m.register(reg::AX) as u16, m.register(reg::BX) as u16);
        assert_eq!((on & 0x3200, off & 0x3200), (0x3200, 0x3000));
        assert_eq!(u64::from(m.stacked(3)) & (IF | VIF), IF);
    });
}

#[test]
fn with_vme_sti_tells_the_monitor_of_a_waiting_interrupt() {
    on_both(|engine| {
        let mut m = virtual_8086(&PENTIUM, engine, IF | VIP);
        m.cpu.state.cr4 = cr4::VME;
        run(&mut m, &[0xFB]);
        assert_eq!((m.handler(), m.stacked(1)), (Some(13), 0));
    });
}

#[test]
fn with_vme_the_bitmap_says_whose_an_interrupt_is() {
    for (bits, own) in [(0x00_u8, true), (0x02, false)] {
        on_both(|engine| {
            let mut m = virtual_8086(&PENTIUM, engine, IF);
            m.cpu.state.cr4 = cr4::VME;
            m.cpu.state.segments[usize::from(seg::TR)].limit = 0x68 + 32 + 0x20;
            m.put(TSS + 0x66, 0x68_u16 + 32);
            m.put(TSS + 0x68 + 4, bits);
            // The vector of INT 21h.
            m.put(0x84, 0x2000_0100_u32);
            m.bus.put(CODE + 0x100, &[HLT]);
            run(&mut m, &[0xCD, 0x21]);
            assert_eq!(m.handler(), Some(13));
            assert_eq!(m.stacked(1), if own { 0x100 } else { 0 });
            if own {
                assert_eq!(m.word(0x3_7FFA), 0x2000_0002, "the way back");
            }
        });
    }
}
