//! What moves lanes within a block: packing, interleaving, shuffling, blending, inserting, extracting.

use super::integer::blended;
use super::lanes::{Lane, count, from_lanes, lane, map2, with_lane};
use super::quick::{
    HighBytes, HighDwords, HighQuads, HighToLow, HighWords, LowBytes, LowDwords, LowQuads, LowToHigh,
    LowWords, MoveLowHalf, MoveSingle, PackBytes, Shuffle, ShuffleDoubles, ShuffleSingles, of,
};
use super::{Sources, rows};

/// VPERMILPD with an immediate, which shares its name with the other form: the number of the first row.
pub const SELECT_DOUBLES: u16 = 1 << 8;

rows! { ROWS:
    INVALID INVALID [Blocks { immediate: 2 }] => |_, s, immediate| {
        halves(lane(s.b, bit(immediate, 0)), lane(s.b, bit(immediate, 1)))
    };
    Packsswb Vpacksswb => |_, s, _| pack(s, |a: i16| a.clamp(i8::MIN.into(), i8::MAX.into()) as i8);
    Packuswb Vpackuswb => of::<PackBytes>;
    Packssdw Vpackssdw => |_, s, _| pack(s, |a: i32| a.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
    Packusdw Vpackusdw => |_, s, _| pack(s, |a: i32| a.clamp(0, u16::MAX.into()) as u16);
    Punpcklbw Vpunpcklbw => of::<LowBytes>;
    Punpcklwd Vpunpcklwd => of::<LowWords>;
    Punpckldq Vpunpckldq => of::<LowDwords>;
    Punpcklqdq Vpunpcklqdq => of::<LowQuads>;
    Punpckhbw Vpunpckhbw => of::<HighBytes>;
    Punpckhwd Vpunpckhwd => of::<HighWords>;
    Punpckhdq Vpunpckhdq => of::<HighDwords>;
    Punpckhqdq Vpunpckhqdq => of::<HighQuads>;
    Unpcklps Vunpcklps => of::<LowDwords>;
    Unpcklpd Vunpcklpd => of::<LowQuads>;
    Unpckhps Vunpckhps => of::<HighDwords>;
    Unpckhpd Vunpckhpd => of::<HighQuads>;

    Pshufd Vpshufd => of::<Shuffle>;
    Pshuflw Vpshuflw => |_, s, immediate| shuffle_words(s.b, immediate, 0);
    Pshufhw Vpshufhw => |_, s, immediate| shuffle_words(s.b, immediate, 4);
    Pshufb Vpshufb =>
        |_, s, _| map2(s.b, s.b, |i: u8, _| if i < 0x80 { lane(s.a, usize::from(i & 15)) } else { 0 });
    Shufps Vshufps => of::<ShuffleSingles>;
    Shufpd Vshufpd [Blocks { immediate: 2 }] => of::<ShuffleDoubles>;
    Palignr Vpalignr => |_, s, immediate| align(s, immediate);
    INVALID Vpermilps => |_, s, _| from_lanes(|i| lane::<u32>(s.a, lane::<u32>(s.b, i) as usize & 3));
    INVALID Vpermilpd => |_, s, _| from_lanes(|i| lane::<u64>(s.a, lane::<u64>(s.b, i) as usize >> 1 & 1));

    Blendps Vblendps [Blocks { immediate: 4 }] => |_, s, immediate| blend::<u32>(s, immediate);
    Blendpd Vblendpd [Blocks { immediate: 2 }] => |_, s, immediate| blend::<u64>(s, immediate);
    Pblendw Vpblendw => |_, s, immediate| blend::<u16>(s, immediate);
    INVALID Vpblendd [Blocks { immediate: 4 }] => |_, s, immediate| blend::<u32>(s, immediate);
    Pblendvb Vpblendvb => |_, s, _| blended(s, |mask: i8| mask < 0);
    Blendvps Vblendvps => |_, s, _| blended(s, |mask: i32| mask < 0);
    Blendvpd Vblendvpd => |_, s, _| blended(s, |mask: i64| mask < 0);

    Movhlps Vmovhlps => of::<HighToLow>;
    Movlhps Vmovlhps => of::<LowToHigh>;
    Movlps Vmovlps => of::<MoveLowHalf>;
    Movlpd Vmovlpd => of::<MoveLowHalf>;
    Movhps Vmovhps => of::<LowToHigh>;
    Movhpd Vmovhpd => of::<LowToHigh>;
    Movss Vmovss => of::<MoveSingle>;
    Movsd Vmovsd => of::<MoveLowHalf>;
    Movddup Vmovddup => |_, s, _| halves(lane(s.b, 0), lane(s.b, 0));
    Movsldup Vmovsldup => |_, s, _| from_lanes(|i| lane::<u32>(s.b, i & 2));
    Movshdup Vmovshdup => |_, s, _| from_lanes(|i| lane::<u32>(s.b, i | 1));

    Insertps Vinsertps => |_, s, immediate| insert_single(s, immediate);
    Pinsrb Vpinsrb => |_, s, immediate| with_lane(s.a, usize::from(immediate & 15), lane::<u8>(s.b, 0));
    Pinsrw Vpinsrw => |_, s, immediate| with_lane(s.a, usize::from(immediate & 7), lane::<u16>(s.b, 0));
    Pinsrd Vpinsrd => |_, s, immediate| with_lane(s.a, usize::from(immediate & 3), lane::<u32>(s.b, 0));
    Pinsrq Vpinsrq => |_, s, immediate| with_lane(s.a, usize::from(immediate & 1), lane::<u64>(s.b, 0));
    Pextrb Vpextrb [General { bits: 0 }] =>
        |_, s, immediate| lane::<u8>(s.b, usize::from(immediate & 15)).into();
    Pextrw Vpextrw [General { bits: 0 }] =>
        |_, s, immediate| lane::<u16>(s.b, usize::from(immediate & 7)).into();
    Pextrd Vpextrd [General { bits: 0 }] =>
        |_, s, immediate| lane::<u32>(s.b, usize::from(immediate & 3)).into();
    Pextrq Vpextrq [General { bits: 0 }] =>
        |_, s, immediate| lane::<u64>(s.b, usize::from(immediate & 1)).into();
    Extractps Vextractps [General { bits: 0 }] =>
        |_, s, immediate| lane::<u32>(s.b, usize::from(immediate & 3)).into();

    INVALID Vbroadcastss [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u32>(s.b, 0));
    INVALID Vbroadcastsd [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u64>(s.b, 0));
    INVALID Vbroadcastf128 [Shared { step: 0 }] => |_, s, _| s.b;
    INVALID Vbroadcasti128 [Shared { step: 0 }] => |_, s, _| s.b;
    INVALID Vpbroadcastb [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u8>(s.b, 0));
    INVALID Vpbroadcastw [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u16>(s.b, 0));
    INVALID Vpbroadcastd [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u32>(s.b, 0));
    INVALID Vpbroadcastq [Shared { step: 0 }] => |_, s, _| from_lanes(|_| lane::<u64>(s.b, 0));
}

/// Two bits of an immediate that choose one of four lanes.
#[inline(always)]
pub(super) fn field(immediate: u8, i: usize) -> usize {
    usize::from(immediate >> (2 * i) & 3)
}

#[inline(always)]
fn bit(immediate: u8, i: usize) -> usize {
    usize::from(immediate >> i & 1)
}

#[inline(always)]
pub(super) fn halves(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// The lanes of both operands, narrowed.
#[inline(always)]
pub(super) fn pack<T: Lane, U: Lane>(s: &Sources, f: impl Fn(T) -> U) -> u128 {
    from_lanes(|i| f(if i < count::<T>() { lane(s.a, i) } else { lane(s.b, i - count::<T>()) }))
}

/// Lanes of both operands in turn, from this one on.
#[inline(always)]
pub(super) fn interleave<T: Lane>(s: &Sources, from: usize) -> u128 {
    from_lanes(|i| lane::<T>(if i & 1 == 0 { s.a } else { s.b }, from + i / 2))
}

/// Four words, from this one on, shuffled.
fn shuffle_words(b: u128, immediate: u8, from: usize) -> u128 {
    from_lanes(|i| lane::<u16>(b, if i & 4 == from { from + field(immediate, i & 3) } else { i }))
}

/// Sixteen bytes out of the middle of both operands.
fn align(s: &Sources, immediate: u8) -> u128 {
    match u32::from(immediate) * 8 {
        0 => s.b,
        bits @ 1..128 => s.b >> bits | s.a << (128 - bits),
        bits @ 128..256 => s.a >> (bits - 128),
        _ => 0,
    }
}

#[inline(always)]
fn blend<T: Lane>(s: &Sources, immediate: u8) -> u128 {
    from_lanes(|i| lane::<T>(if immediate >> i & 1 != 0 { s.b } else { s.a }, i))
}

/// INSERTPS: which lane (of a register; memory has one) goes where, and which become zero.
fn insert_single(s: &Sources, immediate: u8) -> u128 {
    let value = lane::<u32>(s.b, usize::from(immediate >> 6));
    let inserted = with_lane(s.a, usize::from(immediate >> 4 & 3), value);
    from_lanes(|i| if immediate >> i & 1 != 0 { 0 } else { lane::<u32>(inserted, i) })
}
