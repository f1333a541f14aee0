//! The ROM of an XT, assembled for exactly one machine. The services are those of the IBM PC/XT Technical Reference;
//! the sources lie in `assets/firmware/xt`.

use super::asm::{AsmError, Assembled, Program};
use super::font::CGA_8X8;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A diskette drive as the BIOS must know it; the number is what INT 13h, AH=08h gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FloppyDrive {
    #[default]
    None = 0,
    Kb360 = 1,
    Mb1_2 = 2,
    Kb720 = 3,
    Mb1_44 = 4,
}

/// The boards that this ROM is for. Their registers differ a little, and what they offer to programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RomBoard {
    #[default]
    Xt,
    /// [`crate::boards::bare`], with so much memory from 1 MB on.
    Bare { extended_kib: u32 },
}

/// What of the machine goes into its ROM. All else (memory, display, ports) the ROM finds out itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XtRomConfig {
    pub floppies: [FloppyDrive; 2],
    /// Services are stubs that call the host ([`super::host`]).
    pub is_host: bool,
    pub board: RomBoard,
}

/// A ROM: its bytes, where they lie, and the names in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RomImage {
    /// The physical address of the first byte.
    pub base: u32,
    pub bytes: Vec<u8>,
    /// Labels by name: offsets in the segment of the ROM.
    pub labels: BTreeMap<String, u16>,
}

#[derive(Debug, thiserror::Error)]
#[error("The firmware cannot be built for this machine")]
pub struct FirmwareError(#[from] pub(super) AsmError);

/// Where firmware of host functions knocks when it wants the host: no chip of an XT answers there.
pub const HOST_CALL_PORT: u16 = 0xB2;

/// Where the diskette parameters of INT 1Eh lie in the system ROM.
pub const DISK_PARAMETERS: u16 = 0xEFC7;

/// The segment of the system ROM.
pub const SYSTEM_SEGMENT: u16 = 0xF000;

const SOURCES: [(&str, &str); 20] = [
    ("xt.asm", include_str!("../../../assets/firmware/xt/xt.asm")),
    ("bda.asm", include_str!("../../../assets/firmware/xt/bda.asm")),
    ("post.asm", include_str!("../../../assets/firmware/xt/post.asm")),
    ("tools.asm", include_str!("../../../assets/firmware/xt/tools.asm")),
    ("int02_int05.asm", include_str!("../../../assets/firmware/xt/int02_int05.asm")),
    ("int08_timer.asm", include_str!("../../../assets/firmware/xt/int08_timer.asm")),
    ("int0e_diskette.asm", include_str!("../../../assets/firmware/xt/int0e_diskette.asm")),
    ("int1a_time.asm", include_str!("../../../assets/firmware/xt/int1a_time.asm")),
    ("int09_keys.asm", include_str!("../../../assets/firmware/xt/int09_keys.asm")),
    ("int10_video.asm", include_str!("../../../assets/firmware/xt/int10_video.asm")),
    ("int10_scroll.asm", include_str!("../../../assets/firmware/xt/int10_scroll.asm")),
    ("int10_graphics.asm", include_str!("../../../assets/firmware/xt/int10_graphics.asm")),
    ("int11_int12_int15.asm", include_str!("../../../assets/firmware/xt/int11_int12_int15.asm")),
    ("int15_bare.asm", include_str!("../../../assets/firmware/xt/int15_bare.asm")),
    ("int13_disk.asm", include_str!("../../../assets/firmware/xt/int13_disk.asm")),
    ("int13_fdc.asm", include_str!("../../../assets/firmware/xt/int13_fdc.asm")),
    ("int14_int17_ports.asm", include_str!("../../../assets/firmware/xt/int14_int17_ports.asm")),
    ("int16_keyboard.asm", include_str!("../../../assets/firmware/xt/int16_keyboard.asm")),
    ("host_stubs.asm", include_str!("../../../assets/firmware/xt/host_stubs.asm")),
    ("int19_boot.asm", include_str!("../../../assets/firmware/xt/int19_boot.asm")),
];

/// Builds the system ROM, which ends at the top of the first megabyte: 16 KB of real 8086 code for the XT, 32 KB for the
/// plain board, of which what only an 80386 understands is passed by on an 80286.
///
/// # Errors
/// When the sources do not assemble for this machine, which is a mistake in them.
pub fn build(config: &XtRomConfig) -> Result<RomImage, FirmwareError> {
    let (lower, upper) = CGA_8X8.as_flattened().split_at(128 * 8);
    let (is_bare, extended_kib) = match config.board {
        RomBoard::Xt => (false, 0),
        RomBoard::Bare { extended_kib } => (true, extended_kib),
    };
    let mut program = Program::new()
        .constant("BARE", is_bare.into())
        .constant("EXTENDED_KB", extended_kib.into())
        .constant("FLOPPY_A", config.floppies[0] as i64)
        .constant("FLOPPY_B", config.floppies[1] as i64)
        .constant("HOST", config.is_host.into())
        .constant("HOST_CALL", HOST_CALL_PORT.into())
        .blob("font8x8 lower", lower)
        .blob("font8x8 upper", upper);
    for (name, text) in SOURCES {
        program = program.source(name, text);
    }
    Ok(rom_image(program.assemble("xt.asm")?, SYSTEM_SEGMENT))
}

/// Makes a ROM of assembled code; its last byte makes the sum of all zero.
pub(super) fn rom_image(assembled: Assembled, segment: u16) -> RomImage {
    let Assembled { origin, mut bytes, symbols } = assembled;
    if let Some((last, rest)) = bytes.split_last_mut() {
        *last = rest.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    }
    let labels = symbols.into_iter().filter(|(_, symbol)| symbol.is_label);
    let labels =
        labels.filter_map(|(name, symbol)| Some((name, u16::try_from(symbol.value).ok()?))).collect();
    RomImage { base: (u32::from(segment) << 4) + origin, bytes, labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rom() -> RomImage {
        build(&XtRomConfig { floppies: [FloppyDrive::Kb360, FloppyDrive::Mb1_44], ..XtRomConfig::default() })
            .unwrap_or_else(|e| panic!("{e:?}"))
    }

    #[test]
    fn every_combination_of_drives_assembles() {
        use FloppyDrive::{Kb360, Kb720, Mb1_2, Mb1_44, None};
        for a in [None, Kb360, Mb1_2, Kb720, Mb1_44] {
            for b in [None, Kb360, Mb1_2, Kb720, Mb1_44] {
                for is_host in [false, true] {
                    for board in [RomBoard::Xt, RomBoard::Bare { extended_kib: 3 << 20 }] {
                        let config = XtRomConfig { floppies: [a, b], is_host, board };
                        build(&config).unwrap_or_else(|e| panic!("{config:?}: {e:?}"));
                    }
                }
            }
        }
    }

    #[test]
    fn the_rom_is_whole() {
        let rom = rom();
        assert_eq!((rom.base, rom.bytes.len()), (0xF_C000, 0x4000));
        assert_eq!(rom.bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
        assert_eq!(rom.bytes[0x3FFE], 0xFE, "the model byte of an XT");
        assert_eq!(rom.bytes[0x3FF0..0x3FF5], [0xEA, 0x5B, 0xE0, 0x00, 0xF0]);
    }

    /// IBM PC/XT Technical Reference, BIOS listing.
    #[test]
    fn tables_lie_where_programs_know_them() {
        let labels = rom().labels;
        let rows = [
            ("reset_entry", 0xE05B),
            ("serial_divisors", 0xE729),
            ("disk_parameters", 0xEFC7),
            ("video_parameters", 0xF0A4),
            ("font_lower", 0xFA6E),
            ("vectors", 0xFEF3),
            ("plain_iret", 0xFF53),
        ];
        for (name, want) in rows {
            assert_eq!(labels.get(name), Some(&want), "{name}");
        }
    }
}
