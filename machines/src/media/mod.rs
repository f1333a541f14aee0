//! Media: what the images of floppies and hard disks hold, and which of them a drive can take.

pub mod create;
pub mod floppy;
pub mod hard_disk;
