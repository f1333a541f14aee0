//! A command's parameters as `commands.wgsl` takes them. What may be large there is divided here: the shaders get the
//! first quotient and rest of a division, and go on from them in 32 bits.

use super::super::pack::{format_number, pack_bytes, pack_style};
use super::list::List;
use super::sheet::{Sheet, stored_bits};
use emu_core::hal::video::Rgb;
use emu_core::hal::video::command::{
    Area, Blend, DepthTest, PixelCopy, Point, TextGrid, TriangleState, Vertex,
};
use emu_core::hal::video::triangle::Triangle;
use std::ops::Range;

/// Operations of the kernel `draw`.
const FILL: u32 = 0;
const UPLOAD: u32 = 1;
const COPY: u32 = 2;
const TEXT: u32 = 3;

/// The parameters of one dispatch.
#[derive(Default)]
pub struct Record {
    operation: u32,
    /// First word, first row, words, rows.
    span: [u32; 4],
    data: u32,
    value: u32,
    flags: u32,
    /// Left, top, right, bottom.
    area: [i32; 4],
    /// Target, source, depth.
    sheets: [[u32; 4]; 3],
    args: [[i32; 4]; 8],
}

impl Record {
    /// How many words and rows are visited.
    pub fn reach(&self) -> (u32, u32) {
        (self.span[2], self.span[3])
    }

    /// As it lies in the uniform buffer, filled up to 256 bytes.
    pub fn words(&self) -> [u32; 64] {
        let [a, b, c, d] = self.span;
        let head = [self.operation, a, b, c, d, self.data, self.value, self.flags];
        let area = self.area.map(|side| side as u32);
        let args = self.args.as_flattened().iter().map(|arg| *arg as u32);
        let all = head.into_iter().chain(area).chain(self.sheets.as_flattened().iter().copied()).chain(args);
        let mut words = [0; 64];
        words.iter_mut().zip(all).for_each(|(word, value)| *word = value);
        words
    }

    /// A record that visits all words of `columns` × `rows` of `sheet`.
    fn over(sheet: &Sheet, columns: &Range<i32>, rows: &Range<i32>) -> Option<Self> {
        if columns.is_empty() || rows.is_empty() {
            return None;
        }
        let each = (32 / stored_bits(sheet.format)) as i32;
        let words = columns.start / each..(columns.end - 1) / each + 1;
        Some(Self {
            span: [words.start, rows.start, words.len() as i32, rows.len() as i32].map(|n| n as u32),
            area: [columns.start, rows.start, columns.end, rows.end],
            sheets: [describe(Some(sheet)), describe(None), describe(None)],
            ..Self::default()
        })
    }
}

fn describe(sheet: Option<&Sheet>) -> [u32; 4] {
    let Some(sheet) = sheet else { return [0; 4] };
    [format_number(sheet.format), sheet.width.into(), sheet.height.into(), sheet.pitch()]
}

pub fn packed_color(color: Rgb) -> u32 {
    u32::from(color.r) << 16 | u32::from(color.g) << 8 | u32::from(color.b)
}

/// The pixels of a side that `size` pixels from `at` on cover.
fn covered(at: i16, size: u32, limit: u16) -> Range<i32> {
    let at = i32::from(at);
    at.max(0)..at.saturating_add_unsigned(size).min(limit.into())
}

/// The columns and rows of a surface that an area covers.
fn covered_area(sheet: &Sheet, area: Area) -> (Range<i32>, Range<i32>) {
    let columns = covered(area.at.x, area.width.into(), sheet.width);
    (columns, covered(area.at.y, area.height.into(), sheet.height))
}

pub fn fill(sheet: &Sheet, area: Area, value: u32) -> Option<Record> {
    let (columns, rows) = covered_area(sheet, area);
    Some(Record { operation: FILL, value, ..Record::over(sheet, &columns, &rows)? })
}

pub fn upload(sheet: &Sheet, area: Area, data: &[u8], list: &mut List) -> Option<Record> {
    let (columns, rows) = covered_area(sheet, area);
    let mut record = Record::over(sheet, &columns, &rows)?;
    let bits = sheet.format.bits();
    let (left, top) = (i32::from(area.at.x), i32::from(area.at.y));
    // Of each row only the bytes that are seen.
    let first = (columns.start - left) as usize * bits / 8;
    let last = ((columns.end - left) as usize * bits).div_ceil(8);
    let row_bytes = sheet.format.row_bytes(area.width.into());
    let mut bytes = Vec::with_capacity((last - first) * rows.len());
    for row in (rows.start - top) as usize..(rows.end - top) as usize {
        let start = row * row_bytes;
        let seen = data.get((start + first).min(data.len())..(start + last).min(data.len())).unwrap_or(&[]);
        bytes.extend_from_slice(seen);
        bytes.resize(bytes.len() + (last - first) - seen.len(), 0);
    }
    record.operation = UPLOAD;
    record.data = list.data.len() as u32;
    pack_bytes(&bytes, &mut list.data);
    let whole_rows = data.len() / row_bytes;
    let more = (data.len() % row_bytes) * 8 / bits;
    record.args[0] = [first, last - first, whole_rows.min(1 << 20), more].map(|arg| arg as i32);
    record.args[1] = [left, top, rows.start - top, 0];
    Some(record)
}

/// Where a copy begins along an axis: for `commands.wgsl`'s `stretched`.
fn stretch(source_start: u16, source: u16, target: u16, first_offset: i32) -> [i32; 4] {
    let divisor = 2 * u64::from(target.max(1));
    let product = (2 * first_offset as u64 + 1) * u64::from(source);
    let first = u64::from(source_start) + product / divisor;
    [first as i32, (product % divisor) as i32, 2 * i32::from(source), divisor as i32]
}

pub fn copy(from: &Sheet, onto: &Sheet, copy: &PixelCopy, to: Area) -> Option<Record> {
    if copy.source.width == 0 || copy.source.height == 0 {
        return None;
    }
    let (columns, rows) = covered_area(onto, to);
    let mut record = Record::over(onto, &columns, &rows)?;
    let has_colors = onto.format.is_direct() && from.format != onto.format;
    record.operation = COPY;
    record.value = copy.color_key.unwrap_or(0);
    record.flags = u32::from(copy.color_key.is_some()) | u32::from(has_colors) << 1;
    record.sheets[1] = describe(Some(from));
    let source = copy.source;
    record.args[0] = stretch(source.left, source.width, to.width, columns.start - i32::from(to.at.x));
    record.args[1] = stretch(source.top, source.height, to.height, rows.start - i32::from(to.at.y));
    Some(record)
}

pub fn text(sheet: &Sheet, grid: &TextGrid, list: &mut List) -> Option<Record> {
    let columns = u32::from(grid.columns.max(1));
    let cell_height = u32::from(grid.style.cell_height.clamp(1, 32));
    // No more cells than a surface has rows for.
    let cells = &grid.cells[..grid.cells.len().min(columns as usize * 2 * 65_536)];
    let width = columns * grid.style.cell_dots() as u32;
    let height = (cells.len() as u32).div_ceil(columns) * cell_height;
    let covered_columns = covered(grid.at.x, width, sheet.width);
    let covered_rows = covered(grid.at.y, height, sheet.height);
    let mut record = Record::over(sheet, &covered_columns, &covered_rows)?;
    record.operation = TEXT;
    record.data = list.data.len() as u32;
    list.data.extend(cells.iter().map(|cell| u32::from(cell.attribute) << 16 | u32::from(cell.glyph)));
    record.value = list.data.len() as u32;
    let font = grid.font.rows();
    pack_bytes(font, &mut list.data);
    record.args[0] = pack_style(&grid.style).map(|word| word as i32);
    record.args[1] = [grid.at.x.into(), grid.at.y.into(), columns as i32, cells.len() as i32];
    record.args[2] = [i32::from(grid.font.height().max(1)), font.len() as i32, cell_height as i32, 0];
    for (arg, value) in record.args[4..].as_flattened_mut().iter_mut().zip(grid.values) {
        *arg = value as i32;
    }
    Some(record)
}

/// Bresenham's line as a division: after `n` pixels it is (2 × minor × n + major − 1) / (2 × major) steps aside.
pub fn line(sheet: &Sheet, from: Point, to: Point, value: u32) -> Option<Record> {
    let [x, y, end_x, end_y] = [from.x, from.y, to.x, to.y].map(i64::from);
    let (width, height) = ((end_x - x).abs(), (end_y - y).abs());
    let is_steep = height > width;
    let (major, minor) = if is_steep { (height, width) } else { (width, height) };
    let (start, end, limit) = if is_steep { (y, end_y, sheet.height) } else { (x, end_x, sheet.width) };
    // The part between the surface's edges.
    let (first, last) = (start.min(end).max(0), start.max(end).min(i64::from(limit) - 1));
    if first > last {
        return None;
    }
    let step = if end < start { -1 } else { 1 };
    let skipped = if step > 0 { first - start } else { start - last };
    let divisor = (2 * major).max(1);
    let product = 2 * minor * skipped + (major - 1).max(0);
    let whole = |limit: u16| 0..i32::from(limit);
    let mut record = Record::over(sheet, &whole(sheet.width), &whole(sheet.height))?;
    let each = if is_steep { 1 } else { i64::from(32 / stored_bits(sheet.format)) };
    record.span = [(first / each) as u32, 0, (last / each - first / each + 1) as u32, 1];
    record.value = value;
    let [step_x, step_y] = [end_x - x, end_y - y].map(|way| way.signum() as i32);
    let (along, aside) = if is_steep { (step_y, step_x) } else { (step_x, step_y) };
    record.args[0] = [x as i32, y as i32, if along == 0 { 1 } else { along }, aside];
    record.args[1] = [skipped as i32, (last - first + 1) as i32, is_steep.into(), 0];
    record.args[2] = [product / divisor, product % divisor, 2 * minor, divisor].map(|arg| arg as i32);
    Some(record)
}

/// A triangle on its target, with a texture and a depth surface, if it has them.
pub fn triangle(
    target: &Sheet,
    texture: Option<&Sheet>,
    depth: Option<&Sheet>,
    state: &TriangleState,
    corners: [Vertex; 3],
) -> Option<Record> {
    let triangle = Triangle::new(corners)?;
    let (columns, rows) = triangle.reach(target.width, target.height);
    let mut record = Record::over(target, &columns, &rows)?;
    // In pairs of pixels.
    let pairs = columns.start / 2..(columns.end - 1) / 2 + 1;
    record.span[0] = pairs.start as u32;
    record.span[2] = pairs.len() as u32;
    record.sheets[1] = describe(texture);
    record.sheets[2] = describe(depth);
    for (args, corner) in record.args.as_chunks_mut::<2>().0.iter_mut().zip(triangle.corners()) {
        args[0] = [corner.x, corner.y, corner.u, corner.v];
        let color = u32::from_le_bytes(corner.rgba);
        args[1] = [i32::from(corner.z), i32::from(corner.q.max(1)), color as i32, 0];
    }
    let test = state.depth.map_or(0, |depth| match depth.pass {
        DepthTest::Always => 1,
        DepthTest::Less => 2,
        DepthTest::LessOrEqual => 3,
    });
    let repeats = state.texture.is_some_and(|texture| texture.repeat);
    let writes = state.depth.is_some_and(|depth| depth.write);
    record.args[6] = [state.texture.is_some().into(), repeats.into(), test, writes.into()];
    let blend = match state.blend {
        Blend::Opaque => 0,
        Blend::Alpha => 1,
        Blend::Add => 2,
    };
    record.args[7] = [blend, 0, 0, 0];
    Some(record)
}
