//! Runs workloads in emulators by turns, and times each by the emulator's processor time between the lines with which
//! the guest begins and ends it (the images' README, "Protocol").

use super::emulator::Emulator;
use super::figures::median;
use super::image::{Entry, configured};
use crate::process;
use crate::virtual_screen::{Running, Scratch};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Processor seconds that a run of a workload is given.
const TARGET: f64 = 0.5;

/// What the first run of each is given, from which its repeats are reckoned.
const FIRST_TARGET: f64 = 0.1;

/// One repeat of a workload with so many instructions takes longer than that anywhere.
const LARGE: f64 = 100e6;

/// Workloads that one boot runs.
const BATCH: usize = 10;

/// No boot takes longer.
const LIMIT: Duration = Duration::from_secs(600);

/// What is known of a workload.
pub struct Workload {
    /// With its mode: `pm32.qsort`.
    pub name: String,
    /// Guest instructions of one repeat.
    pub instructions: f64,
    /// The right checksum, as the guest says it.
    checksum: String,
}

/// The benchmark images' tables, of one mode.
///
/// # Errors
/// When a file can't be read, as a sentence.
pub fn workloads(folder: &Path, mode: &str) -> Result<Vec<Workload>, String> {
    let read = |name: &str| {
        let file = folder.join(name);
        std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
    };
    let (instructions, checksums) = (read("insns.json")?, read("expected.json")?);
    let prefix = format!("{mode}.");
    let found = pairs(&instructions).filter(|(name, _)| name.starts_with(&prefix));
    let checksum = |name: &str| pairs(&checksums).find(|(other, _)| *other == name).map(|(_, sum)| sum);
    Ok(found
        .map(|(name, count)| Workload {
            name: name.to_owned(),
            instructions: count.parse().unwrap_or(f64::NAN),
            checksum: checksum(name).unwrap_or_default().to_owned(),
        })
        .collect())
}

/// The lines of a flat JSON object, a pair on each.
fn pairs(json: &str) -> impl Iterator<Item = (&str, &str)> {
    let bare = |text| str::trim_matches(text, |c: char| c.is_whitespace() || "\",".contains(c));
    json.lines().filter_map(move |line| line.split_once(':').map(|(key, value)| (bare(key), bare(value))))
}

/// How an emulator did with a workload.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Million guest instructions in a second of processor time, one for each run that was right.
    rates: Vec<f64>,
    runs: usize,
}

impl Score {
    /// The median of its runs.
    pub fn rate(&self) -> Option<f64> {
        median(self.rates.iter().copied())
    }

    /// Whether each run ended with the right checksum.
    pub fn is_right(&self) -> bool {
        self.runs > 0 && self.rates.len() == self.runs
    }
}

/// Runs all workloads in all emulators, so many times. Gives each emulator's scores, in the workloads' order.
///
/// # Errors
/// When an emulator can't be started or a file not written.
pub fn run(
    emulators: &[Emulator],
    workloads: &[Workload],
    image: &[u8],
    rounds: usize,
) -> Result<Vec<Vec<Score>>, String> {
    let scratch = Scratch::new("bench")?;
    let mut scores = vec![vec![Score::default(); workloads.len()]; emulators.len()];
    for (number, batch) in workloads.chunks(BATCH).enumerate() {
        let all: Vec<&Workload> = batch.iter().collect();
        let mut repeats = Vec::new();
        for emulator in emulators {
            repeats.push(calibrated(emulator, batch, image, &scratch)?);
        }
        for round in 0..rounds {
            // Forth and back, so that what slowly changes on the host is everyone's.
            let forth = 0..emulators.len();
            let order: Vec<usize> = if round % 2 == 0 { forth.collect() } else { forth.rev().collect() };
            for at in order {
                let timed = run_batch(&emulators[at], &all, &repeats[at], image, &scratch)?;
                let scores = &mut scores[at][number * BATCH..];
                for (score, rate) in scores.iter_mut().zip(timed) {
                    score.runs += 1;
                    score.rates.extend(rate.filter(|rate| rate.is_finite()));
                }
            }
        }
    }
    Ok(scores)
}

/// The repeats that take about [`TARGET`] seconds.
fn calibrated(
    emulator: &Emulator,
    batch: &[Workload],
    image: &[u8],
    scratch: &Scratch,
) -> Result<Vec<u32>, String> {
    let repeats_for = |workload: &Workload, mips: f64, seconds: f64| {
        (mips * 1e6 * seconds / workload.instructions).clamp(1.0, f64::from(u32::MAX)) as u32
    };
    let small: Vec<&Workload> = batch.iter().filter(|workload| workload.instructions < LARGE).collect();
    let first: Vec<u32> =
        small.iter().map(|workload| repeats_for(workload, emulator.guess, FIRST_TARGET)).collect();
    let mut rates = run_batch(emulator, &small, &first, image, scratch)?.into_iter();
    let repeats = |workload: &Workload| {
        if workload.instructions >= LARGE {
            return 1;
        }
        let rate = rates.next().flatten().unwrap_or(emulator.guess).min(10_000.0);
        repeats_for(workload, rate, TARGET)
    };
    Ok(batch.iter().map(repeats).collect())
}

/// One boot. Gives the rate of each workload that ended with the right checksum.
fn run_batch(
    emulator: &Emulator,
    batch: &[&Workload],
    repeats: &[u32],
    image: &[u8],
    scratch: &Scratch,
) -> Result<Vec<Option<f64>>, String> {
    let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(Vec::new()) };
    let floppy = scratch.0.join("bench.img");
    let mut entries: Vec<Entry> =
        batch.iter().map(|workload| workload.name.as_str()).zip(repeats.iter().copied()).collect();
    // One more, because an emulator may be gone when its last line is heard.
    entries.push((&first.name, 1));
    std::fs::write(&floppy, configured(image, &entries)?)
        .map_err(|error| format!("cannot write {}: {error}", floppy.display()))?;
    let mut command = emulator.command(&floppy, &scratch.0)?;
    eprintln!("$ {} # {} to {}", process::shown(&command), first.name, last.name);
    let mut running = Running::start(command.stdout(Stdio::piped()))?;
    let lines = listen(running.0.stdout.take(), running.0.id());
    let times = times(&lines);
    let rate = |(workload, repeats): (&&Workload, &u32)| {
        let time = times.iter().find(|time| time.name == workload.name)?;
        let instructions = workload.instructions * f64::from(*repeats);
        (time.checksum == workload.checksum).then(|| instructions / time.seconds / 1e6)
    };
    Ok(batch.iter().zip(repeats).map(rate).collect())
}

/// A line of the debug console, and the processor seconds that the emulator had used when it came.
struct Line {
    text: String,
    seconds: f64,
}

/// Hears an emulator on a thread of its own, so that silence can be noticed.
fn listen(output: Option<impl Read + Send + 'static>, process: u32) -> Receiver<Line> {
    let (sender, lines) = channel();
    if let Some(output) = output {
        std::thread::spawn(move || tell_lines(output, process, &sender));
    }
    lines
}

fn tell_lines(output: impl Read, process: u32, sender: &Sender<Line>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let seconds = processor_seconds(process);
        let text = String::from_utf8_lossy(&line).into_owned();
        if sender.send(Line { text, seconds }).is_err() {
            return;
        }
    }
}

/// Processor time of all threads that live; NaN where the host doesn't tell.
fn processor_seconds(process: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanos.reduce(|sum, nanos| sum + nanos).map_or(f64::NAN, |nanos| nanos / 1e9)
}

/// A workload that has ended.
struct Time {
    name: String,
    seconds: f64,
    checksum: String,
}

/// What the guest says until it is done, has failed, or takes too long.
fn times(lines: &Receiver<Line>) -> Vec<Time> {
    let end = Instant::now() + LIMIT;
    let (mut times, mut begun) = (Vec::new(), f64::NAN);
    while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        // Bochs says things of its own, also in front of the guest's on one line.
        let Some(at) = words.iter().position(|word| ["BEGIN", "END", "DONE", "EXCEPTION"].contains(word))
        else {
            continue;
        };
        match words[at..] {
            ["BEGIN", ..] => begun = line.seconds,
            ["END", name, checksum, ..] => times.push(Time {
                name: name.to_owned(),
                seconds: line.seconds - begun,
                checksum: checksum.to_owned(),
            }),
            ["DONE" | "EXCEPTION", ..] => break,
            _ => {}
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let found: Vec<_> = pairs("{\n \"rm16.r_crc\": 50299,\n \"pm32.lz\": \"a38880c6\"\n}\n").collect();
        assert_eq!(found, [("rm16.r_crc", "50299"), ("pm32.lz", "a38880c6")]);
    }

    #[test]
    fn the_guests_lines_are_timed() {
        let (sender, lines) = channel();
        let said = [("BOOT", 1.0), ("BEGIN pm32.lz 5", 2.0), ("c END pm32.lz 0badcafe", 2.5), ("DONE", 3.0)];
        for (text, seconds) in said {
            sender.send(Line { text: text.to_owned(), seconds }).unwrap();
        }
        let times = times(&lines);
        let found: Vec<_> =
            times.iter().map(|time| (time.name.as_str(), time.checksum.as_str(), time.seconds)).collect();
        assert_eq!(found, [("pm32.lz", "0badcafe", 0.5)]);
    }

    #[test]
    fn a_score_is_right_when_each_run_was() {
        let right = Score { rates: vec![3.0, 1.0, 2.0], runs: 3 };
        assert_eq!((right.rate(), right.is_right()), (Some(2.0), true));
        assert!(!Score { rates: vec![1.0], runs: 2 }.is_right());
        assert!(!Score::default().is_right());
    }
}
