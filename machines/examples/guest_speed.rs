//! How fast the plain board runs the workloads of `shared/bench`, in million guest instructions a second of processor
//! time, and what the threaded engine does for it.
//!
//! Arguments: `rm16`, `pm32` or `lm64`; `strict` or `threaded`; then workloads, by default all. `p_int:20` is one with 20
//! repeats, for a profiler that takes its time.

#[path = "../tests/support/mod.rs"]
mod support;

use cpu_time::ThreadTime;
use emu_core::machine::Machine;
use machines::profile::Engine;
use support::bare;
use support::bench::{Mode, Suite};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mode = Mode::named(args.first().map(String::as_str));
    let engine =
        if args.get(1).is_some_and(|engine| engine == "strict") { Engine::Strict } else { Engine::Threaded };
    let Some(suite) = Suite::find("bench-x86.img") else { return };
    let wanted = args.get(2..).unwrap_or_default();
    for name in suite.select(mode, u64::MAX) {
        let asked = wanted.iter().find_map(|wish| match wish.split_once(':') {
            Some((wish, repeats)) => (wish == name).then(|| repeats.parse().ok()),
            None => (*wish == name).then_some(None),
        });
        if let Some(repeats) = asked.or(wanted.is_empty().then_some(None)) {
            measure(&suite, mode, &name, engine, repeats);
        }
    }
}

fn measure(suite: &Suite, mode: Mode, name: &str, engine: Engine, repeats: Option<u32>) {
    let instructions = suite.instructions[&format!("{}.{name}", mode.prefix)];
    let usual = (300_000_000 / instructions.max(1)).clamp(2, 50_000) as u32;
    let repeats = repeats.unwrap_or(usual).max(2);
    // The start of the machine, which one repeat more or less doesn't change, is not the workload's.
    let (_, base, _) = timed(suite, mode, name, engine, 1);
    let (machine, whole, mistakes) = timed(suite, mode, name, engine, repeats);
    let seconds = whole - base;
    let mips = instructions as f64 * f64::from(repeats - 1) / seconds / 1e6;
    let tlb = machine.bus().tlb_counters();
    let done = machine.cpu().trace_counters();
    println!(
        "{name:10} {mips:7.1} MIPS  {instructions:9} x {repeats:5} {seconds:6.2} s  {done:?} {tlb:?} {}",
        mistakes.join("; ")
    );
}

fn timed(suite: &Suite, mode: Mode, name: &str, engine: Engine, repeats: u32) -> (Machine, f64, Vec<String>) {
    let mut machine = bare("x86-64-v3", 256, |profile| profile.cpu.engine = engine);
    let start = ThreadTime::now();
    let mistakes = suite.run_on(mode, &[name.to_owned()], repeats, &mut machine);
    let seconds = start.elapsed().as_secs_f64();
    (machine, seconds, mistakes)
}
