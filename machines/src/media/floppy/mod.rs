//! Floppy disks: IBM's formats, and a disk as the tracks that a head sees.

mod disk;
mod format;
mod track;

pub use disk::{FloppyDisk, OddTracks, is_same_density};
pub use format::{FORMATS, FloppyFormat, FormFactor, SECTOR_BYTES, identify};
pub use track::{Encoding, Place, Sector, SectorId, Track};
