//! Drawing commands: plain data that any back end carries out, and that can be written down and replayed.
//!
//! Commands never fail. One that names a surface that does not exist, or that has no meaning for its format, draws
//! nothing; whatever lies outside of a surface is not drawn. [`super::software`] defines the rest.

use super::format::{PixelFormat, Rgb};
use super::frame::Rect;
use super::text::{Cell, Font, TextStyle};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a surface of a renderer; chosen by who sends the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SurfaceId(pub u16);

/// A pixel's place; it may lie outside of a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Point {
    pub x: i16,
    pub y: i16,
}

/// A rectangle to draw in; it may reach outside of a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Area {
    pub at: Point,
    pub width: u16,
    pub height: u16,
}

/// One drawing command. Pixel values are raw values of the target's format; excess high bits are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Makes a surface of zeroes, in place of one of that name.
    Create { surface: SurfaceId, format: PixelFormat, width: u16, height: u16 },
    /// Forgets a surface.
    Destroy { surface: SurfaceId },
    /// Changes the colours of an indexed surface from index `first` on.
    SetPalette { surface: SurfaceId, first: u8, colors: Vec<Rgb> },
    /// Replaces the pixels of an area by `data`: rows packed from their first pixel, each filled up to a whole byte.
    /// Missing bytes leave pixels as they are.
    Upload { surface: SurfaceId, area: Area, data: Vec<u8> },
    /// Sets all pixels of an area.
    Fill { surface: SurfaceId, area: Area, value: u32 },
    /// Copies pixels. See [`PixelCopy`].
    Blit { copy: PixelCopy, to: Point },
    /// Copies pixels, stretched or shrunk to fill `to`: each target pixel takes the source pixel under its centre.
    StretchBlit { copy: PixelCopy, to: Area },
    /// A line by Bresenham's rule, both ends included.
    Line { surface: SurfaceId, from: Point, to: Point, value: u32 },
    /// A grid of character cells. See [`TextGrid`].
    Text(TextGrid),
    /// Triangles, each of three vertices. See [`TriangleState`].
    Triangles { state: TriangleState, vertices: Vec<Vertex> },
}

/// Where pixels come from and go to. Between equal formats, and to an indexed or a depth surface, values are copied;
/// to a surface of direct colours, the colours are. Pixels of the source that do not exist are not drawn. The source
/// is read whole before the target is written, so that overlapping copies come out right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PixelCopy {
    pub from: SurfaceId,
    pub source: Rect,
    pub to: SurfaceId,
    /// Source pixels of this value are not drawn.
    pub color_key: Option<u32>,
}

/// Rows of character cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextGrid {
    pub surface: SurfaceId,
    pub at: Point,
    pub style: TextStyle,
    pub font: Arc<Font>,
    /// Cells in a row, at least 1.
    pub columns: u16,
    /// The cells, row after row. The style's cursor counts its column over all of them.
    pub cells: Vec<Cell>,
    /// The pixel value of each palette index of the style's attributes.
    pub values: [u32; 16],
}

/// How triangles are drawn. The target has direct colours; other formats draw nothing. A texture that is also drawn
/// on is read as it was before the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TriangleState {
    pub target: SurfaceId,
    pub texture: Option<Texture>,
    pub depth: Option<Depth>,
    pub blend: Blend,
}

impl TriangleState {
    /// Whether triangles change the pixels of a surface.
    pub fn draws_on(&self, surface: SurfaceId) -> bool {
        surface == self.target || self.depth.is_some_and(|depth| depth.surface == surface)
    }
}

/// What a triangle's pixels are taken from: the nearest texel, times the vertices' colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Texture {
    pub surface: SurfaceId,
    /// Beyond its edge a texture begins again, or else its edge goes on.
    pub repeat: bool,
}

/// The depth test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Depth {
    /// A [`PixelFormat::Depth16`] surface; pixels that it does not cover are not drawn.
    pub surface: SurfaceId,
    pub pass: DepthTest,
    /// Whether a drawn pixel leaves its depth.
    pub write: bool,
}

/// Which pixels are drawn, by their depth against the one there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DepthTest {
    Always,
    Less,
    LessOrEqual,
}

/// How a triangle's colour meets the one there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Blend {
    /// Replaces it.
    Opaque,
    /// By the triangle's alpha.
    Alpha,
    /// The triangle's colour times its alpha is added.
    Add,
}

/// A corner of a triangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vertex {
    /// In 1/16 pixel; pixel (0, 0)'s centre is at (8, 8). Taken within ±2^20.
    pub x: i32,
    pub y: i32,
    /// 0 is nearest.
    pub z: u16,
    /// The weight for perspective, in proportion to 1/w. Equal weights give none; 0 counts as 1.
    pub q: u16,
    /// In 1/256 texel.
    pub u: i32,
    pub v: i32,
    pub rgba: [u8; 4],
}

/// Commands in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandList {
    pub commands: Vec<Command>,
}

/// Carries command lists out. The software renderer is the law; others must match it, bit for bit.
pub trait Renderer: Send {
    /// Draws.
    fn execute(&mut self, list: &CommandList);

    /// Reads pixels back, as [`super::Surface::read`] packs them; nothing of a surface that does not exist.
    fn read(&mut self, surface: SurfaceId, area: Rect) -> Vec<u8>;
}

/// Takes command lists and draws nothing: for a card whose pictures nobody can see or read.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullRenderer;

impl Renderer for NullRenderer {
    fn execute(&mut self, _list: &CommandList) {}

    fn read(&mut self, _surface: SurfaceId, _area: Rect) -> Vec<u8> {
        Vec::new()
    }
}
