//! What a run leaves behind: the screenshot, the text screen, the statistics.

use super::conditions::text_screen;
use super::scripted_run::Started;
use crate::cli::RunOptions;
use crate::library::write_atomically;
use crate::picture;
use crate::session::Session;
use anyhow::Context;
use emu_core::mem::TableCounters;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// A table of the TLB.
#[derive(Serialize)]
struct TableStats {
    accesses: u64,
    misses: u64,
    hit_rate: f64,
}

#[derive(Serialize)]
struct TlbStats {
    read: TableStats,
    write: TableStats,
    fetch: TableStats,
}

/// One vCPU's counters.
#[derive(Serialize)]
struct CpuStats {
    guest_cycles: u64,
    guest_instructions: u64,
    string_iterations: u64,
    tlb: TlbStats,
    /// What the threaded engine's traces have done, where it runs.
    traces: Option<TraceStats>,
}

/// See [`emu_core::cpu::engine::CacheCounters`].
#[derive(Serialize)]
struct TraceStats {
    translated: u64,
    translated_instructions: u64,
    sought: u64,
    checked: u64,
    stepped: u64,
}

#[derive(Serialize)]
struct RunStats {
    vcpus: Vec<CpuStats>,
    wall_seconds: f64,
    cpu_seconds: f64,
}

/// Writes everything that was asked for, as far as it can be.
///
/// # Errors
/// The first failure, as a sentence that names the file.
pub fn write(session: &mut Session, options: &RunOptions, started: &Started) -> anyhow::Result<()> {
    let screenshot = options.screenshot.as_deref().map(|path| write_screenshot(session, path));
    let text = options.text_screen.as_deref().map(|path| {
        let text = text_screen(session).map(|screen| screen.to_string()).unwrap_or_default();
        save(path, text.as_bytes())
    });
    let stats = options.stats.as_deref().map(|path| {
        let text = ron::ser::to_string_pretty(&stats(session, started), ron::ser::PrettyConfig::new())?;
        save(path, text.as_bytes())
    });
    [screenshot, text, stats].into_iter().flatten().fold(Ok(()), anyhow::Result::and)
}

fn write_screenshot(session: &Session, path: &Path) -> anyhow::Result<()> {
    let frame = session.picture().context("the machine has no display card, so there is no picture")?;
    save(path, &picture::png_of(&frame)?)
}

/// Writes a result as a whole or not at all; but what is no file of its own (a pipe, a device, a link to one) is written
/// to as it is.
fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let is_special = fs::symlink_metadata(path).is_ok_and(|found| !found.is_file());
    let written = if is_special { fs::write(path, bytes) } else { write_atomically(path, bytes) };
    written.with_context(|| format!("{} cannot be written", path.display()))
}

fn stats(session: &Session, started: &Started) -> RunStats {
    let counters = session.machine.cpu().counters();
    let (tlb, accesses) = (session.machine.bus().tlb_counters(), session.machine.bus().accesses());
    let table = |counters: TableCounters, accesses| TableStats {
        accesses,
        misses: counters.misses(),
        hit_rate: counters.hit_rate(accesses),
    };
    let traces = session.machine.cpu().trace_counters().map(|counters| TraceStats {
        translated: counters.translated,
        translated_instructions: counters.instructions,
        sought: counters.sought,
        checked: counters.checked,
        stepped: counters.stepped,
    });
    let vcpu = CpuStats {
        guest_cycles: counters.cycles,
        guest_instructions: counters.instructions,
        string_iterations: counters.string_iterations,
        tlb: TlbStats {
            read: table(tlb.read, accesses.reads),
            write: table(tlb.write, accesses.writes),
            fetch: table(tlb.fetch, accesses.fetches),
        },
        traces,
    };
    RunStats {
        vcpus: vec![vcpu],
        wall_seconds: started.wall.elapsed().as_secs_f64(),
        cpu_seconds: started.cpu.elapsed().as_secs_f64(),
    }
}
