//! Full screen: the guest's picture alone. The tools come when the pointer touches the top edge, and go when it has
//! left them.

use crate::gui::commands::Command;
use crate::gui::theme::GRID;
use crate::gui::toasts::Toasts;
use egui::{Area, Context, Frame, Id, Order, Popup, Rect, Ui, ViewportCommand};

/// So near to the edge, in points, the pointer touches it.
const EDGE: f32 = 2.0;

/// Whether the window that is being drawn fills the screen.
pub fn is_on(ctx: &Context) -> bool {
    ctx.input(|input| input.viewport().fullscreen.unwrap_or(false))
}

/// Lets the window that is being drawn fill the screen, or gives it its frame back.
pub fn toggle(ctx: &Context, toasts: &mut Toasts) {
    let begins = !is_on(ctx);
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(begins));
    if let Some(shortcut) = Command::ToggleFullScreen.describe().shortcut.filter(|_| begins) {
        let keys = ctx.format_shortcut(&shortcut);
        toasts.say(format!("{keys} leaves full screen; the tools are at the top edge"));
    }
}

/// Shows the tools over the picture while the pointer wants them.
pub fn tools<R>(ctx: &Context, contents: impl FnOnce(&mut Ui) -> R) -> Option<R> {
    let id = Id::unique(("full screen tools", ctx.viewport_id()));
    let window = ctx.content_rect();
    let pointer = ctx.input(|input| input.pointer.hover_pos());
    let touches = pointer.is_some_and(|at| at.y <= window.top() + EDGE);
    let shown_at: Option<Rect> = ctx.data(|data| data.get_temp(id));
    let stays = shown_at.is_some_and(|rect| {
        Popup::is_any_open(ctx) || pointer.is_some_and(|at| rect.expand(GRID).contains(at))
    });
    if !touches && !stays {
        ctx.data_mut(|data| data.remove::<Rect>(id));
        return None;
    }
    let area = Area::new(id).order(Order::Foreground).fixed_pos(window.left_top());
    let shown = area.show(ctx, |ui| {
        let frame = Frame::side_top_panel(ui.style());
        let width = window.width() - frame.total_margin().sum().x;
        let bar = frame.show(ui, |ui| {
            ui.set_width(width);
            contents(ui)
        });
        bar.inner
    });
    ctx.data_mut(|data| data.insert_temp(id, shown.response.rect));
    Some(shown.inner)
}
