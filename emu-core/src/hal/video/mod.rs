//! Video: what a card draws and how its picture reaches a screen.

pub mod composite;
pub mod format;
pub mod frame;
pub mod monitor;
pub mod output;
pub mod render;
pub mod text;

pub use format::{PixelFormat, Rgb};
pub use frame::{FontId, Frame, FrameHead, LineRun, LineStyle, PaletteId, PixelStyle, Rect, Source};
pub use output::{FrameRecorder, FrameViewer, LatestFrames, NullVideo, OutputId, VideoOut, latest_frames};
pub use render::Display;
pub use text::{AttributeStyle, Cell, Cursor, Font, NinthDot, TextStyle};
