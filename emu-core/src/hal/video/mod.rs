//! Video: what a card draws and how its picture reaches a screen.

pub mod command;
pub mod composite;
pub mod cp437;
pub mod format;
pub mod frame;
pub mod monitor;
pub mod output;
pub mod render;
pub mod scale;
pub mod software;
pub mod surface;
pub mod testing;
pub mod text;
pub mod text_screen;
pub mod triangle;

#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod software_tests;

pub use command::{Command, CommandList, NullRenderer, Renderer, SurfaceId};
pub use format::{PixelFormat, Rgb};
pub use frame::{
    FontId, Frame, FrameHead, FrameParts, LineRun, LineStyle, PaletteId, PixelStyle, Rect, Source,
};
pub use monitor::Phosphor;
pub use output::{
    Demand, FrameRecorder, FrameViewer, LatestFrames, NullVideo, OutputId, VideoOut, latest_frames,
};
pub use render::Display;
pub use scale::{Filter, Scaler, TubeSettings};
pub use software::SoftwareRenderer;
pub use surface::Surface;
pub use text::{AttributeStyle, Cell, Cursor, Font, NinthDot, TextStyle};
pub use text_screen::{CellPosition, TextRow, TextScreen};
