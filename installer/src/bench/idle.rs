//! What a guest that waits costs its host: headless at real speed, halted with interrupts on.

use super::figures::{median, number_after};
use super::{Measured, Programs, bench_folder};
use crate::process;
use crate::virtual_screen::Scratch;
use std::path::Path;
use std::process::{Command, Stdio};

/// Seconds of the host's time that the longer runs take, the boot included.
const LENGTH: &str = "20";

/// The exit status of a run whose time is up.
const TIMED_OUT: i32 = 3;

struct Use {
    cpu: f64,
    wall: f64,
}

pub fn measure(programs: &Programs) -> Result<Measured, String> {
    let image = bench_folder().join("images/bench-idle.img");
    if !image.is_file() {
        return Ok(Measured::Skipped(format!("{} is not there (ANACHRON_SHARED)", image.display())));
    }
    let scratch = Scratch::new("idle")?;
    let (mut whole, mut halted) = (Vec::new(), Vec::new());
    for _ in 0..programs.rounds {
        let boot = run(programs, &image, &["--until-debugcon", "IDLE"], 0, &scratch)?;
        // The guest says nothing more, so that this waits until its time is up.
        let waits = ["--until-debugcon", "IDLE", "--until-debugcon", "IDLE", "--timeout", LENGTH];
        let long = run(programs, &image, &waits, TIMED_OUT, &scratch)?;
        whole.push(long.cpu / long.wall);
        halted.push((long.cpu - boot.cpu) / (long.wall - boot.wall));
    }
    let percent =
        |shares: Vec<f64>| median(shares).map_or("—".to_owned(), |share| format!("{:.1}", share * 100.0));
    Ok(Measured::Section(format!(
        "`bench-idle.img` (a guest that boots, says so, and halts with interrupts on) headless with `--speed real`: \
         processor time\nagainst the clock's.\n\n\
         | what | of one core | aim |\n| --- | --: | --: |\n\
         | halted, once booted | {} % | < 3 % |\n| {LENGTH} seconds from power-on | {} % | |\n",
        percent(halted),
        percent(whole)
    )))
}

fn run(
    programs: &Programs,
    image: &Path,
    until: &[&str],
    want: i32,
    scratch: &Scratch,
) -> Result<Use, String> {
    let file = scratch.0.join("stats.ron");
    let mut run = Command::new(&programs.anachron);
    run.args(["run", "xt", "--headless", "--disposable", "--speed", "real", "--floppy"]).arg(image);
    run.args(until).arg("--stats").arg(&file).stderr(Stdio::null());
    let code = process::status(&mut run)?;
    if code != want {
        return Err(format!("{} ended with status {code}", process::shown(&run)));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| format!("no statistics: {error}"))?;
    let number = |key: &str| number_after(&text, key).ok_or_else(|| format!("the statistics lack {key}"));
    Ok(Use { cpu: number("cpu_seconds")?, wall: number("wall_seconds")? })
}
