//! How fast the plain board runs the workloads of `shared/bench`, in million guest instructions a second of processor
//! time, and what the threaded engine does for it.
//!
//! Arguments: `rm16`, `pm32` or `lm64`; `strict` or `threaded`; then workloads, by default all. `p_int:20` is one with 20
//! repeats, for a profiler that takes its time. With `--fpu-fast` anywhere, the x87 computes fast: checksums may differ then.

#[path = "../tests/support/mod.rs"]
mod support;

use cpu_time::ThreadTime;
use emu_core::cpu::FpuMode;
use emu_core::machine::Machine;
use machines::profile::Engine;
use support::bare;
use support::bench::{Mode, Suite};

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let is_fast = args.iter().any(|arg| arg == "--fpu-fast");
    args.retain(|arg| arg != "--fpu-fast");
    let mode = Mode::named(args.first().map(String::as_str));
    let engine =
        if args.get(1).is_some_and(|engine| engine == "strict") { Engine::Strict } else { Engine::Threaded };
    let fpu = if is_fast { FpuMode::Fast } else { FpuMode::Exact };
    let run = Run { mode, engine, fpu };
    let Some(suite) = Suite::find("bench-x86.img") else { return };
    let wanted = args.get(2..).unwrap_or_default();
    for name in suite.select(mode, u64::MAX) {
        let asked = wanted.iter().find_map(|wish| match wish.split_once(':') {
            Some((wish, repeats)) => (wish == name).then(|| repeats.parse().ok()),
            None => (*wish == name).then_some(None),
        });
        if let Some(repeats) = asked.or(wanted.is_empty().then_some(None)) {
            measure(&suite, &run, &name, repeats);
        }
    }
}

/// In what way workloads are run.
struct Run {
    mode: Mode,
    engine: Engine,
    fpu: FpuMode,
}

fn measure(suite: &Suite, run: &Run, name: &str, repeats: Option<u32>) {
    let instructions = suite.instructions[&format!("{}.{name}", run.mode.prefix)];
    let usual = (300_000_000 / instructions.max(1)).clamp(2, 50_000) as u32;
    let repeats = repeats.unwrap_or(usual).max(2);
    // The start of the machine, which one repeat more or less doesn't change, is not the workload's.
    let (_, base, _) = timed(suite, run, name, 1);
    let (machine, whole, mistakes) = timed(suite, run, name, repeats);
    let seconds = whole - base;
    let mips = instructions as f64 * f64::from(repeats - 1) / seconds / 1e6;
    let tlb = machine.bus().tlb_counters();
    let done = machine.cpu().trace_counters();
    println!(
        "{name:10} {mips:7.1} MIPS  {instructions:9} x {repeats:5} {seconds:6.2} s  {done:?} {tlb:?} {}",
        mistakes.join("; ")
    );
}

fn timed(suite: &Suite, run: &Run, name: &str, repeats: u32) -> (Machine, f64, Vec<String>) {
    let mut machine =
        bare("x86-64-v3", 256, |profile| (profile.cpu.engine, profile.cpu.fpu) = (run.engine, run.fpu));
    let start = ThreadTime::now();
    let mistakes = suite.run_on(run.mode, &[name.to_owned()], repeats, &mut machine);
    let seconds = start.elapsed().as_secs_f64();
    (machine, seconds, mistakes)
}
