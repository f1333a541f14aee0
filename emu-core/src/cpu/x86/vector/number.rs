//! Floating-point arithmetic, comparisons and conversions on vectors.

use super::control::Control;
use super::float::{
    Add, Div, Mul, Number, Signs, Sqrt, Sub, compute, convert, estimate, extreme, from_integer, multiply_add,
    packed, predicate, round, to_integer,
};
use super::lanes::{self, count, from_lanes, lane, map, map2, map3, with_lane};
use super::quick::{Compare, FromInteger, Packed, Scalar, Shorten, Truncate, Widen, of};
use super::{Sources, rows};
use crate::float::{F16, F32, F64};
use std::cmp::Ordering::{Greater, Less};

rows! { ROWS:
    Addps Vaddps => of::<Packed<Add, F32>>;
    Addpd Vaddpd => of::<Packed<Add, F64>>;
    Addss Vaddss => of::<Scalar<Add, F32>>;
    Addsd Vaddsd => of::<Scalar<Add, F64>>;
    Subps Vsubps => of::<Packed<Sub, F32>>;
    Subpd Vsubpd => of::<Packed<Sub, F64>>;
    Subss Vsubss => of::<Scalar<Sub, F32>>;
    Subsd Vsubsd => of::<Scalar<Sub, F64>>;
    Mulps Vmulps => of::<Packed<Mul, F32>>;
    Mulpd Vmulpd => of::<Packed<Mul, F64>>;
    Mulss Vmulss => of::<Scalar<Mul, F32>>;
    Mulsd Vmulsd => of::<Scalar<Mul, F64>>;
    Divps Vdivps => of::<Packed<Div, F32>>;
    Divpd Vdivpd => of::<Packed<Div, F64>>;
    Divss Vdivss => of::<Scalar<Div, F32>>;
    Divsd Vdivsd => of::<Scalar<Div, F64>>;
    Sqrtps Vsqrtps => |c, s, _| packed::<Sqrt, F32>(c, s.b, s.b);
    Sqrtpd Vsqrtpd => |c, s, _| packed::<Sqrt, F64>(c, s.b, s.b);
    Sqrtss Vsqrtss => of::<Scalar<Sqrt, F32>>;
    Sqrtsd Vsqrtsd => of::<Scalar<Sqrt, F64>>;
    Rcpps Vrcpps => |_, s, _| map(s.b, |b| estimate(b, false));
    Rcpss Vrcpss => |_, s, _| with_lane(s.a, 0, estimate(lane(s.b, 0), false));
    Rsqrtps Vrsqrtps => |_, s, _| map(s.b, |b| estimate(b, true));
    Rsqrtss Vrsqrtss => |_, s, _| with_lane(s.a, 0, estimate(lane(s.b, 0), true));

    Minps Vminps => |c, s, _| map2(s.a, s.b, |a: F32, b| extreme(c, a, b, Less));
    Minpd Vminpd => |c, s, _| map2(s.a, s.b, |a: F64, b| extreme(c, a, b, Less));
    Minss Vminss => |c, s, _| lowest(s, |a: F32, b| extreme(c, a, b, Less));
    Minsd Vminsd => |c, s, _| lowest(s, |a: F64, b| extreme(c, a, b, Less));
    Maxps Vmaxps => |c, s, _| map2(s.a, s.b, |a: F32, b| extreme(c, a, b, Greater));
    Maxpd Vmaxpd => |c, s, _| map2(s.a, s.b, |a: F64, b| extreme(c, a, b, Greater));
    Maxss Vmaxss => |c, s, _| lowest(s, |a: F32, b| extreme(c, a, b, Greater));
    Maxsd Vmaxsd => |c, s, _| lowest(s, |a: F64, b| extreme(c, a, b, Greater));

    // Without VEX, three bits choose the predicate.
    Cmpps INVALID => |c, s, immediate| map2(s.a, s.b, |a: F32, b| predicate(c, a, b, immediate & 7));
    Cmppd INVALID => |c, s, immediate| map2(s.a, s.b, |a: F64, b| predicate(c, a, b, immediate & 7));
    Cmpss INVALID => |c, s, immediate| lowest(s, |a: F32, b| predicate(c, a, b, immediate & 7));
    Cmpsd INVALID => |c, s, immediate| lowest(s, |a: F64, b| predicate(c, a, b, immediate & 7));
    INVALID Vcmpps => |c, s, immediate| map2(s.a, s.b, |a: F32, b| predicate(c, a, b, immediate & 31));
    INVALID Vcmppd => |c, s, immediate| map2(s.a, s.b, |a: F64, b| predicate(c, a, b, immediate & 31));
    INVALID Vcmpss => |c, s, immediate| lowest(s, |a: F32, b| predicate(c, a, b, immediate & 31));
    INVALID Vcmpsd => |c, s, immediate| lowest(s, |a: F64, b| predicate(c, a, b, immediate & 31));
    Comiss Vcomiss [Flags] => of::<Compare<F32, true>>;
    Comisd Vcomisd [Flags] => of::<Compare<F64, true>>;
    Ucomiss Vucomiss [Flags] => of::<Compare<F32, false>>;
    Ucomisd Vucomisd [Flags] => of::<Compare<F64, false>>;

    Addsubps Vaddsubps => |c, s, _| alternating::<F32>(c, s);
    Addsubpd Vaddsubpd => |c, s, _| alternating::<F64>(c, s);
    Haddps Vhaddps => |c, s, _| lanes::pairs(s.a, s.b, |a: F32, b| compute::<Add, F32>(c, a, b));
    Haddpd Vhaddpd => |c, s, _| lanes::pairs(s.a, s.b, |a: F64, b| compute::<Add, F64>(c, a, b));
    Hsubps Vhsubps => |c, s, _| lanes::pairs(s.a, s.b, |a: F32, b| compute::<Sub, F32>(c, a, b));
    Hsubpd Vhsubpd => |c, s, _| lanes::pairs(s.a, s.b, |a: F64, b| compute::<Sub, F64>(c, a, b));
    Dpps Vdpps => |c, s, immediate| dot_product::<F32>(c, s, immediate);
    Dppd Vdppd => |c, s, immediate| dot_product::<F64>(c, s, immediate);
    Roundps Vroundps => |c, s, immediate| map(s.b, |b: F32| round(c, b, immediate));
    Roundpd Vroundpd => |c, s, immediate| map(s.b, |b: F64| round(c, b, immediate));
    Roundss Vroundss => |c, s, immediate| with_lane(s.a, 0, round::<F32>(c, lane(s.b, 0), immediate));
    Roundsd Vroundsd => |c, s, immediate| with_lane(s.a, 0, round::<F64>(c, lane(s.b, 0), immediate));

    Cvtdq2ps Vcvtdq2ps => |c, s, _| lanes::convert(s.b, |b: i32| from_integer::<F32>(c, b.into()));
    Cvtdq2pd Vcvtdq2pd [Shared { step: 64 }] =>
        |c, s, _| lanes::convert(s.b, |b: i32| from_integer::<F64>(c, b.into()));
    Cvtps2dq Vcvtps2dq => |c, s, _| lanes::convert(s.b, |b: F32| to_integer(c, b, 32, false) as i32);
    Cvttps2dq Vcvttps2dq => |c, s, _| lanes::convert(s.b, |b: F32| to_integer(c, b, 32, true) as i32);
    Cvtpd2dq Vcvtpd2dq [Narrow] => |c, s, _| lanes::convert(s.b, |b: F64| to_integer(c, b, 32, false) as i32);
    Cvttpd2dq Vcvttpd2dq [Narrow] =>
        |c, s, _| lanes::convert(s.b, |b: F64| to_integer(c, b, 32, true) as i32);
    Cvtps2pd Vcvtps2pd [Shared { step: 64 }] =>
        |c, s, _| lanes::convert(s.b, |b: F32| convert::<F32, F64>(c, b));
    Cvtpd2ps Vcvtpd2ps [Narrow] => |c, s, _| lanes::convert(s.b, |b: F64| convert::<F64, F32>(c, b));
    Cvtss2sd Vcvtss2sd => of::<Widen>;
    Cvtsd2ss Vcvtsd2ss => of::<Shorten>;
    INVALID Vcvtph2ps [Shared { step: 64 }] =>
        |c, s, _| lanes::convert(s.b, |b: F16| convert::<F16, F32>(c, b));

    // Conversions of integers come in pairs: of 32 bits, then of 64.
    Cvtsi2ss Vcvtsi2ss => of::<FromInteger<F32, false>>;
    INVALID INVALID => of::<FromInteger<F32, true>>;
    Cvtsi2sd Vcvtsi2sd => of::<FromInteger<F64, false>>;
    INVALID INVALID => of::<FromInteger<F64, true>>;
    Cvtss2si Vcvtss2si [General { bits: 0 }] =>
        |c, s, _| u128::from(to_integer::<F32>(c, lane(s.b, 0), 32, false) as u32);
    INVALID INVALID [General { bits: 0 }] =>
        |c, s, _| u128::from(to_integer::<F32>(c, lane(s.b, 0), 64, false) as u64);
    Cvttss2si Vcvttss2si [General { bits: 0 }] => of::<Truncate<F32, 32>>;
    INVALID INVALID [General { bits: 0 }] => of::<Truncate<F32, 64>>;
    Cvtsd2si Vcvtsd2si [General { bits: 0 }] =>
        |c, s, _| u128::from(to_integer::<F64>(c, lane(s.b, 0), 32, false) as u32);
    INVALID INVALID [General { bits: 0 }] =>
        |c, s, _| u128::from(to_integer::<F64>(c, lane(s.b, 0), 64, false) as u64);
    Cvttsd2si Vcvttsd2si [General { bits: 0 }] => of::<Truncate<F64, 32>>;
    INVALID INVALID [General { bits: 0 }] => of::<Truncate<F64, 64>>;

    INVALID Vfmadd132ps => |c, s, _| fused::<F32, 132>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd213ps => |c, s, _| fused::<F32, 213>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd231ps => |c, s, _| fused::<F32, 231>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd132pd => |c, s, _| fused::<F64, 132>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd213pd => |c, s, _| fused::<F64, 213>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd231pd => |c, s, _| fused::<F64, 231>(c, s, [PLUS, PLUS]);
    INVALID Vfmadd132ss => |c, s, _| fused_scalar::<F32, 132>(c, s, PLUS);
    INVALID Vfmadd213ss => |c, s, _| fused_scalar::<F32, 213>(c, s, PLUS);
    INVALID Vfmadd231ss => |c, s, _| fused_scalar::<F32, 231>(c, s, PLUS);
    INVALID Vfmadd132sd => |c, s, _| fused_scalar::<F64, 132>(c, s, PLUS);
    INVALID Vfmadd213sd => |c, s, _| fused_scalar::<F64, 213>(c, s, PLUS);
    INVALID Vfmadd231sd => |c, s, _| fused_scalar::<F64, 231>(c, s, PLUS);
    INVALID Vfmsub132ps => |c, s, _| fused::<F32, 132>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub213ps => |c, s, _| fused::<F32, 213>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub231ps => |c, s, _| fused::<F32, 231>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub132pd => |c, s, _| fused::<F64, 132>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub213pd => |c, s, _| fused::<F64, 213>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub231pd => |c, s, _| fused::<F64, 231>(c, s, [MINUS, MINUS]);
    INVALID Vfmsub132ss => |c, s, _| fused_scalar::<F32, 132>(c, s, MINUS);
    INVALID Vfmsub213ss => |c, s, _| fused_scalar::<F32, 213>(c, s, MINUS);
    INVALID Vfmsub231ss => |c, s, _| fused_scalar::<F32, 231>(c, s, MINUS);
    INVALID Vfmsub132sd => |c, s, _| fused_scalar::<F64, 132>(c, s, MINUS);
    INVALID Vfmsub213sd => |c, s, _| fused_scalar::<F64, 213>(c, s, MINUS);
    INVALID Vfmsub231sd => |c, s, _| fused_scalar::<F64, 231>(c, s, MINUS);
    INVALID Vfnmadd132ps => |c, s, _| fused::<F32, 132>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd213ps => |c, s, _| fused::<F32, 213>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd231ps => |c, s, _| fused::<F32, 231>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd132pd => |c, s, _| fused::<F64, 132>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd213pd => |c, s, _| fused::<F64, 213>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd231pd => |c, s, _| fused::<F64, 231>(c, s, [NEGATED_PLUS, NEGATED_PLUS]);
    INVALID Vfnmadd132ss => |c, s, _| fused_scalar::<F32, 132>(c, s, NEGATED_PLUS);
    INVALID Vfnmadd213ss => |c, s, _| fused_scalar::<F32, 213>(c, s, NEGATED_PLUS);
    INVALID Vfnmadd231ss => |c, s, _| fused_scalar::<F32, 231>(c, s, NEGATED_PLUS);
    INVALID Vfnmadd132sd => |c, s, _| fused_scalar::<F64, 132>(c, s, NEGATED_PLUS);
    INVALID Vfnmadd213sd => |c, s, _| fused_scalar::<F64, 213>(c, s, NEGATED_PLUS);
    INVALID Vfnmadd231sd => |c, s, _| fused_scalar::<F64, 231>(c, s, NEGATED_PLUS);
    INVALID Vfnmsub132ps => |c, s, _| fused::<F32, 132>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub213ps => |c, s, _| fused::<F32, 213>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub231ps => |c, s, _| fused::<F32, 231>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub132pd => |c, s, _| fused::<F64, 132>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub213pd => |c, s, _| fused::<F64, 213>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub231pd => |c, s, _| fused::<F64, 231>(c, s, [NEGATED_MINUS, NEGATED_MINUS]);
    INVALID Vfnmsub132ss => |c, s, _| fused_scalar::<F32, 132>(c, s, NEGATED_MINUS);
    INVALID Vfnmsub213ss => |c, s, _| fused_scalar::<F32, 213>(c, s, NEGATED_MINUS);
    INVALID Vfnmsub231ss => |c, s, _| fused_scalar::<F32, 231>(c, s, NEGATED_MINUS);
    INVALID Vfnmsub132sd => |c, s, _| fused_scalar::<F64, 132>(c, s, NEGATED_MINUS);
    INVALID Vfnmsub213sd => |c, s, _| fused_scalar::<F64, 213>(c, s, NEGATED_MINUS);
    INVALID Vfnmsub231sd => |c, s, _| fused_scalar::<F64, 231>(c, s, NEGATED_MINUS);
    INVALID Vfmaddsub132ps => |c, s, _| fused::<F32, 132>(c, s, [MINUS, PLUS]);
    INVALID Vfmaddsub213ps => |c, s, _| fused::<F32, 213>(c, s, [MINUS, PLUS]);
    INVALID Vfmaddsub231ps => |c, s, _| fused::<F32, 231>(c, s, [MINUS, PLUS]);
    INVALID Vfmaddsub132pd => |c, s, _| fused::<F64, 132>(c, s, [MINUS, PLUS]);
    INVALID Vfmaddsub213pd => |c, s, _| fused::<F64, 213>(c, s, [MINUS, PLUS]);
    INVALID Vfmaddsub231pd => |c, s, _| fused::<F64, 231>(c, s, [MINUS, PLUS]);
    INVALID Vfmsubadd132ps => |c, s, _| fused::<F32, 132>(c, s, [PLUS, MINUS]);
    INVALID Vfmsubadd213ps => |c, s, _| fused::<F32, 213>(c, s, [PLUS, MINUS]);
    INVALID Vfmsubadd231ps => |c, s, _| fused::<F32, 231>(c, s, [PLUS, MINUS]);
    INVALID Vfmsubadd132pd => |c, s, _| fused::<F64, 132>(c, s, [PLUS, MINUS]);
    INVALID Vfmsubadd213pd => |c, s, _| fused::<F64, 213>(c, s, [PLUS, MINUS]);
    INVALID Vfmsubadd231pd => |c, s, _| fused::<F64, 231>(c, s, [PLUS, MINUS]);
}

/// The names of the FMA family, as signs.
const PLUS: Signs = Signs { product: false, addend: false };
const MINUS: Signs = Signs { product: false, addend: true };
const NEGATED_PLUS: Signs = Signs { product: true, addend: false };
const NEGATED_MINUS: Signs = Signs { product: true, addend: true };

/// The lowest lanes combined; the others are the first operand's.
#[inline(always)]
fn lowest<F: Number>(s: &Sources, f: impl FnOnce(F, F) -> F) -> u128 {
    with_lane(s.a, 0, f(lane(s.a, 0), lane(s.b, 0)))
}

/// The first lanes subtracted, the next ones added, and so on.
fn alternating<F: Number>(c: &mut Control, s: &Sources) -> u128 {
    from_lanes(|i| {
        let (a, b) = (lane::<F>(s.a, i), lane(s.b, i));
        if i & 1 == 0 { compute::<Sub, F>(c, a, b) } else { compute::<Add, F>(c, a, b) }
    })
}

/// DPPS and DPPD: the products that the immediate's upper half chooses, added pair by pair, into the lanes that its lower
/// half chooses. Products are not computed where nobody asks for them, and report nothing there.
fn dot_product<F: Number>(c: &mut Control, s: &Sources, immediate: u8) -> u128 {
    let mut products = [F::default(); 4];
    for (i, product) in products.iter_mut().enumerate().take(count::<F>()) {
        if immediate >> (4 + i) & 1 != 0 {
            *product = compute::<Mul, F>(c, lane(s.a, i), lane(s.b, i));
        }
    }
    let [first, second, third, fourth] = products;
    let mut sum = compute::<Add, F>(c, first, second);
    if count::<F>() == 4 {
        let upper = compute::<Add, F>(c, third, fourth);
        sum = compute::<Add, F>(c, sum, upper);
    }
    from_lanes(|i| if immediate >> i & 1 != 0 { sum } else { F::default() })
}

/// The two factors and the addend, as the digits of an FMA instruction's name say: 1 is the destination, 2 the register
/// that VEX names, 3 the last operand.
#[inline(always)]
fn in_order<F, const DIGITS: u32>(one: F, two: F, three: F) -> [F; 3] {
    match DIGITS {
        132 => [one, three, two],
        213 => [two, one, three],
        _ => [two, three, one],
    }
}

/// Lanes of even and odd numbers have signs of their own.
fn fused<F: Number, const DIGITS: u32>(c: &mut Control, s: &Sources, signs: [Signs; 2]) -> u128 {
    let mut i = 0;
    map3(s.c, s.a, s.b, |one: F, two, three| {
        i += 1;
        multiply_add(c, in_order::<F, DIGITS>(one, two, three), signs[(i + 1) & 1])
    })
}

fn fused_scalar<F: Number, const DIGITS: u32>(c: &mut Control, s: &Sources, signs: Signs) -> u128 {
    let operands = in_order::<F, DIGITS>(lane(s.c, 0), lane(s.a, 0), lane(s.b, 0));
    with_lane(s.c, 0, multiply_add(c, operands, signs))
}

/// VCVTPS2PH: four singles to halves, as the immediate or MXCSR rounds.
pub fn to_halves(c: &mut Control, b: u128, immediate: u8) -> u128 {
    lanes::convert(b, |b: F32| {
        let mut env = c.env();
        if immediate & 4 == 0 {
            env.rounding = crate::float::Rounding::from_rc(immediate.into());
        }
        super::float::take(c, crate::float::convert::<F32, F16>(b, &env))
    })
}
