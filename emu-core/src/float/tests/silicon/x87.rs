//! The host's x87: results, flags, C1 and condition codes, with any exceptions unmasked.

use crate::float::tests::values::{Random, cases};
use crate::float::*;
use std::arch::asm;
use std::cmp::Ordering;

/// What the x87 shows after an instruction: FNSAVE's image (28 bytes of environment, then the stack from its top).
pub(super) struct Image(pub [u8; 108]);

impl Image {
    pub fn status(&self) -> u16 {
        u16::from_le_bytes([self.0[4], self.0[5]])
    }

    pub fn flags(&self) -> Flags {
        Flags(self.status() as u8 & 0x3F)
    }

    pub fn c1(&self) -> bool {
        self.status() & 0x0200 != 0
    }

    pub fn st(&self, index: usize) -> F80 {
        let bytes = &self.0[28 + 10 * index..][..10];
        let mantissa = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        F80 { mantissa, sign_exponent: u16::from_le_bytes([bytes[8], bytes[9]]) }
    }
}

pub(super) fn tbyte(number: F80) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&number.mantissa.to_le_bytes());
    bytes[8..].copy_from_slice(&number.sign_exponent.to_le_bytes());
    bytes
}

/// A function that runs one x87 instruction with `a` in ST(0), `b` in ST(1) and `[rdx]` to load or store, and
/// takes the unit's image without waiting, so that no unmasked exception is ever delivered.
macro_rules! x87 {
    ($name:ident, $instruction:literal) => {
        fn $name(a: F80, b: F80, memory: &mut [u8; 10], control: u16) -> Image {
            let (a, b) = (tbyte(a), tbyte(b));
            let mut image = Image([0; 108]);
            // SAFETY: reads `a`, `b` and `control`; writes `memory` and the image, which are large enough for any
            // operand and for FNSAVE. FNSAVE leaves the unit initialised and empty, as it is outside.
            unsafe {
                asm!(
                    "fninit",
                    "fld tbyte ptr [{b}]",
                    "fld tbyte ptr [{a}]",
                    "fldcw word ptr [{control}]",
                    $instruction,
                    "fnsave [{image}]",
                    a = in(reg) &a, b = in(reg) &b, control = in(reg) &control,
                    in("rdx") memory, image = in(reg) &mut image.0,
                    out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
                    out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
                );
            }
            image
        }
    };
}
pub(super) use x87;

pub(super) type X87 = fn(F80, F80, &mut [u8; 10], u16) -> Image;

x87!(fadd, "fadd st(0), st(1)");
x87!(fsub, "fsub st(0), st(1)");
x87!(fmul, "fmul st(0), st(1)");
x87!(fdiv, "fdiv st(0), st(1)");
x87!(fsqrt, "fsqrt");
x87!(frndint, "frndint");
x87!(fprem, "fprem");
x87!(fprem1, "fprem1");
x87!(fscale, "fscale");
x87!(fxtract, "fxtract");
x87!(fcom, "fcom st(1)");
x87!(fucom, "fucom st(1)");
x87!(fst_single, "fst dword ptr [rdx]");
x87!(fst_double, "fst qword ptr [rdx]");
x87!(fld_single, "fld dword ptr [rdx]");
x87!(fld_double, "fld qword ptr [rdx]");
x87!(fist_word, "fist word ptr [rdx]");
x87!(fist_dword, "fist dword ptr [rdx]");
x87!(fistp_qword, "fistp qword ptr [rdx]");
x87!(fild_qword, "fild qword ptr [rdx]");
x87!(fbstp, "fbstp tbyte ptr [rdx]");
x87!(fbld, "fbld tbyte ptr [rdx]");
x87!(fld1, "fld1");
x87!(fldl2t, "fldl2t");
x87!(fldl2e, "fldl2e");
x87!(fldpi, "fldpi");
x87!(fldlg2, "fldlg2");
x87!(fldln2, "fldln2");
x87!(fldz, "fldz");

/// Whether an unmasked exception kept the destination as it was.
pub(super) fn is_stopped(env: &Env, flags: Flags) -> bool {
    (env.unmasked & flags).intersects(Flags::BEFORE_COMPUTATION)
}

fn check_in_register(instruction: X87, ours: fn(F80, F80, &Env) -> Outcome<F80>) {
    check_where(instruction, ours, |_, _| true);
}

/// Compares an instruction whose result is in ST(0), for those operands in ST(1) that count.
fn check_where(instruction: X87, ours: fn(F80, F80, &Env) -> Outcome<F80>, counts: fn(F80, &Env) -> bool) {
    let mut random = Random(1);
    for case in 0..cases(200_000) {
        let a = random.number();
        let b = random.partner(a);
        let (a, b) = if random.one_in(2) { (a, b) } else { (b, a) };
        let control = random.x87_control();
        let env = Env::from_x87_control(control);
        if !counts(b, &env) {
            continue;
        }
        let theirs = instruction(a, b, &mut [0; 10], control);
        let ours = ours(a, b, &env);
        let value = if is_stopped(&env, ours.flags) { a } else { ours.value };
        assert_eq!(
            (theirs.st(0), theirs.flags(), theirs.c1()),
            (value, ours.flags, ours.rounded_up),
            "case {case}: {a:x?} {b:x?} {control:#x} (host's, then ours)"
        );
    }
}

#[test]
fn add_as_the_host() {
    check_in_register(fadd, add);
}

#[test]
fn sub_as_the_host() {
    check_in_register(fsub, sub);
}

#[test]
fn mul_as_the_host() {
    check_in_register(fmul, mul);
}

#[test]
fn div_as_the_host() {
    check_in_register(fdiv, div);
}

#[test]
fn sqrt_as_the_host() {
    check_in_register(fsqrt, |a, _, env| sqrt(a, env));
}

#[test]
fn round_to_integral_as_the_host() {
    check_in_register(frndint, |a, _, env| round_to_integral(a, env));
}

#[test]
fn scale_as_the_host() {
    // AMD's parts round a factor of 2^±32768 and beyond to infinity or zero in every rounding mode.
    let is_ordinary = |b: F80, env: &Env| {
        let unmasked = env.unmasked.intersects(Flags::OVERFLOW) && env.unmasked.intersects(Flags::UNDERFLOW);
        unmasked || env.rounding == Rounding::NearestEven || (b.sign_exponent & 0x7FFF) < 0x3FFF + 15
    };
    check_where(fscale, scale, is_ordinary);
}

/// C3, C2 and C0 after a comparison.
fn condition(order: Option<Ordering>) -> u16 {
    match order {
        None => 0x4500,
        Some(Ordering::Less) => 0x0100,
        Some(Ordering::Equal) => 0x4000,
        Some(Ordering::Greater) => 0,
    }
}

#[test]
fn compare_as_the_host() {
    let mut random = Random(2);
    for case in 0..cases(200_000) {
        let a = random.number();
        let b = random.partner(a);
        let signalling = random.one_in(2);
        let theirs = (if signalling { fcom } else { fucom })(a, b, &mut [0; 10], 0x037F);
        let ours = compare(a, b, signalling, &Env::X87);
        assert_eq!(
            (theirs.status() & 0x4500, theirs.flags()),
            (condition(ours.value), ours.flags),
            "case {case}: {a:x?} {b:x?} (host's, then ours)"
        );
    }
}

fn check_remainder(instruction: X87, rule: Quotient) {
    let mut random = Random(3);
    for case in 0..cases(200_000) {
        let a = random.number();
        let b = random.partner(a);
        let (a, b) = if random.one_in(2) { (a, b) } else { (b, a) };
        let control = random.x87_control();
        let env = Env::from_x87_control(control);
        let theirs = instruction(a, b, &mut [0; 10], control);
        let ours = partial_remainder(a, b, rule, &env);
        let Remainder { value, quotient, complete } = ours.value;
        let stopped = is_stopped(&env, ours.flags);
        let value = if stopped { a } else { value };
        assert_eq!(
            (theirs.st(0), theirs.flags()),
            (value, ours.flags),
            "case {case}: {a:x?} {b:x?} {control:#x}"
        );
        let bit = |bit: u64, flag: u16| if quotient >> bit & 1 != 0 { flag } else { 0 };
        let codes = bit(0, 0x0200) | bit(1, 0x4000) | bit(2, 0x0100) | if complete { 0 } else { 0x0400 };
        if !stopped && !ours.flags.intersects(Flags::INVALID) {
            assert_eq!(
                theirs.status() & 0x4700,
                codes,
                "case {case}: {a:x?} {b:x?} {control:#x} {quotient:#x}"
            );
        }
    }
}

#[test]
fn remainders_as_the_host() {
    check_remainder(fprem, Quotient::Truncated);
    check_remainder(fprem1, Quotient::Nearest);
}

#[test]
fn extract_as_the_host() {
    let mut random = Random(4);
    for case in 0..cases(200_000) {
        let (a, b) = (random.number(), F80::default());
        let control = random.x87_control();
        let env = Env::from_x87_control(control);
        let theirs = fxtract(a, b, &mut [0; 10], control);
        let ours = extract(a, &env);
        assert_eq!(theirs.flags(), ours.flags, "case {case}: {a:x?} {control:#x}");
        if !is_stopped(&env, ours.flags) {
            let Extracted { exponent, significand } = ours.value;
            assert_eq!(
                (theirs.st(0), theirs.st(1)),
                (significand, exponent),
                "case {case}: {a:x?} {control:#x}"
            );
        }
    }
}

/// Compares an instruction that stores ST(0); what unmasked exceptions keep from memory stays as it was.
fn check_stored<T>(instruction: X87, ours: impl Fn(F80, &Env) -> Outcome<T>, bytes: impl Fn(T) -> [u8; 10]) {
    let mut random = Random(5);
    for case in 0..cases(100_000) {
        let a = if random.one_in(2) { random.number() } else { near_integers(&mut random) };
        let control = random.x87_control();
        let env = Env::from_x87_control(control);
        let mut memory = [0; 10];
        let theirs = instruction(a, F80::default(), &mut memory, control);
        let ours = ours(a, &env);
        let kept = is_stopped(&env, ours.flags)
            || (env.unmasked & ours.flags).intersects(Flags::OVERFLOW | Flags::UNDERFLOW);
        let value = if kept { [0; 10] } else { bytes(ours.value) };
        assert_eq!(
            (memory, theirs.flags(), theirs.c1()),
            (value, ours.flags, ours.rounded_up),
            "case {case}: {a:x?} {control:#x}"
        );
    }
}

/// Numbers of the size of integers.
fn near_integers(random: &mut Random) -> F80 {
    let biased = 0x3FFF - 3 + random.below(70) as u32;
    let significand = 1 << 63 | random.pattern();
    F80::from_fields(Fields { negative: random.one_in(2), biased, significand })
}

fn padded<const N: usize>(bytes: [u8; N]) -> [u8; 10] {
    std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

#[test]
fn stores_as_the_host() {
    check_stored(fst_single, convert::<F80, F32>, |x| padded(x.0.to_le_bytes()));
    check_stored(fst_double, convert::<F80, F64>, |x| padded(x.0.to_le_bytes()));
    check_stored(fist_word, |a, env| to_signed(a, 16, env), |x| padded((x as i16).to_le_bytes()));
    check_stored(fist_dword, |a, env| to_signed(a, 32, env), |x| padded((x as i32).to_le_bytes()));
    check_stored(fistp_qword, |a, env| to_signed(a, 64, env), |x| padded(x.to_le_bytes()));
    check_stored(fbstp, to_packed_decimal, |x| x.0);
}

/// Compares an instruction that loads `memory`.
fn check_loaded(instruction: X87, memory: [u8; 10], control: u16, ours: Outcome<F80>) {
    let theirs = instruction(F80::default(), F80::default(), &mut { memory }, control);
    assert_eq!(theirs.flags(), ours.flags, "{memory:x?} {control:#x}");
    if !is_stopped(&Env::from_x87_control(control), ours.flags) {
        assert_eq!(theirs.st(0), ours.value, "{memory:x?} {control:#x}");
    }
}

#[test]
fn loads_as_the_host() {
    let mut random = Random(6);
    for _ in 0..cases(100_000) {
        let control = random.x87_control();
        let env = Env::from_x87_control(control);
        let (single, double): (F32, F64) = (random.number(), random.number());
        check_loaded(fld_single, padded(single.0.to_le_bytes()), control, convert(single, &env));
        check_loaded(fld_double, padded(double.0.to_le_bytes()), control, convert(double, &env));
        let integer = random.pattern() as i64;
        check_loaded(fild_qword, padded(integer.to_le_bytes()), control, from_signed(integer, &env));
        let decimal: [u8; 10] =
            std::array::from_fn(|_| random.below(10) as u8 | (random.below(10) as u8) << 4);
        let value = from_packed_decimal(PackedDecimal(decimal));
        check_loaded(fbld, decimal, control, Outcome::exact(value, Flags::NONE));
    }
}

#[test]
fn constants_as_the_host() {
    let loads: [(X87, Constant); 7] = [
        (fld1, Constant::One),
        (fldl2t, Constant::Log2Of10),
        (fldl2e, Constant::Log2OfE),
        (fldpi, Constant::Pi),
        (fldlg2, Constant::Log10Of2),
        (fldln2, Constant::LnOf2),
        (fldz, Constant::Zero),
    ];
    for (instruction, constant) in loads {
        for control in [0x037F, 0x077F, 0x0B7F, 0x0F7F, 0x007F] {
            let value = constant.value(&Env::from_x87_control(control));
            check_loaded(instruction, [0; 10], control, Outcome::exact(value, Flags::NONE));
        }
    }
}
