//! The meanings of the x86 instructions can be emitted: a second [`Backend`](emu_core::cpu::x86::backend::Backend), which
//! records instead of executing, makes linear intermediate code of each, and that code does what the strict engine
//! does.
//!
//! This proves the shape for a translator to come. What such a translator adds is outside: passes over the code, host
//! code in place of [`evaluate`], its own memory accesses where the checked processor is called here.

mod arithmetic;
mod bench;
mod code;
mod evaluate;
mod forms;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
mod recorder;

use bench::{Bench, CODE, Outcome, Situation, any_situation};
use code::{Code, Flow, Memory, Value};
use emu_core::cpu::x86::model::X86_64_V3;
use forms::{FORMS, Form, Kind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use recorder::{Recorder, Translation, translate};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The least number of forms that a kind must have for its test to mean anything.
const DOZEN: usize = 12;

/// How the comparisons of a kind went.
#[derive(Default)]
struct Tally {
    /// By [`Outcome`].
    outcomes: [usize; 3],
    /// The forms that have done their work, not met an exception, at least once.
    done: BTreeSet<Form>,
}

/// Has every form of a kind done both ways in one situation.
fn compare_all(kind: Kind, situation: &Situation, tally: &mut Tally) -> Result<(), TestCaseError> {
    let mut bench = Bench::new(&X86_64_V3);
    for (form, entry) in FORMS.iter().filter(|(_, entry)| entry.kind == Some(kind)) {
        let opcode = &entry.opcodes[situation.choice % entry.opcodes.len()];
        let outcome = bench
            .compare(form.bits, opcode, situation)
            .map_err(|error| TestCaseError::fail(format!("{}: {error}", form.name())))?;
        tally.outcomes[outcome as usize] += 1;
        if outcome == Outcome::Done {
            tally.done.insert(*form);
        }
    }
    Ok(())
}

fn check(kind: Kind, situations: u32) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: situations,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tally = RefCell::new(Tally::default());
    let done =
        runner.run(&any_situation(), |situation| compare_all(kind, &situation, &mut tally.borrow_mut()));
    if let Err(error) = done {
        panic!("{error}");
    }
    let Tally { outcomes: [passed, done, exceptions], done: forms } = tally.into_inner();
    println!(
        "{kind:?}: {} forms done; {done} runs, {exceptions} exceptions, {passed} not to be had",
        forms.len()
    );
    assert!(forms.len() >= DOZEN, "{forms:?}");
}

macro_rules! kinds {
    ($($name:ident: $kind:ident, $situations:literal;)*) => {$(
        #[test]
        fn $name() {
            check(Kind::$kind, $situations);
        }
    )*};
}

kinds! {
    moves_run_as_recorded: Move, 64;
    arithmetic_runs_as_recorded: Arithmetic, 64;
    shifts_run_as_recorded: Shift, 64;
    products_and_quotients_run_as_recorded: Multiplication, 128;
    bits_run_as_recorded: Bits, 64;
    jumps_calls_and_returns_run_as_recorded: Flow, 64;
    the_stack_runs_as_recorded: Stack, 64;
    locked_instructions_run_as_recorded: Locked, 64;
    vectors_run_as_recorded: Vector, 24;
}

/// What has been recorded of every form that has a meaning.
fn for_each_recording(mut look: impl FnMut(&str, &Recorder)) {
    for (form, entry) in FORMS.iter() {
        let mut bytes = entry.opcodes[0].clone();
        bytes.resize(15, 0);
        if let Some(Translation::Steps { recorder, .. }) = translate(&X86_64_V3, form.bits, &bytes, CODE) {
            look(&form.name(), &recorder);
        }
    }
}

#[test]
fn every_meaning_is_recorded() {
    let mut counts = BTreeMap::new();
    for entry in FORMS.values() {
        let kind = entry.kind.map_or("routine, a call".to_owned(), |kind| format!("{kind:?}"));
        *counts.entry(kind).or_insert(0_usize) += 1;
    }
    println!("forms by kind: {counts:#?}");
    let (mut recordings, mut steps) = (0, 0);
    for_each_recording(|_, recorder| {
        recordings += 1;
        steps += recorder.steps.len();
    });
    println!("{recordings} forms with a meaning, {steps} steps; {} forms in all", FORMS.len());
    assert!(counts.values().all(|&count| count >= DOZEN), "{counts:?}");
    assert!(recordings > FORMS.len() / 2, "{recordings}");
}

/// The rule by which an instruction that fails can be tried again.
#[test]
fn no_exit_comes_after_a_change() {
    for_each_recording(|name, recorder| {
        let mut targets: Vec<Value> = Vec::new();
        let mut changed = false;
        for step in &recorder.steps {
            let is_checked = matches!(step.code, Code::Flow(Flow::Jump(to)) if targets.contains(&to));
            let may_exit = step.code.may_exit() && !is_checked;
            assert!(!changed || !may_exit, "{name}: {:#?}", recorder.steps);
            if let Code::Flow(Flow::CheckTarget(to)) = step.code {
                targets.push(to);
            }
            changed |= step.code.changes();
        }
    });
}

/// What lies between opening a place and exchanging its contents is done again when another processor was faster.
#[test]
fn locked_changes_can_be_repeated() {
    let mut found = 0;
    for_each_recording(|name, recorder| {
        for (at, step) in recorder.steps.iter().enumerate() {
            let Code::Memory(Memory::Exchange { again, .. }) = step.code else { continue };
            let repeated = recorder.steps[again..at].iter();
            let harmless = |code: &Code| matches!(code, Code::Pure(_) | Code::Flags(_));
            assert!(repeated.clone().all(|step| harmless(&step.code)), "{name}: {:#?}", recorder.steps);
            found += 1;
        }
    });
    assert!(found >= DOZEN, "{found}");
}
