//! What computes, on registers and on operands from memory.

use super::{Fpu, double, indefinite, status};
use crate::cpu::x86::vector::float as host;
use crate::cpu::x86::vector::float::Number;
use crate::float::quick::{self, Steering};
use crate::float::{
    self, Class, Constant, Env, Extracted, F32, F64, F80, Fields, Flags, Format, InRange, Outcome, Quotient,
    Remainder,
};
use std::cmp::Ordering;

/// What makes a number of two: of the destination and the other operand.
pub trait Operation: 'static {
    fn of(destination: F80, other: F80, env: &Env) -> Outcome<F80>;

    /// The same the short way ([`float::quick`]), for what can be done so.
    #[inline(always)]
    fn quick(_destination: F80, _other: F80, _steering: Steering) -> Option<Outcome<F80>> {
        None
    }

    /// The same of plain doubles, by the host ([`double::computed`]).
    #[inline(always)]
    fn double(_destination: F64, _other: F64, _is_known: bool) -> Option<Outcome<F64>> {
        None
    }
}

/// What makes a number of one.
pub trait Function: 'static {
    fn of(a: F80, env: &Env) -> Outcome<F80>;

    /// The same where it is exact, whatever the number.
    #[inline(always)]
    fn quick(_a: F80) -> Option<F80> {
        None
    }

    /// The same of a plain double.
    #[inline(always)]
    fn double(_a: F64, _is_known: bool) -> Option<Outcome<F64>> {
        None
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = |$a:ident, $b:ident, $env:ident| $value:expr
        $(, $quick:expr, $host:ident($first:ident, $second:ident))?;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Operation for $name {
            #[inline(always)]
            fn of($a: F80, $b: F80, $env: &Env) -> Outcome<F80> {
                $value
            }

            $(#[inline(always)]
            fn quick($a: F80, $b: F80, $env: Steering) -> Option<Outcome<F80>> {
                $quick
            }

            #[inline(always)]
            fn double($a: F64, $b: F64, is_known: bool) -> Option<Outcome<F64>> {
                double::computed::<host::$host>($first, $second, is_known)
            })?
        }
    )*};
}

operations! {
    Add = |a, b, env| float::add(a, b, env), quick::add(a, b, env), Add(a, b);
    Multiply = |a, b, env| float::mul(a, b, env), quick::mul(a, b, env), Mul(a, b);
    Subtract = |a, b, env| float::sub(a, b, env), quick::sub(a, b, env), Sub(a, b);
    /// FSUBR: the destination is taken from the other.
    SubtractFrom = |a, b, env| float::sub(b, a, env), quick::sub(b, a, env), Sub(b, a);
    Divide = |a, b, env| float::div(a, b, env), quick::div(a, b, env), Div(a, b);
    /// FDIVR: the other is divided by the destination.
    DivideInto = |a, b, env| float::div(b, a, env), quick::div(b, a, env), Div(b, a);
    Scale = |a, b, env| float::scale(a, b, env);
    /// The destination is ST(1).
    ArcTangent = |a, b, env| float::arc_tangent(a, b, env);
    YLog2X = |a, b, env| float::y_log2_x(a, b, env);
    YLog2XPlus1 = |a, b, env| float::y_log2_x_plus_1(a, b, env);
}

/// Of each: the general way, and where it has one, the short way; behind the arrow that of plain doubles.
macro_rules! functions {
    ($($name:ident = |$a:ident, $env:ident| $value:expr $(, $quick:expr)? $(=> |$known:pat_param| $double:expr)?;)*) => {$(
        pub struct $name;

        impl Function for $name {
            #[inline(always)]
            fn of($a: F80, $env: &Env) -> Outcome<F80> {
                $value
            }

            $(#[inline(always)]
            fn quick($a: F80) -> Option<F80> {
                Some($quick)
            })?

            $(#[inline(always)]
            fn double($a: F64, $known: bool) -> Option<Outcome<F64>> {
                $double
            })?
        }
    )*};
}

functions! {
    SquareRoot = |a, env| float::sqrt(a, env) => |known| double::computed::<host::Sqrt>(a, a, known);
    RoundToInteger = |a, env| float::round_to_integral(a, env);
    PowerOf2Minus1 = |a, env| float::power_of_2_minus_1(a, env);
    ChangeSign = |a, _env| exact(with_sign_changed(a)), with_sign_changed(a)
        => |_| Some(exact(F64(a.0 ^ F64_SIGN)));
    Magnitude = |a, _env| exact(magnitude(a)), magnitude(a) => |_| Some(exact(F64(a.0 & !F64_SIGN)));
}

const F64_SIGN: u64 = 1 << 63;

#[inline(always)]
fn with_sign_changed(a: F80) -> F80 {
    F80 { sign_exponent: a.sign_exponent ^ 0x8000, ..a }
}

#[inline(always)]
fn magnitude(a: F80) -> F80 {
    F80 { sign_exponent: a.sign_exponent & 0x7FFF, ..a }
}

#[inline(always)]
fn exact<F>(value: F) -> Outcome<F> {
    Outcome { value, flags: Flags::NONE, rounded_up: false }
}

/// An operand in a shorter format, seen as extended: a signalling NaN still signals, and a denormal is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Widened {
    pub value: F80,
    pub denormal: bool,
}

impl Widened {
    /// Numbers that are extended already, or integers.
    #[inline(always)]
    pub fn exactly(value: F80) -> Self {
        Self { value, denormal: false }
    }
}

/// What an operand from memory can be.
pub trait Operand: Copy {
    /// The number, if it is normal or zero.
    fn extended(self) -> Option<F80>;

    /// It as a double, if it is normal or zero and is one.
    fn double(self) -> Option<F64>;

    /// The number, whatever it is.
    fn widened(self) -> Widened;
}

/// The formats of operands in memory that are no integers.
pub trait Short: Format + Operand {
    const BYTES: u64;

    fn from_bits(bits: u64) -> Self;
    fn bits(self) -> u64;

    /// A plain double rounded to the nearest number of this format, if that surely is plain, too.
    fn nearest(double: F64) -> Option<Outcome<Self>>;
}

macro_rules! short_operand {
    ($format:ty, |$number:ident| $double:expr) => {
        impl Operand for $format {
            #[inline(always)]
            fn extended(self) -> Option<F80> {
                quick::widen(self)
            }

            #[inline(always)]
            fn double(self) -> Option<F64> {
                let $number = self;
                $double
            }

            #[inline(always)]
            fn widened(self) -> Widened {
                quick::widen(self).map_or_else(|| widened_special(self), Widened::exactly)
            }
        }
    };
}

short_operand!(F32, |number| double::widened(number));
short_operand!(F64, |number| number.is_plain().then_some(number));

macro_rules! integer_operands {
    ($($integer:ty)*) => {$(
        impl Operand for $integer {
            #[inline(always)]
            fn extended(self) -> Option<F80> {
                Some(quick::from_integer(self.into()))
            }

            #[inline(always)]
            fn double(self) -> Option<F64> {
                double::from_integer(self.into())
            }

            #[inline(always)]
            fn widened(self) -> Widened {
                Widened::exactly(quick::from_integer(self.into()))
            }
        }
    )*};
}

integer_operands!(i16 i32 i64);

#[cold]
fn widened_special<F: Format>(number: F) -> Widened {
    let Fields { negative, biased, significand } = number.fields();
    if biased == F::SPECIAL {
        return Widened::exactly(F80::from_fields(Fields { negative, biased: F80::SPECIAL, significand }));
    }
    let value = float::convert::<F, F80>(number, &Env::X87).value;
    Widened { value, denormal: significand != 0 }
}

impl Short for F32 {
    const BYTES: u64 = 4;

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self(bits as u32)
    }

    #[inline(always)]
    fn bits(self) -> u64 {
        self.0.into()
    }

    #[inline(always)]
    fn nearest(double: F64) -> Option<Outcome<Self>> {
        double::narrowed(double)
    }
}

impl Short for F64 {
    const BYTES: u64 = 8;

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn nearest(double: F64) -> Option<Outcome<Self>> {
        Some(exact(double))
    }
}

impl Fpu {
    /// Computes as the control word says.
    #[inline(always)]
    fn computed<O: Operation>(&self, a: F80, b: F80) -> Outcome<F80> {
        let word = self.steering_word();
        Steering::from_x87_control(word)
            .and_then(|steering| O::quick(a, b, steering))
            .unwrap_or_else(|| computed_otherwise::<O>(a, b, word))
    }

    /// ST(`destination`) and ST(`other`) combined, into ST(`destination`); `POP`: ST(0) then leaves the stack. Long enough
    /// for a call, as are the others that compute.
    #[inline(never)]
    pub fn combine<O: Operation, const POP: bool>(&mut self, destination: u8, other: u8) {
        let kept = if self.is_empty(destination) || self.is_empty(other) {
            self.underflow_into(destination)
        } else {
            let (a, b) = (self.st(destination), self.st(other));
            let outcome = self.computed::<O>(a, b);
            self.keep(destination, outcome)
        };
        if POP && kept {
            self.pop();
        }
    }

    /// ST(0) and an operand from memory combined, into ST(0).
    #[inline(never)]
    pub fn combine_with<O: Operation>(&mut self, operand: Widened) {
        if self.is_empty(0) {
            self.underflow_into(0);
            return;
        }
        let a = self.st(0);
        let mut outcome = self.computed::<O>(a, operand.value);
        if operand.denormal {
            outcome = self.with_denormal(a, outcome);
        }
        self.keep(0, outcome);
    }

    /// The outcome if the operand in memory was denormal: reported unless something that comes before it is.
    #[cold]
    fn with_denormal(&self, a: F80, outcome: Outcome<F80>) -> Outcome<F80> {
        let earlier = outcome.flags.intersects(Flags::INVALID | Flags::DIVIDE_BY_ZERO);
        if earlier || a.class().is_nan() {
            return outcome;
        }
        let stops = self.env().unmasked.intersects(Flags::DENORMAL);
        let flags = if stops { Flags::DENORMAL } else { outcome.flags | Flags::DENORMAL };
        Outcome { flags, ..outcome }
    }

    /// Puts a result into a register, unless an exception keeps it from there. Gives whether it was put.
    #[inline(always)]
    fn keep(&mut self, destination: u8, outcome: Outcome<F80>) -> bool {
        let kept = self.report(outcome.flags, outcome.rounded_up);
        if kept {
            self.set_st(destination, outcome.value);
        }
        kept
    }

    #[cold]
    fn underflow_into(&mut self, destination: u8) -> bool {
        let masked = self.underflow();
        if masked {
            self.set_st(destination, indefinite());
        }
        masked
    }

    /// ST(0) = a function of ST(0).
    #[inline(never)]
    pub fn apply<F: Function>(&mut self) {
        if self.is_empty(0) {
            self.underflow_into(0);
            return;
        }
        let a = self.st(0);
        let outcome = F::of(a, &self.env());
        self.keep(0, outcome);
    }

    /// FCOM and its kin: ST(0) compared with an operand from memory, into C0, C2 and C3. Gives whether it may pop.
    #[inline(never)]
    pub fn compare(&mut self, other: Widened) -> bool {
        let compared = self.order(other, true);
        self.note_order(compared)
    }

    /// [`Self::compare`] with ST(`i`).
    #[inline(never)]
    pub fn compare_register(&mut self, i: u8, signalling: bool) -> bool {
        let compared = self.order_register(i, signalling);
        self.note_order(compared)
    }

    #[inline(always)]
    fn note_order(&mut self, compared: Compared) -> bool {
        if let Some(order) = compared.order {
            self.set_condition(condition(order));
        }
        compared.pops
    }

    /// How ST(0) compares with ST(`i`).
    #[inline(always)]
    pub fn order_register(&mut self, i: u8, signalling: bool) -> Compared {
        if self.is_empty(i) {
            return self.compare_empty();
        }
        self.order(Widened::exactly(self.st(i)), signalling)
    }

    #[inline(always)]
    fn order(&mut self, other: Widened, signalling: bool) -> Compared {
        if self.is_empty(0) {
            return self.compare_empty();
        }
        let a = self.st(0);
        let Outcome { value, mut flags, .. } = float::compare(a, other.value, signalling, &Env::X87);
        if other.denormal && !flags.intersects(Flags::INVALID) && !a.class().is_nan() {
            flags |= Flags::DENORMAL;
        }
        let pops = self.report(flags, false);
        // A denormal is compared all the same; what has no order is said only while that is masked.
        let order = (pops || !flags.intersects(Flags::INVALID)).then_some(value);
        Compared { order, pops }
    }

    #[cold]
    fn compare_empty(&mut self) -> Compared {
        Compared { order: Some(None), pops: self.underflow() }
    }

    /// FXAM: what ST(0) holds, into C0, C2 and C3, and its sign into C1.
    pub fn examine(&mut self) {
        let a = self.st(0);
        let class = match a.class() {
            _ if self.is_empty(0) => status::C3 | status::C0,
            Class::Unsupported => 0,
            Class::QuietNan | Class::SignalingNan => status::C0,
            Class::Normal => status::C2,
            Class::Infinity => status::C2 | status::C0,
            Class::Zero => status::C3,
            Class::Denormal => status::C3 | status::C2,
        };
        self.set_condition(class);
        self.status = self.status & !status::C1 | if a.is_negative() { status::C1 } else { 0 };
    }

    /// FPREM and FPREM1.
    pub fn remainder(&mut self, quotient: Quotient) {
        self.status &= !status::C2;
        if self.is_empty(0) || self.is_empty(1) {
            self.underflow_into(0);
            return;
        }
        let outcome = float::partial_remainder(self.st(0), self.st(1), quotient, &self.env());
        if !self.report(outcome.flags, false) {
            return;
        }
        let Remainder { value, quotient, complete } = outcome.value;
        self.set_st(0, value);
        if !outcome.flags.intersects(Flags::INVALID) && !value.class().is_nan() {
            let bit = |n: u32, bit: u16| if quotient >> n & 1 != 0 { bit } else { 0 };
            let incomplete = if complete { 0 } else { status::C2 };
            self.set_condition(bit(2, status::C0) | bit(1, status::C3) | incomplete);
            self.status |= bit(0, status::C1);
        }
    }

    /// FSIN and FCOS: C2 says that the angle is too large.
    pub fn angle(&mut self, of: fn(F80, &Env) -> InRange<F80>) {
        if self.is_empty(0) {
            self.underflow_into(0);
            return;
        }
        let outcome = of(self.st(0), &self.env());
        self.set_out_of_range(outcome.is_none());
        if let Some(outcome) = outcome {
            self.keep(0, outcome);
        }
    }

    fn set_out_of_range(&mut self, is_out: bool) {
        self.status &= !(status::C1 | status::C2);
        self.status |= if is_out { status::C2 } else { 0 };
    }

    /// FSINCOS and FPTAN: one number becomes two, the second of which is pushed.
    pub fn angle_to_two(&mut self, of: impl Fn(F80, &Env) -> InRange<(F80, F80)>) {
        if !self.has_room_for_two() {
            return;
        }
        let outcome = of(self.st(0), &self.env());
        self.set_out_of_range(outcome.is_none());
        if let Some(outcome) = outcome {
            self.keep_two(outcome);
        }
    }

    /// FXTRACT.
    pub fn extract(&mut self) {
        if !self.has_room_for_two() {
            return;
        }
        let outcome = float::extract(self.st(0), &self.env());
        self.keep_two(outcome.map(|Extracted { exponent, significand }| (exponent, significand)));
    }

    /// Whether one number can become two; else what that reports has been done.
    fn has_room_for_two(&mut self) -> bool {
        let masked = if self.is_empty(0) {
            self.underflow()
        } else if !self.is_empty(7) {
            self.overflow()
        } else {
            return true;
        };
        if masked {
            self.set_st(0, indefinite());
            self.push(indefinite());
        }
        false
    }

    fn keep_two(&mut self, outcome: Outcome<(F80, F80)>) {
        if self.report(outcome.flags, outcome.rounded_up) {
            let (below, top) = outcome.value;
            self.set_st(0, below);
            self.push(top);
        }
    }

    /// FLD1 and the other constants.
    pub fn load_constant(&mut self, constant: Constant) {
        let value = constant.value(&self.env());
        self.load(exact(value));
    }
}

#[cold]
#[inline(never)]
fn computed_otherwise<O: Operation>(a: F80, b: F80, control: u16) -> Outcome<F80> {
    O::of(a, b, &Env::from_x87_control(control))
}

/// What a comparison found.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// What is to be shown, `Some(None)` being unordered; `None`: an unmasked exception keeps it back.
    pub order: Option<Option<Ordering>>,
    /// No unmasked exception keeps the stack from being popped.
    pub pops: bool,
}

/// C3, C2 and C0 after a comparison.
#[inline(always)]
pub(super) fn condition(order: Option<Ordering>) -> u16 {
    // A table: which way a comparison goes is hard to foretell.
    const CONDITIONS: [u16; 3] = [status::C0, status::C3, 0];
    order.map_or(status::CONDITION, |order| CONDITIONS[(order as i8 + 1) as usize])
}

/// FPTAN gives a one beside the tangent, which a NaN takes the place of.
pub fn tangent_and_one(a: F80, env: &Env) -> InRange<(F80, F80)> {
    float::tangent(a, env).map(|outcome| {
        outcome.map(|tangent| (tangent, if tangent.class().is_nan() { tangent } else { F80::one(false) }))
    })
}
