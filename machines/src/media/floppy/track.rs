//! A track as the head sees it: address fields and data fields at their places between the gaps.
//!
//! The layout is IBM's System 34 (MFM) and 3740 (FM) track format (NEC µPD765A data sheet, "Track Format").

use super::format::SECTOR_BYTES;
use serde::{Deserialize, Serialize};

/// How bits are written: single or double density.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// Single density: half the bytes in the same time.
    Fm,
    /// Double density.
    Mfm,
}

/// The fixed fields of a track, in bytes.
struct Fields {
    /// Before the first sector: gap 4a, sync, index mark, gap 1.
    preamble: usize,
    sync: usize,
    mark: usize,
    /// Between the address field and the sync of the data field.
    gap2: usize,
}

const CRC: usize = 2;
const ID: usize = 4;

impl Encoding {
    const fn fields(self) -> Fields {
        match self {
            Self::Fm => Fields { preamble: 40 + 6 + 1 + 26, sync: 6, mark: 1, gap2: 11 },
            Self::Mfm => Fields { preamble: 80 + 12 + 4 + 50, sync: 12, mark: 4, gap2: 22 },
        }
    }

    /// From the start of an address mark to the end of its address field.
    pub const fn id_bytes(self) -> usize {
        self.fields().mark + ID + CRC
    }

    /// Where on a track of `track_bytes` bytes up to `count` sectors of `size` bytes lie, the gap after each being
    /// `gap`: (address mark, first data byte). Sectors that would not fit are left out.
    pub fn places(self, track_bytes: u16, size: usize, gap: u8, count: usize) -> Vec<(u16, u16)> {
        let Fields { preamble, sync, mark, gap2 } = self.fields();
        let mut at = preamble;
        let mut places = Vec::new();
        for _ in 0..count {
            let id_at = at + sync;
            let data_at = id_at + self.id_bytes() + gap2 + sync + mark;
            let end = data_at + size + CRC;
            if end > usize::from(track_bytes) {
                break;
            }
            places.push((id_at as u16, data_at as u16));
            at = end + usize::from(gap);
        }
        places
    }
}

/// The address field of a sector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SectorId {
    pub c: u8,
    pub h: u8,
    pub r: u8,
    pub n: u8,
}

impl SectorId {
    /// The bytes of the data field that N stands for: 128 << N, and no more than a controller reads (16 KB).
    pub const fn size(self) -> usize {
        128 << if self.n > 7 { 7 } else { self.n }
    }
}

/// Where the bytes of a sector are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The raw image's sector of this number.
    Image(u32),
    /// Not in the image: a raw image has no room for it.
    Memory(Vec<u8>),
}

/// One sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sector {
    pub id: SectorId,
    /// Where the address mark starts, in bytes from the index hole.
    pub id_at: u16,
    /// Where the first data byte is.
    pub data_at: u16,
    /// Whether the data field has a deleted data mark.
    pub deleted: bool,
    pub place: Place,
}

/// One track of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub encoding: Encoding,
    /// The bytes of one turn, in this encoding.
    pub bytes: u16,
    /// In the order in which they pass under the head.
    pub sectors: Vec<Sector>,
}

impl Track {
    /// A track of `ids` in their order, all of `size` bytes. `place` says where each one's bytes are.
    pub fn lay_out(
        encoding: Encoding,
        bytes: u16,
        size: usize,
        gap: u8,
        ids: &[SectorId],
        mut place: impl FnMut(SectorId) -> Place,
    ) -> Self {
        let places = encoding.places(bytes, size, gap, ids.len());
        let sectors = ids.iter().zip(places).map(|(&id, (id_at, data_at))| {
            let place = place(id);
            Sector { id, id_at, data_at, deleted: false, place }
        });
        Self { encoding, bytes, sectors: sectors.collect() }
    }
}

impl Place {
    /// The bytes that the sector holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Image(_) => SECTOR_BYTES,
            Self::Memory(bytes) => bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::floppy::FORMATS;

    #[test]
    fn every_format_fits_its_track() {
        for format in &FORMATS {
            let count = usize::from(format.sectors);
            let places = Encoding::Mfm.places(format.track_bytes, SECTOR_BYTES, format.gap, count + 1);
            // DOS's gaps leave less than a sector's room at the end of a track.
            let expected = if format.sectors == 8 { count + 1 } else { count };
            assert_eq!(places.len(), expected, "{}", format.name);
        }
    }

    #[test]
    fn the_first_sector_lies_where_the_data_sheet_puts_it() {
        assert_eq!(Encoding::Mfm.places(6250, 512, 0x50, 1), [(158, 206)]);
        assert_eq!(Encoding::Fm.places(3125, 128, 27, 1), [(79, 104)]);
        assert!(Encoding::Mfm.places(100, 512, 0, 1).is_empty());
    }
}
