//! The whole XT: whatever way it is run, it does the same; whatever is done to its ports and memory, it lives.

use emu_core::addr::Width;
use emu_core::board::external::External;
use emu_core::cpu::bus::{BusStatus, CpuBus};
use emu_core::hal::input::{HostInput, KeyCode};
use emu_core::hal::storage::{Medium, MemoryMedium};
use emu_core::machine::Machine;
use emu_core::machine::journal::{Input, Journal};
use emu_core::time::Cycle;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::firmware::demo;
use machines::profile::{CardProfile, Firmware, Profile};
use proptest::prelude::*;

fn demo_disk() -> Box<dyn Medium> {
    Box::new(MemoryMedium::new(demo::floppy_image().expect("the demo assembles")))
}

/// An XT with every card that fits beside one another, and the demo in A:.
fn xt(firmware: Firmware) -> Machine {
    let mut profile: Profile = (boards::xt::KIND.profile)();
    profile.firmware = firmware;
    for device in ["mda", "com2", "xt-hdc"] {
        profile.cards.push(CardProfile { device: device.to_owned(), options: Default::default() });
    }
    let mut machine = boards::build(&profile, &Catalogue::standard(), Supplies::default()).unwrap();
    machine.insert("fdc", 0, "demo", demo_disk()).unwrap();
    machine
}

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

#[test]
fn a_recorded_session_of_keys_disks_and_serial_bytes_replays_to_the_same_state() {
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
    let end = Cycle(30_000_000);
    live.run_until(end);
    let Journal::Recording(entries) = live.journal().clone() else { panic!("it records") };
    assert_eq!(entries.len(), 5);
    let mut again = xt(Firmware::Rom);
    again.replay(entries, Box::new(|label| (label == "demo").then(demo_disk)));
    again.run_until(end);
    assert_eq!(live.save(), again.save());
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nonsense_to_every_port_and_address_does_no_harm(
        accesses in prop::collection::vec((0u8..4, any::<u32>(), any::<u8>(), 0u64..40_000), 1..400),
    ) {
        let mut machine = xt(Firmware::Rom);
        let mut now = Cycle(1_000);
        for (kind, address, value, wait) in accesses {
            now = now + wait;
            let bus = machine.bus_mut();
            let port = address & 0x3FF;
            let memory = 0xA_0000 + address % 0x6_0000;
            match kind {
                0 => {
                    let _ = bus.read(BusStatus::IoRead, port, Width::Byte, now);
                }
                1 => {
                    let _ = bus.write(BusStatus::IoWrite, port, Width::Byte, u64::from(value), now);
                }
                2 => {
                    let _ = bus.read(BusStatus::MemoryRead, memory, Width::Byte, now);
                }
                _ => {
                    let _ = bus.write(BusStatus::MemoryWrite, memory, Width::Byte, u64::from(value), now);
                }
            }
            bus.hold(now);
        }
        machine.view_domain(|domain| {
            for (_, name, device) in domain.devices() {
                device.registers(domain.now());
                prop_assert!(!name.is_empty());
                device.text_screen();
            }
            Ok(())
        })?;
        prop_assert_eq!(machine.save(), machine.save());
    }
}
