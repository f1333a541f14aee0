//! Long mode: 64-bit code, its interrupts and pages.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{CORE_2, PENTIUM_4};
use emu_core::cpu::x86::state::{efer, reg, seg};

const HLT: u8 = 0xF4;
/// An address that has no page, and one that is none.
const MISSING: u64 = 0x0000_7FFF_0000_0000;
const NOT_CANONICAL: u64 = 0x0000_8000_0000_0000;

fn long(engine: EngineKind) -> Machine {
    Machine::long(&CORE_2, engine)
}

fn qword(m: &Machine, at: u64) -> u64 {
    u64::from(m.word(at)) | u64::from(m.word(at + 4)) << 32
}

/// The quadwords on top of the stack.
fn frame<const N: usize>(m: &Machine) -> [u64; N] {
    std::array::from_fn(|i| qword(m, m.register(reg::SP) + 8 * i as u64))
}

#[test]
fn the_way_into_long_mode() {
    on_both(|engine| {
        let mut m = long(engine);
        // Back to what a boot loader has: 32-bit code without paging.
        let s = &mut m.cpu.state;
        (s.efer, s.cr4) = (0, 0);
        s.cr0 &= !0x8000_0000;
        m.put_descriptor(FREE, CODE_32);
        m.cpu.state.segments[usize::from(seg::CS)].attributes = 0xC09B;
        m.put(DATA, CODE as u32 + 0x100);
        m.put(DATA + 4, CODE_0);
        m.bus.put(CODE + 0x100, &[0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8, HLT]);
        m.run(&[
            0xB8, 0x20, 0, 0, 0, 0x0F, 0x22, 0xE0, // mov eax, 20h; mov cr4, eax
            0xB9, 0x80, 0, 0, 0xC0, 0x0F, 0x32, // mov ecx, C0000080; rdmsr
            0x0D, 0, 1, 0, 0, 0x0F, 0x30, // or eax, 100h; wrmsr
            0x0F, 0x20, 0xC0, 0x0D, 0, 0, 0, 0x80, 0x0F, 0x22, 0xC0, // cr0 |= PG
            0xFF, 0x2D, 0, 0, 4, 0, // jmp far [40000]
        ]);
        let s = m.state();
        assert_eq!(s.registers[0], 0x0807_0605_0403_0201, "{s:x?}");
        assert!(s.is_64_bit() && s.efer & efer::LMA != 0);
    });
}

#[test]
fn an_interrupt_aligns_the_stack_and_always_pushes_it() {
    on_both(|engine| {
        let mut m = long(engine);
        m.set(reg::SP, STACK_0 - 3);
        m.run(&[0x0F, 0x0B]);
        assert_eq!(m.handler(), Some(6));
        assert_eq!(m.register(reg::SP), ((STACK_0 - 3) & !15) - 40);
        let [rip, cs, flags, rsp, ss] = frame(&m);
        assert_eq!((rip, cs, flags), (CODE, CODE_0.into(), 0x1_0002));
        assert_eq!((rsp, ss), (STACK_0 - 3, DATA_0.into()));
    });
}

#[test]
fn an_interrupt_from_ring_3_has_a_null_stack_segment() {
    on_both(|engine| {
        let mut m = long(engine);
        m.enter_ring(3);
        m.run(&[0x0F, 0x0B]);
        assert_eq!((m.handler(), m.state().cpl()), (Some(6), 0));
        assert_eq!(m.state().segment(seg::SS).selector, 0);
        let [rip, cs, _, rsp, ss] = frame(&m);
        assert_eq!((rip, cs, rsp, ss), (CODE, CODE_3.into(), STACK_3, DATA_3.into()));
    });
}

#[test]
fn a_gate_may_name_its_stack() {
    on_both(|engine| {
        let mut m = long(engine);
        m.put(TSS + 0x24 + 8, 0x3_4000_u64);
        m.put_long_gate(6, gate(0x8E, CODE_0, HANDLERS + 0x60) | 2 << 32);
        m.run(&[0x0F, 0x0B]);
        assert_eq!(m.register(reg::SP), 0x3_4000 - 40);
    });
}

#[test]
fn iretq_returns_to_any_ring() {
    for (ring, code, data) in [(0, CODE_0, 0), (0, CODE_0, DATA_0), (3, CODE_3, DATA_3)] {
        on_both(|engine| {
            let mut m = long(engine);
            for (i, word) in
                [CODE + 0x100, code.into(), 0x202, 0x3_4000, u64::from(data)].into_iter().enumerate()
            {
                m.put(STACK_0 - 40 + 8 * i as u64, word);
            }
            m.set(reg::SP, STACK_0 - 40);
            // UD2, so that ring 3 can be seen.
            m.bus.put(CODE + 0x100, &[0x0F, 0x0B]);
            m.run(&[0x48, 0xCF]);
            assert_eq!(m.handler(), Some(6), "{:x?}", m.state());
            let [rip, cs, _, rsp, ss] = frame(&m);
            assert_eq!((rip, cs & 3, rsp, ss), (CODE + 0x100, ring, 0x3_4000, data.into()));
        });
    }
}

#[test]
fn syscall_and_sysret() {
    on_both(|engine| {
        let mut m = long(engine);
        let s = &mut m.cpu.state;
        s.efer |= efer::SCE;
        s.msrs.star = u64::from(DATA_0) << 48 | u64::from(CODE_0) << 32;
        s.msrs.lstar = CODE + 0x100;
        s.msrs.sfmask = 0x200;
        m.put_descriptor(DATA_0 + 16, CODE_64 | FOR_ALL);
        m.enter_ring(3);
        m.cpu.state.flags.set_word(0x202);
        // syscall; ud2
        m.bus.put(CODE + 0x100, &[0x9C, 0x59, 0x51, 0x58, 0xB9, 0x02, 0, 2, 0, 0x48, 0x0F, 0x07]);
        m.run(&[0x0F, 0x05, 0x0F, 0x0B]);
        assert_eq!(m.handler(), Some(6), "{:x?}", m.state());
        assert_eq!(m.register(reg::AX), 2, "IF is masked");
        let [rip, cs, flags, _, ss] = frame(&m);
        assert_eq!((rip, cs, ss), (CODE + 2, 0x23, 0x1B));
        assert_eq!(flags & 0x200, 0x200);
    });
}

#[test]
fn syscall_must_be_turned_on() {
    on_both(|engine| {
        let mut m = long(engine);
        m.run(&[0x0F, 0x05]);
        assert_eq!(m.handler(), Some(6));
    });
}

#[test]
fn addresses_are_canonical() {
    // The address in RBX or RSP, code, exception.
    let cases: [(u8, &[u8], u64); 4] = [
        (reg::BX, &[0x48, 0x8B, 0x03], 13),
        (reg::BP, &[0x48, 0x8B, 0x45, 0], 12),
        (reg::BX, &[0xFF, 0xE3], 13),
        (reg::BX, &[0x0F, 0x01, 0x13], 13),
    ];
    on_both(|engine| {
        for (register, code, vector) in cases {
            let mut m = long(engine);
            m.set(register, NOT_CANONICAL - 1 + u64::from(vector == 13 && code[0] == 0xFF));
            m.run(code);
            assert_eq!(m.handler(), Some(vector), "{code:x?}");
            assert_eq!(frame::<2>(&m), [0, CODE]);
        }
    });
}

#[test]
fn page_faults_tell_the_whole_address() {
    on_both(|engine| {
        let mut m = long(engine);
        m.set(reg::BX, MISSING);
        m.run(&[0x48, 0x89, 0x03]);
        assert_eq!((m.handler(), m.state().cr2), (Some(14), MISSING));
        assert_eq!(frame::<2>(&m), [2, CODE]);
    });
}

#[test]
fn nx_forbids_code() {
    on_both(|engine| {
        for (enabled, error) in [(true, 0x11), (false, 9)] {
            let mut m = long(engine);
            m.cpu.state.efer |= if enabled { efer::NXE } else { 0 };
            m.set_long_page(DATA, DATA | 7 | 1 << 63);
            m.cpu.state.rip = DATA;
            m.go_on();
            assert_eq!(m.handler(), Some(14));
            assert_eq!(frame::<2>(&m), [error, DATA]);
        }
    });
}

#[test]
fn fs_and_gs_have_bases_of_64_bits() {
    on_both(|engine| {
        let mut m = long(engine);
        m.put(DATA + 0x18, 0x1122_3344_5566_7788_u64);
        m.cpu.state.msrs.kernel_gs_base = DATA;
        // swapgs; mov rax, gs:[18h]; swapgs; rdmsr of the kernel's
        m.set(reg::CX, 0xC000_0102);
        m.run(&[
            0x0F, 0x01, 0xF8, 0x65, 0x48, 0x8B, 0x1C, 0x25, 0x18, 0, 0, 0, 0x0F, 0x01, 0xF8, 0x0F, 0x32, HLT,
        ]);
        assert_eq!(m.register(reg::BX), 0x1122_3344_5566_7788);
        assert_eq!(m.register(reg::AX), DATA);
    });
}

#[test]
fn the_stack_moves_by_quadwords_whatever_ss_says() {
    on_both(|engine| {
        let mut m = long(engine);
        // push -1; call +0; pop rax; pop rbx
        m.run(&[0x6A, 0xFF, 0xE8, 0, 0, 0, 0, 0x58, 0x5B, HLT]);
        assert_eq!((m.register(reg::AX), m.register(reg::BX)), (CODE + 7, u64::MAX));
        assert_eq!(m.register(reg::SP), STACK_0);
    });
}

#[test]
fn addresses_may_be_relative_to_the_next_instruction() {
    on_both(|engine| {
        let mut m = long(engine);
        m.put(CODE + 0x100, 0xABCD_u64);
        // A jump first, so that the trace does not begin at the code's start.
        m.run(&[0xEB, 2, 0, 0, 0x48, 0x8B, 0x05, 0xF5, 0, 0, 0, HLT]);
        assert_eq!(m.register(reg::AX), 0xABCD);
    });
}

#[test]
fn compatibility_code_runs_as_before() {
    on_both(|engine| {
        let mut m = long(engine);
        m.put_descriptor(FREE, CODE_32);
        m.put(DATA, CODE as u32 + 0x100);
        m.put(DATA + 4, FREE);
        // inc eax is a REX prefix in 64-bit code; then back.
        m.put(DATA + 8, CODE as u32 + 0x200);
        m.put(DATA + 12, CODE_0);
        m.bus.put(CODE + 0x100, &[0x40, 0x40, 0xFF, 0x2D, 8, 0, 4, 0]);
        m.bus.put(CODE + 0x200, &[0x48, 0xFF, 0xC0, HLT]);
        m.set(reg::AX, 0);
        m.run(&[0xFF, 0x2C, 0x25, 0, 0, 4, 0]);
        assert_eq!(m.register(reg::AX), 3, "{:x?}", m.state());
        assert!(m.state().is_64_bit());
    });
}

#[test]
fn a_reserved_bit_is_told() {
    on_both(|engine| {
        let mut m = Machine::long(&PENTIUM_4, engine);
        m.set_long_page(DATA, DATA | 7 | 1 << 51);
        m.set(reg::BX, DATA);
        m.run(&[0x48, 0x8B, 0x03]);
        assert_eq!(m.handler(), Some(14));
        assert_eq!(frame::<2>(&m), [9, CODE]);
    });
}
