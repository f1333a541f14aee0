//! Both engines against the processor that the test runs on: random instructions of every form that host and model have, with
//! random registers, flags and memory. What they leave must be equal.
//!
//! `ANACHRON_SILICON=600 cargo test -p emu-core --test silicon -- --nocapture` runs ten minutes for each size of code.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod cases;
mod forms;
mod host;
mod judge;
mod ours;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
mod random;

use cases::Case;
use emu_core::cpu::x86::model::Model;
use forms::{Forms, Template};
use host::{DATA, DATA_BYTES, Host, Size};
use ours::Ours;
use random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Cases of each size of code in a usual run.
const USUAL_CASES: u64 = 350_000;

/// The member that is compared: every feature that there is, so that every form of the host is known.
const MODEL: &str = "max";

/// How long, or how much, to run.
enum Extent {
    Cases(u64),
    Time(Duration),
}

impl Extent {
    fn of_environment() -> Self {
        let seconds = std::env::var("ANACHRON_SILICON").ok().and_then(|text| text.parse().ok());
        seconds.map_or(Self::Cases(USUAL_CASES), |seconds| Self::Time(Duration::from_secs(seconds)))
    }

    fn is_over(&self, cases: u64, start: Instant) -> bool {
        match *self {
            Self::Cases(all) => cases >= all,
            // The clock is not looked at too often.
            Self::Time(all) => cases.is_multiple_of(1024) && start.elapsed() >= all,
        }
    }
}

/// The forms to try, and the names of those left out.
fn common_forms(size: Size, model: &Model) -> (Vec<(u16, Vec<Template>)>, BTreeSet<String>) {
    let all: Forms = forms::all(size);
    let (mut tried, mut left_out) = (Vec::new(), BTreeSet::new());
    let only = std::env::var("ANACHRON_SILICON_ONLY").ok();
    for (code, templates) in all {
        let mut bytes = templates[0].bytes().to_vec();
        bytes.resize(15, 0);
        let instruction = forms::decode(size, &bytes, 0x1000);
        if !forms::is_common(&instruction, model) {
            continue;
        }
        let name = forms::name(code);
        if only.as_ref().is_some_and(|only| !name.starts_with(only.as_str())) {
            continue;
        }
        if forms::is_user_level(size, &instruction) {
            tried.push((code, templates));
        } else {
            left_out.insert(name);
        }
    }
    (tried, left_out)
}

/// What a run has counted.
#[derive(Default)]
struct Tally {
    cases: u64,
    exceptions: u64,
    /// Of each form: how many cases, how many wrong, and what the first was.
    forms: BTreeMap<u16, (u64, u64)>,
    wrong: BTreeMap<u16, String>,
}

impl Tally {
    fn add(&mut self, code: u16, outcome: Outcome) {
        let count = self.forms.entry(code).or_default();
        self.cases += 1;
        count.0 += 1;
        self.exceptions += u64::from(outcome.is_exception);
        if let Some(what) = outcome.difference {
            count.1 += 1;
            self.wrong.entry(code).or_insert(what);
        }
    }
}

/// What became of a case.
struct Outcome {
    is_exception: bool,
    difference: Option<String>,
}

/// Runs a case on the host and on both engines.
fn run(host: &mut Host, ours: &mut Ours, case: &Case) -> Outcome {
    host.write(DATA, &case.data);
    let theirs = host.run(case.size, &case.code, &case.before);
    let mut their_data = [0; DATA_BYTES];
    host.read(DATA, &mut their_data);
    let engines =
        [("strict", Ours::run_strict as fn(&mut Ours, &[u8], &_) -> _), ("threaded", Ours::run_threaded)];
    let difference = engines.into_iter().find_map(|(engine, run)| {
        ours.write_data(&case.data);
        let left = run(ours, &case.code, &case.before);
        let what = judge::difference(case, &theirs, &left, (&their_data, &ours.read_data()))?;
        Some(format!("{engine}: {what}"))
    });
    Outcome { is_exception: theirs.exception.is_some(), difference }
}

fn compare(size: Size) {
    let Some(mut host) = host::host() else {
        return println!("skipped: this host has no XSAVE or AVX");
    };
    if size == Size::Bits16 && !host.has_16_bit_code {
        return println!("skipped: this kernel makes no 16-bit segments");
    }
    let model = Model::by_name(MODEL).expect("a member of that name");
    let mut ours = Ours::new(model, size);
    let (forms, left_out) = common_forms(size, model);
    let mut random = Random(size.bits().into());
    let (extent, start) = (Extent::of_environment(), Instant::now());
    let mut tally = Tally::default();
    while !extent.is_over(tally.cases, start) {
        let (code, templates) = random.pick(&forms);
        let template = *random.pick(templates);
        // Not every try is good for a case.
        if let Some(case) = cases::case(&mut random, size, &template) {
            tally.add(*code, run(&mut host, &mut ours, &case));
        }
    }
    println!("  threaded engine: {:?}", ours.counters());
    report(size, &tally, &forms, &left_out, start);
}

fn report(
    size: Size,
    tally: &Tally,
    forms: &[(u16, Vec<Template>)],
    left_out: &BTreeSet<String>,
    start: Instant,
) {
    println!(
        "{}-bit code: {} cases of {} forms in {:.1} s, {} of them ended by exceptions",
        size.bits(),
        tally.cases,
        tally.forms.len(),
        start.elapsed().as_secs_f64(),
        tally.exceptions
    );
    let untried: Vec<String> = forms
        .iter()
        .filter(|(code, _)| !tally.forms.contains_key(code))
        .map(|(code, _)| forms::name(*code))
        .collect();
    println!("  forms without a case: {}", untried.join(" "));
    println!("  left out: {}", left_out.iter().cloned().collect::<Vec<_>>().join(" "));
    let wrong: Vec<String> = tally
        .wrong
        .iter()
        .map(|(code, what)| {
            let (cases, wrong) = tally.forms[code];
            format!("{} ({wrong} of {cases}): {what}", forms::name(*code))
        })
        .collect();
    assert!(wrong.is_empty(), "{} forms differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn code_of_64_bits_as_the_host() {
    compare(Size::Bits64);
}

#[test]
fn code_of_32_bits_as_the_host() {
    compare(Size::Bits32);
}

#[test]
fn code_of_16_bits_as_the_host() {
    compare(Size::Bits16);
}
