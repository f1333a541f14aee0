//! Writes down what a case begins and ends with, for the developer's tool that runs the cases on other emulators
//! (`cargo xtask peers`): a file for each run, in the folder that `ANACHRON_PEERS` names.

use crate::bench::Machine;
use crate::quiet_bus::SIZE;
use emu_core::cpu::x86::state::State;
use std::cell::Cell;
use std::fmt::Write;

/// What memory is told in.
const GRAIN: u64 = 64;

/// A run that is written down. What isn't there is zero.
pub struct Recording {
    file: std::path::PathBuf,
    text: String,
    memory: Vec<u8>,
}

impl Recording {
    /// At the start of a run; none where nobody asks.
    pub fn begin(machine: &Machine) -> Option<Self> {
        thread_local! { static RUNS: Cell<u32> = const { Cell::new(0) }; }
        let folder = std::env::var_os("ANACHRON_PEERS")?;
        // The way into a case fills no vector or floating-point register.
        if machine.state().vectors != [[0; 4]; 16] {
            return None;
        }
        let number = RUNS.replace(RUNS.get() + 1);
        let test = std::thread::current().name()?.replace("::", ".");
        let mut recording = Self {
            file: std::path::Path::new(&folder).join(format!("{test}.{number:02}")),
            text: format!("model {}\n", machine.cpu.model().name),
            memory: vec![0; SIZE as usize],
        };
        if machine.bus.interrupt.is_some() {
            recording.text += "interrupt 1\n";
        }
        recording.put_state(machine.state());
        recording.put_memory(machine);
        Some(recording)
    }

    /// At its end.
    pub fn end(mut self, machine: &Machine) {
        self.text += &format!("end {:?}\n", machine.state().activity);
        self.put_state(machine.state());
        self.put_memory(machine);
        std::fs::write(&self.file, &self.text).expect("the folder takes the case");
    }

    /// Names and hexadecimal numbers.
    fn put_state(&mut self, s: &State) {
        let mut line = |name: &str, values: &[u64]| {
            let values: Vec<String> = values.iter().map(|value| format!("{value:x}")).collect();
            writeln!(self.text, "{name} {}", values.join(" ")).expect("a text takes all");
        };
        line("registers", &s.registers[..16]);
        line("rip", &[s.rip]);
        line("flags", &[s.flags.word()]);
        line("control", &[s.cr0, s.cr2, s.cr3, s.cr4, s.efer]);
        line("debug", &s.debug);
        line("gdtr", &[s.gdtr.base, s.gdtr.limit.into()]);
        line("idtr", &[s.idtr.base, s.idtr.limit.into()]);
        let m = &s.msrs;
        line("msrs", &[m.star, m.lstar, m.cstar, m.sfmask, m.kernel_gs_base]);
        for segment in s.segments {
            line(
                "segment",
                &[segment.selector.into(), segment.attributes.into(), segment.limit.into(), segment.base],
            );
        }
    }

    /// What has changed since the last time.
    fn put_memory(&mut self, machine: &Machine) {
        let mut now = vec![0; SIZE as usize];
        machine.bus.get(0, &mut now);
        let grains = now.chunks(GRAIN as usize).zip(self.memory.chunks(GRAIN as usize));
        for (at, (new, _)) in (0..).step_by(GRAIN as usize).zip(grains).filter(|(_, (new, old))| new != old) {
            let bytes: String = new.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(self.text, "memory {at:x} {bytes}").expect("a text takes all");
        }
        self.memory = now;
    }
}
