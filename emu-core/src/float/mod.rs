//! Floating-point arithmetic in integers, for every processor family: IEEE 754 single and double, half for
//! conversions, and the 80-bit formats of the 8087 and 68881 families. Nothing here uses the host's floating-point
//! unit, and nothing knows a processor: numbers and an [`Env`] in, an [`Outcome`] out.
//!
//! Every operation takes its operands apart ([`format`]), computes an exact result (or one with a sticky bit), and
//! rounds it in one place ([`round`]). NaNs and other operands that are no numbers are [`nan`]'s.
//!
//! * `arith`: add, subtract, multiply, divide, square root, fused multiply-add;
//! * [`quick`]: the short way for what the x87 does most;
//! * `compare`;
//! * `convert`: formats, integers, packed decimals, rounding to integral values;
//! * `steps`: the x87's FPREM, FPREM1, FSCALE, FXTRACT and constants;
//! * `trigonometry`, `logarithm`: the x87's transcendental functions, computed in [`wide`] numbers.
//!
//! Sources: IEEE 754-2008; Intel SDM volume 1, chapters 4, 8, 10, 11 and 14.5; M68000 Programmer's Reference Manual,
//! 1.6 and 3.6. What was compared with what is in `docs/float.md`.
//!
//! Not modelled: the 8087's and 80287's projective infinity, and their reading of unnormals as numbers.

mod arith;
mod compare;
mod convert;
mod env;
mod format;
mod logarithm;
mod nan;
pub mod quick;
mod round;
mod steps;
mod trigonometry;
mod wide;

#[cfg(test)]
mod tests;

pub use arith::{add, div, fma, mul, sqrt, sub};
pub use compare::compare;
pub use convert::{
    PackedDecimal, convert, from_packed_decimal, from_signed, from_unsigned, round_to_integral,
    to_packed_decimal, to_signed, to_unsigned,
};
pub use env::{Env, Flags, NanRule, Outcome, Precision, Rounding, Tininess};
pub use format::{Class, F16, F32, F64, F80, Fields, Format, M80};
pub use logarithm::{power_of_2_minus_1, y_log2_x, y_log2_x_plus_1};
pub use nan::default_nan;
pub use steps::{Constant, Extracted, Quotient, Remainder, extract, partial_remainder, scale};
pub use trigonometry::{InRange, arc_tangent, cosine, sine, sine_cosine, tangent};
