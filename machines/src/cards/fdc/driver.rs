//! What a BIOS does with the adapter, for tests: commands byte by byte, DMA as its channel would do it.

use super::*;
use emu_core::board::testing::{Bench, byte_of};
use emu_core::hal::storage::MemoryMedium;

pub const HZ: u64 = 14_318_180;
pub const SECOND: u64 = HZ;

/// What the DMA channel was told.
pub enum Dma<'a> {
    /// Memory is read: its bytes.
    FromMemory(&'a [u8]),
    /// Memory is written: so many bytes.
    ToMemory(usize),
    /// Nothing is moved: so many bytes.
    Verify(usize),
    /// The channel is masked.
    Off,
}

pub struct Driver {
    pub bench: Bench<FloppyAdapter>,
    /// What the DMA channel has moved to memory.
    pub memory: Vec<u8>,
}

impl Driver {
    /// Drives of these kinds behind a controller that is reset and ready.
    pub fn new(kinds: &[DriveKind]) -> Self {
        let mut driver = Self { bench: Bench::new(FloppyAdapter::new(kinds, HZ)), memory: Vec::new() };
        driver.reset();
        driver
    }

    /// One drive with a disk of this format.
    pub fn with_disk(kind: DriveKind, bytes: Vec<u8>) -> Self {
        let mut driver = Self::new(&[kind]);
        driver.insert(0, Box::new(MemoryMedium::new(bytes))).unwrap();
        driver.select(0);
        driver.command(&[0x03, 0xDF, 0x02]);
        driver.recalibrate(0);
        driver
    }

    pub fn insert(&mut self, slot: usize, medium: Box<dyn Medium>) -> Result<(), MediaError> {
        self.bench.with(|d, cx| d.insert(slot, medium, cx))
    }

    pub fn eject(&mut self, slot: usize) -> Option<Box<dyn Medium>> {
        self.bench.with(|d, cx| d.eject(slot, cx)).unwrap()
    }

    pub fn reset(&mut self) {
        self.bench.write(2, 0x08);
        self.bench.write(2, 0x0C);
        self.wait_interrupt(SECOND).unwrap();
        for unit in 0..4 {
            assert_eq!(self.sense_interrupt()[0], 0xC0 | unit);
        }
        assert_eq!(self.sense_interrupt(), [0x80]);
    }

    /// Selects a drive, with its motor on and at speed.
    pub fn select(&mut self, drive: u8) {
        self.bench.write(2, 0x0C | drive | 0x10 << drive);
        self.bench.advance(SECOND / 2);
    }

    pub fn set_rate(&mut self, value: u8) {
        self.bench.write_at(byte_of(HIGH_DENSITY, 0), value.into()).unwrap();
    }

    pub fn status(&mut self) -> u8 {
        self.bench.read(4).unwrap()
    }

    pub fn command(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.wait_status(0xC0, 0x80);
            self.bench.write(5, byte);
        }
    }

    fn wait_status(&mut self, mask: u8, wanted: u8) {
        for _ in 0..1000 {
            if self.status() & mask == wanted {
                return;
            }
            self.bench.advance(SECOND / 1_000_000);
        }
        panic!("the status register stays at {:#04x}", self.status());
    }

    pub fn result(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            self.wait_status(0x80, 0x80);
            if self.status() & 0x50 != 0x50 {
                return bytes;
            }
            bytes.push(self.bench.read(5).unwrap());
            assert!(bytes.len() <= 7);
        }
    }

    pub fn sense_interrupt(&mut self) -> Vec<u8> {
        self.command(&[0x08]);
        self.result()
    }

    /// Lets time pass until the interrupt, for `limit` ticks. Gives the ticks that it took.
    pub fn wait_interrupt(&mut self, limit: u64) -> Option<u64> {
        let (start, mut dma) = (self.bench.now(), Dma::Off);
        self.run_dma(&mut dma, limit).then(|| self.bench.now() - start)
    }

    /// Serves DMA requests until the interrupt.
    fn run_dma(&mut self, dma: &mut Dma<'_>, limit: u64) -> bool {
        let end = self.bench.now() + limit;
        let mut moved = 0;
        while !self.bench.line(INTERRUPT) {
            if self.bench.line(DATA_REQUEST) && self.dma_cycle(dma, moved) {
                moved += 1;
                continue;
            }
            let next = self.bench.next_due();
            if next > end {
                self.bench.run_until(end);
                return self.bench.line(INTERRUPT);
            }
            self.bench.run_until(next);
        }
        true
    }

    fn dma_cycle(&mut self, dma: &Dma<'_>, moved: usize) -> bool {
        // A cycle takes the bus for a microsecond.
        self.bench.advance(SECOND / 1_000_000);
        match *dma {
            Dma::FromMemory(bytes) if moved < bytes.len() => {
                self.bench.dma_write(Some(bytes[moved]), moved + 1 == bytes.len());
            }
            Dma::ToMemory(count) if moved < count => {
                let byte = self.bench.dma_read(moved + 1 == count);
                self.memory.push(byte);
            }
            Dma::Verify(count) if moved < count => self.bench.dma_write(None, moved + 1 == count),
            _ => return false,
        }
        true
    }

    pub fn recalibrate(&mut self, unit: u8) -> Vec<u8> {
        self.command(&[0x07, unit]);
        self.wait_interrupt(2 * SECOND).unwrap();
        self.sense_interrupt()
    }

    pub fn seek(&mut self, unit: u8, cylinder: u8) -> Vec<u8> {
        self.command(&[0x0F, unit, cylinder]);
        self.wait_interrupt(2 * SECOND).unwrap();
        self.sense_interrupt()
    }

    /// A disk command with its DMA transfer: the result bytes.
    pub fn execute(&mut self, command: &[u8], mut dma: Dma<'_>) -> Vec<u8> {
        self.command(command);
        assert!(self.run_dma(&mut dma, 10 * SECOND), "no interrupt");
        self.result()
    }

    /// READ DATA of `count` sectors at C, H, R of drive 0, whose track has `eot` sectors.
    pub fn read(&mut self, (c, h, r): (u8, u8, u8), eot: u8, count: usize) -> Vec<u8> {
        self.memory.clear();
        self.execute(&[0xE6, h << 2, c, h, r, 2, eot, 0x2A, 0xFF], Dma::ToMemory(count * 512))
    }

    /// WRITE DATA as [`Self::read`].
    pub fn write(&mut self, (c, h, r): (u8, u8, u8), eot: u8, data: &[u8]) -> Vec<u8> {
        self.execute(&[0xC5, h << 2, c, h, r, 2, eot, 0x2A, 0xFF], Dma::FromMemory(data))
    }

    /// FORMAT TRACK of drive 0 with sectors of these addresses.
    pub fn format(&mut self, head: u8, ids: &[[u8; 4]], n: u8, gap: u8, fill: u8) -> Vec<u8> {
        let command = [0x4D, head << 2, n, ids.len() as u8, gap, fill];
        self.execute(&command, Dma::FromMemory(&ids.concat()))
    }
}
