//! Both engines of the 80286 and its successors against records of real chips.

mod bench;
#[path = "../corpus/mod.rs"]
mod corpus;
mod forms;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;

use bench::{Bench, Record};
use emu_core::cpu::EngineKind;
use emu_core::cpu::x86::model::{I8086, I80286, I80386DX, Model};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What became of one file of records.
#[derive(Debug)]
struct Score {
    opcode: String,
    records: usize,
    met: usize,
    first_mismatch: Option<String>,
}

fn score(bench: &mut Bench, records: &Path, opcode: &str) -> Score {
    let mut score = Score { opcode: opcode.to_owned(), records: 0, met: 0, first_mismatch: None };
    for record in corpus::read::<Record>(&records.join(format!("{opcode}.jsonl.gz"))) {
        score.records += 1;
        match bench.run(&record) {
            None => score.met += 1,
            Some(what) if score.first_mismatch.is_none() => {
                let Record { idx, name, bytes, .. } = record;
                score.first_mismatch = Some(format!("{opcode} #{idx} {name} ({bytes}): {what}"));
            }
            Some(_) => {}
        }
    }
    score
}

/// Runs all records of a folder on all cores and gives what became of each file.
fn scores(records: &Path, model: &'static Model, engine: EngineKind) -> Vec<Score> {
    let opcodes = corpus::opcodes(records);
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut bench = Bench::new(model, engine);
                while let Some(opcode) = opcodes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let score = score(&mut bench, records, opcode);
                    all.lock().expect("no thread panicked").push(score);
                }
            });
        }
    });
    let mut scores = all.into_inner().expect("no thread panicked");
    scores.sort_by(|a, b| a.opcode.cmp(&b.opcode));
    scores
}

fn every_record_is_met(name: &str, model: &'static Model) {
    let Some(folder) = corpus::folder(name) else {
        println!("skipped: there is no corpus of the {name}");
        return;
    };
    for engine in [EngineKind::Strict, EngineKind::Threaded] {
        let scores = scores(&folder.join(name), model, engine);
        let (records, met) = scores.iter().fold((0, 0), |(r, m), s| (r + s.records, m + s.met));
        println!("{engine:?}: {met} of {records} records in {} files are met", scores.len());
        let wrong: Vec<String> = scores
            .iter()
            .filter_map(|s| {
                Some(format!("{:4} of {}: {}", s.records - s.met, s.records, s.first_mismatch.as_ref()?))
            })
            .collect();
        assert!(wrong.is_empty(), "{engine:?}: {} files differ:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// The whole chip has a core of its own; this is what of it the common core does as well.
#[test]
fn the_8086_is_met() {
    every_record_is_met("8086", &I8086);
}

#[test]
fn the_80286_is_met() {
    every_record_is_met("80286", &I80286);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Bytes that mean nothing do no harm, and a run is the same however it is cut into steps.
    #[test]
    fn nonsense_runs_alike_in_one_go_and_step_by_step(
        code in prop::collection::vec(any::<u8>(), 1..60),
        registers in prop::array::uniform8(any::<u16>()),
        segments in prop::array::uniform4(any::<u16>()),
        newer: bool,
    ) {
        let model = if newer { &I80386DX } else { &I80286 };
        let whole = Bench::new(model, EngineKind::Strict).run_program(&code, registers, segments, false);
        let stepped = Bench::new(model, EngineKind::Strict).run_program(&code, registers, segments, true);
        prop_assert_eq!(whole, stepped);
    }
}

#[test]
fn the_80386_is_met() {
    every_record_is_met("80386", &I80386DX);
}
