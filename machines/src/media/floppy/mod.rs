//! Floppy disks: IBM's formats, and a disk as the tracks that a head sees.

mod disk;
mod format;
pub mod imd;
mod track;

pub use disk::{FloppyDisk, OddTracks, is_same_density, unreadable, unwritable};
pub use format::{FORMATS, FloppyFormat, FormFactor, SECTOR_BYTES, identify, unpack};
pub use track::{Encoding, Place, Sector, SectorId, Track};
