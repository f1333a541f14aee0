//! ImageDisk files (Dave Dunfield, "ImageDisk file format", IMD.TXT of version 1.18): unpacked to raw sectors.
//!
//! Only disks of IBM's formats whose every sector was read are taken; a raw image cannot hold the rest.

use super::format::{FORMATS, FloppyFormat, SECTOR_BYTES};
use emu_core::board::device::MediaError;
use emu_core::hal::storage::{Medium, MemoryMedium};

/// What every such file begins with.
pub const SIGNATURE: &[u8; 4] = b"IMD ";

/// No file of a disk that these drives hold is longer.
const LARGEST_FILE: u64 = 2 << 20;

const END_OF_COMMENT: u8 = 0x1A;
const CYLINDER_MAP: u8 = 0x80;
const HEAD_MAP: u8 = 0x40;
/// The size code of 512 bytes.
const SIZE_CODE: u8 = 2;

/// The raw sectors of an ImageDisk file, as a write-protected medium in memory.
///
/// # Errors
/// [`MediaError::Unsuitable`] with what such a disk has that a raw image cannot hold, or where the file is damaged.
pub fn unpack(file: &mut dyn Medium) -> Result<MemoryMedium, MediaError> {
    if file.len() > LARGEST_FILE {
        return Err(refuse("is larger than any floppy's"));
    }
    let mut bytes = vec![0; file.len() as usize];
    file.read_at(0, &mut bytes).map_err(|error| MediaError::Unreadable(error.to_string()))?;
    let tracks = tracks(&bytes)?;
    let format = format_of(&tracks)?;
    let mut image = vec![None; format.total_sectors() as usize];
    for track in tracks {
        for (r, data) in track.sectors {
            let number = (usize::from(track.cylinder) * usize::from(format.heads) + usize::from(track.head))
                * usize::from(format.sectors)
                + usize::from(r);
            *image.get_mut(number.wrapping_sub(1)).ok_or_else(damaged)? = Some(data);
        }
    }
    let sectors: Option<Vec<_>> = image.into_iter().collect();
    let sectors = sectors.ok_or_else(|| refuse("lacks sectors of its disk"))?;
    Ok(MemoryMedium { bytes: sectors.concat(), write_protected: true })
}

fn refuse(what: &str) -> MediaError {
    MediaError::Unsuitable(format!(
        "The ImageDisk file {what}; only whole disks of IBM's formats can be used"
    ))
}

fn damaged() -> MediaError {
    MediaError::Unsuitable("The ImageDisk file is damaged or cut short; fetch it again".to_owned())
}

struct ImdTrack {
    cylinder: u8,
    head: u8,
    /// R and data, in the order on the track.
    sectors: Vec<(u8, Vec<u8>)>,
}

/// The rest of the file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], MediaError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, MediaError> {
        Ok(self.take(1)?[0])
    }
}

fn tracks(file: &[u8]) -> Result<Vec<ImdTrack>, MediaError> {
    let comment = file.iter().position(|&b| b == END_OF_COMMENT).ok_or_else(damaged)?;
    let mut rest = Reader(&file[comment + 1..]);
    let mut tracks = Vec::new();
    while !rest.0.is_empty() {
        let track = track(&mut rest)?;
        if !track.sectors.is_empty() {
            tracks.push(track);
        }
    }
    Ok(tracks)
}

fn track(rest: &mut Reader<'_>) -> Result<ImdTrack, MediaError> {
    let &[mode, cylinder, head, count, size] = rest.take(5)? else { return Err(damaged()) };
    let numbers = rest.take(count.into())?;
    let plain = head & (CYLINDER_MAP | HEAD_MAP) == 0;
    if count > 0 && (!plain || size != SIZE_CODE || !(3..=5).contains(&mode)) {
        return Err(refuse("has tracks of another layout than IBM's"));
    }
    let most = FORMATS.iter().map(|f| f.sectors).max().unwrap_or(0);
    if numbers.iter().any(|r| !(1..=most).contains(r)) {
        return Err(refuse("has sectors that no IBM format has"));
    }
    let sectors = numbers.iter().map(|&r| Ok((r, sector(rest)?)));
    Ok(ImdTrack { cylinder, head: head & 1, sectors: sectors.collect::<Result<_, MediaError>>()? })
}

/// One data record: 1 whole, 2 one byte for all; the others are deleted, bad or absent sectors.
fn sector(rest: &mut Reader<'_>) -> Result<Vec<u8>, MediaError> {
    match rest.byte()? {
        1 => Ok(rest.take(SECTOR_BYTES)?.to_vec()),
        2 => Ok(vec![rest.byte()?; SECTOR_BYTES]),
        0 | 3..=8 => Err(refuse("has deleted or unreadable sectors, as copy-protected disks do")),
        _ => Err(damaged()),
    }
}

fn format_of(tracks: &[ImdTrack]) -> Result<&'static FloppyFormat, MediaError> {
    let last = |of: fn(&ImdTrack) -> u8| tracks.iter().map(of).max().unwrap_or(0);
    let (cylinders, heads) = (last(|t| t.cylinder).saturating_add(1), last(|t| t.head) + 1);
    let sectors = tracks.iter().flat_map(|t| &t.sectors).map(|s| s.0).max().unwrap_or(0);
    let found = FORMATS.iter().find(|f| (f.cylinders, f.heads, f.sectors) == (cylinders, heads, sectors));
    found.ok_or_else(|| {
        refuse(&format!("has {cylinders} cylinders, {heads} side(s) and {sectors} sectors to the track"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::floppy::identify;
    use proptest::prelude::*;

    /// A file of a disk whose sectors hold their number, stored whole or (the even ones) as one byte.
    fn file(format: &FloppyFormat) -> (Vec<u8>, Vec<u8>) {
        let (mut file, mut raw) = (b"IMD 1.18: 01/01/1990\r\nA test\x1A".to_vec(), Vec::new());
        for cylinder in 0..format.cylinders {
            for head in 0..format.heads {
                file.extend([5, cylinder, head, format.sectors, 2]);
                file.extend(1..=format.sectors);
                for r in 1..=format.sectors {
                    let byte = cylinder ^ r << 3 ^ head;
                    raw.extend([byte; SECTOR_BYTES]);
                    match r % 2 {
                        0 => file.extend([2, byte]),
                        _ => {
                            file.push(1);
                            file.extend([byte; SECTOR_BYTES]);
                        }
                    }
                }
            }
        }
        (file, raw)
    }

    fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        unpack(&mut MemoryMedium::new(bytes)).map(|m| m.bytes).map_err(|e| e.to_string())
    }

    #[test]
    fn whole_disks_of_every_format_are_unpacked() {
        for format in &FORMATS {
            let (file, raw) = file(format);
            assert!(unpacked(file.clone()) == Ok(raw), "{}", format.name);
            assert_eq!(identify(&mut MemoryMedium::new(file)), Ok(format));
        }
    }

    #[test]
    fn what_raw_sectors_cannot_hold_is_refused() {
        let (good, _) = file(&FORMATS[0]);
        let first_track = good.iter().position(|&b| b == END_OF_COMMENT).unwrap() + 1;
        let cases = [
            (0, 2, "another layout"),
            (2, 0x80, "another layout"),
            (4, 3, "another layout"),
            (5, 40, "no IBM format"),
            (13, 3, "deleted or unreadable"),
            (13, 9, "damaged"),
            (5, 2, "lacks sectors"),
        ];
        for (at, byte, words) in cases {
            let mut bytes = good.clone();
            bytes[first_track + at] = byte;
            let said = unpacked(bytes).unwrap_err();
            assert!(said.contains(words), "{at}: {said}");
        }
        assert!(unpacked(good[..good.len() - 1].to_vec()).unwrap_err().contains("cut short"));
    }

    proptest! {
        #[test]
        fn nonsense_is_refused_in_words(mut bytes in prop::collection::vec(any::<u8>(), 0..2000), tail in 0usize..100) {
            bytes.splice(0..0, *b"IMD \x1A");
            prop_assert!(unpacked(bytes).is_err());
            let (mut good, _) = file(&FORMATS[0]);
            good.truncate(good.len() - 1 - tail);
            prop_assert!(unpacked(good).is_err());
        }

        /// A file of which some bytes were changed is a disk of a known size, or is refused.
        #[test]
        fn damage_is_refused_or_lived_with(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let (mut bytes, _) = file(&FORMATS[0]);
            for (at, byte) in changes {
                // The heads of tracks and sectors lie everywhere; the first track is changed as often as all others.
                let at = if byte & 1 == 0 { at.index(bytes.len()) } else { at.index(60) };
                bytes[at] = byte;
            }
            if let Ok(raw) = unpacked(bytes) {
                prop_assert!(FORMATS.iter().any(|format| format.image_bytes() == raw.len() as u64));
            }
        }
    }
}
