//! Paging: rights, marks, faults.

use crate::bench::*;
use emu_core::cpu::x86::cpu::EngineKind;
use emu_core::cpu::x86::model::{I486DX, I80386DX, Model, PENTIUM, PENTIUM_PRO};
use emu_core::cpu::x86::state::{cr0, cr4, reg};
use proptest::prelude::*;

const HLT: u8 = 0xF4;
/// MOV EAX, [EBX] and MOV [EBX], EAX.
const READ: [u8; 3] = [0x8B, 0x03, HLT];
const WRITE: [u8; 3] = [0x89, 0x03, HLT];
const PAGE: u64 = 0x10_0000;

fn access(model: &'static Model, engine: EngineKind, ring: u8, entry: u32, code: &[u8]) -> Machine {
    let mut m = Machine::paged(model, engine);
    m.set_page(PAGE, entry);
    m.enter_ring(ring);
    m.set(reg::BX, PAGE + 8);
    m.run(code);
    m
}

#[test]
fn rights_of_pages() {
    // ring, the entry's low bits, code; the page fault's error code, if any.
    let cases: [(u8, u32, &[u8], Option<u32>); 10] = [
        (0, 0x003, &WRITE, None),
        (0, 0x001, &READ, None),
        // Without WP, the supervisor writes where it likes.
        (0, 0x001, &WRITE, None),
        (0, 0x006, &READ, Some(0)),
        (0, 0x006, &WRITE, Some(2)),
        (3, 0x006, &READ, Some(4)),
        (3, 0x007, &WRITE, None),
        (3, 0x005, &WRITE, Some(7)),
        (3, 0x003, &READ, Some(5)),
        (3, 0x003, &WRITE, Some(7)),
    ];
    on_both(|engine| {
        for (ring, bits, code, fault) in cases {
            let m = access(&I80386DX, engine, ring, PAGE as u32 | bits, code);
            match fault {
                Some(error) => {
                    m.assert_fault(14, error, 0);
                    assert_eq!(m.state().cr2, PAGE + 8);
                }
                None if ring == 0 => assert_eq!(m.state().rip, CODE + 3),
                None => m.assert_fault(13, 0, 2),
            }
        }
    });
}

#[test]
fn accesses_mark_pages_and_tables() {
    on_both(|engine| {
        let m = access(&I80386DX, engine, 0, PAGE as u32 | 7, &READ);
        assert_eq!(m.page(PAGE) & 0x60, 0x20);
        assert_eq!(m.word(TABLES) & 0x20, 0x20);
        let m = access(&I80386DX, engine, 0, PAGE as u32 | 7, &WRITE);
        assert_eq!(m.page(PAGE) & 0x60, 0x60);
        // A read, and then a write: the mark comes with the write.
        let m = access(&I80386DX, engine, 0, PAGE as u32 | 7, &[0x8B, 0x03, 0x89, 0x03, HLT]);
        assert_eq!(m.page(PAGE) & 0x60, 0x60);
    });
}

#[test]
fn with_wp_the_supervisor_keeps_to_read_only_pages() {
    on_both(|engine| {
        let mut m = Machine::paged(&I486DX, engine);
        m.set_page(PAGE, PAGE as u32 | 5);
        m.cpu.state.cr0 |= cr0::WP;
        m.set(reg::BX, PAGE);
        m.run(&WRITE);
        m.assert_fault(14, 3, 0);
    });
}

#[test]
fn invlpg_and_a_reload_of_cr3_forget_a_page() {
    // The page is read, its entry made void, forgotten or not, and read again.
    let forget: [&[u8]; 2] = [&[0x0F, 0x01, 0x3B], &[0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8]];
    on_both(|engine| {
        for instruction in forget {
            let mut m = Machine::paged(&I486DX, engine);
            m.set(reg::BX, PAGE);
            m.set(reg::SI, TABLES + 0x1000 + PAGE / 0x1000 * 4);
            // mov eax, [ebx]; and byte [esi], FE
            let mut code = vec![0x8B, 0x03, 0x80, 0x26, 0xFE];
            code.extend(instruction);
            let again = code.len() as u64;
            code.extend([0x8B, 0x0B, HLT]);
            m.run(&code);
            m.assert_fault(14, 0, again);
        }
    });
}

#[test]
fn invlpg_forgets_all_of_a_large_page_and_no_more_than_its_own_small_one() {
    // mov eax, [ebx]; mov ecx, [ebx+1000]; mov dword [esi], edi; invlpg [ebx]; mov ecx, [ebx+1000]
    let code =
        [0x8B, 0x03, 0x8B, 0x8B, 0, 0x10, 0, 0, 0x89, 0x3E, 0x0F, 0x01, 0x3B, 0x8B, 0x8B, 0, 0x10, 0, 0, HLT];
    on_both(|engine| {
        let mut m = Machine::paged(&PENTIUM, engine);
        m.cpu.state.cr4 = cr4::PSE;
        m.put(TABLES + 4, 0x0000_0087_u32);
        m.put(0x20_1000_u64, 0x1111_1111_u32);
        m.put(0x30_1000_u64, 0x2222_2222_u32);
        // The large page gives way to a table whose pages lie a megabyte higher.
        let table = 0x3F_0000_u64;
        for page in 0..1024_u64 {
            m.put(table + page * 4, (page as u32 * 0x1000 + 0x10_0000) & 0x3F_FFFF | 7);
        }
        m.set(reg::BX, 0x60_0000);
        m.set(reg::SI, TABLES + 4);
        m.set(reg::DI, table | 7);
        m.run(&code);
        assert_eq!(m.register(reg::CX), 0x2222_2222);
    });
}

#[test]
fn invlpg_of_code_that_has_moved() {
    // Twice: call ebx, whose page is then mapped elsewhere: mov [esi], edi; invlpg [ebx].
    let turn = [0xFF, 0xD3, 0x89, 0x3E, 0x0F, 0x01, 0x3B];
    on_both(|engine| {
        let mut m = Machine::paged(&I486DX, engine);
        // inc eax; ret, and add eax, 16; ret.
        m.bus.put(PAGE, &[0x40, 0xC3]);
        m.bus.put(PAGE + 0x1000, &[0x83, 0xC0, 0x10, 0xC3]);
        m.set(reg::BX, PAGE);
        m.set(reg::SI, TABLES + 0x1000 + PAGE / 0x1000 * 4);
        m.set(reg::DI, (PAGE + 0x1000) | 7);
        m.run(&[&turn[..], &turn[..], &[HLT]].concat());
        assert_eq!(m.register(reg::AX), 0x11);
    });
}

#[test]
fn invlpg_of_code_that_was_known_before_the_tlb_forgot_it() {
    // call ebx; mov cr3, edx; call ebx; mov [esi], edi; invlpg [ebx]; call ebx
    let code = [0xFF, 0xD3, 0x0F, 0x22, 0xDA, 0xFF, 0xD3, 0x89, 0x3E, 0x0F, 0x01, 0x3B, 0xFF, 0xD3, HLT];
    on_both(|engine| {
        let mut m = Machine::paged(&I486DX, engine);
        m.bus.put(PAGE, &[0x40, 0xC3]);
        m.bus.put(PAGE + 0x1000, &[0x83, 0xC0, 0x10, 0xC3]);
        m.set(reg::BX, PAGE);
        m.set(reg::DX, TABLES);
        m.set(reg::SI, TABLES + 0x1000 + PAGE / 0x1000 * 4);
        m.set(reg::DI, (PAGE + 0x1000) | 7);
        m.run(&code);
        assert_eq!(m.register(reg::AX), 0x12);
    });
}

#[test]
fn code_goes_on_where_only_the_tables_say_that_it_is_gone() {
    // call ebx, whose table entry is then made void, and not forgotten; mov cr3, edx comes before, so that the first call has been
    // translated but not fetched since.
    let code = [0xFF, 0xD3, 0x0F, 0x22, 0xDA, 0xFF, 0xD3, 0x80, 0x26, 0xFE, 0xFF, 0xD5, HLT];
    on_both(|engine| {
        let mut m = Machine::paged(&I486DX, engine);
        m.bus.put(PAGE, &[0x40, 0xC3]);
        m.bus.put(PAGE + 0x80, &[0x83, 0xC0, 0x10, 0xC3]);
        m.set(reg::BX, PAGE);
        m.set(reg::BP, PAGE + 0x80);
        m.set(reg::DX, TABLES);
        m.set(reg::SI, TABLES + 0x1000 + PAGE / 0x1000 * 4);
        m.run(&code);
        assert_eq!(m.register(reg::AX), 0x12);
    });
}

#[test]
fn the_tables_are_read_anew_when_they_have_moved() {
    // mov eax, [ebx]; mov cr3, edi; mov ecx, [ebx]
    let code = [0x8B, 0x03, 0x0F, 0x22, 0xDF, 0x8B, 0x0B, HLT];
    on_both(|engine| {
        let mut m = Machine::paged(&I486DX, engine);
        // A second directory, and a table for it, in pages whose numbers differ from the first ones' in one high bit.
        let (directory, table) = (TABLES + 0x4_0000, TABLES + 0x8_0000);
        m.put(directory, (table | 7) as u32);
        for page in 0..1024_u64 {
            m.put(table + page * 4, (page * 0x1000) as u32 | 7);
        }
        m.put(table + PAGE / 0x1000 * 4, (PAGE + 0x1000) as u32 | 7);
        m.put(PAGE, 1_u32);
        m.put(PAGE + 0x1000, 2_u32);
        m.set(reg::BX, PAGE);
        m.set(reg::DI, directory);
        m.run(&code);
        assert_eq!((m.register(reg::AX), m.register(reg::CX)), (1, 2));
    });
}

#[test]
fn an_access_over_two_pages_changes_nothing_when_the_second_is_missing() {
    on_both(|engine| {
        let mut m = Machine::paged(&I80386DX, engine);
        m.set_page(PAGE + 0x1000, 0);
        m.set(reg::BX, PAGE + 0xFFE);
        m.set(reg::AX, 0x1234_5678);
        m.run(&WRITE);
        m.assert_fault(14, 2, 0);
        assert_eq!(m.state().cr2, PAGE + 0x1000);
        assert_eq!(m.word(PAGE + 0xFFC), 0);
    });
}

#[test]
fn an_access_over_two_pages_that_lie_apart() {
    on_both(|engine| {
        let mut m = Machine::paged(&I80386DX, engine);
        m.set_page(PAGE, 0x20_0007);
        m.set_page(PAGE + 0x1000, 0x30_0007);
        m.set(reg::BX, PAGE + 0xFFE);
        m.set(reg::AX, 0x1234_5678);
        // mov [ebx], eax; mov ecx, [ebx]
        m.run(&[0x89, 0x03, 0x8B, 0x0B, HLT]);
        assert_eq!(m.register(reg::CX), 0x1234_5678);
        assert_eq!((m.word(0x20_0FFC) >> 16, m.word(0x30_0000) & 0xFFFF), (0x5678, 0x1234));
    });
}

#[test]
fn code_that_runs_into_a_missing_page_faults_there() {
    on_both(|engine| {
        let mut m = Machine::paged(&I80386DX, engine);
        m.set_page(PAGE + 0x1000, 0);
        // A NOP, and the first byte of MOV EAX, imm32.
        m.bus.put(PAGE + 0xFFE, &[0x90, 0xB8]);
        m.cpu.state.rip = PAGE + 0xFFE;
        m.go_on();
        assert_eq!((m.handler(), m.stacked(0)), (Some(14), 0));
        assert_eq!((u64::from(m.stacked(1)), m.state().cr2), (PAGE + 0xFFF, PAGE + 0x1000));
    });
}

#[test]
fn the_last_instruction_of_a_page_does_not_need_the_next() {
    on_both(|engine| {
        let mut m = Machine::paged(&I80386DX, engine);
        m.set_page(PAGE + 0x1000, 0);
        m.bus.put(PAGE + 0xFFF, &[HLT]);
        m.cpu.state.rip = PAGE + 0xFFF;
        m.go_on();
        assert_eq!(m.state().rip, PAGE + 0x1000);
    });
}

#[test]
fn large_pages_need_pse() {
    on_both(|engine| {
        for (bits, large) in [(cr4::PSE, true), (0, false)] {
            let mut m = Machine::paged(&PENTIUM, engine);
            m.put(0x20_0000_u64, 0x1234_5678_u32);
            // Linear 4 MB and above are physical 0 and above; the same entry as a table lies at 0.
            m.put(TABLES + 4, 0x0000_0087_u32);
            m.cpu.state.cr4 = bits;
            m.set(reg::BX, 0x60_0000);
            m.run(&READ);
            assert_eq!(m.handler().is_none(), large);
            if large {
                assert_eq!(m.register(reg::AX), 0x1234_5678);
                assert_eq!(m.word(TABLES + 4) & 0x60, 0x20);
            }
        }
    });
}

#[test]
fn a_reserved_bit_of_a_large_page_is_told() {
    on_both(|engine| {
        let mut m = Machine::paged(&PENTIUM, engine);
        m.put(TABLES + 4, 0x0020_0087_u32);
        m.cpu.state.cr4 = cr4::PSE;
        m.set(reg::BX, 0x40_0000);
        m.run(&READ);
        m.assert_fault(14, 9, 0);
    });
}

#[test]
fn pae_has_three_levels() {
    on_both(|engine| {
        let mut m = Machine::protected(&PENTIUM_PRO, engine);
        let (pointers, directory, table) = (0x6_0000_u64, 0x6_1000_u64, 0x6_2000_u64);
        m.put(pointers, directory | 1);
        // A large page for the first 2 MB, and a table behind.
        m.put(directory, 0x87_u64);
        m.put(directory + 8, table | 7);
        m.put(table + 8, 0x30_0007_u64);
        m.put(0x30_0010, 0xCAFE_u32);
        m.cpu.state.cr4 = cr4::PAE;
        m.set(reg::AX, pointers);
        m.set(reg::CX, cr0::ET | cr0::PE | cr0::PG);
        m.set(reg::BX, 0x20_1010);
        // mov cr3, eax; mov cr0, ecx; mov eax, [ebx]
        m.run(&[0x0F, 0x22, 0xD8, 0x0F, 0x22, 0xC1, 0x8B, 0x03, HLT]);
        assert_eq!(m.register(reg::AX), 0xCAFE, "{:x?}", m.state());
    });
}

#[test]
fn paging_without_protection_is_refused() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.set(reg::AX, cr0::PG);
        m.run(&[0x0F, 0x22, 0xC0, HLT]);
        m.assert_fault(13, 0, 0);
    });
}

#[test]
fn cr4_is_no_register_of_a_386_and_has_no_bits_that_a_pentium_lacks() {
    on_both(|engine| {
        let mut m = Machine::protected(&I80386DX, engine);
        m.run(&[0x0F, 0x20, 0xE0]);
        assert_eq!(m.handler(), Some(6));
        let mut m = Machine::protected(&PENTIUM, engine);
        m.set(reg::AX, cr4::PAE);
        m.run(&[0x0F, 0x22, 0xE0]);
        m.assert_fault(13, 0, 0);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the tables hold, a walk ends.
    #[test]
    fn any_tables_do(words in prop::collection::vec(any::<u32>(), 64), cr4 in 0_u64..0x40, at: u32) {
        let mut m = Machine::paged(&PENTIUM_PRO, EngineKind::Strict);
        for (i, &word) in words.iter().enumerate() {
            m.put(TABLES + 4 + 4 * i as u64, word);
        }
        m.cpu.state.cr4 = cr4 & (cr4::PSE | cr4::PGE);
        m.set(reg::BX, at.into());
        m.run(&WRITE);
    }
}
