//! FSIN, FCOS, FSINCOS, FPTAN and FPATAN (Intel SDM volume 2, under those names), each within one unit in the last
//! place of the true value over the whole range.
//!
//! Arguments are reduced by π/2 itself, to as many bits as any argument needs. The parts reduce by a π of 66 bits
//! (SDM volume 1, 8.3.8), so that near multiples of π their results have few right digits or none: the sine of FLDPI's
//! π is -2^-64 there, and -0.925 × 2^-64 in truth. We keep to the truth, and differ from the parts there.
//!
//! Precision control doesn't apply; the rounding mode does.

use super::env::{Env, Flags, Outcome};
use super::format::{Class, F80, Format, Unpacked, unpack};
use super::nan::{invalid, special_operands};
use super::wide::{ODD_RECIPROCALS, ONE, Wide, multiply_high};

/// 2/π: 256 bits after the binary point.
const TWO_OVER_PI: [u64; 4] =
    [0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561];

/// π/2
const HALF_PI: Wide =
    Wide { negative: false, exponent: 0, significand: 0xC90F_DAA2_2168_C234_C4C6_628B_80DC_1CD1 };

/// From this exponent on, arguments are out of range.
const LIMIT: i32 = 63;

/// Below this exponent a tangent or arc tangent is its argument but for less than what [`Wide`] can hold.
const TINY: i32 = -60;

/// Reciprocals of (2k)! or, with `odd`, (2k + 1)!, times 2^127: the series of cosine and sine.
const fn factorial_series(odd: u128) -> [u128; 15] {
    let mut series = [ONE; 15];
    let mut k = 1;
    while k < 15 {
        let n = 2 * k as u128 + odd;
        series[k] = series[k - 1] / (n * (n - 1));
        k += 1;
    }
    series
}

const COSINE: [u128; 15] = factorial_series(0);
const SINE: [u128; 15] = factorial_series(1);

/// c0 - z × (c1 - z × (c2 - …)), where `z` is a fraction of 2^128 and the coefficients fall. Below 2^127 in any case: the
/// true sum is, if by less than one place.
fn alternating(series: &[u128], z: u128) -> u128 {
    let sum = series.iter().rev().fold(0, |sum, &coefficient| coefficient - multiply_high(z, sum));
    sum.min(ONE - 1)
}

/// An argument less a multiple of π/2.
struct Reduced {
    /// Which multiple, modulo 4.
    quadrant: u32,
    /// What is left, π/4 at most.
    rest: Wide,
}

/// `x` is not zero, and its exponent below [`LIMIT`].
fn reduce(x: &Unpacked) -> Reduced {
    if x.exponent < -1 {
        return Reduced { quadrant: 0, rest: Wide::from_unpacked(x) };
    }
    let (integer, fraction) = times_two_over_pi(x.significand, 63 - x.exponent as i64);
    let to_next = fraction[0] >> 127 != 0;
    let [high, low] = if to_next { negated(fraction) } else { fraction };
    let shift = high.leading_zeros();
    let below = if shift == 0 { 0 } else { low.checked_shr(128 - shift).unwrap_or(0) };
    let significand = high.checked_shl(shift).unwrap_or(0) | below | 1;
    let turns = Wide { negative: to_next, exponent: -1 - shift as i32, significand };
    let quadrant = (integer as u32).wrapping_add(u32::from(to_next));
    Reduced {
        quadrant: if x.negative { quadrant.wrapping_neg() } else { quadrant },
        rest: turns.multiply(HALF_PI).negated_when(x.negative),
    }
}

/// `significand × 2/π / 2^shift`: the integer, and 256 bits of fraction. `shift` is 1–64.
fn times_two_over_pi(significand: u64, shift: i64) -> (u64, [u128; 2]) {
    let mut words = [0u64; 5];
    let mut carry = 0;
    for (i, word) in TWO_OVER_PI.into_iter().enumerate().rev() {
        let product = u128::from(word) * u128::from(significand) + carry;
        words[i + 1] = product as u64;
        carry = product >> 64;
    }
    words[0] = carry as u64;
    let shifted =
        |i: usize| ((u128::from(words[i]) << 64 | u128::from(words[i + 1])) >> shift) & u128::from(u64::MAX);
    let integer = words[0].checked_shr(shift as u32).unwrap_or(0);
    (integer, [shifted(0) << 64 | shifted(1), shifted(2) << 64 | shifted(3)])
}

/// 1 less a fraction of 256 bits.
fn negated([high, low]: [u128; 2]) -> [u128; 2] {
    let (low, is_zero) = (low.wrapping_neg(), low == 0);
    [(!high).wrapping_add(u128::from(is_zero)), low]
}

/// Sine and cosine of a number of at most π/4.
fn sine_and_cosine(rest: Wide) -> (Wide, Wide) {
    let z = rest.multiply(rest).to_fixed(128);
    let sine = rest.scaled(alternating(&SINE, z));
    let cosine = alternating(&COSINE, z);
    (sine, Wide::from_fixed(cosine as i128, 127))
}

impl Reduced {
    fn sine(&self) -> Wide {
        self.turned(self.quadrant)
    }

    fn cosine(&self) -> Wide {
        self.turned(self.quadrant.wrapping_add(1))
    }

    /// The sine of the rest plus so many right angles.
    fn turned(&self, quadrant: u32) -> Wide {
        let (sine, cosine) = sine_and_cosine(self.rest);
        let value = if quadrant & 1 == 0 { sine } else { cosine };
        value.negated_when(quadrant & 2 != 0)
    }

    /// `None` where the tangent is the argument and a little more.
    fn tangent(&self) -> Option<Wide> {
        let (sine, cosine) = sine_and_cosine(self.rest);
        match self.quadrant & 1 {
            0 if self.rest.exponent < TINY => None,
            0 => Some(sine.divide(cosine)),
            _ => Some(cosine.divide(sine).negated_when(true)),
        }
    }
}

/// The outcome of a function that only takes arguments of some range: `None` sets C2 and leaves the register.
pub type InRange<T> = Option<Outcome<T>>;

/// What all four functions of an angle share: operands that are no numbers, zero, and the range.
fn of_angle<T>(
    a: F80,
    env: &Env,
    same: impl Fn(F80) -> T,
    of_zero: T,
    of: impl Fn(&Reduced, Flags) -> Outcome<T>,
) -> InRange<T> {
    let ([x], flags) = match special_operands([unpack(a)], env) {
        Ok(operands) => operands,
        Err(outcome) => return Some(outcome.map(same)),
    };
    match x.class {
        Class::Infinity => Some(invalid(env).map(same)),
        Class::Zero => Some(Outcome::exact(of_zero, flags)),
        _ if x.exponent >= LIMIT => None,
        _ if env.stops(flags) => Some(Outcome::exact(same(a), flags)),
        _ => Some(of(&reduce(&x), flags)),
    }
}

/// The sine; `None` from 2^63 on.
pub fn sine(a: F80, env: &Env) -> InRange<F80> {
    of_angle(a, env, |a| a, a, |x, flags| x.sine().round(false, env, flags))
}

/// The cosine; `None` from 2^63 on.
pub fn cosine(a: F80, env: &Env) -> InRange<F80> {
    of_angle(a, env, |a| a, F80::one(false), |x, flags| x.cosine().round(false, env, flags))
}

/// Sine and cosine; `None` from 2^63 on. C1 is the cosine's, which is rounded last.
pub fn sine_cosine(a: F80, env: &Env) -> InRange<(F80, F80)> {
    let of = |x: &Reduced, flags| {
        let sine = x.sine().round(false, env, flags);
        let cosine = x.cosine().round(false, env, flags | sine.flags);
        cosine.map(|cosine| (sine.value, cosine))
    };
    of_angle(a, env, |a| (a, a), (a, F80::one(false)), of)
}

/// The tangent; `None` from 2^63 on. (FPTAN then pushes 1.0.)
pub fn tangent(a: F80, env: &Env) -> InRange<F80> {
    of_angle(
        a,
        env,
        |a| a,
        a,
        |x, flags| {
            // A sticky bit makes the argument that little more.
            x.tangent().unwrap_or(x.rest).round(false, env, flags)
        },
    )
}

/// arctan(k/32) × 2^127, each from the one before: the difference is arctan(32 / (1024 + k(k - 1))).
const ARC_TANGENTS: [u128; 33] = {
    let mut table = [0; 33];
    let mut k = 1;
    while k < 33 {
        let q = 1024 + (k * (k - 1)) as u128;
        let mut power = ONE / q * 32 + ONE % q * 32 / q;
        let (mut sum, mut n) = (0, 1);
        while power != 0 {
            sum = if n & 2 == 0 { sum + power / n } else { sum - power / n };
            power = power * 32 / q * 32 / q;
            n += 2;
        }
        table[k] = table[k - 1] + sum;
        k += 1;
    }
    table
};

/// The arc tangent of a number from 0 to 1.
fn arc_tangent_of_ratio(ratio: Wide) -> Wide {
    let fixed = ratio.to_fixed(127);
    let nearest = ((fixed >> 121) + 1) >> 1;
    if nearest == 0 {
        return arc_tangent_series(ratio);
    }
    // arctan(t) = arctan(c) + arctan((t - c) / (1 + t c)), where c = nearest / 32.
    let difference = (fixed as i128).wrapping_sub((nearest << 122) as i128);
    let center = ARC_TANGENTS[nearest as usize];
    if difference == 0 {
        return Wide::from_fixed(center as i128, 127);
    }
    let divisor = (1 << 126) + (fixed >> 6) * nearest;
    let quotient = Wide::from_fixed(difference, 127).divide(Wide::from_fixed(divisor as i128 >> 1, 125));
    let correction = arc_tangent_series(quotient).to_signed_fixed(126);
    Wide::from_fixed((center >> 1) as i128 + correction, 126)
}

fn arc_tangent_series(t: Wide) -> Wide {
    let z = t.multiply(t).to_fixed(128);
    t.scaled(alternating(&ODD_RECIPROCALS, z))
}

/// The angle of the point (`x`, `y`): FPATAN with `y` in ST(1) and `x` in ST(0).
pub fn arc_tangent(y: F80, x: F80, env: &Env) -> Outcome<F80> {
    let ([x, y], flags) = match special_operands([unpack(x), unpack(y)], env) {
        Ok(operands) => operands,
        Err(outcome) => return outcome,
    };
    if env.stops(flags) {
        return Outcome::exact(F80::zero(false), flags);
    }
    match eighths_of_a_turn(&x, &y) {
        Some(0) => Outcome::exact(F80::zero(y.negative), flags),
        Some(eighths) => {
            let angle = HALF_PI.multiply(Wide::from_fixed(eighths, 1));
            angle.negated_when(y.negative).round(false, env, flags)
        }
        None => angle(Wide::from_unpacked(&x), Wide::from_unpacked(&y)).round(false, env, flags),
    }
}

/// The angles that are multiples of π/4 for the sake of zeros and infinities, without their sign.
fn eighths_of_a_turn(x: &Unpacked, y: &Unpacked) -> Option<i128> {
    match (y.class, x.class) {
        (Class::Infinity, Class::Infinity) => Some(if x.negative { 3 } else { 1 }),
        (Class::Infinity, _) => Some(2),
        (Class::Zero, _) | (_, Class::Infinity) => Some(if x.negative { 4 } else { 0 }),
        (_, Class::Zero) => Some(2),
        _ => None,
    }
}

fn angle(x: Wide, y: Wide) -> Wide {
    let (left, negative) = (x.negative, y.negative);
    let (x, y) = (Wide { negative: false, ..x }, Wide { negative: false, ..y });
    let is_steep = (y.exponent, y.significand) > (x.exponent, x.significand);
    let angle = if is_steep {
        HALF_PI.less(arc_tangent_of_ratio(x.divide(y)))
    } else {
        arc_tangent_of_ratio(y.divide(x))
    };
    let angle = if left { Wide { exponent: 1, ..HALF_PI }.less(angle) } else { angle };
    angle.negated_when(negative)
}
