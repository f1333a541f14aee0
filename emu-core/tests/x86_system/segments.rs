//! Loading segment registers, and what segments admit.

use crate::bench::*;
use emu_core::cpu::x86::model::{I486DX, I80386DX};
use emu_core::cpu::x86::state::{Segment, reg, seg};

const HLT: u8 = 0xF4;
/// MOV DS, AX and MOV SS, AX.
const MOV_DS_AX: [u8; 3] = [0x8E, 0xD8, HLT];
const MOV_SS_AX: [u8; 3] = [0x8E, 0xD0, HLT];

/// Loads DS from AX in a ring, and gives the machine.
fn load_ds(ring: u8, selector: u16, raw: u64, engine: emu_core::cpu::x86::cpu::EngineKind) -> Machine {
    let mut m = Machine::protected(&I80386DX, engine);
    m.put_descriptor(FREE, raw);
    m.enter_ring(ring);
    m.set(reg::AX, selector.into());
    m.run(&MOV_DS_AX);
    m
}

#[test]
fn the_way_into_protected_mode() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        let gdtr = DATA;
        m.put(gdtr, 0xFF_u16);
        m.put(gdtr + 2, GDT as u32);
        m.cpu.state = emu_core::cpu::x86::cpu::X86::new(&I80386DX).state;
        m.cpu.state.segments[usize::from(seg::CS)] = Segment::real(0x2000);
        m.cpu.state.segments[usize::from(seg::DS)] = Segment::real(0x4000);
        m.cpu.state.rip = 0;
        m.bus.put(
            CODE,
            &[
                0x66, 0x0F, 0x01, 0x16, 0, 0, // lgdt [0]
                0x0F, 0x20, 0xC0, // mov eax, cr0
                0x0C, 0x01, // or al, 1
                0x0F, 0x22, 0xC0, // mov cr0, eax
                0x66, 0xEA, 0x00, 0x01, 0x02, 0x00, 0x08, 0x00, // jmp 8:20100
            ],
        );
        m.bus.put(CODE + 0x100, &[0xB8, 0x10, 0, 0, 0, 0x8E, 0xD8, 0x8E, 0xD0, HLT]);
        m.go_on();
        let s = m.state();
        assert_eq!(s.rip, CODE + 0x10A, "{s:x?}");
        assert!(s.segment(seg::CS).is_flat() && s.segment(seg::SS).is_flat());
    });
}

#[test]
fn a_null_selector_may_be_loaded_but_not_used() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.set(reg::AX, 3);
        // mov ds, ax; mov eax, [40000]
        m.run(&[0x8E, 0xD8, 0xA1, 0, 0, 4, 0, HLT]);
        m.assert_fault(13, 0, 2);
        let mut m = Machine::protected(&I80386DX, engine);
        m.set(reg::AX, 0);
        m.run(&MOV_SS_AX);
        m.assert_fault(13, 0, 0);
    });
}

#[test]
fn a_descriptor_decides_what_ds_may_be() {
    // The ring, what the descriptor is, the RPL; the exception, if any.
    let cases = [
        (0, DATA_32, 0, None),
        (3, DATA_32 | FOR_ALL, 3, None),
        (3, DATA_32, 3, Some(13)),
        (0, DATA_32, 3, Some(13)),
        // Code that may be read, and code that may not.
        (0, CODE_32, 0, None),
        (0, CODE_32 & !(0x0200 << 32), 0, Some(13)),
        // Conforming code is open to everyone.
        (3, CODE_32 | 0x0400 << 32, 3, None),
        (0, DATA_32 & !(0x8000 << 32), 0, Some(11)),
        // A system segment.
        (0, 0x0000_8200_0000_FFFF, 0, Some(13)),
    ];
    on_both(|engine| {
        for (ring, raw, rpl, fault) in cases {
            let m = load_ds(ring, FREE | rpl, raw, engine);
            match fault {
                Some(vector) => m.assert_fault(vector, FREE.into(), 0),
                None if ring == 0 => assert_eq!(m.state().segment(seg::DS).selector, FREE | rpl),
                // HLT is not for ring 3.
                None => m.assert_fault(13, 0, 2),
            }
        }
    });
}

#[test]
fn a_selector_beyond_its_table_is_refused() {
    on_both(|engine| load_ds(0, 0x100, 0, engine).assert_fault(13, 0x100, 0));
    on_both(|engine| load_ds(0, 0x0C, 0, engine).assert_fault(13, 0x0C, 0));
}

#[test]
fn loading_a_segment_marks_it_as_accessed() {
    on_both(|engine| {
        let m = load_ds(0, FREE, DATA_32 & !(0x0100 << 32), engine);
        assert_eq!(m.descriptor(FREE), DATA_32);
    });
}

#[test]
fn a_stack_segment_is_writable_and_of_this_level() {
    let cases = [
        (DATA_32, 0, None),
        (DATA_32 & !(0x0200 << 32), 0, Some(13)),
        (DATA_32 | FOR_ALL, 0, Some(13)),
        (DATA_32, 3, Some(13)),
        (CODE_32, 0, Some(13)),
        (DATA_32 & !(0x8000 << 32), 0, Some(12)),
    ];
    on_both(|engine| {
        for (raw, rpl, fault) in cases {
            let mut m = Machine::protected(&I80386DX, engine);
            m.put_descriptor(FREE, raw);
            m.set(reg::AX, u64::from(FREE | rpl));
            m.run(&MOV_SS_AX);
            match fault {
                Some(vector) => m.assert_fault(vector, FREE.into(), 0),
                None => assert_eq!(m.state().segment(seg::SS).selector, FREE),
            }
        }
    });
}

#[test]
fn an_access_beyond_the_limit_is_refused() {
    // mov eax, [FFD] in a segment of 1000h bytes is the last that fits.
    for (offset, fits) in [(0xFFC, true), (0xFFD, false)] {
        on_both(|engine| {
            let mut m = Machine::protected(&I80386DX, engine);
            m.put_descriptor(FREE, descriptor(0x93, DATA, 0xFFF));
            m.set(reg::AX, FREE.into());
            m.set(reg::BX, offset);
            m.run(&[0x8E, 0xD8, 0x8B, 0x03, HLT]);
            if fits {
                assert_eq!(m.state().rip, CODE + 5);
            } else {
                m.assert_fault(13, 0, 2);
            }
        });
    }
}

#[test]
fn an_expand_down_segment_lies_above_its_limit() {
    for (offset, fits) in [(0xFFF, false), (0x1000, true), (0xFFFC, true), (0xFFFD, false)] {
        on_both(|engine| {
            let mut m = Machine::protected(&I80386DX, engine);
            m.put_descriptor(FREE, descriptor(0x97, DATA, 0xFFF));
            m.set(reg::AX, FREE.into());
            m.set(reg::BX, offset);
            m.run(&[0x8E, 0xD8, 0x8B, 0x03, HLT]);
            assert_eq!(m.handler().is_none(), fits, "{offset:x}");
        });
    }
}

#[test]
fn code_cannot_be_written() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        // mov cs:[40000], eax
        m.run(&[0x2E, 0xA3, 0, 0, 4, 0, HLT]);
        m.assert_fault(13, 0, 0);
    });
}

#[test]
fn lar_lsl_verr_and_verw_tell_what_a_program_may_know() {
    // ring, descriptor: LAR, LSL, VERR, VERW.
    let cases = [
        (0, DATA_32, Some(0x00CF_9300), Some(0xFFFF_FFFF_u64), true, true),
        (3, DATA_32, None, None, false, false),
        (3, CODE_32 | FOR_ALL, Some(0x00CF_FB00), Some(0xFFFF_FFFF), true, false),
        (0, descriptor(0x89, TSS, 0x67), Some(0x8900), Some(0x67), false, false),
        (0, gate(0x8C, CODE_0, 0), Some(0x8C00), None, false, false),
        (0, gate(0x8E, CODE_0, 0), None, None, false, false),
    ];
    on_both(|engine| {
        for (ring, raw, rights, limit, readable, writable) in cases {
            let ask = |code: [u8; 3]| {
                let mut m = Machine::protected(&I486DX, engine);
                m.put_descriptor(FREE, raw);
                m.enter_ring(ring);
                m.set(reg::AX, u64::from(FREE | u16::from(ring)));
                m.run(&[code[0], code[1], code[2], HLT]);
                m
            };
            let zero = |m: &Machine| m.state().flags.zero();
            let lar = ask([0x0F, 0x02, 0xD8]);
            assert_eq!(zero(&lar).then(|| lar.register(reg::BX)), rights, "LAR {raw:x}");
            let lsl = ask([0x0F, 0x03, 0xD8]);
            assert_eq!(zero(&lsl).then(|| lsl.register(reg::BX)), limit, "LSL {raw:x}");
            assert_eq!(zero(&ask([0x0F, 0x00, 0xE0])), readable, "VERR {raw:x}");
            assert_eq!(zero(&ask([0x0F, 0x00, 0xE8])), writable, "VERW {raw:x}");
        }
    });
}

#[test]
fn arpl_raises_a_selector_to_its_callers_level() {
    on_both(|engine| {
        let mut m = Machine::protected(&I486DX, engine);
        m.set(reg::AX, 0x20);
        m.set(reg::BX, 0x43);
        // arpl ax, bx
        m.run(&[0x63, 0xD8, HLT]);
        assert_eq!(m.register(reg::AX), 0x23);
        assert!(m.state().flags.zero());
    });
}

#[test]
fn code_is_not_written_whatever_names_it() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        // push cs; pop ds; mov eax, [40000]; mov [40000], eax
        m.run(&[0x0E, 0x1F, 0xA1, 0, 0, 4, 0, 0xA3, 0, 0, 4, 0, HLT]);
        m.assert_fault(13, 0, 7);
        let mut m = Machine::protected(&I80386DX, engine);
        // mov eax, cs:[40000]; mov cs:[40000], eax
        m.run(&[0x2E, 0xA1, 0, 0, 4, 0, 0x2E, 0xA3, 0, 0, 4, 0, HLT]);
        m.assert_fault(13, 0, 6);
    });
}

#[test]
fn an_instruction_pointer_of_16_bit_code_goes_on_behind_ffff() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        // 16-bit code of more than 64 KB, whose last NOPs lie around FFFF.
        m.put_descriptor(FREE, CODE_32 & !(0x40 << 48));
        m.bus.put(0xFFFC, &[0x90; 8]);
        m.bus.put(0x1_0004, &[HLT]);
        // jmp far FREE:FFFC
        m.run(&[0xEA, 0xFC, 0xFF, 0, 0, FREE as u8, 0]);
        assert_eq!(m.state().rip, 0x1_0005);
        // Where the segment ends there, it does not wrap.
        let mut m = Machine::protected(&I80386DX, engine);
        m.put_descriptor(FREE, 0x0000_9B00_0000_FFFF);
        m.bus.put(0xFFFC, &[0x90; 4]);
        m.run(&[0xEA, 0xFC, 0xFF, 0, 0, FREE as u8, 0]);
        assert_eq!((m.handler(), m.stacked(1)), (Some(13), 0x1_0000));
    });
}
