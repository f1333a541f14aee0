use super::*;
use emu_core::board::testing::Bench;
use emu_core::hal::storage::{FaultyMedium, MemoryMedium};
use proptest::prelude::*;

const HZ: u64 = 14_318_180;
const SMALL: Geometry = Geometry { cylinders: 306, heads: 4, sectors: 17 };

struct Driver {
    bench: Bench<XtHdc>,
    memory: Vec<u8>,
}

/// How data moves.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Dma,
    Ports,
}

fn image() -> Vec<u8> {
    (0..SMALL.bytes()).map(|i| (i / 512 * 3 + i % 11) as u8).collect()
}

impl Driver {
    fn new() -> Self {
        let mut driver = Self::empty();
        driver.insert(0, Box::new(MemoryMedium::new(image()))).unwrap();
        driver
    }

    fn empty() -> Self {
        Self { bench: Bench::new(XtHdc::new(HZ)), memory: Vec::new() }
    }

    fn insert(&mut self, slot: usize, medium: Box<dyn Medium>) -> Result<(), MediaError> {
        self.bench.with(|d, cx| d.insert(slot, medium, cx))
    }

    fn status(&mut self) -> u8 {
        self.bench.read(1).unwrap()
    }

    /// A command as IBM's firmware gives it; the completion byte.
    fn execute(&mut self, block: [u8; 6], way: Way, data: &[u8]) -> u8 {
        self.memory.clear();
        self.bench.write(2, 0);
        self.bench.write(3, if way == Way::Dma { 3 } else { 2 });
        assert_eq!(self.status() & 0x0F, 0x0D);
        for byte in block {
            self.bench.write(0, byte);
        }
        assert_eq!(self.status() & 1, 0, "the firmware takes a request here for an error");
        let mut given = data.iter();
        for _ in 0..3_000_000 {
            match self.status() {
                0x2F => {
                    assert!(self.bench.line(INTERRUPT));
                    let byte = self.bench.read(0).unwrap();
                    assert!(!self.bench.line(INTERRUPT));
                    assert_eq!(self.status(), 0);
                    self.bench.write(3, 0);
                    return byte;
                }
                0x1B => {
                    self.memory.push(self.bench.dma_read(false));
                    self.bench.advance(HZ / 200_000);
                }
                0x0B => self.memory.push(self.bench.read(0).unwrap()),
                0x19 => self.bench.dma_write(given.next().copied(), false),
                0x09 => {
                    self.bench.write(0, given.next().copied().unwrap_or(0));
                }
                0x08 => self.bench.run_until(self.bench.next_due()),
                other => panic!("status {other:#04x}"),
            }
        }
        panic!("no end")
    }

    fn sense(&mut self) -> Vec<u8> {
        assert_eq!(self.execute([3, 0, 0, 0, 0, 0], Way::Ports, &[]), 0);
        self.memory.clone()
    }
}

/// A control block at cylinder, head, sector.
fn block(code: u8, (c, h, s): (u16, u8, u8), count: u8) -> [u8; 6] {
    let [high, low] = c.to_be_bytes();
    [code, h, high << 6 | s, low, count, 5]
}

#[test]
fn sectors_are_read_across_tracks_and_cylinders() {
    for way in [Way::Dma, Way::Ports] {
        let mut driver = Driver::new();
        assert_eq!(driver.execute(block(0x08, (299, 3, 15), 20), way, &[]), 0);
        let first = SMALL.sector_number(299, 3, 15) as usize * 512;
        assert_eq!(driver.memory, image()[first..first + 20 * 512]);
    }
}

#[test]
fn what_is_written_lies_in_the_image() {
    let mut driver = Driver::new();
    let data: Vec<u8> = (0..3 * 512).map(|i| (i % 251) as u8).collect();
    assert_eq!(driver.execute(block(0x0A, (5, 1, 16), 3), Way::Dma, &data), 0);
    assert_eq!(driver.execute(block(0x08, (5, 1, 16), 3), Way::Dma, &[]), 0);
    assert_eq!(driver.memory, data);
    let mut seen = vec![0; 3 * 512];
    let medium = driver.bench.device.medium(0).unwrap();
    medium.read_at(SMALL.sector_number(5, 1, 16) * 512, &mut seen).unwrap();
    assert_eq!(seen, data);
}

#[test]
fn faults_have_their_sense_bytes() {
    let mut driver = Driver::new();
    let rows = [
        (block(0x08, (306, 0, 0), 1), [0xA1, 0x00, 0x40, 0x32]),
        (block(0x05, (0, 4, 0), 1), [0xA1, 0x04, 0x00, 0x00]),
        (block(0x0B, (0, 0, 17), 1), [0xA1, 0x00, 0x11, 0x00]),
        (block(0x02, (0, 0, 0), 1), [0x20, 0, 0, 0]),
        (block(0x08, (305, 3, 16), 2), [0xA1, 0x00, 0x40, 0x32]),
    ];
    for (command, sense) in rows {
        assert_eq!(driver.execute(command, Way::Ports, &[]), 2, "{command:02x?}");
        assert_eq!(driver.sense(), sense, "{command:02x?}");
    }
    assert_eq!(driver.execute([0, 0x20, 0, 0, 0, 0], Way::Ports, &[]), 0x22, "no second drive");
    driver.execute([3, 0x20, 0, 0, 0, 0], Way::Ports, &[]);
    assert_eq!(driver.memory, [0x04, 0x20, 0, 0]);
    assert_eq!(driver.execute([0; 6], Way::Ports, &[]), 0);
    assert_eq!(driver.sense(), [0; 4]);
}

#[test]
fn characteristics_limit_what_is_addressed() {
    let mut driver = Driver::new();
    assert_eq!(driver.execute([0x0C, 0, 0, 0, 0, 0], Way::Ports, &[1, 0x90, 6, 0, 0, 0, 0, 11]), 0);
    assert_eq!(driver.execute(block(0x08, (399, 0, 0), 1), Way::Ports, &[]), 2);
    assert_eq!(driver.sense()[0], 0x95, "told of more cylinders than there are");
    assert_eq!(driver.execute(block(0x08, (0, 5, 0), 1), Way::Ports, &[]), 2);
    assert_eq!(driver.sense()[0], 0x94);
    assert_eq!(driver.execute([0x0C, 0, 0, 0, 0, 0], Way::Ports, &[0, 10, 2, 0, 0, 0, 0, 11]), 0);
    assert_eq!(driver.execute(block(0x08, (10, 0, 0), 1), Way::Ports, &[]), 2);
    assert_eq!(driver.sense()[0], 0xA1);
}

#[test]
fn the_sector_buffer_and_the_diagnostics() {
    let mut driver = Driver::new();
    let data: Vec<u8> = (0..512).map(|i| i as u8).collect();
    assert_eq!(driver.execute([0x0F, 0, 0, 0, 0, 0], Way::Dma, &data), 0);
    assert_eq!(driver.execute([0x0E, 0, 0, 0, 0, 0], Way::Dma, &[]), 0);
    assert_eq!(driver.memory, data);
    for code in [0x00, 0x01, 0xE0, 0xE3, 0xE4] {
        assert_eq!(driver.execute([code, 0, 0, 0, 0, 0], Way::Ports, &[]), 0, "{code:#04x}");
    }
    assert_eq!(driver.execute(block(0xE5, (0, 0, 1), 1), Way::Dma, &[]), 0);
    assert_eq!((driver.memory.len(), &driver.memory[..512]), (516, &image()[512..1024]));
    assert_eq!(driver.execute(block(0xE6, (0, 0, 1), 1), Way::Dma, &[7; 516]), 0);
    driver.execute(block(0x08, (0, 0, 1), 1), Way::Dma, &[]);
    assert_eq!(driver.memory, [7; 512]);
}

#[test]
fn formatting() {
    let mut driver = Driver::new();
    assert_eq!(driver.execute(block(0x06, (2, 1, 0), 6), Way::Ports, &[]), 0);
    driver.execute(block(0x08, (2, 1, 0), 17), Way::Dma, &[]);
    assert!(driver.memory.iter().all(|&b| b == 0x6C));
    driver.execute(block(0x08, (2, 0, 16), 1), Way::Dma, &[]);
    assert!(driver.memory.iter().any(|&b| b != 0x6C));
    assert_eq!(driver.execute(block(0x07, (2, 1, 0), 6), Way::Ports, &[]), 0);
    assert_eq!(driver.execute(block(0x05, (2, 1, 0), 1), Way::Ports, &[]), 2);
    assert_eq!(driver.sense()[0], 0x99);
    assert_eq!(driver.bench.notices.len(), 1);
    assert_eq!(driver.execute(block(0x04, (304, 0, 0), 6), Way::Ports, &[]), 0);
    assert_eq!(driver.execute(block(0x08, (305, 3, 0), 17), Way::Dma, &[]), 0);
    assert!(driver.memory.iter().all(|&b| b == 0x6C));
}

#[test]
fn seeks_and_rotation_take_their_time() {
    let mut driver = Driver::new();
    let mut millis = |command| {
        let start = driver.bench.now();
        assert_eq!(driver.execute(command, Way::Dma, &[]), 0);
        (driver.bench.now() - start) * 1000 / HZ
    };
    millis(block(0x08, (0, 0, 0), 1));
    // A track with an interleave of 6 takes six turns.
    let track = millis(block(0x08, (0, 0, 0), 17));
    assert!((95..=125).contains(&track), "{track} ms");
    let far = millis(block(0x0B, (102, 0, 0), 1));
    assert!((80..=90).contains(&far), "{far} ms");
    let mut unbuffered = block(0x0B, (101, 0, 0), 1);
    unbuffered[5] = 0;
    assert_eq!(millis(unbuffered), 3);
}

#[test]
fn a_failing_image_is_an_error_and_a_notice() {
    let base = Box::new(MemoryMedium::new(image()));
    let medium = FaultyMedium { base, good_accesses: 1, error: std::io::ErrorKind::StorageFull };
    let mut driver = Driver::empty();
    driver.insert(1, Box::new(medium)).unwrap();
    assert_eq!(driver.execute([0x08, 0x20, 0, 0, 1, 5], Way::Dma, &[]), 0x22);
    driver.execute([3, 0x20, 0, 0, 0, 0], Way::Ports, &[]);
    assert_eq!(driver.memory[0], 0x91);
    assert_eq!(driver.execute([0x0A, 0x20, 0, 0, 1, 5], Way::Dma, &[0; 512]), 0x22);
    assert_eq!(driver.bench.notices.len(), 1);
}

#[test]
fn unsuitable_images_are_refused() {
    let mut driver = Driver::empty();
    let said = driver.insert(0, Box::new(MemoryMedium::new(vec![0; 1000]))).unwrap_err().to_string();
    assert!(said.contains("whole number of sectors"), "{said}");
}

#[test]
fn an_idle_controller_arms_nothing_and_a_reset_ends_everything() {
    let mut driver = Driver::new();
    assert_eq!(driver.bench.next_due(), Tick::NEVER);
    driver.bench.write(2, 0);
    for byte in block(0x08, (100, 0, 0), 1) {
        driver.bench.write(0, byte);
    }
    assert_ne!(driver.bench.next_due(), Tick::NEVER);
    driver.bench.write(1, 0);
    assert_eq!((driver.status(), driver.bench.next_due()), (0, Tick::NEVER));
}

#[derive(Clone, Copy, Debug)]
enum Nonsense {
    Read(u32),
    Write(u32, u8),
    Block([u8; 6]),
    Dma(Option<u8>),
    DmaRead,
    Wait(u32),
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    let code = prop::sample::select(vec![
        0u8, 1, 3, 4, 5, 6, 7, 8, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF, 0xE0, 0xE3, 0xE4, 0xE5,
    ]);
    let block = (code, any::<[u8; 5]>())
        .prop_map(|(code, [a, b, c, d, e])| Nonsense::Block([code, a & 0x23, b & 0x4F, c, d, e]));
    prop_oneof![
        (0u32..5).prop_map(Nonsense::Read),
        (0u32..5, any::<u8>()).prop_map(|(at, byte)| Nonsense::Write(at, byte)),
        block,
        any::<Option<u8>>().prop_map(Nonsense::Dma),
        Just(Nonsense::DmaRead),
        (0u32..4_000_000).prop_map(Nonsense::Wait),
    ]
}

fn apply(bench: &mut Bench<XtHdc>, what: Nonsense) {
    match what {
        Nonsense::Read(at) => {
            bench.read(at);
        }
        Nonsense::Write(at, byte) => {
            bench.write(at, byte);
        }
        Nonsense::Block(bytes) => {
            bench.write(2, 0);
            bench.write(3, bytes[5] >> 3 & 3);
            bytes.into_iter().for_each(|byte| {
                bench.write(0, byte);
            });
        }
        Nonsense::Dma(byte) => bench.dma_write(byte, false),
        Nonsense::DmaRead => {
            bench.dma_read(true);
        }
        Nonsense::Wait(ticks) => bench.advance(ticks.into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn random_work_agrees_with_a_model_disk(
        list in prop::collection::vec((any::<bool>(), any::<u32>(), 1u8..20, any::<u8>()), 1..6),
    ) {
        let mut driver = Driver::new();
        let mut model = image();
        for (writes, at, count, fill) in list {
            let number = at % SMALL.total_sectors() as u32;
            let count = u64::from(count).min(SMALL.total_sectors() - u64::from(number)) as u8;
            let (track, s) = (number / 17, (number % 17) as u8);
            let chs = ((track / 4) as u16, (track % 4) as u8, s);
            let range = number as usize * 512..(number as usize + usize::from(count)) * 512;
            if writes {
                let data: Vec<u8> = (0..range.len()).map(|i| fill.wrapping_mul(i as u8)).collect();
                prop_assert_eq!(driver.execute(block(0x0A, chs, count), Way::Dma, &data), 0);
                model[range].copy_from_slice(&data);
            } else {
                prop_assert_eq!(driver.execute(block(0x08, chs, count), Way::Dma, &[]), 0);
                prop_assert!(driver.memory == model[range]);
            }
        }
    }

    #[test]
    fn nonsense_never_stops_it_and_a_saved_state_goes_on_alike(
        list in prop::collection::vec(nonsense(), 1..60),
        rest in prop::collection::vec(nonsense(), 1..60),
    ) {
        let mut driver = Driver::empty();
        driver.insert(0, Box::new(MemoryMedium::new(vec![1; 17 * 4 * 512 * 20]))).unwrap();
        let mut bench = driver.bench;
        list.into_iter().for_each(|what| apply(&mut bench, what));
        let mut bytes = vec![0; 17 * 4 * 512 * 20];
        bench.device.medium(0).unwrap().read_at(0, &mut bytes).unwrap();
        let mut fresh = Driver::empty();
        fresh.insert(0, Box::new(MemoryMedium::new(bytes))).unwrap();
        let mut other = bench.restored_into(fresh.bench.device).unwrap();
        for what in rest {
            apply(&mut bench, what);
            apply(&mut other, what);
            prop_assert_eq!(bench.device.save(), other.device.save(), "after {:?}", what);
            prop_assert_eq!(bench.next_due(), other.next_due());
        }
        bench.write(1, 0);
        let mut driver = Driver { bench, memory: Vec::new() };
        driver.execute(block(0x06, (1, 0, 0), 6), Way::Ports, &[]);
        prop_assert_eq!(driver.execute(block(0x08, (1, 0, 3), 1), Way::Dma, &[]), 0);
        prop_assert_eq!(&driver.memory, &[FORMAT_FILL; 512]);
    }

    #[test]
    fn a_damaged_state_is_refused_or_does_no_harm(
        list in prop::collection::vec(nonsense(), 1..30),
        damage in prop::collection::vec((0u16..40, any::<u8>()), 1..4),
        rest in prop::collection::vec(nonsense(), 1..30),
    ) {
        let mut driver = Driver::empty();
        driver.insert(0, Box::new(MemoryMedium::new(vec![1; 17 * 4 * 512 * 20]))).unwrap();
        let mut bench = driver.bench;
        list.into_iter().for_each(|what| apply(&mut bench, what));
        let mut saved = bench.device.save();
        for (at, byte) in damage {
            let at = usize::from(at) % saved.body.len();
            saved.body[at] = byte;
        }
        if bench.device.restore(&saved).is_ok() {
            rest.into_iter().for_each(|what| apply(&mut bench, what));
        }
    }
}
