//! Answers that the manuals give, or that follow from them by hand.

use crate::float::*;

const ONE: F80 = F80::new(0x3FFF, 1 << 63);
const LARGEST: F80 = F80::new(0x7FFE, u64::MAX);
const SMALLEST: F80 = F80::new(0x0001, 1 << 63);
const INFINITY: F80 = F80::new(0x7FFF, 1 << 63);

/// Intel SDM volume 1, tables 4-2 and 8-3.
#[test]
fn classes_of_extended_numbers() {
    for (sign_exponent, mantissa, class) in [
        (0x0000, 0, Class::Zero),
        (0x0000, 1, Class::Denormal),
        (0x0000, 1 << 63, Class::Denormal), // pseudo-denormal
        (0x0001, 1 << 63, Class::Normal),
        (0x0001, u64::MAX >> 1, Class::Unsupported), // unnormal
        (0x3FFF, 0, Class::Unsupported),
        (0x7FFF, 1 << 63, Class::Infinity),
        (0x7FFF, 0, Class::Unsupported), // pseudo-infinity
        (0x7FFF, 1, Class::Unsupported), // pseudo-NaN
        (0x7FFF, 0xC000_0000_0000_0000, Class::QuietNan),
        (0xFFFF, 0x8000_0000_0000_0001, Class::SignalingNan),
    ] {
        assert_eq!(F80::new(sign_exponent, mantissa).class(), class, "{sign_exponent:#x} {mantissa:#x}");
    }
    assert_eq!(M80::new(0x3FFF, 1).class(), Class::Normal, "the 68881 takes unnormals");
    assert_eq!(M80::new(0x7FFF, 0).class(), Class::Infinity, "whatever its integer bit");
}

/// The masked and unmasked responses of Intel SDM volume 1, 8.5.
#[test]
fn responses_to_overflow_and_underflow() {
    let double = |control| add(LARGEST, LARGEST, &Env::from_x87_control(control));
    let inexact_overflow = Flags::OVERFLOW | Flags::INEXACT;
    assert_eq!(double(0x037F), Outcome { value: INFINITY, flags: inexact_overflow, rounded_up: true });
    assert_eq!(double(0x0F7F), Outcome { value: LARGEST, flags: inexact_overflow, rounded_up: false });
    let wrapped = F80::new(0x7FFF - 24_576, u64::MAX);
    assert_eq!(double(0x0377), Outcome { value: wrapped, flags: Flags::OVERFLOW, rounded_up: false });

    let half = F80::new(0x3FFE, 1 << 63);
    let halve = |control| mul(SMALLEST, half, &Env::from_x87_control(control));
    let denormal = F80::new(0, 1 << 62);
    assert_eq!(halve(0x037F), Outcome { value: denormal, flags: Flags::NONE, rounded_up: false });
    let wrapped = F80::new(24_576, 1 << 63);
    assert_eq!(halve(0x036F), Outcome { value: wrapped, flags: Flags::UNDERFLOW, rounded_up: false });
}

/// The largest number below the smallest normal one, times a little more than 1, becomes normal by rounding.
#[test]
fn tininess_before_and_after_rounding() {
    let (a, b) = (F32(0x007F_FFFF), F32(0x3F80_0001));
    let env = |tininess| Env { tininess, ..Env::SSE };
    for (tininess, flags) in [
        (Tininess::AfterRounding, Flags::DENORMAL | Flags::INEXACT),
        (Tininess::BeforeRounding, Flags::DENORMAL | Flags::INEXACT | Flags::UNDERFLOW),
    ] {
        let product = mul(a, b, &env(tininess));
        assert_eq!((product.value, product.flags), (F32(0x0080_0000), flags), "{tininess:?}");
    }
}

/// Intel SDM volume 1, table 4-7; M68000PRM, 1.6.5.
#[test]
fn which_nan_comes_out() {
    let (quiet, signaling) = (F32(0x7FC0_0001), F32(0xFF80_0002));
    for (rule, a, b, value) in [
        (NanRule::X87, signaling, quiet, quiet),
        (NanRule::X87, F32(0x7FC0_0003), F32(0xFFC0_0004), F32(0xFFC0_0004)),
        (NanRule::X87, F32(0xFFC0_0003), F32(0x7FC0_0003), F32(0x7FC0_0003)),
        (NanRule::Sse, signaling, quiet, F32(0xFFC0_0002)),
        (NanRule::Sse, F32(0), quiet, quiet),
        (NanRule::M68k, quiet, signaling, quiet),
    ] {
        assert_eq!(add(a, b, &Env { nan: rule, ..Env::SSE }).value, value, "{rule:?} {a:x?} {b:x?}");
    }
    assert_eq!(default_nan::<F64>(NanRule::Sse), F64(0xFFF8_0000_0000_0000));
    assert_eq!(default_nan::<M80>(NanRule::M68k), M80::new(0x7FFF, u64::MAX));
}

#[test]
fn integers_and_decimals() {
    let packed = PackedDecimal([0x21, 0x43, 0x65, 0x87, 0x09, 0, 0, 0, 0, 0x80]);
    let number: F80 = from_signed(-987_654_321, &Env::X87).value;
    assert_eq!(from_packed_decimal(packed), number);
    assert_eq!(to_packed_decimal(number, &Env::X87).value, packed);
    let too_large = to_packed_decimal(LARGEST, &Env::X87);
    assert_eq!((too_large.value, too_large.flags), (PackedDecimal::INDEFINITE, Flags::INVALID));
    let indefinite = to_signed(LARGEST, 16, &Env::X87);
    assert_eq!((indefinite.value, indefinite.flags), (-32_768, Flags::INVALID));
}

/// An angle from 2^63 on is out of range; functions of simple arguments are simple.
#[test]
fn transcendental_functions_at_simple_points() {
    let env = &Env::X87;
    let limit = F80::new(0x3FFF + 63, 1 << 63);
    assert_eq!((sine(limit, env), cosine(limit, env), tangent(limit, env)), (None, None, None));
    assert_eq!(power_of_2_minus_1(ONE, env).value, ONE);
    let (three, eight) = (F80::new(0x4000, 3 << 62), F80::new(0x4002, 1 << 63));
    assert_eq!(y_log2_x(ONE, eight, env).value, three);
    let quarter_turn = F80 { sign_exponent: 0x3FFE, ..Constant::Pi.value(env) };
    assert_eq!(arc_tangent(ONE, ONE, env).value, quarter_turn);
}
