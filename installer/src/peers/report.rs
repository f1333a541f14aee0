//! The document of the comparison.

use super::explained::explanation;
use super::{Row, Verdict};
use std::collections::BTreeMap;

/// Runs that one explanation is about are named up to so many.
const NAMED: usize = 3;

/// What became of a run on a peer, with the explanations of all differences where they have one.
enum Standing {
    Alike,
    Explained(Vec<&'static str>),
    Unknown(String),
    Inexpressible,
}

fn standing(peer: &str, case: &str, verdict: &Verdict) -> Standing {
    match verdict {
        Verdict::Alike => Standing::Alike,
        Verdict::Inexpressible(_) => Standing::Inexpressible,
        Verdict::Failed(why) => Standing::Unknown(why.clone()),
        Verdict::Differs(found) => {
            let reasons: Option<Vec<_>> = found.iter().map(|one| explanation(peer, case, one)).collect();
            let Some(mut reasons) = reasons else { return Standing::Unknown(found.join("; ")) };
            reasons.sort_unstable();
            reasons.dedup();
            Standing::Explained(reasons)
        }
    }
}

/// How many runs are alike, differ, and could not be begun, a line for each peer.
pub fn summary(peers: &[&str], rows: &[Row]) -> String {
    let mut text = "| | alike | differ, explained | differ, not explained | not expressible |\n\
                    | --- | --: | --: | --: | --: |\n"
        .to_owned();
    for (at, peer) in peers.iter().enumerate() {
        let mut counts = [0; 4];
        for row in rows {
            counts[match standing(peer, &row.case, &row.verdicts[at]) {
                Standing::Alike => 0,
                Standing::Explained(_) => 1,
                Standing::Unknown(_) => 2,
                Standing::Inexpressible => 3,
            }] += 1;
        }
        text += &format!("| {peer} | {} | {} | {} | {} |\n", counts[0], counts[1], counts[2], counts[3]);
    }
    text
}

/// The whole document.
pub fn document(peers: &[&str], rows: &[Row]) -> String {
    let mut text = "# The protected-mode suite on other emulators\n\nWritten by `cargo xtask peers`. Each run of a case of \
                    `emu-core/tests/x86_system` is begun on the other emulators by a ROM\nmade for it, and its end compared: \
                    registers, flags, selectors, control registers, 4 MB of memory. Let pass are marks in the\npage tables' \
                    entries that only the other has set, because the way into the case sets some, and what a PC has no memory \
                    for.\nOf Bochs's memory, the pages are compared in which the case has anything. The others have no 386 and no \
                    80286: the processor\nthat comes closest is taken.\n\n"
        .to_owned();
    text += &summary(peers, rows);
    text += "\n## Differences that are explained\n\n| emulator | why | runs | for instance |\n| --- | --- | --: | --- |\n";
    for ((peer, why), cases) in explained(peers, rows) {
        let named = cases[..cases.len().min(NAMED)].join(", ");
        text += &format!("| {peer} | {why} | {} | {named} |\n", cases.len());
    }
    text += &unknown(peers, rows);
    text + &inexpressible(rows)
}

/// The runs that each explanation is about.
fn explained<'a>(peers: &[&'a str], rows: &'a [Row]) -> BTreeMap<(&'a str, &'static str), Vec<&'a str>> {
    let mut found: BTreeMap<(&str, &'static str), Vec<&str>> = BTreeMap::new();
    for row in rows {
        for (peer, verdict) in peers.iter().zip(&row.verdicts) {
            if let Standing::Explained(reasons) = standing(peer, &row.case, verdict) {
                reasons.into_iter().for_each(|why| found.entry((peer, why)).or_default().push(&row.case));
            }
        }
    }
    found
}

fn unknown(peers: &[&str], rows: &[Row]) -> String {
    let mut lines = String::new();
    for row in rows {
        for (peer, verdict) in peers.iter().zip(&row.verdicts) {
            if let Standing::Unknown(what) = standing(peer, &row.case, verdict) {
                lines += &format!("| {} | {peer} | {what} |\n", row.case);
            }
        }
    }
    if lines.is_empty() {
        return lines;
    }
    format!(
        "\n## Differences that are not explained\n\n| case and run | emulator | what: here, there |\n\
         | --- | --- | --- |\n{lines}"
    )
}

fn inexpressible(rows: &[Row]) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(Verdict::Inexpressible(why)) = row.verdicts.first() {
            reasons.entry(why).or_default().push(&row.case);
        }
    }
    let lines = reasons.into_iter().map(|(why, cases)| format!("| {why} | {} |\n", cases.join(", ")));
    format!("\n## Not expressible\n\n| why | runs |\n| --- | --- |\n{}", lines.collect::<String>())
}
