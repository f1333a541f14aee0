//! The workloads of `shared/bench` on the plain board, on both engines: each must end with the right checksum. By default
//! those that are short; all of them with `ANACHRON_BENCH=all`, which takes minutes.

mod support;

use machines::profile::Engine;
use support::bare;
use support::bench::{LM64, Mode, PM32, RM16, Suite};

/// How many instructions a short workload takes at the most.
const SHORT: u64 = 1_000_000;
/// Enough for every workload.
const MEMORY_MIB: u32 = 256;

fn check(mode: Mode, cpu: &str, memory_mib: u32, engine: Engine) {
    let Some(suite) = Suite::find("bench-x86.img") else { return };
    let is_long = std::env::var("ANACHRON_BENCH").is_ok_and(|value| value == "all");
    let names = suite.select(mode, if is_long { u64::MAX } else { SHORT });
    assert!(!names.is_empty(), "{} has workloads", mode.prefix);
    let machine = || bare(cpu, memory_mib, |profile| profile.cpu.engine = engine);
    let mistakes = suite.run(mode, &names, machine);
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn real_mode_on_an_80286() {
    check(RM16, "80286", 8, Engine::Strict);
    check(RM16, "80286", 8, Engine::Threaded);
}

#[test]
fn real_mode_on_the_newest() {
    check(RM16, "x86-64-v3", MEMORY_MIB, Engine::Threaded);
}

#[test]
fn protected_mode_on_an_80486() {
    check(PM32, "486dx", MEMORY_MIB, Engine::Strict);
    check(PM32, "486dx", MEMORY_MIB, Engine::Threaded);
}

#[test]
fn long_mode_on_the_newest() {
    check(LM64, "x86-64-v3", MEMORY_MIB, Engine::Strict);
    check(LM64, "x86-64-v3", MEMORY_MIB, Engine::Threaded);
}
