//! Blank media: floppies as they come out of the box, floppies with an empty DOS file system, and hard disks.

use super::floppy::{FloppyFormat, SECTOR_BYTES};
use super::hard_disk::Geometry;

/// What FORMAT of DOS fills a disk with.
const FILL: u8 = 0xF6;

/// A floppy without a file system. (A raw image cannot hold an unformatted disk: every sector is there, and filled as
/// a formatter leaves it.)
pub fn unformatted_floppy(format: &FloppyFormat) -> Vec<u8> {
    vec![FILL; format.image_bytes() as usize]
}

/// A hard disk without partitions. (A file on the host need only be made [`Geometry::bytes`] long.)
pub fn blank_hard_disk(geometry: Geometry) -> Vec<u8> {
    vec![0; geometry.bytes() as usize]
}

/// The parameters by which DOS's FORMAT lays a FAT12 file system out (DOS 3.3 Technical Reference, "BIOS Parameter
/// Block").
struct FatLayout {
    name: &'static str,
    sectors_per_cluster: u8,
    root_entries: u16,
    media: u8,
    sectors_per_fat: u16,
}

const fn layout(
    name: &'static str,
    per_cluster: u8,
    root_entries: u16,
    media: u8,
    per_fat: u16,
) -> FatLayout {
    FatLayout { name, sectors_per_cluster: per_cluster, root_entries, media, sectors_per_fat: per_fat }
}

const LAYOUTS: [FatLayout; 7] = [
    layout("160K", 1, 64, 0xFE, 1),
    layout("180K", 1, 64, 0xFC, 2),
    layout("320K", 2, 112, 0xFF, 1),
    layout("360K", 2, 112, 0xFD, 2),
    layout("720K", 2, 112, 0xF9, 3),
    layout("1.2M", 1, 224, 0xF9, 7),
    layout("1.44M", 1, 224, 0xF0, 9),
];

const FATS: u8 = 2;
const RESERVED: u16 = 1;
const DIRECTORY_ENTRY: usize = 32;

/// At 7C3Eh: says that the disk is not a system disk, waits for a key, and starts the machine's boot again.
const BOOT_CODE: [u8; 32] = [
    0x31, 0xC0, //       xor ax, ax
    0x8E, 0xD8, //       mov ds, ax
    0xFC, //             cld
    0xBE, 0x5E, 0x7C, // mov si, 7C5Eh
    0xAC, //       next: lodsb
    0x84, 0xC0, //       test al, al
    0x74, 0x09, //       jz key
    0xB4, 0x0E, //       mov ah, 0Eh
    0xBB, 0x07, 0x00, // mov bx, 7
    0xCD, 0x10, //       int 10h
    0xEB, 0xF2, //       jmp next
    0x31, 0xC0, //  key: xor ax, ax
    0xCD, 0x16, //       int 16h
    0xCD, 0x19, //       int 19h
    0x90, 0x90, 0x90, 0x90,
];

const BOOT_MESSAGE: &[u8] = b"This is not a system disk. Insert one, and press a key.\r\n\0";
const CODE_AT: usize = 0x3E;

/// A floppy with an empty FAT12 file system, as DOS formats it.
pub fn fat12_floppy(format: &FloppyFormat) -> Vec<u8> {
    let mut image = unformatted_floppy(format);
    let Some(layout) = LAYOUTS.iter().find(|l| l.name == format.name) else { return image };
    let fat_bytes = usize::from(layout.sectors_per_fat) * SECTOR_BYTES;
    let directory = usize::from(RESERVED) * SECTOR_BYTES + usize::from(FATS) * fat_bytes;
    let data = directory + usize::from(layout.root_entries) * DIRECTORY_ENTRY;
    image[..data].fill(0);
    image[..SECTOR_BYTES].copy_from_slice(&boot_sector(format, layout));
    for fat in 0..usize::from(FATS) {
        let at = usize::from(RESERVED) * SECTOR_BYTES + fat * fat_bytes;
        image[at..at + 3].copy_from_slice(&[layout.media, 0xFF, 0xFF]);
    }
    image
}

fn boot_sector(format: &FloppyFormat, layout: &FatLayout) -> [u8; SECTOR_BYTES] {
    let mut sector = [0; SECTOR_BYTES];
    let mut put = |at: usize, bytes: &[u8]| sector[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xEB, 0x3C, 0x90]);
    put(3, b"ANACHRON");
    put(11, &(SECTOR_BYTES as u16).to_le_bytes());
    put(13, &[layout.sectors_per_cluster]);
    put(14, &RESERVED.to_le_bytes());
    put(16, &[FATS]);
    put(17, &layout.root_entries.to_le_bytes());
    put(19, &(format.total_sectors() as u16).to_le_bytes());
    put(21, &[layout.media]);
    put(22, &layout.sectors_per_fat.to_le_bytes());
    put(24, &u16::from(format.sectors).to_le_bytes());
    put(26, &u16::from(format.heads).to_le_bytes());
    put(CODE_AT, &BOOT_CODE);
    put(CODE_AT + BOOT_CODE.len(), BOOT_MESSAGE);
    put(510, &[0x55, 0xAA]);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::floppy::{FORMATS, identify};
    use crate::media::hard_disk::{COMMON_DRIVES, geometry_of};
    use emu_core::hal::storage::MemoryMedium;

    #[test]
    fn formatted_floppies_are_of_their_format_and_their_fats_have_room() {
        for format in &FORMATS {
            let image = fat12_floppy(format);
            assert_eq!(identify(&mut MemoryMedium::new(image.clone())), Ok(format));
            let layout = LAYOUTS.iter().find(|l| l.name == format.name).unwrap();
            let system = 1 + 2 * u64::from(layout.sectors_per_fat) + u64::from(layout.root_entries) / 16;
            let clusters = (format.total_sectors() - system) / u64::from(layout.sectors_per_cluster);
            let fat_holds = u64::from(layout.sectors_per_fat) * 512 * 2 / 3;
            assert!(clusters + 2 <= fat_holds && clusters < 4085, "{}", format.name);
            assert_eq!(image[512], layout.media);
            assert_eq!(image[512 + usize::from(layout.sectors_per_fat) * 512], layout.media);
            assert_eq!(*image.last().unwrap(), FILL);
        }
    }

    /// The parameter blocks of disks that FreeDOS formatted, where they are at hand.
    #[test]
    fn parameter_blocks_are_those_of_dos() {
        let shared = std::env::var("ANACHRON_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").to_owned());
        for (file, name) in [("freedos-360k.img", "360K"), ("freedos-720k.img", "720K")] {
            let Ok(theirs) = std::fs::read(format!("{shared}/guests/{file}")) else {
                println!("skipped: no {file}");
                continue;
            };
            let ours = fat12_floppy(FloppyFormat::named(name).unwrap());
            assert_eq!(ours[11..28], theirs[11..28], "{file}");
        }
    }

    #[test]
    fn the_boot_code_s_message_is_where_it_looks() {
        assert_eq!(0x7C00 + CODE_AT + BOOT_CODE.len(), 0x7C5E);
    }

    #[test]
    fn blank_hard_disks_keep_their_geometry() {
        for (_, geometry) in &COMMON_DRIVES[..3] {
            assert_eq!(geometry_of(&mut MemoryMedium::new(blank_hard_disk(*geometry))), Ok(*geometry));
        }
    }
}
