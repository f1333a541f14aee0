//! Known answers, and the host's arithmetic against the exact one. That every form does what processors do is the
//! business of the comparison with the host's (`tests/silicon`); these hold on any host.

use super::control::{Control, RESET};
use super::float::{Add, Arithmetic, Div, Mul, Number, Sqrt, Sub, compare, from_integer, to_integer};
use super::quick::{self, Quick};
use super::text;
use super::{Sources, cross, find, row};
use crate::float::{self, Env, F32, F64, Flags, Rounding};
use iced_x86::Mnemonic as M;
use proptest::prelude::*;

const A: u128 = 0x7b5b_5465_7374_5665_6374_6f72_5d53_475d;
const B: u128 = 0x4869_2853_6861_7929_5b47_7565_726f_6e5d;
const C: u128 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;

fn applied(mnemonic: M, b: u128, immediate: u8) -> u128 {
    let (number, _) = find(mnemonic).expect("a row of that name");
    (row(number).apply)(&mut Control::new(RESET), &Sources { a: A, b, c: C }, immediate)
}

/// The ciphers' of Intel's white papers (323641, 323640) where they have them; the others of a processor.
#[test]
fn known_answers() {
    for (mnemonic, b, immediate, want) in [
        (M::Aesenc, B, 0, 0xa831_1c2f_9fdb_a3c5_8b10_4b58_ded7_e595),
        (M::Aesenclast, B, 0, 0xc7fb_881e_938c_5964_177e_c425_53fd_c611),
        (M::Aesdec, B, 0, 0x138a_c342_faea_2787_b58e_b95e_b730_392a),
        (M::Aesdeclast, B, 0, 0xc5a3_91ef_6b31_7f95_d410_637b_72a5_93d0),
        (M::Aesimc, B, 0, 0x597f_8df1_09ef_aa15_f39b_c5a1_19d8_59b6),
        (M::Aeskeygenassist, B, 1, 0xed52_f935_52f9_34ed_4d39_a09c_39a0_9d4d),
        (M::Pclmulqdq, B, 0, 0x1d4d_84c8_5c34_40c0_9296_33d5_d36f_0451),
        (M::Pclmulqdq, B, 1, 0x1a2b_f6db_3a30_862f_babf_262d_f4b7_d5c9),
        (M::Pclmulqdq, B, 0x11, 0x1d1e_1f2c_592e_7c45_d66e_e03e_410f_d4ed),
        (M::Sha1nexte, B, 0, 0xa73f_fd6c_6861_7929_5b47_7565_726f_6e5d),
        (M::Sha1msg1, B, 0, 0x182f_3b17_2e27_1138_2b1d_4721_3532_3e74),
        (M::Sha1msg2, B, 0, 0x2674_5a98_5066_4600_2236_025e_f64e_3b8a),
        (M::Sha1rnds4, B, 0, 0xd80b_e11f_c27a_282f_4c98_cee8_df73_5d84),
        (M::Sha1rnds4, B, 1, 0x4090_04f2_d437_bb54_de69_2e18_5c00_47bb),
        (M::Sha1rnds4, B, 2, 0x64d9_3e13_414e_dfff_6729_3f52_ed98_ee54),
        (M::Sha1rnds4, B, 3, 0xb99c_d9c1_1bab_84b7_d192_1550_b2e2_7d48),
        (M::Sha256msg1, B, 0, 0xea99_c3f1_83f8_d957_3485_ae2f_50c8_454a),
        (M::Sha256msg2, B, 0, 0x6706_55bb_30e8_9037_14a6_46e5_f0fe_c8bf),
        (M::Sha256rnds2, B, 0, 0xa71c_cf28_7d26_6c37_92d4_0b90_5410_05bf),
        (M::Pshufb, B, 0, 0x6556_655d_6547_5656_7363_6f6f_537b_5b54),
        (M::Pmaddubsw, C, 0, 0x0cec_3f47_a407_e829_eeea_b356_461a_13ae),
        (M::Pmulhrsw, C, 0, 0x0118_2dc2_9544_de35_ff1d_c392_5646_1be9),
        (M::Psadbw, C, 0, 0x0211_0000_0000_0000_01f0),
        (M::Mpsadbw, C, 5, 0x01a5_018c_018a_018a_019a_019a_0181_0174),
        (M::Phminposuw, A, 0, 0x475d),
        (M::Palignr, C, 5, 0x725d_5347_5d01_2345_6789_abcd_effe_dcba),
        (M::Pshufhw, A, 0x1b, 0x5665_7374_5465_7b5b_6374_6f72_5d53_475d),
        (M::Packuswb, C, 0, 0xffff_0000_0000_ffff_ffff_ffff_ffff_ffff),
        (M::Insertps, C, 0x94, 0x7b5b_5465_0000_0000_89ab_cdef_5d53_475d),
    ] {
        assert_eq!(applied(mnemonic, b, immediate), want, "{mnemonic:?} {immediate:#x}");
    }
}

fn words(text: &[u8]) -> u128 {
    text.iter().rev().fold(0, |block, &byte| block << 8 | u128::from(byte))
}

/// The examples of Intel's SDM volume 2, 4.1.3, of each kind of comparison, in its control bytes.
#[test]
fn strings_compare() {
    for (a, b, control, bits) in [
        // Any of a set; ranges; each to each; the one within the other.
        (&b"aeiouy"[..], &b"examples"[..], 0x00, 0b100_0101),
        (b"azAZ", b"!I am.", 0x04, 0b01_1010),
        (b"abc", b"abd", 0x08, 0xFFFB),
        (b"We", b"WhenWeWillBeWed!", 0x0C, 0b0001_0000_0001_0000),
        // The same, inverted: all, and within the second string alone.
        (b"abc", b"abd", 0x18, 0b100),
        (b"abc", b"abd", 0x38, 0b100 | 0xFFF8),
    ] {
        let compared = text::compare(words(a), words(b), None, control);
        assert_eq!(compared.bits, bits, "{:?} and {:?}", str::from_utf8(a), str::from_utf8(b));
    }
    let explicit = text::compare(words(b"ab"), words(b"abab"), Some((-1, 300)), 0x0C);
    assert_eq!((explicit.bits, explicit.first_ends, explicit.second_ends), (0b101, true, false));
}

#[test]
fn halves_are_crossed() {
    let number = cross::find(M::Vperm2i128).expect("a row of that name");
    let crossed = |immediate| cross::operation(number)([1, 2], [3, 4], immediate);
    assert_eq!([0x31, 0x02, 0x80, 0x28].map(crossed), [[2, 4], [3, 1], [1, 0], [0, 3]]);
}

/// Numbers of every kind, and pairs whose sums cancel and whose products lie at the edges.
fn bits<F: Number>(make: fn(u64) -> F) -> impl Strategy<Value = (F, F)> {
    let edges =
        prop::sample::select(vec![0_u64, 1, 2, 0x1FF, 0x3FE, 0x3FF, 0x400, 0x5FF, 0x7FD, 0x7FE, 0x7FF]);
    let one = move |exponent: u64, fraction: u64| exponent << 52 | fraction & 0x800F_FFFF_FFFF_FFFF;
    let any_edge =
        (edges.clone(), any::<u64>()).prop_map(move |(exponent, fraction)| one(exponent, fraction));
    let short = any_edge.clone().prop_map(|x| x & 0xFFF0_0000_0000_0000);
    let number =
        prop_oneof![any::<u64>(), any_edge, short, any::<i32>().prop_map(|x| f64::from(x).to_bits())];
    let near = (number.clone(), -3_i64..4).prop_map(|(x, step)| (x, x.wrapping_add_signed(step)));
    prop_oneof![(number.clone(), number), near].prop_map(move |(a, b)| (make(a), make(b)))
}

fn agrees<A: Arithmetic, F: Number>(a: F, b: F) {
    if let Some(quick) = A::quick(a, b) {
        let exact = A::exact(a, b, &Env::SSE);
        let flags = if A::is_exact(a, b, quick) { Flags::NONE } else { Flags::INEXACT };
        assert_eq!((quick, flags), (exact.value, exact.flags), "{a:x?} {b:x?}");
    }
}

fn all_agree<F: Number>(a: F, b: F) {
    agrees::<Add, F>(a, b);
    agrees::<Sub, F>(a, b);
    agrees::<Mul, F>(a, b);
    agrees::<Div, F>(a, b);
    agrees::<Sqrt, F>(a, b);
    let mut control = Control::new(RESET);
    let quick = compare(&mut control, a, b, true);
    let exact = float::compare(a, b, true, &Env::SSE);
    assert_eq!((quick, control.outcome()), (exact.value, (RESET | u32::from(exact.flags.0), false)));
    integers_agree(a);
}

/// Conversions to integers and back, each from a fresh state of MXCSR.
fn integers_agree<F: Number>(a: F) {
    for bits in [32, 64] {
        let mut control = Control::new(RESET);
        let ours = to_integer(&mut control, a, bits, true);
        let exact = float::to_signed(a, bits, &Env { rounding: Rounding::TowardZero, ..Env::SSE });
        let mxcsr = RESET | u32::from(exact.flags.0);
        assert_eq!((ours, control.outcome()), (exact.value, (mxcsr, false)), "{a:x?}");
        let mut control = Control::new(RESET);
        let back = from_integer::<F>(&mut control, ours);
        let exact = float::from_signed::<F>(ours, &Env::SSE);
        let mxcsr = RESET | u32::from(exact.flags.0);
        assert_eq!((back, control.outcome()), (exact.value, (mxcsr, false)), "{ours:x}");
    }
}

/// What half a double's bits are as a single: the exponent's lowest eight bits, so that edges stay edges.
fn single(double: u64) -> F32 {
    F32((double >> 32) as u32 & 0x8000_0000
        | (double >> 52 << 23) as u32 & 0x7F80_0000
        | double as u32 & 0x7F_FFFF)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_hosts_arithmetic_is_used_only_where_it_is_right((a, b) in bits(F64)) {
        all_agree(a, b);
    }

    #[test]
    fn the_same_with_singles((a, b) in bits(single)) {
        all_agree(a, b);
    }
}

/// The usual case gives what the operation gives, which reports nothing new then. Gives whether it is one.
fn is_usual<Q: Quick>(mxcsr: u32, sources: &Sources, immediate: u8) -> bool {
    let Some(quick) = Q::quick(Control::new(mxcsr), sources, immediate) else { return false };
    let mut control = Control::new(mxcsr);
    let value = Q::apply(&mut control, sources, immediate);
    let name = std::any::type_name::<Q>();
    assert_eq!((quick, (mxcsr, false)), (value, control.outcome()), "{name} {sources:x?} {mxcsr:#x}");
    true
}

macro_rules! are_usual {
    ($mxcsr:expr, $sources:expr, $immediate:expr; $($name:ty)*) => {
        $(is_usual::<$name>($mxcsr, $sources, $immediate);)*
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn usual_cases_report_nothing_new(
        (low, high) in (bits(F64), bits(F64)),
        singles in prop::array::uniform4(bits(single)),
        (rounding, sticky, masked, zeros) in (0_u32..4, any::<bool>(), any::<bool>(), 0_u32..4),
        are_singles: bool,
    ) {
        let block = |singles: [F32; 4], doubles: [F64; 2]| if are_singles {
            singles.iter().rev().fold(0, |block, x| block << 32 | u128::from(x.0))
        } else {
            u128::from(doubles[1].0) << 64 | u128::from(doubles[0].0)
        };
        let a = block(singles.map(|x| x.0), [low.0, high.0]);
        let b = block(singles.map(|x| x.1), [low.1, high.1]);
        let sources = Sources { a, b, c: 0 };
        // Most programs round to nearest, and have met something inexact.
        let mxcsr = RESET & !(u32::from(!masked) << 12) | u32::from(sticky) << 5;
        let mxcsr = mxcsr | if zeros == 0 { rounding << 13 | 0x8040 } else { 0 };
        are_usual! { mxcsr, &sources, 0;
            quick::Scalar<Add, F64> quick::Scalar<Sub, F64> quick::Scalar<Mul, F64> quick::Scalar<Div, F64>
            quick::Scalar<Sqrt, F64> quick::Scalar<Add, F32> quick::Scalar<Sub, F32> quick::Scalar<Mul, F32>
            quick::Scalar<Div, F32> quick::Scalar<Sqrt, F32>
            quick::Packed<Add, F64> quick::Packed<Sub, F64> quick::Packed<Mul, F64> quick::Packed<Div, F64>
            quick::Packed<Add, F32> quick::Packed<Sub, F32> quick::Packed<Mul, F32> quick::Packed<Div, F32>
            quick::Compare<F64, true> quick::Compare<F64, false>
            quick::Compare<F32, true> quick::Compare<F32, false>
            quick::Truncate<F64, 32> quick::Truncate<F64, 64> quick::Truncate<F32, 32> quick::Truncate<F32, 64>
            quick::FromInteger<F64, false> quick::FromInteger<F64, true>
            quick::FromInteger<F32, false> quick::FromInteger<F32, true>
            quick::Widen quick::Shorten
        }
    }
}

#[test]
fn usual_cases_are_usual() {
    let sources = Sources { a: u128::from(1.5_f64.to_bits()), b: u128::from(2.25_f64.to_bits()), c: 0 };
    assert!(is_usual::<quick::Scalar<Add, F64>>(RESET, &sources, 0));
    assert!(is_usual::<quick::Packed<Mul, F64>>(RESET, &sources, 0));
    assert!(!is_usual::<quick::Scalar<Div, F64>>(RESET, &sources, 0), "inexact is news");
    assert!(is_usual::<quick::Scalar<Div, F64>>(RESET | 0x20, &sources, 0), "now it is none");
    assert!(is_usual::<quick::Compare<F64, true>>(RESET, &sources, 0));
    assert!(is_usual::<quick::Shorten>(RESET, &sources, 0));
}

#[test]
fn a_sticky_flag_that_is_masked_is_no_news() {
    let sticky = RESET | 0x20;
    assert!(!Control::new(sticky).minds_inexact());
    for other in [RESET, sticky & !0x1000] {
        assert!(Control::new(other).minds_inexact(), "{other:#x}");
    }
}

#[test]
fn unmasked_exceptions_come_in_order() {
    let mut control = Control::new(RESET & !0x80);
    control.report(Flags::INEXACT | Flags::INVALID);
    assert_eq!(control.outcome(), (RESET & !0x80 | 1, true), "nothing was computed");
    let mut control = Control::new(RESET & !0x1000);
    control.report(Flags::INEXACT | Flags::DENORMAL);
    assert_eq!(control.outcome(), (RESET & !0x1000 | 0x22, true));
}
