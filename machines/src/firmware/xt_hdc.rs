//! The ROM of the XT's hard disk controller (IBM PC/XT Technical Reference, "Fixed Disk Drive Adapter"), assembled for
//! the drives that are attached; the source is `assets/firmware/xt_hdc.asm`.

use super::asm::Program;
use super::xt::{FirmwareError, RomImage, rom_image};

/// A hard disk as the controller addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardDisk {
    /// 1 to 1024.
    pub cylinders: u16,
    /// 1 to 16.
    pub heads: u8,
}

/// Sectors of a track: the controller knows no other number.
pub const SECTORS: u8 = 17;
/// The segment at which the ROM lies.
pub const SEGMENT: u16 = 0xC800;

const ROM_SIZE: i64 = 4096;
const SOURCE: &str = include_str!("../../../assets/firmware/xt_hdc.asm");

/// Builds the option ROM for one or two drives: 4 KB at C8000.
///
/// # Errors
/// When the source does not assemble for these drives, which is a mistake in it.
pub fn build(drives: &[HardDisk]) -> Result<RomImage, FirmwareError> {
    let mut program = Program::new()
        .source("xt_hdc.asm", SOURCE)
        .constant("ROM_SIZE", ROM_SIZE)
        .constant("SECTORS", SECTORS.into())
        .constant("DRIVES", drives.len().min(2) as i64);
    for index in 0..2 {
        let (cylinders, heads) = drives.get(index).map_or((0, 0), |d| (d.cylinders, d.heads));
        program = program
            .constant(&format!("CYLINDERS_{index}"), cylinders.into())
            .constant(&format!("HEADS_{index}"), heads.into());
    }
    Ok(rom_image(program.assemble("xt_hdc.asm")?, SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_two_drives_assemble_to_a_whole_rom() {
        let disk = HardDisk { cylinders: 615, heads: 4 };
        for drives in [&[disk][..], &[disk, HardDisk { cylinders: 306, heads: 2 }]] {
            let rom = build(drives).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!((rom.base, rom.bytes.len()), (0xC_8000, 4096));
            assert_eq!(rom.bytes[..3], [0x55, 0xAA, 8]);
            assert_eq!(rom.bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
            let table = usize::from(rom.labels["drive_0"]);
            assert_eq!(rom.bytes[table..table + 3], [0x67, 0x02, 4]);
        }
    }
}
