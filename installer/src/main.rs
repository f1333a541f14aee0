//! `cargo xtask`: sets the system up, then builds, starts, tests and checks Anachron.
//!
//! Needs nothing but the standard library, so that it builds in a second on a bare machine. Each command is a
//! module of its own; [`setup`] is called by those that need system packages.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod peers;
mod pictures;
mod process;
mod run;
mod setup;
mod test;
mod tidy;
mod virtual_screen;

use process::Outcome;
use std::process::ExitCode;

const HELP: &str = "\
Anachron's set-up and checks

Usage: cargo xtask COMMAND

Commands:
  run [-- ARGS]     build and start Anachron; ARGS go to the program (try: run -- --help)
  test [ARGS]       run all tests; ARGS go to the test runner (a part of a test's name, for instance)
  setup [--yes] [--print]
                    install what the system lacks; --print only shows the command, --yes asks nothing
  bench [PART]... [--rounds N]
                    measure speed, frames, start-up, idle use and memory, into docs/benchmarks.md
                    (parts: rm16, bare-rm16, pm32, lm64, gui, memory, idle; half an hour together)
  peers [FOLDER]    run the protected-mode suite on QEMU and Bochs too, into docs/peers.md
  check             the checks before the tests: tidiness, format, lints, documentation, duplicate crates
  ci                everything that continuous integration checks: `check`, then `test`
  tidy              the repository's own rules: file sizes, headers, links, one version per dependency
  pictures          take the README's pictures of the real program, under Xvfb

`run`, `test`, `ci`, `bench` and `pictures` do the set-up they need by themselves.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Outcome {
    let (command, rest) =
        args.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    match command {
        "run" => run::run(rest),
        "test" => test::test(rest),
        "bench" => bench::bench(rest),
        "peers" => peers::peers(rest),
        "setup" => setup::command(rest),
        "check" => ci::check(rest),
        "ci" => ci::ci(rest),
        "tidy" => tidy::command(rest),
        "pictures" => pictures::pictures(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("there is no command `{other}`; `cargo xtask help` lists them")),
    }
}
