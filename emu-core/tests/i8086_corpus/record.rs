//! The corpus's records (format: `corpus/README.md` in the shared folder).

use serde::Deserialize;
use std::collections::BTreeMap;

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

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().map(|c| (c as char).to_digit(16).expect("a hex digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
