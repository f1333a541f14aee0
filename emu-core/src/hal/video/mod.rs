//! Video: what a card draws and how its picture reaches a screen.

pub mod command;
pub mod composite;
pub mod cp437;
pub mod format;
pub mod frame;
pub mod monitor;
pub mod output;
pub mod render;
pub mod software;
pub mod surface;
pub mod testing;
pub mod text;
pub mod text_screen;
mod triangle;

#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod software_tests;

pub use command::{Command, CommandList, Renderer, SurfaceId};
pub use format::{PixelFormat, Rgb};
pub use frame::{FontId, Frame, FrameHead, LineRun, LineStyle, PaletteId, PixelStyle, Rect, Source};
pub use output::{
    Demand, FrameRecorder, FrameViewer, LatestFrames, NullVideo, OutputId, VideoOut, latest_frames,
};
pub use render::Display;
pub use software::SoftwareRenderer;
pub use surface::Surface;
pub use text::{AttributeStyle, Cell, Cursor, Font, NinthDot, TextStyle};
pub use text_screen::{CellPosition, TextRow, TextScreen};
