//! `cargo xtask check` and `cargo xtask ci`: what a change has to pass.

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use crate::{test, tidy};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Crates whose types meet in one program: a second version compiles, and then nothing fits.
const ONE_VERSION_ONLY: [&str; 6] = ["egui", "epaint", "eframe", "wgpu", "winit", "accesskit"];

/// Everything: [`check`], then the tests.
pub fn ci(args: &[String]) -> Outcome {
    check(args)?;
    test::test(&[])
}

/// All checks but the tests, the quickest first. They share the tests' build profile.
pub fn check(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("this command takes no argument, and was given `{arg}`"));
    }
    tidy::tidy()?;
    process::must(&mut process::cargo(["fmt", "--all", "--check"]))?;
    one_version_each()?;
    setup::ensure(&[Purpose::Build])?;
    process::must(&mut process::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut doc = process::cargo(["doc", "--workspace", "--no-deps"]);
    process::must(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(ExitCode::SUCCESS)
}

fn one_version_each() -> Result<(), String> {
    let mut tree =
        process::cargo(["tree", "--workspace", "--duplicates", "--depth", "0", "--prefix", "none"]);
    eprintln!("$ {}", process::shown(&tree));
    let duplicates = process::output(&mut tree).ok_or("`cargo tree` failed")?;
    let doubled = doubled(&duplicates);
    if doubled.is_empty() {
        Ok(())
    } else {
        Err(format!("there must be one version only of: {}", doubled.join(", ")))
    }
}

/// The crates with several versions among those that must have one. A line is `name v1.2.3 …`; a crate that is
/// built twice (for the program, and for a build script) is listed twice with the same version.
fn doubled(duplicates: &str) -> Vec<&'static str> {
    let versions = |name: &str| {
        let lines = duplicates.lines().map(|line| line.split_whitespace());
        let of_name = lines.filter_map(|mut words| (words.next()? == name).then(|| words.next()).flatten());
        of_name.collect::<BTreeSet<_>>().len()
    };
    ONE_VERSION_ONLY.into_iter().filter(|name| versions(name) > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_versions_are_noticed() {
        assert_eq!(doubled("egui v0.36.1\n\negui v0.37.0\nlog v0.4.1\nlog v0.3.0\n"), ["egui"]);
        assert!(doubled("egui v0.37.0\nwgpu v30.0.1\nwgpu v30.0.1 (*)\n").is_empty());
    }
}
