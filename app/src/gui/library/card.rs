//! A machine's card: picture, name, how it stands, one line of facts.

use super::Entry;
use crate::gui::describe;
use crate::gui::standing::Standing;
use crate::gui::theme::GRID;
use egui::{
    Align2, Color32, Pos2, Rect, Response, Sense, StrokeKind, TextStyle, TextureId, Ui, Vec2, WidgetInfo,
};
use egui::{TextWrapMode, WidgetText, pos2, vec2};

const WIDTH: f32 = 27.0 * GRID;
const PICTURE_HEIGHT: f32 = WIDTH * 3.0 / 4.0;
const HEIGHT: f32 = PICTURE_HEIGHT + 10.0 * GRID;

/// A card to be shown.
pub struct Card<'a> {
    pub entry: &'a Entry,
    pub is_selected: bool,
    pub picture: Option<(TextureId, Vec2)>,
}

impl Card<'_> {
    pub fn show(self, ui: &mut Ui) -> Response {
        let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, HEIGHT), Sense::click());
        let fact = match &self.entry.profile {
            Ok(profile) => describe::fact_line(profile),
            Err(_) => "Its file is damaged or newer".to_owned(),
        };
        let standing = self.entry.standing;
        let name = self.entry.name();
        let spoken = format!("{name}, {}, {fact}", standing.word());
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, self.is_selected, &spoken));
        let visuals = ui.style().interact_selectable(&response, self.is_selected);
        ui.painter().rect(rect, 6.0, ui.visuals().faint_bg_color, visuals.bg_stroke, StrokeKind::Inside);
        if self.is_selected || response.has_focus() {
            let accent = ui.visuals().selection.stroke;
            ui.painter().rect_stroke(rect, 6.0, accent, StrokeKind::Inside);
        }
        self.paint_picture(ui, Rect::from_min_size(rect.min, vec2(WIDTH, PICTURE_HEIGHT)).shrink(GRID));
        let lines = [
            (name, TextStyle::Body, ui.visuals().text_color()),
            (standing.text(), TextStyle::Small, standing.colour(ui)),
            (fact, TextStyle::Small, ui.visuals().weak_text_color()),
        ];
        let mut at = pos2(rect.left() + GRID, rect.top() + PICTURE_HEIGHT);
        for (text, style, colour) in lines {
            at.y += paint_line(ui, at, text, style, colour) + GRID / 2.0;
        }
        response
    }

    fn paint_picture(&self, ui: &Ui, area: Rect) {
        ui.painter().rect_filled(area, 4.0, Color32::BLACK);
        let is_live = matches!(self.entry.standing, Standing::Running | Standing::Paused);
        match self.picture {
            Some((texture, _)) => {
                let tint = if is_live { Color32::WHITE } else { Color32::from_gray(140) };
                let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                ui.painter().image(texture, area, whole, tint);
            }
            None => {
                let font = TextStyle::Small.resolve(ui.style());
                let text = "not started yet";
                ui.painter().text(area.center(), Align2::CENTER_CENTER, text, font, Color32::from_gray(170));
            }
        }
    }
}

/// Paints one line, cut where the card ends. Gives its height.
fn paint_line(ui: &Ui, at: Pos2, text: String, style: TextStyle, colour: Color32) -> f32 {
    let galley =
        WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Truncate), WIDTH - 2.0 * GRID, style);
    let height = galley.size().y;
    ui.painter().galley_with_override_text_color(at, galley, colour);
    height
}
