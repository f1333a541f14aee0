//! What the window costs, measured on the real one under a virtual screen by `app/examples/window_cost.rs`.

use super::figures::{median, number_after, shown};
use super::{Measured, Programs, XT_HZ, bench_folder};
use crate::process;
use crate::virtual_screen::{Running, Scratch, Screen};
use std::io::Read;
use std::process::{Command, Stdio};

/// As large as the window is at first.
const SCREEN: &str = "1120x720x24";

/// Machines in the library.
const MACHINES: [&str; 5] = ["Letters", "Games", "Accounts", "School", "Modem"];

/// What a rehearsal printed, one text a round.
struct Told(Vec<String>);

impl Told {
    /// The figure of this name, and the one after it on its line: the medians over the rounds.
    fn pair(&self, name: &str) -> (f64, f64) {
        let line = |text: &String| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        let lines: Vec<String> = self.0.iter().filter_map(line).collect();
        let first = median(lines.iter().filter_map(|line| number_after(line, name)));
        let second = median(
            lines.iter().filter_map(|line| line.get(name.len()..)?.split_whitespace().nth(1)?.parse().ok()),
        );
        (first.unwrap_or(f64::NAN), second.unwrap_or(f64::NAN))
    }

    fn figure(&self, name: &str) -> f64 {
        self.pair(name).0
    }

    /// A figure that stands there once for each machine, in a machine's order: medians over the rounds.
    fn each(&self, name: &str) -> Vec<f64> {
        let lists = self.0.iter().map(|text| {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| number_after(line, name)).collect::<Vec<_>>()
        });
        let lists: Vec<_> = lists.collect();
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        (0..longest).filter_map(|at| median(lists.iter().filter_map(|list| list.get(at).copied()))).collect()
    }
}

pub fn measure_frames(programs: &Programs) -> Result<Measured, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Measured::Skipped("the window is measured under Xvfb, on Linux only".to_owned()));
    }
    let floppy = bench_folder().join("images/bench-rm16-360k.img");
    let floppy = floppy.is_file().then(|| floppy.to_string_lossy().into_owned());
    let scenario = |name, floppy| rehearse(programs, name, floppy);
    let (mut library, mut demo, mut busy, mut waiting) = (vec![], vec![], vec![], vec![]);
    for _ in 0..programs.rounds {
        library.push(scenario("library", None)?);
        demo.push(scenario("demo", None)?);
        busy.push(scenario("flat-out", floppy.as_deref())?);
        waiting.push(scenario("flat-out", None)?);
    }
    let told = [library, demo, busy, waiting].map(Told);
    Ok(Measured::Section(frames_section(&told)))
}

fn frames_section([library, demo, busy, waiting]: &[Told; 4]) -> String {
    let mut text = "The real window (1120 × 720) under Xvfb, 60 frames a second asked for. A frame's cost is the processor time \
         of the window's\nown thread from one frame to the next, layout, upload and drawing calls included; beside it, \
         the clock's time for the frame\nwithout waiting for the screen. Drawing is Mesa's, in software, on threads of \
         its own that compete for the same cores.\n\n\
         | the window shows | thread, median (ms) | thread, 99 of 100 (ms) | clock, median (ms) | clock, 99 of 100 (ms) |\n\
         | --- | --: | --: | --: | --: |\n"
        .to_owned();
    for (told, name, what) in [
        (library, "library", "the library with five machines"),
        (demo, "demo", "one XT with the demo, at its own speed"),
        (busy, "two", "two XTs flat out, both computing"),
        (waiting, "two", "two XTs flat out, both in the demo"),
    ] {
        let (cpu, cpu_worst) = told.pair(&format!("frame_cpu_ms {name}"));
        let (wall, wall_worst) = told.pair(&format!("frame_wall_ms {name}"));
        let cells = [cpu, cpu_worst, wall, wall_worst].map(shown).join(" | ");
        text += &format!("| {what} | {cells} |\n");
    }
    text += "\nAim: under 16 ms in 99 of 100 frames.\n\n";
    let starts = [demo.figure("start_ms"), busy.figure("start_ms")].map(shown);
    text += &format!(
        "From the click on Start to the guest's first lit pixel, drawn: **{} ms** at the machine's own speed, {} ms flat \
         out (aim: 300).\n\n",
        starts[0], starts[1]
    );
    let alone = busy.each("cycles_per_second one").first().copied().unwrap_or(f64::NAN);
    let both: Vec<String> = busy
        .each("cycles_per_second two")
        .iter()
        .map(|rate| format!("{}× ({:.0} % of that)", shown(rate / XT_HZ), rate / alone * 100.0))
        .collect();
    text += &format!(
        "Flat out in the window, one computing XT reaches {}× an XT's clock; two beside each other reach {}.\n",
        shown(alone / XT_HZ),
        both.join(" and ")
    );
    text
}

pub fn measure_memory(programs: &Programs) -> Result<Measured, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Measured::Skipped("memory is measured on Linux only".to_owned()));
    }
    let rounds =
        (0..programs.rounds).map(|_| rehearse(programs, "demo", None)).collect::<Result<Vec<_>, _>>()?;
    let told = Told(rounds);
    let [bare, running] = ["memory_kib bare", "memory_kib running"].map(|name| told.figure(name) / 1024.0);
    Ok(Measured::Section(format!(
        "Proportional set size of the process: the window with the library, and the same window four seconds after a \
         640 KB XT was\nstarted in it.\n\n\
         | bare window (MB) | with a running XT (MB) | the XT adds (MB) | aim |\n| --: | --: | --: | --: |\n\
         | {bare:.1} | {running:.1} | {:.1} | < 40 |\n",
        running - bare
    )))
}

/// Runs the window through a scenario, and gives what it printed. Each has a screen and a library of its own.
fn rehearse(programs: &Programs, scenario: &str, floppy: Option<&str>) -> Result<String, String> {
    let home = Scratch::new("window")?;
    let screen = Screen::start(SCREEN)?;
    for machine in MACHINES {
        let mut create = Command::new(&programs.anachron);
        screen.hosts(create.args(["create", "xt", machine]).stdout(Stdio::null()), &home);
        process::must(&mut create)?;
    }
    let mut window = Command::new(&programs.window_cost);
    screen.hosts(window.arg(scenario).args(floppy), &home);
    eprintln!("$ {}", process::shown(&window));
    let mut running = Running::start(window.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut told = String::new();
    let mut said = running.0.stdout.take().ok_or("the window has no output")?;
    said.read_to_string(&mut told).map_err(|error| format!("cannot hear the window: {error}"))?;
    let status = running.0.wait().map_err(|error| format!("the window is lost: {error}"))?;
    if status.success() && !told.is_empty() {
        Ok(told)
    } else {
        Err(format!("{} ended with {status}", process::shown(&window)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_summed_up() {
        let round = |ms: f64| {
            format!(
                "frame_cpu_ms two {ms} {} of 60\ncycles_per_second two 1\ncycles_per_second two {ms}\n",
                ms * 2.0
            )
        };
        let told = Told([2.0, 1.0, 4.0].map(round).to_vec());
        assert_eq!(told.pair("frame_cpu_ms two"), (2.0, 4.0));
        assert_eq!(told.each("cycles_per_second two"), [1.0, 2.0]);
        assert!(told.figure("start_ms").is_nan());
    }
}
