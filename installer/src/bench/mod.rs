//! `cargo xtask bench`: builds the release program, measures it, and writes the figures into `docs/benchmarks.md`.
//!
//! Each part is a section of that document; a run of some parts leaves the other sections as they were. What is
//! compared is run in turns, and every figure is a median.

mod emulator;
mod figures;
mod guests;
mod idle;
mod image;
mod report;
mod rm16;
mod stats;
mod turns;
mod window;

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use report::Document;
use std::path::PathBuf;
use std::process::ExitCode;

/// What is run in turns is run so often, unless `--rounds` says otherwise.
const ROUNDS: usize = 3;

/// The clock of a PC XT's processor.
const XT_HZ: f64 = 4_772_727.0;

/// A part of the benchmarks, in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Rm16,
    BareRm16,
    Pm32,
    Lm64,
    Gui,
    Memory,
    Idle,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Rm16, Self::BareRm16, Self::Pm32, Self::Lm64, Self::Gui, Self::Memory, Self::Idle];

    fn name(self) -> &'static str {
        match self {
            Self::Rm16 => "rm16",
            Self::BareRm16 => "bare-rm16",
            Self::Pm32 => "pm32",
            Self::Lm64 => "lm64",
            Self::Gui => "gui",
            Self::Memory => "memory",
            Self::Idle => "idle",
        }
    }

    /// The section's heading.
    fn title(self) -> &'static str {
        match self {
            Self::Rm16 => "Real mode",
            Self::BareRm16 => "Real mode on the plain board",
            Self::Pm32 => "32-bit protected mode",
            Self::Lm64 => "64-bit long mode",
            Self::Gui => "Window",
            Self::Memory => "Memory",
            Self::Idle => "Idle use",
        }
    }

    fn measure(self, programs: &Programs) -> Result<Measured, String> {
        match self {
            Self::Rm16 => rm16::measure(programs),
            Self::BareRm16 => guests::measure(programs, "rm16"),
            Self::Pm32 => guests::measure(programs, "pm32"),
            Self::Lm64 => guests::measure(programs, "lm64"),
            Self::Gui => window::measure_frames(programs),
            Self::Memory => window::measure_memory(programs),
            Self::Idle => idle::measure(programs),
        }
    }
}

/// What became of a part.
enum Measured {
    /// The section's text, in Markdown.
    Section(String),
    /// What it lacks, as a sentence.
    Skipped(String),
}

/// The built programs, and how often what is run in turns is run.
struct Programs {
    rounds: usize,
    anachron: PathBuf,
    window_cost: PathBuf,
}

pub fn bench(args: &[String]) -> Outcome {
    let (parts, rounds) = chosen(args)?;
    setup::ensure(&Purpose::ALL)?;
    let programs = build(rounds)?;
    let mut document = Document::read(&process::root().join("docs/benchmarks.md"));
    for part in parts {
        eprintln!("{}:", part.title());
        match part.measure(&programs)? {
            Measured::Section(text) => {
                println!("{text}");
                document.put(part.title(), &text);
                document.write(&Part::ALL.map(Part::title))?;
            }
            Measured::Skipped(why) => eprintln!("  skipped: {why}"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The parts, all where none is named, and the rounds.
fn chosen(args: &[String]) -> Result<(Vec<Part>, usize), String> {
    let (mut parts, mut rounds) = (Vec::new(), ROUNDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--rounds" {
            let number = args.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            rounds = number.ok_or("--rounds needs a number above zero")?;
            continue;
        }
        let found = Part::ALL.into_iter().find(|part| part.name() == arg);
        parts.push(found.ok_or_else(|| {
            let parts = Part::ALL.map(Part::name).join(", ");
            format!("there is no part `{arg}`; the parts are {parts}")
        })?);
    }
    Ok((if parts.is_empty() { Part::ALL.to_vec() } else { parts }, rounds))
}

fn build(rounds: usize) -> Result<Programs, String> {
    let words = ["build", "--release", "--package", "anachron", "--bin", "anachron"];
    process::must(process::cargo(words).args(["--example", "window_cost"]))?;
    let me = std::env::current_exe().map_err(|error| format!("cannot find my own folder: {error}"))?;
    let target = me.parent().and_then(|profile| profile.parent()).ok_or("cannot find the target folder")?;
    let release = target.join("release");
    let name = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(Programs {
        rounds,
        anachron: release.join(name("anachron")),
        window_cost: release.join("examples").join(name("window_cost")),
    })
}

/// The benchmark images and their runner, which lie beside the project for its developers.
fn bench_folder() -> PathBuf {
    let shared = std::env::var_os("ANACHRON_SHARED").map(PathBuf::from);
    shared.unwrap_or_else(|| process::root().join("../shared")).join("bench")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_by_name() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(chosen(&[]), Ok((Part::ALL.to_vec(), ROUNDS)));
        assert_eq!(chosen(&words("idle --rounds 1 rm16")), Ok((vec![Part::Idle, Part::Rm16], 1)));
        assert!(chosen(&words("idle --rounds 0")).is_err());
        assert!(chosen(&words("idel")).unwrap_err().contains("idel"));
    }
}
