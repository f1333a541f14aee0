//! Installs what the system lacks: finds the gaps, shows the package manager's command, runs it.
//!
//! Only Linux needs anything. Nothing is asked of the package manager while nothing is missing.

mod detect;
mod needs;
mod package_manager;

use crate::process::{self, Outcome};
use needs::{NEEDS, Need};
use package_manager::{Lists, PackageManager};
use std::io::{IsTerminal, Write};
use std::process::{Command, ExitCode};

pub use needs::Purpose;

/// How far the set-up may go by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Show the command and run it.
    Install,
    /// Show the command, ask, and run it.
    Ask,
    /// Show the command only.
    Print,
}

/// `cargo xtask setup [--yes] [--print]`: everything that any command of xtask needs.
pub fn command(args: &[String]) -> Outcome {
    let mut mode = if std::io::stdin().is_terminal() { Mode::Ask } else { Mode::Install };
    for arg in args {
        mode = match arg.as_str() {
            "--yes" => Mode::Install,
            "--print" => Mode::Print,
            other => return Err(format!("`setup` takes --yes and --print, not `{other}`")),
        };
    }
    if install(&Purpose::ALL, mode)? == 0 {
        println!("Nothing is missing.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs what `purposes` need and the system lacks. Quick and silent when nothing is missing.
pub fn ensure(purposes: &[Purpose]) -> Result<(), String> {
    install(purposes, Mode::Install).map(|_| ())
}

/// Gives the number of things that were missing.
fn install(purposes: &[Purpose], mode: Mode) -> Result<usize, String> {
    if !cfg!(target_os = "linux") {
        return Ok(0);
    }
    let missing = missing(purposes);
    if missing.is_empty() {
        return Ok(0);
    }
    let Some(manager) = PackageManager::of_this_system() else {
        eprintln!("{}", advice_for_unknown_system(&missing));
        return Ok(missing.len());
    };
    install_with(manager, &missing, mode)?;
    Ok(missing.len())
}

fn missing(purposes: &[Purpose]) -> Vec<&'static Need> {
    let mut system = detect::System::default();
    NEEDS.iter().filter(|need| purposes.contains(&need.purpose) && !system.has(need.found_by)).collect()
}

fn install_with(manager: PackageManager, missing: &[&Need], mode: Mode) -> Result<(), String> {
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    eprintln!("Anachron needs packages that this system lacks ({}).", names.join(", "));
    let packages = packages(manager, missing);
    let lists = if manager.has_lists() { Lists::Keep } else { Lists::Fetch };
    for command in manager.install_commands(&packages, lists) {
        eprintln!("  {}", process::shown(&command));
    }
    if mode == Mode::Print || (mode == Mode::Ask && !confirmed()?) {
        return Ok(());
    }
    let first_try = run_all(manager.install_commands(&packages, lists));
    first_try
        .or_else(|_| run_all(manager.install_commands(&packages, Lists::Fetch)))
        .or_else(|why| resigned(&why, missing))
}

fn run_all(commands: Vec<Command>) -> Result<(), String> {
    commands.into_iter().try_for_each(|mut command| process::must(&mut command))
}

/// Without what the build needs there is no going on; the rest may turn out to be dispensable.
fn resigned(why: &str, missing: &[&Need]) -> Result<(), String> {
    let what = format!("the packages could not be installed: {why}. Install them by hand and try again");
    if missing.iter().any(|need| need.purpose == Purpose::Build) {
        return Err(what);
    }
    eprintln!("xtask: {what}. Going on without them.");
    Ok(())
}

/// The packages of all needs, each once, in the order of the table.
fn packages(manager: PackageManager, needs: &[&Need]) -> Vec<&'static str> {
    let mut packages = Vec::new();
    for package in needs.iter().flat_map(|need| need.packages(manager)) {
        if !packages.contains(package) {
            packages.push(*package);
        }
    }
    packages
}

fn confirmed() -> Result<bool, String> {
    eprint!("Run this now? [Y/n] ");
    let mut answer = String::new();
    std::io::stderr().flush().map_err(|error| error.to_string())?;
    std::io::stdin().read_line(&mut answer).map_err(|error| format!("cannot read the answer: {error}"))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn advice_for_unknown_system(missing: &[&Need]) -> String {
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    format!(
        "This system's package manager is not one of apt, dnf and pacman. Missing, please install by hand: {}.\n\
         Going on without them.",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_has_packages_everywhere() {
        for need in NEEDS {
            for manager in PackageManager::ALL {
                assert!(!need.packages(manager).is_empty(), "{} has no package for {manager:?}", need.what);
            }
        }
    }

    #[test]
    fn a_package_is_named_once() {
        let all: Vec<&Need> = NEEDS.iter().collect();
        let mut names = packages(PackageManager::Apt, &all);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
