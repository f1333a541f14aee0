//! The workloads of `shared/bench` on the plain board: each must end with the right checksum. By default those that are
//! short; all of them with `ANACHRON_BENCH=all`, which takes minutes.

mod support;

use support::bare;
use support::bench::{Mode, RM16, Suite};

/// How many instructions a short workload takes at the most.
const SHORT: u64 = 3_500_000;
/// Enough for every workload.
const MEMORY_MIB: u32 = 256;

fn check(image: &str, mode: Mode, cpu: &str) {
    let Some(suite) = Suite::find(image) else { return };
    let is_long = std::env::var("ANACHRON_BENCH").is_ok_and(|value| value == "all");
    let names = suite.select(mode, if is_long { u64::MAX } else { SHORT });
    assert!(!names.is_empty(), "{} has workloads", mode.prefix);
    let mistakes = suite.run(mode, &names, || bare(cpu, memory_of(cpu), |_| {}));
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

fn memory_of(cpu: &str) -> u32 {
    if matches!(cpu, "80286" | "386sx") { 8 } else { MEMORY_MIB }
}

#[test]
fn real_mode_on_an_80286() {
    check("bench-rm16-360k.img", RM16, "80286");
}

#[test]
fn real_mode_on_the_newest() {
    check("bench-x86.img", RM16, "x86-64-v3");
}
