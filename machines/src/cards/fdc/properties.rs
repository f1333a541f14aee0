//! Random work against a model disk, random nonsense against the registers, and states saved at random moments.

use super::driver::{Dma, Driver, SECOND};
use super::*;
use crate::media::floppy::{FORMATS, FloppyFormat, SECTOR_BYTES};
use emu_core::board::testing::{Bench, byte_of};
use emu_core::hal::storage::MemoryMedium;
use proptest::prelude::*;

/// A piece of work at a sector, by parts of its range.
#[derive(Clone, Debug)]
enum Work {
    Read { at: u32, count: u8 },
    Write { at: u32, count: u8, fill: u8 },
    Format { at: u32, fill: u8, interleave: u8 },
    Reset,
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        3 => (any::<u32>(), 1u8..4).prop_map(|(at, count)| Work::Read { at, count }),
        3 => (any::<u32>(), 1u8..4, any::<u8>()).prop_map(|(at, count, fill)| Work::Write { at, count, fill }),
        1 => (any::<u32>(), any::<u8>(), 1u8..4).prop_map(|(at, fill, interleave)| Work::Format { at, fill, interleave }),
        1 => Just(Work::Reset),
    ]
}

/// The addresses of a track with its sectors `interleave` places apart.
fn interleaved(c: u8, h: u8, sectors: u8, interleave: u8) -> Vec<[u8; 4]> {
    let mut order = vec![0; usize::from(sectors)];
    let mut place = 0;
    for r in 1..=sectors {
        while order[place] != 0 {
            place = (place + 1) % order.len();
        }
        order[place] = r;
        place = (place + usize::from(interleave)) % order.len();
    }
    order.into_iter().map(|r| [c, h, r, 2]).collect()
}

/// The driver's side of the work, and what a model says of it.
fn do_work(driver: &mut Driver, format: &FloppyFormat, model: &mut [u8], work: &Work) {
    let (heads, sectors) = (u32::from(format.heads), u32::from(format.sectors));
    let place = |at: u32| {
        let number = at % format.total_sectors() as u32;
        let (c, h, r) = (number / (heads * sectors), number / sectors % heads, number % sectors + 1);
        (number as usize * SECTOR_BYTES, (c as u8, h as u8, r as u8))
    };
    // A transfer ends with the cylinder.
    let bytes = |(_, h, r): (u8, u8, u8), count: u8| {
        let left = (heads - u32::from(h)) * sectors - u32::from(r) + 1;
        u32::from(count).min(left) as usize * SECTOR_BYTES
    };
    match *work {
        Work::Reset => {
            driver.reset();
            driver.select(0);
            driver.command(&[0x03, 0xDF, 0x02]);
            // 77 pulses do not always reach track 0 from beyond.
            driver.recalibrate(0);
            driver.recalibrate(0);
        }
        Work::Read { at, count } => {
            let (offset, chr) = place(at);
            driver.seek(0, chr.0);
            let size = bytes(chr, count);
            let result = driver.read(chr, format.sectors, size / SECTOR_BYTES);
            assert_eq!(result[0] & 0xC0, 0, "{work:?} {result:02x?}");
            assert_eq!(driver.memory, model[offset..offset + size]);
        }
        Work::Write { at, count, fill } => {
            let (offset, chr) = place(at);
            driver.seek(0, chr.0);
            let data: Vec<u8> = (0..bytes(chr, count)).map(|i| fill.wrapping_add(i as u8)).collect();
            let result = driver.write(chr, format.sectors, &data);
            assert_eq!(result[0] & 0xC0, 0, "{work:?} {result:02x?}");
            model[offset..offset + data.len()].copy_from_slice(&data);
        }
        Work::Format { at, fill, interleave } => {
            let (_, (c, h, _)) = place(at);
            driver.seek(0, c);
            let ids = interleaved(c, h, format.sectors, interleave);
            let result = driver.format(h, &ids, 2, format.gap, fill);
            assert_eq!(result[0] & 0xC0, 0, "{work:?} {result:02x?}");
            let track = (u32::from(c) * heads + u32::from(h)) as usize * usize::from(format.sectors);
            let track = track * SECTOR_BYTES;
            model[track..track + usize::from(format.sectors) * SECTOR_BYTES].fill(fill);
        }
    }
}

/// Something that a guest or its user may do to the adapter.
#[derive(Clone, Copy, Debug)]
enum Nonsense {
    Read(u32),
    Write(u32, u8),
    Rate(u8),
    Dma(Option<u8>, bool),
    DmaRead(bool),
    Wait(u32),
    Eject(bool),
    Insert(bool),
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    // First bytes of commands, often with their usual bits.
    let code = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![0x46u8, 0xC5, 0x4D, 0x4A, 0x42, 0x51, 7, 8, 0xF, 3])
    ];
    let small = prop_oneof![any::<u8>(), 0u8..4];
    prop_oneof![
        2 => (0u32..8).prop_map(Nonsense::Read),
        4 => code.prop_map(|byte| Nonsense::Write(5, byte)),
        4 => small.prop_map(|byte| Nonsense::Write(5, byte)),
        1 => (0u32..8, any::<u8>()).prop_map(|(at, byte)| Nonsense::Write(at, byte)),
        1 => Just(Nonsense::Write(2, 0x1C)),
        1 => any::<u8>().prop_map(Nonsense::Rate),
        2 => (any::<Option<u8>>(), prop::bool::weighted(0.1)).prop_map(|(byte, tc)| Nonsense::Dma(byte, tc)),
        2 => prop::bool::weighted(0.1).prop_map(Nonsense::DmaRead),
        3 => (0u32..8_000_000).prop_map(Nonsense::Wait),
        1 => any::<bool>().prop_map(Nonsense::Eject),
        1 => any::<bool>().prop_map(Nonsense::Insert),
    ]
}

fn apply(bench: &mut Bench<FloppyAdapter>, what: Nonsense) {
    match what {
        Nonsense::Read(at) => {
            bench.read(at);
        }
        Nonsense::Write(at, byte) => {
            bench.write(at, byte);
        }
        Nonsense::Rate(byte) => {
            let _ = bench.read_at(byte_of(HIGH_DENSITY, 0));
            bench.write_at(byte_of(HIGH_DENSITY, 0), byte.into()).unwrap();
        }
        Nonsense::Dma(byte, tc) => bench.dma_write(byte, tc),
        Nonsense::DmaRead(tc) => {
            bench.dma_read(tc);
        }
        Nonsense::Wait(ticks) => bench.advance(ticks.into()),
        Nonsense::Eject(second) => {
            bench.with(|d, cx| d.eject(second.into(), cx)).unwrap();
        }
        Nonsense::Insert(second) => {
            let medium = Box::new(MemoryMedium::new(vec![0; 368_640]));
            bench.with(|d, cx| d.insert(second.into(), medium, cx)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_work_agrees_with_a_model_disk(
        format in prop::sample::select((0..FORMATS.len()).collect::<Vec<_>>()),
        list in prop::collection::vec(work(), 1..12),
    ) {
        let format = &FORMATS[format];
        let mut model: Vec<u8> = (0..format.image_bytes()).map(|i| (i / 512 + i) as u8).collect();
        let mut driver = Driver::with_disk(DriveKind::for_format(format), model.clone());
        driver.set_rate(if format.is_high_density() { 0 } else { 2 });
        for work in &list {
            do_work(&mut driver, format, &mut model, work);
        }
        prop_assert!(driver.bench.notices.is_empty());
        let mut image = vec![0; model.len()];
        driver.eject(0).unwrap().read_at(0, &mut image).unwrap();
        prop_assert!(image == model);
    }

    #[test]
    fn nonsense_never_stops_it(list in prop::collection::vec(nonsense(), 1..200)) {
        let kinds = [DriveKind::Dd360K, DriveKind::Hd1200K];
        let mut bench = Bench::new(FloppyAdapter::new(&kinds, 14_318_180));
        for what in list {
            apply(&mut bench, what);
            let _ = bench.device.registers(bench.now());
        }
        // Afterwards it serves as ever.
        let mut driver = Driver { bench, memory: Vec::new() };
        driver.eject(0);
        driver.insert(0, Box::new(MemoryMedium::new(vec![0x5A; 368_640]))).unwrap();
        driver.reset();
        driver.select(0);
        driver.set_rate(2);
        driver.command(&[0x03, 0xDF, 0x02]);
        driver.recalibrate(0);
        driver.recalibrate(0);
        prop_assert_eq!(&driver.read((0, 1, 3), 9, 2)[..3], &[4, 0, 0]);
        prop_assert_eq!(&driver.memory, &[0x5A; 1024]);
    }

    #[test]
    fn a_state_saved_at_any_moment_goes_on_alike(
        list in prop::collection::vec(nonsense(), 1..60),
        rest in prop::collection::vec(nonsense(), 1..60),
    ) {
        let kinds = [DriveKind::Dd360K, DriveKind::Hd1200K];
        let calm = |what: &Nonsense| !matches!(what, Nonsense::Eject(_) | Nonsense::Insert(_));
        let mut bench = Bench::new(FloppyAdapter::new(&kinds, 14_318_180));
        bench.with(|d, cx| d.insert(0, Box::new(MemoryMedium::new(vec![1; 368_640])), cx)).unwrap();
        bench.write(2, 0x1C);
        for what in list.into_iter().filter(calm) {
            apply(&mut bench, what);
        }
        let mut image = vec![0; 368_640];
        bench.device.medium(0).unwrap().read_at(0, &mut image).unwrap();
        let mut fresh = Bench::new(FloppyAdapter::new(&kinds, 14_318_180));
        fresh.with(|d, cx| d.insert(0, Box::new(MemoryMedium::new(image)), cx)).unwrap();
        let mut other = bench.restored_into(fresh.device).unwrap();
        for what in rest.into_iter().filter(calm) {
            apply(&mut bench, what);
            apply(&mut other, what);
            prop_assert_eq!(bench.device.save(), other.device.save(), "after {:?}", what);
            prop_assert_eq!(bench.next_due(), other.next_due());
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_state_is_refused_or_does_no_harm(
        list in prop::collection::vec(nonsense(), 1..40),
        damage in prop::collection::vec((any::<u16>(), any::<u8>()), 1..4),
        rest in prop::collection::vec(nonsense(), 1..40),
    ) {
        let kinds = [DriveKind::Dd360K, DriveKind::Hd1200K];
        let mut bench = Bench::new(FloppyAdapter::new(&kinds, 14_318_180));
        apply(&mut bench, Nonsense::Insert(false));
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

#[test]
fn a_state_of_other_drives_is_refused() {
    let one = Bench::new(FloppyAdapter::new(&[DriveKind::Dd360K], 14_318_180));
    let mut two = FloppyAdapter::new(&[DriveKind::Dd360K; 2], 14_318_180);
    assert!(matches!(two.restore(&one.device.save()), Err(RestoreError::Foreign(_))));
}

#[test]
fn a_state_saved_amid_a_read_finishes_it() {
    let format = FloppyFormat::named("360K").unwrap();
    let image: Vec<u8> = (0..format.image_bytes()).map(|i| i as u8 ^ (i >> 8) as u8).collect();
    let mut driver = Driver::with_disk(DriveKind::Dd360K, image.clone());
    driver.command(&[0x46, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF]);
    let mut bytes = Vec::new();
    while bytes.len() < 300 {
        let next = driver.bench.next_due();
        driver.bench.run_until(next);
        if driver.bench.line(DATA_REQUEST) {
            bytes.push(driver.bench.dma_read(false));
        }
    }
    let mut fresh = Bench::new(FloppyAdapter::new(&[DriveKind::Dd360K], driver::HZ));
    fresh.with(|d, cx| d.insert(0, Box::new(MemoryMedium::new(image.clone())), cx)).unwrap();
    let bench = driver.bench.restored_into(fresh.device).unwrap();
    let mut driver = Driver { bench, memory: bytes };
    assert_eq!(driver.execute(&[], Dma::ToMemory(512 - 300))[..3], [0, 0, 0]);
    assert_eq!(driver.memory, image[..512]);
    assert!(driver.wait_interrupt(SECOND).is_none());
}
