//! What each technique of the threaded engine is worth: programs of `shared/bench` on the plain board, with one technique after the
//! other switched on, as a table of million guest instructions a second of processor time. All steps of a program are run in turns,
//! a few rounds of them; the figures are medians. A program takes half a minute.
//!
//! Arguments: `rm16`, `pm32` or `lm64`, then programs; by default some of pm32.

#[path = "../tests/support/mod.rs"]
mod support;

use cpu_time::ThreadTime;
use emu_core::cpu::EngineKind;
use emu_core::cpu::engine::cache::LONGEST;
use emu_core::cpu::engine::tuning::Tuning;
use support::bare;
use support::bench::{Mode, Suite};

const ROUNDS: usize = 3;
const PROGRAMS: [&str; 4] = ["nqueens", "lz", "crc32", "u_call"];

/// A step, the engine, and how many million instructions give it enough to do.
struct Step {
    name: &'static str,
    engine: EngineKind,
    tuning: Tuning,
    millions: u64,
}

/// Each with what the ones before have.
fn steps() -> Vec<Step> {
    let bare = Tuning { longest: 1, split: false, targets: false, links: false, joins: false };
    let traces = Tuning { longest: LONGEST, ..bare };
    let split = Tuning { split: true, ..traces };
    let targets = Tuning { targets: true, ..split };
    let links = Tuning { links: true, ..targets };
    let step = |name, tuning, millions| Step { name, engine: EngineKind::Threaded, tuning, millions };
    vec![
        Step { engine: EngineKind::Strict, ..step("decode, dispatch, check", bare, 4) },
        step("decoded once, one at a time", bare, 10),
        step("traces", traces, 20),
        step("handlers split by mode", split, 20),
        step("a table of branch targets", targets, 200),
        step("linked traces", links, 200),
        step("comparison and jump as one", Tuning { joins: true, ..links }, 200),
    ]
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = Mode::named(args.next().as_deref());
    let wanted: Vec<String> = args.collect();
    let wanted = if wanted.is_empty() { PROGRAMS.map(str::to_owned).to_vec() } else { wanted };
    let Some(suite) = Suite::find("bench-x86.img") else { return };
    let steps = steps();
    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    println!("| program | {} |", names.join(" | "));
    println!("| --- |{}", " --: |".repeat(names.len()));
    for name in &wanted {
        let figures = speeds(&suite, mode, name, &steps).map(|speed| format!(" {speed:.1} |"));
        println!("| {name} |{}", figures.collect::<String>());
    }
}

/// A program's figures, by step.
fn speeds(suite: &Suite, mode: Mode, name: &str, steps: &[Step]) -> impl Iterator<Item = f64> {
    let mut rounds = vec![Vec::new(); steps.len()];
    for _ in 0..ROUNDS {
        for (step, figures) in steps.iter().zip(&mut rounds) {
            figures.push(speed(suite, mode, name, step));
        }
    }
    rounds.into_iter().map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        figures[ROUNDS / 2]
    })
}

/// Million guest instructions a second. The start of the machine, which one repeat more or less doesn't change, is not counted.
fn speed(suite: &Suite, mode: Mode, name: &str, step: &Step) -> f64 {
    let instructions = suite.instructions[&format!("{}.{name}", mode.prefix)];
    let repeats = (step.millions * 1_000_000 / instructions.max(1)).clamp(1, 50_000) as u32 + 1;
    let seconds = [1, repeats].map(|repeats| seconds(suite, mode, name, step, repeats));
    instructions as f64 * f64::from(repeats - 1) / (seconds[1] - seconds[0]) / 1e6
}

fn seconds(suite: &Suite, mode: Mode, name: &str, step: &Step, repeats: u32) -> f64 {
    let mut machine = bare("x86-64-v3", 256, |_| {});
    machine.cpu_mut().set_engine(step.engine);
    machine.cpu_mut().set_tuning(step.tuning);
    let start = ThreadTime::now();
    let mistakes = suite.run_on(mode, &[name.to_owned()], repeats, &mut machine);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    start.elapsed().as_secs_f64()
}
