//! `cargo xtask peers`: runs the cases of the protected-mode suite (`emu-core/tests/x86_system`) on QEMU and Bochs, where
//! they are installed, compares how they end there with how they end here, and writes `docs/peers.md`.
//!
//! The suite writes each of its runs down; a ROM made for the run brings an emulator into its start state ([`start`]), and
//! the emulator's monitor tells the end ([`peer`]).

mod case;
mod compare;
mod explained;
mod peer;
mod report;
mod start;

use crate::process::{self, Outcome};
use crate::virtual_screen::Scratch;
use case::Case;
use peer::Peer;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases that run at the same time.
const WORKERS: usize = 2;

/// What came of a run on a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Alike,
    /// Each difference as "what: ours, theirs".
    Differs(Vec<String>),
    /// It can't be begun there, and why.
    Inexpressible(String),
    Failed(String),
}

/// A run's verdicts, as the peers are ordered.
pub struct Row {
    pub case: String,
    pub verdicts: Vec<Verdict>,
}

/// `cargo xtask peers [FOLDER]`: with the runs in a folder, or with those that the suite writes down now.
pub fn peers(args: &[String]) -> Outcome {
    let installed: Vec<(Peer, PathBuf)> =
        Peer::ALL.into_iter().filter_map(|peer| Some((peer, peer.find()?))).collect();
    if installed.is_empty() {
        return Err("neither QEMU (qemu-system-x86_64) nor Bochs with its debugger is installed".to_owned());
    }
    let scratch = Scratch::new("peers")?;
    let folder = match args.first() {
        Some(folder) => PathBuf::from(folder),
        None => record(&scratch.0)?,
    };
    let cases = read_cases(&folder)?;
    let rows = compare_all(&cases, &installed, &scratch.0)?;
    let names: Vec<&str> = installed.iter().map(|(peer, _)| peer.name()).collect();
    let text = report::document(&names, &rows);
    let file = process::root().join("docs/peers.md");
    std::fs::write(&file, &text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("{}", report::summary(&names, &rows));
    Ok(ExitCode::SUCCESS)
}

/// Has the suite write its runs down. Random tables are left out: they leave no way into the case.
fn record(scratch: &Path) -> Result<PathBuf, String> {
    let folder = scratch.join("cases");
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let words = ["test", "--package", "emu-core", "--test", "x86_system", "--", "--skip", "any_tables_do"];
    process::must(process::cargo(words).env("ANACHRON_PEERS", &folder))?;
    Ok(folder)
}

fn read_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let found =
        std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| Case::read(file)).collect()
}

fn compare_all(cases: &[Case], peers: &[(Peer, PathBuf)], scratch: &Path) -> Result<Vec<Row>, String> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let folder = scratch.join(format!("worker-{worker}"));
            let (next, rows) = (&next, &rows);
            scope.spawn(move || {
                let _ = std::fs::create_dir_all(&folder);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = peers.iter().map(|(peer, program)| verdict(*peer, program, case, &folder));
                    let row = Row { case: case.name.clone(), verdicts: verdicts.collect() };
                    eprintln!("{}: {:?}", row.case, row.verdicts);
                    if let Ok(mut rows) = rows.lock() {
                        rows.push(row);
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().map_err(|_| "a run has panicked")?;
    rows.sort_by(|a: &Row, b: &Row| a.case.cmp(&b.case));
    Ok(rows)
}

fn verdict(peer: Peer, program: &Path, case: &Case, folder: &Path) -> Verdict {
    if let Some(reason) = start::why_not(case) {
        return Verdict::Inexpressible(reason);
    }
    // A busy host may keep an emulator from its answer; it gets a second chance.
    match peer.run(program, case, folder).or_else(|_| peer.run(program, case, folder)) {
        Ok(end) => {
            let found = compare::differences(case, &end);
            if found.is_empty() { Verdict::Alike } else { Verdict::Differs(found) }
        }
        Err(why) => Verdict::Failed(why),
    }
}
