//! Whatever a guest does to the XT's ports and memory, and whatever lies in the files that make it, the machine lives.
//!
//! `ANACHRON_FUZZ` is the number of cases of each test, for a run of minutes or hours; without it they take seconds.

mod support;

use emu_core::addr::Width;
use emu_core::board::device::ResetKind;
use emu_core::board::external::External;
use emu_core::cpu::bus::{BusStatus, CpuBus};
use emu_core::hal::input::{HostInput, KeyCode};
use emu_core::machine::Machine;
use emu_core::machine::journal::{Entry, Input};
use emu_core::time::Cycle;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::profile::{self, Firmware, Profile};
use proptest::prelude::*;
use support::{demo_disk, xt};

/// Ports at which something answers, by the bits above the lowest four.
const PORT_GROUPS: [u32; 15] =
    [0x000, 0x020, 0x040, 0x060, 0x080, 0x0A0, 0x0B0, 0x200, 0x2F0, 0x320, 0x370, 0x3B0, 0x3D0, 0x3F0, 0x3F8];

/// How many cases of each test are tried.
fn config(usual: u32) -> ProptestConfig {
    let asked = std::env::var("ANACHRON_FUZZ").ok().and_then(|number| number.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), failure_persistence: None, ..ProptestConfig::default() }
}

/// What a guest or a debugger may do to a bus.
#[derive(Clone, Copy, Debug)]
enum Access {
    In(u32),
    Out(u32, u8),
    Read(u32),
    Write(u32, u8),
}

fn accesses() -> impl Strategy<Value = Vec<(Access, u64)>> {
    let port = || {
        prop_oneof![
            3 => (prop::sample::select(&PORT_GROUPS[..]), 0u32..16).prop_map(|(group, port)| group + port),
            1 => 0u32..0x400,
        ]
    };
    let memory = || 0xA_0000u32..0x10_0000;
    let access = prop_oneof![
        port().prop_map(Access::In),
        (port(), any::<u8>()).prop_map(|(port, value)| Access::Out(port, value)),
        memory().prop_map(Access::Read),
        (memory(), any::<u8>()).prop_map(|(at, value)| Access::Write(at, value)),
    ];
    // Most guests are quick; some let a disk turn.
    let wait = prop_oneof![6 => 0u64..100, 3 => 0u64..40_000, 1 => 0u64..2_000_000];
    prop::collection::vec((access, wait), 1..400)
}

fn carry_out(machine: &mut Machine, access: Access, now: Cycle) {
    let bus = machine.bus_mut();
    match access {
        Access::In(port) => {
            let _ = bus.read(BusStatus::IoRead, port, Width::Byte, now);
        }
        Access::Out(port, value) => {
            let _ = bus.write(BusStatus::IoWrite, port, Width::Byte, value.into(), now);
        }
        Access::Read(at) => {
            let _ = bus.read(BusStatus::MemoryRead, at, Width::Byte, now);
        }
        Access::Write(at, value) => {
            let _ = bus.write(BusStatus::MemoryWrite, at, Width::Byte, value.into(), now);
        }
    }
    bus.hold(now);
}

/// All that is ever asked of a machine can be asked, and its state fits another one like it.
fn check(machine: &Machine, firmware: Firmware) -> Result<(), TestCaseError> {
    machine.view_domain(|domain| {
        for (_, name, device) in domain.devices() {
            device.registers(domain.now());
            prop_assert!(!name.is_empty());
            device.text_screen();
            device.picture();
        }
        Ok(())
    })?;
    let saved = machine.save();
    let mut other = xt(firmware);
    prop_assert!(other.restore(&saved).is_ok());
    prop_assert!(other.save() == saved, "a restored machine differs");
    Ok(())
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn nonsense_to_every_port_and_address_does_no_harm(accesses in accesses()) {
        let mut machine = xt(Firmware::Rom);
        let mut now = Cycle(1_000);
        for (access, wait) in accesses {
            now = now + wait;
            carry_out(&mut machine, access, now);
        }
        check(&machine, Firmware::Rom)?;
    }
}

/// Instructions that reach beyond the processor, strewn among random bytes: IN and OUT by DX and by number, INT, HLT.
const REACHING: [&[u8]; 8] = [&[0xEC], &[0xEE], &[0xED], &[0xEF], &[0xE4], &[0xE6], &[0xCD], &[0xBA]];

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn nonsense_executed_does_no_harm(
        code in prop::collection::vec(
            prop_oneof![3 => any::<u8>().prop_map(|byte| vec![byte]), 1 => prop::sample::select(&REACHING[..]).prop_map(<[u8]>::to_vec)],
            64..4000,
        ),
        booted in 0u64..12_000_000,
        host in any::<bool>(),
    ) {
        let firmware = || if host { Firmware::Host } else { Firmware::Rom };
        let mut machine = xt(firmware());
        machine.run_until(Cycle(booted));
        for (at, byte) in (0x500..).zip(code.concat()) {
            machine.poke(at, byte);
        }
        for (name, value) in [("CS", 0x50), ("IP", 0), ("SS", 0x3000), ("SP", 0xFFFE)] {
            let register = machine.cpu().description().register_named(name).expect("an 8088 has it");
            machine.cpu_mut().set_register(register, value).unwrap();
        }
        let target = machine.now() + 2_000_000;
        machine.run_until(target);
        check(&machine, firmware())?;
    }
}

/// Inputs for devices that are there and that are not, at moments in no order.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let devices = ["keyboard", "com1", "com2", "lpt1", "fdc", "hdc", "game-port", "pic", "nobody"];
    let device = || prop::sample::select(devices.to_vec()).prop_map(str::to_owned);
    let external = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..9000).prop_map(External::Bytes),
        any::<bool>().prop_map(|pressed| External::Input(HostInput::Key { key: KeyCode::KeyA, pressed })),
    ];
    let input = prop_oneof![
        4 => (device(), external).prop_map(|(device, input)| Input::Device { device, input }),
        2 => (device(), 0usize..5, prop::sample::select(vec!["demo", "gone"])).prop_map(|(device, slot, medium)| {
            Input::Insert { device, slot, medium: medium.to_owned() }
        }),
        2 => (device(), any::<usize>()).prop_map(|(device, slot)| Input::Eject { device, slot }),
        1 => any::<bool>()
            .prop_map(|cold| Input::Reset(if cold { ResetKind::PowerOn } else { ResetKind::Line })),
    ];
    prop::collection::vec((0u64..3_000_000, input), 0..60)
        .prop_map(|list| list.into_iter().map(|(at, input)| Entry { at: Cycle(at), input }).collect())
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn any_recording_can_be_replayed(entries in entries()) {
        let mut machine = xt(Firmware::Rom);
        machine.replay(entries, Box::new(|label| (label == "demo").then(demo_disk)));
        machine.run_until(Cycle(4_000_000));
        check(&machine, Firmware::Rom)?;
    }

    /// A ROM of nonsense is a guest like any other.
    #[test]
    fn any_rom_can_be_run_or_is_refused_in_words(size in 0usize..300, odd in 0usize..3, seed: [u8; 61]) {
        let bytes: Vec<u8> = seed.iter().copied().cycle().take(size * 1024 + odd / 2).collect();
        let profile = Profile { firmware: Firmware::File("any.rom".into()), ..(boards::xt::KIND.profile)() };
        let supplies = Supplies { rom_file: Some(bytes), ..Supplies::default() };
        match boards::build(&profile, &Catalogue::standard(), supplies) {
            Ok(mut machine) => {
                machine.run_until(Cycle(300_000));
            }
            Err(error) => prop_assert!(error.to_string().len() > 10),
        }
    }
}

proptest! {
    #![proptest_config(config(400))]

    /// A machine's file with some of it changed, taken away or said twice.
    #[test]
    fn any_profile_is_checked_or_refused_in_words(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[ -~]{0,12}"), 0..4),
    ) {
        let mut text = (boards::xt::KIND.profile)().to_ron();
        for (from, to, with) in cuts {
            let (from, to) = (from.index(text.len().max(1)), to.index(text.len().max(1)));
            text.replace_range(from.min(to)..from.max(to).min(from.min(to) + 20).min(text.len()), &with);
        }
        read_and_build(&text);
    }

    #[test]
    fn any_text_is_a_profile_or_refused_in_words(text in "(V[0-9])?[(\\[{\"a-z0-9:, ]{0,3000}") {
        read_and_build(&text);
    }
}

/// Does with a `machine.ron` what the program does, as far as it leads.
fn read_and_build(text: &str) {
    match Profile::from_ron(text) {
        Ok(found) => {
            let catalogue = Catalogue::standard();
            let conflicts = profile::check(&found, &catalogue);
            let built = boards::build(&found, &catalogue, Supplies::default());
            assert!(built.is_err() || conflicts.is_empty(), "{conflicts:?}");
        }
        Err(error) => assert!(error.to_string().len() > 10),
    }
}
