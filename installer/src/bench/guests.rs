//! The plain board's speed: all workloads of one mode of the benchmark floppy on the threaded engine, by turns with
//! Bochs and QEMU where they are installed, and what the engine did for it.

use super::emulator::{BARE, Emulator};
use super::figures::{geometric_mean, shown};
use super::stats::{self, Stats};
use super::turns::{self, Score, Workload};
use super::{Measured, Programs, bench_folder};
use std::path::Path;

/// Guest instructions that the engine's counters are taken over.
const COUNTED_INSTRUCTIONS: f64 = 50e6;

/// Measures the workloads of a mode (`rm16`, `pm32` or `lm64`).
///
/// # Errors
/// When a program can't be started or a file not written.
pub fn measure(programs: &Programs, mode: &str) -> Result<Measured, String> {
    let folder = bench_folder();
    let Ok(image) = std::fs::read(folder.join("images/bench-x86.img")) else {
        return Ok(no_images(&folder));
    };
    if !cfg!(target_os = "linux") {
        return Ok(Measured::Skipped("processor time of other programs is read on Linux only".to_owned()));
    }
    let workloads = turns::workloads(&folder, mode)?;
    let mut emulators = vec![Emulator::bare(programs)];
    emulators.extend(Emulator::others());
    let scores = turns::run(&emulators, &workloads, &image, programs.rounds)?;
    let load = load();
    let counted = workloads.iter().map(|workload| {
        let repeats = (COUNTED_INSTRUCTIONS / workload.instructions).clamp(1.0, 2_000.0) as u32;
        stats::of_workload(programs, &BARE, &image, &workload.name, repeats)
    });
    let counted = counted.collect::<Result<Vec<_>, _>>()?;
    let table = speeds(mode, &emulators, &workloads, &scores) + &load.unwrap_or_default();
    Ok(Measured::Section(table + &engine(&workloads, &scores[0], &counted)))
}

/// Why a part can't be measured.
pub fn no_images(folder: &Path) -> Measured {
    Measured::Skipped(format!("{} has no benchmark images (ANACHRON_SHARED)", folder.display()))
}

/// A figure, or a dash.
pub fn cell(value: Option<f64>) -> String {
    value.map_or("—".to_owned(), shown)
}

/// The geometric mean of an emulator's rates, over the workloads that are `wanted` by their place.
pub fn mean(scores: &[Score], wanted: impl Fn(usize) -> bool) -> Option<f64> {
    let rates = scores.iter().enumerate().filter(|(at, _)| wanted(*at));
    geometric_mean(&rates.filter_map(|(_, score)| score.rate()).collect::<Vec<_>>())
}

/// Who ended a workload with a wrong checksum, or not at all.
pub fn verdict(scores: &[Vec<Score>], at: usize) -> &'static str {
    let is_right: Vec<bool> = scores.iter().map(|scores| scores[at].is_right()).collect();
    match (is_right.first(), is_right.iter().all(|right| *right)) {
        (_, true) => "right",
        (Some(true), _) => "another: WRONG or not finished",
        _ => "WRONG or not finished",
    }
}

/// Whether a workload is a whole program, and not a loop over one kind of instruction (`u_`) or of event (`p_`).
fn is_program(name: &str) -> bool {
    let name = name.split_once('.').map_or(name, |(_, name)| name);
    !name.starts_with("u_") && !name.starts_with("p_")
}

/// Bochs 3.0 on these workloads, measured elsewhere on a like machine, where it is known.
fn bochs_3(name: &str) -> &'static str {
    match name {
        "pm32.matmul" | "pm32.mandel" | "pm32.u_fmul" => "64–86",
        "pm32.memrep" => "480",
        "pm32.smc1" => "96",
        "pm32.u_calleax" => "102",
        "pm32.u_page" => "179",
        "pm32.p_int" | "pm32.p_int3" | "pm32.p_pfskip" | "pm32.p_pfmap" => "41",
        "pm32.t1fast" | "pm32.t1slow" | "pm32.dhry" | "pm32.qsort" | "pm32.sieve" | "pm32.sha256"
        | "pm32.crc32" | "pm32.lz" | "pm32.nqueens" | "pm32.bytecode" | "pm32.memcpyc" => "176–392",
        _ => "",
    }
}

/// Bochs 3.0's geometric mean over a mode's main workloads, from the same place.
fn bochs_3_mean(mode: &str) -> &'static str {
    match mode {
        "pm32" => "232 (19 of them)",
        "lm64" => "245 (18 of them)",
        _ => "173",
    }
}

fn speeds(mode: &str, emulators: &[Emulator], workloads: &[Workload], scores: &[Vec<Score>]) -> String {
    let mut text = "The plain board (`pc-bare`, model `x86-64-v3`, 256 MB, threaded engine) headless; million guest instructions a \
                    second of\nprocessor time (each iteration of a repeated string instruction counts). \
                    Bochs and QEMU, which translates, have their\nusual processors. Bochs 3.0 was not to be had \
                    here: its column has what is known of it from elsewhere.\n\n| workload |"
        .to_owned();
    let others = emulators.iter().zip(scores).skip(1);
    for emulator in emulators {
        text += &format!(" {} |", emulator.label);
    }
    for (emulator, _) in others.clone() {
        text += &format!(" against {} |", emulator.label);
    }
    text += " Bochs 3.0 | checksums |\n| --- |";
    text += &" --: |".repeat(2 * emulators.len());
    text += " --- |\n";
    let mut row = |name: &str, rate: &dyn Fn(&[Score]) -> Option<f64>, known: &str, verdict: &str| {
        text += &format!("| {name} |");
        let own = rate(&scores[0]);
        for scores in scores {
            text += &format!(" {} |", cell(rate(scores)));
        }
        for (_, scores) in others.clone() {
            let ratio = own.zip(rate(scores)).map(|(own, other)| own / other);
            text += &format!(" {}× |", cell(ratio));
        }
        text += &format!(" {known} | {verdict} |\n");
    };
    for (at, workload) in workloads.iter().enumerate() {
        row(&workload.name, &|scores| scores[at].rate(), bochs_3(&workload.name), verdict(scores, at));
    }
    row("geometric mean of all", &|scores| mean(scores, |_| true), "", "");
    let programs = |scores: &[Score]| mean(scores, |at| is_program(&workloads[at].name));
    row("geometric mean of the programs", &programs, bochs_3_mean(mode), "");
    text + "\nPrograms are the workloads whose names don't begin with `u_` (one kind of instruction) or `p_` (one kind of \
            event).\n"
}

fn engine(workloads: &[Workload], scores: &[Score], counted: &[Stats]) -> String {
    let mut text = "\nWhat the engine did. A trace's length is that of the traces made; the checked processor executes what \
                    leaves a trace\n(misses of the TLB, faults, privileged instructions). Misses are of the software TLB, \
                    a thousand instructions; the\nshare of accesses that hit stands beside them where the processor counts its \
                    accesses.\n\n\
                    | workload | host cycles an instruction | instructions a trace | checked of 1,000 | data misses of 1,000 \
                    | fetch misses of 1,000 |\n| --- | --: | --: | --: | --: | --: |\n"
        .to_owned();
    let clock = host_hz();
    for ((workload, score), stats) in workloads.iter().zip(scores).zip(counted) {
        let cycles = clock.zip(score.rate()).map(|(clock, rate)| clock / (rate * 1e6));
        let thousands = stats.instructions / 1e3;
        let length = stats.traces.as_ref().map(|traces| traces.translated_instructions / traces.translated);
        let checked = stats.traces.as_ref().map(|traces| traces.checked / thousands);
        let data = misses(
            stats.read.misses + stats.write.misses,
            stats.read.accesses + stats.write.accesses,
            thousands,
        );
        let fetch = misses(stats.fetch.misses, stats.fetch.accesses, thousands);
        text += &format!(
            "| {} | {} | {} | {} | {data} | {fetch} |\n",
            workload.name,
            cell(cycles),
            cell(length),
            cell(checked)
        );
    }
    text
}

/// Misses of a thousand instructions, and the hits' share of the accesses where these are counted.
fn misses(misses: f64, accesses: f64, thousands: f64) -> String {
    let share = (accesses > 0.0).then(|| format!(" ({:.2} % hit)", (1.0 - misses / accesses) * 100.0));
    shown(misses / thousands) + &share.unwrap_or_default()
}

/// A sentence about what else the host had to do in the last minutes, where that was much.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    // The emulators' runs are a load of one.
    (load > 1.5).then(|| {
        let others = load - 1.0;
        format!(
            "\nThe host was busy: {others:.1} other programs ran on the average, and shared its caches.\n"
        )
    })
}

/// The host's clock, where it says it.
fn host_hz() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("cpu MHz"))?;
    line.split_once(':')?.1.trim().parse().ok().map(|megahertz: f64| megahertz * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_loops() {
        assert!(["pm32.qsort", "lm64.memsse", "rm16.r_crc"].iter().all(|name| is_program(name)));
        assert!(!["pm32.u_mov", "lm64.p_syscall"].iter().any(|name| is_program(name)));
    }

    #[test]
    fn misses_have_a_share_where_accesses_are_counted() {
        assert_eq!(misses(5.0, 0.0, 10.0), "0.50");
        assert_eq!(misses(5.0, 1_000.0, 10.0), "0.50 (99.50 % hit)");
    }
}
