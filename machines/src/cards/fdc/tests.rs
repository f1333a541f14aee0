use super::driver::{Dma, Driver, SECOND};
use super::*;
use crate::media::floppy::{FORMATS, FloppyFormat, SECTOR_BYTES};
use emu_core::board::testing::byte_of;
use emu_core::hal::storage::{FaultyMedium, MemoryMedium};

/// An image whose every byte tells its sector.
fn image(format: &FloppyFormat) -> Vec<u8> {
    (0..format.image_bytes()).map(|i| (i / SECTOR_BYTES as u64 * 7 + i % 13) as u8).collect()
}

/// The data rate register's value for a format in its own drive.
fn rate(format: &FloppyFormat) -> u8 {
    if format.is_high_density() { 0 } else { 2 }
}

fn own_drive(name: &str) -> (Driver, Vec<u8>) {
    let format = FloppyFormat::named(name).unwrap();
    let bytes = image(format);
    let mut driver = Driver::with_disk(DriveKind::for_format(format), bytes.clone());
    driver.set_rate(rate(format));
    (driver, bytes)
}

fn sector(bytes: &[u8], number: usize) -> &[u8] {
    &bytes[number * SECTOR_BYTES..(number + 1) * SECTOR_BYTES]
}

#[test]
fn every_format_is_read_whole_in_its_drive() {
    for format in &FORMATS {
        let (mut driver, bytes) = own_drive(format.name);
        let (heads, sectors) = (usize::from(format.heads), usize::from(format.sectors));
        for cylinder in [0, 1, format.cylinders - 1] {
            assert_eq!(driver.seek(0, cylinder), [0x20, cylinder]);
            for head in 0..format.heads {
                let result = driver.read((cylinder, head, 1), format.sectors, sectors);
                assert_eq!(result[0] & !4, 0, "{} {result:02x?}", format.name);
                let first = (usize::from(cylinder) * heads + usize::from(head)) * sectors * SECTOR_BYTES;
                assert_eq!(driver.memory, bytes[first..first + sectors * SECTOR_BYTES]);
            }
        }
    }
}

#[test]
fn a_written_sector_is_read_back_and_lies_in_the_image() {
    let (mut driver, _) = own_drive("1.44M");
    driver.seek(0, 3);
    assert_eq!(driver.write((3, 1, 17), 18, &[0xA5; 1024]), [4, 0, 0, 4, 0, 1, 2]);
    assert_eq!(driver.read((3, 1, 17), 18, 2), [4, 0, 0, 4, 0, 1, 2]);
    assert_eq!(driver.memory, [0xA5; 1024]);
    let mut bytes = [0; 1024];
    driver.eject(0).unwrap().read_at((3 * 36 + 18 + 16) * 512, &mut bytes).unwrap();
    assert_eq!(bytes, [0xA5; 1024]);
}

/// Data sheet, "ID Information When Processor Terminates Command".
#[test]
fn terminal_count_and_eot() {
    let (mut driver, _) = own_drive("360K");
    // (MT, HD, R, sectors moved) → (ST0, C, H, R)
    let rows = [
        (false, 0, 3, 2, (0, 0, 0, 5)),
        (false, 0, 8, 2, (0, 1, 0, 1)),
        (false, 1, 3, 2, (4, 0, 1, 5)),
        (false, 1, 8, 2, (4, 1, 1, 1)),
        (true, 0, 3, 2, (0, 0, 0, 5)),
        (true, 0, 8, 2, (4, 0, 1, 1)),
        (true, 1, 3, 2, (4, 0, 1, 5)),
        (true, 1, 8, 2, (4, 1, 0, 1)),
        (true, 0, 9, 3, (4, 0, 1, 3)),
    ];
    for (mt, hd, r, count, (st0, c, h, next)) in rows {
        let first = if mt { 0xC6 } else { 0x46 };
        let command = [first, hd << 2, 0, hd, r, 2, 9, 0x2A, 0xFF];
        let result = driver.execute(&command, Dma::ToMemory(count * 512));
        assert_eq!(result, [st0, 0, 0, c, h, next, 2], "MT={mt} HD={hd} R={r}");
    }
    // Without terminal count the command runs into the end of the cylinder.
    let result = driver.execute(&[0x46, 0, 0, 0, 8, 2, 9, 0x2A, 0xFF], Dma::ToMemory(2 * 512 + 1));
    assert_eq!(result[..3], [0x40, 0x80, 0]);
}

#[test]
fn terminal_count_amid_a_sector_stops_the_bytes_and_fills_with_zeros() {
    let (mut driver, bytes) = own_drive("360K");
    let command = [0x46, 0, 0, 0, 2, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&command, Dma::ToMemory(100)), [0, 0, 0, 0, 0, 3, 2]);
    assert_eq!(driver.memory, sector(&bytes, 1)[..100]);
    assert_eq!(driver.write((0, 0, 5), 9, &[9; 10])[..2], [0, 0]);
    driver.read((0, 0, 5), 9, 1);
    assert_eq!(driver.memory[..11], [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0]);
    assert!(driver.memory[10..].iter().all(|&b| b == 0));
}

#[test]
fn a_verify_moves_nothing_and_succeeds() {
    let (mut driver, _) = own_drive("720K");
    let command = [0xE6, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&command, Dma::Verify(9 * 512)), [4, 0, 0, 0, 1, 1, 2]);
}

#[test]
fn a_turn_takes_its_time() {
    for (name, micros) in [("360K", 200_000), ("1.2M", 166_667), ("1.44M", 200_000)] {
        let (mut driver, _) = own_drive(name);
        let sectors = FloppyFormat::named(name).unwrap().sectors;
        driver.read((0, 0, 1), sectors, 1);
        let start = driver.bench.now();
        driver.read((0, 0, 1), sectors, 1);
        let took = (driver.bench.now() - start) * 1_000_000 / SECOND;
        assert!(took.abs_diff(micros) < 200, "{name}: {took} µs");
    }
}

#[test]
fn bytes_come_at_the_data_rate() {
    let (mut driver, _) = own_drive("360K");
    driver.bench.changes.clear();
    driver.read((0, 0, 1), 9, 1);
    let edges = driver.bench.edges(DATA_REQUEST, true);
    assert_eq!(edges.len(), 512);
    let micros = (edges[511] - edges[0]) * 1_000_000 / SECOND;
    assert!(micros.abs_diff(511 * 32) < 40, "{micros} µs");
}

#[test]
fn seeks_take_the_step_rate_and_overlap() {
    let mut driver = Driver::new(&[DriveKind::Dd360K; 2]);
    driver.command(&[0x03, 0xDF, 0x02]);
    driver.select(0);
    driver.command(&[0x0F, 0, 10]);
    assert_eq!(driver.status() & 0xF, 1);
    // SRT = Dh: 3 ms at 500 kbit/s, 6 ms at 250.
    let micros = driver.wait_interrupt(SECOND).unwrap() * 1_000_000 / SECOND;
    assert!(micros.abs_diff(60_000) < 100, "{micros} µs");
    assert_eq!(driver.status() & 0xF, 1, "busy until its end was asked for");
    assert_eq!(driver.sense_interrupt(), [0x20, 10]);
    assert_eq!(driver.status(), 0x80);
    driver.command(&[0x0F, 0, 20]);
    driver.command(&[0x0F, 1, 5]);
    assert_eq!(driver.status() & 0xF, 3);
    driver.wait_interrupt(SECOND).unwrap();
    assert_eq!(driver.sense_interrupt(), [0x21, 5]);
    driver.wait_interrupt(SECOND).unwrap();
    assert_eq!(driver.sense_interrupt(), [0x20, 20]);
}

#[test]
fn recalibrating_an_absent_drive_fails_after_77_pulses() {
    let mut driver = Driver::new(&[DriveKind::Dd360K]);
    driver.bench.write(2, 0x2D);
    driver.command(&[0x03, 0xDF, 0x02]);
    driver.command(&[0x07, 1]);
    let micros = driver.wait_interrupt(SECOND).unwrap() * 1_000_000 / SECOND;
    assert!(micros.abs_diff(77 * 6000) < 100, "{micros} µs");
    assert_eq!(driver.sense_interrupt(), [0x71, 0]);
}

#[test]
fn without_a_disk_a_command_waits_and_no_event_is_armed() {
    let mut driver = Driver::new(&[DriveKind::Dd360K]);
    driver.select(0);
    driver.command(&[0x46, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF]);
    assert_eq!(driver.bench.next_due(), Tick::NEVER);
    assert_eq!(driver.wait_interrupt(100 * SECOND), None);
    assert_eq!(driver.status(), 0x10);
    let format = FloppyFormat::named("180K").unwrap();
    driver.insert(0, Box::new(MemoryMedium::new(image(format)))).unwrap();
    assert!(driver.wait_interrupt(SECOND).is_some(), "overrun, as nobody takes the bytes");
    assert_eq!(driver.result()[..3], [0x40, 0x10, 0]);
}

#[test]
fn what_is_not_there_is_told_apart() {
    let (mut driver, _) = own_drive("360K");
    assert_eq!(driver.read((0, 0, 10), 12, 1)[..3], [0x40, 0x04, 0], "no such sector");
    assert_eq!(driver.read((7, 0, 1), 9, 1)[..3], [0x40, 0x04, 0x10], "wrong cylinder");
    let start = driver.bench.now();
    driver.set_rate(0);
    assert_eq!(driver.read((0, 0, 1), 9, 1)[..3], [0x40, 0x01, 0], "no mark at this rate");
    let turns = (driver.bench.now() - start) * 5 / SECOND;
    assert!((1..=2).contains(&turns), "{turns}");
    driver.set_rate(2);
    let single_density = [0x06, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&single_density, Dma::ToMemory(512))[..3], [0x40, 0x01, 0]);
}

#[test]
fn single_sided_disks_have_no_marks_on_the_other_side() {
    let (mut driver, _) = own_drive("160K");
    assert_eq!(driver.read((0, 1, 1), 8, 1)[..3], [0x44, 0x01, 0]);
}

#[test]
fn write_protection() {
    let format = FloppyFormat::named("360K").unwrap();
    let mut driver = Driver::new(&[DriveKind::Dd360K]);
    let medium = MemoryMedium { bytes: image(format), write_protected: true };
    driver.insert(0, Box::new(medium)).unwrap();
    driver.select(0);
    assert_eq!(driver.write((0, 0, 1), 9, &[0; 512])[..3], [0x40, 0x02, 0]);
    assert_eq!(driver.format(0, &[[0, 0, 1, 2]], 2, 0x50, 0xF6)[..3], [0x40, 0x02, 0]);
    driver.command(&[0x04, 0]);
    assert_eq!(driver.result(), [0x78]);
    assert!(driver.bench.device.slots()[0].write_protected);
}

#[test]
fn the_disk_change_line_falls_with_a_step() {
    let (mut driver, _) = own_drive("1.44M");
    let input = |driver: &mut Driver| driver.bench.read_at(byte_of(HIGH_DENSITY, 0)).unwrap() & 0x80;
    driver.seek(0, 1);
    assert_eq!(input(&mut driver), 0);
    let medium = driver.eject(0).unwrap();
    driver.seek(0, 0);
    assert_eq!(input(&mut driver), 0x80, "no disk, no change");
    driver.insert(0, medium).unwrap();
    assert_eq!(input(&mut driver), 0x80);
    driver.seek(0, 1);
    assert_eq!(input(&mut driver), 0);
}

#[test]
fn a_360k_disk_in_a_high_density_drive_is_stepped_twice_at_300_kbit() {
    let format = FloppyFormat::named("360K").unwrap();
    let bytes = image(format);
    let mut driver = Driver::with_disk(DriveKind::Hd1200K, bytes.clone());
    driver.set_rate(1);
    driver.seek(0, 10);
    assert_eq!(driver.read((5, 1, 4), 9, 1)[..3], [4, 0, 0]);
    assert_eq!(driver.memory, sector(&bytes, 5 * 18 + 9 + 3));
    driver.seek(0, 11);
    assert_eq!(driver.read((5, 1, 4), 9, 1)[..3], [0x44, 1, 0], "between the tracks");
}

#[test]
fn disks_that_do_not_fit_are_refused_with_the_remedy() {
    let mut driver = Driver::new(&[DriveKind::Dd360K]);
    let medium = Box::new(MemoryMedium::new(vec![0; 1_474_560]));
    let said = driver.insert(0, medium).unwrap_err().to_string();
    assert!(said.contains("1.44M disk") && said.contains("360K drive"), "{said}");
    assert_eq!(driver.insert(3, Box::new(MemoryMedium::default())), Err(MediaError::NoSuchSlot(3)));
}

#[test]
fn read_id_tells_what_passes() {
    let (mut driver, _) = own_drive("1.2M");
    driver.seek(0, 12);
    let mut seen: Vec<u8> = (0..15).map(|_| driver.execute(&[0x4A, 4], Dma::Off)[5]).collect();
    assert!(seen.windows(2).all(|w| w[1] == w[0] % 15 + 1), "{seen:?}");
    seen.sort_unstable();
    assert_eq!(seen, (1..=15).collect::<Vec<_>>());
}

#[test]
fn read_track_starts_at_the_index_and_tells_of_other_addresses() {
    let (mut driver, bytes) = own_drive("360K");
    driver.memory.clear();
    let command = [0x42, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&command, Dma::ToMemory(9 * 512))[..3], [0, 0, 0]);
    assert_eq!(driver.memory, bytes[..9 * 512]);
    let command = [0x42, 0, 0, 0, 3, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&command, Dma::ToMemory(9 * 512))[..3], [0x40, 0x04, 0]);
}

#[test]
fn every_format_is_formatted_and_read_back() {
    for format in &FORMATS {
        let (mut driver, _) = own_drive(format.name);
        driver.seek(0, 2);
        let ids: Vec<_> = (1..=format.sectors).map(|r| [2, 0, r, 2]).collect();
        let result = driver.format(0, &ids, 2, format.gap, 0xF6);
        assert_eq!(result[..3], [0, 0, 0], "{}", format.name);
        let result = driver.read((2, 0, 1), format.sectors, usize::from(format.sectors));
        assert_eq!((result[0] & 0xC0, result[1], result[2]), (0, 0, 0), "{}", format.name);
        assert!(driver.memory.iter().all(|&b| b == 0xF6));
        assert!(driver.bench.notices.is_empty());
    }
}

#[test]
fn a_copy_protected_track_is_kept_in_memory_and_the_user_is_told() {
    let (mut driver, _) = own_drive("360K");
    driver.seek(0, 39);
    let ids = [[39, 0, 1, 3], [39, 0, 0xF7, 3], [0xFF, 0, 3, 3]];
    assert_eq!(driver.format(0, &ids, 3, 0x30, 0xE5)[..3], [0, 0, 0]);
    assert_eq!(driver.bench.notices.len(), 1);
    let command = [0x46, 0, 39, 0, 0xF7, 3, 0xF7, 0x30, 0xFF];
    driver.memory.clear();
    assert_eq!(driver.execute(&command, Dma::ToMemory(1024))[..2], [0, 0]);
    assert_eq!(driver.memory, [0xE5; 1024]);
    assert_eq!(driver.read((39, 0, 2), 9, 1)[..3], [0x40, 4, 2], "bad cylinder");
}

#[test]
fn deleted_data_marks() {
    let (mut driver, bytes) = own_drive("360K");
    let write_deleted = [0x49, 0, 0, 0, 3, 2, 9, 0x2A, 0xFF];
    assert_eq!(driver.execute(&write_deleted, Dma::FromMemory(&[3; 512]))[..3], [0, 0, 0]);
    // Without SK the sector is read, and the command ends there.
    let read = [0x46, 0, 0, 0, 2, 2, 9, 0x2A, 0xFF];
    driver.memory.clear();
    assert_eq!(driver.execute(&read, Dma::ToMemory(3 * 512))[..3], [0, 0, 0x40]);
    assert_eq!(driver.memory.len(), 2 * 512);
    // With SK it is passed over.
    let read = [0x66, 0, 0, 0, 2, 2, 9, 0x2A, 0xFF];
    driver.memory.clear();
    assert_eq!(driver.execute(&read, Dma::ToMemory(2 * 512)), [0, 0, 0, 0, 0, 5, 2]);
    assert_eq!(driver.memory[512..], *sector(&bytes, 3));
    let read_deleted = [0x4C, 0, 0, 0, 3, 2, 9, 0x2A, 0xFF];
    driver.memory.clear();
    assert_eq!(driver.execute(&read_deleted, Dma::ToMemory(512))[..3], [0, 0, 0]);
    assert_eq!(driver.memory, [3; 512]);
}

#[test]
fn scans() {
    let (mut driver, _) = own_drive("360K");
    driver.write((0, 0, 1), 9, &[[5; 512], [6; 512], [7; 512]].concat());
    // (code, byte sought) → (ST2, R)
    let rows = [
        (0x51, 6, (0x08, 2)),
        (0x51, 9, (0x04, 3)),
        (0x51, 0xFF, (0x08, 1)),
        (0x59, 4, (0x04, 3)),
        (0x59, 8, (0x00, 1)),
        (0x5D, 6, (0x08, 2)),
        (0x5D, 4, (0x00, 1)),
    ];
    for (code, sought, (st2, r)) in rows {
        // More bytes than the scan needs, so that no terminal count comes.
        let result = driver.execute(&[code, 0, 0, 0, 1, 2, 3, 0x2A, 1], Dma::FromMemory(&[sought; 4096]));
        assert_eq!((result[0], result[2], result[5]), (0, st2, r), "{code:#04x} {sought}");
    }
}

#[test]
fn bytes_can_move_without_dma() {
    let (mut driver, bytes) = own_drive("360K");
    driver.command(&[0x03, 0xDF, 0x03]);
    driver.command(&[0x46, 0, 0, 0, 4, 2, 4, 0x2A, 0xFF]);
    let mut seen = Vec::new();
    loop {
        driver.wait_interrupt(SECOND).unwrap();
        if driver.status() & 0x20 == 0 {
            break;
        }
        assert_eq!(driver.status(), 0xF0);
        seen.push(driver.bench.read(5).unwrap());
        assert!(!driver.bench.line(INTERRUPT));
    }
    assert_eq!(seen, sector(&bytes, 3));
    assert_eq!(driver.result()[..3], [0x40, 0x80, 0], "nobody can say terminal count");
}

#[test]
fn an_image_that_fails_is_a_bad_sector_and_a_notice() {
    let format = FloppyFormat::named("360K").unwrap();
    let base = Box::new(MemoryMedium::new(image(format)));
    let medium = FaultyMedium { base, good_accesses: 2, error: std::io::ErrorKind::StorageFull };
    let mut driver = Driver::new(&[DriveKind::Dd360K]);
    driver.insert(0, Box::new(medium)).unwrap();
    driver.select(0);
    assert_eq!(driver.read((0, 0, 1), 9, 1)[..3], [0, 0, 0]);
    assert_eq!(driver.read((0, 0, 1), 9, 1)[..3], [0x40, 0x20, 0x20]);
    assert_eq!(driver.write((0, 0, 1), 9, &[0; 512])[..3], [0x50, 0, 0]);
    let notices = &driver.bench.notices;
    assert!(notices[0].contains("cannot be read") && notices[1].contains("cannot be written"), "{notices:?}");
}

#[test]
fn the_drive_light_is_lit_while_selected() {
    let (mut driver, _) = own_drive("360K");
    assert!(driver.bench.device.slots()[0].active);
    driver.bench.write(2, 0x0C);
    assert!(!driver.bench.device.slots()[0].active);
}

#[test]
fn what_concerns_another_drive_disturbs_no_transfer() {
    let (mut driver, bytes) = own_drive("360K");
    driver.command(&[0x46, 0, 0, 0, 1, 2, 9, 0x2A, 0xFF]);
    while !driver.bench.line(DATA_REQUEST) {
        let next = driver.bench.next_due();
        driver.bench.run_until(next);
    }
    driver.memory = vec![driver.bench.dma_read(false)];
    driver.bench.write(2, 0x3C);
    driver.set_rate(2);
    assert_eq!(driver.execute(&[], Dma::ToMemory(511))[..3], [0, 0, 0]);
    assert_eq!(driver.memory, bytes[..512]);
}
