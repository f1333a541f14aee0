//! The text of a frame: for copying, finding, screen readers, and scripts that wait for words on the screen.

use super::cp437;
use super::frame::{CellRow, Frame, LineRun, Rect, Source};
use super::text::TextStyle;
use serde::{Deserialize, Serialize};

/// The rows of text in a frame, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextScreen {
    pub rows: Vec<TextRow>,
    /// Where the cursor is, lit or not.
    pub cursor: Option<CellPosition>,
}

/// One row of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRow {
    /// One character for each cell.
    pub text: String,
    /// The cells' attribute bytes.
    pub attributes: Vec<u8>,
    /// Where the row is on the frame.
    pub area: Rect,
    /// Dots of the frame that a cell is wide.
    pub cell_dots: u16,
    /// Dots of the first cell that lie left of the area (horizontal panning).
    pub skipped: u16,
}

/// A cell by its place on a [`TextScreen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellPosition {
    pub row: usize,
    pub column: usize,
}

impl Frame {
    /// The frame's text; none if no part of it is made of character cells.
    pub fn text(&self) -> Option<TextScreen> {
        let mut screen = TextScreen::default();
        let mut previous: Option<(&LineRun, &CellRow)> = None;
        for (top, run) in self.placed_runs() {
            let Source::Text(cells) = &run.source else {
                previous = None;
                continue;
            };
            if previous.is_some_and(|previous| continues(previous, cells)) {
                let first = screen.rows.pop().map_or(top, |row| row.area.top);
                screen.forget_cursor_of(screen.rows.len());
                self.add_text_row(&mut screen, first, top.saturating_add(run.lines), run, cells);
            } else {
                self.add_text_row(&mut screen, top, top.saturating_add(run.lines), run, cells);
            }
            previous = Some((run, cells));
        }
        (!screen.rows.is_empty()).then_some(screen)
    }

    fn add_text_row(&self, screen: &mut TextScreen, top: u16, end: u16, run: &LineRun, row: &CellRow) {
        let cells = self.cells(row);
        if let Some(cursor) = row.style.cursor
            && usize::from(cursor.column) < cells.len()
            && cursor.lines != 0
        {
            screen.cursor = Some(CellPosition { row: screen.rows.len(), column: cursor.column.into() });
        }
        let cell_dots = row.style.cell_dots() as u16;
        let skipped = run.style.skipped;
        let dots = (cells.len() * usize::from(cell_dots)).saturating_sub(skipped.into());
        let width = dots.min(run.style.shown.into()) as u16;
        screen.rows.push(TextRow {
            text: cells.iter().map(|cell| cp437::to_char(cell.glyph)).collect(),
            attributes: cells.iter().map(|cell| cell.attribute).collect(),
            area: Rect { left: run.style.left, top, width, height: end - top },
            cell_dots,
            skipped,
        });
    }
}

/// Whether a run shows further scan lines of the row of cells before it, which changed in between.
fn continues((last_run, last): (&LineRun, &CellRow), row: &CellRow) -> bool {
    let same_cells = TextStyle { blink_hidden: false, cursor: None, ..last.style }
        == TextStyle { blink_hidden: false, cursor: None, ..row.style };
    row.first_scan > 0
        && u16::from(row.first_scan) == u16::from(last.first_scan).saturating_add(last_run.lines)
        && row.columns == last.columns
        && same_cells
}

impl TextScreen {
    /// Whether some row holds `text`. Line ends in `text` ask for rows below one another, of which all but the
    /// first begin, and all but the last end (blanks apart), as stated.
    pub fn contains(&self, text: &str) -> bool {
        let wanted: Vec<&str> = text.split('\n').collect();
        if let [line] = wanted[..] {
            return self.rows.iter().any(|row| row.text.contains(line));
        }
        self.rows.windows(wanted.len()).any(|rows| {
            let last = wanted.len() - 1;
            rows.iter().zip(&wanted).enumerate().all(|(at, (row, line))| match at {
                0 => row.text.trim_end().ends_with(line.trim_end()),
                _ if at == last => row.text.starts_with(line),
                _ => row.text.trim_end() == line.trim_end(),
            })
        })
    }

    /// The cell at a dot of the frame.
    pub fn cell_at(&self, x: u16, y: u16) -> Option<CellPosition> {
        let row = self.rows.iter().position(|row| row.area.contains(x, y))?;
        let found = &self.rows[row];
        let dot = usize::from(x - found.area.left) + usize::from(found.skipped);
        Some(CellPosition { row, column: dot / usize::from(found.cell_dots.max(1)) })
    }

    /// Where a cell is on the frame, as far as it is shown.
    pub fn cell_area(&self, cell: CellPosition) -> Option<Rect> {
        let row = self.rows.get(cell.row)?;
        let dots = usize::from(row.cell_dots);
        let start = (cell.column.checked_mul(dots)?).saturating_sub(row.skipped.into());
        let end = (cell.column + 1)
            .checked_mul(dots)?
            .saturating_sub(row.skipped.into())
            .min(row.area.width.into());
        (start < end).then(|| Rect {
            left: row.area.left + start as u16,
            width: (end - start) as u16,
            ..row.area
        })
    }

    /// Where `text` stands: the first cell of each place, in reading order. Capitals count as small letters. Each
    /// place is as long as `text` has characters, and lies within a row.
    pub fn find(&self, text: &str) -> Vec<CellPosition> {
        let wanted: Vec<char> = text.chars().map(small).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let in_row = |(row, found): (usize, &TextRow)| {
            let characters: Vec<char> = found.text.chars().map(small).collect();
            let places = characters.windows(wanted.len()).enumerate();
            let hits =
                places.filter(|(_, place)| *place == wanted).map(|(column, _)| CellPosition { row, column });
            hits.collect::<Vec<_>>()
        };
        self.rows.iter().enumerate().flat_map(in_row).collect()
    }

    /// The text from one cell to another, both included, in reading order whichever comes first; blanks at the end
    /// of rows are dropped.
    pub fn between(&self, a: CellPosition, b: CellPosition) -> String {
        let (from, to) = (a.min(b), a.max(b));
        let last = to.row.min(self.rows.len().saturating_sub(1));
        let lines = (from.row..=last).filter_map(|at| {
            let text = &self.rows.get(at)?.text;
            let skipped = if at == from.row { from.column } else { 0 };
            let taken = if at == to.row { (to.column + 1).saturating_sub(skipped) } else { usize::MAX };
            Some(text.chars().skip(skipped).take(taken).collect::<String>().trim_end().to_owned())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn forget_cursor_of(&mut self, row: usize) {
        self.cursor = self.cursor.filter(|cursor| cursor.row != row);
    }
}

/// A character's small letter, if that is a single one.
fn small(character: char) -> char {
    let mut letters = character.to_lowercase();
    letters.next().filter(|_| letters.next().is_none()).unwrap_or(character)
}

/// The rows one below another, blanks at their ends dropped, each with a line end.
impl std::fmt::Display for TextScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", row.text.trim_end()))
    }
}

impl Rect {
    /// Whether the dot lies inside.
    pub const fn contains(self, x: u16, y: u16) -> bool {
        x >= self.left && y >= self.top && x - self.left < self.width && y - self.top < self.height
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{FontId, FrameHead, LineStyle};
    use super::super::monitor::RGBI;
    use super::super::text::{Cell, Cursor, Font};
    use super::*;
    use std::sync::Arc;

    fn begun() -> (Frame, LineStyle, FontId) {
        let mut frame = Frame::default();
        frame.begin(FrameHead::of_size(180, 40, (1, 1)));
        let palette = frame.add_palette(&RGBI);
        let font = frame.add_font(&Arc::new(Font::new(8, vec![0; 2048])));
        (frame, LineStyle::new(palette, 0, 10, 160), font)
    }

    fn cells(text: &str) -> Vec<Cell> {
        let text = format!("{text:<20}");
        text.chars().map(|c| Cell { glyph: cp437::from_char(c).unwrap().into(), attribute: 7 }).collect()
    }

    fn three_rows() -> TextScreen {
        let (mut frame, line, font) = begun();
        let cursor = Some(Cursor { column: 4, lines: 0xC0, lit: false });
        frame.push_solid(4, line);
        frame.push_text(8, line, TextStyle::color(8, 1, true), font, 0, cells("C:\\>dir é│"));
        frame.push_text(8, line, TextStyle::color(8, 1, true), font, 0, cells(" Volume"));
        frame.push_text(
            8,
            line,
            TextStyle { cursor, ..TextStyle::color(8, 1, true) },
            font,
            0,
            cells("C:\\>"),
        );
        frame.push_solid(4, line);
        frame.text().unwrap()
    }

    #[test]
    fn a_frame_reads_as_text() {
        let screen = three_rows();
        assert_eq!(screen.to_string(), "C:\\>dir é│\n Volume\nC:\\>\n");
        assert_eq!(screen.cursor, Some(CellPosition { row: 2, column: 4 }));
        assert!(screen.contains("dir é") && screen.contains("dir é│\n Vol") && screen.contains("Volume\nC:"));
        assert!(!screen.contains("dir\n Vol") && !screen.contains("a\nb\nc\nd"));
        assert_eq!(begun().0.text(), None);
    }

    #[test]
    fn dots_lead_to_cells_and_cells_to_text() {
        let screen = three_rows();
        let at = |x, y| screen.cell_at(x, y).map(|c| (c.row, c.column));
        assert_eq!(at(10, 4), Some((0, 0)));
        assert_eq!(at(17, 12), Some((1, 0)));
        assert_eq!(at(169, 27), Some((2, 19)));
        assert_eq!((at(9, 4), at(170, 4), at(10, 3), at(10, 28)), (None, None, None, None));
        let cell = |row, column| CellPosition { row, column };
        let area = |row, column| screen.cell_area(cell(row, column));
        assert_eq!(area(1, 19), Some(Rect { left: 162, top: 12, width: 8, height: 8 }));
        assert_eq!((area(1, 20), area(3, 0)), (None, None));
        assert_eq!(screen.find("vOLume"), [cell(1, 1)]);
        assert_eq!(screen.find("C:\\>"), [cell(0, 0), cell(2, 0)]);
        assert_eq!((screen.find(""), screen.find(&"x".repeat(99))), (vec![], vec![]));
        assert_eq!(screen.between(cell(0, 4), cell(0, 6)), "dir");
        assert_eq!(screen.between(cell(1, 6), cell(0, 4)), "dir é│\n Volume");
        assert_eq!(screen.between(cell(9, 0), cell(12, 4)), "");
    }

    #[test]
    fn a_row_that_changed_under_the_beam_is_read_once_as_it_ended() {
        let (mut frame, line, font) = begun();
        let style = TextStyle::color(8, 1, true);
        frame.push_text(3, line, style, font, 0, cells("old"));
        frame.push_text(5, line, style, font, 3, cells("new"));
        frame.push_text(8, line, style, font, 0, cells("next"));
        let screen = frame.text().unwrap();
        assert_eq!(screen.to_string(), "new\nnext\n");
        assert_eq!(screen.rows[0].area, Rect { left: 10, top: 0, width: 160, height: 8 });
    }
}
