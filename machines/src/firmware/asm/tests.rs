//! Known answers and properties of the assembler.

use super::table::{self, Kind};
use super::{AsmError, Assembled, Program};
use proptest::prelude::*;

fn assemble(text: &str) -> Result<Assembled, AsmError> {
    Program::new().source("t.asm", text).assemble("t.asm")
}

fn bytes(text: &str) -> Vec<u8> {
    assemble(text).unwrap_or_else(|e| panic!("{text}: {e}")).bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")
}

fn check(rows: &[(&str, &str)]) {
    for (text, want) in rows {
        assert_eq!(hex(&bytes(text)), *want, "{text}");
    }
}

/// Worked out by hand from the user's manual, tables 4-8 to 4-12.
#[test]
fn data_transfer_encodings() {
    check(&[
        ("mov al, [1234h]", "A0 34 12"),
        ("mov ax, [1234h]", "A1 34 12"),
        ("mov [1234h], al", "A2 34 12"),
        ("mov [es:1234h], ax", "26 A3 34 12"),
        ("mov bl, [1234h]", "8A 1E 34 12"),
        ("mov ah, bl", "88 DC"),
        ("mov sp, di", "89 FC"),
        ("mov [bx], cl", "88 0F"),
        ("mov [bp], cx", "89 4E 00"),
        ("mov dl, [bx+si]", "8A 10"),
        ("mov dx, [bp+di-2]", "8B 53 FE"),
        ("mov si, [di+200h]", "8B B5 00 02"),
        ("mov ds, ax", "8E D8"),
        ("mov ax, es", "8C C0"),
        ("mov [bx], ss", "8C 17"),
        ("mov cl, 'A'", "B1 41"),
        ("mov cx, 'AB'", "B9 41 42"),
        ("mov byte [si+1], -1", "C6 44 01 FF"),
        ("mov word [si+1], -1", "C7 44 01 FF FF"),
        ("push ax", "50"),
        ("push cs", "0E"),
        ("push word [bx+4]", "FF 77 04"),
        ("pop di", "5F"),
        ("pop es", "07"),
        ("pop word [4]", "8F 06 04 00"),
        ("xchg ax, bx", "93"),
        ("xchg cx, ax", "91"),
        ("xchg dl, [bx]", "86 17"),
        ("xchg [bx], si", "87 37"),
        ("in al, 60h", "E4 60"),
        ("in ax, dx", "ED"),
        ("out 20h, al", "E6 20"),
        ("out dx, al", "EE"),
        ("xlat", "D7"),
        ("lea bx, [bp+si+7]", "8D 5A 07"),
        ("les di, [4]", "C4 3E 04 00"),
        ("lds si, [bx]", "C5 37"),
        ("lahf", "9F"),
        ("pushf", "9C"),
    ]);
}

#[test]
fn arithmetic_encodings() {
    check(&[
        ("add al, 5", "04 05"),
        ("add ax, 5", "83 C0 05"),
        ("add ax, 500h", "05 00 05"),
        ("add cx, 0FFF0h", "83 C1 F0"),
        ("or dh, 80h", "80 CE 80"),
        ("adc bx, 1234h", "81 D3 34 12"),
        ("sbb [bx], al", "18 07"),
        ("and byte [10h], 0Fh", "80 26 10 00 0F"),
        ("sub word [bp+2], 3", "83 6E 02 03"),
        ("xor ax, ax", "31 C0"),
        ("cmp si, [es:di]", "26 3B 35"),
        ("inc ax", "40"),
        ("inc byte [bx]", "FE 07"),
        ("dec dl", "FE CA"),
        ("test al, 80h", "A8 80"),
        ("test bl, 1", "F6 C3 01"),
        ("test [bx], dx", "85 17"),
        ("not cx", "F7 D1"),
        ("neg al", "F6 D8"),
        ("mul bl", "F6 E3"),
        ("imul word [si]", "F7 2C"),
        ("div cx", "F7 F1"),
        ("idiv dl", "F6 FA"),
        ("aam", "D4 0A"),
        ("aad 16", "D5 10"),
        ("cbw", "98"),
        ("shl ax, 1", "D1 E0"),
        ("sal byte [bx], cl", "D2 27"),
        ("sar dx, cl", "D3 FA"),
        ("rcr bl, 1", "D0 DB"),
    ]);
}

#[test]
fn control_and_string_encodings() {
    check(&[
        ("x: jmp x", "EB FE"),
        ("x: jmp near x", "E9 FD FF"),
        ("x: call x", "E8 FD FF"),
        ("jmp 0F000h:0E05Bh", "EA 5B E0 00 F0"),
        ("call 40h:12h", "9A 12 00 40 00"),
        ("jmp [bx]", "FF 27"),
        ("jmp cx", "FF E1"),
        ("jmp far [8]", "FF 2E 08 00"),
        ("call far [cs:8]", "2E FF 1E 08 00"),
        ("call word [bx+si]", "FF 10"),
        ("x: jz x", "74 FE"),
        ("x: jz near x", "75 03 E9 FB FF"),
        ("x: jnle x", "7F FE"),
        ("x: loop x", "E2 FE"),
        ("x: jcxz x", "E3 FE"),
        ("ret", "C3"),
        ("ret 4", "C2 04 00"),
        ("retf 2", "CA 02 00"),
        ("int3", "CC"),
        ("int 10h", "CD 10"),
        ("iret", "CF"),
        ("rep movsw", "F3 A5"),
        ("repne scasb", "F2 AE"),
        ("es lodsb", "26 AC"),
        ("rep cs movsb", "F3 2E A4"),
        ("lock inc word [0]", "F0 FF 06 00 00"),
        ("hlt", "F4"),
    ]);
}

#[test]
fn data_and_layout() {
    check(&[
        ("db 'Hi', 13, \"it's\", 0", "48 69 0D 69 74 27 73 00"),
        ("dw 1, -1, 'a', x\nx equ 5", "01 00 FF FF 61 00 05 00"),
        ("dd 12345678h", "78 56 34 12"),
        ("times 3 db 1, 2", "01 02 01 02 01 02"),
        ("n equ 2\ntimes n*2-1 nop", "90 90 90"),
        ("db 1\nalign 4, 0\ndb 2", "01 00 00 00 02"),
        ("org 100h\na: dw a, b-a, $-$$\nb:", "00 01 06 00 00 00"),
        ("org 10h\nnop\nat 14h\nnop", "90 FF FF FF 90"),
        ("nop\ntimes 4-($-$$) db 0", "90 00 00 00"),
        ("db 1 << 4 | 3, 7 & ~2, 10 % 4, (2 + 3) * 4, 5 > 3 && !0", "13 05 02 14 01"),
    ]);
}

#[test]
fn conditions_choose_a_branch() {
    let text =
        "%if n == 1\ndb 1\n%elif n == 2\n%if 0\ndb 9\n%else\ndb 2\n%endif\n%else\ndb 3\n%error 'no'\n%endif";
    for n in [1, 2] {
        let program = Program::new().source("t.asm", text).constant("n", n);
        assert_eq!(program.assemble("t.asm").unwrap().bytes, [n as u8]);
    }
    let other = Program::new().source("t.asm", text).constant("n", 3).assemble("t.asm");
    assert_eq!(other.unwrap_err().to_string(), "t.asm:11: no");
}

#[test]
fn local_labels_belong_to_the_label_above() {
    let got = assemble("a:\n.x: jmp .x\nb:\n.x: jmp a.x\n").unwrap();
    assert_eq!(hex(&got.bytes), "EB FE EB FC");
    assert_eq!((got.label("a.x"), got.label("b.x")), (Some(0), Some(2)));
}

#[test]
fn jumps_grow_only_where_they_must() {
    for (gap, want) in [(127, 2), (128, 3)] {
        let got = assemble(&format!("jmp x\nfirst: times {gap} nop\nx:")).unwrap();
        assert_eq!(got.label("first"), Some(want), "gap {gap}");
    }
    let back = assemble("x: times 127 nop\njmp x\nend:").unwrap();
    assert_eq!(back.label("end"), Some(130));
}

#[test]
fn includes_and_blobs_come_from_the_caller() {
    let program =
        Program::new().source("a", "%include 'b'\nincbin 'c'").source("b", "db 1").blob("c", &[2, 3]);
    assert_eq!(program.assemble("a").unwrap().bytes, [1, 2, 3]);
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    let rows = [
        (
            "nop\nmov [5], 1",
            "t.asm:2: mov does not know the size of its operand; write byte or word before the [",
        ),
        ("mvo ax, 1", "t.asm:1: mvo is no instruction of the 8086; a label needs a colon"),
        ("shl ax, 4", "t.asm:1: shl does not take these operands on an 8086"),
        (
            "mov ax, [cx]",
            "t.asm:1: [cx] is no address of the 8086; it knows bx or bp, plus si or di, plus a number",
        ),
        ("mov al, 300", "t.asm:1: 300 (0x12C) does not fit into a byte"),
        ("jmp y", "t.asm:1: y is not defined; is it misspelt, or a .local label of another label?"),
        ("x:\nx:", "t.asm:2: x is defined twice; rename one, or make it a .local label"),
        (
            "jz x\ntimes 200 nop\nx:",
            "t.asm:1: The target is out of reach of a short jz; write jz near, or invert the condition over a jmp",
        ),
        ("times 3 nop\nat 2", "t.asm:2: The code before this address is 1 bytes too long"),
        ("%if 1", "t.asm:1: A %if has no %endif"),
        ("%if later\n%endif\nlater equ 1", "t.asm:1: later must be defined above this line"),
        ("db 1 / 0", "t.asm:1: This divides by zero"),
        ("db 'abc", "t.asm:1: This string has no closing '"),
        ("%include 't.asm'", "t.asm:1: Includes nest too deep; does a file include itself?"),
        ("times 100000000000 db 0", "t.asm:1: The program grows beyond one megabyte"),
    ];
    for (text, want) in rows {
        assert_eq!(assemble(text).unwrap_err().to_string(), want, "{text}");
    }
}

/// An operand of a kind, as source text.
fn sample(kind: Kind) -> &'static str {
    match kind {
        Kind::Al => "al",
        Kind::Ax => "ax",
        Kind::Cl => "cl",
        Kind::Dx => "dx",
        Kind::Reg8 => "ch",
        Kind::Reg16 => "si",
        Kind::Segment => "ds",
        Kind::Rm8 => "byte [bx+si+5]",
        Kind::Rm16 | Kind::Near16 => "word [bp+di+305h]",
        Kind::Memory => "[di+5]",
        Kind::FarMemory => "far [di]",
        Kind::Offset8 => "byte [1234h]",
        Kind::Offset16 => "word [1234h]",
        Kind::Imm8 => "5Ah",
        Kind::Imm16 => "1234h",
        Kind::SignedImm8 => "-5",
        Kind::One => "1",
        Kind::Rel8 => "short $+10",
        Kind::Rel16 => "near $+1000",
        Kind::ExplicitNear => "near $+1000",
        Kind::FarPointer => "1234h:5678h",
    }
}

fn samples() -> Vec<String> {
    let mut lines: Vec<String> = table::all()
        .iter()
        .flat_map(|(name, forms)| forms.iter().map(move |form| (name, form)))
        .map(|(name, form)| {
            let operands: Vec<_> = form.kinds.iter().map(|kind| sample(*kind)).collect();
            // NASM knows no distance for loops.
            let operands = operands.join(", ");
            let loops = name.starts_with("loop") || name == "jcxz";
            format!("{name} {}", if loops { operands.replace("short ", "") } else { operands })
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_form_can_be_reached_and_has_its_length() {
    for line in samples() {
        let length = bytes(&line).len();
        assert!((1..=6).contains(&length), "{line} takes {length} bytes");
    }
}

/// A developer's check: where nasm is installed, it must give the same bytes for every form.
#[test]
fn nasm_agrees_where_it_is_installed() {
    let dir = std::env::temp_dir().join(format!("anachron-asm-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let lines: Vec<String> = samples()
        .into_iter()
        .filter(|l| !l.contains(" near $") || !l.starts_with('j') || l.starts_with("jmp"))
        .collect();
    let (source, binary) = (dir.join("t.asm"), dir.join("t.bin"));
    std::fs::write(&source, format!("bits 16\ncpu 386\n{}\n", lines.join("\n"))).unwrap();
    let run = std::process::Command::new("nasm").args(["-f", "bin", "-o"]).arg(&binary).arg(&source).output();
    let theirs = run.map(|done| {
        (eprintln!("{}", String::from_utf8_lossy(&done.stderr)), std::fs::read(&binary).unwrap_or_default()).1
    });
    std::fs::remove_dir_all(&dir).unwrap();
    match theirs {
        Err(_) => eprintln!("skipped: nasm is not installed"),
        Ok(theirs) => {
            let mut place = 0;
            for line in &lines {
                let ours = bytes(line);
                let part = theirs.get(place..place + ours.len()).unwrap_or_default();
                assert_eq!(hex(&ours), hex(part), "{line}");
                place += ours.len();
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_gives_bytes_or_an_error(text in "\\PC{0,60}\n\\PC{0,60}") {
        let _ = assemble(&text);
    }

    #[test]
    fn any_mixture_of_words_gives_bytes_or_an_error(
        words in proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 0..40),
    ) {
        let _ = assemble(&words.join(" "));
    }

    #[test]
    fn jumps_land_on_their_targets(gaps in proptest::collection::vec((0_usize..200, 0_usize..8), 8)) {
        let mut text = String::new();
        for (index, (gap, target)) in gaps.iter().enumerate() {
            text += &format!("l{index}: jmp l{target}\ntimes {gap} nop\n");
        }
        let got = assemble(&text).unwrap();
        for (index, (_, target)) in gaps.iter().enumerate() {
            let at = usize::from(got.label(&format!("l{index}")).unwrap());
            let end = match got.bytes[at] {
                0xEB => at as i64 + 2 + i64::from(got.bytes[at + 1] as i8),
                _ => at as i64 + 3 + i64::from(i16::from_le_bytes([got.bytes[at + 1], got.bytes[at + 2]])),
            };
            prop_assert_eq!(end, i64::from(got.label(&format!("l{target}")).unwrap()));
        }
    }
}

const WORDS: [&str; 40] = [
    "mov", "ax", "al", ",", "[", "]", "bx", "+", "si", "-", "5", "0FFh", "x:", "x", "\n", "\n", "jmp", "jz",
    "near", "far", "short", "word", "byte", "es", ":", "db", "dw", "'a'", "times", "%if", "%else", "%endif",
    "equ", "(", ")", "rep", "movsb", "$", "at", "align",
];
