//! The whole XT: whatever way it is run, it does the same.

mod support;

use emu_core::board::external::External;
use emu_core::hal::input::{HostInput, KeyCode};
use emu_core::machine::journal::{Input, Journal};
use emu_core::time::Cycle;
use machines::profile::Firmware;
use proptest::prelude::*;
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
