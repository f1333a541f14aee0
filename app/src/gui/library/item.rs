//! A machine in the library, as a card or as a row of a list: picture, name, how it stands, what it is.

use super::Entry;
use crate::gui::commands::named_choice;
use crate::gui::describe;
use crate::gui::standing::Standing;
use crate::gui::theme::GRID;
use egui::{
    Align2, Color32, Id, Key, Pos2, Rect, Response, Sense, Stroke, StrokeKind, TextEdit, TextStyle,
    TextWrapMode, TextureId, Ui, Vec2, WidgetText, pos2, vec2,
};

const CARD_WIDTH: f32 = 27.0 * GRID;
const PICTURE_WIDTH: f32 = CARD_WIDTH - 2.0 * GRID;
/// A tube's proportions.
const PICTURE_ASPECT: f32 = 3.0 / 4.0;
const PICTURE_HEIGHT: f32 = PICTURE_WIDTH * PICTURE_ASPECT;
const CARD_HEIGHT: f32 = PICTURE_HEIGHT + 10.5 * GRID;
const ROW_HEIGHT: f32 = 5.0 * GRID;
const CORNER: f32 = 6.0;

/// A name that is being changed where it stands.
pub struct Renaming {
    pub folder: crate::library::MachineFolder,
    pub typed: String,
    has_begun: bool,
}

impl Renaming {
    pub fn new(folder: crate::library::MachineFolder, name: String) -> Self {
        Self { folder, typed: name, has_begun: false }
    }
}

/// What became of a name that is being changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    Typing,
    Done,
    Cancelled,
}

/// A machine to be shown.
pub struct Item<'a> {
    pub entry: &'a Entry,
    pub is_selected: bool,
    pub picture: Option<(TextureId, Vec2)>,
    pub renaming: Option<&'a mut Renaming>,
}

impl Item<'_> {
    /// Shows it as a card.
    pub fn card(self, ui: &mut Ui) -> (Response, Renamed) {
        let (rect, response) = ui.allocate_exact_size(vec2(CARD_WIDTH, CARD_HEIGHT), Sense::click());
        self.ground(ui, rect, &response);
        let inner = rect.shrink(GRID);
        let picture = Rect::from_min_size(inner.min, vec2(PICTURE_WIDTH, PICTURE_HEIGHT));
        self.paint_picture(ui, picture, true);
        let lines = [
            (self.entry.standing.text(), self.entry.standing.colour(ui)),
            (fact(self.entry), ui.visuals().weak_text_color()),
        ];
        let mut at = pos2(inner.left(), picture.bottom());
        let name = Rect::from_min_size(at, vec2(PICTURE_WIDTH, 3.5 * GRID));
        let renamed = self.name(ui, name);
        at.y = name.bottom() + GRID / 4.0;
        for (text, colour) in lines {
            at.y += paint(ui, at, PICTURE_WIDTH, text, TextStyle::Small, colour) + GRID / 2.0;
        }
        (response, renamed)
    }

    /// Shows it as a row over the whole width.
    pub fn row(self, ui: &mut Ui) -> (Response, Renamed) {
        let size = vec2(ui.available_width(), ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        self.ground(ui, rect, &response);
        let inner = rect.shrink2(vec2(GRID, GRID / 2.0));
        let picture = vec2(inner.height() / PICTURE_ASPECT, inner.height());
        self.paint_picture(ui, Rect::from_min_size(inner.min, picture), false);
        let left = inner.left() + picture.x + GRID;
        let width = inner.right() - left;
        let standing = (self.entry.standing.text(), self.entry.standing.colour(ui));
        let about = (fact(self.entry), ui.visuals().weak_text_color());
        let tags = self.entry.profile.as_ref().map(|profile| profile.tags.join(", "));
        let tags = (tags.unwrap_or_default(), ui.visuals().weak_text_color());
        let name = Rect::from_min_size(pos2(left, inner.top() + 4.0), vec2(width * 0.32, 3.0 * GRID));
        let mut share = 0.34;
        for ((text, colour), width_share) in [(standing, 0.22), (about, 0.28), (tags, 0.16)] {
            let at = pos2(left + width * share, inner.center().y - 7.0);
            paint(ui, at, width * width_share - GRID, text, TextStyle::Small, colour);
            share += width_share;
        }
        let renamed = self.name(ui, name);
        (response, renamed)
    }

    fn ground(&self, ui: &Ui, rect: Rect, response: &Response) {
        let spoken = format!("{}, {}, {}", self.entry.name(), self.entry.standing.word(), fact(self.entry));
        named_choice(response, self.is_selected, &spoken);
        let visuals = ui.style().interact_selectable(response, false);
        let fill = if self.is_selected {
            ui.visuals().selection.bg_fill.gamma_multiply(0.5)
        } else {
            ui.visuals().faint_bg_color
        };
        let edge = if response.hovered() { visuals.bg_stroke } else { Stroke::NONE };
        ui.painter().rect(rect, CORNER, fill, edge, StrokeKind::Inside);
        if self.is_selected {
            ui.painter().rect_stroke(rect, CORNER, ui.visuals().selection.stroke, StrokeKind::Inside);
        }
        if response.has_focus() {
            let mut focus = ui.visuals().selection.stroke;
            focus.width = 2.0;
            ui.painter().rect_stroke(rect, CORNER, focus, StrokeKind::Inside);
        }
    }

    fn paint_picture(&self, ui: &Ui, area: Rect, may_explain: bool) {
        ui.painter().rect_filled(area, CORNER / 2.0, Color32::BLACK);
        let is_live = matches!(self.entry.standing, Standing::Running | Standing::Paused);
        match self.picture {
            Some((texture, _)) => {
                let tint = if is_live { Color32::WHITE } else { Color32::from_gray(140) };
                let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                ui.painter().image(texture, area, whole, tint);
            }
            None if may_explain => {
                let font = TextStyle::Small.resolve(ui.style());
                let text = match self.entry.standing {
                    Standing::Off => "not started yet",
                    _ => "no picture",
                };
                ui.painter().text(area.center(), Align2::CENTER_CENTER, text, font, Color32::from_gray(170));
            }
            None => {}
        }
    }

    /// The name, or the field in which it is changed.
    fn name(self, ui: &mut Ui, place: Rect) -> Renamed {
        let Some(renaming) = self.renaming else {
            let colour = ui.visuals().text_color();
            let at = pos2(place.left(), place.top() + GRID / 2.0);
            paint(ui, at, place.width(), self.entry.name(), TextStyle::Body, colour);
            return Renamed::Typing;
        };
        let id = Id::unique(("rename", &renaming.folder.0));
        let response = ui.put(place, TextEdit::singleline(&mut renaming.typed).id(id));
        crate::gui::theme::name_field(&response, "New name");
        if !std::mem::replace(&mut renaming.has_begun, true) {
            response.request_focus();
            return Renamed::Typing;
        }
        match response.lost_focus() {
            true if ui.input(|input| input.key_pressed(Key::Escape)) => Renamed::Cancelled,
            true => Renamed::Done,
            false => Renamed::Typing,
        }
    }
}

fn fact(entry: &Entry) -> String {
    match &entry.profile {
        Ok(profile) => describe::fact_line(profile),
        Err(_) => "Its file is damaged or newer".to_owned(),
    }
}

/// Paints one line, cut where the space ends. Gives its height.
fn paint(ui: &Ui, at: Pos2, width: f32, text: String, style: TextStyle, colour: Color32) -> f32 {
    let galley = WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Truncate), width, style);
    let height = galley.size().y;
    ui.painter().galley_with_override_text_color(at, galley, colour);
    height
}
