//! What the program itself counts of a run (`anachron run --stats`), told apart from the guest's start.

use super::Programs;
use super::figures::number_after;
use super::image::configured;
use crate::process;
use crate::virtual_screen::Scratch;
use std::process::Command;

/// Counters of a run, or their difference.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    pub cycles: f64,
    pub instructions: f64,
    pub seconds: f64,
    pub read: Table,
    pub write: Table,
    pub fetch: Table,
    pub traces: Option<Traces>,
}

/// One of the TLB's tables. Accesses are 0 where the processor doesn't count them.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub accesses: f64,
    pub misses: f64,
}

/// What the threaded engine did.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    pub translated: f64,
    pub translated_instructions: f64,
    /// Instructions that a trace handed to the checked processor, and those outside of traces.
    pub checked: f64,
}

impl Stats {
    fn read(text: &str) -> Option<Self> {
        let table = |name: &str| {
            let text = text.split_once(&format!("{name}: ("))?.1;
            Some(Table { accesses: number_after(text, "accesses")?, misses: number_after(text, "misses")? })
        };
        let traces = text.split_once("traces: Some(").and_then(|(_, text)| {
            Some(Traces {
                translated: number_after(text, "translated:")?,
                translated_instructions: number_after(text, "translated_instructions")?,
                checked: number_after(text, "checked")? + number_after(text, "stepped")?,
            })
        });
        Some(Self {
            cycles: number_after(text, "guest_cycles")?,
            instructions: number_after(text, "guest_instructions")?,
            seconds: number_after(text, "cpu_seconds")?,
            read: table("read")?,
            write: table("write")?,
            fetch: table("fetch")?,
            traces,
        })
    }

    /// What came after `earlier`. Traces are the whole run's: the start has translated what it needs.
    pub fn since(&self, earlier: &Self) -> Self {
        let table = |now: &Table, then: &Table| Table {
            accesses: now.accesses - then.accesses,
            misses: now.misses - then.misses,
        };
        let checked = earlier.traces.as_ref().map_or(0.0, |traces| traces.checked);
        Self {
            cycles: self.cycles - earlier.cycles,
            instructions: self.instructions - earlier.instructions,
            seconds: self.seconds - earlier.seconds,
            read: table(&self.read, &earlier.read),
            write: table(&self.write, &earlier.write),
            fetch: table(&self.fetch, &earlier.fetch),
            traces: self.traces.clone().map(|traces| Traces { checked: traces.checked - checked, ..traces }),
        }
    }
}

/// What so many repeats of a workload cost, from its first line to the guest's last, on this board.
///
/// # Errors
/// When the run fails, or its files can't be written or read.
pub fn of_workload(
    programs: &Programs,
    board: &[&str],
    image: &[u8],
    workload: &str,
    repeats: u32,
) -> Result<Stats, String> {
    let scratch = Scratch::new("stats")?;
    let floppy = scratch.0.join("bench.img");
    std::fs::write(&floppy, configured(image, &[(workload, repeats)])?)
        .map_err(|error| format!("cannot write {}: {error}", floppy.display()))?;
    let until = |line: &str| {
        let file = scratch.0.join("stats.ron");
        let mut run = Command::new(&programs.anachron);
        run.arg("run").args(board).args(["--headless", "--disposable", "--timeout", "120", "--floppy"]);
        run.arg(&floppy).args(["--until-debugcon", line, "--stats"]).arg(&file);
        process::output(&mut run).ok_or_else(|| format!("{} failed", process::shown(&run)))?;
        let text = std::fs::read_to_string(&file).map_err(|error| format!("no statistics: {error}"))?;
        Stats::read(&text).ok_or_else(|| "the statistics lack a counter".to_owned())
    };
    let begin = until(&format!("BEGIN {workload}"))?;
    Ok(until("DONE")?.since(&begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "(vcpus: [(guest_cycles: 40, guest_instructions: 30, string_iterations: 1, tlb: (\
        read: (accesses: 9, misses: 1, hit_rate: 0.9), write: (accesses: 0, misses: 2, hit_rate: 0.9), \
        fetch: (accesses: 8, misses: 3, hit_rate: 0.9)), traces: Some((translated: 5, \
        translated_instructions: 50, sought: 7, checked: 2, stepped: 3)))], wall_seconds: 2.5, cpu_seconds: 1.5)";

    #[test]
    fn statistics_are_read_and_told_apart() {
        let whole = Stats::read(TEXT).unwrap();
        assert_eq!((whole.cycles, whole.instructions, whole.seconds), (40.0, 30.0, 1.5));
        assert_eq!((whole.read.accesses, whole.write.misses, whole.fetch.misses), (9.0, 2.0, 3.0));
        let rest = whole.since(&Stats { cycles: 10.0, ..Stats::default() });
        let traces = rest.traces.unwrap();
        assert_eq!(rest.cycles, 30.0);
        assert_eq!((traces.translated, traces.translated_instructions, traces.checked), (5.0, 50.0, 5.0));
    }
}
