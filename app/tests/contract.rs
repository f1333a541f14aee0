//! The contract of the command line, on the built program: what scripts rely on.

#[cfg(target_os = "linux")]
#[path = "contract/in_window.rs"]
mod in_window;
mod support;

use serde::Deserialize;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{Desk, SMALL, Said, XT, assemble, disk};

const ECHO: &str = include_str!("programs/echo.asm");
const KEYS: &str = include_str!("programs/keys.asm");
const COUNTER: &str = include_str!("programs/counter.asm");
const ROM: &str = include_str!("programs/rom.asm");

/// What `--stats` has at least.
#[derive(Debug, Deserialize)]
struct Stats {
    vcpus: Vec<Cpu>,
    wall_seconds: f64,
    cpu_seconds: f64,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Cpu {
    guest_cycles: u64,
    guest_instructions: u64,
    string_iterations: u64,
    tlb: Tlb,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Tlb {
    read: Table,
    write: Table,
    fetch: Table,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Table {
    accesses: u64,
    misses: u64,
    hit_rate: f64,
}

fn stats(desk: &Desk, name: &str) -> Stats {
    ron::from_str(&desk.text(name)).expect("the statistics can be read")
}

#[test]
fn for_cycles_is_exact_and_repeats() {
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    for cycles in ["1", "1000003", "9000000"] {
        let mut runs = Vec::new();
        for name in ["one.ron", "two.ron"] {
            let words = ["--floppy", &floppy, "--for-cycles", cycles, "--stats", &desk.name(name)];
            desk.run(&words).expect(0, &[]);
            runs.push(stats(&desk, name));
        }
        assert_eq!(runs[0].vcpus, runs[1].vcpus, "{cycles}");
        let [cpu] = &runs[0].vcpus[..] else { panic!("an XT has one CPU") };
        let asked: u64 = cycles.parse().unwrap();
        // The longest instruction of an 8088 takes about 200 cycles, and the refresh may come in between. At a million
        // the self-test clears memory, by one repeated string instruction that has no boundary within.
        let longest = if asked == 1_000_003 { 500_000 } else { 300 };
        assert!((asked..asked + longest).contains(&cpu.guest_cycles), "{cycles}: {cpu:?}");
        assert!(cpu.guest_instructions > 0 && cpu.guest_instructions <= cpu.guest_cycles / 2 + 1);
        assert!(
            cpu.tlb.fetch.accesses >= cpu.tlb.fetch.misses && (0.0..=1.0).contains(&cpu.tlb.read.hit_rate)
        );
        assert!(runs[0].wall_seconds > 0.0 && runs[0].cpu_seconds >= 0.0);
        if asked > 1_000_000 {
            assert!(cpu.string_iterations > 1000, "POST fills memory with string instructions");
            assert!(cpu.tlb.write.accesses > 0 && cpu.tlb.read.accesses > 0);
        }
    }
}

#[test]
fn a_script_types_and_waits_in_order() {
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    for firmware in ["rom", "host"] {
        let script = [
            "--firmware",
            firmware,
            "--floppy",
            &floppy,
            "--until-screen",
            "type:",
            "--type",
            r"a\\b{{c}\n",
            "--until-screen",
            r"type:a\b{c}",
            "--type",
            "{Shift+Z}x",
            "--until-screen",
            "Zx",
            "--text-screen",
            &desk.name("screen.txt"),
        ];
        desk.run(&script).expect(0, &[]);
        let text = desk.text("screen.txt");
        assert!(text.lines().any(|line| line.trim_end() == r"type:a\b{c}"), "{text}");
        assert!(text.lines().any(|line| line.trim_end() == "Zx"), "{text}");
    }
}

#[test]
fn a_run_that_waits_in_vain_ends_with_3() {
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    let stats_file = desk.name("stats.ron");
    let words = ["run", "xt", "--headless", "--timeout", "1", "--floppy", &floppy, "--until-screen", "never"];
    let said = desk.anachron(&[&words[..], &["--stats", &stats_file]].concat());
    said.expect(3, &["time is up", "the screen to show \"never\""]);
    assert!(stats(&desk, "stats.ron").vcpus[0].guest_cycles > 0);
}

#[test]
fn messages_go_to_stderr_and_wrong_usage_ends_with_2() {
    let desk = Desk::new();
    for words in [&["run"][..], &["run", "xt", "--type", r"\r"], &["run", "xt", "--memory", "64"], &["fly"]] {
        let said = desk.anachron(words).expect(2, &["error:"]);
        assert!(said.out.is_empty());
    }
    let said = desk.anachron(&["run", "xt", "--headless", "--floppy", "gone.img"]).expect(1, &["gone.img"]);
    assert!(said.out.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_in_a_window_needs_a_display() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    let output =
        command.args(["run", "xt", "--record-audio", &desk.name("sound.wav"), "--for-cycles", "9"]).output();
    Said::of(output.unwrap()).expect(1, &["no display", "run xt --headless"]);
    assert!(!desk.path("sound.wav").exists());
}

#[test]
fn what_comes_later_is_refused_by_name() {
    let desk = Desk::new();
    for (words, said) in [
        (&["run", "at-286", "--headless"][..], "at-286"),
        (&["run", "no-such", "--headless"], "no-such"),
        (&["run", "xt", "--headless", "--engine", "hypervisor"], "ypervisor"),
        (&["run", "xt", "--headless", "--cpus", "2"], "one CPU"),
        (&["run", "xt", "--headless", "--cpu", "80386"], "80386"),
        (&["run", "xt", "--headless", "--fpu", "fast"], "no floating-point unit"),
        (&["run", "pc-bare", "--headless", "--cpu", "386dx", "--fpu", "fast"], "no floating-point unit"),
        (&["run", "xt", "--headless", "--memory", "100K"], "100"),
        (&["run", "xt", "--headless", "--memory", "4G"], "KB"),
    ] {
        desk.anachron(words).expect(1, &[said]);
    }
}

#[test]
fn machines_are_made_listed_shown_and_run() {
    let desk = Desk::new();
    assert!(desk.anachron(&["list"]).expect(0, &[]).out.is_empty());
    let made = desk.anachron(&["create", "xt", "Office XT"]).expect(0, &[]);
    let folder = String::from_utf8(made.out).unwrap().trim_end().to_owned();
    let text = |said: Said| String::from_utf8(said.expect(0, &[]).out).unwrap();
    assert_eq!(text(desk.anachron(&["list"])), "office-xt\toff\tOffice XT\n");
    let shown = text(desk.anachron(&["show", "Office XT"]));
    assert!(shown.contains("name\tOffice XT\n") && shown.contains("memory\t640 KB\n"), "{shown}");
    assert!(text(desk.anachron(&["profiles"])).starts_with("xt\t1983\t"));
    desk.anachron(&["run", &folder, "--headless", "--for-cycles", "1000"]).expect(0, &[]);
    desk.anachron(&["show", "nobody"]).expect(1, &["nobody", "anachron list"]);
    desk.anachron(&["create", "vax", "x"]).expect(1, &["vax", "anachron profiles"]);
}

#[test]
fn a_rom_of_ones_own_ends_at_the_top_of_the_first_megabyte() {
    let desk = Desk::new();
    let rom = desk.file("my.rom", &assemble(ROM));
    let said = desk.run(&["--firmware", &rom, "--debugcon", "stdio", "--until-debugcon", "own ROM\n"]);
    assert_eq!(said.expect(0, &[]).out, b"my own ROM\n");
    let log = desk.name("log.txt");
    desk.run(&["--firmware", &rom, "--debugcon", &log, "--until-debugcon", "ROM"]).expect(0, &[]);
    assert_eq!(desk.text("log.txt"), "my own ROM\n");
}

#[test]
fn the_drive_s_type_follows_the_image() {
    let desk = Desk::new();
    for (bytes, kind) in [
        (163_840, "1"),
        (184_320, "1"),
        (327_680, "1"),
        (368_640, "1"),
        (737_280, "3"),
        (1_228_800, "2"),
        (1_474_560, "4"),
    ] {
        let floppy = desk.file("disk.img", &disk(COUNTER, bytes));
        let wanted = format!("drive: {kind}");
        desk.run(&["--floppy", &floppy, "--until-screen", &wanted, "--until-screen", "boots: A"])
            .expect(0, &[]);
    }
}

#[test]
fn images_are_written_in_place_and_left_alone_when_disposable() {
    let desk = Desk::new();
    for firmware in ["rom", "host"] {
        let floppy = desk.file("disk.img", &disk(COUNTER, SMALL));
        let boot = |words: &[&str], count: &str| {
            let script = ["--firmware", firmware, "--floppy", &floppy, "--until-screen", count];
            desk.run(&[&script, words].concat()).expect(0, &[]);
            std::fs::read(&floppy).unwrap()[512]
        };
        assert_eq!(boot(&[], "boots: A"), 1, "{firmware}");
        assert_eq!(boot(&["--disposable"], "boots: B"), 1, "{firmware}");
        assert_eq!(boot(&[], "boots: B"), 2, "{firmware}: the floppy kept what was written");
    }
    // The same with a hard disk of 306 cylinders, 2 heads and 17 sectors.
    for firmware in ["rom", "host"] {
        let hard_disk = desk.file("disk.img", &disk(COUNTER, 306 * 2 * 17 * 512));
        for (words, count, kept) in
            [(&[][..], "boots: A", 1), (&["--disposable"], "boots: B", 1), (&[], "boots: B", 2)]
        {
            let script = ["--firmware", firmware, "--disk", &hard_disk, "--until-screen", count];
            desk.run(&[&script, words].concat()).expect(0, &[]);
            assert_eq!(std::fs::read(&hard_disk).unwrap()[512], kept, "{firmware}");
        }
    }
}

#[test]
fn standard_input_reaches_the_guest_at_its_pace_and_nothing_is_lost() {
    let desk = Desk::new();
    let floppy = desk.file("echo.img", &disk(ECHO, SMALL));
    // More than any buffer on the way holds; every byte value, and an end that comes once.
    let mut sent: Vec<u8> = (0..90_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    sent.extend(b"<the end>");
    let mut child = desk
        .command()
        .args(XT)
        .args(["--floppy", &floppy, "--serial", "stdio", "--until-serial", "<the end>"])
        .args(["--stats", &desk.name("stats.ron")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = sent.clone();
    // A pipe is soon full; the end of the input is no end of the run.
    let feeder = std::thread::spawn(move || input.write_all(&bytes));
    let said = Said::of(child.wait_with_output().unwrap()).expect(0, &[]);
    feeder.join().unwrap().unwrap();
    assert!(said.out == sent, "{} of {} bytes came back", said.out.len(), sent.len());
    let cycles = stats(&desk, "stats.ron").vcpus[0].guest_cycles;
    let line_takes = sent.len() as u64 * 10 * 4_772_726 / 38_400;
    assert!(cycles > line_takes, "{cycles} cycles, and the line alone takes {line_takes}");
}

#[test]
fn a_serial_line_needs_a_port() {
    let desk = Desk::new();
    desk.anachron(&["create", "xt", "Mute"]).expect(0, &[]);
    let file = desk.path("home/mute/machine.ron");
    let profile = std::fs::read_to_string(&file).unwrap();
    let mut profile = machines::profile::Profile::from_ron(&profile).unwrap();
    profile.cards.retain(|card| card.device != "com1");
    std::fs::write(&file, profile.to_ron()).unwrap();
    let folder = desk.name("home/mute");
    for words in [["--serial", "stdio"], ["--until-serial", "x"]] {
        let said = desk.anachron(&[&["run", &folder, "--headless"][..], &words].concat());
        said.expect(1, &["no serial port", "com1"]);
    }
}

#[cfg(unix)]
#[test]
fn a_terminated_run_writes_its_results() {
    let desk = Desk::new();
    let floppy = desk.file("keys.img", &disk(KEYS, SMALL));
    for (script, status) in [(&["--until-screen", "never"][..], 1), (&[], 0)] {
        let results = ["--stats", "stats.ron", "--screenshot", "s.png", "--text-screen", "t.txt"];
        let results: Vec<_> = results
            .iter()
            .map(|word| if word.starts_with("--") { (*word).to_owned() } else { desk.name(word) })
            .collect();
        let serial = desk.name("serial.txt");
        let child = desk
            .command()
            .args(XT)
            .args(["--floppy", &floppy, "--speed", "real", "--serial", &serial])
            .args(script)
            .args(&results)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The port's file is made when the machine is built, and signals are caught before that.
        let begun = Instant::now();
        while !desk.path("serial.txt").exists() {
            assert!(begun.elapsed() < Duration::from_secs(120), "the run does not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        let killed = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        Said::of(child.wait_with_output().unwrap()).expect(status, &[]);
        assert!(stats(&desk, "stats.ron").vcpus[0].guest_cycles > 0);
        assert!(std::fs::read(desk.path("s.png")).unwrap().starts_with(b"\x89PNG"));
        assert!(desk.path("t.txt").exists());
        for name in ["serial.txt", "stats.ron", "s.png", "t.txt"] {
            std::fs::remove_file(desk.path(name)).unwrap();
        }
    }
}

#[test]
fn sound_is_recorded_in_guest_time() {
    let desk = Desk::new();
    let wav = desk.name("sound.wav");
    desk.run(&["--record-audio", &wav, "--for-cycles", "4772726"]).expect(0, &[]);
    let reader = hound::WavReader::open(&wav).unwrap();
    let seconds = f64::from(reader.duration()) / f64::from(reader.spec().sample_rate);
    assert!((0.9..=1.1).contains(&seconds), "{seconds} s of sound in a second");
}
