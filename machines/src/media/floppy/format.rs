//! IBM's diskette formats, and which of them a raw image has.
//!
//! A raw image is the disk's sectors in the order cylinder, head, sector; its size tells the format. Sources: IBM
//! Technical References of the PC, PC AT and PS/2 ("Diskette Drive"), DOS 3.3 Technical Reference (BPB).

use super::imd;
use emu_core::board::device::MediaError;
use emu_core::hal::storage::Medium;

/// The bytes of a sector, in every format of IBM's.
pub const SECTOR_BYTES: usize = 512;

/// The disk's jacket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormFactor {
    /// 5.25 inches.
    Minidisk,
    /// 3.5 inches.
    Microdisk,
}

impl FormFactor {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Minidisk => "5.25 inch",
            Self::Microdisk => "3.5 inch",
        }
    }
}

/// How a disk is divided.
#[derive(Debug, PartialEq, Eq)]
pub struct FloppyFormat {
    /// What DOS calls it: "360K".
    pub name: &'static str,
    pub form: FormFactor,
    pub cylinders: u8,
    pub heads: u8,
    /// Per track.
    pub sectors: u8,
    /// The bytes that pass under the head in one turn, gaps and marks included (data rate / 8 / turns per second).
    pub track_bytes: u16,
    /// The gap after a sector, in bytes, as DOS formats it.
    pub gap: u8,
}

impl FloppyFormat {
    pub const fn total_sectors(&self) -> u64 {
        self.cylinders as u64 * self.heads as u64 * self.sectors as u64
    }

    /// The size of its raw image.
    pub const fn image_bytes(&self) -> u64 {
        self.total_sectors() * SECTOR_BYTES as u64
    }

    /// Whether it needs a high-density disk and drive.
    pub const fn is_high_density(&self) -> bool {
        self.track_bytes > DOUBLE_DENSITY
    }

    /// The format of this name ("360K", "1.44M").
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|f| f.name.eq_ignore_ascii_case(name))
    }
}

/// 250 kbit/s at 300 turns a minute; a 360-rpm drive reads the same track at 300 kbit/s.
const DOUBLE_DENSITY: u16 = 6250;
/// 500 kbit/s at 360 turns a minute.
const HIGH_DENSITY_MINI: u16 = 10_416;
/// 500 kbit/s at 300 turns a minute.
const HIGH_DENSITY_MICRO: u16 = 12_500;

const fn mini(name: &'static str, heads: u8, sectors: u8) -> FloppyFormat {
    let form = FormFactor::Minidisk;
    FloppyFormat { name, form, cylinders: 40, heads, sectors, track_bytes: DOUBLE_DENSITY, gap: 0x50 }
}

const fn eighty(
    name: &'static str,
    form: FormFactor,
    sectors: u8,
    track_bytes: u16,
    gap: u8,
) -> FloppyFormat {
    FloppyFormat { name, form, cylinders: 80, heads: 2, sectors, track_bytes, gap }
}

/// All of IBM's formats, by size.
pub static FORMATS: [FloppyFormat; 7] = [
    mini("160K", 1, 8),
    mini("180K", 1, 9),
    mini("320K", 2, 8),
    mini("360K", 2, 9),
    eighty("720K", FormFactor::Microdisk, 9, DOUBLE_DENSITY, 0x50),
    eighty("1.2M", FormFactor::Minidisk, 15, HIGH_DENSITY_MINI, 0x54),
    eighty("1.44M", FormFactor::Microdisk, 18, HIGH_DENSITY_MICRO, 0x6C),
];

/// Sizes of formats that people meet and these drives cannot hold.
const OTHERS: [(u64, &str); 7] = [
    (256_256, "an 8 inch disk"),
    (409_600, "a 400K disk of a Macintosh"),
    (655_360, "a 640K disk"),
    (819_200, "an 800K disk"),
    (1_261_568, "a 1.2M disk of a PC-98, with sectors of 1,024 bytes"),
    (1_720_320, "a 1.68M disk (DMF), with 21 sectors to the track"),
    (2_949_120, "a 2.88M disk, which needs an extra-density drive"),
];

/// The format of a raw image, or of what an ImageDisk file holds.
///
/// # Errors
/// [`MediaError::Unsuitable`] with the reason and the remedy, [`MediaError::Unreadable`] when the host cannot read it.
pub fn identify(medium: &mut dyn Medium) -> Result<&'static FloppyFormat, MediaError> {
    let size = medium.len();
    let Some(format) = FORMATS.iter().find(|f| f.image_bytes() == size) else {
        return match signature(medium) {
            Some(kind) if kind.0 == imd::SIGNATURE => identify(&mut imd::unpack(medium)?),
            Some((_, kind)) => Err(other_kind(kind)),
            None => Err(odd_size(size)),
        };
    };
    let mut boot = [0; SECTOR_BYTES];
    medium.read_at(0, &mut boot).map_err(|error| MediaError::Unreadable(error.to_string()))?;
    match contradicting_layout(&boot, format) {
        None => Ok(format),
        Some((heads, sectors)) => Err(MediaError::Unsuitable(format!(
            "The image has the size of a {} disk, but its boot sector says {heads} side(s) with {sectors} sectors to \
             the track, which is no format of an IBM PC; convert it with the program that made it",
            format.name
        ))),
    }
}

/// Files that begin like this are no raw sectors.
const SIGNATURES: [(&[u8], &str); 9] = [
    (imd::SIGNATURE, "an ImageDisk"),
    (b"TD", "a TeleDisk"),
    (b"td", "a compressed TeleDisk"),
    (b"86BF", "an 86F"),
    (b"HXCPICFE", "an HFE"),
    (b"PSI ", "a PSI"),
    (b"SCP", "a SuperCard Pro"),
    (b"conectix", "a VHD"),
    (b"PK\x03\x04", "a zip"),
];

/// Which other kind of file the image is.
fn signature(medium: &mut dyn Medium) -> Option<(&'static [u8], &'static str)> {
    let mut start = [0; 8];
    medium.read_at(0, &mut start).ok()?;
    SIGNATURES.into_iter().find(|s| start.starts_with(s.0))
}

fn other_kind(kind: &str) -> MediaError {
    let words =
        format!("This is {kind} file; convert it to raw sectors (.img) with the program that made it first");
    MediaError::Unsuitable(words)
}

/// A medium of raw sectors in place of a file of another kind that can be read: an ImageDisk file becomes a
/// write-protected medium in memory. Any other comes back as it is.
///
/// # Errors
/// As [`imd::unpack`].
pub fn unpack(mut medium: Box<dyn Medium>) -> Result<Box<dyn Medium>, MediaError> {
    let is_raw = FORMATS.iter().any(|f| f.image_bytes() == medium.len());
    if !is_raw && signature(medium.as_mut()).is_some_and(|kind| kind.0 == imd::SIGNATURE) {
        return Ok(Box::new(imd::unpack(medium.as_mut())?));
    }
    Ok(medium)
}

/// The heads and sectors per track that the boot sector's parameter block states, when it describes the whole image
/// and does not say what the size says (an 80-cylinder single-sided disk has the size of a 360K one).
fn contradicting_layout(boot: &[u8; SECTOR_BYTES], format: &FloppyFormat) -> Option<(u16, u16)> {
    let word = |at: usize| u16::from_le_bytes([boot[at], boot[at + 1]]);
    let (sector_bytes, total, sectors, heads) = (word(11), word(19), word(24), word(26));
    let describes_it = usize::from(sector_bytes) == SECTOR_BYTES
        && u64::from(total) == format.total_sectors()
        && (1..=63).contains(&sectors)
        && (1..=2).contains(&heads)
        && u64::from(total) % (u64::from(sectors) * u64::from(heads)) == 0;
    let agrees = sectors == u16::from(format.sectors) && heads == u16::from(format.heads);
    (describes_it && !agrees).then_some((heads, sectors))
}

fn odd_size(size: u64) -> MediaError {
    let largest = FORMATS[FORMATS.len() - 1].image_bytes();
    let said = if size == 0 {
        "The image is empty; choose another file, or create a blank floppy".to_owned()
    } else if let Some((_, what)) = OTHERS.iter().find(|o| o.0 == size) {
        format!("The image has the size of {what}; these drives hold {}", all_names())
    } else if size > largest {
        format!(
            "The image has {size} bytes, more than the {largest} of a 1.44M floppy; is it a hard disk's or a CD's?"
        )
    } else if let Some(next) = FORMATS.iter().find(|f| f.image_bytes() > size) {
        format!(
            "The image has {size} bytes, which is no floppy's size: {} would be {} bytes. If it was cut short, fetch \
             it again; images in other formats must be converted to raw sectors first",
            next.name,
            next.image_bytes()
        )
    } else {
        format!("The image has {size} bytes, which is no floppy's size")
    };
    MediaError::Unsuitable(said)
}

fn all_names() -> String {
    FORMATS.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::storage::{FaultyMedium, MemoryMedium};

    fn identified(bytes: Vec<u8>) -> Result<&'static str, String> {
        identify(&mut MemoryMedium::new(bytes)).map(|f| f.name).map_err(|e| e.to_string())
    }

    #[test]
    fn every_format_is_known_by_its_size() {
        let sizes = [163_840, 184_320, 327_680, 368_640, 737_280, 1_228_800, 1_474_560];
        for (format, size) in FORMATS.iter().zip(sizes) {
            assert_eq!(identified(vec![0; size]), Ok(format.name));
            assert_eq!(FloppyFormat::named(format.name), Some(format));
        }
    }

    #[test]
    fn odd_images_are_refused_with_a_reason() {
        let cases = [
            (0, "empty"),
            (512, "160K would be 163840 bytes"),
            (368_639, "cut short"),
            (409_600, "Macintosh"),
            (2_949_120, "2.88M"),
            (1_474_561, "hard disk"),
        ];
        for (size, words) in cases {
            let said = identified(vec![0; size]).unwrap_err();
            assert!(said.contains(words), "{size}: {said}");
        }
    }

    #[test]
    fn a_boot_sector_that_says_another_layout_is_believed() {
        let mut image = vec![0; 368_640];
        image[11..13].copy_from_slice(&512u16.to_le_bytes());
        image[19..21].copy_from_slice(&720u16.to_le_bytes());
        image[24] = 9;
        image[26] = 2;
        assert_eq!(identified(image.clone()), Ok("360K"));
        image[26] = 1;
        assert!(identified(image.clone()).unwrap_err().contains("1 side(s) with 9 sectors"));
        image[19] = 1;
        assert_eq!(identified(image), Ok("360K"), "a block that does not describe the image is no evidence");
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        for (start, kind) in
            [("TD\0\0", "a TeleDisk file"), ("HXCPICFE", "an HFE file"), ("IMD 1.18", "ImageDisk file")]
        {
            let mut bytes = start.as_bytes().to_vec();
            bytes.resize(5000, 0);
            let said = identified(bytes).unwrap_err();
            assert!(said.contains(kind), "{said}");
        }
    }

    #[test]
    fn an_unreadable_image_says_so() {
        let base = Box::new(MemoryMedium::new(vec![0; 368_640]));
        let mut medium = FaultyMedium { base, good_accesses: 0, error: std::io::ErrorKind::Other };
        assert!(matches!(identify(&mut medium), Err(MediaError::Unreadable(_))));
    }
}
