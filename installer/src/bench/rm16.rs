//! The 8086's speed: the real-mode workloads of the benchmark floppy, beside Bochs and QEMU where they are
//! installed, and the guest clock that the XT reaches against a real one's 4.77 MHz.

use super::figures::{geometric_mean, median, number_after, shown};
use super::{Measured, Programs, XT_HZ, bench_folder};
use crate::process;
use crate::virtual_screen::Scratch;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the images' configuration begins to be looked for, and its magic (the images' README, "Protocol").
const CONFIGURATION: usize = 512;
const MAGIC: &[u8] = b"BNCH\x01";

/// Processor seconds that a run of a workload is given.
const TARGET: &str = "1";

/// How long, in seconds, a run waits for other programs to leave a core free.
const PATIENCE: &str = "3";

/// An emulator that takes part: its name in the table, and what the runner is told of it.
struct Emulator {
    key: &'static str,
    label: String,
    spec: String,
}

/// A run, as the runner noted it.
struct Run {
    emulator: String,
    workload: String,
    repeats: f64,
    seconds: f64,
    is_right: bool,
}

pub fn measure(programs: &Programs) -> Result<Measured, String> {
    let folder = bench_folder();
    let image = folder.join("images/bench-rm16-360k.img");
    if !image.is_file() || !folder.join("run_bench.py").is_file() {
        let place = folder.display();
        return Ok(Measured::Skipped(format!(
            "{place} has no run_bench.py with its images (ANACHRON_SHARED)"
        )));
    }
    if process::find_program("python3").is_none() {
        return Ok(Measured::Skipped("run_bench.py needs python3".to_owned()));
    }
    let scratch = Scratch::new("rm16")?;
    let emulators = emulators(programs);
    let runs = run_all(&folder, &emulators, programs.rounds, &scratch)?;
    let instructions = std::fs::read_to_string(folder.join("insns.json")).unwrap_or_default();
    let own = clocks(programs, &image, &runs, &scratch)?;
    Ok(Measured::Section(section(&emulators, &runs, &own, &instructions)))
}

fn emulators(programs: &Programs) -> Vec<Emulator> {
    let own = format!(
        "anachron=command,template='{}' run xt --headless --disposable --floppy {{image}} --debugcon stdio,\
         modes=rm16,image=rm16-360k.img",
        programs.anachron.display()
    );
    let mut found = vec![Emulator { key: "anachron", label: "Anachron".to_owned(), spec: own }];
    found.extend(bochs());
    found.extend(qemu());
    found
}

/// Bochs says its version in its help; a build with the debugger (Debian's) has an option for its commands.
fn bochs() -> Option<Emulator> {
    let exe = process::find_program("bochs")?;
    let help = Command::new(&exe).arg("--help").stdin(Stdio::null()).output().ok()?;
    let help = [help.stdout, help.stderr].concat();
    let help = String::from_utf8_lossy(&help);
    let version = word_after(&help, "Bochs x86 Emulator ").unwrap_or_default();
    let mut spec = format!("bochs=bochs,exe={}", exe.display());
    if help.contains("-rc filename") {
        spec += ",display=rfb,debugger=1";
    }
    if let Ok(share) = std::env::var("BXSHARE") {
        spec += &format!(",share={share}");
    }
    Some(Emulator { key: "bochs", label: format!("Bochs {version}"), spec })
}

fn qemu() -> Option<Emulator> {
    let exe = process::find_program("qemu-system-x86_64")?;
    let said = process::output(Command::new(&exe).arg("--version"))?;
    let version = word_after(&said, "version ").unwrap_or_default();
    let spec = format!("qemu=qemu-tcg,exe={}", exe.display());
    Some(Emulator { key: "qemu", label: format!("QEMU {version}"), spec })
}

fn word_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words)?.1.split_whitespace().next()
}

fn run_all(
    folder: &Path,
    emulators: &[Emulator],
    rounds: usize,
    scratch: &Scratch,
) -> Result<Vec<Run>, String> {
    let out = scratch.0.join("runs.jsonl");
    let mut runner = Command::new("python3");
    runner.arg(folder.join("run_bench.py")).args(["measure", "-w", "rm16.*"]);
    runner.args(["--rounds", &rounds.to_string(), "--target", TARGET, "--patience", PATIENCE]);
    runner.arg("--out").arg(&out).arg("--calib").arg(scratch.0.join("calib.json"));
    for emulator in emulators {
        runner.args(["--emu", &emulator.spec]);
    }
    process::must(&mut runner)?;
    let lines = std::fs::read_to_string(&out).map_err(|error| format!("the runner left nothing: {error}"))?;
    Ok(lines.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Run> {
    let text = |key: &str| {
        let rest = line.split_once(&format!("\"{key}\": \""))?.1;
        Some(rest.split_once('"')?.0.to_owned())
    };
    Some(Run {
        emulator: text("emu")?,
        workload: text("wl")?,
        repeats: number_after(line, "\"reps\"")?,
        seconds: number_after(line, "\"cpu\"").unwrap_or(f64::NAN),
        is_right: line.contains("\"ok\": true"),
    })
}

/// How an emulator did with a workload.
struct Score {
    /// Processor seconds for a repeat.
    seconds: Option<f64>,
    is_right: bool,
}

fn score(runs: &[Run], emulator: &str, workload: &str) -> Score {
    let of = || runs.iter().filter(|run| run.emulator == emulator && run.workload == workload);
    let timed = of().filter(|run| run.is_right && run.seconds > 0.0);
    let seconds = median(timed.map(|run| run.seconds / run.repeats));
    Score { seconds, is_right: of().count() > 0 && of().all(|run| run.is_right) }
}

/// The workloads in the order in which they were run.
fn workloads(runs: &[Run]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.workload.as_str()) {
            names.push(&run.workload);
        }
    }
    names
}

/// Guest clocks in a second of processor time, by workload, as in the order of [`workloads`]: medians.
fn clocks(programs: &Programs, image: &Path, runs: &[Run], scratch: &Scratch) -> Result<Vec<f64>, String> {
    let plain = std::fs::read(image).map_err(|error| format!("cannot read {}: {error}", image.display()))?;
    let names = workloads(runs);
    let mut rates = vec![Vec::new(); names.len()];
    for _ in 0..programs.rounds {
        for (name, rates) in names.iter().zip(&mut rates) {
            let own = runs.iter().find(|run| run.emulator == "anachron" && run.workload == *name);
            let repeats = own.map_or(1.0, |run| run.repeats) as u32;
            let floppy = scratch.0.join("clock.img");
            std::fs::write(&floppy, configured(&plain, name, repeats)?)
                .map_err(|error| format!("cannot write {}: {error}", floppy.display()))?;
            let begin = stats(programs, &floppy, &format!("BEGIN {name}"), scratch)?;
            let end = stats(programs, &floppy, "DONE", scratch)?;
            rates.push((end.cycles - begin.cycles) / (end.seconds - begin.seconds));
        }
    }
    Ok(rates.into_iter().filter_map(median).collect())
}

/// A copy of the image that runs one workload.
fn configured(image: &[u8], workload: &str, repeats: u32) -> Result<Vec<u8>, String> {
    let mut image = image.to_vec();
    let name = workload.split_once('.').map_or(workload, |(_, name)| name).as_bytes();
    let found = image.windows(MAGIC.len()).skip(CONFIGURATION).position(|bytes| bytes == MAGIC);
    let at = CONFIGURATION + found.ok_or("the benchmark image has no configuration")?;
    let entry = image.get_mut(at + 5..at + 32).ok_or("the benchmark image ends in its configuration")?;
    // Mode 0, one processor, one entry; the entry's name and count lie 16 bytes after the magic.
    entry[..3].copy_from_slice(&[0, 1, 1]);
    entry[11..23].fill(0);
    entry[11..11 + name.len().min(12)].copy_from_slice(&name[..name.len().min(12)]);
    entry[23..27].copy_from_slice(&repeats.to_le_bytes());
    Ok(image)
}

struct Stats {
    cycles: f64,
    seconds: f64,
}

/// What a headless run has used when its debug console has said `until`.
fn stats(programs: &Programs, floppy: &Path, until: &str, scratch: &Scratch) -> Result<Stats, String> {
    let file: PathBuf = scratch.0.join("stats.ron");
    let mut run = Command::new(&programs.anachron);
    run.args(["run", "xt", "--headless", "--disposable", "--timeout", "120", "--floppy"]).arg(floppy);
    run.args(["--until-debugcon", until, "--stats"]).arg(&file);
    process::output(&mut run).ok_or_else(|| format!("{} failed", process::shown(&run)))?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("no statistics: {error}"))?;
    let number = |key: &str| number_after(&text, key).ok_or_else(|| format!("the statistics lack {key}"));
    Ok(Stats { cycles: number("guest_cycles")?, seconds: number("cpu_seconds")? })
}

fn section(emulators: &[Emulator], runs: &[Run], clocks: &[f64], instructions: &str) -> String {
    let mut text = "The XT (`xt`, 8088 with its prefetch queue, DRAM refresh and CGA) headless with `--speed unlimited`, on the \
                    16-bit workloads of\nthe benchmark floppy. Million guest instructions a second of processor \
                    time; the first column is the guest's clock against a\nreal XT's 4.77 MHz. The others keep \
                    no time at all. For comparison, as known from elsewhere: Bochs 3.0 reaches 100\nto 270, QEMU 290 to \
                    1,780; MartyPC, cycle-exact too, 8 to 10 times an XT's clock. The aim here is 25 times.\n\n| workload | clock |"
        .to_owned();
    for emulator in emulators {
        text += &format!(" {} |", emulator.label);
    }
    text += &format!(" checksums |\n| --- | --: |{} --- |\n", " --: |".repeat(emulators.len()));
    let mut rates = vec![Vec::new(); emulators.len()];
    for (workload, clock) in workloads(runs).into_iter().zip(clocks) {
        let count = number_after(instructions, &format!("\"{workload}\"")).unwrap_or(f64::NAN);
        text += &format!("| {workload} | {}× |", shown(clock / XT_HZ));
        let mut are_right = true;
        for (emulator, rates) in emulators.iter().zip(&mut rates) {
            let score = score(runs, emulator.key, workload);
            are_right &= score.is_right;
            let rate = score.seconds.map(|seconds| count / seconds / 1e6);
            rates.extend(rate);
            text += &format!(" {} |", rate.map_or("—".to_owned(), shown));
        }
        text += if are_right { " right |\n" } else { " WRONG |\n" };
    }
    let clock = geometric_mean(clocks).map_or("—".to_owned(), |clock| shown(clock / XT_HZ));
    text += &format!("| geometric mean | {clock}× |");
    for rates in &rates {
        text += &format!(" {} |", geometric_mean(rates).map_or("—".to_owned(), shown));
    }
    text + " |\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_lines_are_read() {
        let line = r#"{"emu": "qemu", "wl": "rm16.r_crc", "round": 0, "reps": 400, "cpus": 1, "load": 0.1, "at": 1, "wall": 1.0, "cpu": 0.5, "sum": "0", "other": 0.1, "ok": true}"#;
        let failed =
            r#"{"emu": "qemu", "wl": "rm16.r_crc", "round": 1, "reps": 400, "fail": "[(300, 'TIMEOUT')]"}"#;
        let runs: Vec<Run> = [line, line, failed].into_iter().filter_map(parse).collect();
        let score = score(&runs, "qemu", "rm16.r_crc");
        assert_eq!((score.seconds, score.is_right), (Some(0.5 / 400.0), false));
        assert_eq!(workloads(&runs), ["rm16.r_crc"]);
    }

    #[test]
    fn an_image_is_configured_for_one_workload() {
        let mut image = vec![0u8; 1024];
        image[512..517].copy_from_slice(MAGIC);
        image[519] = 7;
        let patched = configured(&image, "rm16.r_crc", 0x0102).unwrap();
        assert_eq!(patched[517..520], [0, 1, 1]);
        assert_eq!(patched[528..544], *b"r_crc\0\0\0\0\0\0\0\x02\x01\0\0");
        assert!(configured(&[0; 1024], "rm16.r_crc", 1).is_err());
    }
}
