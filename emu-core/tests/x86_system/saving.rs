//! All floating-point and vector registers at once: FXSAVE and FXRSTOR, XSAVE and its kin (Intel SDM volume 1, 10.5 and 13.4 to
//! 13.10).

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{EVERYTHING, Model, PENTIUM_2, PENTIUM_3, X86_64_V3};
use emu_core::cpu::x86::state::{cr0, cr4, efer, reg};
use emu_core::float::F80;

const HLT: u8 = 0xF4;
/// Instructions with the image at [`DATA`], in 32-bit code.
const FXSAVE: [u8; 8] = [0x0F, 0xAE, 0x05, 0, 0, 4, 0, HLT];
const FXRSTOR: [u8; 8] = [0x0F, 0xAE, 0x0D, 0, 0, 4, 0, HLT];
const XSAVE: [u8; 8] = [0x0F, 0xAE, 0x25, 0, 0, 4, 0, HLT];
const XRSTOR: [u8; 8] = [0x0F, 0xAE, 0x2D, 0, 0, 4, 0, HLT];
const XSAVEC: [u8; 8] = [0x0F, 0xC7, 0x25, 0, 0, 4, 0, HLT];
const XSETBV: [u8; 4] = [0x0F, 0x01, 0xD1, HLT];
/// In 64-bit code.
const FXSAVE_LONG: [u8; 9] = [0x0F, 0xAE, 0x04, 0x25, 0, 0, 4, 0, HLT];
const FXSAVE64: [u8; 10] = [0x48, 0x0F, 0xAE, 0x04, 0x25, 0, 0, 4, 0, HLT];

const GENERAL_PROTECTION: u64 = 13;
const INVALID_OPCODE: u64 = 6;
const NO_COPROCESSOR: u64 = 7;

/// What memory holds before.
const FILLER: u32 = 0xA5A5_A5A5;
const COMPACTED: u32 = 1 << 31;
/// Offsets in an image.
const MXCSR: u64 = 24;
const ST: u64 = 32;
const XMM: u64 = 160;
const HEADER: u64 = 512;
const YMM_UPPER: u64 = 576;
const END: u64 = 832;

/// A processor whose registers all hold something, and memory that does.
fn filled(mut m: Machine) -> Machine {
    for at in (0..END).step_by(4) {
        m.put(DATA + at, FILLER);
    }
    let s = &mut m.cpu.state;
    s.cr4 |= cr4::OSFXSR;
    s.fpu.initialize();
    for i in 1..=3_u64 {
        s.fpu.push(F80::new(0x4000, i << 61 | 1 << 63));
    }
    s.mxcsr = 0x3F80;
    for (i, register) in (0_u64..).zip(&mut s.vectors) {
        *register = std::array::from_fn(|quad| (i + 1) << 8 | quad as u64);
    }
    m
}

fn protected(model: &'static Model, engine: EngineKind) -> Machine {
    filled(Machine::protected(model, engine))
}

/// With XSAVE switched on for all that the model has, and asked for.
fn extended(model: &'static Model, engine: EngineKind) -> Machine {
    let mut m = protected(model, engine);
    m.cpu.state.cr4 |= cr4::OSXSAVE;
    m.cpu.state.xcr0 = 7;
    m.set(reg::AX, 7);
    m.set(reg::DX, 0);
    for at in (HEADER..YMM_UPPER).step_by(4) {
        m.put(DATA + at, 0_u32);
    }
    m
}

/// An image that was saved, and other registers than those in it.
fn saved(model: &'static Model, engine: EngineKind, code: &[u8]) -> Machine {
    let mut m = extended(model, engine);
    m.run(code);
    assert_eq!(m.handler(), None);
    let s = &mut m.cpu.state;
    s.rip = CODE;
    s.fpu.initialize();
    s.mxcsr = 0x1F80;
    s.vectors = [[9; 4]; 16];
    m
}

fn word(m: &Machine, at: u64) -> u32 {
    m.word(DATA + at)
}

fn is_untouched(m: &Machine, from: u64, to: u64) -> bool {
    (from..to).step_by(4).all(|at| word(m, at) == FILLER)
}

#[test]
fn fxsave_lays_its_image_out() {
    on_both(|engine| {
        let mut m = protected(&PENTIUM_3, engine);
        m.run(&FXSAVE);
        assert_eq!(word(&m, 0), 0x2800_037F, "status and control word");
        assert_eq!(word(&m, 4) & 0xFF, 0xE0, "a bit for each register in use");
        assert_eq!([word(&m, MXCSR), word(&m, MXCSR + 4)], [0x3F80, 0xFFFF], "MXCSR and its mask");
        let top = [word(&m, ST), word(&m, ST + 4), word(&m, ST + 8), word(&m, ST + 12)];
        assert_eq!(top, [0, 0xE000_0000, 0x4000, 0], "ST(0), and zeros behind it");
        assert_eq!([word(&m, XMM + 16), word(&m, XMM + 24)], [0x200, 0x201]);
        assert!(is_untouched(&m, XMM + 8 * 16, HEADER), "32-bit code has eight registers");
    });
}

#[test]
fn fxsave_of_64_bit_code_has_sixteen_registers_and_wide_pointers_if_asked() {
    on_both(|engine| {
        for (code, selector) in [(&FXSAVE_LONG[..], 0x33), (&FXSAVE64[..], 0xFFFF_8000)] {
            let mut m = filled(Machine::long(&X86_64_V3, engine));
            let mut last = m.state().fpu.last();
            (last.at.offset, last.at.selector) = (0xFFFF_8000_1234_5678, 0x33);
            m.cpu.state.fpu.set_last(last);
            m.run(code);
            assert_eq!([word(&m, 8), word(&m, 12)], [0x1234_5678, selector]);
            assert_eq!(word(&m, XMM + 15 * 16), 0x1000);
            assert!(is_untouched(&m, XMM + 16 * 16, HEADER), "what software may use stays");
        }
    });
}

#[test]
fn without_osfxsr_no_vector_register_is_saved_or_loaded() {
    on_both(|engine| {
        let mut m = protected(&PENTIUM_3, engine);
        m.cpu.state.cr4 = 0;
        m.run(&FXSAVE);
        assert_eq!(word(&m, 0), 0x2800_037F);
        assert!(is_untouched(&m, XMM, HEADER));
        let mut m = protected(&PENTIUM_3, engine);
        m.cpu.state.cr4 = 0;
        let before = m.state().vectors;
        m.run(&FXRSTOR);
        assert_eq!((m.handler(), m.state().mxcsr), (None, 0x3F80), "the filler is no MXCSR");
        assert_eq!(m.state().vectors, before);
        assert_eq!(m.state().fpu.st(0).mantissa, 0xA5A5_A5A5_A5A5_A5A5);
    });
}

#[test]
fn what_fxsave_saved_comes_back() {
    on_both(|engine| {
        let mut m = protected(&PENTIUM_3, engine);
        m.run(&FXSAVE);
        let before = m.state().clone();
        let s = &mut m.cpu.state;
        s.rip = CODE;
        s.fpu.initialize();
        (s.mxcsr, s.vectors) = (0x1F80, [[9; 4]; 16]);
        m.run(&FXRSTOR);
        let s = m.state();
        assert_eq!((&s.fpu, s.mxcsr), (&before.fpu, before.mxcsr));
        assert_eq!([s.block(0, 0), s.block(7, 0)], [before.block(0, 0), before.block(7, 0)]);
        assert_eq!((s.block(8, 0), s.vectors[0][2]), (s.block(9, 0), 9), "others stay");
    });
}

#[test]
fn an_image_lies_at_a_multiple_of_16_or_64() {
    on_both(|engine| {
        for (code, off) in [(FXSAVE, 8_u8), (FXRSTOR, 8), (XSAVE, 32), (XRSTOR, 32), (XSAVEC, 32)] {
            let mut m = extended(&EVERYTHING, engine);
            let mut code = code;
            code[3] = off;
            m.run(&code);
            m.assert_fault(GENERAL_PROTECTION, 0, 0);
        }
    });
}

#[test]
fn reserved_bits_of_mxcsr_are_refused_and_nothing_is_loaded() {
    on_both(|engine| {
        for (code, model) in [(FXRSTOR, &PENTIUM_3), (XRSTOR, &X86_64_V3)] {
            let save = if code == FXRSTOR { FXSAVE } else { XSAVE };
            let mut m = if code == FXRSTOR { protected(model, engine) } else { extended(model, engine) };
            m.run(&save);
            m.put(DATA + MXCSR, 0x1_3F80_u32);
            m.cpu.state.rip = CODE;
            m.cpu.state.fpu.initialize();
            let (fpu, vectors) = (m.state().fpu.clone(), m.state().vectors);
            m.run(&code);
            m.assert_fault(GENERAL_PROTECTION, 0, 0);
            assert_eq!((&m.state().fpu, m.state().vectors), (&fpu, vectors));
        }
    });
}

#[test]
fn they_are_there_when_the_system_says_so() {
    on_both(|engine| {
        for (code, bits) in [(FXSAVE, cr0::TS), (FXRSTOR, cr0::TS), (FXSAVE, cr0::EM), (XSAVE, cr0::TS)] {
            let mut m = extended(&X86_64_V3, engine);
            m.cpu.state.cr0 |= bits;
            m.run(&code);
            assert_eq!(m.handler(), Some(NO_COPROCESSOR), "{bits:x}");
        }
        for code in [&XSAVE[..], &XRSTOR, &XSETBV] {
            let mut m = protected(&X86_64_V3, engine);
            m.run(code);
            assert_eq!(m.handler(), Some(INVALID_OPCODE), "OSXSAVE is clear");
        }
        let mut m = extended(&X86_64_V3, engine);
        m.run(&XSAVEC);
        assert_eq!(m.handler(), Some(INVALID_OPCODE), "not on this model");
        let mut m = Machine::protected(&PENTIUM_2, engine);
        m.cpu.state.cr4 = cr4::OSFXSR;
        m.run(&FXSAVE);
        assert_eq!((m.handler(), word(&m, MXCSR)), (None, 0), "FXSAVE is older than SSE");
    });
}

/// EFER.FFXSR (AMD's manual volume 2, 3.1.7) is none of these models': FXSAVE in ring 0 of 64-bit code saves all.
#[test]
fn fast_fxsave_cannot_be_switched_on() {
    on_both(|engine| {
        let mut m = filled(Machine::long(&EVERYTHING, engine));
        m.set(reg::CX, 0xC000_0080);
        m.set(reg::AX, efer::LME | efer::LMA | 1 << 14);
        m.set(reg::DX, 0);
        m.run(&[0x0F, 0x30, HLT]);
        assert_eq!(m.handler(), Some(GENERAL_PROTECTION));
        assert_eq!(m.state().efer & 1 << 14, 0);
    });
}

#[test]
fn xsave_writes_what_is_asked_for_and_switched_on() {
    on_both(|engine| {
        // What is asked for, what is switched on, and which parts are written then.
        for (asked, on, parts) in
            [(7, 7, 7), (7, 3, 3), (1, 7, 1), (2, 7, 2), (4, 7, 4), (0, 7, 0), (!0, 7, 7)]
        {
            let mut m = extended(&X86_64_V3, engine);
            m.cpu.state.xcr0 = on;
            m.set(reg::AX, asked & 0xFFFF_FFFF);
            m.set(reg::DX, asked >> 32);
            m.put(DATA + HEADER, 0x80_u32 | 6);
            m.run(&XSAVE);
            assert_eq!(m.handler(), None);
            let named = format!("{asked:x} of {on:x}");
            let written = |bit: u64| parts & bit != 0;
            assert_eq!(
                word(&m, HEADER),
                (0x86 & !parts | parts) as u32,
                "{named}: what is not asked for stays"
            );
            assert_eq!(is_untouched(&m, 0, MXCSR), !written(1), "{named}");
            assert_eq!(is_untouched(&m, MXCSR, ST), !written(6), "{named}: MXCSR comes with SSE or AVX");
            assert_eq!(is_untouched(&m, ST, XMM), !written(1), "{named}");
            assert_eq!(is_untouched(&m, XMM, XMM + 128), !written(2), "{named}");
            assert_eq!(is_untouched(&m, YMM_UPPER, YMM_UPPER + 128), !written(4), "{named}");
            assert!(is_untouched(&m, XMM + 128, HEADER) && is_untouched(&m, YMM_UPPER + 128, END), "{named}");
            if written(4) {
                assert_eq!([word(&m, YMM_UPPER + 16), word(&m, YMM_UPPER + 24)], [0x202, 0x203]);
            }
        }
    });
}

#[test]
fn xsavec_says_its_form_and_takes_mxcsr_with_sse_alone() {
    on_both(|engine| {
        for asked in [7_u64, 4, 5, 2] {
            let mut m = extended(&EVERYTHING, engine);
            m.set(reg::AX, asked);
            m.put(DATA + HEADER, 0xFF_u32);
            m.run(&XSAVEC);
            assert_eq!(m.handler(), None);
            let header: [u32; 4] = std::array::from_fn(|i| word(&m, HEADER + 4 * i as u64));
            assert_eq!(header, [asked as u32, 0, asked as u32, COMPACTED]);
            assert_eq!(is_untouched(&m, MXCSR, ST), asked & 2 == 0, "{asked}");
            // The first part behind the header.
            assert_eq!(is_untouched(&m, YMM_UPPER, YMM_UPPER + 128), asked & 4 == 0, "{asked}");
        }
    });
}

#[test]
fn either_form_comes_back() {
    on_both(|engine| {
        for code in [XSAVE, XSAVEC] {
            let before = extended(&EVERYTHING, engine);
            let mut m = saved(&EVERYTHING, engine, &code);
            m.run(&XRSTOR);
            let (s, before) = (m.state(), before.state());
            assert_eq!((m.handler(), s.mxcsr), (None, before.mxcsr));
            assert_eq!((s.fpu.st(0), s.fpu.used()), (before.fpu.st(0), before.fpu.used()));
            assert_eq!(s.vectors[..8], before.vectors[..8]);
            assert_eq!(s.vectors[8], [9; 4]);
        }
    });
}

#[test]
fn parts_that_are_not_there_get_their_initial_values() {
    on_both(|engine| {
        for (code, mxcsr) in [(XSAVE, 0x3F80), (XSAVEC, 0x1F80)] {
            let mut m = saved(&EVERYTHING, engine, &code);
            m.put(DATA + HEADER, 0_u32);
            m.cpu.state.mxcsr = 0x5F80;
            m.cpu.state.fpu.push(F80::new(0x4000, 1 << 63));
            m.run(&XRSTOR);
            let s = m.state();
            assert_eq!((m.handler(), s.fpu.used(), s.fpu.control()), (None, 0, 0x37F));
            assert_eq!(s.fpu.st(7), F80::new(0, 0));
            assert_eq!(s.vectors[..8], [[0; 4]; 8]);
            assert_eq!(s.mxcsr, mxcsr, "the standard form's MXCSR is loaded all the same");
        }
    });
}

/// As measured on an AMD part of family 19h, too: the standard form minds the header's first 24 bytes, the compacted one all.
#[test]
fn reserved_bits_of_the_header_are_refused() {
    on_both(|engine| {
        let refused = |code: [u8; 8], at: u64, change: u64, is_refused: bool| {
            let mut m = saved(&EVERYTHING, engine, &code);
            let (low, high) = (word(&m, HEADER + at), word(&m, HEADER + at + 4));
            m.put(DATA + HEADER + at, low ^ change as u32);
            m.put(DATA + HEADER + at + 4, high ^ (change >> 32) as u32);
            m.run(&XRSTOR);
            let named = format!("{code:x?} {at} {change:x}");
            if is_refused {
                m.assert_fault(GENERAL_PROTECTION, 0, 0);
                assert_eq!((m.state().mxcsr, m.state().vectors[0]), (0x1F80, [9; 4]), "{named}");
            } else {
                assert_eq!(m.handler(), None, "{named}");
            }
        };
        for at in (16..64).step_by(8) {
            refused(XSAVE, at, 1, at < 24);
            refused(XSAVEC, at, 1 << 63, true);
        }
        refused(XSAVE, 0, 8, true);
        refused(XSAVE, 8, 1, true);
        refused(XSAVEC, 0, 8, true);
        refused(XSAVEC, 8, 8, true);
        // A part that is there, though the form doesn't have it.
        refused(XSAVEC, 8, 4, true);
        // The other form's mark.
        refused(XSAVEC, 8, 1 << 63, true);
        let mut m = saved(&X86_64_V3, engine, &XSAVE);
        m.put(DATA + HEADER + 8, 7_u32);
        m.put(DATA + HEADER + 12, COMPACTED);
        m.run(&XRSTOR);
        m.assert_fault(GENERAL_PROTECTION, 0, 0);
    });
}

#[test]
fn xcr0_takes_what_belongs_together() {
    on_both(|engine| {
        for (value, is_taken) in
            [(1, true), (3, true), (7, true), (0, false), (2, false), (5, false), (15, false)]
        {
            let mut m = extended(&X86_64_V3, engine);
            m.cpu.state.xcr0 = 1;
            m.set(reg::AX, value);
            m.set(reg::CX, 0);
            m.run(&XSETBV);
            let handler = (!is_taken).then_some(GENERAL_PROTECTION);
            assert_eq!((m.handler(), m.state().xcr0), (handler, if is_taken { value } else { 1 }), "{value}");
        }
    });
}
