//! Several processors on shared memory, each on a thread of the host, with an engine of its own.

use crate::quiet_bus::{QuietBus, SIZE};
use crate::world::kernel;
use crate::world::{Paging, STACK_0, Start, World};
use emu_core::cpu::x86::cpu::X86;
use emu_core::cpu::x86::model::X86_64_V3;
use emu_core::cpu::x86::state::{Activity, reg};
use emu_core::cpu::{EngineKind, Processor};
use emu_core::mem::RamBlock;
use emu_core::time::Cycle;
use std::sync::{Arc, Barrier};

/// Cycles after which a processor looks around.
const SLICE: u64 = 20_000;
/// No test's processor takes more slices.
const MOST_SLICES: u64 = 50_000;

/// What one processor executes, until it halts.
pub struct Vcpu {
    pub engine: EngineKind,
    pub code: Vec<u8>,
}

pub struct Machine {
    pub ram: Arc<RamBlock>,
    start: Start,
}

impl Machine {
    pub fn new(world: World, paging: Paging) -> Self {
        let start = Start { world, paging, cr0: 0, cr4: 0, iopl: 0 };
        let ram = QuietBus::ram(SIZE);
        kernel::build(&QuietBus::on(0, &ram), &X86_64_V3, &start);
        Self { ram, start }
    }

    pub fn word(&self, at: u64) -> u32 {
        self.ram.read(at).expect("within memory")
    }

    pub fn put(&self, at: u64, value: u32) {
        self.ram.write(at, value).expect("within memory");
    }

    /// Runs all until they halt, while the host does `meanwhile`.
    pub fn run_while(&self, vcpus: &[Vcpu], meanwhile: impl FnOnce()) {
        let together = Barrier::new(vcpus.len());
        std::thread::scope(|scope| {
            let together = &together;
            let threads: Vec<_> = (0..)
                .zip(vcpus)
                .map(|(i, vcpu)| scope.spawn(move || self.run_one(vcpu, code(i), together)))
                .collect();
            meanwhile();
            for thread in threads {
                assert!(thread.join().expect("a processor does not panic"), "every processor halts");
            }
        });
    }

    pub fn run(&self, vcpus: &[Vcpu]) {
        self.run_while(vcpus, || ());
    }

    fn run_one(&self, vcpu: &Vcpu, code: u64, together: &Barrier) -> bool {
        let mut bus = QuietBus::on(0, &self.ram);
        bus.put(code, &vcpu.code);
        bus.put(code + vcpu.code.len() as u64, &[0xF4]);
        let mut cpu = X86::new(&X86_64_V3);
        self.start.enter(&X86_64_V3, &mut cpu.state);
        cpu.state.rip = code;
        cpu.state.flags.set_word(2);
        cpu.state.registers[usize::from(reg::SP)] = STACK_0 + 0x400 * (code - self::code(0)) / 0x1000;
        Processor::<QuietBus>::set_engine(&mut cpu, vcpu.engine);
        together.wait();
        for _ in 0..MOST_SLICES {
            bus.deadline = Cycle(cpu.state.now + SLICE);
            Processor::run(&mut cpu, &mut bus, None, false);
            if cpu.state.activity != Activity::Running {
                break;
            }
        }
        cpu.state.activity == Activity::Halted && cpu.state.rip == code + vcpu.code.len() as u64 + 1
    }
}

/// Where the code of a processor lies: on a page of its own.
pub const fn code(number: u64) -> u64 {
    0x5_0000 + number * 0x1000
}

/// Both engines for `n` processors, and both mixed.
pub fn engines(n: usize) -> [Vec<EngineKind>; 3] {
    let mixed = [EngineKind::Strict, EngineKind::Threaded].into_iter().cycle().take(n).collect();
    [vec![EngineKind::Threaded; n], vec![EngineKind::Strict; n], mixed]
}
