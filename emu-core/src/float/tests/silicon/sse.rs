//! The host's SSE2, SSE4.1, FMA and F16C scalars: results and flags, with every rounding mode, FZ and DAZ. Exceptions
//! stay masked: an unmasked one would end the test.

use crate::float::tests::values::{Random, cases};
use crate::float::*;
use std::arch::asm;
use std::cmp::Ordering;

/// What an instruction left.
struct Left {
    xmm0: u64,
    rax: u64,
    flags: Flags,
}

/// A function that runs one SSE instruction with these numbers in the low halves of XMM0, XMM1 and XMM2, the first
/// also in RAX.
macro_rules! sse {
    ($name:ident, $($instruction:literal),+) => {
        fn $name([a, b, c]: [u64; 3], mxcsr: u32) -> Left {
            let usual = 0x1F80u32;
            let mut state = mxcsr;
            let (xmm0, rax): (f64, u64);
            // SAFETY: touches the named registers, and MXCSR, which it puts back to its usual value.
            unsafe {
                asm!(
                    "ldmxcsr dword ptr [{state}]",
                    "movq xmm0, xmm0",
                    "movq xmm1, xmm1",
                    "movq xmm2, xmm2",
                    $($instruction,)+
                    "stmxcsr dword ptr [{state}]",
                    "ldmxcsr dword ptr [{usual}]",
                    state = in(reg) &mut state, usual = in(reg) &usual,
                    inout("xmm0") f64::from_bits(a) => xmm0,
                    in("xmm1") f64::from_bits(b), in("xmm2") f64::from_bits(c),
                    inout("rax") a => rax,
                );
            }
            Left { xmm0: xmm0.to_bits(), rax, flags: Flags(state as u8 & 0x3F) }
        }
    };
}

type Sse = fn([u64; 3], u32) -> Left;

sse!(addss, "addss xmm0, xmm1");
sse!(addsd, "addsd xmm0, xmm1");
sse!(subss, "subss xmm0, xmm1");
sse!(subsd, "subsd xmm0, xmm1");
sse!(mulss, "mulss xmm0, xmm1");
sse!(mulsd, "mulsd xmm0, xmm1");
sse!(divss, "divss xmm0, xmm1");
sse!(divsd, "divsd xmm0, xmm1");
sse!(sqrtss, "sqrtss xmm0, xmm0");
sse!(sqrtsd, "sqrtsd xmm0, xmm0");
sse!(roundss, "roundss xmm0, xmm0, 4");
sse!(roundsd, "roundsd xmm0, xmm0, 4");
sse!(comiss, "comiss xmm0, xmm1", "lahf");
sse!(comisd, "comisd xmm0, xmm1", "lahf");
sse!(ucomiss, "ucomiss xmm0, xmm1", "lahf");
sse!(ucomisd, "ucomisd xmm0, xmm1", "lahf");
sse!(cvtss2sd, "cvtss2sd xmm0, xmm0");
sse!(cvtsd2ss, "cvtsd2ss xmm0, xmm0");
sse!(cvtss2si_dword, "cvtss2si eax, xmm0");
sse!(cvtss2si_qword, "cvtss2si rax, xmm0");
sse!(cvtsd2si_dword, "cvtsd2si eax, xmm0");
sse!(cvtsd2si_qword, "cvtsd2si rax, xmm0");
sse!(cvttsd2si_qword, "cvttsd2si rax, xmm0");
sse!(cvtsi2ss_qword, "cvtsi2ss xmm0, rax");
sse!(cvtsi2sd_qword, "cvtsi2sd xmm0, rax");
sse!(fmadd213ss, "vfmadd213ss xmm0, xmm1, xmm2");
sse!(fmadd213sd, "vfmadd213sd xmm0, xmm1, xmm2");
sse!(fmadd132sd, "vfmadd132sd xmm0, xmm1, xmm2");
sse!(fmadd231sd, "vfmadd231sd xmm0, xmm1, xmm2");
sse!(cvtps2ph, "vcvtps2ph xmm0, xmm0, 4");
sse!(cvtph2ps, "vcvtph2ps xmm0, xmm0");

/// A format as it lies in a register.
trait Lane: Format {
    fn bits(self) -> u64;
    fn of(bits: u64) -> Self;
}

macro_rules! lane {
    ($format:ident, $bits:ty) => {
        impl Lane for $format {
            fn bits(self) -> u64 {
                self.0.into()
            }
            fn of(bits: u64) -> Self {
                Self(bits as $bits)
            }
        }
    };
}

lane!(F16, u16);
lane!(F32, u32);
lane!(F64, u64);

/// Operands that have to do with one another.
fn operands<F: Lane>(random: &mut Random) -> [F; 3] {
    let a = random.number();
    let b = random.partner(a);
    // A third near the product, so that sums cancel.
    let product = mul(a, b, &Env::SSE).value;
    let c = if random.one_in(2) { random.partner(product) } else { random.number() };
    [a, b, c]
}

/// Compares an instruction whose result is in XMM0.
fn check<F: Lane, G: Lane>(instruction: Sse, ours: impl Fn([F; 3], &Env) -> Outcome<G>) {
    let mut random = Random(1);
    for case in 0..cases(100_000) {
        let operands: [F; 3] = operands(&mut random);
        let mxcsr = random.masked_mxcsr();
        let theirs = instruction(operands.map(F::bits), mxcsr);
        let ours = ours(operands, &Env::from_mxcsr(mxcsr));
        assert_eq!(
            (G::of(theirs.xmm0), theirs.flags),
            (ours.value, ours.flags),
            "case {case}: {operands:x?} {mxcsr:#x} (host's, then ours)"
        );
    }
}

#[test]
fn arithmetic_as_the_host() {
    check(addss, |[a, b, _]: [F32; 3], env| add(a, b, env));
    check(addsd, |[a, b, _]: [F64; 3], env| add(a, b, env));
    check(subss, |[a, b, _]: [F32; 3], env| sub(a, b, env));
    check(subsd, |[a, b, _]: [F64; 3], env| sub(a, b, env));
    check(mulss, |[a, b, _]: [F32; 3], env| mul(a, b, env));
    check(mulsd, |[a, b, _]: [F64; 3], env| mul(a, b, env));
    check(divss, |[a, b, _]: [F32; 3], env| div(a, b, env));
    check(divsd, |[a, b, _]: [F64; 3], env| div(a, b, env));
    check(sqrtss, |[a, ..]: [F32; 3], env| sqrt(a, env));
    check(sqrtsd, |[a, ..]: [F64; 3], env| sqrt(a, env));
}

#[test]
fn fma_as_the_host() {
    if !is_x86_feature_detected!("fma") {
        return println!("skipped: this host has no FMA");
    }
    // The mnemonic's digits say in which order the operands are multiplied and added, and their NaNs looked at.
    check(fmadd213ss, |[a, b, c]: [F32; 3], env| fma(b, a, c, env));
    check(fmadd213sd, |[a, b, c]: [F64; 3], env| fma(b, a, c, env));
    check(fmadd132sd, |[a, b, c]: [F64; 3], env| fma(a, c, b, env));
    check(fmadd231sd, |[a, b, c]: [F64; 3], env| fma(b, c, a, env));
}

#[test]
fn conversions_as_the_host() {
    check(cvtss2sd, |[a, ..]: [F32; 3], env| convert::<F32, F64>(a, env));
    check(cvtsd2ss, |[a, ..]: [F64; 3], env| convert::<F64, F32>(a, env));
    if is_x86_feature_detected!("sse4.1") {
        check(roundss, |[a, ..]: [F32; 3], env| round_to_integral(a, env));
        check(roundsd, |[a, ..]: [F64; 3], env| round_to_integral(a, env));
    }
    if is_x86_feature_detected!("f16c") {
        check(cvtps2ph, |[a, ..]: [F32; 3], env| convert::<F32, F16>(a, env));
        check(cvtph2ps, |[a, ..]: [F16; 3], env| convert::<F16, F32>(a, env));
    }
}

/// Compares an instruction whose result is in RAX.
fn check_integer<F: Lane>(instruction: Sse, ours: impl Fn(F, &Env) -> Outcome<u64>) {
    let mut random = Random(2);
    for case in 0..cases(100_000) {
        let a: F = random.number();
        let mxcsr = random.masked_mxcsr();
        let theirs = instruction([a.bits(), 0, 0], mxcsr);
        let ours = ours(a, &Env::from_mxcsr(mxcsr));
        assert_eq!((theirs.rax, theirs.flags), (ours.value, ours.flags), "case {case}: {a:x?} {mxcsr:#x}");
    }
}

#[test]
fn to_integers_as_the_host() {
    let dword = |value: i64| u64::from(value as u32);
    check_integer(cvtss2si_dword, |a: F32, env| to_signed(a, 32, env).map(dword));
    check_integer(cvtss2si_qword, |a: F32, env| to_signed(a, 64, env).map(|value| value as u64));
    check_integer(cvtsd2si_dword, |a: F64, env| to_signed(a, 32, env).map(dword));
    check_integer(cvtsd2si_qword, |a: F64, env| to_signed(a, 64, env).map(|value| value as u64));
    check_integer(cvttsd2si_qword, |a: F64, env| {
        to_signed(a, 64, &Env { rounding: Rounding::TowardZero, ..*env }).map(|value| value as u64)
    });
}

#[test]
fn from_integers_as_the_host() {
    let mut random = Random(3);
    for _ in 0..cases(100_000) {
        let integer = random.pattern();
        let mxcsr = random.masked_mxcsr();
        let env = Env::from_mxcsr(mxcsr);
        let single = from_signed::<F32>(integer as i64, &env);
        let double = from_signed::<F64>(integer as i64, &env);
        let theirs = cvtsi2ss_qword([integer, 0, 0], mxcsr);
        assert_eq!(
            (F32::of(theirs.xmm0), theirs.flags),
            (single.value, single.flags),
            "{integer:#x} {mxcsr:#x}"
        );
        let theirs = cvtsi2sd_qword([integer, 0, 0], mxcsr);
        assert_eq!(
            (F64::of(theirs.xmm0), theirs.flags),
            (double.value, double.flags),
            "{integer:#x} {mxcsr:#x}"
        );
    }
}

/// ZF, PF and CF as LAHF puts them into AH.
fn condition(order: Option<Ordering>) -> u64 {
    match order {
        None => 0x4500,
        Some(Ordering::Less) => 0x0100,
        Some(Ordering::Equal) => 0x4000,
        Some(Ordering::Greater) => 0,
    }
}

fn check_compare<F: Lane>(instruction: Sse, signalling: bool) {
    let mut random = Random(4);
    for case in 0..cases(100_000) {
        let operands: [F; 3] = operands(&mut random);
        let mxcsr = random.masked_mxcsr();
        let theirs = instruction(operands.map(F::bits), mxcsr);
        let ours = compare(operands[0], operands[1], signalling, &Env::from_mxcsr(mxcsr));
        assert_eq!(
            (theirs.rax & 0x4500, theirs.flags),
            (condition(ours.value), ours.flags),
            "case {case}: {operands:x?} {mxcsr:#x} (host's, then ours)"
        );
    }
}

#[test]
fn compare_as_the_host() {
    check_compare::<F32>(comiss, true);
    check_compare::<F64>(comisd, true);
    check_compare::<F32>(ucomiss, false);
    check_compare::<F64>(ucomisd, false);
}
