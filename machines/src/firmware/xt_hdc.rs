//! The ROM of the XT's hard disk controller (IBM PC/XT Technical Reference, "Fixed Disk Drive Adapter"), assembled for
//! the drives that are attached; the source is `assets/firmware/xt_hdc.asm`.

use super::asm::Program;
use super::xt::{FirmwareError, RomImage, rom_image};
use crate::media::hard_disk::Geometry;

/// The segment at which the ROM lies.
pub const SEGMENT: u16 = 0xC800;

const ROM_SIZE: i64 = 4096;
const SOURCE: &str = include_str!("../../../assets/firmware/xt_hdc.asm");

/// Builds the option ROM for up to two drives, 4 KB at C8000. Without drives it does nothing.
///
/// # Errors
/// When the source does not assemble for these drives, which is a mistake in it.
pub fn build(drives: &[Geometry]) -> Result<RomImage, FirmwareError> {
    let mut program = Program::new()
        .source("xt_hdc.asm", SOURCE)
        .constant("ROM_SIZE", ROM_SIZE)
        .constant("DRIVES", drives.len().min(2) as i64);
    for index in 0..2 {
        let drive = drives.get(index).copied().unwrap_or(Geometry { cylinders: 0, heads: 0, sectors: 0 });
        program = program
            .constant(&format!("CYLINDERS_{index}"), drive.cylinders.into())
            .constant(&format!("HEADS_{index}"), drive.heads.into())
            .constant(&format!("SECTORS_{index}"), drive.sectors.into());
    }
    Ok(rom_image(program.assemble("xt_hdc.asm")?, SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_two_drives_assemble_to_a_whole_rom() {
        let disk = Geometry { cylinders: 615, heads: 4, sectors: 17 };
        for drives in [&[][..], &[disk], &[disk, Geometry { cylinders: 306, heads: 2, sectors: 17 }]] {
            let rom = build(drives).unwrap_or_else(|e| panic!("{e:?}"));
            assert_eq!((rom.base, rom.bytes.len()), (0xC_8000, 4096));
            assert_eq!(rom.bytes[..3], [0x55, 0xAA, 8]);
            assert_eq!(rom.bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
            if drives.first() == Some(&disk) {
                let table = usize::from(rom.labels["drive_0"]);
                assert_eq!(rom.bytes[table..table + 3], [0x67, 0x02, 4]);
            }
        }
    }
}
