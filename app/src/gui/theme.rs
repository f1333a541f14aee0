//! The look: sizes, spacings and colours, all of them here.

use egui::{Color32, Context, FontId, Response, Stroke, Style, TextStyle, Theme, Ui, Vec2};

/// Everything is spaced by multiples of this many points.
pub const GRID: f32 = 8.0;

const HEADING: f32 = 20.0;
const BODY: f32 = 14.0;
const SMALL: f32 = 12.0;

/// The few colours that a theme is made of. Text stands on `ground` with a contrast of 7 to 1 or better, on `accent`
/// with 4.5 to 1.
struct Colours {
    text: Color32,
    weak_text: Color32,
    ground: Color32,
    accent: Color32,
    /// Around fields, switches and buttons: stands out from `ground` by 3 to 1.
    edge: Color32,
    link: Color32,
    /// Marks what goes, what waits, and what is wrong; always beside a word that says the same.
    good: Color32,
    waiting: Color32,
    bad: Color32,
}

const DARK: Colours = Colours {
    text: Color32::from_gray(225),
    weak_text: Color32::from_gray(175),
    ground: Color32::from_gray(30),
    accent: Color32::from_rgb(33, 96, 158),
    edge: Color32::from_gray(115),
    link: Color32::from_rgb(135, 190, 250),
    good: Color32::from_rgb(110, 205, 120),
    waiting: Color32::from_rgb(230, 185, 80),
    bad: Color32::from_rgb(255, 140, 130),
};

const LIGHT: Colours = Colours {
    text: Color32::from_gray(35),
    weak_text: Color32::from_gray(80),
    ground: Color32::from_gray(246),
    accent: Color32::from_rgb(160, 203, 242),
    edge: Color32::from_gray(135),
    link: Color32::from_rgb(10, 80, 150),
    good: Color32::from_rgb(20, 105, 40),
    waiting: Color32::from_rgb(125, 80, 0),
    bad: Color32::from_rgb(170, 30, 25),
};

/// What a colour is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Waiting,
    Bad,
    Quiet,
}

/// The colour for a tone in the theme that is shown.
pub fn tone(ui: &Ui, tone: Tone) -> Color32 {
    let colours = if ui.visuals().dark_mode { &DARK } else { &LIGHT };
    match tone {
        Tone::Good => colours.good,
        Tone::Waiting => colours.waiting,
        Tone::Bad => colours.bad,
        Tone::Quiet => colours.weak_text,
    }
}

/// Gives a field that has no label beside it a name, for screen readers and tests.
pub fn name_field(response: &Response, name: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// Gives both themes their look, and loads the icons.
pub fn install(ctx: &Context) {
    egui_material_icons::initialize(ctx);
    for (theme, colours) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            lay_out(style);
            colour(style, colours);
        });
    }
}

fn lay_out(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Heading, FontId::proportional(HEADING)),
        (TextStyle::Body, FontId::proportional(BODY)),
        (TextStyle::Button, FontId::proportional(BODY)),
        (TextStyle::Monospace, FontId::monospace(BODY)),
        (TextStyle::Small, FontId::proportional(SMALL)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::splat(GRID);
    style.spacing.button_padding = Vec2::new(GRID, GRID / 2.0);
    style.spacing.interact_size.y = 3.0 * GRID;
}

fn colour(style: &mut Style, colours: &Colours) {
    let visuals = &mut style.visuals;
    visuals.panel_fill = colours.ground;
    visuals.window_fill = colours.ground;
    visuals.weak_text_color = Some(colours.weak_text);
    visuals.hyperlink_color = colours.link;
    visuals.selection.bg_fill = colours.accent;
    visuals.selection.stroke = Stroke::new(1.0, colours.text);
    visuals.widgets.noninteractive.fg_stroke.color = colours.text;
    visuals.widgets.inactive.fg_stroke.color = colours.text;
    visuals.widgets.inactive.bg_stroke = Stroke::new(1.0, colours.edge);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.1.
    fn luminance(colour: Color32) -> f32 {
        let linear = |channel: u8| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        for colours in [&DARK, &LIGHT] {
            assert!(contrast(colours.text, colours.ground) >= 7.0);
            assert!(contrast(colours.weak_text, colours.ground) >= 7.0);
            assert!(contrast(colours.text, colours.accent) >= 4.5);
            assert!(contrast(colours.edge, colours.ground) >= 3.0);
            for mark in [colours.good, colours.waiting, colours.bad, colours.link] {
                assert!(contrast(mark, colours.ground) >= 4.5);
            }
        }
    }
}
