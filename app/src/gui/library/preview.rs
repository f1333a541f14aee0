//! A large look at a machine's picture, without starting it.

use super::{Entry, Live, picture};
use crate::gui::commands::Command;
use crate::gui::theme::GRID;
use egui::{Color32, Context, Id, Image, Key, Modal, Modifiers, Ui, vec2};

/// Shows the picture. Gives whether the preview is to close, and a command that was chosen.
pub fn show(ctx: &Context, entry: &Entry, live: &[Live]) -> (bool, Option<Command>) {
    let space = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Space));
    let modal = Modal::new(Id::unique("preview")).show(ctx, |ui| ui_of(ui, entry, live));
    let (closes, chosen) = modal.inner;
    (closes || space || chosen.is_some() || modal.backdrop_response.clicked() || escape(ctx), chosen)
}

fn escape(ctx: &Context) -> bool {
    ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
}

fn ui_of(ui: &mut Ui, entry: &Entry, live: &[Live]) -> (bool, Option<Command>) {
    let room = ui.ctx().content_rect().size() - vec2(12.0, 20.0) * GRID;
    let width = room.x.min(room.y * 4.0 / 3.0).clamp(20.0 * GRID, 96.0 * GRID);
    let size = vec2(width, width * 3.0 / 4.0);
    ui.set_width(width);
    ui.horizontal(|ui| {
        ui.heading(entry.name());
        ui.colored_label(entry.standing.colour(ui), entry.standing.text());
    });
    match picture(entry, live) {
        Some((texture, _)) => {
            let image = Image::from_texture((texture, size)).bg_fill(Color32::BLACK);
            ui.add(image.fit_to_exact_size(size).alt_text("The machine's picture"));
        }
        None => {
            ui.weak("There is no picture of this machine yet; its first start makes one.");
        }
    }
    let mut chosen = None;
    let mut closes = false;
    ui.horizontal(|ui| {
        let (icon, face) = entry.standing.start_button();
        if Command::StartMachine.tool_button_as(ui, icon, face, entry.why_no_start()).clicked() {
            chosen = Some(Command::StartMachine);
        }
        closes = ui.button("Close").clicked();
    });
    (closes, chosen)
}
