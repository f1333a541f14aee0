//! The whole XT: whatever way it is run, it does the same.

mod support;

use emu_core::board::external::External;
use emu_core::cache::{
    CacheConfig, CacheGeometry, CacheProbe, CacheStats, FirstLevel, Inclusion, LevelConfig, Replacement,
    WritePolicy,
};
use emu_core::cpu::probe::DynamicProbe;
use emu_core::hal::input::{HostInput, KeyCode};
use emu_core::machine::journal::{Entry, Input, Journal};
use emu_core::machine::{Machine, SavedMachine};
use emu_core::time::Cycle;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::firmware::asm::Program;
use machines::profile::{Firmware, Profile};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use support::{demo_disk, xt};

fn key(key: KeyCode, pressed: bool) -> Input {
    Input::Device { device: "keyboard".into(), input: External::Input(HostInput::Key { key, pressed }) }
}

#[test]
fn two_threads_do_what_one_does() {
    let (mut one, mut two) = (xt(Firmware::Rom), xt(Firmware::Rom));
    let end = Cycle(2_000_000);
    one.run_until(end);
    two.run_until_on_two_threads(end);
    assert_eq!(one.save(), two.save());
}

/// Keys, a disk change and serial bytes on the demo's menu: what was recorded, and where it led.
fn recorded() -> (Vec<Entry>, SavedMachine) {
    let mut live = xt(Firmware::Rom);
    live.record();
    for (at, input) in [
        (20_000_000, key(KeyCode::Digit4, true)),
        (21_000_000, key(KeyCode::Digit4, false)),
        (22_000_000, Input::Device { device: "com1".into(), input: External::Bytes(b"hello".to_vec()) }),
        (23_000_000, Input::Eject { device: "fdc".into(), slot: 0 }),
    ] {
        live.run_until(Cycle(at));
        live.input(input).unwrap();
    }
    live.insert("fdc", 0, "demo", demo_disk()).unwrap();
    live.run_until(SESSION_END);
    let Journal::Recording(entries) = live.journal().clone() else { panic!("it records") };
    assert_eq!(entries.len(), 5);
    (entries, live.save())
}

const SESSION_END: Cycle = Cycle(30_000_000);

fn replay(entries: &[Entry], caches: Option<CacheConfig>) -> Machine {
    let mut machine = xt(Firmware::Rom);
    watch(&mut machine, caches);
    machine.replay(entries.to_vec(), Box::new(|label| (label == "demo").then(demo_disk)));
    machine.run_until(SESSION_END);
    machine
}

/// Puts caches before a machine's memory.
fn watch(machine: &mut Machine, caches: Option<CacheConfig>) {
    let plugin = caches.map(|config| CacheProbe::new(config).expect("the caches can be"));
    machine.set_probe(plugin.map(DynamicProbe::of));
}

fn cache_stats(machine: &mut Machine) -> CacheStats {
    machine.probe_mut().expect("it is watched").plugin::<CacheProbe>().expect("by caches").stats()
}

#[test]
fn a_recorded_session_replays_to_the_same_state() {
    let (entries, live) = recorded();
    assert!(replay(&entries, None).save() == live);
}

/// Caches of every shape that a dialog offers.
fn caches(charge: bool) -> impl Strategy<Value = CacheConfig> {
    let replacement =
        prop_oneof![Just(Replacement::Lru), Just(Replacement::TreePlru), Just(Replacement::Random)];
    let inclusion =
        prop_oneof![Just(Inclusion::Neither), Just(Inclusion::Inclusive), Just(Inclusion::Exclusive)];
    let write = prop_oneof![Just(WritePolicy::Back), Just(WritePolicy::Through)];
    // Outer levels are larger, and have the same lines.
    let level = move |sets: std::ops::Range<u32>| {
        let shape = (sets, 0u32..4, replacement.clone(), write.clone(), any::<bool>());
        (shape, inclusion.clone(), 0u32..20).prop_map(
            |((sets, ways, replacement, write, allocate), inclusion, latency)| {
                let geometry = CacheGeometry { size: 16 << (sets + ways), line: 16, ways: 1 << ways };
                LevelConfig { geometry, replacement, write, allocate_on_write: allocate, inclusion, latency }
            },
        )
    };
    let first = prop_oneof![
        level(0..4).prop_map(FirstLevel::Unified),
        (level(0..4), level(0..4)).prop_map(|(code, data)| FirstLevel::Split { code, data }),
    ];
    let outer = (prop::option::of(level(5..8)), prop::option::of(level(9..12)));
    (first, outer, 1u32..40, any::<u64>())
        .prop_map(move |(l1, (l2, l3), memory_latency, seed)| CacheConfig {
            l1,
            l2,
            l3: l3.filter(|_| l2.is_some()),
            memory_latency,
            charge,
            seed,
            ..CacheConfig::default()
        })
        .prop_filter("the caches can be", |config| config.problems().is_empty())
}

#[test]
fn uncharged_caches_leave_a_session_as_it_was_to_the_cycle() {
    let (entries, live) = recorded();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() });
    let done = runner.run(&caches(false), |config| {
        let mut machine = replay(&entries, Some(config));
        prop_assert!(machine.save() == live, "the caches changed something");
        let stats = cache_stats(&mut machine);
        prop_assert_eq!(stats.cycles_charged, 0);
        prop_assert!(stats.levels.iter().map(|(_, level)| level.accesses()).sum::<u64>() > 1_000_000);
        Ok(())
    });
    done.unwrap();
}

/// Fills memory, sorts, multiplies and divides, moves strings and calls itself, then halts for good. It asks nothing of
/// the time, nor of any chip.
const COMPUTES: &str = include_str!("programs/computes.asm");

/// An XT whose only firmware is that program.
fn computer() -> Machine {
    let rom = Program::new().source("computes.asm", COMPUTES).assemble("computes.asm").unwrap().bytes;
    let profile = Profile { firmware: Firmware::File("computes".into()), ..(boards::xt::KIND.profile)() };
    let supplies = Supplies { rom_file: Some(rom), ..Supplies::default() };
    boards::build(&profile, &Catalogue::standard(), supplies).unwrap()
}

/// Runs until the processor halts for good. Gives its registers, and all of its memory.
fn computed(machine: &mut Machine) -> (Vec<u64>, Vec<u8>) {
    loop {
        let before = machine.cpu().counters().instructions;
        let target = machine.now() + 20_000;
        machine.run_until(target);
        if machine.cpu().counters().instructions == before {
            break;
        }
        assert!(machine.now() < Cycle(100_000_000), "it never ends");
    }
    let names = ["AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP", "CS", "DS", "ES", "SS", "IP", "FLAGS"];
    let registers = names.map(|name| machine.register(name).unwrap_or_else(|| panic!("there is no {name}")));
    (registers.to_vec(), (0..640 * 1024).map(|at| machine.peek(at)).collect())
}

#[test]
fn charged_caches_cost_time_and_change_nothing_else() {
    let mut bare = computer();
    let wanted = computed(&mut bare);
    assert!(wanted.1.iter().filter(|&&byte| byte != 0).count() > 10_000, "it gets somewhere");
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() });
    let done = runner.run(&caches(true), |config| {
        let mut machine = computer();
        watch(&mut machine, Some(config));
        prop_assert!(computed(&mut machine) == wanted, "it computed something else");
        prop_assert!(machine.now() >= bare.now(), "caches never make a guest faster");
        prop_assert!(cache_stats(&mut machine).cycles_charged > 0);
        Ok(())
    });
    done.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_machine_saved_anywhere_goes_on_as_the_uninterrupted_one(
        at in 1_000_000u64..60_000_000,
        host in any::<bool>(),
    ) {
        let firmware = || if host { Firmware::Host } else { Firmware::Rom };
        let mut live = xt(firmware());
        live.run_until(Cycle(at));
        let saved = live.save();
        let mut restored = xt(firmware());
        restored.restore(&saved).unwrap();
        prop_assert_eq!(&restored.save(), &saved);
        let instructions = live.cpu().counters().instructions + 1_000_000;
        while live.cpu().counters().instructions < instructions && live.now().0 < at + 40_000_000 {
            let target = live.now() + 1_000_000;
            live.run_until(target);
            restored.run_until(target);
        }
        prop_assert_eq!(live.save(), restored.save());
    }
}
