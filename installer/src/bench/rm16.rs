//! The 8086's speed: the real-mode workloads of the benchmark floppy, beside Bochs and QEMU where they are
//! installed, and the guest clock that the XT reaches against a real one's 4.77 MHz.

use super::emulator::Emulator;
use super::figures::{geometric_mean, median, shown};
use super::guests;
use super::turns::{self, Score, Workload};
use super::{Measured, Programs, XT_HZ, bench_folder, stats};

/// Guest instructions that a measurement of the clock takes.
const CLOCK_INSTRUCTIONS: f64 = 5e6;

pub fn measure(programs: &Programs) -> Result<Measured, String> {
    let folder = bench_folder();
    let Ok(image) = std::fs::read(folder.join("images/bench-rm16-360k.img")) else {
        return Ok(guests::no_images(&folder));
    };
    let workloads = turns::workloads(&folder, "rm16")?;
    let mut emulators = vec![Emulator::xt(programs)];
    emulators.extend(Emulator::others());
    let scores = turns::run(&emulators, &workloads, &image, programs.rounds)?;
    let clocks = clocks(programs, &image, &workloads)?;
    Ok(Measured::Section(section(&emulators, &workloads, &scores, &clocks)))
}

/// Guest clocks in a second of processor time, by workload: medians.
fn clocks(programs: &Programs, image: &[u8], workloads: &[Workload]) -> Result<Vec<f64>, String> {
    let mut medians = Vec::new();
    for workload in workloads {
        let repeats = (CLOCK_INSTRUCTIONS / workload.instructions).max(1.0) as u32;
        let mut rates = Vec::new();
        for _ in 0..programs.rounds {
            let stats = stats::of_workload(programs, &["xt"], image, &workload.name, repeats)?;
            rates.push(stats.cycles / stats.seconds);
        }
        medians.extend(median(rates));
    }
    Ok(medians)
}

fn section(emulators: &[Emulator], workloads: &[Workload], scores: &[Vec<Score>], clocks: &[f64]) -> String {
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
    for (at, (workload, clock)) in workloads.iter().zip(clocks).enumerate() {
        text += &format!("| {} | {}× |", workload.name, shown(clock / XT_HZ));
        for scores in scores {
            text += &format!(" {} |", guests::cell(scores[at].rate()));
        }
        text += &format!(" {} |\n", guests::verdict(scores, at));
    }
    let clock = geometric_mean(clocks).map(|clock| clock / XT_HZ);
    text += &format!("| geometric mean | {}× |", guests::cell(clock));
    for scores in scores {
        text += &format!(" {} |", guests::cell(guests::mean(scores, |_| true)));
    }
    text + " |\n"
}
