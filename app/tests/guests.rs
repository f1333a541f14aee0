//! Real guest software on the XT, run as a user would: through the program's command line.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// CPU cycles of the XT in a second.
const CPU_HZ: u64 = 4_772_726;

/// Host seconds after which a run is given up: far more than any needs.
const PATIENCE: &str = "900";

/// The folder of guest software, if it is there.
fn guests() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var_os("ANACHRON_SHARED").map_or_else(|| default.into(), PathBuf::from);
    let folder = shared.join("guests");
    if !folder.is_dir() {
        println!("skipped: there is no guest software at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// An image, if it is there.
fn image(name: &str) -> Option<PathBuf> {
    let path = guests()?.join(name);
    if !path.is_file() {
        println!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

fn anachron(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anachron"));
    command.args(["run", "xt", "--headless", "--timeout", PATIENCE]).args(arguments);
    command.output().expect("the program starts")
}

/// Runs the XT from a floppy; gives the text screen at the end.
fn run(floppy: &Path, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let screen = folder.path().join("screen.txt");
    let mut all = vec!["--floppy", floppy.to_str().unwrap(), "--text-screen", screen.to_str().unwrap()];
    all.extend(arguments);
    let output = anachron(&all);
    let text = std::fs::read_to_string(&screen).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{all:?} ended with {}: {said}\n{text}", output.status);
    text
}

/// The rows of the table in `docs/guests.md`: image, guest seconds, words.
fn table() -> Vec<(String, u64, Vec<String>)> {
    let page = include_str!("../../docs/guests.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains(".img |"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let words = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (cells[0].to_owned(), cells[1].parse().expect("seconds"), words)
    };
    rows.map(row).collect()
}

fn check_table(firmware: &str) {
    let rows = table();
    assert!(rows.len() > 10);
    for (name, seconds, words) in rows {
        let Some(floppy) = image(&name) else { continue };
        let cycles = (seconds * CPU_HZ).to_string();
        let last = words.last().expect("a row says what is shown");
        let arguments =
            ["--disposable", "--firmware", firmware, "--until-screen", last, "--for-cycles", &cycles];
        let text = run(&floppy, &arguments);
        let mut rest = text.as_str();
        for word in &words {
            let at = rest.find(word.as_str()).unwrap_or_else(|| panic!("{name}: no {word:?} in\n{text}"));
            rest = &rest[at + word.len()..];
        }
    }
}

#[test]
fn every_image_shows_on_rom_firmware_what_the_table_says() {
    check_table("rom");
}

#[test]
fn every_image_shows_on_host_firmware_what_the_table_says() {
    check_table("host");
}

#[test]
fn a_boot_sector_alone_is_no_floppy_and_the_message_says_why() {
    let Some(floppy) = image("tetros-bootsector.img") else { return };
    let output = anachron(&["--floppy", floppy.to_str().unwrap(), "--for-cycles", "1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("tetros-bootsector.img") && said.contains("512 bytes"), "{said}");
}

#[test]
fn elks_logs_in_and_says_what_it_is() {
    let Some(floppy) = image("elks-0.7.0-1440k.img") else { return };
    for firmware in ["rom", "host"] {
        let script = [
            "--disposable",
            "--firmware",
            firmware,
            "--until-screen",
            "login:",
            "--type",
            "root\\n",
            "--until-screen",
            "# ",
            "--type",
            "uname -a\\n",
            "--until-screen",
            "ELKS elks 0.7.0 commit d043b92d",
        ];
        run(&floppy, &script);
    }
}

#[test]
fn freedos_keeps_a_copied_file_when_the_power_was_off() {
    let Some(original) = image("freedos-360k.img") else { return };
    for firmware in ["rom", "host"] {
        let folder = tempfile::tempdir().unwrap();
        let floppy = folder.path().join("dos.img");
        std::fs::copy(&original, &floppy).unwrap();
        let before = std::fs::read(&floppy).unwrap();
        let prompt = ["--firmware", firmware, "--until-screen", "A:\\>", "--type"];
        let copy = [
            "ver\\n",
            "--until-screen",
            "FreeCom version 0.82 pl 3",
            "--type",
            "copy autoexec.bat kept.txt\\n",
            "--until-screen",
            "=> kept.txt",
            "--type",
            "\\n",
            "--until-screen",
            "A:\\>",
        ];
        run(&floppy, &[&prompt[..], &copy[..]].concat());
        assert_ne!(std::fs::read(&floppy).unwrap(), before, "nothing was written");
        let text = run(&floppy, &[&prompt[..], &["dir\\n", "--until-screen", "bytes free"][..]].concat());
        assert!(text.to_uppercase().contains("KEPT"), "{text}");
    }
}

/// A copy of a floppy image with these files of the `dos` folder on it.
fn with_files(image: &Path, names: &[&str]) -> Vec<u8> {
    let mut cursor = Cursor::new(std::fs::read(image).unwrap());
    {
        let volume = fatfs::FileSystem::new(&mut cursor, fatfs::FsOptions::new()).unwrap();
        for name in names {
            let mut bytes = Vec::new();
            let path = image.with_file_name("dos").join(name);
            std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
            let mut file = volume.root_dir().create_file(name).unwrap();
            file.truncate().unwrap();
            file.write_all(&bytes).unwrap();
        }
    }
    cursor.into_inner()
}

/// The frequency of what sounds behind `from` seconds: of the intervals between rising crossings, the middle one.
fn pitch(path: &Path, from: f64) -> f64 {
    let mut reader = hound::WavReader::open(path).unwrap();
    let rate = f64::from(reader.spec().sample_rate);
    let left: Vec<f64> =
        reader.samples::<i16>().step_by(2).map(|sample| f64::from(sample.unwrap())).collect();
    let tail = &left[(from * rate) as usize..];
    let (low, high) = tail.iter().fold((f64::MAX, f64::MIN), |(low, high), &s| (low.min(s), high.max(s)));
    assert!(high - low > 3000.0, "nothing sounds");
    let middle = (low + high) / 2.0;
    let crosses = |pair: &[f64]| pair[0] < middle && pair[1] >= middle;
    let crossings: Vec<f64> = tail
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| crosses(pair))
        .map(|(at, pair)| at as f64 + (middle - pair[0]) / (pair[1] - pair[0]))
        .collect();
    let mut periods: Vec<f64> = crossings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(periods.len() > 10, "only {} periods sound", periods.len());
    periods.sort_by(f64::total_cmp);
    rate / periods[periods.len() / 2]
}

#[test]
fn monotone_plays_c_4_through_the_speaker() {
    let Some(original) = image("freedos-1440k.img") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (floppy, sound) = (folder.path().join("mt.img"), folder.path().join("note.wav"));
    std::fs::write(&floppy, with_files(&original, &["MT.EXE", "DEFAULT.KEY", "PCSPEAKR.SBI"])).unwrap();
    let cycles = (105 * CPU_HZ).to_string();
    let script = [
        "--record-audio",
        sound.to_str().unwrap(),
        "--until-screen",
        "A:\\>",
        "--type",
        "mt\\n",
        "--until-screen",
        "True CGA",
        "--type",
        "0",
        "--until-screen",
        "YM3812",
        "--type",
        "0",
        "--until-screen",
        "tracks to start with",
        "--type",
        "1\\n",
        "--until-screen",
        "M O N O T O N E",
        "--type",
        " ",
        "--until-screen",
        "Help Screen",
        "--type",
        "{F2}",
        "--until-screen",
        "nnn",
        "--type",
        "z",
        "--until-screen",
        "C-4",
        "--until-screen",
        "never on this screen",
        "--for-cycles",
        &cycles,
    ];
    run(&floppy, &script);
    // The power-on beep is long over by then.
    let heard = pitch(&sound, 20.0);
    let c_4 = 440.0 * 2f64.powf(-9.0 / 12.0);
    assert!((heard / c_4 - 1.0).abs() < 0.01, "{heard} Hz instead of {c_4} Hz");
}

/// What real XTs give in TOPBENCH, in microseconds of guest time (two machines of its data base agree on these).
const REAL_XT: [(&str, f64); 5] =
    [("MemTest", 3774.0), ("MemEA", 1935.0), ("Opcodes", 1753.0), ("VidMem", 2650.0), ("3DGames", 1851.0)];

/// How far a time may be off.
const TOLERANCE: f64 = 0.03;

#[test]
fn topbench_gives_the_times_of_a_real_xt() {
    let Some(original) = image("freedos-1440k.img") else { return };
    let folder = tempfile::tempdir().unwrap();
    let floppy = folder.path().join("topbench.img");
    std::fs::write(&floppy, with_files(&original, &["TOPBENCH.EXE", "DATABASE.INI"])).unwrap();
    for firmware in ["rom", "host"] {
        let script = [
            "--firmware",
            firmware,
            "--disposable",
            "--until-screen",
            "A:\\>",
            "--type",
            "topbench\\n",
            "--until-screen",
            "PC Benchmark",
            "--type",
            "{Down}\\n",
            "--until-screen",
            "Realtime",
            "--type",
            "R",
            "--until-screen",
            "most closely matches",
        ];
        let text = run(&floppy, &script);
        assert!(text.contains("SCORE: 4 "), "{text}");
        let line = text.lines().find(|line| line.contains("\u{b5}sec")).expect("the times are shown");
        let times: Vec<f64> =
            line.split("\u{b5}sec").filter_map(|part| part.split_whitespace().last()?.parse().ok()).collect();
        for ((name, real), time) in REAL_XT.iter().zip(times) {
            println!("{firmware}: {name} {time} \u{b5}s, real {real} \u{b5}s");
            let off = (time / real - 1.0).abs();
            assert!(off <= TOLERANCE, "{firmware}: {name} takes {time} \u{b5}s instead of {real} \u{b5}s");
        }
    }
}
