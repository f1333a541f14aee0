//! The engines of the 68000 against records of its microcode's behaviour.

mod bench;
mod bus;
#[path = "../corpus/mod.rs"]
mod corpus;

use bench::{Bench, Record};
use std::path::Path;

/// The records of one file that fail, and how many took as many cycles as they should.
fn check(bench: &mut Bench, path: &Path) -> (Vec<String>, usize, usize) {
    let records: Vec<Record> = corpus::read(path);
    let (mut failures, mut agreeing) = (Vec::new(), 0);
    for record in &records {
        let outcome = bench.run(record);
        agreeing += usize::from(outcome.cycles_agree);
        let Some(mismatch) = outcome.mismatch else { continue };
        failures.push(format!("{} #{} {}: {mismatch}", path.display(), record.idx, record.name));
    }
    (failures, agreeing, records.len())
}

#[test]
fn every_record_of_the_68000_passes() {
    let Some(folder) = corpus::folder("m68000") else {
        println!("skipped: no corpus");
        return;
    };
    let records = folder.join("m68000");
    let mut bench = Bench::new();
    let (mut failures, mut agreeing, mut total) = (Vec::new(), 0, 0);
    for name in corpus::opcodes(&records) {
        let (failed, agree, count) = check(&mut bench, &records.join(format!("{name}.jsonl.gz")));
        println!("{name}: {} of {count} pass, {agree} with equal cycles", count - failed.len());
        failures.extend(failed);
        agreeing += agree;
        total += count;
    }
    println!("{total} records, {agreeing} with equal cycles");
    assert!(total > 0);
    let shown = failures.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {total} failed:\n{shown}", failures.len());
}

#[test]
fn every_record_of_the_68000_passes_in_traces() {
    let Some(folder) = corpus::folder("m68000") else {
        println!("skipped: no corpus");
        return;
    };
    let records = folder.join("m68000");
    let mut bench = Bench::new();
    let (mut failures, mut left_out, mut total) = (Vec::new(), 0, 0);
    for name in corpus::opcodes(&records) {
        let path = records.join(format!("{name}.jsonl.gz"));
        for record in corpus::read::<Record>(&path) {
            total += 1;
            match bench.run_in_traces(&record) {
                None => left_out += 1,
                Some(None) => {}
                Some(Some(mismatch)) => {
                    failures.push(format!("{name} #{} {}: {mismatch}", record.idx, record.name))
                }
            }
        }
    }
    println!("{total} records, {left_out} cannot be run so");
    assert!(left_out * 30 < total);
    let shown = failures.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {total} failed:\n{shown}", failures.len());
}
