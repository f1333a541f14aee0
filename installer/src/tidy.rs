//! `cargo xtask tidy`: the repository's own rules, each a function that reads one file. They run as a test too.

use crate::process::{self, Outcome};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Lines of a Rust file before its tests. Past 600, look for the seam; past this one, the build fails.
const MOST_LINES: usize = 800;

/// The modules that may work on raw memory, and on pointers from one operation to the next; every other crate forbids
/// `unsafe`.
const UNSAFE_HOMES: [&str; 2] = ["emu-core/src/mem", "emu-core/src/cpu/engine/op.rs"];

/// Tests that ask the host's processor through inline assembly; their module opens the door.
const UNSAFE_TESTS: [&str; 2] = ["emu-core/src/float/tests", "emu-core/tests/silicon/host.rs"];

/// This file.
const OWN_PATH: &str = "installer/src/tidy.rs";

/// Files that are text of ours.
const TEXT: [&str; 8] = ["rs", "md", "toml", "ron", "wgsl", "asm", "sh", "yml"];

/// A file of the repository.
struct File {
    /// Below the root folder, with `/` between its parts.
    path: String,
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// A rule gives a sentence for each thing it dislikes.
type Rule = fn(&File) -> Vec<String>;

const RULES: [Rule; 8] =
    [length, header, unsafe_home, unsafe_forbidden, promises, private_paths, white_space, links];

pub fn command(args: &[String]) -> Outcome {
    if let Some(arg) = args.first() {
        return Err(format!("`tidy` takes no argument, and was given `{arg}`"));
    }
    tidy()?;
    println!("Tidy.");
    Ok(ExitCode::SUCCESS)
}

/// Reads every file and lists whatever breaks a rule.
pub fn tidy() -> Result<(), String> {
    let complaints: Vec<String> = files()?.iter().flat_map(complaints).collect();
    if complaints.is_empty() { Ok(()) } else { Err(format!("untidy:\n{}", complaints.join("\n"))) }
}

fn complaints(file: &File) -> Vec<String> {
    let said = RULES.iter().flat_map(|rule| rule(file)).chain(versions_in_one_place(file));
    said.map(|said| format!("  {}: {said}", file.path)).collect()
}

fn files() -> Result<Vec<File>, String> {
    let root = process::root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if name != "target" && (!name.starts_with('.') || name == ".cargo" || name == ".ci") {
                    folders.push(path);
                }
            } else if let Some(file) = read(&root, &path)? {
                found.push(file);
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn read(root: &Path, path: &Path) -> Result<Option<File>, String> {
    let is_text = path.extension().is_some_and(|found| TEXT.iter().any(|extension| found == *extension));
    if !is_text {
        return Ok(None);
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let below: PathBuf = path.strip_prefix(root).unwrap_or(path).to_path_buf();
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    Ok(Some(File { path: parts.join("/"), text }))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn length(file: &File) -> Vec<String> {
    let lines = file.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
    let too_long = file.is("rs") && lines > MOST_LINES;
    too_long.then(|| format!("{lines} lines before its tests; look for the seam")).into_iter().collect()
}

/// A `tests.rs` needs no header: its name and its place say what it is.
fn header(file: &File) -> Vec<String> {
    let lacks = file.is("rs") && !file.path.ends_with("/tests.rs") && !file.text.starts_with("//!");
    lacks.then(|| "has no header (`//!`) that says what it is".to_owned()).into_iter().collect()
}

fn unsafe_home(file: &File) -> Vec<String> {
    let allows = |line: &str| line.contains("allow(unsafe_code") || line.contains("expect(unsafe_code");
    let is_home = UNSAFE_HOMES.iter().chain(&UNSAFE_TESTS).any(|home| file.path.starts_with(home));
    let elsewhere = file.is("rs") && !is_home && !declares_home(file);
    said_of_lines(file, |line| elsewhere && allows(line), "allows `unsafe` outside of the modules that may")
}

/// The parent of the home may open its door.
fn declares_home(file: &File) -> bool {
    file.path == "emu-core/src/lib.rs"
}

fn unsafe_forbidden(file: &File) -> Vec<String> {
    let is_root = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
    let lacks = is_root && !declares_home(file) && !file.text.contains("#![forbid(unsafe_code)]");
    lacks.then(|| "does not forbid `unsafe` (`#![forbid(unsafe_code)]`)".to_owned()).into_iter().collect()
}

/// A thing left to do is `TODO: ` and a sentence that says what the user notices until it is done.
fn promises(file: &File) -> Vec<String> {
    let loose = |line: &str| {
        let Some((_, rest)) = line.split_once("TODO") else { return false };
        let sentence = rest.strip_prefix(": ").unwrap_or_default().trim_end();
        sentence.split_whitespace().count() < 4 || !sentence.ends_with('.')
    };
    let slang = |line: &str| ["FIXME", "XXX", "HACK"].iter().any(|word| line.contains(word));
    let dislikes = |line: &str| file.is("rs") && (loose(line) || slang(line));
    said_of_lines(file, dislikes, "leaves something to do without a sentence on what a user notices")
}

fn private_paths(file: &File) -> Vec<String> {
    let private =
        |line: &str| ["/home/", "/root/", "/Users/", "/work/"].iter().any(|path| line.contains(path));
    said_of_lines(file, private, "names a folder of somebody's computer")
}

fn white_space(file: &File) -> Vec<String> {
    let odd = |line: &str| line.ends_with([' ', '\t', '\r']) && !file.is("md");
    let mut said = said_of_lines(file, odd, "ends in white space");
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        said.push("does not end with a line end".to_owned());
    }
    said
}

/// `what` is said of each line that `dislikes` holds for. This file is spared: it has to name what it looks for.
fn said_of_lines(file: &File, dislikes: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
    let lines = numbered(&file.text).filter(|(_, line)| file.path != OWN_PATH && dislikes(line));
    lines.map(|(number, _)| format!("line {number} {what}")).collect()
}

/// Links and pictures of a document lead to files that exist.
fn links(file: &File) -> Vec<String> {
    if !file.is("md") {
        return Vec::new();
    }
    let folder = process::root().join(Path::new(&file.path).parent().unwrap_or(Path::new("")));
    let targets = file.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next());
    let own = targets.filter(|target| !target.is_empty() && !target.contains("://"));
    own.filter(|target| !folder.join(target).exists())
        .map(|target| format!("links to {target}, which isn't there"))
        .collect()
}

/// A crate takes every dependency from the workspace, where its version stands.
fn versions_in_one_place(file: &File) -> Vec<String> {
    if !file.path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    let mut in_dependencies = false;
    let mut said = Vec::new();
    for (number, line) in numbered(&file.text) {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
            said.push(format!("line {number} states a version that belongs into the root Cargo.toml"));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        assert_eq!(tidy(), Ok(()));
    }

    #[test]
    fn each_rule_notices_what_it_forbids() {
        let long = format!("//! A.\n{}", "fn a() {}\n".repeat(MOST_LINES));
        for (path, text, want) in [
            ("app/src/a.rs", long.as_str(), "look for the seam"),
            ("app/src/a.rs", "fn a() {}\n", "no header"),
            ("app/src/a.rs", "//! A.\n#![allow(unsafe_code)]\n", "outside"),
            ("app/src/lib.rs", "//! A.\n", "does not forbid"),
            ("app/src/a.rs", "//! A.\n// TODO: later\n", "without a sentence"),
            ("docs/a.md", "/home/me/file\n", "somebody's computer"),
            ("app/src/a.rs", "//! A.  \n", "white space"),
            ("app/src/a.rs", "//! A.", "line end"),
            ("docs/a.md", "[a](no-such-file.md#part)\n", "isn't there"),
            ("app/Cargo.toml", "[dependencies]\nserde = \"1\"\n", "states a version"),
        ] {
            let said = complaints(&File { path: path.to_owned(), text: text.to_owned() });
            assert!(said.len() == 1 && said[0].contains(want), "{path} {want:?}: {said:?}");
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        for (path, text) in [
            ("emu-core/src/mem/ram.rs", "//! A.\n#![allow(unsafe_code)]\n"),
            ("app/src/a.rs", "//! A.\n// TODO: Long names are cut on screen.\n"),
            ("app/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nserde.workspace = true\n"),
        ] {
            let said = complaints(&File { path: path.to_owned(), text: text.to_owned() });
            assert!(said.is_empty(), "{path}: {said:?}");
        }
    }
}
