//! The engines of the 68000 against records of its microcode's behaviour.

mod bench;
#[path = "../corpus/mod.rs"]
mod corpus;

use bench::{Bench, Record};
use proptest::prelude::*;
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Nonsense as code, with exceptions that lead back into it: it ends in the same state in one go and by single steps.
    #[test]
    fn slices_do_not_matter(
        code in prop::collection::vec(any::<u8>(), 64..512),
        registers in prop::array::uniform15(0u32..0x10_0000),
        status in any::<u16>(),
    ) {
        let whole = Bench::new().run_program(&code, registers, status, false);
        let stepped = Bench::new().run_program(&code, registers, status, true);
        prop_assert_eq!(whole, stepped);
    }
}
