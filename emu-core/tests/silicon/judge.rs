//! Whether two outcomes of a case are equal, as far as the manuals define them.

use crate::cases::{Case, image_bytes};
use crate::host::{BASE, BRANCH_DISTANCE, CODE, DATA_BYTES, Extended, Left as Theirs, Registers, Size};
use crate::ours::Left;
use iced_x86::{MemorySize, Mnemonic, RflagsBits};
use std::fmt::Write;
use std::ops::Range;

const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

/// The status flags and DF.
const FLAGS: u64 = 0xCD5;

const GENERAL_PROTECTION: u8 = 13;

/// What differs, with the case; `None` if nothing does.
pub fn difference(
    case: &Case,
    theirs: &Theirs,
    ours: &Left,
    (their_data, our_data): (&[u8; DATA_BYTES], &[u8; DATA_BYTES]),
) -> Option<String> {
    let mut text = String::new();
    // AMD's MXCSR has a bit more.
    let loads_mxcsr = matches!(case.instruction.mnemonic(), Mnemonic::Ldmxcsr | Mnemonic::Vldmxcsr);
    if loads_mxcsr && ours.exception == Some(GENERAL_PROTECTION) {
        return None;
    }
    if theirs.exception != ours.exception {
        let _ = write!(text, " exception {:?}, ours {:?};", theirs.exception, ours.exception);
    } else if theirs.exception.is_none() {
        general(&mut text, case, theirs, ours);
        flags(&mut text, case, &theirs.registers, &ours.registers);
        extended(&mut text, case, theirs, ours);
        memory(&mut text, case, their_data, our_data);
    }
    (!text.is_empty()).then(|| format!("{}\n   {text}", described(case)))
}

/// The instruction and its bytes.
fn described(case: &Case) -> String {
    let bytes: Vec<String> = case.code.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut text = format!("{} `{}`", bytes.join(" "), case.instruction);
    let before = &case.before;
    for (name, value) in NAMES.iter().zip(before.general).take(if case.size == Size::Bits64 { 16 } else { 8 })
    {
        let _ = write!(text, " {name}={value:x}");
    }
    let _ = write!(text, " flags={:x}", before.flags);
    let Extended(image) = &before.extended;
    if case.code.iter().any(|byte| (0xD8..=0xDF).contains(byte)) {
        let _ = write!(text, " fcw={:x} fsw={:x} tags={:02x}", half(image, 0), half(image, 2), image[4]);
        for i in 0..8 {
            let at = 32 + 16 * i;
            let _ = write!(text, " st{i}={:04x}:{:016x}", half(image, at + 8), quad(image, at));
        }
    }
    text
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn general(text: &mut String, case: &Case, theirs: &Theirs, ours: &Left) {
    let mask = if case.size == Size::Bits64 { u64::MAX } else { 0xFFFF_FFFF };
    let pairs = theirs.registers.general.iter().zip(&ours.registers.general);
    for (name, (theirs, ours)) in NAMES.iter().zip(pairs) {
        if (theirs ^ ours) & mask != 0 {
            let _ = write!(text, " {name} {theirs:x}, ours {ours:x};");
        }
    }
    let start = BASE + CODE as u64 - case.size.segment_base();
    let next = start + if theirs.taken { BRANCH_DISTANCE } else { case.code.len() } as u64;
    if ours.ip != next {
        let _ = write!(text, " ip {next:x}, ours {:x};", ours.ip);
    }
}

/// The flags that this instruction leaves undefined.
fn undefined(case: &Case, theirs: &Registers) -> u64 {
    use RflagsBits as R;
    let bits = case.instruction.rflags_undefined();
    let pairs =
        [(R::OF, 0x800), (R::SF, 0x80), (R::ZF, 0x40), (R::AF, 0x10), (R::CF, 1), (R::PF, 4), (R::DF, 0x400)];
    let mut undefined: u64 = pairs.iter().filter(|(flag, _)| bits & flag != 0).map(|(_, bit)| bit).sum();
    if matches!(case.instruction.mnemonic(), Mnemonic::Shl | Mnemonic::Shr | Mnemonic::Sal) {
        // CF is undefined when everything is shifted out.
        undefined |= 1;
    }
    let stopped = half(&theirs.extended.0, 2) & 0x81 == 0x81;
    if stopped
        && matches!(
            case.instruction.mnemonic(),
            Mnemonic::Fcomi | Mnemonic::Fcomip | Mnemonic::Fucomi | Mnemonic::Fucomip
        )
    {
        undefined |= FLAGS;
    }
    undefined
}

fn flags(text: &mut String, case: &Case, theirs: &Registers, ours: &Registers) {
    let mask = FLAGS & !undefined(case, theirs);
    if (theirs.flags ^ ours.flags) & mask != 0 {
        let _ =
            write!(text, " flags {:x}, ours {:x} (mask {mask:x});", theirs.flags & mask, ours.flags & mask);
    }
}

/// The bits of the x87 status word in which processors agree.
fn defined_status(case: &Case, theirs: u16) -> u16 {
    use Mnemonic as M;
    const C1: u16 = 0x0200;
    let mnemonic = case.instruction.mnemonic();
    let flags = matches!(mnemonic, M::Fcomi | M::Fcomip | M::Fucomi | M::Fucomip);
    let compares = matches!(mnemonic, M::Fcom | M::Fcomp | M::Fcompp | M::Ficom | M::Ficomp | M::Ftst)
        || matches!(mnemonic, M::Fucom | M::Fucomp | M::Fucompp);
    let stopped = theirs & 0x80 != 0 && theirs & 1 != 0;
    let undefined = match mnemonic {
        _ if is_transcendental(mnemonic) => 0x0738,
        // Intel's clear C1, AMD's leave it.
        _ if flags => C1,
        // AMD's say unordered even if an invalid operand is reported unmasked.
        _ if compares && stopped => 0x4500,
        _ => 0,
    };
    !undefined
}

fn is_transcendental(mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    matches!(
        mnemonic,
        M::Fsin | M::Fcos | M::Fsincos | M::Fptan | M::Fpatan | M::F2xm1 | M::Fyl2x | M::Fyl2xp1
    )
}

fn extended(text: &mut String, case: &Case, theirs: &Theirs, ours: &Left) {
    let (Extended(theirs), Extended(ours)) = (&theirs.registers.extended, &ours.registers.extended);
    let status = defined_status(case, half(theirs, 2));
    let words = [("fcw", 0, 0xFFFF), ("fsw", 2, status), ("tags", 4, 0xFF)];
    for (name, at, mask) in words {
        let (theirs, ours) = (half(theirs, at) & mask, half(ours, at) & mask);
        if theirs != ours {
            let _ = write!(text, " {name} {theirs:x}, ours {ours:x};");
        }
    }
    if is_transcendental(case.instruction.mnemonic()) {
        // Their values are compared in the tests of the arithmetic.
        return;
    }
    for i in 0..8 {
        let at = 32 + 16 * i;
        if theirs[at..at + 10] != ours[at..at + 10] {
            let number = |image: &[u8]| format!("{:04x}:{:016x}", half(image, at + 8), quad(image, at));
            let _ = write!(text, " st{i} {}, ours {};", number(theirs), number(ours));
        }
    }
    if half(theirs, 24) != half(ours, 24) {
        let _ = write!(text, " mxcsr {:x}, ours {:x};", half(theirs, 24), half(ours, 24));
    }
    for i in 0..16 {
        let value = |image: &[u8]| [584, 576, 168, 160].map(|at| quad(image, at + 16 * i));
        let (theirs, ours) = (value(theirs), value(ours));
        if theirs != ours && !(is_estimate(case.instruction.mnemonic()) && are_near(theirs, ours)) {
            let _ = write!(text, " ymm{i} {theirs:016x?}, ours {ours:016x?};");
        }
    }
}

/// Whether makers compute it by tables of their own, within a bound (Intel SDM volume 2, RCPPS, RSQRTPS).
fn is_estimate(mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    matches!(mnemonic, M::Rcpps | M::Rcpss | M::Rsqrtps | M::Rsqrtss)
        || matches!(mnemonic, M::Vrcpps | M::Vrcpss | M::Vrsqrtps | M::Vrsqrtss)
}

/// Whether all singles of two registers differ by no more than two results may that both are within the bound.
fn are_near(theirs: [u64; 4], ours: [u64; 4]) -> bool {
    const BOUND: f32 = 2.0 * 1.5 / 4096.0;
    let singles = |quads: [u64; 4]| quads.into_iter().flat_map(|quad| [quad as u32, (quad >> 32) as u32]);
    singles(theirs).zip(singles(ours)).all(|(theirs, ours)| {
        let (a, b) = (f32::from_bits(theirs), f32::from_bits(ours));
        // The smallest normal number may come out as the zero that what is smaller becomes.
        let is_tiny = |x: f32| x.abs() <= f32::MIN_POSITIVE;
        theirs == ours || (a - b).abs() <= BOUND * a.abs() || (is_tiny(a) && is_tiny(b))
    })
}

/// Bytes of an operand in which makers differ: where the x87 unit has been, and what MXCSR has.
fn undefined_bytes(case: &Case) -> [Range<usize>; 2] {
    let Some(at) = case.operand else { return [0..0, 0..0] };
    let [first, second] = match case.instruction.memory_size() {
        MemorySize::FpuEnv14 | MemorySize::FpuState94 => [6..14, 0..0],
        MemorySize::FpuEnv28 | MemorySize::FpuState108 => [12..28, 0..0],
        _ if image_bytes(&case.instruction).is_some() => [6..24, 28..32],
        _ => [0..0, 0..0],
    };
    [first, second].map(|range| at + range.start..at + range.end)
}

fn memory(text: &mut String, case: &Case, theirs: &[u8; DATA_BYTES], ours: &[u8; DATA_BYTES]) {
    let [a, b] = undefined_bytes(case);
    let differing: Vec<usize> =
        (0..DATA_BYTES).filter(|&i| theirs[i] != ours[i] && !a.contains(&i) && !b.contains(&i)).collect();
    if let (Some(first), Some(last)) = (differing.first(), differing.last()) {
        let _ = write!(
            text,
            " memory from +{first:x} (operand at {:x?}): {:02x?}, ours {:02x?};",
            case.operand,
            &theirs[*first..=*last],
            &ours[*first..=*last]
        );
    }
}
