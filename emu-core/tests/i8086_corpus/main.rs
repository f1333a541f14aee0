//! The 8086 against records and bus traces of a real one.

mod bench;
#[path = "../corpus/mod.rs"]
mod corpus;
mod record;

use bench::Outcome;
use record::{Record, Trace};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What was counted over the records of one opcode (or all).
#[derive(Clone, Debug, Default)]
struct Score {
    records: usize,
    /// Registers, flags and memory.
    architecture: usize,
    cycles: usize,
    queue: usize,
    traces: usize,
    traces_met: usize,
    first_mismatch: Option<String>,
}

impl Score {
    fn is_exact(&self) -> bool {
        let records = [self.architecture, self.cycles, self.queue];
        records.iter().all(|&n| n == self.records) && self.traces_met == self.traces
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.architecture += other.architecture;
        self.cycles += other.cycles;
        self.queue += other.queue;
        self.traces += other.traces;
        self.traces_met += other.traces_met;
        if self.first_mismatch.is_none() {
            self.first_mismatch.clone_from(&other.first_mismatch);
        }
    }
}

fn score(corpus: &Path, opcode: &str) -> Score {
    let file = format!("{opcode}.jsonl.gz");
    let traces: Vec<Trace> = corpus::read(&corpus.join("8086-traces").join(&file));
    let traces: BTreeMap<u32, Trace> = traces.into_iter().map(|t| (t.idx, t)).collect();
    let mut score = Score::default();
    for record in corpus::read::<Record>(&corpus.join("8086").join(&file)) {
        let outcome = bench::run(&record);
        let length = record::hex(&record.bytes).len();
        assert_eq!(outcome.length, length, "{opcode} #{} takes {length} bytes", record.idx);
        assert_eq!(outcome.listing.bytes.len(), length, "{} is {}", record.name, outcome.listing.text);
        score.records += 1;
        score.architecture += usize::from(outcome.mismatch.is_none());
        score.cycles += usize::from(outcome.cycles_match);
        score.queue += usize::from(outcome.queue_match);
        if let Some(trace) = traces.get(&record.idx) {
            score.traces += 1;
            score.traces_met += usize::from(outcome.matches(&trace.rows));
        }
        if let (Some(what), None) = (&outcome.mismatch, &score.first_mismatch) {
            score.first_mismatch =
                Some(format!("{opcode} #{} {} ({}): {what}", record.idx, record.name, record.bytes));
        }
    }
    score
}

/// The scores of all opcodes, on all cores.
fn scores(corpus: &Path) -> BTreeMap<String, Score> {
    let opcodes = corpus::opcodes(&corpus.join("8086"));
    let next = AtomicUsize::new(0);
    let all = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(opcode) = opcodes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let score = score(corpus, opcode);
                    all.lock().expect("no thread panicked").insert(opcode.clone(), score);
                }
            });
        }
    });
    all.into_inner().expect("no thread panicked")
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// A table in Markdown.
fn table(scores: &BTreeMap<String, Score>) -> String {
    let mut text =
        String::from("| opcode | records | state | cycles | queue | traces |\n|---|---|---|---|---|---|\n");
    let mut total = Score::default();
    for score in scores.values() {
        total.add(score);
    }
    for (name, s) in scores.iter().map(|(n, s)| (n.as_str(), s)).chain([("**all**", &total)]) {
        let _ = writeln!(
            text,
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            s.records,
            percent(s.architecture, s.records),
            percent(s.cycles, s.records),
            percent(s.queue, s.records),
            percent(s.traces_met, s.traces),
        );
    }
    text
}

#[test]
fn every_record_is_met() {
    let Some(corpus) = corpus::folder("8086") else {
        println!("skipped: there is no corpus");
        return;
    };
    let scores = scores(&corpus);
    let mut total = Score::default();
    for score in scores.values() {
        total.add(score);
    }
    let wrong: Vec<&String> = scores.values().filter_map(|s| s.first_mismatch.as_ref()).collect();
    assert!(wrong.is_empty(), "{} opcodes differ:\n{}", wrong.len(), join(&wrong));
    // Not a clock may be lost again.
    let short: Vec<&String> = scores.iter().filter(|(_, s)| !s.is_exact()).map(|(name, _)| name).collect();
    assert!(
        short.is_empty(),
        "clocks, queue or traces of {short:?} differ; print_differing_traces shows how"
    );
}

fn join(lines: &[&String]) -> String {
    lines.iter().map(|l| l.as_str()).collect::<Vec<_>>().join("\n")
}

/// Prints the table of `docs/8086-accuracy.md`.
#[test]
#[ignore = "prints a table"]
fn print_the_accuracy_table() {
    if let Some(corpus) = corpus::folder("8086") {
        println!("{}", table(&scores(&corpus)));
    }
}

/// Prints the traces of the opcode named in `OPCODE` that are not met, beside ours.
#[test]
#[ignore = "prints traces"]
fn print_differing_traces() {
    let (Some(corpus), Ok(opcode)) = (corpus::folder("8086"), std::env::var("OPCODE")) else { return };
    let file = format!("{opcode}.jsonl.gz");
    let traces: Vec<Trace> = corpus::read(&corpus.join("8086-traces").join(&file));
    let traces: BTreeMap<u32, Trace> = traces.into_iter().map(|t| (t.idx, t)).collect();
    let limit = std::env::var("LIMIT").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let records = corpus::read::<Record>(&corpus.join("8086").join(&file));
    let differing = records.iter().filter_map(|record| {
        let outcome = bench::run(record);
        let trace = traces.get(&record.idx)?;
        (!outcome.matches(&trace.rows)).then_some((record, outcome, trace))
    });
    for (record, outcome, trace) in differing.take(limit) {
        print_trace(record, &outcome, trace);
    }
}

fn print_trace(record: &Record, outcome: &Outcome, trace: &Trace) {
    println!(
        "#{} {} ({}) queue {} -> {} cycles {} (ours {}) {}",
        record.idx,
        record.name,
        record.bytes,
        record.initial.queue,
        record.last.queue,
        record.cycles,
        outcome.cycles,
        if outcome.queue_match { "" } else { "QUEUE" }
    );
    let clocks = outcome.clocks();
    for row in 0..clocks.len().max(trace.rows.len()) {
        let want = trace.rows.get(row).map_or(String::new(), |r| {
            format!(
                "{} {} {:5} {:02X} {}",
                r.8,
                r.7,
                if r.0 & 1 != 0 { format!("{:05X}", r.1) } else { String::new() },
                r.10,
                r.9
            )
        });
        let got = clocks.get(row).map_or(String::new(), |c| {
            let address = c.address.map_or(String::new(), |a| format!("{a:05X}"));
            format!("{} {} {address:5} {:02X} {}", c.state, c.status, c.byte, c.queue)
        });
        let same = clocks.get(row).zip(trace.rows.get(row)).is_some_and(|(c, r)| c.matches(r));
        println!("  {row:3} {want:25} | {got:25} {}", if same { "" } else { "<" });
    }
}
