//! How long a memory access takes through the software TLB: prints nanoseconds per access for each kind.
//!
//! `cargo run --release -p emu-core --example memory_speed`

use emu_core::addr::{Linear, Physical};
use emu_core::mem::{
    BigGuest, GuestOrder, LittleGuest, Mapping, MmioId, NodeId, PAGE_SIZE, PhysMem, Privilege, RamBlock,
    Scalar, Table, Tlb,
};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ACCESSES: u64 = 100_000_000;
/// Small enough for the host's first-level cache, over enough pages to need several entries.
const WINDOW: u64 = 4 * PAGE_SIZE;
const RAM: u64 = 640 * 1024;
const ROOT: Privilege = Privilege::Supervisor;

struct Guest<O: GuestOrder> {
    ram: Arc<RamBlock>,
    memory: PhysMem,
    tlb: Tlb<O>,
}

impl<O: GuestOrder> Guest<O> {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let ram = Arc::new(RamBlock::new(RAM, O::ORDER, NodeId(0))?);
        let mut memory = PhysMem::new(O::ORDER);
        memory.map(Mapping::ram(0, &ram))?;
        memory.map(Mapping::mmio(0xB8000, 0x4000, MmioId(0)))?;
        let tlb = Tlb::new();
        memory.attach(tlb.mailbox());
        Ok(Self { ram, memory, tlb })
    }

    #[inline(always)]
    fn read<T: Scalar>(&mut self, at: u64) -> u64 {
        match self.tlb.read::<T>(ROOT, Linear(at)) {
            Some(value) => value.into(),
            None => self.read_missed::<T>(at),
        }
    }

    #[inline(never)]
    fn read_missed<T: Scalar>(&mut self, at: u64) -> u64 {
        let read =
            self.memory.read_missed::<T, O>(&mut self.tlb, Table::Read, ROOT, Linear(at), Physical(at));
        read.map_or(0xFF, Into::into)
    }

    #[inline(always)]
    fn write<T: Scalar>(&mut self, at: u64, value: T) {
        if self.tlb.write(ROOT, Linear(at), value).is_none() {
            self.write_missed(at, value);
        }
    }

    #[inline(never)]
    fn write_missed<T: Scalar>(&mut self, at: u64, value: T) {
        // A store that meets no memory is lost here; the bench counts only time.
        _ = self.memory.write_missed(&mut self.tlb, ROOT, Linear(at), Physical(at), value);
    }
}

/// Runs `access` on `count` addresses, `stride` apart from `start` on within the window, and prints the time of one.
fn measure(name: &str, count: u64, start: u64, stride: u64, mut access: impl FnMut(u64) -> u64) {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let (begun, mut at, mut sum) = (Instant::now(), start, 0u64);
        for _ in 0..count {
            sum = sum.wrapping_add(access(black_box(at)));
            at = start + (at - start + stride) % WINDOW;
        }
        black_box(sum);
        best = best.min(begun.elapsed().as_secs_f64() * 1e9 / count as f64);
    }
    println!("  {name:<44} {best:7.2} ns");
}

fn run<O: GuestOrder>(name: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("{name}");
    let mut guest = Guest::<O>::new()?;
    measure("the loop alone", ACCESSES, 0, 4, |at| at);
    measure("read 8 bits", ACCESSES, 0, 3, |at| guest.read::<u8>(at));
    measure("read 16 bits, aligned", ACCESSES, 0, 6, |at| guest.read::<u16>(at));
    measure("read 32 bits, aligned", ACCESSES, 0, 12, |at| guest.read::<u32>(at));
    measure("read 32 bits, 1 in 4 aligned, 1 in 1365 crossing", ACCESSES, 0, 5, |at| guest.read::<u32>(at));
    measure("write 8 bits", ACCESSES, 0, 3, |at| {
        guest.write(at, at as u8);
        0
    });
    measure("write 16 bits, aligned", ACCESSES, 0, 6, |at| {
        guest.write(at, at as u16);
        0
    });
    measure("bus master reads 16 bits", ACCESSES / 10, 0, 6, |at| {
        guest.memory.read::<u16>(Physical(at)).map_or(0, Into::into)
    });
    measure("bus master writes 16 bits", ACCESSES / 10, 0, 6, |at| {
        u64::from(guest.memory.write::<u16>(Physical(at), 0).is_ok())
    });
    measure("a device's address, up to the bus", ACCESSES / 10, 0xB8000, 2, |at| guest.read::<u8>(at));
    guest.ram.mark_code(4 * WINDOW, 1);
    guest.tlb.honour();
    measure("write 16 bits beside code", ACCESSES / 10, 4 * WINDOW + 64, 0, |at| {
        guest.write(at, 0u16);
        0
    });
    let mut sector = [0; 512];
    measure("512 bytes copied out", ACCESSES / 1000, 0, 512, |at| {
        u64::from(guest.memory.read_bytes(Physical(at), &mut sector).is_ok())
    });
    measure("512 bytes copied in", ACCESSES / 1000, 0, 512, |at| {
        u64::from(guest.memory.write_bytes(Physical(at), &sector).is_ok())
    });
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run::<LittleGuest>("Low byte first")?;
    run::<BigGuest>("High byte first")
}
