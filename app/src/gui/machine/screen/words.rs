//! The text on a guest's screen: selected with the mouse, found, copied, and read out.

use crate::gui::theme::GRID;
use egui::{Color32, Key, Rect, Response, TextEdit, Ui, pos2};
use emu_core::hal::video::{CellPosition, Frame, FrameHead, TextScreen};
use std::time::{Duration, Instant};

/// What assistive technology is told of the screen is renewed no more often than this.
const SPOKEN_EVERY: Duration = Duration::from_millis(250);

/// The text of a screen and what the user does with it.
#[derive(Default)]
pub struct Words {
    text: Option<TextScreen>,
    /// The frame has changed since `text` was made.
    is_stale: bool,
    selection: Option<Selection>,
    pub find: Option<FindBar>,
    spoken: String,
    spoken_at: Option<Instant>,
}

/// Cells from one to another, and the text that they had then.
struct Selection {
    from: CellPosition,
    to: CellPosition,
    text: String,
}

/// The field for a text to be found.
#[derive(Default)]
pub struct FindBar {
    typed: String,
    has_focus: bool,
}

/// Where the picture is, to get from its dots to points and back.
pub struct Placed {
    pub rect: Rect,
    pub dots: (u16, u16),
}

impl Placed {
    pub fn new(rect: Rect, head: &FrameHead) -> Self {
        Self { rect, dots: (head.width.max(1), head.height.max(1)) }
    }

    /// The dot at a point, the nearest one where it lies outside.
    fn dot_at(&self, point: egui::Pos2) -> (u16, u16) {
        let way = (point - self.rect.min) / self.rect.size();
        let dot =
            |way: f32, dots: u16| (way.clamp(0.0, 1.0) * f32::from(dots)).min(f32::from(dots - 1)) as u16;
        (dot(way.x, self.dots.0), dot(way.y, self.dots.1))
    }

    fn rect_of(&self, area: emu_core::hal::video::Rect) -> Rect {
        let scale = self.rect.size() / egui::vec2(self.dots.0.into(), self.dots.1.into());
        let [left, top] = [area.left, area.top].map(f32::from);
        let (right, bottom) = (left + f32::from(area.width), top + f32::from(area.height));
        let point = |x: f32, y: f32| pos2(self.rect.left() + x * scale.x, self.rect.top() + y * scale.y);
        Rect::from_min_max(point(left, top), point(right, bottom))
    }
}

impl Words {
    /// The picture has changed.
    pub fn changed(&mut self) {
        self.is_stale = true;
    }

    /// The text of `frame`, the last one.
    fn text(&mut self, frame: &Frame) -> Option<&TextScreen> {
        if std::mem::take(&mut self.is_stale) {
            self.text = frame.text();
            self.forget_overwritten();
        }
        self.text.as_ref()
    }

    /// A selection goes when the guest writes over it.
    fn forget_overwritten(&mut self) {
        let now = self.text.as_ref();
        let is_there = |selection: &Selection| {
            now.is_some_and(|text| text.between(selection.from, selection.to) == selection.text)
        };
        self.selection = self.selection.take().filter(is_there);
    }

    /// The selected text, if there is any.
    pub fn selected(&self) -> Option<&str> {
        self.selection.as_ref().map(|selection| selection.text.as_str())
    }

    /// What a copy takes: the selection, or else all text. None where the screen has no text.
    pub fn copied(&mut self, frame: &Frame) -> Option<String> {
        let text = self.text(frame)?.to_string();
        Some(self.selected().map_or(text, str::to_owned))
    }

    /// Follows the mouse: a drag selects, a click drops the selection.
    pub fn select(&mut self, response: &Response, placed: &Placed, frame: &Frame) {
        if response.clicked() {
            self.selection = None;
        }
        let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
        let begun = response.ctx.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
        let Some(text) = self.text(frame) else { return };
        let [from, to] = [begun, pointer].map(|point| {
            let (x, y) = placed.dot_at(point);
            nearest_cell(text, x, y)
        });
        if let (Some(from), Some(to)) = (from, to) {
            let text = text.between(from, to);
            self.selection = Some(Selection { from, to, text });
        }
    }

    /// Marks what is selected and what was found.
    pub fn paint(&mut self, ui: &Ui, placed: &Placed, frame: &Frame) {
        if self.selection.is_none() && self.find.is_none() {
            return;
        }
        let found = self.found(frame);
        let Some(text) = &self.text else { return };
        let selected =
            self.selection.iter().flat_map(|selection| cells_between(text, selection.from, selection.to));
        let mark = ui.visuals().selection.bg_fill.gamma_multiply(0.6);
        let fill = |cell, color: Color32| {
            if let Some(area) = text.cell_area(cell) {
                ui.painter().rect_filled(placed.rect_of(area), 0.0, color);
            }
        };
        selected.for_each(|cell| fill(cell, mark));
        let (length, places) = found;
        for place in places {
            let cells = (0..length).map(|n| CellPosition { column: place.column + n, ..place });
            cells.for_each(|cell| fill(cell, ui.visuals().warn_fg_color.gamma_multiply(0.5)));
        }
    }

    /// How many characters are looked for, and where they stand.
    fn found(&mut self, frame: &Frame) -> (usize, Vec<CellPosition>) {
        let Some(typed) = self.find.as_ref().map(|find| find.typed.clone()) else { return (0, Vec::new()) };
        let places = self.text(frame).map(|text| text.find(&typed)).unwrap_or_default();
        (typed.chars().count(), places)
    }

    /// Shows the field for the text to be found. Gives whether it was closed.
    pub fn find_bar(&mut self, ui: &mut Ui, frame: Option<&Frame>) -> bool {
        let places = frame.map_or(0, |frame| self.found(frame).1.len());
        let Some(find) = &mut self.find else { return false };
        let mut is_closed = ui.input(|input| input.key_pressed(Key::Escape)) && find.has_focus;
        ui.horizontal(|ui| {
            ui.add_space(GRID);
            let label = ui.label("Find on the screen");
            let field = ui.add(TextEdit::singleline(&mut find.typed).desired_width(24.0 * GRID));
            let field = field.labelled_by(label.id);
            if !std::mem::replace(&mut find.has_focus, true) {
                field.request_focus();
            }
            let told = match (find.typed.is_empty(), places) {
                (true, _) => String::new(),
                (false, 0) => "Not on the screen".to_owned(),
                (false, 1) => "1 place".to_owned(),
                (false, places) => format!("{places} places"),
            };
            ui.add_sized([16.0 * GRID, 2.0 * GRID], egui::Label::new(told));
            is_closed |= ui.button("Close").clicked();
        });
        if is_closed {
            self.find = None;
        }
        is_closed
    }

    /// What a screen reader reads of the screen; renewed a few times a second.
    pub fn spoken(&mut self, ui: &Ui, frame: Option<&Frame>) -> &str {
        let is_due = self.spoken_at.is_none_or(|at| at.elapsed() >= SPOKEN_EVERY);
        if let Some(frame) = frame.filter(|_| is_due) {
            let rows = self.text(frame).map(|text| text.rows.as_slice()).unwrap_or_default();
            let lines = rows.iter().map(|row| row.text.trim_end()).filter(|line| !line.is_empty());
            let spoken = lines.collect::<Vec<_>>().join("\n");
            if spoken != self.spoken {
                self.spoken = spoken;
                self.spoken_at = Some(Instant::now());
            }
        } else if self.is_stale {
            ui.ctx().request_repaint_after(SPOKEN_EVERY);
        }
        &self.spoken
    }
}

/// The cell at a dot of the frame, or the nearest one in the nearest row.
fn nearest_cell(text: &TextScreen, x: u16, y: u16) -> Option<CellPosition> {
    let within = |at: u16, start: u16, length: u16| at.clamp(start, start.saturating_add(length.max(1) - 1));
    let row = text.rows.iter().min_by_key(|row| y.abs_diff(within(y, row.area.top, row.area.height)))?;
    let area = row.area;
    text.cell_at(within(x, area.left, area.width), within(y, area.top, area.height))
}

/// The cells from one to another in reading order.
fn cells_between(text: &TextScreen, a: CellPosition, b: CellPosition) -> Vec<CellPosition> {
    let (from, to) = (a.min(b), a.max(b));
    let rows = text.rows.iter().enumerate().take(to.row + 1).skip(from.row);
    let cells = rows.flat_map(|(row, found)| {
        let first = if row == from.row { from.column } else { 0 };
        let end = if row == to.row { to.column + 1 } else { found.text.chars().count() };
        (first..end).map(move |column| CellPosition { row, column })
    });
    cells.collect()
}
