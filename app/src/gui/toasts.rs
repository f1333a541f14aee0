//! Short messages at the lower edge: what was done, with Undo where that is possible, and what failed.

use super::theme::{self, GRID, Tone};
use crate::library::Trashed;
use egui::{Align2, Area, Context, Frame, Id, Order, Ui, vec2};

/// Seconds that a message stays which reports no failure.
const SHOWN_FOR: f64 = 8.0;
/// More than these are never on the screen; the oldest go first.
const MOST: usize = 4;

/// What an Undo button takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// These machines come back out of the trash.
    Restore(Vec<Trashed>),
}

struct Toast {
    text: String,
    is_error: bool,
    undo: Option<Undo>,
    until: Option<f64>,
}

/// The messages on the screen.
#[derive(Default)]
pub struct Toasts {
    shown: Vec<Toast>,
}

impl Toasts {
    pub fn say(&mut self, text: impl Into<String>) {
        self.push(Toast { text: text.into(), is_error: false, undo: None, until: None });
    }

    /// A failure stays until it is dismissed.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.push(Toast { text: text.into(), is_error: true, undo: None, until: None });
    }

    pub fn offer_undo(&mut self, text: impl Into<String>, undo: Undo) {
        self.push(Toast { text: text.into(), is_error: false, undo: Some(undo), until: None });
    }

    fn push(&mut self, toast: Toast) {
        if self.shown.iter().any(|shown| shown.text == toast.text && shown.undo == toast.undo) {
            return;
        }
        self.shown.push(toast);
        if self.shown.len() > MOST {
            self.shown.remove(0);
        }
    }

    /// Shows the messages. Gives what is to be undone.
    pub fn show(&mut self, ctx: &Context) -> Option<Undo> {
        let now = ctx.input(|input| input.time);
        for toast in self.shown.iter_mut().filter(|toast| !toast.is_error) {
            toast.until.get_or_insert(now + SHOWN_FOR);
        }
        self.shown.retain(|toast| toast.until.is_none_or(|until| now < until));
        if self.shown.is_empty() {
            return None;
        }
        ctx.request_repaint_after_secs(1.0);
        let area = Area::new(Id::unique("toasts")).order(Order::Foreground);
        area.anchor(Align2::CENTER_BOTTOM, vec2(0.0, -6.0 * GRID)).show(ctx, |ui| self.ui(ui)).inner
    }

    fn ui(&mut self, ui: &mut Ui) -> Option<Undo> {
        let mut undo = None;
        let mut dismissed = None;
        for (at, toast) in self.shown.iter().enumerate() {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.set_max_width(80.0 * GRID);
                    if toast.is_error {
                        ui.colored_label(theme::tone(ui, Tone::Bad), "Problem:");
                    }
                    ui.label(&toast.text);
                    if toast.undo.is_some() && ui.button("Undo").clicked() {
                        undo.clone_from(&toast.undo);
                        dismissed = Some(at);
                    }
                    if ui.button("Dismiss").clicked() {
                        dismissed = Some(at);
                    }
                });
            });
        }
        if let Some(at) = dismissed {
            self.shown.remove(at);
        }
        undo
    }
}
