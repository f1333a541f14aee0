//! Hard disk images: how a flat run of sectors is divided into cylinders, heads and sectors.
//!
//! A raw image says nothing of its geometry, but a BIOS and DOS address a disk by it, and a disk that was
//! partitioned with one geometry does not boot with another. So the partition table is asked first, then the table
//! of drives that were sold, then the plainest division.

use emu_core::board::device::MediaError;
use emu_core::hal::storage::Medium;

const SECTOR_BYTES: u64 = 512;

/// What an INT 13h address can say.
const MAX_CYLINDERS: u64 = 1024;
const MAX_HEADS: u64 = 16;

/// Sectors of a track, as the XT's controller and its firmware know them (MFM at 5 Mbit/s).
pub const SECTORS_PER_TRACK: u8 = 17;

/// How a disk is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// 1 to 1024.
    pub cylinders: u16,
    /// 1 to 16.
    pub heads: u8,
    /// Per track: [`SECTORS_PER_TRACK`].
    pub sectors: u8,
}

impl Geometry {
    pub const fn total_sectors(self) -> u64 {
        self.cylinders as u64 * self.heads as u64 * self.sectors as u64
    }

    /// The size of an image with this geometry.
    pub const fn bytes(self) -> u64 {
        self.total_sectors() * SECTOR_BYTES
    }

    /// The number of a sector; sectors count from 0 here.
    pub const fn sector_number(self, cylinder: u16, head: u8, sector: u8) -> u64 {
        (cylinder as u64 * self.heads as u64 + head as u64) * self.sectors as u64 + sector as u64
    }
}

const fn mfm(cylinders: u16, heads: u8) -> Geometry {
    Geometry { cylinders, heads, sectors: SECTORS_PER_TRACK }
}

/// Drives of the time, as the XT's and AT's BIOS tables list them.
pub const COMMON_DRIVES: [(&str, Geometry); 8] = [
    ("5 MB", mfm(306, 2)),
    ("10 MB", mfm(306, 4)),
    ("15 MB", mfm(306, 6)),
    ("20 MB", mfm(615, 4)),
    ("25 MB", mfm(375, 8)),
    ("30 MB", mfm(615, 6)),
    ("40 MB", mfm(820, 6)),
    ("60 MB", mfm(940, 8)),
];

/// The geometry of an image of this size, where nothing else is known.
///
/// # Errors
/// [`MediaError::Unsuitable`] with the reason and the remedy.
pub fn geometry_for(bytes: u64) -> Result<Geometry, MediaError> {
    let sectors = checked_sectors(bytes)?;
    if let Some((_, drive)) = COMMON_DRIVES.iter().find(|d| d.1.total_sectors() == sectors) {
        return Ok(*drive);
    }
    let per_head = |heads: &u64| u64::from(SECTORS_PER_TRACK) * heads;
    let few_enough = |heads: &u64| sectors / per_head(heads) <= MAX_CYLINDERS;
    let whole = |heads: &u64| few_enough(heads) && sectors.is_multiple_of(per_head(heads));
    // With few heads first; better no sector lost at the end than few heads.
    let heads = (2..=MAX_HEADS).find(whole).or_else(|| (2..=MAX_HEADS).find(few_enough)).unwrap_or(MAX_HEADS);
    let cylinders = (sectors / per_head(&heads)).clamp(1, MAX_CYLINDERS) as u16;
    Ok(Geometry { cylinders, heads: heads as u8, sectors: SECTORS_PER_TRACK })
}

/// The geometry of an image: as its partition table was made for, or else by [`geometry_for`].
///
/// # Errors
/// As [`geometry_for`], and [`MediaError::Unreadable`] when the host cannot read it.
pub fn geometry_of(medium: &mut dyn Medium) -> Result<Geometry, MediaError> {
    let bytes = medium.len();
    let sectors = checked_sectors(bytes)?;
    let mut first = [0; SECTOR_BYTES as usize];
    medium.read_at(0, &mut first).map_err(|error| MediaError::Unreadable(error.to_string()))?;
    match partitioned_for(&first, sectors) {
        Some(geometry) if geometry.sectors == SECTORS_PER_TRACK => Ok(geometry),
        Some(Geometry { heads, sectors, .. }) => Err(MediaError::Unsuitable(format!(
            "The image was partitioned for a disk with {heads} heads and {sectors} sectors to the track, and the XT's \
             controller writes {SECTORS_PER_TRACK}; create a blank hard disk and copy the files over"
        ))),
        None => geometry_for(bytes),
    }
}

fn checked_sectors(bytes: u64) -> Result<u64, MediaError> {
    let sectors = bytes / SECTOR_BYTES;
    let most = MAX_CYLINDERS * MAX_HEADS * u64::from(SECTORS_PER_TRACK);
    let said = if bytes == 0 {
        "The image is empty; choose another file, or create a blank hard disk".to_owned()
    } else if !bytes.is_multiple_of(SECTOR_BYTES) {
        format!(
            "The image has {bytes} bytes, which is no whole number of sectors. If it was cut short, fetch it again; \
             images in other formats (VHD, VMDK, qcow2) must be converted to raw first"
        )
    } else if sectors < 2 * u64::from(SECTORS_PER_TRACK) {
        format!(
            "The image has only {sectors} sectors, less than one cylinder; create a blank hard disk instead"
        )
    } else if sectors > most {
        format!(
            "The image has {} MB, and the XT's controller reaches at most {} MB; use a smaller disk",
            bytes >> 20,
            (most * SECTOR_BYTES) >> 20
        )
    } else {
        return Ok(sectors);
    };
    Err(MediaError::Unsuitable(said))
}

/// The geometry that a master boot record's partition entries agree with: their last sector's linear address and its
/// cylinder, head and sector must be the same place.
fn partitioned_for(boot: &[u8; SECTOR_BYTES as usize], total: u64) -> Option<Geometry> {
    if boot[510..] != [0x55, 0xAA] {
        return None;
    }
    let geometries: Vec<_> =
        boot[446..510].chunks_exact(16).filter_map(|e| partition_geometry(e, total)).collect();
    let first = *geometries.first()?;
    geometries.iter().all(|g| *g == first).then_some(first)
}

fn partition_geometry(entry: &[u8], total: u64) -> Option<Geometry> {
    let dword =
        |at: usize| u64::from(u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]));
    let (kind, start, size) = (entry[4], dword(8), dword(12));
    let (head, sector) = (u64::from(entry[5]), u64::from(entry[6] & 0x3F));
    let cylinder = u64::from(entry[6] & 0xC0) << 2 | u64::from(entry[7]);
    if kind == 0 || size == 0 || start + size > total {
        return None;
    }
    // Partitions end with a cylinder: the last head and the last sector of it.
    let (heads, sectors) = (head + 1, sector);
    let end = (cylinder * heads + head) * sectors + sector;
    if sectors == 0 || heads > MAX_HEADS || end != start + size {
        return None;
    }
    let cylinders = (total / (heads * sectors)).min(MAX_CYLINDERS);
    (cylinders > 0).then_some(Geometry {
        cylinders: cylinders as u16,
        heads: heads as u8,
        sectors: sectors as u8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::storage::MemoryMedium;
    use proptest::prelude::*;

    #[test]
    fn drives_of_the_time_are_known() {
        for (name, drive) in COMMON_DRIVES {
            assert_eq!(geometry_for(drive.bytes()), Ok(drive), "{name}");
        }
    }

    #[test]
    fn odd_images_are_refused_with_a_reason() {
        let cases = [
            (0, "empty"),
            (1000, "whole number"),
            (512 * 20, "only 20 sectors"),
            (1 << 40, "at most 136 MB"),
        ];
        for (bytes, words) in cases {
            let said = geometry_for(bytes).unwrap_err().to_string();
            assert!(said.contains(words), "{bytes}: {said}");
        }
    }

    /// An image of `cylinders` whose only partition goes from head 1 to the last cylinder's end.
    fn partitioned(cylinders: u16, heads: u8, sectors: u8) -> Vec<u8> {
        let geometry = Geometry { cylinders, heads, sectors };
        let mut bytes = vec![0; geometry.bytes() as usize];
        bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
        let end = [heads - 1, sectors, (cylinders - 1) as u8];
        let start = u32::from(sectors);
        let size = geometry.total_sectors() as u32 - start;
        bytes[446..454].copy_from_slice(&[0x80, 1, 1, 0, 4, end[0], end[1], end[2]]);
        bytes[454..458].copy_from_slice(&start.to_le_bytes());
        bytes[458..462].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    #[test]
    fn the_partition_table_is_believed_when_it_agrees_with_itself() {
        let wanted = Geometry { cylinders: 60, heads: 12, sectors: 17 };
        let mut bytes = partitioned(60, 12, 17);
        assert_eq!(geometry_of(&mut MemoryMedium::new(bytes.clone())), Ok(wanted));
        bytes[458] ^= 1;
        assert_eq!(geometry_of(&mut MemoryMedium::new(bytes.clone())), geometry_for(bytes.len() as u64));
        let said = geometry_of(&mut MemoryMedium::new(partitioned(60, 16, 63))).unwrap_err().to_string();
        assert!(said.contains("16 heads and 63 sectors"), "{said}");
    }

    proptest! {
        #[test]
        fn a_geometry_lies_within_the_image_and_its_limits(sectors in 34u64..=1024 * 16 * 17) {
            let g = geometry_for(sectors * SECTOR_BYTES).unwrap();
            prop_assert!(g.total_sectors() <= sectors);
            prop_assert!((1..=1024).contains(&g.cylinders) && (1..=16).contains(&g.heads));
            prop_assert!(g.total_sectors() + u64::from(g.heads) * u64::from(g.sectors) > sectors
                || g.cylinders == 1024);
        }

        #[test]
        fn any_first_sector_gives_a_geometry_within_the_image(first in prop::collection::vec(any::<u8>(), 512)) {
            let mut bytes = vec![0; 512 * 10_000];
            bytes[..512].copy_from_slice(&first);
            bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
            if let Ok(g) = geometry_of(&mut MemoryMedium::new(bytes)) {
                prop_assert!(g.total_sectors() <= 10_000);
            }
        }
    }
}
