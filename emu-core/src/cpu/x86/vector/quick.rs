//! Operations that guests spend their time in, each as a type, which its row names: an engine can have all of what such an
//! operation usually does within a handler, without the table and without a call.

use super::control::Control;
use super::float::{self, Arithmetic, Number};
use super::lanes::{self, map, map2, sign_mask, truth, with_lane};
use super::shuffle::{field, halves, interleave, pack};
use super::{Sources, lanes::from_lanes};
use crate::float::{F32, F64};
use std::marker::PhantomData;

/// An operation whose usual case calls nothing.
pub trait Quick: 'static {
    /// As the operation in a row.
    fn apply(control: &mut Control, s: &Sources, immediate: u8) -> u128;

    /// The same, if there is nothing to report. `None`: it is another case.
    fn quick(control: Control, s: &Sources, immediate: u8) -> Option<u128>;
}

/// The operation in a row.
pub fn of<Q: Quick>(control: &mut Control, s: &Sources, immediate: u8) -> u128 {
    Q::apply(control, s, immediate)
}

/// Operations that never report anything.
macro_rules! pure {
    ($($(#[$doc:meta])* $name:ident = |$s:ident, $immediate:pat_param| $value:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Quick for $name {
            #[inline(always)]
            fn apply(_: &mut Control, $s: &Sources, $immediate: u8) -> u128 {
                $value
            }

            #[inline(always)]
            fn quick(_: Control, $s: &Sources, $immediate: u8) -> Option<u128> {
                Some($value)
            }
        }
    )*};
}

pure! {
    And = |s, _| s.a & s.b;
    AndNot = |s, _| !s.a & s.b;
    Or = |s, _| s.a | s.b;
    ExclusiveOr = |s, _| s.a ^ s.b;

    AddBytes = |s, _| map2(s.a, s.b, u8::wrapping_add);
    AddWords = |s, _| map2(s.a, s.b, u16::wrapping_add);
    AddDwords = |s, _| map2(s.a, s.b, u32::wrapping_add);
    AddQuads = |s, _| map2(s.a, s.b, u64::wrapping_add);
    SubBytes = |s, _| map2(s.a, s.b, u8::wrapping_sub);
    SubWords = |s, _| map2(s.a, s.b, u16::wrapping_sub);
    SubDwords = |s, _| map2(s.a, s.b, u32::wrapping_sub);
    SubQuads = |s, _| map2(s.a, s.b, u64::wrapping_sub);
    MulWords = |s, _| map2(s.a, s.b, u16::wrapping_mul);
    MulDwords = |s, _| map2(s.a, s.b, |a: u64, b| (a & 0xFFFF_FFFF) * (b & 0xFFFF_FFFF));
    EqualBytes = |s, _| map2(s.a, s.b, |a: u8, b| truth!(u8, a == b));
    EqualWords = |s, _| map2(s.a, s.b, |a: u16, b| truth!(u16, a == b));
    EqualDwords = |s, _| map2(s.a, s.b, |a: u32, b| truth!(u32, a == b));
    GreaterDwords = |s, _| map2(s.a, s.b, |a: i32, b| truth!(i32, a > b));
    LeastBytes = |s, _| map2(s.a, s.b, u8::min);
    MostBytes = |s, _| map2(s.a, s.b, u8::max);
    ByteSigns = |s, _| sign_mask::<u8>(s.b).into();

    ShiftWordsLeft = |s, _| map(s.a, |a: u16| if is_far(s, 16) { 0 } else { a << s.b as u32 });
    ShiftDwordsLeft = |s, _| map(s.a, |a: u32| if is_far(s, 32) { 0 } else { a << s.b as u32 });
    ShiftQuadsLeft = |s, _| map(s.a, |a: u64| if is_far(s, 64) { 0 } else { a << s.b as u32 });
    ShiftWordsRight = |s, _| map(s.a, |a: u16| if is_far(s, 16) { 0 } else { a >> s.b as u32 });
    ShiftDwordsRight = |s, _| map(s.a, |a: u32| if is_far(s, 32) { 0 } else { a >> s.b as u32 });
    ShiftQuadsRight = |s, _| map(s.a, |a: u64| if is_far(s, 64) { 0 } else { a >> s.b as u32 });
    ShiftBytesLeft = |s, _| if s.b < 16 { s.a << (8 * s.b as u32) } else { 0 };
    ShiftBytesRight = |s, _| if s.b < 16 { s.a >> (8 * s.b as u32) } else { 0 };

    LowBytes = |s, _| interleave::<u8>(s, 0);
    LowWords = |s, _| interleave::<u16>(s, 0);
    LowDwords = |s, _| interleave::<u32>(s, 0);
    LowQuads = |s, _| interleave::<u64>(s, 0);
    HighBytes = |s, _| interleave::<u8>(s, 8);
    HighWords = |s, _| interleave::<u16>(s, 4);
    HighDwords = |s, _| interleave::<u32>(s, 2);
    HighQuads = |s, _| interleave::<u64>(s, 1);
    PackBytes = |s, _| pack(s, |a: i16| a.clamp(0, u8::MAX.into()) as u8);
    Shuffle = |s, immediate| from_lanes(|i| lanes::lane::<u32>(s.b, field(immediate, i)));
    ShuffleSingles = |s, immediate| {
        from_lanes(|i| lanes::lane::<u32>(if i < 2 { s.a } else { s.b }, field(immediate, i)))
    };
    ShuffleDoubles = |s, immediate| {
        halves(half(s.a, immediate), half(s.b, immediate >> 1))
    };
    HighToLow = |s, _| halves(half(s.b, 1), half(s.a, 1));
    LowToHigh = |s, _| halves(half(s.a, 0), half(s.b, 0));
    MoveLowHalf = |s, _| halves(half(s.b, 0), half(s.a, 1));
    MoveSingle = |s, _| with_lane(s.a, 0, s.b as u32);
}

/// Whether a count is the lanes' width or more. All 64 bits of it count.
#[inline(always)]
pub(super) fn is_far(s: &Sources, width: u64) -> bool {
    s.b as u64 >= width
}

/// The half of a block that a bit chooses.
#[inline(always)]
fn half(block: u128, bit: u8) -> u64 {
    (if bit & 1 != 0 { block >> 64 } else { block }) as u64
}

/// Arithmetic on the lowest lanes; the others are the first operand's.
pub struct Scalar<A, F>(PhantomData<(A, F)>);

impl<A: Arithmetic, F: Number> Quick for Scalar<A, F> {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        float::scalar::<A, F>(control, s.a, s.b)
    }

    #[inline(always)]
    fn quick(control: Control, s: &Sources, _: u8) -> Option<u128> {
        let value = float::compute_quickly::<A, F>(control, lanes::lane(s.a, 0), lanes::lane(s.b, 0))?;
        Some(with_lane(s.a, 0, value))
    }
}

/// Arithmetic on all lanes.
pub struct Packed<A, F>(PhantomData<(A, F)>);

impl<A: Arithmetic, F: Number> Quick for Packed<A, F> {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        float::packed::<A, F>(control, s.a, s.b)
    }

    #[inline(always)]
    fn quick(control: Control, s: &Sources, _: u8) -> Option<u128> {
        let mut bytes = [0; 16];
        for i in 0..lanes::count::<F>() {
            let (a, b) = (lanes::lane(s.a, i), lanes::lane(s.b, i));
            float::compute_quickly::<A, F>(control, a, b)?.put(&mut bytes, i);
        }
        Some(u128::from_le_bytes(bytes))
    }
}

/// COMISD (`SIGNALLING`), UCOMISD and their like: ZF, PF and CF in bits 0 to 2.
pub struct Compare<F, const SIGNALLING: bool>(PhantomData<F>);

impl<F: Number, const SIGNALLING: bool> Quick for Compare<F, SIGNALLING> {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        float::comparison::<F>(control, s.a, s.b, SIGNALLING)
    }

    #[inline(always)]
    fn quick(_: Control, s: &Sources, _: u8) -> Option<u128> {
        let (a, b): (F, F) = (lanes::lane(s.a, 0), lanes::lane(s.b, 0));
        let (x, y) = (a.host(), b.host());
        (a.is_plain() && b.is_plain()).then_some(u128::from(x == y) | u128::from(x < y) << 2)
    }
}

/// CVTTSD2SI and CVTTSS2SI, to an integer of so many bits.
pub struct Truncate<F, const BITS: u32>(PhantomData<F>);

impl<F: Number, const BITS: u32> Quick for Truncate<F, BITS> {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        let value = float::to_integer::<F>(control, lanes::lane(s.b, 0), BITS, true) as u64;
        u128::from(value & (u64::MAX >> (64 - BITS)))
    }

    #[inline(always)]
    fn quick(control: Control, s: &Sources, _: u8) -> Option<u128> {
        let value = float::truncated_quickly::<F>(control, lanes::lane(s.b, 0), BITS)? as u64;
        Some(u128::from(value & (u64::MAX >> (64 - BITS))))
    }
}

/// CVTSI2SD and CVTSI2SS, from an integer of 32 bits, or of 64 (`LONG`).
pub struct FromInteger<F, const LONG: bool>(PhantomData<F>);

#[inline(always)]
fn integer(b: u128, long: bool) -> i64 {
    if long { b as i64 } else { i64::from(b as i32) }
}

impl<F: Number, const LONG: bool> Quick for FromInteger<F, LONG> {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        with_lane(s.a, 0, float::from_integer::<F>(control, integer(s.b, LONG)))
    }

    #[inline(always)]
    fn quick(_: Control, s: &Sources, _: u8) -> Option<u128> {
        Some(with_lane(s.a, 0, float::small_integer::<F>(integer(s.b, LONG))?))
    }
}

/// CVTSS2SD.
pub struct Widen;

impl Quick for Widen {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        with_lane(s.a, 0, float::convert::<F32, F64>(control, lanes::lane(s.b, 0)))
    }

    #[inline(always)]
    fn quick(_: Control, s: &Sources, _: u8) -> Option<u128> {
        let number: F32 = lanes::lane(s.b, 0);
        number.is_plain().then(|| with_lane(s.a, 0, F64::of_host(f64::from(number.host()))))
    }
}

/// CVTSD2SS.
pub struct Shorten;

impl Quick for Shorten {
    #[inline(always)]
    fn apply(control: &mut Control, s: &Sources, _: u8) -> u128 {
        with_lane(s.a, 0, float::convert::<F64, F32>(control, lanes::lane(s.b, 0)))
    }

    #[inline(always)]
    fn quick(control: Control, s: &Sources, _: u8) -> Option<u128> {
        let number: F64 = lanes::lane(s.b, 0);
        let short = F32::of_host(number.host() as f32);
        let is_exact = f64::from(short.host()).to_bits() == number.0;
        let is_sure = number.is_plain() && (short.is_safe() || number.is_zero());
        (control.rounds_to_nearest() && is_sure && (is_exact || !control.minds_inexact()))
            .then(|| with_lane(s.a, 0, short))
    }
}
