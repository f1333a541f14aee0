//! `cargo xtask run`: builds and starts the program.

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use std::process::ExitCode;

/// Builds in the profile that tests use too: one world to build, and a first start minutes sooner than a release
/// build would give. The crates that run guests are optimised in it, and emulate as fast as in a release build.
pub fn run(args: &[String]) -> Outcome {
    let args = program_arguments(args);
    let windowed = opens_a_window(args);
    if windowed && !has_display() {
        eprintln!(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). \
             The command line works without one:\n  cargo xtask run -- run xt --headless --help"
        );
        return Ok(ExitCode::FAILURE);
    }
    let window: &[Purpose] = &[Purpose::Build, Purpose::Window, Purpose::Draw];
    setup::ensure(if windowed { window } else { &[Purpose::Build] })?;
    let mut cargo = process::cargo(["run", "--package", "anachron", "--bin", "anachron", "--"]);
    process::status(cargo.args(args)).map(process::exit_code)
}

/// Ours are before the `--`, and there are none yet; the program's follow, with or without it.
fn program_arguments(args: &[String]) -> &[String] {
    args.strip_prefix(&["--".to_owned()]).unwrap_or(args)
}

/// The program opens a window when it is given nothing, or a machine to run that isn't `--headless`.
fn opens_a_window(args: &[String]) -> bool {
    let asks_for_help = args.iter().any(|arg| arg == "--help" || arg == "-h");
    match args.first().map(String::as_str) {
        None => true,
        Some("run") => !asks_for_help && !args.iter().any(|arg| arg == "--headless"),
        Some(_) => false,
    }
}

fn has_display() -> bool {
    let variables = ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"];
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || variables.iter().any(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_window_needs_a_display() {
        for (line, windowed) in [
            ("", true),
            ("run xt", true),
            ("run xt --headless --timeout 5", false),
            ("run --help", false),
            ("list", false),
            ("--version", false),
        ] {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(opens_a_window(&args), windowed, "{line:?}");
        }
    }
}
