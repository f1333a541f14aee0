//! The corpus's records (format: `corpus/README.md` in the shared folder).

use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
pub struct Record {
    pub name: String,
    pub idx: u32,
    pub bytes: String,
    pub initial: Machine,
    #[serde(rename = "final")]
    pub last: Machine,
    pub cycles: u64,
    pub flags_mask: Option<u16>,
    pub exception: Option<Exception>,
}

#[derive(Deserialize)]
pub struct Machine {
    pub regs: BTreeMap<String, u16>,
    pub ram: Vec<(u32, u8)>,
    pub queue: String,
}

#[derive(Deserialize)]
pub struct Exception {
    pub flag_addr: Option<u32>,
}

/// A per-cycle trace. Each row: pins, address bus, segment, memory strobes, I/O strobes, BHE, data, status, T-state,
/// queue operation of the cycle before, queue byte.
#[derive(Deserialize)]
pub struct Trace {
    pub idx: u32,
    #[serde(rename = "trace")]
    pub rows: Vec<Row>,
}

pub type Row = (u8, u32, String, String, String, u8, u16, String, String, String, u8);

/// The shared folder with the corpora, if there is one.
pub fn corpus() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let shared = std::env::var("ANACHRON_SHARED").unwrap_or_else(|_| default.to_owned());
    let folder = Path::new(&shared).join("corpus");
    folder.join("8086").is_dir().then_some(folder)
}

/// The names of the record files (`00`, `F7.7`), in order.
pub fn opcodes(corpus: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(corpus.join("8086")).expect("the folder was there a moment ago");
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

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().map(|c| (c as char).to_digit(16).expect("a hex digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
