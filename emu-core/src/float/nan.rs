//! Operands that are no numbers: which NaN comes out, and what is reported.

use super::env::{Env, Flags, NanRule, Outcome};
use super::format::{Class, Fields, Format, INTEGER_BIT, QUIET_BIT, Unpacked};

/// The NaN that an invalid operation makes.
pub fn default_nan<F: Format>(rule: NanRule) -> F {
    let (negative, significand) = match rule {
        NanRule::X87 | NanRule::Sse => (true, INTEGER_BIT | QUIET_BIT),
        NanRule::M68k => (false, u64::MAX),
    };
    F::from_fields(Fields { negative, biased: F::SPECIAL, significand })
}

/// The masked response to an invalid operation.
#[cold]
pub(super) fn invalid<F: Format>(env: &Env) -> Outcome<F> {
    Outcome::exact(default_nan(env.nan), Flags::INVALID)
}

/// A NaN in this format, made quiet.
pub(super) fn quieted<F: Format>(nan: &Unpacked) -> F {
    let significand = nan.significand | QUIET_BIT;
    F::from_fields(Fields { negative: nan.negative, biased: F::SPECIAL, significand })
}

/// The outcome when an operand is a NaN or unsupported; `None` where all are numbers.
pub(super) fn nan_outcome<F: Format>(operands: &[Unpacked], env: &Env) -> Option<Outcome<F>> {
    if operands.iter().any(|x| x.class == Class::Unsupported) {
        return Some(invalid(env));
    }
    let nan = operands.iter().filter(|x| x.class.is_nan()).copied().reduce(|a, b| choose(a, b, env.nan))?;
    let signals = operands.iter().any(|x| x.class == Class::SignalingNan);
    Some(Outcome::exact(quieted(&nan), Flags::INVALID.when(signals)))
}

fn choose(a: Unpacked, b: Unpacked, rule: NanRule) -> Unpacked {
    match rule {
        NanRule::Sse | NanRule::M68k => a,
        NanRule::X87 => match (a.class, b.class) {
            (Class::SignalingNan, Class::QuietNan) => b,
            (Class::QuietNan, Class::SignalingNan) => a,
            _ if a.significand > b.significand => a,
            _ if a.significand < b.significand => b,
            _ if a.negative => b,
            _ => a,
        },
    }
}

/// What is left to do when an operation's operands are not all normal: NaNs give their outcome here (`Err`), as does
/// an unmasked denormal. Else the operands (denormals as zeros where the environment says so) and the flags so far.
pub(super) fn special_operands<F: Format, const N: usize>(
    mut operands: [Unpacked; N],
    env: &Env,
) -> Result<([Unpacked; N], Flags), Outcome<F>> {
    if let Some(outcome) = nan_outcome(&operands, env) {
        return Err(outcome);
    }
    let flags = settle_denormals(&mut operands, env);
    Ok((operands, flags))
}

/// Makes denormals zero, or reports them.
pub(super) fn settle_denormals(operands: &mut [Unpacked], env: &Env) -> Flags {
    let mut flags = Flags::NONE;
    for x in operands.iter_mut().filter(|x| x.class == Class::Denormal) {
        if env.denormals_are_zero {
            (x.class, x.significand) = (Class::Zero, 0);
        } else {
            flags = Flags::DENORMAL;
        }
    }
    flags
}
