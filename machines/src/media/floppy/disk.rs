//! A floppy disk: a raw image seen as tracks, and those tracks that a guest has formatted otherwise.
//!
//! A raw image holds one fixed grid of sectors. What a guest formats or marks beyond that grid is kept in memory, so
//! that the guest sees what it wrote, and the user is told once that it will be gone with the disk.

use super::format::{FloppyFormat, SECTOR_BYTES};
use super::track::{Encoding, Place, Sector, SectorId, Track};
use emu_core::hal::storage::Medium;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

/// No drive steps further in.
const CYLINDER_LIMIT: u8 = 84;

/// The tracks that a guest has formatted otherwise than the image, by cylinder and head.
pub type OddTracks = BTreeMap<(u8, u8), Track>;

/// An image in a drive.
pub struct FloppyDisk {
    medium: Box<dyn Medium>,
    format: &'static FloppyFormat,
    odd_tracks: OddTracks,
    /// Whether the user knows that not everything reaches the image.
    told: bool,
    news: bool,
}

impl FloppyDisk {
    /// A disk over an image of this format (see [`super::identify`]).
    pub fn new(medium: Box<dyn Medium>, format: &'static FloppyFormat) -> Self {
        Self { medium, format, odd_tracks: OddTracks::new(), told: false, news: false }
    }

    pub fn format(&self) -> &'static FloppyFormat {
        self.format
    }

    pub fn is_write_protected(&self) -> bool {
        self.medium.is_write_protected()
    }

    pub fn medium(&mut self) -> &mut dyn Medium {
        self.medium.as_mut()
    }

    pub fn into_medium(self) -> Box<dyn Medium> {
        self.medium
    }

    /// What a saved state must hold, as the image does not.
    pub fn odd_tracks(&self) -> &OddTracks {
        &self.odd_tracks
    }

    /// Takes saved tracks back.
    pub fn set_odd_tracks(&mut self, tracks: OddTracks) {
        self.told = !tracks.is_empty();
        self.odd_tracks = tracks;
    }

    /// A sentence for the user, if something is newly kept in memory only.
    pub fn take_news(&mut self) -> Option<String> {
        std::mem::take(&mut self.news).then(|| {
            format!(
                "The guest has formatted or marked this disk in a way that a raw {} image cannot hold. That part is \
                 kept until the disk is ejected or the machine ends, and is not written to the image.",
                self.format.name
            )
        })
    }

    /// A track of one side; `None` where the disk is blank.
    pub fn track(&self, cylinder: u8, head: u8) -> Option<Cow<'_, Track>> {
        if let Some(track) = self.odd_tracks.get(&(cylinder, head)) {
            return Some(Cow::Borrowed(track));
        }
        let on_the_disk = cylinder < self.format.cylinders && head < self.format.heads;
        on_the_disk.then(|| Cow::Owned(self.image_track(cylinder, head)))
    }

    fn image_track(&self, cylinder: u8, head: u8) -> Track {
        let FloppyFormat { sectors, track_bytes, gap, .. } = *self.format;
        let ids: Vec<_> = (1..=sectors).map(|r| SectorId { c: cylinder, h: head, r, n: 2 }).collect();
        Track::lay_out(Encoding::Mfm, track_bytes, SECTOR_BYTES, gap, &ids, |id| {
            Place::Image(self.image_sector(cylinder, head, id.r))
        })
    }

    fn image_sector(&self, cylinder: u8, head: u8, r: u8) -> u32 {
        let track = u32::from(cylinder) * u32::from(self.format.heads) + u32::from(head);
        track * u32::from(self.format.sectors) + u32::from(r) - 1
    }

    /// The data field of a sector of `sector`.
    ///
    /// # Errors
    /// What the image's host says.
    pub fn read(&mut self, sector: &Sector) -> io::Result<Vec<u8>> {
        match &sector.place {
            Place::Memory(bytes) => Ok(bytes.clone()),
            Place::Image(number) => {
                let mut bytes = vec![0; SECTOR_BYTES];
                self.medium.read_at(u64::from(*number) * SECTOR_BYTES as u64, &mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Writes the data field of the sector at `index` of a track, and its mark. Bytes beyond its size are lost.
    ///
    /// # Errors
    /// What the image's host says.
    pub fn write(&mut self, at: (u8, u8), index: usize, data: &[u8], deleted: bool) -> io::Result<()> {
        let Some(mut track) = self.track(at.0, at.1).map(Cow::into_owned) else { return Ok(()) };
        let Some(sector) = track.sectors.get_mut(index) else { return Ok(()) };
        let data = &data[..data.len().min(sector.place.size())];
        match &mut sector.place {
            Place::Memory(bytes) => bytes[..data.len()].copy_from_slice(data),
            Place::Image(number) => {
                self.medium.write_at(u64::from(*number) * SECTOR_BYTES as u64, data)?;
                if sector.deleted == deleted {
                    return Ok(());
                }
            }
        }
        sector.deleted = deleted;
        self.keep(at, track);
        Ok(())
    }

    /// Formats a track: sectors of these addresses in this order, all bytes of them `fill`.
    ///
    /// Sectors that the image has a place for are written there. `bytes` are those of a turn in this encoding.
    ///
    /// # Errors
    /// What the image's host says.
    pub fn format_track(
        &mut self,
        at: (u8, u8),
        (encoding, bytes): (Encoding, u16),
        (n, gap): (u8, u8),
        ids: &[SectorId],
        fill: u8,
    ) -> io::Result<()> {
        let size = SectorId { n, ..SectorId::default() }.size();
        let own_grid = encoding == Encoding::Mfm && is_same_density(bytes, self.format.track_bytes) && n == 2;
        let mut in_image = Vec::new();
        let track = Track::lay_out(encoding, bytes, size, gap, ids, |id| {
            let fits = (id.c, id.h, id.n) == (at.0, at.1, n) && at.0 < self.format.cylinders;
            let fits = fits && at.1 < self.format.heads && (1..=self.format.sectors).contains(&id.r);
            if !own_grid || !fits || in_image.contains(&id.r) {
                return Place::Memory(vec![fill; size]);
            }
            in_image.push(id.r);
            Place::Image(self.image_sector(at.0, at.1, id.r))
        });
        for r in in_image {
            let offset = u64::from(self.image_sector(at.0, at.1, r)) * SECTOR_BYTES as u64;
            self.medium.write_at(offset, &[fill; SECTOR_BYTES])?;
        }
        self.keep(at, track);
        Ok(())
    }

    /// Makes `track` what lies there. A track that is as the image has it needs no memory.
    fn keep(&mut self, at: (u8, u8), track: Track) {
        let on_the_disk = at.0 < self.format.cylinders && at.1 < self.format.heads;
        if on_the_disk && track == self.image_track(at.0, at.1) {
            self.odd_tracks.remove(&at);
            return;
        }
        let sectors = if on_the_disk { usize::from(self.format.sectors) } else { 0 };
        let kept = |s: &Sector| matches!(s.place, Place::Image(_)) && !s.deleted;
        let in_image = track.sectors.len() == sectors && track.sectors.iter().all(kept);
        if !in_image && !self.told {
            self.told = true;
            self.news = true;
        }
        if at.0 < CYLINDER_LIMIT {
            self.odd_tracks.insert(at, track);
        }
    }
}

/// What a user is told when the host cannot read an image.
pub fn unreadable(error: &io::Error) -> String {
    format!("The floppy image cannot be read: {error}. The guest sees a bad sector")
}

/// What a user is told when the host cannot write an image.
pub fn unwritable(error: &io::Error) -> String {
    format!(
        "The floppy image cannot be written: {error}. The guest is told of a drive fault; make room or free the file, \
         and write again"
    )
}

/// Whether tracks of these lengths are of one density: a drive's speed is a few percent off.
pub fn is_same_density(a: u16, b: u16) -> bool {
    u32::from(a.abs_diff(b)) * 20 < u32::from(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::storage::MemoryMedium;

    fn disk(name: &str) -> FloppyDisk {
        let format = FloppyFormat::named(name).unwrap();
        let bytes = (0..format.image_bytes()).map(|i| (i / SECTOR_BYTES as u64) as u8).collect();
        FloppyDisk::new(Box::new(MemoryMedium::new(bytes)), format)
    }

    fn ids(at: (u8, u8), sectors: &[u8], n: u8) -> Vec<SectorId> {
        sectors.iter().map(|&r| SectorId { c: at.0, h: at.1, r, n }).collect()
    }

    #[test]
    fn sectors_lie_by_cylinder_head_and_number() {
        let mut disk = disk("360K");
        let track = disk.track(2, 1).unwrap().into_owned();
        assert_eq!(track.sectors[8].id, SectorId { c: 2, h: 1, r: 9, n: 2 });
        let sector = disk.read(&track.sectors[8]).unwrap();
        assert_eq!(sector, [(2 * 18 + 9 + 8) as u8; SECTOR_BYTES]);
        assert!(disk.track(40, 0).is_none());
        assert!(disk.track(0, 2).is_none());
    }

    #[test]
    fn formatting_the_image_s_own_way_stays_in_the_image() {
        let mut disk = disk("360K");
        let in_order = ids((3, 0), &[1, 2, 3, 4, 5, 6, 7, 8, 9], 2);
        disk.format_track((3, 0), (Encoding::Mfm, 6250), (2, 0x50), &in_order, 0xF6).unwrap();
        assert!(disk.odd_tracks().is_empty());
        let interleaved = ids((4, 0), &[1, 4, 7, 2, 5, 8, 3, 6, 9], 2);
        disk.format_track((4, 0), (Encoding::Mfm, 6250), (2, 0x50), &interleaved, 0xF6).unwrap();
        assert_eq!(disk.track(4, 0).unwrap().sectors[1].id.r, 4);
        assert_eq!(disk.take_news(), None);
        let mut bytes = vec![0; 9 * SECTOR_BYTES];
        disk.medium().read_at(3 * 18 * SECTOR_BYTES as u64, &mut bytes).unwrap();
        assert!(bytes.iter().all(|&b| b == 0xF6));
    }

    #[test]
    fn other_layouts_are_kept_and_told_once() {
        let mut disk = disk("360K");
        let odd = ids((5, 1), &[1, 2, 3, 4, 0xF7], 3);
        disk.format_track((5, 1), (Encoding::Mfm, 6250), (3, 30), &odd, 0xE5).unwrap();
        disk.write((5, 1), 4, &[7; 1024], true).unwrap();
        let sector = disk.track(5, 1).unwrap().sectors[4].clone();
        assert_eq!((sector.id.r, sector.deleted), (0xF7, true));
        assert_eq!(disk.read(&sector).unwrap(), [7; 1024]);
        assert!(disk.take_news().unwrap().contains("raw 360K image cannot hold"));
        assert_eq!(disk.take_news(), None);
    }

    #[test]
    fn a_deleted_mark_comes_and_goes() {
        let mut disk = disk("160K");
        disk.write((0, 0), 2, &[1; 512], true).unwrap();
        assert!(disk.track(0, 0).unwrap().sectors[2].deleted);
        disk.write((0, 0), 2, &[2; 512], false).unwrap();
        assert!(disk.odd_tracks().is_empty());
    }
}
