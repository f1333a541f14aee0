//! The XT's services as functions of the host, behind the same entry points as the ROM code of [`super::xt`].
//!
//! The ROM then has a stub at each of these services, whose write to a port ends the processor's run
//! ([`crate::chips::host_call`]). The stub's address says which service is wanted. A service that must wait goes back
//! into its stub, which halts until the next interrupt and asks again; all that it remembers meanwhile lies in the
//! guest's memory, so that a snapshot holds it.
//!
//! Host functions are INT 10h, 11h, 12h, 13h for floppies, 15h, 16h and 1Ah. Code of the ROM as ever are the
//! self-test, the hardware interrupts, INT 5, 14h, 17h, 18h, 19h, on the plain board INT 15h, and the hard disk
//! controller's own ROM.
//!
//! Not served: a caller in a virtual 8086 machine whose memory is paged; its addresses are taken for physical ones.

mod call;
mod disk;
mod graphics;
mod system;
mod video;

use call::{Call, Outcome, Register};
use emu_core::cpu::Processor;
use emu_core::machine::system_bus::SystemBus;
use emu_core::machine::{HostServices, Served};
use std::collections::BTreeMap;

type Service = fn(&mut Call<'_>) -> Outcome;

/// The label of each stub, and who serves it.
const SERVICES: [(&str, Service); 7] = [
    ("int10", video::serve),
    ("int11", system::equipment),
    ("int12", system::memory_size),
    ("int13", disk::serve),
    ("int15", system::no_cassette),
    ("int16", system::keyboard),
    ("int1a", system::time_of_day),
];

/// Bytes of a stub's OUT; behind it the IRET, and behind that the way to wait.
const OUT_BYTES: u16 = 2;
const IRET_BYTES: u16 = 1;

/// The services of one ROM.
pub struct HostFirmware {
    /// By the offset in F000 at which a stub goes on.
    services: BTreeMap<u16, Service>,
}

impl HostFirmware {
    /// The services behind the stubs of a ROM with these labels.
    pub fn new(labels: &BTreeMap<String, u16>) -> Self {
        let entry = |(name, service): (&str, Service)| Some((labels.get(name)? + OUT_BYTES, service));
        Self { services: SERVICES.into_iter().filter_map(entry).collect() }
    }
}

impl HostServices for HostFirmware {
    fn serve(&mut self, cpu: &mut dyn Processor<SystemBus>, bus: &mut SystemBus) -> Served {
        let mut call = Call::new(cpu, bus);
        let at = call.get(Register::Ip);
        let in_rom = call.get(Register::Cs) == super::xt::SYSTEM_SEGMENT;
        // Anybody can write to the port; only the stubs mean something by it.
        if let Some(service) = self.services.get(&at).filter(|_| in_rom)
            && service(&mut call) == Outcome::Wait
        {
            call.set(Register::Ip, at + IRET_BYTES);
        }
        Served::GoOn
    }
}
