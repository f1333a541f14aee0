//! Triangles: textured, depth-tested and blended, in their plainest form and in whole numbers throughout.
//!
//! A pixel belongs to a triangle when its centre lies inside, or on a top or left edge, so that neighbours with a
//! common edge share no pixel and leave none out. Values between the corners are weighted by the areas opposite to
//! them and rounded down. Not modelled: texture filters beyond the nearest texel, mip maps, fog, stencils.

use super::command::{Blend, Depth, DepthTest, SurfaceId, TriangleState, Vertex};
use super::format::{PixelFormat, Rgb};
use super::surface::Surface;
use std::collections::BTreeMap;
use std::ops::Range;

type Surfaces = BTreeMap<SurfaceId, Surface>;

/// Corners are taken within this many sixteenths of a pixel, so that 64 bits hold every product.
const MAX_COORDINATE: i32 = 1 << 20;

/// Draws all whole triangles of `vertices`.
pub fn draw(surfaces: &mut Surfaces, state: &TriangleState, vertices: &[Vertex]) {
    let texture = state.texture.filter(|texture| state.draws_on(texture.surface));
    let before = texture.and_then(|texture| surfaces.get(&texture.surface).cloned());
    for corners in vertices.as_chunks::<3>().0 {
        if let Some(triangle) = Triangle::new(*corners) {
            triangle.draw(surfaces, before.as_ref(), state);
        }
    }
}

/// A triangle whose corners go clockwise on the screen.
pub struct Triangle {
    corners: [Vertex; 3],
    /// Twice the area, in 1/256 pixel; positive.
    area: i64,
}

/// How much each corner counts at a pixel; the weights add up to the triangle's area.
type Weights = [i64; 3];

impl Triangle {
    /// None for a triangle without area.
    pub fn new(mut corners: [Vertex; 3]) -> Option<Self> {
        for corner in &mut corners {
            corner.x = corner.x.clamp(-MAX_COORDINATE, MAX_COORDINATE);
            corner.y = corner.y.clamp(-MAX_COORDINATE, MAX_COORDINATE);
        }
        let area = side(&corners[0], &corners[1], corners[2].x, corners[2].y);
        if area < 0 {
            corners.swap(1, 2);
        }
        (area != 0).then_some(Self { corners, area: area.abs() })
    }

    /// The corners, clockwise and within bounds.
    pub fn corners(&self) -> &[Vertex; 3] {
        &self.corners
    }

    /// The columns and rows of a target of some size among which all of the triangle's pixels are.
    pub fn reach(&self, width: u16, height: u16) -> (Range<i32>, Range<i32>) {
        let columns = pixel_span(self.corners.map(|corner| corner.x), width);
        (columns, pixel_span(self.corners.map(|corner| corner.y), height))
    }

    /// `before`: the texture as it was, if the triangle draws on it.
    fn draw(&self, surfaces: &mut Surfaces, before: Option<&Surface>, state: &TriangleState) {
        let Some(target) = surfaces.get(&state.target).filter(|target| target.format().is_direct()) else {
            return;
        };
        let (columns, rows) = self.reach(target.width(), target.height());
        for y in rows {
            for x in columns.clone() {
                if let Some(weights) = self.weights(x, y) {
                    self.draw_pixel(surfaces, before, state, (x, y), &weights);
                }
            }
        }
    }

    /// The weights at a pixel's centre; none outside.
    fn weights(&self, x: i32, y: i32) -> Option<Weights> {
        let [a, b, c] = &self.corners;
        let (x, y) = (x * 16 + 8, y * 16 + 8);
        let inside = |from: &Vertex, to: &Vertex| {
            let side = side(from, to, x, y);
            let top_or_left = to.y < from.y || to.y == from.y && to.x > from.x;
            (side > 0 || side == 0 && top_or_left).then_some(side)
        };
        Some([inside(b, c)?, inside(c, a)?, inside(a, b)?])
    }

    fn draw_pixel(
        &self,
        surfaces: &mut Surfaces,
        before: Option<&Surface>,
        state: &TriangleState,
        (x, y): (i32, i32),
        weights: &Weights,
    ) {
        if let Some(depth) = &state.depth
            && !self.passes_depth(surfaces, depth, x, y, weights)
        {
            return;
        }
        let shade = std::array::from_fn(|gun| self.mix(weights, |corner| corner.rgba[gun].into()) as u8);
        let color = match state.texture {
            Some(texture) => {
                let surface = before.or_else(|| surfaces.get(&texture.surface));
                surface.and_then(|surface| self.textured(surface, texture.repeat, shade, weights))
            }
            None => Some(shade),
        };
        let Some(color) = color else { return };
        let Some(target) = surfaces.get_mut(&state.target) else { return };
        let under = target.color(target.get(x, y).unwrap_or(0));
        let value = target.format().from_rgb(blended(state.blend, color, under));
        target.put(x, y, value);
    }

    /// A value between the corners' values.
    fn mix(&self, weights: &Weights, value: impl Fn(&Vertex) -> i64) -> i64 {
        let sum: i64 = self.corners.iter().zip(weights).map(|(corner, weight)| value(corner) * weight).sum();
        sum.div_euclid(self.area)
    }

    fn passes_depth(
        &self,
        surfaces: &mut Surfaces,
        depth: &Depth,
        x: i32,
        y: i32,
        weights: &Weights,
    ) -> bool {
        let Some(buffer) = surfaces.get_mut(&depth.surface) else { return false };
        let Some(there) = buffer.get(x, y).filter(|_| buffer.format() == PixelFormat::Depth16) else {
            return false;
        };
        let z = self.mix(weights, |corner| corner.z.into()) as u32;
        let passes = match depth.pass {
            DepthTest::Always => true,
            DepthTest::Less => z < there,
            DepthTest::LessOrEqual => z <= there,
        };
        if passes && depth.write {
            buffer.put(x, y, z);
        }
        passes
    }

    /// The shade times the texel; none if the texture has no texels.
    fn textured(
        &self,
        surface: &Surface,
        repeat: bool,
        shade: [u8; 4],
        weights: &Weights,
    ) -> Option<[u8; 4]> {
        if surface.width() == 0 || surface.height() == 0 {
            return None;
        }
        let weight = |corner: &Vertex, weight: i64| i128::from(corner.q.max(1)) * i128::from(weight);
        let total: i128 = self.corners.iter().zip(weights).map(|(corner, &w)| weight(corner, w)).sum();
        let place = |coordinate: fn(&Vertex) -> i32, size: u16| {
            let pairs = self.corners.iter().zip(weights);
            let sum: i128 =
                pairs.map(|(corner, &w)| i128::from(coordinate(corner)) * weight(corner, w)).sum();
            let texel = (sum.div_euclid(total) >> 8) as i64;
            let size = i64::from(size);
            (if repeat { texel.rem_euclid(size) } else { texel.clamp(0, size - 1) }) as i32
        };
        let value = surface.get(place(|c| c.u, surface.width()), place(|c| c.v, surface.height()))?;
        let Rgb { r, g, b } = surface.color(value);
        let alpha = if surface.format() == PixelFormat::Argb8888 { (value >> 24) as u8 } else { 0xFF };
        let texel = [r, g, b, alpha];
        Some(std::array::from_fn(|gun| scaled(texel[gun], shade[gun])))
    }
}

/// On which side of the way from `a` to `b` a point lies: positive to the right of it (the screen's y goes down).
fn side(a: &Vertex, b: &Vertex, x: i32, y: i32) -> i64 {
    let along = (i64::from(b.x) - i64::from(a.x)) * (i64::from(y) - i64::from(a.y));
    along - (i64::from(b.y) - i64::from(a.y)) * (i64::from(x) - i64::from(a.x))
}

/// The pixels of a row or column between the outermost of three coordinates.
fn pixel_span(coordinates: [i32; 3], size: u16) -> Range<i32> {
    let [a, b, c] = coordinates;
    let (first, last) = (a.min(b).min(c) >> 4, a.max(b).max(c) >> 4);
    first.max(0)..(last + 1).min(size.into())
}

/// `a` × `b` / 255, rounded.
const fn scaled(a: u8, b: u8) -> u8 {
    ((a as u32 * b as u32 + 127) / 255) as u8
}

fn blended(blend: Blend, [r, g, b, alpha]: [u8; 4], under: Rgb) -> Rgb {
    let mix = |over: u8, under: u8| match blend {
        Blend::Opaque => over,
        Blend::Alpha => {
            let (over, under, alpha) = (u32::from(over), u32::from(under), u32::from(alpha));
            ((over * alpha + under * (255 - alpha) + 127) / 255) as u8
        }
        Blend::Add => scaled(over, alpha).saturating_add(under),
    };
    Rgb { r: mix(r, under.r), g: mix(g, under.g), b: mix(b, under.b) }
}
