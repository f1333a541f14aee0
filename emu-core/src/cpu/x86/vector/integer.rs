//! Sums, products, comparisons, shifts and bitwise operations on lanes of integers.

use super::lanes::{convert, count, from_lanes, lane, map, map2, map3, pairs, sign_mask, truth};
use super::quick::{
    AddBytes, AddDwords, AddQuads, AddWords, And, AndNot, ByteSigns, EqualBytes, EqualDwords, EqualWords,
    ExclusiveOr, GreaterDwords, LeastBytes, MostBytes, MulDwords, MulWords, Or, ShiftBytesLeft,
    ShiftBytesRight, ShiftDwordsLeft, ShiftDwordsRight, ShiftQuadsLeft, ShiftQuadsRight, ShiftWordsLeft,
    ShiftWordsRight, SubBytes, SubDwords, SubQuads, SubWords, is_far, of,
};
use super::{Sources, rows};

rows! { ROWS:
    Paddb Vpaddb => of::<AddBytes>;
    Paddw Vpaddw => of::<AddWords>;
    Paddd Vpaddd => of::<AddDwords>;
    Paddq Vpaddq => of::<AddQuads>;
    Psubb Vpsubb => of::<SubBytes>;
    Psubw Vpsubw => of::<SubWords>;
    Psubd Vpsubd => of::<SubDwords>;
    Psubq Vpsubq => of::<SubQuads>;
    Paddsb Vpaddsb => |_, s, _| map2(s.a, s.b, i8::saturating_add);
    Paddsw Vpaddsw => |_, s, _| map2(s.a, s.b, i16::saturating_add);
    Paddusb Vpaddusb => |_, s, _| map2(s.a, s.b, u8::saturating_add);
    Paddusw Vpaddusw => |_, s, _| map2(s.a, s.b, u16::saturating_add);
    Psubsb Vpsubsb => |_, s, _| map2(s.a, s.b, i8::saturating_sub);
    Psubsw Vpsubsw => |_, s, _| map2(s.a, s.b, i16::saturating_sub);
    Psubusb Vpsubusb => |_, s, _| map2(s.a, s.b, u8::saturating_sub);
    Psubusw Vpsubusw => |_, s, _| map2(s.a, s.b, u16::saturating_sub);

    Pmullw Vpmullw => of::<MulWords>;
    Pmulld Vpmulld => |_, s, _| map2(s.a, s.b, u32::wrapping_mul);
    Pmulhw Vpmulhw => |_, s, _| map2(s.a, s.b, |a: i16, b| ((i32::from(a) * i32::from(b)) >> 16) as i16);
    Pmulhuw Vpmulhuw => |_, s, _| map2(s.a, s.b, |a: u16, b| ((u32::from(a) * u32::from(b)) >> 16) as u16);
    Pmulhrsw Vpmulhrsw => |_, s, _| map2(s.a, s.b, high_rounded);
    Pmuludq Vpmuludq => of::<MulDwords>;
    Pmuldq Vpmuldq => |_, s, _| map2(s.a, s.b, |a: i64, b| i64::from(a as i32) * i64::from(b as i32));
    Pmaddwd Vpmaddwd => |_, s, _| multiply_add_words(s);
    Pmaddubsw Vpmaddubsw => |_, s, _| multiply_add_bytes(s);
    Psadbw Vpsadbw => |_, s, _| from_lanes(|i| u64::from(difference(s.a, 8 * i, s.b, 8 * i, 8)));
    Mpsadbw Vmpsadbw [Blocks { immediate: 3 }] => |_, s, immediate| differences_of_four(s, immediate);
    Phminposuw Vphminposuw => |_, s, _| smallest_word(s.b);

    Pavgb Vpavgb => |_, s, _| map2(s.a, s.b, |a: u8, b| ((u16::from(a) + u16::from(b) + 1) >> 1) as u8);
    Pavgw Vpavgw => |_, s, _| map2(s.a, s.b, |a: u16, b| ((u32::from(a) + u32::from(b) + 1) >> 1) as u16);
    Pminsb Vpminsb => |_, s, _| map2(s.a, s.b, i8::min);
    Pminsw Vpminsw => |_, s, _| map2(s.a, s.b, i16::min);
    Pminsd Vpminsd => |_, s, _| map2(s.a, s.b, i32::min);
    Pminub Vpminub => of::<LeastBytes>;
    Pminuw Vpminuw => |_, s, _| map2(s.a, s.b, u16::min);
    Pminud Vpminud => |_, s, _| map2(s.a, s.b, u32::min);
    Pmaxsb Vpmaxsb => |_, s, _| map2(s.a, s.b, i8::max);
    Pmaxsw Vpmaxsw => |_, s, _| map2(s.a, s.b, i16::max);
    Pmaxsd Vpmaxsd => |_, s, _| map2(s.a, s.b, i32::max);
    Pmaxub Vpmaxub => of::<MostBytes>;
    Pmaxuw Vpmaxuw => |_, s, _| map2(s.a, s.b, u16::max);
    Pmaxud Vpmaxud => |_, s, _| map2(s.a, s.b, u32::max);
    Pabsb Vpabsb => |_, s, _| map(s.b, i8::wrapping_abs);
    Pabsw Vpabsw => |_, s, _| map(s.b, i16::wrapping_abs);
    Pabsd Vpabsd => |_, s, _| map(s.b, i32::wrapping_abs);
    Psignb Vpsignb => |_, s, _| map2(s.a, s.b, |a: i8, b: i8| a.wrapping_mul(b.signum()));
    Psignw Vpsignw => |_, s, _| map2(s.a, s.b, |a: i16, b: i16| a.wrapping_mul(b.signum()));
    Psignd Vpsignd => |_, s, _| map2(s.a, s.b, |a: i32, b: i32| a.wrapping_mul(b.signum()));
    Phaddw Vphaddw => |_, s, _| pairs(s.a, s.b, u16::wrapping_add);
    Phaddd Vphaddd => |_, s, _| pairs(s.a, s.b, u32::wrapping_add);
    Phaddsw Vphaddsw => |_, s, _| pairs(s.a, s.b, i16::saturating_add);
    Phsubw Vphsubw => |_, s, _| pairs(s.a, s.b, u16::wrapping_sub);
    Phsubd Vphsubd => |_, s, _| pairs(s.a, s.b, u32::wrapping_sub);
    Phsubsw Vphsubsw => |_, s, _| pairs(s.a, s.b, i16::saturating_sub);

    Pcmpeqb Vpcmpeqb => of::<EqualBytes>;
    Pcmpeqw Vpcmpeqw => of::<EqualWords>;
    Pcmpeqd Vpcmpeqd => of::<EqualDwords>;
    Pcmpeqq Vpcmpeqq => |_, s, _| map2(s.a, s.b, |a: u64, b| truth!(u64, a == b));
    Pcmpgtb Vpcmpgtb => |_, s, _| map2(s.a, s.b, |a: i8, b| truth!(i8, a > b));
    Pcmpgtw Vpcmpgtw => |_, s, _| map2(s.a, s.b, |a: i16, b| truth!(i16, a > b));
    Pcmpgtd Vpcmpgtd => of::<GreaterDwords>;
    Pcmpgtq Vpcmpgtq => |_, s, _| map2(s.a, s.b, |a: i64, b| truth!(i64, a > b));

    Pand Vpand => of::<And>;
    Andps Vandps => of::<And>;
    Andpd Vandpd => of::<And>;
    Pandn Vpandn => of::<AndNot>;
    Andnps Vandnps => of::<AndNot>;
    Andnpd Vandnpd => of::<AndNot>;
    Por Vpor => of::<Or>;
    Orps Vorps => of::<Or>;
    Orpd Vorpd => of::<Or>;
    Pxor Vpxor => of::<ExclusiveOr>;
    Xorps Vxorps => of::<ExclusiveOr>;
    Xorpd Vxorpd => of::<ExclusiveOr>;

    Psllw Vpsllw [Shared { step: 0 }] => of::<ShiftWordsLeft>;
    Pslld Vpslld [Shared { step: 0 }] => of::<ShiftDwordsLeft>;
    Psllq Vpsllq [Shared { step: 0 }] => of::<ShiftQuadsLeft>;
    Psrlw Vpsrlw [Shared { step: 0 }] => of::<ShiftWordsRight>;
    Psrld Vpsrld [Shared { step: 0 }] => of::<ShiftDwordsRight>;
    Psrlq Vpsrlq [Shared { step: 0 }] => of::<ShiftQuadsRight>;
    Psraw Vpsraw [Shared { step: 0 }] =>
        |_, s, _| map(s.a, |a: i16| a >> if is_far(s, 16) { 15 } else { s.b as u32 });
    Psrad Vpsrad [Shared { step: 0 }] =>
        |_, s, _| map(s.a, |a: i32| a >> if is_far(s, 32) { 31 } else { s.b as u32 });
    INVALID Vpsllvd => |_, s, _| map2(s.a, s.b, |a: u32, n: u32| a.checked_shl(n).unwrap_or(0));
    INVALID Vpsllvq => |_, s, _| map2(s.a, s.b, |a: u64, n: u64| if n < 64 { a << n } else { 0 });
    INVALID Vpsrlvd => |_, s, _| map2(s.a, s.b, |a: u32, n: u32| a.checked_shr(n).unwrap_or(0));
    INVALID Vpsrlvq => |_, s, _| map2(s.a, s.b, |a: u64, n: u64| if n < 64 { a >> n } else { 0 });
    INVALID Vpsravd => |_, s, _| map2(s.a, s.b, |a: u32, n: u32| (a as i32 >> n.min(31)) as u32);
    Pslldq Vpslldq [Shared { step: 0 }] => of::<ShiftBytesLeft>;
    Psrldq Vpsrldq [Shared { step: 0 }] => of::<ShiftBytesRight>;

    Pmovsxbw Vpmovsxbw [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: i8| i16::from(a));
    Pmovsxbd Vpmovsxbd [Shared { step: 32 }] => |_, s, _| convert(s.b, |a: i8| i32::from(a));
    Pmovsxbq Vpmovsxbq [Shared { step: 16 }] => |_, s, _| convert(s.b, |a: i8| i64::from(a));
    Pmovsxwd Vpmovsxwd [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: i16| i32::from(a));
    Pmovsxwq Vpmovsxwq [Shared { step: 32 }] => |_, s, _| convert(s.b, |a: i16| i64::from(a));
    Pmovsxdq Vpmovsxdq [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: i32| i64::from(a));
    Pmovzxbw Vpmovzxbw [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: u8| u16::from(a));
    Pmovzxbd Vpmovzxbd [Shared { step: 32 }] => |_, s, _| convert(s.b, |a: u8| u32::from(a));
    Pmovzxbq Vpmovzxbq [Shared { step: 16 }] => |_, s, _| convert(s.b, |a: u8| u64::from(a));
    Pmovzxwd Vpmovzxwd [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: u16| u32::from(a));
    Pmovzxwq Vpmovzxwq [Shared { step: 32 }] => |_, s, _| convert(s.b, |a: u16| u64::from(a));
    Pmovzxdq Vpmovzxdq [Shared { step: 64 }] => |_, s, _| convert(s.b, |a: u32| u64::from(a));

    Pmovmskb Vpmovmskb [General { bits: 16 }] => of::<ByteSigns>;
    Movmskps Vmovmskps [General { bits: 4 }] => |_, s, _| sign_mask::<u32>(s.b).into();
    Movmskpd Vmovmskpd [General { bits: 2 }] => |_, s, _| sign_mask::<u64>(s.b).into();
    Ptest Vptest [Flags] => |_, s, _| tested(s.a & s.b, !s.a & s.b);
    INVALID Vtestps [Flags] => |_, s, _| tested(
        sign_mask::<u32>(s.a & s.b).into(),
        sign_mask::<u32>(!s.a & s.b).into(),
    );
    INVALID Vtestpd [Flags] => |_, s, _| tested(
        sign_mask::<u64>(s.a & s.b).into(),
        sign_mask::<u64>(!s.a & s.b).into(),
    );
}

/// ZF when `both` is zero, CF when `second_alone` is.
fn tested(both: u128, second_alone: u128) -> u128 {
    u128::from(both == 0) | u128::from(second_alone == 0) << 2
}

fn multiply_add_words(s: &Sources) -> u128 {
    let product = |i| i32::from(lane::<i16>(s.a, i)) * i32::from(lane::<i16>(s.b, i));
    from_lanes(|i| product(2 * i).wrapping_add(product(2 * i + 1)))
}

/// The first operand's bytes have no sign, the second's do.
fn multiply_add_bytes(s: &Sources) -> u128 {
    let product = |i| i32::from(lane::<u8>(s.a, i)) * i32::from(lane::<i8>(s.b, i));
    from_lanes(|i| saturated(product(2 * i) + product(2 * i + 1)))
}

/// The upper bits of a product, one more than a word, rounded to a word.
fn high_rounded(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    (((product >> 14) + 1) >> 1) as i16
}

fn saturated(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// The sum of the absolute differences of `bytes` bytes, from these places on.
fn difference(a: u128, at: usize, b: u128, from: usize, bytes: usize) -> u16 {
    (0..bytes).map(|i| u16::from(lane::<u8>(a, at + i).abs_diff(lane(b, from + i)))).sum()
}

fn differences_of_four(s: &Sources, immediate: u8) -> u128 {
    let (at, from) = (usize::from(immediate >> 2 & 1) * 4, usize::from(immediate & 3) * 4);
    from_lanes(|i| difference(s.a, at + i, s.b, from, 4))
}

/// The smallest word and, above it, its place.
fn smallest_word(a: u128) -> u128 {
    let smallest = (0..count::<u16>()).map(|i| (lane::<u16>(a, i), i)).min().unwrap_or_default();
    u128::from(smallest.0) | (smallest.1 as u128) << 16
}

/// A lane of `b` where the top bit of the mask's lane is set, else of `a`.
pub(super) fn blended<T: super::lanes::Lane>(s: &Sources, chosen: impl Fn(T) -> bool) -> u128 {
    map3(s.a, s.b, s.c, |a: T, b, mask| if chosen(mask) { b } else { a })
}
