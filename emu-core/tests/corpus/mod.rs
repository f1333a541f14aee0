//! Where the corpora of single instructions lie, and how their files are read (`corpus/README.md` in the shared folder).

use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The folder of the corpora, if the one called `name` is there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var("ANACHRON_SHARED").unwrap_or_else(|_| default.to_owned());
    let folder = Path::new(&shared).join("corpus");
    folder.join(name).is_dir().then_some(folder)
}

/// The names of the record files (`00`, `F7.7`), in order.
pub fn opcodes(records: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(records).expect("the folder was there a moment ago");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".jsonl.gz")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// All records of a file.
pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("gzip data")).expect("a record")).collect()
}
