//! Tests of the command line's contract.

use super::*;
use ::machines::profile::{Engine, Firmware};
use clap::error::ErrorKind;
use emu_core::cpu::FpuMode;
use emu_core::hal::input::parse_typed;
use std::path::PathBuf;
use std::time::Duration;

fn parse_words(words: &[&str]) -> Result<Request, clap::Error> {
    parse(std::iter::once(&"anachron").chain(words).copied().map(str::to_owned))
}

fn run_options(words: &[&str]) -> RunOptions {
    match parse_words(words) {
        Ok(Request::Run(options)) => *options,
        other => panic!("{words:?} gave {other:?}"),
    }
}

#[test]
fn the_definitions_are_sound() {
    CommandLine::command().debug_assert();
}

#[test]
fn each_command_is_told_apart() {
    let create = Request::Create { profile: "xt".to_owned(), name: "Office XT".to_owned() };
    for (words, want) in [
        (&[][..], Request::Window),
        (&["list"], Request::List),
        (&["profiles"], Request::Profiles),
        (&["show", "Office XT"], Request::Show { machine: "Office XT".to_owned() }),
        (&["create", "xt", "Office XT"], create),
    ] {
        assert_eq!(parse_words(words).ok(), Some(want), "{words:?}");
    }
}

#[test]
fn a_folder_is_told_from_a_profile_by_a_separator() {
    assert_eq!(run_options(&["run", "xt"]).machine, Machine::Profile("xt".to_owned()));
    for folder in ["./xt", "xt/", "/tmp/My XT", "machines/xt"] {
        assert_eq!(run_options(&["run", folder]).machine, Machine::Folder(folder.into()), "{folder}");
    }
}

#[test]
fn a_full_run_is_read_whole() {
    let line = "run xt --headless --floppy a.img --floppy b.img --disk c.img --disposable --engine strict --cpu 8088 \
                --fpu fast --cpus 1 --memory 640K --firmware host --speed real --serial stdio --debugcon out.txt --timeout 2.5 \
                --for-cycles 1000000 --screenshot s.png --text-screen t.txt --record-audio w.wav --stats s.ron";
    let options = run_options(&line.split_whitespace().collect::<Vec<_>>());
    assert!(options.headless && options.disposable);
    assert_eq!(options.floppies, [PathBuf::from("a.img"), "b.img".into()]);
    assert_eq!(options.disks, [PathBuf::from("c.img")]);
    assert_eq!((options.engine, options.cpu.as_deref()), (Some(Engine::Strict), Some("8088")));
    assert_eq!(options.fpu, Some(FpuMode::Fast));
    assert_eq!((options.cpus.map(usize::from), options.memory), (Some(1), Some(640 << 10)));
    assert_eq!((options.firmware.clone(), options.speed()), (Some(Firmware::Host), Speed::Real));
    assert_eq!(
        (options.serial.clone(), options.debugcon.clone()),
        (Some(Port::Stdio), Some(Port::File("out.txt".into())))
    );
    assert_eq!(options.timeout, Some(Duration::from_millis(2500)));
    assert_eq!(options.for_cycles.map(u64::from), Some(1_000_000));
    let results = [options.screenshot, options.text_screen, options.record_audio, options.stats];
    assert_eq!(results.map(Option::unwrap), ["s.png", "t.txt", "w.wav", "s.ron"].map(PathBuf::from));
}

#[test]
fn the_script_keeps_its_order() {
    let words = [
        "run",
        "xt",
        "--until-screen",
        r"A:\>",
        "--timeout",
        "9",
        "--type",
        r"ver\n",
        "--until-serial=-ok-",
        "--type",
        "--",
        "--until-screen",
        "FreeCom",
        "--until-debugcon",
        "done",
    ];
    let steps = run_options(&words).script.0;
    let [screen, serial, console] = [Step::UntilScreen, Step::UntilSerial, Step::UntilDebugcon];
    let keys = |text| Step::Type(parse_typed(text).unwrap());
    let want = [
        screen(r"A:\>".to_owned()),
        keys(r"ver\n"),
        serial("-ok-".to_owned()),
        keys("--"),
        screen("FreeCom".to_owned()),
        console("done".to_owned()),
    ];
    assert_eq!(steps, want);
}

#[test]
fn defaults_follow_the_kind_of_run() {
    assert_eq!(run_options(&["run", "xt"]).speed(), Speed::Real);
    assert_eq!(run_options(&["run", "xt", "--headless"]).speed(), Speed::Unlimited);
    assert!(!run_options(&["run", "xt"]).has_debugcon());
    assert!(run_options(&["run", "xt", "--until-debugcon", "ok"]).has_debugcon());
}

#[test]
fn a_firmware_file_may_have_any_name() {
    assert_eq!(run_options(&["run", "xt", "--firmware", "rom"]).firmware, Some(Firmware::Rom));
    assert_eq!(
        run_options(&["run", "xt", "--firmware", "./rom"]).firmware,
        Some(Firmware::File("./rom".into()))
    );
}

#[test]
fn wrong_usage_ends_with_status_2() {
    for line in [
        "start",
        "run",
        "run xt extra",
        "run xt --memory 640",
        "run xt --cpus 0",
        "run xt --engine fast",
        "run xt --fpu 53",
        "run xt --speed 2",
        "run xt --timeout 0",
        "run xt --timeout -1",
        "run xt --timeout inf",
        "run xt --timeout nan",
        "run xt --timeout 1e300",
        "run xt --for-cycles 0",
        "run xt --for-cycles 1e6",
        "run xt --type",
        r"run xt --type dir\r",
        "run xt --type {NoSuchKey}",
        "run xt --headless --headless",
        "create xt",
        "show",
    ] {
        let error = parse_words(&line.split_whitespace().collect::<Vec<_>>()).expect_err(line);
        assert_eq!(error.exit_code(), ExitStatus::Usage as i32, "{line}");
    }
    assert!(parse_words(&["run", ""]).is_err() && parse_words(&["run", "xt", "--until-screen", ""]).is_err());
}

#[test]
fn help_names_every_option_and_status() {
    let error = parse_words(&["run", "--help"]).expect_err("help is given as an error");
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::DisplayHelp, 0));
    let help = error.to_string();
    for word in [
        "--until-debugcon",
        "--record-audio",
        "--for-cycles",
        "{Ctrl+C}",
        "0xE9",
        "SIGTERM",
        "Exit status",
        "rom|host|FILE",
    ] {
        assert!(help.contains(word), "{word} is missing from:\n{help}");
    }
}
