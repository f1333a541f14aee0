//! What the tests of the program share: our own little guests, and the program's runs.
#![allow(dead_code, reason = "each test file uses its part")]

use machines::firmware::asm::Program;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Host seconds after which a run is given up: far more than any needs.
pub const PATIENCE: &str = "600";

/// A folder for a test's files.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room for a test's files"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file; gives its path as an argument.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("a test's file is written");
        self.name(name)
    }

    /// A path as an argument.
    pub fn name(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// What a run has left in a file.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program, with this folder as the user's home.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anachron"));
        command.env("ANACHRON_HOME", self.path("home")).stdin(std::process::Stdio::null());
        command
    }

    /// Runs the program with these words.
    pub fn anachron(&self, words: &[&str]) -> Said {
        Said::of(self.command().args(words).output().expect("the program starts"))
    }

    /// Runs an XT of 64 KB without a window.
    pub fn run(&self, words: &[&str]) -> Said {
        self.anachron(&[&XT[..], words].concat())
    }
}

/// The words of a run without a window, of a machine whose memory is soon counted.
pub const XT: [&str; 7] = ["run", "xt", "--headless", "--timeout", PATIENCE, "--memory", "64K"];

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{err}");
        Self { status: output.status.code(), out: output.stdout, err }
    }

    /// Fails unless the run ended with this status and said these words.
    #[track_caller]
    pub fn expect(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {:?}", self.err);
        }
        self
    }
}

/// What a program of `tests/programs` assembles to.
pub fn assemble(text: &str) -> Vec<u8> {
    Program::new().source("guest", text).assemble("guest").expect("the guest assembles").bytes
}

/// A disk of this many bytes that boots such a program.
pub fn disk(program: &str, bytes: usize) -> Vec<u8> {
    let mut image = assemble(program);
    image.resize(bytes, 0);
    image
}

/// The bytes of a 160K floppy.
pub const SMALL: usize = 163_840;

/// Whether the host lets this user read what is forbidden to all, as root may.
pub fn is_almighty(forbidden: &Path) -> bool {
    let almighty = std::fs::read(forbidden).is_ok();
    if almighty {
        println!("skipped: this user may read everything");
    }
    almighty
}
