//! The software renderer: what every command draws, to the bit.

use super::command::{Area, Command, CommandList, PixelCopy, Point, Renderer, SurfaceId, TextGrid};
use super::frame::Rect;
use super::surface::Surface;
use super::triangle;
use std::collections::BTreeMap;

/// Surfaces and what draws on them.
#[derive(Clone, Debug, Default)]
pub struct SoftwareRenderer {
    surfaces: BTreeMap<SurfaceId, Surface>,
}

impl SoftwareRenderer {
    /// The most bytes of all surfaces together; one that does not fit is not made.
    pub const MAX_BYTES: usize = 256 << 20;

    /// A surface, for a guest's reads and for scan-out.
    pub fn surface(&self, id: SurfaceId) -> Option<&Surface> {
        self.surfaces.get(&id)
    }

    /// A surface, for a guest's writes.
    pub fn surface_mut(&mut self, id: SurfaceId) -> Option<&mut Surface> {
        self.surfaces.get_mut(&id)
    }

    fn draw(&mut self, command: &Command) {
        match command {
            Command::Create { surface, format, width, height } => {
                self.surfaces.remove(surface);
                let used: usize = self
                    .surfaces
                    .values()
                    .map(|s| Surface::bytes_of(s.format(), s.width(), s.height()))
                    .sum();
                if used + Surface::bytes_of(*format, *width, *height) <= Self::MAX_BYTES {
                    self.surfaces.insert(*surface, Surface::new(*format, *width, *height));
                }
            }
            Command::Destroy { surface } => drop(self.surfaces.remove(surface)),
            Command::SetPalette { surface, first, colors } => {
                self.on(*surface, |target| target.set_palette(*first, colors));
            }
            Command::Upload { surface, area, data } => {
                self.on(*surface, |target| upload(target, *area, data))
            }
            Command::Fill { surface, area, value } => self.on(*surface, |target| fill(target, *area, *value)),
            Command::Blit { copy, to } => {
                let area = Area { at: *to, width: copy.source.width, height: copy.source.height };
                self.copy(copy, area);
            }
            Command::StretchBlit { copy, to } => self.copy(copy, *to),
            Command::Line { surface, from, to, value } => {
                self.on(*surface, |target| line(target, *from, *to, *value));
            }
            Command::Text(grid) => self.on(grid.surface, |target| text(target, grid)),
            Command::Triangles { state, vertices } => triangle::draw(&mut self.surfaces, state, vertices),
        }
    }

    fn on(&mut self, surface: SurfaceId, draw: impl FnOnce(&mut Surface)) {
        if let Some(target) = self.surfaces.get_mut(&surface) {
            draw(target);
        }
    }

    fn copy(&mut self, copy: &PixelCopy, to: Area) {
        let (Some(from), Some(target)) = (self.surfaces.get(&copy.from), self.surfaces.get(&copy.to)) else {
            return;
        };
        let pixels = stretched(from, copy, to, target);
        self.on(copy.to, |target| pixels.into_iter().for_each(|(x, y, value)| target.put(x, y, value)));
    }
}

impl Renderer for SoftwareRenderer {
    fn execute(&mut self, list: &CommandList) {
        list.commands.iter().for_each(|command| self.draw(command));
    }

    fn read(&mut self, surface: SurfaceId, area: Rect) -> Vec<u8> {
        self.surface(surface).map(|surface| surface.read(area)).unwrap_or_default()
    }
}

/// The pixels of `target` that an area covers, with their offsets in the area.
fn covered(target: &Surface, area: Area) -> impl Iterator<Item = (i32, i32, u32, u32)> + use<> {
    let span = |at: i16, size: u16, limit: u16| {
        let at = i32::from(at);
        (at.max(0)..(at + i32::from(size)).min(limit.into())).map(move |to| (to, (to - at) as u32))
    };
    let columns = span(area.at.x, area.width, target.width());
    let rows = span(area.at.y, area.height, target.height());
    rows.flat_map(move |(y, down)| columns.clone().map(move |(x, right)| (x, y, right, down)))
}

fn upload(target: &mut Surface, area: Area, data: &[u8]) {
    let format = target.format();
    let row_bytes = format.row_bytes(area.width.into());
    for (x, y, right, down) in covered(target, area) {
        let start = row_bytes * down as usize;
        let row = data.get(start..data.len().min(start + row_bytes)).unwrap_or(&[]);
        if (right as usize + 1) * format.bits() <= row.len() * 8 {
            target.put(x, y, format.get(row, right as usize));
        }
    }
}

fn fill(target: &mut Surface, area: Area, value: u32) {
    covered(target, area).for_each(|(x, y, ..)| target.put(x, y, value));
}

/// What a copy puts where on its target.
fn stretched(from: &Surface, copy: &PixelCopy, to: Area, target: &Surface) -> Vec<(i32, i32, u32)> {
    let colors = target.format().is_direct() && from.format() != target.format();
    let place = |offset: u32, size: u16, source: u16| {
        (u64::from(offset * 2 + 1) * u64::from(source) / (2 * u64::from(size.max(1)))) as i32
    };
    let pixel = |(x, y, right, down)| {
        let source_x = i32::from(copy.source.left) + place(right, to.width, copy.source.width);
        let source_y = i32::from(copy.source.top) + place(down, to.height, copy.source.height);
        let value = from.get(source_x, source_y).filter(|&value| copy.color_key != Some(value))?;
        Some((x, y, if colors { target.format().from_rgb(from.color(value)) } else { value }))
    };
    if copy.source.width == 0 || copy.source.height == 0 {
        return Vec::new();
    }
    covered(target, to).filter_map(pixel).collect()
}

fn line(target: &mut Surface, from: Point, to: Point, value: u32) {
    let (mut x, mut y) = (i32::from(from.x), i32::from(from.y));
    let (end_x, end_y) = (i32::from(to.x), i32::from(to.y));
    let (width, height) = ((end_x - x).abs(), (end_y - y).abs());
    let (step_x, step_y) = ((end_x - x).signum(), (end_y - y).signum());
    let mut error = width - height;
    for _ in 0..=width.max(height) {
        target.put(x, y, value);
        let twice = 2 * error;
        if twice > -height {
            error -= height;
            x += step_x;
        }
        if twice < width {
            error += width;
            y += step_y;
        }
    }
}

fn text(target: &mut Surface, grid: &TextGrid) {
    let cell_height = usize::from(grid.style.cell_height.clamp(1, 32));
    let columns = usize::from(grid.columns.max(1));
    let mut style = grid.style;
    for (row, cells) in grid.cells.chunks(columns).enumerate() {
        let top = i64::from(grid.at.y) + (row * cell_height) as i64;
        if top >= i64::from(target.height()) {
            return;
        }
        style.cursor = grid.style.cursor.and_then(|cursor| {
            let column = usize::from(cursor.column).checked_sub(row * columns)?;
            Some(super::Cursor { column: column as u16, ..cursor })
        });
        // No more dots than lie left of the target and on it.
        let reach = usize::from(target.width()) + usize::from(grid.at.x.min(0).unsigned_abs());
        let mut dots = vec![0; (cells.len() * style.cell_dots()).min(reach)];
        for scan in 0..cell_height {
            style.draw_line(cells, &grid.font, scan as u8, &mut dots);
            put_dots(target, grid, (top + scan as i64) as i32, &dots);
        }
    }
}

/// Puts the dots of a text line that lie on the target.
fn put_dots(target: &mut Surface, grid: &TextGrid, y: i32, dots: &[u8]) {
    let left = i32::from(grid.at.x);
    let hidden = (-left).max(0);
    let visible = dots.iter().zip(left..).skip(hidden as usize).take(target.width().into());
    for (&dot, x) in visible {
        target.put(x, y, grid.values[usize::from(dot & 15)]);
    }
}
