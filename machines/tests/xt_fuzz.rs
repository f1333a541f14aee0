//! Whatever a guest does to the XT's ports and memory, the machine lives.
//!
//! `ANACHRON_FUZZ` is the number of cases of each test, for a run of minutes or hours; without it they take seconds.

mod support;

use emu_core::addr::Width;
use emu_core::cpu::bus::{BusStatus, CpuBus};
use emu_core::machine::Machine;
use emu_core::time::Cycle;
use machines::profile::Firmware;
use proptest::prelude::*;
use support::xt;

/// Ports at which something answers, by the bits above the lowest four.
const PORT_GROUPS: [u32; 15] = [
    0x000, 0x020, 0x040, 0x060, 0x080, 0x0A0, 0x0B0, 0x200, 0x2F0, 0x320, 0x370, 0x3B0, 0x3D0, 0x3F0, 0x3F8,
];

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
const REACHING: [&[u8]; 8] =
    [&[0xEC], &[0xEE], &[0xED], &[0xEF], &[0xE4], &[0xE6], &[0xCD], &[0xBA]];

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
