//! The same contract in a window, on a screen that nobody sees.

use super::support::{Desk, PATIENCE, SMALL, Said, disk};
use super::{KEYS, stats};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A virtual screen, for as long as this lives.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    /// Absent, and said to be, where the host has none to offer.
    fn start() -> Option<Self> {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x960x24", "-nolisten", "tcp", "-noreset"]);
        let Ok(mut server) = xvfb.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            println!("skipped: there is no Xvfb to open windows on");
            return None;
        };
        let mut number = String::new();
        let said = BufReader::new(server.stdout.take()?).read_line(&mut number);
        let screen = Self { server, display: format!(":{}", number.trim()) };
        if said.is_err() || number.trim().is_empty() {
            println!("skipped: Xvfb does not start");
            return None;
        }
        let first = screen.said(&Desk::new(), &["--for-cycles", "1"]);
        if first.err.contains("The window cannot be opened") {
            println!("skipped: Xvfb has no graphics that windows could be drawn with");
            return None;
        }
        Some(screen)
    }

    /// A run of an XT of 64 KB in a window here, as fast as the host can.
    fn run(&self, desk: &Desk, words: &[&str]) -> Command {
        let mut command = desk.command();
        command.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").env("LIBGL_ALWAYS_SOFTWARE", "1");
        command.env("XDG_RUNTIME_DIR", desk.path(""));
        command.args(["run", "xt", "--memory", "64K", "--speed", "unlimited"]).args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn said(&self, desk: &Desk, words: &[&str]) -> Said {
        Said::of(self.run(desk, &[words, &["--timeout", PATIENCE]].concat()).output().unwrap())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It ends in any case.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn for_cycles_ends_at_the_same_cycle_as_without_a_window() {
    let Some(screen) = Screen::start() else { return };
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    // Keys are typed at the same cycles, too.
    let words = ["--floppy", &floppy, "--until-screen", "type:", "--type", "ab", "--until-screen", "never"];
    let words = [&words[..], &["--for-cycles", "9000003"]].concat();
    let results = |name: &str| (desk.name(&format!("{name}.ron")), desk.name(&format!("{name}.png")));
    let (stats_file, picture) = results("window");
    let seen =
        screen.said(&desk, &[&words, &["--stats", &stats_file, "--screenshot", &picture][..]].concat());
    seen.expect(0, &[]);
    let (stats_file, picture) = results("headless");
    desk.run(&[&words, &["--stats", &stats_file, "--screenshot", &picture][..]].concat()).expect(0, &[]);
    let [in_window, headless] = ["window.ron", "headless.ron"].map(|name| {
        let [cpu] = <[_; 1]>::try_from(stats(&desk, name).vcpus).unwrap();
        (cpu.guest_cycles, cpu.guest_instructions, cpu.string_iterations)
    });
    assert_eq!(in_window, headless);
    assert!(
        std::fs::read(desk.path("window.png")).unwrap() == std::fs::read(desk.path("headless.png")).unwrap()
    );
}

#[test]
fn a_script_in_a_window_types_waits_and_records() {
    let Some(screen) = Screen::start() else { return };
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    let (text, sound) = (desk.name("screen.txt"), desk.name("sound.wav"));
    let words = ["--until-screen", "type:", "--type", "hello", "--until-screen", "type:hello"];
    let results = ["--floppy", &floppy, "--text-screen", &text, "--record-audio", &sound];
    screen.said(&desk, &[words, results].concat()).expect(0, &[]);
    assert!(desk.text("screen.txt").contains("type:hello"), "{}", desk.text("screen.txt"));
    assert!(hound::WavReader::open(&sound).unwrap().duration() > 0);
}

#[test]
fn a_window_s_run_fails_and_times_out_as_one_without() {
    let Some(screen) = Screen::start() else { return };
    let desk = Desk::new();
    let late = screen.run(&desk, &["--timeout", "1", "--until-screen", "never"]).output().unwrap();
    Said::of(late).expect(3, &["time is up", "the screen to show \"never\""]);
    screen.said(&desk, &["--floppy", "gone.img"]).expect(1, &["gone.img"]);
}

#[cfg(unix)]
#[test]
fn a_terminated_window_writes_its_results() {
    let Some(screen) = Screen::start() else { return };
    for (script, status) in [(&["--until-screen", "never"][..], 1), (&[], 0)] {
        let desk = Desk::new();
        let (serial, stats_file) = (desk.name("serial.txt"), desk.name("stats.ron"));
        let words = ["--serial", &serial, "--stats", &stats_file];
        let child = screen.run(&desk, &[&words, script].concat()).spawn().unwrap();
        // The port's file is made when the machine is built, and signals are caught before that.
        let begun = Instant::now();
        while !desk.path("serial.txt").exists() {
            assert!(begun.elapsed() < Duration::from_secs(120), "the run does not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        Said::of(child.wait_with_output().unwrap()).expect(status, &[]);
        assert!(!stats(&desk, "stats.ron").vcpus.is_empty());
    }
}
