//! `cargo xtask test`: all tests of all crates, those in documentation as well.

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use std::process::{Command, ExitCode};

/// `args` go to the runner. Its own closing lines are the last that is printed.
pub fn test(args: &[String]) -> Outcome {
    setup::ensure(&Purpose::ALL)?;
    for mut command in runs(args, has_nextest()) {
        let code = process::status(&mut command)?;
        if code != 0 {
            return Ok(process::exit_code(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Plain `cargo test` runs everything; `cargo nextest`, faster where it is installed, leaves documentation out.
/// Documentation has few tests and its own runner, so that arguments, which name tests, are for the other alone.
fn runs(args: &[String], nextest: bool) -> Vec<Command> {
    let cargo = |words: &[&str]| process::cargo(words);
    let mut runs = if nextest {
        vec![cargo(&["test", "--workspace", "--doc"]), cargo(&["nextest", "run", "--workspace"])]
    } else {
        vec![cargo(&["test", "--workspace", "--no-fail-fast"])]
    };
    if !args.is_empty() {
        runs.drain(..runs.len() - 1);
    }
    if let Some(main) = runs.last_mut() {
        main.args(args);
    }
    runs
}

fn has_nextest() -> bool {
    process::find_program(if cfg!(windows) { "cargo-nextest.exe" } else { "cargo-nextest" }).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_tested_either_way() {
        let shown = |nextest| runs(&[], nextest).iter().map(process::shown).collect::<Vec<_>>();
        let one = runs(&["cga".to_owned()], true);
        assert_eq!(one.iter().map(process::shown).collect::<Vec<_>>(), ["cargo nextest run --workspace cga"]);
        assert_eq!(shown(false), ["cargo test --workspace --no-fail-fast"]);
        assert_eq!(shown(true), ["cargo test --workspace --doc", "cargo nextest run --workspace"]);
    }
}
