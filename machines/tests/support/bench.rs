//! The guest benchmarks of `shared/bench`: an image that is told which workloads to run, and what it reports.

use super::shared;
use emu_core::hal::storage::MemoryMedium;
use emu_core::machine::{Machine, Stop};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Where the configuration lies in an image: sector 1.
const CONFIGURATION: usize = 512;
/// How many workloads it can name.
const MOST_ENTRIES: usize = 31;

/// A mode that workloads run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// What the names of its workloads begin with.
    pub prefix: &'static str,
    number: u8,
}

pub const RM16: Mode = Mode { prefix: "rm16", number: 0 };
pub const PM32: Mode = Mode { prefix: "pm32", number: 1 };
pub const LM64: Mode = Mode { prefix: "lm64", number: 2 };

impl Mode {
    /// The mode of an example's argument; the 32-bit one if there is none.
    pub fn named(prefix: Option<&str>) -> Self {
        [RM16, LM64].into_iter().find(|mode| Some(mode.prefix) == prefix).unwrap_or(PM32)
    }
}

/// What is known of the workloads, by their full names.
pub struct Suite {
    image: Vec<u8>,
    pub expected: BTreeMap<String, String>,
    /// Instructions of one repeat.
    pub instructions: BTreeMap<String, u64>,
}

impl Suite {
    /// `None`, said on standard error, where the benchmarks are not there.
    pub fn find(image: &str) -> Option<Self> {
        let read = |name: &str| std::fs::read(shared(&format!("bench/{name}"))).ok();
        let (Some(image), Some(expected), Some(instructions)) =
            (read(&format!("images/{image}")), read("expected.json"), read("insns.json"))
        else {
            eprintln!("skipped: the benchmarks are not there");
            return None;
        };
        Some(Self { image, expected: json(&expected), instructions: json(&instructions) })
    }

    /// The names of a mode's workloads that take at most so many instructions, without the mode.
    pub fn select(&self, mode: Mode, most_instructions: u64) -> Vec<String> {
        let of_mode = |name: &String| name.strip_prefix(mode.prefix)?.strip_prefix('.').map(str::to_owned);
        let affordable =
            |name: &&String| self.instructions.get(*name).is_some_and(|&cost| cost <= most_instructions);
        self.expected.keys().filter(affordable).filter_map(of_mode).collect()
    }

    /// Runs workloads on machines that `machine` makes, one repeat each. Gives what went wrong, a line each.
    pub fn run(&self, mode: Mode, names: &[String], machine: impl Fn() -> Machine) -> Vec<String> {
        names.chunks(MOST_ENTRIES).flat_map(|names| self.run_some(mode, names, machine())).collect()
    }

    fn run_some(&self, mode: Mode, names: &[String], mut machine: Machine) -> Vec<String> {
        self.run_on(mode, names, 1, &mut machine)
    }

    /// Runs workloads, so many repeats of each. Gives what went wrong, a line each.
    pub fn run_on(&self, mode: Mode, names: &[String], repeats: u32, machine: &mut Machine) -> Vec<String> {
        let medium = Box::new(MemoryMedium::new(self.patched(mode, names, repeats)));
        machine.insert("fdc", 0, "bench", medium).expect("the drive takes the image");
        let report = report_of(machine);
        let mut mistakes = Vec::new();
        for name in names {
            let name = format!("{}.{name}", mode.prefix);
            let wanted = format!("END {name} {}", self.expected[&name]);
            if !report.lines().any(|line| line.trim() == wanted) {
                let said = report.lines().filter(|line| line.contains(&name)).collect::<Vec<_>>().join(" / ");
                mistakes.push(format!("wanted {wanted:?}, got {said:?}"));
            }
        }
        if !mistakes.is_empty() {
            let pc = machine.cpu().pc();
            mistakes.push(format!("stopped at {pc:X?} after {:?}", report.lines().last()));
        }
        mistakes
    }

    fn patched(&self, mode: Mode, names: &[String], repeats: u32) -> Vec<u8> {
        let mut image = self.image.clone();
        let sector = &mut image[CONFIGURATION..CONFIGURATION + 512];
        assert_eq!(sector[..5], *b"BNCH\x01", "the configuration's form");
        sector[5..8].copy_from_slice(&[mode.number, 1, names.len() as u8]);
        for (entry, name) in sector[16..].chunks_exact_mut(16).zip(names) {
            entry.fill(0);
            entry[..name.len()].copy_from_slice(name.as_bytes());
            entry[12..].copy_from_slice(&repeats.to_le_bytes());
        }
        image
    }
}

/// What the debug console says until the guest is done, has failed, or says nothing new for two minutes and a half of its own
/// time.
fn report_of(machine: &mut Machine) -> String {
    let mut report = Vec::new();
    let mut quiet = 0;
    loop {
        let slice = machine.cpu_hz() / 20;
        let target = machine.now() + slice;
        let stop = machine.run_until(target);
        let said = machine.with_domain(|domain, _| {
            let console = domain.find("debugcon");
            domain
                .take_emitted()
                .into_iter()
                .filter(|(device, _)| Some(*device) == console)
                .collect::<Vec<_>>()
        });
        quiet = if said.is_empty() { quiet + 1 } else { 0 };
        report.extend(said.iter().map(|(_, byte)| *byte));
        let text = String::from_utf8_lossy(&report);
        let is_over = text.lines().any(|line| line.starts_with("DONE") || line.starts_with("EXCEPTION"));
        if stop == Stop::PowerOff || is_over && said.is_empty() || quiet > 3_000 {
            return text.into_owned();
        }
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).expect("a table of the benchmarks")
}
