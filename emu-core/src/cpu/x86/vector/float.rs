//! Floating-point operations on lanes, in terms of [`crate::float`].
//!
//! Where results are rounded to nearest, and operands and result are normal numbers (or exact zeros), the host's own
//! arithmetic gives the same and is used ([`Arithmetic::quick`]); whether the result is exact is then worked out in
//! integers, if MXCSR doesn't say that it is no news. A test compares value and flags with the exact way.

use super::control::Control;
use super::lanes::{self, Lane, map2};
use crate::float::{self, Env, F32, F64, Flags, Format, Outcome, Rounding};
use std::cmp::Ordering;

/// A format that vectors hold.
pub trait Number: Format + Lane + Default + 'static {
    /// The host's type of this format.
    type Host: Copy + PartialOrd;

    fn host(self) -> Self::Host;
    fn of_host(host: Self::Host) -> Self;
    /// Normal or zero, so that no operation treats it specially.
    fn is_plain(self) -> bool;
    /// At least twice the smallest normal number, and no infinity: surely neither tiny nor overflown.
    fn is_safe(self) -> bool;
    fn is_zero(self) -> bool;
    fn truth(holds: bool) -> Self;

    fn host_add(a: Self::Host, b: Self::Host) -> Self::Host;
    fn host_sub(a: Self::Host, b: Self::Host) -> Self::Host;
    fn host_mul(a: Self::Host, b: Self::Host) -> Self::Host;
    fn host_div(a: Self::Host, b: Self::Host) -> Self::Host;
    fn host_sqrt(a: Self::Host) -> Self::Host;
    fn host_from(value: i64) -> Self::Host;
    /// Towards zero.
    fn host_to_integer(a: Self::Host) -> i64;
}

macro_rules! number {
    ($format:ident, $bits:ty, $host:ty) => {
        impl Lane for $format {
            const BYTES: usize = size_of::<$bits>();

            #[inline(always)]
            fn take(bytes: &[u8; 16], i: usize) -> Self {
                Self(<$bits>::take(bytes, i))
            }

            #[inline(always)]
            fn put(self, bytes: &mut [u8; 16], i: usize) {
                self.0.put(bytes, i);
            }
        }

        impl $format {
            const SIGN: $bits = 1 << (<$bits>::BITS - 1);
            const FIRST_NORMAL: $bits = 1 << (Self::PRECISION - 1);
            const INFINITY: $bits = <$host>::INFINITY.to_bits();
        }

        impl Number for $format {
            type Host = $host;

            #[inline(always)]
            fn host(self) -> $host {
                <$host>::from_bits(self.0)
            }

            #[inline(always)]
            fn of_host(host: $host) -> Self {
                Self(host.to_bits())
            }

            #[inline(always)]
            fn is_plain(self) -> bool {
                let magnitude = self.0 & !Self::SIGN;
                magnitude.wrapping_sub(Self::FIRST_NORMAL) < Self::INFINITY - Self::FIRST_NORMAL
                    || magnitude == 0
            }

            #[inline(always)]
            fn is_safe(self) -> bool {
                let magnitude = self.0 & !Self::SIGN;
                magnitude.wrapping_sub(2 * Self::FIRST_NORMAL) < Self::INFINITY - 2 * Self::FIRST_NORMAL
            }

            #[inline(always)]
            fn is_zero(self) -> bool {
                self.0 & !Self::SIGN == 0
            }

            #[inline(always)]
            fn truth(holds: bool) -> Self {
                Self(lanes::truth!($bits, holds))
            }

            #[inline(always)]
            fn host_add(a: $host, b: $host) -> $host {
                a + b
            }

            #[inline(always)]
            fn host_sub(a: $host, b: $host) -> $host {
                a - b
            }

            #[inline(always)]
            fn host_mul(a: $host, b: $host) -> $host {
                a * b
            }

            #[inline(always)]
            fn host_div(a: $host, b: $host) -> $host {
                a / b
            }

            #[inline(always)]
            fn host_sqrt(a: $host) -> $host {
                a.sqrt()
            }

            #[inline(always)]
            fn host_from(value: i64) -> $host {
                value as $host
            }

            #[inline(always)]
            fn host_to_integer(a: $host) -> i64 {
                a as i64
            }
        }
    };
}

number!(F32, u32, f32);
number!(F64, u64, f64);

/// One of the four operations, or the root, as a type.
pub trait Arithmetic: 'static {
    /// The exact way.
    fn exact<F: Number>(a: F, b: F, env: &Env) -> Outcome<F>;
    /// What the host makes of two plain operands, if that is sure to be the same when rounding to nearest.
    fn of_plain<F: Number>(a: F, b: F) -> Option<F>;

    /// The same of any operands: `None` if one is not plain.
    #[inline(always)]
    fn quick<F: Number>(a: F, b: F) -> Option<F> {
        if a.is_plain() && b.is_plain() { Self::of_plain(a, b) } else { None }
    }

    /// Whether such a result needed no rounding.
    fn is_exact<F: Number>(a: F, b: F, result: F) -> bool;
}

/// A product of two significands, its leading bit moved to the top.
#[inline(always)]
fn product<F: Number>(a: F, b: F) -> u128 {
    let product = u128::from(a.fields().significand) * u128::from(b.fields().significand);
    product << product.leading_zeros()
}

/// What rounding has taken from a sum (Knuth, The Art of Computer Programming volume 2, 4.2.2, theorem B), itself exact.
#[inline(always)]
fn lost_by_sum<F: Number>(a: F::Host, b: F::Host, sum: F::Host) -> F {
    let rest = F::host_sub(sum, a);
    let of_a = F::host_sub(a, F::host_sub(sum, rest));
    F::of_host(F::host_add(of_a, F::host_sub(b, rest)))
}

macro_rules! arithmetic {
    ($($name:ident: $exact:expr, $host:ident, |$a:ident, $b:ident, $result:ident| $sure:expr, $whole:expr;)*) => {$(
        pub struct $name;

        impl Arithmetic for $name {
            #[inline(always)]
            fn exact<F: Number>(a: F, b: F, env: &Env) -> Outcome<F> {
                $exact(a, b, env)
            }

            #[inline(always)]
            fn of_plain<F: Number>($a: F, $b: F) -> Option<F> {
                let $result = F::of_host(F::$host($a.host(), $b.host()));
                $sure.then_some($result)
            }

            #[inline(always)]
            fn is_exact<F: Number>($a: F, $b: F, $result: F) -> bool {
                $whole
            }
        }
    )*};
}

arithmetic! {
    // Sums never are tiny and inexact.
    Add: float::add, host_add, |a, b, result| result.is_plain(),
        lost_by_sum::<F>(a.host(), b.host(), result.host()).is_zero();
    Sub: float::sub, host_sub, |a, b, result| result.is_plain(),
        lost_by_sum::<F>(a.host(), F::host_sub(F::zero(false).host(), b.host()), result.host()).is_zero();
    Mul: float::mul, host_mul, |a, b, result| result.is_safe() || a.is_zero() || b.is_zero(),
        result.is_zero() || product(a, b) << F::PRECISION == 0;
    Div: float::div, host_div, |a, b, result| !b.is_zero() && (result.is_safe() || a.is_zero()),
        a.is_zero() || product(result, b) == u128::from(a.fields().significand) << 64;
}

/// The root of the second operand.
pub struct Sqrt;

impl Arithmetic for Sqrt {
    #[inline(always)]
    fn exact<F: Number>(_: F, b: F, env: &Env) -> Outcome<F> {
        float::sqrt(b, env)
    }

    #[inline(always)]
    fn of_plain<F: Number>(_: F, b: F) -> Option<F> {
        let result = F::of_host(F::host_sqrt(b.host()));
        (b.is_zero() || !b.is_negative()).then_some(result)
    }

    #[inline(always)]
    fn quick<F: Number>(a: F, b: F) -> Option<F> {
        if b.is_plain() { Self::of_plain(a, b) } else { None }
    }

    #[inline(always)]
    fn is_exact<F: Number>(_: F, b: F, result: F) -> bool {
        b.is_zero() || product(result, result) == u128::from(b.fields().significand) << 64
    }
}

/// One operation on two numbers.
#[inline(always)]
pub fn compute<A: Arithmetic, F: Number>(control: &mut Control, a: F, b: F) -> F {
    if control.rounds_to_nearest()
        && let Some(result) = A::quick(a, b)
    {
        if control.minds_inexact() && !A::is_exact(a, b, result) {
            control.report(Flags::INEXACT);
        }
        return result;
    }
    exactly::<A, F>(control, a, b)
}

/// [`compute`], if there is nothing to report.
#[inline(always)]
pub fn compute_quickly<A: Arithmetic, F: Number>(control: Control, a: F, b: F) -> Option<F> {
    let result = A::quick(a, b)?;
    let is_news = control.minds_inexact() && !A::is_exact(a, b, result);
    (control.rounds_to_nearest() && !is_news).then_some(result)
}

#[inline(never)]
fn exactly<A: Arithmetic, F: Number>(control: &mut Control, a: F, b: F) -> F {
    take(control, A::exact(a, b, &control.env()))
}

/// An outcome's value; its flags are reported.
#[inline(always)]
pub fn take<T>(control: &mut Control, outcome: Outcome<T>) -> T {
    control.report(outcome.flags);
    outcome.value
}

/// An operation on every lane.
#[inline(always)]
pub fn packed<A: Arithmetic, F: Number>(control: &mut Control, a: u128, b: u128) -> u128 {
    map2::<F>(a, b, |a, b| compute::<A, F>(control, a, b))
}

/// An operation on the lowest lane; the others are the first operand's.
#[inline(always)]
pub fn scalar<A: Arithmetic, F: Number>(control: &mut Control, a: u128, b: u128) -> u128 {
    lanes::with_lane(a, 0, compute::<A, F>(control, lanes::lane(a, 0), lanes::lane(b, 0)))
}

/// How two numbers compare, and what comparing them reports.
#[inline(always)]
pub fn compare<F: Number>(control: &mut Control, a: F, b: F, signalling: bool) -> Option<Ordering> {
    if a.is_plain() && b.is_plain() {
        return a.host().partial_cmp(&b.host());
    }
    take(control, float::compare(a, b, signalling, &control.env()))
}

/// ZF, PF and CF, in bits 0 to 2, of COMISD and its kin.
#[inline(always)]
pub fn comparison<F: Number>(control: &mut Control, a: u128, b: u128, signalling: bool) -> u128 {
    match compare::<F>(control, lanes::lane(a, 0), lanes::lane(b, 0), signalling) {
        None => 7,
        Some(Ordering::Less) => 4,
        Some(Ordering::Equal) => 1,
        Some(Ordering::Greater) => 0,
    }
}

/// Whether one of the 32 predicates of CMPPD and VCMPPD holds (Intel SDM volume 2, CMPPD, table 3-1).
pub fn predicate<F: Number>(control: &mut Control, a: F, b: F, number: u8) -> F {
    // The second half signals where the first does not, and the other way round.
    let signalling = matches!(number & 15, 1 | 2 | 5 | 6 | 9 | 10 | 13 | 14) != (number & 16 != 0);
    let order = compare(control, a, b, signalling);
    let (less, equal, unordered) =
        (order == Some(Ordering::Less), order == Some(Ordering::Equal), order.is_none());
    let holds = match number & 7 {
        0 => equal,
        1 => less,
        2 => less || equal,
        _ => unordered,
    };
    F::truth(match number & 15 {
        0..=3 => holds,
        4 => !equal,
        5 => !less,
        6 => !(less || equal),
        7 => !unordered,
        8 => equal || unordered,
        9 => less || unordered,
        10 => less || equal || unordered,
        11 => false,
        12 => !equal && !unordered,
        13 => !less && !unordered,
        14 => !less && !equal && !unordered,
        _ => true,
    })
}

/// MIN and MAX: the second operand where the two are equal zeros or one is no number, which is reported.
pub fn extreme<F: Number>(control: &mut Control, a: F, b: F, wanted: Ordering) -> F {
    let first = compare(control, a, b, true) == Some(wanted);
    let chosen = if first { a } else { b };
    let is_denormal = chosen.class() == float::Class::Denormal;
    if is_denormal && control.denormals_are_zero() { F::zero(chosen.is_negative()) } else { chosen }
}

/// ROUNDSD and its kin: to the integral number that the immediate, or MXCSR, asks for.
pub fn round<F: Number>(control: &mut Control, a: F, immediate: u8) -> F {
    let mut env = control.env();
    if immediate & 4 == 0 {
        env.rounding = Rounding::from_rc(immediate.into());
    }
    let outcome = float::round_to_integral(a, &env);
    let hidden = if immediate & 8 != 0 { Flags::INEXACT } else { Flags::NONE };
    control.report(Flags(outcome.flags.0 & !hidden.0));
    outcome.value
}

/// To a signed integer, as MXCSR rounds or towards zero.
#[inline(always)]
pub fn to_integer<F: Number>(control: &mut Control, a: F, bits: u32, truncates: bool) -> i64 {
    if truncates && let Some((value, is_exact)) = truncated(a, bits) {
        control.report(if is_exact { Flags::NONE } else { Flags::INEXACT });
        return value;
    }
    let mut env = control.env();
    if truncates {
        env.rounding = Rounding::TowardZero;
    }
    take(control, float::to_signed(a, bits, &env))
}

/// A number that surely fits without its fraction, and whether it had none.
#[inline(always)]
fn truncated<F: Number>(a: F, bits: u32) -> Option<(i64, bool)> {
    let value = F::host_to_integer(a.host());
    // Nearer to zero than 2^62, it surely was not saturated.
    let fits = a.is_plain() && value.unsigned_abs() < 1 << (bits - 2);
    fits.then(|| (value, F::of_host(F::host_from(value)) == a || a.is_zero()))
}

/// [`to_integer`] towards zero, if there is nothing to report.
#[inline(always)]
pub fn truncated_quickly<F: Number>(control: Control, a: F, bits: u32) -> Option<i64> {
    let (value, is_exact) = truncated(a, bits)?;
    (is_exact || !control.minds_inexact()).then_some(value)
}

/// From a signed integer.
#[inline(always)]
pub fn from_integer<F: Number>(control: &mut Control, value: i64) -> F {
    match small_integer(value) {
        Some(number) => number,
        None => take(control, float::from_signed(value, &control.env())),
    }
}

/// A number for an integer that surely has one.
#[inline(always)]
pub fn small_integer<F: Number>(value: i64) -> Option<F> {
    (value.unsigned_abs() < 1 << F::PRECISION).then(|| F::of_host(F::host_from(value)))
}

/// From one format to another.
#[inline(always)]
pub fn convert<F: Format, G: Format>(control: &mut Control, a: F) -> G {
    take(control, float::convert(a, &control.env()))
}

/// `a × b + c`, of which the product or the addend may be negated before.
#[inline(always)]
pub fn multiply_add<F: Number>(control: &mut Control, [a, b, c]: [F; 3], signs: Signs) -> F {
    // A NaN's sign is not changed: what is negated is the operation.
    let flip = |x: F, flips: bool| if flips && !x.class().is_nan() { negated(x) } else { x };
    let (a, c) = (flip(a, signs.product), flip(c, signs.addend));
    take(control, float::fma(a, b, c, &control.env()))
}

/// What an instruction of the FMA family negates.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    pub product: bool,
    pub addend: bool,
}

fn negated<F: Number>(x: F) -> F {
    let fields = x.fields();
    F::from_fields(float::Fields { negative: !fields.negative, ..fields })
}

/// 2^126: from here on, RCPPS gives zero.
const SMALLEST_NOT_INVERTED: u32 = 253 << 23;

/// RCPPS and RSQRTPS: the parts give 12 bits by a table of their own (and differ). Here it is the true value, cut to
/// 12 bits, which is within their bound of 1.5 × 2^-12. They report nothing, and know no denormals.
pub fn estimate(a: F32, of_root: bool) -> F32 {
    use float::Class;
    let env = Env { denormals_are_zero: true, flush_to_zero: true, ..Env::SSE };
    let negative = a.is_negative();
    match a.class() {
        Class::Zero | Class::Denormal => return F32::infinity(negative),
        Class::QuietNan | Class::SignalingNan => return F32(a.0 | 1 << 22),
        Class::Infinity if !of_root => return F32::zero(negative),
        _ if of_root && negative => return float::default_nan(env.nan),
        Class::Infinity => return F32::zero(false),
        // The reciprocal would be tiny.
        _ if !of_root && a.0 & !F32::SIGN >= SMALLEST_NOT_INVERTED => return F32::zero(negative),
        _ => {}
    }
    let operand = if of_root { float::sqrt(a, &env).value } else { a };
    let value: F32 = float::div(F32::one(false), operand, &env).value;
    // To nearest, in the last of the bits that are kept.
    F32((value.0 + (1 << 10)) & !0x7FF)
}

impl Lane for float::F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    fn take(bytes: &[u8; 16], i: usize) -> Self {
        Self(u16::take(bytes, i))
    }

    #[inline(always)]
    fn put(self, bytes: &mut [u8; 16], i: usize) {
        self.0.put(bytes, i);
    }
}
