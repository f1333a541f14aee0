//! A frame as words for `scanout.wgsl`, whose constants name what is where.

use emu_core::hal::video::composite::{AXIS, LEVELS, Matrix};
use emu_core::hal::video::frame::{CellRow, FrameParts, PixelRows};
use emu_core::hal::video::{
    AttributeStyle, Display, Frame, LineRun, NinthDot, PixelFormat, Rgb, Source, TextStyle,
};

const HEAD_WORDS: usize = 56 + 16 * 8;
const RUN_WORDS: usize = 20;

/// Writes `frame`, to be shown on `display`, to `words` in place of what was there.
pub fn pack(frame: &Frame, display: Display, words: &mut Vec<u32>) {
    let parts = frame.parts();
    words.clear();
    words.resize(HEAD_WORDS, 0);
    pack_head(frame, display, words);
    words[8] = parts.rows.len() as u32;
    words[5] = words.len() as u32;
    let height = usize::from(frame.head().height.min(Frame::MAX_SIDE));
    for (number, run) in frame.runs().iter().enumerate() {
        words.extend((0..u32::from(run.lines)).map(|line| (number as u32) << 16 | line));
    }
    let table_end = (words.len() - words[5] as usize).min(height);
    words.truncate(words[5] as usize + table_end);
    words[4] = table_end as u32;
    let colors = words.len();
    words.extend(parts.colors.iter().map(|color| packed(*color)));
    words[7] = words.len() as u32;
    pack_bytes(parts.rows, words);
    words[9] = words.len() as u32;
    words.extend(parts.cells.iter().map(|cell| u32::from(cell.attribute) << 16 | u32::from(cell.glyph)));
    let fonts = pack_fonts(&parts, words);
    words[6] = words.len() as u32;
    for run in frame.runs() {
        words.extend(pack_run(frame, &parts, run, colors, &fonts));
    }
}

fn pack_head(frame: &Frame, display: Display, words: &mut [u32]) {
    words[0] = frame.head().width.min(Frame::MAX_SIDE).into();
    match (display, frame.head().color_phase) {
        (Display::Composite(settings), Some(phase)) => {
            words[1] = 1;
            words[2] = u32::from(phase & 3) * 2;
            words[3] = settings.chroma_half() as u32;
            let matrices = [true, false].map(|burst| Matrix::new(burst, settings).0);
            let numbers = matrices.into_iter().flatten().flatten();
            let halves = numbers.flat_map(|number| [number as u32, (number >> 32) as u32]);
            words[12..48].iter_mut().zip(halves).for_each(|(word, half)| *word = half);
        }
        (Display::Mono(phosphor), _) => {
            words[1] = 2;
            words[10] = packed(phosphor.brightest());
        }
        _ => {}
    }
    let tables = AXIS.iter().chain(LEVELS.as_flattened());
    words[48..].iter_mut().zip(tables).for_each(|(word, number)| *word = *number as u32);
}

/// For each font: the place of its bytes, how many they are, and a glyph's height.
fn pack_fonts(parts: &FrameParts<'_>, words: &mut Vec<u32>) -> Vec<[u32; 3]> {
    let mut fonts = Vec::new();
    for font in parts.fonts {
        fonts.push([words.len() as u32, font.rows().len() as u32, font.height().max(1).into()]);
        pack_bytes(font.rows(), words);
    }
    fonts
}

/// Bytes, the first in a word's low bits.
pub fn pack_bytes(bytes: &[u8], words: &mut Vec<u32>) {
    let (whole, rest) = bytes.as_chunks::<4>();
    words.extend(whole.iter().map(|bytes| u32::from_le_bytes(*bytes)));
    if !rest.is_empty() {
        words.push(rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)));
    }
}

fn packed(color: Rgb) -> u32 {
    u32::from(color.r) << 16 | u32::from(color.g) << 8 | u32::from(color.b)
}

fn pack_run(
    frame: &Frame,
    parts: &FrameParts<'_>,
    run: &LineRun,
    colors: usize,
    fonts: &[[u32; 3]],
) -> [u32; RUN_WORDS] {
    let mut words = [0; RUN_WORDS];
    let style = &run.style;
    let palette = frame.palette(style.palette).len();
    let first = parts.palettes.get(style.palette.index()).map_or(0, |(start, _)| *start as usize);
    words[1] = (colors + if palette > 0 { first } else { 0 }) as u32;
    words[2] = palette as u32;
    words[3] = style.border.into();
    words[4] = style.left.into();
    words[5] = style.shown.into();
    words[6] = style.skipped.into();
    words[7] = style.burst.into();
    match &run.source {
        Source::Solid => {}
        Source::Pixels(rows) => pack_pixels(rows, &mut words),
        Source::Text(row) => pack_text(frame, row, fonts, &mut words),
    }
    words
}

fn pack_pixels(rows: &PixelRows, words: &mut [u32; RUN_WORDS]) {
    let style = &rows.style;
    words[0] = match style.format {
        PixelFormat::Depth16 => 0,
        format if format.is_indexed() => 1,
        _ => 2,
    };
    words[8] = format_number(style.format);
    words[9] = style.repeat.max(1).into();
    words[10] = style.line_repeat.max(1).into();
    words[11] = rows.start;
    words[12] = rows.pitch;
    for (word, bytes) in words[13..17].iter_mut().zip(style.map.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
}

fn pack_text(frame: &Frame, row: &CellRow, fonts: &[[u32; 3]], words: &mut [u32; RUN_WORDS]) {
    let Some(font) = fonts.get(row.font.index()) else { return };
    words[0] = 3;
    words[8..12].copy_from_slice(&pack_style(&row.style));
    words[12..15].copy_from_slice(font);
    words[15] = row.start;
    words[16] = frame.cells(row).len() as u32;
    words[17] = row.first_scan.into();
}

/// A format's number in the shaders.
pub fn format_number(format: PixelFormat) -> u32 {
    PixelFormat::ALL.iter().position(|known| *known == format).unwrap_or(0) as u32
}

/// A style of text as `cells.wgsl` takes it.
pub fn pack_style(style: &TextStyle) -> [u32; 4] {
    let (mono, blink) = match style.attributes {
        AttributeStyle::Color { blink } => (0, blink),
        AttributeStyle::Mono { blink } => (1, blink),
    };
    let shape = [style.cell_width.clamp(1, 16), style.repeat.max(1), mono, blink.into()];
    let flags = [
        style.ninth == NinthDot::RepeatLineGraphics,
        style.blink_hidden,
        style.cursor.is_some_and(|cursor| cursor.lit),
        style.underline.is_some(),
    ];
    let flags = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(*flag));
    let marks = [flags, style.underline.unwrap_or(0), 0, 0];
    let (column, lines) = style.cursor.map_or((0, 0), |cursor| (cursor.column.into(), cursor.lines));
    [u32::from_le_bytes(shape), u32::from_le_bytes(marks), column, lines]
}
