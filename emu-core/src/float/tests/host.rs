//! Against Rust's own `f32` and `f64`, which round to nearest: values on any host.

use super::values::{Random, cases};
use crate::float::*;

/// The same number; of NaNs, any.
fn assert_same<F: Format>(ours: F, theirs: F, what: &dyn std::fmt::Debug) {
    assert!(
        ours == theirs || (ours.class().is_nan() && theirs.class().is_nan()),
        "{what:?}: {ours:x?}, host {theirs:x?}"
    );
}

macro_rules! against_host {
    ($test:ident, $ours:ident, $host:ident) => {
        #[test]
        fn $test() {
            let mut random = Random(1);
            let env = Env::SSE;
            for _ in 0..cases(100_000) {
                let a: $ours = random.number();
                let b = random.partner(a);
                let c = random.partner(mul(a, b, &env).value);
                let [x, y, z] = [a, b, c].map(|number| $host::from_bits(number.0));
                let same = |ours: Outcome<$ours>, theirs: $host| {
                    assert_same(ours.value, $ours(theirs.to_bits()), &(a, b, c));
                };
                same(add(a, b, &env), x + y);
                same(sub(a, b, &env), x - y);
                same(mul(a, b, &env), x * y);
                same(div(a, b, &env), x / y);
                same(sqrt(a, &env), x.sqrt());
                same(fma(a, b, c, &env), x.mul_add(y, z));
                same(round_to_integral(a, &env), x.round_ties_even());
                assert_eq!(compare(a, b, false, &env).value, x.partial_cmp(&y), "{a:x?} {b:x?}");
            }
        }
    };
}

against_host!(single_as_the_host, F32, f32);
against_host!(double_as_the_host, F64, f64);

#[test]
fn conversions_as_the_host() {
    let mut random = Random(2);
    let env = Env::SSE;
    for _ in 0..cases(100_000) {
        let (single, double): (F32, F64) = (random.number(), random.number());
        let (x, y) = (f32::from_bits(single.0), f64::from_bits(double.0));
        assert_same(convert(single, &env).value, F64(f64::from(x).to_bits()), &single);
        assert_same(convert(double, &env).value, F32((y as f32).to_bits()), &double);
        let integer = random.pattern();
        assert_eq!(from_signed::<F64>(integer as i64, &env).value, F64((integer as i64 as f64).to_bits()));
        assert_eq!(from_unsigned::<F32>(integer, &env).value, F32((integer as f32).to_bits()));
        let truncate = Env { rounding: Rounding::TowardZero, ..env };
        let (signed, unsigned) = (to_signed(double, 64, &truncate), to_unsigned(double, 32, &truncate));
        if !signed.flags.intersects(Flags::INVALID) {
            assert_eq!(signed.value, y as i64, "{double:x?}");
        }
        if !unsigned.flags.intersects(Flags::INVALID) {
            assert_eq!(unsigned.value, y as u64, "{double:x?}");
        }
    }
}
