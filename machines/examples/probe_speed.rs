//! What probes cost the threaded engine: how fast the plain board runs the workloads of `shared/bench` unwatched, with instructions and
//! accesses counted in its traces, and with a plug-in that counts them; and how many of its accesses the software TLB serves.
//!
//! Arguments: `rm16`, `pm32` or `lm64`; how often each is measured, in turns; then workloads, by default all.

#[path = "../tests/support/mod.rs"]
mod support;

use cpu_time::ThreadTime;
use emu_core::cpu::bus::BusStatus;
use emu_core::cpu::describe::CodeAddress;
use emu_core::cpu::probe::{Access, Counter, DynamicProbe, Probe, ProbePlugin};
use emu_core::machine::Machine;
use machines::profile::Engine;
use support::bare;
use support::bench::{Mode, Suite};

/// A [`Counter`] as a plug-in.
#[derive(Default)]
struct Counting(Counter);

impl ProbePlugin for Counting {
    fn before_instruction(&mut self, at: &CodeAddress) -> bool {
        self.0.before_instruction(at)
    }

    fn access(&mut self, access: &Access) -> u32 {
        self.0.access(access)
    }
}

/// Guest instructions of a measurement, about.
const LENGTH: u64 = 150_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mode = Mode::named(args.first().map(String::as_str));
    let rounds = args.get(1).and_then(|text| text.parse().ok()).unwrap_or(3).max(1);
    let Some(suite) = Suite::find("bench-x86.img") else { return };
    let wanted = args.get(2..).unwrap_or_default();
    println!(
        "{:10} {:>8} {:>8} {:>8}  {:>6} {:>6}  TLB hits",
        "", "off", "counted", "plug-in", "/off", "/off"
    );
    let (mut shares, mut number) = ([0.0; 2], 0.0);
    for name in suite.select(mode, u64::MAX) {
        if wanted.is_empty() || wanted.contains(&name) {
            let [counted, plugged] = measure(&suite, mode, &name, rounds);
            shares = [shares[0] + counted.ln(), shares[1] + plugged.ln()];
            number += 1.0;
        }
    }
    let [counted, plugged] = shares.map(|sum: f64| (sum / f64::max(number, 1.0)).exp());
    println!("geometric means of the shares: counted {counted:.3}, plug-in {plugged:.3}");
}

/// Gives the shares of its speed that a workload keeps when it is counted and with a plug-in.
fn measure(suite: &Suite, mode: Mode, name: &str, rounds: usize) -> [f64; 2] {
    let instructions = suite.instructions[&format!("{}.{name}", mode.prefix)].max(1);
    let repeats = (LENGTH / instructions).clamp(1, 20_000) as u32;
    let timed = |probe: fn() -> Option<DynamicProbe>| {
        // The start of the machine, which some repeats more or less don't change, is not the workload's.
        let (base, _) = run(suite, mode, name, 1, probe());
        let (whole, machine) = run(suite, mode, name, 1 + repeats, probe());
        (instructions as f64 * f64::from(repeats) / (whole - base) / 1e6, machine)
    };
    let probes: [fn() -> Option<DynamicProbe>; 3] =
        [|| None, || Some(DynamicProbe::counting()), || Some(DynamicProbe::of(Counting::default()))];
    let mut speeds: [Vec<f64>; 3] = Default::default();
    let mut rates = String::new();
    for _ in 0..rounds {
        for (probe, speeds) in probes.into_iter().zip(&mut speeds) {
            let (speed, mut machine) = timed(probe);
            speeds.push(speed);
            rates = hit_rates(&mut machine).unwrap_or(rates);
        }
    }
    let share = |which: usize| {
        let shares = speeds[which].iter().zip(&speeds[0]).map(|(watched, off)| watched / off).collect();
        median(shares)
    };
    let shares = [share(1), share(2)];
    let [off, counted, plugged] = speeds.map(median);
    println!("{name:10} {off:8.1} {counted:8.1} {plugged:8.1}  {:6.3} {:6.3}  {rates}", shares[0], shares[1]);
    shares
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many of the accesses to data were hits, if a counter has counted them.
fn hit_rates(machine: &mut Machine) -> Option<String> {
    let counter = machine.probe_mut()?.counter?;
    let tlb = machine.bus().tlb_counters();
    let rate = |table: emu_core::mem::TableCounters, status| 100.0 * table.hit_rate(counter.accesses(status));
    let (reads, writes) = (rate(tlb.read, BusStatus::MemoryRead), rate(tlb.write, BusStatus::MemoryWrite));
    Some(format!("{reads:.3} % of reads, {writes:.3} % of writes"))
}

fn run(suite: &Suite, mode: Mode, name: &str, repeats: u32, probe: Option<DynamicProbe>) -> (f64, Machine) {
    let mut machine = bare("x86-64-v3", 256, |profile| profile.cpu.engine = Engine::Threaded);
    machine.set_probe(probe);
    let start = ThreadTime::now();
    let mistakes = suite.run_on(mode, &[name.to_owned()], repeats, &mut machine);
    let seconds = start.elapsed().as_secs_f64();
    assert!(mistakes.is_empty(), "{}", mistakes.join("; "));
    (seconds, machine)
}
