//! The floating-point arithmetic against Motorola's own vectors for the 68881 and 68040 (a corpus outside this
//! repository), where its rules are the ones here: extended rounding precision, no packed decimals.

use emu_core::float::*;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;

/// Bits of FPSR's exception byte (M68000PRM, 1.6.2).
const SNAN: u32 = 0x4000;
const OPERR: u32 = 0x2000;
const OVFL: u32 = 0x1000;
const UNFL: u32 = 0x0800;
const DZ: u32 = 0x0400;
const INEX2: u32 = 0x0200;

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("ANACHRON_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let folder = shared.join("corpus/m68k-fpu");
    folder.is_dir().then_some(folder)
}

/// The records of one instruction that must match bit for bit.
fn records(operation: &str) -> Vec<Value> {
    let Some(folder) = corpus() else {
        println!("skipped: no corpus of 68881 vectors");
        return Vec::new();
    };
    let file =
        std::fs::File::open(folder.join(format!("{operation}.jsonl.gz"))).expect("a file of the corpus");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip of text");
    let records = text.lines().map(|line| serde_json::from_str(line).expect("a record"));
    records
        .filter(|record: &Value| record["exact"] == true && precision(record) == 0 && !keeps(record))
        .collect()
}

/// Whether an enabled exception kept the destination as it was.
fn keeps(record: &Value) -> bool {
    let traps = record["traps"].as_array();
    traps.is_some_and(|traps| {
        traps.iter().any(|trap| ["snan", "operr", "dz", "nan"].iter().any(|name| trap == name))
    })
}

fn precision(record: &Value) -> u64 {
    record["fpcr"].as_u64().expect("FPCR") >> 6 & 3
}

fn env(record: &Value) -> Env {
    let modes = [Rounding::NearestEven, Rounding::TowardZero, Rounding::Down, Rounding::Up];
    let rounding = modes[(record["fpcr"].as_u64().expect("FPCR") >> 4 & 3) as usize];
    // The 68881 reports an underflow for every tiny result.
    Env { rounding, unmasked: Flags::UNDERFLOW, ..Env::M68K }
}

fn bits(hex: &str) -> u128 {
    u128::from_str_radix(hex, 16).expect("hexadecimal")
}

fn extended(hex: &str) -> M80 {
    let bits = bits(hex);
    M80 { sign_exponent: (bits >> 80) as u16, mantissa: bits as u64 }
}

/// An operand in the record's format; `None` for a packed one.
fn operand(record: &Value, key: &str, format: &str, env: &Env) -> Option<Outcome<M80>> {
    let text = record[key].as_str()?;
    let (format, hex) = text.split_once(':').unwrap_or((format, text));
    Some(match format {
        "s" => convert(F32(bits(hex) as u32), env),
        "d" => convert(F64(bits(hex) as u64), env),
        "l" => from_signed(i64::from(bits(hex) as u32 as i32), env),
        "w" => from_signed(i64::from(bits(hex) as u16 as i16), env),
        "b" => from_signed(i64::from(bits(hex) as u8 as i8), env),
        "x" => Outcome { value: extended(hex), flags: Flags::NONE, rounded_up: false },
        _ => return None,
    })
}

/// The flags that FPSR's exception byte reports; SNAN and OPERR are both an invalid operation.
fn reported(record: &Value) -> (Flags, Flags) {
    let of = |word: u32| {
        let pairs = [
            (SNAN | OPERR, Flags::INVALID),
            (OVFL, Flags::OVERFLOW),
            (UNFL, Flags::UNDERFLOW),
            (DZ, Flags::DIVIDE_BY_ZERO),
            (INEX2, Flags::INEXACT),
        ];
        pairs.into_iter().fold(0, |sum, (bit, flag)| sum | if word & bit != 0 { flag.0 } else { 0 })
    };
    let field = |name: &str| record["fpsr"][name].as_u64().unwrap_or(0) as u32;
    let (value, mask) = (Flags(of(field("value"))), Flags(of(field("mask"))));
    // Whether an overflow is inexact too: always on x86, and for the 68881 only when rounding lost something.
    let counted = if value.intersects(Flags::OVERFLOW) { Flags(!Flags::INEXACT.0) } else { Flags(!0) };
    (value, mask & counted)
}

/// Runs all records of an instruction, and gives how many matched.
fn check(operation: &str, ours: impl Fn(M80, M80, &Env) -> Outcome<M80>) -> usize {
    let mut matched = 0;
    for record in records(operation) {
        let env = env(&record);
        let format = record["fmt"].as_str().expect("a format");
        let Some(source) = operand(&record, "src", format, &env) else { continue };
        let destination = operand(&record, "dst", "x", &env).map_or(M80::default(), |outcome| outcome.value);
        let ours = ours(destination, source.value, &env);
        let (value, mask) = reported(&record);
        let flags = (ours.flags | source.flags) & mask;
        let expected = extended(record["result"][0].as_str().expect("a result"));
        assert_eq!((ours.value, flags), (expected, value & mask), "{record}");
        matched += 1;
    }
    println!("{operation}: {matched}");
    matched
}

#[test]
fn arithmetic_as_motorola() {
    check("fadd", add);
    check("fsub", sub);
    check("fmul", mul);
    check("fdiv", div);
    check("fsqrt", |_, a, env| sqrt(a, env));
}

#[test]
fn integral_values_as_motorola() {
    check("fint", |_, a, env| round_to_integral(a, env));
    check("fintrz", |_, a, env| round_to_integral(a, &Env { rounding: Rounding::TowardZero, ..*env }));
}

/// FREM and FMOD, which take all the steps at once.
fn remainder(a: M80, b: M80, quotient: Quotient, env: &Env) -> Outcome<M80> {
    let mut rest = Outcome { value: a, flags: Flags::NONE, rounded_up: false };
    for _ in 0..2048 {
        let step = partial_remainder(rest.value, b, quotient, env);
        rest = Outcome { flags: rest.flags | step.flags, ..step.map(|step| step.value) };
        if step.value.complete {
            break;
        }
    }
    rest
}

#[test]
fn remainders_as_motorola() {
    check("frem", |a, b, env| remainder(a, b, Quotient::Nearest, env));
    check("fmod", |a, b, env| remainder(a, b, Quotient::Truncated, env));
}

/// What FMOVE stores in the record's format, as hexadecimal.
fn stored(a: M80, format: &str, env: &Env) -> Option<(String, Flags)> {
    let integer = |bits: u32| {
        let outcome = to_signed(a, bits, env);
        (outcome.value as u64 & (u64::MAX >> (64 - bits)), outcome.flags)
    };
    Some(match format {
        "s" => {
            let outcome = convert::<M80, F32>(a, env);
            (format!("{:08x}", outcome.value.0), outcome.flags)
        }
        "d" => {
            let outcome = convert::<M80, F64>(a, env);
            (format!("{:016x}", outcome.value.0), outcome.flags)
        }
        "l" | "w" | "b" => {
            let digits = match format {
                "l" => 8,
                "w" => 4,
                _ => 2,
            };
            let (value, flags) = integer(4 * digits);
            (format!("{value:0width$x}", width = digits as usize), flags)
        }
        _ => return None,
    })
}

#[test]
fn stores_as_motorola() {
    let mut matched = 0;
    for record in records("fmove_out") {
        let (value, mask) = reported(&record);
        let source = extended(record["src"].as_str().expect("a source"));
        let Some((text, flags)) = stored(source, record["fmt"].as_str().expect("a format"), &env(&record))
        else {
            continue;
        };
        let expected = record["result"][0].as_str().expect("a result");
        assert_eq!(flags & mask, value & mask, "{record}");
        // What an invalid operation stores as an integer is for the processor to say.
        assert!(flags.intersects(Flags::INVALID) || text == expected, "{text} {record}");
        matched += 1;
    }
    println!("fmove_out: {matched}");
}
