//! "First Light", the boot disk that comes with the program: text, graphics, sound, keyboard and a game. Its sources lie
//! in `assets/demos/xt`; it asks nothing of the machine but an IBM-compatible BIOS.

use super::asm::Program;
use super::xt::FirmwareError;

/// Bytes of a 360K disk: 40 tracks, 2 heads, 9 sectors of 512 bytes.
const DISK_BYTES: usize = 40 * 2 * 9 * 512;
const SECTOR: usize = 512;

const SOURCES: [(&str, &str); 8] = [
    ("boot.asm", include_str!("../../../assets/demos/xt/boot.asm")),
    ("firstlight.asm", include_str!("../../../assets/demos/xt/firstlight.asm")),
    ("lib.asm", include_str!("../../../assets/demos/xt/lib.asm")),
    ("text.asm", include_str!("../../../assets/demos/xt/text.asm")),
    ("graphics.asm", include_str!("../../../assets/demos/xt/graphics.asm")),
    ("tune.asm", include_str!("../../../assets/demos/xt/tune.asm")),
    ("keys.asm", include_str!("../../../assets/demos/xt/keys.asm")),
    ("snake.asm", include_str!("../../../assets/demos/xt/snake.asm")),
];

/// Builds the disk: a raw image of 360 KB.
///
/// # Errors
/// When the sources do not assemble, which is a mistake in them.
pub fn floppy_image() -> Result<Vec<u8>, FirmwareError> {
    let mut program = Program::new();
    for (name, text) in SOURCES {
        program = program.source(name, text);
    }
    let body = program.assemble("firstlight.asm")?.bytes;
    let sectors = body.len().div_ceil(SECTOR);
    let boot = program.constant("PROGRAM_SECTORS", sectors as i64).assemble("boot.asm")?.bytes;
    let mut image = vec![0; DISK_BYTES];
    image[..SECTOR].copy_from_slice(&boot);
    image[SECTOR..SECTOR + body.len()].copy_from_slice(&body);
    write_empty_fats(&mut image, sectors + 1);
    Ok(image)
}

/// Two empty FAT12s behind the reserved sectors, so that DOS reads the disk as an empty one.
fn write_empty_fats(image: &mut [u8], reserved: usize) {
    const FAT_SECTORS: usize = 2;
    for fat in 0..2 {
        let at = (reserved + fat * FAT_SECTORS) * SECTOR;
        image[at..at + 3].copy_from_slice(&[0xFD, 0xFF, 0xFF]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_can_be_booted() {
        let image = floppy_image().unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(image.len(), 368_640);
        assert_eq!(image[510..512], [0x55, 0xAA]);
        assert_eq!(image[0], 0xEB, "a jump over the disk's parameters");
        let reserved = usize::from(u16::from_le_bytes([image[14], image[15]]));
        assert_eq!(image[reserved * SECTOR], 0xFD);
        assert!(reserved < 64, "{reserved} sectors are reserved");
    }
}
