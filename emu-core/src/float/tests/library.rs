//! Against LLVM's software floating point (`rustc_apfloat`), in every rounding mode and on any host. Values and flags;
//! of NaNs only that they are, and no denormal flag, which is the x86's own.

use super::values::{Random, cases};
use crate::float::*;
use rustc_apfloat::ieee::{Double, Half, Single, X87DoubleExtended};
use rustc_apfloat::{Float, FloatConvert, Round, Status, StatusAnd};

/// A format and the library's type for it.
trait Pair: Format {
    type Theirs: Float;
    fn theirs(self) -> Self::Theirs;
    fn ours(theirs: Self::Theirs) -> Self;
}

macro_rules! pair {
    ($ours:ident, $theirs:ident, $bits:ty) => {
        impl Pair for $ours {
            type Theirs = $theirs;
            fn theirs(self) -> $theirs {
                $theirs::from_bits(self.0.into())
            }
            fn ours(theirs: $theirs) -> Self {
                Self(theirs.to_bits() as $bits)
            }
        }
    };
}

pair!(F16, Half, u16);
pair!(F32, Single, u32);
pair!(F64, Double, u64);

impl Pair for F80 {
    type Theirs = X87DoubleExtended;
    fn theirs(self) -> X87DoubleExtended {
        X87DoubleExtended::from_bits(u128::from(self.sign_exponent) << 64 | u128::from(self.mantissa))
    }
    fn ours(theirs: X87DoubleExtended) -> Self {
        let bits = theirs.to_bits();
        Self { sign_exponent: (bits >> 64) as u16, mantissa: bits as u64 }
    }
}

const ROUNDINGS: [(Rounding, Round); 4] = [
    (Rounding::NearestEven, Round::NearestTiesToEven),
    (Rounding::Down, Round::TowardNegative),
    (Rounding::Up, Round::TowardPositive),
    (Rounding::TowardZero, Round::TowardZero),
];

fn flags(status: Status) -> Flags {
    let pairs = [
        (Status::INVALID_OP, Flags::INVALID),
        (Status::DIV_BY_ZERO, Flags::DIVIDE_BY_ZERO),
        (Status::OVERFLOW, Flags::OVERFLOW),
        (Status::UNDERFLOW, Flags::UNDERFLOW),
        (Status::INEXACT, Flags::INEXACT),
    ];
    pairs.into_iter().fold(Flags::NONE, |sum, (theirs, flag)| {
        sum | if status.contains(theirs) { flag } else { Flags::NONE }
    })
}

fn assert_same<F: Pair>(ours: Outcome<F>, theirs: StatusAnd<F::Theirs>, what: &dyn std::fmt::Debug) {
    let value = F::ours(theirs.value);
    let is_same = ours.value == value || (ours.value.class().is_nan() && value.class().is_nan());
    let ours_flags = Flags(ours.flags.0 & !Flags::DENORMAL.0);
    // The library goes by what an inexact result became: an overflow that gives the largest number, and an underflow
    // that gives the smallest normal one, are none to it.
    let not_counted = match value.fields().biased {
        1 => Flags::UNDERFLOW,
        biased if biased == F::SPECIAL - 1 => Flags::OVERFLOW,
        _ => Flags::NONE,
    };
    let counted = Flags(!not_counted.0);
    assert!(
        is_same && ours_flags & counted == flags(theirs.status) & counted,
        "{what:x?}: {ours:x?}, library {value:x?} {:?}",
        theirs.status
    );
}

/// Random numbers without the encodings that the library reads otherwise.
fn number<F: Pair>(random: &mut Random, partner: Option<F>) -> F {
    loop {
        let number = match partner {
            Some(partner) => random.partner(partner),
            None => random.number(),
        };
        let is_pseudo_denormal =
            F::EXTENDED && number.fields().biased == 0 && number.fields().significand >> 63 != 0;
        if !is_pseudo_denormal && !matches!(number.class(), Class::Unsupported | Class::SignalingNan) {
            return number;
        }
    }
}

fn check_arithmetic<F: Pair>() {
    let mut random = Random(1);
    for _ in 0..cases(20_000) {
        let a: F = number(&mut random, None);
        let b = number(&mut random, Some(a));
        for (rounding, round) in ROUNDINGS {
            let env = Env { rounding, ..Env::X87 };
            let (x, y) = (a.theirs(), b.theirs());
            assert_same(add(a, b, &env), x.add_r(y, round), &("add", a, b, rounding));
            assert_same(sub(a, b, &env), x.sub_r(y, round), &("sub", a, b, rounding));
            assert_same(mul(a, b, &env), x.mul_r(y, round), &("mul", a, b, rounding));
            assert_same(div(a, b, &env), x.div_r(y, round), &("div", a, b, rounding));
            assert_eq!(compare(a, b, false, &env).value, x.partial_cmp(&y), "{a:x?} {b:x?}");
        }
    }
}

#[test]
fn arithmetic_as_the_library() {
    check_arithmetic::<F16>();
    check_arithmetic::<F32>();
    check_arithmetic::<F64>();
    check_arithmetic::<F80>();
}

fn check_fma<F: Pair>() {
    let mut random = Random(2);
    for _ in 0..cases(20_000) {
        let a: F = number(&mut random, None);
        let b = number(&mut random, Some(a));
        let c = number(&mut random, Some(mul(a, b, &Env::SSE).value));
        if c.class().is_nan() {
            continue; // infinity × 0 + NaN is invalid to the library, and not to x86: IEEE 754 leaves it open
        }
        for (rounding, round) in ROUNDINGS {
            let ours = fma(a, b, c, &Env { rounding, ..Env::SSE });
            let theirs = a.theirs().mul_add_r(b.theirs(), c.theirs(), round);
            assert_same(ours, theirs, &("fma", a, b, c, rounding));
        }
    }
}

#[test]
fn fma_as_the_library() {
    check_fma::<F32>();
    check_fma::<F64>();
}

fn check_conversion<F: Pair, G: Pair>()
where
    F::Theirs: FloatConvert<G::Theirs>,
{
    let mut random = Random(3);
    for _ in 0..cases(20_000) {
        let a: F = number(&mut random, None);
        for (rounding, round) in ROUNDINGS {
            let ours: Outcome<G> = convert(a, &Env { rounding, ..Env::X87 });
            assert_same(ours, a.theirs().convert_r(round, &mut false), &("convert", a, rounding));
        }
    }
}

#[test]
fn conversions_as_the_library() {
    check_conversion::<F16, F32>();
    check_conversion::<F16, F80>();
    check_conversion::<F32, F16>();
    check_conversion::<F32, F64>();
    check_conversion::<F64, F16>();
    check_conversion::<F64, F32>();
    check_conversion::<F64, F80>();
    check_conversion::<F80, F16>();
    check_conversion::<F80, F32>();
    check_conversion::<F80, F64>();
}

fn check_integers<F: Pair>() {
    let mut random = Random(4);
    for _ in 0..cases(20_000) {
        let a: F = number(&mut random, None);
        let integer = random.pattern();
        for (rounding, round) in ROUNDINGS {
            let env = Env { rounding, ..Env::X87 };
            assert_same(
                round_to_integral(a, &env),
                a.theirs().round_to_integral(round),
                &("round", a, rounding),
            );
            let theirs = F::Theirs::from_u128_r(integer.into(), round);
            assert_same(from_unsigned::<F>(integer, &env), theirs, &("from", integer, rounding));
            for bits in [8, 16, 32, 64] {
                let theirs = a.theirs().to_i128_r(bits, round, &mut false);
                let ours = to_signed(a, bits as u32, &env);
                assert_eq!(ours.flags, flags(theirs.status), "to {bits} signed {a:x?} {rounding:?}");
                let theirs_unsigned = a.theirs().to_u128_r(bits, round, &mut false);
                let unsigned = to_unsigned(a, bits as u32, &env);
                assert_eq!(
                    unsigned.flags,
                    flags(theirs_unsigned.status),
                    "to {bits} unsigned {a:x?} {rounding:?}"
                );
                if !ours.flags.intersects(Flags::INVALID) {
                    assert_eq!(i128::from(ours.value), theirs.value, "to {bits} signed {a:x?} {rounding:?}");
                }
                if !unsigned.flags.intersects(Flags::INVALID) {
                    assert_eq!(
                        u128::from(unsigned.value),
                        theirs_unsigned.value,
                        "to {bits} {a:x?} {rounding:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn integers_as_the_library() {
    check_integers::<F32>();
    check_integers::<F64>();
    check_integers::<F80>();
}
