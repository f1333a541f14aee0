//! Cards for the slots of the bus, one file or folder each, named as their makers named them.

pub mod cga;
pub mod fdc;
pub mod hercules;
pub mod kinds;
mod lines;
pub mod mda;
mod raster;
pub mod xt_hdc;
