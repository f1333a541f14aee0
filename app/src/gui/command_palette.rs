//! The command palette: every command in one list, found by typing a part of its name.

use super::commands::Command;
use super::theme::GRID;
use egui::{Context, Id, Key, Modal, Modifiers, ScrollArea, TextEdit, Ui};

/// The height of all but the list, in points: the field above it and the window's edges.
const AROUND: f32 = 16.0 * GRID;

/// What the user has typed and picked so far. None of it is kept once the palette closes.
#[derive(Debug, Default)]
pub struct CommandPalette {
    open: bool,
    typed: String,
    picked: usize,
}

impl CommandPalette {
    pub fn open(&mut self) {
        *self = Self { open: true, ..Self::default() };
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Shows the palette if it is open. Gives the command that was chosen.
    pub fn show(&mut self, ctx: &Context, why_not: WhyNot<'_>) -> Option<Command> {
        if !self.open {
            return None;
        }
        let modal = Modal::new(Id::unique("command palette")).show(ctx, |ui| self.ui(ui, why_not));
        if modal.inner.is_some() || modal.should_close() {
            self.open = false;
        }
        modal.inner
    }

    fn ui(&mut self, ui: &mut Ui, why_not: WhyNot<'_>) -> Option<Command> {
        ui.set_width(50.0 * GRID);
        let keys = PickingKeys::take(ui.ctx());
        let label = ui.label("Find a command");
        let field =
            ui.add(TextEdit::singleline(&mut self.typed).desired_width(f32::INFINITY)).labelled_by(label.id);
        field.request_focus();
        if field.changed() {
            self.picked = 0;
        }
        let found = matching(&self.typed);
        let before = self.picked;
        self.picked = keys.moved(self.picked, found.len());
        let has_moved = self.picked != before;
        if found.is_empty() {
            ui.weak("No command has such a name.");
        }
        let entered =
            found.get(self.picked).copied().filter(|command| keys.enter && why_not(*command).is_none());
        let room = ui.ctx().content_rect().height() - AROUND;
        let list = ScrollArea::vertical().max_height(room);
        list.show(ui, |ui| self.list(ui, &found, has_moved, why_not)).inner.or(entered)
    }

    fn list(&self, ui: &mut Ui, found: &[Command], has_moved: bool, why_not: WhyNot<'_>) -> Option<Command> {
        let mut clicked = None;
        ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
            for (place, command) in found.iter().enumerate() {
                let response = command.button(ui, why_not(*command));
                if place == self.picked {
                    let accent = ui.visuals().selection.stroke;
                    ui.painter().rect_stroke(response.rect, 2.0, accent, egui::StrokeKind::Inside);
                    if has_moved {
                        response.scroll_to_me(None);
                    }
                }
                if response.clicked() {
                    clicked = Some(*command);
                }
            }
        });
        clicked
    }
}

/// Says why a command cannot be carried out now, if it cannot.
pub type WhyNot<'a> = &'a dyn Fn(Command) -> Option<&'static str>;

/// The commands whose label has all words that were typed, in any order. The palette itself is not among them.
fn matching(typed: &str) -> Vec<Command> {
    let typed = typed.to_lowercase();
    let fits = |command: &Command| {
        let label = command.describe().label.to_lowercase();
        *command != Command::ShowPalette && typed.split_whitespace().all(|word| label.contains(word))
    };
    Command::all().filter(fits).collect()
}

/// The keys that work on the list while the field has the focus.
struct PickingKeys {
    up: bool,
    down: bool,
    enter: bool,
}

impl PickingKeys {
    fn take(ctx: &Context) -> Self {
        ctx.input_mut(|input| Self {
            up: input.consume_key(Modifiers::NONE, Key::ArrowUp),
            down: input.consume_key(Modifiers::NONE, Key::ArrowDown),
            enter: input.consume_key(Modifiers::NONE, Key::Enter),
        })
    }

    fn moved(&self, picked: usize, count: usize) -> usize {
        let down = picked + usize::from(self.down);
        down.saturating_sub(usize::from(self.up)).min(count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_order() {
        assert_eq!(matching("theme DARK"), [Command::UseDarkTheme]);
        assert_eq!(matching("theme").len(), 3);
        assert!(matching("no such thing").is_empty());
        assert_eq!(matching("").len(), Command::all().count() - 1);
    }
}
